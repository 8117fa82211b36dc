"""The papers as files: the workbook in the request, the PDF by a job in the worker."""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import User
from subsidies.calculations import plain_number
from subsidies.models import FeeCollection, SubsidyClaim
from subsidies.reports import claim_form, fee_form, form_total, month_form
from subsidies.selectors.fees import FeeSums
from xingyang_pm.common import audit, clock, jobs
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import Job
from xingyang_pm.common.money import capital_yuan, money
from xingyang_pm.common.pdf.render import render_pdf
from xingyang_pm.common.spreadsheets.official import FormColumn, OfficialForm, write_form

PAPER_JOB = "subsidy-paper"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Widths in mm on A4 landscape; the column without one shares what is left.
_WIDTHS = {
    "序号": 10,
    "社区": 22,
    "小区名称": 36,
    "楼栋数": 12,
    "户数": 14,
    "接管单位": 47,
    "接管日期": 20,
    "补贴标准（元/户·月）": 22,
    "补贴月数": 12,
    "考核得分/等次": 14,
    "申报金额（元）": 24,
    "街道（乡镇）": 36,
    "小区数（个）": 24,
    "楼栋数（栋）": 24,
    "户数（户）": 26,
    "月数": 16,
    "补贴金额（元）": 34,
}
_ALIGNS = {"money": "right", "decimal": "right"}


@dataclass(frozen=True)
class PaperFile:
    """A paper as a file, with its sum for the audit entry."""

    name: str
    content: bytes
    total: Decimal


def _file_name(form: OfficialForm, suffix: str) -> str:
    return f"{form.title}（第{form.version}版）{suffix}"


def _workbook(form: OfficialForm) -> PaperFile:
    stream = io.BytesIO()
    write_form(stream, form)
    return PaperFile(_file_name(form, ".xlsx"), stream.getvalue(), form_total(form))


def _recorded(paper: PaperFile, *, actor: User, target: Any) -> PaperFile:
    audit.record(
        actor=actor,
        verb="export",
        target=target,
        summary=f"导出“{paper.name}”，合计 {money(paper.total)} 元",
        tag="导出",
    )
    return paper


def month_workbook(month: dt.date, *, actor: User) -> PaperFile:
    """Return the 汇总表 of ``month`` as a workbook; its totals equal the database's."""
    return _recorded(_workbook(month_form(month, actor)), actor=actor, target=None)


def claim_workbook(claim: SubsidyClaim, *, actor: User) -> PaperFile:
    """Return the 申报明细表 of a claim as a workbook: 432 lines in well under 0.3 s."""
    return _recorded(_workbook(claim_form(claim)), actor=actor, target=claim)


def fee_workbook(
    target: Path,
    rows: Sequence[FeeCollection],
    *,
    sums: FeeSums,
    month: dt.date | None,
    note: str,
    actor: User,
) -> int:
    """Write the 收缴情况表 over ``rows`` to ``target``; return how many there are."""
    form = fee_form(rows, sums=sums, month=month, note=note, user=actor)
    write_form(target, form)
    audit.record(
        actor=actor,
        verb="export",
        target=None,
        summary=f"导出“{form.title}” {len(rows)} 行（{note}）",
        tag="导出",
    )
    return len(rows)


# --- PDF -------------------------------------------------------------------------------------


def _printed(column: FormColumn, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and column.kind == "integer":
        return f"{value:,}"
    if isinstance(value, Decimal):
        return plain_number(value) if column.kind == "number" else money(value)
    return value


def _column(column: FormColumn) -> dict[str, Any]:
    align = "left" if column.left else _ALIGNS.get(column.kind, "center")
    return {
        "label": column.label.replace("（", "\n（") if "（元/" in column.label else column.label,
        "width": _WIDTHS.get(column.label),
        "align": align,
        "group": column.group,
    }


def print_context(form: OfficialForm) -> dict[str, Any]:
    """Return ``form`` as ``print/table_form.html`` reads it."""
    totals = form.totals()
    rows = [
        [_printed(column, value) for column, value in zip(form.columns, row, strict=True)]
        for section in form.sections
        for row in section.rows
    ]
    sums: list[Any] = [
        _printed(column, totals[column.label]) if column.total else None for column in form.columns
    ]
    sums[0] = form.total_label
    parts = "　".join(f"{name}：{value}" for name, value in form.parts)
    return {
        "title": form.title,
        "unit_left": f"填报单位：{form.reporting_unit}",
        "unit_middle": parts,
        "unit_right": f"填报日期：{clock.chinese_date(form.reported_on)}　单位：{form.unit}",
        "table": {
            "columns": [_column(column) for column in form.columns],
            "rows": rows,
            "sum": sums,
            "size": "small" if len(form.columns) > 10 else "",
        },
        "capital": capital_yuan(Decimal(totals[form.capital])),
        "note": "\n".join(
            f"注：{note}" if index == 0 else f"　　{note}" for index, note in enumerate(form.notes)
        ),
        "filters": f"{form.number} 第 {form.version} 版"
        + ("　演示数据" if settings.DEMO_DATA else ""),
        "signatures": [f"{role}：" for role in form.signatures],
        "document_date": form.reported_on,
    }


def month_pdf_start(month: dt.date, *, actor: User) -> Job:
    """Start the job that prints the 汇总表; asked twice while it runs, it is one job."""
    return jobs.enqueue(
        PAPER_JOB,
        owner=actor,
        params={"month": month.isoformat()},
        dedupe_key=f"{PAPER_JOB}:month:{month:%Y-%m}:{actor.pk}",
        title=f"打印{clock.chinese_month(month)}补贴汇总表",
    )


def claim_pdf_start(claim: SubsidyClaim, *, actor: User) -> Job:
    """Start the job that prints a claim's 申报明细表."""
    return jobs.enqueue(
        PAPER_JOB,
        owner=actor,
        params={"claim": claim.pk},
        dedupe_key=f"{PAPER_JOB}:claim:{claim.pk}:{claim.version}:{actor.pk}",
        title=f"打印{claim}明细表"[:120],
    )


def _form_of(job: jobs.RunningJob) -> tuple[OfficialForm, SubsidyClaim | None]:
    """Return the paper that the job asks for, read again in its owner's scope."""
    if "claim" not in job.params:
        return month_form(dt.date.fromisoformat(job.params["month"]), job.owner), None
    claim = (
        SubsidyClaim.objects.visible_to(job.owner)
        .select_related("street__office", "scheme")
        .filter(pk=job.params["claim"])
        .first()
    )
    if claim is None:
        raise BusinessError("没有这份申报，或不在你可看的范围内。", code="out_of_scope")
    return claim_form(claim), claim


@jobs.handler(PAPER_JOB, title="打印补贴表")
def run_paper_job(job: jobs.RunningJob) -> None:
    """Print one paper for the job's owner."""
    form, claim = _form_of(job)
    rows = sum(len(section.rows) for section in form.sections)
    job.progress(0, rows, f"共 {rows} 行，正在排版")
    pdf = render_pdf("print/table_form.html", print_context(form), title=form.title)
    paper = PaperFile(_file_name(form, ".pdf"), pdf, form_total(form))
    _recorded(paper, actor=job.owner, target=claim)
    job.attach(paper.name, paper.content)
    job.note(rows=rows, total=str(paper.total), version=form.version)
