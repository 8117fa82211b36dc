"""Menu entries of the pages that no domain owns."""

from .menu import EVERYONE, Item, Section, register
from .scopes import AUDIT_READERS
from .views.imports import LEDGER_ROLES


def register_all() -> None:
    register(
        Section(
            "estates",
            "小区",
            "building-community",
            order=20,
            items=[Item("台账导入", "common:import-list", roles=LEDGER_ROLES, order=90)],
        )
    )
    register(
        Section(
            "system",
            "系统",
            "settings",
            order=51,
            items=[
                Item("我的任务", "common:job-list", roles=EVERYONE, order=80),
                Item("操作日志", "common:audit-list", roles=AUDIT_READERS, order=90),
            ],
        )
    )
