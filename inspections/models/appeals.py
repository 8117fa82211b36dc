"""What the addressee of an order may ask for: more time once, and that it be looked at again."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inspections.choices import ObjectionStatus, RequestStatus
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard

from .rectification import RectificationOrder, ReplyLink, one_source

USER = settings.AUTH_USER_MODEL

_OWN_LINK = Guard(
    "own_link",
    ("INSERT",),
    "NEW.link_id IS NOT NULL AND (SELECT order_id FROM inspections_replylink "
    "WHERE id = NEW.link_id) <> NEW.order_id",
    "这个签名链接不是这份整改单的。",
)


class ExtensionRequest(models.Model):
    """延期申请: one an order, before its deadline has ended; both deadlines are kept."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="extensions", verbose_name="整改通知书"
    )
    reason = models.CharField("申请原因", max_length=300)
    wished_day = models.DateField("申请延至")
    deadline_before = models.DateField("原整改期限")
    requested_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="申请人", related_name="+"
    )
    link = models.ForeignKey(
        ReplyLink,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="签名链接",
        related_name="extensions",
    )
    requester_name = models.CharField("申请人姓名", max_length=30, blank=True)
    requester_phone = models.CharField("申请人电话", max_length=20, blank=True)
    requested_at = models.DateTimeField("申请时间")
    status = models.CharField(
        "状态", max_length=10, choices=RequestStatus.choices, default=RequestStatus.PENDING
    )
    granted_until = models.DateField("准予延至", null=True, blank=True)
    decided_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="审批人", related_name="+"
    )
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decision_note = models.CharField("审批意见", max_length=200, blank=True)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "asked",
            allow=("status", "granted_until", "decided_by", "decided_at", "decision_note"),
            message="延期申请不能修改或删除。",
        ),
        Frozen(
            "decided",
            condition="OLD.status <> 'pending'",
            message="延期申请已经审批，不能再改。",
        ),
        AllowedMoves(
            message="延期申请的状态不能这样改动。",
            moves=frozenset({("pending", "granted"), ("pending", "refused")}),
            initial=("pending",),
        ),
        _OWN_LINK,
    ]

    class Meta:
        verbose_name = verbose_name_plural = "延期申请"
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                name="extension_once",
                violation_error_message="每份整改单只能申请一次延期。",
            ),
            one_source("requested", "延期申请须由一名账号用户或一个签名链接提出。"),
            models.CheckConstraint(
                condition=Q(wished_day__gt=F("deadline_before")),
                name="extension_later",
                violation_error_message="申请延至的日期须晚于现在的整改期限。",
            ),
            models.CheckConstraint(
                condition=Q(status=RequestStatus.PENDING, decided_by__isnull=True)
                | Q(
                    status=RequestStatus.GRANTED,
                    decided_by__isnull=False,
                    granted_until__gt=F("deadline_before"),
                )
                | (
                    Q(
                        status=RequestStatus.REFUSED,
                        decided_by__isnull=False,
                        granted_until__isnull=True,
                    )
                    & ~Q(decision_note="")
                ),
                name="extension_decision_is_whole",
                violation_error_message="准予延期须写明晚于原期限的日期，不予延期须写明原因。",
            ),
            models.CheckConstraint(
                condition=Q(requested_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by")),
                name="extension_two_persons",
                violation_error_message="申请延期的人不能审批自己的申请。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} 延期申请"

    @property
    def source(self) -> str:
        return self.requested_by.name if self.requested_by else "服务单位（签名链接）"


class Objection(models.Model):
    """异议: filed once an order, within its deadline; decided by a manager who did not issue it."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="objections", verbose_name="整改通知书"
    )
    reason = models.CharField("异议理由", max_length=500)
    filed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="提出人", related_name="+"
    )
    link = models.ForeignKey(
        ReplyLink,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="签名链接",
        related_name="objections",
    )
    filer_name = models.CharField("提出人姓名", max_length=30, blank=True)
    filer_phone = models.CharField("提出人电话", max_length=20, blank=True)
    filed_at = models.DateTimeField("提出时间")
    status = models.CharField(
        "状态", max_length=10, choices=ObjectionStatus.choices, default=ObjectionStatus.PENDING
    )
    decided_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="复核人", related_name="+"
    )
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)
    opinion = models.CharField("复核意见", max_length=300, blank=True)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "filed",
            allow=("status", "decided_by", "decided_at", "opinion"),
            message="异议提出后不能修改或删除。",
        ),
        Frozen(
            "decided",
            condition="OLD.status <> 'pending'",
            message="异议已经复核，不能再改。",
        ),
        AllowedMoves(
            message="异议的状态不能这样改动。",
            moves=frozenset({("pending", "upheld"), ("pending", "rejected")}),
            initial=("pending",),
        ),
        Guard(
            "other_person",
            ("UPDATE",),
            "NEW.decided_by_id = (SELECT issued_by_id FROM inspections_rectificationorder "
            "WHERE id = NEW.order_id)",
            "签发通知书的人不能复核对它的异议，请换一人复核。",
        ),
        _OWN_LINK,
    ]

    class Meta:
        verbose_name = verbose_name_plural = "异议"
        ordering = ["-filed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                name="objection_once",
                violation_error_message="每份整改单只能提出一次异议。",
            ),
            one_source("filed", "异议须由一名账号用户或一个签名链接提出。"),
            models.CheckConstraint(
                condition=Q(status=ObjectionStatus.PENDING, decided_by__isnull=True)
                | (
                    ~Q(status=ObjectionStatus.PENDING)
                    & Q(decided_by__isnull=False)
                    & ~Q(opinion="")
                ),
                name="objection_decision_is_whole",
                violation_error_message="复核异议须写明复核意见。",
            ),
            models.CheckConstraint(
                condition=Q(filed_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("filed_by")),
                name="objection_two_persons",
                violation_error_message="提出异议的人不能复核自己的异议。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} 异议"

    @property
    def source(self) -> str:
        return self.filed_by.name if self.filed_by else "服务单位（签名链接）"
