"""The running number (总期号) goes on through the years and is given once."""

import datetime as dt
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from outreach.models import Bulletin
from outreach.services import bulletins
from tests.outreach.conftest import brought_to
from tests.support.at_once import at_once, refusals
from tests.support.doors import refused
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import AuditEntry, NumberSeries

pytestmark = pytest.mark.both_databases


def test_no_door_gives_a_running_number_twice(issued, cast):
    second = brought_to("review", issued.round, cast)
    signature = {
        "status": "issued", "number": 2, "signed_by": cast.bureau_leader, "signed_at": clock.now(),
    }  # fmt: skip
    own = Bulletin.objects.filter(pk=second.pk)
    refused("UNIQUE|unique", lambda: own.update(running_number=1, **signature))
    assert own.update(running_number=2, **signature) == 1


def test_drafts_have_none_and_may_be_many(round, cast):
    for _ in range(2):
        brought_to("draft", round, cast)
    assert Bulletin.objects.filter(running_number__isnull=True).count() == 2


@pytest.mark.parametrize(
    ("series", "year", "sentence"),
    [("bulletin-total", 0, "这个总期号已经用过"), ("bulletin", 2026, "这个期号已经用过")],
)
def test_the_leader_reads_a_sentence_and_nothing_is_signed(
    issued, cast, client_for, series, year, sentence
):
    """A series that was set back (a restored backup) gives a number again."""
    second = brought_to("review", issued.round, cast)
    NumberSeries.objects.filter(series=series, year=year).update(last=0)
    with pytest.raises(BusinessError, match=f"{sentence}，没有签发，请再签一次") as told:
        bulletins.bulletin_sign(bulletin=second, actor=cast.bureau_leader)
    assert told.value.code == "conflict"
    answer = client_for(cast.bureau_leader).post(f"/outreach/bulletins/{second.pk}/sign/")
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    second.refresh_from_db()
    assert (second.status, second.running_number) == ("review", None)
    assert AuditEntry.objects.filter(verb="bulletin.sign").count() == 1


def test_the_migration_goes_on_behind_the_last_number(issued, round, cast):
    migration = import_module("outreach.migrations.0002_running_number_once")
    NumberSeries.objects.filter(series="bulletin-total").delete()
    for _ in range(2):
        migration.begin_series(apps, SimpleNamespace(connection=connection))
    second = brought_to("issued", round, cast)
    assert (issued.running_number, second.running_number) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_bulletins_of_two_years_signed_at_once_count_on(round, cast):
    """The years have a series each, and neither waits for the other's: the running one must."""
    waiting = [brought_to("review", round, cast) for _ in range(4)]

    def sign(bulletin: Bulletin, day: dt.date) -> Bulletin:
        with clock.freeze(day):
            return bulletins.bulletin_sign(bulletin=bulletin, actor=cast.bureau_leader)

    days = [dt.date(2026, 12, 31), dt.date(2027, 1, 1)] * 2
    outcomes = at_once(
        *(lambda one=one, day=day: sign(one, day) for one, day in zip(waiting, days, strict=True))
    )
    assert refusals(outcomes) == []
    given = Bulletin.objects.order_by("running_number").values_list("running_number", flat=True)
    assert list(given) == [1, 2, 3, 4]
    own = Bulletin.objects.order_by("year", "number").values_list("year", "number")
    assert list(own) == [(2026, 1), (2026, 2), (2027, 1), (2027, 2)]
