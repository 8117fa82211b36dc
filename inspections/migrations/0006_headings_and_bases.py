"""Headings and dated legal bases of a checklist get rows of their own."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inspections", "0005_photos_announced_and_contents_kept"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="checklistitem",
            options={
                "base_manager_name": "objects",
                "ordering": ["checklist_id", "position"],
                "verbose_name": "检查项目",
                "verbose_name_plural": "检查项目",
            },
        ),
        migrations.AddField(
            model_name="checklistitem",
            name="origin",
            field=models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="同项标识"),
        ),
        migrations.CreateModel(
            name="ChecklistHeading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(verbose_name="顺序")),
                ("code", models.CharField(max_length=10, verbose_name="编号")),
                ("name", models.CharField(max_length=40, verbose_name="名称")),
                (
                    "points",
                    models.DecimalField(
                        blank=True, decimal_places=1, max_digits=5, null=True, verbose_name="分值"
                    ),
                ),
                ("legal_basis", models.CharField(blank=True, max_length=120, verbose_name="依据")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="依据起日")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="依据止日")),
                (
                    "checklist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="headings",
                        to="inspections.checklist",
                        verbose_name="检查表",
                    ),
                ),
            ],
            options={
                "verbose_name": "检查大项",
                "verbose_name_plural": "检查大项",
                "ordering": ["checklist_id", "position"],
            },
        ),
        migrations.AddField(
            model_name="checklistitem",
            name="section",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="items",
                to="inspections.checklistheading",
                verbose_name="大项",
            ),
        ),
        migrations.CreateModel(
            name="ItemBasis",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=120, verbose_name="依据")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="起日")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="止日")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bases",
                        to="inspections.checklistitem",
                        verbose_name="检查项目",
                    ),
                ),
            ],
            options={
                "verbose_name": "检查依据",
                "verbose_name_plural": "检查依据",
                "ordering": ["item_id", "valid_from", "pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="checklistheading",
            constraint=models.UniqueConstraint(
                fields=("checklist", "name"),
                name="checklistheading_name_once",
                violation_error_message="本表已有这个大项。",
            ),
        ),
        migrations.AddConstraint(
            model_name="checklistheading",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__isnull", True), ("points__gte", 0), _connector="OR"),
                name="checklistheading_points",
                violation_error_message="分值不能是负数。",
            ),
        ),
        migrations.AddConstraint(
            model_name="checklistheading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__isnull", True),
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="checklistheading_dates",
                violation_error_message="依据的止日不能早于起日。",
            ),
        ),
        migrations.AddConstraint(
            model_name="itembasis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__isnull", True),
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="itembasis_dates",
                violation_error_message="依据的止日不能早于起日。",
            ),
        ),
    ]
