"""The search of the top bar: suggestions while typing, and the page behind Enter."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from xingyang_pm.common.search import SearchHit, find, register_search

from .base import PortalView

__all__ = ["SearchHit", "SearchPage", "register_search"]

PAGE_LIMIT = 40


class SearchPage(PortalView):
    """``?q=`` text, ``?part=1`` for the list under the box."""

    title = "查找"
    template_name = "generic/search.html"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        text = request.GET.get("q", "").strip()[:40]
        if request.GET.get("part"):
            return TemplateResponse(
                request,
                "partials/_find.html",
                {"groups": find(self.user, text), "text": text},
            )
        return self.render(groups=find(self.user, text, PAGE_LIMIT), text=text)
