"""What the tests of accounts share: a browser that signs in, and a search for secrets."""

import datetime as dt
import json
from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.core import serializers
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.support.people import PASSWORD
from xingyang_pm.common.models import AuditEntry

LOGIN = "/accounts/login/"
WRONG = "Not-The-Password-1"

SignIn = Callable[..., Client]


def try_sign_in(client: Client, username: str, password: str = PASSWORD, **data: str):
    return client.post(LOGIN, {"username": username, "password": password, **data})


@pytest.fixture
def sign_in() -> SignIn:
    """Return a client that has signed in on the page, as a browser does."""

    def signed_in(user: User, password: str = PASSWORD) -> Client:
        client = Client()
        response = try_sign_in(client, user.username, password)
        assert response.status_code == 302, response.content.decode()
        return client

    return signed_in


def entries(verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb=verb).order_by("pk"))


def the_entry(verb: str) -> AuditEntry:
    """Return the one entry of ``verb``; fail if there is none or more."""
    (entry,) = entries(verb)
    return entry


def audit_text() -> str:
    """Return all that the audit log holds, as text."""
    return serializers.serialize("json", AuditEntry.objects.all(), ensure_ascii=False)


def failures_text() -> str:
    """Return all that the counter of failures holds, as text."""
    return serializers.serialize("json", AccessAttempt.objects.all(), ensure_ascii=False)


def session_text(client: Client) -> str:
    return json.dumps(dict(client.session.items()), default=str)


def is_out(client: Client) -> bool:
    """Return whether a request of ``client`` is led to the sign-in page."""
    response = client.get(reverse("accounts:profile"))
    return response.status_code == 302 and response["Location"].startswith(LOGIN)


def age_attempts(minutes: float) -> None:
    """Let all failed sign-ins have happened ``minutes`` earlier than they did."""
    for attempt in AccessAttempt.objects.all():
        moved = attempt.attempt_time - dt.timedelta(minutes=minutes)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=moved)
