"""Inspections that were reported: the list, the record with its working, review."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from inspections import selectors, services
from inspections.calculations import changes_between, plain
from inspections.choices import (
    INSPECTORS,
    ORDER_ISSUERS,
    REDACTORS,
    REVIEWERS,
    FlagVerdict,
    Grade,
    InspectionStatus,
    Outcome,
)
from inspections.filters import InspectionFilterSet
from inspections.forms import ReturnForm
from inspections.models import (
    EvidencePhoto,
    Inspection,
    InspectionVersion,
    ItemResult,
    PhotoFlag,
    PhotoRedaction,
    RectificationOrder,
    ReturnNote,
)
from inspections.tables import (
    GRADE_TONES,
    EstateOrderTable,
    InspectionTable,
    inspection_pill,
    outcome_pill,
    repeat_pill,
)
from xingyang_pm.common.chain import Explanation, Factor, Reason
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import moment_label, month_day, numeral
from xingyang_pm.common.kept import forget
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    KeyPanel,
    ListPage,
    Notice,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    TablePanel,
    count_line,
)

from .arrivals import conflicts_of, missing_by_item
from .photos import photo_pairs, shown_doubt, shown_photo
from .publishing import made_words, publication_pill

LIST = "inspections:inspection-list"


class InspectionList(ListPage):
    model, table_class, filterset_class = Inspection, InspectionTable, InspectionFilterSet
    title, unit = "检查记录", "份检查记录"
    empty_text = "还没有上报的检查。检查员和街道经办从“我的检查”填报。"
    views = [
        SavedChip(
            "待确认",
            "status=submitted",
            count=lambda view: view.get_rows().waiting().count(),
        ),
        SavedChip("良好以下", "grade=below_good"),
        SavedChip(
            "照片有疑点",
            "photos=doubtful&status=submitted",
            count=lambda view: view.get_rows().waiting().doubtful().count(),
        ),
    ]
    actions = [
        Action("临时检查", "inspections:entry-new", icon="plus", primary=True, roles=INSPECTORS)
    ]
    bulk_actions = [
        Action(
            "确认所选",
            "inspections:inspection-confirm-many",
            icon="checks",
            roles=REVIEWERS,
            method="post",
        )
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().reported()

    def count_line(self, count: int, totals: dict[str, Any]) -> str:
        return count_line((count, "份检查记录"), (totals["failed"], "项不合格"))


class InspectionDetail(RecordPage):
    model = Inspection
    list_url = LIST
    template_name = "inspections/inspection_detail.html"
    facts_title = "检查情况"

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .reported()
            .select_related(
                "estate__street",
                "estate__community",
                "provider",
                "round",
                "checklist",
                "inspector",
                "entered_by",
                "confirmed_by",
            )
        )

    def get_title(self) -> str:
        return f"{self.object.estate.name}　{plain(self.object.score)} 分"

    def get_pills(self) -> list[Pill]:
        pills = [inspection_pill(self.object)]
        grade = self.object.grade
        if grade:
            pills.append(Pill(grade.label, GRADE_TONES[grade], plain=True))
        return pills

    def get_meta(self) -> str:
        inspection = self.object
        parts = [inspection.number, str(inspection.round) if inspection.round else "临时检查"]
        return "　·　".join([*parts, f"{month_day(inspection.inspected_on)}检查"])

    def get_actions(self) -> list[Action]:
        inspection = self.object
        actions = []
        mine = inspection.entered_by_id == self.user.pk
        if mine and inspection.status == InspectionStatus.RETURNED:
            actions.append(
                Action(
                    "修改后重新上报",
                    reverse("inspections:entry", args=[inspection.client_key]),
                    icon="pencil",
                    primary=True,
                )
            )
        if inspection.is_counted and self.issuable:
            actions.append(
                Action(
                    "下达整改通知书",
                    "inspections:order-issue",
                    icon="file-alert",
                    by_pk=True,
                    roles=ORDER_ISSUERS,
                    locked="" if inspection.provider_id else "小区没有登记服务主体，先登记服务合同",
                    primary=not self.may_review,
                )
            )
        if self.may_review:
            actions += [
                Action("退回", "inspections:inspection-return", by_pk=True, roles=REVIEWERS),
                Action(
                    "确认",
                    "inspections:inspection-confirm",
                    icon="check",
                    by_pk=True,
                    roles=REVIEWERS,
                    primary=True,
                    method="post",
                    locked="录入人不能确认自己的检查记录" if mine else self.doubt,
                ),
            ]
        return actions

    @property
    def may_review(self) -> bool:
        waiting = self.object.status == InspectionStatus.SUBMITTED
        return waiting and self.user.has_role(*REVIEWERS)

    @property
    def doubt(self) -> str:
        """Why the photos do not let this reviewer confirm."""
        if not hasattr(self, "_doubt"):
            self._doubt = services.confirmation_problem(self.object) if self.may_review else ""
        return self._doubt

    @property
    def issuable(self) -> list[ItemResult]:
        if not hasattr(self, "_issuable"):
            self._issuable = services.issuable_results(self.object)
        return self._issuable

    def notices(self) -> Sequence[Notice]:
        inspection = self.object
        notices = []
        if inspection.status == InspectionStatus.RETURNED:
            notices.append(Notice(f"已退回：{inspection.return_reason}", "a", "arrow-back-up"))
        missing = len(selectors.missing_photos(inspection))
        if missing:
            notices.append(
                Notice(f"照片 {missing} 张还在手机上，未到。到齐后才能确认。", "a", "photo-off")
            )
        resubmitted = self.resubmitted()
        if resubmitted:
            url = reverse("inspections:inspection-versions", args=[inspection.pk])
            notices.append(Notice(resubmitted, "", "history", url=url, link="看改动"))
        if self.doubt and not missing:
            notices.append(Notice(self.doubt, "a", "photo"))
        vetoes = inspection.working.get("veto") or []
        if vetoes:
            named = "、".join(f"{row['code']} {row['text']}" for row in vetoes)
            notices.append(
                Notice(
                    f"一票否决项不合格：{named}。得分按 {inspection.working['cap']} 分封顶。",
                    "a",
                    "alert-triangle",
                )
            )
        return notices

    def facts(self) -> Sequence[Fact]:
        inspection = self.object
        people = "、".join(filter(None, [inspection.inspector.name, inspection.companion]))
        provider = inspection.provider
        return [
            Fact("小区", inspection.estate.name, url=inspection.estate.get_absolute_url()),
            Fact("街道（乡镇）", inspection.estate.street.name),
            Fact(
                "服务主体",
                provider.name if provider else "没有登记",
                url=provider.get_absolute_url() if provider else "",
            ),
            Fact(
                "检查批次",
                str(inspection.round) if inspection.round else "临时检查",
                url=inspection.round.get_absolute_url() if inspection.round else "",
            ),
            Fact("检查表", str(inspection.checklist), url=inspection.checklist.get_absolute_url()),
            Fact("检查日期", inspection.inspected_on),
            Fact("检查人", people),
            Fact("陪同人", inspection.site_contact),
            Fact("上报时间", inspection.submitted_at),
            Fact(
                "确认",
                f"{inspection.confirmed_by}　{month_day(inspection.confirmed_at)}"
                if inspection.confirmed_by
                else "待确认"
                if inspection.status == InspectionStatus.SUBMITTED
                else "",
            ),
            *([Fact("备注", inspection.note, wide=True)] if inspection.note else []),
        ]

    def explanation(self) -> Explanation | None:
        return explanation_of(self.object)

    def groups(self) -> list[dict[str, Any]]:
        """Return the results by heading, each with its photos and its order."""
        results = (
            self.object.results.visible_to(self.user)
            .select_related("item__section")
            .prefetch_related("photos__estate", "rectifications__order")
            .order_by("item__position")
        )
        missing = missing_by_item(self.object)
        failed = [result for result in results if result.outcome == Outcome.FAIL]
        for result in failed:
            result.inspection = self.object
        again = selectors.repeats(failed, self.user)
        groups: list[dict[str, Any]] = []
        found = {result.pk: selectors.found_photos(result) for result in results}
        fixed = {result.pk: selectors.repair_photos(result) for result in results}
        points = {
            row["heading"]: (_short(row["score"]), _short(row["points"]))
            for row in self.object.working.get("headings", [])
        }
        doubts = selectors.photo_doubts(
            [photo for photos in (*found.values(), *fixed.values()) for photo in photos],
            self.user,
        )
        for result in results:
            if not groups or groups[-1]["name"] != result.item.heading:
                groups.append(
                    {
                        "numeral": numeral(len(groups) + 1),
                        "name": result.item.heading,
                        "points": points.get(result.item.heading),
                        "rows": [],
                        "failed": 0,
                    }
                )
            groups[-1]["failed"] += result.outcome == Outcome.FAIL
            groups[-1]["rows"].append(
                {
                    "result": result,
                    "pill": outcome_pill(result),
                    "deduction": plain(result.deduction),
                    "photos": [
                        {
                            "pk": photo.pk,
                            "shown": shown_photo(photo, result.item.text, "检查"),
                        }
                        for photo in found[result.pk]
                    ],
                    "missing": [
                        stage.word_beside(result.outcome)
                        for stage in missing.get(result.item_id, ())
                    ],
                    "again": repeat_pill(again.get(result.pk)),
                    "repeat": again.get(result.pk),
                    "order": next(
                        (row.order for row in result.rectifications.all() if not row.withdrawn),
                        None,
                    ),
                    "doubts": [
                        shown_doubt(doubt, asked=photo.reply_item_id is not None or self.may_review)
                        for photo in (*found[result.pk], *fixed[result.pk])
                        for doubt in doubts.get(photo.pk, ())
                    ],
                    "pairs": photo_pairs(found[result.pk], fixed[result.pk], result.item.text)
                    if fixed[result.pk]
                    else [],
                }
            )
        return groups

    @property
    def submissions(self) -> list[InspectionVersion]:
        if not hasattr(self, "_submissions"):
            rows = InspectionVersion.objects.visible_to(self.user).filter(inspection=self.object)
            self._submissions = list(rows.order_by("number"))
        return self._submissions

    def resubmitted(self) -> str:
        """Say how often the record was reported, and how much differs from the time before."""
        if not self.submissions or self.submissions[-1].number < 2:
            return ""
        last = self.submissions[-1]
        if len(self.submissions) < 2:
            return f"第{last.number}次上报。"
        changed = changes_between(self.submissions[-2].content, last.content)
        compared = f"与上次相比改了 {len(changed)} 处" if changed else "内容与上次相同"
        return f"第{last.number}次上报，{compared}。"

    def return_panel(self) -> list[Panel]:
        """Every sentence with which the record went back, the newest first."""
        notes = (
            ReturnNote.objects.visible_to(self.user)
            .filter(inspection=self.object)
            .select_related("returned_by", "version")
            .order_by("-pk")
        )
        facts = [
            Fact(
                f"第{note.version.number}次上报后" if note.version else "退回",
                note.reason,
                note=f"{note.returned_by}　{moment_label(note.returned_at)}退回",
            )
            for note in notes
        ]
        return [KeyPanel("退回意见", facts)] if facts else []

    def side_panels(self) -> Sequence[Panel]:
        return self.return_panel()

    def publishing(self) -> list[dict[str, Any]]:
        """Return the photos of a confirmed record with what stands about their publication."""
        if self.object.status != InspectionStatus.CONFIRMED or not self.user.has_role(*REDACTORS):
            return []
        photos = (
            EvidencePhoto.objects.visible_to(self.user)
            .filter(result__inspection=self.object)
            .select_related("result__item", "estate")
            .order_by("result__item__position", "pk")
        )
        made = PhotoRedaction.objects.visible_to(self.user).filter(
            photo__result__inspection=self.object
        )
        newest = {row.photo_id: row for row in made.latest_per_photo().select_related("made_by")}
        public = set(made.publishable().values_list("pk", flat=True))
        return [
            {
                "photo": photo,
                "redaction": newest.get(photo.pk),
                "pill": publication_pill(newest.get(photo.pk), public),
                "text": made_words(newest.get(photo.pk)),
            }
            for photo in photos
        ]

    def panels(self) -> Sequence[Panel]:
        orders = RectificationOrder.objects.visible_to(self.user).filter(inspection=self.object)
        if not orders.exists():
            return []
        return [TablePanel("整改通知书", EstateOrderTable, orders, user=self.user)]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(
            explanation=self.explanation(),
            groups=self.groups(),
            conflicts=conflicts_of(self.object, self.user),
            publishing=self.publishing(),
            has_side=True,
            **extra,
        )


def explanation_of(inspection: Inspection) -> Explanation | None:
    """Return the score as it was worked out: the equation, then what each part comes from."""
    working = inspection.working
    if not working:
        return None
    equation = [Factor(_short(working["full"]), "满分")]
    whole = working["applicable"] == working["full"]
    if whole:
        equation.append(Factor(_short(working["deducted"]), "扣分", "−"))
    else:
        left = f"（{_short(working['applicable'])} − {_short(working['deducted'])}）"
        equation += [
            Factor(left, "适用分值减扣分", "×"),
            Factor(_short(working["applicable"]), "适用分值", "÷"),
        ]
    equation.append(Factor(_short(working["base"]), "分", "=", result=True))
    reasons = [
        Reason(
            "" if place else "扣分", f"{row['code']} {row['text']}　−{_short(row['deduction'])} 分"
        )
        for place, row in enumerate(working["lost"])
    ] or [Reason("扣分", "没有扣分")]
    if working["not_applicable"]:
        named = "、".join(f"{row['code']} {row['text']}" for row in working["not_applicable"])
        reasons.append(Reason("不适用", f"{named}，不计入适用分值", icon="ban"))
    if working["veto"]:
        reasons.append(Reason("一票否决", f"得分按 {working['cap']} 分封顶", icon="alert-triangle"))
    marks = working["marks"]
    grade = Grade(working["grade"]).label
    reasons.append(
        Reason(
            "等级",
            f"{grade}（优秀 {_short(marks['excellent'])}、良好 {_short(marks['good'])}、"
            f"合格 {_short(marks['pass'])}）",
            icon="award",
        )
    )
    return Explanation(equation, reasons)


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


class InspectionConfirm(ActionPage):
    model, roles, list_url = Inspection, REVIEWERS, LIST
    title, submit_label = "确认检查记录", "确认"

    def get_rows(self) -> QuerySet:
        return super().get_rows().reported().select_related("estate")

    def sentence(self) -> str:
        inspection = self.object
        return (
            f"{inspection.number} {inspection.estate}，{plain(inspection.score)} 分，"
            f"{inspection.failed_count} 项不合格。确认后不能再改。"
        )

    def refusal(self) -> str:
        if self.object.status != InspectionStatus.SUBMITTED:
            return f"这份检查记录{self.object.get_status_display()}，不用确认。"
        if self.object.entered_by_id == self.user.pk:
            return "录入人不能确认自己的检查记录，请换一人确认。"
        return services.confirmation_problem(self.object)

    def perform(self, form: None) -> Inspection:
        return services.inspection_confirm(inspection=self.object, actor=self.user)

    def done_message(self, result: Inspection) -> str:
        return f"{result.number} 已确认。"


class InspectionReturn(ActionPage):
    model, roles, list_url, form_class = Inspection, REVIEWERS, LIST, ReturnForm
    title, submit_label = "退回检查记录", "退回"

    def get_rows(self) -> QuerySet:
        return super().get_rows().reported().select_related("estate")

    def get_initial(self) -> dict[str, Any]:
        """Begin the reason with the photos that were found unusable."""
        flags = PhotoFlag.objects.visible_to(self.user).of_inspection(self.object)
        bad = flags.filter(verdict=FlagVerdict.UNUSABLE).select_related("photo__result__item")
        said = [f"{flag.photo.result.item.code} 的照片不可用：{flag.reason}" for flag in bad]
        return {"reason": "；".join(dict.fromkeys(said))[:200]}

    def sentence(self) -> str:
        return f"{self.object.number} {self.object.estate} 退回给 {self.object.entered_by}。"

    def refusal(self) -> str:
        if self.object.status != InspectionStatus.SUBMITTED:
            return f"这份检查记录{self.object.get_status_display()}，不能退回。"
        if self.object.orders.visible_to(self.user).exists():
            return "这份检查已下达整改通知书，不能退回。"
        return ""

    def perform(self, form: ReturnForm) -> Inspection:
        return services.inspection_return(
            inspection=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Inspection) -> str:
        return f"{result.number} 已退回。"


class InspectionConfirmMany(ActionPage):
    """Confirms the chosen rows of the list one by one; says which were left and why."""

    roles, menu = REVIEWERS, LIST
    post_only = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        pks = [int(pk) for pk in request.POST.getlist("pk") if pk.isascii() and pk.isdigit()]
        rows = Inspection.objects.visible_to(self.user).waiting().filter(pk__in=pks[:200])
        done, left = 0, []
        for inspection in rows.select_related("estate", "provider", "round"):
            try:
                services.inspection_confirm(inspection=inspection, actor=self.user)
                done += 1
            except BusinessError as error:
                left.append(f"{inspection.number} {error.message}")
        if done:
            messages.success(request, f"已确认 {done} 份检查记录。")
        elif not left:
            messages.warning(request, "所选记录没有待确认的，没有改动。")
        if left:
            messages.error(request, f"{len(left)} 份没有确认：{'；'.join(left[:3])}")
        forget(self.user)
        return HttpResponseRedirect(reverse(LIST) + "?status=submitted")
