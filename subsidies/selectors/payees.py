"""What each payee of a claim is owed, and what was paid."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from subsidies.models import SubsidyClaim
from xingyang_pm.common.money import fen


@dataclass(frozen=True)
class PayeeSum:
    """One payee of a claim: the sum of its lines and, once paid, by which voucher when."""

    payee: int
    name: str
    short_name: str
    kind: str
    estates: int
    households: int
    amount: Decimal
    voucher_number: str = ""
    paid_on: dt.date | None = None

    @property
    def is_paid(self) -> bool:
        return self.paid_on is not None


def payee_sums(claim: SubsidyClaim) -> list[PayeeSum]:
    """Return the payees of ``claim``, the largest amount first; two queries."""
    paid = {
        payee: (voucher, day)
        for payee, voucher, day in claim.payments.values_list("payee", "voucher_number", "paid_on")
    }
    rows = (
        claim.lines.included()
        .order_by()
        .values_list("payee", "payee__name", "payee__short_name", "payee__kind")
        .annotate(
            estates=Count("estate", distinct=True),
            sum_households=Sum("households"),
            sum_amount=Sum("amount"),
        )
        .order_by("-sum_amount", "payee__code")
    )
    return [
        PayeeSum(
            payee,
            name,
            short or name,
            kind,
            estates,
            households,
            fen(amount),
            *paid.get(payee, ("", None)),
        )
        for payee, name, short, kind, estates, households, amount in rows
    ]
