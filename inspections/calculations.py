"""The arithmetic of inspection: scores with their working, grades, ranks. Plain values only."""

import hashlib
import json
import math
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

TENTH = Decimal("0.1")
_EARTH = 6_371_000
ZERO = Decimal(0)
PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "na"
_DRAFTS = uuid.UUID("6f0c8a52-6a3e-4c38-9a0f-3f7a0d2b5e11")


def tenth(value: Decimal) -> Decimal:
    """Return ``value`` with one decimal, halves upwards."""
    return value.quantize(TENTH, rounding=ROUND_HALF_UP)


def percent(part: int, whole: int) -> Decimal | None:
    """Return ``part`` in per cent of ``whole`` with one decimal; None of nothing."""
    return tenth(Decimal(100 * part) / whole) if whole else None


@dataclass(frozen=True)
class Line:
    """One item of the checklist with what was found on it. ``points`` is what it is worth,
    ``disclosure`` the part of the public disclosure that it looks at."""

    code: str
    text: str
    heading: str
    points: Decimal
    outcome: str
    deduction: Decimal = ZERO
    is_veto: bool = False
    disclosure: str = ""


@dataclass(frozen=True)
class Marks:
    """Full score and the lower bounds of the grades, as the checklist states them."""

    full: Decimal = Decimal(100)
    excellent: Decimal = Decimal(90)
    good: Decimal = Decimal(80)
    passing: Decimal = Decimal(70)


@dataclass(frozen=True)
class Score:
    """``score`` with one decimal, ``grade`` (excellent, good, pass, fail), ``failed`` items,
    ``working`` as JSON can hold it (numbers as text), ``missing`` parts of the public disclosure
    (None if the checklist looks at none)."""

    score: Decimal
    grade: str
    failed: int
    working: dict[str, Any]
    missing: int | None = None


def grade_of(score: Decimal, marks: Marks) -> str:
    """Return the grade whose lower bound ``score`` reaches."""
    if score >= marks.excellent:
        return "excellent"
    if score >= marks.good:
        return "good"
    return "pass" if score >= marks.passing else "fail"


def score_of(lines: Sequence[Line], marks: Marks | None = None) -> Score | None:
    """Return the score of an inspection, or None if no item applies.

    Items that do not apply leave the denominator: score = full × (applicable points −
    deductions) ÷ applicable points, to one decimal. A deduction never exceeds the points of its
    item. A failed veto item holds the score just under the pass line, so that rank and grade
    say the same.
    """
    marks = marks or Marks()
    applying = [line for line in lines if line.outcome != NOT_APPLICABLE]
    applicable = sum((line.points for line in applying), ZERO)
    if not applicable:
        return None
    lost = {line.code: min(line.deduction, line.points) for line in applying}
    deducted = sum(lost.values(), ZERO)
    base = tenth(marks.full * (applicable - deducted) / applicable)
    vetoes = [line for line in applying if line.outcome == FAIL and line.is_veto]
    cap = marks.passing - TENTH
    score = min(base, cap) if vetoes else base
    grade = grade_of(score, marks)
    failed = [line for line in applying if line.outcome == FAIL]
    working = {
        "full": str(marks.full),
        "applicable": str(applicable),
        "deducted": str(deducted),
        "base": str(base),
        "score": str(score),
        "grade": grade,
        "lost": [
            {"code": line.code, "text": line.text, "deduction": str(lost[line.code])}
            for line in failed
        ],
        "not_applicable": [
            {"code": line.code, "text": line.text, "points": str(line.points)}
            for line in lines
            if line.outcome == NOT_APPLICABLE
        ],
        "veto": [{"code": line.code, "text": line.text} for line in vetoes],
        "cap": str(cap) if vetoes else "",
        "headings": _headings(lines, lost),
        "marks": {
            "excellent": str(marks.excellent),
            "good": str(marks.good),
            "pass": str(marks.passing),
        },
    }
    missing = len({line.disclosure for line in failed if line.disclosure})
    looked = any(line.disclosure for line in lines)
    return Score(score, grade, len(failed), working, missing if looked else None)


def _headings(lines: Sequence[Line], lost: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """Points and result of each heading in the order of the checklist; items that do not apply
    count in neither."""
    order: dict[str, list[Line]] = {}
    for line in lines:
        order.setdefault(line.heading, []).append(line)
    summed = []
    for heading, members in order.items():
        applying = [line for line in members if line.outcome != NOT_APPLICABLE]
        points = sum((line.points for line in applying), ZERO)
        gone = sum((lost[line.code] for line in applying), ZERO)
        summed.append(
            {
                "heading": heading,
                "points": str(points),
                "score": str(points - gone),
                "failed": sum(1 for line in applying if line.outcome == FAIL),
            }
        )
    return summed


def deduction_problem(deduction: Decimal, points: Decimal, step: Decimal) -> str:
    """Return why ``deduction`` is not possible on an item, or an empty text."""
    if deduction <= 0:
        return f"不合格须扣分，最少 {plain(min(step, points))} 分。"
    if deduction > points:
        return f"最多扣 {plain(points)} 分。"
    if deduction % step and deduction != points:
        return f"扣分须是 {plain(step)} 的倍数。"
    return ""


def plain(value: Decimal) -> str:
    """Return ``value`` without needless zeros: 2, 2.5."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ranks(scores: Iterable[Decimal]) -> list[int]:
    """Return the rank of each of ``scores``, which come best first; equals share a rank."""
    placed: list[int] = []
    before: Decimal | None = None
    for place, score in enumerate(scores, start=1):
        placed.append(placed[-1] if placed and score == before else place)
        before = score
    return placed


def average(scores: Sequence[Decimal]) -> Decimal | None:
    """Return the mean with one decimal, or None of nothing."""
    return tenth(sum(scores, ZERO) / len(scores)) if scores else None


def bands(scores: Sequence[Decimal], excellent: Decimal, good: Decimal) -> tuple[int, int, int]:
    """Return how many scores are ≥ ``excellent``, from ``good`` to under it, under ``good``."""
    high = sum(1 for score in scores if score >= excellent)
    middle = sum(1 for score in scores if good <= score < excellent)
    return high, middle, len(scores) - high - middle


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what was entered, the same for the same content in any order."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def draft_key(round_id: int, estate_id: int, user_id: int) -> uuid.UUID:
    """Return the key of one person's draft of one estate in one round.

    It is the same in every tab and on every device, so two of them fill one record.
    """
    return uuid.uuid5(_DRAFTS, f"{round_id}/{estate_id}/{user_id}")


def metres_between(
    latitude: Decimal, longitude: Decimal, other_latitude: Decimal, other_longitude: Decimal
) -> int:
    """Return the distance of two places in whole metres, on a sphere."""
    one, two = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(float(other_longitude) - float(longitude))
    half = (
        math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * math.sin(across / 2) ** 2
    )
    return round(2 * _EARTH * math.asin(math.sqrt(half)))


# --- Perceptual hashes ------------------------------------------------------------------------

BAND_BITS = 16
# Two hashes that differ in at most seven bits differ in at most one bit of one of four bands.
MAX_NEAR_BITS = 7
# Fewer set (or unset) bits than this: a dark room, a white wall. Such pictures resemble each other.
_FLAT_BITS = 6


def hash_bands(perceptual_hash: str) -> tuple[int, int, int, int]:
    """Return the four bands of 16 bits of a hash of 64 bits in hexadecimal; zeros for none."""
    try:
        bits = int(perceptual_hash, 16)
    except ValueError:
        bits = 0
    one, two, three, four = (bits >> shift & 0xFFFF for shift in (48, 32, 16, 0))
    return one, two, three, four


def bits_apart(one: str, two: str) -> int:
    """Return in how many bits two hashes differ."""
    return (int(one, 16) ^ int(two, 16)).bit_count()


def is_flat(perceptual_hash: str) -> bool:
    """Return whether the picture has too little structure to be told from others."""
    count = int(perceptual_hash, 16).bit_count()
    return count < _FLAT_BITS or count > 64 - _FLAT_BITS


def near_bands(band: int) -> list[int]:
    """Return ``band`` and all bands that differ from it in one bit."""
    return [band, *(band ^ 1 << bit for bit in range(BAND_BITS))]


# --- Legal bases ------------------------------------------------------------------------------

_LAW = re.compile(r"(《[^》]+》)(.*)")
_ARTICLE = re.compile(r"(第[^第]+?条)(.*)")


def citation(bases: Iterable[str], limit: int = 200) -> str:
    """Return ``bases`` as a notice cites them, in at most ``limit`` characters.

    Each law once with its articles, each article once with its paragraphs; a law as a whole is
    left out beside an article of it. What would be too long loses its paragraphs, then its
    articles: it is never cut inside a name.
    """
    laws: dict[str, dict[str, list[str]]] = {}
    for basis in bases:
        law, rest = found.groups() if (found := _LAW.fullmatch(basis.strip())) else (basis, "")
        articles = laws.setdefault(law, {})
        if rest:
            article, part = split.groups() if (split := _ARTICLE.fullmatch(rest)) else (rest, "")
            parts = articles.setdefault(article, [])
            if part and part not in parts:
                parts.append(part)
    full = [
        law + "、".join(article + "、".join(parts) for article, parts in articles.items())
        for law, articles in laws.items()
    ]
    short = [law + "、".join(articles) for law, articles in laws.items()]
    for cited in (full, short, list(laws)):
        if len(text := "、".join(cited)) <= limit:
            return text
    names = list(laws)
    while len("、".join(names)) > limit:
        names.pop()
    return "、".join(names)


# --- The public random draw (双随机) -----------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """One drawn estate: the ``place`` in which its street drew it, its ``key``, who inspects."""

    street: str
    place: int
    code: str
    key: str
    inspector: str


class DrawImpossible(ValueError):
    """Estates (their codes) that nobody among the inspectors may inspect."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(", ".join(codes))
        self.codes = list(codes)


def draw_key(seed: str, code: str) -> str:
    """Return the SHA-256 of ``seed|code`` (UTF-8) in lower-case hexadecimal."""
    return hashlib.sha256(f"{seed}|{code}".encode()).hexdigest()


def draw_count(total: int, *, percent: bool, value: int) -> int:
    """Return how many of a street's ``total`` estates are drawn: ``value`` per cent (halves
    upwards) or ``value`` estates; at least one where there is any, never more than there are."""
    if total <= 0:
        return 0
    wanted = (
        int((Decimal(total) * value / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        if percent
        else value
    )
    return min(max(wanted, 1), total)


def nobody_for(codes: Iterable[str], assigned: Mapping[str, AbstractSet[str]]) -> list[str]:
    """Return those of ``codes`` that every inspector (key of ``assigned``) answers for."""
    return [code for code in codes if all(code in own for own in assigned.values())]


def public_draw(
    seed: str,
    pool: Mapping[str, Sequence[str]],
    assigned: Mapping[str, AbstractSet[str]],
    *,
    percent: bool,
    value: int,
) -> list[Drawn]:
    """Draw estates and inspectors from ``seed``; the same input gives the same result anywhere.

    ``pool`` maps the code of a street to the codes of its estates, ``assigned`` the username of
    an inspector to the codes of the estates that this person answers for. In each street the
    estates stand by :func:`draw_key` and the first :func:`draw_count` are drawn. All drawn
    estates, by key, then go one after the other to the inspector with the fewest so far who does
    not answer for it; equals by their own key. At the end loads are levelled: as long as
    somebody has two or more above another and estates can be handed on, directly or through
    third persons, one is. Raises :class:`DrawImpossible`.
    """
    drawn: list[tuple[str, str, int, str]] = []
    for street in sorted(pool):
        ordered = sorted((draw_key(seed, code), code) for code in set(pool[street]))
        count = draw_count(len(ordered), percent=percent, value=value)
        drawn += [
            (key, code, place, street) for place, (key, code) in enumerate(ordered[:count], start=1)
        ]
    drawn.sort()
    nobody = nobody_for((code for _, code, _, _ in drawn), assigned)
    if nobody:
        raise DrawImpossible(nobody)
    people = sorted(assigned, key=lambda name: (draw_key(seed, name), name))
    held: dict[str, list[str]] = {name: [] for name in people}
    for _, code, _, _ in drawn:
        allowed = [name for name in people if code not in assigned[name]]
        held[min(allowed, key=lambda name: len(held[name]))].append(code)
    while _level(people, held, assigned):
        pass
    holder = {code: name for name, codes in held.items() for code in codes}
    return [
        Drawn(street, place, code, key, holder[code])
        for key, code, place, street in sorted(drawn, key=lambda row: (row[3], row[2]))
    ]


def _level(
    people: Sequence[str],
    held: dict[str, list[str]],
    assigned: Mapping[str, AbstractSet[str]],
) -> bool:
    """Hand one estate on from somebody with two or more above another, by the shortest chain;
    return whether there was a chain. Each one lowers the sum of the squared loads, so it ends."""
    for giver in sorted(people, key=lambda name: -len(held[name])):
        before: dict[str, tuple[str, str]] = {}
        queue = [giver]
        for name in queue:
            for other in people:
                if other == giver or other in before:
                    continue
                code = next((code for code in held[name] if code not in assigned[other]), None)
                if code is None:
                    continue
                before[other] = (name, code)
                if len(held[other]) <= len(held[giver]) - 2:
                    _hand_on(giver, other, before, held)
                    return True
                queue.append(other)
    return False


def _hand_on(
    giver: str,
    taker: str,
    before: Mapping[str, tuple[str, str]],
    held: dict[str, list[str]],
) -> None:
    while taker != giver:
        source, code = before[taker]
        held[source].remove(code)
        held[taker].append(code)
        taker = source


# --- Versions ---------------------------------------------------------------------------------

_OUTCOMES = {PASS: "合格", FAIL: "不合格", NOT_APPLICABLE: "不适用"}
_VISIT_WORDS = (
    ("inspected_on", "检查日期"),
    ("companion", "同行检查人"),
    ("site_contact", "陪同人"),
    ("note", "备注"),
)


@dataclass(frozen=True)
class FieldChange:
    """One fact that changed: its name and both values as words, empty for none."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ItemChange:
    """What changed on one item; ``code`` is empty for the facts of the visit."""

    code: str
    text: str
    fields: tuple[FieldChange, ...]


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ItemChange]:
    """Compare the contents of two versions, the visit first, then item by item in the order of
    the checklist.

    Content: ``visit`` (dates as ISO text, words) and ``items``, a list of ``item, code, text,
    outcome, deduction, note, deadline, fixed, photos`` (keys).
    """
    changed = []
    before, after = old.get("visit", {}), new.get("visit", {})
    facts = tuple(
        FieldChange(label, before.get(name) or "", after.get(name) or "")
        for name, label in _VISIT_WORDS
        if (before.get(name) or "") != (after.get(name) or "")
    )
    if facts:
        changed.append(ItemChange("", "检查情况", facts))
    known = {row["item"]: row for row in old.get("items", [])}
    for row in new.get("items", []):
        fields = tuple(_item_changes(known.get(row["item"], {}), row))
        if fields:
            changed.append(ItemChange(row["code"], row["text"], fields))
    return changed


def _item_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[FieldChange]:
    for name, label in (
        ("outcome", "结果"),
        ("deduction", "扣分"),
        ("note", "问题描述"),
        ("deadline", "整改期限"),
        ("fixed", "当场已改正"),
    ):
        before, after = _worded(name, old.get(name)), _worded(name, new.get(name))
        if before != after:
            yield FieldChange(label, before, after)
    gone = set(old.get("photos", [])) - set(new.get("photos", []))
    come = set(new.get("photos", [])) - set(old.get("photos", []))
    if gone or come:
        words = [f"新增 {len(come)} 张"] * bool(come) + [f"删去 {len(gone)} 张"] * bool(gone)
        yield FieldChange(
            "照片",
            f"{len(old.get('photos', []))} 张",
            f"{len(new['photos'])} 张（{'、'.join(words)}）",
        )


def _worded(name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if name == "outcome":
        return _OUTCOMES[value]
    if name == "deduction":
        amount = Decimal(value)
        return f"{plain(amount)} 分" if amount else ""
    return str(value)
