"""Addresses of the account pages."""

from django.urls import path

from .views import admin, own, signing

app_name = "accounts"

urlpatterns = [
    path("login/", signing.SignIn.as_view(), name="login"),
    path("logout/", signing.SignOut.as_view(), name="logout"),
    path("code/", signing.SecondFactor.as_view(), name="second-factor"),
    path("code/bind/", signing.SecondFactorBind.as_view(), name="second-factor-bind"),
    path("me/", own.Profile.as_view(), name="profile"),
    path("me/large-text/", own.LargeText.as_view(), name="large-text"),
    path("password/", own.PasswordChange.as_view(), name="password-change"),
    path("sessions/", own.SessionList.as_view(), name="session-list"),
    path("sessions/<int:pk>/end/", own.SessionEnd.as_view(), name="session-end"),
    path("users/", admin.UserList.as_view(), name="user-list"),
    path("users/new/", admin.UserCreate.as_view(), name="user-create"),
    path("users/<int:pk>/", admin.UserDetail.as_view(), name="user-detail"),
    path("users/<int:pk>/edit/", admin.UserUpdate.as_view(), name="user-update"),
    path("users/<int:pk>/roles/", admin.UserRoles.as_view(), name="user-roles"),
    path("users/<int:pk>/reset/", admin.UserReset.as_view(), name="user-reset"),
    path("users/<int:pk>/disable/", admin.UserDisable.as_view(), name="user-disable"),
    path("users/<int:pk>/leave/", admin.UserLeave.as_view(), name="user-leave"),
    path("users/<int:pk>/enable/", admin.UserEnable.as_view(), name="user-enable"),
    path("users/<int:pk>/unlock/", admin.UserUnlock.as_view(), name="user-unlock"),
    path("users/<int:pk>/device/", admin.UserDeviceReset.as_view(), name="user-device-reset"),
    path("offices/", admin.OfficeList.as_view(), name="office-list"),
    path("offices/<int:pk>/", admin.OfficeDetail.as_view(), name="office-detail"),
    path("offices/<int:pk>/edit/", admin.OfficeUpdate.as_view(), name="office-update"),
    path("tokens/", admin.TokenList.as_view(), name="token-list"),
    path("tokens/new/", admin.TokenCreate.as_view(), name="token-create"),
    path("tokens/<int:pk>/revoke/", admin.TokenRevoke.as_view(), name="token-revoke"),
]
