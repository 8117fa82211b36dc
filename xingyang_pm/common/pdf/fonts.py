"""The committed faces, and a fontconfig that knows nothing else.

With the system's fontconfig WeasyPrint falls back to any font of the machine, so the same
paper would differ from host to host.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

FACES = ("GovFang", "GovFangFb", "GovHei", "GovKai", "GovLatin", "GovSong", "GovSongR")
# Beside these, digits and Latin letters come from GovLatin, the next family of each stack; the
# two bold faces keep their own, which have their weight. Taking ASCII from the charset does
# it, while “ ” and — stay full width: what ``unicode-range`` does in the browser's fonts.css.
_WITHOUT_LATIN = ("GovFang", "GovFangFb", "GovKai", "GovSongR")
_LATIN_RANGE = ("0x20", "0x9f")


def font_path(folder: Path, face: str) -> Path:
    return folder / f"{face}.ttf"


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damaged_faces(folder: Path) -> list[str]:
    """Return the file names of ``folder`` that are missing or differ from ``SHA256SUMS``.

    Reads 22 MB the first time (about 0.1 s).
    """
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return [sums.name]
    wanted = {}
    for line in sums.read_text().splitlines():
        digest, name = line.split()
        wanted[name] = digest
    bad = []
    for face in FACES:
        path = font_path(folder, face)
        if path.is_file():
            stat = path.stat()
            if _digest(path, stat.st_size, stat.st_mtime_ns) == wanted.get(path.name):
                continue
        bad.append(path.name)
    return bad


def write_fontconfig(font_folder: Path, scratch: Path) -> Path:
    """Write the configuration that knows only ``font_folder``; return its path.

    ``scratch`` must be writable; it also holds fontconfig's cache. The rules act when fonts
    are scanned, so the cache is named after them.
    """
    rules = "".join(
        f'<match target="scan"><test name="family"><string>{face}</string></test>'
        '<edit name="charset" mode="assign"><minus><name>charset</name><charset><range>'
        f"<int>{_LATIN_RANGE[0]}</int><int>{_LATIN_RANGE[1]}</int>"
        "</range></charset></minus></edit></match>"
        for face in _WITHOUT_LATIN
    )
    body = f"<dir>{escape(str(font_folder.resolve()))}</dir>{rules}"
    version = hashlib.sha256(body.encode()).hexdigest()[:12]
    cache_folder = scratch.resolve() / f"cache-{version}"
    cache_folder.mkdir(parents=True, exist_ok=True)
    path = scratch.resolve() / f"fonts-{version}.conf"
    if not path.exists():
        # Two processes may start at once: each writes its own file, the last rename wins.
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(
            '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
            f"<fontconfig>{body}<cachedir>{escape(str(cache_folder))}</cachedir></fontconfig>",
            encoding="utf-8",
        )
        draft.replace(path)
    return path


@contextmanager
def only_our_fonts(configuration: Path) -> Iterator[None]:
    """Point fontconfig at ``configuration`` inside the block.

    The variable is put back afterwards: a browser or another child that this process starts
    later must see the machine's fonts.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(configuration)
    try:
        yield
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before
