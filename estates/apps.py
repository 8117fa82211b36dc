"""The registry: streets, communities, estates, household counts."""

from django.apps import AppConfig


class EstatesConfig(AppConfig):
    name = "estates"
    verbose_name = "小区名录"

    def ready(self) -> None:
        from xingyang_pm.common import desk, menu, search
        from xingyang_pm.common.scoping import StreetScope, register_scope

        from . import exports, models, selectors  # noqa: F401  exports holds the card's job
        from .imports import register_ledgers

        register_scope(models.Street, StreetScope(""))
        register_scope(models.Community, StreetScope("street"))
        register_scope(models.Estate, StreetScope("street"))
        for model in (
            models.EstateName,
            models.Building,
            models.HouseholdCount,
            models.StaffAssignment,
            models.OwnersCommittee,
        ):
            register_scope(model, StreetScope("estate__street"))
        register_scope(models.Survey, StreetScope("street"))
        register_scope(models.SurveyEntry, StreetScope("survey__street"))
        register_scope(models.SurveyDifference, StreetScope("entry__survey__street"))

        register_ledgers()
        desk.register_waiting(selectors.registry_waiting)
        search.register_search(selectors.estates_found)
        menu.register(
            menu.Section(
                "estates",
                "小区",
                "building-community",
                20,
                [
                    menu.Item("小区名录", "estates:estate-list"),
                    menu.Item(
                        "户数核定",
                        "estates:count-list",
                        count=selectors.counts_to_verify_number,
                    ),
                    menu.Item("分包安排", "estates:assignment-list"),
                    menu.Item("摸底调查", "estates:survey-list"),
                ],
            )
        )
