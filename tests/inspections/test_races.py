"""Two people, or one person twice, at the same moment, in real transactions."""

import uuid

import pytest

from estates.models import Estate
from inspections import services
from inspections.choices import InspectionStatus
from inspections.models import EvidencePhoto, Inspection, RectificationOrder
from inspections.services import Visit
from tests.inspections.conftest import TODAY, firm_serving, make_round, picture
from tests.support.at_once import at_once, one_effect
from tests.support.people import Cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def city(cast: Cast, estate: Estate) -> dict[str, object]:
    firm_serving(estate)
    round = make_round(cast.city_manager)
    return {"round": round, "items": list(round.checklist.items.order_by("position"))}


def test_a_double_submit_is_one_record(city: dict, estate: Estate, cast: Cast) -> None:
    key = uuid.uuid4()

    def send() -> Inspection:
        inspection = services.inspection_start(
            estate=estate, actor=cast.inspector, round=city["round"], client_key=key
        )
        return services.inspection_submit(
            inspection=inspection, actor=cast.inspector, answers={}, visit=Visit(inspected_on=TODAY)
        )

    answers = at_once(*[send] * 4)
    assert {type(answer) for answer in answers} == {Inspection}, answers
    assert {answer.number for answer in answers} == {"JC-20261118-0001"}
    assert Inspection.objects.get().results.count() == 4


def test_two_tabs_with_two_keys_are_one_draft(city: dict, estate: Estate, cast: Cast) -> None:
    def start() -> Inspection:
        return services.inspection_start(
            estate=estate, actor=cast.inspector, round=city["round"], client_key=uuid.uuid4()
        )

    answers = at_once(*[start] * 3)
    assert len({answer.pk for answer in answers}) == 1, answers


def test_of_two_people_one_report_stands(city: dict, estate: Estate, cast: Cast) -> None:
    people = (cast.inspector, cast.street_clerk)
    drafts = [
        services.inspection_start(estate=estate, actor=actor, round=city["round"])
        for actor in people
    ]
    answers = at_once(
        *[
            lambda draft=draft, actor=actor: services.inspection_submit(
                inspection=draft, actor=actor
            )
            for draft, actor in zip(drafts, people, strict=True)
        ]
    )
    (refused,) = one_effect(answers)
    assert "你的草稿没有改动" in refused.message
    counted = Inspection.objects.counted().get()
    assert counted.number == "JC-20261118-0001"


def test_the_same_photo_twice_at_once_is_one(city: dict, estate: Estate, cast: Cast) -> None:
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=city["round"])
    source, key = picture(), uuid.uuid4()

    def add() -> EvidencePhoto:
        return services.photo_add(
            inspection=draft,
            item=city["items"][0],
            actor=cast.inspector,
            source=source,
            client_key=key,
        )

    answers = at_once(*[add] * 3)
    assert len({answer.pk for answer in answers}) == 1, answers


def test_a_report_and_a_close_at_once_agree(city: dict, estate: Estate, cast: Cast) -> None:
    """Either the report is in the ranking, or it was refused: never reported and left out."""
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=city["round"])
    at_once(
        lambda: services.inspection_submit(inspection=draft, actor=cast.inspector),
        lambda: services.round_close(round=city["round"], actor=cast.city_manager),
    )
    draft.refresh_from_db()
    city["round"].refresh_from_db()
    reported = draft.status == InspectionStatus.SUBMITTED
    assert reported is city["round"].is_open
    assert city["round"].ranking == []


def test_two_orders_over_the_same_item_are_one(city: dict, estate: Estate, cast: Cast) -> None:
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=city["round"])
    item = city["items"][1]
    services.inspection_submit(
        inspection=draft,
        actor=cast.inspector,
        answers={item.pk: services.Answer("fail", None, "缺一页", 7)},
    )
    results = services.issuable_results(draft)

    def issue() -> RectificationOrder:
        return services.rectification_order_issue(
            inspection=draft, results=results, actor=cast.inspector, legal_basis="《条例》"
        )

    one_effect(at_once(issue, issue))
    # The refused one gave its number back.
    assert RectificationOrder.objects.get().number == "荥房管责改〔2026〕1号"
