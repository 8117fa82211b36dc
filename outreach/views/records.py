"""Pages of training, publicity, demonstration projects and the policy library."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from accounts.choices import REGISTRY_EDITORS
from outreach.filters import (
    DemonstrationFilterSet,
    PolicyFilterSet,
    PublicityFilterSet,
    TrainingFilterSet,
)
from outreach.forms import DemonstrationForm, PolicyForm, PublicityForm, TrainingForm
from outreach.models import DemonstrationProject, PolicyDocument, PublicityItem, TrainingSession
from outreach.services import records
from outreach.tables import (
    DemonstrationTable,
    PolicyTable,
    PublicityReadTable,
    PublicityTable,
    TrainingReadTable,
    TrainingTable,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.tables import Table
from xingyang_pm.common.views.generic import (
    Action,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    RecordPage,
    count_line,
    facts_of,
)


def _add(label: str, url: str) -> list[Action]:
    return [Action(label, url, icon="plus", primary=True, roles=REGISTRY_EDITORS)]


class _EditedByManagers(ListPage):
    """A list whose rows lead to their form for those who may change them."""

    read_table_class: type[Table]

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if not holds(request.user, REGISTRY_EDITORS):
            self.table = self.read_table_class(model=self.model, user=request.user)


class TrainingList(_EditedByManagers):
    model, table_class, filterset_class = TrainingSession, TrainingTable, TrainingFilterSet
    read_table_class = TrainingReadTable
    title, unit = "培训", "次培训"
    empty_text = "还没有培训记录。可以登记一条。"
    actions = _add("登记培训", "outreach:training-create")

    def count_line(self, count: int, totals: dict[str, Any]) -> str:
        return count_line((count, "次培训"), (totals["people_count"], "人次"))


class TrainingCreate(FormPage):
    form_class, roles = TrainingForm, REGISTRY_EDITORS
    title, submit_label = "登记培训", "登记"
    list_url = success_url = "outreach:training-list"

    def perform(self, form: TrainingForm) -> TrainingSession:
        return records.training_record(actor=self.user, **form.cleaned_data)

    def done_message(self, result: TrainingSession) -> str:
        return f"已登记 {result}。"


class TrainingUpdate(FormPage):
    model, form_class, roles = TrainingSession, TrainingForm, REGISTRY_EDITORS
    title, submit_label = "修改培训", "保存修改"
    list_url = success_url = "outreach:training-list"

    def perform(self, form: TrainingForm) -> TrainingSession:
        return records.training_record(
            actor=self.user, training=self.object, **form.changed_values()
        )

    def done_message(self, result: TrainingSession) -> str:
        return f"{result} 已修改。"


class PublicityList(_EditedByManagers):
    model, table_class, filterset_class = PublicityItem, PublicityTable, PublicityFilterSet
    read_table_class = PublicityReadTable
    title, unit = "宣传", "项宣传"
    empty_text = "还没有宣传记录。可以登记一条。"
    actions = _add("登记宣传", "outreach:publicity-create")

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street")


class PublicityCreate(FormPage):
    form_class, roles = PublicityForm, REGISTRY_EDITORS
    title, submit_label = "登记宣传", "登记"
    list_url = success_url = "outreach:publicity-list"

    def perform(self, form: PublicityForm) -> PublicityItem:
        return records.publicity_record(actor=self.user, **form.cleaned_data)

    def done_message(self, result: PublicityItem) -> str:
        return f"已登记 {result}。"


class PublicityUpdate(FormPage):
    model, form_class, roles = PublicityItem, PublicityForm, REGISTRY_EDITORS
    title, submit_label = "修改宣传", "保存修改"
    list_url = success_url = "outreach:publicity-list"

    def perform(self, form: PublicityForm) -> PublicityItem:
        return records.publicity_record(
            actor=self.user, publicity=self.object, **form.changed_values()
        )

    def done_message(self, result: PublicityItem) -> str:
        return f"{result} 已修改。"


class DemonstrationList(ListPage):
    model, table_class = DemonstrationProject, DemonstrationTable
    filterset_class = DemonstrationFilterSet
    title, unit = "示范项目", "个项目"
    empty_text = "还没有示范项目。可以登记一条。"
    actions = _add("登记示范项目", "outreach:demonstration-create")


class DemonstrationCreate(FormPage):
    form_class, roles = DemonstrationForm, REGISTRY_EDITORS
    title, submit_label = "登记示范项目", "登记"
    list_url = success_url = "outreach:demonstration-list"

    def get_initial(self) -> dict[str, Any]:
        return {"year": clock.today().year}

    def perform(self, form: DemonstrationForm) -> DemonstrationProject:
        return records.demonstration_record(actor=self.user, **form.cleaned_data)

    def done_message(self, result: DemonstrationProject) -> str:
        return f"已登记 {result}。"


class DemonstrationUpdate(FormPage):
    model, form_class, roles = DemonstrationProject, DemonstrationForm, REGISTRY_EDITORS
    title, submit_label = "修改示范项目", "保存修改"
    list_url = success_url = "outreach:demonstration-list"

    def perform(self, form: DemonstrationForm) -> DemonstrationProject:
        return records.demonstration_record(
            actor=self.user, project=self.object, **form.changed_values()
        )

    def done_message(self, result: DemonstrationProject) -> str:
        return f"{result} 已修改。"


class PolicyList(ListPage):
    model, table_class, filterset_class = PolicyDocument, PolicyTable, PolicyFilterSet
    title, unit = "政策文件", "份文件"
    empty_text = "还没有政策文件。可以登记一条。"
    actions = _add("登记文件", "outreach:policy-create")


class PolicyDetail(RecordPage):
    model = PolicyDocument
    list_url = "outreach:policy-list"
    actions = [
        Action(
            "打开文件",
            "outreach:policy-file",
            icon="file-text",
            by_pk=True,
            show=lambda view: bool(view.object.file),
        ),
        Action("修改", "outreach:policy-update", by_pk=True, primary=True, roles=REGISTRY_EDITORS),
    ]

    def facts(self) -> Sequence[Fact]:
        return facts_of(
            self.object,
            ["number", "issuer", "issued_on", "effective_from", "summary"],
            wide=["summary"],
        )


class PolicyCreate(FormPage):
    form_class, roles = PolicyForm, REGISTRY_EDITORS
    title, submit_label, list_url = "登记政策文件", "登记", "outreach:policy-list"

    def perform(self, form: PolicyForm) -> PolicyDocument:
        return records.policy_record(actor=self.user, **form.cleaned_data)

    def done_message(self, result: PolicyDocument) -> str:
        return f"已登记《{result}》。"


class PolicyUpdate(FormPage):
    model, form_class, roles = PolicyDocument, PolicyForm, REGISTRY_EDITORS
    title, submit_label, list_url = "修改政策文件", "保存修改", "outreach:policy-list"

    def perform(self, form: PolicyForm) -> PolicyDocument:
        return records.policy_record(actor=self.user, policy=self.object, **form.changed_values())

    def done_message(self, result: PolicyDocument) -> str:
        return f"《{result}》已修改。"


class PolicyFile(DownloadPage):
    model = PolicyDocument
    inline = True

    def get_download(self) -> Download | None:
        return Download(self.object.file_name, self.object.file) if self.object.file else None

    def audit_summary(self, download: Download) -> str:
        return ""
