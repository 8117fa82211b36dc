"""What ``.ci/run`` asks: where PostgreSQL and Redis are, and whether both runs took place.

``find`` prints ``DATABASE_URL=…`` and ``REDIS_URL=…`` for a shell, or ends with 1 and the reason.
``postgresql`` prints the first URL alone, for ``make bench``.
``compare FOLDER`` reads the two reports of the test runs and ends with 1 if one is missing, ran on
something else, used no real worker, or left out rules of the database.
"""

import getpass
import json
import os
import shlex
import sys
from pathlib import Path

import psycopg
import redis


def find_postgresql() -> str:
    """Return the URL of a server on which databases can be made."""
    given = os.environ.get("DATABASE_URL")
    users = dict.fromkeys((getpass.getuser(), "root", "postgres"))
    candidates = (
        [given] if given else [f"postgres://{user}@127.0.0.1:5432/xingyang_ci" for user in users]
    )
    reasons = []
    for url in candidates:
        base = url.rpartition("/")[0] + "/postgres"
        try:
            with psycopg.connect(base, connect_timeout=5) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper, version() FROM pg_roles "
                    "WHERE rolname = current_user"
                ).fetchone()
        except psycopg.Error as error:
            reasons.append(str(error).strip().splitlines()[0])
            continue
        if row and row[0]:
            print(f"found {row[1].split(' on ')[0]}", file=sys.stderr)
            return url
        reasons.append("the user may not create databases")
    sys.exit("no PostgreSQL for the second run: " + "; ".join(reasons))


def find_redis() -> str:
    """Return the URL of a Redis that answers."""
    url = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as server:
            print(f"found Redis {server.info('server')['redis_version']}", file=sys.stderr)
    except redis.RedisError as error:
        sys.exit(f"no Redis for the second run: {error}")
    return url


def compare(folder: Path) -> None:
    """Print both runs side by side and end with 1 unless each did its part."""
    wanted = {
        "sqlite": ("SQLite", "filesystem://"),
        "postgresql": ("PostgreSQL", "Redis"),
    }
    runs, faults = {}, []
    for name, (database, broker) in wanted.items():
        path = folder / f"{name}.json"
        if not path.exists():
            faults.append(f"the run on {database} left no report: it did not take place")
            continue
        run = runs[name] = json.loads(path.read_text())
        print(
            f"{run['database']:>10} + {run['broker']:<13} {run['passed']:5} passed, "
            f"{run['both_databases']:4} rules of the database, {run['worker']:3} with a real "
            f"worker, {run['browser']:3} in Chromium"
        )
        if (run["database"], run["broker"]) != (database, broker):
            faults.append(f"the run meant for {database} ran on {run['database']}")
        if not run["passed"]:
            faults.append(f"the run on {database} passed no test")
        if not run["worker"]:
            faults.append(f"the run on {database} used no real Celery worker")
    if len(runs) == len(wanted) and len({run["both_databases"] for run in runs.values()}) > 1:
        faults.append("a rule of the database was tried on one database only")
    for fault in faults:
        print(f"FAULT: {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    if sys.argv[1:2] == ["find"]:
        print(f"DATABASE_URL={shlex.quote(find_postgresql())}")
        print(f"REDIS_URL={shlex.quote(find_redis())}")
    elif sys.argv[1:2] == ["postgresql"]:
        print(find_postgresql())
    else:
        compare(Path(sys.argv[2]))
