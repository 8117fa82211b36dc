"""All addresses of the portal; each app brings its own."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from xingyang_pm.common import admin

API_APPS = ("estates", "enterprises", "inspections", "subsidies")
PAGES = (
    ("", "xingyang_pm.dashboard.urls"),
    ("accounts/", "accounts.urls"),
    ("estates/", "estates.urls"),
    ("enterprises/", "enterprises.urls"),
    ("inspections/", "inspections.urls"),
    ("subsidies/", "subsidies.urls"),
    ("outreach/", "outreach.urls"),
    ("", "xingyang_pm.common.urls"),
)

router = DefaultRouter()
router.include_root_view = False
for app in API_APPS:
    if find_spec(f"{app}.api") and find_spec(f"{app}.api.urls"):
        for prefix, viewset, name in import_module(f"{app}.api.urls").routes:
            router.register(prefix, viewset, basename=name)

urlpatterns = [
    *(path(prefix, include(module)) for prefix, module in PAGES if find_spec(module)),
    # The firm's signed link stands on paper: short, and outside the pages of those who sign in.
    # A public notice is read without an account.
    path("notices/", include((import_module("subsidies.urls").notice_patterns, "notices"))),
    path("r/", include((import_module("inspections.urls").link_patterns, "replies"))),
    path("api/v1/", include((router.urls, "api"))),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("admin/", admin.site.urls),
]
handler400 = "xingyang_pm.common.views.errors.bad_request"
handler403 = "xingyang_pm.common.views.errors.permission_denied"
handler404 = "xingyang_pm.common.views.errors.not_found"
handler500 = "xingyang_pm.common.views.errors.server_error"
