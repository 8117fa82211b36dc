"""The owners' ¥10 in the demo city: invented for the last twelve months, by the streets' clerks.

What was collected in 2017 the article does not tell, so that year has none.
"""

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal

from estates.models import Estate
from subsidies.calculations import FeeFigures
from subsidies.models import FeeCollection
from subsidies.selectors.fees import Ground, estates_served, grounds
from subsidies.services.fees import FeeEntry, fee_correct, fee_standard_register, fees_enter
from xingyang_pm.common import clock

from .people import Cast
from .registry import City

TEN = Decimal("10.00")
MONTHS = 12
# So many estates of 京城路街道 have not been entered yet for the last month.
LEFT = 9


def fee_standard_make(cast: Cast) -> None:
    """The article's ¥10 that an owner pays a month."""
    with clock.freeze(dt.date(2017, 3, 25)):
        fee_standard_register(
            actor=cast.manager,
            amount=TEN,
            effective_from=dt.date(2017, 4, 1),
            document_title="关于进一步做好我市物业管理工作的意见",
            document_number="荥政〔2017〕12号",
        )


def fees_present(city: City, cast: Cast, today: dt.date) -> None:
    """Enter twelve months up to last month; an estate's chance depends on its code alone."""
    last = clock.add_months(today, -1)
    for back in range(MONTHS - 1, -1, -1):
        month = clock.add_months(last, -back)
        for street in ("410182002", "410182001"):
            _enter(city, cast, street, month, today, index=MONTHS - 1 - back)
    _correct(cast, last)


def _enter(
    city: City, cast: Cast, street: str, month: dt.date, today: dt.date, *, index: int
) -> None:
    day = min(clock.add_months(month, 1) + dt.timedelta(days=5), today)
    clerk = cast.clerks[street]
    with clock.freeze(clock.at(day, 10)):
        estates = list(estates_served(month, clerk).order_by("code"))
        if index == MONTHS - 1 and street == "410182002":
            estates = estates[:-LEFT]
        ground = grounds(month, [estate.pk for estate in estates])
        entries = [
            FeeEntry(estate, _figures(estate, ground[estate.pk], index))
            for estate in estates
            if ground[estate.pk].verified
        ]
        fees_enter(month=month, entries=entries, actor=clerk)


def _figures(estate: Estate, ground: Ground, index: int) -> FeeFigures:
    """Return invented figures: the estate's own habit, a little better from month to month."""
    habit = random.Random(f"fee {estate.code}")  # noqa: S311  a demo, no secret
    chance = habit.triangular(0.48, 0.97, 0.84)
    month = random.Random(f"fee {estate.code} {index}")  # noqa: S311  as above
    households = ground.verified or 0
    rate = min(chance + index * 0.006 + month.uniform(-0.04, 0.04), 1)
    paid = min(max(round(households * rate), 1), households)
    opening = None
    if ground.begins:
        opening = TEN * round(households * (1 - chance)) * habit.randint(0, 3)
    owed = ground.before + (opening or 0)
    late = min(round(owed / TEN), round(households * month.uniform(0, 0.12)))
    recovered = min(TEN * late, owed)
    return FeeFigures(
        households_billed=households,
        households_paid=paid,
        amount_billed=TEN * households,
        amount_received=TEN * paid + recovered,
        amount_recovered=recovered,
        opening_arrears=opening,
    )


def _correct(cast: Cast, last: dt.date) -> None:
    """Correct one record of the month before last, as happens."""
    month = clock.add_months(last, -1)
    fee = (
        FeeCollection.objects.current()
        .filter(month=month, estate__name="老粮库家属院")
        .select_related("estate__street")
        .first()
    )
    if fee is None or fee.households_paid < 2:
        return
    old = fee.figures
    with clock.freeze(clock.at(clock.add_months(month, 1) + dt.timedelta(days=9), 16)):
        fee_correct(
            fee=fee,
            figures=replace(
                old,
                households_paid=old.households_paid - 1,
                amount_received=old.amount_received - TEN,
            ),
            reason="一户重复登记，已与收费单位核对",
            actor=cast.clerks[fee.estate.street.code],
        )
