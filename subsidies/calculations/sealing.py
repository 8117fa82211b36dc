"""What is sealed of an act on public money, as text that two machines write alike.

Nothing here knows a database: the service that seals, the command that verifies and the script of
an audit pack put the same content together. Amounts have two decimals, moments are UTC to the
microsecond, keys are sorted.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

LINE_FIELDS = (
    "estate",
    "household_record",
    "households",
    "buildings",
    "rate_record",
    "rate",
    "engagement",
    "payee",
    "served_from",
    "served_to",
    "months",
    "coefficient",
    "deduction",
    "deduction_reason",
    "amount",
    "is_excluded",
    "exclusion_reason",
    "explanation",
)
_PLACES = {
    "rate": 2,
    "months": 4,
    "coefficient": 2,
    "deduction": 2,
    "amount": 2,
}


def fixed(value: Decimal, places: int = 2) -> str:
    """Return ``value`` with ``places`` decimals, whatever the database kept of them."""
    return f"{value:.{places}f}"


def moment(value: dt.datetime) -> str:
    """Return a moment in UTC, to the microsecond."""
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(content: Any) -> str:
    """Return ``content`` as JSON with sorted keys and no blanks."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: Any) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def link_hash(previous: str, content: Any) -> str:
    """Return the hash of a link that follows ``previous``."""
    return hashlib.sha256(f"{previous}\n{canonical(content)}".encode()).hexdigest()


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return fixed(value, _PLACES[name])
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def lines_digest(rows: Iterable[tuple[Any, ...]]) -> str:
    """Return the SHA-256 of lines, each a tuple of :data:`LINE_FIELDS`, read one by one in the
    order of estate, first day and contract."""
    mark = hashlib.sha256()
    for row in rows:
        line = {name: _plain(name, value) for name, value in zip(LINE_FIELDS, row, strict=True)}
        mark.update(canonical(line).encode())
        mark.update(b"\n")
    return mark.hexdigest()


def papers_digest(papers: Mapping[str, str]) -> str:
    """Return the SHA-256 over the evidence behind lines: SHA-256 by paper."""
    return digest(dict(papers))
