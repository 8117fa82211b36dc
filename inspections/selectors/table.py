"""The desk's way in: what a person has still to report in one round, as rows of a table."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from inspections.calculations import draft_key
from inspections.models import EvidencePhoto, Inspection, InspectionRound, RoundEstate

TABLE_LIMIT = 100


@dataclass(frozen=True)
class TableRow:
    """One estate of the round. ``draft`` is this person's own, None before the first entry;
    ``photos`` counts pictures by item id; ``key`` is the key of the draft."""

    estate_id: int
    name: str
    community: str
    key: uuid.UUID
    draft: Inspection | None = None
    photos: dict[int, int] = field(default_factory=dict)


def rows_to_enter(
    round: InspectionRound, user: Any, *, everything: bool = False
) -> tuple[list[TableRow], int]:
    """Return the estates of ``round`` that wait for ``user`` (at most ``TABLE_LIMIT``), and how
    many there are. ``everything``: also those of others that the user sees. Four queries."""
    lines = RoundEstate.objects.visible_to(user).filter(round=round).uninspected()
    if not everything:
        lines = lines.for_inspector(user)
    total = lines.count()
    shown = list(lines.select_related("estate__community").order_by("estate__code")[:TABLE_LIMIT])
    drafts = {
        draft.estate_id: draft
        for draft in Inspection.objects.visible_to(user)
        .editable()
        .filter(round=round, entered_by=user, estate__in=[line.estate_id for line in shown])
    }
    photos: dict[int, dict[int, int]] = {}
    counted = (
        EvidencePhoto.objects.visible_to(user)
        .filter(result__inspection__in=[draft.pk for draft in drafts.values()])
        .order_by()
        .values_list("result__inspection__estate_id", "result__item_id")
        .annotate(total=Count("pk"))
    )
    for estate_id, item_id, count in counted:
        photos.setdefault(estate_id, {})[item_id] = count
    rows = [
        TableRow(
            line.estate_id,
            line.estate.name,
            line.estate.community.short_name if line.estate.community else "",
            drafts[line.estate_id].client_key
            if line.estate_id in drafts
            else draft_key(round.pk, line.estate_id, user.pk),
            drafts.get(line.estate_id),
            photos.get(line.estate_id, {}),
        )
        for line in shown
    ]
    return rows, total


def rounds_to_enter(user: Any) -> list[tuple[InspectionRound, int]]:
    """Return the open rounds in which something waits for ``user``, with how much."""
    waiting = (
        RoundEstate.objects.visible_to(user)
        .of_open_rounds()
        .uninspected()
        .for_inspector(user)
        .order_by()
        .values("round")
        .annotate(total=Count("pk"))
    )
    totals = {line["round"]: line["total"] for line in waiting}
    rounds = InspectionRound.objects.visible_to(user).filter(pk__in=totals)
    return [
        (round, totals[round.pk])
        for round in rounds.select_related("checklist").order_by("end_date", "pk")
    ]
