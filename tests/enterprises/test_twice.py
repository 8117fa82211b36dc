"""An act that is sent again (second click, back button, another tab) has its effect once."""

import datetime as dt

import pytest
from django.urls import reverse

from enterprises import services
from tests.enterprises.conftest import TODAY
from tests.support.at_once import at_once, one_effect
from xingyang_pm.common.errors import StaleState
from xingyang_pm.common.models import AuditEntry

pytestmark = pytest.mark.usefixtures("that_day")

MAY_1 = dt.date(2026, 5, 1)
YESTERDAY = TODAY - dt.timedelta(days=1)


def url_of(name: str, *args: object) -> str:
    return reverse(f"enterprises:engagement-{name}", args=args)


def test_a_filing_is_registered_once(city_manager, estate, firm, engage):
    engagement = engage(estate, firm, signed_on=MAY_1)

    def file(day, number):
        services.engagement_file(
            engagement=engagement, actor=city_manager, filed_on=day, filing_number=number
        )

    file(YESTERDAY, "备2026-7")
    with pytest.raises(StaleState, match="合同已于2026年11月17日备案，不用再登记"):
        file(TODAY, "备2026-8")
    engagement.refresh_from_db()
    assert (engagement.filed_on, engagement.filing_number) == (YESTERDAY, "备2026-7")
    # What was typed wrong is changed where a contract is changed.
    services.engagement_update(engagement=engagement, actor=city_manager, filing_number="备2026-8")


def test_a_second_filing_keeps_what_was_typed(city_manager, client_for, estate, firm, engage):
    engagement = engage(estate, firm, signed_on=MAY_1, filed_on=MAY_1, filing_number="备2026-7")
    answer = client_for(city_manager).post(
        url_of("file", engagement.pk), {"filed_on": "2026-11-18", "filing_number": "备2026-8"}
    )
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "合同已备案" in shown
    assert "备2026-8" in shown
    engagement.refresh_from_db()
    assert engagement.filing_number == "备2026-7"


def test_an_ended_contract_is_not_ended_again(city_manager, estate, make_estate, firm, engage):
    ended, run_out = engage(estate, firm), engage(make_estate(), firm, end_date=YESTERDAY)

    def end(engagement, day):
        services.engagement_end(
            engagement=engagement, actor=city_manager, end_date=day, reason="业主大会另聘"
        )

    # Also while its last day is still to come.
    end(ended, TODAY + dt.timedelta(days=9))
    with pytest.raises(StaleState, match="合同已经终止，服务到2026年11月27日止"):
        end(ended, TODAY)
    with pytest.raises(StaleState, match="合同已于2026年11月17日到期"):
        end(run_out, TODAY)
    ended.refresh_from_db()
    run_out.refresh_from_db()
    assert (ended.end_date, run_out.end_date) == (dt.date(2026, 11, 27), YESTERDAY)
    assert AuditEntry.objects.filter(verb="engagement.end").count() == 1


def test_a_contract_that_names_its_last_day_may_end_before_it(city_manager, estate, firm, engage):
    engagement = engage(estate, firm, end_date=dt.date(2027, 12, 31))
    services.engagement_end(
        engagement=engagement, actor=city_manager, end_date=TODAY, reason="业主大会另聘"
    )
    engagement.refresh_from_db()
    assert engagement.end_date == TODAY


def test_the_page_of_an_ended_contract_is_locked(city_manager, client_for, estate, firm, engage):
    engagement = engage(estate, firm, end_date=YESTERDAY)
    client = client_for(city_manager)
    url = url_of("end", engagement.pk)
    assert 'aria-describedby="why-not"' in client.get(url).content.decode()
    answer = client.post(url, {"end_date": "2026-11-18", "reason": "不续签"})
    assert answer.status_code == 409
    assert "不续签" in answer.content.decode()
    assert url not in client.get(engagement.get_absolute_url()).content.decode()
    engagement.refresh_from_db()
    assert (engagement.end_date, engagement.end_reason) == (YESTERDAY, "")


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["file", "end"])
def test_of_two_clicks_at_once_one_has_its_effect(city_manager, estate, firm, engage, act):
    engagement = engage(estate, firm, signed_on=MAY_1)
    doors = {
        "file": lambda: services.engagement_file(
            engagement=engagement, actor=city_manager, filed_on=TODAY
        ),
        "end": lambda: services.engagement_end(
            engagement=engagement, actor=city_manager, end_date=TODAY, reason="不续签"
        ),
    }
    (told,) = one_effect(at_once(doors[act], doors[act]))
    assert isinstance(told, StaleState)


def test_a_person_leaves_once(city_manager, client_for, firm):
    manager = services.manager_add(provider=firm, actor=city_manager, name="丁文")
    client = client_for(city_manager)
    url = reverse("enterprises:manager-leave", args=[manager.pk])
    assert client.post(url).status_code == 302
    answer = client.post(url)
    assert answer.status_code == 409
    assert "丁文 已经离岗" in answer.content.decode()
    assert AuditEntry.objects.filter(verb="provider.manager_leave").count() == 1
