"""The fixtures that all tests stand on say what they promise."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.choices import Role
from accounts.models import User
from estates.models import Estate
from xingyang_pm.common import clock, triggers
from xingyang_pm.common.models import AuditEntry


def _entry() -> None:
    AuditEntry.objects.create(
        at=clock.now(), actor_name="系统", channel="test", verb="test", summary="试记一笔"
    )


def test_every_role_has_one_person_in_the_cast(cast):
    for role in Role.values:
        assert cast.of_role(role).role_codes == {role}
    assert cast.outsider.role_codes == frozenset()


def test_the_street_sees_its_own_and_not_the_other(
    street_clerk, other_clerk, city_manager, outsider, estate, other_estate
):
    def seen(user):
        return set(Estate.objects.visible_to(user))

    assert seen(street_clerk) == {estate}
    assert seen(other_clerk) == {other_estate}
    assert seen(city_manager) == {estate, other_estate}
    assert seen(outsider) == set()


@pytest.mark.both_databases
@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_flush_empties_append_only_tables_and_the_triggers_are_back(turn):
    """The second turn meets an empty table, and a trigger that still refuses."""
    assert AuditEntry.objects.count() == 0
    _entry()
    with pytest.raises(IntegrityError, match="操作日志只能追加"), transaction.atomic():
        AuditEntry.objects.update(summary="改过")


@pytest.mark.both_databases
def test_all_triggers_stand_in_the_test_database(db):
    assert triggers.installed(connection).keys() == triggers.expected_names()


def test_queries_are_counted(count_queries, cast):
    with count_queries() as queries:
        list(User.objects.all())
        list(User.objects.filter(is_active=True))
    assert len(queries) == 2


def test_a_query_per_row_is_found_out(assert_constant_queries, make_estate):
    def page():
        return [estate.street.name for estate in Estate.objects.all()]

    make_estate()
    with pytest.raises(pytest.fail.Exception, match="after more rows came"):
        assert_constant_queries(page, make_estate)


def test_constant_queries_pass(assert_constant_queries, make_estate):
    def page():
        return [estate.street.name for estate in Estate.objects.select_related("street")]

    make_estate()
    assert assert_constant_queries(page, make_estate) == 1
