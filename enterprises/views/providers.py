"""Pages about firms, centres and committees, and their people."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.choices import PERSONAL_DATA_READERS, REGISTRY_EDITORS
from enterprises import services
from enterprises.choices import AgreementState
from enterprises.filters import ProviderFilterSet
from enterprises.forms import (
    ManagerForm,
    ProviderForm,
)
from enterprises.models import (
    CreditEvent,
    Engagement,
    ProjectManager,
    Provider,
    ResponsibilityAgreement,
)
from enterprises.selectors import provider_history, provider_panels
from enterprises.tables import (
    CreditEventTable,
    EngagementTable,
    ProviderTable,
    manager_table_for,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import masked
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    FormPage,
    KeyPanel,
    ListPage,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    Tab,
    TablePanel,
    TimelineItem,
    facts_of,
)
from xingyang_pm.common.views.records import timeline_item


class ProviderList(ListPage):
    model, table_class, filterset_class = Provider, ProviderTable, ProviderFilterSet
    title, unit = "服务主体名录", "个服务主体"
    views = [
        SavedChip("物业服务企业", "kind=enterprise"),
        SavedChip("社区物业服务中心", "kind=community_centre"),
    ]
    actions = [
        Action(
            "导入台账",
            "common:import-upload",
            icon="upload",
            args=["enterprises"],
            roles=REGISTRY_EDITORS,
        ),
        Action(
            "登记服务主体",
            "enterprises:provider-create",
            icon="plus",
            primary=True,
            roles=REGISTRY_EDITORS,
        ),
    ]
    empty_text = "还没有服务主体。可以登记一个，或导入物业服务企业台账。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_serving(clock.today())


class ProviderDetail(RecordPage):
    model = Provider
    list_url = "enterprises:provider-list"
    actions = [
        Action(
            "登记合同",
            "enterprises:engagement-create",
            icon="file-plus",
            roles=REGISTRY_EDITORS,
        ),
        Action(
            "增加人员",
            "enterprises:manager-create",
            icon="user-plus",
            by_pk=True,
            roles=REGISTRY_EDITORS,
        ),
        Action(
            "修改资料",
            "enterprises:provider-update",
            primary=True,
            by_pk=True,
            roles=REGISTRY_EDITORS,
        ),
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_serving(clock.today()).select_related("street", "community")

    def get_pills(self) -> list[Pill]:
        pills = [Pill(self.object.get_kind_display(), "b", plain=True)]
        if not self.object.is_active:
            pills.append(Pill("已停业"))
        return pills

    def get_meta(self) -> str:
        return (
            f"{self.object.code}　在管 {self.object.serving} 个小区，{self.object.households:,} 户"
        )

    def tabs(self) -> Sequence[Tab]:
        own = Engagement.objects.visible_to(self.user).filter(provider=self.object)
        return [
            Tab("", "概况"),
            Tab("engagements", "服务合同", own.count()),
            Tab("credit", "信用", self._credit_events().count()),
            *(Tab(key, label) for key, label, _ in provider_panels()),
            Tab("timeline", "时间线"),
        ]

    def _sees_numbers(self) -> bool:
        return holds(self.user, PERSONAL_DATA_READERS)

    def facts(self) -> Sequence[Fact]:
        provider = self.object
        facts = facts_of(
            provider,
            [
                "code",
                "kind",
                "credit_code",
                "short_name",
                "street",
                "community",
                "legal_representative",
                "manager_name",
            ],
        )
        phone = provider.phone if self._sees_numbers() else masked(provider.phone)
        return [
            *facts,
            Fact("联系电话", phone),
            *facts_of(provider, ["staff_count", "founded_on", "registered_capital"]),
            *facts_of(
                provider,
                ["registered_address", "office_address", "qualification_grade", "remarks"],
                wide=["registered_address", "office_address", "remarks"],
            ),
        ]

    def panels_overview(self) -> Sequence[Panel]:
        return [
            self._engagement_panel(limit=10),
            TablePanel(
                "项目经理与联系人",
                manager_table_for(self.user),
                self.object.managers.visible_to(self.user),
                user=self.user,
            ),
        ]

    def panels_engagements(self) -> Sequence[Panel]:
        return [self._engagement_panel(limit=200)]

    def panels_credit(self) -> Sequence[Panel]:
        return [
            TablePanel(
                "信用记录",
                CreditEventTable,
                self._credit_events().select_related("estate"),
                limit=200,
                user=self.user,
                empty_text="没有信用记录。复查整改不到位、逾期、移交执法和修复会自动记到这里。",
            )
        ]

    def _credit_events(self) -> QuerySet:
        return CreditEvent.objects.visible_to(self.user).filter(provider=self.object)

    def _engagement_panel(self, limit: int) -> Panel:
        rows = Engagement.objects.visible_to(self.user).filter(provider=self.object)
        return TablePanel("服务合同", EngagementTable, rows, limit=limit, user=self.user)

    def panels(self) -> Sequence[Panel]:
        registered = [
            panel(self.object, self.user) for key, _, panel in provider_panels() if key == self.tab
        ]
        return [panel for panel in registered if panel] or super().panels()

    def side_panels(self) -> Sequence[Panel]:
        rows = ResponsibilityAgreement.objects.visible_to(self.user).filter(provider=self.object)
        return [
            KeyPanel(
                "目标责任书",
                [
                    Fact(
                        f"{row.year}年",
                        row.number,
                        url=row.get_absolute_url(),
                        note="" if row.state == AgreementState.SIGNED else row.state.label,
                    )
                    for row in rows[:5]
                ]
                or [Fact("", "没有登记")],
            )
        ]

    def timeline_items(self, limit: int) -> list[TimelineItem]:
        return [timeline_item(row) for row in provider_history(self.object, self.user, limit)]

    def personal_summary(self) -> str:
        return f"查看 {self.object} 的联系电话" if self._sees_numbers() else ""


class ProviderCreate(FormPage):
    form_class, roles = ProviderForm, REGISTRY_EDITORS
    title, submit_label, list_url = "登记服务主体", "登记", "enterprises:provider-list"

    def perform(self, form: ProviderForm) -> Provider:
        return services.provider_create(actor=self.user, **form.cleaned_data)

    def done_message(self, result: Provider) -> str:
        return f"已登记 {result}，编号 {result.code}。"


class ProviderUpdate(FormPage):
    model, form_class, roles = Provider, ProviderForm, REGISTRY_EDITORS
    title, submit_label, list_url = "修改服务主体资料", "保存修改", "enterprises:provider-list"

    def perform(self, form: ProviderForm) -> Provider:
        return services.provider_update(
            provider=self.object, actor=self.user, **form.changed_values()
        )

    def done_message(self, result: Provider) -> str:
        return f"{result} 的资料已修改。"


class ManagerCreate(FormPage):
    model, form_class, roles = Provider, ManagerForm, REGISTRY_EDITORS
    title, submit_label, list_url = "增加项目经理或联系人", "增加", "enterprises:provider-list"

    def perform(self, form: ManagerForm) -> Provider:
        services.manager_add(provider=self.object, actor=self.user, **form.cleaned_data)
        return self.object

    def done_message(self, result: Provider) -> str:
        return "人员已登记。"


class ManagerLeave(ActionPage):
    model, roles = ProjectManager, REGISTRY_EDITORS
    title, submit_label, list_url = "人员离岗", "登记离岗", "enterprises:provider-list"

    def sentence(self) -> str:
        return f"{self.object.provider} 的{self.object.duty} {self.object.name} 将登记为离岗。"

    def refusal(self) -> str:
        return "" if self.object.is_active else f"{self.object.name} 已经离岗。"

    def perform(self, form: None) -> Provider:
        services.manager_leave(manager=self.object, actor=self.user)
        return self.object.provider

    def get_cancel_url(self) -> str:
        return self.object.provider.get_absolute_url()
