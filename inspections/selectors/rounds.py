"""Rounds: rankings, scores by street, the figures of a bulletin."""

import datetime as dt
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import Avg, Count, Min, Q
from django.db.models.functions import TruncMonth

from accounts.models import User
from estates.choices import EstateKind
from estates.models import Estate, Street
from inspections.calculations import average, bands, ranks, tenth
from inspections.choices import (
    COUNTED,
    OrderStatus,
    Outcome,
    RoundStatus,
)
from inspections.models import (
    Inspection,
    InspectionRound,
    ItemResult,
    RectificationOrder,
    RoundDraw,
    RoundEstate,
)
from xingyang_pm.common import clock


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
class MovedRow:
    """A row of the ranking beside its place in the round before; None: it was not in it."""

    row: RankingRow
    before: int | None
    score_before: Decimal | None

    @property
    def moved(self) -> int | None:
        """Places up (positive) or down since the round before."""
        return None if self.before is None else self.before - self.row.rank


def round_before(round: InspectionRound) -> InspectionRound | None:
    """Return the last round by the same kind of checklist that began before ``round``."""
    rows = InspectionRound.objects.filter(checklist__kind=round.checklist.kind)
    earlier = Q(start_date__lt=round.start_date) | Q(start_date=round.start_date, pk__lt=round.pk)
    return rows.filter(earlier).order_by("-start_date", "-pk").first()


def moved_ranking(
    round: InspectionRound, user: Any = None
) -> tuple[list[MovedRow], InspectionRound | None]:
    """Return the ranking of ``round`` with each estate's place in the round before, and that
    round."""
    former = round_before(round)
    places = {row.estate_id: row for row in ranking(former, user)} if former else {}
    moved = []
    for row in ranking(round, user):
        old = places.get(row.estate_id)
        moved.append(MovedRow(row, old.rank if old else None, old.score if old else None))
    return moved, former


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


def extent_words(round: InspectionRound) -> str:
    """Return what ``round`` was opened over: kinds of estates and streets. One query."""
    kinds = [EstateKind(kind).label for kind in round.extent.get("kinds", [])]
    ids = round.extent.get("streets", [])
    streets = Street.objects.filter(pk__in=ids).order_by("code").values_list("name", flat=True)
    return f"{'、'.join(streets) or '全市'}，{'、'.join(kinds) or '各类小区'}"


@dataclass(frozen=True)
class InspectorWork:
    """What one person has to inspect in a round; ``inspector_id`` is None where nobody is named
    yet. ``person`` comes with the office."""

    inspector_id: int | None
    person: Any
    covered: int
    inspected: int

    @property
    def left(self) -> int:
        return self.covered - self.inspected

    @property
    def name(self) -> str:
        return self.person.name if self.person else "未安排"

    @property
    def office(self) -> str:
        return self.person.office.name if self.person else ""


def work_by_inspector(round: InspectionRound, user: Any = None) -> list[InspectorWork]:
    """Return who inspects how many estates of ``round`` and how many are done, who has most
    left first; of estates that ``user`` sees. Two queries."""
    rows = RoundEstate.objects.all() if user is None else RoundEstate.objects.visible_to(user)
    counted = (
        rows.filter(round=round)
        .with_inspected()
        .order_by()
        .values_list("inspector", "inspected")
        .annotate(total=Count("pk"))
    )
    covered: dict[int | None, int] = {}
    done: dict[int | None, int] = {}
    for inspector_id, inspected, total in counted:
        covered[inspector_id] = covered.get(inspector_id, 0) + total
        done[inspector_id] = done.get(inspector_id, 0) + (total if inspected else 0)
    people = User.objects.select_related("office").in_bulk([pk for pk in covered if pk])
    work = [
        InspectorWork(pk, people.get(pk) if pk else None, total, done[pk])
        for pk, total in covered.items()
    ]
    return sorted(work, key=lambda row: (-row.left, row.person.username if row.person else ""))


def left_by_inspector(round: InspectionRound) -> list[InspectorWork]:
    """Return the active people whom ``round`` still waits for, with how many estates are left."""
    return [
        row
        for row in work_by_inspector(round)
        if row.left and row.person is not None and row.person.is_active
    ]


@dataclass(frozen=True)
class DrawnEstate:
    """One estate as it was drawn. ``now`` is who inspects it by now, if that is another."""

    place: int
    street: str
    code: str
    estate: str
    inspector: str
    officer: str
    key: str
    now: str = ""


def drawn_estates(draw: RoundDraw, user: Any = None) -> list[DrawnEstate]:
    """Return the result of ``draw`` by street, of estates that ``user`` sees; one query."""
    rows = RoundEstate.objects.all() if user is None else RoundEstate.objects.visible_to(user)
    now = {
        code: (username, name)
        for code, username, name in rows.filter(round=draw.round_id).values_list(
            "estate__code", "inspector__username", "inspector__name"
        )
    }
    names = {person["username"]: person["name"] for person in draw.pool["inspectors"]}
    streets = {street["code"]: street["name"] for street in draw.pool["streets"]}
    pooled = {
        estate["code"]: estate for street in draw.pool["streets"] for estate in street["estates"]
    }
    return [
        DrawnEstate(
            place,
            streets[row["street"]],
            row["code"],
            pooled[row["code"]]["name"],
            names[row["inspector"]],
            names.get(pooled[row["code"]]["officer"], pooled[row["code"]]["officer"]),
            row["key"],
            _replaced(row["inspector"], now.get(row["code"])),
        )
        for place, row in enumerate(draw.result, start=1)
        if user is None or row["code"] in now
    ]


def _replaced(drawn: str, now: tuple[str, str] | None) -> str:
    return now[1] if now and now[0] and now[0] != drawn else ""


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
        .values_list("item__code", "item__text", "item__section__name")
        .annotate(count=Count("pk"), estates=Count("inspection__estate", distinct=True))
        .order_by("-count", "item__position")
    ]
    by_heading = [
        HeadingFailures(heading, items, estates)
        for heading, items, estates, _ in counted.order_by()
        .values_list("item__section__name")
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
