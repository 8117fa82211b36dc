"""What is open today: orders in every state, counts to verify, a survey to compare."""

import datetime as dt
import random
from collections.abc import Sequence

from estates.choices import Decision
from estates.models import Estate, HouseholdCount, Survey, SurveyDifference, SurveyEntry
from inspections.choices import FlagVerdict, Outcome, ServiceMethod
from inspections.models import (
    Inspection,
    InspectionRound,
    PhotoFlag,
    RectificationItem,
    RectificationOrder,
)
from inspections.services.orders import (
    Finding,
    Upload,
    Verdict,
    interview_call,
    issuable_results,
    legal_basis_of,
    open_items,
    rectification_order_issue,
    rectification_recheck,
    rectification_reply,
    rectification_serve,
)
from xingyang_pm.common import clock

from .people import Cast
from .pictures import evidence
from .registry import City

MEASURES = [
    "已清理堆放物品，电动车移至车棚，并张贴提示",
    "已更换灯具，夜间照明正常",
    "已补齐公示内容并加盖公章",
    "已增加清运班次，垃圾日产日清",
    "已修复破损地面",
]
# How the orders of the newest rounds stand: issued, waiting for recheck (one of them with the
# picture of its fault), overdue, closed.
OVERDUE = 5
OPEN_STATES = ["doubtful"] + ["replied"] * 3 + ["issued"] * 6
PER_ROUND = 9


def orders_make(
    rounds: Sequence[InspectionRound], cast: Cast, rng: random.Random, today: dt.date
) -> None:
    """Issue orders on the worst inspections of each round and take them to their state."""
    for round in rounds[:-1]:
        for inspection in _worst(round, PER_ROUND):
            _order(inspection, cast, rng, "closed", today)
    # What is overdue now was ordered on the round before; the newest round's orders still run.
    late = _worst(rounds[-2], PER_ROUND + OVERDUE)[PER_ROUND:]
    overdue = [_order(inspection, cast, rng, "overdue", today) for inspection in late]
    _call_in(next(filter(None, overdue)), cast, today)
    newest = list(_worst(rounds[-1], len(OPEN_STATES)))
    for inspection, state in zip(newest, OPEN_STATES, strict=False):
        _order(inspection, cast, rng, state, today)


def _call_in(order: RectificationOrder, cast: Cast, today: dt.date) -> None:
    """Call the firm of an overdue order in for tomorrow."""
    interview_call(
        order=order,
        actor=cast.manager,
        invited=order.provider.name if order.provider else order.estate.name,
        cause=f"{order.number} 逾期未整改",
        scheduled_at=clock.at(today + dt.timedelta(days=1), 15),
        place="房管中心二楼会议室",
        bring="整改方案、整改前后照片、物业服务合同",
    )


def _worst(round: InspectionRound, count: int) -> Sequence[Inspection]:
    return (
        Inspection.objects.filter(round=round, results__outcome=Outcome.FAIL)
        .select_related("estate__street", "provider", "inspector", "checklist")
        .distinct()
        .order_by("score", "pk")[:count]
    )


def _signatory(inspection: Inspection) -> str:
    return (inspection.provider.manager_name if inspection.provider else "") or "项目经理"


def _order(
    inspection: Inspection, cast: Cast, rng: random.Random, state: str, today: dt.date
) -> RectificationOrder | None:
    results = issuable_results(inspection)[:3]
    if not results:
        return None
    issued = min(inspection.inspected_on + dt.timedelta(days=1), today)
    deadline = issued + dt.timedelta(days=7)
    if state == "overdue":
        deadline = today - dt.timedelta(days=rng.randint(1, 9))
        issued = deadline - dt.timedelta(days=9)
    elif state != "closed":
        deadline = max(deadline, today + dt.timedelta(days=rng.randint(1, 6)))
    issued = max(issued, inspection.inspected_on)
    if state != "overdue" and deadline <= issued:
        deadline = issued + dt.timedelta(days=1)
    with clock.freeze(clock.at(issued, 15, 20)):
        order = rectification_order_issue(
            inspection=inspection,
            results=results,
            actor=inspection.inspector,
            legal_basis=legal_basis_of(results) or "《河南省物业管理条例》第三十九条",
            deadline=deadline,
        )
    served = min(issued + dt.timedelta(days=1), today)
    with clock.freeze(clock.at(served, 17)):
        order = rectification_serve(
            order=order,
            actor=inspection.inspector,
            served_on=served,
            served_to=inspection.provider.manager_name or "项目经理"
            if inspection.provider
            else "项目经理",
            served_by=inspection.inspector.name,
            service_method=ServiceMethod.ON_SITE,
        )
    if state in {"issued", "overdue"}:
        return order
    late = state == "closed" and rng.random() < 0.12
    replied = min(deadline + dt.timedelta(days=2 if late else -1), today)
    replied = max(replied, served)
    clerk = cast.clerks[inspection.estate.street.code]
    items = open_items(order)
    with clock.freeze(clock.at(replied, 17, 42)):
        rectification_reply(
            order=order,
            actor=clerk,
            completed_on=replied,
            measures={item.pk: rng.choice(MEASURES) for item in items},
            responsible=inspection.provider.manager_name if inspection.provider else "",
            photos={item.pk: [_fixed_photo(item, same=state == "doubtful")] for item in items},
        )
    if state != "closed":
        return order
    order.refresh_from_db()
    checked = min(replied + dt.timedelta(days=1 if late else 0), today)
    with clock.freeze(clock.at(checked, 18)):
        rectification_recheck(
            order=order,
            actor=cast.manager,
            checked_on=checked,
            findings={item.pk: Finding(done=True) for item in items},
            # Of hundreds of drawings some are alike, as photos of corridors are.
            verdicts={
                flag.pk: Verdict(FlagVerdict.FINE, "现场核对过，确已整改")
                for flag in PhotoFlag.objects.filter(photo__reply_item__reply__order=order).open()
            },
            opinion="现场查看，整改到位，同意销号。",
            companion=inspection.inspector.name,
        )
    return order


def _fixed_photo(item: RectificationItem, *, same: bool) -> Upload:
    """Return a photo of the repair; the ``same`` as that of the fault, sent on by a messenger."""
    found = item.result.photos.first() if same else None
    if found is not None:
        return Upload(source=found.image.read(), name="整改后.jpg")
    kind = "board" if item.result.item.disclosure else "corridor"
    return Upload(picture=evidence(kind, "after", item.pk, clock.now()))


def counts_waiting(city: City, cast: Cast, today: dt.date) -> None:
    """A few new household counts: one verified for next month, some waiting."""
    changes = {"成皋花园": 216, "龙湖佳苑": 135, "海天花园": 92, "铁龙家属院": 160}
    effective = clock.add_months(today, 1)
    by_name: dict[str, Estate] = {
        estate.name: estate for rows in city.old.values() for estate in rows
    }
    for index, (name, households) in enumerate(changes.items()):
        estate = by_name[name]
        code = estate.street.code
        entered = clock.at(today - dt.timedelta(days=6 - index), 10)
        row = HouseholdCount.objects.create(
            estate=estate,
            effective_month=effective,
            households=households,
            buildings=estate.building_count,
            reason="新增补办入住登记",
            evidence_name="户数清册.pdf",
            entered_by=cast.clerks[code],
            entered_at=entered,
        )
        if index == 0:
            HouseholdCount.objects.filter(pk=row.pk).update(
                status="verified",
                decided_by=cast.leaders[code],
                decided_at=clock.at(today - dt.timedelta(days=3), 11),
                opinion="与清册一致",
            )


def survey_make(city: City, cast: Cast, today: dt.date) -> None:
    """One baseline survey of 京城路街道, with differences that somebody has to decide on."""
    day = today - dt.timedelta(days=12)
    survey = Survey.objects.create(
        title=f"{today.year}年京城路街道老旧小区摸底调查",
        street=city.streets["410182002"],
        surveyed_on=day,
        created_by=cast.clerks["410182002"],
        created_at=clock.at(day, 15),
    )
    for row, estate in enumerate(city.old["410182002"][:12], start=5):
        entry = SurveyEntry.objects.create(
            survey=survey,
            row=row,
            name=estate.name,
            estate=estate,
            values={"household_count": estate.household_count + row % 4},
        )
        if row % 4:
            SurveyDifference.objects.create(
                entry=entry,
                field="unit_count",
                registry_value=str(estate.unit_count),
                survey_value=str((estate.unit_count or 0) + row % 3 + 1),
                decision=Decision.PENDING,
            )
