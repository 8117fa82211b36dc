"""Parser of phone numbers: several in a cell, mobile, landline, service numbers."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from .cells import (
    NOTHING_WORDS,
    CellError,
    Parser,
    Warned,
    refuse_lost_digits,
    shown,
    squeezed,
    text_of,
)

AREA_CODE = "0371"

_PHONE_SEPARATORS = re.compile(r"[、，,;；/\\|\n\r]+|(?<=\d)或(?=\d)")
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:\+?86)?(0(?:10|2\d|[3-9]\d{2}))(\d{7,8})")
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_SERVICE = re.compile(r"(?:400|800)\d{7}|1[0-2]\d{3}|9[56]\d{3,6}")
_EXTENSION = re.compile(r"(?:-|转|分机|ext\.?)(\d{1,6})$", re.IGNORECASE)
_PERSON = re.compile(r"[(\[]?[一-鿿·]{1,8}[:：)\]]?")


def _one_phone(text: str) -> str | None:
    """Return one number in its usual form, or ``None``."""
    digits = re.sub(r"[\s()\[\]\-–—]", "", text)
    if found := _MOBILE.fullmatch(digits):
        return found[1]
    if found := _LANDLINE.fullmatch(digits):
        return f"{found[1]}-{found[2]}"
    if _LOCAL.fullmatch(digits) or _SERVICE.fullmatch(digits):
        return digits
    extension = _EXTENSION.search(text)
    if extension and extension.start():
        main = _one_phone(text[: extension.start()])
        return f"{main}-{extension[1]}" if main else None
    return None


def _read_phone(text: str) -> tuple[str | None, str]:
    """Return the number and the words (a person's name) around it."""
    phone = _one_phone(text)
    if phone:
        return phone, ""
    bare = _PERSON.sub("", text).strip(" :：()")
    if bare != text and bare:
        words = "".join(re.findall(r"[一-鿿·]+", text))
        if words not in {"转", "分机"}:
            return _one_phone(bare), words
    return None, ""


@dataclass(frozen=True)
class _Phones:
    most: int
    joined: bool
    keeps_text = True

    def __call__(self, value: Any) -> Any:
        if isinstance(value, bool | dt.date | dt.time | dt.timedelta):
            raise CellError("{label}应为电话号码。请改为 13812345678 或 0371-64660000 这样的写法。")
        refuse_lost_digits(value)
        remarks: list[str] = []
        found: list[str] = []
        if isinstance(value, int | float):
            text = text_of(value)
            # A landline typed as a number has lost its leading 0.
            if re.fullmatch(AREA_CODE[1:] + r"\d{7,8}", text):
                remarks.append("号码前的 0 已补上，请核对。")
                text = "0" + text
            pieces = [text]
        else:
            text = value.translate(_PHONE_FOLD).strip()
            if squeezed(text).lower() in NOTHING_WORDS:
                return None
            pieces = [part for part in _PHONE_SEPARATORS.split(text) if part.strip()]
        for piece in pieces:
            found += self._pieces(piece.strip(), remarks)
        unique = list(dict.fromkeys(found))
        if len(unique) > self.most:
            raise CellError(
                f"{{label}}最多填 {self.most} 个号码，表中有 {len(unique)} 个。请删减。"
            )
        result: Any = "、".join(unique) if self.joined else tuple(unique)
        return Warned(result, "".join(dict.fromkeys(remarks))) if remarks else result

    def _pieces(self, piece: str, remarks: list[str]) -> list[str]:
        phone, words = _read_phone(piece)
        if phone:
            if words:
                remarks.append(f"号码旁的“{words}”没有读取。")
            return [phone]
        numbers: list[str] = []
        parts = piece.split()
        for part in parts if len(parts) > 1 else []:
            phone, words = _read_phone(part)
            if phone:
                numbers.append(phone)
            elif not any(c.isdigit() for c in part):
                words = part
            else:
                numbers = []
                break
            if words:
                remarks.append(f"号码旁的“{words}”没有读取。")
        if numbers:
            return numbers
        digits = re.sub(r"\D", "", piece)
        if not digits:
            raise CellError(
                f"{{label}}“{shown(piece)}”不是电话号码。"
                "请改为 13812345678 或 0371-64660000 这样的写法。"
            )
        raise CellError(
            f"电话“{shown(piece)}”的位数不对（{len(digits)} 位）。"
            "请改为 11 位手机号，或 0371-64660000 这样的写法。"
        )


_PHONE_FOLD = {
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **dict.fromkeys(map(ord, "－—–―"), "-"),
    **dict.fromkeys((0x3000, 0xA0), " "),
    **dict.fromkeys((0x200B, 0x202C, 0x202D, 0xFEFF), None),
    **{ord(wide): narrow for wide, narrow in zip("（）＋／", "()+/", strict=True)},
}


def phones(*, most: int = 3, joined: bool = True) -> Parser:
    """Phone numbers, several in a cell: ``138…/0371-6466…``, with 、 or line breaks between.

    Returns them joined by 、, or a tuple with ``joined=False``. Names beside a number are left
    out with a warning; numbers of a wrong length and scientific notation are errors.
    """
    return _Phones(most, joined)
