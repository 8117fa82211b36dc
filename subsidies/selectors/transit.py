"""Where the money of payments is, for how many days, and what is stuck."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.choices import Role
from subsidies.choices import (
    PAYERS,
    RECEIVERS,
    UNDER_WAY_PLACES,
    PaymentRoute,
    TransitPlace,
)
from subsidies.models import Payment, SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.chain import Stage
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.formats import month_day
from xingyang_pm.common.money import fen, money

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Transit:
    """The way of one payment in calendar days, to its arrival or until today.

    ``treasury`` are the days from the payment to the street's hands (or, going there directly, to
    the payee), ``street`` those in the street's hands. What came back counts until it is paid
    again: nobody has it.
    """

    place: TransitPlace
    treasury: int
    street: int
    open_amount: Decimal
    due: dt.date

    @property
    def days(self) -> int:
        return self.treasury + self.street

    @property
    def is_under_way(self) -> bool:
        return self.place in UNDER_WAY_PLACES

    @property
    def is_overdue(self) -> bool:
        return self.is_under_way and clock.today() > self.due


def transit_of(payment: Any) -> Transit:
    """Return the way of ``payment``, which :meth:`PaymentQuerySet.with_transit` has annotated."""
    place = TransitPlace(payment.place)
    end = clock.today()
    if place == TransitPlace.ARRIVED:
        end = payment.received_on
    elif place == TransitPlace.REPLACED:
        end = payment.failed_on
    handed = payment.arrived_on or end
    return Transit(
        place,
        (handed - payment.paid_on).days,
        (end - handed).days,
        fen(payment.amount - payment.received) if place in UNDER_WAY_PLACES else NOTHING,
        payment.paid_on + dt.timedelta(days=settings.TRANSIT_RED_DAYS),
    )


@dataclass(frozen=True)
class PlaceSum:
    """What lies at one place: payments, yuan, the mean days weighed by yuan, the longest."""

    label: str
    count: int
    amount: Decimal
    mean_days: Decimal
    longest: int
    overdue: int
    overdue_amount: Decimal


def _sum(label: str, ways: Iterable[Transit]) -> PlaceSum:
    found = list(ways)
    amount = sum((way.open_amount for way in found), NOTHING)
    weighed = sum((way.open_amount * way.days for way in found), NOTHING)
    late = [way for way in found if way.is_overdue]
    return PlaceSum(
        label,
        len(found),
        amount,
        (weighed / amount).quantize(Decimal("0.1")) if amount else Decimal(0),
        max((way.days for way in found), default=0),
        len(late),
        sum((way.open_amount for way in late), NOTHING),
    )


@dataclass(frozen=True)
class TransitSummary:
    """All that is under way, together and by place."""

    whole: PlaceSum
    places: Sequence[PlaceSum]


def transit_summary(payments: Any) -> TransitSummary:
    """Return the sums over those of ``payments`` that are under way; one query.

    What is under way is a few weeks of payments, so each is read.
    """
    ways = [transit_of(row) for row in payments.with_transit().under_way()]
    return TransitSummary(
        _sum("在途", ways),
        [
            _sum(str(place.label), (way for way in ways if way.place == place))
            for place in UNDER_WAY_PLACES
        ],
    )


def arrival_stage(claim: SubsidyClaim) -> Stage:
    """Return the stage after the payment: done once every payee has confirmed its whole sum.

    At most three queries.
    """
    payments = list(claim.payments.with_transit())
    live = [row for row in payments if row.place != TransitPlace.REPLACED]
    open_rows = [row for row in live if row.place != TransitPlace.ARRIVED]
    if not live:
        return Stage("到账", "todo", ["收款单位回执", "—"])
    owed = claim.lines.included().filter(amount__gt=0).order_by().values("payee").distinct()
    unpaid = owed.exclude(payee__in=[row.payee_id for row in live]).count()
    if not open_rows and not unpaid:
        return Stage("到账", "done", ["收款单位回执", month_day(max(r.received_on for r in live))])
    arrived = len(live) - len(open_rows)
    back = [row for row in open_rows if row.place == TransitPlace.RETURNED]
    counted = f"{arrived} / {len(live) + unpaid} 个单位到账"
    if back:
        return Stage("到账", "back", [counted], f"{len(back)} 笔被退回，待重新拨付。")
    longest = max((transit_of(row).days for row in open_rows), default=0)
    state: Any = "now" if not unpaid else "todo"
    return Stage("到账", state, [counted, f"最长已在途 {longest} 天" if longest else "在途"])


# --- The desk ---------------------------------------------------------------------------------


def _item(payment: Any, *, action: str, detail: str) -> WaitingItem:
    way = transit_of(payment)
    month = clock.chinese_month(payment.claim.month)
    return WaitingItem(
        tag="补贴",
        title=f"{payment.payee.label} {month}补贴 {money(payment.amount)} 元",
        detail=f"{detail}，{way.place.label}，已 {way.days} 天"
        + (f"：{payment.last_reason}" if payment.last_reason else ""),
        url=payment.get_absolute_url(),
        action=action,
        due=way.due,
    )


def _street_item(payment: Any) -> WaitingItem:
    waits_for_street = (
        payment.route == PaymentRoute.STREET and payment.place == TransitPlace.TREASURY
    )
    late = transit_of(payment).is_overdue and not payment.last_reason
    return _item(
        payment,
        action="说明滞留原因" if late else "登记收款" if waits_for_street else "登记到账",
        detail="超过期限，请写明滞留原因" if late else f"{month_day(payment.paid_on)}拨付",
    )


def transit_waiting(user: Any) -> list[WaitingItem]:
    """Return what the street's clerk has to record and what finance has to pay again; one query."""
    receives, pays = holds(user, RECEIVERS), holds(user, PAYERS)
    if not receives and not pays:
        return []
    rows = (
        Payment.objects.visible_to(user)
        .with_transit()
        .under_way()
        .select_related("claim", "payee")
        .order_by("paid_on", "pk")
    )
    items = []
    for row in rows:
        if row.place == TransitPlace.RETURNED:
            if pays:
                items.append(_item(row, action="重新拨付", detail="银行退回"))
        elif receives:
            items.append(_street_item(row))
        elif pays and transit_of(row).is_overdue:
            items.append(_item(row, action="催办", detail=f"在{_who(row)}滞留"))
    return items


def _who(payment: Any) -> str:
    if payment.place == TransitPlace.STREET:
        return "街道"
    return "财政"


def overdue_count(user: Any) -> int:
    """Return how many payments the red list shows to those who have to act on it."""
    if not holds(user, {*PAYERS, *RECEIVERS, Role.STREET_LEADER}):
        return 0
    rows = Payment.objects.visible_to(user).with_transit()
    return rows.overdue(clock.today(), settings.TRANSIT_RED_DAYS).count()
