"""What is hidden of a telephone number, and how headings count."""

import pytest

from xingyang_pm.common.formats import masked, numeral


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("13800002206", "138****2206"),
        ("13800002206、13911113307", "138****2206、139****3307"),
        ("13800002206/13911113307", "138****2206/139****3307"),
        ("张三13800002206 13911113307", "张三138****2206 139****3307"),
        ("0371-64660001", "0371-64660001"),
        ("410182198001012206", "410182198001012206"),
        ("", ""),
        (None, ""),
    ],
)
def test_each_mobile_number_is_masked_whatever_stands_between(written, shown):
    assert masked(written) == shown


def test_headings_count_in_chinese():
    counted = {1: "一", 9: "九", 10: "十", 12: "十二", 20: "二十", 35: "三十五", 99: "九十九"}
    assert {number: numeral(number) for number in counted} == counted
