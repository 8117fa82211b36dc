"""The order is answered: what was done about each item, with photos of it."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from accounts.models import User
from inspections.choices import (
    ORDER_ANSWERABLE,
    REPLIERS,
    OrderStatus,
)
from inspections.models import (
    RectificationItem,
    RectificationOrder,
    RectificationReply,
    ReplyItem,
    ReplyLink,
)
from inspections.services.inspections import MAX_PHOTOS
from inspections.services.pictures import Picture, read_picture
from inspections.services.storing import keep_picture
from xingyang_pm.common import clock
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .base import (
    TAG,
    Caller,
    ItemProblems,
    Upload,
    locked_for,
    open_items,
    still_open,
    subjects_of,
)

LONGEST = 300


def rectification_reply(
    *,
    order: RectificationOrder,
    completed_on: dt.date,
    measures: Mapping[int, str],
    actor: User | None = None,
    link: ReplyLink | None = None,
    reporter_name: str = "",
    reporter_phone: str = "",
    responsible: str = "",
    statement: str = "",
    done_on: Mapping[int, dt.date | None] | None = None,
    undone: Mapping[int, str] | None = None,
    photos: Mapping[int, Sequence[Upload]] | None = None,
) -> RectificationReply:
    """Report the order as done: what was done about each open item, with photos of it.

    By the clerk ``actor``, or by the firm with its ``link``, who says name and phone.
    ``measures``, ``done_on`` (the day of one item, else ``completed_on``), ``undone`` (why an item
    is not done; no photo is then asked for) and ``photos`` map ids of the order's items. Raises
    :class:`ItemProblems` with a sentence per item; nothing is written then.
    """
    caller = Caller(actor, link, reporter_name, reporter_phone)
    caller.check(REPLIERS, "整改回复由街道经办填报。")
    done_on, undone = done_on or {}, undone or {}
    pictures, problems = _pictures(photos or {})
    with guarded():
        order = locked_for(order, caller)
        still_open(order, ORDER_ANSWERABLE, "回复")
        if problem := _day_problem(completed_on, order):
            raise BusinessError(problem, field="completed_on")
        items = open_items(order)
        for item in items:
            sentence = _problem_of(
                item,
                order,
                measure=measures.get(item.pk, "").strip(),
                reason=undone.get(item.pk, "").strip(),
                day=done_on.get(item.pk),
                has_photo=bool(pictures.get(item.pk)),
            )
            if sentence:
                problems.setdefault(item.pk, sentence)
        if problems:
            raise ItemProblems(problems)
        left = [item for item in items if undone.get(item.pk, "").strip()]
        if len(left) == len(items):
            raise BusinessError(
                "没有一项已经整改，不用回复。期限内做不完的，请在期限届满前申请延期。",
                code="nothing_done",
            )
        reply = RectificationReply(
            order=order,
            **caller.columns("reported", "reporter"),
            responsible=responsible.strip(),
            completed_on=completed_on,
            reported_at=clock.now(),
            statement=statement.strip(),
        )
        reply.full_clean()
        reply.save()
        kept = 0
        for item in items:
            reason = undone.get(item.pk, "").strip()
            answer = ReplyItem.objects.create(
                reply=reply,
                item=item,
                measure=measures.get(item.pk, "").strip(),
                done_on=None if reason else done_on.get(item.pk) or completed_on,
                undone_reason=reason,
            )
            for picture in pictures.get(item.pk, []):
                keep_picture(
                    picture,
                    estate=order.estate,
                    result=item.result,
                    actor=actor,
                    link=link,
                    reply_item=answer,
                    client_key=uuid.uuid4(),
                )
                kept += 1
        move(
            order,
            source=tuple(ORDER_ANSWERABLE),
            target=OrderStatus.REPLIED,
            recheck_by=None,
            recheck_on=None,
            recheck_companion="",
        )
        if actor is not None:
            assert_in_scope(order, actor)
        record(
            actor=actor,
            verb="order.reply",
            target=order,
            subjects=subjects_of(order),
            summary=f"回复整改 {len(items) - len(left)} 项"
            + (f"，{len(left)} 项没有完成" if left else "")
            + f"，照片 {kept} 张",
            after={"completed_on": completed_on, "responsible": reply.responsible},
            tag=TAG,
            tone="b",
        )
    return reply


def _day_problem(day: dt.date, order: RectificationOrder) -> str:
    if day > clock.today():
        return "完成日期不能晚于今天。"
    if day < order.inspection.inspected_on:
        return "完成日期不能早于检查日期。"
    return ""


def _problem_of(
    item: RectificationItem,
    order: RectificationOrder,
    *,
    measure: str,
    reason: str,
    day: dt.date | None,
    has_photo: bool,
) -> str:
    """Return what is wrong with the answer to one item, or nothing."""
    for text, label in ((measure, "整改措施"), (reason, "未完成原因")):
        if len(text) > LONGEST:
            return f"{label}最多 {LONGEST} 字，现在 {len(text)} 字。"
    if reason:
        return ""
    if not measure:
        return "请写明整改措施。"
    if item.result.item.photo_required and not has_photo:
        return "请至少附 1 张整改后照片。"
    return _day_problem(day, order) if day else ""


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
