"""All addresses of the portal, read from the URLconf itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import get_resolver
from django.urls.resolvers import RoutePattern, URLPattern, URLResolver


@dataclass(frozen=True)
class Address:
    """One pattern: its full name, its route, the names of its arguments, the model of its pk."""

    name: str
    route: str
    arguments: tuple[str, ...]
    model: str

    @property
    def names_object(self) -> bool:
        return bool(self.arguments) and bool(self.model)

    def path(self, kwargs: dict[str, Any]) -> str:
        """Return the path with ``kwargs`` put in; by hand, since two routes may share a name."""
        text = self.route
        for name, value in kwargs.items():
            text = re.sub(rf"\(\?P<{name}>(?:[^()]|\([^()]*\))*\)", str(value), text)
            text = re.sub(rf"<(?:\w+:)?{name}>", str(value), text)
        text = text.replace("\\.", ".").replace("/?", "")
        return "/" + re.sub(r"[\^$]", "", text)


def _model_of(callback: Any, name: str) -> str:
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if view is not None and getattr(view, "reads_object", True):
        model = getattr(view, "model", None)
        model = model or getattr(getattr(view, "queryset", None), "model", None)
        return model._meta.label if model is not None else ""
    match = re.fullmatch(
        r"admin:([a-z0-9_]+?)_([a-z]+)_(history|delete|change|config|qrcode)", name
    )
    if match:
        try:
            return apps.get_model(match[1], match[2])._meta.label
        except LookupError:
            return ""
    return ""


def _walk(patterns: list[Any], space: str, route: str) -> Iterator[Address]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry.url_patterns, inner, route + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            full = route + str(entry.pattern)
            name = f"{space}{entry.name}" if entry.name else f"{space}route:{full}"
            if isinstance(entry.pattern, RoutePattern):
                arguments = tuple(re.findall(r"<(?:\w+:)?(\w+)>", full))
            else:
                arguments = tuple(re.findall(r"\(\?P<(\w+)>", full))
            yield Address(name, full, arguments, _model_of(entry.callback, name))


def addresses() -> list[Address]:
    """Return every address, in the order of the URLconf."""
    return list(_walk(get_resolver().url_patterns, "", ""))
