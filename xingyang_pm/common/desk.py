"""What waits for me: each app tells the desk what this user is to do next."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WaitingItem:
    """One thing that waits for one person.

    ``tag`` is the subject (补贴, 检查, 整改, 简报, 合同, 户数 …), ``title`` and ``detail`` the two
    lines, ``due`` the last day if there is one, ``url`` and ``action`` the link that does it and
    its verb (复核, 确认, 核定 …).
    """

    tag: str
    title: str
    detail: str
    url: str
    action: str
    due: dt.date | None = None


Provider = Callable[[Any], list[WaitingItem]]

_providers: list[Provider] = []


def register_waiting(provider: Provider) -> Provider:
    """Register ``provider(user)``; usable as a decorator. It scopes its own rows.

    It returns all there is, uncut: what falls out of the list counts as done with
    (:mod:`xingyang_pm.common.reminders`). Where that would be too long, one item says the number.
    """
    if provider not in _providers:
        _providers.append(provider)
    return provider


def waiting_for(user: Any) -> list[WaitingItem]:
    """Return all that waits for ``user``: dated things first, the most urgent on top."""
    items = [item for provider in _providers for item in provider(user)]
    return sorted(items, key=lambda item: (item.due is None, item.due or dt.date.max, item.tag))
