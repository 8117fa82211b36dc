"""Bulletins, training, publicity, demonstration projects, policy documents."""

from django.apps import AppConfig
from django.db.models import Q


class OutreachConfig(AppConfig):
    name = "outreach"
    verbose_name = "简报与宣传"

    def ready(self) -> None:
        from xingyang_pm.common import desk, menu
        from xingyang_pm.common.scoping import (
            AnyOf,
            BureauScope,
            CityScope,
            StreetScope,
            Where,
            register_scope,
        )

        from . import exports, models, selectors  # noqa: F401  exports holds the printing job

        register_scope(models.Bulletin, AnyOf(BureauScope(), Where(Q(status="issued"))))
        register_scope(models.TrainingSession, CityScope())
        register_scope(
            models.PublicityItem, AnyOf(StreetScope("street"), Where(Q(street__isnull=True)))
        )
        register_scope(models.DemonstrationProject, StreetScope("estate__street"))
        register_scope(models.PolicyDocument, CityScope())

        desk.register_waiting(selectors.bulletins_waiting)
        menu.register(
            menu.Section(
                "bulletins",
                "简报",
                "file-text",
                40,
                [
                    menu.Item(
                        "工作简报",
                        "outreach:bulletin-list",
                        count=selectors.bulletins_waiting_count,
                    ),
                    menu.Item("政策文件", "outreach:policy-list"),
                ],
            )
        )
        menu.register(
            menu.Section(
                "outreach",
                "培训宣传",
                "speakerphone",
                41,
                [
                    menu.Item("培训", "outreach:training-list"),
                    menu.Item("宣传", "outreach:publicity-list"),
                    menu.Item("示范项目", "outreach:demonstration-list"),
                ],
            )
        )
