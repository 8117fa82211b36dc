"""Rectification: ordered, served, answered, rechecked by another person, closed or once more."""

from .base import NOTICE_PDF, RECHECK_PDF, Finding, ItemProblems, Upload, open_items
from .issuing import (
    enqueue_notice,
    issuable_results,
    legal_basis_of,
    rectification_order_issue,
    rectification_serve,
)
from .rechecks import (
    enqueue_recheck,
    recheckers_for,
    rectification_recheck,
    rectification_recheck_arrange,
)
from .replies import rectification_reply

__all__ = [
    "NOTICE_PDF",
    "RECHECK_PDF",
    "Finding",
    "ItemProblems",
    "Upload",
    "enqueue_notice",
    "enqueue_recheck",
    "issuable_results",
    "legal_basis_of",
    "open_items",
    "recheckers_for",
    "rectification_order_issue",
    "rectification_recheck",
    "rectification_recheck_arrange",
    "rectification_reply",
    "rectification_serve",
]
