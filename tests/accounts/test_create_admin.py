"""``manage.py create_admin``: the first administrator, with a password that is no default."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.choices import OfficeKind, Role
from accounts.models import Office, User
from tests.accounts.conftest import audit_text, the_entry, try_sign_in

GOOD = "Rain-over-Suohe-41"


@pytest.fixture
def given(monkeypatch):
    def give(password: str) -> None:
        monkeypatch.setenv("PORTAL_ADMIN_PASSWORD", password)

    return give


def run(*more: str) -> User:
    call_command("create_admin", "wulei", "吴磊", *more, verbosity=0)
    return User.objects.get(username="wulei")


def test_the_first_administrator_of_an_empty_portal(db, given, settings):
    given(GOOD)
    user = run()
    assert user.role_codes == {Role.SYSTEM_ADMIN}
    assert user.office.kind == OfficeKind.BUREAU
    assert user.office.name == settings.OFFICE_NAME
    assert user.must_change_password, "it stands in somebody's script"
    assert try_sign_in(Client(), "wulei", GOOD).status_code == 302
    entry = the_entry("user.create")
    assert (entry.actor, entry.channel) == (None, "command")
    assert GOOD not in audit_text()


@pytest.mark.parametrize("weak", ["admin123", "Admin@123456", "Wulei-2026-ab", "aaaaaaaa"])
def test_a_weak_password_is_refused(db, given, weak):
    given(weak)
    with pytest.raises(CommandError, match="密码"):
        run()
    assert not User.objects.exists()


def test_names_that_guessers_try_are_refused(db, given):
    given(GOOD)
    with pytest.raises(CommandError, match="常被试探"):
        call_command("create_admin", "admin", "管理员", verbosity=0)


def test_it_makes_the_first_one_only(cast, given):
    given(GOOD)
    with pytest.raises(CommandError, match="已有系统管理员"):
        run()
    assert not User.objects.filter(username="wulei").exists()
    assert run("--in-addition").role_codes == {Role.SYSTEM_ADMIN}


def test_the_bureau_that_is_there_is_taken(cast, given):
    given(GOOD)
    assert run("--in-addition").office == cast.bureau
    assert Office.objects.filter(kind=OfficeKind.BUREAU).count() == 1


def test_the_password_is_asked_for_twice(db, monkeypatch):
    monkeypatch.delenv("PORTAL_ADMIN_PASSWORD", raising=False)
    answers = iter([GOOD, "Something-Else-7"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    with pytest.raises(CommandError, match="不一样"):
        run()
    answers = iter([GOOD, GOOD])
    assert not run().must_change_password
