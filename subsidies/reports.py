"""The office's own papers about the subsidy: what stands in them, as page, workbook and PDF."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F

from subsidies.calculations import plain_number
from subsidies.choices import SETTLED, ClaimStatus, PaymentRoute, TransitPlace
from subsidies.models import FeeCollection, PublicNotice, SubsidyClaim, SubsidyLine, SubsidyRate
from subsidies.selectors.fees import FeeSums
from subsidies.selectors.funding import budget_lines, route_of
from subsidies.selectors.payee_accounts import number_of
from subsidies.selectors.payees import PayeeSum, payee_sums
from subsidies.selectors.summary import MonthSummary, StreetMonth, month_summary, require_sums
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.money import capital_yuan, fen, money
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
PAYOUT_COLUMNS = (
    FormColumn("序号", "ordinal"),
    FormColumn("收款单位", left=True),
    FormColumn("开户银行", left=True),
    FormColumn("银行账号", width=26),
    FormColumn("小区数", "integer", total=True, width=8),
    FormColumn("户数", "integer", total=True, width=8),
    FormColumn("金额（元）", "money", total=True),
    FormColumn("领款人/回单号", width=18),
    FormColumn("发放日期", "date", width=12),
    FormColumn("备注", left=True, width=20),
)
BUDGET_COLUMNS = (
    FormColumn("序号", "ordinal"),
    FormColumn("资金来源", left=True),
    FormColumn("拨付路径"),
    FormColumn("年初预算（元）", "money", total=True),
    FormColumn("调整（元）", "money", total=True),
    FormColumn("已审批（元）", "money", total=True),
    FormColumn("已拨付（元）", "money", total=True),
    FormColumn("结余（元）", "money", total=True),
    FormColumn("备注", left=True, width=20),
)
PAYOUT_SIGNATURES = (
    "制表人", "复核人", "科室负责人", "分管领导", "主要领导", "财政部门",
)  # fmt: skip
MONTH_SIGNATURES = ("制表人", "复核人", "科室负责人", "分管领导", "主要领导")
CLAIM_SIGNATURES = ("制表人", "街道负责人", "科室负责人", "分管领导")
NOTHING = Decimal("0.00")
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
    _require_total(claim, lines.total())
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


# --- What the bureau made of a claim -----------------------------------------------------------

CHECKED_COLUMNS = (
    FormColumn("序号", "ordinal", width=5),
    FormColumn("社区", width=9),
    FormColumn("小区名称", left=True, width=15),
    FormColumn("接管单位", left=True, width=16),
    FormColumn("申报户数", "integer", total=True, width=7),
    FormColumn("核减户数", "integer", total=True, width=7),
    FormColumn("核减原因", left=True, width=17),
    FormColumn("核定户数", "integer", total=True, width=7),
    FormColumn("补贴标准（元/户·月）", "decimal", width=9),
    FormColumn("月数", "number", width=5),
    FormColumn("系数", "number", width=5),
    FormColumn("扣减金额（元）", "money", total=True, width=10),
    FormColumn("核定金额（元）", "money", total=True, width=12),
    FormColumn("审核意见", width=9),
)
PAPER_SIGNATURES = ("制表人", "复核人", "审核人", "负责人")

_CHECKED_VALUES = (
    "estate",
    "estate__community__short_name",
    "estate__name",
    "payee__name",
    "households",
    "rate",
    "months",
    "coefficient",
    "deduction",
    "deduction_reason",
    "amount",
    "is_excluded",
    "exclusion_reason",
)


def _checked_rows(lines: Any) -> list[list[Any]]:
    rows: list[list[Any]] = []
    seen: set[int] = set()
    for index, values in enumerate(lines.values_list(*_CHECKED_VALUES), start=1):
        (estate, community, name, payee, households, rate, months, coefficient, deduction,
         deduction_reason, amount, excluded, exclusion_reason) = values  # fmt: skip
        # The second part of a month that is split between payees counts its households no more.
        again = estate in seen
        if not excluded:
            seen.add(estate)
        stated = None if again else households
        why = [exclusion_reason] if excluded else []
        why += [f"扣减：{deduction_reason}"] if deduction and not excluded else []
        why += ["户数见上行，本月分段计算"] if again else []
        rows.append(
            [
                index,
                community or "",
                name,
                payee,
                stated,
                stated if excluded else None if again else 0,
                "；".join(why),
                0 if excluded else stated,
                rate,
                months.normalize(),
                coefficient.normalize(),
                NOTHING if excluded else deduction,
                NOTHING if excluded else amount,
                "不予列入" if excluded else "扣减后列入" if deduction else "同意",
            ]
        )
    return rows


def checked_form(claim: SubsidyClaim) -> OfficialForm:
    """Return the 核定表 of one claim: each line with what was cut, why, and what is granted.

    Raises :class:`BusinessError` when the lines in the database do not sum to the claim.
    """
    lines = SubsidyLine.objects.filter(claim=claim)
    _require_total(claim, lines.total())
    notes = [f"{claim.number} 第 {claim.version} 版，{claim.get_status_display()}。"]
    if not claim.is_settled:
        notes.append("申报尚未审批，本表仅供核对。")
    return OfficialForm(
        title=f"{claim.street.name}{_title(claim.month, '核定表')}",
        columns=CHECKED_COLUMNS,
        sections=[FormSection(_checked_rows(lines.order_by("estate__code", "served_from")))],
        reporting_unit=settings.OFFICE_NAME,
        reported_on=clock.today(),
        parts=[("补贴月份", clock.chinese_month(claim.month))],
        capital="核定金额（元）",
        stated={
            "核定户数": claim.household_count,
            "扣减金额（元）": claim.deduction_total,
            "核定金额（元）": claim.total,
        },
        signatures=PAPER_SIGNATURES,
        notes=notes,
        number=f"{claim.number}-H",
        version=claim.version,
        sheet_name="核定表",
    )


# --- What is hung out --------------------------------------------------------------------------

NOTICE_COLUMNS = (
    FormColumn("序号", "ordinal", width=7),
    FormColumn("街道（乡镇）", width=16),
    FormColumn("小区名称", left=True, width=28),
    FormColumn("户数（户）", "integer", total=True, width=12),
    FormColumn("接管单位", left=True, width=34),
    FormColumn("期间", width=16),
    FormColumn("金额（元）", "money", total=True, width=16),
)
# What the bureau has checked may be hung out; a draft may still change under it.
SHOWN_STATES = (ClaimStatus.CHECKED, ClaimStatus.APPROVED, ClaimStatus.PAID)


def _shown_claims(month: dt.date, user: Any, states: Sequence[str]) -> list[SubsidyClaim]:
    return list(
        SubsidyClaim.objects.visible_to(user)
        .of_month(month)
        .filter(status__in=states)
        .select_related("street")
        .order_by("street__code")
    )


def _notice_sections(claims: Sequence[SubsidyClaim]) -> list[FormSection]:
    """Return a section for each street with its 小计; estates alone, no account and no person."""
    month = clock.chinese_month(claims[0].month)
    lines: dict[int, list[Any]] = {claim.pk: [] for claim in claims}
    for values in (
        SubsidyLine.objects.filter(claim__in=claims)
        .included()
        .order_by("claim__street__code", "estate__code", "served_from")
        .values_list("claim", "estate", "estate__name", "households", "payee__name", "amount")
    ):
        lines[values[0]].append(values[1:])
    sections, index = [], 0
    for claim in claims:
        rows, seen = [], set()
        for estate, name, households, payee, amount in lines[claim.pk]:
            index += 1
            counted = None if estate in seen else households
            seen.add(estate)
            rows.append([index, claim.street.name, name, counted, payee, month, amount])
        _require_total(claim, sum((row[-1] for row in rows), NOTHING))
        sections.append(FormSection(rows, f"{claim.street.name}小计" if len(claims) > 1 else ""))
    return sections


def _notices(claims: Sequence[SubsidyClaim]) -> list[PublicNotice]:
    """Return the notices of the versions that stand, in the order of their first days."""
    return list(
        PublicNotice.objects.filter(claim__in=claims, version=F("claim__version"))
        .with_objections()
        .order_by("starts_on")
    )


def _notice_days(claims: Sequence[SubsidyClaim]) -> str:
    """Return from when to when the claims are on public notice, nothing while one is not."""
    notices = _notices(claims)
    if len(notices) < len(claims):
        return ""
    first = clock.chinese_date(notices[0].starts_on)
    return f"{first}至{clock.chinese_date(max(notice.ends_on for notice in notices))}"


def notice_form(month: dt.date, user: Any) -> OfficialForm:
    """Return the 公示表 of ``month`` over the claims that the bureau has checked.

    Its sums are held against claims and lines; raises :class:`BusinessError` when they differ or
    when nothing has been checked. It names estates and their service, no account and no person.
    """
    claims = _shown_claims(month, user, SHOWN_STATES)
    if not claims:
        raise BusinessError(
            f"{clock.chinese_month(month)}还没有复核通过的申报，不能生成公示表。", code="nothing"
        )
    phone = f"，电话 {settings.OFFICE_PHONE}" if settings.OFFICE_PHONE else ""
    days = _notice_days(claims)
    return OfficialForm(
        title=f"荥阳市{_title(month, '公示表')}",
        columns=NOTICE_COLUMNS,
        sections=_notice_sections(claims),
        reporting_unit=settings.OFFICE_NAME if user.sees_city else user.office.name,
        reported_on=clock.today(),
        parts=[("公示时间", days or "发布公示后填写")],
        capital="金额（元）",
        stated={
            "户数（户）": sum(claim.household_count for claim in claims),
            "金额（元）": sum((claim.total for claim in claims), NOTHING),
        },
        signatures=PAPER_SIGNATURES,
        notes=[
            f"对公示内容有异议的，请在公示期内向{settings.OFFICE_NAME}反映{phone}。",
            "申报版次：" + "；".join(f"{c.number} 第 {c.version} 版" for c in claims) + "。",
        ],
        number=f"GS-{month:%Y-%m}",
        version=sum(claim.version - 1 for claim in claims) + 1,
        sheet_name="公示表",
    )


# --- What is asked of the finance bureau -------------------------------------------------------


@dataclass(frozen=True)
class PaymentRequest:
    """The 拨款请示 of a month: its text, its table by street, its sum in yuan."""

    month: dt.date
    title: str
    addressee: str
    paragraphs: Sequence[str]
    rows: Sequence[Sequence[Any]]
    total: Decimal
    number: str
    version: int


def payment_request(month: dt.date, user: Any) -> PaymentRequest:
    """Return the 请示 to the finance bureau over the approved claims of ``month``.

    The sum is held against the lines in the database; raises :class:`BusinessError` when it
    differs or when no claim is approved.
    """
    when = clock.chinese_month(month)
    claims = _shown_claims(month, user, SETTLED)
    if not claims:
        raise BusinessError(f"{when}还没有审批的申报，不能拟拨款请示。", code="nothing")
    lines = SubsidyLine.objects.filter(claim__in=claims)
    total = sum((claim.total for claim in claims), NOTHING)
    found = lines.total()
    if found != total:
        raise _differ(total, found)
    households = sum(claim.household_count for claim in claims)
    estates = sum(claim.estate_count for claim in claims)
    rates = lines.included().order_by("rate").values_list("rate_record", flat=True).distinct()
    bases = SubsidyRate.objects.filter(pk__in=rates).order_by("effective_from")
    basis = "、".join(
        f"《{rate.document_title}》"
        + (f"（{rate.document_number}）" if rate.document_number else "")
        for rate in bases
    )
    standard = "、".join(f"{rate.amount:.2f}" for rate in bases)
    return PaymentRequest(
        month=month,
        title=f"关于拨付{when}老旧小区物业管理补贴资金的请示",
        addressee="荥阳市财政局",
        paragraphs=[
            f"根据{basis}，对纳入物业服务的老旧小区按每户每月 {standard} 元给予补贴。",
            f"{when}，{len(claims)} 个街道（乡镇）申报，经街道审核、我中心复核和审批，"
            f"共核定老旧小区 {estates:,} 个、{households:,} 户，补贴资金 {money(total)} 元"
            f"（大写：{capital_yuan(total)}）。各街道（乡镇）金额见附件。",
            *_notice_sentence(claims),
            f"现申请拨付上述补贴资金，{_way(claims)}。",
            "妥否，请批示。",
        ],
        rows=[
            [i, c.street.name, c.estate_count, c.building_count, c.household_count, c.total]
            for i, c in enumerate(claims, 1)
        ],
        total=total,
        number=f"QS-{month:%Y-%m}",
        version=sum(claim.version - 1 for claim in claims) + 1,
    )


def _document(rate: SubsidyRate) -> str:
    number = f"（{rate.document_number}）" if rate.document_number else ""
    return f"《{rate.document_title}》{number}"


def _way(claims: Sequence[SubsidyClaim]) -> str:
    """Say which way the money goes, as the sources of the claims have it."""
    through = [claim.street.name for claim in claims if route_of(claim) == PaymentRoute.STREET]
    direct = "由国库集中支付至各收款单位账户"
    if not through:
        return direct
    if len(through) == len(claims):
        return "由国库集中支付至各街道（乡镇），再由街道（乡镇）拨付各收款单位"
    return f"{'、'.join(through)}的经街道（乡镇）转拨，其余{direct}"


def _notice_sentence(claims: Sequence[SubsidyClaim]) -> list[str]:
    """Return what came of the public notice, in one sentence; none where it was not held."""
    days = _notice_days(claims)
    if not days:
        return []
    objected = sum(notice.objected for notice in _notices(claims))
    came = f"收到异议 {objected} 件，均已办结" if objected else "没有收到异议"
    return [f"上述金额于{days}进行了公示，{came}。"]


def _differ(stated: Decimal, found: Decimal) -> BusinessError:
    return BusinessError(
        f"合计 {money(stated)} 元与明细之和 {money(found)} 元不符，表格没有生成，请先核对。",
        code="totals_differ",
    )


def _require_total(claim: SubsidyClaim, found: Decimal) -> None:
    if found != claim.total:
        raise _differ(claim.total, found)


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


def _payout_row(index: int, payee: PayeeSum) -> list[Any]:
    account = payee.account
    remark = ""
    if account is None:
        remark = "没有已确认的收款账户"
    elif payee.account_changed:
        remark = "账户在审批后有变，请核对"
    elif payee.place == TransitPlace.RETURNED:
        remark = "银行退回，待重新拨付"
    return [
        index,
        payee.name,
        account.bank if account else "",
        number_of(account) if account else "",
        payee.estates,
        payee.households,
        payee.amount,
        payee.voucher_number,
        payee.paid_on,
        remark,
    ]


def payout_form(claim: SubsidyClaim) -> OfficialForm:
    """Return the 发放表 of an approved claim with the whole account numbers: for finance alone.

    Raises :class:`BusinessError` before the approval, and when the payees' sums are not the
    claim's.
    """
    if not claim.is_settled:
        raise BusinessError("审批以后才能出发放表。", code="not_settled")
    payees = [payee for payee in payee_sums(claim) if payee.amount]
    if sum((payee.amount for payee in payees), Decimal(0)) != claim.total:
        raise BusinessError(
            "各收款单位之和与申报金额不符，表格没有生成，请先核对。", code="totals_differ"
        )
    return OfficialForm(
        title=f"{claim.street.name}{_title(claim.month, '发放表')}",
        columns=PAYOUT_COLUMNS,
        sections=[FormSection([_payout_row(i, row) for i, row in enumerate(payees, 1)])],
        reporting_unit=settings.OFFICE_NAME,
        reported_on=clock.today(),
        parts=[("补贴月份", clock.chinese_month(claim.month))],
        capital="金额（元）",
        stated={"金额（元）": claim.total},
        signatures=PAYOUT_SIGNATURES,
        notes=[
            f"{claim.number} 第 {claim.version} 版。",
            "本表有完整银行账号，只供财务支付，不得公示。",
        ],
        number=claim.number,
        version=claim.version,
        sheet_name="发放表",
    )


def budget_form(year: int) -> OfficialForm:
    """Return the 年度预算执行表 of ``year``: a row for each source."""
    lines = budget_lines(year)
    if not lines:
        raise BusinessError(f"{year}年没有预算，也没有已审批的申报，不能生成执行表。")
    rows: list[list[Any]] = [
        [
            index,
            line.source.name,
            line.source.get_route_display(),
            line.initial,
            line.adjusted,
            line.used,
            line.paid,
            line.left,
            "超出预算" if line.is_overdrawn and line.entries else "",
        ]
        for index, line in enumerate(lines, 1)
    ]
    return OfficialForm(
        title=f"荥阳市{year}年老旧小区物业管理补贴预算执行表",
        columns=BUDGET_COLUMNS,
        sections=[FormSection(rows)],
        reporting_unit=settings.OFFICE_NAME,
        reported_on=clock.today(),
        parts=[("年度", f"{year}年")],
        capital="已审批（元）",
        stated={"已审批（元）": sum((line.used for line in lines), Decimal(0))},
        signatures=MONTH_SIGNATURES,
        notes=["按补贴所属月份归年。已拨付不含银行退回的。"],
        number=f"YS-{year}",
        version=1,
        sheet_name="预算执行表",
    )


def form_total(form: OfficialForm) -> Decimal:
    """Return the sum of the form's money column, for its audit entry."""
    return Decimal(form.totals()[form.capital])
