"""The renderer: the same bytes each time, its own fonts, its limits, its refusals."""

import datetime as dt
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal
from pypdf import PdfReader
from weasyprint.text import ffi

from tests.common import pdf_papers as papers
from tests.common import pdf_reading as reading
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.pdf import checks, engine, fonts, render

SHORT = {"kind": "p", "text": papers.P3}


@pytest.fixture
def short() -> dict[str, Any]:
    return papers.bulletin(blocks=[SHORT])


@pytest.fixture(scope="module", autouse=True)
def photos() -> None:
    papers.store_photos(Path(portal.MEDIA_ROOT))


def printed(context: dict[str, Any], **options: Any) -> bytes:
    return render.render_pdf("print/bulletin.html", context, title="简报", **options)


def in_a_thread(context: dict[str, Any]) -> bytes:
    """Print outside the main thread, where the renderer takes a child process."""
    results: list[bytes] = []
    thread = threading.Thread(target=lambda: results.append(printed(context)))
    thread.start()
    thread.join()
    return results[0]


def test_the_same_paper_has_the_same_bytes_later_and_in_another_process() -> None:
    context = papers.bulletin(
        blocks=[SHORT, papers.score_table(8), papers.bulletin()["blocks"][-2]]
    )
    with clock.freeze(dt.date(2026, 11, 18)):
        first = printed(context)
    printed(papers.bulletin(blocks=[SHORT], title="别的"))
    with clock.freeze(dt.date(2027, 1, 1)):
        second = printed(context)
    assert first == second
    assert in_a_thread(context) == first
    assert "整改后" in reading.whole_text(first)


def test_the_dates_of_the_metadata_come_from_the_paper(short: dict[str, Any]) -> None:
    signed = dt.datetime(2026, 11, 18, 9, 30, tzinfo=clock.SHANGHAI)
    assert reading.marks(printed({**short, "document_date": signed})).created == (
        "D:20261118093000+08'00"
    )
    by_date = {key: value for key, value in short.items() if key != "document_date"}
    assert reading.marks(printed(by_date)).created == "D:20261118"
    assert reading.marks(printed({**by_date, "date": None})).created is None


def test_title_and_author_are_marked_whatever_they_hold(short: dict[str, Any]) -> None:
    title = "</title><script>alert(1)</script>&"
    pdf = render.render_pdf("print/bulletin.html", short, title=title, author="某某“中心”")
    marks = reading.marks(pdf)
    assert (marks.title, marks.author) == (title, "某某“中心”")
    assert reading.marks(printed(short)).author == portal.OFFICE_NAME


def test_an_archive_copy_is_marked_as_pdf_a_and_another_is_not(short: dict[str, Any]) -> None:
    archive, plain = reading.marks(printed(short)), reading.marks(printed(short, archive=False))
    assert (archive.part, archive.conformance, archive.intents) == ("3", "B", ["/GTS_PDFA1"])
    assert archive.has_id
    assert plain.part is None
    assert plain.intents == []


def test_text_of_users_is_text(short: dict[str, Any]) -> None:
    evil = "<img src=file:///etc/passwd><link rel=attachment href=app:fonts/GovLatin.ttf>"
    pdf = printed({**short, "title": evil, "blocks": [{"kind": "p", "text": evil}]})
    assert not reading.marks(pdf).attachments
    assert "<imgsrc=file:///etc/passwd>" in reading.whole_text(pdf)


def test_a_character_without_a_glyph_prints_as_a_mark(
    short: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    pdf = printed({**short, "blocks": [{"kind": "p", "text": "业主王𪚥反映"}]})
    assert "业主王〓反映" in reading.whole_text(pdf)
    assert "字库缺字：𪚥" in caplog.text


def test_a_quotation_does_not_end_the_line_before_it_early(short: dict[str, Any]) -> None:
    page = PdfReader(BytesIO(printed(short))).pages[0].extract_text()
    assert re.search(r"目标责任书，\n\s*“四公开一监督”公示", page.replace(" ", ""))


# --- Limits -----------------------------------------------------------------------------


def test_a_table_over_the_limit_of_cells_is_sent_to_excel(short: dict[str, Any]) -> None:
    table = {
        "kind": "table",
        "columns": [{"label": str(n)} for n in range(10)],
        "rows": [[""] * 10] * 1500,
    }
    started = time.monotonic()
    with pytest.raises(BusinessError, match=r"表格过大（15,010 格.*请改用 Excel 导出") as refusal:
        printed({**short, "blocks": [table]})
    assert refusal.value.code == "pdf_too_large"
    assert time.monotonic() - started < 3


def test_a_render_that_takes_too_long_is_stopped(short: dict[str, Any], settings: Any) -> None:
    settings.PDF_TIME_LIMIT_SECONDS = 0.3
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    signal.setitimer(signal.ITIMER_REAL, 30)
    try:
        with pytest.raises(BusinessError, match=r"超过 0\.3 秒") as refusal:
            printed({**short, "blocks": [papers.score_table(600)]})
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert refusal.value.code == "pdf_too_slow"
        assert 0 < left < 30
        assert rung == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_nothing_is_rendered_in_a_web_process(
    short: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_PROCESS", "web")
    with pytest.raises(RuntimeError, match="web process"):
        printed(short)
    assert "工作简报" in render.render_html("print/bulletin.html", short)


def test_importing_the_renderer_loads_no_pango() -> None:
    program = (
        "import sys, xingyang_pm.common.pdf.render;"
        "sys.exit(any(name.startswith('weasyprint') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=portal.BASE_DIR).returncode == 0


# --- Fonts and libraries ----------------------------------------------------------------


def test_fonts_of_the_machine_are_neither_used_nor_hidden_from_others(
    short: dict[str, Any],
) -> None:
    before = os.environ.get("FONTCONFIG_FILE")
    assert set(reading.fonts(printed(short))) <= set(fonts.FACES)
    assert os.environ.get("FONTCONFIG_FILE") == before


def test_without_the_subsetting_library_no_paper_is_printed(
    short: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffi, "harfbuzz_subset", None)
    with pytest.raises(engine.LibraryMissing, match="apt-get install libharfbuzz-subset0"):
        printed(short)


def test_the_check_names_the_missing_library(settings: Any) -> None:
    assert checks.harfbuzz_subset(None) == []
    missing = checks.harfbuzz_subset(None, names=("libnosuch-subset.so.0",))
    assert [message.id for message in missing] == ["portal.W010"]
    assert "libharfbuzz-subset0" in missing[0].hint
    settings.PRODUCTION = True
    missing = checks.harfbuzz_subset(None, names=("libnosuch-subset.so.0",))
    assert [message.id for message in missing] == ["portal.E010"]


def test_the_check_sees_a_damaged_or_missing_face(tmp_path: Path, settings: Any) -> None:
    assert checks.font_files(None) == []
    for name in ("SHA256SUMS", "GovLatin.ttf", "GovFangFb.ttf"):
        shutil.copy(Path(portal.FONT_DIR) / name, tmp_path / name)
    with (tmp_path / "GovFangFb.ttf").open("ab") as face:
        face.write(b"x")
    settings.FONT_DIR = tmp_path
    named = [message.msg.rpartition("：")[2] for message in checks.font_files(None)]
    assert "GovFangFb.ttf" in named
    assert "GovHei.ttf" in named
    assert "GovLatin.ttf" not in named


def test_the_configuration_is_renewed_when_its_rules_change(tmp_path: Path) -> None:
    first = fonts.write_fontconfig(Path(portal.FONT_DIR), tmp_path)
    assert fonts.write_fontconfig(Path(portal.FONT_DIR), tmp_path) == first
    assert fonts.write_fontconfig(tmp_path, tmp_path) != first
