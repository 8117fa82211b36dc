"""Reading and planning together: what an upload would do, in figures and in words."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xingyang_pm.common.formats import masked
from xingyang_pm.common.spreadsheets.reader import Workbook

from .marking import SheetMarks
from .plans import FieldChange, ImportPlan
from .reading import CellMessage, LedgerReading, LedgerRow, read_ledger
from .registry import LedgerDefinition

# The screen lists so many of each kind and says the total; the workbook has all.
LISTED = 300

Place = tuple[str, int]


@dataclass(frozen=True)
class Outcome:
    """One workbook, read and planned for one person. ``errors`` and ``warnings`` are those of
    cells, of repeated rows and of the plan together, in the order of the file."""

    ledger: LedgerDefinition
    book: Workbook
    reading: LedgerReading
    plan: ImportPlan
    errors: list[CellMessage]
    warnings: list[CellMessage]

    @property
    def rows(self) -> int:
        """Data rows found."""
        return len(self.reading.rows)

    @property
    def created(self) -> int:
        return sum(len(item.rows) for item in self.plan.created)

    @property
    def changed(self) -> int:
        return sum(len(item.rows) for item in self.plan.changed)

    @property
    def unchanged(self) -> int:
        return self.plan.unchanged

    @property
    def rejected(self) -> int:
        """Data rows with at least one error, repeated rows among them."""
        return self.rows - self.created - self.changed - self.unchanged

    def figures(self) -> dict[str, Any]:
        """Return what the command prints as JSON."""
        return {
            "rows": self.rows,
            "created": self.created,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "beside": self.plan.beside_sentence(),
            "errors": [_short(message) for message in self.errors],
            "warnings": [_short(message) for message in self.warnings],
        }

    def fingerprint(self) -> str:
        """Return a digest of everything that would be written: two equal plans have one."""
        lines = [
            *(
                ["new", *_places(item.rows), item.title, item.code, item.note]
                for item in self.plan.created
            ),
            *(
                ["change", *_places(item.rows), item.title, item.code, field.name, field.old,
                 field.new]
                for item in self.plan.changed
                for field in item.fields
            ),
            ["same", str(self.unchanged)],
            *(["tally", word, str(count)] for word, count in self.plan.tally.items()),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(lines, ensure_ascii=False).encode()).hexdigest()

    def report(self) -> dict[str, Any]:
        """Return what the check screen shows, JSON-safe, long lists cut with their total."""
        plan = self.plan
        return {
            "rows": self.rows,
            "sheets": len(self.reading.sheets),
            "created": self.created,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "created_records": len(plan.created),
            "changed_records": len(plan.changed),
            "beside": plan.beside_sentence(),
            "tally": list(plan.tally.items()),
            "changed_fields": sum(len(item.fields) for item in plan.changed),
            "error_total": len(self.errors),
            "warning_total": len(self.warnings),
            "errors": [message.as_json() for message in self.errors[:LISTED]],
            "warnings": [message.as_json() for message in self.warnings[:LISTED]],
            "created_list": [
                {
                    "sheet": item.row.sheet,
                    "row": item.row.row,
                    "title": item.title,
                    "code": item.code,
                    "note": item.note,
                }
                for item in plan.created[:LISTED]
            ],
            "changed_list": [
                {
                    "sheet": item.row.sheet,
                    "row": item.row.row,
                    "title": item.title,
                    "code": item.code,
                    "url": item.url,
                    "fields": [_field(field) for field in item.fields],
                }
                for item in plan.changed[:LISTED]
            ],
            "listed": LISTED,
            "noun": self.ledger.noun,
            "skipped": self.reading.skipped.sentence(),
            "fingerprint": self.fingerprint(),
        }

    def sentence(self) -> str:
        """Return the figures as one line: ``196 行：新增 2，变更 17，不变 174，有误 3``."""
        return (
            f"{self.rows} 行：新增 {self.created}，变更 {self.changed}，"
            f"不变 {self.unchanged}，有误 {self.rejected}"
        )

    def marks(self, *, committed: bool = False) -> dict[str, SheetMarks]:
        """Return what the marked workbook says beside each row, by sheet."""
        found = {
            name: SheetMarks(header, column)
            for name, (header, column) in self.reading.layout.items()
        }
        notes: dict[Place, tuple[list[str], str]] = {}
        for item in self.plan.created:
            word = "已新增" if committed else "新增"
            for row in item.rows:
                notes[row.sheet, row.row] = ([word + (f"（{item.note}）" if item.note else "")], "")
        for change in self.plan.changed:
            word = "已变更：" if committed else "变更："
            text = word + "；".join(_change_words(field) for field in change.fields)
            for row in change.rows:
                notes[row.sheet, row.row] = ([text], "")
        data = {(row.sheet, row.row) for row in self.reading.rows}
        for tone, messages in (("a", self.warnings), ("r", self.errors)):
            for message in messages:
                mark = found.get(message.sheet)
                if mark is None:
                    continue
                place = (message.sheet, message.row)
                if place not in data:
                    # Of the whole sheet: beside the line above the header, or below it.
                    place = (message.sheet, mark.header if mark.header else mark.header + 2)
                lines, earlier = notes.get(place, ([], ""))
                word = "错误" if tone == "r" else "提醒"
                column = f"{message.column}：" if message.column else ""
                lines.append(f"{word}　{column}{message.message}")
                notes[place] = (lines, tone if tone == "r" else earlier or tone)
                mark.cells[message.cell] = tone
        for row in self.reading.rows:
            notes.setdefault((row.sheet, row.row), (["不变"], ""))
        for (sheet, number), (lines, tone) in notes.items():
            found[sheet].notes[number - 1] = ("\n".join(lines), tone)
        return found


def check(ledger: LedgerDefinition, book: Workbook, actor: Any) -> Outcome:
    """Read ``book`` as ``ledger`` and plan it for ``actor``; writes nothing.

    Rows with an unreadable cell and repeated rows do not reach the app's plan.
    """
    reading = read_ledger(ledger.columns, book)
    repeated = ledger.duplicates.check(reading.rows) if ledger.duplicates else []
    for row, _ in repeated:
        row.valid = False
    rows = reading.valid_rows
    plan = ledger.plan(rows, actor)
    _account(ledger, rows, plan)
    order = {name: index for index, name in enumerate(sheet.name for sheet in book.sheets)}

    def in_file(messages: Iterable[CellMessage]) -> list[CellMessage]:
        return sorted(messages, key=lambda m: (order.get(m.sheet, -1), m.row))

    return Outcome(
        ledger,
        book,
        reading,
        plan,
        in_file([*reading.errors, *(message for _, message in repeated), *plan.errors]),
        in_file([*reading.warnings, *plan.warnings]),
    )


def _account(ledger: LedgerDefinition, rows: Sequence[LedgerRow], plan: ImportPlan) -> None:
    """Raise unless the plan says of each row, once, what becomes of it."""
    planned = [row for new in plan.created for row in new.rows]
    planned += [row for change in plan.changed for row in change.rows]
    refused = {(message.sheet, message.row) for message in plan.errors}
    places = {(row.sheet, row.row) for row in planned}
    if len(places) != len(planned) or places & refused:
        raise ValueError(f"{ledger.code}: plan() names a row twice")
    wanted = {(row.sheet, row.row) for row in rows}
    if len(planned) + len(refused & wanted) + plan.unchanged != len(rows):
        raise ValueError(f"{ledger.code}: plan() does not account for every row")


def _short(message: CellMessage) -> dict[str, str]:
    return {"sheet": message.sheet, "cell": message.cell, "message": message.message}


def _places(rows: Iterable[LedgerRow]) -> list[str]:
    return [f"{row.sheet}!{row.row}" for row in rows]


def _hidden(text: str) -> str:
    return masked(text)


def _field(field: FieldChange) -> dict[str, str]:
    return {
        "label": field.label,
        "old": _hidden(field.old) if field.secret else field.old,
        "new": _hidden(field.new) if field.secret else field.new,
        "note": field.note,
        "tone": field.tone,
    }


def _change_words(field: FieldChange) -> str:
    shown = _field(field)
    note = f"（{field.note}）" if field.note else ""
    return f"{field.label} {shown['old']}→{shown['new']}{note}"
