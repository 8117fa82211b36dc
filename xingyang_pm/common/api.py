"""Shared rules of the read API: page sizes, counts that stay cheap, errors as sentences."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import cached_property
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from .errors import BusinessError, NotPermitted

COUNT_CAP = 100_000


class CappedPaginator(Paginator):
    """Counts at most :data:`COUNT_CAP` rows, and never in order."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[:COUNT_CAP].count()
        return len(rows)


class PortalPagination(PageNumberPagination):
    """``?page=`` and ``?size=`` (at most 200)."""

    page_size = 50
    page_size_query_param = "size"
    max_page_size = 200
    django_paginator_class = CappedPaginator
    invalid_page_message = "没有这一页。"

    def get_paginated_response(self, data: Any) -> Response:
        page = self.page
        count = page.paginator.count if page is not None else 0
        return Response(
            {
                "count": count,
                "count_capped": count >= COUNT_CAP,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["count_capped"] = {
            "type": "boolean",
            "description": f"符合条件的多于 {COUNT_CAP} 条时为真，此时 count 是下限",
        }
        described["required"] = ["count", "count_capped", "results"]
        return described


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a refused rule with 400 and its sentence, rights with 403, scope with 404."""
    if isinstance(error, BusinessError):
        return Response({"detail": error.message, "code": error.code}, status=400)
    if isinstance(error, NotPermitted):
        return Response({"detail": error.message, "code": "not_permitted"}, status=403)
    response = drf_exception_handler(error, context)
    if response is not None and isinstance(response.data, dict):
        if isinstance(error, Http404):
            response.data = {"detail": "没有这条记录，或不在可看的范围内。", "code": "not_found"}
        elif isinstance(error, PermissionDenied):
            response.data = {"detail": NotPermitted().message, "code": "not_permitted"}
        elif "detail" in response.data:
            response.data.setdefault("code", getattr(response.data["detail"], "code", "error"))
    return response
