"""The system administrator's pages: users, offices, keys. No business here."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from accounts import selectors
from accounts.choices import ACCOUNT_ADMINS, AUDIT_READERS
from accounts.filters import OfficeFilterSet, TokenFilterSet, UserFilterSet
from accounts.forms import (
    LeaveForm,
    OfficeForm,
    ReasonForm,
    RolesForm,
    TokenForm,
    UserForm,
    UserUpdateForm,
)
from accounts.models import ApiToken, Office, User, UserSession
from accounts.services import devices, offices, tokens, users
from accounts.tables import (
    OfficeTable,
    OwnTokenTable,
    SessionTable,
    TokenTable,
    UserTable,
    user_pill,
)
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.formats import masked
from xingyang_pm.common.views.generic import (
    EVERYONE,
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    TablePanel,
    facts_of,
)

# The auditor sees who may do what, and changes nothing.
OVERSEERS = ACCOUNT_ADMINS | AUDIT_READERS


def _chip(label: str, state: str) -> SavedChip:
    return SavedChip(label, f"state={state}")


class UserList(ListPage):
    model, table_class, filterset_class = User, UserTable, UserFilterSet
    roles = export_roles = OVERSEERS
    title, unit = "用户", "个用户"
    empty_text = "还没有用户。点“建立账号”开一个。"
    views = [
        _chip("在用", "active"),
        _chip("登录锁定", "locked"),
        _chip("没改过临时密码", "temporary"),
        _chip("已离岗", "left"),
    ]
    actions = [
        Action("建立账号", "accounts:user-create", icon="plus", primary=True, roles=ACCOUNT_ADMINS)
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("office").prefetch_related("roles")


class UserDetail(RecordPage):
    model, roles = User, OVERSEERS
    list_url = "accounts:user-list"
    facts_title = "账号"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("office", "created_by")

    @cached_property
    def tries(self) -> selectors.TryState:
        return selectors.try_state(self.object.username)

    @cached_property
    def bound(self) -> bool:
        return selectors.confirmed_device(self.object) is not None

    @property
    def unmasked(self) -> bool:
        return self.user.has_role(*ACCOUNT_ADMINS)

    def get_pills(self) -> list[Pill]:
        locked = [Pill("登录锁定", "r")] if self.tries.is_locked else []
        return [user_pill(self.object), *locked]

    def get_meta(self) -> str:
        return f"{self.object.username}　{self.object.office}"

    def get_actions(self) -> list[Action]:
        """Return what may be done; on the own account that is another administrator's."""
        user = self.object
        if user.pk == self.user.pk:
            return [self._act("修改资料", "update", primary=True)]
        if not user.is_active:
            return [
                *([] if user.left_on else [self._act("登记离岗", "leave")]),
                self._act("恢复使用", "enable", primary=True),
            ]
        return [
            *([self._act("解除锁定", "unlock", icon="lock-open")] if self.tries.failures else []),
            *([self._act("重置动态码", "device-reset")] if self.bound else []),
            self._act("停用", "disable"),
            self._act("登记离岗", "leave"),
            self._act("重置密码", "reset"),
            self._act("单位和角色", "roles"),
            self._act("修改资料", "update", primary=True),
        ]

    def _act(self, label: str, name: str, *, icon: str = "", primary: bool = False) -> Action:
        return Action(
            label,
            f"accounts:user-{name}",
            icon=icon,
            primary=primary,
            by_pk=True,
            roles=ACCOUNT_ADMINS,
        )

    def notices(self) -> Sequence[Notice]:
        user, found = self.object, []
        if self.tries.is_locked:
            found.append(
                Notice(
                    f"连续 {self.tries.failures} 次登录失败，"
                    f"还要锁 {self.tries.minutes_left} 分钟。先问清楚是不是本人，再解除。",
                    "a",
                    "lock",
                )
            )
        if user.is_active and user.must_change_password:
            found.append(Notice("还没有改过临时密码，登录后先要修改。", icon="key"))
        if user.is_active and not user.role_codes:
            found.append(Notice("没有角色，登录后看不到业务内容。", "a"))
        return found

    def facts(self) -> Sequence[Fact]:
        user = self.object
        due = selectors.password_due_on(user)
        return [
            *facts_of(user, ["username", "name", "office", "duty"]),
            Fact("角色", user.role_names or "无", wide=True),
            Fact("手机", user.phone if self.unmasked else masked(user.phone)),
            Fact("电子邮箱", user.email),
            Fact("最近登录", user.last_login or "没有登录过"),
            Fact("密码", f"{due} 到期" if due else "不限期"),
            Fact("动态码", "已绑定" if self.bound else "没有绑定"),
            Fact("建立", user.created_at, note=str(user.created_by or "")),
            *([Fact("离岗日期", user.left_on)] if user.left_on else []),
        ]

    def panels(self) -> Sequence[Panel]:
        if not self.user.has_role(*ACCOUNT_ADMINS):
            return []
        rows = UserSession.objects.visible_to(self.user).filter(user=self.object)
        found = [TablePanel("登录", SessionTable, rows, limit=10, empty_text="还没有登录过。")]
        keys = ApiToken.objects.visible_to(self.user).filter(user=self.object)
        if keys.exists():
            found.append(TablePanel("接口密钥", OwnTokenTable, keys))
        return found

    def personal_summary(self) -> str:
        if not self.unmasked or not self.object.phone or self.object.pk == self.user.pk:
            return ""
        return f"查看“{self.object}”的手机号"


class _ShowsSecret(FormPage):
    """Answers the POST itself with a page that shows a secret once; it is kept nowhere, so no
    address shows it again."""

    def show(self, *, secret: str, what: str, advice: str, back: str) -> HttpResponse:
        self.template_name = "accounts/secret.html"
        return self.render(secret=secret, what=what, advice=advice, back=back)


HAND_OVER = "请当面或打电话告诉本人，不要发在群里。第一次登录必须修改。"


@method_decorator(never_cache, name="dispatch")
class UserCreate(_ShowsSecret):
    form_class, roles = UserForm, ACCOUNT_ADMINS
    title, submit_label, list_url = "建立账号", "建立账号", "accounts:user-list"
    intro = "建立后显示一次临时密码，请当面交给本人；第一次登录须修改。一人一个账号，不要合用。"

    @sensitive_variables()
    def perform(self, form: UserForm) -> tuple[User, str]:
        return users.user_create(actor=self.user, **form.cleaned_data)

    @sensitive_variables()
    def succeed(self, result: tuple[User, str]) -> HttpResponse:
        user, secret = result
        return self.show(
            secret=secret,
            what=f"{user.name}（{user.username}）的临时密码",
            advice=HAND_OVER,
            back=reverse("accounts:user-detail", args=[user.pk]),
        )


class _OfUser(FormPage):
    """A form about the user of the address; leads back there."""

    model, roles = User, ACCOUNT_ADMINS
    list_url = "accounts:user-list"

    def get_meta(self) -> str:
        return f"{self.object}　{self.object.username}　{self.object.office}"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("office")

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        return reverse("accounts:user-detail", args=[self.object.pk])


class UserUpdate(_OfUser):
    form_class = UserUpdateForm
    title, submit_label = "修改用户资料", "保存修改"

    def perform(self, form: UserUpdateForm) -> User:
        return users.user_update(actor=self.user, user=self.object, **form.cleaned_data)

    def done_message(self, result: User) -> str:
        return f"“{result}”的资料已修改。"


class UserRoles(_OfUser):
    form_class = RolesForm
    title, submit_label = "单位和角色", "保存单位和角色"
    intro = "改动后，这个人的登录都会结束，重新登录后按新的角色办事。"

    def get_initial(self) -> dict[str, Any]:
        return {"office": self.object.office, "roles": sorted(self.object.role_codes)}

    def perform(self, form: RolesForm) -> User:
        return users.user_set_roles(actor=self.user, user=self.object, **form.cleaned_data)

    def done_message(self, result: User) -> str:
        return f"“{result}”现在的角色：{selectors.role_words(result.role_codes)}。"


class _UserAct(ActionPage):
    """An act on the user of the address. On the own account it stands locked, with the reason."""

    model, roles = User, ACCOUNT_ADMINS
    list_url = "accounts:user-list"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("office")

    def get_meta(self) -> str:
        return f"{self.object}　{self.object.username}　{self.object.office}"

    @property
    def own(self) -> bool:
        return self.object.pk == self.user.pk

    def refusal(self) -> str:
        return "自己的账号由另一位系统管理员办理。" if self.own else self.why_not()

    def refuse(self, sentence: str) -> HttpResponse:
        """Answer 403 on the own account: no later state will make the act this person's."""
        if self.own:
            raise NotPermitted(sentence)
        return super().refuse(sentence)

    def why_not(self) -> str:
        """Return why the act is not possible now."""
        return "" if self.object.is_active else "账号已停用。"

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        return reverse("accounts:user-detail", args=[self.object.pk])


@method_decorator(never_cache, name="dispatch")
class UserReset(_UserAct):
    title, submit_label = "重置密码", "重置密码"

    def sentence(self) -> str:
        return (
            f"“{self.object}”现在的密码马上作废，所有登录结束，登录锁定解除。"
            "新的临时密码只显示一次。"
        )

    @sensitive_variables()
    def perform(self, form: None) -> str:
        return users.user_reset_password(actor=self.user, user=self.object)

    @sensitive_variables()
    def succeed(self, result: str) -> HttpResponse:
        self.template_name = "accounts/secret.html"
        return self.render(
            secret=result,
            what=f"{self.object.name}（{self.object.username}）的临时密码",
            advice=HAND_OVER,
            back=self.get_cancel_url(),
        )


class UserDisable(_UserAct):
    form_class, danger = ReasonForm, True
    title, submit_label = "停用账号", "停用账号"

    def sentence(self) -> str:
        return (
            f"“{self.object}”马上不能登录，现有登录和接口密钥都结束。办过的记录不变，以后可以恢复。"
        )

    def perform(self, form: ReasonForm) -> User:
        return users.user_disable(actor=self.user, user=self.object, **form.cleaned_data)

    def done_message(self, result: User) -> str:
        return f"“{result}”的账号已停用。"


class UserLeave(_UserAct):
    form_class, danger = LeaveForm, True
    title, submit_label = "登记离岗", "登记离岗并停用账号"

    def sentence(self) -> str:
        return f"“{self.object}”离岗后账号马上停用，现有登录和接口密钥都结束。办过的记录不变。"

    def why_not(self) -> str:
        return "已登记离岗。" if self.object.left_on else ""

    def perform(self, form: LeaveForm) -> User:
        return users.user_leave(actor=self.user, user=self.object, **form.cleaned_data)

    def done_message(self, result: User) -> str:
        return f"已登记“{result}”离岗，账号停用。"


class UserEnable(_UserAct):
    title, submit_label = "恢复使用", "恢复使用"

    def sentence(self) -> str:
        return f"“{self.object}”可以重新登录，登录后先要修改密码。接口密钥不恢复。"

    def why_not(self) -> str:
        return "账号正在使用。" if self.object.is_active else ""

    def perform(self, form: None) -> User:
        return users.user_enable(actor=self.user, user=self.object)

    def done_message(self, result: User) -> str:
        return f"“{result}”的账号已恢复使用。"


class UserUnlock(_UserAct):
    title, submit_label = "解除锁定", "解除锁定"

    def sentence(self) -> str:
        failures = selectors.try_state(self.object.username).failures
        return f"“{self.object}”最近 {failures} 次登录失败，解除后可以马上登录。"

    def why_not(self) -> str:
        failed = selectors.try_state(self.object.username).failures
        return "" if failed else "账号没有被锁定，最近也没有登录失败。"

    def perform(self, form: None) -> User:
        return users.user_unlock(actor=self.user, user=self.object)

    def done_message(self, result: User) -> str:
        return "锁定已解除。"


class UserDeviceReset(_UserAct):
    form_class, danger = ReasonForm, True
    title, submit_label = "重置动态码", "重置动态码"

    def sentence(self) -> str:
        return (
            f"“{self.object}”绑定的手机马上作废，所有登录结束，下次登录重新绑定。先核对是不是本人。"
        )

    def why_not(self) -> str:
        return "" if selectors.confirmed_device(self.object) else "这个人没有绑定动态码。"

    def perform(self, form: ReasonForm) -> User:
        return devices.device_reset(actor=self.user, user=self.object, **form.cleaned_data)

    def done_message(self, result: User) -> str:
        return f"“{result}”的动态码已重置。"


class OfficeList(ListPage):
    model, table_class, filterset_class = Office, OfficeTable, OfficeFilterSet
    roles = export_roles = OVERSEERS
    title, unit = "单位", "个单位"
    empty_text = "还没有单位。请运行 load_reference 装入街道（乡镇）。"

    def get_rows(self) -> QuerySet:
        working = Count("users", filter=Q(users__is_active=True))
        return super().get_rows().annotate(user_total=working)


class OfficeDetail(RecordPage):
    model, roles = Office, OVERSEERS
    list_url = "accounts:office-list"
    actions = [
        Action("修改单位", "accounts:office-update", primary=True, by_pk=True, roles=ACCOUNT_ADMINS)
    ]

    def facts(self) -> Sequence[Fact]:
        return facts_of(self.object, ["code", "name", "kind", "phone", "is_active"])

    def panels(self) -> Sequence[Panel]:
        people = (
            User.objects.visible_to(self.user)
            .filter(office=self.object)
            .select_related("office")
            .prefetch_related("roles")
        )
        links = [("在用户表里看", f"{reverse('accounts:user-list')}?office={self.object.pk}")]
        return [TablePanel("人员", UserTable, people, links=links, empty_text="还没有人。")]


class OfficeUpdate(FormPage):
    model, form_class, roles = Office, OfficeForm, ACCOUNT_ADMINS
    title, submit_label, list_url = "修改单位", "保存修改", "accounts:office-list"
    intro = "名称和代码随官方名录，不在这里改。"

    def get_meta(self) -> str:
        return self.object.name

    def perform(self, form: OfficeForm) -> Office:
        return offices.office_update(actor=self.user, office=self.object, **form.cleaned_data)

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        return reverse("accounts:office-detail", args=[self.object.pk])

    def done_message(self, result: Office) -> str:
        return f"“{result}”已修改。"


class TokenList(ListPage):
    model, table_class, filterset_class = ApiToken, TokenTable, TokenFilterSet
    roles = export_roles = ACCOUNT_ADMINS
    title, unit = "接口密钥", "个密钥"
    empty_text = "还没有接口密钥。别的系统要取数时，在这里给它建立一个。"
    actions = [
        Action("建立密钥", "accounts:token-create", icon="plus", primary=True, roles=ACCOUNT_ADMINS)
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("user")


@method_decorator(never_cache, name="dispatch")
class TokenCreate(_ShowsSecret):
    form_class, roles = TokenForm, ACCOUNT_ADMINS
    title, submit_label, list_url = "建立接口密钥", "建立密钥", "accounts:token-list"
    intro = "密钥只能读，范围不超过所选的人；建立后只显示一次。"

    def get_initial(self) -> dict[str, Any]:
        return {"user": self.request.GET.get("user"), "expires_on": tokens.latest_expiry()}

    @sensitive_variables()
    def perform(self, form: TokenForm) -> tuple[ApiToken, str]:
        return tokens.token_create(actor=self.user, **form.cleaned_data)

    @sensitive_variables()
    def succeed(self, result: tuple[ApiToken, str]) -> HttpResponse:
        token, secret = result
        return self.show(
            secret=secret,
            what=f"接口密钥“{token.name}”",
            advice="请直接放进取数程序的保密配置，不要写进文档或发在群里。",
            back=reverse("accounts:token-list"),
        )


class TokenRevoke(ActionPage):
    """Stops a key: one's own, or any as the administrator."""

    model, roles, danger = ApiToken, EVERYONE, True
    title, submit_label = "停用接口密钥", "停用密钥"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("user")

    def get_menu(self) -> str:
        admin = self.user.has_role(*ACCOUNT_ADMINS)
        return "accounts:token-list" if admin else "accounts:profile"

    def sentence(self) -> str:
        return f"“{self.object.name}”停用后，用它取数的程序马上不能再读，也不能恢复。"

    def refusal(self) -> str:
        return "这个密钥已经停用。" if self.object.revoked_at else ""

    def perform(self, form: None) -> ApiToken:
        return tokens.token_revoke(actor=self.user, token=self.object)

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        return reverse(self.get_menu())

    def done_message(self, result: ApiToken) -> str:
        return f"接口密钥“{result.name}”已停用。"
