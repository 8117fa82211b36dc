"""The doors past the services, and the database that must refuse behind each of them."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction


def refused(sentence: str, door: Callable[[], object]) -> None:
    """Assert that the database refuses ``door`` with ``sentence``, and undo what it began."""
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        door()


def sql(statement: str, *parameters: object) -> Callable[[], object]:
    """Return the door that runs ``statement``."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    return run
