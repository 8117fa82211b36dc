"""Kinds of orders, extension, objection, escalation, credit, problems that come again."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from enterprises.choices import CreditEventKind
from enterprises.models import CreditEvent
from enterprises.services import credit_event_record
from estates.models import Estate
from inspections import selectors, services
from inspections.choices import OrderKind, OrderStatus, RequestStatus
from inspections.models import (
    ExtensionRequest,
    Handover,
    Inspection,
    InspectionRound,
    RectificationOrder,
)
from inspections.services import Finding, issuable_results
from tests.common.pdf_reading import whole_text
from tests.inspections.conftest import (
    TODAY,
    order_over,
    recheck_of,
    reply_to,
    report_on,
    serve,
)
from tests.inspections.test_doors import refused_everywhere
from tests.inspections.test_papers import printed
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.errors import BusinessError, NotPermitted

SignedIn = Callable[[User], Client]
Report = Callable[..., Inspection]


def tracked_over(inspection: Inspection, actor: User) -> RectificationOrder:
    return services.rectification_order_issue(
        inspection=inspection,
        results=issuable_results(inspection),
        actor=actor,
        kind=OrderKind.TRACKED,
    )


# --- Kinds ------------------------------------------------------------------------------------


def test_the_gravest_item_proposes_the_paper(
    report: Report, estate: Estate, other_estate: Estate
) -> None:
    light = issuable_results(report(estate, failed=(0, 1)))
    grave = issuable_results(report(other_estate, failed=(0, 2)))
    assert services.proposed_kind(light) == OrderKind.TRACKED
    assert services.proposed_kind(grave) == OrderKind.FORMAL


def test_the_page_proposes_the_paper(
    report: Report, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    url = reverse("inspections:order-issue", args=[report(estate, failed=(0, 1)).pk])
    client = client_for(cast.inspector)
    assert client.get(url).context["form"].initial["kind"] == OrderKind.TRACKED
    result = issuable_results(Inspection.objects.get())[0]
    fields = {"kind": "formal", "deadline": "2026-11-25", f"pick-{result.pk}": "on"}
    refused = client.post(url, fields)
    assert refused.status_code == 422
    assert "须写明依据" in text_of(refused)
    assert client.post(url, {**fields, "kind": "tracked"}).status_code == 302
    assert RectificationOrder.objects.get().kind == OrderKind.TRACKED


def test_a_tracked_order_is_answered_and_closed_without_service(
    report: Report, estate: Estate, cast: Cast
) -> None:
    order = tracked_over(report(estate, failed=(0,)), cast.inspector)
    assert (order.number, order.legal_basis) == ("荥房管整改〔2026〕1号", "")
    with pytest.raises(BusinessError, match="不用登记送达"):
        serve(order, cast.inspector)
    assert order not in selectors.waiting.orders_to_serve(cast.inspector)
    assert order in selectors.waiting.orders_to_reply(cast.street_clerk)
    reply_to(order, cast.street_clerk)
    recheck_of(order, cast.inspector)
    order.refresh_from_db()
    assert order.status == OrderStatus.CLOSED


def test_each_kind_counts_for_itself(
    report: Report, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    first = tracked_over(report(estate, failed=(0,)), cast.inspector)
    second = order_over(report(other_estate, failed=(0,)), cast.inspector)
    assert [first.number, second.number] == ["荥房管整改〔2026〕1号", "荥房管责改〔2026〕1号"]


def test_a_tracked_order_needs_no_addressee_a_formal_one_does(
    report: Report, make_estate: Any, round: InspectionRound, cast: Cast
) -> None:
    inspection = report(make_estate(), failed=(0,), in_round=False)
    with pytest.raises(BusinessError, match="没有登记服务主体"):
        order_over(inspection, cast.inspector)
    assert tracked_over(inspection, cast.inspector).provider is None


def test_the_tracked_paper_names_no_law_and_no_receipt(
    report: Report, estate: Estate, cast: Cast, settings: Any
) -> None:
    settings.PORTAL_URL = "https://wygl.example"
    order = tracked_over(report(estate, failed=(0,)), cast.inspector)
    text = whole_text(printed("rectification-notice"))
    assert "限期整改单" in text
    assert "存根联" in text
    for part in ("送达回证", "根据《", "责令限期整改通知书"):
        assert part not in text
    squeezed = "".join(text.split())
    assert f"https://wygl.example{selectors.link_path(order.links.get())}" in squeezed


@pytest.mark.both_databases
def test_the_kind_is_frozen_once_issued(order: RectificationOrder) -> None:
    refused_everywhere(order, "kind", OrderKind.TRACKED, "不能修改")
    refused_everywhere(order, "original_deadline", dt.date(2027, 1, 1), "不能修改")


# --- Extension --------------------------------------------------------------------------------

LATER = dt.date(2026, 12, 5)


def ask(order: RectificationOrder, actor: User, day: dt.date = LATER) -> ExtensionRequest:
    return services.extension_request(
        order=order, actor=actor, reason="配件要从外地调", wished_day=day
    )


def test_granted_it_moves_the_deadline_and_keeps_both(
    served: RectificationOrder, cast: Cast
) -> None:
    before = served.deadline
    request = ask(served, cast.street_clerk)
    assert request in selectors.waiting.extensions_to_decide(cast.inspector)
    services.extension_decide(request=request, actor=cast.inspector, grant=True)
    served.refresh_from_db()
    request.refresh_from_db()
    assert (served.deadline, served.original_deadline) == (LATER, before)
    assert (request.deadline_before, request.granted_until) == (before, LATER)
    assert served.links.get().expires_at.astimezone(clock.SHANGHAI).date() == dt.date(2026, 12, 21)
    assert "准予延期，整改期限由2026年11月21日延至2026年12月5日" in timeline(served)[0].summary
    text = "".join(whole_text(printed("rectification-notice")).split())
    assert "由2026年11月21日延至2026年12月5日" in text
    with clock.freeze(dt.date(2026, 12, 5)):
        assert not served.is_overdue
    with clock.freeze(dt.date(2026, 12, 6)):
        assert served.is_overdue


def test_refused_it_says_why(served: RectificationOrder, cast: Cast) -> None:
    request = ask(served, cast.street_clerk)
    decide = {"request": request, "actor": cast.city_manager, "grant": False}
    with pytest.raises(BusinessError, match="请写明原因"):
        services.extension_decide(**decide)
    services.extension_decide(**decide, note="保洁当天可以完成")
    request.refresh_from_db()
    assert request.status == RequestStatus.REFUSED
    before = served.deadline
    served.refresh_from_db()
    assert served.deadline == before
    with pytest.raises(BusinessError, match="已经审批"):
        services.extension_decide(**decide, note="再说一遍")


def test_more_time_is_asked_for_once_and_in_time(
    served: RectificationOrder, order: RectificationOrder, cast: Cast
) -> None:
    with pytest.raises(BusinessError, match="须晚于现在的期限"):
        ask(served, cast.street_clerk, served.deadline)
    with (
        clock.freeze(served.deadline + dt.timedelta(days=1)),
        pytest.raises(BusinessError, match="24:00 已过"),
    ):
        ask(served, cast.street_clerk)
    with clock.freeze(clock.at(served.deadline, 23, 59)):
        ask(served, cast.street_clerk)
    with pytest.raises(BusinessError, match="只能申请一次延期"):
        ask(served, cast.street_clerk)
    for part in ("inspector", "other_clerk", "street_leader", "auditor"):
        with pytest.raises(NotPermitted):
            ask(served, cast.people[part])


def test_who_asked_does_not_decide(
    served: RectificationOrder, make_person: Any, cast: Cast
) -> None:
    clerk = make_person("moves", cast.street_office, Role.STREET_CLERK)
    request = ask(served, clerk)
    User.objects.filter(pk=clerk.pk).update(office=cast.bureau)
    clerk.roles.all().delete()
    clerk.roles.create(role=Role.INSPECTOR)
    moved = User.objects.get(pk=clerk.pk)
    with pytest.raises(BusinessError, match="不能审批自己的申请"):
        services.extension_decide(request=request, actor=moved, grant=True)
    for part in ("street_clerk", "street_leader", "bureau_leader", "auditor"):
        with pytest.raises(NotPermitted):
            services.extension_decide(request=request, actor=cast.people[part], grant=True)


@pytest.mark.both_databases
def test_a_second_request_is_refused_by_the_database(
    served: RectificationOrder, cast: Cast
) -> None:
    request = ask(served, cast.street_clerk)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExtensionRequest.objects.create(
            order=served,
            reason="再要",
            wished_day=LATER,
            deadline_before=served.deadline,
            requested_by=cast.street_clerk,
            requested_at=clock.now(),
        )
    services.extension_decide(request=request, actor=cast.inspector, grant=True)
    refused_everywhere(request, "granted_until", dt.date(2027, 1, 1), "延期申请")


# --- Objection --------------------------------------------------------------------------------


def object_to(order: RectificationOrder, actor: User) -> Any:
    return services.objection_file(order=order, actor=actor, reason="该楼道不属我方服务范围")


def test_upheld_the_order_is_withdrawn_and_its_items_may_be_ordered_anew(
    served: RectificationOrder, cast: Cast
) -> None:
    inspection = served.inspection
    score = inspection.score
    objection = object_to(served, cast.street_clerk)
    assert objection in selectors.waiting.objections_to_decide(cast.city_manager)
    services.objection_decide(
        objection=objection, actor=cast.city_manager, uphold=True, opinion="合同未包含该楼"
    )
    served.refresh_from_db()
    inspection.refresh_from_db()
    assert served.status == OrderStatus.WITHDRAWN
    assert not served.is_open
    assert inspection.score == score
    assert "异议成立，撤销" in timeline(served)[0].summary
    assert len(issuable_results(inspection)) == 2
    again = order_over(inspection, cast.city_manager)
    assert again.number == "荥房管责改〔2026〕2号"
    with pytest.raises(BusinessError, match="不用回复"):
        reply_to(served, cast.street_clerk)


def test_rejected_the_order_goes_on(served: RectificationOrder, cast: Cast) -> None:
    objection = object_to(served, cast.street_clerk)
    decide = {"objection": objection, "actor": cast.city_manager, "uphold": False}
    with pytest.raises(BusinessError, match="请写明复核意见"):
        services.objection_decide(**decide, opinion=" ")
    services.objection_decide(**decide, opinion="合同第三条已包含")
    served.refresh_from_db()
    assert served.status == OrderStatus.ISSUED
    with pytest.raises(BusinessError, match="只能提出一次异议"):
        object_to(served, cast.street_clerk)


def test_who_issued_the_order_does_not_judge_the_objection(
    report: Report, estate: Estate, cast: Cast, make_person: Any
) -> None:
    order = serve(order_over(report(estate, failed=(0,)), cast.city_manager), cast.inspector)
    objection = object_to(order, cast.street_clerk)
    with pytest.raises(BusinessError, match="请换一人复核"):
        services.objection_decide(
            objection=objection, actor=cast.city_manager, uphold=False, opinion="不成立"
        )
    with pytest.raises(NotPermitted):
        services.objection_decide(
            objection=objection, actor=cast.inspector, uphold=False, opinion="不成立"
        )
    second = make_person("keshi2", cast.bureau, Role.BUREAU_MANAGER)
    services.objection_decide(objection=objection, actor=second, uphold=False, opinion="不成立")


def test_no_objection_after_the_deadline(served: RectificationOrder, cast: Cast) -> None:
    with (
        clock.freeze(served.deadline + dt.timedelta(days=1)),
        pytest.raises(BusinessError, match="不能再提出异议"),
    ):
        object_to(served, cast.street_clerk)


@pytest.mark.both_databases
def test_a_withdrawn_order_resists_every_door(served: RectificationOrder, cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="没有成立的异议"), transaction.atomic():
        RectificationOrder.objects.filter(pk=served.pk).update(status=OrderStatus.WITHDRAWN)
    item = served.items.first()
    with pytest.raises(IntegrityError, match="只随通知书一并撤销"), transaction.atomic():
        type(item).objects.filter(pk=item.pk).update(withdrawn=True)
    objection = object_to(served, cast.street_clerk)
    with pytest.raises(IntegrityError, match="请换一人复核"), transaction.atomic():
        type(objection).objects.filter(pk=objection.pk).update(
            status="rejected", decided_by=served.issued_by, decided_at=clock.now(), opinion="不"
        )
    services.objection_decide(
        objection=objection, actor=cast.city_manager, uphold=True, opinion="成立"
    )
    served.refresh_from_db()
    refused_everywhere(served, "deadline", dt.date(2027, 1, 1), "整改通知书")
    refused_everywhere(served, "status", OrderStatus.ISSUED, "整改通知书")
    objection.refresh_from_db()
    refused_everywhere(objection, "opinion", "改过", "异议")


# --- Escalation -------------------------------------------------------------------------------


def hand_over(order: RectificationOrder, actor: User, **more: Any) -> Handover:
    values = {
        "organ": "荥阳市城市管理局",
        "handed_on": clock.today(),
        "facts": "逾期未整改",
        "materials": "1．检查记录\n（2）整改通知书\n照片",
        **more,
    }
    return services.handover_make(order=order, actor=actor, **values)


def call(order: RectificationOrder, actor: User) -> Any:
    return services.interview_call(
        order=order,
        actor=actor,
        invited="郑州怡馨物业服务有限公司",
        cause="逾期未整改",
        scheduled_at=clock.now() + dt.timedelta(days=2),
        place="房管中心二楼会议室",
        bring="整改方案",
    )


def test_the_whole_ladder_with_its_papers(failed: RectificationOrder, cast: Cast) -> None:
    interview = call(failed, cast.city_manager)
    assert interview.number == "荥房管约谈〔2026〕1号"
    text = "".join(whole_text(printed("interview-notice")).split())
    for part in ("约谈通知书", "房管中心二楼会议室", "整改方案", "2026年11月20日", "送达回证"):
        assert part in text, part
    with clock.freeze(dt.date(2026, 11, 20)):
        services.interview_record(
            interview=interview,
            actor=cast.city_manager,
            held_on=dt.date(2026, 11, 20),
            host="陈志远",
            recorder="张志强",
            attendees="张利民",
            problems="楼道堆物两次复查没有清走",
            statement="三日内清走，今后每周自查",
            demands="清走全部堆物",
            demands_deadline=dt.date(2026, 11, 24),
        )
        text = "".join(whole_text(printed("interview-minutes")).split())
        for part in ("约谈记录", "三日内清走", "清走全部堆物", "2026年11月24日", "陈志远"):
            assert part in text, part
        circular = services.circular_issue(
            order=failed,
            actor=cast.city_manager,
            title="关于未按期整改{企业}的通报",
            text="一段\n二段",
        )
        assert circular.number == "荥房管通报〔2026〕1号"
        assert "二段" in whole_text(printed("circular"))
        handover = hand_over(failed, cast.city_manager)
        assert handover.number == "荥房管移〔2026〕1号"
        text = "".join(whole_text(printed("handover")).split())
        for part in ("案件移送函", "荥阳市城市管理局：", "荥房管责改〔2026〕1号", "3．照片"):
            assert part in text, part
        assert "：1．检查记录2．整改通知书3．照片" in text  # numbered once, as the paper does
    failed.refresh_from_db()
    assert failed.status == OrderStatus.TRANSFERRED
    acts = [entry.verb for entry in timeline(failed)]
    assert acts[:4] == [
        "order.handover", "order.circular", "order.interview_record", "order.interview",
    ]  # fmt: skip
    with clock.freeze(dt.date(2026, 12, 20)):
        services.handover_feedback(
            handover=handover,
            actor=cast.city_manager,
            result="责令改正并罚款",
            answered_on=dt.date(2026, 12, 18),
            document_number="荥城罚〔2026〕31号",
        )
        # Handed over, it may still be answered, rechecked and closed.
        assert not failed.is_overdue
        reply_to(failed, cast.street_clerk, shade=20)
        recheck_of(failed, cast.inspector)
    failed.refresh_from_db()
    assert failed.status == OrderStatus.CLOSED
    assert failed.escalation_words == "约谈、通报、移交执法"


def test_a_recheck_that_fails_after_the_hand_over_leaves_it_handed_over(
    failed: RectificationOrder, cast: Cast
) -> None:
    hand_over(failed, cast.city_manager)
    reply_to(failed, cast.street_clerk, shade=20)
    recheck_of(failed, cast.inspector, done=False, new_deadline=dt.date(2026, 12, 9))
    failed.refresh_from_db()
    assert failed.status == OrderStatus.TRANSFERRED


def test_only_what_was_not_obeyed_is_escalated(served: RectificationOrder, cast: Cast) -> None:
    for act in (
        lambda: call(served, cast.city_manager),
        lambda: hand_over(served, cast.city_manager),
        lambda: services.circular_issue(
            order=served, actor=cast.city_manager, title="通报", text="正文"
        ),
    ):
        with pytest.raises(BusinessError, match="只有逾期或复查不到位"):
            act()
    with clock.freeze(served.deadline + dt.timedelta(days=1)):
        for part in ("inspector", "street_clerk", "bureau_leader", "auditor"):
            with pytest.raises(NotPermitted):
                hand_over(served, cast.people[part])
        with pytest.raises(BusinessError, match="须在整改期限之后"):
            hand_over(served, cast.city_manager, handed_on=served.deadline)
        call(served, cast.city_manager)
        hand_over(served, cast.city_manager)
        with pytest.raises(BusinessError, match="已移交，不能再移交"):
            hand_over(served, cast.city_manager)


def test_a_pending_objection_holds_the_hand_over(served: RectificationOrder, cast: Cast) -> None:
    objection = object_to(served, cast.street_clerk)
    with clock.freeze(served.deadline + dt.timedelta(days=1)):
        with pytest.raises(BusinessError, match="异议还没有复核"):
            hand_over(served, cast.city_manager)
        services.objection_decide(
            objection=objection, actor=cast.city_manager, uphold=False, opinion="不成立"
        )
        hand_over(served, cast.city_manager)


@pytest.mark.both_databases
def test_escalation_resists_every_door(failed: RectificationOrder, cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="没有移交记录"), transaction.atomic():
        RectificationOrder.objects.filter(pk=failed.pk).update(status=OrderStatus.TRANSFERRED)
    interview = call(failed, cast.city_manager)
    refused_everywhere(interview, "cause", "改过", "约谈通知书签发后")
    handover = hand_over(failed, cast.city_manager)
    refused_everywhere(handover, "organ", "别的机关", "移交后不能")
    services.handover_feedback(
        handover=handover, actor=cast.city_manager, result="已立案", answered_on=TODAY
    )
    with pytest.raises(IntegrityError, match="处理结果登记后"), transaction.atomic():
        Handover.objects.filter(pk=handover.pk).update(feedback_result="改过")
    event = CreditEvent.objects.first()
    refused_everywhere(event, "text", "改过", "信用记录只能追加")


# --- Dates across the papers ------------------------------------------------------------------


def test_a_recheck_is_not_before_the_service(served: RectificationOrder, cast: Cast) -> None:
    with clock.freeze(TODAY + dt.timedelta(days=2)):
        reply_to(served, cast.street_clerk)
        findings = {item.pk: Finding(True) for item in services.open_items(served)}
        for day, says in (
            (TODAY, "不能早于整改完成日期"),
            (TODAY + dt.timedelta(days=3), "不能晚于今天"),
        ):
            with pytest.raises(BusinessError, match=says):
                services.rectification_recheck(
                    order=served, actor=cast.inspector, checked_on=day, findings=findings
                )


@pytest.mark.both_databases
def test_the_database_keeps_the_dates_in_order(replied: RectificationOrder, cast: Cast) -> None:
    early = TODAY - dt.timedelta(days=1)
    rows = RectificationOrder.objects.filter(pk=replied.pk)
    for change in ({"deadline": early}, {"served_on": early}):
        with pytest.raises(IntegrityError, match="不能早于检查日期"), transaction.atomic():
            rows.update(**change)
    reply = replied.replies.get()
    with pytest.raises(IntegrityError, match="不能早于检查日期"), transaction.atomic():
        replied.replies.create(
            reported_by=cast.street_clerk, completed_on=early, reported_at=clock.now()
        )
    with pytest.raises(IntegrityError, match="也不能早于整改完成日期"), transaction.atomic():
        replied.rechecks.create(
            year=2026,
            serial=9,
            number="复查9号",
            reply=reply,
            checked_by=cast.inspector,
            checked_on=early,
            result="pass",
            opinion="好",
            recorded_at=clock.now(),
        )


# --- Credit -----------------------------------------------------------------------------------


def kinds_of(order: RectificationOrder) -> list[str]:
    return list(
        CreditEvent.objects.filter(provider=order.provider)
        .order_by("pk")
        .values_list("kind", flat=True)
    )


def test_what_was_not_mended_reaches_the_firm_s_record_and_its_repair_too(
    failed: RectificationOrder, cast: Cast
) -> None:
    assert kinds_of(failed) == ["recheck_failed"]
    with clock.freeze(dt.date(2026, 12, 1)):
        call(failed, cast.city_manager)
        hand_over(failed, cast.city_manager)
        assert kinds_of(failed) == ["recheck_failed", "overdue", "transferred"]
        reply_to(failed, cast.street_clerk, shade=20)
        recheck_of(failed, cast.inspector)
    assert kinds_of(failed)[-1] == "repaired"
    assert len(kinds_of(failed)) == 4


def test_an_order_closed_at_once_tells_nothing(closed: RectificationOrder) -> None:
    assert kinds_of(closed) == []


def test_the_same_event_comes_once(failed: RectificationOrder, cast: Cast) -> None:
    known = CreditEvent.objects.get()
    again = credit_event_record(
        provider=known.provider,
        estate=known.estate,
        kind=CreditEventKind.RECHECK_FAILED,
        text="又说一遍",
        happened_on=TODAY,
        source_key=known.source_key,
        actor=cast.inspector,
    )
    assert again == known
    assert CreditEvent.objects.count() == 1


def test_a_street_reads_the_events_of_its_own_estates(
    failed: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    url = f"{failed.provider.get_absolute_url()}?tab=credit"
    assert "1 项整改不到位" not in text_of(client_for(cast.other_clerk).get(url))
    for part in ("street_clerk", "city_manager"):
        assert "2 项整改不到位" in text_of(client_for(cast.people[part]).get(url)), part


# --- Problems that come again -----------------------------------------------------------------


def test_the_same_problem_within_twelve_months_is_recognised(
    round: InspectionRound,
    estate: Estate,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Any,
) -> None:
    def visit(day: dt.date, place: Estate, failed: tuple[int, ...]) -> Inspection:
        with clock.freeze(day):
            return report_on(place, cast.inspector, checklist=round.checklist, failed=failed)

    visit(dt.date(2026, 3, 14), estate, (0,))  # more than a year ago
    visit(dt.date(2026, 3, 17), estate, (0, 1))
    visit(dt.date(2026, 7, 1), estate, (0,))
    visit(dt.date(2026, 8, 1), other_estate, (2,))
    now = visit(dt.date(2027, 3, 16), estate, (0, 2, 3))
    results = list(now.results.select_related("item", "inspection").order_by("item__position"))
    found = selectors.repeats(results, cast.city_manager)
    first, _, third, fourth = (found.get(row.pk) for row in results)
    assert (first.at_estate, first.words) == (3, "近12个月第3次")
    assert (third.at_estate, third.by_provider, third.again) == (1, 2, True)
    assert third.words == "该单位近12个月第2次"
    assert not fourth.again
    # A street counts what it sees: nothing of the other street's estate.
    theirs = selectors.repeats(results, cast.street_clerk)
    assert not theirs[results[2].pk].again

    inspector = client_for(cast.inspector)
    page = text_of(inspector.get(reverse("inspections:order-issue", args=[now.pk])))
    assert page.count("再次出现") == 2
    assert "近12个月第3次" in page
    assert "近12个月第3次" in text_of(inspector.get(now.get_absolute_url()))
    with clock.freeze(dt.date(2027, 3, 16)):
        order = order_over(now, cast.inspector)
    assert "近12个月第3次" in text_of(inspector.get(order.get_absolute_url()))

    def look() -> None:
        inspector.get(order.get_absolute_url())

    def more() -> None:
        for day in (2, 3, 4):
            visit(dt.date(2026, 10, day), estate, (0, 2))

    assert_constant_queries(look, more)


# --- Who meets nothing ------------------------------------------------------------------------


def test_the_other_street_meets_nothing_of_it(
    failed: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    call(failed, cast.city_manager)
    services.circular_issue(order=failed, actor=cast.city_manager, title="通报", text="正文")
    hand_over(failed, cast.city_manager)
    for kind in ("interview-notice", "circular", "handover", "rectification-notice"):
        printed(kind)
    other = client_for(cast.other_clerk)
    paths = {
        "order-detail": failed.pk,
        "order-notice": failed.pk,
        "order-extension": failed.pk,
        "order-objection": failed.pk,
        "interview-notice": failed.interviews.get().pk,
        "circular-paper": failed.circulars.get().pk,
        "handover-paper": failed.handovers.get().pk,
        "recheck-opinion": failed.rechecks.get().pk,
    }
    for name, pk in paths.items():
        assert other.get(reverse(f"inspections:{name}", args=[pk])).status_code == 404, name
    for name in ("order-list", "ledger-list"):
        answer = other.get(reverse(f"inspections:{name}"))
        assert failed.number not in text_of(answer)
    own = client_for(cast.street_clerk)
    for name in ("interview-notice", "circular-paper", "handover-paper"):
        url = reverse(f"inspections:{name}", args=[paths[name]])
        assert own.get(url)["Content-Type"] == "application/pdf"
    for row in failed.items.first().result.photos.all():
        assert other.get(row.get_absolute_url()).status_code == 404
    with pytest.raises(NotPermitted):
        ask(failed, cast.other_clerk)


def test_the_page_says_why_it_urges_and_lists_only_papers_that_exist(
    served: RectificationOrder, cast: Cast, client_for: SignedIn
):
    client = client_for(cast.city_manager)
    with clock.freeze(served.deadline + dt.timedelta(days=2)):
        form = client.get(reverse("inspections:handover-make", args=[served.pk]))
        assert "复查意见书" not in form.context["form"].initial["materials"]
        hand_over(served, cast.city_manager)
        words = text_of(client.get(served.get_absolute_url()))
    assert "逾期 2 天。" in words
    assert "复查整改不到位" not in words
