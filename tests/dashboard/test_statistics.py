"""The year in figures: by street, and as the report of 2017 states them."""

import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.choices import OfficeKind
from accounts.models import Office, User
from enterprises.choices import AgreementParty, FeeUnit, ProviderKind
from enterprises.models import Engagement, ResponsibilityAgreement
from estates.choices import EstateKind
from estates.models import Estate, StaffAssignment
from outreach.services import bulletins, records
from subsidies import services as subsidies
from tests.dashboard.conftest import City
from tests.subsidies.conftest import make_engagement, make_provider, make_rate
from tests.support.pages import text_of
from tests.support.territory import make_street
from xingyang_pm.common import clock
from xingyang_pm.dashboard.selectors import article_figures, labelled
from xingyang_pm.dashboard.selectors.city import StreetRow, street_rows

ClientFor = Callable[[User], Client]
PAGE = reverse("dashboard:statistics")
DAY_2017 = dt.date(2017, 12, 1)


def command(*options: str) -> str:
    out = io.StringIO()
    call_command("article_figures", *options, stdout=out)
    return out.getvalue()


# --- By street -------------------------------------------------------------------------------


def test_the_year_of_each_street_is_what_its_rows_make(city: City):
    """索河: 142 + 58 + 46 + 30 + 600 households, (98 + 96 + 94) / 3, September alone approved."""
    suohe = StreetRow(city.street, 5, 876, Decimal("96.0"), 2, Decimal("2460.00"))
    jingcheng = StreetRow(city.other_street, 1, 50, Decimal("69.9"), 1, Decimal(0))
    assert street_rows(city.cast.city_manager, 2026) == [suohe, jingcheng]
    assert street_rows(city.cast.street_leader, 2026) == [suohe]
    assert street_rows(city.cast.other_clerk, 2026) == [jingcheng]
    # Registry figures are of today; nothing else happened in 2025.
    assert street_rows(city.cast.other_clerk, 2025) == [
        StreetRow(city.other_street, 1, 50, None, 0, Decimal(0))
    ]


def test_money_counts_from_its_approval_on(city: City):
    cast, leader = city.cast, city.cast.bureau_leader

    def money() -> Decimal:
        return street_rows(cast.city_manager, 2026)[1].money

    claim = subsidies.claim_review(claim=city.claims["other"], actor=cast.other_leader)
    claim = subsidies.claim_check(claim=claim, actor=cast.city_manager)
    assert money() == 0
    subsidies.claim_approve(claim=claim, actor=leader)
    assert money() == Decimal("500.00")


def test_the_page_shows_the_city_to_the_bureau_and_the_own_street_to_a_street(
    city: City, client_for: ClientFor
):
    bureau = client_for(city.cast.auditor).get(PAGE)
    assert [panel.title for panel in bureau.context["panels"]] == [
        "2026年全市",
        "2026年各街道（乡镇）",
    ]
    shown = text_of(bureau)
    for words in ("索河街道", "京城路街道", "2,460.00", "876", "老旧小区覆盖率（%）"):
        assert words in shown, words
    own = client_for(city.cast.other_leader).get(PAGE)
    assert [panel.title for panel in own.context["panels"]] == ["2026年各街道（乡镇）"]
    shown = text_of(own)
    assert "京城路街道" in shown
    for words in ("索河街道", "2,460.00", "876", "老旧小区覆盖率"):
        assert words not in shown, words


def test_any_year_in_the_address_gives_a_page(cast, client_for: ClientFor):
    client = client_for(cast.city_manager)
    for asked, year in (
        ("2017", 2017),
        ("2025", 2025),
        ("1999", 2017),
        ("2099", 2026),
        ("", 2026),
        ("二〇一七", 2026),
        ("20260", 2026),
        ("-201", 2026),
    ):
        response = client.get(PAGE, {"year": asked})
        assert (response.status_code, response.context["year"]) == (200, year), asked
        assert list(response.context["years"]) == list(range(2026, 2016, -1))
        assert f'href="?year={year}" aria-current="page"' in response.content.decode()


def test_the_page_costs_the_same_for_one_street_as_for_six(
    city: City, make_estate, client_for: ClientFor, assert_constant_queries
):
    provider = city.estates["广场东院"].engagements.get().provider
    client = client_for(city.cast.city_manager)

    def grow() -> None:
        for number in range(3, 8):
            office = Office.objects.create(
                kind=OfficeKind.STREET, code=f"00{number}", name=f"第{number}街道办事处"
            )
            street = make_street(f"41018200{number}", f"第{number}街道", office)
            make_engagement(make_estate(street=street), provider)

    def read() -> None:
        cache.clear()
        assert client.get(PAGE).status_code == 200

    assert assert_constant_queries(read, grow) <= 55


# --- The figures of the report ---------------------------------------------------------------


@pytest.fixture
def year_2017(cast, street, make_estate) -> dict[str, Estate]:
    """Three old estates (two served), two rural ones, and what was done in 2017 and around it."""
    manager = cast.city_manager
    with clock.freeze(dt.date(2017, 3, 25)):
        make_rate(manager)
    estates = {
        "one": make_estate(building_count=3, household_count=120),
        "two": make_estate(building_count=2, household_count=80),
        "unserved": make_estate(building_count=9, household_count=900),
        "rural": make_estate(
            kind=EstateKind.RURAL, delivered_on=dt.date(2016, 5, 1), has_service_station=True
        ),
        "village": make_estate(kind=EstateKind.RURAL, delivered_on=dt.date(2017, 5, 1)),
        "later": make_estate(kind=EstateKind.RURAL, delivered_on=dt.date(2018, 1, 1)),
    }
    firm, second = make_provider(), make_provider("荥阳惠民物业服务有限公司", "荥阳惠民")
    village = make_provider("某村民委员会", "某村委")
    village.kind, village.street = ProviderKind.VILLAGE_COMMITTEE, street
    village.save(update_fields=["kind", "street"])
    fee = {"fee_standard": Decimal("10.00"), "fee_unit": FeeUnit.HOUSEHOLD}
    make_engagement(estates["one"], firm, dt.date(2017, 4, 1), **fee)
    make_engagement(estates["two"], firm, dt.date(2017, 12, 31), **fee)
    make_engagement(estates["unserved"], firm, dt.date(2018, 1, 1), **fee)
    make_engagement(estates["rural"], firm, dt.date(2017, 1, 1))
    make_engagement(estates["village"], village, dt.date(2017, 6, 1))
    for provider, signed in ((firm, DAY_2017), (second, None), (village, DAY_2017)):
        ResponsibilityAgreement.objects.create(
            year=2017,
            party=AgreementParty.PROVIDER,
            provider=provider,
            number=f"ZR-{provider.pk}",
            signed_on=signed,
            created_by=manager,
            created_at=clock.now(),
        )
    for estate, start, end in (
        ("one", dt.date(2016, 1, 1), dt.date(2017, 1, 1)),
        ("one", dt.date(2017, 1, 2), None),
        ("two", dt.date(2017, 12, 31), None),
        ("unserved", dt.date(2018, 1, 1), None),
        ("rural", dt.date(2015, 1, 1), dt.date(2016, 12, 31)),
    ):
        StaffAssignment.objects.create(
            estate=estates[estate],
            officer=cast.inspector,
            start_date=start,
            end_date=end,
        )
    for kind, day, people, firms in (
        ("seminar", dt.date(2017, 1, 1), 60, 0),
        ("seminar", dt.date(2017, 12, 31), 15, 0),
        ("seminar", dt.date(2018, 1, 1), 1000, 0),
        ("visit", dt.date(2017, 6, 1), 40, 35),
        ("fire", dt.date(2017, 6, 1), 130, 0),
        ("skills", dt.date(2017, 6, 1), 7, 0),
    ):
        records.training_record(
            actor=manager,
            kind=kind,
            title="培训",
            held_on=day,
            people_count=people,
            enterprise_count=firms,
        )
    for kind, day, quantity in (
        ("poster", dt.date(2017, 2, 1), 500),
        ("poster", dt.date(2017, 3, 1), 20),
        ("poster", dt.date(2016, 12, 31), 9),
        ("banner", dt.date(2017, 2, 1), 150),
        ("board", dt.date(2017, 2, 1), 210),
        ("tv_report", dt.date(2017, 2, 1), 2),
    ):
        records.publicity_record(
            actor=manager, kind=kind, title="宣传", published_on=day, quantity=quantity
        )
    for estate, provider, stage, rewarded in (
        ("one", firm, "awarded", dt.date(2017, 9, 15)),
        ("two", firm, "awarded", dt.date(2017, 9, 15)),
        ("rural", second, "awarded", dt.date(2018, 1, 5)),
        ("unserved", second, "applied", None),
    ):
        records.demonstration_record(
            actor=manager,
            year=2016,
            level="municipal",
            stage=stage,
            estate=estates[estate],
            provider=provider,
            awarded_on=dt.date(2016, 12, 20) if rewarded else None,
            rewarded_on=rewarded,
        )
    return estates


EXPECTED_2017 = {
    "enterprises_signed": 1,
    "estates_assigned": 2,
    "bulletins": 0,
    "old_estates": 2,
    "old_buildings": 5,
    "old_households": 200,
    "old_coverage_percent": 66.7,
    "owner_fee_yuan": Decimal("10.00"),
    "subsidy_rate_yuan": Decimal("10.00"),
    "rural_communities": 2,
    "rural_enterprise_managed": 1,
    "rural_self_managed": 1,
    "rural_service_centres": 1,
    "seminar_people": 75,
    "visit_enterprises": 35,
    "visit_people": 40,
    "fire_training_people": 130,
    "posters": 520,
    "banners": 150,
    "boards": 210,
    "tv_reports": 2,
    "awarded_projects": 2,
    "awarded_enterprises": 1,
}


def test_every_figure_of_the_report_is_counted_from_rows_of_its_year(year_2017, client_for, cast):
    assert article_figures(2017) == EXPECTED_2017
    said = dict(line.split("\t")[:2] for line in command("--year", "2017").splitlines())
    assert said == {label: str(value) for _, label, value in labelled(EXPECTED_2017)}
    assert json.loads(command("--json")) == {
        key: float(value) for key, value in EXPECTED_2017.items()
    }
    response = client_for(cast.bureau_leader).get(PAGE, {"year": "2017"})
    shown = response.content.decode()
    for _, label, _ in labelled(EXPECTED_2017):
        assert label in shown, label


def test_an_amount_on_which_the_rows_differ_is_not_given(year_2017):
    Engagement.objects.filter(estate=year_2017["two"]).update(fee_standard=Decimal("12.00"))
    assert article_figures(2017)["owner_fee_yuan"] is None
    assert "业主每户每月物业费（元）\t未定\towner_fee_yuan" in command("--year", "2017")


def test_only_signed_bulletins_of_the_year_count(city: City):
    assert article_figures(2026)["bulletins"] == 0
    bulletins.bulletin_sign(bulletin=city.bulletins["to_sign"], actor=city.cast.bureau_leader)
    assert article_figures(2026)["bulletins"] == 1
    assert article_figures(2025)["bulletins"] == 0


def test_the_command_runs_on_an_empty_database(db):
    """What cannot be told is 未定 and null, everything else nought; every figure is there."""
    lines = [line.split("\t") for line in command("--year", "2017").splitlines()]
    assert [key for _, _, key in lines] == list(EXPECTED_2017)
    unknown = {"old_coverage_percent", "owner_fee_yuan", "subsidy_rate_yuan"}
    assert {key: value for _, value, key in lines} == {
        key: "未定" if key in unknown else "0" for key in EXPECTED_2017
    }
    assert json.loads(command("--year", "2030", "--json")) == {
        key: None if key in unknown else 0 for key in EXPECTED_2017
    }
