"""The bulletin as it is printed."""

import hashlib
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from xingyang_pm.common import jobs
from xingyang_pm.common.formats import local
from xingyang_pm.common.pdf.render import render_pdf

from .models import Bulletin
from .selectors import issue_number
from .services.bulletins import RENDER

TEMPLATE = "print/bulletin.html"
MASTHEAD = "工作简报"
# On every page, so that nobody posts what nobody signed.
UNSIGNED = "草稿，未签发，不作为正式文件"


def bulletin_context(bulletin: Bulletin) -> dict[str, Any]:
    """Return the plain data that ``print/bulletin.html`` prints, for preview and paper alike."""
    issue = issue_number(bulletin)
    signed = local(bulletin.signed_at).date() if bulletin.signed_at else None
    return {
        "masthead": MASTHEAD,
        "draft": UNSIGNED if issue.provisional else "",
        "year": issue.year,
        "number": issue.number,
        "running_number": issue.running,
        "organ": settings.OFFICE_NAME,
        "date": signed,
        "title": bulletin.title,
        "blocks": bulletin.visible_blocks,
        "report_to": bulletin.report_to,
        "send_to": bulletin.send_to,
        "issue_to": bulletin.issue_to,
        "copies": bulletin.copies,
    }


def render_issue(bulletin: Bulletin) -> bytes:
    """Return the signed bulletin as PDF bytes, the same for the same bulletin."""
    return render_pdf(TEMPLATE, bulletin_context(bulletin), title=f"{bulletin}：{bulletin.title}")


@jobs.handler(RENDER, title="简报排版")
def render_bulletin(job: jobs.RunningJob) -> None:
    """Render, keep the file and its hash; a bulletin already printed is left as it is."""
    bulletin = Bulletin.objects.get(pk=job.params["bulletin"])
    if not bulletin.pdf_sha256:
        job.progress(0, 1, "正在排版")
        content = render_issue(bulletin)
        bulletin.pdf.save(f"{bulletin}.pdf", ContentFile(content), save=False)
        kept = Bulletin.objects.filter(pk=bulletin.pk, pdf_sha256="").update(
            pdf=bulletin.pdf.name, pdf_sha256=hashlib.sha256(content).hexdigest()
        )
        if not kept:  # another worker was faster; its file stands
            bulletin.pdf.delete(save=False)
            bulletin.refresh_from_db()
    with bulletin.pdf.open("rb") as stream:
        job.attach(f"{bulletin}.pdf", stream.read())
    job.progress(1, 1, "已排版")
