"""Filters over offices, users and their sessions."""

from typing import Self

from django.db.models import BooleanField, ExpressionWrapper, Q

from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import BUSINESS_READERS


class UserQuerySet(ScopedQuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def with_role(self, *roles: str) -> Self:
        """Return users who hold any of ``roles``."""
        return self.filter(roles__role__in=roles).distinct()

    def readers(self) -> Self:
        """Return users who see the business at all."""
        return self.with_role(*BUSINESS_READERS)


class UserSessionQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def mark_present(self, session_key: str) -> Self:
        """Say on each row, as ``is_present``, whether it is the session of ``session_key``."""
        here = Q(session_key=session_key)
        return self.annotate(is_present=ExpressionWrapper(here, output_field=BooleanField()))
