"""What the firm sees by its signed link: this one order, without an account.

Works on a phone and without a script. Nothing of it is kept by a browser or found by a search
engine. The address must not travel to other sites; a policy of ``no-referrer`` would also take
from our own forms the origin by which they are told from foreign ones, so it stays at
``same-origin``.
"""

from types import SimpleNamespace
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View

from inspections import services
from inspections.choices import ORDER_ANSWERABLE, PhotoStage, RecheckResult
from inspections.forms import LinkExtensionForm, LinkObjectionForm, LinkReplyForm
from inspections.models import EvidencePhoto, RectificationItem, ReplyLink
from inspections.selectors import items_by_link, link_of_token, photo_by_link
from inspections.tables import order_pill
from xingyang_pm.common import clock, stash
from xingyang_pm.common.audit import audit_context, current_context
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.formats import due_words, moment_label
from xingyang_pm.common.tables import Pill
from xingyang_pm.common.throttle import allow
from xingyang_pm.common.views.generic import put_error

from .acts import REJECTED, read_uploads
from .appeals import appeal_refusal

NAME = "通过签名链接"
TOO_MANY = 429
GONE = 410
LOST_RACE = 409
# Tries of one address of the network, and sendings by one link, in so many seconds.
LOOKS, GUESSES, SENDINGS, SPAN = 600, 20, 20, 600


@method_decorator(login_not_required, name="dispatch")
class LinkView(View):
    """Opens the order of a live link, or says calmly that there is nothing to open."""

    link: ReplyLink

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        outer = current_context()
        who = outer.ip or "unknown"
        with audit_context(
            "link", ip=outer.ip, agent=outer.agent, request_id=outer.request_id, name=NAME
        ):
            response = self._answer(request, who, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response["Referrer-Policy"] = "same-origin"
        return response

    def _answer(
        self, request: HttpRequest, who: str, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not allow(f"link-look:{who}", LOOKS, SPAN):
            return self.closed("打开得太频繁，请过 10 分钟再试。", TOO_MANY)
        link = link_of_token(kwargs["token"])
        if link is None:
            if not allow(f"link-guess:{who}", GUESSES, SPAN):
                return self.closed("打开得太频繁，请过 10 分钟再试。", TOO_MANY)
            return self.closed("没有这个页面。请核对链接，或重新扫描整改单上的二维码。", 404)
        if not link.is_live:
            return self.closed("这个链接已经失效。需要办理的，请联系房管中心。", GONE)
        if request.method == "POST" and not allow(f"link-send:{link.pk}", SENDINGS, SPAN):
            return self.closed("提交得太频繁，请过 10 分钟再试。没有改动任何数据。", TOO_MANY)
        self.link, self.order = link, link.order
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotPermitted:  # revoked between two questions
            return self.closed("这个链接已经失效。需要办理的，请联系房管中心。", GONE)

    def closed(self, sentence: str, status: int) -> HttpResponse:
        return render(
            self.request, "inspections/link_closed.html", {"sentence": sentence}, status=status
        )

    def address(self, name: str = "page", *args: Any) -> str:
        return reverse(f"replies:{name}", args=[self.kwargs["token"], *args])

    @property
    def items(self) -> list[RectificationItem]:
        if not hasattr(self, "_items"):
            self._items = items_by_link(self.link)
        return self._items

    @property
    def is_staff(self) -> bool:
        """Whether the browser is signed in to the portal: these people act under their names."""
        return bool(self.request.user.is_authenticated)

    def context(self, **extra: Any) -> dict[str, Any]:
        order = self.order
        return {
            "order": order,
            "link": self.link,
            "pill": order_pill(order),
            "left": due_words(order.deadline) if order.is_open else "",
            "page_url": self.address(),
            "is_staff": self.is_staff,
            **extra,
        }


class LinkPage(LinkView):
    """The order as it stands: its items with their photos, and what may be done now."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        services.reply_link_opened(link=self.link)
        order = self.order
        extension, objection = order.extensions.first(), order.objections.first()
        context = self.context(
            rows=[self.row(item) for item in self.items],
            extension=extension,
            objection=objection,
            may_reply=order.status in ORDER_ANSWERABLE and order.is_delivered,
            may_extend=not appeal_refusal(order, extension is not None, "申请延期"),
            may_object=not appeal_refusal(order, objection is not None, "提出异议"),
            reply_url=self.address("reply"),
            extension_url=self.address("extension"),
            objection_url=self.address("objection"),
            is_waiting=not order.is_delivered,
        )
        return render(request, "inspections/link_page.html", context)

    def row(self, item: RectificationItem) -> dict[str, Any]:
        replies = sorted(item.replies.all(), key=lambda reply: reply.pk)
        rechecks = sorted(item.rechecks.all(), key=lambda row: row.pk)
        answer, looked = (rows[-1] if rows else None for rows in (replies, rechecks))
        before = [p for p in item.result.photos.all() if p.stage == PhotoStage.FOUND]
        after = list(answer.photos.all()) if answer else []
        if looked is not None and looked.result == RecheckResult.PASS:
            pill = Pill("整改到位", "g")
        elif looked is not None and (answer is None or answer.reply_id == looked.recheck.reply_id):
            pill = Pill("整改不到位", "a")
        elif answer is not None:
            pill = Pill("已回复" if answer.is_done else "没有完成", "b" if answer.is_done else "a")
        else:
            pill = Pill("待整改")
        return {
            "item": item,
            "result": item.result,
            "pill": pill,
            "photos": [self.picture(p, "整改前") for p in before]
            + [self.picture(p, "整改后") for p in after],
            "answer": answer,
            "recheck": looked,
        }

    def picture(self, photo: EvidencePhoto, label: str) -> dict[str, str]:
        return {
            "small": self.address("photo", photo.pk, "small"),
            "full": self.address("photo", photo.pk, "full"),
            "label": label,
            "time": moment_label(photo.taken_at or photo.uploaded_at),
        }


class LinkForm(LinkView):
    """One form of the firm's; what is refused keeps what was typed and the photos chosen."""

    form_class: ClassVar[type[forms.Form]]
    title = label = ""
    template_name = "inspections/link_form.html"

    def refusal(self) -> str:
        return ""

    def done(self) -> str:
        return ""

    def perform(self, form: Any) -> HttpResponse | None:
        """Call the service; return an answer where the form goes back."""

    def form_kwargs(self) -> dict[str, Any]:
        return {"user": AnonymousUser(), "initial": {}}

    @property
    def keeper(self) -> Any:
        """For whom uploads of a refused form are kept: this link alone."""
        return SimpleNamespace(pk=f"link-{self.link.pk}")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.form_class(**self.form_kwargs()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        files = stash.restore(request.POST, request.FILES, self.keeper)
        form = self.form_class(**self.form_kwargs(), data=request.POST, files=files)
        refusal = self.refusal()
        if self.is_staff:
            refusal = "这一页给服务单位填写。你已经登录平台，请在平台内办理。"
        if refusal:
            form.add_error(None, refusal)
            return self.show(form, LOST_RACE)
        try:
            answer = self.perform(form)
        except BusinessError as error:
            put_error(form, error)
            answer = self.show(form, LOST_RACE if error.code == "stale" else REJECTED)
        if answer is not None:
            return answer
        messages.success(request, self.done())
        return HttpResponseRedirect(self.address())

    def show(self, form: Any, status: int = 200) -> HttpResponse:
        kept = stash.keep(self.request.FILES, self.keeper) if status >= LOST_RACE else {}
        for key in self.request.POST:
            field = key.removeprefix(stash.PREFIX)
            if key.startswith(stash.PREFIX) and field not in kept:
                kept[field] = [(token, "") for token in self.request.POST.getlist(key)]
        for field in form.errors:
            if form.has_error(field, "too_many"):
                kept.pop(field, None)
        context = self.context(
            form=form,
            title=self.title,
            label=self.label,
            kept_uploads=kept,
            refusal=self.refusal(),
        )
        return render(self.request, self.template_name, context, status=status)


class LinkReply(LinkForm):
    form_class = LinkReplyForm
    title, label = "填写整改回复", "上报整改回复"
    template_name = "inspections/link_reply.html"

    def refusal(self) -> str:
        if self.order.status not in ORDER_ANSWERABLE:
            return f"这份整改单{self.order.get_status_display()}，不用回复。"
        return "" if self.order.is_delivered else "通知书还没有登记送达，送达后再填。"

    @property
    def open(self) -> list[RectificationItem]:
        if not hasattr(self, "_open"):
            self._open = services.open_items(self.order)
        return self._open

    def form_kwargs(self) -> dict[str, Any]:
        return {
            "user": AnonymousUser(),
            "initial": {"completed_on": clock.today()},
            "items": self.open,
        }

    def perform(self, form: LinkReplyForm) -> HttpResponse | None:
        valid, uploads = read_uploads(self.request, form, self.open)
        if not valid:
            return self.show(form, REJECTED)
        try:
            services.rectification_reply(
                order=self.order,
                link=self.link,
                completed_on=form.cleaned_data["completed_on"],
                responsible=form.cleaned_data["responsible"],
                statement=form.cleaned_data["statement"],
                photos=uploads,
                **form.sender,
                **form.answers,
            )
        except services.ItemProblems as error:
            for pk, sentence in error.problems.items():
                form.add_error(f"measure-{pk}", sentence)
            return self.show(form, REJECTED)
        return None

    def done(self) -> str:
        return "整改回复已收到，等待复查。"

    def context(self, **extra: Any) -> dict[str, Any]:
        photos = {
            item.pk: [
                {
                    "small": self.address("photo", photo.pk, "small"),
                    "full": self.address("photo", photo.pk, "full"),
                }
                for photo in item.result.photos.all()
                if photo.stage == PhotoStage.FOUND
            ]
            for item in self.items
        }
        return super().context(found=photos, **extra)


class LinkExtension(LinkForm):
    form_class = LinkExtensionForm
    title, label = "申请延期", "申请延期"

    def refusal(self) -> str:
        return appeal_refusal(self.order, self.order.extensions.exists(), "申请延期")

    def perform(self, form: LinkExtensionForm) -> HttpResponse | None:
        if not form.is_valid():
            return self.show(form, REJECTED)
        services.extension_request(order=self.order, link=self.link, **form.cleaned_data)
        return None

    def done(self) -> str:
        return "延期申请已收到。批准以前仍按原期限整改。"


class LinkObjection(LinkForm):
    form_class = LinkObjectionForm
    title, label = "提出异议", "提出异议"

    def refusal(self) -> str:
        return appeal_refusal(self.order, self.order.objections.exists(), "提出异议")

    def perform(self, form: LinkObjectionForm) -> HttpResponse | None:
        if not form.is_valid():
            return self.show(form, REJECTED)
        services.objection_file(order=self.order, link=self.link, **form.cleaned_data)
        return None

    def done(self) -> str:
        return "异议已收到，由房管中心复核。复核期间仍按期限整改。"


class LinkPhoto(LinkView):
    """A photo of this order, and of no other."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        photo = photo_by_link(self.link, kwargs["pk"])
        if photo is None:
            return self.closed("没有这张照片。", 404)
        field = photo.image if kwargs["size"] == "full" else photo.thumbnail
        try:
            stream = field.open("rb")
        except FileNotFoundError as error:
            raise Http404("照片文件已不在。") from error
        response = FileResponse(stream, content_type="image/jpeg")
        response["X-Content-Type-Options"] = "nosniff"
        return response
