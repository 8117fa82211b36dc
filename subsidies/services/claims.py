"""Opening a month and computing a draft anew: lines are a snapshot of what is verified now."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from estates.models import Street
from subsidies.calculations import (
    ClaimSums,
    DeductionFacts,
    LineFigures,
    claim_sums,
    facts_from_json,
    facts_to_json,
)
from subsidies.choices import CLAIM_OPENERS, ClaimStatus
from subsidies.models import ClaimGap, ClaimScheme, SubsidyClaim, SubsidyLine, SubsidyRate
from subsidies.selectors.changes import (
    LineChange,
    changes_between,
    estate_names,
    stored_lines,
)
from subsidies.selectors.computing import (
    Computation,
    ComputedLine,
    compute_month,
    rate_in_force,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import money
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope

from .shared import locked

# So many differences of a new computation stand in the audit entry one by one.
CHANGES_KEPT = 200


@dataclass(frozen=True)
class MonthOpening:
    """What became of opening a month: the claims opened, and the streets left out with why."""

    month: dt.date
    opened: Sequence[SubsidyClaim]
    skipped: Sequence[tuple[Street, str]]

    @property
    def sentence(self) -> str:
        """What the desk shows of the last run."""
        total = sum((claim.total for claim in self.opened), start=claim_sums([]).total)
        month = clock.chinese_month(self.month)
        if not self.opened:
            return f"{month}没有新开的申报"
        return f"{month}开账 {len(self.opened)} 个街道（乡镇），{money(total)} 元"


def _line(claim: SubsidyClaim, computed: ComputedLine) -> SubsidyLine:
    facts = computed.facts
    return SubsidyLine(
        claim=claim,
        estate_id=computed.estate,
        month=facts.month,
        household_record_id=facts.count.record,
        households=facts.count.households,
        buildings=facts.count.buildings,
        rate_record_id=facts.rate.record,
        rate=facts.rate.amount,
        engagement_id=facts.service.record,
        payee_id=facts.service.payee,
        served_from=facts.months.first,
        served_to=facts.months.last,
        months=facts.months.value,
        coefficient=facts.coefficient,
        coefficient_table_id=facts.assessment.table if facts.assessment else None,
        assessment_id=(facts.assessment.record or None) if facts.assessment else None,
        amount=facts.amount,
        explanation=facts_to_json(facts),
    )


def _figures(lines: Iterable[SubsidyLine]) -> ClaimSums:
    return claim_sums(
        LineFigures(
            line.estate_id,
            line.buildings,
            line.households,
            line.deduction,
            line.amount,
            line.is_excluded,
        )
        for line in lines
    )


def _write_gaps(claim: SubsidyClaim, computation: Computation) -> None:
    ClaimGap.objects.bulk_create(
        ClaimGap(claim=claim, estate_id=gap.estate, reason=gap.reason, detail=gap.detail)
        for gap in computation.gaps
    )


def _require_month(month: dt.date, rate: SubsidyRate | None) -> SubsidyRate:
    if month.day != 1:
        raise BusinessError("月份须为某月1日。", field="month")
    if month > clock.month_start(clock.today()):
        raise BusinessError(
            f"{clock.chinese_month(month)}还没有到，不能开账。", field="month", code="future"
        )
    if rate is None:
        raise BusinessError(
            f"{clock.chinese_month(month)}没有补贴标准，请先登记标准再开账。",
            field="month",
            code="no_rate",
        )
    return rate


def claim_open(*, street: Street, month: dt.date, actor: User | None = None) -> SubsidyClaim:
    """Open the claim of ``street`` for ``month`` (its first day) and compute its lines.

    ``actor`` is None when the calendar opens it. Raises :class:`BusinessError`: code ``exists``
    if there is one already, ``future``, ``no_rate``, ``nothing`` if no old estate is in service.
    Sixteen queries at most for any number of lines, but for the batches of the insert.
    """
    if actor is not None:
        require(
            actor, CLAIM_OPENERS, "开账由街道经办或房管中心科室负责人办理，也会在每月1日自动开账。"
        )
        assert_in_scope(street, actor)
    rate = _require_month(month, rate_in_force(month))
    scheme = ClaimScheme.objects.in_force(month).first()
    if scheme is None:
        raise BusinessError(
            f"{clock.chinese_month(month)}没有办理规程，请先登记规程再开账。",
            field="month",
            code="no_scheme",
        )
    if SubsidyClaim.objects.standing().filter(street=street, month=month).exists():
        raise BusinessError(
            f"{street.name}{clock.chinese_month(month)}的申报已经开账。",
            field="month",
            code="exists",
        )
    computation = compute_month(street, month, rate)
    if not computation.in_service:
        raise BusinessError(
            f"{street.name}{clock.chinese_month(month)}没有纳入物业服务的老旧小区，不用申报。",
            field="street",
            code="nothing",
        )
    moment = clock.now()
    with guarded():
        number = next_number(f"claim-{month:%Y-%m}", month.year)
        claim = SubsidyClaim(
            number=f"BT-{month:%Y-%m}-{number:03d}",
            street=street,
            month=month,
            scheme=scheme,
            opened_by=actor,
            opened_at=moment,
            computed_at=moment,
            updated_at=moment,
        )
        lines = [_line(claim, computed) for computed in computation.lines]
        sums = _figures(lines)
        for name in SubsidyClaim.SUMS:
            setattr(claim, name, getattr(sums, name))
        claim.save(force_insert=True)
        SubsidyLine.objects.bulk_create(lines)
        _write_gaps(claim, computation)
        record(
            actor=actor,
            verb="claim.open",
            target=claim,
            summary=(
                f"开账{clock.chinese_month(month)}补贴申报，核算 {sums.estate_count} 个小区，"
                f"{sums.household_count:,} 户，{money(sums.total)} 元"
                + (f"，{len(computation.gaps)} 个未能计算" if computation.gaps else "")
            ),
            after=snapshot(claim, SubsidyClaim.SUMS),
            tag="补贴",
            tone="b" if actor else "",
        )
    return claim


def month_open(*, month: dt.date, actor: User | None = None) -> MonthOpening:
    """Open ``month`` for every street that has old estates in service and no claim yet.

    Each street is a transaction of its own: one that is refused leaves the others standing.
    """
    _require_month(month, rate_in_force(month))
    opened: list[SubsidyClaim] = []
    skipped: list[tuple[Street, str]] = []
    streets = Street.objects.order_by("code")
    if actor is not None:
        require(actor, CLAIM_OPENERS)
        streets = streets.visible_to(actor)
    for street in streets:
        try:
            opened.append(claim_open(street=street, month=month, actor=actor))
        except BusinessError as error:
            skipped.append((street, error.message))
    return MonthOpening(month, opened, skipped)


def _carried_over(claim: SubsidyClaim, lines: list[SubsidyLine]) -> None:
    """Take deductions and exclusions of the old lines over to the new ones.

    A line is found again by estate and engagement, else by estate. A deduction that exceeds the
    new amount is cut to it.
    """
    old = list(claim.lines.adjusted().select_related("adjusted_by"))
    by_service = {(item.estate_id, item.engagement_id): item for item in old}
    by_estate = {item.estate_id: item for item in old}
    used: set[int] = set()
    for line in lines:
        match = by_service.get((line.estate_id, line.engagement_id)) or by_estate.get(
            line.estate_id
        )
        if match is None or match.pk in used:
            continue
        used.add(match.pk)
        facts = facts_from_json(line.explanation)
        line.deduction = min(match.deduction, facts.gross)
        line.deduction_reason = match.deduction_reason if line.deduction else ""
        if line.deduction:
            line.deduction_order_id = match.deduction_order_id
            line.deduction_inspection_id = match.deduction_inspection_id
        line.is_excluded, line.exclusion_reason = match.is_excluded, match.exclusion_reason
        line.adjusted_by, line.adjusted_at = match.adjusted_by, match.adjusted_at
        line.adjusted_stage = match.adjusted_stage
        held = None
        if line.deduction:
            told = match.facts.deduction
            held = DeductionFacts(
                line.deduction,
                line.deduction_reason,
                told.by if told else "",
                told.on if told else None,
                told.basis if told else None,
            )
        facts = replace(facts, deduction=held, excluded=line.exclusion_reason)
        line.amount = facts.amount
        line.explanation = facts_to_json(facts)


def claim_recompute(*, claim: SubsidyClaim, actor: User) -> list[LineChange]:
    """Compute a draft anew from what is verified and in force now; return what differs.

    Deductions and exclusions are kept. Nothing but the time of computing is written when
    nothing differs.
    """
    require(actor, CLAIM_OPENERS, "重新核算由街道经办或房管中心科室负责人办理。")
    with guarded():
        claim = locked(claim, actor)
        if claim.status != ClaimStatus.DRAFT:
            raise StaleState(
                f"这份申报现在是“{claim.get_status_display()}”，只有在街道申报环节可以重新核算。"
            )
        rate = _require_month(claim.month, rate_in_force(claim.month))
        stored = stored_lines(claim)
        computation = compute_month(claim.street, claim.month, rate)
        changes = changes_between(stored, computation, estate_names(computation, stored))
        before = snapshot(claim, SubsidyClaim.SUMS)
        lines = [_line(claim, computed) for computed in computation.lines]
        _carried_over(claim, lines)
        claim.lines.all().delete()
        claim.gaps.all().delete()
        SubsidyLine.objects.bulk_create(lines)
        _write_gaps(claim, computation)
        sums = _figures(lines)
        for name in SubsidyClaim.SUMS:
            setattr(claim, name, getattr(sums, name))
        claim.computed_at = claim.updated_at = clock.now()
        claim.save(update_fields=[*SubsidyClaim.SUMS, "computed_at", "updated_at"])
        record(
            actor=actor,
            verb="claim.recompute",
            target=claim,
            summary=(
                f"重新核算{clock.chinese_month(claim.month)}补贴，"
                + (f"{len(changes)} 处不同" if changes else "没有不同")
                + f"，合计 {money(claim.total)} 元"
            ),
            before=before,
            after={
                **snapshot(claim, SubsidyClaim.SUMS),
                "changes": [change.sentence for change in changes[:CHANGES_KEPT]],
            },
            tag="补贴",
        )
    return changes
