"""From the payment to the payee's receipt: the bank's word, paying again, the street, days."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import User
from subsidies import services
from subsidies.models import (
    FundingSource,
    Payment,
    PaymentReceipt,
    PaymentResult,
    StreetArrival,
    SubsidyClaim,
    TransitReason,
)
from subsidies.selectors.ledger import verify_ledger
from subsidies.selectors.payees import payee_sums
from subsidies.selectors.transit import arrival_stage, transit_of, transit_summary
from tests.subsidies.conftest import Month, make_provider, pay_all
from tests.support.at_once import at_once, one_effect
from tests.support.doors import refused, sql
from xingyang_pm.common import clock, desk, reminders
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import Reminder

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
NOVEMBER_3 = dt.date(2026, 11, 3)


def scan(name: str = "回执.png") -> ContentFile:
    return ContentFile(PNG, name=name)


def way(payment: Payment):
    return transit_of(Payment.objects.with_transit().get(pk=payment.pk))


def fail(payment: Payment, actor: User, day: dt.date | None = None) -> PaymentResult:
    return services.payment_result_record(
        payment=payment,
        outcome="failed",
        happened_on=day or clock.today(),
        reason="账号户名不符",
        actor=actor,
    )


def receive(month: Month, payment: Payment, **values: object) -> PaymentReceipt:
    given = {
        "payment": payment,
        "amount": payment.amount,
        "received_on": clock.today(),
        "receipt_number": "HZ-1",
        "scan": scan(),
        "actor": month.cast.street_clerk,
        **values,
    }
    return services.receipt_record(**given)


def repay(month: Month, payment: Payment, voucher: str = "PZ-AGAIN", **values: object) -> Payment:
    entry = services.PaymentEntry(payment.payee, voucher, values.pop("day", clock.today()))
    return services.payment_repay(
        payment=payment, entry=entry, actor=values.pop("actor", month.cast.finance_officer)
    )


@pytest.fixture
def by_street(month: Month) -> FundingSource:
    """Money that goes by the street, the default of all months."""
    return services.funding_register(
        name="市级财政",
        route="street",
        default_from=dt.date(2017, 1, 1),
        document_title="补贴资金安排",
        actor=month.cast.finance_officer,
    )


@pytest.fixture
def paid(month: Month) -> Payment:
    return month.brought_to("paid").payments.get()


# --- The bank's word, and paying again --------------------------------------------------------


def test_a_payment_that_came_back_stays_and_is_paid_again_once(month: Month, paid: Payment):
    finance = month.cast.finance_officer
    with pytest.raises(StaleState, match="没有退回"):
        repay(month, paid)
    with clock.freeze(dt.date(2026, 11, 6)):
        fail(paid, finance)
        claim = paid.claim
        (owed,) = payee_sums(claim)
        assert (owed.place, way(paid).open_amount) == ("returned", paid.amount)
        stage = arrival_stage(claim)
        assert (stage.state, stage.sentence) == ("back", "1 笔被退回，待重新拨付。")
        with pytest.raises(BusinessError, match="不能早于退回日期"):
            repay(month, paid, day=dt.date(2026, 11, 5))
        with pytest.raises(BusinessError, match="凭证号已登记过"):
            repay(month, paid, voucher=paid.voucher_number)
        again = repay(month, paid)
        assert (again.attempt, again.amount, again.account) == (2, paid.amount, paid.account)
        with pytest.raises(StaleState, match="已经重新拨付"):
            repay(month, paid, voucher="PZ-3")
        assert way(paid).place == "replaced"
        assert Payment.objects.standing().total() == claim.total
        receive(month, again)
        assert arrival_stage(claim).state == "done"
    claim.refresh_from_db()
    assert claim.status == "paid"
    assert verify_ledger().differences == []


def test_a_success_may_come_back_but_a_failure_is_final(month: Month, paid: Payment):
    finance = month.cast.finance_officer
    services.payment_result_record(
        payment=paid, outcome="success", happened_on=clock.today(), actor=finance
    )
    with pytest.raises(BusinessError, match="已经登记"):
        services.payment_result_record(
            payment=paid, outcome="success", happened_on=clock.today(), actor=finance
        )
    fail(paid, finance)
    with pytest.raises(BusinessError, match="已经登记"):
        fail(paid, finance)


def test_a_failure_before_the_claim_is_whole_is_paid_again_too(month: Month):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    claim = month.brought_to("approved")
    finance = month.cast.finance_officer
    entry = services.PaymentEntry(month.provider, "PZ-1", clock.today())
    services.claim_pay(claim=claim, entries=[entry], actor=finance)
    fail(claim.payments.get(), finance)
    repay(month, claim.payments.get())
    entry = services.PaymentEntry(other, "PZ-2", clock.today())
    assert services.claim_pay(claim=claim, entries=[entry], actor=finance).status == "paid"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"outcome": "failed", "reason": " "}, "退回须写明原因"),
        ({"happened_on": dt.date(2026, 11, 2)}, "不能早于 2026-11-03"),
        ({"happened_on": dt.date(2026, 11, 4)}, "还没有到"),
    ],
)
def test_a_wrong_result_is_told(month: Month, paid: Payment, values, sentence):
    given = {"outcome": "success", "happened_on": clock.today(), "reason": "", **values}
    with pytest.raises(BusinessError, match=sentence):
        services.payment_result_record(payment=paid, actor=month.cast.finance_officer, **given)


@pytest.mark.both_databases
def test_no_payee_is_paid_twice_by_any_door(month: Month, paid: Payment):
    def another(attempt: int, **values: object) -> None:
        row = Payment(
            claim=paid.claim,
            payee=paid.payee,
            amount=paid.amount,
            account=paid.account,
            voucher_number="PZ-X",
            paid_on=clock.today(),
            attempt=attempt,
            recorded_by=month.cast.finance_officer,
            recorded_at=clock.now(),
        )
        for name, value in values.items():
            setattr(row, name, value)
        Payment.objects.bulk_create([row])

    wrong = "前一次拨付没有退回|只有已审批的申报|UNIQUE|unique"
    for attempt in (0, 1, 2, 3):
        refused(f"{wrong}|第几次|attempt", lambda attempt=attempt: another(attempt))
    services.payment_result_record(
        payment=paid,
        outcome="success",
        happened_on=clock.today(),
        actor=month.cast.finance_officer,
    )
    refused(wrong, lambda: another(2))
    fail(paid, month.cast.finance_officer)
    refused(wrong, lambda: another(3))
    refused("不等于该收款单位", lambda: another(2, amount=Decimal(1)))
    another(2)
    refused(wrong, lambda: another(2))
    refused(wrong, lambda: another(3))
    columns = "claim_id, payee_id, amount, account_id, paid_on, route, recorded_by_id, recorded_at"
    copied = (
        f"INSERT INTO subsidies_payment ({columns}, voucher_number, attempt)"
        f" SELECT {columns}, 'PZ-Y', 3 FROM subsidies_payment WHERE id = %s"
    )
    refused(wrong, sql(copied, paid.pk))


@pytest.mark.both_databases
def test_what_became_of_a_payment_is_not_changed_by_any_door(month: Month, by_street):
    payment = month.brought_to("paid").payments.get()
    finance, clerk = month.cast.finance_officer, month.cast.street_clerk
    services.payment_result_record(
        payment=payment, outcome="success", happened_on=clock.today(), actor=finance
    )
    services.street_arrival_record(
        payment=payment, arrived_on=clock.today(), voucher_number="JZ-1", actor=clerk
    )
    services.transit_reason_record(payment=payment, reason="等转拨", actor=clerk)
    receive(month, payment)
    for model, values, sentence in (
        (PaymentResult, {"outcome": "failed"}, "银行结果不能修改或删除"),
        (StreetArrival, {"voucher_number": "X"}, "街道收款登记不能修改或删除"),
        (PaymentReceipt, {"amount": Decimal(1)}, "到账回执不能修改或删除"),
        (TransitReason, {"reason": "改过"}, "滞留原因不能修改或删除"),
    ):
        row = model.objects.get()
        refused(sentence, lambda model=model, values=values: model.objects.update(**values))
        refused(sentence, row.delete)
        name = next(iter(values))
        setattr(row, name, values[name])
        refused(sentence, row.save)
        refused(
            sentence,
            lambda model=model, row=row, name=name: model.objects.bulk_update([row], [name]),
        )
        refused(sentence, sql(f"DELETE FROM {model._meta.db_table}"))


@pytest.mark.both_databases
def test_the_database_knows_who_says_what_of_a_payment(month: Month, by_street):
    payment = month.brought_to("paid").payments.get()
    now = {"recorded_at": clock.now()}

    def result(who: str, **values: object) -> None:
        PaymentResult.objects.create(
            payment=payment,
            recorded_by=month.cast.people[who],
            **{"outcome": "success", "happened_on": clock.today(), **now, **values},
        )

    def arrival(who: str, day: dt.date = NOVEMBER_3) -> None:
        StreetArrival.objects.create(
            payment=payment,
            arrived_on=day,
            voucher_number="JZ",
            recorded_by=month.cast.people[who],
            **now,
        )

    def receipt(who: str, amount: str = "2460.00", number: str = "HZ", **values: object) -> None:
        PaymentReceipt.objects.create(
            payment=payment,
            amount=Decimal(amount),
            receipt_number=number,
            scan="receipt.png",
            scan_name="回执.png",
            recorded_by=month.cast.people[who],
            **{"received_on": clock.today(), **now, **values},
        )

    def reason(who: str) -> None:
        TransitReason.objects.create(
            payment=payment, place="street", reason="等", recorded_by=month.cast.people[who], **now
        )

    others = {"city_manager", "bureau_leader", "inspector", "system_admin", "auditor", "outsider"}
    for who in others | {"street_clerk"}:
        refused("银行结果由财务登记", lambda who=who: result(who))
    for who in others | {"other_clerk", "other_leader", "finance_officer"}:
        refused("街道收款由本街道", lambda who=who: arrival(who))
    for who in others | {"other_clerk"}:
        refused("滞留原因由本街道", lambda who=who: reason(who))
    refused("不能早于拨付日期", lambda: result("finance_officer", happened_on=dt.date(2026, 11, 2)))
    refused("不能早于拨付日期", lambda: arrival("street_clerk", dt.date(2026, 11, 2)))
    refused("先登记街道收款", lambda: receipt("street_clerk"))
    arrival("street_clerk")
    for who in others | {"other_clerk", "other_leader", "finance_officer"}:
        refused("到账回执由本街道", lambda who=who: receipt(who))
    refused("已有收款登记", lambda: result("finance_officer", outcome="failed", reason="退"))
    receipt("street_clerk", "1000.00")
    refused("超过拨付金额", lambda: receipt("street_clerk", "1460.01", "HZ-2"))
    refused("unique|UNIQUE", lambda: receipt("street_clerk", "1.00"))
    receipt("street_clerk", "1460.00", "HZ-2")


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_return_and_a_receipt_at_once_are_one_of_them(month: Month):
    payment = month.brought_to("paid").payments.get()
    one_effect(
        at_once(
            lambda: fail(payment, month.cast.finance_officer),
            lambda: receive(month, payment),
        )
    )
    assert PaymentResult.objects.count() + PaymentReceipt.objects.count() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_paying_again_clicked_four_times_is_one_payment(month: Month):
    payment = month.brought_to("paid").payments.get()
    fail(payment, month.cast.finance_officer)
    one_effect(at_once(*(lambda n=n: repay(month, payment, f"PZ-{n}0") for n in range(4))))
    assert Payment.objects.filter(attempt=2).count() == 1


# --- The receipt, the street, the days --------------------------------------------------------


def test_days_are_split_between_treasury_and_street(month: Month, by_street):
    payment = month.brought_to("paid").payments.get()
    assert payment.route == "street"
    clerk = month.cast.street_clerk
    with clock.freeze(dt.date(2026, 11, 8)):
        assert (way(payment).place, way(payment).treasury, way(payment).street) == (
            "treasury",
            5,
            0,
        )
        with pytest.raises(BusinessError, match="请先登记街道收款"):
            receive(month, payment)
        services.street_arrival_record(
            payment=payment, arrived_on=dt.date(2026, 11, 6), voucher_number="JZ-1", actor=clerk
        )
        with pytest.raises(StaleState, match="已经登记"):
            services.street_arrival_record(
                payment=payment, arrived_on=clock.today(), voucher_number="JZ-2", actor=clerk
            )
        with pytest.raises(BusinessError, match="不能记为退回"):
            fail(payment, month.cast.finance_officer)
    with clock.freeze(dt.date(2026, 11, 20)):
        now = way(payment)
        assert (now.place, now.treasury, now.street, now.is_overdue) == ("street", 3, 14, True)
        receive(month, payment, received_on=dt.date(2026, 11, 19))
        now = way(payment)
        assert (now.place, now.days, now.is_overdue, now.open_amount) == ("arrived", 16, False, 0)


def test_what_is_withheld_stays_under_way(month: Month, paid: Payment):
    receive(month, paid, amount=Decimal("2000.00"))
    assert (way(paid).place, way(paid).open_amount) == ("treasury", Decimal("460.00"))
    with pytest.raises(BusinessError, match=r"超过还没有到账的 460.00 元"):
        receive(month, paid, amount=Decimal("460.01"), receipt_number="HZ-2")
    with clock.freeze(dt.date(2026, 11, 13)):
        summary = transit_summary(Payment.objects.all())
        assert (summary.whole.amount, summary.whole.mean_days) == (Decimal("460.00"), 10)
        receive(month, paid, amount=Decimal("460.00"), receipt_number="HZ-2")
        assert way(paid).days == 10


def test_each_yuan_counts_its_days(month: Month, other_street):
    month.brought_to("paid", dt.date(2026, 9, 1))
    month.add_estate(754, provider=month.provider)
    with clock.freeze(dt.date(2026, 11, 13)):
        month.brought_to("paid")
    with clock.freeze(dt.date(2026, 11, 23)):
        # 2,460.00 for 20 days and 10,000.00 for 10.
        summary = transit_summary(Payment.objects.all())
        assert summary.whole.amount == Decimal("12460.00")
        assert summary.whole.mean_days == Decimal("12.0")
        assert (summary.whole.longest, summary.whole.overdue) == (20, 1)
        assert summary.whole.overdue_amount == Decimal("2460.00")


def test_a_receipt_is_a_scan_of_the_own_street(month: Month, paid: Payment):
    with pytest.raises(NotPermitted):
        receive(month, paid, actor=month.cast.finance_officer)
    with pytest.raises(BusinessError, match="不属于你所在的街道"):
        receive(month, paid, actor=month.cast.other_clerk)
    with pytest.raises(BusinessError, match="不是 PDF 或照片"):
        receive(month, paid, scan=ContentFile(b"hello", name="回执.png"))
    receive(month, paid)
    with pytest.raises(StaleState, match="已经全部到账"):
        receive(month, paid, receipt_number="HZ-2")


def test_the_seventh_stage_follows_the_receipts(month: Month):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    claim = month.brought_to("approved")
    assert (arrival_stage(claim).name, arrival_stage(claim).state) == ("到账", "todo")
    pay_all(claim, month.cast.finance_officer)
    stage = arrival_stage(claim)
    assert (stage.state, stage.lines[0]) == ("now", "0 / 2 个单位到账")
    first, second = claim.payments.order_by("pk")
    receive(month, first)
    assert arrival_stage(claim).lines[0] == "1 / 2 个单位到账"
    receive(month, second)
    assert arrival_stage(claim).state == "done"


# --- Pages, desk, reminders -------------------------------------------------------------------


def test_what_is_stuck_waits_on_the_desk_and_is_told_once_a_stage(month: Month, paid: Payment):
    clerk, finance = month.cast.street_clerk, month.cast.finance_officer
    url = paid.get_absolute_url()

    def waits(user: User) -> list[str]:
        return [item.action for item in desk.waiting_for(user) if item.url == url]

    def told(user: User) -> list[str]:
        """Return the stages at which the user has been reminded of this payment."""
        reminders.refresh(user)
        return list(
            Reminder.objects.filter(recipient=user, url=url).values_list("stage", flat=True)
        )

    assert (waits(clerk), waits(finance)) == (["登记到账"], [])
    assert waits(month.cast.other_clerk) == []
    assert told(clerk) == ["new"]
    assert told(clerk) == ["new"]
    with clock.freeze(dt.date(2026, 11, 19)):
        assert (waits(clerk), waits(finance)) == (["说明滞留原因"], ["催办"])
        assert sorted(told(clerk)) == ["late", "new"]
        assert sorted(told(clerk)) == ["late", "new"]
        services.transit_reason_record(payment=paid, reason="对方出纳休假", actor=clerk)
        assert waits(clerk) == ["登记到账"]
        receive(month, paid)
        assert (waits(clerk), waits(finance)) == ([], [])


def test_what_came_back_waits_for_finance(month: Month, paid: Payment):
    fail(paid, month.cast.finance_officer)
    (item,) = [i for i in desk.waiting_for(month.cast.finance_officer) if i.action == "重新拨付"]
    assert item.url == paid.get_absolute_url()


def test_the_page_of_payments_shows_where_the_money_is(month: Month, paid: Payment, client_for):
    services.transit_reason_record(payment=paid, reason="等财政额度", actor=month.cast.street_clerk)
    with clock.freeze(dt.date(2026, 11, 20)):
        client = client_for(month.cast.auditor)
        url = reverse("subsidies:payment-list")
        shown = client.get(url).content.decode()
        for text in ("在途资金", "2,460.00", "每元平均已 17", "等财政额度", "财政在途", "超期"):
            assert text in shown, text
        counts = {
            query: client.get(url, {key: value}).context["listing"].count
            for query, key, value in (
                ("late", "overdue", "1"),
                ("not late", "overdue", "0"),
                ("open", "open", "1"),
                ("arrived", "place", "arrived"),
            )
        }
        assert counts == {"late": 1, "not late": 0, "open": 1, "arrived": 0}
        detail = client.get(paid.get_absolute_url()).content.decode()
        assert "已 17 天没有到账，超过 15 天的期限" in detail
        workbook = client.get(url, {"export": "xlsx"})
        assert workbook.status_code == 200
        b"".join(workbook.streaming_content)
        assert client_for(month.cast.other_clerk).get(url).context["listing"].count == 0
        assert client_for(month.cast.outsider).get(paid.get_absolute_url()).status_code == 404


def test_the_whole_way_goes_through_the_pages(month: Month, by_street, client_for):
    payment = month.brought_to("paid").payments.get()
    finance, clerk = client_for(month.cast.finance_officer), client_for(month.cast.street_clerk)

    def post(client, name: str, pk: int, **values: object):
        url = reverse(f"subsidies:{name}", args=[pk])
        assert client.get(url).status_code == 200
        return client.post(url, values)

    failed = {"outcome": "failed", "happened_on": "2026-11-03", "reason": "户名不符"}
    assert post(finance, "payment-result", payment.pk, **failed).status_code == 302
    again = {"voucher_number": "PZ-2", "paid_on": "2026-11-03"}
    assert post(finance, "payment-repay", payment.pk, **again).status_code == 302
    second = Payment.objects.get(attempt=2)
    arrived = {"arrived_on": "2026-11-03", "voucher_number": "JZ-1"}
    assert post(clerk, "payment-arrival", second.pk, **arrived).status_code == 302
    assert post(clerk, "payment-reason", second.pk, reason="等转拨").status_code == 302
    received = {
        "amount": "2460.00",
        "received_on": "2026-11-03",
        "receipt_number": "HZ-1",
        "scan": scan(),
    }
    assert post(clerk, "payment-receipt", second.pk, **received).status_code == 302
    receipt = PaymentReceipt.objects.get()
    assert clerk.get(reverse("subsidies:receipt-scan", args=[receipt.pk])).status_code == 200
    page = clerk.get(second.claim.get_absolute_url()).content.decode()
    assert "到账" in page
    assert (
        client_for(month.cast.other_clerk)
        .get(reverse("subsidies:receipt-scan", args=[receipt.pk]))
        .status_code
        == 404
    )
    # Done: every act says so and changes nothing.
    for client, name in ((finance, "payment-repay"), (clerk, "payment-receipt")):
        assert client.post(reverse(f"subsidies:{name}", args=[second.pk]), {}).status_code == 409


def test_lists_and_records_cost_the_same_for_more_payments(
    month: Month, client_for, assert_constant_queries
):
    claims: list[SubsidyClaim] = [month.brought_to("paid", dt.date(2026, 9, 1))]
    client = client_for(month.cast.finance_officer)
    payment = claims[0].payments.get()

    def read() -> None:
        assert client.get(reverse("subsidies:payment-list")).status_code == 200
        assert client.get(payment.get_absolute_url()).status_code == 200
        client.get("/api/v1/subsidy-payments/")

    def grow() -> None:
        for number in range(1, 7):
            month.brought_to("paid", dt.date(2026, number, 1))

    assert_constant_queries(read, grow)
