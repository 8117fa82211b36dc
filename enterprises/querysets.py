"""Filters over providers and engagements."""

import datetime as dt
from typing import Self

from django.db.models import Count, Q, Sum

from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import FILING_DAYS, ProviderKind


class ProviderQuerySet(ScopedQuerySet):
    def enterprises(self) -> Self:
        return self.filter(kind=ProviderKind.ENTERPRISE)

    def with_serving(self, day: dt.date) -> Self:
        """Annotate ``serving`` (estates) and ``households`` served on ``day``."""
        in_force = Q(engagements__start_date__lte=day) & (
            Q(engagements__end_date__isnull=True) | Q(engagements__end_date__gte=day)
        )
        return self.annotate(
            serving=Count("engagements", filter=in_force),
            households=Sum("engagements__estate__household_count", filter=in_force, default=0),
        )

    def search(self, text: str) -> Self:
        """Return providers whose name, short name, credit code or initials hold ``text``."""
        condition = (
            Q(name__contains=text)
            | Q(short_name__contains=text)
            | Q(credit_code__istartswith=text)
            | Q(code__istartswith=text)
        )
        if text.isascii() and text.isalpha():
            condition |= Q(initials__startswith=text.lower())
        return self.filter(condition)


class EngagementQuerySet(ScopedQuerySet):
    def on(self, day: dt.date) -> Self:
        """Return engagements in force on ``day``."""
        return self.filter(Q(end_date__isnull=True) | Q(end_date__gte=day), start_date__lte=day)

    def within(self, first: dt.date, last: dt.date) -> Self:
        """Return engagements in force on any day from ``first`` to ``last``."""
        return self.filter(Q(end_date__isnull=True) | Q(end_date__gte=first), start_date__lte=last)

    def unfiled(self) -> Self:
        return self.filter(signed_on__isnull=False, filed_on__isnull=True)

    def unsigned(self) -> Self:
        """Return what has no contract yet, as whoever registered it on the page said."""
        return self.filter(signed_on__isnull=True, batch__isnull=True)

    def incomplete(self) -> Self:
        """Return what came in by a ledger and still lacks what a ledger does not say."""
        return self.filter(signed_on__isnull=True, batch__isnull=False)

    def filing_late(self, day: dt.date) -> Self:
        return self.unfiled().filter(signed_on__lt=day - dt.timedelta(days=FILING_DAYS))

    def ending_within(self, day: dt.date, days: int) -> Self:
        return self.filter(end_date__range=(day, day + dt.timedelta(days=days)))


class AgreementQuerySet(ScopedQuerySet):
    def of_year(self, year: int) -> Self:
        return self.filter(year=year)

    def valid(self) -> Self:
        """Return what has not been voided, signed or not."""
        return self.filter(voided_at__isnull=True)

    def void(self) -> Self:
        return self.filter(voided_at__isnull=False)

    def signed(self) -> Self:
        """Return what is signed and stands."""
        return self.valid().filter(signed_on__isnull=False)

    def unsigned(self) -> Self:
        """Return what still waits for a signature."""
        return self.valid().filter(signed_on__isnull=True)

    def awaiting_correction(self) -> Self:
        """Return what was voided and has no other in its place."""
        return self.void().filter(replaced_by__isnull=True)

    def with_target_count(self) -> Self:
        return self.annotate(target_count=Count("targets"))
