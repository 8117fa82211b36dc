"""Subsidies: rates, claims, lines, payments."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SubsidiesConfig(AppConfig):
    name = "subsidies"
    verbose_name = "补贴"

    def ready(self) -> None:
        from django.db.models import Q

        from enterprises.models import ServesStreet
        from enterprises.selectors import register_provider_panel
        from estates.selectors import EstatePanel, register_estate_panel
        from estates.services.registry import register_merge_hook
        from xingyang_pm.common import desk, menu
        from xingyang_pm.common.scoping import (
            AnyOf,
            BureauScope,
            CityScope,
            StreetScope,
            Where,
            register_scope,
        )

        from . import models, views
        from .imports import register_bank_ledger, register_fee_ledgers
        from .selectors.fees import fees_waiting
        from .selectors.merging import refuse_fee_merge, refuse_merge
        from .selectors.payee_accounts import account_waiting_count, accounts_waiting
        from .selectors.transit import overdue_count, transit_waiting
        from .selectors.waiting import claims_waiting, waiting_count
        from .services.schemes import lay_usual_scheme

        import_module("subsidies.exports")  # registers its job
        import_module("subsidies.tasks")  # registers the calendar

        for model in (
            models.SubsidyRate,
            models.ClaimScheme,
            models.SchemeStage,
            models.CoefficientTable,
            models.CoefficientBand,
        ):
            register_scope(model, CityScope())
        register_scope(models.ChainLink, BureauScope())
        register_scope(models.SubsidyClaim, StreetScope("street"))
        register_scope(
            models.PayeeAccount,
            AnyOf(StreetScope("provider__street"), ServesStreet("provider")),
        )
        register_scope(
            models.FeeStandard, AnyOf(Where(Q(estate=None)), StreetScope("estate__street"))
        )
        for model in (models.FeeDraft, models.FeeCollection):
            register_scope(model, StreetScope("estate__street"))
        register_scope(models.FundingSource, CityScope())
        register_scope(models.BudgetEntry, CityScope())
        for model in (
            models.PaymentResult,
            models.StreetArrival,
            models.PaymentReceipt,
            models.TransitReason,
        ):
            register_scope(model, StreetScope("payment__claim__street"))
        for model in (
            models.ClaimFunding,
            models.ClaimAct,
            models.ClaimGap,
            models.ClaimVoid,
            models.PublicNotice,
            models.SubsidyLine,
            models.Payment,
        ):
            register_scope(model, StreetScope("claim__street"))
        register_scope(models.NoticeObjection, StreetScope("notice__claim__street"))
        post_migrate.connect(lay_usual_scheme, sender=self, dispatch_uid="usual-scheme")

        register_estate_panel(
            EstatePanel(
                tab="subsidies",
                label="补贴",
                make=views.estate_lines,
                count=views.estate_line_count,
                order=40,
            )
        )
        register_estate_panel(
            EstatePanel(
                tab="fees",
                label="交费",
                make=views.estate_fees,
                count=views.estate_fee_count,
                kinds=("old",),
                order=41,
            )
        )
        register_fee_ledgers()
        register_provider_panel("payments", "补贴", views.provider_payments)
        register_provider_panel("accounts", "收款账户", views.provider_accounts)
        register_merge_hook(refuse_merge)
        register_merge_hook(refuse_fee_merge)
        desk.register_waiting(claims_waiting)
        desk.register_waiting(accounts_waiting)
        desk.register_waiting(fees_waiting)
        desk.register_waiting(transit_waiting)
        register_bank_ledger()
        menu.register(
            menu.Section(
                "subsidies",
                "补贴",
                "coin",
                32,
                [
                    menu.Item("月度申报", "subsidies:claim-list", count=waiting_count),
                    menu.Item("公示", "subsidies:notice-list"),
                    menu.Item("补贴标准", "subsidies:rate-list"),
                    menu.Item("拨付与到账", "subsidies:payment-list", count=overdue_count),
                    menu.Item("收款账户", "subsidies:account-list", count=account_waiting_count),
                    menu.Item("业主交费", "subsidies:fee-list"),
                    menu.Item("年度预算", "subsidies:budget-list"),
                    menu.Item("补贴统计", "subsidies:statistics"),
                ],
            )
        )
