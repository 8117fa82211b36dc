"""The handbook. It is open before the sign-in too: its first chapter tells how to sign in."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator

from xingyang_pm.common import handbook

from .base import Crumb, PortalView


def _chapter_url(slug: str) -> str:
    if slug == "README":
        return reverse("common:handbook")
    return reverse("common:handbook-chapter", args=[slug])


def _picture_url(name: str) -> str:
    return reverse("common:handbook-picture", args=[name])


@method_decorator(login_not_required, name="dispatch")
class HandbookPage(PortalView):
    """One chapter, or the table of contents."""

    template_name = "generic/handbook.html"
    menu = "common:handbook"

    def check_roles(self) -> None:
        """Anybody may read how the portal is used."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        slug = self.kwargs.get("slug", "README")
        found = handbook.chapter_text(slug)
        if found is None:
            raise Http404("使用手册里没有这一章。")
        self.title, text = found
        return self.render(
            slug=slug,
            frame="base.html" if self.user.is_authenticated else "base_lone.html",
            chapters=[(c, _chapter_url(c.slug)) for c in handbook.chapters()],
            body=handbook.to_html(text, _chapter_url, _picture_url),
        )

    def get_crumbs(self) -> list[Crumb]:
        slug = self.kwargs.get("slug")
        return [Crumb("使用手册", reverse("common:handbook"))] if slug else []


@method_decorator(login_not_required, name="dispatch")
class HandbookPicture(PortalView):
    """A picture of the handbook; any other file is 404."""

    def check_roles(self) -> None:
        """As the chapters that show it."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        path = handbook.picture(self.kwargs["name"])
        if path is None:
            raise Http404("没有这张图。")
        response = FileResponse(path.open("rb"))
        response["Cache-Control"] = "private, max-age=3600"
        return response
