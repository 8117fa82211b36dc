"""Passwords: made once for a new account, changed by its owner, never written anywhere."""

import secrets

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from accounts.choices import SessionEnd
from accounts.models import PasswordHistory, User
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded

from .sessions import sessions_close

TAG = "密码"
# Without what is mistaken for something else when read out or copied by hand.
_CONSONANTS = "bdfghkmnprstvz"
_VOWELS = "aeiou"
_DIGITS = "23456789"


def temporary_password() -> str:
    """Return a random password that can be read out: ``Kamo-Tiru-Veba-4728``, about 2^49."""
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(6)]
    words = ["".join(syllables[at : at + 2]).capitalize() for at in (0, 2, 4)]
    return "-".join([*words, "".join(secrets.choice(_DIGITS) for _ in range(4))])


@sensitive_variables("password")
def password_put(*, user: User, password: str, temporary: bool) -> None:
    """Set ``password`` on ``user`` (not saved) and keep the digest of the former one."""
    if user.pk is not None and user.password:
        PasswordHistory.objects.create(user=user, encoded=user.password, changed_at=clock.now())
    user.set_password(password)
    user.must_change_password = temporary
    user.password_changed_at = clock.now()


@sensitive_variables("password")
def password_check(*, user: User, password: str, field: str) -> None:
    """Raise :class:`BusinessError` on ``field`` with all that is wrong with a new password."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise BusinessError(" ".join(error.messages), code="password", field=field) from error


@sensitive_variables("old_password", "new_password")
def password_change(
    *, actor: User, old_password: str, new_password: str, keep_session: str = ""
) -> User:
    """Change the actor's own password; all other sessions of the actor end.

    ``keep_session`` is the key of the session in which it is changed.
    """
    user = User.objects.get(pk=actor.pk)
    if not user.is_active:
        raise BusinessError("账号已停用，不能修改密码。", code="inactive")
    if not user.check_password(old_password):
        audit.record(
            actor=user,
            verb="password.refused",
            target=user,
            summary="没有改成密码：现在的密码填错",
            tag=TAG,
            success=False,
        )
        raise BusinessError("现在的密码不对。", code="old_password", field="old_password")
    password_check(user=user, password=new_password, field="new_password")
    with guarded():
        password_put(user=user, password=new_password, temporary=False)
        user.save(update_fields=["password", "must_change_password", "password_changed_at"])
        ended = sessions_close(user=user, reason=SessionEnd.REPLACED, besides=keep_session)
        others = f"，结束别处的 {ended} 个登录" if ended else ""
        audit.record(
            actor=user,
            verb="password.change",
            target=user,
            summary=f"修改密码{others}",
            tag=TAG,
            tone="b",
        )
    return user


def password_rules() -> list[str]:
    """Return what a password must be, one short line each."""
    lines = [
        validator.get_help_text()
        for validator in password_validation.get_default_password_validators()
    ]
    if settings.PASSWORD_MAX_AGE_DAYS:
        lines.append(f"{settings.PASSWORD_MAX_AGE_DAYS} 天内要换一次")
    return [line for line in lines if line]
