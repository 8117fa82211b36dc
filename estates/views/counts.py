"""Pages of household counts: what waits, one count with its evidence, enter and decide."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from estates import selectors, services
from estates.choices import COUNT_ENTERERS, COUNT_VERIFIERS, CountStatus, EstateStatus
from estates.filters import HouseholdCountFilterSet
from estates.forms import HouseholdCountForm, OpinionForm, RefusalForm
from estates.models import Estate, HouseholdCount
from estates.tables import HouseholdCountTable, count_pill
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.kept import forget
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Pill,
    PortalView,
    RecordPage,
    SavedChip,
)

LIST = "estates:count-list"
SAME_PERSON = "录入人不能核定自己录入的户数，请换一人核定"


class HouseholdCountList(ListPage):
    """All counts; what waits for this user comes first."""

    model, table_class = HouseholdCount, HouseholdCountTable
    filterset_class = HouseholdCountFilterSet
    title, unit = "户数核定", "条户数"
    views = [
        SavedChip("待核定", "status=entered", count=lambda view: view.get_rows().waiting().count())
    ]
    bulk_actions = [
        Action(
            "核定所选",
            "estates:count-verify-many",
            icon="checks",
            method="post",
            roles=COUNT_VERIFIERS,
        )
    ]
    empty_icon = "users"
    empty_text = "还没有录入户数。在小区资料里点“录入户数”，或导入老旧小区台账。"

    def get_rows(self) -> QuerySet:
        return (
            super().get_rows().with_turn(self.user.pk, may_verify=holds(self.user, COUNT_VERIFIERS))
        )

    def get_meta(self) -> str:
        waiting = selectors.counts_to_verify_number(self.user)
        return f"{waiting} 条等你核定，排在最前" if waiting else ""


class HouseholdCountDetail(RecordPage):
    model = HouseholdCount
    list_url = LIST
    facts_title = "户数"
    object: HouseholdCount

    def get_rows(self) -> QuerySet:
        return (
            super()
            .get_rows()
            .select_related("estate__street", "entered_by", "decided_by", "batch__owner")
        )

    def get_title(self) -> str:
        return f"{self.object.estate} 户数核定"

    def get_pills(self) -> list[Pill]:
        return [count_pill(self.object)]

    def get_meta(self) -> str:
        row = self.object
        return f"{row.estate.code}　{row.estate.street}　{row.households:,} 户"

    @property
    def is_own(self) -> bool:
        return self.object.entered_by_id == self.user.pk

    def get_actions(self) -> list[Action]:
        row, pk = self.object, [self.object.pk]
        actions = []
        if selectors.evidence_of(row, self.user):
            actions.append(Action("打开清册", "estates:count-evidence", icon="paperclip", args=pk))
        if row.status != CountStatus.ENTERED:
            return actions
        if self.is_own and holds(self.user, COUNT_ENTERERS):
            actions.append(Action("撤回", "estates:count-withdraw", args=pk))
        if not holds(self.user, COUNT_VERIFIERS):
            return actions
        if self.is_own:
            return [
                *actions,
                Action("核定", "estates:count-verify", args=pk, locked=SAME_PERSON),
            ]
        return [
            *actions,
            Action("不予核定", "estates:count-reject", args=pk),
            Action("核定", "estates:count-verify", args=pk, primary=True),
        ]

    def notices(self) -> Sequence[Notice]:
        row = self.object
        if row.status == CountStatus.REJECTED:
            return [Notice(f"不予核定：{row.opinion}", "a", "alert-triangle")]
        if row.status == CountStatus.ENTERED:
            return [Notice("核定以前，补贴仍按原来的户数计算。", "", "info-circle")]
        return []

    def facts(self) -> Sequence[Fact]:
        row = self.object
        change = _change_words(row, _before(row, self.user))
        decided = (
            f"{row.decided_by}　{moment_label(row.decided_at)}"
            if row.decided_by and row.decided_at
            else "待核定"
        )
        facts = [
            Fact("小区", row.estate.name, url=row.estate.get_absolute_url()),
            Fact("街道（乡镇）", row.estate.street.name),
            Fact("执行月份", f"{clock.chinese_month(row.effective_month)}起"),
            Fact("户数", f"{row.households:,} 户", note=change),
            Fact("楼栋数", f"{row.buildings} 栋"),
            Fact("户数清册", row.evidence_name or "无", note=self._evidence_note()),
            Fact("录入", f"{row.entered_by}　{moment_label(row.entered_at)}"),
            Fact("核定", decided),
        ]
        if row.reason:
            facts.append(Fact("变动原因", row.reason, wide=True))
        if row.opinion and row.status != CountStatus.REJECTED:
            facts.append(Fact("核定意见", row.opinion, wide=True))
        return facts

    def _evidence_note(self) -> str:
        if self.object.batch and not selectors.evidence_of(self.object, self.user):
            return "全市台账，原表由房管中心保存"
        return ""


def _before(row: HouseholdCount, user: Any) -> HouseholdCount | None:
    """Return the verified count that was in force before the month of ``row``."""
    return (
        HouseholdCount.objects.visible_to(user)
        .verified()
        .filter(estate=row.estate_id, effective_month__lt=row.effective_month)
        .order_by("-effective_month")
        .first()
    )


def _change_words(row: HouseholdCount, before: HouseholdCount | None) -> str:
    if before is None:
        return "首次核定"
    change = row.households - before.households
    if not change:
        return f"原 {before.households:,} 户，不变"
    percent = abs(change) * 100 / before.households if before.households else 100
    word = "增加" if change > 0 else "减少"
    return f"原 {before.households:,} 户，{word} {abs(change):,} 户（{percent:.1f}%）"


class HouseholdCountCreate(FormPage):
    model, form_class, roles = Estate, HouseholdCountForm, COUNT_ENTERERS
    title, submit_label, list_url = "录入户数", "录入", LIST
    intro = "录入后由另一人核定；核定以前，补贴仍按原来的户数计算。"

    def get_title(self) -> str:
        return f"录入户数：{self.object}"

    def get_initial(self) -> dict[str, Any]:
        count = selectors.count_in_force(self.object)
        return {
            "effective_month": clock.add_months(clock.today(), 1),
            "households": count.households if count else self.object.household_count,
            "buildings": count.buildings if count else self.object.building_count,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "limit": settings.HOUSEHOLD_CHANGE_PERCENT}

    def perform(self, form: HouseholdCountForm) -> HouseholdCount:
        return services.household_count_enter(
            estate=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: HouseholdCount) -> str:
        return f"{result.households:,} 户已录入，等另一人核定后执行。"


class _Decide(ActionPage):
    model, roles = HouseholdCount, COUNT_VERIFIERS
    list_url = LIST

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate__street", "entered_by", "batch__owner")

    def get_success_url(self, result: Any) -> str:
        """Lead to the next count that waits, or back to the list."""
        following = selectors.counts_to_verify(self.user).order_by("entered_at").first()
        return following.get_absolute_url() if following else reverse(LIST)

    def refusal(self) -> str:
        row = self.object
        if row.status != CountStatus.ENTERED:
            return f"这条户数{row.get_status_display()}，不用再办。"
        if row.entered_by_id == self.user.pk:
            return f"{SAME_PERSON}。"
        if row.estate.status != EstateStatus.ACTIVE:
            return f"{row.estate} {row.estate.get_status_display()}，不能再核定。"
        return ""

    def facts(self) -> Sequence[Fact]:
        row = self.object
        before = _before(row, self.user)
        paper = (
            reverse("estates:count-evidence", args=[row.pk])
            if selectors.evidence_of(row, self.user)
            else ""
        )
        facts = [
            Fact("小区", row.estate.name, url=row.estate.get_absolute_url()),
            Fact(
                "户数、楼栋",
                f"{row.households:,} 户，{row.buildings} 栋",
                note=_change_words(row, before),
            ),
            Fact("执行月份", f"{clock.chinese_month(row.effective_month)}起"),
            Fact("户数清册", row.evidence_name or "无", url=paper),
            Fact("录入", f"{row.entered_by}　{moment_label(row.entered_at)}"),
        ]
        if row.reason:
            facts.append(Fact("变动原因", row.reason))
        return facts


class HouseholdCountVerify(_Decide):
    form_class = OpinionForm
    title, submit_label = "核定户数", "核定"

    def sentence(self) -> str:
        row = self.object
        return (
            f"{row.estate} 自{clock.chinese_month(row.effective_month)}起按 {row.households:,} 户"
            "执行，核定后不能再改。"
        )

    def perform(self, form: OpinionForm) -> HouseholdCount:
        return services.household_count_verify(
            count=self.object, actor=self.user, opinion=form.cleaned_data["opinion"]
        )

    def done_message(self, result: HouseholdCount) -> str:
        return f"{result.estate} 已核定 {result.households:,} 户。"


class HouseholdCountReject(_Decide):
    form_class = RefusalForm
    title, submit_label = "不予核定", "不予核定"

    def sentence(self) -> str:
        row = self.object
        return f"{row.estate} 的 {row.households:,} 户不予核定，录入人可以改好后再录。"

    def perform(self, form: RefusalForm) -> HouseholdCount:
        return services.household_count_reject(
            count=self.object, actor=self.user, opinion=form.cleaned_data["opinion"]
        )

    def done_message(self, result: HouseholdCount) -> str:
        return f"{result.estate} 的 {result.households:,} 户不予核定。"


class HouseholdCountWithdraw(ActionPage):
    model, roles = HouseholdCount, COUNT_ENTERERS
    title, submit_label, list_url = "撤回户数", "撤回", LIST

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("estate", "entered_by")

    def sentence(self) -> str:
        return f"撤回 {self.object.estate} 待核定的 {self.object.households:,} 户，改好后可以再录。"

    def refusal(self) -> str:
        if self.object.status != CountStatus.ENTERED:
            return f"这条户数{self.object.get_status_display()}，不能撤回。"
        if self.object.entered_by_id != self.user.pk:
            return "只有录入人可以撤回。"
        return ""

    def perform(self, form: None) -> Estate:
        return services.household_count_withdraw(count=self.object, actor=self.user)

    def get_success_url(self, result: Estate) -> str:
        return f"{result.get_absolute_url()}?tab=counts"

    def done_message(self, result: Estate) -> str:
        return "户数已撤回。"


class HouseholdCountVerifyMany(PortalView):
    """Verifies the chosen counts after a question that repeats their number and sum."""

    roles = COUNT_VERIFIERS
    list_url = LIST
    title = "核定所选的户数"
    template_name = "generic/confirm.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        given = request.POST.get("pks", "").split("-") or []
        chosen = [pk for pk in [*request.POST.getlist("pk"), *given] if pk.isdecimal()][:500]
        rows = selectors.counts_to_verify(self.user).filter(pk__in=chosen)
        if not rows.exists():
            messages.error(request, "请先勾选等你核定的户数；自己录入的由另一人核定。")
            return HttpResponseRedirect(reverse(LIST))
        if request.POST.get("confirmed"):
            return self.verify(rows)
        count = rows.count()
        total = rows.aggregate(n=Sum("households"))["n"] or 0
        left = len(set(chosen)) - count
        note = f"另有 {left} 条不等你核定，不在其中。" if left else ""
        return self.render(
            sentence=f"核定 {count} 条户数，共 {total:,} 户，核定后不能再改。{note}",
            submit_label=f"核定 {count} 条",
            hidden={"confirmed": "1", "pks": "-".join(str(row.pk) for row in rows)},
            cancel_url=f"{reverse(LIST)}?status=entered",
        )

    def verify(self, rows: QuerySet[HouseholdCount]) -> HttpResponseBase:
        try:
            done = services.household_counts_verify(
                counts=list(rows.select_related("estate")), actor=self.user
            )
            messages.success(self.request, f"{done} 条户数已核定。")
        except BusinessError as error:
            messages.error(self.request, f"{error.message}这次一条也没有核定。")
        forget(self.user)
        return HttpResponseRedirect(reverse(LIST))


class HouseholdCountEvidence(DownloadPage):
    model = HouseholdCount
    inline = True
    audit_tag = "户数"

    def get_rows(self) -> QuerySet:
        return super().get_rows().select_related("batch__owner", "estate")

    def get_download(self) -> Download | None:
        found = selectors.evidence_of(self.object, self.user)
        return Download(*found) if found else None

    def audit_summary(self, download: Download) -> str:
        return f"打开户数清册“{download.name}”"

    def audit_subjects(self) -> Sequence[Any]:
        return [self.object.estate]
