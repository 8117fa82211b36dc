"""Words and the stages of a claim: who acts when, and where it leads."""

from dataclasses import dataclass

from django.db import models

from accounts.choices import Role

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


@dataclass(frozen=True)
class StageRule:
    """One stage as data: from which state to which, by which role, of the own street or not.

    ``verb`` is the word on the button, ``may_return`` whether this person may send it back.
    """

    stage: ClaimStage
    source: ClaimStatus
    target: ClaimStatus
    role: Role
    own_street: bool
    verb: str
    may_return: bool = True


STAGES: tuple[StageRule, ...] = (
    StageRule(
        ClaimStage.SUBMIT,
        ClaimStatus.DRAFT,
        ClaimStatus.SUBMITTED,
        Role.STREET_CLERK,
        True,
        "报街道审核",
        may_return=False,
    ),
    StageRule(
        ClaimStage.REVIEW,
        ClaimStatus.SUBMITTED,
        ClaimStatus.REVIEWED,
        Role.STREET_LEADER,
        True,
        "同意上报",
    ),
    StageRule(
        ClaimStage.CHECK,
        ClaimStatus.REVIEWED,
        ClaimStatus.CHECKED,
        Role.BUREAU_MANAGER,
        False,
        "复核通过",
    ),
    StageRule(
        ClaimStage.APPROVE,
        ClaimStatus.CHECKED,
        ClaimStatus.APPROVED,
        Role.BUREAU_LEADER,
        False,
        "同意拨付",
    ),
    StageRule(
        ClaimStage.PAY,
        ClaimStatus.APPROVED,
        ClaimStatus.PAID,
        Role.FINANCE_OFFICER,
        False,
        "登记拨付",
        may_return=False,
    ),
)
STAGE_OF = {rule.stage: rule for rule in STAGES}
# The stage whose turn it is in a state; none once paid.
TURN_OF = {rule.source: rule for rule in STAGES}
# From here on the lines are public money that was approved: nothing changes any more.
SETTLED = (ClaimStatus.APPROVED, ClaimStatus.PAID)
# What may be sent back, or taken back by its sender, to the street's draft.
RETURNABLE = (ClaimStatus.SUBMITTED, ClaimStatus.REVIEWED, ClaimStatus.CHECKED)
# The stage that led into a state: whoever did it may take it back until the next has acted.
SENT_BY = {rule.target: rule for rule in STAGES if rule.target in RETURNABLE}
CLAIM_MOVES = frozenset(
    {(str(rule.source), str(rule.target)) for rule in STAGES}
    | {(str(status), str(ClaimStatus.DRAFT)) for status in RETURNABLE}
)

RATE_EDITORS = frozenset({Role.BUREAU_MANAGER})
# Who opens a month by hand and computes a draft anew.
CLAIM_OPENERS = frozenset({Role.STREET_CLERK, Role.BUREAU_MANAGER})
PAYERS = frozenset({Role.FINANCE_OFFICER})
# Who enters a payee's account, and who (another person) confirms it.
ACCOUNT_KEEPERS = frozenset({Role.FINANCE_OFFICER, Role.BUREAU_MANAGER})
# Who may have a whole account number shown, by an act that is recorded.
ACCOUNT_READERS = frozenset({Role.FINANCE_OFFICER})
# Who may change a line in which state: the street in its draft, the bureau while checking.
LINE_EDITORS = {
    ClaimStatus.DRAFT: STAGE_OF[ClaimStage.SUBMIT],
    ClaimStatus.REVIEWED: STAGE_OF[ClaimStage.CHECK],
}
