"""What a public notice shows to everybody."""

import uuid
from typing import Any

from subsidies.choices import ClaimStatus
from subsidies.models import PublicNotice, SubsidyLine


def public_notice(key: uuid.UUID) -> PublicNotice | None:
    """Return the notice with this key while its version stands; None once it was sent back or
    declared void."""
    notice = (
        PublicNotice.objects.select_related("claim__street", "claim__scheme")
        .filter(key=key)
        .exclude(claim__status__in=(ClaimStatus.DRAFT, ClaimStatus.VOID))
        .first()
    )
    return notice if notice and notice.version == notice.claim.version else None


def noticed_lines(notice: PublicNotice) -> Any:
    """Return the lines that count: estate, community, payee, households, days and amount."""
    return (
        SubsidyLine.objects.filter(claim=notice.claim_id)
        .included()
        .order_by("estate__code", "served_from")
        .values(
            "estate__name",
            "estate__community__short_name",
            "payee__name",
            "households",
            "served_from",
            "served_to",
            "amount",
        )
    )
