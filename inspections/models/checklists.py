"""Checklists with their headings, items and legal bases: versioned, frozen once used."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from inspections.choices import ChecklistKind, ChecklistStatus, Outcome, PassPhoto, Severity
from inspections.querysets import ChecklistQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard

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


IN_FORCE = "(SELECT status FROM inspections_checklist WHERE id = {row}.checklist_id) <> 'draft'"
_ITEM_IN_FORCE = (
    "(SELECT c.status FROM inspections_checklist c JOIN inspections_checklistitem i"
    " ON i.checklist_id = c.id WHERE i.id = {row}.item_id) <> 'draft'"
)
USED = "使用过的检查表不能修改或删除，请另立新版。"
DATES_MESSAGE = "依据的止日不能早于起日。"


def _in_force(start: dt.date | None, end: dt.date | None, day: dt.date) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)


class ChecklistHeading(models.Model):
    """One heading (大项) of a checklist, e.g. one of the five of 四公开一监督.

    Its legal basis is cited for items that name none of their own. ``points`` is what the group
    is to be worth; empty leaves it to the sum of its items.
    """

    checklist = models.ForeignKey(
        Checklist, models.CASCADE, related_name="headings", verbose_name="检查表"
    )
    position = models.PositiveIntegerField("顺序")
    code = models.CharField("编号", max_length=10)
    name = models.CharField("名称", max_length=40)
    points = models.DecimalField("分值", max_digits=5, decimal_places=1, null=True, blank=True)
    legal_basis = models.CharField("依据", max_length=120, blank=True)
    valid_from = models.DateField("依据起日", null=True, blank=True)
    valid_to = models.DateField("依据止日", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Guard(
            "frozen",
            ("INSERT",),
            IN_FORCE.format(row="NEW"),
            "使用过的检查表不能增加大项，请另立新版。",
        ),
        Frozen("used", condition=IN_FORCE.format(row="OLD"), message=USED),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查大项"
        ordering = ["checklist_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["checklist", "name"],
                name="checklistheading_name_once",
                violation_error_message="本表已有这个大项。",
            ),
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__gte=0),
                name="checklistheading_points",
                violation_error_message="分值不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="checklistheading_dates",
                violation_error_message=DATES_MESSAGE,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def basis_on(self, day: dt.date) -> str:
        """Return the legal basis of the heading if it is in force on ``day``."""
        return self.legal_basis if _in_force(self.valid_from, self.valid_to, day) else ""


class ChecklistItemManager(ScopedManager):
    """Items come with their heading: whoever lists them groups by it."""

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("section")


class ChecklistItem(models.Model):
    """One item of a checklist, under a heading."""

    checklist = models.ForeignKey(
        Checklist, models.CASCADE, related_name="items", verbose_name="检查表"
    )
    position = models.PositiveIntegerField("顺序")
    section = models.ForeignKey(
        ChecklistHeading, models.RESTRICT, related_name="items", verbose_name="大项"
    )
    # The same in all versions of a kind, so that two versions can be compared item by item.
    origin = models.UUIDField("同项标识", default=uuid.uuid4, editable=False)
    code = models.CharField("编号", max_length=10)
    text = models.CharField("检查内容", max_length=120)
    guidance = models.CharField("怎么查", max_length=300, blank=True)
    points = models.DecimalField("分值", max_digits=5, decimal_places=1)
    deduction_step = models.DecimalField("扣分档", max_digits=4, decimal_places=1, default=1)
    severity = models.CharField(
        "处理方式", max_length=10, choices=Severity.choices, default=Severity.TRACKED
    )
    default_days = models.PositiveSmallIntegerField("整改天数", default=7)
    photo_required = models.BooleanField("不合格须拍照", default=True)
    pass_photo = models.CharField(
        "合格时拍照", max_length=10, choices=PassPhoto.choices, default=PassPhoto.NONE
    )
    allows_na = models.BooleanField("可不适用", default=False)
    is_veto = models.BooleanField("一票否决", default=False)
    phrases = models.JSONField("常用语", default=list, blank=True)
    # Which part of the public disclosure this item looks at (公开收费标准 …); blank for none.
    disclosure = models.CharField("公示内容", max_length=20, blank=True)

    objects = ChecklistItemManager()

    triggers = [
        Guard(
            "frozen",
            ("INSERT",),
            IN_FORCE.format(row="NEW"),
            "使用过的检查表不能增加项目，请另立新版。",
        ),
        Frozen("used", condition=IN_FORCE.format(row="OLD"), message=USED),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查项目"
        ordering = ["checklist_id", "position"]
        base_manager_name = "objects"
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

    @property
    def heading(self) -> str:
        return self.section.name

    @property
    def is_yes_no(self) -> bool:
        """Whether there is nothing between done and not done: a fail costs all its points."""
        return self.points > 0 and self.deduction_step == self.points

    def takes_photo(self, outcome: str) -> bool:
        """Whether photos of what was found are kept with ``outcome``."""
        evidence = outcome == Outcome.PASS and self.pass_photo != PassPhoto.NONE
        return outcome == Outcome.FAIL or evidence

    def wants_photo(self, outcome: str) -> bool:
        """Whether ``outcome`` cannot be reported without a photo of what was found."""
        if outcome == Outcome.FAIL:
            return self.photo_required
        return outcome == Outcome.PASS and self.pass_photo == PassPhoto.REQUIRED

    def bases_on(self, day: dt.date) -> list[str]:
        """Return the legal bases in force on ``day``, those of the heading if it has none."""
        own = [
            basis.text
            for basis in self.bases.all()
            if _in_force(basis.valid_from, basis.valid_to, day)
        ]
        heading = self.section.basis_on(day)
        return own or ([heading] if heading else [])


class ItemBasis(models.Model):
    """One legal basis of an item, and from when to when it is the law."""

    item = models.ForeignKey(
        ChecklistItem, models.CASCADE, related_name="bases", verbose_name="检查项目"
    )
    text = models.CharField("依据", max_length=120)
    valid_from = models.DateField("起日", null=True, blank=True)
    valid_to = models.DateField("止日", null=True, blank=True)

    objects = ScopedManager()

    triggers = [
        Guard(
            "frozen",
            ("INSERT",),
            _ITEM_IN_FORCE.format(row="NEW"),
            "使用过的检查表不能增加依据，请另立新版。",
        ),
        Frozen("used", condition=_ITEM_IN_FORCE.format(row="OLD"), message=USED),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "检查依据"
        ordering = ["item_id", "valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="itembasis_dates",
                violation_error_message=DATES_MESSAGE,
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def period(self) -> str:
        """From when to when, in words; nothing for a basis without dates."""
        if self.valid_from and self.valid_to:
            return f"{self.valid_from} 至 {self.valid_to}"
        if self.valid_from:
            return f"{self.valid_from} 起"
        return f"至 {self.valid_to}" if self.valid_to else ""
