"""Whether two estates of the registry may become one, as far as their money is concerned."""

from typing import Any

from django.db.models import Exists, OuterRef, Sum

from estates.models import Estate
from subsidies.choices import RETURNABLE
from subsidies.models import FeeCollection, SubsidyLine
from subsidies.querysets import ADDED
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.money import fen, money


def refuse_merge(old: Estate, kept: Estate, actor: Any) -> None:
    """Raise :class:`BusinessError` when both were paid for the same day, or a claim that holds
    ``old`` is under way. Lines of a draft are put right by computing it anew."""
    settled = SubsidyLine.objects.included().settled()
    same_days = settled.filter(
        estate=kept,
        served_from__lte=OuterRef("served_to"),
        served_to__gte=OuterRef("served_from"),
    )
    both = settled.filter(Exists(same_days), estate=old).order_by("-month").first()
    if both is not None:
        raise BusinessError(
            f"{old} 和 {kept} 在{clock.chinese_month(both.month)}都已补贴，是重复补贴，"
            "不能直接并入。请先在以后月份扣回，再并入。",
            code="paid_twice",
        )
    under_way = (
        SubsidyLine.objects.filter(estate=old, claim__status__in=RETURNABLE)
        .select_related("claim__street")
        .first()
    )
    if under_way is not None:
        raise BusinessError(
            f"{old} 在{under_way.claim}中正在办理，请等审批后再并入，或先退回申报。",
            code="under_way",
        )


def refuse_fee_merge(old: Estate, kept: Estate, actor: Any) -> None:
    """Raise :class:`BusinessError` when owners were billed twice for one month, or when ``old``
    is still owed something: it would be lost from sight."""
    standing = FeeCollection.objects.current().filter(estate=old)
    months = standing.filter(households_billed__gt=0).values("month")
    both = (
        FeeCollection.objects.current()
        .filter(estate=kept, month__in=months, households_billed__gt=0)
        .first()
    )
    if both is not None:
        raise BusinessError(
            f"{old} 和 {kept} 在{clock.chinese_month(both.month)}都填了业主交费，"
            "请先把重复的一份更正为 0，再并入。",
            code="fees_twice",
        )
    owed = fen(standing.aggregate(sum=Sum(ADDED))["sum"] or 0)
    if owed:
        raise BusinessError(
            f"{old} 还有业主欠费 {money(owed)} 元，并入后就看不到了，请先更正，再并入。",
            code="fees_owed",
        )
