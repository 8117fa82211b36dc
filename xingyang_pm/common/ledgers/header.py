"""Find the header of a ledger by its known names, wherever it stands.

Headers stand in row 3 or 4 below a title and a line with 填报单位, have one or two levels,
are merged, hold line breaks and units in brackets, and are sometimes repeated further down.
A label is compared in two forms: with the words of its brackets (车位数（地上） is ``车位数地上``)
and without (户数（户） is ``户数``).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from xingyang_pm.common.spreadsheets.reader import Sheet

from .cells import Parser
from .columns import LedgerColumn

DEPTH = 20
MAX_LEVELS = 3
RESULT_LABEL = "核对结果"
NUMBER_LABEL = "序号"

_BRACKETS = re.compile(r"[(\[【〔][^()\[\]【】〔〕]*[)\]】〕]")
_CLUTTER = re.compile(r"[\s()\[\]【】〔〕:：*＊、,，.。/\-—·“”\"'《》]")
_UNIT = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]")
_SHEET_UNIT = re.compile(r"单位[:：]\s*(?:人民币)?(千元|万元|亿元|元)")
# Columns that no ledger needs and no clerk should be warned about.
_IGNORED = frozenset({"序号", "序", "编号", "no", "核对结果", "行号"})


def full_form(label: str) -> str:
    """Return a label for comparison, the words in its brackets kept."""
    return _CLUTTER.sub("", unicodedata.normalize("NFKC", label)).casefold()


def short_form(label: str) -> str:
    """Return a label for comparison without its brackets."""
    return _CLUTTER.sub("", _BRACKETS.sub("", unicodedata.normalize("NFKC", label))).casefold()


@dataclass(frozen=True)
class HeadColumn:
    """A column of the ledger as it stands in one sheet."""

    column: LedgerColumn
    index: int
    label: str
    parse: Parser


@dataclass(frozen=True)
class Head:
    """The header of one sheet: rows ``first`` to ``last`` (from 0) and what stands below it."""

    first: int
    last: int
    columns: list[HeadColumn]
    unknown: list[tuple[int, str]] = field(default_factory=list)
    repeated: list[tuple[int, str]] = field(default_factory=list)
    result_index: int | None = None
    width: int = 0

    def index_of(self, name: str) -> int | None:
        return next((item.index for item in self.columns if item.column.name == name), None)

    def missing(self, columns: Sequence[LedgerColumn]) -> list[LedgerColumn]:
        """Return the required columns that the header lacks."""
        present = {item.column.name for item in self.columns}
        return [column for column in columns if column.required and column.name not in present]


class HeaderNames:
    """The names by which a ledger's columns are known."""

    def __init__(self, columns: Sequence[LedgerColumn]) -> None:
        self.columns = list(columns)
        self._full: dict[str, LedgerColumn] = {}
        short: dict[str, list[LedgerColumn]] = {}
        for column in self.columns:
            for label in (column.label, *column.aliases):
                form = full_form(label)
                other = self._full.setdefault(form, column)
                if other is not column:
                    raise ValueError(f"{label!r} names two columns: {other.name}, {column.name}")
                short.setdefault(short_form(label), []).append(column)
        self._short = {
            form: owners[0]
            for form, owners in short.items()
            if form and all(owner is owners[0] for owner in owners) and form not in self._full
        }

    def find(self, parts: Sequence[str]) -> LedgerColumn | None:
        """Return the column that the labels of one column, from the top down, name."""
        if not parts:
            return None
        joined, bottom = "/".join(parts), parts[-1]
        for label in (joined, bottom):
            column = self._full.get(full_form(label)) or self._short.get(full_form(label))
            if column:
                return column
        for label in (joined, bottom):
            form = short_form(label)
            column = self._full.get(form) or self._short.get(form)
            if column:
                return column
        return None


def _text(rows: list[list[Any]], row: int, column: int) -> str:
    if row >= len(rows) or column >= len(rows[row]):
        return ""
    value = rows[row][column]
    return value.strip() if isinstance(value, str) else ("" if value is None else str(value))


class _Labels:
    """The labels at the top of a sheet, with merged cells counted for all that they cover."""

    def __init__(self, sheet: Sheet, first: int, depth: int) -> None:
        self.rows = sheet.rows
        self.first = first
        self.end = min(first + depth + MAX_LEVELS, len(sheet.rows))
        self.width = max((len(row) for row in sheet.rows[first : self.end]), default=0)
        self._owner: dict[tuple[int, int], tuple[int, int]] = {}
        for top, left, bottom, right in sheet.merged:
            if top < self.end and bottom >= first:
                for row in range(max(top, first), min(bottom, self.end - 1) + 1):
                    for column in range(left, min(right, self.width - 1) + 1):
                        self._owner[row, column] = (top, left)

    def owner(self, row: int, column: int) -> tuple[int, int]:
        """Return the cell whose text stands at this place."""
        return self._owner.get((row, column), (row, column))

    def parts(self, row: int, levels: int, column: int) -> list[str]:
        """Return the labels over ``column`` in ``levels`` rows from ``row`` down."""
        found: list[str] = []
        seen: set[tuple[int, int]] = set()
        for level in range(row, row + levels):
            place = self.owner(level, column)
            if place[0] < row or place in seen:
                continue
            seen.add(place)
            label = _text(self.rows, *place)
            if label:
                found.append(label)
        return found

    def spread(self, row: int) -> bool:
        """Whether one merged cell covers (nearly) the whole row: a title."""
        owners = {
            self.owner(row, column)
            for column in range(self.width)
            if _text(self.rows, *self.owner(row, column))
        }
        return len(owners) <= 1


def _repeats(labels: _Labels, row: int, levels: int, column: int) -> bool:
    """Whether the label belongs to a merged cell that began further left."""
    place = labels.owner(row + levels - 1, column)
    return place[1] < column


def _candidate(names: HeaderNames, labels: _Labels, row: int, levels: int) -> Head:
    columns: list[HeadColumn] = []
    unknown: list[tuple[int, str]] = []
    repeated: list[tuple[int, str]] = []
    taken: set[str] = set()
    result_index = None
    for index in range(labels.width):
        parts = labels.parts(row, levels, index)
        if not parts:
            continue
        label = re.sub(r"\s+", "", "/".join(parts))
        column = names.find(parts)
        if column is None:
            if full_form(parts[-1]) == full_form(RESULT_LABEL):
                result_index = index
            elif short_form(parts[-1]) not in _IGNORED:
                unknown.append((index, label))
        elif column.name in taken:
            if not _repeats(labels, row, levels, index):
                repeated.append((index, label))
        else:
            taken.add(column.name)
            columns.append(HeadColumn(column, index, label, column.parse))
    return Head(row, row + levels - 1, columns, unknown, repeated, result_index, width=labels.width)


def sheet_unit(sheet: Sheet, last_row: int) -> str:
    """Return the money unit that the lines above the header state (单位：万元), or ``""``."""
    for row in sheet.rows[:last_row]:
        for value in row:
            if isinstance(value, str) and "单位" in value:
                found = _SHEET_UNIT.search(unicodedata.normalize("NFKC", value))
                if found:
                    return found[1]
    return ""


def _with_units(head: Head, sheet: Sheet) -> Head:
    """Let parsers that mind a unit know the one in their header or above it."""
    above = sheet_unit(sheet, head.first)
    columns: list[HeadColumn] = []
    for item in head.columns:
        parse = item.parse
        for_unit = getattr(parse, "for_unit", None)
        if for_unit is not None:
            units = _UNIT.findall(unicodedata.normalize("NFKC", item.label))
            if units:
                parse = for_unit(units[-1])
            elif above and getattr(parse, "money_unit", False):
                parse = for_unit(above)
        columns.append(HeadColumn(item.column, item.index, item.label, parse))
    return Head(
        head.first,
        head.last,
        columns,
        head.unknown,
        head.repeated,
        head.result_index,
        width=head.width,
    )


def find_head(
    sheet: Sheet, names: HeaderNames, *, first: int = 0, depth: int = DEPTH
) -> Head | None:
    """Return the header among the first ``depth`` rows from ``first``, or ``None``.

    The rows that name most columns win; of equals, those with fewer levels, then the upper.
    At least two columns (one, if the ledger has no more) must be named, and among a row's
    labels at least three in ten.
    """
    labels = _Labels(sheet, first, depth)
    least = min(2, len(names.columns))
    best: Head | None = None
    for row in range(first, min(first + depth, len(sheet.rows))):
        if least > 1 and labels.spread(row):
            continue
        for levels in range(1, MAX_LEVELS + 1):
            if row + levels > len(sheet.rows):
                break
            head = _candidate(names, labels, row, levels)
            named = len(head.columns)
            if named < least or named < 0.3 * (named + len(head.unknown)):
                continue
            if best is None or (named, -levels) > (len(best.columns), best.first - best.last - 1):
                best = head
    if best is None:
        return None
    # A label merged downwards keeps the rows beside it in the header.
    last = best.last
    for top, _, bottom, _ in sheet.merged:
        if best.first <= top <= best.last < bottom <= best.first + MAX_LEVELS:
            last = max(last, bottom)
    if last != best.last:
        best = _candidate(names, labels, best.first, last - best.first + 1)
    return _with_units(best, sheet)
