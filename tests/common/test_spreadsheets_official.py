"""The office's own forms: what stands where, and sums that must agree."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest

from tests.support.workbooks import assert_whole
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


# --- Narrow forms: nothing that is printed is cut ---------------------------------------------

NUMBER, NAME = FormColumn("序号", "ordinal", width=6), FormColumn("小区名称", left=True)
LONG = (
    "荥阳市二〇二六年第四季度老旧小区四有标准落实情况和居民生活要求达标情况"
    "分街道（乡镇）汇总统计表（含社区物业服务中心）"
)
NARROW = {
    "one column": {"columns": [NAME], "sections": [FormSection([["纺织厂家属院"]])]},
    "two columns": {
        "columns": [FormColumn("户数", "integer", total=True), NAME],
        "sections": [FormSection([[120, "纺织厂家属院"]])],
    },
    "a narrow one beside a wide one": {
        "columns": [NUMBER, FormColumn("户数", "integer", total=True),
                    FormColumn("备注", left=True, width=80)],
        "sections": [FormSection([[1, 120, None]], "索河街道办事处小计")],
    },
    "many entries over few columns": {
        "columns": [NUMBER, NAME, FormColumn("金额（元）", "money", total=True)],
        "sections": [FormSection([[1, "纺织厂家属院", Decimal(1200)]])],
        "parts": [("申报期间", "2026年10月至2026年12月"),
                  ("接管单位", "郑州怡馨物业服务有限公司")],
        "signatures": ["制表人", "复核人", "科室负责人", "分管领导", "主要领导"],
    },
    "a long group over narrow columns": {
        "columns": [
            NUMBER,
            FormColumn("小区名称", left=True, width=60),
            FormColumn("是否", group="四有标准和居民生活要求", width=5),
            FormColumn("达标", group="四有标准和居民生活要求", width=5),
            FormColumn("备注", left=True, width=60),
        ],
        "sections": [FormSection([[1, "纺织厂家属院", "是", "是", None]])],
    },
    "a long title": {
        "title": LONG,
        "subtitle": f"（按{LONG}填报）",
        "columns": [NAME, FormColumn("户数", "integer", total=True)],
        "sections": [FormSection([["纺织厂家属院", 120]])],
    },
}  # fmt: skip


@pytest.mark.parametrize("change", NARROW.values(), ids=NARROW)
def test_nothing_of_a_narrow_form_is_cut(change):
    sheet = drawn(form(**{"stated": {}, "capital": "", **change}))
    assert_whole(sheet)
    said = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    for entry in ("填报单位：荥阳市房管中心", "填报日期：2026年11月18日", "单位：元", "分管领导："):
        assert entry in said


def test_a_form_with_room_keeps_its_one_line():
    sheet = drawn(form())
    assert_whole(sheet)
    assert [cell.value for cell in sheet[2] if cell.value] == [
        "填报单位：荥阳市房管中心", "填报日期：2026年11月18日", "单位：元",
    ]  # fmt: skip


def test_a_form_grows_a_little_to_keep_its_one_line():
    """Nine columns of the office's summary: the date lacked four characters of room."""
    columns = [
        NUMBER,
        FormColumn("街道（乡镇）", width=9),
        *(FormColumn(f"第{n}列", width=8) for n in range(5)),
        FormColumn("金额（元）", "money", width=12),
        FormColumn("备注", left=True, width=24),
    ]
    row = [1, "索河街道", *"一二三四五", Decimal(1200), None]
    sheet = drawn(
        form(columns=columns, sections=[FormSection([row])], stated={}, capital="",
             parts=[("补贴月份", "2026年10月")])
    )  # fmt: skip
    assert_whole(sheet)
    assert len([cell for cell in sheet[2] if cell.value]) == 4


def test_a_form_without_signatures_has_none():
    sheet = drawn(form(signatures=()))
    assert "制表人" not in str(texts(sheet))
