"""What about a photo its reviewer should look at: used before, taken elsewhere, another day.

A flag is neutral. It never holds up who uploads; who confirms says what it comes to.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Max, Q

from accounts.models import User
from inspections.calculations import bits_apart, hash_bands, is_flat, metres_between, near_bands
from inspections.choices import ConflictResolution, FlagKind, FlagVerdict, PhotoStage
from inspections.models import EvidencePhoto, Inspection, PhotoFlag, Recheck, RectificationOrder
from inspections.selectors import flag_judges, judging_problem, missing_photos
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
        for kind, other, sentence in _of_time_and_place(photo)
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


Doubtful = tuple[str, None, str]


def _of_time_and_place(photo: EvidencePhoto) -> Iterable[Doubtful]:
    """Yield what does not fit the day and the place of the visit, or of the repair."""
    metres = photo.metres_from_estate
    if metres is not None and metres > settings.PHOTO_FAR_METRES:
        yield FlagKind.PLACE, None, f"拍摄地点距小区 {metres:,} 米。"
    # Whoever repairs does it at the estate, not where the visit was entered; that place serves
    # where nobody has said where the estate lies.
    if photo.reply_item_id is None or metres is None:
        yield from _away_from_visit(photo)
    if photo.taken_at is None:
        return
    taken = photo.taken_at.astimezone(clock.SHANGHAI).date()
    yield from _off_repair(photo, taken) if photo.reply_item_id else _off_visit(photo, taken)


def _away_from_visit(photo: EvidencePhoto) -> Iterable[Doubtful]:
    inspection = photo.result.inspection
    here = (photo.latitude, photo.longitude, inspection.latitude, inspection.longitude)
    if None in here:
        return
    metres = metres_between(*here)
    if metres > settings.PHOTO_FAR_METRES:
        yield FlagKind.VISIT, None, f"拍摄地点距填报检查的地点 {metres:,} 米。"


def _off_visit(photo: EvidencePhoto, taken: dt.date) -> Iterable[Doubtful]:
    days = (taken - photo.result.inspection.inspected_on).days
    if abs(days) > settings.PHOTO_FAR_DAYS:
        side = "晚" if days > 0 else "早"
        yield FlagKind.TIME, None, _taken_words(taken, f"比检查日期{side} {abs(days)} 天")


def _off_repair(photo: EvidencePhoto, taken: dt.date) -> Iterable[Doubtful]:
    """Yield a repair that was photographed before its fault was seen, or seen again: by a day
    already, since a picture of before shows no repair; or after it was reported."""
    found = photo.result.inspection.inspected_on
    reply = photo.reply_item.reply
    again = Recheck.objects.filter(order=reply.order_id).aggregate(last=Max("checked_on"))["last"]
    seen, what = (again, "上次复查") if again else (found, "检查日期")
    if taken < seen:
        yield FlagKind.TIME, None, _taken_words(taken, f"比{what}早 {(seen - taken).days} 天")
    late = (taken - photo.uploaded_at.astimezone(clock.SHANGHAI).date()).days
    if late > settings.PHOTO_FAR_DAYS:
        yield FlagKind.TIME, None, _taken_words(taken, f"比上报时间晚 {late} 天")


def _taken_words(taken: dt.date, words: str) -> str:
    return f"照片拍摄于{clock.chinese_date(taken)}，{words}。"


def _reused(
    photos: Sequence[EvidencePhoto],
) -> Iterable[tuple[EvidencePhoto, str, EvidencePhoto, str]]:
    """Yield each photo with earlier ones of another visit that are the same or nearly so."""
    files = Q(source_sha256__in={photo.source_sha256 for photo in photos}) | Q(
        sha256__in={photo.sha256 for photo in photos}
    )
    telling = [photo for photo in photos if not is_flat(photo.perceptual_hash)]
    rows = EvidencePhoto.objects.select_related("result", "reply_item").order_by("pk")
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
        where = "整改前" if other.stage != PhotoStage.FIXED else _which_repair(photo, other)
    elif other.estate_id != photo.estate_id:
        where = "另一个小区"
    else:
        where = "本小区另一次检查"
    return text.format(where=where)


def _which_repair(photo: EvidencePhoto, other: EvidencePhoto) -> str:
    mine, theirs = photo.reply_item, other.reply_item
    same = mine is not None and theirs is not None and mine.reply_id == theirs.reply_id
    return "同一次回复另一项" if same else "先前整改"


# --- Verdict ----------------------------------------------------------------------------------


def photo_flag_judge(*, flag: PhotoFlag, actor: User, verdict: str, reason: str = "") -> PhotoFlag:
    """Say what a flag comes to. An unusable photo wants its reason.

    Of the visit's photos a manager says it, anew until the inspection is confirmed; of a repair's
    whoever may recheck it, until a recheck has found it done.
    """
    if flag.photo.reply_item_id is None:
        require(actor, flag_judges(flag), "照片疑点由房管中心科室负责人认定。")
    require(actor, flag_judges(flag), "整改照片的疑点由检查员或科室负责人认定。")
    reason = reason.strip()
    if verdict not in FlagVerdict.values:
        raise BusinessError("请选属实可用或不可用。", field="verdict")
    if verdict == FlagVerdict.UNUSABLE and not reason:
        raise BusinessError("请写明为什么不可用。", field="reason")
    if len(reason) > 200:
        raise BusinessError("结论说明最多 200 字。", field="reason")
    with guarded():
        found = PhotoFlag.objects.select_for_update(of=("self",)).with_origin().get(pk=flag.pk)
        if problem := judging_problem(found, actor):
            raise BusinessError(problem, code="not_now")
        before = found.verdict
        found.verdict, found.reason = verdict, reason
        found.reviewed_by, found.reviewed_at = actor, clock.now()
        found.save(update_fields=["verdict", "reason", "reviewed_by", "reviewed_at"])
        _tell(found, before, actor)
    return found


def _tell(flag: PhotoFlag, before: str, actor: User) -> None:
    """Write the verdict into the audit log: with the visit's record, and the order of a repair."""
    photo = flag.photo
    subjects: list[Any] = [photo.result.inspection, photo.estate]
    if photo.reply_item is not None:
        subjects.append(photo.reply_item.reply.order)
    label = FlagVerdict(flag.verdict).label.partition("，")[0]
    record(
        actor=actor,
        verb="photo.judge",
        target=flag,
        subjects=subjects,
        summary=f"{photo.result.item.code} 的照片“{flag.get_kind_display()}”：{label}"
        + (f"，{flag.reason}" if flag.reason else ""),
        before={"verdict": before},
        after={"verdict": flag.verdict},
        reason=flag.reason,
        tag=TAG,
    )


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
