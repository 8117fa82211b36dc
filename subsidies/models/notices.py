"""公示: a checked claim on public notice, and the objections to it."""

# ruff: noqa: S608  the triggers' SQL is put together from names of our own models only
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from estates.models import Estate
from subsidies.choices import ObjectionChannel, ObjectionOutcome
from subsidies.querysets import NoticeQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AppendOnly, Frozen, Guard

from .claims import SubsidyClaim
from .sql import claim_status

USER = settings.AUTH_USER_MODEL


class PublicNotice(models.Model):
    """The notice of one version of a claim, over whole working days.

    ``closes_at`` is the end of its last day in Shanghai; the claim is not approved before.
    """

    claim = models.ForeignKey(
        SubsidyClaim, models.PROTECT, related_name="notices", verbose_name="补贴申报"
    )
    version = models.PositiveIntegerField("版次")
    key = models.UUIDField("公示地址", unique=True)
    workdays = models.PositiveSmallIntegerField("工作日")
    starts_on = models.DateField("公示自")
    ends_on = models.DateField("公示至")
    closes_at = models.DateTimeField("期满时间")
    published_by = models.ForeignKey(USER, models.PROTECT, verbose_name="发布人", related_name="+")
    published_at = models.DateTimeField("发布时间")

    objects = NoticeQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "公示发布后不能修改或删除。"),
        Guard(
            "checked",
            ("INSERT",),
            claim_status("NEW") + " <> 'checked' OR NOT EXISTS (SELECT 1"
            " FROM subsidies_subsidyclaim claim JOIN subsidies_claimscheme scheme"
            " ON scheme.id = claim.scheme_id WHERE claim.id = NEW.claim_id"
            " AND claim.version = NEW.version AND scheme.notice_days <= NEW.workdays)",
            "只有复核通过的申报可以公示，公示天数不能少于规程。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "公示"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "version"],
                name="publicnotice_once",
                violation_error_message="这一版申报已经公示。",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="publicnotice_days",
                violation_error_message="公示止期不能早于起期。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim}公示"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:notice-detail", args=[self.pk])


class NoticeObjection(models.Model):
    """An objection to a notice, and its answer. The person's name is the person's own choice."""

    notice = models.ForeignKey(
        PublicNotice, models.PROTECT, related_name="objections", verbose_name="公示"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="小区"
    )
    channel = models.CharField("渠道", max_length=10, choices=ObjectionChannel.choices)
    person = models.CharField("提出人", max_length=40, blank=True)
    contact = models.CharField("联系方式", max_length=40, blank=True)
    received_on = models.DateField("收到日期")
    content = models.CharField("异议内容", max_length=500)
    recorded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    recorded_at = models.DateTimeField("登记时间")
    outcome = models.CharField(
        "结果", max_length=10, choices=ObjectionOutcome.choices, default=ObjectionOutcome.OPEN
    )
    answer = models.CharField("答复", max_length=500, blank=True)
    answered_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="答复人", related_name="+"
    )
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "recorded",
            fields=(
                "notice",
                "estate",
                "channel",
                "person",
                "contact",
                "received_on",
                "content",
                "recorded_by",
                "recorded_at",
            ),
            message="登记的异议不能修改或删除。",
        ),
        Frozen(
            "answered",
            condition="OLD.outcome <> 'open'",
            message="已答复的异议不能修改或删除。",
        ),
        Guard(
            "open",
            ("INSERT",),
            "NEW.outcome <> 'open' OR (SELECT claim.status FROM subsidies_publicnotice notice"
            " JOIN subsidies_subsidyclaim claim ON claim.id = notice.claim_id"
            " WHERE notice.id = NEW.notice_id AND notice.version = claim.version) <> 'checked'",
            "申报已离开公示环节，异议请按信访登记，或在以后月份补发、扣回。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "公示异议"
        ordering = ["received_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome=ObjectionOutcome.OPEN, answer="", answered_by__isnull=True)
                | Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(answer=""),
                name="noticeobjection_answer_whole",
                violation_error_message="答复须写明内容和答复人。",
            ),
            models.CheckConstraint(
                condition=~Q(content=""),
                name="noticeobjection_has_content",
                violation_error_message="请写明异议内容。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice} 异议"
