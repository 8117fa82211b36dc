"""Recording payments: one per payee, with its voucher; the claim is paid when all are."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
from enterprises.models import Provider
from subsidies.choices import ClaimStage, Decision, SealedKind
from subsidies.models import PayeeAccount, Payment, SubsidyClaim
from subsidies.selectors.chain import payment_content
from subsidies.selectors.funding import route_of
from subsidies.selectors.payee_accounts import accounts_at_approval, accounts_in_force, approved_at
from subsidies.selectors.payees import payee_sums
from xingyang_pm.common import clock, states
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import money

from .sealing import seal
from .shared import (
    locked,
    require_new_person,
    require_source,
    require_stage,
    require_standing,
    stage_rule,
    write_act,
)


@dataclass(frozen=True)
class PaymentEntry:
    """One payment as the finance officer states it; the amount is the claim's, never typed.

    ``account`` names the account that was held against the paper, where it is another one than
    the approver was shown; without it the money goes to the account in force on ``paid_on``.
    """

    payee: Provider
    voucher_number: str
    paid_on: dt.date
    account: PayeeAccount | None = None


def _require_day(entry: PaymentEntry, approved_on: dt.date | None) -> None:
    if entry.paid_on > clock.today():
        raise BusinessError(
            f"拨付日期 {entry.paid_on.isoformat()} 还没有到，请改为实际拨付日期。",
            field="paid_on",
        )
    if approved_on is not None and entry.paid_on < approved_on:
        raise BusinessError(
            f"拨付日期 {entry.paid_on.isoformat()} 早于审批日期 {approved_on.isoformat()}，"
            "请改为实际拨付日期。",
            field="paid_on",
        )


def _approved_on(claim: SubsidyClaim) -> dt.date | None:
    moment = approved_at(claim)
    return moment.astimezone(clock.SHANGHAI).date() if moment else None


def _account_for(claim: SubsidyClaim, entry: PaymentEntry) -> PayeeAccount:
    """Return the account that the payment goes to, which must be the one in force on its day.

    Raises :class:`BusinessError`: code ``no_account``; ``account_changed`` when it is not the
    one that the approver was shown and nobody has said that it was looked at.
    """
    payee = entry.payee
    account = accounts_in_force([payee.pk], entry.paid_on).get(payee.pk)
    if account is None:
        raise BusinessError(
            f"{payee} 在 {entry.paid_on.isoformat()} 没有已确认的收款账户，"
            "请先登记账户并由另一人确认。",
            code="no_account",
        )
    if entry.account is not None:
        if entry.account.pk != account.pk:
            raise BusinessError(
                f"{payee} 的收款账户刚有变化，现为{account.label}，请刷新后重新核对。",
                code="account_changed",
            )
        return account
    shown = accounts_at_approval(claim, [payee.pk]).get(payee.pk)
    if shown is None or shown.pk != account.pk:
        raise BusinessError(
            f"{payee} 的收款账户在审批后有变，现为{account.label}，请核对账户后再登记。",
            code="account_changed",
        )
    return account


def _pay_one(
    claim: SubsidyClaim, entry: PaymentEntry, amount: Decimal, actor: User, attempt: int = 1
) -> Payment:
    account = _account_for(claim, entry)
    payment = Payment(
        claim=claim,
        payee=entry.payee,
        amount=amount,
        account=account,
        attempt=attempt,
        route=route_of(claim),
        voucher_number="".join(entry.voucher_number.split()),
        paid_on=entry.paid_on,
        recorded_by=actor,
        recorded_at=clock.now(),
    )
    payment.full_clean()
    payment.save(force_insert=True)
    seal(SealedKind.PAYMENT, payment.pk, payment_content(payment))
    record(
        actor=actor,
        verb="payment.record",
        target=payment,
        summary=(
            f"{'登记拨付' if attempt == 1 else '重新拨付'} {entry.payee} "
            f"{money(payment.amount)} 元至{account.label}，"
            f"凭证 {payment.voucher_number}，{entry.paid_on.isoformat()}"
        ),
        subjects=[claim, entry.payee],
        after={
            "amount": payment.amount,
            "voucher_number": payment.voucher_number,
            "paid_on": payment.paid_on,
            "account": account.pk,
            "attempt": attempt,
            "route": payment.route,
        },
        tag="补贴",
        tone="g",
    )
    return payment


def pay_again(claim: SubsidyClaim, returned: Payment, entry: PaymentEntry, actor: User) -> Payment:
    """Write the next payment of a payee whose last one, ``returned``, came back.

    ``claim`` is locked. The claim stays what it is: it is paid once every order was given, and
    whether the money has arrived is another question.
    """
    require_new_person(claim, actor, stage_rule(claim, ClaimStage.PAY))
    _require_day(entry, _approved_on(claim))
    return _pay_one(claim, entry, returned.amount, actor, returned.attempt + 1)


def claim_pay(*, claim: SubsidyClaim, entries: Sequence[PaymentEntry], actor: User) -> SubsidyClaim:
    """Record the payments of ``entries``; once every payee is paid the claim is paid.

    Payees may be recorded one by one; each exactly once, with the sum of its lines.
    """
    if not entries:
        raise BusinessError("请填写要登记的拨付。")
    with guarded():
        claim = locked(claim, actor)
        rule = stage_rule(claim, ClaimStage.PAY)
        require_stage(actor, rule, claim.street)
        require_source(claim, rule)
        require_new_person(claim, actor, rule)
        require_standing(claim)
        sums = {entry.payee: entry for entry in payee_sums(claim)}
        approved_on = _approved_on(claim)
        for entry in entries:
            _require_day(entry, approved_on)
            owed = sums.get(entry.payee.pk)
            if owed is None or not owed.amount:
                raise BusinessError(f"{entry.payee} 在这份申报中没有应拨金额。", field="payee")
            _pay_one(claim, entry, owed.amount, actor)
        open_payees = {pk for pk, owed in sums.items() if owed.amount} - set(
            claim.payments.values_list("payee", flat=True)
        )
        if not open_payees:
            write_act(claim, rule=rule, decision=Decision.PASS, actor=actor)
            states.move(claim, source=rule.source, target=rule.target, updated_at=clock.now())
            record(
                actor=actor,
                verb="claim.pay",
                target=claim,
                summary=(
                    f"{clock.chinese_month(claim.month)}补贴 {money(claim.total)} 元已全部登记拨付"
                ),
                before={"status": rule.source.value},
                after={"status": claim.status},
                tag="补贴",
                tone="g",
            )
    return claim
