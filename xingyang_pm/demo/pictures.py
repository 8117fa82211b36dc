"""Photos of the demo: drawings, varied so that no two are the same file."""

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageEnhance

from inspections.services.pictures import Picture, read_picture

ASSETS = Path(__file__).parent / "assets"


def drawing(kind: str, stage: str, seed: int) -> bytes:
    """Return the drawing of ``kind`` (board, corridor, bins) and ``stage`` (before, after) as
    JPEG, cropped and lit a little differently for each ``seed``."""
    with Image.open(ASSETS / f"{kind}-{stage}.jpg") as source:
        image = source.convert("RGB")
    left, top = seed * 13 % 60, seed * 7 % 40
    image = image.crop((left, top, image.width - (seed * 5 % 50), image.height - (seed * 3 % 30)))
    image = ImageEnhance.Brightness(image).enhance(0.88 + seed % 9 * 0.03)
    image = ImageEnhance.Color(image).enhance(0.9 + seed % 5 * 0.05)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


def evidence(kind: str, stage: str, seed: int, taken_at: dt.datetime) -> Picture:
    """Return a drawing as the portal keeps photos, taken at ``taken_at``."""
    return replace(read_picture(drawing(kind, stage, seed)), taken_at=taken_at)
