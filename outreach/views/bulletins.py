"""Pages of the work bulletin: list, editor with preview, sending, signing, the file."""

import json
import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.clickjacking import xframe_options_sameorigin

from outreach.calculations import BLOCK_LABELS, Finding, findings, mismatches, with_figure
from outreach.choices import DRAFTERS, SIGNERS, BulletinStatus
from outreach.exports import TEMPLATE, bulletin_context
from outreach.filters import BulletinFilterSet
from outreach.forms import DraftForm, ReturnForm
from outreach.models import Bulletin
from outreach.selectors import IssueNumber, issue_number
from outreach.services import bulletins
from outreach.tables import BulletinTable, bulletin_pill, issue_words
from xingyang_pm.common.access import holds
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.pdf.render import render_html
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    FormPage,
    ListPage,
    Pill,
    PortalView,
)


class BulletinList(ListPage):
    model, table_class, filterset_class = Bulletin, BulletinTable, BulletinFilterSet
    title, unit = "工作简报", "期简报"
    actions = [
        Action(
            "按检查批次拟稿",
            "outreach:bulletin-create",
            icon="plus",
            primary=True,
            roles=DRAFTERS,
        )
    ]
    empty_text = "还没有简报。检查批次有结果后可以拟稿。"


class BulletinCreate(FormPage):
    form_class, roles = DraftForm, DRAFTERS
    title, submit_label, list_url = "按检查批次拟稿", "拟稿", "outreach:bulletin-list"
    intro = "选一个检查批次，平台按检查结果拟好各章节和得分表，再由拟稿人修改。"

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("round", "")
        return {"round": asked} if asked.isdecimal() else {}

    def perform(self, form: DraftForm) -> Bulletin:
        return bulletins.bulletin_draft(round=form.cleaned_data["round"], actor=self.user)

    def done_message(self, result: Bulletin) -> str:
        return f"已按 {result.round} 拟稿，冻结 {len(result.figures)} 处数据。"


# 一、总体情况: the list of sections is narrow, and its order says the number.
_NUMERAL = re.compile(r"^[一二三四五六七八九十]+、(?=.)")


def _findings(bulletin: Bulletin) -> list[Finding]:
    return findings(bulletin.blocks, bulletin.figure_map)


def _counts(found: list[Finding]) -> tuple[int, int]:
    """Return how many of ``found`` are wrong, and how many are only doubtful."""
    doubts = sum(item.warning for item in found)
    return len(found) - doubts, doubts


class BulletinDetail(PortalView):
    """The three-pane editor; for those who may not edit now, the same without its pens."""

    model = Bulletin
    list_url = "outreach:bulletin-list"
    template_name = "outreach/bulletin_editor.html"

    def get_rows(self) -> Any:
        return super().get_rows().select_related("drafted_by", "signed_by", "round", "job")

    def get_title(self) -> str:
        return str(self.issue)

    @cached_property
    def issue(self) -> IssueNumber:
        return issue_number(self.object)

    def get_pills(self) -> list[Pill]:
        return [bulletin_pill(self.object)]

    @property
    def editable(self) -> bool:
        return self.object.status == BulletinStatus.DRAFT and holds(self.user, DRAFTERS)

    def get_actions(self) -> list[Action]:
        bulletin, pk = self.object, [self.object.pk]
        if bulletin.status == BulletinStatus.DRAFT:
            return [
                Action("送签发", "outreach:bulletin-submit", primary=True, args=pk, roles=DRAFTERS)
            ]
        if bulletin.status == BulletinStatus.REVIEW:
            return [
                Action(
                    "退回拟稿",
                    "outreach:bulletin-return",
                    icon="arrow-back-up",
                    args=pk,
                    roles=SIGNERS,
                ),
                Action("签发", "outreach:bulletin-sign", primary=True, args=pk, roles=SIGNERS),
            ]
        if bulletin.pdf:
            return [
                Action(
                    "打开简报文件", "outreach:bulletin-pdf", icon="file-text", primary=True, args=pk
                )
            ]
        return [
            Action(
                "重新排版",
                "outreach:bulletin-print",
                icon="printer",
                method="post",
                args=pk,
                roles=DRAFTERS | SIGNERS,
            )
        ]

    def get_context(self, **extra: Any) -> dict[str, Any]:
        bulletin = self.object
        found = [] if bulletin.status == BulletinStatus.ISSUED else _findings(bulletin)
        by_block: dict[int, list[Finding]] = {}
        for finding in found:
            by_block.setdefault(finding.block, []).append(finding)
        blocks = [
            {
                **block,
                "index": index,
                "label": BLOCK_LABELS[block["kind"]],
                "findings": by_block.get(index, []),
                "rows_shown": min(12, max(2, len(block.get("text", "")) // 34 + 1)),
            }
            for index, block in enumerate(bulletin.blocks)
        ]
        sections: list[dict[str, Any]] = []
        for block in blocks:
            if block["kind"] == "h1":
                name = _NUMERAL.sub("", block["text"])
                sections.append({**block, "name": name, "wrong": 0, "doubts": 0})
            elif sections:
                wrong, doubts = _counts(block["findings"])
                sections[-1]["wrong"] += wrong
                sections[-1]["doubts"] += doubts
        wrong, doubts = _counts(found)
        return super().get_context(
            bulletin=bulletin,
            blocks=blocks,
            sections=sections,
            wrong=wrong,
            doubts=doubts,
            editable=self.editable,
            saved_at=moment_label(bulletin.updated_at),
            history=timeline(bulletin, 12) if self.user.sees_city else [],
            **extra,
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()


class BulletinSave(PortalView):
    """Keeps the text: from the page's form, or as JSON while the drafter writes."""

    model, roles = Bulletin, DRAFTERS
    list_url = "outreach:bulletin-list"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            sent = json.loads(request.body)
            title, blocks = str(sent["title"]), sent["blocks"]
        except (ValueError, KeyError, TypeError):
            return JsonResponse({"message": "没有读到简报正文，没有保存。"}, status=400)
        try:
            saved = bulletins.bulletin_save(
                bulletin=self.object, actor=self.user, title=title, blocks=blocks
            )
        except BusinessError as error:
            return JsonResponse({"message": error.message}, status=422)
        return JsonResponse(
            {
                "message": f"{moment_label(saved.updated_at)} 已保存",
                "wrong": [
                    {
                        "key": saved.blocks[item.block]["key"],
                        "label": item.label,
                        "sentence": item.sentence,
                        "found": item.found,
                        "place": item.place,
                        "expected": item.expected,
                        "warning": item.warning,
                    }
                    for item in _findings(saved)
                ],
            }
        )


class BulletinCorrect(PortalView):
    """Puts the frozen figure where another number was typed."""

    model, roles = Bulletin, DRAFTERS
    list_url = "outreach:bulletin-list"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        bulletin = self.object
        clicked = tuple(request.POST.get(name, "") for name in ("key", "place", "expected"))
        blocks = [dict(block) for block in bulletin.blocks]
        for item in _findings(bulletin):
            block = blocks[item.block]
            if item.place is None or (block["key"], str(item.place), item.expected) != clicked:
                continue
            block["text"] = with_figure(block["text"], item.place, item.expected)
            bulletins.bulletin_save(
                bulletin=bulletin, actor=self.user, title=bulletin.title, blocks=blocks
            )
            break
        else:
            messages.warning(request, "文字已经改过，没有替换。请按现在标出的再改。")
        return HttpResponseRedirect(bulletin.get_absolute_url())


@method_decorator(xframe_options_sameorigin, name="dispatch")
class BulletinPreview(PortalView):
    """The paper as HTML, in the frame of the editor."""

    model = Bulletin

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(render_html(TEMPLATE, bulletin_context(self.object)))


NOT_IN_REVIEW = "简报不在待签发状态。"


class BulletinSubmit(ActionPage):
    model, roles = Bulletin, DRAFTERS
    title, submit_label, list_url = "送签发", "送签发", "outreach:bulletin-list"

    def sentence(self) -> str:
        return f"《{self.object.title}》将送分管领导签发，签发前不能再改。"

    def refusal(self) -> str:
        if self.object.status != BulletinStatus.DRAFT:
            return f"简报{self.object.get_status_display()}，不用再送。"
        wrong = len(mismatches(self.object.blocks, self.object.figure_map))
        return f"还有 {wrong} 处文字与冻结数据不符，改正后才能送签。" if wrong else ""

    def perform(self, form: None) -> Bulletin:
        return bulletins.bulletin_submit(bulletin=self.object, actor=self.user)

    def done_message(self, result: Bulletin) -> str:
        return "已送签发。"


class BulletinReturn(ActionPage):
    model, roles, form_class = Bulletin, SIGNERS, ReturnForm
    title, submit_label, list_url = "退回拟稿", "退回", "outreach:bulletin-list"

    def sentence(self) -> str:
        return f"《{self.object.title}》将退回 {self.object.drafted_by} 修改。"

    def refusal(self) -> str:
        return "" if self.object.status == BulletinStatus.REVIEW else NOT_IN_REVIEW

    def perform(self, form: ReturnForm) -> Bulletin:
        return bulletins.bulletin_return(
            bulletin=self.object, actor=self.user, reason=form.cleaned_data["reason"]
        )

    def done_message(self, result: Bulletin) -> str:
        return "已退回拟稿人。"


class BulletinSign(ActionPage):
    model, roles = Bulletin, SIGNERS
    title, submit_label, list_url = "签发简报", "签发", "outreach:bulletin-list"
    danger = True

    def sentence(self) -> str:
        return (
            f"《{self.object.title}》签发后编号、定日期并排版成文件，"
            f"共印 {self.object.copies} 份，不能再改。"
        )

    def refusal(self) -> str:
        if self.object.drafted_by_id == self.user.pk:
            return "拟稿人不能签发自己拟的简报。"
        return "" if self.object.status == BulletinStatus.REVIEW else NOT_IN_REVIEW

    def perform(self, form: None) -> Bulletin:
        return bulletins.bulletin_sign(bulletin=self.object, actor=self.user)

    def done_message(self, result: Bulletin) -> str:
        return f"已签发 {issue_words(result)}，正在排版。"


class BulletinPrint(ActionPage):
    model, roles, post_only = Bulletin, DRAFTERS | SIGNERS, True
    title, list_url = "简报排版", "outreach:bulletin-list"

    def perform(self, form: None) -> Bulletin:
        bulletins.bulletin_print(bulletin=self.object, actor=self.user)
        return self.object

    def done_message(self, result: Bulletin) -> str:
        return "正在排版，完成后可以打开文件。"


class BulletinFile(DownloadPage):
    model = Bulletin
    inline = True

    def get_download(self) -> Download | None:
        return Download(f"{self.object}.pdf", self.object.pdf) if self.object.pdf else None

    def audit_summary(self, download: Download) -> str:
        return ""
