"""Official papers: the notice with its stub and receipt, the opinion of a recheck."""

import datetime as dt
from typing import Any

import segno
from django.conf import settings
from django.core.files.base import ContentFile

from inspections import selectors
from inspections.choices import PhotoStage, RecheckResult, RequestStatus, ServiceMethod
from inspections.models import (
    EvidencePhoto,
    Inspection,
    Recheck,
    RectificationItem,
    RectificationOrder,
)
from inspections.services.orders import NOTICE_PDF, RECHECK_PDF
from xingyang_pm.common import jobs
from xingyang_pm.common.formats import local
from xingyang_pm.common.pdf.render import render_pdf

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
    title = order.get_kind_display()
    return {
        "title": title,
        "paper_name": title,
        "formal": order.is_formal,
        "document_title": f"{order.number} {title}",
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
        "deadline": order.original_deadline,
        "extended": _extension_of(order),
        "reply": _reply_by_link(order),
        "contact": order.issued_by.name,
        "phone": settings.OFFICE_PHONE,
        "issued_on": issued,
        "document_date": issued,
        "photos": photos,
        "receipt": order.is_formal
        and {
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


def _extension_of(order: RectificationOrder) -> dict[str, Any] | None:
    """Return the extension that was granted, both deadlines with it."""
    granted = order.extensions.filter(status=RequestStatus.GRANTED).select_related("decided_by")
    request = granted.first()
    if request is None or request.decided_at is None or request.decided_by is None:
        return None
    return {
        "before": request.deadline_before,
        "until": request.granted_until,
        "by": request.decided_by.name,
        "on": local(request.decided_at).date(),
    }


def _reply_by_link(order: RectificationOrder) -> dict[str, Any] | None:
    """Return the address by which the firm answers, and its picture; None without a live link, or
    where the portal knows no address of its own."""
    link = selectors.live_link(order)
    address = selectors.link_address(link) if link is not None and link.is_live else ""
    if not address or link is None:
        return None
    return {
        "address": address,
        "picture": segno.make(address, error="m").png_data_uri(scale=6, border=2),
        "until": link.last_day,
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
        "order_name": order.get_kind_display(),
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
    job.attach(f"{order.number} {order.get_kind_display()}.pdf", content)
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
