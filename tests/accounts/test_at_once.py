"""Two at the same moment: what one has read must still hold when the other commits."""

import pytest
from django.db import IntegrityError, connection

from accounts.choices import Role
from accounts.models import User, UserRole, UserSession
from accounts.services import sessions, users
from tests.support.at_once import at_once
from xingyang_pm.common.errors import NotPermitted


@pytest.fixture
def pair(transactional_db, cast, make_person) -> tuple[User, User]:
    return cast.system_admin, make_person("guanli2", cast.bureau, Role.SYSTEM_ADMIN)


@pytest.mark.both_databases
def test_two_administrators_cannot_close_each_other(pair):
    first, second = pair
    answers = at_once(
        lambda: users.user_disable(actor=first, user=second, reason="试试"),
        lambda: users.user_disable(actor=second, user=first, reason="试试"),
        also=(NotPermitted,),
    )
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert sum(isinstance(answer, NotPermitted) for answer in answers) == 1
    assert User.objects.active().with_role(Role.SYSTEM_ADMIN).count() == 1


@pytest.mark.both_databases
def test_two_roles_that_exclude_each_other_do_not_slip_in_together(pair, make_person, cast):
    user = make_person("zhaoer", cast.bureau)
    answers = at_once(
        lambda: UserRole.objects.create(user=user, role=Role.AUDITOR),
        lambda: UserRole.objects.create(user=user, role=Role.INSPECTOR),
        also=(IntegrityError,),
    )
    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 1
    assert UserRole.objects.filter(user=user).count() == 1


@pytest.mark.both_databases
def test_two_first_requests_of_one_session_are_one_row(pair):
    user, key = pair[0], "k" * 32

    def open_it() -> UserSession:
        return sessions.session_open(user=user, session_key=key, ip="127.0.0.1", agent="")

    assert all(isinstance(answer, UserSession) for answer in at_once(open_it, open_it))
    assert UserSession.objects.filter(session_key=key).count() == 1


def test_the_threads_meet_the_test_database(pair):
    """Or the tests above would prove nothing."""
    (seen,) = at_once(lambda: User.objects.count())
    assert seen == User.objects.count() > 0
    assert connection.vendor in {"sqlite", "postgresql"}
