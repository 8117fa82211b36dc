"""The chain of a claim: five persons, one step at a time, nobody twice."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.choices import Role
from inspections.models import Checklist
from inspections.services import (
    Answer,
    checklist_activate,
    inspection_start,
    inspection_submit,
)
from subsidies import services
from subsidies.calculations import Paper
from subsidies.choices import USUAL, ClaimStage, ClaimStatus, Decision
from subsidies.models import ClaimAct, Payment
from subsidies.selectors.checks import claim_checks
from tests.inspections.conftest import make_checklist
from tests.subsidies.conftest import (
    OCTOBER,
    Month,
    bring_to,
    make_engagement,
    make_provider,
    pay_all,
)
from tests.support.doors import refused
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState

ACTS = {
    "submit": services.claim_submit,
    "review": services.claim_review,
    "check": services.claim_check,
    "approve": services.claim_approve,
}
RIGHT = {
    "submit": "street_clerk",
    "review": "street_leader",
    "check": "city_manager",
    "approve": "bureau_leader",
    "pay": "finance_officer",
}
BEFORE = {rule.stage.value: rule.source.value for rule in USUAL.rules}
PEOPLE = [
    "street_clerk", "street_leader", "other_clerk", "other_leader", "inspector", "city_manager",
    "bureau_leader", "finance_officer", "system_admin", "auditor", "outsider",
]  # fmt: skip


def act(stage: str, claim, actor):
    if stage == "pay":
        return pay_all(claim, actor)
    return ACTS[stage](claim=claim, actor=actor)


def test_the_whole_chain_leaves_five_persons_and_an_audit_trail(month: Month):
    claim = month.open()
    services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    services.claim_review(claim=claim, actor=month.cast.street_leader, opinion="扣减属实")
    services.claim_check(claim=claim, actor=month.cast.city_manager, opinion="核对无误")
    services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    claim = pay_all(claim, month.cast.finance_officer)
    assert claim.status == ClaimStatus.PAID
    acts = list(claim.acts.all())
    assert [found.stage for found in acts] == ["submit", "review", "check", "approve", "pay"]
    assert len({found.actor for found in acts}) == 5
    assert {found.total for found in acts} == {Decimal("2460.00")}
    assert [found.opinion for found in acts] == ["", "扣减属实", "核对无误", "", ""]
    assert Payment.objects.get().amount == Decimal("2460.00")
    told = [entry.summary for entry in audit.timeline(claim)]
    assert told[0] == "2026年10月补贴 2,460.00 元已全部登记拨付"
    assert told[-1].startswith("开账2026年10月补贴申报")
    assert "审批同意拨付2026年10月补贴 2,460.00 元（3 个小区，246 户）" in told


@pytest.mark.parametrize("stage", list(RIGHT))
@pytest.mark.parametrize("who", PEOPLE)
def test_each_stage_lets_its_own_person_pass_and_nobody_else(month: Month, stage, who):
    claim = month.brought_to(BEFORE[stage])
    actor = month.cast.people[who]
    if who == RIGHT[stage]:
        assert (
            act(stage, claim, actor).status
            == {rule.stage.value: rule.target.value for rule in USUAL.rules}[stage]
        )
        return
    with pytest.raises((NotPermitted, BusinessError)) as refused:
        act(stage, claim, actor)
    assert any("一" <= letter <= "鿿" for letter in refused.value.message)
    claim.refresh_from_db()
    assert claim.status == BEFORE[stage]
    assert not Payment.objects.exists()


@pytest.mark.parametrize("stage", ["review", "check", "approve", "pay"])
def test_nobody_acts_twice_however_many_roles_he_holds(month: Month, make_person, stage):
    """The clerk who submitted may hold every other role, too: the next stages refuse."""
    everything = make_person(
        "wanneng",
        month.cast.street_office,
        Role.STREET_CLERK,
        Role.STREET_LEADER,
        Role.BUREAU_MANAGER,
        Role.BUREAU_LEADER,
        Role.FINANCE_OFFICER,
    )
    claim = services.claim_submit(claim=month.open(), actor=everything)
    for name in ("review", "check", "approve"):
        if name == stage:
            break
        claim = act(name, claim, month.cast.people[RIGHT[name]])
    with pytest.raises(BusinessError, match="已办过“街道申报”") as refused:
        act(stage, claim, everything)
    assert refused.value.code == "person_twice"


def test_who_changed_a_line_in_the_draft_does_not_review_it(month: Month, make_person):
    both = make_person("jianzhi", month.cast.street_office, Role.STREET_CLERK, Role.STREET_LEADER)
    claim = month.open()
    services.line_deduct(
        line=claim.lines.first(), amount=Decimal(10), reason="垃圾未清运", actor=both
    )
    services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    with pytest.raises(BusinessError, match="已在“街道申报”改过明细"):
        services.claim_review(claim=claim, actor=both)


def test_who_recorded_one_payment_may_record_the_next_but_did_nothing_before(month: Month):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    claim = month.brought_to("approved")
    finance, day = month.cast.finance_officer, clock.today()
    entry = services.PaymentEntry(month.provider, "PZ-1", day)
    claim = services.claim_pay(claim=claim, entries=[entry], actor=finance)
    assert claim.status == ClaimStatus.APPROVED
    assert not claim.acts.filter(stage="pay").exists()
    claim = services.claim_pay(
        claim=claim, entries=[services.PaymentEntry(other, "PZ-2", day)], actor=finance
    )
    assert claim.status == ClaimStatus.PAID
    assert claim.payments.total() == claim.total == Decimal("3260.00")


@pytest.mark.parametrize("stage", list(RIGHT))
def test_an_act_done_twice_has_one_effect(month: Month, stage):
    claim = month.brought_to(BEFORE[stage])
    actor = month.cast.people[RIGHT[stage]]
    act(stage, claim, actor)
    with pytest.raises((StaleState, BusinessError)):
        act(stage, claim, actor)
    assert ClaimAct.objects.filter(claim=claim, stage=stage).count() == 1
    assert Payment.objects.count() == (stage == "pay")


@pytest.mark.parametrize("stage", ["review", "check", "approve", "pay"])
def test_no_stage_is_skipped(month: Month, stage):
    claim = month.open()
    with pytest.raises(StaleState, match="待街道申报"):
        act(stage, claim, month.cast.people[RIGHT[stage]])


# --- Sending back, taking back ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "who"),
    [("submitted", "street_leader"), ("reviewed", "city_manager"), ("checked", "bureau_leader")],
)
def test_whose_turn_it_is_may_send_back_and_the_next_version_goes_the_whole_way(
    month: Month, status, who
):
    claim = month.brought_to(status)
    claim = services.claim_return(
        claim=claim, actor=month.cast.people[who], sentence="工商局家属院 户数与清册不符"
    )
    assert (claim.status, claim.version) == (ClaimStatus.DRAFT, 2)
    last = claim.acts.last()
    assert (last.decision, last.version, last.opinion) == (
        Decision.RETURN,
        1,
        "工商局家属院 户数与清册不符",
    )
    claim = bring_to(claim, "paid", month.cast)
    assert (claim.status, claim.version) == (ClaimStatus.PAID, 2)


@pytest.mark.parametrize("status", ["submitted", "reviewed", "checked"])
@pytest.mark.parametrize("who", PEOPLE)
def test_nobody_else_sends_back(month: Month, status, who):
    right = {"submitted": "street_leader", "reviewed": "city_manager", "checked": "bureau_leader"}
    if who == right[status]:
        return
    claim = month.brought_to(status)
    with pytest.raises((NotPermitted, BusinessError)):
        services.claim_return(claim=claim, actor=month.cast.people[who], sentence="理由")
    claim.refresh_from_db()
    assert (claim.status, claim.version) == (status, 1)


def test_sending_back_needs_a_sentence(month: Month):
    claim = month.brought_to("submitted")
    with pytest.raises(BusinessError, match="请写明退回的原因"):
        services.claim_return(claim=claim, actor=month.cast.street_leader, sentence="  ")


@pytest.mark.parametrize("status", ["draft", "approved", "paid"])
def test_a_draft_and_what_is_approved_are_not_sent_back(month: Month, status):
    claim = month.brought_to(status)
    with pytest.raises(StaleState, match="不能退回"):
        services.claim_return(claim=claim, actor=month.cast.bureau_leader, sentence="理由")


@pytest.mark.parametrize(
    ("status", "who"),
    [("submitted", "street_clerk"), ("reviewed", "street_leader"), ("checked", "city_manager")],
)
def test_the_sender_takes_back_until_the_next_has_acted(month: Month, status, who):
    claim = month.brought_to(status)
    claim = services.claim_withdraw(claim=claim, actor=month.cast.people[who])
    assert (claim.status, claim.version) == (ClaimStatus.DRAFT, 2)
    claim = bring_to(claim, "paid", month.cast)
    assert claim.status == ClaimStatus.PAID


def test_nobody_takes_back_what_another_sent_or_the_next_has_acted_on(month: Month):
    claim = month.brought_to("reviewed")
    with pytest.raises(NotPermitted, match="只有报送的本人可以撤回"):
        services.claim_withdraw(claim=claim, actor=month.cast.street_clerk)
    claim = services.claim_check(claim=claim, actor=month.cast.city_manager)
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    with pytest.raises(StaleState, match="不能撤回"):
        services.claim_withdraw(claim=claim, actor=month.cast.bureau_leader)


def test_a_claim_goes_back_any_number_of_times(month: Month):
    claim = month.open()
    for version in range(2, 6):
        claim = services.claim_submit(claim=claim, actor=month.cast.street_clerk)
        if version % 2:
            claim = services.claim_withdraw(claim=claim, actor=month.cast.street_clerk)
        else:
            claim = services.claim_return(
                claim=claim, actor=month.cast.street_leader, sentence="再核一次"
            )
        assert claim.version == version


# --- Lines -----------------------------------------------------------------------------------


def faulty(estate, cast):
    """Return a reported inspection of ``estate`` with one failed item."""
    checklist = Checklist.objects.filter(status="in_use").first() or checklist_activate(
        checklist=make_checklist(cast.city_manager), actor=cast.city_manager
    )
    item = checklist.items.filter(photo_required=False).order_by("position")[0]
    inspection = inspection_start(estate=estate, actor=cast.street_clerk, checklist=checklist)
    return inspection_submit(
        inspection=inspection,
        actor=cast.street_clerk,
        answers={item.pk: Answer(outcome="fail", note="楼道堆物")},
    )


def test_the_street_deducts_in_its_draft_and_the_bureau_at_the_check(month: Month):
    claim = month.open()
    line = claim.lines.get(estate=month.estates[0])
    services.line_deduct(
        line=line, amount=Decimal("100"), reason="保洁不到位", actor=month.cast.street_clerk
    )
    claim = bring_to(claim, "reviewed", month.cast)
    assert claim.total == Decimal("2360.00")
    line = services.line_deduct(
        line=line,
        amount=Decimal("120.00"),
        reason="楼道照明损坏，10月逾期未整改",
        actor=month.cast.city_manager,
    )
    claim.refresh_from_db()
    assert (claim.total, claim.deduction_total) == (Decimal("2340.00"), Decimal("120.00"))
    assert line.explained().reasons[-1].text == (
        "120.00 元，楼道照明损坏，10月逾期未整改。陈志远，2026-11-03"
    )
    claim = services.claim_check(claim=claim, actor=month.cast.city_manager)
    assert list(claim.acts.values_list("total", flat=True)) == [
        Decimal("2360.00"),
        Decimal("2360.00"),
        Decimal("2340.00"),
    ]


def test_a_deduction_names_the_order_or_the_inspection_behind_it(month: Month, client):
    """The paper stands in the explanation, in the log and among the checks."""
    estate, cast = month.estates[0], month.cast
    fault, other = (faulty(row, cast) for row in month.estates[:2])
    claim = month.open()
    line = claim.lines.get(estate=estate)
    clerk = cast.street_clerk
    services.line_deduct(line=line, amount=Decimal(20), reason="楼道堆物", actor=clerk)
    titles = {check.title for check in claim_checks(claim, clerk).rows}
    assert "1 处扣减没有附依据" in titles
    with pytest.raises(BusinessError, match="不是这个小区的"):
        services.line_deduct(
            line=line, amount=Decimal(20), reason="楼道堆物", basis=other, actor=clerk
        )
    client.force_login(clerk, backend="accounts.backends.OfficeBackend")
    url = reverse("subsidies:line-deduct", args=[line.pk])
    page = client.get(url).content.decode()
    assert fault.number in page
    assert other.number not in page
    fields = {"amount": "20", "reason": "楼道堆物"}
    assert client.post(url, {**fields, "basis": f"i{other.pk}"}).status_code == 422
    assert client.post(url, {**fields, "basis": f"i{fault.pk}"}).status_code == 302
    line.refresh_from_db()
    told = line.explained().reasons[-1]
    assert (told.paper, told.record, told.link) == (Paper.INSPECTION, fault.pk, fault.number)
    assert audit.timeline(claim)[0].summary.endswith(f"（{fault.number}）")
    assert "扣减都有依据" in {check.title for check in claim_checks(claim, clerk).rows}
    refused(
        "不是这个小区的", lambda: claim.lines.filter(pk=line.pk).update(deduction_inspection=other)
    )
    services.claim_recompute(claim=claim, actor=clerk)
    again = claim.lines.get(estate=estate)
    assert again.deduction_inspection == fault
    assert again.explained().reasons[-1].link == fault.number


def test_a_deduction_is_taken_away_by_zero(month: Month):
    claim = month.open()
    line, clerk = claim.lines.first(), month.cast.street_clerk
    services.line_deduct(line=line, amount=Decimal("100"), reason="保洁", actor=clerk)
    line = services.line_deduct(line=line, amount=Decimal(0), reason="", actor=clerk)
    claim.refresh_from_db()
    assert (line.deduction, line.deduction_reason) == (Decimal(0), "")
    assert claim.total == Decimal("2460.00")
    assert "扣减" not in line.explained().sentence


def test_an_excluded_line_counts_nowhere_and_comes_back(month: Month):
    claim = month.open()
    line, clerk = claim.lines.get(estate=month.estates[0]), month.cast.street_clerk
    line = services.line_exclude(line=line, reason="正在改造，暂停服务", actor=clerk)
    claim.refresh_from_db()
    assert (claim.estate_count, claim.household_count, claim.total) == (2, 104, Decimal("1040.00"))
    assert line.explained().reasons[-1].label == "不列入"
    with pytest.raises(StaleState, match="已经不列入"):
        services.line_exclude(line=line, reason="再来", actor=clerk)
    services.line_include(line=line, actor=clerk)
    claim.refresh_from_db()
    assert claim.total == Decimal("2460.00")
    assert audit.timeline(month.estates[0])[0].summary == "重新列入 工商局家属院（1,420.00 元）"


@pytest.mark.parametrize(
    ("amount", "reason", "sentence"),
    [
        ("1420.01", "理由", "超过应补 1,420.00 元"),
        ("-1", "理由", "不能是负数"),
        ("10", "  ", "请写明扣减的原因"),
        ("10", "长" * 201, "最多 200 个字"),
    ],
)
def test_bad_deductions_are_told_in_a_sentence(month: Month, amount, reason, sentence):
    line = month.open().lines.get(estate=month.estates[0])
    with pytest.raises(BusinessError, match=sentence):
        services.line_deduct(
            line=line, amount=Decimal(amount), reason=reason, actor=month.cast.street_clerk
        )
    line.refresh_from_db()
    assert line.deduction == 0


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("status", ["draft", "submitted", "reviewed", "checked", "approved"])
def test_lines_are_changed_by_whose_turn_it_is_and_nobody_else(month: Month, status, who):
    claim = month.brought_to(status)
    line, actor = claim.lines.first(), month.cast.people[who]

    def deduct():
        return services.line_deduct(line=line, amount=Decimal(1), reason="理由", actor=actor)

    if (status, who) in {("draft", "street_clerk"), ("reviewed", "city_manager")}:
        assert deduct().deduction == Decimal("1.00")
        return
    with pytest.raises((BusinessError, NotPermitted)):
        deduct()
    line.refresh_from_db()
    assert line.deduction == 0


# --- Sources ---------------------------------------------------------------------------------


def test_a_draft_whose_source_changed_is_computed_anew_before_it_moves(month: Month):
    claim = month.open()
    month.verify(month.estates[0], 144, since=OCTOBER)
    with pytest.raises(BusinessError, match=r"142 户 改为 144 户.*请先重新核算再申报"):
        services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    services.claim_recompute(claim=claim, actor=month.cast.street_clerk)
    claim = services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    assert claim.total == Decimal("2480.00")


def test_a_source_that_changes_later_is_kept_in_the_audit_entry_and_stops_nothing(month: Month):
    claim = month.brought_to("reviewed")
    month.verify(month.estates[0], 144, since=OCTOBER)
    claim = services.claim_check(claim=claim, actor=month.cast.city_manager)
    assert audit.timeline(claim)[0].after["changes"] == ["工商局家属院 户数 142 户 改为 144 户"]


def test_a_claim_without_lines_or_money_is_not_submitted(month: Month):
    claim = month.open()
    clerk = month.cast.street_clerk
    for line in claim.lines.all():
        services.line_deduct(line=line, amount=line.gross, reason="全部扣减", actor=clerk)
    with pytest.raises(BusinessError, match="合计为零"):
        services.claim_submit(claim=claim, actor=clerk)
    for line in claim.lines.all():
        services.line_exclude(line=line, reason="理由", actor=clerk)
    with pytest.raises(BusinessError, match="没有列入的小区"):
        services.claim_submit(claim=claim, actor=clerk)


def test_a_contract_ended_in_hindsight_stops_the_draft(month: Month):
    claim = month.open()
    engagement = month.engagements[0]
    type(engagement).objects.filter(pk=engagement.pk).update(end_date=dt.date(2026, 9, 30))
    with pytest.raises(BusinessError, match="合同本月已不在有效期内"):
        services.claim_submit(claim=claim, actor=month.cast.street_clerk)


# --- Payment ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "sentence"),
    [(dt.date(2026, 11, 4), "还没有到"), (dt.date(2026, 11, 2), "早于审批日期 2026-11-03")],
)
def test_the_day_of_payment_lies_between_approval_and_today(month: Month, day, sentence):
    claim = month.brought_to("approved")
    with pytest.raises(BusinessError, match=sentence):
        pay_all(claim, month.cast.finance_officer, day)


def test_a_voucher_is_named_and_used_once_for_a_payee(month: Month):
    claim = month.brought_to("approved")
    finance, today = month.cast.finance_officer, clock.today()
    with pytest.raises(BusinessError) as refused:
        services.claim_pay(
            claim=claim,
            entries=[services.PaymentEntry(month.provider, "  ", today)],
            actor=finance,
        )
    assert refused.value.field == "voucher_number"
    services.claim_pay(
        claim=claim, entries=[services.PaymentEntry(month.provider, "PZ 77", today)], actor=finance
    )
    assert Payment.objects.get().voucher_number == "PZ77"
    september = month.brought_to("approved", dt.date(2026, 9, 1))
    with pytest.raises(BusinessError, match="凭证号已登记过"):
        services.claim_pay(
            claim=september,
            entries=[services.PaymentEntry(month.provider, "PZ77", today)],
            actor=finance,
        )


def test_a_stranger_to_the_claim_is_not_paid(month: Month):
    claim = month.brought_to("approved")
    stranger = make_provider("别的公司", "别的")
    with pytest.raises(BusinessError, match="没有应拨金额"):
        services.claim_pay(
            claim=claim,
            entries=[services.PaymentEntry(stranger, "PZ-1", clock.today())],
            actor=month.cast.finance_officer,
        )
    with pytest.raises(BusinessError, match="请填写要登记的拨付"):
        services.claim_pay(claim=claim, entries=[], actor=month.cast.finance_officer)


def test_a_payee_whose_lines_are_all_deducted_is_owed_nothing(month: Month):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    estate = month.make_estate()
    make_engagement(estate, other)
    month.verify(estate, 30)
    claim = month.open()
    services.line_deduct(
        line=claim.lines.get(estate=estate),
        amount=Decimal(300),
        reason="没有服务",
        actor=month.cast.street_clerk,
    )
    claim = bring_to(claim, "approved", month.cast)
    claim = services.claim_pay(
        claim=claim,
        entries=[services.PaymentEntry(month.provider, "PZ-1", clock.today())],
        actor=month.cast.finance_officer,
    )
    assert claim.status == ClaimStatus.PAID


def test_the_usual_procedure_passes_every_stage_and_every_state():
    assert [rule.stage for rule in USUAL.rules] == list(ClaimStage)
    assert [rule.source for rule in USUAL.rules] == list(ClaimStatus)[:-2]
    assert [rule.target for rule in USUAL.rules] == list(ClaimStatus)[1:-1]
