"""Pages about claims, lines, payments and rates; panels for other apps' records."""

from .panels import estate_line_count, estate_lines, provider_accounts, provider_payments

__all__ = ["estate_line_count", "estate_lines", "provider_accounts", "provider_payments"]
