"""Request-wide rules: every act is grouped by its request, every refusal has its sentence."""

import ipaddress
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from .audit import audit_context
from .errors import BusinessError


def client_ip(request: HttpRequest) -> str | None:
    """Return the client's address, or None where it is none.

    ``X-Real-IP`` counts only behind the portal's own proxy (``BEHIND_PROXY``), which overwrites
    it; elsewhere anybody could write any address into the audit log, or pass for one from
    which administrators may work.
    """
    claimed = request.META.get("HTTP_X_REAL_IP") if settings.BEHIND_PROXY else None
    try:
        return str(ipaddress.ip_address(claimed or request.META.get("REMOTE_ADDR") or ""))
    except ValueError:
        return None


class AuditContextMiddleware:
    """Gives each request the id under which its audit entries are grouped."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4()
        channel = "api" if request.path.startswith("/api/") else "web"
        agent = request.META.get("HTTP_USER_AGENT", "")
        with audit_context(channel, ip=client_ip(request), agent=agent, request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = str(request_id)
        return response


class BusinessErrorMiddleware:
    """Shows the sentence of a rule that no view has caught, instead of a 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, BusinessError):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": error.message, "code": error.code}, status=400)
        return render(request, "400.html", {"message": error.message}, status=409)
