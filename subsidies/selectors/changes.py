"""What has changed since a claim was computed, and what that means for its month."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from estates.models import Estate, HouseholdCount
from subsidies.calculations import gross_amount, plain_number
from subsidies.models import SubsidyClaim
from xingyang_pm.common import clock

from .computing import Computation, compute_month, rate_in_force


@dataclass(frozen=True)
class StoredLine:
    """What a line was computed from, as far as it is compared."""

    pk: int
    estate: int
    estate_name: str
    household_record: int
    households: int
    buildings: int
    rate_record: int
    rate: Decimal
    engagement: int
    payee_name: str
    months: Decimal
    coefficient: Decimal

    @property
    def gross(self) -> Decimal:
        return gross_amount(self.households, self.rate, self.months, self.coefficient)


@dataclass(frozen=True)
class LineChange:
    """One difference between a stored line and what would be computed now.

    ``what`` names the source (户数, 标准, 接管单位, 月数, 新列入, 不再列入); ``effect`` is in yuan.
    """

    estate: int
    estate_name: str
    what: str
    before: str
    after: str
    effect: Decimal

    @property
    def sentence(self) -> str:
        if not self.before:
            return f"{self.estate_name} {self.what}：{self.after}"
        if not self.after:
            return f"{self.estate_name} {self.what}：原为 {self.before}"
        return f"{self.estate_name} {self.what} {self.before} 改为 {self.after}"


@dataclass(frozen=True)
class LaterCount:
    """A verified count of an estate of the claim that takes effect in a later month."""

    estate: int
    estate_name: str
    households: int
    since: dt.date
    verified_on: dt.date

    @property
    def sentence(self) -> str:
        day = f"{self.verified_on.month}月{self.verified_on.day}日"
        return (
            f"{self.estate_name} {day}新核定 {self.households} 户，"
            f"自 {clock.chinese_month(self.since)}起执行，不影响本月"
        )


_STORED_FIELDS = (
    "pk",
    "estate",
    "estate__name",
    "household_record",
    "households",
    "buildings",
    "rate_record",
    "rate",
    "engagement",
    "payee__name",
    "months",
    "coefficient",
)


def stored_lines(claim: SubsidyClaim) -> list[StoredLine]:
    """Return the lines of ``claim`` in the order of the estates' codes; one query."""
    rows = claim.lines.order_by("estate__code", "served_from").values_list(*_STORED_FIELDS)
    return [StoredLine(*row) for row in rows]


def _compare(line: StoredLine, computed: "_Fresh") -> list[LineChange]:
    changes = []
    effect = computed.gross - line.gross

    def add(what: str, before: str, after: str) -> None:
        # The effect is that of the whole line and is told once.
        told = Decimal("0.00") if changes else effect
        changes.append(LineChange(line.estate, line.estate_name, what, before, after, told))

    if (line.households, line.buildings) != (computed.households, computed.buildings):
        if line.households != computed.households:
            add("户数", f"{line.households} 户", f"{computed.households} 户")
        else:
            add("楼栋数", f"{line.buildings} 栋", f"{computed.buildings} 栋")
    elif line.household_record != computed.count_record:
        add("户数依据", "原核定", f"新核定，仍为 {computed.households} 户")
    if line.rate_record != computed.rate_record:
        add("标准", f"{line.rate:.2f} 元", f"{computed.rate:.2f} 元")
    if line.engagement != computed.engagement:
        add("接管单位", line.payee_name, computed.payee_name)
    elif line.months != computed.months:
        add("月数", plain_number(line.months), plain_number(computed.months))
    if line.coefficient != computed.coefficient:
        add("系数", plain_number(line.coefficient, 1), plain_number(computed.coefficient, 1))
    return changes


@dataclass(frozen=True)
class _Fresh:
    count_record: int
    households: int
    buildings: int
    rate_record: int
    rate: Decimal
    engagement: int
    payee_name: str
    months: Decimal
    coefficient: Decimal
    gross: Decimal


def changes_between(
    stored: Sequence[StoredLine], computation: Computation, names: dict[int, str]
) -> list[LineChange]:
    """Return the differences, in the order of the stored lines, new ones last.

    ``names`` gives the names of estates that are new. Payees of one estate are matched by
    engagement, else in the order of time.
    """
    fresh: dict[int, list[_Fresh]] = {}
    for line in computation.lines:
        facts = line.facts
        fresh.setdefault(line.estate, []).append(
            _Fresh(
                facts.count.record,
                facts.count.households,
                facts.count.buildings,
                facts.rate.record,
                facts.rate.amount,
                facts.service.record,
                facts.service.payee_name,
                facts.months.value,
                facts.coefficient,
                facts.gross,
            )
        )
    changes: list[LineChange] = []
    for line in stored:
        candidates = fresh.get(line.estate, [])
        match = next((c for c in candidates if c.engagement == line.engagement), None)
        match = match or (candidates[0] if candidates else None)
        if match is None:
            changes.append(
                LineChange(
                    line.estate,
                    line.estate_name,
                    "不再列入",
                    f"{line.households} 户，{line.payee_name}",
                    "",
                    -line.gross,
                )
            )
            continue
        candidates.remove(match)
        changes.extend(_compare(line, match))
    for estate, rest in fresh.items():
        changes.extend(
            LineChange(
                estate,
                names.get(estate, ""),
                "新列入",
                "",
                f"{line.households} 户，{line.payee_name}",
                line.gross,
            )
            for line in rest
        )
    return changes


def estate_names(computation: Computation, stored: Iterable[StoredLine]) -> dict[int, str]:
    """Return the names of estates that are computed now and not stored; one query at most."""
    known = {line.estate for line in stored}
    new = {line.estate for line in computation.lines} - known
    if not new:
        return {}
    return dict(Estate.objects.filter(pk__in=new).values_list("pk", "name"))


def source_changes(claim: SubsidyClaim) -> list[LineChange]:
    """Return what would be different if ``claim`` were computed now: five queries."""
    rate = rate_in_force(claim.month)
    if rate is None:
        return []
    computation = compute_month(claim.street, claim.month, rate)
    stored = stored_lines(claim)
    return changes_between(stored, computation, estate_names(computation, stored))


def later_counts(claim: SubsidyClaim) -> list[LaterCount]:
    """Return counts verified since ``claim`` was computed that take effect after its month."""
    rows = (
        HouseholdCount.objects.verified()
        .filter(
            estate__in=claim.lines.values("estate"),
            effective_month__gt=claim.month,
            decided_at__gte=claim.computed_at,
        )
        .order_by("estate__code", "effective_month")
        .values_list("estate", "estate__name", "households", "effective_month", "decided_at")
    )
    return [
        LaterCount(estate, name, households, since, at.astimezone(clock.SHANGHAI).date())
        for estate, name, households, since, at in rows
    ]
