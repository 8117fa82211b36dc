"""The audit log: who did what, when, from where, before and after, and why.

Services call :func:`record` inside their transaction, so an act without its entry does not
exist. Entries are append-only in the database. The entries of one record, read by
:func:`timeline`, are its history on the screen.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models.fields.files import FieldFile

from . import clock
from .models import AuditEntry, AuditSubject


@dataclass(frozen=True)
class AuditContext:
    """Where an act comes from; the middleware, the API, commands and jobs set it."""

    request_id: uuid.UUID
    channel: str
    ip: str | None = None
    agent: str = ""
    # What an entry without a person calls who acted.
    name: str = "系统"


_context: ContextVar[AuditContext | None] = ContextVar("audit_context", default=None)


def current_context() -> AuditContext:
    """Return the context of this request, job or command (a shell without one says so)."""
    return _context.get() or AuditContext(request_id=uuid.uuid4(), channel="shell")


@contextmanager
def audit_context(
    channel: str,
    *,
    ip: str | None = None,
    agent: str = "",
    request_id: uuid.UUID | None = None,
    name: str = "系统",
) -> Iterator[AuditContext]:
    """Group all entries made inside the block under one request id.

    ``name`` stands for the person where nobody has signed in.
    """
    context = AuditContext(request_id or uuid.uuid4(), channel, ip, agent[:200], name)
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)


def field_labels(model: type[models.Model], names: Iterable[str]) -> list[str]:
    """Return what the office calls the fields ``names``, for a summary of a change."""
    return [str(getattr(model._meta.get_field(name), "verbose_name", name)) for name in names]


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: decimals and dates as text, records as their id."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, FieldFile):
        return value.name
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def snapshot(obj: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Return the named fields of ``obj`` as JSON-safe values; foreign keys as their id."""
    values: dict[str, Any] = {}
    for name in fields:
        field = obj._meta.get_field(name)
        values[name] = plain(getattr(obj, getattr(field, "attname", name)))
    return values


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both dictionaries cut down to what differs."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def _by(actor: Any) -> dict[str, Any]:
    """Return the columns of an entry that say who acted, and from where."""
    context = current_context()
    if actor is not None and not getattr(actor, "is_authenticated", True):
        actor = None
    return {
        "actor": actor,
        "actor_name": actor.name if actor is not None else context.name,
        "channel": context.channel,
        "ip": context.ip,
        "agent": context.agent,
        "request_id": context.request_id,
    }


def record(
    *,
    actor: Any,
    verb: str,
    target: models.Model | None,
    summary: str,
    subjects: Sequence[models.Model] = (),
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    tag: str = "",
    tone: str = "",
    success: bool = True,
) -> AuditEntry:
    """Write one entry.

    ``verb`` is a code (``estate.update``); ``summary`` the Chinese sentence without the
    person; ``tag`` the subject word of the timeline (补贴, 整改 …); ``tone`` one of ``b a g r``
    or empty for a hollow dot; ``subjects`` are further records whose timeline shows it.
    """
    entry = AuditEntry.objects.create(
        at=clock.now(),
        **_by(actor),
        verb=verb,
        tag=tag,
        tone=tone,
        target_type=target._meta.label if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        target_name=str(target)[:200] if target is not None else "",
        summary=summary,
        before=plain(before),
        after=plain(after),
        reason=reason,
        success=success,
    )
    linked: dict[tuple[str, str], models.Model] = {}
    for subject in (target, *subjects):
        if subject is not None:
            linked[(subject._meta.label, str(subject.pk))] = subject
    AuditSubject.objects.bulk_create(
        AuditSubject(entry=entry, subject_type=label, subject_id=pk, at=entry.at)
        for label, pk in linked
    )
    return entry


@dataclass(frozen=True)
class Act:
    """One of many acts that :func:`record_many` writes; fields as those of :func:`record`."""

    target: models.Model
    summary: str
    subjects: Sequence[models.Model] = ()
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""


def record_many(
    acts: Iterable[Act], *, actor: Any, verb: str, tag: str = "", tone: str = ""
) -> list[AuditEntry]:
    """Write one entry for each of ``acts``, alike in person, verb and subject word.

    Two statements a thousand acts, where :func:`record` takes two an act.
    """
    moment, by = clock.now(), _by(actor)
    found = list(acts)
    entries = AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                at=moment,
                **by,
                verb=verb,
                tag=tag,
                tone=tone,
                target_type=act.target._meta.label,
                target_id=str(act.target.pk),
                target_name=str(act.target)[:200],
                summary=act.summary,
                before=plain(act.before),
                after=plain(act.after),
                reason=act.reason,
            )
            for act in found
        ],
        batch_size=1000,
    )
    AuditSubject.objects.bulk_create(
        [
            AuditSubject(entry=entry, subject_type=label, subject_id=pk, at=moment)
            for entry, act in zip(entries, found, strict=True)
            for label, pk in dict.fromkeys(
                (subject._meta.label, str(subject.pk)) for subject in (act.target, *act.subjects)
            )
        ],
        batch_size=1000,
    )
    return entries


def timeline(obj: models.Model, limit: int = 20) -> list[AuditEntry]:
    """Return the newest entries that concern ``obj``, newest first."""
    links = (
        AuditSubject.objects.filter(subject_type=obj._meta.label, subject_id=str(obj.pk))
        .select_related("entry", "entry__actor")
        .order_by("-at", "-pk")[:limit]
    )
    return [link.entry for link in links]


def timeline_count(obj: models.Model) -> int:
    return AuditSubject.objects.filter(subject_type=obj._meta.label, subject_id=str(obj.pk)).count()
