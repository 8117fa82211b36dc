"""The list of orders and the ledger of their items."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.models import Count, QuerySet

from inspections.choices import COUNTED, OrderStatus
from inspections.exports import ledger_form
from inspections.filters import LedgerFilterSet, OnSiteFilterSet, OrderFilterSet
from inspections.models import (
    ItemResult,
    RectificationItem,
    RectificationOrder,
)
from inspections.tables import LedgerTable, OnSiteTable, OrderTable
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.spreadsheets.official import write_form
from xingyang_pm.common.tables import Column
from xingyang_pm.common.views.generic import (
    Action,
    ListPage,
    SavedChip,
    count_line,
)

LIST = "inspections:order-list"
LEDGER = "inspections:ledger-list"
OFFICIAL_ROWS = 5000


def overdue_chip() -> SavedChip:
    return SavedChip(
        "已逾期",
        "state=overdue",
        count=lambda view: (
            RectificationOrder.objects.visible_to(view.user).overdue(clock.today()).count()
        ),
    )


class OrderList(ListPage):
    model, table_class, filterset_class = RectificationOrder, OrderTable, OrderFilterSet
    title, unit = "限期整改通知书", "份"
    empty_text = "还没有整改通知书和整改单。从检查记录的不合格项下达。"
    views = [
        overdue_chip(),
        SavedChip(
            "待回复",
            "state=issued",
            count=lambda view: view.get_rows().filter(status=OrderStatus.ISSUED).count(),
        ),
        SavedChip(
            "待复查",
            "state=replied",
            count=lambda view: view.get_rows().waiting_for_recheck().count(),
        ),
        SavedChip(
            "照片有疑点",
            "photos=doubtful",
            count=lambda view: view.get_rows().doubtful().count(),
        ),
        SavedChip(
            "已移交",
            "state=transferred",
            count=lambda view: view.get_rows().filter(status=OrderStatus.TRANSFERRED).count(),
        ),
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().annotate(item_total=Count("items"))

    def count_line(self, count: int, totals: dict[str, Any]) -> str:
        today = clock.today()
        late = self.filtered_rows().overdue(today).count()
        return count_line((count, "份"), (late, "份逾期"))


class LedgerList(ListPage):
    """整改台账: one line per item; exported as the office's own form."""

    model, table_class, filterset_class = RectificationItem, LedgerTable, LedgerFilterSet
    title, unit = "整改台账", "项整改"
    export_name = "整改台账"
    empty_text = "还没有下达整改。"
    actions = [Action("立行立改", "inspections:on-site-list", icon="checks")]
    views = [overdue_chip(), SavedChip("在办", "state=open")]

    def export_columns(self) -> list[Column]:
        names = set(LedgerTable.office_columns)
        return [column for column in self.table.available if column.name in names]

    def write_export(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        rows = self.filtered_rows()
        expected = rows.count()
        if expected > OFFICIAL_ROWS:  # the form is held in memory; a long list is streamed
            return super().write_export(target, progress)
        sort = self.table.sort_of(self.params.get("sort"))
        ordered = list(self.table.in_order(rows, self.export_columns(), sort))
        form = ledger_form(ordered, self.user, self.export_note())
        if len(form.sections[0].rows) != expected:
            raise BusinessError("导出时表中有变动，没有导出，请再导出一次。", code="row_count")
        write_form(target, form)
        audit.record(
            actor=self.user,
            verb="export",
            target=None,
            summary=f"导出“整改台账” {expected} 行（{self.export_note()}）",
            tag="导出",
        )
        return expected


class OnSiteList(ListPage):
    """立行立改: what was put right before the inspector left."""

    model, table_class, filterset_class = ItemResult, OnSiteTable, OnSiteFilterSet
    title, unit = "立行立改", "项立行立改"
    empty_text = "还没有当场改正的问题。检查时对不合格项选“当场已改正”，这里就有一行。"
    menu = LEDGER
    actions = [Action("整改台账", LEDGER, icon="list-details")]

    def get_rows(self) -> QuerySet:
        return super().get_rows().filter(fixed_on_site=True, inspection__status__in=COUNTED)
