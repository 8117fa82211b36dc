"""Two kinds of orders, the signed link, extensions, objections, escalation."""

import datetime
import django.db.models.deletion
import uuid
import xingyang_pm.common.storage
from django.conf import settings
from django.db import migrations, models


def fill(apps, schema_editor):
    """The deadline that stands is the only one known of an older order."""
    Order = apps.get_model("inspections", "RectificationOrder")
    Order.objects.update(original_deadline=models.F("deadline"))


class Migration(migrations.Migration):
    dependencies = [
        ("enterprises", "0004_credit_event"),
        ("estates", "0001_initial"),
        ("inspections", "0008_items_stand_under_headings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Circular",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="年度")),
                ("serial", models.PositiveIntegerField(verbose_name="序号")),
                ("number", models.CharField(max_length=40, unique=True, verbose_name="文号")),
                ("issued_at", models.DateTimeField(verbose_name="签发时间")),
                (
                    "pdf",
                    models.FileField(
                        blank=True,
                        max_length=200,
                        upload_to=xingyang_pm.common.storage.private_path,
                        verbose_name="文书",
                    ),
                ),
                ("title", models.CharField(max_length=80, verbose_name="标题")),
                ("text", models.TextField(max_length=5000, verbose_name="正文")),
            ],
            options={
                "verbose_name": "通报",
                "verbose_name_plural": "通报",
                "ordering": ["-issued_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ExtensionRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="申请原因")),
                ("wished_day", models.DateField(verbose_name="申请延至")),
                ("deadline_before", models.DateField(verbose_name="原整改期限")),
                (
                    "requester_name",
                    models.CharField(blank=True, max_length=30, verbose_name="申请人姓名"),
                ),
                (
                    "requester_phone",
                    models.CharField(blank=True, max_length=20, verbose_name="申请人电话"),
                ),
                ("requested_at", models.DateTimeField(verbose_name="申请时间")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "待批"),
                            ("granted", "准予延期"),
                            ("refused", "不予延期"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("granted_until", models.DateField(blank=True, null=True, verbose_name="准予延至")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="审批时间"),
                ),
                (
                    "decision_note",
                    models.CharField(blank=True, max_length=200, verbose_name="审批意见"),
                ),
            ],
            options={
                "verbose_name": "延期申请",
                "verbose_name_plural": "延期申请",
                "ordering": ["-requested_at"],
            },
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="年度")),
                ("serial", models.PositiveIntegerField(verbose_name="序号")),
                ("number", models.CharField(max_length=40, unique=True, verbose_name="文号")),
                ("issued_at", models.DateTimeField(verbose_name="签发时间")),
                (
                    "pdf",
                    models.FileField(
                        blank=True,
                        max_length=200,
                        upload_to=xingyang_pm.common.storage.private_path,
                        verbose_name="文书",
                    ),
                ),
                ("organ", models.CharField(max_length=60, verbose_name="接收机关")),
                ("handed_on", models.DateField(verbose_name="移交日期")),
                ("facts", models.CharField(max_length=500, verbose_name="移交事由")),
                ("materials", models.CharField(max_length=1000, verbose_name="移交材料清单")),
                ("received_by", models.CharField(blank=True, max_length=30, verbose_name="接收人")),
                (
                    "feedback_result",
                    models.CharField(blank=True, max_length=500, verbose_name="处理结果"),
                ),
                ("feedback_on", models.DateField(blank=True, null=True, verbose_name="反馈日期")),
                (
                    "feedback_number",
                    models.CharField(blank=True, max_length=60, verbose_name="处理文书文号"),
                ),
                (
                    "feedback_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="登记时间"),
                ),
            ],
            options={
                "verbose_name": "移交执法",
                "verbose_name_plural": "移交执法",
                "ordering": ["-issued_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Interview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="年度")),
                ("serial", models.PositiveIntegerField(verbose_name="序号")),
                ("number", models.CharField(max_length=40, unique=True, verbose_name="文号")),
                ("issued_at", models.DateTimeField(verbose_name="签发时间")),
                (
                    "pdf",
                    models.FileField(
                        blank=True,
                        max_length=200,
                        upload_to=xingyang_pm.common.storage.private_path,
                        verbose_name="文书",
                    ),
                ),
                ("invited", models.CharField(max_length=120, verbose_name="约谈对象")),
                ("cause", models.CharField(max_length=300, verbose_name="约谈事由")),
                ("scheduled_at", models.DateTimeField(verbose_name="约谈时间")),
                ("place", models.CharField(max_length=100, verbose_name="约谈地点")),
                ("bring", models.CharField(blank=True, max_length=200, verbose_name="需带材料")),
                ("held_on", models.DateField(blank=True, null=True, verbose_name="实际约谈日期")),
                ("host", models.CharField(blank=True, max_length=30, verbose_name="主持人")),
                ("recorder", models.CharField(blank=True, max_length=30, verbose_name="记录人")),
                ("attendees", models.CharField(blank=True, max_length=200, verbose_name="参加人")),
                (
                    "problems",
                    models.CharField(blank=True, max_length=1000, verbose_name="通报问题"),
                ),
                (
                    "statement",
                    models.CharField(blank=True, max_length=1000, verbose_name="企业表态"),
                ),
                ("demands", models.CharField(blank=True, max_length=1000, verbose_name="整改要求")),
                (
                    "demands_deadline",
                    models.DateField(blank=True, null=True, verbose_name="整改期限"),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="登记时间"),
                ),
                (
                    "minutes_pdf",
                    models.FileField(
                        blank=True,
                        max_length=200,
                        upload_to=xingyang_pm.common.storage.private_path,
                        verbose_name="约谈记录",
                    ),
                ),
            ],
            options={
                "verbose_name": "约谈",
                "verbose_name_plural": "约谈",
                "ordering": ["-issued_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Objection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="异议理由")),
                (
                    "filer_name",
                    models.CharField(blank=True, max_length=30, verbose_name="提出人姓名"),
                ),
                (
                    "filer_phone",
                    models.CharField(blank=True, max_length=20, verbose_name="提出人电话"),
                ),
                ("filed_at", models.DateTimeField(verbose_name="提出时间")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "待复核"),
                            ("upheld", "异议成立"),
                            ("rejected", "异议不成立"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="复核时间"),
                ),
                ("opinion", models.CharField(blank=True, max_length=300, verbose_name="复核意见")),
            ],
            options={
                "verbose_name": "异议",
                "verbose_name_plural": "异议",
                "ordering": ["-filed_at"],
            },
        ),
        migrations.CreateModel(
            name="ReplyLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, unique=True, verbose_name="编号"
                    ),
                ),
                (
                    "secret_hash",
                    models.CharField(max_length=64, unique=True, verbose_name="密钥摘要"),
                ),
                ("created_at", models.DateTimeField(verbose_name="签发时间")),
                ("expires_at", models.DateTimeField(verbose_name="失效时间")),
                (
                    "revoked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="收回时间"),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="最近使用"),
                ),
            ],
            options={
                "verbose_name": "签名链接",
                "verbose_name_plural": "签名链接",
                "ordering": ["-pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="rectificationorder",
            name="order_serial_once",
        ),
        migrations.AddField(
            model_name="rectificationitem",
            name="withdrawn",
            field=models.BooleanField(default=False, verbose_name="已撤销"),
        ),
        migrations.AddField(
            model_name="rectificationorder",
            name="kind",
            field=models.CharField(
                choices=[("tracked", "限期整改单"), ("formal", "责令限期整改通知书")],
                default="formal",
                max_length=10,
                verbose_name="类别",
            ),
        ),
        migrations.AddField(
            model_name="rectificationorder",
            name="original_deadline",
            field=models.DateField(default=datetime.date(2000, 1, 1), verbose_name="原定期限"),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddField(
            model_name="rectificationreply",
            name="reporter_name",
            field=models.CharField(blank=True, max_length=30, verbose_name="填报人姓名"),
        ),
        migrations.AddField(
            model_name="rectificationreply",
            name="reporter_phone",
            field=models.CharField(blank=True, max_length=20, verbose_name="填报人电话"),
        ),
        migrations.AddField(
            model_name="replyitem",
            name="done_on",
            field=models.DateField(blank=True, null=True, verbose_name="完成日期"),
        ),
        migrations.AddField(
            model_name="replyitem",
            name="undone_reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="未完成原因"),
        ),
        migrations.AlterField(
            model_name="evidencephoto",
            name="uploaded_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="上传人",
            ),
        ),
        migrations.AlterField(
            model_name="rectificationitem",
            name="result",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rectifications",
                to="inspections.itemresult",
                verbose_name="不合格项",
            ),
        ),
        migrations.AlterField(
            model_name="rectificationorder",
            name="legal_basis",
            field=models.CharField(blank=True, max_length=200, verbose_name="依据"),
        ),
        migrations.AlterField(
            model_name="rectificationorder",
            name="status",
            field=models.CharField(
                choices=[
                    ("issued", "待整改"),
                    ("replied", "待复查"),
                    ("transferred", "已移交"),
                    ("closed", "已销号"),
                    ("withdrawn", "已撤销"),
                ],
                default="issued",
                max_length=12,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="rectificationreply",
            name="reported_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="填报人",
            ),
        ),
        migrations.AlterField(
            model_name="replyitem",
            name="measure",
            field=models.CharField(blank=True, max_length=300, verbose_name="整改措施"),
        ),
        migrations.AddConstraint(
            model_name="rectificationitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn", False)),
                fields=("result",),
                name="rectificationitem_once",
                violation_error_message="这个不合格项已经下达整改。",
            ),
        ),
        migrations.AddConstraint(
            model_name="rectificationorder",
            constraint=models.UniqueConstraint(
                fields=("kind", "year", "serial"), name="order_serial_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rectificationorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "tracked"),
                    models.Q(
                        models.Q(("legal_basis", ""), _negated=True), ("provider__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="order_formal_is_whole",
                violation_error_message="责令限期整改通知书须写明被通知单位和依据。",
            ),
        ),
        migrations.AddConstraint(
            model_name="replyitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(models.Q(("measure", ""), _negated=True), ("undone_reason", "")),
                    models.Q(
                        models.Q(("undone_reason", ""), _negated=True), ("done_on__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="replyitem_done_or_why_not",
                violation_error_message="每项写明整改措施；没有完成的写明原因，不写完成日期。",
            ),
        ),
        migrations.AddField(
            model_name="circular",
            name="issued_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="签发人",
            ),
        ),
        migrations.AddField(
            model_name="circular",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="inspections.rectificationorder",
                verbose_name="整改通知书",
            ),
        ),
        migrations.AddField(
            model_name="extensionrequest",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="审批人",
            ),
        ),
        migrations.AddField(
            model_name="extensionrequest",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="extensions",
                to="inspections.rectificationorder",
                verbose_name="整改通知书",
            ),
        ),
        migrations.AddField(
            model_name="extensionrequest",
            name="requested_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="申请人",
            ),
        ),
        migrations.AddField(
            model_name="handover",
            name="feedback_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="登记人",
            ),
        ),
        migrations.AddField(
            model_name="handover",
            name="issued_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="签发人",
            ),
        ),
        migrations.AddField(
            model_name="handover",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="inspections.rectificationorder",
                verbose_name="整改通知书",
            ),
        ),
        migrations.AddField(
            model_name="interview",
            name="issued_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="签发人",
            ),
        ),
        migrations.AddField(
            model_name="interview",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="inspections.rectificationorder",
                verbose_name="整改通知书",
            ),
        ),
        migrations.AddField(
            model_name="interview",
            name="recorded_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="登记人",
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="复核人",
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="filed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="提出人",
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="objections",
                to="inspections.rectificationorder",
                verbose_name="整改通知书",
            ),
        ),
        migrations.AddField(
            model_name="replylink",
            name="issued_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="签发人",
            ),
        ),
        migrations.AddField(
            model_name="replylink",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="links",
                to="inspections.rectificationorder",
                verbose_name="整改通知书",
            ),
        ),
        migrations.AddField(
            model_name="replylink",
            name="revoked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="收回人",
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="link",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="objections",
                to="inspections.replylink",
                verbose_name="签名链接",
            ),
        ),
        migrations.AddField(
            model_name="extensionrequest",
            name="link",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="extensions",
                to="inspections.replylink",
                verbose_name="签名链接",
            ),
        ),
        migrations.AddField(
            model_name="evidencephoto",
            name="link",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="photos",
                to="inspections.replylink",
                verbose_name="签名链接",
            ),
        ),
        migrations.AddField(
            model_name="rectificationreply",
            name="link",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replies",
                to="inspections.replylink",
                verbose_name="签名链接",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencephoto",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("link__isnull", True), ("uploaded_by__isnull", False)),
                    models.Q(("link__isnull", False), ("uploaded_by__isnull", True)),
                    _connector="OR",
                ),
                name="evidencephoto_uploaded_by_one",
                violation_error_message="照片须由一名账号用户或一个签名链接上传。",
            ),
        ),
        migrations.AddConstraint(
            model_name="rectificationreply",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("link__isnull", True), ("reported_by__isnull", False)),
                    models.Q(("link__isnull", False), ("reported_by__isnull", True)),
                    _connector="OR",
                ),
                name="rectificationreply_reported_by_one",
                violation_error_message="整改回复须由一名账号用户或一个签名链接填报。",
            ),
        ),
        migrations.AddConstraint(
            model_name="circular",
            constraint=models.UniqueConstraint(
                fields=("year", "serial"),
                name="circular_serial_once",
                violation_error_message="这个文号已经用过，请再试一次。",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.UniqueConstraint(
                fields=("year", "serial"),
                name="handover_serial_once",
                violation_error_message="这个文号已经用过，请再试一次。",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.UniqueConstraint(
                fields=("order",),
                name="handover_once",
                violation_error_message="这份整改单已经移交执法。",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("feedback_at__isnull", True),
                    models.Q(
                        ("feedback_by__isnull", False),
                        ("feedback_on__gte", models.F("handed_on")),
                        models.Q(("feedback_result", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="handover_feedback_is_whole",
                violation_error_message="处理结果须写明内容和日期，日期不能早于移交日期。",
            ),
        ),
        migrations.AddConstraint(
            model_name="interview",
            constraint=models.UniqueConstraint(
                fields=("year", "serial"),
                name="interview_serial_once",
                violation_error_message="这个文号已经用过，请再试一次。",
            ),
        ),
        migrations.AddConstraint(
            model_name="interview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recorded_at__isnull", True),
                    models.Q(
                        ("held_on__isnull", False),
                        ("recorded_by__isnull", False),
                        models.Q(("host", ""), _negated=True),
                        models.Q(("recorder", ""), _negated=True),
                        models.Q(("attendees", ""), _negated=True),
                        models.Q(("problems", ""), _negated=True),
                        models.Q(("demands", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="interview_minutes_are_whole",
                violation_error_message="约谈记录须写明日期、主持人、记录人、参加人、问题和要求。",
            ),
        ),
        migrations.AddConstraint(
            model_name="interview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("demands_deadline__isnull", True),
                    ("demands_deadline__gte", models.F("held_on")),
                    _connector="OR",
                ),
                name="interview_deadline",
                violation_error_message="整改期限不能早于约谈日期。",
            ),
        ),
        migrations.AddConstraint(
            model_name="replylink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("order",),
                name="replylink_one_live",
                violation_error_message="这份整改单已有有效的签名链接，请先收回。",
            ),
        ),
        migrations.AddConstraint(
            model_name="replylink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("revoked_by__isnull", True)),
                    models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                    _connector="OR",
                ),
                name="replylink_revoked_is_whole",
                violation_error_message="收回签名链接须写明收回人和时间。",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.UniqueConstraint(
                fields=("order",),
                name="objection_once",
                violation_error_message="每份整改单只能提出一次异议。",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("filed_by__isnull", False), ("link__isnull", True)),
                    models.Q(("filed_by__isnull", True), ("link__isnull", False)),
                    _connector="OR",
                ),
                name="objection_filed_by_one",
                violation_error_message="异议须由一名账号用户或一个签名链接提出。",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("status", "pending")),
                    models.Q(
                        models.Q(("status", "pending"), _negated=True),
                        ("decided_by__isnull", False),
                        models.Q(("opinion", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="objection_decision_is_whole",
                violation_error_message="复核异议须写明复核意见。",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("filed_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("filed_by")), _negated=True),
                    _connector="OR",
                ),
                name="objection_two_persons",
                violation_error_message="提出异议的人不能复核自己的异议。",
            ),
        ),
        migrations.AddConstraint(
            model_name="extensionrequest",
            constraint=models.UniqueConstraint(
                fields=("order",),
                name="extension_once",
                violation_error_message="每份整改单只能申请一次延期。",
            ),
        ),
        migrations.AddConstraint(
            model_name="extensionrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("link__isnull", True), ("requested_by__isnull", False)),
                    models.Q(("link__isnull", False), ("requested_by__isnull", True)),
                    _connector="OR",
                ),
                name="extensionrequest_requested_by_one",
                violation_error_message="延期申请须由一名账号用户或一个签名链接提出。",
            ),
        ),
        migrations.AddConstraint(
            model_name="extensionrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("wished_day__gt", models.F("deadline_before"))),
                name="extension_later",
                violation_error_message="申请延至的日期须晚于现在的整改期限。",
            ),
        ),
        migrations.AddConstraint(
            model_name="extensionrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("status", "pending")),
                    models.Q(
                        ("decided_by__isnull", False),
                        ("granted_until__gt", models.F("deadline_before")),
                        ("status", "granted"),
                    ),
                    models.Q(
                        ("decided_by__isnull", False),
                        ("granted_until__isnull", True),
                        ("status", "refused"),
                        models.Q(("decision_note", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="extension_decision_is_whole",
                violation_error_message="准予延期须写明晚于原期限的日期，不予延期须写明原因。",
            ),
        ),
        migrations.AddConstraint(
            model_name="extensionrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("requested_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("requested_by")), _negated=True),
                    _connector="OR",
                ),
                name="extension_two_persons",
                violation_error_message="申请延期的人不能审批自己的申请。",
            ),
        ),
    ]
