"""Entry at the desk: one round as a table, rows are estates, columns are items."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from estates.models import Estate
from inspections import selectors, services
from inspections.calculations import plain
from inspections.choices import INSPECTORS, Outcome
from inspections.forms import day_choices
from inspections.imports import PREFIX
from inspections.models import Inspection, InspectionRound
from inspections.services import Answer, RowFacts, RowOutcome
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import due_words, local
from xingyang_pm.common.kept import forget
from xingyang_pm.common.paging import whole
from xingyang_pm.common.views.generic import Action, PortalView, TemplatePage

HOME = "inspections:entry-table-home"
REJECTED, CONFLICT = 422, 409


class TableHome(TemplatePage):
    """The open rounds in which something waits for this person."""

    template_name = "inspections/table_home.html"
    roles, title, menu = INSPECTORS, "表格填报", HOME

    def get_context(self, **extra: Any) -> dict[str, Any]:
        rounds = [
            {
                "round": round,
                "left": left,
                "due": due_words(round.end_date),
                "ledger": f"{PREFIX}{round.pk}",
                "table": reverse("inspections:entry-table", args=[round.pk]),
            }
            for round, left in selectors.rounds_to_enter(self.user)
        ]
        return super().get_context(rounds=rounds, **extra)


class TableView(PortalView):
    """Shared by the page and the address that keeps a cell."""

    model, roles, menu = InspectionRound, INSPECTORS, HOME

    def get_rows(self) -> Any:
        return super().get_rows().select_related("checklist")

    def estate_of(self, pk: int) -> Estate:
        """Return an estate that the round covers and this person may enter, else 404."""
        found = (
            Estate.objects.visible_to(self.user)
            .filter(pk=pk, round_coverage__round=self.object)
            .first()
        )
        if found is None:
            raise Http404("没有这个小区，或不在你可查的范围内。")
        return found

    def facts_of(self, suffix: str = "") -> RowFacts:
        data = self.request.POST
        try:
            day = dt.date.fromisoformat(data.get(f"day{suffix}", ""))
        except ValueError:
            raise BusinessError("检查日期不是日期，请重新选。", field="day") from None
        return RowFacts(day, data.get(f"companion{suffix}", "").strip()[:60])


class EntryTableCell(TableView):
    """Keeps one cell, or day and companion, of one row; answers in JSON."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = whole(request.POST.get("estate"), 0)
        item = whole(request.POST.get("item"), 0) or None
        try:
            if not asked:
                raise BusinessError("没有说明是哪个小区，请刷新页面后再填。")
            estate = self.estate_of(asked)
            draft = services.table_cell_save(
                round=self.object,
                estate=estate,
                actor=self.user,
                facts=self.facts_of(),
                item_id=item,
                answer=self.answer() if item else None,
            )
        except BusinessError as error:
            status = CONFLICT if error.code in {"reported", "done", "conflict"} else REJECTED
            return JsonResponse({"message": error.message, "code": error.code}, status=status)
        score = services.preview_score(draft)
        moment = local(draft.saved_at) if draft.saved_at else clock.now()
        return JsonResponse(
            {"saved": f"{moment:%H:%M}", "score": plain(score.score) if score else ""}
        )

    def answer(self) -> Answer:
        data = self.request.POST
        return Answer.from_json(
            {
                "outcome": data.get("outcome", Outcome.PASS),
                "deduction": data.get("deduction") or None,
                "note": data.get("note", "")[:1000],
                "days": whole(data.get("days"), -1) if data.get("days") else None,
            }
        )


class EntryTable(TableView):
    """The table, and the report of its chosen rows."""

    template_name = "inspections/table.html"

    def get_title(self) -> str:
        return "表格填报"

    def get_meta(self) -> str:
        return f"{self.object}　·　{self.object.checklist}"

    @property
    def everything(self) -> bool:
        return self.request.GET.get("all") == "1"

    def get_actions(self) -> list[Action]:
        if self.everything:
            return [Action("只看我的", "?")]
        return [Action("也看别人的小区", "?all=1")]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Report the chosen rows; those that could not be say why, in their place."""
        picked = [whole(pk, 0) for pk in request.POST.getlist("pick")]
        picked = [pk for pk in dict.fromkeys(picked) if pk][: selectors.TABLE_LIMIT]
        if not picked:
            return self.render(REJECTED, problem="还没有选小区。请在最前面一列打勾，再上报。")
        outcomes: dict[int, RowOutcome] = {}
        rows = []
        for pk in picked:
            estate = self.estate_of(pk)
            try:
                rows.append((estate, self.facts_of(f"-{pk}")))
            except BusinessError as error:
                outcomes[pk] = RowOutcome(estate, sentence=error.message)
        for outcome in services.table_submit(round=self.object, rows=rows, actor=self.user):
            outcomes[outcome.estate.pk] = outcome
        forget(self.user)
        sent = [row.inspection for row in outcomes.values() if row.inspection is not None]
        left = len(outcomes) - len(sent)
        if sent:
            numbers = "、".join(str(row.number) for row in sent[:3])
            more = " 等" if len(sent) > 3 else ""
            messages.success(request, f"已上报 {len(sent)} 份检查：{numbers}{more}。")
        if not left:
            return HttpResponseRedirect(request.get_full_path())
        return self.render(
            REJECTED,
            outcomes=outcomes,
            problem=f"{left} 份没有上报，原因写在各行下面，填的内容都在。",
        )

    def get_context(self, **extra: Any) -> dict[str, Any]:
        outcomes: Mapping[int, RowOutcome] = extra.pop("outcomes", {})
        items = list(self.object.checklist.items.visible_to(self.user).order_by("position"))
        rows, total = selectors.rows_to_enter(self.object, self.user, everything=self.everything)
        headings: list[dict[str, Any]] = []
        for item in items:
            if not headings or headings[-1]["name"] != item.heading:
                headings.append({"name": item.heading, "span": 0})
            headings[-1]["span"] += 1
        return super().get_context(
            round=self.object,
            items=items,
            headings=headings,
            rows=[self.row(row, items, outcomes.get(row.estate_id)) for row in rows],
            total=total,
            shown=len(rows),
            problem=extra.pop("problem", ""),
            item_facts={
                str(item.pk): {
                    "code": item.code,
                    "text": item.text,
                    "guidance": item.guidance,
                    "points": plain(item.points),
                    "step": plain(item.deduction_step),
                    "first": plain(min(item.deduction_step, item.points)),
                    "na": item.allows_na,
                    "photo": [
                        outcome
                        for outcome in (Outcome.PASS, Outcome.FAIL)
                        if item.wants_photo(outcome)
                    ],
                    "days": item.default_days,
                    "choices": day_choices(item.default_days),
                    "phrases": item.phrases,
                }
                for item in items
            },
            mine_url=reverse("inspections:inspection-mine"),
            **extra,
        )

    def row(
        self, row: selectors.TableRow, items: list[Any], outcome: RowOutcome | None
    ) -> dict[str, Any]:
        draft = row.draft
        answers = services.answers_of(draft) if draft else {}
        posted = self.request.POST
        problems = (outcome.problems if outcome else None) or {}
        return {
            "row": row,
            "url": f"{reverse('inspections:entry', args=[row.key])}"
            f"?round={self.object.pk}&estate={row.estate_id}",
            "day": posted.get(f"day-{row.estate_id}")
            or (draft.inspected_on if draft else clock.today()).isoformat(),
            "companion": posted.get(f"companion-{row.estate_id}")
            or (draft.companion if draft else ""),
            "picked": str(row.estate_id) in posted.getlist("pick"),
            "state": self.state(draft),
            "sentence": outcome.sentence if outcome and outcome.inspection is None else "",
            "problems": [
                f"{item.code} {problems[item.pk]}" for item in items if item.pk in problems
            ],
            "lacks": [
                item.code
                for item in items
                if item.wants_photo(answers.get(item.pk, Answer()).outcome)
                and not row.photos.get(item.pk)
            ],
            "cells": [
                {
                    "item": item,
                    "answer": answers.get(item.pk, Answer()),
                    "deduction": plain(
                        answers[item.pk].deduction
                        if item.pk in answers and answers[item.pk].deduction is not None
                        else min(item.deduction_step, item.points)
                    ),
                    "photos": row.photos.get(item.pk, 0),
                    "wrong": item.pk in problems,
                }
                for item in items
            ],
        }

    def state(self, draft: Inspection | None) -> str:
        if draft is None:
            return "未填"
        if draft.return_reason:
            return f"已退回：{draft.return_reason}"
        return f"草稿 {local(draft.saved_at):%H:%M}" if draft.saved_at else "草稿"
