"""Rounds: the list with progress, the record with its ranking, opening, assigning, closing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db.models import Avg, Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property

from accounts.models import User
from inspections import selectors, services
from inspections.calculations import average as average_of
from inspections.calculations import bands, plain
from inspections.choices import (
    COUNTED,
    INSPECTORS,
    ROUND_MANAGERS,
    CoverageBy,
    DrawShare,
    InspectionStatus,
)
from inspections.exports import write_summary
from inspections.filters import RoundFilterSet
from inspections.forms import AssignForm, DrawForm, RoundForm
from inspections.models import Inspection, InspectionRound, RoundDraw, RoundEstate
from inspections.tables import (
    CoverageTable,
    DrawnTable,
    InspectionTable,
    PoolTable,
    RankingTable,
    RoundTable,
    StreetScoreTable,
    WorkTable,
    round_pill,
)
from xingyang_pm.common import clock
from xingyang_pm.common.charts import Chart, Series
from xingyang_pm.common.formats import due_words, local
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FactsPanel,
    FormPage,
    ListPage,
    Notice,
    Panel,
    Pill,
    RecordPage,
    Tab,
    TablePanel,
)

LIST = "inspections:round-list"
SHOWN = 500


class RoundList(ListPage):
    model, table_class, filterset_class = InspectionRound, RoundTable, RoundFilterSet
    title, unit = "检查批次", "个批次"
    template_name = "inspections/list.html"
    saves_views = False
    empty_text = "还没有检查批次。建立后，检查人的“我的检查”里就会出现要查的小区。"
    actions = [
        Action(
            "建立批次",
            "inspections:round-create",
            icon="plus",
            primary=True,
            roles=ROUND_MANAGERS,
        )
    ]

    def get_rows(self) -> QuerySet:
        counted = Q(inspections__status__in=COUNTED)
        if not self.user.sees_city:
            counted &= Q(inspections__estate__street__office=self.user.office_id)
        return (
            super()
            .get_rows()
            .with_progress(self.user)
            .annotate(average=Avg("inspections__score", filter=counted))
        )


def _open(view: Any) -> bool:
    return view.object.is_open


class RoundDetail(RecordPage):
    model = InspectionRound
    list_url = LIST
    template_name = "inspections/round_detail.html"
    timeline_title = "经过"
    actions = [
        Action("检查汇总表", "inspections:round-summary", icon="file-spreadsheet", by_pk=True,
               download=True),
        Action("抽查结果表", "inspections:round-draw-paper", icon="printer", by_pk=True,
               show=lambda view: bool(view.paper)),
        Action("排版抽查结果表", "inspections:round-draw-print", icon="printer", by_pk=True,
               method="post", roles=ROUND_MANAGERS,
               show=lambda view: view.draw is not None and not view.paper),
        Action("安排检查人", "inspections:round-assign", icon="user-check", by_pk=True,
               roles=ROUND_MANAGERS, show=lambda view: _open(view) and not view.undrawn),
        Action("提醒未查的", "inspections:round-remind", icon="bell", by_pk=True,
               roles=ROUND_MANAGERS, show=lambda view: _open(view) and bool(view.late)),
        Action("公开抽取", "inspections:round-draw", icon="arrows-diff", by_pk=True,
               primary=True, roles=ROUND_MANAGERS,
               show=lambda view: _open(view) and view.undrawn),
        Action("结束批次", "inspections:round-close", by_pk=True, primary=True,
               roles=ROUND_MANAGERS, show=lambda view: _open(view) and not view.undrawn),
    ]  # fmt: skip

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("checklist", "created_by", "draw__drawn_by")

    def get_actions(self) -> list[Action]:
        """Say on the button how many people the reminder would reach."""
        return [
            replace(action, label=f"提醒未查的 {len(self.late)} 人")
            if action.url == "inspections:round-remind" and self.user.has_role(*ROUND_MANAGERS)
            else action
            for action in super().get_actions()
        ]

    @cached_property
    def late(self) -> list[selectors.InspectorWork]:
        return selectors.left_by_inspector(self.object) if self.object.is_open else []

    @property
    def draw(self) -> RoundDraw | None:
        return getattr(self.object, "draw", None)

    @property
    def undrawn(self) -> bool:
        return self.object.is_drawn and self.draw is None

    @property
    def paper(self) -> Any:
        """The printed result: it names all streets, so it is the bureau's."""
        return self.draw.pdf if self.draw and self.user.sees_city else None

    def notices(self) -> Sequence[Notice]:
        if not self.undrawn:
            return []
        return [Notice("本批次还没有公开抽取，抽取后检查人才看得到要查的小区。", "a")]

    def facts(self) -> Sequence[Fact]:
        round = self.object
        return [
            Fact("检查表", str(round.checklist), url=round.checklist.get_absolute_url()),
            Fact("检查时间", f"{round.start_date} 至 {round.end_date}"),
            Fact("小区范围", selectors.extent_words(round)),
            Fact("由谁检查", round.get_coverage_by_display()),
            Fact("建立人", str(round.created_by)),
            Fact("结束时间", local(round.closed_at).strftime("%Y-%m-%d %H:%M"))
            if round.closed_at
            else Fact("结束时间", "还没有结束"),
        ]

    def get_pills(self) -> list[Pill]:
        return [round_pill(self.object)]

    def get_meta(self) -> str:
        round = self.object
        left = f"　{due_words(round.end_date)}" if round.is_open else ""
        return f"{round.checklist}　{round.start_date} 至 {round.end_date}{left}"

    @property
    def ranking(self) -> list[selectors.RankingRow]:
        if not hasattr(self, "_ranking"):
            self._ranking = selectors.ranking(self.object, self.user)
        return self._ranking

    @property
    def streets(self) -> list[selectors.StreetScore]:
        if not hasattr(self, "_streets"):
            self._streets = selectors.scores_by_street(self.object, self.user)
        return self._streets

    def tabs(self) -> Sequence[Tab]:
        drawn = [Tab("draw", "抽取结果")] if self.draw else []
        return [
            Tab("", "进度"),
            *drawn,
            Tab("people", "分工"),
            Tab("ranking", "排名", len(self.ranking)),
            Tab("inspections", "检查记录"),
            Tab("left", "未检查", self.left.count()),
            Tab("timeline", "经过"),
        ]

    def panels_draw(self) -> Sequence[Panel]:
        draw = self.draw
        if draw is None:
            return []
        same = services.draw_replay(draw)
        facts = [
            Fact("种子", draw.seed),
            Fact("种子来源", draw.seed_origin),
            Fact("抽取时间", local(draw.drawn_at).strftime("%Y-%m-%d %H:%M")),
            Fact("抽取人", str(draw.drawn_by)),
            Fact("见证人", draw.witnesses),
            Fact("抽取数量", draw.share_words),
            Fact("结果校验值", draw.digest, wide=True),
            Fact("重算", Pill("重算一致", "g") if same else Pill("重算不一致，请勿使用", "r")),
        ]
        return [
            FactsPanel("公开抽取", facts, meta="按种子和抽取时的名单当场重算"),
            TablePanel(
                "抽中的小区和检查员",
                DrawnTable,
                selectors.drawn_estates(draw, self.user),
                limit=SHOWN,
                meta=f"共 {len(draw.result)} 个" if self.user.sees_city else "本街道（乡镇）",
                empty_text="没有抽中你可看的小区。",
            ),
        ]

    def panels_people(self) -> Sequence[Panel]:
        return [
            TablePanel(
                "谁查多少",
                WorkTable,
                selectors.work_by_inspector(self.object, self.user),
                meta=self.object.get_coverage_by_display(),
                limit=SHOWN,
                empty_text="本批次没有你可看的小区。",
            )
        ]

    @property
    def left(self) -> QuerySet:
        return (
            RoundEstate.objects.visible_to(self.user)
            .filter(round=self.object)
            .uninspected()
            .select_related("estate__street", "inspector")
        )

    def figures(self) -> list[Fact]:
        """Return the key figures in the row above the panels, of what this person sees."""
        covered = sum(street.covered for street in self.streets)
        done = len(self.ranking)
        scores = [row.score for row in self.ranking]
        form = self.object.checklist
        high, _, low = bands(scores, form.excellent_score, form.good_score)
        average = average_of(scores)
        waiting = (
            Inspection.objects.visible_to(self.user).waiting().filter(round=self.object).count()
        )
        return [
            Fact("应查小区", covered),
            Fact("已查", done, note=f"{done * 100 // covered if covered else 0}%"),
            Fact("平均得分", "—" if average is None else str(average)),
            Fact(f"{plain(form.excellent_score)} 分及以上", high),
            Fact(f"{plain(form.good_score)} 分以下", low),
            Fact("待确认", waiting),
        ]

    def panels_overview(self) -> Sequence[Panel]:
        scored = [street for street in self.streets if street.average is not None]
        ordered = sorted(scored, key=lambda street: street.average or 0, reverse=True)
        form = self.object.checklist
        good = plain(form.good_score)
        chart = Chart(
            key="streets",
            title="各街道（乡镇）平均得分",
            kind="dots",
            labels=[street.street for street in ordered],
            series=[Series("平均得分", [street.average for street in ordered])],
            note="已上报的检查",
            label_head="街道（乡镇）",
            places=1,
            low=0,
            high=float(form.full_score),
            mark=float(form.good_score),
            mark_label=f"良好 {good}",
            empty_text="还没有上报的检查，上报后这里按街道比较得分。",
        )
        return [
            TablePanel(
                "按街道的进度",
                StreetScoreTable,
                self.streets,
                empty_text="本批次没有你可看的小区。",
            ),
            Panel(chart.title, "partials/_panel_chart.html", {"chart": chart}),
        ]

    def panels_ranking(self) -> Sequence[Panel]:
        rows, former = selectors.moved_ranking(self.object, self.user)
        frozen = "结束时的排名" if not self.object.is_open else "到现在为止的排名"
        meta = frozen if self.user.sees_city else f"{frozen}，名次为全市名次"
        meta += f"；比上次：{former}" if former else "；同类检查的第一次"
        return [
            TablePanel(
                "排名",
                RankingTable,
                rows,
                meta=meta,
                limit=SHOWN,
                empty_text="还没有上报的检查。",
            )
        ]

    def panels_inspections(self) -> Sequence[Panel]:
        rows = Inspection.objects.visible_to(self.user).reported().filter(round=self.object)
        more = f"{reverse('inspections:inspection-list')}?round={self.object.pk}"
        return [
            TablePanel(
                "检查记录",
                InspectionTable,
                rows,
                links=[("全部检查记录", more)],
                empty_text="还没有上报的检查。",
                limit=100,
            )
        ]

    def panels_left(self) -> Sequence[Panel]:
        return [
            TablePanel(
                "还没有检查的小区",
                CoverageTable,
                self.left,
                limit=SHOWN,
                empty_text="本批次的小区都已检查。",
            )
        ]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(figures=self.figures(), **extra)


class RoundCreate(FormPage):
    form_class, roles, list_url = RoundForm, ROUND_MANAGERS, LIST
    title, submit_label = "建立检查批次", "建立批次"

    def get_initial(self) -> dict[str, Any]:
        today = clock.today()
        return {
            "start_date": today,
            "end_date": clock.month_end(today),
            "coverage_by": CoverageBy.ASSIGNMENT,
        }

    def perform(self, form: RoundForm) -> InspectionRound:
        return services.round_create(actor=self.user, **form.cleaned_data)

    def get_success_url(self, result: InspectionRound) -> str:
        if result.is_drawn:
            return reverse("inspections:round-draw", args=[result.pk])
        return super().get_success_url(result)

    def done_message(self, result: InspectionRound) -> str:
        rows = RoundEstate.objects.visible_to(self.user).filter(round=result)
        nobody = rows.filter(inspector__isnull=True).count()
        if result.is_drawn:
            return f"已建立 {result}，请核对名单后公开抽取。"
        left = f"，其中 {nobody} 个还没有检查人，请到“安排检查人”" if nobody else ""
        return f"已建立 {result}，{rows.count()} 个小区{left}。"


class RoundRemind(ActionPage):
    """Reminds those whom the round still waits for; the calendar does so by itself two days
    before the end, from what waits on the desk."""

    model, roles, list_url = InspectionRound, ROUND_MANAGERS, LIST
    title, submit_label = "提醒未查的检查人", "提醒"

    @cached_property
    def late(self) -> list[selectors.InspectorWork]:
        return selectors.left_by_inspector(self.object)

    def sentence(self) -> str:
        shown = "、".join(f"{row.name} {row.left} 个" for row in self.late[:10])
        more = f"等 {len(self.late)} 人" if len(self.late) > 10 else ""
        return f"{shown}{more}还没有检查。当天提醒过的不再重复。"

    def refusal(self) -> str:
        if not self.object.is_open:
            return "这个批次已经结束。"
        return "" if self.late else "已安排检查人的小区都已检查，不用提醒。"

    def perform(self, form: None) -> int:
        return services.round_remind(round=self.object, actor=self.user)

    def done_message(self, result: int) -> str:
        return f"已提醒 {result} 人。" if result else "这些人今天都已提醒过，没有重复发。"


class RoundDrawPage(FormPage):
    """双随机: the pool and how many are drawn from it, then the seed, called out in public."""

    model, form_class, roles, list_url = InspectionRound, DrawForm, ROUND_MANAGERS, LIST
    template_name = "inspections/round_draw.html"
    title, submit_label = "公开抽取（双随机）", "公开抽取"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("draw")

    def get_meta(self) -> str:
        return str(self.object)

    def refusal(self) -> str:
        round = self.object
        if getattr(round, "draw", None) is not None:
            return "本批次已经公开抽取，一个批次只抽一次。"
        if not round.is_drawn:
            return "本批次不是公开抽取的批次。"
        return "" if round.is_open else "这个批次已经结束。"

    @property
    def people(self) -> QuerySet:
        seen = User.objects.visible_to(self.user)
        return services.draw_people().filter(pk__in=seen.values("pk"))

    def get_initial(self) -> dict[str, Any]:
        return {"share_by": DrawShare.PERCENT, "share": 10, "inspectors": list(self.people)}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "people": self.people}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Draw, or with ``do=preview`` show the pool for what was chosen and draw nothing."""
        if request.POST.get("do") == "preview" and not self.refusal():
            return self.render(form=self.make_form(bound=True), previewed=True)
        return super().post(request, *args, **kwargs)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        form, previewed = extra["form"], extra.pop("previewed", False)
        values = self.get_initial()
        if form.is_bound:
            form.is_valid()
            values = {**values, **form.cleaned_data}
            if previewed:
                # Only the pool was asked for: what is still blank is no mistake yet.
                for name in ("seed", "seed_origin", "witnesses"):
                    form.errors.pop(name, None)
        pool = services.draw_pool(
            round=self.object, actor=self.user, inspectors=values["inspectors"]
        )
        rows = services.street_pools(pool, share_by=values["share_by"], share=values["share"])
        return super().get_context(
            pool=TablePanel(
                "公示名单",
                PoolTable,
                rows,
                meta=f"检查员 {len(pool['inspectors'])} 人",
                limit=SHOWN,
                totals={
                    "total": sum(row.total for row in rows),
                    "drawn": sum(row.drawn for row in rows),
                },
            ),
            pool_problem=services.draw_problem(pool),
            pool_digest=services.pool_digest(pool),
            **extra,
        )

    def perform(self, form: DrawForm) -> RoundDraw:
        return services.round_draw(round=self.object, actor=self.user, **form.cleaned_data)

    def get_success_url(self, result: RoundDraw) -> str:
        return f"{self.object.get_absolute_url()}?tab=draw"

    def done_message(self, result: RoundDraw) -> str:
        return f"已抽取 {len(result.result)} 个小区，抽查结果表正在后台排版。"


class RoundDrawPrint(ActionPage):
    """Has the 双随机抽查结果 printed by the worker."""

    model, roles, list_url = InspectionRound, ROUND_MANAGERS, LIST
    title, submit_label = "排版抽查结果表", "排版抽查结果表"

    def refusal(self) -> str:
        drawn = RoundDraw.objects.visible_to(self.user).filter(round=self.object).exists()
        return "" if drawn else "本批次还没有公开抽取。"

    def sentence(self) -> str:
        return f"{self.object} 的双随机抽查结果将在后台排成 PDF，完成后可以打印。"

    def perform(self, form: None) -> Any:
        draw = RoundDraw.objects.visible_to(self.user).get(round=self.object)
        return services.draw_print(draw=draw, actor=self.user)

    def get_success_url(self, result: Any) -> str:
        return reverse("common:job-detail", args=[result.pk])


class RoundDrawPaper(DownloadPage):
    """The printed 双随机抽查结果, for the bureau: it names all streets."""

    model = InspectionRound
    inline = True

    def get_rows(self) -> QuerySet:
        rows = super().get_rows()
        return rows if self.user.sees_city else rows.none()

    def get_download(self) -> Download | None:
        draw = RoundDraw.objects.visible_to(self.user).filter(round=self.object).first()
        if draw is None or not draw.pdf:
            return None
        return Download(f"{self.object} 双随机抽查结果.pdf", draw.pdf)

    def audit_summary(self, download: Download) -> str:
        return "打印双随机抽查结果"


class RoundClose(ActionPage):
    model, roles, list_url = InspectionRound, ROUND_MANAGERS, LIST
    title, submit_label, danger = "结束检查批次", "结束批次", True

    @property
    def rows(self) -> QuerySet:
        return Inspection.objects.visible_to(self.user).filter(round=self.object)

    def sentence(self) -> str:
        covered = RoundEstate.objects.visible_to(self.user).filter(round=self.object).count()
        done = self.rows.counted().count()
        left = f"，{covered - done} 个未查的不再补录" if covered > done else ""
        return (
            f"{self.object} 应查 {covered} 个小区，已查 {done} 个{left}。"
            "结束后不能再上报，排名不再变。"
        )

    def refusal(self) -> str:
        if not self.object.is_open:
            return "这个批次已经结束。"
        waiting = self.rows.filter(status=InspectionStatus.SUBMITTED).count()
        return f"还有 {waiting} 份检查记录待确认，请先确认或退回。" if waiting else ""

    def perform(self, form: None) -> InspectionRound:
        return services.round_close(round=self.object, actor=self.user)

    def done_message(self, result: InspectionRound) -> str:
        return f"{result} 已结束，排名已定。"


class RoundAssign(FormPage):
    """Who inspects what: estates without a report, grouped by street, ticked and given away."""

    model, form_class, roles, list_url = InspectionRound, AssignForm, ROUND_MANAGERS, LIST
    template_name = "inspections/round_assign.html"
    title, submit_label = "安排检查人", "安排所选小区"

    @property
    def lines(self) -> list[RoundEstate]:
        if not hasattr(self, "_lines"):
            self._lines = list(
                RoundEstate.objects.visible_to(self.user)
                .filter(round=self.object)
                .uninspected()
                .select_related("estate__street", "inspector")
                .order_by("estate__street__code", "estate__code")
            )
        return self._lines

    def get_meta(self) -> str:
        return str(self.object)

    def get_form_kwargs(self) -> dict[str, Any]:
        people = (
            User.objects.visible_to(self.user).active().with_role(*INSPECTORS).order_by("username")
        )
        return {
            **super().get_form_kwargs(),
            "people": people,
            "rows": [line.pk for line in self.lines],
        }

    def get_context(self, **extra: Any) -> dict[str, Any]:
        chosen = set(self.request.POST.getlist("coverage"))
        return super().get_context(
            lines=[(line, str(line.pk) in chosen) for line in self.lines], **extra
        )

    def perform(self, form: AssignForm) -> int:
        ids = set(form.cleaned_data["coverage"])
        return services.round_estates_assign(
            round=self.object,
            coverage=[line for line in self.lines if str(line.pk) in ids],
            inspector=form.cleaned_data["inspector"],
            actor=self.user,
        )

    def get_success_url(self, result: int) -> str:
        return self.request.path

    def done_message(self, result: int) -> str:
        return f"已安排 {result} 个小区。"


class RoundSummary(DownloadPage):
    """检查汇总表, in the office's own form."""

    model = InspectionRound
    verb, audit_tag = "export", "导出"

    def get_download(self) -> Download:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "summary.xlsx"
            self.rows = write_summary(path, round=self.object, user=self.user)
            content = path.read_bytes()
        name = f"{self.object} 检查汇总表 {clock.today():%Y%m%d}.xlsx"
        return Download(name, content)

    def audit_summary(self, download: Download) -> str:
        return f"导出“{self.object} 检查汇总表” {self.rows} 行"
