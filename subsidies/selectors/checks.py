"""The checks before a claim moves: each a row that passes, has changed, or fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum

from estates.choices import CountStatus
from subsidies.choices import ClaimStatus, GapReason
from subsidies.models import SubsidyClaim, SubsidyLine
from xingyang_pm.common import clock
from xingyang_pm.common.chain import Check
from xingyang_pm.common.formats import span_label
from xingyang_pm.common.money import fen, money

from .changes import LaterCount, LineChange, later_counts, source_changes
from .funding import budget_check
from .payee_accounts import account_check
from .persons import Part, parts_in
from .stages import notice_of

SHOWN = 3


@dataclass(frozen=True)
class ClaimChecks:
    """The rows of the panel, and what has changed since the claim was computed."""

    rows: Sequence[Check]
    changes: Sequence[LineChange]
    later: Sequence[LaterCount]

    @property
    def changed_estates(self) -> set[int]:
        return {change.estate for change in self.changes} | {item.estate for item in self.later}


def _sum_check(claim: SubsidyClaim) -> Check:
    found = claim.lines.aggregate(
        rows=Count("pk", filter=Q(is_excluded=False)),
        amount=Sum("amount", filter=Q(is_excluded=False), default=Decimal(0)),
        left_out=Count("pk", filter=Q(is_excluded=True)),
    )
    amount = fen(found["amount"])
    if amount != claim.total:
        return Check(
            "合计等于各行之和",
            f"合计 {money(claim.total)} 元，各行之和 {money(amount)} 元，请重新核算",
            "fail",
        )
    left_out = f"，另有 {found['left_out']} 行不列入" if found["left_out"] else ""
    return Check("合计等于各行之和", f"{found['rows']} 行，分毫不差{left_out}")


def _once_check(claim: SubsidyClaim, user: Any) -> Check:
    month = SubsidyLine.objects.included().standing().filter(month=claim.month)
    own = claim.lines.included()
    elsewhere = month.exclude(claim=claim).filter(estate__in=own.values("estate"))
    doubled = (
        own.order_by()
        .values("estate")
        .annotate(total=Sum("months"))
        .filter(total__gt=Decimal("1.0005"))
    )
    if elsewhere.exists() or doubled.exists():
        return Check("一小区一月只补一次", "有小区本月列入两次，请核对", "fail")
    if user is not None and user.sees_city:
        number = month.values("estate").distinct().count()
        return Check("一小区一月只补一次", f"与全市 {number} 个小区比对")
    return Check("一小区一月只补一次", "与本月全部明细比对")


def _count_check(claim: SubsidyClaim) -> Check:
    wrong = claim.lines.included().exclude(
        Q(household_record__status=CountStatus.VERIFIED)
        & ~Q(household_record__entered_by=F("household_record__decided_by"))
    )
    number = wrong.count()
    if number:
        return Check("户数均已核定", f"{number} 个小区的户数没有核定", "fail")
    return Check("户数均已核定", "录入与核定不是同一人")


def _service_check(claim: SubsidyClaim) -> Check:
    lines = claim.lines.included()
    valid = Q(engagement__start_date__lte=F("served_from")) & (
        Q(engagement__end_date__isnull=True) | Q(engagement__end_date__gte=F("served_from"))
    )
    found = lines.aggregate(
        contracts=Count("engagement", distinct=True),
        valid=Count("pk", filter=valid),
        rows=Count("pk"),
    )
    if found["valid"] != found["rows"]:
        number = found["rows"] - found["valid"]
        state = "fail" if claim.status == ClaimStatus.DRAFT else "change"
        return Check("合同均在有效期内", f"{number} 个小区的合同本月已不在有效期内，请核对", state)
    return Check("合同均在有效期内", f"{found['contracts']} 份")


def _listed(sentences: Sequence[str]) -> str:
    text = "；".join(sentences[:SHOWN])
    return f"{text}；等 {len(sentences)} 处" if len(sentences) > SHOWN else text


def _meaning(claim: SubsidyClaim, changes: Sequence[LineChange]) -> str:
    if claim.status == ClaimStatus.DRAFT:
        return "请先重新核算再申报"
    effect = sum((change.effect for change in changes), Decimal(0))
    sign = "多" if effect > 0 else "少"
    amount = f"本月会{sign} {money(abs(effect))} 元" if effect else "金额不变"
    if claim.is_settled:
        return f"{amount}；本月已审批，差额在以后月份补发或扣回"
    return f"{amount}；可退回重新核算，或在以后月份补发、扣回"


def _change_checks(
    claim: SubsidyClaim, changes: Sequence[LineChange], later: Sequence[LaterCount]
) -> list[Check]:
    rows = []
    if changes:
        number = len({change.estate for change in changes})
        text = _listed([change.sentence for change in changes])
        rows.append(
            Check(f"来源有变化：{number} 个小区", f"{text}。{_meaning(claim, changes)}", "change")
        )
    else:
        rows.append(Check("来源没有变化", "户数、标准、合同与核算时一致"))
    if later:
        number = len({item.estate for item in later})
        rows.append(
            Check(
                f"有变化：{number} 个小区户数", _listed([item.sentence for item in later]), "change"
            )
        )
    return rows


def _person_check(claim: SubsidyClaim, parts: Sequence[Part], user: Any) -> Check:
    stages: dict[int, set[str]] = {}
    for part in parts:
        stages.setdefault(part.person, set()).add(part.stage)
    twice = [part.name for part in parts if len(stages[part.person]) > 1]
    if twice:
        return Check("经办人员各不相同", f"{twice[0]} 经办了两个环节", "fail")
    done = f"已办 {len(stages)} 人" if stages else "还没有人经办"
    turn = claim.turn
    if turn is not None and user is not None and turn.role in user.role_codes:
        mine = stages.get(user.pk, set())
        if mine - {turn.stage}:
            return Check("经办人员各不相同", f"{done}，你已参与前序，须换一人办理", "change")
        return Check("经办人员各不相同", f"{done}，你未参与其他环节")
    return Check("经办人员各不相同", done)


def _basis_check(claim: SubsidyClaim) -> list[Check]:
    """Return whether every deduction names the order or the inspection behind it."""
    held = claim.lines.included().filter(deduction__gt=0)
    found = held.aggregate(
        number=Count("pk"),
        bare=Count(
            "pk",
            filter=Q(deduction_order__isnull=True, deduction_inspection__isnull=True),
        ),
    )
    if not found["number"]:
        return []
    if found["bare"]:
        text = "没有写明是哪次检查或哪份整改单，请核对原因"
        return [Check(f"{found['bare']} 处扣减没有附依据", text, "change")]
    return [Check("扣减都有依据", f"{found['number']} 处，附检查或整改单")]


def _notice_check(claim: SubsidyClaim) -> list[Check]:
    """Return how the notice stands, once there is one."""
    notice = notice_of(claim) if claim.scheme.notice_days else None
    if notice is None:
        return []
    days = f"{span_label(notice.starts_on, notice.ends_on)}，{notice.workdays} 个工作日"
    if notice.against:
        return [Check("公示有异议", f"{notice.against} 条没有答复或成立。{days}", "change")]
    said = f"，{notice.objected} 条异议已答复" if notice.objected else "，无异议"
    if notice.closes_at <= clock.now():
        return [Check(f"公示期满{said}", days)]
    return [Check("公示中", f"{days}{said if notice.objected else ''}", "change")]


def notice_refusal(claim: SubsidyClaim) -> str:
    """Return why the notice keeps a checked claim from approval; empty if it does not."""
    if claim.status != ClaimStatus.CHECKED or not claim.scheme.notice_days:
        return ""
    notice = notice_of(claim)
    if notice is None:
        return "没有公示，不能审批，请退回重新复核。"
    if notice.against:
        return f"公示有 {notice.against} 条异议没有答复或成立，不能审批；成立的请退回重新核定。"
    if notice.closes_at > clock.now():
        last = clock.chinese_date(notice.ends_on)
        return f"公示到{last}期满，期满以后才能审批。"
    return ""


def _gap_check(claim: SubsidyClaim) -> list[Check]:
    number = claim.gaps.exclude(reason=GapReason.NO_SERVICE).count()
    if not number:
        return []
    return [Check(f"{number} 个小区未能计算", "没有计入合计，原因见“未能计算的小区”", "change")]


def claim_checks(
    claim: SubsidyClaim, user: Any = None, parts: Sequence[Part] | None = None
) -> ClaimChecks:
    """Return all checks of ``claim`` as ``user`` sees them; a fixed number of queries.

    ``parts`` are the persons' parts if they are known already.
    """
    changes = source_changes(claim)
    later = [] if claim.is_settled else later_counts(claim)
    rows = [
        _sum_check(claim),
        _once_check(claim, user),
        _count_check(claim),
        _service_check(claim),
        *_change_checks(claim, changes, later),
        *_gap_check(claim),
        *_basis_check(claim),
        *_notice_check(claim),
        _person_check(claim, parts_in(claim) if parts is None else parts, user),
        account_check(claim),
        *budget_check(claim),
    ]
    return ClaimChecks(rows, changes, later)


def blocker(claim: SubsidyClaim) -> str:
    """Return why ``claim`` may not move on now, as a sentence; empty if nothing stands against.

    A draft must rest on the sources as they are now. Later, a changed source is shown with what
    it means and does not stop the claim.
    """
    if claim.status == ClaimStatus.DRAFT and not claim.estate_count:
        return "没有列入的小区，不能申报。"
    if claim.status == ClaimStatus.DRAFT and not claim.total:
        return "合计为零，不能申报。"
    refusal = notice_refusal(claim)
    if refusal:
        return refusal
    for check in (_sum_check(claim), _once_check(claim, None), _count_check(claim)):
        if check.state == "fail":
            return f"{check.title}：{check.text}。"
    if claim.status == ClaimStatus.DRAFT:
        service = _service_check(claim)
        if service.state == "fail":
            return f"{service.title}：{service.text}。"
        changes = source_changes(claim)
        if changes:
            return f"来源有变化（{_listed([c.sentence for c in changes])}），请先重新核算再申报。"
    return ""


def source_sentence(claim: SubsidyClaim) -> list[str]:
    """Return what had changed at the sources when the claim moved on, for the audit entry."""
    return [change.sentence for change in source_changes(claim)[:20]]
