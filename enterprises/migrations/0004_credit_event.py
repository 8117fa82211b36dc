"""What the apps above tell of a provider's credit."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enterprises", "0003_engagement_batch"),
        ("estates", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("recheck_failed", "复查整改不到位"),
                            ("overdue", "逾期未整改"),
                            ("transferred", "移交执法"),
                            ("repaired", "整改到位，信用修复"),
                        ],
                        max_length=20,
                        verbose_name="类别",
                    ),
                ),
                ("text", models.CharField(max_length=300, verbose_name="事由")),
                ("happened_on", models.DateField(verbose_name="发生日期")),
                ("source_key", models.CharField(max_length=60, verbose_name="来源")),
                ("recorded_at", models.DateTimeField(verbose_name="登记时间")),
                (
                    "estate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_events",
                        to="estates.estate",
                        verbose_name="小区",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_events",
                        to="enterprises.provider",
                        verbose_name="服务主体",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="登记人",
                    ),
                ),
            ],
            options={
                "verbose_name": "信用记录",
                "verbose_name_plural": "信用记录",
                "ordering": ["-happened_on", "-pk"],
                "indexes": [
                    models.Index(fields=["provider", "-happened_on"], name="creditevent_provider")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_key",),
                        name="creditevent_once",
                        violation_error_message="这件事已经记入信用记录。",
                    )
                ],
            },
        ),
    ]
