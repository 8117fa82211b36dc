"""WeasyPrint, held: one font configuration, no network, a time limit, the same bytes each time.

Importing this module loads Pango (0.5 s, 40 MB): only the rendering process does. It knows no
Django, so it also runs in a bare child process (``child``).
"""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType

from PIL import ImageFile
from weasyprint import HTML
from weasyprint.text import ffi
from weasyprint.text.fonts import FontConfiguration

from . import fonts, justify
from .fetcher import PaperFetcher, Places

logger = logging.getLogger(__name__)

HARFBUZZ_PACKAGE = "libharfbuzz-subset0"
ARCHIVE_VARIANT = "pdf/a-3b"
PHOTO_DPI = 150

# WeasyPrint makes Pillow accept cut-off pictures, for the whole process; the checks of
# uploads in this process must go on seeing them.
ImageFile.LOAD_TRUNCATED_IMAGES = False
justify.install()


class LibraryMissing(RuntimeError):
    """A system library is not installed; the sentence names the Debian package."""


class TooSlow(Exception):
    """The render took longer than its limit."""


class _Alarm(BaseException):
    """Raised out of the signal handler; no ``except Exception`` of a library may swallow it."""


@dataclass(frozen=True)
class Paper:
    """One document to lay out.

    ``created`` is an ISO 8601 date or date and time for the metadata, or None for none: the
    wall clock is never asked. ``archive`` asks for PDF/A-3b. ``time_limit`` is in seconds.
    """

    html: str
    title: str
    author: str
    created: str | None
    archive: bool
    places: Places
    scratch: Path
    image_limit: int
    time_limit: float


@dataclass(frozen=True)
class Printed:
    pdf: bytes
    pages: int
    refused: list[str] = field(default_factory=list)


def require_harfbuzz_subset() -> None:
    """Raise ``LibraryMissing`` where fonts would be cut by fontTools: 60 times slower."""
    if ffi.harfbuzz_subset is None:
        raise LibraryMissing(
            f"缺少系统库 libharfbuzz-subset，不能生成 PDF。请先安装 Debian 软件包"
            f" {HARFBUZZ_PACKAGE}：apt-get install {HARFBUZZ_PACKAGE}"
        )


@cache
def _font_configuration(font_folder: Path, scratch: Path) -> FontConfiguration:
    """Return the one configuration of this process.

    A new one for each paper would leak 2 MB a time and load the faces again.
    """
    with fonts.only_our_fonts(fonts.write_fontconfig(font_folder, scratch)):
        return FontConfiguration()


def print_paper(paper: Paper) -> Printed:
    """Lay out ``paper``. The same input gives the same bytes.

    Needs the main thread, since only there an alarm can stop the work. Raises ``TooSlow``,
    ``LibraryMissing``.
    """
    require_harfbuzz_subset()
    fetcher = PaperFetcher(paper.places, image_limit=paper.image_limit)
    with _alarm(paper.time_limit), _no_garbage_collection():
        html = HTML(string=paper.html, base_url=None, url_fetcher=fetcher)
        _drop_attachments(html)
        options = {
            "font_config": _font_configuration(paper.places.fonts, paper.scratch),
            "pdf_variant": ARCHIVE_VARIANT if paper.archive else None,
            "dpi": PHOTO_DPI,
        }
        document = html.render(**options)
        metadata = document.metadata
        metadata.title, metadata.authors = paper.title, [paper.author]
        metadata.created = metadata.modified = paper.created
        metadata.description = metadata.generator = None
        metadata.keywords, metadata.attachments = [], []
        del options["font_config"]
        pdf = document.write_pdf(**options)
    return Printed(pdf=pdf, pages=len(document.pages), refused=fetcher.refused)


def _drop_attachments(html: HTML) -> None:
    """No text can make a paper carry a file: links that would attach one lose their rel."""
    for element in html.etree_element.iter():
        if "attachment" in (element.get("rel") or "").lower():
            del element.attrib["rel"]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Boxes are made by the million and hold no cycles worth hunting: 28 % of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def can_alarm() -> bool:
    """Whether a signal can stop a render here (Unix, main thread)."""
    return os.name == "posix" and threading.current_thread() is threading.main_thread()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise ``TooSlow`` in the block after ``seconds``; keep an alarm set by others alive."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise _Alarm

    before = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    # Rings again each half second: Python drops an exception raised inside a C callback.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _Alarm:
        raise TooSlow(f"stopped after {seconds:g} s") from None
    finally:
        signal.signal(signal.SIGALRM, before)
        if left:
            passed = time.monotonic() - started
            signal.setitimer(signal.ITIMER_REAL, max(left - passed, 0.001), interval)
