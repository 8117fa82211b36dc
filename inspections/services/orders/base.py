"""What every act on an order shares."""

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
)
from inspections.services.pictures import Picture
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


class ItemProblems(BusinessError):
    """Items of an order that cannot be recorded as they stand, by id."""

    def __init__(self, problems: dict[int, str]) -> None:
        super().__init__(f"还有 {len(problems)} 处没有填好，没有保存。", code="incomplete")
        self.problems = problems


def open_items(order: RectificationOrder) -> list[RectificationItem]:
    """Return the items of ``order`` that no recheck has found done."""
    passed = RecheckItem.objects.filter(item=OuterRef("pk"), result=RecheckResult.PASS)
    return list(
        order.items.filter(~Exists(passed))
        .select_related("result__item")
        .order_by("result__item__position")
    )


def locked(order: RectificationOrder, actor: User) -> RectificationOrder:
    """Return the order as it stands now, locked, if ``actor`` sees it."""
    rows = RectificationOrder.objects.visible_to(actor).select_for_update(of=("self",))
    found = rows.select_related("estate__street", "provider", "inspection").filter(pk=order.pk)
    if not (locked := found.first()):
        raise NotPermitted("这份整改通知书不在你可看的范围内。")
    return locked


def subjects_of(order: RectificationOrder) -> list[Any]:
    subjects: list[Any] = [order.estate, order.inspection]
    return [*subjects, order.provider] if order.provider_id else subjects
