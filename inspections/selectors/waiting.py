"""What waits for whom on the desk."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse

from inspections.choices import (
    ESCALATORS,
    INSPECTORS,
    ORDER_ISSUERS,
    RECHECKERS,
    REPLIERS,
    REVIEWERS,
    InspectionStatus,
    ObjectionStatus,
    OrderStatus,
    RequestStatus,
)
from inspections.models import (
    ExtensionRequest,
    Handover,
    Inspection,
    Interview,
    Objection,
    RectificationOrder,
    RoundEstate,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.formats import local
from xingyang_pm.common.reminders import SOON_DAYS

_ASKED = ("order__estate", "order__provider")


def orders_to_serve(user: Any) -> Any:
    """Return issued orders whose service is not recorded yet, for who may record it: an
    inspector sees the own ones, a manager all."""
    if not holds(user, ORDER_ISSUERS):
        return RectificationOrder.objects.none()
    rows = RectificationOrder.objects.visible_to(user).waiting_for_service()
    return rows if holds(user, REVIEWERS) else rows.filter(issued_by=user)


def orders_to_reply(user: Any) -> Any:
    if not holds(user, REPLIERS):
        return RectificationOrder.objects.none()
    rows = RectificationOrder.objects.visible_to(user).waiting_for_reply()
    return rows.delivered()


def orders_to_recheck(user: Any) -> Any:
    """Return answered orders that wait for ``user``: arranged for this person, or not arranged
    yet and of the own issue (a manager: of anybody's)."""
    if not holds(user, RECHECKERS):
        return RectificationOrder.objects.none()
    unarranged = Q(recheck_by__isnull=True)
    if not holds(user, REVIEWERS):
        unarranged &= Q(issued_by=user)
    rows = RectificationOrder.objects.visible_to(user).waiting_for_recheck()
    return rows.filter(Q(recheck_by=user) | unarranged)


def extensions_to_decide(user: Any) -> Any:
    """Return requests for more time that ``user`` may decide: of the own issue, a manager all."""
    if not holds(user, ORDER_ISSUERS):
        return ExtensionRequest.objects.none()
    rows = ExtensionRequest.objects.visible_to(user).filter(
        status=RequestStatus.PENDING, order__status=OrderStatus.ISSUED
    )
    rows = rows.exclude(requested_by=user)
    return rows if holds(user, REVIEWERS) else rows.filter(order__issued_by=user)


def objections_to_decide(user: Any) -> Any:
    """Return objections that ``user`` may decide: a manager those to orders of others."""
    if not holds(user, REVIEWERS):
        return Objection.objects.none()
    rows = Objection.objects.visible_to(user).filter(status=ObjectionStatus.PENDING)
    return rows.exclude(order__issued_by=user)


def interviews_to_hold(user: Any) -> Any:
    """Return interviews that are near or past and have no minutes, for who calls firms in."""
    if not holds(user, ESCALATORS):
        return Interview.objects.none()
    near = clock.today() + dt.timedelta(days=SOON_DAYS)
    return Interview.objects.visible_to(user).without_minutes().scheduled_until(near)


def handovers_to_ask_after(user: Any) -> Any:
    """Return hand-overs whose organ has had its days and has not answered."""
    if not holds(user, ESCALATORS):
        return Handover.objects.none()
    last = clock.today() - dt.timedelta(days=settings.HANDOVER_FEEDBACK_DAYS)
    return Handover.objects.visible_to(user).unanswered().handed_until(last)


def inspections_to_confirm(user: Any) -> Any:
    if not holds(user, REVIEWERS):
        return Inspection.objects.none()
    return Inspection.objects.visible_to(user).waiting().exclude(entered_by=user)


def uninspected_count(user: Any) -> int:
    """Return how many estates of open rounds wait for ``user``."""
    if not holds(user, INSPECTORS):
        return 0
    coverage = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    return coverage.for_inspector(user).count()


def order_work_count(user: Any) -> int:
    """Return how many orders wait for ``user``, for the menu."""
    found = [
        rows(user).order_by().values_list("pk")
        for rows in (
            orders_to_serve,
            orders_to_reply,
            orders_to_recheck,
            extensions_to_decide,
            objections_to_decide,
        )
    ]
    return found[0].union(*found[1:], all=True).count()


def inspections_waiting(user: Any) -> list[WaitingItem]:
    """Inspections to confirm, to mend and to do, by round."""
    items = []
    to_confirm = (
        inspections_to_confirm(user)
        .order_by()
        .values_list("round_id", "round__title", "round__number")
        .annotate(total=Count("pk"))
    )
    for round_id, title, number, total in to_confirm:
        name = f"{title} 第{number}次检查" if round_id else "临时检查"
        query = f"?status=submitted&round={round_id}" if round_id else "?status=submitted"
        items.append(
            WaitingItem(
                tag="检查",
                title=f"{total} 份检查记录待确认",
                detail=name,
                url=reverse("inspections:inspection-list") + query,
                action="确认",
            )
        )
    if not holds(user, INSPECTORS):
        return items
    returned = Inspection.objects.visible_to(user).filter(
        entered_by=user, status=InspectionStatus.RETURNED
    )
    items += [
        WaitingItem(
            tag="检查",
            title=f"{row.estate} 的检查被退回",
            detail=row.return_reason,
            url=reverse("inspections:entry", args=[row.client_key]),
            action="修改",
        )
        for row in returned.select_related("estate")
    ]
    coverage = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    left = (
        coverage.for_inspector(user)
        .order_by()
        .values_list("round__title", "round__number", "round__end_date")
        .annotate(total=Count("pk"))
    )
    items += [
        WaitingItem(
            tag="检查",
            title=f"{title} 第{number}次检查，还有 {total} 个小区未检查",
            detail=f"{clock.chinese_date(end)}截止",
            url=reverse("inspections:inspection-mine"),
            action="检查",
            due=end,
        )
        for title, number, end, total in left
    ]
    return items


def _order_item(order: RectificationOrder, what: str, action: str, due: dt.date) -> WaitingItem:
    return WaitingItem(
        tag="整改",
        title=f"{order.estate} {what}",
        detail=f"{order.number}　{order.provider.label if order.provider else ''}",
        url=order.get_absolute_url(),
        action=action,
        due=due,
    )


def orders_waiting(user: Any) -> list[WaitingItem]:
    """Orders to serve, to answer and to recheck, and for managers what is overdue."""
    items = []

    def rows(found: Any) -> Any:
        return found.select_related("estate", "provider").order_by("deadline", "pk")

    for order in rows(orders_to_serve(user)):
        items.append(_order_item(order, "整改通知书待登记送达", "登记送达", order.deadline))
    for order in rows(orders_to_reply(user)):
        items.append(_order_item(order, "整改待回复", "回复", order.deadline))
    for order in rows(orders_to_recheck(user)):
        if order.recheck_by_id == user.pk and order.recheck_on:
            items.append(_order_item(order, "整改待复查", "复查", order.recheck_on))
        else:
            items.append(_order_item(order, "已回复，待安排复查", "安排复查", order.deadline))
    for request in extensions_to_decide(user).select_related(*_ASKED).order_by("pk"):
        items.append(_order_item(request.order, "申请延期", "审批延期", request.deadline_before))
    for objection in objections_to_decide(user).select_related(*_ASKED).order_by("pk"):
        items.append(
            _order_item(objection.order, "对整改有异议", "复核异议", objection.order.deadline)
        )
    if holds(user, REVIEWERS):
        late = RectificationOrder.objects.visible_to(user).overdue(clock.today())
        count = late.count()
        if count:
            first = late.order_by("deadline").values_list("deadline", flat=True)[0]
            items.append(
                WaitingItem(
                    tag="整改",
                    title=f"{count} 份整改通知书已逾期",
                    detail="看整改台账，督促回复或复查",
                    url=reverse("inspections:ledger-list") + "?state=overdue",
                    action="督办",
                    due=first,
                )
            )
    return items


def _interview_item(interview: Interview, today: dt.date) -> WaitingItem:
    """Before its day the order is read up; from then on what was said is written down."""
    moment, order = local(interview.scheduled_at), interview.order
    ahead = moment.date() > today
    return WaitingItem(
        tag="整改",
        title=f"{order.estate} {'将约谈' if ahead else '约谈待登记记录'}",
        detail=f"{moment:%H:%M}，{interview.place}　{interview.invited}　{interview.number}",
        url=f"{order.get_absolute_url()}#interview-{interview.pk}"
        if ahead
        else reverse("inspections:interview-record", args=[interview.pk]),
        action="看约谈" if ahead else "登记记录",
        due=moment.date(),
    )


def _handover_item(handover: Handover) -> WaitingItem:
    day = clock.chinese_date(handover.handed_on)
    return WaitingItem(
        tag="整改",
        title=f"{handover.order.estate} 移交执法没有反馈",
        detail=f"{day}移交{handover.organ}　{handover.number}",
        url=reverse("inspections:handover-feedback", args=[handover.pk]),
        action="登记反馈",
        due=handover.handed_on + dt.timedelta(days=settings.HANDOVER_FEEDBACK_DAYS),
    )


def escalations_waiting(user: Any) -> list[WaitingItem]:
    """Interviews to hold and to write down, and hand-overs whose answer has not come in time."""
    today = clock.today()
    interviews = interviews_to_hold(user).select_related(*_ASKED).order_by("scheduled_at", "pk")
    handovers = handovers_to_ask_after(user).select_related(*_ASKED).order_by("handed_on", "pk")
    return [
        *(_interview_item(interview, today) for interview in interviews),
        *(_handover_item(handover) for handover in handovers),
    ]
