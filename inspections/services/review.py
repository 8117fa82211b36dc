"""Review of what was reported: returned with a sentence, or confirmed by another person."""

from accounts.models import User
from inspections.calculations import plain
from inspections.choices import REVIEWERS, InspectionStatus
from inspections.models import Inspection, ReturnNote
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.states import move

from .doubts import confirmation_problem
from .inspections import TAG, subjects_of


def inspection_return(*, inspection: Inspection, actor: User, reason: str) -> Inspection:
    """Send a reported inspection back with a sentence; the one who entered it may change it."""
    require(actor, REVIEWERS, "检查记录由房管中心科室负责人退回。")
    reason = reason.strip()
    if not reason:
        raise BusinessError("请写明退回原因。", field="reason")
    if len(reason) > 200:
        raise BusinessError("退回原因最多 200 字。", field="reason")
    with guarded():
        move(
            inspection,
            source=InspectionStatus.SUBMITTED,
            target=InspectionStatus.RETURNED,
            return_reason=reason,
        )
        ReturnNote.objects.create(
            inspection=inspection,
            version=inspection.versions.last(),
            reason=reason,
            returned_by=actor,
            returned_at=clock.now(),
        )
        record(
            actor=actor,
            verb="inspection.return",
            target=inspection,
            subjects=subjects_of(inspection),
            summary=f"退回检查记录：{reason}",
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return inspection


def inspection_confirm(*, inspection: Inspection, actor: User) -> Inspection:
    """Confirm a reported inspection; by another person than entered it. Then it is frozen."""
    require(actor, REVIEWERS, "检查记录由房管中心科室负责人确认。")
    with guarded():
        if actor.pk in {inspection.entered_by_id, inspection.inspector_id}:
            raise BusinessError("录入人不能确认自己的检查记录，请换一人确认。", code="same_person")
        problem = confirmation_problem(inspection)
        if problem:
            raise BusinessError(problem, code="doubtful")
        move(
            inspection,
            source=InspectionStatus.SUBMITTED,
            target=InspectionStatus.CONFIRMED,
            confirmed_by=actor,
            confirmed_at=clock.now(),
        )
        record(
            actor=actor,
            verb="inspection.confirm",
            target=inspection,
            subjects=subjects_of(inspection),
            summary=f"确认检查记录，{plain(inspection.score)} 分",
            tag=TAG,
            tone="g",
        )
    return inspection
