"""What stands in a PDF, read without the library that wrote it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pikepdf
import pypdf


def texts(pdf: bytes) -> list[str]:
    """Return the text of each page without blanks (letters are set apart to fill lines)."""
    return [re.sub(r"\s", "", page.extract_text()) for page in pypdf.PdfReader(BytesIO(pdf)).pages]


def whole_text(pdf: bytes) -> str:
    return "".join(texts(pdf))


@dataclass(frozen=True)
class Marks:
    """The marks of an archive copy."""

    part: str | None
    conformance: str | None
    intents: list[str]
    has_id: bool
    language: str
    scripts: bool
    attachments: bool
    see_through: int
    smoothed_pictures: int
    title: str
    author: str
    created: str | None


def marks(pdf: bytes) -> Marks:
    with pikepdf.open(BytesIO(pdf)) as document:
        root = document.Root
        xmp = root.Metadata.read_bytes().decode() if "/Metadata" in root else ""
        pictures = [
            item
            for item in document.objects
            if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image"
        ]
        states = [
            state
            for page in document.pages
            for state in (page.get("/Resources", {}).get("/ExtGState", {}) or {}).values()
        ]
        info = document.docinfo
        return Marks(
            part=_attribute(xmp, "pdfaid:part"),
            conformance=_attribute(xmp, "pdfaid:conformance"),
            intents=[str(intent.S) for intent in root.get("/OutputIntents", [])],
            has_id="/ID" in document.trailer,
            language=str(root.get("/Lang", "")),
            scripts=any(key in root for key in ("/AA", "/OpenAction")),
            attachments=b"/EmbeddedFile" in pdf or "/EmbeddedFiles" in root.get("/Names", {}),
            see_through=sum(
                state.get("/ca", 1) != 1 or state.get("/CA", 1) != 1 for state in states
            )
            + sum("/SMask" in picture for picture in pictures),
            smoothed_pictures=sum(bool(picture.get("/Interpolate")) for picture in pictures),
            title=str(info.get("/Title", "")),
            author=str(info.get("/Author", "")),
            created=str(info["/CreationDate"]) if "/CreationDate" in info else None,
        )


def _attribute(xmp: str, name: str) -> str | None:
    match = re.search(name + r'="([^"]+)"', xmp)
    return match[1] if match else None


def fonts(pdf: bytes) -> dict[str, bool]:
    """Return the fonts used, without their subset prefix, and whether each is embedded whole."""
    found: dict[str, bool] = {}
    with pikepdf.open(BytesIO(pdf)) as document:
        for item in document.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/Subtype") == "/Type0":
                descriptor = item.DescendantFonts[0].FontDescriptor
                name = str(item.BaseFont).lstrip("/").partition("+")[2]
                found[name] = "/FontFile2" in descriptor and "/ToUnicode" in item
    return found


@dataclass(frozen=True)
class Line:
    """A run of text as drawn: where it starts, where its last glyph ends (CSS px), its text."""

    x: float
    y: float
    end: float
    size: float


def lines(pdf: bytes, page: int = 0) -> list[Line]:
    """Return the lines of text of ``page``: runs that stand at one height, joined."""
    rows: dict[float, list[Line]] = {}
    for run in _runs(pdf, page):
        rows.setdefault(round(run.y, 1), []).append(run)
    return [
        Line(min(r.x for r in row), y, max(r.end for r in row), row[0].size)
        for y, row in sorted(rows.items())
    ]


def _runs(pdf: bytes, number: int) -> Iterator[Line]:
    with pikepdf.open(BytesIO(pdf)) as document:
        page = document.pages[number]
        widths = {name: _widths(font) for name, font in page.Resources.Font.items()}
        font, size, x, y = "", 0.0, 0.0, 0.0
        at = 0.0
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name == "Tm":
                x, y = float(operands[4]), float(operands[5])
                at = x
            elif name == "Tf":
                font, size = str(operands[0]), float(operands[1])
            elif name == "TJ":
                start = at
                at += _advance(operands[0], widths[font], size)
                yield Line(start, y, at, size)


def _widths(font: Any) -> dict[int, float]:
    widths: dict[int, float] = {}
    array = list(font.DescendantFonts[0].W)
    while array:
        first = int(array.pop(0))
        for offset, width in enumerate(array.pop(0)):
            widths[first + offset] = float(width)
    return widths


def _advance(parts: Any, widths: dict[int, float], size: float) -> float:
    total = 0.0
    for part in parts:
        if isinstance(part, pikepdf.String):
            codes = bytes(part)
            total += sum(
                widths[int.from_bytes(codes[at : at + 2], "big")] for at in range(0, len(codes), 2)
            )
        else:
            total -= float(part)
    return total * size / 1000


def colours(pdf: bytes, page: int = 0) -> set[tuple[float, ...]]:
    """Return the RGB colours that ``page`` fills with."""
    with pikepdf.open(BytesIO(pdf)) as document:
        return {
            tuple(round(float(value), 3) for value in operands)
            for operands, operator in pikepdf.parse_content_stream(document.pages[page])
            if str(operator) in {"rg", "sc", "scn"} and len(operands) == 3
        }
