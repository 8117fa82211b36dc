"""The bulletin as it is printed, by the real engine, and the file that is handed out."""

import datetime as dt
import hashlib
import re
from pathlib import Path

import pytest
from django.urls import reverse

from outreach.exports import render_issue
from outreach.models import Bulletin
from outreach.services import bulletins
from tests.common.pdf_reading import marks, texts, whole_text
from tests.outreach.conftest import brought_to
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.models import Job, JobStatus


@pytest.fixture
def printed(issued: Bulletin) -> Bulletin:
    """The signed bulletin after its job has run, as the worker runs it."""
    assert jobs.run(issued.job_id)
    issued.refresh_from_db()
    return issued


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_paper_bears_what_was_signed(printed: Bulletin):
    """Masthead with both numbers, the organ and the day of signing, text, tables, 报送发."""
    with printed.pdf.open("rb") as stream:
        pdf = stream.read()
    paper = whole_text(pdf)
    for words in (
        "工作简报",
        "2026年第1期（总第1期）",
        "2026年11月18日",
        "关于城乡清洁行动第1次检查情况的通报",
        "一、总体情况",
        "本次检查覆盖2个小区，已检查2个，平均得分83.0分。",
        "问题分类表",
        "公开收费标准",
        "各小区检查得分表",
        "纺织厂家属院",
        "69.9",
        "报：市委办，市政府办，郑州市住房保障和房地产管理局。",
        "送：各街道办事处、乡镇人民政府，有关单位。",
        "（共印60份）",
    ):
        assert squeezed(words) in paper, words
    assert "签发后填日期" not in paper
    assert "草稿" not in paper
    assert "拟编" not in paper
    assert marks(pdf).title == "工作简报 2026年第1期：关于城乡清洁行动第1次检查情况的通报"


def test_the_file_is_kept_with_its_hash_and_handed_to_who_asked(printed: Bulletin):
    with printed.pdf.open("rb") as stream:
        pdf = stream.read()
    assert printed.pdf_sha256 == hashlib.sha256(pdf).hexdigest()
    job = Job.objects.get()
    assert (job.status, job.result_name, job.owner) == (
        JobStatus.DONE,
        "工作简报 2026年第1期.pdf",
        printed.signed_by,
    )
    with job.result.open("rb") as stream:
        assert stream.read() == pdf


def test_printing_again_leaves_the_file_as_it_is(printed: Bulletin, cast):
    before, first = (printed.pdf.name, printed.pdf_sha256), printed.job_id
    job = bulletins.bulletin_print(bulletin=printed, actor=cast.city_manager)
    assert (job.pk != first, job.status) == (True, JobStatus.QUEUED)
    assert jobs.run(job.pk)
    printed.refresh_from_db()
    assert (printed.pdf.name, printed.pdf_sha256) == before
    job.refresh_from_db()
    with job.result.open("rb") as stream:
        assert hashlib.sha256(stream.read()).hexdigest() == printed.pdf_sha256


def test_the_same_bulletin_is_the_same_file(issued: Bulletin):
    first, second = render_issue(issued), render_issue(issued)
    assert texts(first) == texts(second)
    assert first == second


def test_a_section_left_out_is_not_on_the_paper(draft: Bulletin, cast):
    blocks = [{**block, "hidden": block["key"] in {"b3", "b4", "b5"}} for block in draft.blocks]
    saved = bulletins.bulletin_save(
        bulletin=draft, actor=cast.city_manager, title=draft.title, blocks=blocks
    )
    paper = whole_text(render_issue(saved))
    assert "三、检查得分" in paper
    for words in ("二、主要问题", "共发现问题", "问题分类表"):
        assert words not in paper


def test_text_that_looks_like_markup_is_text(draft: Bulletin, cast):
    blocks = [{"key": "x", "kind": "p", "text": "<b>公示</b> & <img src=file:///etc/passwd>"}]
    saved = bulletins.bulletin_save(
        bulletin=draft, actor=cast.city_manager, title="<i>通报</i>", blocks=blocks
    )
    paper = whole_text(render_issue(saved))
    assert "<b>公示</b>&<imgsrc=file:///etc/passwd>" in paper
    assert "<i>通报</i>" in paper


@pytest.mark.parametrize("status", ["draft", "review"])
def test_an_unsigned_bulletin_says_on_every_page_that_it_is_a_draft(status, round, cast):
    pages = texts(render_issue(brought_to(status, round, cast)))
    assert len(pages) >= 2
    for page in pages:
        assert "草稿，未签发，不作为正式文件" in page
    assert "拟编2026年第1期（总第1期）" in pages[0]
    assert "签发后填日期" in pages[0]


def test_before_the_signature_the_preview_shows_the_number_to_come(round, cast, client_for):
    """It is the number that a signature would take today, of whichever year the draft is."""
    brought_to("issued", round, cast)
    draft = brought_to("draft", round, cast)
    client = client_for(cast.auditor)
    url = reverse("outreach:bulletin-preview", args=[draft.pk])
    response = client.get(url)
    shown = response.content.decode()
    assert "拟编2026年第2期（总第2期）" in shown
    assert "签发后填日期" in shown
    assert "草稿，未签发" in shown
    assert "拟编2026年第2期（总第2期）" in client.get(draft.get_absolute_url()).content.decode()
    with clock.freeze(dt.date(2027, 1, 4)):
        shown = client_for(cast.auditor).get(url).content.decode()
        assert "拟编2027年第1期（总第2期）" in shown
    # The editor shows it in a frame of the portal's own, nobody else may.
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_the_file_is_shown_to_all_offices_once_it_is_there(issued: Bulletin, cast, client_for):
    url = reverse("outreach:bulletin-pdf", args=[issued.pk])
    assert client_for(cast.street_clerk).get(url).status_code == 404
    jobs.run(issued.job_id)
    response = client_for(cast.other_clerk).get(url)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("inline")
    assert b"".join(response).startswith(b"%PDF-")
    assert client_for(cast.outsider).get(url).status_code == 404


def test_a_file_that_was_lost_from_the_disk_is_no_crash(printed: Bulletin, cast, client_for):
    Path(printed.pdf.path).unlink()
    response = client_for(cast.city_manager).get(
        reverse("outreach:bulletin-pdf", args=[printed.pk])
    )
    assert response.status_code == 404


def test_a_failed_print_can_be_asked_for_again(issued: Bulletin, cast, client_for):
    Job.objects.filter(pk=issued.job_id).update(status=JobStatus.FAILED)
    client = client_for(cast.city_manager)
    shown = client.get(issued.get_absolute_url()).content.decode()
    url = reverse("outreach:bulletin-print", args=[issued.pk])
    assert url in shown
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 302
    issued.refresh_from_db()
    assert Job.objects.count() == 2
    assert jobs.run(issued.job_id)
    shown = client.get(issued.get_absolute_url()).content.decode()
    assert reverse("outreach:bulletin-pdf", args=[issued.pk]) in shown
    assert url not in shown
