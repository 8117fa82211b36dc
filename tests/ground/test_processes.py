"""The keeper of child processes, tried with real ones."""

import os
import signal
import sys
import textwrap

import pytest

from tests.support.processes import alive, descendants, wait_until
from xingyang_pm.common.management.processes import OneAtATime

LAUNCHER = """
    import functools
    import sys
    from xingyang_pm.common.management.processes import Child, Launcher

    def log(name, line):
        print(f"{name} | {line}", flush=True)

    def say(sentence):
        print(sentence, flush=True)

    launcher = Launcher(say, log, grace_seconds=1, kill_seconds=1)
    launcher.catch_signals()
    try:
        for number, script in enumerate(sys.argv[1:]):
            launcher.start(Child(f"child{number}", functools.partial(exec, script, {})))
        while not launcher.stopping:
            launcher.turn()
    finally:
        launcher.stop()
    print("all stopped", flush=True)
"""
SLEEPER = "import os, time; print('up', os.getpid(), flush=True); time.sleep(600)"
STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', os.getpid(), flush=True); time.sleep(600)"
)
PARENT = (
    "import os, subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print('up', os.getpid(), child.pid, flush=True); time.sleep(600)"
)
CRASHER = "import sys; print('trying', flush=True); sys.exit(3)"


@pytest.fixture
def launch(start):
    def launching(*scripts):
        return start([sys.executable, "-c", textwrap.dedent(LAUNCHER), *scripts])

    return launching


def _pids(started, line="up"):
    return [
        int(word)
        for text in started.log.splitlines()
        if f"| {line} " in text
        for word in text.split(f"| {line} ")[1].split()
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all_children(launch, number):
    started = launch(SLEEPER, SLEEPER)
    wait_until(lambda: len(_pids(started)) == 2, what="both children")
    assert started.end(number, seconds=10) == 0
    assert "all stopped" in started.log
    assert not [pid for pid in _pids(started) if alive(pid)]


def test_a_killed_launcher_leaves_no_orphan(launch):
    started = launch(SLEEPER, SLEEPER)
    wait_until(lambda: len(_pids(started)) == 2, what="both children")
    children = descendants(started.pid)
    assert set(_pids(started)) <= children
    os.kill(started.pid, signal.SIGKILL)
    wait_until(lambda: not [pid for pid in children if alive(pid)], what="the children's end")


def test_a_child_that_does_not_listen_is_killed(launch):
    started = launch(STUBBORN)
    wait_until(lambda: _pids(started), what="the child")
    assert started.end(seconds=20) == 0
    assert not alive(_pids(started)[0])


def test_what_a_child_started_goes_with_it(launch):
    started = launch(PARENT)
    wait_until(lambda: len(_pids(started)) == 2, what="the child and its child")
    started.end(seconds=20)
    wait_until(
        lambda: not [pid for pid in _pids(started) if alive(pid)], what="the grandchild's end"
    )


def test_a_crashed_child_is_started_again_ever_more_slowly(launch):
    started = launch(CRASHER)
    started.wait_for("child0 进程退出（代码 3），1 秒后重新启动。")
    started.wait_for("child0 进程退出（代码 3），2 秒后重新启动。")
    started.wait_for("child0 进程退出（代码 3），4 秒后重新启动。")
    assert started.log.count("| trying") == 3
    assert started.end() == 0


def test_a_last_line_without_its_end_is_passed_on(launch):
    started = launch("import sys; sys.stdout.write('half a line'); sys.stdout.flush()")
    started.wait_for("child0 | half a line")


def test_the_lock_has_one_holder_and_is_free_after_a_crash(start, tmp_path):
    path = tmp_path / "portal.lock"
    holder = start(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom pathlib import Path\n"
            "from xingyang_pm.common.management.processes import OneAtATime\n"
            "lock = OneAtATime(Path(sys.argv[1]))\n"
            "print('taken', lock.take(), flush=True)\ntime.sleep(600)",
            str(path),
        ]
    )
    holder.wait_for("taken True")
    mine = OneAtATime(path)
    assert not mine.take()
    assert mine.holder() == str(holder.pid)
    os.kill(holder.pid, signal.SIGKILL)
    wait_until(mine.take, seconds=5, what="the lock of a killed process")
