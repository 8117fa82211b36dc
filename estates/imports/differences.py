"""How what a ledger states differs from what the registry holds, field by field."""

from typing import Any

from estates.calculations import folded
from estates.choices import ManagementMode
from estates.models import Building, Estate
from estates.services.buildings import BuildingFacts
from xingyang_pm.common.ledgers.plans import BLANK, FieldChange, display

from .columns import FOUR_FIELDS

# Columns of a ledger that are fields of an estate as they stand.
PLAIN = (
    "address", "developer", "ownership_unit", "built_year", "delivered_on", "renovated_year",
    "land_area", "floor_area", "building_count", "unit_count", "occupied_count", "lift_count",
    "parking_above", "parking_below", "property_type", "management_mode", *FOUR_FIELDS,
    "has_service_station", "station_accepted_on", "property_officer", "contact_name",
    "contact_phone", "remarks",
)  # fmt: skip
FIELDS = frozenset({*PLAIN, "community"})
SECRET = frozenset({"contact_phone"})
_LABELS = {
    name: str(getattr(Estate._meta.get_field(name), "verbose_name", name))
    for name in (*FIELDS, "household_count")
}
_MODES = dict(ManagementMode.choices)
_BUILDING_PARTS = (
    ("floors", "层数", "层"),
    ("units", "单元数", "单元"),
    ("households", "户数", "户"),
    ("built_year", "建成", "年"),
)


def same(old: Any, new: Any) -> bool:
    """Whether two values say the same; width and blanks of text make no difference."""
    if isinstance(old, str) and isinstance(new, str):
        return folded(old) == folded(new)
    return bool(old == new)


def field_change(name: str, old: Any, new: Any, note: str = "") -> FieldChange:
    """Return the change of an estate's field as the check screen shows it."""

    def say(value: Any) -> str:
        if value in (None, ""):
            return BLANK
        return _MODES.get(value, "") if name == "management_mode" else display(value)

    return FieldChange(
        name, _LABELS[name], say(old), say(new), value=new, note=note, secret=name in SECRET
    )


def building_changes(
    building: Building | None, facts: BuildingFacts
) -> tuple[list[FieldChange], BuildingFacts]:
    """Return the changes of one building, and its facts with what the row leaves blank kept."""
    if building is None:
        words = "、".join(
            f"{value}{unit}" for name, _, unit in _BUILDING_PARTS if (value := getattr(facts, name))
        )
        return [FieldChange("building", facts.name, BLANK, words or "新登记")], facts
    changes, values = [], {}
    for name, label, _ in _BUILDING_PARTS:
        old, new = getattr(building, name), getattr(facts, name)
        blank = new is None or (name == "households" and not new)
        values[name] = old if blank else new
        if not blank and new != old:
            changes.append(
                FieldChange("building", f"{building.name} {label}", display(old), display(new))
            )
    return changes, BuildingFacts(building.name, **values)
