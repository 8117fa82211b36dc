"""The office's own forms: what stands where, and sums that must agree."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest

from xingyang_pm.common.spreadsheets.official import (
    FormColumn,
    FormSection,
    OfficialForm,
    TotalsDiffer,
    write_form,
    write_forms,
)

COLUMNS = [
    FormColumn("序号", "ordinal"),
    FormColumn("街道（乡镇）"),
    FormColumn("小区数（个）", "integer", total=True),
    FormColumn("申报", "integer", group="户数（户）", total=True),
    FormColumn("核定", "integer", group="户数（户）", total=True),
    FormColumn("补贴标准（元/户·月）", "money"),
    FormColumn("补贴金额（元）", "money", total=True),
    FormColumn("备注", left=True),
]
SUOHE = [1, "索河街道", 200, 17000, 17000, Decimal(10), Decimal("170000.00"), "=郑州怡馨"]
JINGCHENG = [2, "京城路街道", 232, 18279, 18279, Decimal(10), Decimal("182790.00"), None]


def form(**changes):
    values = {
        "title": "荥阳市老旧小区物业服务补贴资金汇总表",
        "columns": COLUMNS,
        "sections": [FormSection([SUOHE, JINGCHENG])],
        "reporting_unit": "荥阳市房管中心",
        "reported_on": dt.date(2026, 11, 18),
        "capital": "补贴金额（元）",
        "stated": {"补贴金额（元）": Decimal("352790.00"), "核定": 35279},
        "number": "BT-2026-10",
        "version": 3,
    }
    return OfficialForm(**{**values, **changes})


def drawn(one):
    stream = io.BytesIO()
    write_form(stream, one)
    return openpyxl.load_workbook(io.BytesIO(stream.getvalue())).active


def texts(sheet):
    return [[cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows()]


def test_the_form_from_top_to_bottom():
    lines = [line for line in texts(drawn(form())) if line]
    assert lines[0] == ["荥阳市老旧小区物业服务补贴资金汇总表"]
    assert lines[1] == ["填报单位：荥阳市房管中心", "填报日期：2026年11月18日", "单位：元"]
    assert "户数（户）" in lines[2]
    assert lines[3] == ["申报", "核定"]
    assert lines[4] == [1, "索河街道", 200, 17000, 17000, 10, 170000, "=郑州怡馨"]
    assert lines[6] == ["合计", 432, 35279, 35279, 352790]
    assert lines[7] == ["合计（大写）：人民币叁拾伍万贰仟柒佰玖拾元整"]
    assert lines[8] == ["制表人：", "复核人：", "科室负责人：", "分管领导："]


def test_two_level_header_is_merged():
    sheet = drawn(form())
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:H1", "D3:E3", "A3:A4", "H3:H4", "A7:B7", "A8:H8"} <= merged
    assert sheet.print_title_rows == "$3:$4"
    for row in range(3, 9):
        for column in range(1, 9):
            assert sheet.cell(row, column).border.bottom.style == "thin"


def test_one_level_header_takes_one_row():
    columns = [FormColumn(column.label, column.kind, total=column.total) for column in COLUMNS]
    sheet = drawn(form(columns=columns))
    assert sheet.print_title_rows == "$3:$3"
    assert sheet["A4"].value == 1


def test_subtitle_and_parts_have_their_places():
    sheet = drawn(form(subtitle="（2026年10月）", parts=[("申报期间", "2026年10月")]))
    assert sheet["A2"].value == "（2026年10月）"
    line = [cell.value for cell in sheet[3] if cell.value]
    assert line[1] == "申报期间：2026年10月"
    assert sheet.print_title_rows == "$4:$5"


def test_page_is_as_the_office_prints_it():
    sheet = drawn(form())
    assert sheet.page_setup.orientation == "landscape"
    assert int(sheet.page_setup.paperSize) == 9
    assert "第 &P 页，共 &N 页" in sheet.oddFooter.center.text
    assert sheet.oddFooter.left.text == "BT-2026-10 第 3 版"
    assert sheet["B5"].font.name == "宋体"
    assert sheet["G5"].number_format == "#,##0.00"


def test_sums_are_values_and_text_is_no_formula():
    sheet = drawn(form())
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["H5"].quotePrefix


def test_sections_have_their_subtotals():
    sections = [FormSection([SUOHE], "索河街道小计"), FormSection([JINGCHENG], "京城路街道小计")]
    lines = texts(drawn(form(sections=sections)))
    assert ["索河街道小计", 200, 17000, 17000, 170000] in lines
    assert ["京城路街道小计", 232, 18279, 18279, 182790] in lines
    assert ["合计", 432, 35279, 35279, 352790] in lines


def test_sums_that_differ_from_the_record_give_no_form(tmp_path):
    path = tmp_path / "form.xlsx"
    with pytest.raises(TotalsDiffer, match=r"各行之和为 352790\.00，与记录的 352780\.00 不符"):
        write_form(path, form(stated={"补贴金额（元）": Decimal("352780.00")}))
    assert not path.exists()


def test_floats_are_no_money():
    row = [1, "索河街道", 1, 1, 1, Decimal(10), 170000.0, None]
    with pytest.raises(ValueError, match="never float"):
        form(sections=[FormSection([row])], stated={}).totals()


def test_row_of_another_length_is_a_programming_error():
    with pytest.raises(ValueError, match="2 values for 8 columns"):
        form(sections=[FormSection([[1, "索河街道"]])], stated={}).totals()


def test_forms_share_a_workbook():
    stream = io.BytesIO()
    write_forms(stream, [form(sheet_name="汇总表"), form(sheet_name="明细表", notes=["经核定。"])])
    book = openpyxl.load_workbook(io.BytesIO(stream.getvalue()))
    assert book.sheetnames == ["汇总表", "明细表"]
    assert ["注：经核定。"] in texts(book["明细表"])


def test_more_signatures_than_columns_are_refused():
    columns = [FormColumn("户数", "integer", total=True), FormColumn("小区名称")]
    narrow = form(columns=columns, sections=[FormSection([[1, "x"]])], stated={}, capital="")
    with pytest.raises(ValueError, match="do not fit"):
        drawn(narrow)
