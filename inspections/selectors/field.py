"""What a person has still to inspect."""

import uuid
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from estates.models import Estate
from inspections.calculations import draft_key
from inspections.choices import (
    InspectionStatus,
)
from inspections.models import (
    Inspection,
    InspectionRound,
    RoundEstate,
)

from .standings import OpenOrders, open_orders, standings


@dataclass(frozen=True)
class EstateToInspect:
    """One estate that a round still waits for. ``key`` is the key of this person's draft."""

    round_id: int
    estate_id: int
    key: uuid.UUID
    name: str
    community: str
    inspector: str
    last_score: Decimal | None
    orders: OpenOrders
    state: str  # "", draft or returned
    return_reason: str = ""


@dataclass(frozen=True)
class RoundToDo:
    """An open round and what this person still has to inspect in it, at most ``LIMIT`` rows."""

    round: InspectionRound
    rows: list[EstateToInspect]
    total: int


LIMIT = 100


def to_inspect(user: Any, *, everything: bool = False, text: str = "") -> list[RoundToDo]:
    """Return by open round the estates that ``user`` has still to inspect.

    ``everything``: all estates that the user sees, also those of others. ``text`` narrows by
    name, alias, address or code. Five queries, whatever the number of estates.
    """
    coverage = RoundEstate.objects.visible_to(user).of_open_rounds().uninspected()
    if not everything:
        coverage = coverage.for_inspector(user)
    if text:
        coverage = coverage.filter(estate__in=Estate.objects.visible_to(user).search(text))
    totals = Counter(coverage.order_by().values_list("round_id", flat=True))
    lines = list(
        coverage.select_related("round__checklist", "estate__community", "inspector").order_by(
            "round__end_date", "round_id", "estate__code"
        )[: LIMIT * 3]
    )
    estate_ids = [line.estate_id for line in lines]
    drafts = {
        (row.round_id, row.estate_id): row
        for row in Inspection.objects.visible_to(user)
        .editable()
        .filter(entered_by=user, round__in={line.round_id for line in lines})
    }
    known = standings(estate_ids, user)
    orders = open_orders(estate_ids, user)
    grouped: dict[int, RoundToDo] = {}
    for line in lines:
        todo = grouped.setdefault(line.round_id, RoundToDo(line.round, [], totals[line.round_id]))
        if len(todo.rows) >= LIMIT:
            continue
        draft = drafts.get((line.round_id, line.estate_id))
        todo.rows.append(
            EstateToInspect(
                line.round_id,
                line.estate_id,
                draft.client_key if draft else draft_key(line.round_id, line.estate_id, user.pk),
                line.estate.name,
                line.estate.community.short_name if line.estate.community else "",
                line.inspector.name if line.inspector else "",
                known[line.estate_id].score if line.estate_id in known else None,
                orders.get(line.estate_id, OpenOrders()),
                draft.status if draft else "",
                draft.return_reason if draft and draft.status == InspectionStatus.RETURNED else "",
            )
        )
    return list(grouped.values())


def next_to_inspect(user: Any, round: InspectionRound) -> EstateToInspect | None:
    """Return the next estate of ``round`` that waits for ``user``."""
    for todo in to_inspect(user):
        if todo.round.pk == round.pk and todo.rows:
            return todo.rows[0]
    return None
