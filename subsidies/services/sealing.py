"""Sealing an act: the next link of the chain, in the transaction of the act."""

from typing import Any

from subsidies.calculations.sealing import link_hash
from subsidies.choices import SealedKind
from subsidies.models import ChainLink
from xingyang_pm.common import clock
from xingyang_pm.common.numbers import next_number

# One chain for all years.
SERIES, ALWAYS = "subsidy-chain", 0


def seal(kind: SealedKind, record: int, content: dict[str, Any]) -> ChainLink:
    """Append ``content`` to the chain. Called last of all: until the commit others wait."""
    position = next_number(SERIES, ALWAYS)
    former = ChainLink.objects.filter(position=position - 1).first()
    previous = former.hash if former else ""
    return ChainLink.objects.create(
        position=position,
        kind=kind,
        record=record,
        content=content,
        previous=previous,
        hash=link_hash(previous, content),
        sealed_at=clock.now(),
    )
