"""The survey's table: read as a ledger, held against the registry, never written by itself."""

from collections.abc import Sequence
from typing import Any

from estates.calculations import street_stem
from estates.models import Street
from estates.services.surveys import COMPARED, SurveyRow
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.ledgers.cells import presentable
from xingyang_pm.common.ledgers.plans import DuplicateTracker
from xingyang_pm.common.ledgers.reading import CellMessage, LedgerRow, read_ledger

from .columns import OLD
from .items import duplicate_key, duplicate_sentence, is_building_row
from .matching import Registry, Territory, Unknown, estates_by_pk

# So many errors are told at once; the rest is counted.
SHOWN = 6


def survey_rows(*, source: bytes, name: str, street: Street, actor: Any) -> list[SurveyRow]:
    """Read a survey's workbook as rows about ``street``, matched with the registry by name.

    Raises :class:`BusinessError` on the field ``file`` with the first errors, each with its
    cell; ``WorkbookRefused`` for what is no readable workbook. Rows of other streets are errors.
    """
    reading = read_ledger(OLD, source, name)
    tracker = DuplicateTracker(key=duplicate_key, sentence=duplicate_sentence)
    errors = [*reading.errors, *(message for _, message in tracker.check(reading.rows))]
    rows = [row for row in reading.valid_rows if not is_building_row(row)]
    territory = Territory(actor)
    registry = Registry(None, [street])
    placed: list[tuple[LedgerRow, int | None, Any]] = []
    taken: dict[int, LedgerRow] = {}
    for row in rows:
        message = _elsewhere(row, street)
        if message is not None:
            errors.append(message)
            continue
        try:
            community = territory.community(street, row["community"]) if row["community"] else None
        except Unknown as unknown:
            errors.append(row.message("community", unknown.message))
            continue
        try:
            match = registry.find(street, row["name"])
        except Unknown as unknown:
            errors.append(row.message("name", unknown.message))
            continue
        pk = match.pk if match else None
        if pk is not None and pk in taken:
            errors.append(row.message("name", f"与第 {taken[pk].row} 行是同一个小区。请删去一行。"))
            continue
        if pk is not None:
            taken[pk] = row
        placed.append((row, pk, community))
    _refuse(errors)
    estates = estates_by_pk(sorted(taken))
    return [
        SurveyRow(
            row.row,
            presentable(row["name"]),
            estates[pk] if pk is not None else None,
            _values(row, community),
        )
        for row, pk, community in placed
    ]


def _elsewhere(row: LedgerRow, street: Street) -> CellMessage | None:
    if street_stem(row["street"]) == street_stem(street.name):
        return None
    return row.message(
        "street", f"这次调查的是{street}，这一行写的是“{row['street']}”。请删去这一行。"
    )


def _values(row: LedgerRow, community: Any) -> dict[str, Any]:
    """Return what the row states of the compared fields; blank cells state nothing."""
    values = {
        name: presentable(row[name]) if isinstance(row[name], str) else row[name]
        for name in COMPARED
        if name != "community" and row.has(name) and row[name] not in (None, "")
    }
    if community is not None:
        values["community"] = community
    return values


def _refuse(errors: Sequence[CellMessage]) -> None:
    if not errors:
        return
    told = "；".join(f"{e.sheet} {e.cell} {e.message}".rstrip("。") for e in errors[:SHOWN])
    more = f"等 {len(errors)} 处" if len(errors) > SHOWN else f"共 {len(errors)} 处"
    raise BusinessError(f"调查表{more}有误，没有上传。{told}。", field="file")
