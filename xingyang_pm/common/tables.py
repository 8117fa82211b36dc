"""Declared tables: columns are compiled once per request into one function per cell.

A list page renders hundreds of cells. A template include or a ``reverse()`` per cell costs more
than the database does, so each column becomes a closure that returns finished HTML, URL
patterns are resolved once per column, and the rows of a page are fetched in two steps (ids in
order, then the rows), which keeps joins and annotations away from the sort and the offset.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.core.cache import cache
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Count, F, Field, Model, QuerySet, Sum
from django.db.models.expressions import BaseExpression, OrderBy
from django.urls import reverse
from django.utils.safestring import SafeString

from .formats import KINDS, NUMERIC_KINDS, format_value
from .icons import icon_html
from .paging import PAGE_SIZES, Pager, clean_query, query_url, whole

BLANK = '<span class="mut">—</span>'
COUNT_CACHE_FROM = 1000
COUNT_CACHE_SECONDS = 30
# The first pages in the usual order (an index) are read at once; any other order is found by
# ids alone, so that the database sorts and skips narrow rows and counts no annotation of them.
TWO_STEPS_FROM = 500
_SENTINEL = 987654321987


@dataclass(frozen=True, slots=True)
class Pill:
    """A state in a row: dot and word. ``tone`` is ``""`` grey, ``b`` blue, ``a`` amber,
    ``g`` green or ``r`` red (overdue and failed only); ``plain`` drops the dot."""

    text: str
    tone: str = ""
    plain: bool = False

    def __str__(self) -> SafeString:
        return SafeString(self.__html__())

    def __html__(self) -> str:
        css = " ".join(part for part in ("pill", self.tone, "plain" if self.plain else "") if part)
        return f'<span class="{css}">{escape(self.text)}</span>'


class RowLink:
    """``row -> URL`` for a pattern with one argument, with a single ``reverse()`` per process.

    ``attribute`` is the path to the value on the row (``pk``, ``provider_id``,
    ``estate.street_id``); a row without it gets no link.
    """

    def __init__(self, url_name: str, attribute: str = "pk") -> None:
        self.url_name = url_name
        self.attribute = attribute
        self._get = attrgetter(attribute.replace("__", "."))
        self._parts: tuple[str, str] | None = None

    def __call__(self, row: Any) -> str | None:
        if self._parts is None:
            before, _, after = reverse(self.url_name, args=[_SENTINEL]).partition(str(_SENTINEL))
            self._parts = (before, after)
        try:
            value = self._get(row)
        except AttributeError:
            return None
        return None if value is None else f"{self._parts[0]}{value}{self._parts[1]}"


@dataclass(frozen=True)
class Column:
    """One column.

    ``value``: path (``street__name``; joined by itself) or ``callable(row)``; default: ``name``.
    A field with choices shows its label, a boolean 是/否.
    ``sort``: path to order by, ``True`` for the value's path.
    ``kind``: text, integer, decimal (see ``places``), money (yuan, two places), percent (the
    number is already times 100), date, datetime, month.
    ``link``: URL name that takes the row's pk, a :class:`RowLink`, or ``callable(row)``.
    ``pill``: ``callable(row) -> Pill | None``. ``tone``: ``callable(row) ->`` css of the value.
    ``hidden``: off until chosen by 选列. ``export``: false leaves it out of workbooks, a
    ``callable(row)`` gives the exported value.
    ``total``: path to sum or an aggregate, over **all** filtered rows.
    ``dash_zero``: 0 is shown as “—”. ``only``: ``callable(user) -> bool``, whether the column
    exists for this user at all. ``unit`` is put behind the label in brackets.
    """

    name: str
    label: str
    value: str | Callable[[Any], Any] | None = None
    sort: str | bool | None = None
    num: bool = False
    css: str = ""
    link: str | Callable[[Any], str | None] | None = None
    pill: Callable[[Any], Pill | None] | None = None
    hidden: bool = False
    export: bool | Callable[[Any], Any] = True
    kind: str = "text"
    total: str | BaseExpression | None = None
    places: int | None = None
    tone: Callable[[Any], str] | None = None
    dash_zero: bool = False
    unit: str = ""
    only: Callable[[Any], bool] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name}: unknown kind {self.kind!r}")

    @property
    def numeric(self) -> bool:
        return self.num or self.kind in NUMERIC_KINDS

    @property
    def path(self) -> str | None:
        """The field path from which the value comes, if it comes from one."""
        if isinstance(self.value, str):
            return self.value
        return self.name if self.value is None else None

    @property
    def sort_path(self) -> str | None:
        if self.sort is True:
            return self.path
        return self.sort or None

    @property
    def heading(self) -> str:
        return f"{self.label}（{self.unit}）" if self.unit else self.label


@lru_cache(maxsize=2048)
def _final_field(model: type[Model] | None, path: str) -> Field | None:
    """Return the field at the end of ``path``, or None if it is no field (an annotation)."""
    current: Any = model
    found = None
    for part in path.split("__"):
        if current is None:
            return None
        try:
            found = current._meta.get_field("pk" if part == "pk" else part)
        except FieldDoesNotExist:
            return None
        current = found.related_model
    return found if isinstance(found, Field) else None


def _reader(path: str) -> Callable[[Any], Any]:
    get = attrgetter(path.replace("__", "."))
    hops = path.split("__")

    def read(row: Any) -> Any:
        try:
            return get(row)
        except (AttributeError, ObjectDoesNotExist):
            current = row
            for hop in hops:
                try:
                    current = getattr(current, hop)
                except ObjectDoesNotExist:
                    return None
                if current is None:
                    return None
            return current

    return read


def column_value(column: Column, model: type[Model] | None = None) -> Callable[[Any], Any]:
    """Return ``row -> value`` of ``column``: typed, with labels of choices already looked up."""
    if column.value is not None and not isinstance(column.value, str):
        return column.value
    path = column.path or column.name
    read = _reader(path)
    target = _final_field(model, path)
    choices = dict(getattr(target, "flatchoices", None) or ())
    if choices:
        return lambda row: choices.get(read(row), read(row))
    return read


@lru_cache(maxsize=4096)
def _cell(column: Column, model: type[Model] | None) -> Callable[[Any], str]:
    """Compile ``column`` into ``row -> '<td …>…</td>'``."""
    read = column_value(column, model)
    kind, places, pill, tone, zero = (
        column.kind,
        column.places,
        column.pill,
        column.tone,
        column.dash_zero,
    )
    link = RowLink(column.link) if isinstance(column.link, str) else column.link
    css = f"num {column.css}".strip() if column.numeric else column.css
    open_td = f'<td data-label="{escape(column.heading)}"' + (f' class="{css}"' if css else "")
    # A blank is left out of the cards of a phone.
    quiet = f"{css} none".strip()
    blank = f'<td data-label="{escape(column.heading)}" class="{quiet}">{BLANK}</td>'
    clipped = "clip" in css.split()
    plain_text = kind == "text"

    def render(row: Any) -> str:
        if pill is not None:
            shown = pill(row)
            if shown is None:
                return blank
            inner, title = shown.__html__(), ""
        else:
            value = read(row)
            if value is None or value == "" or (zero and value == 0):
                return blank
            if hasattr(value, "__html__"):
                inner, title = value.__html__(), ""
            else:
                text = (
                    value
                    if plain_text and type(value) is str
                    else format_value(value, kind, places)
                )
                inner = title = escape(text)
        if tone is not None:
            shade = tone(row)
            if shade:
                inner = f'<span class="{shade}">{inner}</span>'
        if link is not None:
            url = link(row)
            if url:
                hint = f' title="{title}"' if clipped and title else ""
                return f'{open_td}><a href="{escape(url)}"{hint}>{inner}</a></td>'
        if clipped and title:
            return f'{open_td} title="{title}">{inner}</td>'
        return f"{open_td}>{inner}</td>"

    return render


@dataclass(frozen=True)
class Heading:
    """One header cell as ``_table.html`` draws it."""

    label: str
    css: str = ""
    url: str = ""
    direction: str = ""  # ascending, descending or ""
    next_word: str = ""


@dataclass
class BoundTable:
    """A table with its rows, ready for ``partials/_table.html``."""

    table: "Table"
    columns: list[Column]
    headings: list[Heading]
    rows: Sequence[Any]
    body: SafeString
    sum_row: SafeString | str
    css: str
    caption: str
    span: int
    selectable: bool
    has_lead: bool
    pager: Pager | None = None
    choices: list[tuple[Column, bool]] = field(default_factory=list)
    sort: str = ""
    empty_text: str = ""

    @property
    def empty(self) -> bool:
        return not self.rows

    @property
    def head(self) -> SafeString:
        """The header cells. By hand: each heading is a dozen template nodes otherwise."""
        parts = []
        if self.selectable:
            parts.append(
                '<th class="pick" scope="col"><input class="form-check-input" type="checkbox" '
                'data-pick-all aria-label="全选本页"></th>'
            )
        elif self.has_lead:
            parts.append('<th class="pick" scope="col"><span class="sr">展开</span></th>')
        for heading in self.headings:
            css = f' class="{heading.css}"' if heading.css else ""
            sort = f' aria-sort="{heading.direction}"' if heading.direction else ""
            label = escape(heading.label)
            if heading.url:
                sign = "chevron-down" if heading.direction == "descending" else "chevron-up"
                label = (
                    f'<a href="{escape(heading.url)}" data-list-link '
                    f'title="按{label}{heading.next_word}排">{label}{icon_html(sign)}</a>'
                )
            parts.append(f'<th scope="col"{css}{sort}>{label}</th>')
        return SafeString("".join(parts))

    @property
    def choice_boxes(self) -> SafeString:
        """The check boxes of 选列."""
        return SafeString(
            "".join(
                f'<label><input class="form-check-input" type="checkbox" name="col" '
                f'value="{column.name}"{" checked" if on else ""}>{escape(column.heading)}</label>'
                for column, on in self.choices
            )
        )

    @property
    def sort_options(self) -> SafeString:
        """The sort orders as options, for a phone, where the header is not shown."""
        return SafeString(
            "".join(
                f'<option value="{escape(h.url)}">按{escape(h.label)}{h.next_word}</option>'
                for h in self.headings
                if h.url
            )
        )


class Table:
    """Base of the declared tables; see ``templates/README.md``.

    ``css`` goes on ``<table>`` (``lines-2`` for two-line rows, ``cards`` to stack as cards on a
    phone); ``sum_row`` shows the totals as the last row; ``expand`` is a URL name or
    ``callable(row) -> URL`` whose answer is put under the row; ``only_fields`` limits the columns
    read from the database; ``key`` names the table in the cookie of chosen columns (default: the
    class's name).
    """

    columns: ClassVar[Sequence[Column]] = ()
    default_sort: ClassVar[str] = ""
    page_sizes: ClassVar[Sequence[int]] = PAGE_SIZES
    max_page: ClassVar[int] = 500
    css: ClassVar[str] = "cards"
    caption: ClassVar[str] = ""
    sum_row: ClassVar[bool] = False
    expand: ClassVar[str | Callable[[Any], str | None] | None] = None
    only_fields: ClassVar[Sequence[str]] = ()
    key: ClassVar[str] = ""

    def __init__(self, *, model: type[Model] | None = None, user: Any = None) -> None:
        self.model = model
        self.user = user
        # A check box before each row; the list page sets it if the user may act on many rows.
        self.pick = False
        self.available = [c for c in self.columns if c.only is None or c.only(user)]
        self._by_name = {column.name: column for column in self.available}
        if len(self._by_name) != len(self.available):
            raise ValueError(f"{type(self).__name__}: two columns of one name")

    @classmethod
    def table_key(cls) -> str:
        return cls.key or re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    # --- what is shown ---

    def shown(self, chosen: Iterable[str] | None = None) -> list[Column]:
        """Return the chosen columns in declared order; without a usable choice the default."""
        wanted = {name for name in chosen or () if name in self._by_name}
        if wanted:
            return [column for column in self.available if column.name in wanted]
        return [column for column in self.available if not column.hidden]

    def sort_of(self, requested: str | None) -> str:
        """Return ``requested`` if it names a sortable column, else the default sort."""
        name = (requested or "").removeprefix("-")
        column = self._by_name.get(name)
        return requested if requested and column and column.sort_path else self.default_sort

    # --- what is read ---

    def ordering(self, sort: str) -> list[Any]:
        """Return the ``order_by`` arguments of ``sort`` (column name, ``-`` for descending)."""
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        column = self._by_name.get(name)
        if column is None or not column.sort_path:
            return ["-pk" if descending else "pk"] if name == "pk" else []
        path = column.sort_path
        target = _final_field(self.model, path)
        if target is not None and not target.null and "__" not in path:
            primary: str | OrderBy = f"-{path}" if descending else path
            return [primary] if target.unique else [primary, "pk"]
        expression = F(path)
        primary = (
            expression.desc(nulls_last=True) if descending else expression.asc(nulls_last=True)
        )
        return [primary, "pk"]

    def prepare(self, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
        """Join what the columns read, so that the number of queries does not grow with rows."""
        joins = set()
        for column in columns:
            path = column.path
            target = _final_field(self.model, path) if path and self.model else None
            if path and target is not None:
                if target.is_relation:
                    joins.add(path)
                elif "__" in path:
                    joins.add(path.rpartition("__")[0])
        if joins:
            rows = rows.select_related(*sorted(joins))
        return rows.only(*self.only_fields) if self.only_fields else rows

    def summary(self, rows: Any, *, cache_key: str = "") -> tuple[int, dict[str, Any]]:
        """Return the number of rows and the totals by column name, in one query.

        Counts above 1,000 rows are kept for 30 s under ``cache_key``; smaller ones are cheap and
        always fresh.
        """
        columns = [column for column in self.available if column.total is not None]
        if not isinstance(rows, QuerySet):
            totals = {
                c.name: sum((v for v in map(column_value(c), rows) if v is not None), Decimal(0))
                for c in columns
            }
            return len(rows), totals
        key = ""
        if cache_key:
            digest = hashlib.sha256(cache_key.encode()).hexdigest()[:40]
            key = f"table-count:{self.table_key()}:{digest}"
            kept = cache.get(key)
            if kept is not None:
                return kept
        plain = rows.order_by()
        if columns:
            aggregates = {
                f"total_{column.name}": (
                    Sum(column.total) if isinstance(column.total, str) else column.total
                )
                for column in columns
            }
            answer = plain.aggregate(table_rows=Count("pk"), **aggregates)
            count = answer.pop("table_rows")
            totals = {name.removeprefix("total_"): value or 0 for name, value in answer.items()}
        else:
            count, totals = plain.count(), {}
        if key and count > COUNT_CACHE_FROM:
            cache.set(key, (count, totals), COUNT_CACHE_SECONDS)
        return count, totals

    def fetch(self, rows: Any, columns: Sequence[Column], sort: str, start: int, size: int) -> list:
        """Return the rows of one page, in order."""
        if not isinstance(rows, QuerySet):
            return list(self.sorted_plain(rows, sort))[start : start + size]
        ordering = self.ordering(sort)
        ordered = rows.order_by(*ordering) if ordering else rows
        usual = sort == self.default_sort and start < TWO_STEPS_FROM
        if usual and not rows.query.annotations:
            return list(self.prepare(ordered, columns)[start : start + size])
        ids = list(ordered.values_list("pk", flat=True)[start : start + size])
        if not ids:
            return []
        # The unsliced rows keep their annotations and prefetches; order comes from the ids.
        found = {row.pk: row for row in self.prepare(rows.filter(pk__in=ids).order_by(), columns)}
        return [found[pk] for pk in ids if pk in found]

    def sorted_plain(self, rows: Sequence[Any], sort: str) -> Sequence[Any]:
        """Sort rows that are plain objects (selectors' answers); blanks last."""
        column = self._by_name.get(sort.removeprefix("-"))
        if column is None or not column.sort_path:
            return rows
        read = _reader(column.sort_path)
        filled = [row for row in rows if read(row) is not None]
        blank = [row for row in rows if read(row) is None]
        return sorted(filled, key=read, reverse=sort.startswith("-")) + blank

    def in_order(self, rows: QuerySet, columns: Sequence[Column], sort: str) -> QuerySet:
        """Return all rows in the order of ``sort``, joined, for an export."""
        ordering = self.ordering(sort)
        ordered = rows.order_by(*ordering) if ordering else rows
        return self.prepare(ordered, columns)

    # --- what is drawn ---

    def render_rows(self, rows: Iterable[Any], columns: Sequence[Column]) -> SafeString:
        cells = [_cell(column, self.model) for column in columns]
        lead = self._lead()
        css_of = self.row_css
        parts: list[str] = []
        for row in rows:
            css = css_of(row)
            parts.append(f'<tr class="{css}">' if css else "<tr>")
            if lead:
                parts.append(lead(row))
            parts.extend([cell(row) for cell in cells])
            parts.append("</tr>\n")
        return SafeString("".join(parts))

    def row_css(self, row: Any) -> str:
        """CSS of ``<tr>``; for a subclass to say."""
        return ""

    def row_title(self, row: Any) -> str:
        """What a screen reader calls the row's check box or its expander."""
        return str(row)

    def _lead(self) -> Callable[[Any], str] | None:
        """Compile the check box or the expander that stands before the first column."""
        title = self.row_title
        if self.pick:
            return lambda row: (
                '<td class="pick"><input class="form-check-input" type="checkbox" form="bulk" '
                f'name="pk" value="{row.pk}" aria-label="选择 {escape(title(row))}"></td>'
            )
        expand = type(self).expand
        if expand is None:
            return None
        url_of = RowLink(expand) if isinstance(expand, str) else expand

        def lead(row: Any) -> str:
            url = url_of(row)
            if not url:
                return '<td class="pick"></td>'
            return (
                f'<td class="pick"><button class="expander" type="button" aria-expanded="false" '
                f'data-expand="{escape(url)}" aria-label="展开 {escape(title(row))}">'
                "</button></td>"
            )

        return lead

    def render_sum(self, columns: Sequence[Column], totals: dict[str, Any]) -> SafeString | str:
        if not self.sum_row:
            return ""
        cells = ["<td></td>"] if self._lead() else []
        named = False
        for column in columns:
            label = f' data-label="{escape(column.heading)}"'
            if column.name in totals:
                text = escape(format_value(totals[column.name], column.kind, column.places))
                cells.append(f'<td class="num"{label}>{text}</td>')
            elif not named:
                cells.append("<td>合计</td>")
                named = True
            else:
                cells.append("<td></td>")
        return SafeString(f'<tr class="sum">{"".join(cells)}</tr>')

    def headings(self, columns: Sequence[Column], sort: str, params: Any | None) -> list[Heading]:
        base = clean_query(params, "sort", "page", "export") if params is not None else ""
        prefix = f"?{base}&sort=" if base else "?sort="
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        headings = []
        for column in columns:
            css = "num" if column.numeric else ("c" if "c" in column.css.split() else "")
            if params is None or not column.sort_path:
                headings.append(Heading(column.heading, css))
                continue
            current = column.name == name
            headings.append(
                Heading(
                    column.heading,
                    f"{css} sorted".strip() if current else css,
                    f"{prefix}{'-' if current and not descending else ''}{column.name}",
                    ("descending" if descending else "ascending") if current else "",
                    "从大到小" if current and not descending else "从小到大",
                )
            )
        return headings

    def page(
        self,
        rows: Any,
        *,
        count: int,
        totals: dict[str, Any] | None = None,
        params: Any,
        chosen: Iterable[str] | None = None,
        empty_text: str = "",
    ) -> BoundTable:
        """Return one page of ``rows`` as ``params`` (a QueryDict) asks for it.

        A page number that is no number, too low or too high becomes the nearest page.
        """
        columns = self.shown(chosen)
        sort = self.sort_of(params.get("sort"))
        size = whole(params.get("size"), self.page_sizes[0])
        size = size if size in self.page_sizes else self.page_sizes[0]
        wanted = max(1, math.ceil(count / size))
        pages = min(wanted, self.max_page)
        number = min(max(whole(params.get("page"), 1), 1), pages)
        found = self.fetch(rows, columns, sort, (number - 1) * size, size) if count else []
        pager = Pager(
            number,
            size,
            count,
            pages,
            wanted > pages,
            lambda n: query_url(params, page=n if n > 1 else None, export=None),
            lambda n: query_url(params, size=n, page=None, export=None),
            self.page_sizes,
        )
        return self._bind(columns, found, sort, params, totals or {}, pager, empty_text)

    def whole(
        self, rows: Iterable[Any], *, totals: dict[str, Any] | None = None, empty_text: str = ""
    ) -> BoundTable:
        """Return all of ``rows`` without paging or sorting (a panel on a record)."""
        columns = self.shown()
        if isinstance(rows, QuerySet):
            ordering = self.ordering(self.default_sort)
            if ordering and not rows.query.is_sliced:
                rows = rows.order_by(*ordering)
            rows = (
                rows if rows.query.is_sliced and self.only_fields else self.prepare(rows, columns)
            )
        found = list(rows)
        if totals is None and self.sum_row:
            totals = self.summary(found)[1]
        return self._bind(columns, found, "", None, totals or {}, None, empty_text)

    def _bind(
        self,
        columns: list[Column],
        rows: Sequence[Any],
        sort: str,
        params: Any | None,
        totals: dict[str, Any],
        pager: Pager | None,
        empty_text: str,
    ) -> BoundTable:
        shown = set(columns)
        return BoundTable(
            table=self,
            columns=columns,
            headings=self.headings(columns, sort, params),
            rows=rows,
            body=self.render_rows(rows, columns),
            sum_row=self.render_sum(columns, totals) if rows else "",
            css=self.css,
            caption=self.caption,
            span=len(columns) + (1 if self._lead() else 0),
            selectable=self.pick,
            has_lead=self._lead() is not None,
            pager=pager,
            choices=[(column, column in shown) for column in self.available],
            sort=sort,
            empty_text=empty_text,
        )

    # --- what is exported ---

    def export_columns(
        self, columns: Sequence[Column]
    ) -> list[tuple[Column, Callable[[Any], Any]]]:
        """Return the columns that go into a workbook with their ``row -> value``.

        A pill without a path value is exported as its word.
        """
        readers: list[tuple[Column, Callable[[Any], Any]]] = []
        for column in columns:
            if column.export is False:
                continue
            if callable(column.export):
                readers.append((column, column.export))
            elif column.pill is not None and column.value is None:
                readers.append((column, _pill_word(column.pill)))
            else:
                readers.append((column, column_value(column, self.model)))
        return readers


def _pill_word(pill: Callable[[Any], Pill | None]) -> Callable[[Any], str]:
    def word(row: Any) -> str:
        shown = pill(row)
        return shown.text if shown else ""

    return word
