"""公示: a checked claim is on notice for whole working days; objections are kept and answered."""

import datetime as dt
import uuid

from accounts.models import User
from estates.models import Estate
from subsidies.choices import (
    OBJECTION_ANSWERERS,
    OBJECTION_KEEPERS,
    ClaimStatus,
    ObjectionOutcome,
)
from subsidies.models import NoticeObjection, PublicNotice, SubsidyClaim
from xingyang_pm.common import clock, states
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.workdays import add_workdays

from .shared import locked


def publish_notice(claim: SubsidyClaim, actor: User) -> PublicNotice | None:
    """Put a claim that has just been checked on notice, from the next working day on.

    Nothing if its procedure asks for none. Must run inside the transaction of the check.
    """
    days = claim.scheme.notice_days
    if not days:
        return None
    first = add_workdays(clock.today(), 1)
    last = add_workdays(clock.today(), days)
    notice = PublicNotice(
        claim=claim,
        version=claim.version,
        key=uuid.uuid4(),
        workdays=days,
        starts_on=first,
        ends_on=last,
        closes_at=clock.at(last + dt.timedelta(days=1), 0),
        published_by=actor,
        published_at=clock.now(),
    )
    notice.full_clean()
    notice.save(force_insert=True)
    record(
        actor=actor,
        verb="notice.publish",
        target=notice,
        summary=(
            f"公示{clock.chinese_month(claim.month)}补贴，{first.isoformat()} 至 "
            f"{last.isoformat()}，{days} 个工作日"
        ),
        subjects=[claim],
        after={"starts_on": first.isoformat(), "ends_on": last.isoformat()},
        tag="补贴",
    )
    return notice


def objection_record(
    *,
    notice: PublicNotice,
    channel: str,
    content: str,
    received_on: dt.date,
    actor: User,
    estate: Estate | None = None,
    person: str = "",
    contact: str = "",
) -> NoticeObjection:
    """Record an objection that has come in; the claim is not approved before it is answered."""
    require(actor, OBJECTION_KEEPERS, "公示异议由街道经办或房管中心科室负责人登记。")
    with guarded():
        claim = locked(notice.claim, actor)
        if claim.status != ClaimStatus.CHECKED or claim.version != notice.version:
            raise StaleState(
                f"这份申报现在是“{claim.get_status_display()}”，已不在公示环节，不能登记异议。"
            )
        if not notice.starts_on <= received_on <= clock.today():
            raise BusinessError(
                f"收到日期须在公示开始的 {notice.starts_on.isoformat()} 到今天之间。",
                field="received_on",
            )
        if estate is not None and not claim.lines.filter(estate=estate).exists():
            raise BusinessError(f"{estate} 不在这份申报中。", field="estate")
        objection = NoticeObjection(
            notice=notice,
            estate=estate,
            channel=channel,
            person=person.strip(),
            contact=contact.strip(),
            received_on=received_on,
            content=" ".join(content.split()),
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        objection.full_clean()
        objection.save(force_insert=True)
        assert_in_scope(objection, actor)
        record(
            actor=actor,
            verb="objection.record",
            target=objection,
            summary=f"登记公示异议（{objection.get_channel_display()}）：{objection.content}",
            subjects=[claim, *([estate] if estate else [])],
            after={"channel": channel, "received_on": received_on.isoformat()},
            tag="补贴",
            tone="a",
        )
    return objection


def objection_answer(
    *, objection: NoticeObjection, upheld: bool, answer: str, actor: User
) -> NoticeObjection:
    """Answer an objection. One that is upheld keeps the claim from approval: it is to be sent
    back and put right."""
    require(actor, OBJECTION_ANSWERERS, "公示异议由房管中心科室负责人答复。")
    text = " ".join(answer.split())
    if not text:
        raise BusinessError("请写明答复内容。", field="answer")
    outcome = ObjectionOutcome.UPHELD if upheld else ObjectionOutcome.REJECTED
    with guarded():
        claim = locked(objection.notice.claim, actor)
        states.move(
            objection,
            source=ObjectionOutcome.OPEN,
            target=outcome,
            field="outcome",
            message="这条异议已经答复，请刷新后再看。",
            answer=text[:500],
            answered_by=actor,
            answered_at=clock.now(),
        )
        assert_in_scope(objection, actor)
        record(
            actor=actor,
            verb="objection.answer",
            target=objection,
            summary=f"答复公示异议，{outcome.label}：{text}",
            subjects=[claim],
            before={"outcome": ObjectionOutcome.OPEN.value},
            after={"outcome": outcome.value},
            reason=text,
            tag="补贴",
            tone="a" if upheld else "b",
        )
    return objection
