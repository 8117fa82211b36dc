"""The habits of the office's ledgers, one test each, and what a reading says of its rows."""

import datetime as dt
import io

import openpyxl
import pytest
import xlwt

from tests.support.workbooks import saved, xls, xlsx
from xingyang_pm.common.ledgers.columns import (
    LedgerColumn,
    area,
    choice,
    date,
    integer,
    money,
    name,
    phones,
    text,
    yes_no,
)
from xingyang_pm.common.ledgers.header import HeaderNames
from xingyang_pm.common.ledgers.reading import CellMessage, read_ledger

COLUMNS = [
    LedgerColumn(
        "street",
        "街道",
        ["街道（乡镇）", "所属街道"],
        name(),
        required=True,
        grouping=True,
        from_sheet_name=True,
    ),
    LedgerColumn("community", "社区", ["所属社区"], name(), grouping=True),
    LedgerColumn("name", "小区名称", ["小区（楼院）名称"], name(), required=True),
    LedgerColumn("buildings", "楼栋数", ["楼数"], integer(units=["栋", "幢"])),
    LedgerColumn("households", "户数", ["总户数"], integer(), required=True),
    LedgerColumn("area", "建筑面积", parse=area()),
    LedgerColumn("above", "车位数（地上）", ["车位数/地上"], integer()),
    LedgerColumn("below", "车位数（地下）", ["车位数/地下"], integer()),
    LedgerColumn("mode", "管理模式", parse=choice({"专业": "enterprise", "社区中心": "centre"})),
    LedgerColumn("provider", "接管单位", parse=name()),
    LedgerColumn("since", "接管日期", parse=date()),
    LedgerColumn("capital", "注册资本", parse=money()),
    LedgerColumn("phone", "联系电话", ["电话"], phones()),
    LedgerColumn("cleaning", "有清扫保洁", ["四有/清扫保洁"], yes_no(), default=False),
    LedgerColumn("remarks", "备注", parse=text()),
]
HEAD = ["序号", "街道", "社区", "小区名称", "楼栋数", "户数", "备注"]


def read(rows, **options):
    return read_ledger(COLUMNS, xlsx(rows, **options), "台账.xlsx")


def values(reading, *names):
    return [tuple(row[name] for name in names) for row in reading.rows]


def sentences(messages):
    return [(message.cell, message.message) for message in messages]


def book_of(rows, *, title="台账"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book, sheet


# --- Habit 1: title, unit line, header on row 3 or 4, two levels, merged ---


def test_header_below_title_and_unit_line():
    reading = read(
        [
            ["荥阳市老旧小区台账"],
            ["填报单位：京城路街道", None, None, "填报日期：2026年11月3日"],
            [],
            HEAD,
            [1, "京城路街道", "铁龙社区", "铁龙家属院", 3, 120, None],
        ]
    )
    assert reading.errors == reading.warnings == []
    assert values(reading, "street", "name", "households") == [("京城路街道", "铁龙家属院", 120)]
    assert reading.rows[0].cell("households") == "F5"
    assert reading.skipped.sentence() == "标题 2 行"


def test_two_level_merged_header():
    book, sheet = book_of(
        [
            ["老旧小区台账"],
            ["单位：元"],
            ["序号", "街道", "小区名称", "规模", None, "车位数", None, "四有", "电话"],
            [None, None, None, "楼栋数\n（栋）", "户数\n(户)", "地上", "地下", "清扫保洁", None],
            [1, "索河街道", "海天花园", 3, 86, 20, 30, "√", 64660000],
        ]
    )
    sheet.merge_cells("A1:I1")
    for area_ in ("A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:G3", "I3:I4"):
        sheet.merge_cells(area_)
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert reading.errors == reading.warnings == []
    assert values(
        reading, "name", "buildings", "households", "above", "below", "cleaning", "phone"
    ) == [("海天花园", 3, 86, 20, 30, True, "64660000")]
    assert reading.layout == {"台账": (3, 9)}


def test_header_repeated_on_every_page():
    rows = [HEAD, [1, "索河街道", None, "甲院", 1, 10], HEAD, [2, "索河街道", None, "乙院", 1, 20]]
    reading = read(rows)
    assert values(reading, "name") == [("甲院",), ("乙院",)]
    assert reading.errors == []


def test_second_table_with_other_columns_on_the_same_sheet():
    reading = read(
        [
            ["索河街道老旧小区台账"],
            ["序号", "街道", "小区名称", "户数"],
            [1, "索河街道", "甲院", 10],
            ["合计", None, None, 10],
            ["京城路街道老旧小区台账"],
            ["序号", "街道", "户数", "小区名称"],
            [1, "京城路街道", 20, "乙院"],
        ]
    )
    assert values(reading, "street", "name", "households") == [
        ("索河街道", "甲院", 10),
        ("京城路街道", "乙院", 20),
    ]


# --- Habit 2: 序号, 合计, signatures ---


def test_sums_signatures_notes_and_blank_numbered_rows_are_no_rows():
    reading = read(
        [
            HEAD,
            [1, "索河街道", "广场社区", "甲院", 1, 10, None],
            ["小　计", None, None, None, 1, 10, None],
            [2, "京城路街道", "铁龙社区", "乙院", 2, 20, None],
            [3, None, None, None, None, None, None],
            [None, "合　计", None, None, 3, 30, None],
            ["合计（大写）：人民币叁拾元整"],
            ["制表人：王刚", None, "审核人：李四", None, "负责人：", None, None],
            [None, None, None, None, "分管领导：", None, None],
            ["注：户数以房产证为准。"],
            ["2026年11月3日"],
            [None, None, None, None, "   ", None, None],
        ]
    )
    assert reading.errors == []
    assert values(reading, "name") == [("甲院",), ("乙院",)]
    skipped = reading.skipped
    assert (skipped.totals, skipped.signatures, skipped.notes, skipped.blanks) == (3, 3, 1, 2)
    assert skipped.sentence() == "合计 3 行，签字 3 行，说明 1 行"


def test_estate_with_a_person_in_charge_is_no_signature():
    reading = read([HEAD, [None, "索河街道", "广场社区", "甲院", 1, 10, "负责人：王刚"]])
    assert values(reading, "name", "remarks") == [("甲院", "负责人：王刚")]


def test_exported_list_can_be_read_back():
    reading = read(
        [
            ["小区名录"],
            ["条件：全部　　共 1 行"],
            HEAD,
            [1, "索河街道", None, "甲院", 1, 9],
            ["共 1 行"],
        ]
    )
    assert values(reading, "name") == [("甲院",)]
    assert reading.errors == []


# --- Habit 3: merged and grouped cells, one sheet per street ---


def test_merged_street_and_community_fill_down():
    book, sheet = book_of(
        [
            HEAD,
            [1, "索河街道", "广场社区", "甲院", 1, 10],
            [2, None, None, "乙院", 1, 20],
            [3, None, "兴华社区", "丙院", 1, 30],
            [4, "京城路街道", None, "丁院", 1, 40],
        ]
    )
    sheet.merge_cells("B2:B4")
    sheet.merge_cells("C2:C3")
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert values(reading, "street", "community", "name") == [
        ("索河街道", "广场社区", "甲院"),
        ("索河街道", "广场社区", "乙院"),
        ("索河街道", "兴华社区", "丙院"),
        ("京城路街道", None, "丁院"),
    ]


def test_visually_blank_groups_fill_down_until_the_group_changes():
    reading = read(
        [
            HEAD,
            [1, "索河街道", "广场社区", "甲院", 1, 10],
            [2, None, None, "乙院", 1, 20],
            ["小计", None, None, None, 2, 30],
            [3, None, "兴华社区", "丙院", 1, 30],
            [4, "京城路街道", None, "丁院", 1, 40],
        ]
    )
    assert values(reading, "street", "community") == [
        ("索河街道", "广场社区"),
        ("索河街道", "广场社区"),
        ("索河街道", "兴华社区"),
        ("京城路街道", None),
    ]


def test_blank_cells_of_other_columns_are_not_filled():
    reading = read(
        [HEAD, [1, "索河街道", None, "甲院", 3, 10], [2, "索河街道", None, "乙院", None, 20]]
    )
    assert values(reading, "buildings") == [(3,), (None,)]


def test_other_merged_cells_count_for_their_rows_but_figures_do_not():
    head = ["街道", "小区名称", "户数", "楼栋数", "接管单位"]
    book, sheet = book_of(
        [head, ["索河街道", "甲院", 10, 3, "怡馨物业"], ["索河街道", "乙院", None, None, None]]
    )
    for area_ in ("C2:C3", "D2:D3", "E2:E3"):
        sheet.merge_cells(area_)
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert values(reading, "provider") == [("怡馨物业",), ("怡馨物业",)]
    assert sentences(reading.errors) == [
        ("C3", "户数与 C2 合并，看不出这一行的内容。请拆分单元格，逐行填写。")
    ]
    assert sentences(reading.warnings) == [("D3", "楼栋数与 D2 合并，只算在第 2 行。")]


def test_sheet_name_is_the_street():
    book, _ = book_of([["小区名称", "户数"], ["甲院", 10]], title="索河街道（1个）")
    other = book.create_sheet("京城路街道")
    other.append(["小区名称", "户数"])
    other.append(["乙院", 20])
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert reading.errors == []
    assert values(reading, "street", "name") == [("索河街道", "甲院"), ("京城路街道", "乙院")]
    assert reading.sheets == ["索河街道（1个）", "京城路街道"]


def test_section_lines_name_the_street():
    book, _ = book_of(
        [
            ["小区名称", "楼栋数", "户数"],
            ["一、索河街道（1个）"],
            ["甲院", 1, 10],
            ["二、京城路街道"],
            ["乙院", 1, 20],
        ]
    )
    other, _ = book_of(
        [
            ["序号", "小区名称", "户数"],
            ["一、索河街道"],
            [1, "甲院", 10],
            ["二、京城路街道"],
            [1, "乙院", 20],
        ]
    )
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert values(reading, "street", "name") == [("索河街道", "甲院"), ("京城路街道", "乙院")]
    beside = read_ledger(COLUMNS, saved(other), "台账.xlsx")
    assert values(beside, "street", "name") == values(reading, "street", "name")


def test_sheet_without_street_and_with_a_meaningless_name():
    reading = read([["小区名称", "户数"], ["甲院", 10]], title="Sheet1")
    assert sentences(reading.errors) == [
        ("A1", "工作表“Sheet1”缺少“街道”列。请补上这一列，或把工作表的名称改为街道的名称。")
    ]
    assert [row.valid for row in reading.rows] == [False]


# --- Habit 4: names, headers with breaks and brackets ---


def test_headers_with_breaks_blanks_units_and_width():
    reading = read([
        ["序 号", "街道\n(乡镇)", "小区(楼院)\n名 称", "户　数（户）", "建筑面积\n(万㎡)", "*电话"],
        [1, "索河街道 ", "锦绣花园（东院）　", "１２０", 0.56, "13812345678\n0371-64660000"],
    ])  # fmt: skip
    assert reading.errors == reading.warnings == []
    assert values(reading, "street", "name", "households", "phone") == [
        ("索河街道", "锦绣花园(东院)", 120, "13812345678、0371-64660000")
    ]
    assert reading.rows[0]["area"] == 5600


# --- Habit 5: units, separators, 万元, scientific notation ---


def test_units_in_cells_and_in_headers():
    reading = read(
        [
            ["单位：万元"],
            ["街道", "小区名称", "户数", "楼栋数", "注册资本"],
            ["索河街道", "甲院", "1,253户", "3栋", 500],
            ["索河街道", "乙院", "约120", 3, "500元"],
        ]
    )
    assert reading.errors == []
    assert values(reading, "households", "buildings", "capital") == [
        (1253, 3, 5_000_000),
        (120, 3, 500),
    ]
    assert sentences(reading.warnings) == [("C4", "原表写的是约数，已按 120 读取，请核对。")]


def test_phone_in_scientific_notation_is_an_error_of_its_cell():
    reading = read(
        [["街道", "小区名称", "户数", "电话"], ["索河街道", "甲院", 10, 6222020200012345678]]
    )
    (error,) = reading.errors
    assert (error.sheet, error.cell, error.column) == ("台账", "D2", "联系电话")
    assert error.content == "6.22202020001235E+18"
    assert "已经丢失" in error.message


# --- Habit 6: dates ---


def test_dates_of_all_kinds_in_one_column():
    written = ["2017.4.1", "2017/4/1", "2017年4月1日", 20170401, 42826, dt.date(2017, 4, 1)]
    rows = [["索河街道", f"{index}号院", 10, value] for index, value in enumerate(written)]
    reading = read(
        [["街道", "小区名称", "户数", "接管日期"], *rows, ["索河街道", "x", 1, "2026.13.1"]]
    )
    assert {row["since"] for row in reading.rows[:-1]} == {dt.date(2017, 4, 1)}
    assert sentences(reading.errors) == [("D8", "月份 13 不存在。请改为实际接管日期。")]


# --- Habit 7: yes and no ---


def test_yes_no_and_not_applicable():
    head = ["街道", "小区名称", "户数", "有清扫保洁"]
    written = ["√", "有", 1, "否", "×", None, "/", "—"]
    rows = [["索河街道", f"{index}号院", 10, value] for index, value in enumerate(written)]
    reading = read([head, *rows])
    assert reading.errors == []
    assert [row["cleaning"] for row in reading.rows] == [True, True, True] + [False] * 5


# --- Habit 10: formulas, hidden rows, .xls ---


def test_formula_without_result_and_formula_error():
    book, sheet = book_of([HEAD, [1, "索河街道", None, "甲院", 3, "=E2*4", None]])
    sheet.append([2, "索河街道", None, "乙院", "#REF!", 20, None])
    sheet["E3"].data_type = "e"
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert sentences(reading.errors) == [
        ("F2", "这一格是公式，文件里没有算出的结果。请用 Excel 打开并保存一次，或改为数值。"),
        ("E3", "公式出错（#REF!）。请改为正确的内容。"),
    ]


def test_formulas_below_the_data_are_no_rows():
    book, sheet = book_of([HEAD, [1, "索河街道", None, "甲院", 3, 10, None]])
    for row in range(3, 6):
        sheet.append([f"=ROW()-{row}", None, None, None, None, None, "=D3"])
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert reading.errors == []
    assert len(reading.rows) == 1


def test_hidden_sheets_rows_and_columns_are_read_and_named():
    book, sheet = book_of(
        [HEAD, *[[n, "索河街道", None, f"{n}号院", 1, 10, None] for n in range(1, 4)]]
    )
    sheet.row_dimensions[3].hidden = True
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["E"].hidden = True
    sheet.sheet_state = "hidden"
    book.create_sheet("空表")
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert len(reading.rows) == 3
    assert sentences(reading.warnings) == [
        ("A1", "工作表“台账”是隐藏的，已照常读取。不需要请删除后再上传。"),
        ("A3", "第 3、4 行是隐藏的，已照常读取。"),
        ("E1", "“楼栋数”是隐藏列，已照常读取。"),
    ]


def test_xls_reads_as_xlsx():
    rows = [
        ["老旧小区台账"],
        HEAD,
        [1, "索河街道", "广场社区", "甲院", "3栋", "约120"],
        ["合计", None, None, None, 3],
    ]
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    for index, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(index, column, value)
    sheet.merge(0, 0, 0, 5)
    stream = io.BytesIO()
    book.save(stream)
    legacy = read_ledger(COLUMNS, stream.getvalue(), "台账.xls")
    modern = read(rows)
    assert [row.values for row in legacy.rows] == [row.values for row in modern.rows]
    assert sentences(legacy.warnings) == sentences(modern.warnings)
    assert legacy.rows[0].cells == modern.rows[0].cells


# --- Errors ---


def test_all_errors_come_at_once():
    reading = read(
        [
            HEAD,
            [1, "索河街道", None, "甲院", "3户", "一百二", None],
            [2, None, None, None, 3, None, None],
            [3, "索河街道", None, "丙院", 3, 30, None],
        ]
    )
    assert sentences(reading.errors) == [
        ("E2", "楼栋数的单位应为幢、栋，表中写的是户。请核对这一格。"),
        ("F2", "户数应为数字。请改为 120 这样的写法。"),
        ("D3", "小区名称不能为空。请补填。"),
        ("F3", "户数不能为空。请补填。"),
    ]
    assert [row.valid for row in reading.rows] == [False, False, True]
    assert [row.row for row in reading.valid_rows] == [4]
    assert reading.errors[0] == CellMessage(
        "台账", "E2", "楼栋数", "3户", reading.errors[0].message
    )
    assert reading.errors[0].row == 2


def test_missing_required_column_names_sheet_and_column():
    reading = read([["街道", "小区名称", "楼栋数"], ["索河街道", "甲院", 3]])
    assert sentences(reading.errors) == [
        ("A1", "工作表“台账”缺少“户数”列。请补上这一列，可以下载空表对照。")
    ]


def test_unknown_and_repeated_columns_are_warned_about():
    reading = read(
        [
            ["街道", "小区名称", "户数", "小区面貌", "电话", "联系电话"],
            ["索河街道", "甲院", 10, "好", None, None],
        ]
    )
    assert sentences(reading.warnings) == [
        ("D1", "“小区面貌”列不认识，没有读取。"),
        ("F1", "“联系电话”列出现两次，只读取了左边一列。"),
    ]


def test_workbook_without_any_header():
    reading = read([["甲院", 10], ["乙院", 20]])
    (error,) = reading.errors
    assert error.message == (
        "没有找到表头，没有读取。表头应有“街道”、“小区名称”、“户数”等列，可以下载空表对照。"
    )
    assert reading.rows == []


def test_empty_workbook():
    assert "没有找到表头" in read([]).errors[0].message


def test_sheets_beside_the_ledger():
    book, _ = book_of([["街道", "小区名称", "户数"], ["索河街道", "甲院", 10]])
    summary = book.create_sheet("汇总")
    summary.append(["街道", "户数", "楼栋数"])
    summary.append(["索河街道", 10, 3])
    book.create_sheet("填表说明").append(["户数填数字。"])
    book.create_sheet("通讯录").append(["张三", "李四"])
    reading = read_ledger(COLUMNS, saved(book), "台账.xlsx")
    assert reading.errors == []
    assert len(reading.rows) == 1
    assert sentences(reading.warnings) == [
        ("A1", "工作表“通讯录”里没有找到表头，没有读取。"),
        ("A1", "工作表“汇总”没有“小区名称”列，没有读取。"),
    ]


def test_example_rows_are_never_read():
    reading = read(
        [
            HEAD,
            ["示例", "索河街道", "广场社区", "示范小区", 3, 120],
            [1, "索河街道", None, "甲院", 1, 10],
        ]
    )
    assert values(reading, "name") == [("甲院",)]
    assert reading.skipped.examples == 1


def test_marked_workbook_can_be_uploaded_again():
    reading = read(
        [[*HEAD, "核对结果"], [1, "索河街道", None, "甲院", 1, 10, None, "户数：应为数字。"]]
    )
    assert reading.errors == reading.warnings == []
    assert reading.layout == {"台账": (0, 7)}


# --- Rows ---


def test_a_row_knows_its_places_and_contents():
    reading = read([HEAD, [1, "索河街道", None, "甲　院", 3, "120户", None]])
    (row,) = reading.rows
    assert (row.sheet, row.row) == ("台账", 2)
    assert row.raw["households"] == "120户"
    assert row.cells["name"] == "D2"
    assert row.get("community", "无") == "无"
    assert row.has("remarks")
    assert not row.has("phone")
    message = row.message("name", "{label}在索河街道没有登记。")
    assert message == CellMessage(
        "台账", "D2", "小区名称", "甲　院", "小区名称在索河街道没有登记。"
    )
    assert row.message("phone", "x").cell == "A2"


def test_names_of_two_columns_may_not_be_the_same():
    with pytest.raises(ValueError, match="names two columns"):
        HeaderNames([LedgerColumn("a", "户数"), LedgerColumn("b", "总户数", ["户 数"])])


def test_habits_survive_in_xls_made_by_a_program():
    reading = read_ledger(COLUMNS, xls([HEAD, [1, "索河街道", None, "甲院", 1, 10]]), "台账.xls")
    assert values(reading, "name", "households") == [("甲院", 10)]
