"""Inspection seen as a whole: rates, problems, closing, movement, and the lists behind them."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from io import BytesIO

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import selectors, services
from inspections.choices import ChecklistKind
from inspections.models import Checklist, Inspection, InspectionRound, RectificationOrder
from inspections.tables import movement_words
from tests.inspections.conftest import TODAY, make_round, order_over, report_on
from tests.support.pages import assert_for_readers_alone, text_of
from tests.support.people import Cast
from xingyang_pm.common import clock

SignedIn = Callable[[User], Client]
Report = Callable[..., Inspection]
YEAR = selectors.Extent(dt.date(2026, 1, 1), TODAY)
PAGES = ["finding-list", "statistics", "statistics-workbook"]


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_open_to_readers_of_the_business_alone(
    name: str, closed: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    assert_for_readers_alone(cast, client_for, reverse(f"inspections:{name}"))


def test_disclosure_by_item_and_by_street(
    report: Report, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    report(estate, failed=(0,))
    report(other_estate, failed=(2,))
    items = selectors.disclosure_by_item(YEAR, cast.auditor)
    assert [(row.name, row.looked, row.missing, row.rate) for row in items] == [
        ("公开收费标准", 2, 1, Decimal("50.0")),
        ("公开服务内容", 2, 0, Decimal("100.0")),
    ]
    streets = selectors.results_by_street(YEAR, cast.auditor)
    assert [(row.street, row.inspections, row.failed, row.rate) for row in streets] == [
        ("索河街道", 1, 1, Decimal("0.0")),
        ("京城路街道", 1, 1, Decimal("100.0")),
    ]
    own = selectors.results_by_street(YEAR, cast.other_clerk)
    assert [row.street for row in own] == ["京城路街道"]
    assert selectors.disclosure_by_item(YEAR, cast.other_clerk)[0].missing == 0


def test_what_is_outside_the_extent_counts_nowhere(
    report: Report, estate: Estate, order: RectificationOrder, cast: Cast
) -> None:
    street = estate.street_id
    for extent in (
        selectors.Extent(TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=9)),
        selectors.Extent(dt.date(2026, 1, 1), TODAY, kind=ChecklistKind.FIRE),
        selectors.Extent(dt.date(2026, 1, 1), TODAY, street_id=street + 1000),
    ):
        assert selectors.results_by_street(extent, cast.auditor) == []
        assert selectors.problems_by(extent, cast.auditor, "item") == []
        assert selectors.closing_by(extent, cast.auditor) == ([], [])
    here = selectors.Extent(TODAY, TODAY, kind=ChecklistKind.CLEANING, street_id=street)
    assert len(selectors.results_by_street(here, cast.auditor)) == 1
    assert len(selectors.closing_by(here, cast.auditor)[0]) == 1


def test_problems_by_kind_heading_and_item(
    report: Report, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    report(estate, failed=(0, 2))
    report(other_estate, failed=(2,))
    kinds = selectors.problems_by(YEAR, cast.auditor, "kind")
    assert [(row.kind, row.count, row.estates) for row in kinds] == [("城乡清洁", 3, 2)]
    headings = selectors.problems_by(YEAR, cast.auditor, "heading")
    assert [(row.heading, row.count) for row in headings] == [("楼道与消防", 2), ("公示栏", 1)]
    items = selectors.problems_by(YEAR, cast.auditor, "item")
    assert [(row.text, row.count) for row in items] == [
        ("楼道无堆物、通道畅通", 2),
        ("公开收费标准", 1),
    ]


def test_closing_rate_and_days_by_street_and_firm(
    closed: RectificationOrder, report: Report, other_estate: Estate, cast: Cast
) -> None:
    with clock.freeze(TODAY + dt.timedelta(days=1)):
        late = order_over(report(other_estate, failed=(0,)), cast.inspector)
    with clock.freeze(late.deadline + dt.timedelta(days=1)):
        extent = selectors.Extent(dt.date(2026, 1, 1), clock.today())
        streets, firms = selectors.closing_by(extent, cast.auditor)
    assert [(row.name, row.issued, row.closed, row.overdue, row.days) for row in streets] == [
        ("索河街道", 1, 1, 0, Decimal("0.0")),
        ("京城路街道", 1, 0, 1, None),
    ]
    assert [(row.name, row.issued, row.rate) for row in firms] == [("怡馨物业", 2, Decimal("50.0"))]
    assert streets[0].on_time == 1


def test_movement_against_the_last_round_of_the_kind(
    round: InspectionRound,
    report: Report,
    estate: Estate,
    other_estate: Estate,
    make_estate: Callable[..., Estate],
    cast: Cast,
    client_for: SignedIn,
) -> None:
    report(estate, failed=(0, 2))
    report(other_estate)
    rows, former = selectors.moved_ranking(round)
    assert former is None
    assert [movement_words(row) for row in rows] == ["新进", "新进"]
    third = make_estate(name="新来小区")
    second = make_round(cast.city_manager, round.checklist, start=dt.date(2026, 11, 10))
    report_on(estate, cast.inspector, round=second)
    report_on(other_estate, cast.inspector, round=second, failed=(2,))
    report_on(third, cast.inspector, round=second, failed=(0, 2))
    rows, former = selectors.moved_ranking(second)
    assert former == round
    assert [(row.row.estate, row.row.rank, row.moved, movement_words(row)) for row in rows] == [
        ("纺织厂家属院", 1, 1, "上升 1 位"),
        ("水利局家属院", 2, -1, "下降 1 位"),
        ("新来小区", 3, None, "新进"),
    ]
    page = text_of(client_for(cast.city_manager).get(second.get_absolute_url() + "?tab=ranking"))
    assert "↑1 上升 1 位" in page
    assert "比上次：城乡清洁行动 第1次检查" in page
    own = text_of(client_for(cast.street_clerk).get(second.get_absolute_url() + "?tab=ranking"))
    assert "水利局" not in own


def test_a_late_confirmation_stands_in_the_frozen_ranking(
    round: InspectionRound, report: Report, estate: Estate, cast: Cast
) -> None:
    inspection = report(estate, failed=(0,))
    with clock.freeze(round.end_date + dt.timedelta(days=3)):
        services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
        services.round_close(round=round, actor=cast.city_manager)
    round.refresh_from_db()
    [row] = selectors.ranking(round)
    assert (row.estate, row.score) == ("纺织厂家属院", Decimal("98.0"))
    # What is found later about the estate changes its standing, not the ranking.
    report_on(estate, cast.inspector, checklist=round.checklist)
    assert [row.score for row in selectors.ranking(round)] == [Decimal("98.0")]


def test_the_axis_of_a_form_of_fifty_points(
    cast: Cast, estate: Estate, provider: object, client_for: SignedIn
) -> None:
    checklist = services.checklist_create(
        actor=cast.city_manager,
        kind=ChecklistKind.FIRE,
        title="消防五十分表",
        effective_from=dt.date(2026, 1, 1),
        full_score=Decimal(50),
        excellent_score=Decimal(45),
        good_score=Decimal(40),
        pass_score=Decimal(30),
    )
    services.checklist_item_add(
        checklist=checklist, actor=cast.city_manager, heading="消防", text="通道畅通",
        points=Decimal(50), deduction_step=Decimal(5), photo_required=False,
    )  # fmt: skip
    used = services.checklist_activate(checklist=checklist, actor=cast.city_manager)
    round = make_round(cast.city_manager, used)
    report_on(estate, cast.inspector, round=round)
    page = client_for(cast.city_manager).get(round.get_absolute_url())
    chart = next(
        panel.context["chart"] for panel in page.context["panels"] if "chart" in panel.context
    )
    assert (chart.low, chart.high, chart.mark, chart.mark_label) == (0, 50, 40, "良好 40")
    [point] = selectors.score_course(Inspection.objects.filter(estate=estate))
    assert (point.kind, point.score) == (ChecklistKind.FIRE, Decimal("100.0"))


def test_kinds_are_lines_of_their_own(
    report: Report, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    report(estate, failed=(0,))
    services.checklists_load(actor=cast.city_manager)
    fire = Checklist.objects.in_use().get(kind=ChecklistKind.FIRE)
    report_on(estate, cast.inspector, checklist=fire)
    points = selectors.score_course(Inspection.objects.filter(estate=estate))
    assert {point.kind for point in points} == {ChecklistKind.CLEANING, ChecklistKind.FIRE}
    client = client_for(cast.street_clerk)
    page = client.get(f"{estate.get_absolute_url()}?tab=inspections")
    assert "历次得分（按检查类别）" in text_of(page)
    firm = estate.engagements.get().provider
    assert "服务小区的检查得分" in text_of(client.get(firm.get_absolute_url() + "?tab=course"))


# --- The page, its lists and its workbook -----------------------------------------------------


def test_each_figure_leads_to_the_list_that_it_counts(
    closed: RectificationOrder,
    report: Report,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    report(other_estate, failed=(2,))
    client = client_for(cast.city_manager)
    page = client.get(reverse("inspections:statistics")).content.decode()
    links = re.findall(r'<td[^>]*class="[^"]*num[^"]*"[^>]*><a href="([^"]+)"[^>]*>([\d,]+)<', page)
    assert len(links) >= 12
    for url, figure in links:
        listed = client.get(unescape(url))
        assert listed.status_code == 200, url
        assert listed.context["table"].pager.count == int(figure), url


def test_a_street_sees_its_own_figures_alone(
    closed: RectificationOrder, report: Report, other_estate: Estate, cast: Cast,
    client_for: SignedIn,
) -> None:  # fmt: skip
    report(other_estate, failed=(2,))
    client = client_for(cast.other_clerk)
    page = text_of(client.get(reverse("inspections:statistics")))
    assert "京城路街道" in page
    assert "索河街道" not in page
    asked = client.get(
        reverse("inspections:statistics") + f"?street={closed.estate.street_id}&since=x&kind=y"
    )
    assert "索河街道" not in text_of(asked)
    findings = text_of(client.get(reverse("inspections:finding-list")))
    assert "水利局家属院" in findings
    assert "纺织厂" not in findings


def test_the_pages_cost_the_same_for_more_rows(
    round: InspectionRound,
    report: Report,
    estate: Estate,
    make_estate: Callable[..., Estate],
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    order_over(report(estate, failed=(0, 2)), cast.inspector)
    client = client_for(cast.city_manager)

    def grow() -> None:
        for _ in range(4):
            made = report_on(
                make_estate(), cast.inspector, checklist=round.checklist, failed=(0, 2)
            )
            assert made.failed_count == 2

    for name in PAGES:
        url = reverse(f"inspections:{name}")
        assert_constant_queries(lambda url=url: b"".join(client.get(url)), grow)
    ranking = round.get_absolute_url() + "?tab=ranking"
    assert_constant_queries(lambda: client.get(ranking), grow)


def test_the_workbook_holds_what_the_page_shows(
    closed: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    answer = client_for(cast.city_manager).get(reverse("inspections:statistics-workbook"))
    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.sheetnames[0] == "各街道（乡镇）检查情况"
    assert len(book.sheetnames) == 7
    rows = [list(row) for row in book["各企业整改销号"].iter_rows(values_only=True)]
    assert any(row[0] == "怡馨物业" and row[1] == 1 for row in rows)
    wrong = client_for(cast.city_manager).get(
        reverse("inspections:statistics-workbook") + "?since=2026-12-31&until=2026-01-01"
    )
    assert wrong.status_code == 200


def test_the_findings_are_filed_in_the_form_of_the_office(
    closed: RectificationOrder, report: Report, other_estate: Estate, cast: Cast,
    client_for: SignedIn,
) -> None:  # fmt: skip
    report(other_estate, failed=(2,))
    url = reverse("inspections:finding-list") + "?export=xlsx&sort=inspected_on"
    answer = client_for(cast.city_manager).get(url)
    book = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content)))
    rows = [list(row) for row in book.active.iter_rows(values_only=True)]
    assert rows[0][0] == "物业检查问题明细表"
    head = next(row for row in rows if row[0] == "序号")
    assert head == [
        "序号", "小区名称", "街道\n（乡镇）", "物业企业", "检查日期", "检查内容", None, None,
        "存在问题", "整改", None, None,
    ]  # fmt: skip
    data = [row for row in rows if isinstance(row[0], int)]
    assert [row[1] for row in data].count("纺织厂家属院") == 2
    assert {row[11] for row in data} == {"已销号", "没有下达"}
    total = next(row for row in rows if row[0] == "合计")
    assert float(total[7]) == 6.0
    first = rows.index(data[0]) + 1
    assert book.active.cell(first, 8).number_format == "#,##0.0"  # points have one decimal
    street = client_for(cast.other_clerk).get(url)
    sheet = openpyxl.load_workbook(BytesIO(b"".join(street.streaming_content))).active
    text = str([cell for row in sheet.iter_rows(values_only=True) for cell in row])
    assert "纺织厂" not in text
    assert "填报单位：京城路街道办事处" in text
