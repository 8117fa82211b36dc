"""What this app adds to the API router."""

from . import views

routes = [
    ("subsidy-rates", views.RateViewSet, "subsidy-rate"),
    ("subsidy-claims", views.ClaimViewSet, "subsidy-claim"),
    ("subsidy-lines", views.LineViewSet, "subsidy-line"),
    ("subsidy-payments", views.PaymentViewSet, "subsidy-payment"),
]
