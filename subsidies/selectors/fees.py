"""The owners' fee over a month: which estates have one, what stands before it, who is late."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse

from enterprises.models import Engagement
from estates.models import Estate, HouseholdCount
from subsidies.calculations import FeeFigures, fee_problems, fee_remarks, percent_of, read_fee
from subsidies.choices import FEE_ENTERERS
from subsidies.models import FeeCollection, FeeDraft, FeeStandard
from subsidies.querysets import ADDED
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.money import fen

NOTHING = Decimal("0.00")


def past_month() -> dt.date:
    """Return the month that is entered now: the one before this."""
    return clock.add_months(clock.today(), -1)


def due_day(month: dt.date) -> dt.date:
    """Return the day by which the fees of ``month`` are to be entered: in the next month."""
    following = clock.add_months(month, 1)
    last = clock.month_end(following)
    return min(following.replace(day=settings.FEE_DUE_DAY), last)


def estates_served(month: dt.date, user: Any) -> QuerySet:
    """Return the old estates that ``user`` sees and that were in service on a day of ``month``."""
    served = Engagement.objects.within(month, clock.month_end(month)).values("estate")
    return Estate.objects.visible_to(user).active().old().filter(pk__in=served)


def fees_of(month: dt.date, user: Any) -> QuerySet:
    """Return the records of ``month`` that stand and that ``user`` sees."""
    return FeeCollection.objects.visible_to(user).current().of_month(month)


# --- What a row of the table is held against ---------------------------------------------------


@dataclass(frozen=True)
class Ground:
    """What is known of one estate before its fees of a month are entered; yuan and households.

    ``begins`` says that it has no record of an earlier month.
    """

    provider: int | None = None
    provider_name: str = ""
    verified: int | None = None
    standard: int | None = None
    standard_amount: Decimal | None = None
    before: Decimal = NOTHING
    begins: bool = True

    @property
    def proposed(self) -> dict[str, str]:
        """What the table offers where nothing was typed: billed for all verified households."""
        if self.verified is None:
            return {}
        values = {"households_billed": str(self.verified)}
        if self.standard_amount is not None:
            values["amount_billed"] = f"{fen(self.verified * self.standard_amount):f}"
        return values


def grounds(month: dt.date, estates: Collection[int]) -> dict[int, Ground]:
    """Return the :class:`Ground` of each of ``estates``; five queries for any number."""
    pks = list(estates)
    last = clock.month_end(month)
    providers = {
        estate: (provider, short or name)
        for estate, provider, short, name in Engagement.objects.within(month, last)
        .filter(estate__in=pks)
        .order_by("start_date")
        .values_list("estate", "provider", "provider__short_name", "provider__name")
    }
    verified = dict(
        HouseholdCount.objects.in_force(month)
        .filter(estate__in=pks)
        .values_list("estate", "households")
    )
    own: dict[int | None, tuple[int, Decimal]] = {}
    for estate, pk, amount in FeeStandard.objects.in_force(month).values_list(
        "estate", "pk", "amount"
    ):
        own.setdefault(estate, (pk, amount))
    earlier = FeeCollection.objects.filter(estate__in=pks, month__lt=month)
    owed = {
        estate: fen(total)
        for estate, total in earlier.current()
        .order_by()
        .values_list("estate")
        .annotate(total=Sum(ADDED))
    }
    found = {}
    for pk in pks:
        provider, name = providers.get(pk, (None, ""))
        standard = own.get(pk) or own.get(None) or (None, None)
        found[pk] = Ground(
            provider,
            name,
            verified.get(pk),
            standard[0],
            standard[1],
            owed.get(pk, NOTHING),
            pk not in owed,
        )
    return found


@dataclass(frozen=True)
class Reading:
    """What was typed for one estate, read and held against its ground."""

    figures: FeeFigures | None
    problems: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    arrears: Decimal | None = None

    @property
    def is_right(self) -> bool:
        return self.figures is not None and not self.problems

    @property
    def sentences(self) -> list[str]:
        return list(self.problems.values())


def reading_of(typed: dict[str, str], ground: Ground) -> Reading:
    """Read ``typed`` (field to text) and say what is wrong and what should be looked at."""
    figures, problems = read_fee(typed)
    if figures is None:
        return Reading(None, problems)
    return held_against(figures, ground)


def held_against(figures: FeeFigures, ground: Ground) -> Reading:
    """Return the reading of figures that could be read."""
    return Reading(
        figures,
        fee_problems(figures, ground.before, begins=ground.begins),
        fee_remarks(figures, ground.verified, ground.standard_amount),
        figures.arrears_after(ground.before),
    )


@dataclass(frozen=True)
class FeeRow:
    """One estate of the table: its draft as typed, or the record that stands."""

    estate: Estate
    ground: Ground
    typed: dict[str, str]
    draft: FeeDraft | None
    record: FeeCollection | None

    @property
    def reading(self) -> Reading:
        return reading_of(self.typed, self.ground)


def fee_rows(month: dt.date, user: Any) -> list[FeeRow]:
    """Return the estates that ``user`` sees and that were in service in ``month``, in order;
    eight queries for any number."""
    estates = list(
        estates_served(month, user)
        .select_related("community")
        .order_by("street__code", "community__code", "code")
    )
    pks = [estate.pk for estate in estates]
    ground = grounds(month, pks)
    drafts = {
        draft.estate_id: draft
        for draft in FeeDraft.objects.visible_to(user).filter(month=month, estate__in=pks)
    }
    records = {record.estate_id: record for record in fees_of(month, user).filter(estate__in=pks)}
    return [
        FeeRow(
            estate,
            ground[estate.pk],
            drafts[estate.pk].values if estate.pk in drafts else ground[estate.pk].proposed,
            drafts.get(estate.pk),
            records.get(estate.pk),
        )
        for estate in estates
    ]


# --- Who is late -------------------------------------------------------------------------------


@dataclass(frozen=True)
class StreetEntry:
    """How far a street is with a month: estates in service, and how many are confirmed."""

    street: int
    name: str
    estates: int
    entered: int

    @property
    def left(self) -> int:
        return self.estates - self.entered


def street_entries(month: dt.date, user: Any) -> list[StreetEntry]:
    """Return the visible streets with old estates in service in ``month``; one query."""
    entered = fees_of(month, user).order_by().values("estate")
    rows = (
        estates_served(month, user)
        .order_by()
        .values_list("street", "street__name")
        .annotate(number=Count("pk"), done=Count("pk", filter=Q(pk__in=entered)))
        .order_by("street__code")
    )
    return [StreetEntry(*values) for values in rows]


def months_open(user: Any) -> list[tuple[dt.date, int, int]]:
    """Return the last twelve months with ``(month, estates in service, of them entered)``, the
    newest first; one query a month."""
    found = []
    for back in range(1, 13):
        month = clock.add_months(clock.today(), -back)
        rows = street_entries(month, user)
        if rows:
            found.append((month, sum(r.estates for r in rows), sum(r.entered for r in rows)))
    return found


def fees_waiting(user: Any) -> list[WaitingItem]:
    """Tell a street's clerk of the past month from its end on, and the bureau of the streets
    that are late; one query for whom it concerns."""
    month = past_month()
    due = due_day(month)
    if holds(user, FEE_ENTERERS):
        left = sum(row.left for row in street_entries(month, user))
        if not left:
            return []
        return [
            WaitingItem(
                tag="交费",
                title=f"{clock.chinese_month(month)}业主交费",
                detail=f"还有 {left} 个小区没有填报",
                url=reverse("subsidies:fee-entry", args=[f"{month:%Y-%m}"]),
                action="填报",
                due=due,
            )
        ]
    if not user.sees_city or not holds(user, ["bureau_manager"]) or clock.today() <= due:
        return []
    late = [row for row in street_entries(month, user) if row.left]
    if not late:
        return []
    named = "、".join(f"{row.name} {row.left} 个小区" for row in late[:3])
    return [
        WaitingItem(
            tag="交费",
            title=f"{len(late)} 个街道（乡镇）没有填完{clock.chinese_month(month)}业主交费",
            detail=named + ("等" if len(late) > 3 else ""),
            url=f"{reverse('subsidies:fee-list')}?month={month:%Y-%m}",
            action="看填报情况",
        )
    ]


# --- Sums of a month ---------------------------------------------------------------------------


@dataclass(frozen=True)
class FeeSums:
    """Sums over fee records that stand, in households and yuan."""

    estates: int = 0
    households_billed: int = 0
    households_paid: int = 0
    amount_billed: Decimal = NOTHING
    amount_received: Decimal = NOTHING
    amount_recovered: Decimal = NOTHING
    arrears: Decimal = NOTHING

    @property
    def household_rate(self) -> Decimal | None:
        return percent_of(self.households_paid, self.households_billed)

    @property
    def collection_rate(self) -> Decimal | None:
        return percent_of(self.amount_received - self.amount_recovered, self.amount_billed)


_SUMMED = (
    "households_billed",
    "households_paid",
    "amount_billed",
    "amount_received",
    "amount_recovered",
)


def fee_sums(rows: QuerySet) -> FeeSums:
    """Return the sums of ``rows`` with their arrears; one query."""
    sums = (
        rows.order_by()
        .with_arrears()
        .aggregate(
            estates=Count("pk"), owed=Sum("arrears"), **{f"s_{name}": Sum(name) for name in _SUMMED}
        )
    )
    values = {
        name: fen(sums[f"s_{name}"] or 0) if name.startswith("amount") else sums[f"s_{name}"] or 0
        for name in _SUMMED
    }
    return FeeSums(estates=sums["estates"], arrears=fen(sums["owed"] or 0), **values)


@dataclass(frozen=True)
class FeeMonth:
    """One month of an estate, or of all that somebody sees."""

    month: dt.date
    sums: FeeSums


def fees_by_month(rows: QuerySet) -> list[FeeMonth]:
    """Return ``rows`` summed by month, the earliest first, without arrears; one query."""
    found = (
        rows.order_by()
        .values("month")
        .annotate(estates=Count("pk"), **{f"s_{name}": Sum(name) for name in _SUMMED})
        .order_by("month")
    )
    return [
        FeeMonth(
            row["month"],
            FeeSums(
                row["estates"],
                row["s_households_billed"],
                row["s_households_paid"],
                fen(row["s_amount_billed"]),
                fen(row["s_amount_received"]),
                fen(row["s_amount_recovered"]),
            ),
        )
        for row in found
    ]


def versions_of(record: FeeCollection, user: Any) -> Sequence[FeeCollection]:
    """Return all records of the estate and month of ``record``, the one that stands first."""
    return list(
        FeeCollection.objects.visible_to(user)
        .filter(estate=record.estate_id, month=record.month)
        .select_related("entered_by")
        .order_by(F("pk").desc())
    )
