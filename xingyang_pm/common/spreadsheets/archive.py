"""The zip directory of an .xlsx, read by ourselves and believed in nothing.

``zipfile`` stops at the size that the directory states, other readers do not; so what one
reader sees as a small part another unpacks to gigabytes. Here the compressed bytes are
unpacked in windows, counted, and must come out at exactly the stated size.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

STORED, DEFLATED = 0, 8

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x07"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_WINDOW = 2**20
# Small, since the inflater copies what it has not used after every window.
_STRIDE = 2**16


class BadArchive(ValueError):
    """The archive is damaged or contradicts itself."""


@dataclass(frozen=True)
class Member:
    name: str
    raw_name: bytes
    method: int
    encrypted: bool
    packed_bytes: int
    stated_bytes: int
    offset: int


def members(data: bytes, *, limit: int) -> list[Member]:
    """Return the central directory of the archive, at most ``limit`` members.

    Raises :class:`BadArchive` for more members, for zip64 and for a directory that does not
    lie where it says.
    """
    end = data.rfind(_END, max(0, len(data) - 65_557))
    if end < 0 or end + 22 > len(data):
        raise BadArchive("no end of directory")
    count, size, start = struct.unpack_from("<HII", data, end + 10)
    if data.rfind(_END_64, max(0, end - 20), end) >= 0 or count > limit or start + size != end:
        raise BadArchive("odd directory")
    found: list[Member] = []
    position = start
    for _ in range(count):
        if data[position : position + 4] != _CENTRAL or position + 46 > end:
            raise BadArchive("odd directory entry")
        flags, method = struct.unpack_from("<HH", data, position + 8)
        packed, stated, name, extra, comment = struct.unpack_from("<IIHHH", data, position + 20)
        (offset,) = struct.unpack_from("<I", data, position + 42)
        raw = data[position + 46 : position + 46 + name]
        text = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        found.append(Member(text, raw, method, bool(flags & 1), packed, stated, offset))
        position += 46 + name + extra + comment
    if position != end:
        raise BadArchive("directory of another length")
    if sum(member.packed_bytes for member in found) > len(data):
        raise BadArchive("members overlap")
    return found


def _packed(data: bytes, member: Member) -> memoryview:
    if data[member.offset : member.offset + 4] != _LOCAL:
        raise BadArchive(f"{member.name}: no local header")
    name, extra = struct.unpack_from("<HH", data, member.offset + 26)
    start = member.offset + 30 + name + extra
    if data[member.offset + 30 : member.offset + 30 + name] != member.raw_name:
        raise BadArchive(f"{member.name}: another name in the local header")
    if start + member.packed_bytes > len(data):
        raise BadArchive(f"{member.name}: cut off")
    return memoryview(data)[start : start + member.packed_bytes]


def unpack(data: bytes, member: Member) -> Iterator[bytes]:
    """Yield the content of ``member`` in windows of at most 1 MB.

    Raises :class:`BadArchive` as soon as more comes out than stated, or at the end when less.
    """
    packed = _packed(data, member)
    got = 0
    if member.method == STORED:
        if member.packed_bytes != member.stated_bytes:
            raise BadArchive(f"{member.name}: another size than stated")
        for start in range(0, len(packed), _WINDOW):
            yield bytes(packed[start : start + _WINDOW])
        return
    if member.method != DEFLATED:
        raise BadArchive(f"{member.name}: compressed by an unusual method")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in range(0, len(packed), _STRIDE):
        pending: bytes | memoryview = packed[start : start + _STRIDE]
        while pending and not inflater.eof:
            try:
                window = inflater.decompress(pending, _WINDOW)
            except zlib.error:
                raise BadArchive(f"{member.name}: cannot be unpacked") from None
            got += len(window)
            if got > member.stated_bytes:
                raise BadArchive(f"{member.name}: more than stated")
            if window:
                yield window
            pending = inflater.unconsumed_tail
    if not inflater.eof or got != member.stated_bytes:
        raise BadArchive(f"{member.name}: less than stated")


def read(data: bytes, member: Member) -> bytes:
    """Return the whole content of ``member``; for small parts only."""
    return b"".join(unpack(data, member))
