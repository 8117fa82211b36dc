"""What the subsidy shows on the records of the apps below: an estate's lines, a payee's money."""

from typing import Any

from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate
from subsidies.choices import ACCOUNT_KEEPERS
from subsidies.models import PayeeAccount, Payment, SubsidyLine
from subsidies.tables import EstateLineTable, ProviderAccountTable, ProviderPaymentTable
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import number
from xingyang_pm.common.views.generic import Panel, TablePanel

SHOWN = 36


def estate_lines(estate: Estate, user: Any) -> list[Panel]:
    """The tab 补贴 of an estate: its lines with their explanation, the newest month first."""
    rows = SubsidyLine.objects.visible_to(user).filter(estate=estate)
    settled = rows.settled().total()
    return [
        TablePanel(
            "补贴明细",
            EstateLineTable,
            rows.select_related("claim", "payee"),
            meta=f"已审批合计 {number(settled, 2)} 元",
            empty_text="还没有补贴明细。月度申报开账后，在管的老旧小区会列在这里。",
            limit=SHOWN,
            user=user,
        )
    ]


def estate_line_count(estate: Estate, user: Any) -> int:
    return SubsidyLine.objects.visible_to(user).filter(estate=estate).count()


def provider_payments(provider: Provider, user: Any) -> Panel:
    """The tab 补贴 of a provider: what it was paid, the newest first."""
    rows = Payment.objects.visible_to(user).filter(payee=provider)
    return TablePanel(
        "拨付",
        ProviderPaymentTable,
        rows.with_transit(),
        meta=f"合计 {number(rows.standing().total(), 2)} 元",
        empty_text="还没有拨付。申报审批后由财务登记。",
        limit=SHOWN,
        user=user,
    )


def provider_accounts(provider: Provider, user: Any) -> Panel:
    """The tab 收款账户 of a provider: all its accounts by their last digits, the newest first."""
    create = f"{reverse('subsidies:account-create')}?provider={provider.pk}"
    return TablePanel(
        "收款账户",
        ProviderAccountTable,
        PayeeAccount.objects.visible_to(user).filter(provider=provider),
        links=[("登记账户", create)] if holds(user, ACCOUNT_KEEPERS) else (),
        empty_text="还没有收款账户。登记并由另一人确认后才能拨付。",
        limit=SHOWN,
        user=user,
    )
