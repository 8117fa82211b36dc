"""The sign-in in a real browser: no script error, nothing that the content policy refuses."""

import base64
import re
import time

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from tests.support.browser import assert_readable
from tests.support.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fill(page: Page, username: str, password: str = PASSWORD) -> None:
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_a_clerk_signs_in_after_a_slip(request, cast, screen):
    page = request.getfixturevalue(screen)()
    page.goto("/estates/?q=家属院")
    assert_readable(page)
    fill(page, cast.street_clerk.username, "Wrong-Pass-1")
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码不对，还可以再试 4 次。")
    assert_readable(page)
    expect(page.get_by_label("用户名")).to_have_value(cast.street_clerk.username)
    expect(page.get_by_label("密码", exact=True)).to_be_focused()
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="显示密码").click()
    expect(page.get_by_label("密码", exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page).to_have_url(re.compile(r"/estates/\?q="))


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_an_approver_binds_a_phone(request, cast, screen, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    page = request.getfixturevalue(screen)()
    page.goto("/accounts/login/?next=/accounts/me/")
    fill(page, cast.bureau_leader.username)
    expect(page.get_by_role("button", name="开始绑定")).to_be_visible()
    assert_readable(page)
    page.get_by_role("button", name="开始绑定").click()
    expect(page.locator("img[alt^=绑定动态码]")).to_be_visible()
    assert_readable(page)
    assert page.locator("img[alt^=绑定动态码]").evaluate("image => image.naturalWidth") > 0
    secret = re.search(r"((?:[A-Z2-7]{4} ?){8})", page.locator(".bx").inner_text())[1]
    totp = TOTP(base64.b32decode(secret.replace(" ", "")))
    totp.time = time.time()
    page.get_by_label("动态码").fill(f"{totp.token():06d}")
    page.get_by_role("button", name="绑定", exact=True).click()
    expect(page).to_have_url(re.compile(r"/accounts/me/$"))
    expect(page.get_by_text("动态码已绑定，以后登录都要输入。")).to_be_visible()
