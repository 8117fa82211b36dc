"""Django's admin, read-only: to look at rows, never a second way to change them.

Apps register with :func:`register` and :class:`ReadOnlyAdmin`. The site is one of its own, so
nothing that a third-party package registers (keys of second factors, say) appears in it.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache


class PortalAdminSite(admin.AdminSite):
    """Signing in, out and changing the password are the portal's own pages."""

    site_title = site_header = "数据查看"
    index_title = "只能查看，不能修改"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Refuse signed-in people outright: leading them to the sign-in page leads in a circle."""
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return super().has_permission(request)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]  # the stubs know only the admin's own pages
        return HttpResponseRedirect(reverse("accounts:profile"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]  # the stubs know only the admin's own pages
        return HttpResponseRedirect(reverse("accounts:password-change"))


site = PortalAdminSite(name="admin")


class ReadOnlyAdmin(admin.ModelAdmin):
    """Base of every registration: nothing can be added, changed or deleted here.

    ``hidden_fields`` names what nobody is shown (digests, keys).
    """

    show_full_result_count = False
    actions = None
    hidden_fields: tuple[str, ...] = ()

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*(super().get_exclude(request, obj) or ()), *self.hidden_fields]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def register(*models: type[Model]) -> Any:
    """Decorate a :class:`ReadOnlyAdmin` to register it for ``models`` with the portal's site."""
    return admin.register(*models, site=site)
