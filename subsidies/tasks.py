"""The calendar of the subsidies: open the past month, verify the books every night."""

from celery.schedules import crontab

from xingyang_pm.common import clock, periodic
from xingyang_pm.common.errors import BusinessError

from .selectors.ledger import verify_ledger
from .services import month_open


@periodic.register("open-claims", "开月度补贴申报", crontab(minute=5, hour=0, day_of_month=1))
def open_claims() -> str:
    """Open the past month for every street in service; run again, it opens nothing twice."""
    past = clock.add_months(clock.today(), -1)
    return month_open(month=past).sentence


@periodic.register("verify-ledger", "核对补贴账", crontab(minute=30, hour=1))
def verify_books() -> str:
    """Verify all lines; a difference is a failure that the desk shows."""
    result = verify_ledger()
    if result.differences:
        raise BusinessError(result.sentence, code="differences")
    return result.sentence
