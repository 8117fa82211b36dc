"""The one clock. Everything that asks for the time asks here.

In Shanghai a UTC date is yesterday until 08:00, so ``date.today()`` and
``timezone.now().date()`` are banned by the linter.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

from django.utils import timezone

SHANGHAI = ZoneInfo("Asia/Shanghai")

_frozen: ContextVar[dt.datetime | None] = ContextVar("portal_clock", default=None)


def now() -> dt.datetime:
    """Return the current aware time in Shanghai."""
    return _frozen.get() or timezone.localtime(timezone=SHANGHAI)


def today() -> dt.date:
    """Return the current date in Shanghai."""
    return now().date()


@contextmanager
def freeze(moment: dt.date | dt.datetime) -> Iterator[None]:
    """Hold the clock at ``moment`` (a plain date means 10:00 that day) inside the block."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day, 10, tzinfo=SHANGHAI)
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)


def at(day: dt.date, hour: int = 10, minute: int = 0) -> dt.datetime:
    """Return the aware moment of ``day`` at ``hour:minute`` in Shanghai."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


def month_start(day: dt.date) -> dt.date:
    return day.replace(day=1)


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the first day of the month that lies ``months`` after the month of ``day``."""
    index = day.year * 12 + day.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def month_end(day: dt.date) -> dt.date:
    """Return the last day of the month of ``day``."""
    return add_months(day, 1) - dt.timedelta(days=1)


def chinese_month(day: dt.date) -> str:
    """Return the month as people write it: ``2026年10月``."""
    return f"{day.year}年{day.month}月"


def chinese_date(day: dt.date) -> str:
    """Return the date as papers print it: ``2026年10月8日``."""
    return f"{day.year}年{day.month}月{day.day}日"
