"""Answers about accounts that span models: may this name try again, what stands in the way of
this session, whose key is this."""

import base64
import datetime as dt
import hashlib
import ipaddress
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from xingyang_pm.common import clock
from xingyang_pm.common.desk import WaitingItem

from .choices import EXCLUSIVE_ROLES, SECOND_FACTOR_ROLES, Role
from .models import ApiToken, User, UserSession
from .validators import classes_of

PASSWORD_WARNING_DAYS = 7

# --- tries and lock of a user name -----------------------------------------------------------


_LIKE_A_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


def counted_name(typed: str) -> str:
    """Return the name under which tries of ``typed`` are counted, in small letters.

    People type their password into the wrong field. So what could be one (no user's name, and
    as mixed as a password must be) is counted under a digest that says nothing.
    """
    name = typed.strip().lower()
    if _LIKE_A_NAME.fullmatch(name) and (
        classes_of(typed.strip()) < settings.PASSWORD_MIN_CLASSES
        or User.objects.filter(username=name).exists()
    ):
        return name
    return "?" + hashlib.sha256(f"{settings.SECRET_KEY}{typed}".encode()).hexdigest()[:24]


def is_a_name(counted: str) -> bool:
    """Return whether ``counted`` is a name that may be written down."""
    return not counted.startswith("?")


@dataclass(frozen=True)
class TryState:
    """How often ``username`` has failed lately; the same for names that nobody has."""

    username: str
    failures: int
    locked_until: dt.datetime | None

    @property
    def tries_left(self) -> int:
        return max(settings.AXES_FAILURE_LIMIT - self.failures, 0)

    @property
    def is_locked(self) -> bool:
        return self.locked_until is not None

    @property
    def minutes_left(self) -> int:
        """Minutes until the next try, rounded up; 0 if not locked."""
        if self.locked_until is None:
            return 0
        seconds = (self.locked_until - clock.now()).total_seconds()
        return max(math.ceil(seconds / 60), 1)


def lock_time() -> dt.timedelta:
    """Return how long a failure counts, and so how long a name stays locked."""
    return dt.timedelta(minutes=settings.LOGIN_LOCK_MINUTES)


def _state(username: str, attempts: Iterable[tuple[dt.datetime, int]]) -> TryState:
    """Return the state from ``attempts``, newest first.

    The name is free again when the failures that still count fall below the limit: that is
    when the attempt ages out at which, counted from the newest, the limit is reached.
    """
    failures, locked_until = 0, None
    for at, count in attempts:
        failures += count
        if locked_until is None and failures >= settings.AXES_FAILURE_LIMIT:
            locked_until = at + lock_time()
    return TryState(username, failures, locked_until)


def try_state(username: str) -> TryState:
    """Return how often ``username`` has failed and whether it is locked now."""
    return _state(
        username,
        AccessAttempt.objects.filter(username=username, attempt_time__gte=clock.now() - lock_time())
        .order_by("-attempt_time")
        .values_list("attempt_time", "failures_since_start"),
    )


def locked_names() -> dict[str, TryState]:
    """Return all names that are locked now."""
    attempts: dict[str, list[tuple[dt.datetime, int]]] = {}
    rows = AccessAttempt.objects.filter(attempt_time__gte=clock.now() - lock_time())
    for name, at, count in rows.order_by("-attempt_time").values_list(
        "username", "attempt_time", "failures_since_start"
    ):
        attempts.setdefault(name, []).append((at, count))
    states = (_state(name, rows_of) for name, rows_of in attempts.items())
    return {state.username: state for state in states if state.is_locked}


# --- what stands between a session and the pages ---------------------------------------------


def needs_second_factor(user: User) -> bool:
    """Return whether this person's sessions must show a code besides the password."""
    return settings.SECOND_FACTOR_REQUIRED and user.has_role(*SECOND_FACTOR_ROLES)


def shows_second_factor(user: User) -> bool:
    """Return whether the session of ``user`` has been verified by a code."""
    verified = getattr(user, "is_verified", None)
    return bool(verified is not None and verified())


def confirmed_device(user: User) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).order_by("pk").first()


def pending_device(user: User) -> TOTPDevice | None:
    """Return the device that waits for its first code."""
    return TOTPDevice.objects.filter(user_id=user.pk, confirmed=False).order_by("-pk").first()


def device_secret(device: TOTPDevice) -> str:
    """Return the secret as people type it into their phone, in groups of four."""
    text = base64.b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def password_due_on(user: User) -> dt.date | None:
    """Return the day from which the password must be changed; None if it never expires."""
    if not settings.PASSWORD_MAX_AGE_DAYS or user.password_changed_at is None:
        return None
    changed = user.password_changed_at.astimezone(clock.SHANGHAI).date()
    return changed + dt.timedelta(days=settings.PASSWORD_MAX_AGE_DAYS)


def password_waiting(user: User) -> list[WaitingItem]:
    """Tell the desk of ``user`` that the password expires within a week."""
    due = password_due_on(user)
    if due is None or (due - clock.today()).days > PASSWORD_WARNING_DAYS:
        return []
    return [
        WaitingItem(
            tag="账号",
            title="密码快到期了",
            detail=f"{due} 起不改密码就不能办别的事",
            url=reverse("accounts:password-change"),
            action="修改密码",
            due=due - dt.timedelta(days=1),
        )
    ]


def must_change_password(user: User) -> bool:
    """Return whether this user must choose a new password before anything else."""
    if user.must_change_password:
        return True
    due = password_due_on(user)
    return due is not None and due <= clock.today()


@dataclass(frozen=True)
class Hindrance:
    """What a session has to do first: ``code`` for programs, ``sentence`` for people."""

    code: str
    sentence: str


SECOND_FACTOR = Hindrance("second_factor", "请先输入动态码，再继续。")
PASSWORD = Hindrance("password_change", "请先修改密码，再继续。")


def hindrance(user: User) -> Hindrance | None:
    """Return what ``user`` must do before anything else in this session, if anything.

    The code comes before the password: who holds an expired password alone shall not be able
    to choose a new one.
    """
    if needs_second_factor(user) and not shows_second_factor(user):
        return SECOND_FACTOR
    return PASSWORD if must_change_password(user) else None


def address_allowed(user: User, ip: str | None) -> bool:
    """Return whether ``user`` may work from ``ip``.

    ``ADMIN_ALLOWED_IPS`` (addresses or networks) limits the system administrators; empty
    means no limit.
    """
    allowed = settings.ADMIN_ALLOWED_IPS
    if not allowed or not user.has_role(Role.SYSTEM_ADMIN):
        return True
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(entry, strict=False) for entry in allowed)


# --- sessions and tokens ---------------------------------------------------------------------


def session_of_key(session_key: str) -> UserSession | None:
    return UserSession.objects.filter(session_key=session_key).first()


def is_idle(session: UserSession) -> bool:
    """Return whether nothing was done in ``session`` for longer than ``IDLE_TIMEOUT_MINUTES``."""
    limit = dt.timedelta(minutes=settings.IDLE_TIMEOUT_MINUTES)
    return clock.now() - session.last_seen_at > limit


def key_hash(key: str) -> str:
    """Return what is kept of an API key. It is random and long, so a plain digest will do."""
    return hashlib.sha256(key.encode()).hexdigest()


def token_of_key(key: str) -> ApiToken | None:
    return (
        ApiToken.objects.filter(key_hash=key_hash(key))
        .select_related("user", "user__office")
        .first()
    )


def role_words(roles: Iterable[str]) -> str:
    """Return the labels of ``roles`` in the order of the matrix; “无” for none."""
    held = set(roles)
    return "、".join(role.label for role in Role if role in held) or "无"


def has_administrator() -> bool:
    """Return whether anybody can administer accounts."""
    return User.objects.active().with_role(Role.SYSTEM_ADMIN).exists()


def exclusive_clash(roles: Iterable[str]) -> str | None:
    """Return the role among ``roles`` that must be held alone and is not."""
    held = set(roles)
    if len(held) < 2:
        return None
    return next((role for role in Role.values if role in held & EXCLUSIVE_ROLES), None)


def landing_name(user: Any) -> str:
    """Return the URL name of the first page after the sign-in."""
    if user.reads_business:
        return settings.LOGIN_REDIRECT_URL
    return "accounts:user-list" if user.has_role(Role.SYSTEM_ADMIN) else "accounts:profile"
