"""Forms that keep the registry: register, change, rename, merge, strike off, and their parts."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.choices import REGISTRY_EDITORS
from estates import services
from estates.choices import EstateStatus
from estates.forms import (
    BuildingForm,
    BuildingsForm,
    CommitteeForm,
    EstateForm,
    EstateUpdateForm,
    MergeForm,
    NameForm,
    ReasonForm,
    RenameForm,
)
from estates.models import Building, Estate, EstateName, OwnersCommittee
from xingyang_pm.common.views.generic import Action, ActionPage, Crumb, Fact, FormPage

LIST = "estates:estate-list"


class _EstateForm(FormPage):
    """A form about one estate; leads back to the tab on which its result stands."""

    model: Any = Estate
    roles = REGISTRY_EDITORS
    list_url = LIST
    tab = ""

    @property
    def estate(self) -> Estate:
        return self.object if isinstance(self.object, Estate) else self.object.estate

    def back(self) -> str:
        url = self.estate.get_absolute_url()
        return f"{url}?tab={self.tab}" if self.tab else url

    def get_cancel_url(self) -> str:
        return self.back()

    def get_success_url(self, result: Any) -> str:
        return self.back()

    def get_crumbs(self) -> list[Crumb]:
        return [
            Crumb("小区名录", reverse(LIST)),
            Crumb(self.estate.name, self.estate.get_absolute_url()),
        ]


class EstateCreate(FormPage):
    form_class, roles = EstateForm, REGISTRY_EDITORS
    title, submit_label, list_url = "登记小区", "登记", LIST
    intro = "已有台账时，不用逐个登记：可以在“台账导入”里整本核对入库。"

    def get_initial(self) -> dict[str, Any]:
        """Take the name, street and figures of a survey's entry over from the link."""
        asked = self.request.GET
        names = ("name", "address", "household_count", "building_count", "kind", "street")
        return {name: asked[name] for name in names if asked.get(name)}

    def perform(self, form: EstateForm) -> Estate:
        return services.estate_create(actor=self.user, **form.cleaned_data)

    def done_message(self, result: Estate) -> str:
        return f"已登记 {result}，编号 {result.code}。请再录入户数，核定后才能计算补贴。"


class EstateUpdate(_EstateForm):
    form_class = EstateUpdateForm
    title, submit_label = "修改小区资料", "保存修改"
    intro = "户数关系到补贴，要改户数请用“录入户数”，由另一人核定。"

    def perform(self, form: EstateUpdateForm) -> Estate:
        return services.estate_update(estate=self.object, actor=self.user, **form.changed_values())

    def done_message(self, result: Estate) -> str:
        return f"{result} 的资料已修改。"


class EstateRename(_EstateForm):
    form_class = RenameForm
    title, submit_label, tab = "小区更名", "更名", "more"
    intro = "现在的名称会留作曾用名，按它仍能找到本小区。"

    def perform(self, form: RenameForm) -> Estate:
        return services.estate_rename(estate=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: Estate) -> str:
        return f"已更名为 {result}。"


class EstateNameAdd(_EstateForm):
    form_class = NameForm
    title, submit_label, tab = "登记曾用名、别名", "登记", "more"

    def perform(self, form: NameForm) -> EstateName:
        return services.estate_name_add(estate=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: EstateName) -> str:
        return "名称已登记，以后按这个名称也找得到。"


class EstateNameRemove(ActionPage):
    model, roles = EstateName, REGISTRY_EDITORS
    title, submit_label, list_url = "删去名称", "删去", LIST

    def sentence(self) -> str:
        return f"删去 {self.object.estate} 的{self.object.get_kind_display()}“{self.object.name}”。"

    def perform(self, form: None) -> Estate:
        return services.estate_name_remove(name=self.object, actor=self.user)

    def get_cancel_url(self) -> str:
        return f"{self.object.estate.get_absolute_url()}?tab=more"

    def get_success_url(self, result: Estate) -> str:
        return self.get_cancel_url()

    def done_message(self, result: Estate) -> str:
        return "名称已删去。"


# --- Buildings ------------------------------------------------------------------------------------


class BuildingCreate(_EstateForm):
    form_class = BuildingForm
    title, submit_label, tab = "增加一栋", "增加", "buildings"

    def perform(self, form: BuildingForm) -> Building:
        return services.building_add(estate=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: Building) -> str:
        return f"{result.name} 已登记。"


class BuildingUpdate(_EstateForm):
    model, form_class = Building, BuildingForm
    title, submit_label, tab = "修改楼栋", "保存修改", "buildings"

    def get_actions(self) -> list[Action]:
        return [
            Action(
                "删去这一栋",
                "estates:building-remove",
                icon="trash",
                by_pk=True,
                roles=REGISTRY_EDITORS,
            )
        ]

    def get_title(self) -> str:
        return f"{self.estate} {self.object.name}"

    def perform(self, form: BuildingForm) -> Building:
        return services.building_update(
            building=self.object, actor=self.user, **form.changed_values()
        )

    def done_message(self, result: Building) -> str:
        return f"{result.name} 已修改。"


class BuildingRemove(ActionPage):
    model, roles = Building, REGISTRY_EDITORS
    title, submit_label, list_url = "删去楼栋", "删去", LIST
    danger = True

    def sentence(self) -> str:
        building = self.object
        return f"从 {building.estate} 删去 {building.name}（{building.households} 户）。"

    def perform(self, form: None) -> Estate:
        return services.building_remove(building=self.object, actor=self.user)

    def get_cancel_url(self) -> str:
        return f"{self.object.estate.get_absolute_url()}?tab=buildings"

    def get_success_url(self, result: Estate) -> str:
        return f"{result.get_absolute_url()}?tab=buildings"

    def done_message(self, result: Estate) -> str:
        return f"{self.object.name} 已删去。"


class EstateBuildings(_EstateForm):
    form_class = BuildingsForm
    title, submit_label, tab = "整表登记楼栋", "保存楼栋", "buildings"

    def get_initial(self) -> dict[str, Any]:
        rows = self.object.buildings.visible_to(self.user)
        return {
            "buildings": "\n".join(
                f"{b.name}，{b.floors or ''}，{b.units or ''}，{b.households}，{b.built_year or ''}"
                for b in rows
            )
        }

    def perform(self, form: BuildingsForm) -> Estate:
        return services.buildings_set(
            estate=self.object, actor=self.user, buildings=form.cleaned_data["buildings"]
        )

    def done_message(self, result: Estate) -> str:
        return f"{result.building_count} 栋楼已登记。"


# --- Owners' committee ----------------------------------------------------------------------------


class CommitteeCreate(_EstateForm):
    form_class = CommitteeForm
    title, submit_label, tab = "登记业委会", "登记", "more"

    def get_initial(self) -> dict[str, Any]:
        last = self.object.committees.visible_to(self.user).first()
        return {"term": last.term + 1 if last else 1}

    def perform(self, form: CommitteeForm) -> OwnersCommittee:
        return services.committee_record(estate=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: OwnersCommittee) -> str:
        return f"第{result.term}届业委会已登记。"


class CommitteeUpdate(_EstateForm):
    model, form_class = OwnersCommittee, CommitteeForm
    title, submit_label, tab = "修改业委会资料", "保存修改", "more"

    def get_actions(self) -> list[Action]:
        return [
            Action(
                "删去这一届",
                "estates:committee-remove",
                icon="trash",
                by_pk=True,
                roles=REGISTRY_EDITORS,
            )
        ]

    def perform(self, form: CommitteeForm) -> OwnersCommittee:
        return services.committee_update(
            committee=self.object, actor=self.user, **form.changed_values()
        )

    def done_message(self, result: OwnersCommittee) -> str:
        return f"第{result.term}届业委会的资料已修改。"


class CommitteeRemove(ActionPage):
    model, roles = OwnersCommittee, REGISTRY_EDITORS
    title, submit_label, list_url = "删去一届业委会", "删去", LIST
    danger = True

    def sentence(self) -> str:
        return f"删去 {self.object.estate} 的第{self.object.term}届业委会。登记错了才需要删去。"

    def perform(self, form: None) -> Estate:
        return services.committee_remove(committee=self.object, actor=self.user)

    def get_cancel_url(self) -> str:
        return f"{self.object.estate.get_absolute_url()}?tab=more"

    def get_success_url(self, result: Estate) -> str:
        return f"{result.get_absolute_url()}?tab=more"

    def done_message(self, result: Estate) -> str:
        return "已删去。"


# --- Merging and striking off ---------------------------------------------------------------------


class _Closing(ActionPage):
    model, roles = Estate, REGISTRY_EDITORS
    list_url = LIST
    danger = True

    def refusal(self) -> str:
        estate = self.object
        if estate.status != EstateStatus.ACTIVE:
            return f"{estate} {estate.get_status_display()}，不用再办。"
        return ""

    def facts(self) -> list[Fact]:
        estate = self.object
        return [
            Fact("编号", estate.code),
            Fact("街道（乡镇）", str(estate.street)),
            Fact("楼栋、户数", f"{estate.building_count} 栋，{estate.household_count:,} 户"),
        ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street")


class EstateMerge(_Closing):
    form_class = MergeForm
    title, submit_label = "并入另一小区", "合并"

    def sentence(self) -> str:
        return (
            f"{self.object}（{self.object.code}）将作为重复登记并入另一小区：名称留作别名，"
            "楼栋、合同、检查随之转去，不能再改回。"
        )

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "estate": self.object}

    def perform(self, form: MergeForm) -> Estate:
        return services.estate_merge(old=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: Estate) -> str:
        return f"{self.object} 已并入 {result}。"


class EstateRemove(_Closing):
    form_class = ReasonForm
    title, submit_label = "注销小区", "注销"

    def sentence(self) -> str:
        return (
            f"{self.object}（{self.object.code}）将从名录注销，不再检查和补贴；"
            "原有记录保留，不能再改回。"
        )

    def perform(self, form: ReasonForm) -> Estate:
        return services.estate_remove(
            estate=self.object, actor=self.user, reason=form.cleaned_data["reason"]
        )

    def done_message(self, result: Estate) -> str:
        return f"{result} 已注销。"
