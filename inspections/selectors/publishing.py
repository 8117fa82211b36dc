"""The only way from a photo to what is published."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inspections.models import Inspection, PhotoRedaction


@dataclass(frozen=True)
class PublishablePicture:
    """A picture that may be published: black boxes drawn, or looked at and found free of faces
    and plates. ``stage`` is 整改前, 整改后, or 现场 where nothing was wrong."""

    redaction: PhotoRedaction
    estate: str
    item: str
    stage: str


def publishable_pictures(inspections: Iterable[Inspection], user: Any) -> list[PublishablePicture]:
    """Return what may be published of the confirmed ones of ``inspections``, in their order.

    Bulletins and public pages take pictures from here and from nowhere else: a photo that nobody
    made fit, or about which a doubt stands, does not come out. One query.
    """
    rows = (
        PhotoRedaction.objects.visible_to(user)
        .publishable()
        .filter(
            photo__result__inspection__in=[row.pk for row in inspections],
            photo__result__inspection__status="confirmed",
        )
        .select_related("photo__estate", "photo__result__item")
        .order_by("photo__result__inspection", "photo__result__item__position", "photo")
    )
    return [
        PublishablePicture(
            redaction=row,
            estate=row.photo.estate.name,
            item=f"{row.photo.result.item.code} {row.photo.result.item.text}",
            stage=row.photo.stage_word,
        )
        for row in rows
    ]
