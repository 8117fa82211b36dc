"""Read-only endpoints; scope, filters and paging as on the pages."""

from django.db.models import QuerySet
from rest_framework import viewsets

from accounts.choices import TokenRight
from subsidies.filters import ClaimFilterSet, LineFilterSet, PaymentFilterSet, RateFilterSet
from subsidies.models import Payment, SubsidyClaim, SubsidyLine, SubsidyRate

from .serializers import ClaimSerializer, LineSerializer, PaymentSerializer, RateSerializer


class RateViewSet(viewsets.ReadOnlyModelViewSet):
    """补贴标准。"""

    queryset = SubsidyRate.objects.none()
    serializer_class = RateSerializer
    filterset_class = RateFilterSet
    token_right = TokenRight.SUBSIDIES

    def get_queryset(self) -> QuerySet:
        return SubsidyRate.objects.visible_to(self.request.user)


class ClaimViewSet(viewsets.ReadOnlyModelViewSet):
    """补贴申报：街道（乡镇）每月一份。"""

    queryset = SubsidyClaim.objects.none()
    serializer_class = ClaimSerializer
    filterset_class = ClaimFilterSet
    token_right = TokenRight.SUBSIDIES

    def get_queryset(self) -> QuerySet:
        return SubsidyClaim.objects.visible_to(self.request.user).select_related("street")


class LineViewSet(viewsets.ReadOnlyModelViewSet):
    """补贴明细：小区每月一行，附算式。"""

    queryset = SubsidyLine.objects.none()
    serializer_class = LineSerializer
    filterset_class = LineFilterSet
    token_right = TokenRight.SUBSIDIES

    def get_queryset(self) -> QuerySet:
        rows = SubsidyLine.objects.visible_to(self.request.user)
        return rows.select_related("claim", "estate", "payee").order_by("-month", "pk")


class PaymentViewSet(viewsets.ReadOnlyModelViewSet):
    """拨付，附在何处和已在途天数；没有账户。"""

    queryset = Payment.objects.none()
    serializer_class = PaymentSerializer
    filterset_class = PaymentFilterSet
    token_right = TokenRight.SUBSIDIES

    def get_queryset(self) -> QuerySet:
        rows = Payment.objects.visible_to(self.request.user).with_transit()
        return rows.select_related("claim__street", "payee")
