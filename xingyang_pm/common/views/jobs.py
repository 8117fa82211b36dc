"""Long work as its owner sees it: own jobs, one job's progress, its file, a new start."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from xingyang_pm.common import clock, jobs
from xingyang_pm.common.menu import EVERYONE
from xingyang_pm.common.models import Job, JobStatus
from xingyang_pm.common.tables import Column, Pill, Table

from .acts import ActionPage, Download, DownloadPage
from .base import Crumb, PortalView
from .lists import ListPage

_TONES = {
    JobStatus.QUEUED: "",
    JobStatus.RUNNING: "b",
    JobStatus.DONE: "g",
    JobStatus.FAILED: "r",
}


def is_stale(job: Job) -> bool:
    """Return whether the work has stopped without an end: no heartbeat for the fixed time."""
    limit = clock.now() - dt.timedelta(seconds=settings.JOB_STALE_SECONDS)
    if job.status == JobStatus.RUNNING:
        return job.heartbeat_at is not None and job.heartbeat_at < limit
    return job.status == JobStatus.QUEUED and job.created_at < limit


def job_pill(job: Job) -> Pill:
    if job.status == JobStatus.RUNNING and is_stale(job):
        return Pill("已中断", "a")
    return Pill(job.get_status_display(), _TONES[JobStatus(job.status)])


def job_note(job: Job) -> str:
    if job.status == JobStatus.FAILED:
        return job.error
    if job.status == JobStatus.RUNNING:
        return job.message or f"{job.percent}%"
    return job.result_name or job.message


class JobTable(Table):
    columns = [
        Column("title", "任务", link="common:job-detail", css="nm"),
        Column("status", "状态", pill=job_pill),
        Column("note", "进展", value=job_note, css="sec wrap"),
        Column("created_at", "发起时间", kind="datetime", sort=True, css="tnum nowrap"),
        Column("finished_at", "结束时间", kind="datetime", sort=True, css="tnum nowrap"),
    ]
    default_sort = "-created_at"


class JobList(ListPage):
    model, table_class, roles = Job, JobTable, EVERYONE
    title, unit = "我的任务", "项任务"
    exports = saves_views = False
    empty_icon = "list-check"
    empty_text = "还没有后台任务。导出很多行、生成简报等较长的工作会列在这里。"


class JobPage(PortalView):
    """One job, its progress asked for every second as long as it runs."""

    model, roles = Job, EVERYONE
    list_url = "common:job-list"
    template_name = "generic/job.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render(**job_context(self.object))


def job_context(job: Job) -> dict[str, Any]:
    return {"job": job, "pill": job_pill(job), "stale": is_stale(job)}


class JobProgress(PortalView):
    """The part of the job's page that changes."""

    model, roles = Job, EVERYONE

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return TemplateResponse(request, "partials/_job.html", job_context(self.object))


class JobDownload(DownloadPage):
    """The result of one's own finished job."""

    model, roles = Job, EVERYONE

    def get_rows(self) -> QuerySet:
        return super().get_rows().filter(status=JobStatus.DONE).exclude(result="")

    def get_download(self) -> Download:
        return Download(self.object.result_name, self.object.result)


class JobRestart(ActionPage):
    """Start a failed or interrupted job again."""

    model, roles = Job, EVERYONE
    title, submit_label, list_url = "重新开始", "重新开始", "common:job-list"
    post_only = True

    def get_crumbs(self) -> list[Crumb]:
        return [Crumb("我的任务", reverse("common:job-list"))]

    def perform(self, form: Any) -> Job:
        jobs.restart(job=self.object, actor=self.user)
        return self.object

    def get_success_url(self, result: Job) -> str:
        return reverse("common:job-detail", args=[result.pk])

    def get_cancel_url(self) -> str:
        return reverse("common:job-detail", args=[self.object.pk])
