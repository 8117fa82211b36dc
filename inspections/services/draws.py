"""The public random draw (双随机): the pool as it stands, the draw in public, its replay."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.choices import Role
from accounts.models import User
from estates.models import StaffAssignment, Street
from inspections.calculations import (
    DrawImpossible,
    digest,
    draw_count,
    nobody_for,
    public_draw,
)
from inspections.choices import ROUND_MANAGERS, DrawShare, RoundStatus
from inspections.models import InspectionRound, RoundDraw, RoundEstate
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded

from .rounds import covered_estates

TAG = "检查"
DRAW_PDF = "round-draw"
LEAST_SEED = 4
LEAST_WITNESSES = 2


@dataclass(frozen=True)
class StreetPool:
    """One street of the pool: its estates and how many of them a draw would take."""

    name: str
    total: int
    drawn: int


def draw_people() -> Any:
    """Return who may be drawn: the active inspectors of the bureau."""
    people = User.objects.active().with_role(Role.INSPECTOR).filter(office__kind="bureau")
    return people.order_by("username")


def draw_pool(
    *, round: InspectionRound, actor: User, inspectors: Iterable[User]
) -> dict[str, list[dict[str, Any]]]:
    """Return what a draw for ``round`` takes from, as :class:`RoundDraw` keeps it."""
    extent = round.extent
    estates = covered_estates(
        actor=actor,
        kinds=extent.get("kinds", ()),
        streets=Street.objects.filter(pk__in=extent.get("streets", ())),
    )
    officers = dict(
        StaffAssignment.objects.on(clock.today())
        .filter(estate__in=estates)
        .values_list("estate_id", "officer__username")
    )
    streets: dict[str, dict[str, Any]] = {}
    for estate in sorted(estates, key=lambda row: (row.street.code, row.code)):
        street = streets.setdefault(
            estate.street.code,
            {
                "id": estate.street_id,
                "code": estate.street.code,
                "name": estate.street.name,
                "estates": [],
            },
        )
        street["estates"].append(
            {
                "id": estate.pk,
                "code": estate.code,
                "name": estate.name,
                "officer": officers.get(estate.pk, ""),
            }
        )
    people = sorted(inspectors, key=lambda row: row.username)
    return {
        "streets": list(streets.values()),
        "inspectors": [{"username": user.username, "name": user.name} for user in people],
    }


def pool_digest(pool: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the pool: the same before and at the draw if nothing moved."""
    return digest(pool)


def street_pools(pool: Mapping[str, Any], *, share_by: str, share: int) -> list[StreetPool]:
    """Return by street how many estates there are and how many ``share`` draws."""
    percent = share_by == DrawShare.PERCENT
    return [
        StreetPool(
            street["name"],
            len(street["estates"]),
            draw_count(len(street["estates"]), percent=percent, value=share),
        )
        for street in pool["streets"]
    ]


def _assigned(pool: Mapping[str, Any]) -> dict[str, set[str]]:
    own: dict[str, set[str]] = {person["username"]: set() for person in pool["inspectors"]}
    for street in pool["streets"]:
        for estate in street["estates"]:
            if estate["officer"] in own:
                own[estate["officer"]].add(estate["code"])
    return own


def _names(pool: Mapping[str, Any]) -> dict[str, str]:
    return {
        estate["code"]: estate["name"] for street in pool["streets"] for estate in street["estates"]
    }


def _nobody(pool: Mapping[str, Any], codes: Sequence[str]) -> str:
    names = _names(pool)
    shown = "、".join(names[code] for code in codes[:3])
    more = f"等 {len(codes)} 个小区" if len(codes) > 3 else ""
    people = "、".join(person["name"] for person in pool["inspectors"])
    return (
        f"{shown}{more}由 {people} 分包，所选检查员中没有别人可查，不能抽取。"
        "请再选一名检查员，或先调整分包。"
    )


def draw_problem(pool: Mapping[str, Any]) -> str:
    """Return why nothing can be drawn from ``pool``, or an empty text.

    It is asked before the seed is known, so that a draw never fails in front of its witnesses.
    """
    if not pool["streets"]:
        return "所选范围内没有在册小区，不能抽取。"
    if not pool["inspectors"]:
        return "没有检查员，不能抽取。请至少选一名检查员。"
    assigned = _assigned(pool)
    codes = [estate["code"] for street in pool["streets"] for estate in street["estates"]]
    nobody = nobody_for(codes, assigned)
    return _nobody(pool, nobody) if nobody else ""


def _drawn(pool: Mapping[str, Any], *, seed: str, share_by: str, share: int) -> list[Any]:
    try:
        rows = public_draw(
            seed,
            {
                street["code"]: [estate["code"] for estate in street["estates"]]
                for street in pool["streets"]
            },
            _assigned(pool),
            percent=share_by == DrawShare.PERCENT,
            value=share,
        )
    except DrawImpossible as error:
        raise BusinessError(_nobody(pool, error.codes), code="nobody") from error
    return [
        {
            "street": row.street,
            "place": row.place,
            "code": row.code,
            "key": row.key,
            "inspector": row.inspector,
        }
        for row in rows
    ]


def _digest_of(draw: RoundDraw) -> str:
    return digest(
        {
            "seed": draw.seed,
            "share_by": draw.share_by,
            "share": draw.share,
            "pool": draw.pool,
            "result": draw.result,
        }
    )


def draw_replay(draw: RoundDraw) -> bool:
    """Return whether the draw worked out again from seed and pool gives the kept result, and
    seed, pool and result are those that the digest was made of."""
    again = _drawn(draw.pool, seed=draw.seed, share_by=draw.share_by, share=draw.share)
    return again == draw.result and _digest_of(draw) == draw.digest


def _people_of(text: str) -> list[str]:
    return [name for name in re.split(r"[、，,；;\s]+", text) if name]


def round_draw(
    *,
    round: InspectionRound,
    actor: User,
    seed: str,
    seed_origin: str,
    witnesses: str,
    share_by: str,
    share: int,
    inspectors: Iterable[User],
    seen: str = "",
) -> RoundDraw:
    """Draw estates and inspectors of ``round`` in public, once.

    ``seen`` is the digest of the pool that was shown beforehand: another pool is refused.
    """
    require(actor, ROUND_MANAGERS, "公开抽取由房管中心科室负责人主持。")
    with guarded():
        round = InspectionRound.objects.select_for_update().get(pk=round.pk)
        if RoundDraw.objects.filter(round=round).exists():
            raise StaleState("本批次已经公开抽取，一个批次只抽一次。")
        if not round.is_drawn:
            raise BusinessError("本批次不是公开抽取的批次。", code="not_drawn")
        if round.status != RoundStatus.OPEN:
            raise StaleState("这个批次已经结束。")
        seed = " ".join(seed.split())
        if len(seed) < LEAST_SEED:
            raise BusinessError(f"种子至少 {LEAST_SEED} 个字符，请当场公开产生。", field="seed")
        names = _people_of(witnesses)
        if len(set(names)) < LEAST_WITNESSES:
            raise BusinessError(
                f"见证人不少于 {LEAST_WITNESSES} 人，中间用顿号隔开。", field="witnesses"
            )
        pool = draw_pool(round=round, actor=actor, inspectors=_allowed(inspectors))
        if seen and seen != pool_digest(pool):
            raise StaleState("名单在公示后有变动，没有抽取。请重新核对名单再抽。")
        problem = draw_problem(pool)
        if problem:
            raise BusinessError(problem, code="nobody", field="inspectors")
        draw = RoundDraw(
            round=round,
            seed=seed,
            seed_origin=seed_origin.strip(),
            witnesses="、".join(dict.fromkeys(names)),
            share_by=share_by,
            share=share,
            pool=pool,
            result=_drawn(pool, seed=seed, share_by=share_by, share=share),
            drawn_by=actor,
            drawn_at=clock.now(),
        )
        draw.digest = _digest_of(draw)
        draw.full_clean()
        draw.save()
        _cover(draw)
        record(
            actor=actor,
            verb="round.draw",
            target=round,
            summary=f"公开抽取 {len(draw.result)} 个小区，种子“{seed}”，见证人 {draw.witnesses}",
            after={"draw": draw.pk, "digest": draw.digest},
            tag=TAG,
            tone="b",
        )
        draw_print(draw=draw, actor=actor)
    return draw


def _allowed(inspectors: Iterable[User]) -> list[User]:
    chosen = {user.pk for user in inspectors}
    return [user for user in draw_people() if user.pk in chosen]


def _cover(draw: RoundDraw) -> None:
    estates = {
        estate["code"]: estate["id"]
        for street in draw.pool["streets"]
        for estate in street["estates"]
    }
    people = {user.username: user.pk for user in draw_people()}
    RoundEstate.objects.bulk_create(
        (
            RoundEstate(
                round=draw.round,
                estate_id=estates[row["code"]],
                inspector_id=people[row["inspector"]],
            )
            for row in draw.result
        ),
        batch_size=500,
    )


def draw_print(*, draw: RoundDraw, actor: User) -> jobs.Job:
    """Have the 双随机抽查结果 printed by the worker."""
    require(actor, ROUND_MANAGERS, "抽查结果由房管中心科室负责人排版。")
    return jobs.enqueue(
        DRAW_PDF,
        owner=actor,
        params={"draw": draw.pk},
        dedupe_key=f"{DRAW_PDF}:{draw.pk}",
        title=f"{draw.round} 双随机抽查结果",
    )
