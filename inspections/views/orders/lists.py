"""The list of orders and the ledger of their items."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inspections.choices import OrderStatus, ProblemKind
from inspections.exports import ledger_form
from inspections.filters import LedgerFilterSet, OrderFilterSet
from inspections.models import ItemResult, RectificationOrder
from inspections.selectors import closing_figures, found_photos, repair_photos
from inspections.tables import LedgerTable, OrderTable, ledger_record, line_of
from inspections.views.photos import photo_pairs
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.spreadsheets.official import write_form
from xingyang_pm.common.tables import Column
from xingyang_pm.common.views.generic import (
    ListPage,
    PortalView,
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


def _state_chip(label: str, state: str, narrow: Callable[[Any], Any]) -> SavedChip:
    """Return the chip of problems not done with whose orders ``narrow`` leaves."""

    def count(view: Any) -> int:
        orders = narrow(RectificationOrder.objects.visible_to(view.user))
        return view.get_rows().under(orders).count()

    return SavedChip(label, f"state={state}", count=count)


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
    """整改台账: one line per problem; exported as the office's own form."""

    model, table_class, filterset_class = ItemResult, LedgerTable, LedgerFilterSet
    title, unit = "整改台账", "项问题"
    export_name = "整改台账"
    empty_text = "还没有要整改的问题。当场改正的和下达了整改的，这里各有一行。"
    views = [
        _state_chip("已逾期", "overdue", lambda orders: orders.overdue(clock.today())),
        _state_chip("在办", "open", lambda orders: orders.open()),
        SavedChip(
            "当场改正",
            f"kind={ProblemKind.ON_SITE}",
            count=lambda view: view.get_rows().filter(fixed_on_site=True).count(),
        ),
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().in_ledger()

    def count_line(self, count: int, totals: dict[str, Any]) -> SafeString:
        figures = closing_figures(self.filtered_rows())
        return format_html("{}{}", count_line((count, self.unit)), f"，{figures.words}")

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


class LedgerPhotos(PortalView):
    """What a line of the ledger shows when it is opened: its photos, and what was done."""

    model, list_url = ItemResult, LEDGER
    template_name = "inspections/_ledger_photos.html"

    def get_rows(self) -> QuerySet:
        return super().get_rows().in_ledger().for_ledger()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the inside of the row; asked for alone, with the record it stands in."""
        if not getattr(request, "htmx", None):
            return HttpResponseRedirect(ledger_record(self.object))
        return self.render()

    def get_context(self, **extra: Any) -> dict[str, Any]:
        result = self.object
        found, repaired = found_photos(result), repair_photos(result)
        return super().get_context(
            pairs=photo_pairs(found, repaired, result.item.text),
            line=line_of(result),
            record_url=ledger_record(result),
            **extra,
        )
