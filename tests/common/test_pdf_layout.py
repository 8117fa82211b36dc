"""Plain data turned into lines, rows and cells."""

import datetime as dt
from decimal import Decimal

import pytest

from xingyang_pm.common.pdf import layout


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        (
            "关于2026年第2次物业服务检查情况的通报",
            ["关于2026年第2次物业服务检查情况的通报"],
        ),
        (
            "关于2026年第一季度全市住宅小区物业服务质量考核情况的通报",
            ["关于2026年第一季度全市住宅小区", "物业服务质量考核情况的通报"],
        ),
        (
            "关于印发《荥阳市物业服务品质提升年活动实施方案》的通知",
            ["关于印发《荥阳市物业服务品质", "提升年活动实施方案》的通知"],
        ),
        ("手工\n断行", ["手工", "断行"]),
    ],
)
def test_a_title_breaks_between_words_into_even_lines(title: str, lines: list[str]) -> None:
    assert layout.title_lines(title) == lines


def test_a_title_never_loses_a_character_and_no_line_is_wider_than_the_page() -> None:
    title = (
        "关于荥阳市京城路街道2026年10月份老旧小区物业管理补贴资金"
        "申报、审核、公示、拨付及居民测评情况的通报"
    )
    lines = layout.title_lines(title)
    assert "".join(lines) == title
    assert len(lines) == 3
    assert all(sum(0.5 if c.isascii() else 1 for c in line) <= 20 for line in lines)
    assert not any(line.startswith(("、", "》", "的")) for line in lines)


def test_groups_of_columns_make_a_header_of_two_levels() -> None:
    table = layout.table(
        {
            "columns": [
                {"label": "小区"},
                {"label": "楼栋", "group": "规模", "width": 12},
                {"label": "户数", "group": "规模", "align": "right"},
            ],
            "rows": [["甲", 2, Decimal("1234.50")]],
            "sum": ["合计", None, 1],
        }
    )
    assert table["header"] == [
        [
            {"text": "小区", "colspan": 1, "rowspan": 2},
            {"text": "规模", "colspan": 2, "rowspan": 1},
        ],
        [
            {"text": "楼栋", "colspan": 1, "rowspan": 1},
            {"text": "户数", "colspan": 1, "rowspan": 1},
        ],
    ]
    assert table["cols"] == ["", "w12", ""]
    assert [cell["text"] for cell in table["body"][0]["cells"]] == ["甲", "2", "1,234.50"]
    assert [(cell["text"], cell["colspan"]) for cell in table["foot"]] == [("合计", 2), ("1", 1)]


@pytest.mark.parametrize(
    "table",
    [
        {"columns": [{"label": "甲"}, {"label": "乙"}], "rows": [["一"]]},
        {"columns": [{"label": "甲"}], "rows": [], "sum": ["合计", 1]},
        {"columns": [{"label": "甲", "width": 500}], "rows": []},
        {"columns": [{"label": "甲", "align": "middle"}], "rows": []},
    ],
)
def test_a_table_that_does_not_fit_is_an_error(table: dict) -> None:
    with pytest.raises(ValueError, match=r"column|width|align"):
        layout.table(table)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "是"),
        (0, "0"),
        (Decimal("352790.00"), "352,790.00"),
        (dt.date(2026, 11, 8), "2026-11-08"),
        (dt.datetime(2026, 11, 8, 9, 5, tzinfo=dt.UTC), "2026-11-08 09:05"),
        ("=1+1", "=1+1"),
    ],
)
def test_values_are_written_as_the_office_writes_them(value: object, text: str) -> None:
    assert layout.cell_text(value) == text


def test_a_row_of_one_fact_fills_the_width() -> None:
    rows = layout.fact_rows(
        [[{"label": "地址", "value": "路"}], [{"label": "甲", "value": 1}, {"label": "乙"}]]
    )
    assert [[fact["colspan"] for fact in row] for row in rows] == [[3], [1, 1]]
    assert rows[1][1]["text"] == ""


def test_photos_have_one_address_for_paper_and_one_for_the_browser() -> None:
    photos = [{"path": "a/图 1.jpg", "url": "/photos/7/", "caption": "前"}, {"path": None}]
    paper = layout.photo_rows(photos, paper=True)
    screen = layout.photo_rows(photos, paper=False)
    assert paper[0][0]["src"] == "media:a/%E5%9B%BE%201.jpg"
    assert screen[0][0]["src"] == "/photos/7/"
    assert paper[0][1]["src"] is None
    assert paper[0][1]["missing"] == layout.NOT_ARRIVED
    assert layout.photo_rows(photos[:1], paper=True)[0][1] is None
