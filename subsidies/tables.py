"""Columns of claims, lines, gaps, payments, rates, owners' fees and income."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import FloatField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, NullIf
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from xingyang_pm.common import clock
from xingyang_pm.common.formats import moment_label, number
from xingyang_pm.common.money import fen
from xingyang_pm.common.tables import Column, Pill, RowLink, Table

from .calculations import plain_number
from .choices import (
    CLAIM_OPENERS,
    OBJECTION_ANSWERERS,
    AccountStatus,
    ClaimStatus,
    GapReason,
    TransitPlace,
)
from .models import ClaimGap, PayeeAccount, SubsidyClaim, SubsidyLine
from .selectors.transit import transit_of

STATUS_TONES = {
    ClaimStatus.DRAFT: "",
    ClaimStatus.SUBMITTED: "a",
    ClaimStatus.REVIEWED: "a",
    ClaimStatus.CHECKED: "a",
    ClaimStatus.APPROVED: "b",
    ClaimStatus.PAID: "g",
    ClaimStatus.VOID: "",
}
_INCLUDED = Q(is_excluded=False)
_STANDING = ~Q(status=ClaimStatus.VOID)


def status_pill(claim: SubsidyClaim) -> Pill:
    return Pill(claim.get_status_display(), STATUS_TONES[ClaimStatus(claim.status)])


def _came(claim: Any) -> str:
    return moment_label(claim.last_act_at or claim.opened_at)


class ClaimTable(Table):
    columns = [
        Column("number", "申报编号", sort="number", css="tnum mut sm nowrap wide"),
        Column(
            "street",
            "街道（乡镇）",
            value="street__name",
            sort="street__code",
            link="subsidies:claim-detail",
            css="nm nowrap",
        ),
        Column("month", "月份", kind="month", sort="month", css="nowrap"),
        Column(
            "status",
            "状态",
            value=lambda claim: claim.get_status_display(),
            pill=status_pill,
            sort="status",
        ),
        Column(
            "estates", "小区", kind="integer", value="estate_count", sort="estate_count",
        ),
        Column("buildings", "楼栋", kind="integer", value="building_count"),
        Column(
            "households", "户数", kind="integer", value="household_count", sort="household_count",
        ),
        Column(
            "deduction", "扣减", kind="money", value=lambda claim: -claim.deduction_total,
            total=Sum("deduction_total", filter=_STANDING) * -1, dash_zero=True, unit="元",
        ),
        Column(
            "total", "金额", kind="money", sort="total",
            total=Sum("total", filter=_STANDING), unit="元",
        ),
        Column(
            "gaps", "未能计算", kind="integer", value="gap_count", dash_zero=True, hidden=True
        ),
        Column("version", "版次", kind="integer", hidden=True),
        Column("came", "最近办理", value=_came, css="tnum nowrap sec sm"),
    ]  # fmt: skip
    default_sort = "-month"
    sum_row = True


def _amount(line: SubsidyLine) -> SafeString:
    if line.is_excluded:
        return format_html('<span class="mut">{}</span>', "不列入")
    return format_html("<b>{}</b>", number(line.amount, 2))


class LineTable(Table):
    """The lines of one claim; each opens its explanation."""

    columns = [
        Column(
            "estate",
            "小区名称",
            value="estate__name",
            sort="estate__code",
            link=RowLink("estates:estate-detail", "estate_id"),
            css="clip nm",
        ),
        Column("community", "社区", value="estate__community__short_name", css="sec nowrap"),
        Column(
            "buildings", "栋数", kind="integer", sort="buildings",
            total=Sum("buildings", filter=_INCLUDED),
        ),
        Column(
            "households", "户数", kind="integer", sort="households",
            total=Sum("households", filter=_INCLUDED),
        ),
        Column("payee", "接管单位", value=lambda line: line.payee.label, css="sec clip pv"),
        Column(
            "months", "月数", value=lambda line: plain_number(line.months), num=True
        ),
        Column(
            "coefficient", "系数", value=lambda line: plain_number(line.coefficient, 1), num=True
        ),
        Column(
            "deduction", "扣减", kind="money", value=lambda line: -line.deduction,
            sort="deduction", total=Sum("deduction", filter=_INCLUDED) * -1, dash_zero=True,
            unit="元",
        ),
        Column(
            "amount", "金额", kind="money", value=_amount, sort="amount",
            total=Sum("amount", filter=_INCLUDED), unit="元",
        ),
    ]  # fmt: skip
    default_sort = "estate"
    sum_row = True
    expand = "subsidies:line-detail"
    css = "dense cards"
    caption = "申报明细"

    def row_css(self, line: SubsidyLine) -> str:
        return "off" if line.is_excluded else ""

    def row_title(self, line: SubsidyLine) -> str:
        return line.estate.name


class LineListTable(Table):
    """Lines of all claims and months."""

    columns = [
        Column(
            "estate", "小区名称", value="estate__name", sort="estate__code",
            link="subsidies:line-detail", css="clip nm",
        ),
        Column("street", "街道（乡镇）", value="claim__street__name", css="sec nowrap"),
        Column("month", "月份", kind="month", sort="month", css="nowrap"),
        Column("payee", "接管单位", value=lambda line: line.payee.label, css="sec clip pv"),
        Column("households", "户数", kind="integer", sort="households"),
        Column("rate", "标准", kind="money", unit="元/户·月", hidden=True),
        Column(
            "deduction", "扣减", kind="money", value=lambda line: -line.deduction,
            sort="deduction", total=Sum("deduction") * -1, dash_zero=True, unit="元",
        ),
        Column("amount", "金额", kind="money", sort="amount", total="amount", unit="元"),
        Column(
            "status", "状态", value=lambda line: line.claim.get_status_display(),
            pill=lambda line: status_pill(line.claim),
        ),
    ]  # fmt: skip
    default_sort = "-month"
    sum_row = True

    def prepare(self, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
        return super().prepare(rows, columns).select_related("claim", "payee")


class EstateLineTable(Table):
    """What one estate was paid, the newest month first."""

    columns = [
        Column(
            "month", "月份", kind="month", sort="month", link="subsidies:line-detail",
            css="nm nowrap",
        ),
        Column("households", "户数", kind="integer"),
        Column("rate", "标准", kind="money", unit="元/户·月"),
        Column("months", "月数", value=lambda line: plain_number(line.months), num=True),
        Column("payee", "接管单位", value=lambda line: line.payee.label, css="sec clip pv"),
        Column(
            "deduction", "扣减", kind="money", value=lambda line: -line.deduction,
            dash_zero=True, unit="元",
        ),
        Column("amount", "金额", kind="money", value=_amount, unit="元"),
        Column(
            "status",
            "状态",
            value=lambda line: line.claim.get_status_display(),
            pill=lambda line: status_pill(line.claim),
        ),
    ]  # fmt: skip
    default_sort = "-month"
    expand = "subsidies:line-detail"

    def row_title(self, line: SubsidyLine) -> str:
        return f"{line.month.year}年{line.month.month}月"


def _remedy(gap: ClaimGap) -> SafeString | str:
    """Return the link to what puts the gap right: a count to enter, a contract to look at."""
    if gap.reason == GapReason.NO_COUNT:
        url, word = reverse("estates:count-create", args=[gap.estate_id]), "录入户数"
    else:
        url = f"{reverse('estates:estate-detail', args=[gap.estate_id])}?tab=engagements"
        word = "看合同"
    return format_html('<a href="{}">{}</a>', url, word)


class GapTable(Table):
    columns = [
        Column(
            "estate",
            "小区名称",
            value="estate__name",
            sort="estate__code",
            link=RowLink("estates:estate-detail", "estate_id"),
            css="clip nm",
        ),
        Column("street", "街道（乡镇）", value="estate__street__name", css="sec nowrap"),
        Column("community", "社区", value="estate__community__short_name", css="sec nowrap"),
        Column(
            "month",
            "月份",
            value="claim__month",
            kind="month",
            sort="claim__month",
            link=RowLink("subsidies:claim-detail", "claim_id"),
            css="nowrap",
        ),
        Column(
            "reason",
            "原因",
            value=lambda gap: gap.get_reason_display(),
            pill=lambda gap: Pill(gap.get_reason_display(), "a"),
            sort="reason",
        ),
        Column("detail", "说明", css="wrap wide"),
        Column(
            "remedy",
            "去处理",
            value=_remedy,
            export=False,
            only=lambda user: not user.role_codes.isdisjoint(CLAIM_OPENERS),
            css="nowrap",
        ),
    ]
    default_sort = "-month"


ACCOUNT_TONES = {
    AccountStatus.ENTERED: "a",
    AccountStatus.CONFIRMED: "g",
    AccountStatus.REJECTED: "",
}


def account_pill(account: PayeeAccount) -> Pill:
    return Pill(account.get_status_display(), ACCOUNT_TONES[AccountStatus(account.status)])


class AccountTable(Table):
    """Accounts of the payees by their last digits; a whole number is in no list."""

    columns = [
        Column(
            "provider",
            "收款单位",
            value="provider__name",
            sort="provider__code",
            link="subsidies:account-detail",
            css="clip nm",
        ),
        Column("holder", "户名", css="sec clip", hidden=True),
        Column("bank", "开户银行", sort="bank", css="sec clip"),
        Column("tail", "尾号", css="tnum nowrap"),
        Column("effective_from", "启用日期", kind="date", sort="effective_from", css="nowrap"),
        Column(
            "status", "状态", value=lambda row: row.get_status_display(), pill=account_pill,
            sort="status",
        ),
        Column("entered_by", "登记人", value="entered_by__name", css="sec nowrap"),
        Column("decided_by", "确认人", value="decided_by__name", css="sec nowrap"),
        Column("basis", "依据材料", css="wrap wide", hidden=True),
    ]  # fmt: skip
    default_sort = "-effective_from"


class ProviderAccountTable(AccountTable):
    """The accounts of one provider: whose they are stands above them."""

    columns = [
        Column(
            "bank",
            "开户银行",
            sort="bank",
            link="subsidies:account-detail",
            css="clip nm",
        ),
        *(
            column
            for column in AccountTable.columns
            if column.name not in {"provider", "bank", "holder"}
        ),
    ]


PLACE_TONES = {
    TransitPlace.TREASURY: "b",
    TransitPlace.STREET: "a",
    TransitPlace.RETURNED: "a",
    TransitPlace.REPLACED: "",
    TransitPlace.ARRIVED: "g",
}


def place_pill(payment: Any) -> Pill:
    """Where the money is; red alone when it is overdue."""
    way = transit_of(payment)
    return Pill(str(way.place.label), "r" if way.is_overdue else PLACE_TONES[way.place])


def result_pill(payment: Any) -> Pill | None:
    if payment.failed_on:
        return Pill("退回", "a")
    return Pill("成功", "g") if payment.succeeded_on else None


class PaymentTable(Table):
    """Payments with their way; the rows are those of :meth:`PaymentQuerySet.with_transit`."""

    columns = [
        Column(
            "paid_on", "拨付日期", kind="date", sort="paid_on", link="subsidies:payment-detail",
            css="nowrap",
        ),
        Column(
            "payee",
            "收款单位",
            value="payee__name",
            sort="payee__code",
            link=RowLink("enterprises:provider-detail", "payee_id"),
            css="clip nm",
        ),
        Column("street", "街道（乡镇）", value="claim__street__name", css="sec nowrap"),
        Column(
            "month",
            "补贴月份",
            value="claim__month",
            kind="month",
            sort="claim__month",
            link=RowLink("subsidies:claim-detail", "claim_id"),
            css="nowrap",
        ),
        Column("amount", "金额", kind="money", sort="amount", total="amount", unit="元"),
        Column("place", "在何处", value=lambda row: place_pill(row).text, pill=place_pill),
        Column(
            "days", "在途", kind="integer", value=lambda row: transit_of(row).days, unit="天",
            sort="paid_on",
        ),
        Column(
            "treasury", "其中财政", kind="integer", unit="天", hidden=True,
            value=lambda row: transit_of(row).treasury,
        ),
        Column(
            "at_street", "其中街道", kind="integer", unit="天", hidden=True,
            value=lambda row: transit_of(row).street,
        ),
        Column("result", "银行结果", pill=result_pill, css="nowrap"),
        Column(
            "received", "已到账", kind="money", unit="元", dash_zero=True, hidden=True,
            value=lambda row: fen(row.received),
        ),
        Column(
            "received_on", "到账日期", kind="date", value=lambda row: row.received_on,
            css="nowrap", hidden=True,
        ),
        Column("reason", "滞留原因", value=lambda row: row.last_reason, css="wrap wide"),
        Column("voucher_number", "支付凭证号", css="tnum nowrap"),
        Column(
            "account", "收款账户", value=lambda row: row.account.label if row.account else "",
            css="sec wrap", hidden=True,
        ),
        Column("attempt", "第几次", kind="integer", hidden=True),
        Column("recorded_by", "登记人", value="recorded_by__name", css="sec nowrap", hidden=True),
        Column("recorded_at", "登记时间", kind="datetime", sort="recorded_at", hidden=True),
    ]  # fmt: skip
    default_sort = "-paid_on"
    sum_row = True


class ProviderPaymentTable(PaymentTable):
    """The payments of one provider: who is paid stands above it."""

    columns = [column for column in PaymentTable.columns if column.name not in {"payee", "account"}]
    sum_row = False


def _rate_tone(row: Any) -> str:
    """Red below the rate that the office has set."""
    rate = row.collection_rate
    return "t-red" if rate is not None and rate < settings.FEE_LOW_PERCENT else ""


def _rate_pill(row: Any) -> Pill | None:
    if _rate_tone(row):
        return Pill("收缴率偏低", "r")
    return Pill("多于核定户数", "a") if row.above_verified else None


_RATE_TOTAL = (
    Cast(Sum("amount_received") - Sum("amount_recovered"), FloatField())
    * Value(100.0)
    / NullIf(Cast(Sum("amount_billed"), FloatField()), Value(0.0))
)
_HOUSEHOLD_TOTAL = (
    Cast(Sum("households_paid"), FloatField())
    * Value(100.0)
    / NullIf(Cast(Sum("households_billed"), FloatField()), Value(0.0))
)


class FeeTable(Table):
    columns = [
        Column(
            "estate",
            "小区名称",
            value="estate__name",
            sort="estate__code",
            link="subsidies:fee-detail",
            css="clip nm",
        ),
        Column(
            "street", "街道（乡镇）", value="estate__street__name",
            sort="estate__street__code", css="sec nowrap",
        ),
        Column("month", "月份", kind="month", sort="month", css="nowrap", hidden=True),
        Column(
            "provider", "收费单位",
            value=lambda row: row.provider.label if row.provider else None,
            css="sec clip pv", hidden=True,
        ),
        Column(
            "households_billed", "应收户", kind="integer", sort="households_billed",
            total="households_billed",
        ),
        Column(
            "households_paid", "实收户", kind="integer", sort="households_paid",
            total="households_paid",
        ),
        Column(
            "household_rate", "按户", kind="percent", value=lambda row: row.household_rate,
            total=_HOUSEHOLD_TOTAL,
        ),
        Column(
            "amount_billed", "本月应收", kind="money", sort="amount_billed",
            total="amount_billed", unit="元",
        ),
        Column(
            "amount_received", "本月实收", kind="money", sort="amount_received",
            total="amount_received", unit="元",
        ),
        Column(
            "amount_recovered", "其中往期", kind="money", total="amount_recovered",
            dash_zero=True, unit="元",
        ),
        Column(
            "rate", "收缴率", kind="percent", value=lambda row: row.collection_rate, sort="rate",
            tone=_rate_tone, total=_RATE_TOTAL,
        ),
        Column(
            "arrears", "月末欠费", kind="money", sort="arrears", total="arrears",
            dash_zero=True, unit="元",
        ),
        Column("note", "说明", pill=_rate_pill, css="nowrap"),
        Column("entered_by", "填报人", value="entered_by__name", css="sec nowrap", hidden=True),
        Column("entered_at", "确认时间", kind="datetime", hidden=True),
    ]  # fmt: skip
    default_sort = "estate"
    sum_row = True

    def prepare(self, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
        return (
            super()
            .prepare(rows, columns)
            .select_related("estate__street", "provider", "entered_by")
        )


class EstateFeeTable(FeeTable):
    """The months of one estate: which estate stands above."""

    columns = [
        Column(
            "month", "月份", kind="month", sort="month", link="subsidies:fee-detail",
            css="nm nowrap",
        ),
        *(
            column
            for column in FeeTable.columns
            if column.name
            not in {"estate", "street", "month", "provider", "entered_by", "entered_at"}
        ),
    ]  # fmt: skip
    default_sort = "-month"
    sum_row = False


class StreetEntryTable(Table):
    """How far each street is with the month."""

    columns = [
        Column("name", "街道（乡镇）", css="nm nowrap"),
        Column("estates", "在管小区", kind="integer", total="estates"),
        Column("entered", "已填报", kind="integer", total="entered"),
        Column("left", "未填报", kind="integer", total="left", dash_zero=True),
        Column(
            "state", "情况",
            pill=lambda row: Pill("没有填完", "a") if row.left else Pill("已填完", "g"),
        ),
    ]  # fmt: skip
    sum_row = True


class FeeStandardTable(Table):
    columns = [
        Column(
            "effective_from", "执行月份", kind="month", sort="effective_from",
            link="subsidies:fee-standard-detail", css="nm nowrap",
        ),
        Column(
            "estate", "适用小区",
            value=lambda row: row.estate.name if row.estate else "全部老旧小区", css="clip",
        ),
        Column("amount", "标准", kind="money", unit="元/户·月", sort="amount"),
        Column("document_title", "依据文件", css="wrap wide"),
        Column("document_number", "文号", css="nowrap"),
        Column("created_by", "登记人", value="created_by__name", css="sec nowrap"),
        Column("created_at", "登记时间", kind="date", sort="created_at"),
    ]  # fmt: skip
    default_sort = "-effective_from"

    def prepare(self, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
        return super().prepare(rows, columns).select_related("estate")


class MoneyTable(Table):
    """Approved money by month, street or payee; each row leads to its lines."""

    columns = [
        Column("name", "名称", css="nm clip"),
        Column("estates", "小区", kind="integer"),
        Column("lines", "明细", kind="integer", total="lines", unit="行"),
        Column(
            "total", "金额", kind="money", total="total", unit="元",
            link=lambda row: row.url or None,
        ),
        Column("share", "占比", kind="percent"),
    ]  # fmt: skip
    sum_row = True


class CoverageTable(Table):
    columns = [
        Column("month", "月份", kind="month", css="nm nowrap"),
        Column(
            "served", "在管老旧小区", kind="integer",
            link=lambda row: f"{reverse('estates:estate-list')}?kind=old",
        ),
        Column("estates", "全部老旧小区", kind="integer"),
        Column("rate", "覆盖率", kind="percent"),
        Column(
            "households", "核定户数", kind="integer",
            link=lambda row: f"{reverse('estates:count-list')}?kind=old&status=verified",
        ),
    ]  # fmt: skip


class CostTable(Table):
    """What a household costs a month: owner and city together."""

    columns = [
        Column("name", "月份", css="nm nowrap", link=lambda row: row.url or None),
        Column("household_months", "户数", kind="integer"),
        Column(
            "fee", "业主交费", kind="money", unit="元", link=lambda row: row.fee_url or None
        ),
        Column(
            "subsidy", "财政补贴", kind="money", unit="元",
            link=lambda row: row.subsidy_url or None,
        ),
        Column("per_household", "每户", kind="money", unit="元"),
        Column(
            "note", "说明", value="note", css="nowrap",
            pill=lambda row: Pill(row.note, "a") if row.note else None,
        ),
    ]  # fmt: skip


class ClaimPlaceTable(Table):
    columns = [
        Column(
            "claim", "申报", value=lambda row: f"{row.claim.street.name} "
            f"{row.claim.month.year}年{row.claim.month.month}月", css="nm nowrap",
            link=lambda row: row.claim.get_absolute_url(),
        ),
        Column(
            "stage", "现在", value=lambda row: row.stage,
            pill=lambda row: status_pill(row.claim),
        ),
        Column("days", "已在此", kind="integer", unit="天"),
        Column("total", "金额", kind="money", value=lambda row: row.claim.total, unit="元"),
    ]  # fmt: skip


class StageDaysTable(Table):
    columns = [
        Column("label", "环节", css="nm nowrap", link=lambda row: row.url or None),
        Column("passed", "办过", kind="integer", unit="份"),
        Column("average", "平均", kind="decimal", places=1, unit="天"),
        Column("longest", "最长", kind="integer", unit="天"),
        Column("returned", "退回", kind="integer", dash_zero=True, unit="次"),
    ]  # fmt: skip


class IncomeTable(Table):
    """What the service of estates lives on: the owners' fee and the subsidy."""

    columns = [
        Column("name", "名称", sort="name", link=lambda row: row.url or None, css="clip nm"),
        Column("street", "街道（乡镇）", css="sec nowrap"),
        Column("estates", "小区", kind="integer", sort="estates", total="estates"),
        Column("households", "户数", kind="integer", sort="households", total="households"),
        Column(
            "fee", "业主交费", kind="money", sort="fee", total="fee", unit="元",
            link=lambda row: row.fee_url or None,
        ),
        Column(
            "subsidy", "财政补贴", kind="money", sort="subsidy", total="subsidy", unit="元",
            link=lambda row: row.subsidy_url or None,
        ),
        Column("total", "合计", kind="money", sort="total", total="total", unit="元"),
        Column("fee_share", "交费占比", kind="percent", sort="fee_share"),
        Column("per_household", "每户每月", kind="money", sort="per_household", unit="元"),
    ]  # fmt: skip
    default_sort = "-total"


class ReceiptTable(Table):
    """What a payee has confirmed of one payment."""

    columns = [
        Column("received_on", "到账日期", kind="date", css="nowrap"),
        Column("amount", "到账金额", kind="money", unit="元"),
        Column("receipt_number", "回执号", css="tnum nowrap"),
        Column(
            "scan", "扫描件", value="scan_name", link="subsidies:receipt-scan", export=False,
            css="clip",
        ),
        Column("recorded_by", "登记人", value="recorded_by__name", css="sec nowrap"),
        Column("recorded_at", "登记时间", kind="datetime", css="nowrap"),
    ]  # fmt: skip
    default_sort = "pk"


class ReasonTable(Table):
    """Why a payment has not arrived, the newest first."""

    columns = [
        Column("recorded_at", "时间", kind="datetime", css="nowrap"),
        Column("place", "在何处", css="nowrap"),
        Column("reason", "滞留原因", css="wrap wide"),
        Column("expected_on", "预计到账", kind="date", css="nowrap"),
        Column("recorded_by", "登记人", value="recorded_by__name", css="sec nowrap"),
    ]
    default_sort = "-pk"


class FundingTable(Table):
    columns = [
        Column("name", "名称", sort="name", link="subsidies:funding-detail", css="nm"),
        Column("route", "拨付路径", sort="route", css="nowrap"),
        Column("default_from", "默认起始月份", kind="month", sort="default_from", css="nowrap"),
        Column("document_title", "依据文件", css="wrap wide"),
        Column("document_number", "文号", css="nowrap"),
        Column("created_by", "登记人", value="created_by__name", css="sec nowrap"),
    ]
    default_sort = "name"


class BudgetTable(Table):
    """Every entry of every budget, as its document says it."""

    columns = [
        Column("year", "年度", sort="year", num=True),
        Column(
            "source",
            "资金来源",
            value="source__name",
            sort="source__name",
            link=RowLink("subsidies:funding-detail", "source_id"),
            css="nm",
        ),
        Column("kind", "类别", sort="kind", css="nowrap"),
        Column("amount", "金额", kind="money", sort="amount", total="amount", unit="元"),
        Column("reason", "调整原因", css="wrap wide"),
        Column("document_title", "依据文件", link="subsidies:budget-document", css="wrap wide"),
        Column("document_number", "文号", css="nowrap"),
        Column("recorded_by", "登记人", value="recorded_by__name", css="sec nowrap"),
        Column("recorded_at", "登记时间", kind="date", sort="recorded_at", css="nowrap"),
    ]
    default_sort = "-year"
    sum_row = True


class RateTable(Table):
    columns = [
        Column(
            "effective_from",
            "执行月份",
            kind="month",
            sort="effective_from",
            link="subsidies:rate-detail",
            css="nm nowrap",
        ),
        Column("amount", "标准", kind="money", unit="元/户·月", sort="amount"),
        Column("month_rule", "月数规则"),
        Column("document_title", "依据文件", css="wrap wide"),
        Column("document_number", "文号", css="nowrap"),
        Column("created_by", "登记人", value="created_by__name", css="sec nowrap"),
        Column("created_at", "登记时间", kind="date", sort="created_at"),
    ]
    default_sort = "-effective_from"


class SchemeTable(Table):
    columns = [
        Column(
            "effective_from",
            "执行月份",
            kind="month",
            sort="effective_from",
            link="subsidies:scheme-detail",
            css="nm nowrap",
        ),
        Column("notice_days", "公示工作日", kind="integer"),
        Column("document_title", "依据文件", css="wrap wide"),
        Column("document_number", "文号", css="nowrap"),
        Column("created_by", "登记人", value="created_by__name", css="sec nowrap"),
        Column("created_at", "登记时间", kind="date", sort="created_at"),
    ]


def notice_pill(notice: Any) -> Pill:
    """How a notice stands: running, over, or of a version that was sent back."""
    if notice.version != notice.claim.version:
        return Pill("已退回")
    if notice.closes_at <= clock.now():
        return Pill("已期满", "g")
    return Pill("公示中", "b")


class NoticeTable(Table):
    columns = [
        Column(
            "claim",
            "申报",
            value=lambda notice: str(notice.claim),
            link="subsidies:notice-detail",
            css="nm",
        ),
        Column("state", "状态", value=lambda notice: notice_pill(notice).text, pill=notice_pill),
        Column("starts_on", "公示自", kind="date", sort="starts_on", css="nowrap"),
        Column("ends_on", "公示至", kind="date", sort="ends_on", css="nowrap"),
        Column("workdays", "工作日", kind="integer"),
        Column("objected", "异议", kind="integer"),
        Column("against", "待处理", kind="integer", tone=lambda row: "a" if row.against else ""),
    ]
    default_sort = "-starts_on"


OUTCOME_TONES = {"open": "a", "rejected": "g", "upheld": "r"}


class ObjectionTable(Table):
    columns = [
        Column("received_on", "收到日期", kind="date", css="nowrap"),
        Column("channel", "渠道", css="nowrap"),
        Column("estate", "涉及小区", value="estate__name", css="nowrap"),
        Column("content", "异议内容", css="wrap wide"),
        Column(
            "outcome",
            "结果",
            value=lambda row: row.get_outcome_display(),
            pill=lambda row: Pill(row.get_outcome_display(), OUTCOME_TONES[row.outcome]),
        ),
        Column("answer", "答复", css="wrap"),
        Column("answered_by", "答复人", value="answered_by__name", css="sec nowrap"),
        Column(
            "act",
            "办理",
            value=lambda row: (
                format_html(
                    '<a href="{}">答复</a>', reverse("subsidies:objection-answer", args=[row.pk])
                )
                if row.outcome == "open"
                else ""
            ),
            export=False,
            only=lambda user: not user.role_codes.isdisjoint(OBJECTION_ANSWERERS),
            css="nowrap",
        ),
    ]


def _bands_said(table: Any) -> str:
    bands = table.bands.all()
    said = "，".join(f"{plain_number(b.minimum)} 分及以上 {b.coefficient}" for b in bands)
    return said or "停用"


class CoefficientTableTable(Table):
    columns = [
        Column(
            "effective_from",
            "执行月份",
            kind="month",
            sort="effective_from",
            link="subsidies:coefficient-detail",
            css="nm nowrap",
        ),
        Column("bands", "档次", value=_bands_said, css="wrap"),
        Column("document_title", "依据文件", css="wrap wide"),
        Column("document_number", "文号", css="nowrap"),
        Column("created_by", "登记人", value="created_by__name", css="sec nowrap"),
        Column("created_at", "登记时间", kind="date", sort="created_at"),
    ]
