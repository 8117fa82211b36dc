"""The ground under every test, laid before Django reads its settings.

Each pytest process (so each xdist worker) has a folder of its own for the database, the
queue, uploads and secrets, and never meets the developer's ``var/``. With ``DATABASE_URL``
and ``REDIS_URL`` in the environment the same tests run on PostgreSQL and Redis.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

import django
from django.conf import settings

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
PROJECT = Path(__file__).resolve().parents[2]

# What a developer may have set for a portal of the own must not colour a test.
_NOT_INHERITED = (
    "ALLOWED_HOSTS",
    "CELERY_BROKER_URL",
    "CSRF_TRUSTED_ORIGINS",
    "DEBUG",
    "DEMO_DATA",
    "DIGEST_KEY",
    "MEDIA_ROOT",
    "PORT",
    "PORTAL_PROCESS",
    "SEALING_KEYS",
    "SECOND_FACTOR_REQUIRED",
    "SECRET_KEY",
    "STATIC_ROOT",
)


def _redis_of_this_worker(url: str) -> str:
    """Return ``url`` with a Redis database of this worker's own: a cache clear empties it whole."""
    number = 10 + int(re.sub(r"\D", "", WORKER) or 0) % 6
    return re.sub(r"(?<=\d|\w)/\d+$|/?$", f"/{number}", url, count=1)


def _lay() -> Path:
    if settings.configured:
        raise RuntimeError(
            "Django's settings were read before tests/support/environment.py: "
            "unset DJANGO_SETTINGS_MODULE and leave out pytest's --ds."
        )
    for name in _NOT_INHERITED:
        os.environ.pop(name, None)
    folder = Path(tempfile.mkdtemp(prefix=f"xingyang-test-{WORKER}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="xingyang_pm.settings",
        PORTAL_ENV="test",
        PORTAL_VAR=str(folder),
        PORTAL_URL="https://wygl.test",
        CELERY_QUEUE=f"portal-test-{WORKER}-{os.getpid()}",
        # Playwright's synchronous interface runs an event loop in the test's own thread.
        DJANGO_ALLOW_ASYNC_UNSAFE="1",
    )
    if os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = _redis_of_this_worker(os.environ["REDIS_URL"])
    django.setup()
    # An xdist worker inherits this process's environment, and must come here first itself.
    del os.environ["DJANGO_SETTINGS_MODULE"]
    return folder


VAR = _lay()
