"""Entry at the desk in a table: drafts by the cell, reports row by row."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import selectors, services
from inspections.models import ChecklistItem, Inspection, InspectionRound
from inspections.services import Answer
from tests.inspections.conftest import TODAY, engage, make_checklist, make_round, picture
from tests.support.pages import text_of
from tests.support.people import Cast

SignedIn = Callable[[User], Client]


@pytest.fixture
def many(make_estate: Callable[..., Estate], provider: object) -> list[Estate]:
    """Three more estates of the street, served like the first."""
    made = [make_estate(name=f"桃园小区{place}号院") for place in range(1, 4)]
    for estate in made:
        engage(estate, provider)
    return made


@pytest.fixture
def round(many: list[Estate], checklist: object, cast: Cast) -> InspectionRound:
    return make_round(cast.city_manager, checklist)


def page_of(round: InspectionRound) -> str:
    return reverse("inspections:entry-table", args=[round.pk])


def cell_of(round: InspectionRound) -> str:
    return reverse("inspections:entry-table-cell", args=[round.pk])


def facts(*estates: Estate, day: str = "", companion: str = "李明轩") -> dict[str, object]:
    fields: dict[str, object] = {"pick": [estate.pk for estate in estates]}
    for estate in estates:
        fields[f"day-{estate.pk}"] = day or TODAY.isoformat()
        fields[f"companion-{estate.pk}"] = companion
    return fields


def cell(estate: Estate, item: ChecklistItem | None = None, **answer: object) -> dict[str, object]:
    return {
        "estate": estate.pk,
        "day": TODAY.isoformat(),
        "companion": "",
        **({"item": item.pk} if item else {}),
        **answer,
    }


def test_all_that_passed_is_reported_without_a_script(
    round: InspectionRound, many: list[Estate], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    page = text_of(client.get(page_of(round)))
    assert "桃园小区1号院" in page
    assert "水利局家属院" not in page  # the other street's
    sent = client.post(page_of(round), facts(*many[:2]), follow=True)
    assert "已上报 2 份检查：JC-20261118-0001、JC-20261118-0002" in text_of(sent)
    rows = Inspection.objects.filter(estate__in=many[:2])
    assert {(row.score, row.companion, row.status) for row in rows} == {
        (Decimal(100), "李明轩", "submitted")
    }
    left, total = selectors.rows_to_enter(round, cast.street_clerk)
    assert total == len(left) == 2


def test_a_cell_is_kept_in_the_own_draft_beside_what_the_phone_filled_in(
    round: InspectionRound,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.street_clerk)
    fail = {"outcome": "fail", "note": "堆放纸箱", "deduction": "4", "days": "3"}
    kept = client.post(cell_of(round), cell(many[0], items[2], **fail))
    assert kept.json()["score"] == "96"
    draft = Inspection.objects.get(estate=many[0])
    services.inspection_save_draft(
        inspection=draft,
        actor=cast.street_clerk,
        answers={**services.answers_of(draft), items[1].pk: Answer("fail", None, "缺页")},
        visit=services.Visit(site_contact="刘经理", note="雨天"),
    )
    client.post(cell_of(round), cell(many[0], items[3], outcome="na"))
    draft.refresh_from_db()
    assert {pk: a.outcome for pk, a in services.answers_of(draft).items()} == {
        items[1].pk: "fail",
        items[2].pk: "fail",
        items[3].pk: "na",
    }
    assert (draft.site_contact, draft.note) == ("刘经理", "雨天")
    client.post(cell_of(round), cell(many[0], items[2], outcome="pass"))
    draft.refresh_from_db()
    assert items[2].pk not in services.answers_of(draft)
    assert Inspection.objects.filter(estate=many[0]).count() == 1
    shown = client.get(page_of(round)).content.decode()
    assert 'data-note="缺页"' in shown


def test_one_wrong_row_says_why_and_loses_nothing_of_the_others(
    round: InspectionRound,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.street_clerk)
    fail = {"outcome": "fail", "note": "堆放纸箱", "deduction": "4", "days": "3"}
    client.post(cell_of(round), cell(many[0], items[2], **fail))
    body = {**facts(*many), f"day-{many[1].pk}": "2026-11-19"}
    answer = client.post(page_of(round), body)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "2 份没有上报" in page
    assert "2.1 请至少拍 1 张照片" in page
    assert "检查日期不能晚于今天" in page
    assert "2.1 须有照片" in page
    assert 'value="2026-11-19"' in answer.content.decode()
    assert [row.estate for row in Inspection.objects.counted()] == [many[2]]
    draft = Inspection.objects.get(estate=many[0])
    services.photo_add(inspection=draft, item=items[2], actor=cast.street_clerk, source=picture())
    sent = client.post(page_of(round), facts(many[0]))
    assert sent.status_code == 302
    assert Inspection.objects.get(estate=many[0]).score == Decimal(96)


def test_a_row_sent_twice_is_one_record(
    round: InspectionRound, many: list[Estate], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    client.post(page_of(round), facts(many[0]))
    again = client.post(page_of(round), facts(many[0]))
    assert Inspection.objects.filter(estate=many[0]).count() == 1
    assert again.status_code in {302, 422}
    assert Inspection.objects.get(estate=many[0]).number == "JC-20261118-0001"


def test_nothing_chosen_and_no_day_are_said(
    round: InspectionRound, many: list[Estate], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    assert "还没有选小区" in text_of(client.post(page_of(round), {}))
    answer = client.post(page_of(round), facts(many[0], day="昨天"))
    assert "检查日期不是日期" in text_of(answer)
    assert client.post(cell_of(round), {}).status_code == 422


def test_the_other_street_is_neither_listed_nor_entered(
    round: InspectionRound,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.other_clerk)
    assert "桃园小区" not in text_of(client.get(page_of(round) + "?all=1"))
    assert client.post(page_of(round), facts(many[0])).status_code == 404
    assert client.post(cell_of(round), cell(many[0], items[0])).status_code == 404
    assert not Inspection.objects.exists()
    for reader in (cast.city_manager, cast.auditor, cast.street_leader):
        assert client_for(reader).get(page_of(round)).status_code == 403


def test_an_item_of_another_checklist_is_refused(
    round: InspectionRound, many: list[Estate], cast: Cast, client_for: SignedIn
) -> None:
    foreign = make_checklist(cast.city_manager, kind="fire").items.first()
    answer = client_for(cast.street_clerk).post(
        cell_of(round), cell(many[0], foreign, outcome="fail")
    )
    assert answer.status_code == 422
    assert "不在本次检查表中" in answer.json()["message"]


def test_the_home_lists_rounds_with_what_waits(
    round: InspectionRound, cast: Cast, client_for: SignedIn
) -> None:
    page = client_for(cast.street_clerk).get(reverse("inspections:entry-table-home"))
    assert page_of(round) in page.content.decode()
    assert selectors.rounds_to_enter(cast.street_clerk) == [(round, 4)]
    assert selectors.rounds_to_enter(cast.other_clerk) == [(round, 1)]


def test_more_rows_cost_no_more_queries(
    round: InspectionRound,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    client = client_for(cast.street_clerk)
    client.post(cell_of(round), cell(many[0], items[0], outcome="fail", note="缺"))

    def grow() -> None:
        for estate in many[1:]:
            client.post(cell_of(round), cell(estate, items[0], outcome="fail", note="缺"))

    assert_constant_queries(lambda: client.get(page_of(round)), grow)
