"""作废: a claim is declared void before payment by two persons; its months may be claimed anew."""

from accounts.models import User
from subsidies.choices import VOIDABLE, VOIDERS, ClaimStatus, SealedKind
from subsidies.models import ClaimVoid, SubsidyClaim
from subsidies.selectors.chain import void_content
from xingyang_pm.common import clock, states
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import money
from xingyang_pm.common.scoping import assert_in_scope

from .sealing import seal
from .shared import locked

_WHO = "作废由房管中心科室负责人或分管领导办理，一人提出，另一人确认。"


def _what(claim: SubsidyClaim) -> str:
    return f"{clock.chinese_month(claim.month)}补贴 {money(claim.total)} 元"


def _voidable(claim: SubsidyClaim, actor: User) -> SubsidyClaim:
    claim = locked(claim, actor)
    if claim.status not in VOIDABLE:
        raise StaleState(
            f"这份申报现在是“{claim.get_status_display()}”，不能作废。"
            + ("已拨付的只能在以后月份补发或扣回。" if claim.is_settled else "")
        )
    if claim.payments.exists():
        raise StaleState("已登记拨付，不能作废，只能在以后月份补发或扣回。")
    return claim


def void_propose(*, claim: SubsidyClaim, reason: str, actor: User) -> ClaimVoid:
    """Propose that ``claim`` be void; until it is confirmed or taken back nobody acts on it."""
    require(actor, VOIDERS, _WHO)
    text = " ".join(reason.split())
    if not text:
        raise BusinessError("请写明作废的原因。", field="reason")
    with guarded():
        claim = _voidable(claim, actor)
        if ClaimVoid.objects.filter(claim=claim).exists():
            raise StaleState("已经有人提出作废，等待另一人确认。")
        void = ClaimVoid(claim=claim, reason=text[:300], proposed_by=actor, proposed_at=clock.now())
        void.full_clean()
        void.save(force_insert=True)
        assert_in_scope(claim, actor)
        record(
            actor=actor,
            verb="claim.void_propose",
            target=claim,
            summary=f"提出作废{_what(claim)}：{text}",
            reason=text,
            tag="补贴",
            tone="a",
        )
    return void


def void_take_back(*, claim: SubsidyClaim, actor: User) -> SubsidyClaim:
    """Whoever proposed it takes the proposal back; the claim goes on as it was."""
    with guarded():
        claim = _voidable(claim, actor)
        void = ClaimVoid.objects.filter(claim=claim).first()
        if void is None or void.proposed_by_id != actor.pk:
            raise NotPermitted("只有提出作废的本人可以撤回。")
        void.delete()
        record(
            actor=actor,
            verb="claim.void_take_back",
            target=claim,
            summary=f"撤回作废{clock.chinese_month(claim.month)}补贴的提议",
            tag="补贴",
        )
    return claim


def void_confirm(*, claim: SubsidyClaim, actor: User) -> SubsidyClaim:
    """Confirm the proposal of another person: the claim and its lines count nowhere any more."""
    require(actor, VOIDERS, _WHO)
    with guarded():
        claim = _voidable(claim, actor)
        void = ClaimVoid.objects.select_for_update().filter(claim=claim).first()
        if void is None:
            raise StaleState("没有作废的提议，请刷新后再看。")
        if void.proposed_by_id == actor.pk:
            raise BusinessError("作废是你提出的，请换一人确认。", code="person_twice")
        void.confirmed_by, void.confirmed_at = actor, clock.now()
        void.save(update_fields=["confirmed_by", "confirmed_at"])
        before = claim.status
        states.move(claim, source=before, target=ClaimStatus.VOID, updated_at=clock.now())
        claim.lines.update(is_void=True)
        seal(SealedKind.VOID, void.pk, void_content(void))
        assert_in_scope(claim, actor)
        record(
            actor=actor,
            verb="claim.void",
            target=claim,
            summary=f"确认作废{_what(claim)}",
            before={"status": before},
            after={"status": claim.status},
            reason=void.reason,
            tag="补贴",
            tone="r",
        )
    return claim
