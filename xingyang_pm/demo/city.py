"""Builds the whole demo city on an empty database, in the order in which it happened."""

import datetime as dt
import random
from collections.abc import Callable

from django.core.management import call_command

from accounts.models import User
from inspections.models import Checklist, Inspection, InspectionRound
from inspections.services.built_in import checklists_load
from inspections.services.rounds import round_close
from outreach.services.bulletins import bulletin_draft, bulletin_sign, bulletin_submit
from xingyang_pm.common import clock
from xingyang_pm.common.audit import audit_context
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import NumberSeries

from .fees import fee_standard_make, fees_present
from .money import money_2017, money_present
from .outreach import (
    agreements_make,
    outreach_2017,
    outreach_present,
    policies_make,
    rate_make,
)
from .payments import accounts_make, budgets_present, payments_settle, source_make
from .people import Cast, passwords_make, people_make
from .present import counts_waiting, orders_make, survey_make
from .registry import City, registry_make
from .supervision import RoundPlan, round_make

CAMPAIGN = "物业服务品质提升年活动"
CLEANING = "城乡清洁行动"
ROUNDS_2017 = [  # number, start, end, quality
    (1, dt.date(2017, 4, 10), dt.date(2017, 4, 21), 0.80),
    (2, dt.date(2017, 5, 15), dt.date(2017, 5, 26), 0.83),
    (3, dt.date(2017, 7, 3), dt.date(2017, 7, 14), 0.86),
    (4, dt.date(2017, 8, 28), dt.date(2017, 9, 8), 0.88),
    (5, dt.date(2017, 10, 16), dt.date(2017, 10, 27), 0.90),
    (6, dt.date(2017, 11, 27), dt.date(2017, 12, 8), 0.92),
]


def city_make(tell: Callable[[str], None]) -> list[dict[str, str]]:
    """Make the demo city as of today; return the shown accounts.

    Deterministic for a given date, but for passwords and keys. Raises
    :class:`BusinessError` on a database that already holds users.
    """
    if User.objects.exists():
        raise BusinessError("数据库里已有用户，演示数据只能装到空的数据库。")
    today = clock.today()
    rng = random.Random(f"xingyang {today.isoformat()}")  # noqa: S311  a demo, no secret
    with audit_context("demo"):
        tell("街道、社区、检查表")
        call_command("load_reference", verbosity=0)
        with clock.freeze(dt.date(2017, 3, 20)):
            cast = people_make()
            checklists_load(actor=cast.manager)
        tell("小区、服务主体、合同、户数")
        city = registry_make(cast, rng, today)
        policies_make(cast)
        rate_make(cast)
        fee_standard_make(cast)
        agreements_make(city, cast, 2017, dt.date(2017, 4, 12))
        agreements_make(city, cast, today.year, dt.date(today.year, 1, 12), unsigned=3)
        tell("2017年：检查、简报、培训宣传、补贴")
        inspections_2017(city, cast, rng)
        outreach_2017(city, cast)
        accounts_make(cast)
        source = source_make(cast)
        money_2017(city, cast)
        tell("近十二个月：检查、整改、简报")
        rounds = inspections_present(city, cast, rng, today)
        orders_make(rounds, cast, rng, today)
        bulletins_present(rounds, cast, today)
        outreach_present(city, cast, today, rng)
        numbers_keep()
        tell("近十二个月：补贴")
        budgets_present(source, cast, today)
        money_present(city, cast, today)
        payments_settle(cast, today)
        tell("近十二个月：业主交费")
        fees_present(city, cast, today)
        counts_waiting(city, cast, today)
        survey_make(city, cast, today)
    return passwords_make()


def checklist_on(kind: str, day: dt.date) -> Checklist:
    """Return the version of ``kind`` that was in force on ``day``."""
    return Checklist.objects.in_force(day).get(kind=kind)


def inspections_2017(city: City, cast: Cast, rng: random.Random) -> None:
    """Six rounds over the 54 estates and the six bulletins that reported them."""
    for number, start, end, quality in ROUNDS_2017:
        with clock.freeze(clock.at(end + dt.timedelta(days=3), 9)):
            round = round_make(
                RoundPlan(
                    CAMPAIGN,
                    number,
                    start,
                    end,
                    city.commodity,
                    checklist_on("cleaning", start),
                    quality,
                ),
                cast,
                rng,
            )
            round_close(round=round, actor=cast.manager)
        _bulletin(round, cast, end + dt.timedelta(days=4), issue=True)


def _bulletin(round: InspectionRound, cast: Cast, day: dt.date, *, issue: bool) -> None:
    day = min(day, clock.today())
    with clock.freeze(clock.at(day, 9)):
        bulletin = bulletin_draft(round=round, actor=cast.drafter)
    with clock.freeze(clock.at(day, 15)):
        bulletin_submit(bulletin=bulletin, actor=cast.drafter)
    if issue:
        later = min(day + dt.timedelta(days=1), clock.today())
        with clock.freeze(clock.at(later, 16)):
            bulletin_sign(bulletin=bulletin, actor=cast.leader)


def inspections_present(
    city: City, cast: Cast, rng: random.Random, today: dt.date
) -> list[InspectionRound]:
    """A round every two months over the last year; the newest is still going on."""
    sample = [
        *city.commodity,
        *city.rural,
        *city.old["410182001"][:40],
        *city.old["410182002"][:30],
    ]
    rounds = []
    per_year: dict[int, int] = {}
    for back in range(11, -1, -2):
        newest = back == 1
        start = today - dt.timedelta(days=10) if newest else clock.add_months(today, -back)
        start = start if newest else start + dt.timedelta(days=5)
        end = start + dt.timedelta(days=18 if newest else 16)
        per_year[start.year] = number = per_year.get(start.year, 0) + 1
        moment = today if newest else end + dt.timedelta(days=2)
        with clock.freeze(clock.at(moment, 9)):
            round = round_make(
                RoundPlan(
                    CLEANING,
                    number,
                    start,
                    end,
                    sample,
                    checklist_on("cleaning", start),
                    0.90 + 0.006 * (6 - back // 2),
                    done=0.55 if newest else 1.0,
                    confirmed=0.75 if newest else 1.0,
                    photos=back <= 3,
                ),
                cast,
                rng,
            )
            if not newest:
                round_close(round=round, actor=cast.manager)
        rounds.append(round)
    return rounds


def bulletins_present(rounds: list[InspectionRound], cast: Cast, today: dt.date) -> None:
    """A bulletin of each closed round; the last waits to be signed."""
    closed = [round for round in rounds if round.closed_at]
    for round in closed:
        _bulletin(round, cast, round.end_date + dt.timedelta(days=4), issue=round is not closed[-1])


def numbers_keep() -> None:
    """Leave the series of inspection numbers where the portal goes on."""
    last: dict[tuple[str, int], int] = {}
    for number in Inspection.objects.exclude(number=None).values_list("number", flat=True):
        day, serial = number[3:11], int(number[12:])
        key = (f"JC{day[4:]}", int(day[:4]))
        last[key] = max(last.get(key, 0), serial)
    NumberSeries.objects.bulk_create(
        [
            NumberSeries(series=series, year=year, last=value)
            for (series, year), value in last.items()
        ],
        update_conflicts=True,
        unique_fields=["series", "year"],
        update_fields=["last"],
    )
