"""Entering the owners' fee: rows typed and kept, confirmed for good, corrected with a reason."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from estates.models import Estate
from subsidies.calculations import FEE_LABELS, FeeFigures
from subsidies.choices import FEE_ENTERERS, RATE_EDITORS
from subsidies.models import FeeCollection, FeeDraft, FeeStandard
from subsidies.selectors.fees import (
    Ground,
    Reading,
    estates_served,
    grounds,
    held_against,
    reading_of,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import Act, record, record_many, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.money import money
from xingyang_pm.common.scoping import assert_in_scope

FIGURES = tuple(FEE_LABELS)
STANDARD_FIELDS = (
    "estate",
    "amount",
    "effective_from",
    "document_title",
    "document_number",
    "document_name",
)
NOT_YOURS = "业主交费由街道（乡镇）经办填报。"
_TYPED_MOST = 20


def fee_standard_register(
    *,
    amount: Decimal,
    effective_from: dt.date,
    document_title: str,
    actor: User,
    estate: Estate | None = None,
    document_number: str = "",
    document: UploadedFile | None = None,
) -> FeeStandard:
    """Register what an owner pays, in yuan a household and month, from ``effective_from`` on.

    Without ``estate`` it holds for all old estates that have no standard of their own. What was
    entered for earlier months keeps the standard that it was entered by.
    """
    require(actor, RATE_EDITORS, "业主收费标准由房管中心科室负责人登记。")
    if effective_from.day != 1:
        raise BusinessError("执行月份须为某月1日。", field="effective_from")
    with guarded():
        standard = FeeStandard(
            estate=estate,
            amount=amount,
            effective_from=effective_from,
            document_title=document_title.strip(),
            document_number=document_number.strip(),
            created_by=actor,
            created_at=clock.now(),
        )
        if document is not None:
            standard.document = document
            standard.document_name = (document.name or "")[-200:]
        standard.full_clean()
        standard.save(force_insert=True)
        record(
            actor=actor,
            verb="fee_standard.register",
            target=standard,
            subjects=[estate] if estate else [],
            summary=(
                f"登记业主收费标准：{standard}，{clock.chinese_month(effective_from)}起执行，"
                f"依据《{standard.document_title}》"
            ),
            after=snapshot(standard, STANDARD_FIELDS),
            tag="交费",
            tone="b",
        )
    return standard


def _require_month(month: dt.date) -> None:
    """Raise unless ``month`` is over, or is the current one."""
    if month.day != 1:
        raise BusinessError("月份须为某月1日。", field="month")
    if month > clock.month_start(clock.today()):
        raise BusinessError(f"{clock.chinese_month(month)}还没有到，不能填报。", code="future")


def _served(month: dt.date, pks: Iterable[int], actor: User) -> dict[int, Estate]:
    """Return those of the estates that ``actor`` may enter for ``month``."""
    return estates_served(month, actor).in_bulk(list(pks))


# --- Rows as they are typed --------------------------------------------------------------------


def fee_draft_save(
    *, estate: Estate, month: dt.date, typed: Mapping[str, str], actor: User
) -> Reading:
    """Keep a row as it was typed, right or wrong, and return how it reads.

    Only what is kept here counts for nothing: a record arises by confirming. Raises
    :class:`StaleState` when the month of the estate is confirmed already.
    """
    require(actor, FEE_ENTERERS, NOT_YOURS)
    _require_month(month)
    if estate.pk not in _served(month, [estate.pk], actor):
        raise BusinessError("这个小区不在你填报的范围内，没有保存。", code="out_of_scope")
    values = _kept(typed)
    with guarded():
        if FeeCollection.objects.filter(estate=estate, month=month).exists():
            raise StaleState(f"{estate}{clock.chinese_month(month)}已经确认，要改请写原因更正。")
        FeeDraft.objects.update_or_create(
            estate=estate,
            month=month,
            defaults={"values": values, "saved_by": actor, "saved_at": clock.now()},
        )
    return reading_of(values, grounds(month, [estate.pk])[estate.pk])


def _kept(typed: Mapping[str, str]) -> dict[str, str]:
    return {
        name: str(typed[name]).strip()[:_TYPED_MOST]
        for name in FIGURES
        if str(typed.get(name, "")).strip()
    }


# --- Confirming --------------------------------------------------------------------------------


@dataclass(frozen=True)
class FeeEntry:
    """The figures of one estate, ready to be confirmed."""

    estate: Estate
    figures: FeeFigures


@dataclass
class Confirming:
    """What became of confirming rows: the records, and by estate why the others wait."""

    done: list[FeeCollection] = field(default_factory=list)
    problems: dict[int, dict[str, str]] = field(default_factory=dict)


def fees_confirm(
    *,
    month: dt.date,
    rows: Mapping[int, Mapping[str, str]],
    actor: User,
    evidence: UploadedFile | None = None,
) -> Confirming:
    """Confirm what was typed for the estates of ``rows`` (estate to field to text).

    Each row stands for itself: one that is wrong keeps its draft and says why, the others are
    confirmed all the same, in one transaction, and are frozen from then on.
    """
    require(actor, FEE_ENTERERS, NOT_YOURS)
    _require_month(month)
    estates = _served(month, rows, actor)
    ground = grounds(month, estates)
    answer = Confirming()
    entries = []
    for pk, typed in rows.items():
        if pk not in estates:
            answer.problems[pk] = {"": "这个小区不在你填报的范围内，没有确认。"}
            continue
        reading = reading_of(_kept(typed), ground[pk])
        if reading.figures is None or reading.problems:
            answer.problems[pk] = reading.problems
        else:
            entries.append(FeeEntry(estates[pk], reading.figures))
    confirmed = FeeCollection.objects.filter(
        month=month, estate__in=[entry.estate for entry in entries]
    )
    for pk in confirmed.values_list("estate", flat=True):
        answer.problems[pk] = {"": "已经确认过，没有再次确认。要改请写原因更正。"}
    entries = [entry for entry in entries if entry.estate.pk not in answer.problems]
    if entries:
        answer.done = fees_enter(month=month, entries=entries, actor=actor, evidence=evidence)
    return answer


def fees_enter(
    *,
    month: dt.date,
    entries: Sequence[FeeEntry],
    actor: User,
    evidence: UploadedFile | None = None,
    batch: ImportBatch | None = None,
) -> list[FeeCollection]:
    """Write the records of ``entries``, all of them or nothing; a few statements a thousand.

    Raises :class:`BusinessError` with the sentence of the first rule that is not kept.
    """
    require(actor, FEE_ENTERERS, NOT_YOURS)
    _require_month(month)
    ground = grounds(month, [entry.estate.pk for entry in entries])
    for entry in entries:
        _require_right(entry, ground[entry.estate.pk])
    with guarded():
        rows = [_row(month, entry, ground[entry.estate.pk], actor) for entry in entries]
        _attach(rows, evidence)
        for row in rows:
            row.batch = batch
        FeeCollection.objects.bulk_create(rows, batch_size=400)
        FeeDraft.objects.filter(month=month, estate__in=[row.estate_id for row in rows]).delete()
        visible = FeeCollection.objects.visible_to(actor).filter(month=month)
        if visible.filter(estate__in=[row.estate_id for row in rows]).count() < len(rows):
            raise BusinessError("有小区不属于你所在的街道（乡镇），没有保存。", code="out_of_scope")
        record_many(
            [
                Act(
                    row,
                    f"确认{clock.chinese_month(month)}业主交费：{_words(row)}",
                    subjects=[row.estate],
                    after=snapshot(row, FIGURES),
                )
                for row in rows
            ],
            actor=actor,
            verb="fee.confirm",
            tag="交费",
            tone="b",
        )
    return rows


def _require_right(entry: FeeEntry, ground: Ground) -> None:
    for name, sentence in held_against(entry.figures, ground).problems.items():
        raise BusinessError(f"{entry.estate}：{sentence}", field=name, code="invalid")


def _row(month: dt.date, entry: FeeEntry, ground: Ground, actor: User) -> FeeCollection:
    figures = entry.figures
    return FeeCollection(
        estate=entry.estate,
        month=month,
        provider_id=ground.provider,
        standard_id=ground.standard,
        households_verified=ground.verified,
        **{name: getattr(figures, name) for name in FIGURES},
        entered_by=actor,
        entered_at=clock.now(),
    )


def _attach(rows: Sequence[FeeCollection], evidence: UploadedFile | None) -> None:
    """Keep one paper for all of ``rows``: the file is stored once, and each row names it."""
    if evidence is None or not rows:
        return
    first, *others = rows
    first.evidence.save(evidence.name or "依据", evidence, save=False)
    for row in rows:
        row.evidence_name = (evidence.name or "")[-200:]
    for row in others:
        row.evidence.name = first.evidence.name


def _words(row: FeeCollection) -> str:
    return (
        f"应收 {row.households_billed} 户 {money(row.amount_billed)} 元，"
        f"实收 {row.households_paid} 户 {money(row.amount_received)} 元"
    )


# --- Correcting --------------------------------------------------------------------------------


def fee_correct(
    *,
    fee: FeeCollection,
    figures: FeeFigures,
    reason: str,
    actor: User,
    evidence: UploadedFile | None = None,
) -> FeeCollection:
    """Put a new record in the place of ``fee`` and say why; the old one stays to be seen.

    Provider, standard and verified households are those of the old record. Raises
    :class:`StaleState` when ``fee`` has been corrected already.
    """
    require(actor, FEE_ENTERERS, "业主交费由街道（乡镇）经办更正。")
    if not reason.strip():
        raise BusinessError("更正须写原因。", field="reason")
    with guarded():
        assert_in_scope(fee, actor)
        if FeeCollection.objects.filter(replaces=fee).exists():
            raise StaleState("这条记录已经更正过，请打开最新的一条再看。")
        if figures == fee.figures:
            raise BusinessError("数字没有改动，不用更正。", code="unchanged")
        _require_right(
            FeeEntry(fee.estate, figures), grounds(fee.month, [fee.estate_id])[fee.estate_id]
        )
        row = FeeCollection(
            estate_id=fee.estate_id,
            month=fee.month,
            provider_id=fee.provider_id,
            standard_id=fee.standard_id,
            households_verified=fee.households_verified,
            **{name: getattr(figures, name) for name in FIGURES},
            replaces=fee,
            reason=reason.strip(),
            entered_by=actor,
            entered_at=clock.now(),
        )
        _attach([row], evidence)
        row.full_clean()
        row.save(force_insert=True)
        record(
            actor=actor,
            verb="fee.correct",
            target=row,
            subjects=[fee, row.estate],
            summary=f"更正{clock.chinese_month(row.month)}业主交费：{_words(row)}",
            before=snapshot(fee, FIGURES),
            after=snapshot(row, FIGURES),
            reason=row.reason,
            tag="交费",
            tone="a",
        )
    return row
