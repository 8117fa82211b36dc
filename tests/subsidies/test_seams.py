"""Where the money meets the apps below: merging estates, the admin, the menu."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from estates.models import Estate
from estates.services import estate_merge
from subsidies import services
from subsidies.selectors.merging import refuse_merge
from tests.subsidies.conftest import OCTOBER, Month, bring_to
from xingyang_pm.common import menu
from xingyang_pm.common.errors import BusinessError


def merge(month: Month, old: Estate, kept: Estate) -> None:
    estate_merge(old=old, kept=kept, reason="重复登记", actor=month.cast.city_manager)


def test_estates_paid_for_the_same_month_do_not_become_one(month: Month):
    """Their contracts meet, too, so the merge is refused at an earlier door; this one stands for
    itself."""
    month.brought_to("approved")
    first, second, _ = month.estates
    with pytest.raises(BusinessError, match="在2026年10月都已补贴，是重复补贴"):
        refuse_merge(first, second, month.cast.city_manager)
    with pytest.raises(BusinessError):
        merge(month, first, second)
    first.refresh_from_db()
    assert first.status == "active"


def test_estates_paid_for_different_days_of_a_month_may_become_one(month: Month):
    services.rate_register(
        amount=Decimal("10"),
        effective_from=OCTOBER,
        document_title="按日办法",
        month_rule="by_days",
        actor=month.cast.city_manager,
    )
    first, second, _ = month.estates
    first.engagements.update(end_date=dt.date(2026, 10, 16))
    second.engagements.update(start_date=dt.date(2026, 10, 17))
    month.brought_to("approved")
    refuse_merge(first, second, month.cast.city_manager)


def test_an_estate_in_a_claim_under_way_is_not_merged(month: Month):
    twin = month.add_estate(None, start=None)
    month.brought_to("submitted")
    with pytest.raises(BusinessError, match="正在办理，请等审批后再并入"):
        merge(month, month.estates[0], twin)


def test_a_line_of_a_draft_is_put_right_by_computing_it_anew(month: Month):
    duplicate = month.add_estate(None, start=None)
    claim = month.open()
    merge(month, duplicate, month.estates[0])
    services.claim_recompute(claim=claim, actor=month.cast.street_clerk)
    assert not claim.gaps.filter(estate=duplicate).exists()
    assert bring_to(claim, "paid", month.cast).status == "paid"


def test_who_was_paid_long_ago_may_be_merged_when_no_month_collides(month: Month):
    other = month.add_estate(None, start=None)
    month.brought_to("paid", dt.date(2026, 9, 1))
    merge(month, other, month.estates[0])
    other.refresh_from_db()
    assert other.merged_into == month.estates[0]


def test_the_menu_leads_to_claims_rates_and_payments(month: Month):
    month.open()
    shown = {section.label: section for section in menu.shown_to(month.cast.street_clerk)}
    items = [(item.label, item.count) for item in shown["补贴"].items]
    assert items == [
        ("月度申报", 1),
        ("公示", 0),
        ("补贴标准", 0),
        ("拨付与到账", 0),
        ("收款账户", 0),
        ("业主交费", 0),
        ("年度预算", 0),
        ("补贴统计", 0),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "subsidyrate",
        "subsidyclaim",
        "claimact",
        "subsidyline",
        "claimgap",
        "payment",
        "payeeaccount",
        "feestandard",
        "feedraft",
        "feecollection",
        "paymentresult",
        "streetarrival",
        "paymentreceipt",
        "transitreason",
        "fundingsource",
        "claimfunding",
        "budgetentry",
    ],
)
def test_the_admin_looks_and_changes_nothing(month: Month, client_for, name):
    claim = month.brought_to("paid")
    client = client_for(month.cast.system_admin)
    assert client.get(reverse(f"admin:subsidies_{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:subsidies_{name}_add")).status_code == 403
    for action in ("change", "delete"):
        url = reverse(f"admin:subsidies_{name}_{action}", args=[claim.pk])
        assert client.post(url, {"post": "yes"}).status_code in {302, 403, 404}
    claim.refresh_from_db()
    assert (claim.status, claim.month, claim.lines.count()) == ("paid", OCTOBER, 3)
