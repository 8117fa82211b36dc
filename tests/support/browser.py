"""Chromium, on the desk's screen and on a phone, driven against a live server."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
DESKTOP = {"viewport": {"width": 1366, "height": 768}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
_CHINA = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
LAUNCH = {
    "executable_path": CHROMIUM,
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        # The portal needs no outside network; neither shall the browser look for one.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
}

# Preloading writes style sheets into the page, which the content policy refuses.
_LEAN = {"preload": False}

# The page of a loaded machine is late, not wrong.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)

SignIn = Callable[[Any], Page]


def assert_readable(page: Page) -> None:
    """Assert that axe finds nothing serious on ``page``, and that it fits the screen."""
    found = [
        f"{item['id']}: {item['help']} {[node['html'][:120] for node in item['nodes'][:2]]}"
        for item in Axe().run(page, options=_LEAN).response["violations"]
        if item["impact"] in {"serious", "critical"}
    ]
    assert found == [], page.url
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url}: something stands beyond the right edge"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return LAUNCH


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, **DESKTOP, **_CHINA}


def _session_cookie(user: Any, url: str) -> dict[str, Any]:
    client = Client()
    client.force_login(user, backend="accounts.backends.OfficeBackend")
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


def _fail_on_script_errors(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: (
            seen.append(f"{page.url}: {message.text}")
            if message.type == "error" and "status of 4" not in message.text
            else None
        ),
    )
    return seen


def _signing_in(browser: Browser, live_server: LiveServer, screen: dict[str, Any]) -> Iterator:
    contexts: list[BrowserContext] = []
    errors: list[list[str]] = []

    def sign_in(user: Any = None) -> Page:
        context = browser.new_context(base_url=live_server.url, **screen, **_CHINA)
        contexts.append(context)
        if user is not None:
            context.add_cookies([_session_cookie(user, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        errors.append(_fail_on_script_errors(page))
        return page

    yield sign_in
    for context in contexts:
        context.close()
    found = [line for lines in errors for line in lines]
    assert not found, "the browser reported errors:\n" + "\n".join(found)


@pytest.fixture
def desktop(browser: Browser, live_server: LiveServer) -> Iterator[SignIn]:
    """``desktop(user)`` opens a 1366 × 768 page signed in as ``user`` (none: not signed in).

    A script error or a refusal by the content policy on any page fails the test.
    """
    yield from _signing_in(browser, live_server, DESKTOP)


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer) -> Iterator[SignIn]:
    """``phone(user)`` opens a 390 × 844 page with touch, signed in as ``user``."""
    yield from _signing_in(browser, live_server, PHONE)
