"""The life of an inspection until it is reported: started, saved as it is filled in, sent."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import User
from enterprises.selectors import current_services
from estates.choices import EstateStatus
from estates.models import Estate
from inspections.calculations import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    Line,
    Marks,
    Score,
    deduction_problem,
    digest,
    plain,
    score_of,
)
from inspections.choices import (
    COUNTED,
    EDITABLE,
    INSPECTORS,
    ChecklistStatus,
    InspectionStatus,
    Outcome,
    PhotoStage,
    RoundStatus,
)
from inspections.models import (
    Checklist,
    ChecklistItem,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    ItemResult,
    RoundEstate,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.states import move

from .pictures import Camera, read_picture, with_camera
from .storing import forget_files, keep_picture
from .versions import keep_submission

TAG = "检查"
NOT_YOURS = "检查由检查员或街道经办录入。"
MAX_NOTE = 300
MAX_PHOTOS = 9
MAX_DAYS = 180
NO_PHOTO = "请至少拍 1 张照片。"


@dataclass(frozen=True)
class Answer:
    """What was found on one item. ``days`` is the time to put it right, from the visit on; None
    takes the item's own. ``fixed``: it was put right before the inspector left."""

    outcome: str = PASS
    deduction: Decimal | None = None
    note: str = ""
    days: int | None = None
    fixed: bool = False

    def as_json(self) -> dict[str, Any]:
        told = {
            "outcome": self.outcome,
            "deduction": None if self.deduction is None else str(self.deduction),
            "note": self.note,
            "days": self.days,
        }
        # Left out where it is not so: what was reported before there was this field, sent
        # again, must still be the same content.
        return {**told, "fixed": True} if self.fixed else told

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Answer":
        try:
            deduction = value.get("deduction")
            number = None if deduction in (None, "") else Decimal(str(deduction))
        except InvalidOperation:
            number = None
        days = value.get("days")
        return cls(
            outcome=str(value.get("outcome", PASS)),
            deduction=number if number is None or number.is_finite() else None,
            note=str(value.get("note", "")),
            days=days if isinstance(days, int) else None,
            fixed=value.get("fixed") is True,
        )


@dataclass(frozen=True)
class Visit:
    """The facts of the visit beside its items."""

    inspected_on: dt.date | None = None
    companion: str = ""
    site_contact: str = ""
    note: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None


class AnswersIncomplete(BusinessError):
    """Items that cannot be reported as they stand: ``problems`` maps item ids to sentences."""

    def __init__(self, problems: dict[int, str], codes: list[str]) -> None:
        shown = "、".join(codes[:5]) + ("等" if len(codes) > 5 else "")
        super().__init__(
            f"还有 {len(problems)} 项没有填好：{shown}。内容都已保存，补好后再上报。",
            code="incomplete",
        )
        self.problems = problems


@dataclass
class _Checked:
    """The answers of a draft held against its checklist."""

    lines: list[Line] = field(default_factory=list)
    results: list[ItemResult] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)


# --- Start ------------------------------------------------------------------------------------


def inspection_start(
    *,
    estate: Estate,
    actor: User,
    round: InspectionRound | None = None,
    checklist: Checklist | None = None,
    client_key: uuid.UUID | None = None,
    inspected_on: dt.date | None = None,
) -> Inspection:
    """Return this person's draft of ``estate``, made now if there is none yet.

    In a ``round`` the checklist is the round's; without one, ``checklist`` must be in force. The
    same ``client_key``, or the same estate of the same round, is the same record.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    known = _known(client_key, estate, round, actor)
    if known is not None:
        return known
    day = inspected_on or clock.today()
    with guarded():
        if not Estate.objects.visible_to(actor).filter(pk=estate.pk).exists():
            raise NotPermitted("这个小区不在你所在的街道（乡镇）。")
        if estate.status != EstateStatus.ACTIVE:
            raise BusinessError(f"{estate} 已不在册，不用检查。")
        if round is not None:
            try:
                _check_round(round, estate)
            except BusinessError:
                # The same draft may have been sent and reported a moment ago: it is the record.
                known = _known(client_key, estate, round, actor)
                if known is None:
                    raise
                return known
            checklist = round.checklist
        elif checklist is None or checklist.status == ChecklistStatus.DRAFT:
            raise BusinessError("请先选检查表。", field="checklist")
        elif not Checklist.objects.in_force(day).filter(pk=checklist.pk).exists():
            raise BusinessError(f"{checklist} 现在没有启用，请换一张。", field="checklist")
        serving = current_services([estate.pk], day, actor).get(estate.pk)
        inspection = Inspection(
            client_key=client_key or uuid.uuid4(),
            round=round,
            checklist=checklist,
            estate=estate,
            provider_id=serving.provider_id if serving else None,
            inspected_on=day,
            inspector=actor,
            entered_by=actor,
            created_at=clock.now(),
        )
        _check_day(inspection)
        # The keys point to rows that were read just now, and the database holds them.
        inspection.full_clean(
            exclude={"round", "checklist", "estate", "provider", "inspector", "entered_by"},
            validate_unique=False,
            validate_constraints=False,
        )
        try:
            with transaction.atomic():
                inspection.save()
        except IntegrityError:
            # Another tab or a second tap was faster: its record is the one.
            known = _known(client_key, estate, round, actor)
            if known is None:
                raise
            return known
        assert_in_scope(inspection, actor)
        record(
            actor=actor,
            verb="inspection.start",
            target=inspection,
            subjects=[estate],
            summary=f"开始检查 {estate}" + (f"（{round}）" if round else ""),
            tag=TAG,
        )
    return inspection


def _known(
    client_key: uuid.UUID | None, estate: Estate, round: InspectionRound | None, actor: User
) -> Inspection | None:
    if client_key is not None:
        found = Inspection.objects.filter(client_key=client_key).first()
        if found is not None:
            if found.entered_by_id != actor.pk or found.estate_id != estate.pk:
                raise BusinessError("这份草稿属于另一次检查，请回到我的检查重新打开。", code="key")
            return found
    if round is not None:
        return (
            Inspection.objects.editable()
            .filter(round=round, estate=estate, entered_by=actor)
            .first()
        )
    return None


def _check_round(round: InspectionRound, estate: Estate) -> None:
    line = RoundEstate.objects.filter(round=round, estate=estate)
    status = line.values_list("round__status", flat=True).first()
    if status is None:
        raise BusinessError(f"{estate} 不在 {round} 的范围内。", code="not_covered")
    if status == RoundStatus.CLOSED:
        raise BusinessError(f"{round} 已经结束，不能再检查。", code="round_closed")
    done = Inspection.objects.counted().filter(round=round, estate=estate).first()
    if done is not None:
        raise BusinessError(
            f"{estate} 在本批次已由 {done.inspector} 上报（{done.number}），不用再查。", code="done"
        )


def _check_day(inspection: Inspection) -> None:
    day, round = inspection.inspected_on, inspection.round
    if day > clock.today():
        raise BusinessError("检查日期不能晚于今天。", field="inspected_on")
    if round is not None and day < round.start_date:
        raise BusinessError(
            f"检查日期不能早于本批次开始的{clock.chinese_date(round.start_date)}。",
            field="inspected_on",
        )


def _check_late(inspection: Inspection) -> None:
    """A visit after the last day of its round is reported with the reason in its note."""
    day, round = inspection.inspected_on, inspection.round
    if round is not None and day > round.end_date and not inspection.note.strip():
        raise BusinessError(
            f"检查日期晚于本批次截止的{clock.chinese_date(round.end_date)}，请在备注里写明原因。",
            code="late",
            field="note",
        )


# --- Fill in ----------------------------------------------------------------------------------


def own_draft(inspection: Inspection, actor: User) -> Inspection:
    """Return the record, locked, if ``actor`` is the one who fills it in."""
    found = (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("round", "checklist", "estate")
        .get(pk=inspection.pk)
    )
    if found.entered_by_id != actor.pk:
        raise NotPermitted("这份检查由别人录入，你不能改动。")
    return found


def content_of(
    inspection: Inspection, answers: Mapping[int, Answer] | None, visit: Visit | None
) -> dict[str, Any]:
    """Return what would stand in the draft: answers of items that are not plainly passed, and
    the facts of the visit. The same input gives the same content."""
    content = dict(inspection.draft or {})
    if answers is not None:
        content["items"] = {
            str(pk): answer.as_json()
            for pk, answer in sorted(answers.items())
            if answer.outcome != PASS
        }
    if visit is not None:
        content["visit"] = {
            "inspected_on": (visit.inspected_on or inspection.inspected_on).isoformat(),
            "companion": visit.companion.strip()[:60],
            "site_contact": visit.site_contact.strip()[:60],
            "note": visit.note.strip()[:MAX_NOTE],
        }
    return content


def inspection_save_draft(
    *,
    inspection: Inspection,
    actor: User,
    answers: Mapping[int, Answer] | None = None,
    visit: Visit | None = None,
) -> Inspection:
    """Keep what has been filled in so far, complete or not.

    ``answers`` maps item ids to answers; items that are not named stand on 合格. Not audited:
    a draft is nobody's statement yet.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    with guarded():
        inspection = own_draft(inspection, actor)
        if not inspection.is_editable:
            raise BusinessError(
                f"这份检查已经上报（{inspection.number}），不能再改。", code="reported"
            )
        write_draft(inspection, answers, visit)
    return inspection


def write_draft(
    inspection: Inspection, answers: Mapping[int, Answer] | None, visit: Visit | None
) -> None:
    """Write the content of a draft whose row is locked."""
    inspection.draft = content_of(inspection, answers, visit)
    inspection.saved_at = clock.now()
    fields = ["draft", "saved_at"]
    if visit is not None:
        if visit.latitude is not None and visit.longitude is not None:
            inspection.latitude, inspection.longitude = visit.latitude, visit.longitude
            fields += ["latitude", "longitude"]
        facts = inspection.draft["visit"]
        inspection.inspected_on = dt.date.fromisoformat(facts["inspected_on"])
        inspection.companion = facts["companion"]
        inspection.site_contact = facts["site_contact"]
        inspection.note = facts["note"]
        fields += ["inspected_on", "companion", "site_contact", "note"]
    inspection.save(update_fields=fields)


def answers_of(inspection: Inspection) -> dict[int, Answer]:
    """Return the answers that stand in the draft, by item id; passed items are left out."""
    items = (inspection.draft or {}).get("items", {})
    return {int(pk): Answer.from_json(value) for pk, value in items.items()}


def photo_add(
    *,
    inspection: Inspection,
    item: ChecklistItem,
    actor: User,
    source: bytes,
    name: str = "照片",
    client_key: uuid.UUID | None = None,
    stage: str = PhotoStage.FOUND,
    camera: Camera | None = None,
) -> EvidencePhoto:
    """Add a photo to an item. The same key, or the same picture on the same item, is one photo
    however often it arrives.

    A reported record takes only what it has announced: photos that were still on the phone.
    ``camera`` is what the phone read of the picture before it shrank it.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    picture = with_camera(read_picture(source, name), camera)
    key = client_key or uuid.uuid5(inspection.client_key, f"{item.pk}/{picture.source_sha256}")
    known = _known_photo(key, inspection, item, actor)
    if known is not None:
        return known
    with guarded():
        inspection = own_draft(inspection, actor)
        if item.checklist_id != inspection.checklist_id:
            raise BusinessError("这个项目不在本次检查表中。", code="not_in_list")
        awaited = inspection.announced.filter(client_key=key).exists()
        if not inspection.is_editable and not awaited:
            raise BusinessError(
                f"这份检查已经上报（{inspection.number}），不能再加照片。", code="reported"
            )
        result, _ = ItemResult.objects.get_or_create(
            inspection=inspection, item=item, defaults={"outcome": Outcome.PASS}
        )
        photos = EvidencePhoto.objects.filter(result=result, reply_item__isnull=True, stage=stage)
        same = Q(client_key=key)
        if not awaited:
            same |= Q(source_sha256=picture.source_sha256)
        known = photos.filter(same).first()
        if known is not None:
            return known
        if not awaited and photos.count() >= MAX_PHOTOS:
            raise BusinessError(f"每项最多 {MAX_PHOTOS} 张照片。", code="too_many", field="photo")
        return keep_picture(
            picture,
            estate=inspection.estate,
            result=result,
            actor=actor,
            client_key=key,
            stage=stage,
        )


def _known_photo(
    key: uuid.UUID, inspection: Inspection, item: ChecklistItem, actor: User
) -> EvidencePhoto | None:
    found = EvidencePhoto.objects.filter(client_key=key).select_related("result").first()
    if found is None:
        return None
    same = found.result.inspection_id == inspection.pk and found.result.item_id == item.pk
    if not same or found.uploaded_by_id != actor.pk:
        raise BusinessError("这张照片属于另一份检查，请重新拍照。", code="key")
    return found


def photo_remove(*, photo: EvidencePhoto, actor: User) -> None:
    """Take a photo out of a draft; its files go once the removal is certain."""
    require(actor, INSPECTORS, NOT_YOURS)
    with guarded():
        inspection = own_draft(photo.result.inspection, actor)
        if photo.reply_item_id or not inspection.is_editable:
            raise BusinessError("作为证据的照片不能修改或删除。", code="reported")
        forget_files([photo])
        EvidencePhoto.objects.filter(pk=photo.pk).delete()


def inspection_discard(*, inspection: Inspection, actor: User) -> None:
    """Throw an own draft away, with its photos. What was once reported cannot be thrown away."""
    require(actor, INSPECTORS, NOT_YOURS)
    with guarded():
        inspection = own_draft(inspection, actor)
        if inspection.status != InspectionStatus.DRAFT:
            raise BusinessError("上报过的检查记录不能删除。", code="reported")
        photos = list(EvidencePhoto.objects.filter(result__inspection=inspection))
        record(
            actor=actor,
            verb="inspection.discard",
            target=inspection,
            subjects=[inspection.estate],
            summary=f"放弃 {inspection.estate} 的检查草稿，照片 {len(photos)} 张",
            tag=TAG,
        )
        forget_files(photos)
        inspection.delete()


# --- Report -----------------------------------------------------------------------------------


def _check(inspection: Inspection, answers: Mapping[int, Answer]) -> _Checked:
    """Hold ``answers`` against the checklist: scored lines, results to write, problems."""
    checked = _Checked()
    photos = _photo_counts(inspection)
    items = inspection.checklist.items.all()
    unknown = set(answers) - {item.pk for item in items}
    if unknown:
        raise BusinessError("有的项目不在本次检查表中，请刷新后再填。", code="not_in_list")
    for item in items:
        answer = answers.get(item.pk, Answer())
        problem = _problem(
            item, answer, photos[item.pk, PhotoStage.FOUND], photos[item.pk, PhotoStage.FIXED]
        )
        if problem:
            checked.problems[item.pk] = problem
            checked.codes.append(item.code)
            continue
        failed = answer.outcome == FAIL
        deduction = (answer.deduction or min(item.deduction_step, item.points)) if failed else None
        days = item.default_days if answer.days is None else answer.days
        checked.results.append(
            ItemResult(
                inspection=inspection,
                item=item,
                outcome=answer.outcome,
                deduction=deduction or Decimal(0),
                note=answer.note.strip() if answer.outcome != PASS else "",
                deadline=inspection.inspected_on + dt.timedelta(days=days)
                if failed and not answer.fixed
                else None,
                fixed_on_site=failed and answer.fixed,
            )
        )
        checked.lines.append(
            Line(
                item.code,
                item.text,
                item.heading,
                item.points,
                answer.outcome,
                deduction or Decimal(0),
                item.is_veto,
                item.disclosure,
            )
        )
    return checked


def _photo_counts(inspection: Inspection) -> Counter[tuple[int, str]]:
    """Return how many photos each item has by stage, those included that are announced and
    still on the phone."""
    arrived = EvidencePhoto.objects.filter(
        result__inspection=inspection, reply_item__isnull=True
    ).values_list("result__item_id", "stage", "client_key")
    counts = Counter((item, stage) for item, stage, _ in arrived)
    keys = {key for _, _, key in arrived}
    for item, stage, key in inspection.announced.values_list("item_id", "stage", "client_key"):
        counts[item, stage] += key not in keys
    return counts


def _problem(item: ChecklistItem, answer: Answer, photos: int, after: int) -> str:
    """Return why ``answer`` cannot be reported on ``item``, or an empty text."""
    if answer.outcome not in Outcome.values:
        return "请选合格或不合格。"
    if answer.outcome == NOT_APPLICABLE:
        return "" if item.allows_na else "这一项不能选不适用。"
    if answer.outcome == PASS:
        return NO_PHOTO if item.wants_photo(PASS) and not photos else ""
    if not answer.note.strip():
        return "请写明问题。"
    if len(answer.note.strip()) > MAX_NOTE:
        return f"问题描述最多 {MAX_NOTE} 字，现在 {len(answer.note.strip())} 字。"
    deduction = answer.deduction
    if deduction is None:
        deduction = min(item.deduction_step, item.points)
    problem = deduction_problem(deduction, item.points, item.deduction_step) if item.points else ""
    if problem:
        return problem
    if answer.days is not None and not 0 <= answer.days <= MAX_DAYS:
        return f"整改期限须在 {MAX_DAYS} 天以内。"
    if item.photo_required and not photos:
        return NO_PHOTO
    if answer.fixed and item.photo_required and not after:
        return "当场已改正的，请再拍 1 张改正后的照片。"
    return ""


def marks_of(checklist: Checklist) -> Marks:
    return Marks(
        checklist.full_score,
        checklist.excellent_score,
        checklist.good_score,
        checklist.pass_score,
    )


def preview_score(inspection: Inspection) -> Score | None:
    """Return the score that the draft would get as it stands; nothing is written."""
    answers = answers_of(inspection)
    lines = []
    for item in inspection.checklist.items.order_by("position"):
        answer = answers.get(item.pk, Answer())
        failed = answer.outcome == FAIL
        given = answer.deduction if answer.deduction is not None else item.deduction_step
        lines.append(
            Line(
                item.code,
                item.text,
                item.heading,
                item.points,
                answer.outcome,
                max(min(given, item.points), Decimal(0)) if failed else Decimal(0),
                item.is_veto,
                item.disclosure,
            )
        )
    return score_of(lines, marks_of(inspection.checklist))


def inspection_submit(
    *,
    inspection: Inspection,
    actor: User,
    answers: Mapping[int, Answer] | None = None,
    visit: Visit | None = None,
) -> Inspection:
    """Report an inspection: check it, compute its score, give it its number.

    Sent twice with the same content it is one record; sent again with other content it is a
    conflict (``code="conflict"``) that changes nothing. Raises :class:`AnswersIncomplete` with
    a sentence per item; what was filled in stays saved.
    """
    require(actor, INSPECTORS, NOT_YOURS)
    given = answers is not None or visit is not None
    if given and Inspection.objects.editable().filter(pk=inspection.pk).exists():
        try:
            inspection_save_draft(inspection=inspection, actor=actor, answers=answers, visit=visit)
        except BusinessError as error:
            if error.code != "reported":
                raise
    with guarded():
        inspection = own_draft(inspection, actor)
        content = digest(content_of(inspection, answers, visit))
        if inspection.status not in COUNTED:
            report_draft(inspection, actor)
        elif inspection.content_digest != content:
            raise BusinessError(
                f"这份检查已经上报（{inspection.number}），这次的内容与上报的不同，没有改动。"
                "要改请联系科室负责人退回。",
                code="conflict",
            )
    return inspection


def report_draft(inspection: Inspection, actor: User) -> None:
    """Report what stands in an editable record whose row is locked."""
    if inspection.round_id:
        _lock_coverage(inspection)
    _check_day(inspection)
    _check_late(inspection)
    checked = _check(inspection, answers_of(inspection))
    if checked.problems:
        raise AnswersIncomplete(checked.problems, checked.codes)
    score = score_of(checked.lines, marks_of(inspection.checklist))
    if score is None:
        raise BusinessError("全部项目都选了不适用，没有可以计分的项目。", code="nothing")
    dropped = _write_results(inspection, checked.results)
    moment, content = clock.now(), digest(content_of(inspection, None, None))
    keep_submission(inspection, actor=actor, score=score.score, digest=content, moment=moment)
    first = inspection.submitted_at is None
    day = inspection.inspected_on
    serving = current_services([inspection.estate_id], day, actor).get(inspection.estate_id)
    if inspection.number is None:
        # Last of all: who takes a number makes the others wait until the commit.
        inspection.number = _number(moment.date())
    move(
        inspection,
        source=EDITABLE,
        target=InspectionStatus.SUBMITTED,
        number=inspection.number,
        provider_id=serving.provider_id if serving else None,
        score=score.score,
        working=score.working,
        failed_count=score.failed,
        missing_disclosures=score.missing,
        content_digest=content,
        submitted_at=moment,
        return_reason="",
    )
    assert_in_scope(inspection, actor)
    record(
        actor=actor,
        verb="inspection.submit",
        target=inspection,
        subjects=subjects_of(inspection),
        summary=f"{'上报' if first else '重新上报'}检查，{plain(score.score)} 分，"
        + (f"{score.failed} 项不合格" if score.failed else "全部合格"),
        after={
            "number": inspection.number,
            "score": score.score,
            "failed": score.failed,
            "photos_dropped": dropped,
        },
        tag=TAG,
        tone="b",
    )


def _lock_coverage(inspection: Inspection) -> None:
    """Take this estate's line of the round, so that a closing round waits, and check the round
    as it stands then."""
    line = RoundEstate.objects.select_for_update(of=("self",)).filter(
        round=inspection.round_id, estate=inspection.estate_id
    )
    if not list(line):
        raise BusinessError(f"{inspection.estate} 已不在本批次的范围内。", code="not_covered")
    if InspectionRound.objects.filter(pk=inspection.round_id, status=RoundStatus.CLOSED).exists():
        raise BusinessError("检查批次已结束，不能再上报。", code="round_closed")
    others = Inspection.objects.counted().filter(
        round=inspection.round_id, estate=inspection.estate_id
    )
    done = others.select_related("inspector").first()
    if done is not None:
        raise BusinessError(
            f"{inspection.estate} 在本批次已由 {done.inspector} 上报（{done.number}），"
            "你的草稿没有改动。",
            code="done",
        )


def _number(day: dt.date) -> str:
    """Return the next number of ``day``: ``JC-20261118-0048``."""
    return f"JC-{day:%Y%m%d}-{next_number(f'JC{day:%m%d}', day.year):04d}"


def _write_results(inspection: Inspection, results: list[ItemResult]) -> int:
    """Write all results over those of the draft; photos that no result keeps go: of items that
    are in order and ask for none, and after a repair that was none. Return how many went."""
    known = {row.item_id: row for row in inspection.results.all()}
    new, changed = [], []
    for result in results:
        row = known.get(result.item_id)
        if row is None:
            new.append(result)
            continue
        row.outcome, row.deduction = result.outcome, result.deduction
        row.note, row.deadline = result.note, result.deadline
        row.fixed_on_site = result.fixed_on_site
        changed.append(row)
    ItemResult.objects.bulk_update(
        changed, ["outcome", "deduction", "note", "deadline", "fixed_on_site"]
    )
    ItemResult.objects.bulk_create(new)
    needed = {
        (row.item_id, PhotoStage.FOUND) for row in results if row.item.takes_photo(row.outcome)
    }
    needed |= {(row.item_id, PhotoStage.FIXED) for row in results if row.fixed_on_site}
    told = inspection.announced.values_list("pk", "item_id", "stage")
    vain = [pk for pk, item, stage in told if (item, stage) not in needed]
    if vain:
        inspection.announced.filter(pk__in=vain).delete()
    if not known:  # no photo without a result
        return 0
    photos = EvidencePhoto.objects.filter(result__inspection=inspection)
    idle = [
        photo
        for photo in photos.select_related("result")
        if (photo.result.item_id, photo.stage) not in needed
    ]
    if idle:
        forget_files(idle)
        EvidencePhoto.objects.filter(pk__in=[photo.pk for photo in idle]).delete()
    return len(idle)


def subjects_of(inspection: Inspection) -> list[Any]:
    """Return the records whose timelines show what happens to ``inspection``."""
    subjects: list[Any] = [inspection.estate]
    if inspection.provider_id:
        subjects.append(inspection.provider)
    if inspection.round_id:
        subjects.append(inspection.round)
    return subjects
