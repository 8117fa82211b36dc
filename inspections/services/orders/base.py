"""What every act on an order shares."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import User
from inspections.choices import (
    RecheckResult,
)
from inspections.models import (
    RecheckItem,
    RectificationItem,
    RectificationOrder,
    ReplyLink,
)
from inspections.querysets import RectificationOrderQuerySet
from inspections.services.pictures import Picture
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.errors import BusinessError, NotPermitted

TAG = "整改"
NOTICE_PDF = "rectification-notice"
RECHECK_PDF = "recheck-opinion"


@dataclass(frozen=True)
class Upload:
    """A photo as it was uploaded, or already read by who must say which file is none."""

    source: bytes = b""
    name: str = "照片"
    picture: Picture | None = None


@dataclass(frozen=True)
class Finding:
    """What the recheck found on one item."""

    done: bool
    text: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a doubt about a photo comes to (``FlagVerdict``, blank while nobody has said it)."""

    verdict: str
    reason: str = ""


class ItemProblems(BusinessError):
    """Items of an order, and doubts about their photos, that cannot be recorded as they stand,
    by id."""

    def __init__(self, problems: dict[int, str], doubts: dict[int, str] | None = None) -> None:
        self.problems, self.doubts = problems, doubts or {}
        count = len(self.problems) + len(self.doubts)
        super().__init__(f"还有 {count} 处没有填好，没有保存。", code="incomplete")


def open_items(order: RectificationOrder) -> list[RectificationItem]:
    """Return the items of ``order`` that no recheck has found done."""
    passed = RecheckItem.objects.filter(item=OuterRef("pk"), result=RecheckResult.PASS)
    return list(
        order.items.filter(~Exists(passed))
        .select_related("result__item")
        .order_by("result__item__position")
    )


@dataclass(frozen=True)
class Caller:
    """Who acts for the addressee: a signed-in person, or the firm by its signed link.

    ``name`` and ``phone`` are of who filled it in by the link.
    """

    actor: User | None = None
    link: ReplyLink | None = None
    name: str = ""
    phone: str = ""

    def check(self, roles: frozenset[str], sentence: str) -> None:
        """Raise unless this is one person of ``roles``, or a link with a name."""
        if self.link is None:
            require(self.actor, roles, sentence)
            return
        if self.actor is not None:
            raise TypeError("a caller is a person or a link, never both")
        if not self.name.strip():
            raise BusinessError("请写明填报人姓名。", field="reporter_name")
        if not _PHONE.fullmatch(self.phone.strip()):
            raise BusinessError(
                "请写能打通的电话，例如 13800138000 或 0371-64660000。", field="reporter_phone"
            )

    def columns(self, by: str, prefix: str) -> dict[str, Any]:
        """Return the columns of a row that say who it comes from."""
        return {
            f"{by}_by": self.actor,
            "link": self.link,
            f"{prefix}_name": self.name.strip() if self.link else "",
            f"{prefix}_phone": self.phone.strip() if self.link else "",
        }


_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}(?:-\d{1,5})?")


def locked(order: RectificationOrder, actor: User) -> RectificationOrder:
    """Return the order as it stands now, locked, if ``actor`` sees it."""
    return _first(RectificationOrder.objects.visible_to(actor), order)


def locked_for(order: RectificationOrder, caller: Caller) -> RectificationOrder:
    """Return the order as it stands now, locked, if ``caller`` sees it or holds its live link."""
    if caller.link is None:
        return _first(RectificationOrder.objects.visible_to(caller.actor), order)
    found = _first(RectificationOrder.objects.filter(pk=caller.link.order_id), order)
    live = ReplyLink.objects.filter(
        pk=caller.link.pk, revoked_at__isnull=True, expires_at__gt=clock.now()
    )
    if not live.exists():
        raise NotPermitted("这个链接已经失效。")
    return found


def _first(rows: RectificationOrderQuerySet, order: RectificationOrder) -> RectificationOrder:
    rows = rows.select_for_update(of=("self",))
    found = rows.select_related("estate__street", "provider", "inspection").filter(pk=order.pk)
    if not (locked := found.first()):
        raise NotPermitted("这份整改通知书不在你可看的范围内。")
    return locked


def subjects_of(order: RectificationOrder) -> list[Any]:
    subjects: list[Any] = [order.estate, order.inspection]
    return [*subjects, order.provider] if order.provider_id else subjects


def still_open(order: RectificationOrder, allowed: Sequence[str], what: str) -> None:
    """Raise unless ``order`` is in one of the ``allowed`` states and reached its addressee."""
    if order.status not in allowed:
        raise BusinessError(
            f"这份{order.get_kind_display()}{order.get_status_display()}，不用{what}。",
            code="stale",
        )
    if not order.is_delivered:
        raise BusinessError(f"通知书还没有登记送达，不能{what}。", code="not_served")
