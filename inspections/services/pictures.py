"""Turning an upload into a picture that is safe to keep: decoded, upright, small, without EXIF.

Whatever is no photo (renamed, cut short, a bomb, SVG) is refused with a sentence. Time and place
of the camera are read before they are stripped.
"""

import datetime as dt
import hashlib
import io
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from PIL import ExifTags, Image, ImageDraw, ImageOps

from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError

MAX_SIDE = 2000
THUMBNAIL_SIDE = 640
IMAGE_QUALITY, THUMBNAIL_QUALITY = 85, 80
MAX_PIXELS = 100_000_000
# A JPEG is decoded at a fraction of its size; the others must be held whole (4 bytes a pixel).
MAX_PIXELS_WHOLE = 25_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
# What a parser raises on a file that was cut, renamed or made to hurt.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    KeyError,
    IndexError,
    TypeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
)


@dataclass(frozen=True)
class Picture:
    """A photo ready to be kept. ``image`` and ``thumbnail`` are JPEG bytes without any metadata;
    the hashes are hexadecimal, ``perceptual_hash`` a difference hash of 64 bits."""

    image: bytes
    thumbnail: bytes
    width: int
    height: int
    sha256: str
    source_sha256: str
    perceptual_hash: str
    taken_at: dt.datetime | None
    latitude: Decimal | None
    longitude: Decimal | None


@dataclass(frozen=True)
class Camera:
    """What a phone read of a picture before it shrank it: when (aware) and where (degrees)."""

    taken_at: dt.datetime | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None


def with_camera(picture: Picture, camera: Camera | None) -> Picture:
    """Return ``picture`` with what the phone read, where the file itself does not say it."""
    if camera is None:
        return picture
    here = picture if picture.latitude is not None else camera
    return replace(
        picture,
        taken_at=picture.taken_at or camera.taken_at,
        latitude=here.latitude,
        longitude=here.longitude,
    )


def _refused(name: str, reason: str) -> BusinessError:
    return BusinessError(f"“{name}”{reason}", code="bad_photo", field="photo")


def read_picture(source: bytes, name: str = "照片") -> Picture:
    """Return ``source`` re-encoded (at most 2,000 px a side, orientation applied).

    Raises ``BusinessError`` with a sentence that names the file. About 0.3 s for 12 megapixels.
    """
    name = name[-60:]
    if not source:
        raise _refused(name, "是空文件，请重新拍照。")
    if len(source) > settings.PHOTO_MAX_BYTES:
        limit = settings.PHOTO_MAX_BYTES // 2**20
        raise _refused(name, f"超过 {limit} MB，请换小一些的照片。")
    try:
        with warnings.catch_warnings():
            # Its size is judged below, by our own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(source), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _refused(name, _too_many(MAX_PIXELS)) from None
    except _BROKEN:
        raise _refused(name, "不是照片，请选 JPG 或 PNG 图片。") from None
    width, height = opened.size
    limit = MAX_PIXELS_WHOLE if opened.format in {"PNG", "WEBP"} else MAX_PIXELS
    if width * height > limit:
        raise _refused(name, _too_many(limit))
    if min(width, height) < 32:
        raise _refused(name, "太小，看不清内容，请重新拍照。")
    try:
        exif = dict(_exif(opened))
        upright = _decoded(opened)
    except (*_BROKEN, Image.DecompressionBombError):
        raise _refused(name, "已损坏或没有传完整，请重新拍照。") from None
    latitude, longitude = _place(exif.get("gps", {}))
    image = _jpeg(upright, IMAGE_QUALITY)
    small = upright.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return Picture(
        image=image,
        thumbnail=_jpeg(small, THUMBNAIL_QUALITY),
        width=upright.width,
        height=upright.height,
        sha256=hashlib.sha256(image).hexdigest(),
        source_sha256=hashlib.sha256(source).hexdigest(),
        perceptual_hash=difference_hash(upright),
        taken_at=_taken_at(exif),
        latitude=latitude,
        longitude=longitude,
    )


def _too_many(limit: int) -> str:
    return f"像素超过 {limit // 10_000:,} 万，请换用手机直接拍的照片。"


def _decoded(opened: Image.Image) -> Image.Image:
    """Return the picture upright, in RGB, at most ``MAX_SIDE``, without anything beside its
    pixels. Transparent parts become white."""
    opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
    opened.load()
    if opened.mode in {"RGBA", "LA", "PA"} or "transparency" in opened.info:
        layered = opened.convert("RGBA")
        flat = Image.new("RGBA", layered.size, "white")
        flat.alpha_composite(layered)
        plain = flat.convert("RGB")
    else:
        plain = opened.convert("RGB")
    plain.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    turned = ImageOps.exif_transpose(_with_exif_of(opened, plain))
    clean = Image.new("RGB", turned.size)
    clean.paste(turned)
    return clean


def _with_exif_of(opened: Image.Image, plain: Image.Image) -> Image.Image:
    orientation = opened.getexif().get(ExifTags.Base.Orientation)
    plain.getexif().clear()
    if isinstance(orientation, int):
        plain.getexif()[ExifTags.Base.Orientation] = orientation
    return plain


def _jpeg(image: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
    return target.getvalue()


def covered_picture(
    source: bytes, boxes: Sequence[Sequence[int]], whole: int
) -> tuple[bytes, bytes]:
    """Return a picture of ours and its thumbnail with ``boxes`` filled in black.

    A box is left, top, width, height as parts of ``whole``. The thumbnail is made of the covered
    picture, so that nothing shows through in it.
    """
    with Image.open(io.BytesIO(source), formats=FORMATS) as opened:
        image = opened.convert("RGB")
    draw = ImageDraw.Draw(image)
    for left, top, width, height in boxes:
        draw.rectangle(
            (
                left * image.width // whole,
                top * image.height // whole,
                -(-(left + width) * image.width // whole),
                -(-(top + height) * image.height // whole),
            ),
            fill="black",
        )
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return _jpeg(image, IMAGE_QUALITY), _jpeg(small, THUMBNAIL_QUALITY)


def difference_hash(image: Image.Image) -> str:
    """Return the 64-bit difference hash: near-equal pictures differ in few bits."""
    grey = image.convert("L").resize((9, 8), Image.Resampling.BILINEAR)
    cells = list(grey.tobytes())
    bits = 0
    for row in range(8):
        for column in range(8):
            left, right = cells[row * 9 + column], cells[row * 9 + column + 1]
            bits = bits << 1 | (left > right)
    return f"{bits:016x}"


# --- What the camera wrote ---------------------------------------------------------------------


def _exif(opened: Image.Image) -> Mapping[str, Any]:
    found = opened.getexif()
    return {
        "moment": found.get_ifd(ExifTags.IFD.Exif) or {},
        "modified": found.get(ExifTags.Base.DateTime),
        "gps": found.get_ifd(ExifTags.IFD.GPSInfo) or {},
    }


def _taken_at(exif: Mapping[str, Any]) -> dt.datetime | None:
    """Return when the picture was taken; a camera that names no zone is set to Shanghai."""
    moment = exif.get("moment", {})
    text = moment.get(ExifTags.Base.DateTimeOriginal) or exif.get("modified")
    try:
        taken = dt.datetime.strptime(str(text)[:19], "%Y:%m:%d %H:%M:%S").replace(
            tzinfo=clock.SHANGHAI
        )
    except ValueError:
        return None
    offset = str(moment.get(ExifTags.Base.OffsetTimeOriginal) or "")
    try:
        zone = dt.datetime.strptime(offset, "%z").tzinfo
    except ValueError:
        return taken
    return taken.replace(tzinfo=zone)


def _place(gps: Mapping[int, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Return latitude and longitude in degrees with six decimals, or nothing."""
    try:
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
    except (KeyError, TypeError, ValueError, ArithmeticError, IndexError):
        return None, None
    if abs(latitude) > 90 or abs(longitude) > 180 or not (latitude or longitude):
        return None, None
    return latitude, longitude


def _degrees(parts: Any, reference: Any, negative: str) -> Decimal:
    degrees, minutes, seconds = (Decimal(str(float(part))) for part in tuple(parts)[:3])
    value = degrees + minutes / 60 + seconds / 3600
    if not value.is_finite():
        raise ValueError("no finite angle")
    word = reference.decode() if isinstance(reference, bytes) else str(reference)
    return (-value if word.strip("\x00 ").upper() == negative else value).quantize(
        Decimal("0.000001")
    )
