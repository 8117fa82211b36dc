"""The month's claim of a street, and the acts by which it moves on."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from estates.models import Street
from subsidies.choices import (
    CLAIM_MOVES,
    SETTLED,
    VOIDERS,
    ClaimStage,
    ClaimStatus,
    Decision,
    Procedure,
    StageRule,
)
from subsidies.querysets import ClaimActQuerySet, SubsidyClaimQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AllowedMoves, AppendOnly, Frozen, Guard

from .schemes import ClaimScheme
from .sql import (
    SETTLED_STATES,
    UNDER_WAY,
    VOIDABLE_STATES,
    claim_status,
    holds_any,
    holds_role,
    in_turn,
    moved_by_acts,
    void_proposed,
)

USER = settings.AUTH_USER_MODEL


class SubsidyClaim(models.Model):
    """补贴申报: one street, one month. The sums are those of its lines that count."""

    number = models.CharField("申报编号", max_length=20, unique=True)
    street = models.ForeignKey(
        Street, models.PROTECT, verbose_name="街道（乡镇）", related_name="claims"
    )
    month = models.DateField("月份")
    scheme = models.ForeignKey(
        ClaimScheme, models.PROTECT, related_name="claims", verbose_name="办理规程"
    )
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
            condition=f"OLD.status IN ({SETTLED_STATES})",
            allow=("status", "updated_at"),
            message="已审批的补贴申报不能修改或删除，只能在以后月份补发或扣回。",
        ),
        Frozen(
            "sent",
            events=("UPDATE",),
            fields=SUMS,
            condition=f"OLD.status IN ({UNDER_WAY})",
            message="申报正在办理，金额和户数不能改动，请先退回或撤回。",
        ),
        Frozen(
            "identity",
            fields=("number", "street", "month", "scheme", "opened_by", "opened_at"),
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
            f"NEW.status <> OLD.status AND NOT ({moved_by_acts()})",
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
        Guard(
            "void_unpaid",
            ("UPDATE",),
            "NEW.status = 'void' AND OLD.status <> 'void' AND EXISTS (SELECT 1"
            " FROM subsidies_payment payment WHERE payment.claim_id = NEW.id)",
            "已登记拨付，申报不能作废，只能在以后月份补发或扣回。",
        ),
        Frozen(
            "void",
            condition="OLD.status = 'void'",
            message="已作废的补贴申报不能修改或删除。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "补贴申报"
        ordering = ["-month", "street__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["street", "month"],
                condition=~Q(status=ClaimStatus.VOID),
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

    @property
    def is_void(self) -> bool:
        return self.status == ClaimStatus.VOID

    @property
    def procedure(self) -> Procedure:
        return self.scheme.procedure

    @property
    def turn(self) -> StageRule | None:
        """The stage whose turn it is; none once paid or void."""
        return self.procedure.turn(self.status)


class ClaimVoid(models.Model):
    """作废: one person proposes it with a reason, another confirms it, before anything is paid."""

    claim = models.OneToOneField(
        SubsidyClaim, models.PROTECT, related_name="void", verbose_name="补贴申报"
    )
    reason = models.CharField("作废原因", max_length=300)
    proposed_by = models.ForeignKey(USER, models.PROTECT, verbose_name="提出人", related_name="+")
    proposed_at = models.DateTimeField("提出时间")
    confirmed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="确认人", related_name="+"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Guard(
            "claim",
            ("INSERT", "UPDATE"),
            claim_status("NEW") + f" NOT IN ({VOIDABLE_STATES})",
            "已拨付或已作废的申报不能作废。",
        ),
        Guard(
            "confirmer",
            ("INSERT",),
            "NEW.confirmed_by_id IS NOT NULL",
            "作废须先由一人提出，再由另一人确认。",
        ),
        Guard(
            "role",
            ("INSERT", "UPDATE"),
            f"NOT {holds_any('NEW.proposed_by_id', VOIDERS)} OR (NEW.confirmed_by_id IS NOT NULL"
            f" AND NOT {holds_any('NEW.confirmed_by_id', VOIDERS)})",
            "作废由房管中心科室负责人或分管领导办理。",
        ),
        Frozen(
            "proposed",
            events=("UPDATE",),
            fields=("claim", "reason", "proposed_by", "proposed_at"),
            message="作废的提出人和原因不能修改。",
        ),
        Frozen(
            "confirmed",
            condition="OLD.confirmed_by_id IS NOT NULL",
            message="作废已经确认，不能修改或删除。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "申报作废"
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
                name="claimvoid_two_persons",
                violation_error_message="提出和确认作废的须是两个人，请换一人确认。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="claimvoid_confirmed_whole",
                violation_error_message="确认人和确认时间须一起登记。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="claimvoid_has_reason",
                violation_error_message="请写明作废的原因。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim} 作废"


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
            claim_status("NEW") + " IS NULL",
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
            "NOT " + holds_role("NEW.actor_id", "NEW.stage"),
            "经办人没有这个环节的职责，或不是本街道（乡镇）的人，不能办理。",
        ),
        Guard(
            "turn",
            ("INSERT",),
            f"NOT ({in_turn()})",
            "申报不在这个环节，或版次、金额已变，没有办理，请刷新后再看。",
        ),
        Guard(
            "void",
            ("INSERT",),
            void_proposed(),
            "已提出作废这份申报，先确认或撤回作废再办理。",
        ),
        Guard(
            "notice",
            ("INSERT",),
            "NEW.stage = 'approve' AND NEW.decision = 'pass' AND EXISTS (SELECT 1"
            " FROM subsidies_subsidyclaim claim JOIN subsidies_claimscheme scheme"
            " ON scheme.id = claim.scheme_id WHERE claim.id = NEW.claim_id"
            " AND scheme.notice_days > 0 AND NOT EXISTS (SELECT 1"
            " FROM subsidies_publicnotice notice WHERE notice.claim_id = NEW.claim_id"
            " AND notice.version = NEW.version AND notice.closes_at <= NEW.acted_at))",
            "公示还没有期满，不能审批。",
        ),
        Guard(
            "objection",
            ("INSERT",),
            "NEW.stage = 'approve' AND NEW.decision = 'pass' AND EXISTS (SELECT 1"
            " FROM subsidies_noticeobjection objection JOIN subsidies_publicnotice notice"
            " ON notice.id = objection.notice_id WHERE notice.claim_id = NEW.claim_id"
            " AND notice.version = NEW.version AND objection.outcome <> 'rejected')",
            "公示期间有异议没有答复，或异议成立，不能审批。",
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
                fields=["claim", "version"],
                condition=~Q(decision=Decision.PASS),
                name="claimact_one_end_per_version",
                violation_error_message="这一版申报已经退回或撤回。",
            ),
        ]
        indexes = [models.Index(fields=["actor", "claim"], name="claimact_actor")]

    def __str__(self) -> str:
        return f"{self.claim} {self.get_stage_display()}"
