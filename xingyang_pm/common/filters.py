"""Filters of lists: scoped choices, visible conditions, no 500 for a mistyped value.

The state of a list lives in its URL. A value that cannot be read is named in a sentence above
the list and otherwise left out; it never empties the list silently and never raises.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, cast

import django_filters
from django import forms
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from .forms import MonthField, MonthInput, dress_field
from .kept import kept
from .paging import query_url
from .scoping import visible_rows

# Without a chosen street, a list of hundreds of communities helps nobody.
PARENTLESS = 60
BLANK_WORDS = {"": "全部"}


def scoped_choices(
    model: type[Model], narrow: Callable[[QuerySet], QuerySet] | None = None
) -> Callable[[HttpRequest], QuerySet]:
    """Return ``request -> queryset`` of the rows of ``model`` that the user may see.

    For ``queryset=`` of django-filter's model filters; ``narrow`` limits or orders further.
    """

    def choices(request: HttpRequest) -> QuerySet:
        rows = visible_rows(model, request.user)
        return narrow(rows) if narrow else rows

    return choices


@dataclass(frozen=True)
class NameMatch:
    """What a user typed where the choices were too many for a list."""

    text: str

    def __str__(self) -> str:
        return f"含“{self.text}”"


@dataclass(frozen=True)
class ActiveChip:
    """One active condition: shown as a chip whose × leads to ``remove_url``."""

    name: str
    label: str
    text: str
    remove_url: str


class ScopedSelect(forms.Widget):
    """A select whose options are read as two columns and written in one go.

    Rendering options through model instances and one template each made the filter form cost
    more than the table.
    """

    def __init__(self, empty: str = "全部", attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.empty = empty
        self.options: Callable[[str], list[tuple] | None] | None = None
        self.parent = ""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = "" if value is None else str(value)
        options = self.options(chosen) if self.options else None
        given = {**self.attrs, **(attrs or {})}
        css = given.pop("class", "")
        extra = "".join(
            f" {key}" if item is True else f' {key}="{escape(str(item))}"'
            for key, item in given.items()
            if item not in (None, False)
        )
        if options is None:
            return SafeString(
                f'<input type="text" name="{name}" value="{escape(chosen)}" '
                f'class="form-control {css}" placeholder="输入名称"{extra}>'
            )
        parent = f' data-parent="{self.parent}"' if self.parent else ""
        return SafeString(
            f'<select name="{name}" class="form-select {css}"{parent}{extra}>'
            f"{option_tags(options, self.empty, chosen)}</select>"
        )


def control(bound: forms.BoundField) -> SafeString:
    """Return the control of ``bound``; plain boxes and selects without a template.

    Seven widget templates per list page took a quarter of its time.
    """
    field = bound.field
    widget = field.widget
    kind = type(widget)
    if kind not in _PLAIN:
        return SafeString(str(bound))
    attrs = "".join(
        f" {key}" if item is True else f' {key}="{escape(str(item))}"'
        for key, item in widget.attrs.items()
        if item is not None and item is not False
    )
    head = f'name="{bound.html_name}" id="{bound.auto_id}"{attrs}'
    value = bound.value()
    if kind is forms.Select:
        chosen = "" if value is None else str(value)
        options = "".join(
            f'<option value="{escape(key)}"{" selected" if str(key) == chosen else ""}>'
            f"{escape(word)}</option>"
            for key, word in cast(Any, field).choices
        )
        return SafeString(f"<select {head}>{options}</select>")
    shown = widget.format_value(value)
    text = "" if shown is None else f' value="{escape(shown)}"'
    length = getattr(field, "max_length", None)
    limit = f' maxlength="{length}"' if length else ""
    given = "" if "type" in widget.attrs else f' type="{cast(Any, widget).input_type}"'
    return SafeString(f"<input{given}{text}{limit} {head}>")


_PLAIN = frozenset({forms.Select, forms.TextInput, forms.NumberInput, forms.DateInput, MonthInput})


def option_tags(options: Iterable[tuple], empty: str, chosen: str = "") -> SafeString:
    """Return ``<option>`` elements of ``(pk, label)`` pairs, the blank one first."""
    parts = [f'<option value="">{escape(empty)}</option>']
    for pk, label in options:
        mark = " selected" if str(pk) == chosen else ""
        parts.append(f'<option value="{pk}"{mark}>{escape(str(label))}</option>')
    return SafeString("".join(parts))


class ScopedChoiceField(forms.Field):
    """One row of a scoped queryset by its key; a typed name where the choices are many."""

    widget = ScopedSelect

    def __init__(
        self,
        *,
        rows: QuerySet,
        label_field: str,
        limit: int,
        empty: str,
        parent: str,
        parent_value: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(required=False, **kwargs)
        self.rows = rows
        self.label_field = label_field
        self.limit = limit
        self.parent = parent
        self.parent_value = parent_value
        self.lent: list[tuple] | None = None
        self.empty = empty
        self.widget.empty = empty
        self.widget.parent = parent
        self.widget.options = self.options

    def options(self, chosen: str = "") -> list[tuple] | None:
        """Return ``(pk, label)`` of the choices, or None if there are too many for a list.

        Choices that depend on a parent are those of the chosen parent; the page asks for others
        when the parent changes. Without a parent chosen, only a few are listed at once.
        """
        if self.lent is None:
            self.lent = self.read(chosen)
        return None if len(self.lent) > self.limit else self.lent

    def read(self, chosen: str) -> list[tuple]:
        """Read the choices, one more than ``limit`` if there are too many; one query."""
        rows = self.rows
        if self.parent and self.parent_value.isdigit():
            rows = rows.filter(**{f"{self.parent}_id": int(self.parent_value)})
        limit = PARENTLESS if self.parent and not self.parent_value else self.limit
        found = list(rows.values_list("pk", self.label_field)[: limit + 1])
        if self.parent and len(found) > limit:
            known = self.rows.filter(pk=int(chosen)) if chosen.isdigit() else ()
            found = [(row.pk, getattr(row, self.label_field)) for row in known]
        return found

    def clean(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 19:
            found = self.rows.filter(pk=int(text)).first()
            if found is not None:
                return found
        elif self.options() is None:
            return NameMatch(text)
        raise ValidationError("没有这一项，或不在可看的范围内")


@extend_schema_field(OpenApiTypes.INT)
class ScopedChoiceFilter(django_filters.Filter):
    """Filter by a related row that the user may see.

    ``model``: of the choices; ``label_field``: what is shown; ``empty``: word of no choice;
    ``parent``: name of the filter (and foreign key) on which the choices depend; ``narrow``:
    ``queryset -> queryset``; ``limit``: above it, a name is typed instead of picked.
    """

    def __init__(
        self,
        model: type[Model],
        field_name: str | None = None,
        *,
        label: str,
        label_field: str = "name",
        empty: str = "全部",
        parent: str = "",
        narrow: Callable[[QuerySet], QuerySet] | None = None,
        limit: int = 400,
        **kwargs: Any,
    ) -> None:
        super().__init__(field_name, label=label, **kwargs)
        self.choices = scoped_choices(model, narrow)
        self.label_field = label_field
        self.shape: dict[str, Any] = {
            "label_field": label_field,
            "limit": limit,
            "empty": empty,
            "parent": parent,
        }

    @property
    def field(self) -> ScopedChoiceField:
        if not hasattr(self, "_field"):
            request = self.parent.request
            up = self.shape["parent"]
            self._field = ScopedChoiceField(
                rows=self.choices(request),
                label=self.label,
                widget=ScopedSelect(),
                parent_value=(self.parent.data or {}).get(up, "") if up else "",
                **self.shape,
            )
        return self._field

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        if value is None:
            return qs
        if isinstance(value, NameMatch):
            return qs.filter(**{f"{self.field_name}__{self.label_field}__contains": value.text})
        return qs.filter(**{self.field_name: value.pk})


def _is_many(model: type[Model], path: str) -> bool:
    """Return whether ``path`` runs over a relation with several rows."""
    current: Any = model
    for part in path.split("__"):
        try:
            found = current._meta.get_field(part)
        except FieldDoesNotExist:
            return False
        if found.many_to_many or found.one_to_many:
            return True
        current = found.related_model
        if current is None:
            return False
    return False


class KeywordFilter(django_filters.CharFilter):
    """One box that looks into several fields; every word must be found in one of them.

    ``paths`` are lookups such as ``name__contains`` or ``code__istartswith``. A path over a
    relation with several rows becomes a subquery, so that no row appears twice.
    """

    def __init__(
        self, paths: Sequence[str], *, label: str = "关键词", placeholder: str = "", **kwargs: Any
    ) -> None:
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"placeholder": placeholder, "type": "search"})
        )
        super().__init__(label=label, max_length=60, **kwargs)
        self.paths = list(paths)

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        for word in (value or "").split():
            condition = Q()
            for path in self.paths:
                if _is_many(qs.model, path):
                    rows = qs.model._base_manager.filter(**{path: word}).values("pk")
                    condition |= Q(pk__in=rows)
                else:
                    condition |= Q(**{path: word})
            qs = qs.filter(condition)
        return qs


class MonthFilter(django_filters.Filter):
    """A native month box; the value is the first day of the month."""

    field_class = MonthField


class DateSpanFilter(django_filters.Filter):
    """One end of a span of days, included: declare two, ``side="from"`` and ``side="to"``."""

    def __init__(self, field_name: str, *, side: str, label: str, **kwargs: Any) -> None:
        lookup = {"from": "gte", "to": "lte"}[side]
        super().__init__(field_name, lookup_expr=lookup, label=label, **kwargs)

    @property
    def field(self) -> forms.Field:
        if not hasattr(self, "_field"):
            self._field = forms.DateField(
                label=self.label,
                required=False,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )
        return self._field


class YesNoFilter(django_filters.Filter):
    """Shown as a select 全部／(yes word)／(no word); ``method`` or a boolean field."""

    def __init__(self, *args: Any, yes: str = "是", no: str = "否", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.words = [("", "全部"), ("1", yes), ("0", no)]

    @property
    def field(self) -> forms.Field:
        if not hasattr(self, "_field"):
            self._field = forms.TypedChoiceField(
                label=self.label,
                required=False,
                choices=self.words,
                coerce=lambda text: text == "1",
                empty_value=None,
            )
        return self._field


class _FilterForm(forms.Form):
    """A form over fields made for this request alone, so that none need copying."""

    def __init__(self, data: Any, *, prefix: str | None, fields: dict[str, forms.Field]) -> None:
        super().__init__(data, prefix=prefix)
        self.fields = fields


class PortalFilterSet(django_filters.FilterSet):
    """Base of the lists' filters.

    ``Meta.primary`` names the filters of the bar; the others stand under 更多条件. Read after
    construction: ``qs``, ``chips``, ``problems``, ``describe()``.
    """

    class Meta:
        primary: Sequence[str] = ()

    def __init__(
        self,
        data: QueryDict | None = None,
        queryset: QuerySet | None = None,
        *,
        request: HttpRequest,
        prefix: str | None = None,
    ) -> None:
        # As the base class does, but without deep copies, which took a millisecond of every
        # list: a filter's own options are copied, since model filters write their rows there.
        if queryset is None:
            queryset = self._meta.model._default_manager.none()
        self.is_bound = data is not None
        self.data: Any = data or {}
        self.queryset = queryset
        self.request = request
        self.form_prefix = prefix
        self.filters = {}
        for name, declared in self.base_filters.items():
            own = copy.copy(declared)
            own.extra = dict(declared.extra)
            own.parent = self
            own.model = queryset.model
            # A filter by method is bound to the filter that made it; bind it to this one.
            if own.method is not None:
                own.method = own.method
            self.filters[name] = own
        self.params = data if data is not None else QueryDict()

    @property
    def form(self) -> forms.Form:
        if not hasattr(self, "_form"):
            fields = {name: own.field for name, own in self.filters.items()}
            form = _FilterForm(self.data, prefix=self.form_prefix, fields=fields)
            for name, entry in form.fields.items():
                if isinstance(entry, forms.ChoiceField) and not isinstance(
                    entry.widget, forms.CheckboxSelectMultiple
                ):
                    entry.choices = [
                        (key, BLANK_WORDS.get(key, word) if word == "---------" else word)
                        for key, word in cast(Any, entry.choices)
                    ]
                dress_field(entry, name)
            self._form = form
        return self._form

    @property
    def qs(self) -> QuerySet:
        """The filtered rows; values that cannot be read are left out (see ``problems``)."""
        if not hasattr(self, "_qs"):
            rows = self.queryset.all()
            if self.is_bound:
                self.form.is_valid()
                for name, value in self.form.cleaned_data.items():
                    rows = self.filters[name].filter(rows, value)
            self._qs = rows
        return self._qs

    @property
    def problems(self) -> list[str]:
        """One sentence for each value that could not be used."""
        if not self.is_bound:
            return []
        return [
            f"“{self.form.fields[name].label}”的条件没有用上：{str(errors[0]).rstrip('。')}。请重新选择。"
            for name, errors in self.form.errors.items()
            if name in self.form.fields
        ]

    def _text(self, name: str, value: Any) -> str:
        entry = self.form.fields[name]
        if isinstance(entry, MonthField):
            return f"{value.year}年{value.month}月"
        if isinstance(entry, forms.ChoiceField):
            words: dict[str, str] = {}
            for key, word in cast(Any, entry.choices):
                if isinstance(word, list | tuple):
                    words.update({str(k): str(w) for k, w in word})
                else:
                    words[str(key)] = str(word)
            if isinstance(value, bool):
                value = "1" if value else "0"
            values = value if isinstance(value, list | tuple | set) else [value]
            return "、".join(words.get(str(item), str(item)) for item in values)
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, str):
            return value
        if isinstance(value, Iterable):
            return "、".join(str(item) for item in value)
        return str(value)

    @property
    def chips(self) -> list[ActiveChip]:
        """The active conditions in declared order, those under 更多条件 too."""
        if not hasattr(self, "_chips"):
            self._chips = []
            if self.is_bound:
                self.form.is_valid()
                for name in self.filters:
                    value = self.form.cleaned_data.get(name)
                    if value in (None, "") or (isinstance(value, list | tuple) and not value):
                        continue
                    if isinstance(value, QuerySet) and not value:
                        continue
                    self._chips.append(
                        ActiveChip(
                            name,
                            str(self.form.fields[name].label),
                            self._text(name, value),
                            query_url(self.params, **{name: None, "page": None}),
                        )
                    )
        return self._chips

    @property
    def clear_url(self) -> str:
        """The list without any condition, in the same order and page size."""
        return query_url(self.params, **dict.fromkeys([*self.filters, "page"]))

    def describe(self) -> str:
        """Return the conditions as one sentence, as exports state them: “街道：索河街道；…”."""
        if not self.chips:
            return "全部，没有筛选条件"
        return "；".join(f"{chip.label}：{chip.text}" for chip in self.chips)

    @property
    def primary_names(self) -> list[str]:
        declared = getattr(self.Meta, "primary", None) or list(self.filters)[:6]
        return [name for name in declared if name in self.filters]

    def _lend_choices(self) -> None:
        """Give the selects their choices, which every page of this list shows alike."""
        own = {n: f for n, f in self.form.fields.items() if isinstance(f, ScopedChoiceField)}
        if not own or any(field.lent is not None for field in own.values()):
            return
        chosen = {name: str(self.data.get(name) or "") for name in own}
        depending = [
            (name, field.parent_value, chosen[name]) for name, field in own.items() if field.parent
        ]
        choices = kept(
            self.request.user,
            f"choices {self.request.path} {depending}",
            lambda: {name: field.read(chosen[name]) for name, field in own.items()},
        )
        for name, field in own.items():
            field.lent = choices[name]

    def _boxes(self, names: Iterable[str]) -> SafeString:
        self._lend_choices()
        parts = []
        for name in names:
            bound = self.form[name]
            parts.append(
                f'<div><label class="lab" for="{bound.auto_id}">{escape(str(bound.label))}</label>'
                f"{control(bound)}</div>"
            )
        return SafeString("\n".join(parts))

    @property
    def bar(self) -> SafeString:
        """Labels and controls of the bar."""
        return self._boxes(self.primary_names)

    @property
    def more(self) -> SafeString:
        """Labels and controls under 更多条件; empty if there are none."""
        first = set(self.primary_names)
        return self._boxes(name for name in self.filters if name not in first)

    @property
    def more_open(self) -> bool:
        """Whether a condition under 更多条件 is active, so that the fold starts open."""
        first = set(self.primary_names)
        return any(chip.name not in first for chip in self.chips)
