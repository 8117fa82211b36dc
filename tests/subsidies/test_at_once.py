"""Two people at once, one person twice: real threads on real connections, one effect each."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.choices import Role
from subsidies import services
from subsidies.choices import ClaimStatus
from subsidies.models import ClaimAct, Payment, SubsidyClaim, SubsidyLine
from tests.subsidies.conftest import OCTOBER, Month, pay_all
from tests.support.at_once import at_once, one_effect
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_two_open_the_same_month(month: Month):
    clerk, manager = month.cast.street_clerk, month.cast.city_manager
    outcomes = at_once(
        lambda: month.open(actor=clerk),
        lambda: month.open(actor=manager),
        lambda: month.open(),
        lambda: month.open(actor=clerk),
    )
    one_effect(outcomes)
    claim = SubsidyClaim.objects.get()
    assert (claim.number, claim.lines.count()) == ("BT-2026-10-001", 3)
    # The numbers of those who came too late went back.
    assert month.open(dt.date(2026, 9, 1)).number == "BT-2026-09-001"


def test_two_clerks_submit_and_one_clicks_twice(month: Month, make_person):
    second = make_person("liufang", month.cast.street_office, Role.STREET_CLERK)
    claim = month.open()
    first = month.cast.street_clerk
    one_effect(
        at_once(
            *(
                lambda who=who: services.claim_submit(claim=claim, actor=who)
                for who in (first, first, second, second)
            )
        )
    )
    assert ClaimAct.objects.filter(claim=claim).count() == 1


def test_two_leaders_approve_at_once(month: Month, make_person):
    second = make_person("fuzhuren", month.cast.bureau, Role.BUREAU_LEADER)
    claim = month.brought_to("checked")
    one_effect(
        at_once(
            lambda: services.claim_approve(claim=claim, actor=month.cast.bureau_leader),
            lambda: services.claim_approve(claim=claim, actor=second),
        )
    )
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.APPROVED
    assert claim.acts.filter(stage="approve").count() == 1


def test_approving_and_sending_back_at_once_is_one_of_them(month: Month, make_person):
    second = make_person("fuzhuren", month.cast.bureau, Role.BUREAU_LEADER)
    claim = month.brought_to("checked")
    outcomes = at_once(
        lambda: services.claim_approve(claim=claim, actor=month.cast.bureau_leader),
        lambda: services.claim_return(claim=claim, actor=second, sentence="再核"),
    )
    one_effect(outcomes)
    claim.refresh_from_db()
    assert (claim.status, claim.version) in {("approved", 1), ("draft", 2)}


def test_taking_back_and_checking_at_once_is_one_of_them(month: Month):
    claim = month.brought_to("reviewed")
    outcomes = at_once(
        lambda: services.claim_withdraw(claim=claim, actor=month.cast.street_leader),
        lambda: services.claim_check(claim=claim, actor=month.cast.city_manager),
        also=(NotPermitted,),
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(refused) == 1
    claim.refresh_from_db()
    assert (claim.status, claim.version) in {("checked", 1), ("draft", 2)}


def test_a_payment_clicked_four_times_is_one_payment(month: Month):
    claim = month.brought_to("approved")
    finance = month.cast.finance_officer
    one_effect(at_once(*(lambda: pay_all(claim, finance) for _ in range(4))))
    assert Payment.objects.count() == 1
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.PAID


def test_deductions_of_two_lines_at_once_both_stand_in_the_sum(month: Month):
    claim = month.open()
    clerk = month.cast.street_clerk
    outcomes = at_once(
        *(
            lambda line=line: services.line_deduct(
                line=line, amount=Decimal(10), reason="理由", actor=clerk
            )
            for line in claim.lines.all()
        )
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    claim.refresh_from_db()
    assert (claim.deduction_total, claim.total) == (Decimal("30.00"), Decimal("2430.00"))


def test_computing_anew_and_submitting_at_once_leaves_a_claim_that_adds_up(month: Month):
    claim = month.open()
    clerk = month.cast.street_clerk
    at_once(
        lambda: services.claim_recompute(claim=claim, actor=clerk),
        lambda: services.claim_submit(claim=claim, actor=clerk),
        lambda: services.claim_recompute(claim=claim, actor=month.cast.city_manager),
        also=(NotPermitted,),
    )
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.SUBMITTED
    assert claim.lines.total() == claim.total == Decimal("2460.00")


@pytest.mark.postgresql
def test_a_line_changed_past_the_services_holds_the_claim_until_it_is_seen(month: Month):
    """A raw write to a line is not yet committed while the claim is being checked: the check
    waits for it and then finds that the sum is wrong."""
    claim = month.brought_to("reviewed")
    line = claim.lines.first()
    written, go_on = threading.Event(), threading.Event()

    def write_raw() -> None:
        with transaction.atomic():
            SubsidyLine.objects.filter(pk=line.pk).update(
                deduction=Decimal(20),
                deduction_reason="悄悄",
                amount=line.amount - 20,
                adjusted_by=month.cast.city_manager,
                adjusted_stage="check",
                adjusted_at=clock.now(),
            )
            written.set()
            go_on.wait(10)

    def check() -> SubsidyClaim:
        written.wait(10)
        threading.Timer(0.5, go_on.set).start()
        return services.claim_check(claim=claim, actor=month.cast.city_manager)

    outcomes = at_once(write_raw, check)
    assert isinstance(outcomes[1], BusinessError)
    assert "合计" in outcomes[1].message
    claim.refresh_from_db()
    assert claim.status == ClaimStatus.REVIEWED
    assert claim.month == OCTOBER
