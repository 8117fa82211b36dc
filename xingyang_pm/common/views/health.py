"""Liveness and readiness, without sign-in and without a word about the inside."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xingyang_pm.common import health


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Database, migrations, cache and broker answer; the worker's age is told."""
    parts = health.parts()
    good = all(part.ok for part in parts if not part.info)
    return JsonResponse(
        {
            "status": "ok" if good else "unavailable",
            "parts": {part.name: {"ok": part.ok, "detail": part.detail} for part in parts},
        },
        status=200 if good else 503,
    )
