"""Every door past the services: a signed bulletin is what it is, on SQLite and PostgreSQL."""

import pytest

from enterprises.models import Provider
from outreach.choices import BulletinStatus
from outreach.models import Bulletin, DemonstrationProject
from outreach.services import bulletins
from tests.support.doors import refused, sql
from xingyang_pm.common import clock

pytestmark = pytest.mark.both_databases

SIGNED = "已签发的简报不能修改或删除"
MOVES = "简报须先送签再签发"


def test_raw_sql_changes_nothing_of_a_signed_bulletin(issued):
    before = Bulletin.objects.values().get()
    for column, value in (
        ("title", "'改过的标题'"),
        ("blocks", "'[]'"),
        ("figures", "'[]'"),
        ("number", "9"),
        ("running_number", "9"),
        ("year", "2025"),
        ("copies", "1"),
        ("report_to", "'别人'"),
        ("signed_at", "NULL"),
        ("signed_by_id", "drafted_by_id"),
        ("drafted_by_id", "signed_by_id"),
        ("round_id", "NULL"),
    ):
        refused(
            f"{SIGNED}|bulletin_two_persons|bulletin_issued_is_signed",
            sql(f"UPDATE outreach_bulletin SET {column} = {value} WHERE id = %s", issued.pk),
        )
        assert Bulletin.objects.values().get() == before, column


def test_no_other_door_changes_or_deletes_a_signed_bulletin(issued):
    own = Bulletin.objects.filter(pk=issued.pk)
    refused(SIGNED, lambda: own.update(title="改过的标题"))
    refused(f"{SIGNED}|{MOVES}", lambda: own.update(status=BulletinStatus.DRAFT))
    refused(SIGNED, own.delete)
    refused(SIGNED, issued.delete)
    refused(SIGNED, sql("DELETE FROM outreach_bulletin WHERE id = %s", issued.pk))
    issued.title = "改过的标题"
    refused(SIGNED, issued.save)
    refused(SIGNED, lambda: Bulletin.objects.bulk_update([issued], ["title"]))
    own.get()


def test_the_printed_file_is_added_once_and_never_exchanged(issued):
    own = Bulletin.objects.filter(pk=issued.pk)
    assert own.update(pdf="bulletin/a.pdf", pdf_sha256="a" * 64) == 1
    sentence = "已签发的简报文件不能替换"
    refused(sentence, lambda: own.update(pdf="bulletin/b.pdf"))
    refused(sentence, lambda: own.update(pdf_sha256="b" * 64))
    refused(sentence, sql("UPDATE outreach_bulletin SET pdf = '', pdf_sha256 = ''"))
    # The job may be asked for again: that changes nothing of what was signed.
    assert own.update(job=None) == 1


@pytest.mark.parametrize("status", ["draft", "review"])
def test_no_door_signs_for_the_drafter(status, draft, cast):
    if status == "review":
        draft = bulletins.bulletin_submit(bulletin=draft, actor=cast.city_manager)
    own = Bulletin.objects.filter(pk=draft.pk)
    signature = {"number": 1, "running_number": 1, "signed_at": clock.now()}
    refused(
        f"bulletin_two_persons|{MOVES}",
        lambda: own.update(status="issued", signed_by=cast.city_manager, **signature),
    )
    refused("bulletin_two_persons", lambda: own.update(signed_by=cast.city_manager))


def test_a_signature_is_whole(sent, cast):
    whole = {"number": 1, "signed_by": cast.bureau_leader, "signed_at": clock.now()}
    own = Bulletin.objects.filter(pk=sent.pk)
    for missing in whole:
        refused(
            "bulletin_issued_is_signed",
            lambda missing=missing: own.update(status="issued", **{**whole, missing: None}),
        )
    assert own.update(status="issued", **whole) == 1


def test_no_step_is_left_out(draft, cast):
    own = Bulletin.objects.filter(pk=draft.pk)
    whole = {"number": 1, "signed_by": cast.bureau_leader, "signed_at": clock.now()}
    refused(MOVES, lambda: own.update(status="issued", **whole))
    draft.pk, draft.status = None, "review"
    refused(MOVES, draft.save)
    assert Bulletin.objects.count() == 1


def test_an_issue_number_is_given_once(issued, cast):
    second = bulletins.bulletin_draft(round=issued.round, actor=cast.city_manager)
    second = bulletins.bulletin_submit(bulletin=second, actor=cast.city_manager)
    refused(
        "UNIQUE|unique",
        lambda: Bulletin.objects.filter(pk=second.pk).update(
            status="issued", number=1, signed_by=cast.bureau_leader, signed_at=clock.now()
        ),
    )


def test_an_estate_has_a_title_once_a_year(estate, provider, cast):
    facts = {
        "year": 2026,
        "level": "municipal",
        "stage": "applied",
        "estate": estate,
        "created_by": cast.city_manager,
        "created_at": clock.now(),
    }
    DemonstrationProject.objects.create(provider=provider, **facts)
    other = Provider.objects.create(
        code="FW-9999",
        kind=provider.kind,
        name="别的公司",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    refused(
        "UNIQUE|unique|demonstration_once",
        lambda: DemonstrationProject.objects.create(provider=other, **facts),
    )
    DemonstrationProject.objects.create(provider=other, **{**facts, "level": "provincial"})
