"""Checklists, rounds, inspections, photos, rectification."""

from operator import attrgetter

from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    name = "inspections"
    verbose_name = "检查整改"

    def ready(self) -> None:
        from enterprises.selectors import register_provider_panel
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
        from xingyang_pm.common import desk, menu
        from xingyang_pm.common.scoping import BureauScope, CityScope, StreetScope, register_scope

        from . import choices, exports, filters, models, selectors  # noqa: F401  exports: jobs
        from .imports import register_round_ledgers
        from .services.merging import merge_inspections
        from .tables import score_tone
        from .views import panels

        for model in (
            models.Checklist,
            models.ChecklistHeading,
            models.ChecklistItem,
            models.ItemBasis,
            models.InspectionRound,
        ):
            register_scope(model, CityScope())
        # The whole pool stands in it, with all streets; a street sees its own drawn estates.
        register_scope(models.RoundDraw, BureauScope())
        for model, path in (
            (models.RoundEstate, "estate__street"),
            (models.Inspection, "estate__street"),
            (models.ItemResult, "inspection__estate__street"),
            (models.EvidencePhoto, "estate__street"),
            (models.PhotoFlag, "photo__estate__street"),
            (models.AnnouncedPhoto, "inspection__estate__street"),
            (models.DraftConflict, "inspection__estate__street"),
            (models.ConflictPhoto, "conflict__inspection__estate__street"),
            (models.PhotoRedaction, "photo__estate__street"),
            (models.InspectionVersion, "inspection__estate__street"),
            (models.ReturnNote, "inspection__estate__street"),
            (models.RectificationOrder, "estate__street"),
            (models.RectificationItem, "order__estate__street"),
            (models.RectificationReply, "order__estate__street"),
            (models.ReplyItem, "reply__order__estate__street"),
            (models.Recheck, "order__estate__street"),
            (models.RecheckItem, "recheck__order__estate__street"),
            (models.ReplyLink, "order__estate__street"),
            (models.ExtensionRequest, "order__estate__street"),
            (models.Objection, "order__estate__street"),
            (models.Interview, "order__estate__street"),
            (models.Circular, "order__estate__street"),
            (models.Handover, "order__estate__street"),
        ):
            register_scope(model, StreetScope(path))

        register_estate_fact(
            EstateFact(
                "score",
                "最近得分",
                selectors.standings,
                show=attrgetter("score"),
                tone=score_tone,
                kind="decimal",
                places=1,
                order=30,
            )
        )
        register_estate_fact(
            EstateFact(
                "disclosure",
                "四公开",
                selectors.standings,
                show=panels.disclosure_words,
                pill=panels.disclosure_pill,
                missing="未检查",
                order=31,
            )
        )
        register_estate_fact(
            EstateFact(
                "rectification",
                "整改",
                selectors.open_orders,
                show=panels.orders_words,
                pill=panels.orders_pill,
                order=32,
            )
        )
        register_estate_filter("disclosure", filters.DisclosureFilter)
        register_estate_filter("rectification", filters.RectificationFilter)
        register_estate_filter("uninspected", filters.UninspectedFilter)
        register_estate_view(
            EstateView(
                "公示不全",
                "disclosure=missing",
                lambda rows, user: filters.lacking_disclosure(rows, user).count(),
                order=10,
            )
        )
        register_estate_view(
            EstateView(
                "本批次未检查",
                "uninspected=1",
                lambda rows, user: filters.left_to_inspect(rows, user).count(),
                order=30,
            )
        )
        register_merge_hook(merge_inspections)
        register_round_ledgers()
        register_estate_panel(
            EstatePanel(
                make=panels.estate_overview,
                facts=panels.estate_facts,
                notices=panels.estate_notices,
                order=30,
            )
        )
        register_estate_panel(
            EstatePanel(
                tab="inspections",
                label="检查",
                make=panels.estate_inspections,
                count=panels.estate_inspection_count,
                order=30,
            )
        )
        register_estate_panel(
            EstatePanel(
                tab="orders",
                label="整改",
                make=panels.estate_orders,
                count=panels.estate_order_count,
                order=31,
            )
        )
        register_provider_panel("course", "历次得分", panels.provider_course)
        register_provider_panel("inspections", "检查", panels.provider_inspections)
        register_provider_panel("orders", "整改", panels.provider_orders)

        desk.register_waiting(selectors.inspections_waiting)
        desk.register_waiting(selectors.orders_waiting)
        desk.register_waiting(selectors.escalations_waiting)
        menu.register(
            menu.Section(
                "inspections",
                "检查",
                "clipboard-check",
                30,
                [
                    menu.Item(
                        "我的检查",
                        "inspections:inspection-mine",
                        roles=choices.INSPECTORS,
                        count=selectors.uninspected_count,
                    ),
                    menu.Item(
                        "表格填报",
                        "inspections:entry-table-home",
                        roles=choices.INSPECTORS,
                    ),
                    menu.Item(
                        "检查记录",
                        "inspections:inspection-list",
                        count=lambda user: selectors.inspections_to_confirm(user).count(),
                    ),
                    menu.Item("检查明细", "inspections:finding-list"),
                    menu.Item("检查批次", "inspections:round-list"),
                    menu.Item("检查统计", "inspections:statistics"),
                    menu.Item("检查表", "inspections:checklist-list"),
                ],
            )
        )
        menu.register(
            menu.Section(
                "rectification",
                "整改",
                "tools",
                31,
                [
                    menu.Item("整改台账", "inspections:ledger-list"),
                    menu.Item(
                        "限期整改通知书",
                        "inspections:order-list",
                        count=selectors.order_work_count,
                    ),
                ],
            )
        )
