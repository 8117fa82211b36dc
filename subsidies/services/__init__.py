"""What may be done about subsidies. Each act has its actor, its guard and its audit entry."""

from .acts import (
    claim_approve,
    claim_check,
    claim_return,
    claim_review,
    claim_submit,
    claim_withdraw,
)
from .claims import MonthOpening, claim_open, claim_recompute, month_open
from .coefficients import coefficients_register
from .fees import (
    Confirming,
    FeeEntry,
    fee_correct,
    fee_draft_save,
    fee_standard_register,
    fees_confirm,
    fees_enter,
)
from .funding import budget_record, claim_fund, funding_register, funding_route_change
from .lines import line_deduct, line_exclude, line_include
from .notices import objection_answer, objection_record
from .payee_accounts import (
    account_confirm,
    account_enter,
    account_reject,
    account_reveal,
    accounts_reseal,
)
from .payments import PaymentEntry, claim_pay
from .rates import rate_register
from .schemes import scheme_register
from .transit import (
    payment_repay,
    payment_result_record,
    receipt_record,
    street_arrival_record,
    transit_reason_record,
)
from .voids import void_confirm, void_propose, void_take_back

__all__ = [
    "Confirming",
    "FeeEntry",
    "MonthOpening",
    "PaymentEntry",
    "account_confirm",
    "account_enter",
    "account_reject",
    "account_reveal",
    "accounts_reseal",
    "budget_record",
    "claim_approve",
    "claim_check",
    "claim_fund",
    "claim_open",
    "claim_pay",
    "claim_recompute",
    "claim_return",
    "claim_review",
    "claim_submit",
    "claim_withdraw",
    "coefficients_register",
    "fee_correct",
    "fee_draft_save",
    "fee_standard_register",
    "fees_confirm",
    "fees_enter",
    "funding_register",
    "funding_route_change",
    "line_deduct",
    "line_exclude",
    "line_include",
    "month_open",
    "objection_answer",
    "objection_record",
    "payment_repay",
    "payment_result_record",
    "rate_register",
    "receipt_record",
    "scheme_register",
    "street_arrival_record",
    "transit_reason_record",
    "void_confirm",
    "void_propose",
    "void_take_back",
]
