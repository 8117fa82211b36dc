"""补贴统计: every figure is counted by hand once, and leads to the list that it counts."""

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal

import openpyxl
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from subsidies import services
from subsidies.selectors.statistics import (
    Span,
    claim_places,
    coverage_over,
    money_of,
    months_unsettled,
    stage_days,
)
from tests.subsidies.conftest import OCTOBER, Month, bring_to, make_provider, many_estates
from tests.support.pages import text_of
from xingyang_pm.common import clock

ClientFor = Callable[[User], Client]
SEPTEMBER = dt.date(2026, 9, 1)
SPAN = Span(SEPTEMBER, OCTOBER)
PERIOD = {"since": "2026-09", "until": "2026-10"}


@pytest.fixture
def two_months(month: Month) -> Month:
    """September approved, with a second payee for one estate; October still in the street."""
    month.add_estate(50, provider=make_provider("荥阳惠民物业服务有限公司", "惠民物业"))
    bring_to(month.open(SEPTEMBER), "approved", month.cast)
    month.brought_to("submitted")
    return month


def test_money_is_the_approved_lines_from_each_side(two_months: Month):
    found = money_of(SPAN, two_months.cast.city_manager)
    assert found.total == Decimal("2960.00")
    assert [(row.name, row.total, row.estates) for row in found.by_payee] == [
        ("郑州怡馨物业服务有限公司", Decimal("2460.00"), 3),
        ("荥阳惠民物业服务有限公司", Decimal("500.00"), 1),
    ]
    assert [row.share for row in found.by_payee] == [Decimal("83.1"), Decimal("16.9")]
    assert [(row.key, row.total) for row in found.by_month] == [(SEPTEMBER, Decimal("2960.00"))]
    assert list(found.stacked.values()) == [Decimal("2960.00")]
    assert money_of(SPAN, two_months.cast.other_clerk).total == 0


def test_coverage_and_households_follow_contracts_and_counts(two_months: Month):
    two_months.add_estate(70, start=OCTOBER)
    two_months.add_estate(20, start=None)
    rows = coverage_over(SPAN, two_months.cast.city_manager)
    assert [(row.served, row.estates, row.households) for row in rows] == [
        (4, 6, 296),
        (5, 6, 366),
    ]
    assert [row.rate for row in rows] == [Decimal("66.7"), Decimal("83.3")]


def test_a_claim_says_where_it_is_and_for_how_long(two_months: Month):
    with clock.freeze(clock.today() + dt.timedelta(days=40)):
        places = claim_places(SPAN, two_months.cast.city_manager)
    assert {(place.claim.month, place.stage) for place in places} == {
        (SEPTEMBER, "待拨付"),
        (OCTOBER, "待街道审核"),
    }
    assert all(place.days > 0 for place in places)
    assert claim_places(SPAN, two_months.cast.other_leader) == []


def test_the_days_of_a_stage_are_those_since_the_act_before(month: Month):
    claim = month.open()
    cast = month.cast
    start = clock.today()
    for days, act, actor in (
        (2, services.claim_submit, cast.street_clerk),
        (5, services.claim_review, cast.street_leader),
    ):
        with clock.freeze(start + dt.timedelta(days=days)):
            claim = act(claim=claim, actor=actor, opinion="同意")
    with clock.freeze(start + dt.timedelta(days=9)):
        services.claim_return(claim=claim, actor=cast.city_manager, sentence="户数再核")
    rows = {row.stage: row for row in stage_days(SPAN, cast.city_manager)}
    assert (rows["submit"].average, rows["review"].average) == (Decimal("2.0"), Decimal("3.0"))
    assert (rows["check"].passed, rows["check"].average, rows["check"].returned) == (0, None, 1)


def test_a_month_with_claims_on_their_way_has_no_cost_yet(two_months: Month):
    found = months_unsettled(Span(dt.date(2026, 8, 1), OCTOBER), two_months.cast.city_manager)
    assert found == {dt.date(2026, 8, 1), OCTOBER}


def test_every_figure_leads_to_the_list_that_it_counts(two_months: Month, client_for: ClientFor):
    client = client_for(two_months.cast.city_manager)
    page = client.get(reverse("subsidies:statistics"), PERIOD)
    assert page.status_code == 200
    view = page.context["view"]
    for row in (*view.money.by_street, *view.money.by_payee, *view.money.by_month):
        listing = client.get(row.url).context["listing"]
        assert listing.count == row.lines
        assert f"{row.total:,.2f}" in str(listing.table.sum_row)
    for row in view.stages:
        assert client.get(row.url).status_code == 200
    shown = text_of(page)
    for words in ("已审批 2,960.00 元", "申报现在在哪里", "各环节用时", "每户成本"):
        assert words in shown


def test_a_street_sees_its_own_and_the_outsider_nothing(two_months: Month, client_for: ClientFor):
    other = client_for(two_months.cast.other_clerk)
    page = other.get(reverse("subsidies:statistics"), PERIOD)
    assert "2,960.00" not in page.content.decode()
    assert "惠民" not in page.content.decode()
    outsider = client_for(two_months.cast.outsider)
    assert outsider.get(reverse("subsidies:statistics")).status_code == 403


def test_the_tables_go_out_as_a_workbook(two_months: Month, client_for: ClientFor):
    answer = client_for(two_months.cast.auditor).get(
        reverse("subsidies:statistics-workbook"), PERIOD
    )
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.worksheets) == 7
    values = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert 2960 in values


def test_the_page_costs_the_same_for_any_number_of_lines(
    month: Month, client_for: ClientFor, assert_constant_queries
):
    bring_to(month.open(SEPTEMBER), "approved", month.cast)
    client = client_for(month.cast.city_manager)

    def read() -> None:
        cache.clear()
        assert client.get(reverse("subsidies:statistics"), PERIOD).status_code == 200

    def grow() -> None:
        many_estates(month, 20)
        bring_to(month.open(OCTOBER), "approved", month.cast)

    assert_constant_queries(read, grow)
