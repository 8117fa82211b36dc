"""Problems that come again: the same item, or the same part of the public disclosure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from inspections.choices import COUNTED, Outcome
from inspections.models import ItemResult

WITHIN = dt.timedelta(days=365)


@dataclass(frozen=True)
class Repeat:
    """How often within twelve months, this time included: at the estate, and at all estates of
    its firm that the reader sees."""

    at_estate: int
    by_provider: int

    @property
    def again(self) -> bool:
        return self.at_estate > 1 or self.by_provider > 1

    @property
    def words(self) -> str:
        """Return “近12个月第3次”, or that only another estate of the firm had it before."""
        if self.at_estate > 1:
            return f"近12个月第{self.at_estate}次"
        return f"该单位近12个月第{self.by_provider}次" if self.by_provider > 1 else ""


def repeats(results: Sequence[ItemResult], user: Any) -> dict[int, Repeat]:
    """Return for failed ``results`` of one inspection (``item`` and ``inspection`` joined) how
    often the same problem was found in counted inspections of the twelve months before; one query.

    The same is an item of the same words, also of another version of the checklist, or of the
    same part of the public disclosure.
    """
    failed = [row for row in results if row.outcome == Outcome.FAIL]
    if not failed:
        return {}
    visit = failed[0].inspection
    where = Q(inspection__estate=visit.estate_id)
    if visit.provider_id:
        where |= Q(inspection__provider=visit.provider_id)
    parts = {row.item.disclosure for row in failed} - {""}
    rows = (
        ItemResult.objects.visible_to(user)
        .filter(
            where,
            Q(item__text__in={row.item.text for row in failed}) | Q(item__disclosure__in=parts),
            outcome=Outcome.FAIL,
            inspection__status__in=COUNTED,
            inspection__inspected_on__gt=visit.inspected_on - WITHIN,
            inspection__inspected_on__lte=visit.inspected_on,
        )
        .values_list(
            "item__text",
            "item__disclosure",
            "inspection_id",
            "inspection__estate_id",
            "inspection__provider_id",
        )
        .order_by()
    )
    here: dict[str, set[int]] = defaultdict(set)
    firm: dict[str, set[int]] = defaultdict(set)
    for text, part, inspection, estate, provider in rows:
        keys = {f"text:{text}"} | ({f"part:{part}"} if part else set())
        for key in keys:
            if estate == visit.estate_id:
                here[key].add(inspection)
            if provider is not None and provider == visit.provider_id:
                firm[key].add(inspection)
    found = {}
    for row in failed:
        keys = [f"text:{row.item.text}"]
        if row.item.disclosure:
            keys.append(f"part:{row.item.disclosure}")
        at_estate = set().union(*(here[key] for key in keys), {visit.pk})
        by_provider = set().union(*(firm[key] for key in keys), {visit.pk})
        found[row.pk] = Repeat(len(at_estate), len(by_provider))
    return found
