"""What a cell of a clerk's ledger is, before any column gives it a meaning.

Text is put into one shape (digits, letters and brackets half-width, odd blanks gone), and
what people write for "nothing" is known. Everything here is pure and quick: a large ledger
has a million cells.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from xingyang_pm.common.spelling import MISSPELT_CITY
from xingyang_pm.common.spreadsheets.reader import digits_lost

Parser = Callable[[Any], Any]


class CellError(Exception):
    """The cell cannot be taken. ``message`` is the sentence; ``{label}`` in it is the column."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Warned:
    """A value that was taken, with what the person should know about it."""

    __slots__ = ("message", "value")

    def __init__(self, value: Any, message: str) -> None:
        self.value = value
        self.message = message


# Written where there is nothing to write: 不适用.
BLANK_MARKS = frozenset({
    "", "/", "//", "\\", "-", "--", "---", "—", "——", "－", "–", "―", "一一", "、", ".", "。", "*",
})  # fmt: skip
_BLANK_STARTS = frozenset(
    "/\\-—－–―一／、.。*＊\t\n\r\x0b\x0c\x85\xa0\u200b\u3000\ufeff "
) | frozenset(map(chr, range(0x2000, 0x200E)))
# Written where a number, a date or a phone is not known.
NOTHING_WORDS = frozenset(
    {"无", "暂无", "没有", "不详", "未知", "待定", "未定", "不适用", "空", "null", "nan"}
)


def _fold_table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for code in range(0xFF01, 0xFF5F):
        # ，：；！？ stay: they are Chinese punctuation, not wide Latin.
        if chr(code) not in "，：；！？＂＇｀":
            table[code] = chr(code - 0xFEE0)
    for first, last in ((0x2E80, 0x2FD6), (0xF900, 0xFB00)):
        # Radicals and compatibility hanzi, as text pasted from a PDF has them.
        for code in range(first, last):
            plain = unicodedata.normalize("NFKC", chr(code))
            if plain != chr(code) and len(plain) == 1:
                table[code] = plain
    for code in (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD):
        table[code] = None
    for code in (0x3000, 0x00A0, *range(0x2000, 0x200B), 0x202F, 0x205F):
        table[code] = " "
    table[ord("〔")], table[ord("〕")] = "(", ")"
    table[ord("￥")] = "¥"
    table[ord("⼾")] = "户"  # the standard maps it to the traditional 戶
    return table


_FOLD = _fold_table()
_BLANKS = re.compile(r"\s+")
_HANZI = "㐀-鿿豈-﫿𠀀-𲎯〇"
_BETWEEN_HANZI = re.compile(rf"(?<=[{_HANZI}])\s+(?=[{_HANZI}])")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+\d{1,3}|\d\.\d+[eE]\d{1,3}")
_WRONG_CITY = re.compile(f"{MISSPELT_CITY}[市县]")


def folded(text: str) -> str:
    """Return ``text`` with half-width digits, letters and brackets, trimmed; breaks kept."""
    if not text.isascii():
        text = text.translate(_FOLD)
    return text.strip()


def squeezed(text: str) -> str:
    """Return folded text without any blank: for numbers, dates and marks."""
    return _BLANKS.sub("", folded(text))


def one_line(text: str) -> str:
    """Return folded text with single blanks, none between hanzi of a short name.

    ``王　刚`` is 王刚; of a longer text only the number of blanks changes.
    """
    text = folded(text)
    if " " in text or not text.isprintable():
        text = _BLANKS.sub(" ", text)
        tight = _BETWEEN_HANZI.sub("", text)
        if " " not in tight and len(tight) <= 4:
            return tight
    return text


def compact(text: str) -> str:
    """Return folded text without blanks between hanzi: for names and addresses."""
    text = folded(text)
    if " " in text or not text.isprintable():
        text = _BETWEEN_HANZI.sub("", _BLANKS.sub(" ", text))
    return text


def presentable(text: str) -> str:
    """Return Chinese text with its own brackets; reading has made all of them half-width."""
    return text if text.isascii() else text.replace("(", "（").replace(")", "）")


def comparison_key(text: str) -> str:
    """Return the form in which two spellings of one name are equal.

    Width, case, blanks, brackets, dashes and 〇/零 make no difference; 一期 and 二期 do.
    """
    text = unicodedata.normalize("NFKC", text).casefold().translate(_FOLD)
    text = text.replace("〇", "零").replace("○", "零").replace("◯", "零")
    return re.sub(r"[\s()\[\]{}【】《》“”\"'‘’·•.,，、。\-–—―_~～:：;；]", "", text)


def is_blank(value: Any) -> bool:
    """Whether the cell holds nothing, or one of the marks for 不适用."""
    if value is None:
        return True
    # Most cells are told by their first character.
    if isinstance(value, str) and (not value or value[0] in _BLANK_STARTS):
        return squeezed(value) in BLANK_MARKS
    return False


def shown(value: Any) -> str:
    """Return a cell's content as messages quote it, at most 60 characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return f"{value:.15g}".replace("e+", "E+")
    text = str(value).strip()
    return text if len(text) <= 60 else text[:59] + "…"


def decimal_of(number: float | int) -> Decimal:
    """Return the number as Excel shows it: 15 significant digits, no trace of binary."""
    return Decimal(number) if isinstance(number, int) else Decimal(f"{number:.15g}")


def refuse_lost_digits(value: Any) -> None:
    """Raise for a number that Excel has cut to 15 digits, typed as number or as text."""
    if digits_lost(value) or (
        isinstance(value, str) and len(value) > 4 and _SCIENTIFIC.fullmatch(squeezed(value))
    ):
        raise CellError(
            f"“{shown(value)}”是科学记数，后面的数字已经丢失。"
            "请先把这一格设为文本格式，再重新填写完整的号码。"
        )


def text_of(value: Any) -> str:
    """Return a cell as text; numbers as they were typed.

    Raises :class:`CellError` for lost digits and for times.
    """
    if isinstance(value, str):
        if value[:1].isdigit():
            refuse_lost_digits(value)
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        refuse_lost_digits(value)
        return str(value) if isinstance(value, int) else f"{value:.15g}"
    if isinstance(value, dt.date):
        return f"{value:%Y-%m-%d}"
    raise CellError("{label}的内容是时间。请改为文字，并把单元格设为文本格式。")


def city_remark(text: str) -> str | None:
    """Return the remark on a 荣阳 in ``text``; raises where it can only be the city's name."""
    if MISSPELT_CITY not in text:
        return None
    wrong = _WRONG_CITY.search(text)
    if wrong:
        raise CellError(f"“{wrong[0]}”应为“荥阳{wrong[0][2:]}”。请改正。")
    return "“荣阳”疑为“荥阳”之误，请核对。"
