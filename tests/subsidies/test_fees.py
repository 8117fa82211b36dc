"""The owners' fee: entered by the street, frozen once confirmed, corrected beside the old one."""

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from subsidies import services
from subsidies.calculations import (
    FeeFigures,
    fee_problems,
    fee_remarks,
    percent_of,
    read_fee,
    strict_number,
)
from subsidies.models import FeeCollection, FeeDraft, FeeStandard
from subsidies.selectors.fees import fee_sums, fees_of, fees_waiting
from subsidies.selectors.income import IncomeBy, income
from subsidies.selectors.merging import refuse_fee_merge
from tests.subsidies.conftest import OCTOBER, Month, bring_to, many_estates
from tests.support.pages import text_of
from tests.support.workbooks import saved
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.ledgers.services import import_check, import_commit

SEPTEMBER = dt.date(2026, 9, 1)
ClientFor = Callable[[User], Client]


def figures(
    billed: int = 142,
    paid: int = 100,
    due: str = "1420.00",
    received: str = "1000.00",
    recovered: str = "0.00",
    opening: str | None = None,
) -> FeeFigures:
    return FeeFigures(
        billed,
        paid,
        Decimal(due),
        Decimal(received),
        Decimal(recovered),
        None if opening is None else Decimal(opening),
    )


def enter(
    month: Month, given: FeeFigures, when: dt.date = OCTOBER, estate: Estate | None = None
) -> FeeCollection:
    return services.fees_enter(
        month=when,
        entries=[services.FeeEntry(estate or month.estates[0], given)],
        actor=month.cast.street_clerk,
    )[0]


@pytest.fixture
def standard(month: Month) -> FeeStandard:
    return services.fee_standard_register(
        amount=Decimal("10.00"),
        effective_from=dt.date(2017, 4, 1),
        document_title="关于进一步做好我市物业管理工作的意见",
        actor=month.cast.city_manager,
    )


def arrears(when: dt.date = OCTOBER) -> dict[str, Decimal]:
    rows = FeeCollection.objects.current().of_month(when).with_arrears().select_related("estate")
    return {row.estate.name: Decimal(row.arrears).quantize(Decimal("0.01")) for row in rows}


# --- Figures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "places", "sentence"),
    [
        ("100元", 2, "把“100元”改为 100"),
        ("96户", 0, "把“96户”改为 96"),
        ("-5", 2, "不能是负数"),
        ("=1+2", 2, "是公式"),
        ("一百", 2, "应为数字"),
        ("1.005", 2, "最多 2 位小数"),
        ("96.5", 0, "应为整数"),
        ("1e5", 2, "应为数字"),
        ("1,00", 2, "应为数字"),
        ("999999999", 2, "太大"),
    ],
)
def test_what_is_no_plain_number_is_refused_by_name(cell, places, sentence):
    with pytest.raises(ValueError, match=sentence):
        strict_number(cell, places=places)


@pytest.mark.parametrize(
    ("cell", "places", "value"),
    [("1,200.5", 2, "1200.50"), ("９６", 0, "96"), (960.1, 2, "960.10"), (0, 0, "0"),
     (0.1 + 0.2, 2, "0.30")],
)  # fmt: skip
def test_a_plain_number_is_taken_to_the_fen(cell, places, value):
    assert strict_number(cell, places=places) == Decimal(value)


def test_what_is_not_filled_in_is_said_field_by_field():
    read, problems = read_fee({"households_billed": "96", "amount_billed": "960元"})
    assert read is None
    assert set(problems) == {"households_paid", "amount_billed", "amount_received"}
    assert problems["households_paid"] == "请填实收户数。"


@pytest.mark.parametrize(
    ("given", "before", "field"),
    [
        (figures(paid=143), "0", "households_paid"),
        (figures(received="900.00", recovered="901.00"), "2000", "amount_recovered"),
        (figures(received="1500.00", recovered="300.00"), "299.99", "amount_recovered"),
        (figures(received="1420.01"), "500", "amount_received"),
        (figures(paid=0, received="10.00"), "0", "households_paid"),
        (figures(opening="1.00"), "0", "opening_arrears"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(given, before, field):
    assert set(fee_problems(given, Decimal(before), begins=False)) == {field}


def test_more_households_than_verified_and_another_sum_are_remarks():
    found = fee_remarks(figures(billed=150), 142, Decimal("10.00"))
    assert "多于核定的 142 户" in found["households_billed"]
    assert "应为 1,500.00 元" in found["amount_billed"]
    assert not fee_remarks(figures(), 142, Decimal("10.00"))


def test_rates_have_one_decimal_and_none_of_nothing():
    assert percent_of(2, 3) == Decimal("66.7")
    assert percent_of(Decimal("0.5"), 1000) == Decimal("0.1")
    assert percent_of(1, 0) is None


# --- What holds in the database --------------------------------------------------------------


def test_arrears_follow_from_the_chain_and_are_never_typed(month: Month, standard):
    enter(month, figures(opening="300.00", received="1200.00", recovered="150.00"), SEPTEMBER)
    assert arrears(SEPTEMBER) == {"工商局家属院": Decimal("520.00")}
    enter(month, figures(received="1400.00", recovered="100.00"))
    assert arrears() == {"工商局家属院": Decimal("540.00")}
    row = fees_of(OCTOBER, month.cast.city_manager).get()
    assert (row.household_rate, row.collection_rate) == (Decimal("70.4"), Decimal("91.5"))
    assert (row.standard, row.households_verified) == (standard, 142)
    assert row.provider == month.provider


def test_a_correction_stands_beside_the_old_one_and_moves_later_months(month: Month):
    old = enter(month, figures(), SEPTEMBER)
    enter(month, figures(received="1420.00", recovered="420.00"))
    new = services.fee_correct(
        fee=old,
        figures=figures(received="900.00", paid=90),
        reason="收款单位重复报了 10 户",
        actor=month.cast.street_clerk,
    )
    assert FeeCollection.objects.filter(month=SEPTEMBER).count() == 2
    assert fees_of(SEPTEMBER, month.cast.city_manager).get() == new
    assert arrears(SEPTEMBER) == {"工商局家属院": Decimal("520.00")}
    assert arrears() == {"工商局家属院": Decimal("520.00")}
    entry = audit.timeline(new)[0]
    assert entry.reason == "收款单位重复报了 10 户"
    assert entry.before["amount_received"] == "1000.00"
    with pytest.raises(StaleState, match="已经更正过"):
        services.fee_correct(
            fee=old, figures=figures(), reason="再改", actor=month.cast.street_clerk
        )


def test_a_correction_cannot_take_away_what_a_later_month_recovered(month: Month):
    old = enter(month, figures(), SEPTEMBER)
    enter(month, figures(received="1420.00", recovered="420.00"))
    with pytest.raises(BusinessError, match="请先更正以后的月份"):
        services.fee_correct(
            fee=old,
            figures=figures(received="1001.00"),
            reason="少报一元",
            actor=month.cast.street_clerk,
        )


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda row: FeeCollection.objects.filter(pk=row.pk).update(amount_received=1), "更正"),
        (lambda row: FeeCollection.objects.filter(pk=row.pk).delete(), "更正"),
    ],
)
def test_a_confirmed_record_is_frozen_at_every_door(month: Month, act, sentence):
    row = enter(month, figures())
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        act(row)


def raw(scene: Month, **fields: object) -> FeeCollection:
    """Write a record past all services."""
    values = {
        "estate": scene.estates[0],
        "month": OCTOBER,
        "households_billed": 142,
        "households_paid": 100,
        "amount_billed": Decimal("1420.00"),
        "amount_received": Decimal("1000.00"),
        "entered_by": scene.cast.street_clerk,
        "entered_at": clock.now(),
    }
    return FeeCollection.objects.create(**{**values, **fields})


@pytest.mark.parametrize(
    "wrong",
    [
        {"households_paid": 143},
        {"amount_received": Decimal("1420.01")},
        {"amount_recovered": Decimal("0.01")},
        {"amount_received": Decimal("-1.00")},
        {"households_paid": 0},
        {"opening_arrears": Decimal("-0.01")},
        {"month": dt.date(2026, 10, 2)},
    ],
)
def test_the_database_refuses_what_cannot_be(month: Month, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        raw(month, **wrong)
    assert not FeeCollection.objects.exists()


def test_sums_of_fen_are_no_reason_to_refuse(month: Month):
    raw(
        month,
        amount_billed=Decimal("0.70"),
        amount_received=Decimal("0.80"),
        amount_recovered=Decimal("0.10"),
        opening_arrears=Decimal("0.10"),
        households_paid=1,
    )
    assert arrears() == {"工商局家属院": Decimal("0.00")}


def test_the_database_knows_who_enters_where_and_in_which_order(month: Month):
    cast = month.cast
    for who in ("other_clerk", "street_leader", "city_manager", "outsider"):
        with pytest.raises(IntegrityError, match="街道"), transaction.atomic():
            raw(month, entered_by=cast.people[who])
    row = raw(month, opening_arrears=Decimal("50.00"))
    with pytest.raises(IntegrityError), transaction.atomic():
        raw(month)
    with pytest.raises(IntegrityError, match="更早的月份不能再填"), transaction.atomic():
        raw(month, month=SEPTEMBER)
    with pytest.raises(IntegrityError, match="只在第一次"), transaction.atomic():
        raw(month, month=dt.date(2026, 11, 1), opening_arrears=Decimal("1.00"))
    with pytest.raises(IntegrityError, match="同一小区"), transaction.atomic():
        raw(month, replaces=row, reason="错", estate=month.estates[1])
    with pytest.raises(IntegrityError), transaction.atomic():
        raw(month, replaces=row, reason="")
    raw(month, replaces=row, reason="错")
    with pytest.raises(IntegrityError), transaction.atomic():
        raw(month, replaces=row, reason="又错")


@pytest.mark.parametrize("door", ["update", "delete"])
def test_a_standard_is_registered_for_good(standard, door):
    rows = FeeStandard.objects.filter(pk=standard.pk)
    with pytest.raises(IntegrityError, match="登记后不能"), transaction.atomic():
        rows.update(amount=Decimal("12.00")) if door == "update" else rows.delete()


def test_an_estates_own_standard_goes_before_that_of_all(month: Month, standard):
    own = services.fee_standard_register(
        amount=Decimal("15.00"),
        effective_from=OCTOBER,
        document_title="业主大会决定",
        estate=month.estates[1],
        actor=month.cast.city_manager,
    )
    enter(month, figures(), SEPTEMBER, month.estates[1])
    given = figures(58, 58, "870.00", "870.00")
    assert enter(month, given, OCTOBER, month.estates[1]).standard == own
    assert FeeCollection.objects.get(month=SEPTEMBER).standard == standard
    with pytest.raises(BusinessError, match="已有一个收费标准"):
        services.fee_standard_register(
            amount=Decimal("16.00"),
            effective_from=OCTOBER,
            document_title="又一次",
            estate=month.estates[1],
            actor=month.cast.city_manager,
        )


@pytest.mark.parametrize(
    "who",
    ["street_leader", "city_manager", "finance_officer", "auditor", "system_admin", "outsider"],
)
def test_nobody_but_the_streets_clerk_enters(month: Month, who):
    actor = month.cast.people[who]
    entry = services.FeeEntry(month.estates[0], figures())
    for act in (
        lambda: services.fees_enter(month=OCTOBER, entries=[entry], actor=actor),
        lambda: services.fees_confirm(month=OCTOBER, rows={}, actor=actor),
        lambda: services.fee_draft_save(
            estate=month.estates[0], month=OCTOBER, typed={}, actor=actor
        ),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_the_other_street_enters_nothing_here(month: Month):
    actor = month.cast.other_clerk
    with pytest.raises(BusinessError):
        services.fees_enter(
            month=OCTOBER, entries=[services.FeeEntry(month.estates[0], figures())], actor=actor
        )
    with pytest.raises(BusinessError, match="不在你填报的范围内"):
        services.fee_draft_save(estate=month.estates[0], month=OCTOBER, typed={}, actor=actor)
    assert not FeeCollection.objects.exists()


def test_a_duplicate_with_arrears_or_a_second_bill_is_not_merged(month: Month):
    old, kept = month.estates[:2]
    enter(month, figures())
    with pytest.raises(BusinessError, match=r"业主欠费 420\.00 元"):
        refuse_fee_merge(old, kept, month.cast.city_manager)
    enter(month, figures(58, 58, "580.00", "580.00"), OCTOBER, kept)
    with pytest.raises(BusinessError, match="都填了业主交费"):
        refuse_fee_merge(old, kept, month.cast.city_manager)


# --- The table -------------------------------------------------------------------------------


def address(name: str = "fee-entry") -> str:
    return reverse(f"subsidies:{name}", args=["2026-10"])


def typed(estate: Estate, *values: str, suffix: bool = True) -> dict[str, str]:
    names = ("households_billed", "households_paid", "amount_billed", "amount_received")
    tail = f"-{estate.pk}" if suffix else ""
    return {f"{name}{tail}": value for name, value in zip(names, values, strict=True)}


def test_the_table_offers_what_the_verified_households_owe(
    month: Month, standard, client_for: ClientFor
):
    page = client_for(month.cast.street_clerk).get(address())
    shown = page.content.decode()
    assert (
        f'name="amount_billed-{month.estates[0].pk}" data-field="amount_billed" value="1420.00"'
        in shown
    )
    assert "3 个小区待填报" in text_of(page)
    assert not FeeDraft.objects.exists()


def test_a_row_is_kept_right_or_wrong_and_says_how_it_reads(
    month: Month, standard, client_for: ClientFor
):
    client = client_for(month.cast.street_clerk)
    estate = month.estates[0]
    answer = client.post(
        address("fee-entry-row"),
        {"estate": estate.pk, **typed(estate, "150", "100", "1500", "1000元", suffix=False)},
    ).json()
    assert "不写单位" in answer["problems"]["amount_received"]
    assert FeeDraft.objects.get().values["amount_received"] == "1000元"
    answer = client.post(
        address("fee-entry-row"),
        {"estate": estate.pk, **typed(estate, "150", "100", "1500", "1000", suffix=False)},
    ).json()
    assert not answer["problems"]
    assert "多于核定的 142 户" in answer["remarks"]["households_billed"]
    assert (answer["arrears"], answer["rate"]) == ("500.00", "66.7%")
    assert 'value="150"' in client.get(address()).content.decode()


def test_one_wrong_row_waits_with_its_reason_and_the_others_are_confirmed(
    month: Month, standard, client_for: ClientFor
):
    client = client_for(month.cast.street_clerk)
    first, second, _ = month.estates
    sent = client.post(
        address(),
        {
            "row": [first.pk, second.pk],
            "pick": [first.pk, second.pk],
            "do": "confirm",
            "evidence": SimpleUploadedFile("收费表.pdf", b"%PDF-1.4"),
            **typed(first, "142", "120", "1420.00", "1200.00"),
            **typed(second, "58", "59", "580.00", "580.00"),
        },
    )
    assert sent.status_code == 422
    page = text_of(sent)
    assert "1 个小区没有确认" in page
    assert "实收 59 户，多于应收 58 户" in page
    row = FeeCollection.objects.get()
    assert (row.estate, row.evidence_name) == (first, "收费表.pdf")
    assert FeeDraft.objects.get().values["households_paid"] == "59"
    opened = client.get(reverse("subsidies:fee-evidence", args=[row.pk]))
    assert b"".join(opened.streaming_content) == b"%PDF-1.4"


def test_rows_are_kept_without_a_script_and_nothing_offered_becomes_a_draft(
    month: Month, standard, client_for: ClientFor
):
    client = client_for(month.cast.street_clerk)
    first, second, _ = month.estates
    sent = client.post(
        address(),
        {
            "row": [first.pk, second.pk],
            "do": "keep",
            **typed(first, "142", "1x", "1420.00", ""),
            **typed(second, "58", "", "580.00", ""),
        },
        follow=True,
    )
    assert "已存 1 个小区的草稿" in text_of(sent)
    assert FeeDraft.objects.get().values["households_paid"] == "1x"


def test_a_confirmed_estate_takes_no_draft_and_leaves_the_table(
    month: Month, standard, client_for: ClientFor
):
    enter(month, figures())
    client = client_for(month.cast.street_clerk)
    sent = client.post(address("fee-entry-row"), {"estate": month.estates[0].pk})
    assert sent.status_code == 409
    assert "2 个小区待填报" in text_of(client.get(address()))


def test_the_other_streets_clerk_sees_and_touches_none_of_it(
    month: Month, standard, client_for: ClientFor
):
    client = client_for(month.cast.other_clerk)
    assert month.estates[0].name not in client.get(address()).content.decode()
    sent = client.post(address("fee-entry-row"), {"estate": month.estates[0].pk})
    assert sent.status_code == 404
    estate = month.estates[0]
    client.post(
        address(),
        {"row": estate.pk, "pick": estate.pk, **typed(estate, "1", "1", "10", "10")},
    )
    assert not FeeCollection.objects.exists()
    row = enter(month, figures())
    for name in ("fee-detail", "fee-correct", "fee-evidence"):
        assert client.get(reverse(f"subsidies:{name}", args=[row.pk])).status_code == 404
    assert not client.get(reverse("subsidies:fee-list")).context["listing"].count


def test_the_table_costs_the_same_for_any_number_of_estates(
    month: Month, standard, client_for: ClientFor, assert_constant_queries
):
    client = client_for(month.cast.street_clerk)
    assert_constant_queries(lambda: client.get(address()), lambda: many_estates(month, 15))


# --- The workbook ----------------------------------------------------------------------------


def filled(content: bytes, rows: list[list[object]]) -> bytes:
    """Return the template with ``rows`` from 应收户数 on, from the first estate down."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for number, row in enumerate(rows, start=3):
        for index, value in enumerate(row, start=3):
            if value is not None:
                sheet.cell(number, index).value = value
    return saved(book)


def check(month: Month, content: bytes, tmp_path: Path):
    path = tmp_path / "填报表.xlsx"
    path.write_bytes(content)
    return import_check(ledger="owners-fees-202610", upload=path, actor=month.cast.street_clerk)


@pytest.fixture
def template(month: Month, standard, client_for: ClientFor) -> bytes:
    client = client_for(month.cast.street_clerk)
    answer = client.get(reverse("common:import-template", args=["owners-fees-202610"]))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_template_names_the_estates_and_what_they_owe(template):
    sheet = openpyxl.load_workbook(io.BytesIO(template)).worksheets[0]
    assert sheet["A1"].value == "2026年10月老旧小区业主交费填报表"
    assert [cell.value for cell in sheet[3]][:5] == ["L0011", "工商局家属院", 142, None, 1420]


def test_a_filled_workbook_is_checked_and_written_by_the_same_service(
    month: Month, template, tmp_path
):
    batch = check(
        month,
        filled(
            template, [[142, 120, 1420, 1200], [58, 58, 580, 580.5, 0.5, 30], [46, 40, 460, 400]]
        ),
        tmp_path,
    )
    assert not batch.report["errors"], batch.report
    import_commit(batch=batch, actor=month.cast.street_clerk)
    assert FeeCollection.objects.count() == 3
    assert arrears() == {
        "工商局家属院": Decimal("220.00"),
        "老粮库家属院": Decimal("29.50"),
        "广场东院": Decimal("60.00"),
    }
    again = check(month, filled(template, [[142, 120, 1420, 1200]]), tmp_path)
    assert again.report["errors"]


@pytest.mark.parametrize(
    ("row", "cell", "sentence"),
    [
        ([142, 120, 1420, "1200元"], "F3", "把“1200元”改为 1200"),
        ([142, "很多", 1420, 1200], "D3", "应为数字"),
        ([142, 120, 1420, -1200], "F3", "不能是负数"),
        ([142, 143, 1420, 1200], "D3", "多于应收 142 户"),
        ([142, 120, 1420, "=A1*2"], "F3", "公式"),
        ([142, 120, 1420, 1200, 1], "G3", "多于往期欠费"),
    ],
)
def test_a_wrong_cell_is_named(month: Month, template, tmp_path, row, cell, sentence):
    batch = check(month, filled(template, [row, [58, 58, 580, 580], [46, 46, 460, 460]]), tmp_path)
    told = [(m["cell"], m["message"]) for m in batch.report["errors"]]
    assert [place for place, _ in told] == [cell]
    assert sentence in told[0][1]
    with pytest.raises(BusinessError):
        import_commit(batch=batch, actor=month.cast.street_clerk)
    assert not FeeCollection.objects.exists()


def test_more_than_verified_is_a_remark_of_the_check(month: Month, template, tmp_path):
    batch = check(
        month,
        filled(template, [[150, 120, 1500, 1200], [58, 58, 580, 580], [46, 46, 460, 460]]),
        tmp_path,
    )
    assert not batch.report["errors"]
    assert "多于核定的 142 户" in batch.report["warnings"][0]["message"]


# --- The month's page ------------------------------------------------------------------------


def month_of_three(month: Month) -> None:
    enter(month, figures(), OCTOBER)
    enter(month, figures(58, 20, "580.00", "200.00"), OCTOBER, month.estates[1])
    enter(month, figures(46, 46, "460.00", "460.00"), OCTOBER, month.estates[2])


def test_the_months_page_has_totals_and_marks_what_is_low(
    month: Month, standard, client_for: ClientFor
):
    month_of_three(month)
    client = client_for(month.cast.city_manager)
    page = client.get(reverse("subsidies:fee-list"))
    shown = text_of(page)
    assert "2026年10月业主交费" in shown
    line = str(page.context["listing"].count_line).replace('<b class="tnum">', "")
    line = line.replace("</b>", "")
    assert line.endswith("应收 246 户、实收 166 户（67.5%），收缴率 67.5%，月末欠费 800.00 元")
    assert page.content.decode().count("t-red") == 1
    assert "收缴率偏低" in shown
    low = client.get(reverse("subsidies:fee-list"), {"month": "2026-10", "low": "1"})
    assert low.context["listing"].count == 1
    september = client.get(reverse("subsidies:fee-list"), {"month": "2026-09"})
    assert september.context["listing"].count == 0


def test_the_export_is_the_offices_form_and_equals_the_database(
    month: Month, standard, client_for: ClientFor
):
    month_of_three(month)
    answer = client_for(month.cast.street_clerk).get(
        reverse("subsidies:fee-list"), {"month": "2026-10", "export": "xlsx"}
    )
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = [[cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows()]
    assert rows[0] == ["荥阳市2026年10月老旧小区业主交费收缴情况表"]
    total = next(row for row in rows if row[0] == "合计")
    sums = fee_sums(fees_of(OCTOBER, month.cast.street_clerk))
    assert total[1:] == [246, 166, 2460, 1660, 0, 800]
    assert (sums.amount_received, sums.arrears) == (Decimal("1660.00"), Decimal("800.00"))
    assert rows[-1] == ["制表人：", "复核人：", "审核人：", "负责人："]


def test_the_list_costs_the_same_for_any_number_of_rows(
    month: Month, standard, client_for: ClientFor, assert_constant_queries
):
    month_of_three(month)
    client = client_for(month.cast.city_manager)

    def grow() -> None:
        services.fees_enter(
            month=OCTOBER,
            entries=[
                services.FeeEntry(estate, figures(80, 60, "800.00", "600.00"))
                for estate in many_estates(month, 15)
            ],
            actor=month.cast.street_clerk,
        )

    assert_constant_queries(lambda: client.get(reverse("subsidies:fee-list")), grow)


def test_a_record_shows_what_it_replaced_and_why(month: Month, client_for: ClientFor):
    row = enter(month, figures())
    client = client_for(month.cast.street_clerk)
    url = reverse("subsidies:fee-correct", args=[row.pk])
    form = {
        "households_billed": "142",
        "households_paid": "99",
        "amount_billed": "1420.00",
        "amount_received": "990.00",
        "amount_recovered": "",
        "opening_arrears": "",
        "reason": "一户退费",
    }
    wrong = client.post(url, {**form, "amount_received": "990元"})
    assert wrong.status_code == 422
    assert "不写单位" in text_of(wrong)
    shown = text_of(client.post(url, form, follow=True))
    assert "一户退费" in shown
    assert "1,000.00" in shown
    old = text_of(client.get(row.get_absolute_url()))
    assert "已被更正" in old


def test_the_estate_shows_its_course(month: Month, standard, client_for: ClientFor):
    enter(month, figures(), SEPTEMBER)
    enter(month, figures(received="1420.00", paid=142))
    url = f"{month.estates[0].get_absolute_url()}?tab=fees"
    shown = text_of(client_for(month.cast.street_clerk).get(url))
    assert "欠费合计 420.00 元" in shown
    assert "2026年9月" in shown


# --- Income ----------------------------------------------------------------------------------


def test_income_is_the_fee_and_the_approved_subsidy(month: Month, standard):
    month_of_three(month)
    claim = month.open()
    rows = income(OCTOBER, OCTOBER, month.cast.city_manager, IncomeBy.STREET)
    assert [(row.fee, row.subsidy) for row in rows] == [(Decimal("1660.00"), Decimal("0.00"))]
    bring_to(claim, "approved", month.cast)
    for by in IncomeBy:
        rows = income(SEPTEMBER, OCTOBER, month.cast.city_manager, by)
        assert sum(row.fee for row in rows) == Decimal("1660.00")
        assert sum(row.subsidy for row in rows) == Decimal("2460.00")
    (row,) = income(OCTOBER, OCTOBER, month.cast.city_manager, IncomeBy.PROVIDER)
    assert (row.name, row.estates, row.households) == (month.provider.name, 3, 246)
    assert (row.fee_share, row.per_household) == (Decimal("40.3"), Decimal("16.75"))
    assert income(OCTOBER, OCTOBER, month.cast.other_clerk, IncomeBy.ESTATE) == []


@pytest.mark.parametrize("by", [by.value for by in IncomeBy])
def test_every_figure_of_the_income_leads_to_its_list(
    month: Month, standard, client_for: ClientFor, by
):
    month_of_three(month)
    bring_to(month.open(), "approved", month.cast)
    client = client_for(month.cast.city_manager)
    page = client.get(
        reverse("subsidies:income"), {"by": by, "since": "2026-10", "until": "2026-10"}
    )
    assert page.status_code == 200
    rows = page.context["view"].rows
    assert rows
    for row in rows:
        fees = client.get(row.fee_url).context["view"].sums
        assert fees.amount_received == row.fee
        lines = client.get(row.subsidy_url)
        assert lines.context["listing"].count
        assert f"{row.subsidy:,.2f}" in text_of(lines)
        assert client.get(row.url).status_code == 200


def test_the_income_goes_out_as_a_workbook(month: Month, standard, client_for: ClientFor):
    month_of_three(month)
    answer = client_for(month.cast.street_clerk).get(
        reverse("subsidies:income-workbook"), {"since": "2026-10", "until": "2026-10"}
    )
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.worksheets) == 4


# --- Who is late -----------------------------------------------------------------------------


def test_the_desk_reminds_the_clerk_at_once_and_the_bureau_when_it_is_late(month: Month):
    cast = month.cast
    (item,) = fees_waiting(cast.street_clerk)
    assert (item.title, item.detail) == ("2026年10月业主交费", "还有 3 个小区没有填报")
    assert item.due == dt.date(2026, 11, 10)
    assert fees_waiting(cast.city_manager) == []
    for who in ("other_clerk", "street_leader", "finance_officer", "system_admin", "outsider"):
        assert fees_waiting(cast.people[who]) == []
    with clock.freeze(dt.date(2026, 11, 11)):
        (item,) = fees_waiting(cast.city_manager)
        assert "索河街道 3 个小区" in item.detail
    month_of_three(month)
    assert fees_waiting(cast.street_clerk) == []


# --- What the public sees --------------------------------------------------------------------


def test_no_page_before_the_sign_in_names_arrears(month: Month, client: Client):
    month_of_three(month)
    row = FeeCollection.objects.first()
    for name, args in (("fee-list", []), ("fee-detail", [row.pk]), ("income", [])):
        answer = client.get(reverse(f"subsidies:{name}", args=args))
        assert answer.status_code == 302
        assert "login" in answer["Location"]
    for path in Path("templates").glob("**/*public*"):
        assert "欠费" not in path.read_text(encoding="utf-8")


def test_the_tables_hold_no_name_of_an_owner():
    names = {field.name for field in FeeCollection._meta.get_fields()}
    assert not {name for name in names if "owner" in name or "phone" in name}
