"""What every page shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import cached_property

from . import menu
from .clock import now


class Portal:
    """Read lazily by ``base.html``; pages that do not show a part do not pay for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.user: Any = getattr(request, "user", None)

    name = settings.PORTAL_NAME
    office = settings.OFFICE_NAME
    office_full = settings.OFFICE_FULL_NAME
    phone = settings.OFFICE_PHONE
    icp = settings.ICP_NUMBER
    police = settings.POLICE_NUMBER

    @property
    def demo(self) -> bool:
        return settings.DEMO_DATA

    @property
    def signed_in(self) -> bool:
        return bool(self.user is not None and self.user.is_authenticated)

    @property
    def big(self) -> bool:
        """Whether this user reads in large type; the cookie is per user of this browser."""
        if not self.signed_in:
            return self._request.COOKIES.get("big-0") == "1"
        kept = self._request.COOKIES.get(f"big-{self.user.pk}")
        return kept == "1" if kept else bool(getattr(self.user, "large_text", False))

    @property
    def big_cookie(self) -> str:
        return f"big-{self.user.pk if self.signed_in else 0}"

    @property
    def mini(self) -> bool:
        return self._request.COOKIES.get("mini") == "1"

    @cached_property
    def bell(self) -> tuple[str, int] | None:
        return menu.bell(self.user) if self.signed_in else None

    @cached_property
    def search_url(self) -> str:
        return menu.optional_url("common:search") if self.signed_in and self.reader else ""

    @property
    def reader(self) -> bool:
        return menu.may_open(self.user, None)

    @cached_property
    def home_url(self) -> str:
        return menu.optional_url("dashboard:desk") or "/"

    @cached_property
    def help_url(self) -> str:
        return menu.optional_url("common:handbook")

    @cached_property
    def jobs_url(self) -> str:
        return menu.optional_url("common:job-list")

    @cached_property
    def user_links(self) -> list[tuple[str, str, str]]:
        """``(label, icon, url)`` of the user menu, those that this installation has."""
        links = [
            ("我的提醒", "bell", menu.optional_url("common:reminder-list")),
            ("我的任务", "list-check", menu.optional_url("common:job-list")),
            ("我的账号", "user", menu.optional_url("accounts:profile")),
            ("修改密码", "key", menu.optional_url("accounts:password-change")),
            ("我的登录", "device-desktop", menu.optional_url("accounts:session-list")),
        ]
        return [link for link in links if link[2]]

    @cached_property
    def logout_url(self) -> str:
        return menu.optional_url("accounts:logout")

    @property
    def moment(self) -> Any:
        return now()

    def menu_for(self, current: str) -> list[menu.ShownSection]:
        return menu.shown_to(self.user, current) if self.signed_in else []


def portal(request: HttpRequest) -> dict[str, Any]:
    return {"portal": Portal(request)}
