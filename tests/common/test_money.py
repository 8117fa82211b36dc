"""Money against the worked examples of 支付结算办法 and a second implementation."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xingyang_pm.common.money import capital_yuan, fen, money

EXAMPLES = [
    ("0", "零元整"),
    ("0.05", "伍分"),
    ("0.50", "伍角整"),
    ("0.53", "伍角叁分"),
    ("10", "壹拾元整"),
    ("10.50", "壹拾元零伍角整"),
    ("325.04", "叁佰贰拾伍元零肆分"),
    ("1409.50", "壹仟肆佰零玖元伍角整"),
    ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
    ("6007.14", "陆仟零柒元壹角肆分"),
    ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
    ("100000", "壹拾万元整"),
    ("107000.53", "壹拾万柒仟元零伍角叁分"),
    ("352790.00", "叁拾伍万贰仟柒佰玖拾元整"),
    ("1000001.00", "壹佰万零壹元整"),
    ("1058370.00", "壹佰零伍万捌仟叁佰柒拾元整"),
    ("4233480.00", "肆佰贰拾叁万叁仟肆佰捌拾元整"),
    ("10005000", "壹仟万伍仟元整"),
    ("100000000", "壹亿元整"),
    ("100000010", "壹亿零壹拾元整"),
    ("1000000000000.01", "壹万亿元零壹分"),
    (
        "9999999999999999.99",
        "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
    ),
]


@pytest.mark.parametrize(("amount", "capitals"), EXAMPLES)
def test_capitals_of_worked_examples(amount, capitals):
    assert capital_yuan(Decimal(amount)) == "人民币" + capitals


def test_capitals_take_whole_yuan_as_int():
    assert capital_yuan(352790) == "人民币叁拾伍万贰仟柒佰玖拾元整"


def test_capitals_of_a_negative_amount():
    assert capital_yuan(Decimal("-1409.50")) == "人民币负壹仟肆佰零玖元伍角整"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        10.0,
        "10",
        Decimal("1.005"),
        Decimal("NaN"),
        Decimal("Infinity"),
        True,
        Decimal(10) ** 16,
        -(Decimal(10) ** 16),
        None,
    ],
)
def test_capitals_refuse_what_is_no_exact_amount(value):
    with pytest.raises(ValueError, match=r"amount|money|decimals"):
        capital_yuan(value)


def read_capitals(text: str) -> Decimal:
    """Read capitals back by adding up digits times places, knowing nothing of the writer."""
    assert text.startswith("人民币")
    text = text.removeprefix("人民币")
    sign = -1 if text.startswith("负") else 1
    text = text.removeprefix("负").removesuffix("整")
    yuan, _, rest = text.partition("元") if "元" in text else ("", "", text)
    total = section = part = digit = 0
    for character in yuan:
        if character in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(character)
        elif character in "拾佰仟":
            part += digit * 10 ** ("拾佰仟".index(character) + 1)
            digit = 0
        elif character == "万":
            section += (part + digit) * 10**4
            part = digit = 0
        else:
            assert character == "亿"
            total += (section + part + digit) * 10**8
            section = part = digit = 0
    total += section + part + digit
    cents = 0
    for digits, place in zip(rest[-2::-2], rest[::-2], strict=False):
        cents += "零壹贰叁肆伍陆柒捌玖".index(digits) * (10 if place == "角" else 1)
    return sign * (Decimal(total) + Decimal(cents) / 100)


@given(st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1))
def test_capitals_read_back_to_the_same_amount(cents):
    text = capital_yuan(Decimal(cents) / 100)
    assert read_capitals(text) == Decimal(cents) / 100
    assert "零零" not in text
    assert "零元" not in text or cents == 0
    assert "零万" not in text
    assert "零亿" not in text
    assert text.endswith("整") == (cents % 10 == 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.005", "1.01"), ("-1.005", "-1.01"), ("2.674999", "2.67"), (3, "3.00"), ("-0.001", "0.00")],
)
def test_fen_rounds_halves_away_from_zero(value, expected):
    assert str(fen(value)) == expected


@pytest.mark.parametrize("value", [1.5, True, "abc", None, Decimal("NaN"), ""])
def test_fen_refuses_floats_and_nonsense(value):
    with pytest.raises(ValueError, match=r"amount|money"):
        fen(value)


def test_money_prints_thousands_and_fen():
    assert money(Decimal("352790")) == "352,790.00"
    assert money(Decimal("-1234.5")) == "-1,234.50"
    assert money(0) == "0.00"
