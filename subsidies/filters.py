"""Filters of claims, gaps, payments and rates."""

import django_filters
from django.conf import settings
from django.db.models import F, QuerySet

from enterprises.models import Provider
from estates.models import Estate, Street
from xingyang_pm.common import clock
from xingyang_pm.common.filters import (
    DateSpanFilter,
    KeywordFilter,
    MonthFilter,
    PortalFilterSet,
    ScopedChoiceFilter,
    YesNoFilter,
)

from .choices import (
    SETTLED,
    UNDER_WAY_PLACES,
    AccountStatus,
    BudgetKind,
    ClaimStatus,
    GapReason,
    MonthRuleChoice,
    PaymentRoute,
    TransitPlace,
)
from .models import (
    BudgetEntry,
    ClaimGap,
    ClaimScheme,
    CoefficientTable,
    FeeCollection,
    FeeStandard,
    FundingSource,
    PayeeAccount,
    Payment,
    PublicNotice,
    SubsidyClaim,
    SubsidyLine,
    SubsidyRate,
)


class ClaimFilterSet(PortalFilterSet):
    month = MonthFilter(label="月份")
    street = ScopedChoiceFilter(Street, label="街道（乡镇）", empty="全部街道")
    status = django_filters.ChoiceFilter(label="状态", choices=ClaimStatus.choices)
    since = MonthFilter("month", lookup_expr="gte", label="月份从")
    until = MonthFilter("month", lookup_expr="lte", label="月份到")
    mine = YesNoFilter(label="等我办理", yes="等我办理", no="不等我办理", method="by_mine")

    class Meta:
        model = SubsidyClaim
        fields = ["month", "street", "status", "since", "until", "mine"]
        primary = ["month", "street", "status"]

    def by_mine(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        mine = SubsidyClaim.objects.waiting_for(self.request.user).values("pk")
        return rows.filter(pk__in=mine) if value else rows.exclude(pk__in=mine)


class LineFilterSet(PortalFilterSet):
    """Lines for the API, where they are not read claim by claim alone."""

    month = MonthFilter(label="月份")
    street = ScopedChoiceFilter(Street, "claim__street", label="街道（乡镇）")
    claim = ScopedChoiceFilter(SubsidyClaim, label="补贴申报", label_field="number")
    payee = ScopedChoiceFilter(Provider, label="接管单位")

    class Meta:
        model = SubsidyLine
        fields = ["month", "street", "claim", "payee"]


class LineListFilterSet(PortalFilterSet):
    """Lines of all claims; without a state those that were approved."""

    month = MonthFilter(label="月份")
    street = ScopedChoiceFilter(Street, "claim__street", label="街道（乡镇）", empty="全部街道")
    provider = ScopedChoiceFilter(Provider, "payee", label="接管单位", empty="全部单位")
    estate = ScopedChoiceFilter(Estate, label="小区", limit=50)
    since = MonthFilter("month", lookup_expr="gte", label="月份从")
    until = MonthFilter("month", lookup_expr="lte", label="月份到")
    settled = YesNoFilter(label="审批", yes="已审批", no="未审批", method="by_settled")
    q = KeywordFilter(
        ["estate__name__contains", "estate__code__istartswith"], placeholder="小区名称、编号"
    )

    class Meta:
        model = SubsidyLine
        fields = ["month", "street", "provider", "estate", "since", "until", "settled", "q"]
        primary = ["month", "street", "provider", "q"]

    def by_settled(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        return rows.settled() if value else rows.exclude(claim__status__in=SETTLED)


class GapFilterSet(PortalFilterSet):
    month = MonthFilter("claim__month", label="月份")
    street = ScopedChoiceFilter(Street, "claim__street", label="街道（乡镇）", empty="全部街道")
    reason = django_filters.ChoiceFilter(label="原因", choices=GapReason.choices)
    q = KeywordFilter(
        ["estate__name__contains", "estate__code__istartswith"], placeholder="小区名称、编号"
    )

    class Meta:
        model = ClaimGap
        fields = ["month", "street", "reason", "q"]
        primary = ["month", "street", "reason", "q"]


class AccountFilterSet(PortalFilterSet):
    status = django_filters.ChoiceFilter(label="状态", choices=AccountStatus.choices)
    provider = ScopedChoiceFilter(Provider, label="收款单位", empty="全部单位")
    q = KeywordFilter(
        ["provider__name__contains", "holder__contains", "bank__contains", "tail"],
        placeholder="单位、户名、银行、尾号",
    )

    class Meta:
        model = PayeeAccount
        fields = ["status", "provider", "q"]
        primary = ["status", "provider", "q"]


class PaymentFilterSet(PortalFilterSet):
    month = MonthFilter("claim__month", label="补贴月份")
    street = ScopedChoiceFilter(Street, "claim__street", label="街道（乡镇）", empty="全部街道")
    payee = ScopedChoiceFilter(Provider, label="收款单位", empty="全部单位")
    first = DateSpanFilter("paid_on", side="from", label="拨付日期从")
    last = DateSpanFilter("paid_on", side="to", label="拨付日期到")
    place = django_filters.ChoiceFilter(label="在何处", choices=TransitPlace.choices)
    open = YesNoFilter(label="在途", yes="在途", no="已到账或已重付", method="by_open")
    overdue = YesNoFilter(label="超期", yes="超期未到账", no="没有超期", method="by_overdue")
    q = KeywordFilter(
        ["voucher_number__icontains", "payee__name__contains"], placeholder="凭证号、收款单位"
    )

    class Meta:
        model = Payment
        fields = [
            "month",
            "street",
            "payee",
            "place",
            "open",
            "overdue",
            "first",
            "last",
            "q",
        ]
        primary = ["month", "street", "place", "q"]

    def by_open(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        return rows.under_way() if value else rows.exclude(place__in=UNDER_WAY_PLACES)

    def by_overdue(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        late = rows.overdue(clock.today(), settings.TRANSIT_RED_DAYS)
        return late if value else rows.exclude(pk__in=late.values("pk"))


class BudgetFilterSet(PortalFilterSet):
    year = django_filters.NumberFilter(label="年度")
    source = ScopedChoiceFilter(FundingSource, label="资金来源", empty="全部来源")
    kind = django_filters.ChoiceFilter(label="类别", choices=BudgetKind.choices)

    class Meta:
        model = BudgetEntry
        fields = ["year", "source", "kind"]
        primary = ["year", "source", "kind"]


class FundingFilterSet(PortalFilterSet):
    route = django_filters.ChoiceFilter(label="拨付路径", choices=PaymentRoute.choices)
    q = KeywordFilter(["name__contains", "document_number__contains"], placeholder="名称、文号")

    class Meta:
        model = FundingSource
        fields = ["route", "q"]
        primary = ["route", "q"]


class FeeFilterSet(PortalFilterSet):
    month = MonthFilter(label="月份")
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    provider = ScopedChoiceFilter(Provider, label="收费单位", empty="全部单位")
    estate = ScopedChoiceFilter(Estate, label="小区", limit=50)
    low = YesNoFilter(label="收缴率", yes="偏低", no="不低", method="by_low")
    above = YesNoFilter(
        label="应收户数", yes="多于核定户数", no="不多于核定户数", method="by_above"
    )
    corrected = YesNoFilter(
        "replaces", label="更正", yes="更正过", no="没有更正", lookup_expr="isnull", exclude=True
    )
    since = MonthFilter("month", lookup_expr="gte", label="月份从")
    until = MonthFilter("month", lookup_expr="lte", label="月份到")
    q = KeywordFilter(
        ["estate__name__contains", "estate__code__istartswith"], placeholder="小区名称、编号"
    )

    class Meta:
        model = FeeCollection
        fields = [
            "month", "street", "provider", "estate", "low", "above", "corrected", "since", "until",
            "q",
        ]  # fmt: skip
        primary = ["month", "street", "low", "q"]

    def by_low(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        low = rows.filter(rate__lt=settings.FEE_LOW_PERCENT)
        return low if value else rows.exclude(pk__in=low.values("pk"))

    def by_above(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        above = rows.filter(households_billed__gt=F("households_verified"))
        return above if value else rows.exclude(pk__in=above.values("pk"))


class FeeStandardFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, "estate__street", label="街道（乡镇）", empty="全部街道")
    q = KeywordFilter(
        ["estate__name__contains", "document_title__contains", "document_number__contains"],
        placeholder="小区、文件名称、文号",
    )

    class Meta:
        model = FeeStandard
        fields = ["street", "q"]
        primary = ["street", "q"]


class RateFilterSet(PortalFilterSet):
    month_rule = django_filters.ChoiceFilter(label="月数规则", choices=MonthRuleChoice.choices)
    q = KeywordFilter(
        ["document_title__contains", "document_number__contains"], placeholder="文件名称、文号"
    )

    class Meta:
        model = SubsidyRate
        fields = ["month_rule", "q"]
        primary = ["month_rule", "q"]


class SchemeFilterSet(PortalFilterSet):
    q = KeywordFilter(
        ["document_title__contains", "document_number__contains"], placeholder="文件名称、文号"
    )

    class Meta:
        model = ClaimScheme
        fields = ["q"]
        primary = ["q"]


class NoticeFilterSet(PortalFilterSet):
    month = MonthFilter("claim__month", label="月份")
    street = ScopedChoiceFilter(Street, "claim__street", label="街道（乡镇）", empty="全部街道")
    running = YesNoFilter(label="公示状态", yes="公示中", no="已期满", method="by_running")

    class Meta:
        model = PublicNotice
        fields = ["month", "street", "running"]
        primary = ["month", "street", "running"]

    def by_running(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        moment = clock.now()
        return rows.filter(closes_at__gt=moment) if value else rows.filter(closes_at__lte=moment)


class CoefficientFilterSet(PortalFilterSet):
    q = KeywordFilter(
        ["document_title__contains", "document_number__contains"], placeholder="文件名称、文号"
    )

    class Meta:
        model = CoefficientTable
        fields = ["q"]
        primary = ["q"]
