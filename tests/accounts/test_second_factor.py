"""The code of the phone: bound once, asked at each sign-in, reset by the administrator."""

import base64
import re
import time

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.choices import SECOND_FACTOR_ROLES, Role
from accounts.models import User, UserSession
from accounts.services import devices
from xingyang_pm.common.errors import BusinessError, NotPermitted

from .conftest import LOGIN, audit_text, entries, is_out, session_text, the_entry, try_sign_in

CODE, BIND, ME = "/accounts/code/", "/accounts/code/bind/", "/accounts/me/"


@pytest.fixture(autouse=True)
def required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


def code_of(key: bytes, *, steps: int = 0) -> str:
    """Return the code that a phone with ``key`` shows now, or ``steps`` half minutes later."""
    totp = TOTP(key)
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


def secret_on(page: str) -> bytes:
    """Return the key that the page shows as text."""
    return base64.b32decode(
        re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", page)[1].replace(" ", "")
    )


def wrong_code(key: bytes) -> str:
    near = {code_of(key, steps=step) for step in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222") if code not in near)


@pytest.fixture
def bound(bureau_leader) -> tuple[User, bytes]:
    """The bureau's leader with a phone."""
    device = TOTPDevice.objects.create(user_id=bureau_leader.pk, name="手机", confirmed=True)
    return bureau_leader, device.bin_key


def test_binding_and_the_first_sign_in(client, bureau_leader):
    first = try_sign_in(client, bureau_leader.username, next="/estates/?q=x")
    led = client.get(first["Location"])
    assert led["Location"] == f"{CODE}?next=%2Festates%2F%3Fq%3Dx"
    led = client.get(led["Location"])
    assert led["Location"] == f"{BIND}?next=%2Festates%2F%3Fq%3Dx"
    url = led["Location"]
    assert "开始绑定" in client.get(url).content.decode()
    assert not TOTPDevice.objects.exists(), "looking binds nothing"
    assert client.post(url, {"do": "begin"})["Location"] == url
    response = client.get(url)
    page = response.content.decode()
    assert 'src="data:image/svg+xml' in page
    assert "no-store" in response["Cache-Control"]
    key = secret_on(page)
    assert TOTPDevice.objects.get().bin_key == key
    before = client.session.session_key
    done = client.post(url, {"code": code_of(key)})
    assert done["Location"] == "/estates/?q=x"
    assert client.session.session_key != before, "a new key for more rights"
    assert client.get(ME).status_code == 200
    assert UserSession.objects.get(user=bureau_leader).session_key == client.session.session_key
    assert the_entry("device.bind").actor == bureau_leader
    assert TOTPDevice.objects.get().confirmed


def test_the_secret_is_not_shown_again(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    client.post(CODE, {"code": code_of(key)})
    text = base64.b32encode(key).decode()
    for url in (BIND, CODE, ME):
        page = client.get(url, follow=True).content.decode()
        assert text[:16] not in page.replace(" ", "")
    assert text not in audit_text() + session_text(client)


def test_nothing_opens_without_the_code(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    for url in ("/", "/estates/", ME, "/accounts/password/", "/accounts/sessions/"):
        response = client.get(url)
        assert response.status_code == 302, url
        assert response["Location"].startswith(CODE), url
    answer = client.get("/api/v1/estates/")
    assert answer.status_code == 403
    assert answer.json() == {"detail": "请先输入动态码，再继续。", "code": "second_factor"}
    part = client.get("/estates/", headers={"HX-Request": "true"})
    assert part["HX-Redirect"].startswith(CODE)
    client.post(CODE, {"code": code_of(key)})
    assert client.get("/estates/").status_code == 200
    assert client.get("/api/v1/estates/").status_code == 200


def test_a_new_sign_in_asks_again(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    assert client.post(CODE, {"code": code_of(key)}).status_code == 302
    other = Client()
    try_sign_in(other, user.username)
    assert other.get(ME)["Location"].startswith(CODE)


def test_a_code_works_once(client, bound):
    user, key = bound
    code = code_of(key)
    try_sign_in(client, user.username)
    assert client.post(CODE, {"code": code}).status_code == 302
    thief = Client()
    try_sign_in(thief, user.username)
    assert thief.post(CODE, {"code": code}).status_code == 422
    assert thief.get(ME)["Location"].startswith(CODE)


def test_a_wrong_code_is_slowed_down_and_audited(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    response = client.post(CODE, {"code": wrong_code(key)})
    assert response.status_code == 422
    assert "动态码不对" in response.content.decode()
    again = client.post(CODE, {"code": code_of(key)})
    assert again.status_code == 422, "the right one too must wait a moment"
    assert re.search(r"请 \d+ 秒后再试", again.content.decode())
    assert the_entry("device.refused").success is False
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    assert client.post(CODE, {"code": code_of(key)}).status_code == 302


@pytest.mark.parametrize(
    "code", ["", "12345", "abcdef", "一二三四五六", "²²²²²²½", "-12345", "1" * 13]
)
def test_what_is_no_code_is_refused(client, bound, code):
    user, _ = bound
    try_sign_in(client, user.username)
    assert client.post(CODE, {"code": code}).status_code == 422
    assert client.get(ME)["Location"].startswith(CODE)


def test_blanks_between_the_digits_are_forgiven(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    code = code_of(key)
    assert client.post(CODE, {"code": f" {code[:3]} {code[3:]} "}).status_code == 302


def test_digits_in_full_width_are_taken(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code_of(key))
    assert client.post(CODE, {"code": wide}).status_code == 302


def test_a_wrong_first_code_binds_nothing(client, bureau_leader):
    try_sign_in(client, bureau_leader.username)
    client.post(BIND, {"do": "begin"})
    key = TOTPDevice.objects.get().bin_key
    assert client.post(BIND, {"code": wrong_code(key)}).status_code == 422
    assert not TOTPDevice.objects.get().confirmed
    assert client.get(ME)["Location"].startswith(CODE)


def test_who_has_a_phone_cannot_bind_another_with_the_password_alone(client, bound):
    user, _ = bound
    try_sign_in(client, user.username)
    assert client.get(BIND)["Location"].startswith(CODE)
    client.post(BIND, {"do": "begin"})
    assert TOTPDevice.objects.count() == 1
    assert TOTPDevice.objects.get().confirmed
    with pytest.raises(BusinessError, match="已绑定手机"):
        devices.device_begin(actor=user)


def test_another_persons_device_opens_nothing(client, bound, finance_officer):
    _, key = bound
    TOTPDevice.objects.create(user_id=finance_officer.pk, name="手机", confirmed=True)
    try_sign_in(client, finance_officer.username)
    assert client.post(CODE, {"code": code_of(key)}).status_code == 422


def test_the_code_comes_before_the_password(client, bound):
    """Who knows an expired password alone must not be able to choose a new one."""
    user, key = bound
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    try_sign_in(client, user.username)
    assert client.get("/accounts/password/")["Location"].startswith(CODE)
    led = client.post(CODE, {"code": code_of(key)})
    assert client.get(led["Location"])["Location"].startswith("/accounts/password/")


@pytest.mark.parametrize("role", Role.values)
def test_who_must_show_a_code(cast, sign_in, role):
    response = sign_in(cast.of_role(role)).get(ME)
    assert (response.status_code == 302) is (role in SECOND_FACTOR_ROLES)


def test_a_role_given_later_asks_at_once(sign_in, inspector, cast):
    client = sign_in(inspector)
    assert client.get(ME).status_code == 200
    inspector.roles.create(role=Role.BUREAU_LEADER)
    assert client.get(ME)["Location"].startswith(CODE)


def test_nobody_is_asked_where_it_is_not_required(sign_in, bureau_leader, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    client = sign_in(bureau_leader)
    assert client.get(ME).status_code == 200
    assert client.get(CODE)["Location"] == ME
    assert client.post(BIND, {"do": "begin"})["Location"] == ME
    assert not TOTPDevice.objects.exists()


def test_the_way_out_stays_open(client, bound):
    try_sign_in(client, bound[0].username)
    assert client.post(reverse("accounts:logout"))["Location"] == LOGIN


def test_the_code_page_leads_to_no_other_site(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    response = client.post(f"{CODE}?next=//evil.example/", {"code": code_of(key)})
    assert response["Location"] == "/"


# --- recovery --------------------------------------------------------------------------------


def test_the_administrator_resets_a_lost_phone(client, bound, system_admin, client_for, settings):
    user, key = bound
    try_sign_in(client, user.username)
    client.post(CODE, {"code": code_of(key)})
    devices.device_reset(actor=system_admin, user=user, reason="换手机")
    assert is_out(client)
    assert not TOTPDevice.objects.exists()
    entry = the_entry("device.reset")
    assert (entry.actor, entry.target_id, entry.reason) == (system_admin, str(user.pk), "换手机")
    again = Client()
    try_sign_in(again, user.username)
    assert again.get(CODE)["Location"] == BIND


def test_the_page_of_the_reset(bound, system_admin, client_for, settings):
    settings.SECOND_FACTOR_REQUIRED = False  # the administrator of this test has no phone
    user, _ = bound
    admin = client_for(system_admin)
    url = reverse("accounts:user-device-reset", args=[user.pk])
    assert admin.post(url, {"reason": ""}).status_code == 422
    assert TOTPDevice.objects.exists()
    assert admin.post(url, {"reason": "手机丢失"}).status_code == 302
    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize("part", ["city_manager", "auditor", "bureau_leader"])
def test_nobody_else_resets(cast, bound, part):
    with pytest.raises(NotPermitted):
        devices.device_reset(actor=cast.people[part], user=bound[0], reason="换手机")
    assert TOTPDevice.objects.exists()


def test_nobody_resets_the_own_phone(system_admin):
    TOTPDevice.objects.create(user_id=system_admin.pk, name="手机", confirmed=True)
    with pytest.raises(NotPermitted, match="另一位系统管理员"):
        devices.device_reset(actor=system_admin, user=system_admin, reason="换手机")


def test_each_step_stands_in_the_audit_log(client, bound):
    user, key = bound
    try_sign_in(client, user.username)
    client.post(CODE, {"code": code_of(key)})
    assert [entry.verb for entry in entries("device.verify")] == ["device.verify"]
    assert entries("device.verify")[0].request_id != entries("session.sign_in")[0].request_id
