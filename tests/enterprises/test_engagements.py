"""Who serves an estate from when to when: never two on one day, filed within fifteen days."""

import datetime as dt

import pytest
from django.urls import reverse

from enterprises import services
from enterprises.choices import FilingState
from enterprises.models import Engagement
from enterprises.selectors import current_services
from tests.enterprises.conftest import TODAY, scan
from tests.support.at_once import at_once, one_effect
from tests.support.doors import refused, sql
from xingyang_pm.common import audit, clock, desk
from xingyang_pm.common.errors import BusinessError, NotPermitted

pytestmark = pytest.mark.usefixtures("that_day")

TAKEN = "同一小区同一天只能有一个服务主体"
MAY_1, JUNE_30 = dt.date(2026, 5, 1), dt.date(2026, 6, 30)
# Spans that share at least a day with 1 May to 30 June.
OVERLAPPING = [
    (MAY_1, JUNE_30),
    (JUNE_30, None),
    (dt.date(2026, 1, 1), MAY_1),
    (dt.date(2026, 1, 1), None),
    (dt.date(2026, 5, 20), dt.date(2026, 5, 20)),
    (dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
]
APART = [
    (dt.date(2026, 7, 1), None),
    (dt.date(2026, 1, 1), dt.date(2026, 4, 30)),
]


def row(estate, provider, start, end) -> Engagement:
    return Engagement(
        estate=estate,
        provider=provider,
        start_date=start,
        end_date=end,
        created_at=clock.now(),
    )


# --- One provider a day ----------------------------------------------------------------------


@pytest.mark.parametrize(("start", "end"), OVERLAPPING)
def test_two_never_serve_one_estate_on_one_day(estate, firm, rival, engage, start, end):
    engage(estate, firm, start_date=MAY_1, end_date=JUNE_30)
    with pytest.raises(BusinessError, match=TAKEN) as told:
        engage(estate, rival, start_date=start, end_date=end)
    assert told.value.code == "conflict"
    assert Engagement.objects.get().provider == firm


@pytest.mark.parametrize(("start", "end"), APART)
def test_the_next_begins_the_day_after_and_the_last_ended_the_day_before(
    estate, firm, rival, engage, start, end
):
    engage(estate, firm, start_date=MAY_1, end_date=JUNE_30)
    engage(estate, rival, start_date=start, end_date=end)
    assert Engagement.objects.count() == 2


@pytest.mark.both_databases
@pytest.mark.parametrize(("start", "end"), OVERLAPPING)
def test_the_database_keeps_two_apart_at_every_door(estate, firm, rival, engage, start, end):
    engage(estate, firm, start_date=MAY_1, end_date=JUNE_30)
    refused(TAKEN, row(estate, rival, start, end).save)
    refused(TAKEN, lambda: Engagement.objects.bulk_create([row(estate, rival, start, end)]))
    far = engage(estate, rival, start_date=dt.date(2027, 1, 1))
    own = Engagement.objects.filter(pk=far.pk)
    refused(TAKEN, lambda: own.update(start_date=start, end_date=end))
    far.start_date, far.end_date = start, end
    refused(TAKEN, lambda: Engagement.objects.bulk_update([far], ["start_date", "end_date"]))
    refused(
        TAKEN,
        sql(
            "UPDATE enterprises_engagement SET start_date = %s, end_date = %s WHERE id = %s",
            start.isoformat(),
            end and end.isoformat(),
            far.pk,
        ),
    )
    assert own.get().start_date == dt.date(2027, 1, 1)


@pytest.mark.both_databases
@pytest.mark.parametrize(("start", "end"), APART)
def test_the_database_lets_neighbouring_spans_stand(estate, firm, rival, engage, start, end):
    engage(estate, firm, start_date=MAY_1, end_date=JUNE_30)
    row(estate, rival, start, end).save()
    assert Engagement.objects.count() == 2


@pytest.mark.both_databases
def test_the_database_refuses_to_move_a_contract_onto_a_served_estate(
    estate, make_estate, firm, rival, engage
):
    engage(estate, firm)
    elsewhere = engage(make_estate(), rival)
    refused(TAKEN, lambda: Engagement.objects.filter(pk=elsewhere.pk).update(estate=estate))


def test_one_firm_serves_many_estates_at_a_time(estate, make_estate, firm, engage):
    engage(estate, firm)
    engage(make_estate(), firm)
    assert Engagement.objects.on(TODAY).filter(provider=firm).count() == 2


def test_a_change_of_dates_meets_the_same_rule(city_manager, estate, firm, rival, engage):
    engage(estate, firm, start_date=MAY_1, end_date=JUNE_30)
    later = engage(estate, rival, start_date=dt.date(2026, 7, 1))
    with pytest.raises(BusinessError, match=TAKEN):
        services.engagement_update(engagement=later, actor=city_manager, start_date=JUNE_30)
    later.refresh_from_db()
    assert later.start_date == dt.date(2026, 7, 1)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_registered_at_the_same_moment_one_stands(
    city_manager, make_person, cast, estate, firm, rival
):
    second = make_person("fukezhang", cast.bureau, "bureau_manager")

    def register(provider, actor):
        return services.engagement_create(
            estate=estate, provider=provider, actor=actor, start_date=TODAY
        )

    (told,) = one_effect(
        at_once(
            lambda: register(firm, city_manager),
            lambda: register(rival, second),
        )
    )
    assert TAKEN in told.message
    assert Engagement.objects.count() == 1


# --- What a contract says --------------------------------------------------------------------


def test_a_contract_stands_in_both_timelines(city_manager, estate, firm, engage):
    engagement = engage(estate, firm, start_date=MAY_1)
    for subject in (engagement, estate, firm):
        entry = audit.timeline(subject)[0]
        assert entry.actor == city_manager
        assert entry.summary == "登记 怡馨物业 自2026年5月1日接管 纺织厂家属院"


def test_a_contract_does_not_end_before_it_begins(estate, firm, engage):
    with pytest.raises(BusinessError, match="合同到期不能早于接管日期"):
        engage(estate, firm, start_date=MAY_1, end_date=dt.date(2026, 4, 30))
    engage(estate, firm, start_date=MAY_1, end_date=MAY_1)


@pytest.mark.both_databases
def test_the_database_refuses_dates_and_fees_that_cannot_be(estate, firm, engage):
    own = Engagement.objects.filter(pk=engage(estate, firm, signed_on=MAY_1, end_date=JUNE_30).pk)
    refused("engagement_dates", lambda: own.update(end_date=dt.date(2025, 12, 31)))
    refused("engagement_filed_after_signed", lambda: own.update(filed_on=dt.date(2026, 4, 30)))
    refused("engagement_fee_positive", lambda: own.update(fee_standard=-1))


def test_a_local_centre_serves_its_own_street_alone(centre, estate, other_estate, engage):
    with pytest.raises(BusinessError, match="属于 索河街道，不能接管 京城路街道 的小区") as told:
        engage(other_estate, centre)
    assert told.value.field == "provider"
    assert engage(estate, centre).provider == centre


def test_the_project_manager_is_one_of_the_firm(city_manager, estate, firm, rival, engage):
    stranger = services.manager_add(provider=rival, actor=city_manager, name="丁文")
    with pytest.raises(BusinessError, match="丁文 不是 郑州怡馨物业服务有限公司 的人员"):
        engage(estate, firm, project_manager=stranger)
    assert not Engagement.objects.exists()


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "finance_officer",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_nobody_but_the_section_head_touches_a_contract(cast, estate, firm, engage, who):
    engagement = engage(estate, firm, signed_on=MAY_1)
    actor = cast.people[who]
    for act in (
        lambda: services.engagement_create(
            estate=estate, provider=firm, actor=actor, start_date=TODAY
        ),
        lambda: services.engagement_update(engagement=engagement, actor=actor, end_date=TODAY),
        lambda: services.engagement_file(engagement=engagement, actor=actor, filed_on=TODAY),
        lambda: services.engagement_end(
            engagement=engagement, actor=actor, end_date=TODAY, reason="不续签"
        ),
    ):
        with pytest.raises(NotPermitted):
            act()
    engagement.refresh_from_db()
    assert (engagement.end_date, engagement.filed_on) == (None, None)


def test_a_change_is_told_by_the_names_of_its_fields(city_manager, estate, firm, engage):
    engagement = engage(estate, firm)
    services.engagement_update(
        engagement=engagement, actor=city_manager, contract_number="HT-1", contract=scan()
    )
    entry = audit.timeline(estate)[0]
    assert entry.summary == "修改服务合同的合同编号、合同扫描件"
    assert (entry.before, entry.after) == ({"contract_number": ""}, {"contract_number": "HT-1"})
    engagement.refresh_from_db()
    assert engagement.contract_name == "合同.pdf"
    # Kept by a random name: what the user calls a file is no path.
    assert "合同" not in engagement.contract.name


# --- Ending ----------------------------------------------------------------------------------


def test_an_ended_contract_serves_to_its_last_day_and_another_follows(
    city_manager, estate, firm, rival, engage
):
    engagement = engage(estate, firm)
    services.engagement_end(
        engagement=engagement, actor=city_manager, end_date=TODAY, reason=" 业主大会另聘 "
    )
    tomorrow = TODAY + dt.timedelta(days=1)
    engage(estate, rival, start_date=tomorrow)
    serving = {
        day: current_services([estate.pk], day, city_manager)[estate.pk].provider_id
        for day in (TODAY, tomorrow)
    }
    assert serving == {TODAY: firm.pk, tomorrow: rival.pk}
    engagement.refresh_from_db()
    assert engagement.is_in_force(TODAY)
    assert not engagement.is_in_force(tomorrow)
    entry = next(e for e in audit.timeline(estate) if e.verb == "engagement.end")
    assert entry.summary == "怡馨物业 对 纺织厂家属院 的服务到2026年11月18日止"
    assert entry.before == {"end_date": None, "end_reason": ""}
    assert entry.after == {"end_date": "2026-11-18", "end_reason": "业主大会另聘"}


def test_ending_wants_a_reason_and_a_day_after_the_beginning(city_manager, estate, firm, engage):
    engagement = engage(estate, firm, start_date=MAY_1)
    with pytest.raises(BusinessError, match="请写明终止原因"):
        services.engagement_end(
            engagement=engagement, actor=city_manager, end_date=TODAY, reason="  "
        )
    with pytest.raises(BusinessError, match="不能早于接管日期"):
        services.engagement_end(
            engagement=engagement,
            actor=city_manager,
            end_date=dt.date(2026, 4, 30),
            reason="登记错",
        )
    engagement.refresh_from_db()
    assert engagement.end_date is None


# --- Filing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_since", "state"),
    [(0, FilingState.DUE), (14, FilingState.DUE), (15, FilingState.DUE), (16, FilingState.LATE)],
)
def test_a_signed_contract_is_late_from_the_sixteenth_day(
    city_manager, client_for, estate, firm, engage, days_since, state
):
    engagement = engage(estate, firm, signed_on=TODAY - dt.timedelta(days=days_since))
    assert engagement.filing_state == state
    # The list's filter, its number and the record say the same as the row.
    client = client_for(city_manager)
    url = reverse("enterprises:engagement-list")
    for asked in FilingState:
        listing = client.get(url, {"filing": asked.value}).context["listing"]
        assert listing.count == (asked == state), asked
    late = Engagement.objects.filing_late(TODAY).count()
    assert late == (state == FilingState.LATE)
    shown = client.get(engagement.get_absolute_url()).content.decode()
    assert state.label in shown
    assert ("已经逾期" in shown) == (state == FilingState.LATE)


def test_a_filed_contract_is_done_and_an_unsigned_one_waits_for_nothing(
    city_manager, estate, make_estate, firm, engage
):
    old = engage(estate, firm, signed_on=MAY_1)
    unsigned = engage(make_estate(), firm)
    (waiting,) = [item for item in desk.waiting_for(city_manager) if item.tag == "合同"]
    assert waiting.title == "纺织厂家属院物业服务合同已签 201 天，尚未备案"
    assert (waiting.due, waiting.url) == (dt.date(2026, 5, 16), old.get_absolute_url())
    old = services.engagement_file(
        engagement=old, actor=city_manager, filed_on=TODAY, filing_number="备2026-7"
    )
    assert (old.filing_state, unsigned.filing_state) == (FilingState.DONE, FilingState.UNSIGNED)
    assert not [item for item in desk.waiting_for(city_manager) if item.tag == "合同"]


def test_a_filing_wants_a_signature_before_it_and_is_not_foretold(
    city_manager, estate, make_estate, firm, engage
):
    unsigned = engage(estate, firm)
    signed = engage(make_estate(), firm, signed_on=MAY_1)
    for engagement, day, sentence in (
        (unsigned, TODAY, "请先填签订日期"),
        (signed, TODAY + dt.timedelta(days=1), "备案日期不能晚于今天"),
        (signed, dt.date(2026, 4, 30), "备案日期不能早于签订日期"),
    ):
        with pytest.raises(BusinessError, match=sentence):
            services.engagement_file(engagement=engagement, actor=city_manager, filed_on=day)
    assert not Engagement.objects.filter(filed_on__isnull=False).exists()


def test_what_waits_for_filing_waits_for_the_section_head_alone(cast, estate, firm, engage):
    engage(estate, firm, signed_on=MAY_1)
    told = {
        name
        for name, person in cast.people.items()
        if [item for item in desk.waiting_for(person) if item.tag == "合同"]
    }
    assert told == {"city_manager"}
