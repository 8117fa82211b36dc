"""What was seen on site: checklists, rounds, inspections, photos, rectification."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from enterprises.models import Provider
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, AppendOnly, Frozen, Guard

from .calculations import metres_between
from .choices import (
    COUNTED,
    EDITABLE,
    INSPECTION_MOVES,
    ORDER_MOVES,
    ORDER_OPEN,
    ChecklistKind,
    ChecklistStatus,
    Grade,
    InspectionStatus,
    OrderStatus,
    Outcome,
    PhotoStage,
    RecheckResult,
    RoundStatus,
    ServiceMethod,
    Severity,
)
from .querysets import (
    ChecklistQuerySet,
    InspectionQuerySet,
    InspectionRoundQuerySet,
    RectificationItemQuerySet,
    RectificationOrderQuerySet,
    RoundEstateQuerySet,
)

USER = settings.AUTH_USER_MODEL


class Checklist(models.Model):
    """One version of a checklist. Once an inspection uses it, it is frozen."""

    kind = models.CharField("类别", max_length=20, choices=ChecklistKind.choices)
    version = models.PositiveIntegerField("版次")
    title = models.CharField("名称", max_length=80)
    status = models.CharField(
        "状态", max_length=10, choices=ChecklistStatus.choices, default=ChecklistStatus.DRAFT
    )
    full_score = models.DecimalField("满分", max_digits=5, decimal_places=1, default=100)
    excellent_score = models.DecimalField("优秀线", max_digits=5, decimal_places=1, default=90)
    good_score = models.DecimalField("良好线", max_digits=5, decimal_places=1, default=80)
    pass_score = models.DecimalField("合格线", max_digits=5, decimal_places=1, default=70)
    effective_from = models.DateField("启用日期")
    retired_on = models.DateField("停用日期", null=True, blank=True)
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="编制人", related_name="+")
    created_at = models.DateTimeField("编制时间")

    objects = ChecklistQuerySet.as_manager()

    triggers = [
        Frozen(
            "used",
            condition="OLD.status <> 'draft'",
            allow=("status", "retired_on"),
            message="使用过的检查表不能修改或删除，请另立新版。",
        ),
        AllowedMoves(
            message="检查表只能由编制中启用，再由使用中停用。",
            moves=frozenset({("draft", "in_use"), ("in_use", "retired")}),
            initial=("draft",),
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查表"
        ordering = ["kind", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="checklist_version_once"),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(status=ChecklistStatus.IN_USE),
                name="checklist_one_in_use",
                violation_error_message="这类检查表已有一版在使用，请先停用。",
            ),
            models.CheckConstraint(
                condition=Q(full_score__gte=F("excellent_score"))
                & Q(excellent_score__gt=F("good_score"))
                & Q(good_score__gt=F("pass_score"))
                & Q(pass_score__gt=0),
                name="checklist_grades",
                violation_error_message="优秀线、良好线、合格线须依次降低，且都不超过满分。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}（第{self.version}版）"

    def get_absolute_url(self) -> str:
        return reverse("inspections:checklist-detail", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        return self.status == ChecklistStatus.DRAFT


class ChecklistItem(models.Model):
    """One item of a checklist, under a heading."""

    checklist = models.ForeignKey(
        Checklist, models.CASCADE, related_name="items", verbose_name="检查表"
    )
    position = models.PositiveIntegerField("顺序")
    heading = models.CharField("大项", max_length=40)
    code = models.CharField("编号", max_length=10)
    text = models.CharField("检查内容", max_length=120)
    guidance = models.CharField("怎么查", max_length=300, blank=True)
    legal_basis = models.CharField("依据", max_length=120, blank=True)
    points = models.DecimalField("分值", max_digits=5, decimal_places=1)
    deduction_step = models.DecimalField("扣分档", max_digits=4, decimal_places=1, default=1)
    severity = models.CharField(
        "处理方式", max_length=10, choices=Severity.choices, default=Severity.TRACKED
    )
    default_days = models.PositiveSmallIntegerField("整改天数", default=7)
    photo_required = models.BooleanField("不合格须拍照", default=True)
    allows_na = models.BooleanField("可不适用", default=False)
    is_veto = models.BooleanField("一票否决", default=False)
    phrases = models.JSONField("常用语", default=list, blank=True)
    # Which part of the public disclosure this item looks at (公开收费标准 …); blank for none.
    disclosure = models.CharField("公示内容", max_length=20, blank=True)

    objects = ScopedManager()

    triggers = [
        Guard(
            "frozen",
            ("INSERT",),
            "(SELECT status FROM inspections_checklist WHERE id = NEW.checklist_id) <> 'draft'",
            "使用过的检查表不能增加项目，请另立新版。",
        ),
        Frozen(
            "used",
            condition="(SELECT status FROM inspections_checklist WHERE id = OLD.checklist_id)"
            " <> 'draft'",
            message="使用过的检查表不能修改或删除，请另立新版。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查项目"
        ordering = ["checklist_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["checklist", "code"],
                name="checklistitem_code_once",
                violation_error_message="本表已有这个编号。",
            ),
            models.CheckConstraint(
                condition=Q(points__gte=0) & Q(deduction_step__gt=0),
                name="checklistitem_points",
                violation_error_message="分值不能是负数，扣分档须大于零。",
            ),
            models.CheckConstraint(
                condition=Q(deduction_step__lte=F("points")) | Q(points=0),
                name="checklistitem_step",
                violation_error_message="扣分档不能大于分值。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class InspectionRound(models.Model):
    """One round of inspections, e.g. 城乡清洁行动 第3次检查."""

    title = models.CharField("名称", max_length=60)
    checklist = models.ForeignKey(
        Checklist, models.PROTECT, verbose_name="检查表", related_name="rounds"
    )
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("第几次")
    start_date = models.DateField("开始日期")
    end_date = models.DateField("截止日期")
    status = models.CharField(
        "状态", max_length=10, choices=RoundStatus.choices, default=RoundStatus.OPEN
    )
    created_by = models.ForeignKey(USER, models.PROTECT, verbose_name="建立人", related_name="+")
    created_at = models.DateTimeField("建立时间")
    closed_at = models.DateTimeField("结束时间", null=True, blank=True)
    # As it stood when the round was closed: one row per inspected estate, best first.
    ranking = models.JSONField("排名", default=list, blank=True)

    objects = InspectionRoundQuerySet.as_manager()

    triggers = [
        AllowedMoves(
            message="检查批次结束后不能再打开。",
            moves=frozenset({("open", "closed")}),
            initial=("open",),
        ),
        Frozen(
            "closed",
            condition="OLD.status = 'closed'",
            message="已结束的检查批次不能修改或删除。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查批次"
        ordering = ["-start_date", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["title", "year", "number"],
                name="inspectionround_number_once",
                violation_error_message="本年度已有同名同次的检查批次。",
            ),
            models.CheckConstraint(
                condition=Q(end_date__gte=F("start_date")),
                name="inspectionround_dates",
                violation_error_message="截止日期不能早于开始日期。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} 第{self.number}次检查"

    def get_absolute_url(self) -> str:
        return reverse("inspections:round-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status == RoundStatus.OPEN


_ROUND_CLOSED = "(SELECT status FROM inspections_inspectionround WHERE id = {row}.round_id)"


class RoundEstate(models.Model):
    """One estate that a round covers, and who is to inspect it."""

    round = models.ForeignKey(
        InspectionRound, models.CASCADE, related_name="coverage", verbose_name="检查批次"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="round_coverage", verbose_name="小区"
    )
    inspector = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="检查人", related_name="+"
    )

    objects = RoundEstateQuerySet.as_manager()

    triggers = [
        Frozen(
            "closed",
            condition=_ROUND_CLOSED.format(row="OLD") + " = 'closed'",
            message="检查批次已结束，小区和检查人不能再改。",
        ),
        Guard(
            "added",
            ("INSERT",),
            _ROUND_CLOSED.format(row="NEW") + " = 'closed'",
            "检查批次已结束，不能再增加小区。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "批次小区"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "estate"],
                name="roundestate_once",
                violation_error_message="这个小区已在本批次中。",
            ),
        ]
        indexes = [models.Index(fields=["inspector", "round"], name="roundestate_inspector")]

    def __str__(self) -> str:
        return f"{self.round} {self.estate}"


class Inspection(models.Model):
    """One visit to one estate. The score is computed from item results, never typed.

    What is entered stands in ``draft`` until it is reported; then it becomes item results, and
    the record gets its number. ``client_key`` is the key of the draft on the device: the same
    draft sent twice is one record.
    """

    number = models.CharField("检查编号", max_length=24, unique=True, null=True, blank=True)
    client_key = models.UUIDField("草稿键", unique=True, default=uuid.uuid4)
    draft = models.JSONField("草稿内容", default=dict, blank=True)
    content_digest = models.CharField("内容摘要", max_length=64, blank=True)
    round = models.ForeignKey(
        InspectionRound,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="检查批次",
        related_name="inspections",
    )
    checklist = models.ForeignKey(
        Checklist, models.PROTECT, verbose_name="检查表", related_name="inspections"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, verbose_name="小区", related_name="inspections"
    )
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="服务主体",
        related_name="inspections",
    )
    inspected_on = models.DateField("检查日期")
    inspector = models.ForeignKey(
        USER, models.PROTECT, verbose_name="检查人", related_name="inspections"
    )
    companion = models.CharField("同行检查人", max_length=60, blank=True)
    site_contact = models.CharField("陪同人", max_length=60, blank=True)
    status = models.CharField(
        "状态", max_length=10, choices=InspectionStatus.choices, default=InspectionStatus.DRAFT
    )
    score = models.DecimalField("得分", max_digits=5, decimal_places=1, null=True, blank=True)
    working = models.JSONField("算分过程", default=dict, blank=True)
    failed_count = models.PositiveIntegerField("不合格项数", default=0)
    # Blank where the checklist does not look at the public disclosure.
    missing_disclosures = models.PositiveSmallIntegerField("公示缺项", null=True, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True, blank=True)
    entered_by = models.ForeignKey(USER, models.PROTECT, verbose_name="录入人", related_name="+")
    created_at = models.DateTimeField("录入时间")
    saved_at = models.DateTimeField("最近保存", null=True, blank=True)
    submitted_at = models.DateTimeField("上报时间", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="确认人", related_name="+"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)
    return_reason = models.CharField("退回原因", max_length=200, blank=True)

    objects = InspectionQuerySet.as_manager()

    triggers = [
        Frozen(
            "confirmed",
            condition="OLD.status = 'confirmed'",
            message="已确认的检查记录不能修改或删除。",
        ),
        AllowedMoves(
            message="检查记录的状态不能这样改动。", moves=INSPECTION_MOVES, initial=("draft",)
        ),
        Guard(
            "round_closed",
            ("UPDATE",),
            "NEW.status = 'submitted' AND OLD.status <> 'submitted' AND "
            + _ROUND_CLOSED.format(row="NEW")
            + " = 'closed'",
            "检查批次已结束，不能再上报。",
        ),
        Guard(
            "return_with_order",
            ("UPDATE",),
            "NEW.status = 'returned' AND OLD.status <> 'returned' AND EXISTS (SELECT 1 FROM "
            "inspections_rectificationorder issued WHERE issued.inspection_id = NEW.id)",
            "这份检查已下达整改通知书，不能退回。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查记录"
        ordering = ["-inspected_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("entered_by")),
                name="inspection_two_persons",
                violation_error_message="录入人不能确认自己的检查记录。",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0),
                name="inspection_score",
                violation_error_message="得分不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(status=InspectionStatus.DRAFT)
                | Q(number__isnull=False, score__isnull=False, submitted_at__isnull=False),
                name="inspection_reported",
                violation_error_message="上报的检查记录须有编号和得分。",
            ),
            models.CheckConstraint(
                condition=~Q(status=InspectionStatus.CONFIRMED) | Q(confirmed_by__isnull=False),
                name="inspection_confirmed_by",
                violation_error_message="确认须写明确认人。",
            ),
            models.UniqueConstraint(
                fields=["round", "estate"],
                condition=Q(status__in=COUNTED),
                name="inspection_once_per_round",
                violation_error_message="这个小区在本批次已有检查记录。",
            ),
            models.UniqueConstraint(
                fields=["round", "estate", "entered_by"],
                condition=Q(status__in=EDITABLE),
                name="inspection_one_draft",
                violation_error_message="这个小区在本批次已有一份草稿，请接着填那一份。",
            ),
        ]
        indexes = [
            # The latest inspection of an estate, for the list and the record.
            models.Index(fields=["estate", "status", "-inspected_on"], name="inspection_estate"),
            models.Index(fields=["round", "status"], name="inspection_round"),
            models.Index(fields=["inspector", "status", "-inspected_on"], name="inspection_mine"),
            models.Index(fields=["status", "-inspected_on"], name="inspection_list"),
        ]

    def __str__(self) -> str:
        return f"{self.number or '草稿'} {self.estate}"

    def get_absolute_url(self) -> str:
        return reverse("inspections:inspection-detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE

    @property
    def is_counted(self) -> bool:
        return self.status in COUNTED

    @property
    def grade(self) -> Grade | None:
        """The grade as it was computed with the score; None before the record is reported."""
        code = self.working.get("grade") if isinstance(self.working, dict) else None
        return Grade(code) if code else None


# A result, like its photos, stands once its inspection is reported; returned, it opens again.
_INSPECTION = "(SELECT status FROM inspections_inspection WHERE id = {row}.inspection_id {lock})"


class ItemResult(models.Model):
    """What was found on one item."""

    inspection = models.ForeignKey(
        Inspection, models.CASCADE, related_name="results", verbose_name="检查记录"
    )
    item = models.ForeignKey(
        ChecklistItem, models.PROTECT, related_name="results", verbose_name="检查项目"
    )
    outcome = models.CharField("结果", max_length=4, choices=Outcome.choices)
    deduction = models.DecimalField("扣分", max_digits=5, decimal_places=1, default=0)
    note = models.CharField("问题描述", max_length=300, blank=True)
    deadline = models.DateField("整改期限", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Frozen(
            "reported",
            condition=_INSPECTION.format(row="OLD", lock="") + " IN ('submitted', 'confirmed')",
            message="已上报的检查结果不能修改或删除。",
        ),
        Guard(
            "added",
            ("INSERT",),
            _INSPECTION.format(row="NEW", lock="{row_lock}") + " IN ('submitted', 'confirmed')",
            "已上报的检查记录不能增加检查结果。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查结果"
        ordering = ["item__position"]
        constraints = [
            models.UniqueConstraint(fields=["inspection", "item"], name="itemresult_once"),
            models.CheckConstraint(
                condition=Q(deduction__gte=0) & (Q(outcome=Outcome.FAIL) | Q(deduction=0)),
                name="itemresult_deduction",
                violation_error_message="只有不合格项可以扣分，扣分不能是负数。",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.FAIL) | ~Q(note=""),
                name="itemresult_fail_has_note",
                violation_error_message="不合格项须写问题描述。",
            ),
        ]
        indexes = [
            # Disclosure state and problems by item.
            models.Index(fields=["item", "outcome"], name="itemresult_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.get_outcome_display()}"


class RectificationOrder(models.Model):
    """责令限期整改通知书: orders a provider to mend failed items by a day."""

    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("序号")
    number = models.CharField("文号", max_length=40, unique=True)
    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="orders", verbose_name="检查记录"
    )
    estate = models.ForeignKey(Estate, models.PROTECT, related_name="orders", verbose_name="小区")
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name="被通知单位",
    )
    legal_basis = models.CharField("依据", max_length=200)
    demand = models.CharField("整改要求", max_length=500, blank=True)
    deadline = models.DateField("整改期限")
    status = models.CharField(
        "状态", max_length=10, choices=OrderStatus.choices, default=OrderStatus.ISSUED
    )
    issued_by = models.ForeignKey(USER, models.PROTECT, verbose_name="签发人", related_name="+")
    issued_at = models.DateTimeField("下达时间")
    served_on = models.DateField("送达日期", null=True, blank=True)
    served_to = models.CharField("签收人", max_length=30, blank=True)
    served_by = models.CharField("送达人", max_length=60, blank=True)
    service_method = models.CharField(
        "送达方式", max_length=10, choices=ServiceMethod.choices, blank=True
    )
    recheck_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="复查人", related_name="+"
    )
    recheck_companion = models.CharField("同行复查人", max_length=60, blank=True)
    recheck_on = models.DateField("复查日期", null=True, blank=True)
    closed_at = models.DateTimeField("销号时间", null=True, blank=True)
    pdf = models.FileField("通知书", upload_to=private_path, blank=True, max_length=200)

    objects = RectificationOrderQuerySet.as_manager()

    triggers = [
        Frozen(
            "closed",
            condition="OLD.status = 'closed'",
            allow=("pdf",),
            message="已销号的整改通知书不能修改或删除。",
        ),
        Frozen(
            "issued",
            events=("UPDATE", "DELETE"),
            fields=("year", "serial", "number", "inspection", "estate", "provider", "legal_basis"),
            message="整改通知书下达后，文号、对象和依据不能修改，也不能删除。",
        ),
        AllowedMoves(
            message="整改通知书的状态不能这样改动。", moves=ORDER_MOVES, initial=("issued",)
        ),
        Guard(
            "close_needs_recheck",
            ("UPDATE",),
            "NEW.status = 'closed' AND OLD.status <> 'closed' AND NOT EXISTS (SELECT 1 FROM "
            "inspections_recheck recheck WHERE recheck.order_id = NEW.id "
            "AND recheck.result = 'pass')",
            "没有整改到位的复查记录，不能销号。",
        ),
        Guard(
            "of_reported",
            ("INSERT",),
            "(SELECT status FROM inspections_inspection WHERE id = NEW.inspection_id) "
            "NOT IN ('submitted', 'confirmed')",
            "检查记录还没有上报，不能下达整改通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "整改通知书"
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["year", "serial"], name="order_serial_once"),
        ]
        indexes = [
            models.Index(fields=["estate", "status", "deadline"], name="order_estate"),
            models.Index(fields=["status", "deadline"], name="order_due"),
            models.Index(fields=["provider", "status"], name="order_provider"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("inspections:order-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in ORDER_OPEN

    @property
    def days_left(self) -> int:
        """Days until the deadline day; negative once it has ended."""
        return (self.deadline - clock.today()).days

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.days_left < 0


class RectificationItem(models.Model):
    """One failed item that an order covers."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="items", verbose_name="整改通知书"
    )
    result = models.OneToOneField(
        ItemResult, models.PROTECT, related_name="rectification", verbose_name="不合格项"
    )
    requirement = models.CharField("整改要求", max_length=200, blank=True)

    objects = RectificationItemQuerySet.as_manager()

    triggers = [
        AppendOnly("append", "整改事项下达后不能修改或删除。"),
        Guard(
            "failed",
            ("INSERT",),
            "(SELECT outcome FROM inspections_itemresult WHERE id = NEW.result_id) <> 'fail'",
            "只有不合格项可以下达整改。",
        ),
        Guard(
            "same_inspection",
            ("INSERT",),
            "(SELECT inspection_id FROM inspections_itemresult WHERE id = NEW.result_id) <> "
            "(SELECT inspection_id FROM inspections_rectificationorder WHERE id = NEW.order_id)",
            "这个不合格项不属于通知书的检查记录。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "整改事项"
        ordering = ["result__item__position"]

    def __str__(self) -> str:
        return str(self.result.item)


class RectificationReply(models.Model):
    """整改回复: who reported the order as done, and how."""

    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="replies", verbose_name="整改通知书"
    )
    reported_by = models.ForeignKey(USER, models.PROTECT, verbose_name="填报人", related_name="+")
    responsible = models.CharField("责任人", max_length=30, blank=True)
    completed_on = models.DateField("完成日期")
    reported_at = models.DateTimeField("回复时间")
    statement = models.CharField("整改说明", max_length=500, blank=True)

    objects = ScopedManager()

    triggers = [AppendOnly("append", "整改回复不能修改或删除，请重新回复。")]

    class Meta:
        verbose_name = verbose_name_plural = "整改回复"
        ordering = ["-reported_at"]

    def __str__(self) -> str:
        return f"{self.order} 回复"


class ReplyItem(models.Model):
    """What was done about one item."""

    reply = models.ForeignKey(
        RectificationReply, models.CASCADE, related_name="items", verbose_name="整改回复"
    )
    item = models.ForeignKey(
        RectificationItem, models.PROTECT, related_name="replies", verbose_name="整改事项"
    )
    measure = models.CharField("整改措施", max_length=300)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "整改回复不能修改或删除，请重新回复。"),
        Guard(
            "same_order",
            ("INSERT",),
            "(SELECT order_id FROM inspections_rectificationitem WHERE id = NEW.item_id) <> "
            "(SELECT order_id FROM inspections_rectificationreply WHERE id = NEW.reply_id)",
            "这个整改事项不属于所回复的通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "逐项回复"
        constraints = [
            models.UniqueConstraint(fields=["reply", "item"], name="replyitem_once"),
        ]

    def __str__(self) -> str:
        return self.measure


class Recheck(models.Model):
    """复查: somebody who did not report the work as done looks whether it is."""

    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("序号")
    number = models.CharField("文号", max_length=40, unique=True)
    order = models.ForeignKey(
        RectificationOrder, models.CASCADE, related_name="rechecks", verbose_name="整改通知书"
    )
    reply = models.ForeignKey(
        RectificationReply, models.PROTECT, related_name="rechecks", verbose_name="整改回复"
    )
    checked_by = models.ForeignKey(USER, models.PROTECT, verbose_name="复查人", related_name="+")
    companion = models.CharField("同行复查人", max_length=60, blank=True)
    checked_on = models.DateField("复查日期")
    result = models.CharField("复查结果", max_length=4, choices=RecheckResult.choices)
    opinion = models.CharField("复查意见", max_length=300)
    recorded_at = models.DateTimeField("登记时间")
    pdf = models.FileField("复查意见书", upload_to=private_path, blank=True, max_length=200)

    objects = ScopedManager()

    triggers = [
        Frozen("append", allow=("pdf",), message="复查记录不能修改或删除。"),
        Guard(
            "other_person",
            ("INSERT",),
            "(SELECT reported_by_id FROM inspections_rectificationreply WHERE id = NEW.reply_id)"
            " = NEW.checked_by_id",
            "填报整改的人不能复查，请换一人复查。",
        ),
        Guard(
            "same_order",
            ("INSERT",),
            "(SELECT order_id FROM inspections_rectificationreply WHERE id = NEW.reply_id)"
            " <> NEW.order_id",
            "复查的回复不属于这份整改通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "复查记录"
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["reply"],
                name="recheck_once_per_reply",
                violation_error_message="这次回复已经复查过。",
            ),
            models.UniqueConstraint(fields=["year", "serial"], name="recheck_serial_once"),
        ]

    def __str__(self) -> str:
        return self.number


class RecheckItem(models.Model):
    """What the recheck found on one item of the order."""

    recheck = models.ForeignKey(
        Recheck, models.CASCADE, related_name="items", verbose_name="复查记录"
    )
    item = models.ForeignKey(
        RectificationItem, models.PROTECT, related_name="rechecks", verbose_name="整改事项"
    )
    result = models.CharField("复查结果", max_length=4, choices=RecheckResult.choices)
    finding = models.CharField("复查情况", max_length=200, blank=True)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "复查记录不能修改或删除。"),
        Guard(
            "same_order",
            ("INSERT",),
            "(SELECT order_id FROM inspections_rectificationitem WHERE id = NEW.item_id) <> "
            "(SELECT order_id FROM inspections_recheck WHERE id = NEW.recheck_id)",
            "这个整改事项不属于所复查的通知书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "逐项复查"
        ordering = ["item__result__item__position"]
        constraints = [
            models.UniqueConstraint(fields=["recheck", "item"], name="recheckitem_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.get_result_display()}"


_PHOTO_OF = (
    "(SELECT inspection.status FROM inspections_inspection inspection "
    "JOIN inspections_itemresult result ON result.inspection_id = inspection.id "
    "WHERE result.id = {row}.result_id)"
)


class EvidencePhoto(models.Model):
    """One photo as evidence: of a failed item, or of its repair."""

    estate = models.ForeignKey(Estate, models.PROTECT, related_name="photos", verbose_name="小区")
    result = models.ForeignKey(
        ItemResult, models.CASCADE, related_name="photos", verbose_name="检查结果"
    )
    reply_item = models.ForeignKey(
        ReplyItem,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="photos",
        verbose_name="逐项回复",
    )
    stage = models.CharField("阶段", max_length=6, choices=PhotoStage.choices)
    client_key = models.UUIDField("照片键", unique=True, default=uuid.uuid4)
    image = models.FileField("照片", upload_to=private_path, max_length=200)
    thumbnail = models.FileField("缩略图", upload_to=private_path, max_length=200)
    width = models.PositiveIntegerField("宽")
    height = models.PositiveIntegerField("高")
    sha256 = models.CharField("SHA-256", max_length=64)
    source_sha256 = models.CharField("原图 SHA-256", max_length=64)
    perceptual_hash = models.CharField("感知哈希", max_length=16)
    taken_at = models.DateTimeField("拍摄时间", null=True, blank=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True, blank=True)
    uploaded_by = models.ForeignKey(USER, models.PROTECT, verbose_name="上传人", related_name="+")
    uploaded_at = models.DateTimeField("上传时间")

    objects = ScopedManager()

    triggers = [
        Frozen(
            "reported",
            condition="OLD.reply_item_id IS NOT NULL OR "
            + _PHOTO_OF.format(row="OLD")
            + " IN ('submitted', 'confirmed')",
            message="作为证据的照片不能修改或删除。",
        ),
        # A photo may still arrive after its record was reported, but not once it is confirmed.
        Guard(
            "added",
            ("INSERT",),
            "NEW.reply_item_id IS NULL AND " + _PHOTO_OF.format(row="NEW") + " = 'confirmed'",
            "已确认的检查记录不能增加照片。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "证据照片"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["source_sha256"], name="evidencephoto_source"),
            models.Index(fields=["perceptual_hash"], name="evidencephoto_phash"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}照片"

    def get_absolute_url(self) -> str:
        return reverse("inspections:photo-full", args=[self.pk])

    def get_thumbnail_url(self) -> str:
        return reverse("inspections:photo-thumbnail", args=[self.pk])

    @property
    def metres_from_estate(self) -> int | None:
        """How far from its estate the picture was taken, where both places are known."""
        estate = self.estate
        if None in (self.latitude, self.longitude, estate.latitude, estate.longitude):
            return None
        return metres_between(self.latitude, self.longitude, estate.latitude, estate.longitude)
