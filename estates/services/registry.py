"""Estates: register, change, rename, strike off; the names by which they are found."""

from typing import Any

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from estates.choices import EstateStatus, NameKind
from estates.models import Estate, EstateName
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, field_labels, record, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.pinyin import initials
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.spelling import misspelling
from xingyang_pm.common.states import move

from .merging import register_merge_hook

__all__ = [
    "ESTATE_FIELDS", "check_estate", "estate_code", "estate_create", "estate_name_add",
    "estate_name_remove", "estate_remove", "estate_rename", "estate_update", "locked_estate",
    "register_merge_hook",
]  # fmt: skip

TAG = "小区"
SERIES = "estate"
ONLY_EDITORS = "小区名录由房管中心科室负责人维护。"
ESTATE_FIELDS = (
    "kind",
    "name",
    "street",
    "community",
    "address",
    "developer",
    "ownership_unit",
    "built_year",
    "delivered_on",
    "renovated_year",
    "land_area",
    "floor_area",
    "building_count",
    "unit_count",
    "household_count",
    "occupied_count",
    "lift_count",
    "parking_above",
    "parking_below",
    "property_type",
    "management_mode",
    "has_cleaning",
    "has_waste_removal",
    "has_greening",
    "has_repair",
    "has_service_station",
    "station_accepted_on",
    "property_officer",
    "contact_name",
    "contact_phone",
    "latitude",
    "longitude",
    "remarks",
)
# Changed by an act of its own alone, never in passing.
NOT_BY_UPDATE = frozenset({"household_count"})


def estate_code(number: int) -> str:
    return f"XQ-{number:04d}"


def _check_spelling(text: str, field: str) -> None:
    wrong = misspelling(text)
    if wrong:
        raise BusinessError(wrong, field=field)


def one_name(name: str) -> str:
    """Return ``name`` with single blanks; raises for the usual slip in the city's name."""
    plain = " ".join(name.split())
    _check_spelling(plain, "name")
    return plain


def check_estate(estate: Estate) -> None:
    """Put the name in shape and hold the facts of one estate against each other."""
    estate.name = one_name(estate.name)
    _check_spelling(estate.address, "address")
    if estate.community and estate.community.street_id != estate.street_id:
        raise BusinessError(
            f"{estate.community} 不属于 {estate.street}，请重选社区。", field="community"
        )
    if estate.occupied_count is not None and estate.occupied_count > estate.household_count:
        raise BusinessError(
            f"入住户数 {estate.occupied_count} 不能多于户数 {estate.household_count}。",
            field="occupied_count",
        )
    if (estate.latitude is None) != (estate.longitude is None):
        raise BusinessError("经度和纬度要么都填，要么都不填。", field="latitude")
    estate.initials = initials(estate.name)


def locked_estate(estate: Estate, actor: User) -> Estate:
    """Return the estate as it now stands, locked for this transaction and seen by ``actor``.

    Raises :class:`StaleState` for one that is merged or struck off.
    """
    assert_in_scope(estate, actor)
    row = Estate.objects.select_for_update(of=("self",)).get(pk=estate.pk)
    if row.status != EstateStatus.ACTIVE:
        raise StaleState(f"{row} {row.get_status_display()}，不能再改。")
    return row


def estate_create(*, actor: User, **values: Any) -> Estate:
    """Register an estate; ``values`` are :data:`ESTATE_FIELDS` (kind, name, street required)."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    moment = clock.now()
    with guarded():
        estate = Estate(**values, created_at=moment, updated_at=moment)
        estate.code = estate_code(next_number(SERIES, 0))
        check_estate(estate)
        estate.full_clean()
        estate.save()
        assert_in_scope(estate, actor)
        record(
            actor=actor,
            verb="estate.create",
            target=estate,
            summary=f"登记{estate.get_kind_display()} {estate.name}",
            after=snapshot(estate, ESTATE_FIELDS),
            tag=TAG,
            tone="b",
        )
    return estate


def changed_labels(names: Any) -> str:
    """Return the labels of changed fields as a sentence names them, at most five."""
    labels = [label.removesuffix("（㎡）") for label in field_labels(Estate, names)]
    return "、".join(labels[:5]) + (f"等 {len(labels)} 项" if len(labels) > 5 else "")


def estate_update(*, estate: Estate, actor: User, reason: str = "", **values: Any) -> Estate:
    """Change facts of an estate; a new name keeps the old one as a former name.

    Households are refused here: money rests on them, so they go through 户数核定.
    """
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        estate = locked_estate(estate, actor)
        before, old_name = snapshot(estate, ESTATE_FIELDS), estate.name
        for name, value in values.items():
            if name in NOT_BY_UPDATE and value != getattr(estate, name):
                raise BusinessError(
                    "户数关系到补贴，请用“录入户数”，核定后名录随之改变。", field=name
                )
            setattr(estate, name, value)
        check_estate(estate)
        estate.full_clean()
        old, new = changes(before, snapshot(estate, ESTATE_FIELDS))
        if not new:
            return estate
        estate.updated_at = clock.now()
        estate.save(update_fields=[*new, "initials", "updated_at"])
        if "name" in new:
            _keep_name(estate, old_name)
        assert_in_scope(estate, actor)
        summary = (
            f"将小区名称由 {old_name} 改为 {estate.name}"
            if list(new) == ["name"]
            else f"修改{changed_labels(new)}"
        )
        record(
            actor=actor,
            verb="estate.update",
            target=estate,
            summary=summary,
            before=old,
            after=new,
            reason=reason,
            tag=TAG,
        )
    return estate


def _keep_name(estate: Estate, old_name: str) -> None:
    """Keep the old name as a former one; the new one needs no entry of its own any more."""
    EstateName.objects.get_or_create(
        estate=estate, name=old_name, defaults={"kind": NameKind.FORMER}
    )
    EstateName.objects.filter(estate=estate, name=estate.name).delete()


def estate_rename(*, estate: Estate, actor: User, name: str, reason: str = "") -> Estate:
    """Give an estate another name; the old one stays as a former name, found by all."""
    if one_name(name) == estate.name:
        raise BusinessError("新名称与现名相同。", field="name")
    return estate_update(estate=estate, actor=actor, reason=reason, name=name)


def estate_remove(*, estate: Estate, actor: User, reason: str) -> Estate:
    """Strike an estate off the registry (demolished, registered by mistake); it stays readable."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    if not reason.strip():
        raise BusinessError("请写明注销原因。", field="reason")
    with guarded():
        assert_in_scope(estate, actor)
        move(
            estate,
            source=EstateStatus.ACTIVE,
            target=EstateStatus.REMOVED,
            updated_at=clock.now(),
        )
        record(
            actor=actor,
            verb="estate.remove",
            target=estate,
            summary=f"注销小区：{reason.strip()}",
            reason=reason,
            tag=TAG,
            tone="a",
        )
    return estate


# --- Names ----------------------------------------------------------------------------------------


def estate_name_add(*, estate: Estate, actor: User, name: str, kind: str) -> EstateName:
    """Keep a former name or an alias, by which search and imports find the estate too."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        estate = locked_estate(estate, actor)
        row = EstateName(estate=estate, name=one_name(name), kind=kind)
        if row.name == estate.name:
            raise BusinessError("与现名相同，不用登记。", field="name")
        row.full_clean()
        row.save()
        record(
            actor=actor,
            verb="estate.name_add",
            target=estate,
            summary=f"登记{row.get_kind_display()} {row.name}",
            tag=TAG,
        )
    return row


def estate_name_remove(*, name: EstateName, actor: User) -> Estate:
    """Take away a former name or alias that was kept by mistake."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(name, actor)
        estate = locked_estate(name.estate, actor)
        word = f"{name.get_kind_display()} {name.name}"
        if not EstateName.objects.filter(pk=name.pk).delete()[0]:
            raise StaleState
        record(
            actor=actor,
            verb="estate.name_remove",
            target=estate,
            summary=f"删去{word}",
            before={"name": name.name, "kind": name.kind},
            tag=TAG,
        )
    return estate
