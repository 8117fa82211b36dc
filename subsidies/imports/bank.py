"""The bank's or the treasury's workbook of payments: matched, not matched, other amount, known.

A row that belongs to nothing, or whose amount is another one, writes nothing and stops nothing: it
stands among the remarks, for a person to look at. Unreadable cells stop the whole workbook.
"""

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Model

from accounts.models import User
from enterprises.models import Provider
from subsidies import services
from subsidies.choices import (
    PAYERS,
    ClaimStage,
    ClaimStatus,
    Decision,
    PaymentOutcome,
    TransitPlace,
)
from subsidies.models import ClaimAct, PayeeAccount, Payment, SubsidyClaim, SubsidyLine
from subsidies.selectors.payee_accounts import number_digest
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers.cells import CellError, decimal_of, refuse_lost_digits, text_of
from xingyang_pm.common.ledgers.columns import (
    LedgerColumn,
    choice,
    comparison_key,
    date,
    name,
    text,
)
from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.ledgers.registry import LedgerDefinition, register
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.money import money

LEDGER = "bank_results"
MATCHED, UNMATCHED, DIFFERS, KNOWN = "匹配", "未匹配", "金额不符", "已登记过"
# A voucher that the office wrote otherwise than the bank is still the same payment so near to it.
NEAR = dt.timedelta(days=7)
_SPACES = re.compile(r"[\s\-]")
_OUTCOMES = {
    "成功": PaymentOutcome.SUCCESS.value,
    "支付成功": PaymentOutcome.SUCCESS.value,
    "交易成功": PaymentOutcome.SUCCESS.value,
    "已支付": PaymentOutcome.SUCCESS.value,
    "退回": PaymentOutcome.FAILED.value,
    "退票": PaymentOutcome.FAILED.value,
    "退汇": PaymentOutcome.FAILED.value,
    "失败": PaymentOutcome.FAILED.value,
}


def amount_cell(value: Any) -> Decimal:
    """Read yuan as the bank writes them: a number cell above zero with two decimals at most.

    Text is refused even where a person could read it: what is typed as text no formula of the
    workbook's own sum has counted.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CellError("{label}应为数字格式的金额，不能是文字。请改为 2460.00 这样的数字。")
    refuse_lost_digits(value)
    number = decimal_of(value)
    if number <= 0:
        raise CellError("{label}须大于零。请改正。")
    if number != number.quantize(Decimal("0.01")):
        raise CellError("{label}最多两位小数。请改正。")
    return number.quantize(Decimal("0.01"))


def account_cell(value: Any) -> str:
    """Read an account: digits, or digits and ``*`` where the bank masks them."""
    refuse_lost_digits(value)
    digits = _SPACES.sub("", unicodedata.normalize("NFKC", text_of(value)))
    if not re.fullmatch(r"[0-9*]{4,40}", digits):
        raise CellError("{label}应为数字，单元格设为文本格式。请照回单改正。")
    return digits


# The empty form gives its column the format of text: Excel cuts a number to 15 digits.
account_cell.keeps_text = True

COLUMNS = [
    LedgerColumn(
        "holder", "收款单位", ["户名", "收款人", "收款人名称", "收款单位/户名", "收款人户名"],
        parse=name(80), required=True, example="郑州怡馨物业服务有限公司",
    ),
    LedgerColumn(
        "account", "账号", ["收款账号", "银行账号", "收款人账号"], parse=account_cell, secret=True,
        example="文本格式", hint="设为文本格式，银行遮住中间几位的照抄。",
    ),
    LedgerColumn(
        "amount", "金额", ["金额（元）", "交易金额", "支付金额", "发生额"], parse=amount_cell,
        required=True, typed=True, example="2460.00", hint="数字格式，元，两位小数，不能是公式。",
    ),
    LedgerColumn(
        "voucher", "凭证号", ["流水号", "支付凭证号", "凭证号/流水号", "交易流水号"],
        parse=text(40), required=True, example="GK202611001",
    ),
    LedgerColumn(
        "day", "日期", ["交易日期", "支付日期", "拨付日期"], parse=date(), required=True,
        example="2026-11-18",
    ),
    LedgerColumn(
        "outcome", "结果", ["处理结果", "交易结果", "状态"],
        parse=choice(_OUTCOMES, offered=["成功", "退回"]), required=True, example="成功",
    ),
    LedgerColumn("reason", "退回原因", ["失败原因", "退票原因", "备注"], parse=text(200)),
]  # fmt: skip


@dataclass(frozen=True)
class Owed:
    """What a payee is owed by one claim: not yet paid, or paid and come back (``returned``)."""

    claim: SubsidyClaim
    payee: int
    amount: Decimal
    approved_on: dt.date
    returned: Payment | None = None

    @property
    def words(self) -> str:
        return f"{self.claim.street.name}{clock.chinese_month(self.claim.month)}"


@dataclass(frozen=True)
class Entry:
    """What one row does: a result for ``payment``, or a payment of ``owed`` with its result."""

    payee: Provider
    payment: Payment | None = None
    owed: Owed | None = None
    account: PayeeAccount | None = None


class _Unmatched(Exception):
    def __init__(self, word: str, column: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word, self.column, self.sentence = word, column, sentence


class _Planner:
    """Holds the rows against payments and what is owed; reads set by set, writes nothing."""

    def __init__(self, rows: Sequence[LedgerRow], actor: User) -> None:
        self.actor = actor
        accounts = PayeeAccount.objects.visible_to(actor).confirmed().select_related("provider")
        self.by_digest: dict[str, list[PayeeAccount]] = defaultdict(list)
        self.by_payee: dict[int, list[PayeeAccount]] = defaultdict(list)
        self.by_name: dict[str, dict[int, Provider]] = defaultdict(dict)
        for account in accounts.order_by("effective_from", "pk"):
            self.by_digest[account.number_digest].append(account)
            self.by_payee[account.provider_id].append(account)
            for known in (account.holder, account.provider.name, account.provider.short_name):
                if known:
                    found = self.by_name[comparison_key(known)]
                    found[account.provider_id] = account.provider
        self.payments = list(
            Payment.objects.visible_to(actor)
            .with_transit()
            .select_related("claim__street", "payee")
            .order_by("paid_on", "pk")
        )
        self.owed = self._owed()
        self.taken: set[Any] = set()

    def _owed(self) -> dict[int, list[Owed]]:
        claims = {
            claim.pk: claim
            for claim in SubsidyClaim.objects.visible_to(self.actor)
            .filter(status__in=[ClaimStatus.APPROVED, ClaimStatus.PAID])
            .select_related("street")
        }
        approved = {
            claim: moment.astimezone(clock.SHANGHAI).date()
            for claim, moment in ClaimAct.objects.filter(
                claim__in=claims, stage=ClaimStage.APPROVE, decision=Decision.PASS
            )
            .order_by("acted_at")
            .values_list("claim", "acted_at")
        }
        waiting = [pk for pk, claim in claims.items() if claim.status == ClaimStatus.APPROVED]
        paid = {(row.claim_id, row.payee_id) for row in self.payments}
        sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
        lines = SubsidyLine.objects.filter(claim__in=waiting).included()
        for claim, payee, amount in lines.values_list("claim", "payee", "amount"):
            sums[claim, payee] += amount
        found: dict[int, list[Owed]] = defaultdict(list)
        for (claim, payee), amount in sums.items():
            if amount and (claim, payee) not in paid:
                found[payee].append(Owed(claims[claim], payee, amount, approved[claim]))
        for row in self.payments:
            if row.place == TransitPlace.RETURNED and row.claim_id in claims:
                found[row.payee_id].append(
                    Owed(claims[row.claim_id], row.payee_id, row.amount, row.failed_on, row)
                )
        for entries in found.values():
            entries.sort(key=lambda item: (item.claim.month, item.claim.pk))
        return found

    # --- whose row it is ---

    def payee(self, row: LedgerRow) -> tuple[Provider, PayeeAccount | None]:
        """Return the payee of a row, and its account where the number stands in full."""
        named = self.by_name.get(comparison_key(row["holder"]), {})
        number = row.get("account", "")
        if not number or "*" in number:
            tail = number[-4:] if number else ""
            fitting = [
                provider
                for provider in named.values()
                if not tail or any(a.tail == tail for a in self.by_payee[provider.pk])
            ]
            if len(fitting) != 1:
                what = "没有这个收款单位" if not fitting else "有几个收款单位同名"
                raise _Unmatched(UNMATCHED, "holder", f"{what}，或账号尾号对不上，没有登记。")
            return fitting[0], None
        accounts = self.by_digest.get(number_digest(number), [])
        own = [account for account in accounts if account.provider_id in named]
        if not own:
            what = "户名与账号对不上" if accounts or named else "没有这个收款单位"
            raise _Unmatched(UNMATCHED, "holder", f"{what}，没有登记。请核对回单。")
        return own[-1].provider, own[-1]

    # --- what it does ---

    def entry(self, row: LedgerRow) -> Entry | None:
        """Return what the row does, None if it is known already. Raises :class:`_Unmatched`."""
        payee, account = self.payee(row)
        payment = self._payment(row, payee)
        if payment is not None:
            return self._result(row, payee, payment)
        return self._pay(row, payee, account)

    def _payment(self, row: LedgerRow, payee: Provider) -> Payment | None:
        own = [payment for payment in self.payments if payment.payee_id == payee.pk]
        key = comparison_key(row["voucher"])
        said = next((p for p in own if comparison_key(p.voucher_number) == key), None)
        if said is not None:
            return said
        near = [
            payment
            for payment in own
            if payment.amount == row["amount"]
            and payment.succeeded_on is None
            and payment.failed_on is None
            and payment.pk not in self.taken
            and abs(payment.paid_on - row["day"]) <= NEAR
        ]
        return near[0] if len(near) == 1 else None

    def _result(self, row: LedgerRow, payee: Provider, payment: Payment) -> Entry | None:
        if payment.amount != row["amount"]:
            raise _Unmatched(
                DIFFERS,
                "amount",
                f"已登记的拨付是 {money(payment.amount)} 元，回单是 {money(row['amount'])} 元，"
                "没有登记。",
            )
        if row["day"] < payment.paid_on:
            raise _Unmatched(
                UNMATCHED, "day", f"日期早于拨付日期 {payment.paid_on.isoformat()}，没有登记。"
            )
        if row["outcome"] == PaymentOutcome.SUCCESS:
            if payment.failed_on is not None:
                raise _Unmatched(UNMATCHED, "outcome", "这笔拨付已记为退回，不能再记成功。")
            return None if payment.succeeded_on else Entry(payee, payment)
        if payment.failed_on is not None:
            return None
        if payment.received or payment.arrived_on is not None:
            raise _Unmatched(UNMATCHED, "outcome", "这笔拨付已有收款登记，不能记为退回。")
        return Entry(payee, payment)

    def _pay(self, row: LedgerRow, payee: Provider, account: PayeeAccount | None) -> Entry:
        owed = [item for item in self.owed.get(payee.pk, []) if item not in self.taken]
        if not owed:
            raise _Unmatched(UNMATCHED, "holder", "这个收款单位现在没有待拨的补贴，没有登记。")
        fitting = [item for item in owed if item.amount == row["amount"]]
        if not fitting:
            wanted = "、".join(f"{item.words} {money(item.amount)} 元" for item in owed[:3])
            raise _Unmatched(
                DIFFERS,
                "amount",
                f"待拨的是{wanted}，回单是 {money(row['amount'])} 元，没有登记。",
            )
        found = fitting[0]
        if row["day"] < found.approved_on:
            raise _Unmatched(
                UNMATCHED,
                "day",
                f"日期早于{'退回' if found.returned else '审批'}日期"
                f" {found.approved_on.isoformat()}，没有登记。",
            )
        begun = [a for a in self.by_payee[payee.pk] if a.effective_from <= row["day"]]
        if account is not None and (not begun or begun[-1].number_digest != account.number_digest):
            raise _Unmatched(UNMATCHED, "holder", "账号不是拨付当日的现用账户，没有登记。请核对。")
        return Entry(payee, owed=found, account=begun[-1] if account is not None else None)

    # --- all rows ---

    def plan(self, rows: Sequence[LedgerRow]) -> ImportPlan:
        plan = ImportPlan()
        plan.tally.update({MATCHED: 0, UNMATCHED: 0, DIFFERS: 0, KNOWN: 0})
        for row in rows:
            if self._refused(plan, row):
                continue
            try:
                entry = self.entry(row)
            except _Unmatched as told:
                plan.tally[told.word] += 1
                plan.warn(row, told.column, f"{told.word}：{told.sentence}")
                plan.keep(row)
                continue
            if entry is None:
                plan.tally[KNOWN] += 1
                plan.keep(row)
                continue
            plan.tally[MATCHED] += 1
            self.taken.add(entry.payment.pk if entry.payment else entry.owed)
            plan.create(row, entry.payee.name, note=_note(row, entry), payload=entry)
        return plan

    def _refused(self, plan: ImportPlan, row: LedgerRow) -> bool:
        before = len(plan.errors)
        if row["day"] > clock.today():
            plan.refuse(row, "day", "日期还没有到。请改为回单上的日期。")
        if row["outcome"] == PaymentOutcome.FAILED and not row.get("reason"):
            plan.refuse(row, "reason", "退回的须写明退回原因。请照回单补填。")
        return len(plan.errors) > before


def _note(row: LedgerRow, entry: Entry) -> str:
    word = str(PaymentOutcome(row["outcome"]).label)
    amount = f"{money(row['amount'])} 元"
    if entry.payment is not None:
        claim = entry.payment.claim
        return f"{claim.street.name}{clock.chinese_month(claim.month)} {amount}，记银行结果：{word}"
    owed = entry.owed
    act = "重新拨付" if owed is not None and owed.returned else "登记拨付"
    return f"{owed.words if owed else ''} {amount}，{act}并记银行结果：{word}"


def plan(rows: Sequence[LedgerRow], actor: User) -> ImportPlan:
    return _Planner(rows, actor).plan(rows)


def _paid(entry: Entry, row: LedgerRow, actor: User) -> Payment:
    """Record the payment that the row proves, and return it."""
    owed = entry.owed
    if owed is None:
        raise ValueError("a row without a payment pays what is owed")
    given = services.PaymentEntry(entry.payee, row["voucher"], row["day"], entry.account)
    if owed.returned is not None:
        return services.payment_repay(payment=owed.returned, entry=given, actor=actor)
    services.claim_pay(claim=owed.claim, entries=[given], actor=actor)
    return Payment.objects.get(claim=owed.claim, payee=entry.payee, attempt=1)


def commit(plan: ImportPlan, actor: User, batch: ImportBatch) -> Iterable[Model]:
    """Record every matched row; raises as the services do, and then nothing is written."""
    for item in plan.created:
        entry: Entry = item.payload
        row = item.row
        payment = entry.payment
        if payment is None:
            payment = _paid(entry, row, actor)
            yield payment
        yield services.payment_result_record(
            payment=payment,
            outcome=row["outcome"],
            happened_on=row["day"],
            reason=row.get("reason", ""),
            reference=row["voucher"],
            batch=batch,
            actor=actor,
        )


def register_bank_ledger() -> None:
    """Make the bank's workbook known to the importer; called when the app is ready."""
    register(
        LedgerDefinition(
            code=LEDGER,
            title="银行回单",
            noun="笔",
            columns=COLUMNS,
            plan=plan,
            commit=commit,
            roles=PAYERS,
            unit="元",
            duplicates=DuplicateTracker(
                key=lambda row: (
                    comparison_key(row["voucher"]),
                    comparison_key(row["holder"]),
                    row["outcome"],
                ),
                column="voucher",
                sentence=lambda row: "同一凭证号同一收款单位写了两次。请删去其中一行。",
            ),
            template_notes=[
                "一行一笔。金额用数字格式，账号用文本格式。",
                "先按凭证号找已登记的拨付，没有的按收款单位、账号和金额找待拨的补贴，月份早的在先。",
            ],
        )
    )
