"""Addresses of the registry."""

from django.urls import path

from .views import assignments, counts, editing, registry, surveys

app_name = "estates"

urlpatterns = [
    path("", registry.EstateList.as_view(), name="estate-list"),
    path("new/", editing.EstateCreate.as_view(), name="estate-create"),
    path("<int:pk>/", registry.EstateDetail.as_view(), name="estate-detail"),
    path("<int:pk>/edit/", editing.EstateUpdate.as_view(), name="estate-update"),
    path("<int:pk>/rename/", editing.EstateRename.as_view(), name="estate-rename"),
    path("<int:pk>/name/", editing.EstateNameAdd.as_view(), name="estate-name"),
    path("<int:pk>/building/", editing.BuildingCreate.as_view(), name="building-create"),
    path("<int:pk>/buildings/", editing.EstateBuildings.as_view(), name="estate-buildings"),
    path("<int:pk>/committee/", editing.CommitteeCreate.as_view(), name="committee-create"),
    path("<int:pk>/merge/", editing.EstateMerge.as_view(), name="estate-merge"),
    path("<int:pk>/remove/", editing.EstateRemove.as_view(), name="estate-remove"),
    path("<int:pk>/card/", registry.EstateCard.as_view(), name="estate-card"),
    path("<int:pk>/count/", counts.HouseholdCountCreate.as_view(), name="count-create"),
    path("names/<int:pk>/remove/", editing.EstateNameRemove.as_view(), name="name-remove"),
    path("buildings/<int:pk>/", editing.BuildingUpdate.as_view(), name="building-update"),
    path("buildings/<int:pk>/remove/", editing.BuildingRemove.as_view(), name="building-remove"),
    path("committees/<int:pk>/", editing.CommitteeUpdate.as_view(), name="committee-update"),
    path("committees/<int:pk>/remove/", editing.CommitteeRemove.as_view(), name="committee-remove"),
    path("counts/", counts.HouseholdCountList.as_view(), name="count-list"),
    path("counts/verify/", counts.HouseholdCountVerifyMany.as_view(), name="count-verify-many"),
    path("counts/<int:pk>/", counts.HouseholdCountDetail.as_view(), name="count-detail"),
    path("counts/<int:pk>/verify/", counts.HouseholdCountVerify.as_view(), name="count-verify"),
    path("counts/<int:pk>/reject/", counts.HouseholdCountReject.as_view(), name="count-reject"),
    path(
        "counts/<int:pk>/withdraw/", counts.HouseholdCountWithdraw.as_view(), name="count-withdraw"
    ),
    path(
        "counts/<int:pk>/evidence/", counts.HouseholdCountEvidence.as_view(), name="count-evidence"
    ),
    path("assignments/", assignments.StaffAssignmentList.as_view(), name="assignment-list"),
    path("assignments/new/", assignments.Assign.as_view(), name="assign"),
    path("assignments/chosen/", assignments.AssignChosen.as_view(), name="assign-chosen"),
    path(
        "assignments/<int:pk>/end/", assignments.StaffAssignmentEnd.as_view(), name="assignment-end"
    ),
    path("surveys/", surveys.SurveyList.as_view(), name="survey-list"),
    path("surveys/new/", surveys.SurveyCreate.as_view(), name="survey-create"),
    path("surveys/<int:pk>/", surveys.SurveyDetail.as_view(), name="survey-detail"),
    path("surveys/<int:pk>/accept/", surveys.SurveyAccept.as_view(), name="survey-accept"),
    path("surveys/<int:pk>/reject/", surveys.SurveyReject.as_view(), name="survey-reject"),
    path("surveys/<int:pk>/close/", surveys.SurveyClose.as_view(), name="survey-close"),
    path("surveys/<int:pk>/source/", surveys.SurveySource.as_view(), name="survey-source"),
]
