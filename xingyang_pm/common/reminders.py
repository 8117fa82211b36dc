"""Reminders: what waits and what is late reaches its person once, on the desk and by e-mail.

They follow from what the apps say to the desk (:mod:`xingyang_pm.common.desk`), so no rule of
what waits for whom stands twice. A matter is told when it arises, two days before its last day,
on that day and when it is late; never twice at the same stage. A message that its person has
seen on the screen is not sent by e-mail as well.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from smtplib import SMTPException
from typing import Any

from celery.schedules import crontab
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet

from . import clock, periodic
from .audit import record
from .desk import WaitingItem, waiting_for
from .formats import due_words
from .guarding import guarded
from .models import Reminder, ReminderStage

SOON_DAYS = 2
KEEP_DAYS = 180


def stage_of(due: dt.date | None, day: dt.date) -> ReminderStage:
    """Return what there is to tell on ``day`` about a matter whose last day is ``due``."""
    if due is None or (due - day).days > SOON_DAYS:
        return ReminderStage.NEW
    if due > day:
        return ReminderStage.SOON
    return ReminderStage.TODAY if due == day else ReminderStage.LATE


def key_of(item: WaitingItem) -> str:
    """Return the name of the matter: what is to be done, and where."""
    return f"{item.action} {item.url}"[:200]


def own(user: Any) -> QuerySet:
    """Return the reminders of ``user`` from the office where this person works now."""
    return Reminder.objects.visible_to(user).filter(office_id=user.office_id)


def unseen(user: Any) -> QuerySet:
    return own(user).filter(seen_at__isnull=True, settled_at__isnull=True)


@dataclass(frozen=True)
class Unseen:
    """How many reminders are new to a person, and of these how many are due or late."""

    total: int = 0
    today: int = 0
    late: int = 0

    @property
    def sentence(self) -> str:
        parts = [
            f"{number} 件{words}"
            for number, words in ((self.today, "今天到期"), (self.late, "已逾期"))
            if number
        ]
        return f"有 {self.total} 件新提醒" + (f"，其中 {'、'.join(parts)}" if parts else "")


def unseen_of(user: Any) -> Unseen:
    stages = list(unseen(user).values_list("stage", flat=True))
    return Unseen(len(stages), stages.count(ReminderStage.TODAY), stages.count(ReminderStage.LATE))


def refresh(user: Any) -> int:
    """Tell ``user`` what came or moved on since the last time; return how many are new.

    May run at once in several processes: the constraint lets each message in once.
    """
    day, moment = clock.today(), clock.now()
    waiting = {(key_of(item), stage_of(item.due, day)): item for item in waiting_for(user)}
    rows = Reminder.objects.filter(recipient=user, settled_at__isnull=True)
    known = {(row.key, ReminderStage(row.stage)): row for row in rows.filter(sent=False)}
    over = [row.pk for name, row in known.items() if name not in waiting]
    # What a person sent on is done with once it was seen.
    settled = Q(pk__in=over) | Q(sent=True, seen_at__isnull=False)
    rows.filter(settled).update(settled_at=moment)
    new = [
        Reminder(
            recipient=user,
            office_id=user.office_id,
            key=key,
            stage=stage,
            tag=item.tag,
            title=item.title[:200],
            detail=item.detail[:300],
            url=item.url[:300],
            due=item.due,
            created_at=moment,
        )
        for (key, stage), item in waiting.items()
        if (key, stage) not in known
    ]
    Reminder.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def see_all(user: Any) -> int:
    """Mark all new reminders of ``user`` as seen; return how many were."""
    return unseen(user).update(seen_at=clock.now())


def remind(
    *,
    recipients: Iterable[Any],
    actor: Any,
    key: str,
    tag: str,
    title: str,
    url: str,
    detail: str = "",
    due: dt.date | None = None,
    target: Any = None,
) -> int:
    """Send a reminder by hand; return how many people got it.

    Who still has the same one unseen, or got it today, gets no second. ``key`` names the
    matter, ``target`` the record on whose timeline it stands.
    """
    people = list({person.pk: person for person in recipients if person.is_active}.values())
    moment = clock.now()
    name = f"sent {key} {clock.today():%Y-%m-%d}"[:200]
    with guarded():
        had = set(
            Reminder.objects.filter(recipient__in=people, key=name).values_list(
                "recipient_id", flat=True
            )
        )
        new = [
            Reminder(
                recipient=person,
                office_id=person.office_id,
                key=name,
                stage=stage_of(due, clock.today()),
                sent=True,
                tag=tag,
                title=title[:200],
                detail=detail[:300],
                url=url[:300],
                due=due,
                created_at=moment,
            )
            for person in people
            if person.pk not in had
        ]
        Reminder.objects.bulk_create(new, ignore_conflicts=True)
        if new:
            record(
                actor=actor,
                verb="reminder.send",
                target=target,
                subjects=[target] if target is not None else [],
                summary=f"提醒 {'、'.join(person.name for person in people[:5])}"
                f"{f'等 {len(new)} 人' if len(new) > 5 else ''}：{title}"[:500],
                tag=tag,
            )
    return len(new)


# --- E-mail -----------------------------------------------------------------------------------


def mail_configured() -> bool:
    return bool(settings.EMAIL_HOST)


def _address(url: str) -> str:
    return f"{settings.PORTAL_URL.rstrip('/')}{url}" if settings.PORTAL_URL else ""


def _text(user: Any, rows: list[Reminder]) -> str:
    lines = [f"{user.name}：", ""]
    for row in rows:
        lines.append(f"{row.tag}　{row.title}" + (f"（{due_words(row.due)}）" if row.due else ""))
        lines += [f"　　{part}" for part in (row.detail, _address(row.url)) if part]
    lines += ["", "登录后在工作台办理。本邮件由系统发出，不必回复。", settings.OFFICE_NAME]
    return "\n".join(lines)


def mail(user: Any) -> int:
    """Send ``user`` one e-mail about all that is new and not yet seen; return how many matters.

    The rows are claimed before it is sent, so that two workers never send the same; after a
    refusal by the mail server they are free again. Raises ``OSError`` or ``SMTPException``.
    """
    if not user.email:
        return 0
    number = uuid.uuid4()
    free = unseen(user).filter(mailed_at__isnull=True)
    if not free.update(mailed_at=clock.now(), mail=number):
        return 0
    rows = list(Reminder.objects.filter(mail=number).order_by("due", "pk"))
    subject = f"{settings.PORTAL_NAME}：{unseen_of(user).sentence}"
    try:
        EmailMessage(subject, _text(user, rows), to=[user.email]).send()
    except (OSError, SMTPException):
        Reminder.objects.filter(mail=number).update(mailed_at=None, mail=None)
        raise
    return len(rows)


@periodic.register("reminders", "提醒到期事项", crontab(minute=5, hour="7-19"))
def send_reminders() -> str:
    """Tell everybody what is new, and by e-mail where a mail server is set."""
    told = mailed = 0
    failed: list[str] = []
    people = get_user_model()._default_manager.filter(is_active=True).select_related("office")
    for user in people.order_by("pk"):
        told += refresh(user)
        if mail_configured():
            try:
                mailed += bool(mail(user))
            except (OSError, SMTPException):
                failed.append(user.name)
    old = clock.now() - dt.timedelta(days=KEEP_DAYS)
    Reminder.objects.filter(settled_at__lt=old).delete()
    said = f"新提醒 {told} 条" + (f"，邮件 {mailed} 封" if mail_configured() else "")
    if failed:
        said += f"；{len(failed)} 封邮件没有发出（{failed[0]}等），下一个小时再发"
    return said
