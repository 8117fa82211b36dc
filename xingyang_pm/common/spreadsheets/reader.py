"""Read an uploaded workbook: gate first, then a child process with limits.

Values come as python-calamine gives them, made plain. Beside them stands what a ledger must
be told: merged ranges, hidden sheets, rows and columns, formula cells that hold no result
and cells that hold an error. Rows and columns count from 0.
"""

import datetime as dt
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.conf import settings

from . import archive, child, gate, ole
from .gate import WorkbookKind, WorkbookRefused

# Whole numbers from here on came through a float and have lost digits (Excel keeps 15).
EXACT_LIMIT = 10**15

_PASSWORD, _DAMAGED = 10, 11
_HEAVY = (
    "读取这个工作簿需要的内存或时间超过上限，没有读取。"
    "请把数据区复制到新的工作簿，另存为 .xlsx 后再上传。"
)
_PLAIN = {name: getattr(dt, name) for name in ("date", "datetime", "time", "timedelta")}


@dataclass(frozen=True)
class Sheet:
    """One worksheet.

    ``merged`` holds ``(top, left, bottom, right)``, inclusive. ``unread`` maps the place of a
    cell whose value is not in the file to ``""`` (a formula never calculated) or to the error
    that it shows (``#REF!``). ``formulas`` are the places whose value a formula has made.
    """

    name: str
    hidden: bool
    rows: list[list[Any]]
    merged: list[tuple[int, int, int, int]]
    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]
    unread: dict[tuple[int, int], str]
    formulas: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Workbook:
    name: str
    kind: WorkbookKind
    sheets: list[Sheet]


def digits_lost(value: Any) -> bool:
    """Whether ``value`` is a number too long for a cell: a phone or account typed as number."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and not -EXACT_LIMIT < value < EXACT_LIMIT
    )


def column_letters(column: int) -> str:
    """Return the letters of a column counted from 0: ``0`` is ``A``, ``26`` is ``AA``."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """Return the name of the cell at ``row`` and ``column`` counted from 0: ``G7``."""
    return f"{column_letters(column)}{row + 1}"


class _PlainUnpickler(pickle.Unpickler):
    """Makes plain values and dates only, so that a subverted child cannot run code here."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in _PLAIN:
            return _PLAIN[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def _next(stream: IO[bytes]) -> Any:
    return _PlainUnpickler(stream).load()


def _sheets(stream: IO[bytes], surveyed: Iterable[ole.Sheet]) -> list[Sheet]:
    by_name = {sheet.name: sheet for sheet in surveyed}
    found: list[Sheet] = []
    while True:
        try:
            facts = _next(stream)
        except EOFError:
            return found
        rows: list[list[Any]] = []
        while (block := _next(stream)) is not None:
            rows += block
        legacy = by_name.get(facts["name"])
        found.append(
            Sheet(
                name=facts["name"],
                hidden=facts["hidden"],
                rows=rows,
                merged=facts["merged"],
                hidden_rows=frozenset(legacy.hidden_rows if legacy else facts["hidden_rows"]),
                hidden_columns=frozenset(
                    legacy.hidden_columns if legacy else facts["hidden_columns"]
                ),
                unread=legacy.unread if legacy else facts["unread"],
                formulas=frozenset(legacy.formulas if legacy else facts["formulas"]),
            )
        )


def _parts(data: bytes) -> list[tuple[str, str]]:
    members = {member.name: member for member in archive.members(data, limit=10**6)}
    try:
        return gate.sheet_parts(
            archive.read(data, members["xl/workbook.xml"]),
            archive.read(data, members["xl/_rels/workbook.xml.rels"]),
        )
    except (KeyError, ValueError, SyntaxError):
        raise gate.refusal("damaged") from None


def read_workbook(
    source: BinaryIO | bytes | Path,
    name: str,
    *,
    max_bytes: int | None = None,
    limits: child.Limits | None = None,
) -> Workbook:
    """Return the content of a workbook, .xlsx or .xls.

    Raises :class:`WorkbookRefused` for what the gate does not let in, for a file that no
    parser can read, and when reading takes more memory or time than ``limits`` allow. A
    ledger of 43,200 rows of 24 columns takes 3 s and 150 MB here, 180 MB in the child.
    """
    data = gate.content_of(source, settings.WORKBOOK_MAX_BYTES if max_bytes is None else max_bytes)
    kind = gate.check_workbook(data, name, max_bytes=len(data))
    surveyed: list[ole.Sheet] = []
    parts: list[tuple[str, str]] = []
    if kind is WorkbookKind.XLS:
        stream = ole.CompoundFile(data).stream("Workbook", "Book") or b""
        surveyed = ole.survey(stream).sheets
    else:
        parts = _parts(data)
    try:
        with child.run("read", data, {"parts": parts}, limits) as output:
            sheets = _sheets(output, surveyed)
    except child.ChildFailed as failure:
        if failure.status == _PASSWORD:
            raise gate.refusal("encrypted") from None
        if failure.status == _DAMAGED:
            raise gate.refusal("damaged") from None
        raise WorkbookRefused(_HEAVY, code="too_heavy") from None
    return Workbook(name, kind, sheets)
