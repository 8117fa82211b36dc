"""The whole loop with the fixed cast, and every wrong person at every step."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage

from accounts.choices import Role
from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.choices import InspectionStatus, OrderStatus, RecheckResult
from inspections.models import (
    ChecklistItem,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    ItemResult,
    RectificationOrder,
)
from inspections.services import Answer, Finding, Upload, Visit
from tests.inspections.conftest import TODAY, picture, recheck_of, reply_to
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import Job


def test_from_an_inspection_to_a_closed_order(
    round: InspectionRound, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    assert inspection.number is None
    for item, shade in ((items[0], 1), (items[2], 2)):
        services.photo_add(
            inspection=inspection, item=item, actor=cast.inspector, source=picture(shade=shade)
        )
    inspection = services.inspection_submit(
        inspection=inspection,
        actor=cast.inspector,
        answers={
            items[0].pk: Answer("fail", Decimal(4), "收费标准一页脱落", 7),
            items[2].pk: Answer("fail", Decimal(2), "3号楼2单元堆放纸箱", 3),
            items[3].pk: Answer("na"),
        },
        visit=Visit(companion="李明轩"),
    )
    # 100 × (80 − 6) ÷ 80 = 92.5
    assert inspection.score == Decimal("92.5")
    assert inspection.number == "JC-20261118-0001"
    assert inspection.provider.name == "郑州怡馨物业服务有限公司"
    assert inspection.results.count() == 4
    assert [row.deadline for row in inspection.results.filter(outcome="fail")] == [
        dt.date(2026, 11, 25),
        dt.date(2026, 11, 21),
    ]

    inspection = services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    assert inspection.status == InspectionStatus.CONFIRMED

    results = services.issuable_results(inspection)
    order = services.rectification_order_issue(
        inspection=inspection,
        results=results,
        actor=cast.inspector,
        legal_basis=services.legal_basis_of(results),
        requirements={results[0].pk: "补齐收费标准"},
    )
    assert order.number == "荥房管责改〔2026〕1号"
    assert order.deadline == dt.date(2026, 11, 25)
    assert order.legal_basis == "《河南省物业管理条例》第三十九条"
    assert services.issuable_results(inspection) == []

    services.rectification_serve(
        order=order,
        actor=cast.inspector,
        served_on=TODAY,
        served_to="张利民",
        served_by="张志强、李明轩",
        service_method="on_site",
    )
    with clock.freeze(dt.date(2026, 11, 20)):
        reply = reply_to(order, cast.street_clerk)
    order.refresh_from_db()
    assert order.status == OrderStatus.REPLIED
    assert reply.items.count() == 2
    assert EvidencePhoto.objects.filter(reply_item__reply=reply, stage="fixed").count() == 2

    with clock.freeze(dt.date(2026, 11, 21)):
        services.rectification_recheck_arrange(
            order=order,
            actor=cast.city_manager,
            person=cast.inspector,
            day=dt.date(2026, 11, 22),
            companion="李明轩",
        )
    with clock.freeze(dt.date(2026, 11, 22)):
        recheck = recheck_of(order, cast.inspector)
    order.refresh_from_db()
    assert recheck.number == "荥房管复查〔2026〕1号"
    assert order.status == OrderStatus.CLOSED
    assert order.closed_at.date() == dt.date(2026, 11, 22)
    acts = [entry.verb for entry in timeline(order)]
    assert acts == [
        "order.recheck",
        "order.arrange_recheck",
        "order.reply",
        "order.serve",
        "order.issue",
    ]
    assert set(acts) <= {entry.verb for entry in timeline(estate)}
    kinds = Job.objects.values_list("kind", flat=True)
    assert sorted(set(kinds)) == ["recheck-opinion", "rectification-notice"]


def test_a_failed_recheck_sends_only_what_is_left_back_with_a_new_day(
    replied: RectificationOrder, cast: Cast
) -> None:
    first, second = services.open_items(replied)
    recheck = services.rectification_recheck(
        order=replied,
        actor=cast.inspector,
        checked_on=TODAY,
        findings={first.pk: Finding(True), second.pk: Finding(False, "仍有两辆电动车")},
        new_deadline=dt.date(2026, 11, 25),
    )
    replied.refresh_from_db()
    assert recheck.result == RecheckResult.FAIL
    assert replied.status == OrderStatus.ISSUED
    assert replied.deadline == dt.date(2026, 11, 25)
    assert "第2项整改不到位，限2026年11月25日前" in recheck.opinion
    assert services.open_items(replied) == [second]
    # The second round asks for the second item alone, and closes the order.
    reply_to(replied, cast.street_clerk, shade=240)
    recheck_of(replied, cast.city_manager)
    replied.refresh_from_db()
    assert replied.status == OrderStatus.CLOSED


def test_a_failed_recheck_needs_a_new_day_and_a_word_on_what_is_missing(
    replied: RectificationOrder, cast: Cast
) -> None:
    items = services.open_items(replied)
    findings = {item.pk: Finding(False, "没有动") for item in items}
    for day in (None, TODAY):
        with pytest.raises(BusinessError, match="另定晚于今天的整改期限") as refused:
            services.rectification_recheck(
                order=replied,
                actor=cast.inspector,
                checked_on=TODAY,
                findings=findings,
                new_deadline=day,
            )
        assert refused.value.field == "new_deadline"
    with pytest.raises(services.ItemProblems) as refused:
        services.rectification_recheck(
            order=replied,
            actor=cast.inspector,
            checked_on=TODAY,
            findings={items[0].pk: Finding(False)},
        )
    assert refused.value.problems == {
        items[0].pk: "请写明还差什么。",
        items[1].pk: "请选整改到位或整改不到位。",
    }


# --- Wrong persons ----------------------------------------------------------------------------

ENTERING = {"inspector", "street_clerk"}
EVERYBODY = [
    "street_clerk", "street_leader", "other_clerk", "other_leader", "inspector", "city_manager",
    "bureau_leader", "finance_officer", "system_admin", "auditor", "outsider",
]  # fmt: skip


@pytest.mark.parametrize("part", EVERYBODY)
def test_who_enters_an_inspection(
    part: str, round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    actor = cast.people[part]
    if part in ENTERING:
        services.inspection_start(estate=estate, actor=actor, round=round)
        return
    with pytest.raises(NotPermitted):
        services.inspection_start(estate=estate, actor=actor, round=round)
    assert not Inspection.objects.exists()


@pytest.mark.parametrize("part", EVERYBODY)
def test_who_confirms_and_returns(part: str, report: object, estate: Estate, cast: Cast) -> None:
    inspection = report(estate)
    actor = cast.people[part]
    if part == "city_manager":
        services.inspection_return(inspection=inspection, actor=actor, reason="照片不清")
        return
    with pytest.raises(NotPermitted):
        services.inspection_confirm(inspection=inspection, actor=actor)
    with pytest.raises(NotPermitted):
        services.inspection_return(inspection=inspection, actor=actor, reason="照片不清")
    inspection.refresh_from_db()
    assert inspection.status == InspectionStatus.SUBMITTED


@pytest.mark.parametrize("part", EVERYBODY)
def test_who_issues_serves_arranges_rechecks(
    part: str, replied: RectificationOrder, report: object, estate: Estate, cast: Cast
) -> None:
    actor = cast.people[part]
    allowed = part in {"inspector", "city_manager"}
    inspection = report(estate, failed=(0,), in_round=False)
    acts = [
        lambda: services.rectification_order_issue(
            inspection=inspection,
            results=services.issuable_results(inspection),
            actor=actor,
            legal_basis="《河南省物业管理条例》",
        ),
        lambda: services.rectification_recheck_arrange(
            order=replied, actor=actor, person=cast.inspector, day=TODAY
        ),
        lambda: recheck_of(replied, cast.people[part]),
    ]
    for act in acts:
        if allowed:
            # The recheck was arranged for the inspector; the manager may still record it.
            act()
        else:
            with pytest.raises(NotPermitted):
                act()


@pytest.mark.parametrize("part", EVERYBODY)
def test_who_replies(part: str, served: RectificationOrder, cast: Cast) -> None:
    actor = cast.people[part]
    if part == "street_clerk":
        reply_to(served, actor)
        return
    with pytest.raises(NotPermitted):
        reply_to(served, actor)
    served.refresh_from_db()
    assert served.status == OrderStatus.ISSUED


@pytest.mark.parametrize("part", EVERYBODY)
def test_who_makes_and_closes_rounds(
    part: str, round: InspectionRound, report: object, cast: Cast
) -> None:
    actor = cast.people[part]
    values = {
        "title": "清洁家园行动",
        "checklist": round.checklist,
        "start_date": TODAY,
        "end_date": TODAY,
    }
    if part == "city_manager":
        services.round_create(actor=actor, **values)
        services.round_close(round=round, actor=actor)
        return
    with pytest.raises(NotPermitted):
        services.round_create(actor=actor, **values)
    with pytest.raises(NotPermitted):
        services.round_close(round=round, actor=actor)


def test_a_street_clerk_does_not_reach_into_the_other_street(
    round: InspectionRound, other_estate: Estate, cast: Cast
) -> None:
    with pytest.raises(NotPermitted, match="不在你所在的街道"):
        services.inspection_start(estate=other_estate, actor=cast.street_clerk, round=round)


def test_nobody_confirms_what_he_entered(
    round: InspectionRound, report: object, estate: Estate, make_person: object, cast: Cast
) -> None:
    both = make_person("both", cast.bureau, Role.INSPECTOR, Role.BUREAU_MANAGER)
    inspection = report(estate, both)
    with pytest.raises(BusinessError, match="录入人不能确认自己的检查记录"):
        services.inspection_confirm(inspection=inspection, actor=both)


def test_nobody_rechecks_what_he_reported_as_done(
    served: RectificationOrder, make_person: object, cast: Cast
) -> None:
    """A clerk who moved to the bureau as an inspector meanwhile."""
    clerk = make_person("moves", cast.street_office, Role.STREET_CLERK)
    reply_to(served, clerk)
    User.objects.filter(pk=clerk.pk).update(office=cast.bureau)
    clerk.roles.all().delete()
    clerk.roles.create(role=Role.INSPECTOR)
    moved = User.objects.get(pk=clerk.pk)
    served.refresh_from_db()
    with pytest.raises(BusinessError, match="填报整改的人不能复查"):
        recheck_of(served, moved)
    assert moved not in services.recheckers_for(served)
    with pytest.raises(BusinessError, match="不是填报整改的人"):
        services.rectification_recheck_arrange(
            order=served, actor=cast.inspector, person=moved, day=TODAY
        )


def test_a_recheck_that_was_arranged_is_of_that_person_or_the_manager(
    replied: RectificationOrder, make_person: object, cast: Cast
) -> None:
    second = make_person("second", cast.bureau, Role.INSPECTOR)
    services.rectification_recheck_arrange(
        order=replied, actor=cast.city_manager, person=second, day=TODAY
    )
    with pytest.raises(NotPermitted, match="安排给"):
        recheck_of(replied, cast.inspector)
    recheck_of(replied, second)
    replied.refresh_from_db()
    assert replied.status == OrderStatus.CLOSED


# --- Dates and states -------------------------------------------------------------------------


def test_dates_stand_in_order(order: RectificationOrder, cast: Cast) -> None:
    before, after = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)
    serve = {
        "order": order,
        "actor": cast.inspector,
        "served_to": "张利民",
        "served_by": "张志强",
        "service_method": "on_site",
    }
    with pytest.raises(BusinessError, match="不能早于下达日期"):
        services.rectification_serve(served_on=before, **serve)
    with pytest.raises(BusinessError, match="不能晚于今天"):
        services.rectification_serve(served_on=after, **serve)
    with pytest.raises(BusinessError, match="请写明签收人"):
        services.rectification_serve(served_on=TODAY, **{**serve, "served_to": " "})
    with pytest.raises(BusinessError, match="还没有登记送达，不能回复"):
        reply_to(order, cast.street_clerk)
    services.rectification_serve(served_on=TODAY, **serve)
    with pytest.raises(BusinessError, match="已经登记"):
        services.rectification_serve(served_on=TODAY, **serve)
    reply = {"order": order, "actor": cast.street_clerk, "measures": {}}
    with pytest.raises(BusinessError, match="完成日期不能早于检查日期"):
        services.rectification_reply(completed_on=before, **reply)
    with pytest.raises(BusinessError, match="完成日期不能晚于今天"):
        services.rectification_reply(completed_on=after, **reply)
    with pytest.raises(BusinessError, match="还没有整改回复，不能安排复查"):
        services.rectification_recheck_arrange(
            order=order, actor=cast.inspector, person=cast.inspector, day=TODAY
        )
    with pytest.raises(BusinessError, match="不是待复查"):
        recheck_of(order, cast.inspector)
    reply_to(order, cast.street_clerk)
    with pytest.raises(BusinessError, match="不用回复"):
        reply_to(order, cast.street_clerk)
    with pytest.raises(BusinessError, match="复查日期不能早于今天"):
        services.rectification_recheck_arrange(
            order=order, actor=cast.inspector, person=cast.inspector, day=before
        )


def test_a_reply_says_per_item_what_is_missing_and_keeps_nothing(
    served: RectificationOrder, cast: Cast
) -> None:
    first, second = services.open_items(served)
    with pytest.raises(services.ItemProblems) as refused:
        services.rectification_reply(
            order=served,
            actor=cast.street_clerk,
            completed_on=TODAY,
            measures={first.pk: "已补齐"},
            photos={first.pk: [Upload(b"no picture", "公示栏.jpg")], second.pk: []},
        )
    assert refused.value.problems == {
        first.pk: "“公示栏.jpg”不是照片，请选 JPG 或 PNG 图片。",
        second.pk: "请写明整改措施。",
    }
    assert not served.replies.exists()
    assert not EvidencePhoto.objects.filter(stage="fixed").exists()


def test_orders_are_numbered_without_gap(
    report: object, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    numbers = []
    for place in (estate, other_estate):
        inspection = report(place, failed=(0,))
        results = services.issuable_results(inspection)
        issue = {"inspection": inspection, "actor": cast.inspector, "legal_basis": "《条例》"}
        with pytest.raises(BusinessError, match="整改期限不能早于今天"):
            services.rectification_order_issue(
                results=results, deadline=TODAY - dt.timedelta(days=1), **issue
            )
        with pytest.raises(BusinessError, match="至少选一个"):
            services.rectification_order_issue(results=[], **issue)
        numbers.append(services.rectification_order_issue(results=results, **issue).number)
        with pytest.raises(BusinessError, match="请至少选一个不合格项"):
            services.rectification_order_issue(results=results, **issue)
    assert numbers == ["荥房管责改〔2026〕1号", "荥房管责改〔2026〕2号"]


def test_an_order_needs_an_addressee(
    report: object, make_estate: object, round: InspectionRound, cast: Cast
) -> None:
    inspection = report(make_estate(), failed=(0,), in_round=False)
    with pytest.raises(BusinessError, match="没有登记服务主体"):
        services.rectification_order_issue(
            inspection=inspection,
            results=services.issuable_results(inspection),
            actor=cast.inspector,
            legal_basis="《条例》",
        )


def test_an_inspection_with_an_order_is_not_returned(order: RectificationOrder, cast: Cast) -> None:
    with pytest.raises(BusinessError, match="已下达整改通知书，不能退回"):
        services.inspection_return(
            inspection=order.inspection, actor=cast.city_manager, reason="再看看"
        )


# --- The draft and its report -----------------------------------------------------------------


def test_returned_it_is_mended_and_reported_again_under_its_number(
    report: object, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    inspection = report(estate, failed=(0, 2))
    number = inspection.number
    services.inspection_return(
        inspection=inspection, actor=cast.city_manager, reason="堆物已当场清走"
    )
    inspection.refresh_from_db()
    answers = services.answers_of(inspection)
    assert set(answers) == {items[0].pk, items[2].pk}
    kept = answers[items[0].pk]
    again = services.inspection_submit(
        inspection=inspection, actor=cast.inspector, answers={items[0].pk: kept}
    )
    assert (again.number, again.failed_count, again.return_reason) == (number, 1, "")
    # The photo of the item that now passes is gone, the other one stands.
    assert [p.result.item_id for p in EvidencePhoto.objects.all()] == [items[0].pk]


def test_only_the_one_who_entered_changes_a_draft(
    round: InspectionRound, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    photo = services.photo_add(
        inspection=inspection, item=items[0], actor=cast.inspector, source=picture()
    )
    for act in (
        lambda: services.inspection_save_draft(inspection=inspection, actor=cast.street_clerk),
        lambda: services.inspection_submit(inspection=inspection, actor=cast.street_clerk),
        lambda: services.inspection_discard(inspection=inspection, actor=cast.street_clerk),
        lambda: services.photo_remove(photo=photo, actor=cast.street_clerk),
        lambda: services.photo_add(
            inspection=inspection,
            item=items[0],
            actor=cast.street_clerk,
            source=picture(shade=3),
        ),
    ):
        with pytest.raises(NotPermitted, match="由别人录入"):
            act()
    assert EvidencePhoto.objects.count() == 1


def test_a_report_says_per_item_what_is_missing_and_keeps_the_rest(
    round: InspectionRound, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    answers = {
        items[0].pk: Answer("fail", Decimal(2), "", 7),
        items[1].pk: Answer("fail", Decimal(3), "缺一页", 7),
        items[2].pk: Answer("fail", Decimal(2), "堆物", 7),
        items[3].pk: Answer("fail", None, "电梯停运", 999),
    }
    with pytest.raises(services.AnswersIncomplete) as refused:
        services.inspection_submit(inspection=inspection, actor=cast.inspector, answers=answers)
    assert refused.value.problems == {
        items[0].pk: "请写明问题。",
        items[1].pk: "扣分须是 2 的倍数。",
        items[2].pk: "请至少拍 1 张照片。",
        items[3].pk: "整改期限须在 180 天以内。",
    }
    inspection.refresh_from_db()
    assert inspection.status == InspectionStatus.DRAFT
    assert services.answers_of(inspection) == answers


def test_not_applicable_only_where_the_item_allows_it(
    round: InspectionRound, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    with pytest.raises(services.AnswersIncomplete) as refused:
        services.inspection_submit(
            inspection=inspection,
            actor=cast.inspector,
            answers={items[0].pk: Answer("na"), items[1].pk: Answer("maybe")},
        )
    assert refused.value.problems == {
        items[0].pk: "这一项不能选不适用。",
        items[1].pk: "请选合格或不合格。",
    }


def test_the_date_of_the_visit_lies_in_the_round_and_not_ahead(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    for day, says in (
        (TODAY + dt.timedelta(days=1), "不能晚于今天"),
        (dt.date(2026, 11, 1), "不能早于本批次开始的2026年11月2日"),
    ):
        with pytest.raises(BusinessError, match=says):
            services.inspection_submit(
                inspection=inspection, actor=cast.inspector, visit=Visit(inspected_on=day)
            )


def test_the_same_key_is_the_same_draft_and_sent_twice_one_record(
    round: InspectionRound, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    key = uuid.uuid4()
    first = services.inspection_start(
        estate=estate, actor=cast.inspector, round=round, client_key=key
    )
    second = services.inspection_start(
        estate=estate, actor=cast.inspector, round=round, client_key=key
    )
    tab = services.inspection_start(
        estate=estate, actor=cast.inspector, round=round, client_key=uuid.uuid4()
    )
    assert first == second == tab
    answers = {items[1].pk: Answer("fail", Decimal(2), "缺一页", 7)}
    send = {"inspection": first, "actor": cast.inspector, "visit": Visit(note="傍晚")}
    one = services.inspection_submit(answers=answers, **send)
    two = services.inspection_submit(answers=answers, **send)
    assert (one.pk, one.number) == (two.pk, two.number)
    assert Inspection.objects.count() == 1
    other = {items[1].pk: Answer("fail", Decimal(4), "缺两页", 7)}
    with pytest.raises(BusinessError, match="与上报的不同，没有改动") as refused:
        services.inspection_submit(answers=other, **send)
    assert refused.value.code == "conflict"
    one.refresh_from_db()
    assert one.results.get(item=items[1]).note == "缺一页"


def test_a_key_of_another_inspection_is_refused(
    round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    key = uuid.uuid4()
    services.inspection_start(estate=estate, actor=cast.inspector, round=round, client_key=key)
    with pytest.raises(BusinessError, match="属于另一次检查"):
        services.inspection_start(
            estate=other_estate, actor=cast.inspector, round=round, client_key=key
        )


def test_of_two_inspectors_at_one_estate_the_first_report_stands(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    mine = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    theirs = services.inspection_start(estate=estate, actor=cast.street_clerk, round=round)
    services.inspection_submit(inspection=theirs, actor=cast.street_clerk)
    with pytest.raises(BusinessError, match="本批次已由 王秀兰 上报"):
        services.inspection_submit(inspection=mine, actor=cast.inspector)
    services.inspection_discard(inspection=mine, actor=cast.inspector)
    with pytest.raises(BusinessError, match="不用再查"):
        services.inspection_start(estate=estate, actor=cast.inspector, round=round)


def test_a_photo_sent_twice_is_one_photo(
    round: InspectionRound, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    add = {"inspection": inspection, "item": items[0], "actor": cast.inspector}
    source = picture()
    key = uuid.uuid4()
    first = services.photo_add(source=source, client_key=key, **add)
    assert services.photo_add(source=source, client_key=key, **add) == first
    assert services.photo_add(source=source, **add) == first
    assert services.photo_add(source=picture(shade=9), **add) != first
    assert EvidencePhoto.objects.count() == 2
    with pytest.raises(BusinessError, match="属于另一份检查"):
        services.photo_add(
            inspection=inspection,
            item=items[1],
            actor=cast.inspector,
            source=source,
            client_key=key,
        )


def test_a_discarded_draft_takes_its_files_along(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    django_capture_on_commit_callbacks: object,
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    photo = services.photo_add(
        inspection=inspection, item=items[0], actor=cast.inspector, source=picture()
    )
    assert default_storage.exists(photo.image.name)
    with django_capture_on_commit_callbacks(execute=True):
        services.inspection_discard(inspection=inspection, actor=cast.inspector)
    assert not default_storage.exists(photo.image.name)
    assert not default_storage.exists(photo.thumbnail.name)
    assert not Inspection.objects.exists()
    assert not ItemResult.objects.exists()


def test_what_was_reported_is_not_discarded(report: object, estate: Estate, cast: Cast) -> None:
    with pytest.raises(BusinessError, match="不能删除"):
        services.inspection_discard(inspection=report(estate), actor=cast.inspector)


def test_outside_a_round_the_checklist_must_be_in_force(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    with pytest.raises(BusinessError, match="请先选检查表"):
        services.inspection_start(estate=estate, actor=cast.inspector)
    services.checklist_retire(checklist=round.checklist, actor=cast.city_manager)
    with pytest.raises(BusinessError, match="现在没有启用"):
        services.inspection_start(estate=estate, actor=cast.inspector, checklist=round.checklist)
