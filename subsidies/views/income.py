"""收入构成: what the service of old estates lives on, by estate, provider, street and month."""

import datetime as dt
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404
from django.urls import reverse

from estates.models import Street
from subsidies.selectors.income import INCOME_LABELS, Income, IncomeBy, income
from subsidies.tables import IncomeTable
from xingyang_pm.common import clock
from xingyang_pm.common.charts import Chart, Series
from xingyang_pm.common.money import money
from xingyang_pm.common.spreadsheets.writer import StreamedWorkbook
from xingyang_pm.common.views.exporting import sheet_columns, sheet_rows
from xingyang_pm.common.views.generic import (
    Action,
    Download,
    DownloadPage,
    Panel,
    TablePanel,
    TemplatePage,
)

from .papers import month_of

SHOWN = 500
# A longer period would be read into memory whole.
MOST_MONTHS = 36


def month_or(text: str, otherwise: dt.date) -> dt.date:
    """Return the month that ``text`` (2026-10) names, ``otherwise`` for what is none."""
    try:
        return month_of(text)
    except Http404:
        return otherwise


class Period:
    """The months and the street that a page of sums is asked for; what cannot be read is the
    last twelve months that are over, of all streets."""

    request: Any
    user: Any

    @cached_property
    def streets(self) -> list[Street]:
        return list(Street.objects.visible_to(self.user).order_by("code"))

    @cached_property
    def street(self) -> Street | None:
        asked = self.request.GET.get("street", "")
        return next((row for row in self.streets if str(row.pk) == asked), None)

    @cached_property
    def months(self) -> tuple[dt.date, dt.date]:
        """First and last month, in order; of a period that is too long its end."""
        past = clock.add_months(clock.today(), -1)
        until = month_or(self.request.GET.get("until", ""), past)
        since = month_or(self.request.GET.get("since", ""), clock.add_months(until, -11))
        first, last = min(since, until), max(since, until)
        return max(first, clock.add_months(last, 1 - MOST_MONTHS)), last

    def note(self) -> str:
        first, last = self.months
        when = clock.chinese_month(first)
        if last != first:
            when = f"{when}至{clock.chinese_month(last)}"
        return f"{when}；{self.street.name}" if self.street else when

    def period_query(self, **more: Any) -> str:
        first, last = self.months
        query = {
            "since": f"{first:%Y-%m}",
            "until": f"{last:%Y-%m}",
            "street": self.street.pk if self.street else "",
            **more,
        }
        return urlencode({key: value for key, value in query.items() if value not in {"", None}})


class _Income(Period):
    @cached_property
    def by(self) -> IncomeBy:
        try:
            return IncomeBy(self.request.GET.get("by", ""))
        except ValueError:
            return IncomeBy.STREET

    def rows_by(self, by: IncomeBy) -> list[Income]:
        first, last = self.months
        rows = income(first, last, self.user, by, self.street.pk if self.street else None)
        for row in rows:
            self.link(row, by)
        return rows

    def link(self, row: Income, by: IncomeBy) -> None:
        """Give the row the addresses of the lists that its figures count."""
        fees, lines = reverse("subsidies:fee-list"), reverse("subsidies:line-list")
        if by is IncomeBy.ESTATE:
            row.url = f"{reverse('estates:estate-detail', args=[row.key])}?tab=fees"
            query = self.period_query(estate=row.key)
        elif by is IncomeBy.PROVIDER:
            if row.key is None:
                return
            row.url = reverse("enterprises:provider-detail", args=[row.key])
            query = self.period_query(provider=row.key)
        elif by is IncomeBy.STREET:
            query = self.period_query(street=row.key)
            row.url = f"{reverse('subsidies:income')}?by=estate&{query}"
        else:
            month = f"{row.key:%Y-%m}"
            query = self.period_query(since=month, until=month)
            row.url = f"{reverse('subsidies:income')}?by=street&{query}"
        row.fee_url = f"{fees}?{query}" if row.fee else ""
        row.subsidy_url = f"{lines}?{query}&settled=1" if row.subsidy else ""

    @cached_property
    def rows(self) -> list[Income]:
        return self.rows_by(self.by)


class IncomePage(_Income, TemplatePage):
    title, menu = "收入构成", "subsidies:fee-list"
    template_name = "subsidies/income.html"

    def get_meta(self) -> str:
        return f"{self.note()}　业主交费为填报确认的实收，补贴为已审批的金额"

    def get_actions(self) -> list[Action]:
        address = f"{reverse('subsidies:income-workbook')}?{self.period_query()}"
        return [Action("导出这些表", address, icon="file-spreadsheet", download=True)]

    def chart(self) -> Chart:
        months = self.rows_by(IncomeBy.MONTH)
        return Chart(
            key="income-months",
            title="每月收入",
            kind="bars",
            labels=[f"{row.key:%Y-%m}" for row in months],
            series=[
                Series("财政补贴", [row.subsidy for row in months]),
                Series("业主交费", [row.fee for row in months]),
            ],
            urls=[row.url for row in months],
            note="元",
            label_head="月份",
            empty_text="这段时间没有交费，也没有已审批的补贴。",
        )

    def panels(self) -> list[Panel]:
        chart = self.chart()
        return [
            Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}),
            TablePanel(
                f"收入构成（{INCOME_LABELS[self.by]}）",
                IncomeTable,
                self.rows,
                meta=f"合计 {money(sum((row.total for row in self.rows), start=0))} 元",
                empty_text="这段时间没有交费，也没有已审批的补贴。",
                limit=SHOWN,
                user=self.user,
            ),
        ]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        first, last = self.months
        return super().get_context(
            since=f"{first:%Y-%m}",
            until=f"{last:%Y-%m}",
            by=self.by.value,
            choices=[
                (by.value, label, f"?{self.period_query(by=by.value)}")
                for by, label in INCOME_LABELS.items()
            ],
            panels=self.panels(),
            **extra,
        )


class IncomeWorkbook(_Income, DownloadPage):
    """The income by street, provider, estate and month, a sheet each."""

    verb, audit_tag = "export", "导出"

    def get_download(self) -> Download:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "income.xlsx"
            with StreamedWorkbook(office=settings.OFFICE_NAME, made_by=self.user.name) as book:
                for by, label in INCOME_LABELS.items():
                    rows = self.rows_by(by)
                    table = IncomeTable(user=self.user)
                    book.table(
                        title=f"收入构成（{label}）",
                        columns=sheet_columns(table.shown()),
                        rows=sheet_rows(table, rows),
                        filters=self.note(),
                        expected_rows=len(rows),
                    )
                book.save(path)
            content = path.read_bytes()
        return Download(f"收入构成 {clock.today():%Y%m%d}.xlsx", content)

    def audit_summary(self, download: Download) -> str:
        return f"导出“收入构成”（{self.note()}）"
