"""The people of the demo city, with passwords made for this installation."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from accounts.choices import OfficeKind, Role
from accounts.models import Office, User, UserRole
from xingyang_pm.common import clock

from . import names

# No letters or digits that are taken for one another on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_DIGITS = "23456789"


@dataclass(frozen=True)
class Cast:
    """Who acts in the demo. ``clerks`` and ``leaders`` are keyed by street code."""

    manager: User
    drafter: User
    leader: User
    finance: User
    inspectors: list[User]
    clerks: dict[str, User]
    leaders: dict[str, User]


def _password() -> str:
    """Return a password of three classes that a person can read off paper."""
    words = ["".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2)]
    return f"{words[0].capitalize()}-{words[1]}{secrets.choice(_DIGITS)}{secrets.choice(_DIGITS)}"


def _user(office: Office, username: str, name: str, duty: str, roles: list[str]) -> User:
    user = User(
        username=username,
        name=name,
        office=office,
        duty=duty,
        phone=f"138{sum(map(ord, username)) * 7919 % 10**8:08d}",
        must_change_password=False,
        password_changed_at=clock.now(),
        created_at=clock.now(),
    )
    user.set_unusable_password()
    user.save()
    UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in roles)
    return user


def people_make() -> Cast:
    """Create all users without passwords; :func:`passwords_make` gives the shown ones theirs."""
    bureau = Office.objects.get(kind=OfficeKind.BUREAU)
    made = {
        username: _user(bureau, username, name, duty, roles)
        for username, name, duty, roles in names.BUREAU_PEOPLE
    }
    clerks, leaders = {}, {}
    offices = {office.code: office for office in Office.objects.filter(kind=OfficeKind.STREET)}
    for code, (clerk, leader) in names.STREET_PEOPLE.items():
        clerks[code] = _user(offices[code], *clerk, "物业办", [Role.STREET_CLERK])
        leaders[code] = _user(offices[code], *leader, "分管副主任", [Role.STREET_LEADER])
    return Cast(
        manager=made["wanghaitao"],
        drafter=made["zhouqian"],
        leader=made["chenguodong"],
        finance=made["sunli"],
        inspectors=[made[name] for name in ("limingxuan", "maxiaoyan", "zhangkun", "hanmei")],
        clerks=clerks,
        leaders=leaders,
    )


def accounts_file() -> Path:
    return settings.VAR_DIR / "demo-accounts.json"


def passwords_make() -> list[dict[str, str]]:
    """Give the shown accounts their passwords and keep them in a file only its owner reads."""
    shown = []
    for username in names.SHOWN_ACCOUNTS:
        user = User.objects.select_related("office").get(username=username)
        password = _password()
        user.set_password(password)
        # Made in the demo's 2017, the account would ask for a new password at the first sign-in.
        user.password_changed_at = clock.now()
        user.save(update_fields=["password", "password_changed_at"])
        shown.append(
            {
                "role": user.role_names,
                "office": user.office.name,
                "name": user.name,
                "username": username,
                "password": password,
            }
        )
    path = accounts_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(shown, ensure_ascii=False, indent=2))
    return shown
