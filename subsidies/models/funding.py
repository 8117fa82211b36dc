"""Where the money comes from, which way it takes, and what a year has of it."""

# ruff: noqa: S608  the triggers' SQL is put together from the enums of this app alone
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from subsidies.choices import (
    BUDGET_KEEPERS,
    FUNDING_CHOOSERS,
    BudgetKind,
    PaymentRoute,
)
from subsidies.querysets import BudgetEntryQuerySet, FundingSourceQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AppendOnly, Frozen, Guard

from .claims import SubsidyClaim
from .sql import SETTLED_STATES, claim_status, holds_any

USER = settings.AUTH_USER_MODEL


class FundingSource(models.Model):
    """资金来源: city, street … by a document. Its money goes to payees directly or via the street.

    A claim that names none is paid from the source whose ``default_from`` began last by its month.
    """

    name = models.CharField(
        "名称", max_length=40, unique=True, error_messages={"unique": "已有这个资金来源。"}
    )
    route = models.CharField("拨付路径", max_length=10, choices=PaymentRoute.choices)
    default_from = models.DateField(
        "默认起始月份",
        null=True,
        blank=True,
        unique=True,
        error_messages={"unique": "这个月起已有默认的资金来源。"},
    )
    document_title = models.CharField("依据文件", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = FundingSourceQuerySet.as_manager()

    triggers = [
        # The way may change; each payment keeps the one that it took.
        Frozen(
            "facts",
            condition="TRUE",
            allow=("route",),
            message="资金来源登记后只能改拨付路径，不能修改其他内容或删除。",
        ),
        Guard(
            "keeper",
            ("INSERT",),
            "NOT " + holds_any("NEW.created_by_id", BUDGET_KEEPERS),
            "资金来源由财务登记，登记人没有这个职责。",
        ),
        Guard(
            "past",
            ("INSERT",),
            "NEW.default_from IS NOT NULL AND EXISTS (SELECT 1 FROM subsidies_subsidyclaim claim"
            f" WHERE claim.status IN ({SETTLED_STATES}) AND claim.month >= NEW.default_from"
            " AND NOT EXISTS (SELECT 1 FROM subsidies_claimfunding named"
            " WHERE named.claim_id = claim.id)"
            " AND EXISTS (SELECT 1 FROM {table} other"
            " WHERE other.default_from <= claim.month))",
            "这些月份的申报已经审批并有默认的资金来源，请把默认起始月份改为以后的月份。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "资金来源"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(default_from__isnull=True) | Q(default_from__day=1),
                name="fundingsource_whole_month",
                violation_error_message="默认起始月份须为某月1日。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("subsidies:funding-detail", args=[self.pk])


class ClaimFunding(models.Model):
    """申报资金来源: the source that one claim names instead of the month's default."""

    claim = models.OneToOneField(
        SubsidyClaim, models.PROTECT, related_name="funding", verbose_name="补贴申报"
    )
    source = models.ForeignKey(
        FundingSource, models.PROTECT, related_name="claims", verbose_name="资金来源"
    )
    reason = models.CharField("原因", max_length=200)
    chosen_by = models.ForeignKey(USER, models.PROTECT, verbose_name="指定人", related_name="+")
    chosen_at = models.DateTimeField("指定时间")

    objects = ScopedManager()

    triggers = [
        Frozen(
            "settled",
            condition=claim_status("OLD") + f" IN ({SETTLED_STATES})",
            message="申报已审批，资金来源不能改动。",
        ),
        Guard(
            "added",
            ("INSERT",),
            claim_status("NEW") + f" IN ({SETTLED_STATES})",
            "申报已审批，资金来源不能改动。",
        ),
        Guard(
            "chooser",
            ("INSERT", "UPDATE"),
            "NOT " + holds_any("NEW.chosen_by_id", FUNDING_CHOOSERS),
            "申报的资金来源由科室负责人或财务指定，指定人没有这个职责。",
        ),
        Guard(
            "stays",
            ("UPDATE",),
            "NEW.claim_id <> OLD.claim_id",
            "申报的资金来源不能改记到别的申报。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "申报资金来源"
        ordering = ["claim_id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="claimfunding_has_reason",
                violation_error_message="请写明改用这个资金来源的原因。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim} {self.source}"


class BudgetEntry(models.Model):
    """年度预算: what a year has from one source by a document, and each correction of it."""

    source = models.ForeignKey(
        FundingSource, models.PROTECT, related_name="budget", verbose_name="资金来源"
    )
    year = models.PositiveIntegerField("年度")
    kind = models.CharField("类别", max_length=10, choices=BudgetKind.choices)
    amount = models.DecimalField("金额（元）", max_digits=14, decimal_places=2)
    reason = models.CharField("调整原因", max_length=200, blank=True)
    document_title = models.CharField("依据文件", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    document = models.FileField("文件", upload_to=private_path, blank=True, max_length=200)
    document_name = models.CharField("文件原名", max_length=200, blank=True)
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = BudgetEntryQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "年度预算登记后不能修改或删除，请登记调整。"),
        Guard(
            "keeper",
            ("INSERT",),
            "NOT " + holds_any("NEW.recorded_by_id", BUDGET_KEEPERS),
            "年度预算由财务登记，登记人没有这个职责。",
        ),
        Guard(
            "sum",
            ("INSERT",),
            "NEW.kind = 'adjust' AND (NOT EXISTS (SELECT 1 FROM {table} first"
            " WHERE first.source_id = NEW.source_id AND first.year = NEW.year"
            " AND first.kind = 'initial') OR NEW.amount + (SELECT COALESCE(SUM(entry.amount), 0)"
            " FROM {table} entry WHERE entry.source_id = NEW.source_id"
            " AND entry.year = NEW.year) < -0.001)",
            "请先登记年初预算；调减后预算不能小于零。",
            lock="NEW.source_id",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "年度预算"
        ordering = ["-year", "source__name", "recorded_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "year"],
                condition=Q(kind=BudgetKind.INITIAL),
                name="budgetentry_one_initial",
                violation_error_message="这个资金来源本年度已登记年初预算，请登记调整。",
            ),
            models.CheckConstraint(
                condition=Q(kind=BudgetKind.ADJUST) | Q(amount__gt=0),
                name="budgetentry_initial_positive",
                violation_error_message="年初预算须大于零。",
            ),
            models.CheckConstraint(
                condition=Q(kind=BudgetKind.INITIAL) | (~Q(reason="") & ~Q(amount=0)),
                name="budgetentry_adjust_has_reason",
                violation_error_message="调整须写明原因，金额不能为零。",
            ),
            models.CheckConstraint(
                condition=Q(year__gte=2010) & Q(year__lte=2100),
                name="budgetentry_year",
                violation_error_message="年度须在 2010 到 2100 之间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.year}年 {self.get_kind_display()} {self.amount}元"
