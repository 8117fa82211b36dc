"""The work desk and the statistics: reads all apps, owns no data."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "xingyang_pm.dashboard"
    label = "dashboard"
    verbose_name = "工作台"

    def ready(self) -> None:
        from xingyang_pm.common import desk, menu

        menu.register(
            menu.Section("desk", "工作台", "home-2", 10, [menu.Item("工作台", "dashboard:desk")])
        )
        menu.register(
            menu.Section(
                "statistics",
                "统计",
                "chart-bar",
                50,
                [menu.Item("年度统计", "dashboard:statistics")],
            )
        )
        menu.register_bell("dashboard:desk", lambda user: len(desk.waiting_for(user)))
