"""Filters of the outreach lists."""

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator

from estates.models import Street
from xingyang_pm.common.filters import KeywordFilter, PortalFilterSet, ScopedChoiceFilter

from .choices import (
    BulletinStatus,
    DemonstrationLevel,
    DemonstrationStage,
    PublicityKind,
    TrainingKind,
)
from .models import (
    Bulletin,
    DemonstrationProject,
    PolicyDocument,
    PublicityItem,
    TrainingSession,
)


def _year(field: str | None = None) -> django_filters.NumberFilter:
    """Return the filter of a year; what the calendar of the database has not is refused."""
    return django_filters.NumberFilter(
        field, label="年度", validators=[MinValueValidator(1900), MaxValueValidator(2200)]
    )


class BulletinFilterSet(PortalFilterSet):
    year = _year()
    status = django_filters.ChoiceFilter(label="状态", choices=BulletinStatus.choices)
    q = KeywordFilter(["title__contains"], placeholder="标题")

    class Meta:
        model = Bulletin
        fields = ["year", "status", "q"]
        primary = ["year", "status", "q"]


class TrainingFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(label="类别", choices=TrainingKind.choices)
    year = _year("held_on__year")
    q = KeywordFilter(
        ["title__contains", "place__contains", "audience__contains"],
        placeholder="名称、地点、参加对象",
    )

    class Meta:
        model = TrainingSession
        fields = ["kind", "year", "q"]
        primary = ["kind", "year", "q"]


class PublicityFilterSet(PortalFilterSet):
    kind = django_filters.ChoiceFilter(label="形式", choices=PublicityKind.choices)
    street = ScopedChoiceFilter(Street, label="街道（乡镇）", empty="全部街道")
    year = _year("published_on__year")
    q = KeywordFilter(["title__contains", "place__contains"], placeholder="内容、地点")

    class Meta:
        model = PublicityItem
        fields = ["kind", "street", "year", "q"]
        primary = ["kind", "street", "year", "q"]


class DemonstrationFilterSet(PortalFilterSet):
    year = _year()
    level = django_filters.ChoiceFilter(label="级别", choices=DemonstrationLevel.choices)
    stage = django_filters.ChoiceFilter(label="阶段", choices=DemonstrationStage.choices)
    q = KeywordFilter(
        ["estate__name__contains", "provider__name__contains"], placeholder="小区、服务主体"
    )

    class Meta:
        model = DemonstrationProject
        fields = ["year", "level", "stage", "q"]
        primary = ["year", "level", "stage", "q"]


class PolicyFilterSet(PortalFilterSet):
    year = _year("issued_on__year")
    q = KeywordFilter(
        ["title__contains", "number__contains", "issuer__contains", "summary__contains"],
        placeholder="标题、文号、发文机关",
    )

    class Meta:
        model = PolicyDocument
        fields = ["year", "q"]
        primary = ["year", "q"]
