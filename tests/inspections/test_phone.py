"""The form in a clerk's hand: taps, a broken line, two tabs, photos as they are taken."""

import datetime as dt
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from estates.models import Estate
from inspections import services
from inspections.choices import InspectionStatus
from inspections.models import EvidencePhoto, Inspection
from tests.inspections.conftest import firm_serving, make_proof_round, make_round, picture
from tests.support.people import Cast
from xingyang_pm.common import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def _today() -> None:
    """The server runs in threads of its own and keeps the real day."""


@pytest.fixture
def city(cast: Cast, estate: Estate) -> dict[str, Any]:
    firm_serving(estate)
    today = clock.today()
    round = make_round(cast.city_manager, None, today, today + dt.timedelta(days=7))
    return {"round": round, "items": list(round.checklist.items.order_by("position"))}


@pytest.fixture
def photo_file(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


def opened(page: Page, estate: Estate) -> Page:
    page.goto(reverse("inspections:inspection-mine"))
    page.get_by_role("link", name=re.compile(estate.name)).tap()
    expect(page.locator("#entry")).to_be_visible()
    # Until the worker has taken over, a broken line leaves one on the form instead of the queue.
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    return page


def fail(page: Page, item: Any) -> Any:
    page.locator(f"#item-{item.pk} label", has_text="不合格").tap()
    return page.locator(f'[data-fix="{item.pk}"]')


def unwatched(page: Page) -> Page:
    """Return another page of the same phone, on which a request may fail: here it is cut."""
    return page.context.new_page()


def said(page: Page) -> Any:
    return page.locator("[data-save]")


def test_three_taps_when_nothing_is_wrong(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    """Open the list, tap the estate, tap 填完上报: well under a minute."""
    page = phone(cast.street_clerk)
    began = time.monotonic()
    opened(page, estate)
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("房管中心已收到")).to_be_visible()
    assert time.monotonic() - began < 20
    inspection = Inspection.objects.get()
    assert (inspection.score, inspection.failed_count) == (100, 0)
    assert page.get_by_text(inspection.number).is_visible()


def test_a_failed_item_with_photos(
    phone: Callable, city: dict, estate: Estate, cast: Cast, photo_file: Callable
) -> None:
    page = opened(phone(cast.street_clerk), estate)
    card = fail(page, city["items"][2])
    expect(card).to_be_visible()
    card.get_by_role("button", name="堆放杂物").tap()
    expect(card.locator("textarea")).to_have_value("堆放杂物")
    expect(card.locator(".stp input")).to_have_value("2")
    card.get_by_role("button", name="多扣 2 分").tap()
    expect(page.locator("[data-score]")).to_have_text("96")
    expect(page.locator("[data-group]").nth(1)).to_contain_text("1 项不合格")
    pictures = [photo_file(f"{n}.jpg", picture(shade=n * 40)) for n in range(2)]
    card.locator("input[type=file]").first.set_input_files(pictures)
    expect(card.locator("[data-photo-words]")).to_have_text("至少 1 张，已拍 2 张")
    expect(card.locator("[data-remove]")).to_have_count(2)
    card.locator("input[type=file]").last.set_input_files(photo_file("坏的.jpg", b"nope"))
    expect(card.locator("[data-problem]")).to_contain_text("“坏的.jpg”不是照片")
    expect(card.locator("[data-thumb]")).to_have_count(2)
    card.locator("[data-remove]").first.tap()
    expect(card.locator("[data-thumb]")).to_have_count(1)
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("96 分，1 项不合格")).to_be_visible()
    expect(page.get_by_text("1 张全部收到")).to_be_visible()
    assert EvidencePhoto.objects.count() == 1


def test_the_stepper_keeps_between_one_step_and_all(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = opened(phone(cast.street_clerk), estate)
    card = fail(page, city["items"][2])
    number = card.locator(".stp input")
    card.get_by_role("button", name="少扣").tap()
    expect(number).to_have_value("2")
    for typed, becomes in (("99", "20"), ("abc", "2"), ("-3", "2"), ("7.5", "7.5")):
        number.fill(typed)
        number.blur()
        expect(number).to_have_value(becomes)
    # The item that is a veto holds the score under the pass line, live as well.
    fail(page, city["items"][3])
    expect(page.locator("[data-score]")).to_have_text("69.9")
    page.locator(f"#item-{city['items'][3].pk} label", has_text="不适用").tap()
    expect(page.locator("[data-score]")).to_have_text("90.6")


def test_what_is_missing_is_shown_at_the_item(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = opened(phone(cast.street_clerk), estate)
    fail(page, city["items"][0])
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("还有 1 项没有填好：1.1")).to_be_visible()
    expect(page.locator(f'[data-fix="{city["items"][0].pk}"]')).to_contain_text("请写明问题。")
    expect(said(page)).to_contain_text("已存草稿")
    assert Inspection.objects.get().status == InspectionStatus.DRAFT


KEPT = """async () => (await Field.drafts()).map(d => ({...d}))"""


def kept(page: Page) -> list[dict[str, Any]]:
    """Return the drafts that this browser keeps for this person."""
    return page.evaluate(KEPT)


def test_every_change_is_kept_here_and_reaches_the_office(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = opened(phone(cast.street_clerk), estate)
    card = fail(page, city["items"][1])
    card.locator("textarea").fill("公示栏玻璃破损")
    expect(said(page)).to_contain_text("已存草稿")
    draft = Inspection.objects.get()
    assert services.answers_of(draft)[city["items"][1].pk].note == "公示栏玻璃破损"
    (copy,) = kept(page)
    assert (copy["key"], copy["state"], copy["dirty"]) == (str(draft.client_key), "draft", False)
    assert copy["values"][f"n-{city['items'][1].pk}"] == "公示栏玻璃破损"


def test_a_broken_line_loses_nothing(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = opened(unwatched(phone(cast.street_clerk)), estate)
    page.context.route(re.compile("/(draft|sync)/$"), lambda route: route.abort())
    card = fail(page, city["items"][1])
    card.locator("textarea").fill("断网时写的一句")
    expect(said(page)).to_contain_text("存在本机")
    assert not Inspection.objects.exists()
    # The page is closed and opened again, the line is back: the words come back and are sent.
    page.context.unroute(re.compile("/(draft|sync)/$"))
    page.goto(page.url)
    expect(page.locator(f'[data-fix="{city["items"][1].pk}"] textarea')).to_have_value(
        "断网时写的一句"
    )
    expect(said(page)).to_contain_text("已存草稿")
    assert services.answers_of(Inspection.objects.get())
    # It breaks while the report is on its way: the queue keeps it and sends it by itself.
    page.context.route(re.compile("/sync/$"), lambda route: route.abort())
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("1 份等待上报")).to_be_visible()
    page.context.unroute(re.compile("/sync/$"))
    page.get_by_role("button", name="现在上报").tap()
    expect(page.get_by_text("全部上报完")).to_be_visible()
    inspection = Inspection.objects.get()
    assert inspection.failed_count == 1
    expect(page.get_by_text(inspection.number)).to_be_visible()


def test_a_photo_that_did_not_go_through_is_sent_later(
    phone: Callable, city: dict, estate: Estate, cast: Cast, photo_file: Callable
) -> None:
    page = opened(unwatched(phone(cast.street_clerk)), estate)
    page.context.route(re.compile("/photos/$"), lambda route: route.abort())
    card = fail(page, city["items"][2])
    card.locator("textarea").fill("堆物")
    card.locator("input[type=file]").first.set_input_files(photo_file("a.jpg", picture()))
    expect(card.locator(".said")).to_have_text("存在本机")
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("文字已到")).to_be_visible()
    inspection = Inspection.objects.get()
    assert inspection.status == InspectionStatus.SUBMITTED
    page.context.unroute(re.compile("/photos/$"))  # the queue tries again by itself
    expect(page.get_by_text("1 张全部收到，核对一致")).to_be_visible()
    assert EvidencePhoto.objects.count() == 1


def test_an_ended_session_keeps_what_was_written(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = opened(phone(cast.street_clerk), estate)
    page.context.clear_cookies()
    fail(page, city["items"][1]).locator("textarea").fill("登录过期前写的")
    expect(said(page)).to_contain_text("登录已过期")
    (copy,) = kept(page)
    assert copy["dirty"] is True
    assert copy["values"][f"n-{city['items'][1].pk}"] == "登录过期前写的"


def test_put_right_on_the_spot(
    phone: Callable, city: dict, estate: Estate, cast: Cast, photo_file: Callable
) -> None:
    page = opened(phone(cast.street_clerk), estate)
    card = fail(page, city["items"][2])
    card.get_by_role("button", name="堆放杂物").tap()
    found, after = (photo_file(f"{n}.jpg", picture(shade=n * 60)) for n in range(2))
    card.locator("[data-stage=found]").first.set_input_files(found)
    card.get_by_label("当场已改正").check()
    page.get_by_role("button", name="填完上报").tap()
    expect(card.locator("[data-problem]")).to_contain_text("再拍 1 张改正后的照片")
    card.locator("[data-stage=fixed]").first.set_input_files(after)
    expect(card.locator("[data-ths=fixed] [data-thumb]")).to_have_count(1)
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("2 张全部收到")).to_be_visible()
    result = Inspection.objects.get().results.get(item=city["items"][2])
    assert result.fixed_on_site
    assert sorted(result.photos.values_list("stage", flat=True)) == ["fixed", "found"]


def test_what_is_in_order_is_shown_by_a_photo(
    phone: Callable, estate: Estate, cast: Cast, photo_file: Callable
) -> None:
    """The card of such an item is open on 有, with nothing but its photos."""
    firm_serving(estate)
    round = make_proof_round(cast.city_manager)
    wanted, allowed, none, _ = round.checklist.items.order_by("position")
    page = opened(phone(cast.street_clerk), estate)
    cards = {item: page.locator(f'[data-fix="{item.pk}"]') for item in (wanted, allowed, none)}
    expect(cards[wanted].locator("[data-photo-words]")).to_have_text("至少 1 张")
    expect(cards[allowed].locator("[data-photo-words]")).to_have_text("可不拍")
    expect(cards[none]).to_be_hidden()
    state = page.locator("[data-group-state]").first
    expect(state).to_have_text("还有 1 项要拍照")
    expect(cards[wanted].locator("textarea")).to_be_hidden()
    page.get_by_role("button", name="填完上报").tap()
    expect(cards[wanted].locator("[data-problem]")).to_contain_text("请至少拍 1 张照片。")
    # Failed and in order again: the words and the photos follow the answer.
    page.locator(f"#item-{wanted.pk} label", has_text="否").tap()
    expect(cards[wanted].locator("textarea")).to_be_visible()
    page.locator(f"#item-{wanted.pk} label", has_text="是").tap()
    expect(cards[wanted].locator("textarea")).to_be_hidden()
    expect(cards[wanted].locator("[data-problem]")).to_be_hidden()
    for item, shade in ((wanted, 20), (allowed, 70)):
        camera = cards[item].locator("[data-stage=found]").first
        camera.set_input_files(photo_file(f"{shade}.jpg", picture(shade=shade)))
        expect(cards[item].locator("[data-thumb]")).to_have_count(1)
    expect(state).to_have_text("全部合格")
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_text("2 张全部收到")).to_be_visible()
    inspection = Inspection.objects.get()
    assert (inspection.score, inspection.failed_count) == (100, 0)
    kept_with = EvidencePhoto.objects.values_list("result__item", "result__outcome")
    assert set(kept_with) == {(wanted.pk, "pass"), (allowed.pk, "pass")}


def test_two_tabs_fill_one_record(phone: Callable, city: dict, estate: Estate, cast: Cast) -> None:
    first = opened(phone(cast.street_clerk), estate)
    second = first.context.new_page()
    second.goto(first.url)
    one, two = city["items"][0], city["items"][1]
    fail(first, one).locator("textarea").fill("第一页写的")
    expect(second.locator(f'[data-fix="{one.pk}"] textarea')).to_have_value("第一页写的")
    fail(second, two).locator("textarea").fill("第二页写的")
    expect(first.locator(f'[data-fix="{two.pk}"] textarea')).to_have_value("第二页写的")
    expect(said(second)).to_contain_text("已存草稿")
    draft = Inspection.objects.get()
    notes = {pk: answer.note for pk, answer in services.answers_of(draft).items()}
    assert notes == {one.pk: "第一页写的", two.pk: "第二页写的"}
    second.close()


def test_the_form_works_without_scripts(
    browser: Any, live_server: Any, phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    cookies = phone(cast.street_clerk).context.cookies()
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(reverse("inspections:inspection-mine"))
    page.get_by_role("link", name=re.compile(estate.name)).click()
    page.locator(f"#item-{city['items'][1].pk} label", has_text="不合格").click()
    page.get_by_role("button", name="填完上报").click()
    card = page.locator(f'[data-fix="{city["items"][1].pk}"]')
    assert "请写明问题。" in card.inner_text()
    card.locator("textarea").fill("缺一页")
    page.get_by_role("button", name="填完上报").click()
    assert page.get_by_text("房管中心已收到").is_visible()
    context.close()
