"""What is doubtful about photos, with the other picture as far as the viewer may know of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inspections.models import EvidencePhoto, PhotoFlag


@dataclass(frozen=True)
class Doubt:
    """One flag of a photo. ``other`` is None without another picture, and where it lies in an
    estate that the viewer may not see (``hidden``)."""

    flag: PhotoFlag
    other: EvidencePhoto | None = None
    hidden: bool = False


def photo_doubts(photos: Iterable[EvidencePhoto], user: Any) -> dict[int, list[Doubt]]:
    """Return by id of the photo what is doubtful about it; photos without doubts are left out.
    Two queries."""
    flags = list(
        PhotoFlag.objects.visible_to(user)
        .filter(photo__in=[photo.pk for photo in photos])
        .select_related("reviewed_by")
    )
    seen = {
        photo.pk: photo
        for photo in EvidencePhoto.objects.visible_to(user)
        .filter(pk__in={flag.other_id for flag in flags if flag.other_id})
        .select_related("estate", "result__item", "result__inspection")
    }
    doubts: dict[int, list[Doubt]] = {}
    for flag in flags:
        other = seen.get(flag.other_id) if flag.other_id else None
        hidden = flag.other_id is not None and other is None
        doubts.setdefault(flag.photo_id, []).append(Doubt(flag, other, hidden))
    return doubts
