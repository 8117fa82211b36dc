"""Where uploaded and produced files lie: private, by random name, never by the user's."""

import hashlib
import uuid
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import File

from . import clock

SUFFIXES = frozenset(
    {".xlsx", ".xls", ".pdf", ".jpg", ".jpeg", ".png", ".json", ".zip", ".txt", ".doc", ".docx"}
)


def sha256_of(file: File) -> str:
    """Return the SHA-256 of a file, read in pieces; it stands at its beginning afterwards."""
    mark = hashlib.sha256()
    file.seek(0)
    for piece in file.chunks():
        mark.update(piece)
    file.seek(0)
    return mark.hexdigest()


def private_path(instance: Any, filename: str) -> str:
    """Return ``<model>/<year>/<month>/<random><suffix>``; an unknown suffix is dropped."""
    suffix = PurePosixPath(filename).suffix.lower()
    day = clock.today()
    return (
        f"{instance._meta.model_name}/{day:%Y/%m}/"
        f"{uuid.uuid4().hex}{suffix if suffix in SUFFIXES else ''}"
    )
