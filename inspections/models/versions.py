"""What was reported each time, and each sentence with which it went back."""

from django.conf import settings
from django.db import models

from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AppendOnly, Guard

from .inspections import Inspection

USER = settings.AUTH_USER_MODEL

_STATUS = "(SELECT status FROM inspections_inspection WHERE id = NEW.inspection_id)"

_VERSION_OF = "(SELECT inspection_id FROM inspections_inspectionversion WHERE id = NEW.version_id)"


class InspectionVersion(models.Model):
    """One report of an inspection as it was sent: results of all items, keys of the photos,
    facts of the visit, score. ``content`` is what :func:`inspections.calculations.changes_between`
    compares."""

    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="versions", verbose_name="检查记录"
    )
    number = models.PositiveSmallIntegerField("第几次上报")
    content = models.JSONField("上报内容")
    score = models.DecimalField("得分", max_digits=5, decimal_places=1)
    digest = models.CharField("内容摘要", max_length=64)
    submitted_by = models.ForeignKey(USER, models.PROTECT, verbose_name="上报人", related_name="+")
    submitted_at = models.DateTimeField("上报时间")

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "上报过的内容不能修改或删除。"),
        # Written with the report itself, not afterwards.
        Guard(
            "added",
            ("INSERT",),
            _STATUS + " NOT IN ('draft', 'returned')",
            "已上报的检查记录不能补加上报内容。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "上报版本"
        ordering = ["inspection_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["inspection", "number"], name="inspectionversion_number_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.inspection} 第{self.number}次上报"


class ReturnNote(models.Model):
    """One return of an inspection, with its sentence."""

    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="return_notes", verbose_name="检查记录"
    )
    # Blank for what was reported before versions were kept.
    version = models.OneToOneField(
        InspectionVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="return_note",
        verbose_name="上报版本",
    )
    reason = models.CharField("退回原因", max_length=200)
    returned_by = models.ForeignKey(USER, models.PROTECT, verbose_name="退回人", related_name="+")
    returned_at = models.DateTimeField("退回时间")

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "退回意见不能修改或删除。"),
        Guard(
            "added",
            ("INSERT",),
            _STATUS + " <> 'returned' OR " + _VERSION_OF + " <> NEW.inspection_id",
            "退回意见只随退回写入。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "退回意见"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.reason
