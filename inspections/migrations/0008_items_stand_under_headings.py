"""An item stands under a heading; the texts that said so go."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inspections", "0007_fill_headings_and_bases")]

    operations = [
        migrations.AlterField(
            model_name="checklistitem",
            name="section",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="items",
                to="inspections.checklistheading",
                verbose_name="大项",
            ),
        ),
        migrations.RemoveField(model_name="checklistitem", name="heading"),
        migrations.RemoveField(model_name="checklistitem", name="legal_basis"),
    ]
