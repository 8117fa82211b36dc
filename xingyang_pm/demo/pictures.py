"""Photos of the demo: drawings, varied so that no two are the same file."""

import datetime as dt
import io
import random
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageEnhance

from inspections.services.pictures import Picture, read_picture

ASSETS = Path(__file__).parent / "assets"


def drawing(kind: str, stage: str, seed: int) -> bytes:
    """Return the drawing of ``kind`` (board, corridor, bins) and ``stage`` (before, after) as
    JPEG, seen from nearer or farther and in the light and shade of ``seed``: otherwise the
    comparison of photos would find all of a kind alike."""
    chance = random.Random(f"{kind} {stage} {seed}")  # noqa: S311  no secret: a picture
    with Image.open(ASSETS / f"{kind}-{stage}.jpg") as source:
        image = source.convert("RGB")
    share = chance.uniform(0.72, 1)
    width, height = round(image.width * share), round(image.height * share)
    left, top = (chance.randint(0, image.width - width), chance.randint(0, image.height - height))
    image = image.crop((left, top, left + width, top + height))
    spots = Image.frombytes("L", (9, 8), bytes(chance.choices(range(256), k=72)))
    shade = spots.resize(image.size, Image.Resampling.BICUBIC)
    image = Image.composite(image, ImageEnhance.Brightness(image).enhance(0.62), shade)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


def evidence(kind: str, stage: str, seed: int, taken_at: dt.datetime) -> Picture:
    """Return a drawing as the portal keeps photos, taken at ``taken_at``."""
    return replace(read_picture(drawing(kind, stage, seed)), taken_at=taken_at)
