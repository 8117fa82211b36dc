"""The 整改台账: what became of each problem, mended on the spot or ordered to be mended."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from inspections.calculations import percent
from inspections.choices import PhotoStage, ProblemKind, RecheckResult
from inspections.models import EvidencePhoto, ItemResult, RectificationItem, RectificationOrder
from xingyang_pm.common.formats import local

ON_SITE = "当场改正"
MENDED_ON_SITE = "当场已改正"


@dataclass(frozen=True)
class LedgerLine:
    """One problem as the ledger tells it. ``order`` is the one that stands, or the last that was
    withdrawn; None for what was mended on the spot, which is closed on its own day."""

    kind: ProblemKind
    order: RectificationOrder | None
    requirement: str
    deadline: dt.date
    closed: bool
    responsible: str = ""
    measure: str = ""
    completed_on: dt.date | None = None
    rechecker: str = ""
    recheck_result: str = ""

    @property
    def number(self) -> str:
        return self.order.number if self.order else ""

    @property
    def issued_on(self) -> dt.date | None:
        return local(self.order.issued_at).date() if self.order else None

    @property
    def extension(self) -> str:
        return self.order.extension_words if self.order else ""

    @property
    def escalation(self) -> str:
        return self.order.escalation_words if self.order else ""


def ledger_line(result: ItemResult) -> LedgerLine:
    """Return the line of ``result``, which ``for_ledger`` has joined; no query."""
    if result.fixed_on_site:
        day = result.inspection.inspected_on
        return LedgerLine(
            kind=ProblemKind.ON_SITE,
            order=None,
            requirement=ON_SITE,
            deadline=day,
            closed=True,
            measure=MENDED_ON_SITE,
            completed_on=day,
        )
    return _ordered(_current(result.rectifications.all()))


def _current(items: Iterable[RectificationItem]) -> RectificationItem:
    """Return the item whose order stands, or the last one that was withdrawn."""
    return max(items, key=lambda item: (not item.withdrawn, item.pk))


def _ordered(item: RectificationItem) -> LedgerLine:
    order = item.order
    answer = max(item.replies.all(), key=lambda row: row.pk, default=None)
    looked = max(item.rechecks.all(), key=lambda row: row.pk, default=None)
    return LedgerLine(
        kind=ProblemKind(order.kind),
        order=order,
        requirement=item.requirement or order.demand,
        deadline=order.deadline,
        closed=looked is not None and looked.result == RecheckResult.PASS,
        responsible=answer.reply.responsible if answer else "",
        measure=answer.measure if answer else "",
        completed_on=answer.reply.completed_on if answer else None,
        rechecker=looked.recheck.checked_by.name if looked else "",
        recheck_result=looked.get_result_display() if looked else "",
    )


def found_photos(result: ItemResult) -> list[EvidencePhoto]:
    return [photo for photo in result.photos.all() if photo.stage == PhotoStage.FOUND]


def repair_photos(result: ItemResult) -> list[EvidencePhoto]:
    """Return the photos of the newest reply about ``result``, or of its repair on the spot."""
    repairs = [photo for photo in result.photos.all() if photo.stage == PhotoStage.FIXED]
    newest = max((photo.reply_item_id or 0 for photo in repairs), default=0)
    return [photo for photo in repairs if (photo.reply_item_id or 0) == newest]


def photo_words(result: ItemResult) -> str:
    """Return how many photos show ``result`` before and after: “前 1 后 2”."""
    before, after = len(found_photos(result)), len(repair_photos(result))
    return f"前 {before} 后 {after}" if before or after else ""


@dataclass(frozen=True)
class ClosingFigures:
    """How many of ``total`` problems are done with, those mended on the spot among them."""

    total: int
    on_site: int
    closed: int

    @property
    def rate(self) -> Decimal | None:
        return percent(self.closed, self.total)

    @property
    def words(self) -> str:
        """Return “当场改正 2 项，已销号 5 项，销号率 62.5%”."""
        told = f"当场改正 {self.on_site} 项，已销号 {self.closed} 项"
        return f"{told}，销号率 {self.rate}%" if self.rate is not None else told


def closing_figures(problems: QuerySet) -> ClosingFigures:
    """Count ``problems`` (results of the ledger or of a statistic); one query."""
    rows: Any = problems.order_by()
    return ClosingFigures(**rows.aggregate(**rows.closing_counts()))
