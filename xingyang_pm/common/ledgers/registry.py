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
    import. ``unit`` and ``template_notes`` are for the empty form; ``template(actor)`` makes a
    form of the ledger's own, filled in for this person, instead.
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
    template: Callable[[Any], bytes] | None = None

    def __post_init__(self) -> None:
        HeaderNames(self.columns)  # two columns of one name would be found too late
        if self.duplicates and self.duplicates.column not in {c.name for c in self.columns}:
            raise ValueError(f"{self.code}: no column {self.duplicates.column!r}")


@dataclass(frozen=True)
class LedgerFamily:
    """Ledgers of which there is one for each of something, such as a round of inspections.

    Their codes are ``prefix`` and a number; ``make(number)`` returns the ledger, or None if there
    is no such thing. ``title`` names all of them, ``roles`` are those of each.
    """

    prefix: str
    title: str
    roles: Collection[str]
    make: Callable[[int], LedgerDefinition | None]

    def find(self, code: str) -> LedgerDefinition | None:
        number = code.removeprefix(self.prefix)
        known = code.startswith(self.prefix) and number.isascii() and number.isdigit()
        return self.make(int(number)) if known and len(number) < 10 else None


class UnknownLedger(BusinessError):
    """No ledger of this code is registered."""

    def __init__(self, code: str) -> None:
        known = "、".join(_ledgers)
        super().__init__(f"没有“{code}”这种台账。可用的有：{known}。", code="unknown_ledger")


_ledgers: dict[str, LedgerDefinition] = {}
_families: dict[str, LedgerFamily] = {}


def register(definition: LedgerDefinition) -> LedgerDefinition:
    """Make a ledger known; registering a code again replaces it."""
    _ledgers[definition.code] = definition
    return definition


def register_family(family: LedgerFamily) -> None:
    """Make a family of ledgers known; they are found by code, not listed."""
    _families[family.prefix] = family


def title_of(code: str) -> str:
    """Return what the ledger of ``code`` is called, of a family what all of it is called; the
    code itself where it is no longer known. No query."""
    if code in _ledgers:
        return _ledgers[code].title
    found = next((f for f in _families.values() if code.startswith(f.prefix)), None)
    return found.title if found else code


def all_roles() -> set[str]:
    """Return the roles of all ledgers together, those of families too."""
    owners = [*(d.roles for d in _ledgers.values()), *(f.roles for f in _families.values())]
    return {role for roles in owners for role in roles}


def unregister(code: str) -> None:
    """Forget a ledger (tests register theirs for a while)."""
    _ledgers.pop(code, None)


def find(code: str) -> LedgerDefinition:
    """Return the ledger called ``code``. Raises :class:`UnknownLedger`."""
    if code in _ledgers:
        return _ledgers[code]
    for family in _families.values():
        found = family.find(code)
        if found is not None:
            return found
    raise UnknownLedger(code)


def all_ledgers() -> list[LedgerDefinition]:
    """Return all ledgers in the order of their registration."""
    return list(_ledgers.values())


def ledgers_for(actor: Any) -> list[LedgerDefinition]:
    """Return the ledgers that ``actor`` may import."""
    return [definition for definition in _ledgers.values() if holds(actor, definition.roles)]
