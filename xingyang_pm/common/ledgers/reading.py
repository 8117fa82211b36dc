"""Read a workbook as a ledger: rows with values, and every error at once.

Nothing here knows what a row means. Titles, unit lines, sums, signatures, notes and the
template's example are told from data; merged and grouped cells are filled down; hidden
sheets and rows are read and named. A cell that cannot be taken gets a message with its
place; the row stays in the reading (``valid`` is false), so that all messages come together.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from xingyang_pm.common.spreadsheets.reader import Sheet, Workbook, cell_name, read_workbook

from .cells import CellError, Warned, folded, is_blank, shown, squeezed
from .columns import LedgerColumn
from .header import Head, HeadColumn, HeaderNames, find_head

_TOTAL = re.compile(r".{0,12}(?:合计|小计|总计|共计|累计)(?:[(（].{0,12}[)）])?(?:[:：].*)?")
_COUNT_LINE = re.compile(r"共[\d,，]+[行户栋个条].{0,10}")
_SIGNATURE = re.compile(
    r"(?:制表|填表|填报|审核|复核|审批|核对|初审|负责|经办|分管|主管|主要领导|科室|街道|社区|单位|部门|领导|"
    r"签字|签章|盖章|联系)[^:：]{0,12}[:：].*"
)
_NOTE = re.compile(r"(?:注|备注|说明|填表说明|填报说明)\s*[:：0-9].*", re.DOTALL)
_SECTION = re.compile(r"[(（]?[一二三四五六七八九十]{1,3}[)）]?[、.．\s].{1,30}")
_EXAMPLE = frozenset({"示例", "例", "样例", "范例"})
_NO_NAME = re.compile(r"(?:sheet|工作表|表)\d*", re.IGNORECASE)
_SIDE_SHEET = re.compile(r"汇总|统计|合计|说明|目录|封面|字典|选项")
_LEADING_NUMBER = re.compile(r"^[(（]?(?:[一二三四五六七八九十]+|\d+)[)）]?[、.．\s]\s*")
_TRAILING_BRACKET = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_DATE_LINE = re.compile(
    r"(?:日期[:：])?[\d〇零一二三四五六七八九十]{0,4}年[\d一二三四五六七八九十]{0,3}月.{0,4}日?"
)
_TABLE_TITLE = re.compile(r"台账|名录|清单|一览|统计|情况|明细|表$")
# Streets, kinds and the like come again and again; names fill the cache and are let be.
_CACHE_SIZE = 5000
# Sums stand in the first columns, before the figures.
_TOTAL_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class CellMessage:
    """What is wrong with (or to be known of) one cell: ``cell`` such as ``G7``."""

    sheet: str
    cell: str
    column: str
    content: str
    message: str

    @property
    def row(self) -> int:
        """The number of the row, 0 when the message concerns the sheet."""
        digits = re.sub(r"\D", "", self.cell)
        return int(digits) if digits else 0

    def as_json(self) -> dict[str, str]:
        return {
            "sheet": self.sheet,
            "cell": self.cell,
            "column": self.column,
            "content": self.content,
            "message": self.message,
        }


@dataclass
class Skipped:
    """Rows that are no data, by kind."""

    titles: int = 0
    totals: int = 0
    signatures: int = 0
    notes: int = 0
    blanks: int = 0
    examples: int = 0

    def sentence(self) -> str:
        """Return the counts as the check screen says them; blank rows are not worth a word."""
        words = (
            ("标题", self.titles),
            ("合计", self.totals),
            ("签字", self.signatures),
            ("说明", self.notes),
            ("示例", self.examples),
        )
        return "，".join(f"{word} {count} 行" for word, count in words if count)


class _Place:
    """The sheet and the columns that the rows of one table share."""

    __slots__ = ("columns", "sheet")

    def __init__(self, sheet: str, head: Head) -> None:
        self.sheet = sheet
        self.columns: dict[str, HeadColumn] = {item.column.name: item for item in head.columns}


class LedgerRow:
    """One data row.

    ``values`` maps the names of all the ledger's columns to parsed values: the column's
    default where nothing stands or the sheet lacks the column, ``None`` where a cell could not
    be taken. ``valid`` is false when one of its cells could not.
    """

    __slots__ = ("_line", "_place", "_raw", "valid", "values")

    def __init__(self, place: _Place, line: int, raw: Sequence[Any]) -> None:
        self._place = place
        self._line = line
        self._raw = raw
        self.values: dict[str, Any] = {}
        self.valid = True

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        value = self.values.get(name)
        return default if value is None else value

    def __repr__(self) -> str:
        return f"<LedgerRow {self.sheet}!{self.row}>"

    @property
    def sheet(self) -> str:
        return self._place.sheet

    @property
    def row(self) -> int:
        """The number of the row as Excel shows it."""
        return self._line + 1

    @property
    def raw(self) -> dict[str, Any]:
        """The contents as they stand in the file, by column name."""
        return {name: self._content(item.index) for name, item in self._place.columns.items()}

    @property
    def cells(self) -> dict[str, str]:
        """The names of the row's cells (``G7``) by column name."""
        return {name: self.cell(name) for name in self._place.columns}

    def cell(self, name: str) -> str:
        """Return the cell of a column; the row's first cell for one that the sheet lacks."""
        item = self._place.columns.get(name)
        return cell_name(self._line, item.index if item else 0)

    def has(self, name: str) -> bool:
        """Whether the sheet has the column at all: a column that is not there changes nothing."""
        return name in self._place.columns

    def _content(self, index: int) -> Any:
        return self._raw[index] if index < len(self._raw) else None

    def message(self, name: str, message: str) -> CellMessage:
        """Return a message on the cell of column ``name``; ``{label}`` becomes the label."""
        item = self._place.columns.get(name)
        label = item.column.label if item else ""
        content = shown(self._content(item.index)) if item and not item.column.secret else ""
        return CellMessage(
            self.sheet, self.cell(name), label, content, message.replace("{label}", label)
        )


@dataclass
class LedgerReading:
    """All data rows of a workbook, with the messages on its cells."""

    rows: list[LedgerRow] = field(default_factory=list)
    errors: list[CellMessage] = field(default_factory=list)
    warnings: list[CellMessage] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)
    sheets: list[str] = field(default_factory=list)
    # Where each read sheet has its header and its first free column, for the marked workbook.
    layout: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def valid_rows(self) -> list[LedgerRow]:
        return [row for row in self.rows if row.valid]


def read_ledger(
    columns: Sequence[LedgerColumn], source: BinaryIO | bytes | Path | Workbook, name: str = ""
) -> LedgerReading:
    """Read ``source``, an upload or a :class:`Workbook` already read, as a ledger of ``columns``.

    Raises :class:`~xingyang_pm.common.spreadsheets.gate.WorkbookRefused` for what is no
    readable workbook; everything else is in the messages of the reading.
    """
    book = source if isinstance(source, Workbook) else read_workbook(source, name)
    names = HeaderNames(columns)
    reading = LedgerReading()
    heads: list[tuple[Sheet, Head]] = []
    for sheet in book.sheets:
        if not any(sheet.rows):
            continue
        head = find_head(sheet, names)
        if head is None:
            if not _SIDE_SHEET.search(sheet.name):
                reading.warnings.append(
                    _on_sheet(sheet, f"工作表“{sheet.name}”里没有找到表头，没有读取。")
                )
        else:
            heads.append((sheet, head))
    if not heads:
        wanted = "、".join(f"“{column.label}”" for column in columns if column.required)
        first = book.sheets[0] if book.sheets else None
        message = f"没有找到表头，没有读取。表头应有{wanted}等列，可以下载空表对照。"
        reading.errors.append(CellMessage(first.name if first else "", "A1", "", "", message))
        reading.warnings.clear()
        return reading
    complete = any(not head.missing(columns) for _, head in heads)
    for sheet, head in heads:
        missing = head.missing(columns)
        if missing and complete and _SIDE_SHEET.search(sheet.name):
            labels = "、".join(f"“{column.label}”" for column in missing)
            reading.warnings.append(
                _on_sheet(sheet, f"工作表“{sheet.name}”没有{labels}列，没有读取。")
            )
            continue
        reading.sheets.append(sheet.name)
        _SheetReader(sheet, head, names, reading).read()
    return reading


def _on_sheet(sheet: Sheet, message: str, row: int = 0) -> CellMessage:
    return CellMessage(sheet.name, cell_name(row, 0), "", "", message)


class _Fill:
    """What the cells above say for one column.

    ``merged`` maps a row to the top row of the merged area that covers it; ``carried`` is the
    last content of a grouping column.
    """

    __slots__ = ("carried", "merged")

    def __init__(self) -> None:
        self.merged: dict[int, int] = {}
        self.carried: Any = None


_REFUSED = object()
_TYPED = "{label}是公式算出的。请粘贴为数值，核对后再上传。"


class _SheetReader:
    """Reads the rows below one header, and below its repetitions."""

    def __init__(
        self, sheet: Sheet, head: Head, names: HeaderNames, reading: LedgerReading
    ) -> None:
        self.sheet = sheet
        self.rows = sheet.rows
        self.names = names
        self.reading = reading
        # Rows with one merged cell across, and over how many columns it goes.
        self.wide = {
            top: right - left + 1 for top, left, bottom, right in sheet.merged if top == bottom
        }
        self._use(head)
        self.supplied: dict[str, Any] = {}
        self.usable = self._supply(_without_count(sheet.name), head.last)
        reading.skipped.titles += sum(1 for row in self.rows[: head.first] if not _all_blank(row))

    # --- The header ------------------------------------------------------------------------

    def _use(self, head: Head) -> None:
        self.head = head
        self.place = _Place(self.sheet.name, head)
        naming = next(
            (c for c in head.columns if c.column.required and not c.column.grouping),
            head.columns[0],
        )
        self.name_texts = {
            value
            for row in self.rows[head.first : head.last + 1]
            if isinstance(value := _at(row, naming.index), str) and value
        }
        self.groups = [item for item in head.columns if item.column.grouping]
        self.absent = {
            column.name: column.default
            for column in self.names.columns
            if column.name not in self.place.columns
        }
        self.fills = self._fills()
        self.caches: list[dict[str, Any]] = [{} for _ in head.columns]
        width = max(head.width, head.columns[-1].index + 1)
        free = head.result_index if head.result_index is not None else width
        self.reading.layout.setdefault(self.sheet.name, (head.last, free))

    def _fills(self) -> dict[int, _Fill]:
        fills = {item.index: _Fill() for item in self.head.columns}
        end = len(self.rows) - 1
        for top, left, bottom, right in self.sheet.merged:
            if bottom > top > self.head.last:
                for index in range(left, min(right, self.head.width) + 1):
                    if index in fills:
                        fills[index].merged.update(
                            dict.fromkeys(range(top + 1, min(bottom, end) + 1), top)
                        )
        return fills

    def _supply(self, name: str, line: int) -> bool:
        """Let ``name`` stand for columns that the sheet lacks; return whether it can."""
        for column in self.names.columns:
            if not column.from_sheet_name or column.name in self.place.columns:
                continue
            if _NO_NAME.fullmatch(squeezed(name)):
                continue
            try:
                value = column.parse(name)
            except CellError as refusal:
                message = refusal.message.replace("{label}", column.label)
                self.reading.errors.append(
                    CellMessage(
                        self.sheet.name, cell_name(line, 0), column.label, name[:60], message
                    )
                )
                return False
            self.supplied[column.name] = value.value if isinstance(value, Warned) else value
        return True

    def _missing(self) -> list[LedgerColumn]:
        return [
            column
            for column in self.head.missing(self.names.columns)
            if column.name not in self.supplied
        ]

    def _tell_of_header(self) -> None:
        head = self.head
        for column in self._missing():
            action = "请补上这一列，可以下载空表对照。"
            if column.from_sheet_name:
                action = f"请补上这一列，或把工作表的名称改为{column.label}的名称。"
            message = f"工作表“{self.sheet.name}”缺少“{column.label}”列。{action}"
            self.reading.errors.append(self._on_head(0, column.label, "", message))
        for index, label in head.unknown:
            message = f"“{label}”列不认识，没有读取。"
            self.reading.warnings.append(self._on_head(index, label, label, message))
        for index, label in head.repeated:
            message = f"“{label}”列出现两次，只读取了左边一列。"
            self.reading.warnings.append(self._on_head(index, label, label, message))

    def _tell_of_hidden(self, lines: list[int]) -> None:
        sheet, warnings = self.sheet, self.reading.warnings
        if sheet.hidden:
            message = f"工作表“{sheet.name}”是隐藏的，已照常读取。不需要请删除后再上传。"
            warnings.append(_on_sheet(sheet, message))
        if lines:
            listed = "、".join(str(line + 1) for line in lines[:10])
            more = f"等 {len(lines)} 行" if len(lines) > 10 else "行"
            message = f"第 {listed} {more}是隐藏的，已照常读取。"
            warnings.append(_on_sheet(sheet, message, lines[0]))
        for item in self.head.columns:
            if item.index in sheet.hidden_columns:
                message = f"“{item.column.label}”是隐藏列，已照常读取。"
                warnings.append(self._on_head(item.index, item.column.label, "", message))

    def _on_head(self, index: int, label: str, content: str, message: str) -> CellMessage:
        place = cell_name(self.head.last, index)
        return CellMessage(self.sheet.name, place, label, content, message)

    # --- The rows --------------------------------------------------------------------------

    def read(self) -> None:
        self._tell_of_header()
        usable = self.usable and not self._missing()
        hidden: list[int] = []
        skipped = self.reading.skipped
        line, last = self.head.last + 1, self._last_line()
        while line < last:
            row = self.rows[line]
            kind = self._kind(line, row)
            if kind == "data":
                found = self._data(line, row)
                found.valid &= usable
                self.reading.rows.append(found)
                if line in self.sheet.hidden_rows:
                    hidden.append(line)
            elif kind == "header":
                line = self._repeated_header(line)
                usable = self.usable and not self._missing()
                skipped.titles += 1
            else:
                setattr(skipped, kind, getattr(skipped, kind) + 1)
            line += 1
        self._tell_of_hidden(hidden)

    def _repeated_header(self, line: int) -> int:
        """Take up a header that stands again further down; return its last row."""
        head = find_head(self.sheet, self.names, first=line, depth=1)
        if head is None:
            return line
        if [(c.column.name, c.index) for c in head.columns] != [
            (c.column.name, c.index) for c in self.head.columns
        ]:
            self._use(head)
        return head.last

    def _last_line(self) -> int:
        """Return the end of the rows that hold anything; formatted emptiness does not count."""
        last = len(self.rows)
        while last > 0 and not self.rows[last - 1]:
            last -= 1
        for row, _ in self.sheet.unread:
            last = max(last, row + 1)
        while len(self.rows) < last:
            self.rows.append([])
        return last

    def _kind(self, line: int, row: list[Any]) -> str:
        """Return ``data``, ``header``, or the kind under which the row is skipped."""
        first = ""
        for value in row[:_TOTAL_COLUMNS]:
            if type(value) is str and value:
                if "计" in value and len(value) < 80 and _TOTAL.fullmatch(squeezed(value)):
                    return "totals"
                first = first or value
        if not self.name_texts.isdisjoint(row):
            return "header"
        if not first:
            first = next((value for value in row if type(value) is str and value), "")
        empty = self._is_empty(line, row)
        kind = self._kind_by_text(line, row, squeezed(first)) if first else "data"
        return "blanks" if empty and kind == "data" else kind

    def _kind_by_text(self, line: int, row: list[Any], first: str) -> str:
        if first in _EXAMPLE:
            return "examples"
        if _is_lone(row):
            if _NOTE.fullmatch(first):
                return "notes"
            if _DATE_LINE.fullmatch(first):
                return "signatures"
            if _COUNT_LINE.fullmatch(first):
                return "totals"
            if _SECTION.fullmatch(first) or self.wide.get(line, 0) >= 3:
                self._begin_section(line, row)
                return "titles"
        if ("：" in first or ":" in first) and _is_signature(row):
            return "signatures"
        return "data"

    def _is_empty(self, line: int, row: list[Any]) -> bool:
        """Whether no column of the ledger holds anything in this very row."""
        length = len(row)
        for item in self.head.columns:
            if item.index < length and not is_blank(row[item.index]):
                return False
        # A formula without a result counts where a value is a must.
        return not self.sheet.unread or not any(
            (line, item.index) in self.sheet.unread
            for item in self.head.columns
            if item.column.required and not item.column.grouping
        )

    def _begin_section(self, line: int, row: list[Any]) -> None:
        """Keep a line such as 一、索河街道（120个） for columns that the sheet's name supplies."""
        text = next(folded(value) for value in row if isinstance(value, str) and value.strip())
        if not _TABLE_TITLE.search(_without_count(text)):
            self.usable = self._supply(_without_count(_LEADING_NUMBER.sub("", text)), line)
        for item in self.groups:
            self.fills[item.index].carried = None

    # --- One row ---------------------------------------------------------------------------

    def _data(self, line: int, row: list[Any]) -> LedgerRow:
        found = LedgerRow(self.place, line, row)
        values = found.values = self.absent.copy()
        length = len(row)
        unread = self.sheet.unread
        for position, item in enumerate(self.head.columns):
            index, column = item.index, item.column
            raw = row[index] if index < length else None
            if unread and (line, index) in unread:
                self._refuse(found, item, line, None, _unread_sentence(unread[line, index]))
                values[column.name] = None
                continue
            if column.typed and (line, index) in self.sheet.formulas:
                self._refuse(found, item, line, raw, _TYPED)
                values[column.name] = None
                continue
            if raw is None or is_blank(raw):
                raw = self._from_above(found, item, line)
                if raw is None:
                    values[column.name] = column.default
                    continue
            elif column.grouping:
                self._group(index, raw)
            value = self._parsed(found, position, item, line, raw)
            if value is None:
                value = column.default
                if column.required:
                    self._refuse(found, item, line, raw, "{label}不能为空。请补填。")
            values[column.name] = None if value is _REFUSED else value
        if self.supplied:
            values.update(self.supplied)
        return found

    def _group(self, index: int, raw: Any) -> None:
        """Carry a group's value down; a new one ends the groups to its right."""
        if self.fills[index].carried != raw:
            for item in self.groups:
                if item.index > index:
                    self.fills[item.index].carried = None
        self.fills[index].carried = raw

    def _from_above(self, found: LedgerRow, item: HeadColumn, line: int) -> Any:
        """Return the content that a blank cell has from above, or ``None``."""
        column, fill = item.column, self.fills[item.index]
        top = fill.merged.get(line)
        if top is not None:
            value = _at(self.rows[top], item.index)
            if not is_blank(value):
                if column.fills_down:
                    return value
                place = cell_name(top, item.index)
                if column.required:
                    sentence = (
                        f"{{label}}与 {place} 合并，看不出这一行的内容。请拆分单元格，逐行填写。"
                    )
                    self._refuse(found, item, line, None, sentence)
                else:
                    sentence = f"{{label}}与 {place} 合并，只算在第 {top + 1} 行。"
                    self.reading.warnings.append(self._message(item, line, None, sentence))
                return None
        if column.grouping and fill.carried is not None:
            return fill.carried
        if column.required:
            self._refuse(found, item, line, None, "{label}不能为空。请补填。")
        return None

    def _parsed(
        self, found: LedgerRow, position: int, item: HeadColumn, line: int, raw: Any
    ) -> Any:
        cache = self.caches[position]
        if type(raw) is str and raw in cache:
            return cache[raw]
        try:
            value = item.parse(raw)
        except CellError as refusal:
            self._refuse(found, item, line, raw, refusal.message)
            return _REFUSED
        if isinstance(value, Warned):
            self.reading.warnings.append(self._message(item, line, raw, value.message))
            return value.value
        if type(raw) is str and len(cache) < _CACHE_SIZE:
            cache[raw] = value
        return value

    def _refuse(
        self, found: LedgerRow, item: HeadColumn, line: int, raw: Any, sentence: str
    ) -> None:
        found.valid = False
        self.reading.errors.append(self._message(item, line, raw, sentence))

    def _message(self, item: HeadColumn, line: int, raw: Any, sentence: str) -> CellMessage:
        label = item.column.label
        place = cell_name(line, item.index)
        return CellMessage(
            self.sheet.name,
            place,
            label,
            "" if item.column.secret else shown(raw),
            sentence.replace("{label}", label),
        )


def _at(row: Sequence[Any], index: int) -> Any:
    return row[index] if index < len(row) else None


def _is_lone(row: Sequence[Any]) -> bool:
    """Whether exactly one cell of the row holds something."""
    count = 0
    for value in row:
        if value is not None and not is_blank(value):
            count += 1
            if count > 1:
                return False
    return count == 1


def _is_signature(row: Sequence[Any]) -> bool:
    """Whether a row holds nothing but names and roles: 制表人：王刚　复核人：."""
    filled = [value for value in row if not is_blank(value)]
    texts = [value for value in filled if isinstance(value, str)]
    matching = sum(1 for text in texts if _SIGNATURE.fullmatch(squeezed(text)))
    return len(texts) == len(filled) and 2 * matching >= len(texts)


def _unread_sentence(error: str) -> str:
    if error:
        return f"公式出错（{error}）。请改为正确的内容。"
    return "这一格是公式，文件里没有算出的结果。请用 Excel 打开并保存一次，或改为数值。"


def _without_count(name: str) -> str:
    """Return a sheet's name without what clerks append: ``索河街道（120个）`` is 索河街道."""
    return _TRAILING_BRACKET.sub("", folded(name)).strip()


def _all_blank(row: Sequence[Any]) -> bool:
    return all(is_blank(value) for value in row)
