"""The office's own forms, as they are signed and handed on.

Title, a line with 填报单位, 填报日期 and 单位, a header of one or two levels, the rows with
小计 and 合计, 合计（大写）, and the line of signatures: A4 landscape, the header repeated on
every page, page number and version in the footer. Sums are worked out here and written as
values, never as formulas, so that what was approved is what is printed; a form whose sums
differ from the ones that the caller states is not written at all.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
from django.conf import settings
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.money import capital_yuan

from . import layout
from .writer import Kind

SIGNATURES = ("制表人", "复核人", "科室负责人", "分管领导")

_HEI = "黑体"
_FONTS = {
    "title": Font(name=layout.TITLE, size=20),
    "subtitle": Font(name="楷体", size=14),
    "line": Font(name=layout.SONG, size=11),
    "head": Font(name=_HEI, size=11),
    "body": Font(name=layout.SONG, size=11),
    "total": Font(name=layout.SONG, size=11, bold=True),
    "note": Font(name=layout.SONG, size=10),
}
_FORMATS: dict[Kind, tuple[str, Alignment]] = {
    "text": ("@", layout.CENTRE),
    "ordinal": ("0", layout.CENTRE),
    "integer": ("#,##0", layout.CENTRE),
    "number": ("General", layout.CENTRE),
    "decimal": ("#,##0.00", layout.RIGHT),
    "money": (layout.MONEY_FORMAT, layout.RIGHT),
    "date": (layout.DATE_FORMAT, layout.CENTRE),
    "datetime": (layout.DATETIME_FORMAT, layout.CENTRE),
    "percent": (layout.PERCENT_FORMAT, layout.CENTRE),
}
# The width between the margins of A4 landscape in characters of 宋体 11: a narrower table is
# stretched to it, since the forms fill the sheet.
_PAGE_WIDTH = 126.0
# How much wider than that a form may become for a line to stay one: it is printed that smaller.
_MOST_WIDENING = 0.08
_LINE_HEIGHT = 16.0
_ROW_HEIGHT = 22.0


@dataclass(frozen=True)
class FormColumn:
    """One column. Neighbours with the same ``group`` share a cell above their labels; ``total``
    sums the column into 小计 and 合计; ``left`` sets text flush left (notes, addresses);
    ``places`` are those of a decimal (points have one)."""

    label: str
    kind: Kind = "text"
    group: str = ""
    width: float | None = None
    total: bool = False
    left: bool = False
    places: int = 2


@dataclass(frozen=True)
class FormSection:
    """Rows that belong together; ``subtotal`` is the label of their 小计 row, blank for none."""

    rows: Sequence[Sequence[Any]]
    subtotal: str = ""

    def totals(self, columns: Sequence[FormColumn]) -> dict[str, Decimal | int]:
        """Return the sums of the section's columns marked ``total`` by label."""
        return _sums(columns, self.rows)


class TotalsDiffer(BusinessError):
    """The sums of the rows are not the ones that the record states."""

    def __init__(self, label: str, stated: Any, summed: Any) -> None:
        super().__init__(
            f"“{label}”各行之和为 {summed}，与记录的 {stated} 不符，表格没有生成。"
            "请核对明细后重做。",
            code="totals_differ",
        )


@dataclass(frozen=True)
class OfficialForm:
    """One form.

    ``unit`` is printed as 单位：…; blank leaves it out. ``capital`` names the money column
    whose total is repeated in capital numerals. ``stated`` maps labels of summed columns to
    the totals that the record holds. ``number`` and ``version`` identify the paper: a
    corrected form is a new version. ``parts`` are further entries of the line below the
    title, such as ``("申报期间", "2026年10月")``.
    """

    title: str
    columns: Sequence[FormColumn]
    sections: Sequence[FormSection]
    reporting_unit: str
    reported_on: dt.date
    subtitle: str = ""
    unit: str = "元"
    parts: Sequence[tuple[str, str]] = ()
    capital: str = ""
    stated: Mapping[str, Decimal | int] = field(default_factory=dict)
    total_label: str = "合计"
    signatures: Sequence[str] = SIGNATURES
    notes: Sequence[str] = ()
    number: str = ""
    version: int = 1
    sheet_name: str = ""

    @property
    def two_levels(self) -> bool:
        return any(column.group for column in self.columns)

    def totals(self) -> dict[str, Decimal | int]:
        """Return the sums of the columns marked ``total`` by label.

        Raises :class:`TotalsDiffer` when one is not as ``stated``.
        """
        sums = _sums(self.columns, (row for section in self.sections for row in section.rows))
        for label, stated in self.stated.items():
            if sums[label] != stated:
                raise TotalsDiffer(label, stated, sums[label])
        return sums


def _sums(columns: Sequence[FormColumn], rows: Iterable[Sequence[Any]]) -> dict[str, Decimal | int]:
    sums: dict[str, Decimal | int] = {column.label: 0 for column in columns if column.total}
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} values for {len(columns)} columns")
        for column, value in zip(columns, row, strict=True):
            if column.total and value is not None:
                if isinstance(value, float):
                    raise ValueError(f"{column.label}: a sum is Decimal or int, never float")
                sums[column.label] += value
    return sums


def write_forms(target: str | Path | BinaryIO, forms: Sequence[OfficialForm]) -> None:
    """Write the forms to one workbook, each on a sheet of its own."""
    book = openpyxl.Workbook()
    layout.use_song(book)
    book.remove(book.active)
    book.properties.creator = settings.OFFICE_NAME
    book.properties.title = layout.safe_text(forms[0].title)
    for form in forms:
        name = layout.sheet_title(form.sheet_name or form.title)
        _Page(book.create_sheet(name), form).draw()
    book.save(target)


def write_form(target: str | Path | BinaryIO, form: OfficialForm) -> None:
    """Write one form to ``target``, a path or a binary file."""
    write_forms(target, [form])


class _Page:
    """Draws one form from the top down; ``row`` is the next free row."""

    def __init__(self, sheet: Any, form: OfficialForm) -> None:
        self.sheet = sheet
        self.form = form
        self.row = 1
        self.widths = self._widths()

    # --- parts -----------------------------------------------------------------------------

    def draw(self) -> None:
        form = self.form
        totals = form.totals()
        for index, width in enumerate(self.widths):
            self.sheet.column_dimensions[get_column_letter(index + 1)].width = width
        self._title()
        self._line()
        self._header()
        for section in form.sections:
            for row in section.rows:
                self._data(row)
            if section.subtotal:
                self._sum(section.subtotal, _sums(form.columns, section.rows))
        if totals:
            self._sum(form.total_label, totals)
        if form.capital:
            self._capital(totals[form.capital])
        self._notes()
        self._signatures()
        self._page()

    def _title(self) -> None:
        across = len(self.widths)
        self._span(1, across, self.form.title, "title", layout.CENTRE)
        self._height(38 * self._lines_across(self.form.title, "title"))
        if self.form.subtitle:
            self._span(1, across, self.form.subtitle, "subtitle", layout.CENTRE)
            self._height(24 * self._lines_across(self.form.subtitle, "subtitle"))

    def _entries(self) -> list[str]:
        """What the line below the title says."""
        form = self.form
        entries = [f"填报单位：{form.reporting_unit}"]
        entries += [f"{name}：{value}" for name, value in form.parts]
        entries.append(f"填报日期：{clock.chinese_date(form.reported_on)}")
        return [*entries, f"单位：{form.unit}"] if form.unit else entries

    def _roles(self) -> list[str]:
        return [f"{role}：" for role in self.form.signatures]

    def _line(self) -> None:
        lines = self._lines_of(self._entries())
        for number, line in enumerate(lines, start=1):
            sides = ["left", *["center"] * (len(line) - 2), "right"][: len(line)]
            # The unit stands over the right end of the table, whatever stands before it.
            alone = len(line) == 1 and number == len(lines) > 1
            self._stand(line, ["right"] if alone else sides, 22)

    def _header(self) -> None:
        columns = self.form.columns
        first, last = self.row, self.row + (1 if self.form.two_levels else 0)
        start, upper = 0, 24.0
        while start < len(columns):
            group = columns[start].group
            end = start
            while group and end + 1 < len(columns) and columns[end + 1].group == group:
                end += 1
            if group:
                self._box(first, first, start + 1, end + 1, group)
                for index in range(start, end + 1):
                    self._box(last, last, index + 1, index + 1, self._label(index))
            else:
                self._box(first, last, start + 1, start + 1, self._label(start))
            if group:
                upper = max(upper, self._lines_within(group, start, end) * _LINE_HEIGHT + 8)
            start = end + 1
        lines = max(self._text_lines(self._label(index), index) for index in range(len(columns)))
        bottom = max(26.0, lines * _LINE_HEIGHT + 6)
        if self.form.two_levels:
            self.sheet.row_dimensions[first].height = upper
            # Labels that stand over both rows have the upper one's room too.
            bottom = max(26.0, bottom - (0 if self._wraps_below() else upper - 6))
        self.sheet.row_dimensions[last].height = bottom
        self.row = last + 1
        self.header_rows = (first, last)

    def _label(self, index: int) -> str:
        """Return a label, broken in front of its unit when it is wider than its column."""
        label = self.form.columns[index].label
        head, bracket, unit = label.partition("（")
        if bracket and head and layout.text_width(label) > self.widths[index] - 1:
            return f"{head}\n（{unit}"
        return label

    def _text_lines(self, text: str, index: int) -> int:
        """Return how many lines ``text`` fills in its column."""
        return self._lines_within(text, index, index)

    def _lines_within(self, text: str, first: int, last: int) -> int:
        """Return how many lines ``text`` fills over the columns from ``first`` to ``last``."""
        room = max(int(sum(self.widths[first : last + 1])) - 1, 2)
        return sum(-(-layout.text_width(part) // room) or 1 for part in text.split("\n"))

    def _lines_across(self, text: str, font: str) -> int:
        """Return how many lines ``text`` fills over the whole table in letters of ``font``."""
        return layout.lines_of(text, sum(self.widths), _FONTS[font].size)

    def _wraps_below(self) -> bool:
        """Whether a label under a group needs more than one line."""
        return any(
            self._text_lines(self._label(index), index) > 1
            for index, column in enumerate(self.form.columns)
            if column.group
        )

    def _data(self, values: Sequence[Any]) -> None:
        lines = 1
        for index, (column, value) in enumerate(zip(self.form.columns, values, strict=True)):
            self._value(index, column, value, "body")
            if isinstance(value, str):
                lines = max(lines, self._text_lines(value, index))
        self._height(max(_ROW_HEIGHT, lines * _LINE_HEIGHT + 4))

    def _sum(self, label: str, sums: Mapping[str, Decimal | int]) -> None:
        columns = self.form.columns
        # The label stands over all columns in front of the first sum.
        leading = next((i for i, column in enumerate(columns) if column.total), len(columns))
        for index, column in enumerate(columns[leading:], start=leading):
            self._value(index, column, sums.get(column.label), "total")
        lines = 1
        if leading:
            self._box(self.row, self.row, 1, leading, label, style="total")
            lines = self._lines_within(label, 0, leading - 1)
        self._height(max(_ROW_HEIGHT + 2, lines * _LINE_HEIGHT + 6))

    def _capital(self, total: Decimal | int) -> None:
        amount = total if isinstance(total, Decimal) else Decimal(total)
        text = f"{self.form.total_label}（大写）：{capital_yuan(amount)}"
        self._box(self.row, self.row, 1, len(self.widths), text, style="total")
        self.sheet.cell(self.row, 1).alignment = Alignment(
            horizontal="left", vertical="center", indent=1
        )
        self._height(_ROW_HEIGHT + 4)

    def _notes(self) -> None:
        for index, note in enumerate(self.form.notes):
            text = f"注：{note}" if index == 0 else f"　　{note}"
            self._span(1, len(self.widths), text, "note", layout.LEFT)
            self._height(self._lines_across(text, "note") * _LINE_HEIGHT + 2)

    def _signatures(self) -> None:
        if not self.form.signatures:
            return
        self._height(12)
        for line in self._lines_of(self._roles()):
            self._stand(line, ["left"] * len(line), 26)

    def _page(self) -> None:
        first, last = self.header_rows
        mark = "演示数据" if settings.DEMO_DATA else ""
        layout.landscape_page(self.sheet, repeat_rows=f"{first}:{last}", footer=mark)
        identity = f"{self.form.number} 第 {self.form.version} 版".strip()
        self.sheet.oddFooter.left.text = identity.replace("&", "&&")
        self.sheet.oddFooter.left.font = f"{layout.SONG},Regular"
        self.sheet.oddFooter.left.size = 9
        self.sheet.freeze_panes = f"A{last + 1}"
        self.sheet.print_area = f"A1:{get_column_letter(len(self.widths))}{self.row - 1}"

    # --- means -----------------------------------------------------------------------------

    def _widths(self) -> list[float]:
        """Fit each column to its content, then stretch a narrow table to the page."""
        rows = [row for section in self.form.sections for row in section.rows]
        widths = []
        for index, column in enumerate(self.form.columns):
            if column.width:
                widths.append(column.width)
                continue
            shown = [_shown(column, row[index]) for row in rows]
            if column.total:
                shown.append(_shown(column, _sums(self.form.columns, rows)[column.label]))
            widths.append(layout.fitted_width(column.label, shown, least=5, most=34))
        stretch = max(1.0, _PAGE_WIDTH / sum(widths))
        widths = [round(width * stretch, 1) for width in widths]
        for texts in (self._entries(), self._roles()):
            widths = _widened(widths, texts)
        return widths

    def _lines_of(self, entries: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        """Spread ``entries`` over as few lines as leave each of them whole: per line first and
        last column and text."""
        for number in range(1, len(entries)):
            each = -(-len(entries) // number)
            lines = [entries[at : at + each] for at in range(0, len(entries), each)]
            cuts = [_cut(self.widths, line) for line in lines]
            if all(cut is not None and not cut.lacking for cut in cuts):
                return [
                    [
                        (first + 1, last, text)
                        for (first, last), text in zip(cut.runs, line, strict=True)
                    ]
                    for cut, line in zip(cuts, lines, strict=True)
                    if cut is not None
                ]
        return [[(1, len(self.widths), entry)] for entry in entries]

    def _stand(
        self, line: Sequence[tuple[int, int, str]], sides: Sequence[str], height: float
    ) -> None:
        """Put the entries of one line over the columns; a single one may wrap."""
        alone = len(line) == 1
        for (first, last, text), side in zip(line, sides, strict=True):
            alignment = Alignment(horizontal=side, vertical="center", wrap_text=alone)
            self._span(first, last, text, "line", alignment)
        wrapped = self._lines_across(line[0][2], "line") if alone else 1
        self._height(max(height, wrapped * _LINE_HEIGHT + 6))

    def _span(
        self,
        first: int,
        last: int,
        text: str,
        font: str,
        alignment: Alignment,
    ) -> None:
        cell = self.sheet.cell(self.row, first)
        _put_text(cell, text)
        cell.font = _FONTS[font]
        cell.alignment = alignment
        if last > first:
            self.sheet.merge_cells(
                start_row=self.row, start_column=first, end_row=self.row, end_column=last
            )

    def _box(
        self, top: int, bottom: int, left: int, right: int, text: str, *, style: str = "head"
    ) -> None:
        """Put text into a bordered cell that may cover several."""
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                self.sheet.cell(row, column).border = layout.BOX
        cell = self.sheet.cell(top, left)
        _put_text(cell, text)
        cell.font = _FONTS[style]
        cell.alignment = layout.CENTRE
        if (top, left) != (bottom, right):
            self.sheet.merge_cells(
                start_row=top, start_column=left, end_row=bottom, end_column=right
            )
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    self.sheet.cell(row, column).border = layout.BOX

    def _value(self, index: int, column: FormColumn, value: Any, font: str) -> None:
        cell = self.sheet.cell(self.row, index + 1)
        number_format, alignment = _FORMATS[column.kind]
        if column.kind == "decimal":
            number_format = f"#,##0.{'0' * column.places}"
        if isinstance(value, bool):
            value = "√" if value else ""
        if isinstance(value, str):
            _put_text(cell, value)
        elif value is not None:
            cell.value = value
        cell.number_format = number_format
        cell.font = _FONTS[font]
        cell.alignment = layout.LEFT if column.left else alignment
        cell.border = layout.BOX

    def _height(self, points: float) -> None:
        self.sheet.row_dimensions[self.row].height = points
        self.row += 1


@dataclass(frozen=True)
class _Cut:
    """Columns cut into ``runs``, one for each text: from a column up to before another, counted
    from 0. ``lacking`` is the width that they are short of."""

    runs: tuple[tuple[int, int], ...]
    lacking: float
    uneven: float


def _cut(widths: Sequence[float], texts: Sequence[str]) -> _Cut | None:
    """Return the cut that lacks least for ``texts`` in one line, the most even of those; none if
    there are fewer columns than texts."""
    needed = [layout.width_of(text, _FONTS["line"].size) for text in texts]
    even = sum(widths) / len(texts)

    def cut_at(places: Sequence[int]) -> _Cut:
        runs = tuple(zip((0, *places), (*places, len(widths)), strict=True))
        rooms = [sum(widths[first:last]) for first, last in runs]
        lacking = sum(max(0.0, need - room) for need, room in zip(needed, rooms, strict=True))
        return _Cut(runs, lacking, sum(abs(room - even) for room in rooms))

    places = combinations(range(1, len(widths)), len(texts) - 1)
    return min(map(cut_at, places), key=lambda cut: (cut.lacking, cut.uneven), default=None)


def _widened(widths: Sequence[float], texts: Sequence[str]) -> list[float]:
    """Return ``widths``, those columns a little wider that keep ``texts`` from standing in one
    line; unchanged if little does not help."""
    cut = _cut(widths, texts) if texts else None
    if cut is None or cut.lacking > _MOST_WIDENING * sum(widths):
        return list(widths)
    wider: list[float] = []
    for (first, last), text in zip(cut.runs, texts, strict=True):
        run = widths[first:last]
        factor = max(1.0, layout.width_of(text, _FONTS["line"].size) / sum(run))
        wider += [math.ceil(width * factor * 10) / 10 for width in run]
    return wider


def _put_text(cell: Any, text: str) -> None:
    text = layout.safe_text(text)
    if not text:
        return
    cell.value = text
    cell.data_type = "s"
    if text.startswith(layout.FORMULA_STARTS):
        cell.quotePrefix = True


def _shown(column: FormColumn, value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if column.kind in {"money", "decimal"} and isinstance(value, Decimal | int):
        return f"{value:,.{column.places}f}"
    if column.kind == "integer" and isinstance(value, int):
        return f"{value:,}"
    return str(value)
