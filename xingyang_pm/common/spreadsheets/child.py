"""Run a script over an uploaded file in a process with limits.

What parses foreign files may exhaust memory or abort (a Rust allocation failure cannot be
caught), so it never runs in the portal's own process. The child gets the file as standard
input, few environment variables, and limits on address space, processor time, file size and
wall time that it sets before it looks at the file.
"""

import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

logger = logging.getLogger(__name__)

_SCRIPTS = Path(__file__).parent / "children"
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")
_BOOT = (
    "import resource, runpy, sys\n"
    "for pair in sys.argv[2].split(','):\n"
    "    kind, limit = map(int, pair.split('='))\n"
    "    resource.setrlimit(kind, (limit, limit))\n"
    "runpy.run_path(sys.argv[1], run_name='__main__')\n"
)


@dataclass(frozen=True)
class Limits:
    """Bytes of address space and of output, seconds of processor and of wall time."""

    memory_bytes: int = 1024 * 2**20
    output_bytes: int = 512 * 2**20
    cpu_seconds: int = 60
    wall_seconds: int = 90

    def pairs(self) -> str:
        values = {
            resource.RLIMIT_AS: self.memory_bytes,
            resource.RLIMIT_FSIZE: self.output_bytes,
            resource.RLIMIT_CPU: self.cpu_seconds,
            resource.RLIMIT_CORE: 0,
        }
        return ",".join(f"{kind}={limit}" for kind, limit in values.items())


class ChildFailed(Exception):
    """The child ended otherwise than well. ``status`` is its exit code, negative for a signal,
    ``None`` when it ran out of wall time."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"child ended with {status}")
        self.status = status


@contextmanager
def run(
    script: str, source: bytes, parameters: dict[str, Any], limits: Limits | None = None
) -> Iterator[IO[bytes]]:
    """Run ``children/<script>.py`` over ``source`` and yield its output, opened for reading.

    The script finds the file on descriptor 0 and ``parameters`` as JSON on the descriptor
    whose number is its last argument; what it writes to descriptor 1 comes back. Raises
    :class:`ChildFailed`.
    """
    chosen = limits or Limits()
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as told,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as complaints,
    ):
        given.write(source)
        given.seek(0)
        told.write(json.dumps(parameters, ensure_ascii=False).encode())
        told.seek(0)
        command = [
            sys.executable,
            "-I",
            "-c",
            _BOOT,
            str(_SCRIPTS / f"{script}.py"),
            chosen.pairs(),
            str(told.fileno()),
        ]
        with subprocess.Popen(  # noqa: S603  our own interpreter and script
            command,
            stdin=given,
            stdout=output,
            stderr=complaints,
            pass_fds=[told.fileno()],
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        ) as process:
            try:
                status: int | None = process.wait(chosen.wall_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                status = None
        if status != 0:
            complaints.seek(0)
            said = complaints.read(2000).decode("utf-8", "replace")
            logger.warning("%s ended with %s: %s", script, status, said)
            raise ChildFailed(status)
        output.seek(0)
        yield output
