"""Rounds of inspections: which estates, by whom, until when; closed, the ranking stands."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import cycle

from django.db.models import Max
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from estates.models import Estate, StaffAssignment, Street
from inspections import selectors
from inspections.choices import (
    INSPECTORS,
    ROUND_MANAGERS,
    ChecklistStatus,
    CoverageBy,
    InspectionStatus,
    RoundStatus,
)
from inspections.models import Checklist, Inspection, InspectionRound, RoundEstate
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds, require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.reminders import remind
from xingyang_pm.common.states import move

TAG = "检查"


def covered_estates(
    *, actor: User, kinds: Iterable[str] = (), streets: Iterable[Street] = ()
) -> list[Estate]:
    """Return the estates in service that a round over ``kinds`` and ``streets`` covers; no kind
    or no street means all."""
    rows = Estate.objects.visible_to(actor).active().select_related("street")
    kinds, streets = list(kinds), list(streets)
    if kinds:
        rows = rows.of_kind(*kinds)
    if streets:
        rows = rows.filter(street__in=streets)
    return list(rows.order_by("code"))


def _inspectors(estates: Sequence[Estate], by: str, day: dt.date) -> dict[int, User]:
    """Return who inspects which estate: the officer who answers for it on ``day``, or a clerk
    of its street (several clerks take turns). Estates without either are left out."""
    if by == CoverageBy.ASSIGNMENT:
        rows = StaffAssignment.objects.on(day).filter(estate__in=estates).select_related("officer")
        return {row.estate_id: row.officer for row in rows if row.officer.is_active}
    clerks: dict[int, list[User]] = {}
    for user in User.objects.active().with_role(Role.STREET_CLERK).order_by("username"):
        clerks.setdefault(user.office_id, []).append(user)
    turns = {office: cycle(people) for office, people in clerks.items()}
    return {
        estate.pk: next(turns[estate.street.office_id])
        for estate in estates
        if estate.street.office_id in turns
    }


def round_create(
    *,
    actor: User,
    title: str,
    checklist: Checklist,
    start_date: dt.date,
    end_date: dt.date,
    kinds: Iterable[str] = (),
    streets: Iterable[Street] = (),
    coverage_by: str = CoverageBy.ASSIGNMENT,
) -> InspectionRound:
    """Open a round over the estates of ``kinds`` and ``streets``.

    By public draw it has no estates until they are drawn. Its year is that of ``start_date``,
    its number the next of this title in the year. The checklist must be in force on the first
    day.
    """
    require(actor, ROUND_MANAGERS, "检查批次由房管中心科室负责人建立。")
    title = " ".join(title.split())
    kinds, streets = list(kinds), list(streets)
    with guarded():
        in_force = Checklist.objects.in_force(start_date).filter(pk=checklist.pk).exists()
        if checklist.status == ChecklistStatus.DRAFT or not in_force:
            raise BusinessError(
                f"{checklist} 在{clock.chinese_date(start_date)}没有启用，请换一张检查表。",
                field="checklist",
            )
        estates = covered_estates(actor=actor, kinds=kinds, streets=streets)
        if not estates:
            raise BusinessError("所选范围内没有在册小区，请放宽范围。", field="kinds")
        last = InspectionRound.objects.filter(title=title, year=start_date.year)
        number = (last.aggregate(last=Max("number"))["last"] or 0) + 1
        round = InspectionRound(
            title=title,
            checklist=checklist,
            year=start_date.year,
            number=number,
            coverage_by=coverage_by,
            extent={
                "kinds": sorted(kinds),
                "streets": sorted(street.pk for street in streets),
            },
            start_date=start_date,
            end_date=end_date,
            created_by=actor,
            created_at=clock.now(),
        )
        round.full_clean()
        round.save()
        until = f"{clock.chinese_date(end_date)}截止"
        if round.is_drawn:
            said = f"建立 {round}，从 {len(estates)} 个小区中公开抽取，{until}"
        else:
            people = _inspectors(estates, coverage_by, start_date)
            RoundEstate.objects.bulk_create(
                (
                    RoundEstate(round=round, estate=estate, inspector=people.get(estate.pk))
                    for estate in estates
                ),
                batch_size=500,
            )
            said = f"建立 {round}，{len(estates)} 个小区，{until}，{len(people)} 个已安排检查人"
        record(
            actor=actor,
            verb="round.create",
            target=round,
            summary=said,
            after={"checklist": checklist.pk, "estates": len(estates), "by": coverage_by},
            tag=TAG,
            tone="b",
        )
    return round


def round_estates_assign(
    *, round: InspectionRound, coverage: Iterable[RoundEstate], inspector: User, actor: User
) -> int:
    """Let ``inspector`` inspect these estates of an open round; return how many changed."""
    require(actor, ROUND_MANAGERS, "检查人由房管中心科室负责人安排。")
    if not holds(inspector, INSPECTORS):
        raise BusinessError(f"{inspector} 不是检查员，也不是街道经办。", field="inspector")
    ids = [row.pk for row in coverage]
    with guarded():
        rows = RoundEstate.objects.select_for_update(of=("self",)).filter(round=round, pk__in=ids)
        outside = [
            row.estate
            for row in rows.select_related("estate__street")
            if not inspector.sees_city and row.estate.street.office_id != inspector.office_id
        ]
        if outside:
            raise BusinessError(
                f"{outside[0]} 不在 {inspector} 所在的街道（乡镇）。", field="inspector"
            )
        if round.is_drawn:
            _refuse_own_estates(ids, inspector)
        changed = RoundEstate.objects.filter(round=round, pk__in=ids).update(inspector=inspector)
        if not changed:
            raise BusinessError("请先勾选小区。")
        record(
            actor=actor,
            verb="round.assign",
            target=round,
            summary=f"安排 {inspector} 检查 {changed} 个小区",
            after={"inspector": inspector.pk, "coverage": ids},
            tag=TAG,
        )
    return changed


def round_remind(*, round: InspectionRound, actor: User) -> int:
    """Remind everybody whom an open round still waits for; return how many were told today."""
    require(actor, ROUND_MANAGERS, "检查由房管中心科室负责人催办。")
    if round.status != RoundStatus.OPEN:
        raise StaleState("这个批次已经结束。")
    late = selectors.left_by_inspector(round)
    return sum(
        remind(
            recipients=[row.person],
            actor=actor,
            key=f"round {round.pk}",
            tag=TAG,
            title=f"{round}，还有 {row.left} 个小区未检查",
            detail=f"{clock.chinese_date(round.end_date)}截止",
            url=reverse("inspections:inspection-mine"),
            due=round.end_date,
            target=round,
        )
        for row in late
    )


def _refuse_own_estates(ids: Sequence[int], inspector: User) -> None:
    """Also who steps in for a drawn inspector never inspects an estate of his own."""
    own = (
        StaffAssignment.objects.on(clock.today())
        .filter(officer=inspector, estate__round_coverage__in=ids)
        .select_related("estate")
        .first()
    )
    if own is not None:
        raise BusinessError(
            f"{own.estate} 由 {inspector} 分包，双随机抽查不能由本人检查，请换一人。",
            field="inspector",
        )


def round_close(*, round: InspectionRound, actor: User) -> InspectionRound:
    """Close a round: nothing more is reported into it, and its ranking stands as it is now."""
    require(actor, ROUND_MANAGERS, "检查批次由房管中心科室负责人结束。")
    with guarded():
        # A report locks its own estate's line, so this waits for reports on their way.
        covered = len(RoundEstate.objects.select_for_update(of=("self",)).filter(round=round))
        if round.is_drawn and not covered:
            raise BusinessError("本批次还没有抽取小区，不能结束。", code="not_drawn")
        reported = Inspection.objects.filter(round=round)
        waiting = reported.filter(status=InspectionStatus.SUBMITTED).count()
        if waiting:
            raise BusinessError(
                f"还有 {waiting} 份检查记录待确认，请先确认或退回，再结束批次。", code="waiting"
            )
        rows = selectors.live_ranking(round)
        move(
            round,
            source=RoundStatus.OPEN,
            target=RoundStatus.CLOSED,
            closed_at=clock.now(),
            ranking=[row.as_json() for row in rows],
            message="这个批次已经结束。",
        )
        record(
            actor=actor,
            verb="round.close",
            target=round,
            summary=f"结束 {round}，应查 {covered} 个小区，已查 {len(rows)} 个，排名已定",
            tag=TAG,
            tone="g",
        )
    return round
