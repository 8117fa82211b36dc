"""Photos as evidence."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from estates.models import Estate
from inspections.calculations import metres_between
from inspections.choices import PhotoStage
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import Frozen, Guard

from .inspections import ItemResult
from .rectification import ReplyItem

USER = settings.AUTH_USER_MODEL


_PHOTO_OF = (
    "(SELECT inspection.status FROM inspections_inspection inspection "
    "JOIN inspections_itemresult result ON result.inspection_id = inspection.id "
    "WHERE result.id = {row}.result_id)"
)


class EvidencePhoto(models.Model):
    """One photo as evidence: of a failed item, or of its repair."""

    estate = models.ForeignKey(Estate, models.PROTECT, related_name="photos", verbose_name="小区")
    result = models.ForeignKey(
        ItemResult, models.CASCADE, related_name="photos", verbose_name="检查结果"
    )
    reply_item = models.ForeignKey(
        ReplyItem,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="photos",
        verbose_name="逐项回复",
    )
    stage = models.CharField("阶段", max_length=6, choices=PhotoStage.choices)
    client_key = models.UUIDField("照片键", unique=True, default=uuid.uuid4)
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
    uploaded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="上传人", related_name="+")
    uploaded_at = models.DateTimeField("上传时间")

    objects = ScopedManager()

    triggers = [
        Frozen(
            "reported",
            condition="OLD.reply_item_id IS NOT NULL OR "
            + _PHOTO_OF.format(row="OLD")
            + " IN ('submitted', 'confirmed')",
            message="作为证据的照片不能修改或删除。",
        ),
        # A photo may still arrive after its record was reported, but not once it is confirmed.
        Guard(
            "added",
            ("INSERT",),
            "NEW.reply_item_id IS NULL AND " + _PHOTO_OF.format(row="NEW") + " = 'confirmed'",
            "已确认的检查记录不能增加照片。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "证据照片"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["source_sha256"], name="evidencephoto_source"),
            models.Index(fields=["perceptual_hash"], name="evidencephoto_phash"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}照片"

    def get_absolute_url(self) -> str:
        return reverse("inspections:photo-full", args=[self.pk])

    def get_thumbnail_url(self) -> str:
        return reverse("inspections:photo-thumbnail", args=[self.pk])

    @property
    def metres_from_estate(self) -> int | None:
        """How far from its estate the picture was taken, where both places are known."""
        estate = self.estate
        if None in (self.latitude, self.longitude, estate.latitude, estate.longitude):
            return None
        return metres_between(self.latitude, self.longitude, estate.latitude, estate.longitude)
