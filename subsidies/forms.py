"""Shape and wording of what is typed about subsidies."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.choices import Role
from enterprises.models import Provider
from estates.models import Estate, Street
from xingyang_pm.common import clock
from xingyang_pm.common.forms import (
    MoneyField,
    MonthField,
    PortalForm,
    UploadField,
    dress_field,
)

from .calculations import FEE_LABELS, read_fee
from .choices import (
    MAX_BANDS,
    MAX_NOTICE_DAYS,
    MAX_PERSONS,
    STAGE_ROLES,
    USUAL_NOTICE_DAYS,
    BudgetKind,
    ClaimStage,
    MonthRuleChoice,
    ObjectionChannel,
    PaymentOutcome,
    PaymentRoute,
    StageChoice,
)
from .models import FundingSource, SubsidyClaim
from .selectors.basis import basis_label

PERSON_CHOICES = [("0", "不设这个环节")] + [
    (str(number), f"{number} 人办理") for number in range(1, MAX_PERSONS + 1)
]
PERSONS: dict[str, Any] = {"choices": PERSON_CHOICES, "coerce": int, "initial": "1"}
SENTENCE = forms.Textarea(attrs={"rows": 3, "maxlength": 300})


class ClaimOpenForm(PortalForm):
    month = MonthField(label="月份", help_text="按月首日的户数、标准和合同核算。")
    street = forms.ModelChoiceField(
        label="街道（乡镇）",
        queryset=Street.objects.all(),
        required=False,
        empty_label="全部有老旧小区在管的街道（乡镇）",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.user.sees_city:
            own = self.fields["street"].queryset.first()
            self.fields["street"].empty_label = None
            self.fields["street"].initial = own
        self.fields["month"].initial = clock.add_months(clock.today(), -1)


class OpinionForm(PortalForm):
    """An opinion that may be left out."""

    opinion = forms.CharField(label="意见", required=False, max_length=300, widget=SENTENCE)


class ReturnForm(PortalForm):
    sentence = forms.CharField(
        label="退回原因",
        max_length=300,
        widget=SENTENCE,
        help_text="写明哪个小区、什么问题、怎样改正，街道照此办理。",
    )


class WithdrawForm(PortalForm):
    sentence = forms.CharField(label="说明", required=False, max_length=300, widget=SENTENCE)


class VoidForm(PortalForm):
    reason = forms.CharField(
        label="作废原因",
        max_length=300,
        widget=SENTENCE,
        help_text="写明为什么整份作废，作废以后这个月可以重新开账。",
    )


class ObjectionForm(PortalForm):
    """An objection to a notice; who objects may stay unnamed."""

    received_on = forms.DateField(label="收到日期")
    channel = forms.ChoiceField(label="渠道", choices=ObjectionChannel.choices)
    estate = forms.ModelChoiceField(
        label="涉及小区", queryset=Estate.objects.all(), required=False, empty_label="不限小区"
    )
    person = forms.CharField(
        label="提出人", max_length=40, required=False, help_text="不愿留名的可以不填。"
    )
    contact = forms.CharField(
        label="联系方式", max_length=40, required=False, help_text="只用于答复，不公开。"
    )
    content = forms.CharField(
        label="异议内容",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
    )

    class Meta:
        wide = ["content"]

    def __init__(self, *args: Any, claim: SubsidyClaim, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["estate"].queryset = Estate.objects.visible_to(self.user).filter(
            pk__in=claim.lines.values("estate")
        )


class AnswerForm(PortalForm):
    upheld = forms.TypedChoiceField(
        label="结果",
        choices=[("no", "不成立，答复如下"), ("yes", "成立，退回申报重新核定")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="no",
    )
    answer = forms.CharField(
        label="答复",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
    )


class SchemeForm(PortalForm):
    """The stages of a procedure: two may be left out, three may take more persons than one."""

    effective_from = MonthField(
        label="执行月份", help_text="这个月和以后各月开账的申报按新规程办理，已开账的不变。"
    )
    notice_days = forms.IntegerField(
        label="公示工作日",
        min_value=0,
        max_value=MAX_NOTICE_DAYS,
        initial=USUAL_NOTICE_DAYS,
        help_text="复核通过后的下一个工作日起算，填 0 不公示。",
    )
    document_title = forms.CharField(label="文件名称", max_length=120)
    document_number = forms.CharField(label="文号", max_length=60, required=False)
    review = forms.TypedChoiceField(label="街道审核", **PERSONS)
    check = forms.TypedChoiceField(label="中心复核", **PERSONS)
    check_role = forms.ChoiceField(
        label="中心复核由谁办理",
        choices=[(role.value, role.label) for role in STAGE_ROLES[ClaimStage.CHECK]],
    )
    approve = forms.TypedChoiceField(label="领导审批", **{**PERSONS, "choices": PERSON_CHOICES[1:]})

    class Meta:
        sections = [
            ("执行", ["effective_from", "notice_days"]),
            ("环节", ["review", "check", "check_role", "approve"]),
            ("依据", ["document_title", "document_number"]),
        ]
        wide = ["document_title"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            values["stages"] = self._stages(values)
        return values

    def _stages(self, values: dict[str, Any]) -> list[StageChoice]:
        roles = {stage: roles[0] for stage, roles in STAGE_ROLES.items()}
        roles[ClaimStage.CHECK] = Role(values["check_role"])
        persons = {
            ClaimStage.REVIEW: values["review"],
            ClaimStage.CHECK: values["check"],
            ClaimStage.APPROVE: values["approve"],
        }
        return [
            StageChoice(stage, roles[stage], persons.get(stage, 1))
            for stage in ClaimStage
            if persons.get(stage, 1)
        ]


class CoefficientForm(PortalForm):
    """Bands as pairs of fields; a pair left blank is no band."""

    effective_from = MonthField(
        label="执行月份", help_text="从这个月起按考核得分乘系数；一档都不填就是从这个月起停用。"
    )
    document_title = forms.CharField(label="文件名称", max_length=120)
    document_number = forms.CharField(label="文号", max_length=60, required=False)

    class Meta:
        sections = [
            ("执行", ["effective_from", "document_title", "document_number"]),
            ("档次", [f"{name}{n}" for n in range(1, MAX_BANDS + 1) for name in ("from", "share")]),
        ]
        wide = ["document_title"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(1, MAX_BANDS + 1):
            self.fields[f"from{number}"] = forms.DecimalField(
                label=f"第 {number} 档　得分下限",
                required=False,
                min_value=0,
                max_digits=5,
                decimal_places=1,
            )
            self.fields[f"share{number}"] = forms.DecimalField(
                label="系数", required=False, min_value=0, max_value=1, max_digits=4,
                decimal_places=2,
            )  # fmt: skip
            for name in (f"from{number}", f"share{number}"):
                dress_field(self.fields[name], name)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        bands = []
        for number in range(1, MAX_BANDS + 1):
            low, share = values.get(f"from{number}"), values.get(f"share{number}")
            if low is None and share is None:
                continue
            missing = f"from{number}" if low is None else f"share{number}" if share is None else ""
            if missing and missing not in self.errors:
                self.add_error(missing, f"第 {number} 档的得分下限和系数要一起填。")
            bands.append((low, share))
        values["bands"] = bands
        return values


class DeductForm(PortalForm):
    amount = MoneyField(label="扣减", max_digits=12, help_text="填 0 取消扣减，也请写明原因。")
    reason = forms.CharField(
        label="原因",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 200}),
        help_text="写明哪里没有做到。",
    )
    basis = forms.ChoiceField(
        label="依据",
        required=False,
        help_text="这个小区的整改单，或有不合格项的检查。两者都不是的，在原因里写明。",
    )

    def __init__(self, *args: Any, bases: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bases = bases
        self.fields["basis"].choices = [
            ("", "没有检查或整改单"),
            *((key, basis_label(basis)) for key, basis in bases.items()),
        ]

    def clean_basis(self) -> Any:
        return self.bases.get(self.cleaned_data["basis"])


class ExcludeForm(PortalForm):
    reason = forms.CharField(
        label="不列入的原因",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 200}),
    )


NUMBER = forms.TextInput(
    attrs={"autocomplete": "off", "inputmode": "numeric", "spellcheck": "false"}
)


class AccountForm(PortalForm):
    """A payee's account, from the payee's own paper."""

    provider = forms.ModelChoiceField(Provider.objects.filter(is_active=True), label="收款单位")
    holder = forms.CharField(
        label="户名", max_length=80, help_text="与开户信息一致，一般就是单位名称。"
    )
    bank = forms.CharField(label="开户银行", max_length=80, help_text="写到支行，如 建行荥阳支行。")
    number = forms.CharField(label="账号", max_length=60, widget=NUMBER)
    effective_from = forms.DateField(label="启用日期")
    basis = forms.CharField(
        label="依据材料",
        max_length=200,
        help_text="如“开户许可证，2026年10月12日收到”。不要在这里写账号。",
    )

    class Meta:
        sections = [
            ("收款单位", ["provider", "holder"]),
            ("账户", ["bank", "number", "effective_from", "basis"]),
        ]
        wide = ["basis"]


class AccountConfirmForm(PortalForm):
    number = forms.CharField(
        label="账号",
        max_length=60,
        widget=NUMBER,
        help_text="请照原件再输一遍完整账号，与登记的一致才能确认。",
    )
    opinion = forms.CharField(label="意见", required=False, max_length=200, widget=SENTENCE)


class AccountRejectForm(PortalForm):
    opinion = forms.CharField(label="不予确认的原因", max_length=200, widget=SENTENCE)


class AccountRevealForm(PortalForm):
    purpose = forms.CharField(
        label="用途", max_length=200, help_text="如“核对银行退回的一笔”。会记入操作日志。"
    )


class AccountSeenField(forms.BooleanField):
    """A tick that the account, changed since the approval, was held against the paper."""

    def __init__(self, account: str) -> None:
        super().__init__(
            label=f"已核对变更后的收款账户：{account}",
            error_messages={"required": f"收款账户在审批后有变，请核对后勾选：{account}。"},
        )


class PaymentForm(PortalForm):
    """``changed`` is the account that the approver was not shown; empty if there is none."""

    voucher_number = forms.CharField(label="支付凭证号", max_length=40)
    paid_on = forms.DateField(label="拨付日期")

    def __init__(self, *args: Any, changed: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if changed:
            self.fields["account_seen"] = AccountSeenField(changed)
            dress_field(self.fields["account_seen"], "account_seen")


SCANS = [".pdf", ".jpg", ".jpeg", ".png"]


class PaymentResultForm(PortalForm):
    outcome = forms.ChoiceField(label="银行结果", choices=PaymentOutcome.choices)
    happened_on = forms.DateField(label="日期")
    reference = forms.CharField(label="流水号", max_length=40, required=False)
    reason = forms.CharField(
        label="退回原因", max_length=200, required=False, help_text="退回的必填，照回单写。"
    )


class StreetArrivalForm(PortalForm):
    arrived_on = forms.DateField(label="街道收款日期")
    voucher_number = forms.CharField(label="街道入账凭证号", max_length=40)


class ReceiptForm(PortalForm):
    amount = MoneyField(
        label="到账金额", help_text="照回执写。少于应收的，其余仍记为在途，并请写明滞留原因。"
    )
    received_on = forms.DateField(label="到账日期")
    receipt_number = forms.CharField(label="回执号", max_length=40)
    scan = UploadField(
        label="回执扫描件", suffixes=SCANS, help_text="收款单位盖章的回执，PDF 或照片。"
    )


class TransitReasonForm(PortalForm):
    reason = forms.CharField(
        label="滞留原因", max_length=200, widget=SENTENCE, help_text="写明卡在哪里、谁在办。"
    )
    expected_on = forms.DateField(label="预计到账日期", required=False)


class FundingForm(PortalForm):
    name = forms.CharField(label="名称", max_length=40, help_text="如 市级财政、街道配套。")
    route = forms.ChoiceField(label="拨付路径", choices=PaymentRoute.choices)
    default_from = MonthField(
        label="默认起始月份",
        required=False,
        help_text="从这个月起，没有另外指定的申报由这个来源支付。",
    )
    document_title = forms.CharField(label="依据文件", max_length=120)
    document_number = forms.CharField(label="文号", max_length=60, required=False)


class RouteForm(PortalForm):
    route = forms.ChoiceField(label="拨付路径", choices=PaymentRoute.choices)
    reason = forms.CharField(label="原因或依据", max_length=200)


class ClaimFundForm(PortalForm):
    source = forms.ModelChoiceField(FundingSource.objects.all(), label="资金来源")
    reason = forms.CharField(label="原因", max_length=200)


class BudgetForm(PortalForm):
    source = forms.ModelChoiceField(FundingSource.objects.all(), label="资金来源")
    year = forms.IntegerField(label="年度", min_value=2010, max_value=2100)
    kind = forms.ChoiceField(label="类别", choices=BudgetKind.choices)
    amount = MoneyField(label="金额", min_value=None, help_text="调减写负数，如 -50000.00。")
    reason = forms.CharField(
        label="调整原因", max_length=200, required=False, help_text="调整的必填。"
    )
    document_title = forms.CharField(label="依据文件", max_length=120)
    document_number = forms.CharField(label="文号", max_length=60, required=False)
    document = UploadField(label="文件扫描件", required=False, suffixes=SCANS)

    class Meta:
        sections = [
            ("预算", ["source", "year", "kind", "amount", "reason"]),
            ("依据", ["document_title", "document_number", "document"]),
        ]
        wide = ["reason", "document_title", "document"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("kind") == BudgetKind.ADJUST and not values.get("reason", "").strip():
            self.add_error("reason", "请写明调整的原因。")
        return values


class PaymentsForm(PortalForm):
    """Vouchers of several payees under one date; a payee left blank is recorded later."""

    paid_on = forms.DateField(label="拨付日期")

    def __init__(
        self,
        *args: Any,
        payees: Sequence[tuple[int, str]],
        changed: Mapping[int, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.payees, self.changed = payees, changed or {}
        super().__init__(*args, **kwargs)
        for payee, name in payees:
            self.fields[f"voucher_{payee}"] = forms.CharField(
                label=f"{name} 支付凭证号",
                max_length=40,
                required=False,
                widget=forms.TextInput(attrs={"class": "form-control"}),
            )
            if payee in self.changed:
                seen = AccountSeenField(self.changed[payee])
                seen.required = False
                self.fields[f"seen_{payee}"] = seen
                dress_field(seen, f"seen_{payee}")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not self.vouchers:
            self.add_error(None, "请至少填写一个收款单位的支付凭证号。")
        numbers = list(self.vouchers.values())
        if len(set(numbers)) < len(numbers):
            self.add_error(None, "同一个凭证号填了两次，请核对。")
        for payee in self.changed.keys() & self.vouchers.keys():
            if not values.get(f"seen_{payee}"):
                seen = self.fields[f"seen_{payee}"]
                self.add_error(f"seen_{payee}", seen.error_messages["required"])
        return values

    @property
    def vouchers(self) -> dict[int, str]:
        """The voucher numbers typed, by payee."""
        typed = {payee: self.cleaned_data.get(f"voucher_{payee}") for payee, _ in self.payees}
        return {payee: number for payee, number in typed.items() if number}


class FeeStandardForm(PortalForm):
    estate = forms.ModelChoiceField(
        label="小区",
        queryset=Estate.objects.active().old().order_by("street__code", "code"),
        required=False,
        empty_label="全部没有另定标准的老旧小区",
    )
    amount = MoneyField(label="标准（元/户·月）", max_digits=8)
    effective_from = MonthField(label="执行月份", help_text="从这个月起执行，登记后不能修改。")
    document_title = forms.CharField(label="文件名称", max_length=120)
    document_number = forms.CharField(label="文号", max_length=60, required=False)
    document = UploadField(
        label="文件扫描件", required=False, suffixes=[".pdf", ".jpg", ".jpeg", ".png"]
    )

    class Meta:
        sections = [
            ("标准", ["estate", "amount", "effective_from"]),
            ("依据", ["document_title", "document_number", "document"]),
        ]
        wide = ["estate", "document_title", "document"]


class FeeCorrectForm(PortalForm):
    """The figures of one estate anew, with the reason."""

    households_billed = forms.CharField(label="应收户数", max_length=20)
    households_paid = forms.CharField(label="实收户数", max_length=20)
    amount_billed = forms.CharField(label="本月应收（元）", max_length=20)
    amount_received = forms.CharField(label="本月实收（元）", max_length=20)
    amount_recovered = forms.CharField(
        label="其中收回往期欠费（元）", max_length=20, required=False
    )
    opening_arrears = forms.CharField(
        label="起算前欠费（元）",
        max_length=20,
        required=False,
        help_text="这个小区第一次填报时，以前就欠着的合计。",
    )
    reason = forms.CharField(
        label="更正原因",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 200}),
        help_text="写明错在哪里、按什么改正。原来的数字仍看得到。",
    )
    evidence = UploadField(
        label="依据", required=False, suffixes=[".pdf", ".jpg", ".jpeg", ".png", ".xlsx"]
    )

    class Meta:
        sections = [
            ("户数和金额", list(FEE_LABELS)),
            ("原因", ["reason", "evidence"]),
        ]
        wide = ["reason", "evidence"]

    def __init__(self, *args: Any, begins: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not begins:
            del self.fields["opening_arrears"]
        for name in FEE_LABELS:
            if name in self.fields:
                self.fields[name].widget.attrs["inputmode"] = "decimal"

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            self.figures, problems = read_fee({name: values.get(name, "") for name in FEE_LABELS})
            for name, sentence in problems.items():
                self.add_error(name, sentence)
        return values


class FeeEvidenceForm(PortalForm):
    """The paper that a street confirms its rows by; it may be left out."""

    evidence = UploadField(
        label="依据", required=False, suffixes=[".pdf", ".jpg", ".jpeg", ".png", ".xlsx"]
    )


class RateForm(PortalForm):
    amount = MoneyField(label="标准（元/户·月）", max_digits=8)
    effective_from = MonthField(label="执行月份", help_text="从这个月起执行，登记后不能修改。")
    month_rule = forms.ChoiceField(
        label="月数规则", choices=MonthRuleChoice.choices, initial=MonthRuleChoice.FIRST_DAY
    )
    document_title = forms.CharField(label="文件名称", max_length=120)
    document_number = forms.CharField(
        label="文号", max_length=60, required=False, help_text="如 荥政办〔2017〕9号"
    )
    document = UploadField(
        label="文件扫描件", required=False, suffixes=[".pdf", ".jpg", ".jpeg", ".png"]
    )

    class Meta:
        sections = [
            ("标准", ["amount", "effective_from", "month_rule"]),
            ("依据", ["document_title", "document_number", "document"]),
        ]
        wide = ["month_rule", "document_title", "document"]
