"""Somebody who did not report the work as done looks whether it is."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from accounts.models import User
from inspections.choices import (
    ORDER_ISSUERS,
    RECHECKERS,
    REVIEWERS,
    FlagVerdict,
    OrderStatus,
    RecheckResult,
)
from inspections.models import (
    PhotoFlag,
    Recheck,
    RecheckItem,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
)
from inspections.services.doubts import photo_flag_judge
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import holds, require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .base import (
    RECHECK_PDF,
    TAG,
    Finding,
    ItemProblems,
    Verdict,
    locked,
    open_items,
    subjects_of,
)
from .credit import push_failed_recheck, push_repair
from .links import follow_deadline


def recheckers_for(order: RectificationOrder) -> Any:
    """Return the people who may recheck ``order``: not who reported it done last."""
    reply = order.replies.order_by("-reported_at").first()
    people = User.objects.active().with_role(*RECHECKERS).order_by("username")
    return people.exclude(pk=reply.reported_by_id) if reply and reply.reported_by_id else people


def rectification_recheck_arrange(
    *,
    order: RectificationOrder,
    actor: User,
    person: User,
    day: dt.date,
    companion: str = "",
) -> RectificationOrder:
    """Say who rechecks, with whom, and when."""
    require(actor, ORDER_ISSUERS, "复查由检查员或科室负责人安排。")
    with guarded():
        order = locked(order, actor)
        if order.status != OrderStatus.REPLIED:
            raise BusinessError("还没有整改回复，不能安排复查。", code="stale")
        if not recheckers_for(order).filter(pk=person.pk).exists():
            raise BusinessError(
                "复查人须是检查员或科室负责人，并且不是填报整改的人。", field="person"
            )
        if day < clock.today():
            raise BusinessError("复查日期不能早于今天。", field="day")
        order.recheck_by, order.recheck_on = person, day
        order.recheck_companion = companion.strip()
        order.full_clean()
        order.save(update_fields=["recheck_by", "recheck_on", "recheck_companion"])
        record(
            actor=actor,
            verb="order.arrange_recheck",
            target=order,
            subjects=subjects_of(order),
            summary=f"安排 {person} {clock.chinese_date(day)}复查",
            after={"person": person.pk, "day": day, "companion": order.recheck_companion},
            tag=TAG,
            tone="a",
        )
    return order


def rectification_recheck(
    *,
    order: RectificationOrder,
    actor: User,
    checked_on: dt.date,
    findings: Mapping[int, Finding],
    verdicts: Mapping[int, Verdict] | None = None,
    opinion: str = "",
    companion: str = "",
    new_deadline: dt.date | None = None,
) -> Recheck:
    """Record the recheck of all open items: all done closes the order, otherwise it goes back
    with ``new_deadline``.

    By the arranged person or a bureau manager, never by who reported the work done. ``verdicts``
    say by id what open doubts about the reply's photos come to; no item is found done while one
    about its photos is open, or has found a photo unusable. Raises :class:`ItemProblems`.
    """
    require(actor, RECHECKERS, "复查由检查员或科室负责人登记。")
    with guarded():
        order = locked(order, actor)
        if order.status != OrderStatus.REPLIED:
            raise BusinessError("这份通知书现在不是待复查。", code="stale")
        reply = order.replies.order_by("-reported_at", "-pk").first()
        if reply is None:
            raise BusinessError("还没有整改回复，不能复查。", code="stale")
        if reply.reported_by_id is not None and reply.reported_by_id == actor.pk:
            raise BusinessError("填报整改的人不能复查，请换一人复查。", code="same_person")
        if order.recheck_by_id not in {None, actor.pk} and not holds(actor, REVIEWERS):
            raise NotPermitted(f"这次复查安排给 {order.recheck_by}，请由其登记。")
        if checked_on > clock.today():
            raise BusinessError("复查日期不能晚于今天。", field="checked_on")
        if checked_on < reply.completed_on:
            raise BusinessError("复查日期不能早于整改完成日期。", field="checked_on")
        if order.served_on and checked_on < order.served_on:
            raise BusinessError("复查日期不能早于通知书送达日期。", field="checked_on")
        items = open_items(order)
        flags = _flags_of(reply)
        problems = _finding_problems(items, findings)
        doubts = _doubt_problems(flags, findings, verdicts or {}, problems)
        if problems or doubts:
            raise ItemProblems(problems, doubts)
        undone = [item for item in items if not findings[item.pk].done]
        if undone and (new_deadline is None or new_deadline <= clock.today()):
            raise BusinessError("整改不到位，请另定晚于今天的整改期限。", field="new_deadline")
        for flag in flags:
            if flag.is_open and (said := (verdicts or {}).get(flag.pk)) and said.verdict:
                photo_flag_judge(flag=flag, actor=actor, verdict=said.verdict, reason=said.reason)
        today = clock.today()
        serial = next_number("recheck", today.year)
        recheck = Recheck(
            year=today.year,
            serial=serial,
            number=f"{settings.OFFICE_DOCUMENT_PREFIX}复查〔{today.year}〕{serial}号",
            order=order,
            reply=reply,
            checked_by=actor,
            companion=companion.strip(),
            checked_on=checked_on,
            result=RecheckResult.FAIL if undone else RecheckResult.PASS,
            opinion=opinion.strip() or _opinion(items, undone, new_deadline),
            recorded_at=clock.now(),
        )
        recheck.full_clean()
        recheck.save()
        RecheckItem.objects.bulk_create(
            RecheckItem(
                recheck=recheck,
                item=item,
                result=RecheckResult.PASS if findings[item.pk].done else RecheckResult.FAIL,
                finding=findings[item.pk].text.strip(),
            )
            for item in items
        )
        if undone:
            move(
                order,
                source=OrderStatus.REPLIED,
                target=OrderStatus.TRANSFERRED if order.handovers.exists() else OrderStatus.ISSUED,
                deadline=new_deadline,
                recheck_by=None,
                recheck_on=None,
                recheck_companion="",
            )
            follow_deadline(order)
            push_failed_recheck(recheck, len(undone), actor)
        else:
            move(
                order,
                source=OrderStatus.REPLIED,
                target=OrderStatus.CLOSED,
                closed_at=clock.now(),
            )
            push_repair(order, actor)
        assert_in_scope(order, actor)
        record(
            actor=actor,
            verb="order.recheck",
            target=order,
            subjects=subjects_of(order),
            summary=f"复查 {len(items)} 项，"
            + (
                f"{len(undone)} 项整改不到位，限{clock.chinese_date(new_deadline)}前改正"
                if undone and new_deadline
                else "全部整改到位，予以销号"
            ),
            after={"number": recheck.number, "undone": [item.pk for item in undone]},
            tag=TAG,
            tone="a" if undone else "g",
        )
        enqueue_recheck(recheck=recheck, actor=actor)
    return recheck


def enqueue_recheck(*, recheck: Recheck, actor: User) -> jobs.Job:
    """Have the opinion of ``recheck`` printed."""
    return jobs.enqueue(
        RECHECK_PDF,
        owner=actor,
        params={"recheck": recheck.pk},
        dedupe_key=f"{RECHECK_PDF}:{recheck.pk}",
        title=f"{recheck.number} 复查意见书",
    )


def _finding_problems(
    items: Sequence[RectificationItem], findings: Mapping[int, Finding]
) -> dict[int, str]:
    problems = {}
    for item in items:
        finding = findings.get(item.pk)
        if finding is None:
            problems[item.pk] = "请选整改到位或整改不到位。"
        elif not finding.done and not finding.text.strip():
            problems[item.pk] = "请写明还差什么。"
        elif len(finding.text.strip()) > 200:
            problems[item.pk] = "复查情况最多 200 字。"
    return problems


def _flags_of(reply: RectificationReply) -> list[PhotoFlag]:
    """Return what is doubtful about the photos of ``reply``, locked until the recheck is kept."""
    rows = PhotoFlag.objects.select_for_update(of=("self",)).of_reply(reply)
    return list(rows.select_related("photo__reply_item"))


def _doubt_problems(
    flags: Sequence[PhotoFlag],
    findings: Mapping[int, Finding],
    verdicts: Mapping[int, Verdict],
    problems: dict[int, str],
) -> dict[int, str]:
    """Return by id of the flag what is wrong with its conclusion; an item found done by a photo
    that is not usable is added to ``problems``."""
    doubts: dict[int, str] = {}
    for flag in flags:
        answer = flag.photo.reply_item
        item = answer.item_id if answer else 0
        done = item in findings and findings[item].done
        said = verdicts.get(flag.pk) if flag.is_open else None
        verdict = said.verdict if said else flag.verdict
        if said and verdict == FlagVerdict.UNUSABLE and not said.reason.strip():
            doubts[flag.pk] = "请写明为什么不可用。"
        elif done and not verdict:
            doubts[flag.pk] = "算整改到位之前，请先写这处疑点的结论。"
        elif done and verdict == FlagVerdict.UNUSABLE:
            problems.setdefault(item, "照片已认定不可用，请选整改不到位，退回重拍。")
    return doubts


def _opinion(
    items: Sequence[RectificationItem],
    undone: Sequence[RectificationItem],
    new_deadline: dt.date | None,
) -> str:
    """Return the conclusion in the words of the form."""
    if not undone:
        return f"责令整改的 {len(items)} 项问题均已整改到位，予以销号。"
    numbers = {item.pk: place for place, item in enumerate(items, start=1)}
    left = "、".join(f"第{numbers[item.pk]}项" for item in undone)
    day = clock.chinese_date(new_deadline) if new_deadline else ""
    return f"{left}整改不到位，限{day}前整改完毕。逾期不改正的，将依法予以处理。"
