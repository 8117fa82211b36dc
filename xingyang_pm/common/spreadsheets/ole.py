"""As much of the OLE container and of BIFF (.xls) as the gate and the reader need.

Pure Python over bytes in memory, every walk bounded by the length of the file. The layouts
are those of [MS-CFB] and [MS-XLS].
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_END_OF_CHAIN = 0xFFFFFFFE
_ENTRY_BYTES = 128
_MINI_SECTOR = 64
_HEADER_FAT_ENTRIES = 109

BOF, EOF, FILEPASS, BOUNDSHEET, SUPBOOK = 0x0809, 0x000A, 0x002F, 0x0085, 0x01AE
ROW, COLINFO, FORMULA, BOOLERR = 0x0208, 0x007D, 0x0006, 0x0205
# Cells that hold something: FORMULA, NUMBER, LABEL, BOOLERR, RK, MULRK, RSTRING, LABELSST.
VALUED = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00D6, 0x00FD})
_OWN_BOOK, _ADD_IN = 0x0401, 0x3A01
# Sheets that point into one another could make the walk many times as long as the file.
_MAX_RECORDS = 5_000_000


class Damaged(ValueError):
    """The container contradicts itself."""


@dataclass(frozen=True)
class Entry:
    """One directory entry. ``kind``: 1 storage, 2 stream, 5 root."""

    name: str
    kind: int
    start: int
    size: int


class CompoundFile:
    """The directory and the streams of an OLE file held in memory.

    Raises :class:`Damaged` when the tables point outside the file or run in circles.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(MAGIC):
            raise Damaged("no OLE header")
        self._data = data
        (shift,) = struct.unpack_from("<H", data, 30)
        if shift not in (9, 12):
            raise Damaged("odd sector size")
        self._sector_bytes = 1 << shift
        directory, cutoff, mini_fat, difat = (
            struct.unpack_from("<I", data, offset)[0] for offset in (48, 56, 60, 68)
        )
        self._mini_cutoff = cutoff
        self._fat = self._read_fat(difat)
        self.entries = list(self._read_directory(self._chain(directory)))
        self._mini_fat_start = mini_fat

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._sector_bytes
        if start >= len(self._data):
            raise Damaged("sector outside the file")
        return self._data[start : start + self._sector_bytes]

    def _words(self, content: bytes) -> "array[int]":
        words = array("I")
        words.frombytes(content[: len(content) // 4 * 4])
        return words

    def _read_fat(self, difat: int) -> "array[int]":
        numbers = list(self._words(self._data[76 : 76 + 4 * _HEADER_FAT_ENTRIES]))
        seen: set[int] = set()
        while difat < _END_OF_CHAIN - 2 and difat not in seen:
            seen.add(difat)
            *more, difat = self._words(self._sector(difat))
            numbers += more
        fat = array("I")
        for number in numbers:
            if number < _END_OF_CHAIN - 2:
                fat.extend(self._words(self._sector(number)))
        return fat

    def _chain(self, start: int, limit: int | None = None) -> bytes:
        parts: list[bytes] = []
        length = 0
        number = start
        while number < len(self._fat) and (limit is None or length < limit):
            part = self._sector(number)
            parts.append(part)
            length += len(part)
            if length > len(self._data):
                raise Damaged("sectors run in a circle")
            number = self._fat[number]
        return b"".join(parts)

    def _read_directory(self, content: bytes) -> Iterator[Entry]:
        for offset in range(0, len(content) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
            name_bytes, kind = struct.unpack_from("<HB", content, offset + 64)
            if kind:
                raw = content[offset : offset + max(min(name_bytes, 64) - 2, 0)]
                start, size = struct.unpack_from("<IQ", content, offset + 116)
                yield Entry(raw.decode("utf-16-le", "replace"), kind, start, size & 0xFFFFFFFF)

    def stream(self, *names: str) -> bytes | None:
        """Return the content of the first stream called one of ``names``, or ``None``."""
        for entry in self.entries:
            if entry.kind == 2 and entry.name in names:
                if entry.size >= self._mini_cutoff:
                    return self._chain(entry.start, entry.size)[: entry.size]
                return self._mini_stream(entry)
        return None

    def _mini_stream(self, entry: Entry) -> bytes:
        root = next((item for item in self.entries if item.kind == 5), None)
        if root is None:
            raise Damaged("no root entry")
        content = self._chain(root.start, root.size)
        fat = self._words(self._chain(self._mini_fat_start))
        parts: list[bytes] = []
        number = entry.start
        while number < len(fat) and len(parts) * _MINI_SECTOR < entry.size:
            parts.append(content[number * _MINI_SECTOR : (number + 1) * _MINI_SECTOR])
            number = fat[number]
        return b"".join(parts)[: entry.size]


def records(stream: bytes, position: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield ``(type, offset of the data, length)`` up to the end of the substream."""
    end = len(stream) - 4
    unpack = struct.Struct("<HH").unpack_from
    while position <= end:
        kind, length = unpack(stream, position)
        yield kind, position + 4, length
        if kind == EOF:
            return
        position += 4 + length


@dataclass
class Sheet:
    """What the records of one sheet say beside its values; rows and columns count from 0."""

    name: str
    hidden: bool
    macro: bool
    cells: int = 0
    last_row: int = -1
    last_column: int = -1
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    unread: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Book:
    encrypted: bool = False
    external: bool = False
    sheets: list[Sheet] = field(default_factory=list)


def _sheet_name(data: bytes) -> str:
    """Decode the name of a BOUNDSHEET record (BIFF8: length, flag, characters)."""
    length, wide = data[6], data[7] & 1
    raw = data[8 : 8 + length * (2 if wide else 1)]
    return raw.decode("utf-16-le" if wide else "latin-1", "replace")


_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def _note_unread(
    stream: bytes, offset: int, length: int, kind: int, place: tuple[int, int], sheet: Sheet
) -> None:
    """Note a cell that shows an error, or a formula that was never calculated."""
    if kind == BOOLERR:
        value, is_error = stream[offset + 6], stream[offset + 7]
        if is_error:
            sheet.unread[place] = _ERRORS.get(value, "#N/A")
        return
    if length < 16 or stream[offset + 12 : offset + 14] != b"\xff\xff":
        return  # a number
    result = stream[offset + 6]
    if result == 2:
        sheet.unread[place] = _ERRORS.get(stream[offset + 8], "#N/A")
    elif result == 3:
        # An empty text, or a program that wrote the formula and never calculated it.
        sheet.unread[place] = ""


def _survey(stream: bytes, position: int, sheet: Sheet, budget: int) -> int:
    """Fill ``sheet`` from the substream at ``position``; return what is left of ``budget``."""
    unpack = struct.Struct("<HH").unpack_from
    for kind, offset, length in records(stream, position):
        budget -= 1
        if budget < 0:
            raise Damaged("too many records")
        if length < 4 or offset + length > len(stream):
            continue
        if kind in VALUED:
            row, column = unpack(stream, offset)
            sheet.cells += 1
            if kind == 0x00BD:  # MULRK ends with the number of its last column
                (column,) = struct.unpack_from("<H", stream, offset + length - 2)
            elif kind in (FORMULA, BOOLERR) and length >= 8:
                if kind == FORMULA:
                    sheet.formulas.append((row, column))
                _note_unread(stream, offset, length, kind, (row, column), sheet)
            sheet.last_row = max(sheet.last_row, row)
            sheet.last_column = max(sheet.last_column, column)
        elif kind == ROW and length >= 16:
            if stream[offset + 12] & 0x20:
                sheet.hidden_rows.append(unpack(stream, offset)[0])
        elif kind == COLINFO and length >= 10 and stream[offset + 8] & 1:
            first, last = unpack(stream, offset)
            sheet.hidden_columns.extend(range(first, min(last, 255) + 1))
    return budget


def survey(stream: bytes) -> Book:
    """Walk the records of a workbook stream without reading one value."""
    book = Book()
    found: list[tuple[int, Sheet]] = []
    for kind, offset, length in records(stream):
        data = stream[offset : offset + length]
        if kind == FILEPASS:
            book.encrypted = True
            return book
        if kind == SUPBOOK and length >= 4:
            book.external |= struct.unpack_from("<H", data, 2)[0] not in (_OWN_BOOK, _ADD_IN)
        elif kind == BOUNDSHEET and length >= 8:
            position, visibility, category = struct.unpack_from("<IBB", data)
            sheet = Sheet(_sheet_name(data), bool(visibility & 3), category == 1)
            found.append((position, sheet))
    budget = _MAX_RECORDS
    for position, sheet in found:
        budget = _survey(stream, position, sheet, budget)
        book.sheets.append(sheet)
    return book
