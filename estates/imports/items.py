"""What a ledger's rows are before anything is decided: one item an estate, and its buildings."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from estates.calculations import estate_key, folded, street_stem
from estates.models import Building, Community, Estate, HouseholdCount, StaffAssignment, Street
from estates.services.buildings import BuildingFacts
from estates.services.loading import LedgerCount, LedgerEntry
from xingyang_pm.common.ledgers.plans import FieldChange
from xingyang_pm.common.ledgers.reading import LedgerRow


def is_building_row(row: LedgerRow) -> bool:
    """Whether the row is one building of an estate.

    Some write 楼栋 over the number of buildings: bare numbers without 层数 beside them are that.
    """
    if not row.has("building") or row.has("building_count"):
        return False
    if row.has("floors") or "楼栋" in row.sheet or "楼幢" in row.sheet:
        return True
    return not str(row.get("building", "")).isdigit()


def duplicate_key(row: LedgerRow) -> tuple[str, ...] | None:
    """Return what a ledger may hold once: street and name, and the building of its own row."""
    street, name = row["street"], row["name"]
    if not street or not name:
        return None
    building = row.get("building", "") if is_building_row(row) else ""
    return (street_stem(street), estate_key(name), folded(building))


def duplicate_sentence(row: LedgerRow) -> str:
    if is_building_row(row):
        return f"“{row['name']}”的 {row['building']} 已经写过。请删去一行。"
    return f"本街道（乡镇）已有“{row['name']}”。请删去一行，或写明东院、西院。"


@dataclass(frozen=True)
class Payload:
    """What ``commit`` gets of one estate; ``parts`` are the companions' payloads in their order."""

    entry: LedgerEntry
    officer: User | None = None
    parts: tuple[Any, ...] = ()


@dataclass
class Item:
    """One estate of the ledger with its rows; ``row`` is None where only buildings are listed."""

    name: str
    street: Street
    row: LedgerRow | None = None
    community: Community | None = None
    estate: Estate | None = None
    known: int | None = None
    alias: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    fields: list[FieldChange] = field(default_factory=list)
    count: LedgerCount | None = None
    officer: User | None = None
    listed: list[tuple[LedgerRow, BuildingFacts]] = field(default_factory=list)
    buildings: list[BuildingFacts] = field(default_factory=list)
    building_rows: list[LedgerRow] = field(default_factory=list)
    building_fields: list[FieldChange] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    refused: bool = False


@dataclass
class Known:
    """What the registry holds of the ledger's estates beside their own fields."""

    in_force: dict[int, HouseholdCount] = field(default_factory=dict)
    last_month: dict[int, dt.date] = field(default_factory=dict)
    waiting: dict[int, HouseholdCount] = field(default_factory=dict)
    officers: dict[int, StaffAssignment] = field(default_factory=dict)
    buildings: dict[int, list[Building]] = field(default_factory=lambda: defaultdict(list))
    committees: set[int] = field(default_factory=set)
