"""Orders past their deadline."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from inspections.models import (
    RectificationOrder,
)
from xingyang_pm.common import clock


@dataclass(frozen=True)
class OverdueOrder:
    """An open order whose deadline day has ended."""

    pk: int
    number: str
    estate: str
    street: str
    provider: str
    deadline: dt.date
    days: int
    status: str
    url: str


def overdue_orders(user: Any, *, limit: int | None = None) -> list[OverdueOrder]:
    """Return the overdue orders that ``user`` sees, the longest overdue first."""
    today = clock.today()
    rows = (
        RectificationOrder.objects.visible_to(user)
        .overdue(today)
        .select_related("estate__street", "provider")
        .order_by("deadline", "pk")
    )
    return [
        OverdueOrder(
            order.pk,
            order.number,
            order.estate.name,
            order.estate.street.name,
            order.provider.label if order.provider else "",
            order.deadline,
            (today - order.deadline).days,
            order.get_status_display(),
            order.get_absolute_url(),
        )
        for order in (rows if limit is None else rows[:limit])
    ]


def overdue_count(user: Any) -> int:
    return RectificationOrder.objects.visible_to(user).overdue(clock.today()).count()
