"""The one launcher: the portal comes up as a whole, and goes as a whole."""

import json
import os
import signal
import socket
import sqlite3
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes import Started, alive, descendants, free_port, wait_until
from xingyang_pm.common.management.commands.serve import table, width

pytestmark = pytest.mark.worker


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """An installation of its own: a migrated, empty database in a folder of its own."""
    made = tmp_path / "var"
    made.mkdir()
    with (
        closing(sqlite3.connect(migrated_sqlite)) as source,
        closing(sqlite3.connect(made / "portal.sqlite3")) as target,
    ):
        source.backup(target)
    return made


@pytest.fixture
def serve(start, folder):
    """Start ``manage.py serve`` on a free port; returns the process and its address."""

    def serving(*options: str, port: int | None = None, wait: bool = True, **environment: str):
        port = port or free_port()
        started = start(
            [sys.executable, "manage.py", "serve", "--port", str(port), *options],
            {
                "PORTAL_ENV": "embedded",
                "PORTAL_VAR": str(folder),
                "DATABASE_URL": "",
                "REDIS_URL": "",
                "DEMO_DATA": "0",
                "CELERY_QUEUE": "portal",
                **environment,
            },
        )
        if wait:
            started.wait_for(f"平台已启动：http://127.0.0.1:{port}/", seconds=60)
        return started, f"http://127.0.0.1:{port}"

    return serving


def _status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.status


def _worker_has_run(address: str) -> bool:
    with urllib.request.urlopen(f"{address}/healthz/ready", timeout=10) as response:
        return json.load(response)["parts"]["worker"]["ok"]


def _children(started: Started) -> set[int]:
    """Return all processes below the launcher: web with its two workers, worker, beat."""
    return {pid for pid in descendants(started.pid) if alive(pid)}


def _name(pid: int) -> str:
    """Return what a process calls itself; empty if it has just ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _parts(started: Started, name: str) -> list[int]:
    """Return the launcher's own child ``name``: gunicorn's workers inherit the name of theirs."""
    return [
        pid
        for pid in _children(started)
        if _name(pid) == name and pid in descendants(started.pid, depth=1)
    ]


def test_web_worker_and_calendar_come_up_and_work_together(serve):
    started, address = serve()
    assert _status(f"{address}/healthz/live") == 200
    # Beat sends, the file broker carries, the worker writes: only then is the lamp green.
    wait_until(lambda: _worker_has_run(address), seconds=90, what="the first periodic job")
    children = _children(started)
    assert len(children) == 5, started.log
    assert started.end() == 0
    assert "平台已停止。" in started.log
    assert not [pid for pid in children if alive(pid)]
    assert "Traceback" not in started.log


def test_a_killed_launcher_takes_everything_with_it(serve):
    started, _ = serve()
    wait_until(lambda: len(_children(started)) == 5, what="all processes")
    children = _children(started)
    names = {pid: _name(pid) for pid in children}
    os.kill(started.pid, signal.SIGKILL)
    for pid, name in names.items():
        # One at a time, so that a failure names the process that stayed.
        wait_until(lambda pid=pid: not alive(pid), seconds=40, what=f"the end of {name}")


@pytest.mark.parametrize("name", ["portal-web", "portal-worker", "portal-beat"])
def test_a_crashed_part_is_started_again(serve, name):
    started, address = serve()
    wait_until(lambda: len(_children(started)) == 5, what="all processes")
    # A fork counts as a child a moment before it takes its name.
    wait_until(lambda: _parts(started, name), what=f"a process named {name}")
    victim = _parts(started, name)[0]
    os.kill(victim, signal.SIGKILL)
    started.wait_for(f"{name.removeprefix('portal-')} 进程退出（代码 -9），1 秒后重新启动。")
    wait_until(lambda: len(_children(started)) == 5, what="all processes again")
    wait_until(lambda: _answers(address), what="the page")
    assert started.end() == 0


def _answers(address: str) -> bool:
    try:
        return _status(f"{address}/healthz/live") == 200
    except OSError:
        return False


def test_a_taken_port_is_refused_with_the_variable_that_changes_it(serve):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        started, _ = serve(port=port, wait=False)
        assert started.process.wait(30) != 0
    assert f"端口 {port} 已被占用，平台没有启动。" in started.log
    assert "PORT=" in started.log
    assert "Traceback" not in started.log


@pytest.mark.parametrize("value", ["0", "99999", "eight"])
def test_a_wrong_port_is_refused(start, value):
    started = start([sys.executable, "manage.py", "serve"], {"PORT": value})
    assert started.process.wait(30) != 0
    assert "请改 PORT" in started.log


def test_a_second_launcher_serves_pages_and_takes_the_background_over(serve):
    first, _ = serve()
    wait_until(lambda: len(_children(first)) == 5, what="all processes of the first")
    second, address = serve()
    assert f"后台任务由进程 {first.pid} 负责，这里只启动网页。" in second.log
    wait_until(lambda: len(_children(second)) == 3, what="the pages of the second, and no more")
    assert first.end() == 0
    wait_until(lambda: len(_children(second)) == 5, what="worker and calendar of the second")
    assert _status(f"{address}/healthz/live") == 200
    assert second.end() == 0


def test_what_a_crashed_calendar_left_does_no_harm(serve, folder):
    (folder / "celerybeat.pid").write_text("1")
    (folder / "celerybeat-schedule").write_bytes(b"half a file")
    started, address = serve()
    wait_until(lambda: _worker_has_run(address), seconds=90, what="the first periodic job")
    assert started.end() == 0


def test_a_new_database_is_laid_and_an_old_one_is_kept(serve, folder):
    (folder / "portal.sqlite3").unlink(missing_ok=True)
    started, address = serve("--prepare")
    assert "正在更新数据库" in started.log
    assert _status(f"{address}/healthz/ready") == 200
    assert started.end() == 0
    again, _ = serve("--prepare")
    assert "正在更新数据库" not in again.log
    assert again.end() == 0


def test_accounts_are_printed_as_a_table(serve, folder):
    accounts = [
        {"role": "街道经办", "username": "suohe01", "password": "x9-Kite-20", "office": "索河街道"},
        {"role": "审计员", "username": "sj", "password": "Lamp-77-ok", "office": "房管中心"},
    ]
    (folder / "demo-accounts.json").write_text(json.dumps(accounts, ensure_ascii=False))
    started, _ = serve(DEMO_DATA="1")
    started.wait_for("按 Ctrl-C 停止。")
    for account in accounts:
        line = next(line for line in started.log.splitlines() if account["password"] in line)
        assert account["username"] in line
        assert account["office"] in line
    assert started.end() == 0


def test_columns_stand_under_each_other_with_chinese_words():
    lines = table([{"a": "街道经办", "b": "x"}, {"a": "abc", "b": "y"}], {"a": "角色", "b": "账号"})
    assert [width(line[: line.index(mark)]) for line, mark in zip(lines, "账xy", strict=True)] == [
        10,
        10,
        10,
    ]
