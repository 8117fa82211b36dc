"""Worked examples by hand: each figure below was computed on paper before the code ran."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subsidies.calculations import (
    ClaimSums,
    CountFacts,
    DeductionFacts,
    LineFacts,
    LineFigures,
    MonthRule,
    RateFacts,
    ServiceFacts,
    claim_sums,
    explain,
    facts_from_json,
    facts_to_json,
    gross_amount,
    line_amount,
    months_served,
    plain_number,
)

FIRST, DAYS = MonthRule.FIRST_DAY, MonthRule.BY_DAYS
OCTOBER = dt.date(2026, 10, 1)
TEN = Decimal("10.00")


def facts(**changes) -> LineFacts:
    """The line of the mock: 工商局家属院, 142 households, served since 2017."""
    values = {
        "month": OCTOBER,
        "count": CountFacts(
            17, 142, 3, dt.date(2026, 7, 1), "刘芳", "赵卫东", dt.date(2026, 6, 28), "清册.xlsx"
        ),
        "rate": RateFacts(2, TEN, dt.date(2017, 4, 1), "补贴办法", "荥政办〔2017〕9号"),
        "service": ServiceFacts(5, 8, "郑州怡馨物业服务有限公司", dt.date(2017, 9, 1)),
        "months": months_served(OCTOBER, dt.date(2017, 9, 1), None),
        **changes,
    }
    return LineFacts(**values)


# --- Months ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "start", "end", "expected"),
    [
        # Taken over long ago, no end.
        ("2026-10-01", "2017-09-01", None, "1"),
        # Taken over on the very first day: 2017 began so, on 1 April and on 1 September.
        ("2017-09-01", "2017-09-01", None, "1"),
        # One day late: the month does not count.
        ("2017-09-01", "2017-09-02", None, "0"),
        # Ended on the first day: the first day was served, the month counts.
        ("2026-10-01", "2017-09-01", "2026-10-01", "1"),
        # Ended on the last day of the month before.
        ("2026-10-01", "2017-09-01", "2026-09-30", "0"),
        # Begins after the month, ended before it.
        ("2026-10-01", "2026-11-01", None, "0"),
        ("2026-10-01", "2017-01-01", "2018-01-01", "0"),
    ],
)
def test_a_month_counts_when_the_service_covers_its_first_day(month, start, end, expected):
    served = months_served(
        dt.date.fromisoformat(month),
        dt.date.fromisoformat(start),
        dt.date.fromisoformat(end) if end else None,
        FIRST,
    )
    assert served.value == Decimal(expected)
    if served.value:
        # The whole month is paid, so no other line of the estate fits into it.
        assert (served.first.day, served.last.month) == (1, served.first.month)
        assert (served.last + dt.timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("month", "start", "end", "days", "expected"),
    [
        # 17 to 31 October: 15 of 31 days = 0.48387…
        ("2026-10-01", "2026-10-17", None, 15, "0.4839"),
        # 1 to 16 October: 16 of 31 = 0.51612…
        ("2026-10-01", "2017-09-01", "2026-10-16", 16, "0.5161"),
        # Half of February in an ordinary year: 14 of 28 = 0.5
        ("2027-02-01", "2027-02-15", None, 14, "0.5000"),
        # The same takeover in a leap year: 15 of 29 = 0.51724…
        ("2028-02-01", "2028-02-15", None, 15, "0.5172"),
        # A whole leap February.
        ("2028-02-01", "2017-09-01", None, 29, "1.0000"),
        # The 29th alone: 1 of 29 = 0.03448…
        ("2028-02-01", "2028-02-29", "2028-02-29", 1, "0.0345"),
        # One day of thirty = 0.0333…
        ("2026-11-01", "2026-11-30", None, 1, "0.0333"),
        # Nothing.
        ("2026-11-01", "2026-12-01", None, 0, "0.0000"),
    ],
)
def test_by_days_a_month_counts_in_proportion_of_its_days(month, start, end, days, expected):
    served = months_served(
        dt.date.fromisoformat(month),
        dt.date.fromisoformat(start),
        dt.date.fromisoformat(end) if end else None,
        DAYS,
    )
    assert (served.days, served.value) == (days, Decimal(expected))
    assert (served.first is None) == (days == 0)


@given(st.dates(dt.date(2017, 1, 1), dt.date(2040, 12, 31)), st.integers(1, 31))
def test_a_change_of_payee_by_days_shares_the_month_without_gap_or_overlap(day, turn):
    month = day.replace(day=1)
    length = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - month
    turn = min(turn, length.days - 1)
    before = months_served(month, dt.date(2016, 1, 1), month.replace(day=turn), DAYS)
    after = months_served(month, month.replace(day=turn) + dt.timedelta(days=1), None, DAYS)
    assert before.days + after.days == length.days
    assert after.first == before.last + dt.timedelta(days=1)
    assert abs(before.value + after.value - 1) <= Decimal("0.0001")


# --- Amounts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("households", "rate", "months", "coefficient", "deduction", "expected"),
    [
        # The mock: 142 × 10 − 120
        (142, "10.00", "1", "1", "120.00", "1300.00"),
        (142, "10.00", "1", "1", "0", "1420.00"),
        # A full-coverage month of the city.
        (35279, "10.00", "1", "1", "0", "352790.00"),
        # By days: 142 × 10 × 0.4839 = 687.138 → 687.14
        (142, "10.00", "0.4839", "1", "0", "687.14"),
        # Halves go up: 3 × 0.35 × 0.9 = 0.945 → 0.95 (a float or banker's rounding gives 0.94)
        (3, "0.35", "1", "0.90", "0", "0.95"),
        # 1 × 0.05 × 0.5 = 0.025 → 0.03
        (1, "0.05", "0.5", "1", "0", "0.03"),
        # A coefficient of 0.8: 96 × 10 × 0.8
        (96, "10.00", "1", "0.80", "0", "768.00"),
        # All held back.
        (96, "10.00", "1", "1", "960.00", "0.00"),
    ],
)
def test_amounts_by_hand(households, rate, months, coefficient, deduction, expected):
    amount = line_amount(
        households, Decimal(rate), Decimal(months), Decimal(coefficient), Decimal(deduction)
    )
    assert amount == Decimal(expected)
    assert -amount.as_tuple().exponent == 2


@pytest.mark.parametrize("deduction", ["-0.01", "1420.01"])
def test_a_deduction_must_fit(deduction):
    with pytest.raises(ValueError, match="does not fit"):
        line_amount(142, TEN, Decimal(1), Decimal(1), Decimal(deduction))


def test_change_of_rate_and_of_households_by_hand():
    # 96 households at 10.00, from November 12.50: October 960.00, November 1,200.00.
    assert gross_amount(96, TEN, Decimal(1)) == Decimal("960.00")
    assert gross_amount(96, Decimal("12.50"), Decimal(1)) == Decimal("1200.00")
    # From 214 to 216 households: 20.00 more a month.
    assert gross_amount(216, TEN, Decimal(1)) - gross_amount(214, TEN, Decimal(1)) == Decimal(20)


def test_sums_are_sums_of_rounded_lines_and_count_a_split_estate_once():
    half = Decimal("687.14")  # 142 × 10 × 0.4839
    other = gross_amount(142, TEN, Decimal("0.5161"))
    assert other == Decimal("732.86")
    sums = claim_sums(
        [
            LineFigures(1, 3, 142, Decimal(0), half),
            LineFigures(1, 3, 142, Decimal(0), other),
            LineFigures(2, 2, 58, Decimal("10.50"), Decimal("569.50")),
            LineFigures(3, 9, 999, Decimal(0), Decimal("9990.00"), excluded=True),
        ]
    )
    assert sums == ClaimSums(2, 5, 200, Decimal("10.50"), Decimal("1989.50"))


def test_no_lines_sum_to_nothing():
    assert claim_sums([]) == ClaimSums(0, 0, 0, Decimal("0.00"), Decimal("0.00"))


# --- Explanation -----------------------------------------------------------------------------


def test_the_line_of_the_mock_explains_itself():
    held = DeductionFacts(
        Decimal("120.00"), "楼道照明损坏，10月逾期未整改", "王海涛", dt.date(2026, 11, 9)
    )
    told = explain(facts(deduction=held))
    assert told.sentence == ("142户×10.00元/户·月×1个月×1.0系数−120.00扣减＝1,300.00元")
    assert [(reason.label, reason.text) for reason in told.reasons] == [
        ("户数", "142 户，2026年7月起执行。录入 刘芳，核定 赵卫东"),
        ("标准", "每户每月 10.00 元，2017年4月起执行"),
        ("月数", "10月1日已在接管期内，计 1 个月（月首日规则）"),
        ("系数", "1.0，考核系数档次未启用"),
        ("扣减", "120.00 元，楼道照明损坏，10月逾期未整改。王海涛，2026-11-09"),
    ]
    assert [reason.link for reason in told.reasons[:3]] == [
        "户数清册（3 栋）",
        "补贴办法（荥政办〔2017〕9号）",
        "郑州怡馨物业服务有限公司 服务合同 2017-09-01 起",
    ]
    assert [(reason.paper, reason.record) for reason in told.reasons[:3]] == [
        ("count", 17),
        ("rate", 2),
        ("service", 5),
    ]


def test_a_line_without_deduction_names_none_and_a_line_by_days_says_which_days():
    served = months_served(OCTOBER, dt.date(2026, 10, 17), None, DAYS)
    told = explain(facts(months=served))
    assert told.sentence == "142户×10.00元/户·月×0.4839个月×1.0系数＝687.14元"
    assert told.reasons[2].text == (
        "10月17日至10月31日接管 15 天，本月 31 天，计 0.4839 个月（按日规则）"
    )
    assert [reason.label for reason in told.reasons] == ["户数", "标准", "月数", "系数"]


def test_an_excluded_line_says_why():
    assert explain(facts(excluded="正在改造，暂停服务")).reasons[-1].text == "正在改造，暂停服务"


def test_the_equation_is_the_amount():
    line = facts()
    assert explain(line).equation[-1].value == "1,420.00"
    assert explain(line).equation[-1].result
    assert line.amount == Decimal("1420.00")


@pytest.mark.parametrize("deduction", [None, DeductionFacts(Decimal("0.10"), "原因", "某人", None)])
def test_facts_survive_json_to_the_last_digit(deduction):
    line = facts(
        deduction=deduction,
        excluded="" if deduction else "原因",
        months=months_served(OCTOBER, dt.date(2026, 10, 17), dt.date(2026, 10, 20), DAYS),
    )
    back = facts_from_json(json.loads(json.dumps(facts_to_json(line))))
    assert back == line
    assert back.amount == line.amount


@pytest.mark.parametrize(
    ("value", "least", "text"),
    [
        ("1.0000", 0, "1"),
        ("1", 1, "1.0"),
        ("0.4839", 0, "0.4839"),
        ("0.80", 1, "0.8"),
        ("10", 0, "10"),
    ],
)
def test_numbers_of_the_equation(value, least, text):
    assert plain_number(Decimal(value), least) == text
