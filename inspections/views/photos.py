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
from inspections.choices import REVIEWERS, FlagKind, FlagVerdict, InspectionStatus
from inspections.forms import FlagForm
from inspections.models import EvidencePhoto, PhotoFlag
from inspections.selectors import Doubt
from xingyang_pm.common.chain import Photo, PhotoPair
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
        alt=f"{photo.get_stage_display()}，{text}",
        caption="　".join(parts),
    )


def photo_pairs(
    before: Sequence[EvidencePhoto], after: Sequence[EvidencePhoto], text: str
) -> list[PhotoPair]:
    """Return before and after side by side; the longer side has its missing ones said."""
    return [
        PhotoPair(
            shown_photo(found, text, "检查") if found else None,
            shown_photo(fixed, text, "回复") if fixed else None,
            missing="还没有整改后照片" if found else "没有对应的整改前照片",
        )
        for found, fixed in zip_longest(before, after)
    ]


# --- Doubts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownDoubt:
    """A flag as the record shows it: pill, sentence, the other picture if the viewer may see it,
    what was found about it, and the address where a reviewer says so."""

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


def shown_doubt(doubt: Doubt) -> ShownDoubt:
    flag, other = doubt.flag, doubt.other
    verdict = text = url = ""
    if flag.reviewed_by and flag.reviewed_at:
        label = FlagVerdict(flag.verdict).label.partition("，")[0]
        verdict = f"{label}　{flag.reviewed_by}　{moment_label(flag.reviewed_at)}"
        if flag.reason:
            verdict += f"　{flag.reason}"
    picture = None
    if other is not None:
        visit = other.result.inspection
        item = other.result.item
        text = f"{other.estate.name}　{month_day(visit.inspected_on)}　{item.code} {item.text}"
        if visit.status != InspectionStatus.DRAFT:
            url = visit.get_absolute_url()
        picture = shown_photo(other, item.text, "检查" if other.reply_item_id is None else "回复")
    elif doubt.hidden:
        text = "另一街道的一张照片"
    elif flag.kind in {FlagKind.FILE, FlagKind.SIMILAR}:
        text = "那张照片后来从草稿中删去了"
    return ShownDoubt(
        pill=flag_pill(flag),
        sentence=flag.sentence,
        verdict=verdict,
        other=picture,
        other_text=text,
        other_url=url,
        judge_url=reverse("inspections:photo-flag-judge", args=[flag.pk]),
        is_open=flag.is_open,
    )


class PhotoFlagJudge(ActionPage):
    """What a doubt about a photo comes to."""

    model, roles, form_class = PhotoFlag, REVIEWERS, FlagForm
    list_url = "inspections:inspection-list"
    title, submit_label = "认定照片疑点", "记下结论"

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related("photo__result__inspection__estate", "photo__result__item")
        )

    @property
    def inspection(self) -> Any:
        return self.object.photo.result.inspection

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
        return [
            Fact("检查记录", str(self.inspection), url=self.inspection.get_absolute_url()),
            Fact("项目", f"{item.code} {item.text}"),
            Fact("疑点", self.object.get_kind_display()),
        ]

    def refusal(self) -> str:
        inspection = self.inspection
        own = {self.object.photo.uploaded_by_id, inspection.entered_by_id}
        if self.user.pk in own:
            return "上传照片的人不能认定自己的照片，请换一人认定。"
        if inspection.status == InspectionStatus.CONFIRMED and not self.object.photo.reply_item_id:
            return "检查记录已确认，照片疑点的结论不能再改。"
        return ""

    def perform(self, form: FlagForm) -> PhotoFlag:
        return services.photo_flag_judge(flag=self.object, actor=self.user, **form.cleaned_data)

    def get_cancel_url(self) -> str:
        return self.inspection.get_absolute_url()

    def get_success_url(self, result: PhotoFlag) -> str:
        """An unusable photo leads on to the return of its record, where that is still possible."""
        inspection = result.photo.result.inspection
        returnable = (
            result.verdict == FlagVerdict.UNUSABLE
            and inspection.status == InspectionStatus.SUBMITTED
            and not inspection.orders.visible_to(self.user).exists()
        )
        if returnable:
            return reverse("inspections:inspection-return", args=[inspection.pk])
        return f"{inspection.get_absolute_url()}#photo-{result.photo_id}"

    def done_message(self, result: PhotoFlag) -> str:
        if result.verdict == FlagVerdict.UNUSABLE:
            return "已记为不可用。请退回检查记录，让录入人重拍。"
        return "已记为属实可用。"
