"""API keys: shown once, kept as a digest, narrow, and dead when their user is."""

import datetime as dt
import hashlib
import json

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.choices import TokenRight
from accounts.models import ApiToken, User
from accounts.services import tokens, users
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState

from .conftest import WRONG, audit_text, entries, the_entry, try_sign_in

ESTATES = "/api/v1/estates/"
OF_RIGHT = {
    TokenRight.REGISTRY: ESTATES,
    TokenRight.INSPECTIONS: "/api/v1/inspections/",
    TokenRight.SUBSIDIES: "/api/v1/subsidy-claims/",
}


def make(cast, user=None, **given):
    facts = {
        "actor": cast.system_admin,
        "user": user or cast.street_clerk,
        "name": "市数据平台取数",
        "rights": [TokenRight.REGISTRY],
        "expires_on": clock.today() + dt.timedelta(days=30),
    }
    return tokens.token_create(**{**facts, **given})


def ask(key: str, url: str = ESTATES, client: Client | None = None, method: str = "get"):
    sender = getattr(client or Client(), method)
    return sender(url, headers={"Authorization": f"Token {key}"})


def refusal(response) -> str:
    assert response.status_code == 401, response.content
    assert response["WWW-Authenticate"] == "Token"
    return response.json()["detail"]


def test_a_key_reads_what_its_user_reads(cast, estate, other_estate):
    _, key = make(cast)
    response = ask(key)
    assert response.status_code == 200
    assert [row["name"] for row in response.json()["results"]] == [estate.name]
    _, city = make(cast, cast.city_manager)
    assert len(ask(city).json()["results"]) == 2


def test_the_key_is_kept_as_a_digest(cast):
    token, key = make(cast)
    assert key.startswith("xyp_")
    assert len(key) >= 40
    assert token.prefix == key[:8]
    assert token.key_hash == hashlib.sha256(key.encode()).hexdigest()
    rows = serializers.serialize("json", ApiToken.objects.all())
    assert key not in rows + audit_text()
    assert token.key_hash not in audit_text()
    entry = the_entry("token.create")
    assert entry.after["rights"] == ["registry"]


@pytest.mark.parametrize("right", TokenRight.values)
def test_a_key_reads_only_what_its_rights_name(cast, estate, right):
    _, key = make(cast, cast.city_manager, rights=[right])
    for name, url in OF_RIGHT.items():
        assert ask(key, url).status_code == (200 if name == right else 403), name
    refused = ask(key, next(url for name, url in OF_RIGHT.items() if name != right))
    assert "这个接口密钥不能读" in refused.json()["detail"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_key_never_writes(cast, estate, method):
    _, key = make(cast)
    response = ask(key, method=method)
    assert response.status_code in {403, 405}
    assert response.status_code == 405 or response.json()["detail"] == "这个接口只读。"


def test_an_unknown_key(db):
    assert refusal(ask("xyp_unknown")) == "接口密钥不对。"


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token \xff", "token"])
def test_a_misspelt_key(db, header):
    response = Client().get(ESTATES, HTTP_AUTHORIZATION=header)
    assert refusal(response).startswith("接口密钥的写法不对")


def test_nobody_is_asked_for_a_key(db):
    response = Client().get(ESTATES)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


def test_an_expired_key(cast):
    token, key = make(cast)
    with clock.freeze(token.expires_on):
        assert ask(key).status_code == 200, "valid on its last day"
    with clock.freeze(token.expires_on + dt.timedelta(days=1)):
        assert "到期" in refusal(ask(key))


def test_a_stopped_key(cast):
    token, key = make(cast)
    tokens.token_revoke(actor=cast.system_admin, token=token)
    assert refusal(ask(key)) == "接口密钥已停用。"
    assert the_entry("token.revoke").actor == cast.system_admin
    with pytest.raises(StaleState):
        tokens.token_revoke(actor=cast.system_admin, token=token)


def test_the_key_of_a_closed_account(cast):
    _, key = make(cast)
    User.objects.filter(pk=cast.street_clerk.pk).update(is_active=False)
    assert refusal(ask(key)) == "接口密钥所属的账号已停用。"


def test_leaving_stops_the_keys(cast):
    _, key = make(cast)
    users.user_leave(actor=cast.system_admin, user=cast.street_clerk, left_on=clock.today())
    users.user_enable(actor=cast.system_admin, user=cast.street_clerk)
    assert refusal(ask(key)) == "接口密钥已停用。"


def test_the_key_of_a_locked_account(cast):
    _, key = make(cast)
    for _ in range(5):
        try_sign_in(Client(), cast.street_clerk.username, WRONG)
    assert "已锁定" in refusal(ask(key))


def test_a_key_of_someone_without_roles(cast):
    _, key = make(cast)
    cast.street_clerk.roles.all().delete()
    response = ask(key)
    assert response.status_code == 403
    assert response.json()["detail"] == "这个账号不能读业务数据。"


def test_a_key_opens_no_page(cast):
    _, key = make(cast)
    response = ask(key, "/estates/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_cookie_beside_the_key_lends_nothing(cast, sign_in, estate, other_estate):
    _, key = make(cast)
    client = sign_in(cast.city_manager)
    assert len(client.get(ESTATES).json()["results"]) == 2
    assert len(ask(key, client=client).json()["results"]) == 1
    assert refusal(ask("xyp_wrong", client=client)) == "接口密钥不对。"


def test_a_cookie_beside_the_key_hinders_nothing(cast, sign_in, estate):
    """A program's key does not wait for the password of whoever is signed in there."""
    _, key = make(cast)
    User.objects.filter(pk=cast.city_manager.pk).update(must_change_password=True)
    client = sign_in(cast.city_manager)
    assert client.get(ESTATES).status_code == 403
    assert ask(key, client=client).status_code == 200


def test_use_is_noted_once_a_minute_and_audited_once_a_day(cast, count_queries):
    token, key = make(cast)
    start = clock.at(clock.today(), 9)
    with clock.freeze(start):
        ask(key)
    with clock.freeze(start + dt.timedelta(seconds=30)):
        ask(key)
    token.refresh_from_db()
    assert token.last_used_at == start
    with clock.freeze(start + dt.timedelta(minutes=5)):
        ask(key)
    token.refresh_from_db()
    assert token.last_used_at == start + dt.timedelta(minutes=5)
    assert len(entries("token.use")) == 1
    with clock.freeze(start + dt.timedelta(days=1)):
        ask(key)
    assert [entry.actor for entry in entries("token.use")] == [cast.street_clerk] * 2
    assert {entry.channel for entry in entries("token.use")} == {"api"}


# --- making ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"rights": []}, "rights", "至少一项"),
        ({"rights": ["everything"]}, "rights", "至少一项"),
        ({"name": "  "}, "name", "请写上用途"),
        ({"expires_on": 0}, "expires_on", "要晚于今天"),
        ({"expires_on": 367}, "expires_on", "最长一年"),
    ],
)
def test_bad_facts_are_named(cast, given, field, sentence):
    if "expires_on" in given:
        given = {"expires_on": clock.today() + dt.timedelta(days=given["expires_on"])}
    with pytest.raises(BusinessError, match=sentence) as caught:
        make(cast, **given)
    assert caught.value.field == field
    assert not ApiToken.objects.exists()


def test_a_year_ends_in_a_leap_year_too():
    with clock.freeze(dt.date(2028, 2, 29)):
        assert tokens.latest_expiry() == dt.date(2029, 2, 28)


@pytest.mark.parametrize("part", ["system_admin", "outsider"])
def test_no_key_for_who_reads_no_business(cast, part):
    with pytest.raises(BusinessError, match="只能给在用的业务账号"):
        make(cast, cast.people[part])


@pytest.mark.parametrize("part", ["street_clerk", "city_manager", "auditor"])
def test_only_the_administrator_makes_keys(cast, part):
    with pytest.raises(NotPermitted):
        make(cast, actor=cast.people[part])


def test_a_user_stops_the_own_key_and_no_other(cast):
    token, _ = make(cast)
    with pytest.raises(NotPermitted):
        tokens.token_revoke(actor=cast.other_clerk, token=token)
    tokens.token_revoke(actor=cast.street_clerk, token=token)
    assert the_entry("token.revoke").actor == cast.street_clerk


@pytest.mark.both_databases
def test_no_two_keys_are_the_same(cast):
    token, _ = make(cast)
    other, _ = make(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.filter(pk=other.pk).update(key_hash=token.key_hash)


# --- by session ------------------------------------------------------------------------------


def test_a_session_reads_as_its_user(sign_in, street_clerk, estate, other_estate):
    rows = sign_in(street_clerk).get(ESTATES).json()["results"]
    assert [row["name"] for row in rows] == [estate.name]


def test_an_administrators_session_reads_no_business(sign_in, system_admin, estate):
    response = sign_in(system_admin).get(ESTATES)
    assert response.status_code == 403
    assert response.json()["detail"] == "这个账号不能读业务数据。"


def test_an_idle_session_hears_why(cast, sign_in):
    noon = clock.at(clock.today(), 12)
    User.objects.update(password_changed_at=noon)
    with clock.freeze(noon):
        client = sign_in(cast.street_clerk)
    with clock.freeze(noon + dt.timedelta(minutes=31)):
        response = client.get(ESTATES)
    assert response.status_code == 403
    assert response.json()["code"] == "idle"
    assert client.get(ESTATES).status_code == 401


def test_the_description_knows_the_key(sign_in, city_manager):
    response = sign_in(city_manager).get("/api/schema/", headers={"Accept": "application/json"})
    schemes = json.loads(response.content)["components"]["securitySchemes"]
    assert schemes["接口密钥"]["name"] == "Authorization"
