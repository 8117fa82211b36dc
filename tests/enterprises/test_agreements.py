"""The yearly responsibility agreement: with a firm or a street, once a year, on paper."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from enterprises import services
from enterprises.choices import AgreementParty
from enterprises.forms import parse_targets
from enterprises.models import AgreementTarget, ResponsibilityAgreement
from enterprises.services import Target
from tests.enterprises.conftest import PDF, scan
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry

pytestmark = pytest.mark.usefixtures("that_day")

MARCH_20 = dt.date(2026, 3, 20)
TARGETS = [Target("四公开一监督公示率 100%", Decimal(10)), Target("投诉按期办结", Decimal("7.5"))]


def refused(sentence: str, door: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        door()


@pytest.fixture
def sign(city_manager):
    """Register an agreement: ``sign(provider=firm)``."""

    def make(**values) -> ResponsibilityAgreement:
        return services.agreement_create(actor=city_manager, **{"year": 2026, **values})

    return make


# --- With whom, for which year ---------------------------------------------------------------


def test_firms_and_streets_have_a_series_of_their_own(firm, rival, street, sign):
    with_firm = sign(provider=firm, signed_on=MARCH_20, targets=TARGETS)
    with_street = sign(street=street)
    assert (with_firm.number, with_street.number) == ("ZRS-Q-2026-001", "ZRS-J-2026-001")
    assert sign(provider=rival).number == "ZRS-Q-2026-002"
    assert sign(provider=firm, year=2025).number == "ZRS-Q-2025-001"
    assert (with_firm.party, with_street.party) == (AgreementParty.PROVIDER, AgreementParty.STREET)
    assert str(with_firm) == "2026年度物业管理工作目标责任书（郑州怡馨物业服务有限公司）"
    assert list(with_firm.targets.values_list("position", "text", "points")) == [
        (1, "四公开一监督公示率 100%", Decimal("10.0")),
        (2, "投诉按期办结", Decimal("7.5")),
    ]


def test_a_party_signs_once_a_year(firm, street, sign):
    sign(provider=firm)
    sign(street=street)
    with pytest.raises(BusinessError, match="这家企业本年度已有目标责任书"):
        sign(provider=firm)
    with pytest.raises(BusinessError, match="本年度已有目标责任书"):
        sign(street=street)
    # The numbers of the refused went back.
    assert sign(provider=firm, year=2027).number == "ZRS-Q-2027-001"
    assert ResponsibilityAgreement.objects.filter(year=2026).count() == 2


@pytest.mark.both_databases
def test_the_database_knows_one_party_and_once_a_year(firm, rival, street, city_manager, sign):
    agreement = sign(provider=firm)
    second = sign(provider=rival)
    own = ResponsibilityAgreement.objects.filter(pk=second.pk)
    refused("UNIQUE|unique", lambda: own.update(provider=firm))
    refused("agreement_one_party", lambda: own.update(street=street))
    refused("agreement_one_party", lambda: own.update(provider=None))
    refused("agreement_one_party", lambda: own.update(party=AgreementParty.STREET))
    with_street = sign(street=street)
    refused(
        "UNIQUE|unique",
        lambda: ResponsibilityAgreement.objects.bulk_create(
            [
                ResponsibilityAgreement(
                    year=2026,
                    party=AgreementParty.STREET,
                    street=street,
                    number="ZRS-J-X",
                    created_by=city_manager,
                    created_at=clock.now(),
                )
            ]
        ),
    )
    refused("UNIQUE|unique", lambda: own.update(number=with_street.number))
    assert ResponsibilityAgreement.objects.count() == 3
    assert agreement.provider == firm


def test_it_is_signed_within_its_year(city_manager, firm, sign):
    with pytest.raises(BusinessError, match="签订日期不在2026年内") as told:
        sign(provider=firm, signed_on=dt.date(2025, 12, 31))
    assert told.value.field == "signed_on"
    agreement = sign(provider=firm)
    with pytest.raises(BusinessError, match="签订日期不在2026年内"):
        services.agreement_update(
            agreement=agreement, actor=city_manager, signed_on=dt.date(2027, 1, 1)
        )
    agreement.refresh_from_db()
    assert agreement.signed_on is None


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "finance_officer",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_nobody_but_the_section_head_writes_one(cast, firm, rival, sign, who):
    agreement = sign(provider=firm, targets=TARGETS)
    actor = cast.people[who]
    with pytest.raises(NotPermitted):
        services.agreement_create(actor=actor, year=2026, provider=rival)
    with pytest.raises(NotPermitted):
        services.agreement_update(agreement=agreement, actor=actor, signed_on=MARCH_20, targets=[])
    agreement.refresh_from_db()
    assert (agreement.signed_on, agreement.targets.count()) == (None, 2)


# --- Completing ------------------------------------------------------------------------------


def test_year_and_party_stay_whatever_is_handed_in(city_manager, firm, rival, sign):
    agreement = sign(provider=firm)
    services.agreement_update(
        agreement=agreement, actor=city_manager, year=2025, provider=rival, signed_on=MARCH_20
    )
    agreement.refresh_from_db()
    assert (agreement.year, agreement.provider, agreement.signed_on) == (2026, firm, MARCH_20)


def test_other_targets_tell_what_they_were(city_manager, firm, sign):
    agreement = sign(provider=firm, targets=TARGETS)
    services.agreement_update(
        agreement=agreement, actor=city_manager, targets=[Target("投诉按期办结", Decimal(5))]
    )
    entry = audit.timeline(agreement)[0]
    assert (entry.verb, entry.actor) == ("agreement.update", city_manager)
    assert entry.before == {"targets": ["四公开一监督公示率 100% | 10.0", "投诉按期办结 | 7.5"]}
    assert entry.after == {"targets": ["投诉按期办结 | 5.0"]}
    assert AgreementTarget.objects.count() == 1


def test_saving_it_unchanged_leaves_no_entry(city_manager, firm, sign):
    agreement = sign(provider=firm, targets=TARGETS)
    keys = set(agreement.targets.values_list("pk", flat=True))
    services.agreement_update(agreement=agreement, actor=city_manager, targets=list(TARGETS))
    assert not AuditEntry.objects.filter(verb="agreement.update").exists()
    assert set(agreement.targets.values_list("pk", flat=True)) == keys


def test_targets_are_read_a_line_each_with_points_behind_a_bar():
    assert parse_targets("公示率 100% | 10\n\n 投诉办结｜7.5\n无重大事故") == [
        Target("公示率 100%", Decimal(10)),
        Target("投诉办结", Decimal("7.5")),
        Target("无重大事故", Decimal(0)),
    ]
    for text, sentence in (
        ("好 | 十分", "第 1 行的分值“十分”不是数字"),
        ("好 | 1\n坏 | -1", "第 2 行的分值应在 0 到 100 之间"),
        ("好 | 101", "第 1 行的分值应在 0 到 100 之间"),
    ):
        with pytest.raises(ValidationError, match=sentence):
            parse_targets(text)


# --- Its pages -------------------------------------------------------------------------------


def test_the_list_tells_the_signed_from_the_unsigned(
    city_manager, client_for, firm, rival, street, sign
):
    sign(provider=firm, signed_on=MARCH_20, targets=TARGETS)
    sign(provider=rival)
    sign(street=street, year=2025)
    wrong = sign(provider=firm, year=2025)
    services.agreement_void(agreement=wrong, actor=city_manager, reason="年度写错")
    client = client_for(city_manager)
    url = reverse("enterprises:agreement-list")

    def names(**query: str) -> set[str]:
        listing = client.get(url, query).context["listing"]
        assert len(listing.table.rows) == listing.count
        return {row.number for row in listing.table.rows}

    assert names() == {"ZRS-Q-2026-001", "ZRS-Q-2026-002", "ZRS-J-2025-001", "ZRS-Q-2025-001"}
    assert names(state="signed") == {"ZRS-Q-2026-001"}
    assert names(state="unsigned") == {"ZRS-Q-2026-002", "ZRS-J-2025-001"}
    assert names(state="void") == {"ZRS-Q-2025-001"}
    assert names(year="2025") == {"ZRS-J-2025-001", "ZRS-Q-2025-001"}
    assert names(party="street") == {"ZRS-J-2025-001"}
    assert names(q="惠民") == {"ZRS-Q-2026-002"}
    assert names(q="索河") == {"ZRS-J-2025-001"}
    shown = client.get(url).content.decode()
    assert "2</b> 份未签订" in shown
    assert "1</b> 份已作废" in shown


@pytest.mark.parametrize("both", [True, False])
def test_the_form_wants_a_firm_or_a_street_and_keeps_what_was_typed(
    city_manager, client_for, firm, street, both
):
    client = client_for(city_manager)
    parties = {"provider": firm.pk, "street": street.pk} if both else {}
    answer = client.post(
        reverse("enterprises:agreement-create"),
        {"year": 2026, "targets": "公示率 | 10", "party_signatory": "张利民", **parties},
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "请选一家企业，或一个街道（乡镇），只选一个。" in shown
    assert "公示率 | 10" in shown
    assert "张利民" in shown
    assert not ResponsibilityAgreement.objects.exists()


def test_a_scan_that_is_no_paper_costs_nothing_else_and_the_right_one_passes(
    city_manager, client_for, firm
):
    client = client_for(city_manager)
    url = reverse("enterprises:agreement-create")
    fields = {
        "year": 2026,
        "provider": firm.pk,
        "signed_on": "2026-03-20",
        "targets": "公示率 100% | 10",
    }
    for bad, sentence in (
        (scan("责任书.docx"), "只收 .pdf、.jpg、.jpeg、.png 文件"),
        (scan("责任书.pdf", b"MZ\x90\x00 a program"), "“责任书.pdf”不是 PDF 或照片"),
        (scan("责任书.pdf", b""), "空"),
    ):
        answer = client.post(url, {**fields, "scan": bad})
        assert answer.status_code == 422
        shown = answer.content.decode()
        assert sentence in shown
        assert "公示率 100% | 10" in shown
        assert f'<option value="{firm.pk}" selected>' in shown
        assert not ResponsibilityAgreement.objects.exists()
    answer = client.post(url, {**fields, "scan": scan("责任书.pdf")})
    agreement = ResponsibilityAgreement.objects.get()
    assert answer.url == agreement.get_absolute_url()
    handed = client.get(reverse("enterprises:agreement-scan", args=[agreement.pk]))
    assert b"".join(handed) == PDF
    assert handed["Content-Type"] == "application/pdf"
    assert AuditEntry.objects.filter(verb="file.download", actor=city_manager).count() == 1


def test_a_street_reads_its_own_and_those_of_the_firms_that_serve_it(
    cast, client_for, street, other_street, estate, firm, rival, engage, sign
):
    engage(estate, firm)
    served, other_firm = sign(provider=firm, targets=TARGETS), sign(provider=rival)
    own, other_own = sign(street=street), sign(street=other_street)
    seen = {
        served: {"street_clerk"},
        other_firm: set(),
        own: {"street_clerk"},
        other_own: {"other_clerk"},
    }
    for agreement, who in seen.items():
        for part in ("street_clerk", "other_clerk"):
            client = client_for(cast.people[part])
            expected = 200 if part in who else 404
            assert client.get(agreement.get_absolute_url()).status_code == expected
            listing = client.get(reverse("enterprises:agreement-list")).content.decode()
            assert (agreement.number in listing) == (part in who)
            assert AgreementTarget.objects.visible_to(cast.people[part]).count() == (
                2 if part == "street_clerk" else 0
            )
