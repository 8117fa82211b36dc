"""The rate: by a document, from a month on, for good."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from subsidies.models import SubsidyRate
from tests.subsidies.conftest import Month, make_rate
from xingyang_pm.common import audit
from xingyang_pm.common.errors import BusinessError, NotPermitted


def test_the_bureaus_manager_registers_a_rate_with_its_document(city_manager):
    paper = SimpleUploadedFile("补贴办法.pdf", b"%PDF-1.4")
    rate = make_rate(city_manager, document=paper)
    assert (rate.amount, rate.document_name) == (Decimal("10.00"), "补贴办法.pdf")
    assert rate.document.read() == b"%PDF-1.4"
    assert audit.timeline(rate)[0].summary == (
        "登记补贴标准每户每月 10.00 元，2017年4月起执行，依据"
        "《荥阳市老旧小区物业管理补贴办法》（荥政办〔2017〕9号）"
    )


@pytest.mark.parametrize(
    "who", ["street_clerk", "street_leader", "bureau_leader", "finance_officer", "system_admin",
            "auditor", "inspector", "outsider"],
)  # fmt: skip
def test_nobody_else_registers_one(cast, who):
    with pytest.raises(NotPermitted):
        make_rate(cast.people[who])
    assert not SubsidyRate.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"amount": "0.00"}, None, "须大于零"),
        ({"amount": "-1.00"}, None, "须大于零"),
        ({"since": dt.date(2026, 12, 15)}, "effective_from", "须为某月1日"),
        ({"document_title": "  "}, "document_title", "必填|不能为"),
        ({"month_rule": "by_weeks"}, "month_rule", "by_weeks"),
    ],
)
def test_bad_values_are_told_in_a_sentence(city_manager, values, field, sentence):
    with pytest.raises(BusinessError, match=sentence) as refused:
        make_rate(city_manager, **values)
    assert refused.value.field == field


def test_a_month_has_one_rate(city_manager):
    make_rate(city_manager)
    with pytest.raises(BusinessError, match="已有一个补贴标准"):
        make_rate(city_manager, "11.00")


def test_a_month_that_is_approved_gets_no_new_rate(month: Month):
    month.brought_to("approved")
    with pytest.raises(BusinessError, match="新标准最早从 2026年11月起执行"):
        make_rate(month.cast.city_manager, "12.00", dt.date(2026, 10, 1))
    assert make_rate(month.cast.city_manager, "12.00", dt.date(2026, 11, 1)).pk
