"""What this app adds to the API router."""

from . import views

routes = [
    ("streets", views.StreetViewSet, "street"),
    ("communities", views.CommunityViewSet, "community"),
    ("estates", views.EstateViewSet, "estate"),
    ("household-counts", views.HouseholdCountViewSet, "household-count"),
]
