"""The lines of a claim, and the estates for which none could be computed."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from enterprises.models import Engagement, Provider
from estates.models import Estate, HouseholdCount
from inspections.models import Inspection, RectificationOrder
from subsidies.calculations import (
    LineExplanation,
    LineFacts,
    explain,
    facts_from_json,
    gross_amount,
)
from subsidies.choices import ClaimStage, GapReason
from subsidies.querysets import SubsidyLineQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import Frozen, Guard, NoOverlap

from .claims import SubsidyClaim
from .coefficients import CoefficientTable
from .rates import SubsidyRate
from .sql import SETTLED_STATES, UNDER_WAY, claim_status

USER = settings.AUTH_USER_MODEL


class SubsidyLine(models.Model):
    """One estate in one month: households × rate × months × coefficient − deduction.

    What was computed never changes: a draft is computed anew by new rows. ``served_from`` to
    ``served_to`` are the days for which is paid; no day of an estate is paid twice.
    ``explanation`` holds the facts (:class:`subsidies.calculations.LineFacts`) as JSON.
    """

    claim = models.ForeignKey(
        SubsidyClaim, models.PROTECT, related_name="lines", verbose_name="补贴申报"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="subsidy_lines", verbose_name="小区"
    )
    month = models.DateField("月份")
    household_record = models.ForeignKey(
        HouseholdCount, models.PROTECT, related_name="+", verbose_name="户数依据"
    )
    households = models.PositiveIntegerField("户数")
    buildings = models.PositiveIntegerField("楼栋数")
    rate_record = models.ForeignKey(
        SubsidyRate, models.PROTECT, related_name="+", verbose_name="标准依据"
    )
    rate = models.DecimalField("补贴标准（元/户·月）", max_digits=8, decimal_places=2)
    engagement = models.ForeignKey(
        Engagement, models.PROTECT, related_name="+", verbose_name="合同依据"
    )
    payee = models.ForeignKey(
        Provider, models.PROTECT, related_name="subsidy_lines", verbose_name="接管单位"
    )
    served_from = models.DateField("补贴自")
    served_to = models.DateField("补贴至")
    months = models.DecimalField("月数", max_digits=6, decimal_places=4, default=1)
    coefficient = models.DecimalField("系数", max_digits=4, decimal_places=2, default=1)
    coefficient_table = models.ForeignKey(
        CoefficientTable,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="系数依据",
        related_name="+",
    )
    assessment = models.ForeignKey(
        Inspection,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="考核依据的检查",
        related_name="+",
    )
    deduction = models.DecimalField("扣减（元）", max_digits=12, decimal_places=2, default=0)
    deduction_reason = models.CharField("扣减原因", max_length=200, blank=True)
    deduction_order = models.ForeignKey(
        RectificationOrder,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="扣减依据的整改单",
        related_name="+",
    )
    deduction_inspection = models.ForeignKey(
        Inspection,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="扣减依据的检查",
        related_name="+",
    )
    amount = models.DecimalField("金额（元）", max_digits=12, decimal_places=2)
    is_excluded = models.BooleanField("不列入", default=False)
    exclusion_reason = models.CharField("不列入原因", max_length=200, blank=True)
    is_void = models.BooleanField("已作废", default=False)
    adjusted_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="调整人", related_name="+"
    )
    adjusted_stage = models.CharField(
        "调整环节", max_length=10, choices=ClaimStage.choices, blank=True
    )
    adjusted_at = models.DateTimeField("调整时间", null=True, blank=True)
    explanation = models.JSONField("算法说明", default=dict)

    objects = SubsidyLineQuerySet.as_manager()

    COMPUTED = (
        "claim",
        "estate",
        "month",
        "household_record",
        "households",
        "buildings",
        "rate_record",
        "rate",
        "engagement",
        "payee",
        "served_from",
        "served_to",
        "months",
        "coefficient",
        "coefficient_table",
        "assessment",
    )

    triggers = [
        Guard(
            "added",
            ("INSERT",),
            claim_status("NEW") + " <> 'draft' OR NEW.is_void",
            "明细只能在街道申报环节增加，已报送或已审批的补贴申报不能增加明细。",
        ),
        Guard(
            "home",
            ("INSERT",),
            "NOT EXISTS (SELECT 1 FROM subsidies_subsidyclaim claim JOIN estates_estate estate"
            " ON estate.street_id = claim.street_id WHERE claim.id = NEW.claim_id"
            " AND estate.id = NEW.estate_id AND claim.month = NEW.month)",
            "小区或月份与补贴申报不符，没有保存。",
        ),
        Guard(
            "sources",
            ("INSERT",),
            "NOT EXISTS (SELECT 1 FROM estates_householdcount source"
            " WHERE source.id = NEW.household_record_id AND source.estate_id = NEW.estate_id"
            " AND source.status = 'verified' AND source.households = NEW.households"
            " AND source.buildings = NEW.buildings AND source.effective_month <= NEW.month)"
            " OR NOT EXISTS (SELECT 1 FROM subsidies_subsidyrate source"
            " WHERE source.id = NEW.rate_record_id AND ABS(source.amount - NEW.rate) < 0.001"
            " AND source.effective_from <= NEW.month)"
            " OR NOT EXISTS (SELECT 1 FROM enterprises_engagement source"
            " WHERE source.id = NEW.engagement_id AND source.estate_id = NEW.estate_id"
            " AND source.provider_id = NEW.payee_id AND source.start_date <= NEW.served_from"
            " AND (source.end_date IS NULL OR source.end_date >= NEW.served_from))",
            "户数、标准或接管单位与依据不符，没有保存。",
        ),
        NoOverlap(
            name="once",
            key="estate",
            start="served_from",
            end="served_to",
            live="NOT {row}.is_excluded AND NOT {row}.is_void",
            message="一个小区一个月只补贴一次。",
        ),
        Frozen(
            "settled",
            condition=claim_status("OLD") + f" IN ({SETTLED_STATES})",
            message="已审批的补贴行不能修改或删除，只能在以后月份补发或扣回。",
        ),
        Frozen(
            "sent",
            condition=claim_status("OLD") + f" IN ({UNDER_WAY})",
            message="申报正在办理，明细不能改动，请先退回或撤回。",
        ),
        Frozen(
            "void",
            condition=claim_status("OLD") + " = 'void'",
            allow=("is_void",),
            message="已作废的补贴行不能修改或删除。",
        ),
        Guard(
            "void_mark",
            ("UPDATE",),
            "NEW.is_void <> OLD.is_void AND (NOT NEW.is_void OR "
            + claim_status("NEW")
            + " <> 'void')",
            "补贴行只随整份申报作废。",
        ),
        Guard(
            "kept",
            ("DELETE",),
            claim_status("OLD") + " = 'reviewed'",
            "申报已报房管中心，明细不能删除，可写明原因不列入。",
        ),
        Frozen(
            "computed",
            events=("UPDATE",),
            fields=COMPUTED,
            condition="TRUE",
            message="户数、标准、月数和接管单位由核算得出，不能直接改动，请重新核算。",
        ),
        Guard(
            "coefficient",
            ("INSERT",),
            "(NEW.assessment_id IS NULL AND ABS(NEW.coefficient - 1) > 0.001)"
            " OR (NEW.assessment_id IS NOT NULL AND NOT EXISTS (SELECT 1"
            " FROM inspections_inspection found JOIN subsidies_coefficientband band"
            " ON band.table_id = NEW.coefficient_table_id AND band.minimum <= found.score"
            " WHERE found.id = NEW.assessment_id AND found.estate_id = NEW.estate_id"
            " AND found.status = 'confirmed' AND ABS(band.coefficient - NEW.coefficient) < 0.001"
            " AND NOT EXISTS (SELECT 1 FROM subsidies_coefficientband higher"
            " WHERE higher.table_id = band.table_id AND higher.minimum > band.minimum"
            " AND higher.minimum <= found.score)))",
            "系数与考核依据不符，没有保存。",
        ),
        Guard(
            "basis",
            ("INSERT", "UPDATE"),
            "(NEW.deduction_order_id IS NOT NULL AND NOT EXISTS (SELECT 1"
            " FROM inspections_rectificationorder basis JOIN inspections_inspection found"
            " ON found.id = basis.inspection_id WHERE basis.id = NEW.deduction_order_id"
            " AND found.estate_id = NEW.estate_id))"
            " OR (NEW.deduction_inspection_id IS NOT NULL AND NOT EXISTS (SELECT 1"
            " FROM inspections_inspection basis WHERE basis.id = NEW.deduction_inspection_id"
            " AND basis.estate_id = NEW.estate_id))",
            "扣减依据的检查或整改单不是这个小区的，没有保存。",
        ),
        Guard(
            "amount",
            ("INSERT", "UPDATE"),
            "ABS(NEW.amount - (NEW.households * NEW.rate * NEW.months * NEW.coefficient"
            " - NEW.deduction)) > 0.00501",
            "金额不等于 户数×标准×月数×系数−扣减，没有保存。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "补贴明细"
        ordering = ["estate__code", "served_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "month", "engagement"],
                condition=Q(is_excluded=False, is_void=False),
                name="line_estate_month_once",
                violation_error_message="一个小区一个月只补贴一次。",
            ),
            models.CheckConstraint(
                condition=Q(served_from__gte=F("month")) & Q(served_to__gte=F("served_from")),
                name="line_days_in_month",
                violation_error_message="补贴起止日期须在本月内。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & Q(deduction__gte=0),
                name="line_not_negative",
                violation_error_message="金额和扣减不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(deduction=0) | ~Q(deduction_reason=""),
                name="line_deduction_has_reason",
                violation_error_message="扣减须写原因。",
            ),
            models.CheckConstraint(
                condition=Q(deduction_order__isnull=True) | Q(deduction_inspection__isnull=True),
                name="line_deduction_one_basis",
                violation_error_message="扣减的依据只写一项：整改单或检查。",
            ),
            models.CheckConstraint(
                condition=Q(is_excluded=False) | ~Q(exclusion_reason=""),
                name="line_exclusion_has_reason",
                violation_error_message="不列入须写原因。",
            ),
            models.CheckConstraint(
                condition=Q(is_excluded=False, deduction=0)
                | Q(adjusted_by__isnull=False, adjusted_at__isnull=False) & ~Q(adjusted_stage=""),
                name="line_adjustment_has_person",
                violation_error_message="扣减和不列入须写明由谁在哪个环节办理。",
            ),
        ]
        indexes = [
            models.Index(fields=["claim", "estate"], name="line_claim"),
            # The estate's own history, and the trigger that looks for a day paid twice.
            models.Index(fields=["estate", "month"], name="line_estate"),
            models.Index(fields=["payee", "month"], name="line_payee"),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.month:%Y-%m} {self.amount}元"

    @property
    def gross(self) -> Decimal:
        """What the line would pay without its deduction."""
        return gross_amount(self.households, self.rate, self.months, self.coefficient)

    @property
    def facts(self) -> LineFacts:
        return facts_from_json(self.explanation)

    def explained(self) -> LineExplanation:
        return explain(self.facts)


class ClaimGap(models.Model):
    """An old estate for which a claim computed no line, and why: never a silent zero."""

    claim = models.ForeignKey(
        SubsidyClaim, models.PROTECT, related_name="gaps", verbose_name="补贴申报"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="subsidy_gaps", verbose_name="小区"
    )
    reason = models.CharField("原因", max_length=20, choices=GapReason.choices)
    detail = models.CharField("说明", max_length=200)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "kept",
            condition=claim_status("OLD") + " <> 'draft'",
            message="申报已报送，未能计算的小区不能改动。",
        ),
        Guard(
            "added",
            ("INSERT",),
            claim_status("NEW") + " <> 'draft'",
            "申报已报送，未能计算的小区不能改动。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "未能计算的小区"
        ordering = ["estate__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "estate"],
                name="claimgap_once",
                violation_error_message="这个小区已经列出。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.get_reason_display()}"
