"""Addresses of inspection and rectification."""

from django.urls import path

from .views import (
    arrivals,
    checklists,
    entry,
    field,
    orders,
    photos,
    publishing,
    records,
    rounds,
    statistics,
    table,
    versions,
)

app_name = "inspections"

urlpatterns = [
    # Field work
    path("mine/", entry.MyInspections.as_view(), name="inspection-mine"),
    path("new/", entry.AdHocStart.as_view(), name="entry-new"),
    path("entry/<uuid:key>/", entry.EntryPage.as_view(), name="entry"),
    path("entry/<uuid:key>/draft/", entry.EntryDraft.as_view(), name="entry-draft"),
    path("entry/<uuid:key>/photos/", entry.EntryPhoto.as_view(), name="entry-photo"),
    path(
        "entry/<uuid:key>/photos/<int:pk>/remove/",
        entry.EntryPhotoRemove.as_view(),
        name="entry-photo-remove",
    ),
    path("entry/<uuid:key>/discard/", entry.EntryDiscard.as_view(), name="entry-discard"),
    path("entry/<uuid:key>/sync/", field.EntrySync.as_view(), name="entry-sync"),
    path("entry/<uuid:key>/status/", field.EntryStatus.as_view(), name="entry-status"),
    path("sending/", field.Sending.as_view(), name="sending"),
    path("sending/file/", field.SendingFile.as_view(), name="sending-file"),
    path("field/worker.js", field.FieldWorker.as_view(), name="field-worker"),
    path("field/shell/", field.FieldShell.as_view(), name="field-shell"),
    path("field/session/", field.FieldSession.as_view(), name="field-session"),
    path("field/work/", field.FieldWork.as_view(), name="field-work"),
    path("table/", table.TableHome.as_view(), name="entry-table-home"),
    path("table/<int:pk>/", table.EntryTable.as_view(), name="entry-table"),
    path("table/<int:pk>/cell/", table.EntryTableCell.as_view(), name="entry-table-cell"),
    path("<int:pk>/receipt/", entry.Receipt.as_view(), name="inspection-receipt"),
    # Records
    path("", records.InspectionList.as_view(), name="inspection-list"),
    path("<int:pk>/", records.InspectionDetail.as_view(), name="inspection-detail"),
    path("<int:pk>/confirm/", records.InspectionConfirm.as_view(), name="inspection-confirm"),
    path("<int:pk>/return/", records.InspectionReturn.as_view(), name="inspection-return"),
    path("confirm/", records.InspectionConfirmMany.as_view(), name="inspection-confirm-many"),
    path("conflicts/<int:pk>/keep/", arrivals.ConflictKeep.as_view(), name="conflict-keep"),
    path("conflicts/<int:pk>/take/", arrivals.ConflictTake.as_view(), name="conflict-take"),
    path(
        "conflicts/photos/<int:pk>/",
        arrivals.ConflictPhotoFull.as_view(),
        name="conflict-photo",
    ),
    path(
        "conflicts/photos/<int:pk>/thumbnail/",
        arrivals.ConflictPhotoThumbnail.as_view(),
        name="conflict-photo-thumbnail",
    ),
    path("<int:pk>/order/", orders.OrderIssue.as_view(), name="order-issue"),
    path("photos/<int:pk>/", photos.PhotoFull.as_view(), name="photo-full"),
    path("photos/<int:pk>/thumbnail/", photos.PhotoThumbnail.as_view(), name="photo-thumbnail"),
    path("<int:pk>/versions/", versions.InspectionVersions.as_view(), name="inspection-versions"),
    path("photos/<int:pk>/redact/", publishing.PhotoRedact.as_view(), name="photo-redact"),
    path(
        "photos/redactions/<int:pk>/",
        publishing.RedactionImage.as_view(),
        name="redaction-image",
    ),
    path(
        "photos/redactions/<int:pk>/thumbnail/",
        publishing.RedactionThumbnail.as_view(),
        name="redaction-thumbnail",
    ),
    path("photos/flags/<int:pk>/", photos.PhotoFlagJudge.as_view(), name="photo-flag-judge"),
    path("findings/", statistics.FindingList.as_view(), name="finding-list"),
    path("statistics/", statistics.Statistics.as_view(), name="statistics"),
    path(
        "statistics/workbook/",
        statistics.StatisticsWorkbook.as_view(),
        name="statistics-workbook",
    ),
    # Rounds
    path("rounds/", rounds.RoundList.as_view(), name="round-list"),
    path("rounds/new/", rounds.RoundCreate.as_view(), name="round-create"),
    path("rounds/<int:pk>/", rounds.RoundDetail.as_view(), name="round-detail"),
    path("rounds/<int:pk>/assign/", rounds.RoundAssign.as_view(), name="round-assign"),
    path("rounds/<int:pk>/draw/", rounds.RoundDrawPage.as_view(), name="round-draw"),
    path("rounds/<int:pk>/draw/print/", rounds.RoundDrawPrint.as_view(), name="round-draw-print"),
    path("rounds/<int:pk>/draw/paper/", rounds.RoundDrawPaper.as_view(), name="round-draw-paper"),
    path("rounds/<int:pk>/remind/", rounds.RoundRemind.as_view(), name="round-remind"),
    path("rounds/<int:pk>/close/", rounds.RoundClose.as_view(), name="round-close"),
    path("rounds/<int:pk>/summary/", rounds.RoundSummary.as_view(), name="round-summary"),
    # Checklists
    path("checklists/", checklists.ChecklistList.as_view(), name="checklist-list"),
    path("checklists/new/", checklists.ChecklistCreate.as_view(), name="checklist-create"),
    path("checklists/<int:pk>/", checklists.ChecklistDetail.as_view(), name="checklist-detail"),
    path(
        "checklists/<int:pk>/edit/", checklists.ChecklistUpdate.as_view(), name="checklist-update"
    ),
    path(
        "checklists/<int:pk>/preview/",
        checklists.ChecklistPreview.as_view(),
        name="checklist-preview",
    ),
    path(
        "checklists/<int:pk>/activate/",
        checklists.ChecklistActivate.as_view(),
        name="checklist-activate",
    ),
    path(
        "checklists/<int:pk>/retire/",
        checklists.ChecklistRetire.as_view(),
        name="checklist-retire",
    ),
    path("checklists/<int:pk>/copy/", checklists.ChecklistCopy.as_view(), name="checklist-copy"),
    path(
        "checklists/<int:pk>/discard/",
        checklists.ChecklistDiscard.as_view(),
        name="checklist-discard",
    ),
    path(
        "checklists/<int:pk>/compare/",
        checklists.ChecklistCompare.as_view(),
        name="checklist-compare",
    ),
    path(
        "checklists/<int:pk>/headings/new/",
        checklists.HeadingCreate.as_view(),
        name="checklistheading-create",
    ),
    path(
        "checklists/headings/<int:pk>/edit/",
        checklists.HeadingUpdate.as_view(),
        name="checklistheading-update",
    ),
    path(
        "checklists/headings/<int:pk>/remove/",
        checklists.HeadingRemove.as_view(),
        name="checklistheading-remove",
    ),
    path(
        "checklists/headings/<int:pk>/move/",
        checklists.HeadingMove.as_view(),
        name="checklistheading-move",
    ),
    path(
        "checklists/<int:pk>/items/new/",
        checklists.ItemCreate.as_view(),
        name="checklistitem-create",
    ),
    path(
        "checklists/items/<int:pk>/edit/",
        checklists.ItemUpdate.as_view(),
        name="checklistitem-update",
    ),
    path(
        "checklists/items/<int:pk>/remove/",
        checklists.ItemRemove.as_view(),
        name="checklistitem-remove",
    ),
    path(
        "checklists/items/<int:pk>/move/", checklists.ItemMove.as_view(), name="checklistitem-move"
    ),
    # Rectification
    path("ledger/", orders.LedgerList.as_view(), name="ledger-list"),
    path("ledger/<int:pk>/photos/", orders.LedgerPhotos.as_view(), name="ledger-photos"),
    path("orders/", orders.OrderList.as_view(), name="order-list"),
    path("orders/<int:pk>/", orders.OrderDetail.as_view(), name="order-detail"),
    path("orders/<int:pk>/serve/", orders.OrderServe.as_view(), name="order-serve"),
    path("orders/<int:pk>/reply/", orders.OrderReply.as_view(), name="order-reply"),
    path("orders/<int:pk>/arrange/", orders.OrderArrange.as_view(), name="order-arrange"),
    path("orders/<int:pk>/recheck/", orders.OrderRecheck.as_view(), name="order-recheck"),
    path("orders/<int:pk>/print/", orders.OrderPrint.as_view(), name="order-print"),
    path("orders/<int:pk>/notice/", orders.OrderNotice.as_view(), name="order-notice"),
    path("rechecks/<int:pk>/print/", orders.RecheckPrint.as_view(), name="recheck-print"),
    path("rechecks/<int:pk>/opinion/", orders.RecheckOpinion.as_view(), name="recheck-opinion"),
    path("orders/<int:pk>/link/", orders.OrderLink.as_view(), name="order-link"),
    path("orders/<int:pk>/link/renew/", orders.OrderLinkRenew.as_view(), name="order-link-renew"),
    path(
        "orders/<int:pk>/link/revoke/", orders.OrderLinkRevoke.as_view(), name="order-link-revoke"
    ),
    path("orders/<int:pk>/extension/", orders.OrderExtension.as_view(), name="order-extension"),
    path("orders/<int:pk>/objection/", orders.OrderObjection.as_view(), name="order-objection"),
    path("extensions/<int:pk>/decide/", orders.ExtensionDecide.as_view(), name="extension-decide"),
    path("objections/<int:pk>/decide/", orders.ObjectionDecide.as_view(), name="objection-decide"),
    path("orders/<int:pk>/interview/", orders.InterviewCall.as_view(), name="interview-call"),
    path("orders/<int:pk>/circular/", orders.CircularIssue.as_view(), name="circular-issue"),
    path("orders/<int:pk>/handover/", orders.HandoverMake.as_view(), name="handover-make"),
    path("interviews/<int:pk>/record/", orders.InterviewRecord.as_view(), name="interview-record"),
    path("interviews/<int:pk>/notice/", orders.InterviewNotice.as_view(), name="interview-notice"),
    path(
        "interviews/<int:pk>/minutes/", orders.InterviewMinutes.as_view(), name="interview-minutes"
    ),
    path("interviews/<int:pk>/print/", orders.InterviewPrint.as_view(), name="interview-print"),
    path("interviews/<int:pk>/minutes/print/", orders.MinutesPrint.as_view(), name="minutes-print"),
    path("circulars/<int:pk>/paper/", orders.CircularPaper.as_view(), name="circular-paper"),
    path("circulars/<int:pk>/print/", orders.CircularPrint.as_view(), name="circular-print"),
    path("handovers/<int:pk>/paper/", orders.HandoverPaper.as_view(), name="handover-paper"),
    path("handovers/<int:pk>/print/", orders.HandoverPrint.as_view(), name="handover-print"),
    path(
        "handovers/<int:pk>/feedback/", orders.HandoverFeedback.as_view(), name="handover-feedback"
    ),
]

# What the firm opens by its signed link, under ``/r/`` and the namespace ``replies``.
link_patterns = [
    path("<str:token>/", orders.LinkPage.as_view(), name="page"),
    path("<str:token>/reply/", orders.LinkReply.as_view(), name="reply"),
    path("<str:token>/extension/", orders.LinkExtension.as_view(), name="extension"),
    path("<str:token>/objection/", orders.LinkObjection.as_view(), name="objection"),
    path("<str:token>/photos/<int:pk>/<str:size>/", orders.LinkPhoto.as_view(), name="photo"),
]
