"""A person's own reminders: what came, what was seen, what is done with."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse

from xingyang_pm.common import reminders
from xingyang_pm.common.filters import PortalFilterSet
from xingyang_pm.common.formats import due_words
from xingyang_pm.common.kept import forget
from xingyang_pm.common.menu import EVERYONE, optional_url
from xingyang_pm.common.models import Reminder, ReminderStage
from xingyang_pm.common.tables import Column, Pill, Table

from .acts import ActionPage
from .base import Action
from .lists import ListPage, SavedChip

_TONES = {ReminderStage.SOON: "a", ReminderStage.TODAY: "a", ReminderStage.LATE: "r"}


def stage_pill(row: Reminder) -> Pill:
    """The stage while it waits; done with, it is no alarm any more."""
    if row.settled_at:
        return Pill("已办结", "g")
    return Pill(row.get_stage_display(), _TONES.get(ReminderStage(row.stage), "b"))


def due_text(row: Reminder) -> str:
    return due_words(row.due) if row.due and not row.settled_at else ""


class ReminderTable(Table):
    columns = [
        Column("tag", "主题", css="nowrap"),
        Column("title", "提醒", link=lambda row: row.url, css="nm wrap"),
        Column("detail", "说明", css="sec wrap"),
        Column("stage", "情形", pill=stage_pill),
        Column("due", "期限", kind="date", sort=True, css="tnum nowrap"),
        Column("due_text", "还有几天", value=due_text, css="tnum nowrap"),
        Column("created_at", "提醒时间", kind="datetime", sort=True, css="tnum nowrap"),
        Column("state", "看过", value=lambda row: "看过" if row.seen_at else "新", css="nowrap"),
        Column("mailed_at", "邮件", kind="datetime", css="tnum nowrap", hidden=True),
    ]
    default_sort = "-created_at"


STATES = [("new", "没看过的"), ("open", "还没办的"), ("settled", "已办结的")]


class ReminderFilterSet(PortalFilterSet):
    state = django_filters.ChoiceFilter(label="状态", choices=STATES, method="by_state")
    stage = django_filters.ChoiceFilter(label="情形", choices=ReminderStage.choices)

    class Meta:
        model = Reminder
        fields: list[str] = []

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == "new":
            return rows.filter(seen_at__isnull=True, settled_at__isnull=True)
        return rows.filter(settled_at__isnull=value == "open")


class ReminderList(ListPage):
    model, table_class, filterset_class, roles = (
        Reminder,
        ReminderTable,
        ReminderFilterSet,
        EVERYONE,
    )
    title, unit = "我的提醒", "条提醒"
    exports = saves_views = False
    empty_icon = "bell"
    empty_text = "还没有提醒。新到的、快到期的和逾期的事项会列在这里。"
    views = [
        SavedChip("没看过", "state=new", lambda view: reminders.unseen(view.user).count()),
        SavedChip("还没办", "state=open"),
    ]

    def get_rows(self) -> QuerySet:
        return reminders.own(self.user)

    def get_actions(self) -> list[Action]:
        if not reminders.unseen(self.user).exists():
            return []
        return [
            Action("全部标为看过", reverse("common:reminder-seen"), icon="check", method="post")
        ]


class RemindersSeen(ActionPage):
    """“知道了”: what is new counts as seen."""

    roles, post_only = EVERYONE, True

    def perform(self, form: None) -> int:
        count = reminders.see_all(self.user)
        forget(self.user)
        return count

    def get_success_url(self, result: Any) -> str:
        desk = optional_url("dashboard:desk") if self.request.POST.get("from") == "desk" else ""
        return desk or reverse("common:reminder-list")

    def done_message(self, result: int) -> str:
        return f"{result} 条提醒已标为看过。"
