"""Records of training, publicity, demonstration projects and policy documents."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from outreach.models import DemonstrationProject, PolicyDocument, PublicityItem, TrainingSession
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, field_labels, record, snapshot
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

Record = TypeVar("Record", bound=Model)

TRAINING_FIELDS = (
    "kind",
    "title",
    "held_on",
    "place",
    "organiser",
    "audience",
    "enterprise_count",
    "people_count",
    "content",
)
PUBLICITY_FIELDS = ("kind", "title", "published_on", "quantity", "street", "place")
DEMONSTRATION_FIELDS = (
    "year",
    "level",
    "stage",
    "estate",
    "provider",
    "awarded_on",
    "rewarded_on",
    "remarks",
)
POLICY_FIELDS = (
    "title",
    "number",
    "issuer",
    "issued_on",
    "effective_from",
    "summary",
    "file",
    "file_name",
)


def _filled(
    kind: type[Record],
    given: Record | None,
    fields: Sequence[str],
    values: dict[str, Any],
    *,
    actor: User,
) -> tuple[Record, dict[str, Any] | None]:
    """Return the record with ``values`` in it, and what it said before: None for a new one."""
    if given is None:
        row, before = kind(created_by=actor, created_at=clock.now()), None
    else:
        assert_in_scope(given, actor)
        # As it stands in the database: a form has already written into the given.
        row = kind._default_manager.select_for_update().get(pk=given.pk)
        before = snapshot(row, fields)
    for name, value in values.items():
        setattr(row, name, value)
    return row, before


def _not_ahead(row: Model, *fields: str) -> None:
    """Refuse days that have not come: a record says what was done."""
    for name in fields:
        day = getattr(row, name)
        if day and day > clock.today():
            (label,) = field_labels(type(row), [name])
            raise BusinessError(f"{label}不能晚于今天。", field=name)


def _keep(
    row: Record,
    *,
    actor: User,
    verb: str,
    summary: str,
    fields: Sequence[str],
    tag: str,
    done_on: Sequence[str],
    subjects: Sequence[Model] = (),
    before: dict[str, Any] | None = None,
) -> Record:
    """Check, write and audit one record; ``before`` is given for a change."""
    row.full_clean()
    _not_ahead(row, *done_on)
    row.save()
    assert_in_scope(row, actor)
    after = snapshot(row, fields)
    old, new = changes(before, after) if before is not None else (None, after)
    record(
        actor=actor,
        verb=verb,
        target=row,
        summary=summary,
        subjects=subjects,
        before=old,
        after=new,
        tag=tag,
    )
    return row


def training_record(
    *, actor: User, training: TrainingSession | None = None, **values: Any
) -> TrainingSession:
    """Record a training, or change the record of one."""
    require(actor, REGISTRY_EDITORS, "培训由房管中心科室负责人登记。")
    with guarded():
        row, before = _filled(TrainingSession, training, TRAINING_FIELDS, values, actor=actor)
        return _keep(
            row,
            actor=actor,
            verb="training.update" if training else "training.create",
            summary=f"{'修改' if training else '登记'}培训 {row.title}，{row.people_count} 人",
            fields=TRAINING_FIELDS,
            tag="培训",
            done_on=("held_on",),
            before=before,
        )


def publicity_record(
    *, actor: User, publicity: PublicityItem | None = None, **values: Any
) -> PublicityItem:
    """Record publicity put up or broadcast, or change the record."""
    require(actor, REGISTRY_EDITORS, "宣传由房管中心科室负责人登记。")
    with guarded():
        row, before = _filled(PublicityItem, publicity, PUBLICITY_FIELDS, values, actor=actor)
        return _keep(
            row,
            actor=actor,
            verb="publicity.update" if publicity else "publicity.create",
            summary=f"{'修改' if publicity else '登记'}宣传 {row.title}，{row.quantity} 份",
            fields=PUBLICITY_FIELDS,
            tag="宣传",
            done_on=("published_on",),
            before=before,
        )


def demonstration_record(
    *, actor: User, project: DemonstrationProject | None = None, **values: Any
) -> DemonstrationProject:
    """Record a demonstration project, or its next stage."""
    require(actor, REGISTRY_EDITORS, "示范项目由房管中心科室负责人登记。")
    with guarded():
        row, before = _filled(
            DemonstrationProject, project, DEMONSTRATION_FIELDS, values, actor=actor
        )
        if row.rewarded_on and not row.awarded_on:
            raise BusinessError("请先填命名日期，再填奖励日期。", field="awarded_on")
        if row.rewarded_on and row.rewarded_on < row.awarded_on:
            raise BusinessError("奖励日期不能早于命名日期。", field="rewarded_on")
        return _keep(
            row,
            actor=actor,
            verb="demonstration.update" if project else "demonstration.create",
            summary=f"{row.get_level_display()}示范项目 {row.estate}：{row.get_stage_display()}",
            fields=DEMONSTRATION_FIELDS,
            tag="示范",
            done_on=("awarded_on", "rewarded_on"),
            before=before,
            subjects=[row.estate, row.provider],
        )


def policy_record(
    *,
    actor: User,
    policy: PolicyDocument | None = None,
    file: UploadedFile | None = None,
    **values: Any,
) -> PolicyDocument:
    """Put a policy document into the library, or complete it."""
    require(actor, REGISTRY_EDITORS, "政策文件由房管中心科室负责人登记。")
    with guarded():
        row, before = _filled(PolicyDocument, policy, POLICY_FIELDS, values, actor=actor)
        if file is not None:
            row.file = file
            row.file_name = file.name or "政策文件"
        return _keep(
            row,
            actor=actor,
            verb="policy.update" if policy else "policy.create",
            summary=f"{'修改' if policy else '登记'}政策文件《{row.title}》",
            fields=POLICY_FIELDS,
            tag="文件",
            done_on=("issued_on",),
            before=before,
        )
