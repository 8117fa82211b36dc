"""After the payment: the bank's word, paying again what came back, the street, the receipt."""

import datetime as dt
from decimal import Decimal

from django.core.files.base import File

from accounts.choices import STREET_ROLES
from accounts.models import User
from estates.services.evidence import scan_name
from subsidies.choices import (
    PAYERS,
    RECEIVERS,
    ClaimStatus,
    PaymentOutcome,
    PaymentRoute,
    TransitPlace,
)
from subsidies.models import (
    Payment,
    PaymentReceipt,
    PaymentResult,
    StreetArrival,
    TransitReason,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.money import fen, money

from .payments import PaymentEntry, pay_again
from .shared import locked

TAG = "补贴"


def locked_payment(payment: Payment, actor: User) -> Payment:
    """Return ``payment`` as it now stands, with its way, its row locked.

    Raises :class:`BusinessError` when ``actor`` does not see it.
    """
    held = Payment.objects.visible_to(actor).select_for_update().filter(pk=payment.pk).first()
    if held is None:
        raise BusinessError("这笔拨付不属于你所在的街道（乡镇），没有办理。", code="out_of_scope")
    return (
        Payment.objects.visible_to(actor)
        .with_transit()
        .select_related("claim__street", "payee", "account")
        .get(pk=payment.pk)
    )


def _require_day(day: dt.date, *, first: dt.date, what: str, field: str) -> None:
    if day > clock.today():
        raise BusinessError(f"{what} {day.isoformat()} 还没有到，请改为实际日期。", field=field)
    if day < first:
        raise BusinessError(f"{what}不能早于 {first.isoformat()}。", field=field)


def _require_own_street(payment: Payment, actor: User) -> None:
    require(actor, RECEIVERS, "街道收款和到账回执由街道经办登记。")
    if actor.office_id != payment.claim.street.office_id:
        raise NotPermitted("街道收款和到账回执由本街道（乡镇）经办登记。")


def payment_result_record(
    *,
    payment: Payment,
    outcome: str,
    happened_on: dt.date,
    actor: User,
    reason: str = "",
    reference: str = "",
    batch: ImportBatch | None = None,
) -> PaymentResult:
    """Record what the bank or the treasury says of a payment; the payment itself stays as it is.

    A failure (退回) needs its reason; from then on the payee is owed the money again. A success
    may be followed by a failure (退汇) until somebody has confirmed the money.
    """
    require(actor, PAYERS, "银行结果由财务登记。")
    reason = " ".join(reason.split())
    failed = outcome == PaymentOutcome.FAILED
    if failed and not reason:
        raise BusinessError("退回须写明原因。", field="reason")
    with guarded():
        payment = locked_payment(payment, actor)
        _require_day(happened_on, first=payment.paid_on, what="银行结果的日期", field="happened_on")
        result = PaymentResult(
            payment=payment,
            outcome=outcome,
            happened_on=happened_on,
            reference="".join(reference.split()),
            reason=reason if failed else "",
            batch=batch,
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        result.full_clean()
        result.save(force_insert=True)
        record(
            actor=actor,
            verb=f"payment.{outcome}",
            target=payment,
            subjects=[payment.claim, payment.payee],
            summary=(
                f"银行{result.get_outcome_display()}：{payment.payee} {money(payment.amount)} 元，"
                f"凭证 {payment.voucher_number}" + (f"，{reason}" if failed else "")
            ),
            after={"outcome": outcome, "happened_on": happened_on, "batch": batch},
            reason=result.reason,
            tag=TAG,
            tone="a" if failed else "g",
        )
    return result


def payment_repay(*, payment: Payment, entry: PaymentEntry, actor: User) -> Payment:
    """Pay again what came back, by a new payment with its own voucher; the old one stays."""
    require(actor, PAYERS, "拨付由财务登记。")
    with guarded():
        claim = locked(payment.claim, actor)
        payment = locked_payment(payment, actor)
        if payment.place != TransitPlace.RETURNED:
            raise StaleState("这笔拨付没有退回，或已经重新拨付。")
        if claim.status not in {ClaimStatus.APPROVED, ClaimStatus.PAID}:
            raise StaleState(f"这份申报现在是“{claim.get_status_display()}”，不能拨付。")
        if entry.paid_on < payment.failed_on:
            raise BusinessError(
                f"重新拨付的日期不能早于退回日期 {payment.failed_on.isoformat()}。",
                field="paid_on",
            )
        return pay_again(claim, payment, entry, actor)


def street_arrival_record(
    *, payment: Payment, arrived_on: dt.date, voucher_number: str, actor: User
) -> StreetArrival:
    """Record that the street office holds the money; its clerk answers for it from here on."""
    with guarded():
        payment = locked_payment(payment, actor)
        _require_own_street(payment, actor)
        if payment.route != PaymentRoute.STREET:
            raise BusinessError("这笔拨付直达收款单位，不经街道。")
        if payment.arrived_on is not None:
            raise StaleState("街道收款已经登记，请刷新后再看。")
        _require_day(arrived_on, first=payment.paid_on, what="街道收款日期", field="arrived_on")
        arrival = StreetArrival(
            payment=payment,
            arrived_on=arrived_on,
            voucher_number="".join(voucher_number.split()),
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        arrival.full_clean()
        arrival.save(force_insert=True)
        record(
            actor=actor,
            verb="payment.arrive",
            target=payment,
            subjects=[payment.claim, payment.payee],
            summary=f"街道收到拨给 {payment.payee} 的 {money(payment.amount)} 元，"
            f"凭证 {arrival.voucher_number}，{arrived_on.isoformat()}",
            after={"arrived_on": arrived_on, "voucher_number": arrival.voucher_number},
            tag=TAG,
            tone="b",
        )
    return arrival


def receipt_record(
    *,
    payment: Payment,
    amount: Decimal,
    received_on: dt.date,
    receipt_number: str,
    scan: File,
    actor: User,
) -> PaymentReceipt:
    """Record the payee's receipt: what has arrived (yuan), when, by which paper.

    Less than the payment leaves the rest under way; more than the rest is refused.
    """
    kept = scan_name(scan, field="scan")
    with guarded():
        payment = locked_payment(payment, actor)
        _require_own_street(payment, actor)
        if payment.place in {TransitPlace.RETURNED, TransitPlace.REPLACED}:
            raise StaleState("这笔拨付已经退回，不能登记到账。")
        rest = fen(payment.amount - payment.received)
        if not rest:
            raise StaleState("这笔拨付已经全部到账。")
        if amount > rest:
            raise BusinessError(
                f"到账 {money(amount)} 元超过还没有到账的 {money(rest)} 元，请核对。",
                field="amount",
            )
        if payment.route == PaymentRoute.STREET and payment.arrived_on is None:
            raise BusinessError("经街道拨付的，请先登记街道收款。", code="no_arrival")
        first = payment.arrived_on or payment.paid_on
        _require_day(received_on, first=first, what="到账日期", field="received_on")
        receipt = PaymentReceipt(
            payment=payment,
            amount=fen(amount),
            received_on=received_on,
            receipt_number="".join(receipt_number.split()),
            scan_name=kept,
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        receipt.scan.save(kept, scan, save=False)
        try:
            receipt.full_clean()
            receipt.save(force_insert=True)
        except BaseException:
            receipt.scan.delete(save=False)
            raise
        left = rest - receipt.amount
        record(
            actor=actor,
            verb="payment.receive",
            target=payment,
            subjects=[payment.claim, payment.payee],
            summary=f"{payment.payee} 到账 {money(receipt.amount)} 元，"
            f"回执 {receipt.receipt_number}，{received_on.isoformat()}"
            + (f"，还有 {money(left)} 元没有到账" if left else ""),
            after={
                "amount": receipt.amount,
                "received_on": received_on,
                "receipt_number": receipt.receipt_number,
            },
            tag=TAG,
            tone="a" if left else "g",
        )
    return receipt


def transit_reason_record(
    *, payment: Payment, reason: str, actor: User, expected_on: dt.date | None = None
) -> TransitReason:
    """Say why the money has not arrived: the own street's people, or finance."""
    require(actor, STREET_ROLES | PAYERS, "滞留原因由本街道（乡镇）或财务登记。")
    reason = " ".join(reason.split())
    if not reason:
        raise BusinessError("请写明滞留原因。", field="reason")
    if expected_on is not None and expected_on < clock.today():
        raise BusinessError("预计到账日期已经过去，请改为以后的日期。", field="expected_on")
    with guarded():
        payment = locked_payment(payment, actor)
        if payment.place in {TransitPlace.ARRIVED, TransitPlace.REPLACED}:
            raise StaleState("这笔拨付已经到账或已重新拨付，不用再说明。")
        row = TransitReason(
            payment=payment,
            place=payment.place,
            reason=reason,
            expected_on=expected_on,
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        row.full_clean()
        row.save(force_insert=True)
        record(
            actor=actor,
            verb="payment.reason",
            target=payment,
            subjects=[payment.claim, payment.payee],
            summary=f"说明 {payment.payee} {money(payment.amount)} 元的滞留原因：{reason}"
            + (f"，预计 {expected_on.isoformat()} 到账" if expected_on else ""),
            after={"place": payment.place, "expected_on": expected_on},
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return row
