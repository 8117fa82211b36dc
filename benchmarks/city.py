"""The demo city, made ``factor`` times as large by copies of its own rows.

Only what the measured pages read is copied: estates with buildings, verified counts, contracts
and responsible officers, firms, and two years of inspections of the commodity estates.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, models, transaction

from accounts.choices import Role
from accounts.models import User
from enterprises.calculations import credit_code_check_digit
from enterprises.choices import ProviderKind
from enterprises.models import Engagement, Provider
from estates.choices import CountStatus, EstateKind
from estates.models import Building, Estate, HouseholdCount, StaffAssignment
from inspections.models import Checklist
from xingyang_pm.common import clock
from xingyang_pm.common.models import NumberSeries
from xingyang_pm.demo.people import Cast
from xingyang_pm.demo.supervision import RoundPlan, round_make

_BATCH = 500
_ROUNDS = 12  # one every two months


def person(role: str) -> User:
    """Return the demo's first person of ``role``."""
    return User.objects.filter(roles__role=role).order_by("pk")[0]


def _copies(row: Any, number: int, **values: Any) -> Iterable[Any]:
    """Yield ``number`` unsaved copies of ``row``; a callable value is asked for each copy."""
    fields = {
        f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key
    }
    for index in range(number):
        own = {k: v(index) if callable(v) else v for k, v in values.items()}
        yield type(row)(**{**fields, **own})


def _write(model: type[models.Model], rows: Iterable[Any]) -> list[Any]:
    return model._default_manager.bulk_create(rows, batch_size=_BATCH)


def firms_copy(times: int) -> None:
    serial = iter(range(10**6))

    def code(_: int) -> str:
        body = f"91410183MB{next(serial):07d}"
        return body + credit_code_check_digit(body)

    numbers = iter(range(Provider.objects.count() + 1, 10**6))
    rows: list[Provider] = []
    for firm in Provider.objects.filter(kind=ProviderKind.ENTERPRISE).order_by("pk"):
        rows += _copies(
            firm,
            times,
            code=lambda _: f"FW-{next(numbers):04d}",
            name=lambda i, name=firm.name: f"{name}{i + 2}分公司",
            credit_code=code,
        )
    _write(Provider, rows)


def estates_copy(times: int) -> None:
    """Copy every estate with what hangs on it."""
    templates = list(Estate.objects.order_by("pk"))
    numbers = iter(range(len(templates) + 1, 10**6))
    rows: list[Estate] = []
    for estate in templates:
        rows += _copies(
            estate,
            times,
            code=lambda _: f"XQ-{next(numbers):04d}",
            name=lambda i, name=estate.name: f"{name}{i + 2}区",
        )
    made = _write(Estate, rows)
    NumberSeries.objects.filter(series="estate", year=0).update(last=len(templates) + len(made))
    copies = {
        estate.pk: made[index * times : (index + 1) * times]
        for index, estate in enumerate(templates)
    }
    # One count an estate: two may not wait for verification at once.
    verified = HouseholdCount.objects.filter(status=CountStatus.VERIFIED)
    newest = {row.estate_id: row.pk for row in verified.order_by("pk")}.values()
    for model, originals, values in (
        (Building, Building.objects.all(), {}),
        (Engagement, Engagement.objects.filter(end_date=None), {"contract": ""}),
        (StaffAssignment, StaffAssignment.objects.filter(end_date=None), {}),
        (
            HouseholdCount,
            verified.filter(pk__in=newest),
            {"status": CountStatus.ENTERED, "decided_by_id": None, "decided_at": None},
        ),
    ):
        # The copies have later keys; without this bound they would be copied in turn.
        originals = originals.filter(estate_id__lte=templates[-1].pk)
        for row in originals.order_by("pk").iterator(chunk_size=_BATCH):
            homes = copies[row.estate_id]
            _write(
                model,
                _copies(row, times, estate_id=lambda i, homes=homes: homes[i].pk, **values),
            )
    # Verified by another, as the database asks.
    manager = person(Role.BUREAU_MANAGER)
    HouseholdCount.objects.filter(status=CountStatus.ENTERED).exclude(entered_by=manager).update(
        status=CountStatus.VERIFIED, decided_by=manager, decided_at=clock.now()
    )


def inspections_make() -> None:
    """Two years of rounds over all commodity estates, by the demo's own hand."""
    rng = random.Random("benchmark")
    manager, leader = person(Role.BUREAU_MANAGER), person(Role.BUREAU_LEADER)
    inspectors = list(User.objects.filter(roles__role=Role.INSPECTOR).order_by("pk"))
    cast = Cast(manager, manager, leader, manager, inspectors, {}, {})
    estates = list(Estate.objects.filter(kind=EstateKind.COMMODITY).order_by("pk"))
    for back in range(_ROUNDS):
        start = clock.add_months(clock.today(), -24 + 2 * back)
        end = start + dt.timedelta(days=20)
        checklist = Checklist.objects.in_force(start).get(kind="cleaning")
        plan = RoundPlan("规模测试", 100 + back, start, end, estates, checklist, 0.9)
        with clock.freeze(clock.at(end + dt.timedelta(days=2), 9)):
            round_make(plan, cast, rng)


def settle() -> None:
    """Tell the database's planner of the rows that have come in."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def enlarge(factor: int, tell: Callable[[str], None]) -> None:
    """Make the demo city in this database ``factor`` times as large; all of it or nothing."""
    with transaction.atomic():
        tell("firms")
        firms_copy(factor - 1)
        tell("estates, buildings, counts, contracts")
        estates_copy(factor - 1)
        tell("two years of inspections")
        inspections_make()
