"""What the addressee asks for: more time once, and that the order be looked at again."""

import datetime as dt

from accounts.models import User
from inspections.choices import (
    ORDER_ISSUERS,
    ORDER_RUNNING,
    REPLIERS,
    REVIEWERS,
    ObjectionStatus,
    OrderStatus,
    RequestStatus,
)
from inspections.models import ExtensionRequest, Objection, RectificationOrder, ReplyLink
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .base import TAG, Caller, locked, locked_for, still_open, subjects_of
from .issuing import enqueue_notice
from .links import follow_deadline

_ISSUED = (OrderStatus.ISSUED,)


def _in_time(order: RectificationOrder, what: str) -> None:
    if order.days_left < 0:
        raise BusinessError(
            f"整改期限 {clock.chinese_date(order.deadline)} 24:00 已过，不能再{what}。", code="late"
        )


def extension_request(
    *,
    order: RectificationOrder,
    reason: str,
    wished_day: dt.date,
    actor: User | None = None,
    link: ReplyLink | None = None,
    reporter_name: str = "",
    reporter_phone: str = "",
) -> ExtensionRequest:
    """Ask for more time, once, before the deadline day has ended."""
    caller = Caller(actor, link, reporter_name, reporter_phone)
    caller.check(REPLIERS, "延期由街道经办或服务单位申请。")
    with guarded():
        order = locked_for(order, caller)
        still_open(order, _ISSUED, "申请延期")
        _in_time(order, "申请延期")
        if not reason.strip():
            raise BusinessError("请写明为什么要延期。", field="reason")
        if wished_day <= order.deadline:
            raise BusinessError(
                f"申请延至的日期须晚于现在的期限 {clock.chinese_date(order.deadline)}。",
                field="wished_day",
            )
        request = ExtensionRequest(
            order=order,
            reason=reason.strip(),
            wished_day=wished_day,
            deadline_before=order.deadline,
            **caller.columns("requested", "requester"),
            requested_at=clock.now(),
        )
        request.full_clean()
        request.save()
        if actor is not None:
            assert_in_scope(request, actor)
        record(
            actor=actor,
            verb="order.extension_request",
            target=order,
            subjects=subjects_of(order),
            summary=f"申请延期至{clock.chinese_date(wished_day)}：{request.reason}",
            after={"wished_day": wished_day},
            tag=TAG,
            tone="a",
        )
    return request


def extension_decide(
    *,
    request: ExtensionRequest,
    actor: User,
    grant: bool,
    until: dt.date | None = None,
    note: str = "",
) -> ExtensionRequest:
    """Grant the request (until the wished day, or ``until``) or refuse it, saying why.

    Granted, it moves the deadline; the request keeps both.
    """
    require(actor, ORDER_ISSUERS, "延期由检查员或科室负责人审批。")
    with guarded():
        order = locked(request.order, actor)
        request = ExtensionRequest.objects.visible_to(actor).get(pk=request.pk)
        if request.status != RequestStatus.PENDING:
            raise BusinessError("这份延期申请已经审批。", code="stale")
        if request.requested_by_id == actor.pk:
            raise BusinessError("申请延期的人不能审批自己的申请。", code="same_person")
        if order.status != OrderStatus.ISSUED:
            raise BusinessError(
                f"这份整改单{order.get_status_display()}，不用再批延期。", code="stale"
            )
        day = (until or request.wished_day) if grant else None
        if day is not None and day <= max(order.deadline, request.deadline_before):
            raise BusinessError(
                f"准予延至的日期须晚于现在的期限 {clock.chinese_date(order.deadline)}。",
                field="until",
            )
        if day is not None and day < clock.today():
            raise BusinessError("准予延至的日期不能早于今天。", field="until")
        if not grant and not note.strip():
            raise BusinessError("不予延期的，请写明原因。", field="note")
        before = order.deadline
        move(
            request,
            source=RequestStatus.PENDING,
            target=RequestStatus.GRANTED if grant else RequestStatus.REFUSED,
            granted_until=day,
            decided_by=actor,
            decided_at=clock.now(),
            decision_note=note.strip(),
        )
        if day is not None:
            order.deadline = day
            order.full_clean()
            order.save(update_fields=["deadline"])
            follow_deadline(order)
        record(
            actor=actor,
            verb="order.extension_decide",
            target=order,
            subjects=subjects_of(order),
            summary=f"准予延期，整改期限由{clock.chinese_date(before)}延至{clock.chinese_date(day)}"
            if day
            else f"不予延期：{note.strip()}",
            before={"deadline": before},
            after={"deadline": order.deadline},
            tag=TAG,
            tone="b",
        )
        if day is not None:
            enqueue_notice(order=order, actor=actor)
    return request


def objection_file(
    *,
    order: RectificationOrder,
    reason: str,
    actor: User | None = None,
    link: ReplyLink | None = None,
    reporter_name: str = "",
    reporter_phone: str = "",
) -> Objection:
    """Object to the order, once, before its deadline day has ended."""
    caller = Caller(actor, link, reporter_name, reporter_phone)
    caller.check(REPLIERS, "异议由街道经办或服务单位提出。")
    with guarded():
        order = locked_for(order, caller)
        still_open(order, _ISSUED, "提出异议")
        _in_time(order, "提出异议")
        if not reason.strip():
            raise BusinessError("请写明异议的理由。", field="reason")
        objection = Objection(
            order=order,
            reason=reason.strip(),
            **caller.columns("filed", "filer"),
            filed_at=clock.now(),
        )
        objection.full_clean()
        objection.save()
        if actor is not None:
            assert_in_scope(objection, actor)
        record(
            actor=actor,
            verb="order.objection",
            target=order,
            subjects=subjects_of(order),
            summary=f"提出异议：{objection.reason[:200]}",
            tag=TAG,
            tone="a",
        )
    return objection


def objection_decide(*, objection: Objection, actor: User, uphold: bool, opinion: str) -> Objection:
    """Decide an objection with an opinion; upheld, the order is withdrawn.

    By a bureau manager who did not issue the order. The inspection and its score stay as they
    are; the items may be ordered anew.
    """
    require(actor, REVIEWERS, "异议由科室负责人复核。")
    with guarded():
        order = locked(objection.order, actor)
        objection = Objection.objects.visible_to(actor).get(pk=objection.pk)
        if objection.status != ObjectionStatus.PENDING:
            raise BusinessError("这份异议已经复核。", code="stale")
        if order.issued_by_id == actor.pk:
            raise BusinessError(
                "签发通知书的人不能复核对它的异议，请换一人复核。", code="same_person"
            )
        if objection.filed_by_id == actor.pk:
            raise BusinessError("提出异议的人不能复核自己的异议。", code="same_person")
        if not opinion.strip():
            raise BusinessError("请写明复核意见。", field="opinion")
        if uphold and order.status not in ORDER_RUNNING:
            raise BusinessError(f"这份整改单{order.get_status_display()}，不能撤销。", code="stale")
        move(
            objection,
            source=ObjectionStatus.PENDING,
            target=ObjectionStatus.UPHELD if uphold else ObjectionStatus.REJECTED,
            decided_by=actor,
            decided_at=clock.now(),
            opinion=opinion.strip(),
        )
        if uphold:
            move(order, source=tuple(ORDER_RUNNING), target=OrderStatus.WITHDRAWN)
            order.items.update(withdrawn=True)
        record(
            actor=actor,
            verb="order.objection_decide",
            target=order,
            subjects=subjects_of(order),
            summary=f"异议成立，撤销 {order.number}：{opinion.strip()}"
            if uphold
            else f"异议不成立：{opinion.strip()}",
            tag=TAG,
            tone="g" if uphold else "b",
        )
    return objection
