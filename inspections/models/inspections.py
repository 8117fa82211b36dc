"""Inspections and what they found, item by item."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate
from inspections.choices import (
    COUNTED,
    EDITABLE,
    INSPECTION_MOVES,
    Grade,
    InspectionStatus,
    Outcome,
)
from inspections.querysets import InspectionQuerySet, ItemResultQuerySet
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard

from .checklists import Checklist, ChecklistItem
from .rounds import ROUND_CLOSED, InspectionRound

USER = settings.AUTH_USER_MODEL


class Inspection(models.Model):
    """One visit to one estate. The score is computed from item results, never typed.

    What is entered stands in ``draft`` until it is reported; then it becomes item results, and
    the record gets its number. ``client_key`` is the key of the draft on the device: the same
    draft sent twice is one record.
    """

    number = models.CharField("检查编号", max_length=24, unique=True, null=True, blank=True)
    client_key = models.UUIDField("草稿键", unique=True, default=uuid.uuid4)
    draft = models.JSONField("草稿内容", default=dict, blank=True)
    content_digest = models.CharField("内容摘要", max_length=64, blank=True)
    round = models.ForeignKey(
        InspectionRound,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="检查批次",
        related_name="inspections",
    )
    checklist = models.ForeignKey(
        Checklist, models.PROTECT, verbose_name="检查表", related_name="inspections"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, verbose_name="小区", related_name="inspections"
    )
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="服务主体",
        related_name="inspections",
    )
    inspected_on = models.DateField("检查日期")
    inspector = models.ForeignKey(
        USER, models.PROTECT, verbose_name="检查人", related_name="inspections"
    )
    companion = models.CharField("同行检查人", max_length=60, blank=True)
    site_contact = models.CharField("陪同人", max_length=60, blank=True)
    status = models.CharField(
        "状态", max_length=10, choices=InspectionStatus.choices, default=InspectionStatus.DRAFT
    )
    score = models.DecimalField("得分", max_digits=5, decimal_places=1, null=True, blank=True)
    working = models.JSONField("算分过程", default=dict, blank=True)
    failed_count = models.PositiveIntegerField("不合格项数", default=0)
    # Blank where the checklist does not look at the public disclosure.
    missing_disclosures = models.PositiveSmallIntegerField("公示缺项", null=True, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True, blank=True)
    entered_by = models.ForeignKey(USER, models.PROTECT, verbose_name="录入人", related_name="+")
    created_at = models.DateTimeField("录入时间")
    saved_at = models.DateTimeField("最近保存", null=True, blank=True)
    submitted_at = models.DateTimeField("上报时间", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="确认人", related_name="+"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)
    return_reason = models.CharField("退回原因", max_length=200, blank=True)

    objects = InspectionQuerySet.as_manager()

    triggers = [
        Frozen(
            "confirmed",
            condition="OLD.status = 'confirmed'",
            message="已确认的检查记录不能修改或删除。",
        ),
        AllowedMoves(
            message="检查记录的状态不能这样改动。", moves=INSPECTION_MOVES, initial=("draft",)
        ),
        Guard(
            "round_closed",
            ("UPDATE",),
            "NEW.status = 'submitted' AND OLD.status <> 'submitted' AND "
            + ROUND_CLOSED.format(row="NEW")
            + " = 'closed'",
            "检查批次已结束，不能再上报。",
        ),
        Guard(
            "return_with_order",
            ("UPDATE",),
            "NEW.status = 'returned' AND OLD.status <> 'returned' AND EXISTS (SELECT 1 FROM "
            "inspections_rectificationorder issued WHERE issued.inspection_id = NEW.id)",
            "这份检查已下达整改通知书，不能退回。",
        ),
        Guard(
            "doubtful",
            ("UPDATE",),
            "NEW.status = 'confirmed' AND OLD.status <> 'confirmed' AND EXISTS (SELECT 1 FROM "
            "inspections_photoflag flag "
            "JOIN inspections_evidencephoto photo ON photo.id = flag.photo_id "
            "JOIN inspections_itemresult result ON result.id = photo.result_id "
            "WHERE result.inspection_id = NEW.id AND photo.reply_item_id IS NULL "
            "AND flag.verdict = '')",
            "还有照片疑点没有写结论，不能确认。",
        ),
        Guard(
            "photos_missing",
            ("UPDATE",),
            "NEW.status = 'confirmed' AND OLD.status <> 'confirmed' AND EXISTS (SELECT 1 FROM "
            "inspections_announcedphoto told WHERE told.inspection_id = NEW.id AND NOT EXISTS "
            "(SELECT 1 FROM inspections_evidencephoto photo "
            "WHERE photo.client_key = told.client_key))",
            "有照片还在手机上，未到，不能确认。",
        ),
        Guard(
            "open_conflict",
            ("UPDATE",),
            "NEW.status = 'confirmed' AND OLD.status <> 'confirmed' AND EXISTS (SELECT 1 FROM "
            "inspections_draftconflict other "
            "WHERE other.inspection_id = NEW.id AND other.resolution = 'open')",
            "同一份草稿还有另一份内容没有处理，不能确认。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查记录"
        ordering = ["-inspected_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("entered_by")),
                name="inspection_two_persons",
                violation_error_message="录入人不能确认自己的检查记录。",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0),
                name="inspection_score",
                violation_error_message="得分不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(status=InspectionStatus.DRAFT)
                | Q(number__isnull=False, score__isnull=False, submitted_at__isnull=False),
                name="inspection_reported",
                violation_error_message="上报的检查记录须有编号和得分。",
            ),
            models.CheckConstraint(
                condition=~Q(status=InspectionStatus.CONFIRMED) | Q(confirmed_by__isnull=False),
                name="inspection_confirmed_by",
                violation_error_message="确认须写明确认人。",
            ),
            models.UniqueConstraint(
                fields=["round", "estate"],
                condition=Q(status__in=COUNTED),
                name="inspection_once_per_round",
                violation_error_message="这个小区在本批次已有检查记录。",
            ),
            models.UniqueConstraint(
                fields=["round", "estate", "entered_by"],
                condition=Q(status__in=EDITABLE),
                name="inspection_one_draft",
                violation_error_message="这个小区在本批次已有一份草稿，请接着填那一份。",
            ),
        ]
        indexes = [
            # The latest inspection of an estate, for the list and the record.
            models.Index(fields=["estate", "status", "-inspected_on"], name="inspection_estate"),
            models.Index(fields=["round", "status"], name="inspection_round"),
            models.Index(fields=["inspector", "status", "-inspected_on"], name="inspection_mine"),
            models.Index(fields=["status", "-inspected_on"], name="inspection_list"),
        ]

    def __str__(self) -> str:
        return f"{self.number or '草稿'} {self.estate}"

    def get_absolute_url(self) -> str:
        return reverse("inspections:inspection-detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE

    @property
    def is_counted(self) -> bool:
        return self.status in COUNTED

    @property
    def grade(self) -> Grade | None:
        """The grade as it was computed with the score; None before the record is reported."""
        code = self.working.get("grade") if isinstance(self.working, dict) else None
        return Grade(code) if code else None


# A result, like its photos, stands once its inspection is reported; returned, it opens again.
_INSPECTION = "(SELECT status FROM inspections_inspection WHERE id = {row}.inspection_id {lock})"


class ItemResult(models.Model):
    """What was found on one item."""

    inspection = models.ForeignKey(
        Inspection, models.CASCADE, related_name="results", verbose_name="检查记录"
    )
    item = models.ForeignKey(
        ChecklistItem, models.PROTECT, related_name="results", verbose_name="检查项目"
    )
    outcome = models.CharField("结果", max_length=4, choices=Outcome.choices)
    deduction = models.DecimalField("扣分", max_digits=5, decimal_places=1, default=0)
    note = models.CharField("问题描述", max_length=300, blank=True)
    deadline = models.DateField("整改期限", null=True, blank=True)
    fixed_on_site = models.BooleanField("当场已改正", default=False)

    objects = ItemResultQuerySet.as_manager()

    triggers = [
        Frozen(
            "reported",
            condition=_INSPECTION.format(row="OLD", lock="") + " IN ('submitted', 'confirmed')",
            message="已上报的检查结果不能修改或删除。",
        ),
        Guard(
            "added",
            ("INSERT",),
            _INSPECTION.format(row="NEW", lock="{row_lock}") + " IN ('submitted', 'confirmed')",
            "已上报的检查记录不能增加检查结果。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查结果"
        ordering = ["item__position"]
        constraints = [
            models.UniqueConstraint(fields=["inspection", "item"], name="itemresult_once"),
            models.CheckConstraint(
                condition=Q(deduction__gte=0) & (Q(outcome=Outcome.FAIL) | Q(deduction=0)),
                name="itemresult_deduction",
                violation_error_message="只有不合格项可以扣分，扣分不能是负数。",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.FAIL) | ~Q(note=""),
                name="itemresult_fail_has_note",
                violation_error_message="不合格项须写问题描述。",
            ),
            models.CheckConstraint(
                condition=Q(fixed_on_site=False) | Q(outcome=Outcome.FAIL),
                name="itemresult_fixed_failed",
                violation_error_message="只有不合格项可以当场改正。",
            ),
        ]
        indexes = [
            # Disclosure state and problems by item.
            models.Index(fields=["item", "outcome"], name="itemresult_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.get_outcome_display()}"
