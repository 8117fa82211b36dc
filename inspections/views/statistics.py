"""检查统计: what a period of inspections says, each figure with the list that it counts."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from estates.models import Street
from inspections import selectors
from inspections.choices import ChecklistKind
from inspections.exports import findings_form
from inspections.filters import FindingFilterSet
from inspections.models import ItemResult
from inspections.tables import (
    DisclosureTable,
    FindingTable,
    FirmClosingTable,
    ProblemHeadingTable,
    ProblemKindTable,
    ProblemTable,
    StreetClosingTable,
    StreetResultTable,
)
from xingyang_pm.common import audit, clock
from xingyang_pm.common.charts import Chart, Series
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.spreadsheets.official import write_form
from xingyang_pm.common.spreadsheets.writer import StreamedWorkbook
from xingyang_pm.common.tables import Table
from xingyang_pm.common.views.exporting import sheet_columns
from xingyang_pm.common.views.generic import (
    Action,
    Download,
    DownloadPage,
    ListPage,
    Panel,
    TablePanel,
    TemplatePage,
)

OFFICIAL_ROWS = 5000
SHOWN = 100


class FindingList(ListPage):
    """检查明细: failed items of reported inspections; exported as the office's own form."""

    model, table_class, filterset_class = ItemResult, FindingTable, FindingFilterSet
    title, unit = "检查明细", "个不合格项"
    export_name = "检查明细"
    empty_text = "没有不合格项。检查上报后，不合格的项目列在这里。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().problems()

    def write_export(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        rows = self.filtered_rows()
        expected = rows.count()
        if expected > OFFICIAL_ROWS:  # the form is held in memory; a long list is streamed
            return super().write_export(target, progress)
        sort = self.table.sort_of(self.params.get("sort"))
        ordered = list(self.table.in_order(rows, self.export_columns(), sort))
        form = findings_form(ordered, self.user, self.export_note())
        if len(form.sections[0].rows) != expected:
            raise BusinessError("导出时表中有变动，没有导出，请再导出一次。", code="row_count")
        write_form(target, form)
        audit.record(
            actor=self.user,
            verb="export",
            target=None,
            summary=f"导出“检查明细” {expected} 行（{self.export_note()}）",
            tag="导出",
        )
        return expected


@dataclass(frozen=True)
class Linked:
    """A row of the statistics (``of``) with the lists that its figures count."""

    of: Any
    url: str = ""
    failed_url: str = ""
    on_site_url: str = ""
    done_url: str = ""
    closed_url: str = ""
    overdue_url: str = ""


@dataclass(frozen=True)
class Section:
    """One table of the page and of the workbook."""

    title: str
    table: type[Table]
    rows: Sequence[Linked]


class _Statistics:
    """What the page and its workbook share: the extent asked for, and the tables over it."""

    request: Any
    user: Any

    @cached_property
    def streets(self) -> list[Street]:
        return list(Street.objects.visible_to(self.user).order_by("code"))

    @cached_property
    def extent(self) -> selectors.Extent:
        """Read the period, kind and street; what cannot be read is this year, all kinds, all
        streets. A period the wrong way round is turned."""
        params, today = self.request.GET, clock.today()
        since = _day(params.get("since")) or dt.date(today.year, 1, 1)
        until = _day(params.get("until")) or today
        since, until = min(since, until), max(since, until)
        kind = params.get("kind", "")
        asked = params.get("street", "")
        street = next((row.pk for row in self.streets if str(row.pk) == asked), None)
        return selectors.Extent(since, until, kind if kind in ChecklistKind.values else "", street)

    def address(self, name: str, **more: Any) -> str:
        """Return the address of a list over the same period, kind and street."""
        extent = self.extent
        orders = name == "order-list"
        query = {
            "issued_from" if orders else "since": extent.since.isoformat(),
            "issued_to" if orders else "until": extent.until.isoformat(),
            "checklist" if orders else "kind": extent.kind,
            "street": extent.street_id or "",
            **more,
        }
        kept = {key: value for key, value in query.items() if value not in {"", None}}
        return f"{reverse(f'inspections:{name}')}?{urlencode(kept)}"

    @cached_property
    def by_street(self) -> list[Linked]:
        return [
            Linked(
                row,
                url=self.address("inspection-list", street=row.street_id, status="counted"),
                failed_url=self.address("finding-list", street=row.street_id),
                **self.closing_addresses(street=row.street_id),
            )
            for row in selectors.results_by_street(self.extent, self.user)
        ]

    @cached_property
    def disclosure(self) -> list[Linked]:
        return [
            Linked(row, url=self.address("finding-list", disclosure=row.name))
            for row in selectors.disclosure_by_item(self.extent, self.user)
        ]

    def problems(self, level: str) -> list[Linked]:
        linked = []
        for row in selectors.problems_by(self.extent, self.user, level):
            where = {"kind": row.code, "heading": row.heading, "item": row.text}
            url = self.address("finding-list", **where)
            linked.append(Linked(row, url=url, **self.closing_addresses(**where)))
        return linked

    def closing_addresses(self, **where: Any) -> dict[str, str]:
        """Return the addresses of the problems ``where`` that were mended on the spot, and of all
        that are done with."""
        return {
            "on_site_url": self.address("finding-list", closing="on_site", **where),
            "done_url": self.address("finding-list", closing="closed", **where),
        }

    @cached_property
    def closing(self) -> tuple[list[Linked], list[Linked]]:
        by_street, by_firm = selectors.closing_by(self.extent, self.user)

        def linked(key: str, row: selectors.Closing) -> Linked:
            where = {key: row.key}
            if row.key is None:  # no firm is registered: no list can be told from all others
                return Linked(row)
            return Linked(
                row,
                url=self.address("order-list", state="standing", **where),
                closed_url=self.address("order-list", state="closed", **where),
                overdue_url=self.address("order-list", state="overdue", **where),
            )

        return (
            [linked("street", row) for row in by_street],
            [linked("provider", row) for row in by_firm],
        )

    @cached_property
    def sections(self) -> list[Section]:
        by_street, by_firm = self.closing
        return [
            Section("各街道（乡镇）检查情况", StreetResultTable, self.by_street),
            Section("公示情况", DisclosureTable, self.disclosure),
            Section("问题按检查类别", ProblemKindTable, self.problems("kind")),
            Section("问题按大项", ProblemHeadingTable, self.problems("heading")),
            Section("最多的问题", ProblemTable, self.problems("item")),
            Section("各街道（乡镇）整改销号", StreetClosingTable, by_street),
            Section("各企业整改销号", FirmClosingTable, by_firm),
        ]

    def note(self) -> str:
        extent = self.extent
        street = next((row.name for row in self.streets if row.pk == extent.street_id), "")
        parts = [f"{extent.since} 至 {extent.until}"]
        parts += [ChecklistKind(extent.kind).label] if extent.kind else []
        parts += [street] if street else []
        return "；".join(parts)


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None


class Statistics(_Statistics, TemplatePage):
    title = "检查统计"
    template_name = "inspections/statistics.html"

    def get_meta(self) -> str:
        return self.note()

    def get_actions(self) -> list[Action]:
        query = self.request.GET.urlencode()
        address = reverse("inspections:statistics-workbook") + (f"?{query}" if query else "")
        return [Action("导出这些表", address, icon="file-spreadsheet", download=True)]

    def charts(self) -> list[Chart]:
        streets = [row for row in self.by_street if row.of.rate is not None]
        streets.sort(key=lambda row: row.of.rate, reverse=True)
        headings = self.problems("heading")[:12]
        closing = [row for row in self.closing[0] if row.of.rate is not None]
        closing.sort(key=lambda row: row.of.rate, reverse=True)
        percent = {"kind": "dots", "places": 1, "low": 0, "high": 100, "step": 20}
        return [
            Chart(
                key="disclosure-items",
                title="各项公示率",
                labels=[row.of.name for row in self.disclosure],
                series=[Series("公示率", [row.of.rate for row in self.disclosure])],
                urls=[row.url for row in self.disclosure],
                note="%，查到的次数中没有缺项的",
                label_head="公示内容",
                empty_text="这段时间没有查公示。",
                **percent,
            ),
            Chart(
                key="disclosure-streets",
                title="各街道（乡镇）公示齐全率",
                labels=[row.of.street for row in streets],
                series=[Series("齐全率", [row.of.rate for row in streets])],
                urls=[row.url for row in streets],
                note="%，各项都齐全的检查次数",
                label_head="街道（乡镇）",
                empty_text="这段时间没有查公示。",
                **percent,
            ),
            Chart(
                key="problem-headings",
                title="问题最多的大项",
                kind="dots",
                labels=[row.of.heading for row in headings],
                series=[Series("不合格", [row.of.count for row in headings])],
                urls=[row.url for row in headings],
                note="次",
                label_head="大项",
                low=0,
                empty_text="这段时间没有不合格项。",
            ),
            Chart(
                key="closing-streets",
                title="各街道（乡镇）整改销号率",
                labels=[row.of.name for row in closing],
                series=[Series("销号率", [row.of.rate for row in closing])],
                urls=[row.url for row in closing],
                note="%，这段时间下达的通知书",
                label_head="街道（乡镇）",
                empty_text="这段时间没有下达通知书。",
                **percent,
            ),
        ]

    def panels(self) -> list[Panel]:
        charts = [
            Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}, half=True)
            for chart in self.charts()
        ]
        tables = [
            TablePanel(
                section.title, section.table, section.rows, limit=SHOWN, user=self.user,
                empty_text="这段时间没有。",
            )
            for section in self.sections
        ]  # fmt: skip
        return [*charts, *tables]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(
            extent=self.extent,
            streets=self.streets,
            kinds=ChecklistKind.choices,
            panels=self.panels(),
            **extra,
        )


class StatisticsWorkbook(_Statistics, DownloadPage):
    """The tables of the page as one workbook, a sheet each."""

    verb, audit_tag = "export", "导出"

    def get_download(self) -> Download:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "statistics.xlsx"
            with StreamedWorkbook(office=settings.OFFICE_NAME, made_by=self.user.name) as book:
                for section in self.sections:
                    columns = section.table(user=self.user).shown()
                    book.table(
                        title=section.title,
                        columns=sheet_columns(columns),
                        rows=[
                            [_exported(column, row) for column in columns] for row in section.rows
                        ],
                        filters=self.note(),
                        expected_rows=len(section.rows),
                    )
                book.save(path)
            content = path.read_bytes()
        return Download(f"检查统计 {clock.today():%Y%m%d}.xlsx", content)

    def audit_summary(self, download: Download) -> str:
        return f"导出“检查统计”（{self.note()}）"


def _exported(column: Any, row: Linked) -> Any:
    value = column.value(row)
    # The sheet's own percent format multiplies by 100.
    return value / 100 if column.kind == "percent" and value is not None else value
