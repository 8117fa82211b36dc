"""Columns of the account lists."""

import re

from xingyang_pm.common import clock
from xingyang_pm.common.formats import masked
from xingyang_pm.common.tables import Column, Pill, RowLink, Table

from .choices import TokenRight
from .models import ApiToken, User, UserSession
from .selectors import role_words


def user_pill(user: User) -> Pill:
    if user.left_on:
        return Pill("已离岗")
    return Pill("在用", "g") if user.is_active else Pill("已停用", "a")


def session_pill(session: UserSession) -> Pill:
    if session.ended_at is None:
        return Pill("在用", "g")
    return Pill(session.get_end_reason_display() or "已结束")


def token_pill(token: ApiToken) -> Pill:
    if token.revoked_at:
        return Pill("已停用")
    return Pill("已过期", "a") if token.expires_on < clock.today() else Pill("在用", "g")


def rights_words(token: ApiToken) -> str:
    return "、".join(TokenRight(right).label for right in token.rights)


_BROWSERS = (
    ("Edg", "Edge"),
    ("MicroMessenger", "微信"),
    ("QQBrowser", "QQ 浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def agent_words(agent: str) -> str:
    """Return browser and system as people call them; the raw text if it names neither."""
    found = [
        next((word for mark, word in marks if re.search(rf"\b{mark}", agent)), "")
        for marks in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(word for word in found if word) or agent


def roles_of(user: User) -> str:
    """Return the roles of ``user`` from the prefetched rows, in the order of the matrix."""
    return role_words(row.role for row in user.roles.all())


class UserTable(Table):
    columns = [
        Column("name", "姓名", sort="name", link="accounts:user-detail", css="nm nowrap"),
        Column("username", "用户名", sort="username", css="nowrap"),
        Column("office", "单位", value="office__name", sort="office__code", css="clip"),
        Column("duty", "职务", css="sec clip"),
        Column("roles", "角色", value=roles_of, css="wrap"),
        Column("phone", "手机", value=lambda row: masked(row.phone), css="tnum nowrap"),
        Column("last_login", "最近登录", kind="datetime", sort="last_login", css="tnum nowrap"),
        Column("state", "状态", pill=user_pill, css="nowrap"),
        Column("created_at", "建立时间", kind="datetime", sort="created_at", hidden=True),
        Column("left_on", "离岗日期", kind="date", sort="left_on", hidden=True),
    ]
    default_sort = "username"


class OfficeTable(Table):
    columns = [
        Column("code", "代码", sort="code", css="tnum mut sm"),
        Column("name", "名称", sort="name", link="accounts:office-detail", css="nm"),
        Column("kind", "类别"),
        Column("phone", "办公电话", css="tnum nowrap"),
        Column("users", "在用账号", kind="integer", value="user_total", sort="user_total"),
        Column(
            "state",
            "状态",
            pill=lambda row: Pill("在用", "g") if row.is_active else Pill("已停用"),
        ),
    ]
    default_sort = "code"


def _end_column() -> Column:
    return Column(
        "end",
        "操作",
        value=lambda row: "" if row.ended_at else "结束",
        link=lambda row: None if row.ended_at else _END(row),
        export=False,
    )


_END = RowLink("accounts:session-end")
_REVOKE = RowLink("accounts:token-revoke")


class SessionTable(Table):
    """The sign-ins of one user."""

    columns = [
        Column("started_at", "登录时间", kind="datetime", sort="started_at", css="tnum nowrap"),
        Column("last_seen_at", "最近操作", kind="datetime", sort="last_seen_at", css="tnum nowrap"),
        Column("ip", "来源地址", css="tnum nowrap"),
        Column("agent", "终端", value=lambda row: agent_words(row.agent), css="clip"),
        Column("state", "状态", pill=session_pill, css="nowrap"),
        _end_column(),
    ]
    default_sort = "-last_seen_at"


class OwnSessionTable(SessionTable):
    """My sign-ins; rows come from ``mark_present``."""

    columns = [
        *SessionTable.columns[:4],
        Column(
            "state",
            "状态",
            pill=lambda row: Pill("本机，现在", "b") if row.is_present else session_pill(row),
            css="nowrap",
        ),
        _end_column(),
    ]


class TokenTable(Table):
    columns = [
        Column("name", "用途", css="clip nm"),
        Column("prefix", "开头", value=lambda row: f"{row.prefix}…", css="tnum nowrap"),
        Column("user", "以谁的名义", value="user__name", css="nowrap"),
        Column("rights", "可读范围", value=rights_words, css="wrap"),
        Column("expires_on", "有效至", kind="date", sort="expires_on", css="tnum nowrap"),
        Column("last_used_at", "最近使用", kind="datetime", sort="last_used_at", css="tnum nowrap"),
        Column("state", "状态", pill=token_pill, css="nowrap"),
        Column(
            "revoke",
            "操作",
            value=lambda row: "" if row.revoked_at else "停用",
            link=lambda row: None if row.revoked_at else _REVOKE(row),
            export=False,
        ),
    ]
    default_sort = "-expires_on"


class OwnTokenTable(TokenTable):
    columns = [column for column in TokenTable.columns if column.name != "user"]
