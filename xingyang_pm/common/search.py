"""The search box of the top bar: apps say what can be found and scope it themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT_PER_GROUP = 6


@dataclass(frozen=True)
class SearchHit:
    """One thing found: ``group`` is its subject (小区, 服务主体), ``detail`` the second line."""

    group: str
    title: str
    url: str
    detail: str = ""
    icon: str = ""


# ``provider(user, text, limit)``: at most ``limit`` hits that ``user`` may see.
Provider = Callable[[Any, str, int], list[SearchHit]]

_providers: list[Provider] = []


def register_search(provider: Provider) -> Provider:
    """Register a provider; usable as a decorator. It reads through ``visible_to(user)``."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def find(user: Any, text: str, limit: int = LIMIT_PER_GROUP) -> list[tuple[str, list[SearchHit]]]:
    """Return the hits by group, in the order of registration."""
    groups: dict[str, list[SearchHit]] = {}
    text = text.strip()[:40]
    if not text:
        return []
    for provider in _providers:
        for hit in provider(user, text, limit)[:limit]:
            groups.setdefault(hit.group, []).append(hit)
    return list(groups.items())
