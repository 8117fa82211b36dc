"""Each report as it was sent, the sentences of returns, and pictures made fit for publication."""

import django.db.models.deletion
import xingyang_pm.common.storage
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inspections", "0009_rectification_whole"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InspectionVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="第几次上报")),
                ("content", models.JSONField(verbose_name="上报内容")),
                ("score", models.DecimalField(decimal_places=1, max_digits=5, verbose_name="得分")),
                ("digest", models.CharField(max_length=64, verbose_name="内容摘要")),
                ("submitted_at", models.DateTimeField(verbose_name="上报时间")),
                (
                    "inspection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="inspections.inspection",
                        verbose_name="检查记录",
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="上报人",
                    ),
                ),
            ],
            options={
                "verbose_name": "上报版本",
                "verbose_name_plural": "上报版本",
                "ordering": ["inspection_id", "number"],
            },
        ),
        migrations.CreateModel(
            name="PhotoRedaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("boxes", models.JSONField(blank=True, default=list, verbose_name="遮挡框")),
                (
                    "image",
                    models.FileField(
                        max_length=200,
                        upload_to=xingyang_pm.common.storage.private_path,
                        verbose_name="公开照片",
                    ),
                ),
                (
                    "thumbnail",
                    models.FileField(
                        max_length=200,
                        upload_to=xingyang_pm.common.storage.private_path,
                        verbose_name="公开缩略图",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="遮挡时间")),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="遮挡人",
                    ),
                ),
                (
                    "photo",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redactions",
                        to="inspections.evidencephoto",
                        verbose_name="照片",
                    ),
                ),
            ],
            options={
                "verbose_name": "公开照片",
                "verbose_name_plural": "公开照片",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ReturnNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=200, verbose_name="退回原因")),
                ("returned_at", models.DateTimeField(verbose_name="退回时间")),
                (
                    "inspection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="return_notes",
                        to="inspections.inspection",
                        verbose_name="检查记录",
                    ),
                ),
                (
                    "returned_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="退回人",
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="return_note",
                        to="inspections.inspectionversion",
                        verbose_name="上报版本",
                    ),
                ),
            ],
            options={
                "verbose_name": "退回意见",
                "verbose_name_plural": "退回意见",
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="inspectionversion",
            constraint=models.UniqueConstraint(
                fields=("inspection", "number"), name="inspectionversion_number_once"
            ),
        ),
    ]
