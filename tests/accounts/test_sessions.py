"""Sessions end on the server: by idleness, by their user, by the administrator, by leaving."""

import datetime as dt
import importlib

import pytest
from django.conf import settings as live_settings
from django.test import Client
from django.urls import reverse

from accounts.models import User, UserSession
from accounts.services import sessions, users
from tests.support.people import PASSWORD
from xingyang_pm.common import clock, periodic
from xingyang_pm.common.errors import BusinessError, NotPermitted

from .conftest import LOGIN, entries, is_out, the_entry

ME = "/accounts/me/"
NOON = dt.datetime(2026, 11, 24, 12, 0, tzinfo=clock.SHANGHAI)


def after(minutes: float):
    return clock.freeze(NOON + dt.timedelta(minutes=minutes))


@pytest.fixture
def at_noon(cast):
    """Let everybody have a password of today."""
    User.objects.update(password_changed_at=NOON)


def row_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


# --- idle ------------------------------------------------------------------------------------


def test_half_an_hour_without_a_click_ends_the_session(at_noon, sign_in, street_clerk):
    with after(0):
        client = sign_in(street_clerk)
        key = client.session.session_key
    with after(29):
        assert client.get(ME).status_code == 200
    with after(58):
        assert client.get(ME).status_code == 200, "each click starts the half hour anew"
    with after(89):
        response = client.get("/estates/?q=纺织")
    assert response.status_code == 302
    assert response["Location"].startswith(f"{LOGIN}?why=idle&next=%2Festates%2F")
    row = UserSession.objects.get(session_key=key)
    assert row.end_reason == "idle"
    assert the_entry("session.idle").actor == street_clerk
    page = client.get(response["Location"]).content.decode()
    assert "超过 30 分钟没有操作，已自动退出。重新登录后会回到刚才的页面。" in page


def test_an_idle_key_cannot_be_revived(at_noon, sign_in, street_clerk):
    with after(0):
        client = sign_in(street_clerk)
        key = client.session.session_key
    with after(31):
        client.get(ME)
    with after(0):
        again = Client()
        again.cookies["sessionid"] = key
        assert is_out(again)


def test_the_limit_is_a_setting(at_noon, sign_in, street_clerk, settings):
    settings.IDLE_TIMEOUT_MINUTES = 10
    with after(0):
        client = sign_in(street_clerk)
    with after(11):
        assert is_out(client)


def test_last_seen_is_written_at_most_once_a_minute(at_noon, sign_in, street_clerk, count_queries):
    with after(0):
        client = sign_in(street_clerk)
    with after(0.5), count_queries() as queries:
        client.get(ME)
    assert not [q for q in queries if q["sql"].startswith("UPDATE")]
    assert row_of(client).last_seen_at == NOON
    with after(1.5):
        client.get(ME)
    assert row_of(client).last_seen_at == NOON + dt.timedelta(minutes=1.5)


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(at_noon, sign_in, street_clerk):
    with after(0):
        client = sign_in(street_clerk)
    for minute in range(5, 30, 5):
        with after(minute):
            client.get(reverse("common:job-progress", args=[1]))
    with after(31):
        assert is_out(client)


def test_the_calendar_ends_what_nobody_came_back_to(at_noon, sign_in, street_clerk, other_clerk):
    with after(0):
        left = sign_in(street_clerk)
        left_key = left.session.session_key
    with after(20):
        there = sign_in(other_clerk)
    with after(40):
        periodic.run("end-idle-sessions")
    assert UserSession.objects.get(session_key=left_key).end_reason == "idle"
    assert row_of(there).ended_at is None
    store = importlib.import_module(live_settings.SESSION_ENGINE).SessionStore
    assert not store().exists(left_key)


def test_a_session_is_bound_to_its_user(sign_in, street_clerk, other_clerk):
    client = sign_in(street_clerk)
    UserSession.objects.filter(session_key=client.session.session_key).update(user=other_clerk)
    assert is_out(client)


# --- own sessions ----------------------------------------------------------------------------


def test_my_sign_ins_are_listed_and_this_one_is_marked(sign_in, street_clerk, other_clerk):
    client, elsewhere = sign_in(street_clerk), sign_in(street_clerk)
    sign_in(other_clerk)
    page = client.get(reverse("accounts:session-list")).content.decode()
    assert page.count("本机，现在") == 1
    assert f'href="/accounts/sessions/{row_of(elsewhere).pk}/end/"' in page
    assert UserSession.objects.filter(user=other_clerk).get().pk not in {
        row_of(client).pk,
        row_of(elsewhere).pk,
    }
    assert f"/accounts/sessions/{UserSession.objects.get(user=other_clerk).pk}/" not in page


def test_i_end_my_sign_in_elsewhere(sign_in, street_clerk):
    client, elsewhere = sign_in(street_clerk), sign_in(street_clerk)
    url = reverse("accounts:session-end", args=[row_of(elsewhere).pk])
    assert "马上结束" in client.get(url).content.decode()
    assert not is_out(elsewhere), "asking ends nothing"
    assert client.post(url)["Location"] == reverse("accounts:session-list")
    response = elsewhere.get(ME)
    assert response["Location"].startswith(LOGIN)
    assert not is_out(client)
    assert the_entry("session.end").summary.startswith("结束自己在别处的登录")


def test_ending_the_present_sign_in_leads_to_the_sign_in_page(sign_in, street_clerk):
    client = sign_in(street_clerk)
    url = reverse("accounts:session-end", args=[row_of(client).pk])
    assert client.post(url)["Location"] == LOGIN
    assert is_out(client)


def test_another_persons_sign_in_is_not_there(sign_in, street_clerk, other_clerk):
    theirs = sign_in(other_clerk)
    url = reverse("accounts:session-end", args=[row_of(theirs).pk])
    client = sign_in(street_clerk)
    assert client.get(url).status_code == 404
    assert client.post(url).status_code == 404
    assert not is_out(theirs)
    with pytest.raises(NotPermitted, match="只能结束自己的登录"):
        sessions.session_end(actor=street_clerk, session=row_of(theirs))


def test_the_administrator_ends_anybodys_sign_in(sign_in, street_clerk, system_admin):
    theirs, admin = sign_in(street_clerk), sign_in(system_admin)
    url = reverse("accounts:session-end", args=[row_of(theirs).pk])
    assert admin.post(url)["Location"] == reverse("accounts:user-detail", args=[street_clerk.pk])
    ended = theirs.get(ME)
    assert "why=" in ended["Location"] or ended["Location"].startswith(LOGIN)
    assert is_out(theirs)
    assert UserSession.objects.get(user=street_clerk).end_reason == "admin"


def test_a_sign_in_ends_once(sign_in, street_clerk):
    row = row_of(sign_in(street_clerk))
    sessions.session_end(actor=street_clerk, session=row)
    with pytest.raises(BusinessError, match="已经结束"):
        sessions.session_end(actor=street_clerk, session=row)


# --- leaving and closing ---------------------------------------------------------------------


def test_leaving_ends_all_sign_ins_at_once(sign_in, street_clerk, system_admin):
    first, second = sign_in(street_clerk), sign_in(street_clerk)
    users.user_leave(actor=system_admin, user=street_clerk, left_on=clock.today())
    assert is_out(first)
    assert is_out(second)
    assert not UserSession.objects.filter(user=street_clerk, ended_at=None).exists()
    refused = Client().post(LOGIN, {"username": street_clerk.username, "password": PASSWORD})
    assert refused.status_code == 422


def test_an_account_closed_by_any_door_is_out_with_the_next_click(sign_in, street_clerk):
    client = sign_in(street_clerk)
    User.objects.filter(pk=street_clerk.pk).update(is_active=False)
    assert is_out(client)
    User.objects.filter(pk=street_clerk.pk).update(is_active=True)
    assert is_out(client), "the session itself is gone"


def test_changed_roles_hold_with_the_next_click(sign_in, street_clerk):
    client = sign_in(street_clerk)
    assert client.get("/estates/").status_code == 200
    street_clerk.roles.all().delete()
    assert client.get("/estates/").status_code == 403


# --- where one is led, and how ---------------------------------------------------------------


def test_an_htmx_request_changes_the_whole_page(at_noon, sign_in, street_clerk):
    with after(0):
        client = sign_in(street_clerk)
    with after(40):
        response = client.get(
            "/estates/?page=2",
            headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/estates/?q=家属院"},
        )
    assert response.status_code == 200
    assert "Location" not in response
    assert response["HX-Redirect"].startswith(f"{LOGIN}?why=idle&next=%2Festates%2F%3Fq%3D")
    assert response.content == b""


def test_an_htmx_request_of_nobody_changes_the_whole_page(client, db):
    response = client.get(
        "/estates/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/estates/"}
    )
    assert response.status_code == 200
    assert response["HX-Redirect"] == f"{LOGIN}?why=signed_out&next=%2Festates%2F"


def test_a_foreign_current_page_is_no_way_back(client, db):
    response = client.get(
        "/estates/", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}
    )
    assert response["HX-Redirect"] == f"{LOGIN}?why=signed_out"


def test_a_script_gets_a_sentence(client, db):
    response = client.get("/estates/", headers={"Accept": "application/json"})
    assert response.status_code == 403
    assert response.json() == {"detail": "请先登录。", "code": "signed_out"}


def test_a_form_sent_too_late_leads_back_to_its_page(at_noon, sign_in, street_clerk):
    with after(0):
        client = sign_in(street_clerk)
    with after(40):
        response = client.post(
            reverse("accounts:logout").replace("logout", "password"),
            headers={"Referer": "http://testserver/accounts/password/?from=menu"},
        )
    assert response["Location"] == f"{LOGIN}?why=idle&next=%2Faccounts%2Fpassword%2F%3Ffrom%3Dmenu"


def test_a_form_of_nobody_leads_back_to_its_page(client, db):
    response = client.post(
        "/accounts/password/", headers={"Referer": "http://testserver/accounts/me/"}
    )
    assert response["Location"] == f"{LOGIN}?why=signed_out&next=%2Faccounts%2Fme%2F"
    foreign = client.post("/accounts/password/", headers={"Referer": "https://evil.example/"})
    assert foreign["Location"] == f"{LOGIN}?why=signed_out"


def test_an_unknown_reason_says_nothing(client, db):
    page = client.get(f"{LOGIN}?why=<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page
    assert 'class="note a"' not in page


def test_the_health_page_knows_no_rules(at_noon, sign_in, street_clerk, client):
    assert client.get("/healthz/live").status_code == 200
    with after(0):
        signed_in = sign_in(street_clerk)
    with after(90):
        assert signed_in.get("/healthz/live").status_code == 200
    assert entries("session.idle") == []


def test_each_request_costs_the_rules_one_query(sign_in, street_clerk, count_queries):
    """Session, user and this session's row are read; nothing more for the rules."""
    client = sign_in(street_clerk)
    client.get(reverse("accounts:logout"))
    with count_queries() as queries:
        client.get(reverse("accounts:logout"))  # 405: no page, only the way to it
    tables = [
        q["sql"].split(" FROM ")[1].split()[0].strip('"') for q in queries if "FROM" in q["sql"]
    ]
    assert tables == ["django_session", "accounts_user", "accounts_usersession"]
