"""Rounds of inspections and the estates they cover."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from estates.models import Estate
from inspections.choices import CoverageBy, DrawShare, RoundStatus
from inspections.querysets import InspectionRoundQuerySet, RoundEstateQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard

from .checklists import Checklist

USER = settings.AUTH_USER_MODEL


class InspectionRound(models.Model):
    """One round of inspections, e.g. 城乡清洁行动 第3次检查."""

    title = models.CharField("名称", max_length=60)
    checklist = models.ForeignKey(
        Checklist, models.PROTECT, verbose_name="检查表", related_name="rounds"
    )
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("第几次")
    coverage_by = models.CharField(
        "由谁检查", max_length=10, choices=CoverageBy.choices, default=CoverageBy.ASSIGNMENT
    )
    # What it was opened over: {"kinds": [...], "streets": [ids]}; an empty list means all.
    extent = models.JSONField("范围", default=dict, blank=True)
    start_date = models.DateField("开始日期")
    end_date = models.DateField("截止日期")
    status = models.CharField(
        "状态", max_length=10, choices=RoundStatus.choices, default=RoundStatus.OPEN
    )
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="建立人", related_name="+")
    created_at = models.DateTimeField("建立时间")
    closed_at = models.DateTimeField("结束时间", null=True, blank=True)
    # As it stood when the round was closed: one row per inspected estate, best first.
    ranking = models.JSONField("排名", default=list, blank=True)

    objects = InspectionRoundQuerySet.as_manager()

    triggers = [
        AllowedMoves(
            message="检查批次结束后不能再打开。",
            moves=frozenset({("open", "closed")}),
            initial=("open",),
        ),
        Frozen(
            "closed",
            condition="OLD.status = 'closed'",
            message="已结束的检查批次不能修改或删除。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查批次"
        ordering = ["-start_date", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["title", "year", "number"],
                name="inspectionround_number_once",
                violation_error_message="本年度已有同名同次的检查批次。",
            ),
            models.CheckConstraint(
                condition=Q(end_date__gte=F("start_date")),
                name="inspectionround_dates",
                violation_error_message="截止日期不能早于开始日期。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} 第{self.number}次检查"

    def get_absolute_url(self) -> str:
        return reverse("inspections:round-detail", args=[self.pk])

    @property
    def is_drawn(self) -> bool:
        """Whether its estates and inspectors come from a public draw."""
        return self.coverage_by == CoverageBy.DRAW

    @property
    def is_open(self) -> bool:
        return self.status == RoundStatus.OPEN


ROUND_CLOSED = "(SELECT status FROM inspections_inspectionround WHERE id = {row}.round_id)"


class RoundEstate(models.Model):
    """One estate that a round covers, and who is to inspect it."""

    round = models.ForeignKey(
        InspectionRound, models.CASCADE, related_name="coverage", verbose_name="检查批次"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="round_coverage", verbose_name="小区"
    )
    inspector = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="检查人", related_name="+"
    )

    objects = RoundEstateQuerySet.as_manager()

    triggers = [
        Frozen(
            "closed",
            condition=ROUND_CLOSED.format(row="OLD") + " = 'closed'",
            message="检查批次已结束，小区和检查人不能再改。",
        ),
        Guard(
            "added",
            ("INSERT",),
            ROUND_CLOSED.format(row="NEW") + " = 'closed'",
            "检查批次已结束，不能再增加小区。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "批次小区"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "estate"],
                name="roundestate_once",
                violation_error_message="这个小区已在本批次中。",
            ),
        ]
        indexes = [models.Index(fields=["inspector", "round"], name="roundestate_inspector")]

    def __str__(self) -> str:
        return f"{self.round} {self.estate}"


class RoundDraw(models.Model):
    """The public random draw (双随机) of a round, with all that is needed to repeat it.

    ``pool`` is what was drawn from, as it stood: ``{"streets": [{"id", "code", "name", "estates":
    [{"id", "code", "name", "officer"}]}], "inspectors": [{"username", "name"}]}``, ``officer``
    the username of who answers for the estate. ``result``: ``[{"street", "place", "code", "key",
    "inspector"}]``. ``digest`` is the SHA-256 of seed, share, pool and result.
    """

    round = models.OneToOneField(
        InspectionRound, models.PROTECT, related_name="draw", verbose_name="检查批次"
    )
    seed = models.CharField("种子", max_length=100)
    seed_origin = models.CharField("种子来源", max_length=120)
    witnesses = models.CharField("见证人", max_length=120)
    share_by = models.CharField("抽取方式", max_length=10, choices=DrawShare.choices)
    share = models.PositiveSmallIntegerField("比例或个数")
    pool = models.JSONField("抽取时的名单")
    result = models.JSONField("抽取结果")
    digest = models.CharField("校验值", max_length=64)
    drawn_by = models.ForeignKey(USER, models.PROTECT, verbose_name="抽取人", related_name="+")
    drawn_at = models.DateTimeField("抽取时间")
    pdf = models.FileField("抽查结果 PDF", upload_to=private_path, blank=True, max_length=200)

    objects = ScopedManager()

    # The paper is printed from the row afterwards; all else stands as it was drawn in public.
    triggers = [Frozen("drawn", allow=("pdf",), message="公开抽取的结果不能修改或删除。")]

    class Meta:
        verbose_name = verbose_name_plural = "公开抽取"
        constraints = [
            models.CheckConstraint(
                condition=Q(share__gte=1) & (Q(share_by=DrawShare.NUMBER) | Q(share__lte=100)),
                name="rounddraw_share",
                violation_error_message="比例须在 1 到 100 之间，个数至少 1 个。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} 双随机抽取"

    @property
    def share_words(self) -> str:
        if self.share_by == DrawShare.PERCENT:
            return f"各街道（乡镇）在册小区的 {self.share}%，不足 1 个的抽 1 个"
        return f"各街道（乡镇） {self.share} 个，不足的全抽"
