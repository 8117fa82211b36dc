"""The office's own two tables: 检查汇总表 and 整改台账."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import User
from inspections import selectors
from inspections.choices import Outcome, ProblemKind
from inspections.models import (
    Inspection,
    InspectionRound,
    ItemResult,
    RectificationOrder,
)
from xingyang_pm.common import clock
from xingyang_pm.common.formats import due_words
from xingyang_pm.common.spreadsheets.official import (
    FormColumn,
    FormSection,
    OfficialForm,
    write_form,
)

SIGNATURES = ("制表人", "复核人", "科室负责人", "分管领导")


def reporting_unit(user: User) -> str:
    return settings.OFFICE_NAME if user.sees_city else user.office.name


def summary_form(round: InspectionRound, user: User) -> OfficialForm:
    """Return the 检查汇总表 of ``round``: one row per inspected estate that ``user`` sees."""
    ranking = selectors.ranking(round, user)
    inspections = {
        row.pk: row
        for row in Inspection.objects.visible_to(user)
        .filter(pk__in=[row.inspection_id for row in ranking])
        .prefetch_related("results__item", "orders__rechecks")
    }
    headings = list(round.checklist.headings.order_by("position").values_list("name", flat=True))
    rows = []
    for place, row in enumerate(ranking, start=1):
        inspection = inspections[row.inspection_id]
        scored = {
            part["heading"]: Decimal(part["score"])
            for part in inspection.working.get("headings", [])
        }
        failed = [r for r in inspection.results.all() if r.outcome == Outcome.FAIL]
        deadlines = [r.deadline for r in failed if r.deadline]
        orders = list(inspection.orders.all())
        rechecks = [recheck for order in orders for recheck in order.rechecks.all()]
        rows.append(
            [
                place,
                row.estate,
                row.provider,
                row.inspected_on,
                "、".join(filter(None, [row.inspector, inspection.companion])),
                *[scored.get(heading) for heading in headings],
                row.score,
                row.rank,
                "；".join(f"{r.item.code} {r.note}" for r in failed),
                max(deadlines) if deadlines else None,
                "、".join(dict.fromkeys(_order_words(order) for order in orders)),
                "、".join(dict.fromkeys(r.get_result_display() for r in rechecks)),
                inspection.note,
            ]
        )
    return OfficialForm(
        title=f"{round}汇总表",
        columns=[
            FormColumn("序号", "ordinal"),
            FormColumn("小区名称", left=True),
            FormColumn("物业企业", left=True),
            FormColumn("检查日期", "date"),
            FormColumn("检查人"),
            *[FormColumn(heading, "decimal", group="各大项得分", places=1) for heading in headings],
            FormColumn("总分", "decimal", places=1),
            FormColumn("排名", "ordinal"),
            FormColumn("主要问题", left=True, width=34),
            FormColumn("整改期限", "date"),
            FormColumn("整改情况"),
            FormColumn("复查结果"),
            FormColumn("备注", left=True),
        ],
        sections=[FormSection(rows)],
        reporting_unit=reporting_unit(user),
        reported_on=clock.today(),
        unit="分",
        parts=[("检查时间", f"{round.start_date} 至 {round.end_date}")],
        signatures=SIGNATURES,
        notes=["不适用的项目不计分值，总分按适用分值折算成百分。"],
        sheet_name="检查汇总表",
    )


def _order_words(order: RectificationOrder) -> str:
    return due_words(order.deadline) if order.is_overdue else order.get_status_display()


def write_summary(target: Path, *, round: InspectionRound, user: User) -> int:
    """Write the 检查汇总表 to ``target``; return how many estates it lists."""
    form = summary_form(round, user)
    write_form(target, form)
    return len(form.sections[0].rows)


def ledger_form(problems: Iterable[ItemResult], user: User, note: str) -> OfficialForm:
    """Return the 整改台账 over ``problems`` (joined by ``for_ledger``), in the office's columns."""
    rows: list[list[Any]] = []
    on_site = closed = 0
    for place, result in enumerate(problems, start=1):
        inspection, line = result.inspection, selectors.ledger_line(result)
        on_site += line.kind == ProblemKind.ON_SITE
        closed += line.closed
        rows.append(
            [
                place,
                inspection.estate.name,
                inspection.provider.label if inspection.provider else "",
                f"{result.item.text}：{result.note}",
                line.number,
                line.issued_on,
                line.requirement,
                line.deadline,
                line.responsible,
                line.measure,
                line.completed_on,
                line.rechecker,
                line.recheck_result,
                "是" if line.closed else "否",
                line.kind.label,
                line.extension,
                line.escalation,
                inspection.inspected_on,
                selectors.photo_words(result),
            ]
        )
    figures = selectors.ClosingFigures(len(rows), on_site, closed)
    return OfficialForm(
        title="整改台账",
        columns=[
            FormColumn("序号", "ordinal"),
            FormColumn("小区", left=True),
            FormColumn("企业", left=True),
            FormColumn("问题", left=True, width=28),
            FormColumn("通知书文号"),
            FormColumn("下发日期", "date"),
            FormColumn("整改要求", left=True, width=20),
            FormColumn("整改时限", "date"),
            FormColumn("责任人"),
            FormColumn("整改情况", left=True, width=24),
            FormColumn("完成日期", "date"),
            FormColumn("复查人"),
            FormColumn("复查结果"),
            FormColumn("是否销号"),
            FormColumn("文书"),
            FormColumn("延期"),
            FormColumn("督办"),
            FormColumn("检查日期", "date"),
            FormColumn("照片"),
        ],
        sections=[FormSection(rows)],
        reporting_unit=reporting_unit(user),
        reported_on=clock.today(),
        unit="",
        signatures=SIGNATURES,
        notes=[f"{note}，共 {len(rows)} 行，{figures.words}。"],
        sheet_name="整改台账",
    )
