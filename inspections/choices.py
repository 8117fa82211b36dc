"""Words, state sets and role sets of inspection and rectification."""

from django.db import models

from accounts.choices import Role

CHECKLIST_EDITORS = frozenset({Role.BUREAU_MANAGER})
ROUND_MANAGERS = frozenset({Role.BUREAU_MANAGER})
# Who enters inspections: an inspector in the city, a street clerk in the own street.
INSPECTORS = frozenset({Role.INSPECTOR, Role.STREET_CLERK})
REVIEWERS = frozenset({Role.BUREAU_MANAGER})
# Who makes photos fit for publication: the one who drafts what is published.
REDACTORS = frozenset({Role.BUREAU_MANAGER})
ORDER_ISSUERS = frozenset({Role.INSPECTOR, Role.BUREAU_MANAGER})
REPLIERS = frozenset({Role.STREET_CLERK})
RECHECKERS = frozenset({Role.INSPECTOR, Role.BUREAU_MANAGER})
# Who calls a firm in, names it in public, or hands it over to the enforcing organ.
ESCALATORS = frozenset({Role.BUREAU_MANAGER})


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


class PassPhoto(models.TextChoices):
    """Whether a photo is kept as evidence with an item on which nothing is wrong."""

    NONE = "none", "不拍"
    ALLOWED = "allowed", "可拍"
    REQUIRED = "required", "须拍"


class OrderKind(models.TextChoices):
    """How heavy the paper is. What is mended on the spot needs none."""

    TRACKED = "tracked", "限期整改单"
    FORMAL = "formal", "责令限期整改通知书"


class ProblemKind(models.TextChoices):
    """How a problem was dealt with: mended on the spot, or by one of the two papers."""

    ON_SITE = "on_site", "当场改正"
    TRACKED = "tracked", "限期整改单"
    FORMAL = "formal", "责令限期整改通知书"


class OrderStatus(models.TextChoices):
    ISSUED = "issued", "待整改"
    REPLIED = "replied", "待复查"
    TRANSFERRED = "transferred", "已移交"
    CLOSED = "closed", "已销号"
    WITHDRAWN = "withdrawn", "已撤销"


ORDER_MOVES = frozenset(
    {
        ("issued", "replied"),
        ("replied", "issued"),  # recheck failed: again
        ("replied", "closed"),
        ("issued", "withdrawn"),  # objection upheld
        ("replied", "withdrawn"),
        ("issued", "transferred"),
        ("transferred", "replied"),  # mended after all
        ("replied", "transferred"),  # recheck failed after the hand-over
    }
)
# Orders whose deadline runs: the firm or the bureau has to act.
ORDER_RUNNING = (OrderStatus.ISSUED, OrderStatus.REPLIED)
ORDER_OPEN = (*ORDER_RUNNING, OrderStatus.TRANSFERRED)
# Orders that the firm may still answer.
ORDER_ANSWERABLE = (OrderStatus.ISSUED, OrderStatus.TRANSFERRED)


class RequestStatus(models.TextChoices):
    """A request for an extension."""

    PENDING = "pending", "待批"
    GRANTED = "granted", "准予延期"
    REFUSED = "refused", "不予延期"


class ObjectionStatus(models.TextChoices):
    PENDING = "pending", "待复核"
    UPHELD = "upheld", "异议成立"
    REJECTED = "rejected", "异议不成立"


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

    def word_beside(self, outcome: str) -> str:
        """How a photo is called beside a result: what is in order was not photographed 整改前."""
        plain = self == PhotoStage.FOUND and outcome != Outcome.FAIL
        return "现场" if plain else str(self.label)


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
    """Where a score stands between the marks of its own checklist."""

    EXCELLENT = "excellent", "优秀"
    GOOD = "good", "良好"
    PASS = "pass", "合格"
    FAIL = "fail", "不合格"


# Below the mark that the office looks at first.
BELOW_GOOD = (Grade.PASS, Grade.FAIL)
