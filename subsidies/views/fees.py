"""业主交费: the month's list, the table in which a street enters it, a record, its correction."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from estates.models import Estate
from subsidies import services
from subsidies.calculations import FEE_LABELS
from subsidies.choices import FEE_ENTERERS, RATE_EDITORS
from subsidies.exports import fee_workbook
from subsidies.filters import FeeFilterSet, FeeStandardFilterSet
from subsidies.forms import FeeCorrectForm, FeeEvidenceForm, FeeStandardForm
from subsidies.imports.fees import FEES
from subsidies.models import FeeCollection, FeeStandard
from subsidies.selectors.fees import (
    FeeRow,
    FeeSums,
    Reading,
    due_day,
    fee_rows,
    fee_sums,
    grounds,
    months_open,
    past_month,
    reading_of,
    street_entries,
    versions_of,
)
from subsidies.tables import FeeStandardTable, FeeTable, StreetEntryTable
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.formats import local, number
from xingyang_pm.common.kept import forget
from xingyang_pm.common.money import money
from xingyang_pm.common.paging import whole
from xingyang_pm.common.views.generic import (
    Action,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    Panel,
    Pill,
    PortalView,
    RecordPage,
    SavedChip,
    TablePanel,
    TemplatePage,
    facts_of,
)

from .papers import month_of

REJECTED, CONFLICT = 422, 409
MOST_ROWS = 2000


def percent(value: Any) -> str:
    return "—" if value is None else f"{number(value, 1)}%"


class FeeList(ListPage):
    """The records of a month that stand; without a month the last one that is over."""

    model, table_class, filterset_class = FeeCollection, FeeTable, FeeFilterSet
    title, unit = "业主交费", "个小区"
    template_name = "subsidies/fee_list.html"
    export_name = "业主交费收缴情况表"
    views = [
        SavedChip("收缴率偏低", "low=1"),
        SavedChip("多于核定户数", "above=1"),
        SavedChip("更正过", "corrected=1"),
    ]
    actions = [
        Action("收费标准", "subsidies:fee-standard-list"),
        Action("收入构成", "subsidies:income"),
        Action("填报", "subsidies:fee-entry-home", icon="edit", primary=True, roles=FEE_ENTERERS),
    ]
    empty_text = "这个月还没有填报。街道经办填报并确认后，列在这里。"

    @property
    def params(self) -> QueryDict:
        given = self.request.GET
        if {"month", "since", "until"} & set(given):
            return given
        asked = given.copy()
        asked["month"] = f"{past_month():%Y-%m}"
        return asked

    @cached_property
    def month(self) -> dt.date | None:
        try:  # what is no month is told by the filter
            return month_of(self.params.get("month", ""))
        except Http404:
            return None

    def get_rows(self) -> QuerySet:
        return super().get_rows().current().with_rate().with_arrears()

    def get_title(self) -> str:
        return f"{clock.chinese_month(self.month)}业主交费" if self.month else self.title

    @cached_property
    def sums(self) -> FeeSums:
        return fee_sums(self.filtered_rows())

    def count_line(self, count: int, totals: dict[str, Any]) -> str | SafeString:
        sums = self.sums
        return format_html(
            '共 <b class="tnum">{}</b> 个小区，应收 <b class="tnum">{}</b> 户、实收 '
            '<b class="tnum">{}</b> 户（{}），收缴率 <b class="tnum">{}</b>，月末欠费 '
            '<b class="tnum">{}</b> 元',
            number(count, 0),
            number(sums.households_billed, 0),
            number(sums.households_paid, 0),
            percent(sums.household_rate),
            percent(sums.collection_rate),
            money(sums.arrears),
        )

    def get_context(self, **extra: Any) -> dict[str, Any]:
        entries = street_entries(self.month, self.user) if self.month else []
        panel = None
        if entries and not self.params.get("street"):
            due = due_day(self.month) if self.month else None
            panel = TablePanel(
                "填报情况",
                StreetEntryTable,
                entries,
                meta=f"应于 {due.month} 月 {due.day} 日前填完" if due else "",
                user=self.user,
            )
        return super().get_context(entries=panel, low=settings.FEE_LOW_PERCENT, **extra)

    def write_export(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        """Write the office's own form; its totals are held against the database first."""
        sort = self.table.sort_of(self.params.get("sort"))
        rows = self.table.in_order(self.filtered_rows(), self.export_columns(), sort)
        return fee_workbook(
            target,
            list(rows),
            sums=fee_sums(self.filtered_rows()),
            month=self.month,
            note=self.export_note(),
            actor=self.user,
        )


# --- Entry -------------------------------------------------------------------------------------


class FeeEntryHome(TemplatePage):
    """The months that can be entered, with how far each is."""

    template_name = "subsidies/fee_entry_home.html"
    roles, title, menu = FEE_ENTERERS, "填报业主交费", "subsidies:fee-list"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        months = [
            {
                "month": month,
                "label": clock.chinese_month(month),
                "estates": estates,
                "entered": entered,
                "left": estates - entered,
                "due": due_day(month),
                "key": f"{month:%Y-%m}",
                "ledger": f"{FEES}{month:%Y%m}",
            }
            for month, estates, entered in months_open(self.user)
        ]
        return super().get_context(months=months, **extra)


class _MonthView(PortalView):
    roles, menu = FEE_ENTERERS, "subsidies:fee-list"

    @cached_property
    def month(self) -> dt.date:
        month = month_of(self.kwargs["month"])
        if month > clock.month_start(clock.today()):
            raise Http404("这个月还没有到。")
        return month

    def typed(self, suffix: str = "") -> dict[str, str]:
        return {name: self.request.POST.get(f"{name}{suffix}", "") for name in FEE_LABELS}


class FeeEntryRow(_MonthView):
    """Keeps one row as it is typed; answers in JSON how it reads."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        pk = whole(request.POST.get("estate"), 0)
        if not pk:
            sentence = "没有说明是哪个小区，请刷新页面后再填。"
            return JsonResponse({"message": sentence, "code": "no_estate"}, status=REJECTED)
        estate = Estate.objects.visible_to(self.user).filter(pk=pk).first()
        if estate is None:
            raise Http404("没有这个小区，或不在你填报的范围内。")
        try:
            reading = services.fee_draft_save(
                estate=estate, month=self.month, typed=self.typed(), actor=self.user
            )
        except BusinessError as error:
            status = CONFLICT if isinstance(error, StaleState) else REJECTED
            return JsonResponse({"message": error.message, "code": error.code}, status=status)
        return JsonResponse({"saved": f"{local(clock.now()):%H:%M}", **answer_of(reading)})


def answer_of(reading: Reading) -> dict[str, Any]:
    """Return what a row shows of its reading: sentences by field, and the computed figures."""
    figures = reading.figures
    rate = None
    if figures is not None and figures.amount_billed:
        rate = figures.received_for_month * 100 / figures.amount_billed
    return {
        "problems": reading.problems,
        "remarks": reading.remarks,
        "arrears": "" if reading.arrears is None else money(reading.arrears),
        "rate": "" if rate is None else percent(rate),
    }


class FeeEntry(_MonthView):
    """The table: one row an estate; whoever has no script keeps and confirms all the same."""

    template_name = "subsidies/fee_entry.html"

    def get_title(self) -> str:
        return f"填报{clock.chinese_month(self.month)}业主交费"

    def get_meta(self) -> str:
        due = due_day(self.month)
        return f"应于 {due.year} 年 {due.month} 月 {due.day} 日前填完，确认后不能再改，只能更正"

    def get_actions(self) -> list[Action]:
        ledger = f"{FEES}{self.month:%Y%m}"
        return [
            Action(
                "下载填报表", "common:import-template", icon="download", args=[ledger],
                download=True,
            ),
            Action("上传填报表", "common:import-upload", icon="upload", args=[ledger]),
        ]  # fmt: skip

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the rows that were sent and, unless only that was asked, confirm the chosen."""
        sent = {
            pk: self.typed(f"-{pk}")
            for pk in list(self.sent_rows())[:MOST_ROWS]
        }  # fmt: skip
        if request.POST.get("do") == "keep":
            return self.keep(sent)
        picked = {pk for pk in self.numbers("pick") if pk in sent}
        if not picked:
            return self.render(
                REJECTED, sent=sent, problem="还没有选小区。请在最前面一列打勾，再确认。"
            )
        form = FeeEvidenceForm(request.POST, request.FILES, user=self.user)
        if not form.is_valid():
            return self.render(REJECTED, sent=sent, problem=form.errors["evidence"][0])
        try:
            done = services.fees_confirm(
                month=self.month,
                rows={pk: sent[pk] for pk in picked},
                actor=self.user,
                evidence=form.cleaned_data["evidence"],
            )
        except BusinessError as error:
            return self.render(REJECTED, sent=sent, problem=error.message)
        forget(self.user)
        if done.done:
            messages.success(request, f"已确认 {len(done.done)} 个小区的交费。")
        if not done.problems:
            return HttpResponseRedirect(request.path)
        for pk in done.problems:
            self.keep_quietly(pk, sent[pk])
        return self.render(
            REJECTED,
            sent=sent,
            refused=done.problems,
            problem=f"{len(done.problems)} 个小区没有确认，原因写在各行下面，填的内容都在。",
        )

    def numbers(self, name: str) -> list[int]:
        return [pk for pk in (whole(text, 0) for text in self.request.POST.getlist(name)) if pk]

    def sent_rows(self) -> set[int]:
        """Return the estates whose rows the form holds, among those this person may enter."""
        allowed = {row.estate.pk for row in self.rows if row.record is None}
        return allowed & set(self.numbers("row"))

    def keep(self, sent: dict[int, dict[str, str]]) -> HttpResponseBase:
        kept = sum(self.keep_quietly(pk, typed) for pk, typed in sent.items())
        forget(self.user)
        messages.success(self.request, f"已存 {kept} 个小区的草稿。")
        return HttpResponseRedirect(self.request.path)

    def keep_quietly(self, pk: int, typed: dict[str, str]) -> bool:
        """Keep a row that was changed; what the table offered by itself is no draft."""
        row = next((row for row in self.rows if row.estate.pk == pk), None)
        given = {name: text.strip() for name, text in typed.items() if text.strip()}
        if row is None or row.record is not None or given == row.typed:
            return False
        try:
            services.fee_draft_save(
                estate=row.estate, month=self.month, typed=typed, actor=self.user
            )
        except BusinessError:
            return False
        return True

    @cached_property
    def rows(self) -> list[FeeRow]:
        return fee_rows(self.month, self.user)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        sent: dict[int, dict[str, str]] = extra.pop("sent", {})
        refused: dict[int, dict[str, str]] = extra.pop("refused", {})
        if sent:  # some of them have been confirmed meanwhile
            self.__dict__.pop("rows", None)
        lines = [
            self.line(row, sent.get(row.estate.pk), refused.get(row.estate.pk)) for row in self.rows
        ]
        return super().get_context(
            month=self.month,
            key=self.kwargs["month"],
            open=[line for line in lines if line["record"] is None],
            done=[line for line in lines if line["record"] is not None],
            begins=any(row.ground.begins and row.record is None for row in self.rows),
            problem=extra.pop("problem", ""),
            fields=FEE_LABELS,
            list_url=f"{reverse('subsidies:fee-list')}?month={self.kwargs['month']}",
            form=FeeEvidenceForm(user=self.user),
            **extra,
        )

    def line(
        self, row: FeeRow, sent: dict[str, str] | None, refused: dict[str, str] | None
    ) -> dict[str, Any]:
        typed = sent if sent is not None else row.typed
        touched = sent is not None or row.draft is not None
        reading = reading_of(typed, row.ground)
        return {
            "row": row,
            "record": row.record,
            "typed": typed,
            "picked": str(row.estate.pk) in self.request.POST.getlist("pick"),
            "state": f"草稿 {local(row.draft.saved_at):%H:%M}" if row.draft else "未填",
            "refused": refused or {},
            "problems": (refused or reading.problems) if touched else {},
            "remarks": reading.remarks if touched else {},
            **{name: value for name, value in answer_of(reading).items() if touched
               and name in {"arrears", "rate"}},
        }  # fmt: skip


# --- One record --------------------------------------------------------------------------------


class FeeDetail(RecordPage):
    model = FeeCollection
    list_url = "subsidies:fee-list"
    facts_title = "交费情况"
    actions = [
        Action(
            "查看依据",
            "subsidies:fee-evidence",
            icon="paperclip",
            by_pk=True,
            show=lambda view: bool(view.object.evidence),
        ),
        Action(
            "更正",
            "subsidies:fee-correct",
            icon="edit",
            by_pk=True,
            roles=FEE_ENTERERS,
            show=lambda view: view.stands,
        ),
    ]

    def get_rows(self) -> QuerySet:
        rows = super().get_rows().with_arrears()
        return rows.select_related(
            "estate__street", "provider", "standard", "entered_by", "replaced_by"
        )

    @property
    def stands(self) -> bool:
        return not hasattr(self.object, "replaced_by")

    def get_pills(self) -> list[Pill]:
        if not self.stands:
            return [Pill("已被更正", "a")]
        return [Pill("更正后", "b") if self.object.replaces_id else Pill("已确认", "g")]

    def get_meta(self) -> str:
        return f"{self.object.estate.street.name}　填报后不能修改，只能写原因更正"

    def facts(self) -> Sequence[Fact]:
        fee = self.object
        verified = fee.households_verified
        return [
            Fact("小区", fee.estate.name, url=fee.estate.get_absolute_url()),
            Fact("收费单位", str(fee.provider or "")),
            Fact("收费标准", f"{money(fee.standard.amount)} 元/户·月" if fee.standard else ""),
            Fact("核定户数", f"{verified:,} 户" if verified is not None else ""),
            Fact(
                "应收户数",
                f"{fee.households_billed:,} 户",
                note="多于核定户数" if fee.above_verified else "",
            ),
            Fact("实收户数", f"{fee.households_paid:,} 户", note=percent(fee.household_rate)),
            Fact("本月应收", f"{money(fee.amount_billed)} 元"),
            Fact("本月实收", f"{money(fee.amount_received)} 元"),
            Fact("其中收回往期", f"{money(fee.amount_recovered)} 元"),
            Fact("收缴率", percent(fee.collection_rate), note="本月实收除去往期，比本月应收"),
            *(
                [Fact("起算前欠费", f"{money(fee.opening_arrears)} 元")]
                if fee.opening_arrears is not None
                else []
            ),
            Fact("月末欠费", f"{money(fee.arrears)} 元", note="由各月记录接着算出"),
            *facts_of(fee, ["entered_by", "entered_at"]),
            *([Fact("更正原因", fee.reason, wide=True)] if fee.reason else []),
        ]

    def panels(self) -> Sequence[Panel]:
        versions = versions_of(self.object, self.user)
        if len(versions) < 2:
            return []
        return [
            Panel(
                "更正前后",
                "subsidies/_fee_versions.html",
                {"versions": versions, "here": self.object.pk},
            )
        ]


class FeeCorrect(FormPage):
    model, form_class, roles = FeeCollection, FeeCorrectForm, FEE_ENTERERS
    list_url, submit_label = "subsidies:fee-list", "更正"
    intro = "更正后以新的数字为准，原来的一份连同原因仍看得到。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate__street", "replaced_by")

    def get_title(self) -> str:
        return f"更正 {self.object}"

    def refusal(self) -> str:
        if hasattr(self.object, "replaced_by"):
            return "这条记录已经更正过，请打开最新的一条再看。"
        return ""

    def get_form_kwargs(self) -> dict[str, Any]:
        ground = grounds(self.object.month, [self.object.estate_id])[self.object.estate_id]
        return {**super().get_form_kwargs(), "begins": ground.begins}

    def get_initial(self) -> dict[str, Any]:
        values = {name: getattr(self.object, name) for name in FEE_LABELS}
        return {name: f"{value}" for name, value in values.items() if value is not None}

    def perform(self, form: FeeCorrectForm) -> FeeCollection:
        return services.fee_correct(
            fee=self.object,
            figures=form.figures,
            reason=form.cleaned_data["reason"],
            evidence=form.cleaned_data["evidence"],
            actor=self.user,
        )

    def done_message(self, result: FeeCollection) -> str:
        return "已更正，以这一份为准。"


class FeeEvidence(DownloadPage):
    model, inline = FeeCollection, True

    def get_download(self) -> Download | None:
        if not self.object.evidence:
            return None
        return Download(self.object.evidence_name or "依据", self.object.evidence)

    def audit_summary(self, download: Download) -> str:
        return ""


# --- The standard ------------------------------------------------------------------------------


class FeeStandardList(ListPage):
    model, table_class, filterset_class = FeeStandard, FeeStandardTable, FeeStandardFilterSet
    title, unit, menu = "业主收费标准", "个标准", "subsidies:fee-list"
    actions = [
        Action(
            "登记标准",
            "subsidies:fee-standard-create",
            icon="plus",
            primary=True,
            roles=RATE_EDITORS,
        ),
    ]
    empty_text = "还没有业主收费标准。登记后，填报时按户数算出本月应收。"


class FeeStandardDetail(RecordPage):
    model, menu = FeeStandard, "subsidies:fee-list"
    list_url = "subsidies:fee-standard-list"
    facts_title = "标准与依据"
    actions = [
        Action(
            "查看文件",
            "subsidies:fee-standard-document",
            icon="paperclip",
            by_pk=True,
            show=lambda view: bool(view.object.document),
        ),
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate", "created_by")

    def get_meta(self) -> str:
        return f"{clock.chinese_month(self.object.effective_from)}起执行，登记后不能修改"

    def facts(self) -> Sequence[Fact]:
        estate = self.object.estate
        return [
            Fact(
                "适用小区",
                estate.name if estate else "全部没有另定标准的老旧小区",
                url=estate.get_absolute_url() if estate else "",
            ),
            Fact("标准", f"{money(self.object.amount)} 元/户·月"),
            Fact("执行月份", clock.chinese_month(self.object.effective_from)),
            *facts_of(
                self.object,
                ["document_title", "document_number", "created_by", "created_at"],
                wide=["document_title"],
            ),
        ]


class FeeStandardCreate(FormPage):
    form_class, roles = FeeStandardForm, RATE_EDITORS
    title, submit_label = "登记业主收费标准", "登记标准"
    list_url, menu = "subsidies:fee-standard-list", "subsidies:fee-list"
    intro = "标准登记后不能修改或删除，只能登记新的标准。已经填报的月份不受影响。"

    def perform(self, form: FeeStandardForm) -> FeeStandard:
        return services.fee_standard_register(actor=self.user, **form.cleaned_data)

    def done_message(self, result: FeeStandard) -> str:
        return f"已登记：{result}，{clock.chinese_month(result.effective_from)}起执行。"


class FeeStandardDocument(DownloadPage):
    model, inline = FeeStandard, True

    def get_download(self) -> Download | None:
        if not self.object.document:
            return None
        return Download(self.object.document_name or "收费标准文件", self.object.document)

    def audit_summary(self, download: Download) -> str:
        return ""
