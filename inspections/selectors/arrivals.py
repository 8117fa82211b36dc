"""What has arrived of an inspection, and what is still on somebody's phone."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef

from inspections.models import (
    AnnouncedPhoto,
    ConflictPhoto,
    DraftConflict,
    EvidencePhoto,
    Inspection,
)


def missing_photos(inspection: Inspection) -> list[AnnouncedPhoto]:
    """Return the photos that the draft announced and that have not arrived, with their items."""
    arrived = EvidencePhoto.objects.filter(client_key=OuterRef("client_key"))
    return list(inspection.announced.filter(~Exists(arrived)).select_related("item"))


def arrived_photos(inspection: Inspection) -> dict[str, str]:
    """Return of each photo entered with ``inspection`` its key and the SHA-256 of the file as
    it was sent."""
    rows = EvidencePhoto.objects.filter(result__inspection=inspection, reply_item__isnull=True)
    return {str(key): sha for key, sha in rows.values_list("client_key", "source_sha256")}


def photo_keys_of(conflict: DraftConflict) -> set[str]:
    return {str(photo["key"]) for photo in conflict.photos}


def awaited_of(conflict: DraftConflict) -> list[Mapping[str, Any]]:
    """Return the photos of another content that neither came with it nor are evidence."""
    keys = photo_keys_of(conflict)
    there = {
        str(key)
        for rows in (
            ConflictPhoto.objects.filter(conflict=conflict),
            EvidencePhoto.objects.filter(client_key__in=keys),
        )
        for key in rows.values_list("client_key", flat=True)
    }
    return [photo for photo in conflict.photos if str(photo["key"]) not in there]
