"""Filters over the registry. The scope path of each model is registered in ``apps.py``."""

import datetime as dt
from typing import Self

from django.db.models import (
    Case,
    F,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    Subquery,
    Sum,
    When,
)

from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import CountStatus, EstateKind, EstateStatus


class EstateQuerySet(ScopedQuerySet):
    def active(self) -> Self:
        return self.filter(status=EstateStatus.ACTIVE)

    def of_kind(self, *kinds: str) -> Self:
        return self.filter(kind__in=kinds)

    def old(self) -> Self:
        return self.filter(kind=EstateKind.OLD)

    def search_q(self, text: str) -> Q:
        """Return the condition that finds ``text`` in name, alias, address, code or initials."""
        condition = (
            Q(name__contains=text)
            | Q(names__name__contains=text)
            | Q(address__contains=text)
            | Q(code__istartswith=text)
            # The number that an estate merged into this one had.
            | Q(merged__code__iexact=text)
        )
        if text.isascii() and text.isalnum() and not text.isdigit():
            condition |= Q(initials__startswith=text.lower())
        if text.isdigit() and len(text) > 1:
            condition |= Q(code__endswith=text)
        return condition

    def search(self, text: str) -> Self:
        return self.filter(pk__in=self.model.objects.filter(self.search_q(text)).values("pk"))

    def assigned_to(self, officer_id: int, day: dt.date) -> Self:
        """Return estates for which the officer answers on ``day``."""
        return self.filter(
            Q(assignments__end_date__isnull=True) | Q(assignments__end_date__gte=day),
            assignments__officer=officer_id,
            assignments__start_date__lte=day,
        )

    def totals(self) -> dict[str, int]:
        """Return ``buildings`` and ``households`` (registry figures) summed over the rows."""
        sums = self.aggregate(buildings=Sum("building_count"), households=Sum("household_count"))
        return {name: value or 0 for name, value in sums.items()}


class HouseholdCountQuerySet(ScopedQuerySet):
    def verified(self) -> Self:
        return self.filter(status=CountStatus.VERIFIED)

    def waiting(self) -> Self:
        return self.filter(status=CountStatus.ENTERED)

    def with_turn(self, user_id: int, *, may_verify: bool) -> Self:
        """Annotate ``turn`` (0 waits for this user, 1 waits for another, 2 decided) and
        ``before``, the households in force before the count's month."""
        before = (
            self.model.objects.filter(
                estate=OuterRef("estate"),
                status=CountStatus.VERIFIED,
                effective_month__lt=OuterRef("effective_month"),
            )
            .order_by("-effective_month", "-pk")
            .values("households")[:1]
        )
        waiting = Q(status=CountStatus.ENTERED)
        mine = [When(waiting & ~Q(entered_by=user_id), then=0)] if may_verify else []
        return self.annotate(
            turn=Case(
                *mine, When(waiting, then=1), default=2, output_field=PositiveSmallIntegerField()
            ),
            before=Subquery(before),
        )

    def in_force(self, month: dt.date) -> Self:
        """Return for each estate the verified count with the latest effective month ≤ ``month``."""
        latest = (
            self.model.objects.filter(
                estate=OuterRef("estate"),
                status=CountStatus.VERIFIED,
                effective_month__lte=month,
            )
            .order_by("-effective_month", "-pk")
            .values("pk")[:1]
        )
        return self.filter(pk=Subquery(latest))


class StaffAssignmentQuerySet(ScopedQuerySet):
    def on(self, day: dt.date) -> Self:
        """Return assignments in force on ``day``."""
        return self.filter(Q(end_date__isnull=True) | Q(end_date__gte=day), start_date__lte=day)


class SurveyDifferenceQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(decision="pending").order_by(F("entry__row").asc())
