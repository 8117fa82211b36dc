"""Rectification: the order, its items, replies and rechecks."""

from django.conf import settings
from django.db import models
from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate
from inspections.choices import ORDER_MOVES, ORDER_OPEN, OrderStatus, RecheckResult, ServiceMethod
from inspections.querysets import RectificationItemQuerySet, RectificationOrderQuerySet
from xingyang_pm.common import clock
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, AppendOnly, Frozen, Guard

from .inspections import Inspection, ItemResult

USER = settings.AUTH_USER_MODEL


class RectificationOrder(models.Model):
    """责令限期整改通知书: orders a provider to mend failed items by a day."""

    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("序号")
    number = models.CharField("文号", max_length=40, unique=True)
    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="orders", verbose_name="检查记录"
    )
    estate = models.ForeignKey(Estate, models.PROTECT, related_name="orders", verbose_name="小区")
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name="被通知单位",
    )
    legal_basis = models.CharField("依据", max_length=200)
    demand = models.CharField("整改要求", max_length=500, blank=True)
    deadline = models.DateField("整改期限")
    status = models.CharField(
        "状态", max_length=10, choices=OrderStatus.choices, default=OrderStatus.ISSUED
    )
    issued_by = models.ForeignKey(USER, models.PROTECT, verbose_name="签发人", related_name="+")
    issued_at = models.DateTimeField("下达时间")
    served_on = models.DateField("送达日期", null=True, blank=True)
    served_to = models.CharField("签收人", max_length=30, blank=True)
    served_by = models.CharField("送达人", max_length=60, blank=True)
    service_method = models.CharField(
        "送达方式", max_length=10, choices=ServiceMethod.choices, blank=True
    )
    recheck_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="复查人", related_name="+"
    )
    recheck_companion = models.CharField("同行复查人", max_length=60, blank=True)
    recheck_on = models.DateField("复查日期", null=True, blank=True)
    closed_at = models.DateTimeField("销号时间", null=True, blank=True)
    pdf = models.FileField("通知书", upload_to=private_path, blank=True, max_length=200)

    objects = RectificationOrderQuerySet.as_manager()

    triggers = [
        Frozen(
            "closed",
            condition="OLD.status = 'closed'",
            allow=("pdf",),
            message="已销号的整改通知书不能修改或删除。",
        ),
        Frozen(
            "issued",
            events=("UPDATE", "DELETE"),
            fields=("year", "serial", "number", "inspection", "estate", "provider", "legal_basis"),
            message="整改通知书下达后，文号、对象和依据不能修改，也不能删除。",
        ),
        AllowedMoves(
            message="整改通知书的状态不能这样改动。", moves=ORDER_MOVES, initial=("issued",)
        ),
        Guard(
            "close_needs_recheck",
            ("UPDATE",),
            "NEW.status = 'closed' AND OLD.status <> 'closed' AND NOT EXISTS (SELECT 1 FROM "
            "inspections_recheck recheck WHERE recheck.order_id = NEW.id "
            "AND recheck.result = 'pass')",
            "没有整改到位的复查记录，不能销号。",
        ),
        Guard(
            "of_reported",
            ("INSERT",),
            "(SELECT status FROM inspections_inspection WHERE id = NEW.inspection_id) "
            "NOT IN ('submitted', 'confirmed')",
            "检查记录还没有上报，不能下达整改通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "整改通知书"
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["year", "serial"], name="order_serial_once"),
        ]
        indexes = [
            models.Index(fields=["estate", "status", "deadline"], name="order_estate"),
            models.Index(fields=["status", "deadline"], name="order_due"),
            models.Index(fields=["provider", "status"], name="order_provider"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("inspections:order-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in ORDER_OPEN

    @property
    def days_left(self) -> int:
        """Days until the deadline day; negative once it has ended."""
        return (self.deadline - clock.today()).days

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.days_left < 0


class RectificationItem(models.Model):
    """One failed item that an order covers."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="items", verbose_name="整改通知书"
    )
    result = models.OneToOneField(
        ItemResult, models.PROTECT, related_name="rectification", verbose_name="不合格项"
    )
    requirement = models.CharField("整改要求", max_length=200, blank=True)

    objects = RectificationItemQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "整改事项下达后不能修改或删除。"),
        Guard(
            "failed",
            ("INSERT",),
            "(SELECT outcome FROM inspections_itemresult WHERE id = NEW.result_id) <> 'fail'",
            "只有不合格项可以下达整改。",
        ),
        Guard(
            "same_inspection",
            ("INSERT",),
            "(SELECT inspection_id FROM inspections_itemresult WHERE id = NEW.result_id) <> "
            "(SELECT inspection_id FROM inspections_rectificationorder WHERE id = NEW.order_id)",
            "这个不合格项不属于通知书的检查记录。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "整改事项"
        ordering = ["result__item__position"]

    def __str__(self) -> str:
        return str(self.result.item)


class RectificationReply(models.Model):
    """整改回复: who reported the order as done, and how."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="replies", verbose_name="整改通知书"
    )
    reported_by = models.ForeignKey(USER, models.PROTECT, verbose_name="填报人", related_name="+")
    responsible = models.CharField("责任人", max_length=30, blank=True)
    completed_on = models.DateField("完成日期")
    reported_at = models.DateTimeField("回复时间")
    statement = models.CharField("整改说明", max_length=500, blank=True)

    objects = ScopedManager()

    triggers = [AppendOnly("append", "整改回复不能修改或删除，请重新回复。")]

    class Meta:
        verbose_name = verbose_name_plural = "整改回复"
        ordering = ["-reported_at"]

    def __str__(self) -> str:
        return f"{self.order} 回复"


class ReplyItem(models.Model):
    """What was done about one item."""

    reply = models.ForeignKey(
        RectificationReply, models.CASCADE, related_name="items", verbose_name="整改回复"
    )
    item = models.ForeignKey(
        RectificationItem, models.PROTECT, related_name="replies", verbose_name="整改事项"
    )
    measure = models.CharField("整改措施", max_length=300)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "整改回复不能修改或删除，请重新回复。"),
        Guard(
            "same_order",
            ("INSERT",),
            "(SELECT order_id FROM inspections_rectificationitem WHERE id = NEW.item_id) <> "
            "(SELECT order_id FROM inspections_rectificationreply WHERE id = NEW.reply_id)",
            "这个整改事项不属于所回复的通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "逐项回复"
        constraints = [
            models.UniqueConstraint(fields=["reply", "item"], name="replyitem_once"),
        ]

    def __str__(self) -> str:
        return self.measure


class Recheck(models.Model):
    """复查: somebody who did not report the work as done looks whether it is."""

    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("序号")
    number = models.CharField("文号", max_length=40, unique=True)
    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="rechecks", verbose_name="整改通知书"
    )
    reply = models.ForeignKey(
        RectificationReply, models.PROTECT, related_name="rechecks", verbose_name="整改回复"
    )
    checked_by = models.ForeignKey(USER, models.PROTECT, verbose_name="复查人", related_name="+")
    companion = models.CharField("同行复查人", max_length=60, blank=True)
    checked_on = models.DateField("复查日期")
    result = models.CharField("复查结果", max_length=4, choices=RecheckResult.choices)
    opinion = models.CharField("复查意见", max_length=300)
    recorded_at = models.DateTimeField("登记时间")
    pdf = models.FileField("复查意见书", upload_to=private_path, blank=True, max_length=200)

    objects = ScopedManager()

    triggers = [
        Frozen("append", allow=("pdf",), message="复查记录不能修改或删除。"),
        Guard(
            "other_person",
            ("INSERT",),
            "(SELECT reported_by_id FROM inspections_rectificationreply WHERE id = NEW.reply_id)"
            " = NEW.checked_by_id",
            "填报整改的人不能复查，请换一人复查。",
        ),
        Guard(
            "same_order",
            ("INSERT",),
            "(SELECT order_id FROM inspections_rectificationreply WHERE id = NEW.reply_id)"
            " <> NEW.order_id",
            "复查的回复不属于这份整改通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "复查记录"
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["reply"],
                name="recheck_once_per_reply",
                violation_error_message="这次回复已经复查过。",
            ),
            models.UniqueConstraint(fields=["year", "serial"], name="recheck_serial_once"),
        ]

    def __str__(self) -> str:
        return self.number


class RecheckItem(models.Model):
    """What the recheck found on one item of the order."""

    recheck = models.ForeignKey(
        Recheck, models.CASCADE, related_name="items", verbose_name="复查记录"
    )
    item = models.ForeignKey(
        RectificationItem, models.PROTECT, related_name="rechecks", verbose_name="整改事项"
    )
    result = models.CharField("复查结果", max_length=4, choices=RecheckResult.choices)
    finding = models.CharField("复查情况", max_length=200, blank=True)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "复查记录不能修改或删除。"),
        Guard(
            "same_order",
            ("INSERT",),
            "(SELECT order_id FROM inspections_rectificationitem WHERE id = NEW.item_id) <> "
            "(SELECT order_id FROM inspections_recheck WHERE id = NEW.recheck_id)",
            "这个整改事项不属于所复查的通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "逐项复查"
        ordering = ["item__result__item__position"]
        constraints = [
            models.UniqueConstraint(fields=["recheck", "item"], name="recheckitem_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.get_result_display()}"
