"""The owners' fee: its standard, what a street types, and what stands for a month."""

# ruff: noqa: S608  the triggers' SQL is put together from names of this module alone
from decimal import Decimal
from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.choices import Role
from enterprises.models import Provider
from estates.models import Estate
from subsidies.calculations import FeeFigures, percent_of
from subsidies.querysets import FeeCollectionQuerySet, FeeStandardQuerySet
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AppendOnly, Guard

USER = settings.AUTH_USER_MODEL


class FeeStandard(models.Model):
    """业主收费标准: yuan a household and month, of one estate or of all without one of their own,
    from a month on, by a document."""

    estate = models.ForeignKey(
        Estate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="fee_standards",
        verbose_name="小区",
    )
    amount = models.DecimalField("标准（元/户·月）", max_digits=8, decimal_places=2)
    effective_from = models.DateField("执行月份")
    document_title = models.CharField("文件名称", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    document = models.FileField("文件", upload_to=private_path, blank=True, max_length=200)
    document_name = models.CharField("文件原名", max_length=200, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = FeeStandardQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "收费标准登记后不能修改或删除，请登记新的标准。"),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "业主收费标准"
        ordering = ["-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "effective_from"],
                condition=Q(estate__isnull=False),
                name="feestandard_estate_once",
                violation_error_message="这个小区这个月起已有一个收费标准，登记后不能修改。",
            ),
            models.UniqueConstraint(
                fields=["effective_from"],
                condition=Q(estate__isnull=True),
                name="feestandard_city_once",
                violation_error_message="这个月起已有一个全市的收费标准，登记后不能修改。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="feestandard_positive",
                violation_error_message="收费标准须大于零。",
            ),
            models.CheckConstraint(
                condition=Q(effective_from__day=1),
                name="feestandard_whole_month",
                violation_error_message="执行月份须为某月1日。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate or '全部老旧小区'}每户每月 {self.amount} 元"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:fee-standard-detail", args=[self.pk])


class FeeDraft(models.Model):
    """业主交费草稿: one row of the table as somebody types it, right or wrong, until it is
    confirmed."""

    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="fee_drafts", verbose_name="小区"
    )
    month = models.DateField("月份")
    values = models.JSONField("填写内容", default=dict)
    saved_by = models.ForeignKey(USER, models.PROTECT, verbose_name="填写人", related_name="+")
    saved_at = models.DateTimeField("保存时间")

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "业主交费草稿"
        ordering = ["month", "estate__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "month"],
                name="feedraft_once",
                violation_error_message="这个小区这个月已有草稿。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.month:%Y-%m} 交费草稿"


def _standing(row: str) -> str:
    """Return SQL that is true while no correction has replaced ``row``."""
    return f"NOT EXISTS (SELECT 1 FROM {{table}} newer WHERE newer.replaces_id = {row}.id)"


def _added(row: str) -> str:
    """Return SQL for what ``row`` adds to the arrears of its estate."""
    return f"{row}.amount_billed - {row}.amount_received + COALESCE({row}.opening_arrears, 0)"


def _owed_before(row: str) -> str:
    """Return SQL for the arrears before the month of ``row``, NEW in the place of what it
    replaces left out."""
    return (
        f"(SELECT COALESCE(SUM({_added('before')}), 0) FROM {{table}} before"
        f" WHERE before.estate_id = NEW.estate_id AND before.month < {row}.month"
        f" AND before.id <> COALESCE(NEW.replaces_id, -1) AND {_standing('before')})"
    )


_ENTERED_BY_STREET = (
    "EXISTS (SELECT 1 FROM accounts_user person"
    " JOIN accounts_userrole held ON held.user_id = person.id"
    " JOIN estates_estate estate ON estate.id = NEW.estate_id"
    " JOIN estates_street street ON street.id = estate.street_id"
    " WHERE person.id = NEW.entered_by_id AND person.is_active"
    f" AND held.role = '{Role.STREET_CLERK.value}' AND person.office_id = street.office_id"
    " AND estate.kind = 'old')"
)


class FeeCollection(models.Model):
    """业主交费: what the owners of an estate were billed and paid in a month.

    Confirmed when it is written, so it never changes; a correction is another record that names
    the one it replaces and says why. The arrears are not stored: they follow from the chain of
    records that stand (``with_arrears``), and from what was owed before it began.
    """

    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="fee_collections", verbose_name="小区"
    )
    month = models.DateField("月份")
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="fee_collections",
        verbose_name="收费单位",
    )
    standard = models.ForeignKey(
        FeeStandard,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="收费标准",
    )
    households_verified = models.PositiveIntegerField("核定户数", null=True, blank=True)
    households_billed = models.PositiveIntegerField("应收户数")
    households_paid = models.PositiveIntegerField("实收户数")
    amount_billed = models.DecimalField("本月应收（元）", max_digits=12, decimal_places=2)
    amount_received = models.DecimalField("本月实收（元）", max_digits=12, decimal_places=2)
    amount_recovered = models.DecimalField(
        "其中收回往期欠费（元）", max_digits=12, decimal_places=2, default=0
    )
    opening_arrears = models.DecimalField(
        "起算前欠费（元）", max_digits=12, decimal_places=2, null=True, blank=True
    )
    evidence = models.FileField("依据", upload_to=private_path, blank=True, max_length=200)
    evidence_name = models.CharField("依据文件名", max_length=200, blank=True)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name="更正的记录",
    )
    reason = models.CharField("更正原因", max_length=200, blank=True)
    batch = models.ForeignKey(
        ImportBatch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="来自填报表",
    )
    entered_by = models.ForeignKey(USER, models.PROTECT, verbose_name="填报人", related_name="+")
    entered_at = models.DateTimeField("确认时间")

    objects = FeeCollectionQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "已确认的业主交费不能修改或删除，请写原因更正。"),
        Guard(
            "person",
            ("INSERT",),
            f"NOT {_ENTERED_BY_STREET}",
            "业主交费由老旧小区所在街道（乡镇）的经办填报。",
        ),
        Guard(
            "same",
            ("INSERT",),
            "NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {table} former"
            " WHERE former.id = NEW.replaces_id AND former.estate_id = NEW.estate_id"
            " AND former.month = NEW.month)",
            "更正须是同一小区同一月份的记录。",
        ),
        Guard(
            "opening",
            ("INSERT",),
            "NEW.opening_arrears IS NOT NULL AND EXISTS (SELECT 1 FROM {table} earlier"
            " WHERE earlier.estate_id = NEW.estate_id AND earlier.month < NEW.month)",
            "起算前欠费只在第一次填报时写，以后由平台接着算。",
            lock="NEW.estate_id",
        ),
        Guard(
            "start",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {table} later WHERE later.estate_id = NEW.estate_id"
            f" AND later.month > NEW.month AND later.opening_arrears IS NOT NULL"
            f" AND {_standing('later')})",
            "这个小区以后的月份已写明起算前欠费，更早的月份不能再填。",
            lock="NEW.estate_id",
        ),
        Guard(
            "recovered",
            ("INSERT",),
            "NEW.amount_recovered > 0.001 + COALESCE(NEW.opening_arrears, 0) + "
            + _owed_before("NEW"),
            "收回往期欠费多于往期欠费，没有保存。",
            lock="NEW.estate_id",
        ),
        Guard(
            "later",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {table} later WHERE later.estate_id = NEW.estate_id"
            f" AND later.month > NEW.month AND {_standing('later')}"
            " AND later.amount_recovered > 0.001 + COALESCE(later.opening_arrears, 0) + "
            f"{_added('NEW')} + {_owed_before('later')})",
            "这样一改，以后月份收回的往期欠费就多于往期欠费，没有保存。请先更正以后的月份。",
            lock="NEW.estate_id",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "业主交费"
        ordering = ["-month", "estate__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "month"],
                condition=Q(replaces__isnull=True),
                name="fee_estate_month_once",
                violation_error_message="这个小区这个月的交费已经确认，要改请写原因更正。",
            ),
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="fee_whole_month",
                violation_error_message="月份须为某月1日。",
            ),
            models.CheckConstraint(
                condition=Q(households_paid__lte=F("households_billed")),
                name="fee_paid_of_billed",
                violation_error_message="实收户数不能多于应收户数。",
            ),
            models.CheckConstraint(
                condition=Q(amount_billed__gte=0, amount_received__gte=0, amount_recovered__gte=0),
                name="fee_not_negative",
                violation_error_message="金额不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(amount_recovered__lte=F("amount_received")),
                name="fee_recovered_of_received",
                violation_error_message="收回往期欠费不能大于本月实收。",
            ),
            models.CheckConstraint(
                # SQLite adds in binary: a tenth of a fen is no difference.
                condition=Q(
                    amount_received__lte=F("amount_billed")
                    + F("amount_recovered")
                    + models.Value(Decimal("0.001"))
                ),
                name="fee_received_of_billed",
                violation_error_message="本月实收除去往期，不能多于本月应收。",
            ),
            models.CheckConstraint(
                condition=Q(households_paid__gt=0) | Q(amount_received=F("amount_recovered")),
                name="fee_somebody_paid",
                violation_error_message="有本月收费，实收户数不能是 0。",
            ),
            models.CheckConstraint(
                condition=Q(opening_arrears__isnull=True) | Q(opening_arrears__gte=0),
                name="fee_opening_not_negative",
                violation_error_message="起算前欠费不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(reason=""),
                name="fee_correction_has_reason",
                violation_error_message="更正须写原因。",
            ),
        ]
        indexes = [
            # The chain of an estate, by which its arrears are found.
            models.Index(fields=["estate", "month"], name="fee_estate"),
            models.Index(fields=["month", "estate"], name="fee_month"),
            models.Index(fields=["provider", "month"], name="fee_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.month.year}年{self.month.month}月业主交费"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:fee-detail", args=[self.pk])

    @cached_property
    def figures(self) -> FeeFigures:
        return FeeFigures(
            self.households_billed,
            self.households_paid,
            self.amount_billed,
            self.amount_received,
            self.amount_recovered,
            self.opening_arrears,
        )

    @property
    def household_rate(self) -> Decimal | None:
        """Households that paid of those billed, in percent."""
        return percent_of(self.households_paid, self.households_billed)

    @property
    def collection_rate(self) -> Decimal | None:
        """What came in for the month of what was billed for it, in percent."""
        return percent_of(self.figures.received_for_month, self.amount_billed)

    @property
    def above_verified(self) -> bool:
        """Whether more households were billed than had been verified."""
        return (
            self.households_verified is not None
            and self.households_billed > self.households_verified
        )
