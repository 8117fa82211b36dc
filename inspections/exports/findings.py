"""检查明细: one line per failed item, as the office files it."""

from collections.abc import Iterable
from typing import Any

from accounts.models import User
from inspections.models import ItemResult
from inspections.selectors import standing_order
from xingyang_pm.common import clock
from xingyang_pm.common.formats import due_words
from xingyang_pm.common.spreadsheets.official import FormColumn, FormSection, OfficialForm

from .tables import SIGNATURES, reporting_unit


def _state(result: ItemResult) -> str:
    if result.fixed_on_site:
        return "当场已改正"
    order = standing_order(result)
    if order is None:
        return "没有下达"
    return due_words(order.deadline) if order.is_overdue else order.get_status_display()


def findings_form(results: Iterable[ItemResult], user: User, note: str) -> OfficialForm:
    """Return the 检查明细 over failed ``results`` (joined as ``FindingTable`` does)."""
    rows: list[list[Any]] = []
    for place, result in enumerate(results, start=1):
        inspection = result.inspection
        order = standing_order(result)
        rows.append(
            [
                place,
                inspection.estate.name,
                inspection.estate.street.name,
                inspection.provider.label if inspection.provider else "",
                inspection.inspected_on,
                result.item.heading,
                result.item.text,
                result.deduction,
                result.note,
                result.deadline,
                order.number if order else "",
                _state(result),
            ]
        )
    return OfficialForm(
        title="物业检查问题明细表",
        columns=[
            FormColumn("序号", "ordinal"),
            FormColumn("小区名称", left=True),
            FormColumn("街道（乡镇）"),
            FormColumn("物业企业", left=True),
            FormColumn("检查日期", "date"),
            FormColumn("大项", group="检查内容"),
            FormColumn("项目", group="检查内容", left=True, width=22),
            FormColumn("扣分", "decimal", group="检查内容", total=True, places=1),
            FormColumn("存在问题", left=True, width=28),
            FormColumn("整改期限", "date", group="整改"),
            FormColumn("通知书文号", group="整改"),
            FormColumn("整改情况", group="整改"),
        ],
        sections=[FormSection(rows)],
        reporting_unit=reporting_unit(user),
        reported_on=clock.today(),
        unit="分",
        signatures=SIGNATURES,
        notes=[f"{note}，共 {len(rows)} 行。"],
        sheet_name="检查明细",
    )
