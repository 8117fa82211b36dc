"""Answers that span inspections, rounds, orders and estates, as plain values."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, cast

from django.db.models import Avg, Count, Min, Q
from django.db.models.functions import TruncMonth
from django.urls import reverse

from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.desk import WaitingItem

from .calculations import average, bands, draft_key, ranks, tenth
from .choices import (
    COUNTED,
    INSPECTORS,
    ORDER_ISSUERS,
    RECHECKERS,
    REPLIERS,
    REVIEWERS,
    InspectionStatus,
    OrderStatus,
    Outcome,
    RoundStatus,
)
from .models import (
    Inspection,
    InspectionRound,
    ItemResult,
    RectificationOrder,
    RoundEstate,
)

# --- Rounds -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class RankingRow:
    """One inspected estate of a round; ``rank`` is the place in the whole city."""

    rank: int
    estate_id: int
    estate: str
    street_id: int
    street: str
    provider_id: int | None
    provider: str
    score: Decimal
    grade: str
    failed: int
    inspection_id: int
    inspected_on: dt.date
    inspector: str

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "score": str(self.score),
            "inspected_on": self.inspected_on.isoformat(),
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "RankingRow":
        return cls(
            **{
                **row,
                "score": Decimal(row["score"]),
                "inspected_on": dt.date.fromisoformat(row["inspected_on"]),
            }
        )


def live_ranking(round: InspectionRound) -> list[RankingRow]:
    """Return the counted inspections of ``round`` as they stand now, best first."""
    rows = (
        Inspection.objects.counted()
        .filter(round=round)
        .order_by("-score", "failed_count", "estate__code")
        .values_list(
            "estate_id",
            "estate__name",
            "estate__street_id",
            "estate__street__name",
            "provider_id",
            "provider__short_name",
            "provider__name",
            "score",
            "working__grade",
            "failed_count",
            "pk",
            "inspected_on",
            "inspector__name",
        )
    )
    found = list(rows)
    return [
        RankingRow(
            place, estate_id, estate, street_id, street, provider_id, short or name or "",
            cast(Decimal, score), grade or "", failed, pk, day, inspector,
        )
        for place, (
            estate_id, estate, street_id, street, provider_id, short, name,
            score, grade, failed, pk, day, inspector,
        ) in zip(ranks(cast(Decimal, row[7]) for row in found), found, strict=True)
    ]  # fmt: skip


def ranking(round: InspectionRound, user: Any = None) -> list[RankingRow]:
    """Return the ranking of ``round``: as it was frozen at its close, else as it stands now.

    With ``user``, only estates that this person sees; places are still those in the city.
    """
    rows = (
        [RankingRow.from_json(row) for row in round.ranking]
        if round.status == RoundStatus.CLOSED
        else live_ranking(round)
    )
    if user is None or (user.sees_city and user.reads_business):
        return rows
    seen = set(Estate.objects.visible_to(user).values_list("pk", flat=True))
    return [row for row in rows if row.estate_id in seen]


@dataclass(frozen=True)
class StreetScore:
    """One street in a round. ``average`` is None while nothing was inspected."""

    street_id: int
    street: str
    covered: int
    inspected: int
    average: Decimal | None
    lowest: Decimal | None
    failed: int

    @property
    def percent(self) -> int:
        return self.inspected * 100 // self.covered if self.covered else 0


def scores_by_street(round: InspectionRound, user: Any = None) -> list[StreetScore]:
    """Return progress and scores of ``round`` by street, in the order of their codes."""
    coverage = RoundEstate.objects.all() if user is None else RoundEstate.objects.visible_to(user)
    covered = (
        coverage.filter(round=round)
        .order_by("estate__street__code")
        .values_list("estate__street_id", "estate__street__name")
        .annotate(total=Count("pk"))
    )
    by_street: dict[int, list[RankingRow]] = {}
    for row in ranking(round, user):
        by_street.setdefault(row.street_id, []).append(row)
    answer = []
    for street_id, street, total in covered:
        rows = by_street.get(street_id, [])
        scores = [row.score for row in rows]
        answer.append(
            StreetScore(
                street_id,
                street,
                total,
                len(rows),
                average(scores),
                min(scores, default=None),
                sum(row.failed for row in rows),
            )
        )
    return answer


@dataclass(frozen=True)
class ProblemCount:
    """How often one item of the checklist failed in a round, and at how many estates."""

    code: str
    text: str
    heading: str
    count: int
    estates: int


@dataclass(frozen=True)
class HeadingFailures:
    """How many failed items a heading has in a round, and at how many estates."""

    heading: str
    items: int
    estates: int


@dataclass(frozen=True)
class RoundFigures:
    """What a bulletin or the desk says of a round; all counts are of the whole city.

    ``full``, ``excellent`` and ``good`` are the scores of the round's checklist that divide it.
    ``problems`` are sorted by how often an item failed, ``by_heading`` as the checklist is.
    ``incomplete_disclosure`` counts estates at which a part of the public disclosure is missing.
    """

    round_id: int
    title: str
    start_date: dt.date
    end_date: dt.date
    closed: bool
    covered: int
    inspected: int
    average: Decimal | None
    full: Decimal
    excellent: Decimal
    good: Decimal
    high: int  # scores ≥ excellent
    middle: int  # from good to under excellent
    low: int  # under good
    failed_items: int
    problems: list[ProblemCount]
    by_heading: list[HeadingFailures]
    incomplete_disclosure: int
    orders_issued: int
    orders_closed: int
    by_street: list[StreetScore]
    ranking: list[RankingRow]


def round_figures(round: InspectionRound) -> RoundFigures:
    """Return the figures of ``round`` for the whole city; seven queries, and its checklist's."""
    form = round.checklist
    rows = ranking(round)
    scores = [row.score for row in rows]
    high, middle, low = bands(scores, form.excellent_score, form.good_score)
    counted = ItemResult.objects.filter(
        inspection__round=round, inspection__status__in=COUNTED, outcome=Outcome.FAIL
    )
    problems = [
        ProblemCount(code, text, heading, count, estates)
        for code, text, heading, count, estates in counted.order_by()
        .values_list("item__code", "item__text", "item__heading")
        .annotate(count=Count("pk"), estates=Count("inspection__estate", distinct=True))
        .order_by("-count", "item__position")
    ]
    by_heading = [
        HeadingFailures(heading, items, estates)
        for heading, items, estates, _ in counted.order_by()
        .values_list("item__heading")
        .annotate(
            items=Count("pk"),
            estates=Count("inspection", distinct=True),
            first=Min("item__position"),
        )
        .order_by("first")
    ]
    orders = RectificationOrder.objects.filter(inspection__round=round).aggregate(
        issued=Count("pk"), closed=Count("pk", filter=Q(status=OrderStatus.CLOSED))
    )
    return RoundFigures(
        round_id=round.pk,
        title=str(round),
        start_date=round.start_date,
        end_date=round.end_date,
        closed=round.status == RoundStatus.CLOSED,
        covered=RoundEstate.objects.filter(round=round).count(),
        inspected=len(rows),
        average=average(scores),
        full=form.full_score,
        excellent=form.excellent_score,
        good=form.good_score,
        high=high,
        middle=middle,
        low=low,
        failed_items=sum(problem.count for problem in problems),
        problems=problems,
        by_heading=by_heading,
        incomplete_disclosure=counted.exclude(item__disclosure="")
        .order_by()
        .values("inspection")
        .distinct()
        .count(),
        orders_issued=orders["issued"],
        orders_closed=orders["closed"],
        by_street=scores_by_street(round),
        ranking=rows,
    )


@dataclass(frozen=True)
class MonthScore:
    """The counted inspections of one month (its first day)."""

    month: dt.date
    average: Decimal
    inspections: int


def monthly_scores(
    user: Any,
    *,
    months: int = 12,
    until: dt.date | None = None,
    street_id: int | None = None,
) -> list[MonthScore]:
    """Return the mean score by month of inspection for the last ``months`` months up to
    ``until`` (today), of estates that ``user`` sees; months without inspections are left out."""
    last = until or clock.today()
    first = clock.add_months(last, 1 - months)
    rows = (
        Inspection.objects.visible_to(user)
        .counted()
        .filter(inspected_on__range=(first, clock.month_end(last)))
    )
    if street_id is not None:
        rows = rows.filter(estate__street=street_id)
    grouped = (
        rows.order_by()
        .annotate(month=TruncMonth("inspected_on"))
        .values_list("month")
        .annotate(mean=Avg("score"), total=Count("pk"))
        .order_by("month")
    )
    return [MonthScore(month, tenth(Decimal(mean)), total) for month, mean, total in grouped]


# --- Estates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What the newest counted inspections say of an estate: its ``score``, and how many parts of
    the public disclosure it lacks, by the newest that looked at them (None: never looked at)."""

    score: Decimal
    missing: int | None


def standings(estate_ids: Sequence[int], user: Any) -> dict[int, Standing]:
    """Return the standing of each estate that was inspected; one query."""
    rows = Inspection.objects.visible_to(user).counted().filter(estate__in=estate_ids)
    found: dict[int, Standing] = {}
    for estate_id, score, missing in (
        rows.latest_per_estate_and_kind()
        .order_by("estate", "-inspected_on", "-pk")
        .values_list("estate_id", "score", "missing_disclosures")
    ):
        newer = found.get(estate_id)
        if newer is None:
            # The database holds a score on every reported inspection.
            found[estate_id] = Standing(cast(Decimal, score), missing)
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
    in the same month if it belongs to no round."""

    inspection_id: int
    inspected_on: dt.date
    label: str
    score: Decimal
    street_average: Decimal | None


def estate_scores(estate: Estate, user: Any, *, limit: int = 12) -> list[EstateScore]:
    """Return the last ``limit`` counted inspections of ``estate``, oldest first; three queries."""
    visible = Inspection.objects.visible_to(user).counted()
    mine = list(
        visible.filter(estate=estate)
        .select_related("round")
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
                None if mean is None else tenth(Decimal(mean)),
            )
        )
    return scores


# --- Orders -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class OverdueOrder:
    """An open order whose deadline day has ended."""

    pk: int
    number: str
    estate: str
    street: str
    provider: str
    deadline: dt.date
    days: int
    status: str
    url: str


def overdue_orders(user: Any, *, limit: int | None = None) -> list[OverdueOrder]:
    """Return the overdue orders that ``user`` sees, the longest overdue first."""
    today = clock.today()
    rows = (
        RectificationOrder.objects.visible_to(user)
        .overdue(today)
        .select_related("estate__street", "provider")
        .order_by("deadline", "pk")
    )
    return [
        OverdueOrder(
            order.pk,
            order.number,
            order.estate.name,
            order.estate.street.name,
            order.provider.label if order.provider else "",
            order.deadline,
            (today - order.deadline).days,
            order.get_status_display(),
            order.get_absolute_url(),
        )
        for order in (rows if limit is None else rows[:limit])
    ]


def overdue_count(user: Any) -> int:
    return RectificationOrder.objects.visible_to(user).overdue(clock.today()).count()


# --- My inspections ---------------------------------------------------------------------------


@dataclass(frozen=True)
class EstateToInspect:
    """One estate that a round still waits for. ``key`` is the key of this person's draft."""

    round_id: int
    estate_id: int
    key: uuid.UUID
    name: str
    community: str
    inspector: str
    last_score: Decimal | None
    orders: OpenOrders
    state: str  # "", draft or returned
    return_reason: str = ""


@dataclass(frozen=True)
class RoundToDo:
    """An open round and what this person still has to inspect in it, at most ``LIMIT`` rows."""

    round: InspectionRound
    rows: list[EstateToInspect]
    total: int


LIMIT = 100


def to_inspect(user: Any, *, everything: bool = False, text: str = "") -> list[RoundToDo]:
    """Return by open round the estates that ``user`` has still to inspect.

    ``everything``: all estates that the user sees, also those of others. ``text`` narrows by
    name, alias, address or code. Five queries, whatever the number of estates.
    """
    coverage = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    if not everything:
        coverage = coverage.for_inspector(user)
    if text:
        coverage = coverage.filter(estate__in=Estate.objects.visible_to(user).search(text))
    totals = Counter(coverage.order_by().values_list("round_id", flat=True))
    lines = list(
        coverage.select_related("round__checklist", "estate__community", "inspector").order_by(
            "round__end_date", "round_id", "estate__code"
        )[: LIMIT * 3]
    )
    estate_ids = [line.estate_id for line in lines]
    drafts = {
        (row.round_id, row.estate_id): row
        for row in Inspection.objects.visible_to(user)
        .editable()
        .filter(entered_by=user, round__in={line.round_id for line in lines})
    }
    known = standings(estate_ids, user)
    orders = open_orders(estate_ids, user)
    grouped: dict[int, RoundToDo] = {}
    for line in lines:
        todo = grouped.setdefault(line.round_id, RoundToDo(line.round, [], totals[line.round_id]))
        if len(todo.rows) >= LIMIT:
            continue
        draft = drafts.get((line.round_id, line.estate_id))
        todo.rows.append(
            EstateToInspect(
                line.round_id,
                line.estate_id,
                draft.client_key if draft else draft_key(line.round_id, line.estate_id, user.pk),
                line.estate.name,
                line.estate.community.short_name if line.estate.community else "",
                line.inspector.name if line.inspector else "",
                known[line.estate_id].score if line.estate_id in known else None,
                orders.get(line.estate_id, OpenOrders()),
                draft.status if draft else "",
                draft.return_reason if draft and draft.status == InspectionStatus.RETURNED else "",
            )
        )
    return list(grouped.values())


def next_to_inspect(user: Any, round: InspectionRound) -> EstateToInspect | None:
    """Return the next estate of ``round`` that waits for ``user``."""
    for todo in to_inspect(user):
        if todo.round.pk == round.pk and todo.rows:
            return todo.rows[0]
    return None


# --- What waits -------------------------------------------------------------------------------

SHOWN = 20


def orders_to_serve(user: Any) -> Any:
    """Return issued orders whose service is not recorded yet, for who may record it: an
    inspector sees the own ones, a manager all."""
    if not holds(user, ORDER_ISSUERS):
        return RectificationOrder.objects.none()
    rows = RectificationOrder.objects.visible_to(user).filter(
        status=OrderStatus.ISSUED, served_on__isnull=True
    )
    return rows if holds(user, REVIEWERS) else rows.filter(issued_by=user)


def orders_to_reply(user: Any) -> Any:
    if not holds(user, REPLIERS):
        return RectificationOrder.objects.none()
    rows = RectificationOrder.objects.visible_to(user).waiting_for_reply()
    return rows.filter(served_on__isnull=False)


def orders_to_recheck(user: Any) -> Any:
    """Return answered orders that wait for ``user``: arranged for this person, or not arranged
    yet and of the own issue (a manager: of anybody's)."""
    if not holds(user, RECHECKERS):
        return RectificationOrder.objects.none()
    unarranged = Q(recheck_by__isnull=True)
    if not holds(user, REVIEWERS):
        unarranged &= Q(issued_by=user)
    rows = RectificationOrder.objects.visible_to(user).waiting_for_recheck()
    return rows.filter(Q(recheck_by=user) | unarranged)


def inspections_to_confirm(user: Any) -> Any:
    if not holds(user, REVIEWERS):
        return Inspection.objects.none()
    return Inspection.objects.visible_to(user).waiting().exclude(entered_by=user)


def uninspected_count(user: Any) -> int:
    """Return how many estates of open rounds wait for ``user``."""
    if not holds(user, INSPECTORS):
        return 0
    coverage = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    return coverage.for_inspector(user).count()


def order_work_count(user: Any) -> int:
    """Return how many orders wait for ``user``, for the menu."""
    return (
        orders_to_serve(user).count()
        + orders_to_reply(user).count()
        + orders_to_recheck(user).count()
    )


def inspections_waiting(user: Any) -> list[WaitingItem]:
    """Inspections to confirm, to mend and to do, by round."""
    items = []
    to_confirm = (
        inspections_to_confirm(user)
        .order_by()
        .values_list("round_id", "round__title", "round__number")
        .annotate(total=Count("pk"))
    )
    for round_id, title, number, total in to_confirm:
        name = f"{title} 第{number}次检查" if round_id else "临时检查"
        query = f"?status=submitted&round={round_id}" if round_id else "?status=submitted"
        items.append(
            WaitingItem(
                tag="检查",
                title=f"{total} 份检查记录待确认",
                detail=name,
                url=reverse("inspections:inspection-list") + query,
                action="确认",
            )
        )
    if not holds(user, INSPECTORS):
        return items
    returned = Inspection.objects.visible_to(user).filter(
        entered_by=user, status=InspectionStatus.RETURNED
    )
    items += [
        WaitingItem(
            tag="检查",
            title=f"{row.estate} 的检查被退回",
            detail=row.return_reason,
            url=reverse("inspections:entry", args=[row.client_key]),
            action="修改",
        )
        for row in returned.select_related("estate")[:SHOWN]
    ]
    coverage = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    left = (
        coverage.for_inspector(user)
        .order_by()
        .values_list("round__title", "round__number", "round__end_date")
        .annotate(total=Count("pk"))
    )
    items += [
        WaitingItem(
            tag="检查",
            title=f"{title} 第{number}次检查，还有 {total} 个小区未检查",
            detail=f"{clock.chinese_date(end)}截止",
            url=reverse("inspections:inspection-mine"),
            action="检查",
            due=end,
        )
        for title, number, end, total in left
    ]
    return items


def _order_item(order: RectificationOrder, what: str, action: str, due: dt.date) -> WaitingItem:
    return WaitingItem(
        tag="整改",
        title=f"{order.estate} {what}",
        detail=f"{order.number}　{order.provider.label if order.provider else ''}",
        url=order.get_absolute_url(),
        action=action,
        due=due,
    )


def orders_waiting(user: Any) -> list[WaitingItem]:
    """Orders to serve, to answer and to recheck, and for managers what is overdue."""
    items = []

    def rows(found: Any) -> Any:
        return found.select_related("estate", "provider").order_by("deadline", "pk")[:SHOWN]

    for order in rows(orders_to_serve(user)):
        items.append(_order_item(order, "整改通知书待登记送达", "登记送达", order.deadline))
    for order in rows(orders_to_reply(user)):
        items.append(_order_item(order, "整改待回复", "回复", order.deadline))
    for order in rows(orders_to_recheck(user)):
        if order.recheck_by_id == user.pk and order.recheck_on:
            items.append(_order_item(order, "整改待复查", "复查", order.recheck_on))
        else:
            items.append(_order_item(order, "已回复，待安排复查", "安排复查", order.deadline))
    if holds(user, REVIEWERS):
        late = RectificationOrder.objects.visible_to(user).overdue(clock.today())
        count = late.count()
        if count:
            first = late.order_by("deadline").values_list("deadline", flat=True)[0]
            items.append(
                WaitingItem(
                    tag="整改",
                    title=f"{count} 份整改通知书已逾期",
                    detail="看整改台账，督促回复或复查",
                    url=reverse("inspections:ledger-list") + "?state=overdue",
                    action="督办",
                    due=first,
                )
            )
    return items
