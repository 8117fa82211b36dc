"""The only door through which a paper reads anything: no network, no file of the machine.

======== ======================================== ==============================================
scheme   what it reads                            rules
======== ======================================== ==============================================
app:     ``fonts/…``, ``css/print/…``             inside that folder, .ttf or .css
app:     ``images/…``                             inside the folder that the context allows
media:   a path below ``MEDIA_ROOT``              inside it, PNG or JPEG by its first bytes
data:    base64 PNG or JPEG                       200 kB, for seals and QR codes
======== ======================================== ==============================================

Everything else is refused and remembered. Pictures pass through ``images.for_paper``.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from weasyprint.urls import URLFetcher, URLFetcherResponse

from . import images

DATA_LIMIT = 200_000
_DATA = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")
_TEXT_TYPES = {".css": "text/css", ".ttf": "font/ttf"}


@dataclass(frozen=True)
class Places:
    """The folders a paper may read from, all absolute; ``images`` may be missing."""

    fonts: Path
    styles: Path
    media: Path
    images: Path | None = None


class Refused(ValueError):
    """The address may not be read. WeasyPrint then goes on without the resource."""


class PaperFetcher(URLFetcher):
    """Reads for one paper. ``refused`` holds the addresses that were asked for in vain."""

    def __init__(self, places: Places, *, image_limit: int) -> None:
        """``image_limit``: the largest picture file in bytes."""
        # No handler of the base class is ever reached: fetch() below answers everything.
        super().__init__(allowed_protocols=(), allow_redirects=False, timeout=1)
        self.places = places
        self.image_limit = image_limit
        self.refused: list[str] = []

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """Return what stands at ``url``; raise ``Refused`` (remembered) for all else."""
        try:
            body, mime = self._read(url)
        except (Refused, OSError) as error:
            self.refused.append(url[:200])
            raise Refused(f"{url[:200]}: {error}") from error
        return URLFetcherResponse(url, body, {"Content-Type": mime})

    def _read(self, url: str) -> tuple[bytes, str]:
        scheme, _, rest = url.partition(":")
        if scheme == "data":
            return self._data(url)
        path = unquote(urlsplit(rest).path).lstrip("/")
        if scheme == "app":
            return self._app(path)
        if scheme == "media":
            return self._media(url, path)
        raise Refused("scheme not allowed")

    def _app(self, path: str) -> tuple[bytes, str]:
        roots = {"fonts/": self.places.fonts, "css/print/": self.places.styles}
        for prefix, root in roots.items():
            if path.startswith(prefix):
                file = _inside(root, path.removeprefix(prefix))
                if file.suffix not in _TEXT_TYPES:
                    raise Refused("type not allowed")
                return file.read_bytes(), _TEXT_TYPES[file.suffix]
        if path.startswith("images/") and self.places.images is not None:
            return self._picture(_inside(self.places.images, path.removeprefix("images/")))
        raise Refused("folder not allowed")

    def _media(self, url: str, path: str) -> tuple[bytes, str]:
        try:
            return self._picture(_inside(self.places.media, path))
        except (Refused, OSError):
            self.refused.append(url[:200])
            return images.unreadable_mark(self.places.fonts), images.PNG

    def _picture(self, file: Path) -> tuple[bytes, str]:
        if file.stat().st_size > self.image_limit:
            raise Refused("picture too large")
        return _fit(file.read_bytes())

    @staticmethod
    def _data(url: str) -> tuple[bytes, str]:
        match = _DATA.fullmatch(url) if len(url) <= DATA_LIMIT else None
        if match is None:
            raise Refused("only small base64 PNG or JPEG")
        try:
            return _fit(base64.b64decode(match[1]))
        except binascii.Error as error:
            raise Refused("bad base64") from error


def _inside(root: Path, relative: str) -> Path:
    """Return the regular file ``relative`` of ``root``, links resolved; refuse to leave it."""
    if "\0" in relative:
        raise Refused("bad path")
    root = root.resolve()
    file = (root / relative).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise Refused("no such file in the allowed folder")
    return file


def _fit(data: bytes) -> tuple[bytes, str]:
    try:
        return images.for_paper(data)
    except images.UnreadableImage as error:
        raise Refused(str(error)) from error
