"""The pages of the money: who sees what, what each act says, and that pages cost the same."""

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal

import openpyxl
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from subsidies import services
from subsidies.choices import ClaimStatus
from subsidies.models import Payment, SubsidyClaim, SubsidyRate
from tests.subsidies.conftest import OCTOBER, Month, bring_to, make_provider, many_estates
from xingyang_pm.common import clock, desk
from xingyang_pm.common.models import Job

HTMX = {"HTTP_HX_REQUEST": "true"}
ClientFor = Callable[[User], Client]


def page(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


# --- Reading ---------------------------------------------------------------------------------


def test_the_list_shows_the_months_sum_and_its_paper(month: Month, client_for: ClientFor):
    month.open()
    shown = page(client_for(month.cast.city_manager), "subsidies:claim-list")
    for text in (
        "2026年10月汇总",
        "2,460.00",
        "人民币贰仟肆佰陆拾元整",
        "BT-2026-10-001",
        "待街道申报",
        reverse("subsidies:month-workbook", args=["2026-10"]),
    ):
        assert text in shown


def test_the_list_filters_by_month_street_status_and_what_waits_for_me(
    month: Month, other_street, client_for: ClientFor
):
    month.add_estate(50, street=other_street)
    services.month_open(month=OCTOBER)
    services.month_open(month=dt.date(2026, 9, 1))
    client = client_for(month.cast.city_manager)
    url = reverse("subsidies:claim-list")

    def count(**query: str) -> int:
        return client.get(url, query).context["listing"].count

    assert count() == 4
    assert count(month="2026-10") == 2
    assert count(street=str(other_street.pk)) == 2
    assert count(status="draft", month="2026-09") == 2
    assert count(status="paid") == 0
    assert count(mine="1") == 0
    assert client_for(month.cast.street_clerk).get(url, {"mine": "1"}).context["listing"].count == 2
    september = client.get(url, {"month": "2026-09"}).content.decode()
    assert "2026年9月汇总" in september


def test_the_claims_page_stands_as_its_mock(month: Month, client_for: ClientFor):
    claim = month.open()
    services.line_deduct(
        line=claim.lines.get(estate=month.estates[0]),
        amount=Decimal("120"),
        reason="楼道照明损坏",
        actor=month.cast.street_clerk,
    )
    claim = bring_to(claim, "checked", month.cast)
    shown = page(client_for(month.cast.bureau_leader), "subsidies:claim-detail", claim.pk)
    for text in (
        "索河街道 2026年10月 老旧小区物业补贴申报",
        "第 1 版",
        "2,340.00",
        "人民币贰仟叁佰肆拾元整",
        "−120.00",
        "合计等于各行之和",
        "一小区一月只补一次",
        "户数均已核定",
        "合同均在有效期内",
        "来源没有变化",
        "经办人员各不相同",
        "郑州怡馨物业服务有限公司",
        "王秀兰",
        "有扣减",
        "同意拨付",
        "退回",
    ):
        assert text in shown, text
    assert reverse("subsidies:claim-approve", args=[claim.pk]) in shown
    assert "重新核算" not in shown


def test_a_row_opens_its_explanation_by_htmx_and_by_itself(month: Month, client_for: ClientFor):
    claim = month.open()
    line = claim.lines.get(estate=month.estates[0])
    client = client_for(month.cast.street_clerk)
    url = reverse("subsidies:line-detail", args=[line.pk])
    part = client.get(url, **HTMX).content.decode()
    assert "<html" not in part
    for text in ("142", "录入 王秀兰，核定 李建国", "月首日规则", "户数清册（3 栋）"):
        assert text in part
    for name, pk in (
        ("estates:count-detail", month.counts[0].pk),
        ("subsidies:rate-detail", month.rate.pk),
        ("enterprises:engagement-detail", month.engagements[0].pk),
    ):
        assert reverse(name, args=[pk]) in part
    assert reverse("subsidies:line-deduct", args=[line.pk]) in part
    whole = client.get(url).content.decode()
    assert "<html" in whole
    assert "工商局家属院 2026年10月补贴" in whole
    leader = client_for(month.cast.street_leader).get(url, **HTMX).content.decode()
    assert reverse("subsidies:line-deduct", args=[line.pk]) not in leader


def test_lines_filter_page_and_swap(month: Month, client_for: ClientFor):
    many_estates(month, 30)
    claim = month.open()
    clerk = month.cast.street_clerk
    services.line_exclude(line=claim.lines.first(), reason="改造", actor=clerk)
    month.verify(month.estates[1], 60, since=OCTOBER)
    client = client_for(clerk)
    url = reverse("subsidies:claim-detail", args=[claim.pk])

    def found(**query: str):
        return client.get(url, query, **HTMX).context["lines"]

    assert found().pager.count == 33
    assert len(found(page="2").rows) == 13
    assert [line.is_excluded for line in found(only="excluded").rows] == [True]
    assert [line.estate for line in found(only="changed").rows] == [month.estates[1]]
    assert [line.estate.name for line in found(q="广场").rows] == ["广场东院"]
    assert found(q="没有这个").empty
    assert found(only="nonsense", page="x", sort="-evil").pager.count == 33
    part = client.get(url, {"only": "excluded"}, **HTMX).content.decode()
    assert "<html" not in part
    assert 'id="list"' in part
    # The sum row is of all lines, not of the page.
    # 2,460 + 30 × 800 less the 1,420 of the line that is left out
    assert number_in_sum_row(client.get(url, **HTMX).content.decode()) == "25,040.00"


def number_in_sum_row(html: str) -> str:
    row = html.rpartition('<tr class="sum">')[2].partition("</tr>")[0]
    return row.rpartition("</td>")[0].rpartition(">")[2]


def test_what_cannot_be_computed_is_listed_with_a_link(month: Month, client_for: ClientFor):
    estate = month.add_estate(None, name="没有户数的院")
    claim = month.open()
    client = client_for(month.cast.street_clerk)
    for shown in (
        page(client, "subsidies:claim-detail", claim.pk),
        page(client, "subsidies:gap-list"),
    ):
        assert "没有户数的院" in shown
        assert "请先录入并核定" in shown
    assert reverse("estates:count-create", args=[estate.pk]) in page(client, "subsidies:gap-list")


def test_the_estate_and_the_payee_show_their_money(month: Month, client_for: ClientFor):
    month.brought_to("paid")
    client = client_for(month.cast.street_clerk)
    shown = client.get(
        reverse("estates:estate-detail", args=[month.estates[0].pk]), {"tab": "subsidies"}
    ).content.decode()
    assert "1,420.00" in shown
    assert "已审批合计 1,420.00 元" in shown
    shown = client.get(
        reverse("enterprises:provider-detail", args=[month.provider.pk]), {"tab": "payments"}
    ).content.decode()
    assert "合计 2,460.00 元" in shown


def test_rates_and_payments_have_their_pages(month: Month, client_for: ClientFor):
    month.brought_to("paid")
    client = client_for(month.cast.auditor)
    assert "荥政办〔2017〕9号" in page(client, "subsidies:rate-list")
    assert "2017年4月起执行" in page(client, "subsidies:rate-detail", month.rate.pk)
    assert "2,460.00" in page(client, "subsidies:payment-list")


# --- Another street --------------------------------------------------------------------------

CLAIM_ADDRESSES = [
    "claim-detail",
    "claim-recompute",
    "claim-submit",
    "claim-review",
    "claim-return",
    "claim-withdraw",
    "claim-workbook",
]


@pytest.mark.parametrize("name", CLAIM_ADDRESSES)
@pytest.mark.parametrize("who", ["other_clerk", "other_leader"])
def test_another_streets_claim_is_not_there(month: Month, client_for: ClientFor, name, who):
    claim = month.brought_to("submitted")
    client = client_for(month.cast.people[who])
    url = reverse(f"subsidies:{name}", args=[claim.pk])
    assert client.get(url).status_code == 404
    assert client.post(url).status_code in {404, 405}
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.SUBMITTED


def test_another_streets_lines_gaps_payments_and_choices_are_not_there(
    month: Month, other_street, client_for: ClientFor
):
    month.add_estate(None, name="甲界院")
    claim = month.brought_to("paid")
    client = client_for(month.cast.other_clerk)
    line = claim.lines.first()
    for name in ("line-detail", "line-deduct", "line-exclude", "line-include"):
        assert client.get(reverse(f"subsidies:{name}", args=[line.pk])).status_code == 404
    for name in ("claim-list", "gap-list", "payment-list", "claim-open"):
        shown = page(client, f"subsidies:{name}")
        for text in ("甲界院", "索河街道", "2,460.00", "工商局家属院"):
            assert text not in shown, (name, text)
    response = client.get(reverse("subsidies:month-workbook", args=["2026-10"]))
    assert response.status_code in {400, 409}
    assert "没有补贴申报" in response.content.decode()


# --- Acting ----------------------------------------------------------------------------------


def test_the_whole_chain_goes_through_the_pages(month: Month, client_for: ClientFor):
    cast = month.cast
    response = client_for(cast.street_clerk).post(
        reverse("subsidies:claim-open"), {"month": "2026-10", "street": month.street.pk}
    )
    claim = SubsidyClaim.objects.get()
    assert response.url == reverse("subsidies:claim-detail", args=[claim.pk])
    for name, actor, status in (
        ("submit", cast.street_clerk, "submitted"),
        ("review", cast.street_leader, "reviewed"),
        ("check", cast.city_manager, "checked"),
        ("approve", cast.bureau_leader, "approved"),
    ):
        client = client_for(actor)
        url = reverse(f"subsidies:claim-{name}", args=[claim.pk])
        asked = client.get(url).content.decode()
        assert "2,460.00 元" in asked
        assert "3 个小区" in asked
        assert client.post(url, {"opinion": "同意。"}).status_code == 302
        claim.refresh_from_db()
        assert claim.status == status
    client = client_for(cast.finance_officer)
    url = reverse("subsidies:claim-pay", args=[claim.pk, month.provider.pk])
    assert "2,460.00 元" in client.get(url).content.decode()
    response = client.post(url, {"voucher_number": "PZ-1", "paid_on": "2026-11-03"})
    assert response.status_code == 302
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.PAID
    # The same again: the page says so, and nothing happens twice.
    again = client.post(url, {"voucher_number": "PZ-2", "paid_on": "2026-11-03"})
    assert again.status_code == 409
    assert Payment.objects.count() == 1


def test_many_payees_are_recorded_on_one_page_and_those_left_blank_later(
    month: Month, client_for: ClientFor
):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    claim = month.brought_to("approved")
    client = client_for(month.cast.finance_officer)
    url = reverse("subsidies:claim-pay-many", args=[claim.pk])
    assert url in page(client, "subsidies:claim-detail", claim.pk)
    asked = client.get(url).content.decode()
    assert "2 个收款单位待拨 3,260.00 元" in asked
    first, second = f"voucher_{month.provider.pk}", f"voucher_{other.pk}"
    day = {"paid_on": "2026-11-03"}
    assert "请至少填写一个" in client.post(url, day).content.decode()
    twice = client.post(url, {**day, first: "PZ-1", second: "PZ-1"})
    assert twice.status_code == 422
    assert "同一个凭证号填了两次" in twice.content.decode()
    assert client.post(url, {**day, first: "PZ-1"}).status_code == 302
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.APPROVED
    assert client.post(url, {**day, second: "PZ-2"}).status_code == 302
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.PAID
    assert claim.payments.count() == 2


def test_a_month_opens_for_all_streets_at_once(month: Month, other_street, client_for: ClientFor):
    month.add_estate(50, street=other_street)
    client = client_for(month.cast.city_manager)
    response = client.post(reverse("subsidies:claim-open"), {"month": "2026-10", "street": ""})
    assert response.url == f"{reverse('subsidies:claim-list')}?month=2026-10"
    assert SubsidyClaim.objects.count() == 2
    again = client.post(reverse("subsidies:claim-open"), {"month": "2026-10", "street": ""})
    assert again.status_code == 422
    assert "没有新开的申报" in again.content.decode()


def test_bad_input_is_kept_and_told(month: Month, client_for: ClientFor):
    client = client_for(month.cast.city_manager)
    future = client.post(reverse("subsidies:claim-open"), {"month": "2027-01", "street": ""})
    assert future.status_code == 422
    assert "2027年1月还没有到" in future.content.decode()
    claim = month.brought_to("approved")
    client = client_for(month.cast.finance_officer)
    url = reverse("subsidies:claim-pay", args=[claim.pk, month.provider.pk])
    wrong = client.post(url, {"voucher_number": "PZ-1", "paid_on": "2026-11-30"})
    assert wrong.status_code == 422
    assert "还没有到" in wrong.content.decode()
    assert 'value="PZ-1"' in wrong.content.decode()
    assert client.get(reverse("subsidies:claim-pay", args=[claim.pk, 999999])).status_code == 404


def test_what_is_locked_says_why(month: Month, client_for: ClientFor):
    claim = month.open()
    month.verify(month.estates[0], 144, since=OCTOBER)
    client = client_for(month.cast.street_clerk)
    shown = page(client, "subsidies:claim-detail", claim.pk)
    assert "来源有变化，请先重新核算" in shown
    assert "工商局家属院 户数 142 户 改为 144 户" in shown
    asked = page(client, "subsidies:claim-submit", claim.pk)
    assert "请先重新核算再申报" in asked
    assert "disabled" in asked
    recompute = page(client, "subsidies:claim-recompute", claim.pk)
    assert "20.00" in recompute
    assert client.post(reverse("subsidies:claim-recompute", args=[claim.pk])).status_code == 302
    claim.refresh_from_db()
    assert claim.total == Decimal("2480.00")


def test_later_changes_are_shown_with_what_they_mean(month: Month, client_for: ClientFor):
    claim = month.brought_to("checked")
    month.verify(month.estates[0], 216, since=dt.date(2026, 11, 1))
    client = client_for(month.cast.bureau_leader)
    shown = page(client, "subsidies:claim-detail", claim.pk)
    assert "工商局家属院 11月3日新核定 216 户，自 2026年11月起执行，不影响本月" in shown
    month.verify(month.estates[1], 60, since=OCTOBER)
    shown = page(client, "subsidies:claim-detail", claim.pk)
    assert "本月会多 20.00 元；可退回重新核算，或在以后月份补发、扣回" in shown
    assert "来源有变化" in page(client, "subsidies:claim-approve", claim.pk)
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    shown = page(client, "subsidies:claim-detail", claim.pk)
    assert "本月已审批，差额在以后月份补发或扣回" in shown


def test_sending_back_and_taking_back_through_the_pages(month: Month, client_for: ClientFor):
    claim = month.brought_to("submitted")
    clerk, leader = client_for(month.cast.street_clerk), client_for(month.cast.street_leader)
    assert "撤回" in page(clerk, "subsidies:claim-detail", claim.pk)
    back = reverse("subsidies:claim-return", args=[claim.pk])
    assert leader.post(back, {"sentence": ""}).status_code == 422
    assert leader.post(back, {"sentence": "户数不符"}).status_code == 302
    shown = page(clerk, "subsidies:claim-detail", claim.pk)
    assert "李建国在“街道审核”退回第 1 版：户数不符" in shown
    claim.refresh_from_db()
    services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    take = reverse("subsidies:claim-withdraw", args=[claim.pk])
    assert clerk.post(take, {"sentence": ""}).status_code == 302
    claim.refresh_from_db()
    assert (claim.status, claim.version) == ("draft", 3)


def test_lines_are_changed_through_the_pages(month: Month, client_for: ClientFor):
    claim = month.open()
    line = claim.lines.get(estate=month.estates[0])
    client = client_for(month.cast.street_clerk)
    url = reverse("subsidies:line-deduct", args=[line.pk])
    assert "应补" in client.get(url).content.decode()
    wrong = client.post(url, {"amount": "1,500", "reason": "理由"})
    assert wrong.status_code == 422
    assert "超过应补 1,420.00 元" in wrong.content.decode()
    assert client.post(url, {"amount": "120", "reason": "照明损坏"}).status_code == 302
    leave = reverse("subsidies:line-exclude", args=[line.pk])
    assert client.post(leave, {"reason": "正在改造"}).status_code == 302
    assert client.post(leave, {"reason": "再来"}).status_code == 409
    include = reverse("subsidies:line-include", args=[line.pk])
    assert "正在改造" in client.get(include).content.decode()
    assert client.post(include).status_code == 302
    claim.refresh_from_db()
    assert claim.total == Decimal("2340.00")


def test_a_rate_is_registered_through_its_page(city_manager, client_for: ClientFor):
    client = client_for(city_manager)
    fields = {
        "amount": "10.00",
        "effective_from": "2026-11",
        "month_rule": "first_day",
        "document_title": "补贴办法",
        "document_number": "荥政办〔2026〕1号",
    }
    response = client.post(reverse("subsidies:rate-create"), fields)
    assert response.status_code == 302, response.content.decode()
    rate = SubsidyRate.objects.get()
    assert rate.amount == Decimal("10.00")
    again = client.post(reverse("subsidies:rate-create"), fields)
    assert again.status_code == 422
    assert "已有一个补贴标准" in again.content.decode()
    assert client.get(reverse("subsidies:rate-document", args=[rate.pk])).status_code == 404


# --- Papers ----------------------------------------------------------------------------------


def test_the_workbooks_are_handed_out(month: Month, client_for: ClientFor):
    claim = month.open()
    client = client_for(month.cast.finance_officer)
    for url in (
        reverse("subsidies:claim-workbook", args=[claim.pk]),
        reverse("subsidies:month-workbook", args=["2026-10"]),
    ):
        response = client.get(url)
        assert response.status_code == 200
        body = b"".join(response) if response.streaming else response.content
        assert openpyxl.load_workbook(io.BytesIO(body)).active["A1"].value
    for bad in ("2026-13", "x", "2026"):
        url = reverse("subsidies:month-workbook", args=[bad])
        assert client.get(url).status_code == 404


def test_printing_starts_a_job_and_leads_to_it(month: Month, client_for: ClientFor):
    claim = month.open()
    client = client_for(month.cast.city_manager)
    for url in (
        reverse("subsidies:claim-print", args=[claim.pk]),
        reverse("subsidies:month-print", args=["2026-10"]),
    ):
        assert client.get(url).status_code == 405
        response = client.post(url)
        assert response.url == reverse("common:job-detail", args=[Job.objects.latest("pk").pk])
    assert Job.objects.count() == 2


# --- What waits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "who", "action"),
    [
        ("draft", "street_clerk", "报送审核"),
        ("submitted", "street_leader", "同意上报"),
        ("reviewed", "city_manager", "复核通过"),
        ("checked", "bureau_leader", "同意拨付"),
        ("approved", "finance_officer", "登记拨付"),
    ],
)
def test_each_stage_waits_for_its_person_on_the_desk(month: Month, status, who, action):
    claim = month.brought_to(status)
    for name, person in month.cast.people.items():
        items = [item for item in desk.waiting_for(person) if item.tag == "补贴"]
        if name == who:
            assert [(item.action, item.url) for item in items] == [
                (action, claim.get_absolute_url())
            ]
            assert "2,460.00 元" in items[0].detail
        else:
            assert items == [], name


def test_a_claim_does_not_wait_for_who_has_acted_in_it(month: Month, make_person):
    both = make_person("jianzhi", month.cast.street_office, "street_clerk", "street_leader")
    services.claim_submit(claim=month.open(), actor=both)
    assert [item for item in desk.waiting_for(both) if item.tag == "补贴"] == []


# --- Cost ------------------------------------------------------------------------------------


def test_pages_cost_the_same_for_two_lines_as_for_two_hundred(
    month: Month, client_for: ClientFor, assert_constant_queries
):
    for _ in range(2):
        month.add_estate(None)
    claim = month.open()
    client = client_for(month.cast.city_manager)
    addresses = [
        reverse("subsidies:claim-detail", args=[claim.pk]),
        reverse("subsidies:claim-list"),
        reverse("subsidies:gap-list"),
        reverse("subsidies:claim-workbook", args=[claim.pk]),
    ]

    def look() -> None:
        cache.clear()
        for url in addresses:
            assert client.get(url).status_code == 200

    def grow() -> None:
        many_estates(month, 200)
        for _ in range(5):
            month.add_estate(None)
        services.claim_recompute(claim=claim, actor=month.cast.city_manager)

    assert_constant_queries(look, grow)


def test_lists_cost_the_same_for_more_claims_and_payments(
    month: Month, client_for: ClientFor, assert_constant_queries
):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    month.brought_to("paid")
    client = client_for(month.cast.city_manager)

    def look() -> None:
        cache.clear()
        for name in ("claim-list", "payment-list", "rate-list"):
            assert client.get(reverse(f"subsidies:{name}")).status_code == 200
        page_of = reverse("estates:estate-detail", args=[month.estates[0].pk])
        assert client.get(page_of, {"tab": "subsidies"}).status_code == 200

    def grow() -> None:
        for back in range(1, 6):
            month.brought_to("paid", clock.add_months(OCTOBER, -back))

    assert_constant_queries(look, grow)
