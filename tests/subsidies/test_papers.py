"""The office's papers: what stands in the workbook equals the database."""

import datetime as dt
import io
import time
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection

from subsidies import exports, services
from subsidies.models import SubsidyClaim, SubsidyLine
from subsidies.reports import claim_form, month_form
from subsidies.selectors.summary import coverage, month_summary, subsidy_by_month
from tests.subsidies.conftest import OCTOBER, Month, bring_to, many_estates, whole_city
from xingyang_pm.common import audit, jobs, triggers
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import AuditEntry, Job
from xingyang_pm.common.spreadsheets.official import TotalsDiffer


def sheet_of(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content)).active


def texts(sheet) -> list[list[str]]:
    return [
        [str(cell.value) for cell in row if cell.value is not None] for row in sheet.iter_rows()
    ]


def test_a_full_coverage_month_is_the_articles_sum(month: Month, other_street):
    whole_city(month, other_street)
    services.month_open(month=OCTOBER)
    sheet = sheet_of(exports.month_workbook(OCTOBER, actor=month.cast.city_manager).content)
    lines = texts(sheet)
    assert lines[0] == ["荥阳市2026年10月老旧小区物业管理补贴汇总表"]
    assert lines[1] == [
        "填报单位：荥阳市房管中心",
        "补贴月份：2026年10月",
        "填报日期：2026年11月3日",
        "单位：元",
    ]
    total = next(row for row in sheet.iter_rows() if row[0].value == "合计")
    assert [cell.value for cell in total if cell.value is not None] == [
        "合计",
        432,
        1253,
        35279,
        352790,
    ]
    assert ["合计（大写）：人民币叁拾伍万贰仟柒佰玖拾元整"] in lines
    assert [cell.value for cell in sheet[4]][:3] == [1, "索河街道", 236]
    assert lines[-1] == ["制表人：", "复核人：", "科室负责人：", "分管领导：", "主要领导："]
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$3:$3"


def test_the_totals_of_the_workbook_are_those_of_the_database(month: Month):
    many_estates(month, 30)
    claim = month.open()
    clerk = month.cast.street_clerk
    first, second = claim.lines.order_by("estate__code")[:2]
    services.line_deduct(line=first, amount=Decimal("0.37"), reason="理由", actor=clerk)
    services.line_exclude(line=second, reason="正在改造", actor=clerk)
    claim.refresh_from_db()
    sheet = sheet_of(exports.claim_workbook(claim, actor=clerk).content)
    head = next(row for row in sheet.iter_rows() if row[0].value == "序号")
    money = next(i for i, cell in enumerate(head) if str(cell.value).startswith("申报金额"))
    amounts = [row[money].value for row in sheet.iter_rows() if isinstance(row[0].value, int)]
    total = next(row for row in sheet.iter_rows() if row[0].value == "合计")
    stored = SubsidyLine.objects.filter(claim=claim).total()
    assert len(amounts) == claim.estate_count == 32
    assert sum(Decimal(str(amount)) for amount in amounts) == stored == claim.total
    assert Decimal(str(total[money].value)) == stored
    assert [cell.value for cell in total if cell.value is not None][1:3] == [
        claim.building_count,
        claim.household_count,
    ]
    notes = [line for row in texts(sheet) for line in row]
    assert any("不列入 1 个小区：老粮库家属院（正在改造）" in line for line in notes)
    assert any("扣减 0.37 元：理由" in line for line in notes)


def test_a_paper_whose_sums_are_not_the_databases_is_not_handed_out(month: Month):
    claim = month.open()
    triggers.remove_all(connection)
    SubsidyClaim.objects.filter(pk=claim.pk).update(total=Decimal("2461.00"))
    claim.refresh_from_db()
    for make in (
        lambda: exports.claim_workbook(claim, actor=month.cast.city_manager),
        lambda: exports.month_workbook(OCTOBER, actor=month.cast.city_manager),
    ):
        with pytest.raises(BusinessError, match="不符") as refused:
            make()
        assert refused.value.code == "totals_differ"
    SubsidyClaim.objects.filter(pk=claim.pk).update(total=Decimal("2460.00"), household_count=9)
    claim.refresh_from_db()
    with pytest.raises(TotalsDiffer, match="户数"):
        exports.claim_workbook(claim, actor=month.cast.city_manager)
    assert not AuditEntry.objects.filter(verb="export").exists()


def test_each_correction_is_a_new_version_in_the_footer(month: Month):
    claim = month.brought_to("submitted")
    claim = services.claim_return(claim=claim, actor=month.cast.street_leader, sentence="再核")
    claim = bring_to(claim, "approved", month.cast)
    form = claim_form(claim)
    assert (form.number, form.version) == ("BT-2026-10-001", 2)
    assert month_form(OCTOBER, month.cast.city_manager).version == 2
    paper = exports.claim_workbook(claim, actor=month.cast.city_manager)
    assert paper.name == "索河街道2026年10月老旧小区物业管理补贴申报明细表（第2版）.xlsx"
    sheet = sheet_of(paper.content)
    assert sheet.oddFooter.left.text == "BT-2026-10-001 第 2 版"
    assert audit.timeline(claim)[0].summary == f"导出“{paper.name}”，合计 2,460.00 元"


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_an_estate_named_like_a_formula_stays_text(month: Month, name):
    month.add_estate(30, name=name)
    claim = month.open()
    sheet = sheet_of(exports.claim_workbook(claim, actor=month.cast.street_clerk).content)
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == name)
    assert cell.data_type == "s"
    assert cell.quotePrefix


def test_unsettled_claims_and_missing_streets_are_told(month: Month, other_street):
    month.add_estate(50, street=other_street)
    month.open()
    form = month_form(OCTOBER, month.cast.city_manager)
    assert form.sections[0].rows[0][-1] == "未定稿，待街道申报"
    assert form.notes[1:] == [
        "索河街道的申报尚未审批，本表仅供核对。",
        "京城路街道有已纳入物业服务的老旧小区，本月没有申报。",
    ]


def test_a_street_sees_its_own_row_alone(month: Month, other_street):
    month.add_estate(50, street=other_street)
    services.month_open(month=OCTOBER)
    assert [row.street for row in month_summary(OCTOBER, month.cast.street_leader).rows] == [
        "索河街道"
    ]
    form = month_form(OCTOBER, month.cast.other_clerk)
    assert form.reporting_unit == "京城路街道办事处"
    assert form.stated["补贴金额（元）"] == Decimal("500.00")
    assert [row.street for row in subsidy_by_month([OCTOBER], month.cast.street_clerk)] == [
        "索河街道"
    ]
    assert not month_summary(OCTOBER, month.cast.system_admin).rows


def test_a_month_without_claims_has_no_paper(month: Month):
    with pytest.raises(BusinessError, match="没有补贴申报"):
        month_form(OCTOBER, month.cast.city_manager)


def test_coverage_counts_old_estates_in_service(month: Month):
    month.add_estate(50, start=None)
    found = coverage(dt.date(2026, 10, 31), month.cast.city_manager)
    assert (found.in_service, found.all_estates, found.households) == (3, 4, 246)
    assert found.percent == Decimal("75.0")
    assert coverage(dt.date(2026, 10, 31), month.cast.other_clerk).all_estates == 0


def test_rates_and_months_that_differ_are_seen_in_the_detail(month: Month):
    services.rate_register(
        amount=Decimal("10"),
        effective_from=OCTOBER,
        document_title="新办法",
        month_rule="by_days",
        actor=month.cast.city_manager,
    )
    month.add_estate(60, start=dt.date(2026, 10, 17))
    month.open()
    row = month_form(OCTOBER, month.cast.city_manager).sections[0].rows[0]
    assert row[5:7] == [Decimal("10"), "见明细"]


def test_432_rows_are_written_within_a_request(month: Month, count_queries):
    many_estates(month, 429)
    claim = month.open()
    with count_queries() as queries:
        started = time.perf_counter()
        exports.claim_workbook(claim, actor=month.cast.city_manager)
        took = time.perf_counter() - started
    assert len(queries) <= 8
    # 0.3 s on a quiet machine; this one shares its processors.
    assert took < 1.5


# --- PDF -------------------------------------------------------------------------------------


def test_the_pdf_is_made_by_a_job_in_the_owners_scope(month: Month):
    claim = month.open()
    job = exports.claim_pdf_start(claim, actor=month.cast.street_clerk)
    assert exports.claim_pdf_start(claim, actor=month.cast.street_clerk) == job
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.error) == ("done", "")
    assert job.result_name.endswith("申报明细表（第1版）.pdf")
    assert job.result.read().startswith(b"%PDF")
    assert job.note == {"rows": 3, "total": "2460.00", "version": 1}


def test_a_job_for_another_streets_claim_hands_out_nothing(month: Month):
    claim = month.open()
    job = exports.claim_pdf_start(claim, actor=month.cast.other_clerk)
    jobs.run(job.pk)
    job = Job.objects.get(pk=job.pk)
    assert job.status == "failed"
    assert job.error == "没有这份申报，或不在你可看的范围内。"
    assert not job.result


def test_the_month_is_printed_with_its_sum_in_capitals(month: Month):
    month.open()
    context = exports.print_context(month_form(OCTOBER, month.cast.city_manager))
    assert context["capital"] == "人民币贰仟肆佰陆拾元整"
    assert context["table"]["sum"] == ["合计", None, "3", "9", "246", None, None, "2,460.00", None]
    job = exports.month_pdf_start(OCTOBER, actor=month.cast.city_manager)
    jobs.run(job.pk)
    assert Job.objects.get(pk=job.pk).result.read().startswith(b"%PDF")
