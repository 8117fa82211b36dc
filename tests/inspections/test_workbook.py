"""A round filled in as a workbook: the form, its check cell by cell, and what it writes."""

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.imports import FAILS, PREFIX, VISITS
from inspections.models import ChecklistItem, Inspection, InspectionRound
from tests.inspections.conftest import engage, make_round, picture
from tests.support.pages import text_of
from tests.support.people import Cast
from tests.support.workbooks import saved
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.ledgers.services import (
    import_check,
    import_commit,
    result_workbook,
)
from xingyang_pm.common.models import ImportBatch

SignedIn = Callable[[User], Client]


@pytest.fixture
def many(make_estate: Callable[..., Estate], provider: object) -> list[Estate]:
    made = [make_estate(name=f"桃园小区{place}号院") for place in range(1, 4)]
    for estate in made:
        engage(estate, provider)
    return made


@pytest.fixture
def round(many: list[Estate], checklist: object, cast: Cast) -> InspectionRound:
    return make_round(cast.city_manager, checklist)


@pytest.fixture
def form(round: InspectionRound, cast: Cast, client_for: SignedIn) -> openpyxl.Workbook:
    """The form as the street's clerk downloads it."""
    answer = client_for(cast.street_clerk).get(
        reverse("common:import-template", args=[f"{PREFIX}{round.pk}"])
    )
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def line_of(form: openpyxl.Workbook, estate: Estate) -> int:
    sheet = form[VISITS]
    return next(
        row for row in range(3, sheet.max_row + 1) if sheet.cell(row, 1).value == estate.code
    )


def mark(form: openpyxl.Workbook, estate: Estate, item: ChecklistItem, word: str) -> str:
    sheet = form[VISITS]
    column = next(cell.column for cell in sheet[2] if str(cell.value).startswith(f"{item.code} "))
    cell = sheet.cell(line_of(form, estate), column)
    cell.value = word
    return cell.coordinate


def put(form: openpyxl.Workbook, estate: Estate, head: str, value: Any) -> str:
    sheet = form[VISITS]
    column = next(cell.column for cell in sheet[2] if cell.value == head)
    cell = sheet.cell(line_of(form, estate), column)
    cell.value = value
    return cell.coordinate


def failed(form: openpyxl.Workbook, place: int, *values: Any) -> None:
    for column, value in enumerate(values, start=1):
        form[FAILS].cell(2 + place, column).value = value


def check(round: InspectionRound, form: openpyxl.Workbook, actor: User) -> ImportBatch:
    upload = SimpleUploadedFile("填报表.xlsx", saved(form))
    return import_check(ledger=f"{PREFIX}{round.pk}", upload=upload, actor=actor)


def errors(batch: ImportBatch) -> dict[str, str]:
    return {f"{e['sheet']}!{e['cell']}": e["message"] for e in batch.report["errors"]}


def test_the_form_holds_the_own_estates_all_on_pass(
    form: openpyxl.Workbook, many: list[Estate], other_estate: Estate
) -> None:
    sheet = form[VISITS]
    codes = [sheet.cell(row, 1).value for row in range(3, sheet.max_row + 1)]
    assert {estate.code for estate in many} < set(codes)
    assert other_estate.code not in codes
    assert {sheet.cell(3, column).value for column in range(7, 11)} == {"合格"}
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation]
    assert lists == ['"上报,存草稿"', '"合格,不合格,不适用"']
    assert [cell.value for cell in form[FAILS][2]] == [
        "小区编号", "小区名称", "项目编号", "扣分", "问题描述", "整改期限",
    ]  # fmt: skip


def test_the_file_is_checked_and_reported_by_the_same_services(
    round: InspectionRound,
    form: openpyxl.Workbook,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
) -> None:
    mark(form, many[0], items[1], "不合格")
    failed(form, 1, many[0].code, many[0].name, "1.2", 4, "服务内容缺一页", dt.date(2026, 11, 21))
    mark(form, many[1], items[3], "不适用")
    put(form, many[1], "同行检查人", "李明轩")
    put(form, many[1], "检查日期", dt.date(2026, 11, 16))
    mark(form, many[2], items[2], "不合格")  # wants a photo
    failed(form, 2, many[2].code, "", "2.1", "", "堆放纸箱", "")
    batch = check(round, form, cast.street_clerk)
    assert batch.report["errors"] == []
    assert "2.1 须有照片：先存成草稿" in str(batch.report["warnings"])
    assert not Inspection.objects.exists()
    import_commit(batch=batch, actor=cast.street_clerk)
    rows = {row.estate_id: row for row in Inspection.objects.all()}
    first, second, third = (rows[estate.pk] for estate in many)
    assert (first.status, first.score) == ("submitted", Decimal(96))
    result = first.results.get(outcome="fail")
    assert (result.note, result.deduction, result.deadline) == (
        "服务内容缺一页",
        Decimal(4),
        dt.date(2026, 11, 21),
    )
    assert (second.companion, second.inspected_on) == ("李明轩", dt.date(2026, 11, 16))
    assert second.results.get(item=items[3]).outcome == "na"
    assert third.status == "draft"
    services.photo_add(inspection=third, item=items[2], actor=cast.street_clerk, source=picture())
    sent = services.inspection_submit(inspection=third, actor=cast.street_clerk)
    assert sent.score == Decimal(98)


def test_the_same_file_again_changes_nothing(
    round: InspectionRound, form: openpyxl.Workbook, many: list[Estate], cast: Cast
) -> None:
    import_commit(batch=check(round, form, cast.street_clerk), actor=cast.street_clerk)
    before = list(Inspection.objects.order_by("pk").values())
    again = check(round, form, cast.street_clerk)
    assert (again.report["unchanged"], again.report["created"]) == (4, 0)
    import_commit(batch=again, actor=cast.street_clerk)
    assert list(Inspection.objects.order_by("pk").values()) == before
    put(form, many[0], "同行检查人", "别人")
    told = errors(check(round, form, cast.street_clerk))
    assert any("与这一行不同" in sentence for sentence in told.values())


def test_each_bad_cell_is_named_with_what_to_do(
    round: InspectionRound,
    form: openpyxl.Workbook,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
) -> None:
    na = mark(form, many[0], items[0], "不适用")
    word = mark(form, many[0], items[2], "还行")
    bare = mark(form, many[1], items[1], "不合格")
    day = put(form, many[2], "检查日期", dt.date(2026, 11, 19))
    failed(form, 1, many[2].code, "", "1.2", 3, "", "")
    told = errors(check(round, form, cast.street_clerk))
    assert "不认识" in told[f"{VISITS}!{word}"]
    assert f"{VISITS}!{na}" not in told  # its row has an unreadable cell: that one first
    assert "请在“不合格项”表里加一行" in told[f"{VISITS}!{bare}"]
    assert "不能晚于今天" in told[f"{VISITS}!{day}"]
    assert "不是不合格" in told[f"{FAILS}!C3"]
    mark(form, many[0], items[2], "合格")
    mark(form, many[2], items[1], "不合格")
    told = errors(check(round, form, cast.street_clerk))
    assert "不能选不适用" in told[f"{VISITS}!{na}"]
    assert "请写明问题" in told[f"{FAILS}!E3"]
    assert "扣分须是 2 的倍数" in told[f"{FAILS}!D3"]
    assert not Inspection.objects.exists()


def test_rejected_rows_come_back_in_the_same_workbook(
    round: InspectionRound, form: openpyxl.Workbook, many: list[Estate], cast: Cast
) -> None:
    cell = put(form, many[0], "检查日期", dt.date(2026, 11, 1))
    name, content = result_workbook(check(round, form, cast.street_clerk))
    marked = openpyxl.load_workbook(io.BytesIO(content))[VISITS]
    row = int("".join(filter(str.isdigit, cell)))
    said = " ".join(str(c.value) for c in marked[row])
    assert "不能早于本批次开始" in said
    assert name.endswith(".xlsx")


def test_an_estate_of_the_other_street_is_refused_as_not_found(
    round: InspectionRound,
    form: openpyxl.Workbook,
    many: list[Estate],
    other_estate: Estate,
    cast: Cast,
) -> None:
    row = line_of(form, many[0])
    form[VISITS].cell(row, 1).value = other_estate.code
    form[VISITS].cell(row, 2).value = other_estate.name
    told = errors(check(round, form, cast.street_clerk))
    invented = form[VISITS].cell(row, 1)
    invented.value = "XX-9999"
    form[VISITS].cell(row, 2).value = "没有的小区"
    same = errors(check(round, form, cast.street_clerk))
    assert told[f"{VISITS}!A{row}"] == same[f"{VISITS}!A{row}"]
    assert other_estate.name not in str(told)
    with pytest.raises(NotPermitted):
        check(round, form, cast.city_manager)


def test_rows_that_repeat_an_estate_or_an_item_are_named(
    round: InspectionRound,
    form: openpyxl.Workbook,
    many: list[Estate],
    items: list[ChecklistItem],
    cast: Cast,
) -> None:
    mark(form, many[0], items[1], "不合格")
    failed(form, 1, many[0].code, "", "1.2", 2, "缺页", "")
    failed(form, 2, many[0].code, "", "1.2", 4, "又缺", "")
    failed(form, 3, "XX-1", "", "1.2", 4, "不知哪里", "")
    told = errors(check(round, form, cast.street_clerk))
    assert "与第 3 行重复" in told[f"{FAILS}!A4"]
    assert "没有这个小区的行" in told[f"{FAILS}!A5"]


def test_a_closed_round_and_an_unknown_one(
    round: InspectionRound, form: openpyxl.Workbook, cast: Cast, client_for: SignedIn
) -> None:
    services.round_close(round=round, actor=cast.city_manager)
    told = errors(check(round, form, cast.street_clerk))
    assert set(told.values()) == {f"{round} 已经结束，不能再填报。"}
    client = client_for(cast.street_clerk)
    for code in (f"{PREFIX}999999", f"{PREFIX}x", "nothing"):
        assert client.get(reverse("common:import-upload", args=[code])).status_code == 404


def test_the_pages_lead_through_upload_and_confirmation(
    round: InspectionRound,
    form: openpyxl.Workbook,
    many: list[Estate],
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.street_clerk)
    home = client.get(reverse("inspections:entry-table-home")).content.decode()
    url = reverse("common:import-upload", args=[f"{PREFIX}{round.pk}"])
    assert url in home
    shown = client.post(
        url, {"workbook": SimpleUploadedFile("填报表.xlsx", saved(form))}, follow=True
    )
    assert "桃园小区1号院" in text_of(shown)
    batch = ImportBatch.objects.get()
    client.post(reverse("common:import-commit", args=[batch.pk]))
    assert Inspection.objects.counted().count() == 4
    assert "检查填报表" in text_of(client.get(reverse("common:import-list")))
    other = client_for(cast.other_clerk)
    assert other.get(reverse("common:import-detail", args=[batch.pk])).status_code == 404
    assert client_for(cast.auditor).get(url).status_code == 403
