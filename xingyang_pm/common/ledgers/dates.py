"""Parsers of dates, months, spans and years, as people write them."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from xingyang_pm.common import clock

from .cells import NOTHING_WORDS, CellError, Parser, Warned, shown, squeezed

_CHINESE_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_CHINESE_NUMBER = re.compile("[零〇○一二三四五六七八九十]+(?=[年月日号])")
_DATE = re.compile(
    r"(?P<year>\d{4}|\d{2})(?:年|[./\-])(?P<month>\d{1,2})(?:(?:月|[./\-])(?:(?P<day>\d{1,2})[日号]?)?)?"
)
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})?")
_CLOCK = re.compile(r"[t ]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?z?$", re.IGNORECASE)
_EPOCH = dt.date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 80_000  # 1927 to 2119
_FIRST_YEAR = 1900


def _arabic(found: re.Match[str]) -> str:
    """Return Chinese numerals of a date as digits: 二〇一七, 十二, 二十一."""
    word = found[0]
    if "十" not in word:
        return "".join(str(_CHINESE_DIGITS[c]) for c in word)
    tens, _, ones = word.partition("十")
    return str((_CHINESE_DIGITS.get(tens, 1)) * 10 + _CHINESE_DIGITS.get(ones, 0))


def _last_year() -> int:
    return clock.today().year + 30


def _full_year(digits: str) -> tuple[int, str]:
    """Return the year and a remark when only two digits stand there."""
    if len(digits) == 4:
        return int(digits), ""
    short = int(digits)
    year = 2000 + short if short <= clock.today().year % 100 + 5 else 1900 + short
    return year, f"年份只写了两位，已按 {year} 年读取，请核对。"


@dataclass(frozen=True)
class _Day:
    """What a cell says of a day: ``day`` is ``None`` when only the month stands there."""

    year: int
    month: int
    day: int | None
    remark: str = ""

    def first(self) -> dt.date:
        return dt.date(self.year, self.month, self.day or 1)

    def last(self) -> dt.date:
        return clock.month_end(self.first()) if self.day is None else self.first()


def _valid_day(year: str, month: str, day: str | None) -> _Day:
    number, remark = _full_year(year)
    if not _FIRST_YEAR <= number <= _last_year():
        raise CellError(f"年份 {number} 超出范围。请改为实际{{label}}。")
    if not 1 <= int(month) <= 12:
        raise CellError(f"月份 {int(month)} 不存在。请改为实际{{label}}。")
    if day is None:
        return _Day(number, int(month), None, remark)
    try:
        dt.date(number, int(month), int(day))
    except ValueError:
        raise CellError(
            f"{number}年{int(month)}月没有 {int(day)} 日。请改为实际{{label}}。"
        ) from None
    return _Day(number, int(month), int(day), remark)


_DATE_SENTENCE = "{label}“%s”不是日期。请改为 2017-04-01 这样的写法。"


def _number_day(value: float) -> _Day:
    """Read a date that Excel keeps as a number."""
    whole = int(value)
    if value != whole and _FIRST_YEAR <= whole <= _last_year():
        month = f"{value:.15g}".partition(".")[2]
        if month == "1":
            raise CellError(
                f"“{value:.15g}”可能是 {whole} 年 1 月，也可能是 10 月（Excel 会略去末尾的 0）。"
                f"请改为 {whole}-01 或 {whole}-10。"
            )
        return _valid_day(str(whole), month[:3], None)
    if value == whole and len(str(whole)) in (6, 8):
        return _text_day(str(whole))
    if _FIRST_SERIAL <= whole <= _LAST_SERIAL:
        day = _EPOCH + dt.timedelta(days=whole)
        return _valid_day(str(day.year), str(day.month), str(day.day))
    if value == whole and _FIRST_YEAR <= whole <= _last_year():
        raise CellError(f"只写了年份 {whole}。请补上月和日，写成 {whole}-04-01 的样子。")
    raise CellError(_DATE_SENTENCE % f"{value:.15g}")


def _text_day(text: str) -> _Day:
    original = text
    text = _CLOCK.sub("", text)
    if "年" in text or "月" in text:
        text = _CHINESE_NUMBER.sub(_arabic, text)
    if text.isdigit() and len(text) == 5:
        return _number_day(int(text))
    found = _COMPACT.fullmatch(text) or _DATE.fullmatch(text.rstrip("."))
    if found:
        return _valid_day(found["year"], found["month"], found["day"])
    year = re.fullmatch(r"(\d{4})年?", text)
    if year:
        raise CellError(f"只写了年份 {year[1]}。请补上月和日，写成 {year[1]}-04-01 的样子。")
    if re.fullmatch(r"\d{1,2}月\d{1,2}[日号]?", text):
        raise CellError(f"“{original}”没有写年份。请改为 2017-04-01 这样的写法。")
    raise CellError(_DATE_SENTENCE % shown(original))


def _day_of(value: Any) -> _Day | None:
    if isinstance(value, bool | dt.time | dt.timedelta):
        raise CellError(_DATE_SENTENCE % shown(value))
    if isinstance(value, dt.date):
        return _valid_day(str(value.year), str(value.month), str(value.day))
    if isinstance(value, int | float):
        return _number_day(value)
    text = squeezed(value).replace("，", ",").replace("。", ".").replace("、", ".")
    text = text.replace("—", "-").replace("–", "-").replace("~", "-").replace(",", ".")
    return None if text.lower() in NOTHING_WORDS else _text_day(text)


def _dated(day: _Day, value: dt.date) -> Any:
    remarks = [day.remark] if day.remark else []
    if day.day is None:
        remarks.append(f"只写到月，已按 {value:%Y-%m-%d} 读取，请核对。")
    return Warned(value, "".join(remarks)) if remarks else value


def _date(value: Any) -> Any:
    day = _day_of(value)
    return None if day is None else _dated(day, day.first())


def _date_or_year(value: Any) -> Any:
    text = squeezed(value) if isinstance(value, str) else value
    digits = re.fullmatch(r"(\d{4})年?(?:[建底初]|建成|交付|竣工)?", str(text))
    if digits and not isinstance(value, bool):
        return _dated_by_year(digits[1])
    return _date(value)


def _dated_by_year(digits: str) -> Any:
    first = _valid_day(digits, "1", "1").first()
    return Warned(first, f"只写到年，已按 {first:%Y-%m-%d} 读取，请核对。")


def date(*, by_year: bool = False) -> Parser:
    """A date: ``2017.4.1``, ``2017/4/1``, ``2017年4月1日``, ``二〇一七年四月一日``,
    ``20170401``, a date cell or the number behind one. ``2017年4月`` becomes its first day, with
    a warning. A year alone is an error; with ``by_year`` it becomes its first day, warned."""
    return _date_or_year if by_year else _date


def _month(value: Any) -> Any:
    day = _day_of(value)
    if day is None:
        return None
    first = dt.date(day.year, day.month, 1)
    return Warned(first, day.remark) if day.remark else first


def month() -> Parser:
    """A month, returned as its first day: ``2017年4月``, ``2017.4``, ``201704``, any date of it."""
    return _month


_TO = re.compile(r"起?(?:至|到|——|—|–|~|～)")
_DASHED = re.compile(r"(\d{4}-\d{1,2}(?:-\d{1,2})?)-+(\d{4}-\d{1,2}(?:-\d{1,2})?|长期|永久|至今)")
_OPEN = frozenset({"长期", "永久", "至今", "今", "无固定期限"})


def _period(value: Any) -> Any:
    if not isinstance(value, str):
        day = _day_of(value)
        return None if day is None else Warned((day.first(), None), "只有起始日期，没有终止日期。")
    text = squeezed(value).replace("止", "").replace("自", "")
    if text.lower() in NOTHING_WORDS:
        return None
    if "年" in text:
        text = _CHINESE_NUMBER.sub(_arabic, text)
    parts = _split_period(text)
    if len(parts) != 2:
        raise CellError(
            f"{{label}}“{shown(value)}”不是起止日期。请改为 2017-09-01至2020-08-31 这样的写法。"
        )
    start = _text_day(parts[0])
    remarks = [remark for remark in (start.remark,) if remark]
    if parts[1] in _OPEN:
        end: dt.date | None = None
    else:
        day = _text_day(parts[1])
        remarks += [day.remark] if day.remark else []
        end = day.last()
        if end < start.first():
            raise CellError(
                f"终止日期 {end:%Y-%m-%d} 早于起始日期 {start.first():%Y-%m-%d}。请改正。"
            )
        if day.day is None or start.day is None:
            remarks.append(
                f"只写到月，已按 {start.first():%Y-%m-%d} 至 {end:%Y-%m-%d} 读取，请核对。"
            )
    result = (start.first(), end)
    return Warned(result, "".join(remarks)) if remarks else result


def _split_period(text: str) -> list[str]:
    if text.endswith("至今"):
        return [text.removesuffix("至今").rstrip("-—–~"), "至今"]
    parts = _TO.split(text)
    if len(parts) == 2:
        return parts
    dashed = _DASHED.fullmatch(text)
    # Where other marks divide year, month and day, the dash is the one between the dates.
    return list(dashed.groups()) if dashed else re.split("-+", text)


def period() -> Parser:
    """A span of days as ``(start, end)``: ``2017.9.1-2020.8.31``, ``2017年9月至2020年8月`` (first
    to last day), ``2017.9.1至长期`` (no end)."""
    return _period


_ERA = re.compile(
    r"(?:20世纪|上世纪)?(?:(?P<century>19|20))?(?P<decade>\d0)年代(?P<part>[初中末前后]期?)?"
)


@dataclass(frozen=True)
class _Year:
    minimum: int
    ahead: int

    def __call__(self, value: Any) -> Any:
        if isinstance(value, bool | dt.time | dt.timedelta):
            raise CellError("{label}应为年份。请改为 1994 这样的写法。")
        if isinstance(value, dt.date):
            return self._checked(value.year, "")
        if isinstance(value, int | float):
            if value == int(value) and _FIRST_SERIAL <= value <= _LAST_SERIAL:
                return self._checked((_EPOCH + dt.timedelta(days=int(value))).year, "")
            return self._checked(int(value), "")
        text = squeezed(value)
        if text.lower() in NOTHING_WORDS:
            return None
        text = text.replace("八十年代", "80年代").replace("九十年代", "90年代")
        text = text.replace("七十年代", "70年代").replace("六十年代", "60年代")
        era = _ERA.fullmatch(text)
        if era:
            decade = int(era["decade"])
            century = int(era["century"]) if era["century"] else (20 if decade < 50 else 19)
            year = century * 100 + decade
            return self._checked(year, f"只写到年代，已按 {year} 年读取，请核对。")
        text = _CHINESE_NUMBER.sub(_arabic, text)
        span = re.fullmatch(r"(\d{4})年?(?:-|—|–|~|至|、|/)(\d{4}|\d{2})年?", text)
        if span:
            return self._checked(int(span[1]), f"写的是几年，已按 {span[1]} 年读取，请核对。")
        found = re.match(r"(\d{4}|\d{2})(?:年|[./\-]|$)", text)
        if not found:
            raise CellError(f"{{label}}“{shown(value)}”不是年份。请改为 1994 这样的写法。")
        if found[0] != text and not _is_date(text) and text not in {found[1] + "年", found[1]}:
            rest = text[len(found[0]) :]
            if rest not in {"前", "后", "左右", "建", "建成", "底", "初", "度"}:
                raise CellError(f"{{label}}“{shown(value)}”不是年份。请改为 1994 这样的写法。")
            year, _ = _full_year(found[1])
            return self._checked(year, f"已按 {year} 年读取，请核对。")
        year, remark = _full_year(found[1])
        return self._checked(year, remark)

    def _checked(self, year: int, remark: str) -> Any:
        if not self.minimum <= year <= clock.today().year + self.ahead:
            raise CellError(f"年份 {year} 超出范围。请改为 1994 这样的实际年份。")
        return Warned(year, remark) if remark else year


def _is_date(text: str) -> bool:
    try:
        _text_day(text)
    except CellError:
        return False
    return True


def year(*, minimum: int = 1949, ahead: int = 10) -> Parser:
    """A year: ``1994``, ``1994年``, ``98年``, a date. ``90年代`` becomes 1990, with a warning."""
    return _Year(minimum, ahead)
