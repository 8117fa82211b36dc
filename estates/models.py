"""Where: streets, communities, estates, buildings, household counts, who answers for what."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Office
from xingyang_pm.common import clock
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.storage import private_path
from xingyang_pm.common.triggers import AllowedMoves, Frozen, Guard, NoOverlap

from .choices import (
    CountStatus,
    Decision,
    EstateKind,
    EstateStatus,
    ManagementMode,
    NameKind,
    StreetKind,
    SurveyStatus,
)
from .querysets import (
    EstateQuerySet,
    HouseholdCountQuerySet,
    StaffAssignmentQuerySet,
    SurveyDifferenceQuerySet,
)


class Street(models.Model):
    """A street, town or township: the territory, which points down to its office."""

    code = models.CharField("区划代码", max_length=9, unique=True)
    name = models.CharField("名称", max_length=30, unique=True)
    kind = models.CharField("类别", max_length=10, choices=StreetKind.choices)
    office = models.OneToOneField(
        Office, models.PROTECT, verbose_name="办事机构", related_name="street"
    )

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "街道（乡镇）"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Community(models.Model):
    """A community (社区) or village (村)."""

    code = models.CharField("区划代码", max_length=12, unique=True)
    name = models.CharField("全称", max_length=60)
    short_name = models.CharField("简称", max_length=40)
    street = models.ForeignKey(
        Street, models.PROTECT, verbose_name="街道（乡镇）", related_name="communities"
    )

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "社区（村）"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["street", "name"], name="community_name_once"),
        ]

    def __str__(self) -> str:
        return self.short_name


class Estate(models.Model):
    """One estate of the city's registry: commodity housing, an old estate or a rural community.

    ``building_count`` and ``household_count`` are registry figures as the ledgers state them;
    money is computed from verified :class:`HouseholdCount` rows alone.
    """

    code = models.CharField("小区编号", max_length=12, unique=True)
    kind = models.CharField("类别", max_length=10, choices=EstateKind.choices)
    status = models.CharField(
        "状态", max_length=10, choices=EstateStatus.choices, default=EstateStatus.ACTIVE
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name="并入", related_name="merged"
    )
    name = models.CharField("小区名称", max_length=60)
    initials = models.CharField("拼音首字母", max_length=60, blank=True)
    street = models.ForeignKey(
        Street, models.PROTECT, verbose_name="街道（乡镇）", related_name="estates"
    )
    community = models.ForeignKey(
        Community,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="社区（村）",
        related_name="estates",
    )
    address = models.CharField("详细地址", max_length=120, blank=True)
    developer = models.CharField("开发建设单位", max_length=80, blank=True)
    ownership_unit = models.CharField("产权单位", max_length=80, blank=True)
    built_year = models.PositiveSmallIntegerField(
        "建成年代",
        null=True,
        blank=True,
        validators=[MinValueValidator(1949), MaxValueValidator(2100)],
    )
    delivered_on = models.DateField("交付时间", null=True, blank=True)
    renovated_year = models.PositiveSmallIntegerField("改造年度", null=True, blank=True)
    land_area = models.DecimalField(
        "占地面积（㎡）", max_digits=12, decimal_places=2, null=True, blank=True
    )
    floor_area = models.DecimalField(
        "建筑面积（㎡）", max_digits=12, decimal_places=2, null=True, blank=True
    )
    building_count = models.PositiveIntegerField("楼栋数", default=0)
    unit_count = models.PositiveIntegerField("单元数", null=True, blank=True)
    household_count = models.PositiveIntegerField("户数", default=0)
    occupied_count = models.PositiveIntegerField("入住户数", null=True, blank=True)
    lift_count = models.PositiveIntegerField("电梯数", null=True, blank=True)
    parking_above = models.PositiveIntegerField("地上车位", null=True, blank=True)
    parking_below = models.PositiveIntegerField("地下车位", null=True, blank=True)
    property_type = models.CharField("物业类型", max_length=40, blank=True)
    management_mode = models.CharField(
        "管理模式", max_length=20, choices=ManagementMode.choices, default=ManagementMode.NONE
    )
    has_cleaning = models.BooleanField("有清扫保洁", default=False)
    has_waste_removal = models.BooleanField("有垃圾清运", default=False)
    has_greening = models.BooleanField("有绿化养护", default=False)
    has_repair = models.BooleanField("有日常维修", default=False)
    has_service_station = models.BooleanField("有社区服务站", default=False)
    station_accepted_on = models.DateField("服务站验收日期", null=True, blank=True)
    property_officer = models.CharField("物业专干", max_length=30, blank=True)
    contact_name = models.CharField("负责人", max_length=30, blank=True)
    contact_phone = models.CharField("联系电话", max_length=60, blank=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True, blank=True)
    remarks = models.CharField("备注", max_length=300, blank=True)
    created_at = models.DateTimeField("登记时间")
    updated_at = models.DateTimeField("最近改动")

    objects = EstateQuerySet.as_manager()

    triggers = [
        AllowedMoves(
            message="小区状态不能这样改动：已并入或注销的小区不再改回。",
            moves=frozenset({("active", "merged"), ("active", "removed")}),
        )
    ]

    class Meta:
        verbose_name = verbose_name_plural = "小区"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["street", "kind", "name"],
                condition=Q(status=EstateStatus.ACTIVE),
                name="estate_name_once_per_street",
                violation_error_message="本街道已有同名小区，请写明东院、西院或期数。",
            ),
            models.CheckConstraint(
                condition=Q(status=EstateStatus.MERGED, merged_into__isnull=False)
                | (~Q(status=EstateStatus.MERGED) & Q(merged_into__isnull=True)),
                name="estate_merged_has_target",
                violation_error_message="并入的小区须写明并入哪个小区。",
            ),
        ]
        indexes = [
            # The list: by street and kind in the order of codes, active rows only.
            models.Index(fields=["status", "street", "kind", "code"], name="estate_list"),
            models.Index(fields=["status", "kind", "code"], name="estate_kind"),
            models.Index(fields=["community", "code"], name="estate_community"),
            # Search by pinyin initials from the front.
            models.Index(fields=["initials"], name="estate_initials"),
            models.Index(fields=["street", "name"], name="estate_match"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("estates:estate-detail", args=[self.pk])

    @property
    def meets_four_haves(self) -> bool:
        """Whether all of 有清扫保洁、有垃圾清运、有绿化养护、有日常维修 hold."""
        return (
            self.has_cleaning and self.has_waste_removal and self.has_greening and self.has_repair
        )

    @property
    def four_haves(self) -> str:
        """The items that hold, as the ledger writes them."""
        items = [
            (self.has_cleaning, "有清扫保洁"),
            (self.has_waste_removal, "有垃圾清运"),
            (self.has_greening, "有绿化养护"),
            (self.has_repair, "有日常维修"),
        ]
        return "、".join(word for held, word in items if held)


class EstateName(models.Model):
    """A former name or alias, by which imports and search find the estate too."""

    estate = models.ForeignKey(Estate, models.CASCADE, related_name="names", verbose_name="小区")
    kind = models.CharField("类别", max_length=10, choices=NameKind.choices)
    name = models.CharField("名称", max_length=60)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "曾用名、别名"
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "name"],
                name="estatename_once",
                violation_error_message="这个名称已经登记过。",
            ),
        ]
        indexes = [models.Index(fields=["name"], name="estatename_match")]

    def __str__(self) -> str:
        return self.name


class Building(models.Model):
    """One building of an estate."""

    estate = models.ForeignKey(
        Estate, models.CASCADE, related_name="buildings", verbose_name="小区"
    )
    name = models.CharField("楼栋", max_length=30)
    position = models.PositiveIntegerField("顺序", default=0)
    floors = models.PositiveSmallIntegerField("层数", null=True, blank=True)
    units = models.PositiveSmallIntegerField("单元数", null=True, blank=True)
    households = models.PositiveIntegerField("户数", default=0)
    built_year = models.PositiveSmallIntegerField("建成", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "楼栋"
        ordering = ["estate_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "name"],
                name="building_name_once",
                violation_error_message="本小区已有同名楼栋。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.name}"


class HouseholdCount(models.Model):
    """Households brought into service, from a month on; entered by one, verified by another."""

    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="household_counts", verbose_name="小区"
    )
    effective_month = models.DateField("执行月份")
    households = models.PositiveIntegerField("户数")
    buildings = models.PositiveIntegerField("楼栋数")
    status = models.CharField(
        "状态", max_length=10, choices=CountStatus.choices, default=CountStatus.ENTERED
    )
    reason = models.CharField("变动原因", max_length=200, blank=True)
    evidence = models.FileField("户数清册", upload_to=private_path, blank=True, max_length=200)
    evidence_name = models.CharField("清册文件名", max_length=200, blank=True)
    evidence_sha256 = models.CharField("清册 SHA-256", max_length=64, blank=True)
    batch = models.ForeignKey(
        ImportBatch,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="来自台账",
        related_name="+",
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="录入人", related_name="+"
    )
    entered_at = models.DateTimeField("录入时间")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="核定人",
        related_name="+",
    )
    decided_at = models.DateTimeField("核定时间", null=True, blank=True)
    opinion = models.CharField("核定意见", max_length=200, blank=True)

    objects = HouseholdCountQuerySet.as_manager()

    triggers = [
        Frozen(
            "verified",
            condition="OLD.status <> 'entered'",
            allow=("estate",),
            message="已核定的户数不能修改或删除，请另录新的户数。",
        ),
        # A duplicate's counts follow it into the estate that is kept, and go nowhere else.
        Guard(
            "estate",
            ("UPDATE",),
            "NEW.estate_id {differs} OLD.estate_id AND NOT EXISTS (SELECT 1 FROM"
            " estates_estate former WHERE former.id = OLD.estate_id"
            " AND former.merged_into_id = NEW.estate_id)",
            "户数不能改记到别的小区。",
        ),
        AllowedMoves(
            message="户数只能由待核定改为已核定或不予核定。",
            moves=frozenset({("entered", "verified"), ("entered", "rejected")}),
            initial=("entered",),
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "户数核定"
        ordering = ["-effective_month", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_month__day=1),
                name="householdcount_whole_month",
                violation_error_message="执行月份须为某月1日。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("entered_by")),
                name="householdcount_two_persons",
                violation_error_message="录入人不能核定自己录入的户数。",
            ),
            models.CheckConstraint(
                condition=Q(status=CountStatus.ENTERED, decided_by__isnull=True)
                | (~Q(status=CountStatus.ENTERED) & Q(decided_by__isnull=False)),
                name="householdcount_decided",
                violation_error_message="核定须写明核定人。",
            ),
            models.UniqueConstraint(
                fields=["estate", "effective_month"],
                condition=Q(status=CountStatus.VERIFIED),
                name="householdcount_one_per_month",
                violation_error_message="本小区这个月已有核定户数。",
            ),
            models.UniqueConstraint(
                fields=["estate"],
                condition=Q(status=CountStatus.ENTERED),
                name="householdcount_one_waiting",
                violation_error_message="本小区还有一条户数待核定，请先核定。",
            ),
        ]
        indexes = [
            # The count in force: latest effective month of an estate among verified rows.
            models.Index(
                fields=["estate", "status", "-effective_month"], name="householdcount_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate} {self.households}户"

    def get_absolute_url(self) -> str:
        return reverse("estates:count-detail", args=[self.pk])


class StaffAssignment(models.Model):
    """Which officer of the bureau answers for an estate (分包), from when to when."""

    estate = models.ForeignKey(
        Estate, models.PROTECT, related_name="assignments", verbose_name="小区"
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="分包干部",
        related_name="assignments",
    )
    start_date = models.DateField("开始日期")
    end_date = models.DateField("结束日期", null=True, blank=True)

    objects = StaffAssignmentQuerySet.as_manager()

    triggers = [
        NoOverlap(key="estate", message="同一小区同一天只能有一名分包干部。", lock="NEW.estate_id")
    ]

    class Meta:
        verbose_name = verbose_name_plural = "分包安排"
        ordering = ["-start_date", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="staffassignment_dates",
                violation_error_message="结束日期不能早于开始日期。",
            ),
        ]
        indexes = [
            models.Index(fields=["estate", "start_date"], name="staffassignment_estate"),
            models.Index(fields=["officer", "start_date"], name="staffassignment_officer"),
        ]

    def __str__(self) -> str:
        return f"{self.officer} 分包 {self.estate}"

    def ending_problem(self) -> str:
        """Return why this assignment cannot be ended (again), or nothing."""
        if self.end_date is None or self.end_date > clock.today():
            return ""
        return f"这项分包已于{clock.chinese_date(self.end_date)}结束。"


class OwnersCommittee(models.Model):
    """One term of an estate's owners' committee (业委会)."""

    estate = models.ForeignKey(
        Estate, models.CASCADE, related_name="committees", verbose_name="小区"
    )
    term = models.PositiveSmallIntegerField("届别", default=1)
    chair = models.CharField("主任", max_length=30, blank=True)
    phone = models.CharField("联系电话", max_length=40, blank=True)
    members = models.PositiveSmallIntegerField("委员人数", null=True, blank=True)
    start_date = models.DateField("任期开始")
    end_date = models.DateField("任期结束", null=True, blank=True)
    filed_on = models.DateField("备案日期", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "业主委员会"
        ordering = ["-term"]
        constraints = [
            models.UniqueConstraint(
                fields=["estate", "term"],
                name="ownerscommittee_term_once",
                violation_error_message="这一届业委会已经登记过。",
            ),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                name="ownerscommittee_dates",
                violation_error_message="任期结束不能早于任期开始。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estate} 第{self.term}届业委会"


class Survey(models.Model):
    """A baseline survey (摸底调查): what people found on site, held against the registry."""

    title = models.CharField("名称", max_length=80)
    street = models.ForeignKey(
        Street, models.PROTECT, verbose_name="街道（乡镇）", related_name="surveys"
    )
    surveyed_on = models.DateField("调查日期")
    status = models.CharField(
        "状态", max_length=10, choices=SurveyStatus.choices, default=SurveyStatus.OPEN
    )
    source = models.FileField("调查表", upload_to=private_path, blank=True, max_length=200)
    source_name = models.CharField("调查表文件名", max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="上传人", related_name="+"
    )
    created_at = models.DateTimeField("上传时间")

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "摸底调查"
        ordering = ["-surveyed_on", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("estates:survey-detail", args=[self.pk])


class SurveyEntry(models.Model):
    """One estate as the survey found it."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="entries", verbose_name="调查")
    row = models.PositiveIntegerField("表中行号")
    name = models.CharField("小区名称", max_length=60)
    estate = models.ForeignKey(
        Estate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="survey_entries",
        verbose_name="对应小区",
    )
    values = models.JSONField("调查内容", default=dict)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "调查记录"
        ordering = ["row"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "estate"],
                condition=Q(estate__isnull=False),
                name="surveyentry_estate_once",
                violation_error_message="同一次调查中一个小区只有一行。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SurveyDifference(models.Model):
    """One field in which survey and registry differ, and what a person decided on it."""

    entry = models.ForeignKey(
        SurveyEntry, models.CASCADE, related_name="differences", verbose_name="调查记录"
    )
    field = models.CharField("栏目", max_length=40)
    registry_value = models.CharField("名录内容", max_length=200, blank=True)
    survey_value = models.CharField("调查内容", max_length=200, blank=True)
    decision = models.CharField(
        "处理", max_length=10, choices=Decision.choices, default=Decision.PENDING
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="处理人",
        related_name="+",
    )
    decided_at = models.DateTimeField("处理时间", null=True, blank=True)

    objects = SurveyDifferenceQuerySet.as_manager()

    triggers = [
        Frozen(
            "decided",
            condition="OLD.decision <> 'pending'",
            message="这处不同已经处理，不能再改。",
        )
    ]

    class Meta:
        verbose_name = verbose_name_plural = "调查差异"
        ordering = ["entry_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "field"], name="surveydifference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.entry} {self.field}"
