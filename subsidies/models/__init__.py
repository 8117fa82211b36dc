"""Money: the rate, the procedure, the month's claim of a street with its lines, its acts, its
notice, the payment; and what the owners pay beside it."""

from .chain import ChainLink
from .claims import ClaimAct, ClaimVoid, SubsidyClaim
from .coefficients import CoefficientBand, CoefficientTable
from .fees import FeeCollection, FeeDraft, FeeStandard
from .funding import BudgetEntry, ClaimFunding, FundingSource
from .lines import ClaimGap, SubsidyLine
from .notices import NoticeObjection, PublicNotice
from .payee_accounts import PayeeAccount
from .payments import Payment
from .rates import SubsidyRate
from .schemes import ClaimScheme, SchemeStage
from .transit import PaymentReceipt, PaymentResult, StreetArrival, TransitReason

__all__ = [
    "BudgetEntry",
    "ChainLink",
    "ClaimAct",
    "ClaimFunding",
    "ClaimGap",
    "ClaimScheme",
    "ClaimVoid",
    "CoefficientBand",
    "CoefficientTable",
    "FeeCollection",
    "FeeDraft",
    "FeeStandard",
    "FundingSource",
    "NoticeObjection",
    "PayeeAccount",
    "Payment",
    "PaymentReceipt",
    "PaymentResult",
    "PublicNotice",
    "SchemeStage",
    "StreetArrival",
    "SubsidyClaim",
    "SubsidyLine",
    "SubsidyRate",
    "TransitReason",
]
