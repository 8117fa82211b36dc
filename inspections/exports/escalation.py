"""Papers of what follows when an order is not obeyed: 约谈通知书, 约谈记录, 通报, 案件移送函."""

import re
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from inspections.models import Circular, Handover, Interview, RectificationOrder
from inspections.models.escalation import Escalation
from inspections.services.orders import CIRCULAR_PDF, HANDOVER_PDF, INTERVIEW_PDF, MINUTES_PDF
from xingyang_pm.common import jobs
from xingyang_pm.common.formats import local
from xingyang_pm.common.pdf.render import render_pdf

_JOINED = ("order__estate", "order__provider", "order__inspection", "issued_by")
_WEEKDAYS = "一二三四五六日"
# A number typed before a line that the paper numbers by itself.
_TYPED = re.compile(r"^\s*[（(]?\d{1,2}[)）．.、]\s*")


def _addressee(order: RectificationOrder) -> str:
    return order.provider.name if order.provider else order.estate.name


def _head(paper: Escalation, title: str) -> dict[str, Any]:
    issued = local(paper.issued_at).date()
    return {
        "title": title,
        "document_title": f"{paper.number} {title}",
        "organ": settings.OFFICE_FULL_NAME,
        "number": paper.number,
        "addressee": _addressee(paper.order),
        "estate": paper.order.estate.name,
        "order_number": paper.order.number,
        "order_name": paper.order.get_kind_display(),
        "order_date": local(paper.order.issued_at).date(),
        "issued_on": issued,
        "document_date": issued,
        "contact": paper.issued_by.name,
        "phone": settings.OFFICE_PHONE,
        "handler": paper.issued_by.name,
    }


def interview_context(interview: Interview) -> dict[str, Any]:
    """Return the plain data of ``print/interview.html``."""
    moment = local(interview.scheduled_at)
    return {
        **_head(interview, "约谈通知书"),
        "invited": interview.invited,
        "cause": interview.cause,
        "moment": f"{moment.year}年{moment.month}月{moment.day}日"
        f"（星期{_WEEKDAYS[moment.weekday()]}）{moment:%H:%M}",
        "place": interview.place,
        "bring": interview.bring,
    }


def minutes_context(interview: Interview) -> dict[str, Any]:
    """Return the plain data of ``print/minutes.html``."""
    return {
        **_head(interview, "约谈记录"),
        "document_date": interview.held_on,
        "invited": interview.invited,
        "cause": interview.cause,
        "held_on": interview.held_on,
        "place": interview.place,
        "host": interview.host,
        "recorder": interview.recorder,
        "attendees": interview.attendees,
        "problems": interview.problems.splitlines(),
        "statement": interview.statement.splitlines(),
        "demands": interview.demands.splitlines(),
        "demands_deadline": interview.demands_deadline,
    }


def circular_context(circular: Circular) -> dict[str, Any]:
    """Return the plain data of ``print/circular.html``."""
    return {
        **_head(circular, circular.title),
        "document_title": f"{circular.number} 通报",
        "paragraphs": [line.strip() for line in circular.text.splitlines() if line.strip()],
    }


def handover_context(handover: Handover) -> dict[str, Any]:
    """Return the plain data of ``print/handover.html``."""
    return {
        **_head(handover, "案件移送函"),
        "issued_on": handover.handed_on,
        "document_date": handover.handed_on,
        "receiving": handover.organ,
        "facts": handover.facts,
        "materials": [
            text
            for line in handover.materials.splitlines()
            if (text := _TYPED.sub("", line).strip())
        ],
        "received_by": handover.received_by,
    }


def _set(
    job: jobs.RunningJob,
    paper: Escalation,
    template: str,
    context: dict[str, Any],
    label: str,
    field: str = "pdf",
) -> None:
    """Render the paper, keep it with its row, and attach it to the job."""
    job.progress(0, 1, "正在排版")
    content = render_pdf(template, context, title=f"{paper.number} {label}")
    stored = getattr(paper, field)
    stored.save(f"{field}.pdf", ContentFile(content), save=False)
    type(paper)._base_manager.filter(pk=paper.pk).update(**{field: stored.name})
    job.attach(f"{paper.number} {label}.pdf", content)
    job.progress(1, 1, "已排好")


@jobs.handler(INTERVIEW_PDF, title="约谈通知书")
def print_interview(job: jobs.RunningJob) -> None:
    paper = Interview.objects.select_related(*_JOINED).get(pk=job.params["paper"])
    _set(job, paper, "print/interview.html", interview_context(paper), "约谈通知书")


@jobs.handler(MINUTES_PDF, title="约谈记录")
def print_minutes(job: jobs.RunningJob) -> None:
    paper = Interview.objects.select_related(*_JOINED).get(pk=job.params["paper"])
    _set(job, paper, "print/minutes.html", minutes_context(paper), "约谈记录", "minutes_pdf")


@jobs.handler(CIRCULAR_PDF, title="通报")
def print_circular(job: jobs.RunningJob) -> None:
    paper = Circular.objects.select_related(*_JOINED).get(pk=job.params["paper"])
    _set(job, paper, "print/circular.html", circular_context(paper), "通报")


@jobs.handler(HANDOVER_PDF, title="案件移送函")
def print_handover(job: jobs.RunningJob) -> None:
    paper = Handover.objects.select_related(*_JOINED).get(pk=job.params["paper"])
    _set(job, paper, "print/handover.html", handover_context(paper), "案件移送函")
