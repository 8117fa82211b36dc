"""Columns of the provider, engagement and agreement lists."""

from accounts.choices import PERSONAL_DATA_READERS
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import masked
from xingyang_pm.common.tables import Column, Pill, RowLink, Table

from .calculations import fee_sentence
from .choices import CREDIT_FAULTS, AgreementState, FilingState
from .models import CreditEvent, Engagement, ResponsibilityAgreement

FILING_TONES = {
    FilingState.DONE: "g",
    FilingState.DUE: "a",
    FilingState.LATE: "r",
    FilingState.UNSIGNED: "",
    FilingState.INCOMPLETE: "a",
}


AGREEMENT_TONES = {
    AgreementState.UNSIGNED: "a",
    AgreementState.SIGNED: "g",
    AgreementState.VOID: "",
}


def agreement_pill(agreement: ResponsibilityAgreement) -> Pill:
    return Pill(agreement.state.label, AGREEMENT_TONES[agreement.state])


def filing_pill(engagement: Engagement) -> Pill:
    state = engagement.filing_state
    return Pill(state.label, FILING_TONES[state])


def service_pill(engagement: Engagement) -> Pill:
    """履约中, 未开始 or 已结束, by today."""
    day = clock.today()
    if engagement.is_in_force(day):
        return Pill("履约中", "g")
    return Pill("未开始", "b") if engagement.start_date > day else Pill("已结束")


def fee_of(engagement: Engagement) -> str:
    if engagement.fee_standard is None:
        return ""
    return fee_sentence(engagement.fee_standard, engagement.get_fee_unit_display())


class ProviderTable(Table):
    columns = [
        Column("code", "编号", sort="code", css="tnum mut sm"),
        Column("name", "名称", sort="name", link="enterprises:provider-detail", css="clip nm"),
        Column("kind", "类别", css="nowrap"),
        Column("credit_code", "统一社会信用代码", css="tnum sm"),
        Column("street", "所属街道（乡镇）", value="street__name", css="sec nowrap"),
        Column("legal_representative", "法定代表人", css="nowrap"),
        Column(
            "phone",
            "联系电话",
            value=lambda row: masked(row.phone),
            css="tnum nowrap",
        ),
        Column("staff_count", "从业人员", kind="integer", sort="staff_count"),
        Column("serving", "在管小区", kind="integer", value="serving", sort="serving"),
        Column("households", "在管户数", kind="integer", value="households", sort="households"),
        Column("office_address", "办公地址", hidden=True),
        Column("founded_on", "成立日期", kind="date", hidden=True, sort="founded_on"),
        Column(
            "registered_capital", "注册资本", unit="万元", kind="decimal", places=2, hidden=True
        ),
        Column("qualification_grade", "资质等级（2017年前）", hidden=True),
    ]
    default_sort = "code"


class EngagementTable(Table):
    columns = [
        Column(
            "estate",
            "小区",
            value="estate__name",
            sort="estate__code",
            link="enterprises:engagement-detail",
            css="clip nm",
        ),
        Column("street", "街道（乡镇）", value="estate__street__name", css="sec nowrap"),
        Column(
            "provider",
            "服务主体",
            value="provider__name",
            sort="provider__code",
            css="clip pv",
            link=RowLink("enterprises:provider-detail", "provider_id"),
        ),
        Column("start_date", "接管日期", kind="date", sort="start_date"),
        Column("end_date", "合同到期", kind="date", sort="end_date"),
        Column("fee", "收费标准", value=fee_of, css="nowrap num"),
        Column("service_grade", "服务等级"),
        Column("selection_mode", "选聘方式", css="nowrap"),
        Column("service", "履约", value=lambda row: service_pill(row).text, pill=service_pill),
        Column("filing", "备案", value=lambda row: filing_pill(row).text, pill=filing_pill),
        Column("signed_on", "签订日期", kind="date", sort="signed_on", hidden=True),
        Column("filed_on", "备案日期", kind="date", sort="filed_on", hidden=True),
        Column("contract_number", "合同编号", hidden=True),
        Column("manager", "项目经理", value="project_manager__name", hidden=True),
    ]
    default_sort = "-start_date"


class AgreementTable(Table):
    columns = [
        Column(
            "number",
            "编号",
            sort="number",
            link="enterprises:agreement-detail",
            css="tnum nowrap",
        ),
        Column("year", "年度", value=lambda row: f"{row.year}年", sort="year", css="nowrap"),
        Column("party", "签订对象", css="nowrap"),
        Column("name", "单位", value=lambda row: str(row.provider or row.street), css="clip nm"),
        Column("signed_on", "签订日期", kind="date", sort="signed_on"),
        Column("party_signatory", "乙方签字人"),
        Column("targets", "目标数", kind="integer", value="target_count"),
        Column(
            "state",
            "状态",
            value=lambda row: row.state.label,
            pill=agreement_pill,
        ),
    ]
    default_sort = "-number"


def credit_pill(event: CreditEvent) -> Pill:
    return Pill(event.get_kind_display(), "a" if event.kind in CREDIT_FAULTS else "g")


class CreditEventTable(Table):
    """What a provider's record holds of its credit, newest first."""

    columns = [
        Column("happened_on", "日期", kind="date", css="nowrap tnum"),
        Column("kind", "类别", pill=credit_pill),
        Column("text", "事由", css="wrap"),
        Column("estate", "小区", value="estate__name", css="clip"),
        Column("recorded_by", "登记人", value="recorded_by__name", css="nowrap"),
    ]


class TargetTable(Table):
    columns = [
        Column("position", "序号", kind="integer", css="slim"),
        Column("text", "目标", css="wrap"),
        Column("points", "分值", kind="decimal", places=1),
    ]


class ManagerTable(Table):
    columns = [
        Column("name", "姓名", css="nowrap"),
        Column("duty", "职务"),
        Column("phone", "手机", value=lambda row: masked(row.phone), css="tnum"),
        Column("certificate", "证书编号"),
        Column(
            "state",
            "状态",
            pill=lambda row: Pill("在岗", "g") if row.is_active else Pill("已离岗"),
        ),
        Column(
            "leave",
            "",
            value=lambda row: "离岗" if row.is_active else "",
            link=RowLink("enterprises:manager-leave"),
            only=lambda user: user is not None and user.has_role("bureau_manager"),
            export=False,
        ),
    ]


class PersonalManagerTable(ManagerTable):
    """The same with the whole number, for those whose work needs it."""

    columns = [
        Column("phone", "手机", css="tnum") if column.name == "phone" else column
        for column in ManagerTable.columns
    ]


def manager_table_for(user: object) -> type[Table]:
    return PersonalManagerTable if holds(user, PERSONAL_DATA_READERS) else ManagerTable
