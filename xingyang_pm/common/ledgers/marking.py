"""Hand a clerk the own workbook back, with what was found beside each row."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import coordinate_to_tuple, get_column_letter

from xingyang_pm.common.spreadsheets import child, layout
from xingyang_pm.common.spreadsheets.gate import WorkbookKind
from xingyang_pm.common.spreadsheets.reader import Sheet, Workbook, cell_name

from .header import RESULT_LABEL

# openpyxl keeps 400 bytes a cell and writes 100,000 a second; above this the workbook is
# written anew, without its colours.
MAX_CELLS_KEPT = 300_000
_LIMITS = child.Limits(memory_bytes=1024 * 2**20, cpu_seconds=60, wall_seconds=90)
_FILLS = {"r": PatternFill("solid", "FFF8D0CC"), "a": PatternFill("solid", "FFFFF0CC")}
_FONTS = {
    "r": Font(name=layout.SONG, size=11, color="FFB4231A"),
    "a": Font(name=layout.SONG, size=11, color="FF8A5200"),
    "": Font(name=layout.SONG, size=11),
    "head": Font(name=layout.SONG, size=11, bold=True),
}
# As in children/mark.py, which imports nothing of the portal.
_WIDTH = 60
# openpyxl would make formulas and errors of text that starts so.
_MISTAKEN = frozenset("".join(layout.FORMULA_STARTS) + "#")
_WRAP = Alignment(vertical="center", wrap_text=True)


@dataclass
class SheetMarks:
    """What to write beside the rows of one sheet; rows and columns count from 0 here."""

    header: int
    column: int
    notes: dict[int, tuple[str, str]] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "header": self.header + 1,
            "column": self.column + 1,
            "notes": {row + 1: list(note) for row, note in self.notes.items()},
            "cells": self.cells,
        }


def marked_workbook(source: bytes, book: Workbook, marks: Mapping[str, SheetMarks]) -> bytes:
    """Return the workbook with the column 核对结果 and its cells tinted, as .xlsx.

    The clerk's own file is kept as it is where openpyxl can open it (in a child process);
    an .xls, a very large file and one that openpyxl cannot open are written anew: the same
    sheets, rows and widths, without the rest of their looks.
    """
    cells = sum(len(row) for sheet in book.sheets for row in sheet.rows)
    if book.kind is WorkbookKind.XLSX and cells <= MAX_CELLS_KEPT:
        parameters = {
            "label": RESULT_LABEL,
            "sheets": {name: mark.as_json() for name, mark in marks.items()},
        }
        try:
            with child.run("mark", source, json.loads(json.dumps(parameters)), _LIMITS) as output:
                return output.read()
        except child.ChildFailed:
            pass  # logged there; written anew below
    return _rewritten(book, marks)


def _rewritten(book: Workbook, marks: Mapping[str, SheetMarks]) -> bytes:
    made = openpyxl.Workbook(write_only=True)
    layout.use_song(made)
    for sheet in book.sheets:
        _write_sheet(made, sheet, marks.get(sheet.name))
    if not book.sheets:
        made.create_sheet("空表")
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def _write_sheet(made: Any, sheet: Sheet, marks: SheetMarks | None) -> None:
    written = made.create_sheet(layout.sheet_title(sheet.name))
    if sheet.hidden:
        written.sheet_state = "hidden"
    # Titles above the header are merged across and say nothing of a column's width.
    first = marks.header if marks else 0
    for index, width in enumerate(_widths(sheet.rows[first : first + 200])):
        written.column_dimensions[get_column_letter(index + 1)].width = width
    for top, left, bottom, right in sheet.merged:
        if bottom < len(sheet.rows):
            written.merged_cells.add(f"{cell_name(top, left)}:{cell_name(bottom, right)}")
    if marks is None:
        for row in sheet.rows:
            written.append([_plain(written, value) for value in row])
        return
    written.column_dimensions[get_column_letter(marks.column + 1)].width = _WIDTH
    written.freeze_panes = cell_name(marks.header + 1, 0)
    tinted = _by_row(marks.cells)
    notes = {**marks.notes, marks.header: (RESULT_LABEL, "head")}
    for line, row in enumerate(sheet.rows):
        cells = [_plain(written, value) for value in row]
        for column, tone in tinted.get(line, ()):
            cells += [None] * (column + 1 - len(cells))
            cells[column] = _styled(written, row[column] if column < len(row) else None)
            cells[column].fill = _FILLS[tone]
        if line in notes:
            text, tone = notes[line]
            del cells[marks.column :]
            cells += [None] * (marks.column - len(cells))
            cell = _styled(written, text)
            cell.font, cell.alignment = _FONTS[tone], _WRAP
            cells.append(cell)
            lines = sum(
                -(-layout.text_width(part) // (_WIDTH - 2)) or 1 for part in text.split("\n")
            )
            if lines > 1:
                written.row_dimensions[line + 1].height = 15.0 * lines
        written.append(cells)


def _by_row(cells: Mapping[str, str]) -> dict[int, list[tuple[int, str]]]:
    """Return the tinted cells as ``(column, tone)`` by row, counted from 0."""
    found: dict[int, list[tuple[int, str]]] = {}
    for name, tone in cells.items():
        row, column = coordinate_to_tuple(name)
        found.setdefault(row - 1, []).append((column - 1, tone))
    return found


def _plain(written: Any, value: Any) -> Any:
    """Return a value as the writer takes it bare, or a cell where it would mistake it."""
    if type(value) is str:
        if value[0] in _MISTAKEN:
            return _styled(written, value)
        return layout.safe_text(value)
    return value


def _styled(written: Any, value: Any) -> Any:
    cell = WriteOnlyCell(written)
    if isinstance(value, str):
        cell._value = layout.safe_text(value)
        cell.data_type = "s"
        if value.startswith(layout.FORMULA_STARTS):
            cell.quotePrefix = True
    else:
        cell.value = value
    return cell


def _widths(rows: Sequence[Sequence[Any]]) -> list[float]:
    columns = max((len(row) for row in rows), default=0)
    found: list[float] = []
    for index in range(columns):
        shown = [str(row[index]) for row in rows if index < len(row) and row[index] is not None]
        found.append(layout.fitted_width("", shown))
    return found
