"""The pages about accounts, as their readers meet them."""

import datetime as dt
import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from accounts.choices import Role, TokenRight
from accounts.models import ApiToken, User
from accounts.services import tokens, users
from accounts.tables import agent_words
from tests.support.people import PASSWORD
from xingyang_pm.common import clock
from xingyang_pm.common.menu import shown_to

from .conftest import WRONG, audit_text, entries, the_entry, try_sign_in

USERS = "/accounts/users/"
NEW_USER = {
    "username": "qianyun",
    "name": "钱芸",
    "duty": "物业办",
    "phone": "13800001234",
    "email": "",
    "roles": [Role.STREET_CLERK],
}


def page_of(user: User, name: str = "detail") -> str:
    return reverse(f"accounts:user-{name}", args=[user.pk])


@pytest.fixture
def admin(client_for, system_admin) -> Client:
    return client_for(system_admin)


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# --- a secret is shown once ------------------------------------------------------------------


def secret_of(response) -> str:
    return re.search(r'class="secret[^"]*">([^<]+)<', response.content.decode())[1]


def test_a_temporary_password_is_shown_once(admin, cast):
    response = admin.post(f"{USERS}new/", {**NEW_USER, "office": cast.street_office.pk})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    secret = secret_of(response)
    user = User.objects.get(username="qianyun")
    assert user.check_password(secret)
    for url in (page_of(user), USERS, f"{USERS}new/", page_of(user, "reset")):
        assert secret not in admin.get(url).content.decode()
    assert secret not in audit_text()
    assert secret not in str(dict(admin.session.items()))
    again = admin.post(f"{USERS}new/", {**NEW_USER, "office": cast.street_office.pk})
    assert again.status_code == 422, "sending the form again makes no second account"
    assert "已有人用" in text(again)


def test_a_reset_password_is_shown_once(admin, street_clerk):
    url = page_of(street_clerk, "reset")
    assert "马上作废" in text(admin.get(url))
    street_clerk.refresh_from_db()
    assert street_clerk.check_password(PASSWORD), "asking resets nothing"
    response = admin.post(url)
    secret = secret_of(response)
    assert "no-store" in response["Cache-Control"]
    street_clerk.refresh_from_db()
    assert street_clerk.check_password(secret)
    assert secret not in audit_text() + admin.get(page_of(street_clerk)).content.decode()


def test_a_key_is_shown_once(admin, cast):
    response = admin.post(
        "/accounts/tokens/new/",
        {
            "user": cast.city_manager.pk,
            "name": "市数据平台",
            "rights": [TokenRight.REGISTRY],
            "expires_on": clock.today() + dt.timedelta(days=10),
        },
    )
    secret = secret_of(response)
    token = ApiToken.objects.get()
    assert secret.startswith(token.prefix)
    shown = admin.get("/accounts/tokens/").content.decode()
    assert f"{token.prefix}…" in shown
    assert secret not in shown + audit_text()


def test_a_rejected_form_keeps_what_was_typed(admin, cast):
    response = admin.post(
        f"{USERS}new/", {**NEW_USER, "office": cast.bureau.pk, "username": "Qian"}
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="Qian"' in page
    assert 'value="钱芸"' in page
    assert re.search(r'value="street_clerk"[^>]* checked', page)
    assert "用户名由小写字母开头" in page
    assert not User.objects.filter(name="钱芸").exists()


# --- the list --------------------------------------------------------------------------------


def names_on(response) -> set[str]:
    body = re.search(r"<tbody>(.*?)</tbody>", response.content.decode(), re.S)[1]
    return set(re.findall(r'href="/accounts/users/\d+/"[^>]*>([^<]+)<', body))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=suohe", {"王秀兰", "李建国"}),
        ("role=auditor", {"郑文静"}),
        ("state=left", {"赵雪梅"}),
        ("state=disabled", {"孙海涛"}),
        ("state=locked", {"周敏"}),
        ("state=temporary", {"张志强"}),
        ("state=none", {"钱多余"}),
    ],
)
def test_people_are_found(admin, cast, query, expected):
    users.user_leave(actor=cast.system_admin, user=cast.other_clerk, left_on=clock.today())
    users.user_disable(actor=cast.system_admin, user=cast.other_leader, reason="产假")
    User.objects.filter(pk=cast.inspector.pk).update(must_change_password=True)
    for _ in range(5):
        try_sign_in(Client(), cast.finance_officer.username, WRONG)
    assert names_on(admin.get(f"{USERS}?{query}")) == expected


def test_people_are_found_by_office(admin, cast):
    found = names_on(admin.get(f"{USERS}?office={cast.street_office.pk}"))
    assert found == {"王秀兰", "李建国"}


def test_a_mistyped_filter_is_named_and_no_crash(admin):
    response = admin.get(f"{USERS}?role=emperor&office=x&state=?")
    assert response.status_code == 200
    assert "没有用上" in text(response)


def test_the_list_costs_the_same_for_more_people(admin, cast, make_person, assert_constant_queries):
    def more():
        for number in range(10):
            make_person(f"more{number}", cast.bureau, Role.INSPECTOR)

    assert assert_constant_queries(lambda: admin.get(USERS), more) <= 14


def test_the_export_holds_the_shown_rows_and_masks_phones(admin, cast):
    User.objects.filter(pk=cast.street_clerk.pk).update(phone="13812342206")
    response = admin.get(f"{USERS}?office={cast.street_office.pk}&export=xlsx")
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    rows = list(book.active.iter_rows(values_only=True))
    flat = [str(cell) for row in rows for cell in row if cell]
    assert sum("suohe_" in cell for cell in flat) == 2
    assert "138****2206" in flat
    assert not any("13812342206" in cell for cell in flat)
    assert "导出" in the_entry("export").summary


def test_phones_are_masked_but_for_who_needs_them(admin, client_for, auditor, street_clerk):
    User.objects.filter(pk=street_clerk.pk).update(phone="13812342206")
    assert "138****2206" in text(admin.get(USERS))
    assert "13812342206" not in text(admin.get(USERS))
    assert "13812342206" in text(admin.get(page_of(street_clerk)))
    assert the_entry("personal.view").summary == "查看“王秀兰”的手机号"
    looked = text(client_for(auditor).get(page_of(street_clerk)))
    assert "138****2206" in looked
    assert "13812342206" not in looked
    assert len(entries("personal.view")) == 1


# --- one account -----------------------------------------------------------------------------


def test_what_can_be_done_is_offered(admin, cast):
    for _ in range(5):
        try_sign_in(Client(), cast.street_clerk.username, WRONG)
    page = text(admin.get(page_of(cast.street_clerk)))
    for word in ("解除锁定", "停用", "登记离岗", "重置密码", "单位和角色", "修改资料", "登录锁定"):
        assert word in page
    own = text(admin.get(page_of(cast.system_admin)))
    assert "重置密码" not in own
    assert "登记离岗" not in own


def test_the_own_account_cannot_be_closed_on_its_page_either(admin, system_admin):
    for name in ("reset", "disable", "leave", "unlock"):
        page = text(admin.get(page_of(system_admin, name)))
        assert "自己的账号由另一位系统管理员办理。" in page
    assert admin.post(page_of(system_admin, "reset")).status_code == 403
    assert admin.post(page_of(system_admin, "disable"), {"reason": "x"}).status_code == 403


def test_the_acts_by_page(admin, cast):
    clerk = cast.street_clerk
    assert admin.post(page_of(clerk, "disable"), {"reason": ""}).status_code == 422
    assert admin.post(page_of(clerk, "disable"), {"reason": "产假"}).status_code == 302
    assert admin.post(page_of(clerk, "disable"), {"reason": "产假"}).status_code == 409
    assert "恢复使用" in text(admin.get(page_of(clerk)))
    assert admin.post(page_of(clerk, "enable")).status_code == 302
    assert admin.post(page_of(clerk, "leave"), {"left_on": "2001-13-40"}).status_code == 422
    assert admin.post(page_of(clerk, "leave"), {"left_on": clock.today()}).status_code == 302
    clerk.refresh_from_db()
    assert clerk.left_on == clock.today()


def test_roles_by_page(admin, cast):
    url = page_of(cast.inspector, "roles")
    page = admin.get(url).content.decode()
    assert re.search(r'value="inspector"[^>]* checked', page)
    wrong = admin.post(url, {"office": cast.bureau.pk, "roles": ["auditor", "inspector"]})
    assert wrong.status_code == 422
    assert "审计员不能兼任其他角色。" in text(wrong)
    right = admin.post(url, {"office": cast.bureau.pk, "roles": ["bureau_manager", "inspector"]})
    assert right["Location"] == page_of(cast.inspector)
    assert User.objects.get(pk=cast.inspector.pk).role_codes == {"bureau_manager", "inspector"}


def test_the_timeline_of_an_account_tells_what_happened(admin, cast):
    try_sign_in(Client(), cast.street_clerk.username, WRONG)
    try_sign_in(Client(), cast.street_clerk.username)
    page = text(admin.get(page_of(cast.street_clerk)))
    assert "系统 没有让 “suohe_jb” 登录：密码不对" in page
    assert "王秀兰 登录" in page


def test_the_auditor_looks_and_changes_nothing(client_for, cast):
    auditor = client_for(cast.auditor)
    assert auditor.get(USERS).status_code == 200
    assert auditor.get("/accounts/offices/").status_code == 200
    detail = text(auditor.get(page_of(cast.street_clerk)))
    assert "重置密码" not in detail
    for name in ("update", "roles", "reset", "disable", "leave", "enable", "unlock"):
        assert auditor.post(page_of(cast.street_clerk, name)).status_code == 403


@pytest.mark.parametrize(
    ("part", "labels"),
    [
        ("system_admin", ["用户", "单位", "接口密钥"]),
        ("auditor", ["用户", "单位", "操作日志"]),
        ("street_clerk", []),
    ],
)
def test_the_menu_shows_what_may_be_opened(cast, part, labels):
    sections = {section.label: section for section in shown_to(cast.people[part])}
    shown = {item.label for item in sections["系统"].items} if "系统" in sections else set()
    assert set(labels) <= shown
    assert not shown & ({"用户", "单位", "接口密钥", "操作日志"} - set(labels))


# --- offices and keys ------------------------------------------------------------------------


def test_an_office_and_its_people(admin, cast):
    page = text(admin.get(reverse("accounts:office-detail", args=[cast.street_office.pk])))
    assert "王秀兰" in page
    assert "赵雪梅" not in page
    url = reverse("accounts:office-update", args=[cast.street_office.pk])
    assert admin.post(url, {"phone": "0371-60000000", "is_active": "on"}).status_code == 302
    closed = admin.post(url, {"phone": ""})
    assert closed.status_code == 422
    assert "还有 2 个在用的账号" in text(closed)


def test_a_key_form_offers_readers_only(admin, cast):
    page = admin.get("/accounts/tokens/new/").content.decode()
    assert f'<option value="{cast.city_manager.pk}"' in page
    assert f'<option value="{cast.system_admin.pk}"' not in page
    assert f'<option value="{cast.outsider.pk}"' not in page


def test_my_keys_stand_on_my_page_and_i_stop_them(client_for, cast):
    token, _ = tokens.token_create(
        actor=cast.system_admin,
        user=cast.street_clerk,
        name="每晚取数",
        rights=[TokenRight.REGISTRY],
        expires_on=clock.today() + dt.timedelta(days=9),
    )
    mine, theirs = client_for(cast.street_clerk), client_for(cast.other_clerk)
    url = reverse("accounts:token-revoke", args=[token.pk])
    assert "每晚取数" in text(mine.get("/accounts/me/"))
    assert "每晚取数" not in text(theirs.get("/accounts/me/"))
    assert theirs.post(url).status_code == 404
    assert mine.post(url)["Location"] == "/accounts/me/"
    token.refresh_from_db()
    assert token.revoked_at is not None


# --- my account ------------------------------------------------------------------------------


def test_people_without_a_role_are_told_whom_to_ask(client_for, outsider):
    assert "还没有角色" in text(client_for(outsider).get("/accounts/me/"))


def test_large_type_follows_the_person(client_for, street_clerk):
    client = client_for(street_clerk)
    client.cookies[f"big-{street_clerk.pk}"] = "0"
    response = client.post("/accounts/me/large-text/", {"large": "1"})
    assert response.cookies[f"big-{street_clerk.pk}"]["max-age"] == 0
    assert 'class="big"' in client.get("/accounts/me/").content.decode()
    client.post("/accounts/me/large-text/", {"large": "0"})
    assert 'class="big"' not in client.get("/accounts/me/").content.decode()
    assert client.post("/accounts/me/large-text/", {"large": "7"}).status_code == 422


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/139.0 Safari/537.36 Edg/139.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
         "MicroMessenger/8.0", "微信 · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/139.0 Mobile Safari/537.36",
         "Chrome · 安卓"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_named_as_people_name_it(agent, words):
    assert agent_words(agent) == words


def test_a_strange_browser_does_no_harm(client_for, street_clerk):
    client = Client(HTTP_USER_AGENT="<script>alert(1)</script>")
    try_sign_in(client, street_clerk.username)
    assert "<script>alert" not in client.get("/accounts/sessions/").content.decode()
