"""Pages of staff assignments: who answers for which estate."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.choices import REGISTRY_EDITORS
from estates import services
from estates.filters import EstateFilterSet, StaffAssignmentFilterSet
from estates.forms import MOST_ASSIGNED, AssignForm, AssignmentEndForm
from estates.models import Estate, StaffAssignment
from estates.tables import StaffAssignmentTable
from xingyang_pm.common import clock
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    PortalView,
    SavedChip,
    count_line,
)

LIST = "estates:assignment-list"
NAMED = 40


class StaffAssignmentList(ListPage):
    model, table_class = StaffAssignment, StaffAssignmentTable
    filterset_class = StaffAssignmentFilterSet
    title, unit = "分包安排", "项分包"
    empty_icon = "user-check"
    empty_text = "还没有分包安排。点“安排分包”，给小区定分包干部。"
    views = [SavedChip("现在的分包", "now=1", count=lambda view: view.current().count())]
    actions = [
        Action("安排分包", "estates:assign", icon="plus", primary=True, roles=REGISTRY_EDITORS)
    ]

    def current(self) -> QuerySet:
        return StaffAssignment.objects.visible_to(self.user).on(clock.today())

    def get_meta(self) -> str:
        rows = Estate.objects.visible_to(self.user).active()
        left = rows.exclude(pk__in=self.current().values("estate")).count()
        return f"还有 {left:,} 个小区没有分包" if left else "在册小区都已分包"

    def count_line(self, count: int, totals: dict[str, Any]) -> Any:
        return count_line((count, "项分包"), (totals["households"], "户"))


class _Shown:
    """What ``partials/_filters.html`` asks of a listing."""

    kept: Sequence[tuple[str, str]] = ()

    def __init__(self, filterset: EstateFilterSet) -> None:
        self.filterset = filterset
        self.chips = filterset.chips


class Assign(FormPage):
    """Gives all estates that meet the conditions (those of the estate list) to an officer."""

    form_class, roles = AssignForm, REGISTRY_EDITORS
    title, submit_label = "安排分包", "安排"
    list_url = success_url = LIST
    template_name = "estates/assign.html"

    def filterset(self) -> EstateFilterSet:
        if not hasattr(self, "_filterset"):
            rows = Estate.objects.visible_to(self.user).active()
            self._filterset = EstateFilterSet(self.request.GET, rows, request=self.request)
        return self._filterset

    def picked(self) -> list[int]:
        """Return the estates that were ticked on the list (``?pk=3-17-204``)."""
        text = self.request.GET.get("pk", "")
        return [int(part) for part in text.split("-") if part.isdecimal()][:MOST_ASSIGNED]

    def chosen(self) -> QuerySet:
        """Return the estates to assign: ticked, named by ``?estate=``, or filtered; else none."""
        rows = Estate.objects.visible_to(self.user).active()
        if self.picked():
            return rows.filter(pk__in=self.picked())
        if self.request.GET.get("estate", "").isdecimal():
            return rows.filter(pk=self.request.GET["estate"])
        return self.filterset().qs if self.filterset().chips else rows.none()

    def get_initial(self) -> dict[str, Any]:
        keys = list(self.chosen().order_by("code").values_list("pk", flat=True)[:MOST_ASSIGNED])
        return {"start_date": clock.today(), "estates": keys}

    def get_context(self, **extra: Any) -> dict[str, Any]:
        chosen = self.chosen()
        sums = chosen.aggregate(homes=Sum("household_count"))
        count = chosen.count()
        return super().get_context(
            listing=_Shown(self.filterset()),
            picked=bool(self.picked() or self.request.GET.get("estate")),
            chosen=count,
            households=sums["homes"] or 0,
            too_many=count > MOST_ASSIGNED,
            most=MOST_ASSIGNED,
            names=list(chosen.order_by("code").values_list("name", flat=True)[:NAMED]),
            named=NAMED,
            **extra,
        )

    def get_submit_label(self) -> str:
        count = min(self.chosen().count(), MOST_ASSIGNED)
        return f"安排 {count} 个小区" if count else "安排"

    def perform(self, form: AssignForm) -> int:
        return services.staff_assignment_start(actor=self.user, **form.cleaned_data)

    def done_message(self, result: int) -> str:
        if not result:
            return "所选小区原来就由这名干部分包，没有改动。"
        return f"{result} 个小区已安排。"


class AssignChosen(PortalView):
    """Takes the ticked rows of the estate list to the form."""

    roles = REGISTRY_EDITORS

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        keys = [pk for pk in request.POST.getlist("pk") if pk.isdecimal()]
        query = f"?pk={'-'.join(keys)}" if keys else ""
        return HttpResponseRedirect(f"{reverse('estates:assign')}{query}")


class StaffAssignmentEnd(ActionPage):
    model, form_class, roles = StaffAssignment, AssignmentEndForm, REGISTRY_EDITORS
    title, submit_label, list_url = "结束分包", "结束分包", LIST
    success_url = LIST

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate", "officer")

    def sentence(self) -> str:
        row = self.object
        return f"{row.officer} 不再分包 {row.estate}。换人时不用先结束，直接“安排分包”。"

    def facts(self) -> Sequence[Fact]:
        return [
            Fact("小区", self.object.estate.name, url=self.object.estate.get_absolute_url()),
            Fact("开始日期", f"{self.object.start_date:%Y-%m-%d}"),
        ]

    def refusal(self) -> str:
        return self.object.ending_problem()

    def get_initial(self) -> dict[str, Any]:
        return {"end_date": max(clock.today(), self.object.start_date)}

    def perform(self, form: AssignmentEndForm) -> StaffAssignment:
        return services.staff_assignment_end(
            assignment=self.object, actor=self.user, end_date=form.cleaned_data["end_date"]
        )

    def done_message(self, result: StaffAssignment) -> str:
        return f"{result.estate} 的分包到 {result.end_date:%Y-%m-%d} 为止。"
