"""Whether the chain of hashes holds, and whether what it sealed is what stands in the books."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.db.models import Count

from estates.models import HouseholdCount
from subsidies.calculations.sealing import canonical, link_hash
from subsidies.choices import SETTLED, ClaimStage, Decision, SealedKind
from subsidies.models import ChainLink, ClaimAct, ClaimVoid, Payment, SubsidyClaim, SubsidyRate
from xingyang_pm.common.models import AuditEntry
from xingyang_pm.common.storage import sha256_of

from .chain import (
    NO_LINES,
    act_content,
    line_digests,
    paper_digests,
    payment_content,
    void_content,
)
from .differences import Difference

CHUNK = 2000
# Every act on a claim leaves one entry with one of these in the log, which is another table.
ACT_VERBS = tuple(
    f"claim.{verb}" for verb in (*ClaimStage.values, Decision.RETURN.value, Decision.WITHDRAW.value)
)
SHORT = 12


@dataclass(frozen=True)
class _Sealed:
    content: dict[str, Any]
    where: str


def proof_differences(claims: Any) -> Iterator[Difference]:
    """Walk the whole chain; hold what it sealed of ``claims`` (a queryset) against the records,
    the lines, the papers and the log."""
    links: dict[tuple[str, int], _Sealed] = {}
    numbers = set(claims.order_by().values_list("number", flat=True))
    yield from _walk(links, numbers)
    keys = claims.order_by().values("pk")
    records = (
        (SealedKind.ACT, _contents(ClaimAct.objects.filter(claim__in=keys), act_content)),
        (SealedKind.PAYMENT, _contents(Payment.objects.filter(claim__in=keys), payment_content)),
        (
            SealedKind.VOID,
            _contents(
                ClaimVoid.objects.filter(claim__in=keys, confirmed_by__isnull=False), void_content
            ),
        ),
    )
    for kind, contents in records:
        for pk, number, content in contents:
            sealed = links.pop((kind.value, pk), None)
            yield from _record_differences(kind, number, content, sealed)
    for (kind_value, _), sealed in links.items():
        label = SealedKind(kind_value).label
        yield Difference(f"{label}记录", str(sealed.content["claim"]), sealed.where, "已被删除")
    yield from _line_differences(claims)
    yield from _paper_differences(keys)
    yield from _log_differences(claims)


def _walk(links: dict[tuple[str, int], _Sealed], numbers: set[str]) -> Iterator[Difference]:
    """Check that each link follows the one before it; keep those of the claims ``numbers``."""
    position, previous = 0, ""
    rows = ChainLink.objects.order_by("position").values_list(
        "position", "kind", "record", "content", "previous", "hash"
    )
    for found, kind, record, content, former, mark in rows.iterator(chunk_size=CHUNK):
        where = f"存证第 {found} 条"
        if found != position + 1:
            yield Difference("存证链", where, f"第 {position + 1} 条", "缺失")
        elif former != previous:
            yield Difference("存证链", where, previous[:SHORT], former[:SHORT])
        wanted = link_hash(former, content)
        if wanted != mark:
            yield Difference("存证内容", where, mark[:SHORT], wanted[:SHORT])
        position, previous = found, mark
        if content.get("claim") in numbers:
            links[kind, record] = _Sealed(content, where)


def _contents(rows: Any, content_of: Any) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for row in rows.select_related("claim").order_by("pk").iterator(chunk_size=CHUNK):
        yield row.pk, row.claim.number, content_of(row)


def _record_differences(
    kind: SealedKind, number: str, content: dict[str, Any], sealed: _Sealed | None
) -> Iterator[Difference]:
    if sealed is None:
        yield Difference(f"{kind.label}存证", number, "有存证", "没有")
        return
    # What the lines and papers were at the time is compared where they must be so still.
    told = {**content}
    for name in ("lines", "papers"):
        if name in told:
            told[name] = sealed.content.get(name, "")
    if canonical(told) == canonical(sealed.content):
        return
    for name in sorted(told.keys() | sealed.content.keys()):
        expected, found = sealed.content.get(name), told.get(name)
        if expected != found:
            yield Difference(f"{kind.label} {name}", number, _said(expected), _said(found))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line_differences(claims: Any) -> Iterator[Difference]:
    """The lines of a settled claim must be those that were approved."""
    settled = claims.filter(status__in=SETTLED).order_by().values("pk")
    approved = ClaimAct.objects.filter(
        claim__in=settled, stage=ClaimStage.APPROVE, decision=Decision.PASS
    ).order_by("pk")
    contents = dict(
        ChainLink.objects.filter(
            kind=SealedKind.ACT, record__in=approved.order_by().values("pk")
        ).values_list("record", "content")
    )
    lines, papers = line_digests(settled), paper_digests(settled)
    for act, claim, number in approved.values_list("pk", "claim", "claim__number"):
        sealed = contents.get(act)
        if sealed is None:
            continue  # told as a missing link
        now = lines.get(claim, NO_LINES)
        if sealed["lines"] != now:
            yield Difference("审批时的明细", number, sealed["lines"][:SHORT], now[:SHORT])
        if sealed["papers"] != papers[claim]:
            told = papers[claim][:SHORT]
            yield Difference("审批时的依据文件", number, sealed["papers"][:SHORT], told)


def _paper_differences(keys: Any) -> Iterator[Difference]:
    """Every paper must still be the file that came in."""
    counts = HouseholdCount.objects.filter(
        pk__in=SubsidyClaim.objects.filter(pk__in=keys).order_by().values("lines__household_record")
    ).exclude(evidence_sha256="")
    for count in counts.select_related("estate").order_by("pk").iterator(chunk_size=CHUNK):
        yield from _file_differences(
            f"户数清册 {count.estate}", count.evidence, count.evidence_sha256
        )
    rates = SubsidyRate.objects.filter(
        pk__in=SubsidyClaim.objects.filter(pk__in=keys).order_by().values("lines__rate_record")
    ).exclude(document_sha256="")
    for rate in rates:
        yield from _file_differences("补贴标准文件", rate.document, rate.document_sha256)


def _file_differences(what: str, file: File, wanted: str) -> Iterable[Difference]:
    name = str(file.name or "")
    try:
        with file.open("rb"):
            found = sha256_of(file)
    except (OSError, ValueError):
        return [Difference(what, name, wanted[:SHORT], "文件不在")]
    return [] if found == wanted else [Difference(what, name, wanted[:SHORT], found[:SHORT])]


def _log_differences(claims: Any) -> Iterator[Difference]:
    """The log must tell of as many acts as there are: who cuts the end of the chain off with its
    acts has still to cut the log."""
    logged = {
        int(pk): number
        for pk, number in AuditEntry.objects.filter(
            target_type=SubsidyClaim._meta.label, verb__in=ACT_VERBS
        )
        .order_by()
        .values_list("target_id")
        .annotate(number=Count("pk"))
    }
    rows = claims.order_by("pk").annotate(done=Count("acts", distinct=True))
    for pk, number, done in rows.values_list("pk", "number", "done"):
        if logged.get(pk, 0) != done:
            yield Difference("操作日志", number, f"{logged.get(pk, 0)} 次经办", f"{done} 次")
