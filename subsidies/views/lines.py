"""One line: its explanation on a page of its own or under its row, and what may be changed."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property

from subsidies import services
from subsidies.choices import EDITING_STAGES, STAGE_ROLES
from subsidies.filters import LineListFilterSet
from subsidies.forms import DeductForm, ExcludeForm
from subsidies.models import SubsidyClaim, SubsidyLine
from subsidies.selectors.basis import deduction_bases
from subsidies.selectors.stages import turn_of
from subsidies.tables import LineListTable, status_pill
from xingyang_pm.common import clock
from xingyang_pm.common.money import money
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    ListPage,
    Pill,
    RecordPage,
)

from .explaining import shown

EDITORS = sorted({str(role) for stage in EDITING_STAGES for role in STAGE_ROLES[stage]})


def may_edit(claim: SubsidyClaim, user: Any) -> bool:
    """Return whether it is this user's turn in a state in which lines are changed."""
    rule = claim.procedure.editing(claim.status)
    turn = turn_of(claim, user)
    return rule is not None and turn.rule == rule and not turn.locked


def _title(line: SubsidyLine) -> str:
    return f"{line.estate.name} {clock.chinese_month(line.month)}补贴"


class LineList(ListPage):
    """补贴明细: what figures of the statistics count, line by line; those left out do not count."""

    model, table_class, filterset_class = SubsidyLine, LineListTable, LineListFilterSet
    title, unit = "补贴明细", "行"
    menu = "subsidies:claim-list"
    empty_text = "还没有补贴明细。月度申报开账后，在管的老旧小区会列在这里。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().included().standing()


class LineDetail(RecordPage):
    """The explanation; asked for by a row, it answers with what stands under the row."""

    model = SubsidyLine
    list_url = "subsidies:claim-list"
    template_name = "subsidies/line_detail.html"

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related(
                "claim__street", "claim__scheme", "estate__community", "payee", "adjusted_by"
            )
        )

    @cached_property
    def editable(self) -> bool:
        return may_edit(self.object.claim, self.user)

    def get_title(self) -> str:
        return _title(self.object)

    def get_pills(self) -> list[Pill]:
        pills = [status_pill(self.object.claim)]
        if self.object.is_excluded:
            pills.append(Pill("不列入"))
        return pills

    def get_meta(self) -> str:
        claim = self.object.claim
        return f"{claim.number}　第 {claim.version} 版　{self.object.payee.name}"

    def get_crumbs(self) -> list:
        crumbs = super().get_crumbs()
        claim = self.object.claim
        label = f"{claim.street.name} {clock.chinese_month(claim.month)}"
        return [*crumbs, type(crumbs[0])(label, claim.get_absolute_url())] if crumbs else crumbs

    def get_actions(self) -> list[Action]:
        if not self.editable:
            return []
        line = self.object
        if line.is_excluded:
            return [Action("重新列入", "subsidies:line-include", by_pk=True, primary=True)]
        return [
            Action("不列入", "subsidies:line-exclude", by_pk=True),
            Action("扣减", "subsidies:line-deduct", by_pk=True, primary=True),
        ]

    @property
    def is_partial(self) -> bool:
        htmx = getattr(self.request, "htmx", None)
        return bool(htmx and not htmx.boosted and not htmx.history_restore_request)

    def get_template_names(self) -> list[str]:
        return ["subsidies/_explain.html" if self.is_partial else self.template_name]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        explanation = shown(self.object.explained())
        if self.is_partial:
            return {
                "explanation": explanation,
                "line": self.object,
                "editable": self.editable,
            }
        return super().get_context(explanation=explanation, line=self.object, **extra)


class _LineAct(ActionPage):
    model, roles = SubsidyLine, EDITORS
    list_url = "subsidies:claim-list"

    def get_rows(self) -> QuerySet:
        return (
            super().get_rows().select_related("claim__street", "claim__scheme", "estate", "payee")
        )

    def get_title(self) -> str:
        return f"{self.get_submit_label()}　{_title(self.object)}"

    def get_cancel_url(self) -> str:
        return self.object.claim.get_absolute_url()

    def get_success_url(self, result: SubsidyLine) -> str:
        return self.object.claim.get_absolute_url()

    def refusal(self) -> str:
        if may_edit(self.object.claim, self.user):
            return ""
        status = self.object.claim.get_status_display()
        return (
            f"这份申报现在是“{status}”。街道申报时由街道经办、"
            "中心复核时由科室负责人调整，且未参与其他环节。"
        )

    def facts(self) -> Sequence[Fact]:
        line = self.object
        return [
            Fact("接管单位", line.payee.name),
            Fact("户数", f"{line.households:,} 户"),
            Fact("应补", f"{money(line.gross)} 元"),
            Fact("扣减", f"−{money(line.deduction)} 元" if line.deduction else "没有"),
            Fact("金额", f"{money(line.amount)} 元"),
        ]


class LineDeduct(_LineAct):
    form_class, submit_label = DeductForm, "扣减"

    def get_initial(self) -> dict[str, Any]:
        line = self.object
        if not line.deduction:
            return {}
        order, found = line.deduction_order_id, line.deduction_inspection_id
        basis = f"o{order}" if order else f"i{found}" if found else ""
        return {"amount": line.deduction, "reason": line.deduction_reason, "basis": basis}

    def get_form_kwargs(self) -> dict[str, Any]:
        bases = deduction_bases(self.object.estate, self.user)
        return {**super().get_form_kwargs(), "bases": bases}

    def sentence(self) -> str:
        return "从这个小区本月的补贴中扣减，写明原因；明细、合计和申报表随之改变。"

    def perform(self, form: DeductForm) -> SubsidyLine:
        return services.line_deduct(line=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: SubsidyLine) -> str:
        if not result.deduction:
            return f"{result.estate} 的扣减已取消。"
        return (
            f"{result.estate} 扣减 {money(result.deduction)} 元，"
            f"本月补贴 {money(result.amount)} 元。"
        )


class LineExclude(_LineAct):
    form_class, submit_label = ExcludeForm, "不列入"

    def sentence(self) -> str:
        line = self.object
        return (
            f"{line.estate.name} {money(line.amount)} 元、{line.households:,} 户不列入本月申报，"
            "仍保留在明细中并写明原因。"
        )

    def perform(self, form: ExcludeForm) -> SubsidyLine:
        return services.line_exclude(line=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: SubsidyLine) -> str:
        return f"{result.estate} 已不列入本月申报。"


class LineInclude(_LineAct):
    submit_label = "重新列入"

    def sentence(self) -> str:
        line = self.object
        return (
            f"{line.estate.name} {money(line.amount)} 元、{line.households:,} 户重新列入本月申报。"
            f"原先不列入的原因：{line.exclusion_reason or '没有'}。"
        )

    def perform(self, form: None) -> SubsidyLine:
        return services.line_include(line=self.object, actor=self.user)

    def done_message(self, result: SubsidyLine) -> str:
        return f"{result.estate} 已重新列入本月申报。"
