"""The tab 交费 of an old estate: its curve and its months."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from estates.models import Estate
from subsidies.models import FeeCollection
from subsidies.selectors.fees import fees_by_month
from subsidies.tables import EstateFeeTable
from xingyang_pm.common.charts import Chart, Series
from xingyang_pm.common.money import money
from xingyang_pm.common.views.generic import Panel, TablePanel

SHOWN = 36


def estate_fees(estate: Estate, user: Any) -> list[Panel]:
    rows = FeeCollection.objects.visible_to(user).filter(estate=estate).current()
    months = fees_by_month(rows)[-SHOWN:]
    chart = Chart(
        key="estate-fees",
        title="收缴率",
        kind="line",
        labels=[f"{row.month:%Y-%m}" for row in months],
        series=[
            Series("按金额", [row.sums.collection_rate for row in months]),
            Series("按户", [row.sums.household_rate for row in months], quiet=True),
        ],
        places=1,
        low=0,
        high=100,
        step=20,
        note=f"%，低于 {settings.FEE_LOW_PERCENT}% 为偏低",
        label_head="月份",
        empty_text="还没有填报。",
    )
    newest = rows.order_by("-month").with_arrears().values_list("arrears", flat=True).first()
    meta = "" if newest is None else f"欠费合计 {money(newest)} 元"
    return [
        Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}),
        TablePanel(
            "业主交费",
            EstateFeeTable,
            rows.with_rate().with_arrears(),
            meta=meta,
            links=[
                (
                    "收入构成",
                    f"{reverse('subsidies:income')}?by=estate&street={estate.street_id}",
                )
            ],
            empty_text="还没有业主交费。街道经办按月填报，确认后列在这里。",
            limit=SHOWN,
            user=user,
        ),
    ]


def estate_fee_count(estate: Estate, user: Any) -> int:
    return FeeCollection.objects.visible_to(user).filter(estate=estate).current().count()
