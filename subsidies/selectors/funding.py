"""Which source pays a claim, and what a year has, has used and has left of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from subsidies.choices import BudgetKind, PaymentRoute
from subsidies.models import BudgetEntry, FundingSource, Payment, SubsidyClaim
from xingyang_pm.common.chain import Check
from xingyang_pm.common.money import fen, money

NOTHING = Decimal("0.00")


def source_of(claim: SubsidyClaim) -> FundingSource | None:
    """Return the source that the claim names, else its month's default; none before the first is
    registered. Two queries at most."""
    named = FundingSource.objects.filter(claims__claim=claim).first()
    return named or FundingSource.objects.default_in(claim.month).first()


def route_of(claim: SubsidyClaim) -> str:
    source = source_of(claim)
    return source.route if source else str(PaymentRoute.DIRECT)


@dataclass(frozen=True)
class BudgetLine:
    """One source in one year, in yuan. ``used`` is approved, ``paid`` what was paid of it and did
    not come back; the year is that of the months for which the subsidy is."""

    source: FundingSource
    year: int
    initial: Decimal
    adjusted: Decimal
    used: Decimal
    paid: Decimal
    entries: int

    @property
    def pk(self) -> int:
        return self.source.pk

    @property
    def budget(self) -> Decimal:
        return self.initial + self.adjusted

    @property
    def left(self) -> Decimal:
        return self.budget - self.used

    @property
    def unpaid(self) -> Decimal:
        return self.used - self.paid

    @property
    def percent(self) -> Decimal:
        """Used of the budget in percent with one decimal; 0 without a budget."""
        if not self.budget:
            return Decimal(0)
        return (self.used * 100 / self.budget).quantize(Decimal("0.1"))

    @property
    def is_overdrawn(self) -> bool:
        return self.left < 0


def _default_by_month(year: int) -> dict[dt.date, int]:
    """Return the default source of each month of ``year``; one query."""
    begun = list(
        FundingSource.objects.filter(default_from__isnull=False)
        .order_by("default_from")
        .values_list("default_from", "pk")
    )
    months = [dt.date(year, month, 1) for month in range(1, 13)]
    found = {}
    for month in months:
        sources = [pk for first, pk in begun if first <= month]
        if sources:
            found[month] = sources[-1]
    return found


def _by_source(rows: Any, default: dict[dt.date, int]) -> dict[int, Decimal]:
    """Sum ``(named source, month, yuan)`` by the source that pays."""
    sums: dict[int, Decimal] = defaultdict(lambda: NOTHING)
    for named, month, amount in rows:
        source = named or default.get(month)
        if source is not None:
            sums[source] += fen(amount)
    return sums


def budget_lines(year: int) -> list[BudgetLine]:
    """Return a line for each source that has a budget in ``year`` or pays a claim of it.

    Over the whole city, whoever asks: a budget is the city's. Five queries for any number of
    claims.
    """
    default = _default_by_month(year)
    claims = SubsidyClaim.objects.settled().filter(month__year=year).order_by()
    used = _by_source(
        claims.values_list("funding__source", "month").annotate(sum=Sum("total")), default
    )
    payments = Payment.objects.standing().filter(claim__in=claims).order_by()
    paid = _by_source(
        payments.values_list("claim__funding__source", "claim__month").annotate(sum=Sum("amount")),
        default,
    )
    amounts: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: NOTHING))
    counts: dict[int, int] = defaultdict(int)
    for source, kind, amount in BudgetEntry.objects.filter(year=year).values_list(
        "source", "kind", "amount"
    ):
        amounts[source][kind] += amount
        counts[source] += 1
    keys = {*used, *amounts, *default.values()}
    return [
        BudgetLine(
            source,
            year,
            amounts[source.pk][BudgetKind.INITIAL],
            amounts[source.pk][BudgetKind.ADJUST],
            used.get(source.pk, NOTHING),
            paid.get(source.pk, NOTHING),
            counts[source.pk],
        )
        for source in FundingSource.objects.filter(pk__in=keys).order_by("name")
    ]


def years_known() -> Sequence[int]:
    """Return the years with a budget or an approved claim, the newest first; two queries."""
    years = set(BudgetEntry.objects.order_by().values_list("year", flat=True).distinct())
    claims = SubsidyClaim.objects.settled().order_by()
    years |= {month.year for month in claims.dates("month", "year")}
    return sorted(years, reverse=True)


def budget_check(claim: SubsidyClaim) -> list[Check]:
    """Say whether the year's money suffices for ``claim``; nothing before a source is known.

    It warns and stops nothing: whether to approve beyond the budget is the leader's decision.
    """
    source = source_of(claim)
    if source is None:
        return []
    year = claim.month.year
    line = next((row for row in budget_lines(year) if row.source == source), None)
    if line is None or not line.entries:
        return [Check("年度预算没有登记", f"{source} {year}年没有登记预算，无法核对余额", "change")]
    left = line.left + (claim.total if claim.is_settled else NOTHING)
    text = f"{source} {year}年预算 {money(line.budget)} 元，本次以前余 {money(left)} 元"
    if left < claim.total:
        short = money(claim.total - left)
        return [Check("年度预算不足", f"{text}，不够支付本次申报，差 {short} 元", "change")]
    return [Check("年度预算够用", text)]
