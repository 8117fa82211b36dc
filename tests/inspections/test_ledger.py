"""整改台账: one line per problem, whether it was mended on the spot, tracked or ordered."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import exports, selectors, services
from inspections.choices import OrderKind, PhotoStage, ProblemKind
from inspections.models import Inspection, InspectionRound, ItemResult, RectificationOrder
from inspections.services import Answer, Finding
from tests.inspections.conftest import (
    TODAY,
    order_over,
    picture,
    recheck_of,
    reply_to,
    report_on,
    serve,
)
from tests.inspections.test_rectification import ask, hand_over, tracked_over
from tests.support.pages import listed, sheet, text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.spreadsheets.official import write_form
from xingyang_pm.common.views.generic import ListPage
from xingyang_pm.common.views.lists import list_view_for

SignedIn = Callable[[User], Client]
Report = Callable[..., Inspection]
URL = "/inspections/ledger/"
ON_SITE = "少一页，当场补上"


def mended(
    round: InspectionRound, estate: Estate, actor: User, *, photos: bool = True
) -> ItemResult:
    """Report one problem that was mended on the spot, with a photo before and two after."""
    visit = services.inspection_start(estate=estate, actor=actor, checklist=round.checklist)
    item = visit.checklist.items.get(text="公开服务内容")
    stages = (PhotoStage.FOUND, PhotoStage.FIXED, PhotoStage.FIXED) if photos else ()
    for number, stage in enumerate(stages):
        services.photo_add(
            inspection=visit,
            item=item,
            actor=actor,
            source=picture(shade=number, mark=visit.pk),
            stage=stage,
        )
    answers = {item.pk: Answer("fail", Decimal(2), ON_SITE, 0, fixed=True)}
    services.inspection_submit(inspection=visit, actor=actor, answers=answers)
    return visit.results.get(item=item)


@pytest.fixture
def three(
    round: InspectionRound, report: Report, estate: Estate, other_estate: Estate, cast: Cast
) -> dict[str, Any]:
    """One problem of each kind: in the street on the spot and by a notice, in the other tracked."""
    formal = serve(order_over(report(estate, failed=(2,)), cast.inspector), cast.inspector)
    return {
        ProblemKind.ON_SITE: mended(round, estate, cast.inspector),
        ProblemKind.FORMAL: formal,
        ProblemKind.TRACKED: tracked_over(report(other_estate, failed=(0,)), cast.inspector),
    }


def kinds(client: Client, **query: str) -> list[str]:
    return sorted(selectors.ledger_line(row).kind for row in listed(client, URL, **query))


def figures_of(client: Client, **query: str) -> str:
    return text_of(client.get(URL, query)).partition("项问题，")[2].partition("%")[0]


# --- The lines --------------------------------------------------------------------------------


def test_all_three_kinds_stand_in_one_ledger(
    three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    assert kinds(client) == ["formal", "on_site", "tracked"]
    for kind in ProblemKind.values:
        assert kinds(client, kind=kind) == [kind]
    assert kinds(client, state="closed") == ["on_site"]
    assert kinds(client, state="open") == ["formal", "tracked"]
    assert kinds(client, q="当场补上") == ["on_site"]
    assert kinds(client, q=three[ProblemKind.TRACKED].number) == ["tracked"]
    assert kinds(client, due_to=f"{TODAY:%Y-%m-%d}") == ["on_site"]
    assert kinds(client, since=f"{TODAY + dt.timedelta(days=1):%Y-%m-%d}") == []
    assert kinds(client, checklist="fire") == []
    page = text_of(client.get(URL))
    for part in ("当场改正", "当场已改正", "通知书", "整改单", ON_SITE):
        assert part in page
    assert services.issuable_results(three[ProblemKind.ON_SITE].inspection) == []


def test_what_was_mended_on_the_spot_is_closed_on_its_day(three: dict[str, Any]) -> None:
    result = ItemResult.objects.in_ledger().for_ledger().get(fixed_on_site=True)
    line = selectors.ledger_line(result)
    assert (line.kind, line.closed, line.order) == (ProblemKind.ON_SITE, True, None)
    assert line.deadline == line.completed_on == TODAY
    assert (line.number, line.issued_on, line.measure) == ("", None, "当场已改正")
    assert selectors.photo_words(result) == "前 1 后 2"


def test_one_item_is_closed_while_its_order_runs_on(
    report: Report, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    order = serve(order_over(report(estate, failed=(0, 2)), cast.inspector), cast.inspector)
    reply_to(order, cast.street_clerk)
    first, second = services.open_items(order)
    services.rectification_recheck(
        order=order,
        actor=cast.inspector,
        checked_on=TODAY,
        findings={first.pk: Finding(True), second.pk: Finding(False, "还有两辆电动车")},
        new_deadline=TODAY + dt.timedelta(days=5),
    )
    client = client_for(cast.city_manager)
    assert [row.pk for row in listed(client, URL, state="closed")] == [first.result_id]
    assert [row.pk for row in listed(client, URL, state="issued")] == [second.result_id]
    assert figures_of(client) == "当场改正 0 项，已销号 1 项，销号率 50.0"
    with clock.freeze(TODAY + dt.timedelta(days=6)):
        late = client_for(cast.city_manager)
        assert [row.pk for row in listed(late, URL, state="overdue")] == [second.result_id]


def test_a_problem_ordered_anew_is_still_one_line(
    served: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    objection = services.objection_file(order=served, actor=cast.street_clerk, reason="不是我司")
    services.objection_decide(
        objection=objection, actor=cast.city_manager, uphold=True, opinion="合同未包含该楼"
    )
    client = client_for(cast.city_manager)
    assert len(listed(client, URL, state="withdrawn")) == 2
    assert "已撤销" in text_of(client.get(URL))
    again = services.rectification_order_issue(
        inspection=served.inspection,
        results=services.issuable_results(served.inspection)[:1],
        actor=cast.inspector,
        kind=OrderKind.TRACKED,
    )
    assert len(listed(client, URL)) == 2
    assert len(listed(client, URL, state="withdrawn")) == 1
    (row,) = listed(client, URL, kind="tracked")
    assert selectors.ledger_line(row).order == again


def test_the_line_says_kind_extension_and_escalation(
    report: Report,
    served: RectificationOrder,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    request = ask(served, cast.street_clerk)
    services.extension_decide(request=request, actor=cast.inspector, grant=True)
    tracked_over(report(other_estate, failed=(0,)), cast.inspector)
    with clock.freeze(dt.date(2026, 12, 6)):
        hand_over(served, cast.city_manager)
    page = text_of(
        client_for(cast.city_manager).get(URL, {"cols": "number-kind-extension-escalation"})
    )
    for part in ("整改单", "通知书", "移交执法", "延至12月5日"):
        assert part in page


@pytest.mark.parametrize("column", ["estate", "number", "issued_on", "deadline", "inspected_on"])
def test_it_sorts_with_what_has_no_order(
    column: str, three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    for sign in ("", "-"):
        rows = listed(client, URL, sort=f"{sign}{column}")
        assert len(rows) == 3
        if column in {"number", "issued_on"}:
            assert rows[-1].fixed_on_site  # blanks last


def test_a_problem_nobody_has_acted_on_is_no_line_yet(
    report: Report, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    report(estate, failed=(0,))
    assert listed(client_for(cast.city_manager), URL) == []


# --- Photos -----------------------------------------------------------------------------------


def test_a_line_opens_to_its_photos_before_and_after(
    three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    result = three[ProblemKind.ON_SITE]
    url = reverse("inspections:ledger-photos", args=[result.pk])
    assert f'data-expand="{url}"' in client.get(URL).content.decode()
    shown = client.get(url, HTTP_HX_REQUEST="true")
    html = shown.content.decode()
    assert "<html" not in html
    assert html.count("data-pair") == 2
    for photo in result.photos.all():
        assert photo.get_thumbnail_url() in html
    assert "回复" not in text_of(shown)  # the repair came with the visit
    assert client.get(url)["Location"] == result.inspection.get_absolute_url()
    order = three[ProblemKind.FORMAL]
    other = reverse("inspections:ledger-photos", args=[order.items.get().result_id])
    assert client.get(other)["Location"] == order.get_absolute_url()


def test_the_other_street_meets_nothing_of_it(
    three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.other_clerk)
    assert kinds(client) == ["tracked"]
    url = reverse("inspections:ledger-photos", args=[three[ProblemKind.ON_SITE].pk])
    assert client.get(url, HTTP_HX_REQUEST="true").status_code == 404
    book = str(sheet(client.get(URL, {"export": "xlsx"})))
    assert "纺织厂" not in book
    assert "水利局" in book


def test_a_problem_without_a_line_has_no_photos_to_open(
    report: Report, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    result = report(estate, failed=(0,)).results.get(outcome="fail")
    url = reverse("inspections:ledger-photos", args=[result.pk])
    assert client_for(cast.city_manager).get(url).status_code == 404


# --- Workbook ---------------------------------------------------------------------------------

HEAD = [
    "序号", "小区", "企业", "问题", "通知书文号", "下发日期", "整改要求", "整改时限", "责任人",
    "整改情况", "完成日期", "复查人", "复查结果", "是否销号", "文书", "延期", "督办", "检查日期",
    "照片",
]  # fmt: skip


def test_the_form_of_the_office_holds_all_three(
    three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    order = three[ProblemKind.FORMAL]
    reply_to(order, cast.street_clerk)
    recheck_of(order, cast.inspector)
    rows = sheet(client_for(cast.city_manager).get(URL, {"export": "xlsx", "sort": "number"}))
    assert rows[0][0] == "整改台账"
    assert list(next(row for row in rows if row[0] == "序号")) == HEAD
    lines = {row[14]: row for row in rows if isinstance(row[0], int)}
    formal = lines["责令限期整改通知书"]
    assert list(formal[8:10] + formal[11:14]) == [
        "张利民", "已清理并张贴提示", "张志强", "整改到位", "是",
    ]  # fmt: skip
    on_site = lines["当场改正"]
    assert on_site[3:6] == (f"公开服务内容：{ON_SITE}", None, None)
    assert [str(on_site[place])[:10] for place in (7, 10, 17)] == [TODAY.isoformat()] * 3
    assert on_site[9] == "当场已改正"
    assert (on_site[13], on_site[18]) == ("是", "前 1 后 2")
    assert lines["限期整改单"][13] == "否"
    assert "共 3 行，当场改正 1 项，已销号 2 项，销号率 66.7%" in str(rows)


def test_a_long_ledger_is_streamed_with_the_same_lines(
    three: dict[str, Any], cast: Cast, tmp_path: Path
) -> None:
    view = list_view_for(URL, "sort=number", cast.city_manager)
    path = tmp_path / "long.xlsx"
    assert ListPage.write_export(view, path) == 3  # the form is for lists that memory holds
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
    head = next(row for row in rows if row[0] == "小区")
    assert list(head) == HEAD[1:]
    assert sorted(row[13] for row in rows[rows.index(head) + 1 :] if row[13]) == sorted(
        kind.label for kind in ProblemKind
    )


def test_a_problem_that_begins_with_an_equals_sign_is_text(
    round: InspectionRound, estate: Estate, cast: Cast, tmp_path: Path
) -> None:
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    item = draft.checklist.items.get(text="公开服务内容")
    answer = Answer("fail", None, '=HYPERLINK("http://x","点我")', 7)
    inspection = services.inspection_submit(
        inspection=draft, actor=cast.inspector, answers={item.pk: answer}
    )
    result = services.issuable_results(inspection)[0]
    services.rectification_order_issue(
        inspection=inspection,
        results=[result],
        actor=cast.inspector,
        legal_basis="《条例》",
        requirements={result.pk: "=1+1"},
    )
    problems = ItemResult.objects.visible_to(cast.auditor).in_ledger().for_ledger()
    path = tmp_path / "ledger.xlsx"
    write_form(path, exports.ledger_form(problems, cast.auditor, "全部"))
    cells = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(cell.value == "=1+1" for cell in cells)


# --- Figures and cost -------------------------------------------------------------------------


def test_the_rate_counts_what_was_mended_on_the_spot(
    three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    assert figures_of(client) == "当场改正 1 项，已销号 1 项，销号率 33.3"
    assert figures_of(client, street=str(three[ProblemKind.FORMAL].estate.street_id)) == (
        "当场改正 1 项，已销号 1 项，销号率 50.0"
    )
    own = client_for(cast.other_clerk)
    assert figures_of(own) == "当场改正 0 项，已销号 0 项，销号率 0.0"


def test_the_statistics_of_problems_count_it_too(
    three: dict[str, Any], cast: Cast, client_for: SignedIn
) -> None:
    extent = selectors.Extent(dt.date(2026, 1, 1), TODAY)
    streets = {row.street: row.closing for row in selectors.results_by_street(extent, cast.auditor)}
    assert streets["索河街道"] == selectors.ClosingFigures(2, 1, 1)
    assert streets["京城路街道"] == selectors.ClosingFigures(1, 0, 0)
    (kind,) = selectors.problems_by(extent, cast.auditor, "kind")
    assert (kind.count, kind.closing.rate) == (3, Decimal("33.3"))
    items = {row.text: row.closing for row in selectors.problems_by(extent, cast.auditor, "item")}
    assert items["公开服务内容"] == selectors.ClosingFigures(1, 1, 1)
    client = client_for(cast.city_manager)
    findings = reverse("inspections:finding-list")
    for closing, count in (("on_site", 1), ("closed", 1), ("open", 2)):
        assert len(listed(client, findings, closing=closing)) == count
    assert "问题销号率" in text_of(client.get(reverse("inspections:statistics")))


def test_more_lines_of_each_kind_cost_no_more_queries(
    three: dict[str, Any],
    round: InspectionRound,
    make_estate: Callable[..., Estate],
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    order = three[ProblemKind.FORMAL]
    reply_to(order, cast.street_clerk)
    recheck_of(order, cast.inspector)
    client = client_for(cast.city_manager)

    def grow() -> None:
        for number in range(3):
            place = make_estate()
            mended(round, place, cast.inspector)
            visit = report_on(place, cast.inspector, checklist=round.checklist, failed=(0, 2))
            made = tracked_over(visit, cast.inspector)
            if number:
                reply_to(made, cast.street_clerk, shade=100 + 20 * made.serial)
                recheck_of(made, cast.inspector)

    for query in ("", "?cols=estate-photos-measure-escalation-extension", "?export=xlsx"):
        asked = assert_constant_queries(lambda query=query: b"".join(client.get(URL + query)), grow)
        assert asked <= 30
