"""What a street's month rests on: counts, rate and engagements in force, read set by set.

A month of any size costs the same handful of queries. Services write what is computed here;
checks hold it against what was written.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from enterprises.models import Engagement
from estates.models import Estate, HouseholdCount, Street
from inspections.choices import ChecklistKind, InspectionStatus
from inspections.models import Inspection
from subsidies.calculations import (
    ONE,
    AssessmentFacts,
    CountFacts,
    LineFacts,
    MonthRule,
    RateFacts,
    ServiceFacts,
    coefficient_of,
    months_served,
)
from subsidies.choices import GapReason
from subsidies.models import CoefficientTable, SubsidyRate
from xingyang_pm.common import clock


@dataclass(frozen=True)
class ComputedLine:
    """One estate (or, under ``BY_DAYS``, one payee's part of its month) with all its facts."""

    estate: int
    facts: LineFacts


@dataclass(frozen=True)
class ComputedGap:
    """An old estate in the registry that has no line, and why."""

    estate: int
    reason: GapReason
    detail: str


@dataclass(frozen=True)
class Computation:
    """The lines of a street's month in the order of the estates' codes, and the gaps."""

    lines: Sequence[ComputedLine]
    gaps: Sequence[ComputedGap]
    in_service: int

    @property
    def total(self) -> Decimal:
        return sum((line.facts.amount for line in self.lines), Decimal("0.00"))


def rate_facts(rate: SubsidyRate) -> RateFacts:
    return RateFacts(
        record=rate.pk,
        amount=rate.amount,
        since=rate.effective_from,
        title=rate.document_title,
        number=rate.document_number,
        rule=MonthRule(rate.month_rule),
    )


def rate_in_force(month: dt.date) -> SubsidyRate | None:
    """Return the rate in force in ``month``: one for the whole city."""
    return SubsidyRate.objects.in_force(month).first()


_COUNT_FIELDS = (
    "estate",
    "pk",
    "households",
    "buildings",
    "effective_month",
    "entered_by__name",
    "decided_by__name",
    "decided_at",
    "evidence_name",
)


def _counts(estates: Any, month: dt.date) -> dict[int, CountFacts]:
    """Return per estate the verified count in force: the one of the latest month."""
    rows = (
        HouseholdCount.objects.verified()
        .filter(estate__in=estates, effective_month__lte=month)
        .order_by("effective_month", "pk")
        .values_list(*_COUNT_FIELDS)
    )
    found = {}
    for estate, pk, households, buildings, since, entered, decided, decided_at, paper in rows:
        verified_on = decided_at.astimezone(clock.SHANGHAI).date() if decided_at else None
        found[estate] = CountFacts(
            pk, households, buildings, since, entered, decided or "", verified_on, paper
        )
    return found


def _services(estates: Any, month: dt.date) -> dict[int, list[ServiceFacts]]:
    """Return per estate the engagements in force on any day of ``month``, in order of time."""
    rows = (
        Engagement.objects.within(month, clock.month_end(month))
        .filter(estate__in=estates)
        .order_by("start_date", "pk")
        .values_list(
            "estate",
            "pk",
            "provider",
            "provider__name",
            "start_date",
            "end_date",
            "contract_number",
        )
    )
    found: dict[int, list[ServiceFacts]] = defaultdict(list)
    for estate, *values in rows:
        found[estate].append(ServiceFacts(*values))
    return found


@dataclass(frozen=True)
class _Bands:
    """The coefficient in force and the scores of the month; none while it is off."""

    table: int
    title: str
    bands: Sequence[tuple[Decimal, Decimal]]
    scores: dict[int, tuple[int, str, Decimal]]

    def of(self, estate: int) -> tuple[Decimal, AssessmentFacts]:
        found = self.scores.get(estate)
        if found is None:
            return ONE, AssessmentFacts(self.table, self.title)
        record, number, score = found
        told = AssessmentFacts(self.table, self.title, record, number, score)
        return coefficient_of(score, self.bands), told


def _bands(estates: Any, month: dt.date) -> _Bands | None:
    """Return the bands in force in ``month`` with each estate's last confirmed 四有 inspection of
    it; None while the office has not decided on any. One query while it is off, three else."""
    table = CoefficientTable.objects.in_force(month).first()
    if table is None:
        return None
    bands = list(table.bands.values_list("minimum", "coefficient"))
    if not bands:
        return None
    rows = (
        Inspection.objects.filter(
            status=InspectionStatus.CONFIRMED,
            checklist__kind=ChecklistKind.FOUR_HAVES,
            estate__in=estates,
            inspected_on__range=(month, clock.month_end(month)),
        )
        .order_by("inspected_on", "pk")
        .values_list("estate", "pk", "number", "score")
    )
    scores = {estate: (pk, number or "", score) for estate, pk, number, score in rows}
    return _Bands(table.pk, table.document_title, bands, scores)


def _service_gap(services: Iterable[ServiceFacts], month: dt.date) -> tuple[GapReason, str]:
    """Return why no service of an estate counts in ``month``."""
    for service in services:
        if service.start > month:
            first = clock.add_months(service.start, 1)
            return (
                GapReason.NOT_ON_FIRST,
                f"{service.payee_name} {clock.chinese_date(service.start)}接管，"
                f"从 {clock.chinese_month(first)}起补贴",
            )
    return GapReason.NO_SERVICE, f"{clock.chinese_month(month)}没有服务合同，未纳入物业服务"


def old_estates(street: Street) -> Any:
    """Return the old estates of ``street`` in the registry."""
    return Estate.objects.active().old().filter(street=street)


def compute_month(street: Street, month: dt.date, rate: SubsidyRate) -> Computation:
    """Compute the month of a street from what is verified and in force now: four queries, six
    where a coefficient is in force.

    ``month`` is a first day of month. Estates without a verified count or without a service
    that counts are gaps, never lines of zero.
    """
    estates = old_estates(street)
    in_force = rate_facts(rate)
    counts = _counts(estates, month)
    services = _services(estates, month)
    bands = _bands(estates, month)
    lines: list[ComputedLine] = []
    gaps: list[ComputedGap] = []
    in_service = 0
    for estate in estates.order_by("code").values_list("pk", flat=True):
        served = [
            (service, months)
            for service in services.get(estate, ())
            if (months := months_served(month, service.start, service.end, in_force.rule)).value
        ]
        if not served:
            gaps.append(ComputedGap(estate, *_service_gap(services.get(estate, ()), month)))
            continue
        in_service += 1
        count = counts.get(estate)
        if count is None:
            gaps.append(
                ComputedGap(
                    estate,
                    GapReason.NO_COUNT,
                    f"{clock.chinese_month(month)}没有已核定户数，请先录入并核定",
                )
            )
            continue
        coefficient, assessment = bands.of(estate) if bands else (ONE, None)
        lines.extend(
            ComputedLine(
                estate,
                LineFacts(
                    month, count, in_force, service, months, coefficient, assessment=assessment
                ),
            )
            for service, months in served
        )
    return Computation(lines, gaps, in_service)
