"""Shape and wording of the inputs about providers, contracts and agreements."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from estates.choices import EstateStatus
from estates.models import Street
from xingyang_pm.common.forms import PortalForm, PortalModelForm, UploadField

from .choices import SelectionMode
from .models import Engagement, ProjectManager, Provider, ResponsibilityAgreement
from .services import PROVIDER_FIELDS, Target

SCANS = (".pdf", ".jpg", ".jpeg", ".png")
SIGNING = "填了就算已签订，内容和目标不能再改；还没有签的先不填。"


class ProviderForm(PortalModelForm):
    class Meta:
        model = Provider
        fields = PROVIDER_FIELDS
        sections = [
            ("名称与类别", ["kind", "name", "short_name", "credit_code", "street", "community"]),
            (
                "负责人与地址",
                [
                    "legal_representative",
                    "manager_name",
                    "phone",
                    "registered_address",
                    "office_address",
                ],
            ),
            (
                "其他",
                [
                    "registered_capital",
                    "founded_on",
                    "staff_count",
                    "qualification_grade",
                    "qualification_number",
                    "is_active",
                    "remarks",
                ],
            ),
        ]
        wide = ["registered_address", "office_address", "remarks"]
        help_texts = {
            "short_name": "窄表格里用的简称，如“怡馨物业”。",
            "credit_code": "18 位，营业执照上的代码；物业服务企业应填。",
            "street": "社区服务中心、村委和乡镇须填；企业不填。",
        }


class ManagerForm(PortalModelForm):
    class Meta:
        model = ProjectManager
        fields = ["name", "phone", "duty", "certificate"]


class EngagementForm(PortalModelForm):
    contract = UploadField(
        label="合同扫描件", required=False, suffixes=SCANS, help_text="PDF 或照片，20 MB 以内。"
    )

    class Meta:
        model = Engagement
        fields = [
            "estate",
            "provider",
            "start_date",
            "end_date",
            "selection_mode",
            "fee_standard",
            "fee_unit",
            "service_grade",
            "project_manager",
            "contract_number",
            "signed_on",
            "filed_on",
            "filing_number",
        ]
        sections = [
            ("谁服务哪里", ["estate", "provider", "start_date", "end_date", "project_manager"]),
            ("服务与收费", ["selection_mode", "fee_standard", "fee_unit", "service_grade"]),
            (
                "合同与备案",
                ["contract_number", "signed_on", "filed_on", "filing_number", "contract"],
            ),
        ]
        help_texts = {
            "end_date": "合同写明的最后一天；没有写明的不填。",
            "signed_on": "签订后 15 天内应备案。",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["estate"].queryset = self.fields["estate"].queryset.filter(
            status=EstateStatus.ACTIVE
        )
        provider = self.instance.provider_id if self.instance.pk else None
        managers = self.fields["project_manager"].queryset.filter(is_active=True)
        if provider:
            managers = managers.filter(provider=provider)
        self.fields["project_manager"].queryset = managers.select_related("provider")
        self.leave_out_unknown_mode()

    def leave_out_unknown_mode(self) -> None:
        """A ledger may leave open how the provider was chosen; who fills in a form knows."""
        field = self.fields["selection_mode"]
        if self.instance.selection_mode != SelectionMode.UNKNOWN:
            field.choices = [c for c in field.choices if c[0] != SelectionMode.UNKNOWN]

    def _post_clean(self) -> None:
        """Leave the model's rules to the service, which says them once for every door."""


class EngagementTermsForm(EngagementForm):
    """Estate and provider of a registered engagement stay."""

    class Meta(EngagementForm.Meta):
        fields = [name for name in EngagementForm.Meta.fields if name not in {"estate", "provider"}]
        sections = [
            ("起止与人员", ["start_date", "end_date", "project_manager"]),
            *EngagementForm.Meta.sections[1:],
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        PortalModelForm.__init__(self, *args, **kwargs)
        self.fields["project_manager"].queryset = self.fields["project_manager"].queryset.filter(
            provider=self.instance.provider_id, is_active=True
        )
        self.leave_out_unknown_mode()


class FilingForm(PortalForm):
    filed_on = forms.DateField(label="备案日期")
    filing_number = forms.CharField(label="备案编号", max_length=40, required=False)


class EndForm(PortalForm):
    end_date = forms.DateField(label="最后服务日")
    reason = forms.CharField(label="终止原因", max_length=200, widget=forms.Textarea)


class AgreementForm(PortalForm):
    year = forms.IntegerField(label="年度", min_value=2010, max_value=2100)
    provider = forms.ModelChoiceField(
        Provider.objects.enterprises().filter(is_active=True),
        label="物业服务企业",
        required=False,
        help_text="企业和街道（乡镇）只填一个。",
    )
    street = forms.ModelChoiceField(Street.objects.all(), label="街道（乡镇）", required=False)
    signed_on = forms.DateField(label="签订日期", required=False, help_text=SIGNING)
    bureau_signatory = forms.CharField(label="甲方签字人", max_length=30, required=False)
    party_signatory = forms.CharField(label="乙方签字人", max_length=30, required=False)
    targets = forms.CharField(
        label="责任目标",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="每行一条；行末可写分值，如“四公开一监督公示率 100% | 10”。",
    )
    scan = UploadField(label="扫描件", required=False, suffixes=SCANS)
    replaces = forms.ModelChoiceField(
        ResponsibilityAgreement.objects.awaiting_correction(),
        label="更正哪一份",
        required=False,
        empty_label="不是更正",
        help_text="只列已作废、还没有更正的责任书，须与同一单位签订。",
    )

    class Meta:
        wide = ["targets"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["replaces"]
        field.label_from_instance = lambda row: f"{row.number}　{row.provider or row.street}"
        field.queryset = field.queryset.select_related("provider", "street")
        if not self.data.get("replaces") and not field.queryset.exists():
            del self.fields["replaces"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("provider")) == bool(cleaned.get("street")):
            self.add_error("provider", "请选一家企业，或一个街道（乡镇），只选一个。")
        return cleaned

    def clean_targets(self) -> list[Target]:
        return parse_targets(self.cleaned_data["targets"])


class AgreementUpdateForm(PortalModelForm):
    targets = AgreementForm.base_fields["targets"]
    scan = UploadField(label="扫描件", required=False, suffixes=SCANS)

    class Meta:
        model = ResponsibilityAgreement
        fields = ["signed_on", "bureau_signatory", "party_signatory"]
        wide = ["targets"]
        help_texts = {"signed_on": SIGNING}

    def clean_targets(self) -> list[Target]:
        return parse_targets(self.cleaned_data["targets"])


class ScanForm(PortalForm):
    scan = UploadField(label="扫描件", suffixes=SCANS, help_text="PDF 或照片，20 MB 以内。")


class VoidForm(PortalForm):
    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        widget=forms.Textarea,
        help_text="如“签订日期写错”。",
    )


def parse_targets(text: str) -> list[Target]:
    """Read targets, one a line, with points behind a bar."""
    targets = []
    for position, line in enumerate(text.splitlines(), start=1):
        words, bar, points = line.replace("｜", "|").rpartition("|")
        words = (words if bar else line).strip()
        if not words:
            continue
        try:
            value = Decimal(points.strip()) if bar else Decimal(0)
        except InvalidOperation:
            raise ValidationError(
                f"第 {position} 行的分值“{points.strip()}”不是数字，请改为 10 这样的写法。"
            ) from None
        if not 0 <= value <= 100:
            raise ValidationError(f"第 {position} 行的分值应在 0 到 100 之间。")
        targets.append(Target(words[:200], value))
    return targets
