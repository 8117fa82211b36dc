"""Django's admin over the money: to look at, never to change."""

from xingyang_pm.common.admin import ReadOnlyAdmin, register

from .models import (
    BudgetEntry,
    ClaimAct,
    ClaimFunding,
    ClaimGap,
    ClaimScheme,
    ClaimVoid,
    CoefficientBand,
    CoefficientTable,
    FeeCollection,
    FeeDraft,
    FeeStandard,
    FundingSource,
    NoticeObjection,
    PayeeAccount,
    Payment,
    PaymentReceipt,
    PaymentResult,
    PublicNotice,
    SchemeStage,
    StreetArrival,
    SubsidyClaim,
    SubsidyLine,
    SubsidyRate,
    TransitReason,
)


@register(SubsidyRate)
class SubsidyRateAdmin(ReadOnlyAdmin):
    list_display = ["effective_from", "amount", "month_rule", "document_title", "document_number"]


@register(FeeStandard)
class FeeStandardAdmin(ReadOnlyAdmin):
    list_display = ["estate", "amount", "effective_from", "document_title", "document_number"]
    list_select_related = ["estate"]


@register(FeeDraft)
class FeeDraftAdmin(ReadOnlyAdmin):
    list_display = ["estate", "month", "saved_by", "saved_at"]
    list_select_related = ["estate", "saved_by"]


@register(FeeCollection)
class FeeCollectionAdmin(ReadOnlyAdmin):
    list_display = ["estate", "month", "households_billed", "households_paid", "amount_received"]
    list_select_related = ["estate"]
    search_fields = ["estate__name", "estate__code"]


@register(SubsidyClaim)
class SubsidyClaimAdmin(ReadOnlyAdmin):
    list_display = ["number", "street", "month", "version", "status", "household_count", "total"]
    list_filter = ["status", "street"]
    list_select_related = ["street"]
    search_fields = ["number"]


@register(ClaimAct)
class ClaimActAdmin(ReadOnlyAdmin):
    list_display = ["claim", "version", "stage", "decision", "actor", "total", "acted_at"]
    list_select_related = ["claim__street", "actor"]


@register(SubsidyLine)
class SubsidyLineAdmin(ReadOnlyAdmin):
    list_display = ["claim", "estate", "month", "households", "rate", "deduction", "amount"]
    list_select_related = ["claim__street", "estate"]
    search_fields = ["estate__name", "estate__code"]


@register(ClaimGap)
class ClaimGapAdmin(ReadOnlyAdmin):
    list_display = ["claim", "estate", "reason", "detail"]
    list_select_related = ["claim__street", "estate"]


@register(PayeeAccount)
class PayeeAccountAdmin(ReadOnlyAdmin):
    list_display = ["provider", "bank", "tail", "effective_from", "status"]
    list_select_related = ["provider"]
    hidden_fields = ("number_sealed", "number_digest")


@register(PaymentResult)
class PaymentResultAdmin(ReadOnlyAdmin):
    list_display = ["payment", "outcome", "happened_on", "reason", "recorded_by"]
    list_select_related = ["payment__payee", "recorded_by"]


@register(StreetArrival)
class StreetArrivalAdmin(ReadOnlyAdmin):
    list_display = ["payment", "arrived_on", "voucher_number", "recorded_by"]
    list_select_related = ["payment__payee", "recorded_by"]


@register(PaymentReceipt)
class PaymentReceiptAdmin(ReadOnlyAdmin):
    list_display = ["payment", "amount", "received_on", "receipt_number", "recorded_by"]
    list_select_related = ["payment__payee", "recorded_by"]


@register(TransitReason)
class TransitReasonAdmin(ReadOnlyAdmin):
    list_display = ["payment", "place", "reason", "recorded_by", "recorded_at"]
    list_select_related = ["payment__payee", "recorded_by"]


@register(FundingSource)
class FundingSourceAdmin(ReadOnlyAdmin):
    list_display = ["name", "route", "default_from", "document_number"]


@register(ClaimFunding)
class ClaimFundingAdmin(ReadOnlyAdmin):
    list_display = ["claim", "source", "reason", "chosen_by"]
    list_select_related = ["claim__street", "source", "chosen_by"]


@register(BudgetEntry)
class BudgetEntryAdmin(ReadOnlyAdmin):
    list_display = ["source", "year", "kind", "amount", "document_number"]
    list_select_related = ["source"]


@register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["claim", "payee", "amount", "voucher_number", "paid_on", "recorded_by"]
    list_select_related = ["claim__street", "payee", "recorded_by"]


@register(ClaimScheme)
class ClaimSchemeAdmin(ReadOnlyAdmin):
    list_display = ["effective_from", "notice_days", "document_title", "document_number"]


@register(SchemeStage)
class SchemeStageAdmin(ReadOnlyAdmin):
    list_display = ["scheme", "position", "stage", "role", "persons"]
    list_select_related = ["scheme"]


@register(ClaimVoid)
class ClaimVoidAdmin(ReadOnlyAdmin):
    list_display = ["claim", "reason", "proposed_by", "confirmed_by", "confirmed_at"]
    list_select_related = ["claim__street", "proposed_by", "confirmed_by"]


@register(PublicNotice)
class PublicNoticeAdmin(ReadOnlyAdmin):
    list_display = ["claim", "version", "starts_on", "ends_on", "workdays", "published_by"]
    list_select_related = ["claim__street", "published_by"]


@register(NoticeObjection)
class NoticeObjectionAdmin(ReadOnlyAdmin):
    list_display = ["notice", "received_on", "channel", "outcome", "answered_by"]
    list_select_related = ["notice__claim__street", "answered_by"]


@register(CoefficientTable)
class CoefficientTableAdmin(ReadOnlyAdmin):
    list_display = ["effective_from", "document_title", "document_number"]


@register(CoefficientBand)
class CoefficientBandAdmin(ReadOnlyAdmin):
    list_display = ["table", "minimum", "coefficient"]
    list_select_related = ["table"]
