"""The list page: filter, sort, page, choose columns, save conditions, export what is shown."""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import resolve, reverse
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from xingyang_pm.common import audit, jobs
from xingyang_pm.common.clock import today
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.filters import (
    ActiveChip,
    PortalFilterSet,
    ScopedChoiceField,
    option_tags,
)
from xingyang_pm.common.formats import number
from xingyang_pm.common.kept import kept, mark
from xingyang_pm.common.menu import may_open
from xingyang_pm.common.models import SavedView
from xingyang_pm.common.paging import clean_query, query_url, whole
from xingyang_pm.common.preferences import MAX_SAVED_VIEWS, saved_view_keep, saved_view_remove
from xingyang_pm.common.tables import BoundTable, Column, Table

from .base import Action, PortalView
from .exporting import write_rows

TABLE_EXPORT = "table-export"


@dataclass(frozen=True)
class SavedChip:
    """A ready-made view of a list. ``count``: ``callable(view) -> int`` shown behind it.

    ``querystring`` is what stands behind the ``?``; empty for the list without conditions.
    ``or_none``: left out while its count is 0.
    """

    label: str
    querystring: str = ""
    count: Callable[[Any], int] | None = None
    roles: Iterable[str] | None = None
    or_none: bool = False


@dataclass(frozen=True)
class ShownChip:
    label: str
    url: str
    on: bool
    count: int | None = None
    remove: int | None = None


@dataclass
class Listing:
    """What ``partials/_list.html`` draws."""

    table: BoundTable
    count: int
    count_line: str | SafeString
    chips: list[ActiveChip]
    problems: list[str]
    clear_url: str
    export_url: str
    export_count: int
    export_by_job: bool
    saved: list[ShownChip]
    filterset: PortalFilterSet | None
    kept: list[tuple[str, str]] = field(default_factory=list)
    carried: list[tuple[str, str]] = field(default_factory=list)
    here: str = ""
    can_save: bool = False
    bulk_actions: list[Action] = field(default_factory=list)
    empty_icon: str = "search"
    empty_action: Action | None = None


def count_line(*parts: tuple[Any, str], lead: str = "共 ") -> SafeString:
    """Return “共 **236** 个小区，**687** 栋，**19,164** 户” from ``(number, unit)`` pairs."""
    return format_html(
        "{}{}",
        lead,
        format_html_join(
            "，", '<b class="tnum">{}</b> {}', [(number(n or 0, 0), u) for n, u in parts]
        ),
    )


class ListPage(PortalView):
    """A list. Declare ``model``, ``table_class``, ``filterset_class``, ``title``, ``unit``.

    ``views`` are ready-made chips above the filters; ``unit`` is the word behind the count
    (个小区); ``export_name`` the name of the workbook; ``export_roles`` who may take rows away
    (default: who may see the page).
    """

    table_class: ClassVar[type[Table]]
    filterset_class: ClassVar[type[PortalFilterSet] | None] = None
    unit: ClassVar[str] = "条"
    views: ClassVar[Sequence[SavedChip]] = ()
    all_label: ClassVar[str] = "全部"
    empty_text: ClassVar[str] = ""
    filtered_empty_text: ClassVar[str] = "没有符合条件的记录。"
    export_name: ClassVar[str] = ""
    export_roles: ClassVar[Iterable[str] | None] = None
    exports: ClassVar[bool] = True
    # More rows than this are written by a job: a request of this size takes about a second.
    export_in_request: ClassVar[int] = 5000
    saves_views: ClassVar[bool] = True
    # Acts on chosen rows: POST with one ``pk`` per row; check boxes appear if any is allowed.
    bulk_actions: ClassVar[Sequence[Action]] = ()
    empty_icon: ClassVar[str] = "clipboard-list"
    template_name = "generic/list.html"
    partial_name: ClassVar[str] = "partials/_list.html"

    # --- reading ---

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.table = self.table_class(model=self.model, user=self.user)

    @property
    def params(self) -> QueryDict:
        return self.request.GET

    def get_filterset(self) -> PortalFilterSet | None:
        """Return the filterset over ``get_rows()``, made once."""
        if not hasattr(self, "_filterset"):
            self._filterset = (
                self.filterset_class(self.params, self.get_rows(), request=self.request)
                if self.filterset_class
                else None
            )
        return self._filterset

    def filtered_rows(self) -> Any:
        """Return the rows that the list shows, all pages."""
        filterset = self.get_filterset()
        return filterset.qs if filterset is not None else self.get_rows()

    def summary(self) -> tuple[int, dict[str, Any]]:
        """Return the number of filtered rows and the table's totals over all of them."""
        if not hasattr(self, "_summary"):
            key = f"{mark(self.user)} {self.request.path} " + clean_query(
                self.params, "page", "size", "sort", "cols", "col", "export"
            )
            self._summary = self.table.summary(self.filtered_rows(), cache_key=key)
        return self._summary

    def count_line(self, count: int, totals: dict[str, Any]) -> str | SafeString:
        """Return the sentence before the table; apps name several units."""
        return count_line((count, self.unit))

    # --- columns chosen by the user, kept in a cookie of this user ---

    @property
    def columns_cookie(self) -> str:
        return f"cols-{self.user.pk}-{self.table.table_key()}"

    def chosen_columns(self) -> list[str]:
        text = self.params.get("cols") or self.request.COOKIES.get(self.columns_cookie, "")
        if self.params.getlist("col"):
            text = "-".join(self.params.getlist("col"))
        return [name for name in text.split("-") if re.fullmatch(r"\w{1,40}", name)]

    # --- the page ---

    def get_listing(self) -> Listing:
        count, totals = self.summary()
        filterset = self.get_filterset()
        chips = filterset.chips if filterset else []
        bulk = self._permitted(self.bulk_actions)
        self.table.pick = bool(bulk)
        table = self.table.page(
            self.filtered_rows(),
            count=count,
            totals=totals,
            params=self.params,
            chosen=self.chosen_columns(),
            empty_text=self.filtered_empty_text if chips else self.empty_text or "还没有记录。",
        )
        return Listing(
            table=table,
            count=count,
            count_line=self.count_line(count, totals),
            chips=chips,
            problems=filterset.problems if filterset else [],
            clear_url=filterset.clear_url if filterset else "?",
            export_url=query_url(self.params, page=None, size=None, export="xlsx")
            if self.may_export() and count
            else "",
            export_count=count,
            export_by_job=count > self.export_in_request,
            saved=self.saved_chips(),
            filterset=filterset,
            kept=[(k, str(self.params[k])) for k in ("sort", "size") if self.params.get(k)],
            carried=[
                (key, str(value))
                for key, values in self.params.lists()
                if key not in {"col", "cols", "page", "export"}
                for value in values
            ],
            here=f"{self.request.path}{query_url(self.params, page=None, export=None)}",
            can_save=self.saves_views and bool(chips),
            bulk_actions=bulk,
            empty_icon="search" if chips else self.empty_icon,
            empty_action=next((a for a in self.allowed_actions() if a.primary), None)
            if not count and not chips
            else None,
        )

    def saved_chips(self) -> list[ShownChip]:
        """Return the ready-made views and the user's own, the one that is on marked."""
        here = sorted(clean_query(self.params, "page", "size", "sort", "cols").split("&"))
        chips = []
        if self.views or self.saves_views:
            chips.append(ShownChip(self.all_label, "?", here == [""]))
        offered = [c for c in self.views if c.roles is None or may_open(self.user, c.roles)]
        counts = kept(
            self.user,
            f"chips {self.request.path}",
            lambda: {chip.label: chip.count(self) for chip in offered if chip.count},
        )
        chips.extend(
            ShownChip(
                chip.label,
                f"?{chip.querystring}",
                sorted(chip.querystring.split("&")) == here,
                counts.get(chip.label),
            )
            for chip in offered
            if counts.get(chip.label) or not chip.or_none
        )
        if self.saves_views:
            own = SavedView.objects.visible_to(self.user).filter(page=self.saved_page)
            chips.extend(
                ShownChip(v.name, f"?{v.query}", sorted(v.query.split("&")) == here, remove=v.pk)
                for v in own[:MAX_SAVED_VIEWS]
            )
        return chips if len(chips) > 1 else []

    @property
    def saved_page(self) -> str:
        match = self.request.resolver_match
        return match.view_name if match else self.request.path

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(listing=self.get_listing(), **extra)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.params.get("export") == "xlsx":
            return self.export()
        if self.params.get("options"):
            return self.answer_options(str(self.params["options"]))
        response = self.render()
        if self.params.getlist("col") or self.params.get("cols"):
            response.set_cookie(
                self.columns_cookie,
                "-".join(self.chosen_columns()),
                max_age=365 * 86400,
                samesite="Lax",
                httponly=True,
                secure=request.is_secure(),
            )
        patch_vary_headers(response, ["HX-Request"])
        return response

    def get_template_names(self) -> list[str]:
        htmx = getattr(self.request, "htmx", None)
        if htmx and not htmx.boosted and not htmx.history_restore_request:
            return [self.partial_name]
        return [self.template_name]

    def answer_options(self, name: str) -> HttpResponse:
        """Answer with the choices of one filter that depend on another, as ``<option>``s."""
        filterset = self.get_filterset()
        field = filterset.form.fields.get(name) if filterset else None
        if not isinstance(field, ScopedChoiceField):
            raise Http404("没有这个条件。")
        return HttpResponse(option_tags(field.options() or [], field.empty))

    # --- keeping conditions, exporting in the background ---

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep or remove a saved view, or start a long export; the fields say which."""
        here = f"{request.path}{query_url(self.params, page=None, export=None)}"
        if request.POST.get("do") == "export":
            return self.export_by_job()
        try:
            if request.POST.get("do") == "keep":
                kept = saved_view_keep(
                    page=self.saved_page,
                    name=request.POST.get("name", ""),
                    query=clean_query(self.params, "page", "size", "cols", "col", "export"),
                    actor=self.user,
                )
                messages.success(request, f"条件已保存为“{kept.name}”。")
            elif request.POST.get("do") == "drop":
                saved_view_remove(pk=whole(request.POST.get("pk"), 0), actor=self.user)
                messages.success(request, "已从常用条件中删去。")
        except BusinessError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(here)

    # --- export ---

    def may_export(self) -> bool:
        return self.exports and may_open(self.user, self.export_roles)

    def check_export(self) -> None:
        if not self.may_export():
            raise NotPermitted("这张表不能由你导出。")

    def export_columns(self) -> list[Column]:
        return self.table.shown(self.chosen_columns())

    def export_title(self) -> str:
        return self.export_name or self.get_title()

    def export_note(self) -> str:
        """Return the conditions as one sentence for the head of the workbook."""
        filterset = self.get_filterset()
        return filterset.describe() if filterset else "全部，没有筛选条件"

    def export_file_name(self) -> str:
        return f"{self.export_title()} {today():%Y%m%d}.xlsx"

    def write_export(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        """Write exactly the filtered rows in the shown columns to ``target``.

        Returns the number of rows. Raises :class:`BusinessError` if the written rows are not as
        many as the list counts: then nothing is handed out.
        """
        columns = self.export_columns()
        rows = self.filtered_rows()
        expected = rows.count() if isinstance(rows, QuerySet) else len(rows)
        sort = self.table.sort_of(self.params.get("sort"))
        ordered = (
            self.table.in_order(rows, columns, sort)
            if isinstance(rows, QuerySet)
            else self.table.sorted_plain(rows, sort)
        )
        written = write_rows(
            target,
            title=self.export_title(),
            note=self.export_note(),
            by=str(self.user),
            columns=self.table.export_columns(columns),
            rows=ordered,
            expected=expected,
            progress=progress,
        )
        audit.record(
            actor=self.user,
            verb="export",
            target=None,
            summary=f"导出“{self.export_title()}” {written} 行（{self.export_note()}）",
            tag="导出",
        )
        return written

    def export(self) -> HttpResponseBase:
        """Answer with the workbook, or ask to start a job if the rows are many."""
        self.check_export()
        count = self.summary()[0]
        if count > self.export_in_request:
            return self.ask_export_job(count)
        # The file is unlinked at once and lives as long as the response holds it open.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.xlsx"
            self.write_export(path)
            stream = path.open("rb")
        return FileResponse(
            stream,
            as_attachment=True,
            filename=self.export_file_name(),
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )

    def ask_export_job(self, count: int) -> HttpResponse:
        return TemplateResponse(
            self.request,
            "generic/confirm.html",
            self.get_page_context(
                sentence=f"共 {number(count, 0)} 行，要在后台写成工作簿，完成后可以下载。",
                submit_label=f"导出 {number(count, 0)} 行",
                hidden={"do": "export"},
                cancel_url=query_url(self.params, export=None),
            ),
        )

    def export_by_job(self) -> HttpResponseBase:
        """Start the export in the worker; the same export twice is one job."""
        self.check_export()
        query = clean_query(self.params, "page", "size", "export")
        cols = "-".join(column.name for column in self.export_columns())
        where = f"{self.request.path}?{query}&cols={cols}"
        digest = hashlib.sha256(where.encode()).hexdigest()
        job = jobs.enqueue(
            TABLE_EXPORT,
            owner=self.user,
            params={"path": self.request.path, "query": f"{query}&cols={cols}"},
            dedupe_key=f"{TABLE_EXPORT}:{self.user.pk}:{digest}",
            title=f"导出 {self.export_title()}"[:120],
        )
        return HttpResponseRedirect(reverse("common:job-detail", args=[job.pk]))

    def get_page_context(self, **extra: Any) -> dict[str, Any]:
        """Return the context without the listing."""
        return super().get_context(**extra)


def list_view_for(path: str, query: str, user: Any) -> ListPage:
    """Return the list page at ``path`` as ``user`` would see it, rights checked again.

    For work outside a request: the worker asks the same view for the same rows.
    """
    match = resolve(path)
    view_class = getattr(match.func, "view_class", None)
    if view_class is None or not issubclass(view_class, ListPage):
        raise BusinessError("这个页面没有可以导出的表。", code="no_table")
    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = path
    request.GET = QueryDict(query)
    request.user = user
    request.resolver_match = match
    view = view_class()
    view.setup(request, *match.args, **match.kwargs)
    if view.pk_kwarg in view.kwargs and view.model is not None and view.reads_object:
        view.object = view.get_object()
    view.check_roles()
    view.check_access()
    view.check_export()
    return view


@jobs.handler(TABLE_EXPORT, title="导出表格")
def run_table_export(job: jobs.RunningJob) -> None:
    """Write the workbook of one list for the job's owner, in the owner's scope."""
    view = list_view_for(job.params["path"], job.params["query"], job.owner)
    total = view.summary()[0]
    job.progress(0, total, f"共 {number(total, 0)} 行")

    def tell(done: int) -> None:
        job.progress(done, total, f"已写 {number(done, 0)} 行，共 {number(total, 0)} 行")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        written = view.write_export(path, tell)
        job.attach(view.export_file_name(), path)
    job.note(rows=written, conditions=view.export_note())
