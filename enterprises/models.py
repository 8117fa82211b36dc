"""Who serves whom: providers, their people, engagements, responsibility agreements."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from estates.models import Community, Estate, Street
from xingyang_pm.common import clock
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.scoping import NOTHING, Scope, ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AppendOnly, Frozen, Guard, NoOverlap

from .choices import (
    FILING_DAYS,
    AgreementParty,
    AgreementState,
    CreditEventKind,
    FeeUnit,
    FilingState,
    ProviderKind,
    SelectionMode,
)
from .querysets import AgreementQuerySet, EngagementQuerySet, ProviderQuerySet


class Provider(models.Model):
    """Who serves an estate: a firm, a community service centre, a village committee, a town."""

    code = models.CharField("编号", max_length=12, unique=True)
    kind = models.CharField("类别", max_length=20, choices=ProviderKind.choices)
    name = models.CharField("名称", max_length=80, unique=True)
    short_name = models.CharField("简称", max_length=30, blank=True)
    initials = models.CharField("拼音首字母", max_length=80, blank=True)
    credit_code = models.CharField("统一社会信用代码", max_length=18, blank=True)
    street = models.ForeignKey(
        Street,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="所属街道（乡镇）",
        related_name="providers",
    )
    community = models.ForeignKey(
        Community,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="所属社区（村）",
        related_name="providers",
    )
    registered_address = models.CharField("注册地址", max_length=120, blank=True)
    office_address = models.CharField("办公地址", max_length=120, blank=True)
    registered_capital = models.DecimalField(
        "注册资本（万元）", max_digits=12, decimal_places=2, null=True, blank=True
    )
    founded_on = models.DateField("成立日期", null=True, blank=True)
    legal_representative = models.CharField("法定代表人", max_length=30, blank=True)
    manager_name = models.CharField("负责人", max_length=30, blank=True)
    phone = models.CharField("联系电话", max_length=60, blank=True)
    staff_count = models.PositiveIntegerField("从业人员数", null=True, blank=True)
    qualification_grade = models.CharField("资质等级（2017年前）", max_length=20, blank=True)
    qualification_number = models.CharField("资质证书编号", max_length=40, blank=True)
    is_active = models.BooleanField("在业", default=True)
    remarks = models.CharField("备注", max_length=300, blank=True)
    created_at = models.DateTimeField("登记时间")
    updated_at = models.DateTimeField("最近改动")

    objects = ProviderQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "服务主体"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=~Q(credit_code=""),
                name="provider_credit_code_once",
                violation_error_message="这个统一社会信用代码已经登记过。",
            ),
            models.CheckConstraint(
                condition=Q(kind=ProviderKind.ENTERPRISE) | Q(street__isnull=False),
                name="provider_local_has_street",
                violation_error_message="社区中心、村委和乡镇须写明所属街道（乡镇）。",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "code"], name="provider_list"),
            models.Index(fields=["initials"], name="provider_initials"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("enterprises:provider-detail", args=[self.pk])

    @property
    def label(self) -> str:
        """The registered short name for narrow tables, else the full name."""
        return self.short_name or self.name


class ProjectManager(models.Model):
    """A provider's project manager or contact person."""

    provider = models.ForeignKey(
        Provider, models.CASCADE, related_name="managers", verbose_name="服务主体"
    )
    name = models.CharField("姓名", max_length=30)
    phone = models.CharField("手机", max_length=40, blank=True)
    duty = models.CharField("职务", max_length=30, default="项目经理")
    certificate = models.CharField("证书编号", max_length=40, blank=True)
    is_active = models.BooleanField("在岗", default=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "项目经理"
        ordering = ["provider_id", "pk"]

    def __str__(self) -> str:
        return self.name


class Engagement(models.Model):
    """One provider serves one estate from a day to a day; never two at once."""

    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="engagements", verbose_name="小区"
    )
    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="engagements", verbose_name="服务主体"
    )
    start_date = models.DateField("接管日期")
    end_date = models.DateField("合同到期", null=True, blank=True)
    contract_number = models.CharField("合同编号", max_length=40, blank=True)
    signed_on = models.DateField("签订日期", null=True, blank=True)
    selection_mode = models.CharField(
        "选聘方式", max_length=20, choices=SelectionMode.choices, default=SelectionMode.STREET
    )
    fee_standard = models.DecimalField(
        "收费标准", max_digits=8, decimal_places=2, null=True, blank=True
    )
    fee_unit = models.CharField(
        "收费单位", max_length=10, choices=FeeUnit.choices, default=FeeUnit.AREA
    )
    service_grade = models.CharField("服务等级", max_length=10, blank=True)
    project_manager = models.ForeignKey(
        ProjectManager,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name="项目经理",
        related_name="engagements",
    )
    contract = models.FileField("合同扫描件", upload_to=private_path, blank=True, max_length=200)
    contract_name = models.CharField("扫描件文件名", max_length=200, blank=True)
    filed_on = models.DateField("备案日期", null=True, blank=True)
    filing_number = models.CharField("备案编号", max_length=40, blank=True)
    end_reason = models.CharField("终止原因", max_length=200, blank=True)
    batch = models.ForeignKey(
        ImportBatch,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="来自台账",
        related_name="+",
    )
    created_at = models.DateTimeField("登记时间")

    objects = EngagementQuerySet.as_manager()

    triggers = [
        NoOverlap(
            key="estate",
            message="同一小区同一天只能有一个服务主体，请先写明原合同的结束日期。",
            lock="NEW.estate_id",
        )
    ]

    class Meta:
        verbose_name = verbose_name_plural = "服务合同"
        ordering = ["-start_date", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="engagement_dates",
                violation_error_message="合同到期不能早于接管日期。",
            ),
            models.CheckConstraint(
                condition=Q(filed_on__isnull=True) | Q(filed_on__gte=F("signed_on")),
                name="engagement_filed_after_signed",
                violation_error_message="备案日期不能早于签订日期。",
            ),
            models.CheckConstraint(
                condition=Q(fee_standard__isnull=True) | Q(fee_standard__gte=0),
                name="engagement_fee_positive",
                violation_error_message="收费标准不能是负数。",
            ),
        ]
        indexes = [
            # Who serves this estate on a day; which estates does this provider serve.
            models.Index(fields=["estate", "start_date"], name="engagement_estate"),
            models.Index(fields=["provider", "start_date"], name="engagement_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} 服务 {self.estate}"

    def get_absolute_url(self) -> str:
        return reverse("enterprises:engagement-detail", args=[self.pk])

    @property
    def filing_due_on(self) -> dt.date | None:
        """Last day for filing the contract."""
        return self.signed_on + dt.timedelta(days=FILING_DAYS) if self.signed_on else None

    @property
    def filing_state(self) -> FilingState:
        if self.filed_on:
            return FilingState.DONE
        if self.signed_on is None:
            return FilingState.INCOMPLETE if self.batch_id else FilingState.UNSIGNED
        late = clock.today() > self.signed_on + dt.timedelta(days=FILING_DAYS)
        return FilingState.LATE if late else FilingState.DUE

    def is_in_force(self, day: dt.date) -> bool:
        return self.start_date <= day and (self.end_date is None or self.end_date >= day)

    def ending_problem(self) -> str:
        """Return why this contract cannot be ended, or nothing.

        A contract that names its last day (合同到期) may still be ended before it; one that was
        ended, or has run out, may not be ended again.
        """
        if self.end_date is None or not (self.end_reason or self.end_date < clock.today()):
            return ""
        last = clock.chinese_date(self.end_date)
        if self.end_reason:
            return f"合同已经终止，服务到{last}止。日期填错的请修改合同。"
        return f"合同已于{last}到期，不用再终止。"


# An agreement that is signed, or voided before it was signed, is settled.
_SETTLED = "(OLD.signed_on IS NOT NULL OR OLD.voided_at IS NOT NULL)"


def _target_settled(row: str) -> str:
    """Return SQL for "the agreement of this target is settled", read so that nobody signs it
    before the writer of the target commits."""
    return (
        "(SELECT CASE WHEN paper.signed_on IS NULL AND paper.voided_at IS NULL THEN 0 ELSE 1 END "  # noqa: S608  names of our own models only
        "FROM enterprises_responsibilityagreement paper "
        f"WHERE paper.id = {row}.agreement_id {{row_lock}}) = 1"
    )


class ResponsibilityAgreement(models.Model):
    """A yearly responsibility agreement (目标责任书) with a firm or with a street.

    Once signed it is frozen with its targets. A scan may still be added, once; a mistake is
    corrected by voiding the agreement (作废) and signing another that ``replaces`` it (更正).
    The number of a void one is never given again.
    """

    year = models.PositiveSmallIntegerField("年度")
    party = models.CharField("签订对象", max_length=10, choices=AgreementParty.choices)
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="物业服务企业",
        related_name="agreements",
    )
    street = models.ForeignKey(
        Street,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="街道（乡镇）",
        related_name="agreements",
    )
    number = models.CharField("编号", max_length=30, unique=True)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="更正",
        related_name="replaced_by",
        error_messages={"unique": "这份责任书已经有更正的一份。"},
    )
    signed_on = models.DateField("签订日期", null=True, blank=True)
    bureau_signatory = models.CharField("甲方签字人", max_length=30, blank=True)
    party_signatory = models.CharField("乙方签字人", max_length=30, blank=True)
    scan = models.FileField("扫描件", upload_to=private_path, blank=True, max_length=200)
    scan_name = models.CharField("扫描件文件名", max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="登记人", related_name="+"
    )
    created_at = models.DateTimeField("登记时间")
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="作废人",
        related_name="+",
    )
    void_reason = models.CharField("作废原因", max_length=200, blank=True)

    objects = AgreementQuerySet.as_manager()

    triggers = [
        Frozen(
            "settled",
            condition=_SETTLED,
            allow=("scan", "scan_name", "voided_at", "voided_by", "void_reason"),
            message="已签订或已作废的目标责任书不能修改或删除，有误的请作废后另签一份更正。",
        ),
        Frozen(
            "scan",
            events=("UPDATE",),
            fields=("scan", "scan_name"),
            condition="OLD.voided_at IS NOT NULL OR (OLD.signed_on IS NOT NULL AND OLD.scan <> '')",
            message="已签订的目标责任书，扫描件不能替换。",
        ),
        Frozen(
            "void",
            events=("UPDATE",),
            fields=("voided_at", "voided_by", "void_reason"),
            condition="OLD.voided_at IS NOT NULL",
            message="目标责任书已经作废，不能恢复，也不能改动作废原因。",
        ),
        Guard(
            "replaces",
            ("INSERT", "UPDATE"),
            "NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {table} wrong "
            "WHERE wrong.id = NEW.replaces_id AND wrong.voided_at IS NOT NULL "
            "AND wrong.party = NEW.party "
            "AND COALESCE(wrong.provider_id, 0) = COALESCE(NEW.provider_id, 0) "
            "AND COALESCE(wrong.street_id, 0) = COALESCE(NEW.street_id, 0))",
            "只能更正同一签订对象已经作废的目标责任书。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "目标责任书"
        ordering = ["-year", "number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    party=AgreementParty.PROVIDER, provider__isnull=False, street__isnull=True
                )
                | Q(party=AgreementParty.STREET, street__isnull=False, provider__isnull=True),
                name="agreement_one_party",
                violation_error_message="目标责任书须写明一个签订对象。",
            ),
            models.UniqueConstraint(
                fields=["year", "provider"],
                condition=Q(provider__isnull=False, voided_at__isnull=True),
                name="agreement_provider_once_a_year",
                violation_error_message="这家企业本年度已有目标责任书。",
            ),
            models.UniqueConstraint(
                fields=["year", "street"],
                condition=Q(street__isnull=False, voided_at__isnull=True),
                name="agreement_street_once_a_year",
                violation_error_message="这个街道（乡镇）本年度已有目标责任书。",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
                name="agreement_void_is_whole",
                violation_error_message="作废须写明原因、作废人和时间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}年度物业管理工作目标责任书（{self.provider or self.street}）"

    def get_absolute_url(self) -> str:
        return reverse("enterprises:agreement-detail", args=[self.pk])

    @property
    def state(self) -> AgreementState:
        if self.voided_at:
            return AgreementState.VOID
        return AgreementState.SIGNED if self.signed_on else AgreementState.UNSIGNED


class AgreementTarget(models.Model):
    """One target of an agreement, with its points."""

    agreement = models.ForeignKey(
        ResponsibilityAgreement, models.CASCADE, related_name="targets", verbose_name="责任书"
    )
    position = models.PositiveSmallIntegerField("序号")
    text = models.CharField("目标", max_length=200)
    points = models.DecimalField("分值", max_digits=5, decimal_places=1, default=0)

    objects = ScopedManager()

    triggers = [
        Guard(
            "settled",
            ("INSERT", "UPDATE"),
            _target_settled("NEW"),
            "责任书已签订或已作废，不能增加责任目标。",
        ),
        Frozen(
            "frozen",
            condition=_target_settled("OLD"),
            message="责任书已签订或已作废，责任目标不能修改或删除。",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "责任目标"
        ordering = ["position"]

    def __str__(self) -> str:
        return self.text


class ServesStreet(Scope):
    """Rows of a provider that serves, or has served, an estate of the user's own street.

    ``field`` leads to the provider. A subquery and not a join, so that a provider with many
    estates stays one row.
    """

    def __init__(self, field: str) -> None:
        self.field = field

    def condition(self, user: Any) -> Q:
        if not user.reads_business:
            return NOTHING
        if user.sees_city:
            return Q()
        served = Engagement.objects.filter(estate__street__office=user.office_id)
        return Q(**{f"{self.field}__in": served.values("provider")})


class CreditEvent(models.Model):
    """信用记录: one thing a provider did or left undone at one estate, told once by its source.

    Points are not given here: a rule set of a later day reads these.
    """

    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="credit_events", verbose_name="服务主体"
    )
    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="credit_events", verbose_name="小区"
    )
    kind = models.CharField("类别", max_length=20, choices=CreditEventKind.choices)
    text = models.CharField("事由", max_length=300)
    happened_on = models.DateField("发生日期")
    # Names the paper from which it comes, so that the same event comes once.
    source_key = models.CharField("来源", max_length=60)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="登记人", related_name="+"
    )
    recorded_at = models.DateTimeField("登记时间")

    objects = ScopedManager()

    triggers = [AppendOnly("append", "信用记录只能追加，不能修改或删除。")]

    class Meta:
        verbose_name = verbose_name_plural = "信用记录"
        ordering = ["-happened_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"],
                name="creditevent_once",
                violation_error_message="这件事已经记入信用记录。",
            ),
        ]
        indexes = [
            # The record of one provider, newest first.
            models.Index(fields=["provider", "-happened_on"], name="creditevent_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.get_kind_display()}"
