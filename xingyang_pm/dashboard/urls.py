"""Addresses of the desk and the statistics."""

from django.urls import path

from . import views

app_name = "dashboard"

urlpatterns = [
    path("", views.Desk.as_view(), name="desk"),
    path("statistics/", views.Statistics.as_view(), name="statistics"),
]
