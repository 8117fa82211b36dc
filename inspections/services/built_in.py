"""The checklists that come with the portal, as reference data that can be loaded again."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import User
from inspections.choices import ChecklistKind
from inspections.models import Checklist, ChecklistHeading, ChecklistItem, ItemBasis

from .checklists import checklist_activate, checklist_create, renumber

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
_ITEMS = uuid.UUID("3a0a7d0e-6f63-4c39-8f0b-1d6a1a5d9a11")


def item_origin(kind: str, text: str) -> uuid.UUID:
    """Return the ``origin`` of an item of ``kind``: the same text is the same item."""
    return uuid.uuid5(_ITEMS, f"{kind}|{text}")


@transaction.atomic
def checklists_load(*, actor: User, folder: Path = REFERENCE) -> tuple[int, int]:
    """Load the built-in checklists of ``folder``; return ``(made, kept)`` versions.

    A file holds one kind: its ``versions`` by day of coming into use, ``headings`` with points
    and basis, and ``items``. An item with ``from_version`` or ``to_version`` stands in those
    versions only, and any of its values may be one by version. Each legal basis is ``[text,
    from, to]``. Versions that exist already stay as they are, so the loading
    can be repeated.
    """
    made = kept = 0
    for path in sorted(folder.glob("*.json")):
        source = json.loads(path.read_text(encoding="utf-8"))
        kind = ChecklistKind(source["kind"])
        known = set(Checklist.objects.filter(kind=kind).values_list("version", flat=True))
        for version in source["versions"]:
            number = version["version"]
            if number in known or (known and number < max(known)):
                kept += 1
                continue
            _load(source, kind, version, actor)
            made += 1
    return made, kept


def _load(source: dict[str, Any], kind: str, version: dict[str, Any], actor: User) -> None:
    number = version["version"]
    checklist = checklist_create(
        actor=actor,
        kind=kind,
        title=source["title"],
        effective_from=dt.date.fromisoformat(version["effective_from"]),
    )
    sections = {}
    for position, heading in enumerate(source["headings"], start=1):
        sections[heading["name"]] = ChecklistHeading(
            checklist=checklist,
            position=position,
            code=str(position),
            name=heading["name"],
            points=Decimal(heading["points"]) if heading.get("points") else None,
            legal_basis=heading.get("legal_basis", ""),
            valid_from=_day(heading.get("valid_from")),
            valid_to=_day(heading.get("valid_to")),
        )
    for section in sections.values():
        section.full_clean()
    ChecklistHeading.objects.bulk_create(sections.values())
    entries = [
        entry
        for entry in source["items"]
        if entry.get("from_version", 1) <= number <= entry.get("to_version", number)
    ]
    items = [
        ChecklistItem(
            checklist=checklist,
            section=sections[entry["heading"]],
            position=position,
            code=f"~{position}",
            origin=item_origin(kind, entry["text"]),
            **_values(entry, number),
        )
        for position, entry in enumerate(entries, start=1)
    ]
    for item in items:
        item.full_clean(validate_unique=False)
    ChecklistItem.objects.bulk_create(items)
    bases = [
        ItemBasis(item=item, text=text, valid_from=_day(start), valid_to=_day(end))
        for item, entry in zip(items, entries, strict=True)
        for text, start, end in entry.get("bases", ())
    ]
    for basis in bases:
        basis.full_clean()
    ItemBasis.objects.bulk_create(bases)
    renumber(checklist)
    checklist_activate(checklist=checklist, actor=actor)


_OTHER = frozenset({"heading", "bases", "from_version", "to_version"})


def _values(entry: dict[str, Any], version: int) -> dict[str, Any]:
    values = {
        name: value[str(version)] if isinstance(value, dict) else value
        for name, value in entry.items()
        if name not in _OTHER
    }
    return {
        **values,
        "points": Decimal(values["points"]),
        "deduction_step": Decimal(values["deduction_step"]),
    }


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
