"""约谈, 通报 and 移交执法: each from the record of an order, each with its paper."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from inspections import services
from inspections.choices import ESCALATORS
from inspections.forms import (
    CircularForm,
    FeedbackForm,
    HandoverForm,
    InterviewForm,
    MinutesForm,
)
from inspections.models import Circular, Handover, Interview, RectificationOrder
from xingyang_pm.common import clock
from xingyang_pm.common.formats import due_words, moment_label, month_day
from xingyang_pm.common.views.generic import ActionPage, Download, DownloadPage, FormPage

from .lists import LIST


class _Escalate(FormPage):
    """A form over an order that was not obeyed."""

    model, list_url, roles = RectificationOrder, LIST, ESCALATORS
    handover = False

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate__street", "provider", "inspection")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.number}"

    def get_meta(self) -> str:
        order = self.object
        return (
            f"{order.estate}　·　{order.provider or ''}　·　"
            f"{month_day(order.deadline)}到期（{due_words(order.deadline)}）"
        )

    def refusal(self) -> str:
        return services.escalation_problem(self.object, handover=self.handover)

    def cause(self) -> str:
        """Return what the order demanded and how it stands, to begin from."""
        order = self.object
        problems = "；".join(
            f"{item.result.item.text}：{item.result.note}" for item in services.open_items(order)
        )
        late = f"，已逾期 {-order.days_left} 天" if order.days_left < 0 else "，复查整改不到位"
        day = month_day(order.deadline)
        return f"{order.estate}：{problems}。{order.number} 限{day}前改正{late}。"

    def get_success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: Any) -> str:
        return f"已签发 {result.number}，正在排版。"


class InterviewCall(_Escalate):
    form_class = InterviewForm
    title, submit_label = "约谈", "发出约谈通知书"

    def get_initial(self) -> dict[str, Any]:
        order = self.object
        return {
            "invited": order.provider.name if order.provider else order.estate.name,
            "cause": self.cause()[:300],
            "bring": "整改方案、整改前后照片、物业服务合同",
        }

    def perform(self, form: InterviewForm) -> Interview:
        return services.interview_call(order=self.object, actor=self.user, **form.cleaned_data)


class CircularIssue(_Escalate):
    form_class = CircularForm
    title, submit_label = "通报", "签发通报"

    def get_initial(self) -> dict[str, Any]:
        order = self.object
        firm = order.provider.name if order.provider else order.estate.name
        return {
            "title": f"关于{firm}未按期完成整改的通报"[:80],
            "text": f"{self.cause()}\n现予以通报。请立即整改，并将整改情况书面报告我中心。",
        }

    def perform(self, form: CircularForm) -> Circular:
        return services.circular_issue(order=self.object, actor=self.user, **form.cleaned_data)


class HandoverMake(_Escalate):
    form_class, handover = HandoverForm, True
    title, submit_label = "移交执法", "移交执法"

    def get_initial(self) -> dict[str, Any]:
        order = self.object
        return {
            "handed_on": clock.today(),
            "facts": self.cause()[:500],
            "materials": f"检查记录 {order.inspection.number}\n{order.number} 及送达回证\n现场照片"
            + ("\n复查意见书" if order.rechecks.exists() else ""),
        }

    def perform(self, form: HandoverForm) -> Handover:
        return services.handover_make(order=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: Handover) -> str:
        return f"已移交{result.organ}，{result.number}，正在排版。"


class _Later(FormPage):
    """What is entered on a paper later."""

    list_url, roles = LIST, ESCALATORS

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("order__estate", "order__provider")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.number}"

    def get_meta(self) -> str:
        return f"{self.object.order.number}　·　{self.object.order.estate}"

    def get_success_url(self, result: Any) -> str:
        return self.object.order.get_absolute_url()

    def get_cancel_url(self) -> str:
        return self.object.order.get_absolute_url()


class InterviewRecord(_Later):
    model, form_class = Interview, MinutesForm
    title, submit_label = "约谈记录", "登记约谈记录"

    def get_initial(self) -> dict[str, Any]:
        return {"held_on": clock.today(), "host": self.user.name, "problems": self.object.cause}

    def refusal(self) -> str:
        return "这次约谈已经登记记录。" if self.object.is_recorded else ""

    def perform(self, form: MinutesForm) -> Interview:
        return services.interview_record(
            interview=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Interview) -> str:
        return f"{result.number} 的约谈记录已登记，正在排版。"


class HandoverFeedback(_Later):
    model, form_class = Handover, FeedbackForm
    title, submit_label = "登记处理结果", "登记处理结果"

    def get_initial(self) -> dict[str, Any]:
        return {"answered_on": clock.today()}

    def refusal(self) -> str:
        return "处理结果已经登记。" if self.object.feedback_at else ""

    def perform(self, form: FeedbackForm) -> Handover:
        return services.handover_feedback(
            handover=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Handover) -> str:
        return f"{result.organ}的处理结果已登记。"


# --- Papers -----------------------------------------------------------------------------------


class _Paper(DownloadPage):
    inline = True
    label = ""
    field = "pdf"

    def get_download(self) -> Download | None:
        content = getattr(self.object, self.field)
        return Download(f"{self.object.number} {self.label}.pdf", content) if content else None

    def audit_summary(self, download: Download) -> str:
        return f"打印{self.label}"

    def audit_subjects(self) -> Sequence[Any]:
        return [self.object.order]


class InterviewNotice(_Paper):
    model, label = Interview, "约谈通知书"


class InterviewMinutes(_Paper):
    model, label, field = Interview, "约谈记录", "minutes_pdf"


class CircularPaper(_Paper):
    model, label = Circular, "通报"


class HandoverPaper(_Paper):
    model, label = Handover, "案件移送函"


class _Print(ActionPage):
    """Has a paper printed anew by the worker."""

    list_url, roles = LIST, ESCALATORS
    title, submit_label = "排版", "排版"
    minutes = False

    def sentence(self) -> str:
        return f"{self.object.number} 将在后台排成 PDF，完成后可以打印。"

    def perform(self, form: None) -> Any:
        return services.enqueue_escalation(paper=self.object, actor=self.user, minutes=self.minutes)

    def get_success_url(self, result: Any) -> str:
        return reverse("common:job-detail", args=[result.pk])

    def get_cancel_url(self) -> str:
        return self.object.order.get_absolute_url()


class InterviewPrint(_Print):
    model = Interview


class MinutesPrint(_Print):
    model, minutes = Interview, True

    def refusal(self) -> str:
        return "" if self.object.is_recorded else "还没有登记约谈记录。"


class CircularPrint(_Print):
    model = Circular


class HandoverPrint(_Print):
    model = Handover


def interview_words(interview: Interview) -> str:
    """Return when and where an interview is, or was."""
    if interview.held_on:
        return f"{month_day(interview.held_on)}已约谈"
    return f"{moment_label(interview.scheduled_at)}，{interview.place}"


# --- On the record ----------------------------------------------------------------------------


def _paper_link(
    paper: Any, label: str, shown: str, printing: str, field: str = "pdf"
) -> dict[str, Any]:
    """Return the link to a paper, or to having it set where the worker has not yet."""
    ready = bool(getattr(paper, field))
    name = shown if ready else printing
    return {
        "label": label if ready else f"排版{label}",
        "url": reverse(f"inspections:{name}", args=[paper.pk]),
        "ready": ready,
    }


def paper_rows(
    order: RectificationOrder, user: Any, handovers: Sequence[Handover]
) -> list[dict[str, Any]]:
    """Return what followed the order when it was not obeyed, newest first."""
    rows: list[dict[str, Any]] = []
    for interview in order.interviews.visible_to(user):
        links = [_paper_link(interview, "约谈通知书", "interview-notice", "interview-print")]
        if interview.is_recorded:
            links.append(
                _paper_link(
                    interview, "约谈记录", "interview-minutes", "minutes-print", "minutes_pdf"
                )
            )
        rows.append(
            {
                "paper": interview,
                "kind": "约谈",
                "text": interview.demands if interview.is_recorded else interview.cause,
                "note": interview_words(interview),
                "links": links,
                "act": None
                if interview.is_recorded
                else (
                    "登记约谈记录",
                    reverse("inspections:interview-record", args=[interview.pk]),
                ),
            }
        )
    for circular in order.circulars.visible_to(user):
        rows.append(
            {
                "paper": circular,
                "kind": "通报",
                "text": circular.title,
                "note": month_day(circular.issued_at),
                "links": [_paper_link(circular, "通报", "circular-paper", "circular-print")],
                "act": None,
            }
        )
    for handover in handovers:
        answer = (
            f"{month_day(handover.feedback_on)}反馈：{handover.feedback_result}"
            if handover.feedback_on
            else "还没有反馈"
        )
        if handover.feedback_number:
            answer += f"（{handover.feedback_number}）"
        rows.append(
            {
                "paper": handover,
                "kind": "移交执法",
                "text": f"移交{handover.organ}。{answer}",
                "note": month_day(handover.handed_on),
                "links": [_paper_link(handover, "移送函", "handover-paper", "handover-print")],
                "act": None
                if handover.feedback_at
                else (
                    "登记处理结果",
                    reverse("inspections:handover-feedback", args=[handover.pk]),
                ),
            }
        )
    for row in rows:
        row["key"] = f"{row['paper']._meta.model_name}-{row['paper'].pk}"
    return sorted(rows, key=lambda row: row["paper"].issued_at, reverse=True)
