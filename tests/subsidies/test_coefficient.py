"""The coefficient of the month's 四有 inspection: off until a document says so."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from inspections.choices import ChecklistKind
from inspections.services import (
    Answer,
    checklist_activate,
    inspection_confirm,
    inspection_start,
    inspection_submit,
)
from subsidies import services
from subsidies.calculations import coefficient_of
from subsidies.models import CoefficientBand, CoefficientTable, SubsidyLine
from subsidies.selectors.ledger import verify_ledger
from subsidies.selectors.stages import turn_of
from tests.inspections.conftest import make_checklist
from tests.subsidies.conftest import OCTOBER, Month, bring_to
from tests.support.doors import refused, sql
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted

BANDS = [
    (Decimal(90), Decimal("1.00")),
    (Decimal(80), Decimal("0.90")),
    (Decimal(0), Decimal("0.00")),
]


def register(month: Month, bands=BANDS, since: dt.date = OCTOBER, **more):
    return services.coefficients_register(
        **{
            "effective_from": since,
            "document_title": "四有考核办法",
            "bands": bands,
            "actor": month.cast.city_manager,
            **more,
        }
    )


def inspected(month: Month, estate, failed: int, day: int = 20, confirmed: bool = True):
    """A confirmed 四有 inspection of October: four items of 30, 30, 20 and 20 points, the first
    ``failed`` of them failed, 20 points less each."""
    if "checklist" not in month.extra:
        month.extra["checklist"] = checklist_activate(
            checklist=make_checklist(month.cast.city_manager, ChecklistKind.FOUR_HAVES),
            actor=month.cast.city_manager,
        )
    checklist = month.extra["checklist"]
    with clock.freeze(clock.at(dt.date(2026, 10, day))):
        inspection = inspection_start(
            estate=estate, actor=month.cast.street_clerk, checklist=checklist
        )
        items = list(checklist.items.filter(photo_required=False).order_by("position"))
        inspection = inspection_submit(
            inspection=inspection,
            actor=month.cast.street_clerk,
            answers={
                item.pk: Answer(outcome="fail", note="没有", deduction=Decimal(20))
                for item in items[:failed]
            },
        )
        if not confirmed:
            return inspection
        return inspection_confirm(inspection=inspection, actor=month.cast.city_manager)


# --- Arithmetic ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "wanted"),
    [
        ("100", "1.00"),
        ("90", "1.00"),
        ("89.9", "0.90"),
        ("80.0", "0.90"),
        ("79.9", "0"),
        ("0", "0"),
    ],
)
def test_a_score_takes_the_highest_band_that_it_reaches(score, wanted):
    assert coefficient_of(Decimal(score), BANDS) == Decimal(wanted)


def test_a_score_below_all_bands_is_an_error_and_no_silent_one():
    with pytest.raises(ValueError, match="no band"):
        coefficient_of(Decimal(10), BANDS[:2])


# --- A month ---------------------------------------------------------------------------------


def test_it_is_off_until_the_office_decides(month: Month):
    inspected(month, month.estates[0], failed=1)
    claim = month.open()
    assert claim.total == Decimal("2460.00")
    assert claim.lines.first().explained().reasons[3].text == "1.0，考核系数档次未启用"


def test_the_worked_example(month: Month):
    """142 × 10 × 0.9 = 1,278.00; 58 without an inspection 580.00; 46 × 10 × 1 = 460.00."""
    register(month)
    found = inspected(month, month.estates[0], failed=1)
    assert Decimal(80) <= found.score < Decimal(90)
    inspected(month, month.estates[2], failed=0)
    claim = month.open()
    amounts = list(claim.lines.order_by("estate__code").values_list("amount", flat=True))
    assert amounts == [Decimal("1278.00"), Decimal("580.00"), Decimal("460.00")]
    first, second, _ = claim.lines.order_by("estate__code")
    told = first.explained().reasons[3]
    assert (told.record, told.link) == (found.pk, found.number)
    assert told.text.startswith("0.9，四有检查得 ")
    assert second.explained().reasons[3].text.startswith("1.0，本月没有已确认的四有检查")
    claim = bring_to(claim, "paid", month.cast)
    assert claim.total == Decimal("2318.00")
    assert verify_ledger(OCTOBER).differences == []


def test_an_inspection_of_another_month_or_not_confirmed_does_not_count(month: Month):
    register(month, since=dt.date(2026, 9, 1))
    inspected(month, month.estates[0], failed=1)
    inspected(month, month.estates[1], failed=1, confirmed=False)
    assert month.open(dt.date(2026, 9, 1)).total == Decimal("2460.00")
    october = month.open()
    assert october.total == Decimal("2318.00")
    assert set(october.lines.values_list("coefficient", flat=True)) == {
        Decimal("1.00"),
        Decimal("0.90"),
    }


def test_the_last_inspection_of_the_month_counts(month: Month):
    register(month)
    inspected(month, month.estates[0], failed=1, day=10)
    inspected(month, month.estates[0], failed=0, day=25)
    assert month.open().total == Decimal("2460.00")


def test_a_draft_is_computed_anew_when_its_inspection_comes(month: Month):
    register(month)
    claim = month.open()
    inspected(month, month.estates[0], failed=1)
    with pytest.raises(BusinessError, match=r"系数 1\.0 改为 0\.9"):
        services.claim_submit(claim=claim, actor=month.cast.street_clerk)
    services.claim_recompute(claim=claim, actor=month.cast.street_clerk)
    claim.refresh_from_db()
    assert claim.total == Decimal("2318.00")
    assert turn_of(claim, month.cast.street_clerk).rule is not None


def test_a_table_without_bands_ends_it(month: Month):
    register(month)
    register(month, [])
    inspected(month, month.estates[0], failed=1)
    assert month.open().total == Decimal("2460.00")


# --- Doors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bands", "sentence"),
    [
        ([(Decimal(60), Decimal(1))], "最低一档的得分下限须为 0"),
        ([(Decimal(0), Decimal("1.5"))], "系数须在 0 至 1 之间"),
        ([(Decimal(0), Decimal(1)), (Decimal(80), Decimal("0.5"))], "不能比得分低的小"),
        ([(Decimal(0), Decimal(1)), (Decimal(0), Decimal(1))], "得分下限相同"),
        ([(Decimal(n), Decimal(1)) for n in range(6)], "最多 5 档"),
    ],
)
def test_bands_that_cannot_be_are_refused(month: Month, bands, sentence):
    with pytest.raises(BusinessError, match=sentence):
        register(month, bands)
    assert not CoefficientTable.objects.exists()


def test_an_approved_month_and_the_wrong_person(month: Month):
    for who in ("street_clerk", "bureau_leader", "finance_officer", "system_admin", "outsider"):
        with pytest.raises(NotPermitted):
            register(month, actor=month.cast.people[who])
    month.brought_to("approved")
    with pytest.raises(BusinessError, match="最早从 2026年11月起执行"):
        register(month)


def test_it_resists_every_door(month: Month):
    table = register(month)
    inspected(month, month.estates[0], failed=1)
    claim = month.open()
    kept = "登记后不能修改或删除"
    refused(kept, lambda: CoefficientTable.objects.update(document_title="x"))
    refused(kept, lambda: CoefficientBand.objects.update(coefficient=1))
    refused(kept, sql("DELETE FROM subsidies_coefficientband"))
    more = CoefficientBand(table=table, minimum=Decimal(70), coefficient=Decimal(1))
    refused("不能再增加档次", more.save)
    line = claim.lines.order_by("estate__code").first()
    refused("核算得出|金额不等于", lambda: claim.lines.filter(pk=line.pk).update(coefficient=1))
    other = SubsidyLine.objects.get(pk=line.pk)
    line.delete()
    other.pk = None
    other.coefficient, other.amount = Decimal(1), Decimal("1420.00")
    refused("系数与考核依据不符", lambda: other.save(force_insert=True))
    other.assessment = None
    other.coefficient, other.amount = Decimal("0.50"), Decimal("710.00")
    refused("系数与考核依据不符", lambda: other.save(force_insert=True))


def test_it_is_registered_in_the_browser(month: Month, client):
    client.force_login(month.cast.city_manager, backend="accounts.backends.OfficeBackend")
    url = reverse("subsidies:coefficient-create")
    fields = {
        "effective_from": "2026-10", "document_title": "四有考核办法",
        "from1": "90", "share1": "1", "from2": "0",
    }  # fmt: skip
    page = client.post(url, fields)
    assert page.status_code == 422
    assert "要一起填" in page.content.decode()
    answer = client.post(url, {**fields, "share2": "0.8"}, follow=True)
    assert "90 分及以上" in answer.content.decode()
    assert "系数 0.80" in answer.content.decode()
    assert "0 分及以上 0.80" in client.get(reverse("subsidies:coefficient-list")).content.decode()
