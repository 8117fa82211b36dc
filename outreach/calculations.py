"""Pure rules of the bulletin's text: blocks, and numbers held against the frozen figures."""

import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

BLOCK_LABELS = {"h1": "一级标题", "h2": "二级标题", "p": "段落", "table": "表格"}
BLOCK_KINDS = tuple(BLOCK_LABELS)
# A sign belongs to its number; the stroke of 80-90, 2026-11-18 or GB-9704 is none. The editor's
# static/js/bulletin.js counts numbers by the same rule.
_NUMBER = re.compile(r"(?:(?<![\d.A-Za-z])[-−－–+＋负])?(?<![\d.])\d+(?:,\d+)*(?:\.\d+)?")
# Dates, counts of time and shares are no figures of a round, nor is what is numbered.
_OTHER_KIND = re.compile(r"\s*(?:[年月日号期次时%％]|分钟|分之)")
_NUMBERED = ("第", "附件", "表", "图")
# What may stand between the words of a figure and its number: 已检查的有88个.
_BETWEEN = "的有为是共：: \u3000"
_CLAUSE = re.compile(r"[，。；、！？\n]")


@dataclass(frozen=True)
class Finding:
    """What is wrong, or with ``warning`` only doubtful, in a paragraph's figures.

    ``found`` is the number that stands in the place of ``expected``, and ``place`` says which
    number of the paragraph that is, counted from 0. Without one nothing can be put right by
    itself: they are empty and None.
    """

    block: int
    label: str
    sentence: str
    expected: str = ""
    found: str = ""
    place: int | None = None
    warning: bool = False


@dataclass(frozen=True)
class _Figure:
    """A frozen figure; its label 已检查（个） gives its words and its unit."""

    label: str
    expected: str

    @property
    def words(self) -> str:
        return self.label.partition("（")[0]

    @property
    def unit(self) -> str:
        return self.label.partition("（")[2].rstrip("）")

    @property
    def value(self) -> str:
        return self.expected.replace(",", "")


@dataclass(frozen=True)
class _Number:
    """A number of a text, with what stands before and behind it."""

    place: int
    value: str
    before: str
    after: str

    def has_unit(self, unit: str) -> bool:
        return self.after.lstrip().startswith(unit) and not _OTHER_KIND.match(self.after)

    def follows(self, words: str) -> bool:
        return self.before.rstrip(_BETWEEN).endswith(words)

    def likeness(self, words: str) -> int:
        """Return how many letters of ``words`` stand in the number's clause."""
        clause = _CLAUSE.split(self.before)[-1] + _CLAUSE.split(self.after)[0]
        return len(set(words) & set(clause))


def _numbers(text: str, figures: list[_Figure]) -> list[_Number]:
    """Return the numbers of ``text`` that may be figures.

    A number within the words of a figure (90 in 90分以上) is part of the words.
    """
    covered = [
        match.span()
        for figure in figures
        if _NUMBER.search(figure.words)
        for match in re.finditer(re.escape(figure.words), text)
    ]
    numbers = []
    for place, match in enumerate(_NUMBER.finditer(text)):
        before, after = text[: match.start()], text[match.end() :]
        if (
            _OTHER_KIND.match(after)
            or before.endswith(_NUMBERED)
            or any(start <= match.start() < end for start, end in covered)
        ):
            continue
        numbers.append(_Number(place, match.group().replace(",", ""), before, after))
    return numbers


def _of_paragraph(block: int, text: str, figures: list[_Figure]) -> list[Finding]:
    """Say of each figure whether ``text`` states it, in four steps from sure to doubtful.

    1. A number right behind the words of a figure is that figure's and no other's.
    2. Else the figure is stated by its value with its unit, wherever that stands.
    3. Else another number with its unit stands in its place.
    4. Else its value with another measure word will do (3个问题 for 3处); if not, it is missing.
    """
    numbers = _numbers(text, figures)
    named: dict[int, list[_Number]] = {}
    free = list(numbers)
    for number in numbers:
        owners = [at for at, figure in enumerate(figures) if number.follows(figure.words)]
        if owners:
            owner = max(owners, key=lambda at: len(figures[at].words))
            named.setdefault(owner, []).append(number)
            free.remove(number)

    stated: dict[int, _Number] = {}
    told: dict[int, Finding] = {}
    unstated = []
    for at, figure in enumerate(figures):
        own = named.get(at, [])
        if any(number.value == figure.value for number in own):
            continue
        same = (n for n in free if n.value == figure.value and n.has_unit(figure.unit))
        number = next(same, None)
        if number is None:
            unstated.append(at)
            continue
        stated[at] = number
        free.remove(number)
        if own:
            sentence = (
                f"“{figure.words}”后面写 {own[0].value}，冻结数据为 {figure.expected}，请核对"
            )
            told[at] = Finding(block, figure.label, sentence, warning=True)

    for at in unstated:
        label, expected = figures[at].label, figures[at].expected
        number = named[at][0] if at in named else _most_like(figures[at], free)
        if number is not None:
            sentence = f"文字写 {number.value}，冻结数据为 {expected}"
            told[at] = Finding(block, label, sentence, expected, number.value, number.place)
        else:
            number = next((n for n in free if n.value == figures[at].value), None)
            if number is not None:
                stated[at] = number
            else:
                sentence = f"这一段里没有找到 {expected} {figures[at].unit}".rstrip()
                told[at] = Finding(block, label, sentence, expected)
        if number in free:
            free.remove(number)

    if all(finding.warning for finding in told.values()):
        told = {**_in_other_order(block, figures, stated), **told}
    return [told[at] for at in sorted(told)]


def _most_like(figure: _Figure, numbers: list[_Number]) -> _Number | None:
    """Return the number that has the figure's unit and stands among most of its words."""
    return max(
        (number for number in numbers if number.has_unit(figure.unit)),
        key=lambda number: number.likeness(figure.words),
        default=None,
    )


def _in_other_order(
    block: int, figures: list[_Figure], stated: dict[int, _Number]
) -> dict[int, Finding]:
    """Warn of two figures that neither words nor units tell apart and that changed their order.

    They may have changed places, or the sentence may have been put otherwise.
    """
    for one, two in combinations(sorted(stated), 2):
        first, second = figures[one], figures[two]
        by_unit = (
            first.unit != second.unit
            and stated[one].has_unit(first.unit)
            and stated[two].has_unit(second.unit)
        )
        if stated[one].place > stated[two].place and first.value != second.value and not by_unit:
            pair = f"{first.words} {first.expected}、{second.words} {second.expected}"
            sentence = f"{pair} 的先后与拟稿时不同，请核对没有写反"
            return {one: Finding(block, first.label, sentence, warning=True)}
    return {}


def findings(blocks: list[dict[str, Any]], figures: dict[str, dict[str, str]]) -> list[Finding]:
    """Hold each printed paragraph's numbers against the frozen figures it was drafted from.

    A block's ``facts`` are the keys of its figures in the order of its text; ``figures`` maps
    a key to ``{"label", "value"}``. What is hidden is not printed and not held against them.
    """
    found = []
    for index, block in enumerate(blocks):
        if block.get("hidden"):
            continue
        stated = [
            _Figure(figures[key]["label"], figures[key]["value"])
            for key in block.get("facts") or []
            if key in figures
        ]
        found += _of_paragraph(index, block.get("text", ""), stated)
    return found


def mismatches(blocks: list[dict[str, Any]], figures: dict[str, dict[str, str]]) -> list[Finding]:
    """Return the findings that stop a bulletin; see :func:`findings`."""
    return [finding for finding in findings(blocks, figures) if not finding.warning]


def with_figure(text: str, place: int, right: str) -> str:
    """Return ``text`` with its number at ``place``, counted from 0, made ``right``."""
    for at, match in enumerate(_NUMBER.finditer(text)):
        if at == place:
            return text[: match.start()] + right + text[match.end() :]
    return text
