"""核定表, 公示表 and 拨款请示: the office's own papers beside 申报明细表 and 汇总表."""

import io
from collections.abc import Callable
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from accounts.models import User
from subsidies import exports, services
from subsidies.models import SubsidyClaim
from subsidies.reports import checked_form, notice_form, payment_request
from tests.subsidies.conftest import OCTOBER, Month, bring_to, many_estates
from xingyang_pm.common import audit, jobs, triggers
from xingyang_pm.common.errors import BusinessError, NotPermitted

ClientFor = Callable[[User], Client]


def cells(content: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [[cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows()]


def cut(month: Month, status: str = "approved") -> SubsidyClaim:
    """Return the claim with one estate deducted and one left out: 2,460 − 20.50 − 460 yuan."""
    claim = month.open()
    first, third = (claim.lines.get(estate__name=name) for name in ("工商局家属院", "广场东院"))
    clerk = month.cast.street_clerk
    services.line_deduct(line=first, amount=Decimal("20.50"), reason="清运不及时", actor=clerk)
    services.line_exclude(line=third, reason="正在改造", actor=clerk)
    claim.refresh_from_db()
    return bring_to(claim, status, month.cast)


def printed(job) -> str:
    jobs.run(job.pk)
    job.refresh_from_db()
    assert not job.error, job.error
    with job.result.open("rb") as stream:
        reader = PdfReader(io.BytesIO(stream.read()))
    return "".join(page.extract_text() for page in reader.pages).replace("\n", "")


def test_the_checked_table_says_what_was_cut_and_why(month: Month):
    claim = cut(month)
    paper = exports.checked_workbook(claim, actor=month.cast.city_manager)
    rows = cells(paper.content)
    assert rows[0] == ["索河街道2026年10月老旧小区物业管理补贴核定表"]
    head = next(row for row in rows if row[0] == "序号")
    head = [str(label).replace("\n", "") for label in head]
    for label in ("核减户数", "核减原因", "核定户数", "系数", "核定金额（元）", "审核意见"):
        assert label in head
    third = next(row for row in rows if "广场东院" in row)
    where = third.index("郑州怡馨物业服务有限公司") + 1
    assert third[where : where + 4] == [46, 46, "正在改造", 0]
    assert third[-1] == "不予列入"
    total = next(row for row in rows if row[0] == "合计")
    assert total[1:] == [246, 46, 200, 20.5, 1979.5]
    assert ["合计（大写）：人民币壹仟玖佰柒拾玖元伍角整"] in rows
    assert rows[-1] == ["制表人：", "复核人：", "审核人：", "负责人："]
    assert paper.total == claim.total == Decimal("1979.50")
    assert audit.timeline(claim)[0].summary.startswith("导出“索河街道2026年10月")


def test_the_notice_table_names_estates_and_no_person_and_no_account(month: Month, other_street):
    cut(month)
    month.add_estate(50, street=other_street)
    form = notice_form(OCTOBER, month.cast.city_manager)
    assert [column.label for column in form.columns] == [
        "序号", "街道（乡镇）", "小区名称", "户数（户）", "接管单位", "期间", "金额（元）",
    ]  # fmt: skip
    rows = cells(exports.notice_workbook(OCTOBER, actor=month.cast.city_manager).content)
    text = "".join(str(value) for row in rows for value in row)
    assert "广场东院" not in text  # left out, so nothing is paid for it
    for person in month.cast.people.values():
        assert person.name not in text
    assert "账号" not in text
    assert "公示时间" in text
    assert ["合计（大写）：人民币壹仟玖佰柒拾玖元伍角整"] in rows


def test_what_is_not_checked_is_not_hung_out_and_not_asked_for(month: Month):
    month.brought_to("submitted")
    for make in (notice_form, payment_request):
        with pytest.raises(BusinessError, match="2026年10月还没有"):
            make(OCTOBER, month.cast.city_manager)


def test_the_request_names_the_way_that_the_money_takes(month: Month):
    month.brought_to("approved")

    def said() -> str:
        return "".join(payment_request(OCTOBER, month.cast.city_manager).paragraphs)

    assert "由国库集中支付至各收款单位账户" in said()
    services.funding_register(
        name="市级财政",
        route="street",
        document_title="补贴资金安排",
        default_from=OCTOBER,
        actor=month.cast.finance_officer,
    )
    assert "再由街道（乡镇）拨付各收款单位" in said()


def test_the_request_repeats_the_sum_in_words_and_names_its_basis(month: Month):
    cut(month)
    job = exports.request_pdf_start(OCTOBER, actor=month.cast.city_manager)
    text = printed(job)
    for words in (
        "关于拨付2026年10月",
        "荥阳市财政局",
        "1,979.50元",
        "人民币壹仟玖佰柒拾玖元伍角整",
        "荥政办〔2017〕9号",
        "妥否，请批示",
        "QS-2026-10",
    ):
        assert words in text.replace(" ", ""), words
    with pytest.raises(NotPermitted):
        exports.request_pdf_start(OCTOBER, actor=month.cast.street_clerk)


@pytest.mark.parametrize("start", [exports.checked_pdf_start, exports.notice_pdf_start])
def test_the_tables_are_printed_whole(month: Month, start):
    many_estates(month, 60)
    claim = cut(month)
    subject = claim if start is exports.checked_pdf_start else OCTOBER
    text = printed(start(subject, actor=month.cast.city_manager)).replace(" ", "")
    if start is exports.checked_pdf_start:
        assert text.count("审核意见") >= 2  # the last column, on each page
        assert "不予列入" in text
    assert text.count("家属院") >= 60
    assert "合计（大写）：人民币" in text
    assert "制表人：" in text


def test_a_paper_whose_sums_differ_is_not_handed_out(month: Month):
    claim = cut(month)
    triggers.remove_all(connection)
    SubsidyClaim.objects.filter(pk=claim.pk).update(total=Decimal("1979.49"))
    claim.refresh_from_db()
    for make in (
        lambda: checked_form(claim),
        lambda: notice_form(OCTOBER, month.cast.city_manager),
        lambda: payment_request(OCTOBER, month.cast.city_manager),
    ):
        with pytest.raises(BusinessError, match="不符"):
            make()


def test_a_street_prints_its_own_alone(month: Month, other_street, client_for: ClientFor):
    claim = cut(month)
    other = client_for(month.cast.other_clerk)
    assert other.get(reverse("subsidies:checked-workbook", args=[claim.pk])).status_code == 404
    refused = other.get(reverse("subsidies:month-notice-workbook", args=["2026-10"]))
    assert b"PK" not in refused.content[:2] if not refused.streaming else False
    own = client_for(month.cast.street_clerk)
    answer = own.get(reverse("subsidies:month-notice-workbook", args=["2026-10"]))
    assert answer.status_code == 200
