"""The ledgers that the portal can read; apps register theirs in ``ready()``."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from xingyang_pm.common.access import holds
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import ImportBatch

from .columns import LedgerColumn
from .header import HeaderNames
from .plans import DuplicateTracker, ImportPlan
from .reading import LedgerRow

Plan = Callable[[Sequence[LedgerRow], Any], ImportPlan]
Commit = Callable[[ImportPlan, Any, ImportBatch], Iterable[models.Model]]


@dataclass(frozen=True)
class LedgerDefinition:
    """One ledger.

    ``code`` is its name in addresses and commands, ``title`` what the office calls it,
    ``noun`` what one record is called (小区, 企业). ``plan(rows, actor)`` tells what would
    happen, ``commit(plan, actor, batch)`` does it; see the package's example. ``roles`` may
    import. ``unit`` and ``template_notes`` are for the empty form.
    """

    code: str
    title: str
    columns: Sequence[LedgerColumn]
    plan: Plan
    commit: Commit
    roles: Collection[str]
    noun: str = "条"
    unit: str = ""
    duplicates: DuplicateTracker | None = None
    template_notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        HeaderNames(self.columns)  # two columns of one name would be found too late
        if self.duplicates and self.duplicates.column not in {c.name for c in self.columns}:
            raise ValueError(f"{self.code}: no column {self.duplicates.column!r}")


class UnknownLedger(BusinessError):
    """No ledger of this code is registered."""

    def __init__(self, code: str) -> None:
        known = "、".join(_ledgers)
        super().__init__(f"没有“{code}”这种台账。可用的有：{known}。", code="unknown_ledger")


_ledgers: dict[str, LedgerDefinition] = {}


def register(definition: LedgerDefinition) -> LedgerDefinition:
    """Make a ledger known; registering a code again replaces it."""
    _ledgers[definition.code] = definition
    return definition


def unregister(code: str) -> None:
    """Forget a ledger (tests register theirs for a while)."""
    _ledgers.pop(code, None)


def find(code: str) -> LedgerDefinition:
    """Return the ledger called ``code``. Raises :class:`UnknownLedger`."""
    if code not in _ledgers:
        raise UnknownLedger(code)
    return _ledgers[code]


def all_ledgers() -> list[LedgerDefinition]:
    """Return all ledgers in the order of their registration."""
    return list(_ledgers.values())


def ledgers_for(actor: Any) -> list[LedgerDefinition]:
    """Return the ledgers that ``actor`` may import."""
    return [definition for definition in _ledgers.values() if holds(actor, definition.roles)]
