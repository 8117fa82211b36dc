"""``manage.py load_demo``: the demo city, and the article's figures counted from its rows."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.support.environment import PROJECT

ARTICLE = {
    "enterprises_signed": 35, "estates_assigned": 54, "bulletins": 6, "old_estates": 432,
    "old_buildings": 1253, "old_households": 35279, "old_coverage_percent": 100,
    "owner_fee_yuan": 10, "subsidy_rate_yuan": 10, "rural_communities": 37,
    "rural_enterprise_managed": 4, "rural_self_managed": 33, "rural_service_centres": 4,
    "seminar_people": 70, "visit_enterprises": 5, "visit_people": 10,
    "fire_training_people": 130, "posters": 400, "banners": 160, "boards": 386, "tv_reports": 4,
    "awarded_projects": 4, "awarded_enterprises": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def manage(migrated_sqlite, tmp_path_factory):
    """Run a command on an installation of its own, whatever database this run has."""
    folder = tmp_path_factory.mktemp("city")
    # Not a copy of the file: what the last test took back may still stand in its journal alone.
    with (
        closing(sqlite3.connect(migrated_sqlite)) as source,
        closing(sqlite3.connect(folder / "portal.sqlite3")) as target,
    ):
        source.backup(target)
    own = {"PORTAL_ENV": "embedded", "PORTAL_VAR": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    run("load_demo")
    return run


def test_the_figures_of_the_article_are_counted_from_the_citys_rows(manage):
    figures = json.loads(manage("article_figures", "--year", "2017", "--json"))
    assert {key: float(figures[key]) for key in ARTICLE} == ARTICLE
