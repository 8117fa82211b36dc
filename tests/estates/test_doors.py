"""Every door past the services: ORM, ``update()``, ``bulk_update``, ``delete``, raw SQL, admin.

The same refusals on SQLite and PostgreSQL, each with its sentence.
"""

import datetime as dt

import pytest
from django.urls import NoReverseMatch, reverse

from estates import services
from estates.choices import CountStatus, EstateKind
from estates.models import Estate, EstateName, HouseholdCount
from tests.estates.conftest import DECEMBER, NOVEMBER
from tests.support.doors import refused, sql
from xingyang_pm.common import clock
from xingyang_pm.common.admin import site

FROZEN = "已核定的户数不能修改或删除，请另录新的户数"
# A statement may break several rules at once; which trigger speaks first is the database's affair.
FROZEN_OR_MOVED = f"{FROZEN}|户数只能由待核定改为已核定或不予核定"


def new_count(estate: Estate, entered_by, **values: object) -> HouseholdCount:
    fields = {
        "estate": estate,
        "effective_month": DECEMBER,
        "households": 100,
        "buildings": 3,
        "entered_by": entered_by,
        "entered_at": clock.now(),
        **values,
    }
    return HouseholdCount(**fields)


# --- Verified counts -------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_verified_count_is_not_changed_by_any_door(estate, verified):
    count = verified(estate, 100)
    own = HouseholdCount.objects.filter(pk=count.pk)
    for values in (
        {"households": 1000},
        {"buildings": 30},
        {"effective_month": NOVEMBER},
        {"evidence_name": "别的.pdf"},
        {"entered_by": count.decided_by, "decided_by": count.entered_by},
        {"decided_at": clock.at(NOVEMBER)},
    ):
        refused(FROZEN, lambda values=values: own.update(**values))
    for status in (CountStatus.ENTERED, CountStatus.REJECTED):
        refused(
            f"{FROZEN_OR_MOVED}|householdcount_decided",
            lambda status=status: own.update(status=status),
        )
    count.households = 1000
    refused(FROZEN, count.save)
    refused(FROZEN, lambda: HouseholdCount.objects.bulk_update([count], ["households"]))
    refused(FROZEN, own.delete)
    refused(FROZEN, sql("UPDATE estates_householdcount SET households = 1000"))
    refused(FROZEN, sql("DELETE FROM estates_householdcount WHERE id = %s", count.pk))
    assert own.get().households == 100


@pytest.mark.both_databases
def test_a_refused_count_stays_refused(street_leader, estate, enter_count):
    count = enter_count(estate, 120)
    services.household_count_reject(count=count, actor=street_leader, opinion="缺盖章")
    own = HouseholdCount.objects.filter(pk=count.pk)
    refused(FROZEN_OR_MOVED, lambda: own.update(status=CountStatus.VERIFIED))
    refused(FROZEN, lambda: own.update(opinion=""))
    refused(FROZEN, own.delete)


@pytest.mark.both_databases
def test_a_count_goes_to_no_other_estate(estate, make_estate, verified, enter_count):
    other = make_estate()
    for count in (verified(estate, 100, effective_month=NOVEMBER), enter_count(estate, 110)):
        own = HouseholdCount.objects.filter(pk=count.pk)
        refused("户数不能改记到别的小区", lambda own=own: own.update(estate=other))


# --- Two persons -----------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_count_begins_as_entered_and_nobody_verifies_his_own(street_clerk, street_leader, estate):
    moment = clock.now()
    decided = {"decided_by": street_leader, "decided_at": moment}
    born = new_count(estate, street_clerk, status=CountStatus.VERIFIED, **decided)
    refused("户数只能由待核定改为", born.save)
    refused("户数只能由待核定改为", lambda: HouseholdCount.objects.bulk_create([born]))
    count = new_count(estate, street_clerk)
    count.save()
    own = HouseholdCount.objects.filter(pk=count.pk)
    refused(
        "householdcount_two_persons",
        lambda: own.update(status=CountStatus.VERIFIED, decided_by=street_clerk),
    )
    refused(
        "householdcount_two_persons",
        sql(
            "UPDATE estates_householdcount SET status = 'verified', decided_by_id = entered_by_id"
            " WHERE id = %s",
            count.pk,
        ),
    )
    refused("householdcount_decided", lambda: own.update(status=CountStatus.VERIFIED))
    refused("householdcount_decided", lambda: own.update(decided_by=street_leader))
    assert own.update(status=CountStatus.VERIFIED, **decided) == 1


@pytest.mark.both_databases
def test_one_count_waits_and_one_is_in_force_a_month(street_clerk, street_leader, estate, verified):
    verified(estate, 100)
    second = new_count(estate, street_clerk, households=110)
    second.save()
    refused(
        "UNIQUE|unique",
        lambda: HouseholdCount.objects.filter(pk=second.pk).update(
            status=CountStatus.VERIFIED, decided_by=street_leader
        ),
    )
    refused("UNIQUE|unique", new_count(estate, street_clerk, effective_month=NOVEMBER).save)


@pytest.mark.both_databases
def test_a_count_begins_on_the_first_of_a_month_and_is_not_negative(street_clerk, estate):
    middle = new_count(estate, street_clerk, effective_month=dt.date(2026, 12, 15))
    refused("householdcount_whole_month", middle.save)
    refused("CHECK|check", new_count(estate, street_clerk, households=-1).save)


# --- Estates ---------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_name_stands_once_among_the_active(estate, make_estate, other_estate):
    twin = make_estate(kind=EstateKind.OLD)
    own = Estate.objects.filter(pk=twin.pk)
    refused("UNIQUE|unique", lambda: own.update(name=estate.name))
    refused("UNIQUE|unique", lambda: own.update(code=estate.code))
    assert Estate.objects.filter(pk=other_estate.pk).update(name=estate.name) == 1
    own.update(status="removed")
    assert own.update(name=estate.name) == 1


@pytest.mark.both_databases
def test_an_estate_that_is_struck_off_or_never_merged_keeps_its_state(estate):
    own = Estate.objects.filter(pk=estate.pk)
    refused("estate_merged_has_target", lambda: own.update(status="merged"))
    own.update(status="removed")
    for status in ("active", "merged"):
        refused(
            "不能这样改动|estate_merged_has_target",
            lambda status=status: own.update(status=status),
        )
    EstateName.objects.create(estate=estate, kind="alias", name="二棉大院")
    refused(
        "UNIQUE|unique",
        EstateName(estate=estate, kind="former", name="二棉大院").save,
    )


# --- Django's admin --------------------------------------------------------------------------


def test_the_admin_looks_and_changes_nothing(system_admin, client_for, estate, street):
    Estate.objects.filter(pk=estate.pk).update(contact_name="何平", contact_phone="13611112222")
    client = client_for(system_admin)
    for model, record, values in (
        ("estate", estate, {"name": "别的院", "household_count": 9999}),
        ("street", street, {"name": "别的街道"}),
        ("community", street.communities.first(), {"name": "别的社区"}),
    ):
        change = reverse(f"admin:estates_{model}_change", args=[record.pk])
        assert client.post(change, values).status_code == 403
        delete = reverse(f"admin:estates_{model}_delete", args=[record.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 403
        assert client.post(reverse(f"admin:estates_{model}_add"), values).status_code == 403
        listed = reverse(f"admin:estates_{model}_changelist")
        client.post(
            listed,
            {"action": "delete_selected", "_selected_action": record.pk, "post": "yes"},
        )
        client.post(listed, {"form-0-id": record.pk, "form-0-name": "别的", "_save": "1"})
        shown = client.get(change).content.decode()
        assert str(record) in shown
        assert "13611112222" not in shown
        assert "何平" not in shown
        record.refresh_from_db()
        assert "别的" not in record.name
    assert estate.household_count == 96


def test_the_admin_knows_no_counts_assignments_surveys_or_contracts():
    registered = {model._meta.label for model in site._registry}
    for label in (
        "estates.HouseholdCount",
        "estates.StaffAssignment",
        "estates.Survey",
        "estates.SurveyDifference",
        "enterprises.Provider",
        "enterprises.Engagement",
        "enterprises.ResponsibilityAgreement",
    ):
        assert label not in registered
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{label.lower().replace('.', '_')}_changelist")
    assert "estates.Estate" in registered
