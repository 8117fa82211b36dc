"""Filters of the lists of inspection and rectification."""

import datetime as dt
from typing import Any

import django_filters
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Concat

from enterprises.models import Provider
from estates.models import Street
from xingyang_pm.common import clock
from xingyang_pm.common.filters import (
    DateSpanFilter,
    KeywordFilter,
    PortalFilterSet,
    ScopedChoiceFilter,
)

from .choices import (
    BELOW_GOOD,
    ChecklistKind,
    ChecklistStatus,
    Grade,
    InspectionStatus,
    OrderKind,
    OrderStatus,
    ProblemKind,
    RoundStatus,
)
from .models import (
    Checklist,
    Inspection,
    InspectionRound,
    ItemResult,
    RectificationOrder,
    RoundEstate,
)

STATES = [
    *OrderStatus.choices,
    ("open", "在办（未销号）"),
    ("overdue", "已逾期"),
    ("soon", "3 天内到期"),
]


def _with_number(rounds: QuerySet) -> QuerySet:
    """Annotate ``shown``: title, year and number in one, for the list of choices."""
    words = [F("title"), Value(" "), F("year"), Value("年第"), F("number"), Value("次")]
    return rounds.annotate(shown=Concat(*words, output_field=CharField()))


class InspectionFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    round = ScopedChoiceFilter(
        InspectionRound,
        label="检查批次",
        label_field="shown",
        empty="全部批次",
        narrow=_with_number,
        limit=2000,
    )
    kind = django_filters.ChoiceFilter(
        field_name="checklist__kind", label="检查类别", choices=ChecklistKind.choices
    )
    status = django_filters.ChoiceFilter(
        label="状态",
        choices=[
            *(choice for choice in InspectionStatus.choices if choice[0] != "draft"),
            ("counted", "计入统计（待确认、已确认）"),
        ],
        method="by_status",
    )
    grade = django_filters.ChoiceFilter(
        label="等级",
        choices=[*Grade.choices, ("below_good", "良好以下（合格、不合格）")],
        method="by_grade",
    )
    photos = django_filters.ChoiceFilter(
        label="照片", choices=[("doubtful", "照片有疑点")], method="by_photos"
    )
    provider = ScopedChoiceFilter(Provider, label="服务主体", empty="全部主体")
    since = DateSpanFilter("inspected_on", side="from", label="检查日期不早于")
    until = DateSpanFilter("inspected_on", side="to", label="检查日期不晚于")
    q = KeywordFilter(
        ["number__contains", "estate__name__contains", "inspector__name__contains"],
        label="关键词",
        placeholder="编号、小区、检查人",
    )

    class Meta:
        model = Inspection
        fields = [
            "street",
            "round",
            "kind",
            "status",
            "grade",
            "photos",
            "provider",
            "since",
            "until",
            "q",
        ]
        primary = ["street", "round", "status", "grade", "q"]

    def by_status(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.counted() if value == "counted" else rows.filter(status=value)

    def by_grade(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.graded(*(BELOW_GOOD if value == "below_good" else [value]))

    def by_photos(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.doubtful() if value else rows


class OrderFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(label="文书", choices=OrderKind.choices)
    state = django_filters.ChoiceFilter(
        label="状态", choices=[*STATES, ("standing", "不含已撤销")], method="by_state"
    )
    photos = django_filters.ChoiceFilter(
        label="照片", choices=[("doubtful", "回复照片有疑点")], method="by_photos"
    )
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    provider = ScopedChoiceFilter(Provider, label="被通知单位", empty="全部单位")
    due_from = DateSpanFilter("deadline", side="from", label="期限不早于")
    due_to = DateSpanFilter("deadline", side="to", label="期限不晚于")
    checklist = django_filters.ChoiceFilter(
        field_name="inspection__checklist__kind", label="检查类别", choices=ChecklistKind.choices
    )
    issued_from = DateSpanFilter(
        "issued_at", side="from", label="下达日期不早于", method="issued_since"
    )
    issued_to = DateSpanFilter("issued_at", side="to", label="下达日期不晚于", method="issued_by")
    q = KeywordFilter(
        ["number__contains", "estate__name__contains", "provider__name__contains"],
        label="关键词",
        placeholder="文号、小区、单位",
    )

    class Meta:
        model = RectificationOrder
        fields = [
            "state", "kind", "street", "provider", "due_from", "due_to", "checklist",
            "photos", "issued_from", "issued_to", "q",
        ]  # fmt: skip
        primary = ["state", "kind", "street", "provider", "q"]

    def by_photos(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.doubtful() if value else rows

    def issued_since(self, rows: QuerySet, name: str, value: dt.date) -> QuerySet:
        return rows.filter(issued_at__gte=clock.at(value, 0))

    def issued_by(self, rows: QuerySet, name: str, value: dt.date) -> QuerySet:
        return rows.filter(issued_at__lt=clock.at(value + dt.timedelta(days=1), 0))

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        today = clock.today()
        if value == "standing":
            return rows.standing()
        if value == "open":
            return rows.open()
        if value == "overdue":
            return rows.overdue(today)
        if value == "soon":
            return rows.due_within(today, 3)
        return rows.filter(status=value)


class LedgerFilterSet(PortalFilterSet):
    """Problems that were mended on the spot or ordered to be mended."""

    kind = django_filters.ChoiceFilter(label="类别", choices=ProblemKind.choices, method="by_kind")
    state = django_filters.ChoiceFilter(label="状态", choices=STATES, method="by_state")
    street = ScopedChoiceFilter(
        Street, "inspection__estate__street", label="街道（乡镇）", empty="全部街道"
    )
    provider = ScopedChoiceFilter(Provider, "inspection__provider", label="企业", empty="全部企业")
    due_from = DateSpanFilter("due", side="from", label="时限不早于")
    due_to = DateSpanFilter("due", side="to", label="时限不晚于")
    checklist = django_filters.ChoiceFilter(
        field_name="inspection__checklist__kind", label="检查类别", choices=ChecklistKind.choices
    )
    since = DateSpanFilter("inspection__inspected_on", side="from", label="检查日期不早于")
    until = DateSpanFilter("inspection__inspected_on", side="to", label="检查日期不晚于")
    q = KeywordFilter(
        [
            "standing__order__number__contains",
            "inspection__estate__name__contains",
            "note__contains",
            "item__text__contains",
        ],
        label="关键词",
        placeholder="文号、小区、问题",
    )

    class Meta:
        model = ItemResult
        fields = [
            "state", "kind", "street", "provider", "due_from", "due_to", "checklist", "since",
            "until", "q",
        ]  # fmt: skip
        primary = ["state", "kind", "street", "provider", "q"]

    def by_kind(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == ProblemKind.ON_SITE:
            return rows.filter(fixed_on_site=True)
        return rows.filter(standing__order__kind=value)

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == OrderStatus.CLOSED:
            return rows.closed()
        if value == OrderStatus.WITHDRAWN:
            return rows.withdrawn()
        orders: Any = RectificationOrder.objects.visible_to(self.request.user)
        today = clock.today()
        if value == "open":
            return rows.under(orders.open())
        if value == "overdue":
            return rows.under(orders.overdue(today))
        if value == "soon":
            return rows.under(orders.due_within(today, 3))
        return rows.under(orders.filter(status=value))


class FindingFilterSet(PortalFilterSet):
    """Failed items of reported inspections."""

    street = ScopedChoiceFilter(
        Street, "inspection__estate__street", label="街道（乡镇）", empty="全部街道"
    )
    kind = django_filters.ChoiceFilter(
        field_name="inspection__checklist__kind", label="检查类别", choices=ChecklistKind.choices
    )
    round = ScopedChoiceFilter(
        InspectionRound,
        "inspection__round",
        label="检查批次",
        label_field="shown",
        empty="全部批次",
        narrow=_with_number,
        limit=2000,
    )
    provider = ScopedChoiceFilter(
        Provider, "inspection__provider", label="物业企业", empty="全部企业"
    )
    closing = django_filters.ChoiceFilter(
        label="整改",
        choices=[
            ("closed", "已销号（含当场改正）"),
            ("on_site", "当场改正"),
            ("open", "没有销号"),
        ],
        method="by_closing",
    )
    heading = django_filters.CharFilter(field_name="item__section__name", label="检查大项")
    item = django_filters.CharFilter(field_name="item__text", label="检查项目")
    disclosure = django_filters.CharFilter(field_name="item__disclosure", label="公示内容")
    since = DateSpanFilter("inspection__inspected_on", side="from", label="检查日期不早于")
    until = DateSpanFilter("inspection__inspected_on", side="to", label="检查日期不晚于")
    q = KeywordFilter(
        ["inspection__estate__name__contains", "note__contains", "item__text__contains"],
        label="关键词",
        placeholder="小区、问题",
    )

    class Meta:
        model = ItemResult
        fields = [
            "street", "kind", "round", "provider", "closing", "heading", "item", "disclosure",
            "since", "until", "q",
        ]  # fmt: skip
        primary = ["street", "kind", "since", "until", "q"]

    def by_closing(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == "on_site":
            return rows.filter(fixed_on_site=True)
        return rows.closed() if value == "closed" else rows.unclosed()


class RoundFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(
        field_name="checklist__kind", label="检查类别", choices=ChecklistKind.choices
    )
    year = django_filters.NumberFilter(label="年度")
    status = django_filters.ChoiceFilter(label="状态", choices=RoundStatus.choices)
    q = KeywordFilter(["title__contains"], label="关键词", placeholder="批次名称")

    class Meta:
        model = InspectionRound
        fields = ["kind", "year", "status", "q"]
        primary = ["kind", "year", "status", "q"]


class ChecklistFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(label="类别", choices=ChecklistKind.choices)
    status = django_filters.ChoiceFilter(label="状态", choices=ChecklistStatus.choices)

    class Meta:
        model = Checklist
        fields = ["kind", "status"]
        primary = ["kind", "status"]


# --- On the estate list -----------------------------------------------------------------------


def lacking_disclosure(estates: QuerySet, user: Any) -> QuerySet:
    """Return those of ``estates`` whose public disclosure was last found incomplete."""
    looked = Inspection.objects.visible_to(user).counted().about_disclosure()
    lacking = looked.latest_per_estate().filter(missing_disclosures__gt=0)
    return estates.filter(pk__in=lacking.order_by().values("estate"))


def left_to_inspect(estates: QuerySet, user: Any) -> QuerySet:
    """Return those of ``estates`` that an open round still waits for."""
    left = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    return estates.filter(pk__in=left.order_by().values("estate"))


class DisclosureFilter(django_filters.ChoiceFilter):
    """Estates by the state of their public disclosure, as their newest inspection found it."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("complete", "四项齐全"), ("missing", "公示不全"), ("none", "未检查")]
        super().__init__("pk", label="四公开", choices=choices, **kwargs)

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        if not value:
            return qs
        user = self.parent.request.user
        if value == "missing":
            return lacking_disclosure(qs, user)
        looked = Inspection.objects.visible_to(user).counted().about_disclosure()
        if value == "none":
            return qs.exclude(pk__in=looked.order_by().values("estate"))
        complete = looked.latest_per_estate().filter(missing_disclosures=0)
        return qs.filter(pk__in=complete.order_by().values("estate"))


class RectificationFilter(django_filters.ChoiceFilter):
    """Estates with open, or with overdue, orders."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("open", "有在办整改"), ("overdue", "有逾期整改")]
        super().__init__("pk", label="整改", choices=choices, **kwargs)

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        if not value:
            return qs
        orders = RectificationOrder.objects.visible_to(self.parent.request.user)
        found = orders.open() if value == "open" else orders.overdue(clock.today())
        return qs.filter(pk__in=found.order_by().values("estate"))


class UninspectedFilter(django_filters.ChoiceFilter):
    """Estates that an open round still waits for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("pk", label="本批次", choices=[("1", "未检查")], **kwargs)

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        if not value:
            return qs
        return left_to_inspect(qs, self.parent.request.user)
