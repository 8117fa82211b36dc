"""What a phone sends when it has a signal again: the draft whole, then its photos one by one.

Everything here may come twice, late, or broken off in the middle; the keys of the draft and of
its photos make it the same each time.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects

from accounts.models import User
from estates.models import Estate
from inspections.calculations import FAIL, digest
from inspections.choices import (
    INSPECTORS,
    REVIEWERS,
    ConflictResolution,
    InspectionStatus,
    PhotoStage,
)
from inspections.models import (
    AnnouncedPhoto,
    ChecklistItem,
    ConflictPhoto,
    DraftConflict,
    EvidencePhoto,
    Inspection,
    InspectionRound,
)
from inspections.selectors import missing_photos, photo_keys_of
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .inspections import (
    MAX_PHOTOS,
    NOT_YOURS,
    TAG,
    Answer,
    AnswersIncomplete,
    Visit,
    content_of,
    inspection_save_draft,
    inspection_start,
    own_draft,
    photo_add,
    report_draft,
    write_draft,
)
from .pictures import Camera, Picture, read_picture, with_camera
from .storing import forget_files, keep_picture, save_with_files

REPORTED = {"conflict", "reported"}


@dataclass(frozen=True)
class Announcement:
    """A photo that the draft has: its key, its item, and the SHA-256 of the file that will be
    sent (blank if the phone could not count it)."""

    key: uuid.UUID
    item_id: int
    stage: str = PhotoStage.FOUND
    sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "key": str(self.key),
            "item": self.item_id,
            "stage": self.stage,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Received:
    """The record that stands, and the other content that was kept beside it, if it was one."""

    inspection: Inspection
    conflict: DraftConflict | None = None


def draft_receive(
    *,
    actor: User,
    client_key: uuid.UUID,
    estate: Estate,
    answers: Mapping[int, Answer],
    visit: Visit,
    round: InspectionRound | None = None,
    inspection: Inspection | None = None,
    photos: Sequence[Announcement] = (),
    removed: Iterable[uuid.UUID] = (),
    base: str = "",
    after_return: bool = False,
) -> Received:
    """Report the draft of a phone, whole: content, announced photos, photos taken out.

    ``inspection`` is the draft where the office has one already. The same content again is the
    same record; other content under the key of a reported record is kept as a
    :class:`DraftConflict` and changes nothing. ``base`` is the digest of the office's draft that
    the phone started from: what another device has written there since is kept the same way.
    A returned record is reported anew only by a draft that knows of the return
    (``after_return``), not by an old queue that comes late.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    if inspection is None:
        inspection = inspection_start(
            estate=estate, actor=actor, round=round, client_key=client_key
        )
    if inspection.status == InspectionStatus.RETURNED and not after_return:
        raise BusinessError(
            f"这份检查已被退回：{inspection.return_reason}。请打开修改后再上报。", code="returned"
        )
    if inspection.is_editable:
        try:
            return Received(_take_in(inspection, actor, answers, visit, photos, set(removed), base))
        except AnswersIncomplete:
            raise
        except BusinessError as error:
            if error.code not in REPORTED:
                raise
            inspection.refresh_from_db()  # another tab was faster: it is the record
    if inspection.is_editable:  # returned in this very moment
        raise BusinessError("这份检查刚被退回，请打开看过退回原因后再上报。", code="stale")
    content = content_of(inspection, answers, visit)
    if _is_the_same(inspection, content, photos):
        return Received(inspection)
    with guarded():
        locked = own_draft(inspection, actor)
        conflict = _keep_other(locked, actor, content, photos)
        assert_in_scope(locked, actor)
    return Received(inspection, conflict)


def draft_digest(inspection: Inspection) -> str:
    """Return the digest of what stands in the office's draft; blank for an untouched one."""
    return digest(inspection.draft) if inspection.draft else ""


def draft_save(
    *,
    inspection: Inspection,
    actor: User,
    answers: Mapping[int, Answer],
    visit: Visit,
    base: str | None = None,
) -> Inspection:
    """Save a draft from a page that says which draft it started from (``base``).

    What another device has written meanwhile is not overwritten: ``code="newer"``. None
    does not ask.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    current = Inspection.objects.get(pk=inspection.pk)
    stands = draft_digest(current)
    if (
        base is not None
        and current.is_editable
        and stands not in {"", base, digest(content_of(current, answers, visit))}
    ):
        raise BusinessError(
            "这份草稿刚在另一台设备上改过。本机填的都存着，上报时两份都会保留。", code="newer"
        )
    return inspection_save_draft(inspection=inspection, actor=actor, answers=answers, visit=visit)


def _take_in(
    inspection: Inspection,
    actor: User,
    answers: Mapping[int, Answer],
    visit: Visit,
    photos: Sequence[Announcement],
    removed: set[uuid.UUID],
    base: str,
) -> Inspection:
    """Write the draft, its announcements and what was taken out, and report it, in one
    transaction. What keeps it from being a report does not take the draft away again."""
    refused = None
    with guarded():
        locked = own_draft(inspection, actor)
        if not locked.is_editable:
            raise BusinessError("这份检查已经上报。", code="reported")
        prefetch_related_objects([locked.checklist], "items")
        stands = draft_digest(locked)
        if stands not in {"", base, digest(content_of(locked, answers, visit))}:
            _keep_other(locked, actor, locked.draft, [])
        if removed:
            gone = list(
                EvidencePhoto.objects.filter(
                    client_key__in=removed, result__inspection=locked, reply_item__isnull=True
                )
            )
            forget_files(gone)
            EvidencePhoto.objects.filter(pk__in=[photo.pk for photo in gone]).delete()
        write_draft(locked, answers, visit)
        _announce(locked, answers, [photo for photo in photos if photo.key not in removed])
        try:
            with guarded():
                report_draft(locked, actor)
        except BusinessError as error:
            refused = error
    if refused is not None:
        raise refused
    return locked


def _announce(
    inspection: Inspection, answers: Mapping[int, Answer], photos: Sequence[Announcement]
) -> None:
    """Let the announcements of ``inspection`` be ``photos``, those that its answers keep."""
    items = _items_of(inspection) if photos else {}
    wanted: dict[uuid.UUID, Announcement] = {}
    counts: dict[tuple[int, str], int] = {}
    for photo in photos:
        if photo.item_id not in items:
            raise BusinessError("有的照片不属于本次检查表，请刷新后再填。", code="not_in_list")
        answer = answers.get(photo.item_id, Answer())
        if photo.key in wanted or not keeps_photo(items[photo.item_id], answer, photo.stage):
            continue
        place = (photo.item_id, photo.stage)
        counts[place] = counts.get(place, 0) + 1
        if counts[place] > MAX_PHOTOS:
            raise BusinessError(f"每项最多 {MAX_PHOTOS} 张照片。", code="too_many")
        wanted[photo.key] = photo
    known = {row.client_key: row for row in inspection.announced.all()}
    stale = [
        row.pk
        for key, row in known.items()
        if key not in wanted
        or (row.item_id, row.stage, row.sha256)
        != (wanted[key].item_id, wanted[key].stage, wanted[key].sha256)
    ]
    if stale:
        AnnouncedPhoto.objects.filter(pk__in=stale).delete()
    fresh = {row.client_key for row in known.values() if row.pk not in stale}
    moment = clock.now()
    new = [
        AnnouncedPhoto(
            inspection=inspection,
            item_id=photo.item_id,
            stage=photo.stage,
            client_key=key,
            sha256=photo.sha256,
            announced_at=moment,
        )
        for key, photo in wanted.items()
        if key not in fresh
    ]
    try:
        with transaction.atomic():
            AnnouncedPhoto.objects.bulk_create(new)
    except IntegrityError as error:
        raise BusinessError("有的照片属于另一份检查，请重新拍照。", code="key") from error


def _items_of(inspection: Inspection) -> dict[int, ChecklistItem]:
    return {item.pk: item for item in inspection.checklist.items.all()}


def keeps_photo(item: ChecklistItem, answer: Answer, stage: str) -> bool:
    """Whether a photo of ``stage`` belongs to ``answer``."""
    if stage == PhotoStage.FIXED:
        return answer.outcome == FAIL and answer.fixed
    return item.takes_photo(answer.outcome)


def _is_the_same(
    inspection: Inspection, content: Mapping[str, Any], photos: Sequence[Announcement]
) -> bool:
    """Tell whether ``content`` is what was reported, with no photo that the record lacks."""
    if inspection.content_digest != digest(content):
        return False
    items = _items_of(inspection) if photos else {}
    answers = content.get("items", {})
    told = {
        photo.key
        for photo in photos
        if photo.item_id in items
        and keeps_photo(
            items[photo.item_id],
            Answer.from_json(answers.get(str(photo.item_id), {})),
            photo.stage,
        )
    }
    if not told:
        return True
    known = set(inspection.announced.values_list("client_key", flat=True))
    known |= set(
        EvidencePhoto.objects.filter(
            result__inspection=inspection, client_key__in=told
        ).values_list("client_key", flat=True)
    )
    return told <= known


def _keep_other(
    inspection: Inspection,
    actor: User,
    content: Mapping[str, Any],
    photos: Sequence[Announcement],
) -> DraftConflict:
    """Keep another content of ``inspection``; the same one twice is kept once."""
    told = sorted((photo.as_json() for photo in photos), key=lambda row: str(row["key"]))
    mark = digest({"content": content, "photos": [row["key"] for row in told]})
    known = DraftConflict.objects.filter(inspection=inspection, digest=mark).first()
    if known is not None:
        return known
    conflict = DraftConflict(
        inspection=inspection,
        content=content,
        photos=told,
        digest=mark,
        received_at=clock.now(),
        by=actor,
    )
    conflict.full_clean(validate_unique=False, validate_constraints=False)
    conflict.save()
    record(
        actor=actor,
        verb="inspection.conflict",
        target=inspection,
        subjects=[inspection.estate],
        summary="收到同一份草稿的另一份内容，两份都保留，等待处理",
        after={"conflict": conflict.pk, "photos": len(told)},
        tag=TAG,
        tone="a",
    )
    return conflict


# --- Photos -----------------------------------------------------------------------------------


def photo_receive(
    *,
    inspection: Inspection,
    actor: User,
    source: bytes,
    name: str = "照片",
    client_key: uuid.UUID | None = None,
    item: ChecklistItem | None = None,
    stage: str = PhotoStage.FOUND,
    sha256: str = "",
    camera: Camera | None = None,
) -> EvidencePhoto | ConflictPhoto:
    """Take in one photo: of a draft, announced by a reported record, or of another content.

    Announced photos need no ``item``. Bytes that do not have the SHA-256 which was announced
    are refused (``code="broken"``): they were damaged on the way and are to be sent again.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    if inspection.entered_by_id != actor.pk:
        raise NotPermitted("这份检查由别人录入，你不能改动。")
    told = inspection.announced.filter(client_key=client_key).select_related("item").first()
    other = None
    if told is not None:
        item, stage, sha256 = told.item, told.stage, told.sha256 or sha256
    elif client_key is not None and not inspection.is_editable:
        other = _other_with(inspection, str(client_key))
    if other is not None:
        conflict, row = other
        _check_whole(source, str(row.get("sha256", "")) or sha256)
        return _keep_other_photo(conflict, row, actor, source, name, camera)
    _check_whole(source, sha256)
    if item is None:
        raise BusinessError("没有说明是哪一项的照片，请刷新后再传。", code="not_in_list")
    photo = photo_add(
        inspection=inspection,
        item=item,
        actor=actor,
        source=source,
        name=name,
        client_key=client_key,
        stage=stage,
        camera=camera,
    )
    if told is not None and not inspection.is_editable:
        _all_arrived(inspection, actor)
    return photo


def _check_whole(source: bytes, sha256: str) -> None:
    if sha256 and hashlib.sha256(source).hexdigest() != sha256:
        raise BusinessError("照片在传输中损坏，没有收下，会自动再传。", code="broken")


def _all_arrived(inspection: Inspection, actor: User) -> None:
    """Note in the log that the last missing photo of a reported record has come."""
    if missing_photos(inspection):
        return
    with guarded():
        record(
            actor=actor,
            verb="inspection.photos_complete",
            target=inspection,
            subjects=[inspection.estate],
            summary="照片全部到齐",
            after={"photos": inspection.announced.count()},
            tag=TAG,
        )


def _other_with(inspection: Inspection, key: str) -> tuple[DraftConflict, Mapping[str, Any]] | None:
    for conflict in inspection.conflicts.order_by("pk"):
        if key in photo_keys_of(conflict):
            row = next(row for row in conflict.photos if str(row["key"]) == key)
            return conflict, row
    return None


def _keep_other_photo(
    conflict: DraftConflict,
    row: Mapping[str, Any],
    actor: User,
    source: bytes,
    name: str,
    camera: Camera | None,
) -> ConflictPhoto:
    picture = with_camera(read_picture(source, name), camera)
    with guarded():
        own_draft(conflict.inspection, actor)
        known = ConflictPhoto.objects.filter(conflict=conflict, client_key=row["key"]).first()
        if known is not None:
            return known
        photo = ConflictPhoto(
            conflict=conflict,
            item_id=row["item"],
            stage=row["stage"],
            client_key=uuid.UUID(str(row["key"])),
            width=picture.width,
            height=picture.height,
            sha256=picture.sha256,
            source_sha256=picture.source_sha256,
            perceptual_hash=picture.perceptual_hash,
            taken_at=picture.taken_at,
            latitude=picture.latitude,
            longitude=picture.longitude,
            uploaded_at=clock.now(),
        )
        save_with_files(photo, picture)
    return photo


# --- Two contents -----------------------------------------------------------------------------


def conflict_keep_first(*, conflict: DraftConflict, actor: User) -> DraftConflict:
    """Decide that what was reported stands; the other content stays in the file."""
    require(actor, REVIEWERS | INSPECTORS, "由录入人或科室负责人处理。")
    with guarded():
        inspection = _locked(conflict)
        if not actor.has_role(*REVIEWERS) and inspection.entered_by_id != actor.pk:
            raise NotPermitted("这份检查由别人录入，请录入人或科室负责人处理。")
        _resolve(conflict, inspection, actor, ConflictResolution.KEPT)
    return conflict


def conflict_take_over(*, conflict: DraftConflict, actor: User) -> Inspection:
    """Put the other content into the returned draft, with its photos; to be reported again.

    Photos that the record already has stay in the draft beside them.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    with guarded():
        inspection = own_draft(conflict.inspection, actor)
        if not inspection.is_editable:
            raise BusinessError(
                "记录已经上报。请科室负责人先退回，再采用后到的一份。", code="reported"
            )
        _resolve(conflict, inspection, actor, ConflictResolution.TAKEN)
        content = dict(conflict.content)
        facts = content.get("visit") or {}
        inspection.draft, inspection.saved_at = content, clock.now()
        fields = ["draft", "saved_at"]
        if facts:
            inspection.inspected_on = dt.date.fromisoformat(facts["inspected_on"])
            inspection.companion, inspection.note = facts["companion"], facts["note"]
            inspection.site_contact = facts["site_contact"]
            fields += ["inspected_on", "companion", "site_contact", "note"]
        inspection.save(update_fields=fields)
        for photo in conflict.arrived.select_related("item"):
            result, _ = inspection.results.get_or_create(
                item=photo.item, defaults={"outcome": "pass"}
            )
            if EvidencePhoto.objects.filter(client_key=photo.client_key).exists():
                continue
            keep_picture(
                _picture_of(photo),
                estate=inspection.estate,
                result=result,
                actor=actor,
                client_key=photo.client_key,
                stage=photo.stage,
            )
        told = [
            Announcement(uuid.UUID(str(row["key"])), int(row["item"]), row["stage"], row["sha256"])
            for row in conflict.photos
        ]
        answers = {int(pk): Answer.from_json(row) for pk, row in content["items"].items()}
        _announce(inspection, answers, told)
        assert_in_scope(inspection, actor)
    return inspection


def _locked(conflict: DraftConflict) -> Inspection:
    return (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("estate")
        .get(pk=conflict.inspection_id)
    )


def _resolve(conflict: DraftConflict, inspection: Inspection, actor: User, resolution: str) -> None:
    move(
        conflict,
        source=ConflictResolution.OPEN,
        target=resolution,
        field="resolution",
        resolved_by=actor,
        resolved_at=clock.now(),
    )
    record(
        actor=actor,
        verb=f"inspection.conflict_{resolution}",
        target=inspection,
        subjects=[inspection.estate],
        summary=f"两份内容{ConflictResolution(resolution).label}",
        after={"conflict": conflict.pk},
        tag=TAG,
        tone="b",
    )


def _picture_of(photo: ConflictPhoto) -> Picture:
    with photo.image.open("rb") as image, photo.thumbnail.open("rb") as thumbnail:
        return Picture(
            image=image.read(),
            thumbnail=thumbnail.read(),
            width=photo.width,
            height=photo.height,
            sha256=photo.sha256,
            source_sha256=photo.source_sha256,
            perceptual_hash=photo.perceptual_hash,
            taken_at=photo.taken_at,
            latitude=photo.latitude,
            longitude=photo.longitude,
        )
