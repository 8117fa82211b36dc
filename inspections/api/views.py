"""Read-only endpoints; scope, filters and paging as on the pages."""

from django.db.models import QuerySet
from rest_framework import viewsets

from accounts.choices import TokenRight
from inspections.filters import InspectionFilterSet, OrderFilterSet, RoundFilterSet
from inspections.models import Inspection, InspectionRound, RectificationOrder

from .serializers import InspectionSerializer, OrderSerializer, RoundSerializer


class RoundViewSet(viewsets.ReadOnlyModelViewSet):
    """检查批次，附应查和已查小区数。"""

    queryset = InspectionRound.objects.none()
    serializer_class = RoundSerializer
    filterset_class = RoundFilterSet
    token_right = TokenRight.INSPECTIONS

    def get_queryset(self) -> QuerySet:
        user = self.request.user
        rows = InspectionRound.objects.visible_to(user).with_progress(user)
        return rows.select_related("checklist")


class InspectionViewSet(viewsets.ReadOnlyModelViewSet):
    """已上报的检查记录，附各项结果；草稿不在其中。"""

    queryset = Inspection.objects.none()
    serializer_class = InspectionSerializer
    filterset_class = InspectionFilterSet
    token_right = TokenRight.INSPECTIONS

    def get_queryset(self) -> QuerySet:
        rows = Inspection.objects.visible_to(self.request.user).reported()
        return rows.select_related(
            "estate__street", "provider", "round", "checklist", "inspector"
        ).prefetch_related("results__item")


class OrderViewSet(viewsets.ReadOnlyModelViewSet):
    """限期整改通知书，附整改事项。"""

    queryset = RectificationOrder.objects.none()
    serializer_class = OrderSerializer
    filterset_class = OrderFilterSet
    token_right = TokenRight.INSPECTIONS

    def get_queryset(self) -> QuerySet:
        rows = RectificationOrder.objects.visible_to(self.request.user)
        return rows.select_related("estate__street", "provider", "inspection").prefetch_related(
            "items__result__item"
        )
