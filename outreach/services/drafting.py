"""The first text of a bulletin, from the results of a round."""

from dataclasses import dataclass
from typing import Any

from inspections.calculations import plain
from inspections.models import InspectionRound
from inspections.selectors import RoundFigures
from xingyang_pm.common.clock import chinese_date
from xingyang_pm.common.formats import numeral

PROBLEMS_SHOWN = 10


@dataclass(frozen=True)
class Draft:
    """``blocks`` and ``figures`` as :class:`outreach.models.Bulletin` keeps them."""

    title: str
    blocks: list[dict[str, Any]]
    figures: list[dict[str, str]]


class _Writer:
    """Collects blocks, and the figures that their sentences state."""

    def __init__(self) -> None:
        self.blocks: list[dict[str, Any]] = []
        self.figures: dict[str, dict[str, str]] = {}
        self.sections = 0

    def _add(self, kind: str, **values: Any) -> None:
        self.blocks.append({"key": f"b{len(self.blocks)}", "kind": kind, **values})

    def section(self, text: str) -> None:
        self.sections += 1
        self._add("h1", text=f"{numeral(self.sections)}、{text}")

    def paragraph(self, text: str, **stated: tuple[str, object]) -> None:
        """Add a paragraph; ``stated`` maps a placeholder to the label and value of a figure."""
        for key, (label, value) in stated.items():
            self.figures[key] = {"key": key, "label": label, "value": str(value)}
        values = {key: self.figures[key]["value"] for key in stated}
        in_order = sorted(stated, key=lambda key: text.index("{" + key + "}"))
        self._add("p", text=text.format(**values), facts=in_order)

    def table(self, caption: str, columns: list[dict[str, Any]], rows: list[list[Any]]) -> None:
        self._add("table", caption=caption, columns=columns, rows=rows)


def _column(label: str, width: int | None = None, align: str = "center") -> dict[str, Any]:
    column: dict[str, Any] = {"label": label, "align": align}
    return {**column, "width": width} if width else column


def draft_of_round(round: InspectionRound, figures: RoundFigures) -> Draft:
    """Return title, text and frozen figures of the bulletin that reports on ``round``."""
    writer = _Writer()
    name = str(round).replace(" ", "")  # running text has no blank where lists have one
    period = f"{chinese_date(round.start_date)}至{chinese_date(round.end_date)}"
    writer.paragraph(
        f"根据年度物业服务品质提升工作安排，市房管中心会同各街道办事处、乡镇人民政府，于{period}"
        f"开展了{name}。现将有关情况通报如下。"
    )
    writer.section("总体情况")
    excellent, good = plain(figures.excellent), plain(figures.good)
    full = "" if figures.full == 100 else f"（满分{plain(figures.full)}分）"
    # The label of a figure begins with the words right before it: by them the editor tells which
    # figure a number is, however the sentence is moved.
    writer.paragraph(
        "本次检查覆盖{covered}个小区，已检查{inspected}个，平均得分{average}分"
        f"{full}。其中{excellent}分以上{{high}}个，{good}分至{excellent}分{{middle}}个，"
        f"{good}分以下{{low}}个。",
        covered=("检查覆盖（个）", figures.covered),
        inspected=("已检查（个）", figures.inspected),
        average=("平均得分（分）", figures.average),
        high=(f"{excellent}分以上（个）", figures.high),
        middle=(f"{good}分至{excellent}分（个）", figures.middle),
        low=(f"{good}分以下（个）", figures.low),
    )
    writer.section("主要问题")
    writer.paragraph(
        "共发现问题{failed}处，{incomplete}个小区四公开公示不全，下达整改通知书{orders}份，"
        "已销号{closed}份。",
        failed=("发现问题（处）", figures.failed_items),
        incomplete=("四公开公示不全（个）", figures.incomplete_disclosure),
        orders=("下达整改通知书（份）", figures.orders_issued),
        closed=("已销号（份）", figures.orders_closed),
    )
    if figures.problems:
        writer.table(
            "问题分类表",
            [_column("问题", align="left"), _column("小区数（个）", 30), _column("处数（处）", 30)],
            [
                [problem.text, problem.estates, problem.count]
                for problem in figures.problems[:PROBLEMS_SHOWN]
            ],
        )
    writer.section("检查得分")
    best = "、".join(row.estate for row in figures.ranking[:3])
    # In a round of few estates none is named as both.
    weak = "、".join(row.estate for row in reversed(figures.ranking[3:][-3:]))
    behind = f"；得分靠后的是{weak}" if weak else ""
    writer.paragraph(f"得分靠前的是{best}{behind}。各小区得分见下表。")
    writer.table(
        "各小区检查得分表",
        [
            _column("名次", 14),
            _column("小区名称", align="left"),
            _column("街道（乡镇）", 26),
            _column("服务主体", 50, "left"),
            _column("得分", 16),
        ],
        [
            [row.rank, row.estate, row.street, row.provider, str(row.score)]
            for row in figures.ranking
        ],
    )
    writer.section("下步要求")
    writer.paragraph(
        "各物业服务企业和社区物业服务中心要对照检查中发现的问题逐项整改，按期回复；各街道（乡镇）"
        "要督促整改到位，市房管中心将组织复查，复查情况纳入年度目标责任考核。"
    )
    return Draft(f"关于{name}情况的通报", writer.blocks, list(writer.figures.values()))
