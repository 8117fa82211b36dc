"""Every page of inspection and rectification, on both screens, under axe."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from estates.models import Estate
from inspections import services
from inspections.models import RectificationOrder
from tests.inspections.conftest import (
    firm_serving,
    make_round,
    order_over,
    recheck_of,
    reply_to,
    report_on,
    serve,
)
from tests.support.browser import assert_readable
from tests.support.people import Cast
from xingyang_pm.common import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _today() -> None:
    """The server runs in threads of its own and keeps the real day."""


@pytest.fixture
def scene(cast: Cast, estate: Estate, other_estate: Estate, make_estate: Any) -> dict[str, Any]:
    """A round with a closed and an open order, a waiting report, and a draft."""
    manager, today = cast.city_manager, clock.today()
    long_name = make_estate(name="荥阳市第一棉纺织厂东区家属院二十四个字的小区")
    firm_serving(estate, other_estate, long_name)
    round = make_round(manager, None, today, today)

    def order_of(place: Estate) -> RectificationOrder:
        inspection = report_on(place, cast.inspector, round=round, failed=(0, 2))
        return serve(order_over(inspection, cast.inspector), cast.inspector)

    first, second = order_of(estate), order_of(other_estate)
    reply_to(first, cast.street_clerk)
    draft = services.inspection_start(estate=long_name, actor=cast.street_clerk, round=round)
    copy = services.checklist_copy_as_new_version(checklist=round.checklist, actor=manager)
    return {
        "round": round,
        "first": first,
        "second": second,
        "draft": draft,
        "copy": copy,
        "checklist": round.checklist,
    }


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_every_page_is_readable(
    request: pytest.FixtureRequest, screen: str, scene: dict[str, Any], cast: Cast
) -> None:
    first, round = scene["first"], scene["round"]
    sign_in: Callable = request.getfixturevalue(screen)

    def look(user: Any, *urls: str) -> None:
        page = sign_in(user)
        for url in urls:
            answer = page.goto(url)
            assert answer.status == 200, url
            assert_readable(page)

    def named(name: str, *args: object) -> str:
        return reverse(f"inspections:{name}", args=args)

    inspection = first.inspection
    look(
        cast.city_manager,
        named("inspection-list"),
        inspection.get_absolute_url(),
        named("inspection-return", inspection.pk),
        named("round-list"),
        round.get_absolute_url(),
        round.get_absolute_url() + "?tab=ranking",
        round.get_absolute_url() + "?tab=left",
        named("round-create"),
        named("round-assign", round.pk),
        named("round-close", round.pk),
        named("checklist-list"),
        scene["checklist"].get_absolute_url(),
        scene["copy"].get_absolute_url(),
        named("checklist-preview", scene["checklist"].pk),
        named("checklistitem-create", scene["copy"].pk),
        named("ledger-list"),
        named("order-list"),
        named("order-list") + "?state=overdue",
        first.get_absolute_url(),
        named("order-recheck", first.pk),
        named("order-arrange", first.pk),
    )
    look(
        cast.street_clerk,
        named("inspection-mine"),
        named("inspection-mine") + "?tab=done",
        named("entry-new"),
        named("entry", scene["draft"].client_key),
        named("entry-discard", scene["draft"].client_key),
    )
    look(cast.other_clerk, named("order-reply", scene["second"].pk))
    look(cast.inspector, named("inspection-receipt", inspection.pk))
    recheck_of(first, cast.inspector)
    look(cast.auditor, first.get_absolute_url())


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_an_open_card_of_the_form_is_readable_and_never_under_the_bar(
    request: pytest.FixtureRequest, screen: str, scene: dict[str, Any], cast: Cast
) -> None:
    page = request.getfixturevalue(screen)(cast.street_clerk)
    page.goto(reverse("inspections:entry", args=[scene["draft"].client_key]))
    page.locator("[data-item] label", has_text="不合格").first.click()
    summary = page.locator(".visit summary")
    summary.focus()
    covered = """() => {
        const bar = document.querySelector(".m-bar").getBoundingClientRect();
        return document.activeElement.getBoundingClientRect().bottom > bar.top;
    }"""
    for _ in range(20):  # scrolling is smooth
        if not page.evaluate(covered):
            break
        page.wait_for_timeout(100)
    assert not page.evaluate(covered), "what has the focus lies under the bottom bar"
    # The bar with the estate's name stays on top of a long form.
    page.mouse.wheel(0, 3000)
    assert page.locator(".m-top").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.get_by_label("陪同人").is_visible()
    assert_readable(page)


def test_photos_open_in_the_viewer(desktop: Callable, scene: dict[str, Any], cast: Cast) -> None:
    page = desktop(cast.city_manager)
    page.goto(scene["first"].get_absolute_url())
    page.locator("a[data-photo]").first.click()
    viewer = page.locator("dialog.viewer")
    # Before and after are one step: → goes on to the next pair, ← back.
    before = viewer.locator("img").first
    first = before.get_attribute("src")
    page.keyboard.press("ArrowRight")
    assert before.get_attribute("src") != first
    page.keyboard.press("ArrowLeft")
    assert before.get_attribute("src") == first
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
