"""Small pages over estates, declared as apps declare theirs, for the tests of the common views."""

from typing import Any

import django_filters
from django import forms
from django.urls import path
from django.urls.resolvers import URLPattern

from accounts.choices import Role
from estates.choices import EstateKind
from estates.models import Building, Community, Estate, Street
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.filters import (
    KeywordFilter,
    MonthFilter,
    PortalFilterSet,
    ScopedChoiceFilter,
    YesNoFilter,
)
from xingyang_pm.common.forms import PortalForm, PortalModelForm, UploadField
from xingyang_pm.common.tables import Column, Pill, Table
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    RecordPage,
    SavedChip,
    TablePanel,
    count_line,
    facts_of,
)

app_name = "ui"


class EstateTable(Table):
    columns = [
        Column("code", "编号", sort=True, css="tnum"),
        Column("name", "小区名称", sort=True, link="ui:estate-detail", css="clip nm"),
        Column("kind", "类别"),
        Column("community", "社区", value="community__short_name", sort="community__short_name"),
        Column("buildings", "楼栋", value="building_count", kind="integer", total="building_count"),
        Column(
            "households",
            "户数",
            value="household_count",
            kind="integer",
            sort=True,
            total="household_count",
        ),
        Column("year", "建成", value="built_year", sort=True, num=True),
        Column(
            "four", "四有", pill=lambda e: Pill("齐全", "g") if e.meets_four_haves else Pill("不齐")
        ),
        Column("address", "地址", hidden=True),
    ]
    default_sort = "code"
    sum_row = True
    page_sizes = (3, 20)


class EstateFilterSet(PortalFilterSet):
    street = ScopedChoiceFilter(Street, label="街道（乡镇）", empty="全部街道")
    community = ScopedChoiceFilter(
        Community, label="社区（村）", label_field="short_name", parent="street"
    )
    kind = django_filters.ChoiceFilter(choices=EstateKind.choices, label="类别", empty_label="全部")
    built = django_filters.NumberFilter("built_year", lookup_expr="gte", label="建成不早于")
    greening = YesNoFilter("has_greening", label="有绿化养护")
    month = MonthFilter("household_counts__effective_month", label="执行月份")
    q = KeywordFilter(["name__contains", "names__name__contains", "code__istartswith"])

    class Meta:
        model = Estate
        fields: list[str] = []
        primary = ["street", "community", "kind", "q"]


class EstateList(ListPage):
    model, table_class, filterset_class = Estate, EstateTable, EstateFilterSet
    title, unit = "小区名录", "个小区"
    views = [SavedChip("老旧小区", "kind=old", count=lambda view: view.get_rows().old().count())]
    actions = [
        Action("登记小区", "ui:estate-create", primary=True, roles=[Role.BUREAU_MANAGER]),
    ]
    empty_text = "还没有小区。可以登记一个。"

    def count_line(self, count: int, totals: dict[str, Any]) -> str:
        return count_line((count, "个小区"), (totals["households"], "户"))


class LongEstateList(EstateList):
    """A list whose export is always a job."""

    export_in_request = 0


class BuildingTable(Table):
    columns = [Column("name", "楼栋"), Column("households", "户数", kind="integer")]


class EstateDetail(RecordPage):
    model, list_url = Estate, "ui:estate-list"
    actions = [
        Action(
            "修改资料",
            "ui:estate-update",
            primary=True,
            by_pk=True,
            roles=[Role.BUREAU_MANAGER],
        )
    ]

    def facts(self) -> list[Fact]:
        return facts_of(self.object, ["code", "kind", "floor_area", "contact_phone"])

    def panels(self) -> list[Any]:
        rows = Building.objects.visible_to(self.user).filter(estate=self.object)
        return [TablePanel("楼栋", BuildingTable, rows, user=self.user)]

    def personal_summary(self) -> str:
        return f"查看 {self.object} 的联系电话"


class EstateForm(PortalModelForm):
    paper = UploadField(label="登记表", suffixes=[".pdf"], max_megabytes=1, required=False)

    class Meta:
        model = Estate
        fields = ["name", "kind", "street", "community"]
        sections = [("基本情况", ["name", "kind"])]


class EstateUpdate(FormPage):
    model, form_class, roles = Estate, EstateForm, [Role.BUREAU_MANAGER]
    title, submit_label, list_url = "修改小区资料", "保存修改", "ui:estate-list"

    def perform(self, form: EstateForm) -> Estate:
        if form.cleaned_data["name"] == "重名小区":
            raise BusinessError("本街道已有同名小区，请写明东院、西院或期数。", field="name")
        if form.cleaned_data["name"] == "被人抢先":
            raise StaleState
        if form.cleaned_data["name"] == "交来登记表" and not form.cleaned_data["paper"]:
            raise BusinessError("请附上登记表。", field="paper")
        return self.object

    def done_message(self, result: Estate) -> str:
        return f"{result} 的资料已修改。"

    def get_success_url(self, result: Estate) -> str:
        return f"/ui/estates/{result.pk}/"


class EstateCreate(FormPage):
    form_class, roles = EstateForm, [Role.BUREAU_MANAGER]
    title, submit_label, list_url = "登记小区", "登记", "ui:estate-list"

    def perform(self, form: EstateForm) -> None:
        return None


class OpinionForm(PortalForm):
    opinion = forms.CharField(label="意见", max_length=20)


class EstateApprove(ActionPage):
    model, roles = Estate, [Role.BUREAU_LEADER]
    title, submit_label, list_url = "同意拨付", "同意拨付 1,920.00 元", "ui:estate-list"
    form_class = OpinionForm

    def sentence(self) -> str:
        return f"{self.object}，{self.object.household_count} 户，共 1,920.00 元。"

    def perform(self, form: OpinionForm) -> Estate:
        if form.cleaned_data["opinion"] == "又办一次":
            raise BusinessError("你已经办过前一步，不能再审批。")
        return self.object


class EstateClose(ActionPage):
    """Post only; refused for an estate without buildings."""

    model, roles = Estate, [Role.BUREAU_MANAGER]
    title, submit_label, list_url = "注销", "注销", "ui:estate-list"
    post_only = True

    def perform(self, form: None) -> Estate:
        if self.object.building_count == 0:
            raise StaleState
        return self.object


class EstateLocked(ActionPage):
    model, roles = Estate, [Role.BUREAU_MANAGER]
    title, submit_label, list_url = "合并", "合并", "ui:estate-list"

    def refusal(self) -> str:
        return "还有未办结的整改，办结后才能合并。"

    def perform(self, form: Any) -> Estate:
        raise RuntimeError("a locked act was performed")


class EstateLockedAsking(EstateLocked):
    """The same act with a small form."""

    form_class = OpinionForm


class EstateLockedForm(EstateUpdate):
    """A form of a record that may not be changed any more."""

    def refusal(self) -> str:
        return "这个小区已并入别的小区，不能再改。"


class VersionForm(PortalForm):
    """Carries what the page was drawn from in a field that nobody sees."""

    version = forms.IntegerField(label="版次", widget=forms.HiddenInput)
    opinion = forms.CharField(label="意见", max_length=20)


class EstateVersion(ActionPage):
    model, roles, form_class = Estate, [Role.BUREAU_MANAGER], VersionForm
    title, submit_label, list_url = "定版", "定版", "ui:estate-list"

    def perform(self, form: VersionForm) -> Estate:
        if form.cleaned_data["version"] != 1:
            raise BusinessError("小区资料已改过，请刷新后再定版。", field="version")
        return self.object


class EstateVersionForm(FormPage):
    form_class, roles = VersionForm, [Role.BUREAU_MANAGER]
    title, submit_label, list_url = "定版", "定版", "ui:estate-list"

    def perform(self, form: VersionForm) -> None:
        return None


class EstatePaper(DownloadPage):
    model, inline = Estate, True

    def get_download(self) -> Download | None:
        if self.object.building_count == 0:
            return None
        return Download(f"{self.object} 登记卡.pdf", b"%PDF-1.7")


class EstateScript(DownloadPage):
    """Something that a browser must never show as a page of ours."""

    model, inline = Estate, True

    def get_download(self) -> Download:
        return Download("证明.html", b"<script>alert(1)</script>")


def fails(request: object) -> None:
    raise RuntimeError("broken on purpose")


urlpatterns: list[URLPattern] = [
    path("estates/", EstateList.as_view(), name="estate-list"),
    path("long/", LongEstateList.as_view(), name="long-list"),
    path("estates/new/", EstateCreate.as_view(), name="estate-create"),
    path("estates/<int:pk>/", EstateDetail.as_view(), name="estate-detail"),
    path("estates/<int:pk>/edit/", EstateUpdate.as_view(), name="estate-update"),
    path("estates/<int:pk>/approve/", EstateApprove.as_view(), name="estate-approve"),
    path("estates/<int:pk>/close/", EstateClose.as_view(), name="estate-close"),
    path("estates/<int:pk>/locked/", EstateLocked.as_view(), name="estate-locked"),
    path("estates/<int:pk>/asking/", EstateLockedAsking.as_view(), name="estate-asking"),
    path("estates/<int:pk>/merged/", EstateLockedForm.as_view(), name="estate-merged"),
    path("estates/<int:pk>/version/", EstateVersion.as_view(), name="estate-version"),
    path("estates/version/", EstateVersionForm.as_view(), name="estate-version-form"),
    path("estates/<int:pk>/paper/", EstatePaper.as_view(), name="estate-paper"),
    path("estates/<int:pk>/script/", EstateScript.as_view(), name="estate-script"),
    path("fails/", fails, name="fails"),
]
