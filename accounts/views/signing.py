"""Sign-in, sign-out, the code of the second factor."""

from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as otp_login

from accounts import selectors
from accounts.forms import CodeForm, SignInForm
from accounts.middleware import WRONG_ADDRESS, ended_sentence, safe_next
from accounts.models import User
from accounts.services import devices, sessions
from xingyang_pm.common import reminders
from xingyang_pm.common.menu import optional_url
from xingyang_pm.common.middleware import client_ip
from xingyang_pm.common.views.generic import EVERYONE, FormPage, PageHead, PortalView

REFUSED, LOCKED, WRONG_PLACE = 422, 429, 403


def next_page(request: HttpRequest, user: User) -> str:
    """Return where to go after the sign-in: the page asked for, if it is ours, or the first."""
    asked = request.POST.get("next") or request.GET.get("next")
    return safe_next(request, asked) or first_page(user)


def first_page(user: User) -> str:
    return optional_url(selectors.landing_name(user)) or reverse("accounts:profile")


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("password")], name="dispatch"
)
class SignIn(View):
    """The same words, and the same work, for a wrong name, a wrong password, a closed account."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(next_page(request, request.user))
        return self._page(request, SignInForm(), note=ended_sentence(request.GET.get("why", "")))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=REFUSED)
        username = selectors.counted_name(form.cleaned_data["username"])
        was_locked = selectors.try_state(username).is_locked
        user = authenticate(request, username=username, password=form.cleaned_data["password"])
        if user is None:
            return self._refuse(request, form, username, was_locked)
        ip = client_ip(request)
        if not selectors.address_allowed(user, ip):
            sessions.record_wrong_address(user=user)
            form.add_error(None, ended_sentence(WRONG_ADDRESS))
            return self._page(request, form, status=WRONG_PLACE)
        # Nothing of the time before the sign-in is kept: the key is new, the session empty.
        request.session.flush()
        login(request, user)
        sessions.record_sign_in(
            user=user,
            session_key=request.session.session_key or "",
            ip=ip,
            agent=request.headers.get("User-Agent", ""),
        )
        reminders.refresh(user)
        return HttpResponseRedirect(next_page(request, user))

    def _refuse(
        self, request: HttpRequest, form: SignInForm, username: str, was_locked: bool
    ) -> HttpResponse:
        state = sessions.record_sign_in_failure(username=username, was_locked=was_locked)
        if state.is_locked:
            form.add_error(
                "password",
                f"账号已锁定，请 {state.minutes_left} 分钟后再试，或联系本单位管理员。",
            )
            return self._page(request, form, status=LOCKED)
        form.add_error("password", f"用户名或密码不对，还可以再试 {state.tries_left} 次。")
        return self._page(request, form, status=REFUSED)

    def _page(
        self, request: HttpRequest, form: SignInForm, *, note: str = "", status: int = 200
    ) -> HttpResponse:
        asked = request.POST.get("next") or request.GET.get("next")
        context = {
            "form": form,
            "note": note,
            "next": safe_next(request, asked),
            "page": PageHead("登录"),
        }
        return render(request, "accounts/login.html", context, status=status)


class SignOut(PortalView):
    """Only by POST: a link from elsewhere must not sign anybody out."""

    roles = EVERYONE

    def post(self, request: HttpRequest) -> HttpResponse:
        sessions.record_sign_out(actor=self.user, session_key=request.session.session_key or "")
        logout(request)
        return HttpResponseRedirect(reverse(settings.LOGIN_URL))


@method_decorator(never_cache, name="dispatch")
class _CodePage(FormPage):
    """Pages of the code; after it this session is verified and has a new key."""

    roles, form_class = EVERYONE, CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not selectors.needs_second_factor(self.user):
            messages.info(request, "你的账号登录时不用动态码。")
            return HttpResponseRedirect(reverse("accounts:profile"))
        if selectors.shows_second_factor(self.user):
            return HttpResponseRedirect(next_page(request, self.user))
        return super().dispatch(request, *args, **kwargs)

    def with_next(self, name: str) -> str:
        """Return the page ``name``, which in the end leads where this one would have."""
        asked = safe_next(self.request, self.request.GET.get("next"))
        return reverse(name) + (f"?{urlencode({'next': asked})}" if asked else "")

    def verified(self, device: Any) -> None:
        old_key = self.request.session.session_key or ""
        otp_login(self.request, device)
        self.request.session.cycle_key()
        sessions.session_moved(old_key=old_key, new_key=self.request.session.session_key or "")

    def get_success_url(self, result: Any) -> str:
        return next_page(self.request, self.user)


class SecondFactor(_CodePage):
    """Asks for the code of the bound phone; without one leads to binding it."""

    title, submit_label = "输入动态码", "继续"
    template_name = "accounts/second_factor.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if selectors.confirmed_device(self.user) is None:
            return HttpResponseRedirect(self.with_next("accounts:second-factor-bind"))
        return super().get(request, *args, **kwargs)

    def perform(self, form: CodeForm) -> Any:
        device = devices.device_verify(actor=self.user, code=form.cleaned_data["code"])
        self.verified(device)
        return device


class SecondFactorBind(_CodePage):
    """Binds a phone: begins by POST, shows the QR code, asks for the first code."""

    title, submit_label = "绑定动态码", "绑定"
    template_name = "accounts/second_factor_bind.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if selectors.confirmed_device(self.user) is not None:
            return HttpResponseRedirect(self.with_next("accounts:second-factor"))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.POST.get("do") == "begin":
            devices.device_begin(actor=self.user)
            return HttpResponseRedirect(self.with_next("accounts:second-factor-bind"))
        return super().post(request, *args, **kwargs)

    def perform(self, form: CodeForm) -> Any:
        device = devices.device_confirm(actor=self.user, code=form.cleaned_data["code"])
        self.verified(device)
        return device

    def done_message(self, result: Any) -> str:
        return "动态码已绑定，以后登录都要输入。"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        device = selectors.pending_device(self.user)
        if device is not None:
            extra["picture"] = segno.make(device.config_url, error="l").svg_data_uri(
                scale=5, border=2
            )
            extra["secret"] = selectors.device_secret(device)
        return super().get_context(**extra)
