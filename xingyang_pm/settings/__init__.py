"""Settings of the portal, one file a subject, all read from typed environment variables.

With no variable set the portal runs as the *embedded* portal: SQLite, a ``filesystem://``
broker and secrets made for this installation under ``var/``. ``PORTAL_ENV=production``
turns the strict rules on: it refuses to start without its own secrets.
"""

from .base import *  # noqa: F403  the one star import: Django reads settings from a flat module
