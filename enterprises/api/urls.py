"""What this app adds to the API router."""

from . import views

routes = [
    ("providers", views.ProviderViewSet, "provider"),
    ("engagements", views.EngagementViewSet, "engagement"),
]
