"""What follows when an order is not obeyed: 约谈, 通报, 移交执法."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inspections.querysets import HandoverQuerySet, InterviewQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import Frozen, Guard

from .rectification import RectificationOrder

USER = settings.AUTH_USER_MODEL


class Escalation(models.Model):
    """What the three papers have in common: an order, a number of their own per year, who and
    when."""

    order = models.ForeignKey(
        RectificationOrder, models.PROTECT, related_name="%(class)ss", verbose_name="整改通知书"
    )
    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("序号")
    number = models.CharField("文号", max_length=40, unique=True)
    issued_by = models.ForeignKey(USER, models.PROTECT, verbose_name="签发人", related_name="+")
    issued_at = models.DateTimeField("签发时间")
    pdf = models.FileField("文书", upload_to=private_path, blank=True, max_length=200)

    objects = ScopedManager()

    class Meta:
        abstract = True
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "serial"],
                name="%(class)s_serial_once",
                violation_error_message="这个文号已经用过，请再试一次。",
            ),
        ]

    def __str__(self) -> str:
        return self.number


_MINUTES = (
    "held_on",
    "host",
    "recorder",
    "attendees",
    "problems",
    "statement",
    "demands",
    "demands_deadline",
    "recorded_by",
    "recorded_at",
)


class Interview(Escalation):
    """约谈: the notice that calls the firm in, and what was said."""

    invited = models.CharField("约谈对象", max_length=120)
    cause = models.CharField("约谈事由", max_length=300)
    scheduled_at = models.DateTimeField("约谈时间")
    place = models.CharField("约谈地点", max_length=100)
    bring = models.CharField("需带材料", max_length=200, blank=True)
    held_on = models.DateField("实际约谈日期", null=True, blank=True)
    host = models.CharField("主持人", max_length=30, blank=True)
    recorder = models.CharField("记录人", max_length=30, blank=True)
    attendees = models.CharField("参加人", max_length=200, blank=True)
    problems = models.CharField("通报问题", max_length=1000, blank=True)
    statement = models.CharField("企业表态", max_length=1000, blank=True)
    demands = models.CharField("整改要求", max_length=1000, blank=True)
    demands_deadline = models.DateField("整改期限", null=True, blank=True)
    recorded_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="登记人", related_name="+"
    )
    recorded_at = models.DateTimeField("登记时间", null=True, blank=True)
    minutes_pdf = models.FileField("约谈记录", upload_to=private_path, blank=True, max_length=200)

    objects = InterviewQuerySet.as_manager()

    triggers = [
        Frozen(
            "issued",
            allow=("pdf", "minutes_pdf", *_MINUTES),
            message="约谈通知书签发后不能修改或删除。",
        ),
        Frozen(
            "recorded",
            condition="OLD.recorded_at IS NOT NULL",
            fields=_MINUTES,
            message="约谈记录登记后不能修改。",
        ),
    ]

    class Meta(Escalation.Meta):
        verbose_name = verbose_name_plural = "约谈"
        constraints = [
            *Escalation.Meta.constraints,
            models.CheckConstraint(
                condition=Q(recorded_at__isnull=True)
                | (
                    Q(held_on__isnull=False, recorded_by__isnull=False)
                    & ~Q(host="")
                    & ~Q(recorder="")
                    & ~Q(attendees="")
                    & ~Q(problems="")
                    & ~Q(demands="")
                ),
                name="interview_minutes_are_whole",
                violation_error_message="约谈记录须写明日期、主持人、记录人、参加人、问题和要求。",
            ),
            models.CheckConstraint(
                condition=Q(demands_deadline__isnull=True) | Q(demands_deadline__gte=F("held_on")),
                name="interview_deadline",
                violation_error_message="整改期限不能早于约谈日期。",
            ),
        ]

    @property
    def is_recorded(self) -> bool:
        return self.recorded_at is not None


class Circular(Escalation):
    """通报: names the firm and what it has not mended before the others."""

    title = models.CharField("标题", max_length=80)
    text = models.TextField("正文", max_length=5000)

    triggers = [
        Frozen("issued", allow=("pdf",), message="通报签发后不能修改或删除。"),
    ]

    class Meta(Escalation.Meta):
        verbose_name = verbose_name_plural = "通报"


_FEEDBACK = (
    "feedback_result",
    "feedback_on",
    "feedback_number",
    "feedback_by",
    "feedback_at",
)


class Handover(Escalation):
    """移交执法: the order goes to the enforcing organ, whose answer is recorded later."""

    organ = models.CharField("接收机关", max_length=60)
    handed_on = models.DateField("移交日期")
    facts = models.CharField("移交事由", max_length=500)
    materials = models.CharField("移交材料清单", max_length=1000)
    received_by = models.CharField("接收人", max_length=30, blank=True)
    feedback_result = models.CharField("处理结果", max_length=500, blank=True)
    feedback_on = models.DateField("反馈日期", null=True, blank=True)
    feedback_number = models.CharField("处理文书文号", max_length=60, blank=True)
    feedback_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="登记人", related_name="+"
    )
    feedback_at = models.DateTimeField("登记时间", null=True, blank=True)

    objects = HandoverQuerySet.as_manager()

    triggers = [
        Frozen(
            "issued",
            allow=("pdf", *_FEEDBACK),
            message="移交后不能修改或删除。",
        ),
        Frozen(
            "answered",
            condition="OLD.feedback_at IS NOT NULL",
            fields=_FEEDBACK,
            message="处理结果登记后不能修改。",
        ),
        Guard(
            "when_due",
            ("INSERT",),
            "(SELECT status FROM inspections_rectificationorder WHERE id = NEW.order_id) "
            "<> 'issued' OR (NEW.handed_on <= (SELECT deadline FROM "
            "inspections_rectificationorder WHERE id = NEW.order_id) AND NOT EXISTS (SELECT 1 "
            "FROM inspections_recheck recheck WHERE recheck.order_id = NEW.order_id "
            "AND recheck.result = 'fail'))",
            "只有逾期或复查不到位的整改单可以移交执法。",
        ),
    ]

    class Meta(Escalation.Meta):
        verbose_name = verbose_name_plural = "移交执法"
        constraints = [
            *Escalation.Meta.constraints,
            models.UniqueConstraint(
                fields=["order"],
                name="handover_once",
                violation_error_message="这份整改单已经移交执法。",
            ),
            models.CheckConstraint(
                condition=Q(feedback_at__isnull=True)
                | (
                    Q(feedback_on__gte=F("handed_on"), feedback_by__isnull=False)
                    & ~Q(feedback_result="")
                ),
                name="handover_feedback_is_whole",
                violation_error_message="处理结果须写明内容和日期，日期不能早于移交日期。",
            ),
        ]
