"""Photos: handed out only to people who see their estate, kept in nobody's shared cache."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header

from inspections import services
from inspections.choices import RECHECKERS, FlagKind, FlagVerdict, InspectionStatus
from inspections.forms import FlagForm
from inspections.models import EvidencePhoto, PhotoFlag, RectificationOrder
from inspections.selectors import Doubt, flag_judges, judging_problem
from xingyang_pm.common.access import holds
from xingyang_pm.common.chain import Photo, PhotoPair
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.formats import moment_label, month_day
from xingyang_pm.common.views.generic import ActionPage, Fact, Pill, PortalView

# A photo never changes under its address, so the browser of this person may keep it.
KEEP = "private, max-age=86400, immutable"


class PhotoFull(PortalView):
    """The picture, at most 2,000 px a side."""

    model = EvidencePhoto
    field = "image"

    @property
    def etag(self) -> str:
        return f"{self.object.sha256[:32]}-{self.field}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        photo = self.object
        tag = f'"{self.etag}"'
        if request.headers.get("If-None-Match") == tag:
            unchanged = HttpResponseNotModified()
            unchanged["ETag"], unchanged["Cache-Control"] = tag, KEEP
            return unchanged
        try:
            stream = getattr(photo, self.field).open("rb")
        except FileNotFoundError as error:
            raise Http404("照片文件已不在，请联系系统管理员。") from error
        response = FileResponse(stream, content_type="image/jpeg")
        response["Cache-Control"] = KEEP
        response["ETag"] = tag
        response["Vary"] = "Cookie"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Disposition"] = content_disposition_header(False, f"{photo.pk}.jpg")
        return response


class PhotoThumbnail(PhotoFull):
    """The small picture, at most 640 px a side."""

    field = "thumbnail"


def shown_photo(photo: EvidencePhoto, text: str, source: str) -> Photo:
    """Return ``photo`` as a page shows it: ``source`` (检查, 回复), time, distance if known."""
    parts = [source, moment_label(photo.taken_at or photo.uploaded_at)]
    distance = photo.metres_from_estate
    if distance is not None:
        parts.append(f"距小区 {distance:,} 米")
    return Photo(
        url=photo.get_thumbnail_url(),
        full=photo.get_absolute_url(),
        alt=f"{photo.stage_word}，{text}",
        caption="　".join(parts),
    )


def _source(photo: EvidencePhoto) -> str:
    """Say with what the photo came; a repair on the spot came with the visit."""
    return "检查" if photo.reply_item_id is None else "回复"


def photo_pairs(
    before: Sequence[EvidencePhoto], after: Sequence[EvidencePhoto], text: str
) -> list[PhotoPair]:
    """Return before and after side by side; the longer side has its missing ones said."""
    return [
        PhotoPair(
            shown_photo(found, text, _source(found)) if found else None,
            shown_photo(fixed, text, _source(fixed)) if fixed else None,
            missing="还没有整改后照片" if found else "没有对应的整改前照片",
        )
        for found, fixed in zip_longest(before, after)
    ]


# --- Doubts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownDoubt:
    """A flag as a record shows it: the photo, pill, sentence, the other picture if the viewer may
    see it, what was found about it, and the address where a reviewer says so, if this viewer
    does."""

    pk: int
    photo: Photo
    pill: Pill
    sentence: str
    verdict: str
    other: Photo | None
    other_text: str
    other_url: str
    judge_url: str
    is_open: bool


def flag_pill(flag: PhotoFlag) -> Pill:
    """Amber while it waits, red once the photo was found unusable, green once it was accepted."""
    tone = {"": "a", FlagVerdict.FINE: "g", FlagVerdict.UNUSABLE: "r"}[flag.verdict]
    return Pill(flag.get_kind_display(), tone)


def shown_doubt(doubt: Doubt, *, asked: bool = True) -> ShownDoubt:
    """Return ``doubt`` as a page shows it; the viewer is ``asked`` what it comes to where the page
    lets a reviewer say so."""
    flag, other = doubt.flag, doubt.other
    verdict = ""
    if flag.reviewed_by and flag.reviewed_at:
        label = FlagVerdict(flag.verdict).label.partition("，")[0]
        verdict = f"{label}　{flag.reviewed_by}　{moment_label(flag.reviewed_at)}"
        if flag.reason:
            verdict += f"　{flag.reason}"
    return ShownDoubt(
        pk=flag.pk,
        photo=_own_picture(flag.photo),
        pill=flag_pill(flag),
        sentence=flag.sentence,
        verdict=verdict,
        other=_own_picture(other) if other is not None else None,
        other_text=_other_words(doubt),
        other_url=_record_of(other) if other is not None else "",
        judge_url=reverse("inspections:photo-flag-judge", args=[flag.pk])
        if asked and doubt.judged_here
        else "",
        is_open=flag.is_open,
    )


def _own_picture(photo: EvidencePhoto) -> Photo:
    return shown_photo(photo, photo.result.item.text, _source(photo))


def _other_words(doubt: Doubt) -> str:
    """Say where the other picture stands; nothing where the doubt is not about another one."""
    other = doubt.other
    if other is not None:
        item, day = other.result.item, month_day(other.result.inspection.inspected_on)
        return f"{other.estate.name}　{day}　{item.code} {item.text}　{other.stage_word}"
    if doubt.hidden:
        return "另一街道的一张照片"
    about_another = doubt.flag.kind in {FlagKind.FILE, FlagKind.SIMILAR}
    return "那张照片后来从草稿中删去了" if about_another else ""


def _record_of(photo: EvidencePhoto) -> str:
    """Return the address of the record in which ``photo`` is evidence; none for a draft's."""
    if photo.reply_item is not None:
        return photo.reply_item.reply.order.get_absolute_url()
    visit = photo.result.inspection
    return visit.get_absolute_url() if visit.status != InspectionStatus.DRAFT else ""


class PhotoFlagJudge(ActionPage):
    """What a doubt about a photo of a visit, or of a repair, comes to."""

    model, roles, form_class = PhotoFlag, RECHECKERS, FlagForm
    list_url = "inspections:inspection-list"
    title, submit_label = "认定照片疑点", "记下结论"

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_origin()

    def check_access(self) -> None:
        if not holds(self.user, flag_judges(self.object)):
            raise NotPermitted("检查照片的疑点由科室负责人认定。")

    @property
    def inspection(self) -> Any:
        return self.object.photo.result.inspection

    @property
    def order(self) -> RectificationOrder | None:
        """The order that the photo answers; None for a photo of the visit."""
        answer = self.object.photo.reply_item
        return answer.reply.order if answer else None

    @property
    def record_url(self) -> str:
        return (self.order or self.inspection).get_absolute_url()

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("verdict", "")
        return {
            "verdict": asked if asked in FlagVerdict.values else FlagVerdict.FINE,
            "reason": self.object.reason,
        }

    def sentence(self) -> str:
        return self.object.sentence

    def facts(self) -> list[Fact]:
        item = self.object.photo.result.item
        order = self.order
        return [
            Fact("整改单", str(order), url=order.get_absolute_url())
            if order
            else Fact("检查记录", str(self.inspection), url=self.inspection.get_absolute_url()),
            Fact("项目", f"{item.code} {item.text}"),
            Fact("疑点", self.object.get_kind_display()),
        ]

    def refusal(self) -> str:
        return judging_problem(self.object, self.user)

    def perform(self, form: FlagForm) -> PhotoFlag:
        return services.photo_flag_judge(flag=self.object, actor=self.user, **form.cleaned_data)

    def get_cancel_url(self) -> str:
        return self.record_url

    def get_success_url(self, result: PhotoFlag) -> str:
        """An unusable photo leads on to the return of its record, where that is still possible."""
        inspection = result.photo.result.inspection
        returnable = (
            result.verdict == FlagVerdict.UNUSABLE
            and self.order is None
            and inspection.status == InspectionStatus.SUBMITTED
            and not inspection.orders.visible_to(self.user).exists()
        )
        if returnable:
            return reverse("inspections:inspection-return", args=[inspection.pk])
        return f"{self.record_url}#doubt-{result.pk}"

    def done_message(self, result: PhotoFlag) -> str:
        if result.verdict != FlagVerdict.UNUSABLE:
            return "已记为属实可用。"
        if self.order is not None:
            return "已记为不可用。复查时这一项请选整改不到位，退回重拍。"
        return "已记为不可用。请退回检查记录，让录入人重拍。"
