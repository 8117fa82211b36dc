"""Typed readers for environment variables that name the variable when it is wrong."""

import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    """Return the variable ``name``; without a default a missing one is an error that names it."""
    value = os.environ.get(name)
    if value is None or value == "":
        if default is None:
            raise ImproperlyConfigured(f"环境变量 {name} 未设置，平台不能启动。")
        return default
    return value


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ImproperlyConfigured(f"环境变量 {name} 应为 1 或 0，现为 {value!r}。")


def integer(
    name: str, default: int, *, minimum: int | None = None, maximum: int | None = None
) -> int:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"环境变量 {name} 应为整数，现为 {value!r}。") from None
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"环境变量 {name} 不能小于 {minimum}，现为 {number}。")
    if maximum is not None and number > maximum:
        raise ImproperlyConfigured(f"环境变量 {name} 不能大于 {maximum}，现为 {number}。")
    return number


def listing(name: str, default: list[str] | None = None) -> list[str]:
    """Return a comma-separated variable as a list without blanks."""
    value = os.environ.get(name)
    if value is None:
        return list(default or [])
    return [part.strip() for part in value.split(",") if part.strip()]


def fernet_keys(name: str, default: Callable[[], str] | None = None) -> list[str]:
    """Return a comma-separated variable of Fernet keys, the newest first; each must be one.

    Without ``default`` (which makes the one key) a missing variable is an error that names it.
    """
    keys = listing(name)
    if not keys:
        keys = [text(name)] if default is None else [default()]
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"环境变量 {name} 应为 Fernet 密钥（32 字节，base64 写法），几个密钥用逗号隔开，"
                "新的在前。"
            ) from None
    return keys


def networks(name: str) -> list[str]:
    """Return a comma-separated variable of addresses or networks; each must be one."""
    entries = listing(name)
    for entry in entries:
        try:
            ipaddress.ip_network(entry, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"环境变量 {name} 应为地址或网段，例如 10.1.2.0/24，现有 {entry!r}。"
            ) from None
    return entries


def folder(name: str, default: Path) -> Path:
    value = os.environ.get(name)
    return Path(value).expanduser().resolve() if value else default


_WEAK_BEGINNINGS = (
    "admin", "change", "default", "django-insecure", "example", "passw", "portal", "postgres",
    "redis", "root", "secret", "test", "xingyang", "12345",
)  # fmt: skip


def is_weak(secret: str, *same_as: str, minimum: int = 8) -> bool:
    """Tell whether ``secret`` is short, of few different characters, an example or a name."""
    lowered = secret.lower()
    return (
        len(secret) < minimum
        or len(set(secret)) < min(minimum, 12) // 2
        or lowered.startswith(_WEAK_BEGINNINGS)
        or lowered in {name.lower() for name in same_as}
    )


def url_password(name: str) -> str:
    """Return the password inside the URL that the variable ``name`` holds, or nothing."""
    try:
        return unquote(urlsplit(os.environ.get(name, "")).password or "")
    except ValueError:
        raise ImproperlyConfigured(f"环境变量 {name} 的写法不对。") from None
