"""公示: whole working days by the calendar, objections, and no approval before."""

import datetime as dt

import pytest
from django.db import connection
from django.urls import reverse

from subsidies import services
from subsidies.choices import ClaimStatus
from subsidies.models import ClaimAct, NoticeObjection, PublicNotice, SubsidyClaim
from subsidies.selectors.checks import claim_checks
from subsidies.selectors.ledger import verify_ledger
from subsidies.selectors.stages import acts_of, claim_stages
from tests.subsidies.conftest import Month, bring_to, make_scheme
from tests.support.doors import refused, sql
from xingyang_pm.common import audit, clock, triggers, workdays
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState


@pytest.fixture
def noticed(month: Month) -> SubsidyClaim:
    """October's claim, checked on Tuesday 3 November: on notice from the 4th to the 10th."""
    make_scheme(month.cast.city_manager, 5)
    return month.brought_to("checked")


def at(day: int, hour: int = 9) -> dt.datetime:
    return clock.at(dt.date(2026, 11, day), hour)


def object_to(claim: SubsidyClaim, month: Month, **more):
    return services.objection_record(
        **{
            "notice": claim.notices.get(),
            "channel": "phone",
            "content": "本院只有两栋楼",
            "received_on": clock.today(),
            "actor": month.cast.street_clerk,
            **more,
        }
    )


# --- Working days ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "number", "wanted"),
    [
        # An ordinary week.
        ((2026, 11, 3), 5, (2026, 11, 10)),
        # Checked on Friday: the next working day is Monday.
        ((2026, 11, 6), 1, (2026, 11, 9)),
        # National Day 2017: 1 to 8 October off, Saturday 30 September worked.
        ((2017, 9, 29), 2, (2017, 10, 9)),
        # Spring Festival 2018: 15 to 21 February off, 11 and 24 February worked.
        ((2018, 2, 9), 5, (2018, 2, 22)),
        # The month of the leap day.
        ((2024, 2, 28), 2, (2024, 3, 1)),
    ],
)
def test_working_days_follow_the_announced_calendar(day, number, wanted):
    assert workdays.add_workdays(dt.date(*day), number) == dt.date(*wanted)


def test_a_year_that_is_not_announced_counts_monday_to_friday():
    assert not workdays.announced(dt.date(2099, 1, 1))
    assert workdays.is_workday(dt.date(2099, 1, 1)) is (dt.date(2099, 1, 1).weekday() < 5)
    assert workdays.add_workdays(dt.date(2099, 1, 2), 1) == dt.date(2099, 1, 5)


# --- The notice ------------------------------------------------------------------------------


def test_a_checked_claim_is_on_notice_from_the_next_working_day(noticed, month: Month):
    notice = noticed.notices.get()
    assert (notice.starts_on, notice.ends_on) == (dt.date(2026, 11, 4), dt.date(2026, 11, 10))
    assert (notice.workdays, notice.closes_at) == (5, at(11, 0))
    assert audit.timeline(noticed)[1].summary == (
        "公示2026年10月补贴，2026-11-04 至 2026-11-10，5 个工作日"
    )
    stages = {stage.name: stage for stage in claim_stages(noticed, acts_of(noticed))}
    assert stages["公示"].state == "now"
    assert stages["公示"].lines == ["5 个工作日", "11月4日–11月10日"]
    assert stages["领导审批"].state == "todo"


def test_nobody_approves_before_the_notice_is_over(noticed, month: Month):
    leader = month.cast.bureau_leader
    for day, hour in ((3, 10), (10, 23)):
        with clock.freeze(at(day, hour)):
            with pytest.raises(BusinessError, match="公示到2026年11月10日期满"):
                services.claim_approve(claim=noticed, actor=leader)
            assert noticed not in SubsidyClaim.objects.waiting_for(leader)
    with clock.freeze(at(11, 0)):
        assert noticed in SubsidyClaim.objects.waiting_for(leader)
        assert services.claim_approve(claim=noticed, actor=leader).status == ClaimStatus.APPROVED


def test_the_database_holds_the_notice_too(noticed, month: Month):
    act = ClaimAct(
        claim=noticed,
        version=1,
        stage="approve",
        decision="pass",
        actor=month.cast.bureau_leader,
        total=noticed.total,
        acted_at=at(10, 23),
    )
    refused("公示还没有期满", act.save)
    notice = noticed.notices.get()
    refused("不能修改或删除", lambda: PublicNotice.objects.update(closes_at=at(3)))
    refused("不能修改或删除", notice.delete)
    refused("不能修改或删除", sql("UPDATE subsidies_publicnotice SET ends_on = '2026-11-04'"))
    act.acted_at = at(11)
    act.save()


def test_a_notice_shorter_than_the_procedure_says_is_not_taken(month: Month):
    make_scheme(month.cast.city_manager, 5)
    claim = month.brought_to("checked")
    short = claim.notices.get()
    short.pk, short.version, short.workdays = None, 2, 1
    refused("只有复核通过的申报可以公示", short.save)


def test_a_version_that_was_sent_back_is_noticed_anew(noticed, month: Month, client):
    old = noticed.notices.get()
    claim = services.claim_return(
        claim=noticed, actor=month.cast.bureau_leader, sentence="公示表有误"
    )
    assert client.get(reverse("notices:public", args=[old.key])).status_code == 404
    claim = bring_to(claim, "checked", month.cast)
    new = claim.notices.get(version=2)
    assert client.get(reverse("notices:public", args=[new.key])).status_code == 200
    with clock.freeze(at(11)):
        services.claim_approve(claim=claim, actor=month.cast.bureau_leader)


def test_the_books_tell_of_a_notice_that_was_taken_away_or_shortened(noticed, month: Month):
    with clock.freeze(at(11)):
        services.claim_approve(claim=noticed, actor=month.cast.bureau_leader)
    assert verify_ledger().differences == []
    triggers.remove_all(connection)
    notice = PublicNotice.objects.get()
    PublicNotice.objects.update(ends_on=dt.date(2026, 11, 5))
    assert {row.what for row in verify_ledger().differences} == {"公示止期"}
    PublicNotice.objects.update(ends_on=dt.date(2026, 11, 20))
    assert {row.what for row in verify_ledger().differences} == {"审批"}
    notice.delete()
    assert {row.what for row in verify_ledger().differences} == {"公示"}


# --- Objections ------------------------------------------------------------------------------


def test_an_open_objection_keeps_the_claim_from_approval(noticed, month: Month):
    leader = month.cast.bureau_leader
    with clock.freeze(at(6)):
        objection = object_to(noticed, month, estate=month.estates[0], person="", contact="")
    with clock.freeze(at(12)):
        with pytest.raises(BusinessError, match="1 条异议没有答复或成立"):
            services.claim_approve(claim=noticed, actor=leader)
        act = ClaimAct(
            claim=noticed, version=1, stage="approve", decision="pass", actor=leader,
            total=noticed.total, acted_at=clock.now(),
        )  # fmt: skip
        refused("有异议没有答复", act.save)
        services.objection_answer(
            objection=objection, upheld=False, answer="经核对为三栋", actor=month.cast.city_manager
        )
        told = [check.title for check in claim_checks(noticed, leader).rows]
        assert "公示期满，1 条异议已答复" in told
        assert services.claim_approve(claim=noticed, actor=leader).status == ClaimStatus.APPROVED


def test_an_objection_that_is_upheld_sends_the_claim_back(noticed, month: Month):
    with clock.freeze(at(6)):
        objection = object_to(noticed, month)
        services.objection_answer(
            objection=objection, upheld=True, answer="户数有误", actor=month.cast.city_manager
        )
    with clock.freeze(at(12)):
        with pytest.raises(BusinessError, match="成立的请退回重新核定"):
            services.claim_approve(claim=noticed, actor=month.cast.bureau_leader)
        claim = services.claim_return(
            claim=noticed, actor=month.cast.bureau_leader, sentence="异议成立，重新核定"
        )
    assert (claim.status, claim.version) == (ClaimStatus.DRAFT, 2)


def test_an_objection_is_answered_once(noticed, month: Month):
    with clock.freeze(at(6)):
        objection = object_to(noticed, month)
        with pytest.raises(BusinessError, match="请写明答复内容"):
            services.objection_answer(
                objection=objection, upheld=False, answer=" ", actor=month.cast.city_manager
            )
        services.objection_answer(
            objection=objection, upheld=False, answer="属实", actor=month.cast.city_manager
        )
        with pytest.raises(StaleState, match="已经答复"):
            services.objection_answer(
                objection=objection, upheld=True, answer="又来", actor=month.cast.city_manager
            )
    refused("不能修改或删除", lambda: NoticeObjection.objects.update(answer="改"))
    refused("不能修改或删除", sql("DELETE FROM subsidies_noticeobjection"))


def test_an_objection_stays_within_its_street_and_its_time(noticed, month: Month, make_estate):
    with clock.freeze(at(6)):
        with pytest.raises(BusinessError) as told:
            object_to(noticed, month, actor=month.cast.other_clerk)
        assert told.value.code == "out_of_scope"
        with pytest.raises(NotPermitted):
            object_to(noticed, month, actor=month.cast.finance_officer)
        with pytest.raises(BusinessError, match="收到日期须在"):
            object_to(noticed, month, received_on=dt.date(2026, 11, 2))
        with pytest.raises(BusinessError, match="不在这份申报中"):
            object_to(noticed, month, estate=make_estate())
    with clock.freeze(at(11)):
        services.claim_approve(claim=noticed, actor=month.cast.bureau_leader)
        with pytest.raises(StaleState, match="已不在公示环节"):
            object_to(noticed, month)
    late = NoticeObjection(
        notice=noticed.notices.get(), channel="phone", content="晚了", received_on=clock.today(),
        recorded_by=month.cast.street_clerk, recorded_at=clock.now(),
    )  # fmt: skip
    refused("已离开公示环节", late.save)


# --- Pages -----------------------------------------------------------------------------------


def test_everybody_reads_the_notice_and_no_account_on_it(noticed, month: Month, client):
    notice = noticed.notices.get()
    with clock.freeze(at(6)):
        object_to(noticed, month, person="赵某某", contact="13800001111")
    page = client.get(reverse("notices:public", args=[notice.key])).content.decode()
    assert "工商局家属院" in page
    assert "2,460.00 元" in page
    assert "2026年11月4日" in page
    for private in ("赵某某", "13800001111", "开户", "账号", month.cast.city_manager.name):
        assert private not in page


def test_the_pages_of_a_notice(noticed, month: Month, client):
    notice = noticed.notices.get()
    with clock.freeze(at(6)):
        client.force_login(month.cast.street_clerk, backend="accounts.backends.OfficeBackend")
        listed = client.get(reverse("subsidies:notice-list"))
        assert "公示中" in listed.content.decode()
        url = reverse("subsidies:objection-create", args=[notice.pk])
        refused_form = client.post(url, {"channel": "phone", "received_on": "2026-11-06"})
        assert refused_form.status_code == 422
        told = client.post(
            url, {"channel": "phone", "received_on": "2026-11-06", "content": "楼栋数不对"}
        )
        assert told.status_code == 302
        client.force_login(month.cast.city_manager, backend="accounts.backends.OfficeBackend")
        page = client.get(notice.get_absolute_url()).content.decode()
        assert "楼栋数不对" in page
        assert "答复" in page
        row = NoticeObjection.objects.get()
        answer = client.post(
            reverse("subsidies:objection-answer", args=[row.pk]),
            {"upheld": "yes", "answer": "属实"},
        )
        assert answer.status_code == 302
    row.refresh_from_db()
    assert row.outcome == "upheld"


def test_a_procedure_is_registered_in_the_browser(cast, client):
    client.force_login(cast.city_manager, backend="accounts.backends.OfficeBackend")
    url = reverse("subsidies:scheme-create")
    fields = {
        "effective_from": "2026-10", "notice_days": "7", "document_title": "办理规程",
        "document_number": "荥房〔2026〕8号", "review": "1", "check": "2",
        "check_role": "bureau_manager", "approve": "0",
    }  # fmt: skip
    assert client.post(url, fields).status_code == 422
    answer = client.post(url, {**fields, "approve": "2"}, follow=True)
    page = answer.content.decode()
    assert "中心复核" in page
    assert "2 人" in page
    assert "7 个工作日" in page
