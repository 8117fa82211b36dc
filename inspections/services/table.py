"""Entry at the desk, many estates at a time: the same drafts and the same report as on a phone."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from estates.models import Estate
from inspections.calculations import FAIL, PASS, draft_key
from inspections.choices import INSPECTORS
from inspections.models import Inspection, InspectionRound
from xingyang_pm.common.access import require
from xingyang_pm.common.errors import BusinessError, NotPermitted

from .inspections import (
    NOT_YOURS,
    Answer,
    AnswersIncomplete,
    Visit,
    answers_of,
    inspection_save_draft,
    inspection_start,
    inspection_submit,
)


@dataclass(frozen=True)
class RowFacts:
    """What stands in the row itself: the day, and who came along."""

    inspected_on: dt.date
    companion: str = ""


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row: the record if it was reported, else why not (``problems`` by item
    id where items are to be put right)."""

    estate: Estate
    inspection: Inspection | None = None
    sentence: str = ""
    problems: Mapping[int, str] | None = None


def _draft_of(round: InspectionRound, estate: Estate, facts: RowFacts, actor: User) -> Inspection:
    return inspection_start(
        estate=estate,
        round=round,
        actor=actor,
        client_key=_key(round, estate, actor),
        inspected_on=facts.inspected_on,
    )


def _key(round: InspectionRound, estate: Estate, actor: User) -> object:
    """The key of the own draft: the one that is there, or the one that every device would use."""
    mine = Inspection.objects.editable().filter(round=round, estate=estate, entered_by=actor)
    found = mine.values_list("client_key", flat=True).first()
    return found or draft_key(round.pk, estate.pk, actor.pk)


def _visit(draft: Inspection, facts: RowFacts) -> Visit:
    """The table knows day and companion alone; what was filled in elsewhere stays."""
    return Visit(
        inspected_on=facts.inspected_on,
        companion=facts.companion,
        site_contact=draft.site_contact,
        note=draft.note,
    )


def table_cell_save(
    *,
    round: InspectionRound,
    estate: Estate,
    actor: User,
    facts: RowFacts,
    item_id: int | None = None,
    answer: Answer | None = None,
) -> Inspection:
    """Keep one cell, or the day and companion, in the own draft of ``estate``.

    The other cells stay as they are, also those that were filled in on a phone meanwhile.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    draft = _draft_of(round, estate, facts, actor)
    answers = None
    if item_id is not None and answer is not None:
        if not draft.checklist.items.filter(pk=item_id).exists():
            raise BusinessError("这个项目不在本次检查表中，请刷新后再填。", code="not_in_list")
        known = answers_of(draft)
        # What the table does not ask stays as the phone has it.
        before = known.get(item_id, Answer())
        answers = {**known, item_id: replace(answer, fixed=before.fixed and answer.outcome == FAIL)}
        if answer.outcome == PASS:
            del answers[item_id]
    return inspection_save_draft(
        inspection=draft, actor=actor, answers=answers, visit=_visit(draft, facts)
    )


def table_submit(
    *, round: InspectionRound, rows: Sequence[tuple[Estate, RowFacts]], actor: User
) -> list[RowOutcome]:
    """Report the chosen rows one by one by the service of the phone.

    Each row stands for itself: one that cannot be reported says why and keeps its draft, the
    others are reported all the same.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    return [_row_submit(round, estate, facts, actor) for estate, facts in rows]


def _row_submit(round: InspectionRound, estate: Estate, facts: RowFacts, actor: User) -> RowOutcome:
    try:
        draft = _draft_of(round, estate, facts, actor)
        sent = inspection_submit(
            inspection=draft, actor=actor, answers=answers_of(draft), visit=_visit(draft, facts)
        )
    except AnswersIncomplete as error:
        return RowOutcome(estate, sentence=error.message, problems=error.problems)
    except BusinessError as error:
        return RowOutcome(estate, sentence=error.message)
    except NotPermitted as error:
        return RowOutcome(estate, sentence=error.message)
    return RowOutcome(estate, inspection=sent)
