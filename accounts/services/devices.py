"""The second factor: a code of the phone (TOTP), bound by its user, reset by the administrator.

The secret is shown while the phone is being bound and never again.
"""

import math
import unicodedata

from django.db import transaction
from django_otp import verify_token
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import selectors
from accounts.choices import ACCOUNT_ADMINS, SessionEnd
from accounts.models import User
from xingyang_pm.common import access, audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.guarding import guarded

from .sessions import sessions_close

TAG = "动态码"
WRONG = "动态码不对，请看手机上最新的 6 位数字。"


def device_begin(*, actor: User) -> TOTPDevice:
    """Make the secret for binding a phone; an earlier one that was never confirmed goes."""
    if selectors.confirmed_device(actor) is not None:
        raise BusinessError("已绑定手机。换手机请联系系统管理员重置。", code="bound")
    with guarded():
        TOTPDevice.objects.filter(user_id=actor.pk, confirmed=False).delete()
        device = TOTPDevice.objects.create(user_id=actor.pk, name="手机", confirmed=False)
        audit.record(
            actor=actor, verb="device.begin", target=actor, summary="开始绑定动态码", tag=TAG
        )
    return device


def _verify(actor: User, device: TOTPDevice, code: str) -> None:
    """Check ``code``; raise the sentence. What a wrong code costs must stay in the database, so
    this runs outside any transaction that the refusal would roll back."""
    allowed, why_not = device.verify_is_allowed()
    if not allowed:
        until = (why_not or {}).get("locked_until")
        seconds = max(math.ceil((until - clock.now()).total_seconds()), 1) if until else 30
        raise BusinessError(f"动态码错得太多，请 {seconds} 秒后再试。", field="code", code="slow")
    # An input method may write digits in full width.
    digits = unicodedata.normalize("NFKC", "".join(code.split()))
    if (
        digits.isascii()
        and digits.isdigit()
        and verify_token(actor, device.persistent_id, digits) is not None
    ):
        return
    audit.record(
        actor=actor,
        verb="device.refused",
        target=actor,
        summary="动态码不对",
        tag=TAG,
        success=False,
    )
    raise BusinessError(WRONG, field="code", code="wrong_code")


def device_confirm(*, actor: User, code: str) -> TOTPDevice:
    """Bind the phone that shows ``code``."""
    device = selectors.pending_device(actor)
    if device is None:
        raise BusinessError("没有等待绑定的手机，请重新开始绑定。", code="no_device")
    _verify(actor, device, code)
    with transaction.atomic():
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        audit.record(
            actor=actor,
            verb="device.bind",
            target=actor,
            summary="绑定动态码",
            tag=TAG,
            tone="b",
        )
    device.refresh_from_db()
    return device


def device_verify(*, actor: User, code: str) -> TOTPDevice:
    """Check the code of a sign-in; return the device that showed it."""
    device = selectors.confirmed_device(actor)
    if device is None:
        raise BusinessError("还没有绑定手机，请先绑定。", code="no_device")
    _verify(actor, device, code)
    audit.record(actor=actor, verb="device.verify", target=actor, summary="动态码验证通过", tag=TAG)
    return device


def device_reset(*, actor: User, user: User, reason: str) -> User:
    """Forget the phone of ``user``, whose sessions end; the next sign-in binds another."""
    access.require(actor, ACCOUNT_ADMINS, "只有系统管理员可以重置动态码。")
    if actor.pk == user.pk:
        raise NotPermitted("不能重置自己的动态码，请由另一位系统管理员办理。")
    reason = reason.strip()
    if not reason:
        raise BusinessError("请写上重置的原因，例如“换手机”。", field="reason")
    with guarded():
        removed, _ = TOTPDevice.objects.filter(user_id=user.pk).delete()
        if not removed:
            raise BusinessError("这个人还没有绑定动态码。", code="no_device")
        ended = sessions_close(user=user, reason=SessionEnd.ADMIN)
        audit.record(
            actor=actor,
            verb="device.reset",
            target=user,
            summary=f"重置“{user}”的动态码{f'，结束 {ended} 个登录' if ended else ''}",
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return user
