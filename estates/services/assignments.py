"""Who of the bureau answers for which estate (分包), from when to when."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from estates.choices import ASSIGNABLE, EstateStatus
from estates.models import Estate, StaffAssignment
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds, require
from xingyang_pm.common.audit import Act, record, record_many
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

TAG = "分包"
ONLY_EDITORS = "分包由房管中心科室负责人安排。"
FIRST_DAY = dt.date(2000, 1, 1)
# Rows of one statement: SQLite takes 999 parameters at worst.
_CHUNK = 300


def staff_assignment_start(
    *, estates: Iterable[Estate], officer: User, actor: User, start_date: dt.date
) -> int:
    """Let ``officer`` answer for ``estates`` from a day on; who did so before ends the day before.

    Returns how many changed hands: an estate that is the officer's already stays as it is. All
    or none are written. Five statements and four a thousand estates, however many there are.
    """
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    if not holds(officer, ASSIGNABLE):
        raise BusinessError(f"{officer} 不是检查员，不能分包小区。", field="officer")
    if not FIRST_DAY <= start_date <= clock.today() + dt.timedelta(days=366):
        raise BusinessError("开始日期超出范围，请写一年以内的日期。", field="start_date")
    with guarded():
        rows = _locked(estates, actor)
        current = _current(list(rows), start_date)
        changing = [
            estate
            for pk, estate in rows.items()
            if pk not in current or current[pk].officer_id != officer.pk
        ]
        _refuse_later([current[e.pk] for e in changing if e.pk in current], start_date)
        ended = [current[estate.pk] for estate in changing if estate.pk in current]
        for row in ended:
            row.end_date = start_date - dt.timedelta(days=1)
        StaffAssignment.objects.bulk_update(ended, ["end_date"], batch_size=_CHUNK)
        made = StaffAssignment.objects.bulk_create(
            [
                StaffAssignment(estate=estate, officer=officer, start_date=start_date)
                for estate in changing
            ],
            batch_size=_CHUNK,
        )
        since = f"{clock.chinese_date(start_date)}起"
        record_many(
            [
                Act(
                    row,
                    f"分包干部由 {current[row.estate_id].officer} 改为 {officer}，{since}"
                    if row.estate_id in current
                    else f"安排 {officer} 分包，{since}",
                    subjects=[row.estate],
                )
                for row in made
            ],
            actor=actor,
            verb="assignment.start",
            tag=TAG,
        )
        if made:
            record(
                actor=actor,
                verb="assignment.bulk",
                target=officer,
                summary=f"将 {len(made)} 个小区分包给 {officer}，{since}",
                after={"estates": [row.estate.code for row in made]},
                tag=TAG,
            )
    return len(made)


def _locked(estates: Iterable[Estate], actor: User) -> dict[int, Estate]:
    keys = sorted({estate.pk for estate in estates})
    if not keys:
        raise BusinessError("还没有选小区。请先选小区，再安排分包。", field="estates")
    rows: dict[int, Estate] = {}
    for start in range(0, len(keys), _CHUNK):
        found = (
            Estate.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .filter(pk__in=keys[start : start + _CHUNK])
            .order_by("pk")
        )
        rows.update({row.pk: row for row in found})
    if len(rows) != len(keys):
        raise BusinessError("有的小区不在你可看的范围内，没有安排。", code="out_of_scope")
    gone = [row for row in rows.values() if row.status != EstateStatus.ACTIVE]
    if gone:
        raise BusinessError(f"{gone[0]} {gone[0].get_status_display()}，不能分包。", code="stale")
    return rows


def _current(keys: list[int], day: dt.date) -> dict[int, StaffAssignment]:
    """Return the latest assignment of each estate that is not over before ``day``."""
    found: dict[int, StaffAssignment] = {}
    for start in range(0, len(keys), _CHUNK):
        rows = (
            StaffAssignment.objects.select_for_update(of=("self",))
            .filter(
                Q(end_date__isnull=True) | Q(end_date__gte=day),
                estate__in=keys[start : start + _CHUNK],
            )
            .select_related("officer", "estate")
            .order_by("start_date")
        )
        found.update({row.estate_id: row for row in rows})
    return found


def _refuse_later(current: Iterable[StaffAssignment], day: dt.date) -> None:
    for row in current:
        if row.start_date >= day:
            raise BusinessError(
                f"{row.estate} 已从 {clock.chinese_date(row.start_date)}起分包给 {row.officer}，"
                "请选更晚的日期。",
                field="start_date",
            )


def staff_assignment_end(
    *, assignment: StaffAssignment, actor: User, end_date: dt.date
) -> StaffAssignment:
    """Let an assignment end on a day, included; from the next day nobody answers for it.

    A day that is still to come may be exchanged for another. Raises :class:`StaleState` for an
    assignment that is over, or ends on that day already.
    """
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(assignment, actor)
        row = (
            StaffAssignment.objects.select_for_update(of=("self",))
            .select_related("officer", "estate")
            .get(pk=assignment.pk)
        )
        problem = row.ending_problem()
        if not problem and row.end_date == end_date:
            problem = f"这项分包原来就到{clock.chinese_date(end_date)}为止，没有改动。"
        if problem:
            raise StaleState(problem)
        if end_date < row.start_date:
            raise BusinessError(
                f"结束日期不能早于开始日期 {row.start_date:%Y-%m-%d}。", field="end_date"
            )
        row.end_date = end_date
        row.full_clean()
        row.save(update_fields=["end_date"])
        record(
            actor=actor,
            verb="assignment.end",
            target=row,
            subjects=[row.estate],
            summary=f"{row.officer} 的分包到{clock.chinese_date(end_date)}为止",
            tag=TAG,
        )
    return row
