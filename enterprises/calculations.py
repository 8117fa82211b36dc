"""Pure rules about providers: the credit code's check digit, days for filing."""

from decimal import Decimal

# GB 32100-2015: 17 characters and a check digit, letters without I O S V Z.
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
# Left by the old registration numbers and organisation codes, which are not credit codes.
_CODE_LENGTH = 18


def credit_code_check_digit(body: str) -> str:
    """Return the check digit for the first 17 characters of a credit code (GB 32100-2015)."""
    total = sum(
        _ALPHABET.index(character) * weight
        for character, weight in zip(body, _WEIGHTS, strict=True)
    )
    return _ALPHABET[(31 - total % 31) % 31]


def credit_code_problem(code: str) -> str | None:
    """Return the sentence that says what is wrong with ``code``, or None if it is right."""
    if len(code) != _CODE_LENGTH:
        return f"统一社会信用代码应为 18 位，现为 {len(code)} 位，请核对营业执照。"
    wrong = [character for character in code if character not in _ALPHABET]
    if wrong:
        return f"统一社会信用代码中不应有“{wrong[0]}”，请核对营业执照。"
    if credit_code_check_digit(code[:17]) != code[17]:
        return "统一社会信用代码末位校验不符，可能抄错一位，请核对营业执照。"
    return None


def fee_sentence(amount: Decimal | None, unit_label: str) -> str:
    """Return the fee standard as papers print it: ``1.20 元/㎡·月``."""
    return f"{amount:.2f} {unit_label}" if amount is not None else "未登记"
