"""Words about providers and their contracts."""

from django.db import models


class ProviderKind(models.TextChoices):
    ENTERPRISE = "enterprise", "物业服务企业"
    COMMUNITY_CENTRE = "community_centre", "社区物业服务中心"
    VILLAGE_COMMITTEE = "village_committee", "村委自管"
    TOWN_OFFICE = "town_office", "乡镇介入"


class FeeUnit(models.TextChoices):
    AREA = "area", "元/㎡·月"
    HOUSEHOLD = "household", "元/户·月"


class SelectionMode(models.TextChoices):
    """How the provider was chosen. ``UNKNOWN`` is what a ledger leaves; no form offers it."""

    STREET = "street", "街道选聘"
    ENTRUSTED = "entrusted", "委托社区"
    TENDER = "tender", "招投标"
    OWNERS = "owners", "业主大会选聘"
    DEVELOPER = "developer", "建设单位选聘"
    VILLAGE = "village", "村委自管"
    UNKNOWN = "unknown", "待补"


class FilingState(models.TextChoices):
    """Filing of the contract (备案) within 15 days of signing; computed, never typed.

    ``INCOMPLETE``: an older contract that came in by a ledger, which does not say when it was
    signed. Nothing runs out until somebody has looked at the paper.
    """

    DONE = "done", "已备案"
    DUE = "due", "待备案"
    LATE = "late", "逾期未备案"
    UNSIGNED = "unsigned", "未签合同"
    INCOMPLETE = "incomplete", "资料待补"


class AgreementParty(models.TextChoices):
    PROVIDER = "provider", "物业服务企业"
    STREET = "street", "街道（乡镇）"


class AgreementState(models.TextChoices):
    """Where an agreement stands; told by its dates, never typed."""

    UNSIGNED = "unsigned", "未签订"
    SIGNED = "signed", "已签订"
    VOID = "void", "已作废"


# Days within which a signed contract is filed with the county department and the street
# (河南省物业管理条例 §49).
FILING_DAYS = 15


class CreditEventKind(models.TextChoices):
    """What a provider did, or left undone, as the apps above tell it."""

    RECHECK_FAILED = "recheck_failed", "复查整改不到位"
    OVERDUE = "overdue", "逾期未整改"
    TRANSFERRED = "transferred", "移交执法"
    REPAIRED = "repaired", "整改到位，信用修复"


# What counts against a provider until it is repaired.
CREDIT_FAULTS = (
    CreditEventKind.RECHECK_FAILED,
    CreditEventKind.OVERDUE,
    CreditEventKind.TRANSFERRED,
)
