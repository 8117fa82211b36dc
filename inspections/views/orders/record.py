"""The record of an order with its evidence, and what this person does about it now."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.choices import PERSONAL_DATA_READERS
from inspections import services
from inspections.calculations import plain
from inspections.choices import (
    ESCALATORS,
    ORDER_ANSWERABLE,
    ORDER_ISSUERS,
    RECHECKERS,
    REPLIERS,
    REVIEWERS,
    ObjectionStatus,
    OrderStatus,
    PhotoStage,
    RecheckResult,
    RequestStatus,
)
from inspections.models import (
    ExtensionRequest,
    Handover,
    Objection,
    Recheck,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
    ReplyItem,
)
from inspections.selectors import Doubt, Repeat, live_link, photo_doubts, repeats
from inspections.tables import order_pill, repeat_pill
from inspections.views.photos import photo_pairs, shown_doubt
from xingyang_pm.common import audit
from xingyang_pm.common.access import holds
from xingyang_pm.common.chain import Stage
from xingyang_pm.common.formats import due_words, moment_label, month_day
from xingyang_pm.common.views.generic import (
    Action,
    Fact,
    KeyPanel,
    Notice,
    Panel,
    Pill,
    RecordPage,
    Tab,
)

from .acts import arrange_form, serve_form
from .appeals import appeal_refusal
from .escalation import paper_rows
from .links import may_handle_link
from .lists import LIST


class OrderDetail(RecordPage):
    model = RectificationOrder
    list_url = LIST
    template_name = "inspections/order_detail.html"
    timeline_title = "经过"

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related(
                "estate__street",
                "provider",
                "inspection__inspector",
                "inspection__checklist",
                "issued_by",
                "recheck_by",
            )
        )

    def get_pills(self) -> list[Pill]:
        return [order_pill(self.object)]

    def get_meta(self) -> str:
        order = self.object
        parts = [order.estate.name, order.provider.name if order.provider else ""]
        if order.is_open:
            parts.append(f"{month_day(order.deadline)} 24:00 到期")
        elif order.status == OrderStatus.WITHDRAWN:
            parts.append("异议成立，已撤销")
        elif order.closed_at:
            parts.append(f"{month_day(order.closed_at)}销号")
        return "　·　".join(filter(None, parts))

    def get_actions(self) -> list[Action]:
        order = self.object
        actions = []
        if order.pdf:
            actions.append(
                Action(
                    "打印通知书" if order.is_formal else "打印整改单",
                    "inspections:order-notice",
                    icon="printer",
                    by_pk=True,
                )
            )
        else:
            actions.append(
                Action(
                    "排版通知书" if order.is_formal else "排版整改单",
                    "inspections:order-print",
                    icon="printer",
                    by_pk=True,
                    method="post",
                    roles=ORDER_ISSUERS,
                )
            )
        for recheck in self.rechecks[:1]:
            actions.append(
                Action(
                    "复查意见书",
                    "inspections:recheck-opinion" if recheck.pdf else "inspections:recheck-print",
                    icon="file-text",
                    args=[recheck.pk],
                    method="get" if recheck.pdf else "post",
                    roles=None if recheck.pdf else RECHECKERS,
                )
            )
        return actions

    @property
    def items(self) -> list[RectificationItem]:
        if not hasattr(self, "_items"):
            self._items = list(
                self.object.items.visible_to(self.user)
                .select_related("result__item")
                .prefetch_related(
                    "result__photos__estate",
                    "replies__reply",
                    "replies__photos__estate",
                    "rechecks__recheck",
                )
                .order_by("result__item__position")
            )
        return self._items

    @property
    def replies(self) -> list[RectificationReply]:
        if not hasattr(self, "_replies"):
            self._replies = list(
                self.object.replies.visible_to(self.user)
                .select_related("reported_by")
                .order_by("-reported_at", "-pk")
            )
        return self._replies

    @property
    def rechecks(self) -> list[Recheck]:
        if not hasattr(self, "_rechecks"):
            self._rechecks = list(
                self.object.rechecks.visible_to(self.user)
                .select_related("checked_by")
                .prefetch_related("items__item__result__item")
                .order_by("-recorded_at", "-pk")
            )
        return self._rechecks

    def tabs(self) -> Sequence[Tab]:
        return [Tab("", "办理"), Tab("timeline", "经过")]

    def personal_summary(self) -> str:
        by_link = any(reply.link_id for reply in self.replies)
        shown = by_link and holds(self.user, PERSONAL_DATA_READERS)
        return f"查看 {self.object} 填报人的姓名和电话" if shown else ""

    def record_personal_view(self, summary: str) -> None:
        """Keep it with the reply: on the order's timeline looks would crowd out acts."""
        reply = next(reply for reply in self.replies if reply.link_id)
        audit.record(
            actor=self.user, verb="personal.view", target=reply, summary=summary, tag="查看"
        )

    # --- what stands where ---

    def stages(self) -> Sequence[Stage]:
        order = self.object
        reply = self.replies[0] if self.replies else None
        recheck = self.rechecks[0] if self.rechecks else None
        again = (
            order.status in ORDER_ANSWERABLE
            and recheck is not None
            and recheck.result == RecheckResult.FAIL
        )
        served = order.is_delivered
        replied = order.status in {OrderStatus.REPLIED, OrderStatus.CLOSED}
        closed = order.status == OrderStatus.CLOSED
        stages = [Stage("下达", "done", [order.issued_by.name, moment_label(order.issued_at)])]
        if order.is_formal:
            stages.append(
                Stage(
                    "送达",
                    "done" if served else "now",
                    [
                        f"{order.get_service_method_display()}，{order.served_to}",
                        month_day(order.served_on),
                    ]
                    if order.served_on
                    else ["待登记送达"],
                )
            )
        if order.status == OrderStatus.WITHDRAWN:
            objection = self.objections[0]
            decided = [
                objection.decided_by.name if objection.decided_by else "",
                moment_label(objection.decided_at) if objection.decided_at else "",
            ]
            return [
                *stages,
                Stage("异议", "done", [objection.source, moment_label(objection.filed_at)]),
                Stage("撤销", "done", decided),
            ]
        for handover in self.handovers:
            stages.append(Stage("移交", "done", [handover.organ, month_day(handover.handed_on)]))
        if again and recheck:
            stages.append(
                Stage(
                    "回复",
                    "back",
                    ["待再次回复", f"{month_day(order.deadline)}前"],
                    f"复查整改不到位：{recheck.opinion}",
                )
            )
        elif replied and reply:
            stages.append(Stage("回复", "done", [reply.source, moment_label(reply.reported_at)]))
        else:
            stages.append(
                Stage(
                    "回复",
                    "now" if served else "todo",
                    [f"{month_day(order.deadline)}前"] if served else ["—"],
                )
            )
        if closed and recheck:
            stages.append(
                Stage("复查", "done", [recheck.checked_by.name, month_day(recheck.checked_on)])
            )
        elif replied:
            arranged = order.recheck_by is not None
            stages.append(
                Stage(
                    "复查",
                    "now",
                    [order.recheck_by.name, month_day(order.recheck_on)]
                    if arranged and order.recheck_by and order.recheck_on
                    else ["待安排", f"{month_day(order.deadline)}前"],
                )
            )
        else:
            stages.append(Stage("复查", "todo", ["—"]))
        stages.append(
            Stage(
                "销号",
                "done" if closed else "todo",
                [month_day(order.closed_at)] if order.closed_at else ["—"],
            )
        )
        return stages

    def item_rows(self) -> list[dict[str, Any]]:
        """Return each item with its state, its pairs of photos and what was done."""
        rows = []
        for item in self.items:
            result, answer = item.result, _last_answer(item)
            rechecks = sorted(item.rechecks.all(), key=lambda row: row.pk)
            looked = rechecks[-1] if rechecks else None
            answered = answer is not None and (
                looked is None or answer.reply_id > looked.recheck.reply_id
            )
            before = [photo for photo in result.photos.all() if photo.stage == PhotoStage.FOUND]
            after = list(answer.photos.all()) if answer else []
            rows.append(
                {
                    "item": item,
                    "result": result,
                    "pill": _item_pill(
                        looked, answered, self.object, done=answer is None or answer.is_done
                    ),
                    "deduction": plain(result.deduction),
                    "pairs": photo_pairs(before, after, result.item.text),
                    "doubts": [
                        shown_doubt(doubt)
                        for photo in after
                        for doubt in self.doubts.get(photo.pk, ())
                    ],
                    "answer": answer,
                    "recheck": looked,
                    "again": repeat_pill(self.repeated.get(result.pk)),
                    "repeat": self.repeated.get(result.pk),
                }
            )
        return rows

    @cached_property
    def doubts(self) -> dict[int, list[Doubt]]:
        """What is doubtful about the photos of each item's last answer, by id of the photo."""
        answers = filter(None, map(_last_answer, self.items))
        return photo_doubts(
            [photo for answer in answers for photo in answer.photos.all()], self.user
        )

    def notices(self) -> Sequence[Notice]:
        """Tell who rechecks that photos of the reply wait for a conclusion."""
        waits = self.object.status == OrderStatus.REPLIED and self.user.has_role(*RECHECKERS)
        left = sum(doubt.flag.is_open for doubts in self.doubts.values() for doubt in doubts)
        if not (waits and left):
            return []
        return [
            Notice(f"回复的照片还有 {left} 处疑点没有写结论，写了才能认定整改到位。", "a", "photo")
        ]

    @property
    def repeated(self) -> dict[int, Repeat]:
        """How often each item's problem was found within twelve months, by id of the result."""
        if not hasattr(self, "_repeated"):
            results = [item.result for item in self.items]
            for result in results:
                result.inspection = self.object.inspection
            self._repeated = repeats(results, self.user)
        return self._repeated

    @property
    def extensions(self) -> list[ExtensionRequest]:
        if not hasattr(self, "_extensions"):
            rows = self.object.extensions.visible_to(self.user)
            self._extensions = list(rows.select_related("requested_by", "decided_by"))
        return self._extensions

    @property
    def objections(self) -> list[Objection]:
        if not hasattr(self, "_objections"):
            rows = self.object.objections.visible_to(self.user)
            self._objections = list(rows.select_related("filed_by", "decided_by"))
        return self._objections

    @property
    def handovers(self) -> list[Handover]:
        if not hasattr(self, "_handovers"):
            rows = self.object.handovers.visible_to(self.user)
            self._handovers = list(rows.select_related("issued_by"))
        return self._handovers

    def side_panels(self) -> Sequence[Panel]:
        order = self.object
        served = (
            f"{order.get_service_method_display()}，{order.served_to}签收"
            if order.served_on
            else "还没有送达"
        )
        left = f"（{due_words(order.deadline)}）" if order.is_open else ""
        most = max(
            (repeat for repeat in self.repeated.values() if repeat.again),
            key=lambda repeat: (repeat.at_estate, repeat.by_provider),
            default=None,
        )
        facts = [
            Fact("文书", order.get_kind_display()),
            Fact("小区", order.estate.name, url=order.estate.get_absolute_url()),
            Fact(
                "被通知单位",
                order.provider.name if order.provider else "",
                url=order.provider.get_absolute_url() if order.provider else "",
            ),
            Fact(
                "整改期限",
                f"{month_day(order.deadline)}{left}",
                note=f"原定 {month_day(order.original_deadline)}"
                if order.original_deadline != order.deadline
                else "",
            ),
        ]
        if order.is_formal:
            facts += [
                Fact("依据", order.legal_basis),
                Fact(
                    "送达",
                    served,
                    note=f"{month_day(order.served_on)}　送达人 {order.served_by}"
                    if order.served_on
                    else "",
                ),
            ]
        if order.demand:
            facts.append(Fact("总的要求", order.demand))
        if most is not None:
            facts.append(Fact("再次出现", most.words))
        return [KeyPanel("", facts), *self.link_panel()]

    def link_panel(self) -> list[Panel]:
        """The firm's link, for who hands it out."""
        if not (self.object.is_open and may_handle_link(self.object, self.user)):
            return []
        link = live_link(self.object)
        pk = self.object.pk
        if link is None:
            facts = [Fact("状态", Pill("已收回"))]
        else:
            facts = [
                Fact(
                    "有效至",
                    f"{month_day(link.last_day)} 24:00" if link.is_live else Pill("已过期", "a"),
                ),
                Fact("最近使用", moment_label(link.last_used_at) if link.last_used_at else "没有"),
            ]
        links = [("另发", reverse("inspections:order-link-renew", args=[pk]))]
        if link is not None:
            links = [
                ("看二维码", reverse("inspections:order-link", args=[pk])),
                *links,
                ("收回", reverse("inspections:order-link-revoke", args=[pk])),
            ]
        return [KeyPanel("签名链接", facts, links=links)]

    def acts(self) -> dict[str, Any]:
        """Return the form or the link of the act that this person has now; empty for none."""
        order, user = self.object, self.user
        if order.status == OrderStatus.ISSUED and not order.is_delivered:
            if user.has_role(*ORDER_ISSUERS):
                return {"title": "登记送达", "form": serve_form(order, user), "do": "serve"}
            return {"title": "等待送达", "wait": "通知书还没有登记送达，送达后由街道经办回复。"}
        if order.status in ORDER_ANSWERABLE:
            if user.has_role(*REPLIERS):
                left = len(services.open_items(order))
                return {
                    "title": "填报整改回复",
                    "link": reverse("inspections:order-reply", args=[order.pk]),
                    "label": "填报整改回复",
                    "wait": f"{left} 项待回复，每项写明措施、附整改后照片。"
                    f"期限 {month_day(order.deadline)} 24:00。",
                }
            return {
                "title": "等待回复",
                "wait": f"由服务单位通过签名链接，或由街道经办，在 {month_day(order.deadline)} "
                "24:00 前回复。",
            }
        if order.status == OrderStatus.REPLIED:
            return self.recheck_acts()
        return {}

    def more_acts(self) -> list[dict[str, Any]]:
        """Return the further panels of this person: decisions that wait, and what may be asked."""
        order, user = self.object, self.user
        panels: list[dict[str, Any]] = []
        for objection in self.objections:
            if objection.status == ObjectionStatus.PENDING and user.has_role(*REVIEWERS):
                own = order.issued_by_id == user.pk
                panels.append(
                    {
                        "title": "异议待复核",
                        "wait": f"{objection.source}：{objection.reason}"
                        + ("　签发人不能复核，请换一人。" if own else ""),
                        "links": []
                        if own
                        else [
                            (
                                "复核异议",
                                reverse("inspections:objection-decide", args=[objection.pk]),
                            )
                        ],
                    }
                )
        for request in self.extensions:
            waits = request.status == RequestStatus.PENDING and order.status == OrderStatus.ISSUED
            if waits and user.has_role(*ORDER_ISSUERS):
                panels.append(
                    {
                        "title": "延期待批",
                        "wait": f"{request.source}申请延至 {month_day(request.wished_day)}："
                        f"{request.reason}",
                        "links": [
                            ("审批延期", reverse("inspections:extension-decide", args=[request.pk]))
                        ],
                    }
                )
        if user.has_role(*REPLIERS):
            links = [
                (label, reverse(f"inspections:{name}", args=[order.pk]))
                for label, name, asked in (
                    ("申请延期", "order-extension", bool(self.extensions)),
                    ("提出异议", "order-objection", bool(self.objections)),
                )
                if not appeal_refusal(order, asked, label)
            ]
            if links:
                panels.append({"title": "代服务单位办理", "links": links})
        if user.has_role(*ESCALATORS) and not services.escalation_problem(order):
            links = [
                ("约谈", reverse("inspections:interview-call", args=[order.pk])),
                ("通报", reverse("inspections:circular-issue", args=[order.pk])),
            ]
            if not services.escalation_problem(order, handover=True):
                links.append(("移交执法", reverse("inspections:handover-make", args=[order.pk])))
            why = due_words(order.deadline) if order.days_left < 0 else "复查整改不到位"
            panels.append({"title": "督办", "wait": f"{why}。", "links": links})
        return panels

    def recheck_acts(self) -> dict[str, Any]:
        order, user = self.object, self.user
        reported = self.replies[0].reported_by_id if self.replies else None
        may_record = (
            user.has_role(*RECHECKERS)
            and user.pk != reported
            and (order.recheck_by_id in {None, user.pk} or user.has_role("bureau_manager"))
        )
        record = {
            "link": reverse("inspections:order-recheck", args=[order.pk]),
            "label": "登记复查结果",
        }
        if not user.has_role(*ORDER_ISSUERS):
            who = (
                f"{order.recheck_by} {month_day(order.recheck_on)}复查"
                if (order.recheck_by and order.recheck_on)
                else "由房管中心安排复查"
            )
            return {"title": "等待复查", "wait": f"{who}。"}
        if order.recheck_by_id and order.recheck_on:
            arranged = {
                "title": "复查",
                "wait": f"已安排 {order.recheck_by}"
                + (f"、{order.recheck_companion}" if order.recheck_companion else "")
                + f" {month_day(order.recheck_on)}复查。",
                "again": reverse("inspections:order-arrange", args=[order.pk]),
            }
            return {**arranged, **record} if may_record else arranged
        act = {"title": "安排复查", "form": arrange_form(order, user), "do": "arrange"}
        return {**act, **record} if may_record else act

    def get_context(self, **extra: Any) -> dict[str, Any]:
        rows = self.item_rows()
        answered = sum(1 for row in rows if row["answer"])
        return super().get_context(
            item_rows=rows,
            answered=answered,
            replies=self.replies,
            rechecks=self.rechecks,
            act=self.acts(),
            more_acts=self.more_acts(),
            extensions=self.extensions,
            objections=self.objections,
            papers=paper_rows(self.object, self.user, self.handovers),
            sees_personal=holds(self.user, PERSONAL_DATA_READERS),
            may_escalate=self.user.has_role(*ESCALATORS),
            has_side=True,
            inspection_url=self.object.inspection.get_absolute_url(),
            **extra,
        )


def _last_answer(item: RectificationItem) -> ReplyItem | None:
    return max(item.replies.all(), key=lambda answer: answer.pk, default=None)


def _item_pill(
    looked: Any, answered: bool, order: RectificationOrder, *, done: bool = True
) -> Pill:
    if order.status == OrderStatus.WITHDRAWN:
        return Pill("已撤销")
    if looked is not None and looked.result == RecheckResult.PASS:
        return Pill("整改到位", "g")
    if answered:
        return Pill("已回复", "b") if done else Pill("没有完成", "a")
    if looked is not None:
        return Pill("整改不到位", "a")
    return Pill(due_words(order.deadline), "r") if order.is_overdue else Pill("待整改")
