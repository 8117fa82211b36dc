"""A payee's account: entered by one person, confirmed by another who types the number again.

No number stands open anywhere: rows hold it sealed, audit entries its last four digits. Finance
may have it shown, with a purpose, by an act that is recorded.
"""

import datetime as dt
import re
import unicodedata

from accounts.models import User
from enterprises.models import Provider
from subsidies.choices import ACCOUNT_KEEPERS, ACCOUNT_READERS, AccountStatus
from subsidies.models import PayeeAccount, Payment
from subsidies.selectors.payee_accounts import number_digest, number_of
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record, snapshot
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.sealing import resealed, sealed
from xingyang_pm.common.states import move

TAG = "补贴"
MAX_AHEAD = dt.timedelta(days=366)
_NUMBER = re.compile(r"[0-9]{8,30}")
_BETWEEN = re.compile(r"[\s\-]")
# A run that may be an account: no sentence that everybody reads shall hold one.
_LONG = re.compile(r"[0-9]{11,}")


def plain_number(text: str) -> str:
    """Return the digits of an account number as typed, blanks and hyphens left out.

    Raises :class:`BusinessError` on the field ``number`` for anything else.
    """
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    if not _NUMBER.fullmatch(digits):
        raise BusinessError("账号应为 8 至 30 位数字，可以用空格分组。", field="number")
    return digits


def _sentence(text: str, field: str, missing: str = "") -> str:
    """Return ``text`` in one line. Raises :class:`BusinessError` on ``field`` for an account
    number in it, and with ``missing`` for nothing."""
    told = " ".join(text.split())
    if missing and not told:
        raise BusinessError(missing, field=field)
    if _LONG.search(_BETWEEN.sub("", unicodedata.normalize("NFKC", told))):
        raise BusinessError("这里请不要写账号，其他人员也会看到。", field=field)
    return told


def _require_day(provider: Provider, day: dt.date) -> None:
    if day > clock.today() + MAX_AHEAD:
        raise BusinessError("启用日期在一年以后，请核对年份。", field="effective_from")
    current = (
        PayeeAccount.objects.confirmed()
        .filter(provider=provider, effective_from__gte=day)
        .order_by("-effective_from")
        .first()
    )
    if current is not None:
        raise BusinessError(
            f"现用账户 {current.effective_from.isoformat()} 起启用，新账户须从以后的日期起启用。",
            field="effective_from",
        )
    paid = Payment.objects.filter(payee=provider, paid_on__gt=day).order_by("-paid_on").first()
    if paid is not None:
        raise BusinessError(
            f"{paid.paid_on.isoformat()} 已有一笔拨付，启用日期不能早于这一天。",
            field="effective_from",
        )


def account_enter(
    *,
    provider: Provider,
    holder: str,
    bank: str,
    number: str,
    effective_from: dt.date,
    basis: str,
    actor: User,
) -> PayeeAccount:
    """Enter an account of ``provider`` from a day on; nothing is paid to it until confirmed.

    ``number`` is 8 to 30 digits with blanks as typed, ``basis`` the paper that it is taken from.
    """
    require(actor, ACCOUNT_KEEPERS, "收款账户由财务或科室负责人登记。")
    digits = plain_number(number)
    with guarded():
        assert_in_scope(provider, actor)
        _require_day(provider, effective_from)
        account = PayeeAccount(
            provider=provider,
            holder=" ".join(holder.split()),
            bank=" ".join(bank.split()),
            number_sealed=sealed(digits),
            number_digest=number_digest(digits),
            tail=digits[-4:],
            effective_from=effective_from,
            basis=_sentence(basis, "basis", "请写明依据材料。"),
            entered_by=actor,
            entered_at=clock.now(),
        )
        account.full_clean()
        account.save(force_insert=True)
        record(
            actor=actor,
            verb="account.enter",
            target=account,
            subjects=[provider],
            summary=(
                f"登记收款账户 {account.label}，{effective_from.isoformat()} 起启用，待另一人确认"
            ),
            after=snapshot(account, PayeeAccount.SHOWN),
            tag=TAG,
            tone="a",
        )
    return account


def _decide(
    account: PayeeAccount, *, target: AccountStatus, opinion: str, actor: User, tone: str
) -> PayeeAccount:
    move(
        account,
        source=AccountStatus.ENTERED,
        target=target,
        message="这个账户已经确认或不予确认，请刷新后再看。",
        decided_by=actor,
        decided_at=clock.now(),
        opinion=opinion,
    )
    record(
        actor=actor,
        verb=f"account.{target.value}",
        target=account,
        subjects=[account.provider],
        summary=f"{'确认' if target == AccountStatus.CONFIRMED else '不予确认'}收款账户 "
        f"{account.label}" + (f"：{opinion}" if opinion else ""),
        before={"status": AccountStatus.ENTERED.value},
        after={"status": target.value},
        reason=opinion,
        tag=TAG,
        tone=tone,
    )
    return account


def _require_other(account: PayeeAccount, actor: User) -> None:
    require(actor, ACCOUNT_KEEPERS, "收款账户由财务或科室负责人确认。")
    assert_in_scope(account, actor)
    if account.entered_by_id == actor.pk:
        raise BusinessError("登记人不能确认自己登记的收款账户，请换一人办理。", code="same_person")


def account_confirm(
    *, account: PayeeAccount, number: str, actor: User, opinion: str = ""
) -> PayeeAccount:
    """Confirm an account that another person entered, by typing its number from the paper anew.

    So the second person need not be shown the first one's number to hold it against the paper.
    """
    with guarded():
        _require_other(account, actor)
        if number_digest(plain_number(number)) != account.number_digest:
            raise BusinessError(
                "与登记的账号不一致，没有确认。请对照原件核对，登记有误的不予确认后重新登记。",
                field="number",
            )
        return _decide(
            account,
            target=AccountStatus.CONFIRMED,
            opinion=_sentence(opinion, "opinion"),
            actor=actor,
            tone="b",
        )


def account_reject(*, account: PayeeAccount, opinion: str, actor: User) -> PayeeAccount:
    """Refuse an account with a sentence; a right one can then be entered."""
    opinion = _sentence(opinion, "opinion", "请写明不予确认的原因。")
    with guarded():
        _require_other(account, actor)
        return _decide(
            account, target=AccountStatus.REJECTED, opinion=opinion, actor=actor, tone="a"
        )


def account_reveal(*, account: PayeeAccount, purpose: str, actor: User) -> str:
    """Return the whole number to a finance officer who says what for; the act is recorded."""
    require(actor, ACCOUNT_READERS, "完整账号只有财务可以查看。")
    purpose = _sentence(purpose, "purpose", "请写明查看完整账号的用途。")
    with guarded():
        assert_in_scope(account, actor)
        number = number_of(account)
        record(
            actor=actor,
            verb="account.reveal",
            target=account,
            subjects=[account.provider],
            summary=f"查看 {account.provider} 的完整账号（尾号 {account.tail}）：{purpose}",
            reason=purpose,
            tag="查看",
            tone="a",
        )
    return number


def accounts_reseal(*, actor: User | None = None) -> int:
    """Seal all numbers anew with the first of the keys; return how many. All or none."""
    with guarded():
        rows = list(PayeeAccount.objects.select_for_update().only("pk", "number_sealed"))
        for row in rows:
            row.number_sealed = resealed(row.number_sealed)
        PayeeAccount.objects.bulk_update(rows, ["number_sealed"], batch_size=200)
        if rows:
            record(
                actor=actor,
                verb="account.reseal",
                target=None,
                summary=f"更换密钥，重新加密收款账号 {len(rows)} 个",
                tag="系统",
            )
    return len(rows)
