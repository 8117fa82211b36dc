"""Addresses of the subsidies."""

from django.urls import path

from .views import acts, claims, lines, papers, payee_accounts, rates

app_name = "subsidies"

urlpatterns = [
    path("", claims.ClaimList.as_view(), name="claim-list"),
    path("open/", claims.ClaimOpen.as_view(), name="claim-open"),
    path("<int:pk>/", claims.ClaimDetail.as_view(), name="claim-detail"),
    path("<int:pk>/recompute/", claims.ClaimRecompute.as_view(), name="claim-recompute"),
    path("<int:pk>/submit/", acts.ClaimSubmit.as_view(), name="claim-submit"),
    path("<int:pk>/review/", acts.ClaimReview.as_view(), name="claim-review"),
    path("<int:pk>/check/", acts.ClaimCheck.as_view(), name="claim-check"),
    path("<int:pk>/approve/", acts.ClaimApprove.as_view(), name="claim-approve"),
    path("<int:pk>/return/", acts.ClaimReturn.as_view(), name="claim-return"),
    path("<int:pk>/withdraw/", acts.ClaimWithdraw.as_view(), name="claim-withdraw"),
    path("<int:pk>/pay/", acts.ClaimPayMany.as_view(), name="claim-pay-many"),
    path("<int:pk>/pay/<int:payee>/", acts.ClaimPay.as_view(), name="claim-pay"),
    path("<int:pk>/workbook/", papers.ClaimWorkbook.as_view(), name="claim-workbook"),
    path("<int:pk>/print/", papers.ClaimPrint.as_view(), name="claim-print"),
    path("months/<str:month>/workbook/", papers.MonthWorkbook.as_view(), name="month-workbook"),
    path("months/<str:month>/print/", papers.MonthPrint.as_view(), name="month-print"),
    path("lines/<int:pk>/", lines.LineDetail.as_view(), name="line-detail"),
    path("lines/<int:pk>/deduct/", lines.LineDeduct.as_view(), name="line-deduct"),
    path("lines/<int:pk>/exclude/", lines.LineExclude.as_view(), name="line-exclude"),
    path("lines/<int:pk>/include/", lines.LineInclude.as_view(), name="line-include"),
    path("gaps/", claims.GapList.as_view(), name="gap-list"),
    path("accounts/", payee_accounts.AccountList.as_view(), name="account-list"),
    path("accounts/new/", payee_accounts.AccountCreate.as_view(), name="account-create"),
    path("accounts/<int:pk>/", payee_accounts.AccountDetail.as_view(), name="account-detail"),
    path(
        "accounts/<int:pk>/confirm/",
        payee_accounts.AccountConfirm.as_view(),
        name="account-confirm",
    ),
    path(
        "accounts/<int:pk>/reject/", payee_accounts.AccountReject.as_view(), name="account-reject"
    ),
    path(
        "accounts/<int:pk>/reveal/", payee_accounts.AccountReveal.as_view(), name="account-reveal"
    ),
    path("payments/", rates.PaymentList.as_view(), name="payment-list"),
    path("rates/", rates.RateList.as_view(), name="rate-list"),
    path("rates/new/", rates.RateCreate.as_view(), name="rate-create"),
    path("rates/<int:pk>/", rates.RateDetail.as_view(), name="rate-detail"),
    path("rates/<int:pk>/document/", rates.RateDocument.as_view(), name="rate-document"),
]
