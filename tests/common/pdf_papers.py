"""Papers with realistic, invented data, one for each print template."""

import datetime as dt
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

LONG_NAME = "荥阳市京城路街道演武路中段建设局家属院老旧小区东院"
RARE_PEOPLE = ("李喆", "赵堃", "王玥")
OFFICE = "荥阳市住房保障和房产管理中心"
SIGNED = dt.date(2026, 11, 18)

_ESTATES = [
    "锦绣花园", "万山龙庭", "清华忆江南", "新田城洞林湖", "郑上路安置区", "汇龙城", "康泰城",
    "盛世春天", "福民家园", "碧桂园龙城", "宏江中央广场", "飞龙时代城", "万华国际", "紫荆苑",
    "惠民小区", "金河花苑", "昌盛小区", "兴隆花园",
]  # fmt: skip
_FIRMS = [
    "郑州怡馨物业服务有限公司",
    "荥阳市恒信物业管理有限公司",
    "河南金茂物业服务有限公司",
    "荥阳市康居物业服务有限公司",
]

P1 = (
    "根据《荥阳市物业服务品质提升年活动实施方案》安排，市房管中心会同各街道办事处、乡镇人民政府，"
    "于10月12日至10月30日对全市住宅小区开展了第2次检查。现将有关情况通报如下。"
)
P2 = (
    "本次检查覆盖54个小区、35家物业服务企业，平均得分88.6分，比上次提高1.4分。其中90分以上21个，"
    "80分至89分27个，80分以下6个。"
)
P3 = (
    "从检查情况看，多数物业服务企业能够落实目标责任书，“四公开一监督”公示、保洁和秩序维护有所改善，"
    "京城路街道、索河街道得分靠前。业主代表李喆、赵堃、王玥反映的3.5㎡绿地被占用问题已经整改到位。"
)
P4 = (
    "部分小区存在消防通道被占用、电动自行车违规充电、生活垃圾清运不及时、绿地毁坏补种滞后、公共收益"
    "公示不规范、维修资金申请使用程序不清晰等问题，群众反映较为集中。各物业服务企业要对照问题清单，"
    "逐项明确整改措施、责任人员和完成时限，于收到本通报之日起15个工作日内完成整改，并将整改结果书面"
    "报送所在街道办事处和市房管中心。"
)


def score_table(rows: int = 54) -> dict[str, Any]:
    lines = []
    for number in range(1, rows + 1):
        name = LONG_NAME if number == 7 else _ESTATES[number % 18] + ("" if number < 19 else "二期")
        score = Decimal("96.5") - Decimal(number) / 2
        lines.append([number, name, _FIRMS[number % 4], score, f"{number * 7 % 5}", number])
    return {
        "kind": "table",
        "caption": "表1　2026年第2次物业服务检查得分",
        "unit": "单位：分",
        "columns": [
            {"label": "序号", "width": 11, "align": "center"},
            {"label": "小区名称", "width": 46},
            {"label": "物业服务企业"},
            {"label": "得分", "width": 15, "align": "right"},
            {"label": "问题\n（处）", "width": 14, "align": "right"},
            {"label": "名次", "width": 12, "align": "right"},
        ],
        "rows": lines,
        "sum": ["平均", "", "", "88.60", "1.80", ""],
        "note": "注：得分为百分制，名次按得分从高到低排列。",
    }


def bulletin(**changes: Any) -> dict[str, Any]:
    return {
        "masthead": "工作简报",
        "year": 2026,
        "number": 5,
        "running_number": 59,
        "organ": "荥阳市房管中心",
        "date": SIGNED,
        "document_date": SIGNED,
        "title": "关于2026年第2次物业服务检查和“四公开一监督”公示情况的通报",
        "blocks": [
            {"kind": "p", "text": P1},
            {"kind": "h1", "text": "一、总体情况"},
            {"kind": "p", "text": P2},
            {"kind": "p", "text": P3},
            {"kind": "h1", "text": "二、检查得分"},
            {"kind": "p", "text": "各小区得分和名次见表1。"},
            score_table(),
            {"kind": "h1", "text": "三、主要问题"},
            {"kind": "h2", "text": "（一）公示不全"},
            {"kind": "p", "text": P4},
            {"kind": "h2", "text": "（二）楼道堆物和停放电动车"},
            {
                "kind": "list",
                "numbered": True,
                "items": [
                    "楼道堆放杂物的17个小区，11月10日前清理完毕，并建立每日巡查记录。",
                    f"{LONG_NAME}等9个小区在楼道内停放电动车，须设置集中停放充电点。",
                    "工商局家属院、锦绣苑等4个小区为重复问题，由街道办事处挂牌督办。",
                ],
            },
            {
                "kind": "photo_pair",
                "left": {
                    "path": "photos/before.jpg",
                    "url": "/photos/1/",
                    "caption": "整改前　锦绣花园3号楼1单元，10月14日",
                },
                "right": {"path": None, "caption": "整改后　锦绣花园3号楼1单元"},
            },
            {"kind": "p", "text": "下一次检查定于12月上旬进行，请各单位做好准备。"},
        ],
        "report_to": "市委办公室，市政府办公室，郑州市住房保障和房地产管理局",
        "send_to": "各街道办事处，各乡镇人民政府，市财政局、市城市管理局等有关单位",
        "issue_to": "各物业服务企业，各社区物业服务中心",
        "copies": 120,
        **changes,
    }


def picture(
    size: tuple[int, int] = (1600, 1200),
    kind: str = "JPEG",
    colour: str = "#7a8f6a",
    **options: Any,
) -> bytes:
    """Return a small invented photo: a wall, a door, something before it."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((0, height * 0.7, width, height), fill="#8b8378")
    draw.rectangle((width * 0.35, height * 0.2, width * 0.6, height * 0.75), fill="#4d3b2f")
    draw.ellipse((width * 0.55, height * 0.6, width * 0.8, height * 0.85), fill="#b0502c")
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def store_photos(media_root: Path) -> None:
    folder = media_root / "photos"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "before.jpg").write_bytes(picture())
    (folder / "board.png").write_bytes(picture((900, 1200), "PNG", "#9fb3c8"))


def notice(**changes: Any) -> dict[str, Any]:
    return {
        "title": "责令限期整改通知书",
        "organ": OFFICE,
        "number": "荥房管责改〔2026〕12号",
        "addressee": "郑州怡馨物业服务有限公司",
        "estate": LONG_NAME,
        "basis": "《河南省物业管理条例》第三十九条、第八十二条",
        "inspected_on": dt.date(2026, 11, 12),
        "inspection": "2026年第2次物业服务检查",
        "items": [
            {
                "text": "公示栏未公示收费标准和服务投诉电话，公共收益公示停在2025年第三季度。",
                "basis": "检查表第4项、第9项",
                "requirement": "补齐公示内容，更新到2026年第三季度，并注明公示日期。",
                "deadline": dt.date(2026, 11, 20),
            },
            {
                "text": "3号楼1单元楼道堆放杂物，占用疏散通道约3.5㎡。",
                "requirement": "清理楼道，建立每日巡查记录。",
                "deadline": dt.date(2026, 11, 18),
            },
            {"text": "2号楼电梯维保记录缺10月份两次记录。"},
        ],
        "deadline": dt.date(2026, 11, 27),
        "contact": "王海涛",
        "phone": "0371-64660000",
        "issued_on": dt.date(2026, 11, 13),
        "document_date": dt.date(2026, 11, 13),
        "photos": [
            {
                "path": "photos/before.jpg",
                "url": "/photos/1/",
                "caption": "1　3号楼1单元楼道，11月12日",
            },
            {
                "path": "photos/board.png",
                "url": "/photos/2/",
                "caption": "2　小区大门公示栏，11月12日",
            },
            {
                "path": "photos/before.jpg",
                "url": "/photos/1/",
                "caption": "3　3号楼1单元门口，11月12日",
            },
        ],
        "receipt": {
            "place": f"{LONG_NAME}物业服务处",
            "method": "直接送达",
            "servers": ["王海涛", "李喆"],
        },
        "stub": {
            "inspectors": ["王海涛", "李喆"],
            "handler": "王海涛",
            "approver": "陈国栋",
            "approved_on": dt.date(2026, 11, 13),
        },
        **changes,
    }


def recheck(**changes: Any) -> dict[str, Any]:
    return {
        "title": "复查意见书",
        "organ": OFFICE,
        "number": "荥房管复查〔2026〕9号",
        "order_number": "荥房管责改〔2026〕12号",
        "order_date": dt.date(2026, 11, 13),
        "addressee": "郑州怡馨物业服务有限公司",
        "estate": LONG_NAME,
        "rechecked_on": dt.date(2026, 11, 30),
        "inspectors": ["赵堃", "王玥"],
        "items": [
            {
                "text": "公示栏未公示收费标准和服务投诉电话。",
                "finding": "已补齐，公示日期为2026年11月19日。",
                "done": True,
            },
            {"text": "3号楼1单元楼道堆放杂物。", "finding": "仍有两辆电动自行车。", "done": False},
            {"text": "2号楼电梯维保记录缺两次。", "finding": "补了一次。", "done": None},
        ],
        "opinion": (
            "第1项已整改，予以销号；第2项、第3项限12月7日前整改完毕。"
            "对逾期未改的违法行为，将依法予以处罚。"
        ),
        "issued_on": dt.date(2026, 12, 1),
        "document_date": dt.date(2026, 12, 1),
        "photos": [
            {"path": "photos/before.jpg", "url": "/photos/1/", "caption": "整改前　楼道，11月12日"},
            {"path": None, "caption": "整改后　楼道"},
        ],
        "stub": {
            "department": "物业管理科",
            "handler": "赵堃",
            "approver": "陈国栋",
            "approved_on": dt.date(2026, 12, 1),
        },
        **changes,
    }


def estate_card(**changes: Any) -> dict[str, Any]:
    return {
        "title": "小区登记卡",
        "organ": OFFICE,
        "name": LONG_NAME,
        "code": "XY-LX-0217",
        "printed_on": SIGNED,
        "printed_by": "李喆",
        "document_date": SIGNED,
        "sections": [
            {
                "kind": "facts",
                "title": "一、基本情况",
                "rows": [
                    [
                        {"label": "小区类别", "value": "老旧小区"},
                        {"label": "街道（乡镇）", "value": "京城路街道"},
                    ],
                    [
                        {"label": "社区（村）", "value": "演武路社区居委会"},
                        {"label": "建成年代", "value": "1998年"},
                    ],
                    [{"label": "详细地址", "value": "荥阳市京城路街道演武路康泰路口向东80米路北"}],
                    [{"label": "曾用名、别名", "value": "建设局家属院；演武路12号院；建设局东院"}],
                    [
                        {"label": "产权单位", "value": "原荥阳市建设局"},
                        {"label": "建筑面积", "value": "12,480.50㎡"},
                    ],
                    [
                        {"label": "楼栋数", "value": "6栋"},
                        {"label": "单元数", "value": "18个"},
                    ],
                    [
                        {"label": "改造年度", "value": "2016年"},
                        {"label": "包片人员", "value": "王玥（2026年3月1日起）"},
                    ],
                    [
                        {"label": "业委会", "value": "有（第2届，任期至2028年5月）"},
                        {"label": "四有标准", "value": "清扫√　清运√　绿化√　维修√"},
                    ],
                ],
            },
            {
                "kind": "facts",
                "title": "二、物业服务",
                "rows": [
                    [{"label": "服务主体", "value": "郑州怡馨物业服务有限公司"}],
                    [
                        {"label": "合同期限", "value": "2025-09-01 至 2028-08-31"},
                        {"label": "收费标准", "value": "10.00元/户·月"},
                    ],
                    [
                        {"label": "项目经理", "value": "赵堃"},
                        {"label": "联系电话", "value": "0371-64661234"},
                    ],
                    [
                        {"label": "合同备案", "value": "2025-09-10（签订后9天）"},
                        {"label": "选聘方式", "value": "街道选聘"},
                    ],
                ],
            },
            {
                "kind": "table",
                "title": "三、楼栋",
                "columns": [
                    {"label": "楼号", "width": 22, "align": "center"},
                    {"label": "层数", "width": 20, "align": "right"},
                    {"label": "单元数", "width": 22, "align": "right"},
                    {"label": "户数", "width": 22, "align": "right"},
                    {"label": "建筑面积（㎡）", "width": 34, "align": "right"},
                    {"label": "备注"},
                ],
                "rows": [
                    [f"{n}号楼", 6, 3, 36, Decimal("2080.08"), "一层为社区用房" if n == 2 else None]
                    for n in range(1, 7)
                ],
                "sum": ["合计", "", 18, 216, Decimal("12480.48"), ""],
            },
            {
                "kind": "table",
                "title": "四、户数核定",
                "columns": [
                    {"label": "起始月", "width": 26, "align": "center"},
                    {"label": "户数", "width": 20, "align": "right"},
                    {"label": "录入", "width": 26, "align": "center"},
                    {"label": "核定", "width": 26, "align": "center"},
                    {"label": "核定日期", "width": 28, "align": "center"},
                    {"label": "依据"},
                ],
                "rows": [
                    ["2026年11月", 216, "李喆", "王玥", dt.date(2026, 10, 28), "户数清册"],
                    ["2025年9月", 214, "李喆", "赵堃", dt.date(2025, 8, 30), "接管移交清册"],
                ],
            },
            {
                "kind": "table",
                "title": "五、近期检查和整改",
                "columns": [
                    {"label": "日期", "width": 22, "align": "center"},
                    {"label": "批次"},
                    {"label": "得分", "width": 14, "align": "right"},
                    {"label": "不合格项", "width": 18, "align": "right"},
                    {"label": "整改通知书", "width": 44},
                    {"label": "状态", "width": 20, "align": "center"},
                ],
                "rows": [
                    [
                        dt.date(2026, 11, 12),
                        "2026年第2次物业服务检查",
                        Decimal("86.5"),
                        3,
                        "荥房管责改〔2026〕12号",
                        "整改中",
                    ],
                    [dt.date(2026, 5, 20), "2026年第1次物业服务检查", Decimal("91.0"), 0, "", ""],
                ],
                "note": "注：得分为百分制。",
            },
        ],
        **changes,
    }


def table_form(rows: int = 40, **changes: Any) -> dict[str, Any]:
    streets = ["京城路街道", "索河街道"]
    lines: list[Any] = []
    for number in range(1, rows + 1):
        households = 80 + number
        lines.append(
            [
                number,
                streets[number % 2],
                LONG_NAME if number == 5 else _ESTATES[number % 18],
                2 + number % 4,
                households,
                "郑州怡馨物业服务有限公司" if number % 2 else "演武路社区物业服务中心",
                Decimal("10.00"),
                1,
                Decimal(households * 10).quantize(Decimal("0.01")),
                Decimal("0.00"),
                Decimal(households * 10).quantize(Decimal("0.01")),
                "11月新增2户" if number == 9 else None,
            ]
        )
    total = Decimal(sum(80 + n for n in range(1, rows + 1)) * 10).quantize(Decimal("0.01"))
    return {
        "title": "荥阳市2026年10月老旧小区物业管理补贴资金核定表",
        "unit_left": "填报单位：荥阳市房管中心",
        "unit_middle": "2026年10月",
        "unit_right": "单位：元",
        "document_date": SIGNED,
        "table": {
            "columns": [
                {"label": "序号", "width": 10, "align": "center"},
                {"label": "街道\n（乡镇）", "width": 22},
                {"label": "小区名称"},
                {"label": "楼栋数", "width": 14, "align": "right", "group": "规模"},
                {"label": "户数", "width": 13, "align": "right", "group": "规模"},
                {"label": "接管单位", "width": 48},
                {"label": "标准\n（元/户·月）", "width": 26, "align": "right", "group": "补贴"},
                {"label": "月数", "width": 11, "align": "right", "group": "补贴"},
                {"label": "申报金额", "width": 22, "align": "right", "group": "补贴"},
                {"label": "核减", "width": 15, "align": "right", "group": "补贴"},
                {"label": "核定金额", "width": 22, "align": "right", "group": "补贴"},
                {"label": "备注", "width": 24},
            ],
            "rows": lines,
            "sum": ["合计", "", "", 140, 4020, "", "", "", total, Decimal("0.00"), total, ""],
        },
        "capital": "人民币肆万零贰佰元整",
        "filters": "筛选：月份＝2026年10月，街道＝京城路街道、索河街道",
        "signatures": ["单位负责人：", "审核：", "填表人：", "填报日期：　　年　月　日"],
        **changes,
    }
