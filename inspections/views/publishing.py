"""Black boxes over faces and plates: the page that draws them, and the pictures that result."""

from collections.abc import Container
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from inspections import services
from inspections.choices import REDACTORS, InspectionStatus
from inspections.models import EvidencePhoto, PhotoRedaction
from inspections.services import Box
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.tables import Pill
from xingyang_pm.common.views.generic import PortalView

from .photos import PhotoFull

REJECTED, CONFLICT = 422, 409
EMPTY_ROWS = 4
PARTS = (("x", "左"), ("y", "上"), ("w", "宽"), ("h", "高"))


class RedactionImage(PhotoFull):
    """The picture as it may be published."""

    model = PhotoRedaction

    @property
    def etag(self) -> str:
        return f"redaction-{self.object.pk}-{self.field}"


class RedactionThumbnail(RedactionImage):
    field = "thumbnail"


def read_boxes(request: HttpRequest) -> list[Box]:
    """Return the boxes of the form; a line without any number is no box.

    Raises ``BusinessError`` naming the line that is no box.
    """
    columns = [request.POST.getlist(name) for name, _ in PARTS]
    boxes = []
    for place, line in enumerate(zip(*columns, strict=False), start=1):
        values = [text.strip() for text in line]
        if not any(values):
            continue
        if not all(text.isascii() and text.isdigit() and len(text) <= 4 for text in values):
            raise BusinessError(f"第 {place} 行须填四个 0 到 1000 的整数：左、上、宽、高。")
        boxes.append(Box(*(int(text) for text in values)))
    return boxes


class PhotoRedact(PortalView):
    """Draws boxes on one photo, by mouse, finger or numbers."""

    model, roles = EvidencePhoto, REDACTORS
    template_name = "inspections/redact.html"
    title, menu = "遮挡人脸和车牌", "inspections:inspection-list"

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related("estate", "result__item", "result__inspection__estate")
        )

    @property
    def newest(self) -> PhotoRedaction | None:
        rows = PhotoRedaction.objects.visible_to(self.user).filter(photo=self.object)
        return rows.select_related("made_by").first()

    def refusal(self) -> str:
        photo = self.object
        confirmed = photo.result.inspection.status == InspectionStatus.CONFIRMED
        return "" if photo.reply_item_id or confirmed else "检查记录确认以后，照片才能遮挡公开。"

    def get_meta(self) -> str:
        photo = self.object
        return f"{photo.estate.name}　{photo.result.item.code} {photo.result.item.text}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        newest = self.newest
        return self.render(lines=newest.boxes if newest else [])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.refusal():
            return self.render(CONFLICT, lines=self.typed(), problem=self.refusal())
        try:
            boxes = read_boxes(request)
            if not boxes and "nothing" not in request.POST:
                raise BusinessError("还没有画框。照片上没有人脸和车牌，请按“无需遮挡”。")
            if boxes and "nothing" in request.POST:
                raise BusinessError("已经画了框。要按“无需遮挡”，请先删去全部框。")
            made = services.photo_redact(photo=self.object, actor=self.user, boxes=boxes)
        except BusinessError as error:
            return self.render(REJECTED, lines=self.typed(), problem=error.message)
        done = f"已遮挡 {len(made.boxes)} 处" if made.boxes else "已记为无需遮挡"
        messages.success(request, f"{done}，这张照片可以公开。原照片没有改动。")
        return HttpResponseRedirect(self.object.result.inspection.get_absolute_url() + "#publish")

    def typed(self) -> list[list[str]]:
        columns = [self.request.POST.getlist(name) for name, _ in PARTS]
        return [list(line) for line in zip(*columns, strict=False) if any(line)]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        newest = self.newest
        lines = [[*map(str, line)] for line in extra.pop("lines", [])]
        rows = [*lines, *([""] * 4 for _ in range(EMPTY_ROWS))]
        return super().get_context(
            photo=self.object,
            rows=[[(*part, value) for part, value in zip(PARTS, row, strict=True)] for row in rows],
            newest=newest,
            newest_text=newest_text(newest),
            refusal=self.refusal(),
            problem=extra.pop("problem", ""),
            back_url=self.object.result.inspection.get_absolute_url(),
            **extra,
        )


def state_words(redaction: PhotoRedaction) -> str:
    return f"已遮挡 {len(redaction.boxes)} 处" if redaction.boxes else "无需遮挡"


def made_words(redaction: PhotoRedaction | None) -> str:
    """Who made a photo fit for publication, and when; nothing if nobody has."""
    return f"{redaction.made_by}　{moment_label(redaction.made_at)}" if redaction else ""


def newest_text(redaction: PhotoRedaction | None) -> str:
    """Say what stands about the publication of a photo."""
    if redaction is None:
        return "还没有遮挡，不能公开"
    return f"{state_words(redaction)}　{made_words(redaction)}"


def publication_pill(redaction: PhotoRedaction | None, public: Container[int]) -> Pill:
    """Green what may be published (``public``: ids of redactions), amber what may not and why."""
    if redaction is None:
        return Pill("还没有遮挡", "a")
    if redaction.pk not in public:
        return Pill("照片有疑点，不公开", "a")
    return Pill(state_words(redaction), "g")
