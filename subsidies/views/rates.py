"""The rates."""

from collections.abc import Sequence

from subsidies import services
from subsidies.choices import RATE_EDITORS
from subsidies.filters import RateFilterSet
from subsidies.forms import RateForm
from subsidies.models import SubsidyRate
from subsidies.tables import RateTable
from xingyang_pm.common import clock
from xingyang_pm.common.money import money
from xingyang_pm.common.views.generic import (
    Action,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    RecordPage,
    facts_of,
)


class RateList(ListPage):
    model, table_class, filterset_class = SubsidyRate, RateTable, RateFilterSet
    title, unit = "补贴标准", "个标准"
    actions = [
        Action("考核系数", "subsidies:coefficient-list", icon="chart-bar"),
        Action("办理规程", "subsidies:scheme-list", icon="list-check"),
        Action("登记标准", "subsidies:rate-create", icon="plus", primary=True, roles=RATE_EDITORS),
    ]
    empty_text = "还没有补贴标准。登记后才能开账，须写明依据文件。"


class RateDetail(RecordPage):
    model = SubsidyRate
    list_url = "subsidies:rate-list"
    facts_title = "标准与依据"
    actions = [
        Action(
            "查看文件",
            "subsidies:rate-document",
            icon="paperclip",
            by_pk=True,
            show=lambda view: bool(view.object.document),
        ),
    ]

    def get_title(self) -> str:
        return f"补贴标准 每户每月 {self.object.amount:.2f} 元"

    def get_meta(self) -> str:
        return f"{clock.chinese_month(self.object.effective_from)}起执行，登记后不能修改"

    def facts(self) -> Sequence[Fact]:
        return [
            Fact("标准", f"{money(self.object.amount)} 元/户·月"),
            Fact("执行月份", clock.chinese_month(self.object.effective_from)),
            *facts_of(
                self.object,
                ["month_rule", "document_title", "document_number", "created_by", "created_at"],
                wide=["month_rule", "document_title"],
            ),
        ]


class RateCreate(FormPage):
    form_class, roles = RateForm, RATE_EDITORS
    title, submit_label, list_url = "登记补贴标准", "登记标准", "subsidies:rate-list"
    intro = "标准登记后不能修改或删除，只能登记新的标准。已审批月份不受影响。"

    def perform(self, form: RateForm) -> SubsidyRate:
        return services.rate_register(actor=self.user, **form.cleaned_data)

    def done_message(self, result: SubsidyRate) -> str:
        month = clock.chinese_month(result.effective_from)
        return f"已登记：每户每月 {money(result.amount)} 元，{month}起执行。"


class RateDocument(DownloadPage):
    model, inline = SubsidyRate, True

    def get_download(self) -> Download | None:
        if not self.object.document:
            return None
        return Download(self.object.document_name or "补贴标准文件", self.object.document)

    def audit_summary(self, download: Download) -> str:
        return ""
