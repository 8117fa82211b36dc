"""Sources of money, the source of a claim, and the year's budget: by documents, for good."""

import datetime as dt
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from subsidies.choices import BUDGET_KEEPERS, FUNDING_CHOOSERS, BudgetKind, PaymentRoute
from subsidies.models import BudgetEntry, ClaimFunding, FundingSource, SubsidyClaim
from subsidies.selectors.funding import source_of
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.money import fen, money

from .shared import locked

TAG = "补贴"


def _line(text: str) -> str:
    return " ".join(text.split())


def funding_register(
    *,
    name: str,
    route: str,
    document_title: str,
    actor: User,
    document_number: str = "",
    default_from: dt.date | None = None,
) -> FundingSource:
    """Register a source of money; ``default_from`` is the month from which it pays by default."""
    require(actor, BUDGET_KEEPERS, "资金来源由财务登记。")
    with guarded():
        source = FundingSource(
            name=_line(name),
            route=route,
            default_from=default_from,
            document_title=_line(document_title),
            document_number=_line(document_number),
            created_by=actor,
            created_at=clock.now(),
        )
        source.full_clean()
        source.save(force_insert=True)
        record(
            actor=actor,
            verb="funding.register",
            target=source,
            summary=f"登记资金来源“{source.name}”，{source.get_route_display()}"
            + (f"，{clock.chinese_month(default_from)}起默认" if default_from else ""),
            after=snapshot(source, ("name", "route", "default_from", "document_title")),
            tag=TAG,
            tone="b",
        )
    return source


def funding_route_change(
    *, source: FundingSource, route: str, reason: str, actor: User
) -> FundingSource:
    """Let the money of ``source`` take another way from now on; payments made keep theirs."""
    require(actor, BUDGET_KEEPERS, "拨付路径由财务登记。")
    reason = _line(reason)
    if not reason:
        raise BusinessError("请写明改变拨付路径的原因或依据。", field="reason")
    with guarded():
        source = FundingSource.objects.select_for_update().get(pk=source.pk)
        if source.route == route:
            raise StaleState(f"拨付路径已经是“{source.get_route_display()}”。")
        before = source.route
        source.route = PaymentRoute(route)
        source.save(update_fields=["route"])
        record(
            actor=actor,
            verb="funding.route",
            target=source,
            summary=f"资金来源“{source.name}”改为{source.get_route_display()}：{reason}",
            before={"route": before},
            after={"route": source.route},
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return source


def claim_fund(
    *, claim: SubsidyClaim, source: FundingSource, reason: str, actor: User
) -> ClaimFunding:
    """Name the source that pays ``claim`` instead of the month's default, until it is approved."""
    require(actor, FUNDING_CHOOSERS, "申报的资金来源由科室负责人或财务指定。")
    reason = _line(reason)
    if not reason:
        raise BusinessError("请写明改用这个资金来源的原因。", field="reason")
    with guarded():
        claim = locked(claim, actor)
        if claim.is_settled:
            raise StaleState("申报已审批，资金来源不能改动。")
        before = source_of(claim)
        if before == source:
            raise BusinessError(f"这份申报的资金来源已经是{source}。", field="source")
        row, _ = ClaimFunding.objects.update_or_create(
            claim=claim,
            defaults={
                "source": source,
                "reason": reason,
                "chosen_by": actor,
                "chosen_at": clock.now(),
            },
        )
        record(
            actor=actor,
            verb="claim.fund",
            target=claim,
            summary=f"资金来源由{before or '（没有）'}改为{source}：{reason}",
            before={"source": before.pk if before else None},
            after={"source": source.pk},
            reason=reason,
            tag=TAG,
            tone="b",
        )
    return row


def budget_record(
    *,
    source: FundingSource,
    year: int,
    kind: str,
    amount: Decimal,
    document_title: str,
    actor: User,
    document_number: str = "",
    reason: str = "",
    document: UploadedFile | None = None,
) -> BudgetEntry:
    """Record the budget of ``year`` by its document, or a correction (yuan, minus takes away).

    Rows are never edited; a correction says why, and the sum never falls below zero.
    """
    require(actor, BUDGET_KEEPERS, "年度预算由财务登记。")
    with guarded():
        entry = BudgetEntry(
            source=source,
            year=year,
            kind=kind,
            amount=fen(amount),
            reason=_line(reason) if kind == BudgetKind.ADJUST else "",
            document_title=_line(document_title),
            document_number=_line(document_number),
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        if document is not None:
            entry.document = document
            entry.document_name = (document.name or "")[-200:]
        entry.full_clean()
        entry.save(force_insert=True)
        record(
            actor=actor,
            verb="budget.record",
            target=entry,
            subjects=[source],
            summary=f"登记{source} {year}年{entry.get_kind_display()} {money(entry.amount)} 元"
            + (f"：{entry.reason}" if entry.reason else "")
            + f"，依据《{entry.document_title}》",
            after=snapshot(entry, ("year", "kind", "amount", "document_title", "document_number")),
            reason=entry.reason,
            tag=TAG,
            tone="b",
        )
    return entry
