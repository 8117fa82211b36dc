"""Sign-in: the same for all who may not come in, and a lock that opens by itself."""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from accounts import selectors
from accounts.models import User, UserSession
from tests.support.people import PASSWORD
from xingyang_pm.common.models import AuditEntry

from .conftest import (
    LOGIN,
    WRONG,
    age_attempts,
    audit_text,
    entries,
    failures_text,
    is_out,
    session_text,
    the_entry,
    try_sign_in,
)


def problem(response) -> str:
    """Return what the page says under the password."""
    found = re.search(
        r'id="password-problem"[^>]*>.*?<span>(.*?)</span>', response.content.decode()
    )
    return found[1] if found else ""


def test_the_page_names_who_runs_it(client, db, settings):
    page = client.get(LOGIN).content.decode()
    for text in (
        "荥阳市物业管理平台",
        f"主办单位：{settings.OFFICE_NAME}",
        settings.ICP_NUMBER,
        settings.POLICE_NUMBER,
        "演示数据，不作办事依据",
    ):
        assert text in page


def test_a_clerk_signs_in(client, street_clerk):
    response = try_sign_in(client, street_clerk.username)
    assert response.status_code == 302
    assert response["Location"] == "/"
    row = UserSession.objects.get(user=street_clerk)
    assert row.session_key == client.session.session_key
    assert row.ip == "127.0.0.1"
    entry = the_entry("session.sign_in")
    assert (entry.actor, entry.target_id, entry.success) == (
        street_clerk,
        str(street_clerk.pk),
        True,
    )
    assert entry.ip == "127.0.0.1"
    assert entry.channel == "web"


def test_capital_letters_and_blanks_of_a_phone_keyboard_are_forgiven(client, street_clerk):
    assert try_sign_in(client, f" {street_clerk.username.capitalize()} ").status_code == 302


def test_who_is_signed_in_is_led_on(sign_in, street_clerk):
    client = sign_in(street_clerk)
    assert client.get(f"{LOGIN}?next=/estates/")["Location"] == "/estates/"


@pytest.mark.parametrize(
    ("part", "page"),
    [("system_admin", "/accounts/users/"), ("outsider", "/accounts/me/"), ("auditor", "/")],
)
def test_people_without_business_land_where_they_have_something_to_do(client, cast, part, page):
    assert try_sign_in(client, cast.people[part].username)["Location"] == page


def test_the_key_of_the_session_changes_and_nothing_of_before_is_kept(client, street_clerk):
    planted = client.session
    planted["planted"] = "by somebody else"
    planted.save()
    client.cookies["sessionid"] = planted.session_key
    before = planted.session_key
    try_sign_in(client, street_clerk.username)
    assert client.session.session_key != before
    assert "planted" not in client.session
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert is_out(stolen)


def test_wrong_passwords_are_counted_down_and_end_in_a_lock(client, street_clerk):
    name = street_clerk.username
    for left in (4, 3, 2, 1):
        response = try_sign_in(client, name, WRONG)
        assert response.status_code == 422
        assert problem(response) == f"用户名或密码不对，还可以再试 {left} 次。"
        assert f'value="{name}"' in response.content.decode(), "the typed name is kept"
    response = try_sign_in(client, name, WRONG)
    assert response.status_code == 429
    assert problem(response) == "账号已锁定，请 15 分钟后再试，或联系本单位管理员。"
    right = try_sign_in(client, name)
    assert right.status_code == 429
    assert is_out(client)


def test_a_name_that_nobody_has_meets_the_same_words(client, street_clerk):
    def said(name: str) -> list[tuple[int, str]]:
        answers = [try_sign_in(Client(), name, WRONG) for _ in range(6)]
        return [(answer.status_code, problem(answer)) for answer in answers]

    assert said("nobody_here") == said(street_clerk.username)


def test_a_closed_account_meets_the_same_words(client, street_clerk, other_clerk):
    User.objects.filter(pk=street_clerk.pk).update(is_active=False)
    right_but_closed = try_sign_in(client, street_clerk.username)
    wrong = try_sign_in(client, other_clerk.username, WRONG)
    assert problem(right_but_closed) == problem(wrong) != ""
    assert right_but_closed.status_code == wrong.status_code
    assert "账号已停用" in the_entry_of(street_clerk).summary


def the_entry_of(user: User) -> AuditEntry:
    return next(entry for entry in entries("session.refused") if entry.target_id == str(user.pk))


class CountingHasher(MD5PasswordHasher):
    """Counts how often it works; the work is the time that could tell names apart."""

    count = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.count += 1
        return super().encode(password, salt)


def test_an_unknown_name_costs_the_same_work(client, street_clerk, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]

    def work(name: str) -> int:
        CountingHasher.count = 0
        try_sign_in(client, name, WRONG)
        return CountingHasher.count

    known, unknown = work(street_clerk.username), work("nobody_here")
    assert known == unknown == 1


def test_success_forgets_the_failures(client, street_clerk):
    for _ in range(4):
        try_sign_in(client, street_clerk.username, WRONG)
    assert try_sign_in(client, street_clerk.username).status_code == 302
    assert selectors.try_state(street_clerk.username).failures == 0


def test_the_lock_is_of_the_name_not_of_the_place(street_clerk, other_clerk):
    for number in range(5):
        Client(REMOTE_ADDR=f"10.0.0.{number}", HTTP_USER_AGENT=f"agent {number}").post(
            LOGIN, {"username": street_clerk.username, "password": WRONG}
        )
    assert try_sign_in(Client(), street_clerk.username).status_code == 429
    assert try_sign_in(Client(), other_clerk.username).status_code == 302


def test_the_lock_counts_down_and_opens(client, street_clerk):
    for _ in range(5):
        try_sign_in(client, street_clerk.username, WRONG)
    age_attempts(9.5)
    assert "请 6 分钟后再试" in problem(try_sign_in(client, street_clerk.username))
    age_attempts(5.6)
    assert try_sign_in(client, street_clerk.username).status_code == 302


def test_tries_during_the_lock_do_not_prolong_it(client, street_clerk):
    for _ in range(5):
        try_sign_in(client, street_clerk.username, WRONG)
    age_attempts(14)
    for _ in range(20):
        try_sign_in(client, street_clerk.username, WRONG)
    age_attempts(1.1)
    assert try_sign_in(client, street_clerk.username).status_code == 302


def test_each_try_stands_in_the_audit_log(client, street_clerk):
    for _ in range(6):
        try_sign_in(client, street_clerk.username, WRONG)
    try_sign_in(client, "nobody_here", WRONG)
    refused = entries("session.refused")
    assert [entry.success for entry in refused] == [False] * 7
    assert {entry.actor for entry in refused} == {None}
    assert refused[0].summary == f"没有让 “{street_clerk.username}” 登录：密码不对"
    assert refused[5].summary == f"没有让 “{street_clerk.username}” 登录：账号已锁定"
    assert refused[6].summary == "没有让 “nobody_here” 登录：没有这个用户名"
    assert refused[6].after == {"username": "nobody_here"}
    assert refused[6].target_id == ""
    assert the_entry("user.locked").target_id == str(street_clerk.pk)


def test_no_password_is_written_anywhere(client, street_clerk):
    try_sign_in(client, street_clerk.username, WRONG)
    try_sign_in(client, "nobody_here", WRONG)
    try_sign_in(client, street_clerk.username)
    kept = audit_text() + failures_text() + session_text(client)
    assert WRONG not in kept
    assert PASSWORD not in kept
    page = try_sign_in(Client(), street_clerk.username, WRONG).content.decode()
    assert WRONG not in page


@pytest.mark.parametrize("typed", [PASSWORD, "密码Abc-123", "a" * 80, "rain over suohe"])
def test_a_password_in_the_field_of_the_name_is_not_written(client, street_clerk, typed):
    """Counted like any other name, so the page still says how many tries are left."""
    first = problem(try_sign_in(client, typed, WRONG))
    second = problem(try_sign_in(client, typed, WRONG))
    assert (first[-6:], second[-6:]) == ("再试 4 次。"[-6:], "再试 3 次。"[-6:])
    assert typed not in audit_text() + failures_text()
    assert entries("session.refused")[0].after == {"username": ""}


@pytest.mark.parametrize("data", [{}, {"username": "suohe_jb"}, {"password": "x"}])
def test_an_empty_field_is_named(client, street_clerk, data):
    response = client.post(LOGIN, data)
    assert response.status_code == 422
    assert "请输入" in response.content.decode()
    assert entries("session.refused") == []


def test_a_null_byte_in_the_name_is_no_crash(client, db):
    assert try_sign_in(client, "a\x00b", WRONG).status_code == 422


def test_the_form_is_protected_against_other_sites(street_clerk):
    strict = Client(enforce_csrf_checks=True)
    assert try_sign_in(strict, street_clerk.username).status_code == 403


# --- back to the page, and nowhere else ------------------------------------------------------


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example",
        "javascript:alert(1)", "http:evil.example", "\\\\evil.example", "https:///evil.example",
        " //evil.example", "http://testserver@evil.example/", "\t//evil.example",
    ],
)  # fmt: skip
def test_next_leads_to_no_other_site(client, street_clerk, evil):
    assert "evil" not in client.get(LOGIN, {"next": evil}).content.decode()
    response = try_sign_in(client, street_clerk.username, next=evil)
    assert response["Location"] == "/"
    again = client.get(LOGIN, {"next": evil})
    assert again["Location"] == "/"


@pytest.mark.parametrize("name", ["accounts:login", "accounts:logout"])
def test_next_leads_not_in_a_circle(client, street_clerk, name):
    assert try_sign_in(client, street_clerk.username, next=reverse(name))["Location"] == "/"


def test_the_page_asked_for_is_reached_after_the_sign_in(client, street_clerk):
    asked = "/estates/?q=纺织&page=2"
    led = client.get(asked)
    assert led.status_code == 302
    page = client.get(led["Location"])
    hidden = re.search(r'name="next" value="([^"]*)"', page.content.decode())
    assert hidden, "the form carries the page"
    target = hidden[1].replace("&amp;", "&")
    response = try_sign_in(client, street_clerk.username, next=target)
    assert response["Location"] == target
    assert target.startswith("/estates/?q=")


# --- out again -------------------------------------------------------------------------------


def test_sign_out(sign_in, street_clerk):
    client = sign_in(street_clerk)
    key = client.session.session_key
    response = client.post(reverse("accounts:logout"), HTTP_REFERER="http://testserver/estates/")
    assert response["Location"] == LOGIN
    row = UserSession.objects.get(session_key=key)
    assert (row.end_reason, row.ended_at is not None) == ("logout", True)
    assert the_entry("session.sign_out").actor == street_clerk
    revived = Client()
    revived.cookies["sessionid"] = key
    assert is_out(revived)


def test_a_link_signs_nobody_out(sign_in, street_clerk):
    client = sign_in(street_clerk)
    assert client.get(reverse("accounts:logout")).status_code == 405
    assert not is_out(client)


# --- from where administrators may come ------------------------------------------------------


def test_administrators_sign_in_from_the_given_places_alone(system_admin, street_clerk, settings):
    settings.ADMIN_ALLOWED_IPS = ["10.1.2.0/24"]
    outside = Client(REMOTE_ADDR="10.9.9.9")
    response = try_sign_in(outside, system_admin.username)
    assert response.status_code == 403
    assert "系统管理员只能在指定的地址登录" in response.content.decode()
    assert is_out(outside)
    assert the_entry("session.refused").actor == system_admin
    inside = Client(REMOTE_ADDR="10.1.2.77")
    assert try_sign_in(inside, system_admin.username).status_code == 302
    assert try_sign_in(Client(REMOTE_ADDR="10.9.9.9"), street_clerk.username).status_code == 302


def test_an_administrators_session_does_not_travel(system_admin, settings):
    settings.ADMIN_ALLOWED_IPS = ["10.1.2.0/24", "127.0.0.1"]
    client = Client(REMOTE_ADDR="10.1.2.77")
    try_sign_in(client, system_admin.username)
    moved = Client(REMOTE_ADDR="10.9.9.9")
    moved.cookies = client.cookies
    response = moved.get("/accounts/users/")
    assert response["Location"].startswith(LOGIN)
    assert UserSession.objects.get(user=system_admin).ended_at is not None
