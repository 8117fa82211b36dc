"""Each way in which clerks write numbers, dates, words and phones, and each refusal."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.ledgers.cells import is_blank
from xingyang_pm.common.ledgers.columns import (
    CellError,
    Warned,
    area,
    checked,
    choice,
    choice_of,
    comparison_key,
    credit_code,
    date,
    decimal,
    fee,
    integer,
    money,
    month,
    name,
    pair,
    period,
    phones,
    text,
    year,
    yes_no,
)

DAY = dt.date(2017, 4, 1)
LOST = 6.222020200012345e18


@pytest.fixture(autouse=True)
def _in_2026():
    with clock.freeze(dt.date(2026, 11, 18)):
        yield


def taken(parse, value):
    """Return what the parser takes without a word."""
    result = parse(value)
    assert not isinstance(result, Warned), result.message
    return result


def warned(parse, value):
    result = parse(value)
    assert isinstance(result, Warned)
    assert result.message.endswith("。")
    return result.value, result.message


def refused(parse, value):
    with pytest.raises(CellError) as refusal:
        parse(value)
    assert refusal.value.message.endswith("。")
    return refusal.value.message


# --- Text --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("王　刚", "王刚"),
        (" 欧阳 小 红 ", "欧阳小红"),
        ("铁龙家属院　", "铁龙家属院"),
        ("锦绣花园（东院）", "锦绣花园(东院)"),
        ("腾飞街１２号院", "腾飞街12号院"),
        ("Ａ区\n三栋", "A区三栋"),
        ("索河路 ABC 大厦", "索河路 ABC 大厦"),
        ("腾飞\u200b街", "腾飞街"),
        ("⽤⼾", "用户"),
        (12, "12"),
        (3.5, "3.5"),
        (True, "是"),
        ("建筑面积5㎡，已改造；待验收", "建筑面积5㎡，已改造；待验收"),
    ],
)
def test_names_are_put_into_one_shape(written, read):
    assert taken(name(), written) == read


def test_text_keeps_blanks_of_a_remark():
    assert taken(text(), "已改造　待验收材料") == "已改造 待验收材料"
    assert taken(text(), "王　刚") == "王刚"


def test_text_that_says_nothing():
    assert taken(text(), "无") is None
    assert taken(name(), "暂无") is None


def test_text_is_limited():
    assert "不能超过 5 个字，现有 6 个字" in refused(name(5), "一二三四五六")


def test_text_that_excel_made_a_date():
    value, message = warned(name(), dt.date(2026, 3, 2))
    assert value == "2026-03-02"
    assert "文本格式" in message
    assert "时间" in refused(name(), dt.time(3, 2))


def test_name_of_the_city():
    assert "应为“荥阳市”" in refused(name(), "荣阳市索河街道")
    value, message = warned(name(), "荣阳路小区")
    assert (value, message) == ("荣阳路小区", "“荣阳”疑为“荥阳”之误，请核对。")


@pytest.mark.parametrize("parse", [text(), name(), integer(), money(), phones()])
@pytest.mark.parametrize("value", [LOST, "6.22E+18", "1.38123E+10"])
def test_lost_digits_are_never_taken(parse, value):
    assert "后面的数字已经丢失" in refused(parse, value)


# --- Blanks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [None, "", "  ", "　", "/", "／", "—", "——", "-", "－", " / ", "\n"]
)
def test_blank_marks(value):
    assert is_blank(value)


@pytest.mark.parametrize("value", ["无", 0, False, "0", "-1", "/12", "一号院", "——改造"])
def test_what_is_not_blank(value):
    assert not is_blank(value)


# --- Integers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        120,
        120.0,
        "120",
        "120户",
        " １２０ 户",
        "120.0",
        "共120户",
        "120（户）",
        "+120",
        "1２0个",
        "120.00户",
    ],
)
def test_integers(value):
    assert taken(integer(), value) == 120


@pytest.mark.parametrize(
    ("value", "read"),
    [("1,253", 1253), ("1，253栋", 1253), ("35,279户", 35279), ("1.2万户", 12000), (0, 0)],
)
def test_integers_with_separators(value, read):
    assert taken(integer(), value) == read


@pytest.mark.parametrize(
    "value", ["约120", "约120户", "120余户", "120多户", "120户左右", "大约120"]
)
def test_approximate_integers_are_taken_with_a_warning(value):
    assert warned(integer(), value) == (120, "原表写的是约数，已按 120 读取，请核对。")


@pytest.mark.parametrize(
    "value",
    ["一百二", "12+8", "10-12", "多", "120元", "120户3栋", "1,25", "12 栋 3", True, DAY, "户"],
)
def test_what_is_no_integer(value):
    assert refused(integer(), value) == "{label}应为数字。请改为 120 这样的写法。"


def test_integers_outside_their_range():
    assert refused(integer(), "120.5") == "{label}应为整数，表中是 120.5。请改为整数。"
    assert refused(integer(), -3) == "{label}不能为负数。请改正。"
    assert "超出范围" in refused(integer(maximum=500), 501)
    assert "不能小于 1" in refused(integer(minimum=1), 0)


def test_integers_with_a_unit_of_another_column():
    assert taken(integer(units=["户"]), "120户") == 120
    assert "单位应为户，表中写的是栋" in refused(integer(units=["户"]), "3栋")


def test_integers_that_are_not_known():
    assert taken(integer(), "不详") is None
    assert taken(integer(), "无") is None


# --- Decimals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5600.5, "5600.50"),
        ("5,600.5㎡", "5600.50"),
        ("5600.5平方米", "5600.50"),
        ("5600.5 M2", "5600.50"),
        ("0.56万平方米", "5600.00"),
        (3333.3333333, "3333.33"),
        (0.1 + 0.2, "0.30"),
    ],
)
def test_areas(value, read):
    assert str(taken(area(), value)) == read


def test_areas_in_mu_and_about():
    value, message = warned(area(), "8.4亩")
    assert value == Decimal("5600.03")
    assert "1 亩＝666.67 ㎡" in message
    assert warned(area(), "约5600㎡")[0] == Decimal(5600)
    assert "单位“元”不认识" in refused(area(), "5元")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1200, "1200.00"),
        ("1,200.50元", "1200.50"),
        ("¥1200.5", "1200.50"),
        ("￥1,200", "1200.00"),
        ("3.5万元", "35000.00"),
        ("人民币500万元", "5000000.00"),
        ("500万人民币", "5000000.00"),
        (352790.00000000006, "352790.00"),
    ],
)
def test_money(value, read):
    assert str(taken(money(), value)) == read


def test_money_is_strict():
    assert "最多 2 位小数，表中是 1.005" in refused(money(), "1.005")
    assert "不能写约数" in refused(money(), "约500元")
    assert "不能为负数" in refused(money(), -1)
    assert refused(money(), "五百元") == "{label}应为数字。请改为 1200.50 这样的写法。"


def test_money_under_a_header_in_wan():
    parse = money().for_unit("万元")
    assert taken(parse, 500) == Decimal(5_000_000)
    assert taken(parse, "500元") == Decimal(500)
    assert money().for_unit("大写") == money()


@pytest.mark.parametrize(
    "value",
    [
        1.2,
        "1.2",
        "1.2元",
        "1.2元/㎡·月",
        "1.2元／平方米.月",
        "1.20元/平米/月",
        "1.2元/月·㎡",
        "1.2元/㎡",
    ],
)
def test_fees(value):
    assert taken(fee(), value) == Decimal("1.20")


def test_fee_of_another_unit_is_refused():
    assert "单位“元/户·月”不认识，应为元/㎡·月" in refused(fee(), "10元/户·月")
    assert taken(fee("元/户·月"), "10元/户·月") == Decimal(10)


def test_plain_decimals():
    assert taken(decimal(places=1), "12.34") == Decimal("12.3")
    assert "太大" in refused(decimal(maximum=Decimal(10)), 11)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("120/80", (120, 80)),
        ("地上120/地下80", (120, 80)),
        ("地下80个，地上1,200个", (1200, 80)),
        ("地下：80", (None, 80)),
        ("120/—", (120, None)),
        ("无", None),
    ],
)
def test_two_counts_in_one_cell(value, read):
    assert taken(pair(), value) == read


def test_pairs_that_are_none():
    assert warned(pair(), 120)[0] == (120, None)
    assert warned(pair(), "约120个")[0] == (120, None)
    assert warned(pair(), "约120/80")[0] == (120, 80)
    assert "看不懂" in refused(pair(), "120/80/3")
    assert "看不懂" in refused(pair(), "地上120，另有30")
    assert "应为数字" in refused(pair(), "若干")


# --- Dates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "2017.4.1",
        "2017/4/1",
        "2017-04-01",
        "2017年4月1日",
        "2017年04月01号",
        "2017．4．1",
        "２０１７年４月１日",
        "二〇一七年四月一日",
        "二零一七年四月一日",
        "20170401",
        20170401,
        42826,
        "42826",
        42826.0,
        DAY,
        dt.datetime(2017, 4, 1, 8, 30),  # noqa: DTZ001  a cell has no zone
        "2017-04-01 00:00:00",
        " 2017. 4. 1 ",
        "2017.4.1.",
        "2017、4、1",
        "2017—4—1",
    ],
)
def test_dates(value):
    assert taken(date(), value) == DAY


@pytest.mark.parametrize(
    "value", ["2017年4月", "2017.4", "2017/4", "2017-04", "201704", 201704, 2017.4]
)
def test_months_stand_for_their_first_day_with_a_warning(value):
    assert warned(date(), value) == (DAY, "只写到月，已按 2017-04-01 读取，请核对。")
    assert taken(month(), value) == DAY


def test_month_of_a_full_date():
    assert taken(month(), "2017年4月15日") == DAY


def test_october_that_excel_made_january():
    message = refused(date(), 2017.1)
    assert "可能是 2017 年 1 月，也可能是 10 月" in message
    assert warned(date(), 2017.12)[0] == dt.date(2017, 12, 1)
    assert warned(date(), "2017.10")[0] == dt.date(2017, 10, 1)


def test_two_digit_years():
    assert warned(date(), "17.4.1") == (DAY, "年份只写了两位，已按 2017 年读取，请核对。")
    assert warned(date(), "98年5月3日")[0] == dt.date(1998, 5, 3)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("2026.13.1", "月份 13 不存在。请改为实际{label}。"),
        ("2017年2月30日", "2017年2月没有 30 日。请改为实际{label}。"),
        ("2117.4.1", "年份 2117 超出范围。请改为实际{label}。"),
        ("2017", "只写了年份 2017。请补上月和日，写成 2017-04-01 的样子。"),
        (2017, "只写了年份 2017。请补上月和日，写成 2017-04-01 的样子。"),
        ("4月1日", "“4月1日”没有写年份。请改为 2017-04-01 这样的写法。"),
        ("年底", "{label}“年底”不是日期。请改为 2017-04-01 这样的写法。"),
        ("90年代", "{label}“90年代”不是日期。请改为 2017-04-01 这样的写法。"),
        (True, "{label}“TRUE”不是日期。请改为 2017-04-01 这样的写法。"),
        (123456789.0, "{label}“123456789”不是日期。请改为 2017-04-01 这样的写法。"),
    ],
)
def test_what_is_no_date(value, sentence):
    assert refused(date(), value) == sentence


@pytest.mark.parametrize("value", [2008, "2008", "2008年", "2008年建成"])
def test_years_stand_for_their_first_day_where_that_is_wanted(value):
    assert warned(date(by_year=True), value)[0] == dt.date(2008, 1, 1)
    assert taken(date(by_year=True), "2017.4.1") == DAY
    assert taken(date(by_year=True), 42826) == DAY


def test_dates_that_are_not_known():
    assert taken(date(), "待定") is None
    assert taken(month(), "无") is None


@given(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2050, 12, 31)))
def test_every_date_is_read_in_every_form(day):
    with clock.freeze(dt.date(2026, 11, 18)):
        for written in (
            f"{day.year}.{day.month}.{day.day}",
            f"{day:%Y/%m/%d}",
            f"{day:%Y%m%d}",
            f"{day.year}年{day.month}月{day.day}日",
            (day - dt.date(1899, 12, 30)).days,
        ):
            assert date()(written) == day


@pytest.mark.parametrize(
    "value",
    [
        "2017.9.1-2020.8.31",
        "2017-09-01至2020-08-31",
        "2017-09-01-2020-08-31",
        "2017年9月1日—2020年8月31日",
        "2017/9/1～2020/8/31止",
        "自2017年9月1日起至2020年8月31日止",
        "2017.9.1到2020.8.31",
    ],
)
def test_periods(value):
    assert taken(period(), value) == (dt.date(2017, 9, 1), dt.date(2020, 8, 31))


def test_periods_by_month_and_without_end():
    value, message = warned(period(), "2017年9月至2020年8月")
    assert value == (dt.date(2017, 9, 1), dt.date(2020, 8, 31))
    assert "2017-09-01 至 2020-08-31" in message
    assert taken(period(), "2017.9.1至长期") == (dt.date(2017, 9, 1), None)
    assert warned(period(), DAY)[0] == (DAY, None)


def test_what_is_no_period():
    assert "不是起止日期" in refused(period(), "三年")
    assert "早于起始日期" in refused(period(), "2020.9.1-2017.8.31")
    assert "月份 13 不存在" in refused(period(), "2017.13.1-2020.8.31")


@pytest.mark.parametrize(
    "value", [1994, 1994.0, "1994", "1994年", "1994年5月", "１９９４", dt.date(1994, 5, 1)]
)
def test_years(value):
    assert taken(year(), value) == 1994


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("90年代", 1990),
        ("1990年代", 1990),
        ("上世纪80年代", 1980),
        ("八十年代初", 1980),
        ("20世纪90年代", 1990),
        ("98年", 1998),
        ("1998-2003年", 1998),
        ("1998年前", 1998),
        ("2000年左右", 2000),
    ],
)
def test_years_by_era_come_with_a_warning(value, read):
    assert warned(year(), value)[0] == read


@pytest.mark.parametrize("value", ["老房子", 1800, "2200", 12, "1994栋", True])
def test_what_is_no_year(value):
    assert "1994" in refused(year(), value)


# --- Words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["是", "有", "√", "✓", "1", 1, True, "Y", "已成立", " 有 "])
def test_yes(value):
    assert taken(yes_no(), value) is True


@pytest.mark.parametrize("value", ["否", "无", "×", "x", "X", "0", 0, False, "没有", "未成立"])
def test_no(value):
    assert taken(yes_no(), value) is False


def test_yes_with_more_words():
    assert warned(yes_no(), "有，张三任主任")[0] is True
    assert warned(yes_no(), "未建，正在筹备")[0] is False
    assert taken(yes_no(), "不适用") is None
    assert refused(yes_no(), "待查") == "{label}“待查”看不出是或否。请改为“是”或“否”。"


class Mode(models.TextChoices):
    ENTERPRISE = "enterprise", "专业化物业管理"
    CENTRE = "centre", "社区代管"


def test_choices():
    parse = choice({"专业": "e", "物业企业": "e", "社区中心": "c"})
    assert taken(parse, " 专 业 ") == "e"
    assert taken(parse, "物业企业") == "e"
    assert refused(parse, "自管") == "{label}“自管”不认识。请改为 专业、社区中心 之一。"


def test_choices_of_an_enum():
    parse = choice_of(Mode, {"社区中心": Mode.CENTRE})
    assert taken(parse, "社区代管") == "centre"
    assert taken(parse, "社区中心") == "centre"
    assert "请改为 专业化物业管理、社区代管 之一" in refused(parse, "x")


def check_code(code):
    if len(code) != 18:
        raise BusinessError("统一社会信用代码应为 18 位。")


def test_credit_codes_go_through_the_hook():
    parse = credit_code(check_code)
    assert taken(parse, " 91410182ma3x 0000x1 ".replace(" ", "　")) == "91410182MA3X0000X1"
    assert refused(parse, "9141") == "统一社会信用代码应为 18 位。"
    assert "已经丢失" in refused(parse, 914101820000000000)
    assert taken(parse, "无") is None


def test_checked_values_may_be_replaced():
    assert taken(checked(name(), lambda value: value + "镇"), "乔楼") == "乔楼镇"
    assert warned(checked(integer(), lambda value: None), "约12")[0] == 12


# --- Phones ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("13812345678", "13812345678"),
        (13812345678, "13812345678"),
        (13812345678.0, "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("+86 13812345678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("0371-64660000", "0371-64660000"),
        ("（0371）64660000", "0371-64660000"),
        ("037164660000", "0371-64660000"),
        ("64660000", "64660000"),
        ("0371－64660000转801", "0371-64660000-801"),
        ("400-800-1234", "4008001234"),
        ("12345", "12345"),
        ("13812345678/0371-64660000", "13812345678、0371-64660000"),
        ("13812345678、13912345678", "13812345678、13912345678"),
        ("13812345678\n13912345678", "13812345678、13912345678"),
        ("13812345678；13812345678", "13812345678"),
        ("13812345678 13912345678", "13812345678、13912345678"),
        ("13812345678或13912345678", "13812345678、13912345678"),
        ("无", None),
    ],
)
def test_phones(written, read):
    assert taken(phones(), written) == read


def test_phones_as_a_tuple():
    parse = phones(joined=False)
    assert taken(parse, "13812345678/64660000") == ("13812345678", "64660000")


def test_phones_beside_a_name():
    value, message = warned(phones(), "王刚13812345678、李四：13912345678")
    assert value == "13812345678、13912345678"
    assert "“王刚”没有读取" in message
    assert warned(phones(), "王刚 13812345678")[0] == "13812345678"
    assert warned(phones(), "13812345678（王刚）")[0] == "13812345678"


def test_landline_that_lost_its_zero():
    value, message = warned(phones(), 37164660000)
    assert value == "0371-64660000"
    assert "0 已补上" in message


@pytest.mark.parametrize("value", ["1381234567", "138123456789", "123", 138.5, "0371-646"])
def test_phones_of_a_wrong_length(value):
    assert "位数不对" in refused(phones(), value)


def test_what_is_no_phone():
    assert "不是电话号码" in refused(phones(), "见备注")
    assert "应为电话号码" in refused(phones(), DAY)
    assert "最多填 1 个号码" in refused(phones(most=1), "13812345678/13912345678")


# --- Comparison --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("锦绣花园（东院）", "锦绣花园 (东院)"),
        ("腾飞街１２号院", "腾飞街12号院"),
        ("二〇一九小区", "二零一九小区"),
        ("ＡＢ座", "ab座"),
        ("铁龙-家属院", "铁龙—家属院"),
    ],
)
def test_spellings_of_one_name_are_equal(one, other):
    assert comparison_key(one) == comparison_key(other)


def test_names_of_two_estates_differ():
    keys = {
        comparison_key(text)
        for text in ("锦绣花园一期", "锦绣花园二期", "锦绣小区", "锦绣花园东院")
    }
    assert len(keys) == 4
