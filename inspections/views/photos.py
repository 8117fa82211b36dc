"""Photos: handed out only to people who see their estate, kept in nobody's shared cache."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from inspections.models import EvidencePhoto
from xingyang_pm.common.chain import Photo
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.views.generic import PortalView

# A photo never changes under its address, so the browser of this person may keep it.
KEEP = "private, max-age=86400, immutable"


class PhotoFull(PortalView):
    """The picture, at most 2,000 px a side."""

    model = EvidencePhoto
    field = "image"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        photo = self.object
        tag = f'"{photo.sha256[:32]}-{self.field}"'
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
