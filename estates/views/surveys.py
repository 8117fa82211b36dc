"""Pages of the baseline survey: upload a table, decide on what differs from the registry."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from accounts.choices import REGISTRY_EDITORS
from estates import selectors, services
from estates.choices import SURVEY_UPLOADERS, Decision, EstateKind, SurveyStatus
from estates.filters import SurveyDifferenceFilterSet, SurveyFilterSet
from estates.forms import SurveyForm
from estates.imports import survey_rows
from estates.models import Survey, SurveyDifference
from estates.tables import SurveyDifferenceTable, SurveyEntryTable, SurveyTable
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.kept import forget
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    FormPage,
    ListPage,
    Pill,
    PortalView,
    SavedChip,
    TablePanel,
)

LIST = "estates:survey-list"
OPEN = Q(entries__differences__decision=Decision.PENDING)
UNKNOWN_SHOWN = 50


class SurveyList(ListPage):
    model, table_class, filterset_class = Survey, SurveyTable, SurveyFilterSet
    title, unit = "摸底调查", "次调查"
    empty_icon = "clipboard-list"
    empty_text = "还没有摸底调查。上传调查表后，这里列出与名录的不同。"
    actions = [
        Action(
            "上传调查表",
            "estates:survey-create",
            icon="upload",
            primary=True,
            roles=SURVEY_UPLOADERS,
        )
    ]

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .annotate(
                entry_total=Count("entries", distinct=True),
                open_total=Count("entries__differences", filter=OPEN, distinct=True),
            )
        )


class SurveyCreate(FormPage):
    form_class, roles = SurveyForm, SURVEY_UPLOADERS
    title, submit_label, list_url = "上传调查表", "上传并比对", LIST
    intro = "平台把调查表与名录逐项比对，列出不同；采用哪些由房管中心决定，名录不会自动改动。"

    def get_initial(self) -> dict[str, Any]:
        return {
            "title": f"{clock.today().year}年老旧小区摸底调查",
            "surveyed_on": clock.today(),
        }

    def perform(self, form: SurveyForm) -> Survey:
        given = dict(form.cleaned_data)
        upload = given.pop("file")
        content = upload.read()
        upload.seek(0)
        rows = survey_rows(
            source=content, name=upload.name, street=given["street"], actor=self.user
        )
        return services.survey_upload(actor=self.user, rows=rows, source=upload, **given)

    def done_message(self, result: Survey) -> str:
        summary = selectors.survey_summary(result)
        return f"{summary.entries} 个小区已比对，{summary.differences} 处与名录不同。"


class SurveyDetail(ListPage):
    """The differences of one survey; the bureau takes or leaves the chosen ones."""

    model, table_class = Survey, SurveyDifferenceTable
    filterset_class = SurveyDifferenceFilterSet
    list_url = LIST
    template_name = "estates/survey_detail.html"
    unit, saves_views = "处不同", False
    empty_icon = "checks"
    empty_text = "调查与名录没有不同。"
    views = [
        SavedChip("待定", "decision=pending", count=lambda view: view.summary_of_survey.pending)
    ]
    bulk_actions = [
        Action(word, f"estates:survey-{act}", icon=icon, by_pk=True, roles=REGISTRY_EDITORS)
        for word, act, icon in (("采用所选", "accept", "check"), ("不采用所选", "reject", "x"))
    ]
    object: Survey

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        # The page is of a survey, its rows are differences.
        self.table = self.table_class(model=SurveyDifference, user=self.user)

    def get_object(self) -> Survey:
        rows = Survey.objects.visible_to(self.user).select_related("street", "created_by")
        found = rows.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404("没有这次调查，或不在你可看的范围内。")
        return found

    def get_rows(self) -> QuerySet:
        return (
            SurveyDifference.objects.visible_to(self.user)
            .filter(entry__survey=self.object)
            .select_related("entry")
        )

    @property
    def summary_of_survey(self) -> selectors.SurveySummary:
        if not hasattr(self, "_survey_summary"):
            self._survey_summary = selectors.survey_summary(self.object)
        return self._survey_summary

    @property
    def is_open(self) -> bool:
        return self.object.status == SurveyStatus.OPEN

    def get_title(self) -> str:
        return self.object.title

    def get_pills(self) -> list[Pill]:
        return [Pill(self.object.get_status_display(), "a" if self.is_open else "g")]

    def get_meta(self) -> str:
        survey, summary = self.object, self.summary_of_survey
        return (
            f"{survey.street}　{survey.surveyed_on:%Y-%m-%d} 调查　{survey.created_by} 上传　"
            f"{summary.entries} 个小区，{summary.differences} 处不同，{summary.pending} 处待处理"
        )

    def get_actions(self) -> list[Action]:
        pk = [self.object.pk]
        actions = []
        if self.object.source:
            actions.append(
                Action(
                    "下载调查表", "estates:survey-source", icon="download", args=pk, download=True
                )
            )
        if self.is_open:
            left = self.summary_of_survey.pending
            actions.append(
                Action(
                    "结束调查",
                    "estates:survey-close",
                    args=pk,
                    primary=not left,
                    roles=REGISTRY_EDITORS,
                    locked=f"还有 {left} 处没有处理" if left else "",
                )
            )
        return actions

    def allowed_actions(self) -> list[Action]:
        return self._permitted(self.get_actions())

    def get_listing(self) -> Any:
        if not self.is_open:
            self.bulk_actions = []
        return super().get_listing()

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(unknown=self._unknown(), absent=self._absent(), **extra)

    def _unknown(self) -> Any:
        rows = self.object.entries.visible_to(self.user).filter(estate__isnull=True)
        total = self.summary_of_survey.unknown
        if not total:
            return None
        return TablePanel(
            "名录里没有的小区",
            SurveyEntryTable,
            list(rows[: UNKNOWN_SHOWN + 1]),
            meta=f"{total} 个，请逐个登记，或把这个名称登记为已有小区的别名后重新上传",
            limit=UNKNOWN_SHOWN,
            user=self.user,
        )

    def _absent(self) -> str:
        left = selectors.unsurveyed_number(self.object)
        if not left or not self.is_open:
            return ""
        return f"{self.object.street} 名录里还有 {left} 个{EstateKind.OLD.label}不在这次调查表里。"


class _Decide(PortalView):
    model, roles = Survey, REGISTRY_EDITORS
    list_url = LIST
    accept = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        chosen = [pk for pk in request.POST.getlist("pk") if pk.isdecimal()]
        rows = SurveyDifference.objects.visible_to(self.user).filter(
            entry__survey=self.object, pk__in=chosen
        )
        try:
            decided = services.survey_differences_decide(
                differences=rows, actor=self.user, accept=self.accept
            )
            word = "采用，已写入名录；户数已送户数核定" if self.accept else "不采用，名录不变"
            messages.success(request, f"{decided} 处{word}。")
        except BusinessError as error:
            messages.error(request, error.message)
        forget(self.user)
        return HttpResponseRedirect(self.object.get_absolute_url())


class SurveyAccept(_Decide):
    """Takes the chosen values into the registry."""


class SurveyReject(_Decide):
    """Leaves the registry as it is."""

    accept = False


class SurveyClose(ActionPage):
    model, roles = Survey, REGISTRY_EDITORS
    title, submit_label, list_url = "结束调查", "结束调查", LIST

    def sentence(self) -> str:
        return f"结束“{self.object}”，结束后不再改动。"

    def refusal(self) -> str:
        if self.object.status != SurveyStatus.OPEN:
            return "这次调查已经结束。"
        left = selectors.survey_summary(self.object).pending
        return f"还有 {left} 处没有处理，处理完才能结束。" if left else ""

    def perform(self, form: None) -> Survey:
        return services.survey_close(survey=self.object, actor=self.user)

    def done_message(self, result: Survey) -> str:
        return "调查已结束。"


class SurveySource(DownloadPage):
    """The table as it was uploaded."""

    model = Survey
    audit_tag = "调查"

    def get_download(self) -> Download | None:
        survey = self.object
        return Download(survey.source_name, survey.source) if survey.source else None
