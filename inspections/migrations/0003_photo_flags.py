"""Flags on photos for their reviewer, and bands of the hashes by which near pictures are found."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


_BATCH = 1000


def fill(apps, schema_editor):
    """Cut the hash of each photo that is there into its four bands of 16 bits."""
    Photo = apps.get_model("inspections", "EvidencePhoto")
    batch = []
    for photo in Photo.objects.only("pk", "perceptual_hash").iterator(_BATCH):
        try:
            bits = int(photo.perceptual_hash, 16)
        except ValueError:
            continue
        for place, shift in enumerate((48, 32, 16, 0), start=1):
            setattr(photo, f"band_{place}", bits >> shift & 0xFFFF)
        batch.append(photo)
        if len(batch) == _BATCH:
            Photo.objects.bulk_update(batch, BANDS)
            batch.clear()
    Photo.objects.bulk_update(batch, BANDS)


BANDS = [f"band_{place}" for place in range(1, 5)]


class Migration(migrations.Migration):
    dependencies = [
        ("estates", "0001_initial"),
        ("inspections", "0002_missing_disclosures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PhotoFlag",
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
                            ("file", "同一张照片"),
                            ("similar", "画面相近"),
                            ("time", "拍摄时间不符"),
                            ("place", "拍摄地点偏远"),
                            ("visit", "与检查定位不符"),
                        ],
                        max_length=8,
                        verbose_name="疑点",
                    ),
                ),
                ("sentence", models.CharField(max_length=200, verbose_name="说明")),
                ("raised_at", models.DateTimeField(verbose_name="发现时间")),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("fine", "属实可用"), ("unusable", "不可用，退回")],
                        max_length=8,
                        verbose_name="结论",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="结论说明")),
                (
                    "reviewed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="认定时间"),
                ),
            ],
            options={
                "verbose_name": "照片疑点",
                "verbose_name_plural": "照片疑点",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="evidencephoto",
            name="band_1",
            field=models.PositiveIntegerField(
                default=0, editable=False, verbose_name="感知哈希第1段"
            ),
        ),
        migrations.AddField(
            model_name="evidencephoto",
            name="band_2",
            field=models.PositiveIntegerField(
                default=0, editable=False, verbose_name="感知哈希第2段"
            ),
        ),
        migrations.AddField(
            model_name="evidencephoto",
            name="band_3",
            field=models.PositiveIntegerField(
                default=0, editable=False, verbose_name="感知哈希第3段"
            ),
        ),
        migrations.AddField(
            model_name="evidencephoto",
            name="band_4",
            field=models.PositiveIntegerField(
                default=0, editable=False, verbose_name="感知哈希第4段"
            ),
        ),
        migrations.AddIndex(
            model_name="evidencephoto",
            index=models.Index(fields=["sha256"], name="evidencephoto_sha"),
        ),
        migrations.AddIndex(
            model_name="evidencephoto",
            index=models.Index(fields=["band_1"], name="evidencephoto_band_1"),
        ),
        migrations.AddIndex(
            model_name="evidencephoto",
            index=models.Index(fields=["band_2"], name="evidencephoto_band_2"),
        ),
        migrations.AddIndex(
            model_name="evidencephoto",
            index=models.Index(fields=["band_3"], name="evidencephoto_band_3"),
        ),
        migrations.AddIndex(
            model_name="evidencephoto",
            index=models.Index(fields=["band_4"], name="evidencephoto_band_4"),
        ),
        migrations.AddField(
            model_name="photoflag",
            name="other",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="inspections.evidencephoto",
                verbose_name="另一张照片",
            ),
        ),
        migrations.AddField(
            model_name="photoflag",
            name="photo",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="flags",
                to="inspections.evidencephoto",
                verbose_name="照片",
            ),
        ),
        migrations.AddField(
            model_name="photoflag",
            name="reviewed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="认定人",
            ),
        ),
        migrations.AddIndex(
            model_name="photoflag",
            index=models.Index(
                condition=models.Q(("verdict", "")), fields=["photo"], name="photoflag_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="photoflag",
            constraint=models.UniqueConstraint(
                fields=("photo", "kind", "other"), name="photoflag_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="photoflag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["time", "place", "visit"])),
                fields=("photo", "kind"),
                name="photoflag_kind_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="photoflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("reviewed_at__isnull", True),
                        ("reviewed_by__isnull", True),
                        ("verdict", ""),
                    ),
                    models.Q(
                        models.Q(("verdict", ""), _negated=True),
                        ("reviewed_at__isnull", False),
                        ("reviewed_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="photoflag_verdict",
                violation_error_message="照片疑点的结论须写明认定人和时间。",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
