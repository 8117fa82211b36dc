"""Read-only look at the registry. Counts, assignments and surveys are business: not here."""

from xingyang_pm.common.admin import ReadOnlyAdmin, register

from .models import Community, Estate, Street


@register(Street)
class StreetAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "kind", "office"]
    list_select_related = ["office"]


@register(Community)
class CommunityAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "short_name", "street"]
    list_filter = ["street"]
    list_select_related = ["street"]
    search_fields = ["name", "code"]


@register(Estate)
class EstateAdmin(ReadOnlyAdmin):
    list_display = [
        "code", "name", "street", "community", "kind", "building_count", "household_count",
    ]  # fmt: skip
    list_filter = ["street", "kind", "status"]
    list_select_related = ["street", "community"]
    search_fields = ["name", "code"]
    hidden_fields = ("contact_name", "contact_phone")
