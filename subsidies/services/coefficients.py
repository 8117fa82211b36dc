"""Registering the bands of the coefficient: by a document, from a month on, for good."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from accounts.models import User
from subsidies.choices import COEFFICIENT_EDITORS, MAX_BANDS
from subsidies.models import CoefficientBand, CoefficientTable, SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded


def _check_bands(bands: Sequence[tuple[Decimal, Decimal]]) -> None:
    if not bands:
        return
    if len(bands) > MAX_BANDS:
        raise BusinessError(f"最多 {MAX_BANDS} 档。", field="bands")
    minima = [minimum for minimum, _ in bands]
    if len(set(minima)) < len(minima):
        raise BusinessError("两档的得分下限相同，请核对。", field="bands")
    if min(minima) != 0:
        raise BusinessError("最低一档的得分下限须为 0，否则有的得分没有系数。", field="bands")
    shares = [share for _, share in sorted(bands)]
    if not all(0 <= share <= 1 for share in shares):
        raise BusinessError("系数须在 0 至 1 之间。", field="bands")
    if shares != sorted(shares):
        raise BusinessError("得分高的一档系数不能比得分低的小，请核对。", field="bands")


def coefficients_register(
    *,
    effective_from: dt.date,
    document_title: str,
    bands: Sequence[tuple[Decimal, Decimal]],
    actor: User,
    document_number: str = "",
) -> CoefficientTable:
    """Register pairs of least score and coefficient from the month ``effective_from`` on; no
    pair at all ends the coefficient. A month whose claims are approved already is refused."""
    require(actor, COEFFICIENT_EDITORS, "考核系数由房管中心科室负责人登记。")
    if effective_from.day != 1:
        raise BusinessError("执行月份须为某月1日。", field="effective_from")
    _check_bands(bands)
    with guarded():
        last = SubsidyClaim.objects.settled().order_by("-month").first()
        if last is not None and last.month >= effective_from:
            first = clock.add_months(last.month, 1)
            raise BusinessError(
                f"{clock.chinese_month(last.month)}的申报已经审批，考核系数最早从"
                f" {clock.chinese_month(first)}起执行。",
                field="effective_from",
                code="month_settled",
            )
        table = CoefficientTable(
            effective_from=effective_from,
            document_title=document_title.strip(),
            document_number=document_number.strip(),
            created_by=actor,
            created_at=clock.now(),
        )
        table.full_clean()
        table.save(force_insert=True)
        CoefficientBand.objects.bulk_create(
            CoefficientBand(table=table, minimum=minimum, coefficient=share)
            for minimum, share in bands
        )
        told = "，".join(
            f"{minimum} 分及以上 {share}" for minimum, share in sorted(bands, reverse=True)
        )
        record(
            actor=actor,
            verb="coefficients.register",
            target=table,
            summary=(
                f"登记考核系数，{clock.chinese_month(effective_from)}起执行：{told or '停用'}，"
                f"依据《{table.document_title}》"
            ),
            after={"bands": [[str(minimum), str(share)] for minimum, share in bands]},
            tag="补贴",
            tone="b",
        )
    return table
