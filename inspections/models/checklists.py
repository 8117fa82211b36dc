"""Checklists and their items: versioned, frozen once used."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from inspections.choices import ChecklistKind, ChecklistStatus, Severity
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
