"""Chinese lines end flush, and nothing inside a word or number is stretched."""

import datetime as dt
import itertools

import pytest
import weasyprint
from weasyprint.layout import inline

from tests.common import pdf_papers as papers
from tests.common import pdf_reading as reading
from xingyang_pm.common.pdf import justify
from xingyang_pm.common.pdf.render import render_pdf

MM = 96 / 25.4
LEFT, RIGHT = 28 * MM, (28 + 156) * MM
PITCH = 28.9 * 4 / 3  # px


@pytest.fixture(scope="module")
def pages() -> list[list[reading.Line]]:
    """The body lines of a page of prose with quotations, brackets, numbers and Latin words."""
    prose = (
        papers.P3 + papers.P4 + "（见附件1）。ISO 9001认证的12,480.50㎡范围内，" + papers.P2
    ) * 4
    context = papers.bulletin(
        blocks=[{"kind": "p", "text": prose}], document_date=dt.date(2026, 1, 2)
    )
    pdf = render_pdf("print/bulletin.html", context, title="试排", archive=False)
    return [[line for line in reading.lines(pdf, n) if line.size == 21] for n in range(2)]


def test_every_line_of_a_paragraph_ends_at_the_margin(pages: list[list[reading.Line]]) -> None:
    lines = pages[1]
    assert len(lines) == 22
    assert all(abs(line.x - LEFT) < 0.1 for line in lines)
    ragged = [line for line in lines if abs(line.end - RIGHT) > 0.15]
    assert ragged == []


def test_a_page_holds_22_lines_at_one_pitch(pages: list[list[reading.Line]]) -> None:
    heights = [line.y for line in pages[1]]
    steps = [below - above for above, below in itertools.pairwise(heights)]
    assert max(steps) - min(steps) < 0.5
    assert abs(sum(steps) / len(steps) - PITCH) < 0.2
    assert heights[0] > 37 * MM
    assert heights[-1] < (297 - 35) * MM


def test_the_space_goes_between_hanzi_and_not_into_numbers() -> None:
    stretch = [True, True, False, False, False, False, True, True]  # 于是2026年底
    spaces = justify._steps(stretch, 6.0, 21.0)
    assert spaces[2:6] == [0.0] * 4
    gaps = [(left + right) / 2 for left, right in itertools.pairwise(spaces)]
    assert gaps[2:5] == [0.0] * 3
    assert 6.0 - 2 * 21 / 488 < sum(gaps) <= 6.0
    assert gaps[1] == pytest.approx(gaps[0] / 2, abs=21 / 488)


def test_another_major_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weasyprint, "__version__", "71.0")
    with pytest.raises(RuntimeError, match=r"71\.0"):
        justify.install()


def test_it_is_installed_once_and_knows_the_upstream_function() -> None:
    justify.install()
    assert inline.justify_line is justify.justify_line
    assert justify._upstream.__module__ == "weasyprint.layout.inline"
