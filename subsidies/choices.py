"""Words and the stages of a claim: who acts when, and where it leads."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from accounts.choices import STREET_ROLES, Role

from .calculations import MonthRule


class MonthRuleChoice(models.TextChoices):
    """How a takeover within a month counts; the rate's document says it."""

    FIRST_DAY = MonthRule.FIRST_DAY.value, "月首日规则（月首日在接管期内计一个月）"
    BY_DAYS = MonthRule.BY_DAYS.value, "按日规则（按接管天数计）"


class ClaimStatus(models.TextChoices):
    DRAFT = "draft", "待街道申报"
    SUBMITTED = "submitted", "待街道审核"
    REVIEWED = "reviewed", "待中心复核"
    CHECKED = "checked", "待审批"
    APPROVED = "approved", "待拨付"
    PAID = "paid", "已拨付"
    VOID = "void", "已作废"


class ClaimStage(models.TextChoices):
    """The acts by which a claim moves on, each by another person."""

    SUBMIT = "submit", "街道申报"
    REVIEW = "review", "街道审核"
    CHECK = "check", "中心复核"
    APPROVE = "approve", "领导审批"
    PAY = "pay", "拨付"


class Decision(models.TextChoices):
    PASS = "pass", "同意"
    RETURN = "return", "退回"
    WITHDRAW = "withdraw", "撤回"


class SealedKind(models.TextChoices):
    """What is sealed in the chain of hashes."""

    ACT = "act", "经办"
    PAYMENT = "payment", "拨付"
    VOID = "void", "作废"


class ObjectionChannel(models.TextChoices):
    PHONE = "phone", "电话"
    VISIT = "visit", "来访"
    LETTER = "letter", "来信"
    ONLINE = "online", "网上"


class ObjectionOutcome(models.TextChoices):
    OPEN = "open", "待答复"
    REJECTED = "rejected", "不成立"
    UPHELD = "upheld", "成立"


class GapReason(models.TextChoices):
    """Why an old estate has no line in a month's claim."""

    NO_COUNT = "no_count", "没有已核定户数"
    NO_SERVICE = "no_service", "没有服务合同"
    NOT_ON_FIRST = "not_on_first", "月首日不在接管期内"


class AccountStatus(models.TextChoices):
    """An account counts for nothing until a second person has confirmed it."""

    ENTERED = "entered", "待确认"
    CONFIRMED = "confirmed", "已确认"
    REJECTED = "rejected", "不予确认"


class PaymentRoute(models.TextChoices):
    """The way that money takes from the treasury to its payee."""

    DIRECT = "direct", "财政直达收款单位"
    STREET = "street", "经街道（乡镇）转拨"


class PaymentOutcome(models.TextChoices):
    SUCCESS = "success", "成功"
    FAILED = "failed", "退回"


class TransitPlace(models.TextChoices):
    """Where the money of a payment is."""

    TREASURY = "treasury", "财政在途"
    STREET = "street", "在街道"
    RETURNED = "returned", "退回待重付"
    REPLACED = "replaced", "退回已重付"
    ARRIVED = "arrived", "已到账"


class BudgetKind(models.TextChoices):
    INITIAL = "initial", "年初预算"
    ADJUST = "adjust", "调整"


@dataclass(frozen=True)
class StageRule:
    """One stage of a procedure: from which state to which, by which role, of the own street or
    not, by how many persons.

    ``may_return`` tells whether this person may send the claim back.
    """

    stage: ClaimStage
    source: ClaimStatus
    target: ClaimStatus
    role: Role
    own_street: bool
    may_return: bool = True
    persons: int = 1

    @property
    def verb(self) -> str:
        """The word on the button."""
        return VERBS[self.stage]


# Where each stage begins; which of them a claim passes is its procedure's matter.
SOURCE_OF = {
    ClaimStage.SUBMIT: ClaimStatus.DRAFT,
    ClaimStage.REVIEW: ClaimStatus.SUBMITTED,
    ClaimStage.CHECK: ClaimStatus.REVIEWED,
    ClaimStage.APPROVE: ClaimStatus.CHECKED,
    ClaimStage.PAY: ClaimStatus.APPROVED,
}
VERBS = {
    ClaimStage.SUBMIT: "报送审核",
    ClaimStage.REVIEW: "同意上报",
    ClaimStage.CHECK: "复核通过",
    ClaimStage.APPROVE: "同意拨付",
    ClaimStage.PAY: "登记拨付",
}
# Without these a claim would begin, be decided or end nowhere.
NEEDED_STAGES = (ClaimStage.SUBMIT, ClaimStage.APPROVE, ClaimStage.PAY)
# What is sent by the first and what is decided for good: nobody sends these back.
FINAL_STAGES = (ClaimStage.SUBMIT, ClaimStage.PAY)
# Who may hold a stage: the street's own people, or the bureau's.
STAGE_ROLES: dict[ClaimStage, tuple[Role, ...]] = {
    ClaimStage.SUBMIT: (Role.STREET_CLERK,),
    ClaimStage.REVIEW: (Role.STREET_LEADER,),
    ClaimStage.CHECK: (Role.BUREAU_MANAGER, Role.INSPECTOR),
    ClaimStage.APPROVE: (Role.BUREAU_LEADER,),
    ClaimStage.PAY: (Role.FINANCE_OFFICER,),
}
MAX_PERSONS = 3
MAX_NOTICE_DAYS = 30


@dataclass(frozen=True)
class StageChoice:
    """A stage that a procedure takes in: by which role, by how many persons."""

    stage: ClaimStage
    role: Role
    persons: int = 1


# The procedure that stands until the office registers another one.
USUAL_STAGES = tuple(StageChoice(stage, roles[0]) for stage, roles in STAGE_ROLES.items())
USUAL_NOTICE_DAYS = 5


@dataclass(frozen=True)
class Procedure:
    """The stages that a claim passes, in order."""

    rules: tuple[StageRule, ...]

    def of(self, stage: str) -> StageRule | None:
        return next((rule for rule in self.rules if rule.stage == stage), None)

    def turn(self, status: str) -> StageRule | None:
        """Return the stage whose turn it is in ``status``; none once paid or void."""
        return next((rule for rule in self.rules if rule.source == status), None)

    def sent_by(self, status: str) -> StageRule | None:
        """Return the stage that led into ``status``: whoever did it may take it back until the
        next person has acted."""
        if status not in RETURNABLE:
            return None
        return next((rule for rule in self.rules if rule.target == status), None)

    def editing(self, status: str) -> StageRule | None:
        """Return the stage in which lines may be changed in ``status``: the street's in its
        draft, the bureau's while it checks."""
        rule = self.turn(status)
        return rule if rule is not None and rule.stage in EDITING_STAGES else None


def procedure_of(choices: Iterable[StageChoice]) -> Procedure:
    """Return the stages in order, each leading to where the next one begins."""
    taken = {choice.stage: choice for choice in choices}
    order = [stage for stage in ClaimStage if stage in taken]
    targets = [SOURCE_OF[stage] for stage in order[1:]] + [ClaimStatus.PAID]
    return Procedure(
        tuple(
            StageRule(
                stage=stage,
                source=SOURCE_OF[stage],
                target=target,
                role=taken[stage].role,
                own_street=taken[stage].role in STREET_ROLES,
                may_return=stage not in FINAL_STAGES,
                persons=taken[stage].persons,
            )
            for stage, target in zip(order, targets, strict=True)
        )
    )


USUAL = procedure_of(USUAL_STAGES)
# From here on the lines are public money that was approved: nothing changes any more.
SETTLED = (ClaimStatus.APPROVED, ClaimStatus.PAID)
# What may be sent back, or taken back by its sender, to the street's draft.
RETURNABLE = (ClaimStatus.SUBMITTED, ClaimStatus.REVIEWED, ClaimStatus.CHECKED)
# What may be declared void, while nothing is paid.
VOIDABLE = (ClaimStatus.DRAFT, *RETURNABLE, ClaimStatus.APPROVED)
EDITING_STAGES = (ClaimStage.SUBMIT, ClaimStage.CHECK)
_ORDER = (*SOURCE_OF.values(), ClaimStatus.PAID)
CLAIM_MOVES = frozenset(
    # Forward as the procedure says, over stages that it leaves out.
    {
        (str(source), str(target))
        for index, source in enumerate(_ORDER)
        for target in _ORDER[index + 1 :]
    }
    | {(str(status), str(ClaimStatus.DRAFT)) for status in RETURNABLE}
    | {(str(status), str(ClaimStatus.VOID)) for status in VOIDABLE}
)

RATE_EDITORS = frozenset({Role.BUREAU_MANAGER})
# Who asks the finance bureau for the money.
REQUEST_WRITERS = frozenset({Role.BUREAU_MANAGER, Role.FINANCE_OFFICER})
# The street enters what its providers collected.
FEE_ENTERERS = frozenset({Role.STREET_CLERK})
# Who opens a month by hand and computes a draft anew.
CLAIM_OPENERS = frozenset({Role.STREET_CLERK, Role.BUREAU_MANAGER})
PAYERS = frozenset({Role.FINANCE_OFFICER})
# Who enters a payee's account, and who (another person) confirms it.
ACCOUNT_KEEPERS = frozenset({Role.FINANCE_OFFICER, Role.BUREAU_MANAGER})
# Who records, for the payee, what has arrived in the own street.
RECEIVERS = frozenset({Role.STREET_CLERK})
# Places from which money still has to come to its payee.
UNDER_WAY_PLACES = (TransitPlace.TREASURY, TransitPlace.STREET, TransitPlace.RETURNED)
BUDGET_KEEPERS = frozenset({Role.FINANCE_OFFICER})
# Who names another source for a claim than the month's default.
FUNDING_CHOOSERS = frozenset({Role.FINANCE_OFFICER, Role.BUREAU_MANAGER})
# Who may have a whole account number shown, by an act that is recorded.
ACCOUNT_READERS = frozenset({Role.FINANCE_OFFICER})
COEFFICIENT_EDITORS = frozenset({Role.BUREAU_MANAGER})
MAX_BANDS = 5
SCHEME_EDITORS = frozenset({Role.BUREAU_MANAGER})
# Who proposes that a claim be void, and who confirms it; never the same person.
VOIDERS = frozenset({Role.BUREAU_MANAGER, Role.BUREAU_LEADER})
OBJECTION_KEEPERS = frozenset({Role.BUREAU_MANAGER, Role.STREET_CLERK})
OBJECTION_ANSWERERS = frozenset({Role.BUREAU_MANAGER})
