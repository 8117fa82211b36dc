"""Checklists: made and changed while in draft, taken into use, replaced by a new version."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max

from accounts.models import User
from inspections.calculations import plain
from inspections.choices import CHECKLIST_EDITORS, ChecklistStatus
from inspections.models import Checklist, ChecklistHeading, ChecklistItem, ItemBasis
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.states import move

TAG = "检查表"
NOT_YOURS = "检查表由房管中心科室负责人编制。"
ITEM_FIELDS = (
    "section",
    "text",
    "guidance",
    "disclosure",
    "points",
    "deduction_step",
    "severity",
    "default_days",
    "photo_required",
    "pass_photo",
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
HEADING_FIELDS = ("name", "points", "legal_basis", "valid_from", "valid_to")
MAX_ITEMS = 120


def locked_draft(checklist: Checklist) -> Checklist:
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
        checklist = locked_draft(checklist)
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
        checklist = locked_draft(checklist)
        record(
            actor=actor,
            verb="checklist.discard",
            target=checklist,
            summary=f"删去编制中的 {checklist}",
            tag=TAG,
        )
        checklist.delete()


@dataclass(frozen=True)
class Basis:
    """A legal basis and the days from and to which it is the law (None: open)."""

    text: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def as_json(self) -> list[str | None]:
        return [
            self.text,
            self.valid_from.isoformat() if self.valid_from else None,
            self.valid_to.isoformat() if self.valid_to else None,
        ]


def bases_of(item: ChecklistItem) -> list[Basis]:
    return [Basis(row.text, row.valid_from, row.valid_to) for row in item.bases.all()]


def _set_bases(item: ChecklistItem, bases: Iterable[Basis]) -> None:
    item.bases.all().delete()
    rows = [
        ItemBasis(
            item=item, text=basis.text.strip(), valid_from=basis.valid_from, valid_to=basis.valid_to
        )
        for basis in bases
        if basis.text.strip()
    ]
    for row in rows:
        row.full_clean()
    ItemBasis.objects.bulk_create(rows)


def heading_of(checklist: Checklist, heading: ChecklistHeading | str) -> ChecklistHeading:
    """Return the heading itself, or the one of this name, made at the end if there is none."""
    if isinstance(heading, ChecklistHeading):
        if heading.checklist_id != checklist.pk:
            raise BusinessError("这个大项不在本表中，请刷新后再选。", field="heading")
        return heading
    name = heading.strip()
    found = checklist.headings.filter(name=name).first()
    if found is None:
        count = checklist.headings.count()
        found = ChecklistHeading(
            checklist=checklist, name=name, position=count + 1, code=str(count + 1)
        )
        found.full_clean()
        found.save()
    return found


def renumber(checklist: Checklist) -> None:
    """Write position and code of all headings (``2``) and items (``2.1``: the first of it)."""
    sections = list(checklist.headings.order_by("position", "pk"))
    for position, section in enumerate(sections, start=1):
        section.position, section.code = position, str(position)
    ChecklistHeading.objects.bulk_update(sections, ["position", "code"])
    place = {section.pk: section.position for section in sections}
    items = sorted(
        checklist.items.all(), key=lambda item: (place[item.section_id], item.position, item.pk)
    )
    for position, item in enumerate(items, start=1):
        item.position, item.code = position, f"*{position}"
    # Codes are unique in a list, so all step aside before they take their new ones.
    ChecklistItem.objects.bulk_update(items, ["position", "code"])
    seen: Counter[int] = Counter()
    for item in items:
        seen[item.section_id] += 1
        item.code = f"{place[item.section_id]}.{seen[item.section_id]}"
    ChecklistItem.objects.bulk_update(items, ["code"])


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


def _item_snapshot(item: ChecklistItem) -> dict[str, Any]:
    return {**snapshot(item, ITEM_FIELDS), "bases": [basis.as_json() for basis in bases_of(item)]}


def checklist_item_add(
    *,
    checklist: Checklist,
    actor: User,
    heading: ChecklistHeading | str,
    bases: Iterable[Basis] = (),
    **values: Any,
) -> ChecklistItem:
    """Add an item at the end of its heading, which is made if only its name is given.

    ``values`` are :data:`ITEM_FIELDS` but for the heading.
    """
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(checklist)
        count = checklist.items.count()
        if count >= MAX_ITEMS:
            raise BusinessError(f"一张检查表最多 {MAX_ITEMS} 项。")
        item = ChecklistItem(
            checklist=checklist,
            section=heading_of(checklist, heading),
            position=count + 1,
            code=f"~{count + 1}",
            **_cleaned(values),
        )
        item.full_clean()
        item.save()
        _set_bases(item, bases)
        renumber(checklist)
        item.refresh_from_db()
        record(
            actor=actor,
            verb="checklist.item_add",
            target=checklist,
            summary=f"增加 {item.code} {item.text}",
            after=_item_snapshot(item),
            tag=TAG,
        )
    return item


def checklist_item_update(
    *,
    item: ChecklistItem,
    actor: User,
    heading: ChecklistHeading | str | None = None,
    bases: Iterable[Basis] | None = None,
    **values: Any,
) -> ChecklistItem:
    """Change an item of a draft; another heading puts it at that heading's end. ``bases``
    replace those that stand."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(item.checklist)
        item = checklist.items.get(pk=item.pk)
        before = _item_snapshot(item)
        if heading is not None:
            item.section = heading_of(checklist, heading)
        for name, value in _cleaned(values).items():
            setattr(item, name, value)
        item.full_clean()
        if bases is not None:
            _set_bases(item, bases)
        old, new = changes(before, _item_snapshot(item))
        if new:
            if "section" in new:
                item.position = checklist.items.count() + 1
            item.save(update_fields=[*(name for name in new if name != "bases"), "position"])
            renumber(checklist)
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
        checklist = locked_draft(item.checklist)
        before = _item_snapshot(item)
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
        renumber(checklist)
    return checklist


def checklist_items_reorder(*, checklist: Checklist, actor: User, order: Sequence[int]) -> None:
    """Put the items of a draft into ``order`` (their ids, each once); headings stand as they
    first appear in it."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(checklist)
        items = {item.pk: item for item in checklist.items.all()}
        if sorted(order) != sorted(items):
            raise BusinessError("检查项目刚被别人改动过，请刷新后再排序。", code="stale")
        rows = [items[pk] for pk in order]
        for position, item in enumerate(rows, start=1):
            item.position = position
        ChecklistItem.objects.bulk_update(rows, ["position"])
        sections = list(dict.fromkeys(item.section_id for item in rows))
        empty = checklist.headings.exclude(pk__in=sections).order_by("position")
        sections += empty.values_list("pk", flat=True)
        _place_headings(checklist, sections)
        renumber(checklist)
        record(
            actor=actor,
            verb="checklist.reorder",
            target=checklist,
            summary="调整检查项目的顺序",
            tag=TAG,
        )


def _place_headings(checklist: Checklist, order: Sequence[int]) -> None:
    rows = checklist.headings.in_bulk()
    for position, pk in enumerate(order, start=1):
        rows[pk].position = position
    ChecklistHeading.objects.bulk_update(rows.values(), ["position"])


def checklist_item_move(*, item: ChecklistItem, actor: User, up: bool) -> Checklist:
    """Move an item one place within its heading; at the edge, its whole heading moves."""
    items = list(item.checklist.items.order_by("position"))
    groups: dict[int, list[int]] = {}
    for row in items:
        groups.setdefault(row.section_id, []).append(row.pk)
    headings = list(groups)
    members = groups[item.section_id]
    place, step = members.index(item.pk), -1 if up else 1
    if 0 <= place + step < len(members):
        members[place], members[place + step] = members[place + step], members[place]
    else:
        here = headings.index(item.section_id)
        if 0 <= here + step < len(headings):
            headings[here], headings[here + step] = headings[here + step], headings[here]
    checklist_items_reorder(
        checklist=item.checklist,
        actor=actor,
        order=[pk for section in headings for pk in groups[section]],
    )
    return item.checklist


# --- Headings ---------------------------------------------------------------------------------


def checklist_heading_add(*, checklist: Checklist, actor: User, **values: Any) -> ChecklistHeading:
    """Add a heading at the end. ``values`` are :data:`HEADING_FIELDS`."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(checklist)
        count = checklist.headings.count()
        heading = ChecklistHeading(
            checklist=checklist, position=count + 1, code=str(count + 1), **values
        )
        heading.full_clean()
        heading.save()
        record(
            actor=actor,
            verb="checklist.heading_add",
            target=checklist,
            summary=f"增加大项 {heading.name}",
            after=snapshot(heading, HEADING_FIELDS),
            tag=TAG,
        )
    return heading


def _fresh(checklist: Checklist, heading: ChecklistHeading) -> ChecklistHeading:
    found = checklist.headings.filter(pk=heading.pk).first()
    if found is None:
        raise StaleState(f"“{heading}”已经删去。")
    return found


def checklist_heading_update(
    *, heading: ChecklistHeading, actor: User, **values: Any
) -> ChecklistHeading:
    """Change name, points or legal basis of a heading of a draft."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(heading.checklist)
        heading = _fresh(checklist, heading)
        before = snapshot(heading, HEADING_FIELDS)
        for name, value in values.items():
            setattr(heading, name, value)
        heading.full_clean()
        old, new = changes(before, snapshot(heading, HEADING_FIELDS))
        if new:
            heading.save(update_fields=list(new))
            record(
                actor=actor,
                verb="checklist.heading_update",
                target=checklist,
                summary=f"修改大项 {heading.name}",
                before=old,
                after=new,
                tag=TAG,
            )
    return heading


def checklist_heading_remove(*, heading: ChecklistHeading, actor: User) -> Checklist:
    """Take a heading without items out of a draft."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(heading.checklist)
        heading = _fresh(checklist, heading)
        count = checklist.items.filter(section=heading).count()
        if count:
            raise BusinessError(f"“{heading}”下还有 {count} 个项目，请先删去或改到别的大项。")
        heading.delete()
        record(
            actor=actor,
            verb="checklist.heading_remove",
            target=checklist,
            summary=f"删去大项 {heading.name}",
            tag=TAG,
        )
        renumber(checklist)
    return checklist


def checklist_heading_move(*, heading: ChecklistHeading, actor: User, up: bool) -> Checklist:
    """Move a heading with its items one place up or down."""
    require(actor, CHECKLIST_EDITORS, NOT_YOURS)
    with guarded():
        checklist = locked_draft(heading.checklist)
        order = list(checklist.headings.order_by("position").values_list("pk", flat=True))
        if heading.pk not in order:
            raise StaleState(f"“{heading}”已经删去。")
        place = order.index(heading.pk)
        other = place + (-1 if up else 1)
        if 0 <= other < len(order):
            order[place], order[other] = order[other], order[place]
            _place_headings(checklist, order)
            renumber(checklist)
            record(
                actor=actor,
                verb="checklist.heading_move",
                target=checklist,
                summary=f"{'上' if up else '下'}移大项 {heading.name}",
                tag=TAG,
            )
    return checklist


# --- Versions ---------------------------------------------------------------------------------


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
        _copy_content(checklist, copy)
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


def _copy_content(source: Checklist, copy: Checklist) -> None:
    """Copy headings, items and bases; an item keeps its ``origin``, by which versions compare."""
    sections: dict[int, ChecklistHeading] = {}
    for heading in source.headings.order_by("position"):
        old = heading.pk
        heading.pk, heading.checklist = None, copy
        heading._state.adding = True
        heading.save()
        sections[old] = heading
    items = list(source.items.order_by("position").prefetch_related("bases"))
    copies = ChecklistItem.objects.bulk_create(
        ChecklistItem(
            checklist=copy,
            position=item.position,
            code=item.code,
            origin=item.origin,
            **{
                **{name: getattr(item, name) for name in ITEM_FIELDS if name != "section"},
                "section": sections[item.section_id],
            },
        )
        for item in items
    )
    ItemBasis.objects.bulk_create(
        ItemBasis(item=twin, text=basis.text, valid_from=basis.valid_from, valid_to=basis.valid_to)
        for item, twin in zip(items, copies, strict=True)
        for basis in item.bases.all()
    )


def activation_problem(checklist: Checklist) -> str:
    """Return why a draft cannot be taken into use yet, or an empty text."""
    sums: dict[int, Decimal] = {}
    for section, points in checklist.items.values_list("section", "points"):
        sums[section] = sums.get(section, Decimal(0)) + points
    if not sums:
        return "还没有检查项目，不能启用。"
    for heading in checklist.headings.order_by("position"):
        if heading.pk not in sums:
            return f"“{heading}”下还没有检查项目，请增加项目或删去这个大项。"
        if heading.points is not None and sums[heading.pk] != heading.points:
            return (
                f"“{heading}”定为 {plain(heading.points)} 分，"
                f"各项合计 {plain(sums[heading.pk])} 分，须相等。"
            )
    total = sum(sums.values(), Decimal(0))
    if total != checklist.full_score:
        return f"各项分值合计 {plain(total)} 分，须等于满分 {plain(checklist.full_score)} 分。"
    return ""


def checklist_activate(*, checklist: Checklist, actor: User) -> Checklist:
    """Take a draft into use from its day on; the version in use so far is retired that day."""
    require(actor, CHECKLIST_EDITORS, "检查表由房管中心科室负责人启用。")
    with guarded():
        checklist = locked_draft(checklist)
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
