"""What the loop tells of a firm: each fault once, and its repair."""

import datetime as dt

from accounts.models import User
from enterprises.choices import CREDIT_FAULTS, CreditEventKind
from enterprises.models import CreditEvent
from enterprises.services import credit_event_record
from inspections.models import Handover, Recheck, RectificationOrder
from xingyang_pm.common import clock


def _push(
    order: RectificationOrder,
    kind: CreditEventKind,
    text: str,
    day: dt.date,
    source: str,
    actor: User,
) -> None:
    """Tell of the order's firm; an order without an addressee tells of nobody.

    ``source`` begins with the order, so that all that was told of one order is found again.
    """
    if order.provider is None:
        return
    credit_event_record(
        provider=order.provider,
        estate=order.estate,
        kind=kind,
        text=text,
        happened_on=day,
        source_key=f"order:{order.pk}:{source}",
        actor=actor,
    )


def push_failed_recheck(recheck: Recheck, undone: int, actor: User) -> None:
    _push(
        recheck.order,
        CreditEventKind.RECHECK_FAILED,
        f"{recheck.order.number} 复查有 {undone} 项整改不到位（{recheck.number}）",
        recheck.checked_on,
        f"recheck:{recheck.pk}",
        actor,
    )


def push_overdue(order: RectificationOrder, actor: User) -> None:
    """Tell that the deadline had passed when the order was escalated; once for each deadline."""
    if order.is_overdue:
        _push(
            order,
            CreditEventKind.OVERDUE,
            f"{order.number} 到期日 {clock.chinese_date(order.deadline)}，逾期未整改",
            clock.today(),
            f"overdue:{order.deadline}",
            actor,
        )


def push_handover(handover: Handover, actor: User) -> None:
    _push(
        handover.order,
        CreditEventKind.TRANSFERRED,
        f"{handover.order.number} 移交{handover.organ}（{handover.number}）",
        handover.handed_on,
        f"handover:{handover.pk}",
        actor,
    )


def push_repair(order: RectificationOrder, actor: User) -> None:
    """Tell that the order was closed, if it had told of faults before."""
    faults = CreditEvent.objects.filter(
        source_key__startswith=f"order:{order.pk}:", kind__in=CREDIT_FAULTS
    )
    if faults.exists():
        _push(
            order,
            CreditEventKind.REPAIRED,
            f"{order.number} 已整改到位并销号",
            clock.today(),
            "repaired",
            actor,
        )
