"""Which account of a payee counts on a day, what has changed of it, and which are doubtful."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from subsidies.choices import ACCOUNT_KEEPERS, AccountStatus, ClaimStage, ClaimStatus, Decision
from subsidies.models import PayeeAccount, Payment, SubsidyClaim
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.chain import Check
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.sealing import digest, opened

PURPOSE = "payee-account"
SHOWN = 3


def number_digest(number: str) -> str:
    """Return the digest under which the account ``number`` (digits alone) is found."""
    return digest(number, purpose=PURPOSE)


def number_of(account: PayeeAccount) -> str:
    """Return the whole number, held against its digest. For papers of finance alone.

    Raises :class:`BusinessError` (code ``sealed``) when it cannot be opened or is another one.
    """
    number = opened(account.number_sealed)
    if number_digest(number) != account.number_digest:
        raise BusinessError(
            f"{account.provider} 的账号与登记时不符，数据被改动过，请联系系统管理员。",
            code="sealed",
        )
    return number


def accounts_in_force(
    payees: Iterable[int], day: dt.date, *, known_by: dt.datetime | None = None
) -> dict[int, PayeeAccount]:
    """Return the account in force on ``day`` by payee; one query.

    ``known_by`` leaves out what was confirmed after that moment.
    """
    rows = PayeeAccount.objects.begun(day).filter(provider__in=list(payees))
    if known_by is not None:
        rows = rows.filter(decided_at__lte=known_by)
    return {row.provider_id: row for row in rows}


def approved_at(claim: SubsidyClaim) -> dt.datetime | None:
    """Return when the claim's present version was approved, if it was; one query."""
    return (
        claim.acts.of_version(claim.version)
        .filter(stage=ClaimStage.APPROVE, decision=Decision.PASS)
        .values_list("acted_at", flat=True)
        .first()
    )


def accounts_at_approval(claim: SubsidyClaim, payees: Iterable[int]) -> dict[int, PayeeAccount]:
    """Return the accounts that the approver was shown; empty for a claim not yet approved."""
    moment = approved_at(claim)
    if moment is None:
        return {}
    return accounts_in_force(payees, moment.astimezone(clock.SHANGHAI).date(), known_by=moment)


def same_number(account: PayeeAccount) -> list[PayeeAccount]:
    """Return the live accounts of other payees with the same number."""
    rows = PayeeAccount.objects.exclude(status=AccountStatus.REJECTED).exclude(
        provider=account.provider_id
    )
    return list(rows.filter(number_digest=account.number_digest).select_related("provider"))


def _paid_before(claim: SubsidyClaim, payees: Iterable[int]) -> dict[int, int]:
    """Return the account of the last payment of earlier months by payee; one query."""
    rows = (
        Payment.objects.filter(
            payee__in=list(payees), claim__month__lt=claim.month, account__isnull=False
        )
        .order_by("claim__month", "paid_on", "pk")
        .values_list("payee", "account")
    )
    return dict(rows)


def _listed(sentences: list[str]) -> str:
    more = f"；等 {len(sentences)} 个" if len(sentences) > SHOWN else ""
    return "；".join(sentences[:SHOWN]) + more


def account_check(claim: SubsidyClaim) -> Check:
    """Say whether the money goes where it went before; four queries for any number of payees.

    What is paid is read from its payment, the rest from the accounts in force today; a claim
    that waits for its payment is also held against what its approver was shown.
    """
    names = dict(
        claim.lines.included()
        .filter(amount__gt=0)
        .order_by()
        .values_list("payee", "payee__name")
        .distinct()
    )
    paid = dict(claim.payments.filter(account__isnull=False).values_list("payee", "account"))
    current = {
        payee: account.pk for payee, account in accounts_in_force(names, clock.today()).items()
    } | paid
    before = _paid_before(claim, names)
    shown = accounts_at_approval(claim, names) if claim.status == ClaimStatus.APPROVED else {}
    told, first = [], 0
    for payee, name in names.items():
        account = current.get(payee)
        if account is None:
            told.append(f"{name}没有已确认的收款账户，不能拨付")
        elif payee in before and before[payee] != account:
            told.append(f"{name}的账户与上次拨付不同")
        elif claim.status == ClaimStatus.APPROVED and (
            payee not in shown or shown[payee].pk != account
        ):
            told.append(f"{name}的账户在审批后有变，拨付时须核对")
        else:
            first += payee not in before
    if told:
        return Check(f"收款账户有变化：{len(told)} 个单位", _listed(told), "change")
    text = f"{len(names)} 个收款单位"
    return Check("收款账户未变", text + (f"，其中 {first} 个首次收款" if first else ""))


def accounts_to_confirm(user: Any) -> Any:
    """Return the accounts that wait for this user: entered by somebody else."""
    rows = PayeeAccount.objects.visible_to(user).waiting()
    return rows.exclude(entered_by=user.pk) if holds(user, ACCOUNT_KEEPERS) else rows.none()


def accounts_waiting(user: Any) -> list[WaitingItem]:
    """Return for the desk the accounts that this user has to confirm; at most one query."""
    if not holds(user, ACCOUNT_KEEPERS):
        return []
    return [
        WaitingItem(
            tag="补贴",
            title=f"{account.provider} 收款账户",
            detail=f"{account.label}，{account.entered_by}登记，{account.effective_from}起启用",
            url=account.get_absolute_url(),
            action="确认",
        )
        for account in accounts_to_confirm(user)
        .select_related("provider", "entered_by")
        .order_by("entered_at")
    ]


def account_waiting_count(user: Any) -> int:
    return accounts_to_confirm(user).count() if holds(user, ACCOUNT_KEEPERS) else 0
