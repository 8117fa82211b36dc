"""The content that is sealed, read from the records as they stand."""

from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import Any

from subsidies.calculations.sealing import LINE_FIELDS, fixed, lines_digest, moment, papers_digest
from subsidies.models import ClaimAct, ClaimVoid, Payment, SubsidyClaim, SubsidyLine

CHUNK = 2000
NO_LINES = lines_digest([])


def line_digests(claims: Any) -> dict[int, str]:
    """Return the digest of each claim's lines as they stand; one query, streamed.

    ``claims`` are keys of claims, as a queryset or a list.
    """
    rows = (
        SubsidyLine.objects.filter(claim__in=claims)
        .order_by("claim", "estate", "served_from", "engagement", "pk")
        .values_list("claim", *LINE_FIELDS)
        .iterator(chunk_size=CHUNK)
    )
    return {
        claim: lines_digest(row[1:] for row in group)
        for claim, group in groupby(rows, key=itemgetter(0))
    }


def paper_digests(claims: Any) -> dict[int, str]:
    """Return per claim the digest over the SHA-256 of the papers behind its lines, as they were
    noted when the papers came in: of household counts and of the rate. Two queries."""
    papers: dict[int, dict[str, str]] = defaultdict(dict)
    lines = SubsidyLine.objects.filter(claim__in=claims).order_by()
    for name, record, sha in (
        ("count", "household_record", "household_record__evidence_sha256"),
        ("rate", "rate_record", "rate_record__document_sha256"),
    ):
        rows = lines.exclude(**{sha: ""}).values_list("claim", record, sha).distinct()
        for claim, pk, mark in rows:
            papers[claim][f"{name}/{pk}"] = mark
    return defaultdict(lambda: papers_digest({}), {c: papers_digest(p) for c, p in papers.items()})


def _claim(claim: SubsidyClaim) -> dict[str, Any]:
    return {"claim": claim.number, "street": claim.street_id, "month": claim.month.isoformat()}


def act_content(act: ClaimAct, lines: str = "", papers: str = "") -> dict[str, Any]:
    """Return what is sealed of an act; ``lines`` and ``papers`` are the digests at its time."""
    return {
        **_claim(act.claim),
        "version": act.version,
        "stage": act.stage,
        "decision": act.decision,
        "actor": act.actor_id,
        "opinion": act.opinion,
        "total": fixed(act.total),
        "acted_at": moment(act.acted_at),
        "lines": lines,
        "papers": papers,
    }


def sealed_act(act: ClaimAct) -> dict[str, Any]:
    """Return the content of an act that is done now."""
    claim = act.claim_id
    lines = line_digests([claim]).get(claim, NO_LINES)
    return act_content(act, lines, paper_digests([claim])[claim])


def payment_content(payment: Payment) -> dict[str, Any]:
    return {
        **_claim(payment.claim),
        "payee": payment.payee_id,
        "account": payment.account_id,
        "attempt": payment.attempt,
        "route": payment.route,
        "amount": fixed(payment.amount),
        "voucher": payment.voucher_number,
        "paid_on": payment.paid_on.isoformat(),
        "recorded_by": payment.recorded_by_id,
        "recorded_at": moment(payment.recorded_at),
    }


def void_content(void: ClaimVoid) -> dict[str, Any]:
    """Return what is sealed of a void that was confirmed."""
    if void.confirmed_at is None:
        raise ValueError("a proposal is not sealed")
    return {
        **_claim(void.claim),
        "reason": void.reason,
        "proposed_by": void.proposed_by_id,
        "confirmed_by": void.confirmed_by_id,
        "confirmed_at": moment(void.confirmed_at),
    }
