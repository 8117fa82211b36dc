"""Opening a month, computing it anew: what becomes a line, and what is told as missing."""

import datetime as dt
from decimal import Decimal

import pytest

from estates.choices import EstateKind, EstateStatus
from estates.models import Estate
from subsidies import services
from subsidies.choices import ClaimStatus, GapReason
from subsidies.models import SubsidyClaim
from tests.subsidies.conftest import (
    OCTOBER,
    Month,
    bring_to,
    make_engagement,
    make_provider,
    make_rate,
    many_estates,
)
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState


def test_the_calendar_opens_a_claim_with_a_line_for_each_estate_in_service(month: Month):
    claim = month.open()
    assert claim.number == "BT-2026-10-001"
    assert (claim.status, claim.version, claim.opened_by) == (ClaimStatus.DRAFT, 1, None)
    assert (claim.estate_count, claim.building_count, claim.household_count) == (3, 9, 246)
    assert claim.total == Decimal("2460.00")
    line = claim.lines.get(estate=month.estates[0])
    assert (line.households, line.rate, line.months, line.amount) == (
        142,
        Decimal("10.00"),
        Decimal(1),
        Decimal("1420.00"),
    )
    assert (line.household_record, line.rate_record) == (month.counts[0], month.rate)
    assert (line.engagement, line.payee) == (month.engagements[0], month.provider)
    assert (line.served_from, line.served_to) == (OCTOBER, dt.date(2026, 10, 31))
    assert line.explained().sentence == "142户×10.00元/户·月×1个月×1.0系数＝1,420.00元"
    assert line.explained().reasons[0].text == ("142 户，2017年1月起执行。录入 王秀兰，核定 李建国")
    assert audit.timeline(claim)[0].summary == (
        "开账2026年10月补贴申报，核算 3 个小区，246 户，2,460.00 元"
    )


def test_what_is_no_old_estate_of_the_street_in_the_registry_has_no_line(
    month: Month, other_street
):
    month.add_estate(50, kind=EstateKind.COMMODITY)
    month.add_estate(50, kind=EstateKind.RURAL)
    month.add_estate(50, street=other_street)
    gone = month.add_estate(50)
    Estate.objects.filter(pk=gone.pk).update(status=EstateStatus.REMOVED)
    claim = month.open()
    assert claim.estate_count == 3
    assert not claim.gaps.exists()


def test_what_cannot_be_computed_is_told_and_never_a_line_of_zero(month: Month):
    uncounted = month.add_estate(None, name="没有户数的院")
    unserved = month.add_estate(60, start=None, name="没有合同的院")
    late = month.add_estate(60, start=dt.date(2026, 10, 15), name="月中接管的院")
    claim = month.open()
    assert claim.estate_count == 3
    assert not claim.lines.filter(estate__in=[uncounted, unserved, late]).exists()
    told = {gap.estate: (gap.reason, gap.detail) for gap in claim.gaps.all()}
    assert told == {
        uncounted: (GapReason.NO_COUNT, "2026年10月没有已核定户数，请先录入并核定"),
        unserved: (GapReason.NO_SERVICE, "2026年10月没有服务合同，未纳入物业服务"),
        late: (
            GapReason.NOT_ON_FIRST,
            "郑州怡馨物业服务有限公司 2026年10月15日接管，从 2026年11月起补贴",
        ),
    }


def test_an_entered_count_that_nobody_verified_counts_for_nothing(month: Month):
    estate = month.add_estate(None)
    estate.household_counts.create(
        effective_month=dt.date(2026, 9, 1),
        households=60,
        buildings=2,
        entered_by=month.cast.street_clerk,
        entered_at=clock.now(),
    )
    assert month.open().gaps.get().reason == GapReason.NO_COUNT


def test_the_count_of_the_month_is_taken_not_a_later_one(month: Month):
    estate = month.estates[1]
    month.verify(estate, 60, since=OCTOBER)
    month.verify(estate, 70, since=dt.date(2026, 11, 1))
    september = month.open(dt.date(2026, 9, 1))
    october = month.open()
    november = month.open(dt.date(2026, 11, 1))
    amounts = [claim.lines.get(estate=estate).amount for claim in (september, october, november)]
    assert amounts == [Decimal("580.00"), Decimal("600.00"), Decimal("700.00")]


def test_a_new_rate_counts_from_its_month_on(month: Month):
    make_rate(month.cast.city_manager, "12.50", dt.date(2026, 11, 1))
    assert month.open().total == Decimal("2460.00")
    november = month.open(dt.date(2026, 11, 1))
    # 246 × 12.50
    assert november.total == Decimal("3075.00")
    assert november.lines.first().rate == Decimal("12.50")


@pytest.mark.parametrize(("month_of", "days"), [(dt.date(2028, 2, 1), 29), (OCTOBER, 31)])
def test_the_days_of_a_line_are_those_of_its_month_also_in_a_leap_year(
    month: Month, month_of, days
):
    with clock.freeze(clock.add_months(month_of, 1)):
        claim = month.open(month_of)
    line = claim.lines.first()
    assert (line.served_to - line.served_from).days + 1 == days
    assert claim.total == Decimal("2460.00")


class TestByDays:
    @pytest.fixture
    def by_days(self, month: Month) -> Month:
        make_rate(month.cast.city_manager, "10.00", OCTOBER, month_rule="by_days")
        return month

    def test_a_takeover_in_the_month_is_paid_by_its_days(self, by_days: Month):
        late = by_days.add_estate(60, start=dt.date(2026, 10, 17))
        claim = by_days.open()
        line = claim.lines.get(estate=late)
        # 15 of 31 days: 60 × 10 × 0.4839 = 290.34
        assert (line.months, line.amount) == (Decimal("0.4839"), Decimal("290.34"))
        assert (line.served_from, line.served_to) == (dt.date(2026, 10, 17), dt.date(2026, 10, 31))

    def test_a_change_of_payee_splits_the_month_by_days(self, by_days: Month):
        estate, old = by_days.estates[0], by_days.engagements[0]
        type(old).objects.filter(pk=old.pk).update(end_date=dt.date(2026, 10, 16))
        other = make_provider("荥阳市惠民物业服务有限公司", "荥阳惠民物业")
        make_engagement(estate, other, dt.date(2026, 10, 17))
        claim = by_days.open()
        lines = list(claim.lines.filter(estate=estate).order_by("served_from"))
        # 16 of 31 days: 142 × 10 × 0.5161 = 732.86; 15 of 31: × 0.4839 = 687.14
        assert [(line.payee.short_name, line.amount) for line in lines] == [
            ("郑州怡馨物业", Decimal("732.86")),
            ("荥阳惠民物业", Decimal("687.14")),
        ]
        # One estate, its households counted once, the money complete.
        assert (claim.estate_count, claim.household_count) == (3, 246)
        assert claim.total == Decimal("2460.00")


def test_by_the_first_day_rule_the_payee_of_the_first_day_gets_the_month(month: Month):
    estate, old = month.estates[0], month.engagements[0]
    type(old).objects.filter(pk=old.pk).update(end_date=dt.date(2026, 10, 16))
    make_engagement(estate, make_provider("后来的公司", "后来"), dt.date(2026, 10, 17))
    assert month.open().lines.get(estate=estate).payee == month.provider


# --- Who, when, once -------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["street_clerk", "city_manager"])
def test_the_street_and_the_bureau_open_by_hand(month: Month, who):
    actor = month.cast.people[who]
    assert month.open(actor=actor).opened_by == actor


@pytest.mark.parametrize(
    "who",
    ["street_leader", "inspector", "bureau_leader", "finance_officer", "system_admin", "auditor",
     "outsider"],
)  # fmt: skip
def test_nobody_else_opens(month: Month, who):
    with pytest.raises(NotPermitted):
        month.open(actor=month.cast.people[who])
    assert not SubsidyClaim.objects.exists()


def test_another_streets_clerk_does_not_open(month: Month):
    with pytest.raises(BusinessError) as refused:
        month.open(actor=month.cast.other_clerk)
    assert refused.value.code == "out_of_scope"


def test_a_month_opens_once(month: Month):
    month.open()
    with pytest.raises(BusinessError, match="已经开账"):
        month.open()
    assert SubsidyClaim.objects.count() == 1


def test_a_month_to_come_does_not_open(month: Month):
    with pytest.raises(BusinessError, match="2026年12月还没有到"):
        month.open(dt.date(2026, 12, 1))


def test_a_day_within_a_month_is_no_month(month: Month):
    with pytest.raises(BusinessError, match="须为某月1日"):
        month.open(dt.date(2026, 10, 15))


def test_without_a_rate_nothing_opens(month: Month):
    with pytest.raises(BusinessError, match="2016年12月没有补贴标准"):
        month.open(dt.date(2016, 12, 1))


def test_a_street_without_service_has_nothing_to_claim(month: Month, other_street):
    month.add_estate(50, street=other_street, start=None)
    with pytest.raises(BusinessError, match="没有纳入物业服务的老旧小区"):
        services.claim_open(street=other_street, month=OCTOBER)


def test_the_month_opens_for_all_streets_in_service_and_says_why_not(month: Month, other_street):
    month.add_estate(50, street=other_street)
    opening = services.month_open(month=OCTOBER)
    assert [claim.street for claim in opening.opened] == [month.street, other_street]
    assert opening.sentence == "2026年10月开账 2 个街道（乡镇），2,960.00 元"
    again = services.month_open(month=OCTOBER)
    assert not again.opened
    assert again.sentence == "2026年10月没有新开的申报"
    assert list(SubsidyClaim.objects.order_by("number").values_list("number", flat=True)) == [
        "BT-2026-10-001",
        "BT-2026-10-002",
    ]


def test_a_clerk_who_opens_the_month_opens_the_own_street_alone(month: Month, other_street):
    month.add_estate(50, street=other_street)
    opening = services.month_open(month=OCTOBER, actor=month.cast.street_clerk)
    assert [claim.street for claim in opening.opened] == [month.street]
    assert not opening.skipped


# --- Anew ------------------------------------------------------------------------------------


def test_a_draft_is_computed_anew_and_says_what_differs(month: Month):
    claim = month.open()
    month.verify(month.estates[0], 144, since=OCTOBER)
    added = month.add_estate(30, name="新来的院")
    changes = services.claim_recompute(claim=claim, actor=month.cast.street_clerk)
    assert [change.sentence for change in changes] == [
        "工商局家属院 户数 142 户 改为 144 户",
        "新来的院 新列入：30 户，郑州怡馨物业服务有限公司",
    ]
    assert [change.effect for change in changes] == [Decimal("20.00"), Decimal("300.00")]
    claim.refresh_from_db()
    assert claim.total == Decimal("2780.00")
    assert claim.lines.filter(estate=added).exists()
    entry = audit.timeline(claim)[0]
    assert entry.summary == "重新核算2026年10月补贴，2 处不同，合计 2,780.00 元"
    assert entry.before["total"] == "2460.00"
    assert entry.after["changes"][0] == "工商局家属院 户数 142 户 改为 144 户"


def test_a_new_computation_closes_gaps_and_opens_new_ones(month: Month):
    uncounted = month.add_estate(None)
    claim = month.open()
    month.verify(uncounted, 20)
    Estate.objects.filter(pk=month.estates[2].pk).update(status=EstateStatus.REMOVED)
    changes = services.claim_recompute(claim=claim, actor=month.cast.city_manager)
    assert {change.what for change in changes} == {"新列入", "不再列入"}
    assert not claim.gaps.exists()


def test_deductions_and_exclusions_outlive_a_new_computation(month: Month):
    claim = month.open()
    first, second, third = claim.lines.order_by("estate__code")
    clerk = month.cast.street_clerk
    services.line_deduct(line=first, amount=Decimal("120"), reason="照明损坏", actor=clerk)
    services.line_exclude(line=second, reason="正在改造", actor=clerk)
    services.line_deduct(line=third, amount=Decimal("460"), reason="没有清运", actor=clerk)
    # The third estate shrinks to 40 households: 400.00 cannot hold a deduction of 460.00.
    month.verify(month.estates[2], 40, since=OCTOBER)
    services.claim_recompute(claim=claim, actor=clerk)
    first, second, third = claim.lines.order_by("estate__code")
    assert (first.deduction, first.deduction_reason, first.amount) == (
        Decimal("120.00"),
        "照明损坏",
        Decimal("1300.00"),
    )
    assert (second.is_excluded, second.exclusion_reason) == (True, "正在改造")
    assert (third.deduction, third.amount) == (Decimal("400.00"), Decimal("0.00"))
    assert third.adjusted_by == clerk
    assert third.explained().sentence.endswith("−400.00扣减＝0.00元")
    claim.refresh_from_db()
    assert (claim.total, claim.deduction_total) == (Decimal("1300.00"), Decimal("520.00"))


@pytest.mark.parametrize("status", ["submitted", "reviewed", "checked", "approved", "paid"])
def test_what_is_under_way_is_not_computed_anew(month: Month, status):
    claim = month.brought_to(status)
    with pytest.raises(StaleState, match="只有在街道申报环节"):
        services.claim_recompute(claim=claim, actor=month.cast.street_clerk)


@pytest.mark.parametrize("who", ["street_leader", "bureau_leader", "finance_officer", "auditor"])
def test_only_openers_compute_anew(month: Month, who):
    claim = month.open()
    with pytest.raises(NotPermitted):
        services.claim_recompute(claim=claim, actor=month.cast.people[who])


def test_the_other_street_does_not_compute_it_anew(month: Month):
    claim = month.open()
    with pytest.raises(BusinessError) as refused:
        services.claim_recompute(claim=claim, actor=month.cast.other_clerk)
    assert refused.value.code == "out_of_scope"


# --- Cost ------------------------------------------------------------------------------------


def test_opening_is_set_based(month: Month, count_queries):
    many_estates(month, 429)
    with count_queries() as queries:
        claim = month.open()
    assert claim.estate_count == 432
    inserts = sum('INSERT INTO "subsidies_subsidyline"' in q["sql"] for q in queries)
    assert len(queries) - inserts <= 16, [q["sql"][:90] for q in queries]
    # PostgreSQL takes one statement; SQLite takes 999 parameters, so some thirty lines at a time.
    assert inserts <= 16


def test_computing_anew_costs_the_same_for_more_lines(month: Month, assert_constant_queries):
    claim = month.open()
    clerk = month.cast.street_clerk
    assert_constant_queries(
        lambda: services.claim_recompute(claim=claim, actor=clerk),
        lambda: many_estates(month, 20),
    )


def test_bring_to_reaches_every_state(month: Month):
    assert bring_to(month.open(), "paid", month.cast).status == ClaimStatus.PAID
