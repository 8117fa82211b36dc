"""Extension and objection: asked by the clerk for the firm, decided by the bureau."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from inspections import services
from inspections.choices import ORDER_ISSUERS, REPLIERS, REVIEWERS, ObjectionStatus, RequestStatus
from inspections.forms import (
    ExtensionDecideForm,
    ExtensionForm,
    ObjectionDecideForm,
    ObjectionForm,
)
from inspections.models import ExtensionRequest, Objection, RectificationOrder
from xingyang_pm.common.formats import moment_label, month_day
from xingyang_pm.common.views.generic import ActionPage, Fact

from .acts import OrderAct
from .lists import LIST


def appeal_refusal(order: RectificationOrder, asked: bool, what: str) -> str:
    """Return why ``what`` (申请延期, 提出异议) is not possible now, or nothing."""
    if asked:
        return f"每份整改单只能{what}一次，已经办过。"
    if order.status != "issued":
        return f"这份整改单{order.get_status_display()}，不用{what}。"
    if not order.is_delivered:
        return f"通知书还没有登记送达，不能{what}。"
    if order.days_left < 0:
        return f"整改期限 {month_day(order.deadline)} 24:00 已过，不能再{what}。"
    return ""


class OrderExtension(OrderAct):
    form_class, roles = ExtensionForm, REPLIERS
    title, submit_label = "申请延期", "申请延期"

    def refusal(self) -> str:
        asked = self.object.extensions.exists()
        return appeal_refusal(self.object, asked, "申请延期")

    def perform(self, form: ExtensionForm) -> ExtensionRequest:
        return services.extension_request(order=self.object, actor=self.user, **form.cleaned_data)

    def get_success_url(self, result: ExtensionRequest) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: ExtensionRequest) -> str:
        return f"已申请延期至 {month_day(result.wished_day)}，等待审批。"


class OrderObjection(OrderAct):
    form_class, roles = ObjectionForm, REPLIERS
    title, submit_label = "提出异议", "提出异议"

    def refusal(self) -> str:
        asked = self.object.objections.exists()
        return appeal_refusal(self.object, asked, "提出异议")

    def perform(self, form: ObjectionForm) -> Objection:
        return services.objection_file(order=self.object, actor=self.user, **form.cleaned_data)

    def get_success_url(self, result: Objection) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: Objection) -> str:
        return "已提出异议，由科室负责人复核。复核期间仍按期限整改。"


class _Decision(ActionPage):
    list_url = LIST

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("order__estate", "order__provider")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.order.number}"

    def get_success_url(self, result: Any) -> str:
        return self.object.order.get_absolute_url()

    def get_cancel_url(self) -> str:
        return self.object.order.get_absolute_url()


class ExtensionDecide(_Decision):
    model, form_class, roles = ExtensionRequest, ExtensionDecideForm, ORDER_ISSUERS
    title, submit_label = "审批延期", "登记审批"

    def facts(self) -> Sequence[Fact]:
        request = self.object
        return [
            Fact("小区", request.order.estate.name),
            Fact("申请人", request.source, note=moment_label(request.requested_at)),
            Fact("现在的期限", month_day(request.order.deadline)),
            Fact("申请延至", month_day(request.wished_day)),
            Fact("原因", request.reason),
        ]

    def get_initial(self) -> dict[str, Any]:
        return {"until": self.object.wished_day}

    def refusal(self) -> str:
        request = self.object
        if request.status != RequestStatus.PENDING:
            return "这份延期申请已经审批。"
        if request.requested_by_id == self.user.pk:
            return "申请延期的人不能审批自己的申请。"
        if request.order.status != "issued":
            return f"这份整改单{request.order.get_status_display()}，不用再批延期。"
        return ""

    def perform(self, form: ExtensionDecideForm) -> ExtensionRequest:
        data = form.cleaned_data
        return services.extension_decide(
            request=self.object,
            actor=self.user,
            grant=data["verdict"] == "grant",
            until=data["until"],
            note=data["note"],
        )

    def done_message(self, result: ExtensionRequest) -> str:
        if result.granted_until:
            return f"已准予延期至 {month_day(result.granted_until)}。"
        return "已登记不予延期。"


class ObjectionDecide(_Decision):
    model, form_class, roles = Objection, ObjectionDecideForm, REVIEWERS
    title, submit_label = "复核异议", "登记复核"
    danger = True

    def sentence(self) -> str:
        return "异议成立的，整改单即撤销，不能恢复；检查得分和排名不改，不合格项可以重新下达。"

    def facts(self) -> Sequence[Fact]:
        objection = self.object
        return [
            Fact("小区", objection.order.estate.name),
            Fact("提出人", objection.source, note=moment_label(objection.filed_at)),
            Fact("理由", objection.reason),
        ]

    def refusal(self) -> str:
        objection = self.object
        if objection.status != ObjectionStatus.PENDING:
            return "这份异议已经复核。"
        if objection.order.issued_by_id == self.user.pk:
            return "签发通知书的人不能复核对它的异议，请换一人复核。"
        return ""

    def perform(self, form: ObjectionDecideForm) -> Objection:
        return services.objection_decide(
            objection=self.object,
            actor=self.user,
            uphold=form.cleaned_data["verdict"] == "uphold",
            opinion=form.cleaned_data["opinion"],
        )

    def done_message(self, result: Objection) -> str:
        if result.status == ObjectionStatus.UPHELD:
            return f"异议成立，{result.order.number} 已撤销。"
        return "异议不成立，继续整改。"
