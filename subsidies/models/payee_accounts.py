"""Where a payee's money goes: the account, entered by one person and confirmed by another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from enterprises.models import Provider
from subsidies.choices import ACCOUNT_KEEPERS, AccountStatus
from subsidies.querysets import PayeeAccountQuerySet
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard

from .sql import holds_any

USER = settings.AUTH_USER_MODEL


class PayeeAccount(models.Model):
    """收款账户: of one payee from a day on, until the next one begins. Never edited: a change is
    a new row.

    The number is sealed (``common.sealing``); ``tail`` is what everybody is shown of it, the
    digest finds equal numbers and proves that the sealed one is still the one that was entered.
    """

    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="payee_accounts", verbose_name="收款单位"
    )
    holder = models.CharField("户名", max_length=80)
    bank = models.CharField("开户银行", max_length=80)
    number_sealed = models.TextField("账号（密文）")
    number_digest = models.CharField("账号摘要", max_length=64)
    tail = models.CharField("尾号", max_length=4)
    effective_from = models.DateField("启用日期")
    basis = models.CharField("依据材料", max_length=200)
    status = models.CharField(
        "状态", max_length=10, choices=AccountStatus.choices, default=AccountStatus.ENTERED
    )
    entered_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    entered_at = models.DateTimeField("登记时间")
    decided_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="确认人", related_name="+"
    )
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)
    opinion = models.CharField("确认意见", max_length=200, blank=True)

    objects = PayeeAccountQuerySet.as_manager()

    # What everybody may read of an account, and so what audit entries hold.
    SHOWN = ("provider", "holder", "bank", "tail", "effective_from", "basis")

    triggers = [
        # Sealing anew with another key changes no number: the digest stays.
        Frozen(
            "facts",
            condition="TRUE",
            allow=("status", "decided_by", "decided_at", "opinion", "number_sealed"),
            message="收款账户登记后不能修改或删除，账户变更请登记新的账户。",
        ),
        Frozen(
            "decided",
            events=("UPDATE",),
            condition="OLD.status <> 'entered'",
            allow=("number_sealed",),
            message="收款账户已经确认或不予确认，不能改动。",
        ),
        AllowedMoves(
            message="收款账户只能由待确认改为已确认或不予确认。",
            moves=frozenset({("entered", "confirmed"), ("entered", "rejected")}),
            initial=("entered",),
        ),
        Guard(
            "enterer",
            ("INSERT",),
            "NOT " + holds_any("NEW.entered_by_id", ACCOUNT_KEEPERS),
            "收款账户由财务或科室负责人登记，登记人没有这个职责。",
        ),
        Guard(
            "decider",
            ("UPDATE",),
            "NEW.status <> OLD.status AND NOT "
            + holds_any("COALESCE(NEW.decided_by_id, -1)", ACCOUNT_KEEPERS),
            "收款账户由财务或科室负责人确认，确认人没有这个职责。",
        ),
        Guard(
            "later",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {table} other WHERE other.provider_id = NEW.provider_id"
            " AND other.status = 'confirmed' AND other.effective_from >= NEW.effective_from)"
            " OR EXISTS (SELECT 1 FROM subsidies_payment payment"
            " WHERE payment.payee_id = NEW.provider_id AND payment.paid_on > NEW.effective_from)",
            "启用日期须晚于现用账户的启用日期，并且不早于最近一次拨付。",
            lock="NEW.provider_id",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "收款账户"
        ordering = ["provider__code", "-effective_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("entered_by")),
                name="payeeaccount_two_persons",
                violation_error_message="登记人不能确认自己登记的收款账户。",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=AccountStatus.ENTERED, decided_by__isnull=True, decided_at__isnull=True
                )
                | (
                    ~Q(status=AccountStatus.ENTERED)
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="payeeaccount_decided",
                violation_error_message="确认须写明确认人和时间。",
            ),
            models.CheckConstraint(
                condition=~Q(holder="") & ~Q(bank="") & ~Q(tail="") & ~Q(basis=""),
                name="payeeaccount_whole",
                violation_error_message="收款账户须写明户名、开户银行、账号和依据材料。",
            ),
            models.UniqueConstraint(
                fields=["provider"],
                condition=Q(status=AccountStatus.ENTERED),
                name="payeeaccount_one_waiting",
                violation_error_message="这个收款单位还有一个账户待确认，请先确认。",
            ),
            models.UniqueConstraint(
                fields=["provider", "effective_from"],
                condition=Q(status=AccountStatus.CONFIRMED),
                name="payeeaccount_one_a_day",
                violation_error_message="这个收款单位同一天已有启用的账户。",
            ),
        ]
        indexes = [
            # Who else has this number, and whose it is on a bank's paper.
            models.Index(fields=["number_digest"], name="payeeaccount_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.bank} 尾号 {self.tail}"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:account-detail", args=[self.pk])

    @property
    def label(self) -> str:
        """The bank and the last digits, as the panel of payees shows them."""
        return f"{self.bank}　尾号 {self.tail}"
