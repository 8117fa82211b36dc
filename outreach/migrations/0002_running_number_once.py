"""The running number of a bulletin is given once, by a series that all years share."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import Max

SERIES, ALL_YEARS = "bulletin-total", 0


def begin_series(apps, schema_editor):
    """Let the series go on behind the last running number; safe to run again."""
    bulletins = apps.get_model("outreach", "Bulletin").objects.using(schema_editor.connection.alias)
    series = apps.get_model("common", "NumberSeries").objects.using(schema_editor.connection.alias)
    last = bulletins.aggregate(last=Max("running_number"))["last"]
    if last:
        series.update_or_create(series=SERIES, year=ALL_YEARS, defaults={"last": last})


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0001_initial"),
        ("inspections", "0002_missing_disclosures"),
        ("outreach", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(begin_series, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="bulletin",
            constraint=models.UniqueConstraint(
                condition=models.Q(("running_number__isnull", False)),
                fields=("running_number",),
                name="bulletin_running_number_once",
                violation_error_message="这个总期号已经用过，没有签发，请再签一次。",
            ),
        ),
        migrations.AlterConstraint(
            model_name="bulletin",
            name="bulletin_number_once",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number__isnull", False)),
                fields=("year", "number"),
                name="bulletin_number_once",
                violation_error_message="这个期号已经用过，没有签发，请再签一次。",
            ),
        ),
    ]
