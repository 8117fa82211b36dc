"""Accounts: who works here."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "用户与权限"

    def ready(self) -> None:
        from xingyang_pm.common import desk, menu
        from xingyang_pm.common.scoping import (
            AnyOf,
            OfficeScope,
            OwnerScope,
            RoleScope,
            register_scope,
        )

        from . import models, selectors, tasks  # noqa: F401  registers what the calendar does
        from .api import schema  # noqa: F401  registers how the OpenAPI page shows keys
        from .choices import ACCOUNT_ADMINS, AUDIT_READERS, Role

        overseers = RoleScope(Role.SYSTEM_ADMIN, Role.AUDITOR)
        administrator = RoleScope(Role.SYSTEM_ADMIN)
        register_scope(models.Office, AnyOf(overseers, OfficeScope("pk")))
        register_scope(models.User, AnyOf(overseers, OfficeScope("office")))
        register_scope(models.UserRole, overseers)
        register_scope(models.PasswordHistory, OwnerScope("user"))
        register_scope(models.UserSession, AnyOf(administrator, OwnerScope("user")))
        register_scope(models.ApiToken, AnyOf(administrator, OwnerScope("user")))

        desk.register_waiting(selectors.password_waiting)

        overseeing = ACCOUNT_ADMINS | AUDIT_READERS
        menu.register(
            menu.Section(
                "system",
                "系统",
                "settings",
                51,
                [
                    menu.Item("用户", "accounts:user-list", roles=overseeing),
                    menu.Item("单位", "accounts:office-list", roles=overseeing),
                    menu.Item("接口密钥", "accounts:token-list", roles=ACCOUNT_ADMINS),
                    menu.Item("操作日志", "common:audit-list", roles=AUDIT_READERS),
                ],
            )
        )
