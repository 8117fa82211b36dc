"""What is doubtful about photos, with the other picture as far as the viewer may know of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inspections.choices import RECHECKERS, REVIEWERS, InspectionStatus, OrderStatus
from inspections.models import EvidencePhoto, PhotoFlag, RectificationReply
from xingyang_pm.common.access import holds


@dataclass(frozen=True)
class Doubt:
    """One flag of a photo. ``other`` is None without another picture, and where it lies in an
    estate that the viewer may not see (``hidden``). ``judged_here``: the viewer says what it
    comes to."""

    flag: PhotoFlag
    other: EvidencePhoto | None = None
    hidden: bool = False
    judged_here: bool = False


def flag_judges(flag: PhotoFlag) -> frozenset[str]:
    """Return the roles that say what ``flag`` comes to: who confirms the visit, who rechecks."""
    return REVIEWERS if flag.photo.reply_item_id is None else RECHECKERS


def judging_problem(flag: PhotoFlag, user: Any) -> str:
    """Return why ``user``, of a role that judges, does not say what ``flag`` comes to now, or an
    empty text. Reads what ``with_origin`` joins."""
    photo = flag.photo
    inspection = photo.result.inspection
    answer = photo.reply_item
    doer = answer.reply.reported_by_id if answer else inspection.entered_by_id
    if user.pk in {photo.uploaded_by_id, doer}:
        return "上传照片的人不能认定自己的照片，请换一人认定。"
    if answer is None:
        confirmed = inspection.status == InspectionStatus.CONFIRMED
        return "检查记录已确认，照片疑点的结论不能再改。" if confirmed else ""
    order = answer.reply.order
    if order.status == OrderStatus.WITHDRAWN:
        return "整改单已撤销，不用再认定照片。"
    if order.recheck_by_id not in {None, user.pk} and not holds(user, REVIEWERS):
        return f"这次复查安排给 {order.recheck_by}，请由其认定。"
    settled = flag.settled and not flag.is_open
    return "复查已认定整改到位，照片疑点的结论不能再改。" if settled else ""


def photo_doubts(photos: Iterable[EvidencePhoto], user: Any) -> dict[int, list[Doubt]]:
    """Return by id of the photo what is doubtful about it; photos without doubts are left out.
    Two queries."""
    flags = list(
        PhotoFlag.objects.visible_to(user)
        .filter(photo__in=[photo.pk for photo in photos])
        .with_origin()
        .select_related("reviewed_by")
    )
    seen = {
        photo.pk: photo
        for photo in EvidencePhoto.objects.visible_to(user)
        .filter(pk__in={flag.other_id for flag in flags if flag.other_id})
        .select_related("estate", "result__item", "result__inspection", "reply_item__reply__order")
    }
    doubts: dict[int, list[Doubt]] = {}
    for flag in flags:
        other = seen.get(flag.other_id) if flag.other_id else None
        hidden = flag.other_id is not None and other is None
        judges = holds(user, flag_judges(flag)) and not judging_problem(flag, user)
        doubts.setdefault(flag.photo_id, []).append(Doubt(flag, other, hidden, judges))
    return doubts


def reply_doubts(reply: RectificationReply | None, user: Any) -> dict[int, list[Doubt]]:
    """Return what is doubtful about the photos of ``reply`` by id of the item. Three queries."""
    by_item: dict[int, list[Doubt]] = defaultdict(list)
    photos = EvidencePhoto.objects.visible_to(user).filter(reply_item__reply=reply)
    for doubts in photo_doubts(photos, user).values() if reply else ():
        for doubt in doubts:
            by_item[doubt.flag.photo.reply_item.item_id].append(doubt)
    return dict(by_item)
