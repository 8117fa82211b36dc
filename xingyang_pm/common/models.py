"""What every app needs and no domain owns: audit entries, jobs, periodic runs, imports."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from .scoping import ScopedManager
from .storage import private_path
from .triggers import AppendOnly


class AuditEntry(models.Model):
    """One act of one person (or of the portal itself). Append-only by trigger."""

    at = models.DateTimeField("时间")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, verbose_name="操作人", related_name="+"
    )
    actor_name = models.CharField("操作人姓名", max_length=60)
    channel = models.CharField("途径", max_length=20)
    ip = models.GenericIPAddressField("来源地址", null=True, blank=True)
    agent = models.CharField("终端", max_length=200, blank=True)
    request_id = models.UUIDField("请求编号", default=uuid.uuid4)
    verb = models.CharField("动作", max_length=60)
    tag = models.CharField("主题", max_length=20, blank=True)
    tone = models.CharField("色调", max_length=1, blank=True)
    target_type = models.CharField("对象类别", max_length=60, blank=True)
    target_id = models.CharField("对象编号", max_length=40, blank=True)
    target_name = models.CharField("对象名称", max_length=200, blank=True)
    summary = models.CharField("说明", max_length=500)
    before = models.JSONField("改前", null=True, blank=True)
    after = models.JSONField("改后", null=True, blank=True)
    reason = models.TextField("原因", blank=True)
    success = models.BooleanField("成功", default=True)

    objects = ScopedManager()

    triggers = [AppendOnly("append", "操作日志只能追加，不能修改或删除。")]

    class Meta:
        verbose_name = verbose_name_plural = "操作日志"
        ordering = ["-at", "-pk"]
        indexes = [
            # The auditor's list: newest first, by person, by kind of act, one request together.
            models.Index(fields=["-at"], name="audit_at"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
            models.Index(fields=["verb", "-at"], name="audit_verb"),
            models.Index(fields=["request_id"], name="audit_request"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.summary}"


class AuditSubject(models.Model):
    """Links an entry to a record on whose timeline it stands."""

    entry = models.ForeignKey(
        AuditEntry, models.CASCADE, related_name="subjects", verbose_name="日志"
    )
    subject_type = models.CharField("对象类别", max_length=60)
    subject_id = models.CharField("对象编号", max_length=40)
    at = models.DateTimeField("时间")

    objects = ScopedManager()

    triggers = [AppendOnly("append", "操作日志只能追加，不能修改或删除。")]

    class Meta:
        verbose_name = verbose_name_plural = "日志对象"
        indexes = [
            # The timeline of one record, newest first.
            models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}"


class JobStatus(models.TextChoices):
    QUEUED = "queued", "排队中"
    RUNNING = "running", "进行中"
    DONE = "done", "已完成"
    FAILED = "failed", "未完成"


class Job(models.Model):
    """A long piece of work that its owner can watch."""

    kind = models.CharField("种类", max_length=60)
    title = models.CharField("名称", max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="发起人", related_name="jobs"
    )
    status = models.CharField(
        "状态", max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED
    )
    params = models.JSONField("参数", default=dict)
    dedupe_key = models.CharField("去重键", max_length=120, blank=True)
    attempts = models.PositiveIntegerField("次数", default=0)
    claim = models.UUIDField("领取编号", null=True, blank=True)
    progress_done = models.PositiveIntegerField("已做", default=0)
    progress_total = models.PositiveIntegerField("总数", default=0)
    message = models.CharField("进展", max_length=200, blank=True)
    note = models.JSONField("结果", default=dict, blank=True)
    result = models.FileField("结果文件", upload_to=private_path, blank=True, max_length=200)
    result_name = models.CharField("文件名", max_length=200, blank=True)
    error = models.CharField("未完成原因", max_length=500, blank=True)
    created_at = models.DateTimeField("发起时间")
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    heartbeat_at = models.DateTimeField("最近进展时间", null=True, blank=True)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "后台任务"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=Q(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]) & ~Q(dedupe_key=""),
                name="job_one_active_per_key",
                violation_error_message="同样的任务正在进行。",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="job_owner"),
            # The sweeper looks for running jobs whose heartbeat has stopped.
            models.Index(fields=["status", "heartbeat_at"], name="job_sweep"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def percent(self) -> int:
        """Progress as a whole number from 0 to 100."""
        if self.status == JobStatus.DONE:
            return 100
        if not self.progress_total:
            return 0
        return min(100, self.progress_done * 100 // self.progress_total)

    @property
    def is_active(self) -> bool:
        return self.status in {JobStatus.QUEUED, JobStatus.RUNNING}


class PeriodicRun(models.Model):
    """The last run and the last success of one periodic job, for the lamps on the desk."""

    name = models.CharField("代码", max_length=60, unique=True)
    title = models.CharField("名称", max_length=60)
    last_started_at = models.DateTimeField("上次开始", null=True, blank=True)
    last_success_at = models.DateTimeField("上次成功", null=True, blank=True)
    last_failure_at = models.DateTimeField("上次失败", null=True, blank=True)
    message = models.CharField("说明", max_length=200, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "定期任务"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


class ImportStatus(models.TextChoices):
    CHECKED = "checked", "已核对"
    COMMITTED = "committed", "已入库"
    ABANDONED = "abandoned", "已放弃"


class ImportBatch(models.Model):
    """One uploaded ledger: the file as it came, what the check found, what became of it."""

    ledger = models.CharField("台账", max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="上传人", related_name="+"
    )
    source = models.FileField("原文件", upload_to=private_path, max_length=200)
    source_name = models.CharField("文件名", max_length=200)
    source_size = models.PositiveBigIntegerField("大小（字节）")
    source_sha256 = models.CharField("SHA-256", max_length=64)
    status = models.CharField(
        "状态", max_length=10, choices=ImportStatus.choices, default=ImportStatus.CHECKED
    )
    report = models.JSONField("核对结果", default=dict)
    result = models.FileField("标错工作簿", upload_to=private_path, blank=True, max_length=200)
    created_at = models.DateTimeField("上传时间")
    committed_at = models.DateTimeField("入库时间", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "台账导入"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.source_name


class SavedView(models.Model):
    """A named set of filters and columns of one list, kept by one user."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="用户", related_name="saved_views"
    )
    page = models.CharField("列表", max_length=80)
    name = models.CharField("名称", max_length=30)
    query = models.CharField("条件", max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "常用条件"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "page", "name"],
                name="savedview_name_once",
                violation_error_message="已有同名的常用条件，请换一个名称。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ReminderStage(models.TextChoices):
    NEW = "new", "新到"
    SOON = "soon", "快到期"
    TODAY = "today", "今天到期"
    LATE = "late", "已逾期"


class Reminder(models.Model):
    """What one person was told about one matter at one stage: on the desk, by e-mail, or both.

    ``key`` names the matter. While it waits there is one open reminder per stage; once it waits
    no more, ``settled_at`` closes it, and the same matter coming back is told anew. ``office`` is
    where the person worked when it was told: somebody who moves takes nothing along.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="提醒谁", related_name="reminders"
    )
    office_id = models.BigIntegerField("当时单位")
    key = models.CharField("事项", max_length=200)
    stage = models.CharField("提醒阶段", max_length=5, choices=ReminderStage.choices)
    # Told by a person and not found among what waits: settled once it was seen.
    sent = models.BooleanField("由人发出", default=False)
    tag = models.CharField("主题", max_length=20)
    title = models.CharField("提醒", max_length=200)
    detail = models.CharField("说明", max_length=300, blank=True)
    url = models.CharField("办理页面", max_length=300)
    due = models.DateField("期限", null=True, blank=True)
    created_at = models.DateTimeField("提醒时间")
    seen_at = models.DateTimeField("看过时间", null=True, blank=True)
    settled_at = models.DateTimeField("办结时间", null=True, blank=True)
    mailed_at = models.DateTimeField("邮件时间", null=True, blank=True)
    mail = models.UUIDField("邮件编号", null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "提醒"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "key", "stage"],
                condition=Q(settled_at__isnull=True),
                name="reminder_once",
            ),
        ]
        indexes = [
            # A person's list, newest first.
            models.Index(fields=["recipient", "-created_at"], name="reminder_mine"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        if self.settled_at:
            return "已办结"
        return "已看" if self.seen_at else "新"


class NumberSeries(models.Model):
    """The last number given out in one series and year, e.g. rectification orders of 2026.

    Taken by :func:`xingyang_pm.common.numbers.next_number` inside the transaction of the act,
    so that numbers have neither gap nor repeat.
    """

    series = models.CharField("编号系列", max_length=40)
    year = models.PositiveIntegerField("年度")
    last = models.PositiveIntegerField("最近编号", default=0)

    objects = ScopedManager()

    class Meta:
        verbose_name = verbose_name_plural = "编号"
        constraints = [
            models.UniqueConstraint(fields=["series", "year"], name="numberseries_once"),
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.year}: {self.last}"
