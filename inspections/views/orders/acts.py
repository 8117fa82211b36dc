"""Each act on an order: issuing, serving, answering, rechecking."""

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from inspections import services
from inspections.choices import (
    ORDER_ANSWERABLE,
    ORDER_ISSUERS,
    RECHECKERS,
    REPLIERS,
    OrderStatus,
    PhotoStage,
    RecheckResult,
    Severity,
)
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
from inspections.selectors import Doubt, repeats, reply_doubts
from inspections.services import Upload
from inspections.services.pictures import read_picture
from inspections.views.entry import read_upload
from inspections.views.photos import shown_doubt, shown_photo
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import due_words, month_day
from xingyang_pm.common.views.generic import (
    ActionPage,
    Fact,
    FormPage,
    put_error,
)

from .lists import LIST

REJECTED = 422
LOST_RACE = 409


class OrderIssue(FormPage):
    """A formal order over failed items of one inspection."""

    model, form_class, roles, list_url = Inspection, OrderIssueForm, ORDER_ISSUERS, LIST
    template_name = "inspections/order_issue.html"
    title, submit_label = "下达整改", "下达整改"

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
            "kind": services.proposed_kind(picked),
            "legal_basis": services.legal_basis_of(picked),
            "deadline": max([*own, clock.today()]),
        }
        initial.update({f"pick-{row.pk}": True for row in picked})
        return initial

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "results": self.results}

    def get_context(self, **extra: Any) -> dict[str, Any]:
        photos: dict[int, list[Any]] = {}
        rows = EvidencePhoto.objects.visible_to(self.user).select_related("estate", "result")
        for photo in rows.filter(result__in=[row.pk for row in self.results]).order_by("pk"):
            photos.setdefault(photo.result_id, []).append(shown_photo(photo, "不合格项", "检查"))
        found = repeats(self.results, self.user)
        return super().get_context(
            photos=photos,
            repeats={pk: repeat for pk, repeat in found.items() if repeat.again},
            **extra,
        )

    def refusal(self) -> str:
        if not self.object.is_counted:
            return "检查记录还没有上报，不能下达整改通知书。"
        return "" if self.results else "这份检查没有可以下达整改的不合格项。"

    def perform(self, form: OrderIssueForm) -> RectificationOrder:
        return services.rectification_order_issue(
            inspection=self.object,
            results=form.chosen,
            actor=self.user,
            kind=form.cleaned_data["kind"],
            legal_basis=form.cleaned_data["legal_basis"],
            deadline=form.cleaned_data["deadline"],
            demand=form.cleaned_data["demand"],
            requirements=form.requirements,
        )

    def done_message(self, result: RectificationOrder) -> str:
        if result.is_formal:
            return f"已下达 {result.number}，正在排版，请送达后登记。"
        return f"已下达 {result.number}，已进整改台账，正在排版。"


def serve_form(order: RectificationOrder, user: Any, **kwargs: Any) -> ServeForm:
    initial = {"served_on": clock.today(), "served_by": user.name}
    return ServeForm(user=user, initial=initial, **kwargs)


def arrange_form(order: RectificationOrder, user: Any, **kwargs: Any) -> ArrangeForm:
    initial = {"day": max(clock.today(), min(order.deadline, clock.today()))}
    people = services.recheckers_for(order)
    return ArrangeForm(user=user, order=order, people=people, initial=initial, **kwargs)


class OrderAct(ActionPage):
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


class OrderServe(OrderAct):
    form_class, roles = ServeForm, ORDER_ISSUERS
    title, submit_label = "登记送达", "登记送达"

    def get_initial(self) -> dict[str, Any]:
        return {"served_on": clock.today(), "served_by": self.user.name}

    def refusal(self) -> str:
        if not self.object.is_formal:
            return "限期整改单下达即告知，不用登记送达。"
        return "这份通知书的送达已经登记。" if self.object.served_on else ""

    def perform(self, form: ServeForm) -> RectificationOrder:
        return services.rectification_serve(order=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: RectificationOrder) -> str:
        return f"{result.number} 已登记送达，街道经办可以回复了。"


class OrderArrange(OrderAct):
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
        rows = EvidencePhoto.objects.visible_to(self.user).select_related("estate", "result")
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


def read_uploads(
    request: HttpRequest, form: ReplyForm, items: Sequence[RectificationItem]
) -> tuple[bool, dict[int, list[Upload]]]:
    """Return whether the form stands, and the photos by item; what is none gets its sentence."""
    valid = form.is_valid()
    uploads: dict[int, list[Upload]] = {}
    for item in items:
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
    return valid, uploads


class OrderReply(_ItemForm):
    form_class, roles = ReplyForm, REPLIERS
    template_name = "inspections/order_reply.html"
    title, submit_label = "整改回复", "上报回复"

    def refusal(self) -> str:
        order = self.object
        if order.status not in ORDER_ANSWERABLE:
            return f"这份{order.get_kind_display()}{order.get_status_display()}，不用回复。"
        return "" if order.is_delivered else "通知书还没有登记送达，不能回复。"

    def get_initial(self) -> dict[str, Any]:
        return {"completed_on": clock.today()}

    def submit(self, form: ReplyForm) -> HttpResponseBase:
        """Refuse files that are no photos by their item, and keep all the others."""
        valid, uploads = read_uploads(self.request, form, self.items)
        if not valid:
            return self.reject(form, REJECTED)
        try:
            reply = services.rectification_reply(
                order=self.object,
                actor=self.user,
                completed_on=form.cleaned_data["completed_on"],
                responsible=form.cleaned_data["responsible"],
                statement=form.cleaned_data["statement"],
                photos=uploads,
                **form.answers,
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

    @property
    def doubts(self) -> dict[int, list[Doubt]]:
        """What is doubtful about the photos of the reply to recheck, by id of the item."""
        if not hasattr(self, "_doubts"):
            reply = (
                self.object.replies.visible_to(self.user).order_by("-reported_at", "-pk").first()
            )
            self._doubts = reply_doubts(reply, self.user)
        return self._doubts

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "doubts": self.doubts}

    def get_context(self, **extra: Any) -> dict[str, Any]:
        shown = {
            doubt.flag.pk: shown_doubt(doubt, asked=False)
            for doubts in self.doubts.values()
            for doubt in doubts
        }
        return super().get_context(doubts=shown, **extra)

    def perform(self, form: RecheckForm) -> Recheck:
        data = form.cleaned_data
        try:
            return services.rectification_recheck(
                order=self.object,
                actor=self.user,
                checked_on=data["checked_on"],
                findings=form.findings,
                verdicts=form.verdicts,
                opinion=data["opinion"],
                companion=data["companion"],
                new_deadline=data["new_deadline"],
            )
        except services.ItemProblems as error:
            self.put_problems(form, error, "finding")
            for pk, sentence in error.doubts.items():
                form.add_error(f"verdict-{pk}", sentence)
            raise

    def get_success_url(self, result: Recheck) -> str:
        return self.object.get_absolute_url()

    def done_message(self, result: Recheck) -> str:
        if result.result == RecheckResult.PASS:
            return f"{self.object.number} 整改到位，已销号。"
        return f"{self.object.number} 整改不到位，已退回重改。"
