"""Who of the bureau answers for which estate: one officer a day, handed on without a gap."""

import datetime as dt

import pytest
from django.urls import reverse

from estates import services
from estates.choices import EstateKind
from estates.models import StaffAssignment
from estates.selectors import current_assignment, current_officers
from tests.estates.conftest import TODAY
from tests.support.at_once import at_once
from tests.support.doors import refused, sql
from xingyang_pm.common import audit
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry

TAKEN = "同一小区同一天只能有一名分包干部"
TOMORROW = TODAY + dt.timedelta(days=1)


@pytest.fixture
def assign(city_manager):
    def act(estates, officer, start_date=TODAY, actor=None) -> int:
        return services.staff_assignment_start(
            estates=estates, officer=officer, actor=actor or city_manager, start_date=start_date
        )

    return act


def spans(estate) -> list[tuple]:
    rows = StaffAssignment.objects.filter(estate=estate).order_by("start_date")
    return list(rows.values_list("officer__name", "start_date", "end_date"))


def test_the_one_before_ends_the_day_before(city_manager, inspector, estate, assign):
    assert assign([estate], inspector, dt.date(2026, 1, 1)) == 1
    assert assign([estate], city_manager) == 1
    assert spans(estate) == [
        ("张志强", dt.date(2026, 1, 1), dt.date(2026, 11, 17)),
        ("陈志远", TODAY, None),
    ]
    assert current_assignment(estate, city_manager).officer == city_manager
    yesterday = TODAY - dt.timedelta(days=1)
    assert current_officers([estate.pk], city_manager, yesterday) == {estate.pk: "张志强"}
    told = [entry.summary for entry in audit.timeline(estate)]
    assert told[0] == "分包干部由 张志强 改为 陈志远，2026年11月18日起"
    assert told[1] == "安排 张志强 分包，2026年1月1日起"


def test_many_change_hands_at_once_and_ones_own_stay(city_manager, inspector, make_estate, assign):
    estates = [make_estate() for _ in range(3)]
    assign(estates[:1], inspector, dt.date(2026, 1, 1))
    assert assign(estates, inspector) == 2
    assert spans(estates[0]) == [("张志强", dt.date(2026, 1, 1), None)]
    (entry, *_) = audit.timeline(inspector)
    assert entry.summary == "将 2 个小区分包给 张志强，2026年11月18日起"


def test_all_or_none(inspector, city_manager, make_estate, assign):
    one, two = make_estate(), make_estate(name="老粮库家属院")
    assign([two], inspector, TOMORROW)
    with pytest.raises(BusinessError, match="老粮库家属院 已从 2026年11月19日起分包给 张志强"):
        assign([one, two], city_manager)
    assert spans(one) == []
    services.estate_remove(estate=two, actor=city_manager, reason="已拆迁")
    with pytest.raises(BusinessError, match="已注销，不能分包"):
        assign([one, two], city_manager, dt.date(2026, 12, 1))
    with pytest.raises(BusinessError, match="还没有选小区"):
        assign([], city_manager)
    assert spans(one) == []


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "bureau_leader", "finance_officer", "system_admin",
     "auditor", "outsider"],
)  # fmt: skip
def test_who_does_not_inspect_answers_for_no_estate(cast, estate, assign, who):
    with pytest.raises(BusinessError, match="不是检查员，不能分包小区"):
        assign([estate], cast.people[who])
    with pytest.raises(NotPermitted):
        assign([estate], cast.inspector, actor=cast.people[who])
    assert spans(estate) == []


@pytest.mark.parametrize("day", [dt.date(1999, 12, 31), TODAY + dt.timedelta(days=367)])
def test_a_day_out_of_reach_is_refused(inspector, estate, assign, day):
    with pytest.raises(BusinessError, match="开始日期超出范围"):
        assign([estate], inspector, day)


def test_an_assignment_ends_once_and_not_before_it_began(city_manager, inspector, estate, assign):
    assign([estate], inspector, dt.date(2026, 11, 1))
    row = StaffAssignment.objects.get()
    with pytest.raises(BusinessError, match="结束日期不能早于开始日期 2026-11-01"):
        services.staff_assignment_end(
            assignment=row, actor=city_manager, end_date=dt.date(2026, 10, 31)
        )
    services.staff_assignment_end(assignment=row, actor=city_manager, end_date=TODAY)
    assert current_assignment(estate, city_manager) == row, "the last day is included"
    assert audit.timeline(estate)[0].summary == "张志强 的分包到2026年11月18日为止"
    with pytest.raises(BusinessError, match="这项分包已于2026年11月18日结束"):
        services.staff_assignment_end(assignment=row, actor=city_manager, end_date=TOMORROW)
    with pytest.raises(NotPermitted):
        services.staff_assignment_end(assignment=row, actor=inspector, end_date=TOMORROW)


def test_ending_an_assignment_is_sent_twice(
    city_manager, client_for, inspector, estate, make_estate, assign
):
    assign([estate, make_estate()], inspector, dt.date(2026, 11, 1))
    over, ahead = StaffAssignment.objects.order_by("pk")
    client = client_for(city_manager)
    for row, day, sentence in (
        (over, TODAY, "这项分包已于2026年11月18日结束"),
        (ahead, TOMORROW, "这项分包原来就到2026年11月19日为止，没有改动"),
    ):
        url = reverse("estates:assignment-end", args=[row.pk])
        assert client.post(url, {"end_date": day.isoformat()}).status_code == 302
        again = client.post(url, {"end_date": day.isoformat()})
        assert again.status_code == 409
        assert sentence in again.content.decode()
    assert AuditEntry.objects.filter(verb="assignment.end").count() == 2


@pytest.mark.both_databases
def test_the_database_keeps_two_officers_apart_at_every_door(
    city_manager, inspector, estate, make_estate
):
    StaffAssignment.objects.create(estate=estate, officer=inspector, start_date=TODAY)
    twin = StaffAssignment(estate=estate, officer=city_manager, start_date=TOMORROW)
    elsewhere = StaffAssignment.objects.create(
        estate=make_estate(), officer=city_manager, start_date=TODAY
    )
    moved = StaffAssignment.objects.filter(pk=elsewhere.pk)
    for door in (
        twin.save,
        lambda: StaffAssignment.objects.bulk_create([twin]),
        lambda: moved.update(estate=estate),
        sql(
            "INSERT INTO estates_staffassignment (estate_id, officer_id, start_date)"
            " VALUES (%s, %s, %s)",
            estate.pk,
            city_manager.pk,
            TODAY.isoformat(),
        ),
    ):
        refused(TAKEN, door)
    yesterday = TODAY - dt.timedelta(days=1)
    refused("staffassignment_dates", lambda: moved.update(end_date=yesterday))
    # The day before is free.
    StaffAssignment.objects.create(
        estate=estate,
        officer=city_manager,
        start_date=dt.date(2026, 1, 1),
        end_date=yesterday,
    )


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_who_assign_at_the_same_moment_leave_one_officer(
    cast, make_person, city_manager, inspector, make_estate, assign
):
    second = make_person("jiancha2", cast.bureau, "inspector")
    estates = [make_estate() for _ in range(3)]
    at_once(
        lambda: assign(estates, inspector),
        lambda: assign(list(reversed(estates)), second),
    )
    for estate in estates:
        assert StaffAssignment.objects.on(TODAY).filter(estate=estate).count() == 1
    assert len(set(StaffAssignment.objects.on(TODAY).values_list("officer", flat=True))) == 1


# --- Pages -----------------------------------------------------------------------------------


def test_what_was_ticked_or_filtered_goes_to_the_officer(
    city_manager, client_for, inspector, estate, make_estate
):
    commodity = make_estate(kind=EstateKind.COMMODITY)
    client = client_for(city_manager)
    form_url = reverse("estates:assign")
    ticked = client.post(reverse("estates:assign-chosen"), {"pk": [estate.pk, "x"]})
    assert ticked.url == f"{form_url}?pk={estate.pk}"
    assert client.get(ticked.url).context["form"].initial["estates"] == [estate.pk]
    filtered = client.get(form_url, {"kind": "commodity"})
    assert filtered.context["form"].initial["estates"] == [commodity.pk]
    assert client.get(form_url).context["form"].initial["estates"] == []
    answer = client.post(
        form_url,
        {"officer": inspector.pk, "start_date": "2026-11-18", "estates": [estate.pk]},
    )
    assert answer.status_code == 302
    assert spans(estate) == [("张志强", TODAY, None)]
    assert spans(commodity) == []
    refused = client.post(form_url, {"officer": inspector.pk, "start_date": "2026-11-18"})
    assert refused.status_code == 422
    assert "还没有选小区" in str(refused.context["form"].errors["estates"])
    assert "先用上面的条件选出小区" in refused.content.decode()


def test_the_form_offers_inspectors_in_service_alone(cast, city_manager, client_for, inspector):
    form = client_for(city_manager).get(reverse("estates:assign")).context["form"]
    assert set(form.fields["officer"].queryset) == {inspector, city_manager}
    inspector.is_active = False
    inspector.save()
    form = client_for(city_manager).get(reverse("estates:assign")).context["form"]
    assert set(form.fields["officer"].queryset) == {city_manager}


def test_the_list_and_its_filters(
    city_manager, street_clerk, client_for, inspector, estate, make_estate, other_estate,
    other_street, assign,
):  # fmt: skip
    ended = make_estate(name="老粮库家属院", kind=EstateKind.COMMODITY)
    assign([ended], city_manager, dt.date(2026, 1, 1))
    services.staff_assignment_end(
        assignment=StaffAssignment.objects.get(),
        actor=city_manager,
        end_date=TODAY - dt.timedelta(days=1),
    )
    assign([estate, other_estate], inspector)
    url = reverse("estates:assignment-list")

    def found(user=city_manager, **query: str) -> set:
        listing = client_for(user).get(url, query).context["listing"]
        assert listing.problems == []
        return {row.estate for row in listing.table.rows}

    assert found() == {ended, estate, other_estate}
    assert found(now="1") == found(officer=str(inspector.pk)) == {estate, other_estate}
    assert found(now="0") == found(q="粮库") == found(kind="commodity") == {ended}
    assert found(street=str(other_street.pk)) == {other_estate}
    assert found(street_clerk) == {ended, estate}
    shown = client_for(city_manager).get(url).content.decode()
    assert "还有 1 个小区没有分包" in shown
    estates = reverse("estates:estate-list")
    for query, expected in (
        ({"officer": inspector.pk}, {estate, other_estate}),
        ({"assigned": "0"}, {ended}),
        ({"assigned": "1"}, {estate, other_estate}),
    ):
        listing = client_for(city_manager).get(estates, query).context["listing"]
        assert set(listing.table.rows) == expected, query
