"""How values are written on a page: one place for tables, facts, tags and exports' sentences.

All functions return plain text, not escaped. Money is yuan; a blank is “—”.
"""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.timezone import is_aware

from . import clock

NUMERIC_KINDS = frozenset({"integer", "decimal", "money", "percent"})
KINDS = NUMERIC_KINDS | {"text", "date", "datetime", "month"}
DASH = "—"
_NUMERALS = "零一二三四五六七八九"
_MOBILE = re.compile(r"(?<![0-9])([0-9]{3})[0-9]{4}([0-9]{4})(?![0-9])")


def local(moment: dt.datetime) -> dt.datetime:
    """Return ``moment`` in Shanghai."""
    return moment.astimezone(clock.SHANGHAI) if is_aware(moment) else moment


def number(value: Any, places: int) -> str:
    """Return ``value`` with thousands separators and a true minus sign; halves round up."""
    if isinstance(value, Decimal):
        value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{value:,.{places}f}".replace("-", "−")


def numeral(count: int) -> str:
    """Return 1 to 99 as headings count: 一, 十二, 二十."""
    tens, ones = divmod(count, 10)
    before = _NUMERALS[tens] if tens > 1 else ""
    return f"{before}{'十' if tens else ''}{_NUMERALS[ones] if ones else ''}"


def month_label(value: dt.date) -> str:
    """``2026年10月``"""
    return f"{value.year}年{value.month}月"


def month_day(value: dt.date) -> str:
    """``11月18日``; with the year if it is not this year."""
    day = local(value).date() if isinstance(value, dt.datetime) else value
    text = f"{day.month}月{day.day}日"
    return text if day.year == clock.today().year else f"{day.year}年{text}"


def span_label(first: dt.date, last: dt.date) -> str:
    """``11月11日–11月17日``"""
    return f"{month_day(first)}–{month_day(last)}"


def moment_label(value: dt.datetime) -> str:
    """``今天 08:00``, ``昨天 17:42``, ``11月6日 15:20``"""
    at = local(value)
    days = (clock.today() - at.date()).days
    day = {0: "今天", 1: "昨天"}.get(days) or month_day(at.date())
    return f"{day} {at:%H:%M}"


def due_words(value: dt.date) -> str:
    """``今天到期``, ``还有 2 天``, ``逾期 9 天``"""
    day = local(value).date() if isinstance(value, dt.datetime) else value
    days = (day - clock.today()).days
    if days == 0:
        return "今天到期"
    return f"还有 {days} 天" if days > 0 else f"逾期 {-days} 天"


def due_tone(value: dt.date) -> str:
    """Tone of a due date: red when overdue, amber within three days, else none."""
    day = local(value).date() if isinstance(value, dt.datetime) else value
    days = (day - clock.today()).days
    return "r" if days < 0 else "a" if days <= 3 else ""


def file_size(size: int) -> str:
    """``41 KB``, ``1.9 MB``"""
    if size < 1024:
        return f"{size} B"
    if size < 2**20:
        return f"{size / 1024:.0f} KB"
    return f"{size / 2**20:.1f} MB"


def masked(phones: str) -> str:
    """``phones`` with the middle of each mobile number hidden (138****2206), whatever stands
    between them; anything else as it is."""
    return _MOBILE.sub(r"\1****\2", str(phones or ""))


def format_value(value: Any, kind: str = "text", places: int | None = None) -> str:
    """Return ``value`` as a table or a fact shows it."""
    if value is None or value == "":
        return DASH
    if kind in NUMERIC_KINDS and isinstance(value, int | float | Decimal):
        if kind == "integer":
            return number(value, 0)
        if kind == "money":
            return number(value, 2)
        text = number(value, 1 if places is None else places)
        return f"{text}%" if kind == "percent" else text
    if isinstance(value, dt.datetime):
        at = local(value)
        if kind == "month":
            return month_label(at)
        return f"{at:%Y-%m-%d}" if kind == "date" else f"{at:%Y-%m-%d %H:%M}"
    if isinstance(value, dt.date):
        return month_label(value) if kind == "month" else value.isoformat()
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
