"""The city at a glance: six figures with their course, two plots, what is overdue.

Everything is read through ``visible_to``: a street office sees its own street's figures.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F, Q, Sum

from enterprises.models import Engagement
from enterprises.selectors import old_estate_coverage
from estates.models import Estate, Street
from inspections.calculations import plain, tenth
from inspections.choices import OrderStatus
from inspections.models import Inspection, InspectionRound, RectificationOrder
from subsidies.models import SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.charts import Chart, Series, sparkline
from xingyang_pm.common.formats import number
from xingyang_pm.common.menu import optional_url

MONTHS = 12
WEEKS = 8


@dataclass(frozen=True)
class Figure:
    """One key figure: value with unit, a line below it, its course as a sparkline."""

    label: str
    value: str
    unit: str
    detail: str
    alarm: bool = False
    spark: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CityView:
    figures: list[Figure]
    money: Chart
    scores: Chart


def _change(now: Decimal | int, before: Decimal | int | None, places: int) -> str:
    if before is None:
        return "没有上期"
    difference = now - before
    if not difference:
        return "持平"
    sign = "+" if difference > 0 else "−"
    return f"{sign}{number(abs(difference), places)}"


def _coverage(user: Any, day: dt.date) -> Figure:
    coverage = old_estate_coverage(day, user)
    months = [clock.add_months(day, -back) for back in range(MONTHS - 1, -1, -1)]
    old = Estate.objects.visible_to(user).active().old()
    served = (
        Engagement.objects.visible_to(user)
        .filter(estate__in=old)
        .aggregate(
            **{
                f"m{index}": Count(
                    "pk",
                    filter=Q(start_date__lte=month)
                    & (Q(end_date__isnull=True) | Q(end_date__gte=month)),
                )
                for index, month in enumerate(months)
            }
        )
    )
    return Figure(
        "老旧小区覆盖",
        f"{coverage.percent:.1f}".removesuffix(".0"),
        "%",
        f"{coverage.estates} / {coverage.all_estates} 个",
        spark=sparkline([served[f"m{index}"] for index in range(MONTHS)]),
    )


@dataclass(frozen=True)
class _Month:
    month: dt.date
    households: int
    deduction: Decimal
    total: Decimal


def _months(user: Any, day: dt.date) -> tuple[list[_Month], dict[tuple[str, dt.date], Decimal]]:
    """Return the last twelve months that have claims, and the money by street and month."""
    first = clock.add_months(day, -MONTHS)
    rows = (
        SubsidyClaim.objects.visible_to(user)
        .standing()
        .filter(month__gte=first)
        .values_list("street__name", "month", "household_count", "deduction_total", "total")
        .order_by("month")
    )
    by_month: dict[dt.date, list[Any]] = {}
    by_street: dict[tuple[str, dt.date], Decimal] = {}
    for street, month, households, deduction, total in rows:
        sums = by_month.setdefault(month, [0, Decimal(0), Decimal(0)])
        sums[0] += households
        sums[1] += deduction
        sums[2] += total
        by_street[(street, month)] = total
    return [_Month(month, *sums) for month, sums in by_month.items()], by_street


def _money_figures(months: list[_Month]) -> list[Figure]:
    if not months:
        return [
            Figure("纳入补贴户数", "—", "", "还没有补贴申报"),
            Figure("应补金额", "—", "", "还没有补贴申报"),
        ]
    last = months[-1]
    before = months[-2] if len(months) > 1 else None
    return [
        Figure(
            "纳入补贴户数",
            number(last.households, 0),
            "户",
            f"比上月 {_change(last.households, before.households if before else None, 0)}",
            spark=sparkline([row.households for row in months]),
        ),
        Figure(
            f"{last.month.month}月应补金额",
            number(last.total, 2).removesuffix(".00"),
            "元",
            f"扣减 {number(last.deduction, 2)}" if last.deduction else "没有扣减",
            spark=sparkline([row.total for row in months]),
        ),
    ]


def _money_chart(
    months: list[_Month], by_street: dict[tuple[str, dt.date], Decimal], *, tall: bool
) -> Chart:
    """Draw the months; ``tall`` as its neighbour, so that the two stand level."""
    labels = []
    for index, row in enumerate(months):
        year = f"{row.month.year % 100}年" if index == 0 or row.month.month == 1 else ""
        labels.append(f"{year}{row.month.month}月")
    streets = sorted({street for street, _ in by_street})
    return Chart(
        key="money",
        title="月度补贴金额",
        kind="bars",
        labels=labels,
        series=[
            Series(
                street,
                [by_street.get((street, row.month), Decimal(0)) / 10_000 for row in months],
            )
            for street in streets
        ],
        note="万元，近 12 个月，按街道",
        label_head="月份",
        places=2,
        height="tall" if tall else "",
        empty_text="还没有补贴申报。每月 1 日开上个月的账。",
    )


def _latest_rounds(user: Any) -> list[tuple[InspectionRound, Decimal, int]]:
    """Return the last eight rounds with counted inspections: round, average, inspections."""
    rows = (
        Inspection.objects.visible_to(user)
        .counted()
        .filter(round__isnull=False, score__isnull=False)
        .values("round")
        .annotate(average=Avg("score"), n=Count("pk"), start=F("round__start_date"))
        .order_by("-start", "-round")[:8]
    )
    found = {row["round"]: row for row in rows}
    visible = InspectionRound.objects.visible_to(user).select_related("checklist")
    rounds = visible.in_bulk(list(found))
    return [
        (rounds[key], tenth(Decimal(row["average"])), row["n"])
        for key, row in reversed(found.items())
        if key in rounds
    ]


def _score_figure(rounds: list[tuple[InspectionRound, Decimal, int]]) -> Figure:
    if not rounds:
        return Figure("检查平均得分", "—", "", "还没有检查")
    now = rounds[-1][1]
    before = rounds[-2][1] if len(rounds) > 1 else None
    return Figure(
        "检查平均得分",
        number(now, 1),
        "分",
        f"比上次 {_change(now, before, 1)}",
        spark=sparkline([average for _, average, _ in rounds]),
    )


def _score_chart(user: Any, rounds: list[tuple[InspectionRound, Decimal, int]]) -> Chart:
    """Draw the newest round by street, against the 良好 of its own checklist."""
    title, empty_text = "各街道检查得分", "还没有检查记录。"
    if not rounds:
        return Chart(
            key="scores", title=title, kind="dots", labels=[], series=[], empty_text=empty_text
        )
    latest = rounds[-1][0]
    form = latest.checklist
    rows = (
        Inspection.objects.visible_to(user)
        .counted()
        .filter(round=latest, score__isnull=False)
        .values("estate__street__name")
        .annotate(average=Avg("score"))
        .order_by("-average")
    )
    names = [row["estate__street__name"] for row in rows]
    values = [tenth(Decimal(row["average"])) for row in rows]
    step = form.full_score / 10
    lowest = min([*values, form.good_score])
    return Chart(
        key="scores",
        title=title,
        kind="dots",
        labels=names,
        series=[Series("平均得分", values)],
        note=f"{latest}，{latest.start_date.month}月",
        label_head="街道（乡镇）",
        places=1,
        low=float(min(step * 6, lowest // step * step)),
        high=float(form.full_score),
        step=float(step),
        mark=float(form.good_score),
        mark_label=f"良好 {plain(form.good_score)}",
        height="tall" if len(names) > 10 else "",
        empty_text=empty_text,
    )


def _closing_figures(user: Any, day: dt.date) -> list[Figure]:
    orders = RectificationOrder.objects.visible_to(user)
    year_ago = clock.add_months(day, -MONTHS)
    closed = orders.filter(status=OrderStatus.CLOSED, closed_at__date__gte=year_ago)
    rows = list(closed.values_list("closed_at", "deadline"))
    on_time = [closed_at.astimezone(clock.SHANGHAI).date() <= due for closed_at, due in rows]
    rate = 100 * sum(on_time) / len(on_time) if on_time else None
    by_month: dict[dt.date, list[bool]] = {}
    for (closed_at, _), good in zip(rows, on_time, strict=True):
        month = clock.month_start(closed_at.astimezone(clock.SHANGHAI).date())
        by_month.setdefault(month, []).append(good)
    course = [100 * sum(goods) / len(goods) for _, goods in sorted(by_month.items())]
    weeks = [day - dt.timedelta(days=7 * back) for back in range(WEEKS - 1, -1, -1)]
    counts = orders.aggregate(
        **{
            f"w{index}": Count(
                "pk",
                filter=Q(deadline__lt=week)
                & (Q(closed_at__isnull=True) | Q(closed_at__date__gt=week)),
            )
            for index, week in enumerate(weeks)
        }
    )
    overdue = [counts[f"w{index}"] for index in range(WEEKS)]
    return [
        Figure(
            "整改按期销号",
            "—" if rate is None else number(rate, 1),
            "" if rate is None else "%",
            f"近 12 月 {len(rows)} 件",
            spark=sparkline(course),
        ),
        Figure(
            "逾期未整改",
            number(overdue[-1], 0),
            "件",
            f"比上周 {_change(overdue[-1], overdue[-2], 0)}",
            alarm=overdue[-1] > 0,
            spark=sparkline(overdue),
        ),
    ]


def city_view(user: Any) -> CityView:
    """Return what the desk shows under the list of things to do."""
    day = clock.today()
    months, by_street = _months(user, day)
    rounds = _latest_rounds(user)
    scores = _score_chart(user, rounds)
    return CityView(
        figures=[
            _coverage(user, day),
            *_money_figures(months),
            _score_figure(rounds),
            *_closing_figures(user, day),
        ],
        money=_money_chart(months, by_street, tall=scores.height == "tall"),
        scores=scores,
    )


@dataclass(frozen=True)
class OverdueOrder:
    """One line of the desk's panel of overdue orders."""

    estate: str
    number: str
    problem: str
    provider: str
    days: int
    url: str


def overdue_orders(user: Any, limit: int = 5) -> tuple[list[OverdueOrder], int, int]:
    """Return the orders longest overdue, how many are overdue, how many fall due in a week."""
    day = clock.today()
    orders = RectificationOrder.objects.visible_to(user)
    overdue = orders.overdue(day)
    rows = (
        overdue.select_related("estate", "provider")
        .prefetch_related("items__result__item")
        .order_by("deadline", "pk")[:limit]
    )
    shown = []
    for row in rows:
        first = next(iter(row.items.all()), None)
        shown.append(
            OverdueOrder(
                row.estate.name,
                f"{row.serial}号",
                first.result.note or first.result.item.text if first else "",
                row.provider.label if row.provider else "",
                (day - row.deadline).days,
                optional_url("inspections:order-detail", row.pk),
            )
        )
    return shown, overdue.count(), orders.due_within(day, 7).count()


@dataclass(frozen=True)
class StreetRow:
    """One street of the statistics page."""

    street: Street
    estates: int
    households: int
    average: Decimal | None
    open_orders: int
    money: Decimal


def street_rows(user: Any, year: int) -> list[StreetRow]:
    """Return the year of each street that ``user`` sees, in the order of the codes."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    streets = Street.objects.visible_to(user).order_by("code")

    def keyed(rows: Any, key: str, value: str) -> dict[int, Any]:
        return {row[key]: row[value] for row in rows}

    estates = (
        Estate.objects.visible_to(user)
        .active()
        .values("street")
        .annotate(n=Count("pk"), homes=Sum("household_count"))
    )
    counts, homes = {}, {}
    for row in estates:
        counts[row["street"]], homes[row["street"]] = row["n"], row["homes"]
    averages = keyed(
        Inspection.objects.visible_to(user)
        .counted()
        .filter(inspected_on__range=(first, last))
        .values("estate__street")
        .annotate(average=Avg("score")),
        "estate__street",
        "average",
    )
    orders = keyed(
        RectificationOrder.objects.visible_to(user)
        .filter(year=year)
        .values("estate__street")
        .annotate(n=Count("pk")),
        "estate__street",
        "n",
    )
    money = keyed(
        SubsidyClaim.objects.visible_to(user)
        .settled()
        .filter(month__range=(first, last))
        .values("street")
        .annotate(total=Sum("total")),
        "street",
        "total",
    )
    return [
        StreetRow(
            street,
            counts.get(street.pk, 0),
            homes.get(street.pk, 0),
            tenth(Decimal(averages[street.pk])) if averages.get(street.pk) is not None else None,
            orders.get(street.pk, 0),
            money.get(street.pk, Decimal(0)),
        )
        for street in streets
    ]
