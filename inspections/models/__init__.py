"""What was seen on site: checklists, rounds, inspections, photos, rectification."""

from .appeals import ExtensionRequest, Objection
from .arrivals import AnnouncedPhoto, ConflictPhoto, DraftConflict
from .checklists import Checklist, ChecklistHeading, ChecklistItem, ItemBasis
from .escalation import Circular, Handover, Interview
from .inspections import Inspection, ItemResult
from .photos import EvidencePhoto, PhotoFlag, PhotoRedaction
from .rectification import (
    Recheck,
    RecheckItem,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
    ReplyItem,
    ReplyLink,
)
from .rounds import InspectionRound, RoundDraw, RoundEstate
from .versions import InspectionVersion, ReturnNote

__all__ = [
    "AnnouncedPhoto",
    "Checklist",
    "ChecklistHeading",
    "ChecklistItem",
    "Circular",
    "ConflictPhoto",
    "DraftConflict",
    "EvidencePhoto",
    "ExtensionRequest",
    "Handover",
    "Inspection",
    "InspectionRound",
    "InspectionVersion",
    "Interview",
    "ItemBasis",
    "ItemResult",
    "Objection",
    "PhotoFlag",
    "PhotoRedaction",
    "Recheck",
    "RecheckItem",
    "RectificationItem",
    "RectificationOrder",
    "RectificationReply",
    "ReplyItem",
    "ReplyLink",
    "ReturnNote",
    "RoundDraw",
    "RoundEstate",
]
