"""Accounts: made, changed and closed by the system administrator, who does no business."""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.views.decorators.debug import sensitive_variables

from accounts import selectors
from accounts.choices import (
    ACCOUNT_ADMINS,
    BUREAU_ROLES,
    STREET_ROLES,
    Role,
    SessionEnd,
)
from accounts.models import ApiToken, Office, User, UserRole
from accounts.validators import MOBILE, RESERVED_NAMES, USER_NAME
from xingyang_pm.common import access, audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.formats import masked
from xingyang_pm.common.guarding import guarded

from .passwords import password_check, password_put, temporary_password
from .sessions import sessions_close

TAG = "用户"
ONLY_ADMIN = "只有系统管理员可以管理账号。"


def _facts(user: User, roles: Iterable[str] | None = None) -> dict[str, Any]:
    """Return what the audit log keeps of an account: no digest, the phone masked."""
    facts = audit.snapshot(user, ["username", "name", "office", "duty", "email", "is_active"])
    facts["phone"] = masked(user.phone)
    facts["left_on"] = audit.plain(user.left_on)
    facts["roles"] = sorted(user.role_codes if roles is None else roles)
    return facts


def _require_other(actor: User, user: User, what: str) -> None:
    access.require(actor, ACCOUNT_ADMINS, ONLY_ADMIN)
    if actor.pk == user.pk:
        raise NotPermitted(f"不能{what}自己的账号，请由另一位系统管理员办理。")


def _locked(user: User, actor: User) -> User:
    """Return the row of ``user`` as it stands, held until the transaction ends.

    The actor's row is held with it and asked again: of two administrators who close each
    other's account, one stays, so there is always somebody left to administer.
    """
    rows = User.objects.select_for_update(of=("self",)).select_related("office")
    held = {row.pk: row for row in rows.filter(pk__in=[user.pk, actor.pk]).order_by("pk")}
    access.require(held[actor.pk], ACCOUNT_ADMINS, ONLY_ADMIN)
    return held[user.pk]


def _check_roles(roles: Collection[str], office: Office) -> None:
    unknown = set(roles) - set(Role.values)
    if unknown:
        raise BusinessError(f"没有这个角色：{'、'.join(sorted(unknown))}。", field="roles")
    alone = selectors.exclusive_clash(roles)
    if alone:
        raise BusinessError(f"{Role(alone).label}不能兼任其他角色。", field="roles")
    fitting, place = (
        (BUREAU_ROLES, "街道（乡镇）") if office.is_bureau else (STREET_ROLES, "房管中心")
    )
    misplaced = set(roles) - fitting
    if misplaced:
        raise BusinessError(
            f"{selectors.role_words(misplaced)}是{place}的角色，{office}的人不能担任。",
            field="roles",
        )


def _tidy(user: User) -> None:
    """Put the person's facts into the form in which they are kept; raise on what is none."""
    user.name = " ".join(user.name.split())
    user.duty = user.duty.strip()
    user.phone = user.phone.replace(" ", "").replace("-", "")
    user.email = user.email.strip()
    if not user.name:
        raise BusinessError("请写上姓名。", field="name")
    if user.phone:
        _must_match(MOBILE, user.phone, "phone")


def _must_match(pattern: RegexValidator, value: str, field: str) -> None:
    try:
        pattern(value)
    except ValidationError as error:
        raise BusinessError(error.messages[0], field=field) from error


def _check_office(office: Office) -> None:
    if not office.is_active:
        raise BusinessError(f"{office}已停用，请选别的单位。", field="office")


def _put_roles(user: User, roles: Iterable[str]) -> None:
    """Make ``roles`` the roles of ``user``. What goes, goes first: one may exclude the other."""
    wanted = set(roles)
    UserRole.objects.filter(user=user).exclude(role__in=wanted).delete()
    held = set(UserRole.objects.filter(user=user).values_list("role", flat=True))
    UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in sorted(wanted - held))
    user.__dict__.pop("role_codes", None)


def _new_user(
    *, actor: User | None, username: str, name: str, office: Office, duty: str, phone: str,
    email: str, roles: Collection[str], password: str, temporary: bool,
) -> User:  # fmt: skip
    username = username.strip()
    _must_match(USER_NAME, username, "username")
    if username in RESERVED_NAMES:
        raise BusinessError(
            f"“{username}”是常被试探的用户名，请用姓名拼音等别的名称。", field="username"
        )
    if User.objects.filter(username=username).exists():
        raise BusinessError(f"用户名“{username}”已有人用，请换一个。", field="username")
    _check_office(office)
    _check_roles(roles, office)
    user = User(
        username=username,
        name=name,
        office=office,
        duty=duty,
        phone=phone,
        email=email,
        created_at=clock.now(),
        created_by=actor,
    )
    _tidy(user)
    password_put(user=user, password=password, temporary=temporary)
    user.full_clean()
    user.save()
    _put_roles(user, roles)
    audit.record(
        actor=actor,
        verb="user.create",
        target=user,
        summary=f"建立账号“{username}”（{user.name}，{office}），角色：{selectors.role_words(roles)}",
        after=_facts(user, roles),
        tag=TAG,
        tone="b",
    )
    return user


def user_create(
    *,
    actor: User,
    username: str,
    name: str,
    office: Office,
    roles: Collection[str] = (),
    duty: str = "",
    phone: str = "",
    email: str = "",
) -> tuple[User, str]:
    """Make an account; return it and its temporary password, which is kept nowhere.

    The first sign-in has to change it.
    """
    access.require(actor, ACCOUNT_ADMINS, ONLY_ADMIN)
    password = temporary_password()
    with guarded():
        user = _new_user(
            actor=actor, username=username, name=name, office=office, duty=duty, phone=phone,
            email=email, roles=roles, password=password, temporary=True,
        )  # fmt: skip
    return user, password


@sensitive_variables("password")
def first_admin_create(
    *, username: str, name: str, password: str, office: Office, temporary: bool, besides: bool
) -> User:
    """Make a system administrator from the command line, where nobody is signed in yet.

    Refused once there is an administrator, who makes all further accounts, unless ``besides``
    (the only one has left or lost the second factor). ``temporary``: the first sign-in must
    change the password. A weak password is refused in any case.
    """
    if selectors.has_administrator() and not besides:
        raise BusinessError("已有系统管理员，其他账号请由系统管理员在平台上建立。", code="exists")
    with guarded():
        user = User(username=username, name=name, office=office)
        password_check(user=user, password=password, field="password")
        return _new_user(
            actor=None, username=username, name=name, office=office, duty="系统管理员", phone="",
            email="", roles=[Role.SYSTEM_ADMIN], password=password, temporary=temporary,
        )  # fmt: skip


def user_update(
    *, actor: User, user: User, name: str, duty: str = "", phone: str = "", email: str = ""
) -> User:
    """Change what is written about a person. The user name stays: the audit log knows it."""
    access.require(actor, ACCOUNT_ADMINS, ONLY_ADMIN)
    with guarded():
        row = _locked(user, actor)
        before = _facts(row)
        changed_phone = row.phone
        row.name, row.duty, row.phone, row.email = name, duty, phone, email
        _tidy(row)
        row.full_clean()
        row.save(update_fields=["name", "duty", "phone", "email"])
        was, now = audit.changes(before, _facts(row))
        if was or changed_phone != row.phone:
            audit.record(
                actor=actor,
                verb="user.update",
                target=row,
                summary=f"修改“{row.username}”的资料",
                before=was,
                after=now,
                tag=TAG,
            )
    return row


def user_set_roles(
    *, actor: User, user: User, roles: Collection[str], office: Office | None = None
) -> User:
    """Make ``roles`` the roles of ``user``; with ``office`` the person moves there as well.

    The bureau's roles are held in the bureau, the streets' in street offices; system
    administrator and auditor alone. Nobody changes the own roles. All sessions end, so that
    nobody goes on with a page of rights that were taken away.
    """
    _require_other(actor, user, "调整")
    with guarded():
        row = _locked(user, actor)
        before = _facts(row)
        if office is not None and office.pk != row.office_id:
            _check_office(office)
            row.office = office
        _check_roles(roles, row.office)
        row.save(update_fields=["office"])
        _put_roles(row, roles)
        after = _facts(row)
        was, now = audit.changes(before, after)
        if was:
            sessions_close(user=row, reason=SessionEnd.ADMIN)
            moved = f"，调到{row.office}" if "office" in was else ""
            audit.record(
                actor=actor,
                verb="user.roles",
                target=row,
                summary=(
                    f"调整“{row}”的角色：{selectors.role_words(before['roles'])} 改为 "
                    f"{selectors.role_words(roles)}{moved}"
                ),
                before=was,
                after=now,
                tag=TAG,
                tone="b",
            )
    return row


def user_reset_password(*, actor: User, user: User) -> str:
    """Give ``user`` a new temporary password, returned once and kept nowhere.

    All sessions end, and a lock after failed sign-ins is lifted.
    """
    _require_other(actor, user, "重置")
    password = temporary_password()
    with guarded():
        row = _locked(user, actor)
        if not row.is_active:
            raise BusinessError("账号已停用，请先恢复使用，再重置密码。", code="inactive")
        password_put(user=row, password=password, temporary=True)
        row.save(update_fields=["password", "must_change_password", "password_changed_at"])
        ended = sessions_close(user=row, reason=SessionEnd.ADMIN)
        AxesProxyHandler.reset_attempts(username=row.username)
        audit.record(
            actor=actor,
            verb="password.reset",
            target=row,
            summary=f"重置“{row}”的密码{f'，结束 {ended} 个登录' if ended else ''}",
            tag=TAG,
            tone="b",
        )
    return password


def user_unlock(*, actor: User, user: User) -> User:
    """Lift the lock that failed sign-ins have put on a user name."""
    _require_other(actor, user, "解锁")
    if not selectors.try_state(user.username).failures:
        raise BusinessError("这个账号没有被锁定，也没有登录失败记录。", code="not_locked")
    with guarded():
        AxesProxyHandler.reset_attempts(username=user.username)
        audit.record(
            actor=actor,
            verb="user.unlock",
            target=user,
            summary=f"解除“{user}”的登录锁定",
            tag=TAG,
        )
    return user


def _switch_off(row: User, *, left_on: dt.date | None) -> tuple[int, int]:
    """Close an account: no sign-in, no session, no key. Return how many of each ended."""
    User.objects.filter(pk=row.pk).update(is_active=False, left_on=left_on)
    row.is_active, row.left_on = False, left_on
    sessions = sessions_close(user=row, reason=SessionEnd.ADMIN)
    tokens = ApiToken.objects.filter(user=row, revoked_at__isnull=True).update(
        revoked_at=clock.now()
    )
    return sessions, tokens


def _ended_words(sessions: int, tokens: int) -> str:
    parts = [f"{sessions} 个登录"] * bool(sessions) + [f"{tokens} 个接口密钥"] * bool(tokens)
    return f"，同时结束 {'、'.join(parts)}" if parts else ""


def user_disable(*, actor: User, user: User, reason: str) -> User:
    """Close an account for the time being; its sessions and API keys end at once."""
    _require_other(actor, user, "停用")
    reason = reason.strip()
    if not reason:
        raise BusinessError("请写上停用的原因。", field="reason")
    with guarded():
        row = _locked(user, actor)
        if not row.is_active:
            raise StaleState("这个账号已经停用了。")
        ended = _switch_off(row, left_on=None)
        audit.record(
            actor=actor,
            verb="user.disable",
            target=row,
            summary=f"停用“{row}”的账号{_ended_words(*ended)}",
            before={"is_active": True},
            after={"is_active": False},
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return row


def user_leave(*, actor: User, user: User, left_on: dt.date, reason: str = "") -> User:
    """Note that a person has left the post; the account closes at once and for good."""
    _require_other(actor, user, "停用")
    if left_on > clock.today():
        raise BusinessError(
            "离岗日期不能晚于今天：账号登记后马上停用。请到离岗当天再登记。", field="left_on"
        )
    with guarded():
        row = _locked(user, actor)
        if row.left_on is not None:
            raise StaleState("这个人已登记离岗。")
        if left_on < row.created_at.astimezone(clock.SHANGHAI).date():
            raise BusinessError("离岗日期早于账号建立的日期，请改正。", field="left_on")
        before = {"is_active": row.is_active, "left_on": None}
        ended = _switch_off(row, left_on=left_on)
        audit.record(
            actor=actor,
            verb="user.leave",
            target=row,
            summary=f"登记“{row}”{clock.chinese_date(left_on)}离岗，账号停用{_ended_words(*ended)}",
            before=before,
            after={"is_active": False, "left_on": left_on},
            reason=reason.strip(),
            tag=TAG,
            tone="a",
        )
    return row


def user_enable(*, actor: User, user: User) -> User:
    """Open a closed account again; its next sign-in must choose a new password."""
    _require_other(actor, user, "恢复")
    with guarded():
        row = _locked(user, actor)
        if row.is_active:
            raise StaleState("这个账号正在使用。")
        if not row.office.is_active:
            raise BusinessError(f"{row.office}已停用，请先给这个人换单位。", code="office")
        before = {"is_active": False, "left_on": row.left_on}
        row.is_active, row.left_on, row.must_change_password = True, None, True
        row.save(update_fields=["is_active", "left_on", "must_change_password"])
        audit.record(
            actor=actor,
            verb="user.enable",
            target=row,
            summary=f"恢复“{row}”的账号",
            before=before,
            after={"is_active": True, "left_on": None},
            tag=TAG,
            tone="b",
        )
    return row


def large_text_keep(*, actor: User, large: bool) -> None:
    """Keep whether this user reads in large type; a preference, so no audit entry."""
    User.objects.filter(pk=actor.pk).update(large_text=large)
