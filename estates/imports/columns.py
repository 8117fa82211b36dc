"""The columns of the ledgers as the office heads them, and the parsers of their cells."""

from collections.abc import Sequence
from typing import Any

from estates.choices import ManagementMode
from xingyang_pm.common.ledgers.columns import (
    CellError,
    LedgerColumn,
    area,
    choice_of,
    date,
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

_date, _year = date(), year()


def built(value: Any) -> Any:
    """Read 建成/交付时间: a date where one stands, else the year (an ``int``)."""
    try:
        return _date(value)
    except CellError as refusal:
        try:
            return _year(value)
        except CellError:
            raise refusal from None


def _mode(**aliases: ManagementMode) -> Any:
    common = {
        "专业": ManagementMode.PROFESSIONAL,
        "专业物业": ManagementMode.PROFESSIONAL,
        "专业管理": ManagementMode.PROFESSIONAL,
        "专业化": ManagementMode.PROFESSIONAL,
        "专业化物业管理": ManagementMode.PROFESSIONAL,
        "企业": ManagementMode.PROFESSIONAL,
        "物业企业": ManagementMode.PROFESSIONAL,
        "物业公司": ManagementMode.PROFESSIONAL,
        "物业服务企业": ManagementMode.PROFESSIONAL,
        "社区": ManagementMode.COMMUNITY,
        "社区中心": ManagementMode.COMMUNITY,
        "社区服务中心": ManagementMode.COMMUNITY,
        "社区物业中心": ManagementMode.COMMUNITY,
        "社区代管": ManagementMode.COMMUNITY,
        "村委": ManagementMode.VILLAGE,
        "村委会": ManagementMode.VILLAGE,
        "村委管理": ManagementMode.VILLAGE,
        "村委会自管": ManagementMode.VILLAGE,
        "乡镇": ManagementMode.TOWN,
        "镇政府": ManagementMode.TOWN,
        "乡政府": ManagementMode.TOWN,
        "乡镇政府": ManagementMode.TOWN,
        "镇政府介入": ManagementMode.TOWN,
        "业主自治": ManagementMode.OWNERS,
        "业委会自管": ManagementMode.OWNERS,
        "单位自管": ManagementMode.OWNERS,
        "无": ManagementMode.NONE,
        "没有": ManagementMode.NONE,
        "弃管": ManagementMode.NONE,
        "失管": ManagementMode.NONE,
        "无物业": ManagementMode.NONE,
    }
    return choice_of(ManagementMode, {**common, **aliases})


def _street(label: str, *aliases: str) -> LedgerColumn:
    return LedgerColumn(
        "street",
        label,
        aliases,
        name(30),
        required=True,
        grouping=True,
        from_sheet_name=True,
        example="京城路街道",
        hint="写全称或简称都可以，如京城路街道、京城办。没有这一列时，用工作表的名称。",
    )


_STREET_ALIASES = (
    "街道",
    "乡镇",
    "街道(乡镇)",
    "街道/乡镇",
    "乡镇（街道）",
    "街道办事处",
    "街道办",
    "所属街道",
    "所在街道",
    "所属乡镇",
    "镇",
    "镇办",
    "办事处",
    "街道名称",
    "乡镇名称",
)

STREET = _street("街道（乡镇）", *_STREET_ALIASES)
COMMUNITY = LedgerColumn(
    "community",
    "社区（村）",
    ["社区", "所属社区", "所在社区", "社区/村", "社区居委会", "居委会", "村"],
    name(60),
    grouping=True,
    example="政法街社区",
)
NAME = LedgerColumn(
    "name",
    "小区名称",
    ["小区", "小区（楼院）名称", "小区(楼院)", "楼院名称", "小区（大厦）名称", "项目名称", "名称"],
    name(60),
    required=True,
    example="铁龙家属院",
    hint="与门牌一致，分东院、西院或几期的要写明。",
)
ADDRESS = LedgerColumn(
    "address",
    "详细地址",
    ["地址", "小区地址", "详细位置", "坐落", "座落", "位置"],
    name(120),
    example="京城路与康泰路交叉口向东80米",
)
BUILDING_COUNT = LedgerColumn(
    "building_count",
    "楼栋数",
    ["楼数", "栋数", "幢数", "楼幢数", "总楼栋数", "楼栋数量"],
    integer(maximum=9999, units=["栋", "幢", "座"]),
    example="3",
)
UNIT_COUNT = LedgerColumn(
    "unit_count",
    "单元数",
    ["单元", "总单元数", "单元数量"],
    integer(maximum=9999, units=["个", "单元", "门"]),
    example="9",
)
HOUSEHOLD_COUNT = LedgerColumn(
    "household_count",
    "户数",
    ["总户数", "住户数", "住宅户数", "居民户数", "户"],
    integer(maximum=99_999, units=["户"]),
    example="120",
    hint="新登记的小区必填。已登记的小区户数有变，入库后送户数核定，核定前不变。",
)
FLOOR_AREA = LedgerColumn(
    "floor_area",
    "建筑面积（㎡）",
    ["总建筑面积"],
    area(),
    example="9600",
)
OFFICER = LedgerColumn(
    "officer",
    "包片人员",
    ["包片人", "包片干部", "分包干部", "分包人员", "分包人", "包保干部", "房管中心联系人"],
    name(30),
    example="李明轩",
    hint="房管中心检查员的姓名，入库当日起分包。",
)
REMARKS = LedgerColumn("remarks", "备注", ["说明"], text(300))
CONTACT_PHONE = LedgerColumn(
    "contact_phone",
    "联系电话",
    ["电话", "联系方式", "负责人电话", "手机"],
    phones(),
    example="13800000000",
    hint="一格可以写几个号码，用、或/分开。",
)

# What other apps take in through a companion, by column name.
PROVIDER_COLUMNS = frozenset(
    {"provider", "since", "service_grade", "fee", "contract_period", "project_manager"}
)
_PROVIDER_HINT = (
    "已登记的企业或社区物业服务中心，写全称、简称或统一社会信用代码。没有的写“无”或“自管”。"
)
SINCE = LedgerColumn(
    "since",
    "接管日期",
    ["接管时间", "接管年月", "服务起始日期", "进驻时间"],
    date(),
    example="2017-04-01",
    hint="服务从这一天起。新登记服务单位的，接管日期和合同起止至少写一项。",
)
SERVICE_GRADE = LedgerColumn(
    "service_grade", "服务等级", ["物业服务等级", "等级"], text(10), example="二级"
)
CONTRACT_PERIOD = LedgerColumn(
    "contract_period",
    "合同起止",
    ["合同期限", "合同起止日期", "合同起止时间", "合同期", "服务期限"],
    period(),
    example="2024-09-01至2027-08-31",
    hint="没有写明到期的，写“2024-09-01至长期”。",
)
PROJECT_MANAGER = LedgerColumn(
    "project_manager",
    "项目经理",
    ["项目负责人", "小区经理"],
    name(30),
    example="张利民",
    hint="先在服务主体里登记这个人。",
)


def _fee(unit: str, example: str) -> LedgerColumn:
    return LedgerColumn(
        "fee",
        f"收费标准（{unit}）",
        ["物业费标准", "物业费", "物业收费标准", f"物业费（{unit}）"],
        fee(unit, example=example),
        example=example,
    )


def _service_columns(fee_column: LedgerColumn) -> list[LedgerColumn]:
    """Return the contract's columns that follow 服务单位 and 接管日期."""
    return [SERVICE_GRADE, fee_column, CONTRACT_PERIOD, PROJECT_MANAGER]


COMMODITY: Sequence[LedgerColumn] = [
    STREET,
    COMMUNITY,
    NAME,
    ADDRESS,
    LedgerColumn(
        "developer",
        "开发建设单位",
        ["建设单位", "开发单位", "开发企业", "开发商"],
        name(80),
        example="荥阳市某某置业有限公司",
    ),
    LedgerColumn(
        "built",
        "建成/交付时间",
        [
            "建成时间",
            "交付时间",
            "建成（交付）时间",
            "建成日期",
            "交付日期",
            "竣工日期",
            "竣工时间",
            "建成年代",
            "建成年份",
        ],
        built,
        example="2012-06-30",
        hint="写到日、月或年都可以。",
    ),
    LedgerColumn("land_area", "占地面积（㎡）", [], area(), example="21000"),
    FLOOR_AREA,
    BUILDING_COUNT,
    UNIT_COUNT,
    HOUSEHOLD_COUNT,
    LedgerColumn(
        "occupied_count",
        "入住户数",
        ["已入住户数", "实际入住户数", "实住户数"],
        integer(maximum=99_999, units=["户"]),
        example="96",
    ),
    LedgerColumn(
        "lift_count",
        "电梯数",
        ["电梯", "电梯台数", "电梯数量"],
        integer(maximum=9999, units=["部", "台"]),
        example="6",
    ),
    LedgerColumn(
        "parking",
        "车位数（地上/地下）",
        ["车位数", "车位", "停车位", "车位（地上/地下）", "停车位（地上/地下）"],
        pair(),
        example="120/80",
    ),
    LedgerColumn(
        "parking_above",
        "地上车位",
        ["车位数/地上", "车位/地上", "停车位/地上", "车位数（地上）", "地面车位"],
        integer(maximum=99_999),
        example="120",
    ),
    LedgerColumn(
        "parking_below",
        "地下车位",
        ["车位数/地下", "车位/地下", "停车位/地下", "车位数（地下）"],
        integer(maximum=99_999),
        example="80",
    ),
    LedgerColumn(
        "property_type",
        "物业类型",
        ["房屋类型", "住宅类型", "建筑类型"],
        text(40),
        example="多层、高层",
    ),
    LedgerColumn(
        "management_mode",
        "管理模式",
        ["管理方式", "物业管理模式", "物业管理方式"],
        _mode(自管=ManagementMode.OWNERS),
    ),
    LedgerColumn(
        "provider",
        "物业服务企业",
        [
            "物业企业",
            "物业公司",
            "物业服务企业名称",
            "物业企业名称",
            "服务企业",
            "物业服务单位",
            "物业管理单位",
        ],
        name(80),
        example="郑州怡馨物业服务有限公司",
        hint=_PROVIDER_HINT,
    ),
    SINCE,
    *_service_columns(_fee("元/㎡·月", "1.20")),
    LedgerColumn("contact_name", "负责人", ["联系人", "小区负责人"], name(30), example="陈桂英"),
    CONTACT_PHONE,
    LedgerColumn(
        "committee",
        "业委会（有/无）",
        ["业委会", "业主委员会", "是否成立业委会", "业委会成立情况"],
        yes_no(),
        example="有",
    ),
    OFFICER,
    REMARKS,
]

_FOUR = ["有清扫保洁", "有垃圾清运", "有绿化养护", "有日常维修"]
FOUR_FIELDS = ("has_cleaning", "has_waste_removal", "has_greening", "has_repair")


def _four_columns() -> list[LedgerColumn]:
    made = []
    for field, label in zip(FOUR_FIELDS, _FOUR, strict=True):
        short = label.removeprefix("有")
        aliases = [
            short,
            f"四有/{short}",
            f"四有/{label}",
            f"四有标准/{short}",
            f"四有标准/{label}",
        ]
        made.append(LedgerColumn(field, label, aliases, yes_no(), example="√"))
    return made


OLD: Sequence[LedgerColumn] = [
    STREET,
    COMMUNITY,
    NAME,
    ADDRESS,
    LedgerColumn(
        "built_year",
        "建成年代",
        ["建成", "建成年份", "建成时间", "建设年代", "建造年代", "建成日期"],
        year(),
        example="1994",
    ),
    LedgerColumn(
        "ownership_unit",
        "产权单位",
        ["原产权单位", "产权", "所属单位"],
        name(80),
        example="原荥阳棉纺厂",
    ),
    BUILDING_COUNT,
    UNIT_COUNT,
    HOUSEHOLD_COUNT,
    FLOOR_AREA,
    LedgerColumn(
        "renovated_year", "改造年度", ["改造年份", "改造时间", "改造年"], year(), example="2014"
    ),
    LedgerColumn(
        "management_mode",
        "管理模式（专业/社区中心/自管）",
        ["管理模式", "管理方式", "物业管理模式", "物业管理情况"],
        _mode(自管=ManagementMode.OWNERS),
    ),
    LedgerColumn(
        "provider",
        "接管单位",
        ["管理单位", "服务单位", "接管企业", "物业服务企业", "物业企业", "物业公司"],
        name(80),
        example="京城社区物业服务中心",
        hint=_PROVIDER_HINT,
    ),
    SINCE,
    *_service_columns(_fee("元/户·月", "10.00")),
    LedgerColumn(
        "contact_name", "负责人", ["联系人", "小区负责人", "楼院长"], name(30), example="陈桂英"
    ),
    CONTACT_PHONE,
    *_four_columns(),
    LedgerColumn(
        "four_haves",
        "四有",
        ["四有标准", "四有达标", "是否四有"],
        yes_no(),
        hint="四项都有写“是”。也可以分四列逐项写。",
        example="",
    ),
    LedgerColumn(
        "paying_households",
        "月收费户数",
        ["收费户数", "缴费户数"],
        integer(maximum=99_999, units=["户"]),
        example="108",
    ),
    LedgerColumn(
        "subsidy_month",
        "补贴起始月",
        ["补贴起始月份", "补贴起始时间", "补贴开始月份"],
        month(),
        example="2017-04",
        hint="新登记小区的户数从这个月起送核定；不写，从入库当月起。",
    ),
    OFFICER,
    REMARKS,
    LedgerColumn(
        "building",
        "楼栋",
        ["楼号", "楼栋号", "楼栋名称", "幢号", "栋号"],
        name(30),
        example="",
        hint="只用于“楼栋”工作表：街道、社区、小区名称、楼栋、层数、单元数、户数、建成。",
    ),
    LedgerColumn(
        "floors",
        "层数",
        ["楼层数", "楼层", "总层数"],
        integer(minimum=1, maximum=99, units=["层"]),
        example="",
        hint="只用于“楼栋”工作表。",
    ),
]

RURAL: Sequence[LedgerColumn] = [
    _street("乡镇", "乡镇（街道）", "街道（乡镇）", *[a for a in _STREET_ALIASES if a != "乡镇"]),
    LedgerColumn(
        "name",
        "社区名称",
        ["新型农村社区名称", "新型社区名称", "农村社区名称", "新型农村社区", "小区名称"],
        name(60),
        required=True,
        example="张村庙社区",
    ),
    LedgerColumn(
        "community",
        "所属村",
        ["村", "行政村", "所在村", "所属社区（村）"],
        name(60),
        grouping=True,
        example="张村庙村",
    ),
    ADDRESS,
    LedgerColumn(
        "delivered_on",
        "交付时间",
        ["交付日期", "入住时间", "建成时间"],
        date(by_year=True),
        example="2015-06-30",
    ),
    BUILDING_COUNT,
    HOUSEHOLD_COUNT,
    FLOOR_AREA,
    LedgerColumn(
        "management_mode",
        "管理模式（企业/村委/镇政府）",
        ["管理模式", "管理方式", "物业管理模式"],
        _mode(自管=ManagementMode.VILLAGE),
    ),
    LedgerColumn(
        "provider",
        "管理单位",
        ["物业服务企业", "服务单位", "物业企业", "接管单位"],
        name(80),
        example="张村庙村民委员会",
        hint=_PROVIDER_HINT,
    ),
    SINCE,
    *_service_columns(_fee("元/㎡·月", "0.30")),
    LedgerColumn(
        "property_officer", "物业专干", ["专干", "物业专职人员"], name(30), example="王长河"
    ),
    LedgerColumn("contact_name", "负责人", ["联系人"], name(30), example="王长河"),
    CONTACT_PHONE,
    LedgerColumn(
        "has_service_station",
        "服务站（有/无）",
        ["服务站", "社区服务站", "物业服务站", "是否建站"],
        yes_no(),
        example="有",
    ),
    LedgerColumn(
        "station_accepted_on",
        "验收日期",
        ["服务站验收日期", "验收时间"],
        date(by_year=True),
        example="2017-06-20",
    ),
    LedgerColumn(
        "city_subsidy",
        "市级补贴",
        ["市级补贴（元）", "市补贴", "市级补助"],
        money(),
        example="30000",
    ),
    LedgerColumn(
        "town_subsidy",
        "乡级补贴",
        ["乡级补贴（元）", "乡镇补贴", "乡镇级补贴", "镇级补贴"],
        money(),
        example="20000",
    ),
    OFFICER,
    REMARKS,
]

__all__ = ["COMMODITY", "FOUR_FIELDS", "OLD", "PROVIDER_COLUMNS", "RURAL", "built"]
