"""Rectification: ordered, served, answered, rechecked by another person, closed or once more."""

from .appeals import (
    extension_decide,
    extension_request,
    objection_decide,
    objection_file,
)
from .base import (
    NOTICE_PDF,
    RECHECK_PDF,
    Caller,
    Finding,
    ItemProblems,
    Upload,
    Verdict,
    open_items,
)
from .escalation import (
    CIRCULAR_PDF,
    HANDOVER_PDF,
    INTERVIEW_PDF,
    MINUTES_PDF,
    circular_issue,
    enqueue_escalation,
    escalation_problem,
    handover_feedback,
    handover_make,
    interview_call,
    interview_record,
)
from .issuing import (
    enqueue_notice,
    issuable_results,
    legal_basis_of,
    proposed_kind,
    rectification_order_issue,
    rectification_serve,
)
from .links import (
    reply_link_opened,
    reply_link_renew,
    reply_link_revoke,
)
from .rechecks import (
    enqueue_recheck,
    recheckers_for,
    rectification_recheck,
    rectification_recheck_arrange,
)
from .replies import (
    rectification_reply,
)

__all__ = [
    "CIRCULAR_PDF",
    "HANDOVER_PDF",
    "INTERVIEW_PDF",
    "MINUTES_PDF",
    "NOTICE_PDF",
    "RECHECK_PDF",
    "Caller",
    "Finding",
    "ItemProblems",
    "Upload",
    "Verdict",
    "circular_issue",
    "enqueue_escalation",
    "enqueue_notice",
    "enqueue_recheck",
    "escalation_problem",
    "extension_decide",
    "extension_request",
    "handover_feedback",
    "handover_make",
    "interview_call",
    "interview_record",
    "issuable_results",
    "legal_basis_of",
    "objection_decide",
    "objection_file",
    "open_items",
    "proposed_kind",
    "recheckers_for",
    "rectification_order_issue",
    "rectification_recheck",
    "rectification_recheck_arrange",
    "rectification_reply",
    "rectification_serve",
    "reply_link_opened",
    "reply_link_renew",
    "reply_link_revoke",
]
