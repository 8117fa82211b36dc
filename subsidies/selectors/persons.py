"""Who has had a part in a claim: one person never acts in two stages."""

from dataclasses import dataclass
from typing import Any

from subsidies.choices import ClaimStage
from subsidies.models import SubsidyClaim


@dataclass(frozen=True)
class Part:
    """A person's part in a claim: the stage, and how the sentence names it."""

    person: int
    name: str
    stage: ClaimStage
    words: str


def parts_in(claim: SubsidyClaim) -> list[Part]:
    """Return every person's parts in ``claim``, over all versions: three queries."""
    parts = {
        (person, stage): Part(person, name, ClaimStage(stage), f"已办过“{ClaimStage(stage).label}”")
        for person, name, stage in claim.acts.values_list("actor", "actor__name", "stage")
    }
    for person, name, stage in (
        claim.lines.filter(adjusted_by__isnull=False)
        .order_by()
        .values_list("adjusted_by", "adjusted_by__name", "adjusted_stage")
        .distinct()
    ):
        words = f"已在“{ClaimStage(stage).label}”改过明细"
        parts.setdefault((person, stage), Part(person, name, ClaimStage(stage), words))
    for person, name in (
        claim.payments.order_by().values_list("recorded_by", "recorded_by__name").distinct()
    ):
        parts.setdefault(
            (person, ClaimStage.PAY), Part(person, name, ClaimStage.PAY, "已登记过拨付")
        )
    return list(parts.values())


def part_of(claim: SubsidyClaim, user: Any) -> Part | None:
    """Return the part that ``user`` has had in ``claim``, if any."""
    return next((part for part in parts_in(claim) if part.person == user.pk), None)
