"""What chain records show: stages, explained amounts, checks, photo pairs. Plain values for
the partials of the same names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

StageState = Literal["done", "now", "todo", "back"]


@dataclass(frozen=True)
class Stage:
    """One stage: ``lines`` are person and time; ``back`` is a returned stage (amber ring) whose
    ``sentence`` says why."""

    name: str
    state: StageState
    lines: Sequence[str] = ()
    sentence: str = ""


@dataclass(frozen=True)
class Factor:
    """One number of the equation: ``op`` stands before it (×, −, =), ``result`` marks the end."""

    value: str
    unit: str
    op: str = ""
    result: bool = False


@dataclass(frozen=True)
class Reason:
    """One line under the equation: who, since when, and the link to its paper."""

    label: str
    text: str
    url: str = ""
    link: str = ""
    icon: str = "file-text"


@dataclass(frozen=True)
class Explanation:
    """An amount that explains itself; the same order on screen and in print."""

    equation: Sequence[Factor]
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class Check:
    """One check: ``state`` pass, change or fail; ``text`` says what it means for this record."""

    title: str
    text: str
    state: Literal["pass", "change", "fail"] = "pass"

    @property
    def word(self) -> str:
        return {"pass": "通过", "change": "有变化", "fail": "不通过"}[self.state]


@dataclass(frozen=True)
class Photo:
    """One picture: ``url`` of the shown size, ``full`` of the original."""

    url: str
    alt: str
    caption: str = ""
    full: str = ""


@dataclass(frozen=True)
class PhotoPair:
    """Before and after. A missing one is drawn as a grey box with ``missing``."""

    before: Photo | None
    after: Photo | None
    missing: str = "照片还在手机上，未到"
    before_label: str = "整改前"
    after_label: str = "整改后"
