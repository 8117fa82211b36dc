"""Two streets with an old estate each: the smallest city in which a scope can be broken."""

from collections.abc import Callable

import pytest

from estates.choices import EstateKind, StreetKind
from estates.models import Community, Estate, Street
from tests.support.people import Cast
from xingyang_pm.common import clock

MakeEstate = Callable[..., Estate]


def make_street(code: str, name: str, office: object) -> Street:
    return Street.objects.create(code=code, name=name, kind=StreetKind.STREET, office=office)


def make_estate_in(street: Street, code: str, name: str, **fields: object) -> Estate:
    """Make an active old estate; ``fields`` override the facts."""
    moment = clock.now()
    facts = {
        "kind": EstateKind.OLD,
        "community": street.communities.first(),
        "address": f"{street.name}康泰路{int(code[-4:])}号",
        "building_count": 3,
        "household_count": 96,
        "created_at": moment,
        "updated_at": moment,
        **fields,
    }
    return Estate.objects.create(code=code, name=name, street=street, **facts)


@pytest.fixture
def street(cast: Cast) -> Street:
    """索河街道, with one community."""
    made = make_street("410182001", "索河街道", cast.street_office)
    Community.objects.create(
        code="410182001001", name="龙泉社区居民委员会", short_name="龙泉社区", street=made
    )
    return made


@pytest.fixture
def other_street(cast: Cast) -> Street:
    """京城路街道, with one community."""
    made = make_street("410182002", "京城路街道", cast.other_office)
    Community.objects.create(
        code="410182002001", name="京城社区居民委员会", short_name="京城社区", street=made
    )
    return made


@pytest.fixture
def estate(street: Street) -> Estate:
    return make_estate_in(street, "L0001", "纺织厂家属院")


@pytest.fixture
def other_estate(other_street: Street) -> Estate:
    return make_estate_in(other_street, "L0002", "水利局家属院")


@pytest.fixture
def make_estate(street: Street) -> MakeEstate:
    """Make estates of the street (``street=`` another): ``make_estate(name="东院")``."""
    made = 0

    def make(**fields: object) -> Estate:
        nonlocal made
        made += 1
        where = fields.pop("street", street)
        code = fields.pop("code", f"L{1000 + made}")
        name = fields.pop("name", f"测试小区{made}号院")
        return make_estate_in(where, code, name, **fields)

    return make
