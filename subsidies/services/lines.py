"""Changing what a line pays, always with a reason: by the street in its draft, by the bureau
while it checks."""

from decimal import Decimal

from accounts.models import User
from inspections.models import Inspection, RectificationOrder
from subsidies.calculations import (
    BasisFacts,
    DeductionFacts,
    LineFacts,
    Paper,
    facts_from_json,
    facts_to_json,
)
from subsidies.choices import StageRule
from subsidies.models import SubsidyClaim, SubsidyLine
from xingyang_pm.common import clock
from xingyang_pm.common.audit import changes, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import fen, money

from .shared import locked, refresh_sums, require_new_person, require_stage, require_standing

ADJUSTED = (
    "deduction",
    "deduction_reason",
    "deduction_order",
    "deduction_inspection",
    "is_excluded",
    "exclusion_reason",
    "amount",
)
Basis = RectificationOrder | Inspection
REASON_LENGTH = 200


def _editable(line: SubsidyLine, actor: User) -> tuple[SubsidyClaim, SubsidyLine, StageRule]:
    """Return claim (locked), line and stage in which ``actor`` may change the line now."""
    claim = locked(line.claim, actor)
    rule = claim.procedure.editing(claim.status)
    if rule is None:
        raise StaleState(
            f"这份申报现在是“{claim.get_status_display()}”，明细不能改动。"
            "街道申报时由街道经办、中心复核时由科室负责人调整。"
        )
    require_stage(actor, rule, claim.street)
    require_new_person(claim, actor, rule)
    require_standing(claim)
    found = claim.lines.select_related("estate").filter(pk=line.pk).first()
    if found is None:
        raise StaleState("这一行已重新核算，请刷新后再看。")
    return claim, found, rule


def _reason(text: str, what: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise BusinessError(f"请写明{what}的原因。", field="reason")
    if len(text) > REASON_LENGTH:
        raise BusinessError(f"原因最多 {REASON_LENGTH} 个字。", field="reason")
    return text


def _write(
    claim: SubsidyClaim,
    line: SubsidyLine,
    facts: LineFacts,
    *,
    actor: User,
    rule: StageRule,
    verb: str,
    summary: str,
    before: dict,
    reason: str,
) -> SubsidyLine:
    line.amount = facts.amount
    line.explanation = facts_to_json(facts)
    line.adjusted_by, line.adjusted_stage, line.adjusted_at = actor, rule.stage, clock.now()
    line.full_clean(exclude=SubsidyLine.COMPUTED)
    line.save(
        update_fields=[
            *ADJUSTED,
            "explanation",
            "adjusted_by",
            "adjusted_stage",
            "adjusted_at",
        ]
    )
    refresh_sums(claim)
    old, new = changes(before, snapshot(line, ADJUSTED))
    record(
        actor=actor,
        verb=verb,
        target=line,
        summary=summary,
        subjects=[claim, line.estate],
        before=old,
        after={**new, "total": str(claim.total)},
        reason=reason,
        tag="补贴",
        tone="b",
    )
    return line


def _basis_facts(basis: Basis | None) -> BasisFacts | None:
    if basis is None:
        return None
    paper = Paper.ORDER if isinstance(basis, RectificationOrder) else Paper.INSPECTION
    return BasisFacts(paper, basis.pk, str(basis.number))


def _require_basis(line: SubsidyLine, basis: Basis | None) -> None:
    """Raise unless ``basis`` is of the line's estate and tells of something that was wrong."""
    if basis is None:
        return
    found = basis.inspection if isinstance(basis, RectificationOrder) else basis
    if found.estate_id != line.estate_id:
        raise BusinessError("选的检查或整改单不是这个小区的，请重新选择。", field="basis")
    if not found.failed_count:
        raise BusinessError("这次检查没有不合格项，不能作扣减的依据。", field="basis")


def line_deduct(
    *,
    line: SubsidyLine,
    amount: Decimal,
    reason: str,
    actor: User,
    basis: Basis | None = None,
) -> SubsidyLine:
    """Hold back ``amount`` yuan of a line with a reason; 0 takes the deduction away.

    ``basis`` is the rectification order or the inspection behind it. In the draft by the
    street's clerk, at the check by the bureau's manager. The claim's sums are written anew.
    """
    with guarded():
        claim, line, rule = _editable(line, actor)
        held = fen(amount)
        facts = facts_from_json(line.explanation)
        if held < 0:
            raise BusinessError("扣减不能是负数。", field="amount")
        if held > facts.gross:
            raise BusinessError(
                f"扣减 {money(held)} 元超过应补 {money(facts.gross)} 元，请改小。", field="amount"
            )
        before = snapshot(line, ADJUSTED)
        text = _reason(reason, "扣减") if held else " ".join(reason.split())
        rests_on = basis if held else None
        _require_basis(line, rests_on)
        line.deduction, line.deduction_reason = held, text if held else ""
        line.deduction_order = rests_on if isinstance(rests_on, RectificationOrder) else None
        line.deduction_inspection = rests_on if isinstance(rests_on, Inspection) else None
        told = _basis_facts(rests_on)
        deduction = DeductionFacts(held, text, actor.name, clock.today(), told) if held else None
        by_paper = f"（{told.number}）" if told else ""
        summary = (
            f"扣减 {line.estate} {money(held)} 元：{text}{by_paper}"
            if held
            else f"取消 {line.estate} 的扣减"
        )
        return _write(
            claim,
            line,
            facts.with_deduction(deduction),
            actor=actor,
            rule=rule,
            verb="line.deduct",
            summary=summary,
            before=before,
            reason=text,
        )


def line_exclude(*, line: SubsidyLine, reason: str, actor: User) -> SubsidyLine:
    """Leave a line out of the claim, with a reason; it stays visible and counts nowhere."""
    with guarded():
        claim, line, rule = _editable(line, actor)
        if line.is_excluded:
            raise StaleState(f"{line.estate} 已经不列入。")
        before = snapshot(line, ADJUSTED)
        line.is_excluded, line.exclusion_reason = True, _reason(reason, "不列入")
        facts = facts_from_json({**line.explanation, "excluded": line.exclusion_reason})
        return _write(
            claim,
            line,
            facts,
            actor=actor,
            rule=rule,
            verb="line.exclude",
            summary=f"不列入 {line.estate}（{money(line.amount)} 元）：{line.exclusion_reason}",
            before=before,
            reason=line.exclusion_reason,
        )


def line_include(*, line: SubsidyLine, actor: User) -> SubsidyLine:
    """Take a line that was left out back into the claim."""
    with guarded():
        claim, line, rule = _editable(line, actor)
        if not line.is_excluded:
            raise StaleState(f"{line.estate} 已经列入。")
        before = snapshot(line, ADJUSTED)
        line.is_excluded, line.exclusion_reason = False, ""
        facts = facts_from_json({**line.explanation, "excluded": ""})
        return _write(
            claim,
            line,
            facts,
            actor=actor,
            rule=rule,
            verb="line.include",
            summary=f"重新列入 {line.estate}（{money(line.amount)} 元）",
            before=before,
            reason="",
        )
