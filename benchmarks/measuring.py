"""Timing in pairs and the peak of memory."""

import gc
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Pair:
    """One comparison: medians in seconds, and the ratio of ours to theirs."""

    what: str
    ours: float
    theirs: float
    limit: float | None = None
    note: str = ""
    peak_mb: int | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def seconds(act: Callable[[], Any]) -> float:
    gc.collect()
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def medians(
    ours: Callable[[], Any], theirs: Callable[[], Any], *, times: int, warm: int = 0
) -> tuple[float, float]:
    """Return the medians of both in seconds; they take turns, so a busy moment meets both."""
    for _ in range(warm):
        ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(times)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def peak_mb() -> int:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
