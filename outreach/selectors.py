"""What waits in outreach, and for whom."""

from dataclasses import dataclass
from typing import Any

from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.numbers import coming_number

from .choices import DRAFTERS, SIGNERS, BulletinStatus
from .models import Bulletin

# The series of the numbers; the running one goes on from year to year.
SERIES, RUNNING_SERIES, ALL_YEARS = "bulletin", "bulletin-total", 0


@dataclass(frozen=True)
class IssueNumber:
    """The number in a bulletin's head; ``provisional`` until the signature gives it."""

    year: int
    number: int
    running: int
    provisional: bool

    def __str__(self) -> str:
        words = f"{self.year}年第{self.number}期（总第{self.running}期）"
        return f"拟编{words}" if self.provisional else words


def issue_number(bulletin: Bulletin) -> IssueNumber:
    """Return the bulletin's number, or the one that it would get if it were signed today."""
    if bulletin.number is not None:
        return IssueNumber(
            bulletin.year, bulletin.number, bulletin.running_number or 0, provisional=False
        )
    year = clock.today().year
    return IssueNumber(
        year,
        coming_number(SERIES, year),
        coming_number(RUNNING_SERIES, ALL_YEARS),
        provisional=True,
    )


def _waiting(user: Any) -> list[Bulletin]:
    rows = Bulletin.objects.visible_to(user).select_related("drafted_by", "round")
    if holds(user, SIGNERS):
        return list(rows.filter(status=BulletinStatus.REVIEW).exclude(drafted_by=user))
    if holds(user, DRAFTERS):
        return list(rows.filter(status=BulletinStatus.DRAFT, drafted_by=user))
    return []


def bulletins_waiting_count(user: Any) -> int:
    return len(_waiting(user))


def bulletins_waiting(user: Any) -> list[WaitingItem]:
    """Bulletins to sign for the leader, returned or unsent drafts for their drafter."""
    items = []
    for bulletin in _waiting(user):
        review = bulletin.status == BulletinStatus.REVIEW
        detail = f"拟稿 {bulletin.drafted_by}　{moment_label(bulletin.updated_at)}"
        if bulletin.return_reason and not review:
            detail = f"已退回：{bulletin.return_reason}"
        items.append(
            WaitingItem(
                tag="简报",
                title=f"{bulletin.title}，{'待签发' if review else '待送签'}",
                detail=detail,
                url=bulletin.get_absolute_url(),
                action="签发" if review else "修改",
            )
        )
    return items
