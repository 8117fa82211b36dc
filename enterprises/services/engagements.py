"""Contracts (服务合同): who serves which estate from when to when, their filing and their end."""

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from enterprises.choices import ProviderKind
from enterprises.models import Engagement, Provider
from estates.models import Estate
from estates.services.evidence import scan_name
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, field_labels, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

ENGAGEMENT_FIELDS = (
    "start_date",
    "end_date",
    "contract_number",
    "signed_on",
    "selection_mode",
    "fee_standard",
    "fee_unit",
    "service_grade",
    "project_manager",
    "filed_on",
    "filing_number",
)


def check_terms(engagement: Engagement) -> None:
    """Hold an engagement against the rules that span records; no query if they are loaded."""
    if engagement.project_manager and (
        engagement.project_manager.provider_id != engagement.provider_id
    ):
        raise BusinessError(
            f"{engagement.project_manager} 不是 {engagement.provider} 的人员，请重选项目经理。",
            field="project_manager",
        )
    if engagement.filed_on and not engagement.signed_on:
        raise BusinessError("请先填签订日期，再填备案日期。", field="signed_on")
    kind = engagement.provider.kind
    if kind != ProviderKind.ENTERPRISE and (
        engagement.provider.street_id != engagement.estate.street_id
    ):
        raise BusinessError(
            f"{engagement.provider} 属于 {engagement.provider.street}，不能接管"
            f" {engagement.estate.street} 的小区。",
            field="provider",
        )


def _check_engagement(engagement: Engagement) -> None:
    check_terms(engagement)
    engagement.full_clean()


def engagement_create(
    *,
    estate: Estate,
    provider: Provider,
    actor: User,
    contract: UploadedFile | None = None,
    **values: Any,
) -> Engagement:
    """Register that ``provider`` serves ``estate`` from ``start_date`` on.

    Raises :class:`BusinessError` when another provider serves the estate on any of the days.
    """
    require(actor, REGISTRY_EDITORS, "登记服务合同由房管中心科室负责人办理。")
    with guarded():
        engagement = Engagement(estate=estate, provider=provider, created_at=clock.now(), **values)
        if contract is not None:
            engagement.contract = contract
            engagement.contract_name = scan_name(contract, field="contract")
        _check_engagement(engagement)
        engagement.save()
        assert_in_scope(engagement, actor)
        record(
            actor=actor,
            verb="engagement.create",
            target=engagement,
            subjects=[estate, provider],
            summary=f"登记 {provider.label} 自{clock.chinese_date(engagement.start_date)}接管"
            f" {estate.name}",
            after=snapshot(engagement, ENGAGEMENT_FIELDS),
            tag="合同",
            tone="b",
        )
    return engagement


def engagement_update(
    *,
    engagement: Engagement,
    actor: User,
    contract: UploadedFile | None = None,
    **values: Any,
) -> Engagement:
    """Change the terms of an engagement; estate and provider stay."""
    require(actor, REGISTRY_EDITORS, "修改服务合同由房管中心科室负责人办理。")
    with guarded():
        engagement = (
            Engagement.objects.select_for_update(of=("self",))
            .select_related("estate", "provider", "project_manager")
            .get(pk=engagement.pk)
        )
        before = snapshot(engagement, ENGAGEMENT_FIELDS)
        for name, value in values.items():
            setattr(engagement, name, value)
        fields = list(values)
        if contract is not None:
            engagement.contract = contract
            engagement.contract_name = scan_name(contract, field="contract")
            fields += ["contract", "contract_name"]
        _check_engagement(engagement)
        engagement.save(update_fields=fields)
        assert_in_scope(engagement, actor)
        old, new = changes(before, snapshot(engagement, ENGAGEMENT_FIELDS))
        labels = field_labels(Engagement, new)
        if contract is not None:
            labels.append("合同扫描件")
        if labels:
            record(
                actor=actor,
                verb="engagement.update",
                target=engagement,
                subjects=[engagement.estate, engagement.provider],
                summary=f"修改服务合同的{'、'.join(labels)}",
                before=old,
                after=new,
                tag="合同",
            )
    return engagement


def engagement_file(
    *, engagement: Engagement, actor: User, filed_on: dt.date, filing_number: str = ""
) -> Engagement:
    """Record that the contract was filed (备案). Raises :class:`StaleState` for a filed one."""
    require(actor, REGISTRY_EDITORS, "合同备案由房管中心科室负责人登记。")
    if filed_on > clock.today():
        raise BusinessError("备案日期不能晚于今天。", field="filed_on")
    with guarded():
        row = Engagement.objects.select_for_update(of=("self",)).get(pk=engagement.pk)
        if row.filed_on:
            raise StaleState(
                f"合同已于{clock.chinese_date(row.filed_on)}备案，不用再登记。填错的请修改合同。"
            )
        return engagement_update(
            engagement=row, actor=actor, filed_on=filed_on, filing_number=filing_number
        )


def engagement_end(
    *, engagement: Engagement, actor: User, end_date: dt.date, reason: str
) -> Engagement:
    """End an engagement on ``end_date`` (its last day of service).

    Raises :class:`StaleState` for one that is over, or whose end has been settled before.
    """
    require(actor, REGISTRY_EDITORS, "终止服务合同由房管中心科室负责人办理。")
    if not reason.strip():
        raise BusinessError("请写明终止原因。", field="reason")
    with guarded():
        engagement = (
            Engagement.objects.select_for_update(of=("self",))
            .select_related("estate", "provider")
            .get(pk=engagement.pk)
        )
        problem = engagement.ending_problem()
        if problem:
            raise StaleState(problem)
        before = snapshot(engagement, ["end_date", "end_reason"])
        engagement.end_date = end_date
        engagement.end_reason = reason.strip()
        engagement.full_clean()
        engagement.save(update_fields=["end_date", "end_reason"])
        record(
            actor=actor,
            verb="engagement.end",
            target=engagement,
            subjects=[engagement.estate, engagement.provider],
            summary=f"{engagement.provider.label} 对 {engagement.estate.name} 的服务"
            f"到{clock.chinese_date(end_date)}止",
            before=before,
            after=snapshot(engagement, ["end_date", "end_reason"]),
            reason=reason,
            tag="合同",
            tone="a",
        )
    return engagement
