"""Mark a workbook read from descriptor 0 and write it to descriptor 1.

``sheets`` maps a sheet's name to ``header`` (row), ``column`` (both from 1), ``notes`` (row to
``[text, tone]``) and ``cells`` (cell name to tone). Tone ``r`` is an error, ``a`` a warning,
others are plain.
"""

import copy
import json
import os
import sys
import zipfile
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

DAMAGED, MEMORY = 11, 12
FILLS = {"r": PatternFill("solid", "FFF8D0CC"), "a": PatternFill("solid", "FFFFF0CC")}
WIDTH = 60
LINE_HEIGHT = 15.0
COLOURS = {"r": "FFB4231A", "a": "FF8A5200"}


def lines(text: str) -> int:
    """Return how many lines the text fills; a hanzi is as wide as two letters."""
    widths = (sum(1 if c.isascii() else 2 for c in part) for part in text.split("\n"))
    return sum(-(-width // (WIDTH - 2)) or 1 for width in widths)


def put(cell: Any, text: str, tone: str) -> None:
    cell.value = text
    cell.data_type = "s"
    if tone in COLOURS:
        font = copy.copy(cell.font)
        cell.font = Font(name=font.name, size=font.sz, color=COLOURS[tone])
    cell.alignment = Alignment(vertical="center", wrap_text=True)


def mark(
    sheet: Any,
    header: int,
    column: int,
    label: str,
    notes: dict[str, list[str]],
    cells: dict[str, str],
) -> None:
    head = sheet.cell(header, column)
    if isinstance(head, MergedCell):
        sheet.unmerge_cells(
            next(str(area) for area in sheet.merged_cells.ranges if head.coordinate in area)
        )
        head = sheet.cell(header, column)
    neighbour = sheet.cell(header, max(column - 1, 1))
    if neighbour.has_style and column > 1:
        head._style = copy.copy(neighbour._style)
    head.value = label
    head.data_type = "s"
    sheet.column_dimensions[get_column_letter(column)].width = WIDTH
    sheet.column_dimensions[get_column_letter(column)].hidden = False
    for row, (text, tone) in notes.items():
        cell = sheet.cell(int(row), column)
        if not isinstance(cell, MergedCell):
            put(cell, text, tone)
            needed = LINE_HEIGHT * lines(text)
            if needed > (sheet.row_dimensions[int(row)].height or LINE_HEIGHT):
                sheet.row_dimensions[int(row)].height = needed
    for name, tone in cells.items():
        cell = sheet[name]
        if not isinstance(cell, MergedCell):
            cell.fill = FILLS[tone]


def main() -> None:
    with os.fdopen(int(sys.argv[-1]), "rb") as told:
        parameters = json.load(told)
    source = BytesIO(sys.stdin.buffer.read())
    book = load_workbook(source, rich_text=True, keep_links=False)
    for name, marks in parameters["sheets"].items():
        if name in book.sheetnames:
            mark(book[name], label=parameters["label"], **marks)
    output = BytesIO()
    book.save(output)
    sys.stdout.buffer.write(output.getvalue())
    sys.stdout.buffer.flush()


try:
    main()
except MemoryError:
    sys.exit(MEMORY)
except (
    InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError,
    IndexError, OSError,
) as error:  # fmt: skip
    # openpyxl trips over many small faults that Excel forgives; the caller rewrites instead.
    sys.stderr.write(f"{type(error).__name__}: {error}\n")
    sys.exit(DAMAGED)
