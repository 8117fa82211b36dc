"""Ledgers in: choose a file, look at what it would do, confirm. Nothing is written before."""

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from xingyang_pm.common import jobs
from xingyang_pm.common.access import holds
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.formats import file_size, moment_label, number
from xingyang_pm.common.forms import PortalForm, UploadField
from xingyang_pm.common.import_jobs import IMPORT_COMMIT
from xingyang_pm.common.ledgers import registry
from xingyang_pm.common.ledgers.registry import LedgerDefinition
from xingyang_pm.common.ledgers.services import (
    import_abandon,
    import_check,
    import_commit,
    result_workbook,
)
from xingyang_pm.common.ledgers.templates import template_workbook
from xingyang_pm.common.models import ImportBatch, ImportStatus
from xingyang_pm.common.tables import Column, Pill, Table

from .acts import ActionPage, Download, DownloadPage, FormPage
from .base import Action, Crumb, PortalView
from .lists import ListPage

# More rows than this are written by the worker.
COMMIT_IN_REQUEST = 2000
SHOWN = 50
_TONES = {ImportStatus.CHECKED: "a", ImportStatus.COMMITTED: "g", ImportStatus.ABANDONED: ""}
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class LedgerRoles:
    """The roles of all registered ledgers together, asked anew each time: apps register
    theirs after this module is read."""

    def __iter__(self) -> Iterator[str]:
        yield from registry.all_roles()


LEDGER_ROLES = LedgerRoles()


def _ledger(code: str) -> LedgerDefinition:
    try:
        return registry.find(code)
    except registry.UnknownLedger as error:
        raise Http404("没有这种台账。") from error


def _title(batch: ImportBatch) -> str:
    return registry.title_of(batch.ledger)


def batch_pill(batch: ImportBatch) -> Pill:
    errors = len(batch.report.get("errors", ()))
    if batch.status == ImportStatus.CHECKED and errors:
        return Pill(f"有误 {errors} 处", "a")
    return Pill(batch.get_status_display(), _TONES[ImportStatus(batch.status)])


def batch_figures(batch: ImportBatch) -> str:
    report = batch.report
    return (
        f"新增 {report.get('created', 0)} · 变更 {report.get('changed', 0)} · "
        f"不变 {report.get('unchanged', 0)} · 有误 {report.get('rejected', 0)}"
    )


class ImportTable(Table):
    columns = [
        Column("source_name", "文件", link="common:import-detail", css="clip nm wide"),
        Column("ledger", "台账", value=_title, css="nowrap"),
        Column("figures", "行", value=batch_figures, css="sec nowrap wide"),
        Column("status", "状态", pill=batch_pill),
        Column("created_at", "上传时间", kind="datetime", sort=True, css="tnum nowrap"),
        Column("committed_at", "入库时间", kind="datetime", sort=True, css="tnum nowrap"),
    ]
    default_sort = "-created_at"


class ImportList(ListPage):
    """One's own uploads, and above them the ledgers that one may import."""

    model, table_class, roles = ImportBatch, ImportTable, LEDGER_ROLES
    title, unit = "台账导入", "次导入"
    template_name = "generic/import_list.html"
    exports = saves_views = False
    empty_icon = "file-spreadsheet"
    empty_text = "还没有导入过。先选上面的台账，上传办公室现有的 Excel 就可以核对。"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(ledgers=registry.ledgers_for(self.user), **extra)


class _LedgerPage(PortalView):
    """A page of one ledger: unknown is 404, not for this role is 403."""

    menu = "common:import-list"
    roles = LEDGER_ROLES

    @property
    def ledger(self) -> LedgerDefinition:
        return _ledger(self.kwargs["ledger"])

    def check_access(self) -> None:
        if not holds(self.user, self.ledger.roles):
            raise NotPermitted(f"你没有导入{self.ledger.title}的权限。")


class WorkbookForm(PortalForm):
    workbook = UploadField(label="工作簿", suffixes=[".xlsx", ".xls"])


def _take_template(ledger: str) -> Action:
    return Action(
        "下载空表",
        "common:import-template",
        icon="download",
        args=[ledger],
        roles=LEDGER_ROLES,
        download=True,
    )


class ImportUpload(_LedgerPage, FormPage):
    """Choose the file. A file that is refused is not kept."""

    form_class = WorkbookForm
    template_name = "generic/import_upload.html"
    submit_label = "上传并核对"
    list_url = "common:import-list"
    keeps_uploads = False

    def get_title(self) -> str:
        return f"{self.ledger.title}　选文件"

    def get_actions(self) -> list[Action]:
        return [_take_template(self.ledger.code)]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(ledger=self.ledger, **extra)

    def perform(self, form: WorkbookForm) -> ImportBatch:
        upload = form.cleaned_data["workbook"]
        try:
            return import_check(ledger=self.ledger, upload=upload, actor=self.user)
        except BusinessError as error:
            error.field = error.field or "workbook"
            raise

    def get_success_url(self, result: ImportBatch) -> str:
        return reverse("common:import-detail", args=[result.pk])


class ImportTemplate(_LedgerPage, DownloadPage):
    """The empty form. It holds no personal data, so taking it is not recorded."""

    def get_download(self) -> Download:
        ledger = self.ledger
        content = ledger.template(self.user) if ledger.template else template_workbook(ledger)
        return Download(f"{ledger.title}（空表）.xlsx", content, _SHEET)

    def audit_summary(self, download: Download) -> str:
        return ""


class _BatchPage(PortalView):
    """A page of one's own upload."""

    model, roles = ImportBatch, LEDGER_ROLES
    menu = "common:import-list"
    object: ImportBatch

    def get_cancel_url(self) -> str:
        return reverse("common:import-detail", args=[self.object.pk])


class ImportDetail(_BatchPage):
    """What the file would do: errors cell by cell, then changes, new records and remarks."""

    template_name = "generic/import_check.html"

    def get_title(self) -> str:
        word = {
            ImportStatus.CHECKED: "核对结果",
            ImportStatus.COMMITTED: "已入库",
            ImportStatus.ABANDONED: "已放弃",
        }[ImportStatus(self.object.status)]
        return f"{_title(self.object)}　{word}"

    def get_crumbs(self) -> list[Crumb]:
        return [Crumb("台账导入", reverse("common:import-list"))]

    def get_actions(self) -> list[Action]:
        return [_take_template(self.object.ledger)]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

    def get_context(self, **extra: Any) -> dict[str, Any]:
        batch, report = self.object, self.object.report
        checked = batch.status == ImportStatus.CHECKED
        errors = int(report.get("error_total", 0))
        nothing = not report.get("created") and not report.get("changed")
        return super().get_context(
            batch=batch,
            report=report,
            checked=checked,
            committed=batch.status == ImportStatus.COMMITTED,
            size=file_size(batch.source_size),
            uploaded=moment_label(batch.created_at),
            errors=report.get("errors", []),
            why=self._why(errors, nothing) if checked else "",
            sentence=(
                f"将{_title(batch)}“{batch.source_name}”入库：新增 {report.get('created', 0)} 行，"
                f"变更 {report.get('changed', 0)} 行，不变 {report.get('unchanged', 0)} 行。"
                + (f"同时{report['beside']}。" if report.get("beside") else "")
            ),
            **self._list(report),
            **extra,
        )

    def _why(self, errors: int, nothing: bool) -> str:
        if errors:
            return (
                f"还有 {number(errors, 0)} 格有误，改好并重新核对后才能入库。"
                "入库为整本一次完成，不会只进一部分。"
            )
        return "这本台账与名录完全相同，不用入库。" if nothing else ""

    def _list(self, report: dict[str, Any]) -> dict[str, Any]:
        """Return the list that is asked for (``?show=``), cut unless ``?all=1``."""
        lists = {
            "changed": ("变更", report.get("changed_list", []), report.get("changed_records", 0)),
            "created": ("新增", report.get("created_list", []), report.get("created_records", 0)),
            "warnings": ("提醒", report.get("warnings", []), report.get("warning_total", 0)),
        }
        first = next((key for key, (_, _, total) in lists.items() if total), "changed")
        show = self.request.GET.get("show", "")
        show = show if show in lists else first
        word, items, total = lists[show]
        everything = self.request.GET.get("all") == "1"
        return {
            "show": show,
            "show_word": word,
            "items": items if everything else items[:SHOWN],
            "total": total,
            "shown": len(items) if everything else min(len(items), SHOWN),
            "more": not everything and len(items) > SHOWN,
            "cut": everything and total > len(items),
            "chips": [(key, label, count) for key, (label, _, count) in lists.items()],
        }


class ImportCommit(_BatchPage, ActionPage):
    """Write the whole ledger, or nothing."""

    title, submit_label, post_only = "确认入库", "确认入库", True

    def perform(self, form: None) -> ImportBatch | jobs.Job:
        if int(self.object.report.get("rows", 0)) > COMMIT_IN_REQUEST:
            return jobs.enqueue(
                IMPORT_COMMIT,
                owner=self.user,
                params={"batch": self.object.pk},
                dedupe_key=f"{IMPORT_COMMIT}:{self.object.pk}",
                title=f"入库 {self.object.source_name}"[:120],
            )
        return import_commit(batch=self.object, actor=self.user)

    def get_success_url(self, result: ImportBatch | jobs.Job) -> str:
        name = "common:import-detail" if isinstance(result, ImportBatch) else "common:job-detail"
        return reverse(name, args=[result.pk])

    def done_message(self, result: ImportBatch | jobs.Job) -> str:
        if not isinstance(result, ImportBatch):
            return ""
        report = result.report
        return (
            f"整本已入库：新增 {report.get('created', 0)} 行，变更 {report.get('changed', 0)} 行。"
        )


class ImportAbandon(_BatchPage, ActionPage):
    """Put the upload aside; nothing was written, so nothing is taken back."""

    title, submit_label, post_only = "放弃这次导入", "放弃这次导入", True

    def perform(self, form: None) -> ImportBatch:
        return import_abandon(batch=self.object, actor=self.user)

    def get_success_url(self, result: ImportBatch) -> str:
        return reverse("common:import-list")

    def done_message(self, result: ImportBatch) -> str:
        return f"已放弃“{result.source_name}”，名录没有改动。"


class ImportResult(_BatchPage, DownloadPage):
    """The same workbook with the column 核对结果."""

    def get_download(self) -> Download:
        name, content = result_workbook(self.object)
        return Download(name, content, _SHEET)

    def audit_summary(self, download: Download) -> str:
        return f"下载台账核对结果“{download.name}”"
