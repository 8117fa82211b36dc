"""The coefficient of the assessment: registered by a document, never changed."""

from collections.abc import Sequence

from django.db.models import QuerySet

from subsidies import services
from subsidies.calculations import plain_number
from subsidies.choices import COEFFICIENT_EDITORS
from subsidies.filters import CoefficientFilterSet
from subsidies.forms import CoefficientForm
from subsidies.models import CoefficientTable
from subsidies.tables import CoefficientTableTable
from xingyang_pm.common import clock
from xingyang_pm.common.views.generic import Action, Fact, FormPage, ListPage, RecordPage, facts_of


class CoefficientList(ListPage):
    model, table_class, filterset_class = (
        CoefficientTable,
        CoefficientTableTable,
        CoefficientFilterSet,
    )
    title, unit, menu = "考核系数", "次登记", "subsidies:rate-list"
    actions = [
        Action(
            "登记系数",
            "subsidies:coefficient-create",
            icon="plus",
            primary=True,
            roles=COEFFICIENT_EDITORS,
        ),
    ]
    empty_text = "考核系数没有启用，各小区按系数 1.0 计算。办公室有文件以后再登记档次。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().prefetch_related("bands")


class CoefficientDetail(RecordPage):
    model = CoefficientTable
    list_url, menu = "subsidies:coefficient-list", "subsidies:rate-list"
    facts_title = "档次与依据"

    def get_title(self) -> str:
        return f"考核系数　{self.object.document_title}"

    def get_meta(self) -> str:
        return f"{clock.chinese_month(self.object.effective_from)}起执行，登记后不能修改"

    def facts(self) -> Sequence[Fact]:
        bands = [
            Fact(f"{plain_number(band.minimum)} 分及以上", f"系数 {band.coefficient}")
            for band in self.object.bands.all()
        ]
        return [
            *(bands or [Fact("档次", "停用，系数为 1.0")]),
            *facts_of(self.object, ["document_number", "created_by", "created_at"]),
        ]


class CoefficientCreate(FormPage):
    form_class, roles = CoefficientForm, COEFFICIENT_EDITORS
    title, submit_label, list_url = "登记考核系数", "登记系数", "subsidies:coefficient-list"
    menu = "subsidies:rate-list"
    intro = (
        "按当月已确认的“老旧小区四有标准”检查得分取系数，当月没有检查的按 1.0。"
        "最低一档的得分下限填 0。登记后不能修改或删除，已审批月份不受影响。"
    )

    def perform(self, form: CoefficientForm) -> CoefficientTable:
        names = ("effective_from", "document_title", "document_number", "bands")
        return services.coefficients_register(
            actor=self.user, **{name: form.cleaned_data[name] for name in names}
        )

    def done_message(self, result: CoefficientTable) -> str:
        return f"已登记，{clock.chinese_month(result.effective_from)}起执行。"
