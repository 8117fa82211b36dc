"""The money through the API: read-only, in the reader's scope, by keys with the right for it."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from accounts.choices import TokenRight
from accounts.services import tokens
from subsidies import services
from tests.subsidies.conftest import OCTOBER, Month, many_estates
from xingyang_pm.common import clock

RATES, CLAIMS, LINES, PAYMENTS = (
    f"/api/v1/subsidy-{name}/" for name in ("rates", "claims", "lines", "payments")
)
ALL = [RATES, CLAIMS, LINES, PAYMENTS]


def rows(client: Client, url: str, **query: str) -> list[dict]:
    response = client.get(url, query)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_the_figures_are_those_of_the_pages(month: Month, client_for):
    claim = month.brought_to("paid")
    client = client_for(month.cast.auditor)
    (found,) = rows(client, CLAIMS)
    assert (found["number"], found["status"], found["total"], found["household_count"]) == (
        "BT-2026-10-001",
        "paid",
        "2460.00",
        246,
    )
    lines = rows(client, LINES)
    assert sum(Decimal(line["amount"]) for line in lines) == claim.total
    first = next(line for line in lines if line["estate"] == "工商局家属院")
    assert first["equation"] == "142户×10.00元/户·月×1个月×1.0系数＝1,420.00元"
    (payment,) = rows(client, PAYMENTS)
    assert (payment["amount"], payment["street"]) == ("2460.00", "索河街道")
    assert [rate["amount"] for rate in rows(client, RATES)] == ["10.00"]


def test_filters_narrow_and_scope_holds(month: Month, other_street, client_for):
    month.add_estate(50, street=other_street)
    services.month_open(month=OCTOBER)
    services.month_open(month=dt.date(2026, 9, 1))
    city = client_for(month.cast.city_manager)
    assert len(rows(city, CLAIMS)) == 4
    assert len(rows(city, CLAIMS, month="2026-10")) == 2
    assert len(rows(city, LINES, month="2026-10")) == 4
    assert len(rows(city, CLAIMS, status="paid")) == 0
    street = client_for(month.cast.other_clerk)
    assert {row["street"] for row in rows(street, CLAIMS)} == {"京城路街道"}
    assert len(rows(street, LINES)) == 2
    hidden = rows(city, CLAIMS, street=str(month.street.pk))[0]["id"]
    assert street.get(f"{CLAIMS}{hidden}/").status_code == 404


@pytest.mark.parametrize("url", ALL)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_through_it(month: Month, client_for, url, method):
    claim = month.brought_to("paid")
    client = client_for(month.cast.finance_officer)
    target = url if method == "post" else f"{url}{claim.pk}/"
    answer = getattr(client, method)(target, {"total": "1"}, content_type="application/json")
    assert answer.status_code in {403, 405}


@pytest.mark.parametrize("url", ALL)
def test_a_key_needs_the_right_for_subsidies(month: Month, url):
    month.open()
    for right, status in ((TokenRight.SUBSIDIES, 200), (TokenRight.REGISTRY, 403)):
        _, key = tokens.token_create(
            actor=month.cast.system_admin,
            user=month.cast.auditor,
            name=f"取数 {right}",
            rights=[right],
            expires_on=clock.today() + dt.timedelta(days=30),
        )
        answer = Client().get(url, headers={"Authorization": f"Token {key}"})
        assert answer.status_code == status, (url, right)
    assert Client().get(url).status_code in {401, 403}
    outsider = Client()
    outsider.force_login(month.cast.outsider, backend="accounts.backends.OfficeBackend")
    assert outsider.get(url).status_code == 403


def test_lines_cost_the_same_for_two_as_for_two_hundred(
    month: Month, client_for, assert_constant_queries
):
    month.open(dt.date(2026, 9, 1))
    client = client_for(month.cast.city_manager)

    def grow() -> None:
        many_estates(month, 60)
        month.open()

    assert_constant_queries(lambda: rows(client, LINES, size="200"), grow)
