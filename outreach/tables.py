"""Columns of the outreach lists."""

from xingyang_pm.common.tables import Column, Pill, RowLink, Table

from .choices import BulletinStatus, DemonstrationStage
from .models import Bulletin, DemonstrationProject
from .selectors import issue_number

BULLETIN_TONES = {
    BulletinStatus.DRAFT: "",
    BulletinStatus.REVIEW: "a",
    BulletinStatus.ISSUED: "g",
}
STAGE_TONES = {
    DemonstrationStage.APPLIED: "",
    DemonstrationStage.REVIEWED: "b",
    DemonstrationStage.AWARDED: "g",
    DemonstrationStage.WITHDRAWN: "a",
}


def bulletin_pill(bulletin: Bulletin) -> Pill:
    return Pill(bulletin.get_status_display(), BULLETIN_TONES[BulletinStatus(bulletin.status)])


def issue_words(bulletin: Bulletin) -> str:
    """2026年第5期（总第59期）; an unsigned one has no number yet."""
    if bulletin.number is None:
        return "签发后编号"
    return str(issue_number(bulletin))


def stage_pill(project: DemonstrationProject) -> Pill:
    return Pill(project.get_stage_display(), STAGE_TONES[DemonstrationStage(project.stage)])


class BulletinTable(Table):
    columns = [
        Column(
            "issue",
            "期号",
            value=issue_words,
            link="outreach:bulletin-detail",
            css="nowrap",
            sort="running_number",
        ),
        Column("title", "标题", link="outreach:bulletin-detail", css="clip wide"),
        Column("drafted_by", "拟稿人", value="drafted_by__name", css="nowrap"),
        Column("signed_by", "签发人", value="signed_by__name", css="nowrap"),
        Column("signed_at", "签发时间", kind="datetime", sort="signed_at"),
        Column("status", "状态", pill=bulletin_pill),
        Column(
            "pdf",
            "文件",
            value=lambda row: "打开" if row.pdf else "",
            link=RowLink("outreach:bulletin-pdf"),
            export=False,
        ),
    ]


class TrainingTable(Table):
    columns = [
        Column("held_on", "日期", kind="date", sort="held_on"),
        Column("title", "名称", link="outreach:training-update", css="clip wide"),
        Column("kind", "类别", css="nowrap"),
        Column("place", "地点", css="clip nm"),
        Column("audience", "参加对象", css="clip nm"),
        Column("enterprise_count", "企业数", kind="integer", dash_zero=True),
        Column("people_count", "人数", kind="integer", total="people_count", sort="people_count"),
        Column("organiser", "主办", hidden=True),
    ]
    default_sort = "-held_on"


class TrainingReadTable(TrainingTable):
    """For those who may not change the record."""

    key = "training-table"
    columns = [
        Column("title", "名称", css="clip wide") if column.name == "title" else column
        for column in TrainingTable.columns
    ]


class PublicityTable(Table):
    columns = [
        Column("published_on", "日期", kind="date", sort="published_on"),
        Column("kind", "形式", css="nowrap"),
        Column("title", "内容", link="outreach:publicity-update", css="clip wide"),
        Column("quantity", "数量", kind="integer", total="quantity", sort="quantity"),
        Column(
            "street", "街道（乡镇）", value=lambda row: row.street.name if row.street else "全市"
        ),
        Column("place", "地点", css="clip nm"),
    ]
    default_sort = "-published_on"


class PublicityReadTable(PublicityTable):
    key = "publicity-table"
    columns = [
        Column("title", "内容", css="clip wide") if column.name == "title" else column
        for column in PublicityTable.columns
    ]


class DemonstrationTable(Table):
    columns = [
        Column("year", "年度", value=lambda row: f"{row.year}年", sort="year", css="nowrap"),
        Column(
            "estate",
            "小区",
            value="estate__name",
            link=RowLink("estates:estate-detail", "estate_id"),
            css="clip nm",
        ),
        Column(
            "provider",
            "服务主体",
            value="provider__name",
            link=RowLink("enterprises:provider-detail", "provider_id"),
            css="clip pv",
        ),
        Column("level", "级别", css="nowrap"),
        Column("stage", "阶段", pill=stage_pill),
        Column("awarded_on", "命名日期", kind="date", sort="awarded_on"),
        Column("rewarded_on", "奖励日期", kind="date"),
        Column(
            "edit",
            "",
            value=lambda row: "修改",
            link="outreach:demonstration-update",
            export=False,
            only=lambda user: user is not None and user.has_role("bureau_manager"),
        ),
    ]
    default_sort = "-year"


class PolicyTable(Table):
    columns = [
        Column("issued_on", "发文日期", kind="date", sort="issued_on"),
        Column("title", "标题", link="outreach:policy-detail", css="clip wide"),
        Column("number", "文号", css="nowrap"),
        Column("issuer", "发文机关", css="nowrap"),
        Column("effective_from", "施行日期", kind="date", sort="effective_from"),
    ]
    default_sort = "-issued_on"
