"""The side menu: apps register their sections in ``AppConfig.ready()``.

Nobody is shown an item that he may not open. A section without any such item does not appear.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, reverse

from .access import holds
from .kept import kept

# Of ``roles``: anybody who is signed in, also people without business (the administrator).
EVERYONE = frozenset({"*"})


def may_open(user: Any, roles: Iterable[str] | None) -> bool:
    """Return whether ``user`` passes ``roles``: None is any reader of the business."""
    if roles is None:
        return bool(user.is_authenticated and user.is_active and user.reads_business)
    if "*" in roles:
        return bool(user.is_authenticated and user.is_active)
    return holds(user, roles)


@dataclass(frozen=True)
class Item:
    """One page of the menu.

    ``count(user) -> int`` is the number of things that wait there; items of one ``order``
    stand as they were registered, so that common pages (order 90) come last.
    """

    label: str
    url_name: str
    roles: Iterable[str] | None = None
    count: Callable[[Any], int] | None = None
    args: Sequence[Any] = ()
    order: int = 0

    @property
    def key(self) -> str:
        return ":".join([self.url_name, *map(str, self.args)])


@dataclass
class Section:
    """A subject of the office. The tens of ``order`` are the groups between two rules:

    工作台 10 · 小区 20, 服务主体 21, 责任书 22 · 检查 30, 整改 31, 补贴 32 · 简报 40, 培训宣传 41,
    信用 42 · 统计 50, 系统 51. Registering a known key again adds items to it.
    """

    key: str
    label: str
    icon: str
    order: int
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class ShownItem:
    label: str
    url: str
    on: bool
    count: int


@dataclass(frozen=True)
class ShownSection:
    label: str
    icon: str
    url: str
    on: bool
    count: int
    items: list[ShownItem]
    rule_before: bool


_sections: dict[str, Section] = {}
_bell: list[tuple[str, Callable[[Any], int]]] = []


def register(section: Section) -> None:
    """Add a section, or the items of an already known one."""
    known = _sections.get(section.key)
    if known is None:
        _sections[section.key] = Section(
            section.key, section.label, section.icon, section.order, list(section.items)
        )
        return
    present = {item.key for item in known.items}
    known.items.extend(item for item in section.items if item.key not in present)


def register_bell(url_name: str, count: Callable[[Any], int]) -> None:
    """Say where the bell of the top bar leads and how many things it announces."""
    _bell[:] = [(url_name, count)]


def sections() -> list[Section]:
    return sorted(_sections.values(), key=lambda section: section.order)


def find(key: str) -> tuple[Section, Item | None] | None:
    """Return the section and item of a menu key, for the crumbs of a page."""
    for section in _sections.values():
        for item in section.items:
            if item.key == key:
                return section, item
    return (_sections[key], None) if key in _sections else None


@lru_cache(maxsize=1024)
def _resolved(url_name: str, args: tuple[Any, ...], urlconf: str, prefix: str) -> str:
    try:
        return reverse(url_name, args=args)
    except NoReverseMatch:
        return ""


def optional_url(url_name: str, *args: Any) -> str:
    """Return the URL of ``url_name``, or ``""`` if this installation has no such page."""
    # A page resolves thirty of them; the addresses of a process never change.
    return _resolved(url_name, args, settings.ROOT_URLCONF, get_script_prefix())


def _counts(user: Any) -> dict[str, int]:
    def count() -> dict[str, int]:
        counts = {
            item.key: item.count(user)
            for section in _sections.values()
            for item in section.items
            if item.count is not None and may_open(user, item.roles)
        }
        for url_name, count_bell in _bell:
            counts[f"bell {url_name}"] = count_bell(user)
        return counts

    return kept(user, "menu", count)


def bell(user: Any) -> tuple[str, int] | None:
    """Return where the bell leads and its number; None without a registered bell."""
    if not _bell or not may_open(user, None):
        return None
    url = optional_url(_bell[0][0])
    return (url, _counts(user).get(f"bell {_bell[0][0]}", 0)) if url else None


def _passes(user: Any, roles: Iterable[str] | None, known: dict[Any, bool]) -> bool:
    key = None if roles is None else frozenset(roles)
    if key not in known:
        known[key] = may_open(user, roles)
    return known[key]


def shown_to(user: Any, current: str = "") -> list[ShownSection]:
    """Return the menu of ``user``; ``current`` is the lit item's key or a section's key."""
    counts = _counts(user)
    passes: dict[Any, bool] = {}
    shown: list[ShownSection] = []
    last_group: int | None = None
    for section in sections():
        items = []
        for item in sorted(section.items, key=lambda item: item.order):
            if not _passes(user, item.roles, passes):
                continue
            url = optional_url(item.url_name, *item.args)
            if url:
                items.append(
                    ShownItem(item.label, url, item.key == current, counts.get(item.key, 0))
                )
        if not items:
            continue
        group = section.order // 10
        shown.append(
            ShownSection(
                section.label,
                section.icon,
                items[0].url,
                section.key == current or any(item.on for item in items),
                sum(item.count for item in items),
                items if len(items) > 1 else [],
                last_group is not None and group != last_group,
            )
        )
        last_group = group
    return shown
