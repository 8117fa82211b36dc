"""What becomes of inspections when two registered estates turn out to be one."""

from accounts.models import User
from estates.models import Estate
from inspections.choices import RoundStatus
from inspections.models import Inspection, RectificationOrder, RoundEstate
from xingyang_pm.common.errors import BusinessError


def merge_inspections(old: Estate, kept: Estate, actor: User) -> None:
    """Give what is still to inspect to ``kept``; refuse while work on ``old`` is open.

    Reported inspections and closed orders stay with the estate under whose name they were made.
    """
    open_orders = RectificationOrder.objects.open().filter(estate=old).count()
    if open_orders:
        raise BusinessError(f"{old} 有 {open_orders} 份整改通知书没有销号，请销号后再并入。")
    drafts = Inspection.objects.editable().filter(estate=old).count()
    if drafts:
        raise BusinessError(f"{old} 有 {drafts} 份检查没有上报，请上报或放弃草稿后再并入。")
    waiting = RoundEstate.objects.filter(estate=old, round__status=RoundStatus.OPEN).uninspected()
    covered = RoundEstate.objects.filter(estate=kept).values("round")
    waiting.filter(round__in=covered).delete()
    waiting.update(estate=kept)
