"""Gunicorn's settings, the same under ``manage.py serve`` and in the container.

``PORTAL_BIND`` (127.0.0.1:8000), ``WEB_WORKERS`` (2) and ``FORWARDED_ALLOW_IPS`` (127.0.0.1)
change them. Sync workers: on two cores four of them beat threads and ASGI servers (measured).
"""

import os
from pathlib import Path

from django.urls import get_resolver
from gunicorn.arbiter import Arbiter

bind = os.environ.get("PORTAL_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS") or 2)
worker_class = "sync"
preload_app = True  # one start of Django instead of one a worker
timeout = 60
graceful_timeout = 20
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  as gunicorn advises
limit_request_line = 8190
errorlog = "-"
loglevel = "warning"
accesslog = "-" if os.environ.get("ACCESS_LOG") == "1" else None
# The path without its query: a search for a person's name stays out of the log.
access_log_format = "%({x-forwarded-for}i)s %(m)s %(U)s %(s)s %(B)s %(L)s"


def on_starting(server: Arbiter) -> None:
    """Read all URL patterns (and so all views) once, before the workers are forked."""
    _ = get_resolver().url_patterns
