"""The procedures of claims: registered by a document, never changed."""

from collections.abc import Sequence
from typing import Any

from subsidies import services
from subsidies.choices import SCHEME_EDITORS
from subsidies.filters import SchemeFilterSet
from subsidies.forms import SchemeForm
from subsidies.models import ClaimScheme
from subsidies.tables import SchemeTable
from xingyang_pm.common import clock
from xingyang_pm.common.views.generic import Action, Fact, FormPage, ListPage, RecordPage, facts_of


class SchemeList(ListPage):
    model, table_class, filterset_class = ClaimScheme, SchemeTable, SchemeFilterSet
    title, unit, menu = "办理规程", "个规程", "subsidies:rate-list"
    actions = [
        Action(
            "登记规程", "subsidies:scheme-create", icon="plus", primary=True, roles=SCHEME_EDITORS
        ),
    ]
    empty_text = "还没有办理规程。登记后才能开账。"


class SchemeDetail(RecordPage):
    model = ClaimScheme
    list_url, menu = "subsidies:scheme-list", "subsidies:rate-list"
    facts_title = "环节与公示"

    def get_title(self) -> str:
        return self.object.document_title

    def get_meta(self) -> str:
        return f"{clock.chinese_month(self.object.effective_from)}起开账的申报执行，登记后不能修改"

    def facts(self) -> Sequence[Fact]:
        scheme = self.object
        stages = [
            Fact(
                f"{position}　{stage.get_stage_display()}",
                f"{stage.get_role_display()}，{stage.persons} 人"
                + ("，限本街道（乡镇）" if stage.own_street else ""),
            )
            for position, stage in enumerate(scheme.stages.all(), start=1)
        ]
        days = (
            f"{scheme.notice_days} 个工作日，按国务院节假日安排" if scheme.notice_days else "不公示"
        )
        return [
            *stages,
            Fact("公示", days),
            *facts_of(scheme, ["effective_from"], kinds={"effective_from": "month"}),
            *facts_of(scheme, ["document_number", "created_by", "created_at"]),
        ]


class SchemeCreate(FormPage):
    form_class, roles = SchemeForm, SCHEME_EDITORS
    title, submit_label, list_url = "登记办理规程", "登记规程", "subsidies:scheme-list"
    menu = "subsidies:rate-list"
    intro = (
        "规程说明申报要过哪些环节、每个环节几个人、公示几个工作日。登记后不能修改或删除，"
        "只能登记新的规程；同一人在一份申报里只能办一个环节。"
    )

    def perform(self, form: SchemeForm) -> ClaimScheme:
        names = ("effective_from", "notice_days", "document_title", "document_number", "stages")
        values: dict[str, Any] = {name: form.cleaned_data[name] for name in names}
        return services.scheme_register(actor=self.user, **values)

    def done_message(self, result: ClaimScheme) -> str:
        return f"已登记，{clock.chinese_month(result.effective_from)}起开账的申报按这个规程办理。"
