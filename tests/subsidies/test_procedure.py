"""The procedure as data: stages left out, several persons, and who may hold what."""

import datetime as dt

import pytest

from accounts.choices import Role
from subsidies import services
from subsidies.choices import USUAL_STAGES, ClaimStage, ClaimStatus, StageChoice
from subsidies.models import ClaimAct, ClaimScheme, SchemeStage, SubsidyClaim
from subsidies.selectors.ledger import verify_ledger
from subsidies.selectors.stages import acts_of, claim_stages, turn_of
from tests.subsidies.conftest import OCTOBER, Month, bring_to, make_scheme, pay_all
from tests.support.doors import refused, sql
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState

SHORT = [
    StageChoice(ClaimStage.SUBMIT, Role.STREET_CLERK),
    StageChoice(ClaimStage.APPROVE, Role.BUREAU_LEADER),
    StageChoice(ClaimStage.PAY, Role.FINANCE_OFFICER),
]


def with_persons(stage: ClaimStage, persons: int) -> list[StageChoice]:
    return [
        StageChoice(choice.stage, choice.role, persons if choice.stage == stage else 1)
        for choice in USUAL_STAGES
    ]


@pytest.mark.django_db
def test_the_usual_procedure_stands_from_the_beginning():
    scheme = ClaimScheme.objects.in_force(dt.date(2017, 4, 1)).get()
    assert scheme.notice_days == 5
    assert [rule.stage for rule in scheme.procedure.rules] == list(ClaimStage)


def test_the_later_of_two_procedures_of_a_month_counts(month: Month):
    later = make_scheme(month.cast.city_manager, 3, document_title="新规程")
    assert month.open().scheme == later


def test_a_claim_keeps_the_procedure_that_it_was_opened_under(month: Month):
    claim = month.open()
    make_scheme(month.cast.city_manager, 7)
    assert bring_to(claim, "paid", month.cast).status == ClaimStatus.PAID


def test_stages_may_be_left_out(month: Month):
    make_scheme(month.cast.city_manager, stages=SHORT)
    claim = services.claim_submit(claim=month.open(), actor=month.cast.street_clerk)
    assert claim.status == ClaimStatus.CHECKED
    with pytest.raises(BusinessError, match="没有“街道审核”这个环节"):
        services.claim_review(claim=claim, actor=month.cast.street_leader)
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    claim = pay_all(claim, month.cast.finance_officer)
    assert claim.status == ClaimStatus.PAID
    assert verify_ledger(OCTOBER).differences == []


def test_two_persons_agree_before_the_claim_moves(month: Month, make_person):
    make_scheme(month.cast.city_manager, stages=with_persons(ClaimStage.APPROVE, 2))
    second = make_person("fuzhuren", month.cast.bureau, Role.BUREAU_LEADER)
    claim = month.brought_to("checked")
    first = month.cast.bureau_leader
    claim = services.claim_approve(claim=claim, actor=first)
    assert claim.status == ClaimStatus.CHECKED
    assert "你已同意" in turn_of(claim, first).locked
    assert claim in SubsidyClaim.objects.waiting_for(second)
    assert claim not in SubsidyClaim.objects.waiting_for(first)
    with pytest.raises(BusinessError, match="经办两次"):
        services.claim_approve(claim=claim, actor=first)
    with pytest.raises(StaleState, match="下一环节已有人办理"):
        services.claim_withdraw(claim=claim, actor=month.cast.city_manager)
    claim = services.claim_approve(claim=claim, actor=second)
    assert claim.status == ClaimStatus.APPROVED
    shown = next(s for s in claim_stages(claim, acts_of(claim)) if s.name == "领导审批")
    assert shown.lines[0] == f"{first.name}、{second.name}"
    claim = pay_all(claim, month.cast.finance_officer)
    assert verify_ledger(OCTOBER).differences == []


def test_the_second_person_may_send_back_what_the_first_agreed_to(month: Month, make_person):
    make_scheme(month.cast.city_manager, stages=with_persons(ClaimStage.CHECK, 2))
    second = make_person("fuke", month.cast.bureau, Role.BUREAU_MANAGER)
    claim = month.brought_to("reviewed")
    services.claim_check(claim=claim, actor=month.cast.city_manager)
    claim = services.claim_return(claim=claim, actor=second, sentence="户数不符")
    assert (claim.status, claim.version) == (ClaimStatus.DRAFT, 2)


def test_the_database_counts_the_persons(month: Month, make_person):
    make_scheme(month.cast.city_manager, stages=with_persons(ClaimStage.APPROVE, 2))
    claim = month.brought_to("checked")
    claim = services.claim_approve(claim=claim, actor=month.cast.bureau_leader)
    refused(
        "没有经办记录",
        lambda: SubsidyClaim.objects.filter(pk=claim.pk).update(status="approved"),
    )
    third = make_person("fuzhuren", month.cast.bureau, Role.BUREAU_LEADER)
    fourth = make_person("zhuren", month.cast.bureau, Role.BUREAU_LEADER)
    facts = {
        "claim": claim, "version": 1, "stage": "approve", "decision": "pass",
        "total": claim.total, "acted_at": clock.now(),
    }  # fmt: skip
    ClaimAct.objects.create(actor=third, **facts)
    refused("不在这个环节", lambda: ClaimAct.objects.create(actor=fourth, **facts))


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        (SHORT[1:], "不能没有“街道申报”"),
        (SHORT[:2], "不能没有“拨付”"),
        ([SHORT[0], StageChoice(ClaimStage.APPROVE, Role.STREET_LEADER), SHORT[2]],
         "“领导审批”不能由街道审核办理"),
        (with_persons(ClaimStage.REVIEW, 4), "须由 1 至 3 人办理"),
        (with_persons(ClaimStage.PAY, 2), "“拨付”由 1 人办理"),
    ],
)  # fmt: skip
def test_a_procedure_that_cannot_work_is_refused_with_a_sentence(cast, stages, sentence):
    with pytest.raises(BusinessError, match=sentence):
        make_scheme(cast.city_manager, stages=stages)
    assert SchemeStage.objects.filter(scheme__created_by=cast.city_manager).count() == 0


@pytest.mark.parametrize(
    "who", ["street_clerk", "street_leader", "bureau_leader", "finance_officer", "system_admin",
            "auditor", "inspector", "outsider"],
)  # fmt: skip
def test_nobody_else_registers_a_procedure(cast, who):
    with pytest.raises(NotPermitted):
        make_scheme(cast.people[who])


def test_a_procedure_resists_every_door(month: Month):
    scheme = month.open().scheme
    stage = scheme.stages.first()
    kept = "登记后不能修改或删除"
    refused(kept, lambda: ClaimScheme.objects.update(notice_days=0))
    refused(kept, lambda: SchemeStage.objects.update(persons=2))
    refused(kept, sql("UPDATE subsidies_schemestage SET role = 'street_clerk'"))
    refused(kept, sql("DELETE FROM subsidies_schemestage WHERE id = %s", stage.pk))
    refused(kept, lambda: SchemeStage.objects.filter(pk=stage.pk)._raw_delete("default"))
    stage.pk = None
    refused("不能再增加环节|UNIQUE|unique", stage.save)


def test_a_claim_does_not_change_its_procedure(month: Month):
    claim = month.open()
    other = make_scheme(month.cast.city_manager)
    refused("不能修改", lambda: SubsidyClaim.objects.update(scheme=other))
    refused("不能修改", sql("UPDATE subsidies_subsidyclaim SET scheme_id = %s", other.pk))
    claim.refresh_from_db()
    assert claim.scheme != other
