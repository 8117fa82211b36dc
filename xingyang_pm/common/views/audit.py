"""The audit log as the auditor reads it: every act, its change, what else the same request did."""

import json
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.urls import reverse

from xingyang_pm.common.filters import (
    DateSpanFilter,
    KeywordFilter,
    PortalFilterSet,
    YesNoFilter,
)
from xingyang_pm.common.formats import DASH
from xingyang_pm.common.models import AuditEntry
from xingyang_pm.common.scopes import AUDIT_READERS
from xingyang_pm.common.tables import Column, Pill, Table

from .lists import ListPage
from .records import Fact, Panel, RecordPage, TablePanel

CHANNELS = [
    ("web", "网页"),
    ("api", "数据接口"),
    ("job", "后台任务"),
    ("calendar", "定期任务"),
    ("command", "命令"),
    ("shell", "维护终端"),
]
_CHANNEL_WORDS = dict(CHANNELS)


def result_pill(entry: AuditEntry) -> Pill:
    return Pill("成功", "g") if entry.success else Pill("未成功", "a")


class AuditTable(Table):
    columns = [
        Column("at", "时间", kind="datetime", sort=True, css="tnum nowrap sm"),
        Column("actor_name", "操作人", css="nowrap", sort=True),
        Column("tag", "主题", css="nowrap sec"),
        Column("summary", "说明", link="common:audit-detail", css="nm wrap"),
        Column("target_name", "对象", css="sec clip pv"),
        Column(
            "channel",
            "途径",
            value=lambda e: _CHANNEL_WORDS.get(e.channel, e.channel),
            css="nowrap",
        ),
        Column("ip", "来源地址", css="tnum mut sm"),
        Column("success", "结果", pill=result_pill),
        Column("verb", "动作代码", css="tnum mut sm", hidden=True),
        Column("request_id", "请求编号", value=lambda e: str(e.request_id), hidden=True),
    ]
    default_sort = "-at"
    page_sizes = (50, 100)
    key = "audit"


class AuditFilterSet(PortalFilterSet):
    since = DateSpanFilter("at__date", side="from", label="从")
    until = DateSpanFilter("at__date", side="to", label="到")
    actor_name = django_filters.CharFilter(lookup_expr="contains", label="操作人", max_length=60)
    tag = django_filters.CharFilter(label="主题", max_length=20)
    q = KeywordFilter(["summary__contains", "target_name__contains"], placeholder="说明、对象名称")
    channel = django_filters.ChoiceFilter(choices=CHANNELS, label="途径", empty_label="全部")
    success = YesNoFilter("success", label="结果", yes="成功", no="未成功")
    verb = django_filters.CharFilter(lookup_expr="startswith", label="动作代码", max_length=60)
    ip = django_filters.CharFilter(lookup_expr="exact", label="来源地址", max_length=45)
    request_id = django_filters.UUIDFilter(label="请求编号")

    class Meta:
        model = AuditEntry
        fields: ClassVar[list[str]] = []
        primary = ["since", "until", "actor_name", "tag", "q"]


class AuditList(ListPage):
    model, table_class, filterset_class = AuditEntry, AuditTable, AuditFilterSet
    roles = AUDIT_READERS
    title, unit = "操作日志", "条记录"
    empty_text = "还没有日志。每次登录、修改和导出都会记在这里。"
    empty_icon = "history"

    def get_rows(self) -> QuerySet:
        return super().get_rows().defer("before", "after", "reason", "agent")


class ChangeTable(Table):
    columns = [
        Column("field", "项目", css="nowrap sec"),
        Column("before", "改前", css="wrap"),
        Column("after", "改后", css="wrap"),
    ]


class _Change:
    def __init__(self, field: str, before: Any, after: Any) -> None:
        self.field = field
        self.before = _text(before)
        self.after = _text(after)


def _text(value: Any) -> str:
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


class SameRequestTable(Table):
    columns = [
        Column("at", "时间", kind="datetime", css="tnum nowrap sm"),
        Column("tag", "主题", css="nowrap sec"),
        Column("summary", "说明", link="common:audit-detail", css="wrap"),
        Column("target_name", "对象", css="sec"),
    ]
    default_sort = ""


class AuditDetail(RecordPage):
    model, roles, list_url = AuditEntry, AUDIT_READERS, "common:audit-list"
    timeline = False
    facts_title = "这一步"

    def get_title(self) -> str:
        return "日志详情"

    def get_pills(self) -> list[Pill]:
        return [result_pill(self.object)]

    def get_meta(self) -> str:
        return f"{self.object.actor_name} {self.object.summary}"

    def facts(self) -> list[Fact]:
        entry = self.object
        return [
            Fact("时间", entry.at),
            Fact("操作人", entry.actor_name),
            Fact("说明", entry.summary, wide=True),
            Fact("主题", entry.tag),
            Fact("动作代码", entry.verb),
            Fact("对象", entry.target_name, wide=True),
            Fact("途径", _CHANNEL_WORDS.get(entry.channel, entry.channel)),
            Fact("来源地址", entry.ip),
            Fact("终端", entry.agent, wide=True),
            Fact("原因", entry.reason, wide=True),
            Fact(
                "请求编号",
                str(entry.request_id),
                wide=True,
                url=f"{reverse('common:audit-list')}?request_id={entry.request_id}",
            ),
        ]

    def panels(self) -> list[Panel]:
        entry = self.object
        before, after = entry.before or {}, entry.after or {}
        names = list(dict.fromkeys([*before, *after]))
        changes = [_Change(name, before.get(name), after.get(name)) for name in names]
        same = (
            self.get_rows().filter(request_id=entry.request_id).exclude(pk=entry.pk).order_by("pk")
        )
        return [
            TablePanel("改动", ChangeTable, changes, empty_text="这一步没有记录改前改后的内容。"),
            TablePanel(
                "同一次请求里的其他步骤", SameRequestTable, same, empty_text="没有其他步骤。"
            ),
        ]
