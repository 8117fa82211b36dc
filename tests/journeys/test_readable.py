"""Every page of the portal under axe and a ruler, on the desk's screen and on a phone.

The pages are read from the URLconf through the matrix's list, so a new page is looked at
without a line here. Each is opened by the person who may do most on it.
"""

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from http import HTTPStatus
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.matrix.objects import World
from tests.matrix.test_matrix import ALL, _kwargs, rule_of
from tests.matrix.urls import Address
from tests.support.browser import DESKTOP, PHONE
from tests.support.environment import PROJECT
from tests.support.people import BACKEND, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")

# Whoever stands first among those who may act on a page opens it.
EYES = (
    "bureau_manager",
    "street_clerk",
    "inspector",
    "street_leader",
    "bureau_leader",
    "finance_officer",
    "system_admin",
    "auditor",
    "outsider",
)
NOBODY = "nobody"

# Pages that are not looked at here, each with its reason.
NOT_OURS = {
    "admin:*": "Django's own, not made for a finger: tests/common/test_tools.py runs axe",
    "api-docs": "the vendored Swagger UI: tests/common/test_tools.py runs axe",
}
# Addresses that lead on to another page for a person in the state of this test.
LEADS_ON = {
    "accounts:second-factor": "nothing to ask: tests/accounts/test_browser.py looks at it",
    "accounts:second-factor-bind": "bound only where demanded: tests/accounts/test_browser.py",
    "inspections:ledger-photos": "the inside of a row; asked for alone it leads to its record",
}

# Pages that hold more than with the matrix's plain object: rows to open, to tick, conditions.
FULLER: dict[str, Callable[[World], str]] = {
    "subsidies:claim-detail": lambda world: world.get(
        "subsidies.SubsidyLine"
    ).claim.get_absolute_url(),
    "inspections:order-issue": lambda world: reverse(
        "inspections:order-issue", args=[world.report("other").pk]
    ),
    "estates:estate-list": lambda world: reverse("estates:estate-list") + "?q=家属院",
}

LOOK = """async withFrame => {
    // Tables and stages fit themselves to a new width in the next frame.
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    // Nothing here plays sound, for which axe would load the media of each page first.
    const frame = withFrame ? [] : [".top", ".side"].filter(part => document.querySelector(part));
    const found = await axe.run(
        {include: [["html"]], exclude: frame.map(part => [part])},
        {resultTypes: ["violations"], preload: false},
    );
    const faults = found.violations
        .filter(rule => ["serious", "critical"].includes(rule.impact))
        .map(rule => `${rule.id}: ${rule.help} `
            + rule.nodes.slice(0, 2).map(node => node.html.slice(0, 140)).join(" | "));
    const said = [document.title, document.body.innerText];
    for (const element of document.querySelectorAll("body *"))
        for (const name of ["alt", "aria-label", "placeholder", "title", "value"])
            if (element.hasAttribute(name)) said.push(element.getAttribute(name));
    const words = said.join(" ").replace(/\\s+/g, " ");
    for (const slip of [/\\bNone\\b/, /\\{\\{|\\{%/, /荣阳/]) {
        const hit = words.match(slip);
        if (hit) faults.push(`says "${words.slice(Math.max(0, hit.index - 20), hit.index + 20)}"`);
    }
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) faults.push(`scrolls ${wide} px sideways`);
    const tabs = [...document.querySelectorAll(".tabs a[href]")]
        .filter(link => link.pathname === location.pathname && link.search)
        .map(link => link.pathname + link.search);
    return {faults, tabs, framed: Boolean(document.querySelector(".side"))};
}"""

# What a finger aims at: whatever is a control or stands in a menu, also behind a fold. A link
# within a sentence or a cell is text. A tick box and a file are hit by their label too.
SMALL = """least => {
    for (const part of document.querySelectorAll("details")) part.open = true;
    for (const part of document.querySelectorAll("main [hidden]")) part.hidden = false;
    for (const part of document.querySelectorAll(".folded")) part.classList.remove("folded");
    for (const part of document.querySelectorAll(".bulk")) part.classList.add("on");
    const wanted = "button, [role=button], .btn, a.chip, .chips a, select, textarea, summary,"
        + " nav a, .tabs a, .pager a, .drop a, input:not([type=hidden])";
    const forTheEyeHidden = element => {
        for (let part = element; part; part = part.parentElement)
            if (part.getBoundingClientRect().height <= 2) return true;
        return false;
    };
    const name = part => [part.localName, ...part.classList].join(".");
    const small = new Set();
    for (const element of document.querySelectorAll(wanted)) {
        const boxes = [element.getBoundingClientRect()];
        if (["checkbox", "radio", "file"].includes(element.type))
            for (const label of element.labels) boxes.push(label.getBoundingClientRect());
        const height = Math.max(...boxes.map(box => box.height));
        if (height >= least - 0.1 || forTheEyeHidden(element)) continue;
        small.add(`${height.toFixed(0)} px high: ${name(element.parentElement)} > ${name(element)}`
            + (element.type ? ` [${element.type}]` : ""));
    }
    return [...small];
}"""
LEAST = 40

# An amount is one word: broken over two lines, or cut at an edge, it is another amount. Each is
# measured with a large one in its place, which the matrix's small objects never reach.
BROKEN = """large => {
    const broken = new Set();
    for (const cell of document.querySelectorAll(".tbl.cards td")) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const text = texts.currentNode;
            if (!/^[−-]?[\\d,]+\\.\\d\\d$/.test(text.data.trim())) continue;
            text.data = large;
            const range = document.createRange();
            range.selectNodeContents(text);
            const boxes = [...range.getClientRects()];
            const edge = cell.parentElement.getBoundingClientRect().right;
            if (boxes.length > 1 || boxes.some(box => box.right > edge + 0.5))
                broken.add(`an amount does not stand whole under ${cell.dataset.label}`);
        }
    }
    return [...broken];
}"""
LARGE = "12,345,678.90"


@pytest.fixture
def world(cast: Cast) -> World:
    """One object of every model as the matrix builds it, and what ``FULLER`` names."""
    made = World(cast)
    made.get("inspections.RectificationItem", "street")
    made.report("other")  # with its failed item still free for an order
    return made


def who_opens(address: Address) -> list[str]:
    """Return who looks at the page; what is open to all is also seen before the sign-in."""
    rule = rule_of(address)
    if rule is None or not rule.get:
        return []
    if rule.owner:
        return [rule.owner]
    best = next(party for party in EYES if party in (rule.get & rule.post or rule.get))
    return [NOBODY, best] if rule.scope == "public" else [best]


def pages_of(world: World) -> Iterator[tuple[str, str, str]]:
    """Yield ``(address, party, path)`` of all that is a page and no file."""
    clients: dict[str, Client] = {}
    for name, path_of in FULLER.items():
        yield name, EYES[0], path_of(world)
    chapters = sorted(path.stem for path in (PROJECT / "docs" / "handbook").glob("0*.md"))
    for address in ALL:
        if any(fnmatch(address.name, pattern) for pattern in NOT_OURS):
            continue
        for party in who_opens(address):
            if party not in clients:
                clients[party] = Client()
                if party != NOBODY:
                    clients[party].force_login(person(world.cast, party), backend=BACKEND)
            kwargs = _kwargs(world, address)
            path = address.path(kwargs)
            answer = clients[party].get(path)
            if answer.status_code == HTTPStatus.FOUND:
                signed_in = address.name == "accounts:login" and party != NOBODY
                assert signed_in or address.name in LEADS_ON, f"{path} leads on"
                continue
            assert answer.status_code == HTTPStatus.OK, f"{party} met {answer.status_code} {path}"
            is_page = answer.headers["Content-Type"].startswith("text/html")
            if not is_page or b"<html" not in answer.content:  # a file, or a part of a page
                continue
            yield address.name, party, path
            if "slug" in kwargs and party != NOBODY:
                for slug in chapters:
                    yield address.name, party, address.path({"slug": slug})


def person(cast: Cast, party: str) -> User | None:
    if party == NOBODY:
        return None
    return cast.outsider if party == "outsider" else cast.of_role(party)


def look(
    page: Page, path: str, *, with_frame: bool
) -> tuple[list[tuple[str, str]], list[str], bool]:
    """Open ``path``; return what is wrong with it and on which screen, its other tabs, and
    whether it has the portal's frame.

    One load serves both screens: the portal asks for no other difference than the width.
    """
    page.set_viewport_size(DESKTOP["viewport"])
    answer = page.goto(path, wait_until="domcontentloaded")
    if answer is None or answer.status != HTTPStatus.OK:
        return [("both", f"answers {answer and answer.status}")], [], False
    desk = page.evaluate(LOOK, with_frame)
    page.set_viewport_size(PHONE["viewport"])
    phone = page.evaluate(LOOK, with_frame)
    phone["faults"] += page.evaluate(SMALL, LEAST)
    phone["faults"] += page.evaluate(BROKEN, LARGE)
    faults = [
        (screen, fault)
        for screen, told in (("desktop", desk), ("phone", phone))
        for fault in told["faults"]
    ]
    return faults, desk["tabs"], desk["framed"]


def test_every_page_is_readable_on_both_screens(
    desktop: Callable[[Any], Page], world: World, cast: Cast
) -> None:
    opened: dict[str, Page] = {}
    framed: set[str] = set()
    seen: set[tuple[str, str]] = set()
    faults: dict[tuple[str, str], list[str]] = {}
    waiting = list(pages_of(world))
    assert len(waiting) > 150, "the URLconf was not read"
    while waiting:
        name, party, path = waiting.pop()
        if (party, path) in seen:
            continue
        seen.add((party, path))
        if party not in opened:
            opened[party] = desktop(person(cast, party))
            opened[party].add_init_script(path=AXE)
        # The top bar and the menu are one template: they are looked at once for each person.
        found, tabs, has_frame = look(opened[party], path, with_frame=party not in framed)
        if has_frame:
            framed.add(party)
        for fault in found:
            faults.setdefault(fault, []).append(f"{path} ({name}, {party})")
        waiting += [(name, party, tab) for tab in tabs]  # the tabs of a record are pages too
    told = [
        f"{screen}: {fault}\n    on {len(where)}: {', '.join(where[:3])}"
        for (screen, fault), where in faults.items()
    ]
    assert not told, f"{len(seen)} pages:\n  " + "\n  ".join(told)
