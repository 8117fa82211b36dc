"""Lay out one paper in a process of its own: ``python -m xingyang_pm.common.pdf.child``.

For callers in a thread, where no alarm can stop a render. Standard input holds the paper as
JSON; standard output one line of JSON about the result, then the PDF.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from .engine import LibraryMissing, Paper, Printed, TooSlow, print_paper
from .fetcher import Places

_TOO_SLOW, _LIBRARY_MISSING = 3, 4
# The child stops itself at the limit; the parent kills it if even that fails.
_GRACE = 5.0
_PROJECT = Path(__file__).resolve().parents[3]


def print_in_child(paper: Paper) -> Printed:
    """Lay out ``paper`` in a child process. Raises ``TooSlow``, ``LibraryMissing``."""
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and module, no shell
            [sys.executable, "-m", __name__],
            input=json.dumps(asdict(paper), default=str).encode(),
            capture_output=True,
            cwd=_PROJECT,
            timeout=paper.time_limit + _GRACE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooSlow(f"killed after {paper.time_limit:g} s") from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == _TOO_SLOW:
        raise TooSlow(said)
    if done.returncode == _LIBRARY_MISSING:
        raise LibraryMissing(said)
    if done.returncode:
        raise RuntimeError(f"the PDF process ended with {done.returncode}: {said[-2000:]}")
    head, _, pdf = done.stdout.partition(b"\n")
    return Printed(pdf=pdf, **json.loads(head))


def main() -> int:
    task = json.load(sys.stdin)
    where = task.pop("places")
    places = Places(
        fonts=Path(where["fonts"]),
        styles=Path(where["styles"]),
        media=Path(where["media"]),
        images=Path(where["images"]) if where["images"] else None,
    )
    paper = Paper(places=places, scratch=Path(task.pop("scratch")), **task)
    try:
        printed = print_paper(paper)
    except TooSlow as error:
        sys.stderr.write(str(error))
        return _TOO_SLOW
    except LibraryMissing as error:
        sys.stderr.write(str(error))
        return _LIBRARY_MISSING
    head = {"pages": printed.pages, "refused": printed.refused}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + printed.pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
