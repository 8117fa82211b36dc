"""The first ``migrate`` of an empty database, as an administrator types it, with its checks."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from django.conf import settings

TRIGGER = "portal_subsidies_payment_append_u"


def _manage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    left_out = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env={**environment, "PORTAL_ENV": "embedded", "PORTAL_VAR": str(folder)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def _triggers(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "portal.sqlite3") as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {name for (name,) in rows}


def test_migrate_fills_an_empty_database_and_repairs_a_lost_rule(tmp_path):
    first = _manage(tmp_path, "migrate", "--verbosity", "0")
    assert first.returncode == 0, first.stderr[-2000:]
    laid = _triggers(tmp_path)
    assert TRIGGER in laid

    with sqlite3.connect(tmp_path / "portal.sqlite3") as connection:
        connection.execute(f'DROP TRIGGER "{TRIGGER}"')
    warned = _manage(tmp_path, "check", "--database", "default")
    assert "缺少 1 条保护规则" in warned.stderr
    assert TRIGGER in warned.stderr

    again = _manage(tmp_path, "migrate", "--verbosity", "0")
    assert again.returncode == 0, again.stderr[-2000:]
    assert _triggers(tmp_path) == laid


def test_a_database_of_the_first_release_comes_up_to_this_one(tmp_path):
    """Triggers of one table name another, which SQLite must rebuild."""
    for app in ("outreach", "subsidies", "inspections", "enterprises"):
        first = _manage(tmp_path, "migrate", app, "0001", "--verbosity", "0")
        assert first.returncode == 0, first.stderr[-2000:]
    assert TRIGGER in _triggers(tmp_path)

    today = _manage(tmp_path, "migrate", "--verbosity", "0")
    assert today.returncode == 0, today.stderr[-2000:]
    assert _manage(tmp_path, "check", "--database", "default").stderr == ""
