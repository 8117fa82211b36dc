"""The page of one record: facts, tabs, related panels, its history at the right."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db.models import DecimalField, Field, FloatField, IntegerField, Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.safestring import SafeString

from xingyang_pm.common import audit
from xingyang_pm.common.formats import DASH, format_value, moment_label
from xingyang_pm.common.models import AuditEntry
from xingyang_pm.common.paging import query_url
from xingyang_pm.common.tables import BoundTable, Pill, Table

from .base import Action, PortalView, Tab

TIMELINE_SIDE = 8
TIMELINE_FULL = 200
_MEASURED = (DecimalField, FloatField, IntegerField)
_UNIT = re.compile(r"（([^（）]{1,4})）$")


@dataclass(frozen=True)
class Fact:
    """One line of the facts: ``value`` is text, a Pill or safe HTML; ``note`` stands behind it."""

    label: str
    value: Any = ""
    wide: bool = False
    url: str = ""
    note: str = ""
    num: bool = False

    @property
    def shown(self) -> Any:
        if hasattr(self.value, "__html__"):
            return SafeString(self.value.__html__())
        return format_value(self.value)


def facts_of(
    obj: Model,
    names: Iterable[str],
    *,
    wide: Iterable[str] = (),
    kinds: dict[str, str] | None = None,
    links: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> list[Fact]:
    """Return facts from model fields: label from ``verbose_name``, value as it is read.

    ``kinds`` gives the kind of a value (money, integer, month …), ``links`` a URL by name.
    """
    kinds, links, labels, wide = kinds or {}, links or {}, labels or {}, set(wide)
    facts = []
    for name in names:
        try:
            model_field = obj._meta.get_field(name)
            label = str(getattr(model_field, "verbose_name", name))
        except FieldDoesNotExist:
            model_field, label = None, name
        shown = getattr(obj, f"get_{name}_display", None)
        value = shown() if shown is not None else getattr(obj, name)
        if callable(value):
            value = value()
        kind = kinds.get(name, "text")
        url = links.get(name, "")
        if isinstance(value, Model):
            url = url or (value.get_absolute_url() if hasattr(value, "get_absolute_url") else "")
            value = str(value)
        text = value if hasattr(value, "__html__") else format_value(value, kind)
        # “建筑面积（㎡）” reads better as label and “17,120.00 ㎡”.
        unit = _UNIT.search(label) if isinstance(model_field, _MEASURED) else None
        if unit and name not in labels:
            label = label[: unit.start()]
            text = text if text == DASH else f"{text} {unit[1]}"
        number_like = isinstance(model_field, Field) and kind != "text"
        facts.append(Fact(labels.get(name, label), text, name in wide, url, num=number_like))
    return facts


@dataclass(frozen=True)
class TimelineItem:
    """One point of a history: ``tone`` b office act, a waits, g done, r failed, empty routine."""

    when: str
    tag: str
    text: str
    tone: str = ""
    url: str = ""
    at: dt.datetime | None = None


def timeline_item(entry: AuditEntry) -> TimelineItem:
    text = f"{entry.actor_name} {entry.summary}"
    return TimelineItem(moment_label(entry.at), entry.tag, text, entry.tone, at=entry.at)


@dataclass
class Panel:
    """A panel drawn by ``template_name`` with ``panel`` in its context."""

    title: str
    template_name: str = "partials/_panel.html"
    context: dict[str, Any] = field(default_factory=dict)
    meta: str = ""
    pills: Sequence[Pill] = ()
    links: Sequence[tuple[str, str]] = ()
    icon: str = ""
    actions: Sequence[Action] = ()
    half: bool = False  # two halves stand side by side
    html: SafeString | str = ""


def TablePanel(
    title: str,
    table_class: type[Table],
    rows: Any,
    *,
    meta: str = "",
    links: Sequence[tuple[str, str]] = (),
    empty_text: str = "",
    limit: int = 50,
    half: bool = False,
    pills: Sequence[Pill] = (),
    user: Any = None,
    totals: dict[str, Any] | None = None,
) -> Panel:
    """Return a panel with the first ``limit`` of ``rows`` (a queryset or a list) in a table."""
    model = getattr(rows, "model", None)
    table = table_class(model=model, user=user)
    columns = table.shown()
    if model is not None and not rows.query.is_sliced:
        ordering = table.ordering(table.default_sort)
        rows = table.prepare(rows.order_by(*ordering) if ordering else rows, columns)[: limit + 1]
    found = list(rows)
    bound: BoundTable = table.whole(
        found[:limit], totals=totals, empty_text=empty_text or "还没有。"
    )
    more = len(found) > limit
    return Panel(
        title,
        "partials/_panel_table.html",
        {"table": bound, "more": f"只列前 {limit} 条" if more else ""},
        meta=meta,
        links=links,
        half=half,
        pills=pills,
    )


def FactsPanel(title: str, facts: Sequence[Fact], **kwargs: Any) -> Panel:
    """Return a panel of facts; ``columns`` like the main facts."""
    return Panel(title, "partials/_panel_facts.html", {"facts": facts}, **kwargs)


def KeyPanel(title: str, facts: Sequence[Fact], **kwargs: Any) -> Panel:
    """Return a narrow panel of label and value for the side."""
    return Panel(title, "partials/_panel_kv.html", {"facts": facts}, **kwargs)


@dataclass(frozen=True)
class Notice:
    """A sentence above the facts: ``tone`` empty blue, a, r or g; ``url`` with ``link`` acts."""

    text: Any
    tone: str = ""
    icon: str = "info-circle"
    url: str = ""
    link: str = ""


class RecordPage(PortalView):
    """A record. Declare ``model``, ``facts()``; add ``tabs()``, ``panels()``, ``side_panels()``.

    With tabs, ``panels()`` calls ``panels_<key>()`` of the tab that is on (``panels_overview``
    for the first). The tab ``timeline`` shows the whole history. ``timeline = False`` leaves the
    history out.
    """

    template_name = "generic/detail.html"
    facts_title: ClassVar[str] = "基本情况"
    timeline: ClassVar[bool] = True
    timeline_title: ClassVar[str] = "时间线"

    def facts(self) -> Sequence[Fact]:
        return ()

    def facts_links(self) -> Sequence[tuple[str, str]]:
        """Links at the right of the facts' head."""
        return ()

    def notices(self) -> Sequence[Notice]:
        return ()

    def stages(self) -> Sequence[Any]:
        """Stages of a chain record (see ``partials/_stages.html``)."""
        return ()

    def tabs(self) -> Sequence[Tab]:
        return ()

    def panels(self) -> Sequence[Panel]:
        method: Callable[[], Sequence[Panel]] | None = getattr(
            self, f"panels_{self.tab or 'overview'}", None
        )
        return method() if method else ()

    def side_panels(self) -> Sequence[Panel]:
        return ()

    def timeline_items(self, limit: int) -> list[TimelineItem]:
        return [timeline_item(entry) for entry in audit.timeline(self.object, limit)]

    @property
    def tab(self) -> str:
        asked = self.request.GET.get("tab", "")
        return asked if any(tab.key == asked for tab in self.shown_tabs) else ""

    @property
    def shown_tabs(self) -> list[Tab]:
        if not hasattr(self, "_tabs"):
            self._tabs = list(self.tabs())
        return self._tabs

    def get_context(self, **extra: Any) -> dict[str, Any]:
        current = self.tab
        tabs = [
            replace(
                tab,
                on=tab.key == current,
                url=tab.url or query_url(self.request.GET, tab=tab.key or None, page=None),
            )
            for tab in self.shown_tabs
        ]
        full = current == "timeline"
        items: list[TimelineItem] = []
        older = 0
        if self.timeline:
            items = self.timeline_items(TIMELINE_FULL if full else TIMELINE_SIDE)
            if len(items) == TIMELINE_SIDE and not full:
                older = audit.timeline_count(self.object) - TIMELINE_SIDE
        return super().get_context(
            tabs=tabs,
            tab=current,
            facts=list(self.facts()) if not current else [],
            facts_title=self.facts_title,
            facts_links=self.facts_links(),
            notices=list(self.notices()) if not current else [],
            stages=list(self.stages()),
            panels=[] if full else list(self.panels()),
            side_panels=list(self.side_panels()) if not current else [],
            timeline=items,
            timeline_title=self.timeline_title,
            timeline_older=max(older, 0),
            timeline_full=full,
            timeline_url=query_url(self.request.GET, tab="timeline")
            if any(tab.key == "timeline" for tab in tabs)
            else "",
            **extra,
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponse = self.render()
        summary = self.personal_summary()
        if summary:
            self.record_personal_view(summary)
        return response

    def personal_summary(self) -> str:
        """Return what personal data this page shows (“查看业委会成员电话”), to be audited; empty
        for none."""
        return ""
