"""The seam for columns that an upper app knows: same row, same check, same transaction.

The ledgers of estates carry who serves them, since when and for how much. The registry does not
know providers, so their app attaches a companion::

    register_ledger_companion("old_estates", OldEstateCompanion())

Until somebody takes a column in, the check says that it is not.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import models

from estates.models import Community, Estate, Street
from xingyang_pm.common.ledgers.plans import FieldChange
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.models import ImportBatch


@dataclass(frozen=True)
class CompanionRow:
    """One row as a companion sees it.

    ``estate`` is None where the row will register a new one (then ``name``, ``street`` and
    ``community`` say which). ``values`` are the companion's columns that the sheet has, as
    parsed: ``provider`` text, ``since`` date, ``fee`` Decimal in the column's unit,
    ``contract_period`` ``(start, end)``, ``service_grade`` and ``project_manager`` text; None
    where the cell is blank.
    """

    row: LedgerRow
    estate: Estate | None
    name: str
    street: Street
    community: Community | None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CompanionPlan:
    """What a companion would do with one row.

    ``fields`` stand among the changes of a known estate (a row with any counts as changed),
    ``note`` beside an estate that will be registered; both show the same act. ``act`` names it
    for the sum under the figures (登记服务合同). ``errors`` and ``warnings`` are ``(column,
    sentence)``; ``payload`` comes back to ``commit()``, None for nothing to do.
    """

    fields: Sequence[FieldChange] = ()
    errors: Sequence[tuple[str, str]] = ()
    warnings: Sequence[tuple[str, str]] = ()
    payload: Any = None
    note: str = ""
    act: str = ""


class LedgerCompanion(Protocol):
    """Plans and writes the columns that it names; see the module's text."""

    columns: AbstractSet[str]

    def plan(self, rows: Sequence[CompanionRow], actor: Any) -> Sequence[CompanionPlan]:
        """Return one plan for each of ``rows``, in order; writes nothing, reads set by set."""

    def commit(
        self, parts: Sequence[tuple[Estate, Any]], actor: Any, batch: ImportBatch
    ) -> Iterable[models.Model]:
        """Write ``(estate, payload)`` of some thousand rows at a time; return every record
        written."""


_companions: dict[str, list[LedgerCompanion]] = {}


def register_ledger_companion(ledger_code: str, companion: LedgerCompanion) -> LedgerCompanion:
    """Let ``companion`` take in its columns of a ledger (estates, old_estates, rural_communities).

    Raises ``ValueError`` where two companions want one column.
    """
    known = _companions.setdefault(ledger_code, [])
    taken = {name for other in known for name in other.columns}
    if taken & companion.columns:
        raise ValueError(f"{ledger_code}: {sorted(taken & companion.columns)} have a companion")
    known.append(companion)
    return companion


def unregister_ledger_companion(ledger_code: str, companion: LedgerCompanion) -> None:
    """Forget a companion (tests register theirs for a while)."""
    _companions[ledger_code].remove(companion)


def companions_of(ledger_code: str) -> Sequence[LedgerCompanion]:
    return tuple(_companions.get(ledger_code, ()))
