"""Workbooks about the money: what the owners paid, and what the bank made of payments."""

from .bank import register_bank_ledger
from .fees import register_fee_ledgers

__all__ = ["register_bank_ledger", "register_fee_ledgers"]
