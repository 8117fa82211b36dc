"""Filters over checklists, rounds, inspections and rectification orders."""

import datetime as dt
from typing import Any, Self

from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Subquery,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber
from django.db.models.lookups import IsNull

from xingyang_pm.common import clock
from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import (
    COUNTED,
    EDITABLE,
    ORDER_ANSWERABLE,
    ORDER_OPEN,
    ORDER_RUNNING,
    ChecklistStatus,
    Grade,
    InspectionStatus,
    OrderKind,
    OrderStatus,
    Outcome,
    RecheckResult,
    RoundStatus,
)


class ChecklistQuerySet(ScopedQuerySet):
    def in_use(self) -> Self:
        return self.filter(status=ChecklistStatus.IN_USE)

    def in_force(self, day: dt.date) -> Self:
        """Return versions that were, or are, in use on ``day``."""
        return self.exclude(status=ChecklistStatus.DRAFT).filter(
            Q(retired_on__isnull=True) | Q(retired_on__gt=day), effective_from__lte=day
        )

    def with_counts(self) -> Self:
        """Annotate ``item_count`` and ``inspection_count``."""
        return self.annotate(
            item_count=Count("items", distinct=True),
            inspection_count=Count("inspections", distinct=True),
        )


class InspectionRoundQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(status=RoundStatus.OPEN)

    def with_progress(self, user: Any) -> Self:
        """Annotate ``covered`` and ``inspected``: estates that ``user`` sees, and of these
        those with a counted inspection. Subqueries, so that neither multiplies the other."""
        coverage = self.model._meta.get_field("coverage").related_model
        inspection = self.model._meta.get_field("inspections").related_model
        seen = coverage.objects.visible_to(user).filter(round=OuterRef("pk"))
        done = inspection.objects.visible_to(user).counted().filter(round=OuterRef("pk"))
        return self.annotate(
            covered=_count_of(seen, "round"),
            inspected=_count_of(done, "round"),
        )


def _count_of(rows: Any, key: str) -> Any:
    counted = rows.order_by().values(key).annotate(total=Count("pk")).values("total")
    return Coalesce(Subquery(counted), 0)


class RoundEstateQuerySet(ScopedQuerySet):
    def of_open_rounds(self) -> Self:
        return self.filter(round__status=RoundStatus.OPEN)

    def with_inspected(self) -> Self:
        """Annotate ``inspected``: whether the round has a counted inspection of the estate."""
        return self.annotate(inspected=Exists(self._counted()))

    def uninspected(self) -> Self:
        return self.filter(~Exists(self._counted()))

    def _counted(self) -> Any:
        rounds = self.model._meta.get_field("round").related_model
        inspection = rounds._meta.get_field("inspections").related_model
        return inspection.objects.counted().filter(
            round=OuterRef("round"), estate=OuterRef("estate")
        )

    def for_inspector(self, user: Any) -> Self:
        """Return estates that ``user`` is to inspect: named for this person, or for nobody
        and in this person's own street."""
        mine = Q(inspector=user)
        if not user.sees_city:
            mine |= Q(inspector__isnull=True, estate__street__office=user.office_id)
        return self.filter(mine)


_LOWER_MARKS = {
    Grade.EXCELLENT: "checklist__excellent_score",
    Grade.GOOD: "checklist__good_score",
    Grade.PASS: "checklist__pass_score",
}
_UPPER_MARKS = {
    Grade.GOOD: _LOWER_MARKS[Grade.EXCELLENT],
    Grade.PASS: _LOWER_MARKS[Grade.GOOD],
    Grade.FAIL: _LOWER_MARKS[Grade.PASS],
}


def _grade_q(grade: Grade) -> Q:
    condition = Q(score__isnull=False)
    if grade in _LOWER_MARKS:
        condition &= Q(score__gte=F(_LOWER_MARKS[grade]))
    if grade in _UPPER_MARKS:
        condition &= Q(score__lt=F(_UPPER_MARKS[grade]))
    return condition


class InspectionQuerySet(ScopedQuerySet):
    def counted(self) -> Self:
        """Return inspections that stand: submitted or confirmed."""
        return self.filter(status__in=COUNTED)

    def editable(self) -> Self:
        return self.filter(status__in=EDITABLE)

    def reported(self) -> Self:
        """Return all but drafts: those that were sent at least once."""
        return self.exclude(status=InspectionStatus.DRAFT)

    def waiting(self) -> Self:
        return self.filter(status=InspectionStatus.SUBMITTED)

    def doubtful(self) -> Self:
        """Return inspections one of whose photos still waits for a verdict."""
        return self.filter(Exists(self._flags().filter(verdict="")))

    def with_doubts(self) -> Self:
        """Annotate ``doubts``: how many flags of its own photos wait for a verdict."""
        return self.annotate(
            doubts=_count_of(self._flags().filter(verdict=""), "photo__result__inspection")
        )

    def _flags(self) -> Any:
        results = self.model._meta.get_field("results").related_model
        photos = results._meta.get_field("photos").related_model
        flags = photos._meta.get_field("flags").related_model
        return flags.objects.filter(
            photo__result__inspection=OuterRef("pk"), photo__reply_item__isnull=True
        )

    def graded(self, *grades: str) -> Self:
        """Return inspections whose score has one of ``grades`` by the marks of their own
        checklist, which are those it was graded by: a checklist in use never changes."""
        found = Q()
        for grade in grades:
            found |= _grade_q(Grade(grade))
        return self.filter(found)

    def average_score(self) -> float | None:
        return self.aggregate(average=Avg("score"))["average"]

    def latest_per_estate(self) -> Self:
        """Return of each estate the newest of these inspections."""
        return self.annotate(
            newest=Window(RowNumber(), partition_by=F("estate"), order_by=["-inspected_on", "-pk"])
        ).filter(newest=1)

    def latest_per_estate_and_kind(self) -> Self:
        """Return of each estate the newest inspection that looked at the public disclosure and
        the newest that did not."""
        kind = IsNull(F("missing_disclosures"), True)
        return self.annotate(
            newest=Window(
                RowNumber(),
                partition_by=[F("estate"), kind],
                order_by=["-inspected_on", "-pk"],
            )
        ).filter(newest=1)

    def about_disclosure(self) -> Self:
        """Return inspections that looked at the public disclosure."""
        return self.filter(missing_disclosures__isnull=False)


class RectificationOrderQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(status__in=ORDER_OPEN)

    def running(self) -> Self:
        """Return orders whose deadline runs; one that was handed over is the other organ's."""
        return self.filter(status__in=ORDER_RUNNING)

    def overdue(self, day: dt.date) -> Self:
        """Return running orders whose deadline day has ended (24:00 in Shanghai)."""
        return self.running().filter(deadline__lt=day)

    def due_within(self, day: dt.date, days: int) -> Self:
        return self.running().filter(deadline__range=(day, day + dt.timedelta(days=days)))

    def standing(self) -> Self:
        """Return all but those that an upheld objection took back."""
        return self.exclude(status=OrderStatus.WITHDRAWN)

    def issued_between(self, first: dt.date, last: dt.date) -> Self:
        """Return orders issued from ``first`` to ``last``, both whole days in Shanghai."""
        after = clock.at(last + dt.timedelta(days=1), 0, 0)
        return self.filter(issued_at__gte=clock.at(first, 0, 0), issued_at__lt=after)

    def waiting_for_reply(self) -> Self:
        return self.filter(status__in=ORDER_ANSWERABLE)

    def waiting_for_service(self) -> Self:
        """Return formal notices whose delivery is not recorded yet."""
        return self.filter(kind=OrderKind.FORMAL, status=OrderStatus.ISSUED, served_on__isnull=True)

    def delivered(self) -> Self:
        """Return what reached its addressee: a tracked one does so when it is issued."""
        return self.filter(Q(kind=OrderKind.TRACKED) | Q(served_on__isnull=False))

    def waiting_for_recheck(self) -> Self:
        return self.filter(status=OrderStatus.REPLIED)

    def doubtful(self) -> Self:
        """Return answered orders with a photo of a repair that still waits for a verdict."""
        replies = self.model._meta.get_field("replies").related_model
        waiting = replies.objects.filter(
            order=OuterRef("pk"), rechecks__isnull=True, items__photos__flags__verdict=""
        )
        return self.waiting_for_recheck().filter(Exists(waiting))


class ItemResultQuerySet(ScopedQuerySet):
    """Results; a failed one is a problem, and a line of the 整改台账 once somebody acts on it."""

    def problems(self) -> Self:
        """Return failed items of inspections that count."""
        return self.filter(outcome=Outcome.FAIL, inspection__status__in=COUNTED)

    def in_ledger(self) -> Self:
        """Return problems that were mended on the spot or ordered to be mended, and join
        ``standing``: the item of the order that stands, none where it was withdrawn. ``due`` is
        the last day: of what was mended on the spot, the day itself."""
        ordered = self._ordered().filter(result=OuterRef("pk"))
        standing = FilteredRelation("rectifications", condition=Q(rectifications__withdrawn=False))
        due = Case(
            When(fixed_on_site=True, then=F("inspection__inspected_on")),
            default=F("standing__order__deadline"),
        )
        return (
            self.problems()
            .filter(Q(fixed_on_site=True) | Exists(ordered))
            .annotate(standing=standing)
            .annotate(due=due)
        )

    def closed_q(self) -> Q:
        """Return the condition that a problem is done with: mended on the spot, or found done by
        a recheck of the order that stands."""
        looked = self._ordered().model._meta.get_field("rechecks").related_model
        passed = looked._default_manager.filter(
            item__result=OuterRef("pk"), item__withdrawn=False, result=RecheckResult.PASS
        )
        return Q(fixed_on_site=True) | Q(Exists(passed))

    def closing_counts(self) -> dict[str, Count]:
        """Return aggregates: all problems, those mended on the spot, all that are done with."""
        return {
            "total": Count("pk"),
            "on_site": Count("pk", filter=Q(fixed_on_site=True)),
            "closed": Count("pk", filter=self.closed_q()),
        }

    def closed(self) -> Self:
        return self.filter(self.closed_q())

    def unclosed(self) -> Self:
        return self.exclude(self.closed_q())

    def withdrawn(self) -> Self:
        """Of :meth:`in_ledger`, return those whose order an upheld objection took back."""
        return self.filter(fixed_on_site=False, standing__isnull=True)

    def under(self, orders: Any) -> Self:
        """Of :meth:`in_ledger`, return those not done with whose order is one of ``orders``."""
        return self.unclosed().filter(standing__order__in=orders.order_by().values("pk"))

    def for_ledger(self) -> Self:
        """Join and prefetch what one line of the 整改台账 reads."""
        return self.select_related(
            "item",
            "inspection__estate__street",
            "inspection__provider",
            "inspection__inspector",
        ).prefetch_related(
            "photos__estate",
            "rectifications__order",
            "rectifications__replies__reply",
            "rectifications__rechecks__recheck__checked_by",
            "rectifications__order__extensions",
            "rectifications__order__interviews",
            "rectifications__order__circulars",
            "rectifications__order__handovers",
        )

    def _ordered(self) -> Any:
        return self.model._meta.get_field("rectifications").related_model._default_manager


class InterviewQuerySet(ScopedQuerySet):
    def without_minutes(self) -> Self:
        """Return interviews about orders that still stand open, of which nothing is recorded."""
        return self.filter(recorded_at__isnull=True, order__status__in=ORDER_OPEN)

    def scheduled_until(self, day: dt.date) -> Self:
        return self.filter(scheduled_at__lt=clock.at(day + dt.timedelta(days=1), 0, 0))


class HandoverQuerySet(ScopedQuerySet):
    def unanswered(self) -> Self:
        """Return hand-overs to which the organ has not answered; that the order was mended since
        does not excuse it, that it was withdrawn does."""
        return self.filter(feedback_at__isnull=True).exclude(order__status=OrderStatus.WITHDRAWN)

    def handed_until(self, day: dt.date) -> Self:
        return self.filter(handed_on__lte=day)


class PhotoFlagQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(verdict="")

    def with_origin(self) -> Self:
        """Join the visit or the reply that the photo came with, and annotate ``settled``: whether
        a recheck of that reply has found done what the photo shows."""
        looked = "photo__reply_item__item__rechecks"
        passed = self.model._default_manager.filter(
            pk=OuterRef("pk"),
            **{
                f"{looked}__recheck__reply": F("photo__reply_item__reply"),
                f"{looked}__result": RecheckResult.PASS,
            },
        )
        return self.select_related(
            "photo__estate",
            "photo__result__item",
            "photo__result__inspection__estate",
            "photo__reply_item__reply__order__recheck_by",
        ).annotate(settled=Exists(passed))

    def of_reply(self, reply: Any) -> Self:
        """Return the flags of the photos that ``reply`` brought."""
        return self.filter(photo__reply_item__reply=reply)

    def of_inspection(self, inspection: Any) -> Self:
        """Return the flags of what was photographed on the visit, not of repairs."""
        return self.filter(photo__result__inspection=inspection, photo__reply_item__isnull=True)


class PhotoRedactionQuerySet(ScopedQuerySet):
    def latest_per_photo(self) -> Self:
        """Return of each photo the newest redaction, which is the one that counts."""
        newest = (
            self.model._default_manager.filter(photo=OuterRef("photo")).order_by("-pk").values("pk")
        )
        return self.filter(pk=Subquery(newest[:1]))

    def publishable(self) -> Self:
        """Return the newest redactions of photos about which no doubt is open or upheld."""
        flags = self.model._meta.get_field("photo").related_model._meta.get_field("flags")
        doubts = flags.related_model._default_manager.filter(photo=OuterRef("photo"))
        return self.latest_per_photo().filter(~Exists(doubts.exclude(verdict="fine")))
