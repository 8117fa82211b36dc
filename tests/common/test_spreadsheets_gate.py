"""The gate lets honest workbooks through and turns every attack away at once, with a sentence."""

import io
import random
import struct
import time
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.styles import PatternFill
from PIL import Image as Picture

from tests.support.workbooks import (
    biff,
    compound,
    encrypted_zip,
    repacked,
    saved,
    with_sheet_xml,
    with_stated_size,
    xls,
    xlsx,
)
from xingyang_pm.common.spreadsheets.gate import WorkbookKind, WorkbookRefused, check_workbook

LEDGER = xlsx([["小区名称", "户数"], ["铁龙家属院", 120]])
SHEET = "xl/worksheets/sheet1.xml"
RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def external(kind: str) -> bytes:
    return RELS.format(
        f'<Relationship Id="rId9" Type="{OFFICE}/{kind}" Target="http://a/b"'
        ' TargetMode="External"/>'
    ).encode()


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)  # noqa: S311  noise that is the same in every run


ATTACKS = {
    "empty file": ("empty", lambda: b""),
    "text": ("not_workbook", lambda: "小区名称,户数\n铁龙家属院,120\n".encode()),
    "gbk text": ("not_workbook", lambda: "小区名称,户数\n".encode("gbk") * 90),
    "web page": ("not_workbook", lambda: "<html><table><tr><td>户数".encode()),
    "pdf": ("not_workbook", lambda: b"%PDF-1.7\n%\xe2\xe3"),
    "picture": ("not_workbook", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 99),
    "noise": ("not_workbook", lambda: noise(5000)),
    "zip of files": (
        "not_workbook",
        lambda: repacked(LEDGER, {"a.txt": b"x"}, drop=["xl/workbook.xml"]),
    ),
    "Word": (
        "not_workbook",
        lambda: repacked(LEDGER, {"word/document.xml": b"<w/>"}, drop=["xl/workbook.xml"]),
    ),
    "xlsb": (
        "not_workbook",
        lambda: repacked(LEDGER, {"xl/workbook.bin": b"x"}, drop=["xl/workbook.xml"]),
    ),
    "cut off": ("damaged", lambda: LEDGER[:-30]),
    "no directory": ("damaged", lambda: LEDGER[:200]),
    "zip-encrypted": ("encrypted", lambda: encrypted_zip(LEDGER)),
    "OLE-wrapped encryption": (
        "encrypted",
        lambda: compound({"EncryptedPackage": noise(900), "EncryptionInfo": noise(200)}),
    ),
    "xls with password": (
        "encrypted",
        lambda: compound({"Workbook": biff((0x2F, b"\1\0" + b"k" * 50))}),
    ),
    "macro part": ("macro", lambda: repacked(LEDGER, {"xl/vbaProject.bin": noise(300)})),
    "macro under another name": (
        "macro",
        lambda: repacked(
            LEDGER,
            {
                "[Content_Types].xml": (
                    b'<Types><Override PartName="/xl/a.bin" '
                    b'ContentType="application/vnd.ms-office.vbaProject"/></Types>'
                )
            },
        ),
    ),
    "macro-enabled type": (
        "macro",
        lambda: repacked(
            LEDGER,
            {
                "[Content_Types].xml": (
                    b'<Types><Override PartName="/xl/workbook.xml" '
                    b'ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
                )
            },
        ),
    ),
    "macro sheet": ("macro", lambda: repacked(LEDGER, {"xl/macrosheets/sheet1.xml": b"<x/>"})),
    "xls with VBA": ("macro", lambda: compound({"Workbook": biff()}, ["_VBA_PROJECT_CUR", "VBA"])),
    "xls with macro sheet": (
        "macro",
        lambda: compound({"Workbook": biff((0x85, struct.pack("<IBBBB", 0, 0, 1, 1, 0) + b"M"))}),
    ),
    "DTD in a sheet": (
        "dtd",
        lambda: repacked(
            LEDGER, {SHEET: (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><worksheet/>')}
        ),
    ),
    "entities in strings": (
        "dtd",
        lambda: repacked(
            LEDGER,
            {
                "xl/sharedStrings.xml": (
                    b'<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst/>'
                )
            },
        ),
    ),
    "DTD behind a long comment": (
        "dtd",
        lambda: repacked(
            LEDGER,
            {SHEET: (b"<!--" + noise(3 * 2**20).hex().encode() + b"--><!DOCTYPE a><worksheet/>")},
        ),
    ),
    "external workbook": (
        "external",
        lambda: repacked(LEDGER, {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"}),
    ),
    "external relationship": (
        "external",
        lambda: repacked(
            LEDGER, {"xl/worksheets/_rels/sheet1.xml.rels": external("externalLinkPath")}
        ),
    ),
    "data connection": (
        "external",
        lambda: repacked(LEDGER, {"xl/connections.xml": b"<connections/>"}),
    ),
    "xls with external book": (
        "external",
        lambda: compound({"Workbook": biff((0x1AE, struct.pack("<HH", 1, 4) + b"\0\1a.xls"))}),
    ),
    "embedded object": (
        "embedded",
        lambda: repacked(LEDGER, {"xl/embeddings/oleObject1.bin": noise(99)}),
    ),
    "ActiveX": ("embedded", lambda: repacked(LEDGER, {"xl/activeX/activeX1.xml": b"<ax/>"})),
    "xls with embedded object": (
        "embedded",
        lambda: compound({"Workbook": biff()}, ["MBD0001F2A3"]),
    ),
    "other case twice": (
        "damaged",
        lambda: repacked(LEDGER, {"XL/Worksheets/Sheet1.XML": b"<a/>"}),
    ),
    "path upwards": ("damaged", lambda: repacked(LEDGER, {"xl/../../etc/cron": b"x"})),
    "absolute path": ("damaged", lambda: repacked(LEDGER, {"/etc/passwd": b"x"})),
    "drive path": ("damaged", lambda: repacked(LEDGER, {"C:/x": b"x"})),
    "UTF-16 sheet": (
        "encoding",
        lambda: repacked(
            LEDGER, {SHEET: '<?xml version="1.0" encoding="UTF-16"?><worksheet/>'.encode("utf-16")}
        ),
    ),
    "GB2312 sheet": (
        "encoding",
        lambda: repacked(LEDGER, {SHEET: b'<?xml version="1.0" encoding="GB2312"?><worksheet/>'}),
    ),
    "bomb in a sheet": ("unpacks", lambda: repacked(LEDGER, {SHEET: b" " * (100 * 2**20)})),
    "bomb in a picture": (
        "unpacks",
        lambda: repacked(LEDGER, {"xl/media/a.png": b"\0" * (40 * 2**20)}),
    ),
    "bomb that understates itself": (
        "damaged",
        lambda: with_stated_size(repacked(LEDGER, {SHEET: b" " * (100 * 2**20)}), SHEET, 900),
    ),
    "many parts": (
        "damaged",
        lambda: repacked(LEDGER, {f"xl/a{n}.xml": b"<a/>" for n in range(1100)}),
    ),
    "unusual compression": ("damaged", lambda: repacked(LEDGER, method=zipfile.ZIP_BZIP2)),
    "too many cells": (
        "too_many_cells",
        lambda: repacked(
            LEDGER, {SHEET: b"<worksheet>" + b"<c />" * 3_000_010}, method=zipfile.ZIP_STORED
        ),
    ),
    "far corner": (
        "far_cell",
        lambda: with_sheet_xml('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    ),
    "far corner, other quotes and order": (
        "far_cell",
        lambda: with_sheet_xml(
            "<row r='1048576'><c s='0' t='str' r='XFD1048576'><v>x</v></c></row>"
        ),
    ),
    "far corner, prefixed": (
        "far_cell",
        lambda: with_sheet_xml(
            '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>', prefix="x"
        ),
    ),
    "far corner at a window's edge": (
        "far_cell",
        lambda: with_sheet_xml(
            "<!--" + noise(2**19 - 250).hex() + '--><row r="9"><c r="XFD9"><f>1</f></c></row>'
        ),
    ),
    "one row too many": (
        "far_cell",
        lambda: with_sheet_xml('<row r="60001"><c r="A60001"><v>1</v></c></row>'),
    ),
    "one column too many": (
        "far_cell",
        lambda: with_sheet_xml('<row r="1"><c r="IW1"><v>1</v></c></row>'),
    ),
    "far formula": (
        "far_cell",
        lambda: with_sheet_xml('<row r="1"><c r="ZZ1"><f>1+1</f></c></row>'),
    ),
    "xls below the bounds": (
        "far_cell",
        lambda: compound(
            {
                "Workbook": biff(
                    (0x85, struct.pack("<IBBBB", 20 + 13 + 4, 0, 0, 1, 0) + b"M"),
                )
                + biff((0x203, struct.pack("<HHHd", 65535, 0, 0, 1.0)))
            }
        ),
    ),
    "damaged OLE": ("damaged", lambda: compound({"Workbook": biff()})[:700]),
    "OLE that is no workbook": ("not_workbook", lambda: compound({"WordDocument": noise(900)})),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused_at_once_with_a_sentence(attack):
    code, make = ATTACKS[attack]
    data = make()
    started = time.process_time()
    with pytest.raises(WorkbookRefused) as refused:
        check_workbook(io.BytesIO(data), "台账.xlsx")
    assert time.process_time() - started < 0.5
    assert refused.value.code == code
    assert refused.value.message.endswith("。")
    assert "没有读取" in refused.value.message or "无法读取" in refused.value.message


def test_slow_down_by_text_made_for_the_patterns_fails():
    """Opening tags that never close must not make the search quadratic."""
    for text in (b"<c " * 2_000_000, b'<c r="XFD1" ' + b'r="XFD1" ' * 600_000, b"<" * 5_000_000):
        data = repacked(LEDGER, {SHEET: b"<worksheet>" + text}, method=zipfile.ZIP_STORED)
        started = time.process_time()
        assert check_workbook(data, "a.xlsx") is WorkbookKind.XLSX
        assert time.process_time() - started < 1.5


def test_size_limit_names_the_limit(settings):
    settings.WORKBOOK_MAX_BYTES = 2 * 2**20
    with pytest.raises(WorkbookRefused, match="超过 2 MB") as refused:
        check_workbook(io.BytesIO(LEDGER + noise(2 * 2**20)), "台账.xlsx")
    assert refused.value.code == "too_large"


def test_far_cell_names_sheet_and_cell():
    data = with_sheet_xml('<row r="70000"><c r="C70000"><v>1</v></c></row>')
    with pytest.raises(WorkbookRefused, match="工作表“台账”的 C70000 有内容"):
        check_workbook(data, "台账.xlsx")


def test_other_extension_is_named():
    with pytest.raises(WorkbookRefused, match=r"只收 \.xlsx 和 \.xls"):
        check_workbook(b"%PDF-1.7", "台账.pdf")


def test_position_of_the_file_is_restored():
    stream = io.BytesIO(LEDGER)
    assert check_workbook(stream, "台账.xlsx") is WorkbookKind.XLSX
    assert stream.tell() == 0


def honest_workbook() -> bytes:
    """What offices really send: colour, comment, picture, link, hidden rows, merged title."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["老旧小区台账"])
    sheet.merge_cells("A1:F1")
    sheet.append(["小区名称", "户数"])
    sheet["A3"] = "铁龙家属院"
    sheet["A3"].hyperlink = "http://example.invalid/a"
    sheet["B3"].comment = Comment("核对", "王海涛")
    sheet["B3"].fill = PatternFill("solid", "FFFF00")
    picture = io.BytesIO()
    Picture.new("RGB", (1200, 900), "white").save(picture, "bmp")
    sheet.add_image(Image(picture), "D5")
    sheet.row_dimensions[4].hidden = True
    return repacked(
        saved(book),
        {
            "customXml/item1.xml": b"<b:Sources/>",
            "customXml/_rels/item1.xml.rels": RELS.format("").encode(),
            "xl/printerSettings/printerSettings1.bin": noise(4000),
            "xl/ctrlProps/ctrlProp1.xml": b"<formControlPr/>",
            "docProps/thumbnail.wmf": b"\0" * (2 * 2**20),
        },
    )


HONEST = {
    "ledger": lambda: LEDGER,
    "office habits": honest_workbook,
    "styled cells to the far corner": lambda: with_sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="0"/></row>'
        '<row r="1048576" s="0" customFormat="1"><c r="A1048576" s="0"></c>'
        '<c r="XFD1048576" s="0"><v/></c></row>'
    ),
    "last allowed cell": lambda: with_sheet_xml('<row r="60000"><c r="IV60000"><v>1</v></c></row>'),
    "columns and rows that only look far": lambda: with_sheet_xml(
        '<row r="59999"><c r="HZ59999"><v>1</v></c><c r="II59999"><v>1</v></c></row>'
    ),
}


@pytest.mark.parametrize("case", HONEST)
def test_honest_xlsx_is_let_in(case):
    assert check_workbook(HONEST[case](), "台账.xlsx") is WorkbookKind.XLSX


def test_honest_xls_is_let_in_whatever_its_name():
    assert check_workbook(xls([["小区名称"], ["铁龙"]]), "台账.xls") is WorkbookKind.XLS
    assert check_workbook(xls([["小区名称"], ["铁龙"]]), "台账.et") is WorkbookKind.XLS
