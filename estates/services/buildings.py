"""The buildings of an estate; its figures follow the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from estates.calculations import figure_after
from estates.models import Building, Estate
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

from .registry import ONLY_EDITORS, locked_estate

TAG = "楼栋"
FIELDS = ("name", "floors", "units", "households", "built_year")


@dataclass(frozen=True)
class BuildingFacts:
    """One building as a form or a ledger gives it."""

    name: str
    floors: int | None = None
    units: int | None = None
    households: int = 0
    built_year: int | None = None


@dataclass(frozen=True)
class BuildingSums:
    """What the list of buildings adds up to. ``units`` is None if one of them is not known."""

    buildings: int
    units: int | None
    households: int


def building_sums(rows: Sequence[Building]) -> BuildingSums:
    units = [row.units for row in rows]
    known = [number for number in units if number is not None]
    return BuildingSums(
        len(rows),
        sum(known) if len(known) == len(units) else None,
        sum(row.households for row in rows),
    )


def figures_follow(estate: Estate, before: BuildingSums, after: BuildingSums) -> dict[str, int]:
    """Return the estate's figures that change with its list of buildings.

    The households of the registry never do: money rests on them.
    """
    found = {}
    count = figure_after(estate.building_count, before.buildings, after.buildings)
    if count != estate.building_count:
        found["building_count"] = count
    if after.units is not None and after.buildings == count and after.units != estate.unit_count:
        found["unit_count"] = after.units
    return found


def _write_figures(estate: Estate, before: BuildingSums) -> None:
    after = building_sums(list(estate.buildings.all()))
    estate.updated_at = clock.now()
    follow = figures_follow(estate, before, after)
    for name, value in follow.items():
        setattr(estate, name, value)
    estate.save(update_fields=[*follow, "updated_at"])


def _sums(estate: Estate) -> BuildingSums:
    return building_sums(list(estate.buildings.all()))


def building_add(*, estate: Estate, actor: User, **values: Any) -> Building:
    """Add one building (``name`` and any of floors, units, households, built_year)."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        estate = locked_estate(estate, actor)
        before = _sums(estate)
        last = estate.buildings.aggregate(last=Max("position"))["last"] or 0
        row = Building(estate=estate, position=last + 1, **_known(values))
        row.name = " ".join(row.name.split())
        row.full_clean()
        row.save()
        _write_figures(estate, before)
        record(
            actor=actor,
            verb="building.add",
            target=estate,
            summary=f"登记 {row.name}，{row.households} 户",
            after=snapshot(row, FIELDS),
            tag=TAG,
        )
    return row


def building_update(*, building: Building, actor: User, **values: Any) -> Building:
    """Change facts of one building."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(building, actor)
        estate = locked_estate(building.estate, actor)
        sums = _sums(estate)
        row = Building.objects.select_for_update(of=("self",)).get(pk=building.pk)
        before = snapshot(row, FIELDS)
        for name, value in _known(values).items():
            setattr(row, name, value)
        row.name = " ".join(row.name.split())
        row.full_clean()
        old, new = changes(before, snapshot(row, FIELDS))
        if not new:
            return row
        row.save(update_fields=list(new))
        _write_figures(estate, sums)
        record(
            actor=actor,
            verb="building.update",
            target=estate,
            summary=f"修改 {row.name} 的资料",
            before=old,
            after=new,
            tag=TAG,
        )
    return row


def building_remove(*, building: Building, actor: User) -> Estate:
    """Take a building off the list (pulled down, listed by mistake)."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(building, actor)
        estate = locked_estate(building.estate, actor)
        sums = _sums(estate)
        row = Building.objects.filter(pk=building.pk).first()
        if row is None:
            raise StaleState
        row.delete()
        _write_figures(estate, sums)
        record(
            actor=actor,
            verb="building.remove",
            target=estate,
            summary=f"删去 {row.name}",
            before=snapshot(row, FIELDS),
            tag=TAG,
        )
    return estate


def buildings_set(*, estate: Estate, actor: User, buildings: Sequence[BuildingFacts]) -> Estate:
    """Make ``buildings`` the whole list, in this order; the estate's building count follows."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    names = [building.name for building in buildings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BusinessError(f"楼栋“{twice[0]}”写了两次，请改名或删去一行。", field="buildings")
    with guarded():
        estate = locked_estate(estate, actor)
        rows = list(estate.buildings.all())
        before = _listed(rows)
        known = {row.name: row for row in rows}
        for position, facts in enumerate(buildings, start=1):
            row = known.pop(facts.name, None) or Building(estate=estate, name=facts.name)
            row.position, row.floors, row.units = position, facts.floors, facts.units
            row.households, row.built_year = facts.households, facts.built_year
            row.full_clean()
            row.save()
        for row in known.values():
            row.delete()
        now = list(estate.buildings.all())
        after = _listed(now)
        if before == after:
            return estate
        sums = building_sums(now)
        estate.building_count = sums.buildings
        if sums.units is not None:
            estate.unit_count = sums.units
        estate.updated_at = clock.now()
        estate.save(update_fields=["building_count", "unit_count", "updated_at"])
        record(
            actor=actor,
            verb="building.set",
            target=estate,
            summary=f"登记楼栋 {sums.buildings} 栋，{sums.households} 户",
            before={"buildings": before},
            after={"buildings": after},
            tag=TAG,
        )
    return estate


def _listed(rows: Sequence[Building]) -> list[list[Any]]:
    return [[getattr(row, name) for name in FIELDS] for row in rows]


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` with a blank household number as 0; unknown names are a mistake."""
    strange = set(values) - set(FIELDS)
    if strange:
        raise TypeError(f"a building has no {sorted(strange)}")
    return {
        name: 0 if name == "households" and value is None else value
        for name, value in values.items()
    }
