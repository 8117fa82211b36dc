"""What every page has: who may open it, its head, its place in the menu."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views import View

from xingyang_pm.common import audit, menu
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.menu import EVERYONE, may_open
from xingyang_pm.common.scoping import visible_rows
from xingyang_pm.common.tables import Pill

__all__ = ["EVERYONE", "Action", "Crumb", "PageHead", "PortalView", "Tab"]


@dataclass(frozen=True)
class Action:
    """A button of the page head.

    ``url`` is a URL name or a path that begins with ``/``, ``?`` or ``#``; ``args`` its
    arguments, or ``by_pk`` for the pk of the page's record. ``method="post"`` makes a button
    with its own form; ``confirm`` is the sentence of the dialog before it (repeat amount and
    count in it). ``locked`` is the reason why the button stands there but cannot be pressed.
    ``show``: ``callable(view) -> bool``.
    """

    label: str
    url: str
    icon: str = ""
    primary: bool = False
    method: str = "get"
    roles: Iterable[str] | None = None
    args: Sequence[Any] = ()
    by_pk: bool = False
    confirm: str = ""
    locked: str = ""
    show: Callable[[Any], bool] | None = None
    download: bool = False
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def is_post(self) -> bool:
        return self.method.lower() == "post"


@dataclass(frozen=True)
class Crumb:
    label: str
    url: str = ""


@dataclass(frozen=True)
class Tab:
    """A tab of a record; ``key`` stands in ``?tab=``, the first has the key ``""``."""

    key: str
    label: str
    count: int | None = None
    url: str = ""
    on: bool = False


@dataclass
class PageHead:
    """What ``partials/_page_head.html`` draws."""

    title: str
    pills: list[Pill] = field(default_factory=list)
    meta: str | SafeString = ""
    crumbs: list[Crumb] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    menu: str = ""
    window_title: str = ""


class PortalView(View):
    """Base of all pages.

    ``roles``: None = any reader of the business, ``EVERYONE`` = anybody signed in, else role
    codes. With ``model`` and a ``pk`` in the URL the record is read through ``visible_to``:
    what is not visible is 404, what is visible but not this role's is 403.
    """

    roles: ClassVar[Iterable[str] | None] = None
    model: ClassVar[type[Model] | None] = None
    title: str = ""
    meta: str = ""
    actions: ClassVar[Sequence[Action]] = ()
    crumbs: ClassVar[Sequence[tuple[str, str]]] = ()
    menu: ClassVar[str] = ""  # key of the lit item or section
    list_url: ClassVar[str] = ""
    template_name: str = ""
    pk_kwarg: ClassVar[str] = "pk"
    # False on pages whose pk is not of ``model`` (a list under a record).
    reads_object: ClassVar[bool] = True

    object: Any = None

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.user = request.user

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.reads_object and self.model is not None and self.pk_kwarg in self.kwargs:
            self.object = self.get_object()
        self.check_roles()
        self.check_access()
        return super().dispatch(request, *args, **kwargs)

    # --- who may ---

    def get_rows(self) -> QuerySet:
        """Return the rows of ``model`` that the user may see; narrow or annotate in apps."""
        if self.model is None:
            raise ImproperlyConfigured(f"{type(self).__name__} says neither model nor get_rows()")
        return visible_rows(self.model, self.user)

    def get_object(self) -> Any:
        """Return the record of the URL, or raise 404 if the user does not see it."""
        found = self.get_rows().filter(pk=self.kwargs[self.pk_kwarg]).first()
        if found is None:
            raise Http404("没有这条记录，或不在你可看的范围内。")
        return found

    def check_roles(self) -> None:
        if not may_open(self.user, self.roles):
            raise NotPermitted()

    def check_access(self) -> None:
        """Hook for a finer rule on a visible record; raise :class:`NotPermitted`."""

    # --- head ---

    def get_title(self) -> str:
        return self.title or (str(self.object) if self.object is not None else "")

    def get_pills(self) -> list[Pill]:
        """State pills beside the title; the first is the record's state."""
        return []

    def get_meta(self) -> str:
        return self.meta

    def get_crumbs(self) -> list[Crumb]:
        """Return the crumbs; declared as ``crumbs = [(label, URL name or path)]``, without them
        the way of the side menu to this page."""
        if self.crumbs:
            return [Crumb(label, self._resolve(url)) for label, url in self.crumbs]
        here = menu.find(self.get_menu())
        if here is None:
            return []
        section, item = here
        first = next((entry for entry in section.items if may_open(self.user, entry.roles)), None)
        url = menu.optional_url(first.url_name, *first.args) if first else ""
        crumbs = [Crumb(section.label, url)]
        if item is not None and item.label != section.label and self.get_title() != item.label:
            crumbs.append(Crumb(item.label, menu.optional_url(item.url_name, *item.args)))
        return crumbs if crumbs[-1].label != self.get_title() else crumbs[:-1]

    def get_actions(self) -> list[Action]:
        return list(self.actions)

    def get_menu(self) -> str:
        if self.menu:
            return self.menu
        match = self.request.resolver_match
        return self.list_url or (match.view_name if match else "")

    def _resolve(self, url: str, args: Sequence[Any] = ()) -> str:
        return url if not url or url[0] in "/?#" else reverse(url, args=args)

    def allowed_actions(self) -> list[Action]:
        """Return the actions that this user may take, with their URLs resolved."""
        return self._permitted(self.get_actions())

    def _permitted(self, actions: Iterable[Action]) -> list[Action]:
        allowed = []
        for action in actions:
            if not may_open(self.user, action.roles):
                continue
            if action.show is not None and not action.show(self):
                continue
            args = [self.object.pk] if action.by_pk and self.object is not None else action.args
            allowed.append(replace(action, url=self._resolve(action.url, args)))
        return allowed

    def page_head(self) -> PageHead:
        title = self.get_title()
        return PageHead(
            title=title,
            pills=self.get_pills(),
            meta=self.get_meta(),
            crumbs=self.get_crumbs(),
            actions=self.allowed_actions(),
            menu=self.get_menu(),
        )

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """Return the template's context; apps extend it."""
        return {"view": self, "page": self.page_head(), "object": self.object, **extra}

    def render(self, status: int = 200, **extra: Any) -> HttpResponse:
        return TemplateResponse(
            self.request, self.get_template_names(), self.get_context(**extra), status=status
        )

    def get_template_names(self) -> list[str]:
        return [self.template_name]

    # --- personal data ---

    def record_personal_view(self, summary: str) -> None:
        """Write into the audit log that this user has looked at personal data."""
        audit.record(
            actor=self.user, verb="personal.view", target=self.object, summary=summary, tag="查看"
        )


class TemplatePage(PortalView):
    """A page without a record: declares a title and a template, adds to the context."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render()
