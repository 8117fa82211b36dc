"""The owners' fees of a month as a workbook: a row for each estate, written by the same service
as the table."""

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl
from django.db.models import Model
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from estates.models import Estate
from subsidies import services
from subsidies.calculations import FEE_LABELS, FeeFigures, strict_number
from subsidies.choices import FEE_ENTERERS
from subsidies.selectors.fees import estates_served, fee_rows, fees_of, grounds, held_against
from subsidies.services import FeeEntry
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers.cells import CellError
from xingyang_pm.common.ledgers.columns import LedgerColumn, comparison_key, name, text
from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.ledgers.registry import LedgerDefinition, LedgerFamily, register_family
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.money import money
from xingyang_pm.common.spreadsheets import layout

FEES = "owners-fees-"
_OPTIONAL = frozenset({"amount_recovered", "opening_arrears"})
_HINTS = {
    "households_billed": "只填数字，如 96。",
    "households_paid": "本月交了费的户数，不能多于应收户数。",
    "amount_billed": "元，只填数字，如 960.00。",
    "amount_received": "本月收到的全部，含收回往期的。",
    "amount_recovered": "本月实收里属于以前月份的；没有就空着。",
    "opening_arrears": "小区第一次填报时，以前就欠着的合计；以后空着。",
}


class _Strict:
    """Reads a figure as :func:`strict_number` does: the number alone, no unit, no formula."""

    countable = True

    def __init__(self, places: int) -> None:
        self.places = places

    def __call__(self, value: Any) -> Any:
        if isinstance(value, bool | dt.date | dt.time | dt.timedelta):
            raise CellError("{label}应为数字。请改为 120 这样的写法。")
        try:
            number = strict_number(value, places=self.places)
        except ValueError as error:
            raise CellError(str(error)) from None
        return number if self.places else int(number)


COLUMNS = [
    LedgerColumn("code", "小区编号", parse=text(20), required=True, example="L0011"),
    LedgerColumn("name", "小区名称", parse=name(60)),
    *(
        LedgerColumn(
            field,
            label,
            parse=_Strict(0 if field.startswith("households") else 2),
            required=field not in _OPTIONAL,
            hint=_HINTS[field],
        )
        for field, label in FEE_LABELS.items()
    ),
]


def figures_of(row: LedgerRow) -> FeeFigures:
    """Return the figures of a row whose cells could all be read."""
    values = {field: row.get(field) for field in FEE_LABELS}
    if values["amount_recovered"] is None:
        del values["amount_recovered"]
    return FeeFigures(**values)


def plan_month(month: dt.date, rows: Sequence[LedgerRow], actor: Any) -> ImportPlan:
    """Hold the rows against the estates that ``actor`` enters for ``month``."""
    plan = ImportPlan()
    estates = {
        comparison_key(estate.code): estate
        for estate in estates_served(month, actor).select_related("street")
    }
    ground = grounds(month, [estate.pk for estate in estates.values()])
    standing = {fee.estate_id: fee for fee in fees_of(month, actor)}
    for row in rows:
        estate = _estate(plan, row, estates)
        if estate is None:
            continue
        figures = figures_of(row)
        fee = standing.get(estate.pk)
        if fee is not None:
            if fee.figures == figures:
                plan.keep(row)
            else:
                plan.refuse(
                    row, "code", "这个小区本月已经确认，与这一行不同。请删去这一行，要改请更正。"
                )
            continue
        reading = held_against(figures, ground[estate.pk])
        for field, sentence in reading.problems.items():
            plan.refuse(row, field, sentence)
        if reading.problems:
            continue
        for field, sentence in reading.remarks.items():
            plan.warn(row, field, sentence)
        plan.create(
            row,
            estate.name,
            code=estate.code,
            note=f"实收 {money(figures.amount_received)} 元，"
            f"月末欠费 {money(reading.arrears or 0)} 元",
            payload=FeeEntry(estate, figures),
        )
    return plan


def _estate(plan: ImportPlan, row: LedgerRow, estates: dict[str, Estate]) -> Estate | None:
    found = estates.get(comparison_key(row["code"]))
    if found is None:
        plan.refuse(row, "code", "没有这个编号的在管老旧小区，或不在你的范围内。请核对编号。")
        return None
    given = row.get("name", "")
    if given and comparison_key(given) != comparison_key(found.name):
        plan.refuse(row, "name", f"编号 {found.code} 是“{found.name}”，名称对不上。请核对。")
        return None
    return found


# --- The form ----------------------------------------------------------------------------------

_TITLE = Font(name=layout.TITLE, size=20)
_HEAD = Font(name="黑体", size=11)
_BODY = Font(name=layout.SONG, size=11)
_MIDDLE = Alignment(vertical="center", wrap_text=True)
_WIDTHS = {"code": 12.0, "name": 26.0}


def template_workbook(month: dt.date, actor: Any) -> bytes:
    """Return the form of ``month`` as .xlsx: the estates that wait for ``actor``, with what
    their verified households would be billed."""
    rows = [row for row in fee_rows(month, actor) if row.record is None]
    book = openpyxl.Workbook()
    layout.use_song(book)
    sheet = book.active
    assert sheet is not None  # noqa: S101  a new workbook has a sheet
    sheet.title = f"{month:%Y-%m}"
    title = f"{clock.chinese_month(month)}老旧小区业主交费填报表"
    _put(sheet.cell(1, 1), title, _TITLE, layout.CENTRE)
    sheet.merge_cells(layout.span(1, len(COLUMNS)))
    sheet.row_dimensions[1].height = 36
    for index, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(2, index)
        _put(cell, column.label, _HEAD, layout.CENTRE)
        cell.border = layout.BOX
        sheet.column_dimensions[get_column_letter(index)].width = _WIDTHS.get(column.name, 14.0)
    sheet.row_dimensions[2].height = 30
    for number, row in enumerate(rows, start=3):
        values = [row.estate.code, row.estate.name]
        _line(sheet, number, values, row.typed)
    sheet.freeze_panes = sheet.cell(3, 3)
    layout.landscape_page(sheet, repeat_rows="2:2")
    _help(book.create_sheet("填表说明"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _line(sheet: Any, number: int, names: list[str], typed: dict[str, str]) -> None:
    for index, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(number, index)
        cell.border, cell.font, cell.alignment = layout.BOX, _BODY, _MIDDLE
        if index <= len(names):
            _put(cell, names[index - 1], _BODY, _MIDDLE)
            cell.number_format = "@"
            continue
        places = column.parse.places if isinstance(column.parse, _Strict) else 0
        cell.number_format = "0.00" if places else "0"
        try:
            cell.value = strict_number(typed.get(column.name, ""), places=places)
        except ValueError:
            cell.value = None
    sheet.row_dimensions[number].height = 20


def _put(cell: Any, value: str, font: Font, alignment: Alignment) -> None:
    cell.value = layout.safe_text(value)
    cell.data_type = "s"
    cell.font, cell.alignment = font, alignment


def _help(sheet: Any) -> None:
    sheet.column_dimensions["A"].width = 100
    lines = [
        "1. 一行一个小区。小区编号和名称不要改；不填的小区把整行删去。",
        "2. 户数和金额只填数字，不写“户”“元”，不写公式，不填负数。",
        "3. 应收户数和本月应收已按核定户数和收费标准填好，与实际不同的改正。",
        "4. 本月实收是本月收到的全部；其中属于以前月份的，写在“收回往期欠费”里。",
        "5. 起算前欠费只在小区第一次填报时写，以后由平台接着算，不用再填。",
        "6. 上传后先核对，有错的格一次列出；确认以后写入，写入后不能再改，只能更正。",
    ]
    for number, line in enumerate(lines, start=1):
        _put(sheet.cell(number, 1), line, _BODY, _MIDDLE)


# --- Registration ------------------------------------------------------------------------------


def month_ledger(number: int) -> LedgerDefinition | None:
    """Return the ledger of the month that ``number`` (202610) names, None for what is no month
    or has not begun."""
    try:
        month = dt.date(number // 100, number % 100, 1)
    except ValueError:
        return None
    if month > clock.today() or month.year < 2000:
        return None

    def plan(rows: Sequence[LedgerRow], actor: Any) -> ImportPlan:
        return plan_month(month, rows, actor)

    def commit(plan: ImportPlan, actor: Any, batch: ImportBatch) -> Iterable[Model]:
        entries = [planned.payload for planned in plan.created]
        return services.fees_enter(month=month, entries=entries, actor=actor, batch=batch)

    return LedgerDefinition(
        code=f"{FEES}{number}",
        title=f"{clock.chinese_month(month)}业主交费",
        noun="小区",
        unit="元",
        columns=COLUMNS,
        plan=plan,
        commit=commit,
        roles=FEE_ENTERERS,
        duplicates=DuplicateTracker(
            key=lambda row: comparison_key(row["code"]),
            column="code",
            sentence=lambda row: "一个小区一行。请删去其中一行。",
        ),
        template=lambda actor: template_workbook(month, actor),
    )


def register_fee_ledgers() -> None:
    register_family(LedgerFamily(FEES, "业主交费填报表", FEE_ENTERERS, month_ledger))
