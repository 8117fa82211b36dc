"""What a phone has announced or sent beside the record: photos on their way, other contents."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from inspections.choices import ConflictResolution, PhotoStage
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard

from .checklists import ChecklistItem
from .inspections import Inspection

USER = settings.AUTH_USER_MODEL

_STATUS = "(SELECT status FROM inspections_inspection WHERE id = {row}.inspection_id {lock})"


class AnnouncedPhoto(models.Model):
    """A photo that a draft says it has. Until a photo with this key is there, it is missing.

    ``sha256`` is of the file as the phone sends it; blank where the phone could not count it.
    """

    inspection = models.ForeignKey(
        Inspection, models.CASCADE, related_name="announced", verbose_name="检查记录"
    )
    item = models.ForeignKey(
        ChecklistItem, models.PROTECT, related_name="+", verbose_name="检查项目"
    )
    stage = models.CharField(
        "阶段", max_length=6, choices=PhotoStage.choices, default=PhotoStage.FOUND
    )
    client_key = models.UUIDField("照片键", unique=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    announced_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    triggers = [
        Frozen(
            "reported",
            condition=_STATUS.format(row="OLD", lock="") + " IN ('submitted', 'confirmed')",
            message="已上报的检查记录，登记的照片不能改动。",
        ),
        Guard(
            "added",
            ("INSERT",),
            _STATUS.format(row="NEW", lock="{row_lock}") + " IN ('submitted', 'confirmed')",
            "已上报的检查记录不能再登记照片。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "登记的照片"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.item} {self.get_stage_display()}照片"


class DraftConflict(models.Model):
    """Another content that came under the key of a record, kept as it came.

    ``photos`` lists what it announced (``key``, ``item``, ``stage``, ``sha256``). Once resolved,
    the row says who decided which of the two stands.
    """

    inspection = models.ForeignKey(
        Inspection, models.CASCADE, related_name="conflicts", verbose_name="检查记录"
    )
    content = models.JSONField("内容")
    photos = models.JSONField("登记的照片", default=list, blank=True)
    digest = models.CharField("内容摘要", max_length=64)
    received_at = models.DateTimeField("收到时间")
    by = models.ForeignKey(USER, models.PROTECT, verbose_name="报送人", related_name="+")
    resolution = models.CharField(
        "处理",
        max_length=6,
        choices=ConflictResolution.choices,
        default=ConflictResolution.OPEN,
    )
    resolved_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="处理人", related_name="+"
    )
    resolved_at = models.DateTimeField("处理时间", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "content",
            events=("UPDATE",),
            message="收到的另一份内容不能修改。",
            allow=("resolution", "resolved_by", "resolved_at"),
        ),
        Frozen(
            "resolved",
            events=("UPDATE",),
            condition="OLD.resolution <> 'open'",
            message="这份内容已经处理过，不能再改。",
        ),
        # A draft that was never reported may be thrown away whole.
        Guard(
            "kept",
            ("DELETE",),
            _STATUS.format(row="OLD", lock="") + " <> 'draft'",
            "收到的另一份内容不能删除。",
        ),
        AllowedMoves(
            column="resolution",
            moves=frozenset({("open", "kept"), ("open", "taken")}),
            initial=("open",),
            message="处理结果不能这样改动。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "同一草稿的另一份内容"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["inspection", "digest"],
                name="draftconflict_once",
                violation_error_message="这份内容已经收到过。",
            ),
            models.CheckConstraint(
                condition=Q(resolution=ConflictResolution.OPEN, resolved_by__isnull=True)
                | (
                    ~Q(resolution=ConflictResolution.OPEN)
                    & Q(resolved_by__isnull=False, resolved_at__isnull=False)
                ),
                name="draftconflict_resolved_by",
                violation_error_message="处理须写明处理人和时间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.inspection} 的另一份内容"

    def get_absolute_url(self) -> str:
        return f"{self.inspection.get_absolute_url()}#conflict-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.resolution == ConflictResolution.OPEN


class ConflictPhoto(models.Model):
    """A photo of the other content; it becomes evidence only if that content is taken over."""

    conflict = models.ForeignKey(
        DraftConflict, models.CASCADE, related_name="arrived", verbose_name="另一份内容"
    )
    item = models.ForeignKey(
        ChecklistItem, models.PROTECT, related_name="+", verbose_name="检查项目"
    )
    stage = models.CharField("阶段", max_length=6, choices=PhotoStage.choices)
    client_key = models.UUIDField("照片键", default=uuid.uuid4)
    image = models.FileField("照片", upload_to=private_path, max_length=200)
    thumbnail = models.FileField("缩略图", upload_to=private_path, max_length=200)
    width = models.PositiveIntegerField("宽")
    height = models.PositiveIntegerField("高")
    sha256 = models.CharField("SHA-256", max_length=64)
    source_sha256 = models.CharField("原图 SHA-256", max_length=64)
    perceptual_hash = models.CharField("感知哈希", max_length=16)
    taken_at = models.DateTimeField("拍摄时间", null=True, blank=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True, blank=True)
    uploaded_at = models.DateTimeField("上传时间")

    objects = ScopedManager()

    triggers = [
        Frozen(
            "append",
            condition="(SELECT draft.status FROM inspections_inspection draft "
            "JOIN inspections_draftconflict other ON other.inspection_id = draft.id "
            "WHERE other.id = OLD.conflict_id) <> 'draft'",
            message="收到的另一份照片不能修改或删除。",
        )
    ]

    class Meta:
        verbose_name = verbose_name_plural = "另一份内容的照片"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["conflict", "client_key"],
                name="conflictphoto_once",
                violation_error_message="这张照片已经收到过。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}照片"

    def get_absolute_url(self) -> str:
        return reverse("inspections:conflict-photo", args=[self.pk])

    def get_thumbnail_url(self) -> str:
        return reverse("inspections:conflict-photo-thumbnail", args=[self.pk])
