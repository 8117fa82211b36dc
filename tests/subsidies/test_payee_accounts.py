"""A payee's account: two persons, history, a number that stands open nowhere, and who is paid."""

import datetime as dt
import io
import json

import openpyxl
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from subsidies import services
from subsidies.models import PayeeAccount, Payment, SubsidyClaim
from subsidies.selectors.checks import claim_checks
from subsidies.selectors.payee_accounts import accounts_in_force, number_digest
from subsidies.selectors.payees import payee_sums
from tests.subsidies.conftest import Month, make_account, make_provider, pay_all
from tests.support.at_once import at_once, one_effect
from tests.support.doors import refused, sql
from xingyang_pm.common import clock, desk
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry
from xingyang_pm.common.sealing import opened

NUMBER = "41001501000050003317"
OTHER = "41001501000050000862"
FROZEN = "收款账户登记后不能修改或删除|已经确认或不予确认"


def enter(month: Month, provider=None, **values: object) -> PayeeAccount:
    given = {
        "provider": provider or month.provider,
        "holder": "郑州怡馨物业服务有限公司",
        "bank": "农商行荥阳支行",
        "number": OTHER,
        "effective_from": clock.today(),
        "basis": "开户许可证",
        "actor": month.cast.finance_officer,
        **values,
    }
    return services.account_enter(**given)


@pytest.fixture
def unpaid(month: Month):
    """A firm without an account."""
    return make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业", account="")


# --- Two persons, history -----------------------------------------------------------------------


def test_an_account_counts_once_another_person_has_typed_its_number(month: Month, unpaid):
    account = enter(month, unpaid, number="4100 1501-0000 5000 0862")
    assert accounts_in_force([unpaid.pk], clock.today()) == {}
    manager = month.cast.city_manager
    with pytest.raises(BusinessError, match="与登记的账号不一致"):
        services.account_confirm(account=account, number=NUMBER, actor=manager)
    with pytest.raises(BusinessError, match="登记人不能确认自己登记"):
        services.account_confirm(account=account, number=OTHER, actor=month.cast.finance_officer)
    account = services.account_confirm(account=account, number=OTHER, actor=manager)
    assert account.status == "confirmed"
    assert (account.tail, opened(account.number_sealed)) == ("0862", OTHER)
    assert accounts_in_force([unpaid.pk], clock.today()) == {unpaid.pk: account}
    with pytest.raises(BusinessError, match="已经确认或不予确认"):
        services.account_confirm(account=account, number=OTHER, actor=manager)


def test_a_change_is_a_new_row_and_the_old_one_stays_in_force_until_then(month: Month):
    old = month.provider.payee_accounts.get()
    later = clock.today() + dt.timedelta(days=10)
    new = enter(month, effective_from=later)
    services.account_confirm(account=new, number=OTHER, actor=month.cast.city_manager)
    pk = month.provider.pk
    assert accounts_in_force([pk], clock.today())[pk] == old
    assert accounts_in_force([pk], later)[pk] == new
    assert month.provider.payee_accounts.count() == 2


def test_one_waits_at_a_time_and_a_refused_one_may_be_entered_anew(month: Month, unpaid):
    account = enter(month, unpaid)
    with pytest.raises(BusinessError, match="还有一个账户待确认"):
        enter(month, unpaid)
    with pytest.raises(BusinessError, match="请写明不予确认的原因"):
        services.account_reject(account=account, opinion=" ", actor=month.cast.city_manager)
    services.account_reject(account=account, opinion="户名不符", actor=month.cast.city_manager)
    assert enter(month, unpaid).status == "entered"


@pytest.mark.parametrize(
    ("field", "values", "sentence"),
    [
        ("number", {"number": "1234567"}, "8 至 30 位数字"),
        ("number", {"number": "4100150100005000331X"}, "8 至 30 位数字"),
        ("effective_from", {"effective_from": dt.date(2017, 3, 1)}, "新账户须从以后的日期"),
        ("effective_from", {"effective_from": dt.date(2028, 1, 1)}, "一年以后"),
        ("basis", {"basis": "许可证，账号 4100 1501 0000 5000 0862"}, "不要写账号"),
        ("basis", {"basis": " "}, "请写明依据材料"),
    ],
)
def test_what_is_wrong_is_told_on_its_field(month: Month, field, values, sentence):
    with pytest.raises(BusinessError, match=sentence) as refusal:
        enter(month, **values)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "system_admin", "auditor",
     "outsider"],
)  # fmt: skip
def test_nobody_else_enters_confirms_or_sees_a_number(month: Month, unpaid, who):
    actor = month.cast.people[who]
    with pytest.raises(NotPermitted):
        enter(month, unpaid, actor=actor)
    account = enter(month, unpaid)
    with pytest.raises(NotPermitted):
        services.account_confirm(account=account, number=OTHER, actor=actor)
    with pytest.raises(NotPermitted):
        services.account_reject(account=account, opinion="不对", actor=actor)
    with pytest.raises(NotPermitted):
        services.account_reveal(account=account, purpose="看看", actor=actor)


@pytest.mark.both_databases
def test_an_account_is_not_edited_by_any_door(month: Month):
    account = month.provider.payee_accounts.get()
    own = PayeeAccount.objects.filter(pk=account.pk)
    for values in (
        {"holder": "别人"},
        {"bank": "别的银行"},
        {"number_digest": "0" * 64},
        {"tail": "0000"},
        {"effective_from": dt.date(2020, 1, 1)},
        {"basis": "改过"},
        {"entered_by": month.cast.city_manager},
    ):
        refused(FROZEN, lambda values=values: own.update(**values))
    refused("已经确认或不予确认|只能由待确认", lambda: own.update(status="entered"))
    refused("已经确认或不予确认", lambda: own.update(opinion="改过"))
    account.tail = "0000"
    refused(FROZEN, account.save)
    refused(FROZEN, lambda: PayeeAccount.objects.bulk_update([account], ["tail"]))
    refused(FROZEN, account.delete)
    refused(FROZEN, sql("UPDATE subsidies_payeeaccount SET tail = '0000'"))
    refused(FROZEN, sql("DELETE FROM subsidies_payeeaccount"))


@pytest.mark.both_databases
def test_the_database_asks_for_two_keepers(month: Month, unpaid):
    account = enter(month, unpaid)
    own = PayeeAccount.objects.filter(pk=account.pk)

    def decided_by(person: User | None) -> None:
        own.update(status="confirmed", decided_by=person, decided_at=clock.now())

    refused("two_persons|不能确认", lambda: decided_by(month.cast.finance_officer))
    refused("确认人没有这个职责", lambda: decided_by(month.cast.street_clerk))
    refused("确认人没有这个职责|decided", lambda: decided_by(None))
    row = PayeeAccount(
        provider=make_provider("第三家物业有限公司", "第三家", account=""),
        holder="第三家",
        bank="建行",
        number_sealed="x",
        number_digest="x",
        tail="0001",
        effective_from=clock.today(),
        basis="许可证",
        entered_by=month.cast.bureau_leader,
        entered_at=clock.now(),
    )
    refused("登记人没有这个职责", row.save)
    row.entered_by, row.status = month.cast.finance_officer, "confirmed"
    refused("只能由待确认|decided", row.save)
    row.provider, row.status = month.provider, "entered"
    row.effective_from = dt.date(2016, 1, 1)
    refused("启用日期须晚于", row.save)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_enter_an_account_at_once_and_one_confirms_twice(month: Month, unpaid):
    finance, manager = month.cast.finance_officer, month.cast.city_manager
    one_effect(
        at_once(
            lambda: enter(month, unpaid, actor=finance),
            lambda: enter(month, unpaid, actor=finance, number=NUMBER[:-1] + "8"),
        )
    )
    account = unpaid.payee_accounts.get()
    number = opened(account.number_sealed)
    one_effect(
        at_once(
            *(
                lambda: services.account_confirm(account=account, number=number, actor=manager)
                for _ in range(3)
            )
        )
    )


# --- The number stands open nowhere -----------------------------------------------------------


def test_the_number_is_in_no_row_no_audit_entry_and_no_page(
    month: Month, unpaid, client_for, caplog
):
    finance, manager = month.cast.finance_officer, month.cast.city_manager
    client = client_for(finance)
    posted = {
        "provider": unpaid.pk,
        "holder": unpaid.name,
        "bank": "农商行荥阳支行",
        "number": OTHER,
        "effective_from": "2026-11-03",
        "basis": "开户许可证",
    }
    assert client.post(reverse("subsidies:account-create"), posted).status_code == 302
    account = unpaid.payee_accounts.get()
    url = reverse("subsidies:account-confirm", args=[account.pk])
    assert client_for(manager).post(url, {"number": OTHER}).status_code == 302
    entries = json.dumps(
        list(AuditEntry.objects.values("summary", "before", "after", "reason", "target_name")),
        ensure_ascii=False,
    )
    assert "尾号 0862" in entries
    row = json.dumps(list(PayeeAccount.objects.filter(pk=account.pk).values()), default=str)
    month.add_estate(80, provider=unpaid)
    claim = month.brought_to("paid")
    pages = ""
    for who in ("finance_officer", "city_manager", "street_clerk", "auditor"):
        reader = client_for(month.cast.people[who])
        for name, args in (
            ("subsidies:account-list", []),
            ("subsidies:account-detail", [account.pk]),
            ("subsidies:claim-detail", [claim.pk]),
            ("subsidies:payment-list", []),
        ):
            pages += reader.get(reverse(name, args=args)).content.decode()
        tab = reader.get(reverse("enterprises:provider-detail", args=[unpaid.pk]) + "?tab=accounts")
        pages += tab.content.decode()
        exported = reader.get(reverse("subsidies:account-list"), {"export": "xlsx"})
        book = openpyxl.load_workbook(io.BytesIO(b"".join(exported.streaming_content)))
        pages += str([list(sheet.values) for sheet in book])
        pages += reader.get("/api/v1/subsidy-payments/").content.decode()
    assert "0862" in pages
    admin = client_for(month.cast.system_admin)
    pages += admin.get(
        reverse("admin:subsidies_payeeaccount_change", args=[account.pk])
    ).content.decode()
    for text in (entries, row, pages, caplog.text):
        assert OTHER not in text
    assert account.number_sealed not in pages
    assert number_digest(OTHER) not in pages


def test_finance_may_have_it_shown_and_the_act_is_recorded(month: Month, client_for):
    account = month.provider.payee_accounts.get()
    number = opened(account.number_sealed)
    client = client_for(month.cast.finance_officer)
    url = reverse("subsidies:account-reveal", args=[account.pk])
    asked = client.get(url)
    assert number[:8] not in asked.content.decode()
    assert client.post(url, {"purpose": ""}).status_code == 422
    shown = client.post(url, {"purpose": "核对退票"})
    assert " ".join(number[at : at + 4] for at in range(0, 20, 4)) in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    entry = AuditEntry.objects.get(verb="account.reveal")
    assert entry.actor == month.cast.finance_officer
    assert "核对退票" in entry.summary
    assert number not in entry.summary
    assert client_for(month.cast.city_manager).post(url, {"purpose": "看"}).status_code == 403


def test_a_number_that_was_exchanged_behind_the_portal_is_not_shown(month: Month):
    account = month.provider.payee_accounts.get()
    other = make_provider("另一家物业有限公司", "另一家").payee_accounts.get()
    PayeeAccount.objects.filter(pk=account.pk).update(number_sealed=other.number_sealed)
    account.refresh_from_db()
    with pytest.raises(BusinessError, match="数据被改动过"):
        services.account_reveal(account=account, purpose="核对", actor=month.cast.finance_officer)


def test_keys_are_changed_by_sealing_anew(month: Month, settings, capsys):
    account = month.provider.payee_accounts.get()
    number, old = opened(account.number_sealed), list(settings.SEALING_KEYS)
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *old]
    assert opened(account.number_sealed) == number
    call_command("reseal")
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    account.refresh_from_db()
    assert opened(account.number_sealed) == number
    assert AuditEntry.objects.filter(verb="account.reseal").count() == 1
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="无法解密"):
        call_command("reseal")


# --- Who is paid ------------------------------------------------------------------------------


def payee(claim: SubsidyClaim):
    (found,) = payee_sums(claim)
    return found


def test_a_payment_keeps_the_account_that_it_went_to(month: Month):
    account = month.provider.payee_accounts.get()
    claim = month.brought_to("paid")
    assert claim.payments.get().account == account
    new = enter(month, effective_from=clock.today() + dt.timedelta(days=1))
    services.account_confirm(account=new, number=OTHER, actor=month.cast.city_manager)
    with clock.freeze(dt.date(2026, 11, 20)):
        assert payee(claim).account == account


def test_nobody_is_paid_without_a_confirmed_account(month: Month, unpaid, client_for):
    month.add_estate(80, provider=unpaid)
    claim = month.brought_to("approved")
    finance = month.cast.finance_officer
    with pytest.raises(BusinessError, match="没有已确认的收款账户") as refusal:
        pay_all(claim, finance)
    assert refusal.value.code == "no_account"
    assert not claim.payments.exists()
    check = claim_checks(claim).rows[-1]
    assert (check.state, check.title) == ("change", "收款账户有变化：1 个单位")
    assert "荥阳市惠民物业服务有限公司没有已确认的收款账户" in check.text
    client = client_for(finance)
    shown = client.get(reverse("subsidies:claim-pay", args=[claim.pk, unpaid.pk]))
    assert "没有已确认的收款账户" in shown.content.decode()
    many = client.get(reverse("subsidies:claim-pay-many", args=[claim.pk])).content.decode()
    assert "没有已确认的账户" in many
    assert f"voucher_{unpaid.pk}" not in many


def test_an_account_changed_after_the_approval_must_be_looked_at(month: Month, client_for):
    claim = month.brought_to("approved")
    assert claim_checks(claim).rows[-1].title == "收款账户未变"
    finance = month.cast.finance_officer
    with clock.freeze(dt.date(2026, 11, 5)):
        new = enter(month)
        services.account_confirm(account=new, number=OTHER, actor=month.cast.city_manager)
    with clock.freeze(dt.date(2026, 11, 6)):
        assert payee(claim).account_changed
        assert "在审批后有变" in claim_checks(claim).rows[-1].text
        with pytest.raises(BusinessError, match="审批后有变") as refusal:
            pay_all(claim, finance)
        assert refusal.value.code == "account_changed"
        url = reverse("subsidies:claim-pay", args=[claim.pk, month.provider.pk])
        client = client_for(finance)
        assert "审批后有变" not in client.get(url).content.decode()
        assert "已核对变更后的收款账户" in client.get(url).content.decode()
        posted = {"voucher_number": "PZ-1", "paid_on": "2026-11-06"}
        answer = client.post(url, posted)
        assert answer.status_code == 422
        assert "请核对后勾选" in answer.content.decode()
        assert client.post(url, {**posted, "account_seen": "on"}).status_code == 302
    assert Payment.objects.get().account == new


def test_many_payees_on_one_page_tick_the_changed_ones(month: Month, client_for):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    claim = month.brought_to("approved")
    with clock.freeze(dt.date(2026, 11, 5)):
        new = enter(month, number=NUMBER[:-1] + "9")
        services.account_confirm(
            account=new, number=NUMBER[:-1] + "9", actor=month.cast.city_manager
        )
        client = client_for(month.cast.finance_officer)
        url = reverse("subsidies:claim-pay-many", args=[claim.pk])
        posted = {
            "paid_on": "2026-11-05",
            f"voucher_{month.provider.pk}": "PZ-1",
            f"voucher_{other.pk}": "PZ-2",
        }
        assert client.post(url, posted).status_code == 422
        assert client.post(url, {**posted, f"seen_{month.provider.pk}": "on"}).status_code == 302
    claim.refresh_from_db()
    assert claim.status == "paid"


def test_the_check_says_what_differs_from_the_payment_before(month: Month):
    month.brought_to("paid", dt.date(2026, 9, 1))
    claim = month.open()
    check = claim_checks(claim).rows[-1]
    assert (check.title, check.text, check.state) == ("收款账户未变", "1 个收款单位", "pass")
    new = enter(month)
    services.account_confirm(account=new, number=OTHER, actor=month.cast.city_manager)
    check = claim_checks(claim).rows[-1]
    assert check.text == "郑州怡馨物业服务有限公司的账户与上次拨付不同"


@pytest.mark.both_databases
def test_the_database_pays_to_the_account_in_force_alone(month: Month):
    claim = month.brought_to("approved")
    finance = month.cast.finance_officer
    stranger = make_provider("另一家物业有限公司", "另一家").payee_accounts.get()
    waiting = enter(month, effective_from=clock.today())

    def paid_to(account: PayeeAccount | None, day: dt.date | None = None) -> None:
        Payment.objects.create(
            claim=claim,
            payee=month.provider,
            amount=claim.total,
            account=account,
            voucher_number="PZ-9",
            paid_on=day or clock.today(),
            recorded_by=finance,
            recorded_at=clock.now(),
        )

    for account in (None, stranger, waiting):
        refused("拨付须写明收款单位", lambda account=account: paid_to(account))
    services.account_confirm(account=waiting, number=OTHER, actor=month.cast.city_manager)
    old = month.provider.payee_accounts.exclude(pk=waiting.pk).get()
    refused("拨付须写明收款单位", lambda: paid_to(old))
    refused("拨付须写明收款单位", lambda: paid_to(old, dt.date(2017, 2, 1)))
    paid_to(waiting)


# --- Pages ------------------------------------------------------------------------------------


def test_the_panel_of_payees_shows_bank_and_last_digits(month: Month, client_for):
    claim = month.brought_to("checked")
    account = month.provider.payee_accounts.get()
    page = client_for(month.cast.bureau_leader).get(claim.get_absolute_url()).content.decode()
    assert f"建行荥阳支行　尾号 {account.tail}" in page
    assert "收款账户未变" in page


def test_an_account_waits_for_another_keeper_on_the_desk(month: Month, unpaid):
    account = enter(month, unpaid)

    def waits_for(user: User) -> list[str]:
        return [item.url for item in desk.waiting_for(user) if item.action == "确认"]

    assert waits_for(month.cast.city_manager) == [account.get_absolute_url()]
    assert waits_for(month.cast.finance_officer) == []
    assert waits_for(month.cast.street_clerk) == []


def test_an_equal_number_of_another_payee_is_told_to_keepers(month: Month, unpaid, client_for):
    own = month.provider.payee_accounts.get()
    account = enter(month, unpaid, number=opened(own.number_sealed))
    sentence = f"账号与{month.provider}的相同"
    url = account.get_absolute_url()
    assert sentence in client_for(month.cast.city_manager).get(url).content.decode()
    assert sentence not in client_for(month.cast.auditor).get(url).content.decode()


def test_another_streets_payee_is_not_there(month: Month, client_for):
    account = month.provider.payee_accounts.get()
    client: Client = client_for(month.cast.other_clerk)
    assert client.get(account.get_absolute_url()).status_code == 404
    assert account.tail not in client.get(reverse("subsidies:account-list")).content.decode()
    assert client_for(month.cast.outsider).get(account.get_absolute_url()).status_code == 404


def test_lists_and_the_claims_page_cost_the_same_for_more_payees(
    month: Month, client_for, assert_constant_queries
):
    client = client_for(month.cast.finance_officer)
    claim = month.brought_to("approved")

    def read() -> None:
        client.get(reverse("subsidies:account-list"))
        client.get(claim.get_absolute_url())

    def grow() -> None:
        for number in range(6):
            make_provider(f"第{number}物业有限公司", f"第{number}物业")
        make_account(make_provider("又一家物业有限公司", "又一家", account=""), NUMBER[:-2] + "77")

    assert_constant_queries(read, grow)
