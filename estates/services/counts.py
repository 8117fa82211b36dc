"""Household counts: entered by one with evidence, verified by another, then frozen."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.core.files.base import File

from accounts.models import User
from estates.calculations import change_percent
from estates.choices import COUNT_ENTERERS, COUNT_VERIFIERS, CountStatus
from estates.models import Estate, HouseholdCount
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move
from xingyang_pm.common.storage import sha256_of

from .evidence import evidence_name
from .registry import locked_estate

TAG = "户数"
# A count may be entered for so many months ahead, and back to the office's first ledgers.
MONTHS_AHEAD = 12
FIRST_MONTH = dt.date(2010, 1, 1)


def _check_month(month: dt.date) -> None:
    last = clock.add_months(clock.today(), MONTHS_AHEAD)
    if not FIRST_MONTH <= month <= last:
        raise BusinessError(
            f"执行月份 {clock.chinese_month(month)}超出范围，请写 2010年1月至"
            f"{clock.chinese_month(last)}之间的月份。",
            field="effective_month",
        )


def household_count_enter(
    *,
    estate: Estate,
    actor: User,
    effective_month: dt.date,
    households: int,
    buildings: int,
    reason: str = "",
    evidence: File | None = None,
    batch: ImportBatch | None = None,
    batch_place: str = "",
) -> HouseholdCount:
    """Enter a count from a month on. It counts for nothing until another person verifies it.

    Evidence is a file, or the ledger (``batch``) that it comes from, with the place in it
    (``batch_place``: 京城路 G7). A change above ``HOUSEHOLD_CHANGE_PERCENT`` against the count in
    force needs a reason; a ledger is one.
    """
    require(actor, COUNT_ENTERERS, "户数由街道经办或房管中心科室负责人录入。")
    if evidence is None and batch is None:
        raise BusinessError("请附户数清册（照片、PDF 或 Excel）。", field="evidence")
    month = clock.month_start(effective_month)
    _check_month(month)
    kept_name = evidence_name(evidence) if evidence is not None else ""
    with guarded():
        estate = locked_estate(estate, actor)
        before = HouseholdCount.objects.in_force(month).filter(estate=estate).first()
        _check_change(before, month, households, buildings, reason, by_ledger=batch is not None)
        row = HouseholdCount(
            estate=estate,
            effective_month=month,
            households=households,
            buildings=buildings,
            reason=reason.strip(),
            batch=batch,
            entered_by=actor,
            entered_at=clock.now(),
        )
        if evidence is not None:
            row.evidence_name = kept_name
            row.evidence_sha256 = sha256_of(evidence)
            row.evidence.save(kept_name, evidence, save=False)
        elif batch is not None:
            row.evidence_name = batch_evidence(batch, batch_place)
        try:
            row.full_clean()
            row.save()
        except BaseException:
            if evidence is not None:
                row.evidence.delete(save=False)
            raise
        record(
            actor=actor,
            verb="count.enter",
            target=row,
            subjects=[estate],
            summary=f"录入户数 {households} 户，{clock.chinese_month(month)}起，待核定",
            before={"households": before.households} if before else None,
            after={"households": households, "buildings": buildings, "month": month},
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return row


def batch_evidence(batch: ImportBatch, place: str) -> str:
    """Return the name of the evidence that a ledger is: its file and the cell in it."""
    suffix = f"（{place}）" if place else ""
    return batch.source_name[: 200 - len(suffix)] + suffix


def _check_change(
    before: HouseholdCount | None,
    month: dt.date,
    households: int,
    buildings: int,
    reason: str,
    *,
    by_ledger: bool,
) -> None:
    if before is None:
        return
    if before.effective_month == month:
        raise BusinessError(
            f"{clock.chinese_month(month)}已有核定户数 {before.households} 户，"
            "请把执行月份改为以后的月份。",
            field="effective_month",
        )
    if (before.households, before.buildings) == (households, buildings):
        raise BusinessError(
            f"与现在执行的 {before.households} 户、{before.buildings} 栋相同，不用录入。",
            field="households",
        )
    limit = settings.HOUSEHOLD_CHANGE_PERCENT
    changed = change_percent(before.households, households)
    if changed > limit and not reason.strip() and not by_ledger:
        raise BusinessError(
            f"户数由 {before.households} 变为 {households}，变动超过 {limit}%，请写明原因。",
            field="reason",
        )


def household_count_withdraw(*, count: HouseholdCount, actor: User) -> Estate:
    """Take back a count that oneself has entered and nobody has decided on."""
    require(actor, COUNT_ENTERERS)
    with guarded():
        assert_in_scope(count, actor)
        row = (
            HouseholdCount.objects.select_for_update(of=("self",))
            .select_related("estate")
            .filter(pk=count.pk)
            .first()
        )
        if row is None or row.status != CountStatus.ENTERED:
            raise StaleState("这条户数已经核定或撤回，请刷新后再看。")
        if row.entered_by_id != actor.pk:
            raise BusinessError("只有录入人可以撤回，请联系录入人，或不予核定。", code="not_owner")
        row.delete()
        record(
            actor=actor,
            verb="count.withdraw",
            target=row.estate,
            summary=f"撤回录入的户数 {row.households} 户",
            before={"households": row.households, "month": row.effective_month},
            tag=TAG,
        )
    return row.estate


def _refuse_own(count: HouseholdCount, actor: User) -> None:
    if count.entered_by_id == actor.pk:
        raise BusinessError("录入人不能核定自己录入的户数，请换一人核定。", code="same_person")


def _decide(
    count: HouseholdCount, actor: User, target: CountStatus, opinion: str, summary: str, tone: str
) -> HouseholdCount:
    count = (
        HouseholdCount.objects.select_for_update(of=("self",))
        .select_related("estate")
        .get(pk=count.pk)
    )
    _refuse_own(count, actor)
    move(
        count,
        source=CountStatus.ENTERED,
        target=target,
        message=f"{count.estate} 的这条户数{count.get_status_display()}，不能再办。",
        decided_by=actor,
        decided_at=clock.now(),
        opinion=opinion.strip()[:200],
    )
    record(
        actor=actor,
        verb=f"count.{target}",
        target=count,
        subjects=[count.estate],
        summary=summary,
        reason=opinion,
        tag=TAG,
        tone=tone,
    )
    return count


def household_count_verify(
    *, count: HouseholdCount, actor: User, opinion: str = ""
) -> HouseholdCount:
    """Verify a count that another person entered.

    The registry's figures become those of the count with the latest month, so that a count for
    a month gone by does not undo a later one.
    """
    require(actor, COUNT_VERIFIERS, "户数由街道审核或房管中心科室负责人核定。")
    with guarded():
        assert_in_scope(count, actor)
        _refuse_own(count, actor)
        locked_estate(count.estate, actor)
        taken = HouseholdCount.objects.verified().filter(
            estate=count.estate_id, effective_month=count.effective_month
        )
        if taken.exists():
            raise BusinessError(
                f"{count.estate} {clock.chinese_month(count.effective_month)}已有核定户数，"
                "请不予核定，由录入人改月份后再录。",
                code="conflict",
            )
        count = _decide(
            count,
            actor,
            CountStatus.VERIFIED,
            opinion,
            f"核定户数 {count.households} 户，{clock.chinese_month(count.effective_month)}起执行",
            "b",
        )
        later = HouseholdCount.objects.verified().filter(
            estate=count.estate_id, effective_month__gt=count.effective_month
        )
        if not later.exists():
            Estate.objects.filter(pk=count.estate_id).update(
                household_count=count.households,
                building_count=count.buildings,
                updated_at=clock.now(),
            )
    return count


def household_counts_verify(*, counts: Iterable[HouseholdCount], actor: User) -> int:
    """Verify several counts at once, all or none; return how many."""
    require(actor, COUNT_VERIFIERS, "户数由街道审核或房管中心科室负责人核定。")
    done = 0
    with guarded():
        for count in counts:
            household_count_verify(count=count, actor=actor)
            done += 1
        if not done:
            raise BusinessError("请先勾选待核定的户数。")
    return done


def household_count_reject(*, count: HouseholdCount, actor: User, opinion: str) -> HouseholdCount:
    """Refuse a count with a sentence; a new one can be entered."""
    require(actor, COUNT_VERIFIERS, "户数由街道审核或房管中心科室负责人核定。")
    if not opinion.strip():
        raise BusinessError("请写明不予核定的原因。", field="opinion")
    with guarded():
        assert_in_scope(count, actor)
        return _decide(
            count,
            actor,
            CountStatus.REJECTED,
            opinion,
            f"不予核定 {count.households} 户：{opinion.strip()}",
            "a",
        )
