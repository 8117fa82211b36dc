"""Parsers of text: free text, names, codes, yes or no, one of several words."""

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from xingyang_pm.common.errors import BusinessError

from .cells import (
    NOTHING_WORDS,
    CellError,
    Parser,
    Warned,
    city_remark,
    compact,
    comparison_key,
    one_line,
    refuse_lost_digits,
    shown,
    squeezed,
    text_of,
)


def _remarked(text: str) -> Any:
    remark = city_remark(text)
    return Warned(text, remark) if remark else text


@dataclass(frozen=True)
class _Text:
    max_length: int
    shape: Callable[[str], str]
    # The template sets such cells as text, so that long numbers stay whole.
    keeps_text = True

    def __call__(self, value: Any) -> Any:
        if type(value) is str:
            if value[:1].isdigit():
                refuse_lost_digits(value)
            text = self.shape(value)
        else:
            text = text_of(value)
        if len(text) > self.max_length:
            raise CellError(
                f"{{label}}不能超过 {self.max_length} 个字，现有 {len(text)} 个字。请缩短。"
            )
        if isinstance(value, dt.date):
            return Warned(
                text, f"这一格是日期，已按“{text}”读取。原意若不是日期，请设为文本格式后重填。"
            )
        if text == "无" or text == "暂无":
            return None
        return _remarked(text)


def text(max_length: int = 200) -> Parser:
    """Free text: remarks, descriptions. Digits, letters and brackets become half-width."""
    return _Text(max_length, one_line)


def name(max_length: int = 60) -> Parser:
    """A name or an address: as :func:`text`, and no blanks between hanzi (王　刚)."""
    return _Text(max_length, compact)


@dataclass(frozen=True)
class _Checked:
    parse: Parser
    check: Callable[[Any], Any]

    @property
    def keeps_text(self) -> bool:
        return self.parse is _code or getattr(self.parse, "keeps_text", False)

    @property
    def countable(self) -> bool:
        return getattr(self.parse, "countable", False)

    def __call__(self, value: Any) -> Any:
        parsed = self.parse(value)
        plain = parsed.value if isinstance(parsed, Warned) else parsed
        if plain is None:
            return None
        try:
            checked = self.check(plain)
        except BusinessError as refusal:
            raise CellError(refusal.message) from None
        except ValueError as refusal:
            raise CellError(str(refusal)) from None
        if checked is None:
            checked = plain
        return Warned(checked, parsed.message) if isinstance(parsed, Warned) else checked


def checked(parse: Parser, check: Callable[[Any], Any]) -> Parser:
    """Let ``check`` judge what ``parse`` returns.

    ``check`` raises ``ValueError`` or ``BusinessError`` with the sentence; what it returns
    replaces the value unless it is ``None``.
    """
    return _Checked(parse, check)


def _code(value: Any) -> Any:
    text = squeezed(text_of(value)).upper().replace("-", "").replace("—", "")
    return None if text.lower() in NOTHING_WORDS else text


def credit_code(check: Callable[[str], Any]) -> Parser:
    """统一社会信用代码, upper case without blanks; ``check`` is the enterprises' check digit."""
    return checked(_code, check)


_YES = frozenset({
    "是", "有", "√", "✓", "✔", "☑", "■", "●", "对", "1", "1.0", "y", "yes", "true", "已", "v",
    "达标", "合格", "已成立", "已建", "已签", "已公示", "完成", "已完成", "√√",
})  # fmt: skip
_NO = frozenset({
    "否", "无", "×", "✗", "✘", "✕", "x", "☐", "□", "○", "没有", "没", "未", "0", "0.0", "n", "no",
    "false", "不", "不是", "不达标", "不合格", "未成立", "未建", "未签", "未公示", "未完成", "暂无",
})  # fmt: skip
_NOT_APPLICABLE = frozenset({"不适用", "不涉及", "空"})
_YES_START, _NO_START = ("有", "是", "√", "已"), ("无", "否", "没", "未", "×", "不")


def _yes_no(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        raise CellError("{label}应写“是”或“否”。请改正。")
    text = squeezed(text_of(value)).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text in _NOT_APPLICABLE:
        return None
    if text.startswith(_YES_START):
        return Warned(True, f"已按“是”读取，“{shown(value)}”中的其他内容没有读取。")
    if text.startswith(_NO_START):
        return Warned(False, f"已按“否”读取，“{shown(value)}”中的其他内容没有读取。")
    raise CellError(f"{{label}}“{shown(value)}”看不出是或否。请改为“是”或“否”。")


def yes_no() -> Parser:
    """是/否, 有/无, √/×, 1/0. Blank, ``/`` and ``—`` are nothing: give the column a ``default``."""
    return _yes_no


@dataclass(frozen=True)
class _Choice:
    by_key: Mapping[str, Any]
    offered: Sequence[str]

    def __call__(self, value: Any) -> Any:
        key = comparison_key(text_of(value))
        if key in self.by_key:
            return self.by_key[key]
        offered = "、".join(self.offered)
        raise CellError(f"{{label}}“{shown(value)}”不认识。请改为 {offered} 之一。")


def choice(words: Mapping[str, Any], *, offered: Sequence[str] | None = None) -> Parser:
    """One of ``words``, each mapped to its value; ``offered`` are those that messages and the
    template name (by default the first word of each value)."""
    if offered is None:
        first: dict[Any, str] = {}
        for word, value in words.items():
            first.setdefault(value, word)
        offered = list(first.values())
    return _Choice({comparison_key(word): value for word, value in words.items()}, tuple(offered))


def choice_of(
    choices: type[models.TextChoices], aliases: Mapping[str, Any] | None = None
) -> Parser:
    """One of a ``TextChoices`` by its label, or by one of the further ``aliases``."""
    words: dict[str, Any] = {str(member.label): member.value for member in choices}
    offered = list(words)
    for word, value in (aliases or {}).items():
        words[word] = value.value if isinstance(value, enum.Enum) else value
    return choice(words, offered=offered)


def offered_words(column: Any) -> list[str]:
    """Return the words that a column's template offers in a drop-down: its ``choices``, else
    those of its parser (是 and 否 for :func:`yes_no`)."""
    if column.choices:
        return list(column.choices)
    if isinstance(column.parse, _Choice):
        return list(column.parse.offered)
    return ["是", "否"] if column.parse is _yes_no else []
