"""What was seen on site: checklists, rounds, inspections, photos, rectification."""

from .checklists import Checklist, ChecklistItem
from .inspections import Inspection, ItemResult
from .photos import EvidencePhoto, PhotoFlag
from .rectification import (
    Recheck,
    RecheckItem,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
    ReplyItem,
)
from .rounds import InspectionRound, RoundDraw, RoundEstate

__all__ = [
    "Checklist",
    "ChecklistItem",
    "EvidencePhoto",
    "Inspection",
    "InspectionRound",
    "ItemResult",
    "PhotoFlag",
    "Recheck",
    "RecheckItem",
    "RectificationItem",
    "RectificationOrder",
    "RectificationReply",
    "ReplyItem",
    "RoundDraw",
    "RoundEstate",
]
