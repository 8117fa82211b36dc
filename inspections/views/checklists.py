"""Checklists: the list, the record with its items, editing a draft, the phone form as preview."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property

from inspections import selectors, services
from inspections.calculations import plain
from inspections.choices import CHECKLIST_EDITORS, ChecklistStatus
from inspections.filters import ChecklistFilterSet
from inspections.forms import (
    ChecklistForm,
    ChecklistItemForm,
    ChecklistUpdateForm,
    HeadingForm,
)
from inspections.models import Checklist, ChecklistHeading, ChecklistItem
from inspections.tables import ChecklistTable, checklist_pill
from xingyang_pm.common import clock
from xingyang_pm.common.formats import numeral
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Pill,
    RecordPage,
    TemplatePage,
)

from .entry import headings_of

LIST = "inspections:checklist-list"
FROZEN = "使用过的检查表不能修改，请另立新版。"
ZERO = Decimal(0)


class ChecklistList(ListPage):
    model, table_class, filterset_class = Checklist, ChecklistTable, ChecklistFilterSet
    title, unit = "检查表", "版"
    saves_views = False
    empty_text = "还没有检查表。先编制一张，启用后就能建立检查批次。"
    actions = [
        Action(
            "编制检查表",
            "inspections:checklist-create",
            icon="plus",
            primary=True,
            roles=CHECKLIST_EDITORS,
        )
    ]

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_counts()


def _is_draft(view: Any) -> bool:
    return view.object.is_draft


class ChecklistDetail(RecordPage):
    model = Checklist
    list_url = LIST
    template_name = "inspections/checklist_detail.html"
    actions = [
        Action("手机表样", "inspections:checklist-preview", icon="device-mobile", by_pk=True),
        Action(
            "与别版比较",
            "inspections:checklist-compare",
            icon="arrows-diff",
            by_pk=True,
            show=lambda view: view.has_others,
        ),
        Action(
            "停用",
            "inspections:checklist-retire",
            by_pk=True,
            roles=CHECKLIST_EDITORS,
            show=lambda view: view.object.status == ChecklistStatus.IN_USE,
        ),
        Action(
            "另立新版",
            "inspections:checklist-copy",
            icon="copy",
            by_pk=True,
            roles=CHECKLIST_EDITORS,
            primary=True,
            show=lambda view: not view.object.is_draft,
        ),
        Action(
            "删去这版",
            "inspections:checklist-discard",
            by_pk=True,
            roles=CHECKLIST_EDITORS,
            show=_is_draft,
        ),
        Action(
            "修改名称和分数线",
            "inspections:checklist-update",
            icon="pencil",
            by_pk=True,
            roles=CHECKLIST_EDITORS,
            show=_is_draft,
        ),
        Action(
            "启用",
            "inspections:checklist-activate",
            by_pk=True,
            roles=CHECKLIST_EDITORS,
            primary=True,
            show=_is_draft,
        ),
    ]

    @cached_property
    def has_others(self) -> bool:
        return versions_beside(self.object, self.user).exists()

    def get_pills(self) -> list[Pill]:
        return [checklist_pill(self.object)]

    def notices(self) -> Sequence[Notice]:
        if not self.object.is_draft:
            return []
        problem = services.activation_problem(self.object)
        if problem:
            return [Notice(problem, "a")]
        return [Notice("分值合计正好，可以启用。启用后项目不能再改，要改须另立新版。")]

    def facts(self) -> Sequence[Fact]:
        checklist = self.object
        marks = (
            f"优秀 {plain(checklist.excellent_score)}、良好 {plain(checklist.good_score)}、"
            f"合格 {plain(checklist.pass_score)}"
        )
        return [
            Fact("类别", checklist.get_kind_display()),
            Fact("版次", f"第{checklist.version}版"),
            Fact("启用日期", checklist.effective_from),
            Fact("停用日期", checklist.retired_on),
            Fact("满分", f"{plain(checklist.full_score)} 分"),
            Fact("分数线", marks),
            Fact("编制人", str(checklist.created_by)),
            Fact("用过", f"{checklist.inspections.visible_to(self.user).count()} 次检查"),
        ]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        items = list(
            self.object.items.visible_to(self.user).order_by("position").prefetch_related("bases")
        )
        by_section: dict[int, list[ChecklistItem]] = {}
        for item in items:
            by_section.setdefault(item.section_id, []).append(item)
        sections = self.object.headings.visible_to(self.user).order_by("position")
        groups = [
            {
                "heading": section,
                "numeral": numeral(place),
                "items": by_section.get(section.pk, []),
                "points": sum((item.points for item in by_section.get(section.pk, [])), ZERO),
            }
            for place, section in enumerate(sections, start=1)
        ]
        editable = self.object.is_draft and self.user.has_role(*CHECKLIST_EDITORS)
        return super().get_context(
            groups=groups,
            item_count=len(items),
            point_total=sum((item.points for item in items), ZERO),
            editable=editable,
            has_side=True,
            **extra,
        )


def versions_beside(checklist: Checklist, user: Any) -> QuerySet:
    """Return the other versions of the same kind, the newest first."""
    rows = Checklist.objects.visible_to(user).filter(kind=checklist.kind)
    return rows.exclude(pk=checklist.pk).order_by("-version")


class ChecklistCompare(TemplatePage):
    """What one version adds to, drops from and changes against another of its kind."""

    model, list_url = Checklist, LIST
    template_name = "inspections/checklist_compare.html"
    title = "比较两版"

    def get_meta(self) -> str:
        return str(self.object)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        others = list(versions_beside(self.object, self.user))
        asked = self.request.GET.get("with", "")
        before = [row for row in others if row.version < self.object.version]
        default = before[0] if before else (others[0] if others else None)
        other = next((row for row in others if str(row.pk) == asked), default)
        comparison = None
        if other is not None:
            older, newer = sorted((self.object, other), key=lambda row: row.version)
            comparison = selectors.compare_checklists(older, newer, self.user)
            extra |= {"older": older, "newer": newer}
        return super().get_context(others=others, other=other, comparison=comparison, **extra)


class ChecklistCreate(FormPage):
    form_class, roles, list_url = ChecklistForm, CHECKLIST_EDITORS, LIST
    title, submit_label = "编制检查表", "建立草稿"
    intro = "先定名称和分数线，建立后再逐项增加检查内容。已有检查表的，到那一版上“另立新版”更省事。"

    def get_initial(self) -> dict[str, Any]:
        return {"effective_from": clock.today()}

    def perform(self, form: ChecklistForm) -> Checklist:
        return services.checklist_create(actor=self.user, **form.cleaned_data)

    def done_message(self, result: Checklist) -> str:
        return f"已建立 {result} 的草稿，请增加检查项目。"


class ChecklistUpdate(FormPage):
    model, form_class, roles, list_url = Checklist, ChecklistUpdateForm, CHECKLIST_EDITORS, LIST
    title, submit_label = "修改名称和分数线", "保存修改"

    def perform(self, form: ChecklistUpdateForm) -> Checklist:
        return services.checklist_update(
            checklist=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Checklist) -> str:
        return "检查表已修改。"


class _ChecklistAct(ActionPage):
    model, roles, list_url = Checklist, CHECKLIST_EDITORS, LIST


class ChecklistActivate(_ChecklistAct):
    title, submit_label = "启用检查表", "启用"

    def sentence(self) -> str:
        former = (
            Checklist.objects.visible_to(self.user).in_use().filter(kind=self.object.kind).first()
        )
        day = clock.chinese_date(self.object.effective_from)
        replaced = f"现行的第{former.version}版同日停用。" if former else ""
        return f"{self.object} 自{day}起启用，启用后项目不能再改。{replaced}"

    def refusal(self) -> str:
        if not self.object.is_draft:
            return "这一版已经启用过。"
        return services.activation_problem(self.object)

    def perform(self, form: None) -> Checklist:
        return services.checklist_activate(checklist=self.object, actor=self.user)

    def done_message(self, result: Checklist) -> str:
        return f"{result} 已启用。"


class ChecklistRetire(_ChecklistAct):
    title, submit_label, danger = "停用检查表", "停用", True

    def sentence(self) -> str:
        return f"{self.object} 停用后不能再建批次，用过的检查不变。停用的不再启用，可另立新版。"

    def refusal(self) -> str:
        return "" if self.object.status == ChecklistStatus.IN_USE else "这一版不在使用中。"

    def perform(self, form: None) -> Checklist:
        return services.checklist_retire(checklist=self.object, actor=self.user)

    def done_message(self, result: Checklist) -> str:
        return f"{result} 已停用。"


class ChecklistCopy(_ChecklistAct):
    title, submit_label = "另立新版", "另立新版"

    def sentence(self) -> str:
        count = self.object.items.visible_to(self.user).count()
        return f"从 {self.object} 的 {count} 项另立一版草稿，改好后启用，原来这版不变。"

    def perform(self, form: None) -> Checklist:
        return services.checklist_copy_as_new_version(checklist=self.object, actor=self.user)

    def done_message(self, result: Checklist) -> str:
        return f"已建立 {result} 的草稿。"


class ChecklistDiscard(_ChecklistAct):
    title, submit_label, danger = "删去这版草稿", "删去", True
    success_url = LIST

    def sentence(self) -> str:
        count = self.object.items.visible_to(self.user).count()
        return f"{self.object} 和它的 {count} 项检查内容将删去，不能恢复。"

    def refusal(self) -> str:
        return "" if self.object.is_draft else "使用过的检查表不能删除，请另立新版。"

    def perform(self, form: None) -> None:
        services.checklist_discard(checklist=self.object, actor=self.user)

    def done_message(self, result: None) -> str:
        return "草稿已删去。"


class ChecklistPreview(TemplatePage):
    """The phone form of a checklist as a clerk will see it; nothing can be sent from it."""

    model, list_url = Checklist, LIST
    template_name = "inspections/entry.html"

    def get_title(self) -> str:
        return self.object.title

    def get_meta(self) -> str:
        return f"第{self.object.version}版 表样"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        items = list(self.object.items.visible_to(self.user).order_by("position"))
        return super().get_context(
            groups=headings_of(items),
            preview=True,
            checklist=self.object,
            back_url=self.object.get_absolute_url(),
            marks_full=plain(self.object.full_score),
            marks_pass=plain(self.object.pass_score),
            **extra,
        )


# --- Items ------------------------------------------------------------------------------------


class HeadingCreate(FormPage):
    model, form_class, roles, list_url = Checklist, HeadingForm, CHECKLIST_EDITORS, LIST
    title, submit_label = "增加大项", "增加大项"

    def get_meta(self) -> str:
        return str(self.object)

    def refusal(self) -> str:
        return "" if self.object.is_draft else FROZEN

    def perform(self, form: HeadingForm) -> ChecklistHeading:
        return services.checklist_heading_add(
            checklist=self.object, actor=self.user, **form.cleaned_data
        )

    def get_success_url(self, result: ChecklistHeading) -> str:
        return f"{self.object.get_absolute_url()}#heading-{result.pk}"

    def done_message(self, result: ChecklistHeading) -> str:
        return f"已增加大项 {result}。"


class HeadingUpdate(FormPage):
    model, form_class, roles, list_url = ChecklistHeading, HeadingForm, CHECKLIST_EDITORS, LIST
    title, submit_label = "修改大项", "保存修改"

    def get_meta(self) -> str:
        return f"{self.object.checklist}　{self.object}"

    def refusal(self) -> str:
        return "" if self.object.checklist.is_draft else FROZEN

    def perform(self, form: HeadingForm) -> ChecklistHeading:
        return services.checklist_heading_update(
            heading=self.object, actor=self.user, **form.cleaned_data
        )

    def get_success_url(self, result: ChecklistHeading) -> str:
        return f"{result.checklist.get_absolute_url()}#heading-{result.pk}"

    def get_cancel_url(self) -> str:
        return self.object.checklist.get_absolute_url()

    def done_message(self, result: ChecklistHeading) -> str:
        return f"大项 {result} 已修改。"


class HeadingRemove(ActionPage):
    model, roles, list_url = ChecklistHeading, CHECKLIST_EDITORS, LIST
    title, submit_label, danger = "删去大项", "删去", True

    def sentence(self) -> str:
        return f"大项 {self.object} 将从 {self.object.checklist} 删去，后面的大项重新编号。"

    def refusal(self) -> str:
        if not self.object.checklist.is_draft:
            return FROZEN
        count = self.object.items.visible_to(self.user).count()
        return f"“{self.object}”下还有 {count} 个项目，请先删去或改到别的大项。" if count else ""

    def perform(self, form: None) -> Checklist:
        return services.checklist_heading_remove(heading=self.object, actor=self.user)

    def get_success_url(self, result: Checklist) -> str:
        return result.get_absolute_url()

    def get_cancel_url(self) -> str:
        return self.object.checklist.get_absolute_url()

    def done_message(self, result: Checklist) -> str:
        return "大项已删去，编号已重排。"


class HeadingMove(ActionPage):
    """A heading with its items, one place up (``up=1``) or down."""

    model, roles, list_url = ChecklistHeading, CHECKLIST_EDITORS, LIST
    post_only = True
    title, submit_label = "调整顺序", "调整顺序"

    def perform(self, form: None) -> Checklist:
        return services.checklist_heading_move(
            heading=self.object, actor=self.user, up=self.request.POST.get("up") == "1"
        )

    def get_success_url(self, result: Checklist) -> str:
        return f"{result.get_absolute_url()}#heading-{self.object.pk}"

    def get_cancel_url(self) -> str:
        return self.object.checklist.get_absolute_url()


class ItemCreate(FormPage):
    model, form_class, roles, list_url = Checklist, ChecklistItemForm, CHECKLIST_EDITORS, LIST
    title, submit_label = "增加检查项目", "增加项目"

    def get_meta(self) -> str:
        return str(self.object)

    def get_initial(self) -> dict[str, Any]:
        return {"heading": self.request.GET.get("heading", "")[:40]}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "checklist": self.object}

    def refusal(self) -> str:
        if not self.object.is_draft:
            return FROZEN
        known = self.object.headings.visible_to(self.user).exists()
        return "" if known else "请先增加大项，再在大项下增加项目。"

    def perform(self, form: ChecklistItemForm) -> ChecklistItem:
        return services.checklist_item_add(
            checklist=self.object, actor=self.user, **form.cleaned_data
        )

    def get_success_url(self, result: ChecklistItem) -> str:
        return f"{self.object.get_absolute_url()}#item-{result.pk}"

    def done_message(self, result: ChecklistItem) -> str:
        return f"已增加 {result}。"


class ItemUpdate(FormPage):
    model, form_class, roles, list_url = ChecklistItem, ChecklistItemForm, CHECKLIST_EDITORS, LIST
    title, submit_label = "修改检查项目", "保存修改"

    def get_meta(self) -> str:
        return f"{self.object.checklist}　{self.object.code}"

    def get_initial(self) -> dict[str, Any]:
        return {"heading": self.object.section}

    def get_form_kwargs(self) -> dict[str, Any]:
        item = self.object
        return {
            **super().get_form_kwargs(),
            "checklist": item.checklist,
            "bases": services.bases_of(item),
        }

    def refusal(self) -> str:
        return "" if self.object.checklist.is_draft else FROZEN

    def perform(self, form: ChecklistItemForm) -> ChecklistItem:
        return services.checklist_item_update(
            item=self.object, actor=self.user, **form.cleaned_data
        )

    def get_success_url(self, result: ChecklistItem) -> str:
        return f"{result.checklist.get_absolute_url()}#item-{result.pk}"

    def get_cancel_url(self) -> str:
        return self.object.checklist.get_absolute_url()

    def done_message(self, result: ChecklistItem) -> str:
        return f"{result} 已修改。"


class ItemRemove(ActionPage):
    model, roles, list_url = ChecklistItem, CHECKLIST_EDITORS, LIST
    title, submit_label, danger = "删去检查项目", "删去", True

    def sentence(self) -> str:
        return f"{self.object}（{plain(self.object.points)} 分）将从 {self.object.checklist} 删去。"

    def refusal(self) -> str:
        return "" if self.object.checklist.is_draft else "使用过的检查表不能修改，请另立新版。"

    def perform(self, form: None) -> Checklist:
        return services.checklist_item_remove(item=self.object, actor=self.user)

    def get_success_url(self, result: Checklist) -> str:
        return result.get_absolute_url()

    def get_cancel_url(self) -> str:
        return self.object.checklist.get_absolute_url()

    def done_message(self, result: Checklist) -> str:
        return "项目已删去，编号已重排。"


class ItemMove(ActionPage):
    """One place up or down; the buttons send ``up=1`` or nothing."""

    model, roles, list_url = ChecklistItem, CHECKLIST_EDITORS, LIST
    post_only = True
    title, submit_label = "调整顺序", "调整顺序"

    def perform(self, form: None) -> Checklist:
        return services.checklist_item_move(
            item=self.object, actor=self.user, up=self.request.POST.get("up") == "1"
        )

    def get_success_url(self, result: Checklist) -> str:
        return f"{result.get_absolute_url()}#item-{self.object.pk}"

    def get_cancel_url(self) -> str:
        return self.object.checklist.get_absolute_url()
