"""Answers of the registry, and the seams at which upper apps add theirs."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.desk import WaitingItem
from xingyang_pm.common.search import SearchHit
from xingyang_pm.common.tables import Pill

from .choices import COUNT_VERIFIERS, Decision, EstateKind, SurveyStatus
from .models import (
    Estate,
    EstateName,
    HouseholdCount,
    StaffAssignment,
    Street,
    Survey,
    SurveyDifference,
)

# --- Seams ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EstateFact:
    """A column of the estate list that another app knows.

    ``load(estate_ids, user)`` returns the values of one page in one query (facts with the same
    ``load`` share them); ``show`` turns a value into what a column of ``kind`` (and ``places``)
    shows and exports, ``pill`` into a pill, ``tone`` into a css class;
    ``missing`` stands where there is no value. ``hidden``: off until chosen by 选列. ``order``:
    服务主体 10, 分包干部 20, 最近得分 30, 四公开 31, 整改 32.
    """

    name: str
    label: str
    load: Callable[[Sequence[int], Any], dict[int, Any]]
    show: Callable[[Any], Any] = str
    pill: Callable[[Any], Pill | None] | None = None
    tone: Callable[[Any], str] | None = None
    link: Callable[[Any], str] | None = None
    missing: str = ""
    kind: str = "text"
    places: int | None = None
    css: str = ""
    order: int = 100
    hidden: bool = False


@dataclass(frozen=True)
class EstatePanel:
    """What another app shows on the record of an estate.

    ``tab`` is empty for the overview, else the key of a tab with ``label`` and
    ``count(estate, user)``. ``make(estate, user)`` returns panels in order, ``side`` those of the
    right column; ``pills``, ``facts``, ``notices`` and ``actions`` (of
    ``common.views.generic``) add to the overview's head. ``kinds``: only on estates of these
    kinds, all if empty.
    """

    tab: str = ""
    label: str = ""
    make: Callable[[Estate, Any], Sequence[Any]] | None = None
    count: Callable[[Estate, Any], int] | None = None
    facts: Callable[[Estate, Any], Sequence[Any]] | None = None
    notices: Callable[[Estate, Any], Sequence[Any]] | None = None
    pills: Callable[[Estate, Any], Sequence[Pill]] | None = None
    side: Callable[[Estate, Any], Sequence[Any]] | None = None
    actions: Callable[[Estate, Any], Sequence[Any]] | None = None
    kinds: Sequence[str] = ()
    order: int = 100


@dataclass(frozen=True)
class EstateView:
    """A ready-made view of the estate list: a chip with its query string and its count.

    ``count(rows, user)`` counts among ``rows``, the active estates that ``user`` sees.
    """

    label: str
    querystring: str
    count: Callable[[QuerySet, Any], int] | None = None
    roles: Sequence[str] | None = None
    order: int = 100


# ``section(estate, user)`` returns a section of the record card (see print/estate_card.html)
# without its number, or None.
CardSection = Callable[[Estate, Any], dict[str, Any] | None]

_facts: dict[str, EstateFact] = {}
_panels: list[EstatePanel] = []
_views: list[EstateView] = []
_card_sections: list[tuple[int, CardSection]] = []
# (name, maker of the filter, whether it stands in the bar)
_filters: list[tuple[str, Callable[[], Any], bool]] = []


def register_estate_fact(fact: EstateFact) -> None:
    """Add a column to the estate list; the same name again replaces it."""
    _facts[fact.name] = fact


def estate_facts() -> list[EstateFact]:
    return sorted(_facts.values(), key=lambda fact: fact.order)


def register_estate_panel(panel: EstatePanel) -> None:
    _panels.append(panel)


def estate_panels(estate: Estate | None = None) -> list[EstatePanel]:
    """Return what other apps show, of ``estate``'s kind if given, in order."""
    return sorted(
        (p for p in _panels if estate is None or not p.kinds or estate.kind in p.kinds),
        key=lambda panel: panel.order,
    )


def register_estate_filter(name: str, make: Callable[[], Any], *, primary: bool = False) -> None:
    """Add a filter of an upper app to the estate list; ``make`` builds it anew."""
    _filters.append((name, make, primary))


def estate_filters() -> list[tuple[str, Callable[[], Any], bool]]:
    return list(_filters)


def register_estate_view(view: EstateView) -> None:
    """Add a ready-made view (公示不全, 合同 60 天内到期) above the estate list."""
    _views.append(view)


def estate_views() -> list[EstateView]:
    return sorted(_views, key=lambda view: view.order)


def register_card_section(section: CardSection, *, order: int = 100) -> None:
    """Add a section to the printed record card: 物业服务 10, 近期检查和整改 50."""
    _card_sections.append((order, section))


def card_sections() -> list[tuple[int, CardSection]]:
    return sorted(_card_sections, key=lambda entry: entry[0])


# --- Who and how many -----------------------------------------------------------------------------


def current_officers(
    estate_ids: Sequence[int], user: Any, day: dt.date | None = None
) -> dict[int, str]:
    """Return who answers for each of the estates on ``day`` (today)."""
    return dict(
        StaffAssignment.objects.visible_to(user)
        .on(day or clock.today())
        .filter(estate__in=estate_ids)
        .values_list("estate_id", "officer__name")
    )


def current_assignment(estate: Estate, user: Any) -> StaffAssignment | None:
    """Return the assignment of ``estate`` that is in force today."""
    rows = StaffAssignment.objects.visible_to(user).on(clock.today())
    return rows.filter(estate=estate).select_related("officer").first()


def count_in_force(estate: Estate, month: dt.date | None = None) -> HouseholdCount | None:
    """Return the verified count of an estate that holds in ``month`` (this one)."""
    return (
        HouseholdCount.objects.verified()
        .filter(
            estate=estate,
            effective_month__lte=month or clock.month_start(clock.today()),
        )
        .order_by("-effective_month", "-pk")
        .first()
    )


@dataclass(frozen=True)
class HouseholdState:
    """An estate's households: the count in force, the next verified one, one that waits."""

    in_force: HouseholdCount | None
    upcoming: HouseholdCount | None
    waiting: HouseholdCount | None


def household_state(estate: Estate) -> HouseholdState:
    """Return the counts of ``estate`` that matter today, in one query."""
    month = clock.month_start(clock.today())
    in_force = upcoming = waiting = None
    rows = HouseholdCount.objects.filter(estate=estate).exclude(status="rejected")
    for row in rows.select_related("entered_by").order_by("effective_month", "pk"):
        if row.status == "entered":
            waiting = row
        elif row.effective_month <= month:
            in_force = row
        elif upcoming is None:
            upcoming = row
    return HouseholdState(in_force, upcoming, waiting)


def counts_to_verify(user: Any) -> QuerySet[HouseholdCount]:
    """Return the counts that ``user`` may verify now: entered by somebody else."""
    rows = HouseholdCount.objects.visible_to(user)
    if not holds(user, COUNT_VERIFIERS):
        return rows.none()
    return rows.waiting().exclude(entered_by=user)


def counts_to_verify_number(user: Any) -> int:
    return counts_to_verify(user).count()


def evidence_of(count: HouseholdCount, user: Any) -> tuple[str, Any] | None:
    """Return name and file of a count's evidence, or None.

    A ledger that the bureau has imported holds other streets' rows too, so a street's people get
    only a ledger of their own office.
    """
    if count.evidence:
        return count.evidence_name, count.evidence
    batch = count.batch
    if batch is None or not (user.sees_city or batch.owner.office_id == user.office_id):
        return None
    return batch.source_name, batch.source


# --- Search, desk ---------------------------------------------------------------------------------


def estates_found(user: Any, text: str, limit: int) -> list[SearchHit]:
    """Estates for the search box: name, former names, address, code or initials."""
    rows = list(
        Estate.objects.visible_to(user)
        .active()
        .search(text)
        .select_related("street", "community")
        .order_by("code")[:limit]
    )
    by_other_name = dict(
        EstateName.objects.visible_to(user)
        .filter(estate__in=[row.pk for row in rows if text not in row.name], name__contains=text)
        .values_list("estate_id", "name")
    )
    return [
        SearchHit(
            "小区",
            row.name,
            row.get_absolute_url(),
            f"{row.code}　{row.street}{row.community or ''}"
            + (f"　曾用名 {by_other_name[row.pk]}" if row.pk in by_other_name else ""),
            "building-community",
        )
        for row in rows
    ]


# So many counts stand on the desk one by one; more are one line that leads to their list.
_LISTED = 6


def registry_waiting(user: Any) -> list[WaitingItem]:
    """Counts to verify, and survey differences to decide on."""
    return [*_waiting_counts(user), *_waiting_surveys(user)]


def _waiting_counts(user: Any) -> list[WaitingItem]:
    rows = counts_to_verify(user).select_related("estate__street", "entered_by")
    found = list(rows.order_by("entered_at")[: _LISTED + 1])
    if len(found) > _LISTED:
        total = rows.count()
        first = found[0]
        return [
            WaitingItem(
                tag="户数",
                title=f"{total} 条户数待核定",
                detail=f"最早 {first.entered_by} {clock.chinese_date(_day(first.entered_at))}录入",
                url=f"{reverse('estates:count-list')}?status=entered",
                action="核定",
            )
        ]
    return [
        WaitingItem(
            tag="户数",
            title=f"{row.estate} 户数 {row.households} 户，待核定",
            detail=f"{row.estate.street}　{row.entered_by} 录入，"
            f"{clock.chinese_month(row.effective_month)}起",
            url=row.get_absolute_url(),
            action="核定",
        )
        for row in found
    ]


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(clock.SHANGHAI).date()


def _waiting_surveys(user: Any) -> list[WaitingItem]:
    if not user.has_role("bureau_manager"):
        return []
    pending = SurveyDifference.objects.visible_to(user).filter(decision=Decision.PENDING)
    surveys = Survey.objects.visible_to(user).filter(
        status=SurveyStatus.OPEN, pk__in=pending.values("entry__survey")
    )
    return [
        WaitingItem(
            tag="调查",
            title=f"{survey}，{pending.filter(entry__survey=survey).count()} 处不同待处理",
            detail=f"{clock.chinese_date(survey.surveyed_on)}调查",
            url=survey.get_absolute_url(),
            action="处理",
        )
        for survey in surveys[:10]
    ]


def street_choices(user: Any) -> list[tuple[int, str]]:
    """Return the streets that ``user`` sees, as ``(pk, name)`` in the order of the codes."""
    return list(Street.objects.visible_to(user).order_by("code").values_list("pk", "name"))


# --- Surveys --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SurveySummary:
    """How far a survey is: entries, those without an estate, differences and what is open."""

    entries: int
    unknown: int
    differences: int
    pending: int


def survey_summary(survey: Survey) -> SurveySummary:
    differences = SurveyDifference.objects.filter(entry__survey=survey)
    return SurveySummary(
        survey.entries.count(),
        survey.entries.filter(estate__isnull=True).count(),
        differences.count(),
        differences.filter(decision=Decision.PENDING).count(),
    )


def unsurveyed_number(survey: Survey) -> int:
    """Return how many old estates of the survey's street stand in the registry and not in it."""
    known = survey.entries.filter(estate__isnull=False).values("estate")
    rows = Estate.objects.active().of_kind(EstateKind.OLD).filter(street=survey.street_id)
    return rows.exclude(pk__in=known).count()
