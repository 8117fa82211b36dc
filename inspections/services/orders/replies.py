"""The order is answered: what was done about each item, with photos of it."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from accounts.models import User
from inspections.choices import (
    REPLIERS,
    OrderStatus,
)
from inspections.models import (
    RectificationOrder,
    RectificationReply,
    ReplyItem,
)
from inspections.services.inspections import MAX_PHOTOS
from inspections.services.pictures import Picture, read_picture
from inspections.services.storing import keep_picture
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .base import TAG, ItemProblems, Upload, locked, open_items, subjects_of


def rectification_reply(
    *,
    order: RectificationOrder,
    actor: User,
    completed_on: dt.date,
    measures: Mapping[int, str],
    responsible: str = "",
    statement: str = "",
    photos: Mapping[int, Sequence[Upload]] | None = None,
) -> RectificationReply:
    """Report the order as done: what was done about each open item, with photos of it.

    ``measures`` and ``photos`` map ids of the order's items. Raises :class:`ItemProblems` with a
    sentence per item; nothing is written then.
    """
    require(actor, REPLIERS, "整改回复由街道经办填报。")
    pictures, problems = _pictures(photos or {})
    with guarded():
        order = locked(order, actor)
        if order.status != OrderStatus.ISSUED:
            raise BusinessError(f"这份通知书{order.get_status_display()}，不用回复。", code="stale")
        if order.served_on is None:
            raise BusinessError("通知书还没有登记送达，不能回复。", code="not_served")
        if completed_on > clock.today():
            raise BusinessError("完成日期不能晚于今天。", field="completed_on")
        if completed_on < order.inspection.inspected_on:
            raise BusinessError("完成日期不能早于检查日期。", field="completed_on")
        items = open_items(order)
        for item in items:
            text = measures.get(item.pk, "").strip()
            if not text:
                problems.setdefault(item.pk, "请写明整改措施。")
            elif len(text) > 300:
                problems.setdefault(item.pk, f"整改措施最多 300 字，现在 {len(text)} 字。")
            elif item.result.item.photo_required and not pictures.get(item.pk):
                problems.setdefault(item.pk, "请至少附 1 张整改后照片。")
        if problems:
            raise ItemProblems(problems)
        reply = RectificationReply(
            order=order,
            reported_by=actor,
            responsible=responsible.strip(),
            completed_on=completed_on,
            reported_at=clock.now(),
            statement=statement.strip(),
        )
        reply.full_clean()
        reply.save()
        kept = 0
        for item in items:
            answer = ReplyItem.objects.create(
                reply=reply, item=item, measure=measures[item.pk].strip()
            )
            for picture in pictures.get(item.pk, []):
                keep_picture(
                    picture,
                    estate=order.estate,
                    result=item.result,
                    actor=actor,
                    reply_item=answer,
                    client_key=uuid.uuid4(),
                )
                kept += 1
        move(
            order,
            source=OrderStatus.ISSUED,
            target=OrderStatus.REPLIED,
            recheck_by=None,
            recheck_on=None,
            recheck_companion="",
        )
        assert_in_scope(order, actor)
        record(
            actor=actor,
            verb="order.reply",
            target=order,
            subjects=subjects_of(order),
            summary=f"回复整改 {len(items)} 项，照片 {kept} 张",
            after={"completed_on": completed_on, "responsible": reply.responsible},
            tag=TAG,
            tone="b",
        )
    return reply


def _pictures(
    photos: Mapping[int, Sequence[Upload]],
) -> tuple[dict[int, list[Picture]], dict[int, str]]:
    """Read all uploads before the transaction; return pictures and problems by item."""
    pictures: dict[int, list[Picture]] = {}
    problems: dict[int, str] = {}
    for pk, uploads in photos.items():
        if len(uploads) > MAX_PHOTOS:
            problems[pk] = f"每项最多 {MAX_PHOTOS} 张照片，这次选了 {len(uploads)} 张。"
            continue
        for upload in uploads:
            try:
                picture = upload.picture or read_picture(upload.source, upload.name)
            except BusinessError as error:
                problems[pk] = error.message
                continue
            known = pictures.setdefault(pk, [])
            if all(other.source_sha256 != picture.source_sha256 for other in known):
                known.append(picture)
    return pictures, problems
