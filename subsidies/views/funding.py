"""Sources of money, the year's budget with what is used and left, the source of a claim."""

import io
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property

from subsidies import services
from subsidies.choices import BUDGET_KEEPERS, FUNDING_CHOOSERS
from subsidies.exports import XLSX, budget_workbook
from subsidies.filters import BudgetFilterSet, FundingFilterSet
from subsidies.forms import BudgetForm, ClaimFundForm, FundingForm, RouteForm
from subsidies.models import BudgetEntry, FundingSource, SubsidyClaim
from subsidies.selectors.funding import BudgetLine, budget_lines, source_of, years_known
from subsidies.tables import BudgetTable, FundingTable
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.money import money
from xingyang_pm.common.paging import whole
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    Panel,
    RecordPage,
    TablePanel,
    facts_of,
)

from .claims import claim_title, fact_rows

BUDGET = "subsidies:budget-list"


def asked_year(text: str | None) -> int:
    """Return the year of ``?year=``, else the newest with a budget or a claim, else this one."""
    year = whole(text, 0)
    if 2010 <= year <= 2100:
        return year
    known = years_known()
    return known[0] if known else clock.today().year


class BudgetList(ListPage):
    """The year's budget by source on top, below it every entry by its document."""

    model, table_class, filterset_class = BudgetEntry, BudgetTable, BudgetFilterSet
    title, unit = "年度预算", "条登记"
    template_name = "subsidies/budget_list.html"
    actions = [
        Action("资金来源", "subsidies:funding-list"),
        Action(
            "登记预算", "subsidies:budget-create", icon="plus", primary=True, roles=BUDGET_KEEPERS
        ),
    ]
    empty_text = "还没有登记预算。先登记资金来源，再按文件登记年初预算。"

    @cached_property
    def year(self) -> int:
        return asked_year(self.params.get("year"))

    def get_context(self, **extra: Any) -> dict[str, Any]:
        lines = budget_lines(self.year)
        return super().get_context(year=self.year, lines=lines, years=years_known(), **extra)


class BudgetCreate(FormPage):
    form_class, roles = BudgetForm, BUDGET_KEEPERS
    title, submit_label, list_url = "登记年度预算", "登记预算", BUDGET
    intro = "按预算文件登记，登记后不能修改或删除；以后有增减，登记一条调整并写明原因。"

    def get_initial(self) -> dict[str, Any]:
        asked = whole(self.request.GET.get("source"), 0)
        source = FundingSource.objects.visible_to(self.user).filter(pk=asked).first()
        return {"year": clock.today().year, "source": source}

    def perform(self, form: BudgetForm) -> BudgetEntry:
        return services.budget_record(actor=self.user, **form.cleaned_data)

    def get_success_url(self, result: BudgetEntry) -> str:
        return f"{self._resolve(BUDGET)}?year={result.year}"

    def done_message(self, result: BudgetEntry) -> str:
        return (
            f"已登记{result.source} {result.year}年{result.get_kind_display()} "
            f"{money(result.amount)} 元。"
        )


class BudgetDocument(DownloadPage):
    model, inline = BudgetEntry, True

    def get_download(self) -> Download | None:
        if not self.object.document:
            return None
        return Download(self.object.document_name or "预算文件", self.object.document)

    def audit_summary(self, download: Download) -> str:
        return ""


class BudgetWorkbook(DownloadPage):
    """The year's budget as the office's form."""

    verb = "export"

    def get_download(self) -> Download:
        paper = budget_workbook(asked_year(self.request.GET.get("year")), actor=self.user)
        return Download(paper.name, io.BytesIO(paper.content), XLSX)

    def audit_summary(self, download: Download) -> str:
        return ""  # recorded with its sum by the export


class FundingList(ListPage):
    model, table_class, filterset_class = FundingSource, FundingTable, FundingFilterSet
    title, unit = "资金来源", "个来源"
    menu = BUDGET
    actions = [
        Action(
            "登记来源", "subsidies:funding-create", icon="plus", primary=True, roles=BUDGET_KEEPERS
        ),
    ]
    empty_text = "还没有资金来源。按文件登记市级、街道等来源，写明拨付路径。"


class FundingDetail(RecordPage):
    model, list_url, menu = FundingSource, "subsidies:funding-list", BUDGET
    facts_title = "来源与依据"
    actions = [
        Action("改拨付路径", "subsidies:funding-route", by_pk=True, roles=BUDGET_KEEPERS),
    ]

    def get_meta(self) -> str:
        return str(self.object.get_route_display())

    def facts(self) -> Sequence[Fact]:
        source = self.object
        month = clock.chinese_month(source.default_from) if source.default_from else "不是默认来源"
        return [
            *facts_of(source, ["name", "route"]),
            Fact("默认起始月份", month),
            *facts_of(source, ["document_title", "document_number", "created_by", "created_at"]),
        ]

    def panels(self) -> Sequence[Panel]:
        entries = BudgetEntry.objects.visible_to(self.user).filter(source=self.object)
        return [
            TablePanel(
                "预算登记",
                BudgetTable,
                entries,
                empty_text="还没有登记预算。",
                user=self.user,
            )
        ]


class FundingCreate(FormPage):
    form_class, roles, menu = FundingForm, BUDGET_KEEPERS, BUDGET
    title, submit_label, list_url = "登记资金来源", "登记来源", "subsidies:funding-list"
    intro = "登记后只能改拨付路径。已登记的拨付保留当时的路径。"

    def perform(self, form: FundingForm) -> FundingSource:
        return services.funding_register(actor=self.user, **form.cleaned_data)

    def done_message(self, result: FundingSource) -> str:
        return f"已登记资金来源“{result}”。"


class FundingRoute(FormPage):
    model, form_class, roles = FundingSource, RouteForm, BUDGET_KEEPERS
    title, submit_label, list_url = "改拨付路径", "改路径", "subsidies:funding-list"
    menu = BUDGET
    intro = "只影响以后登记的拨付。"

    def get_title(self) -> str:
        return f"改拨付路径：{self.object}"

    def get_initial(self) -> dict[str, Any]:
        return {"route": self.object.route}

    def perform(self, form: RouteForm) -> FundingSource:
        return services.funding_route_change(
            source=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: FundingSource) -> str:
        return f"{result} 已改为{result.get_route_display()}。"


class ClaimFund(ActionPage):
    """Names another source for one claim, until it is approved."""

    model, form_class, roles = SubsidyClaim, ClaimFundForm, FUNDING_CHOOSERS
    submit_label, list_url = "指定资金来源", "subsidies:claim-list"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street__office")

    def get_title(self) -> str:
        return f"指定资金来源　{claim_title(self.object)}"

    @cached_property
    def source(self) -> FundingSource | None:
        return source_of(self.object)

    def sentence(self) -> str:
        now = f"现由{self.source}支付。" if self.source else "现在没有资金来源。"
        return f"{now}审批以前可以改由另一个来源支付，须写明原因。"

    def facts(self) -> Sequence[Fact]:
        return [*fact_rows(self.object), *map(_line_fact, self._lines())]

    def _lines(self) -> list[BudgetLine]:
        return budget_lines(self.object.month.year)

    def refusal(self) -> str:
        return "申报已审批，资金来源不能改动。" if self.object.is_settled else ""

    def perform(self, form: ClaimFundForm) -> SubsidyClaim:
        if form.cleaned_data["source"] is None:
            raise BusinessError("请选资金来源。", field="source")
        services.claim_fund(claim=self.object, actor=self.user, **form.cleaned_data)
        return self.object

    def done_message(self, result: SubsidyClaim) -> str:
        return "资金来源已指定。"


def _line_fact(line: BudgetLine) -> Fact:
    return Fact(f"{line.source} {line.year}年", f"余 {money(line.left)} 元")
