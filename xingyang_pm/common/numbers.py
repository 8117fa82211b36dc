"""Numbers of official papers: per series and year, no gap, no repeat."""

from django.db import transaction
from django.db.models import F

from .models import NumberSeries


def next_number(series: str, year: int) -> int:
    """Take the next number of ``series`` in ``year``.

    Must run inside the transaction that uses the number: if the act fails, the number goes
    back. The row lock makes the second of two takers wait.
    """
    return next_numbers(series, year, 1)[0]


def coming_number(series: str, year: int) -> int:
    """Return the number that would be taken next, to be shown as provisional; takes nothing."""
    taken = NumberSeries.objects.filter(series=series, year=year).values_list("last", flat=True)
    return (taken.first() or 0) + 1


def next_numbers(series: str, year: int, count: int) -> range:
    """Take the next ``count`` numbers in one go; see :func:`next_number`."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("next_numbers() runs inside the transaction that uses the number")
    rows = NumberSeries.objects.filter(series=series, year=year)
    if not rows.update(last=F("last") + count):
        first = NumberSeries(series=series, year=year)
        NumberSeries.objects.bulk_create([first], ignore_conflicts=True)
        rows.update(last=F("last") + count)
    last = NumberSeries.objects.get(series=series, year=year).last
    return range(last - count + 1, last + 1)
