"""Sources of money, the year's budget, what is used and left; the 发放表 of finance."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse

from subsidies import services
from subsidies.exports import budget_workbook, payout_workbook
from subsidies.models import BudgetEntry, ClaimFunding, FundingSource
from subsidies.selectors.checks import claim_checks
from subsidies.selectors.funding import budget_lines, source_of
from subsidies.selectors.payee_accounts import number_of
from tests.subsidies.conftest import OCTOBER, Month, bring_to, make_provider
from tests.support.at_once import at_once, one_effect
from tests.support.doors import refused, sql
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import AuditEntry


def register(month: Month, name: str = "市级财政", **values: object) -> FundingSource:
    given = {
        "name": name,
        "route": "direct",
        "default_from": dt.date(2017, 1, 1),
        "document_title": "补贴资金安排",
        "actor": month.cast.finance_officer,
        **values,
    }
    return services.funding_register(**given)


def budget(month: Month, source: FundingSource, amount: str = "5000", **values: object):
    given = {
        "source": source,
        "year": 2026,
        "kind": "initial",
        "amount": Decimal(amount),
        "document_title": "2026年预算批复",
        "actor": month.cast.finance_officer,
        **values,
    }
    return services.budget_record(**given)


def adjust(month: Month, source: FundingSource, amount: str, reason: str = "追加"):
    return budget(month, source, amount, kind="adjust", reason=reason)


@pytest.fixture
def city(month: Month) -> FundingSource:
    return register(month)


def only_line():
    (line,) = budget_lines(2026)
    return line


# --- Used and left ----------------------------------------------------------------------------


def test_used_is_approved_paid_is_what_did_not_come_back(month: Month, city: FundingSource):
    budget(month, city)
    adjust(month, city, "-1000", "年中收回")
    claim = month.brought_to("checked")
    assert (only_line().budget, only_line().used) == (4000, 0)
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    line = only_line()
    assert (line.used, line.paid, line.left, line.percent) == (
        Decimal("2460.00"),
        0,
        Decimal("1540.00"),
        Decimal("61.5"),
    )
    entry = services.PaymentEntry(month.provider, "PZ-1", clock.today())
    services.claim_pay(claim=claim, entries=[entry], actor=month.cast.finance_officer)
    assert only_line().paid == Decimal("2460.00")
    services.payment_result_record(
        payment=claim.payments.get(),
        outcome="failed",
        happened_on=clock.today(),
        reason="销户",
        actor=month.cast.finance_officer,
    )
    assert (only_line().paid, only_line().unpaid) == (0, Decimal("2460.00"))


def test_a_claim_names_its_source_or_takes_the_months_default(month: Month, city: FundingSource):
    street = register(month, "街道配套", default_from=dt.date(2026, 11, 1), route="street")
    claim = month.open()
    assert source_of(claim) == city
    with pytest.raises(BusinessError, match="请写明改用"):
        services.claim_fund(claim=claim, source=street, reason=" ", actor=month.cast.city_manager)
    services.claim_fund(
        claim=claim, source=street, reason="街道自筹", actor=month.cast.city_manager
    )
    assert source_of(claim) == street
    with pytest.raises(BusinessError, match="已经是街道配套"):
        services.claim_fund(
            claim=claim, source=street, reason="街道自筹", actor=month.cast.city_manager
        )
    claim = bring_to(claim, "paid", month.cast)
    assert claim.payments.get().route == "street"
    assert {line.source: line.used for line in budget_lines(2026)} == {
        city: 0,
        street: Decimal("2460.00"),
    }
    with pytest.raises(StaleState, match="已审批"):
        services.claim_fund(claim=claim, source=city, reason="改回", actor=month.cast.city_manager)


def test_the_check_warns_before_the_approval_and_stops_nothing(month: Month, client_for):
    claim = month.brought_to("checked")
    assert "年度预算" not in str([check.title for check in claim_checks(claim).rows])
    city = register(month)
    assert claim_checks(claim).rows[-1].title == "年度预算没有登记"
    budget(month, city, "2000")
    check = claim_checks(claim).rows[-1]
    assert (check.state, check.title) == ("change", "年度预算不足")
    assert check.text.endswith("余 2,000.00 元，不够支付本次申报，差 460.00 元")
    page = client_for(month.cast.bureau_leader).get(claim.get_absolute_url()).content.decode()
    assert "差 460.00 元" in page
    act = client_for(month.cast.bureau_leader).get(
        reverse("subsidies:claim-approve", args=[claim.pk])
    )
    assert "年度预算不足" in act.content.decode()
    adjust(month, city, "460")
    assert claim_checks(claim).rows[-1].state == "pass"
    services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    claim.refresh_from_db()
    assert claim_checks(claim).rows[-1].text.endswith("本次以前余 2,460.00 元")


def test_the_way_may_change_and_payments_keep_theirs(month: Month, city: FundingSource):
    paid = month.brought_to("paid", dt.date(2026, 9, 1)).payments.get()
    finance = month.cast.finance_officer
    with pytest.raises(BusinessError, match="请写明改变"):
        services.funding_route_change(source=city, route="street", reason="", actor=finance)
    services.funding_route_change(
        source=city, route="street", reason="国库改由街道发放", actor=finance
    )
    with pytest.raises(StaleState):
        services.funding_route_change(source=city, route="street", reason="再改", actor=finance)
    paid.refresh_from_db()
    assert paid.route == "direct"
    assert month.brought_to("paid").payments.get().route == "street"


# --- Rules ------------------------------------------------------------------------------------


def test_a_budget_begins_once_and_never_falls_below_zero(month: Month, city: FundingSource):
    with pytest.raises(BusinessError, match="请先登记年初预算"):
        adjust(month, city, "100")
    budget(month, city)
    with pytest.raises(BusinessError, match="已登记年初预算"):
        budget(month, city)
    with pytest.raises(BusinessError, match="不能小于零"):
        adjust(month, city, "-5000.01")
    with pytest.raises(BusinessError, match="调整须写明原因"):
        adjust(month, city, "1", " ")
    with pytest.raises(BusinessError, match="年初预算须大于零"):
        budget(month, city, "0", year=2027)
    adjust(month, city, "-5000")
    assert only_line().budget == 0


@pytest.mark.parametrize(
    "who", ["street_clerk", "city_manager", "bureau_leader", "auditor", "outsider"]
)
def test_nobody_but_finance_keeps_the_budget(month: Month, city: FundingSource, who):
    actor = month.cast.people[who]
    with pytest.raises(NotPermitted):
        budget(month, city, actor=actor)
    with pytest.raises(NotPermitted):
        register(month, "街道配套", default_from=None, actor=actor)
    with pytest.raises(NotPermitted):
        services.funding_route_change(source=city, route="street", reason="改", actor=actor)


@pytest.mark.both_databases
def test_entries_and_sources_are_not_changed_by_any_door(month: Month, city: FundingSource):
    entry = budget(month, city)
    refused("年度预算登记后不能修改", lambda: BudgetEntry.objects.update(amount=Decimal(1)))
    refused("年度预算登记后不能修改", entry.delete)
    entry.amount = Decimal(9)
    refused("年度预算登记后不能修改", lambda: BudgetEntry.objects.bulk_update([entry], ["amount"]))
    refused("年度预算登记后不能修改", sql("UPDATE subsidies_budgetentry SET amount = 1"))
    refused("年度预算登记后不能修改", sql("DELETE FROM subsidies_budgetentry"))
    for values in ({"name": "别的"}, {"default_from": None}, {"document_title": "改过"}):
        refused("只能改拨付路径", lambda values=values: FundingSource.objects.update(**values))
    refused("只能改拨付路径|FOREIGN|foreign", sql("DELETE FROM subsidies_fundingsource"))

    def row(kind: str, amount: int, who: str, reason: str = "") -> None:
        BudgetEntry.objects.bulk_create(
            [
                BudgetEntry(
                    source=city,
                    year=2026,
                    kind=kind,
                    amount=Decimal(amount),
                    reason=reason,
                    document_title="批复",
                    recorded_by=month.cast.people[who],
                    recorded_at=clock.now(),
                )
            ]
        )

    refused("年度预算由财务登记", lambda: row("adjust", 1, "city_manager", "改"))
    refused("不能小于零", lambda: row("adjust", -5001, "finance_officer", "减"))
    refused("adjust_has_reason", lambda: row("adjust", 1, "finance_officer"))
    refused("UNIQUE|unique|one_initial", lambda: row("initial", 1, "finance_officer"))


@pytest.mark.both_databases
def test_the_source_of_an_approved_claim_stays_by_any_door(month: Month, city: FundingSource):
    other = register(month, "街道配套", default_from=None)
    claim = month.open()
    services.claim_fund(claim=claim, source=other, reason="街道自筹", actor=month.cast.city_manager)
    refused(
        "指定人没有这个职责",
        lambda: ClaimFunding.objects.update(chosen_by=month.cast.street_clerk),
    )
    bring_to(claim, "approved", month.cast)
    sentence = "申报已审批，资金来源不能改动"
    refused(sentence, lambda: ClaimFunding.objects.update(source=city))
    refused(sentence, ClaimFunding.objects.get().delete)
    refused(sentence, sql("DELETE FROM subsidies_claimfunding"))
    september = month.brought_to("approved", dt.date(2026, 9, 1))
    row = ClaimFunding(
        claim=september,
        source=other,
        reason="改",
        chosen_by=month.cast.city_manager,
        chosen_at=clock.now(),
    )
    refused(sentence, row.save)
    with pytest.raises(BusinessError, match="请把默认起始月份改为以后"):
        register(month, "省级奖补", default_from=dt.date(2026, 9, 1))


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_cuts_at_once_do_not_go_below_zero(month: Month):
    city = register(month)
    budget(month, city)
    one_effect(
        at_once(
            lambda: adjust(month, city, "-3000", "收回一"),
            lambda: adjust(month, city, "-3000", "收回二"),
        )
    )
    assert only_line().budget == 2000


# --- Pages and papers -------------------------------------------------------------------------


def test_the_pages_show_the_year_and_keep_what_is_registered(month: Month, client_for):
    finance = client_for(month.cast.finance_officer)
    posted = {
        "name": "市级财政",
        "route": "direct",
        "default_from": "2017-01",
        "document_title": "补贴资金安排",
    }
    assert finance.post(reverse("subsidies:funding-create"), posted).status_code == 302
    source = FundingSource.objects.get()
    entry = {
        "source": source.pk,
        "year": 2026,
        "kind": "initial",
        "amount": "5,000.00",
        "document_title": "2026年预算批复",
    }
    assert finance.post(reverse("subsidies:budget-create"), entry).status_code == 302
    cut = {**entry, "kind": "adjust", "amount": "-1000"}
    assert finance.post(reverse("subsidies:budget-create"), cut).status_code == 422
    assert (
        finance.post(reverse("subsidies:budget-create"), {**cut, "reason": "收回"}).status_code
        == 302
    )
    claim = month.brought_to("approved")
    reader = client_for(month.cast.street_clerk)
    shown = reader.get(reverse("subsidies:budget-list"), {"year": "2026"}).content.decode()
    for text in ("2026年预算执行", "5,000.00", "−1,000.00", "2,460.00", "1,540.00", "61.5%"):
        assert text in shown, text
    assert reader.get(source.get_absolute_url()).status_code == 200
    assert client_for(month.cast.outsider).get(source.get_absolute_url()).status_code == 404
    assert "市级财政" in reader.get(claim.get_absolute_url()).content.decode()
    route = {"route": "street", "reason": "改由街道发放"}
    url = reverse("subsidies:funding-route", args=[source.pk])
    assert finance.post(url, route).status_code == 302
    open_claim = month.open(dt.date(2026, 9, 1))
    url = reverse("subsidies:claim-fund", args=[open_claim.pk])
    manager = client_for(month.cast.city_manager)
    assert manager.get(url).status_code == 200
    other = register(month, "街道配套", default_from=None)
    assert manager.post(url, {"source": other.pk, "reason": "自筹"}).status_code == 302
    assert manager.get(reverse("subsidies:claim-fund", args=[claim.pk])).status_code == 200
    exported = reader.get(reverse("subsidies:budget-workbook"), {"year": "2026"})
    assert exported.status_code == 200


def test_the_years_form_holds_the_sums(month: Month, city: FundingSource):
    budget(month, city)
    month.brought_to("approved")
    paper = budget_workbook(2026, actor=month.cast.auditor)
    assert paper.total == Decimal("2460.00")
    with pytest.raises(BusinessError, match="没有预算"):
        budget_workbook(2015, actor=month.cast.auditor)


def test_the_payout_form_has_whole_accounts_for_finance_alone(month: Month, client_for):
    claim = month.brought_to("checked")
    with pytest.raises(BusinessError, match="审批以后"):
        payout_workbook(claim, actor=month.cast.finance_officer)
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    paper = payout_workbook(claim, actor=month.cast.finance_officer)
    number = number_of(month.provider.payee_accounts.get())
    cells = [
        cell
        for row in openpyxl.load_workbook(io.BytesIO(paper.content)).active.values
        for cell in row
    ]
    assert number in cells
    assert "银行账号" in cells
    entry = AuditEntry.objects.filter(verb="export").latest("pk")
    assert "发放表" in entry.summary
    assert number not in entry.summary
    url = reverse("subsidies:claim-payout", args=[claim.pk])
    for who in ("city_manager", "bureau_leader", "auditor", "street_clerk"):
        with pytest.raises(NotPermitted):
            payout_workbook(claim, actor=month.cast.people[who])
        assert client_for(month.cast.people[who]).get(url).status_code == 403
    assert client_for(month.cast.outsider).get(url).status_code == 404
    assert client_for(month.cast.finance_officer).get(url).status_code == 200


def test_the_budget_costs_the_same_for_more_claims(
    month: Month, city: FundingSource, client_for, assert_constant_queries
):
    budget(month, city)
    month.brought_to("approved")
    client = client_for(month.cast.finance_officer)

    def read() -> None:
        assert client.get(reverse("subsidies:budget-list")).status_code == 200
        assert client.get(reverse("subsidies:funding-list")).status_code == 200

    def grow() -> None:
        other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
        month.add_estate(80, provider=other)
        for number in range(1, 5):
            month.brought_to("approved", dt.date(2026, number, 1))
            adjust(month, city, "10")

    assert_constant_queries(read, grow)
    assert OCTOBER in {claim.month for claim in month.street.claims.all()}
