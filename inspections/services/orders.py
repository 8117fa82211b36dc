"""Rectification: ordered, served, answered, rechecked by another person, closed or once more."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef

from accounts.models import User
from inspections.choices import (
    ORDER_ISSUERS,
    RECHECKERS,
    REPLIERS,
    REVIEWERS,
    OrderStatus,
    Outcome,
    RecheckResult,
    ServiceMethod,
)
from inspections.models import (
    Inspection,
    ItemResult,
    Recheck,
    RecheckItem,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
    ReplyItem,
)
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import holds, require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .inspections import MAX_PHOTOS
from .pictures import Picture, read_picture
from .storing import keep_picture

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


def issuable_results(inspection: Inspection) -> list[ItemResult]:
    """Return the failed items of ``inspection`` that no order covers yet."""
    return list(
        inspection.results.filter(outcome=Outcome.FAIL, rectification__isnull=True)
        .select_related("item")
        .order_by("item__position")
    )


def legal_basis_of(results: Iterable[ItemResult]) -> str:
    """Return the legal bases of ``results`` as a notice cites them, each once; a law as a whole
    is left out beside an article of it."""
    bases = list(dict.fromkeys(row.item.legal_basis for row in results if row.item.legal_basis))
    cited = [
        basis
        for basis in bases
        if not any(other != basis and other.startswith(basis) for other in bases)
    ]
    return "、".join(cited)[:200]


def open_items(order: RectificationOrder) -> list[RectificationItem]:
    """Return the items of ``order`` that no recheck has found done."""
    passed = RecheckItem.objects.filter(item=OuterRef("pk"), result=RecheckResult.PASS)
    return list(
        order.items.filter(~Exists(passed))
        .select_related("result__item")
        .order_by("result__item__position")
    )


def _locked(order: RectificationOrder, actor: User) -> RectificationOrder:
    """Return the order as it stands now, locked, if ``actor`` sees it."""
    rows = RectificationOrder.objects.visible_to(actor).select_for_update(of=("self",))
    found = rows.select_related("estate__street", "provider", "inspection").filter(pk=order.pk)
    if not (locked := found.first()):
        raise NotPermitted("这份整改通知书不在你可看的范围内。")
    return locked


def _subjects(order: RectificationOrder) -> list[Any]:
    subjects: list[Any] = [order.estate, order.inspection]
    return [*subjects, order.provider] if order.provider_id else subjects


def rectification_order_issue(
    *,
    inspection: Inspection,
    results: Sequence[ItemResult],
    actor: User,
    legal_basis: str,
    deadline: dt.date | None = None,
    demand: str = "",
    requirements: Mapping[int, str] | None = None,
) -> RectificationOrder:
    """Issue a formal order over failed items of one reported inspection.

    ``deadline`` is the last day (until 24:00); without one the latest of the items' own, at
    least tomorrow. ``requirements`` maps ids of results to what is demanded on each.
    """
    require(actor, ORDER_ISSUERS, "整改通知书由检查员或科室负责人下达。")
    today = clock.today()
    with guarded():
        inspection = (
            Inspection.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .select_related("estate", "provider")
            .get(pk=inspection.pk)
        )
        if not inspection.is_counted:
            raise BusinessError("检查记录还没有上报，不能下达整改通知书。", code="not_reported")
        if inspection.provider is None:
            raise BusinessError(
                f"{inspection.estate} 没有登记服务主体，通知书没有送达对象。请先登记服务合同。",
                code="no_addressee",
            )
        open_pks = {row.pk for row in issuable_results(inspection)}
        chosen = [row for row in results if row.pk in open_pks]
        if not chosen:
            raise BusinessError("请至少选一个不合格项。", field="results")
        if len(chosen) != len(results):
            raise BusinessError("所选项目中有的不是不合格项，或已经下达整改，请刷新后再选。")
        own = [row.deadline for row in chosen if row.deadline]
        last = deadline or max([*own, today + dt.timedelta(days=1)])
        if last < today:
            raise BusinessError("整改期限不能早于今天。", field="deadline")
        serial = next_number("rectification", today.year)
        order = RectificationOrder(
            year=today.year,
            serial=serial,
            number=f"{settings.OFFICE_DOCUMENT_PREFIX}责改〔{today.year}〕{serial}号",
            inspection=inspection,
            estate=inspection.estate,
            provider=inspection.provider,
            legal_basis=legal_basis.strip(),
            demand=demand.strip(),
            deadline=last,
            issued_by=actor,
            issued_at=clock.now(),
        )
        order.full_clean()
        order.save()
        wanted = requirements or {}
        items = [
            RectificationItem(
                order=order, result=row, requirement=wanted.get(row.pk, "").strip()[:200]
            )
            for row in chosen
        ]
        RectificationItem.objects.bulk_create(items)
        assert_in_scope(order, actor)
        record(
            actor=actor,
            verb="order.issue",
            target=order,
            subjects=_subjects(order),
            summary=f"签发整改通知书 {order.number}，{len(items)} 项，"
            f"限{clock.chinese_date(last)}前改正",
            after={"items": [row.pk for row in chosen], "deadline": last},
            tag=TAG,
            tone="b",
        )
        enqueue_notice(order=order, actor=actor)
    return order


def enqueue_notice(*, order: RectificationOrder, actor: User) -> jobs.Job:
    """Have the notice of ``order`` printed as it stands now."""
    return jobs.enqueue(
        NOTICE_PDF,
        owner=actor,
        params={"order": order.pk},
        dedupe_key=f"{NOTICE_PDF}:{order.pk}:{order.served_on or ''}",
        title=f"{order.number} 通知书",
    )


def rectification_serve(
    *,
    order: RectificationOrder,
    actor: User,
    served_on: dt.date,
    served_to: str,
    served_by: str,
    service_method: str,
) -> RectificationOrder:
    """Record that the order was served: when, how, who took it, who brought it."""
    require(actor, ORDER_ISSUERS, "送达由检查员或科室负责人登记。")
    with guarded():
        order = _locked(order, actor)
        if order.served_on:
            raise BusinessError("这份通知书的送达已经登记。", code="stale")
        if served_on > clock.today():
            raise BusinessError("送达日期不能晚于今天。", field="served_on")
        if served_on < order.issued_at.astimezone(clock.SHANGHAI).date():
            raise BusinessError("送达日期不能早于下达日期。", field="served_on")
        if service_method not in ServiceMethod.values:
            raise BusinessError("请选送达方式。", field="service_method")
        for name, value, label in (
            ("served_to", served_to, "签收人"),
            ("served_by", served_by, "送达人"),
        ):
            if not value.strip():
                raise BusinessError(f"请写明{label}。", field=name)
        order.served_on, order.service_method = served_on, service_method
        order.served_to, order.served_by = served_to.strip(), served_by.strip()
        order.full_clean()
        order.save(update_fields=["served_on", "service_method", "served_to", "served_by"])
        record(
            actor=actor,
            verb="order.serve",
            target=order,
            subjects=_subjects(order),
            summary=f"登记送达，{order.get_service_method_display()}，签收人 {order.served_to}",
            after={"served_on": served_on, "served_by": order.served_by},
            tag=TAG,
        )
        enqueue_notice(order=order, actor=actor)
    return order


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
        order = _locked(order, actor)
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
            subjects=_subjects(order),
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


def recheckers_for(order: RectificationOrder) -> Any:
    """Return the people who may recheck ``order``: not who reported it done last."""
    reply = order.replies.order_by("-reported_at").first()
    people = User.objects.active().with_role(*RECHECKERS).order_by("username")
    return people.exclude(pk=reply.reported_by_id) if reply else people


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
        order = _locked(order, actor)
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
            subjects=_subjects(order),
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
    opinion: str = "",
    companion: str = "",
    new_deadline: dt.date | None = None,
) -> Recheck:
    """Record the recheck of all open items: all done closes the order, otherwise it goes back
    with ``new_deadline``.

    By the arranged person or a bureau manager, never by who reported the work done.
    """
    require(actor, RECHECKERS, "复查由检查员或科室负责人登记。")
    with guarded():
        order = _locked(order, actor)
        if order.status != OrderStatus.REPLIED:
            raise BusinessError("这份通知书现在不是待复查。", code="stale")
        reply = order.replies.order_by("-reported_at", "-pk").first()
        if reply is None:
            raise BusinessError("还没有整改回复，不能复查。", code="stale")
        if reply.reported_by_id == actor.pk:
            raise BusinessError("填报整改的人不能复查，请换一人复查。", code="same_person")
        if order.recheck_by_id not in {None, actor.pk} and not holds(actor, REVIEWERS):
            raise NotPermitted(f"这次复查安排给 {order.recheck_by}，请由其登记。")
        if checked_on > clock.today():
            raise BusinessError("复查日期不能晚于今天。", field="checked_on")
        if checked_on < reply.completed_on:
            raise BusinessError("复查日期不能早于整改完成日期。", field="checked_on")
        items = open_items(order)
        problems = _finding_problems(items, findings)
        if problems:
            raise ItemProblems(problems)
        undone = [item for item in items if not findings[item.pk].done]
        if undone and (new_deadline is None or new_deadline <= clock.today()):
            raise BusinessError("整改不到位，请另定晚于今天的整改期限。", field="new_deadline")
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
                target=OrderStatus.ISSUED,
                deadline=new_deadline,
                recheck_by=None,
                recheck_on=None,
                recheck_companion="",
            )
        else:
            move(
                order,
                source=OrderStatus.REPLIED,
                target=OrderStatus.CLOSED,
                closed_at=clock.now(),
            )
        assert_in_scope(order, actor)
        record(
            actor=actor,
            verb="order.recheck",
            target=order,
            subjects=_subjects(order),
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
