"""What the article of 2017 states, counted from rows for any year."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from enterprises.choices import AgreementParty, FeeUnit, ProviderKind
from enterprises.models import Engagement, ResponsibilityAgreement
from estates.choices import EstateKind
from estates.models import Estate, StaffAssignment
from outreach.choices import DemonstrationStage, PublicityKind, TrainingKind
from outreach.models import Bulletin, DemonstrationProject, PublicityItem, TrainingSession
from subsidies.models import SubsidyRate


def article_figures(year: int) -> dict[str, int | float | Decimal | None]:
    """Return the figures of the year, each counted from rows; money as ``Decimal`` yuan.

    Registry figures are those of the last day of the year.
    """
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    old = Estate.objects.active().old()
    serving = Engagement.objects.on(last)
    old_served = old.filter(pk__in=serving.values("estate"))
    old_totals = old_served.totals()
    old_all = old.count()
    rural = Estate.objects.active().of_kind(EstateKind.RURAL).filter(delivered_on__lte=last)
    rural_firm = serving.filter(estate__in=rural, provider__kind=ProviderKind.ENTERPRISE).count()
    trainings = TrainingSession.objects.filter(held_on__range=(first, last))
    publicity = PublicityItem.objects.filter(published_on__range=(first, last))
    # The title of a year is rewarded in the next: 2017 rewarded the titles of 2016.
    rewarded = DemonstrationProject.objects.filter(
        stage=DemonstrationStage.AWARDED, rewarded_on__range=(first, last)
    )
    fee = (
        serving.filter(estate__in=old, fee_unit=FeeUnit.HOUSEHOLD)
        .values_list("fee_standard", flat=True)
        .distinct()
    )
    rate = SubsidyRate.objects.in_force(last.replace(day=1)).first()

    def people(kind: TrainingKind) -> int:
        return trainings.filter(kind=kind).aggregate(n=Sum("people_count"))["n"] or 0

    def quantity(kind: PublicityKind) -> int:
        return publicity.filter(kind=kind).aggregate(n=Sum("quantity"))["n"] or 0

    return {
        "enterprises_signed": ResponsibilityAgreement.objects.of_year(year)
        .signed()
        .filter(party=AgreementParty.PROVIDER, provider__kind=ProviderKind.ENTERPRISE)
        .count(),
        "estates_assigned": StaffAssignment.objects.filter(start_date__lte=last)
        .exclude(end_date__lt=first)
        .values("estate")
        .distinct()
        .count(),
        "bulletins": Bulletin.objects.issued().of_year(year).count(),
        "old_estates": old_served.count(),
        "old_buildings": old_totals["buildings"],
        "old_households": old_totals["households"],
        "old_coverage_percent": round(old_served.count() * 100 / old_all, 1) if old_all else None,
        "owner_fee_yuan": _one_amount(list(fee)),
        "subsidy_rate_yuan": rate.amount if rate else None,
        "rural_communities": rural.count(),
        "rural_enterprise_managed": rural_firm,
        "rural_self_managed": rural.count() - rural_firm,
        "rural_service_centres": rural.filter(has_service_station=True).count(),
        "seminar_people": people(TrainingKind.SEMINAR),
        "visit_enterprises": trainings.filter(kind=TrainingKind.VISIT).aggregate(
            n=Sum("enterprise_count")
        )["n"]
        or 0,
        "visit_people": people(TrainingKind.VISIT),
        "fire_training_people": people(TrainingKind.FIRE),
        "posters": quantity(PublicityKind.POSTER),
        "banners": quantity(PublicityKind.BANNER),
        "boards": quantity(PublicityKind.BOARD),
        "tv_reports": quantity(PublicityKind.TV_REPORT),
        "awarded_projects": rewarded.count(),
        "awarded_enterprises": rewarded.values("provider").distinct().count(),
    }


def _one_amount(amounts: list[Decimal | None]) -> Decimal | None:
    """Return the one amount that all rows state, or None where they differ."""
    known = {amount for amount in amounts if amount is not None}
    return known.pop() if len(known) == 1 else None


LABELS: dict[str, str] = {
    "enterprises_signed": "签订目标责任书的物业服务企业（家）",
    "estates_assigned": "工作人员分包的小区（个）",
    "bulletins": "印发工作简报（期）",
    "old_estates": "纳入服务的老旧小区（个）",
    "old_buildings": "老旧小区楼栋（栋）",
    "old_households": "老旧小区户数（户）",
    "old_coverage_percent": "老旧小区覆盖率（%）",
    "owner_fee_yuan": "业主每户每月物业费（元）",
    "subsidy_rate_yuan": "每户每月补贴（元）",
    "rural_communities": "已交付新型农村社区（个）",
    "rural_enterprise_managed": "其中物业企业进驻（个）",
    "rural_self_managed": "其中村委自管或乡镇介入（个）",
    "rural_service_centres": "成立社区服务中心（个）",
    "seminar_people": "政策法规研讨（人）",
    "visit_enterprises": "示范项目观摩企业（家）",
    "visit_people": "示范项目观摩（人）",
    "fire_training_people": "消防专题培训（人）",
    "posters": "张贴宣传资料（份）",
    "banners": "悬挂条幅（条）",
    "boards": "宣传版面（块）",
    "tv_reports": "电视报道（期）",
    "awarded_projects": "受奖示范项目（个）",
    "awarded_enterprises": "受奖企业（家）",
}


def labelled(values: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Return ``(key, Chinese label, value)`` in the order of the article."""
    return [(key, LABELS[key], value) for key, value in values.items()]
