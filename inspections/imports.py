"""One round filled in as a workbook: a row for each estate, and a second sheet of what failed."""

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import openpyxl
from django.db.models import Model
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from accounts.models import User
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers.columns import (
    LedgerColumn,
    choice,
    comparison_key,
    date,
    decimal,
    name,
    text,
)
from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.ledgers.registry import LedgerDefinition, LedgerFamily, register_family
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.spreadsheets import layout

from . import services
from .calculations import FAIL, NOT_APPLICABLE, PASS, deduction_problem, draft_key, plain
from .choices import INSPECTORS
from .models import ChecklistItem, EvidencePhoto, Inspection, InspectionRound, RoundEstate
from .selectors import rows_to_enter
from .services import Answer, RowFacts, Visit

PREFIX = "inspection-round-"
VISITS, FAILS = "检查", "不合格项"
REPORT, KEEP = "上报", "存草稿"
OUTCOME_WORDS = {"合格": PASS, "不合格": FAIL, "不适用": NOT_APPLICABLE}
MAX_DAYS = 180
FAIL_LINES = 60
_VISIT_COLUMNS = ("code", "name", "day", "companion", "act", "note")
_FAIL_COLUMNS = ("code", "name", "item", "deduction", "problem", "deadline")


def item_column(item: ChecklistItem) -> str:
    return f"item_{item.pk}"


def columns_of(items: Sequence[ChecklistItem]) -> list[LedgerColumn]:
    """Return the columns of both sheets; each sheet has those that are its own."""
    return [
        LedgerColumn("code", "小区编号", parse=text(20), required=True, example="HX-0001"),
        LedgerColumn("name", "小区名称", parse=name(60)),
        LedgerColumn("day", "检查日期", parse=date()),
        LedgerColumn("companion", "同行检查人", parse=text(60)),
        LedgerColumn("act", "办理", parse=choice({REPORT: REPORT, KEEP: KEEP}), default=REPORT),
        LedgerColumn("note", "备注", parse=text(300)),
        *(
            LedgerColumn(item_column(item), f"{item.code} {item.text}", parse=choice(OUTCOME_WORDS))
            for item in items
        ),
        LedgerColumn("item", "项目编号", parse=text(10)),
        LedgerColumn("deduction", "扣分", parse=decimal(places=1)),
        LedgerColumn("problem", "问题描述", parse=text(300)),
        LedgerColumn("deadline", "整改期限", parse=date()),
    ]


@dataclass
class Entry:
    """One estate as the workbook has it."""

    estate: Estate
    facts: RowFacts
    note: str
    report: bool
    answers: dict[int, Answer] = field(default_factory=dict)


class RoundPlanner:
    """Holds the rows of both sheets against the round, for one person."""

    def __init__(self, round: InspectionRound, actor: User) -> None:
        self.round, self.actor = round, actor
        self.items = list(round.checklist.items.order_by("position"))
        self.by_code = {comparison_key(item.code): item for item in self.items}
        covered = RoundEstate.objects.visible_to(actor).filter(round=round)
        self.estates = {
            comparison_key(line.estate.code): line.estate
            for line in covered.select_related("estate__street")
        }
        self.own: dict[int, Inspection] = {}
        self.done: dict[int, Inspection] = {}
        inspections = Inspection.objects.visible_to(actor).filter(round=round)
        for row in inspections.select_related("inspector", "checklist"):
            if row.is_counted:
                self.done[row.estate_id] = row
            elif row.entered_by_id == actor.pk:
                self.own[row.estate_id] = row
        self.pictured = set(
            EvidencePhoto.objects.visible_to(actor)
            .filter(result__inspection__in=[row.pk for row in self.own.values()])
            .values_list("result__inspection__estate_id", "result__item_id")
        )

    def plan(self, rows: Sequence[LedgerRow]) -> ImportPlan:
        plan = ImportPlan()
        fails: dict[str, list[LedgerRow]] = {}
        visits = []
        for row in rows:
            if row.has("item"):
                fails.setdefault(comparison_key(row["code"]), []).append(row)
            else:
                visits.append(row)
        for row in visits:
            self.visit(plan, row, fails.pop(comparison_key(row["code"]), []))
        for lines in fails.values():
            for line in lines:
                plan.refuse(
                    line,
                    "code",
                    f"“{VISITS}”表里没有这个小区的行，或那一行有错。请先改那一行。",
                )
        return plan

    def visit(self, plan: ImportPlan, row: LedgerRow, lines: list[LedgerRow]) -> None:
        before = len(plan.errors)
        estate = self.estate(plan, row)
        entry = self.entry(plan, row, estate, lines) if estate is not None else None
        if len(plan.errors) > before:
            told = {(m.sheet, m.row) for m in plan.errors}
            for line in (row, *lines):
                if (line.sheet, line.row) not in told:
                    plan.refuse(
                        line, "code", f"这个小区的内容有错（见第 {row.row} 行），一起改好。"
                    )
            return
        if entry is None:
            plan.keep(row, *lines)
            return
        lacking = [
            item.code
            for item in self.items
            if item.wants_photo(entry.answers.get(item.pk, Answer()).outcome)
            and (entry.estate.pk, item.pk) not in self.pictured
        ]
        if entry.report and lacking:
            entry.report = False
            plan.warn(row, "act", f"{'、'.join(lacking)} 须有照片：先存成草稿，补照片后再上报。")
        own = self.own.get(entry.estate.pk)
        if own is not None and own.draft.get("items") and not self.same(own, entry):
            plan.warn(row, "code", "你已有这个小区的草稿，内容不同，将改成这一行。")
        failed = sum(1 for answer in entry.answers.values() if answer.outcome == FAIL)
        words = f"{failed} 项不合格" if failed else "没有不合格"
        plan.create(
            row,
            entry.estate.name,
            code=entry.estate.code,
            note=f"{REPORT if entry.report else KEEP}，{words}",
            payload=entry,
            also=lines,
        )

    def estate(self, plan: ImportPlan, row: LedgerRow) -> Estate | None:
        found = self.estates.get(comparison_key(row["code"]))
        if found is None:
            plan.refuse(
                row, "code", "没有这个编号的小区，或不在本批次、不在你的范围内。请核对编号。"
            )
            return None
        given = row.get("name", "")
        if given and comparison_key(given) != comparison_key(found.name):
            plan.refuse(row, "name", f"编号 {found.code} 是“{found.name}”，名称对不上。请核对。")
            return None
        return found

    def entry(
        self, plan: ImportPlan, row: LedgerRow, estate: Estate, lines: list[LedgerRow]
    ) -> Entry | None:
        """Return what the rows say, or None if it was reported before just so; errors go into
        ``plan``."""
        day = row.get("day") or clock.today()
        self.check_day(plan, row, day)
        answers = self.answers(plan, row, lines, day)
        facts = RowFacts(day, row.get("companion", ""))
        entry = Entry(estate, facts, row.get("note", ""), row["act"] == REPORT, answers)
        done = self.done.get(estate.pk)
        if done is None:
            return entry
        if done.entered_by_id == self.actor.pk and self.same(done, entry):
            return None
        plan.refuse(
            row,
            "code",
            f"已由 {done.inspector} 上报（{done.number}），与这一行不同。"
            "请删去这一行；要改请联系科室负责人退回。",
        )
        return entry

    def check_day(self, plan: ImportPlan, row: LedgerRow, day: dt.date) -> None:
        first, last = self.round.start_date, self.round.end_date
        if day > clock.today():
            plan.refuse(row, "day", "检查日期不能晚于今天。请改为实际检查的日期。")
        elif day < first:
            plan.refuse(
                row, "day", f"检查日期不能早于本批次开始的{clock.chinese_date(first)}。请改正。"
            )
        elif day > last and not row.get("note"):
            plan.refuse(
                row,
                "day",
                f"检查日期晚于本批次截止的{clock.chinese_date(last)}，请在备注里写明原因。",
            )

    def answers(
        self, plan: ImportPlan, row: LedgerRow, lines: list[LedgerRow], day: dt.date
    ) -> dict[int, Answer]:
        told: dict[int, LedgerRow] = {}
        for line in lines:
            item = self.by_code.get(comparison_key(line.get("item", "")))
            if item is None:
                plan.refuse(line, "item", "本次检查表没有这个项目编号。请照第一张表的表头填。")
            elif row.get(item_column(item), PASS) != FAIL:
                plan.refuse(
                    line,
                    "item",
                    f"“{VISITS}”表第 {row.row} 行的 {item.code} 不是不合格。请改成一致。",
                )
            else:
                told[item.pk] = line
        answers = {}
        for item in self.items:
            outcome = row.get(item_column(item), PASS)
            if outcome == NOT_APPLICABLE:
                answers[item.pk] = Answer(NOT_APPLICABLE)
                if not item.allows_na:
                    plan.refuse(row, item_column(item), "这一项不能选不适用。请改为合格或不合格。")
            elif outcome == FAIL and item.pk not in told:
                plan.refuse(
                    row,
                    item_column(item),
                    f"请在“{FAILS}”表里加一行：小区编号 {row['code']}，项目编号 {item.code}，"
                    "写扣分和问题。",
                )
            elif outcome == FAIL:
                answers[item.pk] = self.failure(plan, told[item.pk], item, day)
        return answers

    def failure(
        self, plan: ImportPlan, line: LedgerRow, item: ChecklistItem, day: dt.date
    ) -> Answer:
        problem = line.get("problem", "")
        if not problem:
            plan.refuse(line, "problem", "请写明问题。")
        deduction = line.get("deduction")
        if deduction is None:
            deduction = min(item.deduction_step, item.points)
        wrong = (
            deduction_problem(deduction, item.points, item.deduction_step) if item.points else ""
        )
        if wrong:
            plan.refuse(line, "deduction", f"{item.code} {wrong}")
        deadline = line.get("deadline")
        days = (deadline - day).days if deadline else None
        if days is not None and not 0 <= days <= MAX_DAYS:
            plan.refuse(line, "deadline", f"整改期限须在检查日期之后的 {MAX_DAYS} 天以内。请改正。")
        return Answer(FAIL, deduction, problem, days)

    def same(self, done: Inspection, entry: Entry) -> bool:
        """Whether the report says of day, people, note and items what the row says."""
        reported = services.answers_of(done)
        return (
            (done.inspected_on, done.companion, done.note)
            == (entry.facts.inspected_on, entry.facts.companion, entry.note)
        ) and {pk: _key(answer) for pk, answer in reported.items()} == {
            pk: _key(answer) for pk, answer in entry.answers.items()
        }


def _key(answer: Answer) -> tuple[Any, ...]:
    deduction: Decimal | None = answer.deduction
    return (
        answer.outcome,
        plain(deduction) if deduction is not None else "",
        answer.note.strip(),
        answer.days,
    )


def commit(round: InspectionRound, plan: ImportPlan, actor: User) -> Iterable[Model]:
    """Write each estate by the services of the phone, under the key of the own draft."""
    for planned in plan.created:
        entry: Entry = planned.payload
        own = Inspection.objects.editable().filter(
            round=round, estate=entry.estate, entered_by=actor
        )
        key = own.values_list("client_key", flat=True).first() or draft_key(
            round.pk, entry.estate.pk, actor.pk
        )
        draft = services.inspection_start(
            estate=entry.estate,
            round=round,
            actor=actor,
            client_key=key,
            inspected_on=entry.facts.inspected_on,
        )
        visit = Visit(
            inspected_on=entry.facts.inspected_on,
            companion=entry.facts.companion,
            site_contact=draft.site_contact,
            note=entry.note,
        )
        save = services.inspection_submit if entry.report else services.inspection_save_draft
        yield save(inspection=draft, actor=actor, answers=entry.answers, visit=visit)


# --- The form ---------------------------------------------------------------------------------

_TITLE = Font(name=layout.TITLE, size=20)
_HEAD = Font(name="黑体", size=11)
_BODY = Font(name=layout.SONG, size=11)
_WRAP = Alignment(vertical="center", wrap_text=True)


def template_workbook(
    round: InspectionRound, columns: Sequence[LedgerColumn], actor: User
) -> bytes:
    """Return the form as .xlsx: the estates that wait for ``actor``, all items on 合格, and an
    empty second sheet for what failed."""
    rows, _ = rows_to_enter(round, actor, everything=False)
    estates = Estate.objects.visible_to(actor).in_bulk([row.estate_id for row in rows])
    by_name = {column.name: column for column in columns}
    items = [column for column in columns if column.name.startswith("item_")]
    book = openpyxl.Workbook()
    layout.use_song(book)
    sheet = book.active
    assert sheet is not None  # noqa: S101  a new workbook has a sheet
    sheet.title = VISITS
    head = [*(by_name[name] for name in _VISIT_COLUMNS), *items]
    _sheet_head(sheet, f"{round}　填报表", head)
    for number, row in enumerate(rows, start=3):
        estate = estates[row.estate_id]
        values = [estate.code, estate.name, "", "", REPORT, "", *["合格"] * len(items)]
        _line(sheet, number, values, head)
    _words(sheet, head, 3, max(len(rows), 1))
    failed = book.create_sheet(FAILS)
    head = [by_name[name] for name in _FAIL_COLUMNS]
    _sheet_head(failed, f"{round}　不合格项", head)
    for number in range(3, 3 + FAIL_LINES):
        _line(failed, number, [""] * len(head), head)
    _help(book.create_sheet("填表说明"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _put(cell: Any, value: str, font: Font, alignment: Alignment) -> None:
    if value:
        cell.value = layout.safe_text(value)
        cell.data_type = "s"
    cell.font, cell.alignment = font, alignment


def _sheet_head(sheet: Any, title: str, columns: Sequence[LedgerColumn]) -> None:
    _put(sheet.cell(1, 1), title, _TITLE, layout.CENTRE)
    sheet.merge_cells(layout.span(1, len(columns)))
    sheet.row_dimensions[1].height = 36
    sheet.row_dimensions[2].height = 60
    for index, column in enumerate(columns, start=1):
        cell = sheet.cell(2, index)
        _put(cell, column.label, _HEAD, layout.CENTRE)
        cell.border = layout.BOX
        width = 11.0 if column.name.startswith("item_") else 14.0
        wide = {"name": 22.0, "note": 24.0, "problem": 40.0}
        sheet.column_dimensions[get_column_letter(index)].width = wide.get(column.name, width)
    sheet.freeze_panes = sheet.cell(3, 3)
    layout.landscape_page(sheet, repeat_rows="2:2")


def _line(sheet: Any, number: int, values: Sequence[str], columns: Sequence[LedgerColumn]) -> None:
    for index, (value, column) in enumerate(zip(values, columns, strict=True), start=1):
        cell = sheet.cell(number, index)
        _put(cell, value, _BODY, _WRAP)
        cell.border = layout.BOX
        if column.name in {"day", "deadline"}:
            cell.number_format = layout.DATE_FORMAT
        elif column.name in {"code", "item"}:
            cell.number_format = "@"
    sheet.row_dimensions[number].height = 22


def _words(sheet: Any, columns: Sequence[LedgerColumn], first: int, count: int) -> None:
    """Lay the drop-downs: one for 办理, one over all items."""
    for names, words in (
        ([c for c in columns if c.name == "act"], (REPORT, KEEP)),
        ([c for c in columns if c.name.startswith("item_")], tuple(OUTCOME_WORDS)),
    ):
        if not names:
            continue
        start, end = columns.index(names[0]) + 1, columns.index(names[-1]) + 1
        choices = DataValidation(
            type="list", formula1='"' + ",".join(words) + '"', allow_blank=True
        )
        choices.add(
            f"{get_column_letter(start)}{first}:{get_column_letter(end)}{first + count - 1}"
        )
        sheet.add_data_validation(choices)


def _help(sheet: Any) -> None:
    sheet.column_dimensions["A"].width = 100
    for number, line in enumerate(
        (
            f"1. “{VISITS}”表一行一个小区，项目都先是合格；不合格、不适用的从下拉里选。",
            f"2. 选了不合格的，在“{FAILS}”表里加一行：小区编号、项目编号、扣分、问题、期限。",
            "3. 扣分空着按一档扣，期限空着按检查表规定的天数；检查日期空着按上传当天。",
            f"4. “办理”选{REPORT}的核对后上报，选{KEEP}的存成草稿；须有照片而没有的也先存草稿。",
            "5. 没有查的小区把整行删去。不要改小区编号。上传后先核对，确认以后才写入。",
        ),
        start=1,
    ):
        _put(sheet.cell(number, 1), line, _BODY, _WRAP)


# --- Registration -----------------------------------------------------------------------------


def round_ledger(pk: int) -> LedgerDefinition | None:
    """Return the ledger of one round, or None if there is no such round."""
    round = InspectionRound.objects.select_related("checklist").filter(pk=pk).first()
    if round is None:
        return None
    columns = columns_of(list(round.checklist.items.order_by("position")))

    def plan(rows: Sequence[LedgerRow], actor: Any) -> ImportPlan:
        made = ImportPlan()
        if not round.is_open and rows:
            for row in rows:
                made.refuse(row, "code", f"{round} 已经结束，不能再填报。")
            return made
        return RoundPlanner(round, actor).plan(rows)

    def write(plan: ImportPlan, actor: Any, batch: ImportBatch) -> Iterable[Model]:
        return commit(round, plan, actor)

    return LedgerDefinition(
        code=f"{PREFIX}{round.pk}",
        title=f"{round} 填报表",
        noun="检查",
        columns=columns,
        plan=plan,
        commit=write,
        roles=INSPECTORS,
        duplicates=DuplicateTracker(
            key=_repeated,
            column="code",
            sentence=lambda row: "一个小区一行，一个不合格项一行。请删去其中一行。",
        ),
        template=lambda actor: template_workbook(round, columns, actor),
    )


def _repeated(row: LedgerRow) -> tuple[str, str] | None:
    if row.has("item"):
        item = row.get("item", "")
        return (comparison_key(row["code"]), comparison_key(item)) if item else None
    return comparison_key(row["code"]), ""


def register_round_ledgers() -> None:
    register_family(LedgerFamily(PREFIX, "检查填报表", INSPECTORS, round_ledger))
