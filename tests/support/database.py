"""The test database, laid so that a real worker or web process of a test can open it too."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection, connections
from pytest_django.fixtures import validate_django_db

from tests.support.environment import PROJECT, VAR, WORKER
from xingyang_pm.common import triggers


def database_environment() -> dict[str, str]:
    """Return the variables that lead another process to this run's test database."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return {}  # PORTAL_VAR already leads there
    password = f":{chosen['PASSWORD']}" if chosen["PASSWORD"] else ""
    host = chosen["HOST"] or "127.0.0.1"
    port = chosen["PORT"] or 5432
    user = chosen["USER"] or os.environ.get("USER", "root")
    return {"DATABASE_URL": f"postgres://{user}{password}@{host}:{port}/{chosen['NAME']}"}


SQLITE_FILE = VAR / "portal.sqlite3"


def _template() -> Path:
    """Return where the migrated, empty SQLite database of exactly this code is kept.

    Migrating takes seven seconds and copying a file none; the name is a fingerprint of all
    that shapes the tables and their triggers.
    """
    digest = hashlib.sha256((PROJECT / "requirements" / "base.txt").read_bytes())
    for pattern in (
        "*/migrations/*.py",
        "*/*/migrations/*.py",
        "*/models.py",
        "*/*/models.py",
        "*/models/*.py",
    ):
        for path in sorted(PROJECT.glob(pattern)):
            if not path.is_relative_to(PROJECT / ".venv"):
                digest.update(path.name.encode() + path.read_bytes())
    for name in ("choices.py", "triggers.py"):
        for path in sorted(PROJECT.glob(f"*/{name}")) + sorted(PROJECT.glob(f"*/*/{name}")):
            digest.update(path.read_bytes())
    return PROJECT / "var" / "test-databases" / f"{digest.hexdigest()[:24]}.sqlite3"


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Name the test database: a file for SQLite (in memory no other process could see it)."""
    chosen = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        chosen["TEST"]["NAME"] = str(SQLITE_FILE)
    elif "PYTEST_XDIST_WORKER" in os.environ:
        chosen["TEST"]["NAME"] = f"test_{chosen['NAME']}_{WORKER}"


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    if connections["default"].vendor == "sqlite" and _template().exists():
        shutil.copyfile(_template(), SQLITE_FILE)
        return True
    return django_db_keepdb


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Make the database, and keep a fresh SQLite one for the next run."""
    template = _template()
    if connections["default"].vendor != "sqlite" or template.exists():
        return
    template.parent.mkdir(parents=True, exist_ok=True)
    for old in template.parent.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    unfinished = template.with_suffix(f".{os.getpid()}")
    with (
        closing(sqlite3.connect(SQLITE_FILE)) as source,
        closing(sqlite3.connect(unfinished)) as target,
    ):
        source.backup(target)
    unfinished.replace(template)


def _flushes(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    wanted = {"transactional_db", "live_server", "django_db_reset_sequences", "celery_worker"}
    if wanted & set(request.fixturenames):
        return True
    return bool(marker and validate_django_db(marker)[0])


@pytest.fixture(autouse=True)
def _nothing_kept_from_another_test() -> None:
    """Counts and choices are kept for half a minute, longer than a test, by keys of people."""
    cache.clear()


@pytest.fixture(autouse=True)
def _triggers_step_aside_for_the_flush(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the flush after a transactional test empty append-only tables.

    The flush ends in ``post_migrate``, which lays the triggers again for the next test.
    """
    if not _flushes(request):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    yield
    triggers.remove_all(connection)


@pytest.fixture(scope="session")
def migrated_sqlite(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, also where this run's own database is PostgreSQL."""
    if SQLITE_FILE.exists():
        return SQLITE_FILE
    if _template().exists():
        return _template()
    folder = tmp_path_factory.mktemp("migrated")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=PROJECT,
        env={
            **os.environ,
            "PORTAL_ENV": "embedded",
            "PORTAL_VAR": str(folder),
            "DATABASE_URL": "",
            "REDIS_URL": "",
        },
        timeout=180,
        check=True,
    )
    return folder / "portal.sqlite3"
