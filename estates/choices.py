"""Words of the registry."""

from django.db import models

from accounts.choices import Role

COUNT_ENTERERS = frozenset({Role.STREET_CLERK, Role.BUREAU_MANAGER})
COUNT_VERIFIERS = frozenset({Role.STREET_LEADER, Role.BUREAU_MANAGER})
SURVEY_UPLOADERS = frozenset({Role.STREET_CLERK, Role.BUREAU_MANAGER})
# Who may answer for an estate.
ASSIGNABLE = frozenset({Role.INSPECTOR, Role.BUREAU_MANAGER})


class StreetKind(models.TextChoices):
    STREET = "street", "街道"
    TOWN = "town", "镇"
    TOWNSHIP = "township", "乡"
    ZONE = "zone", "功能区"


class EstateKind(models.TextChoices):
    COMMODITY = "commodity", "商品住宅小区"
    OLD = "old", "老旧小区"
    RURAL = "rural", "新型农村社区"


class EstateStatus(models.TextChoices):
    ACTIVE = "active", "在册"
    MERGED = "merged", "已并入"
    REMOVED = "removed", "已注销"


class ManagementMode(models.TextChoices):
    PROFESSIONAL = "professional", "专业物业服务"
    COMMUNITY = "community", "社区物业服务中心"
    VILLAGE = "village", "村委自管"
    TOWN = "town", "乡镇介入"
    OWNERS = "owners", "业主自管"
    NONE = "none", "无物业管理"


class NameKind(models.TextChoices):
    FORMER = "former", "曾用名"
    ALIAS = "alias", "别名"


class CountStatus(models.TextChoices):
    ENTERED = "entered", "待核定"
    VERIFIED = "verified", "已核定"
    REJECTED = "rejected", "不予核定"


class SurveyStatus(models.TextChoices):
    OPEN = "open", "核对中"
    CLOSED = "closed", "已结束"


class Decision(models.TextChoices):
    PENDING = "pending", "待定"
    ACCEPTED = "accepted", "采用"
    REJECTED = "rejected", "不采用"
