"""One transaction in which every refusal of the database becomes a sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction

from .errors import BusinessError
from .triggers import sentence


@contextmanager
def guarded() -> Iterator[None]:
    """Run the block in one transaction.

    ``ValidationError`` (from ``full_clean``) and ``IntegrityError`` (from a constraint or a
    trigger) leave it as :class:`BusinessError` with the Chinese sentence, and nothing is
    written.
    """
    try:
        with transaction.atomic():
            yield
    except ValidationError as error:
        raise _from_validation(error) from error
    except IntegrityError as error:
        told = _sentence_of_constraint(error) or sentence(error)
        raise BusinessError(told, code="conflict") from error


def _sentence_of_constraint(error: IntegrityError) -> str:
    """Return the sentence of the model's constraint that the database names, or nothing.

    ``full_clean()`` says it first, except when two act at the same moment, or when a service
    writes by ``update()``. PostgreSQL names a constraint; SQLite does so for a check, and names
    the columns of a unique one.
    """
    text = str(error).split("\n")[0]
    named = re.search(r'constraint "(\w+)"|CHECK constraint failed: (\w+)', text)
    columns = re.search(r"UNIQUE constraint failed: (.+)", text)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            found = (
                constraint.name in named.groups()
                if named
                else columns is not None and columns[1] == _as_sqlite_names(model, constraint)
            )
            told = str(constraint.violation_error_message or "")
            if found and told != str(constraint.default_violation_error_message):
                return told
    return ""


def _as_sqlite_names(model: type[models.Model], constraint: models.BaseConstraint) -> str:
    if not isinstance(constraint, models.UniqueConstraint):
        return ""
    fields = (model._meta.get_field(name) for name in constraint.fields)
    table = model._meta.db_table
    return ", ".join(f"{table}.{getattr(field, 'column', '')}" for field in fields)


def _from_validation(error: ValidationError) -> BusinessError:
    if hasattr(error, "error_dict"):
        field, problems = next(iter(error.message_dict.items()))
        return BusinessError(
            " ".join(problems),
            code="invalid",
            field=None if field == NON_FIELD_ERRORS else field,
        )
    return BusinessError(" ".join(error.messages), code="invalid")
