"""Filters over bulletins and outreach."""

from typing import Self

from xingyang_pm.common.scoping import ScopedQuerySet

from .choices import BulletinStatus


class BulletinQuerySet(ScopedQuerySet):
    def issued(self) -> Self:
        return self.filter(status=BulletinStatus.ISSUED)

    def of_year(self, year: int) -> Self:
        return self.filter(year=year)
