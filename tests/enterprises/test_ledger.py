"""物业服务企业台账: the office's habits, which firm a row is, and whose ledger it is."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from enterprises.calculations import credit_code_check_digit
from enterprises.choices import ProviderKind
from enterprises.models import Provider
from enterprises.services import engagement_create, provider_create, provider_update
from tests.estates.conftest import check, commit, figures, said, workbook
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.ledgers.registry import find
from xingyang_pm.common.ledgers.templates import template_workbook
from xingyang_pm.common.models import AuditEntry

HEAD = ["序号", "企业名称", "统一社会信用代码", "联系电话"]


def code(body: str) -> str:
    return body + credit_code_check_digit(body)


YIXIN, HENGDA = code("91410182MA3X7K2E9"), code("91410182MA4Y8L3F0")


def book(*rows: list[Any], head: list[str] | None = None) -> bytes:
    return workbook(
        {
            "企业": [
                ["荥阳市物业服务企业台账"],
                ["填报单位：房管中心", None, "填报时间：2026.11.3"],
                head or HEAD,
                *[[number, *row] for number, row in enumerate(rows, start=1)],
                ["合计", f"{len(rows)} 家"],
                ["制表人：王刚"],
            ]
        }
    )


@pytest.fixture
def firm(city_manager):
    return provider_create(
        actor=city_manager,
        kind=ProviderKind.ENTERPRISE,
        name="郑州怡馨物业服务有限公司",
        short_name="怡馨物业",
        credit_code=YIXIN,
        phone="0371-64660001",
    )


def test_a_ledger_with_the_offices_columns_and_habits(city_manager):
    head = [
        "序号", "企业\n名称", "统一社会信用代码", "注册地址", "注册资本", "成立日期", "法定代表人",
        "负责人", "联系电话", "从业\n人员数", "在管项目数", "在管面积(㎡)", "资质等级（2017年前）",
        "责任书签订日期", "信用等级", "备注",
    ]  # fmt: skip
    source = book(
        ["郑州恒达物业(荥阳)有限公司 ", HENGDA.lower(), "荥阳市索河路１２号", "500万元",
         "2010年5月", "王　刚", "张利民", "13800000001/0371-64660001", "约86人", 0, "12万㎡",
         "三级", "2017.3.20", "A", "／"],
        ["荥阳市安居物业有限公司", None, None, 300, dt.date(2012, 3, 1), "—", None, 13800000002,
         "1,020", None, None, None, None, None, None],
        ["荥阳市民生物业有限公司", None, None, "0.1亿元", None, None, None, None, None, None, None,
         None, None, None, None],
        head=head,
    )  # fmt: skip
    outcome = check("enterprises", source, city_manager)
    assert said(outcome.errors) == []
    assert figures(outcome) == (3, 0, 0, 0)
    told = " ".join(message for _, message in said(outcome.warnings))
    for words in ("在管面积", "责任书签订日期", "信用等级", "约数"):
        assert words in told
    commit("enterprises", source, city_manager)
    first = Provider.objects.get(credit_code=HENGDA)
    assert first.name == "郑州恒达物业（荥阳）有限公司"
    assert first.kind == ProviderKind.ENTERPRISE
    assert first.registered_address == "荥阳市索河路12号"
    assert first.registered_capital == Decimal("500.00")
    assert first.founded_on == dt.date(2010, 5, 1)
    assert (first.legal_representative, first.manager_name) == ("王刚", "张利民")
    assert (first.staff_count, first.qualification_grade) == (86, "三级")
    assert first.phone == "13800000001、0371-64660001"
    assert first.remarks == ""
    second = Provider.objects.get(name="荥阳市安居物业有限公司")
    assert (second.registered_capital, second.staff_count) == (Decimal("300.00"), 1020)
    assert second.legal_representative == ""
    third = Provider.objects.get(name="荥阳市民生物业有限公司")
    assert third.registered_capital == Decimal("1000.00")
    assert AuditEntry.objects.filter(verb="provider.create").count() == 3
    assert figures(check("enterprises", source, city_manager)) == (0, 0, 3, 0)


def test_capital_in_yuan_becomes_wan(city_manager):
    head = ["序号", "企业名称", "注册资本（元）"]
    source = book(["甲物业有限公司", "3000000元"], head=head)
    commit("enterprises", source, city_manager)
    assert Provider.objects.get().registered_capital == Decimal("300.00")


@pytest.mark.parametrize("header", ["注册资本（元）", "注册资本(元)"])
def test_a_bare_number_under_yuan_is_not_taken_for_wan(city_manager, header):
    source = book(["甲物业有限公司", 3_000_000], head=["序号", "企业名称", header])
    commit("enterprises", source, city_manager)
    assert Provider.objects.get().registered_capital == Decimal("300.00")


@pytest.mark.parametrize("header", ["注册资本（万元）", "注册资金(万元)", "注册资本"])
def test_a_bare_number_is_wan(city_manager, header):
    source = book(["甲物业有限公司", 500], head=["序号", "企业名称", header])
    commit("enterprises", source, city_manager)
    assert Provider.objects.get().registered_capital == Decimal("500.00")


def test_a_change_is_shown_field_by_field_and_written(city_manager, firm):
    source = book(["怡馨物业", YIXIN, "13800000009"])
    outcome = check("enterprises", source, city_manager)
    assert figures(outcome) == (0, 1, 0, 0)
    (change,) = outcome.plan.changed
    assert [(f.name, f.old, f.new) for f in change.fields] == [
        ("phone", "0371-64660001", "13800000009")
    ]
    assert change.fields[0].secret
    commit("enterprises", source, city_manager)
    firm.refresh_from_db()
    assert (firm.name, firm.phone) == ("郑州怡馨物业服务有限公司", "13800000009")


def test_the_code_finds_a_firm_that_has_a_new_name(city_manager, firm):
    source = book(["郑州怡馨城市服务有限公司", YIXIN, None])
    outcome = check("enterprises", source, city_manager)
    (change,) = outcome.plan.changed
    assert [(f.name, f.new, f.note) for f in change.fields] == [
        ("name", "郑州怡馨城市服务有限公司", "代码相同，名称改为表中的写法")
    ]
    commit("enterprises", source, city_manager)
    firm.refresh_from_db()
    assert firm.name == "郑州怡馨城市服务有限公司"


def test_a_blank_cell_changes_nothing(city_manager, firm):
    source = book(["郑州怡馨物业服务有限公司", None, None])
    assert figures(check("enterprises", source, city_manager)) == (0, 0, 1, 0)


def test_what_cannot_be_told_is_refused_cell_by_cell(city_manager, firm, street):
    provider_create(
        actor=city_manager,
        kind=ProviderKind.COMMUNITY_CENTRE,
        name="京城社区物业服务中心",
        street=street,
    )
    other = provider_create(actor=city_manager, kind=ProviderKind.ENTERPRISE, name="甲物业有限公司")
    wrong = YIXIN[:-1] + ("0" if YIXIN[-1] != "0" else "1")
    source = book(
        ["荣阳物业有限公司", None, None],
        ["京城社区物业服务中心", None, None],
        ["郑州怡馨物业服务有限公司", HENGDA, None],
        ["乙物业有限公司", wrong, None],
        ["丙物业有限公司", "9.14E+17", None],
        [other.name, YIXIN, None],
        ["丁物业有限公司", None, None],
        ["丁物业有限公司", None, None],
        [None, None, "13800000001"],
    )
    outcome = check("enterprises", source, city_manager)
    told = dict(said(outcome.errors))
    assert told["B4"] == "“荣阳”应写作“荥阳”。请改正。"
    assert "已登记为社区物业服务中心" in told["B5"]
    assert YIXIN in told["C6"]
    assert "校验不符" in told["C7"]
    assert "已经丢失" in told["C8"]
    assert "另一家企业" in told["C9"]
    assert "与第 10 行重复" in told["B11"]
    assert "B12" in told
    assert figures(outcome) == (1, 0, 0, 8)
    assert Provider.objects.count() == 3


def test_one_firm_under_two_names_is_found(city_manager, firm):
    source = book(["郑州怡馨物业服务有限公司", None, None], ["怡馨物业", None, "13800000002"])
    outcome = check("enterprises", source, city_manager)
    assert said(outcome.errors) == [
        ("B5", "与第 4 行“郑州怡馨物业服务有限公司”是同一家企业。请删去其中一行。")
    ]
    again = book(["甲物业有限公司", HENGDA, None], ["乙物业有限公司", HENGDA, None])
    assert said(check("enterprises", again, city_manager).errors) == [
        ("B5", "与第 4 行“甲物业有限公司”是同一家企业。请删去其中一行。")
    ]


def test_the_number_of_estates_served_is_held_against_the_contracts(city_manager, firm, estate):
    engagement_create(
        estate=estate, provider=firm, actor=city_manager, start_date=dt.date(2026, 1, 1)
    )
    head = ["序号", "企业名称", "在管项目数"]
    right = check("enterprises", book([firm.name, "1个"], head=head), city_manager)
    assert right.warnings == []
    wrong = check("enterprises", book([firm.name, 3], head=head), city_manager)
    assert said(wrong.warnings) == [("C4", "表中在管 3 个，按服务合同现有 1 个。请核对服务合同。")]
    assert figures(wrong) == (0, 0, 1, 0)


def test_only_who_keeps_the_registry_may_import(street_clerk, inspector, auditor):
    for person in (street_clerk, inspector, auditor):
        with pytest.raises(NotPermitted):
            check("enterprises", book(["甲物业有限公司", None, None]), person)


def test_the_check_reads_the_registry_in_one_query(city_manager, firm, count_queries):
    few = book(["甲物业有限公司", None, None])
    many = book(*[[f"第{number}物业有限公司", None, None] for number in range(60)])
    check("enterprises", few, city_manager)
    with count_queries() as first:
        check("enterprises", few, city_manager)
    with count_queries() as second:
        check("enterprises", many, city_manager)
    assert len(first) == len(second)


def test_the_empty_form_comes_back_as_an_empty_ledger(city_manager):
    outcome = check("enterprises", template_workbook(find("enterprises")), city_manager)
    assert outcome.errors == []
    assert outcome.created <= 1  # the example row, where the form holds one


def test_the_slip_in_the_citys_name_is_refused_at_the_other_doors_too(city_manager, firm):
    with pytest.raises(BusinessError, match="应写作“荥阳”"):
        provider_create(actor=city_manager, kind=ProviderKind.ENTERPRISE, name="荣阳物业有限公司")
    with pytest.raises(BusinessError, match="应写作“荥阳”") as refusal:
        provider_update(provider=firm, actor=city_manager, office_address="荣阳市索河路")
    assert refusal.value.field == "office_address"
