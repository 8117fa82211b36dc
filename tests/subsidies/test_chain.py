"""The chain of hashes: what is sealed, and that each falsification past the triggers is named."""

import datetime as dt
import hashlib
import json
from itertools import pairwise

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection

from estates.models import HouseholdCount
from estates.services import household_count_enter, household_count_verify
from subsidies import services
from subsidies.calculations.sealing import canonical, link_hash
from subsidies.models import ChainLink, ClaimAct, ClaimVoid, Payment, SubsidyClaim, SubsidyLine
from subsidies.selectors.ledger import verify_ledger
from tests.subsidies.conftest import OCTOBER, Month, bring_to
from tests.support.doors import refused, sql
from xingyang_pm.common import triggers
from xingyang_pm.common.models import AuditEntry

SEPTEMBER = dt.date(2026, 9, 1)


@pytest.fixture
def books(month: Month) -> Month:
    """September is paid, October approved."""
    month.extra["paid"] = month.brought_to("paid", SEPTEMBER)
    month.extra["approved"] = month.brought_to("approved")
    return month


@pytest.fixture
def open_file(books: Month) -> Month:
    """The database file in the hands of somebody whom no trigger stops."""
    triggers.remove_all(connection)
    return books


def told() -> set[str]:
    return {difference.what for difference in verify_ledger().differences}


def test_every_act_and_payment_is_a_link_that_names_the_one_before(books: Month):
    links = list(ChainLink.objects.all())
    assert [link.kind for link in links].count("act") == 9
    assert [link.kind for link in links].count("payment") == 1
    assert [link.position for link in links] == list(range(1, len(links) + 1))
    assert links[0].previous == ""
    for former, link in pairwise(links):
        assert link.previous == former.hash
    assert verify_ledger().differences == []


def test_the_hash_is_plain_sha256_over_the_content(books: Month):
    """As anybody can compute it without the portal."""
    link = ChainLink.objects.order_by("position")[1]
    text = json.dumps(link.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert text == canonical(link.content)
    wanted = hashlib.sha256(f"{link.previous}\n{text}".encode()).hexdigest()
    assert link.hash == wanted == link_hash(link.previous, link.content)


def test_a_link_resists_every_door(books: Month):
    last = ChainLink.objects.last()
    refused("不能修改或删除", lambda: ChainLink.objects.update(content={}))
    refused("不能修改或删除", last.delete)
    refused("不能修改或删除", sql("UPDATE subsidies_chainlink SET hash = 'x'"))
    loose = ChainLink(
        position=last.position + 2, kind="act", record=99999, content={}, previous=last.hash,
        hash="x", sealed_at=last.sealed_at,
    )  # fmt: skip
    refused("接在最后一条之后", loose.save)
    loose.position, loose.previous = last.position + 1, "0" * 64
    refused("接在最后一条之后", loose.save)


# --- What somebody does who can write to the database file -----------------------------------


def test_a_consistent_change_of_a_line_is_found(open_file: Month):
    """Amount, households and snapshot agree with each other, and with a changed count."""
    claim = open_file.extra["approved"]
    line = claim.lines.order_by("estate__code").first()
    more = json.loads(json.dumps(line.explanation))
    more["count"]["households"] = 242
    HouseholdCount.objects.filter(pk=line.household_record_id).update(households=242)
    SubsidyLine.objects.filter(pk=line.pk).update(
        households=242, amount=line.amount + 1000, explanation=more
    )
    SubsidyClaim.objects.filter(pk=claim.pk).update(
        total=claim.total + 1000, household_count=claim.household_count + 100
    )
    assert "审批时的明细" in told()


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", 11), ("served_from", dt.date(2026, 10, 2)), ("payee_id", None), ("months", 2)],
)
def test_a_changed_rate_date_payee_or_deduction_is_found(open_file: Month, name, value):
    claim = open_file.extra["approved"]
    if name == "payee_id":
        from tests.subsidies.conftest import make_provider  # noqa: PLC0415  for this case alone

        value = make_provider("别的公司", "别的").pk
    claim.lines.filter(pk=claim.lines.first().pk).update(**{name: value})
    assert "审批时的明细" in told()


def test_a_deleted_line_is_found(open_file: Month):
    open_file.extra["approved"].lines.first().delete()
    assert "审批时的明细" in told()


def test_a_deleted_approval_is_found(open_file: Month):
    ClaimAct.objects.filter(claim=open_file.extra["approved"], stage="approve").delete()
    assert {"经办记录", "操作日志"} <= told()


def test_a_deleted_approval_with_its_link_is_found(open_file: Month):
    act = ClaimAct.objects.get(claim=open_file.extra["paid"], stage="approve")
    ChainLink.objects.filter(kind="act", record=act.pk).delete()
    act.delete()
    assert {"存证链", "操作日志"} <= told()


def test_the_end_cut_off_with_its_links_is_found_by_the_log(open_file: Month):
    claim = open_file.extra["approved"]
    act = ClaimAct.objects.get(claim=claim, stage="approve")
    ChainLink.objects.filter(kind="act", record=act.pk).delete()
    act.delete()
    SubsidyClaim.objects.filter(pk=claim.pk).update(status="checked")
    assert told() == {"操作日志"}


def test_an_act_put_in_past_the_portal_is_found(open_file: Month):
    claim = open_file.extra["approved"]
    act = claim.acts.get(stage="approve")
    act.pk = None
    act.actor = open_file.cast.finance_officer
    act.save()
    assert "经办存证" in told()


@pytest.mark.parametrize("name", ["actor_id", "acted_at", "opinion"])
def test_a_changed_act_is_found(open_file: Month, name):
    act = ClaimAct.objects.get(claim=open_file.extra["paid"], stage="check")
    value = {
        "actor_id": open_file.cast.inspector.pk,
        "acted_at": act.acted_at + dt.timedelta(microseconds=1),
        "opinion": "不同意",
    }[name]
    ClaimAct.objects.filter(pk=act.pk).update(**{name: value})
    assert f"经办 {name.removesuffix('_id')}" in told()


def test_a_changed_payment_is_found(open_file: Month):
    Payment.objects.update(voucher_number="PZ-别的")
    assert "拨付 voucher" in told()
    Payment.objects.all().delete()
    assert "拨付记录" in told()


def test_a_chain_written_anew_from_the_middle_breaks_behind(open_file: Month):
    link = ChainLink.objects.order_by("position")[2]
    content = {**link.content, "opinion": "改过"}
    ChainLink.objects.filter(pk=link.pk).update(
        content=content, hash=link_hash(link.previous, content)
    )
    assert {"存证链", "经办 opinion"} <= told()


def test_a_void_is_sealed_and_held(month: Month):
    claim = month.brought_to("approved")
    services.void_propose(claim=claim, reason="有误", actor=month.cast.city_manager)
    services.void_confirm(claim=claim, actor=month.cast.bureau_leader)
    assert verify_ledger().differences == []
    triggers.remove_all(connection)
    ClaimVoid.objects.update(reason="另一个原因")
    assert told() == {"作废 reason"}


# --- Papers ----------------------------------------------------------------------------------


@pytest.fixture
def with_paper(month: Month) -> HouseholdCount:
    """The first estate's count rests on a scan that came in by the registry."""
    row = household_count_enter(
        estate=month.estates[0],
        effective_month=OCTOBER,
        households=144,
        buildings=3,
        reason="新交付 2 户",
        evidence=SimpleUploadedFile("清册.pdf", b"%PDF-1.4 one"),
        actor=month.cast.street_clerk,
    )
    household_count_verify(count=row, actor=month.cast.street_leader)
    row.refresh_from_db()
    bring_to(month.open(), "approved", month.cast)
    return row


def test_a_swapped_attachment_is_found(with_paper: HouseholdCount):
    assert with_paper.evidence_sha256 == hashlib.sha256(b"%PDF-1.4 one").hexdigest()
    assert verify_ledger().differences == []
    with with_paper.evidence.storage.open(with_paper.evidence.name, "wb") as stream:
        stream.write(b"%PDF-1.4 two")
    assert told() == {"户数清册 工商局家属院"}


def test_a_lost_attachment_is_found(with_paper: HouseholdCount):
    with_paper.evidence.storage.delete(with_paper.evidence.name)
    (difference,) = verify_ledger().differences
    assert difference.found == "文件不在"


def test_an_attachment_swapped_with_its_note_is_found(with_paper: HouseholdCount):
    with with_paper.evidence.storage.open(with_paper.evidence.name, "wb") as stream:
        stream.write(b"%PDF-1.4 two")
    triggers.remove_all(connection)
    HouseholdCount.objects.filter(pk=with_paper.pk).update(
        evidence_sha256=hashlib.sha256(b"%PDF-1.4 two").hexdigest()
    )
    assert told() == {"审批时的依据文件"}


def test_the_command_names_it_and_fails(open_file: Month, capsys):
    AuditEntry.objects.filter(verb="claim.approve").delete()
    with pytest.raises(SystemExit):
        call_command("verify_subsidies", "--month", "2026-10", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert [row["what"] for row in answer["differences"]] == ["操作日志"]
