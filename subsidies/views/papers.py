"""The papers: the workbook at once, the PDF by a job."""

import datetime as dt

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from subsidies import exports
from subsidies.choices import ACCOUNT_READERS, REQUEST_WRITERS
from subsidies.models import SubsidyClaim
from xingyang_pm.common.models import Job
from xingyang_pm.common.views.generic import ActionPage, Download, DownloadPage


def month_of(text: str) -> dt.date:
    """Return the first day of the month written ``2026-10``; 404 for what is none."""
    year, _, month = text.partition("-")
    try:
        return dt.date(int(year), int(month), 1)
    except ValueError:
        raise Http404("没有这个月份。") from None


class _Workbook(DownloadPage):
    """The exports write their own audit entry, with the sum."""

    list_url = "subsidies:claim-list"

    def audit_summary(self, download: Download) -> str:
        return ""

    def handed_out(self, paper: exports.PaperFile) -> Download:
        return Download(paper.name, paper.content, exports.XLSX)


class ClaimWorkbook(_Workbook):
    model = SubsidyClaim

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street__office", "scheme")

    def get_download(self) -> Download:
        return self.handed_out(exports.claim_workbook(self.object, actor=self.user))


class MonthWorkbook(_Workbook):
    def get_download(self) -> Download:
        month = month_of(self.kwargs["month"])
        return self.handed_out(exports.month_workbook(month, actor=self.user))


class CheckedWorkbook(ClaimWorkbook):
    def get_download(self) -> Download:
        return self.handed_out(exports.checked_workbook(self.object, actor=self.user))


class NoticeWorkbook(_Workbook):
    def get_download(self) -> Download:
        month = month_of(self.kwargs["month"])
        return self.handed_out(exports.notice_workbook(month, actor=self.user))


class _Printing(ActionPage):
    post_only = True

    def get_success_url(self, result: Job) -> str:
        return reverse("common:job-detail", args=[result.pk])


class PayoutWorkbook(_Workbook):
    """The 发放表 with whole account numbers: the export asks for finance once more."""

    model, roles = SubsidyClaim, ACCOUNT_READERS

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street__office")

    def get_download(self) -> Download:
        return self.handed_out(exports.payout_workbook(self.object, actor=self.user))


class ClaimPrint(_Printing):
    model = SubsidyClaim
    title, list_url = "打印申报明细表", "subsidies:claim-list"

    def perform(self, form: None) -> Job:
        return exports.claim_pdf_start(self.object, actor=self.user)


class MonthPrint(_Printing):
    title, list_url = "打印汇总表", "subsidies:claim-list"

    def perform(self, form: None) -> Job:
        return exports.month_pdf_start(month_of(self.kwargs["month"]), actor=self.user)


class CheckedPrint(_Printing):
    model = SubsidyClaim
    title, list_url = "打印核定表", "subsidies:claim-list"

    def perform(self, form: None) -> Job:
        return exports.checked_pdf_start(self.object, actor=self.user)


class NoticePrint(_Printing):
    title, list_url = "打印公示表", "subsidies:claim-list"

    def perform(self, form: None) -> Job:
        return exports.notice_pdf_start(month_of(self.kwargs["month"]), actor=self.user)


class RequestPrint(_Printing):
    roles = REQUEST_WRITERS
    title, list_url = "拟拨款请示", "subsidies:claim-list"

    def perform(self, form: None) -> Job:
        return exports.request_pdf_start(month_of(self.kwargs["month"]), actor=self.user)
