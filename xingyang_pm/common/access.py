"""Who may act: one question, asked by views and again by every service."""

from collections.abc import Iterable
from typing import Any

from .errors import NotPermitted


def holds(actor: Any, roles: Iterable[str]) -> bool:
    """Return whether ``actor`` is an active user who holds one of ``roles``."""
    if actor is None or not getattr(actor, "is_authenticated", False) or not actor.is_active:
        return False
    return not actor.role_codes.isdisjoint(roles)


def require(actor: Any, roles: Iterable[str], message: str | None = None) -> None:
    """Raise :class:`NotPermitted` unless ``actor`` holds one of ``roles``.

    A superuser flag counts for nothing here.
    """
    if not holds(actor, roles):
        raise NotPermitted(message) if message else NotPermitted()
