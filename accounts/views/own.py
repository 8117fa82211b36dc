"""What everybody has: the own account, password, sign-ins."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import selectors
from accounts.filters import SessionFilterSet
from accounts.forms import LargeTextForm, PasswordForm
from accounts.models import ApiToken, User, UserSession
from accounts.services import passwords, sessions, users
from accounts.tables import OwnSessionTable, OwnTokenTable
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import month_day
from xingyang_pm.common.views.generic import (
    EVERYONE,
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Panel,
    RecordPage,
    TablePanel,
)

from .signing import next_page

_TRIES = "password_tries"


class Profile(RecordPage):
    """Who I am here; the first page of people who have no business to see."""

    roles = EVERYONE
    title, facts_title, timeline = "我的账号", "我的资料", False
    menu = "accounts:profile"
    actions = [
        Action("我的登录", "accounts:session-list", icon="device-desktop", roles=EVERYONE),
        Action("平时用大字", "accounts:large-text", icon="text-size", method="post",
               roles=EVERYONE, fields={"large": "1"}, show=lambda v: not v.user.large_text),
        Action("平时用标准字号", "accounts:large-text", icon="text-size", method="post",
               roles=EVERYONE, fields={"large": "0"}, show=lambda v: v.user.large_text),
        Action("修改密码", "accounts:password-change", icon="key", primary=True, roles=EVERYONE),
    ]  # fmt: skip

    def notices(self) -> Sequence[Notice]:
        if not self.user.role_codes:
            return [Notice("这个账号还没有角色，看不到业务内容。请联系系统管理员。", "a")]
        return []

    def facts(self) -> Sequence[Fact]:
        user = self.user
        due = selectors.password_due_on(user)
        facts = [
            Fact("用户名", user.username),
            Fact("姓名", user.name),
            Fact("单位", user.office.name),
            Fact("职务", user.duty),
            Fact("角色", user.role_names or "无", wide=True),
            Fact("手机", user.phone),
            Fact("电子邮箱", user.email),
            Fact("密码", f"{month_day(due)}前要换" if due else "不限期"),
        ]
        if selectors.needs_second_factor(user):
            facts.append(Fact("动态码", "已绑定"))
        return facts

    def panels(self) -> Sequence[Panel]:
        own = ApiToken.objects.visible_to(self.user).filter(user=self.user)
        if not own.exists():
            return []
        return [TablePanel("我的接口密钥", OwnTokenTable, own, user=self.user)]


class LargeText(ActionPage):
    """Keeps the size of type for all computers of this user; the browser's own choice goes."""

    roles, form_class, post_only = EVERYONE, LargeTextForm, True
    title, success_url = "字号", "accounts:profile"

    def perform(self, form: LargeTextForm) -> bool:
        large = form.cleaned_data["large"] == "1"
        users.large_text_keep(actor=self.user, large=large)
        return large

    def done_message(self, result: bool) -> str:
        return "以后都用大字显示。" if result else "以后都用标准字号显示。"

    def succeed(self, result: bool) -> HttpResponse:
        response = super().succeed(result)
        response.delete_cookie(f"big-{self.user.pk}")
        return response


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class PasswordChange(FormPage):
    """Changes the own password; people who must are led here and nowhere else."""

    roles, form_class = EVERYONE, PasswordForm
    title, submit_label = "修改密码", "修改密码"
    menu = "accounts:profile"

    @property
    def forced(self) -> bool:
        return selectors.must_change_password(self.user)

    def get_template_names(self) -> list[str]:
        return ["accounts/password_forced.html" if self.forced else "accounts/password.html"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Sign out who guesses at the present password at an open desk."""
        response = super().post(request, *args, **kwargs)
        if request.session.get(_TRIES, 0) < settings.LOGIN_FAILURE_LIMIT:
            return response
        sessions.record_sign_out(actor=self.user, session_key=request.session.session_key or "")
        logout(request)
        messages.error(request, "现在的密码多次填错，已退出。")
        return HttpResponseRedirect(reverse(settings.LOGIN_URL))

    def perform(self, form: PasswordForm) -> User:
        session = self.request.session
        old_key = session.session_key or ""
        try:
            user = passwords.password_change(
                actor=self.user,
                old_password=form.cleaned_data["old_password"],
                new_password=form.cleaned_data["new_password"],
                keep_session=old_key,
            )
        except BusinessError as error:
            if error.code == "old_password":
                session[_TRIES] = session.get(_TRIES, 0) + 1
            raise
        session.pop(_TRIES, None)
        update_session_auth_hash(self.request, user)
        sessions.session_moved(old_key=old_key, new_key=session.session_key or "")
        return user

    def get_success_url(self, result: User) -> str:
        return next_page(self.request, result)

    def done_message(self, result: User) -> str:
        return "密码已修改，别处的登录都已结束。"

    def get_cancel_url(self) -> str:
        return "" if self.forced else reverse("accounts:profile")

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(
            rules=passwords.password_rules(), first=self.user.must_change_password, **extra
        )


class SessionList(ListPage):
    """My sign-ins; the one of this page is marked."""

    model, table_class, filterset_class = UserSession, OwnSessionTable, SessionFilterSet
    roles = EVERYONE
    title, unit, exports, saves_views = "我的登录", "个登录", False, False
    empty_text = "没有登录记录。"
    menu = "accounts:profile"
    meta = "看到不是自己的登录，先结束它，再修改密码。"
    actions = [
        Action("修改密码", "accounts:password-change", icon="key", primary=True, roles=EVERYONE)
    ]

    def get_rows(self) -> QuerySet:
        present = self.request.session.session_key or ""
        return super().get_rows().filter(user=self.user).mark_present(present)


class SessionEnd(ActionPage):
    model, roles = UserSession, EVERYONE
    title, submit_label, danger = "结束登录", "结束这个登录", True
    menu = "accounts:profile"

    @property
    def own(self) -> bool:
        return self.object.user_id == self.user.pk

    @property
    def present(self) -> bool:
        return self.object.session_key == self.request.session.session_key

    def sentence(self) -> str:
        if self.present:
            return "这就是现在用的登录，结束后要重新登录。"
        whose = "你" if self.own else f"“{self.object.user}”"
        return (
            f"{whose}在 {self.object.ip or '未知地址'} 的登录马上结束，那里没有保存的内容会丢失。"
        )

    def refusal(self) -> str:
        return "这个登录已经结束。" if self.object.ended_at else ""

    def perform(self, form: None) -> UserSession:
        return sessions.session_end(actor=self.user, session=self.object)

    def succeed(self, result: UserSession) -> HttpResponse:
        if not self.present:
            return super().succeed(result)
        logout(self.request)
        return HttpResponseRedirect(reverse(settings.LOGIN_URL))

    def get_success_url(self, result: UserSession) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        if self.own:
            return reverse("accounts:session-list")
        return reverse("accounts:user-detail", args=[self.object.user_id])

    def done_message(self, result: UserSession) -> str:
        return "登录已结束。"
