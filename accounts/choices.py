"""Roles and what sets of them may do: the matrix of the office, as data."""

from django.db import models


class Role(models.TextChoices):
    STREET_CLERK = "street_clerk", "街道经办"
    STREET_LEADER = "street_leader", "街道审核"
    INSPECTOR = "inspector", "检查员"
    BUREAU_MANAGER = "bureau_manager", "科室负责人"
    BUREAU_LEADER = "bureau_leader", "分管领导"
    FINANCE_OFFICER = "finance_officer", "财务"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    AUDITOR = "auditor", "审计员"


class OfficeKind(models.TextChoices):
    BUREAU = "bureau", "房管中心"
    STREET = "street", "街道（乡镇）"


class SessionEnd(models.TextChoices):
    LOGOUT = "logout", "退出"
    ENDED = "ended", "本人结束"
    ADMIN = "admin", "管理员结束"
    IDLE = "idle", "超时退出"
    REPLACED = "replaced", "密码已改"


STREET_ROLES = frozenset({Role.STREET_CLERK, Role.STREET_LEADER})
BUREAU_ROLES = frozenset(
    {
        Role.INSPECTOR,
        Role.BUREAU_MANAGER,
        Role.BUREAU_LEADER,
        Role.FINANCE_OFFICER,
        Role.SYSTEM_ADMIN,
        Role.AUDITOR,
    }
)
# The system administrator and the auditor hold their role alone (权限分离).
EXCLUSIVE_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.AUDITOR})
# Who reads the business at all; the administrator does no business.
BUSINESS_READERS = frozenset(set(Role) - {Role.SYSTEM_ADMIN})
ACCOUNT_ADMINS = frozenset({Role.SYSTEM_ADMIN})
AUDIT_READERS = frozenset({Role.AUDITOR})
REGISTRY_EDITORS = frozenset({Role.BUREAU_MANAGER})
SECOND_FACTOR_ROLES = frozenset(
    {Role.BUREAU_LEADER, Role.STREET_LEADER, Role.FINANCE_OFFICER, Role.SYSTEM_ADMIN}
)
# Who sees phone numbers and the like unmasked.
PERSONAL_DATA_READERS = frozenset(
    {Role.STREET_CLERK, Role.STREET_LEADER, Role.INSPECTOR, Role.BUREAU_MANAGER}
)


class TokenRight(models.TextChoices):
    """What an API token may read; each is narrower than its user's own rights."""

    REGISTRY = "registry", "名录"
    INSPECTIONS = "inspections", "检查整改"
    SUBSIDIES = "subsidies", "补贴"
