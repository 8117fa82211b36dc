"""Columns of the lists of inspection and rectification."""

from collections.abc import Callable
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from xingyang_pm.common.formats import due_tone, due_words
from xingyang_pm.common.tables import Column, Pill, RowLink, Table

from .calculations import plain
from .choices import (
    BELOW_GOOD,
    ChecklistStatus,
    InspectionStatus,
    OrderStatus,
    Outcome,
    RoundStatus,
)
from .selectors import LedgerLine, ledger_line, photo_words, standing_order

GRADE_TONES = {"excellent": "g", "good": "b", "pass": "", "fail": "a"}


def inspection_pill(inspection: Any) -> Pill:
    tone = {
        InspectionStatus.DRAFT: "",
        InspectionStatus.SUBMITTED: "a",
        InspectionStatus.RETURNED: "a",
        InspectionStatus.CONFIRMED: "g",
    }[inspection.status]
    return Pill(inspection.get_status_display(), tone)


def order_pill(order: Any) -> Pill:
    """The state of an order; overdue says so instead and how long."""
    if order.is_overdue:
        return Pill(due_words(order.deadline), "r")
    tone = {
        OrderStatus.ISSUED: "b",
        OrderStatus.REPLIED: "a",
        OrderStatus.TRANSFERRED: "a",
        OrderStatus.CLOSED: "g",
        OrderStatus.WITHDRAWN: "",
    }
    return Pill(order.get_status_display(), tone[order.status])


def kind_word(order: Any) -> str:
    """The paper of an order, short enough for a table."""
    return "通知书" if order.is_formal else "整改单"


def repeat_pill(repeat: Any) -> Pill | None:
    """What was found here, or with this firm, within the last twelve months as well."""
    return Pill("再次出现", "a") if repeat is not None and repeat.again else None


def round_pill(round: Any) -> Pill:
    if round.status == RoundStatus.CLOSED:
        return Pill(round.get_status_display(), "g")
    tone = due_tone(round.end_date)
    words = due_words(round.end_date) if tone else round.get_status_display()
    return Pill("已过截止日" if tone == "r" else words, "a" if tone else "b")


def checklist_pill(checklist: Any) -> Pill:
    tone = {
        ChecklistStatus.DRAFT: "a",
        ChecklistStatus.IN_USE: "g",
        ChecklistStatus.RETIRED: "",
    }[checklist.status]
    return Pill(checklist.get_status_display(), tone)


def outcome_pill(result: Any) -> Pill:
    tone = {Outcome.PASS: "g", Outcome.FAIL: "r", Outcome.NA: ""}[result.outcome]
    return Pill(result.get_outcome_display(), tone)


def provider_label(row: Any) -> str:
    return row.provider.label if row.provider else ""


def score_tone(row: Any) -> str:
    """A score under the 良好 of its own checklist stands in amber: below the mark, no alarm.

    ``row`` is an inspection or a standing, or None.
    """
    return "t-amber" if row is not None and row.grade in BELOW_GOOD else ""


def grade_word(inspection: Any) -> str:
    return inspection.grade.label if inspection.grade else ""


class InspectionTable(Table):
    columns = [
        Column("number", "检查编号", sort="number", link=RowLink("inspections:inspection-detail"),
               css="tnum nowrap"),
        Column("estate", "小区", value="estate__name", sort="estate__name", css="clip nm",
               link=RowLink("inspections:inspection-detail")),
        Column("street", "街道（乡镇）", value="estate__street__name", sort="estate__street__code",
               css="sec nowrap"),
        Column("provider", "服务主体", value=provider_label, css="clip pv sec"),
        Column("round", "检查批次", value=lambda row: str(row.round) if row.round else "临时检查",
               css="clip pv sec", hidden=True),
        Column("checklist", "检查表", value="checklist__title", hidden=True),
        Column("inspected_on", "检查日期", kind="date", sort="inspected_on", css="nowrap tnum"),
        Column("inspector", "检查人", value="inspector__name", css="nowrap"),
        Column("companion", "同行检查人", hidden=True),
        Column("score", "得分", kind="decimal", places=1, sort="score", tone=score_tone),
        Column("grade", "等级", value=grade_word, css="nowrap", hidden=True),
        Column("failed", "不合格项", value="failed_count", kind="integer", sort="failed_count",
               dash_zero=True, total="failed_count"),
        Column("note", "备注", hidden=True),
        Column("status", "状态", value="status", pill=inspection_pill),
    ]  # fmt: skip
    default_sort = "-number"  # days and their receipts, the newest first

    def prepare(self, rows: Any, columns: Any) -> Any:
        # The estate is in the name of each row's checkbox, whatever columns are chosen.
        return super().prepare(rows, columns).select_related("estate", "provider", "round")


class OrderTable(Table):
    columns = [
        Column("number", "文号", sort="serial", link=RowLink("inspections:order-detail"),
               css="nowrap tnum nm"),
        Column("estate", "小区", value="estate__name", sort="estate__name", css="clip nm",
               link=RowLink("inspections:order-detail")),
        Column("street", "街道（乡镇）", value="estate__street__name", sort="estate__street__code",
               css="sec nowrap"),
        Column("provider", "被通知单位", value=provider_label, css="clip pv sec"),
        Column("kind", "文书", value=kind_word, css="nowrap sec"),
        Column("items", "整改事项", value="item_total", kind="integer"),
        Column("issued_at", "下达日期", kind="date", sort="issued_at", css="nowrap tnum"),
        Column("served_on", "送达日期", kind="date", sort="served_on", css="nowrap tnum"),
        Column("deadline", "整改期限", kind="date", sort="deadline", css="nowrap tnum"),
        Column("recheck_by", "复查人", value="recheck_by__name", css="nowrap"),
        Column("recheck_on", "复查日期", kind="date", sort="recheck_on", hidden=True),
        Column("issued_by", "签发人", value="issued_by__name", hidden=True),
        Column("closed_at", "销号日期", kind="date", sort="closed_at", hidden=True),
        Column("status", "状态", value="status", pill=order_pill),
    ]  # fmt: skip
    default_sort = "-issued_at"

    def prepare(self, rows: Any, columns: Any) -> Any:
        return super().prepare(rows, columns).select_related("provider")


# --- 整改台账: one line per problem ------------------------------------------------------------


def line_of(result: Any) -> LedgerLine:
    """Return the ledger line of ``result``, worked out once for all cells of its row."""
    if not hasattr(result, "ledger_line"):
        result.ledger_line = ledger_line(result)
    return result.ledger_line


def _of_line(name: str) -> Callable[[Any], Any]:
    return lambda result: getattr(line_of(result), name)


def problem_words(result: Any) -> str:
    return f"{result.item.text}：{result.note}"


def ledger_pill(result: Any) -> Pill:
    line = line_of(result)
    if line.order is None:
        return Pill(line.measure, "g")
    return Pill("已销号", "g") if line.closed else order_pill(line.order)


def _ledger_kind(result: Any) -> str:
    line = line_of(result)
    return kind_word(line.order) if line.order else line.kind.label


def ledger_record(result: Any) -> str:
    """Return the address of the order, or of the inspection where none was needed."""
    return (line_of(result).order or result.inspection).get_absolute_url()


class LedgerTable(Table):
    """The columns of the office's 整改台账, in its order; one line per problem. Opened, a line
    shows its photos before and after and what was done."""

    columns = [
        Column("estate", "小区", value="inspection__estate__name",
               sort="inspection__estate__name", css="clip nm", link=ledger_record),
        Column("provider", "企业", value=lambda row: provider_label(row.inspection),
               css="clip pv sec"),
        Column("problem", "问题", value=problem_words, css="wrap"),
        Column("number", "通知书文号", value=_of_line("number"), sort="standing__order__serial",
               css="nowrap tnum",
               link=lambda row: order.get_absolute_url() if (order := line_of(row).order)
               else None),
        Column("issued_on", "下发日期", value=_of_line("issued_on"), kind="date",
               sort="standing__order__issued_at", css="nowrap tnum", hidden=True),
        Column("requirement", "整改要求", value=_of_line("requirement"), css="wrap", hidden=True),
        Column("deadline", "整改时限", value=_of_line("deadline"), kind="date", sort="due",
               css="nowrap tnum"),
        Column("responsible", "责任人", value=_of_line("responsible"), hidden=True, css="nowrap"),
        Column("measure", "整改情况", value=_of_line("measure"), css="wrap", hidden=True),
        Column("completed_on", "完成日期", value=_of_line("completed_on"), kind="date",
               css="nowrap tnum", hidden=True),
        Column("rechecker", "复查人", value=_of_line("rechecker"), hidden=True, css="nowrap"),
        Column("result", "复查结果", value=_of_line("recheck_result"), hidden=True, css="nowrap"),
        Column("closed", "是否销号", pill=ledger_pill,
               export=lambda row: "是" if line_of(row).closed else "否"),
        Column("kind", "文书", value=_ledger_kind, css="nowrap sec",
               export=lambda row: line_of(row).kind.label),
        Column("extension", "延期", value=_of_line("extension"), css="nowrap", hidden=True),
        Column("escalation", "督办", value=_of_line("escalation"), css="nowrap", hidden=True),
        Column("inspected_on", "检查日期", value="inspection__inspected_on", kind="date",
               sort="inspection__inspected_on", css="nowrap tnum"),
        Column("photos", "照片", value=photo_words, css="nowrap sec", hidden=True),
        Column("street", "街道（乡镇）", value="inspection__estate__street__name", hidden=True,
               css="nowrap"),
    ]  # fmt: skip
    default_sort = "-inspected_on"
    expand = "inspections:ledger-photos"
    # The office's form, and behind it what this portal knows more; the street stays out of it.
    office_columns = tuple(column.name for column in columns if column.name != "street")

    def prepare(self, rows: Any, columns: Any) -> Any:
        return rows.for_ledger()

    def row_title(self, row: Any) -> str:
        return f"{row.inspection.estate.name} {row.item.text} 的照片"


# --- Rounds and checklists --------------------------------------------------------------------


def progress_bar(done: int, total: int) -> SafeString:
    return format_html(
        '<span class="row-flex"><progress class="bar-line" max="{}" value="{}" '
        'aria-label="进度"></progress><span class="tnum sm">{}</span></span>',
        max(total, 1),
        done,
        # Figure spaces: bars of one column begin and end alike.
        f"{done}/{total}".rjust(7, "\u2007"),
    )


class RoundTable(Table):
    columns = [
        Column("title", "检查批次", value=str, css="nm", sort="title",
               link=RowLink("inspections:round-detail")),
        Column("kind", "检查表", value="checklist__title", css="sec nowrap"),
        Column("start_date", "开始", kind="date", sort="start_date", css="nowrap tnum"),
        Column("end_date", "截止", kind="date", sort="end_date", css="nowrap tnum"),
        Column("progress", "已查／应查", css="bar-cell",
               value=lambda row: progress_bar(row.inspected, row.covered),
               export=lambda row: f"{row.inspected}/{row.covered}"),
        Column("average", "平均得分", value="average", kind="decimal", places=1),
        Column("status", "状态", value="status", pill=round_pill),
    ]  # fmt: skip
    default_sort = "-start_date"


class ChecklistTable(Table):
    columns = [
        Column("title", "检查表", value="title", sort="title", css="nm",
               link=RowLink("inspections:checklist-detail")),
        Column("version", "版次", value=lambda row: f"第{row.version}版", css="nowrap"),
        Column("kind", "类别", value="kind", sort="kind", css="sec nowrap"),
        Column("items", "项目", value="item_count", kind="integer"),
        Column("effective_from", "启用日期", kind="date", sort="effective_from",
               css="nowrap tnum"),
        Column("retired_on", "停用日期", kind="date", sort="retired_on", css="nowrap tnum"),
        Column("inspections", "用过", value="inspection_count", kind="integer", unit="次",
               dash_zero=True),
        Column("status", "状态", value="status", pill=checklist_pill),
    ]  # fmt: skip
    default_sort = "-effective_from"


class StreetScoreTable(Table):
    """Progress and scores of a round by street (``selectors.StreetScore``)."""

    columns = [
        Column("street", "街道（乡镇）", css="nm"),
        Column(
            "progress",
            "已查／应查",
            css="bar-cell",
            value=lambda row: progress_bar(row.inspected, row.covered),
        ),
        Column("average", "平均得分", kind="decimal", places=1),
        Column("lowest", "最低", kind="decimal", places=1),
        Column("failed", "不合格项", kind="integer", dash_zero=True),
    ]


def movement_words(row: Any) -> str:
    """How far an estate moved since the round before, for the workbook and the screen reader."""
    if row.moved is None:
        return "新进"
    if not row.moved:
        return "名次不变"
    return f"{'上升' if row.moved > 0 else '下降'} {abs(row.moved)} 位"


def movement_mark(row: Any) -> SafeString:
    """↑2, ↓1, —, 新: the arrow for the eye, the words for the screen reader."""
    if row.moved is None:
        mark = "新"
    elif row.moved:
        mark = f"{'↑' if row.moved > 0 else '↓'}{abs(row.moved)}"
    else:
        mark = "—"
    return format_html(
        '<span aria-hidden="true">{}</span><span class="sr">{}</span>', mark, movement_words(row)
    )


class RankingTable(Table):
    """The ranking of a round with movement (``selectors.MovedRow``)."""

    columns = [
        Column("rank", "名次", value=lambda row: row.row.rank, kind="integer"),
        Column("moved", "比上次", value=movement_mark, export=movement_words, css="nowrap tnum"),
        Column("estate", "小区", value=lambda row: row.row.estate, css="clip nm",
               link=RowLink("inspections:inspection-detail", "row__inspection_id")),
        Column("street", "街道（乡镇）", value=lambda row: row.row.street, css="sec nowrap"),
        Column("provider", "服务主体", value=lambda row: row.row.provider, css="clip pv sec"),
        Column("score", "得分", value=lambda row: row.row.score, kind="decimal", places=1),
        Column("before", "上次得分", value=lambda row: row.score_before, kind="decimal", places=1),
        Column("failed", "不合格项", value=lambda row: row.row.failed, kind="integer",
               dash_zero=True),
        Column("inspected_on", "检查日期", value=lambda row: row.row.inspected_on, kind="date",
               css="nowrap tnum"),
        Column("inspector", "检查人", value=lambda row: row.row.inspector, css="nowrap"),
    ]  # fmt: skip


class WorkTable(Table):
    """Who inspects how much of a round (``selectors.InspectorWork``)."""

    columns = [
        Column("name", "检查人", css="nm nowrap"),
        Column("office", "单位", css="sec nowrap"),
        Column("progress", "已查／应查", css="bar-cell",
               value=lambda row: progress_bar(row.inspected, row.covered)),
        Column("left", "还有", kind="integer", dash_zero=True),
    ]  # fmt: skip


class DrawnTable(Table):
    """What a public draw drew (``selectors.DrawnEstate``)."""

    columns = [
        Column("place", "序号", kind="integer"),
        Column("street", "街道（乡镇）", css="sec nowrap"),
        Column("code", "小区编号", css="nowrap tnum"),
        Column("estate", "小区", css="clip nm"),
        Column("inspector", "抽中检查员", css="nowrap",
               value=lambda row: f"{row.inspector}（现为 {row.now}）" if row.now
               else row.inspector),
        Column("officer", "分包干部", css="nowrap sec"),
        Column("key", "校验值前 8 位", css="nowrap tnum sec", value=lambda row: row.key[:8]),
    ]  # fmt: skip


class PoolTable(Table):
    """The pool of a draw by street (``services.StreetPool``)."""

    columns = [
        Column("name", "街道（乡镇）", css="nm"),
        Column("total", "在册小区", kind="integer", total="total"),
        Column("drawn", "抽取", kind="integer", total="drawn"),
    ]


class CoverageTable(Table):
    """Estates of a round that still wait, with the person who is to inspect."""

    columns = [
        Column("estate", "小区", value="estate__name", sort="estate__code", css="clip nm"),
        Column("street", "街道（乡镇）", value="estate__street__name", css="sec nowrap"),
        Column("inspector", "检查人", value="inspector__name", css="nowrap"),
    ]
    default_sort = "estate"


class EstateInspectionTable(Table):
    """Inspections of one estate or provider, newest first."""

    columns = [
        Column("inspected_on", "检查日期", kind="date", css="nowrap tnum"),
        Column(
            "number", "检查编号", link=RowLink("inspections:inspection-detail"), css="nowrap tnum"
        ),
        Column("estate", "小区", value="estate__name", css="clip"),
        Column(
            "round",
            "检查批次",
            value=lambda row: str(row.round) if row.round else "临时检查",
            css="clip sec",
        ),
        Column("inspector", "检查人", value="inspector__name", css="nowrap"),
        Column("score", "得分", kind="decimal", places=1, tone=score_tone),
        Column("failed", "不合格项", value="failed_count", kind="integer", dash_zero=True),
        Column("status", "状态", value="status", pill=inspection_pill),
    ]

    def prepare(self, rows: Any, columns: Any) -> Any:
        return super().prepare(rows, columns).select_related("round")


class EstateOrderTable(Table):
    """Orders of one estate or provider, newest first."""

    columns = [
        Column("number", "文号", link=RowLink("inspections:order-detail"), css="nowrap tnum nm"),
        Column("estate", "小区", value="estate__name", css="clip"),
        Column("kind", "文书", value=kind_word, css="nowrap sec"),
        Column("issued_at", "下达日期", kind="date", css="nowrap tnum"),
        Column("deadline", "整改期限", kind="date", css="nowrap tnum"),
        Column("status", "状态", value="status", pill=order_pill),
    ]


# --- 检查明细: one line per failed item --------------------------------------------------------


def finding_pill(row: Any) -> Pill:
    """What became of a failed item: mended at once, ordered and how far, or nothing yet."""
    if row.fixed_on_site:
        return Pill("当场已改正", "g")
    order = standing_order(row)
    return order_pill(order) if order else Pill("没有下达", "")


class FindingTable(Table):
    """Failed items of reported inspections: the columns of the office's 检查明细."""

    columns = [
        Column("estate", "小区", value="inspection__estate__name",
               sort="inspection__estate__name", css="clip nm",
               link=RowLink("inspections:inspection-detail", "inspection_id")),
        Column("street", "街道（乡镇）", value="inspection__estate__street__name",
               sort="inspection__estate__street__code", css="sec nowrap"),
        Column("provider", "物业企业", value=lambda row: provider_label(row.inspection),
               css="clip pv sec", hidden=True),
        Column("inspected_on", "检查日期", value="inspection__inspected_on", kind="date",
               sort="inspection__inspected_on", css="nowrap tnum"),
        Column("heading", "检查大项", value="item__section__name", css="sec nowrap",
               hidden=True),
        Column("item", "检查项目", value=lambda row: row.item.text, css="wrap"),
        Column("deduction", "扣分", kind="decimal", places=1, sort="deduction"),
        Column("note", "存在问题", css="wrap"),
        Column("deadline", "整改期限", kind="date", sort="deadline", css="nowrap tnum",
               hidden=True),
        Column("number", "通知书文号", css="nowrap tnum",
               value=lambda row: order.number if (order := standing_order(row)) else "",
               link=lambda row: order.get_absolute_url() if (order := standing_order(row))
               else None),
        Column("state", "整改情况", pill=finding_pill, export=lambda row: finding_pill(row).text),
    ]  # fmt: skip
    default_sort = "-inspected_on"

    def prepare(self, rows: Any, columns: Any) -> Any:
        return rows.select_related(
            "inspection__estate__street",
            "inspection__provider",
            "item__section",
        ).prefetch_related("rectifications__order")


# --- Statistics -------------------------------------------------------------------------------


_PROBLEM_CLOSING = [
    Column("on_site", "当场改正", value=lambda row: row.of.closing.on_site, kind="integer",
           unit="个", dash_zero=True, link=lambda row: row.on_site_url or None),
    Column("done", "已销号", value=lambda row: row.of.closing.closed, kind="integer",
           unit="个", dash_zero=True, link=lambda row: row.done_url or None),
    Column("closing", "问题销号率", value=lambda row: row.of.closing.rate, kind="percent",
           places=1),
]  # fmt: skip


class StreetResultTable(Table):
    """Inspections by street and what became of the problems, linked (``views.statistics.Linked``
    of ``StreetResult``)."""

    columns = [
        Column("street", "街道（乡镇）", value=lambda row: row.of.street, css="nm",
               link=lambda row: row.url or None),
        Column("inspections", "检查", value=lambda row: row.of.inspections, kind="integer",
               unit="次", link=lambda row: row.url or None),
        Column("failed", "不合格项", value=lambda row: row.of.failed, kind="integer", unit="个",
               dash_zero=True, link=lambda row: row.failed_url or None),
        *_PROBLEM_CLOSING,
        Column("average", "平均得分", value=lambda row: row.of.average, kind="decimal", places=1),
        Column("looked", "查公示", value=lambda row: row.of.looked, kind="integer", unit="次",
               dash_zero=True),
        Column("complete", "公示齐全", value=lambda row: row.of.complete, kind="integer",
               unit="次", dash_zero=True),
        Column("rate", "齐全率", value=lambda row: row.of.rate, kind="percent", places=1),
    ]  # fmt: skip


class DisclosureTable(Table):
    columns = [
        Column("name", "公示内容", value=lambda row: row.of.name, css="nm"),
        Column("looked", "查", value=lambda row: row.of.looked, kind="integer", unit="次"),
        Column("missing", "缺", value=lambda row: row.of.missing, kind="integer", unit="次",
               dash_zero=True, link=lambda row: row.url or None),
        Column("rate", "公示率", value=lambda row: row.of.rate, kind="percent", places=1),
    ]  # fmt: skip


_PROBLEM_KIND = Column("kind", "检查类别", value=lambda row: row.of.kind, css="sec nowrap")
_PROBLEM_HEADING = Column("heading", "检查大项", value=lambda row: row.of.heading, css="nowrap")
_PROBLEM_COUNTS = [
    Column("count", "不合格", value=lambda row: row.of.count, kind="integer", unit="次",
           link=lambda row: row.url or None),
    Column("estates", "涉及小区", value=lambda row: row.of.estates, kind="integer", unit="个"),
    *_PROBLEM_CLOSING,
]  # fmt: skip


class ProblemKindTable(Table):
    columns = [_PROBLEM_KIND, *_PROBLEM_COUNTS]


class ProblemHeadingTable(Table):
    columns = [_PROBLEM_KIND, _PROBLEM_HEADING, *_PROBLEM_COUNTS]


class ProblemTable(Table):
    columns = [
        _PROBLEM_KIND,
        _PROBLEM_HEADING,
        Column("text", "检查项目", value=lambda row: row.of.text, css="wrap nm"),
        *_PROBLEM_COUNTS,
    ]


_CLOSING = [
    Column("issued", "下达", value=lambda row: row.of.issued, kind="integer", unit="份",
           link=lambda row: row.url or None),
    Column("closed", "已销号", value=lambda row: row.of.closed, kind="integer", unit="份",
           dash_zero=True, link=lambda row: row.closed_url or None),
    Column("rate", "销号率", value=lambda row: row.of.rate, kind="percent", places=1),
    Column("on_time", "按期销号", value=lambda row: row.of.on_time, kind="integer",
           unit="份", dash_zero=True),
    Column("days", "平均用时", value=lambda row: row.of.days, kind="decimal", places=1,
           unit="天"),
    Column("overdue", "逾期未销", value=lambda row: row.of.overdue, kind="integer",
           unit="份", dash_zero=True, tone=lambda row: "t-red" if row.of.overdue else "",
           link=lambda row: row.overdue_url or None),
]  # fmt: skip


class StreetClosingTable(Table):
    columns = [Column("name", "街道（乡镇）", value=lambda row: row.of.name, css="nm"),
               *_CLOSING]  # fmt: skip


class FirmClosingTable(Table):
    columns = [Column("name", "被通知单位", value=lambda row: row.of.name, css="nm clip"),
               *_CLOSING]  # fmt: skip


def points(value: Any) -> str:
    """A number of points without needless zeros."""
    return plain(value) if value is not None else ""
