"""公示: the list, one notice with its objections, and the page that everybody may read."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views import View

from subsidies import services
from subsidies.choices import OBJECTION_ANSWERERS, OBJECTION_KEEPERS, ClaimStatus
from subsidies.filters import NoticeFilterSet
from subsidies.forms import AnswerForm, ObjectionForm
from subsidies.models import NoticeObjection, PublicNotice
from subsidies.selectors.notices import noticed_lines, public_notice
from subsidies.tables import NoticeTable, ObjectionTable, notice_pill
from xingyang_pm.common import clock
from xingyang_pm.common.formats import span_label
from xingyang_pm.common.money import money
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    TablePanel,
)
from xingyang_pm.common.workdays import announced

ON_A_PAGE = 200


def may_object(notice: PublicNotice) -> bool:
    claim = notice.claim
    return claim.status == ClaimStatus.CHECKED and claim.version == notice.version


class NoticeList(ListPage):
    model, table_class, filterset_class = PublicNotice, NoticeTable, NoticeFilterSet
    title, unit = "公示", "次公示"
    views = [SavedChip("公示中", "running=1")]
    empty_text = "还没有公示。申报复核通过后，从下一个工作日起自动公示。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("claim__street").with_objections()


class NoticeDetail(RecordPage):
    model = PublicNotice
    list_url = "subsidies:notice-list"
    facts_title = "公示"

    def get_rows(self) -> QuerySet:
        rows = super().get_rows().select_related("claim__street", "published_by")
        return rows.with_objections()

    def get_title(self) -> str:
        return str(self.object)

    def get_pills(self) -> list[Pill]:
        return [notice_pill(self.object)]

    def get_actions(self) -> list[Action]:
        notice = self.object
        actions = [
            Action("公示页面", "notices:public", args=[notice.key], icon="external-link"),
            Action("申报", "subsidies:claim-detail", args=[notice.claim_id], icon="file-text"),
        ]
        if may_object(notice):
            actions.append(
                Action(
                    "登记异议",
                    "subsidies:objection-create",
                    by_pk=True,
                    primary=True,
                    icon="plus",
                    roles=OBJECTION_KEEPERS,
                )
            )
        return actions

    def facts(self) -> Sequence[Fact]:
        notice = self.object
        days = f"{notice.workdays} 个工作日"
        if not announced(notice.ends_on):
            days += f"（{notice.ends_on.year} 年节假日安排尚未公布，按周一至周五计）"
        return [
            Fact("起止", span_label(notice.starts_on, notice.ends_on)),
            Fact("天数", days),
            Fact("版次", f"第 {notice.version} 版"),
            Fact("户数", f"{notice.claim.household_count:,} 户"),
            Fact("金额", f"{money(notice.claim.total)} 元"),
            Fact("发布人", notice.published_by.name),
            Fact("公示地址", self.request.build_absolute_uri(self.public_url), wide=True),
        ]

    @property
    def public_url(self) -> str:
        return reverse("notices:public", args=[self.object.key])

    def panels(self) -> Sequence[Panel]:
        rows = (
            NoticeObjection.objects.visible_to(self.user)
            .filter(notice=self.object)
            .select_related("estate", "answered_by")
        )
        return [
            TablePanel(
                "异议",
                ObjectionTable,
                rows,
                meta=f"{self.object.objected} 条",
                empty_text="没有异议。收到异议时在这里登记，答复以前不能审批。",
                limit=100,
                user=self.user,
            )
        ]


class ObjectionCreate(FormPage):
    """An objection to the notice of the address."""

    form_class, roles = ObjectionForm, OBJECTION_KEEPERS
    title, submit_label, menu = "登记公示异议", "登记异议", "subsidies:notice-list"
    model, list_url = PublicNotice, "subsidies:notice-list"
    intro = "登记后由科室负责人答复；没有答复或成立的异议，申报不能审批。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("claim__street")

    def get_title(self) -> str:
        return f"登记异议　{self.object}"

    def get_initial(self) -> dict[str, Any]:
        return {"received_on": clock.today()}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "claim": self.object.claim}

    def refusal(self) -> str:
        return "" if may_object(self.object) else "申报已不在公示环节，不能登记异议。"

    def perform(self, form: ObjectionForm) -> NoticeObjection:
        return services.objection_record(notice=self.object, actor=self.user, **form.cleaned_data)

    def get_success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: NoticeObjection) -> str:
        return "已登记异议，等待科室负责人答复。"


class ObjectionAnswer(ActionPage):
    model, roles, form_class = NoticeObjection, OBJECTION_ANSWERERS, AnswerForm
    submit_label, list_url = "答复异议", "subsidies:notice-list"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("notice__claim__street", "estate")

    def get_title(self) -> str:
        return f"答复异议　{self.object.notice}"

    def sentence(self) -> str:
        return f"{self.object.get_channel_display()}：{self.object.content}"

    def facts(self) -> Sequence[Fact]:
        row = self.object
        return [
            Fact("收到日期", row.received_on.isoformat()),
            Fact("涉及小区", row.estate.name if row.estate else "不限小区"),
            Fact("提出人", row.person or "没有留名"),
            Fact("联系方式", row.contact or "没有"),
        ]

    def refusal(self) -> str:
        return "" if self.object.outcome == "open" else "这条异议已经答复，不能修改。"

    def perform(self, form: AnswerForm) -> NoticeObjection:
        return services.objection_answer(
            objection=self.object, actor=self.user, **form.cleaned_data
        )

    def get_cancel_url(self) -> str:
        return self.object.notice.get_absolute_url()

    def get_success_url(self, result: Any) -> str:
        return self.object.notice.get_absolute_url()

    def done_message(self, result: NoticeObjection) -> str:
        if result.outcome == "upheld":
            return "已答复：异议成立，请退回申报重新核定。"
        return "已答复：异议不成立。"


@method_decorator(login_not_required, name="dispatch")
class PublicNoticePage(View):
    """What everybody may read: estates, households, who serves them, amounts. No account, no
    person, no phone of anybody."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = render(request, "subsidies/notice_public.html", self.context)
        response["Cache-Control"] = "public, max-age=300"
        return response

    @cached_property
    def context(self) -> dict[str, Any]:
        notice = public_notice(self.kwargs["key"])
        if notice is None:
            raise Http404("没有这个公示，或已经撤下。")
        page = Paginator(noticed_lines(notice), ON_A_PAGE).get_page(self.request.GET.get("page"))
        claim = notice.claim
        return {
            "notice": notice,
            "claim": claim,
            "month": clock.chinese_month(claim.month),
            "rows": page,
            "is_over": notice.closes_at <= clock.now(),
            "first": (page.number - 1) * ON_A_PAGE,
        }
