"""Django's admin: for the administrator, to look, without a secret."""

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.choices import TokenRight
from accounts.models import ApiToken, User, UserRole, UserSession
from accounts.services import tokens
from xingyang_pm.common import clock
from xingyang_pm.common.admin import ReadOnlyAdmin, site

ENTRIES = sorted(site._registry, key=lambda model: model._meta.label)


def url_of(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def looker(sign_in, system_admin) -> Client:
    return sign_in(system_admin)


def test_the_administrator_looks(looker):
    assert looker.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "part", ["street_clerk", "city_manager", "bureau_leader", "auditor", "outsider"]
)
def test_nobody_else_looks(cast, sign_in, part):
    client = sign_in(cast.people[part])
    for url in ("/admin/", url_of(User, "changelist"), url_of(User, "change", 1)):
        assert client.get(url).status_code == 403, url


def test_it_is_entered_by_the_portals_own_page(client, db):
    for url in ("/admin/", "/admin/login/"):
        response = client.get(url, follow=True)
        assert response.redirect_chain[-1] == ("/accounts/login/?next=/admin/", 302)


def test_who_may_not_look_is_not_led_in_a_circle(sign_in, street_clerk):
    response = sign_in(street_clerk).get("/admin/", follow=True)
    assert response.status_code == 403


def test_its_password_page_and_way_out_are_the_portals(looker):
    assert looker.get("/admin/password_change/")["Location"] == "/accounts/password/"
    assert looker.post("/admin/logout/")["Location"] == "/accounts/me/"


@pytest.mark.parametrize("model", ENTRIES, ids=lambda model: model._meta.label)
def test_everything_is_read_only(looker, model):
    assert isinstance(site._registry[model], ReadOnlyAdmin)
    assert looker.get(url_of(model, "changelist")).status_code == 200
    assert looker.get(url_of(model, "add")).status_code == 403
    assert looker.post(url_of(model, "add"), {}).status_code == 403


def test_a_row_can_be_seen_and_not_changed(looker, street_clerk):
    url = url_of(User, "change", street_clerk.pk)
    page = looker.get(url).content.decode()
    assert "王秀兰" in page
    assert 'name="_save"' not in page
    assert looker.post(url, {"name": "别人"}).status_code == 403
    assert looker.post(url_of(User, "delete", street_clerk.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": street_clerk.pk, "post": "yes"}
    looker.post(url_of(User, "changelist"), chosen)
    street_clerk.refresh_from_db()
    assert street_clerk.name == "王秀兰"


def test_no_secret_is_shown(looker, cast):
    token, _ = tokens.token_create(
        actor=cast.system_admin,
        user=cast.street_clerk,
        name="取数",
        rights=[TokenRight.REGISTRY],
        expires_on=clock.add_months(clock.today(), 2),
    )
    session = UserSession.objects.get(user=cast.system_admin)
    role = UserRole.objects.filter(user=cast.street_clerk).get()
    pages = "".join(
        looker.get(url_of(model, "change", pk)).content.decode()
        + looker.get(url_of(model, "changelist")).content.decode()
        for model, pk in (
            (User, cast.street_clerk.pk),
            (UserSession, session.pk),
            (ApiToken, token.pk),
            (UserRole, role.pk),
        )
    )
    assert "取数" in pages
    for secret in (cast.street_clerk.password, token.key_hash, session.session_key):
        assert secret not in pages


def test_what_packages_register_is_not_there(looker, bureau_leader):
    """The page of a second factor would show its key to the administrator."""
    device = TOTPDevice.objects.create(user_id=bureau_leader.pk, name="手机", confirmed=True)
    assert TOTPDevice in django_admin.site._registry
    assert TOTPDevice not in site._registry
    for path in ("", f"{device.pk}/change/", f"{device.pk}/config/", f"{device.pk}/qrcode/"):
        assert looker.get(f"/admin/otp_totp/totpdevice/{path}").status_code == 404


def test_the_list_of_addresses_guards_it_too(system_admin, settings, sign_in):
    client = sign_in(system_admin)
    settings.ADMIN_ALLOWED_IPS = ["10.1.2.0/24"]
    assert client.get("/admin/")["Location"].startswith("/accounts/login/")
