"""What this app adds to the API router."""

from . import views

routes = [
    ("rounds", views.RoundViewSet, "round"),
    ("inspections", views.InspectionViewSet, "inspection"),
    ("orders", views.OrderViewSet, "order"),
]
