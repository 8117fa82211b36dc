"""Terms of an estate's owners' committee."""

import datetime as dt

import pytest
from django.urls import reverse

from estates import services
from estates.models import OwnersCommittee
from tests.support.doors import refused
from xingyang_pm.common import audit
from xingyang_pm.common.errors import BusinessError

JUNE_2023, JUNE_2026 = dt.date(2023, 6, 1), dt.date(2026, 6, 1)


@pytest.fixture
def record(city_manager, estate):
    def make(**values) -> OwnersCommittee:
        given = {"start_date": JUNE_2026, "chair": "何平", "phone": "13611112222", **values}
        return services.committee_record(estate=estate, actor=city_manager, **given)

    return make


def test_the_terms_are_counted_on_and_stand_once(estate, record):
    first = record(start_date=JUNE_2023, end_date=dt.date(2026, 5, 31))
    assert (first.term, record().term) == (1, 2)
    with pytest.raises(BusinessError, match="这一届业委会已经登记过"):
        record(term=2)
    assert record(term=5).term == 5
    assert audit.timeline(estate)[0].summary == "登记第5届业委会"


def test_a_term_does_not_end_before_it_begins(city_manager, record):
    with pytest.raises(BusinessError, match="任期结束不能早于任期开始"):
        record(end_date=dt.date(2026, 5, 31))
    committee = record()
    with pytest.raises(BusinessError, match="任期结束不能早于任期开始"):
        services.committee_update(
            committee=committee, actor=city_manager, end_date=dt.date(2026, 5, 31)
        )
    committee.refresh_from_db()
    assert committee.end_date is None


@pytest.mark.both_databases
def test_the_database_knows_both_rules(estate, record):
    record(start_date=JUNE_2023)
    own = OwnersCommittee.objects.filter(pk=record().pk)
    for values, sentence in (
        ({"term": 1}, "UNIQUE|unique"),
        ({"end_date": dt.date(2026, 5, 31)}, "ownerscommittee_dates"),
    ):
        refused(sentence, lambda values=values: own.update(**values))


def test_a_change_and_a_removal_are_told_to_the_estate(city_manager, estate, record):
    committee = record()
    services.committee_update(
        committee=committee, actor=city_manager, chair="何平安", filed_on=JUNE_2026
    )
    entry = audit.timeline(estate)[0]
    assert entry.summary == "修改第1届业委会的资料"
    assert entry.before == {"chair": "何平", "filed_on": None}
    services.committee_update(committee=committee, actor=city_manager, chair="何平安")
    assert audit.timeline(estate)[0] == entry, "what changes nothing leaves no entry"
    services.committee_remove(committee=committee, actor=city_manager)
    entry = audit.timeline(estate)[0]
    assert (entry.summary, entry.before["chair"]) == ("删去第1届业委会", "何平安")
    assert not OwnersCommittee.objects.exists()


def test_through_the_pages_with_the_number_hidden(city_manager, auditor, client_for, estate):
    client = client_for(city_manager)
    url = reverse("estates:committee-create", args=[estate.pk])
    assert client.get(url).context["form"].initial["term"] == 1
    answer = client.post(
        url, {"term": 1, "chair": "何平", "phone": "13611112222", "start_date": "2026-06-01"}
    )
    assert answer.url == f"{estate.get_absolute_url()}?tab=more"
    overview = client.get(estate.get_absolute_url()).content.decode()
    assert "已成立，第1届" in overview
    for user in (city_manager, auditor):
        shown = client_for(user).get(answer.url).content.decode()
        assert "136****2222" in shown
        assert "13611112222" not in shown
    assert client.get(url).context["form"].initial["term"] == 2
    refused = client.post(url, {"term": 1, "chair": "甲", "start_date": "2026-06-01"})
    assert refused.status_code == 422
    assert "这一届业委会已经登记过" in refused.content.decode()
