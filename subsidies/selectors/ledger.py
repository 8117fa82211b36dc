"""Verifying the books: every line computed again from its snapshot, every sum, person and date.

Reads in sets, whatever the number of lines, and never writes.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Sum

from estates.choices import CountStatus
from subsidies.calculations import (
    ClaimSums,
    LineFacts,
    LineFigures,
    MonthRule,
    claim_sums,
    facts_from_json,
    line_amount,
    months_served,
)
from subsidies.choices import SETTLED, SOURCE_OF, ClaimStage, ClaimStatus, Decision
from subsidies.models import ClaimAct, Payment, PublicNotice, SubsidyClaim, SubsidyLine
from xingyang_pm.common import clock
from xingyang_pm.common.workdays import add_workdays

from .differences import Difference
from .proof import proof_differences

CHUNK = 2000
# So many days of one estate in one month may be paid at most, as a part of the month.
_WHOLE = Decimal("1.0005")


@dataclass
class LedgerResult:
    """``checked`` lines of ``claims`` claims, and what differs."""

    checked: int = 0
    claims: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """What the desk shows: ``435 行无差异``."""
        if not self.differences:
            return f"{self.checked:,} 行无差异"
        first = self.differences[0]
        return (
            f"{self.checked:,} 行中 {len(self.differences)} 处差异："
            f"{first.where} {first.what} 应为 {first.expected}，实为 {first.found}"
        )


_LINE_FIELDS = (
    "claim",
    "estate",
    "estate__name",
    "month",
    "household_record",
    "households",
    "buildings",
    "rate_record",
    "rate",
    "engagement",
    "payee",
    "served_from",
    "served_to",
    "months",
    "coefficient",
    "deduction",
    "deduction_reason",
    "amount",
    "is_excluded",
    "explanation",
    "household_record__households",
    "household_record__buildings",
    "household_record__status",
    "household_record__effective_month",
    "household_record__entered_by",
    "household_record__decided_by",
    "rate_record__amount",
    "rate_record__effective_from",
)


@dataclass(frozen=True)
class _Row:
    claim: int
    estate: int
    estate_name: str
    month: dt.date
    household_record: int
    households: int
    buildings: int
    rate_record: int
    rate: Decimal
    engagement: int
    payee: int
    served_from: dt.date
    served_to: dt.date
    months: Decimal
    coefficient: Decimal
    deduction: Decimal
    deduction_reason: str
    amount: Decimal
    is_excluded: bool
    explanation: dict[str, Any]
    source_households: int
    source_buildings: int
    source_status: str
    source_since: dt.date
    source_entered_by: int
    source_decided_by: int | None
    source_rate: Decimal
    source_rate_since: dt.date

    @property
    def where(self) -> str:
        return f"{self.estate_name} {self.month:%Y-%m}"


def _amount_of(row: _Row) -> Decimal | None:
    try:
        return line_amount(row.households, row.rate, row.months, row.coefficient, row.deduction)
    except ValueError:
        return None


def _snapshot_of(row: _Row) -> LineFacts | None:
    try:
        return facts_from_json(row.explanation)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _pairs(row: _Row, facts: LineFacts) -> Iterator[tuple[str, Any, Any]]:
    """Yield (what, expected, found): the line against its snapshot and against its sources."""
    held = facts.deduction.amount if facts.deduction else Decimal("0.00")
    yield "月份", facts.month, row.month
    yield "户数", facts.count.households, row.households
    yield "楼栋数", facts.count.buildings, row.buildings
    yield "户数依据", facts.count.record, row.household_record
    yield "标准", facts.rate.amount, row.rate
    yield "标准依据", facts.rate.record, row.rate_record
    yield "合同依据", facts.service.record, row.engagement
    yield "接管单位", facts.service.payee, row.payee
    yield "月数", facts.months.value, row.months
    yield "补贴自", facts.months.first, row.served_from
    yield "补贴至", facts.months.last, row.served_to
    yield "系数", facts.coefficient, row.coefficient
    yield "扣减", held, row.deduction
    yield "不列入", bool(facts.excluded), row.is_excluded
    again = months_served(
        facts.month, facts.service.start, facts.service.end, MonthRule(facts.months.rule)
    )
    yield "月数", again.value, row.months
    yield "核定户数", row.source_households, row.households
    yield "核定楼栋数", row.source_buildings, row.buildings
    yield "登记标准", row.source_rate, row.rate
    yield "户数核定", CountStatus.VERIFIED.label, CountStatus(row.source_status).label
    if row.source_entered_by == row.source_decided_by:
        yield "户数核定人", "与录入人不同", "与录入人相同"
    if row.source_since > row.month:
        yield "户数执行月份", f"不晚于 {row.month:%Y-%m}", f"{row.source_since:%Y-%m}"
    if row.source_rate_since > row.month:
        yield "标准执行月份", f"不晚于 {row.month:%Y-%m}", f"{row.source_rate_since:%Y-%m}"


def _line_differences(row: _Row) -> Iterator[Difference]:
    amount = _amount_of(row)
    if amount is None or amount != row.amount:
        expected = "扣减不超过应补" if amount is None else str(amount)
        yield Difference("金额", row.where, expected, str(row.amount))
    facts = _snapshot_of(row)
    if facts is None:
        yield Difference("算法说明", row.where, "完整", "缺少或损坏")
        return
    for what, expected, found in _pairs(row, facts):
        if expected != found:
            yield Difference(what, row.where, str(expected), str(found))


@dataclass
class _Act:
    version: int
    stage: str
    decision: str
    actor: int
    name: str
    total: Decimal
    acted_at: dt.datetime


def _acts(claims: Any) -> dict[int, list[_Act]]:
    found: dict[int, list[_Act]] = defaultdict(list)
    rows = (
        ClaimAct.objects.filter(claim__in=claims)
        .order_by("claim", "acted_at", "pk")
        .values_list(
            "claim",
            "version",
            "stage",
            "decision",
            "actor",
            "actor__name",
            "total",
            "acted_at",
        )
    )
    for claim, *values in rows:
        found[claim].append(_Act(*values))
    return found


def _stages_before(claim: SubsidyClaim) -> list[str]:
    """Return the stages that must have been passed, once for each of their persons."""
    order = [*SOURCE_OF.values(), ClaimStatus.PAID]
    reached = order.index(ClaimStatus(claim.status))
    return [
        rule.stage.value
        for rule in claim.procedure.rules
        if order.index(rule.source) < reached
        for _ in range(rule.persons)
    ]


def _act_differences(claim: SubsidyClaim, acts: Sequence[_Act]) -> Iterator[Difference]:
    """Stages done, each by another person, in the order of time, with the claim's amount."""
    where = claim.number
    wanted = _stages_before(claim)
    done = [act for act in acts if act.version == claim.version and act.decision == Decision.PASS]
    stages = [act.stage for act in done]
    if stages != wanted:
        labels = dict(ClaimStage.choices)
        yield Difference(
            "经办记录",
            where,
            "、".join(labels[stage] for stage in wanted) or "没有",
            "、".join(labels[stage] for stage in stages) or "没有",
        )
    by_person: dict[int, set[str]] = defaultdict(set)
    for act in acts:
        by_person[act.actor].add(act.stage)
    for act in done:
        if len(by_person[act.actor]) > 1:
            yield Difference("经办人", where, "各不相同", f"{act.name} 经办两个环节")
            break
    last: dt.datetime | None = None
    for act in acts:
        if last is not None and act.acted_at < last:
            yield Difference("经办时间", where, "依次", act.acted_at.isoformat())
        last = act.acted_at
    if acts and acts[0].acted_at < claim.opened_at:
        yield Difference("经办时间", where, "不早于开账", acts[0].acted_at.isoformat())
    settled = [act for act in done if act.stage in {"approve", "pay"}]
    for act in settled:
        if act.total != claim.total:
            yield Difference("审批金额", where, str(act.total), str(claim.total))


@dataclass(frozen=True)
class _Paid:
    payee: int
    name: str
    amount: Decimal
    paid_on: dt.date
    recorded_by: int


def _payments(claims: Any) -> dict[int, list[_Paid]]:
    found: dict[int, list[_Paid]] = defaultdict(list)
    rows = Payment.objects.filter(claim__in=claims).values_list(
        "claim", "payee", "payee__name", "amount", "paid_on", "recorded_by"
    )
    for claim, *values in rows:
        found[claim].append(_Paid(*values))
    return found


def _payment_differences(
    claim: SubsidyClaim,
    owed: dict[int, Decimal],
    paid: Sequence[_Paid],
    acts: Sequence[_Act],
) -> Iterator[Difference]:
    if not paid and claim.status != ClaimStatus.PAID:
        return
    where = claim.number
    if paid and not claim.is_settled:
        yield Difference("拨付", where, "审批之后", claim.get_status_display())
    approved = [
        act.acted_at for act in acts if act.stage == "approve" and act.decision == Decision.PASS
    ]
    before = {act.actor for act in acts if act.stage != "pay"}
    for payment in paid:
        due = owed.get(payment.payee, Decimal("0.00"))
        if payment.amount != due:
            yield Difference(f"拨付 {payment.name}", where, str(due), str(payment.amount))
        if approved and payment.paid_on < approved[-1].astimezone(clock.SHANGHAI).date():
            yield Difference(
                f"拨付日期 {payment.name}", where, "不早于审批", payment.paid_on.isoformat()
            )
        if payment.recorded_by in before:
            yield Difference(f"拨付登记人 {payment.name}", where, "未经办前序", "经办过前序")
    if claim.status == ClaimStatus.PAID:
        missing = {payee for payee, due in owed.items() if due} - {p.payee for p in paid}
        if missing:
            yield Difference("拨付", where, "全部收款单位", f"缺 {len(missing)} 个")


def _notice_differences(
    claim: SubsidyClaim, acts: Sequence[_Act], notices: dict[tuple[int, int], PublicNotice]
) -> Iterator[Difference]:
    """What was approved must have been on notice for as many working days as its procedure says,
    and the approval must lie behind it."""
    if not claim.scheme.notice_days or not claim.is_settled:
        return
    notice = notices.get((claim.pk, claim.version))
    if notice is None:
        yield Difference("公示", claim.number, f"{claim.scheme.notice_days} 个工作日", "没有")
        return
    published = notice.published_at.astimezone(clock.SHANGHAI).date()
    last = add_workdays(published, claim.scheme.notice_days)
    if notice.ends_on < last:
        yield Difference("公示止期", claim.number, last.isoformat(), notice.ends_on.isoformat())
    over = clock.at(notice.ends_on + dt.timedelta(days=1), 0)
    for act in acts:
        approved = act.stage == ClaimStage.APPROVE and act.decision == Decision.PASS
        if approved and act.version == claim.version and act.acted_at < over:
            yield Difference("审批", claim.number, "公示期满以后", act.acted_at.isoformat())


def _sum_differences(claim: SubsidyClaim, sums: ClaimSums) -> Iterator[Difference]:
    for name in SubsidyClaim.SUMS:
        expected, found = getattr(sums, name), getattr(claim, name)
        if expected != found:
            label = str(SubsidyClaim._meta.get_field(name).verbose_name)
            yield Difference(label, claim.number, str(expected), str(found))


def _doubled(lines: Any) -> Iterator[Difference]:
    rows = (
        lines.filter(is_excluded=False)
        .order_by()
        .values_list("estate", "month")
        .annotate(
            parts=Count("pk"),
            paid=Sum("months"),
            contracts=Count("engagement", distinct=True),
            name=Min("estate__name"),
        )
        .filter(parts__gt=1)
    )
    for _, month, parts, paid, contracts, name in rows:
        if contracts < parts or paid > _WHOLE:
            yield Difference("一小区一月只补一次", f"{name} {month:%Y-%m}", "一次", f"{parts} 次")


def _rows(lines: Any) -> Iterable[_Row]:
    found = lines.order_by("claim", "estate__code", "served_from").values_list(*_LINE_FIELDS)
    for values in found.iterator(chunk_size=CHUNK):
        yield _Row(*values)


def verify_ledger(month: dt.date | None = None, *, settled_only: bool = False) -> LedgerResult:
    """Compute every line again to the fen and check sums, persons, dates and payments.

    ``month`` limits it to one month, ``settled_only`` to what was approved. A fixed number of
    queries; lines are streamed.
    """
    every = SubsidyClaim.objects.all()
    claims = (
        SubsidyClaim.objects.standing()
        .select_related("scheme")
        .prefetch_related("scheme__stages")
        .order_by("month", "street__code")
    )
    lines = SubsidyLine.objects.standing()
    if month is not None:
        every, claims = every.of_month(month), claims.of_month(month)
        lines = lines.filter(month=month)
    if settled_only:
        claims, lines = claims.settled(), lines.filter(claim__status__in=SETTLED)
    result = LedgerResult()
    figures: dict[int, list[LineFigures]] = defaultdict(list)
    owed: dict[int, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in _rows(lines):
        result.checked += 1
        result.differences.extend(_line_differences(row))
        figures[row.claim].append(
            LineFigures(
                row.estate,
                row.buildings,
                row.households,
                row.deduction,
                row.amount,
                row.is_excluded,
            )
        )
        if not row.is_excluded:
            owed[row.claim][row.payee] += row.amount
    keys = claims.order_by().values("pk")
    acts, payments = _acts(keys), _payments(keys)
    notices = {
        (notice.claim_id, notice.version): notice
        for notice in PublicNotice.objects.filter(claim__in=keys)
    }
    for claim in claims:
        result.claims += 1
        done, paid = acts.get(claim.pk, []), payments.get(claim.pk, [])
        result.differences.extend(_sum_differences(claim, claim_sums(figures[claim.pk])))
        result.differences.extend(_act_differences(claim, done))
        result.differences.extend(_notice_differences(claim, done, notices))
        result.differences.extend(_payment_differences(claim, owed[claim.pk], paid, done))
    result.differences.extend(_doubled(lines))
    result.differences.extend(proof_differences(every))
    return result
