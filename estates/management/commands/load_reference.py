"""``manage.py load_reference``: streets, communities and their offices from the official lists."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.services.offices import offices_sync
from estates.calculations import community_short_name
from estates.choices import StreetKind
from estates.models import Community, Street
from xingyang_pm.common.audit import audit_context

FOLDER = Path(__file__).resolve().parents[2] / "reference"
KINDS = {"街道": StreetKind.STREET, "镇": StreetKind.TOWN, "乡": StreetKind.TOWNSHIP}


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


class Command(BaseCommand):
    help = "装入街道（乡镇）、社区（村）和办公单位；可以重复运行。"

    def handle(self, *args: Any, **options: Any) -> None:
        with audit_context("command"), transaction.atomic():
            streets = self._streets()
            communities = self._communities(streets)
        if options["verbosity"]:
            self.stdout.write(f"{len(streets)} 个街道（乡镇），{communities} 个社区（村）。")

    def _streets(self) -> dict[str, Street]:
        rows = _rows("streets.csv")
        offices = offices_sync(streets={row["code"]: row["name"] for row in rows}).by_code
        return {
            row["code"]: Street.objects.update_or_create(
                code=row["code"],
                defaults={
                    "name": row["name"],
                    "kind": KINDS[row["kind"]],
                    "office": offices[row["code"]],
                },
            )[0]
            for row in rows
        }

    def _communities(self, streets: dict[str, Street]) -> int:
        """Write new and changed communities; a second run writes nothing."""
        known = {row.code: row for row in Community.objects.all()}
        new, changed = [], []
        rows = _rows("communities.csv")
        for row in rows:
            facts = {
                "name": row["name"],
                "short_name": community_short_name(row["name"]),
                "street_id": streets[row["street_code"]].pk,
            }
            community = known.get(row["code"])
            if community is None:
                new.append(Community(code=row["code"], **facts))
            elif any(getattr(community, name) != value for name, value in facts.items()):
                for name, value in facts.items():
                    setattr(community, name, value)
                changed.append(community)
        Community.objects.bulk_create(new)
        Community.objects.bulk_update(changed, ["name", "short_name", "street"])
        return len(rows)
