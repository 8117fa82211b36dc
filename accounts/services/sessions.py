"""Sign-ins and the sessions that they open. Each has an entry in the audit log."""

import datetime as dt
import ipaddress
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import QuerySet

from accounts import selectors
from accounts.choices import ACCOUNT_ADMINS, SessionEnd
from accounts.models import User, UserSession
from xingyang_pm.common import access, audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted

TAG = "登录"
# Writing it on every request would make each page a write.
SEEN_EVERY = dt.timedelta(minutes=1)


def _store(session_key: str) -> SessionBase:
    return import_module(settings.SESSION_ENGINE).SessionStore(session_key)


def _address(ip: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(ip or ""))
    except ValueError:
        return None


def session_open(*, user: User, session_key: str, ip: str | None, agent: str) -> UserSession:
    """Keep the row of a session; the same key again is the same row."""
    moment = clock.now()
    row, _ = UserSession.objects.get_or_create(
        session_key=session_key,
        defaults={
            "user": user,
            "ip": _address(ip),
            "agent": agent[:200],
            "started_at": moment,
            "last_seen_at": moment,
        },
    )
    return row


@transaction.atomic
def record_sign_in(*, user: User, session_key: str, ip: str | None, agent: str) -> UserSession:
    """Open the row of a new sign-in and write it into the audit log."""
    row = session_open(user=user, session_key=session_key, ip=ip, agent=agent)
    audit.record(actor=user, verb="session.sign_in", target=user, summary="登录", tag=TAG, tone="b")
    return row


@transaction.atomic
def record_sign_in_failure(*, username: str, was_locked: bool) -> selectors.TryState:
    """Write a refused sign-in into the audit log: the name that was tried and, inside, why.

    ``username`` is what :func:`accounts.selectors.counted_name` gave; what is no name is not
    written. Called after the failure has been counted; returns the count. ``was_locked``: the
    name was locked before this try. The page says the same for all reasons.
    """
    tried = username if selectors.is_a_name(username) else ""
    shown = f"“{tried}”" if tried else "不像用户名的名称（未记录）"
    known = User.objects.filter(username=tried).first() if tried else None
    if was_locked:
        why = "账号已锁定"
    elif known is None:
        why = "没有这个用户名"
    else:
        why = "密码不对" if known.is_active else "账号已停用"
    state = selectors.try_state(username)
    facts: dict[str, Any] = {
        "target": known,
        "after": {"username": tried},
        "tag": TAG,
        "success": False,
    }
    audit.record(actor=None, verb="session.refused", summary=f"没有让 {shown} 登录：{why}", **facts)
    if state.is_locked and not was_locked:
        audit.record(
            actor=None,
            verb="user.locked",
            summary=(
                f"连续 {settings.AXES_FAILURE_LIMIT} 次登录失败，"
                f"{shown} 锁定 {settings.LOGIN_LOCK_MINUTES} 分钟"
            ),
            tone="r",
            **facts,
        )
    return state


def _close(rows: QuerySet[UserSession], reason: str) -> int:
    """End ``rows``: their keys open nothing any more. Returns how many were open."""
    keys = list(rows.filter(ended_at__isnull=True).values_list("session_key", flat=True))
    for key in keys:
        _store(key).delete()
    return UserSession.objects.filter(session_key__in=keys, ended_at__isnull=True).update(
        ended_at=clock.now(), end_reason=reason
    )


def sessions_close(*, user: User, reason: str, besides: str = "") -> int:
    """End all sessions of ``user`` but the one with the key ``besides``; return how many.

    A step of other services, which write what happened into the audit log.
    """
    return _close(UserSession.objects.filter(user=user).exclude(session_key=besides), reason)


@transaction.atomic
def record_sign_out(*, actor: User, session_key: str) -> None:
    """End the session of ``session_key`` because its user signs out."""
    _close(UserSession.objects.filter(user=actor, session_key=session_key), SessionEnd.LOGOUT)
    audit.record(actor=actor, verb="session.sign_out", target=actor, summary="退出登录", tag=TAG)


@transaction.atomic
def session_end(*, actor: User, session: UserSession) -> UserSession:
    """End one session: one's own, or as an administrator anybody's."""
    own = session.user_id == actor.pk
    if not own and not access.holds(actor, ACCOUNT_ADMINS):
        raise NotPermitted("只能结束自己的登录。")
    reason = SessionEnd.ENDED if own else SessionEnd.ADMIN
    if not _close(UserSession.objects.filter(pk=session.pk), reason):
        raise BusinessError("这个登录已经结束了。", code="stale")
    session.refresh_from_db()
    started = session.started_at.astimezone(clock.SHANGHAI)
    where = f"{session.ip or '未知地址'}，{started:%m-%d %H:%M} 登录"
    audit.record(
        actor=actor,
        verb="session.end",
        target=session.user,
        summary=(
            f"结束自己在别处的登录（{where}）" if own else f"结束“{session.user}”的登录（{where}）"
        ),
        tag=TAG,
    )
    return session


@transaction.atomic
def session_expire(*, session: UserSession) -> None:
    """End a session in which nothing was done for too long."""
    if not _close(UserSession.objects.filter(pk=session.pk), SessionEnd.IDLE):
        return
    audit.record(
        actor=session.user,
        verb="session.idle",
        target=session.user,
        summary=f"超过 {settings.IDLE_TIMEOUT_MINUTES} 分钟没有操作，自动退出",
        tag=TAG,
    )


@transaction.atomic
def record_wrong_address(*, user: User, session_key: str = "") -> None:
    """Write into the audit log that an administrator came from a place that is not allowed.

    The session of ``session_key``, if there is one, ends.
    """
    _close(UserSession.objects.filter(user=user, session_key=session_key), SessionEnd.ADMIN)
    audit.record(
        actor=user,
        verb="session.refused",
        target=user,
        summary="没有让系统管理员登录：不在指定的地址",
        tag=TAG,
        success=False,
    )


def session_seen(*, session: UserSession) -> None:
    """Note that something is done in the session, at most once a minute."""
    moment = clock.now()
    if moment - session.last_seen_at < SEEN_EVERY:
        return
    UserSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(last_seen_at=moment)
    session.last_seen_at = moment


def session_moved(*, old_key: str, new_key: str) -> None:
    """Follow a session whose key has been changed (after a code or a new password)."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


def sessions_sweep() -> int:
    """End the sessions that nobody came back to; return how many."""
    limit = clock.now() - dt.timedelta(minutes=settings.IDLE_TIMEOUT_MINUTES)
    with transaction.atomic():
        return _close(UserSession.objects.filter(last_seen_at__lt=limit), SessionEnd.IDLE)
