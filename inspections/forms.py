"""Shape and wording of what is typed about inspections and rectification."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from estates.choices import EstateKind
from estates.models import Estate, Street
from xingyang_pm.common import clock
from xingyang_pm.common.forms import PhotosField, PortalForm, PortalModelForm

from .calculations import plain
from .choices import (
    CoverageBy,
    DrawShare,
    FlagVerdict,
    OrderKind,
    Outcome,
    PhotoStage,
    ServiceMethod,
)
from .models import (
    Checklist,
    ChecklistHeading,
    ChecklistItem,
    Inspection,
    ItemResult,
    RectificationItem,
    RectificationOrder,
)
from .selectors import Doubt
from .services import Announcement, Answer, Basis, Camera, Finding, Verdict, Visit, answers_of
from .services.checklists import HEADING_FIELDS, ITEM_FIELDS

# --- Checklists -------------------------------------------------------------------------------


class ChecklistForm(PortalModelForm):
    class Meta:
        model = Checklist
        fields = [
            "kind",
            "title",
            "effective_from",
            "full_score",
            "excellent_score",
            "good_score",
            "pass_score",
        ]
        sections = [
            ("基本情况", ["kind", "title", "effective_from"]),
            ("分数线", ["full_score", "excellent_score", "good_score", "pass_score"]),
        ]
        help_texts = {
            "effective_from": "启用后，现行的一版同日停用",
            "full_score": "各项分值之和须等于满分",
        }


class ChecklistUpdateForm(ChecklistForm):
    class Meta(ChecklistForm.Meta):
        fields = [name for name in ChecklistForm.Meta.fields if name != "kind"]
        sections = [
            ("基本情况", ["title", "effective_from"]),
            ("分数线", ["full_score", "excellent_score", "good_score", "pass_score"]),
        ]


class PhrasesField(forms.CharField):
    """One phrase a line, as a list."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        if any(len(line) > 30 for line in value):
            raise ValidationError("常用语每条最多 30 个字")

    def run_validators(self, value: Any) -> None:
        """The lines are judged one by one above."""


class HeadingForm(PortalModelForm):
    class Meta:
        model = ChecklistHeading
        fields = HEADING_FIELDS
        sections = [
            ("大项", ["name", "points"]),
            ("依据", ["legal_basis", "valid_from", "valid_to"]),
        ]
        wide = ["legal_basis"]
        help_texts = {
            "points": "填了，启用时各项分值之和须等于它；不填按各项合计",
            "legal_basis": "下面的项目没有写自己的依据时引用",
            "valid_to": "仍在施行的不填",
        }


# Rows for legal bases on the page of an item: a law, its successor, the city's own, one more.
BASIS_ROWS = 4


class ChecklistItemForm(PortalModelForm):
    heading = forms.ModelChoiceField(
        ChecklistHeading.objects.none(), label="大项", to_field_name="name", empty_label="请选择"
    )
    phrases = PhrasesField(label="常用语", required=False, help_text="每行一条，填表时点一下就写上")

    class Meta:
        model = ChecklistItem
        fields = tuple(name for name in ITEM_FIELDS if name != "section")
        bases = [
            name
            for row in range(1, BASIS_ROWS + 1)
            for name in (f"basis_{row}", f"basis_from_{row}", f"basis_to_{row}")
        ]
        sections = [
            ("检查什么", ["heading", "text", "guidance", "disclosure"]),
            ("怎么扣分", ["points", "deduction_step", "is_veto", "allows_na"]),
            ("照片", ["photo_required", "pass_photo"]),
            ("不合格时", ["severity", "default_days", "phrases"]),
            ("依据（按检查当天有效的引用）", bases),
        ]
        wide = ["text", "guidance", "phrases", *bases[::3]]
        help_texts = {
            "disclosure": "查的是哪一项公示，例如 公开收费标准；不查公示的留空",
            "deduction_step": "每次加减多少分；等于分值就是有无项，不合格即扣完",
            "is_veto": "不合格时总分压到合格线以下",
            "pass_photo": "合格（有）也要留证的，选可拍或须拍",
        }

    def __init__(
        self, *args: Any, checklist: Checklist, bases: Sequence[Basis] = (), **kwargs: Any
    ) -> None:
        self.checklist, self.kept = checklist, bases
        super().__init__(*args, **kwargs)

    def _ready(self) -> None:
        headings = ChecklistHeading.objects.visible_to(self.user).filter(checklist=self.checklist)
        self.fields["heading"].queryset = headings.order_by("position")
        for row in range(1, BASIS_ROWS + 1):
            kept = self.kept[row - 1] if row <= len(self.kept) else Basis("")
            self.fields[f"basis_{row}"] = forms.CharField(
                label=f"依据 {row}", max_length=120, required=False, initial=kept.text
            )
            self.fields[f"basis_from_{row}"] = forms.DateField(
                label="施行日期", required=False, initial=kept.valid_from
            )
            self.fields[f"basis_to_{row}"] = forms.DateField(
                label="废止日期", required=False, initial=kept.valid_to,
                help_text="仍在施行的不填",
            )  # fmt: skip
        super()._ready()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        bases = []
        for row in range(1, BASIS_ROWS + 1):
            text = data.pop(f"basis_{row}", "")
            start, end = data.pop(f"basis_from_{row}", None), data.pop(f"basis_to_{row}", None)
            if (start or end) and not text:
                self.add_error(f"basis_{row}", "写了日期，请写明依据")
            if start and end and end < start:
                self.add_error(f"basis_to_{row}", "废止日期不能早于施行日期")
            if text:
                bases.append(Basis(text, start, end))
        data["bases"] = bases
        return data


# --- Rounds -----------------------------------------------------------------------------------


class RoundForm(PortalForm):
    title = forms.CharField(
        label="名称", max_length=60, help_text="第几次自动编号，例如 城乡清洁行动 第3次检查"
    )
    checklist = forms.ModelChoiceField(
        Checklist.objects.none(), label="检查表", empty_label="请选择"
    )
    start_date = forms.DateField(label="开始日期")
    end_date = forms.DateField(label="截止日期")
    kinds = forms.MultipleChoiceField(
        label="小区类别",
        choices=EstateKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="都不选就是全部类别",
    )
    streets = forms.ModelMultipleChoiceField(
        Street.objects.none(),
        label="街道（乡镇）",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="都不选就是全市",
    )
    coverage_by = forms.ChoiceField(
        label="由谁检查", choices=CoverageBy.choices, widget=forms.RadioSelect
    )

    class Meta:
        sections = [
            ("批次", ["title", "checklist", "start_date", "end_date"]),
            ("范围", ["kinds", "streets"]),
            ("检查人", ["coverage_by"]),
        ]
        wide = ["kinds", "streets", "coverage_by"]

    def _ready(self) -> None:
        self.fields["checklist"].queryset = Checklist.objects.visible_to(self.user).in_use()
        self.fields["streets"].queryset = Street.objects.visible_to(self.user).order_by("code")
        super()._ready()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("start_date"), data.get("end_date")
        if start and end and end < start:
            self.add_error("end_date", "截止日期不能早于开始日期")
        return data


class DrawForm(PortalForm):
    """The public draw: how many, by whom, and what was called out in public."""

    share_by = forms.ChoiceField(
        label="抽取方式", choices=DrawShare.choices, widget=forms.RadioSelect
    )
    share = forms.IntegerField(
        label="比例或个数", min_value=1, max_value=500, help_text="每个街道（乡镇）至少抽 1 个"
    )
    inspectors = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="参加抽取的检查员",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选一名检查员"},
    )
    seed = forms.CharField(
        label="种子",
        max_length=100,
        help_text="名单公示后当场产生，例如见证人报的数或当期开奖号码",
    )
    seed_origin = forms.CharField(
        label="种子来源", max_length=120, help_text="写明怎么来的，例如 体彩排列三第26311期"
    )
    witnesses = forms.CharField(
        label="见证人", max_length=120, help_text="不少于两人，中间用顿号隔开"
    )
    # The digest of the pool on the page; the template writes it anew at each showing.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        self.people = people
        super().__init__(*args, **kwargs)

    def _ready(self) -> None:
        self.fields["inspectors"].queryset = self.people
        super()._ready()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("share_by") == DrawShare.PERCENT and (data.get("share") or 0) > 100:
            self.add_error("share", "比例不能超过 100")
        return data


class AssignForm(PortalForm):
    inspector = forms.ModelChoiceField(
        User.objects.none(), label="检查人", empty_label="请选择检查人"
    )
    coverage = forms.MultipleChoiceField(label="小区", widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, people: Any, rows: Any, **kwargs: Any) -> None:
        self.people, self.rows = people, rows
        super().__init__(*args, **kwargs)

    def _ready(self) -> None:
        self.fields["inspector"].queryset = self.people
        self.fields["coverage"].choices = [(str(pk), str(pk)) for pk in self.rows]
        super()._ready()


# --- Inspections ------------------------------------------------------------------------------


class AdHocForm(PortalForm):
    """An inspection outside any round: which estate, by which checklist."""

    estate = forms.CharField(label="小区", max_length=60, help_text="名称、曾用名或编号")
    checklist = forms.ModelChoiceField(
        Checklist.objects.none(), label="检查表", empty_label="请选择检查表"
    )

    def _ready(self) -> None:
        self.fields["checklist"].queryset = Checklist.objects.visible_to(self.user).in_use()
        super()._ready()

    def clean_estate(self) -> Estate:
        text = self.cleaned_data["estate"].strip()
        estates = Estate.objects.visible_to(self.user).active()
        exact = list(estates.filter(name=text)[:2])
        found = exact if len(exact) == 1 else list(estates.search(text).order_by("code")[:4])
        if not found:
            raise ValidationError("没有找到这个小区，或不在你可查的范围内")
        if len(found) > 1:
            names = "、".join(f"{estate.name}（{estate.code}）" for estate in found[:3])
            raise ValidationError(f"有几个小区相符：{names}等，请写全名或编号")
        return found[0]


class ReturnForm(PortalForm):
    reason = forms.CharField(
        label="退回原因",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明哪里要补，录入人照此修改后重新上报",
    )


class FlagForm(PortalForm):
    verdict = forms.ChoiceField(label="结论", choices=FlagVerdict.choices)
    reason = forms.CharField(
        label="说明",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不可用须写明原因，退回时录入人会看到",
    )


class VisitForm(PortalForm):
    """The facts of the visit, beside its items."""

    inspected_on = forms.DateField(label="检查日期")
    companion = forms.CharField(label="同行检查人", max_length=60, required=False)
    site_contact = forms.CharField(label="陪同人", max_length=60, required=False)
    note = forms.CharField(
        label="备注", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


# Days that a clerk picks from; the item's own number of days is added where it is another.
DAYS = (0, 3, 7, 15, 30)


def day_choices(default: int) -> list[tuple[int, str]]:
    """Return the choices of 整改期限 for an item whose own number of days is ``default``."""
    days = sorted({*DAYS, default})
    return [(day, "当天改好" if day == 0 else f"{day} 天内") for day in days]


def read_answers(data: Mapping[str, Any], items: Sequence[ChecklistItem]) -> dict[int, Answer]:
    """Return what the form says of each item; fields that are missing leave it on 合格.

    Nothing is refused here: a half-filled form must be kept as it is. The names are
    ``o-<id>`` outcome, ``n-<id>`` note, ``d-<id>`` deduction, ``t-<id>`` days, ``f-<id>`` put
    right on the spot.
    """
    answers = {}
    for item in items:
        outcome = data.get(f"o-{item.pk}", Outcome.PASS)
        if outcome == Outcome.PASS:
            continue
        answers[item.pk] = Answer.from_json(
            {
                "outcome": outcome,
                "deduction": data.get(f"d-{item.pk}") or None,
                "note": data.get(f"n-{item.pk}", "")[:1000],
                "days": _whole(data.get(f"t-{item.pk}")),
                "fixed": outcome == Outcome.FAIL and data.get(f"f-{item.pk}") == "1",
            }
        )
    return answers


def form_values(inspection: Inspection) -> dict[str, str]:
    """Return the fields of the form as they would say what stands in the draft; see
    :func:`read_answers` and :func:`read_visit`."""
    values = {
        "inspected_on": inspection.inspected_on.isoformat(),
        "companion": inspection.companion,
        "site_contact": inspection.site_contact,
        "note": inspection.note,
    }
    for pk, answer in answers_of(inspection).items():
        values |= {f"o-{pk}": answer.outcome, f"n-{pk}": answer.note}
        if answer.deduction is not None:
            values[f"d-{pk}"] = plain(answer.deduction)
        if answer.days is not None:
            values[f"t-{pk}"] = str(answer.days)
        if answer.fixed:
            values[f"f-{pk}"] = "1"
    return values


def _whole(text: str | None, digits: int = 4) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= digits else None


def read_visit(data: Mapping[str, Any], inspection: Inspection | None) -> Visit:
    """Return the facts of the visit; a date that cannot be read leaves the one that stands."""
    try:
        day = dt.date.fromisoformat(data.get("inspected_on", ""))
    except ValueError:
        day = inspection.inspected_on if inspection else clock.today()
    return Visit(
        inspected_on=day,
        companion=data.get("companion", ""),
        site_contact=data.get("site_contact", ""),
        note=data.get("note", ""),
    )


def read_uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def _number(value: Any, most: int) -> Decimal | None:
    """Return degrees with six decimals, or nothing for what is none."""
    try:
        number = Decimal(str(value))
        return number.quantize(Decimal("0.000001")) if abs(number) <= most else None
    except ArithmeticError:
        return None


def read_camera(data: Mapping[str, Any]) -> Camera:
    """Return what the phone read of a picture (``taken_at`` ISO, ``latitude``, ``longitude``);
    what cannot be read is left out."""
    try:
        taken = dt.datetime.fromisoformat(str(data.get("taken_at") or ""))
        taken = taken if taken.tzinfo else taken.replace(tzinfo=clock.SHANGHAI)
    except ValueError:
        taken = None
    if taken is not None and not 1990 <= taken.year <= 2100:
        taken = None
    latitude, longitude = _number(data.get("latitude"), 90), _number(data.get("longitude"), 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Camera(taken, latitude, longitude)


def read_stage(text: Any) -> str:
    return PhotoStage.FIXED if text == PhotoStage.FIXED else PhotoStage.FOUND


def read_announcements(rows: Any) -> list[Announcement]:
    """Return the photos that a draft announces; rows without a key or an item are left out."""
    told = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        key, item = read_uuid(str(row.get("key", ""))), _whole(str(row.get("item", "")), 18)
        if key is None or item is None:
            continue
        sha256 = str(row.get("sha256", "")).lower()
        whole = re.fullmatch(r"[0-9a-f]{64}", sha256) is not None
        told.append(Announcement(key, item, read_stage(row.get("stage")), sha256 if whole else ""))
    return told[:500]


# --- Rectification ----------------------------------------------------------------------------


class OrderIssueForm(PortalForm):
    """Which failed items go into the order, what is demanded, until when."""

    kind = forms.ChoiceField(
        label="文书",
        choices=OrderKind.choices,
        widget=forms.RadioSelect,
        help_text="限期整改单进台账、限期销号，不写依据，不用送达回证",
    )
    legal_basis = forms.CharField(
        label="依据",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="责令限期整改通知书须写明",
    )
    deadline = forms.DateField(label="整改期限", help_text="含当天，到 24:00 为止")
    demand = forms.CharField(
        label="总的要求",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="印在各项问题之后",
    )

    class Meta:
        wide = ["legal_basis", "demand"]

    def __init__(self, *args: Any, results: Sequence[ItemResult], **kwargs: Any) -> None:
        self.results = list(results)
        super().__init__(*args, **kwargs)

    def _ready(self) -> None:
        for result in self.results:
            self.fields[f"pick-{result.pk}"] = forms.BooleanField(
                label=f"{result.item.code} {result.item.text}", required=False
            )
            self.fields[f"want-{result.pk}"] = forms.CharField(
                label="整改要求", max_length=200, required=False
            )
        super()._ready()

    @property
    def rows(self) -> list[tuple[ItemResult, forms.BoundField, forms.BoundField]]:
        return [(row, self[f"pick-{row.pk}"], self[f"want-{row.pk}"]) for row in self.results]

    @property
    def chosen(self) -> list[ItemResult]:
        return [row for row in self.results if self.cleaned_data.get(f"pick-{row.pk}")]

    @property
    def requirements(self) -> dict[int, str]:
        return {row.pk: self.cleaned_data.get(f"want-{row.pk}", "") for row in self.results}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.chosen:
            self.add_error(None, "请至少勾选一个不合格项。")
        formal = data.get("kind") == OrderKind.FORMAL
        if formal and not str(data.get("legal_basis", "")).strip():
            self.add_error("legal_basis", "责令限期整改通知书须写明依据。")
        return data


class ServeForm(PortalForm):
    served_on = forms.DateField(label="送达日期")
    service_method = forms.ChoiceField(label="送达方式", choices=ServiceMethod.choices)
    served_to = forms.CharField(label="签收人", max_length=30)
    served_by = forms.CharField(
        label="送达人", max_length=60, help_text="不少于两人，中间用顿号隔开"
    )


# Arguments of the reply service, each with the field that holds it for one item.
_ANSWERS = (("measures", "measure"), ("done_on", "done"), ("undone", "undone"))


class ReplyForm(PortalForm):
    """What was done about each open item, with photos of it."""

    completed_on = forms.DateField(label="完成日期")
    responsible = forms.CharField(label="责任人", max_length=30)
    statement = forms.CharField(
        label="其他说明",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, items: Sequence[RectificationItem], **kwargs: Any) -> None:
        self.items = list(items)
        super().__init__(*args, **kwargs)

    def _ready(self) -> None:
        for item in self.items:
            self.fields[f"measure-{item.pk}"] = forms.CharField(
                label="整改措施",
                max_length=300,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"photos-{item.pk}"] = PhotosField(
                label="整改后照片",
                required=False,
                help_text="至少 1 张" if item.result.item.photo_required else "",
            )
            self.fields[f"done-{item.pk}"] = forms.DateField(
                label="这一项的完成日期", required=False, help_text="不填就是下面的完成日期"
            )
            self.fields[f"undone-{item.pk}"] = forms.CharField(
                label="没有完成的，写明原因",
                max_length=300,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
                help_text="写了原因，这一项就按没有完成报，不用附照片",
            )
        super()._ready()

    @property
    def rows(self) -> list[tuple[RectificationItem, dict[str, forms.BoundField]]]:
        """Return each item with its fields ``measure``, ``photos``, ``done`` and ``undone``."""
        names = ("measure", "photos", "done", "undone")
        for item in self.items:  # only shown so: the service excuses what is said to be undone
            self.fields[f"measure-{item.pk}"].required = True
            self.fields[f"photos-{item.pk}"].required = item.result.item.photo_required
        return [(item, {name: self[f"{name}-{item.pk}"] for name in names}) for item in self.items]

    @property
    def answers(self) -> dict[str, dict[int, Any]]:
        """Return what the reply service wants of the items, by its argument."""
        return {
            argument: {item.pk: self.cleaned_data.get(f"{name}-{item.pk}") for item in self.items}
            for argument, name in _ANSWERS
        }

    @property
    def sender(self) -> dict[str, str]:
        """Return who filled it in, where the form asks."""
        names = ("reporter_name", "reporter_phone")
        return {name: self.cleaned_data[name] for name in names if name in self.fields}


class _SenderMixin(forms.Form):
    """Who fills in a form without an account."""

    reporter_name = forms.CharField(label="填报人", max_length=30)
    reporter_phone = forms.CharField(
        label="联系电话",
        max_length=20,
        help_text="只给办理这件事的人看",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )


class LinkReplyForm(ReplyForm, _SenderMixin):
    """The same, by the firm with its signed link."""


class ExtensionForm(PortalForm):
    wished_day = forms.DateField(label="申请延至")
    reason = forms.CharField(
        label="原因",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="每份整改单只能申请一次，期限届满前提出",
    )


class LinkExtensionForm(ExtensionForm, _SenderMixin):
    pass


class ExtensionDecideForm(PortalForm):
    verdict = forms.ChoiceField(
        label="审批",
        choices=[("grant", "准予延期"), ("refuse", "不予延期")],
        widget=forms.RadioSelect,
    )
    until = forms.DateField(
        label="延至", required=False, help_text="准予延期时填，不填就是申请的日期"
    )
    note = forms.CharField(
        label="意见",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="不予延期须写明原因",
    )


class ObjectionForm(PortalForm):
    reason = forms.CharField(
        label="异议理由",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="哪一项与事实不符，有什么依据。每份整改单只能提出一次",
    )


class LinkObjectionForm(ObjectionForm, _SenderMixin):
    pass


class ObjectionDecideForm(PortalForm):
    verdict = forms.ChoiceField(
        label="复核结论",
        choices=[("reject", "异议不成立，继续整改"), ("uphold", "异议成立，撤销整改单")],
        widget=forms.RadioSelect,
    )
    opinion = forms.CharField(
        label="复核意见", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class RevokeForm(PortalForm):
    reason = forms.CharField(label="原因", max_length=200, required=False)


class InterviewForm(PortalForm):
    invited = forms.CharField(label="约谈对象", max_length=120)
    scheduled_at = forms.DateTimeField(label="约谈时间")
    place = forms.CharField(label="约谈地点", max_length=100)
    cause = forms.CharField(
        label="约谈事由", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
    bring = forms.CharField(label="需带材料", max_length=200, required=False)

    class Meta:
        wide = ["cause", "bring"]


class MinutesForm(PortalForm):
    held_on = forms.DateField(label="约谈日期")
    host = forms.CharField(label="主持人", max_length=30)
    recorder = forms.CharField(label="记录人", max_length=30)
    attendees = forms.CharField(label="参加人", max_length=200, help_text="中间用顿号隔开")
    problems = forms.CharField(
        label="通报的问题", max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    statement = forms.CharField(
        label="企业表态", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    demands = forms.CharField(
        label="整改要求", max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    demands_deadline = forms.DateField(label="整改期限")


class CircularForm(PortalForm):
    title = forms.CharField(label="标题", max_length=80)
    text = forms.CharField(
        label="正文",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="一行一段",
    )

    class Meta:
        wide = ["title", "text"]


class HandoverForm(PortalForm):
    organ = forms.CharField(label="接收机关", max_length=60)
    handed_on = forms.DateField(label="移交日期")
    received_by = forms.CharField(label="接收人", max_length=30, required=False)
    facts = forms.CharField(
        label="移交事由", max_length=500, widget=forms.Textarea(attrs={"rows": 4})
    )
    materials = forms.CharField(
        label="移交材料清单",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="一行一件",
    )


class FeedbackForm(PortalForm):
    answered_on = forms.DateField(label="反馈日期")
    document_number = forms.CharField(label="处理文书文号", max_length=60, required=False)
    result = forms.CharField(
        label="处理结果", max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    class Meta:
        wide = ["result"]


class ArrangeForm(PortalForm):
    person = forms.ModelChoiceField(
        User.objects.none(),
        label="复查人",
        empty_label="请选择复查人",
        help_text="填报整改的人除外",
    )
    companion = forms.CharField(
        label="同行复查人", max_length=60, required=False, help_text="意见书须两人署名"
    )
    day = forms.DateField(label="复查日期")

    def __init__(self, *args: Any, order: RectificationOrder, people: Any, **kwargs: Any) -> None:
        self.order, self.people = order, people
        super().__init__(*args, **kwargs)

    def _ready(self) -> None:
        self.fields["person"].queryset = self.people
        super()._ready()


@dataclass(frozen=True)
class DoubtRow:
    """A doubt about a photo of the reply; with the fields of its conclusion while it is open."""

    doubt: Doubt
    verdict: forms.BoundField | None = None
    reason: forms.BoundField | None = None


@dataclass(frozen=True)
class RecheckRow:
    """One open item with its fields and the doubts about its photos."""

    item: RectificationItem
    done: forms.BoundField
    finding: forms.BoundField
    doubts: Sequence[DoubtRow]


class RecheckForm(PortalForm):
    """What the recheck found on each open item, and what doubts about its photos come to."""

    checked_on = forms.DateField(label="复查日期")
    companion = forms.CharField(
        label="同行复查人", max_length=60, required=False, help_text="意见书须两人署名"
    )
    new_deadline = forms.DateField(
        label="新的整改期限", required=False, help_text="有整改不到位的才填"
    )
    opinion = forms.CharField(
        label="复查意见",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="不填就按各项结果写成规范用语",
    )

    class Meta:
        wide = ["opinion"]

    def __init__(
        self,
        *args: Any,
        items: Sequence[RectificationItem],
        doubts: Mapping[int, Sequence[Doubt]],
        **kwargs: Any,
    ) -> None:
        """``doubts`` are those about the photos of each item's repair, by id of the item."""
        self.items, self.doubts = list(items), doubts
        super().__init__(*args, **kwargs)

    @property
    def open_flags(self) -> list[int]:
        return [
            doubt.flag.pk for found in self.doubts.values() for doubt in found if doubt.flag.is_open
        ]

    def _ready(self) -> None:
        for pk in self.open_flags:
            self.fields[f"verdict-{pk}"] = forms.ChoiceField(
                label="疑点结论",
                choices=FlagVerdict.choices,
                widget=forms.RadioSelect,
                required=False,
                help_text="算整改到位的，须写结论",
            )
            self.fields[f"reason-{pk}"] = forms.CharField(
                label="结论说明", max_length=200, required=False, help_text="不可用须写明原因"
            )
        for item in self.items:
            self.fields[f"done-{item.pk}"] = forms.ChoiceField(
                label="复查结果",
                choices=[("1", "整改到位"), ("0", "整改不到位")],
                widget=forms.RadioSelect,
            )
            self.fields[f"finding-{item.pk}"] = forms.CharField(
                label="复查情况", max_length=200, required=False
            )
        super()._ready()

    @property
    def rows(self) -> list[RecheckRow]:
        return [
            RecheckRow(
                item,
                self[f"done-{item.pk}"],
                self[f"finding-{item.pk}"],
                [self._doubt_row(doubt) for doubt in self.doubts.get(item.pk, ())],
            )
            for item in self.items
        ]

    def _doubt_row(self, doubt: Doubt) -> DoubtRow:
        pk = doubt.flag.pk
        if not doubt.flag.is_open:
            return DoubtRow(doubt)
        # Only shown so: the service excuses it where the item is not found done.
        self.fields[f"verdict-{pk}"].required = True
        return DoubtRow(doubt, self[f"verdict-{pk}"], self[f"reason-{pk}"])

    @property
    def findings(self) -> dict[int, Finding]:
        data = self.cleaned_data
        return {
            item.pk: Finding(data[f"done-{item.pk}"] == "1", data[f"finding-{item.pk}"])
            for item in self.items
        }

    @property
    def verdicts(self) -> dict[int, Verdict]:
        data = self.cleaned_data
        return {pk: Verdict(data[f"verdict-{pk}"], data[f"reason-{pk}"]) for pk in self.open_flags}
