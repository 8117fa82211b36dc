"""The bulletin's editor in a real browser: it saves by itself and mends one number alone."""

import pytest
from playwright.sync_api import expect

from outreach.models import Bulletin
from tests.common.pdf_reading import texts
from tests.support.browser import assert_readable

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_wrong_number_is_pointed_at_and_mended_where_it_stands(draft: Bulletin, cast, desktop):
    """The typed 2 stands in 12月2日, too: the button changes the figure, never the date."""
    page = desktop(cast.city_manager)
    page.goto(draft.get_absolute_url())
    area = page.locator("#block-b4 textarea")
    drafted = area.input_value()
    added = f"截至12月2日，{drafted}"
    area.fill(added.replace("已销号0份", "已销号2份"))
    flag = page.locator("#block-b4 .flag")
    expect(flag).to_contain_text("文字写 2，冻结数据为 0")
    expect(page.locator("[data-wrong-count]")).to_have_text("1 处不符")
    flag.get_by_role("button", name="改为 0").click()
    expect(page.locator("[data-wrong-count]")).to_have_text("全部相符")
    expect(flag).to_have_count(0)
    assert area.input_value() == added
    draft.refresh_from_db()
    assert draft.blocks[4]["text"] == added
    # The preview beside it is the paper of what was saved.
    paper = page.frame_locator("[data-preview]")
    expect(paper.locator("body")).to_contain_text("截至12月2日")


def test_of_two_wrong_figures_the_one_clicked_is_mended_and_a_lost_one_has_no_button(
    draft: Bulletin, cast, phone
):
    page = phone(cast.city_manager)
    page.goto(draft.get_absolute_url())
    area = page.locator("#block-b2 textarea")
    wrong = area.input_value().replace("，平均得分83.0分", "")
    area.fill("2026年11月，" + wrong.replace("以上1个", "以上-1个").replace("以下1个", "以下9个"))
    flags = page.locator("#block-b2 .flag")
    expect(flags).to_have_count(3)
    expect(flags.nth(0)).to_contain_text("这一段里没有找到 83.0 分")
    expect(flags.nth(0).get_by_role("button")).to_have_count(0)
    expect(page.locator("[data-section=b1]")).to_have_text("不符 3")
    assert_readable(page)
    flags.nth(2).get_by_role("button", name="改为 1").click()
    expect(flags).to_have_count(2)
    assert "以上-1个，80分至90分0个，80分以下1个" in area.input_value()
    flags.nth(1).get_by_role("button", name="改为 1").click()
    expect(flags).to_have_count(1)
    assert area.input_value() == "2026年11月，" + wrong


def test_words_written_before_the_script_has_loaded_are_saved_too(draft: Bulletin, cast, desktop):
    page = desktop(cast.city_manager)
    held = []
    page.route("**/js/bulletin*.js", lambda route: held.append(route))
    page.goto(draft.get_absolute_url(), wait_until="commit")
    area = page.locator("#block-b4 textarea")
    written = area.input_value().replace("已销号0份", "已销号2份")
    area.fill(written)
    held[0].continue_()
    expect(page.locator("[data-wrong-count]")).to_have_text("1 处不符")
    draft.refresh_from_db()
    assert draft.blocks[4]["text"] == written


def test_what_is_written_while_a_save_is_under_way_goes_along_to_the_signing(
    draft: Bulletin, cast, desktop
):
    page = desktop(cast.city_manager)
    page.goto(draft.get_absolute_url())
    slow = []
    page.route("**/save/", lambda route: slow.append(route), times=1)
    area = page.locator("#block-b4 textarea")
    first = area.input_value() + "特此通报。"
    with page.expect_request("**/save/"):
        area.fill(first)
    area.fill(first + "各街道办事处要举一反三。")
    page.get_by_role("link", name="送签发").click()
    slow[0].continue_()
    expect(page.get_by_role("button", name="送签发")).to_be_visible()
    draft.refresh_from_db()
    assert draft.blocks[4]["text"] == first + "各街道办事处要举一反三。"


def test_a_section_that_is_not_printed_is_no_longer_wrong(draft: Bulletin, cast, desktop):
    page = desktop(cast.city_manager)
    page.goto(draft.get_absolute_url())
    area = page.locator("#block-b2 textarea")
    area.fill(area.input_value().replace("以上1个", "以上7个"))
    expect(page.locator("[data-wrong-count]")).to_have_text("1 处不符")
    eye = page.get_by_role("button", name="不印“总体情况”")
    eye.click()
    expect(page.locator("[data-wrong-count]")).to_have_text("全部相符")
    expect(page.locator("[data-section=b1]")).to_be_hidden()
    expect(page.locator("#block-b2 .bt")).to_contain_text("不印")
    eye.click()
    expect(page.locator("[data-wrong-count]")).to_have_text("1 处不符")


def test_a_preview_printed_by_the_browser_is_a_draft_on_every_page(draft, cast, desktop):
    page = desktop(cast.city_manager)
    page.goto(draft.get_absolute_url() + "preview/")
    pages = texts(page.pdf(prefer_css_page_size=True))
    assert len(pages) >= 2
    assert all("草稿，未签发" in one for one in pages)
