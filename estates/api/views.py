"""Read-only endpoints; scope, filters and paging as on the pages."""

from django.db.models import QuerySet
from rest_framework import viewsets

from accounts.choices import TokenRight
from estates.filters import EstateFilterSet, HouseholdCountFilterSet
from estates.models import Community, Estate, HouseholdCount, Street

from .serializers import (
    CommunitySerializer,
    EstateSerializer,
    HouseholdCountSerializer,
    StreetSerializer,
)


class StreetViewSet(viewsets.ReadOnlyModelViewSet):
    """街道（乡镇）。"""

    queryset = Street.objects.none()
    serializer_class = StreetSerializer
    token_right = TokenRight.REGISTRY

    def get_queryset(self) -> QuerySet:
        return Street.objects.visible_to(self.request.user).order_by("code")


class CommunityViewSet(viewsets.ReadOnlyModelViewSet):
    """社区（村）。"""

    queryset = Community.objects.none()
    serializer_class = CommunitySerializer
    token_right = TokenRight.REGISTRY

    def get_queryset(self) -> QuerySet:
        rows = Community.objects.visible_to(self.request.user)
        return rows.select_related("street").order_by("code")


class EstateViewSet(viewsets.ReadOnlyModelViewSet):
    """小区名录（在册）。"""

    queryset = Estate.objects.none()
    serializer_class = EstateSerializer
    filterset_class = EstateFilterSet
    token_right = TokenRight.REGISTRY

    def get_queryset(self) -> QuerySet:
        rows = Estate.objects.visible_to(self.request.user).active()
        return rows.select_related("street", "community").order_by("code")


class HouseholdCountViewSet(viewsets.ReadOnlyModelViewSet):
    """户数核定。"""

    queryset = HouseholdCount.objects.none()
    serializer_class = HouseholdCountSerializer
    filterset_class = HouseholdCountFilterSet
    token_right = TokenRight.REGISTRY

    def get_queryset(self) -> QuerySet:
        return HouseholdCount.objects.visible_to(self.request.user).select_related("estate")
