"""Rectification: the ledger, the notices, the record with its evidence, and each act on it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http.response import HttpResponseBase
from django.urls import reverse

from inspections import services
from inspections.calculations import plain
from inspections.choices import (
    ORDER_ISSUERS,
    RECHECKERS,
    REPLIERS,
    OrderStatus,
    PhotoStage,
    RecheckResult,
    Severity,
)
from inspections.exports import ledger_form
from inspections.filters import LedgerFilterSet, OrderFilterSet
from inspections.forms import (
    ArrangeForm,
    OrderIssueForm,
    RecheckForm,
    ReplyForm,
    ServeForm,
)
from inspections.models import (
    EvidencePhoto,
    Inspection,
    Recheck,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
)
from inspections.services import Finding, Upload
from inspections.services.pictures import read_picture
from inspections.tables import LedgerTable, OrderTable, order_pill
from xingyang_pm.common import audit, clock
from xingyang_pm.common.chain import PhotoPair, Stage
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import due_words, moment_label, month_day
from xingyang_pm.common.spreadsheets.official import write_form
from xingyang_pm.common.tables import Column
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    KeyPanel,
    ListPage,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    count_line,
    put_error,
)

from .entry import read_upload
from .photos import shown_photo

LIST = "inspections:order-list"
LEDGER = "inspections:ledger-list"
OFFICIAL_ROWS = 5000
REJECTED = 422
LOST_RACE = 409


def overdue_chip() -> SavedChip:
    return SavedChip(
        "已逾期",
        "state=overdue",
        count=lambda view: (
            RectificationOrder.objects.visible_to(view.user).overdue(clock.today()).count()
        ),
    )


class OrderList(ListPage):
    model, table_class, filterset_class = RectificationOrder, OrderTable, OrderFilterSet
    title, unit = "限期整改通知书", "份通知书"
    empty_text = "还没有整改通知书。从检查记录的不合格项下达。"
    views = [
        overdue_chip(),
        SavedChip(
            "待回复",
            "state=issued",
            count=lambda view: view.get_rows().waiting_for_reply().count(),
        ),
        SavedChip(
            "待复查",
            "state=replied",
            count=lambda view: view.get_rows().waiting_for_recheck().count(),
        ),
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().annotate(item_total=Count("items"))

    def count_line(self, count: int, totals: dict[str, Any]) -> str:
        today = clock.today()
        late = self.filtered_rows().overdue(today).count()
        return count_line((count, "份通知书"), (late, "份逾期"))


class LedgerList(ListPage):
    """整改台账: one line per item; exported as the office's own form."""

    model, table_class, filterset_class = RectificationItem, LedgerTable, LedgerFilterSet
    title, unit = "整改台账", "项整改"
    export_name = "整改台账"
    empty_text = "还没有下达整改。"
    views = [overdue_chip(), SavedChip("在办", "state=open")]

    def export_columns(self) -> list[Column]:
        names = set(LedgerTable.office_columns)
        return [column for column in self.table.available if column.name in names]

    def write_export(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        rows = self.filtered_rows()
        expected = rows.count()
        if expected > OFFICIAL_ROWS:  # the form is held in memory; a long list is streamed
            return super().write_export(target, progress)
        sort = self.table.sort_of(self.params.get("sort"))
        ordered = list(self.table.in_order(rows, self.export_columns(), sort))
        form = ledger_form(ordered, self.user, self.export_note())
        if len(form.sections[0].rows) != expected:
            raise BusinessError("导出时表中有变动，没有导出，请再导出一次。", code="row_count")
        write_form(target, form)
        audit.record(
            actor=self.user,
            verb="export",
            target=None,
            summary=f"导出“整改台账” {expected} 行（{self.export_note()}）",
            tag="导出",
        )
        return expected


# --- The record -------------------------------------------------------------------------------


class OrderDetail(RecordPage):
    model = RectificationOrder
    list_url = LIST
    template_name = "inspections/order_detail.html"
    timeline_title = "经过"

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related(
                "estate__street",
                "provider",
                "inspection__inspector",
                "inspection__checklist",
                "issued_by",
                "recheck_by",
            )
        )

    def get_pills(self) -> list[Pill]:
        return [order_pill(self.object)]

    def get_meta(self) -> str:
        order = self.object
        parts = [order.estate.name, order.provider.name if order.provider else ""]
        if order.is_open:
            parts.append(f"{month_day(order.deadline)} 24:00 到期")
        elif order.closed_at:
            parts.append(f"{month_day(order.closed_at)}销号")
        return "　·　".join(filter(None, parts))

    def get_actions(self) -> list[Action]:
        order = self.object
        actions = []
        if order.pdf:
            actions.append(
                Action("打印通知书", "inspections:order-notice", icon="printer", by_pk=True)
            )
        else:
            actions.append(
                Action(
                    "排版通知书",
                    "inspections:order-print",
                    icon="printer",
                    by_pk=True,
                    method="post",
                    roles=ORDER_ISSUERS,
                )
            )
        for recheck in self.rechecks[:1]:
            actions.append(
                Action(
                    "复查意见书",
                    "inspections:recheck-opinion" if recheck.pdf else "inspections:recheck-print",
                    icon="file-text",
                    args=[recheck.pk],
                    method="get" if recheck.pdf else "post",
                    roles=None if recheck.pdf else RECHECKERS,
                )
            )
        return actions

    @property
    def items(self) -> list[RectificationItem]:
        if not hasattr(self, "_items"):
            self._items = list(
                self.object.items.visible_to(self.user)
                .select_related("result__item")
                .prefetch_related(
                    "result__photos__estate",
                    "replies__reply__reported_by",
                    "replies__photos__estate",
                    "rechecks__recheck",
                )
                .order_by("result__item__position")
            )
        return self._items

    @property
    def replies(self) -> list[RectificationReply]:
        if not hasattr(self, "_replies"):
            self._replies = list(
                self.object.replies.visible_to(self.user)
                .select_related("reported_by")
                .order_by("-reported_at", "-pk")
            )
        return self._replies

    @property
    def rechecks(self) -> list[Recheck]:
        if not hasattr(self, "_rechecks"):
            self._rechecks = list(
                self.object.rechecks.visible_to(self.user)
                .select_related("checked_by")
                .prefetch_related("items__item__result__item")
                .order_by("-recorded_at", "-pk")
            )
        return self._rechecks

    # --- what stands where ---

    def stages(self) -> Sequence[Stage]:
        order = self.object
        reply = self.replies[0] if self.replies else None
        recheck = self.rechecks[0] if self.rechecks else None
        again = (
            order.status == OrderStatus.ISSUED
            and recheck is not None
            and recheck.result == RecheckResult.FAIL
        )
        served = order.served_on is not None
        replied = order.status in {OrderStatus.REPLIED, OrderStatus.CLOSED}
        closed = order.status == OrderStatus.CLOSED
        stages = [
            Stage("下达", "done", [order.issued_by.name, moment_label(order.issued_at)]),
            Stage(
                "送达",
                "done" if served else "now",
                [
                    f"{order.get_service_method_display()}，{order.served_to}",
                    month_day(order.served_on),
                ]
                if order.served_on
                else ["待登记送达"],
            ),
        ]
        if again and recheck:
            stages.append(
                Stage(
                    "回复",
                    "back",
                    ["待再次回复", f"{month_day(order.deadline)}前"],
                    f"复查整改不到位：{recheck.opinion}",
                )
            )
        elif replied and reply:
            stages.append(
                Stage("回复", "done", [reply.reported_by.name, moment_label(reply.reported_at)])
            )
        else:
            stages.append(
                Stage(
                    "回复",
                    "now" if served else "todo",
                    [f"{month_day(order.deadline)}前"] if served else ["—"],
                )
            )
        if closed and recheck:
            stages.append(
                Stage("复查", "done", [recheck.checked_by.name, month_day(recheck.checked_on)])
            )
        elif replied:
            arranged = order.recheck_by is not None
            stages.append(
                Stage(
                    "复查",
                    "now",
                    [order.recheck_by.name, month_day(order.recheck_on)]
                    if arranged and order.recheck_by and order.recheck_on
                    else ["待安排", f"{month_day(order.deadline)}前"],
                )
            )
        else:
            stages.append(Stage("复查", "todo", ["—"]))
        stages.append(
            Stage(
                "销号",
                "done" if closed else "todo",
                [month_day(order.closed_at)] if order.closed_at else ["—"],
            )
        )
        return stages

    def item_rows(self) -> list[dict[str, Any]]:
        """Return each item with its state, its pairs of photos and what was done."""
        rows = []
        for item in self.items:
            result = item.result
            replies = sorted(item.replies.all(), key=lambda reply: reply.pk)
            rechecks = sorted(item.rechecks.all(), key=lambda row: row.pk)
            answer = replies[-1] if replies else None
            looked = rechecks[-1] if rechecks else None
            answered = answer is not None and (
                looked is None or answer.reply_id > looked.recheck.reply_id
            )
            before = [photo for photo in result.photos.all() if photo.stage == PhotoStage.FOUND]
            after = list(answer.photos.all()) if answer else []
            rows.append(
                {
                    "item": item,
                    "result": result,
                    "pill": _item_pill(looked, answered, self.object),
                    "deduction": plain(result.deduction),
                    "pairs": _pairs(before, after, result.item.text),
                    "answer": answer,
                    "recheck": looked,
                }
            )
        return rows

    def same_problems(self) -> int:
        """Return how often the same items failed here within a year, this time included."""
        since = self.object.inspection.inspected_on.replace(
            year=self.object.inspection.inspected_on.year - 1, day=1
        )
        texts = [item.result.item.text for item in self.items]
        return (
            RectificationItem.objects.visible_to(self.user)
            .filter(
                order__estate=self.object.estate,
                result__item__text__in=texts,
                order__inspection__inspected_on__gte=since,
                order__pk__lte=self.object.pk,
            )
            .values("order")
            .distinct()
            .count()
        )

    def side_panels(self) -> Sequence[Panel]:
        order = self.object
        served = (
            f"{order.get_service_method_display()}，{order.served_to}签收"
            if order.served_on
            else "还没有送达"
        )
        left = f"（{due_words(order.deadline)}）" if order.is_open else ""
        times = self.same_problems()
        facts = [
            Fact("小区", order.estate.name, url=order.estate.get_absolute_url()),
            Fact(
                "被通知单位",
                order.provider.name if order.provider else "",
                url=order.provider.get_absolute_url() if order.provider else "",
            ),
            Fact("依据", order.legal_basis),
            Fact("整改期限", f"{month_day(order.deadline)}{left}"),
            Fact(
                "送达",
                served,
                note=f"{month_day(order.served_on)}　送达人 {order.served_by}"
                if order.served_on
                else "",
            ),
        ]
        if order.demand:
            facts.append(Fact("总的要求", order.demand))
        if times > 1:
            facts.append(Fact("近一年", f"同类问题第 {times} 次"))
        return [KeyPanel("", facts)]

    def acts(self) -> dict[str, Any]:
        """Return the form or the link of the act that this person has now; empty for none."""
        order, user = self.object, self.user
        if order.status == OrderStatus.ISSUED and order.served_on is None:
            if user.has_role(*ORDER_ISSUERS):
                return {"title": "登记送达", "form": serve_form(order, user), "do": "serve"}
            return {"title": "等待送达", "wait": "通知书还没有登记送达，送达后由街道经办回复。"}
        if order.status == OrderStatus.ISSUED:
            if user.has_role(*REPLIERS):
                left = len(services.open_items(order))
                return {
                    "title": "填报整改回复",
                    "link": reverse("inspections:order-reply", args=[order.pk]),
                    "label": "填报整改回复",
                    "wait": f"{left} 项待回复，每项写明措施、附整改后照片。"
                    f"期限 {month_day(order.deadline)} 24:00。",
                }
            return {
                "title": "等待回复",
                "wait": f"由街道经办在 {month_day(order.deadline)} 24:00 前回复。",
            }
        if order.status == OrderStatus.REPLIED:
            return self.recheck_acts()
        return {}

    def recheck_acts(self) -> dict[str, Any]:
        order, user = self.object, self.user
        reported = self.replies[0].reported_by_id if self.replies else None
        may_record = (
            user.has_role(*RECHECKERS)
            and user.pk != reported
            and (order.recheck_by_id in {None, user.pk} or user.has_role("bureau_manager"))
        )
        record = {
            "link": reverse("inspections:order-recheck", args=[order.pk]),
            "label": "登记复查结果",
        }
        if not user.has_role(*ORDER_ISSUERS):
            who = (
                f"{order.recheck_by} {month_day(order.recheck_on)}复查"
                if (order.recheck_by and order.recheck_on)
                else "由房管中心安排复查"
            )
            return {"title": "等待复查", "wait": f"{who}。"}
        if order.recheck_by_id and order.recheck_on:
            arranged = {
                "title": "复查",
                "wait": f"已安排 {order.recheck_by}"
                + (f"、{order.recheck_companion}" if order.recheck_companion else "")
                + f" {month_day(order.recheck_on)}复查。",
                "again": reverse("inspections:order-arrange", args=[order.pk]),
            }
            return {**arranged, **record} if may_record else arranged
        act = {"title": "安排复查", "form": arrange_form(order, user), "do": "arrange"}
        return {**act, **record} if may_record else act

    def get_context(self, **extra: Any) -> dict[str, Any]:
        rows = self.item_rows()
        answered = sum(1 for row in rows if row["answer"])
        return super().get_context(
            item_rows=rows,
            answered=answered,
            replies=self.replies,
            rechecks=self.rechecks,
            act=self.acts(),
            has_side=True,
            inspection_url=self.object.inspection.get_absolute_url(),
            **extra,
        )


def _item_pill(looked: Any, answered: bool, order: RectificationOrder) -> Pill:
    if looked is not None and looked.result == RecheckResult.PASS:
        return Pill("整改到位", "g")
    if answered:
        return Pill("已回复", "b")
    if looked is not None:
        return Pill("整改不到位", "a")
    return Pill(due_words(order.deadline), "r") if order.is_overdue else Pill("待整改")


def _pairs(
    before: Sequence[EvidencePhoto], after: Sequence[EvidencePhoto], text: str
) -> list[PhotoPair]:
    """Return before and after side by side; the longer side has its missing ones said."""
    pairs = []
    for place in range(max(len(before), len(after))):
        pairs.append(
            PhotoPair(
                shown_photo(before[place], text, "检查") if place < len(before) else None,
                shown_photo(after[place], text, "回复") if place < len(after) else None,
                missing="还没有整改后照片" if place < len(before) else "没有对应的整改前照片",
            )
        )
    return pairs


# --- Acts -------------------------------------------------------------------------------------


class OrderIssue(FormPage):
    """A formal order over failed items of one inspection."""

    model, form_class, roles, list_url = Inspection, OrderIssueForm, ORDER_ISSUERS, LIST
    template_name = "inspections/order_issue.html"
    title, submit_label = "下达责令限期整改通知书", "下达通知书"

    def get_rows(self) -> QuerySet:
        return super().get_rows().reported().select_related("estate", "provider", "round")

    def get_meta(self) -> str:
        inspection = self.object
        return f"{inspection.estate}　·　{inspection.provider or '没有登记服务主体'}"

    @property
    def results(self) -> list[Any]:
        if not hasattr(self, "_results"):
            self._results = services.issuable_results(self.object)
        return self._results

    def get_initial(self) -> dict[str, Any]:
        own = [row.deadline for row in self.results if row.deadline]
        picked = [row for row in self.results if row.item.severity == Severity.FORMAL]
        picked = picked or self.results
        initial: dict[str, Any] = {
            "legal_basis": services.legal_basis_of(picked),
            "deadline": max([*own, clock.today()]),
        }
        initial.update({f"pick-{row.pk}": True for row in picked})
        return initial

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "results": self.results}

    def get_context(self, **extra: Any) -> dict[str, Any]:
        photos: dict[int, list[Any]] = {}
        rows = EvidencePhoto.objects.visible_to(self.user).select_related("estate")
        for photo in rows.filter(result__in=[row.pk for row in self.results]).order_by("pk"):
            photos.setdefault(photo.result_id, []).append(shown_photo(photo, "不合格项", "检查"))
        return super().get_context(photos=photos, **extra)

    def refusal(self) -> str:
        if not self.object.is_counted:
            return "检查记录还没有上报，不能下达整改通知书。"
        if self.object.provider_id is None:
            return "小区没有登记服务主体，通知书没有送达对象。请先登记服务合同。"
        return "" if self.results else "这份检查没有可以下达整改的不合格项。"

    def perform(self, form: OrderIssueForm) -> RectificationOrder:
        return services.rectification_order_issue(
            inspection=self.object,
            results=form.chosen,
            actor=self.user,
            legal_basis=form.cleaned_data["legal_basis"],
            deadline=form.cleaned_data["deadline"],
            demand=form.cleaned_data["demand"],
            requirements=form.requirements,
        )

    def done_message(self, result: RectificationOrder) -> str:
        return f"已下达 {result.number}，正在排版，请送达后登记。"


def serve_form(order: RectificationOrder, user: Any, **kwargs: Any) -> ServeForm:
    initial = {"served_on": clock.today(), "served_by": user.name}
    return ServeForm(user=user, initial=initial, **kwargs)


def arrange_form(order: RectificationOrder, user: Any, **kwargs: Any) -> ArrangeForm:
    initial = {"day": max(clock.today(), min(order.deadline, clock.today()))}
    people = services.recheckers_for(order)
    return ArrangeForm(user=user, order=order, people=people, initial=initial, **kwargs)


class _OrderAct(ActionPage):
    model, list_url = RectificationOrder, LIST

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate__street", "provider", "inspection")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.number}"

    def facts(self) -> Sequence[Fact]:
        order = self.object
        return [
            Fact("小区", order.estate.name),
            Fact("被通知单位", order.provider.name if order.provider else ""),
            Fact("整改期限", f"{month_day(order.deadline)}（{due_words(order.deadline)}）"),
        ]


class OrderServe(_OrderAct):
    form_class, roles = ServeForm, ORDER_ISSUERS
    title, submit_label = "登记送达", "登记送达"

    def get_initial(self) -> dict[str, Any]:
        return {"served_on": clock.today(), "served_by": self.user.name}

    def refusal(self) -> str:
        return "这份通知书的送达已经登记。" if self.object.served_on else ""

    def perform(self, form: ServeForm) -> RectificationOrder:
        return services.rectification_serve(order=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: RectificationOrder) -> str:
        return f"{result.number} 已登记送达，街道经办可以回复了。"


class OrderArrange(_OrderAct):
    form_class, roles = ArrangeForm, ORDER_ISSUERS
    title, submit_label = "安排复查", "安排复查"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {
            **super().get_form_kwargs(),
            "order": self.object,
            "people": services.recheckers_for(self.object),
        }

    def get_initial(self) -> dict[str, Any]:
        order = self.object
        return {
            "person": order.recheck_by_id,
            "companion": order.recheck_companion,
            "day": order.recheck_on or clock.today(),
        }

    def refusal(self) -> str:
        replied = self.object.status == OrderStatus.REPLIED
        return "" if replied else "还没有整改回复，不能安排复查。"

    def perform(self, form: ArrangeForm) -> RectificationOrder:
        return services.rectification_recheck_arrange(
            order=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: RectificationOrder) -> str:
        return f"已安排 {result.recheck_by} {month_day(result.recheck_on)}复查。"


class _ItemForm(FormPage):
    """Forms with a part for each open item of an order."""

    model, list_url = RectificationOrder, LIST
    wanted: str = OrderStatus.ISSUED

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate__street", "provider", "inspection")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.number}"

    def get_meta(self) -> str:
        order = self.object
        return (
            f"{order.estate}　·　{order.provider or ''}　·　"
            f"{month_day(order.deadline)} 24:00 到期（{due_words(order.deadline)}）"
        )

    @property
    def items(self) -> list[RectificationItem]:
        if not hasattr(self, "_items"):
            self._items = services.open_items(self.object)
        return self._items

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "items": self.items}

    def get_context(self, **extra: Any) -> dict[str, Any]:
        stages: dict[str, dict[int, list[Any]]] = {"found": {}, "fixed": {}}
        rows = EvidencePhoto.objects.visible_to(self.user).select_related("estate")
        results = {item.result_id: item for item in self.items}
        for photo in rows.filter(result__in=results).order_by("pk"):
            source = "检查" if photo.stage == PhotoStage.FOUND else "回复"
            item = results[photo.result_id]
            stages[photo.stage].setdefault(item.pk, []).append(
                shown_photo(photo, item.result.item.text, source)
            )
        return super().get_context(
            found=stages["found"],
            fixed=stages["fixed"],
            order=self.object,
            **extra,
        )

    def put_problems(self, form: Any, error: services.ItemProblems, fields: str) -> None:
        """Put the sentence of each item on its own field."""
        for pk, sentence in error.problems.items():
            form.add_error(f"{fields}-{pk}", sentence)


class OrderReply(_ItemForm):
    form_class, roles = ReplyForm, REPLIERS
    template_name = "inspections/order_reply.html"
    title, submit_label = "整改回复", "上报回复"

    def refusal(self) -> str:
        order = self.object
        if order.status != OrderStatus.ISSUED:
            return f"这份通知书{order.get_status_display()}，不用回复。"
        return "" if order.served_on else "通知书还没有登记送达，不能回复。"

    def get_initial(self) -> dict[str, Any]:
        return {"completed_on": clock.today()}

    def submit(self, form: ReplyForm) -> HttpResponseBase:
        """Refuse files that are no photos by their item, and keep all the others."""
        request = self.request
        valid = form.is_valid()
        uploads: dict[int, list[Upload]] = {}
        for item in self.items:
            name = f"photos-{item.pk}"
            good: list[UploadedFile] = []
            for upload in form.files.getlist(name):
                try:
                    picture = read_picture(read_upload(upload), str(upload.name))
                except BusinessError as error:
                    form.add_error(name, error.message)
                    valid = False
                else:
                    good.append(upload)
                    uploads.setdefault(item.pk, []).append(Upload(picture=picture))
            # What is no photo must not come back with the next try.
            chosen = request.FILES.getlist(name)
            request.FILES.setlist(name, [upload for upload in chosen if upload in good])
        if not valid:
            return self.reject(form, REJECTED)
        try:
            reply = services.rectification_reply(
                order=self.object,
                actor=self.user,
                completed_on=form.cleaned_data["completed_on"],
                responsible=form.cleaned_data["responsible"],
                statement=form.cleaned_data["statement"],
                measures=form.measures,
                photos=uploads,
            )
        except services.ItemProblems as error:
            self.put_problems(form, error, "measure")
            return self.reject(form, REJECTED)
        except BusinessError as error:
            put_error(form, error)
            return self.reject(form, LOST_RACE if error.code == "stale" else REJECTED)
        return self.succeed(reply)

    def refused_uploads(self, form: Any) -> set[str]:
        """What is no photo was taken out one by one; of too many, the person chooses anew."""
        return {name for name in form.errors if form.has_error(name, "too_many")}

    def get_success_url(self, result: RectificationReply) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: RectificationReply) -> str:
        return f"{self.object.number} 已回复，等待复查。"


class OrderRecheck(_ItemForm):
    form_class, roles = RecheckForm, RECHECKERS
    template_name = "inspections/order_recheck.html"
    title, submit_label = "登记复查结果", "登记复查结果"

    def refusal(self) -> str:
        replied = self.object.status == OrderStatus.REPLIED
        return "" if replied else "这份通知书现在不是待复查。"

    def get_initial(self) -> dict[str, Any]:
        return {"checked_on": clock.today(), "companion": self.object.recheck_companion}

    def perform(self, form: RecheckForm) -> Recheck:
        data = form.cleaned_data
        findings = {
            item.pk: Finding(data[f"done-{item.pk}"] == "1", data[f"finding-{item.pk}"])
            for item in self.items
        }
        try:
            return services.rectification_recheck(
                order=self.object,
                actor=self.user,
                checked_on=data["checked_on"],
                findings=findings,
                opinion=data["opinion"],
                companion=data["companion"],
                new_deadline=data["new_deadline"],
            )
        except services.ItemProblems as error:
            self.put_problems(form, error, "finding")
            raise

    def get_success_url(self, result: Recheck) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: Recheck) -> str:
        if result.result == RecheckResult.PASS:
            return f"{self.object.number} 整改到位，已销号。"
        return f"{self.object.number} 整改不到位，已退回重改。"


# --- Papers -----------------------------------------------------------------------------------


class OrderPrint(_OrderAct):
    """Has the notice printed anew by the worker."""

    roles = ORDER_ISSUERS
    title, submit_label = "排版通知书", "排版通知书"

    def sentence(self) -> str:
        return f"{self.object.number} 将在后台排成 PDF，完成后可以打印。"

    def perform(self, form: None) -> Any:
        return services.enqueue_notice(order=self.object, actor=self.user)

    def get_success_url(self, result: Any) -> str:
        return reverse("common:job-detail", args=[result.pk])


class OrderNotice(DownloadPage):
    """The notice with its photos, 送达回证 and 存根."""

    model = RectificationOrder
    inline = True

    def get_download(self) -> Download | None:
        order = self.object
        if not order.pdf:
            return None
        return Download(f"{order.number} 责令限期整改通知书.pdf", order.pdf)

    def audit_summary(self, download: Download) -> str:
        return "打印通知书"


class RecheckPrint(ActionPage):
    model, roles, list_url = Recheck, RECHECKERS, LIST
    title, submit_label = "排版复查意见书", "排版复查意见书"

    def sentence(self) -> str:
        return f"{self.object.number} 将在后台排成 PDF，完成后可以打印。"

    def perform(self, form: None) -> Any:
        return services.enqueue_recheck(recheck=self.object, actor=self.user)

    def get_success_url(self, result: Any) -> str:
        return reverse("common:job-detail", args=[result.pk])

    def get_cancel_url(self) -> str:
        return self.object.order.get_absolute_url()


class RecheckOpinion(DownloadPage):
    """The opinion of a recheck with its pairs of photos."""

    model = Recheck
    inline = True

    def get_download(self) -> Download | None:
        recheck = self.object
        return Download(f"{recheck.number} 复查意见书.pdf", recheck.pdf) if recheck.pdf else None

    def audit_summary(self, download: Download) -> str:
        return "打印复查意见书"

    def audit_subjects(self) -> Sequence[Any]:
        return [self.object.order]
