"""Take the pictures of README and handbook from a running demo portal.

    python scripts/screenshots.py http://127.0.0.1:8000 var/demo-accounts.json docs/handbook/img

Each picture is a page as one role sees it, on the office's screen (1366 px) or on a phone
(390 px). ``--only NAME`` takes one.
"""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

DESK, PHONE = (1366, 900), (390, 844)
LONGEST = 2400


@dataclass(frozen=True)
class Shot:
    """``path`` may hold ``{first:PATH}``: the first record link on that list, or with
    ``{first:PATH|WORD}`` the first of that word."""

    name: str
    user: str
    path: str
    size: tuple[int, int] = DESK
    full: bool = True


SHOTS = [
    Shot("desk", "wanghaitao", "/"),
    Shot("estates", "wanghaitao", "/estates/", full=False),
    Shot("estate", "wanghaitao", "{first:/estates/?q=成皋花园}"),
    Shot("import", "wanghaitao", "/imports/old_estates/"),
    Shot("inspect-phone", "limingxuan", "/inspections/mine/", PHONE, full=False),
    Shot("entry-table", "limingxuan", "{first:/inspections/table/|打开表格}", full=False),
    Shot("checklist", "wanghaitao", "{first:/inspections/checklists/?kind=four_haves}"),
    Shot("inspection-statistics", "wanghaitao", "/inspections/statistics/", full=False),
    Shot("order", "wanghaitao", "{first:/inspections/orders/?state=replied}"),
    Shot("claim", "chenguodong", "{first:/subsidies/?status=checked}"),
    Shot("bulletin", "chenguodong", "{first:/outreach/bulletins/?status=review}", full=False),
]


def sign_in(page: Page, base: str, username: str, password: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")


def record_of(page: Page, base: str, listing: str) -> str:
    """Return the path of the first record on the list at ``listing``."""
    path, _, word = listing.partition("|")
    page.goto(f"{base}{path}")
    links = page.locator(".tbl tbody td a[href]", has_text=word or None)
    return str(links.first.get_attribute("href"))


def shrink(picture: Path) -> None:
    """Keep the repository light: 256 colours, a phone at 1.5×, no page longer than 2,400 px."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    if image.width == PHONE[0] * 2:
        image = image.resize((PHONE[0] * 3 // 2, image.height * 3 // 4), Image.Resampling.LANCZOS)
    image = image.crop((0, 0, image.width, min(image.height, LONGEST)))
    image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        picture, optimize=True
    )


def take(browser: Browser, base: str, passwords: dict[str, str], shot: Shot, folder: Path) -> str:
    phone = shot.size == PHONE
    context = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    sign_in(page, base, shot.user, passwords[shot.user])
    path = shot.path
    found = re.fullmatch(r"\{first:(.+)\}", path)
    if found:
        path = record_of(page, base, found[1])
    answer = page.goto(f"{base}{path}")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)
    picture = folder / f"{shot.name}.png"
    page.screenshot(path=str(picture), full_page=shot.full)
    shrink(picture)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    context.close()
    status = answer.status if answer else "?"
    overflow = f" 超出右边 {wide}px" if wide > 0 else ""
    return f"{shot.name:16} {status} {path}{overflow} {'；'.join(problems)[:200]}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("accounts", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    passwords = {
        row["username"]: row["password"] for row in json.loads(options.accounts.read_text())
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for shot in SHOTS:
            if options.only and shot.name not in options.only:
                continue
            try:
                print(take(browser, options.base.rstrip("/"), passwords, shot, options.folder))
            except Exception as error:  # noqa: BLE001  one missing page must not stop the others
                print(f"{shot.name:16} 没有拍到：{str(error)[:200]}")
        browser.close()


if __name__ == "__main__":
    main()
