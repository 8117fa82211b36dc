"""What follows when an order is not obeyed: 约谈, 通报, 移交执法."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.conf import settings

from accounts.models import User
from inspections.choices import (
    ESCALATORS,
    ObjectionStatus,
    OrderStatus,
    RecheckResult,
)
from inspections.models import Circular, Handover, Interview, RectificationOrder
from inspections.models.escalation import Escalation
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .base import TAG, locked, subjects_of
from .credit import push_handover, push_overdue

INTERVIEW_PDF = "interview-notice"
MINUTES_PDF = "interview-minutes"
CIRCULAR_PDF = "circular"
HANDOVER_PDF = "handover"
# Each paper has numbers of its own per year, and its word in them.
_WORDS: dict[type[Escalation], tuple[str, str, str]] = {
    Interview: ("interview", "约谈", INTERVIEW_PDF),
    Circular: ("circular", "通报", CIRCULAR_PDF),
    Handover: ("handover", "移", HANDOVER_PDF),
}
Paper = TypeVar("Paper", bound=Escalation)


def escalation_problem(order: RectificationOrder, *, handover: bool = False) -> str:
    """Return why ``order`` cannot be escalated now, or nothing."""
    what = "移交" if handover else "约谈或通报"
    allowed = {OrderStatus.ISSUED} if handover else {OrderStatus.ISSUED, OrderStatus.TRANSFERRED}
    if order.status not in allowed:
        return f"这份整改单{order.get_status_display()}，不能再{what}。"
    if handover and order.objections.filter(status=ObjectionStatus.PENDING).exists():
        return "对这份整改单的异议还没有复核，复核后才能移交。"
    failed = order.rechecks.filter(result=RecheckResult.FAIL)
    if order.days_left >= 0 and order.status == OrderStatus.ISSUED and not failed.exists():
        return "只有逾期或复查不到位的整改单可以约谈、通报或移交。"
    return ""


def _issue(
    kind: type[Paper],
    order: RectificationOrder,
    actor: User,
    *,
    verb: str,
    told: Callable[[str], str],
    values: dict[str, Any],
) -> Paper:
    """Number the paper, keep it, tell of the order's delay, and have it printed.

    ``told`` makes the sentence of the audit log from the number.
    """
    series, word, _ = _WORDS[kind]
    year = clock.today().year
    serial = next_number(series, year)
    paper = kind(
        order=order,
        year=year,
        serial=serial,
        number=f"{settings.OFFICE_DOCUMENT_PREFIX}{word}〔{year}〕{serial}号",
        issued_by=actor,
        issued_at=clock.now(),
        **values,
    )
    paper.full_clean()
    paper.save()
    assert_in_scope(paper, actor)
    record(
        actor=actor,
        verb=verb,
        target=order,
        subjects=[paper, *subjects_of(order)],
        summary=told(paper.number),
        tag=TAG,
        tone="a",
    )
    push_overdue(order, actor)
    enqueue_escalation(paper=paper, actor=actor)
    return paper


def enqueue_escalation(*, paper: Escalation, actor: User, minutes: bool = False) -> jobs.Job:
    """Have ``paper``, or the ``minutes`` of an interview, printed."""
    pdf = MINUTES_PDF if minutes else _WORDS[type(paper)][2]
    return jobs.enqueue(
        pdf,
        owner=actor,
        params={"paper": paper.pk},
        dedupe_key=f"{pdf}:{paper.pk}",
        title=f"{paper.number} {'约谈记录' if minutes else paper._meta.verbose_name}",
    )


def _needed(values: Iterable[tuple[str, str, str]]) -> None:
    for field, value, label in values:
        if not value.strip():
            raise BusinessError(f"请写明{label}。", field=field)


def _ready(order: RectificationOrder, actor: User, *, handover: bool = False) -> RectificationOrder:
    order = locked(order, actor)
    if problem := escalation_problem(order, handover=handover):
        raise BusinessError(problem, code="stale")
    return order


def interview_call(
    *,
    order: RectificationOrder,
    actor: User,
    invited: str,
    cause: str,
    scheduled_at: dt.datetime,
    place: str,
    bring: str = "",
) -> Interview:
    """Call the firm in (约谈通知书)."""
    require(actor, ESCALATORS, "约谈由科室负责人决定。")
    with guarded():
        order = _ready(order, actor)
        _needed(
            (
                ("invited", invited, "约谈对象"),
                ("cause", cause, "约谈事由"),
                ("place", place, "约谈地点"),
            )
        )
        if scheduled_at <= clock.now():
            raise BusinessError("约谈时间须晚于现在。", field="scheduled_at")
        return _issue(
            Interview,
            order,
            actor,
            verb="order.interview",
            told=lambda number: f"发出约谈通知书 {number}，约谈{invited.strip()}",
            values={
                "invited": invited.strip(),
                "cause": cause.strip(),
                "scheduled_at": scheduled_at,
                "place": place.strip(),
                "bring": bring.strip(),
            },
        )


def interview_record(
    *,
    interview: Interview,
    actor: User,
    held_on: dt.date,
    host: str,
    recorder: str,
    attendees: str,
    problems: str,
    statement: str,
    demands: str,
    demands_deadline: dt.date,
) -> Interview:
    """Keep what was said (约谈记录): who, which problems, what the firm declared and must do."""
    require(actor, ESCALATORS, "约谈记录由科室负责人登记。")
    with guarded():
        order = locked(interview.order, actor)
        interview = Interview.objects.visible_to(actor).select_for_update().get(pk=interview.pk)
        if interview.is_recorded:
            raise BusinessError("这次约谈已经登记记录。", code="stale")
        if held_on > clock.today():
            raise BusinessError("约谈日期不能晚于今天。", field="held_on")
        if held_on < interview.issued_at.astimezone(clock.SHANGHAI).date():
            raise BusinessError("约谈日期不能早于约谈通知书的日期。", field="held_on")
        if demands_deadline < held_on:
            raise BusinessError("整改期限不能早于约谈日期。", field="demands_deadline")
        _needed(
            (
                ("host", host, "主持人"),
                ("recorder", recorder, "记录人"),
                ("attendees", attendees, "参加人"),
                ("problems", problems, "通报的问题"),
                ("demands", demands, "整改要求"),
            )
        )
        written = {
            "held_on": held_on,
            "host": host.strip(),
            "recorder": recorder.strip(),
            "attendees": attendees.strip(),
            "problems": problems.strip(),
            "statement": statement.strip(),
            "demands": demands.strip(),
            "demands_deadline": demands_deadline,
            "recorded_by": actor,
            "recorded_at": clock.now(),
        }
        for name, value in written.items():
            setattr(interview, name, value)
        interview.full_clean()
        interview.save(update_fields=list(written))
        record(
            actor=actor,
            verb="order.interview_record",
            target=order,
            subjects=[interview, *subjects_of(order)],
            summary=f"登记约谈记录 {interview.number}，"
            f"要求{clock.chinese_date(demands_deadline)}前整改",
            tag=TAG,
            tone="b",
        )
        enqueue_escalation(paper=interview, actor=actor, minutes=True)
    return interview


def circular_issue(*, order: RectificationOrder, actor: User, title: str, text: str) -> Circular:
    """Name the firm and what it has not mended (通报)."""
    require(actor, ESCALATORS, "通报由科室负责人签发。")
    with guarded():
        order = _ready(order, actor)
        _needed((("title", title, "标题"), ("text", text, "正文")))
        return _issue(
            Circular,
            order,
            actor,
            verb="order.circular",
            told=lambda number: f"签发通报 {number}：{title.strip()}",
            values={"title": title.strip(), "text": text.strip()},
        )


def handover_make(
    *,
    order: RectificationOrder,
    actor: User,
    organ: str,
    handed_on: dt.date,
    facts: str,
    materials: str,
    received_by: str = "",
) -> Handover:
    """Hand the order over to the enforcing organ; it may still be answered and closed."""
    require(actor, ESCALATORS, "移交执法由科室负责人办理。")
    with guarded():
        order = _ready(order, actor, handover=True)
        _needed(
            (
                ("organ", organ, "接收机关"),
                ("facts", facts, "移交事由"),
                ("materials", materials, "移交材料"),
            )
        )
        if handed_on > clock.today():
            raise BusinessError("移交日期不能晚于今天。", field="handed_on")
        earliest = order.issued_at.astimezone(clock.SHANGHAI).date()
        if handed_on < earliest:
            raise BusinessError("移交日期不能早于整改单下达日期。", field="handed_on")
        failed = order.rechecks.filter(result=RecheckResult.FAIL)
        if handed_on <= order.deadline and not failed.exists():
            raise BusinessError("移交日期须在整改期限之后。", field="handed_on")
        handover = _issue(
            Handover,
            order,
            actor,
            verb="order.handover",
            told=lambda number: f"移交{organ.strip()}，{number}",
            values={
                "organ": organ.strip(),
                "handed_on": handed_on,
                "facts": facts.strip(),
                "materials": materials.strip(),
                "received_by": received_by.strip(),
            },
        )
        push_handover(handover, actor)
        move(order, source=OrderStatus.ISSUED, target=OrderStatus.TRANSFERRED)
    return handover


def handover_feedback(
    *,
    handover: Handover,
    actor: User,
    result: str,
    answered_on: dt.date,
    document_number: str = "",
) -> Handover:
    """Keep what the enforcing organ answered."""
    require(actor, ESCALATORS, "处理结果由科室负责人登记。")
    with guarded():
        order = locked(handover.order, actor)
        handover = Handover.objects.visible_to(actor).select_for_update().get(pk=handover.pk)
        if handover.feedback_at is not None:
            raise BusinessError("处理结果已经登记。", code="stale")
        if answered_on > clock.today():
            raise BusinessError("反馈日期不能晚于今天。", field="answered_on")
        if answered_on < handover.handed_on:
            raise BusinessError("反馈日期不能早于移交日期。", field="answered_on")
        _needed((("result", result, "处理结果"),))
        written = {
            "feedback_result": result.strip(),
            "feedback_on": answered_on,
            "feedback_number": document_number.strip(),
            "feedback_by": actor,
            "feedback_at": clock.now(),
        }
        for name, value in written.items():
            setattr(handover, name, value)
        handover.full_clean()
        handover.save(update_fields=list(written))
        record(
            actor=actor,
            verb="order.handover_feedback",
            target=order,
            subjects=[handover, *subjects_of(order)],
            summary=f"登记{handover.organ}处理结果：{handover.feedback_result[:200]}"
            + (f"（{handover.feedback_number}）" if handover.feedback_number else ""),
            tag=TAG,
            tone="b",
        )
    return handover
