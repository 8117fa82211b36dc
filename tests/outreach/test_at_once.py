"""Two at the same bulletin, two bulletins at the same number: real threads, one effect each."""

import pytest

from accounts.choices import Role
from inspections.models import InspectionRound
from outreach.models import Bulletin
from outreach.services import bulletins
from tests.outreach.conftest import brought_to
from tests.support.at_once import at_once, refusals
from tests.support.people import Cast
from xingyang_pm.common.models import AuditEntry, Job, NumberSeries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_two_leaders_sign_one_bulletin(sent: Bulletin, cast: Cast, make_person):
    second = make_person("fuzhuren", cast.bureau, Role.BUREAU_LEADER)
    outcomes = at_once(
        *(
            lambda who=who: bulletins.bulletin_sign(bulletin=sent, actor=who)
            for who in (cast.bureau_leader, second, cast.bureau_leader, second)
        )
    )
    assert [error.code for error in refusals(outcomes)] == ["stale"] * 3
    sent.refresh_from_db()
    assert (sent.status, sent.number, sent.running_number) == ("issued", 1, 1)
    assert NumberSeries.objects.get(series="bulletin").last == 1
    assert AuditEntry.objects.get(verb="bulletin.sign").actor == sent.signed_by
    assert Job.objects.count() == 1


def test_bulletins_signed_at_once_get_numbers_without_gap_or_repeat(
    round: InspectionRound, cast: Cast
):
    waiting = [brought_to("review", round, cast) for _ in range(5)]
    outcomes = at_once(
        *(
            lambda one=one: bulletins.bulletin_sign(bulletin=one, actor=cast.bureau_leader)
            for one in waiting
        )
    )
    assert refusals(outcomes) == []
    numbers = Bulletin.objects.order_by("number").values_list("number", "running_number")
    assert list(numbers) == [(n, n) for n in range(1, 6)]


def test_one_signs_while_another_sends_back(sent: Bulletin, cast: Cast, make_person):
    second = make_person("fuzhuren", cast.bureau, Role.BUREAU_LEADER)
    outcomes = at_once(
        lambda: bulletins.bulletin_sign(bulletin=sent, actor=cast.bureau_leader),
        lambda: bulletins.bulletin_return(bulletin=sent, actor=second, reason="再核"),
    )
    assert [error.code for error in refusals(outcomes)] == ["stale"]
    sent.refresh_from_db()
    done = (sent.status, sent.number, sent.return_reason)
    assert done in {("issued", 1, ""), ("draft", None, "再核")}
    assert AuditEntry.objects.filter(verb__in=["bulletin.sign", "bulletin.return"]).count() == 1


def test_what_is_sent_is_not_changed_by_one_who_saves_meanwhile(draft: Bulletin, cast: Cast):
    """Whichever comes first: what the leader reads is what the check of the numbers has seen."""
    manager = cast.city_manager
    blocks = [{"key": "x", "kind": "p", "text": "只有这一段。"}]
    outcomes = at_once(
        lambda: bulletins.bulletin_submit(bulletin=draft, actor=manager),
        lambda: bulletins.bulletin_save(
            bulletin=draft, actor=manager, title="新标题", blocks=blocks
        ),
    )
    draft.refresh_from_db()
    assert draft.status == "review"
    verbs = list(
        AuditEntry.objects.filter(verb__in=["bulletin.save", "bulletin.submit"])
        .order_by("pk")
        .values_list("verb", flat=True)
    )
    if draft.title == "新标题":
        assert refusals(outcomes) == []
        assert verbs == ["bulletin.save", "bulletin.submit"]
    else:
        assert [error.message for error in refusals(outcomes)] == ["简报待签发，不能再改。"]
        assert verbs == ["bulletin.submit"]


def test_a_print_asked_for_by_many_is_one_job(issued: Bulletin, cast: Cast):
    outcomes = at_once(
        *(
            lambda who=who: bulletins.bulletin_print(bulletin=issued, actor=who)
            for who in (cast.city_manager, cast.bureau_leader, cast.city_manager)
        )
    )
    assert {outcome.pk for outcome in outcomes} == {issued.job_id}
    assert Job.objects.count() == 1
