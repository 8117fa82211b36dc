"""What an import would do, row by row, before it does it."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .columns import LedgerColumn
from .reading import CellMessage, LedgerRow

BLANK = "（空）"


def display(value: Any) -> str:
    """Return a value as the check screen shows it."""
    if value is None or value == "":
        return BLANK
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.datetime | dt.date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, tuple | list):
        return "至".join(display(part) for part in value)
    return str(value)


@dataclass(frozen=True)
class FieldChange:
    """One field that a row would change.

    ``old`` and ``new`` are shown texts, ``value`` is what will be written. ``secret`` hides
    the middle of phone numbers on the screen. ``tone`` ``a`` marks the note as a remark.
    """

    name: str
    label: str
    old: str
    new: str
    value: Any = None
    note: str = ""
    secret: bool = False
    tone: str = ""


@dataclass(frozen=True)
class PlannedRow:
    """A record that would be created, from one row or (``also``) from several."""

    row: LedgerRow
    title: str
    code: str = ""
    note: str = ""
    payload: Any = None
    also: Sequence[LedgerRow] = ()

    @property
    def rows(self) -> list[LedgerRow]:
        return [self.row, *self.also]


@dataclass(frozen=True)
class PlannedChange:
    """A record that would be changed, with each field."""

    row: LedgerRow
    title: str
    fields: Sequence[FieldChange]
    code: str = ""
    url: str = ""
    payload: Any = None
    also: Sequence[LedgerRow] = ()

    @property
    def rows(self) -> list[LedgerRow]:
        return [self.row, *self.also]


@dataclass
class ImportPlan:
    """What would be created, changed and left alone, and what is wrong with rows.

    Every row given to ``plan()`` ends in exactly one of: created, changed, unchanged, or
    refused by at least one error. Warnings come beside.
    """

    created: list[PlannedRow] = field(default_factory=list)
    changed: list[PlannedChange] = field(default_factory=list)
    unchanged: int = 0
    errors: list[CellMessage] = field(default_factory=list)
    warnings: list[CellMessage] = field(default_factory=list)
    # What is written beside the ledger's own records, counted: {"登记服务合同": 412}.
    beside: Counter[str] = field(default_factory=Counter)
    # What the rows came to, in the ledger's own words, counted: {"匹配": 12, "金额不符": 1}.
    tally: Counter[str] = field(default_factory=Counter)

    def beside_sentence(self) -> str:
        """Return ``登记服务合同 412 份，修改服务合同 3 份``, or nothing."""
        return "，".join(f"{act} {count:,} 份" for act, count in sorted(self.beside.items()))

    def create(
        self,
        row: LedgerRow,
        title: str,
        *,
        code: str = "",
        note: str = "",
        payload: Any = None,
        also: Sequence[LedgerRow] = (),
    ) -> None:
        """Plan a new record called ``title``; ``payload`` is for the app's own commit."""
        self.created.append(PlannedRow(row, title, code, note, payload, also))

    def change(
        self,
        row: LedgerRow,
        title: str,
        fields: Sequence[FieldChange],
        *,
        code: str = "",
        url: str = "",
        payload: Any = None,
        also: Sequence[LedgerRow] = (),
    ) -> None:
        """Plan a change of an existing record; without ``fields`` the row counts as unchanged."""
        if fields:
            self.changed.append(PlannedChange(row, title, fields, code, url, payload, also))
        else:
            self.unchanged += 1 + len(also)

    def keep(self, row: LedgerRow, *also: LedgerRow) -> None:
        """Count rows that say what the registry says already."""
        self.unchanged += 1 + len(also)

    def refuse(self, row: LedgerRow, column: str, message: str) -> None:
        """Report an error on the row's cell of ``column``."""
        self.errors.append(row.message(column, message))

    def warn(self, row: LedgerRow, column: str, message: str) -> None:
        self.warnings.append(row.message(column, message))


@dataclass(frozen=True)
class DuplicateTracker:
    """Finds rows that repeat an earlier one.

    ``key(row)`` returns what must be unique, or ``None`` when it cannot be told (a part is
    blank). The error stands on the cell of ``column`` and reads 与第 12 行重复：``sentence(row)``.
    """

    key: Callable[[LedgerRow], Hashable | None]
    column: str = "name"
    sentence: Callable[[LedgerRow], str] = lambda row: "请删去其中一行。"

    def check(self, rows: Iterable[LedgerRow]) -> list[tuple[LedgerRow, CellMessage]]:
        """Return the repeated rows, each with its message; the first of a kind is not one."""
        first: dict[Hashable, LedgerRow] = {}
        found: list[tuple[LedgerRow, CellMessage]] = []
        for row in rows:
            try:
                key = self.key(row)
            except (TypeError, AttributeError):
                # The key is made of a value that could not be read: that error stands already.
                if row.valid:
                    raise
                continue
            if key is None:
                continue
            earlier = first.setdefault(key, row)
            if earlier is not row:
                place = f"第 {earlier.row} 行"
                if earlier.sheet != row.sheet:
                    place = f"工作表“{earlier.sheet}”第 {earlier.row} 行"
                message = f"与{place}重复：{self.sentence(row)}"
                found.append((row, row.message(self.column, message)))
        return found


def differences(
    columns: Sequence[LedgerColumn],
    row: LedgerRow,
    current: Mapping[str, Any],
    *,
    shown: Mapping[str, Callable[[Any], str]] | None = None,
    notes: Mapping[str, str] | None = None,
    secret: Collection[str] = (),
    blank_erases: bool = False,
) -> list[FieldChange]:
    """Return the fields in which ``row`` differs from ``current`` (name to present value).

    A column that the sheet lacks, and a blank cell unless ``blank_erases``, change nothing:
    clerks leave blank what they do not know. ``None`` and ``""`` are the same. ``shown`` gives
    a value's text where :func:`display` is not enough (labels of choices), ``notes`` the note
    of a field, ``secret`` the fields with personal numbers.
    """
    labels = {column.name: column.label for column in columns}
    found: list[FieldChange] = []
    for name, old in current.items():
        new = row.values.get(name)
        if not row.has(name) or (new in (None, "") and not blank_erases):
            continue
        if (None if old == "" else old) == (None if new == "" else new):
            continue
        say = (shown or {}).get(name, display)
        found.append(
            FieldChange(
                name,
                labels[name],
                BLANK if old in (None, "") else say(old),
                BLANK if new in (None, "") else say(new),
                value=new,
                note=(notes or {}).get(name, ""),
                secret=name in secret,
            )
        )
    return found
