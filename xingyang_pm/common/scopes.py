"""Who sees the rows that no domain owns."""

from .models import (
    AuditEntry,
    AuditSubject,
    ImportBatch,
    Job,
    NumberSeries,
    PeriodicRun,
    Reminder,
    SavedView,
)
from .scoping import BureauScope, CityScope, OwnerScope, RoleScope, register_scope

# Role codes stand here as text: accounts lie above this package.
AUDIT_READERS = ("auditor",)


def register_all() -> None:
    register_scope(AuditEntry, RoleScope(*AUDIT_READERS))
    register_scope(AuditSubject, RoleScope(*AUDIT_READERS))
    register_scope(Job, OwnerScope("owner"))
    register_scope(ImportBatch, OwnerScope("owner"))
    register_scope(SavedView, OwnerScope("owner"))
    register_scope(Reminder, OwnerScope("recipient"))
    register_scope(PeriodicRun, CityScope())
    register_scope(NumberSeries, BureauScope())
