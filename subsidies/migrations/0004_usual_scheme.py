import datetime as dt

from django.db import migrations

from xingyang_pm.common import clock


def lay_usual(apps, schema_editor):
    """Give the claims that stand already the procedure that they were dealt with under: the usual
    five stages, without the notice that nobody gave."""
    Claim = apps.get_model("subsidies", "SubsidyClaim")
    if not Claim.objects.exists():
        return
    Scheme = apps.get_model("subsidies", "ClaimScheme")
    Stage = apps.get_model("subsidies", "SchemeStage")
    scheme = Scheme.objects.create(
        effective_from=dt.date(2017, 4, 1),
        notice_days=0,
        document_title="老旧小区物业补贴办理规程（启用规程登记以前）",
        created_at=clock.now(),
    )
    for position, (stage, source, target, role, own_street, may_return) in enumerate(BEFORE, 1):
        Stage.objects.create(
            scheme=scheme,
            position=position,
            stage=stage,
            source=source,
            target=target,
            role=role,
            own_street=own_street,
            may_return=may_return,
        )
    Claim.objects.update(scheme=scheme)
    usual = Scheme.objects.create(
        effective_from=dt.date(2017, 4, 1),
        notice_days=5,
        document_title="老旧小区物业补贴办理规程",
        created_at=clock.now(),
    )
    for row in Stage.objects.filter(scheme=scheme):
        row.pk, row.scheme = None, usual
        row.save(force_insert=True)


BEFORE = [
    ("submit", "draft", "submitted", "street_clerk", True, False),
    ("review", "submitted", "reviewed", "street_leader", True, True),
    ("check", "reviewed", "checked", "bureau_manager", False, True),
    ("approve", "checked", "approved", "bureau_leader", False, True),
    ("pay", "approved", "paid", "finance_officer", False, False),
]


class Migration(migrations.Migration):
    dependencies = [("subsidies", "0003_schemes_notices_voids")]

    operations = [migrations.RunPython(lay_usual, migrations.RunPython.noop)]
