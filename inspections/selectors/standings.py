"""How an estate stands: its latest scores, disclosure and orders."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncMonth

from estates.models import Estate
from inspections.calculations import tenth
from inspections.choices import (
    OrderStatus,
)
from inspections.models import (
    Inspection,
    RectificationOrder,
)
from xingyang_pm.common import clock


@dataclass(frozen=True)
class Standing:
    """What the newest counted inspections say of an estate: its ``score``, the ``grade`` of it
    by that inspection's checklist, and how many parts of the public disclosure it lacks, by the
    newest that looked at them (None: never looked at)."""

    score: Decimal
    grade: str
    missing: int | None


def standings(estate_ids: Sequence[int], user: Any) -> dict[int, Standing]:
    """Return the standing of each estate that was inspected; one query."""
    rows = Inspection.objects.visible_to(user).counted().filter(estate__in=estate_ids)
    found: dict[int, Standing] = {}
    for estate_id, score, grade, missing in (
        rows.latest_per_estate_and_kind()
        .order_by("estate", "-inspected_on", "-pk")
        .values_list("estate_id", "score", "working__grade", "missing_disclosures")
    ):
        newer = found.get(estate_id)
        if newer is None:
            # The database holds a score on every reported inspection.
            found[estate_id] = Standing(cast(Decimal, score), grade or "", missing)
        elif newer.missing is None:
            found[estate_id] = replace(newer, missing=missing)
    return found


@dataclass(frozen=True)
class OpenOrders:
    """Orders of an estate or a provider that are not closed; ``overdue`` are among ``open``."""

    open: int = 0
    overdue: int = 0
    to_recheck: int = 0

    @property
    def words(self) -> str:
        if not self.open:
            return ""
        return f"在办 {self.open}" + (f"，逾期 {self.overdue}" if self.overdue else "")


def open_orders(estate_ids: Sequence[int], user: Any) -> dict[int, OpenOrders]:
    """Return the open orders of each estate that has any; one query."""
    rows = RectificationOrder.objects.visible_to(user).open().filter(estate__in=estate_ids)
    counted = (
        rows.order_by()
        .values_list("estate_id")
        .annotate(
            total=Count("pk"),
            late=Count("pk", filter=Q(deadline__lt=clock.today())),
            replied=Count("pk", filter=Q(status=OrderStatus.REPLIED)),
        )
    )
    return {pk: OpenOrders(total, late, replied) for pk, total, late, replied in counted}


@dataclass(frozen=True)
class EstateScore:
    """One counted inspection of an estate beside the mean of its street in the same round, or
    in the same month if it belongs to no round. ``full`` is the full score of its checklist."""

    inspection_id: int
    inspected_on: dt.date
    label: str
    score: Decimal
    full: Decimal
    street_average: Decimal | None


def estate_scores(estate: Estate, user: Any, *, limit: int = 12) -> list[EstateScore]:
    """Return the last ``limit`` counted inspections of ``estate``, oldest first; three queries."""
    visible = Inspection.objects.visible_to(user).counted()
    mine = list(
        visible.filter(estate=estate)
        .select_related("round", "checklist")
        .order_by("-inspected_on", "-pk")[:limit]
    )[::-1]
    if not mine:
        return []
    same_street = visible.filter(estate__street=estate.street_id).order_by()
    by_round = dict(
        same_street.filter(round__in={row.round_id for row in mine if row.round_id})
        .values_list("round_id")
        .annotate(mean=Avg("score"))
    )
    by_month = dict(
        same_street.filter(round__isnull=True, inspected_on__gte=mine[0].inspected_on)
        .annotate(month=TruncMonth("inspected_on"))
        .values_list("month")
        .annotate(mean=Avg("score"))
    )
    scores = []
    for row in mine:
        mean = (
            by_round.get(row.round_id)
            if row.round_id
            else by_month.get(clock.month_start(row.inspected_on))
        )
        scores.append(
            EstateScore(
                row.pk,
                row.inspected_on,
                str(row.round) if row.round else "临时检查",
                cast(Decimal, row.score),
                row.checklist.full_score,
                None if mean is None else tenth(Decimal(mean)),
            )
        )
    return scores
