"""Filters over rates, claims, lines, acts and payments."""

import datetime as dt
from decimal import Decimal
from typing import Any, Self

from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    F,
    FloatField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, NullIf

from xingyang_pm.common import clock
from xingyang_pm.common.money import fen
from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import (
    SETTLED,
    SOURCE_OF,
    UNDER_WAY_PLACES,
    AccountStatus,
    ClaimStatus,
    Decision,
    ObjectionOutcome,
    PaymentOutcome,
)


class FromMonthQuerySet(ScopedQuerySet):
    """Of what a document lays down from a month on: rates, procedures, coefficients."""

    def in_force(self, month: dt.date) -> Self:
        """Return what is in force in ``month`` (at most one row): the latest start, and of two
        with the same the one registered later."""
        return self.filter(effective_from__lte=month).order_by("-effective_from", "-pk")[:1]


class SubsidyClaimQuerySet(ScopedQuerySet):
    def settled(self) -> Self:
        return self.filter(status__in=SETTLED)

    def unsettled(self) -> Self:
        return self.exclude(status__in=SETTLED)

    def standing(self) -> Self:
        """Return the claims that were not declared void."""
        return self.exclude(status=ClaimStatus.VOID)

    def waiting(self) -> Self:
        return self.exclude(status__in=(ClaimStatus.PAID, ClaimStatus.VOID))

    def of_month(self, month: dt.date) -> Self:
        return self.filter(month=month)

    def on_notice(self, moment: dt.datetime) -> Self:
        """Return the claims that may not be approved yet: the notice of their version has not
        run out at ``moment``, or an objection to it is open or upheld."""
        notices = self._related("notices").filter(claim=OuterRef("pk"), version=OuterRef("version"))
        over = notices.filter(closes_at__lte=moment)
        objected = notices.filter(
            objections__outcome__in=(ObjectionOutcome.OPEN, ObjectionOutcome.UPHELD)
        )
        return self.filter(
            ~Exists(over) & Q(scheme__notice_days__gt=0) | Exists(objected),
            status=ClaimStatus.CHECKED,
        )

    def _related(self, name: str) -> Any:
        return self.model._meta.get_field(name).related_model._base_manager.all()

    def waiting_for(self, user: Any) -> Self:
        """Return the visible claims whose next act is one of this user's roles', who has not yet
        acted in them, and which are not on public notice."""
        acts = self._related("acts").filter(claim=OuterRef("pk"), actor=user.pk)
        roles = list(user.role_codes)
        turns = Q(pk__in=())
        for stage, source in SOURCE_OF.items():
            own = self._stages().filter(scheme=OuterRef("scheme"), stage=stage, role__in=roles)
            again = acts.filter(stage=stage, version=OuterRef("version"), decision=Decision.PASS)
            turns |= Q(
                Exists(own), ~Exists(acts.exclude(stage=stage)), ~Exists(again), status=source
            )
        visible = self.visible_to(user)
        return visible.filter(turns).exclude(
            pk__in=visible.on_notice(clock.now()).order_by().values("pk")
        )

    def _stages(self) -> Any:
        scheme = self.model._meta.get_field("scheme").related_model
        return scheme._meta.get_field("stages").related_model._base_manager.all()

    def with_last_act(self) -> Self:
        """Annotate ``last_act_at``: when the claim came to where it is; null in a fresh draft."""
        return self.annotate(last_act_at=Max("acts__acted_at"))

    def with_gap_count(self) -> Self:
        """Annotate ``gap_count``: old estates that could not be computed."""
        return self.annotate(gap_count=Count("gaps", distinct=True))


class NoticeQuerySet(ScopedQuerySet):
    def with_objections(self) -> Self:
        """Annotate ``objected``, and ``against``: objections that keep the claim from approval,
        being open or upheld."""
        open_or_upheld = (ObjectionOutcome.OPEN, ObjectionOutcome.UPHELD)
        return self.annotate(
            objected=Count("objections"),
            against=Count("objections", filter=Q(objections__outcome__in=open_or_upheld)),
        )


_YUAN = DecimalField(max_digits=16, decimal_places=2)
_NOTHING = Value(Decimal(0), output_field=_YUAN)
# What a record adds to the arrears of its estate.
ADDED = F("amount_billed") - F("amount_received") + Coalesce(F("opening_arrears"), _NOTHING)


class FeeStandardQuerySet(ScopedQuerySet):
    def in_force(self, month: dt.date) -> Self:
        """Return what began by ``month``, the latest first: the first row of an estate holds for
        it, the first without an estate for all others."""
        return self.filter(effective_from__lte=month).order_by("-effective_from")


class FeeCollectionQuerySet(ScopedQuerySet):
    def current(self) -> Self:
        """Return the records that no correction has replaced."""
        return self.filter(replaced_by__isnull=True)

    def of_month(self, month: dt.date) -> Self:
        return self.filter(month=month)

    def with_arrears(self) -> Self:
        """Annotate ``arrears``: yuan owed to the estate's service at the end of the month, from
        the chain of its records that stand."""
        chain = (
            self.model._base_manager.filter(
                estate=OuterRef("estate"), month__lte=OuterRef("month"), replaced_by__isnull=True
            )
            .order_by()
            .values("estate")
            .annotate(owed=Sum(ADDED, output_field=_YUAN))
            .values("owed")
        )
        return self.annotate(arrears=Coalesce(Subquery(chain, output_field=_YUAN), _NOTHING))

    def with_rate(self) -> Self:
        """Annotate ``rate``: what came in of what was billed for the month, in percent. Binary,
        for order and filters; what is shown is computed in decimal."""
        part = Cast(F("amount_received") - F("amount_recovered"), FloatField())
        whole = NullIf(Cast("amount_billed", FloatField()), Value(0.0))
        return self.annotate(rate=part * Value(100.0) / whole)


class ClaimActQuerySet(ScopedQuerySet):
    def of_version(self, version: int) -> Self:
        return self.filter(version=version)

    def agreed(self, stage: str) -> Self:
        return self.filter(stage=stage, decision=Decision.PASS)


class SubsidyLineQuerySet(ScopedQuerySet):
    def included(self) -> Self:
        return self.filter(is_excluded=False)

    def standing(self) -> Self:
        """Return the lines of claims that were not declared void."""
        return self.filter(is_void=False)

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

    def standing(self) -> Self:
        """Return the payments that have not come back."""
        results = self.model._meta.get_field("results").related_model._base_manager
        back = results.filter(outcome=PaymentOutcome.FAILED).values("payment")
        return self.exclude(pk__in=back)

    def with_transit(self) -> Self:
        """Annotate where the money is (``place``) and the days on which it moved.

        ``succeeded_on`` and ``failed_on`` are the bank's words, ``arrived_on`` is the street's day,
        ``received`` what the payee has confirmed (yuan) and ``received_on`` the last day of it,
        ``last_reason`` why it has not arrived; each null where there is none.
        """
        results, receipts, arrivals, reasons = (
            self.model._meta.get_field(name).related_model._base_manager.filter(
                payment=OuterRef("pk")
            )
            for name in ("results", "receipts", "arrival", "reasons")
        )
        again = self.model._base_manager.filter(
            claim=OuterRef("claim"), payee=OuterRef("payee"), attempt__gt=OuterRef("attempt")
        )
        got = receipts.order_by().values("payment")
        rows = self.annotate(
            succeeded_on=Subquery(
                results.filter(outcome=PaymentOutcome.SUCCESS).values("happened_on")[:1]
            ),
            failed_on=Subquery(
                results.filter(outcome=PaymentOutcome.FAILED).values("happened_on")[:1]
            ),
            arrived_on=Subquery(arrivals.values("arrived_on")[:1]),
            received=Coalesce(
                Subquery(got.annotate(sum=Sum("amount")).values("sum")),
                Decimal(0),
                output_field=DecimalField(max_digits=14, decimal_places=2),
            ),
            received_on=Subquery(got.annotate(last=Max("received_on")).values("last")),
            last_reason=Subquery(reasons.order_by("-recorded_at", "-pk").values("reason")[:1]),
            is_replaced=Exists(again),
        )
        # SQLite sums in binary: a tenth of a fen is nothing.
        whole = Q(received__gt=F("amount") - Value(Decimal("0.001")))
        return rows.annotate(
            place=Case(
                When(failed_on__isnull=False, is_replaced=True, then=Value("replaced")),
                When(failed_on__isnull=False, then=Value("returned")),
                When(whole, then=Value("arrived")),
                When(arrived_on__isnull=False, then=Value("street")),
                default=Value("treasury"),
                output_field=CharField(),
            )
        )

    def under_way(self) -> Self:
        """Of :meth:`with_transit`: what has not come to its payee."""
        return self.filter(place__in=[str(place) for place in UNDER_WAY_PLACES])

    def overdue(self, day: dt.date, days: int) -> Self:
        """Of :meth:`with_transit`: what has been under way for more than ``days`` on ``day``."""
        return self.under_way().filter(paid_on__lt=day - dt.timedelta(days=days))


class FundingSourceQuerySet(ScopedQuerySet):
    def default_in(self, month: dt.date) -> Self:
        """Return the source that pays claims of ``month`` which name none (at most one row)."""
        return self.filter(default_from__lte=month).order_by("-default_from")[:1]


class BudgetEntryQuerySet(ScopedQuerySet):
    def total(self) -> Decimal:
        return fen(self.aggregate(total=Sum("amount"))["total"] or 0)
