"""What about a photo its reviewer should look at: used before, taken elsewhere, another day.

A flag is neutral. It never holds up who uploads; who confirms says what it comes to.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from inspections.calculations import bits_apart, hash_bands, is_flat, metres_between, near_bands
from inspections.choices import (
    REVIEWERS,
    ConflictResolution,
    FlagKind,
    FlagVerdict,
    InspectionStatus,
    PhotoStage,
)
from inspections.models import EvidencePhoto, Inspection, PhotoFlag, RectificationOrder
from inspections.selectors import missing_photos
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded

TAG = "检查"
# Of a picture that was used many times the first ones say enough.
MOST_OTHERS = 3
_CANDIDATES = 2000
_OF_VISIT = (FlagKind.TIME, FlagKind.PLACE, FlagKind.VISIT)


def raise_flags(photos: Sequence[EvidencePhoto]) -> list[PhotoFlag]:
    """Write what is doubtful about ``photos``; said before, it is not said again.

    Two queries to compare, whatever the number of photos: one for equal files, one for near
    pictures by the bands of their hashes.
    """
    if not photos:
        return []
    moment = clock.now()
    flags = [
        PhotoFlag(photo=photo, kind=kind, other=other, sentence=sentence, raised_at=moment)
        for photo in photos
        for kind, other, sentence in _of_visit(photo)
    ]
    flags += [
        PhotoFlag(photo=photo, kind=kind, other=other, sentence=sentence, raised_at=moment)
        for photo, kind, other, sentence in _reused(photos)
    ]
    PhotoFlag.objects.bulk_create(flags, ignore_conflicts=True)
    return flags


def refresh_flags(inspection: Inspection) -> None:
    """Raise the flags of all photos of a visit that is about to be reported.

    The day or the place of the visit may have been put right since the last time: what was only
    held against those, and nobody has judged, goes.
    """
    PhotoFlag.objects.of_inspection(inspection).open().filter(kind__in=_OF_VISIT).delete()
    photos = EvidencePhoto.objects.filter(result__inspection=inspection, reply_item__isnull=True)
    raise_flags(list(photos.select_related("estate", "result__inspection", "result__item")))


def _of_visit(photo: EvidencePhoto) -> Iterable[tuple[str, None, str]]:
    """Yield what does not fit the day and the place of the visit (or, of a repair, the estate)."""
    inspection = photo.result.inspection
    metres = photo.metres_from_estate
    if metres is not None and metres > settings.PHOTO_FAR_METRES:
        yield FlagKind.PLACE, None, f"拍摄地点距小区 {metres:,} 米。"
    if photo.reply_item_id is not None:
        return
    if photo.taken_at is not None:
        taken = photo.taken_at.astimezone(clock.SHANGHAI).date()
        days = (taken - inspection.inspected_on).days
        if abs(days) > settings.PHOTO_FAR_DAYS:
            side = "晚" if days > 0 else "早"
            text = f"照片拍摄于{clock.chinese_date(taken)}，比检查日期{side} {abs(days)} 天。"
            yield FlagKind.TIME, None, text
    here = (photo.latitude, photo.longitude, inspection.latitude, inspection.longitude)
    if None not in here:
        metres = metres_between(*here)
        if metres > settings.PHOTO_FAR_METRES:
            yield FlagKind.VISIT, None, f"拍摄地点距填报检查的地点 {metres:,} 米。"


def _reused(
    photos: Sequence[EvidencePhoto],
) -> Iterable[tuple[EvidencePhoto, str, EvidencePhoto, str]]:
    """Yield each photo with earlier ones of another visit that are the same or nearly so."""
    files = Q(source_sha256__in={photo.source_sha256 for photo in photos}) | Q(
        sha256__in={photo.sha256 for photo in photos}
    )
    telling = [photo for photo in photos if not is_flat(photo.perceptual_hash)]
    rows = EvidencePhoto.objects.select_related("result").order_by("pk")
    same = list(rows.filter(files)[:_CANDIDATES])
    near: list[EvidencePhoto] = []
    if telling and settings.PHOTO_NEAR_BITS:
        near = list(rows.filter(reduce(or_, map(_near, telling)))[:_CANDIDATES])
    for photo in photos:
        equal = [other for other in same if _earlier(other, photo) and _same_file(other, photo)]
        for other in equal[:MOST_OTHERS]:
            yield photo, FlagKind.FILE, other, _sentence(photo, other, "与{where}的照片是同一张。")
        known = {other.pk for other in equal}
        like = [
            other
            for other in near
            if photo in telling
            and other.pk not in known
            and _earlier(other, photo)
            and bits_apart(other.perceptual_hash, photo.perceptual_hash) <= settings.PHOTO_NEAR_BITS
        ]
        for other in like[: max(MOST_OTHERS - len(equal), 0)]:
            text = _sentence(photo, other, "画面与{where}的照片相近。")
            yield photo, FlagKind.SIMILAR, other, text


def _near(photo: EvidencePhoto) -> Q:
    bands = enumerate(hash_bands(photo.perceptual_hash), start=1)
    return reduce(or_, (Q(**{f"band_{n}__in": near_bands(band)}) for n, band in bands))


def _same_file(one: EvidencePhoto, two: EvidencePhoto) -> bool:
    return one.source_sha256 == two.source_sha256 or one.sha256 == two.sha256


def _earlier(other: EvidencePhoto, photo: EvidencePhoto) -> bool:
    """Return whether ``other`` came first, with another visit; a repair is also held against
    what was found."""
    if other.pk >= photo.pk:
        return False
    if other.result.inspection_id != photo.result.inspection_id:
        return True
    if photo.stage != PhotoStage.FIXED:
        return False
    return other.stage != PhotoStage.FIXED or other.reply_item_id != photo.reply_item_id


def _sentence(photo: EvidencePhoto, other: EvidencePhoto, text: str) -> str:
    if other.result.inspection_id == photo.result.inspection_id:
        where = "整改前" if other.stage != PhotoStage.FIXED else "先前整改"
    elif other.estate_id != photo.estate_id:
        where = "另一个小区"
    else:
        where = "本小区另一次检查"
    return text.format(where=where)


# --- Verdict ----------------------------------------------------------------------------------


def photo_flag_judge(*, flag: PhotoFlag, actor: User, verdict: str, reason: str = "") -> PhotoFlag:
    """Say what a flag comes to. An unusable photo wants its reason.

    May be said anew until the inspection is confirmed. The one who took the photo does not judge
    it.
    """
    require(actor, REVIEWERS, "照片疑点由房管中心科室负责人认定。")
    reason = reason.strip()
    if verdict not in FlagVerdict.values:
        raise BusinessError("请选属实可用或不可用。", field="verdict")
    if verdict == FlagVerdict.UNUSABLE and not reason:
        raise BusinessError("请写明为什么不可用。", field="reason")
    if len(reason) > 200:
        raise BusinessError("结论说明最多 200 字。", field="reason")
    with guarded():
        found = (
            PhotoFlag.objects.select_for_update(of=("self",))
            .select_related("photo__result__inspection", "photo__result__item", "photo__estate")
            .get(pk=flag.pk)
        )
        inspection = found.photo.result.inspection
        if actor.pk in {found.photo.uploaded_by_id, inspection.entered_by_id}:
            raise BusinessError(
                "上传照片的人不能认定自己的照片，请换一人认定。", code="same_person"
            )
        if found.photo.reply_item_id is None and inspection.status == InspectionStatus.CONFIRMED:
            raise BusinessError("检查记录已确认，照片疑点的结论不能再改。", code="confirmed")
        before = found.verdict
        found.verdict, found.reason = verdict, reason
        found.reviewed_by, found.reviewed_at = actor, clock.now()
        found.save(update_fields=["verdict", "reason", "reviewed_by", "reviewed_at"])
        label = FlagVerdict(verdict).label.partition("，")[0]
        record(
            actor=actor,
            verb="photo.judge",
            target=found,
            subjects=[inspection, found.photo.estate],
            summary=f"{found.photo.result.item.code} 的照片“{found.get_kind_display()}”：{label}"
            + (f"，{reason}" if reason else ""),
            before={"verdict": before},
            after={"verdict": verdict},
            reason=reason,
            tag=TAG,
        )
    return found


def confirmation_problem(inspection: Inspection) -> str:
    """Return why the photos of ``inspection`` do not let it be confirmed, or an empty text;
    also that another content of the same draft waits to be settled."""
    missing = len(missing_photos(inspection))
    if missing:
        return (
            f"照片 {missing} 张还在手机上，未到，不能确认。请让录入人联网后打开“我的检查”上报，"
            "照片找不回来的请退回重报。"
        )
    if inspection.conflicts.filter(resolution=ConflictResolution.OPEN).exists():
        return "同一份草稿还收到另一份不同的内容，请先看过并处理，再确认。"
    flags = PhotoFlag.objects.of_inspection(inspection)
    left = flags.open().count()
    if left:
        return f"还有 {left} 处照片疑点没有写结论，请先看照片。"
    bad = flags.filter(verdict=FlagVerdict.UNUSABLE).select_related("photo__result__item").first()
    ordered = RectificationOrder.objects.filter(inspection=inspection).exists()
    if bad is not None and not ordered:
        return f"{bad.photo.result.item.code} 的照片已认定不可用，请退回重拍。"
    return ""
