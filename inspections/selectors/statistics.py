"""Inspection seen as a whole: disclosure, problems and rectification over a period."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import Avg, Count, Q, QuerySet, Sum

from inspections.calculations import percent, tenth
from inspections.choices import COUNTED, ChecklistKind, OrderStatus, Outcome
from inspections.models import Inspection, ItemResult, RectificationOrder
from xingyang_pm.common.formats import local

from .ledger import ClosingFigures

PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class Extent:
    """What the statistics are over: days of inspection (orders: of issue), kind, street. ``kind``
    blank and ``street_id`` None mean all."""

    since: dt.date
    until: dt.date
    kind: str = ""
    street_id: int | None = None

    def inspections(self, user: Any) -> QuerySet:
        rows = Inspection.objects.visible_to(user).counted()
        rows = rows.filter(inspected_on__range=(self.since, self.until))
        if self.kind:
            rows = rows.filter(checklist__kind=self.kind)
        return rows if self.street_id is None else rows.filter(estate__street=self.street_id)

    def results(self, user: Any) -> QuerySet:
        rows = ItemResult.objects.visible_to(user).filter(
            inspection__status__in=COUNTED,
            inspection__inspected_on__range=(self.since, self.until),
        )
        if self.kind:
            rows = rows.filter(inspection__checklist__kind=self.kind)
        if self.street_id is not None:
            rows = rows.filter(inspection__estate__street=self.street_id)
        return rows

    def problems(self, user: Any) -> QuerySet:
        return self.results(user).filter(outcome=Outcome.FAIL)

    def orders(self, user: Any) -> QuerySet:
        rows = RectificationOrder.objects.visible_to(user).standing()
        rows = rows.issued_between(self.since, self.until)
        if self.kind:
            rows = rows.filter(inspection__checklist__kind=self.kind)
        return rows if self.street_id is None else rows.filter(estate__street=self.street_id)


@dataclass(frozen=True)
class StreetResult:
    """The inspections of one street: how many, their mean score, the failed items and how many of
    these are done with, and how many that looked at the disclosure found it whole."""

    street_id: int
    street: str
    inspections: int
    average: Decimal | None
    failed: int
    looked: int
    complete: int
    closing: ClosingFigures

    @property
    def rate(self) -> Decimal | None:
        return percent(self.complete, self.looked)


def results_by_street(extent: Extent, user: Any) -> list[StreetResult]:
    """Return the inspections by street, in the order of the codes; two queries."""
    problems = extent.problems(user)
    closing = {
        street: ClosingFigures(*counts)
        for street, *counts in problems.order_by()
        .values_list("inspection__estate__street_id")
        .annotate(**problems.closing_counts())
    }
    rows = (
        extent.inspections(user)
        .order_by("estate__street__code")
        .values_list("estate__street_id", "estate__street__name")
        .annotate(
            total=Count("pk"),
            mean=Avg("score"),
            failed=Sum("failed_count"),
            looked=Count("pk", filter=Q(missing_disclosures__isnull=False)),
            complete=Count("pk", filter=Q(missing_disclosures=0)),
        )
    )
    return [
        StreetResult(
            pk,
            name,
            total,
            None if mean is None else tenth(Decimal(mean)),
            failed or 0,
            looked,
            whole,
            closing.get(pk, ClosingFigures(0, 0, 0)),
        )
        for pk, name, total, mean, failed, looked, whole in rows
    ]


@dataclass(frozen=True)
class DisclosureRate:
    """One part of the public disclosure: how often it was looked at, and found missing."""

    name: str
    looked: int
    missing: int

    @property
    def rate(self) -> Decimal | None:
        return percent(self.looked - self.missing, self.looked)


def disclosure_by_item(extent: Extent, user: Any) -> list[DisclosureRate]:
    """Return how far each part of the public disclosure is kept, the worst first; one query."""
    rows = (
        extent.results(user)
        .exclude(item__disclosure="")
        .exclude(outcome=Outcome.NA)
        .order_by()
        .values_list("item__disclosure")
        .annotate(looked=Count("pk"), missing=Count("pk", filter=Q(outcome=Outcome.FAIL)))
    )
    found = [DisclosureRate(name, looked, missing) for name, looked, missing in rows]
    return sorted(found, key=lambda row: (row.rate, row.name))


@dataclass(frozen=True)
class Problems:
    """How often something failed, at how many estates, and how often it is done with. ``kind`` is
    the label of the kind of checklist, ``code`` its value; ``heading`` and ``text`` are blank
    where they are summed."""

    code: str
    heading: str
    text: str
    closing: ClosingFigures
    estates: int

    @property
    def count(self) -> int:
        return self.closing.total

    @property
    def kind(self) -> str:
        return ChecklistKind(self.code).label


def problems_by(extent: Extent, user: Any, level: str) -> list[Problems]:
    """Return failed items by ``level``: kind, heading or item (the commonest twenty). The same
    item or heading of several versions is one, by its words. One query."""
    keys = ["inspection__checklist__kind", "item__section__name", "item__text"]
    used = keys[: {"kind": 1, "heading": 2, "item": 3}[level]]
    problems = extent.problems(user)
    rows = (
        problems.order_by()
        .values_list(*used)
        .annotate(**problems.closing_counts(), estates=Count("inspection__estate", distinct=True))
        .order_by("-total", *used)
    )
    if level == "item":
        rows = rows[:PROBLEMS_SHOWN]
    found = []
    for row in rows:
        *figures, estates = row[len(used) :]
        code, heading, text = (*row[: len(used)], "", "")[:3]
        found.append(Problems(code, heading, text, ClosingFigures(*figures), estates))
    return found


@dataclass(frozen=True)
class Closing:
    """Orders issued in the period to one street or firm. ``days`` is the mean from issue to
    closing over the closed ones, ``on_time`` how many of these kept their last deadline."""

    key: int | None
    name: str
    issued: int
    closed: int
    on_time: int
    overdue: int
    days: Decimal | None

    @property
    def rate(self) -> Decimal | None:
        return percent(self.closed, self.issued)


def closing_by(extent: Extent, user: Any) -> tuple[list[Closing], list[Closing]]:
    """Return how orders were closed by street (in the order of the codes) and by firm (the
    lowest rate first); one query."""
    rows = (
        extent.orders(user)
        .select_related("estate__street", "provider")
        .order_by("estate__street__code", "pk")
    )
    streets: dict[int, list[RectificationOrder]] = defaultdict(list)
    firms: dict[int | None, list[RectificationOrder]] = defaultdict(list)
    for order in rows:
        streets[order.estate.street_id].append(order)
        firms[order.provider_id].append(order)
    by_street = [
        _closing(key, orders[0].estate.street.name, orders) for key, orders in streets.items()
    ]
    by_firm = [
        _closing(key, orders[0].provider.label if orders[0].provider else "没有登记", orders)
        for key, orders in firms.items()
    ]
    return by_street, sorted(by_firm, key=lambda row: (row.rate, -row.issued, row.name))


def _closing(key: int | None, name: str, orders: Iterable[RectificationOrder]) -> Closing:
    issued = closed = on_time = overdue = days = 0
    for order in orders:
        issued += 1
        overdue += order.is_overdue
        if order.status == OrderStatus.CLOSED and order.closed_at:
            closed += 1
            ended = local(order.closed_at).date()
            on_time += ended <= order.deadline
            days += (ended - local(order.issued_at).date()).days
    mean = tenth(Decimal(days) / closed) if closed else None
    return Closing(key, name, issued, closed, on_time, overdue, mean)


@dataclass(frozen=True)
class ScorePoint:
    """One day's mean score of a kind of checklist, in per cent of its full score."""

    day: dt.date
    kind: str
    score: Decimal
    inspections: int


def score_course(inspections: QuerySet, *, limit: int = 60) -> list[ScorePoint]:
    """Return the counted ``inspections`` (of one estate or firm) by day and kind, oldest first, at
    most the last ``limit`` days; in per cent, so that forms of other full scores compare. One
    query."""
    rows = (
        inspections.counted()
        .filter(score__isnull=False)
        .order_by("-inspected_on", "-pk")
        .values_list("inspected_on", "checklist__kind", "score", "checklist__full_score")
    )
    days: dict[tuple[dt.date, str], list[Decimal]] = {}
    for day, kind, score, full in rows.iterator():
        if (day, kind) not in days and len(days) >= limit:
            break
        days.setdefault((day, kind), []).append(100 * cast(Decimal, score) / full)
    return [
        ScorePoint(day, kind, tenth(sum(scores, Decimal(0)) / len(scores)), len(scores))
        for (day, kind), scores in sorted(days.items())
    ]


def standing_order(result: ItemResult) -> RectificationOrder | None:
    """Return the order that covers a failed item, not one that was withdrawn; reads the
    prefetched ``rectifications__order``."""
    return next((row.order for row in result.rectifications.all() if not row.withdrawn), None)
