"""What holds for every request of a signed-in person: ended and idle sessions, the second
factor, the password that must be changed, the addresses of administrators."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from xingyang_pm.common.middleware import client_ip

from . import selectors
from .choices import SessionEnd
from .services import sessions

API = "/api/"
EXEMPT = ("/healthz/", "/static/")
SIGN_OUT = "accounts:logout"
WRONG_ADDRESS = "address"
# What an open page asks by itself, over and over: nobody need be sitting there.
UNATTENDED = {"common:job-progress"}
# Where a hindrance leads, and what stays open until it is overcome.
PAGES = {
    selectors.SECOND_FACTOR.code: "accounts:second-factor",
    selectors.PASSWORD.code: "accounts:password-change",
}
OPEN_WHILE = {
    selectors.SECOND_FACTOR.code: {
        "accounts:second-factor",
        "accounts:second-factor-bind",
        SIGN_OUT,
    },
    selectors.PASSWORD.code: {"accounts:password-change", SIGN_OUT},
}


def ended_sentence(why: str) -> str:
    """Return what the sign-in page says to whom a session has ended; "" for an unknown reason."""
    minutes = settings.IDLE_TIMEOUT_MINUTES
    return {
        SessionEnd.IDLE: f"超过 {minutes} 分钟没有操作，已自动退出。重新登录后会回到刚才的页面。",
        SessionEnd.ENDED: "这个登录已在别处结束，请重新登录。",
        SessionEnd.ADMIN: "系统管理员结束了这个登录，请重新登录。",
        SessionEnd.REPLACED: "密码已修改，请用新密码登录。",
        SessionEnd.LOGOUT: "已经退出，请重新登录。",
        WRONG_ADDRESS: "系统管理员只能在指定的地址登录，请换到指定的电脑。",
    }.get(why, "")


def safe_next(request: HttpRequest, url: str | None) -> str:
    """Return ``url`` if it leads to a page of this portal, else nothing.

    The sign-in and sign-out pages are no place to return to.
    """
    if not url or not url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    ):
        return ""
    path = urlsplit(url).path
    return "" if path in {reverse("accounts:login"), reverse(SIGN_OUT)} else url


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """Let the sign-in page answer for a locked name (``AXES_LOCKOUT_CALLABLE``)."""
    return response if response is not None else HttpResponse(status=429)


def _page_of(request: HttpRequest) -> str:
    """Return the page on which the person is: what an htmx request or a form came from."""
    if request.headers.get("HX-Request"):
        origin = request.headers.get("HX-Current-URL", "")
    elif request.method == "GET":
        return request.get_full_path()
    else:
        origin = request.headers.get("Referer", "")
    if not safe_next(request, origin):
        return ""
    parts = urlsplit(origin)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _asks_for_part(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers or _wants_json(request)


def _by_token(request: HttpRequest) -> bool:
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    return request.path.startswith(API) and scheme.lower() == "token"


def lead_to(request: HttpRequest, name: str, code: str, sentence: str) -> HttpResponse:
    """Lead the person to the page ``name`` and, from there, back to the page of now.

    A script gets the sentence instead, an htmx request a change of the whole page.
    """
    if request.path.startswith(API) or _wants_json(request):
        return JsonResponse({"detail": sentence, "code": code}, status=403)
    target = resolve_url(name)
    query = {"why": code} if name == settings.LOGIN_URL else {}
    query["next"] = safe_next(request, _page_of(request))
    url = f"{target}?{urlencode({key: value for key, value in query.items() if value})}"
    url = url.removesuffix("?")
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url)


class AccountRulesMiddleware:
    """Enforces on the server what the office's rules say about accounts (domain facts §5)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(EXEMPT):
            return self.get_response(request)
        if _by_token(request):
            # The key alone says who asks; a cookie beside it must not lend more.
            request.user = AnonymousUser()
        elif not request.user.is_authenticated and SESSION_KEY in request.session:
            # The account was closed, or its password changed, behind this session's back.
            request.session.flush()
        response = self.get_response(request)
        return self._led_to_sign_in(request, response)

    def _led_to_sign_in(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Mend the redirect of ``LoginRequiredMiddleware`` where following it leads nowhere:
        into a fragment of a page, into a script, or back to what only takes a POST."""
        if request.user.is_authenticated or response.status_code != 302:
            return response
        target = urlsplit(response["Location"])
        plain = request.method == "GET" and not _asks_for_part(request)
        led = target.path == resolve_url(settings.LOGIN_URL) and target.query.startswith("next=")
        if plain or not led:
            return response
        return lead_to(request, settings.LOGIN_URL, "signed_out", "请先登录。")

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        user = request.user
        if request.path.startswith(EXEMPT) or not user.is_authenticated:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        # Django takes the API's views for public: they ask who it is themselves.
        public = not getattr(view, "login_required", True) and not request.path.startswith(API)
        why = self._why_ended(request, unattended=name in UNATTENDED)
        if why:
            logout(request)
            if public:
                return None
            return lead_to(request, settings.LOGIN_URL, why, ended_sentence(why))
        if public or name == SIGN_OUT:
            return None
        hindrance = selectors.hindrance(user)
        if hindrance is None or name in OPEN_WHILE[hindrance.code]:
            return None
        return lead_to(request, PAGES[hindrance.code], hindrance.code, hindrance.sentence)

    def _why_ended(self, request: HttpRequest, *, unattended: bool) -> str:
        """Return why this session may not go on; else note that it is used and return ""."""
        key = request.session.session_key or ""
        ip = client_ip(request)
        session = selectors.session_of_key(key) or sessions.session_open(
            user=request.user,
            session_key=key,
            ip=ip,
            agent=request.headers.get("User-Agent", ""),
        )
        if session.user_id != request.user.pk or session.ended_at is not None:
            return session.end_reason or SessionEnd.ENDED
        if selectors.is_idle(session):
            sessions.session_expire(session=session)
            return SessionEnd.IDLE
        if not selectors.address_allowed(request.user, ip):
            sessions.record_wrong_address(user=request.user, session_key=key)
            return WRONG_ADDRESS
        if not unattended:
            sessions.session_seen(session=session)
        return ""
