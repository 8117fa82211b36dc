"""Real processes of the portal, started by tests and stopped with them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.database import database_environment
from tests.support.environment import PROJECT, VAR
from xingyang_pm.common.management.processes import end_with_parent


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(
    true: Callable[[], object], *, seconds: float = 30, what: str = "the condition"
) -> None:
    """Poll ``true`` until it holds; fail the test, saying ``what``, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Tell whether the process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def descendants(pid: int, depth: int = 9) -> set[int]:
    """Return the ids of the processes below ``pid``, at most ``depth`` generations."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    layer = {pid}
    while layer and depth:
        depth -= 1
        layer = {child for child, parent in parents.items() if parent in layer} - found
        found |= layer
    return found


@dataclass
class Started:
    """A process with its log."""

    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_for(self, text: str, *, seconds: float = 30) -> None:
        """Wait until the log holds ``text``; fail with the log when the process ends before."""
        deadline = time.monotonic() + seconds
        while text not in self.log:
            if self.process.poll() is not None and text not in self.log:
                pytest.fail(f"ended with {self.process.returncode} before {text!r}:\n{self.log}")
            if time.monotonic() > deadline:
                pytest.fail(f"no {text!r} within {seconds:.0f} s:\n{self.log}")
            time.sleep(0.05)

    def end(self, with_signal: int = signal.SIGTERM, *, seconds: float = 30) -> int:
        """Send the signal, wait and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"still there {seconds:.0f} s after signal {with_signal}:\n{self.log}")

    def kill(self) -> None:
        """Kill the process and everything below it."""
        for pid in {self.pid} | descendants(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)


Start = Callable[..., Started]


def start_process(
    command: list[str], log_path: Path, environment: dict[str, str] | None = None
) -> Started:
    """Start ``command`` in the project's folder with its output in ``log_path``."""
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A test run that is cut off leaves nothing behind.
            preexec_fn=end_with_parent,
        )
    return Started(process, log_path)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes that end with the test, whatever happens in it."""
    started: list[Started] = []

    def begin(command: list[str], environment: dict[str, str] | None = None) -> Started:
        one = start_process(command, tmp_path / f"process-{len(started)}.log", environment)
        started.append(one)
        return one

    yield begin
    for one in started:
        one.kill()


def worker_command() -> list[str]:
    """Return the command of a worker as the portal starts it without Redis (one process)."""
    return [
        sys.executable, "-m", "celery", "-A", "xingyang_pm", "worker", "--pool", "solo",
        "--queues", settings.CELERY_TASK_DEFAULT_QUEUE, "--loglevel", "INFO",
        "--hostname", f"test-{os.getpid()}@%h", "--without-gossip", "--without-mingle",
    ]  # fmt: skip


class _WorkerOfThisRun:
    """One worker for all tests of a pytest process; a start takes seconds."""

    started: Started | None = None

    def running(self) -> Started:
        if self.started is None or self.started.process.poll() is not None:
            self.started = start_process(
                worker_command(),
                VAR / "celery-worker.log",
                {**database_environment(), "PORTAL_PROCESS": "worker"},
            )
            self.started.wait_for(" ready.", seconds=60)
        return self.started

    def stop(self) -> None:
        if self.started is not None:
            self.started.kill()


@pytest.fixture(scope="session")
def _worker_of_this_run() -> Iterator[_WorkerOfThisRun]:
    worker = _WorkerOfThisRun()
    yield worker
    worker.stop()


@pytest.fixture
def celery_worker(transactional_db: None, _worker_of_this_run: _WorkerOfThisRun) -> Started:
    """A real Celery worker on this run's database and broker (Redis, or the file broker).

    What the test writes must be committed, so the test runs without a wrapping transaction.
    """
    return _worker_of_this_run.running()
