"""Shape and wording of the inputs of outreach."""

from django import forms

from inspections.models import InspectionRound
from xingyang_pm.common.forms import PortalForm, PortalModelForm, UploadField

from .models import DemonstrationProject, PolicyDocument, PublicityItem, TrainingSession
from .services.records import DEMONSTRATION_FIELDS, PUBLICITY_FIELDS, TRAINING_FIELDS


class DraftForm(PortalForm):
    round = forms.ModelChoiceField(
        InspectionRound.objects.order_by("-start_date"),
        label="检查批次",
        help_text="数据在拟稿时冻结，以后的改动不影响这一期。",
    )


class ReturnForm(PortalForm):
    reason = forms.CharField(label="退回原因", max_length=200, widget=forms.Textarea)


class TrainingForm(PortalModelForm):
    class Meta:
        model = TrainingSession
        fields = TRAINING_FIELDS
        wide = ["title", "content"]


class PublicityForm(PortalModelForm):
    class Meta:
        model = PublicityItem
        fields = PUBLICITY_FIELDS
        wide = ["title"]
        help_texts = {"street": "全市统一的宣传不填。"}


class DemonstrationForm(PortalModelForm):
    class Meta:
        model = DemonstrationProject
        fields = DEMONSTRATION_FIELDS
        wide = ["remarks"]


class PolicyForm(PortalModelForm):
    file = UploadField(
        label="文件", required=False, suffixes=(".pdf", ".doc", ".docx"), help_text="20 MB 以内。"
    )

    class Meta:
        model = PolicyDocument
        fields = ["title", "number", "issuer", "issued_on", "effective_from", "summary"]
        wide = ["title", "summary"]
