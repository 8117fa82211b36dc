"""The coefficient of the month's assessment: bands of scores, by a document, from a month on."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from subsidies.querysets import FromMonthQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AppendOnly, Guard

USER = settings.AUTH_USER_MODEL


class CoefficientTable(models.Model):
    """考核系数: from a month on the amount of a line is multiplied by the coefficient of the band
    that the score of the month's 四有 inspection falls into.

    A table without bands ends it: the coefficient is 1 again. One that is registered later for
    the same month takes the place of the earlier.
    """

    effective_from = models.DateField("执行月份")
    document_title = models.CharField("文件名称", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = FromMonthQuerySet.as_manager()

    triggers = [AppendOnly("append", "考核系数登记后不能修改或删除，请登记新的系数。")]

    class Meta:
        verbose_name = verbose_name_plural = "考核系数"
        ordering = ["-effective_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_from__day=1),
                name="coefficienttable_whole_month",
                violation_error_message="执行月份须为某月1日。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_title}（{self.effective_from:%Y-%m} 起）"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:coefficient-detail", args=[self.pk])


class CoefficientBand(models.Model):
    """Scores from ``minimum`` on, up to the next band, take ``coefficient``."""

    table = models.ForeignKey(
        CoefficientTable, models.PROTECT, related_name="bands", verbose_name="考核系数"
    )
    minimum = models.DecimalField("得分下限", max_digits=5, decimal_places=1)
    coefficient = models.DecimalField("系数", max_digits=4, decimal_places=2)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "考核系数登记后不能修改或删除，请登记新的系数。"),
        Guard(
            "unused",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM subsidies_subsidyline line"
            " WHERE line.coefficient_table_id = NEW.table_id)",
            "已有补贴按这个系数核算，不能再增加档次。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "系数档次"
        ordering = ["table_id", "-minimum"]
        constraints = [
            models.UniqueConstraint(
                fields=["table", "minimum"],
                name="coefficientband_once",
                violation_error_message="这个得分下限已有一档。",
            ),
            models.CheckConstraint(
                condition=Q(coefficient__gte=0) & Q(coefficient__lte=1),
                name="coefficientband_share",
                violation_error_message="系数须在 0 至 1 之间。",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=0),
                name="coefficientband_minimum",
                violation_error_message="得分下限不能是负数。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.minimum} 分及以上 系数 {self.coefficient}"
