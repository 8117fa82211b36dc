"""Checklists: made and changed while in draft, taken into use, replaced by a new version."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from accounts.models import User
from inspections.calculations import plain
from inspections.choices import CHECKLIST_EDITORS, ChecklistKind, ChecklistStatus
from inspections.models import Checklist, ChecklistItem
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.states import move

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
TAG = "检查表"
NOT_YOURS = "检查表由房管中心科室负责人编制。"
ITEM_FIELDS = (
    "heading",
    "text",
    "guidance",
    "legal_basis",
    "disclosure",
    "points",
    "deduction_step",
    "severity",
    "default_days",
    "photo_required",
    "allows_na",
    "is_veto",
    "phrases",
)
CHECKLIST_FIELDS = (
    "title",
    "full_score",
    "excellent_score",
    "good_score",
    "pass_score",
    "effective_from",
)
MAX_ITEMS = 120


def _locked_draft(checklist: Checklist) -> Checklist:
    found = Checklist.objects.select_for_update().get(pk=checklist.pk)
    if not found.is_draft:
        raise BusinessError("使用过的检查表不能修改或删除，请另立新版。", code="frozen")
    return found


def _next_version(kind: str) -> int:
    return (Checklist.objects.filter(kind=kind).aggregate(last=Max("version"))["last"] or 0) + 1


def checklist_create(
    *, actor: User, kind: str, title: str, effective_from: dt.date, **values: Any
) -> Checklist:
    """Begin a new version of ``kind``, empty and in draft. ``values``: the marks of the grades."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = Checklist(
            kind=kind,
            version=_next_version(kind),
            title=title,
            effective_from=effective_from,
            created_by=actor,
            created_at=clock.now(),
            **values,
        )
        checklist.full_clean()
        checklist.save()
        record(
            actor=actor,
            verb="checklist.create",
            target=checklist,
            summary=f"编制 {checklist}",
            after=snapshot(checklist, CHECKLIST_FIELDS),
            tag=TAG,
            tone="b",
        )
    return checklist


def checklist_update(*, checklist: Checklist, actor: User, **values: Any) -> Checklist:
    """Change title, day of coming into use or marks of a draft."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = _locked_draft(checklist)
        before = snapshot(checklist, CHECKLIST_FIELDS)
        for name, value in values.items():
            setattr(checklist, name, value)
        checklist.full_clean()
        old, new = changes(before, snapshot(checklist, CHECKLIST_FIELDS))
        if new:
            checklist.save(update_fields=list(new))
            record(
                actor=actor,
                verb="checklist.update",
                target=checklist,
                summary="修改检查表",
                before=old,
                after=new,
                tag=TAG,
            )
    return checklist


def checklist_discard(*, checklist: Checklist, actor: User) -> None:
    """Throw a draft away."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = _locked_draft(checklist)
        record(
            actor=actor,
            verb="checklist.discard",
            target=checklist,
            summary=f"删去编制中的 {checklist}",
            tag=TAG,
        )
        checklist.delete()


def _ordered(items: Iterable[ChecklistItem]) -> list[ChecklistItem]:
    """Return ``items`` with those of one heading together, headings as they first appear."""
    groups: dict[str, list[ChecklistItem]] = {}
    for item in items:
        groups.setdefault(item.heading, []).append(item)
    return [item for members in groups.values() for item in members]


def _renumber(checklist: Checklist, items: Sequence[ChecklistItem] | None = None) -> None:
    """Write position and code (``2.1``: first item of the second heading) of all items."""
    rows = _ordered(items if items is not None else checklist.items.order_by("position", "pk"))
    headings: dict[str, int] = {}
    counts: dict[str, int] = {}
    for position, item in enumerate(rows, start=1):
        item.position = position
        headings.setdefault(item.heading, len(headings) + 1)
        counts[item.heading] = counts.get(item.heading, 0) + 1
        item.code = f"*{position}"
    # Codes are unique in a list, so all step aside before they take their new ones.
    ChecklistItem.objects.bulk_update(rows, ["position", "code"])
    seen: dict[str, int] = {}
    for item in rows:
        seen[item.heading] = seen.get(item.heading, 0) + 1
        item.code = f"{headings[item.heading]}.{seen[item.heading]}"
    ChecklistItem.objects.bulk_update(rows, ["code"])


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(ITEM_FIELDS)
    if unknown:
        raise TypeError(f"no fields of a checklist item: {', '.join(sorted(unknown))}")
    if "phrases" in values:
        phrases = [str(phrase).strip() for phrase in values["phrases"]]
        values = {**values, "phrases": list(dict.fromkeys(filter(None, phrases)))[:12]}
        if any(len(phrase) > 30 for phrase in values["phrases"]):
            raise BusinessError("常用语每条最多 30 个字。", field="phrases")
    return values


def checklist_item_add(*, checklist: Checklist, actor: User, **values: Any) -> ChecklistItem:
    """Add an item at the end of its heading. ``values`` are :data:`ITEM_FIELDS`."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = _locked_draft(checklist)
        count = checklist.items.count()
        if count >= MAX_ITEMS:
            raise BusinessError(f"一张检查表最多 {MAX_ITEMS} 项。")
        item = ChecklistItem(
            checklist=checklist, position=count + 1, code=f"~{count + 1}", **_cleaned(values)
        )
        item.full_clean()
        item.save()
        _renumber(checklist)
        item.refresh_from_db()
        record(
            actor=actor,
            verb="checklist.item_add",
            target=checklist,
            summary=f"增加 {item.code} {item.text}",
            after=snapshot(item, ITEM_FIELDS),
            tag=TAG,
        )
    return item


def checklist_item_update(*, item: ChecklistItem, actor: User, **values: Any) -> ChecklistItem:
    """Change an item of a draft; another heading puts it at that heading's end."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = _locked_draft(item.checklist)
        item = checklist.items.get(pk=item.pk)
        before = snapshot(item, ITEM_FIELDS)
        for name, value in _cleaned(values).items():
            setattr(item, name, value)
        item.full_clean()
        old, new = changes(before, snapshot(item, ITEM_FIELDS))
        if new:
            if "heading" in new:
                item.position = checklist.items.count() + 1
            item.save(update_fields=[*new, "position"])
            _renumber(checklist)
            item.refresh_from_db()
            record(
                actor=actor,
                verb="checklist.item_update",
                target=checklist,
                summary=f"修改 {item.code} {item.text}",
                before=old,
                after=new,
                tag=TAG,
            )
    return item


def checklist_item_remove(*, item: ChecklistItem, actor: User) -> Checklist:
    """Take an item out of a draft."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = _locked_draft(item.checklist)
        before = snapshot(item, ITEM_FIELDS)
        removed, _ = checklist.items.filter(pk=item.pk).delete()
        if not removed:
            raise StaleState(f"{item.code} 已经删去。")
        record(
            actor=actor,
            verb="checklist.item_remove",
            target=checklist,
            summary=f"删去 {item.code} {item.text}",
            before=before,
            tag=TAG,
        )
        _renumber(checklist)
    return checklist


def checklist_items_reorder(*, checklist: Checklist, actor: User, order: Sequence[int]) -> None:
    """Put the items of a draft into ``order`` (their ids, each once)."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = _locked_draft(checklist)
        items = {item.pk: item for item in checklist.items.all()}
        if sorted(order) != sorted(items):
            raise BusinessError("检查项目刚被别人改动过，请刷新后再排序。", code="stale")
        _renumber(checklist, [items[pk] for pk in order])
        record(
            actor=actor,
            verb="checklist.reorder",
            target=checklist,
            summary="调整检查项目的顺序",
            tag=TAG,
        )


def checklist_item_move(*, item: ChecklistItem, actor: User, up: bool) -> Checklist:
    """Move an item one place within its heading; at the edge, its whole heading moves."""
    items = list(item.checklist.items.order_by("position"))
    groups: dict[str, list[int]] = {}
    for row in items:
        groups.setdefault(row.heading, []).append(row.pk)
    headings = list(groups)
    members = groups[item.heading]
    place, step = members.index(item.pk), -1 if up else 1
    if 0 <= place + step < len(members):
        members[place], members[place + step] = members[place + step], members[place]
    else:
        here = headings.index(item.heading)
        if 0 <= here + step < len(headings):
            headings[here], headings[here + step] = headings[here + step], headings[here]
    checklist_items_reorder(
        checklist=item.checklist,
        actor=actor,
        order=[pk for name in headings for pk in groups[name]],
    )
    return item.checklist


def checklist_copy_as_new_version(
    *, checklist: Checklist, actor: User, effective_from: dt.date | None = None
) -> Checklist:
    """Begin the next version of the same kind from the items of ``checklist``."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        if Checklist.objects.filter(kind=checklist.kind, status=ChecklistStatus.DRAFT).exists():
            raise BusinessError("这类检查表已有编制中的一版，请先启用或删去。", code="draft_exists")
        copy = Checklist.objects.create(
            kind=checklist.kind,
            version=_next_version(checklist.kind),
            title=checklist.title,
            full_score=checklist.full_score,
            excellent_score=checklist.excellent_score,
            good_score=checklist.good_score,
            pass_score=checklist.pass_score,
            effective_from=effective_from or clock.today(),
            created_by=actor,
            created_at=clock.now(),
        )
        ChecklistItem.objects.bulk_create(
            ChecklistItem(
                checklist=copy,
                position=item.position,
                code=item.code,
                **{name: getattr(item, name) for name in ITEM_FIELDS},
            )
            for item in checklist.items.order_by("position")
        )
        record(
            actor=actor,
            verb="checklist.copy",
            target=copy,
            subjects=[checklist],
            summary=f"从第{checklist.version}版另立第{copy.version}版",
            tag=TAG,
            tone="b",
        )
    return copy


def points_total(checklist: Checklist) -> Decimal:
    """Return the sum of the points of all items."""
    return checklist.items.aggregate(total=Sum("points"))["total"] or Decimal(0)


def activation_problem(checklist: Checklist) -> str:
    """Return why a draft cannot be taken into use yet, or an empty text."""
    total = points_total(checklist)
    if not checklist.items.exists():
        return "还没有检查项目，不能启用。"
    if total != checklist.full_score:
        return f"各项分值合计 {plain(total)} 分，须等于满分 {plain(checklist.full_score)} 分。"
    return ""


def checklist_activate(*, checklist: Checklist, actor: User) -> Checklist:
    """Take a draft into use from its day on; the version in use so far is retired that day."""
    require(actor, CHECKLIST_EDITORS, "检查表由房管中心科室负责人启用。")
    with guarded():
        checklist = _locked_draft(checklist)
        problem = activation_problem(checklist)
        if problem:
            raise BusinessError(problem, code="incomplete")
        former = (
            Checklist.objects.select_for_update()
            .filter(kind=checklist.kind, status=ChecklistStatus.IN_USE)
            .first()
        )
        if former is not None:
            if checklist.effective_from <= former.effective_from:
                raise BusinessError(
                    f"启用日期须晚于现行第{former.version}版的"
                    f"{clock.chinese_date(former.effective_from)}。",
                    field="effective_from",
                )
            move(
                former,
                source=ChecklistStatus.IN_USE,
                target=ChecklistStatus.RETIRED,
                retired_on=checklist.effective_from,
            )
        move(checklist, source=ChecklistStatus.DRAFT, target=ChecklistStatus.IN_USE)
        since = clock.chinese_date(checklist.effective_from)
        replaced = f"，第{former.version}版同日停用" if former else ""
        record(
            actor=actor,
            verb="checklist.activate",
            target=checklist,
            subjects=[former] if former else [],
            summary=f"启用 {checklist}，自{since}起{replaced}",
            tag=TAG,
            tone="g",
        )
    return checklist


def checklist_retire(*, checklist: Checklist, actor: User) -> Checklist:
    """Take a version out of use without a successor; old inspections keep it."""
    require(actor, CHECKLIST_EDITORS, "检查表由房管中心科室负责人停用。")
    with guarded():
        move(
            checklist,
            source=ChecklistStatus.IN_USE,
            target=ChecklistStatus.RETIRED,
            retired_on=clock.today(),
            message="这一版不在使用中，不用停用。",
        )
        record(
            actor=actor,
            verb="checklist.retire",
            target=checklist,
            summary=f"停用 {checklist}",
            tag=TAG,
            tone="a",
        )
    return checklist


@transaction.atomic
def checklists_load(*, actor: User, folder: Path = REFERENCE) -> tuple[int, int]:
    """Load the built-in checklists of ``folder``; return ``(made, kept)`` versions.

    A file holds one kind: its ``versions`` by day of coming into use, and ``items`` whose
    ``legal_basis`` lists one text per version (a shorter list repeats its last). Versions that
    exist already stay as they are, so the loading can be repeated.
    """
    made = kept = 0
    for path in sorted(folder.glob("*.json")):
        source = json.loads(path.read_text(encoding="utf-8"))
        kind = ChecklistKind(source["kind"])
        known = set(Checklist.objects.filter(kind=kind).values_list("version", flat=True))
        for index, version in enumerate(source["versions"]):
            if version["version"] in known or (known and version["version"] < max(known)):
                kept += 1
                continue
            checklist = checklist_create(
                actor=actor,
                kind=kind,
                title=source["title"],
                effective_from=dt.date.fromisoformat(version["effective_from"]),
            )
            rows = [_built_in(entry, index) for entry in source["items"]]
            for position, row in enumerate(rows, start=1):
                row.checklist, row.position, row.code = checklist, position, f"~{position}"
                row.full_clean(validate_unique=False)
            ChecklistItem.objects.bulk_create(rows)
            _renumber(checklist)
            checklist_activate(checklist=checklist, actor=actor)
            made += 1
    return made, kept


def _built_in(entry: dict[str, Any], version: int) -> ChecklistItem:
    bases = entry["legal_basis"]
    return ChecklistItem(
        **{
            **entry,
            "points": Decimal(entry["points"]),
            "deduction_step": Decimal(entry["deduction_step"]),
            "legal_basis": bases[min(version, len(bases) - 1)],
        }
    )
