"""Rectification: the order, its items, replies and rechecks."""

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate
from inspections.choices import (
    ORDER_MOVES,
    ORDER_OPEN,
    ORDER_RUNNING,
    OrderKind,
    OrderStatus,
    RecheckResult,
    ServiceMethod,
)
from inspections.querysets import RectificationOrderQuerySet
from xingyang_pm.common import clock
from xingyang_pm.common.formats import month_day
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, AppendOnly, Frozen, Guard

from .inspections import Inspection, ItemResult

USER = settings.AUTH_USER_MODEL


def _date_of_inspection(order: str) -> str:
    """Return SQL for the day of the inspection from which the order with the id ``order`` came."""
    return (
        "(SELECT inspection.inspected_on FROM inspections_inspection inspection "  # noqa: S608  names of our own models only
        "JOIN inspections_rectificationorder paper ON paper.inspection_id = inspection.id "
        f"WHERE paper.id = {order})"
    )


def one_source(prefix: str, sentence: str) -> models.CheckConstraint:
    """Return the constraint that a row names a person or a signed link, never both or none."""
    person, link = f"{prefix}_by__isnull", "link__isnull"
    return models.CheckConstraint(
        condition=Q(**{person: False, link: True}) | Q(**{person: True, link: False}),
        name=f"%(class)s_{prefix}_by_one",
        violation_error_message=sentence,
    )


class RectificationOrder(models.Model):
    """Demands that failed items are mended by a day: a formal notice (责令限期整改通知书), which
    is served with its legal basis, or a tracked one (限期整改单), which is not."""

    kind = models.CharField(
        "类别", max_length=10, choices=OrderKind.choices, default=OrderKind.FORMAL
    )
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
    legal_basis = models.CharField("依据", max_length=200, blank=True)
    demand = models.CharField("整改要求", max_length=500, blank=True)
    deadline = models.DateField("整改期限")
    # As issued; the deadline itself moves by an extension or a failed recheck.
    original_deadline = models.DateField("原定期限")
    status = models.CharField(
        "状态", max_length=12, choices=OrderStatus.choices, default=OrderStatus.ISSUED
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
            condition="OLD.status IN ('closed', 'withdrawn')",
            allow=("pdf",),
            message="已销号或已撤销的整改通知书不能修改或删除。",
        ),
        Frozen(
            "issued",
            events=("UPDATE", "DELETE"),
            fields=(
                "kind",
                "year",
                "serial",
                "number",
                "inspection",
                "estate",
                "provider",
                "legal_basis",
                "original_deadline",
                "issued_by",
                "issued_at",
            ),
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
            "withdraw_needs_objection",
            ("UPDATE",),
            "NEW.status = 'withdrawn' AND OLD.status <> 'withdrawn' AND NOT EXISTS (SELECT 1 FROM "
            "inspections_objection objection WHERE objection.order_id = NEW.id "
            "AND objection.status = 'upheld')",
            "没有成立的异议，不能撤销整改通知书。",
        ),
        Guard(
            "transfer_needs_handover",
            ("UPDATE",),
            "NEW.status = 'transferred' AND OLD.status <> 'transferred' AND NOT EXISTS (SELECT 1 "
            "FROM inspections_handover handover WHERE handover.order_id = NEW.id)",
            "没有移交记录，不能转为已移交。",
        ),
        Guard(
            "dates",
            ("INSERT", "UPDATE"),
            "NEW.deadline < (SELECT inspected_on FROM inspections_inspection "
            "WHERE id = NEW.inspection_id) OR NEW.served_on < (SELECT inspected_on FROM "
            "inspections_inspection WHERE id = NEW.inspection_id)",
            "整改期限和送达日期不能早于检查日期。",
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
            models.UniqueConstraint(fields=["kind", "year", "serial"], name="order_serial_once"),
            models.CheckConstraint(
                condition=Q(kind=OrderKind.TRACKED)
                | (~Q(legal_basis="") & Q(provider__isnull=False)),
                name="order_formal_is_whole",
                violation_error_message="责令限期整改通知书须写明被通知单位和依据。",
            ),
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
    def is_formal(self) -> bool:
        return self.kind == OrderKind.FORMAL

    @property
    def is_delivered(self) -> bool:
        """Whether it reached its addressee; a tracked one does so when it is issued."""
        return not self.is_formal or self.served_on is not None

    @property
    def extension_words(self) -> str:
        """Whether more time was asked for, and until when it was given."""
        for request in self.extensions.all():
            if request.granted_until:
                return f"延至{month_day(request.granted_until)}"
            return str(request.get_status_display())
        return ""

    @property
    def escalation_words(self) -> str:
        """What followed when it was not obeyed: 约谈, 通报, 移交执法."""
        found = (
            ("约谈", self.interviews.all()),
            ("通报", self.circulars.all()),
            ("移交执法", self.handovers.all()),
        )
        return "、".join(word for word, rows in found if rows)

    @property
    def days_left(self) -> int:
        """Days until the deadline day; negative once it has ended."""
        return (self.deadline - clock.today()).days

    @property
    def is_overdue(self) -> bool:
        return self.status in ORDER_RUNNING and self.days_left < 0


class RectificationItem(models.Model):
    """One failed item that an order covers."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="items", verbose_name="整改通知书"
    )
    result = models.ForeignKey(
        ItemResult, models.PROTECT, related_name="rectifications", verbose_name="不合格项"
    )
    requirement = models.CharField("整改要求", max_length=200, blank=True)
    # With its order: the result may then be ordered anew.
    withdrawn = models.BooleanField("已撤销", default=False)

    objects = ScopedManager()

    triggers = [
        Frozen("append", allow=("withdrawn",), message="整改事项下达后不能修改或删除。"),
        Guard(
            "withdrawn",
            ("INSERT", "UPDATE"),
            "(CASE WHEN NEW.withdrawn THEN 1 ELSE 0 END) <> (SELECT CASE WHEN status = 'withdrawn' "
            "THEN 1 ELSE 0 END FROM inspections_rectificationorder WHERE id = NEW.order_id)",
            "整改事项只随通知书一并撤销。",
        ),
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
        constraints = [
            models.UniqueConstraint(
                fields=["result"],
                condition=Q(withdrawn=False),
                name="rectificationitem_once",
                violation_error_message="这个不合格项已经下达整改。",
            ),
        ]

    def __str__(self) -> str:
        return str(self.result.item)


class ReplyLink(models.Model):
    """The signed address under which the firm opens this one order, without an account.

    What stands in the address is derived from ``key`` with the portal's own secret and kept only
    as a hash, so that nobody who reads the database can open an order.
    """

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="links", verbose_name="整改通知书"
    )
    key = models.UUIDField("编号", unique=True, default=uuid.uuid4, editable=False)
    secret_hash = models.CharField("密钥摘要", max_length=64, unique=True)
    issued_by = models.ForeignKey(USER, models.PROTECT, verbose_name="签发人", related_name="+")
    created_at = models.DateTimeField("签发时间")
    expires_at = models.DateTimeField("失效时间")
    revoked_at = models.DateTimeField("收回时间", null=True, blank=True)
    revoked_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="收回人", related_name="+"
    )
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "issued",
            allow=("expires_at", "revoked_at", "revoked_by", "last_used_at"),
            message="签名链接签发后不能修改或删除，可以收回另发。",
        ),
        Frozen(
            "revoked",
            condition="OLD.revoked_at IS NOT NULL",
            fields=("expires_at", "revoked_at", "revoked_by"),
            message="收回的签名链接不能恢复，请另发一个。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "签名链接"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(revoked_at__isnull=True),
                name="replylink_one_live",
                violation_error_message="这份整改单已有有效的签名链接，请先收回。",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="replylink_revoked_is_whole",
                violation_error_message="收回签名链接须写明收回人和时间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} 签名链接"

    @property
    def last_day(self) -> dt.date:
        """The last day on which it opens the order, until 24:00."""
        return (self.expires_at - dt.timedelta(seconds=1)).astimezone(clock.SHANGHAI).date()

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and clock.now() < self.expires_at


class RectificationReply(models.Model):
    """整改回复: who reported the order as done, and how: a clerk, or the firm by its link."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="replies", verbose_name="整改通知书"
    )
    reported_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="填报人", related_name="+"
    )
    link = models.ForeignKey(
        ReplyLink,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="签名链接",
        related_name="replies",
    )
    # Of who filled it in by the link; shown masked to who may not read personal data.
    reporter_name = models.CharField("填报人姓名", max_length=30, blank=True)
    reporter_phone = models.CharField("填报人电话", max_length=20, blank=True)
    responsible = models.CharField("责任人", max_length=30, blank=True)
    completed_on = models.DateField("完成日期")
    reported_at = models.DateTimeField("回复时间")
    statement = models.CharField("整改说明", max_length=500, blank=True)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "整改回复不能修改或删除，请重新回复。"),
        Guard(
            "dates",
            ("INSERT",),
            f"NEW.completed_on < {_date_of_inspection('NEW.order_id')}",
            "完成日期不能早于检查日期。",
        ),
        Guard(
            "delivered",
            ("INSERT",),
            "(SELECT CASE WHEN kind = 'formal' AND served_on IS NULL THEN 1 ELSE 0 END "
            "FROM inspections_rectificationorder WHERE id = NEW.order_id) = 1",
            "通知书还没有登记送达，不能回复。",
        ),
        Guard(
            "own_link",
            ("INSERT",),
            "NEW.link_id IS NOT NULL AND (SELECT order_id FROM inspections_replylink "
            "WHERE id = NEW.link_id) <> NEW.order_id",
            "这个签名链接不是这份整改单的。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "整改回复"
        ordering = ["-reported_at"]
        constraints = [one_source("reported", "整改回复须由一名账号用户或一个签名链接填报。")]

    def __str__(self) -> str:
        return f"{self.order} 回复"

    @property
    def source(self) -> str:
        """Who answered, as a page names it."""
        return self.reported_by.name if self.reported_by else "服务单位（签名链接）"


class ReplyItem(models.Model):
    """What was done about one item."""

    reply = models.ForeignKey(
        RectificationReply, models.CASCADE, related_name="items", verbose_name="整改回复"
    )
    item = models.ForeignKey(
        RectificationItem, models.PROTECT, related_name="replies", verbose_name="整改事项"
    )
    measure = models.CharField("整改措施", max_length=300, blank=True)
    done_on = models.DateField("完成日期", null=True, blank=True)
    undone_reason = models.CharField("未完成原因", max_length=300, blank=True)

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
            models.CheckConstraint(
                condition=(~Q(measure="") & Q(undone_reason=""))
                | (~Q(undone_reason="") & Q(done_on__isnull=True)),
                name="replyitem_done_or_why_not",
                violation_error_message="每项写明整改措施；没有完成的写明原因，不写完成日期。",
            ),
        ]

    def __str__(self) -> str:
        return self.measure or self.undone_reason

    @property
    def is_done(self) -> bool:
        return not self.undone_reason


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
        Guard(
            "dates",
            ("INSERT",),
            "NEW.checked_on < (SELECT completed_on FROM inspections_rectificationreply "
            "WHERE id = NEW.reply_id) OR NEW.checked_on < (SELECT served_on FROM "
            "inspections_rectificationorder WHERE id = NEW.order_id)",
            "复查日期不能早于送达日期，也不能早于整改完成日期。",
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
        Guard(
            "doubtful",
            ("INSERT",),
            "NEW.result = 'pass' AND EXISTS (SELECT 1 FROM inspections_photoflag flag "
            "JOIN inspections_evidencephoto photo ON photo.id = flag.photo_id "
            "JOIN inspections_replyitem answer ON answer.id = photo.reply_item_id "
            "JOIN inspections_recheck recheck ON recheck.reply_id = answer.reply_id "
            "WHERE recheck.id = NEW.recheck_id AND answer.item_id = NEW.item_id "
            "AND flag.verdict <> 'fine')",
            "这一项的照片疑点还没有结论，或照片不可用，不能算整改到位。",
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
