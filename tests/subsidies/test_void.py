"""作废: two persons, before payment; the month may then be claimed anew."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.choices import Role
from subsidies import services
from subsidies.choices import ClaimStatus
from subsidies.models import ClaimAct, ClaimVoid, SubsidyClaim, SubsidyLine
from subsidies.selectors.ledger import verify_ledger
from subsidies.selectors.summary import month_summary
from tests.subsidies.conftest import OCTOBER, Month, bring_to
from tests.support.doors import refused, sql
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState


def voided(month: Month, status: str = "approved") -> SubsidyClaim:
    claim = month.brought_to(status)
    services.void_propose(claim=claim, reason="接管日期登记有误", actor=month.cast.city_manager)
    return services.void_confirm(claim=claim, actor=month.cast.bureau_leader)


@pytest.mark.parametrize("status", ["draft", "submitted", "reviewed", "checked", "approved"])
def test_two_persons_declare_a_claim_void_and_the_month_is_claimed_anew(month: Month, status):
    claim = voided(month, status)
    assert claim.status == ClaimStatus.VOID
    assert claim.lines.count() == claim.lines.filter(is_void=True).count() == 3
    assert audit.timeline(claim)[0].summary == "确认作废2026年10月补贴 2,460.00 元"
    again = bring_to(month.open(), "paid", month.cast)
    assert again.total == Decimal("2460.00")
    assert verify_ledger().differences == []
    summary = month_summary(OCTOBER, month.cast.city_manager)
    assert [row.number for row in summary.rows] == [again.number]
    assert summary.total == Decimal("2460.00")


def test_one_person_is_not_two(month: Month):
    claim = month.brought_to("approved")
    manager = month.cast.city_manager
    services.void_propose(claim=claim, reason="有误", actor=manager)
    with pytest.raises(BusinessError, match="请换一人确认"):
        services.void_confirm(claim=claim, actor=manager)
    refused(
        "claimvoid_two_persons",
        lambda: ClaimVoid.objects.update(confirmed_by=manager, confirmed_at=clock.now()),
    )
    with pytest.raises(StaleState, match="等待另一人确认"):
        services.void_propose(claim=claim, reason="再来", actor=month.cast.bureau_leader)


@pytest.mark.parametrize(
    "who", ["street_clerk", "street_leader", "inspector", "finance_officer", "system_admin",
            "auditor", "outsider"],
)  # fmt: skip
def test_nobody_else_proposes_or_confirms(month: Month, who):
    claim = month.brought_to("approved")
    person = month.cast.people[who]
    with pytest.raises((NotPermitted, BusinessError)):
        services.void_propose(claim=claim, reason="有误", actor=person)
    services.void_propose(claim=claim, reason="有误", actor=month.cast.city_manager)
    with pytest.raises((NotPermitted, BusinessError)):
        services.void_confirm(claim=claim, actor=person)
    refused(
        "科室负责人或分管领导",
        lambda: ClaimVoid.objects.update(confirmed_by=person, confirmed_at=clock.now()),
    )


def test_nothing_moves_while_a_proposal_stands_and_it_may_be_taken_back(month: Month):
    claim = month.brought_to("checked")
    services.void_propose(claim=claim, reason="有误", actor=month.cast.city_manager)
    with pytest.raises(BusinessError, match="已提出作废"):
        services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    act = ClaimAct(
        claim=claim, version=1, stage="approve", decision="pass", actor=month.cast.bureau_leader,
        total=claim.total, acted_at=clock.now(),
    )  # fmt: skip
    refused("先确认或撤回作废", act.save)
    with pytest.raises(NotPermitted):
        services.void_take_back(claim=claim, actor=month.cast.bureau_leader)
    services.void_take_back(claim=claim, actor=month.cast.city_manager)
    assert bring_to_end(claim, month).status == ClaimStatus.PAID


def bring_to_end(claim: SubsidyClaim, month: Month) -> SubsidyClaim:
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    payee = claim.lines.first().payee
    return services.claim_pay(
        claim=claim,
        entries=[services.PaymentEntry(payee, "PZ-9", clock.today())],
        actor=month.cast.finance_officer,
    )


def test_what_is_paid_is_not_declared_void(month: Month):
    claim = month.brought_to("paid")
    with pytest.raises(StaleState, match="补发或扣回"):
        services.void_propose(claim=claim, reason="有误", actor=month.cast.city_manager)
    void = ClaimVoid(
        claim=claim, reason="有误", proposed_by=month.cast.city_manager, proposed_at=clock.now()
    )
    refused("已拨付或已作废的申报不能作废", void.save)
    refused("申报不能作废|没有经办记录", lambda: SubsidyClaim.objects.update(status="void"))


def test_every_door_of_a_void_claim(month: Month):
    claim = voided(month)
    line = claim.lines.first()
    refused("已作废的补贴申报不能修改", lambda: SubsidyClaim.objects.update(total=1))
    refused(
        "已作废的补贴申报不能修改|没有经办记录",
        lambda: SubsidyClaim.objects.update(status="draft"),
    )
    refused("已作废的补贴行不能修改", lambda: SubsidyLine.objects.update(exclusion_reason="改"))
    refused("只随整份申报作废", lambda: SubsidyLine.objects.update(is_void=False))
    refused("已作废的补贴行不能修改", line.delete)
    refused("不能修改或删除", sql("DELETE FROM subsidies_claimvoid"))
    refused("不能修改或删除|不能作废", lambda: ClaimVoid.objects.update(reason="改"))


def test_a_line_is_not_void_by_itself(month: Month):
    claim = month.brought_to("reviewed")
    refused("只随整份申报作废", lambda: claim.lines.update(is_void=True))
    refused("没有经办记录", lambda: SubsidyClaim.objects.update(status="void"))


def test_the_pages_of_a_void(month: Month, client):
    claim = month.brought_to("approved")
    client.force_login(month.cast.city_manager, backend="accounts.backends.OfficeBackend")
    propose = reverse("subsidies:claim-void", args=[claim.pk])
    assert client.post(propose, {"reason": " "}).status_code == 422
    assert client.post(propose, {"reason": "有误"}).status_code == 302
    page = client.get(claim.get_absolute_url()).content.decode()
    assert "提出作废，等待另一人确认" in page
    assert "撤回作废" in page
    confirm = reverse("subsidies:claim-void-confirm", args=[claim.pk])
    assert client.post(confirm).status_code == 409
    client.force_login(month.cast.bureau_leader, backend="accounts.backends.OfficeBackend")
    assert client.post(confirm).status_code == 302
    page = client.get(claim.get_absolute_url()).content.decode()
    assert "不计入任何合计" in page
    month.open()
    listed = client.get(reverse("subsidies:claim-list")).content.decode()
    assert "2 份申报" in re.sub(r"<[^>]+>", "", listed)
    assert "4,920.00" not in listed


def test_a_manager_with_every_role_still_needs_another(month: Month, make_person):
    both = make_person("quan", month.cast.bureau, Role.BUREAU_MANAGER, Role.BUREAU_LEADER)
    claim = month.brought_to("approved")
    services.void_propose(claim=claim, reason="有误", actor=both)
    with pytest.raises(BusinessError, match="请换一人确认"):
        services.void_confirm(claim=claim, actor=both)
