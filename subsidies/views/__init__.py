"""Pages about claims, lines, payments and rates; panels for other apps' records."""

from .fee_panels import estate_fee_count, estate_fees
from .panels import estate_line_count, estate_lines, provider_accounts, provider_payments

__all__ = [
    "estate_fee_count",
    "estate_fees",
    "estate_line_count",
    "estate_lines",
    "provider_accounts",
    "provider_payments",
]
