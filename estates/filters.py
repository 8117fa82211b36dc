"""Filters of the registry's lists; upper apps add theirs to the estate list."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from xingyang_pm.common import clock
from xingyang_pm.common.filters import (
    KeywordFilter,
    MonthFilter,
    PortalFilterSet,
    ScopedChoiceFilter,
    YesNoFilter,
)

from .choices import (
    CountStatus,
    Decision,
    EstateKind,
    EstateStatus,
    ManagementMode,
    SurveyStatus,
)
from .models import (
    Community,
    Estate,
    HouseholdCount,
    StaffAssignment,
    Street,
    Survey,
    SurveyDifference,
)
from .selectors import estate_filters

FOUR_HAVES = Q(has_cleaning=True, has_waste_removal=True, has_greening=True, has_repair=True)


def _officers(request: HttpRequest) -> QuerySet[User]:
    """Return who answers for an estate that the user sees: a street's people know them too."""
    seen = StaffAssignment.objects.visible_to(request.user)
    return User.objects.filter(pk__in=seen.values("officer")).order_by("name", "pk")


class OfficerFilter(ScopedChoiceFilter):
    """Estates for which a person answers today."""

    def __init__(self, field_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(User, field_name, label="分包干部", **kwargs)
        self.choices = _officers

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        if value is None or self.field_name != "officer" or qs.model is not Estate:
            return super().filter(qs, value)
        held = StaffAssignment.objects.on(clock.today())
        held = (
            held.filter(officer=value)
            if isinstance(value, User)
            else held.filter(officer__name__contains=value.text)
        )
        return qs.filter(pk__in=held.values("estate"))


class EstateFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, label="街道（乡镇）", empty="全部街道")
    community = ScopedChoiceFilter(
        Community, label="社区（村）", label_field="short_name", empty="全部社区", parent="street"
    )
    kind = django_filters.ChoiceFilter(label="类别", choices=EstateKind.choices)
    officer = OfficerFilter("officer")
    q = KeywordFilter(
        [
            "name__contains",
            "names__name__contains",
            "address__contains",
            "code__istartswith",
            "initials__istartswith",
        ],
        placeholder="名称、曾用名、地址、编号",
    )
    management_mode = django_filters.ChoiceFilter(label="管理模式", choices=ManagementMode.choices)
    four = YesNoFilter(label="四有标准", yes="四项齐全", no="有缺项", method="by_four")
    station = YesNoFilter("has_service_station", label="社区服务站", yes="有", no="无")
    assigned = YesNoFilter(label="分包", yes="已分包", no="未分包", method="by_assigned")
    waiting = YesNoFilter(label="户数待核定", yes="有", no="无", method="by_waiting")
    built_from = django_filters.NumberFilter("built_year", lookup_expr="gte", label="建成不早于")
    built_to = django_filters.NumberFilter("built_year", lookup_expr="lte", label="建成不晚于")
    status = django_filters.ChoiceFilter(
        label="状态",
        choices=[(s.value, s.label) for s in EstateStatus if s != EstateStatus.ACTIVE],
        empty_label=EstateStatus.ACTIVE.label,
    )

    class Meta:
        model = Estate
        fields = [
            "street", "community", "kind", "officer", "q", "management_mode", "four", "station",
            "assigned", "waiting", "built_from", "built_to", "status",
        ]  # fmt: skip
        primary = ["street", "community", "kind", "officer", "q"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Upper apps register after this class is read.
        cls = type(self)
        for name, make, _ in estate_filters():
            if name not in cls.base_filters:
                made = make()
                made.field_name = made.field_name or name
                cls.base_filters[name] = made
        super().__init__(*args, **kwargs)

    @property
    def primary_names(self) -> list[str]:
        """The bar; what upper apps put there stands behind 类别, as the office reads it."""
        added = [name for name, _, primary in estate_filters() if primary]
        own = list(self.Meta.primary)
        behind = own.index("kind") + 1
        return [name for name in (*own[:behind], *added, *own[behind:]) if name in self.filters]

    def by_four(self, rows: QuerySet, name: str, value: bool | None) -> QuerySet:
        if value is None:
            return rows
        return rows.filter(FOUR_HAVES) if value else rows.exclude(FOUR_HAVES)

    def by_assigned(self, rows: QuerySet, name: str, value: bool | None) -> QuerySet:
        if value is None:
            return rows
        held = StaffAssignment.objects.on(clock.today()).values("estate")
        return rows.filter(pk__in=held) if value else rows.exclude(pk__in=held)

    def by_waiting(self, rows: QuerySet, name: str, value: bool | None) -> QuerySet:
        if value is None:
            return rows
        waiting = HouseholdCount.objects.waiting().values("estate")
        return rows.filter(pk__in=waiting) if value else rows.exclude(pk__in=waiting)


class CommunityFilterSet(PortalFilterSet):
    """Of the API alone."""

    street = ScopedChoiceFilter(Street, label="街道（乡镇）", empty="全部街道")
    q = KeywordFilter(["name__contains", "code__startswith"], placeholder="名称、代码")

    class Meta:
        model = Community
        fields = ["street", "q"]
        primary = ["street", "q"]


class HouseholdCountFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    kind = django_filters.ChoiceFilter("estate__kind", label="类别", choices=EstateKind.choices)
    status = django_filters.ChoiceFilter(label="状态", choices=CountStatus.choices)
    month = MonthFilter("effective_month", label="执行月份")
    q = KeywordFilter(["estate__name__contains", "estate__code__istartswith"], placeholder="小区")

    class Meta:
        model = HouseholdCount
        fields = ["street", "kind", "status", "month", "q"]
        primary = ["street", "kind", "status", "month", "q"]


class StaffAssignmentFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    kind = django_filters.ChoiceFilter("estate__kind", label="类别", choices=EstateKind.choices)
    officer = OfficerFilter("officer")
    now = YesNoFilter("end_date", label="在管", yes="现在", no="已结束", method="by_now")
    q = KeywordFilter(["estate__name__contains", "estate__code__istartswith"], placeholder="小区")

    class Meta:
        model = StaffAssignment
        fields = ["street", "kind", "officer", "now", "q"]
        primary = ["street", "kind", "officer", "now", "q"]

    def by_now(self, rows: QuerySet, name: str, value: bool | None) -> QuerySet:
        if value is None:
            return rows
        current = StaffAssignment.objects.on(clock.today()).values("pk")
        return rows.filter(pk__in=current) if value else rows.exclude(pk__in=current)


class SurveyFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, label="街道（乡镇）", empty="全部街道")
    status = django_filters.ChoiceFilter(label="状态", choices=SurveyStatus.choices)

    class Meta:
        model = Survey
        fields = ["street", "status"]
        primary = ["street", "status"]


# A field of the registry as a clerk names it, for the differences of a survey.
COMPARED_FIELDS = [
    (name, str(getattr(Estate._meta.get_field(name), "verbose_name", name)))
    for name in (
        "household_count", "building_count", "unit_count", "community", "address", "built_year",
        "renovated_year", "floor_area", "ownership_unit", "management_mode", "contact_name",
        "contact_phone", "has_cleaning", "has_waste_removal", "has_greening", "has_repair",
    )
]  # fmt: skip


class SurveyDifferenceFilterSet(PortalFilterSet):
    decision = django_filters.ChoiceFilter(label="处理", choices=Decision.choices)
    field = django_filters.ChoiceFilter(label="栏目", choices=COMPARED_FIELDS)
    q = KeywordFilter(["entry__name__contains"], placeholder="小区")

    class Meta:
        model = SurveyDifference
        fields = ["decision", "field", "q"]
        primary = ["decision", "field", "q"]
