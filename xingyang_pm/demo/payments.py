"""Where the demo city's subsidy goes: accounts that are invented, entered and confirmed."""

import datetime as dt

from enterprises.models import Provider
from subsidies.services.payee_accounts import account_confirm, account_enter
from xingyang_pm.common import clock

from .people import Cast

BANKS = ("建行荥阳支行", "农商行荥阳支行", "工行荥阳支行", "邮储银行荥阳支行", "中行荥阳支行")
OPENED = dt.date(2017, 3, 21)


def account_number(index: int) -> str:
    """Return an invented number: no bank's numbers begin with 00."""
    return f"0041018200{index:04d}{(index * 7919 + 3317) % 10**5:05d}"


def accounts_make(cast: Cast) -> None:
    """Give every provider an account before the first payment."""
    for index, provider in enumerate(Provider.objects.order_by("code"), start=1):
        number = account_number(index)
        with clock.freeze(clock.at(OPENED, 9)):
            account = account_enter(
                provider=provider,
                holder=provider.name,
                bank=BANKS[index % len(BANKS)],
                number=number,
                effective_from=OPENED,
                basis="开户许可证复印件",
                actor=cast.finance,
            )
        with clock.freeze(clock.at(OPENED, 15)):
            account_confirm(account=account, number=number, actor=cast.manager)
