"""The stages of a claim: each act by another person, one step at a time.

The act is written before the claim moves, in one transaction; of two people at once one wins.
"""

from accounts.models import User
from subsidies.choices import ClaimStage, ClaimStatus, Decision, StageRule
from subsidies.models import SubsidyClaim
from subsidies.selectors.checks import blocker, source_sentence
from xingyang_pm.common import clock, states
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import money
from xingyang_pm.common.scoping import assert_in_scope

from .notices import publish_notice
from .shared import (
    locked,
    passed_by,
    require_new_person,
    require_source,
    require_stage,
    require_standing,
    stage_rule,
    write_act,
)


def _figures(claim: SubsidyClaim) -> str:
    return f"{money(claim.total)} 元（{claim.estate_count} 个小区，{claim.household_count:,} 户）"


def _pass(
    claim: SubsidyClaim, stage: ClaimStage, actor: User, opinion: str, words: str
) -> SubsidyClaim:
    """Agree at ``stage``; the claim moves on once as many persons have as its procedure says."""
    with guarded():
        claim = locked(claim, actor)
        rule = stage_rule(claim, stage)
        require_stage(actor, rule, claim.street)
        require_source(claim, rule)
        require_new_person(claim, actor, rule)
        require_standing(claim)
        refusal = blocker(claim)
        if refusal:
            raise BusinessError(refusal, code="checks")
        write_act(claim, rule=rule, decision=Decision.PASS, actor=actor, opinion=opinion)
        before, missing = claim.status, rule.persons - passed_by(claim, rule)
        if not missing:
            states.move(claim, source=rule.source, target=rule.target, updated_at=clock.now())
            if claim.status == ClaimStatus.CHECKED:
                publish_notice(claim, actor)
        assert_in_scope(claim, actor)
        record(
            actor=actor,
            verb=f"claim.{stage.value}",
            target=claim,
            summary=f"{words}{clock.chinese_month(claim.month)}补贴 {_figures(claim)}"
            + (f"，还须 {missing} 人" if missing else ""),
            before={"status": before},
            after={
                "status": claim.status,
                "version": claim.version,
                "total": str(claim.total),
                "changes": source_sentence(claim),
            },
            reason=opinion.strip(),
            tag="补贴",
            tone="b",
        )
    return claim


def claim_submit(*, claim: SubsidyClaim, actor: User, opinion: str = "") -> SubsidyClaim:
    """The street's clerk sends the draft to the street's reviewer."""
    return _pass(claim, ClaimStage.SUBMIT, actor, opinion, "申报")


def claim_review(*, claim: SubsidyClaim, actor: User, opinion: str = "") -> SubsidyClaim:
    """The street's leader agrees and sends it to the bureau."""
    return _pass(claim, ClaimStage.REVIEW, actor, opinion, "审核同意上报")


def claim_check(*, claim: SubsidyClaim, actor: User, opinion: str = "") -> SubsidyClaim:
    """The bureau's manager has checked it."""
    return _pass(claim, ClaimStage.CHECK, actor, opinion, "复核通过")


def claim_approve(*, claim: SubsidyClaim, actor: User, opinion: str = "") -> SubsidyClaim:
    """The bureau's leader approves: from here on nothing changes any more."""
    return _pass(claim, ClaimStage.APPROVE, actor, opinion, "审批同意拨付")


def _back_to_draft(
    claim: SubsidyClaim, *, rule: StageRule, decision: Decision, actor: User, sentence: str
) -> None:
    write_act(claim, rule=rule, decision=decision, actor=actor, opinion=sentence)
    before, version = claim.status, claim.version
    states.move(
        claim,
        source=before,
        target=ClaimStatus.DRAFT,
        version=version + 1,
        updated_at=clock.now(),
    )
    word = decision.label
    record(
        actor=actor,
        verb=f"claim.{decision.value}",
        target=claim,
        summary=f"{word}{clock.chinese_month(claim.month)}补贴第 {version} 版"
        + (f"：{sentence}" if sentence else ""),
        before={"status": before, "version": version},
        after={"status": claim.status, "version": claim.version},
        reason=sentence,
        tag="补贴",
        tone="a",
    )


def claim_return(*, claim: SubsidyClaim, actor: User, sentence: str) -> SubsidyClaim:
    """Whoever's turn it is sends the claim back to the street's draft, saying what to put right.

    The draft becomes the next version.
    """
    sentence = " ".join(sentence.split())
    if not sentence:
        raise BusinessError("请写明退回的原因，街道照此改正。", field="sentence")
    with guarded():
        claim = locked(claim, actor)
        rule = claim.turn
        if rule is None or not rule.may_return:
            raise StaleState(
                f"这份申报现在是“{claim.get_status_display()}”，不能退回。"
                + ("已审批的只能在以后月份补发或扣回。" if claim.is_settled else "")
            )
        require_stage(actor, rule, claim.street)
        require_new_person(claim, actor, rule)
        _back_to_draft(claim, rule=rule, decision=Decision.RETURN, actor=actor, sentence=sentence)
        assert_in_scope(claim, actor)
    return claim


def claim_withdraw(*, claim: SubsidyClaim, actor: User, sentence: str = "") -> SubsidyClaim:
    """Whoever sent the claim on takes it back, until the next person has acted."""
    with guarded():
        claim = locked(claim, actor)
        rule = claim.procedure.sent_by(claim.status)
        if rule is None:
            raise StaleState(
                f"这份申报现在是“{claim.get_status_display()}”，不能撤回。"
                + ("已审批的只能在以后月份补发或扣回。" if claim.is_settled else "")
            )
        acts = claim.acts.of_version(claim.version)
        if claim.turn is not None and acts.agreed(claim.turn.stage).exists():
            raise StaleState("下一环节已有人办理，不能撤回。")
        if not acts.agreed(rule.stage).filter(actor=actor).exists():
            raise NotPermitted("只有报送的本人可以撤回，而且要在下一环节办理之前。")
        require_stage(actor, rule, claim.street)
        _back_to_draft(
            claim,
            rule=rule,
            decision=Decision.WITHDRAW,
            actor=actor,
            sentence=" ".join(sentence.split()),
        )
        assert_in_scope(claim, actor)
    return claim
