"""Grades and the marks between them are those of each record's own checklist."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.calculations import plain
from inspections.choices import BELOW_GOOD, ChecklistKind, Grade
from inspections.models import Checklist, Inspection
from inspections.services import Answer
from tests.inspections.conftest import Report, make_round
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.dashboard.selectors import city_view

LIST = "inspections:inspection-list"


@pytest.fixture
def of_fifty(city_manager: User) -> Checklist:
    """A form of 50 points: 45 is 优秀, 37.5 良好, 35 合格. Its second item is a veto."""
    checklist = services.checklist_create(
        actor=city_manager,
        kind=ChecklistKind.FIRE,
        title="消防五十分表",
        effective_from=dt.date(2026, 1, 1),
        full_score=Decimal(50),
        excellent_score=Decimal(45),
        good_score=Decimal("37.5"),
        pass_score=Decimal(35),
    )
    for text, points, step, veto in (("通道畅通", 45, "0.5", False), ("控制室有人", 5, "5", True)):
        services.checklist_item_add(
            checklist=checklist,
            actor=city_manager,
            heading="消防",
            text=text,
            points=Decimal(points),
            deduction_step=Decimal(step),
            is_veto=veto,
            photo_required=False,
        )
    return services.checklist_activate(checklist=checklist, actor=city_manager)


def scored(checklist: Checklist, estate: Estate, actor: User, lost: str) -> Inspection:
    """Report an inspection by ``checklist`` that loses ``lost`` points; 5 by the veto."""
    first, veto = checklist.items.order_by("position")
    item = veto if lost == "5" else first
    answers = {item.pk: Answer("fail", Decimal(lost), "有问题")} if Decimal(lost) else {}
    draft = services.inspection_start(estate=estate, actor=actor, checklist=checklist)
    return services.inspection_submit(inspection=draft, actor=actor, answers=answers)


LOST = [
    ("0", "50", Grade.EXCELLENT), ("4.5", "45.5", Grade.EXCELLENT), ("5.5", "44.5", Grade.GOOD),
    ("12.5", "37.5", Grade.GOOD), ("13", "37", Grade.PASS), ("15.5", "34.5", Grade.FAIL),
    ("5", "34.9", Grade.FAIL),
]  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize(("lost", "score", "grade"), LOST)
def test_each_record_is_graded_by_its_own_checklist(
    lost: str,
    score: str,
    grade: Grade,
    of_fifty: Checklist,
    report: Report,
    estate: Estate,
    other_estate: Estate,
    cast: Cast,
) -> None:
    hundred = report(other_estate)
    fifty = scored(of_fifty, estate, cast.inspector, lost)
    assert (plain(fifty.score), fifty.grade, hundred.grade) == (score, grade, Grade.EXCELLENT)
    for asked in Grade:
        found = set(Inspection.objects.graded(asked))
        assert found == {row for row in (fifty, hundred) if row.grade == asked}
    assert (fifty in Inspection.objects.graded(*BELOW_GOOD)) == (grade in BELOW_GOOD)


def test_a_draft_has_no_grade(of_fifty: Checklist, estate: Estate, cast: Cast) -> None:
    services.inspection_start(estate=estate, actor=cast.inspector, checklist=of_fifty)
    assert not Inspection.objects.graded(*Grade)


def test_pages_mark_what_is_below_the_mark_of_its_form(
    of_fifty: Checklist,
    report: Report,
    estate: Estate,
    other_estate: Estate,
    cast: Cast,
    client_for: object,
) -> None:
    """40 of 50 is 良好 and stands plain; 70 of 100 is 合格 and stands in amber."""
    scored(of_fifty, estate, cast.inspector, "10")
    low = report(other_estate, failed=(3,))  # the veto: 69.9
    client = client_for(cast.city_manager)

    def names(query: str, url: str = LIST) -> set[str]:
        shown = text_of(client.get(reverse(url) + "?" + query))
        return {name for name in (estate.name, other_estate.name) if name in shown}

    assert names("grade=good") == {estate.name}
    assert names("grade=fail") == names("grade=below_good") == {other_estate.name}
    assert names("grade=excellent") == set()
    for url in (reverse(LIST), reverse("estates:estate-list")):
        shown = client.get(url).content.decode()
        assert shown.count('"t-amber">69.9<') == 1, url
        assert '"t-amber">40.0<' not in shown, url
    record = client.get(other_estate.get_absolute_url() + "?tab=inspections").content.decode()
    assert '"t-amber">69.9<' in record
    columns = client.get(reverse(LIST) + "?cols=number-score-grade").content.decode()
    assert "等级" in columns
    answer = client.get("/api/v1/inspections/", {"grade": "below_good"}).json()
    assert [row["number"] for row in answer["results"]] == [low.number]


def test_the_desk_draws_the_mark_of_the_rounds_form(
    of_fifty: Checklist, estate: Estate, provider: object, cast: Cast, client_for: object
) -> None:
    round = make_round(cast.city_manager, of_fifty)
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    services.inspection_submit(inspection=draft, actor=cast.inspector, answers={})
    chart = city_view(cast.city_manager).scores
    assert (chart.low, chart.high, chart.step) == (30, 50, 5)
    assert (chart.mark, chart.mark_label) == (37.5, "良好 37.5")
    page = client_for(cast.city_manager).get(estate.get_absolute_url())
    drawn = [panel.context["chart"] for panel in page.context["panels"] if "chart" in panel.context]
    assert [chart.high for chart in drawn if chart.key == "estate-scores"] == [50]


def test_filtering_by_grade_costs_the_same_for_more_rows(
    of_fifty: Checklist,
    make_estate: object,
    cast: Cast,
    client_for: object,
    assert_constant_queries: object,
) -> None:
    client = client_for(cast.city_manager)
    url = reverse(LIST) + "?grade=good&cols=number-score-grade"

    def add(count: int) -> None:
        for _ in range(count):
            scored(of_fifty, make_estate(), cast.inspector, "10")

    add(2)
    assert_constant_queries(lambda: client.get(url), lambda: add(6))
