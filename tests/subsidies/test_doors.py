"""Every door past the services: ORM, ``update()``, ``bulk_update``, ``delete``, raw SQL.

The same refusals on SQLite and PostgreSQL, each with its sentence.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.choices import Role
from accounts.models import User
from subsidies import services
from subsidies.choices import USUAL, ClaimStage, ClaimStatus, Decision
from subsidies.models import ClaimAct, ClaimGap, Payment, SubsidyClaim, SubsidyLine, SubsidyRate
from tests.subsidies.conftest import OCTOBER, Month, bring_to, make_engagement, make_provider
from tests.support.doors import refused, sql
from xingyang_pm.common import clock

pytestmark = pytest.mark.both_databases

RIGHT = {
    "submit": "street_clerk",
    "review": "street_leader",
    "check": "city_manager",
    "approve": "bureau_leader",
}
# A statement may break several rules at once; which trigger speaks first is the database's affair.
SETTLED_LINE = "已审批的补贴行不能修改或删除|核算得出，不能直接改动|金额不等于 户数"
SETTLED_CLAIM = (
    "已审批的补贴申报不能修改或删除|编号、街道和月份不能修改|版次加一|逐级办理|没有经办记录"
)
NO_PAYER = "拨付由财务登记|同一人不能在一份申报中"


def new_act(claim: SubsidyClaim, stage: str, actor: User, **values: object) -> ClaimAct:
    fields = {
        "claim": claim,
        "version": claim.version,
        "stage": stage,
        "decision": Decision.PASS,
        "actor": actor,
        "total": claim.total,
        "acted_at": clock.now(),
        **values,
    }
    return ClaimAct(**fields)


def act_by_sql(claim: SubsidyClaim, stage: str, actor: User, **values: object) -> Callable:
    row = new_act(claim, stage, actor, **values)
    return sql(
        "INSERT INTO subsidies_claimact (claim_id, version, stage, decision, actor_id, opinion,"
        " total, acted_at) VALUES (%s, %s, %s, %s, %s, '', %s, %s)",
        row.claim_id,
        row.version,
        str(row.stage),
        str(row.decision),
        row.actor_id,
        str(row.total),
        row.acted_at.isoformat(),
    )


# --- Approved lines --------------------------------------------------------------------------

CHANGES = {
    "households": 999,
    "buildings": 99,
    "rate": Decimal("99.00"),
    "months": Decimal("0.5"),
    "coefficient": Decimal("0.5"),
    "deduction": Decimal("1.00"),
    "deduction_reason": "改过",
    "amount": Decimal("9999.00"),
    "is_excluded": True,
    "exclusion_reason": "改过",
    "month": dt.date(2026, 9, 1),
    "served_from": dt.date(2026, 10, 2),
    "explanation": {},
}


@pytest.fixture(params=["approved", "paid"])
def settled(request: pytest.FixtureRequest, month: Month) -> SubsidyClaim:
    return month.brought_to(request.param)


@pytest.mark.parametrize("name", list(CHANGES))
def test_no_field_of_an_approved_line_changes_by_update(settled: SubsidyClaim, name):
    refused(SETTLED_LINE, lambda: settled.lines.update(**{name: CHANGES[name]}))


def test_approved_lines_do_not_change_by_any_other_door(settled: SubsidyClaim):
    line = settled.lines.first()
    line.deduction, line.deduction_reason = Decimal("10"), "悄悄扣减"
    line.amount -= 10
    refused(SETTLED_LINE, line.save)
    refused(SETTLED_LINE, lambda: SubsidyLine.objects.bulk_update([line], ["deduction", "amount"]))
    refused(SETTLED_LINE, line.delete)
    refused(SETTLED_LINE, settled.lines.all().delete)
    refused(SETTLED_LINE, sql("UPDATE subsidies_subsidyline SET amount = amount + 1"))
    refused(SETTLED_LINE, sql("UPDATE subsidies_subsidyline SET explanation = '{}'"))
    refused(SETTLED_LINE, sql("DELETE FROM subsidies_subsidyline WHERE id = %s", line.pk))
    line.refresh_from_db()
    assert line.deduction == 0


def test_an_approved_claim_gets_no_new_line_by_any_door(month: Month):
    claim = month.brought_to("approved")
    estate = month.add_estate(30)
    source = claim.lines.first()
    row = SubsidyLine(
        claim=claim,
        estate=estate,
        month=OCTOBER,
        household_record=estate.household_counts.get(),
        households=30,
        buildings=3,
        rate_record=month.rate,
        rate=Decimal(10),
        engagement=estate.engagements.get(),
        payee=month.provider,
        served_from=OCTOBER,
        served_to=dt.date(2026, 10, 31),
        amount=Decimal(300),
    )
    refused("不能增加明细", row.save)
    refused("不能增加明细", lambda: SubsidyLine.objects.bulk_create([row]))
    columns = ", ".join(
        f'"{column.column}"' for column in SubsidyLine._meta.concrete_fields if column.name != "id"
    )
    copied = sql(
        f"INSERT INTO subsidies_subsidyline ({columns}) SELECT {columns}"
        " FROM subsidies_subsidyline WHERE id = %s",
        source.pk,
    )
    refused("不能增加明细|一个小区一个月只补贴一次", copied)


def test_a_line_does_not_wander_into_another_claim(month: Month):
    september = month.brought_to("approved", dt.date(2026, 9, 1))
    line = month.open().lines.first()
    refused("核算得出", lambda: SubsidyLine.objects.filter(pk=line.pk).update(claim=september))


def test_sums_and_names_of_an_approved_claim_stay(settled: SubsidyClaim):
    own = SubsidyClaim.objects.filter(pk=settled.pk)
    for values in (
        {"total": Decimal("1.00")},
        {"household_count": 1},
        {"version": 7},
        {"computed_at": clock.now() - dt.timedelta(days=1)},
        {"number": "BT-2020-01-001"},
        {"month": dt.date(2026, 9, 1)},
    ):
        refused(SETTLED_CLAIM, lambda values=values: own.update(**values))
    refused("protected foreign keys", settled.delete)
    refused(SETTLED_CLAIM, sql("DELETE FROM subsidies_subsidyclaim WHERE id = %s", settled.pk))
    settled.total = Decimal("0.01")
    refused(SETTLED_CLAIM, lambda: SubsidyClaim.objects.bulk_update([settled], ["total"]))


def test_an_approved_claim_never_goes_back(settled: SubsidyClaim):
    for status in ("draft", "submitted", "reviewed", "checked"):
        refused(
            SETTLED_CLAIM,
            lambda status=status: SubsidyClaim.objects.filter(pk=settled.pk).update(status=status),
        )


def test_gaps_of_a_sent_claim_stay(month: Month):
    month.add_estate(None)
    claim = month.brought_to("submitted")
    refused("未能计算的小区不能改动", claim.gaps.all().delete)
    refused("未能计算的小区不能改动", lambda: claim.gaps.update(detail="没事"))
    refused(
        "未能计算的小区不能改动",
        lambda: ClaimGap.objects.create(
            claim=claim, estate=month.estates[0], reason="no_count", detail="x"
        ),
    )


# --- Payments, acts, rates -------------------------------------------------------------------


def test_payments_are_not_changed_or_deleted_by_any_door(month: Month):
    claim = month.brought_to("paid")
    payment = claim.payments.get()
    for values in ({"amount": Decimal(1)}, {"voucher_number": "X"}, {"paid_on": OCTOBER}):
        refused("拨付记录不能修改或删除", lambda values=values: claim.payments.update(**values))
    payment.voucher_number = "X"
    refused("拨付记录", payment.save)
    refused("拨付记录", lambda: Payment.objects.bulk_update([payment], ["voucher_number"]))
    refused("拨付记录", payment.delete)
    refused("拨付记录", sql("UPDATE subsidies_payment SET amount = 1"))
    refused("拨付记录", sql("DELETE FROM subsidies_payment"))


def payment_of(claim: SubsidyClaim, payee, actor: User, **values: object) -> Payment:
    fields = {
        "claim": claim,
        "payee": payee,
        "amount": Decimal("2460.00"),
        "account": payee.payee_accounts.confirmed().first(),
        "voucher_number": "PZ-9",
        "paid_on": clock.today(),
        "recorded_by": actor,
        "recorded_at": clock.now(),
        **values,
    }
    return Payment(**fields)


@pytest.mark.parametrize("status", ["draft", "submitted", "reviewed", "checked", "paid"])
def test_only_an_approved_claim_takes_payments(month: Month, status):
    claim = month.brought_to(status)
    row = payment_of(claim, month.provider, month.cast.finance_officer)
    refused("只有已审批的申报|UNIQUE|unique", row.save)


def test_a_payment_is_the_sum_of_the_payees_lines_to_the_fen(month: Month):
    claim = month.brought_to("approved")
    finance = month.cast.finance_officer
    for amount in ("2460.01", "2459.99", "1.00"):
        refused(
            "不等于该收款单位各行之和",
            payment_of(claim, month.provider, finance, amount=Decimal(amount)).save,
        )
    stranger = make_provider("别的公司", "别的")
    refused("不等于该收款单位各行之和", payment_of(claim, stranger, finance).save)
    payment_of(claim, month.provider, finance).save()
    refused("UNIQUE|unique", payment_of(claim, month.provider, finance, voucher_number="PZ-8").save)


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "city_manager", "bureau_leader",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_nobody_but_finance_records_a_payment_by_any_door(month: Month, who):
    claim = month.brought_to("approved")
    row = payment_of(claim, month.provider, month.cast.people[who])
    refused(NO_PAYER, row.save)
    refused(NO_PAYER, lambda: Payment.objects.bulk_create([row]))


def test_a_claim_is_not_marked_paid_before_every_payee_is(month: Month):
    other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
    month.add_estate(80, provider=other)
    claim = month.brought_to("approved")
    finance = month.cast.finance_officer
    services.claim_pay(
        claim=claim,
        entries=[services.PaymentEntry(month.provider, "PZ-1", clock.today())],
        actor=finance,
    )
    new_act(claim, "pay", finance).save()
    refused(
        "还有收款单位没有登记拨付",
        lambda: SubsidyClaim.objects.filter(pk=claim.pk).update(status="paid"),
    )


def test_acts_are_not_changed_or_deleted_by_any_door(month: Month):
    claim = month.brought_to("reviewed")
    act = claim.acts.first()
    refused("经办记录不能修改或删除", lambda: claim.acts.update(actor=month.cast.bureau_leader))
    refused("经办记录", act.delete)
    refused("经办记录", sql("DELETE FROM subsidies_claimact"))
    refused("经办记录", sql("UPDATE subsidies_claimact SET total = 1"))
    act.opinion = "改过"
    refused("经办记录", lambda: ClaimAct.objects.bulk_update([act], ["opinion"]))


def test_rates_are_not_changed_or_deleted_by_any_door(month: Month):
    refused("补贴标准登记后不能修改", lambda: SubsidyRate.objects.update(amount=Decimal(20)))
    refused("补贴标准登记后不能修改", month.rate.delete)
    refused("补贴标准登记后不能修改", sql("UPDATE subsidies_subsidyrate SET amount = 20"))
    refused("补贴标准登记后不能修改", sql("DELETE FROM subsidies_subsidyrate"))


# --- Who acts --------------------------------------------------------------------------------

PEOPLE = [
    "street_clerk", "street_leader", "other_clerk", "other_leader", "inspector", "city_manager",
    "bureau_leader", "finance_officer", "system_admin", "auditor", "outsider",
]  # fmt: skip


@pytest.mark.parametrize("stage", list(RIGHT))
@pytest.mark.parametrize("who", PEOPLE)
def test_the_database_knows_who_may_act(month: Month, stage, who):
    """ORM and raw SQL meet the roles, too: a wrong person's act is no act."""
    rule = next(rule for rule in USUAL.rules if rule.stage == stage)
    claim = month.brought_to(rule.source)
    actor = month.cast.people[who]
    if who == RIGHT[stage]:
        new_act(claim, stage, actor).save()
        return
    sentences = "没有这个环节的职责|同一人不能在一份申报中"
    refused(sentences, new_act(claim, stage, actor).save)
    refused(sentences, lambda: ClaimAct.objects.bulk_create([new_act(claim, stage, actor)]))
    refused(sentences, act_by_sql(claim, stage, actor))


def test_a_disabled_account_does_not_act(month: Month):
    claim = month.open()
    clerk = month.cast.street_clerk
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    refused("没有这个环节的职责", new_act(claim, "submit", clerk).save)


@pytest.mark.parametrize("stage", ["review", "check", "approve"])
def test_a_second_act_of_one_person_is_refused_by_every_door(month: Month, make_person, stage):
    person = make_person(
        "wanneng",
        month.cast.street_office,
        Role.STREET_CLERK,
        Role.STREET_LEADER,
        Role.BUREAU_MANAGER,
        Role.BUREAU_LEADER,
    )
    claim = services.claim_submit(claim=month.open(), actor=person)
    for name, act in (("review", services.claim_review), ("check", services.claim_check)):
        if name == stage:
            break
        claim = act(claim=claim, actor=month.cast.people[RIGHT[name]])
    sentence = "同一人不能在一份申报中经办"
    refused(sentence, new_act(claim, stage, person).save)
    refused(sentence, lambda: ClaimAct.objects.bulk_create([new_act(claim, stage, person)]))
    refused(sentence, act_by_sql(claim, stage, person))
    refused(
        sentence,
        new_act(claim, stage, person, decision=Decision.RETURN, opinion="退回").save,
    )


def test_a_payment_by_somebody_who_acted_before_is_refused_by_every_door(month: Month, make_person):
    person = make_person("kuaiji", month.cast.bureau, Role.BUREAU_MANAGER, Role.FINANCE_OFFICER)
    claim = bring_to(month.open(), "reviewed", month.cast)
    claim = services.claim_check(claim=claim, actor=person)
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    row = payment_of(claim, month.provider, person)
    refused("同一人不能在一份申报中", row.save)
    refused("同一人不能在一份申报中", new_act(claim, "pay", person).save)


@pytest.mark.parametrize("stage", ["review", "check", "approve", "pay"])
def test_an_act_out_of_turn_is_refused(month: Month, stage):
    claim = month.open()
    actor = month.cast.people[{**RIGHT, "pay": "finance_officer"}[stage]]
    refused("申报不在这个环节", new_act(claim, stage, actor).save)


def test_an_act_names_the_version_and_the_amount_as_they_are(month: Month):
    claim = month.open()
    clerk = month.cast.street_clerk
    refused("版次、金额已变", new_act(claim, "submit", clerk, version=2).save)
    refused("版次、金额已变", new_act(claim, "submit", clerk, total=Decimal("2460.01")).save)


def test_only_the_sender_takes_back_and_once(month: Month, make_person):
    colleague = make_person("tongshi", month.cast.street_office, Role.STREET_CLERK)
    claim = month.brought_to("submitted")
    take = {"decision": Decision.WITHDRAW}
    refused("申报不在这个环节", new_act(claim, "submit", colleague, **take).save)
    new_act(claim, "submit", month.cast.street_clerk, **take).save()
    refused(
        "UNIQUE|unique|申报不在这个环节",
        new_act(claim, "submit", month.cast.street_clerk, **take).save,
    )
    # Once it is taken back in this version, the next person's act no longer fits.
    refused("申报不在这个环节", new_act(claim, "review", month.cast.street_leader).save)


# --- How a claim moves -----------------------------------------------------------------------


@pytest.mark.parametrize("target", ["submitted", "reviewed", "checked", "approved", "paid"])
def test_no_state_is_reached_without_its_act(month: Month, target):
    claim = month.open()
    own = SubsidyClaim.objects.filter(pk=claim.pk)
    refused("没有经办记录|逐级办理|没有登记拨付", lambda: own.update(status=target))
    refused(
        "没有经办记录|逐级办理|没有登记拨付",
        sql("UPDATE subsidies_subsidyclaim SET status = %s WHERE id = %s", target, claim.pk),
    )
    claim.status = target
    refused("没有经办记录|逐级办理|没有登记拨付", claim.save)


def test_a_claim_begins_as_a_draft(month: Month):
    moment = clock.now()
    row = SubsidyClaim(
        number="BT-X",
        street=month.street,
        month=OCTOBER,
        status=ClaimStatus.APPROVED,
        opened_at=moment,
        computed_at=moment,
        updated_at=moment,
    )
    refused("逐级办理", row.save)


def test_a_total_that_is_no_sum_does_not_move(month: Month):
    claim = month.open()
    SubsidyClaim.objects.filter(pk=claim.pk).update(total=Decimal("2461.00"))
    claim.refresh_from_db()
    new_act(claim, "submit", month.cast.street_clerk).save()
    refused(
        "合计不等于各行之和",
        lambda: SubsidyClaim.objects.filter(pk=claim.pk).update(status="submitted"),
    )


def test_the_version_grows_by_going_back_alone(month: Month):
    claim = month.open()
    own = SubsidyClaim.objects.filter(pk=claim.pk)
    refused("版次加一", lambda: own.update(version=2))
    claim = services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    new_act(claim, "review", month.cast.street_leader, decision=Decision.RETURN).save()
    refused("版次加一", lambda: own.update(status="draft"))
    assert own.update(status="draft", version=2) == 1


@pytest.mark.parametrize("status", ["submitted", "checked"])
def test_what_is_under_way_keeps_sums_and_lines(month: Month, status):
    claim = month.brought_to(status)
    refused("正在办理", lambda: SubsidyClaim.objects.filter(pk=claim.pk).update(household_count=1))
    refused(
        "正在办理",
        lambda: claim.lines.update(
            is_excluded=True,
            exclusion_reason="x",
            adjusted_by=month.cast.street_clerk,
            adjusted_stage="submit",
            adjusted_at=clock.now(),
        ),
    )
    refused("正在办理", claim.lines.all().delete)


def test_at_the_check_lines_are_deducted_but_not_deleted(month: Month):
    claim = month.brought_to("reviewed")
    refused("明细不能删除", claim.lines.first().delete)
    refused("核算得出|金额不等于", lambda: claim.lines.update(households=1))


# --- What a line rests on --------------------------------------------------------------------


def line_of(scene: Month, claim: SubsidyClaim, **values: object) -> SubsidyLine:
    """A line of the first estate that would be right but for ``values``."""
    claim.lines.filter(estate=scene.estates[0]).delete()
    fields = {
        "claim": claim,
        "estate": scene.estates[0],
        "month": OCTOBER,
        "household_record": scene.counts[0],
        "households": 142,
        "buildings": 3,
        "rate_record": scene.rate,
        "rate": Decimal(10),
        "engagement": scene.engagements[0],
        "payee": scene.provider,
        "served_from": OCTOBER,
        "served_to": dt.date(2026, 10, 31),
        "amount": Decimal(1420),
        **values,
    }
    return SubsidyLine(**fields)


def test_a_line_equals_the_records_it_names(month: Month):
    claim = month.open()
    line_of(month, claim).save()
    sentence = "与依据不符"
    wrong = make_provider("别的公司", "别的")
    for values in (
        {"households": 143, "amount": Decimal(1430)},
        {"buildings": 4},
        {"rate": Decimal(11), "amount": Decimal(1562)},
        {"payee": wrong},
        {"household_record": month.counts[1]},
        {"engagement": month.engagements[1]},
    ):
        refused(sentence, line_of(month, claim, **values).save)


def test_a_line_needs_a_verified_count_in_force_and_a_service_that_has_begun(month: Month):
    claim = month.open()
    later = month.verify(month.estates[0], 142, since=dt.date(2026, 11, 1))
    refused("与依据不符", line_of(month, claim, household_record=later).save)
    entered = month.estates[0].household_counts.create(
        effective_month=OCTOBER,
        households=142,
        buildings=3,
        entered_by=month.cast.street_clerk,
        entered_at=clock.now(),
    )
    refused("与依据不符", line_of(month, claim, household_record=entered).save)
    estate = month.make_estate()
    count = month.verify(estate, 142)
    late = make_engagement(estate, month.provider, dt.date(2026, 10, 2))
    values = {"estate": estate, "household_record": count, "engagement": late}
    refused("与依据不符", line_of(month, claim, **values).save)


def test_the_amount_is_the_product_to_the_fen(month: Month):
    claim = month.open()
    for amount in ("1420.01", "1419.99", "0"):
        refused("金额不等于", line_of(month, claim, amount=Decimal(amount)).save)


def test_no_day_of_an_estate_is_paid_twice(month: Month):
    claim = month.open()
    line_of(month, claim).save()
    again = line_of(month, claim)
    line_of(month, claim).save()
    refused("一个小区一个月只补贴一次", again.save)
    part = line_of(
        month,
        claim,
        served_to=dt.date(2026, 10, 16),
        months=Decimal("0.5161"),
        amount=Decimal("732.86"),
    )
    line_of(month, claim).save()
    refused("一个小区一个月只补贴一次", part.save)


def test_a_line_is_of_the_claims_street_and_month(month: Month, other_street):
    claim = month.open()
    elsewhere = month.add_estate(30, street=other_street)
    refused(
        "小区或月份与补贴申报不符|与依据不符",
        line_of(
            month,
            claim,
            estate=elsewhere,
            household_record=elsewhere.household_counts.get(),
            engagement=elsewhere.engagements.get(),
            households=30,
            amount=Decimal(300),
        ).save,
    )
    refused("不符", line_of(month, claim, month=dt.date(2026, 9, 1)).save)


def test_money_is_never_negative_and_never_without_a_reason_or_a_person(month: Month):
    claim = month.open()
    person = {
        "adjusted_by": month.cast.street_clerk,
        "adjusted_stage": ClaimStage.SUBMIT,
        "adjusted_at": clock.now(),
    }
    for values, name in (
        ({"deduction": Decimal(1500), "amount": Decimal(-80), "deduction_reason": "x", **person},
         "line_not_negative"),
        ({"deduction": Decimal(20), "amount": Decimal(1400), **person},
         "line_deduction_has_reason"),
        ({"deduction": Decimal(20), "amount": Decimal(1400), "deduction_reason": "x"},
         "line_adjustment_has_person"),
        ({"is_excluded": True, **person}, "line_exclusion_has_reason"),
        ({"is_excluded": True, "exclusion_reason": "x"}, "line_adjustment_has_person"),
        ({"served_from": dt.date(2026, 9, 1)}, "line_days_in_month|与依据不符"),
    ):  # fmt: skip
        refused(name, line_of(month, claim, **values).save)


def test_one_claim_per_street_and_month(month: Month):
    claim = month.open()
    twin = SubsidyClaim(
        number="BT-Y",
        scheme=claim.scheme,
        street=month.street,
        month=OCTOBER,
        opened_at=clock.now(),
        computed_at=clock.now(),
        updated_at=clock.now(),
    )
    refused("UNIQUE|unique", twin.save)
    assert SubsidyClaim.objects.get() == claim
