"""What becomes of an uploaded photo, and of a file that is none."""

import datetime as dt
import io
import struct
import zlib
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from estates.models import Estate
from inspections import services
from inspections.calculations import metres_between
from inspections.models import ChecklistItem, EvidencePhoto, InspectionRound
from inspections.services.pictures import difference_hash, read_picture
from tests.inspections.conftest import picture
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError


def png(width: int, height: int) -> bytes:
    """Return a black-and-white PNG that weighs next to nothing and unpacks to its full size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress((b"\0" + b"\0" * ((width + 7) // 8)) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_photo_is_upright_small_and_without_what_the_camera_wrote() -> None:
    source = picture(
        (3000, 2000),
        orientation=6,
        taken="2026:11:18 09:42:10",
        place=((34.0, 47.0, 13.5), (113.0, 23.0, 2.25)),
    )
    read = read_picture(source)
    assert (read.width, read.height) == (1333, 2000)
    assert read.taken_at == dt.datetime(2026, 11, 18, 9, 42, 10, tzinfo=clock.SHANGHAI)
    assert (read.latitude, read.longitude) == (Decimal("34.787083"), Decimal("113.383958"))
    for kept, most in ((read.image, 2000), (read.thumbnail, 640)):
        opened = Image.open(io.BytesIO(kept))
        assert opened.format == "JPEG"
        assert max(opened.size) <= most
        assert not dict(opened.getexif())
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(opened.info)
    assert len(read.sha256) == len(read.source_sha256) == 64
    assert read.sha256 != read.source_sha256


def test_a_comment_in_the_file_does_not_travel() -> None:
    target = io.BytesIO()
    Image.new("RGB", (200, 100), "red").save(target, "JPEG", comment=b"13800002206")
    assert b"13800002206" in target.getvalue()
    assert b"13800002206" not in read_picture(target.getvalue()).image


def test_a_transparent_png_becomes_white_paper() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(target, "PNG")
    corner = Image.open(io.BytesIO(read_picture(target.getvalue()).image)).getpixel((5, 5))
    assert min(corner) > 250


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "空文件"),
        (b"%PDF-1.7 not a picture", "不是照片"),
        (b"PK\x03\x04 a workbook renamed to jpg", "不是照片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "不是照片"),
        (picture(kind="GIF"), "不是照片"),
        (picture()[:900], "没有传完整"),
        (picture(kind="PNG")[:-400], "没有传完整"),
        (picture((16, 16)), "太小"),
        (png(20_000, 10_000), "像素超过"),
        (png(60_000, 60_000), "像素超过"),
        (png(6_000, 5_000), "像素超过 2,500 万"),
    ],
    ids=[
        "empty",
        "pdf",
        "zip",
        "svg",
        "gif",
        "cut jpeg",
        "cut png",
        "tiny",
        "200 MP",
        "bomb",
        "30 MP held whole",
    ],
)
def test_what_is_no_photo_gets_a_sentence(source: bytes, says: str) -> None:
    with pytest.raises(BusinessError) as refused:
        read_picture(source, "现场.jpg")
    assert refused.value.message.startswith("“现场.jpg”")
    assert says in refused.value.message


def test_a_file_over_the_limit_is_refused_unread(settings: object) -> None:
    settings.PHOTO_MAX_BYTES = 2**20
    with pytest.raises(BusinessError, match="超过 1 MB"):
        read_picture(b"\xff\xd8" + b"\0" * 2**20)


@pytest.mark.parametrize("taken", ["", "0000:00:00 00:00:00", "not a date", "2026:13:45 99:99:99"])
def test_a_camera_that_writes_nonsense_costs_nothing_but_the_time(taken: str) -> None:
    assert read_picture(picture(taken=taken)).taken_at is None


def test_a_place_out_of_this_world_is_left_out() -> None:
    read = read_picture(picture(place=((99.0, 0.0, 0.0), (113.0, 0.0, 0.0))))
    assert (read.latitude, read.longitude) == (None, None)


def test_near_equal_pictures_have_near_equal_hashes() -> None:
    image = Image.linear_gradient("L").resize((400, 300))
    smaller = image.resize((200, 150))
    other = Image.radial_gradient("L").resize((400, 300))

    def apart(one: Image.Image, two: Image.Image) -> int:
        return (int(difference_hash(one), 16) ^ int(difference_hash(two), 16)).bit_count()

    assert apart(image, smaller) <= 4 < apart(image, other)


def test_the_distance_of_two_places() -> None:
    """A thousandth of a degree of latitude is 111 m."""
    here = Decimal("34.787000"), Decimal("113.383000")
    there = Decimal("34.788000"), Decimal("113.383000")
    assert metres_between(*here, *there) == 111
    assert metres_between(*here, *here) == 0


def test_a_row_that_cannot_be_written_leaves_no_file(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    made: list[str] = []
    save = default_storage.save

    def noting(*args: object, **kwargs: object) -> str:
        made.append(save(*args, **kwargs))
        return made[-1]

    def broken(self: EvidencePhoto, *args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk of the database is full")

    monkeypatch.setattr(default_storage._wrapped, "save", noting)
    monkeypatch.setattr(EvidencePhoto, "save", broken)
    with pytest.raises(RuntimeError):
        services.photo_add(
            inspection=inspection, item=items[0], actor=cast.inspector, source=picture()
        )
    assert len(made) == 2
    assert not any(default_storage.exists(name) for name in made)
