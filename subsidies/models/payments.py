"""What was paid to whom."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from enterprises.models import Provider
from subsidies.choices import PaymentRoute
from subsidies.querysets import PaymentQuerySet
from xingyang_pm.common.triggers import AppendOnly, Guard

from .claims import SubsidyClaim
from .payee_accounts import PayeeAccount
from .sql import claim_status, holds_role, void_proposed

USER = settings.AUTH_USER_MODEL


class Payment(models.Model):
    """拨付: what was paid to one payee for one claim.

    The row says that the order was given and is never edited. What the bank made of it, and what
    arrived, are rows of their own (``transit``). A payment that came back stays; the money is paid
    again by the next ``attempt``, which the database lets in only once the one before has failed:
    so of the payments to one payee for one claim all but the last have come back.
    """

    claim = models.ForeignKey(
        SubsidyClaim, models.PROTECT, related_name="payments", verbose_name="补贴申报"
    )
    payee = models.ForeignKey(
        Provider, models.PROTECT, related_name="payments", verbose_name="收款单位"
    )
    amount = models.DecimalField("金额（元）", max_digits=14, decimal_places=2)
    # Only payments from before accounts were kept have none: a trigger asks for it.
    account = models.ForeignKey(
        PayeeAccount,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="收款账户",
        related_name="payments",
    )
    voucher_number = models.CharField("支付凭证号", max_length=40)
    paid_on = models.DateField("拨付日期")
    attempt = models.PositiveSmallIntegerField("第几次", default=1)
    route = models.CharField(
        "拨付路径",
        max_length=10,
        choices=PaymentRoute.choices,
        default=PaymentRoute.DIRECT,
    )
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = PaymentQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "拨付记录不能修改或删除。"),
        Guard(
            "approved",
            ("INSERT",),
            # What came back is paid again also after the claim was marked as paid.
            claim_status("NEW")
            + " NOT IN ('approved', CASE WHEN NEW.attempt > 1 THEN 'paid' ELSE 'approved' END)",
            "只有已审批的申报可以登记拨付。",
        ),
        Guard(
            "void",
            ("INSERT",),
            void_proposed(),
            "已提出作废这份申报，先确认或撤回作废再拨付。",
        ),
        Guard(
            "attempt",
            ("INSERT",),
            "NEW.attempt > 1 AND NOT EXISTS (SELECT 1 FROM {table} before"
            " JOIN subsidies_paymentresult result ON result.payment_id = before.id"
            " WHERE before.claim_id = NEW.claim_id AND before.payee_id = NEW.payee_id"
            " AND before.attempt = NEW.attempt - 1 AND result.outcome = 'failed')",
            "前一次拨付没有退回，不能重新拨付。",
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
            "account",
            ("INSERT",),
            "NOT EXISTS (SELECT 1 FROM subsidies_payeeaccount account"
            " WHERE account.id = NEW.account_id AND account.provider_id = NEW.payee_id"
            " AND account.status = 'confirmed' AND account.effective_from <= NEW.paid_on"
            " AND NOT EXISTS (SELECT 1 FROM subsidies_payeeaccount later"
            " WHERE later.provider_id = NEW.payee_id AND later.status = 'confirmed'"
            " AND later.effective_from <= NEW.paid_on"
            " AND later.effective_from > account.effective_from))",
            "拨付须写明收款单位拨付当日已确认的收款账户，没有登记。",
        ),
        Guard(
            "person",
            ("INSERT",),
            "NOT " + holds_role("NEW.recorded_by_id", "'pay'"),
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
                fields=["claim", "payee", "attempt"],
                name="payment_once_per_payee",
                violation_error_message="这个收款单位本月已登记拨付。",
            ),
            models.CheckConstraint(
                condition=Q(attempt__gte=1),
                name="payment_attempt_from_one",
                violation_error_message="第几次拨付从一算起。",
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

    def get_absolute_url(self) -> str:
        return reverse("subsidies:payment-detail", args=[self.pk])
