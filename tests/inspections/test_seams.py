"""What inspections tell the registry: list columns, filters, record panels, merging."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from enterprises.models import Engagement
from estates.models import Estate
from inspections import services
from inspections.models import Inspection, InspectionRound, RectificationOrder, RoundEstate
from inspections.services.merging import merge_inspections
from tests.support.pages import sheet, text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError

SignedIn = Callable[[User], Client]
ESTATES = "estates:estate-list"


def row_of(page: Any, name: str) -> str:
    html = page.content.decode()
    return next(row for row in html.split("<tr") if name in row)


def test_the_estate_list_says_score_disclosure_and_orders(
    order: RectificationOrder, other_estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    url = reverse(ESTATES)
    row = row_of(client.get(url), "纺织厂家属院")
    for part in ("96.0", "缺 1 项", "在办 1"):
        assert part in row, part
    assert "未检查" in row_of(client.get(url), "水利局家属院")
    _, _, head, *rows = sheet(client.get(url, {"export": "xlsx"}))
    exported = {row[head.index("小区名称")]: row[head.index("最近得分")] for row in rows}
    assert exported["纺织厂家属院"] == 96
    with clock.freeze(order.deadline.replace(day=30)):
        later = client_for(cast.city_manager).get(url)
        assert "逾期 1" in row_of(later, "纺织厂家属院")


def test_the_chips_of_the_estate_list_count_what_they_lead_to(
    order: RectificationOrder, other_estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    def chips(user: User) -> dict[str, tuple[int, int]]:
        client = client_for(user)
        url = reverse(ESTATES)
        return {
            chip.label: (chip.count, client.get(url + chip.url).context["listing"].count)
            for chip in client.get(url).context["listing"].saved
            if chip.count is not None
        }

    counted = chips(cast.city_manager)
    assert counted["公示不全"] == (1, 1)
    assert counted["本批次未检查"] == (1, 1)
    assert counted["合同 60 天内到期"][0] == counted["合同 60 天内到期"][1]
    # The estate with the failed item is another street's.
    assert chips(cast.other_clerk)["公示不全"] == (0, 0)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("disclosure=missing", {"纺织厂家属院"}),
        ("disclosure=none", {"水利局家属院"}),
        ("disclosure=complete", set()),
        ("rectification=open", {"纺织厂家属院"}),
        ("rectification=overdue", set()),
        ("uninspected=1", {"水利局家属院"}),
    ],
)
def test_filters_on_the_estate_list(
    query: str,
    found: set[str],
    order: RectificationOrder,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    page = client_for(cast.city_manager).get(f"{reverse(ESTATES)}?{query}")
    body = page.content.decode().split("<tbody", 1)[-1]
    assert {name for name in ("纺织厂家属院", "水利局家属院") if name in body} == found


def test_the_estate_record(
    order: RectificationOrder, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    overview = client.get(estate.get_absolute_url())
    shown = text_of(overview)
    assert "整改通知书 荥房管责改〔2026〕1号 待整改" in shown
    assert "历次检查得分" in shown
    assert "96.0 分" in shown
    assert "JC-20261118-0001" in text_of(client.get(f"{estate.get_absolute_url()}?tab=inspections"))
    orders = client.get(f"{estate.get_absolute_url()}?tab=orders")
    assert "荥房管责改〔2026〕1号" in text_of(orders)


def test_the_provider_record_shows_only_what_one_sees(
    order: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    url = f"{order.provider.get_absolute_url()}?tab=orders"
    assert "荥房管责改〔2026〕1号" in text_of(client_for(cast.street_clerk).get(url))
    assert "荥房管责改" not in text_of(client_for(cast.other_clerk).get(url))


def test_merging_gives_what_is_left_to_the_kept_estate(
    round: InspectionRound,
    estate: Estate,
    make_estate: Callable[..., Estate],
    report: Callable[..., Inspection],
    cast: Cast,
) -> None:
    kept = make_estate(name="纺织厂东院")
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    with pytest.raises(BusinessError, match="有 1 份检查没有上报"):
        merge_inspections(estate, kept, cast.city_manager)
    services.inspection_discard(inspection=draft, actor=cast.inspector)
    merge_inspections(estate, kept, cast.city_manager)
    assert RoundEstate.objects.get(round=round, estate=kept)
    assert not RoundEstate.objects.filter(round=round, estate=estate).exists()


def test_merging_waits_for_open_orders_and_leaves_reports_in_place(
    order: RectificationOrder,
    round: InspectionRound,
    estate: Estate,
    make_estate: Callable[..., Estate],
    cast: Cast,
) -> None:
    kept = make_estate(name="纺织厂东院")
    with pytest.raises(BusinessError, match="有 1 份整改通知书没有销号"):
        merge_inspections(estate, kept, cast.city_manager)
    assert order.inspection.estate == estate


def test_both_covered_leaves_one_line(
    round: InspectionRound, estate: Estate, make_estate: Callable[..., Estate], cast: Cast
) -> None:
    kept = make_estate(name="纺织厂东院")
    RoundEstate.objects.create(round=round, estate=kept)
    Engagement.objects.filter(estate=estate).update(end_date=clock.today())
    merge_inspections(estate, kept, cast.city_manager)
    assert RoundEstate.objects.filter(round=round, estate__in=[estate, kept]).count() == 1
