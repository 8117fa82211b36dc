"""Household counts: entered with evidence by one, verified by another, then never changed."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.choices import Role
from estates import services
from estates.choices import CountStatus
from estates.models import HouseholdCount
from estates.selectors import count_in_force, household_state
from tests.estates.conftest import DECEMBER, NOVEMBER, PDF, commit, workbook
from tests.support.at_once import at_once, one_effect
from tests.support.workbooks import repacked, xlsx
from xingyang_pm.common import audit, desk
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import AuditEntry

JANUARY = dt.date(2027, 1, 1)


def url_of(name: str, *args: object) -> str:
    return reverse(f"estates:{name}", args=args)


# --- Entering --------------------------------------------------------------------------------


def test_an_entered_count_counts_for_nothing_yet(street_clerk, estate, enter_count):
    count = enter_count(estate, 120, effective_month=dt.date(2026, 12, 17), buildings=4)
    assert (count.status, count.effective_month) == (CountStatus.ENTERED, DECEMBER)
    assert count.evidence.read() == PDF
    assert "户数清册" not in count.evidence.name
    assert count_in_force(estate, JANUARY) is None
    estate.refresh_from_db()
    assert (estate.household_count, estate.building_count) == (96, 3)
    for subject in (estate, count):
        entry = audit.timeline(subject)[0]
        assert entry.actor == street_clerk
        assert entry.summary == "录入户数 120 户，2026年12月起，待核定"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("清册.pdf", b"", "“清册.pdf”是空文件"),
        ("清册.pdf", b"MZ\x90\x00 a program", "“清册.pdf”不是照片、PDF 或 Excel"),
        ("清册.jpg", b"<svg onload=alert(1)>", "“清册.jpg”不是照片、PDF 或 Excel"),
        ("清册.pdf", PDF + b"0" * (10 * 2**20), "超过 10 MB"),
        ("清册.xlsx", repacked(xlsx([["a"]]), {"xl/vbaProject.bin": b"macro"}), "宏"),
    ],
    ids=["empty", "program", "svg", "large", "macros"],
)
def test_what_is_no_evidence_is_refused(estate, enter_count, evidence, name, content, sentence):
    with pytest.raises(BusinessError, match=sentence) as refused:
        enter_count(estate, 120, evidence=evidence(name, content))
    assert refused.value.field == "evidence"
    assert not HouseholdCount.objects.exists()


def test_without_evidence_there_is_no_count(estate, enter_count):
    with pytest.raises(BusinessError, match="请附户数清册") as refused:
        enter_count(estate, 120, evidence=None)
    assert refused.value.field == "evidence"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("C:\\扫描\\清册.PDF", "清册.PDF"), ("清册.docx", "清册.pdf"), ("../清册.jpg", "清册.pdf")],
)
def test_evidence_is_kept_under_a_name_that_says_what_it_is(
    estate, enter_count, evidence, given, kept
):
    upload = evidence("x.pdf")
    upload._name = given  # past Django's own cleaning, as another door might hand it in
    count = enter_count(estate, 120, evidence=upload)
    assert count.evidence_name == kept
    assert ".." not in count.evidence.name


@pytest.mark.parametrize("month", [dt.date(2009, 12, 1), dt.date(2027, 12, 1)])
def test_a_month_out_of_reach_is_refused(estate, enter_count, month):
    with pytest.raises(BusinessError, match="超出范围") as refused:
        enter_count(estate, 120, effective_month=month)
    assert refused.value.field == "effective_month"
    enter_count(estate, 120, effective_month=dt.date(2027, 11, 1))


def test_a_large_change_wants_a_reason_and_no_change_is_none(estate, enter_count, verified):
    verified(estate, 100, effective_month=NOVEMBER)
    with pytest.raises(BusinessError, match="户数由 100 变为 121，变动超过 20%") as refused:
        enter_count(estate, 121, reason="  ")
    assert refused.value.field == "reason"
    with pytest.raises(BusinessError, match="与现在执行的 100 户、3 栋相同"):
        enter_count(estate, 100)
    with pytest.raises(BusinessError, match="2026年11月已有核定户数 100 户"):
        enter_count(estate, 110, effective_month=NOVEMBER)
    # Twenty percent, either way, is still no large change.
    assert enter_count(estate, 80, reason="").households == 80


def test_one_count_waits_at_a_time(estate, make_estate, enter_count):
    enter_count(estate, 120)
    with pytest.raises(BusinessError, match="还有一条户数待核定"):
        enter_count(estate, 130, effective_month=JANUARY)
    enter_count(make_estate(), 130)
    assert HouseholdCount.objects.count() == 2


@pytest.mark.parametrize(
    "who",
    ["street_leader", "inspector", "bureau_leader", "finance_officer", "system_admin", "auditor",
     "outsider"],
)  # fmt: skip
def test_others_enter_no_count(cast, estate, enter_count, who):
    with pytest.raises(NotPermitted):
        enter_count(estate, 120, actor=cast.people[who])
    assert not HouseholdCount.objects.exists()


def test_another_streets_clerk_enters_and_verifies_nothing_here(
    other_clerk, other_leader, estate, enter_count
):
    with pytest.raises(BusinessError) as refused:
        enter_count(estate, 120, actor=other_clerk)
    assert refused.value.code == "out_of_scope"
    count = enter_count(estate, 120)
    for act in (
        lambda: services.household_count_verify(count=count, actor=other_leader),
        lambda: services.household_count_reject(count=count, actor=other_leader, opinion="不符"),
        lambda: services.household_count_withdraw(count=count, actor=other_clerk),
    ):
        with pytest.raises(BusinessError) as refused:
            act()
        assert refused.value.code == "out_of_scope"
    assert HouseholdCount.objects.get().status == CountStatus.ENTERED


# --- Verifying -------------------------------------------------------------------------------


def test_a_verified_count_becomes_the_registers_figure(street_leader, estate, enter_count):
    count = services.household_count_verify(
        count=enter_count(estate, 120, buildings=4), actor=street_leader, opinion="清册相符"
    )
    assert (count.status, count.decided_by) == (CountStatus.VERIFIED, street_leader)
    estate.refresh_from_db()
    assert (estate.household_count, estate.building_count) == (120, 4)
    entry = audit.timeline(estate)[0]
    assert entry.summary == "核定户数 120 户，2026年12月起执行"
    assert (entry.actor, entry.reason) == (street_leader, "清册相符")


@pytest.mark.parametrize("roles", [(Role.STREET_CLERK, Role.STREET_LEADER)])
def test_nobody_verifies_what_he_entered_whatever_roles_he_holds(
    cast, make_person, client_for, estate, enter_count, roles
):
    both = make_person("jianzhi", cast.street_office, *roles)
    count = enter_count(estate, 120, actor=both)
    sentence = "录入人不能核定自己录入的户数"
    for act in (
        lambda: services.household_count_verify(count=count, actor=both),
        lambda: services.household_count_reject(count=count, actor=both, opinion="不符"),
        lambda: services.household_counts_verify(counts=[count], actor=both),
    ):
        with pytest.raises(BusinessError, match=sentence) as refused:
            act()
        assert refused.value.code == "same_person"
    client = client_for(both)
    assert sentence in client.get(count.get_absolute_url()).content.decode()
    for name in ("count-verify", "count-reject"):
        assert sentence in client.get(url_of(name, count.pk)).content.decode()
        answer = client.post(url_of(name, count.pk), {"opinion": "同意"})
        assert answer.status_code == 409
        assert sentence in answer.content.decode()
    client.post(url_of("count-verify-many"), {"pk": [count.pk], "confirmed": "1"})
    count.refresh_from_db()
    assert (count.status, count.decided_by) == (CountStatus.ENTERED, None)
    assert not [item for item in desk.waiting_for(both) if item.tag == "户数"]


def test_the_section_head_verifies_anothers_but_not_his_own(city_manager, estate, enter_count):
    own = enter_count(estate, 120, actor=city_manager)
    with pytest.raises(BusinessError, match="录入人不能核定"):
        services.household_count_verify(count=own, actor=city_manager)
    services.household_count_withdraw(count=own, actor=city_manager)
    services.household_count_verify(count=enter_count(estate, 120), actor=city_manager)
    assert count_in_force(estate, DECEMBER).households == 120


@pytest.mark.parametrize(
    "who", ["street_clerk", "inspector", "bureau_leader", "finance_officer", "auditor", "outsider"]
)
def test_others_decide_on_no_count(cast, make_person, estate, enter_count, who):
    colleague = make_person("tongshi", cast.street_office, Role.STREET_CLERK)
    count = enter_count(estate, 120, actor=colleague)
    for act in (services.household_count_verify, services.household_count_reject):
        with pytest.raises(NotPermitted):
            act(count=count, actor=cast.people[who], opinion="同意")
    count.refresh_from_db()
    assert count.status == CountStatus.ENTERED


def test_a_decision_is_taken_once(street_leader, city_manager, estate, enter_count):
    count = enter_count(estate, 120)
    services.household_count_verify(count=count, actor=street_leader)
    with pytest.raises(BusinessError):
        services.household_count_verify(count=count, actor=city_manager)
    with pytest.raises(StaleState, match="不能再办"):
        services.household_count_reject(count=count, actor=city_manager, opinion="不符")
    count.refresh_from_db()
    assert (count.status, count.decided_by) == (CountStatus.VERIFIED, street_leader)


def test_a_refused_count_says_why_and_leaves_room_for_another(
    street_leader, client_for, estate, enter_count
):
    count = enter_count(estate, 120)
    with pytest.raises(BusinessError, match="请写明不予核定的原因"):
        services.household_count_reject(count=count, actor=street_leader, opinion=" ")
    services.household_count_reject(count=count, actor=street_leader, opinion="缺社区盖章")
    estate.refresh_from_db()
    assert estate.household_count == 96
    shown = client_for(street_leader).get(count.get_absolute_url()).content.decode()
    assert "不予核定：缺社区盖章" in shown
    assert enter_count(estate, 120).status == CountStatus.ENTERED


def test_who_entered_takes_back_until_it_is_decided(
    cast, make_person, street_clerk, street_leader, estate, enter_count
):
    colleague = make_person("tongshi", cast.street_office, Role.STREET_CLERK)
    count = enter_count(estate, 120)
    with pytest.raises(BusinessError, match="只有录入人可以撤回"):
        services.household_count_withdraw(count=count, actor=colleague)
    services.household_count_withdraw(count=count, actor=street_clerk)
    assert not HouseholdCount.objects.exists()
    assert audit.timeline(estate)[0].summary == "撤回录入的户数 120 户"
    count = enter_count(estate, 120)
    services.household_count_verify(count=count, actor=street_leader)
    with pytest.raises(StaleState):
        services.household_count_withdraw(count=count, actor=street_clerk)
    assert HouseholdCount.objects.count() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_the_same_moment_one_does(
    street_leader, city_manager, estate, enter_count
):
    count = enter_count(estate, 120)
    one_effect(
        at_once(
            lambda: services.household_count_verify(count=count, actor=street_leader),
            lambda: services.household_count_reject(
                count=count, actor=city_manager, opinion="缺社区盖章"
            ),
        )
    )
    count.refresh_from_db()
    estate.refresh_from_db()
    assert (count.status, count.decided_by, estate.household_count) in {
        (CountStatus.VERIFIED, street_leader, 120),
        (CountStatus.REJECTED, city_manager, 96),
    }


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_entered_at_the_same_moment_one_waits(city_manager, estate, enter_count):
    one_effect(
        at_once(
            lambda: enter_count(estate, 120),
            lambda: enter_count(estate, 130, actor=city_manager, effective_month=JANUARY),
        )
    )
    assert HouseholdCount.objects.waiting().count() == 1


def test_many_are_verified_all_or_none(
    street_leader, street_clerk, city_manager, make_estate, enter_count
):
    counts = [enter_count(make_estate(), 120) for _ in range(3)]
    services.household_count_reject(count=counts[2], actor=city_manager, opinion="不符")
    with pytest.raises(BusinessError):
        services.household_counts_verify(counts=counts, actor=street_leader)
    assert not HouseholdCount.objects.verified().exists()
    assert services.household_counts_verify(counts=counts[:2], actor=street_leader) == 2
    with pytest.raises(BusinessError, match="请先勾选"):
        services.household_counts_verify(counts=[], actor=street_leader)


# --- In force --------------------------------------------------------------------------------


def test_the_count_in_force_is_the_latest_verified_one_up_to_the_month(
    street_leader, estate, enter_count, verified
):
    first = verified(estate, 100, effective_month=dt.date(2026, 3, 1))
    second = verified(estate, 110, effective_month=DECEMBER)
    rejected = enter_count(estate, 115, effective_month=JANUARY)
    services.household_count_reject(count=rejected, actor=street_leader, opinion="不符")
    waiting = enter_count(estate, 116, effective_month=JANUARY)
    for month, expected in (
        (dt.date(2026, 2, 1), None),
        (dt.date(2026, 3, 1), first),
        (NOVEMBER, first),
        (DECEMBER, second),
        (JANUARY, second),
    ):
        assert count_in_force(estate, month) == expected, month
        in_force = HouseholdCount.objects.in_force(month).filter(estate=estate)
        assert list(in_force) == ([expected] if expected else []), month
    assert count_in_force(estate) == first
    state = household_state(estate)
    assert (state.in_force, state.upcoming, state.waiting) == (first, second, waiting)


def test_a_count_for_a_month_gone_by_does_not_undo_a_later_one(estate, verified):
    verified(estate, 110, effective_month=NOVEMBER, buildings=4)
    verified(estate, 100, effective_month=dt.date(2026, 3, 1))
    estate.refresh_from_db()
    assert (estate.household_count, estate.building_count) == (110, 4)
    assert count_in_force(estate, dt.date(2026, 5, 1)).households == 100


# --- Pages -----------------------------------------------------------------------------------


def test_a_count_goes_through_the_pages(street_clerk, street_leader, client_for, estate, evidence):
    clerk, leader = client_for(street_clerk), client_for(street_leader)
    form = clerk.get(url_of("count-create", estate.pk)).context["form"]
    assert (form.initial["households"], form.initial["effective_month"]) == (96, DECEMBER)
    fields = {"effective_month": "2026-12", "households": 120, "buildings": 4, "reason": "新入住"}
    answer = clerk.post(
        url_of("count-create", estate.pk), {**fields, "evidence": evidence("清册.pdf", b"MZ bad")}
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    for text in ("不是照片、PDF 或 Excel", 'value="120"', "新入住"):
        assert text in shown, text
    answer = clerk.post(url_of("count-create", estate.pk), {**fields, "evidence": evidence()})
    count = HouseholdCount.objects.get()
    assert answer.url == count.get_absolute_url()
    (waiting,) = [item for item in desk.waiting_for(street_leader) if item.tag == "户数"]
    assert waiting.url == count.get_absolute_url()
    assert "去核定" in leader.get(estate.get_absolute_url()).content.decode()
    handed = leader.get(url_of("count-evidence", count.pk))
    assert b"".join(handed) == PDF
    entry = AuditEntry.objects.get(verb="file.download")
    assert (entry.actor, entry.summary) == (street_leader, "打开户数清册“户数清册.pdf”")
    asked = leader.get(url_of("count-verify", count.pk)).content.decode()
    assert "自2026年12月起按 120 户执行，核定后不能再改。" in asked
    leader.post(url_of("count-verify", count.pk), {"opinion": "相符"})
    count.refresh_from_db()
    assert (count.status, count.opinion) == (CountStatus.VERIFIED, "相符")
    assert not [item for item in desk.waiting_for(street_leader) if item.tag == "户数"]


def test_the_chosen_are_verified_after_a_question_and_ones_own_is_left_out(
    city_manager, client_for, make_estate, enter_count
):
    theirs = [enter_count(make_estate(), households) for households in (120, 130)]
    own = enter_count(make_estate(), 140, actor=city_manager)
    client = client_for(city_manager)
    keys = [count.pk for count in (*theirs, own)]
    asked = client.post(url_of("count-verify-many"), {"pk": keys})
    shown = asked.content.decode()
    assert "核定 2 条户数，共 250 户，核定后不能再改。另有 1 条不等你核定，不在其中。" in shown
    assert HouseholdCount.objects.verified().count() == 0, "the question writes nothing"
    client.post(url_of("count-verify-many"), asked.context["hidden"])
    assert set(HouseholdCount.objects.verified()) == set(theirs)


def test_the_list_puts_first_what_waits_for_me_and_its_filters_narrow(
    city_manager, street_leader, client_for, estate, make_estate, enter_count, verified,
    other_estate, other_clerk, other_street,
):  # fmt: skip
    done = verified(estate, 100)
    waiting = enter_count(make_estate(name="老粮库家属院", kind="commodity"), 120)
    own = enter_count(make_estate(), 130, actor=city_manager, effective_month=JANUARY)
    elsewhere = enter_count(other_estate, 90, actor=other_clerk)
    client = client_for(city_manager)

    def found(who=client, **query: str) -> list[HouseholdCount]:
        listing = who.get(url_of("count-list"), query).context["listing"]
        assert listing.problems == []
        return list(listing.table.rows)

    assert found()[:2] in ([waiting, elsewhere], [elsewhere, waiting])
    assert found()[2:] == [own, done]
    assert set(found(status="entered")) == {waiting, own, elsewhere}
    assert found(status="verified") == [done]
    assert found(kind="commodity") == found(q="粮库") == [waiting]
    assert found(month="2027-01") == [own]
    assert found(street=str(other_street.pk)) == [elsewhere]
    assert set(found(client_for(street_leader))) == {done, waiting, own}


def test_the_ledger_of_the_city_is_no_evidence_for_a_street(
    city_manager, street_clerk, cast, client_for, street
):
    """It holds the other streets' rows too."""
    head = ["序号", "街道", "小区名称", "户数", "补贴起始月"]
    book = workbook({"台账": [head, [1, "索河街道", "新登记家属院", 120, "2026年12月"]]})
    batch = commit("old_estates", book, city_manager)
    count = HouseholdCount.objects.get(batch=batch)
    assert count.evidence_name.startswith("台账.xlsx")
    url = url_of("count-evidence", count.pk)
    assert client_for(street_clerk).get(url).status_code == 404
    shown = client_for(street_clerk).get(count.get_absolute_url()).content.decode()
    assert "原表由房管中心保存" in shown
    assert b"".join(client_for(cast.auditor).get(url)) == book
