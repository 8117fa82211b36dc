"""What a user keeps for himself: named conditions of lists. No business, so no audit entry."""

from typing import Any

from django.db import transaction

from .errors import BusinessError
from .models import SavedView

MAX_SAVED_VIEWS = 12


@transaction.atomic
def saved_view_keep(*, page: str, name: str, query: str, actor: Any) -> SavedView:
    """Keep ``query`` (what stands behind the ``?``) of list ``page`` under ``name``.

    A name that this user already has on this list is given the new conditions.
    """
    name = " ".join(name.split())
    if not name:
        raise BusinessError("请写上名称，例如“索河街道公示不全”。", field="name")
    if len(name) > 30:
        raise BusinessError("名称最多 30 个字。", field="name")
    if not query or len(query) > 500:
        raise BusinessError("现在没有筛选条件，或条件太长，不能保存。", field="name")
    own = SavedView.objects.visible_to(actor).filter(page=page)
    kept = own.filter(name=name).first()
    if kept is not None:
        kept.query = query
        kept.save(update_fields=["query"])
        return kept
    if own.count() >= MAX_SAVED_VIEWS:
        raise BusinessError(
            f"一张表最多保存 {MAX_SAVED_VIEWS} 组条件，请先删去不用的。", field="name"
        )
    return SavedView.objects.create(owner=actor, page=page, name=name, query=query)


def saved_view_remove(*, pk: int, actor: Any) -> None:
    """Remove one of the actor's own saved conditions; another's stays untouched."""
    SavedView.objects.visible_to(actor).filter(pk=pk).delete()
