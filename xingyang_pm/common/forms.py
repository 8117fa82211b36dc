"""Forms: one renderer, real controls, the same field everywhere.

``PortalFormRenderer`` (``settings.FORM_RENDERER``) draws each field as label, 选填 mark, control,
hint and error. ``PortalForm`` and ``PortalModelForm`` scope all choices to the user, give each
control its class and native type, and put the focus on the first error.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.renderers import TemplatesSetting

MONTH = re.compile(r"(\d{4})-(\d{1,2})")


class PortalFormRenderer(TemplatesSetting):
    """Draws forms with the portal's templates; widgets may be overridden under ``templates/``."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class MonthInput(forms.DateInput):
    """A native month control; the value is the first day of the month."""

    input_type = "month"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, dt.date):
            return f"{value:%Y-%m}"
        return value[:7] if isinstance(value, str) and MONTH.match(value) else value


class MonthField(forms.Field):
    """A month, as the date of its first day."""

    widget = MonthInput
    default_error_messages = {"invalid": "月份应写成 2026-10 这样"}

    def to_python(self, value: Any) -> dt.date | None:
        if value in self.empty_values:
            return None
        if isinstance(value, dt.date):
            return value.replace(day=1)
        found = MONTH.match(str(value).strip())
        if found:
            year, month = int(found[1]), int(found[2])
            if 1900 <= year <= 2200 and 1 <= month <= 12:
                return dt.date(year, month, 1)
        raise ValidationError(self.error_messages["invalid"], code="invalid")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class MoneyField(forms.DecimalField):
    """Yuan with fen, never negative; thousands separators as people type them are accepted."""

    def __init__(self, *, max_digits: int = 14, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal(0))
        super().__init__(max_digits=max_digits, decimal_places=2, **kwargs)
        self.widget = forms.TextInput(attrs={"inputmode": "decimal", "data-unit": "元"})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stubs derive it from IntegerField
        if isinstance(value, str):
            value = value.replace(",", "").replace("，", "").removeprefix("¥").strip()
        return super().to_python(value)


class PhotoInput(forms.ClearableFileInput):
    """Takes several pictures; a phone offers its camera first."""

    template_name = "forms/photo.html"
    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None, *, camera: bool = True) -> None:
        base = {"accept": "image/jpeg,image/png", "multiple": True}
        if camera:
            base["capture"] = "environment"
        super().__init__({**base, **(attrs or {})})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile]:
        return (
            files.getlist(name)
            if hasattr(files, "getlist")
            else [files[name]]
            if name in files
            else []
        )


class PhotosField(forms.Field):
    """Several uploaded pictures as a list; size and count are checked, the content by services."""

    widget = PhotoInput
    default_error_messages = {
        "too_many": "最多 %(limit)s 张，这次选了 %(count)s 张",
        "too_big": "“%(name)s”超过 %(limit)s MB，请换小一些的照片",
    }

    def __init__(self, *, max_count: int = 9, max_megabytes: int = 15, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_count = max_count
        self.max_megabytes = max_megabytes

    def clean(self, value: Any) -> list[UploadedFile]:
        files = [item for item in (value or []) if item]
        super().clean(files)
        if len(files) > self.max_count:
            raise ValidationError(
                self.error_messages["too_many"],
                code="too_many",
                params={"limit": self.max_count, "count": len(files)},
            )
        for item in files:
            if item.size > self.max_megabytes * 2**20:
                raise ValidationError(
                    self.error_messages["too_big"],
                    code="too_big",
                    params={"name": item.name, "limit": self.max_megabytes},
                )
        return files


class UploadInput(forms.FileInput):
    """One document, with the portal's own words: the browser's may be in another language."""

    template_name = "forms/upload.html"


class UploadField(forms.FileField):
    """One document; ``suffixes`` (with dot) and ``max_megabytes`` are said beside the control."""

    widget = UploadInput
    default_error_messages = {
        "suffix": "只收 %(list)s 文件，这份是“%(name)s”",
        "too_big": "文件有 %(size)s MB，超过 %(limit)s MB，请换小一些的文件",
    }

    def __init__(
        self, *, suffixes: Sequence[str] = (), max_megabytes: int = 20, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.suffixes = tuple(suffixes)
        self.max_megabytes = max_megabytes
        if self.suffixes:
            self.widget.attrs.setdefault("accept", ",".join(self.suffixes))

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        if isinstance(found, UploadedFile):
            if self.suffixes and not str(found.name).lower().endswith(self.suffixes):
                raise ValidationError(
                    self.error_messages["suffix"],
                    code="suffix",
                    params={"list": "、".join(self.suffixes), "name": found.name},
                )
            size = found.size or 0
            if size > self.max_megabytes * 2**20:
                raise ValidationError(
                    self.error_messages["too_big"],
                    code="too_big",
                    params={"size": round(size / 2**20, 1), "limit": self.max_megabytes},
                )
        return found


_NATIVE = (
    (forms.DateTimeField, "datetime-local"),
    (forms.DateField, "date"),
)


def dress_field(field: forms.Field, name: str) -> None:
    """Give the control of ``field`` its class and native type. Safe to call twice."""
    widget = field.widget
    if isinstance(widget, forms.HiddenInput | forms.MultiWidget):
        return
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        css = "form-check-input"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    if widget.__class__.__name__ != "ScopedSelect" and css not in widget.attrs.get("class", ""):
        widget.attrs["class"] = f"{widget.attrs.get('class', '')} {css}".strip()
    for kind, native in _NATIVE:
        if isinstance(field, kind) and isinstance(widget, forms.DateInput | forms.DateTimeInput):
            widget.input_type = native
            widget.format = "%Y-%m-%d" if native == "date" else "%Y-%m-%dT%H:%M"
            break
    if isinstance(field, forms.IntegerField) and not isinstance(field, forms.FloatField):
        widget.attrs.setdefault("inputmode", "numeric")
    if isinstance(widget, forms.Textarea):
        widget.attrs.pop("cols", None)
        if str(widget.attrs.get("rows", "10")) == "10":  # Django's own default
            widget.attrs["rows"] = 4


class _PortalFormMixin(forms.BaseForm):
    """What both bases share: scope, dress, sections, focus on the first error."""

    user: Any

    def _ready(self) -> None:
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                rows = field.queryset
                if not hasattr(rows, "visible_to"):
                    raise TypeError(
                        f"{type(self).__name__}.{name}: its rows have no visible_to() to scope them"
                    )
                field.queryset = cast(Any, rows).visible_to(self.user)
                if getattr(field, "empty_label", None) == "---------":
                    field.empty_label = "请选择"
            elif isinstance(field, forms.TypedChoiceField | forms.ChoiceField) and not isinstance(
                field, forms.MultipleChoiceField
            ):
                field.choices = [
                    (key, "请选择" if word == "---------" else word)
                    for key, word in cast(Any, field.choices)
                ]
            dress_field(field, name)

    def _mark_errors(self) -> None:
        """Tell the controls of their error, and put the focus on the first."""
        first = True
        for name, field in self.fields.items():
            if name not in self.errors:
                continue
            css = field.widget.attrs.get("class", "")
            if "is-invalid" not in css:
                field.widget.attrs["class"] = f"{css} is-invalid".strip()
            if first:
                field.widget.attrs["autofocus"] = True
                first = False

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        self._mark_errors()

    def full_clean(self) -> None:
        super().full_clean()
        if getattr(self, "_errors", None):
            self._mark_errors()

    @property
    def sections(self) -> list[tuple[str, list[tuple[forms.BoundField, bool]]]]:
        """``[(title, [(field, wide), …]), …]`` for the form template; what no section names
        comes last."""
        meta = getattr(self, "Meta", None)
        declared: Iterable[tuple[str, Sequence[str]]] = getattr(meta, "sections", ())
        wide = set(getattr(meta, "wide", ()))
        left = [name for name in self.fields if not self[name].is_hidden]
        parts = []
        for title, names in declared:
            here = [name for name in names if name in left]
            left = [name for name in left if name not in here]
            parts.append((title, here))
        if left:
            parts.append(("", left))
        return [
            (title, [(self[name], name in wide or self._is_wide(name)) for name in names])
            for title, names in parts
            if names
        ]

    @property
    def hidden_errors(self) -> list[str]:
        """What is wrong with fields that nobody sees: it has no place but the top.

        A sentence that does not name its field is put behind the field's label.
        """
        hidden = [self[name] for name in self.fields if self[name].is_hidden]
        return [
            str(error) if str(field.label) in str(error) else f"{field.label}：{error}"
            for field in hidden
            for error in field.errors
        ]

    def _is_wide(self, name: str) -> bool:
        widget = self.fields[name].widget
        return isinstance(widget, forms.Textarea | forms.CheckboxSelectMultiple | PhotoInput)


class PortalForm(_PortalFormMixin, forms.Form):
    """A form of the portal; ``user`` scopes its choices.

    ``Meta.sections = [(title, [names])]`` groups fields into panels, ``Meta.wide`` lists those
    that take a whole row.
    """

    required_css_class = "required"

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self._ready()


class PortalModelForm(_PortalFormMixin, forms.ModelForm):
    """A model's form: shape and words come from the model, the writing is a service's.

    ``save()`` is closed: views call a service with ``cleaned_data``.
    """

    required_css_class = "required"

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self._ready()

    def save(self, commit: bool = True) -> Any:
        raise TypeError("a form does not write; call the service with cleaned_data")

    def changed_values(self) -> dict[str, Any]:
        """Return the cleaned values that differ from what was shown."""
        return {
            name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data
        }
