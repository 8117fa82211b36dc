"""The work desk and the statistics."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.choices import REGISTRY_EDITORS
from xingyang_pm.common import clock, periodic, reminders
from xingyang_pm.common.desk import waiting_for
from xingyang_pm.common.menu import EVERYONE, optional_url
from xingyang_pm.common.models import PeriodicRun
from xingyang_pm.common.views.generic import Action, PortalView, TablePanel, TemplatePage

from .selectors import article_figures, city_view, labelled, overdue_orders
from .selectors.city import street_rows
from .tables import FigureTable, StreetStatisticsTable

WEEKDAYS = "一二三四五六日"
TODO_SHOWN = 8
FIRST_YEAR = 2017


class Desk(PortalView):
    """工作台: what waits for me, what is overdue, the city at a glance, the periodic jobs."""

    title = "工作台"
    roles = EVERYONE
    template_name = "dashboard/desk.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.user.reads_business:
            # The administrator does no business; the accounts are his desk.
            return HttpResponseRedirect(reverse("accounts:user-list"))
        return self.render()

    def get_actions(self) -> list[Action]:
        round_url = optional_url("inspections:round-create")
        if not round_url:
            return []
        return [
            Action("新建检查批次", round_url, icon="plus", primary=True, roles=REGISTRY_EDITORS)
        ]

    def get_meta(self) -> str:
        day = clock.today()
        return f"{clock.chinese_date(day)}　星期{WEEKDAYS[day.weekday()]}"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        waiting = waiting_for(self.user)
        day = clock.today()
        overdue, overdue_count, due_soon = overdue_orders(self.user)
        runs = {run.name: run for run in PeriodicRun.objects.visible_to(self.user)}
        return super().get_context(
            waiting=waiting if self.request.GET.get("all") else waiting[:TODO_SHOWN],
            waiting_count=len(waiting),
            unseen=reminders.unseen_of(self.user),
            waiting_more=max(0, len(waiting) - TODO_SHOWN)
            if not self.request.GET.get("all")
            else 0,
            due_today=sum(1 for item in waiting if item.due and item.due <= day),
            overdue=overdue,
            overdue_count=overdue_count,
            due_soon=due_soon,
            city=city_view(self.user),
            lamps=[(item, runs.get(item.name)) for item in periodic.all_periodic()],
            today=day,
            orders_url=optional_url("inspections:order-list"),
            **extra,
        )


class Statistics(TemplatePage):
    """The year in figures, as the annual report states them, and by street."""

    title = "年度统计"
    template_name = "dashboard/statistics.html"

    @property
    def year(self) -> int:
        asked = self.request.GET.get("year", "")
        this_year = clock.today().year
        year = int(asked) if asked.isdecimal() and len(asked) == 4 else this_year
        return min(max(year, FIRST_YEAR), this_year)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        year = self.year
        city = self.user.sees_city
        panels = [
            TablePanel(
                f"{year}年各街道（乡镇）",
                StreetStatisticsTable,
                street_rows(self.user, year),
                user=self.user,
            )
        ]
        if city:
            panels.insert(
                0,
                TablePanel(
                    f"{year}年全市",
                    FigureTable,
                    labelled(article_figures(year)),
                    user=self.user,
                    meta="按登记的数据计算",
                ),
            )
        return super().get_context(
            year=year,
            years=range(clock.today().year, FIRST_YEAR - 1, -1),
            panels=panels,
            **extra,
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render()
