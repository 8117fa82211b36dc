"""Addresses of the provider pages."""

from django.urls import path

from .views import agreements, engagements, providers

app_name = "enterprises"

urlpatterns = [
    path("", providers.ProviderList.as_view(), name="provider-list"),
    path("new/", providers.ProviderCreate.as_view(), name="provider-create"),
    path("<int:pk>/", providers.ProviderDetail.as_view(), name="provider-detail"),
    path("<int:pk>/edit/", providers.ProviderUpdate.as_view(), name="provider-update"),
    path("<int:pk>/managers/new/", providers.ManagerCreate.as_view(), name="manager-create"),
    path("managers/<int:pk>/leave/", providers.ManagerLeave.as_view(), name="manager-leave"),
    path("engagements/", engagements.EngagementList.as_view(), name="engagement-list"),
    path("engagements/new/", engagements.EngagementCreate.as_view(), name="engagement-create"),
    path("engagements/<int:pk>/", engagements.EngagementDetail.as_view(), name="engagement-detail"),
    path(
        "engagements/<int:pk>/edit/",
        engagements.EngagementUpdate.as_view(),
        name="engagement-update",
    ),
    path(
        "engagements/<int:pk>/file/", engagements.EngagementFile.as_view(), name="engagement-file"
    ),
    path("engagements/<int:pk>/end/", engagements.EngagementEnd.as_view(), name="engagement-end"),
    path(
        "engagements/<int:pk>/contract/",
        engagements.EngagementContract.as_view(),
        name="engagement-contract",
    ),
    path("agreements/", agreements.AgreementList.as_view(), name="agreement-list"),
    path("agreements/new/", agreements.AgreementCreate.as_view(), name="agreement-create"),
    path("agreements/<int:pk>/", agreements.AgreementDetail.as_view(), name="agreement-detail"),
    path(
        "agreements/<int:pk>/edit/", agreements.AgreementUpdate.as_view(), name="agreement-update"
    ),
    path("agreements/<int:pk>/scan/", agreements.AgreementScan.as_view(), name="agreement-scan"),
    path(
        "agreements/<int:pk>/scan/new/",
        agreements.AgreementScanAdd.as_view(),
        name="agreement-scan-add",
    ),
    path("agreements/<int:pk>/void/", agreements.AgreementVoid.as_view(), name="agreement-void"),
]
