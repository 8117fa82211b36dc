"""Photos as evidence."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from estates.models import Estate
from inspections.calculations import metres_between
from inspections.choices import FlagKind, FlagVerdict, PhotoStage
from inspections.querysets import PhotoFlagQuerySet, PhotoRedactionQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AppendOnly, Frozen, Guard

from .inspections import ItemResult
from .rectification import ReplyItem, ReplyLink, one_source

USER = settings.AUTH_USER_MODEL


_PHOTO_OF = (
    "(SELECT inspection.status FROM inspections_inspection inspection "
    "JOIN inspections_itemresult result ON result.inspection_id = inspection.id "
    "WHERE result.id = {row}.result_id)"
)


class EvidencePhoto(models.Model):
    """One photo as evidence: of what was found on an item, or of its repair."""

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
    # The same hash in four indexed parts: pictures that differ in few bits agree in one of them,
    # or all but one bit of it, so that near ones are found without reading all.
    band_1 = models.PositiveIntegerField("感知哈希第1段", default=0, editable=False)
    band_2 = models.PositiveIntegerField("感知哈希第2段", default=0, editable=False)
    band_3 = models.PositiveIntegerField("感知哈希第3段", default=0, editable=False)
    band_4 = models.PositiveIntegerField("感知哈希第4段", default=0, editable=False)
    taken_at = models.DateTimeField("拍摄时间", null=True, blank=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True, blank=True)
    uploaded_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="上传人", related_name="+"
    )
    # The firm's own after-photos come by its signed link.
    link = models.ForeignKey(
        ReplyLink,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="签名链接",
        related_name="photos",
    )
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
        constraints = [one_source("uploaded", "照片须由一名账号用户或一个签名链接上传。")]
        indexes = [
            models.Index(fields=["source_sha256"], name="evidencephoto_source"),
            models.Index(fields=["sha256"], name="evidencephoto_sha"),
            models.Index(fields=["perceptual_hash"], name="evidencephoto_phash"),
            # One for each band: near pictures agree in any of the four.
            *(
                models.Index(fields=[f"band_{n}"], name=f"evidencephoto_band_{n}")
                for n in range(1, 5)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage_word}照片"

    def get_absolute_url(self) -> str:
        return reverse("inspections:photo-full", args=[self.pk])

    def get_thumbnail_url(self) -> str:
        return reverse("inspections:photo-thumbnail", args=[self.pk])

    @property
    def stage_word(self) -> str:
        """整改前, 整改后, or 现场 where nothing was wrong; only of what was found is the result
        read."""
        if self.stage == PhotoStage.FIXED:
            return str(PhotoStage.FIXED.label)
        return PhotoStage(self.stage).word_beside(self.result.outcome)

    @property
    def metres_from_estate(self) -> int | None:
        """How far from its estate the picture was taken, where both places are known."""
        estate = self.estate
        if None in (self.latitude, self.longitude, estate.latitude, estate.longitude):
            return None
        return metres_between(self.latitude, self.longitude, estate.latitude, estate.longitude)


# The inspection of the photo of a flag, and whether the photo is of a repair.
_FLAGGED = (
    "(SELECT inspection.status FROM inspections_inspection inspection "
    "JOIN inspections_itemresult result ON result.inspection_id = inspection.id "
    "JOIN inspections_evidencephoto photo ON photo.result_id = result.id "
    "WHERE photo.id = OLD.photo_id AND photo.reply_item_id IS NULL)"
)


# Whether a recheck has found done what the photo of a flag shows.
_SETTLED = (
    "EXISTS (SELECT 1 FROM inspections_evidencephoto photo "
    "JOIN inspections_replyitem answer ON answer.id = photo.reply_item_id "
    "JOIN inspections_recheck recheck ON recheck.reply_id = answer.reply_id "
    "JOIN inspections_recheckitem looked ON looked.recheck_id = recheck.id "
    "AND looked.item_id = answer.item_id "
    "WHERE photo.id = OLD.photo_id AND looked.result = 'pass')"
)


class PhotoFlag(models.Model):
    """Something about a photo that its reviewer has to look at: used before, or taken elsewhere
    or at another time. It accuses nobody and blocks nobody but the one who confirms."""

    photo = models.ForeignKey(
        EvidencePhoto, models.CASCADE, related_name="flags", verbose_name="照片"
    )
    kind = models.CharField("疑点", max_length=8, choices=FlagKind.choices)
    # The earlier picture; gone if it stood in a draft and was taken out of it.
    other = models.ForeignKey(
        EvidencePhoto,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="另一张照片",
    )
    # Names no other estate: not everybody who reads it may know that one.
    sentence = models.CharField("说明", max_length=200)
    raised_at = models.DateTimeField("发现时间")
    verdict = models.CharField("结论", max_length=8, choices=FlagVerdict.choices, blank=True)
    reason = models.CharField("结论说明", max_length=200, blank=True)
    reviewed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="认定人", related_name="+"
    )
    reviewed_at = models.DateTimeField("认定时间", null=True, blank=True)

    objects = PhotoFlagQuerySet.as_manager()

    settled: bool  # of ``with_origin()``

    triggers = [
        Frozen(
            "raised",
            events=("UPDATE",),
            allow=("other", "verdict", "reason", "reviewed_by", "reviewed_at"),
            message="照片疑点由系统比对得出，不能修改。",
        ),
        Frozen(
            "confirmed",
            events=("UPDATE",),
            condition=_FLAGGED + " = 'confirmed'",
            allow=("other",),
            message="检查记录已确认，照片疑点的结论不能再改。",
        ),
        Frozen(
            "settled",
            events=("UPDATE",),
            condition="OLD.verdict <> '' AND " + _SETTLED,
            allow=("other",),
            message="复查已认定整改到位，照片疑点的结论不能再改。",
        ),
        Guard(
            "kept",
            ("DELETE",),
            f"COALESCE({_FLAGGED}, 'confirmed') IN ('submitted', 'confirmed')",
            "照片疑点不能删除，请写结论。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "照片疑点"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["photo", "kind", "other"], name="photoflag_once"),
            models.UniqueConstraint(
                fields=["photo", "kind"],
                condition=Q(kind__in=[FlagKind.TIME, FlagKind.PLACE, FlagKind.VISIT]),
                name="photoflag_kind_once",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", reviewed_by__isnull=True, reviewed_at__isnull=True)
                | (~Q(verdict="") & Q(reviewed_by__isnull=False, reviewed_at__isnull=False)),
                name="photoflag_verdict",
                violation_error_message="照片疑点的结论须写明认定人和时间。",
            ),
        ]
        indexes = [
            # What still waits for a verdict, for the list and the confirmation.
            models.Index(fields=["photo"], condition=Q(verdict=""), name="photoflag_open"),
        ]

    def __str__(self) -> str:
        return f"{self.photo} {self.get_kind_display()}"

    @property
    def is_open(self) -> bool:
        return not self.verdict


class PhotoRedaction(models.Model):
    """A photo made fit for publication: black boxes over faces and plates, in a picture of its
    own. An empty list of boxes says that somebody looked and nothing needs hiding. The newest
    counts; the photo itself is never touched."""

    photo = models.ForeignKey(
        EvidencePhoto, models.PROTECT, related_name="redactions", verbose_name="照片"
    )
    # [x, y, width, height] of each box in per mille of the picture, from its upper left corner.
    boxes = models.JSONField("遮挡框", default=list, blank=True)
    image = models.FileField("公开照片", upload_to=private_path, max_length=200)
    thumbnail = models.FileField("公开缩略图", upload_to=private_path, max_length=200)
    made_by = models.ForeignKey(USER, models.PROTECT, verbose_name="遮挡人", related_name="+")
    made_at = models.DateTimeField("遮挡时间")

    objects = PhotoRedactionQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "遮挡后的照片不能修改或删除，请重新遮挡。"),
        # Only of photos that can no longer be taken away.
        Guard(
            "final",
            ("INSERT",),
            "COALESCE((SELECT inspection.status FROM inspections_inspection inspection "
            "JOIN inspections_itemresult result ON result.inspection_id = inspection.id "
            "JOIN inspections_evidencephoto photo ON photo.result_id = result.id "
            "WHERE photo.id = NEW.photo_id AND photo.reply_item_id IS NULL), 'confirmed') "
            "<> 'confirmed'",
            "检查记录确认以后，照片才能遮挡公开。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "公开照片"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.photo} {'无需遮挡' if not self.boxes else f'遮挡 {len(self.boxes)} 处'}"

    def get_absolute_url(self) -> str:
        return reverse("inspections:redaction-image", args=[self.pk])

    def get_thumbnail_url(self) -> str:
        return reverse("inspections:redaction-thumbnail", args=[self.pk])
