"""The stages of a claim as a person reads them: who did what when, and who is waited for."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from accounts.choices import Role
from accounts.models import User
from subsidies.choices import ClaimStage, ClaimStatus, Decision, StageRule
from subsidies.models import ClaimAct, PublicNotice, SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.chain import Stage
from xingyang_pm.common.formats import moment_label, span_label

from .persons import Part, parts_in


def acts_of(claim: SubsidyClaim) -> list[ClaimAct]:
    """Return all acts on ``claim`` with their persons, in the order of time; one query."""
    return list(claim.acts.select_related("actor").order_by("acted_at", "pk"))


def _waited(since: dt.datetime) -> str:
    days = (clock.today() - since.astimezone(clock.SHANGHAI).date()).days
    return f"已等 {days} 天" if days > 0 else "今天收到"


def _who(rule: StageRule, claim: SubsidyClaim) -> str:
    """Return the one person who holds the stage's role, else the role."""
    people = User.objects.active().with_role(rule.role)
    if rule.own_street:
        people = people.filter(office=claim.street.office_id)
    names = list(people.values_list("name", flat=True)[:2])
    return names[0] if len(names) == 1 else Role(rule.role).label


def notice_of(claim: SubsidyClaim) -> PublicNotice | None:
    """Return the notice of the claim's version with the number of its objections; one query."""
    return claim.notices.filter(version=claim.version).with_objections().first()


def _notice_stage(claim: SubsidyClaim, notice: Any) -> Stage:
    """Return the stage 公示 of a procedure that asks for it."""
    label = "公示"
    if notice is None:
        return Stage(label, "todo", [f"{claim.scheme.notice_days} 个工作日", "—"])
    lines = [f"{notice.workdays} 个工作日", span_label(notice.starts_on, notice.ends_on)]
    if claim.status != ClaimStatus.CHECKED:
        return Stage(label, "done", lines)
    if notice.against:
        return Stage(label, "now", [*lines, f"{notice.against} 条异议待处理"])
    return Stage(label, "done" if notice.closes_at <= clock.now() else "now", lines)


def claim_stages(claim: SubsidyClaim, acts: list[ClaimAct]) -> list[Stage]:
    """Return the stages with person and time; a query for the person who is waited for, one for
    the notice.

    A draft that was sent back shows the sentence of whoever sent it back.
    """
    done: dict[str, list[ClaimAct]] = {}
    for act in acts:
        if act.version == claim.version and act.decision == Decision.PASS:
            done.setdefault(act.stage, []).append(act)
    notice = notice_of(claim) if claim.scheme.notice_days else None
    noticed = notice_stage = None
    if claim.scheme.notice_days:
        noticed = notice_stage = _notice_stage(claim, notice)
    waiting_notice = (
        notice_stage is not None
        and notice_stage.state == "now"
        and claim.status == ClaimStatus.CHECKED
    )
    turn = claim.turn
    came = acts[-1].acted_at if acts else claim.opened_at
    if notice is not None and claim.status == ClaimStatus.CHECKED:
        came = max(came, notice.closes_at)
    returned = acts[-1] if acts and acts[-1].decision == Decision.RETURN else None
    stages = []
    for rule in claim.procedure.rules:
        if noticed is not None and rule.stage == ClaimStage.APPROVE:
            stages.append(noticed)
        passed = done.get(rule.stage, [])
        if len(passed) >= rule.persons:
            names = "、".join(act.actor.name for act in passed)
            stages.append(
                Stage(rule.stage.label, "done", [names, moment_label(passed[-1].acted_at)])
            )
        elif turn is not None and rule.stage == turn.stage and not waiting_notice:
            lines = [f"待 {_who(rule, claim)}", _waited(came)]
            if passed:
                lines.insert(0, f"{'、'.join(act.actor.name for act in passed)} 已同意")
            if returned is not None:
                sentence = (
                    f"{returned.actor.name}在“{returned.get_stage_display()}”退回第 "
                    f"{returned.version} 版：{returned.opinion}"
                )
                stages.append(Stage(rule.stage.label, "back", lines, sentence))
            else:
                stages.append(Stage(rule.stage.label, "now", lines))
        else:
            stages.append(Stage(rule.stage.label, "todo", [Role(rule.role).label, "—"]))
    return stages


@dataclass(frozen=True)
class Turn:
    """What ``user`` may do on a claim now.

    ``rule`` is the stage whose turn it is if it is this user's, ``locked`` why it is not possible
    for this person; ``may_take_back`` whether this person sent it on last.
    """

    rule: StageRule | None
    locked: str
    may_return: bool
    may_take_back: bool


def _has_agreed(claim: SubsidyClaim, rule: StageRule, user: Any) -> bool:
    acts = claim.acts.of_version(claim.version)
    return acts.agreed(rule.stage).filter(actor=user.pk).exists()


def turn_of(claim: SubsidyClaim, user: Any, parts: list[Part] | None = None) -> Turn:
    """Return what ``user`` may do on ``claim`` now; a few queries, none if it is no turn of his."""
    rule = claim.turn
    if rule is not None and rule.role not in user.role_codes:
        rule = None
    if rule is not None and rule.own_street and user.office_id != claim.street.office_id:
        rule = None
    locked = ""
    if rule is not None:
        found = parts_in(claim) if parts is None else parts
        part = next((p for p in found if p.person == user.pk and p.stage != rule.stage), None)
        locked = f"你在这份申报中{part.words}，请换一人办理。" if part else ""
        if not locked and rule.persons > 1 and _has_agreed(claim, rule, user):
            locked = f"你已同意，还须另一人办理“{rule.stage.label}”。"
    sent = claim.procedure.sent_by(claim.status)
    take_back = sent is not None and sent.role in user.role_codes and _has_agreed(claim, sent, user)
    return Turn(rule, locked, bool(rule and rule.may_return and not locked), take_back)


def opinions_of(acts: list[ClaimAct]) -> list[tuple[str, str, str]]:
    """Return what was said: (head, sentence, tone), the newest first."""
    tones = {Decision.PASS: "b", Decision.RETURN: "a", Decision.WITHDRAW: ""}
    said = []
    for act in reversed(acts):
        word = "" if act.decision == Decision.PASS else f"　{act.get_decision_display()}"
        head = (
            f"{act.actor.name}　{ClaimStage(act.stage).label}{word}　{moment_label(act.acted_at)}"
        )
        if act.opinion or act.decision != Decision.PASS:
            text = act.opinion or f"{act.get_decision_display()}第 {act.version} 版"
            said.append((head, text, tones[Decision(act.decision)]))
    return said
