"""Keeps a few child processes running and ends them together. Linux and macOS, one thread.

One thread on purpose: a child's wish to die with its parent is tied to the *thread* that
made it, and a fork from a process with threads may hang.
"""

import contextlib
import ctypes
import fcntl
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO, NoReturn, cast

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_LONGEST_LINE = 64 * 1024
_BACK_OFF_SECONDS = (1, 2, 4, 8, 15, 30)
# A child that ran this long has recovered; its next crash starts the back-off anew.
_HEALTHY_SECONDS = 60
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_with_parent(with_signal: int = signal.SIGTERM) -> None:
    """Ask the kernel to send ``with_signal`` to this process when its parent dies."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, with_signal, 0, 0, 0)


@dataclass(eq=False)
class Child:
    """One process to keep running: a fork of this one that calls ``run``.

    A fork has all modules at hand; a fresh interpreter would load them for two seconds, each
    child for itself. No database connection may be open when it starts.

    ``stop_signal`` asks it to finish its work, ``hurry_signal`` to drop it. ``orphan_signal`` is
    what the kernel sends it when the launcher is killed: nobody asks a second time then.
    """

    name: str
    run: Callable[[], object]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    hurry_signal: int = signal.SIGTERM
    orphan_signal: int = signal.SIGTERM
    niceness: int = 0
    pid: int = field(default=0, init=False)
    output: int = field(default=-1, init=False)
    exit_code: int | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float | None = field(default=None, init=False)
    crashes: int = field(default=0, init=False)
    silent: bool = field(default=False, init=False)
    _rest: bytes = field(default=b"", init=False)

    @property
    def running(self) -> bool:
        if self.pid and self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return bool(self.pid) and self.exit_code is None

    def start(self) -> None:
        launcher = os.getpid()
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._become_child(launcher, reading, writing)
        os.close(writing)
        os.set_blocking(reading, False)
        self.output = reading
        self.exit_code = None
        self.started_at = time.monotonic()
        self.start_again_at = None
        self.silent = False

    def _become_child(self, launcher: int, reading: int, writing: int) -> NoReturn:
        code = 1
        try:
            # A session of its own: Ctrl-C reaches the launcher alone, which stops in order.
            os.setsid()
            for number in _STOP_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            end_with_parent(self.orphan_signal)
            if os.getppid() != launcher:  # it died before the kernel was asked
                os._exit(0)
            if _LIBC is not None:
                _LIBC.prctl(_PR_SET_NAME, f"portal-{self.name}".encode(), 0, 0, 0)
            os.nice(self.niceness)
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.close(writing)
            cast(TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
            os.environ.update(self.environment)
            self.run()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else bool(leaving.code)
            if isinstance(leaving.code, str):
                sys.stderr.write(leaving.code + "\n")
        except BaseException:  # noqa: BLE001  whatever it was, the launcher's log must hold it
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            # Never back into the launcher's own code, which this process is a copy of.
            os._exit(code)

    def signal(self, number: int, *, group: bool = False) -> None:
        if not self.pid:
            return
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def read_lines(self) -> Iterator[str]:
        """Yield the complete lines that are waiting; the last, incomplete one at the end.

        Sets ``silent`` once the pipe is closed at its other end.
        """
        while not self.silent:
            try:
                chunk = os.read(self.output, 65536)
            except BlockingIOError:
                return
            if not chunk:
                self.silent = True
                if self._rest:
                    yield self._rest.decode(errors="replace")
                    self._rest = b""
                return
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > _LONGEST_LINE:
                lines.append(self._rest)
                self._rest = b""
            for line in lines:
                yield line.decode(errors="replace").rstrip("\r")


class OneAtATime:
    """A lock that the kernel releases when its holder ends, however it ends.

    A record lock, since it belongs to the process: forks do not hold it on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Try to take the lock; True if this process now holds it."""
        if self._file is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return True

    def holder(self) -> str:
        """Return the process id that the holder wrote down, for a message."""
        try:
            return self.path.read_text().strip()
        except FileNotFoundError:
            return ""


class Launcher:
    """Runs children until told to stop. ``say`` prints a sentence, ``log`` a child's line."""

    def __init__(
        self,
        say: Callable[[str], None],
        log: Callable[[str, str], None],
        *,
        grace_seconds: float = 10,
        kill_seconds: float = 10,
    ) -> None:
        self.say = say
        self.log = log
        self.grace_seconds = grace_seconds
        self.kill_seconds = kill_seconds
        self.children: list[Child] = []
        self.stopping = False
        self._selector = selectors.DefaultSelector()
        self._signals = 0

    def catch_signals(self) -> None:
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1
        self.stopping = True

    def start(self, child: Child) -> None:
        if child not in self.children:
            self.children.append(child)
        child.start()
        self._selector.register(child.output, selectors.EVENT_READ, child)

    def turn(self, seconds: float = 0.25) -> None:
        """Pass on output for up to ``seconds`` and start again what has crashed."""
        self._pass_on_output(seconds)
        if self.stopping:
            return
        for child in self.children:
            if child.start_again_at is not None:
                if time.monotonic() >= child.start_again_at:
                    self.start(child)
            elif not child.running:
                self._plan_restart(child)

    def _pass_on_output(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            self._drain(key.data)
            if key.data.silent:
                self._selector.unregister(key.data.output)

    def _drain(self, child: Child) -> None:
        for line in child.read_lines():
            self.log(child.name, line)

    def _forget(self, child: Child) -> None:
        """Reap an ended child: its last lines, its pipe, and what it may have left behind."""
        child.signal(signal.SIGKILL, group=True)
        self._drain(child)
        with contextlib.suppress(KeyError):
            self._selector.unregister(child.output)
        os.close(child.output)
        child.output = -1

    def _plan_restart(self, child: Child) -> None:
        self._forget(child)
        if time.monotonic() - child.started_at > _HEALTHY_SECONDS:
            child.crashes = 0
        wait = _BACK_OFF_SECONDS[min(child.crashes, len(_BACK_OFF_SECONDS) - 1)]
        child.crashes += 1
        child.start_again_at = time.monotonic() + wait
        self.say(f"{child.name} 进程退出（代码 {child.exit_code}），{wait} 秒后重新启动。")

    def stop(self) -> None:
        """End all children: ask, hurry after the grace, kill at last; a second signal hurries."""
        self.stopping = True
        seen = self._signals
        for child in self.children:
            if child.running:
                child.signal(child.stop_signal)
        hurried = False
        asked_at = time.monotonic()
        while any(child.running for child in self.children):
            self._pass_on_output(0.1)
            waited = time.monotonic() - asked_at
            if not hurried and (waited > self.grace_seconds or self._signals > seen + 1):
                hurried = True
                for child in self.children:
                    if child.running:
                        child.signal(child.hurry_signal)
            if waited > self.grace_seconds + self.kill_seconds:
                break
        for child in self.children:
            if child.output >= 0:
                child.signal(signal.SIGKILL, group=True)
                while child.running:
                    time.sleep(0.01)
                self._forget(child)
