"""Keeps uploads of a rejected form, so that nobody has to choose a file twice.

A kept upload lies in the private storage under a random name; the form carries a token signed
for this user, good for two hours. Old ones are removed by the sweeper.
"""

import datetime as dt
import uuid
from typing import Any

from django.core import signing
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils.datastructures import MultiValueDict

from . import clock

FOLDER = "stash"
PREFIX = "_kept_"
MAX_AGE = dt.timedelta(hours=2)
MAX_BYTES = 20 * 2**20


def keep(files: "MultiValueDict[str, UploadedFile]", user: Any) -> dict[str, list[tuple[str, str]]]:
    """Store ``files``; return ``{field: [(token, name), …]}`` for the form to carry."""
    kept: dict[str, list[tuple[str, str]]] = {}
    for field in files:
        for upload in files.getlist(field):
            if upload.size is None or upload.size > MAX_BYTES:
                continue
            upload.seek(0)
            path = default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}", upload)
            upload.seek(0)
            token = signing.dumps(
                {"path": path, "name": upload.name, "type": upload.content_type},
                salt=f"stash-{user.pk}",
                compress=True,
            )
            kept.setdefault(field, []).append((token, str(upload.name)))
    return kept


def restore(data: Any, files: "MultiValueDict[str, UploadedFile]", user: Any) -> MultiValueDict:
    """Return ``files`` with the kept uploads of fields for which nothing new was chosen.

    A token that is forged, foreign or too old is passed over: the form then asks for the file.
    """
    merged: MultiValueDict = MultiValueDict({name: files.getlist(name) for name in files})
    for key in data:
        if not key.startswith(PREFIX) or files.getlist(key.removeprefix(PREFIX)):
            continue
        field = key.removeprefix(PREFIX)
        for token in data.getlist(key):
            try:
                entry = signing.loads(token, salt=f"stash-{user.pk}", max_age=MAX_AGE)
                with default_storage.open(entry["path"]) as stored:
                    content = stored.read()
            except (signing.BadSignature, FileNotFoundError):
                continue
            merged.appendlist(field, SimpleUploadedFile(entry["name"], content, entry["type"]))
    return merged


def sweep() -> int:
    """Remove kept uploads that no form can use any more; return how many."""
    if not default_storage.exists(FOLDER):
        return 0
    removed = 0
    for name in default_storage.listdir(FOLDER)[1]:
        path = f"{FOLDER}/{name}"
        if clock.now() - default_storage.get_modified_time(path) > MAX_AGE:
            default_storage.delete(path)
            removed += 1
    return removed
