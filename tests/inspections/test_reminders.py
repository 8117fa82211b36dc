"""Reminders: each matter reaches its person once per stage, and nobody else."""

import datetime as dt
import socket
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from inspections import services
from inspections.choices import OrderStatus
from inspections.models import Handover, Interview, RectificationOrder
from inspections.selectors import escalations_waiting
from tests.inspections.conftest import TODAY, recheck_of, reply_to
from tests.inspections.test_rectification import hand_over
from tests.support.at_once import at_once
from tests.support.pages import listed, text_of
from tests.support.people import PASSWORD, Cast
from xingyang_pm.common import clock, periodic, reminders
from xingyang_pm.common.models import AuditEntry, PeriodicRun, Reminder, ReminderStage

pytestmark = pytest.mark.django_db
LIST = "/reminders/"


def of(user: User, word: str = "整改") -> list[tuple[str, str]]:
    """Return stage and title of what ``user`` was told under the subject ``word``."""
    rows = Reminder.objects.filter(recipient=user, tag=word).order_by("pk")
    return [(row.stage, row.title) for row in rows]


@pytest.mark.parametrize(
    ("days", "stage"),
    [(9, "new"), (3, "new"), (2, "soon"), (1, "soon"), (0, "today"), (-1, "late"), (-30, "late")],
)
def test_the_stage_follows_from_the_last_day(days: int, stage: str):
    assert reminders.stage_of(TODAY + dt.timedelta(days=days), TODAY) == stage


def test_a_matter_without_a_last_day_is_only_ever_new():
    assert reminders.stage_of(None, TODAY) == ReminderStage.NEW


def test_an_order_is_told_when_it_comes_before_its_day_on_it_and_when_late_once_each(
    served: RectificationOrder, cast: Cast
):
    """The deadline is three days away; every hour of every day asks again."""
    clerk = cast.street_clerk
    assert served.deadline == TODAY + dt.timedelta(days=3)
    for day in range(7):
        for _ in range(3):
            with clock.freeze(TODAY + dt.timedelta(days=day)):
                reminders.refresh(clerk)
    assert [stage for stage, title in of(clerk) if "待回复" in title] == [
        "new",
        "soon",
        "today",
        "late",
    ]
    assert reminders.unseen(clerk).filter(tag="整改").count() == 1  # the last alone still stands
    assert of(cast.other_clerk) == []


def test_what_is_done_is_settled_and_told_anew_when_it_comes_back(
    served: RectificationOrder, cast: Cast
):
    clerk = cast.street_clerk
    reminders.refresh(clerk)
    reply_to(served, clerk)
    assert reminders.refresh(clerk) == 0
    row = Reminder.objects.get(recipient=clerk, tag="整改")
    assert row.settled_at is not None
    RectificationOrder.objects.filter(pk=served.pk).update(status="issued")  # 退回重改
    assert reminders.refresh(clerk) == 1
    assert [stage for stage, _ in of(clerk)] == ["new", "new"]


def test_more_urgent_ones_push_nothing_out_of_the_list(served: RectificationOrder, cast: Cast):
    """A long list is told whole; what stands far down is not told anew when others come before."""

    def add(numbers: range, days: int) -> None:
        rows = [RectificationOrder.objects.get(pk=served.pk) for _ in numbers]
        for row, number in zip(rows, numbers, strict=True):
            row.pk, row.serial, row.number = None, number, f"荥房管责改〔2026〕{number}号"
            row.deadline = TODAY + dt.timedelta(days=days)
        RectificationOrder.objects.bulk_create(rows)

    add(range(101, 126), 30)
    assert reminders.refresh(cast.street_clerk) >= 26
    add(range(201, 226), 10)
    assert reminders.refresh(cast.street_clerk) == 25
    assert reminders.refresh(cast.street_clerk) == 0
    assert not Reminder.objects.filter(recipient=cast.street_clerk, settled_at__isnull=False)


@pytest.mark.django_db(transaction=True)
def test_four_at_once_tell_it_once(served: RectificationOrder, cast: Cast):
    at_once(*[lambda: reminders.refresh(cast.street_clerk)] * 4)
    assert len(of(cast.street_clerk)) == 1


def test_it_stands_on_the_desk_after_the_sign_in_until_it_was_seen(
    served: RectificationOrder, cast: Cast
):
    client = Client()
    client.post(
        reverse("accounts:login"), {"username": cast.street_clerk.username, "password": PASSWORD}
    )
    desk = reverse("dashboard:desk")
    told = reminders.unseen_of(cast.street_clerk)
    assert told.total >= 1
    assert f"有 {told.total} 件新提醒" in text_of(client.get(desk))
    answer = client.post(reverse("common:reminder-seen"), {"from": "desk"})
    assert answer.headers["Location"] == desk
    assert "件新提醒" not in text_of(client.get(desk))
    assert listed(client, LIST, state="new") == []
    assert [row.tag for row in listed(client, LIST, state="open")].count("整改") == 1


def test_nobody_reads_or_marks_the_reminders_of_another(
    served: RectificationOrder, cast: Cast, client_for: Callable[[User], Client]
):
    reminders.refresh(cast.street_clerk)
    for person in (cast.other_clerk, cast.street_leader, cast.city_manager, cast.system_admin):
        client = client_for(person)
        assert served.estate.name not in text_of(client.get(LIST)) or person == cast.city_manager
        assert all(row.recipient_id == person.pk for row in listed(client, LIST))
        client.post(reverse("common:reminder-seen"))
    assert (
        reminders.unseen(cast.street_clerk).count()
        == Reminder.objects.filter(recipient=cast.street_clerk).count()
    )


def test_who_moves_to_another_office_takes_no_reminder_along(
    served: RectificationOrder, cast: Cast, client_for: Callable[[User], Client]
):
    clerk = cast.street_clerk
    reminders.refresh(clerk)
    User.objects.filter(pk=clerk.pk).update(office=cast.other_office)
    moved = User.objects.get(pk=clerk.pk)
    assert listed(client_for(moved), LIST) == []
    assert reminders.unseen_of(moved).total == 0


# --- 约谈 and 移交 -----------------------------------------------------------------------------


def told_each_day(user: User, days: int, first: dt.date = TODAY) -> list[tuple[str, str]]:
    """Ask every hour of ``days`` days; return the stages and actions of what was told."""
    for day in range(days):
        for _ in range(2):
            with clock.freeze(first + dt.timedelta(days=day)):
                reminders.refresh(user)
    rows = Reminder.objects.filter(recipient=user, tag="整改").order_by("pk")
    return [
        (row.stage, row.key.split(" ")[0])
        for row in rows
        if row.key.startswith(("看约谈", "登记记录", "登记反馈"))
    ]


def call(order: RectificationOrder, actor: User, day: dt.date) -> Interview:
    return services.interview_call(
        order=order,
        actor=actor,
        invited="郑州怡馨物业服务有限公司",
        cause="逾期未整改",
        scheduled_at=clock.at(day, 15),
        place="房管中心二楼会议室",
    )


def write_down(interview: Interview, actor: User) -> None:
    services.interview_record(
        interview=interview,
        actor=actor,
        held_on=clock.today(),
        host="陈志远",
        recorder="张志强",
        attendees="张利民",
        problems="楼道堆物没有清走",
        statement="三日内清走",
        demands="清走全部堆物",
        demands_deadline=clock.today(),
    )


def test_an_interview_is_told_when_near_on_its_day_and_when_unwritten_once_each(
    failed: RectificationOrder, cast: Cast
):
    interview = call(failed, cast.city_manager, TODAY + dt.timedelta(days=5))
    assert told_each_day(cast.city_manager, 9) == [
        ("soon", "看约谈"),
        ("today", "登记记录"),
        ("late", "登记记录"),
    ]
    for person in (cast.inspector, cast.street_clerk, cast.other_clerk, cast.auditor):
        assert told_each_day(person, 9) == []
    with clock.freeze(TODAY + dt.timedelta(days=9)):
        write_down(interview, cast.city_manager)
        assert escalations_waiting(cast.city_manager) == []


def test_an_interview_about_an_order_that_was_closed_waits_for_nobody(
    failed: RectificationOrder, cast: Cast
):
    call(failed, cast.city_manager, TODAY + dt.timedelta(days=1))
    assert [item.title for item in escalations_waiting(cast.city_manager)] == [
        f"{failed.estate} 将约谈"
    ]
    reply_to(failed, cast.street_clerk, shade=90)
    recheck_of(RectificationOrder.objects.get(pk=failed.pk), cast.inspector)
    assert escalations_waiting(cast.city_manager) == []


def test_a_hand_over_without_an_answer_is_told_after_its_days_once_each(
    failed: RectificationOrder, cast: Cast, settings
):
    settings.HANDOVER_FEEDBACK_DAYS = 10
    handover = hand_over(failed, cast.city_manager)
    assert told_each_day(cast.city_manager, 15) == [
        ("today", "登记反馈"),
        ("late", "登记反馈"),
    ]
    assert told_each_day(cast.other_clerk, 15) == []
    with clock.freeze(TODAY + dt.timedelta(days=15)):
        services.handover_feedback(
            handover=handover, actor=cast.city_manager, result="罚款", answered_on=clock.today()
        )
        assert escalations_waiting(cast.city_manager) == []


def test_mended_or_not_the_organ_is_asked_what_came_of_it(
    failed: RectificationOrder, cast: Cast, settings
):
    settings.HANDOVER_FEEDBACK_DAYS = 3
    hand_over(failed, cast.city_manager)
    failed.refresh_from_db()
    reply_to(failed, cast.street_clerk, shade=90)
    recheck_of(RectificationOrder.objects.get(pk=failed.pk), cast.inspector)
    failed.refresh_from_db()
    assert failed.status == OrderStatus.CLOSED
    with clock.freeze(TODAY + dt.timedelta(days=3)):
        (item,) = escalations_waiting(cast.city_manager)
        assert item.due == clock.today()
        assert Handover.objects.get().organ in item.detail


def test_the_desk_leads_to_what_is_written_down(
    failed: RectificationOrder, cast: Cast, client_for: Callable[[User], Client]
):
    interview = call(failed, cast.city_manager, TODAY + dt.timedelta(days=2))
    client = client_for(cast.city_manager)
    ahead = f'{failed.get_absolute_url()}#interview-{interview.pk}"'
    assert ahead in client.get(reverse("dashboard:desk")).content.decode()
    assert (
        f'id="interview-{interview.pk}"' in client.get(failed.get_absolute_url()).content.decode()
    )
    with clock.freeze(TODAY + dt.timedelta(days=2)):
        again = client_for(cast.city_manager)
        shown = again.get(reverse("dashboard:desk")).content.decode()
    assert reverse("inspections:interview-record", args=[interview.pk]) in shown
    assert ahead not in shown


# --- By hand ----------------------------------------------------------------------------------


def test_a_reminder_by_hand_reaches_each_person_once_a_day_and_is_recorded(cast: Cast):
    def send() -> int:
        return reminders.remind(
            recipients=[cast.street_clerk, cast.inspector, cast.inspector],
            actor=cast.city_manager,
            key="round 1",
            tag="检查",
            title="还有 3 个小区没有检查",
            url="/inspections/mine/",
        )

    assert [send(), send()] == [2, 0]
    with clock.freeze(TODAY + dt.timedelta(days=1)):
        assert send() == 2
    assert AuditEntry.objects.filter(verb="reminder.send").count() == 2
    reminders.see_all(cast.inspector)
    reminders.refresh(cast.inspector)
    assert not Reminder.objects.filter(
        recipient=cast.inspector, sent=True, settled_at__isnull=True
    ).exists()


# --- E-mail -----------------------------------------------------------------------------------


@pytest.fixture
def server(settings, cast: Cast) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    settings.PORTAL_URL = "https://portal.example"
    User.objects.filter(pk=cast.street_clerk.pk).update(email="wang@example.com")


def test_one_mail_tells_all_that_is_new_and_no_second_tells_it_again(
    server: None, served: RectificationOrder, cast: Cast
):
    for _ in range(3):
        periodic.run("reminders")
    mine = [one for one in mail.outbox if one.to == ["wang@example.com"]]
    assert len(mine) == 1
    assert served.estate.name in mine[0].body
    assert f"https://portal.example{served.get_absolute_url()}" in mine[0].body
    assert {one.to[0] for one in mail.outbox} == {"wang@example.com"}  # others gave no address
    assert "邮件 0 封" in PeriodicRun.objects.get(name="reminders").message


def test_what_was_seen_on_the_screen_is_not_sent_as_well(
    server: None, served: RectificationOrder, cast: Cast
):
    reminders.refresh(cast.street_clerk)
    reminders.see_all(cast.street_clerk)
    periodic.run("reminders")
    assert mail.outbox == []


def test_without_a_server_nothing_is_mailed(served: RectificationOrder, cast: Cast):
    User.objects.filter(pk=cast.street_clerk.pk).update(email="wang@example.com")
    periodic.run("reminders")
    assert mail.outbox == []
    assert len(of(cast.street_clerk)) == 1


def test_a_mail_that_was_refused_is_said_on_the_desk_and_sent_later(
    server: None, served: RectificationOrder, cast: Cast, settings
):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = closed.getsockname()[1]
    settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    periodic.run("reminders")
    assert "1 封邮件没有发出（王秀兰" in PeriodicRun.objects.get(name="reminders").message
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    periodic.run("reminders")
    assert len(mail.outbox) == 1


def test_old_ones_go_after_half_a_year(served: RectificationOrder, cast: Cast):
    reminders.refresh(cast.street_clerk)
    reply_to(served, cast.street_clerk)
    reminders.refresh(cast.street_clerk)
    with clock.freeze(TODAY + dt.timedelta(days=reminders.KEEP_DAYS + 1)):
        periodic.run("reminders")
    assert of(cast.street_clerk) == []


def test_the_list_costs_the_same_for_two_as_for_twenty(
    cast: Cast, client_for: Callable[[User], Client], django_assert_max_num_queries
):
    client = client_for(cast.street_clerk)
    moment = clock.now()
    Reminder.objects.bulk_create(
        Reminder(
            recipient=cast.street_clerk,
            office_id=cast.street_office.pk,
            key=f"事项 {number}",
            stage="new",
            tag="检查",
            title=f"事项 {number}",
            url="/",
            created_at=moment,
        )
        for number in range(20)
    )
    client.get(LIST)
    with django_assert_max_num_queries(9):
        assert len(listed(client, LIST)) == 20
