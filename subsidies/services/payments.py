"""Recording payments: one per payee, with its voucher; the claim is paid when all are."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from enterprises.models import Provider
from subsidies.choices import STAGE_OF, ClaimStage, Decision
from subsidies.models import Payment, SubsidyClaim
from subsidies.selectors.payees import PayeeSum, payee_sums
from xingyang_pm.common import clock, states
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import money

from .shared import locked, require_new_person, require_source, require_stage, write_act


@dataclass(frozen=True)
class PaymentEntry:
    """One payment as the finance officer states it; the amount is the claim's, never typed."""

    payee: Provider
    voucher_number: str
    paid_on: dt.date


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
    act = (
        claim.acts.of_version(claim.version)
        .filter(stage=ClaimStage.APPROVE, decision=Decision.PASS)
        .first()
    )
    return act.acted_at.astimezone(clock.SHANGHAI).date() if act else None


def _pay_one(
    claim: SubsidyClaim, entry: PaymentEntry, sums: dict[int, PayeeSum], actor: User
) -> Payment:
    owed = sums.get(entry.payee.pk)
    if owed is None or not owed.amount:
        raise BusinessError(f"{entry.payee} 在这份申报中没有应拨金额。", field="payee")
    payment = Payment(
        claim=claim,
        payee=entry.payee,
        amount=owed.amount,
        voucher_number="".join(entry.voucher_number.split()),
        paid_on=entry.paid_on,
        recorded_by=actor,
        recorded_at=clock.now(),
    )
    payment.full_clean()
    payment.save(force_insert=True)
    record(
        actor=actor,
        verb="payment.record",
        target=payment,
        summary=(
            f"登记拨付 {entry.payee} {money(payment.amount)} 元，"
            f"凭证 {payment.voucher_number}，{entry.paid_on.isoformat()}"
        ),
        subjects=[claim, entry.payee],
        after={
            "amount": payment.amount,
            "voucher_number": payment.voucher_number,
            "paid_on": payment.paid_on,
        },
        tag="补贴",
        tone="g",
    )
    return payment


def claim_pay(*, claim: SubsidyClaim, entries: Sequence[PaymentEntry], actor: User) -> SubsidyClaim:
    """Record the payments of ``entries``; once every payee is paid the claim is paid.

    Payees may be recorded one by one; each exactly once, with the sum of its lines.
    """
    rule = STAGE_OF[ClaimStage.PAY]
    if not entries:
        raise BusinessError("请填写要登记的拨付。")
    with guarded():
        claim = locked(claim, actor)
        require_stage(actor, rule, claim.street)
        require_source(claim, rule)
        require_new_person(claim, actor, rule)
        sums = {entry.payee: entry for entry in payee_sums(claim)}
        approved_on = _approved_on(claim)
        for entry in entries:
            _require_day(entry, approved_on)
            _pay_one(claim, entry, sums, actor)
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
