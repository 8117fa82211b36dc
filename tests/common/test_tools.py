"""Pages of packages, in a real browser under the portal's content policy: the page of the API
and Django's admin."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import assert_readable

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_page_of_the_api_lists_the_addresses_and_answers(desktop, cast):
    page = desktop(cast.city_manager)
    page.goto("/api/")
    expect(page.get_by_role("heading", name="荥阳市物业管理平台 数据接口")).to_be_visible()
    first = page.locator(".opblock", has_text="/api/v1/estates/").first
    assert_readable(page)
    first.get_by_role("button").first.click()
    first.get_by_role("button", name="Try it out").click()
    first.get_by_role("button", name="Execute").click()
    answer = first.locator(".live-responses-table tbody .response-col_status")
    expect(answer.first).to_contain_text("200")


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_the_admin_is_readable(request, cast, make_estate, screen):
    estate = make_estate()
    page = request.getfixturevalue(screen)(cast.system_admin)
    rows = "/admin/estates/estate/"
    for address in ("/admin/", rows, f"{rows}?q=院", f"{rows}{estate.pk}/change/"):
        page.goto(address)
        assert_readable(page)
