"""The owners' fee: figures as they are typed, what contradicts them, rates and arrears."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from xingyang_pm.common.money import fen

from .lines import ZERO

_PLAIN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_WITH_UNIT = re.compile(r"([\d,.]+)\s*(?:元|户|圆|块|万元|万)")
# The largest that one estate's month can hold: a typing slip, not a fee, lies beyond.
MOST_HOUSEHOLDS = 99_999
MOST_YUAN = Decimal("99999999.99")

FEE_LABELS = {
    "households_billed": "应收户数",
    "households_paid": "实收户数",
    "amount_billed": "本月应收",
    "amount_received": "本月实收",
    "amount_recovered": "收回往期欠费",
    "opening_arrears": "起算前欠费",
}


@dataclass(frozen=True)
class FeeFigures:
    """What one estate's owners were billed and paid in a month, in households and yuan.

    ``amount_received`` is all that came in; ``amount_recovered`` the part of it that was for
    earlier months. ``opening_arrears`` is stated once, where an estate's records begin.
    """

    households_billed: int
    households_paid: int
    amount_billed: Decimal
    amount_received: Decimal
    amount_recovered: Decimal = ZERO
    opening_arrears: Decimal | None = None

    @property
    def received_for_month(self) -> Decimal:
        """What came in for the month itself."""
        return self.amount_received - self.amount_recovered

    def arrears_after(self, before: Decimal) -> Decimal:
        """Return the arrears at the end of the month from those ``before`` it."""
        return before + (self.opening_arrears or ZERO) + self.amount_billed - self.amount_received


def percent_of(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return ``part`` of ``whole`` in percent with one decimal, halves up; None of nothing."""
    if not whole:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def strict_number(value: object, *, places: int) -> Decimal:
    """Return a figure as it was typed, to at most ``places`` decimals.

    Only digits, a decimal point and thousands separators are taken. Raises ``ValueError`` with
    a Chinese sentence, in which ``{label}`` stands for the column, for a unit behind the number,
    a formula, text, a negative number, too many decimals and a number out of any range.
    """
    text = unicodedata.normalize("NFKC", plain_text(value)).strip()
    if text.startswith("="):
        raise ValueError("{label}是公式。请改为算好的数字。")
    if text.startswith(("-", "−", "(")):
        raise ValueError("{label}不能是负数。请改正。")
    unit = _WITH_UNIT.fullmatch(text)
    if unit:
        raise ValueError(f"{{label}}只填数字，不写单位。请把“{text}”改为 {unit[1]}。")
    if not _PLAIN.fullmatch(text):
        raise ValueError("{label}应为数字。请改为 120 这样的写法。")
    number = Decimal(text.replace(",", ""))
    if number != number.quantize(Decimal(1).scaleb(-places)):
        wanted = f"最多 {places} 位小数" if places else "应为整数"
        raise ValueError(f"{{label}}{wanted}，填的是 {text}。请改正。")
    if number > (MOST_YUAN if places else MOST_HOUSEHOLDS):
        raise ValueError("{label}的数太大。请核对。")
    return fen(number) if places else number


def plain_text(value: object) -> str:
    """Return a cell as its reader sees it; a binary float without its tail."""
    return f"{value:.15g}" if isinstance(value, float) else str(value if value is not None else "")


def read_fee(typed: Mapping[str, object]) -> tuple[FeeFigures | None, dict[str, str]]:
    """Return the figures that were typed, and what is wrong with each field that cannot stand.

    The figures are None when a field cannot be read. 收回往期欠费 left blank is nothing.
    """
    read: dict[str, Decimal | None] = {}
    problems: dict[str, str] = {}
    for name, label in FEE_LABELS.items():
        text = plain_text(typed.get(name)).strip()
        if not text:
            read[name] = None
            if name not in {"amount_recovered", "opening_arrears"}:
                problems[name] = f"请填{label}。"
            continue
        try:
            read[name] = strict_number(text, places=0 if name.startswith("households") else 2)
        except ValueError as error:
            problems[name] = str(error).replace("{label}", label)
    if problems:
        return None, problems
    return FeeFigures(
        households_billed=int(read["households_billed"] or 0),
        households_paid=int(read["households_paid"] or 0),
        amount_billed=read["amount_billed"] or ZERO,
        amount_received=read["amount_received"] or ZERO,
        amount_recovered=read["amount_recovered"] or ZERO,
        opening_arrears=read["opening_arrears"],
    ), {}


def fee_problems(figures: FeeFigures, before: Decimal, *, begins: bool) -> dict[str, str]:
    """Return what is wrong between the figures, by field.

    ``before`` are the arrears at the end of the month before; ``begins`` says that the estate
    has no earlier record, so that arrears from before may be stated.
    """
    found: dict[str, str] = {}
    if figures.households_paid > figures.households_billed:
        found["households_paid"] = (
            f"实收 {figures.households_paid} 户，多于应收 {figures.households_billed} 户。请核对。"
        )
    if figures.opening_arrears is not None and not begins:
        found["opening_arrears"] = "起算前欠费只在第一次填报时写，以后由平台接着算。"
    owed = before + (figures.opening_arrears or ZERO)
    if figures.amount_recovered > figures.amount_received:
        found["amount_recovered"] = "收回往期欠费已含在本月实收里，不能大于本月实收。"
    elif figures.amount_recovered > owed:
        found["amount_recovered"] = (
            f"收回往期欠费 {figures.amount_recovered:,.2f} 元，多于往期欠费"
            f" {owed:,.2f} 元。请核对。"
        )
    elif figures.received_for_month > figures.amount_billed:
        found["amount_received"] = (
            f"本月实收除去往期是 {figures.received_for_month:,.2f} 元，多于本月应收"
            f" {figures.amount_billed:,.2f} 元。预收以后月份的，到那个月再填。"
        )
    elif not figures.households_paid and figures.received_for_month:
        found["households_paid"] = "有本月收费，实收户数不能是 0。请核对。"
    return found


def fee_remarks(
    figures: FeeFigures, verified: int | None, standard: Decimal | None
) -> dict[str, str]:
    """Return what should be looked at again and may stand, by field: more households billed
    than ``verified``, and an amount that is not households × ``standard`` (yuan a household)."""
    found: dict[str, str] = {}
    if verified is not None and figures.households_billed > verified:
        found["households_billed"] = (
            f"应收 {figures.households_billed} 户，多于核定的 {verified} 户。"
            "请核对，或先报户数核定。"
        )
    if standard is not None:
        due = fen(figures.households_billed * standard)
        if figures.amount_billed != due:
            found["amount_billed"] = (
                f"按 {figures.households_billed} 户 × {standard:,.2f} 元应为 {due:,.2f} 元。"
                "请核对。"
            )
    return found
