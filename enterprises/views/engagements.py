"""Pages about contracts, and what an estate's record shows of them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from accounts.choices import PERSONAL_DATA_READERS, REGISTRY_EDITORS
from enterprises import services
from enterprises.choices import FilingState
from enterprises.filters import EngagementFilterSet
from enterprises.forms import (
    EndForm,
    EngagementForm,
    EngagementTermsForm,
    FilingForm,
)
from enterprises.models import Engagement
from enterprises.tables import (
    EngagementTable,
    fee_of,
    filing_pill,
    service_pill,
)
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import masked
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    TablePanel,
    facts_of,
)

INCOMPLETE_NOTICE = (
    "由台账登记，签订日期、选聘方式和备案还没有填。请对照合同，用“修改合同”补上；"
    "补上签订日期以前不计备案期限。"
)


class EngagementList(ListPage):
    model, table_class, filterset_class = Engagement, EngagementTable, EngagementFilterSet
    title, unit = "服务合同", "份合同"
    empty_text = "还没有服务合同。点“登记合同”登记一份。"
    views = [
        SavedChip(
            "60 天内到期",
            "state=soon",
            count=lambda view: view.get_rows().ending_within(clock.today(), 60).count(),
        ),
        SavedChip(
            "逾期未备案",
            "filing=late",
            count=lambda view: view.get_rows().filing_late(clock.today()).count(),
        ),
        SavedChip(
            "资料待补",
            "filing=incomplete",
            count=lambda view: view.get_rows().incomplete().count(),
        ),
    ]
    actions = [
        Action(
            "登记合同",
            "enterprises:engagement-create",
            icon="plus",
            primary=True,
            roles=REGISTRY_EDITORS,
        )
    ]


class EngagementDetail(RecordPage):
    model = Engagement
    list_url = "enterprises:engagement-list"
    facts_title = "合同内容"
    actions = [
        Action(
            "扫描件",
            "enterprises:engagement-contract",
            icon="paperclip",
            by_pk=True,
            show=lambda view: bool(view.object.contract),
        ),
        Action(
            "登记备案",
            "enterprises:engagement-file",
            by_pk=True,
            roles=REGISTRY_EDITORS,
            show=lambda view: view.object.filing_state in {FilingState.DUE, FilingState.LATE},
        ),
        Action(
            "终止合同",
            "enterprises:engagement-end",
            by_pk=True,
            roles=REGISTRY_EDITORS,
            show=lambda view: (
                view.object.is_in_force(clock.today()) and not view.object.ending_problem()
            ),
        ),
        Action(
            "修改合同",
            "enterprises:engagement-update",
            primary=True,
            by_pk=True,
            roles=REGISTRY_EDITORS,
        ),
    ]

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related("estate__street", "provider", "project_manager", "batch")
        )

    def get_title(self) -> str:
        return f"{self.object.estate.name} 服务合同"

    def get_pills(self) -> list[Pill]:
        return [service_pill(self.object), filing_pill(self.object)]

    def get_meta(self) -> str:
        return f"{self.object.provider}　{self.object.start_date:%Y-%m-%d} 接管"

    def notices(self) -> Sequence[Notice]:
        engagement = self.object
        due = engagement.filing_due_on
        if engagement.filing_state == FilingState.LATE:
            return [Notice(f"合同应于 {clock.chinese_date(due)}前备案，已经逾期。", "r")]
        if engagement.filing_state == FilingState.DUE:
            return [Notice(f"合同应于 {clock.chinese_date(due)}前备案。", "a")]
        if engagement.filing_state == FilingState.INCOMPLETE:
            return [Notice(INCOMPLETE_NOTICE, "a")]
        return []

    def facts(self) -> Sequence[Fact]:
        engagement = self.object
        return [
            Fact("小区", engagement.estate.name, url=engagement.estate.get_absolute_url()),
            Fact("服务主体", engagement.provider.name, url=engagement.provider.get_absolute_url()),
            *facts_of(engagement, ["start_date", "end_date"]),
            Fact("收费标准", fee_of(engagement) or "未登记"),
            *facts_of(
                engagement,
                [
                    "service_grade",
                    "selection_mode",
                    "project_manager",
                    "contract_number",
                    "signed_on",
                    "filed_on",
                    "filing_number",
                    "end_reason",
                ],
                wide=["end_reason"],
            ),
            *([Fact("来自台账", engagement.batch.source_name)] if engagement.batch else []),
        ]


class EngagementCreate(FormPage):
    form_class, roles = EngagementForm, REGISTRY_EDITORS
    title, submit_label, list_url = "登记服务合同", "登记", "enterprises:engagement-list"

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("estate", "")
        if asked.isdecimal():
            estate = Estate.objects.visible_to(self.user).filter(pk=asked).first()
            return {"estate": estate} if estate else {}
        return {}

    def perform(self, form: EngagementForm) -> Engagement:
        return services.engagement_create(actor=self.user, **form.cleaned_data)

    def done_message(self, result: Engagement) -> str:
        return f"已登记 {result.provider} 接管 {result.estate}。"


class EngagementUpdate(FormPage):
    model, form_class, roles = Engagement, EngagementTermsForm, REGISTRY_EDITORS
    title, submit_label, list_url = "修改服务合同", "保存修改", "enterprises:engagement-list"

    def perform(self, form: EngagementTermsForm) -> Engagement:
        return services.engagement_update(
            engagement=self.object, actor=self.user, **form.changed_values()
        )

    def done_message(self, result: Engagement) -> str:
        return "合同已修改。"


class EngagementFile(ActionPage):
    model, form_class, roles = Engagement, FilingForm, REGISTRY_EDITORS
    title, submit_label, list_url = "登记合同备案", "登记备案", "enterprises:engagement-list"

    def sentence(self) -> str:
        return (
            f"{self.object.provider} 与 {self.object.estate} 的合同签订于"
            f"{clock.chinese_date(self.object.signed_on)}，应于"
            f"{clock.chinese_date(self.object.filing_due_on)}前备案。"
        )

    def get_initial(self) -> dict[str, Any]:
        return {"filed_on": clock.today()}

    def refusal(self) -> str:
        if self.object.signed_on is None:
            return "合同还没有签订日期，请先修改合同。"
        return "合同已备案。" if self.object.filed_on else ""

    def perform(self, form: FilingForm) -> Engagement:
        return services.engagement_file(
            engagement=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Engagement) -> str:
        return "备案已登记。"


class EngagementEnd(ActionPage):
    model, form_class, roles = Engagement, EndForm, REGISTRY_EDITORS
    title, submit_label, list_url = "终止服务合同", "终止合同", "enterprises:engagement-list"
    danger = True

    def sentence(self) -> str:
        return f"{self.object.provider} 对 {self.object.estate} 的服务将到所填日期为止。"

    def refusal(self) -> str:
        return self.object.ending_problem()

    def get_initial(self) -> dict[str, Any]:
        return {"end_date": clock.today()}

    def perform(self, form: EndForm) -> Engagement:
        return services.engagement_end(engagement=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: Engagement) -> str:
        return f"合同到{clock.chinese_date(result.end_date)}止。"


class EngagementContract(DownloadPage):
    model = Engagement
    inline = True

    def get_download(self) -> Download | None:
        engagement = self.object
        if not engagement.contract:
            return None
        return Download(engagement.contract_name, engagement.contract)

    def audit_subjects(self) -> Sequence[Any]:
        return [self.object.estate]


# --- What the estate's record shows of providers -------------------------------------------------


def estate_service(estate: Estate, user: Any) -> list[Panel]:
    """The panel 现任服务主体 of an estate's record."""
    rows = Engagement.objects.visible_to(user).filter(estate=estate)
    current = rows.on(clock.today()).select_related("provider", "project_manager").first()
    if current is None:
        return [Panel("现任服务主体", "partials/_panel_blank.html", {"text": "现在没有服务主体。"})]
    manager = current.project_manager
    phone = ""
    if manager:
        phone = manager.phone if holds(user, PERSONAL_DATA_READERS) else masked(manager.phone)
    return [
        Panel(
            "现任服务主体",
            "enterprises/_service.html",
            {
                "engagement": current,
                "manager": f"{manager}　{phone}" if manager else "未登记",
                "fee": fee_of(current) or "未登记",
            },
            pills=[service_pill(current), filing_pill(current)],
            links=[("合同", current.get_absolute_url())],
        )
    ]


def estate_engagements(estate: Estate, user: Any) -> list[Panel]:
    """The tab 服务合同 of an estate's record."""
    rows = Engagement.objects.visible_to(user).filter(estate=estate)
    return [TablePanel("服务合同", EngagementTable, rows, user=user)]


def estate_engagement_count(estate: Estate, user: Any) -> int:
    return Engagement.objects.visible_to(user).filter(estate=estate).count()
