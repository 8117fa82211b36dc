"""The pages of providers and contracts: who sees which firm, whose telephone, and what of it
leaves the portal."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from enterprises import services
from enterprises.choices import ProviderKind
from enterprises.models import Engagement, Provider
from estates.choices import EstateStatus
from estates.models import Estate
from tests.enterprises.conftest import PDF, TODAY, scan
from tests.support.pages import assert_for_readers_alone, listed, sheet
from xingyang_pm.common import audit, search
from xingyang_pm.common.models import AuditEntry

pytestmark = pytest.mark.usefixtures("that_day")

ClientFor = Callable[[User], Client]
LISTS = ["provider-list", "engagement-list", "agreement-list"]
MAY_1 = dt.date(2026, 5, 1)


def url_of(name: str, *args: object) -> str:
    return reverse(f"enterprises:{name}", args=args)


# --- Whose firms -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_lists_open_to_readers_of_the_business_alone(cast, client_for: ClientFor, firm, name):
    assert_for_readers_alone(cast, client_for, url_of(name))


def test_a_street_sees_the_firms_that_serve_it_have_served_it_or_are_its_own(
    cast, client_for: ClientFor, estate, other_estate, make_estate, firm, rival, centre, engage
):
    engage(estate, firm, end_date=dt.date(2026, 3, 31))  # over, and not forgotten
    engage(other_estate, rival)
    idle = services.provider_create(
        actor=cast.city_manager, kind=ProviderKind.ENTERPRISE, name="荥阳市闲置物业有限公司"
    )
    expected = {
        "street_clerk": {firm, centre},
        "other_clerk": {rival},
        "city_manager": {firm, rival, centre, idle},
        "auditor": {firm, rival, centre, idle},
    }
    for part, firms in expected.items():
        client = client_for(cast.people[part])
        assert set(listed(client, url_of("provider-list"))) == firms, part
        for provider in (firm, rival, centre, idle):
            status = client.get(provider.get_absolute_url()).status_code
            assert status == (200 if provider in firms else 404), (part, provider)
        hits = dict(search.find(cast.people[part], "物业")).get("服务主体", [])
        assert {hit.title for hit in hits} == {provider.name for provider in firms}
        api = client.get("/api/v1/providers/").json()["results"]
        assert {row["name"] for row in api} == {provider.name for provider in firms}
        offered = client.get(url_of("engagement-list")).context["listing"].filterset
        choices = offered.form.fields["provider"].options()
        assert {pk for pk, _ in choices} == {provider.pk for provider in firms}


def test_a_firm_of_two_streets_shows_each_its_own_contracts(
    cast, client_for: ClientFor, estate, other_estate, firm, engage
):
    engage(estate, firm)
    engage(other_estate, firm)
    for part, own, foreign in (
        ("street_clerk", "纺织厂家属院", "水利局家属院"),
        ("other_clerk", "水利局家属院", "纺织厂家属院"),
    ):
        client = client_for(cast.people[part])
        for query in ({}, {"tab": "engagements"}, {"tab": "timeline"}):
            shown = client.get(firm.get_absolute_url(), query).content.decode()
            assert own in shown
            assert foreign not in shown
        assert "登记物业服务企业" in shown, "what concerns the firm itself stands in its history"
        # A filter that names another street's estate is not used and tells nothing.
        away = other_estate if part == "street_clerk" else estate
        listing = client.get(url_of("engagement-list"), {"estate": away.pk}).context["listing"]
        assert listing.count == 1
        assert "不在可看的范围内" in listing.problems[0]


@pytest.mark.parametrize(
    "name",
    ["provider-detail", "provider-update", "manager-create", "manager-leave", "engagement-detail",
     "engagement-update", "engagement-file", "engagement-end", "engagement-contract",
     "agreement-detail", "agreement-update", "agreement-scan"],
)  # fmt: skip
def test_what_is_not_ones_own_is_not_there(cast, client_for: ClientFor, estate, firm, engage, name):
    engagement = engage(estate, firm, signed_on=MAY_1, contract=scan())
    manager = services.manager_add(provider=firm, actor=cast.city_manager, name="丁文")
    agreement = services.agreement_create(
        actor=cast.city_manager, year=2026, provider=firm, scan=scan("责任书.pdf")
    )
    record = {
        "provider": firm,
        "manager": firm if name == "manager-create" else manager,
        "engagement": engagement,
        "agreement": agreement,
    }[name.partition("-")[0]]
    before = AuditEntry.objects.count()
    for who in ("other_clerk", "other_leader", "outsider", "system_admin"):
        client = client_for(cast.people[who])
        assert client.get(url_of(name, record.pk)).status_code == 404, who
        assert client.post(url_of(name, record.pk), {"name": "x"}).status_code == 404, who
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("name", ["provider-create", "engagement-create", "agreement-create"])
def test_forms_open_to_the_section_head_alone(cast, client_for: ClientFor, name):
    for part, user in cast.people.items():
        expected = 200 if part == "city_manager" else 403
        client = client_for(user)
        assert client.get(url_of(name)).status_code == expected, part
        if part != "city_manager":
            assert client.post(url_of(name), {"name": "甲公司"}).status_code == 403
    assert not Provider.objects.exists()


# --- Telephones ------------------------------------------------------------------------------

READERS_OF_NUMBERS = {"street_clerk", "street_leader", "inspector", "city_manager"}


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "city_manager", "bureau_leader",
     "finance_officer", "auditor"],
)  # fmt: skip
def test_a_number_is_shown_whole_to_whose_work_needs_it_and_then_audited(
    cast, client_for: ClientFor, estate, rival, engage, who
):
    manager = services.manager_add(
        provider=rival, actor=cast.city_manager, name="丁文", phone="13700008888"
    )
    engage(estate, rival, project_manager=manager)
    user = cast.people[who]
    client = client_for(user)
    shown = client.get(rival.get_absolute_url()).content.decode()
    of_estate = client.get(estate.get_absolute_url()).content.decode()
    for number, hidden in (("13903715518", "139****5518"), ("13700008888", "137****8888")):
        assert (number in shown) == (who in READERS_OF_NUMBERS)
        assert (hidden in shown) == (who not in READERS_OF_NUMBERS)
    assert "0371-64660001" in shown  # an office's line is no personal number
    assert ("13700008888" in of_estate) == (who in READERS_OF_NUMBERS)
    looked = AuditEntry.objects.filter(verb="personal.view", actor=user, target_name=rival.name)
    assert looked.count() == (who in READERS_OF_NUMBERS)


def test_lists_and_workbooks_hide_the_middle_from_everybody(
    city_manager, client_for: ClientFor, firm, rival
):
    client = client_for(city_manager)
    shown = client.get(url_of("provider-list")).content.decode()
    book = str(sheet(client.get(url_of("provider-list"), {"export": "xlsx"})))
    for text in (shown, book):
        assert "138****2206" in text
        assert "139****5518、0371-64660001" in text
        assert "13803712206" not in text
        assert "13903715518" not in text


def test_the_api_knows_no_telephone(city_manager, client_for: ClientFor, firm, estate, engage):
    engage(estate, firm)
    client = client_for(city_manager)
    for url in ("/api/v1/providers/", f"/api/v1/providers/{firm.pk}/", "/api/v1/engagements/"):
        answer = client.get(url)
        assert answer.status_code == 200
        assert firm.name in answer.content.decode()
        assert "2206" not in answer.content.decode()


# --- Lists -----------------------------------------------------------------------------------


def test_each_filter_of_the_firms_narrows(
    city_manager, client_for: ClientFor, firm, rival, centre, street
):
    services.provider_update(provider=rival, actor=city_manager, is_active=False)
    client = client_for(city_manager)

    def found(**query: str) -> set[Provider]:
        return set(listed(client, url_of("provider-list"), **query))

    assert found() == {firm, rival, centre}
    assert found(kind="enterprise") == {firm, rival}
    assert found(kind="community_centre") == found(street=str(street.pk)) == {centre}
    assert found(active="0") == {rival}
    assert found(active="1", kind="enterprise") == {firm}
    for text in ("怡馨", "91410182MA3X", "张利民", "FW-0001", "zzyx"):
        assert found(q=text) == {firm}, text
    assert found(q="没有这家") == set()


def test_each_filter_of_the_contracts_narrows(
    city_manager, client_for: ClientFor, estate, other_estate, make_estate, firm, rival, engage,
    other_street,
):  # fmt: skip
    running = engage(estate, firm, contract_number="HT-2026-01")
    soon = engage(
        other_estate, rival, end_date=TODAY + dt.timedelta(days=60), selection_mode="tender"
    )
    later = engage(make_estate(kind="commodity"), firm, end_date=TODAY + dt.timedelta(days=61))
    over = engage(make_estate(name="老粮库家属院"), firm, end_date=TODAY - dt.timedelta(days=1))
    client = client_for(city_manager)

    def found(**query: str) -> set[Engagement]:
        return set(listed(client, url_of("engagement-list"), **query))

    assert found() == {running, soon, later, over}
    assert found(state="on") == {running, soon, later}
    assert found(state="soon") == found(street=str(other_street.pk)) == {soon}
    assert found(state="over") == {over}
    assert found(kind="commodity") == {later}
    assert found(provider=str(rival.pk)) == found(selection_mode="tender") == {soon}
    assert found(estate=str(estate.pk)) == found(q="ht-2026") == {running}
    assert found(q="粮库") == {over}
    assert found(q="惠民") == {soon}


def test_the_list_says_how_much_a_firm_serves_today(
    city_manager, client_for: ClientFor, estate, make_estate, firm, engage
):
    engage(estate, firm)
    engage(make_estate(household_count=100), firm)
    engage(make_estate(), firm, end_date=dt.date(2026, 3, 1))
    (row,) = listed(client_for(city_manager), url_of("provider-list"))
    assert (row.serving, row.households) == (2, 196)
    shown = client_for(city_manager).get(firm.get_absolute_url()).content.decode()
    assert "在管 2 个小区，196 户" in shown


@pytest.mark.parametrize("name", ["provider-list", "engagement-list"])
def test_the_workbook_is_the_list_and_stands_in_the_log(
    cast, client_for: ClientFor, estate, other_estate, firm, rival, engage, name
):
    engage(estate, firm)
    engage(other_estate, rival)
    query = {"q": "怡馨"}
    for part in ("city_manager", "street_clerk"):
        client = client_for(cast.people[part])
        rows = [str(row) for row in listed(client, url_of(name), **query)]
        book = sheet(client.get(url_of(name), {**query, "export": "xlsx"}))
        assert "怡馨" in book[1][0]
        assert f"共 {len(rows)} 行" in book[1][0]
        assert len(book) == 3 + len(rows) == 4
        assert "郑州怡馨物业服务有限公司" in book[3]
        entry = AuditEntry.objects.filter(verb="export", actor=cast.people[part]).latest("pk")
        assert "1 行" in entry.summary
        assert "关键词" in entry.summary
    whole = str(sheet(client_for(cast.street_clerk).get(url_of(name), {"export": "xlsx"})))
    assert "惠民" not in whole
    assert "水利局" not in whole


@pytest.mark.parametrize("who", ["outsider", "system_admin"])
def test_who_does_not_read_takes_nothing_away(cast, client_for: ClientFor, firm, who):
    client = client_for(cast.people[who])
    for name in LISTS:
        assert client.get(url_of(name), {"export": "xlsx"}).status_code == 403
    assert not AuditEntry.objects.filter(verb="export").exists()


def test_pages_cost_the_same_for_two_contracts_as_for_twenty(
    city_manager, client_for: ClientFor, assert_constant_queries, make_estate, firm, engage
):
    engage(make_estate(), firm, signed_on=MAY_1)
    # So many that the timeline is longer than the record shows at its side.
    for number in range(8):
        services.manager_add(provider=firm, actor=city_manager, name=f"丁{number}")
    services.agreement_create(actor=city_manager, year=2026, provider=firm)
    client = client_for(city_manager)

    def look() -> None:
        cache.clear()
        for name in LISTS:
            assert client.get(url_of(name)).status_code == 200
            assert b"".join(client.get(url_of(name), {"export": "xlsx"}))
        for query in ({}, {"tab": "engagements"}):
            assert client.get(firm.get_absolute_url(), query).status_code == 200
        for name in ("providers", "engagements"):
            assert client.get(f"/api/v1/{name}/").status_code == 200

    def grow() -> None:
        for number in range(9):
            provider = services.provider_create(
                actor=city_manager, kind=ProviderKind.ENTERPRISE, name=f"第{number}物业有限公司"
            )
            engage(make_estate(), provider, signed_on=MAY_1)
            engage(make_estate(), firm, signed_on=MAY_1)
            services.manager_add(provider=firm, actor=city_manager, name=f"经理{number}")
            services.agreement_create(actor=city_manager, year=2026, provider=provider)

    assert_constant_queries(look, grow)


# --- Acting ----------------------------------------------------------------------------------


def contract_fields(estate: Estate, provider: Provider, **more: object) -> dict[str, object]:
    return {
        "estate": estate.pk, "provider": provider.pk, "start_date": "2026-05-01",
        "selection_mode": "tender", "fee_unit": "area", "fee_standard": "1.20",
        "contract_number": "HT-2026-01", "signed_on": "2026-11-10", **more,
    }  # fmt: skip


def test_a_contract_goes_from_the_form_through_filing_to_its_end(
    city_manager, client_for: ClientFor, estate, firm
):
    client = client_for(city_manager)
    answer = client.post(
        url_of("engagement-create"), contract_fields(estate, firm, contract=scan())
    )
    engagement = Engagement.objects.get()
    assert answer.url == engagement.get_absolute_url()
    shown = client.get(answer.url).content.decode()
    for text in ("履约中", "待备案", "1.20 元/㎡·月", "合同应于 2026年11月25日前备案", "HT-2026"):
        assert text in shown, text
    assert url_of("engagement-file", engagement.pk) in shown
    client.post(
        url_of("engagement-file", engagement.pk),
        {"filed_on": "2026-11-18", "filing_number": "备2026-7"},
    )
    client.post(
        url_of("engagement-end", engagement.pk), {"end_date": "2026-11-17", "reason": "不续签"}
    )
    engagement.refresh_from_db()
    assert (engagement.filed_on, engagement.end_date) == (TODAY, dt.date(2026, 11, 17))
    shown = client.get(engagement.get_absolute_url()).content.decode()
    for text in ("已结束", "已备案", "备2026-7", "不续签"):
        assert text in shown, text
    # What is over can neither be filed nor ended again from the page.
    assert url_of("engagement-end", engagement.pk) not in shown
    assert url_of("engagement-file", engagement.pk) not in shown


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("合同.docx", b"PK\x03\x04 a word document", "只收 .pdf、.jpg、.jpeg、.png 文件"),
        ("合同.pdf", b"MZ\x90\x00 a program", "“合同.pdf”不是 PDF 或照片"),
        ("合同.jpg", b"<svg onload=alert(1)>", "“合同.jpg”不是 PDF 或照片"),
    ],
)
def test_a_scan_that_is_no_paper_is_refused_and_the_rest_of_the_form_kept(
    city_manager, client_for: ClientFor, estate, firm, name, content, sentence
):
    client = client_for(city_manager)
    answer = client.post(
        url_of("engagement-create"),
        contract_fields(estate, firm, contract=scan(name, content), service_grade="二级"),
    )
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors["contract"])
    shown = answer.content.decode()
    for text in (
        f'<option value="{estate.pk}" selected>',
        f'<option value="{firm.pk}" selected>',
        'value="2026-05-01"',
        'value="1.20"',
        'value="HT-2026-01"',
        'value="二级"',
    ):
        assert text in shown, text
    assert not Engagement.objects.exists()
    # The refused file is not kept, so the form passes without one: a scan may come later.
    assert not answer.context["kept_uploads"]
    client.post(url_of("engagement-create"), contract_fields(estate, firm))
    assert not Engagement.objects.get().contract


def test_a_picture_named_pdf_is_handed_out_as_the_picture_it_is(
    city_manager, client_for: ClientFor, estate, firm, engage
):
    engagement = engage(estate, firm, contract=scan("合同.pdf", b"\xff\xd8\xff\xe0 a photo"))
    assert engagement.contract_name == "合同.jpg"
    answer = client_for(city_manager).get(url_of("engagement-contract", engagement.pk))
    assert answer["Content-Type"] == "image/jpeg"


def test_an_overlapping_contract_is_told_on_its_form_with_all_that_was_typed(
    city_manager, client_for: ClientFor, estate, firm, rival, engage
):
    engage(estate, firm)
    answer = client_for(city_manager).post(
        url_of("engagement-create"), contract_fields(estate, rival, contract=scan())
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "同一小区同一天只能有一个服务主体，请先写明原合同的结束日期。" in shown
    assert 'value="HT-2026-01"' in shown
    # A good scan need not be chosen twice.
    assert [name for _, name in answer.context["kept_uploads"]["contract"]] == ["合同.pdf"]
    assert Engagement.objects.count() == 1


def test_the_form_offers_estates_on_the_register_and_people_in_post(
    city_manager, client_for: ClientFor, estate, make_estate, firm, rival, engage
):
    gone = make_estate(name="拆迁大院")
    Estate.objects.filter(pk=gone.pk).update(status=EstateStatus.REMOVED)
    in_post = services.manager_add(provider=firm, actor=city_manager, name="丁文")
    left = services.manager_add(provider=firm, actor=city_manager, name="戊武")
    stranger = services.manager_add(provider=rival, actor=city_manager, name="己六")
    services.manager_leave(manager=left, actor=city_manager)
    client = client_for(city_manager)
    form = client.get(url_of("engagement-create")).context["form"]
    assert set(form.fields["estate"].queryset) == {estate}
    assert set(form.fields["project_manager"].queryset) == {in_post, stranger}
    answer = client.post(url_of("engagement-create"), contract_fields(gone, firm))
    assert answer.status_code == 422
    assert not Engagement.objects.exists()
    terms = client.get(url_of("engagement-update", engage(estate, firm).pk)).context["form"]
    assert set(terms.fields["project_manager"].queryset) == {in_post}
    assert "estate" not in terms.fields
    assert "provider" not in terms.fields


def test_the_terms_form_changes_neither_estate_nor_firm(
    city_manager, client_for: ClientFor, estate, other_estate, firm, rival, engage
):
    engagement = engage(estate, firm)
    client_for(city_manager).post(
        url_of("engagement-update", engagement.pk),
        contract_fields(other_estate, rival, contract_number="HT-9"),
    )
    engagement.refresh_from_db()
    assert (engagement.estate, engagement.provider) == (estate, firm)
    assert engagement.contract_number == "HT-9"


def test_who_opens_a_contract_is_told_in_the_estates_timeline(
    cast, client_for: ClientFor, estate, make_estate, firm, engage
):
    engagement = engage(estate, firm, contract=scan())
    bare = engage(make_estate(), firm)
    client = client_for(cast.street_clerk)
    answer = client.get(url_of("engagement-contract", engagement.pk))
    assert b"".join(answer) == PDF
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    entry = audit.timeline(estate)[0]
    assert (entry.actor, entry.summary) == (cast.street_clerk, "下载“合同.pdf”")
    assert client.get(url_of("engagement-contract", bare.pk)).status_code == 404


def test_the_estate_shows_who_serves_it_now(
    city_manager, client_for: ClientFor, estate, firm, rival, engage
):
    engage(estate, rival, end_date=dt.date(2026, 4, 30))
    client = client_for(city_manager)
    assert "现在没有服务主体" in client.get(estate.get_absolute_url()).content.decode()
    engage(estate, firm, start_date=MAY_1)
    overview = client.get(estate.get_absolute_url()).content.decode()
    assert firm.name in overview
    assert rival.name not in overview
    contracts = client.get(estate.get_absolute_url(), {"tab": "engagements"}).content.decode()
    assert firm.name in contracts
    assert rival.name in contracts
    url = reverse("estates:estate-list")
    assert client.get(url, {"provider": firm.pk}).context["listing"].count == 1
    assert client.get(url, {"provider": rival.pk}).context["listing"].count == 0
