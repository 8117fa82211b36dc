"""Addresses of field work: the tab bar, and what its scripts call."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import reverse

from xingyang_pm.common.menu import optional_url

MINE = "inspections:inspection-mine"
# What the worker stands before; the rest of the portal never passes through it.
SCOPE = "/inspections/"


def phone_tabs() -> list[tuple[str, str, str, bool]]:
    """Return ``(label, icon, url, on)`` of the tab bar, those that this installation has."""
    tabs = [
        ("检查", "clipboard-check", reverse(MINE), True),
        ("整改", "tools", reverse("inspections:order-list"), False),
        ("查小区", "search", optional_url("estates:estate-list"), False),
        ("工作台", "home-2", optional_url("dashboard:desk"), False),
    ]
    return [tab for tab in tabs if tab[2]]


def field_urls() -> dict[str, str]:
    """Return the addresses that the scripts of field work call; ``KEY`` stands for a draft's."""
    key = "00000000-0000-0000-0000-000000000000"

    def of_draft(name: str) -> str:
        return reverse(f"inspections:{name}", args=[key]).replace(key, "KEY")

    return {
        "session": reverse("inspections:field-session"),
        "work": reverse("inspections:field-work"),
        "worker": reverse("inspections:field-worker"),
        "scope": SCOPE,
        "mine": reverse(MINE),
        "sending": reverse("inspections:sending"),
        "file": reverse("inspections:sending-file"),
        "login": reverse("accounts:login"),
        "entry": of_draft("entry"),
        "sync": of_draft("entry-sync"),
        "status": of_draft("entry-status"),
        "photo": of_draft("entry-photo"),
        "receipt": reverse("inspections:inspection-receipt", args=[0]).replace("0", "PK"),
        "icons": staticfiles_storage.url("img/icons.svg"),
    }
