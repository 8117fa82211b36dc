"""Money: yuan with fen, always ``Decimal``, never a float.

Capital numerals follow 正确填写票据和结算凭证的基本规定 (annex of 支付结算办法). Where it allows
two forms, the one with 零 in front of 角 is written: 壹拾万柒仟元零伍角叁分.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

FEN = Decimal("0.01")
# Above this the yuan no longer fit into sections of 万 and 亿.
CAPITAL_LIMIT = Decimal(10) ** 16

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("仟", "佰", "拾", "")


def _decimal(value: Decimal | int | str) -> Decimal:
    if isinstance(value, bool | float):
        raise ValueError(f"money is Decimal, int or text, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError):
        raise ValueError(f"{value!r} is no amount") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is no amount")
    return number


def fen(value: Decimal | int | str) -> Decimal:
    """Return ``value`` (yuan) rounded to the fen, halves away from zero.

    Raises ``ValueError`` for floats and for what is no number.
    """
    return _decimal(value).quantize(FEN, rounding=ROUND_HALF_UP) + 0


def money(value: Decimal | int | str) -> str:
    """Return yuan as tables print them: ``352,790.00``."""
    return f"{fen(value):,.2f}"


def _section(number: int) -> str:
    """Return four digits in capitals, with at most one 零 for a run of inner zeros."""
    text = ""
    gap = False
    for digit, place in zip(f"{number:04d}", _PLACES, strict=True):
        if digit == "0":
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[int(digit)] + place
        gap = False
    return text


def _joined(high: int, unit: str, low: int, width: int, low_text: str) -> str:
    """Return ``high unit low``; a low part that does not fill its ``width`` digits is led by 零."""
    lead = "零" if low and len(str(low)) < width else ""
    return _whole(high) + unit + lead + low_text


def _whole(number: int) -> str:
    """Return a positive whole number in capitals."""
    if number >= 10**8:
        high, low = divmod(number, 10**8)
        return _joined(high, "亿", low, 8, _whole(low) if low else "")
    if number >= 10**4:
        high, low = divmod(number, 10**4)
        return _joined(high, "万", low, 4, _section(low))
    return _section(number)


def capital_yuan(amount: Decimal | int) -> str:
    """Return an amount in yuan in capital numerals: ``人民币叁拾伍万贰仟柒佰玖拾元整``.

    Raises ``ValueError`` for floats, for more than two decimals and for 10^16 yuan or more.
    An amount that ends in 元 or 角 is closed by 整; one with 分 is not.
    """
    if not isinstance(amount, Decimal | int):
        raise ValueError(f"an amount is Decimal or int, not {type(amount).__name__}")
    number = _decimal(amount)
    if abs(number) >= CAPITAL_LIMIT:
        raise ValueError(f"the amount {amount} is too large")
    if number != number.quantize(FEN):
        raise ValueError(f"the amount {amount} has more than two decimals")
    sign = "负" if number < 0 else ""
    yuan, cents = divmod(int(abs(number) * 100), 100)
    jiao, fen_digit = divmod(cents, 10)
    text = _whole(yuan) + "元" if yuan else ""
    if jiao:
        if yuan and yuan % 10 == 0:
            text += "零"
        text += _DIGITS[jiao] + "角"
    elif fen_digit and yuan:
        text += "零"
    if fen_digit:
        text += _DIGITS[fen_digit] + "分"
    else:
        text = (text or "零元") + "整"
    return f"人民币{sign}{text}"
