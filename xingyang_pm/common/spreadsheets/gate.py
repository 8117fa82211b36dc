"""The upload gate: what is no harmless workbook is refused before any parser sees it.

The gate reads the container itself, unpacks in windows and stops at the first thing that is
wrong, so an attack costs milliseconds. It is not the last defence: readers run in a child
process with limits (:mod:`.child`), since a crafted file may always mean something else to
another parser.

Legitimate and let through: hyperlinks, comments, pictures, printer settings, ``customXml``
(Office and WPS write it), form controls, and formatting without content out to XFD1048576.
Only a cell *with content* far out is refused, since readers then lay out every cell between.
"""

import enum
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

from django.conf import settings

from xingyang_pm.common.errors import BusinessError

from . import archive, bounds, ole

RESAVE = "请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。"


class WorkbookKind(enum.Enum):
    XLSX = "xlsx"
    XLS = "xls"


class WorkbookRefused(BusinessError):
    """The upload is not let in. ``code`` names the reason for programs and tests."""


class _Sentences:
    """What each reason tells the user."""

    empty = "文件是空的，没有读取。请选择要上传的工作簿。"
    damaged = f"文件已损坏或内部结构不合规范，没有读取。{RESAVE}"
    unpacks = "文件解压后远大于本身，没有读取。请把数据复制到新的工作簿，保存为 .xlsx 后再上传。"
    encrypted = "工作簿加了密码，无法读取。请在 Excel 或 WPS 中去掉打开密码，保存后再上传。"
    macro = "工作簿含宏，没有读取。请另存为不含宏的 .xlsx 后再上传。"
    dtd = f"文件内部含有不允许的声明（DTD），没有读取。{RESAVE}"
    encoding = f"文件内部的文字编码不是 UTF-8，没有读取。{RESAVE}"
    external = (
        "工作簿链接了别的文件或数据源，没有读取。"
        "请在“数据”菜单的“编辑链接”和“连接”中断开，保存后再上传。"
    )
    embedded = "工作簿里嵌入了别的文件或控件，没有读取。请删除嵌入的对象，保存后再上传。"
    too_many_cells = (
        f"工作簿的单元格超过 {bounds.MAX_CELLS // 10_000} 万个，没有读取。"
        "请删去无关的工作表和空行的格式，或分成几个文件上传。"
    )


def refusal(code: str, message: str | None = None) -> WorkbookRefused:
    return WorkbookRefused(message or getattr(_Sentences, code), code=code)


def content_of(source: Any, limit: int) -> bytes:
    """Return the bytes of an upload: bytes, a path, or anything with ``seek`` and ``read``.

    Refuses an empty one and one over ``limit`` bytes.
    """
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            data = stream.read(limit + 1)
    else:
        source.seek(0)
        data = source.read(limit + 1)
        source.seek(0)
    if not data:
        raise refusal("empty")
    if len(data) > limit:
        raise refusal(
            "too_large",
            f"文件超过 {limit / 2**20:.0f} MB 的上限，没有读取。"
            "请删去图片和无关的工作表，或分成几个文件上传。",
        )
    return data


def check_workbook(
    file: BinaryIO | bytes | Path, name: str, max_bytes: int | None = None
) -> WorkbookKind:
    """Return the kind of the workbook or raise :class:`WorkbookRefused`.

    ``file`` is a binary file, its bytes or a path; ``name`` the name under which it came: the
    content decides, the name only helps the sentence. ``max_bytes`` defaults to
    ``settings.WORKBOOK_MAX_BYTES``. The position of a file is back at 0 afterwards.
    """
    data = content_of(file, settings.WORKBOOK_MAX_BYTES if max_bytes is None else max_bytes)
    try:
        return check_content(data)
    except WorkbookRefused as refused:
        suffix = Path(name).suffix.lower()
        if refused.code == "not_workbook" and suffix not in {".xlsx", ".xls"}:
            message = f"只收 .xlsx 和 .xls 工作簿。{refused.message}"
            raise refusal(refused.code, message) from None
        raise


def check_content(data: bytes) -> WorkbookKind:
    """Judge the bytes of an upload; see :func:`check_workbook`."""
    if data.startswith(b"PK\x03\x04"):
        _check_xlsx(data)
        return WorkbookKind.XLSX
    if data.startswith(ole.MAGIC):
        _check_xls(data)
        return WorkbookKind.XLS
    raise _no_workbook(data)


def _is_text(head: bytes) -> bool:
    """Whether the bytes look like text as Windows writes it here, a character cut off or not."""
    if any(byte < 9 for byte in head):
        return False
    text = head.decode("gb18030", "replace")
    return "\ufffd" not in text[:-1]


def _no_workbook(data: bytes) -> WorkbookRefused:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith(
        (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"mime-version:")
    ):
        what = "是网页"
    elif head.startswith(b"<?xml"):
        what = "是 XML 文本"
    elif head.startswith(b"%pdf"):
        what = "是 PDF"
    elif head.startswith((b"\xff\xd8\xff", b"\x89png", b"gif8", b"bm")):
        what = "是图片"
    elif head.startswith((b"rar!", b"7z\xbc\xaf")):
        what = "是压缩包"
    elif _is_text(data[:1024]):
        what = "是纯文本"
    else:
        what = "不是 Excel 工作簿"
    return refusal("not_workbook", f"这个文件的内容{what}，没有读取。{RESAVE}")


# --- .xlsx -------------------------------------------------------------------------------------

_MACRO_PARTS = ("vbaproject", "vbadata", "xl/macrosheets/")
_EMBEDDED_PARTS = ("xl/embeddings/", "xl/activex/")
_EXTERNAL_PARTS = ("xl/externallinks/", "xl/connections.xml", "xl/querytables/")
_MACRO_TYPES = (b"macroenabled", b"ms-office.vbaproject", b"macrosheet")
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^<>]*>")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)")
_PREFIX = re.compile(rb"<(\w+:)?worksheet\b")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Z]+\d+)")
_BINARY = re.compile(r"^(xl/media/|docprops/thumbnail\.|.*\.bin$)")
# Columns beyond IV (256) and rows beyond 60,000: bounds.MAX_COLUMNS and MAX_ROWS as patterns,
# since looking for what is wrong is ten times as fast as looking at every cell.
_FAR_COLUMN = rb"(?:[A-Z]{3,}|[J-Z][A-Z]|I[W-Z])\d+"
_FAR_ROW = rb"[A-Z]+(?:6000[1-9]|600[1-9]\d|60[1-9]\d\d|6[1-9]\d{3}|[7-9]\d{4}|\d{6,})"


@lru_cache(maxsize=8)
def _far_cell(prefix: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a cell with content beyond the bounds.

    A cell without content is either closed at once or holds at most an empty value. The
    bounded classes keep the search linear on text made to slow it down.
    """
    tag = re.escape(prefix) + rb"c"
    value = re.escape(prefix) + rb"v"
    return re.compile(
        rb"<" + tag + rb"\s[^<>]{0,200}?\br=[\"'](?:" + _FAR_COLUMN + rb"|" + _FAR_ROW + rb")[\"']"
        rb"[^<>]{0,400}(?<!/)>(?!\s*(?:<"
        + value
        + rb"\s*/>|<"
        + value
        + rb"></"
        + value
        + rb">)?</"
        + tag
        + rb">)"
    )


def _check_xlsx(data: bytes) -> None:
    try:
        members = archive.members(data, limit=bounds.MAX_MEMBERS)
        _check_directory(members)
        _check_content(data, members)
    except archive.BadArchive:
        raise refusal("damaged") from None


def _check_directory(members: list[archive.Member]) -> None:
    names = [member.name.lower() for member in members]
    if any(member.encrypted for member in members):
        raise refusal("encrypted")
    if any(count > 1 for count in Counter(names).values()):
        raise refusal("damaged")
    for part in names:
        if part.startswith("/") or "\\" in part or ".." in part.split("/") or ":" in part:
            raise refusal("damaged")
        if any(mark in part for mark in _MACRO_PARTS):
            raise refusal("macro")
        if part.startswith(_EMBEDDED_PARTS):
            raise refusal("embedded")
        if part.startswith(_EXTERNAL_PARTS):
            raise refusal("external")
    known = {member.name for member in members}
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= known:
        raise _other_package(set(names))
    if sum(member.stated_bytes for member in members) > bounds.MAX_TOTAL_BYTES:
        raise refusal("unpacks")
    for member in members:
        if _BINARY.match(member.name.lower()):
            # A white picture packs a thousandfold, and nobody unpacks it here.
            if member.stated_bytes > bounds.MAX_MEDIA_BYTES:
                raise refusal("unpacks")
        elif member.stated_bytes > bounds.MAX_MEMBER_BYTES or (
            member.stated_bytes > bounds.RATIO_FREE_BYTES
            and member.stated_bytes > bounds.MAX_RATIO * member.packed_bytes
        ):
            raise refusal("unpacks")


def _other_package(parts: set[str]) -> WorkbookRefused:
    if "xl/workbook.bin" in parts:
        what = "是二进制工作簿（.xlsb）"
    elif "word/document.xml" in parts:
        what = "是 Word 文档"
    elif "ppt/presentation.xml" in parts:
        what = "是演示文稿"
    elif "mimetype" in parts and "content.xml" in parts:
        what = "是 OpenDocument 文件"
    else:
        what = "是压缩包，不是 Excel 工作簿"
    return refusal("not_workbook", f"这个文件的内容{what}，没有读取。{RESAVE}")


class _Scan:
    """Looks through the windows of one XML part for what must not be there."""

    # No cell's opening tag that the patterns know is longer; a tag cut by the end of a
    # window is looked at again with the next one.
    overlap = 4096

    def __init__(self) -> None:
        self.cells = self.rows = 0
        self._tail = b""
        self._far: re.Pattern[bytes] | None = None
        self._marks = (b"", b"")

    def feed(self, window: bytes) -> bytes | None:
        """Return the opening tag of a cell with content beyond the bounds, if there is one."""
        if self._far is None:
            _check_head(window)
            prefix = _PREFIX.search(window[:4096])
            namespace = (prefix[1] or b"") if prefix else b""
            self._far = _far_cell(namespace)
            self._marks = (b"<" + namespace + b"c ", b"<" + namespace + b"row")
        text = self._tail + window
        return self._look(text, max(0, len(text) - self.overlap))

    def close(self) -> bytes | None:
        return self._look(self._tail, len(self._tail)) if self._far else None

    def _look(self, text: bytes, end: int) -> bytes | None:
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise refusal("dtd")
        self.cells += text.count(self._marks[0], 0, end)
        self.rows += text.count(self._marks[1], 0, end)
        self._tail = text[end:]
        found = self._far.search(text) if self._far else None
        return found[0] if found and found.start() < end else None


def _places(scan: _Scan, windows: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield what the scan finds in each window and in the rest after the last."""
    yield from map(scan.feed, windows)
    yield scan.close()


def _check_content(data: bytes, members: list[archive.Member]) -> None:
    cells = rows = 0
    for member in members:
        lowered = member.name.lower()
        if _BINARY.match(lowered):
            for _ in archive.unpack(data, member):  # counts what comes out
                pass
            continue
        scan = _Scan()
        for far in _places(scan, archive.unpack(data, member)):
            if far:
                raise _far(data, members, member, far)
            if cells + scan.cells > bounds.MAX_CELLS or rows + scan.rows > bounds.MAX_CELLS:
                raise refusal("too_many_cells")
        cells += scan.cells
        rows += scan.rows
        if lowered.endswith(".rels"):
            _check_relationships(_small(data, member))
        elif lowered == "[content_types].xml" and any(
            mark in _small(data, member).lower() for mark in _MACRO_TYPES
        ):
            raise refusal("macro")


def _small(data: bytes, member: archive.Member) -> bytes:
    """Return the whole of a part that is small in every real file."""
    if member.stated_bytes > bounds.MAX_LISTING_BYTES:
        raise refusal("unpacks")
    return archive.read(data, member)


def _check_head(window: bytes) -> None:
    if window.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in window[:64]:
        raise refusal("encoding")
    declared = _ENCODING.search(window[:256])
    if declared and declared[1].lower() not in {b"utf-8", b"utf8", b"us-ascii"}:
        raise refusal("encoding")


def _check_relationships(content: bytes) -> None:
    for relationship in _RELATIONSHIP.findall(content):
        outside = re.search(rb"TargetMode\s*=\s*[\"']External", relationship)
        if outside and b"/relationships/hyperlink" not in relationship:
            raise refusal("external")


def sheet_parts(workbook: bytes, relationships: bytes) -> list[tuple[str, str]]:
    """Return ``(name, part)`` of every sheet, from ``xl/workbook.xml`` and its relationships.

    Raises ``ValueError`` (``ParseError`` is one) when they cannot be read.
    """
    targets: dict[str, str] = {}
    for item in ET.fromstring(relationships):  # noqa: S314  the gate has refused every DTD
        target = item.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[item.get("Id", "")] = part
    found: list[tuple[str, str]] = []
    for item in ET.fromstring(workbook).iter():  # noqa: S314  no DTD passed the gate
        if item.tag.rpartition("}")[2] == "sheet":
            keys = [value for key, value in item.attrib.items() if key.endswith("}id")]
            found.append((item.get("name", ""), targets.get(keys[0], "") if keys else ""))
    return found


def _sheet_name(data: bytes, members: Iterable[archive.Member], part: str) -> str:
    by_name = {member.name: member for member in members}
    try:
        parts = sheet_parts(
            _small(data, by_name["xl/workbook.xml"]),
            _small(data, by_name["xl/_rels/workbook.xml.rels"]),
        )
    except (KeyError, ValueError, SyntaxError, BusinessError):
        return ""
    return next((name for name, target in parts if target == part), "")


def _far(
    data: bytes, members: list[archive.Member], member: archive.Member, cell: bytes
) -> WorkbookRefused:
    reference = _REFERENCE.search(cell)
    where = reference[1].decode() if reference else ""
    return _far_sentence(_sheet_name(data, members, member.name), where)


def _far_sentence(sheet: str, where: str) -> WorkbookRefused:
    place = f"工作表“{sheet}”的 {where}" if sheet else f"单元格 {where}"
    return refusal(
        "far_cell",
        f"{place} 有内容，超出 {bounds.MAX_ROWS:,} 行、{bounds.MAX_COLUMNS} 列的上限，没有读取。"
        "请选中数据区以外的行和列，删除后保存，再上传。",
    )


# --- .xls --------------------------------------------------------------------------------------


def _check_xls(data: bytes) -> None:
    try:
        container = ole.CompoundFile(data)
        names = {entry.name for entry in container.entries}
        if names & {"EncryptedPackage", "EncryptionInfo"}:
            raise refusal("encrypted")
        stream = container.stream("Workbook", "Book")
        if stream is None:
            raise _other_ole(names)
        if names & {"_VBA_PROJECT_CUR", "VBA", "_VBA_PROJECT"}:
            raise refusal("macro")
        if any(name.startswith("MBD") for name in names):
            raise refusal("embedded")
        book = ole.survey(stream)
    except (ole.Damaged, ValueError):
        raise refusal("damaged") from None
    if book.encrypted:
        raise refusal("encrypted")
    if book.external:
        raise refusal("external")
    if any(sheet.macro for sheet in book.sheets):
        raise refusal("macro")
    if sum(sheet.cells for sheet in book.sheets) > bounds.MAX_CELLS:
        raise refusal("too_many_cells")
    for sheet in book.sheets:
        if sheet.last_row >= bounds.MAX_ROWS:
            raise _far_sentence(sheet.name, f"第 {sheet.last_row + 1} 行")


def _other_ole(names: set[str]) -> WorkbookRefused:
    what = "是 Word 文档" if "WordDocument" in names else "不是 Excel 工作簿，可能是旧的 WPS 表格"
    return refusal("not_workbook", f"这个文件的内容{what}，没有读取。{RESAVE}")
