"""Money: the rate, the month's claim of a street with its lines, its acts, the payment."""

from .claims import ClaimAct, SubsidyClaim
from .lines import ClaimGap, SubsidyLine
from .payee_accounts import PayeeAccount
from .payments import Payment
from .rates import SubsidyRate

__all__ = [
    "ClaimAct",
    "ClaimGap",
    "PayeeAccount",
    "Payment",
    "SubsidyClaim",
    "SubsidyLine",
    "SubsidyRate",
]
