"""What of a record is not settled: photos still on a phone, another content under its key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from inspections import selectors, services
from inspections.calculations import plain
from inspections.choices import INSPECTORS, REVIEWERS, ConflictResolution, Outcome, PhotoStage
from inspections.models import (
    ChecklistItem,
    ConflictPhoto,
    DraftConflict,
    EvidencePhoto,
    Inspection,
)
from inspections.services import Answer
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.views.generic import ActionPage

from .photos import PhotoFull

LIST = "inspections:inspection-list"


def missing_by_item(inspection: Inspection) -> dict[int, list[PhotoStage]]:
    """Return by item id the stages of the photos that are still on the phone."""
    missing: dict[int, list[PhotoStage]] = {}
    for row in selectors.missing_photos(inspection):
        missing.setdefault(row.item_id, []).append(PhotoStage(row.stage))
    return missing


def answer_words(item: ChecklistItem, answer: Answer) -> str:
    """Return what an answer says, in one line."""
    if answer.outcome == Outcome.PASS:
        return Outcome.PASS.label
    if answer.outcome != Outcome.FAIL:
        return Outcome(answer.outcome).label if answer.outcome in Outcome.values else "未填"
    taken = answer.deduction
    if taken is None:
        taken = min(item.deduction_step, item.points)
    parts = [f"不合格，扣 {plain(taken)} 分：{answer.note}"]
    if answer.fixed:
        parts.append("当场已改正")
    return "　".join(parts)


@dataclass
class Side:
    """One of two contents on one item or fact: its words, its photos that are here, and how many
    are still on the phone."""

    words: str
    photos: list[EvidencePhoto | ConflictPhoto] = field(default_factory=list)
    awaited: int = 0
    keys: frozenset[str] = frozenset()

    @property
    def missing(self) -> range:
        return range(self.awaited)


def conflicts_of(inspection: Inspection, user: Any) -> list[dict[str, Any]]:
    """Return the other contents of ``inspection`` side by side with what was reported: only
    where answers, facts or photos differ."""
    conflicts = list(
        inspection.conflicts.visible_to(user)
        .select_related("by", "resolved_by")
        .prefetch_related("arrived")
    )
    if not conflicts:
        return []
    items = list(inspection.checklist.items.visible_to(user).order_by("position"))
    photos = list(
        EvidencePhoto.objects.visible_to(user)
        .filter(result__inspection=inspection, reply_item__isnull=True)
        .select_related("result")
    )
    told = [
        *inspection.announced.visible_to(user).values_list("client_key", "item_id", "stage"),
        *((photo.client_key, photo.result.item_id, photo.stage) for photo in photos),
    ]
    first = _sides(items, services.answers_of(inspection), told, photos)
    mine = inspection.entered_by_id == user.pk
    reviewer = user.has_role(*REVIEWERS)
    shown = []
    for conflict in conflicts:
        second = _sides(
            items,
            {
                int(pk): Answer.from_json(value)
                for pk, value in conflict.content.get("items", {}).items()
            },
            [(row["key"], int(row["item"]), row["stage"]) for row in conflict.photos],
            [*photos, *conflict.arrived.all()],
            wait=conflict.is_open,
        )
        rows = [
            (str(item), one, two)
            for item, one, two in zip(items, first, second, strict=True)
            if (one.words, one.keys) != (two.words, two.keys)
        ]
        rows += _visit_rows(
            inspection.draft.get("visit") or {}, conflict.content.get("visit") or {}
        )
        shown.append(
            {
                "conflict": conflict,
                "rows": rows,
                "may_keep": conflict.is_open and (mine or reviewer),
                "may_take": conflict.is_open and mine and inspection.is_editable,
                "wait": conflict.is_open and (mine or reviewer) and not inspection.is_editable,
                "mine": mine,
                "received": moment_label(conflict.received_at),
            }
        )
    return shown


def _sides(
    items: Sequence[ChecklistItem],
    answers: Mapping[int, Answer],
    told: Iterable[tuple[Any, int, str]],
    photos: Iterable[EvidencePhoto | ConflictPhoto],
    *,
    wait: bool = True,
) -> list[Side]:
    """Return what one content says of each item. ``told`` are its photos by key, item and stage,
    of which ``photos`` are here; the others are on the phone, if anybody still waits for them."""
    keys: dict[int, set[str]] = {}
    kept = {item.pk: (item, answers.get(item.pk, Answer())) for item in items}
    for key, item_id, stage in told:
        if item_id in kept and services.keeps_photo(*kept[item_id], stage):
            keys.setdefault(item_id, set()).add(str(key))
    here: dict[str, EvidencePhoto | ConflictPhoto] = {str(row.client_key): row for row in photos}
    sides = []
    for item, answer in kept.values():
        own = keys.get(item.pk, set())
        arrived = [photo for key, photo in here.items() if key in own]
        awaited = len(own) - len(arrived) if wait else 0
        sides.append(Side(answer_words(item, answer), arrived, awaited, frozenset(own)))
    return sides


def _visit_rows(
    first: Mapping[str, str], second: Mapping[str, str]
) -> list[tuple[str, Side, Side]]:
    labels = {
        "inspected_on": "检查日期",
        "companion": "同行检查人",
        "site_contact": "陪同人",
        "note": "备注",
    }
    return [
        (label, Side(first.get(name) or "—"), Side(second.get(name) or "—"))
        for name, label in labels.items()
        if first.get(name, "") != second.get(name, "")
    ]


class ConflictAct(ActionPage):
    """Base of the two decisions over another content."""

    model, menu, list_url = DraftConflict, LIST, LIST

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("inspection__estate", "by")

    def get_cancel_url(self) -> str:
        return self.object.get_absolute_url()

    def get_success_url(self, result: Any) -> str:
        return self.object.inspection.get_absolute_url()

    def refusal(self) -> str:
        if self.object.is_open:
            return ""
        return f"已经处理过：{ConflictResolution(self.object.resolution).label}。"


class ConflictKeep(ConflictAct):
    """What was reported stands."""

    roles = REVIEWERS | INSPECTORS
    title, submit_label = "保留先报的内容", "保留先报的"

    def check_access(self) -> None:
        mine = self.object.inspection.entered_by_id == self.user.pk
        if not mine and not self.user.has_role(*REVIEWERS):
            raise NotPermitted("这份检查由别人录入，请录入人或科室负责人处理。")

    def sentence(self) -> str:
        inspection = self.object.inspection
        return (
            f"{inspection.number or '草稿'} {inspection.estate} 保持上报的内容不变，"
            f"{moment_label(self.object.received_at)}收到的另一份存档备查。"
        )

    def perform(self, form: None) -> DraftConflict:
        return services.conflict_keep_first(conflict=self.object, actor=self.user)

    def done_message(self, result: Any) -> str:
        return "已保留先报的内容，另一份存档备查。"


class ConflictTake(ConflictAct):
    """The returned record takes the other content over."""

    roles = INSPECTORS
    title, submit_label = "采用后到的内容", "采用后到的"

    def check_access(self) -> None:
        if self.object.inspection.entered_by_id != self.user.pk:
            raise NotPermitted("这份检查由别人录入，你不能改动。")

    def sentence(self) -> str:
        return (
            f"{self.object.inspection.estate} 的草稿换成{moment_label(self.object.received_at)}"
            "收到的内容，看过后再上报。"
        )

    def refusal(self) -> str:
        told = super().refusal()
        if not told and not self.object.inspection.is_editable:
            return "记录已经上报。请科室负责人先退回，再采用后到的一份。"
        return told

    def perform(self, form: None) -> Inspection:
        return services.conflict_take_over(conflict=self.object, actor=self.user)

    def get_success_url(self, result: Inspection) -> str:
        return reverse("inspections:entry", args=[result.client_key])

    def done_message(self, result: Inspection) -> str:
        return "已采用后到的内容，看过后请上报。"


class ConflictPhotoFull(PhotoFull):
    """A photo of another content."""

    model = ConflictPhoto


class ConflictPhotoThumbnail(ConflictPhotoFull):
    field = "thumbnail"
