"""The list and the record of estates: what each filter finds, whose rows, whose telephone, the
printed card."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates import services
from estates.choices import EstateKind, ManagementMode
from estates.models import Building, Community, Estate, EstateName, OwnersCommittee, StaffAssignment
from estates.services.surveys import SurveyRow
from estates.urls import urlpatterns
from tests.common.pdf_reading import whole_text
from tests.estates.conftest import NOVEMBER, TODAY
from tests.support.pages import assert_for_readers_alone, listed, sheet
from xingyang_pm.common import jobs
from xingyang_pm.common.models import AuditEntry, Job, JobStatus

ClientFor = Callable[[User], Client]
LISTS = ["estate-list", "count-list", "assignment-list", "survey-list"]
PHONES = "13611112222、13733334444"


def url_of(name: str, *args: object) -> str:
    return reverse(f"estates:{name}", args=args)


def names(client: Client, **query: str) -> list[str]:
    """Return the names on the estate list."""
    return [row.name for row in listed(client, url_of("estate-list"), **query)]


# --- The list --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_lists_open_to_readers_of_the_business_alone(cast, client_for: ClientFor, estate, name):
    assert_for_readers_alone(cast, client_for, url_of(name))


def test_each_filter_narrows_to_what_it_says(
    city_manager, client_for: ClientFor, street, other_street, make_estate, enter_count
):
    second = Community.objects.create(
        code="410182001009", name="兴华社区居民委员会", short_name="兴华社区", street=street
    )
    four = dict.fromkeys(("has_cleaning", "has_waste_removal", "has_greening", "has_repair"), True)
    make_estate(name="甲院", built_year=1985, address="索河路12号", **four)
    make_estate(name="乙院", built_year=1994, community=second, has_cleaning=True)
    make_estate(
        name="丙院", street=other_street, built_year=2003, management_mode=ManagementMode.OWNERS
    )
    make_estate(name="丁苑", kind=EstateKind.COMMODITY, built_year=2015)
    rural = make_estate(name="戊村", kind=EstateKind.RURAL, has_service_station=True)
    EstateName.objects.create(estate=rural, kind="former", name="张村庙")
    enter_count(Estate.objects.get(name="乙院"), 120)
    client = client_for(city_manager)
    everything = ["甲院", "乙院", "丙院", "丁苑", "戊村"]
    assert names(client) == everything
    for query, expected in (
        ({"street": other_street.pk}, ["丙院"]),
        ({"community": second.pk}, ["乙院"]),
        ({"street": street.pk, "community": second.pk}, ["乙院"]),
        ({"kind": "commodity"}, ["丁苑"]),
        ({"kind": "old"}, ["甲院", "乙院", "丙院"]),
        ({"management_mode": "owners"}, ["丙院"]),
        ({"four": "1"}, ["甲院"]),
        ({"four": "0"}, ["乙院", "丙院", "丁苑", "戊村"]),
        ({"station": "1"}, ["戊村"]),
        ({"waiting": "1"}, ["乙院"]),
        ({"waiting": "0"}, ["甲院", "丙院", "丁苑", "戊村"]),
        ({"built_from": "1994"}, ["乙院", "丙院", "丁苑"]),
        ({"built_from": "1994", "built_to": "2003"}, ["乙院", "丙院"]),
        ({"q": "索河路12"}, ["甲院"]),
        ({"q": "张村庙"}, ["戊村"]),
        ({"q": "院 索河路12"}, ["甲院"]),
        ({"q": "没有"}, []),
        ({"assigned": "1"}, []),
        ({"assigned": "0"}, everything),
        ({"sort": "-name", "kind": "rural"}, ["戊村"]),
    ):
        assert names(client, **query) == expected, query


def test_a_condition_that_cannot_be_read_is_told_and_left_out(
    city_manager, client_for: ClientFor, estate
):
    for query in (
        {"street": "999999"},
        {"kind": "villa"},
        {"built_from": "很早"},
        {"four": "maybe"},
    ):
        listing = client_for(city_manager).get(url_of("estate-list"), query).context["listing"]
        assert listing.count == 1, query
        assert "没有用上" in listing.problems[0], query


def test_the_sum_is_of_all_filtered_rows_and_not_of_the_page(
    city_manager, client_for: ClientFor, make_estate
):
    for number in range(30):
        make_estate(household_count=100 + number, building_count=2)
    make_estate(kind=EstateKind.COMMODITY, household_count=5000)
    listing = (
        client_for(city_manager)
        .get(url_of("estate-list"), {"kind": "old", "size": "10"})
        .context["listing"]
    )
    assert len(listing.table.rows) < listing.count == 30
    assert "3,435</b> 户" in listing.count_line
    assert "60</b> 栋" in listing.count_line


def test_the_workbook_is_the_list_in_the_same_order_and_stands_in_the_log(
    street_clerk, client_for: ClientFor, make_estate, other_estate
):
    for name, households in (("甲院", 120), ("乙院", 80), ("丙苑", 60)):
        kind = EstateKind.COMMODITY if name == "丙苑" else EstateKind.OLD
        make_estate(name=name, household_count=households, kind=kind, contact_phone=PHONES)
    client = client_for(street_clerk)
    query = {"kind": "old", "sort": "-household_count"}
    shown = names(client, **query)
    book = sheet(
        client.get(
            url_of("estate-list"),
            {**query, "export": "xlsx", "cols": "code-name-household_count-contact_phone"},
        )
    )
    assert "类别：老旧小区" in book[1][0]
    assert "共 2 行" in book[1][0]
    assert [row[1] for row in book[3:5]] == shown == ["甲院", "乙院"]
    assert [row[2] for row in book[3:6]] == [120, 80, 200]
    assert {row[3] for row in book[3:5]} == {"136****2222、137****4444"}
    entry = AuditEntry.objects.get(verb="export")
    assert (entry.actor, entry.tag) == (street_clerk, "导出")
    assert "2 行（类别：老旧小区" in entry.summary
    whole = str(sheet(client.get(url_of("estate-list"), {"export": "xlsx"})))
    assert "水利局" not in whole


def test_pages_cost_the_same_for_two_rows_as_for_twenty(
    city_manager, client_for: ClientFor, make_estate, inspector, verified, assert_constant_queries
):
    def build() -> Estate:
        estate = make_estate()
        verified(estate, 100, effective_month=NOVEMBER)
        StaffAssignment.objects.create(estate=estate, officer=inspector, start_date=TODAY)
        return estate

    def fill(estate: Estate, count: int) -> None:
        have = estate.buildings.count()
        for number in range(have, have + count):
            Building.objects.create(estate=estate, name=f"{number}号楼", position=number)
            EstateName.objects.create(estate=estate, kind="alias", name=f"别名{number}")
            OwnersCommittee.objects.create(estate=estate, term=number + 1, start_date=TODAY)
            # More than the eight entries that stand beside the record.
            services.estate_update(estate=estate, actor=city_manager, remarks=f"第{number}次")

    shown = build()
    fill(shown, 9)
    client = client_for(city_manager)

    def look() -> None:
        cache.clear()
        for name in LISTS[:3]:
            assert client.get(url_of(name)).status_code == 200
            assert b"".join(client.get(url_of(name), {"export": "xlsx"}))
        for tab in ("", "counts", "buildings", "more", "timeline", "engagements"):
            assert client.get(shown.get_absolute_url(), {"tab": tab}).status_code == 200
        for name in ("streets", "communities", "estates", "household-counts"):
            assert client.get(f"/api/v1/{name}/").status_code == 200

    def grow() -> None:
        for _ in range(15):
            build()
        fill(shown, 15)

    assert_constant_queries(look, grow)


# --- Another street --------------------------------------------------------------------------


@pytest.fixture
def records(city_manager, inspector, street, estate, enter_count) -> dict[str, int]:
    """One of everything that an address of this app can name, by the front of its name."""
    services.estate_update(estate=estate, actor=city_manager, remarks="甲界的备注")
    survey = services.survey_upload(
        actor=city_manager,
        title="甲界摸底",
        street=street,
        surveyed_on=TODAY,
        rows=[SurveyRow(4, estate.name, estate, {"address": "甲界路1号"})],
    )
    return {
        "estate": estate.pk,
        "name": EstateName.objects.create(estate=estate, kind="alias", name="甲界院").pk,
        "building": Building.objects.create(estate=estate, name="甲界1号楼").pk,
        "committee": OwnersCommittee.objects.create(
            estate=estate, chair="甲界主任", start_date=TODAY
        ).pk,
        "count": enter_count(estate, 100, reason="甲界入住").pk,
        "assignment": StaffAssignment.objects.create(
            estate=estate, officer=inspector, start_date=TODAY
        ).pk,
        "survey": survey.pk,
    }


OF_THE_ESTATE = [
    "estate-detail", "estate-update", "estate-rename", "estate-name", "building-create",
    "estate-buildings", "committee-create", "estate-merge", "estate-remove", "estate-card",
    "count-create",
]  # fmt: skip
OF_PARTS = [
    "name-remove", "building-update", "building-remove", "committee-update", "committee-remove",
    "count-detail", "count-verify", "count-reject", "count-withdraw", "count-evidence",
    "assignment-end", "survey-detail", "survey-accept", "survey-reject", "survey-close",
    "survey-source",
]  # fmt: skip


@pytest.mark.parametrize("name", [*OF_THE_ESTATE, *OF_PARTS])
def test_another_streets_records_are_not_there_at_any_address(
    cast, client_for: ClientFor, records, name
):
    pk = records["estate" if name in OF_THE_ESTATE else name.partition("-")[0]]
    url = url_of(name, pk)
    before = AuditEntry.objects.count()
    for who in ("other_clerk", "other_leader", "outsider", "system_admin"):
        client = client_for(cast.people[who])
        assert client.get(url).status_code == 404, who
        assert client.post(url, {"name": "乙", "opinion": "乙", "reason": "乙"}).status_code == 404
    assert AuditEntry.objects.count() == before
    assert not Job.objects.exists()


def test_the_list_of_addresses_above_is_whole():
    """An address that comes to the app later must be tried from the other street, too."""
    named = {pattern.name for pattern in urlpatterns if "<int:pk>" in str(pattern.pattern)}
    assert named == {*OF_THE_ESTATE, *OF_PARTS}


def test_nothing_of_another_street_shows_in_lists_search_api_or_choices(
    other_clerk, client_for: ClientFor, records, estate, other_estate, street, other_street
):
    client = client_for(other_clerk)
    for name in LISTS:
        shown = client.get(url_of(name)).content.decode()
        for text in ("纺织厂", "甲界", "索河街道", "龙泉社区"):
            assert text not in shown, (name, text)
    found = client.get(reverse("common:search"), {"q": "纺织厂"}).content.decode()
    assert estate.get_absolute_url() not in found
    for name in ("streets", "communities", "estates", "household-counts"):
        body = client.get(f"/api/v1/{name}/").content.decode()
        for text in ("纺织厂", "索河街道", "龙泉"):
            assert text not in body, name
    assert client.get(f"/api/v1/estates/{estate.pk}/").status_code == 404
    listing = client.get(url_of("estate-list"), {"street": street.pk}).context["listing"]
    assert listing.count == 1
    assert "不在可看的范围内" in listing.problems[0]
    options = client.get(
        url_of("estate-list"), {"options": "community", "street": street.pk}
    ).content.decode()
    assert "龙泉社区" not in options
    form = client.get(url_of("survey-create")).context["form"]
    assert set(form.fields["street"].queryset) == {other_street}


def test_the_chosen_of_another_street_are_not_verified(
    other_leader, client_for: ClientFor, records
):
    answer = client_for(other_leader).post(
        url_of("count-verify-many"), {"pk": [records["count"]], "confirmed": "1"}, follow=True
    )
    assert "请先勾选等你核定的户数" in answer.content.decode()
    assert not AuditEntry.objects.filter(verb="count.verified").exists()


# --- Forms -----------------------------------------------------------------------------------


def test_the_form_takes_no_community_of_another_street(
    city_manager, client_for: ClientFor, street, other_street, estate
):
    """The section head sees both streets, so the rule, not the scope, must refuse it."""
    client = client_for(city_manager)
    away = other_street.communities.first()
    fields = {
        "kind": "old",
        "name": "新院",
        "street": street.pk,
        "community": away.pk,
        "building_count": 3,
        "household_count": 96,
        "management_mode": "none",
    }
    for url in (url_of("estate-create"), url_of("estate-update", estate.pk)):
        answer = client.post(url, fields)
        assert answer.status_code == 422
        assert "京城社区 不属于 索河街道，请重选社区。" in str(
            answer.context["form"].errors["community"]
        )
        assert 'value="新院"' in answer.content.decode()
    estate.refresh_from_db()
    assert (estate.name, estate.community.short_name) == ("纺织厂家属院", "龙泉社区")
    assert Estate.objects.count() == 1


def test_an_estate_is_registered_and_changed_through_its_forms(
    city_manager, client_for: ClientFor, street, community
):
    client = client_for(city_manager)
    fields = {
        "kind": "old",
        "name": "新院",
        "street": street.pk,
        "community": community.pk,
        "building_count": 3,
        "household_count": 96,
        "management_mode": "none",
        "contact_phone": PHONES,
    }
    refused = client.post(url_of("estate-create"), {**fields, "name": "", "built_year": "去年"})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"name", "built_year"}
    answer = client.post(url_of("estate-create"), fields, follow=True)
    estate = Estate.objects.get()
    assert f"已登记 新院，编号 {estate.code}" in answer.content.decode()
    form = client.get(url_of("estate-update", estate.pk)).context["form"]
    assert "household_count" not in form.fields
    client.post(
        url_of("estate-update", estate.pk),
        {**fields, "household_count": 9999, "remarks": "有裂缝"},
    )
    estate.refresh_from_db()
    assert (estate.household_count, estate.remarks) == (96, "有裂缝")
    twin = client.post(url_of("estate-create"), fields)
    assert twin.status_code == 422
    assert "本街道已有同名小区" in twin.content.decode()


# --- The record ------------------------------------------------------------------------------

READERS_OF_NUMBERS = {"street_clerk", "street_leader", "inspector", "city_manager"}
READERS = [
    "street_clerk",
    "street_leader",
    "inspector",
    "city_manager",
    "bureau_leader",
    "finance_officer",
    "auditor",
]


@pytest.mark.parametrize("who", READERS)
def test_the_contacts_numbers_are_whole_for_whose_work_needs_them_and_then_audited(
    cast, client_for: ClientFor, make_estate, who
):
    estate = make_estate(contact_name="何平", contact_phone=PHONES)
    user = cast.people[who]
    shown = client_for(user).get(estate.get_absolute_url()).content.decode()
    whole = who in READERS_OF_NUMBERS
    assert (PHONES in shown) == whole
    assert ("136****2222、137****4444" in shown) != whole
    looked = AuditEntry.objects.filter(verb="personal.view", actor=user)
    assert [entry.summary for entry in looked] == [f"查看 {estate} 的联系电话"] * whole
    client_for(user).get(estate.get_absolute_url(), {"tab": "buildings"})
    assert looked.count() == whole, "a tab without the number is no look at it"


def test_who_did_what_stands_in_the_timeline_newest_first(
    cast, client_for: ClientFor, estate, city_manager, inspector, enter_count
):
    services.estate_rename(estate=estate, actor=city_manager, name="成皋花园")
    count = enter_count(estate, 100)
    services.household_count_verify(count=count, actor=cast.street_leader)
    services.staff_assignment_start(
        estates=[estate], officer=inspector, actor=city_manager, start_date=TODAY
    )
    response = client_for(cast.auditor).get(estate.get_absolute_url(), {"tab": "timeline"})
    assert [item.text for item in response.context["timeline"]] == [
        "陈志远 安排 张志强 分包，2026年11月18日起",
        "李建国 核定户数 100 户，2026年12月起执行",
        "王秀兰 录入户数 100 户，2026年12月起，待核定",
        "陈志远 将小区名称由 纺织厂家属院 改为 成皋花园",
    ]
    shown = response.content.decode()
    assert shown.index("安排 张志强 分包") < shown.index("核定户数 100 户")


def test_the_record_says_which_number_holds_and_which_comes(
    city_manager, client_for: ClientFor, estate, verified, enter_count
):
    client = client_for(city_manager)
    assert "还没有核定" in client.get(estate.get_absolute_url()).content.decode()
    verified(estate, 100, effective_month=NOVEMBER)
    verified(estate, 110)
    shown = client.get(estate.get_absolute_url()).content.decode()
    assert "100 户" in shown
    assert "2026年11月起执行；2026年12月起 110 户" in shown
    tab = client.get(estate.get_absolute_url(), {"tab": "counts"}).content.decode()
    assert tab.count("已核定") >= 2


@pytest.mark.parametrize("who", ["street_clerk", "inspector", "auditor"])
def test_who_does_not_keep_the_registry_is_offered_no_form(
    cast, client_for: ClientFor, estate, who
):
    client = client_for(cast.people[who])
    for tab in ("", "buildings", "more"):
        shown = client.get(estate.get_absolute_url(), {"tab": tab}).content.decode()
        for name in ("estate-update", "estate-merge", "estate-remove", "building-create",
                     "estate-name", "committee-create"):  # fmt: skip
            assert url_of(name, estate.pk) not in shown, (tab, name)
    assert (
        url_of("count-create", estate.pk) in client.get(estate.get_absolute_url()).content.decode()
    ) == (who == "street_clerk")
    for name in ("estate-update", "estate-merge", "building-create"):
        assert client.get(url_of(name, estate.pk)).status_code == 403


# --- The printed card ------------------------------------------------------------------------


def print_card(client: Client, estate: Estate) -> Job:
    """Ask for the card on the record's page and run its job as the worker does."""
    assert client.get(url_of("estate-card", estate.pk)).status_code == 405
    answer = client.post(url_of("estate-card", estate.pk))
    job = Job.objects.latest("pk")
    assert answer.url == reverse("common:job-detail", args=[job.pk])
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_the_card_prints_what_the_record_holds(
    street_clerk, inspector, city_manager, client_for: ClientFor, estate, verified
):
    Estate.objects.filter(pk=estate.pk).update(
        contact_name="何平", contact_phone=PHONES, has_cleaning=True, built_year=1994
    )
    verified(estate, 120, effective_month=NOVEMBER, buildings=2)
    for number in (1, 2):
        Building.objects.create(
            estate=estate, name=f"{number}号楼", position=number, units=3, households=60
        )
    EstateName.objects.create(estate=estate, kind="former", name="棉纺厂家属院")
    OwnersCommittee.objects.create(estate=estate, chair="马强", start_date=TODAY)
    StaffAssignment.objects.create(estate=estate, officer=inspector, start_date=TODAY)
    job = print_card(client_for(street_clerk), estate)
    assert (job.status, job.result_name) == (JobStatus.DONE, "纺织厂家属院 登记卡.pdf")
    text = whole_text(job.result.read())
    for part in (
        "小区登记卡", "纺织厂家属院", "L0001", "索河街道", "龙泉社区", "棉纺厂家属院", "1994年",
        "清扫√", "清运×", "合计2栋", "2026年11月", "现按120户执行", "王秀兰", "李建国",
        "户数清册.pdf", "第1届", "马强", "张志强", "13611112222",
    ):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize("who", ["bureau_leader", "finance_officer", "auditor"])
def test_the_card_hides_the_numbers_that_the_screen_hides(
    cast, client_for: ClientFor, make_estate, who
):
    estate = make_estate(contact_name="何平", contact_phone=PHONES)
    text = whole_text(print_card(client_for(cast.people[who]), estate).result.read())
    assert "何平" in text
    assert "136****2222、137****4444" in text
    assert "13611112222" not in text


def test_the_card_of_a_job_is_printed_in_its_owners_scope(
    other_clerk, client_for: ClientFor, estate
):
    job = jobs.enqueue(
        "estate-card", owner=other_clerk, params={"estate": estate.pk}, dedupe_key="x", title="x"
    )
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert job.error == "没有这个小区，或不在你可看的范围内。"
    assert not job.result


def test_asking_twice_for_a_card_is_one_job_and_taking_it_is_logged(
    street_clerk, other_clerk, client_for: ClientFor, estate
):
    client = client_for(street_clerk)
    first = client.post(url_of("estate-card", estate.pk))
    assert client.post(url_of("estate-card", estate.pk)).url == first.url
    job = Job.objects.get()
    jobs.run(job.pk)
    result = reverse("common:job-download", args=[job.pk])
    assert b"".join(client.get(result)).startswith(b"%PDF")
    entry = AuditEntry.objects.get(verb="file.download")
    assert (entry.actor, entry.summary) == (street_clerk, "下载“纺织厂家属院 登记卡.pdf”")
    assert client_for(other_clerk).get(result).status_code == 404
