"""The list and the record of estates."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.choices import PERSONAL_DATA_READERS, REGISTRY_EDITORS
from estates import selectors
from estates.choices import COUNT_ENTERERS, EstateKind, EstateStatus
from estates.exports import CARD
from estates.filters import EstateFilterSet
from estates.models import Estate, HouseholdCount, StaffAssignment
from estates.selectors import HouseholdState, estate_panels
from estates.tables import (
    BuildingEditTable,
    BuildingTable,
    CommitteeTable,
    EstateAssignmentTable,
    EstateCountTable,
    EstateNameTable,
    EstateTable,
    MergedTable,
)
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import masked, month_day
from xingyang_pm.common.ledgers.registry import ledgers_for
from xingyang_pm.common.views.generic import (
    Action,
    Crumb,
    Fact,
    ListPage,
    Notice,
    Panel,
    Pill,
    PortalView,
    RecordPage,
    SavedChip,
    Tab,
    TablePanel,
    count_line,
    facts_of,
)

LIST = "estates:estate-list"
# Own tabs stand among those of other apps: 服务合同 10, 检查 30, 整改 31, 补贴 40.
_COUNTS_ORDER = 20
_BUILDINGS_SHOWN = 6


def _imports(view: Any) -> bool:
    return bool(ledgers_for(view.user))


class EstateList(ListPage):
    model, table_class, filterset_class = Estate, EstateTable, EstateFilterSet
    title, unit = "小区名录", "个小区"
    all_label = "全部小区"
    actions = [
        Action("导入台账", "common:import-list", icon="upload", show=_imports),
        Action(
            "登记小区", "estates:estate-create", icon="plus", primary=True, roles=REGISTRY_EDITORS
        ),
    ]
    bulk_actions = [
        Action(
            "安排分包",
            "estates:assign-chosen",
            icon="user-check",
            method="post",
            roles=REGISTRY_EDITORS,
        )
    ]
    empty_icon = "building-community"
    empty_text = "还没有小区。可以登记一个，或导入台账。"
    filtered_empty_text = "没有符合条件的小区。"

    def get_rows(self) -> QuerySet:
        """Return the active estates; those merged or struck off when they are asked for."""
        rows = super().get_rows()
        asked = self.params.get("status", "")
        if asked in {EstateStatus.MERGED, EstateStatus.REMOVED}:
            return rows
        return rows.active()

    @property
    def views(self) -> Sequence[SavedChip]:
        """My own estates, then what other apps count, then what waits for a verification."""
        return [
            SavedChip(
                "我分包的",
                f"officer={self.user.pk}",
                count=lambda view: (
                    view.active_rows().assigned_to(view.user.pk, clock.today()).count()
                ),
                or_none=True,
            ),
            *(
                SavedChip(made.label, made.querystring, _counter(made), made.roles)
                for made in selectors.estate_views()
            ),
            SavedChip(
                "户数待核定",
                "waiting=1",
                count=lambda view: HouseholdCount.objects.visible_to(view.user).waiting().count(),
            ),
        ]

    def active_rows(self) -> QuerySet:
        return Estate.objects.visible_to(self.user).active()

    def count_line(self, count: int, totals: dict[str, Any]) -> Any:
        return count_line(
            (count, "个小区"), (totals["building_count"], "栋"), (totals["household_count"], "户")
        )


def _counter(made: selectors.EstateView) -> Any:
    count = made.count
    if count is None:
        return None
    return lambda view: count(view.active_rows(), view.user)


class EstateDetail(RecordPage):
    model = Estate
    list_url = LIST
    object: Estate

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street", "community", "merged_into")

    # --- Head -----------------------------------------------------------------------------

    def get_crumbs(self) -> list[Crumb]:
        street = self.object.street
        return [
            *super().get_crumbs(),
            Crumb(street.name, f"{reverse(LIST)}?street={street.pk}"),
        ]

    def get_pills(self) -> list[Pill]:
        estate = self.object
        pills = [Pill(estate.get_kind_display(), "b", plain=True)]
        if estate.status != EstateStatus.ACTIVE:
            pills.append(Pill(estate.get_status_display()))
        for panel in self.others:
            if panel.pills:
                pills += panel.pills(estate, self.user)
        return pills

    def get_meta(self) -> str:
        estate = self.object
        changed = month_day(estate.updated_at)
        return f"{estate.code}　{estate.street}{estate.community or ''}　最近改动 {changed}"

    def get_actions(self) -> list[Action]:
        actions = [
            Action("登记卡", "estates:estate-card", icon="printer", method="post", by_pk=True)
        ]
        if self.object.status != EstateStatus.ACTIVE:
            return actions
        actions.append(
            Action(
                "录入户数", "estates:count-create", icon="users", by_pk=True, roles=COUNT_ENTERERS
            )
        )
        for panel in self.others:
            if panel.actions:
                actions += panel.actions(self.object, self.user)
        actions.append(
            Action(
                "修改资料",
                "estates:estate-update",
                primary=True,
                by_pk=True,
                roles=REGISTRY_EDITORS,
            )
        )
        return actions

    @property
    def others(self) -> list[selectors.EstatePanel]:
        if not hasattr(self, "_others"):
            self._others = estate_panels(self.object)
        return self._others

    @property
    def may_edit(self) -> bool:
        return self.object.status == EstateStatus.ACTIVE and holds(self.user, REGISTRY_EDITORS)

    @property
    def sees_numbers(self) -> bool:
        return holds(self.user, PERSONAL_DATA_READERS)

    @property
    def households(self) -> HouseholdState:
        if not hasattr(self, "_households"):
            self._households = selectors.household_state(self.object)
        return self._households

    def tabs(self) -> Sequence[Tab]:
        estate = self.object
        counts = HouseholdCount.objects.visible_to(self.user).filter(estate=estate)
        added = [
            (
                panel.order,
                Tab(
                    panel.tab, panel.label, panel.count(estate, self.user) if panel.count else None
                ),
            )
            for panel in self.others
            if panel.tab
        ]
        added.append((_COUNTS_ORDER, Tab("counts", "户数核定", counts.count())))
        return [
            Tab("", "概况"),
            *(tab for _, tab in sorted(added, key=lambda entry: entry[0])),
            Tab("buildings", "楼栋", len(self.buildings)),
            Tab("more", "名称、业委会、分包"),
            Tab("timeline", "时间线"),
        ]

    @property
    def buildings(self) -> list[Any]:
        if not hasattr(self, "_buildings"):
            self._buildings = list(self.object.buildings.visible_to(self.user))
        return self._buildings

    # --- Overview -------------------------------------------------------------------------

    def notices(self) -> Sequence[Notice]:
        found: list[Notice] = []
        kept = self.object.merged_into
        if kept is not None:
            found.append(
                Notice(
                    f"已并入 {kept}（{kept.code}），这里只供查看。",
                    "a",
                    "git-merge",
                    url=kept.get_absolute_url(),
                    link=f"看 {kept}",
                )
            )
        waiting = self.households.waiting
        if waiting is not None:
            found.append(
                Notice(
                    f"户数 {waiting.households} 户待核定，"
                    f"{clock.chinese_month(waiting.effective_month)}起执行"
                    f"（{waiting.entered_by} 录入）。",
                    "a",
                    "clock",
                    url=waiting.get_absolute_url(),
                    link="去核定"
                    if selectors.counts_to_verify(self.user).filter(pk=waiting.pk).exists()
                    else "看一看",
                )
            )
        for panel in self.others:
            if panel.notices:
                found += panel.notices(self.object, self.user)
        return found

    def facts_links(self) -> Sequence[tuple[str, str]]:
        return [("改动记录", "?tab=timeline")]

    def facts(self) -> Sequence[Fact]:
        estate = self.object
        facts = [
            *facts_of(estate, ["code", "kind", "street", "community"]),
            Fact("详细地址", estate.address, wide=True),
        ]
        names = "、".join(row.name for row in estate.names.visible_to(self.user))
        if names:
            facts.append(Fact("曾用名", names, wide=True))
        facts += self._building_facts()
        facts += [
            Fact("楼栋、单元", self._figures()),
            self._household_fact(),
            *facts_of(estate, ["management_mode"]),
            Fact("业委会", self._committee(), url="?tab=more"),
            self._officer_fact(),
            Fact("负责人", self._contact()),
        ]
        for panel in self.others:
            if panel.facts:
                facts += panel.facts(estate, self.user)
        if estate.kind == EstateKind.OLD:
            facts.append(Fact("四有标准", estate.four_haves or "未登记", wide=True))
        if estate.remarks:
            facts.append(Fact("备注", estate.remarks, wide=True))
        return facts

    def _building_facts(self) -> list[Fact]:
        estate = self.object
        built = Fact("建成年代", f"{estate.built_year} 年" if estate.built_year else None)
        if estate.kind == EstateKind.OLD:
            renovated = f"{estate.renovated_year} 年" if estate.renovated_year else None
            return [
                built,
                Fact("改造年度", renovated),
                *facts_of(estate, ["ownership_unit"]),
                *facts_of(estate, ["floor_area"], kinds={"floor_area": "money"}),
            ]
        if estate.kind == EstateKind.RURAL:
            station = "有" if estate.has_service_station else "无"
            accepted = estate.station_accepted_on
            return [
                *facts_of(estate, ["delivered_on", "property_officer"]),
                Fact(
                    "社区服务站",
                    station,
                    note=f"{accepted:%Y-%m-%d} 验收" if accepted else "",
                ),
                *facts_of(estate, ["floor_area"], kinds={"floor_area": "money"}),
            ]
        parking = "，".join(
            f"{word} {number} 个"
            for word, number in (("地上", estate.parking_above), ("地下", estate.parking_below))
            if number is not None
        )
        return [
            built,
            *facts_of(estate, ["delivered_on", "developer", "property_type"]),
            *facts_of(
                estate,
                ["land_area", "floor_area"],
                kinds={"land_area": "money", "floor_area": "money"},
            ),
            *facts_of(
                estate,
                ["occupied_count", "lift_count"],
                kinds={"occupied_count": "integer", "lift_count": "integer"},
            ),
            Fact("车位", parking, wide=True),
        ]

    def _figures(self) -> str:
        estate = self.object
        units = f"，{estate.unit_count:,} 个单元" if estate.unit_count else ""
        return f"{estate.building_count:,} 栋{units}"

    def _household_fact(self) -> Fact:
        state = self.households
        if state.in_force is None:
            note = "还没有核定"
            if state.upcoming is not None:
                note = f"{clock.chinese_month(state.upcoming.effective_month)}起执行"
            return Fact("户数", f"{self.object.household_count:,} 户", note=note)
        note = f"{clock.chinese_month(state.in_force.effective_month)}起执行"
        if state.upcoming is not None:
            note += (
                f"；{clock.chinese_month(state.upcoming.effective_month)}起 "
                f"{state.upcoming.households:,} 户"
            )
        return Fact(
            "户数",
            f"{state.in_force.households:,} 户",
            url=state.in_force.get_absolute_url(),
            note=note,
        )

    def _officer_fact(self) -> Fact:
        held = selectors.current_assignment(self.object, self.user)
        if held is None:
            return Fact("分包干部", "未安排")
        since = f"{held.start_date.year}年{held.start_date.month}月起"
        return Fact("分包干部", held.officer.name, note=since)

    def _contact(self) -> str:
        estate = self.object
        phones = estate.contact_phone
        if not self.sees_numbers:
            phones = masked(phones)
        return f"{estate.contact_name}　{phones}".strip()

    def _committee(self) -> str:
        row = self.object.committees.visible_to(self.user).first()
        return f"已成立，第{row.term}届" if row else "未成立"

    def panels_overview(self) -> Sequence[Panel]:
        found: list[Panel] = []
        for panel in self.others:
            if not panel.tab and panel.make:
                found += panel.make(self.object, self.user)
        found.append(self._building_panel())
        return found

    def _building_panel(self) -> Panel:
        rows = self.buildings
        homes = sum(row.households for row in rows)
        more = len(rows) > _BUILDINGS_SHOWN
        return TablePanel(
            "楼栋",
            BuildingTable,
            rows[:_BUILDINGS_SHOWN],
            meta=f"{len(rows)} 栋，{homes:,} 户" if rows else "",
            links=[(f"全部 {len(rows)} 栋", "?tab=buildings")] if more else [],
            half=True,
            user=self.user,
            empty_text="还没有登记楼栋。",
        )

    def side_panels(self) -> Sequence[Panel]:
        return [
            made
            for panel in self.others
            if panel.side
            for made in panel.side(self.object, self.user)
        ]

    # --- Tabs -----------------------------------------------------------------------------

    def panels(self) -> Sequence[Panel]:
        added = [panel for panel in self.others if panel.tab and panel.tab == self.tab]
        if added:
            return [
                made for panel in added if panel.make for made in panel.make(self.object, self.user)
            ]
        return super().panels()

    def _links(self, *links: tuple[str, str]) -> list[tuple[str, str]]:
        """Return ``(label, URL)`` of forms about this estate, for who keeps the registry."""
        if not self.may_edit:
            return []
        return [(label, reverse(f"estates:{name}", args=[self.object.pk])) for label, name in links]

    def panels_counts(self) -> Sequence[Panel]:
        rows = HouseholdCount.objects.visible_to(self.user).filter(estate=self.object)
        enters = self.object.status == EstateStatus.ACTIVE and holds(self.user, COUNT_ENTERERS)
        return [
            TablePanel(
                "户数核定",
                EstateCountTable,
                rows,
                meta="补贴按核定的户数计算",
                links=[("录入户数", reverse("estates:count-create", args=[self.object.pk]))]
                if enters
                else [],
                user=self.user,
                limit=100,
                empty_text="还没有录入户数。录入后由另一人核定，才能计算补贴。",
            )
        ]

    def panels_buildings(self) -> Sequence[Panel]:
        rows = self.buildings
        homes = sum(row.households for row in rows)
        return [
            TablePanel(
                "楼栋",
                BuildingEditTable,
                rows,
                meta=self._building_meta(len(rows), homes),
                links=self._links(
                    ("增加一栋", "building-create"), ("整表登记", "estate-buildings")
                ),
                user=self.user,
                limit=500,
                empty_text="还没有登记楼栋。可以一栋一栋增加，或从 Excel 整表粘贴。",
            )
        ]

    def _building_meta(self, listed: int, homes: int) -> str:
        estate = self.object
        if not listed:
            return ""
        words = f"{listed} 栋，{homes:,} 户"
        if listed != estate.building_count:
            words += f"；名录为 {estate.building_count} 栋，请核对"
        elif homes != estate.household_count:
            words += f"；名录为 {estate.household_count:,} 户，请核对"
        return words

    def panels_more(self) -> Sequence[Panel]:
        estate = self.object
        panels = [
            TablePanel(
                "曾用名、别名",
                EstateNameTable,
                list(estate.names.visible_to(self.user)),
                links=self._links(("登记名称", "estate-name"), ("小区更名", "estate-rename")),
                user=self.user,
                empty_text="没有别的名称。导入和查找按这些名称也能找到本小区。",
            ),
            TablePanel(
                "业主委员会",
                CommitteeTable,
                list(estate.committees.visible_to(self.user)),
                links=self._links(("登记一届", "committee-create")),
                user=self.user,
                empty_text="没有登记业主委员会。",
            ),
            TablePanel(
                "分包干部",
                EstateAssignmentTable,
                StaffAssignment.objects.visible_to(self.user).filter(estate=estate),
                links=[("安排分包", f"{reverse('estates:assign')}?estate={estate.pk}")]
                if self.may_edit
                else [],
                user=self.user,
                empty_text="还没有安排分包。",
            ),
        ]
        merged = list(estate.merged.visible_to(self.user))
        if merged:
            panels.append(TablePanel("并入本小区的重复登记", MergedTable, merged, user=self.user))
        if self.may_edit:
            panels.append(
                Panel(
                    "合并、注销",
                    "estates/_closing.html",
                    {
                        "merge": reverse("estates:estate-merge", args=[estate.pk]),
                        "remove": reverse("estates:estate-remove", args=[estate.pk]),
                    },
                )
            )
        return panels

    def personal_summary(self) -> str:
        shown = not self.tab and self.object.contact_phone and self.sees_numbers
        return f"查看 {self.object} 的联系电话" if shown else ""


class EstateCard(PortalView):
    """Prints the record card in the worker."""

    model = Estate
    list_url = LIST

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        job = jobs.enqueue(
            CARD,
            owner=self.user,
            params={"estate": self.object.pk},
            dedupe_key=f"{CARD}:{self.user.pk}:{self.object.pk}",
            title=f"{self.object} 登记卡"[:120],
        )
        return HttpResponseRedirect(reverse("common:job-detail", args=[job.pk]))
