"""Review and entry at the desk in Chromium: boxes by mouse, the table by keyboard, photo pairs."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from estates.models import Estate
from inspections import services
from inspections.models import EvidencePhoto, Inspection, PhotoFlag, PhotoRedaction
from inspections.services import Answer, Visit
from tests.inspections.conftest import (
    firm_serving,
    make_round,
    order_over,
    picture,
    reply_to,
    serve,
)
from tests.support.browser import assert_readable
from tests.support.people import Cast
from xingyang_pm.common import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def _today() -> None:
    """The server runs in threads of its own and keeps the real day."""


@pytest.fixture
def city(cast: Cast, estate: Estate, other_estate: Estate) -> dict[str, Any]:
    firm_serving(estate, other_estate)
    today = clock.today()
    round = make_round(cast.city_manager, None, today, today + dt.timedelta(days=7))
    return {"round": round, "items": list(round.checklist.items.order_by("position"))}


def reported(city: dict[str, Any], estate: Estate, actor: Any, scene: int) -> Inspection:
    item = city["items"][0]
    draft = services.inspection_start(estate=estate, actor=actor, round=city["round"])
    services.photo_add(
        inspection=draft, item=item, actor=actor, source=picture((800, 600), scene=scene)
    )
    return services.inspection_submit(
        inspection=draft,
        actor=actor,
        answers={item.pk: Answer("fail", item.deduction_step, "收费标准一页脱落", 3)},
        visit=Visit(companion="李明轩"),
    )


def dragged(page: Page, box: tuple[float, float, float, float]) -> None:
    """Draw a box on the photo, in parts of its width and height."""
    area = page.locator("[data-stage] img").bounding_box()
    assert area
    left, top, right, bottom = box
    page.mouse.move(area["x"] + area["width"] * left, area["y"] + area["height"] * top)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * right, area["y"] + area["height"] * bottom)
    page.mouse.up()


def test_boxes_are_drawn_removed_and_kept(
    desktop: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    inspection = reported(city, estate, cast.street_clerk, 5)
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    photo = EvidencePhoto.objects.get()
    page = desktop(cast.city_manager)
    page.goto(inspection.get_absolute_url())
    page.get_by_role("link", name="遮挡人脸和车牌").click()
    expect(page.locator("[data-stage] img")).to_be_visible()
    dragged(page, (0.1, 0.1, 0.3, 0.4))
    dragged(page, (0.5, 0.5, 0.7, 0.8))
    expect(page.locator(".redact-box")).to_have_count(2)
    assert_readable(page)
    page.get_by_role("button", name="删去第 1 个框").click()
    expect(page.locator(".redact-box")).to_have_count(1)
    page.get_by_label("第 1 个框的左").fill("20")
    for part, value in (("上", "30"), ("宽", "40"), ("高", "50")):
        page.get_by_label(f"第 1 个框的{part}").fill(value)
    expect(page.locator(".redact-box")).to_have_count(2)
    page.get_by_role("button", name="保存遮挡").click()
    expect(page.get_by_text("已遮挡 2 处，这张照片可以公开")).to_be_visible()
    typed, drawn = PhotoRedaction.objects.get(photo=photo).boxes
    assert typed == [20, 30, 40, 50]
    assert all(abs(a - b) <= 6 for a, b in zip(drawn, (500, 500, 200, 300), strict=True))


def test_the_table_is_filled_by_keyboard_and_reported(
    desktop: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = desktop(cast.street_clerk)
    page.goto(reverse("inspections:entry-table", args=[city["round"].pk]))
    assert_readable(page)
    cell = page.get_by_role("button", name=re.compile(r"1\.1 .*：合格"))
    cell.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.locator("dialog[open].cell-panel")
    expect(panel).to_contain_text("1.2 公开服务内容")
    panel.get_by_role("button", name="存下").click()
    expect(panel).to_contain_text("请写明问题")
    panel.get_by_label("问题描述").fill("服务内容缺一页")
    panel.get_by_label(re.compile("扣分")).fill("4")
    panel.get_by_role("button", name="存下").click()
    failed = page.get_by_role("button", name=re.compile(r"1\.2 .*：不合格，扣 4 分"))
    expect(failed).to_have_text("−4")
    expect(failed).to_be_focused()
    expect(page.locator("[data-state]")).to_contain_text(re.compile(r"草稿 \d\d:\d\d　96 分"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel.get_by_text("不适用").click()
    panel.get_by_role("button", name="存下").click()
    expect(page.locator("[data-state]")).to_contain_text("95 分")  # kept at the office
    page.reload()
    expect(page.get_by_role("button", name=re.compile("：不适用"))).to_have_text("免")
    page.get_by_label(f"选{estate.name}").check()
    expect(page.get_by_role("button", name="上报选中的 1 份")).to_be_visible()
    page.get_by_role("button", name="上报选中的 1 份").click()
    expect(page.get_by_text("已上报 1 份检查")).to_be_visible()
    inspection = Inspection.objects.get()
    # 100 × (80 − 4) ÷ 80
    assert (inspection.score, inspection.failed_count) == (95, 1)


def test_the_table_leads_a_phone_to_its_own_page(
    phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    page = phone(cast.street_clerk)
    page.goto(reverse("inspections:entry-table", args=[city["round"].pk]))
    expect(page.locator("[data-table]")).to_be_hidden()
    page.get_by_role("link", name="去我的检查").tap()
    expect(page.get_by_text(estate.name)).to_be_visible()


def test_a_doubt_is_judged_on_the_record(
    desktop: Callable, city: dict, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    reported(city, estate, cast.street_clerk, 5)
    second = reported(city, other_estate, cast.other_clerk, 5)
    page = desktop(cast.city_manager)
    page.goto(second.get_absolute_url())
    expect(page.get_by_text("还有 1 处照片疑点没有写结论").last).to_be_visible()
    assert_readable(page)
    page.get_by_role("button", name="属实可用").click()
    expect(page.get_by_text("已记为属实可用")).to_be_visible()
    assert PhotoFlag.objects.get().verdict == "fine"


def test_before_and_after_stand_side_by_side(
    desktop: Callable, phone: Callable, city: dict, estate: Estate, cast: Cast
) -> None:
    inspection = reported(city, estate, cast.inspector, 5)
    order = serve(order_over(inspection, cast.inspector), cast.inspector)
    reply_to(order, cast.street_clerk)
    page = desktop(cast.city_manager)
    page.goto(inspection.get_absolute_url())
    page.locator("[data-pair] a").first.click()
    viewer = page.locator("dialog.viewer.pair")
    expect(viewer.locator("figcaption").first).to_contain_text("整改前　检查")
    expect(viewer.locator("figcaption").last).to_contain_text("整改后　回复")
    for image in viewer.locator("img").all():
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("picture => picture.naturalWidth") > 0
    one, two = (viewer.locator("figure").nth(place).bounding_box() for place in (0, 1))
    assert one["y"] == two["y"]
    page.keyboard.press("ArrowRight")
    expect(viewer).to_be_visible()
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    small = phone(cast.city_manager)
    small.goto(inspection.get_absolute_url())
    small.locator("[data-pair] a").first.tap()
    stacked = small.locator("dialog.viewer.pair figure")
    one, two = (stacked.nth(place).bounding_box() for place in (0, 1))
    assert two["y"] >= one["y"] + one["height"]
    assert one["x"] == two["x"]


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_a_repair_shown_by_its_fault_is_compared_and_rechecked(
    request: pytest.FixtureRequest, screen: str, city: dict, estate: Estate, cast: Cast
) -> None:
    inspection = reported(city, estate, cast.inspector, 5)
    order = serve(order_over(inspection, cast.inspector), cast.inspector)
    item = services.open_items(order)[0]
    services.rectification_reply(
        order=order,
        actor=cast.street_clerk,
        completed_on=clock.today(),
        responsible="张利民",
        measures={item.pk: "已清理"},
        photos={item.pk: [services.Upload(picture((800, 600), scene=5))]},
    )
    page: Page = request.getfixturevalue(screen)(cast.inspector)
    page.goto(order.get_absolute_url())
    expect(page.get_by_text("与整改前的照片是同一张")).to_be_visible()
    assert_readable(page)
    page.locator(".doubt a[data-photo]").first.click()
    viewer = page.locator("dialog.viewer.pair")
    expect(viewer).to_contain_text("疑点对照")
    expect(viewer.locator("figcaption").first).to_contain_text("这一张　回复")
    expect(viewer.locator("figcaption").last).to_contain_text("另一张")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="登记复查结果").click()
    page.get_by_label("整改到位", exact=True).check()
    page.get_by_role("button", name="登记复查结果").click()
    expect(page.get_by_text("请先写这处疑点的结论").first).to_be_visible()
    assert_readable(page)
    page.get_by_label("属实可用").check()
    page.get_by_role("button", name="登记复查结果").click()
    expect(page.get_by_text("整改到位，已销号")).to_be_visible()
    assert PhotoFlag.objects.get().verdict == "fine"


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_two_versions_of_a_checklist_stand_in_columns(
    screen: str, request: pytest.FixtureRequest, city: dict, cast: Cast
) -> None:
    """Items added, dropped and reworded: every line of a column begins at the same place."""
    manager, old = cast.city_manager, city["round"].checklist
    copy = services.checklist_copy_as_new_version(checklist=old, actor=manager)
    one, two, three, _ = copy.items.order_by("position")
    services.checklist_item_update(
        item=one,
        actor=manager,
        text="公开收费标准、收费依据和投诉电话",
        points=Decimal(25),
        guidance="看公示栏，每一页都有日期和印章；没有的问明原因。" * 3,
        bases=[services.Basis("《郑州市物业管理条例》第三十八条", dt.date(2021, 10, 1))],
    )
    services.checklist_item_update(item=three, actor=manager, default_days=30, pass_photo="allowed")
    services.checklist_item_remove(item=two, actor=manager)
    services.checklist_item_add(
        checklist=copy,
        actor=manager,
        heading="楼道与消防",
        text="地下车库充电桩有专人巡查、有灭火器材",
        points=Decimal(35),
        deduction_step=Decimal(5),
    )
    page = request.getfixturevalue(screen)(manager)
    page.goto(reverse("inspections:checklist-compare", args=[copy.pk]) + f"?with={old.pk}")
    assert_readable(page)
    expect(page.locator(".compare tr.group")).to_have_count(2)
    starts = page.eval_on_selector_all(
        ".compare tr:not(.group) > td",
        """cells => cells.map(cell => {
          const words = document.createRange();
          words.selectNodeContents(cell);
          return [cell.cellIndex, Math.round(words.getBoundingClientRect().left)];
        })""",
    )
    columns = {index: {place for at, place in starts if at == index} for index in range(3)}
    assert [len(places) for places in columns.values()] == [1, 1, 1]
