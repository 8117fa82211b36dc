"""The procedure of a claim as data: its stages, their persons, the days of its notice."""

from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.choices import Role
from subsidies.choices import (
    MAX_NOTICE_DAYS,
    MAX_PERSONS,
    USUAL_NOTICE_DAYS,
    ClaimStage,
    ClaimStatus,
    Procedure,
    StageRule,
)
from subsidies.querysets import FromMonthQuerySet
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AppendOnly, Guard

USER = settings.AUTH_USER_MODEL


class ClaimScheme(models.Model):
    """办理规程: for claims from a month on. A claim keeps the one that it was opened under.

    One that is registered later for the same month takes the place of the earlier.
    """

    effective_from = models.DateField("执行月份")
    notice_days = models.PositiveSmallIntegerField("公示工作日", default=USUAL_NOTICE_DAYS)
    document_title = models.CharField("文件名称", max_length=120)
    document_number = models.CharField("文号", max_length=60, blank=True)
    created_by = models.ForeignKey(
        USER, models.PROTECT, null=True, blank=True, verbose_name="登记人", related_name="+"
    )
    created_at = models.DateTimeField("登记时间")

    objects = FromMonthQuerySet.as_manager()

    triggers = [AppendOnly("append", "办理规程登记后不能修改或删除，请登记新的规程。")]

    class Meta:
        verbose_name = verbose_name_plural = "办理规程"
        ordering = ["-effective_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_from__day=1),
                name="claimscheme_whole_month",
                violation_error_message="执行月份须为某月1日。",
            ),
            models.CheckConstraint(
                condition=Q(notice_days__lte=MAX_NOTICE_DAYS),
                name="claimscheme_notice_days",
                violation_error_message=f"公示最多 {MAX_NOTICE_DAYS} 个工作日。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_title}（{self.effective_from:%Y-%m} 起）"

    def get_absolute_url(self) -> str:
        return reverse("subsidies:scheme-detail", args=[self.pk])

    @cached_property
    def procedure(self) -> Procedure:
        """The stages in order; read once, for they never change."""
        return Procedure(tuple(stage.rule for stage in self.stages.all()))


class SchemeStage(models.Model):
    """One stage of a procedure: its role, its number of persons, from which state to which."""

    scheme = models.ForeignKey(
        ClaimScheme, models.PROTECT, related_name="stages", verbose_name="办理规程"
    )
    position = models.PositiveSmallIntegerField("顺序")
    stage = models.CharField("环节", max_length=10, choices=ClaimStage.choices)
    source = models.CharField("办理前状态", max_length=10, choices=ClaimStatus.choices)
    target = models.CharField("办理后状态", max_length=10, choices=ClaimStatus.choices)
    role = models.CharField("岗位", max_length=20, choices=Role.choices)
    own_street = models.BooleanField("限本街道（乡镇）", default=False)
    may_return = models.BooleanField("可以退回", default=True)
    persons = models.PositiveSmallIntegerField("经办人数", default=1)

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "办理规程登记后不能修改或删除，请登记新的规程。"),
        Guard(
            "unused",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM subsidies_subsidyclaim claim"
            " WHERE claim.scheme_id = NEW.scheme_id)",
            "已有申报按这个规程办理，不能再增加环节。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "规程环节"
        ordering = ["scheme_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "stage"],
                name="schemestage_once",
                violation_error_message="这个环节已在规程中。",
            ),
            models.UniqueConstraint(
                fields=["scheme", "source"],
                name="schemestage_one_turn",
                violation_error_message="一个状态只能由一个环节办理。",
            ),
            models.CheckConstraint(
                condition=Q(persons__gte=1) & Q(persons__lte=MAX_PERSONS),
                name="schemestage_persons",
                violation_error_message=f"每个环节 1 至 {MAX_PERSONS} 人。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.get_stage_display()}"

    @property
    def rule(self) -> StageRule:
        return StageRule(
            stage=ClaimStage(self.stage),
            source=ClaimStatus(self.source),
            target=ClaimStatus(self.target),
            role=Role(self.role),
            own_street=self.own_street,
            may_return=self.may_return,
            persons=self.persons,
        )
