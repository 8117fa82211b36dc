"""The office's own papers about the subsidy: what stands in them, as page, workbook and PDF."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from subsidies.calculations import plain_number
from subsidies.models import FeeCollection, SubsidyClaim, SubsidyLine
from subsidies.selectors.fees import FeeSums
from subsidies.selectors.summary import MonthSummary, StreetMonth, month_summary, require_sums
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.money import fen, money
from xingyang_pm.common.spreadsheets.official import FormColumn, FormSection, OfficialForm

MONTH_COLUMNS = (
    FormColumn("序号", "ordinal"),
    FormColumn("街道（乡镇）"),
    FormColumn("小区数（个）", "integer", total=True),
    FormColumn("楼栋数（栋）", "integer", total=True),
    FormColumn("户数（户）", "integer", total=True),
    FormColumn("补贴标准（元/户·月）", "decimal"),
    FormColumn("月数", "number"),
    FormColumn("补贴金额（元）", "money", total=True),
    FormColumn("备注", left=True, width=24),
)
CLAIM_COLUMNS = (
    FormColumn("序号", "ordinal"),
    FormColumn("社区"),
    FormColumn("小区名称", left=True),
    FormColumn("楼栋数", "integer", total=True, width=8),
    FormColumn("户数", "integer", total=True, width=8),
    FormColumn("接管单位", left=True),
    FormColumn("接管日期", "date", width=12),
    FormColumn("补贴标准（元/户·月）", "decimal", width=11),
    FormColumn("补贴月数", "number", width=7),
    FormColumn("考核得分/等次", width=9),
    FormColumn("申报金额（元）", "money", total=True),
    FormColumn("备注", left=True, width=22),
)
MONTH_SIGNATURES = ("制表人", "复核人", "科室负责人", "分管领导", "主要领导")
CLAIM_SIGNATURES = ("制表人", "街道负责人", "科室负责人", "分管领导")
# Beyond these a note names only their number.
NAMED = 6


def _title(month: dt.date, what: str) -> str:
    return f"{clock.chinese_month(month)}老旧小区物业管理补贴{what}"


def _street_row(index: int, row: StreetMonth) -> list[Any]:
    remarks = []
    if row.deduction:
        remarks.append(f"已扣减 {money(row.deduction)} 元")
    if not row.is_settled:
        remarks.append(f"未定稿，{row.status_label}")
    return [
        index,
        row.street,
        row.estates,
        row.buildings,
        row.households,
        row.rate if row.rate is not None else "见明细",
        row.months.normalize() if row.months is not None else "见明细",
        row.total,
        "；".join(remarks),
    ]


def _month_notes(summary: MonthSummary) -> list[str]:
    versions = "；".join(f"{row.street} {row.number} 第 {row.version} 版" for row in summary.rows)
    notes = [f"申报版次：{versions}。"]
    waiting = [row.street for row in summary.rows if not row.is_settled]
    if waiting:
        notes.append(f"{'、'.join(waiting)}的申报尚未审批，本表仅供核对。")
    if summary.missing:
        notes.append(f"{'、'.join(summary.missing)}有已纳入物业服务的老旧小区，本月没有申报。")
    return notes


def month_form(month: dt.date, user: Any) -> OfficialForm:
    """Return the 汇总表 of ``month`` over the claims that ``user`` sees.

    Its sums are held against the database's lines first; raises :class:`BusinessError` when
    they differ or when there is no claim. Each correction of a claim is a new version.
    """
    summary = month_summary(month, user)
    if not summary.rows:
        raise BusinessError(f"{clock.chinese_month(month)}没有补贴申报，不能生成汇总表。")
    require_sums(month, user, summary.total)
    return OfficialForm(
        title=f"荥阳市{_title(month, '汇总表')}",
        columns=MONTH_COLUMNS,
        sections=[FormSection([_street_row(i, row) for i, row in enumerate(summary.rows, 1)])],
        reporting_unit=settings.OFFICE_NAME if user.sees_city else user.office.name,
        reported_on=clock.today(),
        parts=[("补贴月份", clock.chinese_month(month))],
        capital="补贴金额（元）",
        stated={
            "小区数（个）": summary.estates,
            "楼栋数（栋）": summary.buildings,
            "户数（户）": summary.households,
            "补贴金额（元）": summary.total,
        },
        signatures=MONTH_SIGNATURES,
        notes=_month_notes(summary),
        number=f"BT-{month:%Y-%m}",
        version=sum(row.version - 1 for row in summary.rows) + 1,
        sheet_name="汇总表",
    )


_LINE_VALUES = (
    "estate",
    "estate__community__short_name",
    "estate__name",
    "buildings",
    "households",
    "payee__name",
    "engagement__start_date",
    "rate",
    "months",
    "coefficient",
    "amount",
    "deduction",
    "deduction_reason",
)


def _claim_rows(claim: SubsidyClaim, lines: Any) -> list[list[Any]]:
    rows: list[list[Any]] = []
    seen: set[int] = set()
    for index, values in enumerate(lines.values_list(*_LINE_VALUES), start=1):
        (estate, community, name, buildings, households, payee, start, rate, months,
         coefficient, amount, deduction, reason) = values  # fmt: skip
        # The second part of a month that is split between payees counts its households no more.
        again = estate in seen
        seen.add(estate)
        remarks = [f"扣减 {money(deduction)} 元：{reason}"] if deduction else []
        if again:
            remarks.append("户数见上行，本月分段计算")
        rows.append(
            [
                index,
                community or "",
                name,
                None if again else buildings,
                None if again else households,
                payee,
                start,
                rate,
                months.normalize(),
                "—" if coefficient == 1 else f"系数 {plain_number(coefficient, 1)}",
                amount,
                "；".join(remarks),
            ]
        )
    return rows


def _listed(names: list[str]) -> str:
    text = "、".join(names[:NAMED])
    return f"{text} 等" if len(names) > NAMED else text


def _claim_notes(claim: SubsidyClaim) -> list[str]:
    notes = [f"{claim.number} 第 {claim.version} 版，{claim.get_status_display()}。"]
    if claim.deduction_total:
        notes.append(f"扣减合计 {money(claim.deduction_total)} 元，已从申报金额中减去。")
    left_out = list(
        claim.lines.filter(is_excluded=True)
        .order_by("estate__code")
        .values_list("estate__name", "exclusion_reason")
    )
    if left_out:
        named = _listed([f"{name}（{reason}）" for name, reason in left_out])
        notes.append(f"不列入 {len(left_out)} 个小区：{named}。")
    gaps = list(claim.gaps.order_by("estate__code").values_list("estate__name", flat=True))
    if gaps:
        notes.append(f"未能计算 {len(gaps)} 个小区：{_listed(gaps)}，没有计入。")
    return notes


def claim_form(claim: SubsidyClaim) -> OfficialForm:
    """Return the 申报明细表 of one claim: its lines that count, with the sums of the claim.

    Raises :class:`BusinessError` when the lines in the database do not sum to the claim.
    """
    lines = SubsidyLine.objects.filter(claim=claim).included()
    found = lines.total()
    if found != claim.total:
        raise BusinessError(
            f"合计 {money(claim.total)} 元与明细之和 {money(found)} 元不符，表格没有生成，"
            "请先核对。",
            code="totals_differ",
        )
    return OfficialForm(
        title=f"{claim.street.name}{_title(claim.month, '申报明细表')}",
        columns=CLAIM_COLUMNS,
        sections=[FormSection(_claim_rows(claim, lines.order_by("estate__code", "served_from")))],
        reporting_unit=claim.street.office.name,
        reported_on=clock.today(),
        parts=[("补贴月份", clock.chinese_month(claim.month))],
        capital="申报金额（元）",
        stated={
            "楼栋数": claim.building_count,
            "户数": claim.household_count,
            "申报金额（元）": claim.total,
        },
        signatures=CLAIM_SIGNATURES,
        notes=_claim_notes(claim),
        number=claim.number,
        version=claim.version,
        sheet_name="申报明细表",
    )


# --- The owners' fee ---------------------------------------------------------------------------

FEE_COLUMNS = (
    FormColumn("序号", "ordinal", width=6),
    FormColumn("街道（乡镇）", width=12),
    FormColumn("小区名称", left=True, width=18),
    FormColumn("收费单位", left=True, width=18),
    FormColumn("应收", "integer", group="户数（户）", total=True, width=8),
    FormColumn("实收", "integer", group="户数（户）", total=True, width=8),
    FormColumn("收缴率（户）", "percent", width=9),
    FormColumn("本月应收", "money", group="金额（元）", total=True, width=13),
    FormColumn("本月实收", "money", group="金额（元）", total=True, width=13),
    FormColumn("其中往期", "money", group="金额（元）", total=True, width=12),
    FormColumn("收缴率（金额）", "percent", width=9),
    FormColumn("月末欠费（元）", "money", total=True, width=13),
    FormColumn("备注", left=True, width=14),
)
FEE_SIGNATURES = ("制表人", "复核人", "审核人", "负责人")


def _part(value: Decimal | None) -> Decimal | None:
    """Return a percentage as the sheet's own format wants it."""
    return None if value is None else value / 100


def _fee_row(index: int, fee: FeeCollection) -> list[Any]:
    remarks = []
    if fee.above_verified:
        remarks.append(f"核定 {fee.households_verified} 户")
    if fee.replaces_id:
        remarks.append(f"更正：{fee.reason}")
    return [
        index,
        fee.estate.street.name,
        fee.estate.name,
        fee.provider.label if fee.provider else "",
        fee.households_billed,
        fee.households_paid,
        _part(fee.household_rate),
        fee.amount_billed,
        fee.amount_received,
        fee.amount_recovered,
        _part(fee.collection_rate),
        fen(fee.arrears),
        "；".join(remarks),
    ]


def fee_form(
    rows: Sequence[FeeCollection],
    *,
    sums: FeeSums,
    month: dt.date | None,
    note: str,
    user: Any,
) -> OfficialForm:
    """Return the 收缴情况表 over ``rows`` (with ``arrears``): estates in total, no owner.

    ``sums`` are the database's own; raises :class:`BusinessError` when the rows differ.
    """
    when = clock.chinese_month(month) if month else ""
    rates = f"按户 {_words(sums.household_rate)}，按金额 {_words(sums.collection_rate)}"
    notes = [f"收缴率：{rates}；按金额的收缴率为本月实收除去往期，比本月应收。"]
    if note:
        notes.append(f"筛选：{note}。")
    return OfficialForm(
        title=f"荥阳市{when}老旧小区业主交费收缴情况表",
        columns=FEE_COLUMNS,
        sections=[FormSection([_fee_row(i, row) for i, row in enumerate(rows, 1)])],
        reporting_unit=settings.OFFICE_NAME if user.sees_city else user.office.name,
        reported_on=clock.today(),
        parts=[("交费月份", when)] if when else [],
        stated={
            "应收": sums.households_billed,
            "实收": sums.households_paid,
            "本月应收": sums.amount_billed,
            "本月实收": sums.amount_received,
            "其中往期": sums.amount_recovered,
            "月末欠费（元）": sums.arrears,
        },
        signatures=FEE_SIGNATURES,
        notes=notes,
        number=f"JF-{month:%Y-%m}" if month else "JF",
        sheet_name="收缴情况表",
    )


def _words(rate: Decimal | None) -> str:
    return "—" if rate is None else f"{rate}%"


def form_total(form: OfficialForm) -> Decimal:
    """Return the sum of the form's money column, for its audit entry."""
    return Decimal(form.totals()[form.capital])
