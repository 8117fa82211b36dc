"""Filters of the provider, engagement and agreement lists."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from estates.choices import EstateKind
from estates.models import Estate, Street
from xingyang_pm.common import clock
from xingyang_pm.common.filters import (
    KeywordFilter,
    PortalFilterSet,
    ScopedChoiceFilter,
    YesNoFilter,
)

from .choices import AgreementParty, AgreementState, FilingState, ProviderKind, SelectionMode
from .models import Engagement, Provider, ResponsibilityAgreement

ENDING_DAYS = 60


class ProviderFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(label="类别", choices=ProviderKind.choices)
    street = ScopedChoiceFilter(Street, label="所属街道（乡镇）", empty="全部街道")
    active = YesNoFilter("is_active", label="在业", yes="在业", no="已停业")
    q = KeywordFilter(
        [
            "name__contains",
            "short_name__contains",
            "credit_code__istartswith",
            "code__istartswith",
            "initials__istartswith",
            "legal_representative__contains",
        ],
        placeholder="名称、信用代码、法定代表人",
    )

    class Meta:
        model = Provider
        fields = ["kind", "street", "active", "q"]
        primary = ["kind", "street", "active", "q"]


class EngagementFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    kind = django_filters.ChoiceFilter("estate__kind", label="小区类别", choices=EstateKind.choices)
    provider = ScopedChoiceFilter(Provider, label="服务主体")
    filing = django_filters.ChoiceFilter(
        label="备案", choices=FilingState.choices, method="by_filing"
    )
    state = django_filters.ChoiceFilter(
        label="履约",
        choices=[("on", "履约中"), ("soon", "60 天内到期"), ("over", "已结束")],
        method="by_state",
    )
    selection_mode = django_filters.ChoiceFilter(label="选聘方式", choices=SelectionMode.choices)
    estate = ScopedChoiceFilter(Estate, label="小区", limit=50)
    q = KeywordFilter(
        ["estate__name__contains", "provider__name__contains", "contract_number__icontains"],
        placeholder="小区、服务主体、合同编号",
    )

    class Meta:
        model = Engagement
        fields = [
            "street",
            "kind",
            "provider",
            "filing",
            "state",
            "selection_mode",
            "estate",
            "q",
        ]
        primary = ["street", "kind", "provider", "filing", "state", "q"]

    def by_filing(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        day = clock.today()
        late = Engagement.objects.filing_late(day).values("pk")
        if value == FilingState.DONE:
            return rows.filter(filed_on__isnull=False)
        if value == FilingState.UNSIGNED:
            return rows.unsigned()
        if value == FilingState.INCOMPLETE:
            return rows.incomplete()
        if value == FilingState.LATE:
            return rows.filter(pk__in=late)
        return rows.unfiled().exclude(pk__in=late)

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        day = clock.today()
        if value == "on":
            return rows.on(day)
        if value == "soon":
            return rows.ending_within(day, ENDING_DAYS)
        return rows.filter(end_date__lt=day)


class AgreementFilterSet(PortalFilterSet):
    year = django_filters.NumberFilter(label="年度")
    party = django_filters.ChoiceFilter(label="签订对象", choices=AgreementParty.choices)
    state = django_filters.ChoiceFilter(
        label="状态", choices=AgreementState.choices, method="by_state"
    )
    q = KeywordFilter(
        ["number__icontains", "provider__name__contains", "street__name__contains"],
        placeholder="编号、企业、街道（乡镇）",
    )

    class Meta:
        model = ResponsibilityAgreement
        fields = ["year", "party", "state", "q"]
        primary = ["year", "party", "state", "q"]

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        found = {
            AgreementState.UNSIGNED: rows.unsigned,
            AgreementState.SIGNED: rows.signed,
            AgreementState.VOID: rows.void,
        }
        return found[AgreementState(value)]()


class ServedByFilter(ScopedChoiceFilter):
    """Estates that a provider serves today; added to the estate list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Provider, label="服务主体", **kwargs)

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        if value is None:
            return qs
        serving = Engagement.objects.on(clock.today())
        serving = (
            serving.filter(provider=value)
            if isinstance(value, Provider)
            else serving.filter(provider__name__contains=value.text)
        )
        return qs.filter(pk__in=serving.values("estate"))


def ending_soon_filter() -> YesNoFilter:
    """合同 60 天内到期, for the estate list."""
    return YesNoFilter(label="合同 60 天内到期", yes="是", no="否", method=_by_ending)


def _by_ending(rows: QuerySet, name: str, value: bool | None) -> QuerySet:
    if value is None:
        return rows
    return ending_soon(rows) if value else rows.exclude(pk__in=ending_soon(rows).values("pk"))


def ending_soon(estates: QuerySet) -> QuerySet:
    """Return those of ``estates`` whose contract ends within 60 days."""
    ending = Engagement.objects.ending_within(clock.today(), ENDING_DAYS)
    return estates.filter(pk__in=ending.values("estate"))
