"""The arithmetic of the household subsidy: pure, decimal, and able to explain itself.

Months served by rule, the amount of one line, and the explanation of that amount as an
equation with one reason per factor. Nothing here knows a database; the facts of a line go to
JSON and come back, so that years later the line still says by what it was computed.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from xingyang_pm.common.chain import Factor
from xingyang_pm.common.money import fen

FOUR_PLACES = Decimal("0.0001")
ONE = Decimal("1")
ZERO = Decimal("0.00")


class MonthRule(StrEnum):
    """How a takeover within a month counts.

    ``FIRST_DAY``: the month counts whole when the service covers its first day.
    ``BY_DAYS``: days served by days of the month, four decimals.
    """

    FIRST_DAY = "first_day"
    BY_DAYS = "by_days"


@dataclass(frozen=True)
class Months:
    """How much of a month counts, and for which days of it.

    ``first``..``last`` are the days that the money is for; None when none counts.
    """

    value: Decimal
    rule: MonthRule
    days: int
    days_in_month: int
    first: dt.date | None
    last: dt.date | None


def days_in_month(month: dt.date) -> int:
    return monthrange(month.year, month.month)[1]


def months_served(
    month: dt.date, start: dt.date, end: dt.date | None, rule: MonthRule = MonthRule.FIRST_DAY
) -> Months:
    """Return how much of ``month`` counts for a service from ``start`` to ``end`` (inclusive).

    ``month`` is its first day; an empty ``end`` means until further notice. The value is in
    months: 1, 0, or under ``BY_DAYS`` a fraction of four decimals, halves up.
    """
    length = days_in_month(month)
    last_day = month.replace(day=length)
    first = max(start, month)
    last = min(end, last_day) if end else last_day
    days = max((last - first).days + 1, 0)
    if rule == MonthRule.FIRST_DAY:
        counts = days > 0 and first == month
        return Months(
            ONE if counts else Decimal(0),
            rule,
            days,
            length,
            month if counts else None,
            last_day if counts else None,
        )
    value = (Decimal(days) / Decimal(length)).quantize(FOUR_PLACES, rounding=ROUND_HALF_UP)
    return Months(value, rule, days, length, first if days else None, last if days else None)


def gross_amount(
    households: int, rate: Decimal, months: Decimal, coefficient: Decimal = ONE
) -> Decimal:
    """Return households × rate × months × coefficient in yuan, rounded to the fen, halves up."""
    return fen(households * rate * months * coefficient)


def line_amount(
    households: int,
    rate: Decimal,
    months: Decimal,
    coefficient: Decimal = ONE,
    deduction: Decimal = ZERO,
) -> Decimal:
    """Return what a line pays in yuan: the gross amount less the deduction.

    Raises ``ValueError`` when the deduction is negative or exceeds the gross amount.
    """
    gross = gross_amount(households, rate, months, coefficient)
    if deduction < 0 or deduction > gross:
        raise ValueError(f"the deduction {deduction} does not fit into {gross}")
    return gross - fen(deduction)


# --- The facts of a line ---------------------------------------------------------------------


@dataclass(frozen=True)
class CountFacts:
    """Households: how many, since when, who entered and who verified them, by which paper."""

    record: int
    households: int
    buildings: int
    since: dt.date
    entered_by: str
    verified_by: str
    verified_on: dt.date | None = None
    evidence: str = ""


@dataclass(frozen=True)
class RateFacts:
    """Yuan per household and month, since when, by which document, and its month rule."""

    record: int
    amount: Decimal
    since: dt.date
    title: str
    number: str = ""
    rule: MonthRule = MonthRule.FIRST_DAY


@dataclass(frozen=True)
class ServiceFacts:
    """Who serves the estate and is paid, from when to when, by which contract."""

    record: int
    payee: int
    payee_name: str
    start: dt.date
    end: dt.date | None = None
    contract: str = ""


@dataclass(frozen=True)
class AssessmentFacts:
    """Why the coefficient is what it is: the table in force, and the inspection of the month with
    its score; ``record`` 0 where there was none, which leaves the coefficient at 1."""

    table: int
    title: str
    record: int = 0
    number: str = ""
    score: Decimal | None = None


def coefficient_of(score: Decimal, bands: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """Return the coefficient of the highest band, a pair of least score and coefficient, that
    ``score`` reaches. Raises ``ValueError`` when it reaches none."""
    reached = [band for band in bands if band[0] <= score]
    if not reached:
        raise ValueError(f"no band for {score}")
    return max(reached)[1]


@dataclass(frozen=True)
class BasisFacts:
    """What a deduction rests on: ``paper`` is an order or an inspection, ``number`` its own."""

    paper: "Paper"
    record: int
    number: str


@dataclass(frozen=True)
class DeductionFacts:
    """What is held back and why; ``by`` and ``on`` who decided it and when; ``basis`` the order or
    the inspection behind it."""

    amount: Decimal
    reason: str
    by: str = ""
    on: dt.date | None = None
    basis: "BasisFacts | None" = None


@dataclass(frozen=True)
class LineFacts:
    """All that one line rests on. ``excluded`` is the reason why it is left out, if it is."""

    month: dt.date
    count: CountFacts
    rate: RateFacts
    service: ServiceFacts
    months: Months
    coefficient: Decimal = ONE
    deduction: DeductionFacts | None = None
    assessment: AssessmentFacts | None = None
    excluded: str = ""

    @property
    def gross(self) -> Decimal:
        return gross_amount(
            self.count.households, self.rate.amount, self.months.value, self.coefficient
        )

    @property
    def amount(self) -> Decimal:
        held = self.deduction.amount if self.deduction else ZERO
        return line_amount(
            self.count.households, self.rate.amount, self.months.value, self.coefficient, held
        )

    def with_deduction(self, deduction: DeductionFacts | None) -> "LineFacts":
        return replace(self, deduction=deduction)


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


def _date(value: str | None) -> dt.date | None:
    return dt.date.fromisoformat(value) if value else None


def facts_to_json(facts: LineFacts) -> dict[str, Any]:
    """Return ``facts`` as JSON holds them: decimals and dates as text."""
    data: dict[str, Any] = {
        "month": facts.month.isoformat(),
        "count": {
            "record": facts.count.record,
            "households": facts.count.households,
            "buildings": facts.count.buildings,
            "since": facts.count.since.isoformat(),
            "entered_by": facts.count.entered_by,
            "verified_by": facts.count.verified_by,
            "verified_on": _day(facts.count.verified_on),
            "evidence": facts.count.evidence,
        },
        "rate": {
            "record": facts.rate.record,
            "amount": str(facts.rate.amount),
            "since": facts.rate.since.isoformat(),
            "title": facts.rate.title,
            "number": facts.rate.number,
            "rule": str(facts.rate.rule),
        },
        "service": {
            "record": facts.service.record,
            "payee": facts.service.payee,
            "payee_name": facts.service.payee_name,
            "start": facts.service.start.isoformat(),
            "end": _day(facts.service.end),
            "contract": facts.service.contract,
        },
        "months": {
            "value": str(facts.months.value),
            "rule": str(facts.months.rule),
            "days": facts.months.days,
            "days_in_month": facts.months.days_in_month,
            "first": _day(facts.months.first),
            "last": _day(facts.months.last),
        },
        "coefficient": str(facts.coefficient),
        "deduction": None,
        "excluded": facts.excluded,
    }
    told = facts.assessment
    if told:  # left out where there is none, as it was before there was any
        data["assessment"] = {
            "table": told.table,
            "title": told.title,
            "record": told.record,
            "number": told.number,
            "score": None if told.score is None else str(told.score),
        }
    if facts.deduction:
        data["deduction"] = {
            "amount": str(facts.deduction.amount),
            "reason": facts.deduction.reason,
            "by": facts.deduction.by,
            "on": _day(facts.deduction.on),
        }
        basis = facts.deduction.basis
        if basis:  # left out where there is none, as it was before there was any
            data["deduction"]["basis"] = {
                "paper": str(basis.paper),
                "record": basis.record,
                "number": basis.number,
            }
    return data


def _assessment_from_json(data: dict[str, Any] | None) -> AssessmentFacts | None:
    if data is None:
        return None
    score = None if data["score"] is None else Decimal(data["score"])
    return AssessmentFacts(data["table"], data["title"], data["record"], data["number"], score)


def _basis_from_json(data: dict[str, Any] | None) -> BasisFacts | None:
    if data is None:
        return None
    return BasisFacts(Paper(data["paper"]), data["record"], data["number"])


def facts_from_json(data: dict[str, Any]) -> LineFacts:
    """Return the facts that :func:`facts_to_json` wrote.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` (``decimal.InvalidOperation`` is an
    ``ArithmeticError``) when something is missing or is no number.
    """
    count, rate, service, months = data["count"], data["rate"], data["service"], data["months"]
    held = data.get("deduction")
    return LineFacts(
        month=dt.date.fromisoformat(data["month"]),
        count=CountFacts(
            record=count["record"],
            households=count["households"],
            buildings=count["buildings"],
            since=dt.date.fromisoformat(count["since"]),
            entered_by=count["entered_by"],
            verified_by=count["verified_by"],
            verified_on=_date(count["verified_on"]),
            evidence=count["evidence"],
        ),
        rate=RateFacts(
            record=rate["record"],
            amount=Decimal(rate["amount"]),
            since=dt.date.fromisoformat(rate["since"]),
            title=rate["title"],
            number=rate["number"],
            rule=MonthRule(rate["rule"]),
        ),
        service=ServiceFacts(
            record=service["record"],
            payee=service["payee"],
            payee_name=service["payee_name"],
            start=dt.date.fromisoformat(service["start"]),
            end=_date(service["end"]),
            contract=service["contract"],
        ),
        months=Months(
            value=Decimal(months["value"]),
            rule=MonthRule(months["rule"]),
            days=months["days"],
            days_in_month=months["days_in_month"],
            first=_date(months["first"]),
            last=_date(months["last"]),
        ),
        coefficient=Decimal(data["coefficient"]),
        deduction=DeductionFacts(
            amount=Decimal(held["amount"]),
            reason=held["reason"],
            by=held["by"],
            on=_date(held["on"]),
            basis=_basis_from_json(held.get("basis")),
        )
        if held
        else None,
        excluded=data.get("excluded", ""),
        assessment=_assessment_from_json(data.get("assessment")),
    )


# --- The explanation -------------------------------------------------------------------------


class Paper(StrEnum):
    """What kind of record a reason points to."""

    COUNT = "count"
    RATE = "rate"
    SERVICE = "service"
    ORDER = "order"
    INSPECTION = "inspection"


@dataclass(frozen=True)
class LineReason:
    """Why one factor is what it is. ``paper`` and ``record`` name the record behind it, and
    ``link`` is the word under which it is opened."""

    label: str
    text: str
    paper: Paper | None = None
    record: int = 0
    link: str = ""


@dataclass(frozen=True)
class LineExplanation:
    """An amount that explains itself: the equation first, then one reason per factor."""

    equation: Sequence[Factor]
    reasons: Sequence[LineReason]

    @property
    def sentence(self) -> str:
        """The equation as one line of text: ``142户×10.00元/户·月×1个月＝1,420.00元``."""
        return "".join(
            f"{factor.op.replace('=', '＝')}{factor.value}{factor.unit}" for factor in self.equation
        )


def plain_number(value: Decimal, least: int = 0) -> str:
    """Return ``value`` without closing zeros, but with at least ``least`` decimals."""
    text = f"{value.normalize():f}"
    whole, _, rest = text.partition(".")
    rest = rest.ljust(least, "0")
    return f"{whole}.{rest}" if rest else whole


def _month(day: dt.date) -> str:
    return f"{day.year}年{day.month}月"


def _day_of(day: dt.date) -> str:
    return f"{day.month}月{day.day}日"


def _count_reason(facts: LineFacts) -> LineReason:
    count = facts.count
    text = (
        f"{count.households:,} 户，{_month(count.since)}起执行。"
        f"录入 {count.entered_by}，核定 {count.verified_by}"
    )
    return LineReason("户数", text, Paper.COUNT, count.record, f"户数清册（{count.buildings} 栋）")


def _rate_reason(facts: LineFacts) -> LineReason:
    rate = facts.rate
    number = f"（{rate.number}）" if rate.number else ""
    return LineReason(
        "标准",
        f"每户每月 {rate.amount:,.2f} 元，{_month(rate.since)}起执行",
        Paper.RATE,
        rate.record,
        f"{rate.title}{number}",
    )


def months_sentence(months: Months, month: dt.date) -> str:
    """Return why a month counts as it does, in words."""
    if months.rule == MonthRule.FIRST_DAY:
        if months.value:
            return f"{month.month}月1日已在接管期内，计 1 个月（月首日规则）"
        return f"{month.month}月1日不在接管期内，不计（月首日规则）"
    if months.first is None or months.last is None:
        return f"{month.month}月没有接管日，不计（按日规则）"
    return (
        f"{_day_of(months.first)}至{_day_of(months.last)}接管 {months.days} 天，"
        f"本月 {months.days_in_month} 天，计 {plain_number(months.value)} 个月（按日规则）"
    )


def _months_reason(facts: LineFacts) -> LineReason:
    service = facts.service
    until = f"至 {service.end.isoformat()}" if service.end else "起"
    return LineReason(
        "月数",
        months_sentence(facts.months, facts.month),
        Paper.SERVICE,
        service.record,
        f"{service.payee_name} 服务合同 {service.start.isoformat()} {until}",
    )


def _deduction_reason(held: DeductionFacts) -> LineReason:
    by = f"。{held.by}" if held.by else ""
    on = f"，{held.on.isoformat()}" if held.on else ""
    text = f"{held.amount:,.2f} 元，{held.reason.rstrip('。')}{by}{on}"
    basis = held.basis
    if basis is None:
        return LineReason("扣减", text)
    return LineReason("扣减", text, basis.paper, basis.record, basis.number)


def _coefficient_reason(facts: LineFacts) -> LineReason:
    value, told = plain_number(facts.coefficient, 1), facts.assessment
    if told is None:
        return LineReason("系数", f"{value}，考核系数档次未启用")
    if told.score is None:
        return LineReason("系数", f"{value}，本月没有已确认的四有检查。《{told.title}》")
    text = f"{value}，四有检查得 {plain_number(told.score)} 分。《{told.title}》"
    return LineReason("系数", text, Paper.INSPECTION, told.record, told.number)


def explain(facts: LineFacts) -> LineExplanation:
    """Return the explanation of a line: the same order on screen, in print and for an audit."""
    factors = [
        Factor(f"{facts.count.households:,}", "户"),
        Factor(f"{facts.rate.amount:,.2f}", "元/户·月", "×"),
        Factor(plain_number(facts.months.value), "个月", "×"),
        Factor(plain_number(facts.coefficient, 1), "系数", "×"),
    ]
    reasons = [
        _count_reason(facts),
        _rate_reason(facts),
        _months_reason(facts),
        _coefficient_reason(facts),
    ]
    if facts.deduction and facts.deduction.amount:
        factors.append(Factor(f"{facts.deduction.amount:,.2f}", "扣减", "−"))
        reasons.append(_deduction_reason(facts.deduction))
    factors.append(Factor(f"{facts.amount:,.2f}", "元", "=", result=True))
    if facts.excluded:
        reasons.append(LineReason("不列入", facts.excluded))
    return LineExplanation(tuple(factors), tuple(reasons))


# --- Sums ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineFigures:
    """What a line brings into the sums of its claim."""

    estate: int
    buildings: int
    households: int
    deduction: Decimal
    amount: Decimal
    excluded: bool = False


@dataclass(frozen=True)
class ClaimSums:
    """Sums over the lines that are not left out.

    An estate whose month is split between two payees is one estate; its buildings and
    households are counted once.
    """

    estate_count: int
    building_count: int
    household_count: int
    deduction_total: Decimal
    total: Decimal


def claim_sums(lines: Iterable[LineFigures]) -> ClaimSums:
    """Return the sums of a claim. Sums of rounded lines, never a product of sums."""
    estates: dict[int, tuple[int, int]] = {}
    deduction, total = ZERO, ZERO
    for line in lines:
        if line.excluded:
            continue
        estates[line.estate] = (line.buildings, line.households)
        deduction += line.deduction
        total += line.amount
    return ClaimSums(
        len(estates),
        sum(buildings for buildings, _ in estates.values()),
        sum(households for _, households in estates.values()),
        fen(deduction),
        fen(total),
    )
