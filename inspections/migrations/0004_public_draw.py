"""Keep on each round who says who inspects what, and the public draw of a round."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def fill(apps, schema_editor):
    """Rounds from before were opened by assignment or by street: their audit entry says which."""
    Entry = apps.get_model("common", "AuditEntry")
    Round = apps.get_model("inspections", "InspectionRound")
    opened = Entry.objects.filter(verb="round.create").values_list("target_id", "after")
    by_street = [int(pk) for pk, after in opened if (after or {}).get("by") == "street"]
    Round.objects.filter(pk__in=by_street).update(coverage_by="street")


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0001_initial"),
        ("inspections", "0003_photo_flags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="inspectionround",
            name="coverage_by",
            field=models.CharField(
                choices=[
                    ("assignment", "按分包干部"),
                    ("street", "按街道经办"),
                    ("draw", "公开抽取（双随机）"),
                ],
                default="assignment",
                max_length=10,
                verbose_name="由谁检查",
            ),
        ),
        migrations.AddField(
            model_name="inspectionround",
            name="extent",
            field=models.JSONField(blank=True, default=dict, verbose_name="范围"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.CreateModel(
            name="RoundDraw",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seed", models.CharField(max_length=100, verbose_name="种子")),
                ("seed_origin", models.CharField(max_length=120, verbose_name="种子来源")),
                ("witnesses", models.CharField(max_length=120, verbose_name="见证人")),
                (
                    "share_by",
                    models.CharField(
                        choices=[("percent", "按比例（%）"), ("number", "按个数")],
                        max_length=10,
                        verbose_name="抽取方式",
                    ),
                ),
                ("share", models.PositiveSmallIntegerField(verbose_name="比例或个数")),
                ("pool", models.JSONField(verbose_name="抽取时的名单")),
                ("result", models.JSONField(verbose_name="抽取结果")),
                ("digest", models.CharField(max_length=64, verbose_name="校验值")),
                ("drawn_at", models.DateTimeField(verbose_name="抽取时间")),
                (
                    "pdf",
                    models.FileField(blank=True, upload_to="draws/", verbose_name="抽查结果 PDF"),
                ),
                (
                    "drawn_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="抽取人",
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draw",
                        to="inspections.inspectionround",
                        verbose_name="检查批次",
                    ),
                ),
            ],
            options={
                "verbose_name": "公开抽取",
                "verbose_name_plural": "公开抽取",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share__gte", 1),
                            models.Q(("share_by", "number"), ("share__lte", 100), _connector="OR"),
                        ),
                        name="rounddraw_share",
                        violation_error_message="比例须在 1 到 100 之间，个数至少 1 个。",
                    )
                ],
            },
        ),
    ]
