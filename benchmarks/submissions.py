"""``make bench-load``: phones that report all at once, against a real gunicorn on PostgreSQL.

    python -m benchmarks.submissions [--seconds 30] [--clients 4]

Several client processes send whole drafts to the address that phones send them to, as fast as the
server answers, a fifth of them a second time. Afterwards the database is asked: as many records
as keys, each with its number, no number twice, none left out.
"""

import argparse
import datetime as dt
import http.client
import json
import multiprocessing
import os
import platform
import random
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.__main__ import PROJECT, README, environment, make, postgresql

PORT = 8179
REPEATED = 0.2
WANTED = 50  # a second
BEGIN, END = "<!-- load -->", "<!-- /load -->"
_ESTATES = 6000
_FAILED = 2


# --- Before: people, estates, a round ---------------------------------------------------------


def seed(clients: int) -> dict[str, Any]:
    """Make a round over ``_ESTATES`` estates; return what the clients need to know of it."""
    # Models exist only once Django is set up, in this process alone.
    from django.conf import settings  # noqa: PLC0415  as said
    from django.test import Client  # noqa: PLC0415  as said

    from accounts.models import User  # noqa: PLC0415  as said
    from benchmarks.city import _copies, _write, person  # noqa: PLC0415  as said
    from estates.models import Estate  # noqa: PLC0415  as said
    from inspections import services  # noqa: PLC0415  as said
    from inspections.choices import CoverageBy  # noqa: PLC0415  as said
    from inspections.models import Checklist, RoundEstate  # noqa: PLC0415  as said
    from xingyang_pm.common import clock  # noqa: PLC0415  as said

    today = clock.today()
    street_estate = Estate.objects.filter(status="active").order_by("pk")[0]
    checklist = Checklist.objects.filter(kind="cleaning", status="in_use").order_by("pk")[0]
    round = services.round_create(
        actor=person("bureau_manager"),
        title="压力测试",
        checklist=checklist,
        start_date=today,
        end_date=today + dt.timedelta(days=7),
        streets=[street_estate.street],
        coverage_by=CoverageBy.STREET,
    )
    made = _write(
        Estate,
        _copies(
            street_estate,
            _ESTATES,
            code=lambda n: f"Y{n:06d}",
            name=lambda n: f"压力测试小区{n:05d}",
        ),
    )
    _write(RoundEstate, [RoundEstate(round=round, estate=estate) for estate in made])
    inspectors = list(User.objects.filter(roles__role="inspector").order_by("pk"))
    User.objects.filter(pk__in=[user.pk for user in inspectors]).update(
        must_change_password=False, password_changed_at=clock.now()
    )
    cookies = []
    for number in range(clients):
        browser = Client()
        user = inspectors[number % len(inspectors)]
        browser.force_login(user, backend="accounts.backends.OfficeBackend")
        cookies.append((user.pk, browser.cookies[settings.SESSION_COOKIE_NAME].value))
    items = list(checklist.items.order_by("position"))
    return {
        "round": round.pk,
        "estates": [estate.pk for estate in made],
        "people": cookies,
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "items": [item.pk for item in items if not item.is_veto],
        "all_items": len(items),
        "today": today.isoformat(),
    }


# --- The phones -------------------------------------------------------------------------------


def _draft(plan: dict[str, Any], user: int, estate: int, dice: random.Random) -> tuple[str, bytes]:
    """Return the key and the body of a draft with two failed items, a photo announced of each."""
    failed = dice.sample(plan["items"], _FAILED)
    values = {"inspected_on": plan["today"]}
    for item in failed:
        values |= {f"o-{item}": "fail", f"n-{item}": "楼道堆放杂物", f"t-{item}": "7"}
    photos = [
        {
            "key": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            "item": item,
            "stage": "found",
            "sha256": secrets.token_hex(32),
        }
        for item in failed
    ]
    body = {"format": 2, "user": user, "round": plan["round"], "estate": estate}
    key = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    return key, json.dumps({**body, "values": values, "photos": photos}).encode()


def phone(number: int, plan: dict[str, Any], estates: list[int], until: float, told: Any) -> None:
    """Send drafts one after the other until ``until``; tell what came back."""
    dice = random.Random(number)
    user, session = plan["people"][number]
    token = secrets.token_hex(16)
    headers = {
        "Cookie": f"{plan['session_cookie']}={session}; csrftoken={token}",
        "X-CSRFToken": token,
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    answers: Counter[int] = Counter()
    waits: list[float] = []
    sent: list[tuple[str, bytes]] = []
    numbers: dict[str, str] = {}
    faults: list[str] = []
    while time.monotonic() < until and estates:
        again = bool(sent) and dice.random() < REPEATED
        key, body = dice.choice(sent) if again else _draft(plan, user, estates.pop(), dice)
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        try:
            connection.request("POST", f"/inspections/entry/{key}/sync/", body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        waits.append(time.monotonic() - began)
        answers[answer.status] += 1
        number_told = json.loads(text).get("number") if answer.status == 200 else None
        if not number_told or numbers.setdefault(key, number_told) != number_told:
            faults.append(f"{answer.status} {text[:200]!r}")
        if not again:
            sent.append((key, body))
    told.put(
        {"answers": dict(answers), "waits": waits, "keys": [key for key, _ in sent],
         "faults": faults[:3]}
    )  # fmt: skip


# --- The run ----------------------------------------------------------------------------------


def serve(env: dict[str, str], workers: int) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.py",
         "xingyang_pm.wsgi:application"],
        cwd=PROJECT,
        env={**env, "PORTAL_BIND": f"127.0.0.1:{PORT}", "WEB_WORKERS": str(workers)},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/healthz/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            return server
    server.kill()
    sys.exit("the server did not come up")


def run(plan: dict[str, Any], clients: int, seconds: int) -> tuple[list[dict[str, Any]], float]:
    shares = [plan["estates"][number::clients] for number in range(clients)]
    told: Any = multiprocessing.Queue()
    began = time.monotonic()
    people = [
        multiprocessing.Process(
            target=phone, args=(number, plan, shares[number], began + seconds, told)
        )
        for number in range(clients)
    ]
    for one in people:
        one.start()
    results = [told.get(timeout=seconds + 90) for _ in people]
    took = time.monotonic() - began
    for one in people:
        one.join()
    return results, took


def check(keys: set[str], plan: dict[str, Any]) -> list[str]:
    """Return what the database holds otherwise than it was told."""
    from django.db.models import Count  # noqa: PLC0415  set up by now

    from inspections.models import AnnouncedPhoto, DraftConflict, Inspection  # noqa: PLC0415  set up by now

    rows = Inspection.objects.filter(round=plan["round"])
    counted = rows.counted().values_list("client_key", "number")
    wrong = []
    if {str(key) for key, _ in counted} != keys or rows.count() != len(keys):
        wrong.append(f"{rows.count()} records of {len(keys)} keys")
    if len({number for _, number in counted}) != len(keys):
        wrong.append("a number twice")
    short = rows.annotate(total=Count("results")).exclude(total=plan["all_items"]).count()
    if short:
        wrong.append(f"{short} records without all their results")
    if AnnouncedPhoto.objects.filter(inspection__in=rows).count() != _FAILED * len(keys):
        wrong.append("announced photos are missing")
    if DraftConflict.objects.exists():
        wrong.append("a repeat was taken for another content")
    return wrong


def table(results: list[dict[str, Any]], took: float, workers: int) -> tuple[str, float]:
    waits = sorted(wait for one in results for wait in one["waits"])
    keys = sum(len(one["keys"]) for one in results)
    good = sum(one["answers"].get(200, 0) for one in results)
    rate = good / took
    rows = [
        ("submissions a second", f"**{rate:.0f}**", f"at least {WANTED}"),
        ("sent, of these again", f"{len(waits):,}, {len(waits) - keys:,}", "a fifth"),
        ("answered with 200", f"{good / len(waits):.2%}", "all"),
        ("records, distinct keys", f"{keys:,}, {keys:,}", "equal"),
        ("median, 95th, slowest", " / ".join(
            f"{waits[min(int(len(waits) * part), len(waits) - 1)] * 1000:.0f}"
            for part in (0.5, 0.95, 1)) + " ms", ""),
    ]  # fmt: skip
    head = (
        f"PostgreSQL, gunicorn with {workers} workers, {len(results)} client processes on the same "
        f"{os.cpu_count()} cores, {took:.0f} s, Python {platform.python_version()}."
    )
    lines = [head, "", "| what | measured | wanted |", "|---|---:|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]), rate


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    url = postgresql()
    if url is None:
        sys.exit("No PostgreSQL answers.")
    # A database of its own, beside that of ``make bench``.
    url = url + "_load"
    env = environment("load", url)
    make("load", env, 0)
    os.environ.update(env)
    import django  # noqa: PLC0415  after the environment

    django.setup()
    plan = seed(options.clients)
    server = serve(env, options.workers)
    try:
        results, took = run(plan, options.clients, options.seconds)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    wrong = check({key for one in results for key in one["keys"]}, plan)
    wrong += [fault for one in results for fault in one["faults"]]
    text, rate = table(results, took, options.workers)
    print(text)
    if rate < WANTED:
        wrong.append(f"only {rate:.0f} a second")
    if not wrong:
        before, _, rest = Path(README).read_text().partition(BEGIN)
        Path(README).write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")
    sys.exit("; ".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
