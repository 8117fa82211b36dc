"""From the upload to the registry: check, commit once, all or nothing, and within one's rights."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.choices import Role
from estates.models import Estate, Street
from tests.support.territory import make_estate_in
from tests.support.workbooks import repacked, saved, xls, xlsx
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.ledgers import registry, services
from xingyang_pm.common.ledgers.columns import (
    LedgerColumn,
    choice,
    comparison_key,
    integer,
    name,
    phones,
    yes_no,
)
from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan, differences
from xingyang_pm.common.ledgers.reading import read_ledger
from xingyang_pm.common.ledgers.registry import LedgerDefinition, UnknownLedger
from xingyang_pm.common.ledgers.templates import template_workbook
from xingyang_pm.common.models import AuditEntry, ImportBatch, ImportStatus
from xingyang_pm.common.spreadsheets.gate import WorkbookRefused

HEAD = ["序号", "街道", "小区名称", "楼栋数", "户数", "有清扫保洁", "联系电话", "管理模式", "备注"]

COLUMNS = [
    LedgerColumn("street", "街道", ["街道（乡镇）"], name(), required=True, grouping=True,
                 from_sheet_name=True, example="索河街道"),
    LedgerColumn("name", "小区名称", parse=name(60), required=True, example="铁龙家属院",
                 hint="与门牌一致。"),
    LedgerColumn("building_count", "楼栋数", parse=integer(), example="3"),
    LedgerColumn("household_count", "户数", ["总户数"], integer(), required=True, example="120"),
    LedgerColumn("has_cleaning", "有清扫保洁", parse=yes_no(), example="√"),
    LedgerColumn("contact_phone", "联系电话", ["电话"], phones(), example="13800000000"),
    LedgerColumn("management_mode", "管理模式", parse=choice(
        {"专业": "enterprise", "社区中心": "community_centre"})),
    LedgerColumn("remarks", "备注", parse=name()),
]  # fmt: skip
FIELDS = ["building_count", "household_count", "has_cleaning", "contact_phone", "remarks"]


def plan(rows, actor):
    """Find the estate of each row in the actor's own streets."""
    result = ImportPlan()
    streets = {comparison_key(street.name): street for street in Street.objects.visible_to(actor)}
    known = {
        (estate.street_id, comparison_key(estate.name)): estate
        for estate in Estate.objects.visible_to(actor)
    }
    for row in rows:
        street = streets.get(comparison_key(row["street"]))
        if street is None:
            result.refuse(row, "street", f"没有“{row['street']}”，或不属于你的范围。请改正。")
            continue
        estate = known.get((street.pk, comparison_key(row["name"])))
        if estate is None:
            result.create(row, row["name"], payload=street)
            continue
        current = {field: getattr(estate, field) for field in FIELDS}
        found = differences(
            COLUMNS,
            row,
            current,
            secret={"contact_phone"},
            notes={"household_count": "入库后送户数核定"},
        )
        result.change(row, estate.name, found, code=estate.code, payload=estate)
    return result


def commit(result, actor, batch):
    for number, item in enumerate(result.created, start=1):
        facts = {field: item.row[field] for field in FIELDS if item.row[field] is not None}
        code = f"X{batch.pk:04}{number:03}"
        yield make_estate_in(item.payload, code, item.row["name"], **facts)
    for item in result.changed:
        for field in item.fields:
            setattr(item.payload, field.name, field.value)
        item.payload.save()
        yield item.payload


LEDGER = LedgerDefinition(
    code="test_estates",
    title="老旧小区台账",
    noun="小区",
    columns=COLUMNS,
    plan=plan,
    commit=commit,
    roles={Role.STREET_CLERK, Role.BUREAU_MANAGER},
    duplicates=DuplicateTracker(
        key=lambda row: (comparison_key(row["street"]), comparison_key(row["name"])),
        sentence=lambda row: f"同一街道已有“{row['name']}”。请删去一行，或写明东院、西院。",
    ),
    template_notes=["户数以户数清册为准。"],
)


@pytest.fixture(autouse=True)
def ledger():
    registry.register(LEDGER)
    yield LEDGER
    registry.unregister(LEDGER.code)


@pytest.fixture
def city(street, other_street):
    """Two streets; the first has one estate, 甲院."""
    estate = make_estate_in(
        street, "L0001", "甲院", household_count=86, contact_phone="13800006120", has_cleaning=True
    )
    return {"street": street, "other": other_street, "estate": estate}


def upload(rows, filename="老旧小区台账.xlsx"):
    data = rows if isinstance(rows, bytes) else xlsx(rows)
    return SimpleUploadedFile(filename, data)


def checked(actor, rows, **options):
    return services.import_check(ledger="test_estates", upload=upload(rows, **options), actor=actor)


GOOD = [
    ["老旧小区台账"],
    HEAD,
    [1, "索河街道", "甲　院", 3, "92户", "√", 13900000417, None, None],
    [2, "索河街道", "乙院", "2栋", 40, "×", None, None, "=1+1"],
    ["合计", None, None, 5, 132],
]
BAD = [
    ["老旧小区台账"],
    HEAD,
    [1, "索河街道", "丙院", 3, "一百二", None, None, None, None],
    [2, "索河街道", "丁院", 3, 10, None, None, None, None],
    [3, "索河街道", "丁 院", 3, 10, None, None, None, None],
    [4, "月亮街道", "戊院", 3, 10, None, None, None, None],
    [5, "索河街道", "甲院", 3, 86, None, None, None, None],
    [6, "索河街道", "己院", "约4", 10, None, None, None, None],
]


# --- Check ---


def test_check_reports_what_would_happen(city, street_clerk):
    with clock.freeze(clock.at(clock.today())):
        batch = checked(street_clerk, GOOD)
    report = batch.report
    assert batch.status == ImportStatus.CHECKED
    assert batch.owner == street_clerk
    assert batch.source_name == "老旧小区台账.xlsx"
    assert batch.source_size == len(xlsx(GOOD)) or batch.source_size > 0
    assert [report[k] for k in ("rows", "created", "changed", "unchanged", "rejected")] == [
        2,
        1,
        1,
        0,
        0,
    ]
    assert report["changed_fields"] == 2
    assert report["skipped"] == "标题 1 行，合计 1 行"
    assert report["noun"] == "小区"
    assert report["created_list"] == [
        {"sheet": "台账", "row": 4, "title": "乙院", "code": "", "note": ""}
    ]
    (change,) = report["changed_list"]
    assert (change["title"], change["code"], change["row"]) == ("甲院", "L0001", 3)
    assert [(f["label"], f["old"], f["new"], f["note"]) for f in change["fields"]] == [
        ("户数", "86", "92", "入库后送户数核定"),
        ("联系电话", "138****6120", "139****0417", ""),
    ]
    json.dumps(report)


def test_check_writes_nothing_but_the_batch(city, street_clerk):
    checked(street_clerk, GOOD)
    city["estate"].refresh_from_db()
    assert city["estate"].household_count == 86
    assert Estate.objects.count() == 1
    entry = AuditEntry.objects.get(verb="import.check")
    assert entry.actor == street_clerk
    assert entry.summary == (
        "核对了老旧小区台账“老旧小区台账.xlsx”（2 行：新增 1，变更 1，不变 0，有误 0）"
    )


def test_all_errors_of_cells_repeats_and_registry_come_at_once(city, street_clerk):
    report = checked(street_clerk, BAD).report
    assert [(e["cell"], e["column"], e["content"], e["message"]) for e in report["errors"]] == [
        ("E3", "户数", "一百二", "户数应为数字。请改为 120 这样的写法。"),
        (
            "C5",
            "小区名称",
            "丁 院",
            "与第 4 行重复：同一街道已有“丁院”。请删去一行，或写明东院、西院。",
        ),
        ("B6", "街道", "月亮街道", "没有“月亮街道”，或不属于你的范围。请改正。"),
    ]
    assert [report[k] for k in ("rows", "created", "changed", "unchanged", "rejected")] == [
        6,
        2,
        0,
        1,
        3,
    ]
    assert report["warning_total"] == 1


def test_repeats_across_sheets_name_the_sheet(city, street_clerk):
    book = openpyxl.Workbook()
    first = book.active
    first.title = "一月"
    second = book.create_sheet("二月")
    for sheet in (first, second):
        sheet.append(HEAD)
        sheet.append([1, "索河街道", "丙院", 3, 10])
    (error,) = checked(street_clerk, saved(book)).report["errors"]
    assert error["sheet"] == "二月"
    assert error["message"].startswith("与工作表“一月”第 2 行重复：")


def test_repeat_of_an_unreadable_row_is_told_too(city, street_clerk):
    rows = [
        HEAD,
        [1, "索河街道", "丙院", 3, "多"],
        [2, "索河街道", "丙院", 3, 10],
        [3, "索河街道", None, 3, 10],
    ]
    cells = [error["cell"] for error in checked(street_clerk, rows).report["errors"]]
    assert cells == ["E2", "C3", "C4"]


def test_other_streets_estates_do_not_exist_for_the_clerk(city, other_clerk):
    report = checked(other_clerk, GOOD).report
    assert report["rejected"] == 2
    assert {error["column"] for error in report["errors"]} == {"街道"}
    assert "86" not in json.dumps(report["changed_list"])


def test_only_the_ledgers_roles_may_check(city, auditor, outsider, street_leader):
    for person in (auditor, outsider, street_leader):
        with pytest.raises(NotPermitted, match="没有导入老旧小区台账的权限"):
            checked(person, GOOD)
    assert not ImportBatch.objects.exists()


def test_refused_file_is_not_kept(city, street_clerk):
    with pytest.raises(WorkbookRefused, match="内容是 PDF"):
        checked(street_clerk, b"%PDF-1.7 x", filename="a.pdf")
    assert not ImportBatch.objects.exists()


def test_long_lists_are_cut_and_say_their_total(city, street_clerk):
    rows = [HEAD, *[[n, "索河街道", f"{n}号院", 1, "多"] for n in range(400)]]
    report = checked(street_clerk, rows).report
    assert report["error_total"] == 400
    assert len(report["errors"]) == report["listed"] == 300


def test_unknown_ledger(city, street_clerk):
    with pytest.raises(UnknownLedger, match="没有“x”这种台账"):
        services.import_check(ledger="x", upload=upload(GOOD), actor=street_clerk)


def test_file_name_is_only_a_name(city, street_clerk):
    file = SimpleUploadedFile("x.xlsx", xlsx(GOOD))
    file._name = "..\\..\\etc/" + "长" * 300 + ".xlsx"
    batch = services.import_check(ledger=LEDGER, upload=file, actor=street_clerk)
    assert len(batch.source_name) == 200
    assert batch.source_name.endswith("长.xlsx")
    assert "长" not in batch.source.name


# --- Commit ---


def test_commit_writes_all_and_says_so(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    services.import_commit(batch=batch, actor=street_clerk)
    batch.refresh_from_db()
    assert batch.status == ImportStatus.COMMITTED
    assert batch.committed_at is not None
    city["estate"].refresh_from_db()
    assert (city["estate"].household_count, city["estate"].contact_phone) == (92, "13900000417")
    made = Estate.objects.get(name="乙院")
    assert (made.building_count, made.household_count, made.has_cleaning, made.remarks) == (
        2,
        40,
        False,
        "=1+1",
    )
    entry = AuditEntry.objects.get(verb="import.commit")
    assert entry.after["created"] == 1
    assert entry.after["sha256"] == batch.source_sha256


def test_double_click_has_one_effect(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    again = ImportBatch.objects.get(pk=batch.pk)
    services.import_commit(batch=batch, actor=street_clerk)
    with pytest.raises(StaleState, match="已经入库或放弃"):
        services.import_commit(batch=again, actor=street_clerk)
    assert Estate.objects.filter(name="乙院").count() == 1
    assert again.status == ImportStatus.COMMITTED
    assert AuditEntry.objects.filter(verb="import.commit").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_commits_at_the_same_moment_have_one_effect(city, street_clerk):
    batch = checked(street_clerk, GOOD)

    def attempt(_):
        try:
            services.import_commit(
                batch=ImportBatch.objects.get(pk=batch.pk),
                actor=type(street_clerk).objects.get(pk=street_clerk.pk),
            )
        except StaleState:
            return "late"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == ["done", "late"]
    assert Estate.objects.filter(name="乙院").count() == 1


def test_batch_with_errors_is_never_committed(city, street_clerk):
    batch = checked(street_clerk, BAD)
    with pytest.raises(BusinessError, match="还有 3 格有误，整本没有入库"):
        services.import_commit(batch=batch, actor=street_clerk)
    assert batch.status == ImportStatus.CHECKED
    assert Estate.objects.count() == 1


def test_commit_refuses_when_the_registry_moved_on(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    Estate.objects.filter(pk=city["estate"].pk).update(household_count=88)
    with pytest.raises(StaleState, match="名录有了变动"):
        services.import_commit(batch=batch, actor=street_clerk)
    batch.refresh_from_db()
    assert batch.status == ImportStatus.CHECKED
    assert batch.committed_at is None
    assert not Estate.objects.filter(name="乙院").exists()


def test_commit_refuses_a_secret_change_that_looks_the_same(city, street_clerk):
    """138****6120 hides digits on the screen, not from the comparison."""
    batch = checked(street_clerk, GOOD)
    Estate.objects.filter(pk=city["estate"].pk).update(contact_phone="13899996120")
    with pytest.raises(StaleState):
        services.import_commit(batch=batch, actor=street_clerk)


def test_commit_is_all_or_nothing(city, street_clerk, ledger):
    def broken(result, actor, batch):
        yield from commit(result, actor, batch)
        raise BusinessError("第二条不行。")

    registry.register(replace(ledger, commit=broken))
    batch = checked(street_clerk, GOOD)
    with pytest.raises(BusinessError, match="第二条不行"):
        services.import_commit(batch=batch, actor=street_clerk)
    assert batch.status == ImportStatus.CHECKED
    assert Estate.objects.count() == 1
    assert not AuditEntry.objects.filter(verb="import.commit").exists()


def test_row_written_outside_the_own_street_rolls_all_back(city, street_clerk, ledger):
    def elsewhere(result, actor, batch):
        for record in commit(result, actor, batch):
            record.street = city["other"]
            record.community = None
            record.save()
            yield record

    registry.register(replace(ledger, commit=elsewhere))
    batch = checked(street_clerk, GOOD)
    with pytest.raises(NotPermitted, match="不属于你所在街道"):
        services.import_commit(batch=batch, actor=street_clerk)
    city["estate"].refresh_from_db()
    assert city["estate"].street == city["street"]
    assert Estate.objects.count() == 1


def test_only_who_uploaded_commits_or_abandons(city, street_clerk, city_manager):
    batch = checked(street_clerk, GOOD)
    with pytest.raises(NotPermitted, match="只有上传人"):
        services.import_commit(batch=batch, actor=city_manager)
    with pytest.raises(NotPermitted, match="只有上传人"):
        services.import_abandon(batch=batch, actor=city_manager)


def test_right_lost_between_check_and_commit(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    street_clerk.roles.all().delete()
    person = type(street_clerk).objects.get(pk=street_clerk.pk)
    with pytest.raises(NotPermitted):
        services.import_commit(batch=ImportBatch.objects.get(pk=batch.pk), actor=person)
    assert Estate.objects.count() == 1


def test_kept_file_must_be_the_one_that_was_checked(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    Path(batch.source.path).write_bytes(xlsx([HEAD, [1, "索河街道", "偷换院", 1, 1]]))
    with pytest.raises(BusinessError, match="原文件与核对时不同"):
        services.import_commit(batch=batch, actor=street_clerk)
    Path(batch.source.path).unlink()
    with pytest.raises(BusinessError, match="原文件已不在"):
        services.import_commit(batch=batch, actor=street_clerk)


def test_second_upload_of_a_committed_file_says_so(city, street_clerk):
    data = xlsx(GOOD)
    with clock.freeze(clock.at(clock.today())):
        services.import_commit(batch=checked(street_clerk, data), actor=street_clerk)
        again = checked(street_clerk, data)
    assert again.report["seen_before"].startswith("同一份文件已在")
    assert (again.report["created"], again.report["unchanged"]) == (0, 2)


def test_abandoned_batch_is_closed(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    services.import_abandon(batch=batch, actor=street_clerk)
    assert batch.status == ImportStatus.ABANDONED
    with pytest.raises(StaleState):
        services.import_commit(batch=batch, actor=street_clerk)
    with pytest.raises(StaleState):
        services.import_abandon(batch=batch, actor=street_clerk)
    assert AuditEntry.objects.filter(verb="import.abandon").count() == 1


# --- Plans ---


def test_plan_that_forgets_a_row_is_a_programming_error(city, street_clerk, ledger):
    registry.register(replace(ledger, plan=lambda rows, actor: ImportPlan()))
    with pytest.raises(ValueError, match="does not account for every row"):
        checked(street_clerk, GOOD)


def test_plan_that_names_a_row_twice_is_a_programming_error(city, street_clerk, ledger):
    def twice(rows, actor):
        result = plan(rows, actor)
        for item in [*result.created]:
            result.refuse(item.row, "name", "也不行。")
        return result

    registry.register(replace(ledger, plan=twice))
    with pytest.raises(ValueError, match="names a row twice"):
        checked(street_clerk, GOOD)


def test_differences_leave_blanks_and_absent_columns_alone():
    reading = read_ledger(
        COLUMNS,
        xlsx([["街道", "小区名称", "户数", "备注"], ["索河街道", "甲院", 86, None]]),
        "a.xlsx",
    )
    (row,) = reading.rows
    current = {"household_count": 86, "remarks": "旧", "contact_phone": "1", "building_count": 3}
    assert differences(COLUMNS, row, current) == []
    (erased,) = differences(COLUMNS, row, current, blank_erases=True)
    assert (erased.label, erased.old, erased.new) == ("备注", "旧", "（空）")


def test_ledger_of_two_equal_names_cannot_be_declared(ledger):
    with pytest.raises(ValueError, match="names two columns"):
        replace(ledger, columns=[*COLUMNS, LedgerColumn("again", "户 数")])
    with pytest.raises(ValueError, match="no column 'x'"):
        replace(ledger, duplicates=DuplicateTracker(key=id, column="x"))


def test_ledgers_offered_to_a_person(street_clerk, auditor, ledger):
    assert ledger in registry.ledgers_for(street_clerk)
    assert ledger not in registry.ledgers_for(auditor)


# --- The marked workbook ---


def result_sheet(batch):
    filename, content = services.result_workbook(batch)
    assert filename == f"{batch.source_name.rpartition('.')[0]}（核对结果）.xlsx"
    return openpyxl.load_workbook(io.BytesIO(content))["台账"]


def test_marked_workbook_is_the_same_file_with_a_column(city, street_clerk):
    book = openpyxl.load_workbook(io.BytesIO(xlsx(BAD)))
    sheet = book.active
    sheet.merge_cells("A1:I1")
    sheet["C4"].font = openpyxl.styles.Font(name="楷体", bold=True)
    sheet["D4"] = "=1+2"
    sheet["D4"] = 3
    sheet.column_dimensions["C"].width = 33
    book.create_sheet("旁注")["A1"] = "不要动"
    batch = checked(street_clerk, saved(book))
    marked = result_sheet(batch)
    assert marked["J2"].value == "核对结果"
    assert marked["J3"].value == "错误　户数：户数应为数字。请改为 120 这样的写法。"
    assert marked["J4"].value == "新增"
    assert marked["J5"].value.startswith("错误　小区名称：与第 4 行重复")
    assert marked["J7"].value == "不变"
    assert marked["J8"].value.split("\n") == [
        "新增",
        "提醒　楼栋数：原表写的是约数，已按 4 读取，请核对。",
    ]
    assert marked["E3"].fill.fgColor.rgb == "FFF8D0CC"
    assert marked["D8"].fill.fgColor.rgb == "FFFFF0CC"
    assert marked["E4"].fill.fill_type is None
    assert marked["C4"].font.name == "楷体"
    assert marked.column_dimensions["C"].width == 33
    assert "A1:I1" in {str(area) for area in marked.merged_cells.ranges}


def test_marked_workbook_can_be_mended_and_uploaded_again(city, street_clerk):
    _, content = services.result_workbook(checked(street_clerk, BAD))
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    sheet["E3"] = 120
    sheet["C5"] = "丁院东院"
    sheet["B6"] = "索河街道"
    again = checked(street_clerk, saved(book))
    assert again.report["error_total"] == 0
    assert again.report["created"] == 5
    assert result_sheet(again)["J5"].value == "新增"
    assert result_sheet(again)["K2"].value is None


def test_marked_workbook_of_xls_is_written_anew(city, street_clerk):
    batch = checked(street_clerk, xls(BAD), filename="台账.xls")
    marked = result_sheet(batch)
    assert marked["J2"].value == "核对结果"
    assert marked["J3"].value.startswith("错误　户数：")
    assert marked["E3"].fill.fgColor.rgb == "FFF8D0CC"
    assert [cell.value for cell in marked[4]][:5] == [2, "索河街道", "丁院", 3, 10]


def test_marked_workbook_after_the_commit(city, street_clerk):
    batch = checked(street_clerk, GOOD)
    assert not batch.result
    services.import_commit(batch=batch, actor=street_clerk)
    marked = result_sheet(ImportBatch.objects.get(pk=batch.pk))
    assert marked["J3"].value == (
        "已变更：户数 86→92（入库后送户数核定）；联系电话 138****6120→139****0417"
    )
    assert marked["J4"].value == "已新增"
    assert marked["J5"].value is None
    # The clerk's own text that looks like a formula is still text.
    assert (marked["I4"].value, marked["I4"].data_type) == ("=1+1", "s")


def test_message_on_the_whole_sheet_stands_above_the_header(city, street_clerk):
    rows = [["老旧小区台账"], ["街道", "小区名称", "楼栋数"], ["索河街道", "甲院", 3]]
    marked = result_sheet(checked(street_clerk, rows))
    assert "缺少“户数”列" in marked["D1"].value


def test_marked_workbook_falls_back_when_openpyxl_cannot_open_it(city, street_clerk):
    """Excel forgives a font family of 99, and so does the reader; openpyxl does not."""
    good = xlsx(BAD)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        styles = archive.read("xl/styles.xml")
    broken = repacked(
        good, {"xl/styles.xml": styles.replace(b'family val="2"', b'family val="99"')}
    )
    with pytest.raises(ValueError, match="could not read stylesheet"):
        openpyxl.load_workbook(io.BytesIO(broken))
    marked = result_sheet(checked(street_clerk, broken))
    assert marked["J3"].value.startswith("错误　户数：")
    assert marked["J2"].font.bold


# --- The empty form ---


def test_template_reads_as_an_empty_ledger(ledger, city, street_clerk):
    content = template_workbook(ledger)
    batch = checked(street_clerk, content)
    assert batch.report["rows"] == 0
    assert batch.report["error_total"] == batch.report["warning_total"] == 0
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["老旧小区台账"]
    assert sheet["A1"].value == "荥阳市老旧小区台账"
    assert sheet["A2"].value == "填报单位："
    assert [cell.value for cell in sheet[3]] == ["序号", *[column.label for column in COLUMNS]]
    assert sheet["A4"].value == "示例"
    lists = {v.formula1 for v in sheet.data_validations.dataValidation}
    assert lists == {'"是,否"', '"专业,社区中心"'}
    assert sheet.print_title_rows == "$3:$3"
    notes = [row[0].value for row in book["填表说明"].iter_rows() if row[0].value]
    assert any("户数以户数清册为准" in note for note in notes)


def test_filled_template_is_imported(ledger, city, street_clerk):
    book = openpyxl.load_workbook(io.BytesIO(template_workbook(ledger)))
    sheet = book["老旧小区台账"]
    for column, value in enumerate([1, "索河街道", "乙院", 2, 40, "是"], start=1):
        sheet.cell(5, column).value = value
    batch = checked(street_clerk, saved(book))
    assert (batch.report["rows"], batch.report["created"]) == (1, 1)
    assert batch.report["error_total"] == 0


# --- The command ---


def run(*arguments):
    out = io.StringIO()
    status = 0
    try:
        call_command("import_workbook", "test_estates", *map(str, arguments), stdout=out)
    except SystemExit as end:
        status = end.code
    return status, out.getvalue()


@pytest.fixture
def files(tmp_path):
    for label, rows in (("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{label}.xlsx").write_bytes(xlsx(rows))
    return tmp_path


def test_command_only_checks(city, street_clerk, files):
    status, out = run(files / "good.xlsx", "--as", street_clerk.username, "--json")
    assert status == 0
    assert json.loads(out) == {
        "rows": 2,
        "created": 1,
        "changed": 1,
        "unchanged": 0,
        "rejected": 0,
        "beside": "",
        "errors": [],
        "warnings": [],
    }
    assert Estate.objects.count() == 1
    assert not ImportBatch.objects.exists()


def test_command_commits(city, street_clerk, files):
    status, out = run(files / "good.xlsx", "--as", street_clerk.username, "--commit")
    assert status == 0
    assert "2 行：新增 1，变更 1，不变 0，有误 0" in out
    assert "变更　甲院：户数 86→92" in out
    assert out.rstrip().endswith("已入库。")
    assert Estate.objects.filter(name="乙院").exists()
    assert ImportBatch.objects.get().status == ImportStatus.COMMITTED
    assert AuditEntry.objects.get(verb="import.commit").channel == "command"


def test_command_with_errors_ends_with_1_and_writes_nothing(city, street_clerk, files):
    marked = files / "marked.xlsx"
    status, out = run(
        files / "bad.xlsx", "--as", street_clerk.username, "--commit", "--json", "--errors", marked
    )
    figures = json.loads(out)
    assert status == 1
    assert [figures[k] for k in ("rows", "created", "changed", "unchanged", "rejected")] == [
        6,
        2,
        0,
        1,
        3,
    ]
    assert figures["errors"][0] == {
        "sheet": "台账",
        "cell": "E3",
        "message": "户数应为数字。请改为 120 这样的写法。",
    }
    assert [warning["cell"] for warning in figures["warnings"]] == ["D8"]
    assert Estate.objects.count() == 1
    assert not ImportBatch.objects.exists()
    assert openpyxl.load_workbook(marked).active["J3"].value.startswith("错误　户数")


def test_command_tells_errors_in_words(city, street_clerk, files):
    status, out = run(files / "bad.xlsx", "--as", street_clerk.username)
    assert status == 1
    assert "有误 3 处：" in out
    assert "  台账 E3　户数应为数字。请改为 120 这样的写法。" in out
    assert "整本没有入库。" in out


def test_command_tells_a_refused_file_and_a_missing_right(city, street_clerk, auditor, files):
    bad = files / "a.xlsx"
    bad.write_bytes(b"%PDF-1.7")
    status, out = run(bad, "--as", street_clerk.username, "--json")
    assert status == 1
    assert "内容是 PDF" in json.loads(out)["errors"][0]["message"]
    status, out = run(files / "good.xlsx", "--as", auditor.username, "--json")
    assert status == 1
    assert json.loads(out)["errors"][0]["message"] == "你没有导入老旧小区台账的权限。"


def test_command_needs_a_person_and_a_file(city, street_clerk, files):
    with pytest.raises(CommandError, match="没有用户"):
        run(files / "good.xlsx", "--as", "nobody")
    with pytest.raises(CommandError, match="没有文件"):
        run(files / "none.xlsx", "--as", street_clerk.username)
