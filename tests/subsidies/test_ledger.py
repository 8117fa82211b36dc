"""Verifying the books: honest books have no difference, and each falsification is named."""

import datetime as dt
import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from enterprises.models import Engagement
from estates.models import HouseholdCount
from subsidies import services
from subsidies.models import ClaimAct, Payment, SubsidyClaim, SubsidyLine, SubsidyRate
from subsidies.selectors.ledger import LedgerResult, verify_ledger
from tests.subsidies.conftest import OCTOBER, Month, many_estates
from xingyang_pm.common import clock, periodic, triggers
from xingyang_pm.common.models import PeriodicRun

SEPTEMBER = dt.date(2026, 9, 1)


@pytest.fixture
def books(month: Month) -> Month:
    """September is paid, October in draft; one line deducted, one left out."""
    claim = month.open(SEPTEMBER)
    first, second, _ = claim.lines.order_by("estate__code")
    clerk = month.cast.street_clerk
    services.line_deduct(line=first, amount=Decimal("120"), reason="照明损坏", actor=clerk)
    services.line_exclude(line=second, reason="正在改造", actor=clerk)
    month.extra["paid"] = _paid(month, claim)
    month.extra["draft"] = month.open()
    return month


def _paid(month: Month, claim: SubsidyClaim) -> SubsidyClaim:
    cast = month.cast
    claim = services.claim_submit(claim=claim, actor=cast.street_clerk)
    claim = services.claim_return(claim=claim, actor=cast.street_leader, sentence="再核一次")
    claim = services.claim_submit(claim=claim, actor=cast.street_clerk)
    claim = services.claim_review(claim=claim, actor=cast.street_leader)
    claim = services.claim_check(claim=claim, actor=cast.city_manager)
    claim = services.claim_approve(claim=claim, actor=cast.bureau_leader)
    entry = services.PaymentEntry(month.provider, "PZ-1", clock.today())
    return services.claim_pay(claim=claim, entries=[entry], actor=cast.finance_officer)


def falsify(model: type, pk: int, **values: object) -> None:
    """Change a row as somebody would who can write to the database file: no trigger helps."""
    triggers.remove_all(connection)
    model.objects.filter(pk=pk).update(**values)


def found(result: LedgerResult) -> set[str]:
    return {difference.what for difference in result.differences}


def test_honest_books_have_no_difference(books: Month):
    result = verify_ledger()
    assert result.differences == []
    assert (result.checked, result.claims) == (6, 2)
    assert result.sentence == "6 行无差异"
    assert verify_ledger(SEPTEMBER).checked == 3
    assert verify_ledger(settled_only=True).checked == 3


def test_books_by_days_and_split_months_have_no_difference(month: Month):
    services.rate_register(
        amount=Decimal("12.35"),
        effective_from=OCTOBER,
        document_title="新办法",
        month_rule="by_days",
        actor=month.cast.city_manager,
    )
    old = month.engagements[0]
    Engagement.objects.filter(pk=old.pk).update(end_date=dt.date(2026, 10, 16))
    Engagement.objects.create(
        estate=old.estate,
        provider=month.provider,
        start_date=dt.date(2026, 10, 17),
        created_at=clock.now(),
    )
    month.brought_to("paid")
    assert verify_ledger().differences == []
    assert verify_ledger().checked == 4


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"amount": Decimal("1300.01")}, "金额"),
        ({"households": 143}, "户数"),
        ({"buildings": 9}, "楼栋数"),
        ({"rate": Decimal("10.01")}, "标准"),
        ({"months": Decimal("0.9")}, "月数"),
        ({"coefficient": Decimal("0.9")}, "系数"),
        ({"deduction": Decimal("0"), "amount": Decimal("1420.00")}, "扣减"),
        ({"is_excluded": True, "exclusion_reason": "悄悄"}, "不列入"),
        ({"served_from": dt.date(2026, 9, 2)}, "补贴自"),
        ({"month": dt.date(2026, 8, 1)}, "月份"),
        ({"explanation": {}}, "算法说明"),
        ({"deduction": Decimal("5000")}, "金额"),
    ],
)
def test_a_changed_field_of_a_line_is_named(books: Month, values, what):
    line = books.extra["paid"].lines.get(estate=books.estates[0])
    falsify(SubsidyLine, line.pk, **values)
    result = verify_ledger()
    assert what in found(result)
    assert "处差异：工商局家属院 2026-0" in result.sentence


def test_a_line_and_its_snapshot_changed_together_are_found_by_the_source_and_the_sums(
    books: Month,
):
    line = books.extra["paid"].lines.get(estate=books.estates[0])
    explanation = line.explanation
    explanation["count"]["households"] = 200
    falsify(
        SubsidyLine, line.pk, households=200, amount=Decimal("1880.00"), explanation=explanation
    )
    assert {"核定户数", "户数", "金额合计", "拨付 郑州怡馨物业服务有限公司"} <= found(
        verify_ledger()
    )


def test_a_deleted_line_is_missed_in_the_sums(books: Month):
    line = books.extra["paid"].lines.get(estate=books.estates[0])
    triggers.remove_all(connection)
    SubsidyLine.objects.filter(pk=line.pk).delete()
    assert {"小区数", "户数", "金额合计"} <= found(verify_ledger())


@pytest.mark.parametrize("stage", ["submit", "review", "check", "approve", "pay"])
def test_a_deleted_act_is_missed(books: Month, stage):
    triggers.remove_all(connection)
    ClaimAct.objects.filter(claim=books.extra["paid"], version=2, stage=stage).delete()
    assert "经办记录" in found(verify_ledger())


def test_an_act_given_to_another_person_is_found_when_he_acts_twice(books: Month):
    # He checked version 2; now he also sent back version 1 as the street's leader.
    act = books.extra["paid"].acts.get(version=1, stage="review")
    falsify(ClaimAct, act.pk, actor=books.cast.city_manager)
    assert "经办人" in found(verify_ledger())


def test_acts_out_of_order_and_amounts_that_were_not_approved_are_found(books: Month):
    paid = books.extra["paid"]
    act = paid.acts.get(version=2, stage="approve")
    falsify(ClaimAct, act.pk, acted_at=paid.opened_at - dt.timedelta(days=3))
    assert "经办时间" in found(verify_ledger())
    falsify(ClaimAct, act.pk, total=Decimal("1.00"))
    assert "审批金额" in found(verify_ledger())


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"amount": Decimal("1760.01")}, "拨付 郑州怡馨物业服务有限公司"),
        ({"paid_on": dt.date(2026, 10, 1)}, "拨付日期 郑州怡馨物业服务有限公司"),
        ({"recorded_by": "street_clerk"}, "拨付登记人 郑州怡馨物业服务有限公司"),
    ],
)
def test_a_changed_payment_is_named(books: Month, values, what):
    values = {
        name: books.cast.people[value] if name == "recorded_by" else value
        for name, value in values.items()
    }
    falsify(Payment, Payment.objects.get().pk, **values)
    assert what in found(verify_ledger())


def test_a_deleted_payment_is_missed(books: Month):
    triggers.remove_all(connection)
    Payment.objects.all().delete()
    assert "拨付" in found(verify_ledger())


def test_a_claim_marked_paid_or_changed_in_its_sums_is_named(books: Month):
    draft = books.extra["draft"]
    falsify(SubsidyClaim, draft.pk, status="paid", total=Decimal("9999.00"))
    assert {"经办记录", "拨付", "金额合计"} <= found(verify_ledger())


def test_a_source_changed_behind_the_line_is_named(books: Month):
    falsify(HouseholdCount, books.counts[0].pk, households=150)
    falsify(HouseholdCount, books.counts[1].pk, status="rejected")
    falsify(HouseholdCount, books.counts[2].pk, effective_month=dt.date(2026, 12, 1))
    falsify(SubsidyRate, books.rate.pk, amount=Decimal("11.00"))
    assert {"核定户数", "户数核定", "户数执行月份", "登记标准"} <= found(verify_ledger())


def test_an_estate_paid_twice_is_named(books: Month):
    claim = books.extra["draft"]
    source = claim.lines.first()
    triggers.remove_all(connection)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX line_estate_month_once")
    source.pk = None
    source.save(force_insert=True)
    assert "一小区一月只补一次" in found(verify_ledger())


# --- Nightly, and by command -----------------------------------------------------------------


def test_the_night_leaves_its_sentence_on_the_desk(books: Month):
    periodic.run("verify-ledger")
    row = PeriodicRun.objects.get(name="verify-ledger")
    assert (row.message, row.last_failure_at) == ("6 行无差异", None)
    line = books.extra["paid"].lines.first()
    falsify(SubsidyLine, line.pk, amount=Decimal("1.00"))
    periodic.run("verify-ledger")
    row.refresh_from_db()
    assert row.last_failure_at is not None
    assert row.message.startswith("6 行中 ")


def test_the_calendar_opens_the_past_month_once(month: Month):
    with clock.freeze(dt.date(2026, 11, 1)):
        periodic.run("open-claims")
        claim = SubsidyClaim.objects.get()
        assert (claim.month, claim.opened_by) == (OCTOBER, None)
        periodic.run("open-claims")
    assert SubsidyClaim.objects.count() == 1
    row = PeriodicRun.objects.get(name="open-claims")
    assert row.message == "2026年10月没有新开的申报"


def run_command(*args: str) -> tuple[int, str]:
    out, code = io.StringIO(), 0
    try:
        call_command("verify_subsidies", *args, stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code)
    return code, out.getvalue()


def test_the_command_says_how_many_lines_it_checked(books: Month):
    assert run_command() == (0, "核对 1 份申报、3 行，没有差异。\n")
    code, text = run_command("--json", "--month", "2026-09")
    assert (code, json.loads(text)) == (0, {"checked": 3, "differences": []})


def test_the_command_names_differences_and_ends_with_one(books: Month):
    line = books.extra["paid"].lines.get(estate=books.estates[0])
    falsify(SubsidyLine, line.pk, amount=Decimal("1300.01"))
    code, text = run_command("--json")
    told = json.loads(text)
    assert (code, told["checked"]) == (1, 3)
    assert {
        "what": "金额",
        "where": "工商局家属院 2026-09",
        "expected": "1300.00",
        "found": "1300.01",
    } in told["differences"]
    code, text = run_command()
    assert code == 1
    assert "工商局家属院 2026-09　金额　应为 1300.00　实为 1300.01" in text


@pytest.mark.parametrize("text", ["2026", "2026-13", "十月"])
def test_the_command_refuses_what_is_no_month(books: Month, text):
    with pytest.raises(CommandError, match="月份应写成"):
        call_command("verify_subsidies", "--month", text)


def test_verifying_costs_the_same_for_more_lines(month: Month, assert_constant_queries):
    month.brought_to("paid")

    def grow() -> None:
        many_estates(month, 40)
        month.open(dt.date(2026, 8, 1))

    assert assert_constant_queries(verify_ledger, grow) <= 21
