"""One page for each act on a claim: it repeats amount and count, and says why it cannot be."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import cached_property

from accounts.choices import Role
from enterprises.models import Provider
from subsidies import services
from subsidies.choices import (
    FINAL_STAGES,
    STAGE_ROLES,
    VERBS,
    VOIDERS,
    ClaimStage,
    ClaimStatus,
)
from subsidies.forms import (
    OpinionForm,
    PaymentForm,
    PaymentsForm,
    ReturnForm,
    VoidForm,
    WithdrawForm,
)
from subsidies.models import SubsidyClaim
from subsidies.selectors.changes import source_changes
from subsidies.selectors.checks import blocker
from subsidies.selectors.funding import budget_check
from subsidies.selectors.payees import PayeeSum, payee_sums
from subsidies.selectors.stages import turn_of
from subsidies.selectors.voids import void_of, void_refusal
from xingyang_pm.common import clock
from xingyang_pm.common.money import capital_yuan, money
from xingyang_pm.common.views.generic import ActionPage, Fact

from .claims import claim_sentence, claim_title, fact_rows

SENDERS = sorted({str(role) for stage in list(ClaimStage)[:3] for role in STAGE_ROLES[stage]})
RETURNERS = sorted(
    {str(role) for stage in ClaimStage if stage not in FINAL_STAGES for role in STAGE_ROLES[stage]}
)


class _ClaimAct(ActionPage):
    model = SubsidyClaim
    list_url = "subsidies:claim-list"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street__office", "scheme")

    def get_title(self) -> str:
        return f"{self.get_submit_label()}　{claim_title(self.object)}"

    def facts(self) -> Sequence[Fact]:
        return fact_rows(self.object)


class _StagePage(_ClaimAct):
    """Moves the claim one stage on; the sentence names whose turn it will be."""

    form_class = OpinionForm
    stage: ClassVar[ClaimStage]

    def get_submit_label(self) -> str:
        return VERBS[self.stage]

    def sentence(self) -> str:
        return f"{claim_sentence(self.object)}，{self.leads_to()}。"

    def leads_to(self) -> str:
        """Return what happens once this person has agreed."""
        claim, rule = self.object, self.object.procedure.of(self.stage)
        if rule is None:
            return ""
        missing = rule.persons - 1 - claim.acts.of_version(claim.version).agreed(rule.stage).count()
        if missing > 0:
            return f"还须另外 {missing} 人同意"
        if rule.target == ClaimStatus.APPROVED:
            return "同意拨付，审批后不能撤回或修改"
        days = claim.scheme.notice_days
        following = claim.procedure.turn(rule.target)
        to = f"送{Role(following.role).label}办理“{following.stage.label}”" if following else ""
        if rule.target == ClaimStatus.CHECKED and days:
            return f"从下一个工作日起公示 {days} 个工作日，期满无异议后{to}"
        return to

    def refusal(self) -> str:
        claim = self.object
        if claim.turn is None or claim.turn.stage != self.stage:
            return f"这份申报现在是“{claim.get_status_display()}”，不能办理。"
        turn = turn_of(claim, self.user)
        return turn.locked or blocker(claim)

    def facts(self) -> Sequence[Fact]:
        facts = list(super().facts())
        if self.object.status != ClaimStatus.DRAFT:
            changes = source_changes(self.object)
            if changes:
                told = "；".join(change.sentence for change in changes[:3])
                more = f"等 {len(changes)} 处" if len(changes) > 3 else ""
                facts.append(
                    Fact("来源有变化", f"{told}{more}。同意则按当前金额，或退回重新核算。")
                )
        return facts

    def done_message(self, result: SubsidyClaim) -> str:
        return f"已办理“{self.stage.label}”：{claim_sentence(self.object)}。"


class ClaimSubmit(_StagePage):
    stage, roles = ClaimStage.SUBMIT, STAGE_ROLES[ClaimStage.SUBMIT]

    def perform(self, form: OpinionForm) -> SubsidyClaim:
        return services.claim_submit(claim=self.object, actor=self.user, **form.cleaned_data)


class ClaimReview(_StagePage):
    stage, roles = ClaimStage.REVIEW, STAGE_ROLES[ClaimStage.REVIEW]

    def perform(self, form: OpinionForm) -> SubsidyClaim:
        return services.claim_review(claim=self.object, actor=self.user, **form.cleaned_data)


class ClaimCheck(_StagePage):
    stage, roles = ClaimStage.CHECK, STAGE_ROLES[ClaimStage.CHECK]

    def perform(self, form: OpinionForm) -> SubsidyClaim:
        return services.claim_check(claim=self.object, actor=self.user, **form.cleaned_data)


class ClaimApprove(_StagePage):
    stage, roles = ClaimStage.APPROVE, STAGE_ROLES[ClaimStage.APPROVE]

    def facts(self) -> Sequence[Fact]:
        """Say beside the figures whether the year's money suffices: a warning, no lock."""
        money_left = [Fact(check.title, check.text) for check in budget_check(self.object)]
        return [*super().facts(), *money_left]

    def perform(self, form: OpinionForm) -> SubsidyClaim:
        return services.claim_approve(claim=self.object, actor=self.user, **form.cleaned_data)


class ClaimReturn(_ClaimAct):
    form_class, roles = ReturnForm, RETURNERS
    submit_label = "退回重改"

    def sentence(self) -> str:
        return (
            f"{claim_sentence(self.object)}，退回街道改正。"
            f"改好后作为第 {self.object.version + 1} 版重新申报，各环节重新办理。"
        )

    def refusal(self) -> str:
        turn = turn_of(self.object, self.user)
        if turn.locked:
            return turn.locked
        if not turn.may_return:
            return f"这份申报现在是“{self.object.get_status_display()}”，不能由你退回。"
        return ""

    def perform(self, form: ReturnForm) -> SubsidyClaim:
        return services.claim_return(claim=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: SubsidyClaim) -> str:
        return f"{result} 已退回，现为第 {result.version} 版草稿。"


class ClaimWithdraw(_ClaimAct):
    form_class, roles = WithdrawForm, SENDERS
    submit_label = "撤回申报"

    def sentence(self) -> str:
        return (
            f"{claim_sentence(self.object)}，撤回到街道申报，作为第 "
            f"{self.object.version + 1} 版重新办理。下一环节办理以后不能再撤回。"
        )

    def refusal(self) -> str:
        if not turn_of(self.object, self.user).may_take_back:
            return "只有报送的本人可以撤回，而且要在下一环节办理之前。"
        return ""

    def perform(self, form: WithdrawForm) -> SubsidyClaim:
        return services.claim_withdraw(claim=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: SubsidyClaim) -> str:
        return f"{result} 已撤回，现为第 {result.version} 版草稿。"


class ClaimVoidPropose(_ClaimAct):
    form_class, roles = VoidForm, VOIDERS
    submit_label = "提出作废"

    def sentence(self) -> str:
        return (
            f"{claim_sentence(self.object)}，提出整份作废。须由另一位科室负责人或分管领导确认；"
            "确认后不能恢复，这个月可以重新开账。"
        )

    def refusal(self) -> str:
        return void_refusal(self.object)

    def perform(self, form: VoidForm) -> SubsidyClaim:
        services.void_propose(claim=self.object, actor=self.user, **form.cleaned_data)
        return self.object

    def done_message(self, result: SubsidyClaim) -> str:
        return "已提出作废，等待另一人确认。"


class ClaimVoidTakeBack(_ClaimAct):
    roles = VOIDERS
    submit_label = "撤回作废"

    def sentence(self) -> str:
        return f"{claim_sentence(self.object)}，撤回作废的提议，申报照常办理。"

    def refusal(self) -> str:
        void = void_of(self.object)
        if void is None or void.proposed_by_id != self.user.pk:
            return "只有提出作废的本人可以撤回。"
        return void_refusal(self.object, proposed=True)

    def perform(self, form: None) -> SubsidyClaim:
        return services.void_take_back(claim=self.object, actor=self.user)

    def done_message(self, result: SubsidyClaim) -> str:
        return "已撤回作废的提议。"


class ClaimVoidConfirm(_ClaimAct):
    roles = VOIDERS
    submit_label = "确认作废"

    def sentence(self) -> str:
        void = void_of(self.object)
        said = f"{void.proposed_by.name}提出：{void.reason}。" if void else ""
        return f"{claim_sentence(self.object)}，整份作废，不能恢复。{said}"

    def refusal(self) -> str:
        void = void_of(self.object)
        if void is None:
            return "没有作废的提议。"
        if void.proposed_by_id == self.user.pk:
            return "作废是你提出的，请换一人确认。"
        return void_refusal(self.object, proposed=True)

    def perform(self, form: None) -> SubsidyClaim:
        return services.void_confirm(claim=self.object, actor=self.user)

    def done_message(self, result: SubsidyClaim) -> str:
        return f"{claim_title(result)}已作废，可以重新开账。"


class ClaimPay(_ClaimAct):
    """The payment to one payee: the amount is the sum of its lines and is not typed."""

    form_class = PaymentForm
    roles = STAGE_ROLES[ClaimStage.PAY]
    submit_label = "登记拨付"

    @cached_property
    def payee(self) -> PayeeSum:
        found = next(
            (row for row in payee_sums(self.object) if row.payee == self.kwargs["payee"]), None
        )
        if found is None:
            raise Http404("这份申报没有这个收款单位。")
        return found

    def check_access(self) -> None:
        """Look for the payee before anything is shown."""
        _ = self.payee

    def get_initial(self) -> dict:
        return {"paid_on": clock.today()}

    def get_form_kwargs(self) -> dict:
        changed = self.payee.account.label if self.payee.account_changed else ""
        return {**super().get_form_kwargs(), "changed": changed}

    def sentence(self) -> str:
        return (
            f"向 {self.payee.name} 拨付 {claim_title(self.object)} {money(self.payee.amount)} 元，"
            f"{self.payee.estates} 个小区，{self.payee.households:,} 户。登记后不能修改。"
        )

    def facts(self) -> Sequence[Fact]:
        return [
            Fact("收款单位", self.payee.name),
            Fact("收款账户", self.payee.account.label if self.payee.account else "没有"),
            Fact("金额", f"{money(self.payee.amount)} 元"),
            Fact("大写", capital_yuan(self.payee.amount)),
        ]

    def refusal(self) -> str:
        claim = self.object
        if claim.status != ClaimStatus.APPROVED:
            return f"这份申报现在是“{claim.get_status_display()}”，不能登记拨付。"
        if self.payee.is_paid:
            return f"已登记，凭证 {self.payee.voucher_number}。"
        if not self.payee.amount:
            return "这个收款单位本月没有应拨金额。"
        if self.payee.account is None:
            return "这个收款单位没有已确认的收款账户，请先登记账户并由另一人确认。"
        return turn_of(claim, self.user).locked

    def perform(self, form: PaymentForm) -> SubsidyClaim:
        payee = Provider.objects.visible_to(self.user).get(pk=self.payee.payee)
        seen = self.payee.account if form.cleaned_data.get("account_seen") else None
        entry = services.PaymentEntry(
            payee, form.cleaned_data["voucher_number"], form.cleaned_data["paid_on"], seen
        )
        return services.claim_pay(claim=self.object, entries=[entry], actor=self.user)

    def done_message(self, result: SubsidyClaim) -> str:
        paid = f"已登记拨付 {self.payee.name} {money(self.payee.amount)} 元"
        if result.status == ClaimStatus.PAID:
            return f"{paid}，{claim_title(result)}已全部拨付。"
        return f"{paid}，还有收款单位没有登记。"


class ClaimPayMany(_ClaimAct):
    """The payments to all payees that are still open, one voucher each, under one date."""

    form_class = PaymentsForm
    roles = STAGE_ROLES[ClaimStage.PAY]
    submit_label = "登记拨付"
    template_name = "subsidies/claim_pay_many.html"

    @cached_property
    def unpaid(self) -> list[PayeeSum]:
        return [row for row in payee_sums(self.object) if row.amount and not row.is_paid]

    def get_initial(self) -> dict:
        return {"paid_on": clock.today()}

    def get_form_kwargs(self) -> dict:
        ready = [row for row in self.unpaid if row.account]
        return {
            **super().get_form_kwargs(),
            "payees": [(row.payee, row.short_name) for row in ready],
            "changed": {row.payee: row.account.label for row in ready if row.account_changed},
        }

    def sentence(self) -> str:
        amount = sum((row.amount for row in self.unpaid), Decimal(0))
        return (
            f"{claim_title(self.object)}，{len(self.unpaid)} 个收款单位待拨 {money(amount)} 元。"
            "填写各单位的支付凭证号，还没有拨付的留空。登记后不能修改。"
        )

    def facts(self) -> Sequence[Fact]:
        return ()

    def refusal(self) -> str:
        claim = self.object
        if claim.status != ClaimStatus.APPROVED:
            return f"这份申报现在是“{claim.get_status_display()}”，不能登记拨付。"
        return turn_of(claim, self.user).locked

    def get_context(self, **extra: Any) -> dict[str, Any]:
        context = super().get_context(**extra)
        form = context.get("form")
        context["rows"] = [
            (
                row,
                form[f"voucher_{row.payee}"] if row.account else None,
                form[f"seen_{row.payee}"] if row.account_changed else None,
            )
            for row in self.unpaid
        ]
        return context

    def perform(self, form: PaymentsForm) -> SubsidyClaim:
        day = form.cleaned_data["paid_on"]
        payees = Provider.objects.visible_to(self.user).in_bulk(list(form.vouchers))
        seen = {row.payee: row.account for row in self.unpaid if row.account_changed}
        entries = [
            services.PaymentEntry(payees[pk], number, day, seen.get(pk))
            for pk, number in form.vouchers.items()
        ]
        return services.claim_pay(claim=self.object, entries=entries, actor=self.user)

    def done_message(self, result: SubsidyClaim) -> str:
        if result.status == ClaimStatus.PAID:
            return f"{claim_title(result)} {money(result.total)} 元已全部登记拨付。"
        return "已登记，还有收款单位没有登记。"
