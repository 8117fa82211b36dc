"""Making a photo fit for publication: black boxes in a picture of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import User
from inspections.choices import REDACTORS, InspectionStatus
from inspections.models import EvidencePhoto, PhotoRedaction
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded

from .pictures import covered_picture

TAG = "检查"
WHOLE = 1000
MIN_SIDE = 5
MAX_BOXES = 60


@dataclass(frozen=True)
class Box:
    """One box in per mille of the picture, from its upper left corner."""

    left: int
    top: int
    width: int
    height: int

    def as_list(self) -> list[int]:
        return [self.left, self.top, self.width, self.height]


def _box_problem(place: int, box: Box) -> str:
    inside = (
        box.left >= 0
        and box.top >= 0
        and box.left + box.width <= WHOLE
        and box.top + box.height <= WHOLE
    )
    if not inside:
        return f"第 {place} 个框超出照片：左、上不小于 0，左加宽、上加高不大于 {WHOLE}。"
    if min(box.width, box.height) < MIN_SIDE:
        return f"第 {place} 个框太小：宽和高都不小于 {MIN_SIDE}。"
    return ""


def photo_redact(*, photo: EvidencePhoto, actor: User, boxes: Sequence[Box]) -> PhotoRedaction:
    """Keep a copy of ``photo`` with ``boxes`` blacked out; no boxes say that nothing needs it.

    The same boxes again are the same redaction. About 0.1 s. The photo itself stays as it is.
    """
    require(actor, REDACTORS, "照片由房管中心科室负责人遮挡后公开。")
    if len(boxes) > MAX_BOXES:
        raise BusinessError(f"每张照片最多 {MAX_BOXES} 个框。", code="too_many")
    for place, box in enumerate(boxes, start=1):
        problem = _box_problem(place, box)
        if problem:
            raise BusinessError(problem, code="box")
    inspection = photo.result.inspection
    if photo.reply_item_id is None and inspection.status != InspectionStatus.CONFIRMED:
        raise BusinessError("检查记录确认以后，照片才能遮挡公开。", code="not_final")
    listed = [box.as_list() for box in boxes]
    newest = PhotoRedaction.objects.filter(photo=photo).first()
    if newest is not None and newest.boxes == listed:
        return newest
    with photo.image.open("rb") as source:
        image, thumbnail = covered_picture(source.read(), listed, WHOLE)
    made = PhotoRedaction(photo=photo, boxes=listed, made_by=actor, made_at=clock.now())
    made.image.save("public.jpg", ContentFile(image), save=False)
    made.thumbnail.save("public.jpg", ContentFile(thumbnail), save=False)
    try:
        with guarded():
            made.full_clean()
            made.save()
            record(
                actor=actor,
                verb="photo.redact",
                target=made,
                subjects=[inspection, photo.estate],
                summary=f"{photo.result.item.code} 的照片"
                + (f"遮挡 {len(listed)} 处，可以公开" if listed else "看过，无需遮挡，可以公开"),
                after={"boxes": listed},
                tag=TAG,
            )
    except Exception:
        for name in (made.image.name, made.thumbnail.name):
            default_storage.delete(name)
        raise
    return made
