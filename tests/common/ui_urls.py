"""The portal's addresses and, under /ui/, the pages of ``ui_pages``."""

from django.urls import include, path

from xingyang_pm.common.views import errors
from xingyang_pm.urls import urlpatterns as portal

urlpatterns = [path("ui/", include("tests.common.ui_pages")), *portal]
handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
