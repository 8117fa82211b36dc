"""Whether a claim may be declared void, and who has proposed it."""

from subsidies.choices import VOIDABLE
from subsidies.models import ClaimVoid, SubsidyClaim


def void_of(claim: SubsidyClaim) -> ClaimVoid | None:
    """Return the proposal that ``claim`` be void, confirmed or not; one query."""
    return (
        ClaimVoid.objects.filter(claim=claim).select_related("proposed_by", "confirmed_by").first()
    )


def void_refusal(claim: SubsidyClaim, *, proposed: bool = False) -> str:
    """Return why ``claim`` cannot be declared void now. ``proposed``: somebody has proposed it
    already, which otherwise is a reason, too."""
    if claim.status not in VOIDABLE:
        return f"这份申报现在是“{claim.get_status_display()}”，不能作废。"
    if claim.payments.exists():
        return "已登记拨付，不能作废，只能在以后月份补发或扣回。"
    if not proposed and void_of(claim) is not None:
        return "已经有人提出作废，等待另一人确认。"
    return ""
