"""Two entries of one estate become one: what moves, what stays, what forbids it."""

import datetime as dt
from collections.abc import Callable

from django.db.models import Q

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from estates.calculations import figure_after
from estates.choices import CountStatus, EstateStatus, NameKind
from estates.models import (
    Estate,
    EstateName,
    HouseholdCount,
    OwnersCommittee,
    StaffAssignment,
    SurveyEntry,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

TAG = "小区"
# ``hook(old, kept, actor)`` moves what an upper app keeps of the merged estate, or refuses by
# raising a BusinessError (both have settled money in one month). It runs inside the
# transaction, after ``old`` has become merged.
MergeHook = Callable[[Estate, Estate, User], None]
_merge_hooks: list[MergeHook] = []


def register_merge_hook(hook: MergeHook) -> MergeHook:
    """Let an upper app move its rows when two estates become one; usable as a decorator."""
    if hook not in _merge_hooks:
        _merge_hooks.append(hook)
    return hook


def estate_merge(*, old: Estate, kept: Estate, actor: User, reason: str) -> Estate:
    """Make ``old``, a duplicate, part of ``kept``.

    The old row stays as merged; its names become aliases. Buildings that ``kept`` has not, terms
    of the committee, survey entries and assignments that do not overlap move. Verified counts
    move where ``kept`` has none of its own: else its households, and with them its subsidy,
    would change without a verification. Hooks of upper apps move contracts, inspections and
    the like, or refuse with a sentence; then nothing is written.
    """
    require(actor, REGISTRY_EDITORS, "合并小区由房管中心科室负责人办理。")
    if old.pk == kept.pk:
        raise BusinessError("不能并入自己，请选另一个小区。", field="kept")
    if old.kind != kept.kind or old.street_id != kept.street_id:
        raise BusinessError("只能并入同一街道（乡镇）的同类小区。", field="kept")
    if not reason.strip():
        raise BusinessError("请写明合并原因。", field="reason")
    with guarded():
        assert_in_scope(old, actor)
        assert_in_scope(kept, actor)
        rows = Estate.objects.select_for_update(of=("self",)).order_by("pk")
        locked = {row.pk: row for row in rows.filter(pk__in=[old.pk, kept.pk])}
        old, kept = locked[old.pk], locked[kept.pk]
        if kept.status != EstateStatus.ACTIVE:
            raise BusinessError(f"{kept} 不在册，不能并入。", field="kept")
        move(
            old,
            source=EstateStatus.ACTIVE,
            target=EstateStatus.MERGED,
            message=f"{old} 已不在册，不用再合并。",
            merged_into=kept,
            updated_at=clock.now(),
        )
        # An estate merged earlier into the duplicate follows it.
        Estate.objects.filter(merged_into=old).update(merged_into=kept)
        moved = {
            "names": _move_names(old, kept),
            "buildings": _move_buildings(old, kept),
            "counts": _move_counts(old, kept),
            "assignments": _move_assignments(old, kept),
            "committees": _move_committees(old, kept),
            "survey_entries": _move_entries(old, kept),
        }
        for hook in _merge_hooks:
            hook(old, kept, actor)
        for target, summary in (
            (kept, f"并入重复登记的 {old}（{old.code}）"),
            (old, f"并入 {kept}（{kept.code}）"),
        ):
            record(
                actor=actor,
                verb="estate.merge",
                target=target,
                summary=summary,
                after={"old": old.code, "kept": kept.code, "moved": moved},
                reason=reason,
                tag=TAG,
                tone="a",
            )
    return kept


def _move_names(old: Estate, kept: Estate) -> int:
    known = {kept.name, *kept.names.values_list("name", flat=True)}
    names = [old.name, *old.names.values_list("name", flat=True)]
    new = [name for name in dict.fromkeys(names) if name not in known]
    EstateName.objects.bulk_create(
        EstateName(estate=kept, kind=NameKind.ALIAS, name=name) for name in new
    )
    return len(new)


def _move_buildings(old: Estate, kept: Estate) -> int:
    """Move the buildings that ``kept`` has not, behind its own; a name in both is one building."""
    known = set(kept.buildings.values_list("name", flat=True))
    new = [row for row in old.buildings.all() if row.name not in known]
    listed = len(known)
    for position, row in enumerate(new, start=listed + 1):
        row.estate, row.position = kept, position
        row.save(update_fields=["estate", "position"])
    if new:
        kept.building_count = figure_after(kept.building_count, listed, listed + len(new))
        kept.updated_at = clock.now()
        kept.save(update_fields=["building_count", "updated_at"])
    return len(new)


def _move_counts(old: Estate, kept: Estate) -> int:
    waiting = HouseholdCount.objects.waiting().filter(estate=old)
    if waiting.exists() and HouseholdCount.objects.waiting().filter(estate=kept).exists():
        raise BusinessError(
            "两个小区都有户数待核定，请先核定或退回其中一条，再合并。", field="kept"
        )
    moved = waiting.update(estate=kept)
    if not HouseholdCount.objects.verified().filter(estate=kept).exists():
        moved += HouseholdCount.objects.filter(
            estate=old, status__in=[CountStatus.VERIFIED, CountStatus.REJECTED]
        ).update(estate=kept)
    return moved


def _move_assignments(old: Estate, kept: Estate) -> int:
    """Move what does not overlap with an assignment of ``kept``; end what is left open."""
    today = clock.today()
    moved = 0
    for row in StaffAssignment.objects.filter(estate=old).order_by("start_date"):
        last = row.end_date or dt.date.max
        overlapping = StaffAssignment.objects.filter(
            Q(end_date__isnull=True) | Q(end_date__gte=row.start_date),
            estate=kept,
            start_date__lte=last,
        )
        if not overlapping.exists():
            row.estate = kept
            row.save(update_fields=["estate"])
            moved += 1
        elif row.start_date > today:
            row.delete()
        elif row.end_date is None or row.end_date > today:
            row.end_date = today
            row.save(update_fields=["end_date"])
    return moved


def _move_committees(old: Estate, kept: Estate) -> int:
    terms = kept.committees.values_list("term", flat=True)
    return (
        OwnersCommittee.objects.filter(estate=old).exclude(term__in=list(terms)).update(estate=kept)
    )


def _move_entries(old: Estate, kept: Estate) -> int:
    surveys = kept.survey_entries.values_list("survey_id", flat=True)
    return (
        SurveyEntry.objects.filter(estate=old)
        .exclude(survey_id__in=list(surveys))
        .update(estate=kept)
    )
