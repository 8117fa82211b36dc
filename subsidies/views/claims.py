"""The month's claims: the list with its sum, the claim's page, opening and computing anew."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from subsidies import services
from subsidies.choices import (
    ACCOUNT_READERS,
    CLAIM_OPENERS,
    FUNDING_CHOOSERS,
    REQUEST_WRITERS,
    VOIDABLE,
    VOIDERS,
    ClaimStatus,
)
from subsidies.filters import ClaimFilterSet, GapFilterSet
from subsidies.forms import ClaimOpenForm
from subsidies.models import ClaimGap, ClaimVoid, SubsidyClaim, SubsidyLine
from subsidies.selectors.changes import LineChange, source_changes
from subsidies.selectors.checks import claim_checks, notice_refusal
from subsidies.selectors.funding import source_of
from subsidies.selectors.payees import payee_sums
from subsidies.selectors.persons import parts_in
from subsidies.selectors.stages import acts_of, claim_stages, opinions_of, turn_of
from subsidies.selectors.summary import month_summary
from subsidies.selectors.transit import arrival_stage
from subsidies.selectors.voids import void_of
from subsidies.tables import ClaimTable, GapTable, LineTable, status_pill
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.chain import Stage
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import moment_label, number
from xingyang_pm.common.money import capital_yuan, money
from xingyang_pm.common.paging import query_url
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Pill,
    RecordPage,
    SavedChip,
    count_line,
)

CLAIM_PAGES = {
    "submit": "subsidies:claim-submit",
    "review": "subsidies:claim-review",
    "check": "subsidies:claim-check",
    "approve": "subsidies:claim-approve",
}


def claim_title(claim: SubsidyClaim) -> str:
    return f"{claim.street.name} {clock.chinese_month(claim.month)} 老旧小区物业补贴申报"


def claim_sentence(claim: SubsidyClaim) -> str:
    """Amount and count, as every confirmation repeats them."""
    return (
        f"{claim.street.name}{clock.chinese_month(claim.month)}老旧小区物业补贴 "
        f"{money(claim.total)} 元，{claim.estate_count} 个小区，"
        f"{claim.household_count:,} 户"
    )


class ClaimList(ListPage):
    model, table_class, filterset_class = SubsidyClaim, ClaimTable, ClaimFilterSet
    title, unit = "月度申报", "份申报"
    template_name = "subsidies/claim_list.html"
    views = [
        SavedChip(
            "等我办理",
            "mine=1",
            count=lambda view: view.get_rows().waiting_for(view.user).count(),
            roles=[*CLAIM_OPENERS, "street_leader", "bureau_leader", "finance_officer"],
        ),
        SavedChip("待拨付", "status=approved"),
    ]
    actions = [
        Action("未能计算的小区", "subsidies:gap-list", icon="alert-triangle"),
        Action("开账", "subsidies:claim-open", icon="plus", primary=True, roles=CLAIM_OPENERS),
    ]
    empty_text = "还没有补贴申报。每月1日自动为上月开账，也可以现在开账。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_last_act().with_gap_count()

    def count_line(self, count: int, totals: dict[str, Any]) -> Any:
        return count_line((count, "份申报"), lead="共 ")

    @cached_property
    def month(self) -> dt.date | None:
        """The month that the filter names, else the latest with a claim."""
        filterset = self.get_filterset()
        chosen = filterset.form.cleaned_data.get("month") if filterset and filterset.chips else None
        if chosen:
            return chosen
        latest = SubsidyClaim.objects.visible_to(self.user).standing().order_by("-month").first()
        return latest.month if latest else None

    def get_context(self, **extra: Any) -> dict[str, Any]:
        summary = month_summary(self.month, self.user) if self.month else None
        return super().get_context(
            summary=summary,
            capital=capital_yuan(summary.total) if summary else "",
            may_request=self.user.sees_city and holds(self.user, REQUEST_WRITERS),
            **extra,
        )


class ClaimOpen(FormPage):
    form_class, roles = ClaimOpenForm, CLAIM_OPENERS
    title, submit_label, list_url = "开账", "开账并核算", "subsidies:claim-list"
    intro = (
        "按已核定户数、现行补贴标准和月首日有效的合同，逐个小区核算，形成待街道申报的草稿。"
        "没有核定户数或没有合同的小区另行列出，不按零计。"
    )

    def perform(self, form: ClaimOpenForm) -> Any:
        street, month = form.cleaned_data["street"], form.cleaned_data["month"]
        if street is not None:
            return services.claim_open(street=street, month=month, actor=self.user)
        opening = services.month_open(month=month, actor=self.user)
        if not opening.opened:
            raise BusinessError(f"{opening.sentence}：已经开账，或没有在管的老旧小区。")
        return opening

    def get_success_url(self, result: Any) -> str:
        if isinstance(result, SubsidyClaim):
            return result.get_absolute_url()
        return f"{self._resolve(self.list_url)}?month={result.month:%Y-%m}"

    def done_message(self, result: Any) -> str:
        if isinstance(result, SubsidyClaim):
            return f"已开账，{claim_sentence(result)}。"
        return f"{result.sentence}。"


# --- The page of one claim -------------------------------------------------------------------

ONLY = {
    "adjusted": "有扣减",
    "changed": "有变化",
    "excluded": "不列入",
}


class ClaimDetail(RecordPage):
    """Stages, totals, the lines with their explanation, checks, payees, opinions."""

    model = SubsidyClaim
    list_url = "subsidies:claim-list"
    template_name = "subsidies/claim_detail.html"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street__office", "scheme", "opened_by")

    @cached_property
    def acts(self) -> list:
        return acts_of(self.object)

    @cached_property
    def parts(self) -> list:
        return parts_in(self.object)

    @cached_property
    def turn(self) -> Any:
        return turn_of(self.object, self.user, self.parts)

    @cached_property
    def checks(self) -> Any:
        return claim_checks(self.object, self.user, self.parts)

    @cached_property
    def payees(self) -> list:
        return payee_sums(self.object)

    @cached_property
    def void(self) -> ClaimVoid | None:
        return void_of(self.object)

    def notices(self) -> Sequence[Notice]:
        void = self.void
        if void is None:
            return ()
        if void.confirmed_by is None:
            said = f"{void.proposed_by.name}提出作废，等待另一人确认：{void.reason}"
            return [Notice(said, tone="a", icon="alert-triangle")]
        return [
            Notice(
                f"已作废（{void.proposed_by.name}提出，{void.confirmed_by.name}确认）："
                f"{void.reason}。不计入任何合计。",
                tone="r",
                icon="ban",
            )
        ]

    # --- head ---

    def get_title(self) -> str:
        return claim_title(self.object)

    def get_pills(self) -> list[Pill]:
        return [status_pill(self.object)]

    def get_meta(self) -> str:
        claim = self.object
        came = self.acts[-1].acted_at if self.acts else claim.opened_at
        word = "收件" if self.acts else "开账"
        return f"{claim.number}　第 {claim.version} 版　{word} {moment_label(came)}"

    def get_crumbs(self) -> list:
        crumbs = super().get_crumbs()
        url = f"{self._resolve(self.list_url)}?month={self.object.month:%Y-%m}"
        label = clock.chinese_month(self.object.month)
        return [*crumbs, type(crumbs[0])(label, url)] if crumbs else crumbs

    def get_actions(self) -> list[Action]:
        claim, turn = self.object, self.turn
        actions = [
            Action("打印", "subsidies:claim-print", icon="printer", by_pk=True, method="post"),
            Action(
                "导出",
                "subsidies:claim-workbook",
                icon="file-spreadsheet",
                by_pk=True,
                download=True,
            ),
        ]
        if claim.status not in (ClaimStatus.DRAFT, ClaimStatus.SUBMITTED):
            actions[1:1] = [
                Action("打印核定表", "subsidies:checked-print", by_pk=True, method="post"),
                Action("核定表", "subsidies:checked-workbook", by_pk=True, download=True),
            ]
        actions.extend(self._void_actions())
        if claim.status == ClaimStatus.DRAFT:
            actions.append(
                Action(
                    "重新核算",
                    "subsidies:claim-recompute",
                    icon="refresh",
                    by_pk=True,
                    roles=CLAIM_OPENERS,
                )
            )
        if claim.is_settled:
            actions.append(
                Action(
                    "发放表",
                    "subsidies:claim-payout",
                    icon="file-spreadsheet",
                    by_pk=True,
                    download=True,
                    roles=ACCOUNT_READERS,
                )
            )
        if turn.may_take_back:
            actions.append(Action("撤回", "subsidies:claim-withdraw", by_pk=True))
        if turn.may_return:
            actions.append(
                Action("退回", "subsidies:claim-return", icon="arrow-back-up", by_pk=True)
            )
        if turn.rule is not None:
            actions.append(self._turn_action())
        return actions

    def _void_actions(self) -> list[Action]:
        void = self.void
        if void is not None and void.confirmed_by_id is None:
            if void.proposed_by_id == self.user.pk:
                return [Action("撤回作废", "subsidies:claim-void-back", by_pk=True)]
            return [Action("确认作废", "subsidies:claim-void-confirm", by_pk=True, roles=VOIDERS)]
        if void is not None or self.object.status not in VOIDABLE:
            return []
        return [Action("作废", "subsidies:claim-void", by_pk=True, roles=VOIDERS)]

    def _turn_action(self) -> Action:
        rule, claim = self.turn.rule, self.object
        locked = self.turn.locked or self._stop()
        if self.void is not None:
            locked = f"{self.void.proposed_by.name}已提出作废"
        if rule.stage == "pay":
            unpaid = [row.payee for row in self.payees if row.amount and not row.is_paid]
            name, args = "subsidies:claim-pay-many", [claim.pk]
            if len(unpaid) == 1:
                name, args = "subsidies:claim-pay", [claim.pk, unpaid[0]]
            return Action(rule.verb, name, args=args, primary=True, locked=locked, icon="coin")
        return Action(
            rule.verb,
            CLAIM_PAGES[rule.stage],
            by_pk=True,
            primary=True,
            locked=locked,
            icon="check",
        )

    def _stop(self) -> str:
        """Return what stands against the next step, as the panel of checks shows it."""
        for check in self.checks.rows:
            if check.state == "fail":
                return f"{check.title}：不通过"
        refusal = notice_refusal(self.object)
        if refusal:
            return refusal
        if self.object.status == ClaimStatus.DRAFT:
            if not self.object.estate_count:
                return "没有列入的小区"
            if self.checks.changes:
                return "来源有变化，请先重新核算"
        return ""

    # --- body ---

    def stages(self) -> Sequence[Stage]:
        return [*claim_stages(self.object, self.acts), arrival_stage(self.object)]

    @cached_property
    def only(self) -> str:
        asked = self.request.GET.get("only", "")
        return asked if asked in ONLY else ""

    @cached_property
    def word(self) -> str:
        return self.request.GET.get("q", "").strip()[:40]

    def lines(self) -> QuerySet:
        rows = (
            SubsidyLine.objects.visible_to(self.user)
            .filter(claim=self.object)
            .select_related("estate", "payee")
        )
        if self.only == "adjusted":
            rows = rows.filter(deduction__gt=0)
        elif self.only == "excluded":
            rows = rows.filter(is_excluded=True)
        elif self.only == "changed":
            rows = rows.filter(estate__in=self.checks.changed_estates)
        if self.word:
            rows = rows.filter(
                Q(estate__name__contains=self.word)
                | Q(estate__community__short_name__contains=self.word)
                | Q(payee__name__contains=self.word)
            )
        return rows

    def line_context(self) -> dict[str, Any]:
        """Return what ``subsidies/_lines.html`` draws: chips, table, sums of all rows shown."""
        claim, rows = self.object, self.lines()
        table = LineTable(model=SubsidyLine, user=self.user)
        count, totals = table.summary(rows)
        if not self.only and not self.word:
            totals = {
                "buildings": claim.building_count,
                "households": claim.household_count,
                "deduction": -claim.deduction_total,
                "amount": claim.total,
            }
        if not totals["deduction"]:
            del totals["deduction"]
        bound = table.page(
            rows,
            count=count,
            totals=totals,
            params=self.request.GET,
            empty_text="没有符合条件的明细。" if self.only or self.word else "没有明细。",
        )
        return {"lines": bound, "line_count": count, "line_chips": self._chips(), "word": self.word}

    def _chips(self) -> list[tuple[str, int, str, bool]]:
        own = SubsidyLine.objects.visible_to(self.user).filter(claim=self.object)
        changed = self.checks.changed_estates
        numbers = {
            "adjusted": own.filter(deduction__gt=0).count(),
            "changed": own.filter(estate__in=changed).count() if changed else 0,
            "excluded": own.filter(is_excluded=True).count(),
        }
        return [
            (
                label,
                numbers[key],
                query_url(self.request.GET, only=None if self.only == key else key, page=None),
                self.only == key,
            )
            for key, label in ONLY.items()
            if numbers[key] or self.only == key
        ]

    def _before(self) -> str:
        """Return how the households stand against the month before."""
        before = (
            SubsidyClaim.objects.visible_to(self.user)
            .standing()
            .filter(street=self.object.street_id, month=clock.add_months(self.object.month, -1))
            .values_list("household_count", flat=True)
            .first()
        )
        if before is None:
            return "上月没有申报"
        difference = self.object.household_count - before
        if not difference:
            return "比上月 持平"
        return f"比上月 {'+' if difference > 0 else '−'}{number(abs(difference), 0)}"

    def _rate(self) -> str:
        rates = (
            SubsidyLine.objects.visible_to(self.user)
            .filter(claim=self.object)
            .order_by()
            .values_list("rate", flat=True)
            .distinct()[:2]
        )
        found = list(rates)
        return f"{found[0]:.2f} 元/户·月" if len(found) == 1 else "标准见明细"

    def get_context(self, **extra: Any) -> dict[str, Any]:
        claim = self.object
        if self.is_partial:
            return {"object": claim, "view": self, **self.line_context()}
        context = self.line_context()
        deducted = next((n for label, n, _, _ in context["line_chips"] if label == "有扣减"), 0)
        return super().get_context(
            **context,
            capital=capital_yuan(claim.total),
            gross=claim.total + claim.deduction_total,
            rate=self._rate(),
            before=self._before(),
            deducted=deducted,
            checks=self.checks.rows,
            checked_at=clock.now(),
            payees=self.payees,
            source=source_of(claim),
            may_fund=not claim.is_settled and holds(self.user, FUNDING_CHOOSERS),
            paying=self.turn.rule is not None
            and self.turn.rule.stage == "pay"
            and not self.turn.locked,
            opinions=opinions_of(self.acts),
            gaps=list(
                ClaimGap.objects.visible_to(self.user)
                .filter(claim=claim)
                .select_related("estate")[:6]
            ),
            gap_count=ClaimGap.objects.visible_to(self.user).filter(claim=claim).count(),
            has_side=True,
            **extra,
        )

    @property
    def is_partial(self) -> bool:
        htmx = getattr(self.request, "htmx", None)
        return bool(htmx and not htmx.boosted and not htmx.history_restore_request)

    def get_template_names(self) -> list[str]:
        return ["subsidies/_lines.html" if self.is_partial else self.template_name]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        response.headers["Vary"] = "HX-Request, Cookie"
        return response


class ClaimRecompute(ActionPage):
    model, roles = SubsidyClaim, CLAIM_OPENERS
    title, submit_label, list_url = "重新核算", "重新核算", "subsidies:claim-list"
    template_name = "subsidies/claim_recompute.html"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("street__office", "scheme")

    @cached_property
    def changes(self) -> list[LineChange]:
        return source_changes(self.object)

    def get_title(self) -> str:
        return f"重新核算 {self.object}"

    def sentence(self) -> str:
        if not self.changes:
            return f"{claim_sentence(self.object)}。户数、标准和合同与核算时一致，没有不同。"
        return (
            f"{claim_sentence(self.object)}。有 {len(self.changes)} 处不同，"
            "重新核算后按现在的户数、标准和合同计算；已写的扣减和不列入保留。"
        )

    def refusal(self) -> str:
        if self.object.status != ClaimStatus.DRAFT:
            return f"这份申报现在是“{self.object.get_status_display()}”，不能重新核算。"
        return ""

    def get_context(self, **extra: Any) -> dict[str, Any]:
        return super().get_context(changes=self.changes, **extra)

    def perform(self, form: None) -> SubsidyClaim:
        self.done = services.claim_recompute(claim=self.object, actor=self.user)
        return self.object

    def done_message(self, result: SubsidyClaim) -> str:
        result.refresh_from_db()
        if not self.done:
            return f"已重新核算，没有不同，合计 {money(result.total)} 元。"
        return f"已重新核算，{len(self.done)} 处不同，合计 {money(result.total)} 元。"


class GapList(ListPage):
    """Old estates that could not be computed, with what to do about it."""

    model, table_class, filterset_class = ClaimGap, GapTable, GapFilterSet
    title, unit = "未能计算的小区", "个小区"
    menu = "subsidies:claim-list"
    views = [
        SavedChip("没有核定户数", "reason=no_count"),
        SavedChip("没有服务合同", "reason=no_service"),
    ]
    empty_text = "没有未能计算的小区：在管的老旧小区都有核定户数和合同。"


def fact_rows(claim: SubsidyClaim) -> list[Fact]:
    """The figures that a confirmation repeats."""
    facts = [
        Fact("金额", f"{money(claim.total)} 元"),
        Fact("大写", capital_yuan(claim.total)),
        Fact("小区", f"{claim.estate_count} 个，{claim.building_count:,} 栋"),
        Fact("户数", f"{claim.household_count:,} 户"),
    ]
    if claim.deduction_total:
        facts.append(Fact("扣减", f"−{money(claim.deduction_total)} 元"))
    return facts
