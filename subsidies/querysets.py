"""Filters over rates, claims, lines, acts and payments."""

import datetime as dt
from decimal import Decimal
from typing import Any, Self

from django.db.models import Count, Max, Q, Sum

from xingyang_pm.common.money import fen
from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import SETTLED, STAGES, AccountStatus, ClaimStatus


class SubsidyRateQuerySet(ScopedQuerySet):
    def in_force(self, month: dt.date) -> Self:
        """Return the rate in force in ``month`` (at most one row), latest start first."""
        return self.filter(effective_from__lte=month).order_by("-effective_from")[:1]


class SubsidyClaimQuerySet(ScopedQuerySet):
    def settled(self) -> Self:
        return self.filter(status__in=SETTLED)

    def unsettled(self) -> Self:
        return self.exclude(status__in=SETTLED)

    def waiting(self) -> Self:
        return self.exclude(status=ClaimStatus.PAID)

    def of_month(self, month: dt.date) -> Self:
        return self.filter(month=month)

    def waiting_for(self, user: Any) -> Self:
        """Return the visible claims whose next act is one of this user's roles' and who has not
        yet acted in them at another stage."""
        acts = self.model._meta.get_field("acts").related_model._base_manager.filter(actor=user.pk)
        turns = Q(pk__in=())
        for rule in STAGES:
            if rule.role in user.role_codes:
                elsewhere = acts.exclude(stage=rule.stage).values("claim")
                turns |= Q(status=rule.source) & ~Q(pk__in=elsewhere)
        return self.visible_to(user).filter(turns)

    def with_last_act(self) -> Self:
        """Annotate ``last_act_at``: when the claim came to where it is; null in a fresh draft."""
        return self.annotate(last_act_at=Max("acts__acted_at"))

    def with_gap_count(self) -> Self:
        """Annotate ``gap_count``: old estates that could not be computed."""
        return self.annotate(gap_count=Count("gaps", distinct=True))


class ClaimActQuerySet(ScopedQuerySet):
    def of_version(self, version: int) -> Self:
        return self.filter(version=version)


class SubsidyLineQuerySet(ScopedQuerySet):
    def included(self) -> Self:
        return self.filter(is_excluded=False)

    def settled(self) -> Self:
        return self.filter(claim__status__in=SETTLED)

    def adjusted(self) -> Self:
        """Lines with a deduction, and those left out."""
        return self.filter(Q(deduction__gt=0) | Q(is_excluded=True))

    def total(self) -> Decimal:
        """Return the sum of the lines that count, to the fen: SQLite sums in binary."""
        return fen(self.included().aggregate(total=Sum("amount"))["total"] or 0)


class PayeeAccountQuerySet(ScopedQuerySet):
    def confirmed(self) -> Self:
        return self.filter(status=AccountStatus.CONFIRMED)

    def waiting(self) -> Self:
        return self.filter(status=AccountStatus.ENTERED)

    def begun(self, day: dt.date) -> Self:
        """Return the confirmed accounts in use by ``day``; the last of a payee is in force."""
        return self.confirmed().filter(effective_from__lte=day).order_by("effective_from", "pk")


class PaymentQuerySet(ScopedQuerySet):
    def total(self) -> Decimal:
        return fen(self.aggregate(total=Sum("amount"))["total"] or 0)
