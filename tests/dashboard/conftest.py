"""A city small enough to be counted by hand: two streets, six estates, two months, two rounds.

On 18 November 2026, by street (索河 | 京城路):

* old estates 4 (3 in service) | 1 (in service), and one commodity estate | none
* September 246 households, ¥2,460.00, approved | none
* October 246 households, ¥2,340.00 after ¥120.00, a draft | 50 households, ¥500.00, submitted
* first round: 98 points | none; second round: 96 and 94 | 69.9 (a veto)
* orders: one overdue since 30 October, one closed in time | one due on 22 November
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from estates.choices import EstateKind
from estates.models import Estate, HouseholdCount, Street
from inspections.models import InspectionRound, RectificationOrder
from outreach.models import Bulletin
from outreach.services import bulletins
from subsidies import services as subsidies
from subsidies.models import SubsidyClaim
from tests.inspections.conftest import (
    make_round,
    order_over,
    recheck_of,
    reply_to,
    report_on,
    serve,
)
from tests.subsidies.conftest import (
    bring_to,
    make_engagement,
    make_provider,
    make_rate,
    make_scheme,
    verify_count,
)
from tests.support.people import Cast
from tests.support.territory import MakeEstate
from xingyang_pm.common import clock

TODAY = dt.date(2026, 11, 18)
SEPTEMBER, OCTOBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze(TODAY):
        yield


@dataclass
class City:
    """What stands in the city; see the head of this module."""

    cast: Cast
    street: Street
    other_street: Street
    estates: dict[str, Estate]
    claims: dict[str, SubsidyClaim] = field(default_factory=dict)
    rounds: list[InspectionRound] = field(default_factory=list)
    orders: dict[str, RectificationOrder] = field(default_factory=dict)
    bulletins: dict[str, Bulletin] = field(default_factory=dict)
    waiting_count: HouseholdCount | None = None


@pytest.fixture
def city(cast: Cast, street: Street, other_street: Street, make_estate: MakeEstate) -> City:
    made = City(cast, street, other_street, {})
    _registry(made, make_estate)
    _money(made)
    _inspections(made)
    _papers(made)
    return made


def _registry(city: City, make_estate: MakeEstate) -> None:
    cast, provider = city.cast, make_provider()
    for name, households, street in (
        ("工商局家属院", 142, city.street),
        ("老粮库家属院", 58, city.street),
        ("广场东院", 46, city.street),
        ("水利局家属院", 50, city.other_street),
    ):
        estate = make_estate(name=name, street=street, household_count=households)
        city.estates[name] = estate
        make_engagement(estate, provider)
        own = street == city.street
        verify_count(
            estate,
            households,
            entered_by=cast.street_clerk if own else cast.other_clerk,
            by=cast.street_leader if own else cast.other_leader,
        )
    city.estates["无人管理院"] = make_estate(name="无人管理院", household_count=30)
    city.estates["金水花园"] = make_estate(
        name="金水花园", kind=EstateKind.COMMODITY, household_count=600
    )
    city.waiting_count = HouseholdCount.objects.create(
        estate=city.estates["无人管理院"],
        effective_month=dt.date(2026, 12, 1),
        households=31,
        buildings=2,
        entered_by=cast.street_clerk,
        entered_at=clock.now(),
    )


def _money(city: City) -> None:
    cast = city.cast
    make_scheme(cast.city_manager)
    make_rate(cast.city_manager)
    september = subsidies.claim_open(street=city.street, month=SEPTEMBER, actor=cast.street_clerk)
    october = subsidies.claim_open(street=city.street, month=OCTOBER, actor=cast.street_clerk)
    subsidies.line_deduct(
        line=october.lines.get(estate=city.estates["工商局家属院"]),
        amount=Decimal(120),
        reason="楼道照明损坏",
        actor=cast.street_clerk,
    )
    other = subsidies.claim_open(street=city.other_street, month=OCTOBER, actor=cast.other_clerk)
    city.claims = {
        "september": bring_to(september, "approved", cast),
        "october": october,
        "other": subsidies.claim_submit(claim=other, actor=cast.other_clerk),
    }


def _inspections(city: City) -> None:
    cast, manager, inspector = city.cast, city.cast.city_manager, city.cast.inspector
    with clock.freeze(dt.date(2026, 10, 12)):
        first = make_round(manager, None, dt.date(2026, 10, 5), dt.date(2026, 10, 25))
        seen = report_on(city.estates["工商局家属院"], inspector, round=first, failed=(0,))
        overdue = serve(order_over(seen, inspector, dt.date(2026, 10, 30)), inspector)
    second = make_round(manager, first.checklist, dt.date(2026, 11, 5))
    city.rounds = [first, second]
    report_on(city.estates["工商局家属院"], inspector, round=second, failed=(0, 2))
    seen = report_on(city.estates["老粮库家属院"], inspector, round=second, failed=(0, 1, 2))
    closed = serve(order_over(seen, inspector, dt.date(2026, 11, 20)), inspector)
    reply_to(closed, cast.street_clerk)
    closed.refresh_from_db()
    recheck_of(closed, inspector)
    seen = report_on(city.estates["水利局家属院"], inspector, round=second, failed=(3,))
    due = order_over(seen, inspector, dt.date(2026, 11, 22))
    city.orders = {"overdue": overdue, "closed": closed, "due": due}


def _papers(city: City) -> None:
    manager, leader = city.cast.city_manager, city.cast.bureau_leader
    first, second = (
        bulletins.bulletin_submit(
            bulletin=bulletins.bulletin_draft(round=round, actor=manager), actor=manager
        )
        for round in city.rounds
    )
    returned = bulletins.bulletin_return(bulletin=first, actor=leader, reason="请补下步要求")
    city.bulletins = {"returned": returned, "to_sign": second}
