"""Workbooks made at run time: honest ones, and the attacks that the gate must turn away."""

import io
import struct
import unicodedata
import zipfile
from collections.abc import Iterable
from typing import Any

import openpyxl
import xlwt
from openpyxl.utils import get_column_letter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def xlsx(rows: Iterable[Iterable[Any]], *, title: str = "台账") -> bytes:
    """Return a workbook with one sheet of ``rows``; text is text, also ``=1+1``."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
        for cell in sheet[sheet.max_row]:
            if cell.data_type == "f":
                cell.data_type = "s"
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(rows: Iterable[Iterable[Any]], *, title: str = "台账") -> bytes:
    """Return an .xls with one sheet of ``rows``."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(title)
    for index, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(index, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def repacked(
    source: bytes,
    parts: dict[str, bytes] | None = None,
    *,
    drop: Iterable[str] = (),
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return the archive with ``parts`` replaced or added and those of ``drop`` left out."""
    stream = io.BytesIO()
    wanted = dict(parts or {})
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(stream, "w", method) as new:
        for item in old.infolist():
            if item.filename not in drop and item.filename not in wanted:
                new.writestr(item.filename, old.read(item))
        for name, content in wanted.items():
            new.writestr(name, content)
    return stream.getvalue()


def with_sheet_xml(body: str, *, head: str = "", prefix: str = "") -> bytes:
    """Return a workbook whose first sheet is the given ``sheetData`` body."""
    colon = f"{prefix}:" if prefix else ""
    namespace = f"xmlns:{prefix}" if prefix else "xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><{colon}worksheet {namespace}="{MAIN}">{head}'
        f"<{colon}sheetData>{body}</{colon}sheetData></{colon}worksheet>"
    )
    return repacked(xlsx([["小区名称"]]), {"xl/worksheets/sheet1.xml": content.encode()})


def encrypted_zip(source: bytes) -> bytes:
    """Return the archive with the encryption flag set on every member."""
    data = bytearray(source)
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = data.find(signature)
        while start >= 0:
            data[start + offset] |= 1
            start = data.find(signature, start + 4)
    return bytes(data)


def with_stated_size(source: bytes, part: str, size: int) -> bytes:
    """Return the archive whose directory lies about the unpacked size of ``part``."""
    data = bytearray(source)
    start = data.find(b"PK\x01\x02")
    while start >= 0:
        (length,) = struct.unpack_from("<H", data, start + 28)
        if data[start + 46 : start + 46 + length] == part.encode():
            struct.pack_into("<I", data, start + 24, size)
        start = data.find(b"PK\x01\x02", start + 4)
    return bytes(data)


def compound(streams: dict[str, bytes], storages: Iterable[str] = ()) -> bytes:
    """Return a small OLE file that holds ``streams`` and empty ``storages``."""
    sector = 512
    entries: list[tuple[str, int, int, int]] = [("Root Entry", 5, 0xFFFFFFFE, 0)]
    fat: list[int] = [0xFFFFFFFD]
    body = b""
    for name, content in streams.items():
        count = max(1, -(-len(content) // sector))
        start = len(fat)
        fat += [*range(start + 1, start + count), 0xFFFFFFFE]
        body += content.ljust(count * sector, b"\0")
        entries.append((name, 2, start, len(content)))
    entries += [(name, 1, 0, 0) for name in storages]
    directory = b""
    for name, kind, start, size in entries:
        raw = name.encode("utf-16-le")
        directory += (
            raw.ljust(64, b"\0")
            + struct.pack("<HBB", len(raw) + 2, kind, 1)
            + struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
            + b"\0" * 36
            + struct.pack("<IQ", start, size)
        )
    first_directory = len(fat)
    count = -(-len(directory) // sector)
    fat += [*range(first_directory + 1, first_directory + count), 0xFFFFFFFE]
    directory = directory.ljust(count * sector, b"\0")
    fat += [0xFFFFFFFF] * (128 - len(fat))
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<II", header, 44, 1, first_directory)
    struct.pack_into("<IIIII", header, 56, 0, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header[76:] = struct.pack("<I", 0) + b"\xff" * (512 - 80)
    return bytes(header) + struct.pack("<128I", *fat) + body + directory


def biff(*records: tuple[int, bytes]) -> bytes:
    """Return a BIFF8 stream: BOF, the records, EOF."""
    wanted = [(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)), *records, (0x000A, b"")]
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in wanted)


# --- What is printed --------------------------------------------------------------------------

_POINTS_OF_WIDTH = 5.25  # 7 pixels


def assert_whole(sheet: Any) -> None:
    """Assert that every text of ``sheet`` has room for all its lines in its cell, or in the cells
    merged with it: width and height in points against the letters' own size."""
    areas = {(area.min_row, area.min_col): area for area in sheet.merged_cells.ranges}
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type != "s" or not cell.value:
                continue
            area = areas.get((cell.row, cell.column))
            columns = range(cell.column, (area.max_col if area else cell.column) + 1)
            rows = range(cell.row, (area.max_row if area else cell.row) + 1)
            letters = [sheet.column_dimensions[get_column_letter(c)].width for c in columns]
            width = sum(letters) * _POINTS_OF_WIDTH
            heights = [sheet.row_dimensions[r].height for r in rows]
            height = sum(points or sheet.sheet_format.defaultRowHeight for points in heights)
            size = cell.font.size
            lines = int(height / (size * 1.15)) if cell.alignment.wrap_text else 1
            needed = sum(
                max(1, -(-_points(part, size) // width)) for part in cell.value.split("\n")
            )
            assert needed <= max(lines, 1), f"{cell.coordinate} {cell.value!r} is cut"


def _points(text: str, size: float) -> float:
    return size * sum(1 if unicodedata.east_asian_width(c) in "WFA" else 0.5 for c in text)
