"""The papers of an order: set by the worker, handed out by scope."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from inspections import services
from inspections.choices import (
    ORDER_ISSUERS,
    RECHECKERS,
)
from inspections.models import (
    Recheck,
    RectificationOrder,
)
from xingyang_pm.common.views.generic import (
    ActionPage,
    Download,
    DownloadPage,
)

from .acts import OrderAct
from .lists import LIST


class OrderPrint(OrderAct):
    """Has the notice printed anew by the worker."""

    roles = ORDER_ISSUERS
    title, submit_label = "排版通知书", "排版通知书"

    def sentence(self) -> str:
        return f"{self.object.number} 将在后台排成 PDF，完成后可以打印。"

    def perform(self, form: None) -> Any:
        return services.enqueue_notice(order=self.object, actor=self.user)

    def get_success_url(self, result: Any) -> str:
        return reverse("common:job-detail", args=[result.pk])


class OrderNotice(DownloadPage):
    """The notice with its photos, 送达回证 and 存根."""

    model = RectificationOrder
    inline = True

    def get_download(self) -> Download | None:
        order = self.object
        if not order.pdf:
            return None
        return Download(f"{order.number} 责令限期整改通知书.pdf", order.pdf)

    def audit_summary(self, download: Download) -> str:
        return "打印通知书"


class RecheckPrint(ActionPage):
    model, roles, list_url = Recheck, RECHECKERS, LIST
    title, submit_label = "排版复查意见书", "排版复查意见书"

    def sentence(self) -> str:
        return f"{self.object.number} 将在后台排成 PDF，完成后可以打印。"

    def perform(self, form: None) -> Any:
        return services.enqueue_recheck(recheck=self.object, actor=self.user)

    def get_success_url(self, result: Any) -> str:
        return reverse("common:job-detail", args=[result.pk])

    def get_cancel_url(self) -> str:
        return self.object.order.get_absolute_url()


class RecheckOpinion(DownloadPage):
    """The opinion of a recheck with its pairs of photos."""

    model = Recheck
    inline = True

    def get_download(self) -> Download | None:
        recheck = self.object
        return Download(f"{recheck.number} 复查意见书.pdf", recheck.pdf) if recheck.pdf else None

    def audit_summary(self, download: Download) -> str:
        return "打印复查意见书"

    def audit_subjects(self) -> Sequence[Any]:
        return [self.object.order]
