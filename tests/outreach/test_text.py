"""The numbers of a bulletin's text against the frozen figures: what was typed, and where."""

import pytest

from outreach.calculations import Finding, findings, mismatches, with_figure

FIGURES = {
    key: {"key": key, "label": label, "value": value}
    for key, label, value in (
        ("covered", "检查覆盖（个）", "90"),
        ("inspected", "已检查（个）", "88"),
        ("average", "平均得分（分）", "83.0"),
        ("high", "90分以上（个）", "1"),
        ("middle", "80分至90分（个）", "0"),
        ("low", "80分以下（个）", "1"),
        ("failed", "发现问题（处）", "3"),
        ("incomplete", "四公开公示不全（个）", "1"),
        ("orders", "下达整改通知书（份）", "2"),
        ("homes", "户数（户）", "35,279"),
    )
}
SCORES = "覆盖90个小区，平均得分83.0分。其中90分以上1个，80分至90分0个，80分以下1个。"
FACTS = ["covered", "average", "high", "middle", "low"]
PROBLEMS = "共发现问题3处，1个小区四公开公示不全，下达整改通知书2份。"
PROBLEM_FACTS = ["failed", "incomplete", "orders"]
COVERAGE = "本次检查覆盖90个小区，已检查88个。"
COVERAGE_FACTS = ["covered", "inspected"]


def all_found(text: str, facts: list[str]) -> list[Finding]:
    return findings([{"key": "b1", "kind": "p", "text": text, "facts": facts}], FIGURES)


def found(text: str, facts: list[str] = FACTS) -> list[tuple[str, str, str]]:
    """Return label, expected and typed of what stops a paragraph of ``text``."""
    block = {"key": "b1", "kind": "p", "text": text, "facts": facts}
    return [(item.label, item.expected, item.found) for item in mismatches([block], FIGURES)]


def warned(text: str, facts: list[str]) -> list[str]:
    """Return the warnings of a paragraph of ``text`` which nothing stops."""
    items = all_found(text, facts)
    assert all(item.warning for item in items)
    return [item.sentence for item in items]


def test_the_drafted_sentence_agrees_with_itself():
    for text, facts in (
        (SCORES, FACTS), (PROBLEMS, PROBLEM_FACTS), (COVERAGE, COVERAGE_FACTS),
    ):  # fmt: skip
        assert all_found(text, facts) == []
    assert findings([{"key": "b0", "kind": "h1", "text": "一、2026年情况"}], FIGURES) == []


@pytest.mark.parametrize(
    ("old", "new", "label", "expected", "typed"),
    [
        ("覆盖90个", "覆盖91个", "检查覆盖（个）", "90", "91"),
        ("83.0分", "85.0分", "平均得分（分）", "83.0", "85.0"),
        ("以上1个", "以上5个", "90分以上（个）", "1", "5"),
        ("90分0个", "90分8个", "80分至90分（个）", "0", "8"),
        ("以下1个", "以下90个", "80分以下（个）", "1", "90"),
        # A sign is part of its number, whichever of the signs was typed.
        ("以上1个", "以上-1个", "90分以上（个）", "1", "-1"),
        ("以上1个", "以上－1个", "90分以上（个）", "1", "－1"),
        ("覆盖90个", "覆盖−90个", "检查覆盖（个）", "90", "−90"),
    ],
)
def test_each_changed_figure_is_found_by_its_own_name_and_put_right(
    old, new, label, expected, typed
):
    text = SCORES.replace(old, new)
    assert found(text) == [(label, expected, typed)]
    (wrong,) = all_found(text, FACTS)
    assert wrong.sentence == f"文字写 {typed}，冻结数据为 {expected}"
    # The bounds 80 and 90 of the sentence stay what they are.
    assert with_figure(text, wrong.place, wrong.expected) == SCORES


def test_a_figure_that_is_gone_is_named_and_one_that_was_moved_is_not():
    left_out = SCORES.replace("，平均得分83.0分", "")
    assert found(left_out) == [("平均得分（分）", "83.0", "")]
    (gone,) = all_found(left_out, FACTS)
    assert gone == Finding(0, "平均得分（分）", "这一段里没有找到 83.0 分", "83.0")
    assert (gone.found, gone.place) == ("", None)
    assert (
        all_found("平均83.0分，覆盖90个小区，90分以上1个，80分至90分0个，80分以下1个。", FACTS)
        == []
    )


@pytest.mark.parametrize(
    "more",
    [
        "2026年11月，", "11月18日，", "据房管中心3号文件，", "第5期通报后，", "第2次检查中，",
        "抽查率95%，", "历时30分钟，", "见附件2。", "2026-11-18，", "比上次增加3处，",
    ],
)  # fmt: skip
def test_a_number_of_another_kind_is_never_taken_for_a_figure_that_is_gone(more):
    text = more + SCORES.replace("，平均得分83.0分", "")
    assert found(text) == [("平均得分（分）", "83.0", "")]


def test_a_sentence_that_was_moved_and_changed_is_told_with_what_was_typed():
    moved = "平均得分85.0分。覆盖90个小区，其中90分以上1个，80分至90分0个，80分以下1个。"
    assert found(moved) == [("平均得分（分）", "83.0", "85.0")]
    # By its unit alone, too.
    assert found(moved.replace("平均得分", "得分均值")) == [("平均得分（分）", "83.0", "85.0")]


@pytest.mark.parametrize(
    ("text", "facts", "wrong"),
    [
        # Units tell 3处 and 1个 apart.
        (
            PROBLEMS.replace("3处", "1处").replace("，1个", "，3个"),
            PROBLEM_FACTS,
            [("发现问题（处）", "3", "1"), ("四公开公示不全（个）", "1", "3")],
        ),
        # The words right before the number tell figures of one unit apart.
        (
            SCORES.replace("以上1个", "以上0个").replace("90分0个", "90分1个"),
            FACTS,
            [("90分以上（个）", "1", "0"), ("80分至90分（个）", "0", "1")],
        ),
        (
            "本次检查覆盖88个小区，已检查90个。",
            COVERAGE_FACTS,
            [("检查覆盖（个）", "90", "88"), ("已检查（个）", "88", "90")],
        ),
    ],
)
def test_two_figures_that_changed_places_are_both_wrong(text, facts, wrong):
    assert found(text, facts) == wrong
    for item in all_found(text, facts):
        text = with_figure(text, item.place, item.expected)
    assert all_found(text, facts) == []


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("已检查88个，检查覆盖90个小区。", COVERAGE_FACTS),
        ("已检查的有88个；共有90个小区。", COVERAGE_FACTS),
        ("下达整改通知书2份。1个小区四公开公示不全。共发现问题3处。", PROBLEM_FACTS),
        ("共发现3个问题，1个小区四公开公示不全，下达整改通知书2份。", PROBLEM_FACTS),
        ("80分以下1个，80分至90分0个，90分以上1个；平均得分83.0分；覆盖90个。", FACTS),
        ("覆盖小区90，平均得分83.0，90分以上1个，80分至90分0个，80分以下1个。", FACTS),
        (SCORES + "京城路街道平均得分85.0分，比上次提高-1.2分。", FACTS),
    ],
)
def test_a_sentence_may_be_put_otherwise(text, facts):
    assert all_found(text, facts) == []


@pytest.mark.parametrize(
    ("text", "facts", "pair"),
    [
        ("88个小区中查了90个。", COVERAGE_FACTS, "检查覆盖 90、已检查 88"),
        ("有1个问题，3个小区公示不全，发出2份。", PROBLEM_FACTS, "发现问题 3、四公开公示不全 1"),
    ],
)
def test_what_may_be_an_exchange_or_other_words_is_a_warning(text, facts, pair):
    assert warned(text, facts) == [f"{pair} 的先后与拟稿时不同，请核对没有写反"]


def test_a_number_behind_the_words_of_a_figure_that_stands_elsewhere_is_a_warning():
    """To the words alone 已检查5个街道 is an inspected figure of 5."""
    text = "检查覆盖90个小区。已检查5个街道的小区88个。"
    assert warned(text, COVERAGE_FACTS) == ["“已检查”后面写 5，冻结数据为 88，请核对"]


def test_of_several_numbers_that_is_meant_which_stands_among_the_figures_words():
    text = "含3个新建小区，小区覆盖共计91个，已检查88个。"
    assert found(text, COVERAGE_FACTS) == [("检查覆盖（个）", "90", "91")]


def test_words_may_be_added_around_the_figures():
    assert found("2026年11月，" + SCORES.replace("个小区", "个小区（含3个新建小区）")) == []


def test_a_section_that_is_not_printed_is_not_held_against_the_figures():
    block = {"kind": "p", "text": SCORES.replace("90个", "91个"), "facts": FACTS}
    assert [item.block for item in mismatches([{**block, "hidden": True}, block], FIGURES)] == [1]


def test_separators_of_thousands_are_no_difference():
    assert found("共35279户。", ["homes"]) == []
    assert found("共35,279户。", ["homes"]) == []
    assert found("共35,297户。", ["homes"]) == [("户数（户）", "35,279", "35297")]


def test_only_the_number_at_its_place_is_replaced():
    assert with_figure("12月2处，2个小区，2份", 3, "0") == "12月2处，2个小区，0份"
    assert with_figure("12月-2处", 1, "0") == "12月0处"
    assert with_figure("11-2处", 1, "0") == "11-0处"
    assert with_figure("12月2处", 7, "0") == "12月2处"
