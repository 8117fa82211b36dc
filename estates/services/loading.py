"""A ledger's estates into the registry, thousands at once, by whoever may import them."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from accounts.choices import Role
from accounts.models import User
from estates.choices import COUNT_ENTERERS, CountStatus, EstateKind, EstateStatus
from estates.models import Building, Estate, HouseholdCount, Street
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds, require
from xingyang_pm.common.audit import Act, changes, record_many, snapshot
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.numbers import next_numbers

from .buildings import BuildingFacts, building_sums, figures_follow
from .counts import TAG as COUNT_TAG
from .counts import batch_evidence
from .registry import (
    ESTATE_FIELDS,
    NOT_BY_UPDATE,
    SERIES,
    TAG,
    changed_labels,
    check_estate,
    estate_code,
)

# Who may bring estates of a kind in by a ledger; the bureau's manager all of them.
STREET_KINDS = frozenset({EstateKind.OLD})
_CHUNK = 400
_ROW_NAMES = ("street", "community")


@dataclass(frozen=True)
class LedgerCount:
    """A household number that a ledger states; ``place`` is its cell (京城路 G7)."""

    households: int
    buildings: int
    month: dt.date
    place: str = ""


@dataclass(frozen=True)
class LedgerEntry:
    """One estate of a ledger. ``estate`` is None for a new one, whose ``values`` then hold kind,
    name and street; of a known one they hold what changes. ``buildings`` are new or changed."""

    estate: Estate | None
    values: Mapping[str, Any] = field(default_factory=dict)
    count: LedgerCount | None = None
    buildings: Sequence[BuildingFacts] = ()


@dataclass
class Loaded:
    """What was written; ``estates`` stand in the order of the entries."""

    estates: list[Estate] = field(default_factory=list)
    counts: list[HouseholdCount] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)

    def records(self) -> Iterator[models.Model]:
        yield from self.estates
        yield from self.counts
        yield from self.buildings


def estates_load(*, entries: Sequence[LedgerEntry], batch: ImportBatch, actor: User) -> Loaded:
    """Write the estates of a ledger: register new ones, change known ones, all or none.

    A street's clerk brings in old estates of the own street alone. Household numbers are
    entered as counts, with the ledger as their evidence, and wait for verification; only a new
    estate gets its registry figure at once.
    """
    _require_loader(entries, actor)
    with guarded():
        loaded = Loaded([entry.estate or Estate() for entry in entries])
        new = [i for i, entry in enumerate(entries) if entry.estate is None]
        known = [i for i, entry in enumerate(entries) if entry.estate is not None]
        for index, estate in zip(new, _register([entries[i] for i in new], loaded), strict=True):
            loaded.estates[index] = estate
        for index, estate in zip(
            known, _revise([entries[i] for i in known], batch, actor, loaded), strict=True
        ):
            loaded.estates[index] = estate
        counts = _enter_counts(entries, batch, actor, loaded)
        _record_new([(loaded.estates[i], entries[i]) for i in new], counts, batch, actor)
        _record_counts([counts[loaded.estates[i].pk] for i in known if entries[i].count], actor)
    return loaded


def _require_loader(entries: Sequence[LedgerEntry], actor: User) -> None:
    require(actor, COUNT_ENTERERS, "小区台账由房管中心科室负责人导入。")
    if holds(actor, {Role.BUREAU_MANAGER}):
        return
    kinds = {e.estate.kind if e.estate is not None else e.values["kind"] for e in entries}
    if not kinds <= STREET_KINDS:
        raise NotPermitted("街道（乡镇）只能导入本街道的老旧小区台账。")
    streets = {
        entry.estate.street_id if entry.estate is not None else entry.values["street"].pk
        for entry in entries
    }
    own = Street.objects.visible_to(actor).filter(pk__in=streets).count()
    if own != len(streets):
        raise NotPermitted("台账里有不属于你所在街道（乡镇）的小区，整本没有入库。")


# --- New estates ----------------------------------------------------------------------------------


def _register(entries: Sequence[LedgerEntry], loaded: Loaded) -> list[Estate]:
    if not entries:
        return []
    moment = clock.now()
    numbers = next_numbers(SERIES, 0, len(entries))
    made = []
    for number, entry in zip(numbers, entries, strict=True):
        estate = Estate(**entry.values, created_at=moment, updated_at=moment)
        estate.code = estate_code(number)
        sums = building_sums([Building(**vars(facts)) for facts in entry.buildings])
        for name, value in figures_follow(estate, building_sums([]), sums).items():
            if not getattr(estate, name):
                setattr(estate, name, value)
        check_estate(estate)
        _clean(estate, entry.values)
        made.append(estate)
    made = Estate.objects.bulk_create(made, batch_size=_CHUNK)
    loaded.buildings += Building.objects.bulk_create(
        [
            Building(estate=estate, position=position, **vars(facts))
            for estate, entry in zip(made, entries, strict=True)
            for position, facts in enumerate(entry.buildings, start=1)
        ],
        batch_size=_CHUNK,
    )
    return made


def _clean(estate: Estate, names: Any) -> None:
    """Hold the named plain fields against the model's rules. Keys were read from the database
    just now, and what is unique is judged by the database as the rows go in."""
    wanted = {*names, "code", "initials"} - set(_ROW_NAMES)
    estate.clean_fields(
        exclude={f.name for f in Estate._meta.concrete_fields if f.name not in wanted}
    )


# --- Known estates --------------------------------------------------------------------------------


def _revise(
    entries: Sequence[LedgerEntry], batch: ImportBatch, actor: User, loaded: Loaded
) -> list[Estate]:
    revised: list[Estate] = []
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        keys = [entry.estate.pk for entry in chunk if entry.estate is not None]
        rows = {
            row.pk: row
            for row in Estate.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .select_related("street", "community")
            .filter(pk__in=keys, status=EstateStatus.ACTIVE)
        }
        if len(rows) != len(set(keys)):
            raise StaleState("有的小区已不在册，或不在你的范围内，整本没有入库。请重新上传并核对。")
        listed: dict[int, list[Building]] = {pk: [] for pk in rows}
        for building in Building.objects.filter(estate__in=keys).order_by("position", "pk"):
            listed[building.estate_id].append(building)
        acts, fields = [], {"updated_at"}
        for pk, entry in zip(keys, chunk, strict=True):
            act = _revise_one(rows[pk], entry, listed[pk], batch, loaded)
            if act is not None:
                acts.append(act)
                fields |= set(act.after or {}) & set(ESTATE_FIELDS)
            revised.append(rows[pk])
        Estate.objects.bulk_update(rows.values(), sorted(fields), batch_size=100)
        record_many(acts, actor=actor, verb="estate.update", tag=TAG)
    return revised


def _revise_one(
    estate: Estate,
    entry: LedgerEntry,
    listed: Sequence[Building],
    batch: ImportBatch,
    loaded: Loaded,
) -> Act | None:
    before = snapshot(estate, ESTATE_FIELDS)
    for name, value in entry.values.items():
        if name in NOT_BY_UPDATE:
            raise BusinessError("户数关系到补贴，由户数核定改变。", field=name)
        setattr(estate, name, value)
    old_buildings, new_buildings = _write_buildings(estate, entry, listed, loaded)
    check_estate(estate)
    _clean(estate, entry.values)
    old, new = changes(before, snapshot(estate, ESTATE_FIELDS))
    if new_buildings:
        old, new = {**old, "buildings": old_buildings}, {**new, "buildings": new_buildings}
    if not new:
        return None
    estate.updated_at = clock.now()
    labels = (
        [changed_labels([name for name in new if name != "buildings"])]
        if new.keys() - {"buildings"}
        else []
    )
    if new_buildings:
        labels.append(f"楼栋 {len(new_buildings)} 栋")
    return Act(
        estate,
        f"由台账“{batch.source_name}”修改{'、'.join(labels)}"[:500],
        before=old,
        after=new,
    )


def _write_buildings(
    estate: Estate, entry: LedgerEntry, listed: Sequence[Building], loaded: Loaded
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Add and change the entry's buildings; return them as they were and as they are."""
    if not entry.buildings:
        return [], []
    known = {row.name: row for row in listed}
    before, after = [], []
    rows = list(listed)
    for facts in entry.buildings:
        row = known.get(facts.name)
        if row is None:
            row = Building(estate=estate, position=len(rows) + 1, **vars(facts))
            rows.append(row)
        else:
            before.append([row.name, row.floors, row.units, row.households, row.built_year])
            row.floors, row.units, row.built_year = facts.floors, facts.units, facts.built_year
            row.households = facts.households
        row.full_clean(exclude=["estate"])
        row.save()
        loaded.buildings.append(row)
        after.append([row.name, row.floors, row.units, row.households, row.built_year])
    follow = figures_follow(estate, building_sums(listed), building_sums(rows))
    for name, value in follow.items():
        if name not in entry.values:
            setattr(estate, name, value)
    return before, after


# --- Counts and entries ---------------------------------------------------------------------------


def _enter_counts(
    entries: Sequence[LedgerEntry], batch: ImportBatch, actor: User, loaded: Loaded
) -> dict[int, HouseholdCount]:
    """Enter the counts of all entries; return them by estate."""
    moment = clock.now()
    rows = [
        HouseholdCount(
            estate=estate,
            effective_month=clock.month_start(entry.count.month),
            households=entry.count.households,
            buildings=entry.count.buildings,
            status=CountStatus.ENTERED,
            reason="来自台账",
            batch=batch,
            evidence_name=batch_evidence(batch, entry.count.place),
            entered_by=actor,
            entered_at=moment,
        )
        for estate, entry in zip(loaded.estates, entries, strict=True)
        if entry.count is not None
    ]
    loaded.counts = HouseholdCount.objects.bulk_create(rows, batch_size=_CHUNK)
    return {row.estate_id: row for row in loaded.counts}


def _count_words(count: HouseholdCount) -> str:
    return f"户数 {count.households} 户，{clock.chinese_month(count.effective_month)}起，待核定"


def _record_new(
    made: Sequence[tuple[Estate, LedgerEntry]],
    counts: Mapping[int, HouseholdCount],
    batch: ImportBatch,
    actor: User,
) -> None:
    """Record new estates, each together with its count."""

    def act(estate: Estate, entry: LedgerEntry) -> Act:
        count = counts.get(estate.pk)
        words = f"由台账“{batch.source_name}”登记{estate.get_kind_display()} {estate.name}"
        return Act(
            estate,
            f"{words}，{_count_words(count)}"[:500] if count else words[:500],
            subjects=[count] if count else (),
            after=snapshot(estate, [*entry.values, "building_count"]),
        )

    record_many(
        [act(estate, entry) for estate, entry in made],
        actor=actor,
        verb="estate.create",
        tag=TAG,
        tone="b",
    )


def _record_counts(counts: Sequence[HouseholdCount], actor: User) -> None:
    record_many(
        [Act(row, f"由台账录入{_count_words(row)}", subjects=[row.estate]) for row in counts],
        actor=actor,
        verb="count.enter",
        tag=COUNT_TAG,
        tone="a",
    )
