"""Who serves: firms, community centres, committees, and their people."""

from collections.abc import Iterable
from typing import Any

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from enterprises.calculations import credit_code_problem
from enterprises.choices import ProviderKind
from enterprises.models import ProjectManager, Provider
from estates.models import Community, Street
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import changes, field_labels, record, snapshot
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.pinyin import initials
from xingyang_pm.common.scoping import assert_in_scope
from xingyang_pm.common.spelling import misspelling

PROVIDER_FIELDS = (
    "kind",
    "name",
    "short_name",
    "credit_code",
    "street",
    "community",
    "legal_representative",
    "manager_name",
    "phone",
    "registered_address",
    "office_address",
    "registered_capital",
    "founded_on",
    "staff_count",
    "qualification_grade",
    "qualification_number",
    "is_active",
    "remarks",
)
# Where a provider's record may hold the city's name.
NAMED_AFTER_THE_CITY = ("name", "short_name", "registered_address", "office_address")


def _check_provider(provider: Provider) -> None:
    for field in NAMED_AFTER_THE_CITY:
        wrong = misspelling(getattr(provider, field))
        if wrong:
            raise BusinessError(wrong, field=field)
    provider.credit_code = provider.credit_code.strip().upper()
    if provider.credit_code:
        problem = credit_code_problem(provider.credit_code)
        if problem:
            raise BusinessError(problem, field="credit_code")
    if provider.community and provider.street_id != provider.community.street_id:
        raise BusinessError(
            f"{provider.community} 不属于 {provider.street or '所选街道（乡镇）'}，请重选社区。",
            field="community",
        )
    provider.initials = initials(provider.name)
    provider.full_clean()


def provider_create(*, actor: User, **values: Any) -> Provider:
    """Register a provider. ``values`` are :data:`PROVIDER_FIELDS`; kind and name are required."""
    require(actor, REGISTRY_EDITORS, "登记服务主体由房管中心科室负责人办理。")
    moment = clock.now()
    with guarded():
        provider = Provider(**values, created_at=moment, updated_at=moment)
        provider.code = f"FW-{next_number('provider', 0):04d}"
        _check_provider(provider)
        provider.save()
        assert_in_scope(provider, actor)
        record(
            actor=actor,
            verb="provider.create",
            target=provider,
            summary=f"登记{provider.get_kind_display()} {provider.name}",
            after=snapshot(provider, PROVIDER_FIELDS),
            tag="主体",
            tone="b",
        )
    return provider


def provider_update(*, provider: Provider, actor: User, **values: Any) -> Provider:
    """Change facts of a provider; nothing is written when nothing changed."""
    require(actor, REGISTRY_EDITORS, "修改服务主体资料由房管中心科室负责人办理。")
    with guarded():
        provider = Provider.objects.select_for_update().get(pk=provider.pk)
        before = snapshot(provider, PROVIDER_FIELDS)
        for name, value in values.items():
            setattr(provider, name, value)
        _check_provider(provider)
        old, new = changes(before, snapshot(provider, PROVIDER_FIELDS))
        if not new:
            return provider
        provider.updated_at = clock.now()
        provider.save(update_fields=[*new, "initials", "updated_at"])
        assert_in_scope(provider, actor)
        labels = "、".join(field_labels(Provider, new))
        record(
            actor=actor,
            verb="provider.update",
            target=provider,
            summary=f"修改{labels}",
            before=old,
            after=new,
            tag="主体",
        )
    return provider


def manager_add(
    *,
    provider: Provider,
    actor: User,
    name: str,
    phone: str = "",
    duty: str = "项目经理",
    certificate: str = "",
) -> ProjectManager:
    """Add a project manager or contact person to a provider."""
    require(actor, REGISTRY_EDITORS)
    with guarded():
        manager = ProjectManager(
            provider=provider, name=name, phone=phone, duty=duty, certificate=certificate
        )
        manager.full_clean()
        manager.save()
        record(
            actor=actor,
            verb="provider.manager_add",
            target=provider,
            summary=f"登记{duty} {name}",
            tag="主体",
        )
    return manager


def manager_leave(*, manager: ProjectManager, actor: User) -> None:
    """Mark a project manager as no longer in post; kept for the record."""
    require(actor, REGISTRY_EDITORS)
    with guarded():
        if not ProjectManager.objects.filter(pk=manager.pk, is_active=True).update(is_active=False):
            raise BusinessError(f"{manager.name} 已不在岗。", code="stale")
        record(
            actor=actor,
            verb="provider.manager_leave",
            target=manager.provider,
            summary=f"{manager.duty} {manager.name} 离岗",
            tag="主体",
        )


def community_centres_found(
    *, street: Street, actor: User, communities: Iterable[Community]
) -> list[Provider]:
    """Register one community service centre for each community that has none yet."""
    made = []
    for community in communities:
        name = f"{community.short_name}物业服务中心"
        if Provider.objects.filter(name=name).exists():
            continue
        made.append(
            provider_create(
                actor=actor,
                kind=ProviderKind.COMMUNITY_CENTRE,
                name=name,
                short_name=f"{community.short_name}服务中心",
                street=street,
                community=community,
            )
        )
    return made
