"""Field work without a signal: the day's work loaded beforehand, the frame that opens offline,
and what a phone sends when it is back.

The frame holds nobody's data, so it may lie in the browser's cache; everything of a person goes
through the addresses below and lies in the browser under that person's id.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator

from inspections import selectors, services
from inspections.calculations import plain
from inspections.choices import INSPECTORS
from inspections.forms import (
    VisitForm,
    form_values,
    read_announcements,
    read_answers,
    read_uuid,
    read_visit,
)
from inspections.models import ChecklistItem, EvidencePhoto, Inspection
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import due_tone, local, month_day
from xingyang_pm.common.kept import forget
from xingyang_pm.common.views.generic import PortalView

from .addresses import MINE, SCOPE, field_urls, phone_tabs
from .entry import CONFLICT, EntryAnswer, headings_of

# What the frame needs to stand up by itself.
ASSETS = (
    "vendor/tabler/tabler.min.css",
    "css/ui.css",
    "css/pages.css",
    "css/inspections.css",
    "img/favicon.svg",
    "img/icons.svg",
    "vendor/htmx/htmx.min.js",
    "js/portal.js",
    "js/field/store.js",
    "js/field/photo.js",
    "js/field/send.js",
    "js/field/pages.js",
    "js/inspection.js",
)
WORKER = "js/field/worker.js"


def _source(path: str) -> bytes:
    found = finders.find(path)
    if found is None:  # a release carries only the collected files
        with staticfiles_storage.open(staticfiles_storage.stored_name(path)) as stream:
            return stream.read()
    with open(found, "rb") as stream:  # noqa: PTH123  a path of the finder
        return stream.read()


@lru_cache(maxsize=2)
def worker_script(release: str) -> str:
    """Return the worker with the list of what it keeps; another release, or another byte in any
    of the files, makes another script, by which browsers learn of the new version."""
    urls = [staticfiles_storage.url(path) for path in ASSETS]
    mark = hashlib.sha256(release.encode())
    for path in (*ASSETS, WORKER):
        mark.update(_source(path))
    mark.update(render_to_string("inspections/shell.html", _shell_context()).encode())
    facts = {
        "version": mark.hexdigest()[:16],
        "assets": urls,
        "shell": reverse("inspections:field-shell"),
        # Names that carry the digest of their content never mean another file.
        "hashed": any(
            url != settings.STATIC_URL + path for url, path in zip(urls, ASSETS, strict=True)
        ),
    }
    script = _source(WORKER).decode()
    return f"self.FIELD = {json.dumps(facts)};\n{script}"


def _shell_context() -> dict[str, Any]:
    return {"nav": phone_tabs(), "field_urls": field_urls()}


@method_decorator(login_not_required, name="dispatch")
class FieldWorker(PortalView):
    """The service worker of field work."""

    def check_roles(self) -> None:
        """A script of the portal, as those under ``static/``."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = HttpResponse(
            worker_script(settings.RELEASE), content_type="text/javascript; charset=utf-8"
        )
        response["Cache-Control"] = "no-cache"
        response["Service-Worker-Allowed"] = SCOPE
        return response


@method_decorator(login_not_required, name="dispatch")
class FieldShell(PortalView):
    """The frame that opens without a signal; the same for everybody."""

    title = "我的检查"

    def check_roles(self) -> None:
        """It holds nobody's data."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = HttpResponse(render_to_string("inspections/shell.html", _shell_context()))
        response["Cache-Control"] = "no-cache"
        return response


class FieldSession(PortalView):
    """Who is signed in, and a fresh token for what is sent next."""

    roles = INSPECTORS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = JsonResponse({"user": self.user.pk, "csrf": get_token(request)})
        answer["Cache-Control"] = "no-store"
        return answer


class FieldWork(PortalView):
    """Everything that this person needs for the day, in one answer."""

    roles = INSPECTORS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        todo = selectors.to_inspect(self.user)
        drafts = list(
            Inspection.objects.visible_to(self.user)
            .editable()
            .filter(entered_by=self.user)
            .select_related("round", "estate__community", "checklist")
        )
        checklists = {part.round.checklist_id: part.round.checklist for part in todo}
        checklists |= {draft.checklist_id: draft.checklist for draft in drafts}
        answer = JsonResponse(
            {
                "user": {"id": self.user.pk, "name": self.user.name},
                "at": clock.now().isoformat(),
                "today": clock.today().isoformat(),
                "rounds": [_round_json(part) for part in todo],
                "drafts": self.drafts_json(drafts),
                "forms": self.forms_json(checklists),
            }
        )
        answer["Cache-Control"] = "no-store"
        return answer

    def drafts_json(self, drafts: list[Inspection]) -> list[dict[str, Any]]:
        photos: dict[int, list[dict[str, Any]]] = {}
        rows = EvidencePhoto.objects.visible_to(self.user).filter(
            result__inspection__in=drafts, reply_item__isnull=True
        )
        for photo in rows.select_related("result").order_by("pk"):
            photos.setdefault(photo.result.inspection_id, []).append(
                {
                    "key": str(photo.client_key),
                    "item": photo.result.item_id,
                    "stage": photo.stage,
                }
            )
        return [
            {
                "key": str(draft.client_key),
                "round": draft.round_id,
                "estate": draft.estate_id,
                "checklist": draft.checklist_id,
                "name": draft.estate.name,
                "community": draft.estate.community.short_name if draft.estate.community else "",
                "meta": str(draft.round) if draft.round else f"临时检查　{draft.checklist.title}",
                "status": draft.status,
                "reason": draft.return_reason,
                "values": form_values(draft),
                "base": services.draft_digest(draft),
                "photos": photos.get(draft.pk, []),
            }
            for draft in drafts
        ]

    def forms_json(self, checklists: Mapping[int, Any]) -> dict[str, Any]:
        """Return by checklist its blank form, drawn by the template of the page itself."""
        items: dict[int, list[ChecklistItem]] = {}
        for item in (
            ChecklistItem.objects.visible_to(self.user)
            .filter(checklist__in=checklists)
            .order_by("checklist", "position")
        ):
            items.setdefault(item.checklist_id, []).append(item)
        visit = VisitForm(user=self.user, initial={"inspected_on": clock.today()})
        return {
            str(pk): {
                "html": render_to_string(
                    "inspections/_items.html",
                    {"groups": headings_of(items.get(pk, [])), "visit": visit},
                ),
                "full": plain(checklist.full_score),
                "pass": plain(checklist.pass_score),
            }
            for pk, checklist in checklists.items()
        }


def _round_json(part: selectors.RoundToDo) -> dict[str, Any]:
    return {
        "id": part.round.pk,
        "title": str(part.round),
        "end": f"{month_day(part.round.end_date)}截止",
        "tone": due_tone(part.round.end_date),
        "checklist": part.round.checklist_id,
        "total": part.total,
        "rows": [
            {
                "estate": row.estate_id,
                "key": str(row.key),
                "name": row.name,
                "community": row.community,
                "last": "首次检查"
                if row.last_score is None
                else f"上次 {plain(row.last_score)} 分",
                "overdue": row.orders.overdue,
                "recheck": row.orders.to_recheck,
                "state": row.state,
                "reason": row.return_reason,
            }
            for row in part.rows
        ],
    }


# --- What a phone sends -----------------------------------------------------------------------


def arrival_json(inspection: Inspection) -> dict[str, Any]:
    """Return what the office has of ``inspection``: receipt, photos by key, keys still missing."""
    told: dict[str, Any] = {
        "pk": inspection.pk,
        "key": str(inspection.client_key),
        "status": inspection.status,
        "number": inspection.number or "",
        "have": selectors.arrived_photos(inspection),
        "missing": [str(row.client_key) for row in selectors.missing_photos(inspection)],
    }
    if inspection.submitted_at and inspection.score is not None:
        at = local(inspection.submitted_at)
        told |= {
            "received": f"{at.month}月{at.day}日 {at:%H:%M:%S}",
            "score": plain(inspection.score),
            "failed": inspection.failed_count,
        }
    return told


class EntrySync(EntryAnswer):
    """Takes a finished draft whole, as often as it comes.

    200 received; 409 ``conflict`` other content is kept beside the report, ``done`` the estate
    was reported by somebody else; 422 what is wrong, item by item.
    """

    def fields(self) -> Mapping[str, Any]:
        if not hasattr(self, "_fields"):
            try:
                told = json.loads(self.request.body)
            except (ValueError, RecursionError):
                told = None
            self._fields: dict[str, Any] = told if isinstance(told, dict) else {}
        return self._fields

    def act(self) -> dict[str, Any]:
        told = self.fields()
        sent = told.get("values")
        if not isinstance(sent, dict):
            raise BusinessError("没有收到检查内容，请再报一次。", code="unreadable")
        values = {str(name): text for name, text in sent.items() if isinstance(text, str)}
        removed = told.get("removed")
        received = services.draft_receive(
            actor=self.user,
            client_key=self.key,
            estate=self.estate,
            round=self.round,
            inspection=self.inspection,
            answers=read_answers(values, self.items),
            visit=read_visit(values, self.inspection),
            photos=read_announcements(told.get("photos")),
            removed={
                key
                for text in (removed if isinstance(removed, list) else [])
                if (key := read_uuid(str(text)))
            },
            base=str(told.get("base") or ""),
            after_return=told.get("after_return") is True,
        )
        forget(self.user)
        answer = {"code": "received", **arrival_json(received.inspection)}
        if received.conflict is None:
            return answer
        missing = [str(row["key"]) for row in selectors.awaited_of(received.conflict)]
        self.status = CONFLICT
        return {
            **answer,
            "code": "conflict",
            "missing": missing,
            "message": f"这份检查已经上报（{received.inspection.number}），这次的内容与上报的不同。"
            "两份都已保留，请到检查记录中处理。",
        }


class EntryStatus(PortalView):
    """What the office has of one's own draft; a key that it does not know has no state."""

    roles = INSPECTORS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = (
            Inspection.objects.visible_to(self.user)
            .filter(client_key=self.kwargs["key"], entered_by=self.user)
            .first()
        )
        answer = JsonResponse(arrival_json(found) if found else {"status": ""})
        answer["Cache-Control"] = "no-store"
        return answer


class Sending(PortalView):
    """上报: what is on its way, what has arrived. All of it lies in this person's browser."""

    roles, menu = INSPECTORS, MINE
    template_name = "inspections/sending.html"
    title = "上报"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(back_url=reverse(MINE), field_urls=field_urls())


class SendingFile(PortalView):
    """从文件上报: a queue that was saved as a file on the phone, sent from a desk."""

    roles, menu = INSPECTORS, MINE
    template_name = "inspections/sending_file.html"
    title = "从文件上报"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(field_urls=field_urls())
