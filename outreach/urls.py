"""Addresses of outreach."""

from django.urls import path

from .views import bulletins, records

app_name = "outreach"

urlpatterns = [
    path("bulletins/", bulletins.BulletinList.as_view(), name="bulletin-list"),
    path("bulletins/new/", bulletins.BulletinCreate.as_view(), name="bulletin-create"),
    path("bulletins/<int:pk>/", bulletins.BulletinDetail.as_view(), name="bulletin-detail"),
    path("bulletins/<int:pk>/save/", bulletins.BulletinSave.as_view(), name="bulletin-save"),
    path(
        "bulletins/<int:pk>/correct/", bulletins.BulletinCorrect.as_view(), name="bulletin-correct"
    ),
    path(
        "bulletins/<int:pk>/preview/", bulletins.BulletinPreview.as_view(), name="bulletin-preview"
    ),
    path("bulletins/<int:pk>/submit/", bulletins.BulletinSubmit.as_view(), name="bulletin-submit"),
    path("bulletins/<int:pk>/return/", bulletins.BulletinReturn.as_view(), name="bulletin-return"),
    path("bulletins/<int:pk>/sign/", bulletins.BulletinSign.as_view(), name="bulletin-sign"),
    path("bulletins/<int:pk>/print/", bulletins.BulletinPrint.as_view(), name="bulletin-print"),
    path("bulletins/<int:pk>/pdf/", bulletins.BulletinFile.as_view(), name="bulletin-pdf"),
    path("training/", records.TrainingList.as_view(), name="training-list"),
    path("training/new/", records.TrainingCreate.as_view(), name="training-create"),
    path("training/<int:pk>/edit/", records.TrainingUpdate.as_view(), name="training-update"),
    path("publicity/", records.PublicityList.as_view(), name="publicity-list"),
    path("publicity/new/", records.PublicityCreate.as_view(), name="publicity-create"),
    path("publicity/<int:pk>/edit/", records.PublicityUpdate.as_view(), name="publicity-update"),
    path("demonstrations/", records.DemonstrationList.as_view(), name="demonstration-list"),
    path("demonstrations/new/", records.DemonstrationCreate.as_view(), name="demonstration-create"),
    path(
        "demonstrations/<int:pk>/edit/",
        records.DemonstrationUpdate.as_view(),
        name="demonstration-update",
    ),
    path("policies/", records.PolicyList.as_view(), name="policy-list"),
    path("policies/new/", records.PolicyCreate.as_view(), name="policy-create"),
    path("policies/<int:pk>/", records.PolicyDetail.as_view(), name="policy-detail"),
    path("policies/<int:pk>/edit/", records.PolicyUpdate.as_view(), name="policy-update"),
    path("policies/<int:pk>/file/", records.PolicyFile.as_view(), name="policy-file"),
]
