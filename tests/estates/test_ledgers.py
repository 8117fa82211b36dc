"""The three ledgers of estates: the office's habits, what becomes of each row, whose rows."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.choices import Role
from enterprises.choices import ProviderKind
from enterprises.services import provider_create
from estates.choices import CountStatus, EstateKind, ManagementMode, NameKind
from estates.imports import CompanionPlan, register_ledger_companion
from estates.imports.companions import companions_of, unregister_ledger_companion
from estates.models import (
    Building,
    Community,
    Estate,
    EstateName,
    HouseholdCount,
    OwnersCommittee,
    StaffAssignment,
    Street,
)
from tests.estates.conftest import NOVEMBER, TODAY, check, commit, figures, said, workbook
from tests.support.workbooks import xls
from xingyang_pm.common import audit
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.ledgers.plans import FieldChange
from xingyang_pm.common.ledgers.registry import find
from xingyang_pm.common.ledgers.services import import_commit, import_keep
from xingyang_pm.common.ledgers.templates import template_workbook
from xingyang_pm.common.models import AuditEntry

OLD_HEAD = ["序号", "街道", "社区", "小区（楼院）名称", "地址", "楼栋数", "户数", "备注"]


def old_rows(*rows, head=None):
    """Return a sheet as the office keeps it: title, unit line, header, rows, sum, signatures."""
    head = head or OLD_HEAD
    return [
        ["荥阳市老旧小区台账"],
        ["填报单位：索河街道办事处", None, None, "填报时间：2026年11月"],
        head,
        *[[number, *row] for number, row in enumerate(rows, start=1)],
        ["合计", None, None, None, None, 99, 9999, None],
        ["制表人：王刚", None, None, "复核人："],
    ]


def old_book(*rows, head=None, title="台账"):
    return workbook({title: old_rows(*rows, head=head)})


@pytest.fixture
def officer(inspector):
    return inspector


# --- A ledger with all habits of domain §9.2 -----------------------------------------------------


def test_a_ledger_with_every_habit_comes_in_without_a_hand_edit(
    city_manager, street, other_street, officer
):
    """Title and unit line, two-level merged header with line breaks, merged and blank places,
    one sheet a street named by its short form, units in cells, full width, dates and years as
    people write them, marks for yes and nothing, two phones, sums and signatures."""
    Community.objects.create(
        code="410182001002", name="兴华社区居委会", short_name="兴华社区", street=street
    )
    head = [
        ["荥阳市老旧小区（楼院）台账", *[None] * 19],
        ["填报单位：房管中心", *[None] * 8, "填报时间：2026.11.3", *[None] * 10],
        [
            "序号", "社区", "小区（楼院）\n名称", "地址", "建成\n年代", "产权单位", "楼栋数",
            "单元数",
            "户数\n（户）", "建筑面积", "改造年度", "管理模式", "负责人", "电话", "四有", None,
            None, None,
            "补贴起始月", "备注",
        ],
        [
            *[None] * 14, "清扫保洁", "垃圾清运", "绿化养护", "日常维修", None, None,
        ],
    ]  # fmt: skip
    rows = [
        [1, "龙泉社区居委会", "纺织厂　家属院 ", "索河路１２号", "90年代", "原纺织厂", "3栋",
         "9个", "约120户",
         "0.56万平方米", 2014, "专业", "王　刚", "13800000001/0371-64660001", "√", "√", "×", "1",
         "2017.4", None],
        [2, None, "〇二一厂家属院", None, "1994年", "/", 2, None, "1,060", 5600.5, "2015年",
         "社区中心",
         "—", 13800000002, "是", "有", "无", "否", dt.date(2017, 9, 1), "／"],
        [3, "兴华", "兴华二期（北）", "兴华路", 1998, None, "1幢", "/", "36户", "1200㎡", None,
         "自管", None, None,
         "√", None, None, None, None, "老楼\n有裂缝"],
        ["小计", None, None, None, None, None, 6, None, 1216, *[None] * 11],
        ["合计", None, None, None, None, None, 6, None, 1216, *[None] * 11],
        ["制表人：　　科室负责人：　　分管领导：", *[None] * 19],
    ]  # fmt: skip
    other = [
        ["京城路街道老旧小区台账"],
        ["序号", "社区", "小区名称", "户数"],
        [1, "京城社区", "铁龙家属院", "120户"],
        ["注：户数以社区清册为准"],
    ]
    merged = {
        "索河办（3个）": ["A1:T1", "B5:B6", *[f"{c}3:{c}4" for c in "ABCDEFGHIJKLMNST"], "O3:R3"]
    }
    source = workbook({"索河办（3个）": [*head, *rows], "京城办": other}, merged)
    outcome = check("old_estates", source, city_manager)
    assert said(outcome.errors) == []
    assert figures(outcome) == (4, 0, 0, 0)
    assert outcome.reading.skipped.totals == 2
    commit("old_estates", source, city_manager)

    first = Estate.objects.get(name="纺织厂家属院")
    assert first.kind == EstateKind.OLD
    assert (first.street, first.community.short_name) == (street, "龙泉社区")
    assert first.address == "索河路12号"
    assert (first.built_year, first.renovated_year) == (1990, 2014)
    assert (first.building_count, first.unit_count, first.household_count) == (3, 9, 120)
    assert first.floor_area == Decimal("5600.00")
    assert first.management_mode == ManagementMode.PROFESSIONAL
    assert first.contact_name == "王刚"
    assert first.contact_phone == "13800000001、0371-64660001"
    assert first.four_haves == "有清扫保洁、有垃圾清运、有日常维修"
    second = Estate.objects.get(name__contains="二一厂")
    # The cell above is merged over this row; blank marks state nothing.
    assert second.community.short_name == "龙泉社区"
    assert (second.ownership_unit, second.contact_name, second.remarks) == ("", "", "")
    assert second.household_count == 1060
    assert second.contact_phone == "13800000002"
    third = Estate.objects.get(name="兴华二期（北）")
    assert third.community.short_name == "兴华社区"
    assert third.management_mode == ManagementMode.OWNERS
    assert (third.unit_count, third.has_cleaning, third.has_repair) == (None, True, False)
    assert Estate.objects.get(name="铁龙家属院").street == other_street
    counts = HouseholdCount.objects.order_by("estate__code").values_list(
        "estate__name", "effective_month", "households", "status"
    )
    assert list(counts)[:2] == [
        ("纺织厂家属院", dt.date(2017, 4, 1), 120, CountStatus.ENTERED),
        (second.name, dt.date(2017, 9, 1), 1060, CountStatus.ENTERED),
    ]
    again = check("old_estates", source, city_manager)
    assert figures(again) == (0, 0, 4, 0)


def test_an_xls_and_the_committed_result_are_the_same_as_an_xlsx(city_manager, street):
    rows = old_rows(["索河街道", "龙泉社区", "纺织厂家属院", "索河路12号", 3, 120, None])
    commit("old_estates", xls(rows), city_manager, "台账.xls")
    estate = Estate.objects.get()
    assert (estate.name, estate.household_count) == ("纺织厂家属院", 120)
    assert estate.initials == "fzcjsy"
    assert estate.code == "XQ-0001"


def test_every_error_is_told_at_once_with_its_cell(city_manager, street, other_street):
    source = old_book(
        ["索河街道", "龙泉社区", "甲院", None, 3, "一百二", None],
        ["索河街道", "龙泉社区", "乙院", None, "3户", 60, None],
        ["郑州路街道", None, "丙院", None, 1, 20, None],
        ["索河街道", "京城社区", "丁院", None, 1, 20, None],
        ["索河街道", "龙权社区", "戊院", None, 1, 20, None],
        ["索河街道", "龙泉社区", "己院", None, 1, None, None],
        ["索河办", "龙泉社区", "庚院", None, 1, 20, None],
        ["索河街道", "龙泉社区", "庚 院", None, 1, 20, None],
        ["索河街道", "龙泉社区", "荣阳大院", None, 1, 20, None],
        ["索河街道", "龙泉社区", None, None, 1, 20, None],
    )
    outcome = check("old_estates", source, city_manager)
    assert [cell for cell, _ in said(outcome.errors)] == [
        "G4", "F5", "B6", "C7", "C8", "G9", "D11", "D12", "D13",
    ]  # fmt: skip
    told = dict(said(outcome.errors))
    assert told["G4"] == "户数应为数字。请改为 120 这样的写法。"
    assert "没有“郑州路街道”这个街道（乡镇）" in told["B6"]
    assert told["C7"] == "京城社区 属于 京城路街道，不属于 索河街道。请改正街道或社区。"
    assert "是不是 龙泉社区？" in told["C8"]
    assert told["G9"] == "新登记的小区须有户数。请补填。"
    assert told["D11"].startswith("与第 10 行重复：本街道（乡镇）已有“庚院”")
    assert told["D12"] == "“荣阳”应写作“荥阳”。请改正。"
    assert told["D13"] == "小区名称不能为空。请补填。"
    assert figures(outcome) == (1, 0, 0, 9)
    batch = import_keep(outcome=outcome, source=source, name="台账.xlsx", actor=city_manager)
    with pytest.raises(BusinessError, match="整本没有入库"):
        import_commit(batch=batch, actor=city_manager)
    assert not Estate.objects.exists()


# --- Matching ------------------------------------------------------------------------------------


def test_an_estate_is_found_under_any_spelling_former_name_or_alias(
    city_manager, street, make_estate
):
    one = make_estate(name="成皋花园", household_count=214)
    EstateName.objects.create(estate=one, kind=NameKind.FORMER, name="棉纺厂家属院")
    two = make_estate(name="兴华二期", household_count=168)
    source = old_book(
        ["索河街道", None, "棉纺厂 家属院", None, None, 214, None],
        ["索河路办", None, "兴华2期", None, None, 168, "新备注"],
    )
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (0, 1, 1, 0)
    assert said(outcome.warnings) == [
        (
            "D4",
            f"“棉纺厂家属院”是 成皋花园（{one.code}）的曾用名或别名，已对应到这个小区，名称不变。",
        )
    ]
    commit("old_estates", source, city_manager)
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.name, two.name, two.remarks) == ("成皋花园", "兴华二期", "新备注")


def test_two_rows_for_one_estate_are_an_error(city_manager, street, make_estate):
    one = make_estate(name="成皋花园")
    EstateName.objects.create(estate=one, kind=NameKind.ALIAS, name="棉纺厂家属院")
    outcome = check(
        "old_estates",
        old_book(
            ["索河街道", None, "成皋花园", None, None, 96, None],
            ["索河街道", None, "棉纺厂家属院", None, None, 96, None],
        ),
        city_manager,
    )
    assert said(outcome.errors) == [("D5", "与第 4 行“成皋花园”是同一个小区。请删去其中一行。")]


def test_a_name_that_several_estates_have_had_is_an_error(city_manager, street, make_estate):
    for name in ("东院", "西院"):
        EstateName.objects.create(
            estate=make_estate(name=f"粮食局{name}"), kind=NameKind.FORMER, name="粮食局家属院"
        )
    outcome = check(
        "old_estates",
        old_book(["索河街道", None, "粮食局家属院", None, None, 60, None]),
        city_manager,
    )
    assert "有 2 个小区曾用“粮食局家属院”" in said(outcome.errors)[0][1]


@pytest.mark.parametrize("name", ["兴华小区", "兴华三期", "兴华花园东院", "兴华家属院"])
def test_a_near_name_is_told_and_never_merged(city_manager, street, make_estate, name):
    known = make_estate(name="兴华二期")
    source = old_book(["索河街道", None, name, None, 2, 80, None])
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (1, 0, 0, 0)
    assert said(outcome.warnings)[0] == (
        "D4",
        "与“兴华二期”相近，将按新小区登记。若是同一个小区，请改写名录里的名称。",
    )
    commit("old_estates", source, city_manager)
    known.refresh_from_db()
    assert known.household_count == 96
    assert Estate.objects.get(name=name).pk != known.pk


def test_the_same_name_in_another_street_or_kind_is_another_estate(
    city_manager, street, other_street, make_estate
):
    make_estate(name="康泰园", kind=EstateKind.COMMODITY)
    make_estate(name="康泰园", street=other_street)
    outcome = check(
        "old_estates", old_book(["索河街道", None, "康泰园", None, 2, 80, None]), city_manager
    )
    assert figures(outcome) == (1, 0, 0, 0)
    assert said(outcome.warnings) == [
        ("D4", "本街道（乡镇）有同名的商品住宅小区，将另登记为老旧小区。")
    ]


def test_a_merged_estate_is_found_as_the_one_that_was_kept(city_manager, street, make_estate):
    from_ = make_estate(name="老粮库家属院")
    kept = make_estate(name="粮库家属院")
    EstateName.objects.create(estate=kept, kind=NameKind.ALIAS, name=from_.name)
    Estate.objects.filter(pk=from_.pk).update(status="merged", merged_into=kept)
    source = old_book(["索河街道", None, "老粮库家属院", "粮库路1号", None, 96, None])
    commit("old_estates", source, city_manager)
    kept.refresh_from_db()
    assert kept.address == "粮库路1号"
    assert Estate.objects.active().count() == 1


# --- Changes -------------------------------------------------------------------------------------


def test_households_of_a_known_estate_go_to_verification_and_are_not_overwritten(
    city_manager, street, estate, verified
):
    verified(estate, 86, effective_month=dt.date(2026, 1, 1))
    estate.refresh_from_db()
    assert estate.household_count == 86
    source = old_book(["索河街道", None, estate.name, None, 4, 92, None])
    outcome = check("old_estates", source, city_manager)
    change = outcome.plan.changed[0]
    assert [(f.label, f.old, f.new, f.note) for f in change.fields] == [
        ("楼栋数", "3", "4", ""),
        ("户数", "86", "92", "入库后送户数核定，核定前仍按 86 户补贴"),
    ]
    batch = commit("old_estates", source, city_manager)
    estate.refresh_from_db()
    assert (estate.household_count, estate.building_count) == (86, 4)
    count = HouseholdCount.objects.waiting().get()
    assert (count.households, count.buildings) == (92, 4)
    assert count.effective_month == NOVEMBER
    assert (count.batch, count.entered_by) == (batch, city_manager)
    assert count.evidence_name == "台账.xlsx（台账 G4）"
    # The same ledger again says nothing new; another number must wait for the first.
    assert figures(check("old_estates", source, city_manager)) == (0, 0, 1, 0)
    other = check(
        "old_estates", old_book(["索河街道", None, estate.name, None, 4, 95, None]), city_manager
    )
    assert said(other.errors) == [
        (
            "G4",
            f"{estate.name} 已有 92 户待核定（陈志远 2026年11月18日录入）。"
            "请先核定或撤回，再导入新的户数。",
        )
    ]


def test_a_count_from_a_ledger_starts_after_the_last_verified_month(city_manager, estate, verified):
    verified(estate, 90, effective_month=dt.date(2026, 12, 1))
    commit(
        "old_estates", old_book(["索河街道", None, estate.name, None, None, 92, None]), city_manager
    )
    assert HouseholdCount.objects.waiting().get().effective_month == dt.date(2027, 1, 1)


def test_buildings_that_change_while_households_do_not_get_a_remark(city_manager, estate):
    outcome = check(
        "old_estates", old_book(["索河街道", None, estate.name, None, 5, 96, None]), city_manager
    )
    field = outcome.plan.changed[0].fields[0]
    assert (field.label, field.old, field.new) == ("楼栋数", "3", "5")
    assert (field.note, field.tone) == ("提醒：楼栋增加而户数未变", "a")


def test_blank_cells_and_absent_columns_leave_the_registry_alone(city_manager, estate):
    Estate.objects.filter(pk=estate.pk).update(
        contact_name="陈桂英", remarks="旧备注", has_cleaning=True, built_year=1994
    )
    source = old_book(["索河街道", "", estate.name, "/", "—", 96, ""])
    assert figures(check("old_estates", source, city_manager)) == (0, 0, 1, 0)


def test_a_phone_is_shown_masked_and_its_change_is_audited(city_manager, estate):
    Estate.objects.filter(pk=estate.pk).update(contact_phone="13837126120")
    head = [*OLD_HEAD, "负责人", "联系电话"]
    source = old_book(
        ["索河街道", None, estate.name, None, None, 96, None, "陈桂英", "13937120417"], head=head
    )
    report = check("old_estates", source, city_manager).report()
    shown = {field["label"]: field for field in report["changed_list"][0]["fields"]}
    assert (shown["联系电话"]["old"], shown["联系电话"]["new"]) == ("138****6120", "139****0417")
    commit("old_estates", source, city_manager)
    entry = next(e for e in audit.timeline(estate) if e.verb == "estate.update")
    assert entry.before == {"contact_name": "", "contact_phone": "13837126120"}
    assert entry.after == {"contact_name": "陈桂英", "contact_phone": "13937120417"}
    assert entry.summary == "由台账“台账.xlsx”修改负责人、联系电话"


def test_each_created_estate_stands_in_its_timeline_with_its_count(city_manager, street):
    commit(
        "old_estates", old_book(["索河街道", "龙泉社区", "甲院", None, 2, 60, None]), city_manager
    )
    estate = Estate.objects.get()
    entry = audit.timeline(estate)[0]
    assert entry.verb == "estate.create"
    assert entry.summary == ("由台账“台账.xlsx”登记老旧小区 甲院，户数 60 户，2026年11月起，待核定")
    assert audit.timeline(HouseholdCount.objects.get()) == [entry]
    assert AuditEntry.objects.filter(verb="import.commit").count() == 1


def test_the_plan_must_still_hold_at_the_commit(city_manager, estate):
    source = old_book(["索河街道", None, estate.name, "新地址", None, 96, None])
    outcome = check("old_estates", source, city_manager)
    batch = import_keep(outcome=outcome, source=source, name="台账.xlsx", actor=city_manager)
    Estate.objects.filter(pk=estate.pk).update(address="别人改的")
    with pytest.raises(StaleState, match="名录有了变动"):
        import_commit(batch=batch, actor=city_manager)
    estate.refresh_from_db()
    assert estate.address == "别人改的"


# --- Buildings -----------------------------------------------------------------------------------

BUILDING_HEAD = ["街道", "社区", "小区名称", "楼栋", "层数", "单元数", "户数", "建成"]


def with_buildings(main, buildings):
    return workbook({"老旧小区": old_rows(*main), "楼栋": [BUILDING_HEAD, *buildings]})


def test_a_new_estate_comes_with_its_buildings(city_manager, street):
    source = with_buildings(
        [["索河街道", "龙泉社区", "甲院", None, 2, 72, None]],
        [
            ["索河街道", "龙泉社区", "甲院", "1号楼", 6, 3, 36, 1994],
            [None, None, "甲院", "2号楼", "6层", "3单元", "36户", "1995年"],
        ],
    )
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (3, 0, 0, 0)
    assert said(outcome.warnings) == []
    commit("old_estates", source, city_manager)
    estate = Estate.objects.get()
    assert (estate.building_count, estate.unit_count) == (2, 6)
    rows = estate.buildings.values_list("name", "floors", "units", "households", "built_year")
    assert list(rows) == [("1号楼", 6, 3, 36, 1994), ("2号楼", 6, 3, 36, 1995)]
    assert figures(check("old_estates", source, city_manager)) == (0, 0, 3, 0)


def test_buildings_of_a_known_estate_are_added_and_changed_but_never_dropped(city_manager, estate):
    for number in (1, 2, 3):
        Building.objects.create(
            estate=estate, name=f"{number}号楼", position=number, floors=6, units=3, households=32
        )
    source = with_buildings(
        [["索河街道", None, estate.name, None, None, 96, None]],
        [
            ["索河街道", None, estate.name, "1号楼", 6, 3, 32, None],
            ["索河街道", None, estate.name, "2号楼", None, 4, 32, None],
            ["索河街道", None, estate.name, "4号楼", 6, 3, 20, None],
        ],
    )
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (0, 2, 2, 0)
    assert [(f.label, f.old, f.new) for f in outcome.plan.changed[0].fields] == [
        ("2号楼 单元数", "3", "4"),
        ("4号楼", "（空）", "6层、3单元、20户"),
    ]
    assert "各楼户数合计 116，与小区户数 96 不一致" in said(outcome.warnings)[0][1]
    commit("old_estates", source, city_manager)
    estate.refresh_from_db()
    assert estate.building_count == 4
    assert estate.household_count == 96
    assert estate.buildings.get(name="2号楼").floors == 6
    assert estate.buildings.count() == 4


def test_a_building_without_an_estate_and_a_repeated_one_are_errors(city_manager, estate):
    source = with_buildings(
        [["索河街道", None, "乙院", None, "三", 40, None]],
        [
            ["索河街道", None, "无主院", "1号楼", 6, 3, 32, None],
            ["索河街道", None, estate.name, "1号楼", 6, 3, 32, None],
            ["索河街道", None, estate.name, "1号楼 ", 6, 3, 30, None],
            ["索河街道", None, "乙院", "1号楼", 6, 3, 30, None],
        ],
    )
    outcome = check("old_estates", source, city_manager)
    told = [(m.sheet, m.cell, m.message) for m in outcome.errors]
    assert [(sheet, cell) for sheet, cell, _ in told] == [
        ("老旧小区", "F4"),
        ("楼栋", "C2"),
        ("楼栋", "C4"),
        ("楼栋", "C5"),
    ]
    assert "没有可以登记的“无主院”" in told[1][2]
    assert "与第 3 行重复" in told[2][2]
    assert figures(outcome) == (0, 1, 0, 4)


def test_the_number_of_buildings_may_stand_under_楼栋(city_manager, street):
    head = ["序号", "街道", "社区", "小区名称", "地址", "楼栋", "户数", "备注"]
    source = old_book(["索河街道", "龙泉社区", "甲院", None, 4, 60, None], head=head)
    commit("old_estates", source, city_manager)
    estate = Estate.objects.get()
    assert (estate.building_count, estate.buildings.count()) == (4, 0)


# --- Officers, committees, columns of other apps -------------------------------------------------


def officer_book(name, officer):
    return old_book(
        ["索河街道", None, name, None, None, 96, None, officer], head=[*OLD_HEAD, "包片人员"]
    )


def test_the_officer_takes_over_from_today(city_manager, estate, officer, make_person, bureau):
    before = make_person("ma", bureau, Role.INSPECTOR)
    StaffAssignment.objects.create(estate=estate, officer=before, start_date=dt.date(2026, 1, 1))
    source = officer_book(estate.name, "张 志强")
    outcome = check("old_estates", source, city_manager)
    assert [(f.label, f.old, f.new) for f in outcome.plan.changed[0].fields] == [
        ("分包干部", before.name, officer.name)
    ]
    commit("old_estates", source, city_manager)
    rows = StaffAssignment.objects.order_by("start_date").values_list(
        "officer__name", "start_date", "end_date"
    )
    assert list(rows) == [
        (before.name, dt.date(2026, 1, 1), dt.date(2026, 11, 17)),
        (officer.name, TODAY, None),
    ]
    assert figures(check("old_estates", source, city_manager)) == (0, 0, 1, 0)


@pytest.mark.parametrize("name", ["查无此人", "王秀兰"])
def test_an_unknown_officer_is_a_remark(city_manager, estate, name):
    outcome = check("old_estates", officer_book(estate.name, name), city_manager)
    assert figures(outcome) == (0, 0, 1, 0)
    assert said(outcome.warnings) == [
        ("I4", f"没有“{name}”这个检查员，分包没有登记。请在分包安排里登记。")
    ]


@pytest.fixture
def alone():
    """The registry without the companions that the apps above have attached."""
    attached = companions_of("old_estates")
    for made in attached:
        unregister_ledger_companion("old_estates", made)
    yield
    for made in attached:
        register_ledger_companion("old_estates", made)


def test_columns_of_other_apps_are_named_once_until_somebody_takes_them_in(
    city_manager, street, alone
):
    head = [*OLD_HEAD, "接管单位", "接管日期", "月收费户数"]
    row = ["索河街道", None, "甲院", None, 2, 60, None, "郑州怡馨物业服务有限公司", "2017.9.1", 55]
    second = [*row[:2], "乙院", *row[3:]]
    outcome = check("old_estates", old_book(row, second, head=head), city_manager)
    assert [message for _, message in said(outcome.warnings)] == [
        "“月收费户数”没有读取，收费情况按月在补贴里登记。",
    ]
    wrong = [*row[:8], "2026.13.1", 55]
    outcome = check("old_estates", old_book(wrong, head=head), city_manager)
    assert said(outcome.errors) == [("J4", "月份 13 不存在。请改为实际接管日期。")]


def test_a_committee_is_a_remark_and_never_a_term(city_manager, street, make_estate):
    head = ["序号", "街道", "小区名称", "户数", "业委会（有/无）"]
    known = make_estate(name="乙苑", kind=EstateKind.COMMODITY)
    OwnersCommittee.objects.create(estate=known, term=1, start_date=dt.date(2025, 1, 1))
    rows = [head, [1, "索河街道", "甲苑", 60, "有"], [2, "索河街道", "乙苑", 96, "无"]]
    outcome = check("estates", workbook({"台账": rows}), city_manager)
    assert [cell for cell, _ in said(outcome.warnings)] == ["E2", "E3"]
    assert OwnersCommittee.objects.count() == 1


class ProviderCompanion:
    """As the providers' app would: refuses an unknown firm, writes a remark for a known one."""

    columns = frozenset({"provider", "since"})

    def plan(self, rows, actor):
        plans = []
        for row in rows:
            name, since = row.values.get("provider"), row.values.get("since")
            if name is None:
                plans.append(CompanionPlan())
            elif name == "查无此公司":
                plans.append(CompanionPlan(errors=[("provider", "没有这个服务主体。请先登记。")]))
            else:
                plans.append(
                    CompanionPlan(
                        fields=[FieldChange("provider", "服务主体", "（空）", name)],
                        warnings=[("since", "接管日期以合同为准。")] if since else [],
                        payload=f"{name} {since}",
                    )
                )
        return plans

    def commit(self, parts, actor, batch):
        for estate, payload in parts:
            estate.remarks = payload
            estate.save(update_fields=["remarks"])
            yield estate


@pytest.fixture
def companion(alone):
    made = register_ledger_companion("old_estates", ProviderCompanion())
    yield made
    unregister_ledger_companion("old_estates", made)


PROVIDER_HEAD = [*OLD_HEAD, "接管单位", "接管日期"]


def test_a_companion_takes_its_columns_in_with_the_same_row(city_manager, estate, companion):
    firm = "郑州怡馨物业服务有限公司"
    source = old_book(
        ["索河街道", None, estate.name, None, None, 96, None, firm, "2017.9.1"],
        ["索河街道", None, "新院", None, 2, 60, None, firm, None],
        ["索河街道", None, "无人院", None, 2, 60, None, None, None],
        head=PROVIDER_HEAD,
    )
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (2, 1, 0, 0)
    assert [message for _, message in said(outcome.warnings)] == ["接管日期以合同为准。"]
    commit("old_estates", source, city_manager)
    remarks = dict(Estate.objects.values_list("name", "remarks"))
    assert remarks == {
        estate.name: f"{firm} 2017-09-01",
        "新院": f"{firm} None",
        "无人院": "",
    }


def test_a_companion_refuses_on_its_own_cell(city_manager, estate, companion):
    source = old_book(
        ["索河街道", None, estate.name, "新地址", None, 96, None, "查无此公司", None],
        head=PROVIDER_HEAD,
    )
    outcome = check("old_estates", source, city_manager)
    assert figures(outcome) == (0, 0, 0, 1)
    assert said(outcome.errors) == [("I4", "没有这个服务主体。请先登记。")]


def test_two_companions_do_not_take_one_column(companion):
    with pytest.raises(ValueError, match="have a companion"):
        register_ledger_companion("old_estates", ProviderCompanion())


# --- The other two ledgers -----------------------------------------------------------------------


def test_the_short_ledger_of_commodity_estates(city_manager, street):
    provider_create(
        actor=city_manager, kind=ProviderKind.ENTERPRISE, name="郑州怡馨物业服务有限公司"
    )
    head = [
        "序号", "街道(乡镇)", "社区", "小区名称", "详细地址", "开发建设单位", "建成/交付时间",
        "占地面积",
        "建筑面积(㎡)", "楼栋数", "单元数", "户数", "入住户数", "电梯数", "车位数(地上/地下)",
        "物业类型",
        "物业服务企业", "服务等级", "收费标准(元/㎡·月)", "合同起止", "项目经理", "联系电话",
        "业委会(有/无)",
        "包片人员", "备注",
    ]  # fmt: skip
    rows = [
        ["荥阳市小区台账"],
        head,
        [1, "索河街道", "龙泉社区", "康泰花园", "康泰路8号", "荥阳市康泰置业有限公司",
         "2012年6月30日", "30亩",
         "4.2万平方米", "12栋", 36, "640户", 598, "24部", "120/80", "多层、高层",
         "郑州怡馨物业服务有限公司", "二级", "1.2元/平方米·月", "2024.9.1-2027.8.31", "张利民",
         "13800000001", "无", "张志强", None],
        [2, "索河街道", "龙泉社区", "水岸名城", None, None, "2015", None, None, 4, None, 200, 230,
         None,
         "地上60个", None, None, None, None, None, None, None, None, None, None],
    ]  # fmt: skip
    outcome = check("estates", workbook({"台账": rows}), city_manager)
    assert said(outcome.errors) == [("M4", "入住户数 230 多于户数 200。请核对。")]
    rows[3][12] = 150
    commit("estates", workbook({"台账": rows}), city_manager)
    estate = Estate.objects.get(name="康泰花园")
    assert estate.kind == EstateKind.COMMODITY
    assert (estate.delivered_on, estate.built_year) == (dt.date(2012, 6, 30), 2012)
    assert (estate.land_area, estate.floor_area) == (Decimal("20000.10"), Decimal("42000.00"))
    assert (estate.parking_above, estate.parking_below, estate.lift_count) == (120, 80, 24)
    assert estate.assignments.get().officer.name == "张志强"
    second = Estate.objects.get(name="水岸名城")
    assert (second.delivered_on, second.built_year) == (None, 2015)
    assert (second.parking_above, second.parking_below) == (60, None)
    assert figures(check("estates", workbook({"台账": rows}), city_manager)) == (0, 0, 2, 0)


def test_parking_in_two_levels(city_manager, street):
    rows = [
        ["序号", "街道", "小区名称", "户数", "车位数", None],
        [None, None, None, None, "地上", "地下"],
        [1, "索河街道", "甲苑", 60, 30, "20个"],
    ]
    merged = {"台账": ["A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1"]}
    commit("estates", workbook({"台账": rows}, merged), city_manager)
    estate = Estate.objects.get()
    assert (estate.parking_above, estate.parking_below) == (30, 20)


def test_the_ledger_of_rural_communities(city_manager, street):
    town = Street.objects.create(
        code="410182101",
        name="乔楼镇",
        kind="town",
        office=type(street.office).objects.create(
            kind="street", code="410182101", name="乔楼镇人民政府"
        ),
    )
    provider_create(
        actor=city_manager,
        kind=ProviderKind.VILLAGE_COMMITTEE,
        name="张村庙村民委员会",
        street=town,
    )
    rows = [
        ["新型农村社区台账"],
        ["序号", "乡镇", "社区名称", "交付时间", "楼栋数", "户数", "建筑面积", "管理模式",
         "管理单位",
         "物业专干", "服务站（有/无）", "验收日期", "市级补贴", "乡级补贴", "备注"],
        [1, "乔楼", "张村庙社区", "2015年", 20, 640, 84000, "村委", "张村庙村委会", "王长河", "有",
         "2017.6.20",
         "3万元", 20000, None],
        [2, None, "聂楼社区", "2016.5", 8, 300, None, "镇政府", None, None, "无", "/", None, None,
         None],
    ]  # fmt: skip
    commit("rural_communities", workbook({"台账": rows}), city_manager)
    first = Estate.objects.get(name="张村庙社区")
    assert (first.kind, first.street) == (EstateKind.RURAL, town)
    assert first.delivered_on == dt.date(2015, 1, 1)
    assert (first.has_service_station, first.station_accepted_on) == (True, dt.date(2017, 6, 20))
    assert (first.property_officer, first.management_mode) == ("王长河", ManagementMode.VILLAGE)
    second = Estate.objects.get(name="聂楼社区")
    assert (second.street, second.management_mode) == (town, ManagementMode.TOWN)
    assert second.has_service_station is False


@pytest.mark.parametrize("code", ["estates", "old_estates", "rural_communities"])
def test_the_empty_form_reads_back_as_its_own_ledger_without_rows(city_manager, code):
    outcome = check(code, template_workbook(find(code)), city_manager)
    assert (outcome.rows, said(outcome.errors)) == (0, [])


@pytest.mark.parametrize("code", ["estates", "old_estates", "rural_communities"])
def test_no_column_lets_more_through_than_the_registry_holds(code):
    """bulk_create checks no length on SQLite, so the parsers do."""
    for column in find(code).columns:
        field = next((f for f in Estate._meta.fields if f.name == column.name), None)
        limit = getattr(column.parse, "max_length", None)
        if field is not None and limit is not None and field.max_length:
            assert limit <= field.max_length, column.name


# --- Whose rows ----------------------------------------------------------------------------------


def test_a_clerk_brings_in_the_own_street_and_every_other_row_is_an_error(
    street_clerk, street, other_street
):
    source = old_book(
        ["索河街道", "龙泉社区", "甲院", None, 2, 60, None],
        ["京城路街道", "京城社区", "乙院", None, 2, 60, None],
        ["京城办", None, "丙院", None, 2, 60, None],
    )
    outcome = check("old_estates", source, street_clerk)
    assert figures(outcome) == (1, 0, 0, 2)
    assert said(outcome.errors) == [
        (cell, "京城路街道 不属于你所在的街道（乡镇），你只能导入本街道的小区。请删去这一行。")
        for cell in ("B5", "B6")
    ]
    commit(
        "old_estates", old_book(["索河街道", "龙泉社区", "甲院", None, 2, 60, None]), street_clerk
    )
    assert HouseholdCount.objects.get().entered_by == street_clerk


def test_a_clerk_learns_nothing_of_another_street_from_names(
    street_clerk, street, other_street, make_estate
):
    make_estate(name="兴华二期", street=other_street)
    outcome = check(
        "old_estates",
        old_book(["索河街道", "京城社区", "兴华三期", None, 2, 60, None]),
        street_clerk,
    )
    told = " ".join(message for _, message in said([*outcome.errors, *outcome.warnings]))
    assert "兴华二期" not in told
    assert "京城路" not in told


def test_a_clerk_does_not_assign_officers(street_clerk, estate, officer):
    outcome = check("old_estates", officer_book(estate.name, officer.name), street_clerk)
    assert figures(outcome) == (0, 0, 1, 0)
    assert said(outcome.warnings) == [("I4", "分包由房管中心安排，包片人员没有读取。")]


@pytest.mark.parametrize(
    ("code", "part"),
    [
        *[("estates", p) for p in ("street_clerk", "street_leader", "inspector", "auditor")],
        *[("rural_communities", p) for p in ("street_clerk", "bureau_leader", "system_admin")],
        *[
            ("old_estates", p)
            for p in ("street_leader", "inspector", "finance_officer", "outsider")
        ],
    ],
)
def test_others_may_not_import(cast, street, code, part):
    source = old_book(["索河街道", None, "甲院", None, 2, 60, None])
    with pytest.raises(NotPermitted):
        check(code, source, cast.people[part])


def test_the_batch_commits_in_the_scope_of_that_moment(street_clerk, street, other_street, cast):
    """Somebody who has moved to another office between check and commit writes nothing."""
    source = old_book(["索河街道", "龙泉社区", "甲院", None, 2, 60, None])
    outcome = check("old_estates", source, street_clerk)
    batch = import_keep(outcome=outcome, source=source, name="台账.xlsx", actor=street_clerk)
    street_clerk.office = cast.other_office
    street_clerk.save()
    with pytest.raises(BusinessError):
        import_commit(batch=batch, actor=street_clerk)
    assert not Estate.objects.exists()


# --- Cost ----------------------------------------------------------------------------------------


def test_a_ledger_of_any_length_costs_the_same_queries(
    city_manager, street, count_queries, officer
):
    head = [*OLD_HEAD, "包片人员"]

    def book(first, count):
        return old_book(
            *[
                ["索河街道", "龙泉社区", f"{n}厂家属院", None, 2, 60 + n, None, officer.name]
                for n in range(first, first + count)
            ],
            head=head,
        )

    def cost(source):
        with count_queries() as queries:
            check("old_estates", source, city_manager)
        with count_queries() as writing:
            commit("old_estates", source, city_manager)
        return len(queries), len(writing)

    cost(book(1, 2))
    few, few_writing = cost(book(100, 2))
    many, many_writing = cost(book(200, 60))
    assert many <= few + 1
    # A statement takes so many parameters (SQLite 999), so 58 more rows are a few more of them.
    assert many_writing <= few_writing + 12
