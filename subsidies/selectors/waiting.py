"""Claims that wait for somebody, for the desk and the menu."""

from typing import Any

from subsidies.models import SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.money import money


def days_waited(claim: SubsidyClaim) -> int:
    """Return for how many days ``claim`` (with ``last_act_at`` and its notices read) has been
    where it is; on public notice it waits for nobody."""
    notices = [row.closes_at for row in claim.notices.all() if row.version == claim.version]
    since = max([claim.last_act_at or claim.opened_at, *notices])
    return max((clock.today() - since.astimezone(clock.SHANGHAI).date()).days, 0)


def _days(claim: SubsidyClaim) -> str:
    days = days_waited(claim)
    return f"已等 {days} 天" if days > 0 else "今天收到"


def claims_waiting(user: Any) -> list[WaitingItem]:
    """Return the claims whose next act is this user's, the oldest month first; one query."""
    claims = (
        SubsidyClaim.objects.waiting_for(user)
        .with_last_act()
        .select_related("street", "scheme")
        .prefetch_related("scheme__stages", "notices")
        .order_by("month", "street__code")
    )
    return [
        WaitingItem(
            tag="补贴",
            title=f"{claim.street.name} {clock.chinese_month(claim.month)}补贴申报",
            detail=(
                f"{claim.get_status_display()}，{money(claim.total)} 元，"
                f"{claim.estate_count} 个小区，{_days(claim)}"
            ),
            url=claim.get_absolute_url(),
            action=claim.turn.verb,
        )
        for claim in claims
    ]


def waiting_count(user: Any) -> int:
    return SubsidyClaim.objects.waiting_for(user).count()
