"""Photos on paper are upright, opaque, small, and say nothing of the telephone."""

from io import BytesIO

import pytest
from PIL import Image

from tests.common import pdf_papers as papers
from xingyang_pm.common.pdf import images


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def test_a_photo_loses_its_position_and_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the telephone on its side
    exif[0x0110] = "Secret Phone"
    exif.get_ifd(0x8825)[2] = (34.0, 47.0, 13.0)
    data = papers.picture((4000, 3000), exif=exif)
    assert b"Secret Phone" in data
    small, mime = images.for_paper(data)
    assert mime == images.JPEG
    assert b"Exif" not in small
    assert b"Secret Phone" not in small
    assert opened(small).size == (1200, 1600)
    assert images.for_paper(data)[0] == small


def test_a_see_through_seal_is_laid_on_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (10, 10), (200, 0, 0, 0)).save(out, "PNG")
    flat, mime = images.for_paper(out.getvalue())
    assert mime == images.PNG
    assert opened(flat).mode == "RGB"
    assert opened(flat).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
def test_a_jpeg_becomes_rgb_or_grey(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (30, 20)).save(out, "JPEG")
    assert opened(images.for_paper(out.getvalue())[0]).mode == ("L" if mode == "L" else "RGB")


def test_a_palette_png_with_a_clear_colour_becomes_opaque() -> None:
    out = BytesIO()
    Image.new("P", (30, 20), 1).save(out, "PNG", transparency=1)
    assert opened(images.for_paper(out.getvalue())[0]).mode == "RGB"


def bomb() -> bytes:
    """Return a PNG of some kB that claims 100 million pixels."""
    out = BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\0" * 40,
        b"<svg/>",
        b"\xff\xd8\xff\xe0garbage",
        papers.picture((60, 60), "PNG")[:-200],
        papers.picture((600, 600))[:3000],
        bomb(),
    ],
    ids=["empty", "gif", "svg", "garbage", "cut-png", "cut-jpeg", "bomb"],
)
def test_what_is_no_whole_picture_is_unreadable(data: bytes) -> None:
    with pytest.raises(images.UnreadableImage):
        images.for_paper(data)
