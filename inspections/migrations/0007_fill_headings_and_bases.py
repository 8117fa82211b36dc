"""Take heading and legal basis out of each item's text into the new rows.

In a migration of its own: PostgreSQL alters no table whose rows the same transaction has filled.
"""

import uuid

from django.db import migrations

# As services.built_in.item_origin has it: the same text in the same kind is the same item.
_ITEMS = uuid.UUID("3a0a7d0e-6f63-4c39-8f0b-1d6a1a5d9a11")


def fill(apps, schema_editor):
    Checklist = apps.get_model("inspections", "Checklist")
    Heading = apps.get_model("inspections", "ChecklistHeading")
    Item = apps.get_model("inspections", "ChecklistItem")
    Basis = apps.get_model("inspections", "ItemBasis")
    for checklist in Checklist.objects.order_by("pk"):
        items = list(Item.objects.filter(checklist=checklist).order_by("position", "pk"))
        sections = {}
        for item in items:
            if item.heading not in sections:
                place = len(sections) + 1
                sections[item.heading] = Heading.objects.create(
                    checklist=checklist, position=place, code=str(place), name=item.heading
                )
            item.section = sections[item.heading]
            item.origin = uuid.uuid5(_ITEMS, f"{checklist.kind}|{item.text}")
        Item.objects.bulk_update(items, ["section", "origin"], batch_size=500)
        Basis.objects.bulk_create(
            Basis(item=item, text=item.legal_basis) for item in items if item.legal_basis
        )


class Migration(migrations.Migration):
    dependencies = [("inspections", "0006_headings_and_bases")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
