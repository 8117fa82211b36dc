"""Filters of the account lists."""

import django_filters
from django.db.models import Q, QuerySet

from xingyang_pm.common import clock
from xingyang_pm.common.filters import (
    KeywordFilter,
    PortalFilterSet,
    ScopedChoiceFilter,
    YesNoFilter,
)

from .choices import OfficeKind, Role
from .models import ApiToken, Office, User, UserSession
from .selectors import locked_names

USER_STATES = [
    ("active", "在用"),
    ("disabled", "已停用"),
    ("left", "已离岗"),
    ("locked", "登录锁定"),
    ("temporary", "没改过临时密码"),
    ("never", "没登录过"),
    ("none", "没有角色"),
]


class UserFilterSet(PortalFilterSet):
    office = ScopedChoiceFilter(Office, label="单位", empty="全部单位")
    role = django_filters.ChoiceFilter(label="角色", choices=Role.choices, method="by_role")
    state = django_filters.ChoiceFilter(label="状态", choices=USER_STATES, method="by_state")
    q = KeywordFilter(["username__icontains", "name__contains"], placeholder="用户名、姓名")

    class Meta:
        model = User
        fields = ["office", "role", "state", "q"]
        primary = ["office", "role", "state", "q"]

    def by_role(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.with_role(value) if value else rows

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == "locked":
            return rows.filter(username__in=list(locked_names()))
        conditions = {
            "active": Q(is_active=True),
            "disabled": Q(is_active=False, left_on__isnull=True),
            "left": Q(left_on__isnull=False),
            "temporary": Q(is_active=True, must_change_password=True),
            "never": Q(is_active=True, last_login__isnull=True),
            "none": Q(is_active=True, roles__isnull=True),
        }
        return rows.filter(conditions[value]) if value in conditions else rows


class OfficeFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(label="类别", choices=OfficeKind.choices)
    q = KeywordFilter(["name__contains", "code__startswith"], placeholder="名称、代码")

    class Meta:
        model = Office
        fields = ["kind", "q"]
        primary = ["kind", "q"]


class TokenFilterSet(PortalFilterSet):
    open = YesNoFilter("revoked_at", label="状态", yes="能用", no="停用或过期", method="by_open")
    q = KeywordFilter(["name__contains", "user__username__icontains"], placeholder="用途、用户名")

    class Meta:
        model = ApiToken
        fields = ["open", "q"]
        primary = ["open", "q"]

    def by_open(self, rows: QuerySet, name: str, value: bool | None) -> QuerySet:
        usable = Q(revoked_at__isnull=True, expires_on__gte=clock.today())
        return rows if value is None else rows.filter(usable if value else ~usable)


class SessionFilterSet(PortalFilterSet):
    open = YesNoFilter("ended_at", label="状态", yes="没有结束", no="已结束", method="by_open")

    class Meta:
        model = UserSession
        fields = ["open"]
        primary = ["open"]

    def by_open(self, rows: QuerySet, name: str, value: bool | None) -> QuerySet:
        return rows if value is None else rows.filter(ended_at__isnull=value)
