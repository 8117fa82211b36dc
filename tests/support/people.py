"""The fixed cast: the same people in every test, so a test says only who acts.

索河街道 is "the street", 京城路街道 "the other street". Everybody's password is ``PASSWORD``,
changed once, so nobody is sent to the change-password page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.choices import OfficeKind, Role
from accounts.models import Office, User, UserRole
from xingyang_pm.common import clock

PASSWORD = "Suohe-2026-Bridge"
BACKEND = "accounts.backends.OfficeBackend"

MakeUser = Callable[..., User]


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def make_user(username: str, name: str, office: Office, *roles: str, **fields: object) -> User:
    """Make an active account whose password has been changed, with ``roles``."""
    moment = clock.now()
    user = User(
        username=username,
        name=name,
        office=office,
        must_change_password=False,
        password_changed_at=moment,
        created_at=moment,
    )
    for field, value in fields.items():
        setattr(user, field, value)
    user.password = _hashed()
    user.save()
    UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in roles)
    return user


@dataclass(frozen=True)
class Cast:
    """All people of the fixed cast. ``outsider`` has an account and no role at all."""

    bureau: Office
    street_office: Office
    other_office: Office
    street_clerk: User
    street_leader: User
    other_clerk: User
    other_leader: User
    inspector: User
    city_manager: User
    bureau_leader: User
    finance_officer: User
    system_admin: User
    auditor: User
    outsider: User

    @property
    def people(self) -> dict[str, User]:
        """Everybody by the name of their part."""
        return {name: value for name, value in vars(self).items() if isinstance(value, User)}

    def of_role(self, role: str) -> User:
        """Return who holds ``role`` (a street role: of the street, not of the other street)."""
        part = {Role.BUREAU_MANAGER: "city_manager"}.get(Role(role), str(role))
        return self.people[part]


def make_cast() -> Cast:
    bureau = Office.objects.create(kind=OfficeKind.BUREAU, code="000", name="荥阳市房管中心")
    street = Office.objects.create(kind=OfficeKind.STREET, code="001", name="索河街道办事处")
    other = Office.objects.create(kind=OfficeKind.STREET, code="002", name="京城路街道办事处")
    return Cast(
        bureau=bureau,
        street_office=street,
        other_office=other,
        street_clerk=make_user("suohe_jb", "王秀兰", street, Role.STREET_CLERK),
        street_leader=make_user("suohe_sh", "李建国", street, Role.STREET_LEADER),
        other_clerk=make_user("jingcheng_jb", "赵雪梅", other, Role.STREET_CLERK),
        other_leader=make_user("jingcheng_sh", "孙海涛", other, Role.STREET_LEADER),
        inspector=make_user("jiancha", "张志强", bureau, Role.INSPECTOR),
        city_manager=make_user("keshi", "陈志远", bureau, Role.BUREAU_MANAGER),
        bureau_leader=make_user("lingdao", "刘卫东", bureau, Role.BUREAU_LEADER),
        finance_officer=make_user("caiwu", "周敏", bureau, Role.FINANCE_OFFICER),
        system_admin=make_user("guanli", "吴磊", bureau, Role.SYSTEM_ADMIN),
        auditor=make_user("shenji", "郑文静", bureau, Role.AUDITOR),
        outsider=make_user("wuquan", "钱多余", bureau),
    )


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def make_person(cast: Cast) -> MakeUser:
    """Make one more person: ``make_person("zhang2", cast.bureau, Role.INSPECTOR)``."""

    def make(username: str, office: Office, *roles: str, **fields: object) -> User:
        return make_user(username, f"{username}先生", office, *roles, **fields)

    return make


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """Return a test client signed in as the given user."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend=BACKEND)
        return client

    return signed_in


@pytest.fixture
def bureau(cast: Cast) -> Office:
    return cast.bureau


@pytest.fixture
def street_office(cast: Cast) -> Office:
    return cast.street_office


@pytest.fixture
def other_office(cast: Cast) -> Office:
    return cast.other_office


@pytest.fixture
def street_clerk(cast: Cast) -> User:
    return cast.street_clerk


@pytest.fixture
def street_leader(cast: Cast) -> User:
    return cast.street_leader


@pytest.fixture
def other_clerk(cast: Cast) -> User:
    """The other street's clerk: what is the street's must not exist for this person."""
    return cast.other_clerk


@pytest.fixture
def other_leader(cast: Cast) -> User:
    return cast.other_leader


@pytest.fixture
def inspector(cast: Cast) -> User:
    return cast.inspector


@pytest.fixture
def city_manager(cast: Cast) -> User:
    return cast.city_manager


@pytest.fixture
def bureau_leader(cast: Cast) -> User:
    return cast.bureau_leader


@pytest.fixture
def finance_officer(cast: Cast) -> User:
    return cast.finance_officer


@pytest.fixture
def system_admin(cast: Cast) -> User:
    return cast.system_admin


@pytest.fixture
def auditor(cast: Cast) -> User:
    return cast.auditor


@pytest.fixture
def outsider(cast: Cast) -> User:
    return cast.outsider
