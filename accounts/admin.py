"""Read-only look at accounts; no digest, session key or API key is shown."""

from xingyang_pm.common.admin import ReadOnlyAdmin, register

from .models import ApiToken, Office, User, UserRole, UserSession


@register(Office)
class OfficeAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "kind", "is_active"]
    search_fields = ["code", "name"]


@register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["username", "name", "office", "is_active", "must_change_password", "left_on"]
    list_select_related = ["office"]
    search_fields = ["username", "name"]
    hidden_fields = ("password",)


@register(UserRole)
class UserRoleAdmin(ReadOnlyAdmin):
    list_display = ["user", "role"]
    list_select_related = ["user"]


@register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    list_display = ["user", "started_at", "last_seen_at", "ended_at", "end_reason", "ip"]
    list_select_related = ["user"]
    hidden_fields = ("session_key",)


@register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "prefix", "user", "expires_on", "revoked_at", "last_used_at"]
    list_select_related = ["user"]
    hidden_fields = ("key_hash",)
