"""From a table's columns to a workbook of exactly the rows that the list shows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from django.db.models import QuerySet

from xingyang_pm.common.formats import format_value
from xingyang_pm.common.spreadsheets.writer import Kind, SheetColumn, write_table
from xingyang_pm.common.tables import Column, Table

CHUNK = 2000
# A month is a date to Django and a word to the office.
_KINDS: dict[str, str] = {"month": "text"}


def sheet_columns(columns: Sequence[Column]) -> list[SheetColumn]:
    """Return the workbook's columns: same headings, kinds and totals as on the screen."""
    return [
        SheetColumn(
            column.heading,
            kind=cast(Kind, _KINDS.get(column.kind, column.kind)),
            total=column.total is not None and column.kind in {"integer", "money", "decimal"},
            places=column.places,
        )
        for column in columns
    ]


def _value(column: Column, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if column.kind == "percent":
        # The sheet's own percent format multiplies by 100.
        return lambda row: None if (value := read(row)) is None else value / 100
    if column.kind == "month":
        return lambda row: "" if (value := read(row)) is None else format_value(value, "month")
    return read


def sheet_rows(table: Table, rows: Iterable[Any]) -> list[list[Any]]:
    """Return ``rows`` as the workbook has them, in the columns that ``table`` shows."""
    readers = [_value(column, read) for column, read in table.export_columns(table.shown())]
    return [[read(row) for read in readers] for row in rows]


def write_rows(
    target: Path,
    *,
    title: str,
    note: str,
    by: str,
    columns: Sequence[tuple[Column, Callable[[Any], Any]]],
    rows: Any,
    expected: int,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write ``rows`` (a queryset, or plain rows) to ``target`` and return how many.

    The workbook is headed by title, conditions and row count. Raises ``RowsMissing`` (a
    BusinessError) if not exactly ``expected`` rows were written: then no file may be handed out.
    """
    readers = [_value(column, read) for column, read in columns]

    def lines() -> Iterator[list[Any]]:
        source = rows.iterator(chunk_size=CHUNK) if isinstance(rows, QuerySet) else rows
        for done, row in enumerate(source, start=1):
            yield [read(row) for read in readers]
            if progress is not None and done % CHUNK == 0:
                progress(done)

    return write_table(
        target,
        title=title,
        columns=sheet_columns([column for column, _ in columns]),
        rows=lines(),
        filters=note,
        expected_rows=expected,
        made_by=by,
    )
