"""The monthly claims of the demo city: every one goes through the services, stage by stage."""

import datetime as dt
from decimal import Decimal

from inspections.models import Inspection, RectificationOrder
from subsidies.models import SubsidyClaim
from subsidies.services.acts import claim_approve, claim_check, claim_review, claim_submit
from subsidies.services.claims import claim_open
from subsidies.services.lines import line_deduct
from subsidies.services.payments import PaymentEntry, claim_pay
from xingyang_pm.common import clock
from xingyang_pm.common.workdays import add_workdays

from .people import Cast
from .registry import City

STAGES = ("open", "submitted", "reviewed", "checked", "approved", "paid")


def claim_run(
    city: City,
    cast: Cast,
    street: str,
    month: dt.date,
    *,
    until: str,
    deduct: dict[str, tuple[Decimal, str]] | None = None,
) -> SubsidyClaim:
    """Take the claim of one street and month from its opening up to the state ``until``.

    It is opened on the 1st of the next month and moves on every two days. ``deduct`` maps
    estate names to yuan and reason.
    """
    first = clock.add_months(month, 1)
    clerk, leader = cast.clerks[street], cast.leaders[street]
    with clock.freeze(clock.at(first, 0, 5)):
        claim = claim_open(street=city.streets[street], month=month)
    for name, (amount, reason) in (deduct or {}).items():
        line = claim.lines.select_related("estate", "claim").get(estate__name=name)
        with clock.freeze(clock.at(first + dt.timedelta(days=1), 15)):
            line_deduct(
                line=line,
                amount=amount,
                reason=reason,
                actor=clerk,
                basis=_basis(line.estate_id, clock.now()),
            )
    acts = [
        ("submitted", 2, 10, lambda: claim_submit(claim=claim, actor=clerk)),
        (
            "reviewed",
            4,
            16,
            lambda: claim_review(claim=claim, actor=leader, opinion="户数属实，同意上报。"),
        ),
        (
            "checked",
            6,
            9,
            lambda: claim_check(
                claim=claim, actor=cast.manager, opinion="户数与合同核对无误，同意公示。"
            ),
        ),
        ("approved", 15, 10, lambda: claim_approve(claim=claim, actor=cast.leader)),
        ("paid", 18, 14, lambda: _pay(claim, cast)),
    ]
    today, late = clock.today(), dt.timedelta(0)
    for state, days, hour, act in acts:
        if STAGES.index(state) > STAGES.index(until):
            break
        planned = first + dt.timedelta(days=days)
        if state == "approved":
            # The first working day after the notice, which a festival makes longer.
            over = add_workdays(claim.notices.get(version=claim.version).ends_on, 1)
            late = max(over - planned, late)
        day = min(planned + late, today)
        with clock.freeze(clock.at(day, hour)):
            act()
    return SubsidyClaim.objects.get(pk=claim.pk)


def _basis(estate: int, moment: dt.datetime) -> RectificationOrder | Inspection | None:
    """Return the latest order of the estate by then, else its latest inspection with a fault."""
    order = (
        RectificationOrder.objects.select_related("inspection")
        .filter(inspection__estate=estate, issued_at__lte=moment)
        .order_by("-issued_at")
        .first()
    )
    return order or (
        Inspection.objects.counted()
        .filter(estate=estate, failed_count__gt=0, submitted_at__lte=moment)
        .order_by("-submitted_at")
        .first()
    )


def _pay(claim: SubsidyClaim, cast: Cast) -> None:
    lines = claim.lines.included().select_related("payee").order_by("payee__code")
    payees = list(dict.fromkeys(line.payee for line in lines))
    claim_pay(
        claim=claim,
        actor=cast.finance,
        entries=[
            PaymentEntry(payee, f"GK{claim.month:%Y%m}{claim.pk:03d}{index:02d}", clock.today())
            for index, payee in enumerate(payees, start=1)
        ],
    )


def money_2017(city: City, cast: Cast) -> None:
    """April to August 京城路街道 alone, from September both; all paid."""
    for month_number in range(4, 13):
        month = dt.date(2017, month_number, 1)
        for street in ("410182002", "410182001"):
            if street == "410182001" and month_number < 9:
                continue
            claim_run(city, cast, street, month, until="paid")


def money_present(city: City, cast: Cast, today: dt.date) -> None:
    """Twelve months up to last month; the last one is still on its way."""
    last = clock.add_months(today, -1)
    for back in range(11, 0, -1):
        month = clock.add_months(last, -back)
        for street in ("410182002", "410182001"):
            claim_run(
                city,
                cast,
                street,
                month,
                until="approved" if back == 1 and street == "410182001" else "paid",
                deduct=_deductions(back, street),
            )
    claim_run(city, cast, "410182002", last, until=_reached(today, "reviewed"))
    claim_run(
        city,
        cast,
        "410182001",
        last,
        until=_reached(today, "checked"),
        deduct={
            "工商局家属院": (Decimal("120.00"), "楼道照明损坏，逾期未整改"),
            "锦绣苑": (Decimal("166.00"), "消防通道被占用，逾期未整改"),
        },
    )


def _reached(today: dt.date, wanted: str) -> str:
    """Return how far a claim can be by ``today``: in the first days of a month it has not
    come far."""
    days = {"submitted": 2, "reviewed": 4, "checked": 6}
    reached = [state for state, day in days.items() if today.day - 1 >= day]
    if not reached:
        return "open"
    return min(wanted, reached[-1], key=STAGES.index)


def _deductions(back: int, street: str) -> dict[str, tuple[Decimal, str]]:
    if street == "410182001" and back in (3, 7):
        return {"老粮库家属院": (Decimal("58.00"), "垃圾清运不及时，逾期未整改")}
    if street == "410182002" and back == 5:
        return {"铁龙家属院": (Decimal("164.00"), "连续两次检查不合格")}
    return {}
