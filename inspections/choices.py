"""Words, state sets and role sets of inspection and rectification."""

from django.db import models

from accounts.choices import Role

CHECKLIST_EDITORS = frozenset({Role.BUREAU_MANAGER})
ROUND_MANAGERS = frozenset({Role.BUREAU_MANAGER})
# Who enters inspections: an inspector in the city, a street clerk in the own street.
INSPECTORS = frozenset({Role.INSPECTOR, Role.STREET_CLERK})
REVIEWERS = frozenset({Role.BUREAU_MANAGER})
ORDER_ISSUERS = frozenset({Role.INSPECTOR, Role.BUREAU_MANAGER})
REPLIERS = frozenset({Role.STREET_CLERK})
RECHECKERS = frozenset({Role.INSPECTOR, Role.BUREAU_MANAGER})


class ChecklistKind(models.TextChoices):
    DISCLOSURE = "disclosure", "四公开一监督"
    QUALITY = "quality", "物业服务质量"
    FOUR_HAVES = "four_haves", "老旧小区四有标准"
    FIRE = "fire", "消防安全专项"
    CLEANING = "cleaning", "城乡清洁"


class ChecklistStatus(models.TextChoices):
    DRAFT = "draft", "编制中"
    IN_USE = "in_use", "使用中"
    RETIRED = "retired", "已停用"


class Severity(models.TextChoices):
    ON_SITE = "on_site", "立行立改"
    TRACKED = "tracked", "限期销号"
    FORMAL = "formal", "责令整改"


class RoundStatus(models.TextChoices):
    OPEN = "open", "进行中"
    CLOSED = "closed", "已结束"


class InspectionStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待确认"
    RETURNED = "returned", "已退回"
    CONFIRMED = "confirmed", "已确认"


INSPECTION_MOVES = frozenset(
    {
        ("draft", "submitted"),
        ("submitted", "returned"),
        ("returned", "submitted"),
        ("submitted", "confirmed"),
    }
)
# Inspections that count in rankings, records and on the estate list.
COUNTED = (InspectionStatus.SUBMITTED, InspectionStatus.CONFIRMED)
# Inspections whose entries may still change.
EDITABLE = (InspectionStatus.DRAFT, InspectionStatus.RETURNED)


class Outcome(models.TextChoices):
    PASS = "pass", "合格"
    FAIL = "fail", "不合格"
    NA = "na", "不适用"


class OrderStatus(models.TextChoices):
    ISSUED = "issued", "待整改"
    REPLIED = "replied", "待复查"
    CLOSED = "closed", "已销号"


ORDER_MOVES = frozenset(
    {
        ("issued", "replied"),
        ("replied", "issued"),  # recheck failed: again
        ("replied", "closed"),
    }
)
ORDER_OPEN = (OrderStatus.ISSUED, OrderStatus.REPLIED)


class ServiceMethod(models.TextChoices):
    ON_SITE = "on_site", "现场送达"
    POST = "post", "邮寄送达"
    LEFT = "left", "留置送达"


class RecheckResult(models.TextChoices):
    PASS = "pass", "整改到位"
    FAIL = "fail", "整改不到位"


class PhotoStage(models.TextChoices):
    FOUND = "found", "整改前"
    FIXED = "fixed", "整改后"


class FlagKind(models.TextChoices):
    """Why a photo is put before its reviewer."""

    FILE = "file", "同一张照片"
    SIMILAR = "similar", "画面相近"
    TIME = "time", "拍摄时间不符"
    PLACE = "place", "拍摄地点偏远"
    VISIT = "visit", "与检查定位不符"


class FlagVerdict(models.TextChoices):
    FINE = "fine", "属实可用"
    UNUSABLE = "unusable", "不可用，退回"


class ConflictResolution(models.TextChoices):
    """What became of another content under the same key."""

    OPEN = "open", "待处理"
    KEPT = "kept", "保留先报的"
    TAKEN = "taken", "采用后到的"


class CoverageBy(models.TextChoices):
    """How a round says who inspects what."""

    ASSIGNMENT = "assignment", "按分包干部"
    STREET = "street", "按街道经办"
    DRAW = "draw", "公开抽取（双随机）"


class DrawShare(models.TextChoices):
    """How a public draw says how many estates of each street it takes."""

    PERCENT = "percent", "按比例（%）"
    NUMBER = "number", "按个数"


class Grade(models.TextChoices):
    EXCELLENT = "excellent", "优秀"
    GOOD = "good", "良好"
    PASS = "pass", "合格"
    FAIL = "fail", "不合格"
