"""The signed link as its issuer sees it: shown on purpose, renewed, revoked."""

from typing import Any

import segno
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from inspections import services
from inspections.choices import ORDER_ISSUERS, REVIEWERS
from inspections.forms import RevokeForm
from inspections.models import RectificationOrder, ReplyLink
from inspections.selectors import link_address, link_path, live_link
from xingyang_pm.common import audit
from xingyang_pm.common.access import holds
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.formats import month_day
from xingyang_pm.common.views.generic import PortalView

from .acts import OrderAct
from .lists import LIST


def may_handle_link(order: RectificationOrder, user: Any) -> bool:
    """Tell whether ``user`` hands the order's link out: who issued it, or a manager."""
    return holds(user, ORDER_ISSUERS) and (order.issued_by_id == user.pk or holds(user, REVIEWERS))


class _LinkAct(OrderAct):
    roles = ORDER_ISSUERS

    def check_access(self) -> None:
        if not may_handle_link(self.object, self.user):
            raise NotPermitted("签名链接由签发人或科室负责人收回、另发。")

    def get_success_url(self, result: Any) -> str:
        return reverse("inspections:order-link", args=[self.object.pk])


class OrderLink(PortalView):
    """The address and its picture; each look is kept in the audit log."""

    model, list_url, roles = RectificationOrder, LIST, ORDER_ISSUERS
    template_name = "inspections/order_link.html"
    title = "签名链接"

    def check_access(self) -> None:
        if not may_handle_link(self.object, self.user):
            raise NotPermitted("签名链接只给签发人和科室负责人看。")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.number}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        link = live_link(self.object)
        path = link_path(link) if link and link.is_live else ""
        if path:
            audit.record(
                actor=self.user,
                verb="order.link_show",
                target=link,
                summary=f"查看 {self.object} 的签名链接",
                tag="查看",
            )
        address = (link_address(link) if link else "") or request.build_absolute_uri(path)
        response = self.render(
            link=link,
            address=address if path else "",
            picture=segno.make(address, error="m").svg_data_uri(scale=4, border=2) if path else "",
        )
        response["Cache-Control"] = "private, no-store"
        return response


class OrderLinkRenew(_LinkAct):
    title, submit_label = "另发签名链接", "另发链接"

    def sentence(self) -> str:
        return "原来的链接和已打印的二维码随即失效，通知书须重新排版、重新交给服务单位。"

    def refusal(self) -> str:
        order = self.object
        return "" if order.is_open else f"整改单{order.get_status_display()}，不用再发链接。"

    def perform(self, form: None) -> ReplyLink:
        return services.reply_link_renew(order=self.object, actor=self.user)

    def done_message(self, result: ReplyLink) -> str:
        return f"已另发签名链接，有效至 {month_day(result.last_day)} 24:00。"


class OrderLinkRevoke(_LinkAct):
    form_class = RevokeForm
    title, submit_label, danger = "收回签名链接", "收回链接", True

    def sentence(self) -> str:
        return "收回后，链接和二维码都打不开这份整改单；需要时可以另发。"

    def refusal(self) -> str:
        return "" if live_link(self.object) else "没有有效的签名链接。"

    def perform(self, form: RevokeForm) -> None:
        services.reply_link_revoke(
            order=self.object, actor=self.user, reason=form.cleaned_data["reason"]
        )

    def done_message(self, result: None) -> str:
        return "签名链接已收回。"
