"""What may be done about providers, engagements and agreements. Each act has its actor."""

from .agreements import (
    VOID_STAYS,
    Target,
    agreement_change_problem,
    agreement_create,
    agreement_scan_add,
    agreement_update,
    agreement_void,
)
from .credit import credit_event_record
from .engagements import (
    engagement_create,
    engagement_end,
    engagement_file,
    engagement_update,
)
from .loading import LEDGER_TERMS, ContractEntry, engagements_load
from .providers import (
    NAMED_AFTER_THE_CITY,
    PROVIDER_FIELDS,
    community_centres_found,
    manager_add,
    manager_leave,
    provider_create,
    provider_update,
)

__all__ = [
    "LEDGER_TERMS",
    "NAMED_AFTER_THE_CITY",
    "PROVIDER_FIELDS",
    "VOID_STAYS",
    "ContractEntry",
    "Target",
    "agreement_change_problem",
    "agreement_create",
    "agreement_scan_add",
    "agreement_update",
    "agreement_void",
    "community_centres_found",
    "credit_event_record",
    "engagement_create",
    "engagement_end",
    "engagement_file",
    "engagement_update",
    "engagements_load",
    "manager_add",
    "manager_leave",
    "provider_create",
    "provider_update",
]
