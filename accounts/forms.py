"""Shape and wording of the inputs about accounts."""

from typing import Any

from django import forms

from xingyang_pm.common.forms import PortalForm, PortalModelForm

from .choices import BUREAU_ROLES, STREET_ROLES, Role, TokenRight
from .models import Office, User
from .validators import MAX_LENGTH


class SignInForm(forms.Form):
    username = forms.CharField(
        label="用户名",
        max_length=150,
        error_messages={"required": "请输入用户名。", "max_length": "用户名太长。"},
    )
    password = forms.CharField(
        label="密码",
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput,
        error_messages={"required": "请输入密码。", "max_length": "密码太长。"},
    )


class CodeForm(PortalForm):
    code = forms.CharField(
        label="动态码（6 位数字）",
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
        error_messages={"required": "请输入动态码。", "max_length": "动态码是 6 位数字。"},
    )


def _password(label: str, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        error_messages={"max_length": f"密码最长 {MAX_LENGTH} 位。"},
    )


class PasswordForm(PortalForm):
    old_password = _password("现在的密码", "current-password")
    new_password = _password("新密码", "new-password")
    again = _password("再输一次新密码", "new-password")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("again") and cleaned.get("new_password") != cleaned["again"]:
            self.add_error("again", "两次输入的新密码不一样，请重新输入。")
        return cleaned


class LargeTextForm(PortalForm):
    large = forms.ChoiceField(label="字号", choices=[("0", "标准"), ("1", "大字")])


_PLACES = [("房管中心", BUREAU_ROLES), ("街道（乡镇）", STREET_ROLES)]


class RolesField(forms.MultipleChoiceField):
    """The roles, grouped by where they are held."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="角色",
            choices=[
                (place, [(role.value, role.label) for role in Role if role in roles])
                for place, roles in _PLACES
            ],
            required=False,
            help_text="系统管理员和审计员不能兼任其他角色；街道的角色只给街道（乡镇）的人。",
            **kwargs,
        )


class UserForm(PortalForm):
    username = forms.CharField(
        label="用户名", max_length=40, help_text="小写字母开头，一般用姓名拼音；建立后不能改。"
    )
    name = forms.CharField(label="姓名", max_length=60)
    office = forms.ModelChoiceField(Office.objects.filter(is_active=True), label="单位")
    duty = forms.CharField(label="职务", max_length=60, required=False)
    phone = forms.CharField(label="手机", max_length=20, required=False)
    email = forms.EmailField(label="电子邮箱", required=False)
    roles = RolesField()

    class Meta:
        sections = [
            ("账号", ["username", "name", "office", "duty", "phone", "email"]),
            ("可以做什么", ["roles"]),
        ]


class UserUpdateForm(PortalModelForm):
    class Meta:
        model = User
        fields = ["name", "duty", "phone", "email"]


class RolesForm(PortalForm):
    office = forms.ModelChoiceField(Office.objects.filter(is_active=True), label="单位")
    roles = RolesField()


class ReasonForm(PortalForm):
    reason = forms.CharField(label="原因", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class LeaveForm(PortalForm):
    left_on = forms.DateField(label="离岗日期", help_text="在岗的最后一天，不晚于今天。")
    reason = forms.CharField(
        label="说明", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class OfficeForm(PortalModelForm):
    class Meta:
        model = Office
        fields = ["phone", "is_active"]


class TokenForm(PortalForm):
    user = forms.ModelChoiceField(
        User.objects.active().select_related("office").order_by("office__code", "username"),
        label="以谁的名义读",
        help_text="程序看到的范围不超过这个人。",
    )
    name = forms.CharField(label="用途", max_length=60, help_text="例如：市数据平台每晚取数")
    rights = forms.MultipleChoiceField(
        label="可读范围", choices=TokenRight.choices, widget=forms.CheckboxSelectMultiple
    )
    expires_on = forms.DateField(label="有效至", help_text="最长一年。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["user"]
        field.queryset = field.queryset.readers()
        field.label_from_instance = lambda user: f"{user.name}（{user.username}，{user.office}）"
