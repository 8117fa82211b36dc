"""Numbers that must not lie open in the database: sealed, and found again by a keyed digest.

Sealing is Fernet (AES-128-CBC with HMAC-SHA256) of the library ``cryptography``. The first of
``settings.SEALING_KEYS`` seals, every one of them opens, so that a key is changed by putting the
new one in front and running ``manage.py reseal``. The digest has a key of its own that stays:
two equal numbers have one digest, and without the key nobody can try all numbers against it.
"""

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from .errors import BusinessError


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> MultiFernet:
    return _box(tuple(settings.SEALING_KEYS))


def sealed(text: str) -> str:
    """Return ``text`` encrypted with the first key; twice the same text gives two results."""
    return _keys().encrypt(text.encode()).decode()


def opened(token: str) -> str:
    """Return what :func:`sealed` was given.

    Raises :class:`BusinessError` (code ``sealed``) for what none of the keys opens.
    """
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise BusinessError(
            "这项内容无法解密：密钥已更换或数据被改动，请联系系统管理员。", code="sealed"
        ) from None


def resealed(token: str) -> str:
    """Return the content of ``token`` sealed with the first key. Raises as :func:`opened`."""
    return sealed(opened(token))


def digest(text: str, *, purpose: str) -> str:
    """Return 64 hexadecimal characters, equal for equal texts of one ``purpose``."""
    message = f"{purpose}:{text}".encode()
    return hmac.new(settings.DIGEST_KEY.encode(), message, hashlib.sha256).hexdigest()
