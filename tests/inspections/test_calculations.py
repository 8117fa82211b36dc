"""Worked examples of scoring, as the office would do them by hand."""

import json
from decimal import Decimal
from typing import Any

import pytest

from inspections.calculations import (
    Line,
    Marks,
    average,
    bands,
    citation,
    deduction_problem,
    digest,
    draft_key,
    grade_of,
    plain,
    ranks,
    score_of,
)


def line(code: str, points: str, outcome: str = "pass", off: str = "0", **more: Any) -> Line:
    return Line(code, f"项目{code}", "公示栏", Decimal(points), outcome, Decimal(off), **more)


def test_one_deduction_of_two_leaves_98_of_100() -> None:
    lines = [line("1.1", "60"), line("2.2", "40", "fail", "2")]
    score = score_of(lines)
    assert score.score == Decimal("98.0")
    assert (score.grade, score.failed) == ("excellent", 1)
    assert score.working["lost"] == [{"code": "2.2", "text": "项目2.2", "deduction": "2"}]


def test_two_failed_items_on_one_part_of_the_disclosure_are_one_missing_part() -> None:
    fees = {"disclosure": "收费标准"}
    lines = [
        line("1.1", "50", "fail", "2", **fees),
        line("1.2", "30", "fail", "1", **fees),
        line("1.3", "10", "na", disclosure="服务内容"),
        line("2.1", "10", "fail", "1"),
    ]
    assert score_of(lines).missing == 1
    assert score_of([line("1.1", "50", **fees)]).missing == 0
    assert score_of([line("2.1", "10", "fail", "1")]).missing is None


def test_what_does_not_apply_leaves_the_denominator() -> None:
    """100 × (80 − 6) ÷ 80 = 92.5, not 100 − 6 = 94 and not 74."""
    lines = [line("1.1", "50"), line("1.2", "30", "fail", "6"), line("1.3", "20", "na")]
    score = score_of(lines)
    assert score.score == Decimal("92.5")
    assert score.working["applicable"] == "80"
    assert [row["code"] for row in score.working["not_applicable"]] == ["1.3"]


@pytest.mark.parametrize(
    ("off", "shown"),
    [("1", "98.6"), ("2", "97.1"), ("3", "95.7"), ("5", "92.9"), ("10", "85.7")],
)
def test_one_decimal_halves_upwards(off: str, shown: str) -> None:
    """100 × (70 − 1) ÷ 70 = 98.571…; one decimal."""
    score = score_of([line("1", "70", "fail", off), line("2", "30", "na")])
    assert score.score == Decimal(shown)


def test_a_half_tenth_goes_up() -> None:
    """100 × (80 − 5) ÷ 80 = 93.75."""
    assert score_of([line("1", "80", "fail", "5"), line("2", "20", "na")]).score == Decimal("93.8")


def test_a_failed_veto_item_holds_the_score_under_the_pass_line() -> None:
    lines = [line("1", "95"), line("2", "5", "fail", "5", is_veto=True)]
    score = score_of(lines, Marks(passing=Decimal(70)))
    assert score.score == Decimal("69.9")
    assert score.grade == "fail"
    assert score.working["base"] == "95.0"
    assert score.working["cap"] == "69.9"


def test_a_veto_never_lifts_a_score() -> None:
    lines = [line("1", "95", "fail", "60"), line("2", "5", "fail", "5", is_veto=True)]
    assert score_of(lines).score == Decimal("35.0")


def test_a_veto_item_that_passes_changes_nothing() -> None:
    assert score_of([line("1", "100", is_veto=True)]).score == Decimal("100.0")


def test_nothing_applies_gives_no_score() -> None:
    assert score_of([line("1", "100", "na")]) is None


def test_a_deduction_is_cut_at_the_points_of_its_item() -> None:
    assert score_of([line("1", "10", "fail", "40"), line("2", "90")]).score == Decimal("90.0")


def test_the_working_is_plain_json_and_sums_up_by_heading() -> None:
    lines = [
        Line("1.1", "甲", "公示栏", Decimal(30), "pass"),
        Line("1.2", "乙", "公示栏", Decimal(30), "fail", Decimal(4)),
        Line("2.1", "丙", "楼道", Decimal(40), "na"),
    ]
    working = score_of(lines).working
    assert json.loads(json.dumps(working)) == working
    assert working["headings"] == [
        {"heading": "公示栏", "points": "60", "score": "56", "failed": 1},
        {"heading": "楼道", "points": "0", "score": "0", "failed": 0},
    ]


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        ("100", "excellent"), ("90", "excellent"), ("89.9", "good"), ("80", "good"),
        ("79.9", "pass"), ("70", "pass"), ("69.9", "fail"), ("0", "fail"),
    ],
)  # fmt: skip
def test_grades_begin_at_their_marks(score: str, grade: str) -> None:
    assert grade_of(Decimal(score), Marks()) == grade


@pytest.mark.parametrize(
    ("off", "says"),
    [("0", "最少 2 分"), ("-1", "最少 2 分"), ("7", "最多扣 5 分"), ("3", "2 的倍数"), ("2", ""),
     ("4", ""), ("5", "")],
)  # fmt: skip
def test_a_deduction_keeps_to_step_and_points(off: str, says: str) -> None:
    """An item of 5 points in steps of 2: 2, 4, or all 5."""
    found = deduction_problem(Decimal(off), Decimal(5), Decimal(2))
    assert says in found
    assert bool(found) == bool(says)


def test_equal_scores_share_a_rank_and_the_next_is_left_out() -> None:
    scores = [Decimal(x) for x in ("98", "95", "95", "90")]
    assert ranks(scores) == [1, 2, 2, 4]


def test_bands_and_average() -> None:
    scores = [Decimal(x) for x in ("98", "90", "89.9", "80", "79.9")]
    assert bands(scores, Decimal(90), Decimal(80)) == (2, 2, 1)
    assert bands(scores, Decimal(95), Decimal("89.9")) == (1, 2, 2)
    assert average(scores) == Decimal("87.6")
    assert average([]) is None


def test_the_digest_does_not_depend_on_order_and_sees_every_change() -> None:
    one = {"items": {"3": {"note": "甲", "deduction": "2"}}, "visit": {}}
    same = {"visit": {}, "items": {"3": {"deduction": "2", "note": "甲"}}}
    other = {"items": {"3": {"note": "乙", "deduction": "2"}}, "visit": {}}
    assert digest(one) == digest(same) != digest(other)


def test_a_draft_key_is_of_one_person_one_estate_one_round() -> None:
    assert draft_key(1, 2, 3) == draft_key(1, 2, 3)
    assert len({draft_key(1, 2, 3), draft_key(2, 1, 3), draft_key(1, 3, 2)}) == 3


def test_numbers_are_written_without_needless_zeros() -> None:
    assert [plain(Decimal(x)) for x in ("2.0", "2.50", "10", "0.0")] == ["2", "2.5", "10", "0"]


@pytest.mark.parametrize(
    ("bases", "cited"),
    [
        ([], ""),
        (["《甲条例》第三条", "《甲条例》", "《甲条例》第三条"], "《甲条例》第三条"),
        (
            ["《甲条例》第三条第（一）项", "《乙条例》", "《甲条例》第三条第（二）项",
             "《甲条例》第五条"],
            "《甲条例》第三条第（一）项、第（二）项、第五条、《乙条例》",
        ),
        (["某局通知", "某局通知"], "某局通知"),
    ],
)  # fmt: skip
def test_laws_are_cited_once_with_their_articles(bases: list[str], cited: str) -> None:
    assert citation(bases) == cited


def test_a_long_citation_is_never_cut_inside_a_name() -> None:
    many = [f"《河南省物业管理条例》第{n}条第（{m}）项" for n in range(20) for m in range(6)]
    assert citation(many) == "《河南省物业管理条例》" + "、".join(f"第{n}条" for n in range(20))
    laws = [f"《第{n}号物业管理方面的条例》" for n in range(30)]
    assert citation(laws).endswith("》")
    assert len(citation(laws)) <= 200
