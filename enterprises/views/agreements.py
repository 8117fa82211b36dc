"""Pages about responsibility agreements: list, record, signing, voiding, correcting."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.choices import REGISTRY_EDITORS
from enterprises import services
from enterprises.choices import AgreementState
from enterprises.filters import AgreementFilterSet
from enterprises.forms import (
    AgreementForm,
    AgreementUpdateForm,
    ScanForm,
    VoidForm,
)
from enterprises.models import ResponsibilityAgreement
from enterprises.tables import (
    AgreementTable,
    TargetTable,
    agreement_pill,
)
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Panel,
    Pill,
    RecordPage,
    TablePanel,
    count_line,
    facts_of,
)


class AgreementList(ListPage):
    model, table_class, filterset_class = (
        ResponsibilityAgreement,
        AgreementTable,
        AgreementFilterSet,
    )
    title, unit = "目标责任书", "份责任书"
    empty_text = "还没有目标责任书。点“登记责任书”登记一份。"
    actions = [
        Action(
            "登记责任书",
            "enterprises:agreement-create",
            icon="plus",
            primary=True,
            roles=REGISTRY_EDITORS,
        )
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_target_count().select_related("provider", "street")

    def count_line(self, count: int, totals: dict[str, Any]) -> str:
        rows = self.filtered_rows()
        parts = [(count, "份责任书"), (rows.unsigned().count(), "份未签订")]
        void = rows.void().count()
        return count_line(*parts, *([(void, "份已作废")] if void else []))


class AgreementDetail(RecordPage):
    model = ResponsibilityAgreement
    list_url = "enterprises:agreement-list"
    actions = [
        Action(
            "扫描件",
            "enterprises:agreement-scan",
            icon="paperclip",
            by_pk=True,
            show=lambda view: bool(view.object.scan),
        ),
        Action(
            "补传扫描件",
            "enterprises:agreement-scan-add",
            icon="upload",
            by_pk=True,
            roles=REGISTRY_EDITORS,
            show=lambda view: view.object.state == AgreementState.SIGNED and not view.object.scan,
        ),
        Action(
            "作废",
            "enterprises:agreement-void",
            by_pk=True,
            roles=REGISTRY_EDITORS,
            show=lambda view: view.object.state != AgreementState.VOID,
        ),
        Action(
            "修改责任书",
            "enterprises:agreement-update",
            primary=True,
            by_pk=True,
            roles=REGISTRY_EDITORS,
            show=lambda view: view.object.state == AgreementState.UNSIGNED,
        ),
    ]

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related("provider", "street", "replaces", "replaced_by", "voided_by")
        )

    def get_pills(self) -> list[Pill]:
        return [agreement_pill(self.object)]

    def get_meta(self) -> str:
        return self.object.number

    @property
    def correction(self) -> ResponsibilityAgreement | None:
        """The agreement signed in the place of this one."""
        return getattr(self.object, "replaced_by", None)

    def notices(self) -> Sequence[Notice]:
        agreement = self.object
        if agreement.state != AgreementState.VOID:
            return []
        told = f"已由 {agreement.voided_by} 作废，原因：{agreement.void_reason}"
        if self.correction:
            return [
                Notice(
                    f"{told}。已另签 {self.correction.number} 更正。",
                    "r",
                    url=self.correction.get_absolute_url(),
                    link="看更正的一份",
                )
            ]
        if not holds(self.user, REGISTRY_EDITORS):
            return [Notice(told, "r")]
        create = reverse("enterprises:agreement-create")
        return [Notice(told, "r", url=f"{create}?replaces={agreement.pk}", link="登记更正的责任书")]

    def facts(self) -> Sequence[Fact]:
        agreement = self.object
        facts = facts_of(
            agreement,
            [
                "number",
                "party",
                "provider" if agreement.provider_id else "street",
                "signed_on",
                "bureau_signatory",
                "party_signatory",
            ],
        )
        if agreement.replaces:
            facts.append(
                Fact(
                    "更正",
                    agreement.replaces.number,
                    url=agreement.replaces.get_absolute_url(),
                    note="已作废",
                )
            )
        if agreement.state == AgreementState.VOID:
            facts.append(Fact("作废时间", moment_label(agreement.voided_at)))
        return facts

    def panels(self) -> Sequence[Panel]:
        targets = self.object.targets.visible_to(self.user)
        return [TablePanel("责任目标", TargetTable, targets, empty_text="还没有登记目标。")]


def _target_text(agreement: ResponsibilityAgreement, user: Any) -> str:
    rows = agreement.targets.visible_to(user)
    return "\n".join(f"{row.text} | {row.points}" for row in rows)


class AgreementCreate(FormPage):
    form_class, roles = AgreementForm, REGISTRY_EDITORS
    title, submit_label, list_url = "登记目标责任书", "登记", "enterprises:agreement-list"

    def get_initial(self) -> dict[str, Any]:
        """Begin with the wrong agreement (``?replaces=``), or with this year."""
        asked = self.request.GET.get("replaces", "")
        if asked.isdecimal():
            rows = ResponsibilityAgreement.objects.visible_to(self.user).awaiting_correction()
            wrong = rows.filter(pk=asked).first()
            if wrong:
                return {
                    "replaces": wrong,
                    "year": wrong.year,
                    "provider": wrong.provider_id,
                    "street": wrong.street_id,
                    "bureau_signatory": wrong.bureau_signatory,
                    "party_signatory": wrong.party_signatory,
                    "targets": _target_text(wrong, self.user),
                }
        return {"year": clock.today().year, "bureau_signatory": self.user.name}

    def perform(self, form: AgreementForm) -> ResponsibilityAgreement:
        return services.agreement_create(actor=self.user, **form.cleaned_data)

    def done_message(self, result: ResponsibilityAgreement) -> str:
        corrects = f"，更正 {result.replaces.number}" if result.replaces else ""
        return f"已登记，编号 {result.number}{corrects}。"


class AgreementUpdate(FormPage):
    model, form_class, roles = ResponsibilityAgreement, AgreementUpdateForm, REGISTRY_EDITORS
    title, submit_label, list_url = "修改目标责任书", "保存修改", "enterprises:agreement-list"

    def refusal(self) -> str:
        return services.agreement_change_problem(self.object)

    def get_initial(self) -> dict[str, Any]:
        return {"targets": _target_text(self.object, self.user)}

    def perform(self, form: AgreementUpdateForm) -> ResponsibilityAgreement:
        return services.agreement_update(
            agreement=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: ResponsibilityAgreement) -> str:
        return "责任书已签订。" if result.signed_on else "责任书已修改。"


class AgreementScanAdd(ActionPage):
    """Puts the scan of the signed paper beside its agreement, once."""

    model, form_class, roles = ResponsibilityAgreement, ScanForm, REGISTRY_EDITORS
    title, submit_label, list_url = "补传扫描件", "上传", "enterprises:agreement-list"

    def get_meta(self) -> str:
        return self.object.number

    def sentence(self) -> str:
        return f"上传 {self.object} 的扫描件。上传以后不能替换，请先核对。"

    def refusal(self) -> str:
        if self.object.state == AgreementState.VOID:
            return services.VOID_STAYS
        return "已有扫描件，不能替换。" if self.object.scan else ""

    def perform(self, form: ScanForm) -> ResponsibilityAgreement:
        return services.agreement_scan_add(
            agreement=self.object, actor=self.user, scan=form.cleaned_data["scan"]
        )

    def done_message(self, result: ResponsibilityAgreement) -> str:
        return "扫描件已上传。"


class AgreementVoid(ActionPage):
    model, form_class, roles = ResponsibilityAgreement, VoidForm, REGISTRY_EDITORS
    title, submit_label, list_url = "作废目标责任书", "作废", "enterprises:agreement-list"
    danger = True

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("provider", "street")

    def sentence(self) -> str:
        return (
            f"{self.object.number} 将作废，编号保留不再使用，不能恢复。需要更正的，作废后另签一份。"
        )

    def facts(self) -> Sequence[Fact]:
        agreement = self.object
        return [
            Fact("签订对象", str(agreement.provider or agreement.street)),
            Fact("年度", f"{agreement.year}年"),
            *facts_of(agreement, ["signed_on"]),
        ]

    def refusal(self) -> str:
        return services.VOID_STAYS if self.object.state == AgreementState.VOID else ""

    def perform(self, form: VoidForm) -> ResponsibilityAgreement:
        return services.agreement_void(
            agreement=self.object, actor=self.user, reason=form.cleaned_data["reason"]
        )

    def done_message(self, result: ResponsibilityAgreement) -> str:
        return f"{result.number} 已作废。"


class AgreementScan(DownloadPage):
    model = ResponsibilityAgreement
    inline = True

    def get_download(self) -> Download | None:
        return Download(self.object.scan_name, self.object.scan) if self.object.scan else None
