"""Official papers: the notice with its stub and receipt, the opinion; the office's two tables."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from accounts.models import User
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.formats import due_words, local
from xingyang_pm.common.pdf.render import render_pdf
from xingyang_pm.common.spreadsheets.official import (
    FormColumn,
    FormSection,
    OfficialForm,
    write_form,
)

from . import selectors
from .choices import Outcome, PhotoStage, RecheckResult, ServiceMethod
from .models import (
    EvidencePhoto,
    Inspection,
    InspectionRound,
    Recheck,
    RectificationItem,
    RectificationOrder,
)
from .services.orders import NOTICE_PDF, RECHECK_PDF

NOTICE_TEMPLATE = "print/notice.html"
RECHECK_TEMPLATE = "print/recheck.html"
# The words of the receipt form for each way of service.
METHODS = {
    ServiceMethod.ON_SITE: "直接送达",
    ServiceMethod.POST: "邮寄送达",
    ServiceMethod.LEFT: "留置送达",
}
PHOTOS_PER_ITEM = 2
_DONE = {RecheckResult.PASS: "已按要求改正"}


def _people(*texts: str) -> list[str]:
    """Return the names in ``texts``, each once; people write 、 or a blank between them."""
    joined = "、".join(text for text in texts if text)
    for separator in "，,； ;":
        joined = joined.replace(separator, "、")
    return list(dict.fromkeys(name for name in joined.split("、") if name))


def _day(photo: EvidencePhoto) -> dt.date:
    return local(photo.taken_at or photo.uploaded_at).date()


def _printed(photo: EvidencePhoto, caption: str) -> dict[str, Any]:
    day = _day(photo)
    return {
        "path": photo.image.name,
        "url": photo.get_absolute_url(),
        "caption": f"{caption}，{day.month}月{day.day}日",
    }


def _round_name(inspection: Inspection) -> str:
    """The visit as running text names it, without the blank of the lists."""
    if inspection.round is None:
        return inspection.checklist.title.removesuffix("检查表") + "检查"
    return str(inspection.round).replace(" ", "")


def _items(order: RectificationOrder) -> list[RectificationItem]:
    return list(order.items.select_related("result__item").prefetch_related("result__photos").all())


def _photos_of(item: RectificationItem, stage: str) -> list[EvidencePhoto]:
    return [photo for photo in item.result.photos.all() if photo.stage == stage]


def notice_context(order: RectificationOrder) -> dict[str, Any]:
    """Return the plain data of ``print/notice.html``."""
    inspection = order.inspection
    items = _items(order)
    photos = [
        _printed(photo, f"{place}　{item.result.item.text}")
        for place, item in enumerate(items, start=1)
        for photo in _photos_of(item, PhotoStage.FOUND)[:PHOTOS_PER_ITEM]
    ]
    issued = local(order.issued_at).date()
    return {
        "title": "责令限期整改通知书",
        "document_title": f"{order.number} 责令限期整改通知书",
        "organ": settings.OFFICE_FULL_NAME,
        "number": order.number,
        "addressee": order.provider.name if order.provider else order.estate.name,
        "estate": order.estate.name,
        "basis": order.legal_basis,
        "inspected_on": inspection.inspected_on,
        "inspection": _round_name(inspection),
        "items": [
            {
                "text": f"{item.result.item.text}：{item.result.note}",
                "requirement": item.requirement,
                "deadline": item.result.deadline,
            }
            for item in items
        ],
        "demand": order.demand,
        "deadline": order.deadline,
        "contact": order.issued_by.name,
        "phone": settings.OFFICE_PHONE,
        "issued_on": issued,
        "document_date": issued,
        "photos": photos,
        "receipt": {
            "place": order.estate.name,
            "method": METHODS.get(order.service_method, ""),
            "received_on": order.served_on,
            "receiver": order.served_to,
            "servers": _people(order.served_by),
        },
        "stub": {
            "inspectors": _people(inspection.inspector.name, inspection.companion),
            "handler": order.issued_by.name,
        },
    }


def recheck_context(recheck: Recheck) -> dict[str, Any]:
    """Return the plain data of ``print/recheck.html``."""
    order = recheck.order
    looked = list(recheck.items.select_related("item__result__item").all())
    by_item = {item.pk: item for item in _items(order)}
    photos = []
    for place, row in enumerate(looked, start=1):
        item = by_item[row.item_id]
        before = _photos_of(item, PhotoStage.FOUND)[:1]
        after = _photos_of(item, PhotoStage.FIXED)[-1:]
        if before or after:
            for label, found in (("整改前", before), ("整改后", after)):
                caption = f"{label}　第{place}项"
                photos.append(
                    _printed(found[0], caption) if found else {"path": None, "caption": caption}
                )
    recorded = local(recheck.recorded_at).date()
    return {
        "title": "复查意见书",
        "document_title": f"{recheck.number} 复查意见书",
        "organ": settings.OFFICE_FULL_NAME,
        "number": recheck.number,
        "order_number": order.number,
        "order_date": local(order.issued_at).date(),
        "addressee": order.provider.name if order.provider else order.estate.name,
        "estate": order.estate.name,
        "rechecked_on": recheck.checked_on,
        "inspectors": _people(recheck.checked_by.name, recheck.companion),
        "items": [
            {
                "text": f"{row.item.result.item.text}：{row.item.result.note}",
                "finding": row.finding
                or ("已按要求改正" if row.result == RecheckResult.PASS else ""),
                "done": row.result == RecheckResult.PASS,
            }
            for row in looked
        ],
        "opinion": recheck.opinion,
        "issued_on": recorded,
        "document_date": recorded,
        "photos": photos,
        "stub": {"department": "物业管理科", "handler": recheck.checked_by.name},
    }


@jobs.handler(NOTICE_PDF, title="整改通知书")
def print_notice(job: jobs.RunningJob) -> None:
    """Print the notice as the order stands now, and keep it with the order."""
    order = RectificationOrder.objects.select_related(
        "inspection__round",
        "inspection__checklist",
        "inspection__inspector",
        "estate",
        "provider",
        "issued_by",
    ).get(pk=job.params["order"])
    job.progress(0, 1, "正在排版")
    content = render_pdf(NOTICE_TEMPLATE, notice_context(order), title=f"{order.number} 通知书")
    order.pdf.save("notice.pdf", ContentFile(content), save=False)
    RectificationOrder.objects.filter(pk=order.pk).update(pdf=order.pdf.name)
    job.attach(f"{order.number} 责令限期整改通知书.pdf", content)
    job.progress(1, 1, "已排好")


@jobs.handler(RECHECK_PDF, title="复查意见书")
def print_recheck(job: jobs.RunningJob) -> None:
    """Print the opinion of a recheck, and keep it with the recheck."""
    recheck = Recheck.objects.select_related("order__estate", "order__provider", "checked_by").get(
        pk=job.params["recheck"]
    )
    job.progress(0, 1, "正在排版")
    content = render_pdf(
        RECHECK_TEMPLATE, recheck_context(recheck), title=f"{recheck.number} 复查意见书"
    )
    recheck.pdf.save("recheck.pdf", ContentFile(content), save=False)
    Recheck.objects.filter(pk=recheck.pk).update(pdf=recheck.pdf.name)
    job.attach(f"{recheck.number} 复查意见书.pdf", content)
    job.progress(1, 1, "已排好")


# --- The office's tables ----------------------------------------------------------------------

SIGNATURES = ("制表人", "复核人", "科室负责人", "分管领导")


def _reporting_unit(user: User) -> str:
    return settings.OFFICE_NAME if user.sees_city else user.office.name


def summary_form(round: InspectionRound, user: User) -> OfficialForm:
    """Return the 检查汇总表 of ``round``: one row per inspected estate that ``user`` sees."""
    ranking = selectors.ranking(round, user)
    inspections = {
        row.pk: row
        for row in Inspection.objects.visible_to(user)
        .filter(pk__in=[row.inspection_id for row in ranking])
        .prefetch_related("results__item", "orders__rechecks")
    }
    headings = list(
        dict.fromkeys(round.checklist.items.order_by("position").values_list("heading", flat=True))
    )
    rows = []
    for place, row in enumerate(ranking, start=1):
        inspection = inspections[row.inspection_id]
        scored = {
            part["heading"]: Decimal(part["score"])
            for part in inspection.working.get("headings", [])
        }
        failed = [r for r in inspection.results.all() if r.outcome == Outcome.FAIL]
        deadlines = [r.deadline for r in failed if r.deadline]
        orders = list(inspection.orders.all())
        rechecks = [recheck for order in orders for recheck in order.rechecks.all()]
        rows.append(
            [
                place,
                row.estate,
                row.provider,
                row.inspected_on,
                "、".join(filter(None, [row.inspector, inspection.companion])),
                *[scored.get(heading) for heading in headings],
                row.score,
                row.rank,
                "；".join(f"{r.item.code} {r.note}" for r in failed),
                max(deadlines) if deadlines else None,
                "、".join(dict.fromkeys(_order_words(order) for order in orders)),
                "、".join(dict.fromkeys(r.get_result_display() for r in rechecks)),
                inspection.note,
            ]
        )
    return OfficialForm(
        title=f"{round}汇总表",
        columns=[
            FormColumn("序号", "ordinal"),
            FormColumn("小区名称", left=True),
            FormColumn("物业企业", left=True),
            FormColumn("检查日期", "date"),
            FormColumn("检查人"),
            *[FormColumn(heading, "decimal", group="各大项得分") for heading in headings],
            FormColumn("总分", "decimal"),
            FormColumn("排名", "ordinal"),
            FormColumn("主要问题", left=True, width=34),
            FormColumn("整改期限", "date"),
            FormColumn("整改情况"),
            FormColumn("复查结果"),
            FormColumn("备注", left=True),
        ],
        sections=[FormSection(rows)],
        reporting_unit=_reporting_unit(user),
        reported_on=clock.today(),
        unit="分",
        parts=[("检查时间", f"{round.start_date} 至 {round.end_date}")],
        signatures=SIGNATURES,
        notes=["不适用的项目不计分值，总分按适用分值折算成百分。"],
        sheet_name="检查汇总表",
    )


def _order_words(order: RectificationOrder) -> str:
    return due_words(order.deadline) if order.is_overdue else order.get_status_display()


def write_summary(target: Path, *, round: InspectionRound, user: User) -> int:
    """Write the 检查汇总表 to ``target``; return how many estates it lists."""
    form = summary_form(round, user)
    write_form(target, form)
    return len(form.sections[0].rows)


def ledger_form(items: Iterable[RectificationItem], user: User, note: str) -> OfficialForm:
    """Return the 整改台账 over ``items`` (joined by ``for_ledger``), in the office's columns."""
    rows = []
    for place, item in enumerate(items, start=1):
        order = item.order
        replies = sorted(item.replies.all(), key=lambda row: row.pk)
        rechecks = sorted(item.rechecks.all(), key=lambda row: row.pk)
        reply = replies[-1] if replies else None
        recheck = rechecks[-1] if rechecks else None
        closed = recheck is not None and recheck.result == RecheckResult.PASS
        rows.append(
            [
                place,
                order.estate.name,
                order.provider.label if order.provider else "",
                f"{item.result.item.text}：{item.result.note}",
                order.number,
                local(order.issued_at).date(),
                item.requirement or order.demand,
                order.deadline,
                reply.reply.responsible if reply else "",
                reply.measure if reply else "",
                reply.reply.completed_on if reply else None,
                recheck.recheck.checked_by.name if recheck else "",
                recheck.get_result_display() if recheck else "",
                "是" if closed else "否",
            ]
        )
    return OfficialForm(
        title="限期整改台账",
        columns=[
            FormColumn("序号", "ordinal"),
            FormColumn("小区", left=True),
            FormColumn("企业", left=True),
            FormColumn("问题", left=True, width=28),
            FormColumn("通知书文号"),
            FormColumn("下发日期", "date"),
            FormColumn("整改要求", left=True, width=20),
            FormColumn("整改时限", "date"),
            FormColumn("责任人"),
            FormColumn("整改情况", left=True, width=24),
            FormColumn("完成日期", "date"),
            FormColumn("复查人"),
            FormColumn("复查结果"),
            FormColumn("是否销号"),
        ],
        sections=[FormSection(rows)],
        reporting_unit=_reporting_unit(user),
        reported_on=clock.today(),
        unit="",
        signatures=SIGNATURES,
        notes=[f"{note}，共 {len(rows)} 行。"],
        sheet_name="整改台账",
    )
