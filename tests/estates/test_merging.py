"""Two entries of one estate become one: everything follows, and nothing is lost or doubled."""

import datetime as dt

import pytest
from django.urls import reverse

from enterprises.choices import ProviderKind
from enterprises.models import Engagement
from enterprises.services import engagement_create, provider_create
from estates import services
from estates.choices import CountStatus, EstateKind, EstateStatus, NameKind
from estates.models import (
    Building,
    Estate,
    EstateName,
    HouseholdCount,
    OwnersCommittee,
    StaffAssignment,
)
from estates.selectors import count_in_force
from estates.services.surveys import SurveyRow
from tests.estates.conftest import DECEMBER, NOVEMBER, TODAY
from tests.support.at_once import at_once, one_effect
from tests.support.doors import refused
from xingyang_pm.common import audit, search
from xingyang_pm.common.errors import BusinessError, NotPermitted

MARCH = dt.date(2026, 3, 1)


@pytest.fixture
def kept(make_estate) -> Estate:
    return make_estate(name="粮食局家属院", code="XQ-0101")


@pytest.fixture
def old(make_estate) -> Estate:
    """The same estate, registered a second time."""
    return make_estate(name="老粮库家属院", code="XQ-0202")


@pytest.fixture
def merge(city_manager):
    def act(old: Estate, kept: Estate, **more) -> Estate:
        given = {"actor": city_manager, "reason": "重复登记", **more}
        return services.estate_merge(old=old, kept=kept, **given)

    return act


@pytest.fixture
def firm(city_manager):
    return provider_create(
        actor=city_manager, kind=ProviderKind.ENTERPRISE, name="郑州怡馨物业服务有限公司"
    )


def test_the_duplicate_leaves_the_register_and_stays_readable(
    city_manager, client_for, old, kept, merge
):
    merge(old, kept)
    old.refresh_from_db()
    assert (old.status, old.merged_into) == (EstateStatus.MERGED, kept)
    client = client_for(city_manager)
    shown = client.get(old.get_absolute_url()).content.decode()
    assert "已并入 粮食局家属院（XQ-0101），这里只供查看。" in shown
    # The kept one leads to it, by its number.
    more = client.get(kept.get_absolute_url(), {"tab": "more"}).content.decode()
    assert "XQ-0202" in more
    url = reverse("estates:estate-list")
    assert [row.pk for row in client.get(url).context["listing"].table.rows] == [kept.pk]
    merged = client.get(url, {"status": "merged", "q": "XQ-0202"}).context["listing"]
    assert [row.pk for row in merged.table.rows] == [old.pk]
    for estate, summary in (
        (kept, "并入重复登记的 老粮库家属院（XQ-0202）"),
        (old, "并入 粮食局家属院（XQ-0101）"),
    ):
        entry = audit.timeline(estate)[0]
        assert (entry.summary, entry.reason) == (summary, "重复登记")


def test_all_its_names_find_the_kept_one_each_once(street_clerk, old, kept, merge):
    for estate, name in ((old, "粮库大院"), (old, "粮食局家属院"), (kept, "粮局院")):
        EstateName.objects.create(estate=estate, kind=NameKind.FORMER, name=name)
    merge(old, kept)
    assert sorted(kept.names.values_list("name", flat=True)) == sorted(
        ["粮局院", "老粮库家属院", "粮库大院"]
    )
    for text in ("老粮库", "粮库大院", old.code):
        (hit,) = dict(search.find(street_clerk, text))["小区"]
        assert hit.title == "粮食局家属院"


def test_buildings_committees_and_survey_rows_follow_where_they_are_new(
    city_manager, street, old, kept, merge
):
    for estate, names in ((kept, ["1号楼", "2号楼", "3号楼"]), (old, ["3号楼", "4号楼"])):
        for number, name in enumerate(names):
            Building.objects.create(estate=estate, name=name, position=number + 1)
    for estate, term in ((kept, 1), (old, 1), (old, 2)):
        OwnersCommittee.objects.create(estate=estate, term=term, start_date=MARCH)
    both, alone = (
        services.survey_upload(
            actor=city_manager,
            title=title,
            street=street,
            surveyed_on=TODAY,
            rows=[SurveyRow(4 + n, estate.name, estate) for n, estate in enumerate(estates)],
        )
        for title, estates in (("春季", [kept, old]), ("秋季", [old]))
    )
    merge(old, kept)
    assert list(kept.buildings.values_list("name", "position")) == [
        ("1号楼", 1),
        ("2号楼", 2),
        ("3号楼", 3),
        ("4号楼", 4),
    ]
    kept.refresh_from_db()
    assert kept.building_count == 4
    assert list(kept.committees.values_list("term", flat=True)) == [2, 1]
    assert alone.entries.get().estate == kept
    # Where the survey knows both, each keeps the row that was written for it.
    assert [entry.estate for entry in both.entries.all()] == [kept, old]


def test_contracts_follow(city_manager, old, kept, firm, merge):
    contract = engagement_create(estate=old, provider=firm, actor=city_manager, start_date=MARCH)
    merge(old, kept)
    contract.refresh_from_db()
    assert contract.estate == kept


def test_two_contracts_for_one_day_forbid_it_and_nothing_is_written(
    city_manager, old, kept, firm, merge
):
    for estate in (old, kept):
        engagement_create(estate=estate, provider=firm, actor=city_manager, start_date=MARCH)
    Building.objects.create(estate=old, name="9号楼")
    with pytest.raises(BusinessError, match="都有服务合同，请先终止其中一份"):
        merge(old, kept)
    old.refresh_from_db()
    assert (old.status, old.merged_into) == (EstateStatus.ACTIVE, None)
    assert Building.objects.get().estate == old
    assert not EstateName.objects.exists()
    assert {e.estate for e in Engagement.objects.all()} == {old, kept}


def test_counts_follow_where_the_kept_one_has_none(old, kept, merge, verified, enter_count):
    verified(old, 100, effective_month=MARCH)
    waiting = enter_count(old, 110)
    merge(old, kept)
    assert count_in_force(kept, NOVEMBER).households == 100
    waiting.refresh_from_db()
    assert (waiting.estate, waiting.status) == (kept, CountStatus.ENTERED)
    assert not HouseholdCount.objects.filter(estate=old).exists()


def test_a_merge_changes_no_verified_number_of_the_kept_one(
    old, kept, merge, verified, enter_count
):
    """Money rests on it: only a verification changes it."""
    verified(old, 100, effective_month=NOVEMBER)
    own = verified(kept, 90, effective_month=MARCH)
    merge(old, kept)
    assert count_in_force(kept, DECEMBER) == own
    assert HouseholdCount.objects.filter(estate=old).count() == 1


def test_two_waiting_counts_forbid_it(old, kept, merge, enter_count):
    enter_count(old, 100)
    enter_count(kept, 90)
    with pytest.raises(BusinessError, match="都有户数待核定"):
        merge(old, kept)
    old.refresh_from_db()
    assert old.status == EstateStatus.ACTIVE


def test_officers_follow_without_two_on_one_day(city_manager, inspector, old, kept, merge):
    assigned = {
        name: StaffAssignment.objects.create(
            estate=estate, officer=officer, start_date=start, end_date=end
        )
        for name, estate, officer, start, end in (
            ("kept", kept, city_manager, dt.date(2026, 6, 1), None),
            ("before", old, inspector, MARCH, dt.date(2026, 5, 31)),
            ("beside", old, inspector, dt.date(2026, 6, 1), None),
        )
    }
    merge(old, kept)
    for row in assigned.values():
        row.refresh_from_db()
    assert assigned["before"].estate == kept
    assert (assigned["beside"].estate, assigned["beside"].end_date) == (old, TODAY)
    assert (assigned["kept"].estate, assigned["kept"].end_date) == (kept, None)


def test_what_was_merged_into_the_duplicate_follows_it(make_estate, old, kept, merge):
    first = make_estate(name="粮库东院")
    merge(first, old)
    merge(old, kept)
    first.refresh_from_db()
    assert first.merged_into == kept
    assert set(kept.names.values_list("name", flat=True)) == {"粮库东院", "老粮库家属院"}


def test_only_two_of_a_kind_in_one_street_become_one(
    city_manager, make_estate, other_estate, old, kept, merge
):
    for other, sentence in (
        (other_estate, "只能并入同一街道（乡镇）的同类小区"),
        (make_estate(kind=EstateKind.COMMODITY), "只能并入同一街道（乡镇）的同类小区"),
        (old, "不能并入自己"),
    ):
        with pytest.raises(BusinessError, match=sentence):
            merge(old, other)
    with pytest.raises(BusinessError, match="请写明合并原因"):
        merge(old, kept, reason=" ")
    services.estate_remove(estate=kept, actor=city_manager, reason="已拆迁")
    with pytest.raises(BusinessError, match="粮食局家属院 不在册，不能并入"):
        merge(old, kept)
    old.refresh_from_db()
    assert old.status == EstateStatus.ACTIVE


def test_the_form_offers_neither_another_street_nor_another_kind(
    city_manager, client_for, make_estate, other_estate, old, kept
):
    make_estate(kind=EstateKind.COMMODITY)
    client = client_for(city_manager)
    url = reverse("estates:estate-merge", args=[old.pk])
    form = client.get(url).context["form"]
    assert list(form.fields["kept"].queryset) == [kept]
    answer = client.post(url, {"kept": other_estate.pk, "reason": "重复登记"})
    assert answer.status_code == 422
    assert client.post(url, {"kept": kept.pk, "reason": "重复登记"}).status_code == 302
    old.refresh_from_db()
    assert old.merged_into == kept


@pytest.mark.parametrize("who", ["street_clerk", "street_leader", "inspector", "bureau_leader"])
def test_nobody_but_the_section_head_merges(cast, old, kept, merge, who):
    with pytest.raises(NotPermitted):
        merge(old, kept, actor=cast.people[who])


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_that_are_merged_into_each_other_at_the_same_moment_leave_one(old, kept, merge):
    one_effect(at_once(lambda: merge(old, kept), lambda: merge(kept, old)))
    assert Estate.objects.active().count() == 1
    merged = Estate.objects.get(status=EstateStatus.MERGED)
    assert merged.merged_into == Estate.objects.active().get()


@pytest.mark.both_databases
def test_the_database_lets_no_merged_estate_come_back(old, kept, merge):
    merge(old, kept)
    own = Estate.objects.filter(pk=old.pk)
    for values, sentence in (
        ({"status": "active", "merged_into": None}, "不能这样改动"),
        ({"status": "removed", "merged_into": None}, "不能这样改动"),
        ({"merged_into": None}, "estate_merged_has_target"),
    ):
        refused(sentence, lambda values=values: own.update(**values))
    other = Estate.objects.filter(pk=kept.pk)
    refused("estate_merged_has_target", lambda: other.update(merged_into=old))
