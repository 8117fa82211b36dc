"""Pages that change something: a form, a confirmation, a file handed out.

Each calls one service. A rule that refuses is shown on its field or on top, with everything
that was typed or chosen kept.
"""

import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.base import File
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme

from xingyang_pm.common import audit, stash
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.kept import forget

from .base import PortalView
from .records import Fact

REJECTED = 422
LOST_RACE = 409


def put_error(form: forms.BaseForm, error: BusinessError | ValidationError) -> None:
    """Put the sentence of a refused act on its field, or on top of the form."""
    if isinstance(error, BusinessError):
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return
    for name, sentences in (
        error.message_dict.items() if hasattr(error, "error_dict") else [(None, error.messages)]
    ):
        form.add_error(name if name in form.fields else None, list(sentences))


class _WithForm(PortalView):
    """Shared by forms and confirmations: build the form, perform, answer.

    ``refusal()`` returns why the act is not possible now. The button then stands locked beside
    the reason, and a request that comes all the same (a second click, the browser's back button,
    another tab) changes nothing: it answers 409 with the reason and all that was typed.
    """

    form_class: ClassVar[type[forms.BaseForm] | None] = None
    submit_label: ClassVar[str] = "保存"
    success_url: ClassVar[str] = ""
    # False where the upload itself is what may be refused.
    keeps_uploads: ClassVar[bool] = True

    def get_form_class(self) -> type[forms.BaseForm] | None:
        return self.form_class

    def get_initial(self) -> dict[str, Any]:
        """Return first values; by default those named in the URL of a link to this page."""
        return {}

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = {"user": self.user, "initial": self.get_initial()}
        form_class = self.get_form_class()
        if (
            form_class
            and issubclass(form_class, forms.BaseModelForm)
            and isinstance(self.object, form_class._meta.model)
        ):
            kwargs["instance"] = self.object
        return kwargs

    def refusal(self) -> str:
        return ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(form=self.make_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refusal = self.refusal()
        return self.refuse(refusal) if refusal else self.submit(self.make_form(bound=True))

    def submit(self, form: Any) -> HttpResponseBase:
        """Perform what ``form`` says (None without a form), or say why it cannot be."""
        if form is not None and not form.is_valid():
            return self.reject(form, REJECTED)
        try:
            result = self.perform(form)
        except (BusinessError, ValidationError) as error:
            status = LOST_RACE if isinstance(error, StaleState) else REJECTED
            if form is not None:
                put_error(form, error)
                return self.reject(form, status)
            sentence = error.message if isinstance(error, BusinessError) else error.messages[0]
            return self.reject(None, status, problem=sentence)
        return self.succeed(result)

    def refuse(self, sentence: str) -> HttpResponse:
        form = self.make_form(bound=True)
        if form is None:
            return self.reject(None, LOST_RACE, problem=sentence)
        put_error(form, StaleState(sentence))
        return self.reject(form, LOST_RACE)

    def make_form(self, bound: bool = False) -> Any:
        form_class = self.get_form_class()
        if form_class is None:
            return None
        kwargs = self.get_form_kwargs()
        if bound:
            kwargs["data"] = self.request.POST
            kwargs["files"] = stash.restore(self.request.POST, self.request.FILES, self.user)
        return form_class(**kwargs)

    def perform(self, form: Any) -> Any:
        """Call the one service of this page and return its result."""
        raise ImproperlyConfigured(f"{type(self).__name__} does not say what to perform")

    def get_success_url(self, result: Any) -> str:
        """Return where to go: ``success_url``, the result's or the record's page, the list."""
        if self.success_url:
            return self._resolve(self.success_url)
        for candidate in (result, self.object):
            if hasattr(candidate, "get_absolute_url"):
                return candidate.get_absolute_url()
        if self.list_url:
            return reverse(self.list_url)
        raise ImproperlyConfigured(f"{type(self).__name__} does not say where to go")

    def done_message(self, result: Any) -> str:
        """Return the sentence shown on the next page; empty for none."""
        return ""

    def get_submit_label(self) -> str:
        return self.submit_label

    def get_cancel_url(self) -> str:
        """Return where 取消 leads: ``?next=``, the record, the list."""
        asked = self.request.GET.get("next", "")
        if asked and url_has_allowed_host_and_scheme(asked, {self.request.get_host()}):
            return asked
        if self.object is not None and hasattr(self.object, "get_absolute_url"):
            return self.object.get_absolute_url()
        return reverse(self.list_url) if self.list_url else ""

    def succeed(self, result: Any) -> HttpResponse:
        sentence = self.done_message(result)
        if sentence:
            messages.success(self.request, sentence)
        forget(self.user)
        return HttpResponseRedirect(self.get_success_url(result))

    def refused_uploads(self, form: Any) -> set[str]:
        """Return the fields whose uploads are not kept: they would be refused again next time."""
        return {form.add_prefix(name) for name in form.errors} if form is not None else set()

    def reject(self, form: Any, status: int, **extra: Any) -> HttpResponse:
        keeps = self.keeps_uploads and self.request.FILES
        kept = stash.keep(self.request.FILES, self.user) if keeps else {}
        for key in self.request.POST if self.keeps_uploads else ():
            field = key.removeprefix(stash.PREFIX)
            if key.startswith(stash.PREFIX) and field not in kept:
                kept[field] = [(token, "") for token in self.request.POST.getlist(key)]
        for field in self.refused_uploads(form):
            kept.pop(field, None)
        return self.render(status, form=form, kept_uploads=kept, **extra)


class FormPage(_WithForm):
    """A form that creates (no ``model``) or changes (``model`` and pk) by one service.

    Declare ``form_class``, ``perform(form)``; optionally ``done_message``, ``submit_label``,
    ``intro`` (a sentence above the fields). A rejected form answers 422, a lost race 409.
    """

    template_name = "generic/form.html"
    intro: ClassVar[str] = ""

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(
            refusal=self.refusal(),
            submit_label=self.get_submit_label(),
            cancel_url=self.get_cancel_url(),
            intro=self.intro,
            **extra,
        )


class ActionPage(_WithForm):
    """One act on a record: GET asks, POST performs.

    ``sentence()`` says what will happen and repeats amount and count; ``facts()`` the figures;
    ``form_class`` a small form (a reason, a date). ``post_only`` leaves out the question (GET is
    405). ``refusal()`` locks the button beside its reason. ``danger`` marks what cannot be taken
    back.
    """

    template_name = "generic/confirm.html"
    post_only: ClassVar[bool] = False
    danger: ClassVar[bool] = False

    def sentence(self) -> str:
        return ""

    def facts(self) -> Sequence[Fact]:
        return ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.post_only:
            return self.http_method_not_allowed(request, *args, **kwargs)
        return super().get(request, *args, **kwargs)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(
            sentence=self.sentence(),
            facts=list(self.facts()),
            refusal=self.refusal(),
            danger=self.danger,
            submit_label=self.get_submit_label(),
            cancel_url=self.get_cancel_url(),
            **extra,
        )


@dataclass(frozen=True)
class Download:
    """A file to hand out: its name for the user and its content."""

    name: str
    content: "File | Path | bytes | BinaryIO"
    content_type: str = ""


# What a browser may show itself; anything else is only ever saved.
INLINE_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png"})


class DownloadPage(PortalView):
    """Hands out a file of a record that the user may see.

    ``get_download()`` returns it; the path never comes from the user. ``inline`` lets the
    browser show a PDF or a picture. ``audit_summary()`` is written into the audit log; empty
    for files without personal data. ``verb`` is its code.
    """

    inline: ClassVar[bool] = False
    verb: ClassVar[str] = "file.download"
    audit_tag: ClassVar[str] = "下载"

    def get_download(self) -> Download | None:
        raise ImproperlyConfigured(f"{type(self).__name__} does not say what to hand out")

    def audit_summary(self, download: Download) -> str:
        return f"下载“{download.name}”"

    def audit_subjects(self) -> Iterable[Any]:
        return ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        download = self.get_download()
        if download is None:
            raise Http404("没有这份文件。")
        content_type = (
            download.content_type
            or mimetypes.guess_type(download.name)[0]
            or "application/octet-stream"
        )
        try:
            if isinstance(download.content, Path):
                stream: Any = download.content.open("rb")
            elif isinstance(download.content, File):
                stream = download.content.open("rb")
            else:
                stream = download.content
        except FileNotFoundError as error:
            raise Http404("文件已不在，请联系系统管理员。") from error
        summary = self.audit_summary(download)
        if summary:
            audit.record(
                actor=self.user,
                verb=self.verb,
                target=self.object,
                summary=summary,
                subjects=list(self.audit_subjects()),
                tag=self.audit_tag,
            )
        if isinstance(stream, bytes):
            response: HttpResponseBase = HttpResponse(stream, content_type=content_type)
            response["Content-Length"] = str(len(stream))
            disposition = content_disposition_header(not self.shows(content_type), download.name)
            if disposition:
                response["Content-Disposition"] = disposition
        else:
            response = FileResponse(
                stream,
                as_attachment=not self.shows(content_type),
                filename=download.name,
                content_type=content_type,
            )
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response

    def shows(self, content_type: str) -> bool:
        return self.inline and content_type in INLINE_TYPES
