"""Who serves, since when and for how much, as the ledgers of estates state it."""

import datetime as dt
from decimal import Decimal
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from enterprises import services
from enterprises.choices import FeeUnit, FilingState, ProviderKind, SelectionMode
from enterprises.imports.contracts import ContractCompanion
from enterprises.models import Engagement, ProjectManager
from enterprises.services import ContractEntry, engagements_load
from estates.choices import CountStatus, EstateKind, StreetKind
from estates.imports import CompanionRow
from estates.models import Estate, HouseholdCount, Street
from estates.services import household_count_verify
from subsidies.choices import GapReason
from subsidies.models import SubsidyRate
from subsidies.selectors.changes import source_changes
from subsidies.selectors.computing import compute_month
from subsidies.services import claim_open
from tests.enterprises.conftest import TODAY, credit_code
from tests.estates.conftest import check, commit, figures, said, workbook
from tests.support.workbooks import saved
from xingyang_pm.common import clock
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.ledgers.registry import find
from xingyang_pm.common.ledgers.services import import_commit, import_keep
from xingyang_pm.common.ledgers.templates import template_workbook
from xingyang_pm.common.models import AuditEntry

pytestmark = pytest.mark.usefixtures("that_day")

HEAD = ["序号", "街道", "社区", "小区（楼院）名称", "楼栋数", "户数", "接管单位", "接管日期"]
FIRM = "郑州怡馨物业服务有限公司"
APRIL_2017 = dt.date(2017, 4, 1)


def book(*rows, head=HEAD, title="台账"):
    """Return the office's sheet: title, unit line, header on row 3, sum, signatures."""
    return workbook(
        {
            title: [
                ["荥阳市老旧小区台账"],
                ["填报单位：房管中心", None, None, "填报时间：2026.11.3"],
                head,
                *[[number, *row] for number, row in enumerate(rows, start=1)],
                ["合计", None, None, None, 99, 9999],
                ["制表人：王刚", None, None, "复核人："],
            ]
        }
    )


def row(name, provider=FIRM, since="2017.4.1", *more, households=96):
    return ["索河街道", "龙泉社区", name, 3, households, provider, since, *more]


def one(name, *more, head=()):
    """Return a ledger of one estate with further columns."""
    return book(row(name, *more), head=[*HEAD, *head])


def terms(contract):
    return (contract.provider.name, contract.start_date, contract.end_date)


# --- A new contract ------------------------------------------------------------------------------


def test_a_ledger_with_every_habit_brings_its_contracts_in(
    city_manager, street, estate, firm, rival, centre
):
    """Merged and blank places, two levels of header, full width, units, dates as people write
    them, a short name, a code, the community's own centre, marks for nobody."""
    services.manager_add(provider=firm, actor=city_manager, name="张利民")
    sheet = openpyxl.Workbook()
    page = sheet.active
    page.title = "索河办（5个）"
    for cells in (
        ["荥阳市老旧小区（楼院）台账"],
        ["填报单位：房管中心", None, None, None, None, "填报时间：2026.11.3"],
        ["序号", "社区", "小区（楼院）\n名称", "户数\n（户）", "物业服务", None, None, None, None,
         "备注"],
        [None, None, None, None, "接管\n单位", "接管\n日期", "收费标准\n(元/户·月)", "服务等级",
         "项目经理", None],
        [1, "龙泉社区居委会", "纺织厂　家属院", "96户", "郑州怡馨物业服务有限公司 ", "2017年4月",
         "10元", "二级", "张　利民", None],
        [2, None, "甲院", "约60户", "惠民物业", 42990, "８.5", None, None, None],
        [3, None, "乙院", 40, "龙泉社区物业服务中心", "2017/9/1", "/", None, None, None],
        [4, None, "丙院", 40, "社区物业服务中心", 20170901, None, None, None, None],
        [5, None, "丁院", 30, "91410182ma3x7k2e9" + firm.credit_code[-1], dt.date(2018, 1, 1),
         None, None, None, None],
        [6, None, "戊院", 30, "自管", "/", None, None, None, None],
        [7, None, "己院", 30, "—", None, None, None, None, None],
        [8, None, "庚院", 30, "无", None, None, None, None, None],
        ["合计", None, None, 356, None],
        ["制表人：　　科室负责人："],
    ):  # fmt: skip
        page.append(cells)
    for area in ("A1:J1", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:I3", "J3:J4", "B5:B12"):
        page.merge_cells(area)
    source = saved(sheet)
    outcome = check("old_estates", source, city_manager)
    assert said(outcome.errors) == []
    assert figures(outcome) == (7, 1, 0, 0)
    assert outcome.plan.beside_sentence() == "登记服务合同 5 份"
    batch = commit("old_estates", source, city_manager)

    found = {c.estate.name: c for c in Engagement.objects.select_related("estate", "provider")}
    assert set(found) == {"纺织厂家属院", "甲院", "乙院", "丙院", "丁院"}
    first = found["纺织厂家属院"]
    assert (first.provider, first.start_date, first.end_date) == (firm, APRIL_2017, None)
    assert (first.fee_standard, first.fee_unit) == (Decimal("10.00"), FeeUnit.HOUSEHOLD)
    assert (first.service_grade, first.project_manager.name) == ("二级", "张利民")
    assert (found["甲院"].provider, found["甲院"].start_date) == (rival, dt.date(2017, 9, 12))
    assert found["甲院"].fee_standard == Decimal("8.50")
    assert found["乙院"].provider == found["丙院"].provider == centre
    assert found["丙院"].start_date == dt.date(2017, 9, 1)
    assert found["丁院"].provider == firm
    assert {c.batch for c in found.values()} == {batch}

    again = check("old_estates", source, city_manager)
    assert figures(again) == (0, 0, 8, 0)


def test_the_short_ledger_states_the_contract_by_its_period(city_manager, street, firm):
    head = ["序号", "街道(乡镇)", "社区", "小区名称", "户数", "物业服务企业", "服务等级",
            "收费标准(元/㎡·月)", "合同起止", "项目经理"]  # fmt: skip
    source = workbook(
        {
            "台账": [
                head,
                [1, "索河街道", "龙泉社区", "康泰花园", "640户", FIRM, "二级", "1.2元/平方米·月",
                 "2024.9.1-2027.8.31", "张利民"],
                [2, None, None, "水岸名城", 200, "怡馨物业", None, None, "2024年9月至长期", None],
            ]
        }
    )  # fmt: skip
    outcome = check("estates", source, city_manager)
    assert ("J2", "怡馨物业没有登记叫“张利民”的在岗人员，项目经理没有读取。"
            "请在服务主体里登记这个人，再在服务合同里选。") in said(outcome.warnings)  # fmt: skip
    commit("estates", source, city_manager)
    first, second = Engagement.objects.order_by("estate__code")
    assert terms(first) == (FIRM, dt.date(2024, 9, 1), dt.date(2027, 8, 31))
    assert (first.fee_standard, first.fee_unit) == (Decimal("1.20"), FeeUnit.AREA)
    assert (first.service_grade, first.project_manager) == ("二级", None)
    assert terms(second) == (FIRM, dt.date(2024, 9, 1), None)


def test_a_rural_community_is_served_by_its_village(city_manager, street, cast):
    town = Street.objects.create(
        code="410182101", name="乔楼镇", kind=StreetKind.TOWN, office=cast.other_office
    )
    village = services.provider_create(
        actor=city_manager,
        kind=ProviderKind.VILLAGE_COMMITTEE,
        name="张村庙村民委员会",
        street=town,
    )
    rows = [
        ["序号", "乡镇", "社区名称", "户数", "管理单位", "接管日期"],
        [1, "乔楼", "张村庙社区", 640, "张村庙村委会", "2015.6.30"],
    ]
    commit("rural_communities", workbook({"台账": rows}), city_manager)
    contract = Engagement.objects.get()
    assert contract.provider == village
    assert contract.selection_mode == SelectionMode.VILLAGE


def test_what_a_ledger_does_not_say_is_left_open_and_never_late(
    city_manager, client_for, estate, make_estate, firm, centre
):
    other = make_estate()
    source = book(row(estate.name), row(other.name, centre.name))
    commit("old_estates", source, city_manager)
    contract = Engagement.objects.get(estate=estate)
    assert (contract.signed_on, contract.filed_on) == (None, None)
    assert contract.selection_mode == SelectionMode.UNKNOWN
    assert Engagement.objects.get(estate=other).selection_mode == SelectionMode.ENTRUSTED
    assert contract.filing_state == FilingState.INCOMPLETE
    assert not Engagement.objects.filing_late(TODAY).exists()
    assert not Engagement.objects.unsigned().exists()
    client = client_for(city_manager)
    page = client.get(contract.get_absolute_url()).content.decode()
    assert "资料待补" in page
    assert "由台账登记，签订日期、选聘方式和备案还没有填" in page
    assert "台账.xlsx" in page
    listed = client.get(reverse("enterprises:engagement-list"), {"filing": "incomplete"})
    assert estate.name in listed.content.decode()
    desk = client.get("/").content.decode()
    assert "2 份由台账登记的服务合同资料待补" in desk

    # Who looks at the paper fills it in on the contract's own page.
    url = reverse("enterprises:engagement-update", args=[contract.pk])
    form = client.get(url).context["form"]
    assert SelectionMode.UNKNOWN in dict(form.fields["selection_mode"].choices)
    services.engagement_update(
        engagement=contract, actor=city_manager, signed_on=dt.date(2017, 3, 20),
        filed_on=dt.date(2017, 4, 1), selection_mode=SelectionMode.STREET,
    )  # fmt: skip
    contract.refresh_from_db()
    assert contract.filing_state == FilingState.DONE
    form = client.get(url).context["form"]
    assert SelectionMode.UNKNOWN not in dict(form.fields["selection_mode"].choices)


def test_a_contract_is_recorded_with_the_ledger_as_its_source(city_manager, estate, firm):
    commit("old_estates", one(estate.name), city_manager, "老旧小区台账.xlsx")
    contract = Engagement.objects.get()
    entry = AuditEntry.objects.get(verb="engagement.create")
    assert entry.summary == (
        f"由台账“老旧小区台账.xlsx”登记 怡馨物业 自2017年4月1日接管 {estate.name}"
    )
    assert entry.actor == city_manager
    assert entry.after["start_date"] == "2017-04-01"
    for subject in (contract, estate, firm):
        assert entry in timeline(subject)


def test_the_check_shows_what_will_be_registered(city_manager, client_for, estate, firm):
    source = book(
        row(estate.name, FIRM, "2017.4.1", "2017.4.1-2029.3.31", 10),
        row("新院"),
        head=[*HEAD, "合同起止", "收费标准"],
    )
    outcome = check("old_estates", source, city_manager)
    shown = [(c.label, c.old, c.new, c.note) for c in outcome.plan.changed[0].fields]
    assert shown == [
        ("服务主体", "（空）", FIRM, "户数已核定的，从下一次开账起计入补贴"),
        ("接管日期", "（空）", "2017-04-01", ""),
        ("合同到期", "（空）", "2029-03-31", ""),
        ("收费标准", "（空）", "10.00 元/户·月", ""),
    ]
    assert outcome.plan.created[0].note == (
        "登记 96 户，入库后送户数核定；登记服务合同：怡馨物业，2017年4月1日起，户数核定后计入补贴"
    )
    batch = import_keep(outcome=outcome, source=source, name="台账.xlsx", actor=city_manager)
    page = client_for(city_manager).get(reverse("common:import-detail", args=[batch.pk]))
    assert "同时登记服务合同 2 份" in page.content.decode()


def test_the_command_says_it_and_writes_it(city_manager, estate, firm, tmp_path):
    path = tmp_path / "老旧小区台账.xlsx"
    path.write_bytes(book(row(estate.name), row("新院")))
    out = StringIO()
    call_command("import_workbook", "old_estates", str(path), "--as", city_manager.username,
                 stdout=out)  # fmt: skip
    assert "同时登记服务合同 2 份" in out.getvalue()
    assert "新增　新院（登记 96 户，入库后送户数核定；登记服务合同：怡馨物业" in out.getvalue()
    assert f"服务主体 （空）→{FIRM}" in out.getvalue()
    assert not Engagement.objects.exists()
    call_command("import_workbook", "old_estates", str(path), "--as", city_manager.username,
                 "--commit", stdout=StringIO())  # fmt: skip
    assert Engagement.objects.count() == 2


# --- Which provider ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "郑州怡馨物业服务有限公司",
        " 郑州怡馨 物业服务有限公司　",
        "怡馨物业",
        "91410182MA3X7K2E9",
        "郑州怡馨物业服务有限公司（91410182MA3X7K2E9）",
    ],
)
def test_a_provider_is_found_under_any_spelling(city_manager, estate, firm, written):
    written = written.replace("91410182MA3X7K2E9", firm.credit_code)
    commit("old_estates", one(estate.name, written), city_manager)
    assert Engagement.objects.get().provider == firm


@pytest.mark.parametrize("written", ["郑州恒达物业（荥阳）有限公司", "郑州恒达物业(荥阳)有限公司"])
def test_brackets_and_width_make_no_other_firm(city_manager, estate, written):
    services.provider_create(
        actor=city_manager, kind=ProviderKind.ENTERPRISE, name="郑州恒达物业（荥阳）有限公司"
    )
    commit("old_estates", one(estate.name, written), city_manager)
    assert Engagement.objects.exists()


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "洛阳天宇物业有限公司",
            "名录里没有“洛阳天宇物业有限公司”。请先导入物业服务企业台账，或在服务主体里登记。",
        ),
        (
            "郑州怡鑫物业服务有限公司",
            "名录里没有“郑州怡鑫物业服务有限公司”。是不是“郑州怡馨物业服务有限公司”？"
            "是的请改写名称；不是的请先导入物业服务企业台账，或在服务主体里登记。",
        ),
        (
            credit_code("91410182MA4Y8L3F0"),
            f"名录里没有统一社会信用代码为 {credit_code('91410182MA4Y8L3F0')} 的服务主体。"
            "请核对代码，或先导入物业服务企业台账。",
        ),
        (
            "龙泉社区居委会",
            "名录里没有“龙泉社区居委会”。是不是“龙泉社区物业服务中心”？"
            "是的请改写名称；不是的请先在服务主体里登记。",
        ),
        (
            "村委会",
            "龙泉社区还没有登记村委自管。请写全称，或先在服务主体里登记。",
        ),
        (
            "京城社区物业服务中心",
            "京城社区物业服务中心属于京城路街道，不能接管索河街道的小区。请核对。",
        ),
    ],
)
def test_an_unknown_provider_is_an_error_that_says_what_to_do(
    city_manager, estate, other_street, firm, centre, written, sentence
):
    services.provider_create(
        actor=city_manager,
        kind=ProviderKind.COMMUNITY_CENTRE,
        name="京城社区物业服务中心",
        street=other_street,
    )
    outcome = check("old_estates", one(estate.name, written), city_manager)
    assert said(outcome.errors) == [("G4", sentence)]
    assert figures(outcome) == (0, 0, 0, 1)


def test_a_short_name_of_several_is_never_guessed(city_manager, estate, firm):
    services.provider_create(
        actor=city_manager, kind=ProviderKind.ENTERPRISE, name="洛阳怡馨物业有限公司",
        short_name="怡馨物业",
    )  # fmt: skip
    outcome = check("old_estates", one(estate.name, "怡馨物业"), city_manager)
    assert "名录里有 2 个“怡馨物业”" in said(outcome.errors)[0][1]


def test_the_centre_without_a_community_is_an_error(city_manager, street, centre):
    source = book(["索河街道", None, "甲院", 3, 96, "社区物业服务中心", "2017.4.1"])
    outcome = check("old_estates", source, city_manager)
    assert said(outcome.errors) == [
        ("G4", "只写了社区物业服务中心，看不出是哪一个。请写全称，或填好社区（村）一列。")
    ]


@pytest.mark.parametrize("written", ["无", "暂无", "自管", "业主自治", "无物业", "弃管"])
def test_a_word_for_nobody_does_not_end_a_contract(city_manager, estate, firm, engage, written):
    engage(estate, firm, end_date=dt.date(2027, 12, 31))
    outcome = check("old_estates", one(estate.name, written, None), city_manager)
    assert figures(outcome) == (0, 0, 1, 0)
    assert said(outcome.warnings) == [
        (
            "G4",
            f"表中写“{written}”，名录里现在由{FIRM}服务，合同到2027年12月31日，名录不变。"
            "已经不再服务的，请在服务合同里办理终止。",
        )
    ]


@pytest.mark.parametrize("written", [None, "/", "—", "  "])
def test_a_blank_cell_says_nothing(city_manager, estate, firm, engage, written):
    engage(estate, firm)
    outcome = check("old_estates", one(estate.name, written, None), city_manager)
    assert (figures(outcome), said(outcome.warnings)) == ((0, 0, 1, 0), [])


# --- Days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "period", "cell", "sentence"),
    [
        ("2027.12.1", None, "H4", "接管日期 2027-12-01 在一年以后。请核对年份。"),
        ("2026.13.1", None, "H4", "月份 13 不存在。请改为实际接管日期。"),
        (
            "2028.1.1", "2024.9.1-2027.8.31", "H4",
            "接管日期 2028-01-01 晚于合同到期 2027-08-31。请核对这两格。",
        ),
        (
            None, "2027.8.31-2024.9.1", "I4",
            "终止日期 2024-09-01 早于起始日期 2027-08-31。请改正。",
        ),
        (None, "2028.9.1-2030.8.31", "I4", "接管日期 2028-09-01 在一年以后。请核对年份。"),
    ],
)  # fmt: skip
def test_impossible_days_are_errors(city_manager, estate, firm, since, period, cell, sentence):
    source = one(estate.name, FIRM, since, period, head=["合同起止"])
    assert said(check("old_estates", source, city_manager).errors) == [(cell, sentence)]


def test_a_provider_without_a_day_registers_nothing_and_says_so(city_manager, estate, firm):
    outcome = check("old_estates", one(estate.name, FIRM, None), city_manager)
    assert figures(outcome) == (0, 0, 1, 0)
    assert said(outcome.warnings) == [
        (
            "H4",
            "写了服务单位，没有写接管日期，服务合同没有登记。请补填日期后再导入，"
            "或在服务合同里登记。",
        )
    ]


def test_a_sheet_without_a_column_of_days_says_so_once(city_manager, street, firm):
    source = book(row("甲院", FIRM)[:-1], row("乙院", FIRM)[:-1], head=HEAD[:-1])
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (2, 0, 0, 0)
    assert [cell for cell, _ in said(outcome.warnings)] == ["G4"]
    assert "没有接管日期或合同起止一列" in said(outcome.warnings)[0][1]


def test_days_without_a_provider_are_told(city_manager, street):
    outcome = check("old_estates", book(row("甲院", None)), city_manager)
    assert said(outcome.warnings) == [
        ("H4", "没有写服务单位，合同的内容没有读取。请补填服务单位。")
    ]


def test_a_contract_that_has_run_out_is_told(city_manager, estate, firm):
    source = one(estate.name, FIRM, None, "2020.9.1-2023.8.31", head=["合同起止"])
    outcome = check("old_estates", source, city_manager)
    assert said(outcome.warnings) == [
        (
            "I4",
            "合同已于2023年8月31日到期，只作为过去的合同登记。还在服务的，请写现在的合同起止。",
        )
    ]
    assert outcome.plan.changed[0].fields[0].note == ""
    commit("old_estates", source, city_manager)
    # Read again, the contract is known and over.
    again = check("old_estates", source, city_manager)
    assert figures(again) == (0, 0, 1, 0)
    assert "已经结束，名录不变" in said(again.warnings)[0][1]


@pytest.mark.parametrize("header", ["收费标准（元/㎡·月）", "物业费(元/平方米·月)"])
def test_a_fee_by_another_unit_is_an_error(city_manager, estate, firm, header):
    source = one(estate.name, FIRM, "2017.4.1", 1.2, head=[header])
    ((cell, sentence),) = said(check("old_estates", source, city_manager).errors)
    assert cell == "I4"
    assert "应为元/户·月。请换算后填写，并改正表头。" in sentence


def test_a_fee_that_the_contract_cannot_hold_is_an_error(city_manager, estate, firm):
    source = one(estate.name, FIRM, "2017.4.1", 1_000_000, head=["收费标准"])
    assert [cell for cell, _ in said(check("old_estates", source, city_manager).errors)] == ["I4"]


# --- The same provider serves already ------------------------------------------------------------

TERMS_HEAD = ["合同起止", "收费标准", "服务等级", "项目经理"]


def test_only_differences_of_a_running_contract_are_changes(city_manager, estate, firm, engage):
    services.manager_add(provider=firm, actor=city_manager, name="张利民")
    contract = engage(
        estate, firm, start_date=APRIL_2017, fee_standard=Decimal(8), fee_unit=FeeUnit.HOUSEHOLD
    )
    source = one(
        estate.name, "怡馨物业", "2017.4.1", "2017.4.1-2029.3.31", 10, "二级", "张利民",
        head=TERMS_HEAD,
    )  # fmt: skip
    outcome = check("old_estates", source, city_manager)
    assert said(outcome.warnings) == []
    assert [(c.label, c.old, c.new) for c in outcome.plan.changed[0].fields] == [
        ("收费标准", "8.00 元/户·月", "10.00 元/户·月"),
        ("服务等级", "（空）", "二级"),
        ("项目经理", "（空）", "张利民"),
        ("合同到期", "（空）", "2029-03-31"),
    ]
    assert outcome.plan.beside_sentence() == "修改服务合同 1 份"
    commit("old_estates", source, city_manager)
    contract.refresh_from_db()
    assert (contract.fee_standard, contract.service_grade) == (Decimal("10.00"), "二级")
    assert contract.end_date == dt.date(2029, 3, 31)
    assert contract.batch is None
    entry = AuditEntry.objects.get(verb="engagement.update")
    assert entry.summary == (
        "由台账“台账.xlsx”修改服务合同的合同到期、收费标准、服务等级、项目经理"
    )
    assert entry.before["fee_standard"] == "8.00"
    assert figures(check("old_estates", source, city_manager)) == (0, 0, 1, 0)


def test_the_days_of_a_running_contract_are_not_changed_by_a_ledger(
    city_manager, estate, firm, engage
):
    engage(estate, firm, start_date=dt.date(2018, 1, 1), end_date=dt.date(2027, 12, 31))
    source = one(estate.name, FIRM, "2017.4.1", "2017.4.1-2029.3.31", head=["合同起止"])
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (0, 0, 1, 0)
    assert said(outcome.warnings) == [
        (
            "H4",
            "名录里怡馨物业的接管日期是 2018-01-01，与表中不同，名录不变。"
            "名录有误的，请在服务合同里修改。",
        ),
        (
            "I4",
            "名录里怡馨物业的合同到2027年12月31日，与表中不同，名录不变。"
            "续签或改期的，请在服务合同里办理。",
        ),
    ]


def test_an_open_contract_is_not_closed_in_the_past(city_manager, estate, firm, engage):
    engage(estate, firm, start_date=APRIL_2017)
    source = one(estate.name, FIRM, None, "2017.4.1-2020.3.31", head=["合同起止"])
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (0, 0, 1, 0)
    assert [cell for cell, _ in said(outcome.warnings)] == ["I4"]


def test_a_known_provider_needs_no_day(city_manager, estate, firm, engage):
    engage(estate, firm)
    outcome = check("old_estates", one(estate.name, FIRM, None), city_manager)
    assert (figures(outcome), said(outcome.warnings)) == ((0, 0, 1, 0), [])


def test_the_next_contract_of_the_same_provider_is_a_new_one(city_manager, estate, firm, engage):
    engage(estate, firm, end_date=dt.date(2026, 12, 31))
    source = one(estate.name, FIRM, None, "2027.1.1-2029.12.31", head=["合同起止"])
    outcome = check("old_estates", source, city_manager)
    assert outcome.plan.changed[0].fields[1].note == "还没有开始"
    commit("old_estates", source, city_manager)
    assert [terms(c) for c in Engagement.objects.order_by("start_date")] == [
        (FIRM, dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
        (FIRM, dt.date(2027, 1, 1), dt.date(2029, 12, 31)),
    ]


# --- Another provider serves ---------------------------------------------------------------------


@pytest.mark.parametrize("since", ["2026.12.1", "2017.4.1", None])
def test_another_provider_that_serves_today_is_an_error(
    city_manager, estate, firm, rival, engage, since
):
    engage(estate, rival, end_date=dt.date(2027, 8, 31))
    outcome = check("old_estates", one(estate.name, FIRM, since), city_manager)
    assert figures(outcome) == (0, 0, 0, 1)
    assert said(outcome.errors) == [
        (
            "G4",
            "名录里现在由荥阳市惠民物业服务有限公司服务，合同到2027年8月31日。换了服务单位的，"
            "请先在服务合同里办理终止，再导入；没有换的，请改正这一格。",
        )
    ]


def test_once_the_other_is_ended_the_ledger_comes_in(city_manager, estate, firm, rival, engage):
    old = engage(estate, rival)
    source = one(estate.name, FIRM, "2026.11.1")
    assert check("old_estates", source, city_manager).errors
    services.engagement_end(
        engagement=old, actor=city_manager, end_date=dt.date(2026, 10, 31), reason="重新选聘"
    )
    commit("old_estates", source, city_manager)
    assert Engagement.objects.on(TODAY).get(estate=estate).provider == firm


def test_an_overlap_with_a_past_contract_of_another_is_an_error(
    city_manager, estate, firm, rival, engage
):
    engage(estate, rival, start_date=dt.date(2016, 1, 1), end_date=dt.date(2018, 12, 31))
    outcome = check("old_estates", one(estate.name), city_manager)
    assert said(outcome.errors) == [
        (
            "H4",
            "名录里 2016年1月1日至2018年12月31日由荥阳市惠民物业服务有限公司服务，"
            "与表中的日期重叠。请核对日期。",
        )
    ]


def test_two_rows_for_one_estate_are_found_before_the_database_does(
    city_manager, street, estate, firm, rival
):
    """The registry refuses a repeated estate; the companion relies on nobody for it."""
    source = book(row(estate.name), row(estate.name, "惠民物业", "2026.1.1"))
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (0, 1, 0, 1)
    cells = check("old_estates", book(row("甲院"), row("乙院", "惠民物业", "2026.1.1")),
                  city_manager).reading.rows  # fmt: skip
    for known in (estate, None):
        asked = [
            CompanionRow(cell, known, "甲院", street, None, {
                "provider": cell["provider"], "since": cell["since"]
            })
            for cell in cells
        ]  # fmt: skip
        first, second = ContractCompanion(EstateKind.OLD).plan(asked, city_manager)
        assert (first.errors, first.payload is None) == ((), False)
        assert second.errors == [
            (
                "provider",
                "与第 4 行是同一个小区，同一天只能有一个服务单位。请删去其中一行。",
            )
        ]


@pytest.mark.both_databases
def test_the_database_holds_one_provider_a_day_against_the_loader_too(
    city_manager, estate, firm, rival, engage
):
    """Should a contract appear that the check has not seen, nothing of the ledger is written."""
    batch = commit("old_estates", book(row("甲院", None, None)), city_manager)
    engage(estate, rival)
    entry = ContractEntry(estate, firm, None, {"start_date": APRIL_2017})
    with pytest.raises(BusinessError, match="同一小区同一天只能有一个服务主体"):
        engagements_load(entries=[entry], batch=batch, actor=city_manager)
    with pytest.raises(IntegrityError, match="同一小区同一天"), transaction.atomic():
        Engagement.objects.bulk_create(
            [Engagement(estate=estate, provider=firm, start_date=APRIL_2017, batch=batch,
                        created_at=clock.now())]
        )  # fmt: skip
    assert Engagement.objects.get().provider == rival
    assert not AuditEntry.objects.filter(verb="engagement.create", summary__contains="台账")


@pytest.mark.both_databases
def test_the_order_of_days_is_held_by_the_database(city_manager, estate, firm):
    batch = commit("old_estates", book(row("甲院", None, None)), city_manager)
    values = {"start_date": TODAY, "end_date": APRIL_2017}
    with pytest.raises(BusinessError, match="合同到期不能早于接管日期"):
        engagements_load(
            entries=[ContractEntry(estate, firm, None, values)], batch=batch, actor=city_manager
        )


def test_a_contract_between_check_and_commit_stops_the_ledger(
    city_manager, estate, firm, rival, engage
):
    source = one(estate.name)
    outcome = check("old_estates", source, city_manager)
    batch = import_keep(outcome=outcome, source=source, name="台账.xlsx", actor=city_manager)
    engage(estate, rival)
    with pytest.raises(BusinessError, match="整本没有入库"):
        import_commit(batch=batch, actor=city_manager)
    assert Engagement.objects.get().provider == rival


def test_a_firm_that_changed_its_name_between_check_and_commit_stops_a_new_estate(
    city_manager, street, firm
):
    source = book(row("甲院", "怡馨物业"))
    outcome = check("old_estates", source, city_manager)
    batch = import_keep(outcome=outcome, source=source, name="台账.xlsx", actor=city_manager)
    services.provider_update(provider=firm, actor=city_manager, short_name="怡馨")
    other = services.provider_create(
        actor=city_manager, kind=ProviderKind.ENTERPRISE, name="怡馨物业"
    )
    services.provider_update(provider=other, actor=city_manager, short_name="新怡馨")
    with pytest.raises(StaleState):
        import_commit(batch=batch, actor=city_manager)
    assert not Estate.objects.exists()


# --- People --------------------------------------------------------------------------------------


def test_a_manager_is_linked_only_if_there_is_one_of_the_name(
    city_manager, estate, make_estate, firm, rival
):
    services.manager_add(provider=firm, actor=city_manager, name="张利民")
    services.manager_add(provider=rival, actor=city_manager, name="李 强")
    for _ in range(2):
        services.manager_add(provider=firm, actor=city_manager, name="王刚")
    gone = services.manager_add(provider=firm, actor=city_manager, name="赵敏")
    services.manager_leave(manager=gone, actor=city_manager)
    names = ["张利民", "李强", "王刚", "赵敏"]
    source = book(
        *[row(make_estate(name=f"{name}院").name, FIRM, "2017.4.1", name) for name in names],
        head=[*HEAD, "项目经理"],
    )
    outcome = check("old_estates", source, city_manager)
    rest = "的在岗人员，项目经理没有读取。请在服务主体里登记这个人，再在服务合同里选。"
    assert said(outcome.warnings) == [
        ("I5", f"怡馨物业没有登记叫“李强”{rest}"),
        ("I6", f"怡馨物业有 2 个叫“王刚”{rest}"),
        ("I7", f"怡馨物业没有登记叫“赵敏”{rest}"),
    ]
    commit("old_estates", source, city_manager)
    linked = Engagement.objects.exclude(project_manager=None).get()
    assert linked.project_manager == ProjectManager.objects.get(name="张利民")


def test_a_clerk_of_a_street_brings_the_estates_in_and_no_contract(
    street_clerk, street, estate, firm
):
    source = book(row(estate.name, households=120), row("甲院", "查无此公司"), head=HEAD)
    outcome = check("old_estates", source, street_clerk)
    assert said(outcome.errors) == []
    assert said(outcome.warnings) == [
        ("G4", "服务单位和合同由房管中心科室负责人登记，这几列没有读取，小区的其他内容照常入库。")
    ]
    assert figures(outcome) == (1, 1, 0, 0)
    batch = commit("old_estates", source, street_clerk)
    assert HouseholdCount.objects.count() == 2
    assert not Engagement.objects.exists()
    with pytest.raises(NotPermitted):
        engagements_load(
            entries=[ContractEntry(estate, firm, None, {"start_date": TODAY})],
            batch=batch,
            actor=street_clerk,
        )


def test_the_loader_changes_no_day_of_take_over(city_manager, estate, firm, engage):
    batch = commit("old_estates", book(row("甲院", None, None)), city_manager)
    contract = engage(estate, firm)
    entry = ContractEntry(estate, firm, contract.pk, {"start_date": APRIL_2017})
    with pytest.raises(BusinessError, match="接管日期关系到补贴"):
        engagements_load(entries=[entry], batch=batch, actor=city_manager)


# --- Money ---------------------------------------------------------------------------------------


NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture
def rate(city_manager):
    return SubsidyRate.objects.create(
        amount=Decimal(10),
        effective_from=APRIL_2017,
        document_title="补贴办法",
        created_by=city_manager,
        created_at=clock.now(),
    )


def verify(leader):
    for count in HouseholdCount.objects.filter(status=CountStatus.ENTERED):
        household_count_verify(count=count, actor=leader)


def test_money_flows_only_once_the_households_are_verified_by_another(
    city_manager, street_leader, street, firm, rate
):
    commit("old_estates", book(row("甲院")), city_manager)
    before = compute_month(street, NOVEMBER, rate)
    assert before.lines == []
    assert [gap.reason for gap in before.gaps] == [GapReason.NO_COUNT]
    verify(street_leader)
    (line,) = compute_month(street, NOVEMBER, rate).lines
    assert line.facts.service.record == Engagement.objects.get().pk


def test_a_claim_that_is_open_stays_as_it_is_and_says_what_is_new(
    city_manager, street_leader, street, firm, rate
):
    commit("old_estates", book(row("甲院"), row("乙院", None, None)), city_manager)
    verify(street_leader)
    claim = claim_open(street=street, month=NOVEMBER, actor=city_manager)
    assert (claim.estate_count, claim.total) == (1, Decimal("960.00"))
    commit("old_estates", book(row("乙院")), city_manager)
    claim.refresh_from_db()
    assert (claim.lines.count(), claim.total) == (1, Decimal("960.00"))
    (change,) = source_changes(claim)
    assert (change.estate_name, change.what, change.effect) == ("乙院", "新列入", Decimal("960.00"))


# --- Forms and cost ------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["estates", "old_estates", "rural_communities"])
def test_the_empty_form_has_and_explains_the_columns(code):
    book_ = openpyxl.load_workbook(BytesIO(template_workbook(find(code))))
    heads = [cell.value for cell in book_.worksheets[0][3]]
    for label in ("接管日期", "合同起止", "服务等级", "项目经理"):
        assert label in heads
    told = " ".join(str(r[2].value) for r in book_["填表说明"].iter_rows() if len(r) > 2)
    assert "统一社会信用代码" in told
    assert "接管日期和合同起止至少写一项" in told


def test_a_ledger_of_any_length_costs_the_same_queries(
    city_manager, street, firm, rival, count_queries
):
    services.manager_add(provider=firm, actor=city_manager, name="张利民")

    def source(first, count):
        return book(
            *[
                row(f"{n}厂家属院", (FIRM, "惠民物业")[n % 2], "2017.4.1", 8 + n % 3, "张利民",
                    households=60 + n)
                for n in range(first, first + count)
            ],
            head=[*HEAD, "收费标准", "项目经理"],
        )  # fmt: skip

    def cost(made):
        with count_queries() as queries:
            check("old_estates", made, city_manager)
        with count_queries() as writing:
            commit("old_estates", made, city_manager)
        return len(queries), len(writing)

    cost(source(1, 2))
    few, few_writing = cost(source(100, 2))
    many, many_writing = cost(source(200, 60))
    assert many <= few + 1
    assert many_writing <= few_writing + 14
    # And once they are known, with other fees.
    changed = book(
        *[
            row(f"{n}厂家属院", (FIRM, "惠民物业")[n % 2], "2017.4.1", 20, None,
                households=60 + n)
            for n in range(200, 260)
        ],
        head=[*HEAD, "收费标准", "项目经理"],
    )  # fmt: skip
    queries, writing = cost(changed)
    assert queries <= many + 6
    assert writing <= many_writing + 10
    assert Engagement.objects.filter(fee_standard=20).count() == 60
