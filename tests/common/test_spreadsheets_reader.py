"""Reading in the child: plain values, what stands beside them, and children that fail."""

import datetime as dt
import io

import openpyxl
import pytest
import xlwt

from tests.support.workbooks import saved, with_sheet_xml, xls, xlsx
from xingyang_pm.common.spreadsheets import child
from xingyang_pm.common.spreadsheets.gate import WorkbookKind, WorkbookRefused
from xingyang_pm.common.spreadsheets.reader import (
    cell_name,
    column_letters,
    digits_lost,
    read_workbook,
)


def rows_of(data: bytes) -> list:
    return read_workbook(data, "台账.xlsx").sheets[0].rows


def test_values_are_plain():
    moment = dt.datetime(2017, 4, 1, 8, 30)  # noqa: DTZ001  Excel knows no zones
    row = [None, "小区", 120, 1.5, dt.date(2017, 4, 1), moment, True, None]
    assert rows_of(xlsx([[], [], row])) == [[], [], row[:-1]]


def test_values_of_xls_are_plain():
    book = read_workbook(xls([["小区", 120, 1.5, True]]), "台账.xls")
    assert book.kind is WorkbookKind.XLS
    assert book.sheets[0].rows == [["小区", 120, 1.5, True]]
    assert type(book.sheets[0].rows[0][1]) is int


def test_long_numbers_have_lost_digits():
    row = rows_of(xlsx([[6222020200012345678, 999999999999999, 13812345678]]))[0]
    assert [digits_lost(value) for value in row] == [True, False, False]
    assert not digits_lost(True)
    assert not digits_lost("6222020200012345678")


def test_what_stands_beside_the_values():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "京城路"
    for index in range(1, 8):
        sheet.append([index, f"小区{index}", "=A1*2"])
    sheet.merge_cells("B2:B4")
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    sheet["C7"] = "#REF!"
    sheet["C7"].data_type = "e"
    hidden = book.create_sheet("旧表")
    hidden["B2"] = "x"
    hidden.sheet_state = "hidden"
    book.create_sheet("空表")
    first, second, third = read_workbook(saved(book), "台账.xlsx").sheets
    assert (first.name, first.hidden) == ("京城路", False)
    assert first.merged == [(1, 1, 3, 1)]
    assert first.hidden_rows == {2}
    assert first.hidden_columns == {2}
    assert first.unread == {(row, 2): "" for row in range(6)} | {(6, 2): "#REF!"}
    assert (second.name, second.hidden, second.rows) == ("旧表", True, [[], [None, "x"]])
    assert third.rows == []


def test_formula_whose_result_is_an_empty_text_is_read():
    data = with_sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="str"><f>IF(A1="","",A1)</f><v></v></c>'
        '<c r="C1"><f>A1+1</f><v>2</v></c><c r="D1"><f t="shared" si="0"/></c></row>'
    )
    sheet = read_workbook(data, "台账.xlsx").sheets[0]
    assert sheet.rows == [[1, None, 2]]
    assert sheet.unread == {(0, 3): ""}


def test_hidden_rows_and_formulas_of_xls():
    book = xlwt.Workbook()
    sheet = book.add_sheet("京城路")
    sheet.write_merge(0, 0, 0, 3, "老旧小区台账")
    sheet.write(1, 0, 5)
    sheet.write(1, 1, xlwt.Formula("A2*2"))
    sheet.row(1).hidden = True
    sheet.col(1).hidden = True
    other = book.add_sheet("旧表")
    other.visibility = 1
    stream = io.BytesIO()
    book.save(stream)
    first, second = read_workbook(stream.getvalue(), "台账.xls").sheets
    assert first.merged == [(0, 0, 0, 3)]
    assert first.hidden_rows == {1}
    assert first.hidden_columns == {1}
    assert first.unread == {(1, 1): ""}
    assert not first.hidden
    assert second.hidden


def test_rows_across_blocks_keep_their_places():
    rows = [[index, f"小区{index}"] for index in range(4500)]
    assert rows_of(xlsx(rows)) == rows


def test_a_child_that_aborts_becomes_a_sentence():
    """A wide grid passes the gate; the parser lays it out and dies of the memory limit."""
    data = with_sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="60000"><c r="IV60000"><v>1</v></c></row>'
    )
    with pytest.raises(WorkbookRefused, match="内存或时间超过上限") as refused:
        read_workbook(data, "台账.xlsx", limits=child.Limits(memory_bytes=256 * 2**20))
    assert refused.value.code == "too_heavy"


def test_a_child_that_hangs_becomes_a_sentence():
    with pytest.raises(WorkbookRefused, match="内存或时间超过上限"):
        read_workbook(xlsx([["小区"]]), "台账.xlsx", limits=child.Limits(wall_seconds=0))


def test_a_workbook_that_no_parser_reads_becomes_a_sentence():
    broken = with_sheet_xml('<row r="1"><c r="A1" t="s"><v>99</v></c></row>')
    with pytest.raises(WorkbookRefused, match="文件已损坏") as refused:
        read_workbook(broken, "台账.xlsx")
    assert refused.value.code == "damaged"


def test_reader_gates_first():
    with pytest.raises(WorkbookRefused, match="内容是 PDF"):
        read_workbook(b"%PDF-1.7", "台账.xlsx")


def test_child_gets_no_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "must-not-travel")
    script = tmp_path / "tell.py"
    script.write_text("import os, sys\nsys.stdout.write(','.join(sorted(os.environ)))\n")
    with child.run(str(script.with_suffix("")), b"", {}) as output:
        names = output.read().decode().split(",")
    assert "SECRET_KEY" not in names
    assert "DATABASE_URL" not in names


@pytest.mark.parametrize(
    ("place", "name"), [((0, 0), "A1"), ((6, 25), "Z7"), ((6, 26), "AA7"), ((0, 701), "ZZ1")]
)
def test_cell_names(place, name):
    assert cell_name(*place) == name
    assert column_letters(place[1]) + str(place[0] + 1) == name
