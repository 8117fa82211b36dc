"""Where uploaded and produced files lie: private, by random name, never by the user's."""

import uuid
from pathlib import PurePosixPath
from typing import Any

from . import clock

SUFFIXES = frozenset(
    {".xlsx", ".xls", ".pdf", ".jpg", ".jpeg", ".png", ".json", ".zip", ".txt", ".doc", ".docx"}
)


def private_path(instance: Any, filename: str) -> str:
    """Return ``<model>/<year>/<month>/<random><suffix>``; an unknown suffix is dropped."""
    suffix = PurePosixPath(filename).suffix.lower()
    day = clock.today()
    return (
        f"{instance._meta.model_name}/{day:%Y/%m}/"
        f"{uuid.uuid4().hex}{suffix if suffix in SUFFIXES else ''}"
    )
