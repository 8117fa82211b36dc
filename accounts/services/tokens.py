"""API keys: made by the administrator for a reader of the business, shown once, kept as digest."""

import datetime as dt
import secrets
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q

from accounts import selectors
from accounts.choices import ACCOUNT_ADMINS, TokenRight
from accounts.models import ApiToken, User
from xingyang_pm.common import access, audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.guarding import guarded

TAG = "接口"
KEY_START = "xyp_"
PREFIX_LENGTH = 8
_SEEN_EVERY = dt.timedelta(minutes=1)


def latest_expiry() -> dt.date:
    """Return the last day until which a key made today may be valid: one year."""
    today = clock.today()
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year + 1, day=28)


def token_create(
    *, actor: User, user: User, name: str, rights: Collection[str], expires_on: dt.date
) -> tuple[ApiToken, str]:
    """Make a key with which a program reads as ``user``, cut down to ``rights``.

    Returns the row and the key, which is kept nowhere. Keys only read, and only the business:
    so neither for administrators nor for closed accounts.
    """
    access.require(actor, ACCOUNT_ADMINS, "只有系统管理员可以建立接口密钥。")
    name = " ".join(name.split())
    if not name:
        raise BusinessError("请写上用途，例如“市数据平台每晚取数”。", field="name")
    chosen = sorted(set(rights))
    if not chosen or set(chosen) - set(TokenRight.values):
        raise BusinessError("请选择可读范围，至少一项。", field="rights")
    if not user.is_active or not user.reads_business:
        raise BusinessError("接口密钥只能给在用的业务账号。", field="user")
    if expires_on <= clock.today():
        raise BusinessError("有效期要晚于今天。", field="expires_on")
    if expires_on > latest_expiry():
        raise BusinessError(
            f"有效期最长一年，最晚到 {latest_expiry():%Y-%m-%d}。", field="expires_on"
        )
    key = KEY_START + secrets.token_urlsafe(32)
    with guarded():
        token = ApiToken(
            user=user,
            name=name,
            prefix=key[:PREFIX_LENGTH],
            key_hash=selectors.key_hash(key),
            rights=chosen,
            created_at=clock.now(),
            expires_on=expires_on,
        )
        token.full_clean()
        token.save()
        audit.record(
            actor=actor,
            verb="token.create",
            target=token,
            subjects=[user],
            summary=(
                f"给“{user}”建立接口密钥“{token.name}”，可读"
                f"{'、'.join(TokenRight(right).label for right in chosen)}，有效至 {expires_on}"
            ),
            after=audit.snapshot(token, ["user", "name", "prefix", "rights", "expires_on"]),
            tag=TAG,
            tone="b",
        )
    return token, key


def token_revoke(*, actor: User, token: ApiToken) -> ApiToken:
    """Stop a key at once; its user and the administrator may."""
    if token.user_id != actor.pk and not access.holds(actor, ACCOUNT_ADMINS):
        raise NotPermitted("只能停用自己的接口密钥。")
    with guarded():
        moment = clock.now()
        rows = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
        if rows.update(revoked_at=moment) != 1:
            raise StaleState("这个接口密钥已经停用了。")
        token.revoked_at = moment
        audit.record(
            actor=actor,
            verb="token.revoke",
            target=token,
            subjects=[token.user],
            summary=f"停用“{token.user}”的接口密钥“{token.name}”",
            tag=TAG,
            tone="a",
        )
    return token


@transaction.atomic
def token_used(*, token: ApiToken) -> None:
    """Note that a key was used, at most once a minute; the first use of a day is audited."""
    moment = clock.now()
    rows = ApiToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - _SEEN_EVERY), pk=token.pk
    )
    if not rows.update(last_used_at=moment):
        return
    before = token.last_used_at
    if before is None or before.astimezone(clock.SHANGHAI).date() != moment.date():
        audit.record(
            actor=token.user,
            verb="token.use",
            target=token,
            subjects=[token.user],
            summary=f"用接口密钥“{token.name}”取数（今天第一次）",
            tag=TAG,
        )
