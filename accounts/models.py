"""Who works here: offices, users, their roles, passwords, sessions and API tokens."""

from functools import cached_property

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AppendOnly, Guard

from .choices import BUSINESS_READERS, OfficeKind, Role, SessionEnd
from .querysets import UserQuerySet, UserSessionQuerySet


class Office(models.Model):
    """Who people work for: the bureau, or a street or town office."""

    kind = models.CharField("类别", max_length=10, choices=OfficeKind.choices)
    code = models.CharField("代码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=60, unique=True)
    phone = models.CharField("办公电话", max_length=40, blank=True)
    is_active = models.BooleanField("在用", default=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "办公单位"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(kind=OfficeKind.BUREAU),
                name="office_one_bureau",
                violation_error_message="房管中心只能有一个。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_bureau(self) -> bool:
        return self.kind == OfficeKind.BUREAU


_UserManager = BaseUserManager.from_queryset(UserQuerySet)


class UserManager(_UserManager):
    """Finds users by name; accounts are made by ``accounts.services.user_create``."""

    def get_by_natural_key(self, username: str) -> "User":
        return self.get(username=username)


class User(AbstractBaseUser):
    """One person, one account. What a person may do comes from roles and office alone."""

    username = models.CharField("用户名", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=60)
    office = models.ForeignKey(Office, models.PROTECT, verbose_name="单位", related_name="users")
    duty = models.CharField("职务", max_length=60, blank=True)
    phone = models.CharField("手机", max_length=20, blank=True)
    email = models.EmailField("电子邮箱", blank=True)
    is_active = models.BooleanField("在用", default=True)
    must_change_password = models.BooleanField("须改密码", default=True)
    password_changed_at = models.DateTimeField("改密码时间", null=True, blank=True)
    large_text = models.BooleanField("大字", default=False)
    left_on = models.DateField("离岗日期", null=True, blank=True)
    created_at = models.DateTimeField("建立时间")
    created_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name="建立人", related_name="+"
    )

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = verbose_name_plural = "用户"
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left_on__isnull=True) | models.Q(is_active=False),
                name="user_left_is_inactive",
                violation_error_message="离岗人员的账号须停用。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def role_codes(self) -> frozenset[str]:
        return frozenset(self.roles.values_list("role", flat=True)) if self.pk else frozenset()

    @property
    def role_names(self) -> str:
        return "、".join(Role(code).label for code in Role.values if code in self.role_codes)

    def has_role(self, *roles: str) -> bool:
        return self.is_active and not self.role_codes.isdisjoint(roles)

    @property
    def sees_city(self) -> bool:
        """Whether this person sees all streets: the bureau's people do."""
        return self.office.is_bureau

    @property
    def reads_business(self) -> bool:
        return self.is_active and not self.role_codes.isdisjoint(BUSINESS_READERS)

    # Django's admin asks these. It is read-only here and open to the administrator alone.
    @property
    def is_staff(self) -> bool:
        return self.has_role(Role.SYSTEM_ADMIN)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff and perm.rpartition(".")[2].startswith("view_")

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class UserRole(models.Model):
    """One role of one user."""

    user = models.ForeignKey(User, models.CASCADE, related_name="roles", verbose_name="用户")
    role = models.CharField("角色", max_length=20, choices=Role.choices)

    objects = ScopedManager()

    triggers = [
        Guard(
            "exclusive",
            ("INSERT", "UPDATE"),
            "EXISTS (SELECT 1 FROM {table} other WHERE other.user_id = NEW.user_id "
            "AND other.id <> COALESCE(NEW.id, -1) AND other.role <> NEW.role "
            "AND (NEW.role IN ('system_admin', 'auditor') "
            "OR other.role IN ('system_admin', 'auditor')))",
            "系统管理员和审计员不能兼任其他角色。",
            lock="NEW.user_id",
        )
    ]

    class Meta:
        verbose_name = verbose_name_plural = "用户角色"
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="userrole_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()}"


class PasswordHistory(models.Model):
    """Hashes of former passwords, so that the last few are not used again."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="former_passwords", verbose_name="用户"
    )
    encoded = models.CharField("密码摘要", max_length=200)
    changed_at = models.DateTimeField("改密码时间")

    objects = ScopedManager()

    triggers = [AppendOnly("append", "密码记录不能修改。")]

    class Meta:
        verbose_name = verbose_name_plural = "密码记录"
        indexes = [models.Index(fields=["user", "-changed_at"], name="passwordhistory_user")]

    def __str__(self) -> str:
        return f"{self.user} {self.changed_at:%Y-%m-%d}"


class UserSession(models.Model):
    """One sign-in on one device; its user sees it and can end it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="sessions", verbose_name="用户"
    )
    session_key = models.CharField("会话", max_length=40, unique=True)
    ip = models.GenericIPAddressField("来源地址", null=True, blank=True)
    agent = models.CharField("终端", max_length=200, blank=True)
    started_at = models.DateTimeField("登录时间")
    last_seen_at = models.DateTimeField("最近操作")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    end_reason = models.CharField("结束方式", max_length=10, choices=SessionEnd.choices, blank=True)

    objects = UserSessionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "登录会话"
        ordering = ["-last_seen_at"]
        indexes = [models.Index(fields=["user", "-last_seen_at"], name="usersession_user")]

    def __str__(self) -> str:
        return f"{self.user} {self.started_at:%Y-%m-%d %H:%M}"


class ApiToken(models.Model):
    """A key for a program: reads as its user does, cut down to ``rights``. Kept as a hash."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name="用户")
    name = models.CharField("用途", max_length=60)
    prefix = models.CharField("开头", max_length=8)
    key_hash = models.CharField("密钥摘要", max_length=64, unique=True)
    rights = models.JSONField("可读范围", default=list)
    created_at = models.DateTimeField("建立时间")
    expires_on = models.DateField("有效至")
    revoked_at = models.DateTimeField("停用时间", null=True, blank=True)
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "接口密钥"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name}（{self.prefix}…）"
