"""What becomes of a payment: the bank's word, the street's hands, the payee's receipt.

Nothing here changes a payment: each row is added to it once and stays.
"""

# ruff: noqa: S608  the triggers' SQL is put together from the enums of this app alone
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.choices import STREET_ROLES, Role
from subsidies.choices import PAYERS, RECEIVERS, PaymentOutcome, TransitPlace
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AppendOnly, Guard

from .payments import Payment
from .sql import holds_any, quoted

USER = settings.AUTH_USER_MODEL
_FAILED = (
    "EXISTS (SELECT 1 FROM subsidies_paymentresult failed"
    " WHERE failed.payment_id = NEW.payment_id AND failed.outcome = 'failed')"
)


def _of_payment(condition: str) -> str:
    """Return SQL that is true when the row's payment meets ``condition`` over ``payment``."""
    return (
        "EXISTS (SELECT 1 FROM subsidies_payment payment"
        f" WHERE payment.id = NEW.payment_id AND {condition})"
    )


def _own_street(person: str, roles: frozenset[Role]) -> str:
    """Return SQL that is true when ``person`` holds one of ``roles`` in the claim's street."""
    return (
        "EXISTS (SELECT 1 FROM accounts_user person"
        " JOIN accounts_userrole held ON held.user_id = person.id"
        " JOIN subsidies_payment payment ON payment.id = NEW.payment_id"
        " JOIN subsidies_subsidyclaim claim ON claim.id = payment.claim_id"
        " JOIN estates_street street ON street.id = claim.street_id"
        f" WHERE person.id = {person} AND person.is_active"
        " AND person.office_id = street.office_id"
        f" AND held.role IN ({quoted(roles)}))"
    )


# Whoever writes a row of a payment holds the payment: of a return and a receipt at the same
# moment the second sees the first.
_LOCK = Guard(
    "a_lock",
    ("INSERT",),
    "(SELECT id FROM subsidies_payment WHERE id = NEW.payment_id {row_lock}) IS NULL",
    "没有这笔拨付。",
)


class PaymentResult(models.Model):
    """银行结果: the bank or the treasury says that a payment went through, or came back.

    A payment may come back after it was called a success (退汇), never the other way round.
    """

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="results", verbose_name="拨付"
    )
    outcome = models.CharField("结果", max_length=10, choices=PaymentOutcome.choices)
    happened_on = models.DateField("日期")
    reference = models.CharField("流水号", max_length=40, blank=True)
    reason = models.CharField("退回原因", max_length=200, blank=True)
    batch = models.ForeignKey(
        ImportBatch,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="来自回单",
        related_name="+",
    )
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    triggers = [
        _LOCK,
        AppendOnly("append", "银行结果不能修改或删除。"),
        Guard(
            "person",
            ("INSERT",),
            "NOT " + holds_any("NEW.recorded_by_id", PAYERS),
            "银行结果由财务登记，登记人没有这个职责。",
        ),
        Guard(
            "order",
            ("INSERT",),
            f"NEW.outcome = 'success' AND {_FAILED}",
            "这笔拨付已经退回，不能再记成功；重新拨付请另行登记。",
        ),
        Guard(
            "received",
            ("INSERT",),
            "NEW.outcome = 'failed' AND (EXISTS (SELECT 1 FROM subsidies_paymentreceipt receipt"
            " WHERE receipt.payment_id = NEW.payment_id) OR EXISTS (SELECT 1"
            " FROM subsidies_streetarrival arrival WHERE arrival.payment_id = NEW.payment_id))",
            "这笔拨付已有收款登记，不能记为退回。",
        ),
        Guard(
            "day",
            ("INSERT",),
            _of_payment("payment.paid_on > NEW.happened_on"),
            "银行结果的日期不能早于拨付日期。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "银行结果"
        ordering = ["happened_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "outcome"],
                name="paymentresult_once",
                violation_error_message="这笔拨付的这个结果已经登记。",
            ),
            models.CheckConstraint(
                condition=Q(outcome=PaymentOutcome.SUCCESS) | ~Q(reason=""),
                name="paymentresult_failure_has_reason",
                violation_error_message="退回须写明原因。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} {self.get_outcome_display()}"


class StreetArrival(models.Model):
    """街道收款: the money of a payment lies with the street office from a day on."""

    payment = models.OneToOneField(
        Payment, models.PROTECT, related_name="arrival", verbose_name="拨付"
    )
    arrived_on = models.DateField("街道收款日期")
    voucher_number = models.CharField("街道入账凭证号", max_length=40)
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    triggers = [
        _LOCK,
        AppendOnly("append", "街道收款登记不能修改或删除。"),
        Guard(
            "person",
            ("INSERT",),
            "NOT " + _own_street("NEW.recorded_by_id", RECEIVERS),
            "街道收款由本街道（乡镇）经办登记，登记人没有这个职责。",
        ),
        Guard(
            "route",
            ("INSERT",),
            "NOT " + _of_payment("payment.route = 'street'"),
            "这笔拨付直达收款单位，不经街道。",
        ),
        Guard("failed", ("INSERT",), _FAILED, "这笔拨付已经退回，不能登记收款。"),
        Guard(
            "day",
            ("INSERT",),
            _of_payment("payment.paid_on > NEW.arrived_on"),
            "街道收款日期不能早于拨付日期。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "街道收款"
        ordering = ["-arrived_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(voucher_number=""),
                name="streetarrival_has_voucher",
                violation_error_message="请填写街道入账凭证号。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} {self.arrived_on}街道收款"


class PaymentReceipt(models.Model):
    """到账回执: the payee confirms on paper what has arrived. Several may make up a payment."""

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="receipts", verbose_name="拨付"
    )
    amount = models.DecimalField("到账金额（元）", max_digits=14, decimal_places=2)
    received_on = models.DateField("到账日期")
    receipt_number = models.CharField("回执号", max_length=40)
    scan = models.FileField("回执扫描件", upload_to=private_path, max_length=200)
    scan_name = models.CharField("扫描件原名", max_length=200)
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    triggers = [
        _LOCK,
        AppendOnly("append", "到账回执不能修改或删除。"),
        Guard(
            "person",
            ("INSERT",),
            "NOT " + _own_street("NEW.recorded_by_id", RECEIVERS),
            "到账回执由本街道（乡镇）经办登记，登记人没有这个职责。",
        ),
        Guard("failed", ("INSERT",), _FAILED, "这笔拨付已经退回，不能登记到账。"),
        Guard(
            "sum",
            ("INSERT",),
            "NEW.amount + (SELECT COALESCE(SUM(other.amount), 0) FROM {table} other"
            " WHERE other.payment_id = NEW.payment_id) > 0.001 + (SELECT payment.amount"
            " FROM subsidies_payment payment WHERE payment.id = NEW.payment_id)",
            "到账金额超过拨付金额，没有登记。",
        ),
        Guard(
            "way",
            ("INSERT",),
            _of_payment(
                "payment.route = 'street' AND NOT EXISTS (SELECT 1 FROM subsidies_streetarrival"
                " arrival WHERE arrival.payment_id = payment.id"
                " AND arrival.arrived_on <= NEW.received_on)"
            ),
            "经街道拨付的，先登记街道收款，到账日期不能早于街道收款日期。",
        ),
        Guard(
            "day",
            ("INSERT",),
            _of_payment("payment.paid_on > NEW.received_on"),
            "到账日期不能早于拨付日期。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "到账回执"
        ordering = ["received_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "receipt_number"],
                name="paymentreceipt_once",
                violation_error_message="这个回执号已经登记。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="paymentreceipt_positive",
                violation_error_message="到账金额须大于零。",
            ),
            models.CheckConstraint(
                condition=~Q(receipt_number="") & ~Q(scan="") & ~Q(scan_name=""),
                name="paymentreceipt_whole",
                violation_error_message="到账回执须有回执号和扫描件。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} 回执 {self.receipt_number}"


class TransitReason(models.Model):
    """滞留原因: why the money of a payment has not arrived, as the street or finance says it."""

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="reasons", verbose_name="拨付"
    )
    place = models.CharField("在何处", max_length=10, choices=TransitPlace.choices)
    reason = models.CharField("滞留原因", max_length=200)
    expected_on = models.DateField("预计到账日期", null=True, blank=True)
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "滞留原因不能修改或删除，有新情况请再登记。"),
        Guard(
            "person",
            ("INSERT",),
            "NOT ("
            + _own_street("NEW.recorded_by_id", STREET_ROLES)
            + " OR "
            + holds_any("NEW.recorded_by_id", PAYERS)
            + ")",
            "滞留原因由本街道（乡镇）或财务登记，登记人没有这个职责。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "滞留原因"
        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="transitreason_said",
                violation_error_message="请写明滞留原因。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} {self.reason}"
