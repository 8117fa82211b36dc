"""Entering an inspection, on a phone or a desk: one page, saved as it is filled in.

Without scripts the page is one form. With them the draft is saved at every change, each photo
is sent as it is taken, and what could not be sent stays in the browser.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.urls import reverse

from estates.models import Estate
from inspections import selectors, services
from inspections.calculations import draft_key, plain
from inspections.choices import (
    INSPECTORS,
    ChecklistKind,
    ConflictResolution,
    InspectionStatus,
    Outcome,
    PhotoStage,
)
from inspections.forms import (
    AdHocForm,
    VisitForm,
    day_choices,
    read_answers,
    read_camera,
    read_stage,
    read_uuid,
    read_visit,
)
from inspections.models import (
    Checklist,
    ChecklistItem,
    EvidencePhoto,
    Inspection,
    InspectionRound,
)
from inspections.services import Answer
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.formats import due_words, local, month_day, numeral
from xingyang_pm.common.kept import forget
from xingyang_pm.common.paging import whole
from xingyang_pm.common.views.generic import ActionPage, FormPage, PortalView

from .addresses import MINE, field_urls, phone_tabs

REJECTED = 422
CONFLICT = 409
# Codes of refusals that no better input mends: somebody, or this person elsewhere, was faster.
CONFLICTS = frozenset({"conflict", "done", "key", "newer", "reported", "returned", "stale"})


@dataclass
class ItemRow:
    """One item as the form draws it."""

    item: ChecklistItem
    answer: Answer = field(default_factory=Answer)
    pictures: Sequence[EvidencePhoto] = ()
    problem: str = ""

    @property
    def photos(self) -> list[EvidencePhoto]:
        return [photo for photo in self.pictures if photo.stage == PhotoStage.FOUND]

    @property
    def after(self) -> list[EvidencePhoto]:
        """Photos of what was put right on the spot."""
        return [photo for photo in self.pictures if photo.stage == PhotoStage.FIXED]

    @property
    def failed(self) -> bool:
        return self.answer.outcome == Outcome.FAIL

    @property
    def takes_photo(self) -> bool:
        return self.item.takes_photo(self.answer.outcome)

    @property
    def lacks_photo(self) -> bool:
        return self.item.wants_photo(self.answer.outcome) and not self.photos

    @property
    def deduction(self) -> str:
        given = self.answer.deduction
        return plain(
            given if given is not None else min(self.item.deduction_step, self.item.points)
        )

    @property
    def words_of_outcome(self) -> tuple[str, str]:
        """The words of the two choices: 四有标准 asks what is there and what is not."""
        if self.item.checklist.kind != ChecklistKind.FOUR_HAVES:
            return "合格", "不合格"
        return ("有", "没有") if self.item.text.startswith("有") else ("是", "否")

    @property
    def most(self) -> str:
        return plain(self.item.points)

    @property
    def step(self) -> str:
        return plain(self.item.deduction_step)

    @property
    def days(self) -> int:
        return self.item.default_days if self.answer.days is None else self.answer.days

    @property
    def day_choices(self) -> list[tuple[int, str]]:
        return day_choices(self.item.default_days)

    @property
    def photo_words(self) -> dict[str, str]:
        """How many photos are wanted, by outcome."""
        return {
            outcome: "至少 1 张" if self.item.wants_photo(outcome) else "可不拍"
            for outcome in (Outcome.PASS, Outcome.FAIL)
        }

    @property
    def words(self) -> str:
        """What the line of photos says: how many are wanted and how many there are."""
        wanted = self.photo_words[Outcome.FAIL if self.failed else Outcome.PASS]
        return f"{wanted}，已拍 {len(self.photos)} 张" if self.photos else wanted


@dataclass
class Heading:
    """One heading of the form with its rows."""

    numeral: str
    name: str
    rows: list[ItemRow]

    @property
    def failed(self) -> int:
        return sum(1 for row in self.rows if row.failed)

    @property
    def lacking(self) -> int:
        """How many rows that are in order still want their photo."""
        return sum(1 for row in self.rows if row.lacks_photo)

    @property
    def wrong(self) -> bool:
        return any(row.problem for row in self.rows)


def headings_of(
    items: Sequence[ChecklistItem],
    *,
    answers: Mapping[int, Answer] | None = None,
    photos: Mapping[int, Sequence[EvidencePhoto]] | None = None,
    problems: Mapping[int, str] | None = None,
) -> list[Heading]:
    """Return the rows of the form by heading, in the order of the checklist."""
    answers, photos, problems = answers or {}, photos or {}, problems or {}
    headings: list[Heading] = []
    for item in items:
        if not headings or headings[-1].name != item.heading:
            headings.append(Heading(numeral(len(headings) + 1), item.heading, []))
        headings[-1].rows.append(
            ItemRow(
                item,
                answers.get(item.pk, Answer()),
                photos.get(item.pk, ()),
                problems.get(item.pk, ""),
            )
        )
    return headings


def found_photos(inspection: Inspection, user: Any) -> dict[int, list[EvidencePhoto]]:
    """Return the photos entered with an inspection by item id."""
    photos: dict[int, list[EvidencePhoto]] = {}
    rows = EvidencePhoto.objects.visible_to(user).filter(
        result__inspection=inspection, reply_item__isnull=True
    )
    for photo in rows.select_related("result").order_by("pk"):
        photos.setdefault(photo.result.item_id, []).append(photo)
    return photos


# --- My inspections ---------------------------------------------------------------------------


class MyInspections(PortalView):
    """What I have still to inspect, and what I have reported."""

    template_name = "inspections/mine.html"
    title, menu = "我的检查", MINE
    roles = INSPECTORS
    DONE_SHOWN = 60

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

    def get_context(self, **extra: Any) -> dict[str, Any]:
        params = self.request.GET
        text = params.get("q", "").strip()[:40]
        everything = params.get("all") == "1"
        done = params.get("tab") == "done"
        todo = selectors.to_inspect(self.user, everything=everything, text=text)
        reported = (
            Inspection.objects.visible_to(self.user)
            .reported()
            .exclude(status=InspectionStatus.RETURNED)
            .filter(entered_by=self.user)
        )
        rows = reported
        if text:
            estates = Estate.objects.visible_to(self.user).search(text)
            rows = rows.filter(estate__in=estates)
        return super().get_context(
            todo=todo,
            todo_count=sum(part.total for part in todo),
            done=list(
                rows.select_related("estate__community", "round")
                .annotate(photo_total=Count("results__photos"))
                .order_by("-submitted_at")[: self.DONE_SHOWN]
            )
            if done
            else [],
            done_count=reported.count(),
            tab="done" if done else "",
            q=text,
            everything=everything,
            own_drafts=self.loose_drafts() if not done else [],
            today=clock.today(),
            nav=phone_tabs(),
            field_urls=field_urls(),
            **extra,
        )

    def loose_drafts(self) -> list[Inspection]:
        """Return own drafts that belong to no round, or to estates that fell out of it."""
        return list(
            Inspection.objects.visible_to(self.user)
            .editable()
            .filter(entered_by=self.user, round__isnull=True)
            .select_related("estate__community", "checklist")
        )


class AdHocStart(FormPage):
    """An inspection outside any round: choose the estate and the checklist, then fill in."""

    form_class, roles = AdHocForm, INSPECTORS
    title, submit_label, menu = "临时检查", "开始检查", MINE
    intro = "临时检查不进批次排名，得分记在小区名下。批次内的小区请从“我的检查”进入。"

    def get_initial(self) -> dict[str, Any]:
        pk = whole(self.request.GET.get("estate"), 0)
        estate = Estate.objects.visible_to(self.user).filter(pk=pk).first() if pk else None
        return {"estate": estate.name} if estate else {}

    def perform(self, form: AdHocForm) -> Inspection:
        return services.inspection_start(
            estate=form.cleaned_data["estate"],
            checklist=form.cleaned_data["checklist"],
            actor=self.user,
        )

    def get_success_url(self, result: Inspection) -> str:
        return reverse("inspections:entry", args=[result.client_key])

    def get_cancel_url(self) -> str:
        return reverse(MINE)


# --- The form ---------------------------------------------------------------------------------


class EntryView(PortalView):
    """Shared by all addresses of one draft: find it, or what it is to become.

    A draft that does not exist yet is named by ``round`` and ``estate``; nothing is written
    before the first change.
    """

    roles = INSPECTORS
    menu = MINE
    inspection: Inspection | None = None
    round: InspectionRound | None = None
    estate: Estate
    checklist: Checklist
    key: uuid.UUID

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.check_roles()
        self.key = kwargs["key"]
        found = (
            Inspection.objects.visible_to(self.user)
            .select_related("round", "estate__community", "checklist")
            .filter(client_key=self.key)
            .first()
        )
        if found is None:
            self.find_target()
        else:
            if found.entered_by_id != self.user.pk:
                raise NotPermitted("这份检查由别人录入，你不能改动。")
            self.inspection, self.round = found, found.round
            self.estate, self.checklist = found.estate, found.checklist
        return super().dispatch(request, *args, **kwargs)

    def fields(self) -> Mapping[str, Any]:
        """Return what the request says of the draft."""
        return self.request.POST if self.request.method == "POST" else self.request.GET

    def find_target(self) -> None:
        source = self.fields()
        round_pk = whole(str(source.get("round", "")), 0)
        estate_pk = whole(str(source.get("estate", "")), 0)
        self.round = (
            InspectionRound.objects.visible_to(self.user)
            .select_related("checklist")
            .filter(pk=round_pk)
            .first()
        )
        estate = (
            Estate.objects.visible_to(self.user)
            .select_related("community")
            .filter(pk=estate_pk, round_coverage__round=round_pk)
            .first()
        )
        if self.round is None or estate is None:
            raise Http404("没有这次检查，或不在你可查的范围内。")
        self.estate, self.checklist = estate, self.round.checklist

    def started(self) -> Inspection:
        """Return the draft, made now if this is its first change."""
        if self.inspection is None:
            self.inspection = services.inspection_start(
                estate=self.estate, actor=self.user, round=self.round, client_key=self.key
            )
        return self.inspection

    @property
    def items(self) -> list[ChecklistItem]:
        if not hasattr(self, "_items"):
            self._items = list(self.checklist.items.visible_to(self.user).order_by("position"))
        return self._items

    def item_of(self, text: str | None) -> ChecklistItem:
        found = next((item for item in self.items if str(item.pk) == text), None)
        if found is None:
            raise BusinessError("这个项目不在本次检查表中，请刷新后再填。", code="not_in_list")
        return found

    def save(self) -> Inspection:
        return services.inspection_save_draft(
            inspection=self.started(),
            actor=self.user,
            answers=read_answers(self.request.POST, self.items),
            visit=read_visit(self.request.POST, self.inspection),
        )


def read_upload(upload: UploadedFile) -> bytes:
    """Return the bytes of a photo, or refuse before a large one is read into memory."""
    if upload.size is None or upload.size > settings.PHOTO_MAX_BYTES:
        limit = settings.PHOTO_MAX_BYTES // 2**20
        raise BusinessError(
            f"“{str(upload.name)[-60:]}”超过 {limit} MB，请换小一些的照片。", code="bad_photo"
        )
    return upload.read()


class EntryPage(EntryView):
    """The form itself."""

    template_name = "inspections/entry.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.inspection is not None and not self.inspection.is_editable:
            return HttpResponseRedirect(
                reverse("inspections:inspection-receipt", args=[self.inspection.pk])
            )
        if self.inspection is None:
            other = self.already_there()
            if other is not None:
                return other
        return self.render()

    def already_there(self) -> HttpResponseBase | None:
        """Lead to the own draft under its key, or to the report that somebody else made."""
        same = Inspection.objects.visible_to(self.user).filter(round=self.round, estate=self.estate)
        own = same.editable().filter(entered_by=self.user).first()
        if own is not None:
            return HttpResponseRedirect(reverse("inspections:entry", args=[own.client_key]))
        done = same.counted().first()
        if done is not None:
            return HttpResponseRedirect(reverse("inspections:inspection-receipt", args=[done.pk]))
        return None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep everything, add the photos that are photos, and report if asked to."""
        problems: dict[int, str] = {}
        try:
            answers = read_answers(request.POST, self.items)
            visit = read_visit(request.POST, self.inspection)
            inspection = self.started()
            if inspection.is_editable:
                inspection = self.save()
                problems = self.add_photos(inspection)
            if request.POST.get("do") == "save":
                return self.render(REJECTED if problems else 200, problems=problems)
            if problems:
                return self.render(
                    REJECTED,
                    problems=problems,
                    refused=f"有 {len(problems)} 处照片没有收下，其余内容都已保存。",
                )
            inspection = services.inspection_submit(
                inspection=inspection, actor=self.user, answers=answers, visit=visit
            )
        except services.AnswersIncomplete as error:
            return self.render(
                REJECTED, problems={**error.problems, **problems}, refused=error.message
            )
        except BusinessError as error:
            status = CONFLICT if error.code in {"conflict", "done", "stale"} else REJECTED
            return self.render(status, problems=problems, refused=error.message)
        forget(self.user)
        return HttpResponseRedirect(
            reverse("inspections:inspection-receipt", args=[inspection.pk]) + "?sent=1"
        )

    def add_photos(self, inspection: Inspection) -> dict[int, str]:
        """Add each uploaded photo to its item; return a sentence for items where one failed."""
        problems: dict[int, str] = {}
        for item in self.items:
            for letter, stage in (("p", PhotoStage.FOUND), ("a", PhotoStage.FIXED)):
                for upload in self.request.FILES.getlist(f"{letter}-{item.pk}"):
                    try:
                        services.photo_add(
                            inspection=inspection,
                            item=item,
                            actor=self.user,
                            source=read_upload(upload),
                            name=str(upload.name),
                            stage=stage,
                        )
                    except BusinessError as error:
                        problems[item.pk] = error.message
        return problems

    def get_title(self) -> str:
        return self.estate.name

    def get_meta(self) -> str:
        return str(self.round) if self.round else f"临时检查　{self.checklist.title}"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        inspection = self.inspection
        if inspection is not None:
            inspection.refresh_from_db()
        answers = services.answers_of(inspection) if inspection else {}
        photos = found_photos(inspection, self.user) if inspection else {}
        score = services.preview_score(inspection) if inspection else None
        visit = VisitForm(
            user=self.user,
            initial={
                "inspected_on": inspection.inspected_on if inspection else clock.today(),
                "companion": inspection.companion if inspection else "",
                "site_contact": inspection.site_contact if inspection else "",
                "note": inspection.note if inspection else "",
            },
        )
        return super().get_context(
            groups=headings_of(
                self.items, answers=answers, photos=photos, problems=extra.pop("problems", None)
            ),
            key=self.key,
            inspection=inspection,
            round=self.round,
            estate=self.estate,
            checklist=self.checklist,
            visit=visit,
            refused=extra.pop("refused", ""),
            score=plain(score.score) if score else plain(self.checklist.full_score),
            marks_full=plain(self.checklist.full_score),
            marks_pass=plain(self.checklist.pass_score),
            saved_at=inspection.saved_at if inspection else None,
            base=services.draft_digest(inspection) if inspection else "",
            back_url=reverse(MINE),
            field_urls=field_urls(),
            max_photo_mb=settings.PHOTO_MAX_BYTES // 2**20,
            **extra,
        )


class EntryAnswer(EntryView):
    """Base of the addresses that the form's script calls: JSON, each refusal a sentence."""

    status = 200

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse what belongs to another person of the same phone before it is read."""
        told = self.fields().get("user") if request.method == "POST" else None
        if told and str(told) != str(self.user.pk):
            sentence = "这份草稿是另一个账号填的，请用那个账号登录后上报。"
            return JsonResponse({"message": sentence, "code": "other_user"}, status=403)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            answer = self.act()
            return JsonResponse(answer, status=self.status)
        except services.AnswersIncomplete as error:
            told = {"message": error.message, "code": error.code, "problems": error.problems}
            return JsonResponse(told, status=REJECTED)
        except BusinessError as error:
            status = CONFLICT if error.code in CONFLICTS else REJECTED
            return JsonResponse({"message": error.message, "code": error.code}, status=status)

    def act(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} says what it does")


class EntryDraft(EntryAnswer):
    """Saves the form as it stands."""

    def act(self) -> dict[str, Any]:
        inspection = services.draft_save(
            inspection=self.started(),
            actor=self.user,
            answers=read_answers(self.request.POST, self.items),
            visit=read_visit(self.request.POST, self.inspection),
            base=self.request.POST.get("base"),
        )
        score = services.preview_score(inspection)
        moment = local(inspection.saved_at) if inspection.saved_at else clock.now()
        return {
            "saved": f"{moment:%H:%M}",
            "at": moment.isoformat(),
            "score": plain(score.score) if score else "",
            "key": str(inspection.client_key),
            "base": services.draft_digest(inspection),
        }


class EntryPhoto(EntryAnswer):
    """Takes one photo of one item; after the report those that it has announced."""

    def act(self) -> dict[str, Any]:
        data = self.request.POST
        upload = self.request.FILES.get("photo")
        if upload is None:
            raise BusinessError("没有收到照片，请再拍一次。", code="bad_photo")
        photo = services.photo_receive(
            inspection=self.started(),
            item=self.item_of(data.get("item")),
            actor=self.user,
            source=read_upload(upload),
            name=str(upload.name),
            client_key=read_uuid(data.get("photo_key")),
            stage=read_stage(data.get("stage")),
            sha256=data.get("sha256", ""),
            camera=read_camera(data),
        )
        if not isinstance(photo, EvidencePhoto):
            return {"id": photo.pk, "kept_beside": True}
        return {
            "id": photo.pk,
            "thumbnail": photo.get_thumbnail_url(),
            "full": photo.get_absolute_url(),
            "remove": reverse("inspections:entry-photo-remove", args=[self.key, photo.pk]),
        }


class EntryPhotoRemove(EntryAnswer):
    """Takes a photo out of the draft; without scripts it leads back to the form."""

    def act(self) -> dict[str, Any]:
        photo = (
            EvidencePhoto.objects.visible_to(self.user)
            .select_related("result__inspection")
            .filter(pk=self.kwargs["pk"], result__inspection__client_key=self.key)
            .first()
        )
        if photo is not None:
            services.photo_remove(photo=photo, actor=self.user)
        return {"removed": self.kwargs["pk"]}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        scripted = request.headers.get("X-Requested-With") == "fetch"
        if not scripted and self.inspection is not None and self.inspection.is_editable:
            self.save()  # the button sent the whole form
        answer = super().post(request, *args, **kwargs)
        if scripted:
            return answer
        return HttpResponseRedirect(reverse("inspections:entry", args=[self.key]))


class EntryDiscard(ActionPage):
    """Throws the own draft away."""

    roles, menu, danger = INSPECTORS, MINE, True
    title, submit_label, success_url = "放弃草稿", "放弃草稿", MINE

    def get_object(self) -> Inspection:
        found = (
            Inspection.objects.visible_to(self.user).filter(client_key=self.kwargs["key"]).first()
        )
        if found is None:
            raise Http404("没有这份草稿，或不在你可看的范围内。")
        return found

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.check_roles()
        self.object = self.get_object()
        if self.object.entered_by_id != self.user.pk:
            raise NotPermitted("这份检查由别人录入，你不能改动。")
        return super().dispatch(request, *args, **kwargs)

    def sentence(self) -> str:
        count = len(
            EvidencePhoto.objects.visible_to(self.user).filter(result__inspection=self.object)
        )
        photos = f"和 {count} 张照片" if count else ""
        return f"{self.object.estate} 的检查草稿{photos}将删去，不能恢复。"

    def refusal(self) -> str:
        draft = self.object.status == InspectionStatus.DRAFT
        return "" if draft else "上报过的检查记录不能删除。"

    def perform(self, form: None) -> None:
        services.inspection_discard(inspection=self.object, actor=self.user)

    def get_cancel_url(self) -> str:
        return reverse("inspections:entry", args=[self.object.client_key])

    def done_message(self, result: None) -> str:
        return "草稿已放弃。"


class Receipt(PortalView):
    """What the office has received: number, time, score, photos; and what comes next."""

    model = Inspection
    template_name = "inspections/receipt.html"
    menu = MINE

    def get_rows(self) -> Any:
        rows = super().get_rows().reported()
        return rows.select_related("estate", "round", "inspector", "checklist")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

    def get_title(self) -> str:
        return "已上报" if self.object.is_counted else self.object.get_status_display()

    def get_context(self, **extra: Any) -> dict[str, Any]:
        inspection = self.object
        mine = inspection.entered_by_id == self.user.pk
        following = None
        if mine and inspection.round and inspection.round.is_open:
            following = selectors.next_to_inspect(self.user, inspection.round)
        photos = EvidencePhoto.objects.visible_to(self.user).filter(
            result__inspection=inspection, reply_item__isnull=True
        )
        return super().get_context(
            inspection=inspection,
            photo_total=photos.count(),
            missing=selectors.missing_photos(inspection),
            conflict=inspection.conflicts.visible_to(self.user)
            .filter(resolution=ConflictResolution.OPEN)
            .first(),
            field_urls=field_urls(),
            mine=mine,
            following=following,
            following_url=entry_url(following) if following else "",
            left=due_words(inspection.round.end_date) if inspection.round else "",
            day=month_day(inspection.inspected_on),
            back_url=reverse(MINE) if mine else inspection.get_absolute_url(),
            **extra,
        )


def entry_url(row: selectors.EstateToInspect) -> str:
    """Return the address of the form for one estate of a round."""
    path = reverse("inspections:entry", args=[row.key])
    return path if row.state else f"{path}?round={row.round_id}&estate={row.estate_id}"


def entry_url_for(round: InspectionRound, estate: Estate, user: Any) -> str:
    """Return the address of this person's form for ``estate`` in ``round``."""
    key = draft_key(round.pk, estate.pk, user.pk)
    return f"{reverse('inspections:entry', args=[key])}?round={round.pk}&estate={estate.pk}"
