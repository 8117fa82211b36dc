"""The rate: yuan per household and month, by a document."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from subsidies.choices import MonthRuleChoice
from subsidies.querysets import FromMonthQuerySet
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AppendOnly

USER = settings.AUTH_USER_MODEL


class SubsidyRate(models.Model):
    """补贴标准: yuan per household and month, from a month on, by a document."""

    amount = models.DecimalField("标准（元/户·月）", max_digits=8, decimal_places=2)
    effective_from = models.DateField(
        "执行月份",
        unique=True,
        error_messages={"unique": "这个月起已有一个补贴标准，登记后不能修改。"},
    )
    month_rule = models.CharField(
        "月数规则",
        max_length=10,
        choices=MonthRuleChoice.choices,
        default=MonthRuleChoice.FIRST_DAY,
    )
    document_title = models.CharField("文件名称", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    document = models.FileField("文件", upload_to=private_path, blank=True, max_length=200)
    document_name = models.CharField("文件原名", max_length=200, blank=True)
    document_sha256 = models.CharField("文件 SHA-256", max_length=64, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = FromMonthQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "补贴标准登记后不能修改或删除，请登记新的标准。"),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "补贴标准"
        ordering = ["-effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="subsidyrate_positive",
                violation_error_message="补贴标准须大于零。",
            ),
            models.CheckConstraint(
                condition=Q(effective_from__day=1),
                name="subsidyrate_whole_month",
                violation_error_message="执行月份须为某月1日。",
            ),
        ]

    def __str__(self) -> str:
        return f"每户每月 {self.amount} 元（{self.effective_from:%Y-%m} 起）"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:rate-detail", args=[self.pk])
