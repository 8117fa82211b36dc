"""Columns of the registry's lists."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from html import escape
from typing import Any

from django.db.models import F, QuerySet
from django.utils.safestring import SafeString

from accounts.choices import REGISTRY_EDITORS
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import masked
from xingyang_pm.common.tables import Column, Pill, RowLink, Table

from .choices import CountStatus, Decision, EstateStatus, ManagementMode, SurveyStatus
from .models import Estate, HouseholdCount, StaffAssignment, SurveyDifference
from .selectors import EstateFact, current_officers, estate_facts, register_estate_fact

CHUNK = 2000
COUNT_TONES = {CountStatus.ENTERED: "a", CountStatus.VERIFIED: "g", CountStatus.REJECTED: ""}
DECISION_TONES = {Decision.PENDING: "a", Decision.ACCEPTED: "g", Decision.REJECTED: ""}

register_estate_fact(EstateFact("officer", "分包干部", current_officers, css="nowrap", order=20))


def edits(user: Any) -> bool:
    """Whether the user keeps the registry; of columns that lead to a form."""
    return user is not None and holds(user, REGISTRY_EDITORS)


# --- Estates --------------------------------------------------------------------------------------


@cache
def _fact_column(fact: EstateFact) -> Column:
    """Return the column of a fact; one object for good, since cells are compiled by column."""

    def value(row: Any) -> Any:
        return row.fact_values[fact.name].get(row.pk)

    def shown(row: Any) -> Any:
        found = value(row)
        return fact.missing if found is None else fact.show(found)

    def apply(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda row: function(value(row))

    return Column(
        fact.name,
        fact.label,
        value=shown,
        kind=fact.kind,
        places=fact.places,
        css=fact.css,
        pill=apply(fact.pill) if fact.pill else None,
        tone=apply(fact.tone) if fact.tone else None,
        link=apply(fact.link) if fact.link else None,
        hidden=fact.hidden,
    )


_STATUS_TONES = {EstateStatus.ACTIVE: "g", EstateStatus.MERGED: "", EstateStatus.REMOVED: ""}
_OWN = (
    Column("code", "编号", sort="code", css="tnum mut sm nowrap"),
    Column("name", "小区名称", sort="name", link="estates:estate-detail", css="clip nm"),
    Column("street", "街道（乡镇）", value="street__name", css="sec nowrap", hidden=True),
    Column("community", "社区", value="community__short_name", css="sec nowrap"),
    Column("kind", "类别", css="nowrap", hidden=True),
    Column("building_count", "楼栋", kind="integer", sort="building_count", total="building_count"),
    Column(
        "household_count", "户数", kind="integer", sort="household_count", total="household_count"
    ),
)
_MORE = (
    Column("address", "地址", css="clip wide", hidden=True),
    Column("built_year", "建成年代", num=True, sort="built_year", hidden=True),
    Column("renovated_year", "改造年度", num=True, hidden=True),
    Column("floor_area", "建筑面积", unit="㎡", kind="decimal", places=2, hidden=True),
    Column("unit_count", "单元数", kind="integer", hidden=True),
    Column("occupied_count", "入住户数", kind="integer", hidden=True),
    Column("ownership_unit", "产权单位", css="clip wide", hidden=True),
    Column("developer", "开发建设单位", css="clip wide", hidden=True),
    Column("management_mode", "管理模式", css="nowrap", hidden=True),
    Column("four_haves", "四有标准", value=lambda row: row.four_haves, hidden=True),
    Column("contact_name", "负责人", css="nowrap", hidden=True),
    Column(
        "contact_phone",
        "联系电话",
        value=lambda row: masked(row.contact_phone),
        css="tnum nowrap",
        hidden=True,
    ),
    Column("remarks", "备注", css="clip wide", hidden=True),
    Column(
        "status",
        "状态",
        pill=lambda row: Pill(row.get_status_display(), _STATUS_TONES[EstateStatus(row.status)]),
        hidden=True,
    ),
)
# What a column looks at that its path does not say.
_READS = {
    "four_haves": ("has_cleaning", "has_waste_removal", "has_greening", "has_repair"),
    "contact_phone": ("contact_phone",),
    "status": ("status",),
}


class EstateTable(Table):
    """The registry; what other apps know of an estate comes as facts, one query a page each.

    Only the fields of the shown columns are read: an estate has forty.
    """

    default_sort = "code"
    sum_row = True

    @property
    def columns(self) -> Sequence[Column]:
        return (*_OWN, *(_fact_column(fact) for fact in estate_facts()), *_MORE)

    def prepare(self, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
        fields = {"code", "name"}
        for column in columns:
            fields.update(_READS.get(column.name, ()))
            if column.path in _FIELD_NAMES:
                fields.add(column.path)
            elif column.path and "__" in column.path:
                fields |= {column.path.partition("__")[0], column.path}
        return super().prepare(rows, columns).only(*sorted(fields))

    def _facts_of(self, estates: Any, columns: Sequence[Column]) -> dict[str, dict[int, Any]]:
        """Return the values of the shown facts; those with one ``load`` share what it reads."""
        names = {column.name for column in columns}
        loaded: dict[Any, dict[int, Any]] = {}
        values: dict[str, dict[int, Any]] = {}
        for fact in estate_facts():
            if fact.name in names:
                if fact.load not in loaded:
                    loaded[fact.load] = fact.load(estates, self.user)
                values[fact.name] = loaded[fact.load]
        return values

    def fetch(
        self, rows: Any, columns: Sequence[Column], sort: str, start: int, size: int
    ) -> list[Any]:
        found = super().fetch(rows, columns, sort, start, size)
        values = self._facts_of([row.pk for row in found], columns) if found else {}
        for row in found:
            row.fact_values = values
        return found

    def in_order(self, rows: QuerySet, columns: Sequence[Column], sort: str) -> Any:
        """Return all rows, with facts read by one query each for all of them: ids by the thousand
        took a third of an export."""
        ordered = super().in_order(rows, columns, sort)

        def with_facts() -> Iterator[Any]:
            values = self._facts_of(rows.order_by().values("pk"), columns)
            for row in ordered.iterator(chunk_size=CHUNK):
                row.fact_values = values
                yield row

        return with_facts()


_FIELD_NAMES = frozenset(field.name for field in Estate._meta.concrete_fields)


class EstateNameTable(Table):
    columns = (
        Column("kind", "类别", value=lambda row: row.get_kind_display()),
        Column("name", "名称", css="nm"),
        Column(
            "remove",
            "",
            value=lambda row: "删去",
            link=RowLink("estates:name-remove"),
            only=edits,
            export=False,
        ),
    )


class MergedTable(Table):
    """Estates that were merged into one."""

    columns = (
        Column("code", "编号", css="tnum mut sm nowrap"),
        Column("name", "小区名称", link="estates:estate-detail", css="nm"),
        Column("building_count", "楼栋", kind="integer"),
        Column("household_count", "户数", kind="integer"),
    )
    default_sort = ""


class BuildingTable(Table):
    columns = (
        Column("name", "楼栋", css="nm"),
        Column("floors", "层数", kind="integer"),
        Column("units", "单元", kind="integer"),
        Column("households", "户数", kind="integer"),
        Column("built_year", "建成", num=True),
    )


class BuildingEditTable(BuildingTable):
    """The whole list, with its sum and the way to each building's form."""

    sum_row = True
    columns = (
        *(
            replace(column, total=column.name) if column.name in {"units", "households"} else column
            for column in BuildingTable.columns
        ),
        Column(
            "edit",
            "",
            value=lambda row: "修改",
            link=RowLink("estates:building-update"),
            only=edits,
            export=False,
        ),
    )


class CommitteeTable(Table):
    columns = (
        Column("term", "届别", value=lambda row: f"第{row.term}届", css="nm nowrap"),
        Column("chair", "主任", css="nowrap"),
        Column("phone", "联系电话", value=lambda row: masked(row.phone), css="tnum nowrap"),
        Column("members", "委员", kind="integer"),
        Column("start_date", "任期开始", kind="date", css="nowrap"),
        Column("end_date", "任期结束", kind="date", css="nowrap"),
        Column("filed_on", "备案日期", kind="date", css="nowrap"),
        Column(
            "edit",
            "",
            value=lambda row: "修改",
            link=RowLink("estates:committee-update"),
            only=edits,
            export=False,
        ),
    )


# --- Household counts -----------------------------------------------------------------------------


def count_pill(count: HouseholdCount) -> Pill:
    return Pill(count.get_status_display(), COUNT_TONES[CountStatus(count.status)])


def _change_words(count: Any) -> str:
    """原 214，增加 2; the number in force before is annotated as ``before``."""
    before = count.before
    if before is None:
        return "首次核定"
    change = count.households - before
    if not change:
        return "不变"
    return f"{'+' if change > 0 else '−'}{abs(change)}"


class HouseholdCountTable(Table):
    """Counts, those first that the user may verify; see ``HouseholdCountQuerySet.with_turn``."""

    columns = (
        Column(
            "estate",
            "小区",
            value="estate__name",
            link="estates:count-detail",
            css="clip nm",
            sort="estate__code",
        ),
        Column("street", "街道（乡镇）", value="estate__street__name", css="sec nowrap"),
        Column("effective_month", "执行月份", kind="month", sort="effective_month", css="nowrap"),
        Column("households", "户数", kind="integer", sort="households"),
        Column("before", "原户数", kind="integer", value="before"),
        Column("change", "变动", value=_change_words, num=True, css="nowrap"),
        Column("buildings", "楼栋", kind="integer"),
        Column("entered_by", "录入人", value="entered_by__name", css="nowrap"),
        Column("entered_at", "录入时间", kind="datetime", sort="entered_at", css="tnum nowrap sm"),
        Column("decided_by", "核定人", value="decided_by__name", css="nowrap"),
        Column("status", "状态", sort="status", pill=count_pill, css="nowrap"),
        Column("evidence", "清册", value="evidence_name", css="clip pv sec", hidden=True),
        Column("reason", "变动原因", css="clip wide", hidden=True),
        Column("opinion", "核定意见", css="clip wide", hidden=True),
    )
    default_sort = "turn"

    def ordering(self, sort: str) -> list[Any]:
        if sort == "turn":
            return [F("turn").asc(), "-entered_at", "-pk"]
        return super().ordering(sort)


class EstateCountTable(Table):
    """The counts of one estate."""

    columns = (
        Column(
            "effective_month",
            "执行月份",
            kind="month",
            link="estates:count-detail",
            css="nm nowrap",
        ),
        Column("households", "户数", kind="integer"),
        Column("buildings", "楼栋", kind="integer"),
        Column("entered_by", "录入人", value="entered_by__name", css="nowrap"),
        Column("entered_at", "录入时间", kind="date", css="tnum nowrap"),
        Column("decided_by", "核定人", value="decided_by__name", css="nowrap"),
        Column("decided_at", "核定时间", kind="date", css="tnum nowrap"),
        Column("evidence", "清册", value="evidence_name", css="clip pv sec"),
        Column("status", "状态", pill=count_pill, css="nowrap"),
    )


# --- Assignments ----------------------------------------------------------------------------------


def _running(row: StaffAssignment) -> bool:
    return row.end_date is None or row.end_date >= clock.today()


def assignment_pill(row: StaffAssignment) -> Pill:
    if row.start_date > clock.today():
        return Pill("未开始", "b")
    return Pill("在管", "g") if _running(row) else Pill("已结束")


def _end_link(row: StaffAssignment) -> str | None:
    return _END_LINK(row) if _running(row) else None


_END_LINK = RowLink("estates:assignment-end")
_END = Column(
    "end",
    "",
    value=lambda row: "结束" if _running(row) else "",
    link=_end_link,
    only=edits,
    export=False,
)


class StaffAssignmentTable(Table):
    columns = (
        Column(
            "estate", "小区", value="estate__name",
            link=RowLink("estates:estate-detail", "estate_id"), css="clip nm", sort="estate__code",
        ),
        Column("street", "街道（乡镇）", value="estate__street__name", css="sec nowrap"),
        Column("community", "社区", value="estate__community__short_name", css="sec nowrap"),
        Column(
            "households", "户数", value="estate__household_count", kind="integer",
            total="estate__household_count",
        ),
        Column("officer", "分包干部", value="officer__name", css="nowrap", sort="officer__name"),
        Column("start_date", "开始日期", kind="date", sort="start_date", css="tnum nowrap"),
        Column("end_date", "结束日期", kind="date", sort="end_date", css="tnum nowrap"),
        Column("state", "状态", pill=assignment_pill, css="nowrap"),
        _END,
    )  # fmt: skip
    default_sort = "-start_date"


class EstateAssignmentTable(Table):
    """Who has answered for one estate."""

    columns = (
        Column("officer", "分包干部", value="officer__name", css="nm nowrap"),
        Column("start_date", "开始日期", kind="date", css="tnum nowrap"),
        Column("end_date", "结束日期", kind="date", css="tnum nowrap"),
        Column("state", "状态", pill=assignment_pill, css="nowrap"),
        _END,
    )


# --- Surveys --------------------------------------------------------------------------------------


class SurveyTable(Table):
    columns = (
        Column("title", "名称", link="estates:survey-detail", css="nm"),
        Column("street", "街道（乡镇）", value="street__name", css="nowrap"),
        Column("surveyed_on", "调查日期", kind="date", sort="surveyed_on", css="tnum nowrap"),
        Column("entries", "小区", kind="integer", value="entry_total"),
        Column("open", "待处理", kind="integer", value="open_total", dash_zero=True),
        Column("created_by", "上传人", value="created_by__name", css="nowrap"),
        Column(
            "status",
            "状态",
            pill=lambda row: Pill(
                row.get_status_display(), "a" if row.status == SurveyStatus.OPEN else "g"
            ),
            css="nowrap",
        ),
    )
    default_sort = "-surveyed_on"


def _label_of(row: SurveyDifference) -> str:
    return str(getattr(Estate._meta.get_field(row.field), "verbose_name", row.field))


_MODES = dict(ManagementMode.choices)


def _shown(field: str, text: str) -> str:
    if field == "management_mode":
        return _MODES.get(text, text)
    if field == "contact_phone":
        return masked(text)
    return text or "（空）"


def _decide_buttons(row: SurveyDifference) -> SafeString:
    """Two small buttons of the form ``one`` at the foot of the page, each for this row alone."""
    if row.decision != Decision.PENDING:
        return SafeString("")
    what = escape(f"{row.entry.name} {_label_of(row)}")
    buttons = SafeString(
        "".join(
            f'<button class="btn btn-sm btn-text" type="submit" form="one" name="pk" '
            f'value="{row.pk}" formaction="{url}" aria-label="{word} {what}">{word}</button>'
            for word, url in (
                ("采用", _ACCEPT_LINK(row)),
                ("不采用", _REJECT_LINK(row)),
            )
        )
    )
    return SafeString(f'<span class="row-flex">{buttons}</span>')


_ACCEPT_LINK = RowLink("estates:survey-accept", "entry.survey_id")
_REJECT_LINK = RowLink("estates:survey-reject", "entry.survey_id")


class SurveyDifferenceTable(Table):
    columns = (
        Column("row", "表中行", kind="integer", value="entry__row", sort="entry__row"),
        Column(
            "name", "小区", value="entry__name",
            link=RowLink("estates:estate-detail", "entry.estate_id"), css="clip nm",
            sort="entry__name",
        ),
        Column("field", "栏目", value=_label_of, sort="field", css="nowrap"),
        Column(
            "registry_value", "名录内容", value=lambda row: _shown(row.field, row.registry_value),
            css="mut wrap",
        ),
        Column(
            "survey_value", "调查内容", value=lambda row: _shown(row.field, row.survey_value),
            css="wrap",
        ),
        Column(
            "decision",
            "处理",
            pill=lambda row: Pill(
                row.get_decision_display(), DECISION_TONES[Decision(row.decision)]
            ),
            css="nowrap",
        ),
        Column("decided_by", "处理人", value="decided_by__name", css="nowrap"),
        Column("act", "", value=_decide_buttons, only=edits, export=False, css="nowrap wide"),
    )  # fmt: skip
    default_sort = "row"

    def prepare(self, rows: QuerySet, columns: Sequence[Column]) -> QuerySet:
        return super().prepare(rows, columns).select_related("entry", "decided_by")


class SurveyEntryTable(Table):
    """Entries for which the registry has no estate."""

    columns = (
        Column("row", "表中行", kind="integer"),
        Column("name", "小区名称", css="nm"),
        Column(
            "households", "户数", value=lambda row: row.values.get("household_count", ""), num=True
        ),
        Column(
            "buildings", "楼栋", value=lambda row: row.values.get("building_count", ""), num=True
        ),
        Column("address", "地址", value=lambda row: row.values.get("address", ""), css="clip wide"),
    )
