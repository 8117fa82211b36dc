"""Responsibility agreements (目标责任书): registered, signed, voided, corrected by another."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from enterprises.choices import AgreementParty
from enterprises.models import AgreementTarget, Provider, ResponsibilityAgreement
from estates.models import Street
from estates.services.evidence import scan_name
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope

_FIELDS = ("signed_on", "bureau_signatory", "party_signatory")
SIGNED_STAYS = "责任书已签订，不能修改。有误的请作废，再另签一份更正。"
VOID_STAYS = "责任书已作废，不能再办。"


@dataclass(frozen=True)
class Target:
    """One target of an agreement as a form or an import gives it."""

    text: str
    points: Decimal = Decimal(0)


def agreement_create(
    *,
    actor: User,
    year: int,
    provider: Provider | None = None,
    street: Street | None = None,
    targets: Sequence[Target] = (),
    signed_on: dt.date | None = None,
    bureau_signatory: str = "",
    party_signatory: str = "",
    scan: UploadedFile | None = None,
    replaces: ResponsibilityAgreement | None = None,
) -> ResponsibilityAgreement:
    """Register the year's responsibility agreement with one firm or one street.

    The signature is the last step: it freezes the agreement and its targets. ``replaces`` is the
    void agreement with the same party that this one corrects.
    """
    require(actor, REGISTRY_EDITORS, "登记目标责任书由房管中心科室负责人办理。")
    with guarded():
        party = AgreementParty.PROVIDER if provider else AgreementParty.STREET
        series = "ZRS-Q" if provider else "ZRS-J"
        agreement = ResponsibilityAgreement(
            year=year,
            party=party,
            provider=provider,
            street=street,
            number=f"{series}-{year}-{next_number(series, year):03d}",
            replaces=replaces,
            bureau_signatory=bureau_signatory,
            party_signatory=party_signatory,
            created_by=actor,
            created_at=clock.now(),
        )
        _check_signature(agreement, signed_on)
        if replaces is not None:
            assert_in_scope(replaces, actor)
            _check_replaced(agreement, replaces)
        if scan is not None:
            agreement.scan = scan
            agreement.scan_name = scan_name(scan, field="scan")
        agreement.full_clean()
        agreement.save()
        _write_targets(agreement, targets)
        _sign(agreement, signed_on)
        assert_in_scope(agreement, actor)
        corrects = f"，更正 {replaces.number}" if replaces else ""
        record(
            actor=actor,
            verb="agreement.create",
            target=agreement,
            subjects=[subject for subject in (provider, street, replaces) if subject is not None],
            summary=f"登记{year}年度目标责任书 {agreement.number}{corrects}",
            after={"number": agreement.number, "signed_on": signed_on},
            tag="责任书",
            tone="b",
        )
    return agreement


def _check_signature(agreement: ResponsibilityAgreement, signed_on: dt.date | None) -> None:
    if signed_on is None:
        return
    if signed_on.year != agreement.year:
        raise BusinessError(f"签订日期不在{agreement.year}年内，请核对年度。", field="signed_on")
    if signed_on > clock.today():
        raise BusinessError("签订日期不能晚于今天，还没有签的先不填。", field="signed_on")


def _check_replaced(agreement: ResponsibilityAgreement, wrong: ResponsibilityAgreement) -> None:
    if wrong.voided_at is None:
        raise BusinessError(f"{wrong.number} 还没有作废，请先作废再更正。", field="replaces")
    same = ("party", "provider_id", "street_id")
    if any(getattr(agreement, name) != getattr(wrong, name) for name in same):
        raise BusinessError(
            f"{wrong.number} 是与 {wrong.provider or wrong.street} 签的，更正须与同一单位签订。",
            field="replaces",
        )


def _sign(agreement: ResponsibilityAgreement, signed_on: dt.date | None) -> None:
    """Write the day of the signature; from then on the agreement and its targets are frozen."""
    if signed_on is not None:
        agreement.signed_on = signed_on
        agreement.save(update_fields=["signed_on"])


def agreement_update(
    *,
    agreement: ResponsibilityAgreement,
    actor: User,
    targets: Sequence[Target] | None = None,
    scan: UploadedFile | None = None,
    **values: Any,
) -> ResponsibilityAgreement:
    """Complete an agreement that is not signed yet: targets, scan, at last the signature.

    Year and party stay. Raises :class:`StaleState` for one that is signed or void.
    """
    require(actor, REGISTRY_EDITORS, "修改目标责任书由房管中心科室负责人办理。")
    with guarded():
        agreement = _locked_agreement(agreement, actor)
        problem = agreement_change_problem(agreement)
        if problem:
            raise StaleState(problem)
        before = {**snapshot(agreement, _FIELDS), "targets": _target_lines(agreement)}
        signed_on = values.pop("signed_on", None)
        _check_signature(agreement, signed_on)
        for name in ("bureau_signatory", "party_signatory"):
            if name in values:
                setattr(agreement, name, values[name])
        if scan is not None:
            agreement.scan = scan
            agreement.scan_name = scan_name(scan, field="scan")
        agreement.full_clean()
        agreement.save(update_fields=["bureau_signatory", "party_signatory", "scan", "scan_name"])
        if targets is not None and before["targets"] != [_target_line(row) for row in targets]:
            agreement.targets.all().delete()
            _write_targets(agreement, targets)
        _sign(agreement, signed_on)
        after = {**snapshot(agreement, _FIELDS), "targets": _target_lines(agreement)}
        old, new = changes(before, after)
        if not new and scan is None:
            return agreement
        record(
            actor=actor,
            verb="agreement.update",
            target=agreement,
            summary="签订目标责任书" if signed_on else "修改目标责任书",
            before=old,
            after=new,
            tag="责任书",
            tone="g" if signed_on else "",
        )
    return agreement


def agreement_change_problem(agreement: ResponsibilityAgreement) -> str:
    """Return why an agreement cannot be changed any more, or nothing."""
    if agreement.voided_at:
        return VOID_STAYS
    return SIGNED_STAYS if agreement.signed_on else ""


def _locked_agreement(agreement: ResponsibilityAgreement, actor: User) -> ResponsibilityAgreement:
    """Return the agreement as it stands, locked. Raises :class:`StaleState` for a void one."""
    assert_in_scope(agreement, actor)
    row = (
        ResponsibilityAgreement.objects.select_for_update(of=("self",))
        .select_related("provider", "street")
        .get(pk=agreement.pk)
    )
    if row.voided_at:
        raise StaleState(VOID_STAYS)
    return row


def agreement_scan_add(
    *, agreement: ResponsibilityAgreement, actor: User, scan: UploadedFile
) -> ResponsibilityAgreement:
    """Put the scan of the signed paper beside its agreement: once, and never another."""
    require(actor, REGISTRY_EDITORS, "目标责任书的扫描件由房管中心科室负责人上传。")
    with guarded():
        agreement = _locked_agreement(agreement, actor)
        if agreement.scan:
            raise StaleState("已有扫描件，不能替换。")
        agreement.scan = scan
        agreement.scan_name = scan_name(scan, field="scan")
        agreement.save(update_fields=["scan", "scan_name"])
        record(
            actor=actor,
            verb="agreement.scan",
            target=agreement,
            summary=f"上传扫描件“{agreement.scan_name}”",
            tag="责任书",
        )
    return agreement


def agreement_void(
    *, agreement: ResponsibilityAgreement, actor: User, reason: str
) -> ResponsibilityAgreement:
    """Void an agreement (作废) with a reason. It stays on record, its number is not given again.

    Another may then be signed with the same party for the same year.
    """
    require(actor, REGISTRY_EDITORS, "目标责任书由房管中心科室负责人作废。")
    if not reason.strip():
        raise BusinessError("请写明作废原因。", field="reason")
    with guarded():
        agreement = _locked_agreement(agreement, actor)
        agreement.voided_at = clock.now()
        agreement.voided_by = actor
        agreement.void_reason = reason.strip()
        agreement.full_clean()
        agreement.save(update_fields=["voided_at", "voided_by", "void_reason"])
        record(
            actor=actor,
            verb="agreement.void",
            target=agreement,
            subjects=[party for party in (agreement.provider, agreement.street) if party],
            summary=f"作废{agreement.year}年度目标责任书 {agreement.number}：{reason.strip()}",
            after=snapshot(agreement, ["voided_at", "void_reason"]),
            reason=reason.strip(),
            tag="责任书",
            tone="r",
        )
    return agreement


def _target_line(target: Target | AgreementTarget) -> str:
    """Return a target as the form and the audit log write it: ``公示率 100% | 10.0``."""
    return f"{target.text} | {target.points:.1f}"


def _target_lines(agreement: ResponsibilityAgreement) -> list[str]:
    return [_target_line(row) for row in agreement.targets.all()]


def _write_targets(agreement: ResponsibilityAgreement, targets: Iterable[Target]) -> None:
    AgreementTarget.objects.bulk_create(
        AgreementTarget(
            agreement=agreement, position=position, text=target.text, points=target.points
        )
        for position, target in enumerate(targets, start=1)
    )
