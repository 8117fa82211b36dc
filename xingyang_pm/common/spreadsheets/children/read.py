"""Read a workbook from descriptor 0 and write it as pickles to descriptor 1.

Per sheet: one dictionary of what is known beside the values, then lists of rows, then
``None``. Values are plain: ``None``, ``bool``, ``int``, ``float``, ``str`` and the classes of
``datetime``.
"""

import io
import json
import os
import pickle
import re
import sys
import zipfile
from typing import Any

from python_calamine import CalamineError, PasswordError, SheetTypeEnum, load_workbook

PASSWORD, DAMAGED, MEMORY = 10, 11, 12
BLOCK = 2000
WINDOW = 2**22
# Whole numbers above this came through a float and have lost digits.
EXACT = 10.0**15

HIDDEN_ROW = re.compile(
    rb"<(?:\w+:)?row\b(?=[^<>]{0,400}\bhidden=[\"'](?:1|true))[^<>]{0,400}?\br=[\"'](\d{1,7})[\"']"
)
HIDDEN_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^<>]{0,400}\bhidden=[\"'](?:1|true)[^<>]{0,400})>")
EDGES = re.compile(rb"\b(min|max)=[\"'](\d{1,5})[\"']")
FORMULA = rb"<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<>]*</(?:\w+:)?f>)"
UNREAD = re.compile(
    rb"<(?:\w+:)?c\b([^<>]{0,400})>\s*"
    + FORMULA
    + rb"\s*(<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
FORMULA_CELL = re.compile(rb"<(?:\w+:)?c\b([^<>]{0,400})>\s*<(?:\w+:)?f[\s>/]")
TEXT_RESULT = re.compile(rb"\bt=[\"']str[\"']")
ERROR = re.compile(
    rb"<(?:\w+:)?c\b(?=[^<>]{0,400}\bt=[\"']e[\"'])([^<>]{0,400})>\s*(?:"
    + FORMULA
    + rb")?\s*<(?:\w+:)?v>([^<>]{1,20})</"
)
REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")


def position(attributes: bytes) -> tuple[int, int] | None:
    """Return ``(row, column)`` from 0 of a cell's attributes, or ``None``."""
    found = REFERENCE.search(attributes)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + letter - 64
    return int(found[2]) - 1, column - 1


def survey(
    archive: zipfile.ZipFile, part: str
) -> tuple[list[int], list[int], dict[Any, str], set[Any]]:
    """Return what the parser of values does not tell of a sheet of an .xlsx."""
    hidden_rows: list[int] = []
    hidden_columns: set[int] = set()
    unread: dict[Any, str] = {}
    formulas: set[Any] = set()
    try:
        stream = archive.open(part)
    except KeyError:
        return hidden_rows, [], unread, formulas
    tail = b""
    with stream:
        while True:
            window = stream.read(WINDOW)
            text = tail + window
            cut = text.rfind(b"<", 0, text.rfind(b"row>") + 1) if window else len(text)
            if cut <= 0:
                cut = len(text)
            text, tail = text[:cut], text[cut:]
            if b"hidden=" in text:
                hidden_rows += [int(row) - 1 for row in HIDDEN_ROW.findall(text)]
                for attributes in HIDDEN_COLUMN.findall(text):
                    edges = {key: int(value) for key, value in EDGES.findall(attributes)}
                    last = min(edges.get(b"max", 0), 256)
                    hidden_columns.update(range(edges.get(b"min", 1) - 1, last))
            if re.search(rb"<(?:\w+:)?f[\s>/]", text):
                formulas.update(map(position, FORMULA_CELL.findall(text)))
                for attributes, value in UNREAD.findall(text):
                    # An empty text is a result: =IF(A1="","",A1).
                    if not (value and TEXT_RESULT.search(attributes)):
                        unread[position(attributes)] = ""
            if b't="e"' in text or b"t='e'" in text:
                for attributes, value in ERROR.findall(text):
                    unread[position(attributes)] = value.decode("ascii", "replace")
            if not window:
                break
    unread.pop(None, None)
    formulas.discard(None)
    return hidden_rows, sorted(hidden_columns), unread, formulas


def plain(row: list[Any], lead: int, known: dict[str, str]) -> list[Any]:
    """Return a row without the parser's ways: blanks as ``None``, whole numbers as ``int``."""
    values: list[Any] = [None] * lead
    for value in row:
        kind = type(value)
        if kind is str:
            values.append(known.setdefault(value, value) if value else None)
        elif kind is float and value.is_integer() and -EXACT < value < EXACT:
            values.append(int(value))
        else:
            values.append(value)
    while values and values[-1] is None:
        values.pop()
    return values


def main() -> None:
    with os.fdopen(int(sys.argv[-1]), "rb") as told:
        parts = dict(json.load(told)["parts"])
    source = io.BytesIO(sys.stdin.buffer.read())
    surveys = {}
    if parts:
        with zipfile.ZipFile(source) as archive:
            surveys = {name: survey(archive, part) for name, part in parts.items()}
    source.seek(0)
    workbook = load_workbook(source)
    output = sys.stdout.buffer
    for meta in workbook.sheets_metadata:
        if meta.typ is not SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(meta.name)
        nothing: tuple[Any, ...] = ([], [], {}, set())
        hidden_rows, hidden_columns, unread, formulas = surveys.get(meta.name, nothing)
        facts = {
            "name": meta.name,
            "hidden": not str(meta.visible).endswith(".Visible"),
            "merged": [(*first, *last) for first, last in sheet.merged_cell_ranges or []],
            "hidden_rows": hidden_rows,
            "hidden_columns": hidden_columns,
            "unread": unread,
            "formulas": list(formulas),
        }
        pickle.dump(facts, output, protocol=5)
        lead = sheet.start[1] if sheet.start else 0
        block: list[list[Any]] = []
        known: dict[str, str] = {}
        for row in sheet.iter_rows():
            block.append(plain(row, lead, known))
            if len(block) == BLOCK:
                pickle.dump(block, output, protocol=5)
                block, known = [], {}
        if block:
            pickle.dump(block, output, protocol=5)
        pickle.dump(None, output, protocol=5)
    output.flush()


try:
    main()
except PasswordError:
    sys.exit(PASSWORD)
except MemoryError:
    sys.exit(MEMORY)
except (CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
    sys.stderr.write(f"{type(error).__name__}: {error}\n")
    sys.exit(DAMAGED)
