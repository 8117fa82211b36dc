"""What the service of old estates lives on: the owners' fee and the approved subsidy."""

import datetime as dt
from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from enterprises.models import Provider
from estates.models import Estate, Street
from subsidies.calculations import percent_of
from subsidies.models import FeeCollection, SubsidyLine
from xingyang_pm.common.money import fen

NOTHING = Decimal("0.00")


class IncomeBy(StrEnum):
    """By what the income is summed."""

    ESTATE = "estate"
    PROVIDER = "provider"
    STREET = "street"
    MONTH = "month"


INCOME_LABELS = {
    IncomeBy.STREET: "按街道",
    IncomeBy.PROVIDER: "按服务单位",
    IncomeBy.ESTATE: "按小区",
    IncomeBy.MONTH: "按月",
}


@dataclass
class Income:
    """The income of one estate, provider, street or month, in yuan.

    ``household_months`` counts each household once a month; ``households`` those of the latest
    month.
    """

    key: Any
    name: str = ""
    street: str = ""
    estates: int = 0
    households: int = 0
    household_months: int = 0
    fee: Decimal = NOTHING
    subsidy: Decimal = NOTHING
    # What is to be known of the figures, such as that claims are still on their way.
    note: str = ""
    # The lists behind the figures; whoever shows them knows their addresses.
    url: str = ""
    fee_url: str = ""
    subsidy_url: str = ""

    @property
    def total(self) -> Decimal:
        return self.fee + self.subsidy

    @property
    def fee_share(self) -> Decimal | None:
        """The owners' part of the whole, in percent."""
        return percent_of(self.fee, self.total)

    @property
    def per_household(self) -> Decimal | None:
        """Yuan a household and month."""
        return fen(self.total / self.household_months) if self.household_months else None


@dataclass(frozen=True)
class _Part:
    """The fee of one estate and month, or one line of its subsidy."""

    estate: int
    month: dt.date
    provider: int | None
    street: int
    households: int
    fee: Decimal = NOTHING
    subsidy: Decimal = NOTHING

    def key(self, by: IncomeBy) -> Any:
        return getattr(self, by.value)


def _parts(first: dt.date, last: dt.date, user: Any, street: int | None) -> list[_Part]:
    """Return what makes up the income of the months ``first`` to ``last``; two queries."""
    within = {"month__gte": first, "month__lte": last}
    if street is not None:
        within["estate__street"] = street
    lines = (
        SubsidyLine.objects.visible_to(user)
        .included()
        .settled()
        .filter(**within)
        .order_by()
        .values_list("estate", "month", "payee", "estate__street", "households", "amount")
    )
    fees = (
        FeeCollection.objects.visible_to(user)
        .current()
        .filter(**within)
        .order_by()
        .values_list(
            "estate",
            "month",
            "provider",
            "estate__street",
            "households_verified",
            "households_billed",
            "amount_received",
        )
    )
    return [
        *(_Part(*values, subsidy=amount) for *values, amount in lines),
        *(
            _Part(*values, verified if verified is not None else billed, fee=received)
            for *values, verified, billed, received in fees
        ),
    ]


def _names(by: IncomeBy, keys: list[Any], user: Any) -> dict[Any, tuple[str, str]]:
    """Return name and street of each key; one query, none for months."""
    if by is IncomeBy.MONTH:
        return {key: (f"{key.year}年{key.month}月", "") for key in keys}
    if by is IncomeBy.STREET:
        rows = Street.objects.visible_to(user).filter(pk__in=keys).values_list("pk", "name")
        return {pk: (name, "") for pk, name in rows}
    if by is IncomeBy.PROVIDER:
        rows = Provider.objects.filter(pk__in=keys).values_list("pk", "name")
        return {pk: (name, "") for pk, name in rows}
    estates = Estate.objects.visible_to(user).filter(pk__in=keys)
    return {
        pk: (name, street) for pk, name, street in estates.values_list("pk", "name", "street__name")
    }


def income(
    first: dt.date, last: dt.date, user: Any, by: IncomeBy, street: int | None = None
) -> list[Income]:
    """Return the income of the months ``first`` to ``last`` that ``user`` sees, by ``by``.

    The subsidy is that of approved lines, the fee that of records that stand. Three queries.
    """
    rows: dict[Hashable, Income] = {}
    counted: dict[Hashable, dict[tuple[int, dt.date], int]] = {}
    for part in _parts(first, last, user, street):
        key = part.key(by)
        row = rows.setdefault(key, Income(key))
        row.fee += part.fee
        row.subsidy += part.subsidy
        # A month with both, or split between payees, counts its households once.
        counted.setdefault(key, {}).setdefault((part.estate, part.month), part.households)
    names = _names(by, [key for key in rows if key is not None], user)
    for key, row in rows.items():
        months = counted[key]
        latest: dict[int, tuple[dt.date, int]] = {}
        for (estate, month), households in months.items():
            latest[estate] = max(latest.get(estate, (month, households)), (month, households))
        row.name, row.street = names.get(key, ("没有登记单位", ""))
        row.estates = len(latest)
        row.households = sum(households for _, households in latest.values())
        row.household_months = sum(months.values())
        row.fee, row.subsidy = fen(row.fee), fen(row.subsidy)
    if by is IncomeBy.MONTH:
        return sorted(rows.values(), key=lambda row: row.key)
    return sorted(rows.values(), key=lambda row: (-row.total, row.name))
