"""The empty form of a ledger, as the office would draw it."""

import io
from typing import Any

import openpyxl
from django.conf import settings
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from xingyang_pm.common.spreadsheets import layout

from .columns import LedgerColumn
from .header import NUMBER_LABEL
from .registry import LedgerDefinition
from .words import offered_words

EXAMPLE = "示例"
HEADER_ROW = 3
_EMPTY_ROWS = 30
_VALIDATED_ROWS = 2000
# What Excel takes as a list typed into the validation itself.
_LIST_LIMIT = 250

_TITLE = Font(name=layout.TITLE, size=20)
_LINE = Font(name=layout.SONG, size=11)
_HEAD = Font(name="黑体", size=11)
_MUST = Font(name="黑体", size=11, color="FFB4231A")
_BODY = Font(name=layout.SONG, size=11)
_GREY = Font(name=layout.SONG, size=11, color="FF7F7F7F", italic=False)
_EXAMPLE_FILL = PatternFill("solid", "FFF2F2F2")
_TEXT = Alignment(vertical="center", wrap_text=True)


def template_workbook(ledger: LedgerDefinition) -> bytes:
    """Return the form as .xlsx: title, unit line, header, one example line that is never
    imported, empty bordered rows with drop-downs, and a sheet 填表说明."""
    book = openpyxl.Workbook()
    layout.use_song(book)
    sheet = book.active
    sheet.title = layout.sheet_title(ledger.title)
    _form(sheet, ledger)
    _instructions(book.create_sheet("填表说明"), ledger)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _put(cell: Any, text: str, font: Font, alignment: Alignment) -> None:
    if text:
        cell.value = layout.safe_text(text)
        cell.data_type = "s"
    cell.font = font
    cell.alignment = alignment


def _form(sheet: Any, ledger: LedgerDefinition) -> None:
    columns = list(ledger.columns)
    across = len(columns) + 1
    _put(sheet.cell(1, 1), f"荥阳市{ledger.title}", _TITLE, layout.CENTRE)
    sheet.merge_cells(layout.span(1, across))
    middle = max(across // 2, 2)
    _put(sheet.cell(2, 1), "填报单位：", _LINE, Alignment(vertical="center"))
    _put(sheet.cell(2, middle), "填报日期：", _LINE, Alignment(vertical="center"))
    if ledger.unit and across > middle:
        right = Alignment(horizontal="right", vertical="center")
        _put(sheet.cell(2, across), f"单位：{ledger.unit}", _LINE, right)
    _head(sheet, 1, NUMBER_LABEL, _HEAD)
    _put(sheet.cell(HEADER_ROW + 1, 1), EXAMPLE, _GREY, layout.CENTRE)
    sheet.column_dimensions["A"].width = 7
    for index, column in enumerate(columns, start=2):
        _head(sheet, index, column.label, _MUST if column.required else _HEAD)
        _put(sheet.cell(HEADER_ROW + 1, index), _example(column), _GREY, layout.CENTRE)
        sample = [_example(column), *offered_words(column)]
        width = column.width or layout.fitted_width(column.label, sample, least=8, most=30)
        sheet.column_dimensions[get_column_letter(index)].width = width
        _validate(sheet, index, column)
    for row in range(HEADER_ROW + 1, HEADER_ROW + 2 + _EMPTY_ROWS):
        for index in range(1, across + 1):
            cell = sheet.cell(row, index)
            cell.border = layout.BOX
            if row > HEADER_ROW + 1:
                cell.font, cell.alignment = _BODY, _TEXT
                if index > 1 and getattr(columns[index - 2].parse, "keeps_text", False):
                    # Excel cuts a number to 15 digits; text stays whole.
                    cell.number_format = "@"
            else:
                cell.fill = _EXAMPLE_FILL
        sheet.row_dimensions[row].height = 22
    sheet.row_dimensions[1].height = 38
    sheet.row_dimensions[2].height = 22
    sheet.row_dimensions[HEADER_ROW].height = 36
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 2)
    layout.landscape_page(sheet, repeat_rows=f"{HEADER_ROW}:{HEADER_ROW}")


def _head(sheet: Any, index: int, label: str, font: Font) -> None:
    cell = sheet.cell(HEADER_ROW, index)
    _put(cell, label, font, layout.CENTRE)
    cell.border = layout.BOX


def _example(column: LedgerColumn) -> str:
    if column.example:
        return column.example
    words = offered_words(column)
    return words[0] if words else ""


def _validate(sheet: Any, index: int, column: LedgerColumn) -> None:
    words = offered_words(column)
    listed = ",".join(words)
    if not words or len(listed) > _LIST_LIMIT or '"' in listed or any("," in w for w in words):
        return
    validation = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
    validation.showErrorMessage = False  # the check says it better, and pasting evades it anyway
    validation.promptTitle = column.label[:32]
    validation.prompt = f"请选 {'、'.join(words)}"[:255]
    validation.showInputMessage = True
    letter = get_column_letter(index)
    validation.add(f"{letter}{HEADER_ROW + 1}:{letter}{HEADER_ROW + _VALIDATED_ROWS}")
    sheet.add_data_validation(validation)


def _instructions(sheet: Any, ledger: LedgerDefinition) -> None:
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 8
    sheet.column_dimensions["C"].width = 90
    _put(sheet.cell(1, 1), f"{ledger.title}　填表说明", Font(name="黑体", size=14), _TEXT)
    sheet.merge_cells("A1:C1")
    sheet.row_dimensions[1].height = 30
    notes = [
        "“示例”一行不会入库，可以保留，也可以删去。红字的列必填。",
        "原来的台账不用改格式，可以直接上传：标题、合计、签字、合并的街道和社区都能认出。",
        "上传后先核对，全部错误一次列出；确认以后才入库，入库为整本一次完成。",
        "没有内容的格可以空着，或写“/”。空着的格不会抹去已登记的内容。",
        *ledger.template_notes,
    ]
    row = 2
    for number, note in enumerate(notes, start=1):
        _put(sheet.cell(row, 1), f"{number}. {note}", _BODY, _TEXT)
        sheet.merge_cells(f"A{row}:C{row}")
        sheet.row_dimensions[row].height = 18 * (1 + layout.text_width(note) // 116)
        row += 1
    row += 1
    for index, head in enumerate(("列名", "必填", "怎么填"), start=1):
        cell = sheet.cell(row, index)
        _put(cell, head, _HEAD, layout.CENTRE)
        cell.border = layout.BOX
    for column in ledger.columns:
        row += 1
        lines = [column.hint] if column.hint else []
        words = offered_words(column)
        if words:
            lines.append(f"填 {'、'.join(words)} 之一。")
        if _example(column):
            lines.append(f"例：{_example(column)}")
        if column.aliases:
            names = "、".join(alias.replace("/", "－") for alias in column.aliases)
            lines.append(f"表头也可以写：{names}。")
        for index, (text, alignment) in enumerate(
            (
                (column.label, _TEXT),
                ("必填" if column.required else "", layout.CENTRE),
                ("　".join(lines), _TEXT),
            ),
            start=1,
        ):
            cell = sheet.cell(row, index)
            _put(cell, text, _BODY, alignment)
            cell.border = layout.BOX
        sheet.row_dimensions[row].height = 20 * (1 + layout.text_width("　".join(lines)) // 88)
    sheet.page_setup.paperSize = layout.A4
    sheet.page_setup.orientation = "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = f"{settings.OFFICE_NAME}　第 &P 页，共 &N 页"
