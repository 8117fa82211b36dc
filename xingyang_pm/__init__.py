"""Xingyang property-management portal.

The Celery app is imported here so that ``shared_task.delay()`` always meets our broker
and never falls back to a broker on localhost.
"""

from .celery import app as celery_app

__all__ = ["celery_app"]
