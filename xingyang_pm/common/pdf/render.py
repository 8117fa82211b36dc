"""From a template of ``templates/print/`` and plain data to HTML or PDF.

The same template serves both: ``render_html`` links style sheets and photos by their URLs for
a browser, ``render_pdf`` by the addresses that the renderer's fetcher knows.
"""

import datetime as dt
import importlib
import logging
import os
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from xingyang_pm.common.errors import BusinessError

from . import glyphs
from .layout import prepared

logger = logging.getLogger(__name__)

CELL_LIMIT = 15_000
# Pango's line breaking (Unicode before 16) glues “ and ” to both neighbours, so that a line ends
# far too early before a quotation, and lets a line end between a number and its ㎡. A zero-width
# space allows a break, a word joiner forbids it; neither prints anything.
_BREAK, _JOIN = "\u200b", "\u2060"
_BEFORE_QUOTE = re.compile(r"(?<=[\u3001-\u9fff，；：！？])(?<![〈《「『（【〔])(?=[“‘])")
_AFTER_QUOTE = re.compile(r"(?<=[”’])(?=[\u4e00-\u9fff〈《「『（【〔“‘])")
_BEFORE_UNIT = re.compile(r"(?<=[0-9])(?=[㎡㎥㎜㎝㎞℃％‰])")
_CELL = re.compile(r"<t[dh][\s>/]", re.IGNORECASE)


def render_html(template_name: str, context: dict[str, Any]) -> str:
    """Return the paper as a whole HTML page for a preview (own frame, strict CSP)."""
    return render_to_string(template_name, prepared(context, paper=False))


def render_pdf(
    template_name: str,
    context: dict[str, Any],
    *,
    title: str,
    author: str | None = None,
    archive: bool = True,
) -> bytes:
    """Return the paper as PDF; with ``archive`` as PDF/A-3b. The same input gives the same bytes.

    ``author`` is the issuing organ, ``settings.OFFICE_NAME`` if not given. Two keys of
    ``context`` are read here: ``document_date`` (date or aware datetime; else ``date``) becomes
    the date of creation in the metadata, without it there is none; ``image_folder`` is the
    folder that ``app:images/…`` may read.

    About 0.6 s for the first paper of a process, then 0.1 s a page and 0.75 ms a table cell.
    Raises ``BusinessError`` if the tables are too large or the time limit
    (``settings.PDF_TIME_LIMIT_SECONDS``, 60) is reached; ``RuntimeError`` in a web process.
    """
    refuse_in_web_process()
    page = render_to_string(template_name, prepared(context, paper=True))
    _refuse_too_many_cells(page)
    html, missing = glyphs.without_missing(_with_line_breaks(page))
    if missing:
        logger.warning("字库缺字：%s（%s）", "、".join(missing), title)
    engine = _engine()
    image_folder = context.get("image_folder")
    paper = engine.Paper(
        html=html,
        title=title,
        author=author or settings.OFFICE_NAME,
        created=_iso(context.get("document_date") or context.get("date")),
        archive=archive,
        places=engine.Places(
            fonts=Path(settings.FONT_DIR),
            styles=Path(settings.BASE_DIR) / "static" / "css" / "print",
            media=Path(settings.MEDIA_ROOT),
            images=Path(image_folder) if image_folder else None,
        ),
        scratch=Path(settings.VAR_DIR) / "fontconfig",
        image_limit=settings.PHOTO_MAX_BYTES,
        time_limit=float(getattr(settings, "PDF_TIME_LIMIT_SECONDS", 60)),
    )
    try:
        printed = _print(paper)
    except engine.TooSlow:
        raise BusinessError(
            f"生成 PDF 超过 {paper.time_limit:g} 秒，已停止。"
            "请减少照片或表格行数，或改用 Excel 导出。",
            code="pdf_too_slow",
        ) from None
    for address in printed.refused:
        logger.warning("PDF「%s」没有读取：%s", title, address)
    return printed.pdf


def refuse_in_web_process() -> None:
    """Raise ``RuntimeError`` in a web process: a render there triples its page times."""
    if os.environ.get("PORTAL_PROCESS") == "web":
        raise RuntimeError("render_pdf() belongs in a job: this is a web process")


def _refuse_too_many_cells(html: str) -> None:
    cells = sum(1 for _ in _CELL.finditer(html))
    if cells > CELL_LIMIT:
        raise BusinessError(
            f"表格过大（{cells:,} 格，上限 {CELL_LIMIT:,} 格）。请改用 Excel 导出。",
            code="pdf_too_large",
        )


def _with_line_breaks(text: str) -> str:
    text = _BEFORE_QUOTE.sub(_BREAK, text)
    text = _AFTER_QUOTE.sub(_BREAK, text)
    return _BEFORE_UNIT.sub(_JOIN, text)


def _iso(moment: object) -> str | None:
    """Return ``moment`` in the form PDF metadata takes: to the second, with its offset."""
    if isinstance(moment, dt.datetime):
        return moment.isoformat(timespec="seconds")
    return moment.isoformat() if isinstance(moment, dt.date) else None


def _engine() -> Any:
    """Load WeasyPrint and Pango now: web processes import this module, too, and never need them."""
    return importlib.import_module(".engine", __package__)


def _print(paper: Any) -> Any:
    engine = _engine()
    if engine.can_alarm():
        return engine.print_paper(paper)
    child = importlib.import_module(".child", __package__)
    return child.print_in_child(paper)
