"""The record card of an estate (登记卡), as it is printed."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from accounts.choices import PERSONAL_DATA_READERS
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import holds
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import local, masked, numeral
from xingyang_pm.common.pdf.render import render_pdf

from . import selectors
from .choices import CountStatus, EstateKind
from .models import Estate, HouseholdCount

CARD = "estate-card"
# Where the own sections stand among those of other apps: 物业服务 10, 检查和整改 50.
_BUILDINGS, _COUNTS, _COMMITTEES = 20, 30, 40
_COUNTS_SHOWN = 12

Section = dict[str, Any]


def _fact(label: str, value: Any, unit: str = "") -> dict[str, str]:
    return {"label": label, "value": "" if value in (None, "") else f"{value}{unit}"}


def _mark(held: bool) -> str:
    return "√" if held else "×"


def _area(value: Any) -> str:
    return "" if value is None else f"{value:,.2f}㎡"


def _phones(estate: Estate, user: Any) -> str:
    """Return the contact's numbers as ``user`` sees them on the screen."""
    if holds(user, PERSONAL_DATA_READERS):
        return estate.contact_phone
    return masked(estate.contact_phone)


def _facts(estate: Estate, user: Any) -> Section:
    names = "；".join(row.name for row in estate.names.all())
    committee = estate.committees.first()
    held = selectors.current_assignment(estate, user)
    rows = [
        [
            _fact("小区类别", estate.get_kind_display()),
            _fact("街道（乡镇）", estate.street),
        ],
        [
            _fact("社区（村）", estate.community or ""),
            _fact("管理模式", estate.get_management_mode_display()),
        ],
        [_fact("详细地址", estate.address)],
    ]
    if names:
        rows.append([_fact("曾用名、别名", names)])
    rows += _kind_facts(estate)
    rows += [
        [
            _fact("楼栋数", estate.building_count, "栋"),
            _fact("单元数", estate.unit_count, "个"),
        ],
        [
            _fact("户数", f"{estate.household_count:,}", "户"),
            _fact("负责人", f"{estate.contact_name}　{_phones(estate, user)}".strip()),
        ],
        [
            _fact(
                "分包干部",
                f"{held.officer}（{clock.chinese_date(held.start_date)}起）" if held else "",
            ),
            _fact("业委会", f"有（第{committee.term}届）" if committee else "无"),
        ],
    ]
    if estate.remarks:
        rows.append([_fact("备注", estate.remarks)])
    return {"kind": "facts", "title": "基本情况", "rows": rows}


def _kind_facts(estate: Estate) -> list[list[dict[str, str]]]:
    built = _fact("建成年代", estate.built_year, "年")
    floor = _fact("建筑面积", _area(estate.floor_area))
    if estate.kind == EstateKind.OLD:
        four = "　".join(
            f"{word}{_mark(held)}"
            for word, held in (
                ("清扫", estate.has_cleaning),
                ("清运", estate.has_waste_removal),
                ("绿化", estate.has_greening),
                ("维修", estate.has_repair),
            )
        )
        return [
            [built, _fact("改造年度", estate.renovated_year, "年")],
            [_fact("产权单位", estate.ownership_unit), floor],
            [_fact("四有标准", four)],
        ]
    delivered = estate.delivered_on
    given = _fact("交付时间", f"{delivered:%Y-%m-%d}" if delivered else "")
    if estate.kind == EstateKind.RURAL:
        accepted = estate.station_accepted_on
        station = _mark(estate.has_service_station)
        if accepted:
            station += f"（{accepted:%Y-%m-%d}验收）"
        return [
            [given, floor],
            [_fact("社区服务站", station), _fact("物业专干", estate.property_officer)],
        ]
    parking = "，".join(
        f"{word}{number}个"
        for word, number in (("地上", estate.parking_above), ("地下", estate.parking_below))
        if number is not None
    )
    return [
        [built, given],
        [_fact("开发建设单位", estate.developer), _fact("物业类型", estate.property_type)],
        [_fact("占地面积", _area(estate.land_area)), floor],
        [_fact("入住户数", estate.occupied_count, "户"), _fact("电梯数", estate.lift_count, "部")],
        [_fact("车位", parking)],
    ]


def _buildings(estate: Estate) -> Section | None:
    rows = list(estate.buildings.all())
    if not rows:
        return None
    units = [row.units for row in rows]
    return {
        "kind": "table",
        "title": "楼栋",
        "columns": [
            {"label": "楼栋"},
            {"label": "层数", "width": 24, "align": "right"},
            {"label": "单元数", "width": 26, "align": "right"},
            {"label": "户数", "width": 26, "align": "right"},
            {"label": "建成年份", "width": 30, "align": "center"},
        ],
        "rows": [[b.name, b.floors, b.units, b.households, b.built_year] for b in rows],
        "sum": [
            f"合计 {len(rows)} 栋",
            "",
            sum(n for n in units if n is not None),
            sum(row.households for row in rows),
            "",
        ],
    }


def _counts(estate: Estate) -> Section | None:
    rows = list(
        HouseholdCount.objects.filter(estate=estate, status=CountStatus.VERIFIED)
        .select_related("entered_by", "decided_by")
        .order_by("-effective_month")[:_COUNTS_SHOWN]
    )
    if not rows:
        return None
    count = selectors.count_in_force(estate)
    return {
        "kind": "table",
        "title": "户数核定",
        "columns": [
            {"label": "执行月份", "width": 30, "align": "center"},
            {"label": "户数", "width": 18, "align": "right"},
            {"label": "录入人", "width": 22, "align": "center"},
            {"label": "核定人", "width": 22, "align": "center"},
            {"label": "核定日期", "width": 26, "align": "center"},
            {"label": "户数清册"},
        ],
        "rows": [
            [
                clock.chinese_month(row.effective_month),
                row.households,
                str(row.entered_by),
                str(row.decided_by or ""),
                local(row.decided_at).date() if row.decided_at else "",
                row.evidence_name,
            ]
            for row in rows
        ],
        "note": f"现按 {count.households:,} 户执行。" if count else "",
    }


def _committees(estate: Estate) -> Section | None:
    rows = list(estate.committees.all()[:5])
    if not rows:
        return None
    return {
        "kind": "table",
        "title": "业主委员会",
        "columns": [
            {"label": "届别", "width": 20, "align": "center"},
            {"label": "主任", "width": 26, "align": "center"},
            {"label": "委员人数", "width": 26, "align": "right"},
            {"label": "任期"},
            {"label": "备案日期", "width": 30, "align": "center"},
        ],
        "rows": [
            [
                f"第{row.term}届",
                row.chair,
                row.members,
                f"{row.start_date:%Y-%m-%d} 至 "
                + (f"{row.end_date:%Y-%m-%d}" if row.end_date else ""),
                row.filed_on,
            ]
            for row in rows
        ],
    }


def _sections(estate: Estate, user: Any) -> Iterator[Section]:
    """Yield the sections in the order of the form, own ones and those of other apps."""
    found: list[tuple[int, Section | None]] = [
        (_BUILDINGS, _buildings(estate)),
        (_COUNTS, _counts(estate)),
        (_COMMITTEES, _committees(estate)),
        *((order, make(estate, user)) for order, make in selectors.card_sections()),
    ]
    yield _facts(estate, user)
    for _, section in sorted(found, key=lambda entry: entry[0]):
        if section is not None:
            yield section


def card_context(estate: Estate, user: Any) -> dict[str, Any]:
    """Return the plain data that ``print/estate_card.html`` prints."""
    today = clock.today()
    return {
        "title": "小区登记卡",
        "document_title": f"{estate} 登记卡",
        "name": estate.name,
        "code": estate.code,
        "organ": settings.OFFICE_NAME,
        "printed_on": today,
        "printed_by": str(user),
        "document_date": today,
        "sections": [
            {**section, "title": f"{numeral(place)}、{section['title']}"}
            for place, section in enumerate(_sections(estate, user), 1)
        ],
    }


@jobs.handler(CARD, title="小区登记卡")
def print_card(job: jobs.RunningJob) -> None:
    """Print the card in the owner's scope, checked again."""
    estate = (
        Estate.objects.visible_to(job.owner)
        .select_related("street", "community")
        .filter(pk=job.params["estate"])
        .first()
    )
    if estate is None:
        raise BusinessError("没有这个小区，或不在你可看的范围内。")
    job.progress(0, 1, "正在排版")
    content = render_pdf(
        "print/estate_card.html", card_context(estate, job.owner), title=f"{estate} 登记卡"
    )
    job.attach(f"{estate} 登记卡.pdf", content)
    job.progress(1, 1, "已完成")
