"""Keeping photo files in step with their rows: written with them, removed only once they went."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import User
from estates.models import Estate
from inspections.calculations import hash_bands
from inspections.choices import PhotoStage
from inspections.models import ConflictPhoto, EvidencePhoto, ItemResult, ReplyItem, ReplyLink
from xingyang_pm.common import clock

from .doubts import raise_flags
from .pictures import Picture


def keep_picture(
    picture: Picture,
    *,
    estate: Estate,
    result: ItemResult,
    actor: User | None,
    link: ReplyLink | None = None,
    reply_item: ReplyItem | None = None,
    client_key: uuid.UUID | None = None,
    stage: str = "",
) -> EvidencePhoto:
    """Store ``picture`` as evidence; the files go again if its row cannot be written.

    A picture that joins what was already reported is compared with earlier ones at once; those
    of a draft are, all together, when it is reported.
    """
    bands = hash_bands(picture.perceptual_hash)
    photo = EvidencePhoto(
        estate=estate,
        result=result,
        reply_item=reply_item,
        stage=stage or (PhotoStage.FIXED if reply_item else PhotoStage.FOUND),
        client_key=client_key or uuid.uuid4(),
        width=picture.width,
        height=picture.height,
        sha256=picture.sha256,
        source_sha256=picture.source_sha256,
        perceptual_hash=picture.perceptual_hash,
        band_1=bands[0],
        band_2=bands[1],
        band_3=bands[2],
        band_4=bands[3],
        taken_at=picture.taken_at,
        latitude=picture.latitude,
        longitude=picture.longitude,
        uploaded_by=actor,
        link=link,
        uploaded_at=clock.now(),
    )
    save_with_files(photo, picture)
    return photo


def save_with_files(photo: EvidencePhoto | ConflictPhoto, picture: Picture) -> None:
    """Write the files of ``photo`` and its row; the files go again if the row cannot be written."""
    photo.image.save("photo.jpg", ContentFile(picture.image), save=False)
    photo.thumbnail.save("photo.jpg", ContentFile(picture.thumbnail), save=False)
    try:
        with transaction.atomic():
            photo.save()
            if isinstance(photo, EvidencePhoto) and (
                photo.reply_item_id is not None or photo.result.inspection.is_counted
            ):
                raise_flags([photo])
    except Exception:
        _remove([photo.image.name, photo.thumbnail.name])
        raise


def forget_files(photos: Iterable[EvidencePhoto]) -> None:
    """Remove the files of ``photos`` after commit: rolled back, they are still needed."""
    names: list[Any] = [name for p in photos for name in (p.image.name, p.thumbnail.name)]
    transaction.on_commit(lambda: _remove(names))


def _remove(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)
