"""What two versions of a checklist have in common and what not."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from inspections.calculations import plain
from inspections.choices import PassPhoto, Severity
from inspections.models import Checklist, ChecklistItem

_LABELS = {
    "heading": "大项",
    "text": "检查内容",
    "points": "分值",
    "deduction_step": "扣分档",
    "severity": "处理方式",
    "default_days": "整改天数",
    "photo_required": "不合格须拍照",
    "pass_photo": "合格时拍照",
    "allows_na": "可不适用",
    "is_veto": "一票否决",
    "disclosure": "公示内容",
    "guidance": "怎么查",
    "bases": "依据",
}


@dataclass(frozen=True)
class ItemChange:
    """One item that is not the same in both versions. ``kind``: added, dropped or changed;
    ``code`` and ``text`` as the newer version has them (a dropped one: the older);
    ``fields``: ``(label, before, after)``."""

    kind: str
    code: str
    text: str
    heading: str
    points: Decimal
    fields: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """``marks`` are the changes of title, full score and grades."""

    marks: list[tuple[str, str, str]]
    added: list[ItemChange]
    dropped: list[ItemChange]
    changed: list[ItemChange]
    same: int


def _words(item: ChecklistItem) -> dict[str, str]:
    def yes(value: bool) -> str:
        return "是" if value else "否"

    return {
        "heading": item.heading,
        "text": item.text,
        "points": plain(item.points),
        "deduction_step": plain(item.deduction_step),
        "severity": Severity(item.severity).label,
        "default_days": f"{item.default_days} 天",
        "photo_required": yes(item.photo_required),
        "pass_photo": PassPhoto(item.pass_photo).label,
        "allows_na": yes(item.allows_na),
        "is_veto": yes(item.is_veto),
        "disclosure": item.disclosure,
        "guidance": item.guidance,
        "bases": "；".join(
            basis.text + (f"（{basis.period}）" if basis.period else "")
            for basis in item.bases.all()
        ),
    }


def compare_checklists(older: Checklist, newer: Checklist, user: Any) -> Comparison:
    """Return what ``newer`` adds, drops and changes; items are the same by ``origin``. Four
    queries."""

    def items_of(checklist: Checklist) -> dict[Any, ChecklistItem]:
        rows = checklist.items.visible_to(user).order_by("position").prefetch_related("bases")
        return {item.origin: item for item in rows}

    old, new = items_of(older), items_of(newer)
    added = [_change("added", item) for key, item in new.items() if key not in old]
    dropped = [_change("dropped", item) for key, item in old.items() if key not in new]
    changed = []
    for key, item in new.items():
        if key not in old:
            continue
        before, after = _words(old[key]), _words(item)
        fields = tuple(
            (label, before[name], after[name])
            for name, label in _LABELS.items()
            if before[name] != after[name]
        )
        if fields:
            changed.append(_change("changed", item, fields))
    marks = [
        (label, str(one), str(two))
        for label, one, two in (
            ("名称", older.title, newer.title),
            ("满分", plain(older.full_score), plain(newer.full_score)),
            ("优秀线", plain(older.excellent_score), plain(newer.excellent_score)),
            ("良好线", plain(older.good_score), plain(newer.good_score)),
            ("合格线", plain(older.pass_score), plain(newer.pass_score)),
        )
        if one != two
    ]
    return Comparison(marks, added, dropped, changed, len(new) - len(added) - len(changed))


def _change(
    kind: str, item: ChecklistItem, fields: tuple[tuple[str, str, str], ...] = ()
) -> ItemChange:
    return ItemChange(kind, item.code, item.text, item.heading, item.points, fields)
