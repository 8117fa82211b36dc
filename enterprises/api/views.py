"""Read-only endpoints; scope, filters and paging as on the pages."""

from django.db.models import QuerySet
from rest_framework import viewsets

from accounts.choices import TokenRight
from enterprises.filters import EngagementFilterSet, ProviderFilterSet
from enterprises.models import Engagement, Provider

from .serializers import EngagementSerializer, ProviderSerializer


class ProviderViewSet(viewsets.ReadOnlyModelViewSet):
    """服务主体名录。"""

    queryset = Provider.objects.none()
    serializer_class = ProviderSerializer
    filterset_class = ProviderFilterSet
    token_right = TokenRight.REGISTRY

    def get_queryset(self) -> QuerySet:
        return Provider.objects.visible_to(self.request.user).select_related("street")


class EngagementViewSet(viewsets.ReadOnlyModelViewSet):
    """服务合同。"""

    queryset = Engagement.objects.none()
    serializer_class = EngagementSerializer
    filterset_class = EngagementFilterSet
    token_right = TokenRight.REGISTRY

    def get_queryset(self) -> QuerySet:
        return Engagement.objects.visible_to(self.request.user).select_related(
            "estate__street", "provider"
        )
