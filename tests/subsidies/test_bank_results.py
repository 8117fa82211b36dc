"""The bank's workbook: each row matched, not matched, of another amount or known already."""

import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from subsidies import services
from subsidies.imports.bank import LEDGER
from subsidies.models import Payment, PaymentResult
from subsidies.selectors.payee_accounts import number_of
from tests.subsidies.conftest import Month, make_account, make_provider
from tests.support.at_once import at_once, one_effect
from tests.support.workbooks import repacked, saved, xls, xlsx
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.ledgers.services import import_check, import_commit, result_workbook
from xingyang_pm.common.models import ImportBatch

HEAD = ["收款单位", "账号", "金额", "凭证号", "日期", "结果", "退回原因"]
FIRM = "郑州怡馨物业服务有限公司"


def number(month: Month) -> str:
    return number_of(month.provider.payee_accounts.earliest("effective_from"))


def line(month: Month, **values: Any) -> list[Any]:
    given = {
        "holder": FIRM,
        "account": number(month),
        "amount": 2460.00,
        "voucher": "GK-1",
        "day": "2026-11-03",
        "outcome": "成功",
        "reason": None,
        **values,
    }
    return list(given.values())


def check(month: Month, *rows: list[Any], source: bytes | None = None) -> ImportBatch:
    content = source if source is not None else xlsx([HEAD, *rows])
    upload = SimpleUploadedFile("回单.xlsx", content)
    return import_check(ledger=LEDGER, upload=upload, actor=month.cast.finance_officer)


def tally(batch: ImportBatch) -> dict[str, int]:
    return {word: count for word, count in batch.report["tally"] if count}


def told(batch: ImportBatch) -> list[str]:
    return [f"{item['cell']} {item['message']}" for item in batch.report["warnings"]]


def refused_cells(batch: ImportBatch) -> dict[str, str]:
    return {item["cell"]: item["message"] for item in batch.report["errors"]}


# --- What the rows come to --------------------------------------------------------------------


def test_a_row_pays_what_is_owed_and_records_its_result(month: Month):
    claim = month.brought_to("approved")
    batch = check(month, line(month))
    assert (tally(batch), batch.report["error_total"]) == ({"匹配": 1}, 0)
    assert "索河街道2026年10月 2,460.00 元，登记拨付" in batch.report["created_list"][0]["note"]
    assert not Payment.objects.exists()
    import_commit(batch=batch, actor=month.cast.finance_officer)
    payment = Payment.objects.get()
    assert (payment.claim, payment.voucher_number, payment.paid_on) == (
        claim,
        "GK-1",
        dt.date(2026, 11, 3),
    )
    result = PaymentResult.objects.get()
    assert (result.payment, result.outcome, result.batch) == (payment, "success", batch)
    claim.refresh_from_db()
    assert claim.status == "paid"
    again = check(month, line(month))
    assert tally(again) == {"已登记过": 1}


def test_results_find_payments_by_voucher_or_near_it(month: Month):
    claim = month.brought_to("approved")
    entry = services.PaymentEntry(month.provider, "PZ 77", clock.today())
    services.claim_pay(claim=claim, entries=[entry], actor=month.cast.finance_officer)
    by_voucher = check(month, line(month, voucher="PZ77", outcome="退票", reason="户名不符"))
    assert "记银行结果：退回" in by_voucher.report["created_list"][0]["note"]
    near = check(month, line(month, voucher="LSH-990", account=None))
    assert tally(near) == {"匹配": 1}
    import_commit(batch=near, actor=month.cast.finance_officer)
    assert PaymentResult.objects.get().reference == "LSH-990"


def test_a_return_and_the_payment_after_it_come_from_two_workbooks(month: Month):
    month.brought_to("approved")
    finance = month.cast.finance_officer
    batch = check(month, line(month, outcome="退回", reason="账号已销户"))
    import_commit(batch=batch, actor=finance)
    first = Payment.objects.with_transit().get()
    assert (first.place, PaymentResult.objects.get().reason) == ("returned", "账号已销户")
    batch = check(month, line(month, voucher="GK-2"))
    assert "重新拨付并记银行结果：成功" in batch.report["created_list"][0]["note"]
    import_commit(batch=batch, actor=finance)
    assert list(Payment.objects.order_by("attempt").values_list("attempt", "voucher_number")) == [
        (1, "GK-1"),
        (2, "GK-2"),
    ]


def test_each_that_does_not_fit_is_told_at_its_cell_and_the_rest_is_written(month: Month):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    make_provider("没有补贴的物业有限公司", "没有补贴")
    month.add_estate(80, provider=other)
    month.brought_to("approved")
    batch = check(
        month,
        line(month),
        line(month, holder=other.name, account=None, amount=799.99, voucher="GK-2"),
        line(month, holder="不认识的公司", account=None, amount=1.00, voucher="GK-3"),
        line(month, holder=other.name, voucher="GK-4", amount=800.00),
        line(month, holder="没有补贴的物业有限公司", account=None, voucher="GK-5"),
        line(month, holder=other.name, account=None, amount=800, voucher="GK-6", day="2026-11-01"),
    )
    assert tally(batch) == {"匹配": 1, "未匹配": 4, "金额不符": 1}
    sentences = told(batch)
    assert "C3 金额不符：待拨的是索河街道2026年10月 800.00 元，回单是 799.99 元" in sentences[0]
    assert sentences[1].startswith("A4 未匹配：没有这个收款单位")
    assert sentences[2].startswith("A5 未匹配：户名与账号对不上")
    assert sentences[3].startswith("A6 未匹配：这个收款单位现在没有待拨的补贴")
    assert sentences[4].startswith("E7 未匹配：日期早于审批日期 2026-11-03")
    import_commit(batch=batch, actor=month.cast.finance_officer)
    assert Payment.objects.get().payee == month.provider


def test_equal_months_are_paid_the_oldest_first_and_each_once(month: Month):
    september = month.brought_to("approved", dt.date(2026, 9, 1))
    october = month.brought_to("approved")
    batch = check(month, line(month), line(month, voucher="GK-2"), line(month, voucher="GK-3"))
    assert tally(batch) == {"匹配": 2, "未匹配": 1}
    import_commit(batch=batch, actor=month.cast.finance_officer)
    paid = dict(Payment.objects.values_list("claim", "voucher_number"))
    assert paid == {september.pk: "GK-1", october.pk: "GK-2"}


def test_an_account_that_is_no_longer_used_does_not_match(month: Month):
    old, new = number(month), "41001501000050000862"
    month.brought_to("approved")
    with clock.freeze(dt.date(2026, 11, 4)):
        make_account(month.provider, new, clock.today())
        day = "2026-11-04"
        batch = check(month, line(month, account=old, day=day))
        assert tally(batch) == {"未匹配": 1}
        assert "账号不是拨付当日的现用账户" in told(batch)[0]
        # By name and last digits alone nobody has looked at the account that has changed.
        batch = check(month, line(month, account="4100 **** 0862", day=day))
        assert tally(batch) == {"匹配": 1}
        with pytest.raises(BusinessError, match="审批后有变"):
            import_commit(batch=batch, actor=month.cast.finance_officer)
        whole = check(month, line(month, account=new, day=day))
        import_commit(batch=whole, actor=month.cast.finance_officer)
    assert Payment.objects.get().account.tail == "0862"


# --- Cells ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("100元", "应为数字格式的金额"),
        ("2460.00", "应为数字格式的金额"),
        ("贰仟", "应为数字格式的金额"),
        (-2460.00, "须大于零"),
        (0, "须大于零"),
        (2460.005, "最多两位小数"),
        (True, "应为数字格式的金额"),
        (None, "不能为空"),
        (1.5e15, "科学记数"),
    ],
)
def test_a_wrong_amount_is_refused_by_its_cells_name(month: Month, amount, sentence):
    month.brought_to("approved")
    batch = check(month, line(month), line(month, voucher="GK-2", amount=amount))
    assert list(refused_cells(batch)) == ["C3"]
    assert sentence in refused_cells(batch)["C3"]
    with pytest.raises(BusinessError, match="整本没有入库"):
        import_commit(batch=batch, actor=month.cast.finance_officer)
    assert not Payment.objects.exists()


def test_a_formula_in_an_amount_cell_is_refused_with_and_without_its_result(month: Month):
    month.brought_to("approved")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEAD)
    sheet.append(line(month, amount="=2400+60"))
    batch = check(month, source=saved(book))
    assert "公式" in refused_cells(batch)["C2"]
    # As Excel saves it, with the result beside the formula.
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
        content = archive.read(part)
    calculated = re.sub(rb"<v ?/>|<v></v>", b"<v>2460</v>", content)
    assert calculated != content
    batch = check(month, source=repacked(saved(book), {part: calculated}))
    assert refused_cells(batch) == {"C2": "金额是公式算出的。请粘贴为数值，核对后再上传。"}


def test_other_cells_are_told_too_and_no_message_repeats_an_account(month: Month):
    month.brought_to("approved")
    batch = check(
        month,
        line(month, day="2026-13-01"),
        line(month, voucher="GK-2", outcome="也许"),
        line(month, voucher="GK-3", outcome="退回"),
        line(month, voucher="GK-4", day="2026-12-01"),
        line(month, voucher="GK-5", account=f"账号{number(month)}"),
        line(month, voucher="GK-6"),
        line(month, voucher="GK-6"),
    )
    assert set(refused_cells(batch)) == {"E2", "F3", "G4", "E5", "B6", "D8"}
    assert number(month) not in str(batch.report)


def test_an_old_workbook_is_read_as_well(month: Month):
    month.brought_to("approved")
    batch = check(month, source=xls([HEAD, line(month)]))
    assert tally(batch) == {"匹配": 1}


# --- Doors ------------------------------------------------------------------------------------


def test_the_pages_check_commit_and_hand_back_the_workbook(month: Month, client_for):
    month.brought_to("approved")
    client = client_for(month.cast.finance_officer)
    listed = client.get(reverse("subsidies:payment-list")).content.decode()
    upload = reverse("common:import-upload", args=[LEDGER])
    assert upload in listed
    assert client.get(reverse("common:import-template", args=[LEDGER])).status_code == 200
    book = SimpleUploadedFile(
        "回单.xlsx", xlsx([HEAD, line(month), line(month, voucher="GK-2", amount=1.00)])
    )
    answer = client.post(upload, {"workbook": book}, follow=True)
    shown = answer.content.decode()
    assert "匹配 <b" in shown
    assert "未匹配" in shown
    assert number(month) not in shown
    batch = ImportBatch.objects.get()
    assert client.post(reverse("common:import-commit", args=[batch.pk])).status_code == 302
    assert Payment.objects.get().amount == Decimal("2460.00")
    batch.refresh_from_db()
    name, content = result_workbook(batch)
    assert name.endswith("（核对结果）.xlsx")
    notes = [row[-1] for row in openpyxl.load_workbook(io.BytesIO(content)).active.values]
    assert "已新增" in notes[1]
    assert "未匹配" in notes[2]


@pytest.mark.parametrize(
    "who", ["street_clerk", "city_manager", "bureau_leader", "auditor", "outsider"]
)
def test_nobody_but_finance_brings_in_the_banks_workbook(month: Month, client_for, who):
    user = month.cast.people[who]
    month.brought_to("approved")
    with pytest.raises(NotPermitted):
        import_check(
            ledger=LEDGER,
            upload=SimpleUploadedFile("回单.xlsx", xlsx([HEAD, line(month)])),
            actor=user,
        )
    url = reverse("common:import-upload", args=[LEDGER])
    assert client_for(user).get(url).status_code == 403


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_workbook_and_a_payment_by_hand_at_once_pay_once(month: Month):
    claim = month.brought_to("approved")
    batch = check(month, line(month))
    finance = month.cast.finance_officer
    entry = services.PaymentEntry(month.provider, "PZ-1", clock.today())
    one_effect(
        at_once(
            lambda: import_commit(batch=batch, actor=finance),
            lambda: services.claim_pay(claim=claim, entries=[entry], actor=finance),
        )
    )
    assert Payment.objects.count() == 1


def test_the_check_costs_the_same_for_more_rows(month: Month, assert_constant_queries):
    month.brought_to("approved")
    rows = [line(month)]

    def grow() -> None:
        rows.extend(line(month, voucher=f"GK-{number}") for number in range(2, 30))

    assert_constant_queries(lambda: check(month, *rows), grow)
