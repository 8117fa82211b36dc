"""Working days by the calendar of the State Council, moved days included.

``chinese_calendar`` holds what has been announced. A year that it does not know yet is counted
by Monday to Friday; :func:`announced` tells, so that a page can say so.
"""

import datetime as dt

import chinese_calendar

_FRIDAY = 4
_FIRST = min(chinese_calendar.constants.holidays).year
_LAST = max(chinese_calendar.constants.holidays).year


def announced(day: dt.date) -> bool:
    """Return whether the holidays of the year of ``day`` are known."""
    return _FIRST <= day.year <= _LAST


def is_workday(day: dt.date) -> bool:
    """Return whether offices work on ``day``."""
    return chinese_calendar.is_workday(day) if announced(day) else day.weekday() <= _FRIDAY


def add_workdays(day: dt.date, number: int) -> dt.date:
    """Return the ``number``-th working day after ``day`` (``number`` ≥ 1)."""
    found = 0
    while found < number:
        day += dt.timedelta(days=1)
        found += is_workday(day)
    return day
