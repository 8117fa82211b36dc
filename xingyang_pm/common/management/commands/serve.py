"""``manage.py serve``: the whole portal on one machine, started and stopped as one.

Web (gunicorn), worker (Celery) and calendar (Celery beat) run as children. In production
with separate services each of them runs by its own command; see ``docs/production.md``.
"""

import argparse
import errno
import http.client
import json
import os
import signal
import socket
import sys
import time
import unicodedata
import warnings
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, cast

from celery import current_app
from celery.exceptions import SecurityWarning
from celery.signals import worker_process_init
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command, get_commands
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from gunicorn.app.wsgiapp import run as run_gunicorn

from xingyang_pm.common.management.processes import Child, Launcher, OneAtATime, end_with_parent

_PROBE_PATH = "/healthz/live"
_START_SECONDS = 90
_COLOURS = {"web": "36", "worker": "33", "beat": "35"}
_TITLES = {"role": "角色", "username": "账号", "password": "口令", "office": "单位"}


def port_number(text: str) -> int:
    """Read a port for argparse; the message names the variable that changes it."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(
            f"端口 {text!r} 不对，应为 1 到 65535 的整数。请改 PORT，例如：PORT=8001 make run。"
        )
    return int(text)


def width(text: str) -> int:
    """Return the columns that ``text`` takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def table(rows: list[dict[str, str]], titles: dict[str, str]) -> list[str]:
    """Return ``rows`` as lines with aligned columns under ``titles`` (key → heading)."""
    columns = [
        (key, max([width(title), *(width(str(row.get(key, ""))) for row in rows)]))
        for key, title in titles.items()
    ]
    lines = [titles, *rows]
    return [
        "  ".join(
            str(line.get(key, "")) + " " * (size - width(str(line.get(key, ""))))
            for key, size in columns
        ).rstrip()
        for line in lines
    ]


class Command(BaseCommand):
    help = "启动整个平台：网页、后台任务、日程，按 Ctrl-C 一起停下。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST_ADDRESS") or "127.0.0.1")
        parser.add_argument(
            "--port",
            type=port_number,
            default=os.environ.get("PORT") or "8000",
            help="监听端口（环境变量 PORT）",
        )
        parser.add_argument(
            "--workers",
            type=int,
            choices=range(1, 17),
            default=None,
            metavar="N",
            help="网页进程数（环境变量 WEB_WORKERS，默认 2）",
        )
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="先更新数据库；数据库是新的就装入演示数据",
        )
        parser.add_argument(
            "--end-with-parent", action="store_true", help="启动它的程序一结束就跟着停下"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["end_with_parent"]:
            end_with_parent()
        host, port = options["host"], options["port"]
        # An interrupted child of a terminal shall not print a stack.
        cast(TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
        self._refuse_taken_port(host, port)
        if options["prepare"]:
            self._prepare()
        connections.close_all()
        self._run(host, port, options["workers"])

    # --- before the start ---------------------------------------------------------------

    def _refuse_taken_port(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen(1)
            except OSError as error:
                raise CommandError(_why_not(error, host, port)) from None

    def _prepare(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("正在更新数据库…")
            call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEMO_DATA or get_user_model()._default_manager.exists():
            return
        if "load_demo" not in get_commands():
            self.stdout.write("数据库是空的，这个版本没有演示数据可装。")
            return
        self.stdout.write("数据库是新的，正在装入演示数据，约需一两分钟…")
        call_command("load_demo")

    # --- running ------------------------------------------------------------------------

    def _run(self, host: str, port: int, workers: int | None) -> None:
        launcher = Launcher(self._say, self._log)
        launcher.catch_signals()
        # Two calendars on one queue would do everything twice. A second launcher on the same
        # data serves pages, and takes the background over when the first one ends.
        background = OneAtATime(settings.VAR_DIR / "serve.lock")
        try:
            web = self._web(host, port, workers)
            launcher.start(web)
            if not background.take():
                self._say(f"后台任务由进程 {background.holder()} 负责，这里只启动网页。")
            # Started one after the other: the page is there sooner, and that is what is waited for.
            if self._wait_for_page(launcher, web, host, port):
                self._say(f"平台已启动：http://{_for_people(host)}:{port}/")
                self._show_accounts()
            waiting = self._background()
            while not launcher.stopping:
                if waiting and background.take():
                    for child in waiting:
                        launcher.start(child)
                    waiting = []
                launcher.turn()
            self._say("正在停止…")
        except BrokenPipeError:
            # Nobody reads our output any more; the null device keeps the exit quiet.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        finally:
            launcher.stop()
        with suppress(BrokenPipeError):
            self._say("平台已停止。")

    def _web(self, host: str, port: int, workers: int | None) -> Child:
        address = f"[{host}]" if ":" in host else host
        environment = {"PORTAL_PROCESS": "web", "PORTAL_BIND": f"{address}:{port}"}
        if workers:
            environment["WEB_WORKERS"] = str(workers)
        config = str(settings.BASE_DIR / "deploy" / "gunicorn.py")

        def run() -> None:
            sys.argv = ["gunicorn", "--config", config, "xingyang_pm.wsgi:application"]
            run_gunicorn()

        return Child("web", run, environment)

    def _background(self) -> list[Child]:
        # The file broker has no fan-out, and one process on it is what SQLite writes best with.
        pool = (
            ["--pool", "prefork", "--concurrency", os.environ.get("WORKER_CONCURRENCY") or "2"]
            if settings.REDIS_URL
            else ["--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        )
        queues = ["--queues", settings.CELERY_TASK_DEFAULT_QUEUE]
        name = ["--hostname", f"portal-{os.getpid()}@%h"]
        worker = ["--quiet", "worker", *pool, *queues, *name, "--loglevel", "WARNING"]
        # No pid file: one left by a crash would keep the calendar from starting.
        beat = ["--quiet", "beat", "--pidfile", "", "--loglevel", "WARNING"]
        return [
            Child(
                "worker",
                lambda: _start_celery(worker),
                {"PORTAL_PROCESS": "worker"},
                # SIGQUIT drops the running job, which is taken up again by its heartbeat.
                hurry_signal=signal.SIGQUIT,
                # Celery may miss a softer one while its output leads nowhere. A job cut off so
                # is taken up again like one cut off by a power failure.
                orphan_signal=signal.SIGKILL,
                niceness=5,
            ),
            Child(
                "beat",
                lambda: _start_celery(beat),
                {"PORTAL_PROCESS": "beat"},
                niceness=5,
            ),
        ]

    def _wait_for_page(self, launcher: Launcher, web: Child, host: str, port: int) -> bool:
        """Return True once the portal answers; raise if its web process cannot start."""
        deadline = time.monotonic() + _START_SECONDS
        while not launcher.stopping:
            if _answers(host, port):
                return True
            if web.crashes:
                raise CommandError("网页进程没有启动成功，原因见上面的日志。")
            if time.monotonic() > deadline:
                raise CommandError(f"{_START_SECONDS} 秒内网页没有应答，原因见上面的日志。")
            launcher.turn(0.05)
        return False

    # --- what a person reads ------------------------------------------------------------

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)

    def _log(self, name: str, line: str) -> None:
        label = f"{name:6} |"
        if self.stdout.isatty():
            label = f"\x1b[{_COLOURS.get(name, '0')}m{label}\x1b[0m"
        self.stdout.write(f"{label} {line}")

    def _show_accounts(self) -> None:
        path: Path = settings.VAR_DIR / "demo-accounts.json"
        if not settings.DEMO_DATA or not path.exists():
            return
        self._say("")
        self._say("演示账号（口令为本机安装时生成，改过口令的以新口令为准）：")
        for line in table(json.loads(path.read_text(encoding="utf-8")), _TITLES):
            self._say("  " + line)
        self._say("")
        self._say("按 Ctrl-C 停止。")


def _end_with_worker(**kwargs: Any) -> None:
    end_with_parent(signal.SIGKILL)


def _start_celery(arguments: list[str]) -> None:
    worker_process_init.connect(_end_with_worker)
    # A trial on one's own machine as root is no danger that every start must warn of.
    warnings.simplefilter("ignore", SecurityWarning)
    current_app.start(argv=arguments)


def _for_people(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104  a comparison
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"端口 {port} 已被占用，平台没有启动。"
            f"请先停掉占用它的程序，或用 PORT 换一个端口，例如：PORT={port % 65535 + 1} make run。"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"没有权限使用端口 {port}。请用 PORT 换一个 1024 以上的端口，例如：PORT=8000 make run。"
        )
    return f"不能在 {host}:{port} 上启动：{error.strerror or error}。请检查 HOST_ADDRESS 和 PORT。"


def _answers(host: str, port: int) -> bool:
    name = next((name for name in settings.ALLOWED_HOSTS if not name.startswith(".")), "localhost")
    link = http.client.HTTPConnection(_for_people(host).strip("[]"), port, timeout=5)
    try:
        link.request("GET", _PROBE_PATH, headers={"Host": name})
        return link.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        link.close()
