"""What a password must be, when it must be changed, and that it is written nowhere."""

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import selectors, validators
from accounts.models import PasswordHistory, User, UserSession
from accounts.services import passwords
from tests.support.people import PASSWORD
from xingyang_pm.common import clock, triggers
from xingyang_pm.common.errors import BusinessError

from .conftest import (
    LOGIN,
    WRONG,
    audit_text,
    entries,
    is_out,
    session_text,
    the_entry,
    try_sign_in,
)

CHANGE = "/accounts/password/"
NEW = "Zhangqing-41-Lu"
ME = "/accounts/me/"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str | None = None, **more):
    data = {"old_password": old, "new_password": new, "again": new if again is None else again}
    return client.post(CHANGE, data, **more)


# --- the rules -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("Ab1-xyz", "密码至少 8 位，现在是 7 位。"),
        ("Ab1-" + "x" * 125, "密码最长 128 位。"),
        ("onlysmallletters", "密码要有大写字母、小写字母、数字、符号中的 3 种，现在只有 1 种。"),
        ("small12345letters", "密码要有大写字母、小写字母、数字、符号中的 3 种，现在只有 2 种。"),
        ("My-suohe_jb-2026", "密码里不能有用户名。"),
        ("WangXiuLan-1977", "密码里不能有姓名或姓名的拼音。"),
        ("Aa1-王秀兰-", "密码里不能有姓名或姓名的拼音。"),
        ("P@ssw0rd", "这个密码太常见，容易被猜到，请换一个。"),
        ("Xingyang@123", "这个密码太常见，容易被猜到，请换一个。"),
        ("Admin@123456", "这个密码太常见，容易被猜到，请换一个。"),
        (PASSWORD, "最近 5 次用过的密码不能再用，请换一个。"),
    ],
)
def test_a_weak_password_is_refused_with_its_sentence(street_clerk, password, sentence):
    with pytest.raises(BusinessError) as caught:
        passwords.password_change(actor=street_clerk, old_password=PASSWORD, new_password=password)
    assert sentence in caught.value.message
    assert caught.value.field == "new_password"
    street_clerk.refresh_from_db()
    assert street_clerk.check_password(PASSWORD)


@pytest.mark.parametrize("password", [NEW, "Aa1aaaaa", "密码-abc-12", "correct Horse 7"])
def test_a_good_password_is_taken(street_clerk, password):
    passwords.password_change(actor=street_clerk, old_password=PASSWORD, new_password=password)
    street_clerk.refresh_from_db()
    assert street_clerk.check_password(password)


def test_the_numbers_are_settings(street_clerk, settings):
    settings.PASSWORD_MIN_LENGTH = 12
    settings.PASSWORD_MIN_CLASSES = 4
    with pytest.raises(ValidationError, match="至少 12 位"):
        validators.LengthValidator().validate("Short-1-Pas")
    with pytest.raises(ValidationError, match="4 种"):
        validators.CharacterClassValidator().validate("nosigns1Here")


def test_a_user_without_a_name_in_pinyin_is_no_crash():
    validators.UserNameValidator().validate("Whatever-12", None)
    validators.UserNameValidator().validate("Whatever-12", User(username="", name=""))


def test_the_page_says_the_rules(sign_in, street_clerk):
    page = sign_in(street_clerk).get(CHANGE).content.decode()
    for rule in ("至少 8 位", "大写字母、小写字母、数字、符号中至少 3 种", "最近 5 次", "90 天内"):
        assert rule in page


# --- history ---------------------------------------------------------------------------------


def test_the_last_five_are_not_used_again(street_clerk):
    used = [PASSWORD]
    for number in range(1, 6):
        following = f"Suohe-{number}-Qiao-{number}"
        passwords.password_change(actor=street_clerk, old_password=used[-1], new_password=following)
        used.append(following)
    for former in used[-5:]:
        with pytest.raises(BusinessError, match="最近 5 次用过"):
            passwords.password_change(
                actor=street_clerk, old_password=used[-1], new_password=former
            )
    passwords.password_change(actor=street_clerk, old_password=used[-1], new_password=used[0])


@pytest.mark.both_databases
def test_the_history_cannot_be_rewritten(street_clerk):
    passwords.password_change(actor=street_clerk, old_password=PASSWORD, new_password=NEW)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PasswordHistory.objects.update(encoded="")
    assert triggers.sentence(caught.value) == "密码记录不能修改。"
    with pytest.raises(IntegrityError), transaction.atomic():
        PasswordHistory.objects.all().delete()


# --- changing --------------------------------------------------------------------------------


def test_a_change_ends_the_other_sessions_and_keeps_this_one(sign_in, street_clerk):
    client, elsewhere = sign_in(street_clerk), sign_in(street_clerk)
    before = client.session.session_key
    response = change(client)
    assert response.status_code == 302
    assert client.session.session_key != before, "a new key for a new password"
    assert not is_out(client)
    assert is_out(elsewhere)
    rows = UserSession.objects.filter(user=street_clerk)
    assert rows.get(ended_at=None).session_key == client.session.session_key
    assert rows.exclude(ended_at=None).get().end_reason == "replaced"
    assert the_entry("password.change").actor == street_clerk
    assert try_sign_in(Client(), street_clerk.username).status_code == 422
    assert try_sign_in(Client(), street_clerk.username, NEW).status_code == 302


def test_a_wrong_present_password_is_named(sign_in, street_clerk):
    response = change(sign_in(street_clerk), old=WRONG)
    assert response.status_code == 422
    assert "现在的密码不对。" in response.content.decode()
    assert the_entry("password.refused").success is False


def test_guessing_at_an_open_desk_ends_in_the_street(sign_in, street_clerk):
    client = sign_in(street_clerk)
    answers = [change(client, old=f"Guess-{n}-abc").status_code for n in range(5)]
    assert answers == [422, 422, 422, 422, 302]
    assert is_out(client)
    assert len(entries("password.refused")) == 5


def test_two_different_new_passwords_are_named(sign_in, street_clerk):
    response = change(sign_in(street_clerk), again="Something-Else-2")
    assert response.status_code == 422
    assert "两次输入的新密码不一样，请重新输入。" in response.content.decode()


def test_no_password_stays_anywhere(sign_in, street_clerk):
    client = sign_in(street_clerk)
    rejected = change(client, old=WRONG, again="Another-One-33")
    shown = rejected.content.decode()
    assert not any(secret in shown for secret in (WRONG, NEW, "Another-One-33"))
    change(client)
    kept = audit_text() + session_text(client)
    for secret in (PASSWORD, WRONG, NEW):
        assert secret not in kept
    street_clerk.refresh_from_db()
    assert street_clerk.password not in audit_text(), "nor its digest"


# --- first sign-in and expiry ----------------------------------------------------------------


@pytest.fixture
def with_temporary(street_clerk):
    User.objects.filter(pk=street_clerk.pk).update(must_change_password=True)
    return street_clerk


def test_a_temporary_password_leads_to_the_password_page_and_nowhere_else(with_temporary, sign_in):
    client = sign_in(with_temporary)
    for url in ("/", "/estates/", ME, "/accounts/sessions/", "/admin/"):
        response = client.get(url)
        assert response.status_code == 302, url
        assert response["Location"].startswith(CHANGE), url
    page = client.get(CHANGE).content.decode()
    assert "现在用的是临时密码" in page
    assert "/estates/" not in page, "no menu that leads nowhere"
    response = change(client)
    assert response.status_code == 302
    assert client.get(ME).status_code == 200


def test_the_way_out_stays_open(with_temporary, sign_in):
    client = sign_in(with_temporary)
    assert client.post(reverse("accounts:logout"))["Location"] == LOGIN


def test_after_the_change_one_is_where_one_wanted_to_go(with_temporary):
    client = Client()
    first = try_sign_in(client, with_temporary.username, next="/estates/?q=家")
    led = client.get(first["Location"])
    assert led["Location"].startswith(f"{CHANGE}?next=%2Festates%2F%3Fq%3D")
    data = {"old_password": PASSWORD, "new_password": NEW, "again": NEW}
    assert client.post(led["Location"], data)["Location"].startswith("/estates/?q=")


def test_the_password_page_leads_to_no_other_site(with_temporary, sign_in):
    client = sign_in(with_temporary)
    data = {"old_password": PASSWORD, "new_password": NEW, "again": NEW}
    response = client.post(f"{CHANGE}?next=//evil.example/", data)
    assert response["Location"] == "/"


def test_scripts_and_the_api_hear_why(with_temporary, sign_in):
    client = sign_in(with_temporary)
    answer = client.get("/api/v1/estates/")
    assert answer.status_code == 403
    assert answer.json() == {"detail": "请先修改密码，再继续。", "code": "password_change"}
    part = client.get("/estates/", headers={"HX-Request": "true"})
    assert part["HX-Redirect"].startswith(CHANGE)


def test_a_password_of_ninety_days_must_be_changed(street_clerk, sign_in):
    today = clock.today()
    for days, out in ((89, False), (90, True)):
        moment = clock.at(today - dt.timedelta(days=days))
        User.objects.filter(pk=street_clerk.pk).update(password_changed_at=moment)
        response = sign_in(street_clerk).get(ME)
        assert (response.status_code == 302) is out, days
    assert "密码到期了" in sign_in(street_clerk).get(CHANGE).content.decode()


def test_the_desk_warns_a_week_before(street_clerk):
    today = clock.today()
    for days, warned in ((82, False), (83, True), (89, True)):
        street_clerk.password_changed_at = clock.at(today - dt.timedelta(days=days))
        assert bool(selectors.password_waiting(street_clerk)) is warned, days
    (item,) = selectors.password_waiting(street_clerk)
    assert (item.due, item.url) == (today, CHANGE)


def test_a_limit_of_zero_days_is_no_limit(street_clerk, settings):
    settings.PASSWORD_MAX_AGE_DAYS = 0
    street_clerk.password_changed_at = clock.at(dt.date(2020, 1, 1))
    assert not selectors.must_change_password(street_clerk)


def test_the_day_is_that_of_shanghai(street_clerk):
    """01:30 on the 2nd in Shanghai is still the 1st in UTC."""
    street_clerk.password_changed_at = dt.datetime(2026, 9, 1, 17, 30, tzinfo=dt.UTC)
    assert selectors.password_due_on(street_clerk) == dt.date(2026, 12, 1)


def test_temporary_passwords_can_be_read_out_and_differ():
    made = {passwords.temporary_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"([A-Z][a-z]{3}-){3}[2-9]{4}", password) for password in made)
