"""The claim's page in a real browser: rows that open, filters that swap, an act, readable."""

import re

import pytest
from playwright.sync_api import expect

from subsidies import services
from tests.subsidies.conftest import Month, many_estates
from tests.support.browser import assert_readable

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_a_clerk_reads_a_line_and_sends_the_claim(request, month: Month, screen):
    many_estates(month, 30)
    claim = month.open()
    services.line_exclude(line=claim.lines.last(), reason="正在改造", actor=month.cast.street_clerk)
    page = request.getfixturevalue(screen)(month.cast.street_clerk)
    page.goto(claim.get_absolute_url())
    assert_readable(page)
    page.get_by_role("button", name="展开 工商局家属院").click()
    tree = page.locator(".tree")
    expect(tree).to_contain_text("录入 王秀兰，核定 李建国")
    expect(tree).to_contain_text("1,420.00")
    assert_readable(page)
    page.get_by_role("link", name=re.compile("^不列入")).first.click()
    expect(page.locator("#list tbody tr:not(.sum)")).to_have_count(1)
    expect(page).to_have_url(re.compile("only=excluded"))
    page.goto(claim.get_absolute_url())
    page.get_by_role("link", name="报送审核").click()
    expect(page.locator("main")).to_contain_text("25,660.00 元")
    assert_readable(page)
    page.get_by_label(re.compile("^意见")).fill("户数属实")
    page.get_by_role("button", name="报送审核").click()
    expect(page.locator(".stages")).to_contain_text("王秀兰")
    expect(page.locator("h1")).to_contain_text("待街道审核")
    claim.refresh_from_db()
    assert (claim.status, claim.acts.get().opinion) == ("submitted", "户数属实")


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_every_page_of_the_money_is_readable(request, month: Month, screen):
    month.add_estate(None, name="名称很长很长的老旧小区家属院东区二期南楼")
    claim = month.brought_to("approved")
    line = claim.lines.first()
    sign_in = request.getfixturevalue(screen)
    finance = sign_in(month.cast.finance_officer)
    for path in (
        "",
        f"{claim.pk}/",
        f"{claim.pk}/pay/",
        f"{claim.pk}/pay/{month.provider.pk}/",
        f"lines/{line.pk}/",
        "gaps/",
        "payments/",
        "rates/",
        f"rates/{month.rate.pk}/",
    ):
        finance.goto(f"/subsidies/{path}")
        assert_readable(finance)
    manager = sign_in(month.cast.city_manager)
    for path in ("open/", "rates/new/", f"{claim.pk}/recompute/", f"lines/{line.pk}/deduct/"):
        manager.goto(f"/subsidies/{path}")
        assert_readable(manager)
