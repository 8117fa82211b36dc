"""Registering the rate: by a document, from a month on, for good."""

import datetime as dt
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from subsidies.choices import RATE_EDITORS, MonthRuleChoice
from subsidies.models import SubsidyClaim, SubsidyRate
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record, snapshot
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.storage import sha256_of

RATE_FIELDS = (
    "amount",
    "effective_from",
    "month_rule",
    "document_title",
    "document_number",
    "document_name",
)


def rate_register(
    *,
    amount: Decimal,
    effective_from: dt.date,
    document_title: str,
    actor: User,
    document_number: str = "",
    month_rule: str = MonthRuleChoice.FIRST_DAY,
    document: UploadedFile | None = None,
) -> SubsidyRate:
    """Register the rate in yuan per household and month from the month ``effective_from`` on.

    It can never be changed or deleted, so a month whose claims are approved already is refused.
    """
    require(actor, RATE_EDITORS, "补贴标准由房管中心科室负责人登记。")
    if effective_from.day != 1:
        raise BusinessError("执行月份须为某月1日。", field="effective_from")
    with guarded():
        last = SubsidyClaim.objects.settled().order_by("-month").first()
        if last is not None and last.month >= effective_from:
            first = clock.add_months(last.month, 1)
            raise BusinessError(
                f"{clock.chinese_month(last.month)}的申报已经审批，新标准最早从"
                f" {clock.chinese_month(first)}起执行。",
                field="effective_from",
                code="month_settled",
            )
        rate = SubsidyRate(
            amount=amount,
            effective_from=effective_from,
            month_rule=month_rule,
            document_title=document_title.strip(),
            document_number=document_number.strip(),
            created_by=actor,
            created_at=clock.now(),
        )
        if document is not None:
            rate.document = document
            rate.document_name = (document.name or "")[-200:]
            rate.document_sha256 = sha256_of(document)
        rate.full_clean()
        rate.save(force_insert=True)
        number = f"（{rate.document_number}）" if rate.document_number else ""
        record(
            actor=actor,
            verb="rate.register",
            target=rate,
            summary=(
                f"登记补贴标准每户每月 {rate.amount:.2f} 元，{clock.chinese_month(effective_from)}"
                f"起执行，依据《{rate.document_title}》{number}"
            ),
            after=snapshot(rate, RATE_FIELDS),
            tag="补贴",
            tone="b",
        )
    return rate
