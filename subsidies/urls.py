"""Addresses of the subsidies."""

from django.urls import path

from .views import (
    acts,
    claims,
    coefficients,
    fees,
    income,
    lines,
    notices,
    papers,
    payee_accounts,
    rates,
    schemes,
    statistics,
)

app_name = "subsidies"

# Everybody may open these.
notice_patterns = [path("<uuid:key>/", notices.PublicNoticePage.as_view(), name="public")]

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
    path("<int:pk>/void/", acts.ClaimVoidPropose.as_view(), name="claim-void"),
    path("<int:pk>/void/confirm/", acts.ClaimVoidConfirm.as_view(), name="claim-void-confirm"),
    path("<int:pk>/void/back/", acts.ClaimVoidTakeBack.as_view(), name="claim-void-back"),
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
    path("notices/", notices.NoticeList.as_view(), name="notice-list"),
    path("notices/<int:pk>/", notices.NoticeDetail.as_view(), name="notice-detail"),
    path(
        "notices/<int:pk>/objections/new/",
        notices.ObjectionCreate.as_view(),
        name="objection-create",
    ),
    path("objections/<int:pk>/", notices.ObjectionAnswer.as_view(), name="objection-answer"),
    path("coefficients/", coefficients.CoefficientList.as_view(), name="coefficient-list"),
    path("coefficients/new/", coefficients.CoefficientCreate.as_view(), name="coefficient-create"),
    path(
        "coefficients/<int:pk>/",
        coefficients.CoefficientDetail.as_view(),
        name="coefficient-detail",
    ),
    path("schemes/", schemes.SchemeList.as_view(), name="scheme-list"),
    path("schemes/new/", schemes.SchemeCreate.as_view(), name="scheme-create"),
    path("schemes/<int:pk>/", schemes.SchemeDetail.as_view(), name="scheme-detail"),
    path("rates/", rates.RateList.as_view(), name="rate-list"),
    path("rates/new/", rates.RateCreate.as_view(), name="rate-create"),
    path("rates/<int:pk>/", rates.RateDetail.as_view(), name="rate-detail"),
    path("rates/<int:pk>/document/", rates.RateDocument.as_view(), name="rate-document"),
    path("<int:pk>/checked/workbook/", papers.CheckedWorkbook.as_view(), name="checked-workbook"),
    path("<int:pk>/checked/print/", papers.CheckedPrint.as_view(), name="checked-print"),
    path(
        "months/<str:month>/notice/workbook/",
        papers.NoticeWorkbook.as_view(),
        name="month-notice-workbook",
    ),
    path(
        "months/<str:month>/notice/print/",
        papers.NoticePrint.as_view(),
        name="month-notice-print",
    ),
    path(
        "months/<str:month>/request/print/",
        papers.RequestPrint.as_view(),
        name="month-request-print",
    ),
    path("lines/", lines.LineList.as_view(), name="line-list"),
    path("fees/", fees.FeeList.as_view(), name="fee-list"),
    path("fees/entry/", fees.FeeEntryHome.as_view(), name="fee-entry-home"),
    path("fees/entry/<str:month>/", fees.FeeEntry.as_view(), name="fee-entry"),
    path("fees/entry/<str:month>/row/", fees.FeeEntryRow.as_view(), name="fee-entry-row"),
    path("fees/<int:pk>/", fees.FeeDetail.as_view(), name="fee-detail"),
    path("fees/<int:pk>/correct/", fees.FeeCorrect.as_view(), name="fee-correct"),
    path("fees/<int:pk>/evidence/", fees.FeeEvidence.as_view(), name="fee-evidence"),
    path("fees/standards/", fees.FeeStandardList.as_view(), name="fee-standard-list"),
    path("fees/standards/add/", fees.FeeStandardCreate.as_view(), name="fee-standard-create"),
    path("fees/standards/<int:pk>/", fees.FeeStandardDetail.as_view(), name="fee-standard-detail"),
    path(
        "fees/standards/<int:pk>/document/",
        fees.FeeStandardDocument.as_view(),
        name="fee-standard-document",
    ),
    path("statistics/", statistics.Statistics.as_view(), name="statistics"),
    path(
        "statistics/workbook/",
        statistics.StatisticsWorkbook.as_view(),
        name="statistics-workbook",
    ),
    path("income/", income.IncomePage.as_view(), name="income"),
    path("income/workbook/", income.IncomeWorkbook.as_view(), name="income-workbook"),
]
