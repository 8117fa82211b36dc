"""Every change to accounts, by subject: one verb, one transaction, one audit entry."""

from .offices import OfficesSynced, bureau_ensure, offices_sync

__all__ = ["OfficesSynced", "bureau_ensure", "offices_sync"]
