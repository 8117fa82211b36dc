"""Providers, engagements, responsibility agreements."""

from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "enterprises"
    verbose_name = "服务主体"

    def ready(self) -> None:
        from estates.selectors import (
            EstateFact,
            EstatePanel,
            EstateView,
            register_estate_fact,
            register_estate_filter,
            register_estate_panel,
            register_estate_view,
        )
        from estates.services.registry import register_merge_hook
        from xingyang_pm.common import desk, menu, search
        from xingyang_pm.common.clock import today
        from xingyang_pm.common.scoping import AnyOf, StreetScope, register_scope

        from . import filters, imports, models, selectors
        from .views import engagements as pages

        serves = models.ServesStreet
        register_scope(models.Provider, AnyOf(StreetScope("street"), serves("pk")))
        register_scope(
            models.ProjectManager, AnyOf(StreetScope("provider__street"), serves("provider"))
        )
        register_scope(models.Engagement, StreetScope("estate__street"))
        register_scope(models.CreditEvent, StreetScope("estate__street"))
        register_scope(
            models.ResponsibilityAgreement, AnyOf(StreetScope("street"), serves("provider"))
        )
        register_scope(
            models.AgreementTarget,
            AnyOf(StreetScope("agreement__street"), serves("agreement__provider")),
        )

        register_estate_fact(
            EstateFact(
                "provider",
                "服务主体",
                lambda ids, user: {
                    pk: service.provider_name
                    for pk, service in selectors.current_services(ids, today(), user).items()
                },
                css="sec clip pv",
                order=10,
            )
        )
        register_estate_filter("provider", filters.ServedByFilter, primary=True)
        register_estate_filter("ending", filters.ending_soon_filter)
        register_estate_view(
            EstateView(
                "合同 60 天内到期",
                "ending=1",
                lambda rows, user: filters.ending_soon(rows).count(),
                order=20,
            )
        )
        register_merge_hook(selectors.merge_engagements)
        register_estate_panel(EstatePanel(make=pages.estate_service, order=10))
        register_estate_panel(
            EstatePanel(
                tab="engagements",
                label="服务合同",
                make=pages.estate_engagements,
                count=pages.estate_engagement_count,
                order=10,
            )
        )

        imports.register_ledgers()
        desk.register_waiting(selectors.filings_waiting)
        desk.register_waiting(selectors.contracts_incomplete)
        search.register_search(selectors.providers_found)
        menu.register(
            menu.Section(
                "providers",
                "服务主体",
                "briefcase",
                21,
                [
                    menu.Item("服务主体名录", "enterprises:provider-list"),
                    menu.Item("服务合同", "enterprises:engagement-list"),
                ],
            )
        )
        menu.register(
            menu.Section(
                "agreements",
                "责任书",
                "signature",
                22,
                [menu.Item("目标责任书", "enterprises:agreement-list")],
            )
        )
