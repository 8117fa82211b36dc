"""Rounds, inspections and rectification of the demo city.

Masses of finished inspections are written as rows, draft first and then moved on, since the
database lets nothing start in a later state. What is still open goes through the services.
"""

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import User
from enterprises.models import Engagement
from estates.models import Estate, StaffAssignment
from inspections.calculations import Line, score_of
from inspections.choices import InspectionStatus, Outcome, PhotoStage, Severity
from inspections.models import (
    Checklist,
    ChecklistItem,
    Inspection,
    InspectionRound,
    ItemResult,
    RoundEstate,
)
from inspections.services.inspections import Answer, marks_of
from inspections.services.storing import keep_picture
from xingyang_pm.common import clock
from xingyang_pm.common.audit import current_context
from xingyang_pm.common.models import AuditEntry, AuditSubject

from . import names
from .people import Cast
from .pictures import evidence

COMPANIONS = ["马晓燕", "李明轩", "张坤", "韩梅"]


@dataclass(frozen=True)
class RoundPlan:
    """One round: who is inspected when, and how much of it is done."""

    title: str
    number: int
    start: dt.date
    end: dt.date
    estates: list[Estate]
    checklist: Checklist
    quality: float  # 0..1: the share of items that are in order
    done: float = 1.0  # share of the estates inspected so far
    confirmed: float = 1.0  # share of those that the bureau has confirmed
    photos: bool = False


def _note(item: Any, rng: random.Random) -> str:
    if item.disclosure and item.disclosure in names.INSPECTION_NOTES:
        return rng.choice(names.INSPECTION_NOTES[item.disclosure])
    if item.phrases:
        return f"{rng.randint(1, 8)}号楼{rng.randint(1, 3)}单元{rng.choice(item.phrases)}"
    return rng.choice(names.GENERAL_NOTES)


def _inspectors(estates: list[Estate], day: dt.date, cast: Cast) -> dict[int, User]:
    officers = {
        row.estate_id: row.officer
        for row in StaffAssignment.objects.on(day)
        .filter(estate__in=estates)
        .select_related("officer")
    }
    return {
        estate.pk: officers.get(estate.pk) or cast.inspectors[estate.pk % len(cast.inspectors)]
        for estate in estates
    }


def round_make(plan: RoundPlan, cast: Cast, rng: random.Random) -> InspectionRound:
    """Write a round with its inspections, each scored by the portal's own arithmetic."""
    round = InspectionRound.objects.create(
        title=plan.title,
        checklist=plan.checklist,
        year=plan.start.year,
        number=plan.number,
        start_date=plan.start,
        end_date=plan.end,
        created_by=cast.manager,
        created_at=clock.at(plan.start, 8, 30),
    )
    people = _inspectors(plan.estates, plan.start, cast)
    RoundEstate.objects.bulk_create(
        RoundEstate(round=round, estate=estate, inspector=people[estate.pk])
        for estate in plan.estates
    )
    items = list(plan.checklist.items.order_by("position"))
    providers = dict(
        Engagement.objects.on(plan.start)
        .filter(estate__in=plan.estates)
        .values_list("estate_id", "provider_id")
    )
    order = list(plan.estates)
    rng.shuffle(order)
    inspected = order[: round_up(len(order) * plan.done)]
    # A round that still goes on has been inspected up to yesterday at most.
    last = min(plan.end, clock.today() - dt.timedelta(days=1))
    span = max((last - plan.start).days, 1)
    rows: list[Inspection] = []
    found: list[list[tuple[Any, str, Decimal, str]]] = []
    per_day: dict[dt.date, int] = {}
    for index, estate in enumerate(inspected):
        day = plan.start + dt.timedelta(days=index * span // max(len(inspected), 1))
        per_day[day] = per_day.get(day, 0) + 1
        # Each estate has its own habit, so that rankings stay alike from round to round.
        habit = plan.quality + (estate.pk * 37 % 17 - 8) / 160
        results = []
        for item in items:
            if item.allows_na and rng.random() < 0.2:
                results.append((item, Outcome.NA, Decimal(0), ""))
            elif rng.random() > habit:
                steps = max(1, int(item.points / item.deduction_step))
                deduction = item.deduction_step * rng.randint(max(1, steps // 2), steps)
                results.append((item, Outcome.FAIL, min(deduction, item.points), _note(item, rng)))
            else:
                results.append((item, Outcome.PASS, Decimal(0), ""))
        score = score_of(
            [
                Line(
                    i.code, i.text, i.heading, i.points, outcome, deduction, i.is_veto, i.disclosure
                )
                for i, outcome, deduction, _ in results
            ],
            marks_of(plan.checklist),
        )
        if score is None:
            raise ValueError("a checklist without applicable items")
        moment = clock.at(day, 9 + index % 8, index * 7 % 60)
        rows.append(
            Inspection(
                number=f"JC-{day:%Y%m%d}-{per_day[day]:04d}",
                # What a returned record is filled in from again.
                draft={
                    "items": {
                        str(item.pk): Answer(
                            outcome,
                            deduction if outcome == Outcome.FAIL else None,
                            note,
                            fixed=_is_mended(plan, estate, item, outcome),
                        ).as_json()
                        for item, outcome, deduction, note in results
                        if outcome != Outcome.PASS
                    }
                },
                round=round,
                checklist=plan.checklist,
                estate=estate,
                provider_id=providers.get(estate.pk),
                inspected_on=day,
                inspector=people[estate.pk],
                companion=COMPANIONS[(estate.pk + 1) % 4],
                score=score.score,
                working=score.working,
                failed_count=score.failed,
                missing_disclosures=score.missing,
                entered_by=people[estate.pk],
                created_at=moment,
                submitted_at=moment + dt.timedelta(minutes=40),
            )
        )
        found.append(results)
    Inspection.objects.bulk_create(rows, batch_size=500)
    results_rows = ItemResult.objects.bulk_create(
        [
            _result(plan, inspection, item, outcome, deduction, note)
            for inspection, results in zip(rows, found, strict=True)
            for item, outcome, deduction, note in results
        ],
        batch_size=2000,
    )
    if plan.photos:
        _photos_make(rows, results_rows)
    mine = Inspection.objects.filter(pk__in=[row.pk for row in rows])
    mine.update(status=InspectionStatus.SUBMITTED)
    confirmed = rows[: round_up(len(rows) * plan.confirmed)]
    Inspection.objects.filter(pk__in=[row.pk for row in confirmed]).update(
        status=InspectionStatus.CONFIRMED,
        confirmed_by=cast.manager,
        confirmed_at=clock.at(min(plan.end + dt.timedelta(days=2), clock.today()), 16),
    )
    _entries_make(rows)
    return round


def _result(
    plan: RoundPlan,
    inspection: Inspection,
    item: ChecklistItem,
    outcome: str,
    deduction: Decimal,
    note: str,
) -> ItemResult:
    """Return what was found on one item; what waits to be mended has its last day."""
    mended = _is_mended(plan, inspection.estate, item, outcome)
    waits = outcome == Outcome.FAIL and not mended
    return ItemResult(
        inspection=inspection,
        item=item,
        outcome=outcome,
        deduction=deduction,
        note=note,
        fixed_on_site=mended,
        deadline=inspection.inspected_on + dt.timedelta(days=item.default_days) if waits else None,
    )


def _is_mended(plan: RoundPlan, estate: Estate, item: ChecklistItem, outcome: str) -> bool:
    """Tell whether what failed was put right before the inspector left: some of what is light."""
    light = outcome == Outcome.FAIL and item.severity != Severity.FORMAL
    return plan.photos and light and (estate.pk + item.position) % 6 == 0


def round_up(value: float) -> int:
    return int(value) + (value > int(value))


def _photos_make(rows: list[Inspection], results: list[ItemResult]) -> None:
    """One picture for each failed item of the inspections, as it was taken on site."""
    by_pk = {row.pk: row for row in rows}
    for index, result in enumerate(results):
        if result.outcome != Outcome.FAIL:
            continue
        inspection = by_pk[result.inspection_id]
        kind = "board" if result.item.disclosure else ("corridor", "bins")[index % 2]
        taken_at = inspection.created_at + dt.timedelta(minutes=index % 30)
        stages = [(PhotoStage.FOUND, "before"), (PhotoStage.FIXED, "after")]
        for stage, name in stages[: 1 + result.fixed_on_site]:
            keep_picture(
                evidence(kind, name, result.pk, taken_at),
                estate=inspection.estate,
                result=result,
                actor=inspection.inspector,
                stage=stage,
            )


def _entries_make(rows: list[Inspection]) -> None:
    """The audit entries that the services would have written, so that timelines are whole."""
    context = current_context()
    entries = [
        AuditEntry(
            at=row.submitted_at,
            actor=row.inspector,
            actor_name=row.inspector.name,
            channel="demo",
            request_id=context.request_id,
            verb="inspection.submit",
            tag="检查",
            target_type=Inspection._meta.label,
            target_id=str(row.pk),
            target_name=str(row),
            summary=f"检查，{row.score} 分，"
            + (f"{row.failed_count} 项不合格" if row.failed_count else "全部合格"),
        )
        for row in rows
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=1000)
    AuditSubject.objects.bulk_create(
        (
            AuditSubject(entry=entry, subject_type=label, subject_id=str(pk), at=entry.at)
            for entry, row in zip(entries, rows, strict=True)
            for label, pk in (
                (Inspection._meta.label, row.pk),
                (Estate._meta.label, row.estate_id),
            )
        ),
        batch_size=2000,
    )
