"""Money by month and street, and how far the city's old estates are covered."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Sum

from enterprises.models import Engagement
from estates.models import Estate, HouseholdCount, Street
from subsidies.choices import SETTLED, ClaimStatus
from subsidies.models import SubsidyClaim, SubsidyLine
from xingyang_pm.common.errors import BusinessError

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class StreetMonth:
    """One street's claim in a month. ``rate`` and ``months`` are None when lines differ."""

    claim: int
    number: str
    version: int
    status: str
    street: str
    estates: int
    buildings: int
    households: int
    rate: Decimal | None
    months: Decimal | None
    deduction: Decimal
    total: Decimal
    gaps: int

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED

    @property
    def status_label(self) -> str:
        return ClaimStatus(self.status).label


@dataclass(frozen=True)
class MonthSummary:
    """All claims of a month that the user sees, with their sums; ``missing`` are streets with
    old estates in service and no claim."""

    month: dt.date
    rows: Sequence[StreetMonth]
    missing: Sequence[str]

    @property
    def estates(self) -> int:
        return sum(row.estates for row in self.rows)

    @property
    def buildings(self) -> int:
        return sum(row.buildings for row in self.rows)

    @property
    def households(self) -> int:
        return sum(row.households for row in self.rows)

    @property
    def deduction(self) -> Decimal:
        return sum((row.deduction for row in self.rows), NOTHING)

    @property
    def total(self) -> Decimal:
        return sum((row.total for row in self.rows), NOTHING)

    @property
    def is_settled(self) -> bool:
        """Whether every claim is approved and no street is missing."""
        return bool(self.rows) and not self.missing and all(row.is_settled for row in self.rows)


def _one(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    return low if low == high else None


def streets_in_service(month: dt.date, user: Any) -> Any:
    """Return the visible streets that have an old estate in service on the first of ``month``."""
    served = (
        Engagement.objects.on(month)
        .filter(estate__in=Estate.objects.active().old())
        .values("estate__street")
    )
    return Street.objects.visible_to(user).filter(pk__in=served)


def month_summary(month: dt.date, user: Any) -> MonthSummary:
    """Return the claims of ``month`` that ``user`` sees, in the order of streets; three queries.

    The sums are the claims' own; :func:`require_sums` holds them against the lines.
    """
    spread = {
        claim: (_one(low, high), _one(least, most))
        for claim, low, high, least, most in SubsidyLine.objects.visible_to(user)
        .included()
        .standing()
        .filter(month=month)
        .order_by()
        .values_list("claim")
        .annotate(low=Min("rate"), high=Max("rate"), least=Min("months"), most=Max("months"))
    }
    claims = (
        SubsidyClaim.objects.visible_to(user)
        .standing()
        .of_month(month)
        .with_gap_count()
        .select_related("street")
        .order_by("street__code")
    )
    rows = [
        StreetMonth(
            claim.pk,
            claim.number,
            claim.version,
            claim.status,
            claim.street.name,
            claim.estate_count,
            claim.building_count,
            claim.household_count,
            *spread.get(claim.pk, (None, None)),
            claim.deduction_total,
            claim.total,
            claim.gap_count,
        )
        for claim in claims
    ]
    missing = (
        streets_in_service(month, user)
        .exclude(pk__in=SubsidyClaim.objects.standing().of_month(month).values("street"))
        .order_by("code")
    )
    return MonthSummary(month, rows, list(missing.values_list("name", flat=True)))


def require_sums(month: dt.date, user: Any, total: Decimal) -> None:
    """Raise :class:`BusinessError` unless the lines of ``month`` sum to ``total`` in the database.

    Asked before a paper is handed out.
    """
    found = SubsidyLine.objects.visible_to(user).standing().filter(month=month).total()
    if found != total:
        raise BusinessError(
            f"申报合计 {total} 元与明细之和 {found} 元不符，表格没有生成，请先核对。",
            code="totals_differ",
        )


@dataclass(frozen=True)
class MonthMoney:
    """One street's money in one month."""

    month: dt.date
    street: str
    households: int
    deduction: Decimal
    total: Decimal
    is_settled: bool


def subsidy_by_month(months: Sequence[dt.date], user: Any) -> list[MonthMoney]:
    """Return the claims of ``months`` (first days) that ``user`` sees, by month and street."""
    rows = (
        SubsidyClaim.objects.visible_to(user)
        .standing()
        .filter(month__in=list(months))
        .order_by("month", "street__code")
        .values_list(
            "month", "street__name", "household_count", "deduction_total", "total", "status"
        )
    )
    return [MonthMoney(*values, status in SETTLED) for *values, status in rows]


@dataclass(frozen=True)
class SubsidyCoverage:
    """Old estates in service of all, and the households verified in those in service."""

    in_service: int
    all_estates: int
    households: int

    @property
    def percent(self) -> Decimal:
        if not self.all_estates:
            return Decimal(0)
        return (Decimal(self.in_service) * 100 / self.all_estates).quantize(Decimal("0.1"))


def coverage(day: dt.date, user: Any) -> SubsidyCoverage:
    """Return how many of the old estates that ``user`` sees are in service on ``day``."""
    old = Estate.objects.visible_to(user).active().old()
    served = old.filter(pk__in=Engagement.objects.on(day).values("estate"))
    households = (
        HouseholdCount.objects.in_force(day.replace(day=1))
        .filter(estate__in=served)
        .aggregate(number=Sum("households", default=0))["number"]
    )
    found = old.aggregate(number=Count("pk"))["number"]
    return SubsidyCoverage(served.count(), found, households)
