"""Moving a record from one state to the next by compare-and-set."""

from typing import Any

from django.db import models

from .errors import StaleState


def move(
    record: models.Model,
    *,
    source: str | tuple[str, ...],
    target: str,
    field: str = "status",
    message: str | None = None,
    **values: Any,
) -> None:
    """Move ``record`` from ``source`` to ``target`` and set ``values`` in the same statement.

    Of two people who act at once one wins; the other gets :class:`StaleState`. The instance
    is brought up to date.
    """
    sources = (source,) if isinstance(source, str) else source
    rows = type(record)._base_manager.filter(pk=record.pk, **{f"{field}__in": sources})
    if rows.update(**{field: target}, **values) != 1:
        raise StaleState(message) if message else StaleState()
    setattr(record, field, target)
    for name, value in values.items():
        setattr(record, name, value)
