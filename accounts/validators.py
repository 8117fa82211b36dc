"""What a password and a user name must be. The numbers are settings (domain facts §5)."""

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import CommonPasswordValidator as DjangoCommonPassword
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from pypinyin import lazy_pinyin

from .models import PasswordHistory

# Above this a password is no better and hashing it costs the server.
MAX_LENGTH = 128
# Parts of a name shorter than this stand in too many words to be refused.
SHORTEST_PART = 4

USER_NAME = RegexValidator(
    r"^[a-z][a-z0-9_.-]{2,39}\Z",
    "用户名由小写字母开头，3 至 40 位，只用小写字母、数字和 _ . -。",
)
MOBILE = RegexValidator(r"^1\d{10}\Z", "手机应为 11 位数字，例如 13800000000。")
# Names that every password guesser tries first.
RESERVED_NAMES = frozenset(
    {
        "admin", "administrator", "guest", "manager", "operator", "postgres", "root", "super",
        "superuser", "supervisor", "sysadmin", "system", "test", "user", "xingyang",
    }
)  # fmt: skip

_CLASSES = (
    re.compile(r"[a-z]"),
    re.compile(r"[A-Z]"),
    re.compile(r"[0-9]"),
    re.compile(r"[^a-zA-Z0-9]"),
)


def classes_of(text: str) -> int:
    """Return how many of lower case, upper case, digits and signs stand in ``text``."""
    return sum(bool(pattern.search(text)) for pattern in _CLASSES)


class LengthValidator:
    """At least ``PASSWORD_MIN_LENGTH`` characters, at most what is still hashed quickly."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < settings.PASSWORD_MIN_LENGTH:
            raise ValidationError(
                f"密码至少 {settings.PASSWORD_MIN_LENGTH} 位，现在是 {len(password)} 位。",
                code="too_short",
            )
        if len(password) > MAX_LENGTH:
            raise ValidationError(f"密码最长 {MAX_LENGTH} 位。", code="too_long")

    def get_help_text(self) -> str:
        return f"至少 {settings.PASSWORD_MIN_LENGTH} 位"


class CharacterClassValidator:
    """At least ``PASSWORD_MIN_CLASSES`` of: lower case, upper case, digit, sign."""

    def validate(self, password: str, user: Any = None) -> None:
        found = classes_of(password)
        if found < settings.PASSWORD_MIN_CLASSES:
            raise ValidationError(
                f"密码要有大写字母、小写字母、数字、符号中的 {settings.PASSWORD_MIN_CLASSES} 种，"
                f"现在只有 {found} 种。",
                code="too_few_classes",
            )

    def get_help_text(self) -> str:
        return f"大写字母、小写字母、数字、符号中至少 {settings.PASSWORD_MIN_CLASSES} 种"


class UserNameValidator:
    """Neither the user name nor the person's name, as written or in pinyin, stands in it."""

    def validate(self, password: str, user: Any = None) -> None:
        if user is None:
            return
        lowered = password.lower()
        username = str(getattr(user, "username", "") or "").lower()
        if len(username) >= SHORTEST_PART - 1 and username in lowered:
            raise ValidationError("密码里不能有用户名。", code="user_name")
        name = str(getattr(user, "name", "") or "").lower()
        pinyin = "".join(lazy_pinyin(name)).replace(" ", "")
        if (len(name) >= 2 and name in lowered) or (
            len(pinyin) >= SHORTEST_PART and pinyin in lowered
        ):
            raise ValidationError("密码里不能有姓名或姓名的拼音。", code="person_name")

    def get_help_text(self) -> str:
        return "不含用户名、姓名或姓名拼音"


class CommonPasswordValidator:
    """Not one of the 20,000 that are tried first (Django's list), nor one with 123 behind it."""

    def __init__(self) -> None:
        self._known = DjangoCommonPassword().passwords

    def validate(self, password: str, user: Any = None) -> None:
        lowered = password.lower().strip()
        core = lowered.strip("0123456789!@#$%^&*._-+=?~ ")
        if lowered in self._known or (len(core) >= SHORTEST_PART and core in _OFFICE_WORDS):
            raise ValidationError("这个密码太常见，容易被猜到，请换一个。", code="common")

    def get_help_text(self) -> str:
        return "不是常见密码"


# What people here would write first, with digits and signs around it.
_OFFICE_WORDS = frozenset(
    {
        "admin", "fangguan", "henan", "password", "passwd", "qwer", "qwerty", "wuye", "woaini",
        "xingyang", "xyfg", "xywy", "zhengzhou", "zhufang",
    }
)  # fmt: skip


class HistoryValidator:
    """Not one of the last ``PASSWORD_HISTORY`` passwords of this user, the present one included."""

    def validate(self, password: str, user: Any = None) -> None:
        depth = settings.PASSWORD_HISTORY
        if user is None or user.pk is None or depth < 1:
            return
        former = PasswordHistory.objects.filter(user=user).order_by("-changed_at", "-pk")
        used = [user.password, *former.values_list("encoded", flat=True)[: depth - 1]]
        if any(check_password(password, encoded) for encoded in used if encoded):
            raise ValidationError(
                f"最近 {depth} 次用过的密码不能再用，请换一个。", code="used_before"
            )

    def get_help_text(self) -> str:
        depth = settings.PASSWORD_HISTORY
        return f"不是最近 {depth} 次用过的密码" if depth else ""
