"""Every address × every party × GET and POST, against ``expected.py``.

The parties are the eight roles, the outsider (an account without a role), the other street's
clerk and leader, and nobody at all (not signed in). A POST is sent without fields: whoever is
served meets a form again or a rule's sentence, whoever is not meets 403 or 404 before it. Each
request runs in a savepoint that is rolled back, so no act changes what the next one meets.
"""

from fnmatch import fnmatch
from http import HTTPStatus

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client

from tests.matrix.expected import ADMIN_RULES, BUREAU, NOBODY, READERS, RULES, SIGNED_IN, Rule
from tests.matrix.objects import KWARGS, MARK, World
from tests.matrix.urls import Address, addresses
from tests.support.people import BACKEND

ALL = addresses()
NOT_SIGNED_IN = "nobody"
# Where being led to the sign-in page is the service itself.
LEAD_TO_SIGN_IN = ("/admin/login/",)
ELSEWHERE = {"other_clerk": "street_clerk", "other_leader": "street_leader"}
# Addresses that live outside the portal's own rules: Django's account pages behind its admin.
DJANGO_OWN = (
    "admin:route:*", "admin:logout", "admin:password_change*", "admin:autocomplete",
    "admin:jsi18n", "admin:view_on_site", "admin:*_config", "admin:*_qrcode",
)  # fmt: skip

SERVED, REFUSED, HIDDEN, ABSENT, SENT_TO_SIGN_IN, CRASHED = (
    "served",
    "refused",
    "hidden",
    "no such method",
    "sent to sign in",
    "CRASHED",
)


def rule_of(address: Address) -> Rule | None:
    if address.name in RULES:
        return RULES[address.name]
    return next((rule for key, rule in ADMIN_RULES.items() if fnmatch(address.name, key)), None)


def _is_ours(address: Address) -> bool:
    return not any(fnmatch(address.name, pattern) for pattern in DJANGO_OWN)


def meaning(response: HttpResponseBase, path: str) -> str:
    """Return what an answer means for the person who asked."""
    status = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return CRASHED
    if status == HTTPStatus.UNAUTHORIZED:
        return SENT_TO_SIGN_IN
    if status in {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}:
        target = response.headers.get("Location", "")
        if path == "/accounts/logout/" and target == "/accounts/login/":
            return SERVED
        if target.startswith("/admin/login/?next="):
            return SENT_TO_SIGN_IN
        if target.startswith("/accounts/login/") and path not in LEAD_TO_SIGN_IN:
            return SENT_TO_SIGN_IN
    return {
        HTTPStatus.FORBIDDEN: REFUSED,
        HTTPStatus.NOT_FOUND: HIDDEN,
        HTTPStatus.METHOD_NOT_ALLOWED: ABSENT,
    }.get(HTTPStatus(status), SERVED)


def wanted(rule: Rule, address: Address, party: str, method: str) -> set[str]:
    """Return the answers that ``rule`` lets ``party`` meet."""
    allowed = rule.get if method == "GET" else rule.post
    is_api = address.name.startswith("api")
    if party == NOT_SIGNED_IN:
        if rule.scope == "public":
            return {SERVED} if allowed else {ABSENT}
        return {SENT_TO_SIGN_IN, REFUSED} if is_api else {SENT_TO_SIGN_IN}
    if rule.scope == "public":
        return {SERVED} if allowed else {ABSENT}
    role = ELSEWHERE.get(party, party)
    if rule.scope != "page" and not _sees(rule, party):
        # Asking for the role first tells nothing of the row either.
        role_first = is_api or rule.scope == "staff" or rule.role_first
        return {HIDDEN, REFUSED} if role_first else {HIDDEN}
    if role in allowed:
        return {SERVED}
    # Django's administration sends whoever may not use it to its sign-in page.
    refused = {REFUSED, SENT_TO_SIGN_IN} if address.name.startswith("admin:") else {REFUSED}
    return refused | {ABSENT} if allowed == NOBODY else refused


def _sees(rule: Rule, party: str) -> bool:
    if party in ELSEWHERE:
        return rule.scope == "city"
    if rule.scope == "own":
        return party == rule.owner
    return party in {
        "street": READERS,
        "city": READERS,
        "bureau": BUREAU,
        "staff": rule.sees,
    }.get(rule.scope, SIGNED_IN)


@pytest.fixture
def world(cast):
    made = World(cast)
    # Both streets are there from the start: a list that showed the other's rows would show them.
    for side in MARK:
        made.get("estates.Estate", side)
        made.get("estates.HouseholdCount", side)
        made.get("enterprises.Engagement", side)
        made.get("inspections.RectificationItem", side)
    return made


@pytest.fixture
def people(cast):
    found = {role: cast.of_role(role) for role in SIGNED_IN - {"outsider"}}
    return {
        **found,
        "outsider": cast.outsider,
        "other_clerk": cast.other_clerk,
        "other_leader": cast.other_leader,
        NOT_SIGNED_IN: None,
    }


def _kwargs(world: World, address: Address, side: str = "street") -> dict:
    if address.name in KWARGS:
        return KWARGS[address.name](world, side)
    found = {}
    for argument in address.arguments:
        if argument in {"pk", "object_id"}:
            if not address.model:
                pytest.fail(
                    f"{address.name} ({address.route}): no model is known for {argument!r}; "
                    "say in tests/matrix/objects.py KWARGS what stands for it"
                )
            found[argument] = world.get(address.model, side).pk
        elif argument == "format":
            found[argument] = "json"
        else:
            pytest.fail(
                f"{address.name} ({address.route}): nothing is known for {argument!r}; add "
                f'    "{address.name}": lambda world, side: {{"{argument}": …}},\n'
                "to KWARGS in tests/matrix/objects.py"
            )
    return found


def _ask(client: Client, method: str, path: str) -> HttpResponseBase:
    with transaction.atomic():
        response = client.get(path) if method == "GET" else client.post(path)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    return response


def _client(user) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client


def _word(answer: str, response: HttpResponseBase) -> str:
    target = response.headers.get("Location", "")
    return f"{answer} ({response.status_code}{' → ' + target if target else ''})"


@pytest.mark.parametrize(
    "address", [a for a in ALL if _is_ours(a)], ids=lambda a: f"{a.name} {a.route}"
)
def test_each_party_meets_what_the_matrix_says(address, world, people):
    rule = rule_of(address)
    if rule is None:
        pytest.skip("stands in the test below as missing")
    path = address.path(_kwargs(world, address))
    faults = []
    for party, user in people.items():
        for method in ("GET", "POST"):
            response = _ask(_client(user), method, path)
            answer = meaning(response, path)
            allowed = wanted(rule, address, party, method)
            if answer not in allowed:
                faults.append(
                    f"{method:4} {party:16} should be {' or '.join(sorted(allowed)):24} "
                    f"but was {_word(answer, response)}"
                )
            elif party in ELSEWHERE and answer == SERVED and rule.scope in {"page", "street"}:
                shown = _text(response)
                if MARK["street"] in shown:
                    where = shown.index(MARK["street"])
                    faults.append(
                        f"{method:4} {party:16} was shown what is the other street's: "
                        f"…{' '.join(shown[max(0, where - 60) : where + 40].split())}…"
                    )
    assert not faults, (
        f"\n{address.name}  {path}\n  " + "\n  ".join(faults) + "\n\nIf the portal is right, "
        f'change the line "{address.name}" in tests/matrix/expected.py; else mend the view.'
    )


def _text(response: HttpResponseBase) -> str:
    if not isinstance(response, HttpResponse):
        return ""
    return response.content.decode(errors="replace")


def test_every_address_stands_in_the_matrix():
    missing = [a for a in ALL if _is_ours(a) and rule_of(a) is None]
    lines = "\n".join(
        f'    "{a.name}": {"act(MANAGER)" if a.arguments else "listing()"},  # /{a.route}'
        for a in missing
    )
    assert not missing, (
        f"{len(missing)} addresses are not in tests/matrix/expected.py. Say for each who is "
        f"served; a line to start from:\n{lines}"
    )


def test_every_line_of_the_matrix_is_an_address():
    known = {a.name for a in ALL}
    gone = sorted(set(RULES) - known)
    assert not gone, f"tests/matrix/expected.py speaks of what is not there: {gone}"


def test_django_own_pages_of_its_administration_are_for_the_administrator(people):
    """Named one by one nowhere, since Django adds them; none may serve anybody else."""
    faults = []
    for address in (a for a in ALL if not _is_ours(a)):
        path = address.path(dict.fromkeys(address.arguments, 1))
        for party, user in people.items():
            if party == "system_admin":
                continue
            response = _ask(_client(user), "GET", path)
            if meaning(response, path) == SERVED and response.status_code == HTTPStatus.OK:
                faults.append(f"{party} at {path} ({address.name})")
    assert not faults, "served without being an administrator:\n  " + "\n  ".join(faults)
