"""Photos made fit for paper: small, upright, opaque, without the camera's hidden data.

An archived paper must not carry the position and the owner of a telephone, and PDF/A with an
sRGB intent takes neither CMYK nor transparency.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from . import fonts

JPEG, PNG = "image/jpeg", "image/png"
_MAGIC = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG}
# JPEG is decoded at reduced size, PNG only as a whole: 25 million pixels are 100 MB.
_MAX_PIXELS = {JPEG: 64_000_000, PNG: 25_000_000}
LONGEST_SIDE = 1600


class UnreadableImage(ValueError):
    """The bytes are no PNG or JPEG, are damaged, or claim far too many pixels."""


def kind_of(data: bytes) -> str | None:
    """Return the MIME type that the first bytes of ``data`` show, if it is PNG or JPEG."""
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), None)


def for_paper(data: bytes) -> tuple[bytes, str]:
    """Return ``data`` as an upright, opaque RGB or grey picture and its MIME type.

    No side is longer than ``LONGEST_SIDE`` pixels (270 mm at 150 dpi); no EXIF, no profile.
    The same bytes in give the same bytes out. Raises ``UnreadableImage``.
    """
    mime = kind_of(data)
    if mime is None:
        raise UnreadableImage("not PNG or JPEG")
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as source:
            if source.width * source.height > _MAX_PIXELS[mime]:
                raise UnreadableImage(f"{source.width}×{source.height} pixels")
            source.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            picture = _opaque(ImageOps.exif_transpose(source))
    except UnreadableImage:
        raise
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        raise UnreadableImage(str(error)) from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    picture.info.clear()
    return _encoded(picture, mime), mime


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return picture if picture.mode in {"L", "RGB"} else picture.convert("RGB")


def _encoded(picture: Image.Image, mime: str) -> bytes:
    out = BytesIO()
    if mime == JPEG:
        picture.save(out, "JPEG", quality=85)
    else:
        picture.save(out, "PNG")
    return out.getvalue()


@cache
def unreadable_mark(font_folder: Path) -> bytes:
    """Return a grey PNG that says 照片读不出: a hole in an official paper must be seen."""
    picture = Image.new("L", (800, 600), 0xEE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 799, 599), outline=0x99, width=4)
    face = ImageFont.truetype(fonts.font_path(font_folder, "GovHei"), 64)
    draw.text((400, 300), "照片读不出", font=face, fill=0x55, anchor="mm")
    return _encoded(picture, PNG)
