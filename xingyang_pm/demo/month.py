"""The office's month from end to end, through the services, on a database of its own.

A street clerk enters an inspection with a failed item, the bureau issues an order that is
answered and rechecked, the month's subsidy goes from its opening to payment, and a bulletin
is drafted, signed and printed. Every act happens on its own day and by its own person.
"""

import datetime as dt
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management import call_command

from estates.models import Estate
from inspections.models import Inspection, InspectionRound
from inspections.services.built_in import checklists_load
from inspections.services.inspections import (
    Answer,
    Visit,
    inspection_start,
    inspection_submit,
    photo_add,
)
from inspections.services.orders import (
    Finding,
    Upload,
    enqueue_notice,
    issuable_results,
    legal_basis_of,
    open_items,
    rectification_order_issue,
    rectification_recheck,
    rectification_reply,
    rectification_serve,
)
from inspections.services.review import inspection_confirm
from inspections.services.rounds import round_close, round_create
from outreach.models import Bulletin
from outreach.services.bulletins import bulletin_draft, bulletin_sign, bulletin_submit
from subsidies.exports import month_workbook
from subsidies.selectors.summary import month_summary
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.audit import audit_context
from xingyang_pm.common.models import Job
from xingyang_pm.common.money import capital_yuan

from .city import checklist_on
from .money import claim_run
from .outreach import rate_make
from .payments import accounts_make
from .people import Cast, people_make
from .pictures import evidence
from .registry import JINGCHENG, SUOHE, City, registry_make

FAIL = "fail"


@dataclass
class Paper:
    """One file of the demo: name, what it is, its bytes, and its key figures."""

    name: str
    what: str
    content: bytes
    figures: dict[str, Any] = field(default_factory=dict)

    def written_to(self, folder: Path) -> dict[str, Any]:
        """Write the file and return its line of ``index.json``."""
        (folder / self.name).write_bytes(self.content)
        return {
            "file": self.name,
            "what": self.what,
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "figures": self.figures,
        }


def _run(job: Job) -> bytes:
    """Do a job here, as the worker would, and return its result file."""
    jobs.run(job.pk)
    job.refresh_from_db()
    if job.error:
        raise RuntimeError(f"{job.title}: {job.error}")
    with job.result.open("rb") as stream:
        return stream.read()


def month_make(tell: Callable[[str], None]) -> list[Paper]:
    """Do the work of last month on an empty, migrated database; return its papers."""
    today = clock.today()
    month = clock.add_months(today, -1)
    rng = random.Random("xingyang month")  # noqa: S311  a demo, no secret
    with audit_context("demo"):
        tell("街道、小区、服务主体、户数、补贴标准")
        call_command("load_reference", verbosity=0)
        with clock.freeze(dt.date(2017, 3, 20)):
            cast = people_make()
            checklists_load(actor=cast.manager)
        city = registry_make(cast, rng, today)
        rate_make(cast)
        tell("检查一轮，一项不合格，下达整改，回复，复查销号")
        round, notice = _supervise(city, cast, month)
        tell("补贴：开账、申报、审核、复核、审批、拨付")
        workbook = _subsidise(city, cast, month)
        tell("简报：拟稿、送签、签发、排版")
        bulletin = _publish(round, cast)
    return [workbook, notice, bulletin]


def _supervise(city: City, cast: Cast, month: dt.date) -> tuple[InspectionRound, Paper]:
    first = month + dt.timedelta(days=7)
    with clock.freeze(clock.at(first, 9)):
        round = round_create(
            actor=cast.manager,
            title="城乡清洁行动",
            checklist=checklist_on("cleaning", first),
            start_date=first,
            end_date=first + dt.timedelta(days=6),
            kinds=["commodity"],
            streets=[city.streets[SUOHE]],
        )
    clerk = cast.clerks[SUOHE]
    estates = list(Estate.objects.filter(round_coverage__round=round).order_by("code"))
    inspections = []
    for index, estate in enumerate(estates):
        with clock.freeze(clock.at(first + dt.timedelta(days=index % 6), 10, index * 3)):
            inspections.append(_inspect(round, estate, clerk, fails=index == 0))
    with clock.freeze(clock.at(first + dt.timedelta(days=7), 9)):
        for inspection in inspections:
            inspection_confirm(inspection=inspection, actor=cast.manager)
    notice = _rectify(inspections[0], cast, first + dt.timedelta(days=7))
    with clock.freeze(clock.at(first + dt.timedelta(days=16), 9)):
        round_close(round=round, actor=cast.manager)
    return round, notice


def _inspect(round: InspectionRound, estate: Estate, clerk: Any, *, fails: bool) -> Inspection:
    inspection = inspection_start(estate=estate, actor=clerk, round=round)
    answers: dict[int, Answer] = {}
    if fails:
        item = round.checklist.items.filter(photo_required=True).order_by("position")[0]
        answers[item.pk] = Answer(FAIL, item.deduction_step, "公示栏收费标准一页脱落，未补")
        picture = evidence("board", "before", 1, clock.now())
        photo_add(inspection=inspection, item=item, actor=clerk, source=picture.image)
    return inspection_submit(
        inspection=inspection, actor=clerk, answers=answers, visit=Visit(companion="李明轩")
    )


def _rectify(inspection: Inspection, cast: Cast, day: dt.date) -> Paper:
    inspector, clerk = cast.inspectors[0], cast.clerks[SUOHE]
    results = issuable_results(inspection)
    with clock.freeze(clock.at(day, 15)):
        order = rectification_order_issue(
            inspection=inspection,
            results=results,
            actor=inspector,
            legal_basis=legal_basis_of(results),
            deadline=day + dt.timedelta(days=7),
        )
    with clock.freeze(clock.at(day + dt.timedelta(days=1), 9)):
        order = rectification_serve(
            order=order,
            actor=inspector,
            served_on=clock.today(),
            served_to="张利民",
            served_by=inspector.name,
            service_method="on_site",
        )
        content = _run(enqueue_notice(order=order, actor=inspector))
    items = open_items(order)
    with clock.freeze(clock.at(day + dt.timedelta(days=5), 16)):
        rectification_reply(
            order=order,
            actor=clerk,
            completed_on=clock.today(),
            measures={item.pk: "已重新张贴收费标准并加盖公章" for item in items},
            responsible="张利民",
            photos={
                item.pk: [Upload(picture=evidence("board", "after", 2, clock.now()))]
                for item in items
            },
        )
    with clock.freeze(clock.at(day + dt.timedelta(days=7), 10)):
        rectification_recheck(
            order=order,
            actor=cast.manager,
            checked_on=clock.today(),
            findings={item.pk: Finding(done=True) for item in items},
            opinion="现场查看，整改到位，同意销号。",
            companion=inspector.name,
        )
    order.refresh_from_db()
    figures = {
        "number": order.number,
        "estate": order.estate.name,
        "items": len(items),
        "deadline": order.deadline.isoformat(),
        "status": order.get_status_display(),
    }
    return Paper("整改通知书.pdf", "责令限期整改通知书（含存根和送达回证）", content, figures)


def _subsidise(city: City, cast: Cast, month: dt.date) -> Paper:
    accounts_make(cast)
    for street in (JINGCHENG, SUOHE):
        claim_run(city, cast, street, month, until="paid")
    summary = month_summary(month, cast.manager)
    total: Decimal = summary.total
    return Paper(
        "补贴汇总表.xlsx",
        f"{clock.chinese_month(month)}老旧小区物业补贴汇总表",
        month_workbook(month, actor=cast.manager).content,
        {
            "month": f"{month:%Y-%m}",
            "estates": summary.estates,
            "buildings": summary.buildings,
            "households": summary.households,
            "total_yuan": f"{total:.2f}",
            "capital": capital_yuan(total),
        },
    )


def _publish(round: InspectionRound, cast: Cast) -> Paper:
    day = min(round.end_date + dt.timedelta(days=12), clock.today())
    with clock.freeze(clock.at(day, 9)):
        bulletin = bulletin_draft(round=round, actor=cast.drafter)
        bulletin_submit(bulletin=bulletin, actor=cast.drafter)
    with clock.freeze(clock.at(day, 16)):
        signed = bulletin_sign(bulletin=bulletin, actor=cast.leader)
    content = _run(signed.job)
    printed = Bulletin.objects.get(pk=signed.pk)
    return Paper(
        "工作简报.pdf",
        f"{printed}：{printed.title}",
        content,
        {
            "issue": f"{printed.year}年第{printed.number}期",
            "drafted_by": printed.drafted_by.name,
            "signed_by": printed.signed_by.name,
            **{figure["key"]: figure["value"] for figure in printed.figures},
        },
    )
