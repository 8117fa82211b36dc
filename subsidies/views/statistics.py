"""补贴统计: the money of a period from its sides, each figure with the list that it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.urls import reverse

from subsidies.choices import ClaimStage, ClaimStatus
from subsidies.selectors.income import Income, IncomeBy, income
from subsidies.selectors.statistics import (
    CoverageRow,
    Money,
    MoneyRow,
    Span,
    StageDays,
    claim_places,
    coverage_over,
    money_of,
    months_unsettled,
    stage_days,
)
from subsidies.tables import (
    ClaimPlaceTable,
    CostTable,
    CoverageTable,
    MoneyTable,
    StageDaysTable,
)
from xingyang_pm.common import clock
from xingyang_pm.common.charts import Chart, Series
from xingyang_pm.common.money import money
from xingyang_pm.common.spreadsheets.writer import StreamedWorkbook
from xingyang_pm.common.tables import Table
from xingyang_pm.common.views.exporting import sheet_columns, sheet_rows
from xingyang_pm.common.views.generic import (
    Action,
    Download,
    DownloadPage,
    Panel,
    TablePanel,
    TemplatePage,
)

from .income import Period

SHOWN = 100
# So many streets are told apart in the stacked columns; the others stand together.
APART = 5
# The state in which a claim waits for the stage.
WAITS_IN = {
    ClaimStage.SUBMIT: ClaimStatus.DRAFT,
    ClaimStage.REVIEW: ClaimStatus.SUBMITTED,
    ClaimStage.CHECK: ClaimStatus.REVIEWED,
    ClaimStage.APPROVE: ClaimStatus.CHECKED,
    ClaimStage.PAY: ClaimStatus.APPROVED,
}


@dataclass(frozen=True)
class Section:
    """One table of the page and of the workbook."""

    title: str
    table: type[Table]
    rows: Sequence[Any]
    empty: str = "这段时间没有。"


class _Statistics(Period):
    """What the page and its workbook share."""

    @cached_property
    def span(self) -> Span:
        first, last = self.months
        return Span(first, last, self.street.pk if self.street else None)

    @cached_property
    def money(self) -> Money:
        found = money_of(self.span, self.user)
        for rows, name in ((found.by_street, "street"), (found.by_payee, "provider")):
            for row in rows:
                row.url = self.lines(**{name: row.key})
        for row in found.by_month:
            row.url = self.lines(since=f"{row.key:%Y-%m}", until=f"{row.key:%Y-%m}")
        return found

    def lines(self, **more: Any) -> str:
        return f"{reverse('subsidies:line-list')}?{self.period_query(**more)}&settled=1"

    @cached_property
    def coverage(self) -> list[CoverageRow]:
        return coverage_over(self.span, self.user)

    @cached_property
    def cost(self) -> list[Income]:
        rows = income(self.span.first, self.span.last, self.user, IncomeBy.MONTH, self.span.street)
        unsettled = months_unsettled(self.span, self.user)
        for row in rows:
            row.note = "还有申报未审批" if row.key in unsettled else ""
            month = f"{row.key:%Y-%m}"
            query = self.period_query(since=month, until=month)
            row.url = f"{reverse('subsidies:income')}?by=street&{query}"
            row.fee_url = f"{reverse('subsidies:fee-list')}?{query}" if row.fee else ""
            row.subsidy_url = self.lines(since=month, until=month) if row.subsidy else ""
        return rows

    @cached_property
    def stages(self) -> list[StageDays]:
        rows = stage_days(self.span, self.user)
        for row in rows:
            query = self.period_query(status=WAITS_IN[ClaimStage(row.stage)].value)
            row.url = f"{reverse('subsidies:claim-list')}?{query}"
        return rows

    @cached_property
    def sections(self) -> list[Section]:
        return [
            Section("按街道（乡镇）", MoneyTable, self.money.by_street),
            Section("按收款单位", MoneyTable, self.money.by_payee),
            Section("按月", MoneyTable, self.money.by_month),
            Section("覆盖和户数", CoverageTable, self.coverage),
            Section("每户成本", CostTable, self.cost),
            Section(
                "申报现在在哪里",
                ClaimPlaceTable,
                claim_places(self.span, self.user),
                "没有在办的申报。",
            ),
            Section("各环节用时", StageDaysTable, self.stages),
        ]


class Statistics(_Statistics, TemplatePage):
    title = "补贴统计"
    template_name = "subsidies/statistics.html"

    def get_meta(self) -> str:
        return f"{self.note()}　已审批 {money(self.money.total)} 元"

    def get_actions(self) -> list[Action]:
        address = f"{reverse('subsidies:statistics-workbook')}?{self.period_query()}"
        return [
            Action("收入构成", f"{reverse('subsidies:income')}?{self.period_query()}"),
            Action("导出这些表", address, icon="file-spreadsheet", download=True),
        ]

    def charts(self) -> list[Chart]:
        months = self.span.months
        labels = [f"{month:%Y-%m}" for month in months]
        cost = {row.key: row.per_household for row in self.cost if not row.note}
        return [
            Chart(
                key="money-months",
                title="每月补贴",
                kind="bars",
                labels=labels,
                series=self.stacks(),
                urls=[self.lines(since=label, until=label) for label in labels],
                note="元，已审批",
                label_head="月份",
                empty_text="这段时间没有已审批的补贴。",
            ),
            Chart(
                key="coverage",
                title="老旧小区覆盖率",
                kind="line",
                labels=labels,
                series=[Series("小区覆盖率", [row.rate for row in self.coverage])],
                note="%，月末在管的比全部",
                label_head="月份",
                places=1,
                low=0,
                high=100,
                step=20,
            ),
            Chart(
                key="households",
                title="在管户数",
                kind="line",
                labels=labels,
                series=[Series("在管户数", [row.households for row in self.coverage])],
                note="户，已核定",
                label_head="月份",
            ),
            Chart(
                key="cost",
                title="每户每月成本",
                kind="line",
                labels=labels,
                series=[Series("每户成本", [cost.get(month) for month in months])],
                note="元，交费加补贴，全部审批的月份",
                label_head="月份",
                places=2,
                low=0,
                empty_text="这段时间没有交费，也没有已审批的补贴。",
            ),
        ]

    def stacks(self) -> list[Series]:
        """Return a series for each of the largest streets, and one for all others."""
        months, found = self.span.months, self.money
        apart, others = found.by_street[:APART], found.by_street[APART:]

        def values(rows: Sequence[MoneyRow]) -> list[Any]:
            return [sum(found.stacked.get((month, row.key), 0) for row in rows) for month in months]

        series = [Series(row.name, values([row])) for row in apart]
        return [*series, Series("其他街道", values(others))] if others else series

    def panels(self) -> list[Panel]:
        charts = [
            Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}, half=True)
            for chart in self.charts()
        ]
        tables = [
            TablePanel(
                section.title, section.table, section.rows, limit=SHOWN, user=self.user,
                empty_text=section.empty,
            )
            for section in self.sections
        ]  # fmt: skip
        return [*charts, *tables]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        first, last = self.months
        return super().get_context(
            since=f"{first:%Y-%m}", until=f"{last:%Y-%m}", panels=self.panels(), **extra
        )


class StatisticsWorkbook(_Statistics, DownloadPage):
    """The tables of the page as one workbook, a sheet each."""

    verb, audit_tag = "export", "导出"

    def get_download(self) -> Download:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "statistics.xlsx"
            with StreamedWorkbook(office=settings.OFFICE_NAME, made_by=self.user.name) as book:
                for section in self.sections:
                    table = section.table(user=self.user)
                    book.table(
                        title=section.title,
                        columns=sheet_columns(table.shown()),
                        rows=sheet_rows(table, section.rows),
                        filters=self.note(),
                        expected_rows=len(section.rows),
                    )
                book.save(path)
            content = path.read_bytes()
        return Download(f"补贴统计 {clock.today():%Y%m%d}.xlsx", content)

    def audit_summary(self, download: Download) -> str:
        return f"导出“补贴统计”（{self.note()}）"
