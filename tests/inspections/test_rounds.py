"""Rounds: coverage, who inspects, progress, ranking, figures, closing."""

import datetime as dt
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps

from accounts.choices import Role
from accounts.models import User
from estates.choices import EstateKind
from estates.models import Estate, StaffAssignment
from inspections import selectors, services
from inspections.choices import CoverageBy
from inspections.models import Checklist, Inspection, InspectionRound, RoundEstate
from tests.inspections.conftest import TODAY, order_over, serve
from tests.support.people import Cast
from xingyang_pm.common import triggers
from xingyang_pm.common.desk import waiting_for
from xingyang_pm.common.errors import BusinessError


def make(actor: User, checklist: Checklist, **values: object) -> InspectionRound:
    facts = {"title": "清洁家园行动", "start_date": TODAY, "end_date": TODAY, **values}
    return services.round_create(actor=actor, checklist=checklist, **facts)


def test_numbers_count_by_title_and_year(
    checklist: Checklist, estate: Estate, city_manager: User
) -> None:
    first, second = (make(city_manager, checklist) for _ in range(2))
    assert str(second) == "清洁家园行动 第2次检查"
    assert (first.year, first.number, second.number) == (2026, 1, 2)


def test_a_round_covers_what_its_filters_say(
    checklist: Checklist, estate: Estate, other_estate: Estate, make_estate: object, cast: Cast
) -> None:
    rural = make_estate(kind=EstateKind.RURAL)
    make_estate(status="removed")

    def covered(**values: object) -> set[Estate]:
        round = make(cast.city_manager, checklist, **values)
        return {line.estate for line in round.coverage.select_related("estate")}

    assert covered() == {estate, other_estate, rural}
    assert covered(kinds=[EstateKind.RURAL]) == {rural}
    assert covered(streets=[other_estate.street]) == {other_estate}
    with pytest.raises(BusinessError, match="没有在册小区"):
        covered(kinds=[EstateKind.COMMODITY])


def test_inspectors_come_from_assignment_or_from_the_street(
    checklist: Checklist, estate: Estate, other_estate: Estate, make_person: object, cast: Cast
) -> None:
    StaffAssignment.objects.create(
        estate=estate, officer=cast.inspector, start_date=dt.date(2026, 1, 1)
    )
    by_officer = make(cast.city_manager, checklist, coverage_by=CoverageBy.ASSIGNMENT)
    people = dict(by_officer.coverage.values_list("estate", "inspector"))
    assert people == {estate.pk: cast.inspector.pk, other_estate.pk: None}
    by_clerk = make(cast.city_manager, checklist, coverage_by=CoverageBy.STREET)
    people = dict(by_clerk.coverage.values_list("estate", "inspector"))
    assert people == {estate.pk: cast.street_clerk.pk, other_estate.pk: cast.other_clerk.pk}


def test_a_checklist_out_of_force_is_refused(
    checklist: Checklist, estate: Estate, city_manager: User
) -> None:
    early = checklist.effective_from - dt.timedelta(days=1)
    with pytest.raises(BusinessError, match="没有启用") as refused:
        make(city_manager, checklist, start_date=early)
    assert refused.value.field == "checklist"
    with pytest.raises(BusinessError, match="截止日期不能早于开始日期"):
        make(city_manager, checklist, end_date=TODAY - dt.timedelta(days=1))


def test_estates_are_given_only_to_people_who_may_inspect_there(
    round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    lines = RoundEstate.objects.filter(round=round)
    assign = {"round": round, "actor": cast.city_manager}
    assert services.round_estates_assign(coverage=lines, inspector=cast.inspector, **assign) == 2
    with pytest.raises(BusinessError, match="水利局家属院 不在 王秀兰 所在的街道"):
        services.round_estates_assign(coverage=lines, inspector=cast.street_clerk, **assign)
    with pytest.raises(BusinessError, match="不是检查员"):
        services.round_estates_assign(coverage=lines, inspector=cast.auditor, **assign)
    assert set(lines.values_list("inspector", flat=True)) == {cast.inspector.pk}


def test_figures_of_a_round(
    round: InspectionRound,
    report: object,
    estate: Estate,
    other_estate: Estate,
    make_estate: object,
    cast: Cast,
) -> None:
    first = report(estate, failed=(0, 2))  # −2 −2: 96
    report(other_estate, failed=(3,))  # a veto: 69.9
    order_over(first, cast.inspector)
    figures = selectors.round_figures(round)
    assert (figures.covered, figures.inspected) == (2, 2)
    assert figures.average == Decimal("83.0")
    assert (figures.high, figures.middle, figures.low) == (1, 0, 1)
    assert figures.failed_items == 3
    assert [(p.code, p.count) for p in figures.problems] == [("1.1", 1), ("2.1", 1), ("2.2", 1)]
    assert [(h.heading, h.items, h.estates) for h in figures.by_heading] == [
        ("公示栏", 1, 1),
        ("楼道与消防", 2, 2),
    ]
    assert figures.incomplete_disclosure == 1
    assert (figures.orders_issued, figures.orders_closed) == (1, 0)
    assert [(row.rank, row.estate) for row in figures.ranking] == [
        (1, "纺织厂家属院"),
        (2, "水利局家属院"),
    ]
    assert [(s.street, s.covered, s.inspected, s.average) for s in figures.by_street] == [
        ("索河街道", 1, 1, Decimal("96.0")),
        ("京城路街道", 1, 1, Decimal("69.9")),
    ]


def test_a_street_sees_its_own_part_with_its_place_in_the_city(
    round: InspectionRound, report: object, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    report(estate, failed=(0, 2))
    report(other_estate)
    mine = selectors.ranking(round, cast.street_clerk)
    assert [(row.rank, row.estate) for row in mine] == [(2, "纺织厂家属院")]
    streets = selectors.scores_by_street(round, cast.street_clerk)
    assert [street.street for street in streets] == ["索河街道"]
    assert selectors.ranking(round, cast.outsider) == []
    assert selectors.overdue_orders(cast.other_clerk) == []


def test_closing_waits_for_reviews_and_freezes_the_ranking(
    round: InspectionRound, report: object, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    inspection = report(estate, failed=(0,))
    draft = services.inspection_start(estate=other_estate, actor=cast.inspector, round=round)
    with pytest.raises(BusinessError, match="还有 1 份检查记录待确认"):
        services.round_close(round=round, actor=cast.city_manager)
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    live = selectors.ranking(round)
    services.round_close(round=round, actor=cast.city_manager)
    round.refresh_from_db()
    assert selectors.ranking(round) == live
    with pytest.raises(BusinessError, match="已结束，不能再上报"):
        services.inspection_submit(inspection=draft, actor=cast.inspector)
    with pytest.raises(BusinessError, match="已经结束"):
        services.round_close(round=round, actor=cast.city_manager)
    # A name that changes later does not change what was ranked.
    Estate.objects.filter(pk=estate.pk).update(name="纺织厂东院")
    assert [row.estate for row in selectors.ranking(round)] == ["纺织厂家属院"]


def test_what_the_estate_list_says(
    round: InspectionRound, report: object, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    report(estate, failed=(0, 2))
    ids = [estate.pk, other_estate.pk]
    standing = selectors.Standing(Decimal("96.0"), "excellent", 1)
    assert selectors.standings(ids, cast.auditor) == {estate.pk: standing}
    report(estate, in_round=False)  # mended meanwhile: the newest says so
    mended = selectors.Standing(Decimal("100.0"), "excellent", 0)
    assert selectors.standings(ids, cast.auditor) == {estate.pk: mended}
    assert selectors.standings(ids, cast.other_clerk) == {}


@pytest.mark.both_databases
def test_inspections_from_before_get_their_missing_disclosures(
    report: object, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    lacking, confirmed = report(estate, failed=(0, 2)), report(other_estate)
    Inspection.objects.update(missing_disclosures=None)
    services.inspection_confirm(inspection=confirmed, actor=cast.city_manager)
    migration = import_module("inspections.migrations.0002_missing_disclosures")
    triggers.lift(plan=[migration], using="default")
    migration.fill(apps, None)
    lacking.refresh_from_db()
    confirmed.refresh_from_db()
    assert (lacking.missing_disclosures, confirmed.missing_disclosures) == (1, 0)
    triggers.install()
    assert not triggers.missing_names()


def test_a_draft_and_a_returned_inspection_count_nowhere(
    round: InspectionRound, report: object, estate: Estate, cast: Cast
) -> None:
    inspection = report(estate)
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="照片不清")
    assert selectors.standings([estate.pk], cast.auditor) == {}
    assert selectors.live_ranking(round) == []
    assert selectors.monthly_scores(cast.auditor) == []


def test_scores_by_month(report: object, estate: Estate, other_estate: Estate, cast: Cast) -> None:
    report(estate, failed=(0,))
    report(other_estate)
    months = selectors.monthly_scores(cast.auditor)
    assert [(m.month, m.average, m.inspections) for m in months] == [
        (dt.date(2026, 11, 1), Decimal("99.0"), 2)
    ]
    own = selectors.monthly_scores(cast.street_clerk)
    assert [(m.average, m.inspections) for m in own] == [(Decimal("98.0"), 1)]


def test_an_estate_beside_its_street(
    round: InspectionRound, report: object, estate: Estate, make_estate: object, cast: Cast
) -> None:
    second = make_estate()
    RoundEstate.objects.create(round=round, estate=second)
    report(estate)
    report(second, failed=(0, 2))
    scores = selectors.estate_scores(estate, cast.auditor)
    assert [(row.score, row.street_average) for row in scores] == [
        (Decimal("100.0"), Decimal("98.0"))
    ]


# --- My inspections and what waits ------------------------------------------------------------


def test_my_estates_and_their_drafts(
    round: InspectionRound, report: object, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    [todo] = selectors.to_inspect(cast.street_clerk)
    assert [(row.name, row.state) for row in todo.rows] == [("纺织厂家属院", "")]
    draft = services.inspection_start(
        estate=estate, actor=cast.street_clerk, round=round, client_key=todo.rows[0].key
    )
    [todo] = selectors.to_inspect(cast.street_clerk)
    assert [(row.key, row.state) for row in todo.rows] == [(draft.client_key, "draft")]
    assert selectors.to_inspect(cast.street_clerk, text="水利局") == []
    services.inspection_submit(inspection=draft, actor=cast.street_clerk)
    assert selectors.to_inspect(cast.street_clerk) == []
    everything = selectors.to_inspect(cast.inspector, everything=True)
    assert [row.name for row in everything[0].rows] == ["水利局家属院"]
    assert selectors.to_inspect(cast.inspector) == []


def waits(user: User) -> set[tuple[str, str]]:
    return {(item.title, item.action) for item in waiting_for(user) if item.tag in {"检查", "整改"}}


def test_what_waits_for_whom(
    round: InspectionRound, report: object, estate: Estate, make_person: object, cast: Cast
) -> None:
    left = "城乡清洁行动 第1次检查，还有 1 个小区未检查"
    assert waits(cast.street_clerk) == {(left, "检查")}
    assert waits(cast.other_clerk) == {(left, "检查")}
    assert waits(cast.auditor) == set()
    inspection = report(estate, cast.street_clerk, failed=(0,))
    assert waits(cast.city_manager) == {("1 份检查记录待确认", "确认")}
    assert waits(cast.street_clerk) == set()
    order = order_over(inspection, cast.inspector)
    assert waits(cast.inspector) == {("纺织厂家属院 整改通知书待登记送达", "登记送达")}
    second = make_person("second", cast.bureau, Role.INSPECTOR)
    assert waits(second) == set()
    serve(order, cast.inspector)
    assert waits(cast.street_clerk) == {("纺织厂家属院 整改待回复", "回复")}
    assert waits(cast.other_clerk) == {(left, "检查")}
