"""Parsers of numbers: counts, areas, money, fee rates, with the units people write."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .cells import (
    NOTHING_WORDS,
    CellError,
    Parser,
    Warned,
    decimal_of,
    is_blank,
    refuse_lost_digits,
    shown,
    squeezed,
)

_COUNTERS = frozenset("户栋幢座个间人名位部台辆套层处门家块条次分期只根组") | {"单元"}
_AREA = {
    **dict.fromkeys(("㎡", "平方米", "平米", "平", "m2", "m²"), Decimal(1)),
    **dict.fromkeys(("万㎡", "万平方米", "万平米", "万平", "万m2"), Decimal(10_000)),
    "公顷": Decimal(10_000),
    "亩": Decimal("666.67"),
}
_MONEY = {
    **dict.fromkeys(("元", "圆", "元整", "rmb", "人民币", "人民币元"), Decimal(1)),
    **dict.fromkeys(("万", "万元", "万人民币", "万元人民币", "万元整"), Decimal(10_000)),
    **dict.fromkeys(("亿", "亿元"), Decimal(10**8)),
    "千元": Decimal(1000),
}
_NUMBER = re.compile(
    r"(?P<about>约|大约|大概|近|共|共计|计|合计)?(?P<yuan>¥|RMB|人民币)?"
    r"(?P<number>[+-]?(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+)"
    r"(?P<more>余|多|左右|上下|以上)?(?P<unit>(?:[^\d,，]|(?<=m)2)*?)(?P<tail>余|多|左右|上下|以上)?",
    re.IGNORECASE,
)
_EXACT_WORDS = frozenset({"共", "共计", "计", "合计", None})


@dataclass(frozen=True)
class _Parsed:
    number: Decimal
    unit: str
    about: bool


def _read_number(value: Any, sentence: str) -> _Parsed | None:
    """Read a cell as a number with its unit; ``None`` for a word that means nothing."""
    if isinstance(value, bool | dt.date | dt.time | dt.timedelta):
        raise CellError(sentence)
    if isinstance(value, int | float):
        refuse_lost_digits(value)
        return _Parsed(decimal_of(value), "", False)
    text = squeezed(value)
    if text.lower() in NOTHING_WORDS:
        return None
    refuse_lost_digits(text)
    found = _NUMBER.fullmatch(text)
    if not found:
        raise CellError(sentence)
    about = found["about"] not in _EXACT_WORDS or bool(found["more"] or found["tail"])
    number = Decimal(found["number"].replace(",", "").replace("，", ""))
    return _Parsed(number, (found["unit"] or "").strip("()").lower(), about)


def _about(value: Any, parsed: _Parsed, text: str) -> Any:
    return Warned(value, f"原表写的是约数，已按 {text} 读取，请核对。") if parsed.about else value


@dataclass(frozen=True)
class _Integer:
    minimum: int
    maximum: int
    units: frozenset[str] | None
    # A figure merged over several rows is one figure, not one for each row.
    countable = True

    def __call__(self, value: Any) -> Any:
        if type(value) is int and self.minimum <= value <= self.maximum:
            return value
        parsed = _read_number(value, "{label}应为数字。请改为 120 这样的写法。")
        if parsed is None:
            return None
        number = parsed.number
        unit = parsed.unit
        if unit.startswith("万"):
            number, unit = number * 10_000, unit[1:]
        if unit and unit not in (self.units or _COUNTERS):
            if self.units and unit in _COUNTERS:
                wanted = "、".join(sorted(self.units))
                raise CellError(f"{{label}}的单位应为{wanted}，表中写的是{unit}。请核对这一格。")
            raise CellError("{label}应为数字。请改为 120 这样的写法。")
        if number != number.to_integral_value():
            raise CellError(f"{{label}}应为整数，表中是 {number:f}。请改为整数。")
        whole = int(number)
        if whole < self.minimum:
            raise CellError(
                "{label}不能为负数。请改正。"
                if self.minimum == 0
                else f"{{label}}不能小于 {self.minimum}。请核对。"
            )
        if whole > self.maximum:
            raise CellError(f"{{label}}大于 {self.maximum}，超出范围。请核对。")
        return _about(whole, parsed, str(whole))


def integer(
    *, minimum: int = 0, maximum: int = 9_999_999, units: Iterable[str] | None = None
) -> Parser:
    """A whole number: ``120``, ``120户``, ``1,253``, ``１２０``, ``约120`` (with a warning).

    ``units`` names the only counters that may follow the number (``["户"]``: then ``3栋`` in
    this column is an error); by default any usual one may.
    """
    return _Integer(minimum, maximum, frozenset(units) if units else None)


@dataclass(frozen=True)
class _Pair:
    names: tuple[str, str]
    part: Parser
    countable = True

    def __call__(self, value: Any) -> Any:
        first, second = self.names
        example = f"请改为 {first}120/{second}80 这样的写法。"
        if isinstance(value, str):
            text = squeezed(value)
            if text.lower() in NOTHING_WORDS:
                return None
            named = dict(re.findall(rf"({first}|{second})[:：]?(\d[\d,，]*)", text))
            if named:
                rest = re.sub(rf"(?:{first}|{second})[:：]?\d[\d,，]*[个位辆]?", "", text)
                if rest.strip("/、,，;；+"):
                    raise CellError(f"{{label}}“{shown(value)}”看不懂。{example}")
                return self._together([named.get(name) for name in self.names])
            parts = re.split(r"[/、;；+]", text)
            if len(parts) == 2:
                return self._together(parts)
            if len(parts) > 2:
                raise CellError(f"{{label}}“{shown(value)}”看不懂。{example}")
        one = self.part(value)
        number = one.value if isinstance(one, Warned) else one
        return Warned((number, None), f"只有一个数，已按{first}读取，请核对。{example}")

    def _together(self, parts: Iterable[str | None]) -> Any:
        read = [None if part is None or is_blank(part) else self.part(part) for part in parts]
        remarks = "".join(part.message for part in read if isinstance(part, Warned))
        values = tuple(part.value if isinstance(part, Warned) else part for part in read)
        return Warned(values, remarks) if remarks else values


def pair(first: str = "地上", second: str = "地下") -> Parser:
    """Two counts in one cell as ``(first, second)``: ``120/80``, ``地上120、地下80``, ``地下80``.

    A single number counts as the first, with a warning.
    """
    return _Pair((first, second), integer())


def _unit_key(unit: str) -> str:
    """Return a fee unit in one form: ``元/平方米·月`` and ``元／㎡.月`` are ``元㎡月``."""
    unit = unit.lower()
    for spelling in ("平方米", "平米", "m²", "m2", "平"):
        unit = unit.replace(spelling, "㎡")
    return re.sub(r"[/·.*•每、()\s]", "", unit)


@dataclass(frozen=True)
class _Number:
    """A decimal number in a base unit. ``factors`` maps unit texts to their size."""

    factors: Mapping[str, Decimal]
    base: str
    places: int
    exact: bool
    example: str
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal("9999999999.99")
    header_factor: Decimal = Decimal(1)
    key: Callable[[str], str] = str.lower
    countable = True

    @property
    def money_unit(self) -> bool:
        """Whether the 单位：万元 line of the sheet speaks of this column."""
        return self.base == "元"

    def for_unit(self, unit: str) -> Parser:
        factor = self.factors.get(self.key(unit))
        return replace(self, header_factor=factor) if factor else self

    def __call__(self, value: Any) -> Any:
        sentence = f"{{label}}应为数字。请改为 {self.example} 这样的写法。"
        parsed = _read_number(value, sentence)
        if parsed is None:
            return None
        factor = self.header_factor
        if parsed.unit:
            known = self.factors.get(self.key(parsed.unit))
            if known is None:
                raise CellError(
                    f"{{label}}的单位“{parsed.unit}”不认识，应为{self.base}。"
                    f"请改为 {self.example} 这样的写法。"
                )
            factor = known
        number = parsed.number * factor
        rounded = number.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP) + 0
        if self.exact and rounded != number:
            raise CellError(f"{{label}}最多 {self.places} 位小数，表中是 {shown(value)}。请改正。")
        if rounded < self.minimum:
            raise CellError(
                "{label}不能为负数。请改正。"
                if self.minimum == 0
                else f"{{label}}不能小于 {self.minimum}。请核对。"
            )
        if rounded > self.maximum:
            raise CellError("{label}的数太大，超出范围。请核对。")
        if self.exact and parsed.about:
            raise CellError("{label}不能写约数。请改为准确的金额。")
        if parsed.unit == "亩":
            return Warned(rounded, f"已按 1 亩＝666.67 ㎡ 折为 {rounded:f} ㎡，请核对。")
        return _about(rounded, parsed, f"{rounded:f}")


def decimal(
    *, places: int = 2, minimum: Decimal = Decimal(0), maximum: Decimal = Decimal("9999999999.99")
) -> Parser:
    """A plain number with at most ``places`` decimals, rounded to them."""
    return _Number({}, "数字", places, False, "12.5", minimum=minimum, maximum=maximum)


def area(*, places: int = 2) -> Parser:
    """An area in ㎡: ``5,600.5``, ``5600㎡``, ``0.56万平方米``, ``8.4亩`` (with a warning)."""
    return _Number(_AREA, "㎡", places, False, "5600.5")


def money(*, minimum: Decimal = Decimal(0)) -> Parser:
    """Yuan with fen, strict: more than two decimals and 约 are errors.

    ``3.5万元`` and numbers under a header or a sheet with 单位：万元 are turned into yuan.
    """
    return _Number(_MONEY, "元", 2, True, "1200.50", minimum=minimum)


def capital() -> Parser:
    """注册资本 in 万元 with two decimals: ``500``, ``500万元``, ``0.05亿元``, ``5000000元``.

    A number alone is in the unit of its column's header, else 万元, as licences state it.
    """
    return _Number(
        {unit: factor / 10_000 for unit, factor in _MONEY.items()}, "万元", 2, True, "500"
    )


@dataclass(frozen=True)
class _Fee(_Number):
    """A fee rate; ``stated`` is a unit in the header that is not the column's own."""

    stated: str = ""

    def for_unit(self, unit: str) -> Parser:
        key = self.key(unit)
        if key in self.factors or not key.startswith("元"):
            return super().for_unit(unit)
        return replace(self, stated=unit)

    def __call__(self, value: Any) -> Any:
        if self.stated and _read_number(value, "{label}应为数字。") is not None:
            raise CellError(
                f"表头写的是“{self.stated}”，{{label}}应为{self.base}。请换算后填写，并改正表头。"
            )
        return super().__call__(value)


def fee(unit: str = "元/㎡·月", *, places: int = 2, example: str = "1.20") -> Parser:
    """A fee rate: ``1.2``, ``1.2元``, ``1.2元/㎡·月``, ``1.2元/平方米/月``.

    Another unit (元/户·月 in a column of 元/㎡·月), in the cell or in the header, is an error,
    since the number would lie.
    """
    wanted = _unit_key(unit)
    parts = wanted.removeprefix("元")
    subject, month = parts.removesuffix("月"), "月"
    keys = {"", "元", wanted, f"元{subject}", f"元{month}{subject}", f"元{month}"}
    factors = {key: Decimal(1) for key in keys if key}
    return _Fee(factors, unit, places, False, example, maximum=Decimal("999999.99"), key=_unit_key)
