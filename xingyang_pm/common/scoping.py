"""Row scope: ``Model.objects.visible_to(user)`` is the one way to what a person may see.

The bureau's people see the city, a street office's people see the rows whose street is
theirs. Each app registers the path from its models to the street in ``AppConfig.ready()``.
A model without a registration shows nothing to anybody.
"""

from typing import Any, Self, cast

from django.db import models
from django.db.models import Q

from .errors import BusinessError

NOTHING = Q(pk__in=())


class Scope:
    """Turns a user into the condition on the rows that this user may see."""

    def condition(self, user: Any) -> Q:
        raise TypeError("a scope says its condition")


class StreetScope(Scope):
    """City for the bureau, own street for a street office.

    ``path`` leads to the street; empty for the street itself.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def condition(self, user: Any) -> Q:
        if not user.reads_business:
            return NOTHING
        if user.sees_city:
            return Q()
        return Q(**{f"{self.path}__office" if self.path else "office": user.office_id})


class OfficeScope(Scope):
    """Everything for the bureau's people, the own office's rows for others.

    ``field`` leads to the office. Serves rows about offices and people, which also those
    see who do no business.
    """

    def __init__(self, field: str) -> None:
        self.field = field

    def condition(self, user: Any) -> Q:
        return Q() if user.sees_city else Q(**{self.field: user.office_id})


class CityScope(Scope):
    """What was issued to all: every signed-in reader of the business sees it."""

    def condition(self, user: Any) -> Q:
        return Q() if user.reads_business else NOTHING


class BureauScope(Scope):
    """The bureau's own papers."""

    def condition(self, user: Any) -> Q:
        return Q() if user.reads_business and user.sees_city else NOTHING


class OwnerScope(Scope):
    """Rows of the user alone (own jobs, own saved views)."""

    def __init__(self, field: str) -> None:
        self.field = field

    def condition(self, user: Any) -> Q:
        return Q(**{self.field: user.pk})


class RoleScope(Scope):
    """All rows for the holders of ``roles``, none for others."""

    def __init__(self, *roles: str) -> None:
        self.roles = frozenset(roles)

    def condition(self, user: Any) -> Q:
        return NOTHING if user.role_codes.isdisjoint(self.roles) else Q()


class Where(Scope):
    """Rows that meet ``condition``, for every reader of the business (e.g. issued bulletins)."""

    def __init__(self, condition: Q) -> None:
        self.fixed = condition

    def condition(self, user: Any) -> Q:
        return self.fixed if user.reads_business else NOTHING


class AnyOf(Scope):
    """Rows that any of ``scopes`` shows."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    def condition(self, user: Any) -> Q:
        combined = NOTHING
        for scope in self.scopes:
            condition = scope.condition(user)
            if not condition:
                return Q()
            combined = condition if combined == NOTHING else combined | condition
        return combined


_registry: dict[type[models.Model], Scope] = {}


def register_scope(model: type[models.Model], scope: Scope) -> None:
    _registry[model] = scope


def scope_of(model: type[models.Model]) -> Scope | None:
    return _registry.get(model)


def visible_condition(model: type[models.Model], user: Any) -> Q:
    """Return the condition on ``model`` rows that ``user`` may see; none if unregistered."""
    scope = _registry.get(model)
    if scope is None or not getattr(user, "is_authenticated", False) or not user.is_active:
        return NOTHING
    return scope.condition(user)


class ScopedQuerySet(models.QuerySet):
    """Base of every queryset in the portal."""

    def visible_to(self, user: Any) -> Self:
        """Return the rows that ``user`` may see."""
        condition = visible_condition(self.model, user)
        if condition == NOTHING:
            return self.none()
        return self.filter(condition) if condition else self


_ScopedManager = models.Manager.from_queryset(ScopedQuerySet)


class ScopedManager(_ScopedManager):
    """Default manager of models without filters of their own."""


def visible_rows(model: type[models.Model], user: Any) -> ScopedQuerySet:
    """Return the rows of ``model`` that ``user`` may see, where the model is known at run time."""
    return cast(ScopedQuerySet, model._default_manager.all()).visible_to(user)


def assert_in_scope(obj: models.Model, user: Any) -> None:
    """Raise unless ``obj`` as it now stands in the database is visible to ``user``.

    Called inside the transaction after a write, so that nobody moves a row out of the own
    scope or writes into another's.
    """
    if not visible_rows(type(obj), user).filter(pk=obj.pk).exists():
        raise BusinessError("这条记录不属于你所在的街道（乡镇），没有保存。", code="out_of_scope")
