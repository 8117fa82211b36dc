"""The money of a period seen from its sides, how far the city is covered, where claims are."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from enterprises.models import Engagement
from estates.models import Estate, HouseholdCount
from subsidies.calculations import percent_of
from subsidies.choices import SETTLED, ClaimStage, ClaimStatus, Decision
from subsidies.models import ClaimAct, PublicNotice, SubsidyClaim, SubsidyLine
from xingyang_pm.common import clock
from xingyang_pm.common.money import fen

from .waiting import days_waited

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Span:
    """The months ``first`` to ``last`` (first days), of one street or of all that is seen."""

    first: dt.date
    last: dt.date
    street: int | None = None

    @property
    def months(self) -> list[dt.date]:
        found, month = [], self.first
        while month <= self.last:
            found.append(month)
            month = clock.add_months(month, 1)
        return found


# --- Money -------------------------------------------------------------------------------------


@dataclass
class MoneyRow:
    """The approved money of one month, street or payee, in yuan; ``lines`` is what it counts."""

    key: Any
    name: str
    estates: int = 0
    lines: int = 0
    total: Decimal = NOTHING
    share: Decimal | None = None
    url: str = ""


@dataclass(frozen=True)
class Money:
    """The approved money of a span by month, street and payee, and by month and street at once.

    The sum of each side is the sum of the lines. A source of the money would be one side more.
    """

    total: Decimal
    by_month: Sequence[MoneyRow]
    by_street: Sequence[MoneyRow]
    by_payee: Sequence[MoneyRow]
    stacked: dict[tuple[dt.date, int], Decimal]


def money_of(span: Span, user: Any) -> Money:
    """Return the approved lines of ``span`` that ``user`` sees, summed; two queries."""
    rows = SubsidyLine.objects.visible_to(user).included().settled()
    rows = rows.filter(month__gte=span.first, month__lte=span.last)
    if span.street is not None:
        rows = rows.filter(claim__street=span.street)
    sides: dict[str, dict[Any, MoneyRow]] = {"month": {}, "street": {}, "payee": {}}
    stacked: dict[tuple[dt.date, int], Decimal] = defaultdict(lambda: NOTHING)
    cells = (
        rows.order_by()
        .values_list("month", "claim__street", "claim__street__name", "payee", "payee__name")
        .annotate(number=Count("pk"), sum_amount=Sum("amount"))
        .order_by("month", "claim__street__code")
    )
    for month, street, street_name, payee, payee_name, number, amount in cells:
        stacked[month, street] += fen(amount)
        for side, key, name in (
            ("month", month, clock.chinese_month(month)),
            ("street", street, street_name),
            ("payee", payee, payee_name),
        ):
            row = sides[side].setdefault(key, MoneyRow(key, name))
            row.lines += number
            row.total += fen(amount)
    total = sum((row.total for row in sides["month"].values()), NOTHING)
    for side in ("street", "payee"):
        for row in sides[side].values():
            row.share = percent_of(row.total, total)
    _count_estates(rows, sides)

    def largest(side: str) -> list[MoneyRow]:
        return sorted(sides[side].values(), key=lambda row: (-row.total, row.name))

    return Money(
        total, list(sides["month"].values()), largest("street"), largest("payee"), dict(stacked)
    )


def _count_estates(rows: Any, sides: dict[str, dict[Any, MoneyRow]]) -> None:
    """Count the estates of each row once; one query."""
    found: dict[tuple[str, Any], set[int]] = defaultdict(set)
    for estate, month, street, payee in (
        rows.order_by().values_list("estate", "month", "claim__street", "payee").distinct()
    ):
        for side, key in (("month", month), ("street", street), ("payee", payee)):
            found[side, key].add(estate)
    for (side, key), estates in found.items():
        sides[side][key].estates = len(estates)


def months_unsettled(span: Span, user: Any) -> set[dt.date]:
    """Return the months of ``span`` in which a claim is not approved yet, or none was opened: their
    cost is not the whole cost. One query."""
    claims = SubsidyClaim.objects.visible_to(user).standing()
    claims = claims.filter(month__gte=span.first, month__lte=span.last)
    if span.street is not None:
        claims = claims.filter(street=span.street)
    states: dict[dt.date, set[str]] = {month: set() for month in span.months}
    for month, status in claims.order_by().values_list("month", "status").distinct():
        states[month].add(status)
    return {month for month, found in states.items() if not found or found - set(SETTLED)}


# --- Coverage and households -------------------------------------------------------------------


@dataclass(frozen=True)
class CoverageRow:
    """Old estates in service at the end of a month of all that stand today, and their verified
    households."""

    month: dt.date
    served: int
    estates: int
    households: int

    @property
    def rate(self) -> Decimal | None:
        return percent_of(self.served, self.estates)


def coverage_over(span: Span, user: Any) -> list[CoverageRow]:
    """Return the coverage of each month of ``span``; three queries for any number of months."""
    old = Estate.objects.visible_to(user).active().old()
    if span.street is not None:
        old = old.filter(street=span.street)
    pks = set(old.values_list("pk", flat=True))
    services = list(
        Engagement.objects.within(span.first, clock.month_end(span.last))
        .filter(estate__in=old)
        .values_list("estate", "start_date", "end_date")
    )
    counts: dict[int, list[tuple[dt.date, int]]] = defaultdict(list)
    for estate, month, households in (
        HouseholdCount.objects.verified()
        .filter(estate__in=old, effective_month__lte=span.last)
        .order_by("effective_month", "pk")
        .values_list("estate", "effective_month", "households")
    ):
        counts[estate].append((month, households))
    rows = []
    for month in span.months:
        end = min(clock.month_end(month), clock.today())
        served = {pk for pk, start, stop in services if start <= end and (not stop or stop >= end)}
        homes = sum(_in_force(counts[pk], month) for pk in served)
        rows.append(CoverageRow(month, len(served), len(pks), homes))
    return rows


def _in_force(counts: list[tuple[dt.date, int]], month: dt.date) -> int:
    """Return the last of ``counts`` (in order of time) that had begun by ``month``."""
    return next((number for begun, number in reversed(counts) if begun <= month), 0)


# --- Where claims are --------------------------------------------------------------------------


@dataclass
class ClaimPlace:
    """A claim that is not paid: at which stage it is, and for how many days."""

    claim: SubsidyClaim
    days: int

    @property
    def stage(self) -> str:
        return self.claim.get_status_display()


def claim_places(span: Span, user: Any) -> list[ClaimPlace]:
    """Return the claims of all months up to the end of ``span`` that wait for somebody, who has
    waited longest first; two queries."""
    rows = SubsidyClaim.objects.visible_to(user).standing().exclude(status=ClaimStatus.PAID)
    if span.street is not None:
        rows = rows.filter(street=span.street)
    claims = (
        rows.filter(month__lte=span.last)
        .with_last_act()
        .select_related("street")
        .prefetch_related("notices")
    )
    places = [ClaimPlace(claim, days_waited(claim)) for claim in claims]
    return sorted(places, key=lambda place: (-place.days, place.claim.month, place.claim.pk))


@dataclass
class StageDays:
    """How many days a stage took on average, over the claims of a span that passed it."""

    stage: str
    label: str
    passed: int = 0
    longest: int = 0
    total: int = field(default=0, repr=False)
    returned: int = 0
    url: str = ""

    @property
    def average(self) -> Decimal | None:
        if not self.passed:
            return None
        return (Decimal(self.total) / self.passed).quantize(Decimal("0.1"))


def stage_days(span: Span, user: Any) -> list[StageDays]:
    """Return each stage with the days that its acts took since the act before, and how often it
    sent a claim back; two queries.

    The days are whole days in Shanghai from one act to the next, the first from the opening, that
    of a claim on public notice from the end of the notice.
    """
    rows = (
        ClaimAct.objects.visible_to(user)
        .filter(claim__month__gte=span.first, claim__month__lte=span.last)
        .exclude(claim__status=ClaimStatus.VOID)
    )
    if span.street is not None:
        rows = rows.filter(claim__street=span.street)
    found = {stage: StageDays(stage.value, stage.label) for stage in ClaimStage}
    closed = {
        (claim, version): at
        for claim, version, at in PublicNotice.objects.visible_to(user)
        .filter(claim__month__gte=span.first, claim__month__lte=span.last)
        .values_list("claim", "version", "closes_at")
    }
    before: dict[int, dt.datetime] = {}
    for claim, opened, version, stage, decision, at in rows.order_by(
        "claim", "acted_at", "pk"
    ).values_list("claim", "claim__opened_at", "version", "stage", "decision", "acted_at"):
        row = found[ClaimStage(stage)]
        came = before.get(claim, opened)
        if stage == ClaimStage.APPROVE:
            came = max(came, min(closed.get((claim, version), came), at))
        days = (_day(at) - _day(came)).days
        before[claim] = at
        if decision == Decision.PASS:
            row.passed += 1
            row.total += days
            row.longest = max(row.longest, days)
        elif decision == Decision.RETURN:
            row.returned += 1
    return list(found.values())


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(clock.SHANGHAI).date()
