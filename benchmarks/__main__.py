"""``make bench``: build the city ×100 on SQLite and on PostgreSQL, measure, write the table.

    python -m benchmarks [--factor 100] [--only sqlite|postgresql] [--keep]

The databases lie in ``var/bench/`` and in ``xingyang_bench`` of the PostgreSQL server that
``DATABASE_URL`` or this machine offers; without one that half is left out, and the table says so.
``--keep`` measures on the databases of the last run.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "var" / "bench"
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table -->", "<!-- /table -->"
PARTS = ("list", "export", "import")
_DATABASE = "xingyang_bench"


def postgresql() -> str | None:
    """Return the URL of an empty-or-ours database, or None where no server answers."""
    found = subprocess.run(
        [sys.executable, "scripts/ci_services.py", "postgresql"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    server = found.stdout.strip().rpartition("/")[0]
    return f"{server}/{_DATABASE}" if found.returncode == 0 else None


def environment(database: str, url: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "CELERY_BROKER_URL"}}
    return {
        **kept,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "xingyang_pm.settings",
        "PORTAL_ENV": "embedded",
        "PORTAL_VAR": str(FOLDER / database),
    }


def make(database: str, env: dict[str, str], factor: int) -> None:
    """Make the database anew: the demo city, ``factor`` times as large (0: as it is)."""
    shutil.rmtree(FOLDER / database, ignore_errors=True)
    (FOLDER / database).mkdir(parents=True)
    if env["DATABASE_URL"]:
        server = env["DATABASE_URL"].rpartition("/")[0] + "/postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            name = env["DATABASE_URL"].rpartition("/")[2]
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
    manage = [sys.executable, "manage.py"]
    for command in (
        [*manage, "migrate", "--verbosity", "0"],
        [*manage, "load_demo"],
        *([[sys.executable, "-m", "benchmarks.run", "city", str(factor)]] if factor else []),
        # As the database does by itself after a night.
        [sys.executable, "-m", "benchmarks.run", "settle", "0"],
    ):
        print("  " + " ".join(command[1:]), flush=True)
        subprocess.run(command, cwd=PROJECT, env=env, stdout=subprocess.DEVNULL, check=True)


def measure(env: dict[str, str]) -> list[dict]:
    found = []
    for part in PARTS:
        command = [sys.executable, "-m", "benchmarks.run", part, "0"]
        done = subprocess.run(
            command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, text=True, check=True
        )
        found += [json.loads(line) for line in done.stdout.splitlines()]
        for pair in found[-done.stdout.count("\n") :]:
            print(f"  {pair['what']:<26} {pair['ratio']:.2f}  {pair['note']}", flush=True)
    return found


def table(results: dict[str, list[dict]], factor: int) -> str:
    lines = [
        f"City ×{factor}, Python {platform.python_version()}, {os.cpu_count()} cores.",
        "",
        "| what | database | ours | theirs | ratio | at most | peak memory | |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for database, pairs in results.items():
        for p in pairs:
            limit = "" if p["limit"] is None else f"{p['limit']:.1f}"
            peak = "" if p["peak_mb"] is None else f"{p['peak_mb']} MB"
            lines.append(
                f"| {p['what']} | {database} | {_time(p['ours'])} | {_time(p['theirs'])} "
                f"| **{p['ratio']:.2f}** | {limit} | {peak} | {p['note']} |"
            )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def write(text: str) -> None:
    before, _, rest = README.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--factor", type=int, default=100)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    urls = {"sqlite": "", "postgresql": postgresql()}
    results: dict[str, list[dict]] = {}
    for database, url in urls.items():
        if options.only not in {None, database}:
            continue
        if url is None:
            print("No PostgreSQL answers: its half is left out.")
            continue
        env = environment(database, url)
        print(database, flush=True)
        if not options.keep:
            make(database, env, options.factor)
        results[database] = measure(env)
    if options.only is None and len(results) == len(urls):
        write(table(results, options.factor))
    else:
        print(table(results, options.factor))
    over = [
        f"{database}: {p['what']} {p['ratio']:.2f}"
        for database, pairs in results.items()
        for p in pairs
        if (p["limit"] is not None and p["ratio"] > p["limit"]) or (p["peak_mb"] or 0) > 500
    ]
    sys.exit("Over the limit: " + "; ".join(over) if over else 0)


if __name__ == "__main__":
    main()
