"""Names are checked at entry against what the committed fonts can print."""

import pytest

from xingyang_pm.common.pdf import glyphs


@pytest.mark.parametrize(
    "text", ["李喆 赵堃 王玥", "12,480.50㎡", "“四公开一监督”——①〔2026〕", "□■√×", "\n\t　"]
)
def test_rare_names_and_units_can_be_printed(text: str) -> None:
    assert glyphs.missing_glyphs(text) == []


def test_each_missing_character_is_named_once_in_order() -> None:
    assert glyphs.missing_glyphs("王𪚥和𠮷😀𪚥") == ["𪚥", "𠮷", "😀"]


def test_invisible_characters_are_not_missing() -> None:
    assert glyphs.missing_glyphs("中\u200b国\u2060\ufe0f\ufeff") == []


def test_on_old_data_a_missing_character_prints_as_the_printers_mark() -> None:
    assert glyphs.without_missing("王𪚥️(𪚥)喆") == ("王〓(〓)喆", ["𪚥"])
