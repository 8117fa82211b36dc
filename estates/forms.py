"""Shape and wording of the registry's inputs."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from xingyang_pm.common.forms import MonthField, PortalForm, PortalModelForm, UploadField

from .choices import ASSIGNABLE, NameKind
from .models import Building, Estate, OwnersCommittee, Street
from .services import BuildingFacts

EVIDENCE = (".pdf", ".jpg", ".jpeg", ".png", ".xlsx", ".xls")
MOST_ASSIGNED = 2000


def _by_street(rows: Any) -> list[tuple[str, Any]]:
    """Return communities as choices under the name of their street."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for pk, name, street in rows.order_by("code").values_list("pk", "short_name", "street__name"):
        groups.setdefault(street, []).append((pk, name))
    return [("", "请选择"), *groups.items()]


class EstateForm(PortalModelForm):
    class Meta:
        model = Estate
        fields = [
            "kind", "name", "street", "community", "address", "developer", "ownership_unit",
            "built_year", "delivered_on", "renovated_year", "land_area", "floor_area",
            "building_count", "unit_count", "household_count", "occupied_count", "lift_count",
            "parking_above", "parking_below", "property_type", "management_mode", "has_cleaning",
            "has_waste_removal", "has_greening", "has_repair", "has_service_station",
            "station_accepted_on", "property_officer", "contact_name", "contact_phone",
            "latitude", "longitude", "remarks",
        ]  # fmt: skip
        sections = [
            ("名称和位置", ["kind", "name", "street", "community", "address"]),
            (
                "建设情况",
                ["built_year", "delivered_on", "renovated_year", "property_type", "developer",
                 "ownership_unit", "land_area", "floor_area"],
            ),
            (
                "规模",
                ["building_count", "unit_count", "household_count", "occupied_count",
                 "lift_count", "parking_above", "parking_below"],
            ),
            (
                "管理",
                ["management_mode", "contact_name", "contact_phone", "property_officer",
                 "has_service_station", "station_accepted_on"],
            ),
            ("四有标准", ["has_cleaning", "has_waste_removal", "has_greening", "has_repair"]),
            ("其他", ["latitude", "longitude", "remarks"]),
        ]  # fmt: skip
        wide = ["address", "remarks"]
        help_texts = {
            "name": "与门牌一致；分东院、西院或几期的要写明。",
            "building_count": "登记楼栋后，以楼栋表为准。",
            "household_count": "补贴按核定的户数计算，登记后请再“录入户数”。",
            "contact_phone": "几个号码用、分开。",
            "delivered_on": "",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, unit in (
            ("built_year", "年"), ("renovated_year", "年"), ("land_area", "㎡"),
            ("floor_area", "㎡"), ("building_count", "栋"), ("unit_count", "个"),
            ("household_count", "户"), ("occupied_count", "户"), ("lift_count", "部"),
            ("parking_above", "个"), ("parking_below", "个"),
        ):  # fmt: skip
            if name in self.fields:
                self.fields[name].widget.attrs["data-unit"] = unit
        community: Any = self.fields["community"]
        community.widget.choices = _by_street(community.queryset)
        # The labels of the model carry the unit for tables; here it stands in the control.
        for name in ("land_area", "floor_area"):
            self.fields[name].label = str(self.fields[name].label).removesuffix("（㎡）")


class EstateUpdateForm(EstateForm):
    """Households of a registered estate change through 户数核定 alone."""

    class Meta(EstateForm.Meta):
        fields = [name for name in EstateForm.Meta.fields if name != "household_count"]
        sections = [
            (title, [name for name in names if name != "household_count"])
            for title, names in EstateForm.Meta.sections
        ]


class ReasonForm(PortalForm):
    reason = forms.CharField(label="原因", max_length=200, widget=forms.Textarea)


class RenameForm(PortalForm):
    name = forms.CharField(label="新名称", max_length=60)
    reason = forms.CharField(label="更名原因", max_length=200, required=False)


class NameForm(PortalForm):
    kind = forms.ChoiceField(label="类别", choices=NameKind.choices)
    name = forms.CharField(label="名称", max_length=60)


class MergeForm(PortalForm):
    kept = forms.ModelChoiceField(
        Estate.objects.active(), label="并入哪个小区", help_text="同一街道（乡镇）的同类小区。"
    )
    reason = forms.CharField(label="合并原因", max_length=200, widget=forms.Textarea)

    def __init__(self, *args: Any, estate: Estate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kept"]
        field.queryset = (
            field.queryset.filter(street=estate.street_id, kind=estate.kind)
            .exclude(pk=estate.pk)
            .only("code", "name")
            .order_by("code")
        )
        field.label_from_instance = lambda row: f"{row.code}　{row.name}"


class BuildingForm(PortalModelForm):
    class Meta:
        model = Building
        fields = ["name", "floors", "units", "households", "built_year"]


class BuildingsForm(PortalForm):
    buildings = forms.CharField(
        label="楼栋",
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "class": "tnum"}),
        help_text="每行一栋：楼栋，层数，单元数，户数，建成年份。可以从 Excel 粘贴。"
        "没有写的楼栋会删去。",
    )

    def clean_buildings(self) -> list[BuildingFacts]:
        return parse_buildings(self.cleaned_data["buildings"])


def parse_buildings(text: str) -> list[BuildingFacts]:
    """Read buildings, one a line; parts divided by commas or tabs."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = [
            part.strip()
            for part in line.replace("，", ",").replace("\t", ",").replace("、", ",").split(",")
        ]
        if not any(parts):
            continue
        if not parts[0]:
            raise ValidationError(f"第 {number} 行没有写楼栋，请补填。")
        if len(parts[0]) > 30:
            raise ValidationError(f"第 {number} 行的楼栋超过 30 个字，请缩短。")
        figures: list[int | None] = []
        for label, part in zip(("层数", "单元数", "户数", "建成年份"), parts[1:5], strict=False):
            if part and not (part.isascii() and part.isdecimal() and len(part) < 6):
                raise ValidationError(f"第 {number} 行的{label}“{part}”不是数字，请改正。")
            figures.append(int(part) if part else None)
        figures += [None] * (4 - len(figures))
        floors, units, households, year = figures
        found.append(BuildingFacts(parts[0], floors, units, households or 0, year))
    return found


class CommitteeForm(PortalModelForm):
    class Meta:
        model = OwnersCommittee
        fields = ["term", "chair", "phone", "members", "start_date", "end_date", "filed_on"]


class HouseholdCountForm(PortalForm):
    effective_month = MonthField(label="执行月份", help_text="从这个月起按新的户数补贴。")
    households = forms.IntegerField(label="户数", min_value=0, max_value=99_999)
    buildings = forms.IntegerField(label="楼栋数", min_value=0, max_value=9999)
    reason = forms.CharField(
        label="变动原因", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    evidence = UploadField(
        label="户数清册",
        suffixes=EVIDENCE,
        max_megabytes=10,
        help_text="社区盖章的清册：照片、PDF 或 Excel，10 MB 以内。",
    )

    def __init__(self, *args: Any, limit: int = 20, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = f"变动超过 {limit}% 时须写。"
        self.fields["households"].widget.attrs["data-unit"] = "户"
        self.fields["buildings"].widget.attrs["data-unit"] = "栋"

    class Meta:
        wide = ["reason", "evidence"]


class OpinionForm(PortalForm):
    opinion = forms.CharField(
        label="意见", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class RefusalForm(PortalForm):
    opinion = forms.CharField(
        label="不予核定的原因", max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class AssignForm(PortalForm):
    """Which of the filtered estates go to whom: all that the page names, as it named them."""

    officer = forms.ModelChoiceField(
        User.objects.active().with_role(*ASSIGNABLE).order_by("name"), label="分包干部"
    )
    start_date = forms.DateField(label="开始日期", help_text="原来的分包到前一天为止。")
    estates = forms.ModelMultipleChoiceField(
        Estate.objects.active(),
        label="小区",
        widget=forms.MultipleHiddenInput,
        error_messages={"required": "还没有选小区。请先用上面的条件选出小区。"},
    )


class AssignmentEndForm(PortalForm):
    end_date = forms.DateField(label="结束日期", help_text="到这一天为止，含当天。")


class SurveyForm(PortalForm):
    title = forms.CharField(label="名称", max_length=80)
    street = forms.ModelChoiceField(Street.objects.order_by("code"), label="街道（乡镇）")
    surveyed_on = forms.DateField(label="调查日期")
    file = UploadField(
        label="调查表",
        suffixes=(".xlsx", ".xls"),
        help_text="按老旧小区台账的列名填写，只填调查到的列。名录不会自动改动。",
    )

    class Meta:
        wide = ["title", "file"]
