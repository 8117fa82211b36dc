"""A paper reads its own fonts, styles and photos, and nothing else, whatever its text says."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image
from weasyprint.urls import URLFetchingError

from tests.common import pdf_papers as papers
from tests.common import pdf_reading as reading
from xingyang_pm.common.pdf import engine
from xingyang_pm.common.pdf.fetcher import PaperFetcher, Places, Refused

DOT = base64.b64encode(papers.picture((8, 8), "PNG")).decode()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    media, images = tmp_path / "media", tmp_path / "images"
    papers.store_photos(media)
    images.mkdir()
    (images / "seal.png").write_bytes(papers.picture((40, 40), "PNG"))
    (tmp_path / "secret.png").write_bytes(papers.picture((40, 40), "PNG"))
    (tmp_path / "secret.txt").write_text("TOPSECRET")
    (media / "out.jpg").symlink_to(tmp_path / "secret.png")
    (media / "note.jpg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return Places(
        fonts=Path(settings.FONT_DIR),
        styles=Path(settings.BASE_DIR) / "static" / "css" / "print",
        media=media,
        images=images,
    )


@pytest.fixture
def fetcher(places: Places) -> PaperFetcher:
    return PaperFetcher(places, image_limit=300_000)


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, *args: object) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http.server_port, hits
    http.shutdown()
    http.server_close()


EVIL = """<!doctype html><html lang="zh-CN"><head>
<base href="http://127.0.0.1:{port}/base/">
<link rel="stylesheet" href="http://127.0.0.1:{port}/css">
<link rel="stylesheet" href="relative.css">
<link rel="attachment" href="file://{folder}/secret.txt">
<link rel="ATTACHMENT" href="http://127.0.0.1:{port}/attachment">
<link rel="attachment" href="app:fonts/GovLatin.ttf">
<meta http-equiv="refresh" content="0;url=http://127.0.0.1:{port}/refresh">
<style>
@import url(http://127.0.0.1:{port}/import);
@font-face {{ font-family: x; src: url(http://127.0.0.1:{port}/font); }}
@font-face {{ font-family: y; src: local("DejaVu Sans"), url(file:///usr/share/fonts/x.ttf); }}
@font-face {{ font-family: z; src: url(app:fonts/../../settings/base.py); }}
@page {{ background: url(http://127.0.0.1:{port}/page);
  @top-left {{ content: url(file:///etc/passwd); }} }}
body {{ font-family: x, y, z; background: url(http://127.0.0.1:{port}/bg); }}
li {{ list-style-image: url(//127.0.0.1:{port}/li); }}
p::before {{ content: url(file:///etc/passwd); }}
</style></head><body><p>测试</p><ul><li>条</li></ul>
<img src="http://127.0.0.1:{port}/img"><img src="//127.0.0.1:{port}/scheme"><img src="relative.png">
<img src="HTTP://127.0.0.1:{port}/upper"><img src="file:///etc/hostname"><img src="ftp://127.0.0.1/x">
<img src="media:../secret.png"><img src="media:%2e%2e/secret.png"><img src="media:out.jpg">
<img src="media:{folder}/secret.png"><img src="app:images/../secret.png"><img src="app:/etc/passwd">
<a rel="attachment" href="file:///etc/passwd">甲</a>
<a rel="attachment" href="app:fonts/GovLatin.ttf">乙</a>
<svg width="9" height="9"><image href="http://127.0.0.1:{port}/svg" width="9" height="9"/>
<use href="http://127.0.0.1:{port}/use#a"/></svg>
<object data="http://127.0.0.1:{port}/object"></object><embed src="http://127.0.0.1:{port}/embed">
<iframe src="http://127.0.0.1:{port}/iframe"></iframe><script src="http://127.0.0.1:{port}/js"></script>
<img src="data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=">
<img src="data:text/html,hello"><img src="data:image/png;base64,{dot}">
</body></html>"""


def lay_out(html: str, places: Places) -> engine.Printed:
    return engine.print_paper(
        engine.Paper(
            html=html,
            title="恶意",
            author="无",
            created=None,
            archive=True,
            places=places,
            scratch=Path(settings.VAR_DIR) / "fontconfig",
            image_limit=300_000,
            time_limit=20,
        )
    )


def test_an_evil_paper_reaches_nothing(
    places: Places, server: tuple[int, list[str]], tmp_path: Path
) -> None:
    port, hits = server
    printed = lay_out(EVIL.format(port=port, folder=tmp_path, dot=DOT), places)
    assert hits == []
    marks = reading.marks(printed.pdf)
    assert not marks.attachments
    assert not marks.scripts
    assert b"TOPSECRET" not in printed.pdf
    assert "测试" in reading.whole_text(printed.pdf)
    assert all(name.startswith("Gov") for name in reading.fonts(printed.pdf))
    refused = " ".join(printed.refused)
    for asked in ("/css", "/import", "/font", "/img", "/svg", "file:///etc/passwd", "ftp:"):
        assert asked in refused
    assert "data:image/png" not in refused


def test_an_attached_colour_profile_stops_the_paper(
    places: Places, server: tuple[int, list[str]]
) -> None:
    port, hits = server
    style = f"<style>@color-profile --p {{ src: url(http://127.0.0.1:{port}/p); }}</style>"
    with pytest.raises(URLFetchingError):
        lay_out(f"<!doctype html>{style}<p>测试</p>", places)
    assert hits == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "https://example.invalid/x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "jar:x",
        "app:settings/base.py",
        "app:fonts/README.md",
        "app:fonts/../../manage.py",
        "app:fonts/%2e%2e/%2e%2e/manage.py",
        "app:css/print/../../fonts/GovLatin.ttf",
        "app:images/../secret.png",
        "app:images/seal.png%00.ttf",
        "app:fonts",
        "data:text/html,x",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "data:image/png;base64,AAAA",
        "data:image/png;base64,AAAAA",
        "data:image/png;base64," + DOT + "A" * 200_000,
        "relative.png",
        "",
    ],
)
def test_every_other_address_is_refused_and_remembered(fetcher: PaperFetcher, url: str) -> None:
    with pytest.raises(Refused):
        fetcher.fetch(url)
    assert fetcher.refused == [url[:200]]


@pytest.mark.parametrize(
    ("url", "mime"),
    [
        ("app:fonts/GovLatin.ttf", "font/ttf"),
        ("app:css/print/official.css", "text/css"),
        ("app:images/seal.png", "image/png"),
        ("media:photos/before.jpg", "image/jpeg"),
        ("media:photos/board.png", "image/png"),
        ("data:image/png;base64," + DOT, "image/png"),
    ],
)
def test_what_a_paper_needs_is_read(fetcher: PaperFetcher, url: str, mime: str) -> None:
    response = fetcher.fetch(url)
    assert response.content_type == mime
    assert len(response.read()) > 60
    assert fetcher.refused == []


def test_the_folder_of_pictures_is_closed_unless_the_context_opens_it(places: Places) -> None:
    closed = Places(fonts=places.fonts, styles=places.styles, media=places.media)
    with pytest.raises(Refused):
        PaperFetcher(closed, image_limit=300_000).fetch("app:images/seal.png")


@pytest.mark.parametrize(
    "url",
    ["media:photos/none.jpg", "media:note.jpg", "media:out.jpg", "media:../secret.png", "media:"],
)
def test_an_unreadable_photo_leaves_a_mark_that_is_seen(fetcher: PaperFetcher, url: str) -> None:
    response = fetcher.fetch(url)
    with Image.open(response) as picture:
        assert picture.size == (800, 600)
        assert picture.getpixel((20, 20)) == 0xEE
    assert fetcher.refused == [url]


def test_a_photo_over_the_size_limit_is_not_read(places: Places) -> None:
    fetcher = PaperFetcher(places, image_limit=1000)
    fetcher.fetch("media:photos/before.jpg")
    assert fetcher.refused == ["media:photos/before.jpg"]
