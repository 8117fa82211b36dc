"""Lists out: typed, counted, streamed, and never a formula."""

import datetime as dt
import io
import re
import resource
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.workbooks import assert_whole
from xingyang_pm.common import clock
from xingyang_pm.common.spreadsheets.layout import fitted_width, safe_text, sheet_title
from xingyang_pm.common.spreadsheets.writer import (
    RowsMissing,
    SheetColumn,
    StreamedWorkbook,
    write_table,
)

COLUMNS = [
    SheetColumn("序号", "ordinal"),
    SheetColumn("小区名称"),
    SheetColumn("户数", "integer", total=True),
    SheetColumn("补贴金额（元）", "money", total=True),
    SheetColumn("接管日期", "date"),
    SheetColumn("收费率", "percent"),
    SheetColumn("四有达标"),
]
ROWS = [
    [1, "铁龙家属院", 120, Decimal("1200.50"), dt.date(2017, 4, 1), Decimal("0.875"), True],
    [2, "海天花园", 86, Decimal("860.00"), None, None, False],
]


def written(rows=ROWS, columns=COLUMNS, **options):
    stream = io.BytesIO()
    options = {"title": "小区名录", "filters": "街道＝索河街道；类别＝老旧小区", **options}
    write_table(stream, columns=columns, rows=rows, made_by="王海涛", **options)
    return stream.getvalue()


def sheet_of(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data)).active


def test_head_names_filters_count_office_and_moment():
    with clock.freeze(dt.date(2026, 11, 18)):
        sheet = sheet_of(written(expected_rows=2))
    assert sheet["A1"].value == "小区名录"
    line = sheet["A2"].value
    assert "条件：街道＝索河街道；类别＝老旧小区" in line
    assert "共 2 行" in line
    assert "荥阳市房管中心 王海涛 2026-11-18 10:00 导出" in line
    assert [cell.value for cell in sheet[3]] == [column.label for column in COLUMNS]
    assert {str(merged) for merged in sheet.merged_cells.ranges} == {"A1:G1", "A2:G2"}


def test_values_are_typed():
    sheet = sheet_of(written(expected_rows=2))
    values = [cell.value for cell in sheet[4]]
    assert values == [1, "铁龙家属院", 120, 1200.5, dt.datetime(2017, 4, 1), 0.875, "是"]  # noqa: DTZ001  a cell has no zone
    formats = [cell.number_format for cell in sheet[4]]
    assert formats == ["0", "@", "#,##0", "#,##0.00", "yyyy-mm-dd", "0.0%", "@"]
    assert [cell.value for cell in sheet[5]] == [2, "海天花园", 86, 860, None, None, "否"]


def test_a_score_keeps_its_one_decimal():
    """Excel shows ``#,##0.##`` of 92 as “92.”"""
    columns = [SheetColumn("得分", "decimal", places=1), SheetColumn("系数", "decimal")]
    sheet = sheet_of(written([[Decimal("92.0"), Decimal("0.85")]], columns=columns))
    assert [cell.number_format for cell in sheet[4]] == ["#,##0.0", "General"]


def test_sum_row_adds_decimals_exactly():
    rows = [[n, "小区", 1, Decimal("0.1"), None, None, ""] for n in range(10)]
    sheet = sheet_of(written(rows, expected_rows=10))
    assert [cell.value for cell in sheet[14]] == [None, "合计", 10, 1, None, None, None]


def test_page_is_ready_for_the_printer():
    sheet = sheet_of(written(expected_rows=2))
    assert sheet.page_setup.orientation == "landscape"
    assert int(sheet.page_setup.paperSize) == 9
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.freeze_panes == "A4"
    assert sheet.auto_filter.ref == "A3:G5"
    assert "&P" in sheet.oddFooter.center.text
    assert sheet["B4"].font.name == "宋体"
    assert sheet["B4"].border.left.style == "thin"
    # 18 half-width characters of "  铁龙家属院" do not fit into a column of 6.
    assert sheet.column_dimensions["B"].width >= 12


@pytest.mark.parametrize(("given", "real"), [(3, 2), (1, 2), (0, 2)])
def test_other_number_of_rows_than_stated_is_refused(given, real):
    with pytest.raises(RowsMissing, match=f"应为 {given} 行，实际 {real} 行"):
        written(expected_rows=given)


def test_count_follows_when_it_was_not_known():
    sheet = sheet_of(written())
    assert sheet["A7"].value == "共 2 行"


FORMULAS = ["=1+1", "+86", "-5", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://a","b")', "＝1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_never_becomes_a_formula(text):
    data = written([[1, text, 0, 0, text, text, text]], title=text, filters=text, expected_rows=1)
    sheet = sheet_of(data)
    for cell in (sheet["A1"], sheet["B4"], sheet["E4"], sheet["F4"], sheet["G4"]):
        assert cell.data_type in {"s", "inlineStr"}
    assert sheet["B4"].quotePrefix
    assert sheet["B4"].value == text.replace("\r", "\n")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not re.search(rb"<f[ />]", archive.read("xl/worksheets/sheet1.xml"))


def test_quoting_does_not_stick_to_the_next_row():
    rows = [[1, "=1", 0, 0, None, None, ""], [2, "平常", 0, 0, None, None, ""]]
    sheet = sheet_of(written(rows, expected_rows=2))
    assert sheet["B4"].quotePrefix
    assert not sheet["B5"].quotePrefix


@given(st.text(max_size=40))
def test_any_text_can_be_written_and_comes_back(text):
    data = written([[1, text, 0, 0, None, None, ""]], expected_rows=1)
    value = sheet_of(data)["B4"].value or ""
    kept = "".join(c for c in text if (c >= " " and c not in "\ufffe\uffff") or c in "\t\n\r")
    assert value == kept.replace("\r\n", "\n").replace("\r", "\n")


def test_row_of_another_length_is_a_programming_error():
    with pytest.raises(ValueError, match="2 values for 7 columns"):
        written([[1, "x"]])


def test_text_cannot_be_summed():
    with pytest.raises(ValueError, match="cannot be summed"):
        written(columns=[SheetColumn("名称", total=True)], rows=[["a"]])


def test_failed_export_leaves_no_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken():
        yield ROWS[0]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        written(broken())
    assert list(tmp_path.iterdir()) == []


def test_several_tables_in_one_workbook():
    stream = io.BytesIO()
    with StreamedWorkbook(office="荥阳市房管中心", made_by="王海涛") as book:
        for street in ("索河街道", "京城路/街道"):
            book.table(title=f"{street}小区", columns=COLUMNS, rows=ROWS, sheet_name=street)
        book.save(stream)
    names = openpyxl.load_workbook(io.BytesIO(stream.getvalue())).sheetnames
    assert names == ["索河街道", "京城路 街道"]


def test_memory_stays_flat():
    def rows(count):
        for n in range(count):
            yield [n, f"小区{n}" * 5, n, Decimal(n), dt.date(2017, 4, 1), None, "是"]

    written(rows(500))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stream = io.BytesIO()
    write_table(stream, title="大表", columns=COLUMNS, rows=rows(20_000), expected_rows=20_000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 15


def test_safe_text_and_titles():
    assert safe_text("甲_x0041_乙\x07") == "甲_x005F_x0041_乙"
    assert len(safe_text("长" * 40_000)) == 32_767
    assert sheet_title("老旧小区[京城路]/2026:11*") == "老旧小区 京城路  2026 11"
    assert sheet_title("'") == "表1"
    assert len(sheet_title("很" * 50)) == 31


def test_widths_follow_hanzi():
    assert fitted_width("户数", ["120"]) == 8
    assert fitted_width("小区名称", ["某某路十二号家属院东院"]) == 24
    assert fitted_width("备注", ["很" * 90]) == 42


NARROW = [SheetColumn("街道"), SheetColumn("次", "integer", total=True)]
LONG = "各街道（乡镇）公示齐全率、问题整改销号率和老旧小区四有标准落实情况统计表"


@pytest.mark.parametrize("columns", [NARROW, NARROW[1:]], ids=["two", "one"])
@pytest.mark.parametrize(
    "filters", ["", "检查类别＝老旧小区四有标准；街道（乡镇）＝索河街道；" * 3]
)
def test_nothing_above_a_narrow_table_is_cut(columns, filters):
    rows = [["索河街道", 3], ["京城路街道", 4]]
    rows = [row[-len(columns) :] for row in rows]
    sheet = sheet_of(written(rows, columns, title=LONG, filters=filters, expected_rows=2))
    assert_whole(sheet)
    assert sheet["A1"].value == LONG


def test_a_table_with_room_keeps_its_widths():
    wide = [SheetColumn(f"第{n}列") for n in range(12)]
    sheet = sheet_of(written([["索河街道"] * 12], wide))
    assert_whole(sheet)
    assert sheet.column_dimensions["A"].width == fitted_width("第0列", ["索河街道"])
    assert sheet.row_dimensions[1].height == 30
