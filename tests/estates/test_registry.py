"""The registry: estates are registered, changed, renamed and struck off; every name finds them."""

import datetime as dt

import pytest
from django.urls import reverse

from estates import services
from estates.choices import EstateKind, EstateStatus, NameKind
from estates.forms import parse_buildings
from estates.models import Building, Estate, EstateName
from estates.services import BuildingFacts
from xingyang_pm.common import audit, search
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import AuditEntry


@pytest.fixture
def register(city_manager, street, community):
    """Register an old estate of the street: ``register(name="东院")``."""

    def make(**values) -> Estate:
        given = {
            "kind": EstateKind.OLD,
            "name": "纺织厂家属院",
            "street": street,
            "community": community,
            "household_count": 96,
            **values,
        }
        return services.estate_create(actor=city_manager, **given)

    return make


# --- Registering and changing ----------------------------------------------------------------


def test_a_registered_estate_has_a_number_initials_and_an_entry(city_manager, register):
    first, second = register(name=" 纺织厂   家属院 "), register(name="老粮库家属院")
    assert (first.code, second.code) == ("XQ-0001", "XQ-0002")
    assert (first.name, first.initials) == ("纺织厂 家属院", "fzcjsy")
    (entry,) = audit.timeline(first)
    assert (entry.actor, entry.summary) == (city_manager, "登记老旧小区 纺织厂 家属院")
    assert entry.after["household_count"] == 96


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"name": "荣阳花园"}, "name", "“荣阳”应写作“荥阳”"),
        ({"address": "荥泽大道荣阳路口"}, "address", "“荣阳”应写作“荥阳”"),
        ({"occupied_count": 97}, "occupied_count", "入住户数 97 不能多于户数 96"),
        ({"latitude": "34.787"}, "latitude", "经度和纬度要么都填，要么都不填"),
        ({"built_year": 1900}, "built_year", "1949"),
        ({"kind": "villa"}, "kind", "villa"),
    ],
)
def test_what_cannot_be_is_refused_on_its_field(register, values, field, sentence):
    with pytest.raises(BusinessError, match=sentence) as refused:
        register(**values)
    assert refused.value.field == field
    assert not Estate.objects.exists()
    assert register().code == "XQ-0001", "a refused registration uses up no number"


def test_a_name_stands_once_in_a_street_and_kind(register, street, other_street):
    register()
    with pytest.raises(BusinessError, match="本街道已有同名小区，请写明东院、西院或期数"):
        register()
    register(kind=EstateKind.COMMODITY)
    register(street=other_street, community=None)
    assert Estate.objects.count() == 3


def test_the_name_of_a_struck_off_estate_is_free_again(city_manager, register):
    services.estate_remove(estate=register(), actor=city_manager, reason="已拆迁")
    assert register().status == EstateStatus.ACTIVE


def test_a_community_belongs_to_the_street(register, other_street):
    with pytest.raises(BusinessError, match="京城社区 不属于 索河街道，请重选社区") as refused:
        register(community=other_street.communities.first())
    assert refused.value.field == "community"


def test_a_change_tells_what_it_was_and_no_change_tells_nothing(city_manager, register):
    estate = register(address="索河路12号")
    services.estate_update(
        estate=estate, actor=city_manager, address="索河路15号", has_cleaning=True, reason="门牌改"
    )
    entry = audit.timeline(estate)[0]
    assert (entry.summary, entry.reason) == ("修改详细地址、有清扫保洁", "门牌改")
    assert entry.before == {"address": "索河路12号", "has_cleaning": False}
    assert entry.after == {"address": "索河路15号", "has_cleaning": True}
    services.estate_update(estate=estate, actor=city_manager, has_cleaning=True)
    assert AuditEntry.objects.filter(verb="estate.update").count() == 1


def test_households_are_not_changed_in_passing(city_manager, register):
    estate = register()
    with pytest.raises(BusinessError, match="请用“录入户数”") as refused:
        services.estate_update(
            estate=estate, actor=city_manager, household_count=120, address="索河路15号"
        )
    assert refused.value.field == "household_count"
    estate.refresh_from_db()
    assert (estate.household_count, estate.address) == (96, "")


def test_a_struck_off_estate_stays_readable_and_is_not_touched_again(
    city_manager, client_for, register
):
    estate = register()
    with pytest.raises(BusinessError, match="请写明注销原因"):
        services.estate_remove(estate=estate, actor=city_manager, reason=" ")
    services.estate_remove(estate=estate, actor=city_manager, reason="已拆迁")
    for act in (
        lambda: services.estate_update(estate=estate, actor=city_manager, address="x"),
        lambda: services.estate_remove(estate=estate, actor=city_manager, reason="再来"),
        lambda: services.estate_name_add(
            estate=estate, actor=city_manager, name="x", kind=NameKind.ALIAS
        ),
        lambda: services.building_add(estate=estate, actor=city_manager, name="1号楼"),
    ):
        with pytest.raises(StaleState):
            act()
    client = client_for(city_manager)
    assert "已注销" in client.get(estate.get_absolute_url()).content.decode()
    url = reverse("estates:estate-list")
    assert client.get(url).context["listing"].count == 0
    assert client.get(url, {"status": "removed"}).context["listing"].count == 1


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "finance_officer",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_nobody_but_the_section_head_keeps_the_registry(cast, street, estate, who):
    actor = cast.people[who]
    for act in (
        lambda: services.estate_create(
            actor=actor, kind=EstateKind.OLD, name="甲院", street=street
        ),
        lambda: services.estate_update(estate=estate, actor=actor, address="x"),
        lambda: services.estate_rename(estate=estate, actor=actor, name="甲院"),
        lambda: services.estate_remove(estate=estate, actor=actor, reason="x"),
        lambda: services.estate_name_add(
            estate=estate, actor=actor, name="甲院", kind=NameKind.ALIAS
        ),
        lambda: services.building_add(estate=estate, actor=actor, name="1号楼"),
        lambda: services.buildings_set(estate=estate, actor=actor, buildings=[]),
        lambda: services.committee_record(
            estate=estate, actor=actor, start_date=dt.date(2026, 1, 1)
        ),
    ):
        with pytest.raises(NotPermitted):
            act()
    estate.refresh_from_db()
    assert (estate.name, estate.status) == ("纺织厂家属院", EstateStatus.ACTIVE)
    assert not Building.objects.exists()
    assert Estate.objects.count() == 1


# --- Names -----------------------------------------------------------------------------------


def test_an_old_name_and_an_alias_find_the_estate_everywhere(
    city_manager, street_clerk, other_clerk, client_for, register
):
    estate = register(name="棉纺厂家属院")
    services.estate_rename(estate=estate, actor=city_manager, name="成皋花园", reason="改造后更名")
    services.estate_name_add(
        estate=estate, actor=city_manager, name="二棉大院", kind=NameKind.ALIAS
    )
    register(name="粮库家属院")
    for text in ("棉纺厂", "二棉", "成皋", "cghy", "CGHY", "XQ-0001", "0001"):
        (hit,) = dict(search.find(street_clerk, text))["小区"]
        assert hit.title == "成皋花园", text
        assert search.find(other_clerk, text) == [], text
    (hit,) = dict(search.find(street_clerk, "棉纺厂"))["小区"]
    assert "曾用名 棉纺厂家属院" in hit.detail
    client = client_for(street_clerk)
    for text in ("棉纺厂", "二棉", "成皋", "cghy"):
        listing = client.get(reverse("estates:estate-list"), {"q": text}).context["listing"]
        assert [row.name for row in listing.table.rows] == ["成皋花园"], text
    # Both names hold 院, and the estate still stands there once.
    listing = client.get(reverse("estates:estate-list"), {"q": "院"}).context["listing"]
    assert listing.count == 2
    assert "棉纺厂家属院、二棉大院" in client.get(estate.get_absolute_url()).content.decode()


def test_a_rename_keeps_the_old_name_once_and_tells_both(city_manager, register):
    estate = register(name="棉纺厂家属院")
    services.estate_rename(estate=estate, actor=city_manager, name="成皋花园")
    estate.refresh_from_db()
    assert (estate.name, estate.initials) == ("成皋花园", "cghy")
    assert audit.timeline(estate)[0].summary == "将小区名称由 棉纺厂家属院 改为 成皋花园"
    assert list(estate.names.values_list("kind", "name")) == [("former", "棉纺厂家属院")]
    # Back again: the present name is no former one.
    services.estate_rename(estate=estate, actor=city_manager, name="棉纺厂家属院")
    assert list(estate.names.values_list("name", flat=True)) == ["成皋花园"]
    estate.refresh_from_db()
    with pytest.raises(BusinessError, match="新名称与现名相同"):
        services.estate_rename(estate=estate, actor=city_manager, name=" 棉纺厂家属院 ")


def test_a_name_is_kept_once_and_taken_away_with_an_entry(city_manager, estate):
    name = services.estate_name_add(
        estate=estate, actor=city_manager, name="棉纺 厂", kind=NameKind.ALIAS
    )
    for again, sentence in (
        ("棉纺  厂", "这个名称已经登记过"),
        (estate.name, "与现名相同，不用登记"),
        ("荣阳院", "应写作“荥阳”"),
    ):
        with pytest.raises(BusinessError, match=sentence):
            services.estate_name_add(
                estate=estate, actor=city_manager, name=again, kind=NameKind.FORMER
            )
    services.estate_name_remove(name=name, actor=city_manager)
    assert not EstateName.objects.exists()
    assert audit.timeline(estate)[0].summary == "删去别名 棉纺 厂"
    with pytest.raises(BusinessError):
        services.estate_name_remove(name=name, actor=city_manager)


# --- Buildings -------------------------------------------------------------------------------


def test_the_estates_figures_follow_a_whole_list_of_buildings(city_manager, make_estate):
    estate = make_estate(building_count=0, household_count=96)
    for number in (1, 2):
        services.building_add(
            estate=estate, actor=city_manager, name=f"{number}号楼", units=3, households=36
        )
    estate.refresh_from_db()
    assert (estate.building_count, estate.unit_count) == (2, 6)
    assert estate.household_count == 96, (
        "money rests on households, a list of buildings is no count"
    )
    first = estate.buildings.first()
    services.building_update(building=first, actor=city_manager, units=4)
    estate.refresh_from_db()
    assert estate.unit_count == 7
    services.building_remove(building=first, actor=city_manager)
    estate.refresh_from_db()
    assert (estate.building_count, estate.unit_count) == (1, 3)
    assert [entry.summary for entry in audit.timeline(estate)] == [
        "删去 1号楼",
        "修改 1号楼 的资料",
        "登记 2号楼，36 户",
        "登记 1号楼，36 户",
    ]


def test_a_list_that_has_only_begun_leaves_the_registers_figure(city_manager, make_estate):
    estate = make_estate(building_count=6)
    services.building_add(estate=estate, actor=city_manager, name="1号楼")
    estate.refresh_from_db()
    assert estate.building_count == 6


def test_a_building_stands_once_in_its_estate(city_manager, estate, make_estate):
    services.building_add(estate=estate, actor=city_manager, name="1号楼")
    with pytest.raises(BusinessError, match="本小区已有同名楼栋"):
        services.building_add(estate=estate, actor=city_manager, name=" 1号楼 ")
    services.building_add(estate=make_estate(), actor=city_manager, name="1号楼")
    assert Building.objects.count() == 2


def test_the_whole_list_replaces_the_old_one_and_keeps_known_rows(city_manager, estate):
    for name in ("1号楼", "2号楼", "3号楼"):
        services.building_add(estate=estate, actor=city_manager, name=name, households=10)
    keys = dict(estate.buildings.values_list("name", "pk"))
    services.buildings_set(
        estate=estate,
        actor=city_manager,
        buildings=[BuildingFacts("3号楼", 6, 2, 24, 1996), BuildingFacts("1号楼", 5, 3, 30)],
    )
    rows = list(estate.buildings.values_list("name", "pk", "position", "households"))
    assert rows == [("3号楼", keys["3号楼"], 1, 24), ("1号楼", keys["1号楼"], 2, 30)]
    estate.refresh_from_db()
    assert (estate.building_count, estate.unit_count) == (2, 5)
    assert audit.timeline(estate)[0].summary == "登记楼栋 2 栋，54 户"
    with pytest.raises(BusinessError, match="楼栋“1号楼”写了两次"):
        services.buildings_set(
            estate=estate,
            actor=city_manager,
            buildings=[BuildingFacts("1号楼"), BuildingFacts("1号楼")],
        )
    assert estate.buildings.count() == 2


def test_buildings_pasted_from_a_workbook_are_read_line_by_line(city_manager, client_for, estate):
    pasted = "1号楼\t6\t3\t36\t1994\n\n2号楼，5，，30\n3号楼"
    assert parse_buildings(pasted) == [
        BuildingFacts("1号楼", 6, 3, 36, 1994),
        BuildingFacts("2号楼", 5, None, 30, None),
        BuildingFacts("3号楼", None, None, 0, None),
    ]
    client = client_for(city_manager)
    url = reverse("estates:estate-buildings", args=[estate.pk])
    answer = client.post(url, {"buildings": f"{pasted}\n4号楼，六层"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "第 5 行的层数“六层”不是数字，请改正。" in shown
    assert "4号楼，六层" in shown
    assert not Building.objects.exists()
    answer = client.post(url, {"buildings": pasted})
    assert answer.url == f"{estate.get_absolute_url()}?tab=buildings"
    assert Building.objects.count() == 3
