"""Answers that span engagements, estates and providers."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import reverse

from accounts.choices import REGISTRY_EDITORS
from estates.choices import EstateKind
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import AuditEntry
from xingyang_pm.common.scoping import visible_rows
from xingyang_pm.common.search import SearchHit

from .choices import FilingState, ProviderKind
from .models import Engagement, Provider

# Makes the panel of an upper app for the record of a provider, or nothing.
ProviderPanel = Callable[[Any, Any], Any]

_provider_panels: list[tuple[str, str, ProviderPanel]] = []


def register_provider_panel(tab: str, label: str, panel: ProviderPanel) -> None:
    """Add ``panel(provider, user)`` of an upper app to the provider's record under a tab."""
    _provider_panels.append((tab, label, panel))


def provider_panels() -> list[tuple[str, str, ProviderPanel]]:
    return list(_provider_panels)


@dataclass(frozen=True)
class CurrentService:
    """Who serves an estate today."""

    engagement_id: int
    provider_id: int
    provider_name: str


def current_services(
    estate_ids: Sequence[int], day: dt.date, user: Any
) -> dict[int, CurrentService]:
    """Return for each estate that is served on ``day`` by whom; one query."""
    rows = (
        Engagement.objects.visible_to(user)
        .on(day)
        .filter(estate__in=estate_ids)
        .values_list("estate_id", "pk", "provider_id", "provider__name")
    )
    return {
        estate_id: CurrentService(pk, provider_id, name)
        for estate_id, pk, provider_id, name in rows
    }


@dataclass(frozen=True)
class Coverage:
    """Old estates in service of all, with buildings and households (registry figures)."""

    estates: int
    all_estates: int
    buildings: int
    households: int

    @property
    def percent(self) -> float:
        return self.estates * 100 / self.all_estates if self.all_estates else 0.0


def old_estate_coverage(day: dt.date, user: Any) -> Coverage:
    """Return how many of the old estates that ``user`` sees are in service on ``day``."""
    old = Estate.objects.visible_to(user).active().old()
    served = old.filter(pk__in=Engagement.objects.on(day).values("estate"))
    totals = served.totals()
    return Coverage(served.count(), old.count(), totals["buildings"], totals["households"])


@dataclass(frozen=True)
class RuralService:
    """New rural communities by who runs them on a day."""

    communities: int
    by_enterprise: int
    by_village_or_town: int
    service_centres: int


def rural_service(day: dt.date, user: Any) -> RuralService:
    rural = Estate.objects.visible_to(user).active().of_kind(EstateKind.RURAL)
    serving = Engagement.objects.on(day).filter(estate__in=rural)
    firms = serving.filter(provider__kind=ProviderKind.ENTERPRISE).count()
    total = rural.count()
    return RuralService(total, firms, total - firms, rural.filter(has_service_station=True).count())


def filings_waiting(user: Any) -> list[WaitingItem]:
    """Signed contracts that are not filed yet, for those who keep the registry."""
    if not holds(user, REGISTRY_EDITORS):
        return []
    rows = (
        Engagement.objects.visible_to(user)
        .unfiled()
        .select_related("estate", "provider")
        .order_by("signed_on")
    )
    day = clock.today()
    return [
        WaitingItem(
            tag="合同",
            title=f"{row.estate}物业服务合同已签 {(day - row.signed_on).days} 天，尚未备案",
            detail=row.provider.name,
            url=row.get_absolute_url(),
            action="办理",
            due=row.filing_due_on,
        )
        for row in rows
        if row.signed_on
    ]


def contracts_incomplete(user: Any) -> list[WaitingItem]:
    """Contracts that a ledger brought in without what it does not say: one item for all."""
    if not holds(user, REGISTRY_EDITORS):
        return []
    number = Engagement.objects.visible_to(user).incomplete().count()
    if not number:
        return []
    return [
        WaitingItem(
            tag="合同",
            title=f"{number:,} 份由台账登记的服务合同资料待补",
            detail="签订日期、选聘方式、备案",
            url=f"{reverse('enterprises:engagement-list')}?filing={FilingState.INCOMPLETE}",
            action="补资料",
        )
    ]


def providers_found(user: Any, text: str, limit: int) -> list[SearchHit]:
    """Providers for the search box: name, short name, credit code, code or initials."""
    rows = Provider.objects.visible_to(user).search(text).order_by("code")[:limit]
    return [
        SearchHit("服务主体", row.name, row.get_absolute_url(), row.get_kind_display(), "briefcase")
        for row in rows
    ]


# So many of a provider's entries are looked through for a street's own.
_LOOKED_THROUGH = 500


def provider_history(provider: Provider, user: Any, limit: int) -> list[AuditEntry]:
    """Return the newest entries about ``provider`` whose target ``user`` sees.

    One firm serves several streets, and the contracts and payments of each stand in its timeline.
    One query for each model among the targets.
    """
    if user.sees_city:
        return timeline(provider, limit)
    entries = timeline(provider, _LOOKED_THROUGH)
    keys: dict[str, set[str]] = {}
    for entry in entries:
        keys.setdefault(entry.target_type, set()).add(entry.target_id)
    seen = {
        (label, str(pk))
        for label, ids in keys.items()
        if label
        for pk in visible_rows(apps.get_model(label), user)
        .filter(pk__in=ids)
        .values_list("pk", flat=True)
    }
    return [entry for entry in entries if (entry.target_type, entry.target_id) in seen][:limit]


def merge_engagements(old: Estate, kept: Estate, actor: Any) -> None:
    """Move the contracts of a merged estate; refused where both were served on one day."""
    taken = Engagement.objects.filter(estate=kept)
    for engagement in Engagement.objects.filter(estate=old).order_by("start_date"):
        last = engagement.end_date or dt.date.max
        if taken.within(engagement.start_date, last).exists():
            raise BusinessError(
                f"两个小区在 {engagement.start_date} 以后都有服务合同，请先终止其中一份。"
            )
    Engagement.objects.filter(estate=old).update(estate=kept)
