"""What is kept of each report: its content beside the record, and the doubts about its photos."""

import datetime as dt
from decimal import Decimal
from typing import Any

from accounts.models import User
from inspections.models import EvidencePhoto, Inspection, InspectionVersion

from .doubts import refresh_flags


def keep_submission(
    inspection: Inspection, *, actor: User, score: Decimal, digest: str, moment: dt.datetime
) -> InspectionVersion:
    """Keep what is reported now as the next version, and look its photos over.

    Called inside the transaction of the report, with the results written and the record not yet
    moved on: afterwards the database lets no version in.
    """
    content = content_of(inspection)
    if any(item["photos"] for item in content["items"]):
        refresh_flags(inspection)
    times = 0
    if inspection.submitted_at is not None:
        last = inspection.versions.last()
        # What was reported before versions were kept counts as the first time.
        times = last.number if last else 1
    return InspectionVersion.objects.create(
        inspection=inspection,
        number=times + 1,
        content=content,
        score=score,
        digest=digest,
        submitted_by=actor,
        submitted_at=moment,
    )


def content_of(inspection: Inspection) -> dict[str, Any]:
    """Return the results of all items with the keys of their photos, and the facts of the
    visit, as JSON can hold them."""
    photos: dict[int, list[str]] = {}
    rows = EvidencePhoto.objects.filter(
        result__inspection=inspection, reply_item__isnull=True
    ).order_by("pk")
    for result_id, key in rows.values_list("result_id", "client_key"):
        photos.setdefault(result_id, []).append(str(key))
    results = inspection.results.select_related("item").order_by("item__position")
    return {
        "visit": {
            "inspected_on": inspection.inspected_on.isoformat(),
            "companion": inspection.companion,
            "site_contact": inspection.site_contact,
            "note": inspection.note,
        },
        "items": [
            {
                "item": result.item_id,
                "code": result.item.code,
                "text": result.item.text,
                "outcome": result.outcome,
                "deduction": str(result.deduction),
                "note": result.note,
                "fixed": "是" if result.fixed_on_site else "",
                "deadline": result.deadline.isoformat() if result.deadline else "",
                "photos": photos.get(result.pk, []),
            }
            for result in results
        ],
    }
