"""Check, commit, abandon: a ledger's way from the upload into the registry."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models.fields.files import FieldFile

from xingyang_pm.common import audit, clock
from xingyang_pm.common.access import require
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.models import ImportBatch, ImportStatus
from xingyang_pm.common.scoping import visible_rows
from xingyang_pm.common.spreadsheets import gate
from xingyang_pm.common.spreadsheets.reader import Workbook, read_workbook
from xingyang_pm.common.states import move

from . import registry
from .marking import marked_workbook
from .outcomes import Outcome, check
from .registry import LedgerDefinition

_CHUNK = 400  # SQLite takes 999 parameters in one statement at worst


def upload_check(
    *, ledger: str | LedgerDefinition, source: bytes, name: str, actor: Any
) -> Outcome:
    """Read and plan a workbook for ``actor`` without keeping anything.

    Raises ``WorkbookRefused`` for what is no readable workbook, :class:`NotPermitted` for a
    person who may not import this ledger.
    """
    definition = _definition(ledger)
    require(actor, definition.roles, f"你没有导入{definition.title}的权限。")
    return check(definition, read_workbook(source, name), actor)


def import_check(
    *, ledger: str | LedgerDefinition, upload: UploadedFile | Path, actor: Any
) -> ImportBatch:
    """Check an upload and keep it, with the report that the check screen shows.

    Nothing but the batch is written. Where there are errors or remarks, the marked workbook is
    made at once. Raises as :func:`upload_check`; a refused file is not kept.
    """
    name = _name(upload)
    source = gate.content_of(upload, settings.WORKBOOK_MAX_BYTES)
    outcome = upload_check(ledger=ledger, source=source, name=name, actor=actor)
    return import_keep(outcome=outcome, source=source, name=name, actor=actor)


def import_keep(*, outcome: Outcome, source: bytes, name: str, actor: Any) -> ImportBatch:
    """Keep a workbook that :func:`upload_check` has just read, with its report."""
    definition = outcome.ledger
    require(actor, definition.roles, f"你没有导入{definition.title}的权限。")
    digest = hashlib.sha256(source).hexdigest()
    report = outcome.report()
    before = (
        ImportBatch.objects.visible_to(actor)
        .filter(ledger=definition.code, source_sha256=digest, status=ImportStatus.COMMITTED)
        .first()
    )
    if before is not None and before.committed_at is not None:
        day = clock.chinese_date(before.committed_at.astimezone(clock.SHANGHAI).date())
        report["seen_before"] = f"同一份文件已在 {day} 入库过。"
    batch = ImportBatch(
        ledger=definition.code,
        owner=actor,
        source_name=name,
        source_size=len(source),
        source_sha256=digest,
        report=report,
        created_at=clock.now(),
    )
    batch.source.save(name, ContentFile(source), save=False)
    if outcome.errors or outcome.warnings:
        _attach_result(batch, source, outcome)
    try:
        with guarded():
            batch.save()
            audit.record(
                actor=actor,
                verb="import.check",
                target=batch,
                summary=f"核对了{definition.title}“{name}”（{outcome.sentence()}）",
                tag="台账",
            )
    except BaseException:
        _forget_files(batch)
        raise
    return batch


def import_commit(*, batch: ImportBatch, actor: Any, book: Workbook | None = None) -> ImportBatch:
    """Write a checked ledger into the registry, all of it or nothing.

    The kept file is read and planned again; a plan that differs from the one shown, or that
    has errors, is refused. Every record written must be visible to ``actor``. A second call,
    also at the same moment, raises :class:`StaleState` and has no effect. ``book`` is the
    workbook if the caller has just read the very same file.
    """
    definition = registry.find(batch.ledger)
    require(actor, definition.roles, f"你没有导入{definition.title}的权限。")
    _require_own(batch, actor)
    source = _source(batch)
    try:
        outcome = _committed(
            definition, batch, book or read_workbook(source, batch.source_name), actor
        )
    except Exception:
        # Rolled back: the instance shall not say otherwise.
        batch.refresh_from_db(fields=["status", "committed_at", "report"])
        raise
    _attach_result(batch, source, outcome, committed=True)
    batch.save(update_fields=["result"])
    return batch


def _committed(
    definition: LedgerDefinition, batch: ImportBatch, book: Workbook, actor: Any
) -> Outcome:
    with guarded():
        # First of all: of two clicks one gets the row, the other waits here and loses.
        move(
            batch,
            source=ImportStatus.CHECKED,
            target=ImportStatus.COMMITTED,
            message="这份台账已经入库或放弃，不用再确认。",
            committed_at=clock.now(),
        )
        outcome = check(definition, book, actor)
        if outcome.errors:
            raise BusinessError(
                f"还有 {len(outcome.errors)} 格有误，整本没有入库。请改好后重新上传。",
                code="import_errors",
            )
        if outcome.fingerprint() != batch.report.get("fingerprint"):
            raise StaleState("核对之后名录有了变动，整本没有入库。请重新上传并核对。")
        _assert_visible(definition.commit(outcome.plan, actor, batch), actor)
        batch.report = {**batch.report, **outcome.report()}
        batch.save(update_fields=["report"])
        audit.record(
            actor=actor,
            verb="import.commit",
            target=batch,
            summary=f"将{definition.title}“{batch.source_name}”入库（{outcome.sentence()}）",
            after={
                "created": outcome.created,
                "changed": outcome.changed,
                "unchanged": outcome.unchanged,
                "sha256": batch.source_sha256,
            },
            tag="台账",
            tone="g",
        )
    return outcome


def import_abandon(*, batch: ImportBatch, actor: Any) -> ImportBatch:
    """Put a checked ledger aside; it can no longer be committed."""
    definition = registry.find(batch.ledger)
    _require_own(batch, actor)
    with guarded():
        move(
            batch,
            source=ImportStatus.CHECKED,
            target=ImportStatus.ABANDONED,
            message="这份台账已经入库或放弃。",
        )
        audit.record(
            actor=actor,
            verb="import.abandon",
            target=batch,
            summary=f"放弃了{definition.title}“{batch.source_name}”的导入",
            tag="台账",
        )
    return batch


def result_workbook(batch: ImportBatch) -> tuple[str, bytes]:
    """Return file name and content of the same workbook with a column 核对结果.

    The one made at the check or the commit is handed out; a batch without remarks gets one
    made now, planned for its owner.
    """
    name = f"{PurePath(batch.source_name).stem}（核对结果）.xlsx"
    if batch.result:
        return name, _stored(batch.result)
    source = _source(batch)
    definition = registry.find(batch.ledger)
    outcome = check(definition, read_workbook(source, batch.source_name), batch.owner)
    return name, marked_workbook(source, outcome.book, outcome.marks())


# --- Parts -------------------------------------------------------------------------------------


def _definition(ledger: str | LedgerDefinition) -> LedgerDefinition:
    return registry.find(ledger) if isinstance(ledger, str) else ledger


def _name(upload: UploadedFile | Path) -> str:
    name = PurePath(str(upload.name or "").replace("\\", "/")).name
    if len(name) > 200:
        suffix = PurePath(name).suffix[:10]
        name = name[: 200 - len(suffix)] + suffix
    return name or "台账.xlsx"


def _require_own(batch: ImportBatch, actor: Any) -> None:
    if batch.owner_id != actor.pk:
        raise NotPermitted("只有上传人可以处理这份台账。")


def _stored(kept: FieldFile) -> bytes:
    """Return the content as it lies in the storage now, whatever this instance has open."""
    with kept.storage.open(str(kept.name), "rb") as stream:
        content: bytes = stream.read()
    return content


def _source(batch: ImportBatch) -> bytes:
    """Return the kept file, which must be the one that was checked."""
    try:
        content = _stored(batch.source)
    except FileNotFoundError:
        raise BusinessError("原文件已不在，不能继续。请重新上传。", code="source_gone") from None
    if hashlib.sha256(content).hexdigest() != batch.source_sha256:
        raise BusinessError("原文件与核对时不同，不能继续。请重新上传。", code="source_changed")
    return content


def _attach_result(
    batch: ImportBatch, source: bytes, outcome: Outcome, *, committed: bool = False
) -> None:
    content = marked_workbook(source, outcome.book, outcome.marks(committed=committed))
    if batch.result:
        batch.result.delete(save=False)
    batch.result.save("result.xlsx", ContentFile(content), save=False)


def _forget_files(batch: ImportBatch) -> None:
    for stored in (batch.source, batch.result):
        if stored:
            stored.delete(save=False)


def _chunks(items: Iterable[models.Model]) -> Iterator[list[models.Model]]:
    stream = iter(items)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


def _assert_visible(written: Iterable[models.Model], actor: Any) -> None:
    """Raise unless every record written is, as it now stands, visible to ``actor``."""
    for chunk in _chunks(written):
        by_model: dict[type[models.Model], set[Any]] = {}
        for record in chunk:
            by_model.setdefault(type(record), set()).add(record.pk)
        for model, keys in by_model.items():
            rows = visible_rows(model, actor)
            if rows.filter(pk__in=keys).count() != len(keys):
                raise NotPermitted("台账里有不属于你所在街道（乡镇）的记录，整本没有入库。")
