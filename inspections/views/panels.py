"""What inspections show on the records of estates and providers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate
from inspections import selectors
from inspections.choices import ChecklistKind, OrderStatus
from inspections.models import Inspection, RectificationOrder
from inspections.tables import EstateInspectionTable, EstateOrderTable
from xingyang_pm.common import clock
from xingyang_pm.common.charts import Chart, Series
from xingyang_pm.common.formats import due_words, month_day
from xingyang_pm.common.tables import Pill
from xingyang_pm.common.views.generic import Fact, Notice, Panel, TablePanel

NOTICES = 3


# --- The estate list --------------------------------------------------------------------------


def disclosure_words(standing: selectors.Standing | None) -> str:
    if standing is None or standing.missing is None:
        return "未检查"
    return f"缺 {standing.missing} 项" if standing.missing else "四项齐全"


def disclosure_pill(standing: selectors.Standing | None) -> Pill:
    tone = ""
    if standing is not None and standing.missing is not None:
        tone = "a" if standing.missing else "g"
    return Pill(disclosure_words(standing), tone)


def orders_words(orders: selectors.OpenOrders | None) -> str:
    return orders.words if orders else ""


def orders_pill(orders: selectors.OpenOrders | None) -> Pill | None:
    """Overdue orders first: they are what somebody must act on."""
    if orders is None or not orders.open:
        return None
    if orders.overdue:
        return Pill(f"逾期 {orders.overdue}", "r")
    return Pill(f"在办 {orders.open}", "a")


# --- The estate record ------------------------------------------------------------------------


def estate_notices(estate: Estate, user: Any) -> Sequence[Notice]:
    """Say which orders are open, the most urgent first."""
    rows = (
        RectificationOrder.objects.visible_to(user)
        .open()
        .filter(estate=estate)
        .order_by("deadline", "pk")
    )
    notices = []
    for order in rows[:NOTICES]:
        replied = order.status == OrderStatus.REPLIED
        state = "已回复，待复查" if replied else "待整改"
        day = f"{month_day(order.deadline)}到期（{due_words(order.deadline)}）"
        notices.append(
            Notice(
                f"整改通知书 {order.number} {state}，{day}。",
                "r" if order.is_overdue else "a",
                "clock-exclamation" if order.is_overdue else "clock",
                url=order.get_absolute_url(),
                link="去复查" if replied else "看通知书",
            )
        )
    return notices


def estate_facts(estate: Estate, user: Any) -> Sequence[Fact]:
    """The newest score and the state of the public disclosure, among the estate's facts."""
    newest = (
        Inspection.objects.visible_to(user)
        .counted()
        .filter(estate=estate)
        .order_by("-inspected_on", "-pk")
        .first()
    )
    if newest is None:
        return [Fact("最近检查", "还没有检查")]
    standing = selectors.standings([estate.pk], user).get(estate.pk)
    return [
        Fact(
            "最近检查",
            f"{newest.score:.1f} 分",
            url=newest.get_absolute_url(),
            note=month_day(newest.inspected_on),
        ),
        Fact("四公开", disclosure_pill(standing)),
    ]


def score_chart(estate: Estate, user: Any) -> Chart:
    """The estate's scores beside the mean of its street."""
    scores = selectors.estate_scores(estate, user)
    values = [row.score for row in scores] + [
        row.street_average for row in scores if row.street_average is not None
    ]
    low = float(min(values, default=70))
    return Chart(
        key="estate-scores",
        title="历次检查得分",
        kind="line",
        labels=[f"{row.inspected_on:%y年}{row.inspected_on.month}月" for row in scores],
        series=[
            Series("本小区", [row.score for row in scores]),
            Series("街道平均", [row.street_average for row in scores], quiet=True),
        ],
        label_head="检查",
        places=1,
        low=max(0, (int(low) - 5) // 10 * 10),
        high=float(max((row.full for row in scores), default=100)),
        step=10,
        urls=[reverse("inspections:inspection-detail", args=[r.inspection_id]) for r in scores],
        empty_text="还没有检查。检查上报后，这里画出得分和街道平均。",
    )


def course_chart(key: str, title: str, inspections: QuerySet) -> Chart:
    """The scores of an estate or a firm over time, a line for each kind of checklist."""
    points = selectors.score_course(inspections)
    days = sorted({point.day for point in points})
    kinds = [kind for kind in ChecklistKind if any(point.kind == kind for point in points)]
    found = {(point.day, point.kind): point.score for point in points}
    low = min((point.score for point in points), default=Decimal(70))
    return Chart(
        key=key,
        title=title,
        kind="line",
        labels=[f"{day:%y年}{day.month}月{day.day}日" for day in days],
        series=[Series(kind.label, [found.get((day, kind)) for day in days]) for kind in kinds],
        note="各类检查表分开，折成百分",
        label_head="检查日期",
        places=1,
        low=max(0, (int(low) - 5) // 10 * 10),
        high=100,
        step=10,
        empty_text="还没有检查。检查上报后，这里画出历次得分。",
    )


def estate_overview(estate: Estate, user: Any) -> Sequence[Panel]:
    chart = score_chart(estate, user)
    return [Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}, half=True)]


def estate_inspections(estate: Estate, user: Any) -> Sequence[Panel]:
    rows = Inspection.objects.visible_to(user).reported().filter(estate=estate)
    chart = course_chart("estate-course", "历次得分（按检查类别）", rows)
    return [
        Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}),
        TablePanel(
            "检查记录",
            EstateInspectionTable,
            rows.order_by("-inspected_on", "-pk"),
            limit=100,
            user=user,
            empty_text="这个小区还没有检查记录。",
        ),
    ]


def estate_inspection_count(estate: Estate, user: Any) -> int:
    return Inspection.objects.visible_to(user).reported().filter(estate=estate).count()


def estate_orders(estate: Estate, user: Any) -> Sequence[Panel]:
    rows = RectificationOrder.objects.visible_to(user).filter(estate=estate)
    return [
        TablePanel(
            "整改通知书",
            EstateOrderTable,
            rows.order_by("-issued_at", "-pk"),
            limit=100,
            user=user,
            empty_text="这个小区没有下达过整改通知书。",
        )
    ]


def estate_order_count(estate: Estate, user: Any) -> int:
    return RectificationOrder.objects.visible_to(user).filter(estate=estate).count()


# --- The provider record ----------------------------------------------------------------------


def provider_inspections(provider: Provider, user: Any) -> Panel:
    rows = Inspection.objects.visible_to(user).reported().filter(provider=provider)
    return TablePanel(
        "检查记录",
        EstateInspectionTable,
        rows.order_by("-inspected_on", "-pk"),
        limit=50,
        user=user,
        empty_text="服务的小区还没有检查记录。",
    )


def provider_course(provider: Provider, user: Any) -> Panel:
    rows = Inspection.objects.visible_to(user).filter(provider=provider)
    chart = course_chart("provider-course", "服务小区的检查得分（按检查类别）", rows)
    return Panel(chart.title, "partials/_panel_chart.html", {"chart": chart})


def provider_orders(provider: Provider, user: Any) -> Panel:
    rows = RectificationOrder.objects.visible_to(user).filter(provider=provider)
    late = rows.overdue(clock.today()).count()
    return TablePanel(
        "整改通知书",
        EstateOrderTable,
        rows.order_by("-issued_at", "-pk"),
        limit=50,
        user=user,
        pills=[Pill(f"逾期 {late}", "r")] if late else [],
        empty_text="没有下达过整改通知书。",
    )
