"""Where the demo city's subsidy comes from and goes: invented accounts, budgets, receipts."""

import datetime as dt
import io
from decimal import Decimal
from functools import cache

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from enterprises.models import Provider
from subsidies.choices import BudgetKind, PaymentRoute
from subsidies.models import FundingSource, Payment
from subsidies.services.funding import budget_record, funding_register, funding_route_change
from subsidies.services.payee_accounts import account_confirm, account_enter
from subsidies.services.payments import PaymentEntry
from subsidies.services.transit import (
    payment_repay,
    payment_result_record,
    receipt_record,
    street_arrival_record,
    transit_reason_record,
)
from xingyang_pm.common import clock

from .people import Cast

BANKS = ("建行荥阳支行", "农商行荥阳支行", "工行荥阳支行", "邮储银行荥阳支行", "中行荥阳支行")
OPENED = dt.date(2017, 3, 21)


def account_number(index: int) -> str:
    """Return an invented number: no bank's numbers begin with 00."""
    return f"0041018200{index:04d}{(index * 7919 + 3317) % 10**5:05d}"


def accounts_make(cast: Cast) -> None:
    """Give every provider an account before the first payment."""
    for index, provider in enumerate(Provider.objects.order_by("code"), start=1):
        number = account_number(index)
        with clock.freeze(clock.at(OPENED, 9)):
            account = account_enter(
                provider=provider,
                holder=provider.name,
                bank=BANKS[index % len(BANKS)],
                number=number,
                effective_from=OPENED,
                basis="开户许可证复印件",
                actor=cast.finance,
            )
        with clock.freeze(clock.at(OPENED, 15)):
            account_confirm(account=account, number=number, actor=cast.manager)


# --- Sources, budgets -------------------------------------------------------------------------

BUDGETS = {2017: Decimal(2_600_000)}
PER_YEAR = Decimal(4_300_000)


def source_make(cast: Cast) -> FundingSource:
    """Register the city's money, which pays by default, and the budget of 2017."""
    with clock.freeze(clock.at(OPENED, 16)):
        source = funding_register(
            name="市级财政",
            route=PaymentRoute.DIRECT,
            default_from=dt.date(2017, 1, 1),
            document_title="荥阳市老旧小区物业管理补贴资金安排",
            document_number="荥财预〔2017〕12号",
            actor=cast.finance,
        )
        _budget(source, 2017, BUDGETS[2017], cast)
    return source


def _budget(source: FundingSource, year: int, amount: Decimal, cast: Cast) -> None:
    budget_record(
        source=source,
        year=year,
        kind=BudgetKind.INITIAL,
        amount=amount,
        document_title=f"{year}年部门预算批复",
        document_number=f"荥财预〔{year}〕12号",
        actor=cast.finance,
    )


def budgets_present(source: FundingSource, cast: Cast, today: dt.date) -> None:
    """Budget the years of the last twelve months, and let the money go by the streets."""
    first = clock.add_months(today, -12)
    for year in range(first.year, today.year + 1):
        with clock.freeze(clock.at(min(dt.date(year, 1, 15), today), 10)):
            _budget(source, year, PER_YEAR, cast)
    with clock.freeze(clock.at(first, 10)):
        funding_route_change(
            source=source,
            route=PaymentRoute.STREET,
            reason="国库集中支付改由街道（乡镇）转拨",
            actor=cast.finance,
        )
    with clock.freeze(clock.at(today, 8)):
        budget_record(
            source=source,
            year=today.year,
            kind=BudgetKind.ADJUST,
            amount=Decimal(-200_000),
            reason="年中压减一般性支出",
            document_title="年中预算调整方案",
            document_number=f"荥财预〔{today.year}〕41号",
            actor=cast.finance,
        )


# --- What became of the payments --------------------------------------------------------------


def payments_settle(cast: Cast, today: dt.date) -> None:
    """Let the money of all payments arrive, but for a few of the newest that tell a story."""
    payments = list(
        Payment.objects.select_related("claim__street", "payee").order_by("paid_on", "pk")
    )
    newest = [row for row in payments if row.paid_on > today - dt.timedelta(days=45)]
    stories = dict(zip((row.pk for row in newest), _STORIES, strict=False))
    for payment in payments:
        _settle(payment, cast, today, stories.get(payment.pk, "arrived"))


# Of the newest payments, in their order: one lies with the street, one came back and was paid
# again, one of which a part is withheld, one that the treasury has sent and nobody has seen.
_STORIES = ("street", "returned", "part", "sent")


def _on(payment: Payment, days: int, today: dt.date) -> dt.date:
    return min(payment.paid_on + dt.timedelta(days=days), today)


def _settle(payment: Payment, cast: Cast, today: dt.date, story: str) -> None:
    clerk = cast.clerks[payment.claim.street.code]
    if story == "sent":
        return
    if story == "returned":
        with clock.freeze(clock.at(_on(payment, 2, today), 10)):
            _result(payment, "failed", cast, "收款账号户名不符")
        day = _on(payment, 4, today)
        with clock.freeze(clock.at(day, 15)):
            entry = PaymentEntry(payment.payee, f"{payment.voucher_number}B", day)
            payment = payment_repay(payment=payment, entry=entry, actor=cast.finance)
    with clock.freeze(clock.at(_on(payment, 1, today), 16)):
        _result(payment, "success", cast)
    if payment.route == PaymentRoute.STREET:
        day = _on(payment, 3, today)
        with clock.freeze(clock.at(day, 11)):
            street_arrival_record(
                payment=payment,
                arrived_on=day,
                voucher_number=f"JZ{payment.pk:05d}",
                actor=clerk,
            )
    day = _on(payment, 6, today)
    if story == "street":
        with clock.freeze(clock.at(_on(payment, 17, today), 9)):
            transit_reason_record(
                payment=payment,
                reason="收款单位账户年检，等银行恢复收款后转拨",
                actor=clerk,
            )
        return
    part = payment.amount if story != "part" else (payment.amount * 9 / 10).quantize(Decimal("1"))
    with clock.freeze(clock.at(day, 17)):
        receipt_record(
            payment=payment,
            amount=part,
            received_on=day,
            receipt_number=f"HZ{payment.pk:05d}",
            scan=ContentFile(_receipt_scan(), name="到账回执.png"),
            actor=clerk,
        )


def _result(payment: Payment, outcome: str, cast: Cast, reason: str = "") -> None:
    payment_result_record(
        payment=payment,
        outcome=outcome,
        happened_on=clock.today(),
        reference=payment.voucher_number,
        reason=reason,
        actor=cast.finance,
    )


@cache
def _receipt_scan() -> bytes:
    """Return a white sheet with a frame: a paper stands there, and shows nobody's name."""
    sheet = Image.new("L", (420, 297), 255)
    ImageDraw.Draw(sheet).rectangle((20, 20, 400, 277), outline=120, width=2)
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    return stream.getvalue()
