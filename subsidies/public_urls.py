"""Addresses that everybody may open."""

from django.urls import path

from .views import notices

app_name = "notices"

urlpatterns = [path("<uuid:key>/", notices.PublicNoticePage.as_view(), name="public")]
