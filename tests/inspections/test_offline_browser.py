"""Field work in a real browser without a signal, on a real server that dies and comes back."""

import base64
import datetime as dt
import hashlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from estates.models import Estate
from inspections import selectors
from inspections.calculations import draft_key
from inspections.choices import InspectionStatus
from inspections.models import (
    ConflictPhoto,
    DraftConflict,
    EvidencePhoto,
    Inspection,
)
from tests.inspections.conftest import firm_serving, make_proof_round, make_round, picture
from tests.support.browser import _CHINA, PHONE, _session_cookie, assert_readable
from tests.support.database import database_environment
from tests.support.people import PASSWORD, Cast
from tests.support.processes import Start, Started, free_port
from xingyang_pm.common import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

ESTATES, PHOTOS, BY_HAND = 20, 3, 3
MINE = "/inspections/mine/"
SENDING = "/inspections/sending/"


@pytest.fixture(autouse=True)
def _today() -> None:
    """The server is a process of its own and keeps the real day."""


class Portal:
    """A real gunicorn on one port, that can be killed and started again."""

    def __init__(self, start: Start) -> None:
        self._start, self.port = start, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: Started | None = None

    def up(self, **environment: str) -> None:
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", "1", "--threads", "4", "xingyang_pm.wsgi:application"]
        self.process = self._start(
            command,
            {**database_environment(), "DJANGO_SETTINGS_MODULE": "xingyang_pm.settings",
             **environment},
        )  # fmt: skip
        self.process.wait_for("Booting worker", seconds=60)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()


@pytest.fixture
def portal(start: Start, transactional_db: None) -> Portal:
    made = Portal(start)
    made.up()
    return made


@pytest.fixture
def handset(browser: Browser, portal: Portal) -> Iterator[Callable[[Any], Page]]:
    """``handset(user)`` opens a phone signed in as ``user``, with its day's work loaded."""
    contexts: list[BrowserContext] = []

    def open_as(user: Any, context: BrowserContext | None = None) -> Page:
        if context is None:
            context = browser.new_context(base_url=portal.url, **PHONE, **_CHINA)
            contexts.append(context)
        context.add_cookies([_session_cookie(user, portal.url)])
        page = context.new_page()
        page.set_default_timeout(30_000)
        loaded(page)
        return page

    yield open_as
    for context in contexts:
        context.close()


def loaded(page: Page) -> None:
    """Open the list and wait until the frame and the day's work are kept in the browser."""
    page.goto(MINE)
    page.evaluate("async () => { await navigator.serviceWorker.ready; await Field.begun; }")
    page.wait_for_function(
        "async () => navigator.serviceWorker.controller && Boolean(await Field.work())"
    )


def until(page: Page, true: Callable[[], object], seconds: int = 90) -> None:
    """Wait as ``wait_until`` does, and let the browser's routed requests go on meanwhile."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(50)


def signal(page: Page, on: bool) -> None:
    page.context.set_offline(not on)


@pytest.fixture
def city(cast: Cast, estate: Estate, make_estate: Callable) -> dict[str, Any]:
    estates = [estate, *(make_estate(name=f"离线小区{n:02d}号院") for n in range(2, ESTATES + 1))]
    firm_serving(*estates)
    today = clock.today()
    round = make_round(cast.city_manager, None, today, today + dt.timedelta(days=7))
    items = list(round.checklist.items.order_by("position"))
    return {"round": round, "items": items, "estates": estates}


def photos_of(place: int) -> list[bytes]:
    return [picture((300 + place, 220), shade=(place * PHOTOS + n) * 3) for n in range(PHOTOS)]


def enter_by_hand(page: Page, estate: Estate, item: Any, files: list[Path]) -> None:
    page.get_by_role("link", name=re.compile(estate.name)).tap()
    expect(page.locator("#entry")).to_be_visible()
    page.locator(f"#item-{item.pk} label", has_text="不合格").tap()
    card = page.locator(f'[data-fix="{item.pk}"]')
    card.get_by_role("button", name="堆放杂物").tap()
    for file in files:
        card.locator("[data-stage=found]").first.set_input_files(file)
    expect(card.locator("[data-photo-words]")).to_have_text(f"至少 1 张，已拍 {len(files)} 张")
    expect(page.locator("[data-save]")).to_contain_text("存在本机")
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_role("heading", name="上报", exact=True)).to_be_visible()


# What the form does at every change, for the estates whose typing adds nothing.
STORE = """async ({key, round, estate, name, values, photos, old}) => {
  for (const one of photos) {
    const bytes = Uint8Array.from(atob(one.data), c => c.charCodeAt(0));
    const photo = await Field.readPhoto(new File([bytes], "现场.jpg", {type: "image/jpeg"}), 15);
    Object.assign(photo, {item: one.item, stage: "found"});
    await Field.putPhoto(key, photo);
  }
  const made = old
    ? {id: Field.user.id + "/" + key, user: Field.user.id, format: 1, key, state: "ready", name,
       at: Date.now(), doneAt: Date.now(),
       values: {...values, round: String(round), estate: String(estate)}}
    : Field.fresh({key, round, estate, name, values, state: "ready", doneAt: Date.now(),
                   dirty: true});
  await Field.putDraft(made);
}"""


def test_twenty_inspections_survive_everything(
    handset: Callable, portal: Portal, city: dict, cast: Cast, tmp_path: Path
) -> None:
    """Entered without a signal; then the line breaks, the server dies, the session ends and the
    portal is renewed: twenty records and sixty photos, each as it was taken."""
    clerk, item = cast.street_clerk, city["items"][2]
    page = handset(clerk)
    sent = {hashlib.sha256(source).hexdigest() for n in range(ESTATES) for source in photos_of(n)}
    assert len(sent) == ESTATES * PHOTOS

    signal(page, on=False)
    for place, estate in enumerate(city["estates"][:BY_HAND]):
        page.goto(MINE)
        expect(page.get_by_text("现在没有网络，可以照常检查。")).to_be_visible()
        files = [tmp_path / f"{place}-{n}.jpg" for n in range(PHOTOS)]
        for file, source in zip(files, photos_of(place), strict=True):
            file.write_bytes(source)
        enter_by_hand(page, estate, item, files)
    for place, estate in enumerate(city["estates"][BY_HAND:], start=BY_HAND):
        page.evaluate(
            STORE,
            {
                "key": str(draft_key(city["round"].pk, estate.pk, clerk.pk)),
                "round": city["round"].pk,
                "estate": estate.pk,
                "name": estate.name,
                "values": {
                    "inspected_on": clock.today().isoformat(),
                    f"o-{item.pk}": "fail",
                    f"n-{item.pk}": f"第 {place} 处堆物",
                },
                "photos": [
                    {"item": item.pk, "data": base64.b64encode(source).decode()}
                    for source in photos_of(place)
                ],
                "old": place == ESTATES - 1,  # left over from the version before
            },
        )
    page.goto(SENDING)
    expect(page.get_by_text(f"{ESTATES} 份等待上报")).to_be_visible()
    assert not Inspection.objects.exists()
    first_frame = page.evaluate("caches.keys()")

    # The line is back, and breaks on every seventh photo; the server dies while it takes them in.
    count = iter(range(1_000))
    page.context.route(
        re.compile("/photos/$"),
        lambda route: route.abort() if next(count) % 7 == 3 else route.fallback(),
    )
    signal(page, on=True)
    until(page, lambda: Inspection.objects.count() >= 4)
    portal.kill()
    assert Inspection.objects.count() < ESTATES
    again = page.get_by_role("button", name="现在上报")
    expect(again).to_be_visible()
    expect(page.get_by_text("线路断了")).to_be_visible()
    portal.up(PORTAL_RELEASE="next")

    # The session has ended meanwhile: the password is asked for, the queue stays.
    page.context.clear_cookies()
    again.tap()
    expect(page.get_by_text("登录已过期")).to_be_visible()
    page.get_by_role("link", name="输入密码，接着上报").tap()
    page.get_by_label("用户名").fill(clerk.username)
    page.get_by_role("textbox", name="密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").tap()
    expect(page.get_by_role("heading", name="上报", exact=True)).to_be_visible()
    page.wait_for_function(
        "async old => !(await caches.keys()).includes(old)", arg=first_frame[0], timeout=60_000
    )

    def all_there() -> bool:
        if again.is_visible():
            again.tap()
        return Inspection.objects.counted().count() == ESTATES and (
            EvidencePhoto.objects.count() == ESTATES * PHOTOS
        )

    until(page, all_there, 150)
    expect(page.get_by_text("全部上报完")).to_be_visible()
    expect(page.get_by_text(f"{PHOTOS} 张全部收到，核对一致")).to_have_count(ESTATES)

    records = list(Inspection.objects.all())
    assert len(records) == ESTATES
    assert {record.status for record in records} == {InspectionStatus.SUBMITTED}
    assert {record.estate_id for record in records} == {one.pk for one in city["estates"]}
    assert len({record.number for record in records}) == ESTATES
    photos = EvidencePhoto.objects.values_list("source_sha256", flat=True)
    assert len(photos) == ESTATES * PHOTOS
    assert set(photos) == sent
    assert not any(selectors.missing_photos(record) for record in records)
    assert not DraftConflict.objects.exists()
    left = page.evaluate(
        """async () => {
          const drafts = await Field.drafts();
          return (await Promise.all(drafts.map(d => Field.photos(d.key)))).flat().length;
        }"""
    )
    assert left == 0


def test_the_frame_keeps_nobodys_data(handset: Callable, city: dict, cast: Cast) -> None:
    page = handset(cast.street_clerk)
    page.get_by_role("link", name=re.compile("离线小区02号院")).tap()
    expect(page.locator("#entry")).to_be_visible()
    kept = page.evaluate(
        """async () => {
          const told = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              told.push([new URL(request.url).pathname, await (await cache.match(request)).text()]);
            }
          }
          return told;
        }"""
    )
    assert len(kept) > 8
    for path, text in kept:
        assert path.startswith("/static/") or path == "/inspections/field/shell/"
        assert "离线小区" not in text
        assert cast.street_clerk.name not in text or path.startswith("/static/")


def test_another_person_of_the_same_phone_neither_sees_nor_sends(
    handset: Callable, city: dict, cast: Cast, tmp_path: Path
) -> None:
    clerk = cast.street_clerk
    page = handset(clerk)
    signal(page, on=False)
    file = tmp_path / "a.jpg"
    file.write_bytes(picture())
    page.goto(MINE)
    enter_by_hand(page, city["estates"][0], city["items"][2], [file])
    expect(page.get_by_text("1 份等待上报")).to_be_visible()
    page.close()
    context = page.context
    context.set_offline(False)
    context.clear_cookies()
    other = handset(cast.inspector, context)
    other.goto(SENDING)
    expect(other.get_by_text("没有等待上报的检查")).to_be_visible()
    assert city["estates"][0].name not in other.locator("main").inner_text()
    other.wait_for_timeout(500)
    assert not Inspection.objects.exists()
    # Signed out, the frame shows nothing; the first one signs in again and all is there.
    other.goto("/")
    other.evaluate("() => document.querySelector('form[action$=\"/logout/\"]').requestSubmit()")
    other.wait_for_url(re.compile("login"))
    context.set_offline(True)
    other.goto(SENDING)
    expect(other.get_by_text("请在有网络时登录")).to_be_visible()
    context.set_offline(False)
    other.close()
    mine = handset(clerk, context)
    mine.goto(SENDING)
    expect(mine.get_by_text("1 张全部收到，核对一致")).to_be_visible()
    record = Inspection.objects.get()
    assert record.entered_by_id == clerk.pk


def test_the_queue_as_a_file_sent_from_a_desk(
    handset: Callable, browser: Browser, portal: Portal, city: dict, cast: Cast, tmp_path: Path
) -> None:
    clerk = cast.street_clerk
    page = handset(clerk)
    signal(page, on=False)
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for n, file in enumerate(files):
        file.write_bytes(picture(shade=n * 50))
    page.goto(MINE)
    enter_by_hand(page, city["estates"][0], city["items"][2], files)
    with page.expect_download() as told:
        page.get_by_role("button", name="另存为文件").tap()
    saved = tmp_path / "queue.json"
    told.value.save_as(saved)
    assert len(json.loads(saved.read_text())["photos"]) == 2

    desk = browser.new_context(base_url=portal.url, **_CHINA)
    try:
        desk.add_cookies([_session_cookie(cast.inspector, portal.url)])
        stranger = desk.new_page()
        stranger.goto(reverse("inspections:sending-file"))
        stranger.get_by_label("另存为文件").set_input_files(saved)
        expect(stranger.get_by_text(f"这个文件是{clerk.name}存的")).to_be_visible()
        stranger.get_by_label("另存为文件").set_input_files(files[0])
        expect(stranger.get_by_text("这不是“另存为文件”得到的文件")).to_be_visible()
        assert not Inspection.objects.exists()
    finally:
        desk.close()
    desk = browser.new_context(base_url=portal.url, **_CHINA)
    try:
        desk.add_cookies([_session_cookie(clerk, portal.url)])
        for _ in range(2):  # the same file twice is one record
            own = desk.new_page()
            own.goto(reverse("inspections:sending-file"))
            own.get_by_label("另存为文件").set_input_files(saved)
            expect(own.get_by_text("2 张全部收到，核对一致")).to_be_visible()
            assert_readable(own)
            own.close()
    finally:
        desk.close()
    # The phone, back on the line, learns that the office has it.
    signal(page, on=True)
    expect(page.get_by_text("2 张全部收到，核对一致")).to_be_visible()
    assert (Inspection.objects.count(), EvidencePhoto.objects.count()) == (1, 2)
    assert not DraftConflict.objects.exists()


def test_two_tabs_report_one_record(handset: Callable, city: dict, cast: Cast) -> None:
    first = handset(cast.street_clerk)
    first.get_by_role("link", name=re.compile(city["estates"][0].name)).tap()
    expect(first.locator("#entry")).to_be_visible()
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator("#entry")).to_be_visible()
    first.get_by_role("button", name="填完上报").tap()
    second.get_by_role("button", name="填完上报").tap()
    for tab in (first, second):
        expect(tab.get_by_text(re.compile("房管中心已收到"))).to_be_visible()
    assert Inspection.objects.get().status == InspectionStatus.SUBMITTED
    assert not DraftConflict.objects.exists()


def test_evidence_of_what_is_in_order_goes_the_same_way(
    handset: Callable, estate: Estate, cast: Cast, tmp_path: Path
) -> None:
    """Asked for by the form that the phone keeps, taken and reported without a signal."""
    firm_serving(estate)
    round = make_proof_round(cast.city_manager)
    item = round.checklist.items.order_by("position")[0]
    page = handset(cast.street_clerk)
    signal(page, on=False)
    page.goto(MINE)
    page.get_by_role("link", name=re.compile(estate.name)).tap()
    card = page.locator(f'[data-fix="{item.pk}"]')
    expect(card.locator("[data-photo-words]")).to_have_text("至少 1 张")
    page.get_by_role("button", name="填完上报").tap()
    expect(card.locator("[data-problem]")).to_contain_text("请至少拍 1 张照片。")
    file = tmp_path / "现场.jpg"
    file.write_bytes(picture(shade=40))
    card.locator("[data-stage=found]").first.set_input_files(file)
    expect(card.locator("[data-thumb]")).to_have_count(1)
    page.get_by_role("button", name="填完上报").tap()
    expect(page.get_by_role("heading", name="上报", exact=True)).to_be_visible()
    signal(page, on=True)
    expect(page.get_by_text("1 张全部收到，核对一致")).to_be_visible()
    photo = EvidencePhoto.objects.get()
    assert (photo.result.item, photo.result.outcome) == (item, "pass")
    assert photo.source_sha256 == hashlib.sha256(picture(shade=40)).hexdigest()


def test_two_phones_with_other_contents_lose_neither(
    handset: Callable, city: dict, cast: Cast, tmp_path: Path
) -> None:
    """The second phone was without a signal while the first reported."""
    estate, item = city["estates"][0], city["items"][2]
    away, near = handset(cast.street_clerk), handset(cast.street_clerk)
    signal(away, on=False)
    away.goto(MINE)
    file = tmp_path / "away.jpg"
    file.write_bytes(picture(shade=40))
    enter_by_hand(away, estate, item, [file])
    near.get_by_role("link", name=re.compile(estate.name)).tap()
    near.get_by_role("button", name="填完上报").tap()
    expect(near.get_by_text("房管中心已收到")).to_be_visible()
    signal(away, on=True)
    expect(away.get_by_text("两份都已保留")).to_be_visible()
    assert_readable(away)
    until(away, ConflictPhoto.objects.exists)
    away.get_by_role("link", name="看检查记录").tap()
    expect(away.get_by_text("不合格，扣 2 分：堆放杂物")).to_be_visible()
    assert Inspection.objects.get().failed_count == 0
    assert DraftConflict.objects.get().content["items"][str(item.pk)]["note"] == "堆放杂物"
