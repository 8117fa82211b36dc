"""What was reported each time, and what changed between two times."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from inspections.calculations import changes_between, plain
from inspections.models import Inspection, InspectionVersion, ReturnNote
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.paging import whole
from xingyang_pm.common.views.generic import PortalView


class InspectionVersions(PortalView):
    """Two reports of one inspection, item by item."""

    model = Inspection
    template_name = "inspections/versions.html"
    menu = "inspections:inspection-list"

    def get_rows(self) -> QuerySet:
        return super().get_rows().reported().select_related("estate", "round")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

    def get_title(self) -> str:
        return f"{self.object.estate.name}　历次上报"

    def get_meta(self) -> str:
        return f"{self.object.number}　·　{self.object.round or '临时检查'}"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        versions = list(
            InspectionVersion.objects.visible_to(self.user)
            .filter(inspection=self.object)
            .select_related("submitted_by")
        )
        notes = {
            note.version_id: note
            for note in ReturnNote.objects.visible_to(self.user)
            .filter(inspection=self.object)
            .select_related("returned_by")
        }
        old, new = self.chosen(versions)
        return super().get_context(
            rows=[
                {
                    "version": version,
                    "score": plain(version.score),
                    "at": moment_label(version.submitted_at),
                    "note": notes.get(version.pk),
                    "returned_at": moment_label(notes[version.pk].returned_at)
                    if version.pk in notes
                    else "",
                }
                for version in versions
            ],
            old=old,
            new=new,
            changes=changes_between(old.content, new.content) if old and new else [],
            scores=(plain(old.score), plain(new.score)) if old and new else (),
            back_url=self.object.get_absolute_url(),
            **extra,
        )

    def chosen(
        self, versions: list[InspectionVersion]
    ) -> tuple[InspectionVersion | None, InspectionVersion | None]:
        """Return the two versions that the URL names, without names the last two."""
        if len(versions) < 2:
            return None, None
        by_number = {version.number: version for version in versions}
        old = by_number.get(whole(self.request.GET.get("old"), 0), versions[-2])
        new = by_number.get(whole(self.request.GET.get("new"), 0), versions[-1])
        return (old, new) if old.number < new.number else (new, old)
