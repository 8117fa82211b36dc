"""Addresses of what no domain owns."""

from django.urls import path

from .views import audit, handbook, health, imports, jobs, reminders, search

app_name = "common"

urlpatterns = [
    path("search/", search.SearchPage.as_view(), name="search"),
    path("imports/", imports.ImportList.as_view(), name="import-list"),
    path("imports/<int:pk>/", imports.ImportDetail.as_view(), name="import-detail"),
    path("imports/<int:pk>/commit/", imports.ImportCommit.as_view(), name="import-commit"),
    path("imports/<int:pk>/abandon/", imports.ImportAbandon.as_view(), name="import-abandon"),
    path("imports/<int:pk>/result/", imports.ImportResult.as_view(), name="import-result"),
    path("imports/<slug:ledger>/", imports.ImportUpload.as_view(), name="import-upload"),
    path(
        "imports/<slug:ledger>/template/", imports.ImportTemplate.as_view(), name="import-template"
    ),
    path("jobs/", jobs.JobList.as_view(), name="job-list"),
    path("jobs/<int:pk>/", jobs.JobPage.as_view(), name="job-detail"),
    path("jobs/<int:pk>/progress/", jobs.JobProgress.as_view(), name="job-progress"),
    path("jobs/<int:pk>/file/", jobs.JobDownload.as_view(), name="job-download"),
    path("jobs/<int:pk>/restart/", jobs.JobRestart.as_view(), name="job-restart"),
    path("reminders/", reminders.ReminderList.as_view(), name="reminder-list"),
    path("reminders/seen/", reminders.RemindersSeen.as_view(), name="reminder-seen"),
    path("audit/", audit.AuditList.as_view(), name="audit-list"),
    path("audit/<int:pk>/", audit.AuditDetail.as_view(), name="audit-detail"),
    path("handbook/", handbook.HandbookPage.as_view(), name="handbook"),
    path("handbook/<slug:slug>/", handbook.HandbookPage.as_view(), name="handbook-chapter"),
    path("handbook/img/<str:name>", handbook.HandbookPicture.as_view(), name="handbook-picture"),
    path("healthz/live", health.live, name="health-live"),
    path("healthz/ready", health.ready, name="health-ready"),
]
