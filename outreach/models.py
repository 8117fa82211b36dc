"""Publication: bulletins, training, publicity, demonstration projects, policy documents."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate, Street
from inspections.models import InspectionRound
from xingyang_pm.common.models import Job
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, Frozen

from .choices import (
    BULLETIN_MOVES,
    BulletinStatus,
    DemonstrationLevel,
    DemonstrationStage,
    PublicityKind,
    TrainingKind,
)
from .querysets import BulletinQuerySet

USER = settings.AUTH_USER_MODEL


class Bulletin(models.Model):
    """工作简报: drafted by one, signed by another, frozen once signed, printed as PDF.

    ``blocks`` is the text: a list of ``{"kind": "h1|h2|p|table", …}`` as the print template
    reads it. ``figures`` are the numbers of the round, frozen when the draft was made, as a
    list of ``{"key", "label", "value"}``.
    """

    # Of the signature, as the printed date; until then the year in which it was drafted.
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("期号", null=True, blank=True)
    running_number = models.PositiveIntegerField("总期号", null=True, blank=True)
    title = models.CharField("标题", max_length=80)
    round = models.ForeignKey(
        InspectionRound,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bulletins",
        verbose_name="检查批次",
    )
    status = models.CharField(
        "状态", max_length=10, choices=BulletinStatus.choices, default=BulletinStatus.DRAFT
    )
    blocks = models.JSONField("正文", default=list)
    figures = models.JSONField("冻结数据", default=list)
    report_to = models.CharField("报", max_length=200, blank=True)
    send_to = models.CharField("送", max_length=200, blank=True)
    issue_to = models.CharField("发", max_length=200, blank=True)
    copies = models.PositiveIntegerField("共印份数", default=60)
    drafted_by = models.ForeignKey(USER, models.PROTECT, verbose_name="拟稿人", related_name="+")
    drafted_at = models.DateTimeField("拟稿时间")
    updated_at = models.DateTimeField("最近改动")
    signed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="签发人", related_name="+"
    )
    signed_at = models.DateTimeField("签发时间", null=True, blank=True)
    return_reason = models.CharField("退回原因", max_length=200, blank=True)
    job = models.ForeignKey(
        Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="排版任务"
    )
    pdf = models.FileField("简报文件", upload_to=private_path, blank=True, max_length=200)
    pdf_sha256 = models.CharField("文件 SHA-256", max_length=64, blank=True)

    objects = BulletinQuerySet.as_manager()

    triggers = [
        Frozen(
            "issued",
            condition="OLD.status = 'issued'",
            allow=("job", "pdf", "pdf_sha256"),
            message="已签发的简报不能修改或删除。",
        ),
        Frozen(
            "printed",
            fields=("pdf", "pdf_sha256"),
            condition="OLD.pdf_sha256 <> ''",
            events=("UPDATE",),
            message="已签发的简报文件不能替换。",
        ),
        AllowedMoves(message="简报须先送签再签发。", moves=BULLETIN_MOVES, initial=("draft",)),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "工作简报"
        ordering = ["-year", F("number").desc(nulls_first=True), "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "number"],
                condition=Q(number__isnull=False),
                name="bulletin_number_once",
                violation_error_message="这个期号已经用过，没有签发，请再签一次。",
            ),
            models.UniqueConstraint(
                fields=["running_number"],
                condition=Q(running_number__isnull=False),
                name="bulletin_running_number_once",
                violation_error_message="这个总期号已经用过，没有签发，请再签一次。",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | ~Q(signed_by=F("drafted_by")),
                name="bulletin_two_persons",
                violation_error_message="拟稿人不能签发自己拟的简报。",
            ),
            models.CheckConstraint(
                condition=~Q(status=BulletinStatus.ISSUED)
                | Q(signed_by__isnull=False, signed_at__isnull=False, number__isnull=False),
                name="bulletin_issued_is_signed",
                violation_error_message="签发须写明签发人和期号。",
            ),
        ]

    def __str__(self) -> str:
        if self.number is None:
            return "工作简报（未编号）"
        return f"工作简报 {self.year}年第{self.number}期"

    def get_absolute_url(self) -> str:
        return reverse("outreach:bulletin-detail", args=[self.pk])

    @property
    def visible_blocks(self) -> list[dict[str, Any]]:
        """The blocks that are printed."""
        return [block for block in self.blocks if not block.get("hidden")]

    @property
    def figure_map(self) -> dict[str, dict[str, str]]:
        """The frozen figures by key, each with ``label`` and ``value``."""
        return {figure["key"]: figure for figure in self.figures}


class TrainingSession(models.Model):
    """One training of the trade."""

    kind = models.CharField("类别", max_length=10, choices=TrainingKind.choices)
    title = models.CharField("名称", max_length=100)
    held_on = models.DateField("日期")
    place = models.CharField("地点", max_length=80, blank=True)
    organiser = models.CharField("主办", max_length=80, blank=True)
    audience = models.CharField("参加对象", max_length=120, blank=True)
    enterprise_count = models.PositiveIntegerField("参加企业数", default=0)
    people_count = models.PositiveIntegerField("参加人数")
    content = models.TextField("内容", blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "培训"
        ordering = ["-held_on", "-pk"]

    def __str__(self) -> str:
        return self.title


class PublicityItem(models.Model):
    """One kind of publicity put up or broadcast."""

    kind = models.CharField("形式", max_length=10, choices=PublicityKind.choices)
    title = models.CharField("内容", max_length=100)
    published_on = models.DateField("日期")
    quantity = models.PositiveIntegerField("数量")
    street = models.ForeignKey(
        Street,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="publicity",
        verbose_name="街道（乡镇）",
    )
    place = models.CharField("地点", max_length=80, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "宣传"
        ordering = ["-published_on", "-pk"]

    def __str__(self) -> str:
        return self.title


class DemonstrationProject(models.Model):
    """示范项目: an estate that applied for, or holds, a municipal or provincial title."""

    year = models.PositiveSmallIntegerField("年度")
    level = models.CharField("级别", max_length=10, choices=DemonstrationLevel.choices)
    stage = models.CharField("阶段", max_length=10, choices=DemonstrationStage.choices)
    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="demonstrations", verbose_name="小区"
    )
    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="demonstrations", verbose_name="服务主体"
    )
    awarded_on = models.DateField("命名日期", null=True, blank=True)
    rewarded_on = models.DateField("奖励日期", null=True, blank=True)
    remarks = models.CharField("备注", max_length=200, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "示范项目"
        ordering = ["-year", "estate__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "level", "estate"],
                name="demonstration_once",
                violation_error_message="这个小区本年度已登记同级示范项目。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.year}年{self.get_level_display()}示范项目"


class PolicyDocument(models.Model):
    """政策文件: issued to all offices."""

    title = models.CharField("标题", max_length=120)
    number = models.CharField("文号", max_length=60, blank=True)
    issuer = models.CharField("发文机关", max_length=60)
    issued_on = models.DateField("发文日期")
    effective_from = models.DateField("施行日期", null=True, blank=True)
    summary = models.TextField("摘要", blank=True)
    file = models.FileField("文件", upload_to=private_path, blank=True, max_length=200)
    file_name = models.CharField("文件名", max_length=200, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="登记人", related_name="+")
    created_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "政策文件"
        ordering = ["-issued_on", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("outreach:policy-detail", args=[self.pk])
