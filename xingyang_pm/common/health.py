"""Whether this portal can work: what a load balancer and an administrator ask."""

import uuid
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from . import clock, triggers
from .models import PeriodicRun

BROKER_TIMEOUT_SECONDS = 2
_migrated = False


@dataclass(frozen=True)
class Part:
    """One part: ``ok`` decides readiness unless ``info`` only tells."""

    name: str
    ok: bool
    detail: str = ""
    info: bool = False


def _database() -> str:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return connections[DEFAULT_DB_ALIAS].vendor


def _migrations() -> str:
    """Say whether all migrations are applied; once true it stays true for this process."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            raise RuntimeError(f"{len(plan)} migrations not applied")
        _migrated = True
    return "applied"


def _rules() -> str:
    """Say whether the database holds every rule that stands in a trigger."""
    missing = triggers.missing_names()
    if missing:
        raise RuntimeError(f"{len(missing)} triggers missing")
    return "laid"


def _cache() -> str:
    key, value = "health", uuid.uuid4().hex
    cache.set(key, value, 10)
    if cache.get(key) is None:
        raise RuntimeError("cache does not keep")
    return "ok"


def _broker() -> str:
    with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
        return str(connection.transport_cls)


def worker_age() -> int | None:
    """Return seconds since worker and beat last did a periodic job together; None if never."""
    last = (
        PeriodicRun.objects.filter(last_success_at__isnull=False)
        .order_by("-last_success_at")
        .values_list("last_success_at", flat=True)
        .first()
    )
    return None if last is None else max(0, int((clock.now() - last).total_seconds()))


def parts() -> list[Part]:
    """Ask every part. Errors are named by their class alone: addresses stay inside."""
    asked: list[tuple[str, Any]] = [
        ("database", _database),
        ("migrations", _migrations),
        ("rules", _rules),
        ("cache", _cache),
        ("broker", _broker),
    ]
    found = []
    for name, question in asked:
        try:
            found.append(Part(name, True, question()))
        except Exception as error:  # noqa: BLE001  whatever is wrong, the answer is: not ready
            found.append(Part(name, False, type(error).__name__))
    if found[0].ok and found[1].ok:
        age = worker_age()
        detail = "never" if age is None else f"{age} s ago"
        found.append(Part("worker", age is not None and age < 300, detail, info=True))
    return found
