"""Plots with their table: what ``partials/_chart.html`` draws and ``charts.js`` reads.

Three kinds. ``bars``: stacked columns over time, zero-based. ``line``: one or two series with
direct labels. ``dots``: one value per name with a mark, sorted. The same numbers stand in the
table behind 看表格, which is the accessible form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .formats import DASH, number

KINDS = frozenset({"bars", "line", "dots"})


@dataclass(frozen=True)
class Series:
    """One series: a value (or None) for each label. ``quiet`` draws it grey and dashed."""

    name: str
    values: Sequence[Decimal | int | float | None]
    quiet: bool = False


@dataclass
class Chart:
    """``key`` is unique on the page. ``places`` are the decimals of shown values.

    ``low``/``high``/``step`` fix the axis of values; ``mark`` with ``mark_label`` draws the
    line of a standard, values below it are amber. ``note`` stands beside the title (unit,
    period). ``urls`` gives one link per label in the table.
    """

    key: str
    title: str
    kind: str
    labels: Sequence[str]
    series: Sequence[Series]
    note: str = ""
    label_head: str = ""
    places: int = 0
    low: float | None = None
    high: float | None = None
    step: float | None = None
    mark: float | None = None
    mark_label: str = ""
    show_last: bool = True
    height: str = ""  # "", "tall" or "low"
    urls: Sequence[str] = ()
    empty_text: str = "还没有数据。"
    data: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"chart {self.key}: unknown kind {self.kind!r}")
        for series in self.series:
            if len(series.values) != len(self.labels):
                raise ValueError(f"chart {self.key}: {series.name} has not one value per label")
        self.data = {
            "kind": self.kind,
            "labels": list(self.labels),
            "series": [
                {
                    "name": s.name,
                    "quiet": s.quiet,
                    "values": [None if v is None else round(float(v), 6) for v in s.values],
                }
                for s in self.series
            ],
            "places": self.places,
            "low": self.low,
            "high": self.high,
            "step": self.step,
            "mark": self.mark,
            "markLabel": self.mark_label,
            "showLast": self.show_last,
        }

    @property
    def element(self) -> str:
        return f"chart-{self.key}"

    @property
    def data_id(self) -> str:
        return f"{self.element}-data"

    @property
    def empty(self) -> bool:
        return not self.labels or all(v is None for s in self.series for v in s.values)

    @property
    def rows(self) -> list[tuple[str, str, list[str]]]:
        """``(label, url, [texts])`` for the table behind the plot."""
        return [
            (
                label,
                self.urls[i] if i < len(self.urls) else "",
                [
                    DASH if s.values[i] is None else number(s.values[i], self.places)
                    for s in self.series
                ],
            )
            for i, label in enumerate(self.labels)
        ]


def sparkline(values: Sequence[Any], width: int = 62, height: int = 22) -> dict[str, Any]:
    """Return ``points``, ``x``, ``y`` of a sparkline for ``partials/_spark.html``."""
    known = [float(v) for v in values if v is not None]
    if len(known) < 2:
        return {}
    low, high = min(known), max(known)
    span = (high - low) or 1
    step = (width - 6) / (len(known) - 1)
    points = [
        (round(2 + i * step, 1), round(height - 4 - (v - low) / span * (height - 8), 1))
        for i, v in enumerate(known)
    ]
    text = " ".join(f"{x},{y}" for x, y in points)
    return {"points": text, "x": points[-1][0], "y": points[-1][1], "w": width, "h": height}
