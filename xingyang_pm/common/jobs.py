"""Long work: a row the user can watch, run by Celery, safe to run twice.

A job is claimed by compare-and-set with a claim id; a worker that was killed leaves a row
whose heartbeat stops, and the sweeper frees it. Only the holder of the claim can write.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from . import clock
from .audit import audit_context
from .dispatch import send_job
from .errors import BusinessError, StaleState
from .models import Job, JobStatus

MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class JobKind:
    kind: str
    title: str
    run: Callable[["RunningJob"], None]


_kinds: dict[str, JobKind] = {}


def handler(
    kind: str, *, title: str
) -> Callable[[Callable[["RunningJob"], None]], Callable[["RunningJob"], None]]:
    """Register the decorated function as the work of jobs of ``kind``."""

    def register(function: Callable[["RunningJob"], None]) -> Callable[["RunningJob"], None]:
        _kinds[kind] = JobKind(kind, title, function)
        return function

    return register


class RunningJob:
    """What a handler gets: its parameters, its owner, and the means to tell and to deliver."""

    def __init__(self, row: Job) -> None:
        self.row = row
        self.params: dict[str, Any] = row.params
        self.owner = row.owner

    def _write(self, **values: Any) -> None:
        rows = Job.objects.filter(pk=self.row.pk, claim=self.row.claim, status=JobStatus.RUNNING)
        if rows.update(heartbeat_at=clock.now(), **values) != 1:
            raise StaleState("这项任务已由别的进程接手。")

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell the owner how far the work is; also the heartbeat."""
        self._write(progress_done=done, progress_total=total, message=message[:200])

    def attach(self, name: str, content: bytes | Path) -> None:
        """Keep ``content`` as the result file, offered for download under ``name``."""
        if isinstance(content, Path):
            with content.open("rb") as stream:
                self.row.result.save(name, File(stream), save=False)
        else:
            self.row.result.save(name, ContentFile(content), save=False)
        self._write(result=self.row.result.name, result_name=name)

    def note(self, **values: Any) -> None:
        """Keep figures of the result (JSON-safe) on the row."""
        self.row.note = {**self.row.note, **values}
        self._write(note=self.row.note)


def enqueue(
    kind: str,
    *,
    owner: Any,
    params: dict[str, Any] | None = None,
    dedupe_key: str = "",
    title: str | None = None,
) -> Job:
    """Create a job and send it to the worker after commit.

    With a ``dedupe_key``, the active job of that key is returned instead of a second one.
    """
    known = _kinds[kind]
    try:
        with transaction.atomic():
            row = Job.objects.create(
                kind=kind,
                title=title or known.title,
                owner=owner,
                params=params or {},
                dedupe_key=dedupe_key,
                created_at=clock.now(),
            )
    except IntegrityError:
        return Job.objects.get(
            dedupe_key=dedupe_key, status__in=[JobStatus.QUEUED, JobStatus.RUNNING]
        )
    transaction.on_commit(lambda: send_job(row.pk))
    return row


def _stale_before() -> dt.datetime:
    return clock.now() - dt.timedelta(seconds=settings.JOB_STALE_SECONDS)


def _claimable() -> Q:
    return Q(status=JobStatus.QUEUED) | Q(
        status=JobStatus.RUNNING, heartbeat_at__lt=_stale_before()
    )


def run(job_id: int) -> bool:
    """Claim and run one job; return whether this call did the work."""
    claim = uuid.uuid4()
    moment = clock.now()
    claimed = Job.objects.filter(_claimable(), pk=job_id, attempts__lt=MAX_ATTEMPTS).update(
        status=JobStatus.RUNNING,
        claim=claim,
        started_at=moment,
        heartbeat_at=moment,
        attempts=F("attempts") + 1,
        error="",
    )
    if not claimed:
        return False
    row = Job.objects.select_related("owner").get(pk=job_id)
    running = RunningJob(row)
    kind = _kinds[row.kind]
    try:
        with audit_context("job"):
            kind.run(running)
        running._write(status=JobStatus.DONE, finished_at=clock.now(), message="已完成")
    except StaleState:
        return False
    except BusinessError as error:
        _fail(row, error.message)
    except Exception:
        _fail(row, "这项任务没有完成，数据没有改动。请重新开始；仍不行请联系系统管理员。")
        raise
    return True


def _fail(row: Job, sentence: str) -> None:
    Job.objects.filter(pk=row.pk, claim=row.claim).update(
        status=JobStatus.FAILED, error=sentence[:500], finished_at=clock.now()
    )


def sweep() -> int:
    """Send stale and forgotten jobs to the worker again; return how many."""
    stale = Job.objects.filter(
        _claimable(), created_at__lt=_stale_before(), attempts__lt=MAX_ATTEMPTS
    )
    ids = list(stale.values_list("pk", flat=True)[:100])
    for job_id in ids:
        send_job(job_id)
    Job.objects.filter(
        status=JobStatus.RUNNING, heartbeat_at__lt=_stale_before(), attempts__gte=MAX_ATTEMPTS
    ).update(
        status=JobStatus.FAILED,
        error="任务三次中断，已停止。请重新开始；仍不行请联系系统管理员。",
        finished_at=clock.now(),
    )
    return len(ids)


def restart(*, job: Job, actor: Any) -> None:
    """Put a failed or stale job of ``actor`` back into the queue."""
    if job.owner_id != actor.pk:
        raise BusinessError("只有发起人可以重新开始这项任务。", code="not_owner")
    rows = Job.objects.filter(
        Q(status=JobStatus.FAILED) | Q(status=JobStatus.RUNNING, heartbeat_at__lt=_stale_before()),
        pk=job.pk,
    )
    if rows.update(status=JobStatus.QUEUED, attempts=0, error="", claim=None, message="") != 1:
        raise StaleState("任务正在进行，不用重新开始。")
    transaction.on_commit(lambda: send_job(job.pk))
