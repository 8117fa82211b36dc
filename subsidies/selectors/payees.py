"""What each payee of a claim is owed, and what was paid."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from subsidies.choices import ClaimStatus, TransitPlace
from subsidies.models import PayeeAccount, Payment, SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.money import fen

from .payee_accounts import accounts_at_approval, accounts_in_force


@dataclass(frozen=True)
class PayeeSum:
    """One payee of a claim: the sum of its lines and, once paid, by which voucher when.

    ``account`` is the one it was paid to, before that the one in force today; ``account_changed``
    says that a claim waits for its payment and the approver was shown another one, or none.
    ``payment`` is the last one, with its way (:meth:`PaymentQuerySet.with_transit`).
    """

    payee: int
    name: str
    short_name: str
    kind: str
    estates: int
    households: int
    amount: Decimal
    voucher_number: str = ""
    paid_on: dt.date | None = None
    account: PayeeAccount | None = None
    account_changed: bool = False
    payment: Payment | None = None

    @property
    def place(self) -> TransitPlace | None:
        return TransitPlace(self.payment.place) if self.payment else None

    @property
    def is_paid(self) -> bool:
        return self.paid_on is not None


def payee_sums(claim: SubsidyClaim) -> list[PayeeSum]:
    """Return the payees of ``claim``, the largest amount first; five queries at most."""
    rows_paid = claim.payments.with_transit().select_related("account").order_by("attempt")
    payments = {row.payee_id: row for row in rows_paid}
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
    found = list(rows)
    unpaid = {row[0] for row in found} - payments.keys()
    current = accounts_in_force(unpaid, clock.today()) if unpaid else {}
    awaits_payment = claim.status == ClaimStatus.APPROVED
    shown = accounts_at_approval(claim, unpaid) if unpaid and awaits_payment else {}
    sums = []
    for payee, name, short, kind, estates, households, amount in found:
        payment = payments.get(payee)
        account = payment.account if payment else current.get(payee)
        sums.append(
            PayeeSum(
                payee,
                name,
                short or name,
                kind,
                estates,
                households,
                fen(amount),
                payment.voucher_number if payment else "",
                payment.paid_on if payment else None,
                account,
                payment=payment,
                account_changed=payment is None
                and awaits_payment
                and account is not None
                and account != shown.get(payee),
            )
        )
    return sums
