"""A signed agreement stays as it was signed; a mistake is voided and corrected by another."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.urls import reverse

from enterprises import services
from enterprises.choices import AgreementState
from enterprises.models import AgreementTarget, Provider, ResponsibilityAgreement
from enterprises.services import Target
from tests.enterprises.conftest import PDF, scan
from tests.support.at_once import at_once, one_effect
from tests.support.doors import refused, sql
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import AuditEntry, NumberSeries
from xingyang_pm.dashboard.selectors import article_figures

pytestmark = pytest.mark.usefixtures("that_day")

MARCH_20, MARCH_21 = dt.date(2026, 3, 20), dt.date(2026, 3, 21)
TARGETS = [Target("四公开一监督公示率 100%", Decimal(10)), Target("投诉按期办结", Decimal("7.5"))]
SETTLED = "已签订或已作废的目标责任书不能修改或删除"
TARGET_STAYS = "责任书已签订或已作废，责任目标不能修改或删除"
NO_MORE = "责任书已签订或已作废，不能增加责任目标"
VOID = "目标责任书已经作废，不能恢复"
Sign = Callable[..., ResponsibilityAgreement]


@pytest.fixture
def sign(city_manager) -> Sign:
    """Register an agreement: ``sign(provider=firm, signed_on=MARCH_20)``."""

    def make(**values) -> ResponsibilityAgreement:
        given = {"year": 2026, "targets": TARGETS, **values}
        return services.agreement_create(actor=city_manager, **given)

    return make


@pytest.fixture
def signed(firm, sign) -> ResponsibilityAgreement:
    return sign(provider=firm, signed_on=MARCH_20, party_signatory="张利民")


@pytest.fixture
def void(signed, city_manager) -> ResponsibilityAgreement:
    return services.agreement_void(agreement=signed, actor=city_manager, reason=" 签订日期写错 ")


# --- Every door past the services ------------------------------------------------------------


@pytest.mark.both_databases
def test_raw_sql_changes_nothing_of_a_signed_agreement(signed, rival):
    before = ResponsibilityAgreement.objects.values().get()
    for column, value in (
        ("number", "'ZRS-Q-2026-009'"),
        ("year", "2025"),
        ("party", "'street'"),
        ("provider_id", str(rival.pk)),
        ("signed_on", "'2026-03-21'"),
        ("signed_on", "NULL"),
        ("bureau_signatory", "'别人'"),
        ("party_signatory", "'别人'"),
        ("created_at", "'2026-01-01 00:00:00+00:00'"),
        ("replaces_id", "id"),
    ):
        refused(
            f"{SETTLED}|只能更正同一签订对象",
            sql(
                f"UPDATE enterprises_responsibilityagreement SET {column} = {value} WHERE id = %s",
                signed.pk,
            ),
        )
        assert ResponsibilityAgreement.objects.values().get() == before, column


@pytest.mark.both_databases
def test_no_other_door_changes_or_deletes_a_signed_agreement(signed):
    own = ResponsibilityAgreement.objects.filter(pk=signed.pk)
    refused(SETTLED, lambda: own.update(signed_on=MARCH_21))
    refused(f"{SETTLED}|{TARGET_STAYS}", own.delete)
    refused(f"{SETTLED}|{TARGET_STAYS}", signed.delete)
    refused(SETTLED, lambda: own._raw_delete(using="default"))
    signed.signed_on = MARCH_21
    refused(SETTLED, signed.save)
    refused(SETTLED, lambda: ResponsibilityAgreement.objects.bulk_update([signed], ["signed_on"]))
    assert own.get().signed_on == MARCH_20


@pytest.mark.both_databases
def test_its_targets_are_neither_changed_nor_taken_away_nor_added(signed, rival, sign):
    own = AgreementTarget.objects.filter(agreement=signed)
    first = own.first()
    for values in ({"text": "别的目标"}, {"points": 99}, {"position": 7}):
        refused(TARGET_STAYS, lambda values=values: own.filter(pk=first.pk).update(**values))
    refused(TARGET_STAYS, own.delete)
    refused(TARGET_STAYS, first.delete)
    refused(TARGET_STAYS, sql("DELETE FROM enterprises_agreementtarget WHERE id = %s", first.pk))
    added = AgreementTarget(agreement=signed, position=3, text="后加的", points=1)
    refused(NO_MORE, added.save)
    refused(NO_MORE, lambda: AgreementTarget.objects.bulk_create([added]))
    # Nor moved out of it, or into it from one that is still open.
    open_one = sign(provider=rival)
    refused(TARGET_STAYS, lambda: own.update(agreement=open_one))
    refused(NO_MORE, lambda: open_one.targets.update(agreement=signed))
    assert own.count() == open_one.targets.count() == 2


@pytest.mark.both_databases
def test_an_unsigned_agreement_is_open_until_its_signature(firm, sign, city_manager):
    agreement = sign(provider=firm)
    agreement.targets.update(points=5)
    agreement.targets.last().delete()
    services.agreement_update(
        agreement=agreement, actor=city_manager, targets=TARGETS, signed_on=MARCH_20
    )
    assert agreement.targets.count() == 2
    refused(TARGET_STAYS, lambda: agreement.targets.update(points=5))


@pytest.mark.both_databases
def test_a_scan_is_added_once_and_never_exchanged(signed):
    own = ResponsibilityAgreement.objects.filter(pk=signed.pk)
    assert own.update(scan="a.pdf", scan_name="责任书.pdf") == 1
    sentence = "已签订的目标责任书，扫描件不能替换"
    refused(sentence, lambda: own.update(scan="b.pdf"))
    refused(sentence, lambda: own.update(scan="", scan_name=""))


@pytest.mark.both_databases
def test_what_is_void_is_void_for_good(void, city_manager):
    own = ResponsibilityAgreement.objects.filter(pk=void.pk)
    nothing = {"voided_at": None, "voided_by": None, "void_reason": ""}
    refused(VOID, lambda: own.update(**nothing))
    refused(VOID, lambda: own.update(void_reason="别的原因"))
    refused(f"{SETTLED}|{TARGET_STAYS}", own.delete)
    refused("扫描件不能替换", lambda: own.update(scan="b.pdf"))
    refused(TARGET_STAYS, lambda: void.targets.update(points=5))


@pytest.mark.both_databases
def test_voiding_is_told_whole(signed, city_manager):
    own = ResponsibilityAgreement.objects.filter(pk=signed.pk)
    whole = {"voided_at": clock.now(), "voided_by": city_manager, "void_reason": "写错"}
    for missing in whole:
        part = {**whole, missing: "" if missing == "void_reason" else None}
        refused("agreement_void_is_whole", lambda part=part: own.update(**part))
    assert own.update(**whole) == 1


@pytest.mark.both_databases
def test_an_agreement_replaces_a_void_one_with_the_same_party(void, rival, firm, sign):
    other = sign(provider=rival)
    right = sign(provider=firm)
    sentence = "只能更正同一签订对象已经作废的目标责任书"
    own = ResponsibilityAgreement.objects.filter
    refused(sentence, lambda: own(pk=other.pk).update(replaces=void))
    refused(sentence, lambda: own(pk=other.pk).update(replaces=right))
    assert own(pk=right.pk).update(replaces=void) == 1
    again = sign(provider=firm, year=2025)
    refused("UNIQUE|unique", lambda: own(pk=again.pk).update(replaces=void))


@pytest.mark.both_databases
def test_one_that_stands_per_party_and_year(void, firm, sign, street, city_manager):
    right = sign(provider=firm, signed_on=MARCH_21, replaces=void)
    with pytest.raises(BusinessError, match="这家企业本年度已有目标责任书"):
        sign(provider=firm)
    refused(
        "UNIQUE|unique",
        lambda: ResponsibilityAgreement.objects.create(
            year=2026,
            party="provider",
            provider=firm,
            number="X",
            created_by=city_manager,
            created_at=clock.now(),
        ),
    )
    with_street = sign(street=street)
    services.agreement_void(agreement=with_street, actor=city_manager, reason="写错")
    sign(street=street)
    assert right.number == "ZRS-Q-2026-002"
    assert NumberSeries.objects.get(series="ZRS-Q", year=2026).last == 2


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_no_target_slips_in_while_it_is_signed(firm, sign, city_manager):
    """Added before, it is seen by the signer (who here replaces all); after, it is refused."""
    agreement = sign(provider=firm)
    outcomes = at_once(
        lambda: services.agreement_update(
            agreement=agreement, actor=city_manager, signed_on=MARCH_20, targets=TARGETS[:1]
        ),
        lambda: AgreementTarget.objects.create(
            agreement=agreement, position=3, text="临时加的", points=50
        ),
        also=(IntegrityError,),
    )
    assert isinstance(outcomes[0], ResponsibilityAgreement)
    assert [row.text for row in agreement.targets.all()] == ["四公开一监督公示率 100%"]


# --- Voiding and correcting ------------------------------------------------------------------


def test_a_mistyped_date_is_corrected_by_another_agreement(signed, firm, sign, city_manager, cast):
    services.agreement_void(agreement=signed, actor=city_manager, reason=" 签订日期写错 ")
    signed.refresh_from_db()
    assert (signed.state, signed.voided_by) == (AgreementState.VOID, city_manager)
    assert (signed.void_reason, signed.signed_on) == ("签订日期写错", MARCH_20)
    entry = audit.timeline(signed)[0]
    assert (entry.verb, entry.reason) == ("agreement.void", "签订日期写错")
    assert entry.summary == "作废2026年度目标责任书 ZRS-Q-2026-001：签订日期写错"
    assert entry in audit.timeline(firm)
    assert article_figures(2026)["enterprises_signed"] == 0
    right = sign(provider=firm, signed_on=MARCH_21, replaces=signed)
    assert (right.number, right.replaces) == ("ZRS-Q-2026-002", signed)
    assert audit.timeline(signed)[0].summary == (
        "登记2026年度目标责任书 ZRS-Q-2026-002，更正 ZRS-Q-2026-001"
    )
    assert article_figures(2026)["enterprises_signed"] == 1
    assert list(ResponsibilityAgreement.objects.valid()) == [right]


def test_a_correction_names_a_void_agreement_with_the_same_party_once(
    void, firm, rival, street, sign
):
    right = sign(provider=firm, replaces=void)
    with pytest.raises(BusinessError, match="已经有更正的一份"):
        sign(provider=firm, year=2025, replaces=void)
    for wrong, party, sentence in (
        (right, {"provider": firm, "year": 2025}, "ZRS-Q-2026-002 还没有作废"),
        (void, {"provider": rival}, "更正须与同一单位签订"),
        (void, {"street": street}, "更正须与同一单位签订"),
    ):
        with pytest.raises(BusinessError, match=sentence) as told:
            sign(replaces=wrong, **party)
        assert told.value.field == "replaces"
    assert ResponsibilityAgreement.objects.count() == 2


def test_voiding_wants_a_reason_and_happens_once(signed, city_manager):
    with pytest.raises(BusinessError, match="请写明作废原因") as told:
        services.agreement_void(agreement=signed, actor=city_manager, reason="  ")
    assert told.value.field == "reason"
    services.agreement_void(agreement=signed, actor=city_manager, reason="写错")
    for act in (
        lambda: services.agreement_void(agreement=signed, actor=city_manager, reason="又一次"),
        lambda: services.agreement_update(agreement=signed, actor=city_manager, targets=[]),
        lambda: services.agreement_scan_add(agreement=signed, actor=city_manager, scan=scan()),
    ):
        with pytest.raises(StaleState, match="责任书已作废，不能再办"):
            act()
    signed.refresh_from_db()
    assert signed.void_reason == "写错"


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_of_two_who_void_it_at_once_one_does(signed, city_manager, make_person, cast):
    second = make_person("fukezhang", cast.bureau, "bureau_manager")
    one_effect(
        at_once(
            *(
                lambda who=who: services.agreement_void(
                    agreement=signed, actor=who, reason=f"{who.name}作废"
                )
                for who in (city_manager, second)
            )
        )
    )
    signed.refresh_from_db()
    assert signed.void_reason == f"{signed.voided_by.name}作废"
    assert AuditEntry.objects.filter(verb="agreement.void").count() == 1


def test_a_signed_agreement_is_not_completed_and_not_dated_ahead(signed, rival, city_manager, sign):
    with pytest.raises(StaleState, match="责任书已签订，不能修改"):
        services.agreement_update(agreement=signed, actor=city_manager, signed_on=MARCH_21)
    with pytest.raises(BusinessError, match="签订日期不能晚于今天") as told:
        sign(provider=rival, signed_on=dt.date(2026, 12, 1))
    assert told.value.field == "signed_on"


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "finance_officer",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_nobody_but_the_section_head_voids_one(cast, signed, who):
    actor = cast.people[who]
    with pytest.raises(NotPermitted):
        services.agreement_void(agreement=signed, actor=actor, reason="写错")
    with pytest.raises(NotPermitted):
        services.agreement_scan_add(agreement=signed, actor=actor, scan=scan())
    signed.refresh_from_db()
    assert (signed.state, bool(signed.scan)) == (AgreementState.SIGNED, False)


# --- Its pages -------------------------------------------------------------------------------


def url_of(name: str, *args: object) -> str:
    return reverse(f"enterprises:agreement-{name}", args=args)


def test_the_section_head_voids_it_and_signs_another_in_its_place(
    city_manager, client_for, signed, firm
):
    client = client_for(city_manager)
    page = client.get(signed.get_absolute_url()).content.decode()
    assert url_of("void", signed.pk) in page
    assert url_of("update", signed.pk) not in page
    asked = client.get(url_of("void", signed.pk)).content.decode()
    assert "ZRS-Q-2026-001 将作废，编号保留不再使用，不能恢复" in asked
    answer = client.post(url_of("void", signed.pk), {"reason": ""})
    assert answer.status_code == 422
    answer = client.post(url_of("void", signed.pk), {"reason": "签订日期写错"})
    assert answer.url == signed.get_absolute_url()
    page = client.get(signed.get_absolute_url()).content.decode()
    assert "已作废" in page
    assert "原因：签订日期写错" in page
    create = f"{url_of('create')}?replaces={signed.pk}"
    assert create in page
    form = client.get(create).context["form"]
    assert form.initial["targets"] == "四公开一监督公示率 100% | 10.0\n投诉按期办结 | 7.5"
    assert "signed_on" not in form.initial
    answer = client.post(
        url_of("create"),
        {
            "year": 2026,
            "provider": firm.pk,
            "replaces": signed.pk,
            "signed_on": "2026-03-21",
            "targets": form.initial["targets"],
        },
    )
    right = ResponsibilityAgreement.objects.valid().get()
    assert answer.url == right.get_absolute_url()
    assert "ZRS-Q-2026-001" in client.get(right.get_absolute_url()).content.decode()
    page = client.get(signed.get_absolute_url()).content.decode()
    assert "已另签 ZRS-Q-2026-002 更正" in page
    assert create not in page
    # Nothing waits to be corrected any more, so the form does not ask.
    assert "replaces" not in client.get(url_of("create")).context["form"].fields


def test_a_correction_that_came_too_late_keeps_what_was_typed(
    city_manager, client_for, void, firm, sign
):
    sign(provider=firm, replaces=void)
    answer = client_for(city_manager).post(
        url_of("create"),
        {"year": 2026, "provider": firm.pk, "replaces": void.pk, "party_signatory": "张利民"},
    )
    assert answer.status_code == 422
    assert "replaces" in answer.context["form"].errors
    assert "张利民" in answer.content.decode()


def test_a_second_click_voids_nothing_and_says_so(city_manager, client_for, void):
    answer = client_for(city_manager).post(url_of("void", void.pk), {"reason": "又一次"})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "责任书已作废，不能再办" in shown
    assert "又一次" in shown
    void.refresh_from_db()
    assert void.void_reason == "签订日期写错"


def test_the_form_of_a_signed_agreement_is_locked(city_manager, client_for, signed):
    client = client_for(city_manager)
    shown = client.get(url_of("update", signed.pk)).content.decode()
    assert "责任书已签订，不能修改" in shown
    assert 'aria-describedby="why-not"' in shown
    answer = client.post(url_of("update", signed.pk), {"targets": "别的 | 1"})
    assert answer.status_code == 409
    assert "别的 | 1" in answer.content.decode()
    assert signed.targets.count() == 2


def test_the_scan_of_the_paper_comes_later_and_once(city_manager, client_for, signed):
    client = client_for(city_manager)
    url = url_of("scan-add", signed.pk)
    assert url in client.get(signed.get_absolute_url()).content.decode()
    assert client.post(url, {}).status_code == 422
    answer = client.post(url, {"scan": scan("责任书.pdf")})
    assert answer.url == signed.get_absolute_url()
    assert b"".join(client.get(url_of("scan", signed.pk))) == PDF
    again = client.post(url, {"scan": scan("另一份.pdf")})
    assert again.status_code == 409
    assert "已有扫描件，不能替换" in again.content.decode()
    signed.refresh_from_db()
    assert signed.scan_name == "责任书.pdf"
    assert audit.timeline(signed)[0].summary in {
        "上传扫描件“责任书.pdf”",
        "下载“责任书.pdf”",
    }


def test_another_streets_people_meet_no_agreement_and_its_own_may_not_void_it(
    cast, client_for, street, other_street, sign
):
    own = sign(street=street, signed_on=MARCH_20)
    for name, fields in (("void", {"reason": "写错"}), ("scan-add", {"scan": scan()})):
        for who in ("other_clerk", "other_leader", "outsider", "system_admin"):
            client = client_for(cast.people[who])
            assert client.get(url_of(name, own.pk)).status_code == 404, who
            assert client.post(url_of(name, own.pk), fields).status_code == 404, who
        for who in ("street_clerk", "street_leader", "auditor"):
            client = client_for(cast.people[who])
            assert client.get(url_of(name, own.pk)).status_code == 403, who
            assert client.post(url_of(name, own.pk), fields).status_code == 403, who
    own.refresh_from_db()
    assert (own.state, bool(own.scan)) == (AgreementState.SIGNED, False)


def test_its_own_street_reads_why_it_is_void(cast, client_for, street, sign, city_manager):
    own = sign(street=street, signed_on=MARCH_20)
    services.agreement_void(agreement=own, actor=city_manager, reason="签订日期写错")
    shown = client_for(cast.street_clerk).get(own.get_absolute_url()).content.decode()
    assert "原因：签订日期写错" in shown
    assert "登记更正的责任书" not in shown


def test_a_firms_record_says_which_of_its_agreements_is_void(city_manager, client_for, void):
    provider = Provider.objects.get()
    shown = client_for(city_manager).get(provider.get_absolute_url()).content.decode()
    assert "ZRS-Q-2026-001" in shown
    assert "已作废" in shown
