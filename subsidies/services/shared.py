"""What the acts on a claim have in common: lock, person, sums."""

from accounts.choices import Role
from accounts.models import User
from estates.models import Street
from subsidies.calculations import ClaimSums, LineFigures, claim_sums
from subsidies.choices import ClaimStage, SealedKind, StageRule
from subsidies.models import ClaimAct, ClaimVoid, SubsidyClaim
from subsidies.selectors.chain import sealed_act
from subsidies.selectors.persons import part_of
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.errors import BusinessError, StaleState

from .sealing import seal


def locked(claim: SubsidyClaim, actor: User) -> SubsidyClaim:
    """Return ``claim`` as it now stands, its row locked; must run inside the transaction.

    Raises :class:`BusinessError` when ``actor`` does not see it.
    """
    found = (
        SubsidyClaim.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("street", "scheme")
        .filter(pk=claim.pk)
        .first()
    )
    if found is None:
        raise BusinessError("这份申报不属于你所在的街道（乡镇），没有办理。", code="out_of_scope")
    return found


def require_stage(actor: User, rule: StageRule, street: Street) -> None:
    """Raise unless ``actor`` holds the role of the stage, in the street's office if it is the
    street's own."""
    where = f"{street.name}的" if rule.own_street else "房管中心"
    require(actor, [rule.role], f"“{rule.stage.label}”由{where}{Role(rule.role).label}办理。")
    if rule.own_street and actor.office_id != street.office_id:
        raise BusinessError("这份申报不属于你所在的街道（乡镇），没有办理。", code="out_of_scope")


def stage_rule(claim: SubsidyClaim, stage: ClaimStage) -> StageRule:
    """Return the rule of ``stage`` in the claim's procedure.

    Raises :class:`BusinessError` when the procedure leaves the stage out.
    """
    rule = claim.procedure.of(stage)
    if rule is None:
        raise BusinessError(f"《{claim.scheme.document_title}》没有“{stage.label}”这个环节。")
    return rule


def require_standing(claim: SubsidyClaim) -> None:
    """Raise while somebody has proposed that the claim be void."""
    proposed = ClaimVoid.objects.filter(claim=claim).select_related("proposed_by").first()
    if proposed is not None:
        raise BusinessError(
            f"{proposed.proposed_by.name}已提出作废这份申报，先确认或撤回作废再办理。",
            code="void_proposed",
        )


def require_source(claim: SubsidyClaim, rule: StageRule) -> None:
    """Raise :class:`StaleState` unless the claim stands where the stage begins."""
    if claim.status != rule.source:
        raise StaleState(
            f"这份申报现在是“{claim.get_status_display()}”，不能办理“{rule.stage.label}”，"
            "请刷新后再看。"
        )


def require_new_person(claim: SubsidyClaim, actor: User, rule: StageRule) -> None:
    """Raise unless ``actor`` has had no part in another stage of the claim, in any version."""
    part = part_of(claim, actor)
    if part is not None and part.stage != rule.stage:
        raise BusinessError(
            f"你在这份申报中{part.words}，不能再办“{rule.stage.label}”，请换一人办理。",
            code="person_twice",
        )


def passed_by(claim: SubsidyClaim, rule: StageRule) -> int:
    """Return how many persons have agreed at the stage in this version."""
    return claim.acts.of_version(claim.version).agreed(rule.stage).count()


def write_act(
    claim: SubsidyClaim, *, rule: StageRule, decision: str, actor: User, opinion: str = ""
) -> ClaimAct:
    """Write the act that lets the claim move; the database refuses a move without it."""
    act = ClaimAct(
        claim=claim,
        version=claim.version,
        stage=rule.stage,
        decision=decision,
        actor=actor,
        opinion=opinion.strip(),
        total=claim.total,
        acted_at=clock.now(),
    )
    act.full_clean()
    act.save(force_insert=True)
    seal(SealedKind.ACT, act.pk, sealed_act(act))
    return act


def sums_of(claim: SubsidyClaim) -> ClaimSums:
    """Return the sums of the claim's lines as they now stand; one query."""
    rows = claim.lines.values_list(
        "estate", "buildings", "households", "deduction", "amount", "is_excluded"
    )
    return claim_sums(LineFigures(*row) for row in rows)


def refresh_sums(claim: SubsidyClaim) -> None:
    """Write the sums of the lines onto the claim."""
    sums = sums_of(claim)
    for name in SubsidyClaim.SUMS:
        setattr(claim, name, getattr(sums, name))
    claim.updated_at = clock.now()
    claim.save(update_fields=[*SubsidyClaim.SUMS, "updated_at"])
