"""Money: the rate, the month's claim of a street with its lines, its acts, the payment."""

# ruff: noqa: S608  the triggers' SQL is put together from the enums of this app alone
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from enterprises.models import Engagement, Provider
from estates.models import Estate, HouseholdCount, Street
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, AppendOnly, Frozen, Guard, NoOverlap

from .calculations import (
    LineExplanation,
    LineFacts,
    explain,
    facts_from_json,
    gross_amount,
)
from .choices import (
    CLAIM_MOVES,
    RETURNABLE,
    SETTLED,
    STAGES,
    ClaimStage,
    ClaimStatus,
    Decision,
    GapReason,
    MonthRuleChoice,
    StageRule,
)
from .querysets import (
    ClaimActQuerySet,
    PaymentQuerySet,
    SubsidyClaimQuerySet,
    SubsidyLineQuerySet,
    SubsidyRateQuerySet,
)

USER = settings.AUTH_USER_MODEL


def _quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_SETTLED = _quoted(SETTLED)
_UNDER_WAY = _quoted((ClaimStatus.SUBMITTED, ClaimStatus.CHECKED))


def _claim_status(row: str) -> str:
    """Return SQL for the state of the row's claim, read so that the claim cannot move on before
    the writer commits."""
    return f"(SELECT status FROM subsidies_subsidyclaim WHERE id = {row}.claim_id {{row_lock}})"


class SubsidyRate(models.Model):
    """补贴标准: yuan per household and month, from a month on, by a document."""

    amount = models.DecimalField("标准（元/户·月）", max_digits=8, decimal_places=2)
    effective_from = models.DateField(
        "执行月份",
        unique=True,
        error_messages={"unique": "这个月起已有一个补贴标准，登记后不能修改。"},
    )
    month_rule = models.CharField(
        "月数规则",
        max_length=10,
        choices=MonthRuleChoice.choices,
        default=MonthRuleChoice.FIRST_DAY,
    )
    document_title = models.CharField("文件名称", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    document = models.FileField("文件", upload_to=private_path, blank=True, max_length=200)
    document_name = models.CharField("文件原名", max_length=200, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = SubsidyRateQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "补贴标准登记后不能修改或删除，请登记新的标准。"),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "补贴标准"
        ordering = ["-effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="subsidyrate_positive",
                violation_error_message="补贴标准须大于零。",
            ),
            models.CheckConstraint(
                condition=Q(effective_from__day=1),
                name="subsidyrate_whole_month",
                violation_error_message="执行月份须为某月1日。",
            ),
        ]

    def __str__(self) -> str:
        return f"每户每月 {self.amount} 元（{self.effective_from:%Y-%m} 起）"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:rate-detail", args=[self.pk])


class SubsidyClaim(models.Model):
    """补贴申报: one street, one month. The sums are those of its lines that count."""

    number = models.CharField("申报编号", max_length=20, unique=True)
    street = models.ForeignKey(
        Street, models.PROTECT, verbose_name="街道（乡镇）", related_name="claims"
    )
    month = models.DateField("月份")
    version = models.PositiveIntegerField("版次", default=1)
    status = models.CharField(
        "状态", max_length=10, choices=ClaimStatus.choices, default=ClaimStatus.DRAFT
    )
    estate_count = models.PositiveIntegerField("小区数", default=0)
    building_count = models.PositiveIntegerField("楼栋数", default=0)
    household_count = models.PositiveIntegerField("户数", default=0)
    deduction_total = models.DecimalField("扣减合计", max_digits=14, decimal_places=2, default=0)
    total = models.DecimalField("金额合计", max_digits=14, decimal_places=2, default=0)
    opened_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="开账人", related_name="+"
    )
    opened_at = models.DateTimeField("开账时间")
    computed_at = models.DateTimeField("核算时间")
    updated_at = models.DateTimeField("最近改动")

    objects = SubsidyClaimQuerySet.as_manager()

    SUMS = ("estate_count", "building_count", "household_count", "deduction_total", "total")

    triggers = [
        Frozen(
            "settled",
            condition=f"OLD.status IN ({_SETTLED})",
            allow=("status", "updated_at"),
            message="已审批的补贴申报不能修改或删除，只能在以后月份补发或扣回。",
        ),
        Frozen(
            "sent",
            events=("UPDATE",),
            fields=SUMS,
            condition=f"OLD.status IN ({_UNDER_WAY})",
            message="申报正在办理，金额和户数不能改动，请先退回或撤回。",
        ),
        Frozen(
            "identity",
            fields=("number", "street", "month", "opened_by", "opened_at"),
            condition="TRUE",
            message="补贴申报的编号、街道和月份不能修改，申报也不能删除。",
        ),
        AllowedMoves(
            message="补贴申报只能逐级办理，不能跳级。", moves=CLAIM_MOVES, initial=("draft",)
        ),
        Guard(
            "version",
            ("UPDATE",),
            "NEW.version <> OLD.version + (CASE WHEN NEW.status = 'draft' "
            "AND OLD.status <> 'draft' THEN 1 ELSE 0 END)",
            "退回或撤回时版次加一，其他时候版次不变。",
        ),
        Guard(
            "total",
            ("UPDATE",),
            "NEW.status <> 'draft' AND NEW.status <> OLD.status AND ABS(NEW.total - "
            "(SELECT COALESCE(SUM(amount), 0) FROM subsidies_subsidyline line "
            "WHERE line.claim_id = NEW.id AND NOT line.is_excluded)) > 0.001",
            "合计不等于各行之和，不能办理，请先重新核算。",
        ),
        Guard(
            "act",
            ("UPDATE",),
            "NEW.status <> OLD.status AND NOT EXISTS (SELECT 1 FROM subsidies_claimact act "
            "WHERE act.claim_id = NEW.id AND act.version = OLD.version AND ("
            "(NEW.status = 'draft' AND act.decision IN ('return', 'withdraw'))"
            + "".join(
                f" OR (act.decision = 'pass' AND NEW.status = '{rule.target.value}'"
                f" AND act.stage = '{rule.stage.value}')"
                for rule in STAGES
            )
            + "))",
            "没有经办记录，补贴申报不能进入下一步。",
        ),
        Guard(
            "all_paid",
            ("UPDATE",),
            "NEW.status = 'paid' AND OLD.status <> 'paid' AND EXISTS (SELECT 1 "
            "FROM subsidies_subsidyline line WHERE line.claim_id = NEW.id "
            "AND NOT line.is_excluded AND line.amount > 0 AND NOT EXISTS (SELECT 1 "
            "FROM subsidies_payment payment WHERE payment.claim_id = NEW.id "
            "AND payment.payee_id = line.payee_id))",
            "还有收款单位没有登记拨付，申报不能记为已拨付。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "补贴申报"
        ordering = ["-month", "street__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["street", "month"],
                name="claim_one_per_street_month",
                violation_error_message="这个街道（乡镇）本月已有补贴申报。",
            ),
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="claim_whole_month",
                violation_error_message="月份须为某月1日。",
            ),
        ]
        indexes = [
            # The list of a month, and what waits in a state.
            models.Index(fields=["month", "street"], name="claim_month"),
            models.Index(fields=["status", "month"], name="claim_status"),
        ]

    def __str__(self) -> str:
        return f"{self.street} {self.month.year}年{self.month.month}月补贴申报"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:claim-detail", args=[self.pk])

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED


def _holds_role(person: str, rules: tuple[StageRule, ...], stage: str) -> str:
    """Return SQL that is true when ``person`` holds, as an active account and where the stage
    is the street's own in the street's office, the role of the stage ``stage``."""
    parts = " OR ".join(
        f"({stage} = '{rule.stage.value}' AND held.role = '{rule.role.value}'"
        + (" AND person.office_id = street.office_id)" if rule.own_street else ")")
        for rule in rules
    )
    return (
        "EXISTS (SELECT 1 FROM accounts_user person"
        " JOIN accounts_userrole held ON held.user_id = person.id"
        " JOIN subsidies_subsidyclaim claim ON claim.id = NEW.claim_id"
        " JOIN estates_street street ON street.id = claim.street_id"
        f" WHERE person.id = {person} AND person.is_active AND ({parts}))"
    )


def _in_turn() -> str:
    """Return SQL that is true when the new act fits the state of its claim."""
    passing = " OR ".join(
        f"(NEW.stage = '{rule.stage.value}' AND claim.status = '{rule.source.value}'"
        + ("" if rule.may_return else " AND NEW.decision = 'pass'")
        + ")"
        for rule in STAGES
    )
    taking_back = " OR ".join(
        f"(NEW.stage = '{rule.stage.value}' AND claim.status = '{rule.target.value}')"
        for rule in STAGES
        if rule.target in RETURNABLE
    )
    return (
        "EXISTS (SELECT 1 FROM subsidies_subsidyclaim claim WHERE claim.id = NEW.claim_id"
        " AND claim.version = NEW.version AND ABS(claim.total - NEW.total) <= 0.001 AND ("
        f"(NEW.decision IN ('pass', 'return') AND ({passing}))"
        f" OR (NEW.decision = 'withdraw' AND ({taking_back}) AND EXISTS ("
        "SELECT 1 FROM {table} own WHERE own.claim_id = NEW.claim_id"
        " AND own.version = NEW.version AND own.stage = NEW.stage"
        " AND own.decision = 'pass' AND own.actor_id = NEW.actor_id))))"
        " AND NOT EXISTS (SELECT 1 FROM {table} ended WHERE ended.claim_id = NEW.claim_id"
        " AND ended.version = NEW.version AND ended.decision <> 'pass')"
    )


class ClaimAct(models.Model):
    """One act of one person on a claim: submitted, reviewed, checked, approved, paid, sent back
    or taken back."""

    claim = models.ForeignKey(
        SubsidyClaim, models.PROTECT, related_name="acts", verbose_name="补贴申报"
    )
    version = models.PositiveIntegerField("版次")
    stage = models.CharField("环节", max_length=10, choices=ClaimStage.choices)
    decision = models.CharField("决定", max_length=10, choices=Decision.choices)
    actor = models.ForeignKey(USER, models.PROTECT, verbose_name="经办人", related_name="+")
    opinion = models.CharField("意见", max_length=300, blank=True)
    total = models.DecimalField("当时金额", max_digits=14, decimal_places=2)
    acted_at = models.DateTimeField("时间")

    objects = ClaimActQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "经办记录不能修改或删除。"),
        Guard(
            "a_lock",
            ("INSERT",),
            _claim_status("NEW") + " IS NULL",
            "没有这份补贴申报。",
        ),
        Guard(
            "one_stage",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {table} other WHERE other.claim_id = NEW.claim_id "
            "AND other.actor_id = NEW.actor_id AND other.stage <> NEW.stage) "
            "OR EXISTS (SELECT 1 FROM subsidies_subsidyline line "
            "WHERE line.claim_id = NEW.claim_id AND line.adjusted_by_id = NEW.actor_id "
            "AND line.adjusted_stage <> NEW.stage) "
            "OR (NEW.stage <> 'pay' AND EXISTS (SELECT 1 FROM subsidies_payment payment "
            "WHERE payment.claim_id = NEW.claim_id AND payment.recorded_by_id = NEW.actor_id))",
            "同一人不能在一份申报中经办两个环节，请换一人办理。",
            lock="NEW.claim_id",
        ),
        Guard(
            "role",
            ("INSERT",),
            "NOT " + _holds_role("NEW.actor_id", STAGES, "NEW.stage"),
            "经办人没有这个环节的职责，或不是本街道（乡镇）的人，不能办理。",
        ),
        Guard(
            "turn",
            ("INSERT",),
            f"NOT ({_in_turn()})",
            "申报不在这个环节，或版次、金额已变，没有办理，请刷新后再看。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "经办记录"
        ordering = ["acted_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "version", "actor"],
                condition=~Q(decision=Decision.WITHDRAW),
                name="claimact_person_once",
                violation_error_message="同一人不能在一份申报中经办两次。",
            ),
            models.UniqueConstraint(
                fields=["claim", "version", "stage"],
                condition=~Q(decision=Decision.WITHDRAW),
                name="claimact_stage_once",
                violation_error_message="这个环节已经办理。",
            ),
            models.UniqueConstraint(
                fields=["claim", "version"],
                condition=~Q(decision=Decision.PASS),
                name="claimact_one_end_per_version",
                violation_error_message="这一版申报已经退回或撤回。",
            ),
        ]
        indexes = [models.Index(fields=["actor", "claim"], name="claimact_actor")]

    def __str__(self) -> str:
        return f"{self.claim} {self.get_stage_display()}"


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
    deduction = models.DecimalField("扣减（元）", max_digits=12, decimal_places=2, default=0)
    deduction_reason = models.CharField("扣减原因", max_length=200, blank=True)
    amount = models.DecimalField("金额（元）", max_digits=12, decimal_places=2)
    is_excluded = models.BooleanField("不列入", default=False)
    exclusion_reason = models.CharField("不列入原因", max_length=200, blank=True)
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
    )

    triggers = [
        Guard(
            "added",
            ("INSERT",),
            _claim_status("NEW") + " <> 'draft'",
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
            live="NOT {row}.is_excluded",
            message="一个小区一个月只补贴一次。",
        ),
        Frozen(
            "settled",
            condition=_claim_status("OLD") + f" IN ({_SETTLED})",
            message="已审批的补贴行不能修改或删除，只能在以后月份补发或扣回。",
        ),
        Frozen(
            "sent",
            condition=_claim_status("OLD") + f" IN ({_UNDER_WAY})",
            message="申报正在办理，明细不能改动，请先退回或撤回。",
        ),
        Guard(
            "kept",
            ("DELETE",),
            _claim_status("OLD") + " = 'reviewed'",
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
                condition=Q(is_excluded=False),
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
            condition=_claim_status("OLD") + " <> 'draft'",
            message="申报已报送，未能计算的小区不能改动。",
        ),
        Guard(
            "added",
            ("INSERT",),
            _claim_status("NEW") + " <> 'draft'",
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


class Payment(models.Model):
    """拨付: what was paid to one payee for one claim."""

    claim = models.ForeignKey(
        SubsidyClaim, models.PROTECT, related_name="payments", verbose_name="补贴申报"
    )
    payee = models.ForeignKey(
        Provider, models.PROTECT, related_name="payments", verbose_name="收款单位"
    )
    amount = models.DecimalField("金额（元）", max_digits=14, decimal_places=2)
    voucher_number = models.CharField("支付凭证号", max_length=40)
    paid_on = models.DateField("拨付日期")
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = PaymentQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "拨付记录不能修改或删除。"),
        Guard(
            "approved",
            ("INSERT",),
            _claim_status("NEW") + " <> 'approved'",
            "只有已审批的申报可以登记拨付。",
        ),
        Guard(
            "amount",
            ("INSERT",),
            "ABS(NEW.amount - (SELECT COALESCE(SUM(line.amount), 0) FROM subsidies_subsidyline"
            " line WHERE line.claim_id = NEW.claim_id AND line.payee_id = NEW.payee_id"
            " AND NOT line.is_excluded)) > 0.001",
            "拨付金额不等于该收款单位各行之和，没有登记。",
        ),
        Guard(
            "person",
            ("INSERT",),
            "NOT " + _holds_role("NEW.recorded_by_id", STAGES[-1:], "'pay'"),
            "拨付由财务登记，登记人没有这个职责。",
        ),
        Guard(
            "one_stage",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM subsidies_claimact act WHERE act.claim_id = NEW.claim_id"
            " AND act.actor_id = NEW.recorded_by_id AND act.stage <> 'pay')"
            " OR EXISTS (SELECT 1 FROM subsidies_subsidyline line"
            " WHERE line.claim_id = NEW.claim_id AND line.adjusted_by_id = NEW.recorded_by_id)",
            "同一人不能在一份申报中经办两个环节，请换一人办理。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "拨付"
        ordering = ["-paid_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "payee"],
                name="payment_once_per_payee",
                violation_error_message="这个收款单位本月已登记拨付。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="payment_positive",
                violation_error_message="拨付金额须大于零。",
            ),
            models.CheckConstraint(
                condition=~Q(voucher_number=""),
                name="payment_has_voucher",
                violation_error_message="请填写支付凭证号。",
            ),
            models.UniqueConstraint(
                F("voucher_number"),
                F("payee"),
                name="payment_voucher_once",
                violation_error_message="这个凭证号已登记过。",
            ),
        ]
        indexes = [models.Index(fields=["payee", "-paid_on"], name="payment_payee")]

    def __str__(self) -> str:
        return f"{self.payee} {self.amount}元"
