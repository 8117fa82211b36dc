"""Terms of an estate's owners' committee."""

from typing import Any

from django.db.models import Max

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from estates.models import Estate, OwnersCommittee
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, record, snapshot
from xingyang_pm.common.errors import StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

from .registry import ONLY_EDITORS, locked_estate

TAG = "业委会"
FIELDS = ("term", "chair", "phone", "members", "start_date", "end_date", "filed_on")


def committee_record(*, estate: Estate, actor: User, **values: Any) -> OwnersCommittee:
    """Record a term of the owners' committee; without a number it is the next one."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        estate = locked_estate(estate, actor)
        last = estate.committees.aggregate(last=Max("term"))["last"] or 0
        row = OwnersCommittee(estate=estate, **{"term": last + 1, **values})
        row.full_clean()
        row.save()
        record(
            actor=actor,
            verb="committee.record",
            target=estate,
            summary=f"登记第{row.term}届业委会",
            after=snapshot(row, FIELDS),
            tag=TAG,
        )
    return row


def committee_update(*, committee: OwnersCommittee, actor: User, **values: Any) -> OwnersCommittee:
    """Change facts of a term: its end, its filing, who chairs it."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(committee, actor)
        estate = locked_estate(committee.estate, actor)
        row = OwnersCommittee.objects.select_for_update(of=("self",)).get(pk=committee.pk)
        before = snapshot(row, FIELDS)
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        old, new = changes(before, snapshot(row, FIELDS))
        if not new:
            return row
        row.save(update_fields=list(new))
        record(
            actor=actor,
            verb="committee.update",
            target=estate,
            summary=f"修改第{row.term}届业委会的资料",
            before=old,
            after=new,
            tag=TAG,
        )
    return row


def committee_remove(*, committee: OwnersCommittee, actor: User) -> Estate:
    """Take away a term that was recorded by mistake."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(committee, actor)
        estate = locked_estate(committee.estate, actor)
        row = OwnersCommittee.objects.filter(pk=committee.pk).first()
        if row is None:
            raise StaleState
        row.delete()
        record(
            actor=actor,
            verb="committee.remove",
            target=estate,
            summary=f"删去第{row.term}届业委会",
            before=snapshot(row, FIELDS),
            tag=TAG,
        )
    return estate
