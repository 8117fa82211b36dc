"""Read-only look at checklists, rounds, inspections and orders."""

from xingyang_pm.common.admin import ReadOnlyAdmin, register

from .models import Checklist, Inspection, InspectionRound, RectificationOrder


@register(Checklist)
class ChecklistAdmin(ReadOnlyAdmin):
    list_display = ["title", "version", "kind", "status", "effective_from"]
    list_filter = ["kind", "status"]


@register(InspectionRound)
class InspectionRoundAdmin(ReadOnlyAdmin):
    list_display = ["title", "year", "number", "checklist", "start_date", "end_date", "status"]
    list_filter = ["status", "year"]
    list_select_related = ["checklist"]


@register(Inspection)
class InspectionAdmin(ReadOnlyAdmin):
    list_display = ["number", "estate", "round", "inspected_on", "inspector", "score", "status"]
    list_filter = ["status"]
    list_select_related = ["estate", "round", "inspector"]
    search_fields = ["number", "estate__name"]


@register(RectificationOrder)
class RectificationOrderAdmin(ReadOnlyAdmin):
    list_display = ["number", "estate", "provider", "deadline", "status"]
    list_filter = ["status"]
    list_select_related = ["estate", "provider"]
    search_fields = ["number", "estate__name"]
