"""Keep on each inspection how many parts of the public disclosure it found missing."""

from django.db import migrations, models
from django.db.models import Count, Q

_BATCH = 500


def fill(apps, schema_editor):
    Inspection = apps.get_model("inspections", "Inspection")
    Item = apps.get_model("inspections", "ChecklistItem")
    rows = (
        Inspection.objects.filter(
            checklist__in=Item.objects.exclude(disclosure="").values("checklist")
        )
        .exclude(status="draft")
        .annotate(
            missing=Count(
                "results__item__disclosure",
                distinct=True,
                filter=Q(results__outcome="fail") & ~Q(results__item__disclosure=""),
            )
        )
        .only("pk")
    )
    for row in rows:
        row.missing_disclosures = row.missing
    Inspection.objects.bulk_update(rows, ["missing_disclosures"], batch_size=_BATCH)


class Migration(migrations.Migration):
    dependencies = [("inspections", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="inspection",
            name="missing_disclosures",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="公示缺项"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
