"""What every page counts or lists for a person, kept for a moment.

The numbers of the menu, the chips above a list and the choices of its filters are the same from
one page to the next. They are kept for ``KEPT_SECONDS``, for one person in one office with the
same roles, and forgotten at once when this person acts.
"""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from django.core.cache import cache

KEPT_SECONDS = 30
# Longer than anything is kept.
_ACTED_SECONDS = 300


def mark(user: Any) -> str:
    """Return what keys of kept things begin with: the person, the rights, the last act."""
    found = getattr(user, "_kept_mark", None)
    if found is None:
        acted = cache.get(f"acted:{user.pk}", "")
        roles = "-".join(sorted(user.role_codes))
        found = user._kept_mark = f"{user.pk} {user.office_id} {roles} {acted}"
    return found


def forget(user: Any) -> None:
    """Count anew on the next page: this person has just acted."""
    cache.set(f"acted:{user.pk}", uuid.uuid4().hex, _ACTED_SECONDS)
    user._kept_mark = None


def kept(user: Any, what: str, make: Callable[[], Any]) -> Any:
    """Return ``make()``, or what it returned for this person a moment ago."""
    digest = hashlib.sha256(f"{mark(user)} {what}".encode()).hexdigest()[:40]
    found = cache.get(f"kept:{digest}")
    if found is None:
        found = make()
        cache.set(f"kept:{digest}", found, KEPT_SECONDS)
    return found
