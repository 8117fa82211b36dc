import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subsidies", "0004_usual_scheme")]

    operations = [
        migrations.AlterField(
            model_name="subsidyclaim",
            name="scheme",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claims",
                to="subsidies.claimscheme",
                verbose_name="办理规程",
            ),
        ),
    ]
