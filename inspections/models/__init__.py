"""What was seen on site: checklists, rounds, inspections, photos, rectification."""

from .arrivals import AnnouncedPhoto, ConflictPhoto, DraftConflict
from .checklists import Checklist, ChecklistHeading, ChecklistItem, ItemBasis
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
    "AnnouncedPhoto",
    "Checklist",
    "ChecklistHeading",
    "ChecklistItem",
    "ConflictPhoto",
    "DraftConflict",
    "EvidencePhoto",
    "Inspection",
    "InspectionRound",
    "ItemBasis",
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
