"""Rounds, inspections and orders through the API: read-only, scoped, by keys with the right."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.choices import TokenRight
from accounts.models import User
from accounts.services import tokens
from estates.models import Estate
from inspections import services
from inspections.models import InspectionRound, RectificationOrder, RoundEstate
from tests.inspections.conftest import order_over
from tests.support.people import Cast
from xingyang_pm.common import clock

ROUNDS, INSPECTIONS, ORDERS = (f"/api/v1/{name}/" for name in ("rounds", "inspections", "orders"))
ALL = [ROUNDS, INSPECTIONS, ORDERS]
SignedIn = Callable[[User], Client]


def rows(client: Client, url: str, **query: str) -> list[dict[str, Any]]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_what_the_api_says(
    order: RectificationOrder, round: InspectionRound, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.auditor)
    [found] = rows(client, ROUNDS)
    assert (found["name"], found["covered"], found["inspected"]) == (
        "城乡清洁行动 第1次检查",
        2,
        1,
    )
    [inspection] = rows(client, INSPECTIONS)
    assert (inspection["number"], inspection["score"], inspection["grade"]) == (
        "JC-20261118-0001",
        "96.0",
        "excellent",
    )
    outcomes = [(r["code"], r["outcome"], r["deduction"]) for r in inspection["results"]]
    assert outcomes == [
        ("1.1", "fail", "2.0"),
        ("1.2", "pass", "0.0"),
        ("2.1", "fail", "2.0"),
        ("2.2", "pass", "0.0"),
    ]
    [issued] = rows(client, ORDERS)
    assert issued["number"] == "荥房管责改〔2026〕1号"
    assert [item["code"] for item in issued["items"]] == ["1.1", "2.1"]
    assert issued["is_overdue"] is False


def test_a_draft_is_not_there_and_the_scope_holds(
    order: RectificationOrder,
    round: InspectionRound,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    services.inspection_start(estate=other_estate, actor=cast.inspector, round=round)
    assert len(rows(client_for(cast.auditor), INSPECTIONS)) == 1
    other = client_for(cast.other_clerk)
    assert rows(other, INSPECTIONS) == rows(other, ORDERS) == []
    [seen] = rows(other, ROUNDS)
    assert (seen["covered"], seen["inspected"]) == (1, 0)
    for url, pk in ((INSPECTIONS, order.inspection_id), (ORDERS, order.pk)):
        assert other.get(f"{url}{pk}/").status_code == 404


def test_filters_as_on_the_pages(
    order: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.auditor)
    assert len(rows(client, INSPECTIONS, grade="excellent")) == 1
    assert rows(client, INSPECTIONS, grade="below_good") == []
    assert rows(client, ORDERS, state="overdue") == []
    with clock.freeze(order.deadline + dt.timedelta(days=1)):
        [late] = rows(client_for(cast.auditor), ORDERS, state="overdue")
        assert late["is_overdue"] is True


@pytest.mark.parametrize("url", ALL)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_through_it(
    url: str, method: str, order: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    target = url if method == "post" else f"{url}{order.pk}/"
    for user in (cast.inspector, cast.city_manager):
        client = client_for(user)
        answer = getattr(client, method)(target, {"score": "100"}, "application/json")
        assert answer.status_code in {403, 405}
    order.refresh_from_db()
    assert order.inspection.score == 96


@pytest.mark.parametrize("url", ALL)
def test_a_key_needs_the_right_for_inspections(url: str, cast: Cast, client_for: SignedIn) -> None:
    for right, status in ((TokenRight.INSPECTIONS, 200), (TokenRight.SUBSIDIES, 403)):
        _, key = tokens.token_create(
            actor=cast.system_admin,
            user=cast.auditor,
            name=f"取数 {right}",
            rights=[right],
            expires_on=clock.today() + dt.timedelta(days=30),
        )
        answer = Client().get(url, headers={"Authorization": f"Token {key}"})
        assert answer.status_code == status
    assert Client().get(url).status_code in {401, 403}
    assert client_for(cast.outsider).get(url).status_code == 403


@pytest.mark.parametrize("url", ALL)
def test_more_rows_cost_no_more_queries(
    url: str,
    order: RectificationOrder,
    round: InspectionRound,
    report: Callable[..., Any],
    make_estate: Callable[..., Estate],
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    client = client_for(cast.city_manager)

    def grow() -> None:
        for _ in range(4):
            place = make_estate()
            RoundEstate.objects.create(round=round, estate=place)
            place.engagements.create(
                provider=order.provider,
                start_date=clock.today(),
                created_at=round.created_at,
            )
            order_over(report(place, failed=(0, 2)), cast.inspector)

    assert_constant_queries(lambda: rows(client, url), grow)
