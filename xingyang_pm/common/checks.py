"""System checks that judge the installation before it serves anybody."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from . import triggers
from .pdf import checks as papers
from .scoping import scope_of

OURS = ("accounts", "estates", "enterprises", "inspections", "subsidies", "outreach", "common")


def unscoped_models(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every model of ours says who may see its rows."""
    return [
        Error(f"{model._meta.label} 没有登记可见范围", id="portal.E001")
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        if scope_of(model) is None
    ]


def missing_triggers(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every declared trigger stands in the database (``check --database default``).

    A warning, because ``migrate`` runs this check and is itself what lays the triggers: an
    error would refuse the first migration of an empty database and every repair. Readiness
    (``/healthz/ready``) is what keeps a portal without its triggers from serving.
    """
    if not databases or "default" not in databases:
        return []
    missing = triggers.missing_names(connections["default"])
    if not missing:
        return []
    return [
        Warning(
            f"数据库缺少 {len(missing)} 条保护规则，请运行 manage.py migrate",
            hint="、".join(sorted(missing)[:5]),
            id="portal.W002",
        )
    ]


def second_factor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.PRODUCTION and not settings.SECOND_FACTOR_REQUIRED:
        return [Warning("正式环境没有要求审批人和管理员使用第二重验证", id="portal.W001")]
    return []


def register_all() -> None:
    register(unscoped_models, Tags.models)
    register(missing_triggers, Tags.database)
    register(second_factor, Tags.security, deploy=True)
    papers.register_checks()
