"""The Celery application: configured from ``CELERY_*`` settings, tasks found in every app."""

import os
from importlib import import_module

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xingyang_pm.settings")

app = Celery("xingyang_pm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def fill_calendar(sender: Celery, **kwargs: object) -> None:
    """Hand the registered periodic jobs to beat.

    Apps register them in ``ready()``, so the registry is read only here, when Django is up.
    """
    periodic = import_module("xingyang_pm.common.periodic")
    sender.conf.beat_schedule = periodic.beat_schedule()
