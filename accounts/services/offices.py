"""Offices: the bureau and one for each street or town, made from the reference lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from accounts.choices import ACCOUNT_ADMINS, OfficeKind
from accounts.models import Office, User
from xingyang_pm.common import access, audit
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded

TAG = "单位"
BUREAU_CODE = "410182"


@dataclass(frozen=True)
class OfficesSynced:
    """``by_code`` gives the office of each street code; ``created`` are the new ones."""

    bureau: Office
    by_code: dict[str, Office]
    created: list[Office]


def street_office_name(street_name: str) -> str:
    """Return who sits there: 索河街道办事处, 乔楼镇人民政府, 高村乡人民政府."""
    return f"{street_name}{'办事处' if street_name.endswith('街道') else '人民政府'}"


def bureau_ensure() -> tuple[Office, bool]:
    """Return the bureau, made if this installation has none yet, and whether it was made."""
    found = Office.objects.filter(kind=OfficeKind.BUREAU).first()
    if found is not None:
        return found, False
    return (
        Office.objects.create(
            kind=OfficeKind.BUREAU,
            code=BUREAU_CODE,
            name=settings.OFFICE_NAME,
            phone=settings.OFFICE_PHONE,
        ),
        True,
    )


def offices_sync(*, streets: Mapping[str, str], actor: User | None = None) -> OfficesSynced:
    """Make the bureau and the office of each of ``streets`` (code → 索河街道) that is missing.

    Repeatable: an office that is there (by code, else by name) stays as it is, also when its
    name was changed on the page. ``actor`` is None when the reference lists are first loaded.
    """
    if actor is not None:
        access.require(actor, ACCOUNT_ADMINS, "只有系统管理员可以建立单位。")
    with guarded():
        bureau, made = bureau_ensure()
        created = [bureau] if made else []
        by_code: dict[str, Office] = {}
        for code, name in streets.items():
            wanted = street_office_name(name)
            office = (
                Office.objects.filter(code=code).first()
                or Office.objects.filter(name=wanted).first()
            )
            if office is None:
                office = Office(kind=OfficeKind.STREET, code=code, name=wanted)
                office.full_clean()
                office.save()
                created.append(office)
            by_code[code] = office
        for office in created:
            audit.record(
                actor=actor,
                verb="office.create",
                target=office,
                summary=f"建立单位“{office}”",
                after=audit.snapshot(office, ["kind", "code", "name", "phone"]),
                tag=TAG,
            )
    return OfficesSynced(bureau, by_code, created)


def office_update(*, actor: User, office: Office, phone: str, is_active: bool) -> Office:
    """Change an office's telephone, or close it; its name comes from the official list."""
    access.require(actor, ACCOUNT_ADMINS, "只有系统管理员可以修改单位。")
    with guarded():
        row = Office.objects.select_for_update().get(pk=office.pk)
        before = audit.snapshot(row, ["phone", "is_active"])
        if row.is_active and not is_active:
            if row.is_bureau:
                raise BusinessError("房管中心不能停用。", field="is_active")
            people = User.objects.active().filter(office=row).count()
            if people:
                raise BusinessError(
                    f"{row}还有 {people} 个在用的账号，请先停用或调走，再停用单位。",
                    field="is_active",
                )
        row.phone, row.is_active = phone.strip(), is_active
        row.full_clean()
        row.save(update_fields=["phone", "is_active"])
        was, now = audit.changes(before, audit.snapshot(row, ["phone", "is_active"]))
        if was:
            audit.record(
                actor=actor,
                verb="office.update",
                target=row,
                summary=f"修改单位“{row}”",
                before=was,
                after=now,
                tag=TAG,
            )
    return row
