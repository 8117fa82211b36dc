"""Fixtures of all tests. ``tests/support/`` holds them by subject; the order here matters:
the environment is laid before any module that imports a model."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import settings as examples

# Nothing here is timed: a busy machine is no failure.
examples.register_profile("untimed", deadline=None)
examples.load_profile("untimed")

pytest_plugins = [
    "tests.support.environment",
    "tests.support.database",
    "tests.support.people",
    "tests.support.territory",
    "tests.support.queries",
    "tests.support.processes",
    "tests.support.browser",
]

_ran = {"passed": 0, "both_databases": 0, "worker": 0, "browser": 0}


def _database() -> str:
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]


def _broker() -> str:
    return "Redis" if settings.REDIS_URL else "filesystem://"


def pytest_report_header() -> str:
    return f"portal: database {_database()}, broker {_broker()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("postgresql") and connection.vendor != "postgresql":
            item.add_marker(pytest.mark.skip(reason="says something of PostgreSQL alone"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    # Markers do not travel from an xdist worker to the controller; properties do.
    if report.when == "call":
        names = [name for name in _ran if item.get_closest_marker(name)]
        if item.get_closest_marker("postgresql") and "both_databases" in names:
            names.remove("both_databases")  # its module's marker; it runs on PostgreSQL alone
        report.user_properties.append(("portal", names))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _ran["passed"] += 1
        for key, names in report.user_properties:
            if key == "portal":
                for name in names:
                    _ran[name] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on which database the tests ran, for a reader and (as JSON) for ``.ci/run``."""
    facts = {"database": _database(), "broker": _broker(), **_ran}
    terminalreporter.write_line(
        f"portal: {facts['passed']} passed on {facts['database']} with {facts['broker']}; "
        f"{facts['both_databases']} of them say a rule of the database, "
        f"{facts['worker']} used a real Celery worker, {facts['browser']} drove Chromium"
    )
    if os.environ.get("PORTAL_TEST_REPORT"):
        Path(os.environ["PORTAL_TEST_REPORT"]).write_text(json.dumps(facts))
