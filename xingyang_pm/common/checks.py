"""System checks that judge the installation before it serves anybody."""

from typing import Any
from urllib.parse import urlsplit

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


def portal_address(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Papers print the portal's own address; without it the firm has no link to answer by."""
    address = settings.PORTAL_URL
    if not address:
        if not settings.PRODUCTION:
            return []
        return [
            Warning(
                "没有设置 PORTAL_URL，整改通知书上不印签名链接和二维码",
                hint="写上平台对外的地址，例如 https://wygl.example.gov.cn",
                id="portal.W003",
            )
        ]
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        return [Error(f"PORTAL_URL 应为 https://域名，现为 {address!r}", id="portal.E002")]
    if settings.PRODUCTION and parts.scheme != "https":
        return [Error("正式环境的 PORTAL_URL 须用 https", id="portal.E003")]
    return []


def register_all() -> None:
    register(unscoped_models, Tags.models)
    register(missing_triggers, Tags.database)
    register(portal_address, Tags.urls)
    register(second_factor, Tags.security, deploy=True)
    papers.register_checks()
