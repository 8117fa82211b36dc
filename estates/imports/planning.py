"""What a ledger of estates would do, row by row. Reads set by set, writes nothing."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from accounts.choices import REGISTRY_EDITORS
from estates.calculations import estate_key, folded
from estates.choices import CountStatus, EstateKind
from estates.models import (
    Building,
    Community,
    Estate,
    HouseholdCount,
    OwnersCommittee,
    StaffAssignment,
    Street,
)
from estates.services.buildings import BuildingFacts
from estates.services.loading import LedgerCount, LedgerEntry
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.ledgers.cells import presentable
from xingyang_pm.common.ledgers.columns import LedgerColumn
from xingyang_pm.common.ledgers.plans import BLANK, FieldChange, ImportPlan
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.spelling import misspelling

from .columns import FOUR_FIELDS
from .companions import CompanionRow, companions_of
from .differences import FIELDS, PLAIN, building_changes, field_change, same
from .items import Item, Known, Payload, is_building_row
from .matching import Registry, Territory, Unknown, estates_by_pk, officers_by_name

# Columns that no companion has taken in yet, and what the clerk is told of them.
ELSEWHERE = {
    "paying_households": "收费情况按月在补贴里登记",
    "city_subsidy": "奖励和补贴在补贴里登记",
    "town_subsidy": "奖励和补贴在补贴里登记",
}
_FIRST_BUILT = 1949
_CHUNK = 500


class LedgerPlanner:
    """Plans the rows of one ledger for one person."""

    def __init__(
        self, code: str, kind: EstateKind, columns: Sequence[LedgerColumn], actor: Any
    ) -> None:
        self.code = code
        self.kind = kind
        self.names = {column.name for column in columns}
        self.labels = {column.name: column.label for column in columns}
        self.actor = actor
        self.edits = holds(actor, REGISTRY_EDITORS)
        self.territory = Territory(actor)
        self.plan = ImportPlan()
        self.items: list[Item] = []
        self.month = clock.month_start(clock.today())
        self._told: set[tuple[str, str]] = set()
        self._known_items: dict[int, list[Item]] = {}
        self._named_items: dict[tuple[int, str], Item] = {}

    def run(self, rows: Sequence[LedgerRow]) -> ImportPlan:
        main = [row for row in rows if not is_building_row(row)]
        listed = [row for row in rows if is_building_row(row)]
        placed = [(row, place) for row in main if (place := self._place(row)) is not None]
        by_street = [(row, street) for row in listed if (street := self._street(row)) is not None]
        self.registry = Registry(
            self.kind,
            {street for _, (street, _) in placed} | {street for _, street in by_street},
        )
        for row, (street, community) in placed:
            self._match(row, street, community)
        self._assign_buildings(by_street)
        self._read()
        for item in self.items:
            self._examine(item)
        self._ask_companions()
        self._tell_of_columns(main)
        for item in self.items:
            self._write(item)
        return self.plan

    # --- Places -------------------------------------------------------------------------------

    def _street(self, row: LedgerRow) -> Street | None:
        try:
            return self.territory.street(row["street"])
        except Unknown as unknown:
            self.plan.refuse(row, "street", unknown.message)
            return None

    def _place(self, row: LedgerRow) -> tuple[Street, Community | None] | None:
        street = self._street(row)
        wrong = misspelling(row["name"])
        if wrong:
            self.plan.refuse(row, "name", wrong)
        if street is None:
            return None
        community = None
        if row.get("community"):
            try:
                community = self.territory.community(street, row["community"])
            except Unknown as unknown:
                self.plan.refuse(row, "community", unknown.message)
                return None
        return None if wrong else (street, community)

    def _match(self, row: LedgerRow, street: Street, community: Community | None) -> None:
        item = Item(presentable(row["name"]), street, row, community)
        try:
            match = self.registry.find(street, row["name"])
        except Unknown as unknown:
            self.plan.refuse(row, "name", unknown.message)
            return
        if match is not None:
            twin = next((i for i in self._by_known(match.pk) if i.row is not None), None)
            if twin is not None and twin.row is not None:
                self.plan.refuse(
                    row,
                    "name",
                    f"与第 {twin.row.row} 行“{twin.name}”是同一个小区。请删去其中一行。",
                )
                return
            item.known, item.alias = match.pk, match.by
        self._add(item)

    def _add(self, item: Item) -> None:
        self.items.append(item)
        if item.known is not None:
            self._known_items.setdefault(item.known, []).append(item)
        self._named_items.setdefault((item.street.pk, estate_key(item.name)), item)

    def _by_known(self, pk: int) -> list[Item]:
        return self._known_items.get(pk, [])

    def _assign_buildings(self, rows: Iterable[tuple[LedgerRow, Street]]) -> None:
        for row, street in rows:
            if not row["building"]:
                self.plan.refuse(row, "building", "楼栋不能为空。请补填，如 1号楼。")
                continue
            facts = BuildingFacts(
                presentable(row["building"]),
                row["floors"],
                row["unit_count"],
                row["household_count"] or 0,
                row["built_year"],
            )
            item = self._named_items.get((street.pk, estate_key(row["name"])))
            if item is None:
                item = self._known_only(row, street)
            if item is not None:
                item.listed.append((row, facts))

    def _known_only(self, row: LedgerRow, street: Street) -> Item | None:
        """Return the estate of a building whose estate has no row of its own in the ledger."""
        try:
            match = self.registry.find(street, row["name"])
        except Unknown as unknown:
            self.plan.refuse(row, "name", unknown.message)
            return None
        if match is None:
            self.plan.refuse(
                row, "name", f"名录和本表里都没有可以登记的“{row['name']}”。请先写好小区一行。"
            )
            return None
        found = self._by_known(match.pk)
        if found:
            return found[0]
        item = Item(presentable(row["name"]), street, known=match.pk)
        self._add(item)
        return item

    # --- The registry -------------------------------------------------------------------------

    def _read(self) -> None:
        keys = sorted(self._known_items)
        estates = estates_by_pk(keys)
        for item in self.items:
            if item.known is not None:
                item.estate = estates[item.known]
        self.known = Known()
        self.people = officers_by_name() if "officer" in self.names else {}
        today = clock.today()
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            counts = HouseholdCount.objects.filter(
                estate__in=chunk, status__in=[CountStatus.VERIFIED, CountStatus.ENTERED]
            )
            for row in counts.order_by("effective_month").select_related("entered_by"):
                if row.status == CountStatus.ENTERED:
                    self.known.waiting[row.estate_id] = row
                else:
                    self.known.last_month[row.estate_id] = row.effective_month
                    if row.effective_month <= self.month:
                        self.known.in_force[row.estate_id] = row
            for held in StaffAssignment.objects.on(today).filter(estate__in=chunk):
                self.known.officers[held.estate_id] = held
            self.known.committees |= set(
                OwnersCommittee.objects.filter(estate__in=chunk).values_list("estate_id", flat=True)
            )
        listed = [item.known for item in self.items if item.listed and item.known is not None]
        for start in range(0, len(listed), _CHUNK):
            for building in Building.objects.filter(estate__in=listed[start : start + _CHUNK]):
                self.known.buildings[building.estate_id].append(building)

    # --- One estate ---------------------------------------------------------------------------

    def _examine(self, item: Item) -> None:
        row = item.row
        if row is not None:
            item.facts = dict(self._facts(row, item))
            if item.refused:
                return
            self._look_at_name(item, row)
            if item.estate is None:
                self._new(item, row)
            else:
                self._compare(item, item.estate, row)
            if not item.refused:
                self._look_at_officer(item, row)
                self._look_at_committee(item, row)
        if not item.refused:
            self._look_at_buildings(item)

    def _facts(self, row: LedgerRow, item: Item) -> Iterator[tuple[str, Any]]:
        """Yield the fields that the row states; blank cells state nothing."""
        for name in PLAIN:
            if name in self.names and row.has(name) and row[name] not in (None, ""):
                value = row[name]
                yield name, presentable(value) if isinstance(value, str) else value
        wrong = misspelling(row.get("address", "") if "address" in self.names else "")
        if wrong:
            self._refuse(item, row, "address", wrong)
        if item.community is not None:
            yield "community", item.community
        if "built" in self.names and row["built"] is not None:
            built = row["built"]
            if isinstance(built, dt.date):
                yield "delivered_on", built
            year = built.year if isinstance(built, dt.date) else built
            if year >= _FIRST_BUILT:
                yield "built_year", year
        if "parking" in self.names and row["parking"] is not None:
            for name, number in zip(
                ("parking_above", "parking_below"), row["parking"], strict=True
            ):
                if number is not None and row[name] is None:
                    yield name, number
        if "building" in self.names and row.has("building") and row["building"]:
            text = str(row["building"])
            if not row.has("building_count") and text.isdigit():
                yield "building_count", int(text)
        if "four_haves" in self.names and row["four_haves"] is True:
            for name in FOUR_FIELDS:
                if not row.has(name):
                    yield name, True

    def _refuse(self, item: Item, row: LedgerRow, column: str, sentence: str) -> None:
        self.plan.refuse(row, column, sentence)
        item.refused = True

    def _look_at_name(self, item: Item, row: LedgerRow) -> None:
        if item.estate is not None:
            if item.alias:
                self.plan.warn(
                    row,
                    "name",
                    f"“{item.alias}”是 {item.estate}（{item.estate.code}）的曾用名或别名，"
                    "已对应到这个小区，名称不变。",
                )
            return
        near = self.registry.near(item.street, item.name)
        if near:
            names = "、".join(f"“{name}”" for name in near)
            self.plan.warn(
                row,
                "name",
                f"与{names}相近，将按新小区登记。若是同一个小区，请改写名录里的名称。",
            )
        other = self.registry.of_other_kind(item.street, item.name)
        if other:
            self.plan.warn(
                row, "name", f"本街道（乡镇）有同名的{other}，将另登记为{self.kind.label}。"
            )

    def _new(self, item: Item, row: LedgerRow) -> None:
        households = row["household_count"]
        if households is None:
            column = "household_count" if row.has("household_count") else "name"
            self._refuse(item, row, column, "新登记的小区须有户数。请补填。")
            return
        occupied = item.facts.get("occupied_count")
        if occupied is not None and occupied > households:
            self._refuse_occupied(item, row, occupied, households)
            return
        if households:
            month = row["subsidy_month"] if "subsidy_month" in self.names else None
            item.count = self._count(item, row, households, month or self.month)
        else:
            self.plan.warn(row, "household_count", "户数是 0，入库后不送核定，请核对。")

    def _refuse_occupied(self, item: Item, row: LedgerRow, occupied: int, households: int) -> None:
        self._refuse(
            item, row, "occupied_count", f"入住户数 {occupied} 多于户数 {households}。请核对。"
        )

    def _count(self, item: Item, row: LedgerRow, households: int, month: dt.date) -> LedgerCount:
        buildings = item.facts.get("building_count")
        if buildings is None:
            buildings = item.estate.building_count if item.estate else len(item.listed)
        place = f"{row.sheet} {row.cell('household_count')}"
        return LedgerCount(households, buildings, month, place)

    # --- What changes -------------------------------------------------------------------------

    def _compare(self, item: Item, estate: Estate, row: LedgerRow) -> None:
        for name, value in item.facts.items():
            old = getattr(estate, name)
            if same(old, value):
                continue
            item.fields.append(field_change(name, old, value))
        self._compare_occupied(item, estate, row)
        self._compare_households(item, estate, row)
        if not item.refused:
            self._remark_on_buildings(item)

    def _compare_occupied(self, item: Item, estate: Estate, row: LedgerRow) -> None:
        occupied = item.facts.get("occupied_count")
        stated = row["household_count"]
        if occupied is None or occupied <= estate.household_count:
            return
        if stated is None or occupied > stated:
            households = estate.household_count if stated is None else stated
            self._refuse_occupied(item, row, occupied, households)
            return
        item.fields = [change for change in item.fields if change.name != "occupied_count"]
        self.plan.warn(
            row,
            "occupied_count",
            f"入住户数 {occupied} 多于现在登记的 {estate.household_count} 户，没有读取。"
            "新的户数核定后再导入。",
        )

    def _compare_households(self, item: Item, estate: Estate, row: LedgerRow) -> None:
        new = row["household_count"]
        if new is None or new == estate.household_count or item.refused:
            return
        waiting = self.known.waiting.get(estate.pk)
        if waiting is not None:
            if waiting.households != new:
                day = clock.chinese_date(waiting.entered_at.astimezone(clock.SHANGHAI).date())
                self._refuse(
                    item,
                    row,
                    "household_count",
                    f"{estate} 已有 {waiting.households} 户待核定（{waiting.entered_by} "
                    f"{day}录入）。请先核定或撤回，再导入新的户数。",
                )
            return
        if not new:
            self._refuse(item, row, "household_count", "户数不能改为 0。请核对。")
            return
        last = self.known.last_month.get(estate.pk)
        month = max(self.month, clock.add_months(last, 1)) if last else self.month
        item.count = self._count(item, row, new, month)
        in_force = self.known.in_force.get(estate.pk)
        if in_force is not None and self.kind == EstateKind.OLD:
            note = f"入库后送户数核定，核定前仍按 {in_force.households} 户补贴"
        else:
            note = f"入库后送户数核定，核定前仍为 {estate.household_count} 户"
        item.fields.append(field_change("household_count", estate.household_count, new, note))

    def _remark_on_buildings(self, item: Item) -> None:
        if item.count is not None:
            return
        for index, change in enumerate(item.fields):
            if change.name == "building_count" and item.estate is not None:
                word = "增加" if change.value > item.estate.building_count else "减少"
                item.fields[index] = FieldChange(
                    change.name, change.label, change.old, change.new, change.value,
                    f"提醒：楼栋{word}而户数未变", change.secret, "a",
                )  # fmt: skip

    # --- Officer, committee, buildings --------------------------------------------------------

    def _look_at_officer(self, item: Item, row: LedgerRow) -> None:
        name = row["officer"]
        if not name:
            return
        if not self.edits:
            self._tell_once(row, "officer", "分包由房管中心安排，包片人员没有读取。")
            return
        found = self.people.get(folded(name), [])
        if len(found) != 1:
            what = f"有 {len(found)} 个检查员叫“{name}”" if found else f"没有“{name}”这个检查员"
            self.plan.warn(row, "officer", f"{what}，分包没有登记。请在分包安排里登记。")
            return
        officer = found[0]
        held = self.known.officers.get(item.known) if item.known is not None else None
        if held is not None and held.officer_id == officer.pk:
            return
        if held is not None and held.start_date >= clock.today():
            self.plan.warn(
                row, "officer", f"{item.name} 今天刚改过分包，这一格没有读取。请在分包安排里登记。"
            )
            return
        item.officer = officer
        if item.estate is not None:
            names = {user.pk: user.name for users in self.people.values() for user in users}
            old = names.get(held.officer_id, "已离岗人员") if held is not None else BLANK
            item.fields.append(
                FieldChange("officer", "分包干部", old, officer.name, note="自入库当日起")
            )

    def _look_at_committee(self, item: Item, row: LedgerRow) -> None:
        stated = row["committee"] if "committee" in self.names else None
        if stated is None:
            return
        known = item.known in self.known.committees
        if stated and not known:
            self.plan.warn(
                row, "committee", "有业委会，届别和任期没有登记。入库后请在小区资料里登记。"
            )
        elif not stated and known:
            self.plan.warn(row, "committee", "名录里已登记业委会，与表中不同，名录不变。请核对。")

    def _look_at_buildings(self, item: Item) -> None:
        if not item.listed:
            return
        known = {
            folded(b.name): b
            for b in (self.known.buildings[item.known] if item.known is not None else ())
        }
        for row, facts in item.listed:
            building = known.get(folded(facts.name))
            changes, facts = building_changes(building, facts)
            if building is not None and not changes:
                continue
            item.buildings.append(facts)
            item.building_rows.append(row)
            item.building_fields += changes
        self._sums(item, known)

    def _sums(self, item: Item, known: dict[str, Building]) -> None:
        """Say where the list of buildings and the estate's own figures differ."""
        homes = {key: building.households for key, building in known.items()}
        homes.update({folded(facts.name): facts.households for facts in item.buildings})
        row = item.row or item.listed[0][0]
        stated = item.row["household_count"] if item.row is not None else None
        households = stated if stated is not None else item.estate and item.estate.household_count
        total = sum(homes.values())
        if total and households and total != households:
            self.plan.warn(
                row,
                "household_count" if item.row is not None else "name",
                f"{item.name} 各楼户数合计 {total}，与小区户数 {households} 不一致，请核对。",
            )
        count = item.facts.get("building_count")
        if count is not None and count != len(homes):
            self.plan.warn(
                row,
                "building_count",
                f"{item.name} 楼栋表共 {len(homes)} 栋，与楼栋数 {count} 不一致，请核对。",
            )

    # --- Companions ---------------------------------------------------------------------------

    def _ask_companions(self) -> None:
        for number, companion in enumerate(companions_of(self.code)):
            asked = [
                item
                for item in self.items
                if item.row is not None
                and not item.refused
                and any(item.row.has(name) for name in companion.columns)
            ]
            rows = [
                CompanionRow(
                    item.row,
                    item.estate,
                    item.name,
                    item.street,
                    item.community or (item.estate.community if item.estate else None),
                    {n: item.row[n] for n in companion.columns if item.row.has(n)},
                )
                for item in asked
                if item.row is not None
            ]
            for item, made in zip(asked, companion.plan(rows, self.actor), strict=True):
                if item.row is None:
                    continue
                for column, sentence in made.warnings:
                    self.plan.warn(item.row, column, sentence)
                for column, sentence in made.errors:
                    self._refuse(item, item.row, column, sentence)
                if item.estate is not None:
                    item.fields += made.fields
                if made.note:
                    item.notes.append(made.note)
                if made.act:
                    item.acts.append(made.act)
                item.parts += [None] * (number - len(item.parts))
                item.parts.append(made.payload)

    def _tell_of_columns(self, rows: Iterable[LedgerRow]) -> None:
        taken = {name for companion in companions_of(self.code) for name in companion.columns}
        open_names = [name for name in ELSEWHERE if name in self.names and name not in taken]
        four = "four_haves" in self.names
        for row in rows:
            for name in open_names:
                if row[name] is not None:
                    label = self.labels[name].partition("（")[0]
                    self._tell_once(row, name, f"“{label}”没有读取，{ELSEWHERE[name]}。")
            if four and row["four_haves"] is False:
                self._tell_once(row, "four_haves", "四有写“否”看不出缺哪一项，没有读取。请分列写。")

    def _tell_once(self, row: LedgerRow, column: str, sentence: str) -> None:
        if (row.sheet, column) not in self._told:
            self._told.add((row.sheet, column))
            self.plan.warn(row, column, sentence)

    # --- The plan -----------------------------------------------------------------------------

    def _write(self, item: Item) -> None:
        if item.refused:
            for row, _ in item.listed:
                self.plan.refuse(row, "name", f"“{item.name}”小区一行有误，请一并改好。")
            return
        self.plan.beside.update(item.acts)
        if item.estate is None:
            self._write_new(item)
            return
        changed = {(row.sheet, row.row) for row in item.building_rows}
        fields = [*item.fields, *item.building_fields]
        rows = [item.row] if item.row is not None and item.fields else []
        rows += item.building_rows
        if item.row is not None and not item.fields:
            self.plan.keep(item.row)
        for row, _ in item.listed:
            if (row.sheet, row.row) not in changed:
                self.plan.keep(row)
        if not rows:
            return
        values = {change.name: change.value for change in item.fields if change.name in FIELDS}
        self.plan.change(
            rows[0],
            item.estate.name,
            fields,
            code=item.estate.code,
            url=item.estate.get_absolute_url(),
            payload=Payload(
                LedgerEntry(item.estate, values, item.count, item.buildings),
                item.officer,
                tuple(item.parts),
            ),
            also=rows[1:],
        )

    def _write_new(self, item: Item) -> None:
        if item.row is None:
            return
        households = item.row["household_count"]
        values = {
            "kind": self.kind,
            "name": item.name,
            "street": item.street,
            **item.facts,
            "household_count": households,
        }
        self.plan.create(
            item.row,
            item.name,
            note="；".join(
                [f"登记 {households} 户，入库后送户数核定"] * bool(item.count) + item.notes
            ),
            payload=Payload(
                LedgerEntry(None, values, item.count, [facts for _, facts in item.listed]),
                item.officer,
                tuple(item.parts),
            ),
            also=[row for row, _ in item.listed],
        )
